"""Rules of the user's for whole functions: `dualad.custom_rule`."""

import ctypes
import ctypes.util
import math

import numba
import numpy as np
import pytest
from numba import cfunc, njit, vectorize

import dualad
from dualad import RuleError, UnsupportedError
from dualad.testing import check_grads

# ------------------------------------------------------------------------------------------- a function of C

libm = ctypes.CDLL(ctypes.util.find_library("m"))
c_tgamma = libm.tgamma
c_tgamma.argtypes, c_tgamma.restype = [ctypes.c_double], ctypes.c_double
c_digamma_step = 1e-6


@dualad.custom_rule(c_tgamma)
def gamma_rule(x):
    y = c_tgamma(x)
    return y, (x, y)


@gamma_rule.jvp
def _(residuals, x_dot):
    x, y = residuals
    h = 1e-5
    digamma = (math.lgamma(x + h) - math.lgamma(x - h)) / (2.0 * h)
    return y * digamma * x_dot


def of_c(x):
    return c_tgamma(x) * x + math.sin(x)


def test_a_function_of_a_c_library_with_one_half():
    value = math.gamma(2.5) * 2.5 + math.sin(2.5)
    step = 1e-6
    slope = (of_c(2.5 + step) - of_c(2.5 - step)) / (2.0 * step)
    assert dualad.value_and_grad(of_c)(2.5) == pytest.approx((value, slope), rel=1e-7)
    assert dualad.jvp(of_c, (2.5,), (1.0,)) == pytest.approx((value, slope), rel=1e-7)
    assert dualad.grad(c_tgamma)(2.5) == pytest.approx((math.gamma(2.5 + step) - math.gamma(2.5 - step)) / (2.0 * step))


# ------------------------------------------------------------------------------------------- what the rule says, counts


@njit
def power(x, n):
    return x**n


@dualad.custom_rule(power)
def power_rule(x, n):
    y = power(x, n)
    return y, (x, y, n)


@power_rule.jvp
def _(residuals, x_dot):
    x, y, n = residuals
    return 10.0 * n * y / x * x_dot


@power_rule.vjp
def _(residuals, y_bar):
    x, y, n = residuals
    return 10.0 * n * y / x * y_bar, None


def with_power(x):
    return 2.0 * power(x, 3) + math.sin(x)


def in_a_loop(x, n):
    s = 0.0
    for k in range(n):
        x = power(x, 2) * 0.5
        if x > 0.1:
            s += math.sin(x)
    return s


def test_the_rule_is_what_counts_in_both_modes_and_beyond():
    x = 1.5
    slope = 2.0 * 10.0 * 3.0 * x**2 + math.cos(x)
    # the rule of the residual y is the rule again: y / x has the slope 10 n y / x^2 - y / x^2
    second = 2.0 * 30.0 * (30.0 - 1.0) * x - math.sin(x)
    assert dualad.grad(with_power)(x) == pytest.approx(slope, rel=1e-14)
    assert dualad.jacfwd(with_power)(x) == pytest.approx(slope, rel=1e-14)
    assert dualad.grad(dualad.grad(with_power))(x) == pytest.approx(second, rel=1e-14)
    assert dualad.jacfwd(dualad.jacfwd(with_power))(x) == pytest.approx(second, rel=1e-14)
    assert dualad.hessian(with_power)(x) == pytest.approx(second, rel=1e-14)
    assert dualad.grad(power)(2.0, 3) == 120.0
    assert dualad.vjp(power, 2.0, 3)[1](1.0) == (120.0, None)


def test_residuals_of_a_loop():
    value, slope = dualad.value_and_grad(in_a_loop)(1.9, 5)
    assert value == pytest.approx(in_a_loop(1.9, 5))
    assert dualad.jvp(in_a_loop, (1.9, 5), (1.0, None))[1] == pytest.approx(slope, rel=1e-13)
    assert slope == pytest.approx(dualad.jacfwd(in_a_loop)(1.9, 5), rel=1e-13)
    assert dualad.hessian(in_a_loop)(1.9, 5) == pytest.approx(
        dualad.jacfwd(dualad.jacfwd(in_a_loop))(1.9, 5), rel=1e-12
    )


# ------------------------------------------------------------------------------------------- arrays, and one half


def smooth(a, b):
    return np.tanh(a) * b


@dualad.custom_rule(smooth)
def smooth_rule(a, b):
    t = np.tanh(a)
    return t * b, (t, b)


@smooth_rule.vjp
def _(residuals, bar):
    t, b = residuals
    return (1.0 - t * t) * b * bar, np.sum(t * bar)


def rough(a, b):
    return np.tanh(a) * b


@dualad.custom_rule(rough)
def rough_rule(a, b):
    t = np.tanh(a)
    return t * b, {"t": t, "b": b}


@rough_rule.jvp
def _(residuals, a_dot, b_dot):
    t = residuals["t"]
    return (1.0 - t * t) * residuals["b"] * a_dot + t * b_dot


def plain(a, b):
    return np.tanh(a) * b


