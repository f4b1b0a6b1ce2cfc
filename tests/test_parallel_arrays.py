"""Whole arrays and stencils in functions that are compiled with `parallel=True`: Numba shares them among the threads.

`f.py_func` is the same function in plain NumPy.
"""

import numpy as np
import pytest
from numba import njit, prange, stencil

import dualad

RNG = np.random.default_rng(17)
X, W, V = RNG.uniform(0.2, 1.0, 7), RNG.uniform(0.2, 1.0, 7), RNG.uniform(0.2, 1.0, 4)


pytestmark = pytest.mark.usefixtures("two_threads")


@njit(parallel=True)
def beside_a_loop(x):
    n = len(x)
    distances = np.zeros(n)
    for i in prange(n):
        for j in range(n):
            distances[i] += abs(x[i] - x[j])
    return np.sum(distances) / (2 * n * np.sum(x))


@njit(parallel=True)
def in_place(x, w):
    y = np.exp(x) * w + 2.0
    y += x
    y[1:] *= 0.5
    y[:2] = y[:2] * w[-1]
    return y


@njit(parallel=True)
def reductions(x, w):
    z = np.dot(np.where(x > w, x, w), w)
    return z - np.max(x * w) + x[np.argmin(x)] + np.std(x) * np.prod(x)


@njit(parallel=True)
def pairs(x, v):
    d = x[None, :] - v[:, None]
    e = np.sqrt(d * d + 0.1)
    return np.sum(e * e.sum(axis=0))


@njit(parallel=True)
def in_a_loop_of_numbers(x, c):
    total, k = 0.0, 1
    while k < 4:
        scale = c / k + 0.5 if k != 2 else -c
        total += np.sum(x * scale) * scale
        k += 1
    return total


@stencil
def curvature(a, c):
    return c * (a[-1, 0] + a[1, 0] + a[0, 1] + a[0, -1] - 4.0 * a[0, 0]) * a[0, 0]


def bent(m, c):
    return np.sum(curvature(m, c) ** 2)


bent_on_threads = njit(parallel=True)(bent)


@njit
def on_one_thread(x):
    return np.sum(x * x)


@njit(parallel=True)
def calls_another(x):
    return on_one_thread(x) * x[0]


PROGRAMS = [
    (beside_a_loop, (X,)),
    (in_place, (X, W)),
    (reductions, (X, W)),
    (pairs, (X, V)),
    (in_a_loop_of_numbers, (X, 0.3)),
    (bent_on_threads, (RNG.uniform(0.2, 1.0, (5, 6)), 0.3)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))
def test_derivatives(f, args):
    plain = f if f is bent_on_threads else f.py_func  # the stencil needs Numba
    before = [np.copy(a) for a in args]
    value, pullback = dualad.vjp(f, *args)
    np.testing.assert_allclose(value, plain(*args), rtol=1e-13)
    assert all(map(np.array_equal, before, args))
    weight = np.ones_like(value) if np.ndim(value) else 1.0
    bars = pullback(weight)
    bars = bars if isinstance(bars, tuple) else (bars,)
    dots = [np.cos(1.0 + np.arange(np.size(a))).reshape(np.shape(a)) if np.ndim(a) else 0.7 for a in args]
    h = 1e-6
    up, down = (plain(*[a + s * d for a, d in zip(args, dots, strict=True)]) for s in (h, -h))
    slope = np.sum(up - down) / (2.0 * h)
    np.testing.assert_allclose(sum(np.sum(b * d) for b, d in zip(bars, dots, strict=True)), slope, rtol=1e-7)
    if f in (in_a_loop_of_numbers, bent_on_threads):
        np.testing.assert_allclose(np.sum(dualad.jvp(f, args, tuple(dots))[1]), slope, rtol=1e-7)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_fewer_elements_than_threads(size):
    np.testing.assert_allclose(dualad.grad(total)(X[:size]), 2.0 * X[:size] + 1.0)


@njit(parallel=True)
def total(x):
    return np.sum(x * x + x)


def test_the_parts_run_on_threads():
    text = dualad.derivative_source(total, X, mode="reverse")
    assert "sum_part_on_threads" in text and "for i in range" not in text
    assert "on_threads" not in dualad.derivative_source(total.py_func, X, mode="reverse")
    text = dualad.derivative_source(calls_another, X, mode="reverse")  # what Numba runs on one thread, too
    assert "on_threads" not in text


def test_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match="different lengths along the first axis"):
        dualad.grad(lengths)(X, X[:3])


@njit(parallel=True)
def lengths(x, y):
    return np.sum(x * y)


@njit(parallel=True)
def of_complex_numbers(x):
    z = np.exp(x * 1j)
    return np.sum(z * z).real


@njit(parallel=True)
def beside_a_comprehension(x):
    y = np.array([x[k] for k in range(x.size)])
    return np.sum(y)


REFUSED = [
    (of_complex_numbers, "of whole arrays of this kind under parallel=True"),
    (beside_a_comprehension, "a list comprehension under parallel=True"),
]


@pytest.mark.parametrize(("f", "what"), REFUSED, ids=lambda x: getattr(x, "__name__", ""))
def test_refusals(f, what):
    with pytest.raises(dualad.UnsupportedError) as found:
        dualad.grad(f)(X)
    first = f.py_func.__code__.co_firstlineno
    assert what in str(found.value) and "write it as a loop over prange" in str(found.value)
    assert any(f"test_parallel_arrays.py, line {first + k})" in str(found.value) for k in range(4))
