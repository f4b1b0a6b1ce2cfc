"""Loops over `prange` in functions that are compiled with `parallel=True`, and what is refused of them.

Without Numba, the same functions are ordinary Python (`f.py_func`), in which prange is a range.
"""

import math

import numpy as np
import pytest
from numba import njit, prange

import dualad

RNG = np.random.default_rng(13)


pytestmark = pytest.mark.usefixtures("two_threads")


@njit(parallel=True)
def option_price(p, z):
    total = 0.0
    for i in prange(z.shape[0]):
        v, x = p[0], 0.0
        for j in range(z.shape[1]):
            v = max(v + p[1] * (p[2] - v) + p[3] * math.sqrt(v) * z[i, j, 0], 1e-6)
            x += -0.5 * v + math.sqrt(v) * z[i, j, 1]
        total += max(math.exp(x) - 1.0, 0.0)
    return total / z.shape[0]


@njit(parallel=True)
def forces(x):
    n = x.shape[0]
    force = np.zeros((n, 2))
    for i in prange(n):
        for j in range(n):
            if i == j:
                continue
            a, b = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1]
            w = 1.0 / (a * a + b * b + 0.1)
            force[i, 0] += w * a
            force[i, 1] += w * b
    square = 0.0
    for i in range(n):
        square += force[i, 0] ** 2 + force[i, 1] ** 2 * x[i, 0]
    return square


