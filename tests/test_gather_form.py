"""Reverse loops of stencils gather; they give what scattered adds give, for every number of trips."""

import numpy as np
import pytest
from numba import njit

import dualad
from dualad.testing import check_grads


def three_points(x, a, b, c):
    y = np.zeros_like(x)
    for i in range(1, x.size - 1):
        y[i] = a * x[i - 1] + b * x[i] * x[i] + c * x[i + 1]
    return np.sum(y * y)


def one_sided(x, a, b, c):
    """Neither of the elements is the trip's own."""
    total = 0.0
    for i in range(x.size - 3):
        total += a * x[i + 1] * b - c * np.sin(x[i + 3] * x[i + 1])
    return total


def two_rows(x, a, b, c):
    rows = np.zeros((2, x.size))
    for i in range(x.size):
        rows[0, i] = x[i]
        rows[1, i] = x[i]
    for t in range(3):
        old, new = t % 2, 1 - t % 2
        for i in range(2, x.size - 2):
            rows[new, i] = rows[old, i] * a + b * (rows[old, i - 2] - c * rows[old, i + 1] * rows[old, i + 2])
    return np.sum(rows[1] * rows[1])


def buffers(x, a, b, c):
    now, then = x.copy(), x.copy()
    for _ in range(4):
        for i in range(1, x.size - 1):
            then[i] = now[i] + a * (now[i - 1] - b * now[i] + now[i + 1]) - c * now[i] * (now[i + 1] - now[i - 1])
        now, then = then, now
    return np.sum(now * now)


def one_buffer(x, a, b, c):
    """Both names stand for the same array, so that each trip sees what the one before has written."""
    now = x.copy()
    then = now
    for k in range(3):
        if k == 2:
            then = x.copy()
        for i in range(1, x.size - 1):
            then[i] = now[i] + a * (now[i - 1] - b * now[i] + c * now[i + 1])
        now, then = then, now
    return np.sum(now * now) + np.sum(then)


def sum_of_neighbours(x, a, b, c):
    total = 0.0
    for i in range(x.size - 1):
        total += a * (x[i + 1] - x[i] ** 2) ** 2 + (b - x[i]) ** 2 * c
    return total


def two_sums(x, a, b, c):
    """A running value, and one that is read while it grows, which stays a loop that scatters."""
    total, running = 0.0, 1.0
    for i in range(1, x.size):
        running = running * b + x[i - 1] * x[i]
        total += a * running * c
    return total


def from_the_end(x, a, b, c):
    """The first trips count from the end: x[-1] is the last element."""
    y = np.zeros_like(x)
    for i in range(x.size):
        y[i] = a * x[i - 1] + b * x[i] + c * x[i - 2] * x[i]
    return np.sum(y * y)


def downwards(x, a, b, c):
    y = np.zeros_like(x)
    for i in range(x.size - 2, 0, -1):
        y[i] = a * x[i - 1] + b * x[i] + c * x[i + 1]
    for i in range(1, x.size - 1, 2):
        y[i] += a * x[i - 1] * x[i + 1]
    return np.sum(y * y)


def in_place(x, a, b, c):
    u = x.copy()
    for _ in range(2):
        for i in range(1, u.size - 1):
            u[i] += a * (u[i - 1] - b * u[i] + c * u[i + 1])
    left = u[0]
    for i in range(1, u.size - 1):
        here = u[i]
        u[i] = here + a * (left - b * here + c * u[i + 1])
        left = here
    return np.sum(u * u)


def at_a_distance(x, a, b, c):
    """Offsets that are known at run time alone, and one element that all trips read."""
    m = x.size // 3
    y = np.zeros_like(x)
    for i in range(x.size - m - 1):
        y[i] = a * x[i + m] - b * x[i + m + 1] * x[0] + c * x[i]
    return np.sum(y * y)


def written_twice(x, a, b, c):
    y = np.zeros_like(x)
    for i in range(x.size - 1):
        y[i] = a * x[i + 1] - b * x[i]
        y[i] = y[i] * c + x[i]
    return np.sum(y * y)


