"""Hessians in packs: many columns in one sweep, with what one column after the other gives."""

import math

import numpy as np
import pytest
from numba import njit

import dualad
from dualad.compiler import build
from dualad.compiler.differentiate.packed_reverse import PackedReverse


def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def in_place(x):
    """What is overwritten is put back on the way back."""
    u = x.copy()
    for _ in range(3):
        for i in range(1, u.size - 1):
            u[i] += 0.1 * (u[i - 1] - 2.0 * u[i] * u[i] + u[i + 1])
            u[i] *= math.cos(u[i - 1])
    return np.sum(u * u)


def carried(x):
    """Values on the tape, a tangent and a number in each trip; a branch in the loop."""
    y, speed = 1.0, 0.0
    for i in range(x.size):
        speed = speed + math.sin(y * x[i]) / (1.0 + x[i] ** 2)
        if speed > 0.3:
            y = y * math.exp(-0.1 * speed)
        else:
            y += x[i] * speed
    return y + speed


def arrays_in_loops(x):
    total = 0.0
    for k in range(3):
        y = np.zeros((2, x.size))
        for i in range(x.size):
            y[0, i] = x[i] ** 3 / (k + 2.0)
            y[1, i] = math.sqrt(1.0 + y[0, i] ** 2) * x[i - 1]
        total += np.sum(np.tanh(y) * y)
    return total


def edges(x):
    """Where derivatives are zero by convention."""
    total = abs(x[0] - x[0]) + max(x[1], x[2]) ** 2
    for i in range(x.size):
        total += min(x[i], 0.2) ** 3 + (x[i] if x[i] > 0.5 else 1.0) * x[0]
    return total + 0.5 * np.sum(np.maximum(x, 0.0) ** 2)


def zeros(x):
    """Factors that are zero, and infinite ones beside them."""
    total = 0.0
    for i in range(x.size):
        flat = x[i] - x[i]
        total += math.sqrt(flat) * x[0] + math.log(1.0 + flat) * flat + flat ** x[i]
        total += flat / x[i] + math.exp(flat * 1e3) * x[i] ** 2 + math.hypot(flat, flat) / (1.0 + x[0])
    return total


def passing_through(x):
    """Linear but for one element; what is copied, overwritten with constants, and swapped."""
    a, b = x.copy(), np.ones_like(x)
    for i in range(x.size):
        if i % 2 == 0:
            a[i] = 2.0
        b[i] -= 3.0 * a[i]
        a, b = b, a
    return a[0] * a[x.size - 1] + b[1] ** 2 - 0.0


def until(x):
    """Of a loop whose trips nobody knows, the tape grows: that is left to one column after the other."""
    y, n = x[0], 0
    while abs(y - 1.0) > 1e-3 and n < 20:
        y, n = y - 0.3 * math.sin(y - 1.0) * (1.0 + x[1] ** 2), n + 1
    return y * x[2]


def product(x):
    a = np.outer(x, x) + np.eye(x.size)
    return np.sum(a @ a)


PACKED = (rosenbrock, in_place, carried, arrays_in_loops, edges, zeros)
PROGRAMS = (*PACKED, passing_through, until, product)


def columns(f, x):
    """Return the Hessian column by column."""
    units = np.eye(x.size).reshape((x.size, *x.shape))
    return np.stack([dualad.hvp(f, (x,), (unit,)).ravel() for unit in units], axis=1)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_columns_side_by_side(f, monkeypatch):
    printed = []
    emit = PackedReverse.emit
    monkeypatch.setattr(PackedReverse, "emit", lambda self, *a: (emit(self, *a), printed.append(self.packs.width)))
    hessian = dualad.hessian(lambda x: f(x))
    for size in (3, 15, 16, 17, 40):
        x = 0.4 + 0.5 * np.cos(np.arange(size))
        found = hessian(x)
        np.testing.assert_allclose(found, columns(f, x), rtol=1e-9, atol=1e-11)
        if f is not zeros:
            np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-11)
    assert (printed == [build.PACKS]) == (f in PACKED)


def of_several(x, a, m):
    total = a * a
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            total += m[i, j] ** 2 * math.sin(a * x[j]) + m[i, j] * x[i]
    return total


def test_several_arguments():
    rng = np.random.default_rng(0)
    x, m = rng.normal(size=5), rng.normal(size=(3, 5))
    blocks = dualad.hessian(of_several, (0, 1, 2))(x, 0.7, m)
    rows = dualad.jacfwd(lambda x, a, m: dualad.grad(of_several, (0, 1, 2))(x, a, m), (0, 1, 2))(x, 0.7, m)
    shapes = [np.shape(v) for v in (x, 0.7, m)]
    for i, row in enumerate(blocks):
        for j, block in enumerate(row):
            assert np.shape(block) == shapes[i] + shapes[j]
            np.testing.assert_allclose(block, rows[i][j], rtol=1e-10, atol=1e-12)
    v = rng.normal(size=(3, 5))
    product = dualad.hvp(of_several, (x, 0.7, m), (v,), argnums=(2,))[0]
    np.testing.assert_allclose(np.tensordot(blocks[2][2], v, 2), product, rtol=1e-10)


def test_numbers_and_other_dtypes():
    def numbers(a, b, c):
        for _ in range(3):
            a = a * math.sin(b) + c * c
        return a

    h = dualad.hessian(numbers, (0, 1, 2))(0.3, 0.5, 0.7)
    g = [dualad.hvp(numbers, (0.3, 0.5, 0.7), dots) for dots in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    np.testing.assert_allclose(h, g, rtol=1e-12)
    x = np.linspace(0.1, 1.0, 6)
    single = dualad.hessian(rosenbrock)(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, dualad.hessian(rosenbrock)(x), rtol=1e-4, atol=1e-2)
    assert dualad.hessian(rosenbrock)(np.empty(0)).shape == (0, 0)


def test_inside_other_code():
    hessian = dualad.hessian(rosenbrock)

    @njit
    def newton(x, g):
        return x - np.linalg.solve(hessian(x), g)

    x = np.linspace(0.5, 1.2, 6)
    g = dualad.grad(rosenbrock)(x)
    np.testing.assert_allclose(newton(x, g), x - np.linalg.solve(columns(rosenbrock, x), g), rtol=1e-9)
    third = dualad.jacfwd(lambda x: dualad.hessian(rosenbrock)(x))(x)
    step = 1e-5 * np.eye(6)[2]
    slope = (hessian(x + step) - hessian(x - step)) / 2e-5
    np.testing.assert_allclose(third[:, :, 2], slope, rtol=1e-5, atol=1e-3)
