"""Several tangents side by side: Jacobians by forward mode, in packs."""

import math

import numpy as np
import pytest
from numba import njit, types

import dualad
from dualad.compiler.build import PACKS, Derivative, build
from dualad.compiler.differentiate.packed import Packed
from dualad.compiler.runtime.numba_bridge.packs import packs_of

from .programs import PROGRAMS


def leaves(x):
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, tuple) else [x]


def tangent_like(arg, rng):
    if isinstance(arg, tuple):
        return type(arg)(*(tangent_like(i, rng) for i in arg)) if hasattr(arg, "_fields") else tuple(arg)
    return rng.standard_normal(np.shape(arg)).astype(getattr(arg, "dtype", float))[()]


def zero_like(arg):
    return 0.0 * arg if isinstance(arg, float) or getattr(arg, "dtype", None) in (np.float64, np.float32) else None


PLAIN = [p for p in PROGRAMS if not any(isinstance(p.args[k], tuple) for k in p.argnums)]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("program", PLAIN[::12], ids=lambda p: p.name)
def test_a_jacobian_times_a_direction_is_the_tangent(program):
    rng = np.random.default_rng(0)
    args = program.fresh_args()
    dots = [tangent_like(a, rng) if k in program.argnums else zero_like(a) for k, a in enumerate(args)]
    dots = [float(d) if isinstance(a, float) else d for a, d in zip(args, dots, strict=True)]
    _, tangent = dualad.jvp(program.function, program.fresh_args(), tuple(dots))
    columns = dualad.jacfwd(program.function, argnums=program.argnums)(*program.fresh_args())
    wanted = leaves(tangent)
    blocks = leaves(columns)
    assert len(blocks) == len(wanted) * len(program.argnums)
    for j, y_dot in enumerate(wanted):
        product = 0.0
        for i, k in enumerate(program.argnums):
            block, x_dot = np.asarray(blocks[j * len(program.argnums) + i]), np.asarray(dots[k])
            product = product + np.tensordot(block, x_dot, axes=x_dot.ndim)
        rtol = 1e-4 if np.asarray(y_dot).dtype == np.float32 else 1e-10
        np.testing.assert_allclose(product, y_dot, rtol=rtol, atol=rtol)


def loops(x, a):
    y, z = np.zeros((3, x.size)), x.copy()
    for i in range(x.size):
        z[i] = z[i] * math.sin(x[i]) + a
        y[0, i] += z[i] ** 2
        y[1, i] = abs(x[i])
        y[2, i] -= max(z[i], x[i]) * (x[i] > 0.5)
    w = np.array([z[0], x[1] / a, 2.0])
    return y.T.ravel()[1:5], w, z[0]


def test_tangents_lie_side_by_side_where_the_function_is_made_of_loops():
    given = (types.Array(types.float64, 1, "C"), types.float64)
    built = build(Derivative(loops, "jvp", (0, 1), packs=PACKS), given)
    assert built.packs is packs_of(PACKS) and built.text.count("cos(") == 1
    given = (types.Array(types.float64, 2, "C"),)
    assert build(Derivative(lambda x: x @ x, "jvp", (0,), packs=PACKS), given).packs is None


@pytest.mark.parametrize("size", [2, 5, 16, 37])
def test_as_many_directions_as_there_are(size, monkeypatch):
    used = []
    emit = Packed.emit
    monkeypatch.setattr(Packed, "emit", lambda self, *args: used.append(self.packs.width) or emit(self, *args))
    x = np.linspace(0.3, 1.7, size)

    def anew(x, a):  # nothing is generated for it yet, at this size
        return loops(x, size * a)

    forward, reverse = (t(anew, argnums=(0, 1))(x, 0.4 / size) for t in (dualad.jacfwd, dualad.jacrev))
    for block, other in zip(leaves(forward), leaves(reverse), strict=True):
        np.testing.assert_allclose(block, other, rtol=1e-13, atol=1e-14)
    assert used == [PACKS]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_jacobians_by_numbers(count):
    def f(x, y, a, b, c, d, e, g, h):
        z = np.zeros((2, 3))
        for i in range(3):
            z[0, i] = math.sin(x * i) * a + b * c
            z[1, i] = y**2 * x - d * e * g * h
        return z, x * y * h, np.array([a, a * x])

    args = tuple(np.linspace(0.4, 1.9, 9).tolist())
    forward, reverse = (t(f, argnums=tuple(range(count)))(*args) for t in (dualad.jacfwd, dualad.jacrev))
    for block, other in zip(leaves(forward), leaves(reverse), strict=True):
        assert np.shape(block) == np.shape(other)
        np.testing.assert_allclose(block, other, rtol=1e-13, atol=1e-14)


def test_packs_are_as_wide_as_a_power_of_two():
    with pytest.raises(ValueError, match="power of two"):
        packs_of(3)


@pytest.mark.parametrize("width", [2, 8, 16])
def test_arithmetic_of_packs(width):
    p = packs_of(width)
    unit, lane, zero, zeros_like = p.unit, p.lane, p.zero, p.zeros_like
    x, y = np.linspace(1.0, 2.0, width), np.linspace(3.0, -1.0, width)

    @njit
    def pack_of(numbers):
        pack = zero()
        for k in range(numbers.size):
            pack += numbers[k] * unit(k)
        return pack

    @njit
    def compute(xs, ys, k):
        x, y = pack_of(xs), pack_of(ys)
        a = zeros_like(np.empty((2, 3)))
        a[1, 2] = -(x + y * 2.0) / 4.0 - (True * x - 3 * y) + zero()
        a[0, 1] += a[1, 2]
        a[0, 1] -= x
        return lane(a, k), lane(a[1, 2], k)

    wanted = -(x + y * 2.0) / 4.0 - (x - 3.0 * y)
    for k in range(width):
        found, number = compute(x, y, k)
        assert number == found[1, 2] == pytest.approx(wanted[k])
        assert found[0, 1] == pytest.approx(wanted[k] - x[k])
        assert np.count_nonzero(found) == 2
