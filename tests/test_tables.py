"""Dicts whose keys are known only at run time, typed or not, with what carries derivatives in them."""

import numpy as np
import pytest
from numba import njit, types
from numba.typed import Dict

import dualad
from dualad.testing import check_grads

X = np.array([0.7, 0.3, 1.2, 0.9, 0.2])


def sums(x):
    d = Dict()
    for i in range(x.size):
        k = i % 3
        if k in d:
            d[k] += x[i] * x[i]
        else:
            d[k] = x[i]
    total = 0.0
    for k in d:
        total += d[k] * (k + 1.0)
    for k, v in d.items():
        total += v * v * k
    for v in d.values():
        total *= 1.0 + 0.1 * v
    d[1] = d[2] * 2.0
    return total + d.get(7, x[0]) + d.get(1, 0.0) * len(d)


def changed(x):
    d, e = Dict(), Dict()
    for i in range(x.size):
        d[i % 4] = x[i] * x[i]
        e[i + 3] = x[i]
    taken = d.pop(1) * d.pop(9, x[0])
    del d[2]
    d.update(e)
    d.update({8: x[3]})
    total = taken + d.setdefault(3, x[0]) + d.setdefault(1, x[1])
    for k, v in d.items():
        total += v * v * k
    return total * len(d) + (x[0] if 2 in d else x[1])


def changed_with_keys_known(x):
    d = {"a": x[0], "b": x[1]}
    taken = d.pop("a") * d.pop("c", x[2])
    d.setdefault("a", x[3])
    d.setdefault("b", x[4])
    d["e"] = x[2]
    del d["e"]
    for v in d.values():
        taken += v * v
    return taken * len(d)


def other_names(x):
    d = Dict.empty(types.int64, types.float64)
    e = d
    for i in range(x.size):
        e[i * i] = x[i] * x[i]
    return d[4] * d[1] + (x[0] if 3 in d else 2.0 * x[0])


def arrays(x):
    d = Dict()
    d[2] = x
    d[3] = x * 2.0
    a = d[2]
    for i in range(3):
        d[2 + i % 2] = d[3 - i % 2] * 1.5
    a[0] = 3.0
    return d[2].sum() * a[1] * d[3][0] + a.sum()


def of_python(x):
    d = {}
    for i in range(x.size):
        d[(i, i + 1)] = x[i] ** 2
    g = {0: x[0], 5: x[1]}
    for i in range(3):
        g[i + 4] = g[5] * x[i]
    rows = {}
    for i in range(x.size):
        if i % 2 not in rows:
            rows[i % 2] = [0.0]
        rows[i % 2].append(x[i])
    total = 0.0
    for k in range(2):
        for v in rows[k]:
            total += v * v * (k + 1)
    known = {0: x[0], 1: x[1] * 2.0, 3: x[2]}
    for k in range(2):
        total += known[k]
    return total + d[(1, 2)] * d[(0, 1)] + g[6] * g[0]


def memory_of_what_came(x):
    seen = Dict()
    y = x[0]
    for i in range(7):  # what the test says in the forward sweep counts
        if i % 3 in seen:
            y = y * x[1]
        else:
            seen[i % 3] = 1.0
            y = y + x[2] * y
    return y


@pytest.mark.parametrize(
    "f", [sums, other_names, arrays, memory_of_what_came, changed, changed_with_keys_known], ids=lambda f: f.__name__
)
def test_typed_dicts(f):
    assert dualad.value_and_grad(f)(X)[0] == pytest.approx(njit(f)(X.copy()), rel=1e-12)
    check_grads(njit(f), (X,))


def test_dicts_of_python():
    assert dualad.value_and_grad(of_python)(X)[0] == pytest.approx(of_python(X), rel=1e-12)
    check_grads(of_python, (X,))


def test_a_key_that_is_not_there():
    def f(x, k):
        d = {}
        for i in range(3):
            d[i] = x * i
        return d[k]

    assert dualad.grad(f)(2.0, 2) == 2.0
    for transform in (dualad.grad, dualad.jacfwd):
        with pytest.raises(KeyError):
            transform(f)(2.0, 5)


@njit
def of_an_argument(p, k, x):
    total = 0.0
    for i in p:
        total += p[i] * p[i]
    p[0] = x * p[3]
    return p[k] * x * total + p[0]


def test_a_typed_dict_as_an_argument():
    table = Dict.empty(types.int64, types.float64)
    table[0], table[3] = 1.5, 2.0
    value, (bar, x_bar) = dualad.value_and_grad(of_an_argument, (0, 2))(table, 3, 2.0)
    assert (value, bar, x_bar) == (29.0, {0: 12.0, 3: 30.5}, 14.5) and table[0] == 1.5
    assert dualad.jvp(of_an_argument, (table, 3, 2.0), ({0: 1.0, 3: 1.0}, None, 0.0))[1] == 42.5


def passed_on(x):
    d = {}
    for i in range(3):
        d[i] = x * i
    return np.sum(d) * x  # refused


def popped(x):
    d = Dict()
    for i in range(3):
        d[i] = x * i
    return d.popitem()[1]  # refused


@pytest.mark.parametrize(("f", "words"), [(passed_on, "known only at run time"), (popped, "dict.popitem")])
def test_what_is_refused(f, words):
    for transform in (dualad.grad, dualad.jacfwd):
        with pytest.raises(dualad.UnsupportedError, match=words):
            transform(f)(2.0)