def cost_of(f):
    def cost(x, c):
        y = f(x, c)
        y[0] = y[1] * y[2]  # the residuals are not touched by what is written into the value
        z = f(y * x, 2.0)
        return np.sum(z * z) + c * y[0]

    return cost


@pytest.mark.one_in(2)
@pytest.mark.parametrize("f", [smooth, rough])
def test_one_half_is_enough(f):
    x, c = np.array([0.3, -0.8, 1.2]), 1.7
    mine, other = cost_of(f), cost_of(plain)
    for made in (
        dualad.grad(mine, (0, 1))(x, c),
        tuple(dualad.jacfwd(mine, (0, 1))(x, c)),
    ):
        expected = dualad.grad(other, (0, 1))(x, c)
        np.testing.assert_allclose(made[0], expected[0], rtol=1e-12)
        assert made[1] == pytest.approx(expected[1], rel=1e-12)
    np.testing.assert_allclose(dualad.hessian(mine)(x, c), dualad.hessian(other)(x, c), rtol=1e-9, atol=1e-12)


def test_check_grads_tests_a_rule():
    check_grads(smooth, (np.array([0.3, -0.8]), 1.2))
    with pytest.raises(AssertionError):
        check_grads(power, (1.5, 3))


# ------------------------------------------------------------------------------------------- structures


def polar(p, scale):
    return scale * math.hypot(p[0], p[1]), math.atan2(p[1], p[0])


@dualad.custom_rule(polar)
def polar_rule(p, scale):
    r, angle = polar(p, scale)
    return (r, angle), (p, r, scale)


@polar_rule.vjp
def _(residuals, bars):
    p, r, scale = residuals
    r_bar, angle_bar = bars
    x, y = p
    norm = r / scale
    x_bar = r_bar * scale * x / norm - angle_bar * y / norm**2
    y_bar = r_bar * scale * y / norm + angle_bar * x / norm**2
    return (x_bar, y_bar), r_bar * norm


def spiral(x, y):
    r, angle = polar((x, y), 2.0)
    return r * r * math.sin(angle) + x


def spiral_as_it_is(x, y):
    r, angle = 2.0 * math.hypot(x, y), math.atan2(y, x)
    return r * r * math.sin(angle) + x


def test_tuples_as_arguments_and_values():
    assert dualad.grad(spiral, (0, 1))(0.7, 1.1) == pytest.approx(dualad.grad(spiral_as_it_is, (0, 1))(0.7, 1.1))
    assert dualad.jacfwd(spiral)(0.7, 1.1) == pytest.approx(dualad.jacfwd(spiral_as_it_is)(0.7, 1.1))
    assert dualad.hessian(spiral)(0.7, 1.1) == pytest.approx(dualad.hessian(spiral_as_it_is)(0.7, 1.1))
    value, pullback = dualad.vjp(polar, (3.0, 4.0), 1.0)
    assert value == pytest.approx((5.0, math.atan2(4.0, 3.0)))
    (p_bar, scale_bar) = pullback((1.0, 0.0))
    assert p_bar == pytest.approx((0.6, 0.8)) and scale_bar == pytest.approx(5.0)


# ------------------------------------------------------------------------------------------- callables of all kinds


@cfunc("float64(float64)")
def cubed_by_cfunc(x):
    return x * x * x


@vectorize(["float64(float64)"])
def cubed_by_ufunc(x):
    return x * x * x


@njit
def cubed_in_object_mode(x):
    with numba.objmode(y="float64"):
        y = float(str(x)) ** 3
    return y


@numba.extending.intrinsic
def cubed_by_intrinsic(typingctx, x):
    def codegen(context, builder, signature, args):
        return builder.fmul(args[0], builder.fmul(args[0], args[0]))

    return numba.float64(numba.float64), codegen


def declare(f):
    @dualad.custom_rule(f)
    def rule(x):
        return f(x), x

    @rule.vjp
    def _(x, y_bar):
        return 3.0 * x * x * y_bar

    return f


KINDS = [cubed_by_cfunc, cubed_by_ufunc, cubed_in_object_mode, cubed_by_intrinsic]
for _f in KINDS:
    declare(_f)


@pytest.mark.parametrize("f", KINDS, ids=lambda f: getattr(f, "__name__", str(f)))
def test_callables_of_all_kinds(f):
    def cost(x):
        return math.sin(f(x)) + f(2.0)

    assert dualad.grad(cost)(1.3) == pytest.approx(math.cos(1.3**3) * 3.0 * 1.3**2)
    assert dualad.jvp(cost, (1.3,), (2.0,))[1] == pytest.approx(2.0 * math.cos(1.3**3) * 3.0 * 1.3**2)


@njit
def steps(x):
    for _ in range(3):
        x = x - 0.01 * slope_of_power(x)
    return x


slope_of_power = dualad.grad(with_power)


def test_within_jitted_code():
    x = 1.5
    for _ in range(3):
        x = x - 0.01 * (60.0 * x**2 + math.cos(x))
    assert steps(1.5) == pytest.approx(x)


# ------------------------------------------------------------------------------------------- declared anew


