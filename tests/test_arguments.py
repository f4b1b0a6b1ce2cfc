"""Tangents: zeros, integers, those of some arguments only."""

import numba
import numpy as np
import pytest

import dualad

from .test_errors import complaint


def weighted(x, y, n):
    return y**n * (x * x).sum()


def test_tangents_that_are_zero_or_integers():
    x, n = np.array([1.0, 2.0]), 3
    for found, wanted in (
        (dualad.jvp(weighted, (x, 2.0, n), (None, 1, None)), (40.0, 60.0)),
        (dualad.jvp(weighted, (x, 2.0, n), (np.array([1, 0], np.int8), np.int16(1), 0)), (40.0, 76.0)),
        (dualad.jvp(weighted, (x, 2.0, n), (None, None, None)), (40.0, 0.0)),
        (dualad.jvp(weighted, (x, 2.0, n), (1,), argnums=1), (40.0, 60.0)),
        (dualad.jvp(weighted, (x, 2.0, n), (1, x), argnums=(1, 0)), (40.0, 140.0)),
        (dualad.jvp(lambda p: p[0] * p[1], ((2.0, 3.0),), ((None, 5),)), (6.0, 10.0)),
        (dualad.jvp(lambda *p: p[0] * p[1], (2.0, 3.0), (None, 5)), (6.0, 10.0)),
        (dualad.hvp(weighted, (x, 2.0, n), (1.0,), argnums=1), 60.0),
    ):
        assert found == pytest.approx(wanted)
    assert dualad.jvp(lambda t: t * t, (np.float32(3.0),), (0.5,)) == (9.0, 3.0)
    assert dualad.jvp(lambda t: t * t, (3.0,), (np.float32(0.5),)) == (9.0, 3.0)
    by_x, by_y, by_n = dualad.hvp(weighted, (x, 2.0, n), (None, 1.0, None))
    np.testing.assert_allclose(by_x, [24.0, 48.0])
    assert by_y == pytest.approx(60.0) and by_n is None
    by_y, by_x = dualad.hvp(weighted, (x, 2.0, n), (1.0, np.zeros(2, np.int8)), argnums=(1, 0))
    np.testing.assert_allclose(by_x, [24.0, 48.0])
    assert by_y == pytest.approx(60.0)


def test_tangents_in_functions():
    jitted = numba.njit(weighted)

    @numba.njit
    def user(x, y):
        return (
            dualad.jvp(jitted, (x, y, 3), (None, 1.0, None))[1],
            dualad.jvp(jitted, (x, y, 3), (1.0,), 1)[1],
            dualad.hvp(jitted, (x, y, 3), (1.0,), argnums=1),
            dualad.hvp(jitted, (x, y, 3), (1.0, x), argnums=(1, 0))[0],
        )

    x = np.array([1.0, 2.0])
    assert user(x, 2.0) == pytest.approx((60.0, 60.0, 60.0, 180.0))

    def differentiated(x, y):
        slope = dualad.jvp(weighted, (x, y, 3), (1.0,), argnums=1)[1]
        return slope + dualad.hvp(weighted, (x, y, 3), (None, 1.0, None))[0].sum()

    def by_hand(x, y):
        return 3.0 * y * y * (x * x).sum() + (3.0 * y * y * 2.0 * x).sum()

    for transform in (dualad.grad, dualad.jacfwd):
        for found, wanted in zip(transform(differentiated, (0, 1))(x, 2.0), dualad.grad(by_hand, (0, 1))(x, 2.0)):
            np.testing.assert_allclose(found, wanted)


def test_tangents_that_belong_to_nothing():
    for call, words in (
        (lambda: dualad.jvp(weighted, (np.ones(2), 2.0, 3), (1.0,), argnums=2), "n is int"),
        (lambda: dualad.jvp(lambda p: p[0] * p[1], ((2.0, 3),), ((1.0, 5),)), r"p[1] is int"),
        (lambda: dualad.jvp(weighted, (np.ones(2), 2.0, 3), (1.0, 2.0), argnums=0), "2 tangents"),
        (lambda: dualad.hvp(weighted, (np.ones(2), 2.0, 3), (1.0,), argnums=5), "takes 3 arguments"),
        (lambda: dualad.jvp(lambda t: t * t, (np.float32(3.0),), (np.float64(0.1),)), "has dtype float64"),
    ):
        assert words in complaint(call, dualad.DualadError)
