"""Typed lists with what carries derivatives in them, as arguments and made inside; methods that all lists have."""

import numpy as np
import pytest
from numba import float64, njit, typed
from numba.typed import List

import dualad
from dualad.testing import check_grads

X = np.array([0.7, 0.3, 1.2, 0.9])


def grown(x):
    items = List()
    for v in x:
        if v > 0.5:
            items.append(v * v)
    items.insert(1, x[0])
    items.insert(-1, 2.0 * x[1])
    items.extend(x)
    first = items.pop(0)
    del items[1]
    items[0] += x[1] * first
    items.reverse()
    part = items[1:3]
    part[0] = x[2] * 3.0
    total = first
    for k in range(len(items)):
        total += items[k] * (k + 1.0)
    for v in part:
        total *= 1.0 + 0.1 * v
    items.sort()
    return total + items[0] * items[-1] + max(items) * sum(items) + sum(sorted(part))


def other_names(x):
    items = typed.List.empty_list(float64)
    items.append(1.0)
    items.append(x[0])
    alias = items
    alias[0] = x[0] * x[1]
    other = List(items)
    other[1] = 5.0
    if 5.0 in other and x[0] in items:
        other.append(items[0])
    n = other.index(5.0) + items.count(x[0])
    items.remove(x[0])
    other.clear()
    other.append(x[1])
    return items[0] * n + other[0] * len(items)


def of_arrays(x):
    items = List()
    a = np.zeros(2)
    items.append(a)
    items.append(x)
    items[0][0] = x[1] * x[1]
    a[1] = 3.0 * x[2]
    rows = List()
    rows.append(List([x[0], x[1]]))
    rows.append(List(x))
    rows[1].append(x[3] ** 2)
    return a[0] * items[0][1] + items[1].sum() * rows[1][4] + rows[0][1]


def descending(x):
    items = [v for v in x]
    items.sort(reverse=True)
    ranks = sorted(x, reverse=True)
    return items[0] ** 2 + 3.0 * items[1] + ranks[2] * ranks[3]


@pytest.mark.parametrize("f", [grown, other_names, of_arrays], ids=lambda f: f.__name__)
def test_made_inside(f):
    assert dualad.value_and_grad(f)(X)[0] == pytest.approx(njit(f)(X), rel=1e-12)
    check_grads(f, (X,))


def test_lists_of_python_have_the_same_methods():
    assert dualad.value_and_grad(descending)(X)[0] == pytest.approx(descending(X))
    check_grads(descending, (X,))


@njit
def of_an_argument(items, x):
    total = 0.0
    for v in items:
        total += v * v * x
    for k in range(len(items)):
        total += items[k] * k
    own = List(items)
    own.append(x)
    items[0] = x * items[1]
    part = items[1:]
    part[0] = 100.0
    if x in items:
        total *= 2.0
    return total * items[0] + sum(items) * own[-1] + max(items) + part[1] * len(part) + own[0]


def test_numbers_in_an_argument():
    items = List(X)
    value, (bar, x_bar) = dualad.value_and_grad(of_an_argument, (0, 1))(items, 2.0)
    assert value == pytest.approx(of_an_argument(List(X), 2.0)) and isinstance(bar, List) and items[0] == X[0]
    h = 1e-6
    for k in range(X.size):
        ends = [of_an_argument(List(X + s * h * np.eye(X.size)[k]), 2.0) for s in (1, -1)]
        assert bar[k] == pytest.approx((ends[0] - ends[1]) / (2.0 * h), rel=1e-6)
    y_dot = dualad.jvp(of_an_argument, (items, 2.0), (List(np.ones(4)), 0.5))[1]
    assert y_dot == pytest.approx(sum(bar) + 0.5 * x_bar)
    vector, unravel = dualad.ravel(items)
    assert vector.tolist() == X.tolist() and list(unravel(2.0 * vector)) == list(2.0 * X)
    long = List(np.arange(500.0))  # of any length
    assert dualad.grad(lambda items: sum(items))(long)[499] == 1.0


def test_arrays_in_an_argument():
    def f(items, x):
        total = 0.0
        for a in items:
            total += a.sum() * a[0]
        items[0][0] = x
        return total + items[0][0] * items[1][1]

    items = List([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])])
    bar, x_bar = dualad.grad(f, (0, 1))(items, 2.0)
    assert [a.tolist() for a in bar] == [[4.0, 1.0], [15.0, 5.0, 3.0]] and x_bar == 4.0
    assert items[0][0] == 1.0


def test_the_callers_list_keeps_its_length():
    def f(items, x):
        items.append(x)  # refused
        return items[0] * x

    with pytest.raises(dualad.UnsupportedError, match="copy it first, typed.List"):
        dualad.grad(f)(List(X), 2.0)
    assert dualad.grad(lambda items, x: f(List(items), x))(List(X), 2.0)[0] == 2.0
