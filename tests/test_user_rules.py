"""The registry's declarations for functions of the user's."""

import ctypes
import ctypes.util
import math

import numpy as np
import pytest
from numba import njit

import dualad
from dualad import RuleError

libm = ctypes.CDLL(ctypes.util.find_library("m"))
c_erf = libm.erf
c_erf.argtypes, c_erf.restype = [ctypes.c_double], ctypes.c_double
SLOPE = 3.0


def cube(x):
    return x * x * x


@dualad.pointwise(cube)
def cube_rule(x):
    value = cube(x)
    return value, (SLOPE * x * x,)


@dualad.pointwise(c_erf)
def erf_rule(x):
    value = c_erf(x)
    return value, (2.0 / math.sqrt(math.pi) * math.exp(-x * x),)


def total(x):
    s = 0.0
    for k in range(x.size):
        s += x[k]
    return s


@dualad.linear(total)
def total_rule(x, value_bar):
    return (np.full_like(x, value_bar),)


@njit
def product(a, b):
    return a @ b


@dualad.bilinear(product)
def product_rule(a, b, value_bar):
    return value_bar @ b.T, a.T @ value_bar


@njit
def scaled(x):
    return x / np.sqrt(np.sum(x * x))


@dualad.pair(scaled)
def scaled_jvp(x, value, x_dot):
    length = np.sqrt(np.sum(x * x))
    return (x_dot - value * np.sum(value * x_dot)) / length


@scaled_jvp.reverse
def scaled_vjp(x, value, value_bar):
    length = np.sqrt(np.sum(x * x))
    return ((value_bar - value * np.sum(value * value_bar)) / length,)


def steps(x):
    return np.floor(3.0 * x)


dualad.constant(steps)


def cost(x):
    y = scaled(x * x) + steps(x)
    m = product(np.outer(y, x), np.outer(x, y))
    return total(cube(y)) + c_erf(x[0]) * x[1] + np.sum(m)


def cost_as_it_is(x):
    z = x * x
    y = z / np.sqrt(np.sum(z * z)) + np.floor(3.0 * x)
    m = np.outer(y, x) @ np.outer(x, y)
    return np.sum(y * y * y) + math.erf(x[0]) * x[1] + np.sum(m)


@pytest.mark.parametrize("transform", [dualad.grad, dualad.jacfwd, dualad.hessian])
def test_each_kind_of_rule(transform):
    x = np.array([0.4, 1.3, -0.7])
    np.testing.assert_allclose(transform(cost)(x), transform(cost_as_it_is)(x), rtol=1e-10, atol=1e-12)


def test_a_rule_is_what_counts_even_of_the_function_itself():
    def fourth(x):
        return x**4

    @dualad.pointwise(fourth)
    def rule(x):
        value = fourth(x)
        return value, (7.0 * x,)

    assert dualad.grad(fourth)(2.0) == 14.0
    assert dualad.grad(lambda x: fourth(x) + x)(2.0) == 15.0


def test_a_rule_declared_anew_counts_from_the_next_derivative_on():
    @njit
    def square(x):
        return x * x

    def declare(factor):
        @dualad.pointwise(square)
        def rule(x):
            value = square(x)
            return value, (factor * x,)

    def twice(x):
        return 2.0 * square(x)

    declare(3.0)
    held = dualad.grad(twice)
    assert held(2.0) == 12.0
    declare(5.0)
    assert dualad.grad(twice)(2.0) == 20.0
    assert held(2.0) == 12.0


def test_a_def_with_a_rule_is_compiled_with_what_it_finds_around_it_now(monkeypatch):
    def shifted(x):
        return x + SLOPE

    @dualad.pointwise(shifted)
    def rule(x):
        value = shifted(x)
        return value, (1.0,)

    def squared(x):
        return shifted(x) ** 2

    assert dualad.value_and_grad(squared)(2.0) == (25.0, 10.0)
    monkeypatch.setitem(globals(), "SLOPE", 4.0)
    assert dualad.value_and_grad(squared)(2.0) == (36.0, 12.0)


def test_bad_rules():
    with pytest.raises(RuleError, match="already has rule sin"):

        @dualad.pointwise(math.sin)
        def rule(x):
            value = math.sin(x)
            return value, (1.0,)

    with pytest.raises(RuleError, match="1 arguments but 2 derivatives"):

        @dualad.pointwise(lambda x: x)
        def partials(x):
            value = 2.0 * x
            return value, (2.0, 3.0)

    namespace = {}
    exec("def rule(x):\n    return x, (1.0,)", namespace)
    with pytest.raises(RuleError, match="its source cannot be found"):
        dualad.pointwise(lambda x: x)(namespace["rule"])


def test_numbers_that_carry_derivatives():
    def product(x):
        return c_erf(x) * x

    slope = math.erf(0.3) + 0.3 * 2.0 / math.sqrt(math.pi) * math.exp(-0.09)
    assert dualad.tape_grad(product)(0.3) == pytest.approx(slope)
    assert dualad.dual_jvp(product, (0.3,), (1.0,))[1] == pytest.approx(slope)
