"""Loops over `prange` whose variable stands for a row and a column."""

import numpy as np
import pytest
from numba import njit, prange

import dualad

pytestmark = pytest.mark.usefixtures("two_threads")

X, Y = np.linspace(1.03, 2.1, 3), np.linspace(0.1, 1.1, 5)


@njit(parallel=True)
def of_lengths(x, y):
    out = np.zeros((x.size, y.size))
    for j in prange(out.size):
        r, c = j // y.size, j % y.size
        out[r, c] = x[r] * np.sin(y[c] * x[r])
    return out


@njit(parallel=True)
def with_lengths_of_its_own(x, m):
    out = np.ones((x.size, m, 2))
    for j in prange(x.size * m):
        r, c = divmod(j, m)
        if r > c:
            out[r, c, 1] += x[r] * x[c]
            continue
        out[r, c, 0] *= x[r]
        while out[r, c, 0] < 3.0:
            out[r, c, 0] += x[c]
    square = out.copy()
    for j in prange(out.shape[0] * out.shape[1]):
        r = j // out.shape[1]
        c = j % out.shape[1]
        if c < len(square) - 1 and r < square.shape[0]:
            square[r, c] = out[r, c] ** 2
    return square


@njit(parallel=True)
def into(x, m):
    out = np.zeros((2, 4))
    for j in prange(8):
        out[j // m, j % m] = x * j
    return out


def test_reverse():
    out, pullback = dualad.vjp(of_lengths, X, Y)
    products = X[:, None] * Y
    np.testing.assert_allclose(out, X[:, None] * np.sin(products), rtol=1e-13)
    out_bar = np.cos(np.arange(15.0)).reshape(3, 5)
    x_bar, y_bar = pullback(out_bar)
    np.testing.assert_allclose(x_bar, np.sum(out_bar * (np.sin(products) + products * np.cos(products)), 1), rtol=1e-12)
    np.testing.assert_allclose(y_bar, X**2 @ (out_bar * np.cos(products)), rtol=1e-12)


def test_forward():
    x_dot, h = np.array([0.3, -1.0, 0.7]), 1e-6
    f = with_lengths_of_its_own.py_func
    value, dot = dualad.jvp(with_lengths_of_its_own, (X, 3), (x_dot, None))
    np.testing.assert_allclose(value, f(X, 3), rtol=1e-13)
    np.testing.assert_allclose(dot, (f(X + h * x_dot, 3) - f(X - h * x_dot, 3)) / (2.0 * h), atol=1e-7)


def test_the_divisor_is_the_number_of_columns():
    np.testing.assert_allclose(dualad.jacfwd(into)(2.0, 4), np.arange(8.0).reshape(2, 4))
    with pytest.raises(ValueError, match=r"divides by m, which is not out.shape\[1\]"):
        dualad.jacfwd(into)(2.0, 3)


@njit(parallel=True)
def by_other_remainders(x, m):
    out = np.zeros((x.size, m))
    for j in prange(x.size * m):
        out[j // m, j % 2] = x[0]
    return out


@njit(parallel=True)
def reads_its_neighbours(x, m):
    out = np.zeros((x.size, m))
    for j in prange(x.size * m):
        r, c = j // m, j % m
        out[r, c] = x[r] + out[r, c - 1]
    return out


@njit(parallel=True)
def columns_first(x, m):
    out = np.zeros((m, x.size)).T
    for j in prange(x.size * m):
        out[j // m, j % m] = x[0]
    return out


@njit(parallel=True)
def another_row(x, m):
    out = np.zeros((x.size, m))
    for j in prange(x.size * m):
        r, c = j // m, j % m
        if c > 1:
            r = 0
        out[r, c] = x[0]
    return out


@pytest.mark.parametrize("f", [by_other_remainders, reads_its_neighbours, columns_first, another_row])
def test_other_places_are_refused(f):
    with pytest.raises(dualad.UnsupportedError, match="the array out, which a loop over prange writes into and uses"):
        dualad.grad(lambda x: np.sum(f(x, 3)))(X)
