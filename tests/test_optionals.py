"""Values that are None on some paths, or until some trip of a loop; members of enums, functions in tuples, sets."""

import enum
import math
from collections import namedtuple

import numpy as np
import pytest
from numba import njit

import dualad
from dualad.testing import check_grads


class Kind(enum.Enum):
    A = 1
    B = 2


Model = namedtuple("Model", "rate name act none")


@njit
def of_a_branch(x, k):
    y = None
    if k > 1:
        y = x * x
    if y is None:
        return x
    return y * 2.0


@njit
def best_of_a_loop(x, k):
    best = None
    for i in range(k):
        v = math.sin(x * i)
        if best is None or v > best:
            best = v
    return best * x if best is not None else x


@njit
def set_once(x, k):
    first = None
    for i in range(k):
        if first is None:
            first = x * (i + 2)
    return first * x if first is not None else x


@njit
def found_by(x, k):
    if k == 0:
        return None
    return x * x


@njit
def of_a_helper(x, k):
    y = found_by(x, k)
    z = found_by(y if y is not None else 2.0 * x, 1)
    if y is not None and y > 1.0:
        z = z * y
    return z


@njit
def returned_where_it_is_there(x, k):
    y = x * x if k > 1 else None
    if y is None:
        return x
    y = y + x
    return y


@njit
def chosen(x, k):
    y = x * x if k > 1 else None
    z = x if y is None else y
    return z * z if y is not None else z


@njit
def of_arrays(x, k):
    a = None
    for i in range(k):
        if a is None:
            a = np.zeros(3)
        a[i % 3] += x * i
        b = a
    if a is not None:
        b[0] = x
        return a.sum() * a[0]
    return x


@pytest.mark.parametrize(
    "f",
    [of_a_branch, best_of_a_loop, set_once, of_a_helper, returned_where_it_is_there, chosen, of_arrays],
    ids=lambda f: f.__name__,
)
def test_what_may_be_none(f):
    for k in (0, 1, 4):
        assert dualad.value_and_grad(f)(1.3, k)[0] == pytest.approx(f(1.3, k), rel=1e-12)
        assert dualad.jvp(f, (1.3, k), (1.0, None))[1] == pytest.approx(dualad.grad(f)(1.3, k))
    check_grads(f, (1.3, 4), (0,))


def test_none_where_a_value_is_needed():
    def f(x, k):
        y = None
        if k > 1:
            y = x
        return y * x

    assert dualad.grad(f)(1.3, 2) == 2.6
    for transform in (dualad.grad, dualad.jacfwd):
        with pytest.raises(TypeError, match="None where a value is needed"):
            transform(f)(1.3, 0)
        with pytest.raises(dualad.UnsupportedError, match="may be None"):
            transform(lambda x, k: x if k else None)(1.3, 1)


def test_members_of_enums():
    @njit
    def f(x, kind):
        if kind is Kind.A:
            return x * x
        return x * kind.value if kind is not Kind.A else x

    assert (dualad.grad(f)(3.0, Kind.A), dualad.grad(f)(3.0, Kind.B)) == (6.0, 2.0)


def test_a_named_tuple_of_anything():
    def f(model, x):
        return model.rate * model.act(x) if model.name == "sine" and model.none is None else x

    found = dualad.grad(f, (0, 1))(Model(2.0, "sine", math.sin, None), 0.5)
    assert found[0].rate == pytest.approx(math.sin(0.5)) and found[1] == pytest.approx(2.0 * math.cos(0.5))


def test_sets_that_decide():
    @njit
    def f(x):
        seen = set()
        y = x
        for i in range(5):
            if i % 3 not in seen:
                seen.add(i % 3)
                y = y * x
            else:
                y = y + x * x
        return y * len(seen)

    check_grads(f, (1.3,))