@njit(parallel=True)
def heat(u, c, steps):
    u = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in prange(1, u.size - 1):
            new[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        for i in prange(u.size):
            u[i] = new[i]
    square = 0.0
    for i in range(u.size):
        square += u[i] * u[i] * i
    return square


@njit(parallel=True)
def extremes(m, w, first):
    best, product, used = -1.0e9, 1.0, 0
    for i in prange(first, m.shape[0]):
        row = m[i]
        thirds = np.zeros(3)
        for k in range(row.size):
            if row[k] < 0.0:
                continue
            thirds[k % 3] += row[k] * w[k]
            used += 1
        t = math.tanh(thirds[0] * thirds[1] + thirds[2])
        best = max(best, t)
        product *= 1.0 + t
    return (best + product) * used


@njit(parallel=True)
def columns(m, shift):
    m = m.copy()
    for j in prange(m.shape[1]):
        for i in range(m.shape[0]):
            m[i, j] = m[i, j] * math.sin(m[i, j]) + shift * m.shape[1] * len(m)
    product = 1.0
    for j in range(m.shape[1]):
        product *= m[0, j] + m[2, j]
    return product


@njit(parallel=True)
def roots(x):
    total = 0.0
    for i in prange(x.size):
        if x[i] < 0.0:
            raise ValueError("a negative number")
        total += math.sqrt(x[i]) * x[i]
    return total


@njit
def with_a_helper(x, c):
    return roots(x * c) * c


slope_of_roots = dualad.grad(roots)


@njit
def descended(x, steps):
    for _ in range(steps):
        x = x - 0.1 * slope_of_roots(x)
    return x


ARGUMENTS = {
    option_price: ((np.array([0.04, 0.3, 0.05, 0.2]), RNG.normal(size=(11, 4, 2))), (0,)),
    forces: ((RNG.normal(size=(7, 2)),), (0,)),
    heat: ((RNG.normal(size=12), 0.1, 2), (0, 1)),
    extremes: ((RNG.normal(size=(8, 5)), RNG.normal(size=5), 1), (0, 1)),
    columns: ((RNG.normal(size=(3, 7)), 0.3), (0, 1)),
}
PROGRAMS = list(ARGUMENTS)
X = np.linspace(0.1, 2.0, 5)


def directions(args, wrt):
    found = [np.sin(1.0 + np.arange(np.size(args[k]))).reshape(np.shape(args[k])) for k in wrt]
    return tuple(float(d) if d.ndim == 0 else d for d in found)


def moved(args, wrt, dots, h):
    args = list(args)
    for k, d in zip(wrt, dots, strict=True):
        args[k] = args[k] + h * d
    return args


def assert_slope(f, args, wrt, dots, found):
    """Compare a directional derivative with central differences."""
    errors = []
    for h in (1e-4, 1e-5, 1e-6):
        up, down = (f.py_func(*moved(args, wrt, dots, s * h)) for s in (1, -1))
        errors.append(abs((up - down) / (2.0 * h) - found))
    assert min(errors) < 1e-6 * (1.0 + abs(found))


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_reverse(f):
    args, wrt = ARGUMENTS[f]
    before = [np.copy(x) for x in args]
    value, bars = dualad.value_and_grad(f, wrt)(*args)
    np.testing.assert_allclose(value, f.py_func(*args), rtol=1e-13)
    dots = directions(args, wrt)
    assert_slope(f, args, wrt, dots, sum(np.sum(b * d) for b, d in zip(bars, dots, strict=True)))
    assert all(map(np.array_equal, before, args))


@pytest.mark.parametrize("f", [heat, extremes], ids=lambda f: f.__name__)
def test_forward(f):
    args, wrt = ARGUMENTS[f]
    dots = directions(args, wrt)
    value, dot = dualad.jvp(f, args, dots, argnums=wrt)
    np.testing.assert_allclose(value, f.py_func(*args), rtol=1e-13)
    assert_slope(f, args, wrt, dots, dot)


def test_any_number_of_iterations_and_the_same_bits_each_time():
    p, z = ARGUMENTS[option_price][0]
    slope, alone = dualad.value_and_grad(option_price, (0,)), dualad.value_and_grad(option_price.py_func, (0,))
    for count in (1, 2, 3):  # fewer than threads, as many, more
        np.testing.assert_allclose(slope(p, z[:count])[1][0], alone(p, z[:count])[1][0], rtol=1e-12, atol=1e-15)
    many = np.random.default_rng(1).normal(size=(1001, 4, 2))
    first = slope(p, many)[1][0]
    assert all(np.array_equal(slope(p, many)[1][0], first) for _ in range(20))


def test_exceptions_are_those_of_an_iteration():
    np.testing.assert_allclose(slope_of_roots(X), 1.5 * np.sqrt(X))
    with pytest.raises(ValueError, match="a negative number"):
        slope_of_roots(-X)
    assert slope_of_roots(X[:0]).size == 0


def test_inside_jitted_code_and_of_a_helper():
    x = X.copy()
    for _ in range(3):
        x = x - 0.15 * np.sqrt(x)
    np.testing.assert_allclose(descended(X, 3), x)
    np.testing.assert_allclose(dualad.grad(with_a_helper)(X, 2.0), 1.5 * np.sqrt(X * 2.0) * 4.0)


def test_second_order():
    np.testing.assert_allclose(dualad.hvp(roots, (X,), (X,)), 0.75 * np.sqrt(X))


# ---------------------------------------------------------------- what is refused


@njit(parallel=True)
def scattered(x, where):
    bins = np.zeros(4)
    for i in prange(x.size):
        bins[where[i]] += x[i]
    return bins[0]


@njit(parallel=True)
def reads_neighbours(x):
    y = x.copy()
    for i in prange(1, x.size):
        y[i] = y[i - 1] * x[i]
    return y[1]


@njit
def fill(out, x):
    for k in range(out.size):
        out[k] = x[k]


@njit(parallel=True)
def lets_others_write(x):
    y = np.zeros_like(x)
    for i in prange(x.size):
        fill(y, x)
    return y[0]


@njit(parallel=True)
def adds_arrays(x):
    total = np.zeros(2)
    for i in prange(x.size):
        total += x[i]
    return total[0]


@njit(parallel=True)
def hands_on(x):
    last, total = 0.0, 0.0
    for i in prange(x.size):
        total += last * x[i]
        last = x[i]
    return total


@njit(parallel=True)
def hands_on_at_times(x):
    y, total = 0.0, 0.0
    for i in prange(x.size):
        if x[i] > 0.5:
            y = x[i]
        total += y
    return total


@njit(parallel=True)
def reads_afterwards(x):
    y = 0.0
    for i in prange(x.size):
        y = x[i]
    return y


@njit(parallel=True)
def breaks(x):
    total = 0.0
    for i in prange(x.size):
        if x[i] > 1.0:
            break
        total += x[i]
    return total


@njit(parallel=True)
def steps_by_two(x):
    total = 0.0
    for i in prange(0, x.size, 2):
        total += x[i]
    return total


@njit(parallel=True)
def draws(x):
    total = 0.0
    for i in prange(x.size):
        total += x[i] * np.random.normal()  # noqa: NPY002
    return total


@njit(parallel=True)
def prints(x):
    total = 0.0
    for i in prange(x.size):
        print(i)
        total += x[i]
    return total


@njit(parallel=True)
def enumerates(x):
    total = 0.0
    for k, i in enumerate(prange(x.size)):
        total += x[i] * k
    return total


REFUSED = [
    (scattered, (X, np.arange(5) % 4), "the array bins, which a loop over prange writes into", "bins[i]"),
    (
        reads_neighbours,
        (X,),
        "the array y, which a loop over prange writes into and uses at other places than i",
        "y[i]",
    ),
    (lets_others_write, (X,), "the array y, which a loop over prange writes into", "y[i]"),
    (adds_arrays, (X,), "total, an array to which all iterations of prange add", "numba#3681"),
    (hands_on, (X,), "last, which one iteration of prange hands to the next", "use range"),
    (hands_on_at_times, (X,), "y, which one iteration of prange hands to the next", "use range"),
    (reads_afterwards, (X,), "the variable 'y'", "each iteration of prange has its own"),
    (breaks, (X,), "break or return in a loop over prange", "use `continue`, or range"),
    (steps_by_two, (X,), "a loop over prange with a step", "use steps of 1"),
    (draws, (X,), "a random number in a loop over prange", "draw them before the loop"),
    (prints, (X,), "print in a loop over prange", "call it outside"),
    (enumerates, (X,), "prange other than in `for i in prange(n)`", "under parallel=True"),
]


@pytest.mark.parametrize(("f", "args", "what", "remedy"), REFUSED, ids=lambda x: getattr(x, "__name__", ""))
def test_refusals(f, args, what, remedy):
    with pytest.raises(dualad.UnsupportedError) as found:
        dualad.grad(f)(*args)
    text = str(found.value)
    first = f.py_func.__code__.co_firstlineno
    assert what in text and remedy in text and "test_parallel.py" in text
    lines = [int(word) for word in text.replace(":", " ").replace(",", " ").replace(")", " ").split() if word.isdigit()]
    assert any(first <= n <= first + 11 for n in lines)


def test_its_tapes_have_no_limit():
    with pytest.raises(dualad.UnsupportedError, match="memory= with a loop over prange on several threads"):
        dualad.grad(roots, memory=10_000)(X)


@njit(parallel=True)
def beyond(x, n):
    total = 0.0
    for i in prange(n):
        total += x[i]
    return total


@njit(parallel=True)
def overlapping(x):
    y = x[1:]
    for i in prange(y.size):
        y[i] = 2.0 * x[0]
    return y[0]


def test_what_only_running_tells():
    with pytest.raises(ValueError, match="a loop over prange goes beyond x"):
        dualad.grad(beyond)(X, 6)
    with pytest.raises(dualad.ArgumentError, match="share memory"):
        dualad.grad(overlapping)(X)


def on_one_thread(x):
    total = 0.0
    for i in prange(x.size):
        total = total * x[i] + x[i]
    return total


def test_prange_without_threads_is_range():
    assert np.all(np.isfinite(dualad.grad(on_one_thread)(X)))
