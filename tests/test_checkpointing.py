"""Helpers whose inside is computed again: `dualad.checkpoint`."""

import math

import numpy as np
import pytest
from numba import njit

import dualad
from dualad import ArgumentError, RuleError


def step(y, rate, n):
    for _ in range(n):
        y = y + rate * np.sin(y) * np.roll(y, 1)
    return y


kept_step = dualad.checkpoint(step)


def march(y, rate):
    for _ in range(6):
        y = step(y, rate, 3)
    return np.sum(y * y)


def march_again(y, rate):
    for _ in range(6):
        y = kept_step(y, rate, 3)
    return np.sum(y * y)


def test_results_are_the_same():
    y = np.array([0.3, -0.2, 0.9, 1.4])
    assert march_again(y, 0.1) == pytest.approx(march(y, 0.1), rel=1e-14)
    for made, expected in zip(
        dualad.grad(march_again, (0, 1))(y, 0.1), dualad.grad(march, (0, 1))(y, 0.1), strict=True
    ):
        np.testing.assert_allclose(made, expected, rtol=1e-14)
    made, expected = (dualad.jvp(f, (y, 0.1), (y, 1.0)) for f in (march_again, march))
    assert made == pytest.approx(expected, rel=1e-14)


def test_nothing_is_kept_of_the_inside():
    y = np.ones(4)
    inside = dualad.derivative_source(march, y, 0.1)
    outside = dualad.derivative_source(march_again, y, 0.1)
    assert "math.cos" in inside and "math.cos" not in outside
    assert outside.count("step_rule = ") == 2  # computed, and taken off the list again


@njit
def logistic(x, r):
    for _ in range(4):
        x = r * x * (1.0 - x)
    return x


kept_logistic = dualad.checkpoint(logistic)


@njit
def orbit(x, r):
    for _ in range(5):
        x = kept_logistic(x, r)
    return x


def test_jitted_helpers_within_jitted_code_and_higher_derivatives():
    def plain(x, r):
        for _ in range(20):
            x = r * x * (1.0 - x)
        return x

    assert orbit(0.3, 2.8) == pytest.approx(plain(0.3, 2.8), rel=1e-14)
    assert dualad.grad(orbit, (0, 1))(0.3, 2.8) == pytest.approx(dualad.grad(plain, (0, 1))(0.3, 2.8), rel=1e-13)
    assert dualad.hessian(orbit)(0.3, 2.8) == pytest.approx(dualad.hessian(plain)(0.3, 2.8), rel=1e-10)


def test_what_cannot_be_computed_again():
    def in_place(y):
        y[0] = math.sin(y[1])
        return y[0]

    marked = dualad.checkpoint(in_place)
    with pytest.raises(RuleError, match="is for a function that writes into its argument y: return the new array"):
        dualad.grad(lambda y: marked(y) + y[0])(np.ones(2))
    with pytest.raises(ArgumentError, match="name a Python function with named parameters"):
        dualad.checkpoint(math.sin)
    with pytest.raises(ArgumentError, match="name a Python function with named parameters"):
        dualad.checkpoint(lambda *args: args[0])