def both_read_and_added(x, a, b, c):
    """What a trip adds to, another one reads."""
    y = np.zeros(x.size)
    z = np.zeros(x.size)
    for i in range(1, x.size - 1):
        y[i] = a * x[i - 1] + x[i + 1]
        z[i] = b * y[i] + c * y[i - 1] * x[i]
    return np.sum(z * z) + np.sum(y)


def divided(x, a, b, c):
    y = np.ones_like(x)
    for i in range(1, x.size - 1):
        y[i] = a * x[i - 1] / (2.0 + x[i] ** 2) + max(b, x[i + 1]) + (c if x[i] > 0.0 else x[i - 1])
    return np.sum(np.log(1.0 + y * y))


PROGRAMS = (
    three_points,
    one_sided,
    two_rows,
    buffers,
    one_buffer,
    sum_of_neighbours,
    two_sums,
    from_the_end,
    downwards,
    in_place,
    at_a_distance,
    written_twice,
    both_read_and_added,
    divided,
)
GATHERING = (three_points, one_sided, two_rows, buffers, one_buffer, sum_of_neighbours, at_a_distance)
"""Those with a loop that gathers."""


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_every_number_of_trips(f):
    rng = np.random.default_rng(1)
    gradient, forward = dualad.grad(f, (0, 1, 2, 3)), dualad.jacfwd(f, (0, 1, 2, 3))
    for size in (*range(3, 16), 40):
        args = (rng.normal(size=size), 0.7, 0.4, -0.3)
        for by_reverse, by_forward in zip(gradient(*args), forward(*args), strict=True):
            np.testing.assert_allclose(by_reverse, by_forward, rtol=1e-10, atol=1e-12)
    check_grads(f, (rng.normal(size=17), 0.7, 0.4, -0.3))


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_which_loops_gather(f):
    text = dualad.derivative_source(f, np.ones(9), 0.7, 0.4, -0.3)
    assert (" in range(ends" in text) == (f in GATHERING)


def five_points(u, c):
    old, new = u.copy(), u.copy()
    n, m = u.shape
    for _ in range(2):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                lap = old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1] - 4.0 * old[i, j]
                new[i, j] = old[i, j] + c[i, j] * lap * old[i, j]
        old, new = new, old
    return np.sum(old * old)


def test_two_dimensions_and_layouts():
    rng = np.random.default_rng(2)
    gradient, forward = dualad.grad(five_points, (0, 1)), dualad.jacfwd(five_points, (0, 1))
    for shape in ((3, 3), (4, 14), (12, 5)):
        u, c = rng.normal(size=shape), 0.1 * rng.normal(size=shape)
        for given in ((u, c), (np.asfortranarray(u), c), (u, np.repeat(c, 2, 1)[:, ::2])):
            for a, b in zip(gradient(*given), forward(*given), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_derivatives_of_derivatives():
    rng = np.random.default_rng(3)
    x, v = rng.normal(size=13), rng.normal(size=13)

    def loss(x):
        return buffers(x, 0.2, 2.0, 0.1)

    hessian = dualad.hessian(loss)(x)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    np.testing.assert_allclose(dualad.hvp(loss, (x,), (v,)), hessian @ v, rtol=1e-10)
    along = (dualad.grad(loss)(x + 1e-6 * v) - dualad.grad(loss)(x - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(along, hessian @ v, rtol=1e-5, atol=1e-6)


def test_inside_jitted_code_and_in_float32():
    slope = dualad.grad(two_rows)

    @njit
    def descend(x):
        for _ in range(3):
            x = x - 0.01 * slope(x, 0.7, 0.4, -0.3)
        return x

    x = np.random.default_rng(4).normal(size=20)
    expected = x
    for _ in range(3):
        expected = expected - 0.01 * dualad.jacfwd(two_rows)(expected, 0.7, 0.4, -0.3)
    np.testing.assert_allclose(descend(x), expected, rtol=1e-10)
    single = dualad.grad(three_points)(x.astype(np.float32), 0.7, 0.4, -0.3)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, dualad.jacfwd(three_points)(x, 0.7, 0.4, -0.3), rtol=2e-4, atol=1e-4)