def test_a_rule_that_is_declared_anew_counts_from_the_next_derivative_on():
    def square(x):
        return x * x

    def with_factor(factor):
        @dualad.custom_rule(square)
        def rule(x):
            return square(x), x

        @rule.jvp
        def _(x, x_dot):
            return factor * x * x_dot

    def cost(x):
        return square(x) + 1.0

    assert dualad.grad(cost)(3.0) == 6.0
    with_factor(5.0)
    held = dualad.grad(cost)
    assert held(3.0) == 15.0
    with_factor(7.0)
    assert dualad.grad(cost)(3.0) == 21.0
    assert held(3.0) == 15.0


def test_what_carries_no_derivative_is_the_function_itself():
    seen = []

    @njit
    def doubled(x):
        return 2.0 * x

    @dualad.custom_rule(doubled)
    def rule(x):
        return doubled(x) + 1000.0, None

    @rule.jvp
    def _(residuals, x_dot):
        return 2.0 * x_dot

    def cost(x, c):
        return x * doubled(c) + doubled(x)

    assert not seen
    assert dualad.value_and_grad(cost)(3.0, 4.0) == (3.0 * 8.0 + 1006.0, 10.0)
    assert dualad.value_and_grad(cost, 1)(3.0, 4.0) == (3.0 * 1008.0 + 6.0, 6.0)


# ------------------------------------------------------------------------------------------- bad rules


def declared(tangent=None, cotangent=None, forward=None):
    def f(x, n):
        return x * x * n

    def usual(x, n):
        return f(x, n), (x, n)

    rule = dualad.custom_rule(f)(forward or usual)
    if tangent is not None:
        rule.jvp(tangent)
    if cotangent is not None:
        rule.vjp(cotangent)
    return f


def no_pair(x, n):
    return x * x * n


def too_many(residuals, x_dot, n_dot):
    return x_dot


def two_values(residuals, x_dot):
    return x_dot, x_dot


def three_cotangents(residuals, y_bar):
    return y_bar, y_bar, y_bar


def no_cotangent(residuals, y_bar):
    return None, None


def array_for_number(residuals, y_bar):
    return np.ones(2), None


BAD = [
    (declared(), "the rule of f has neither a jvp nor a vjp: declare one of them, @rule.vjp"),
    (declared(two_values, None, no_pair), "the rule of f returns no pair (value, residuals)"),
    (declared(too_many), "has a jvp of 3 parameters: it is given the residuals and 1 tangent"),
    (declared(two_values), "has a jvp that returns 2 numbers or arrays for a value of 1"),
    (declared(None, array_for_number), "has a vjp that returns an array of 1 dimension where a number is expected"),
    (declared(None, three_cotangents), "has a vjp that returns 3 cotangents for 2 arguments"),
    (
        declared(None, no_cotangent),
        "has a vjp without a cotangent of x, which carries a derivative: return it, zero if",
    ),
]


@pytest.mark.parametrize(("f", "message"), BAD, ids=range(len(BAD)))
def test_bad_rules(f, message):
    with pytest.raises(RuleError) as error:
        dualad.grad(lambda x: f(x, 2))(3.0)
    assert message in str(error.value) and "test_custom.py, line" in str(error.value)


def test_a_cotangent_of_another_shape():
    def total(x):
        return np.sum(x)

    @dualad.custom_rule(total)
    def rule(x):
        return np.sum(x), None

    @rule.vjp
    def _(residuals, y_bar):
        return np.full(1, y_bar)

    with pytest.raises(ValueError, match="the rule of total gives an array a tangent or a cotangent of another shape"):
        dualad.grad(total)(np.ones(3))


def test_a_tangent_of_another_shape():
    def doubled(x):
        return 2.0 * x

    rule = dualad.custom_rule(doubled)(lambda x: (2.0 * x, None))
    rule.jvp(lambda residuals, x_dot: 2.0 * x_dot[:2])
    with pytest.raises(
        ValueError, match="the rule of doubled gives an array a tangent or a cotangent of another shape"
    ):
        dualad.jvp(doubled, (np.ones(3),), (np.ones(3),))
    rule.jvp(lambda residuals, x_dot: 2.0 * x_dot[0])
    with pytest.raises(RuleError, match="has a jvp that returns a number where an array of 1 dimension is expected"):
        dualad.jvp(doubled, (np.ones(3),), (np.ones(3),))


def test_bad_declarations():
    with pytest.raises(RuleError, match="the rule of with_power takes 2 arguments, and with_power 1"):
        dualad.custom_rule(with_power)(lambda x, y: (x, y))
    with pytest.raises(RuleError, match="name the function that the rule is for"):
        dualad.custom_rule(3.0)
    with pytest.raises(RuleError, match="is not a Python function"):
        power_rule.jvp(3.0)


def test_what_numba_cannot_call():
    class Model:
        def __call__(self, x):
            return x

    model = Model()

    @dualad.custom_rule(model)
    def rule(x):
        return model(x), None

    @rule.jvp
    def _(residuals, x_dot):
        return x_dot

    with pytest.raises(UnsupportedError, match=r"calling Model object, which Numba cannot call.*@numba.njit"):
        dualad.grad(lambda x: model(x))(1.0)
