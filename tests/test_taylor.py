"""`taylor`: coefficients against known series, and against nested `jvp`, for numbers, arrays and control flow."""

import math

import numpy as np
import pytest
from numba import njit

import dualad

from .test_errors import complaint

RNG = np.random.default_rng(3)
ORDER = 10


def coefficients(f, x, order=ORDER):
    value, found = dualad.taylor(f, (x,), (1.0,), order)
    assert len(found) == order
    return np.array([value, *found])


def factorials(count):
    return np.array([math.factorial(k) for k in range(count)], float)


# ---------------------------------------------------------------- known series

K = np.arange(ORDER + 1.0)
KNOWN = {
    "exp": (lambda x: math.exp(x), 0.0, 1.0 / factorials(ORDER + 1)),
    "sin": (lambda x: math.sin(x), 0.0, np.sin(K * np.pi / 2).round() / factorials(ORDER + 1)),
    "cosh": (lambda x: math.cosh(x), 0.0, (K + 1) % 2 / factorials(ORDER + 1)),
    "log": (lambda x: math.log(x), 1.0, np.array([0.0, *(-((-1.0) ** K[1:]) / K[1:])])),
    "quotient": (lambda x: 1.0 / (1.0 - x), 0.0, np.ones(ORDER + 1)),
    "power": (lambda x: (1.0 + x) ** -2, 0.0, (-1.0) ** K * (K + 1)),
    "root": (lambda x: math.sqrt(1.0 + x), 0.0, np.cumprod([1.0, *((1.5 - K[1:]) / K[1:])])),
    "real power": (lambda x: x**2.5, 1.0, np.cumprod([1.0, *((3.5 - K[1:]) / K[1:])])),
    "atan": (lambda x: math.atan(x), 0.0, np.array([np.sin(k * np.pi / 2).round() / max(k, 1) for k in K])),
    "cube": (lambda x: x**3, 0.0, np.eye(ORDER + 1)[3]),
    "polynomial": (lambda x: 2.0 * x * x - x, 0.0, np.array([0.0, -1.0, 2.0, *[0.0] * (ORDER - 2)])),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_series(name):
    f, x, expected = KNOWN[name]
    np.testing.assert_allclose(coefficients(f, x), expected, rtol=1e-13, atol=1e-16)


# ---------------------------------------------------------------- differences, nested jvp


def check_by_differences(f, x, d, order):
    """Compare coefficients with slopes of those before along the line: g' has the coefficients (k+1) g_{k+1}."""

    def at(t):
        value, found = dualad.taylor(f, (x + t * d,), (d,), order)
        return np.array([value, *found])

    h = 2e-3
    near = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
    here = at(0.0)
    np.testing.assert_allclose(here[0], f(x), rtol=1e-13)
    for k in range(order):
        np.testing.assert_allclose((k + 1) * here[k + 1], near[k], rtol=1e-6, atol=1e-7)


def test_nested_forward_mode_gives_the_same():
    def f(x):
        return math.sin(x) * math.exp(x) / (1.0 + x**2)

    def first(x):
        return dualad.jvp(f, (x,), (1.0,))[1]

    def second(x):
        return dualad.jvp(first, (x,), (1.0,))[1]

    def third(x):
        return dualad.jvp(second, (x,), (1.0,))[1]

    slope, fourth = dualad.jvp(third, (0.3,), (1.0,))
    found = coefficients(f, 0.3, 4)
    np.testing.assert_allclose(found[3:], [slope / 6.0, fourth / 24.0], rtol=1e-13)
    np.testing.assert_allclose(found[1:3], [*dualad.jvp(first, (0.3,), (0.5,))][::1], rtol=1e-13)


def every_function(x):
    a, b, c = x[0], x[1], x[2]
    return np.array(
        [
            math.tan(a) + math.asin(a) * math.acos(b),
            math.atan2(a, b) * math.hypot(a, c) + math.sinh(a) * math.tanh(c),
            math.asinh(a) + math.acosh(1.0 + c) + math.atanh(b) - np.cbrt(c),
            math.log1p(a) * math.expm1(b) + math.exp2(c) + math.log2(c) + math.log10(c),
            math.erf(a) + math.erfc(b) * math.gamma(c) + math.lgamma(c + 1.0),
            a**b + 2.0**c + c**1.5 + a**-3 + c**5,
            abs(-a) + max(a, b) * min(b, c) + np.maximum(a, c) + np.sinc(a) + np.logaddexp(a, b),
            math.degrees(a) % 7.0 + math.floor(c) * a + np.float64(b) + math.copysign(a, -b),
            np.square(a) + np.reciprocal(b) + np.sign(a) * c + (b if a > b else a) * math.cos(c),
        ]
    )


def test_every_kind_of_function_of_numbers():
    check_by_differences(every_function, np.array([0.4, 0.7, 1.3]), np.array([1.0, -0.5, 0.3]), 3)


def programs(x):
    """Loops, branches, views, writes in place, array operations and products of matrices."""
    m = np.outer(x, x) + np.eye(x.size)
    y = np.tanh(m @ x) + m[0] * x
    y[1:] *= x[:-1]
    s = 0.0
    k = 0
    while k < 3:
        s = s * y[k] + math.sin(s + x[k])
        k += 1
    for i in range(x.size):
        if y[i] > 0.0:
            y[i] += s * y[i]
        else:
            y[i] = np.sum(x * y)
    return np.concatenate((y, np.sqrt(1.0 + x**2), np.array([s, np.dot(x, y), np.mean(y)])))


def test_programs():
    check_by_differences(programs, RNG.normal(size=4), 0.1 * RNG.normal(size=4), 3)


# ---------------------------------------------------------------- structure, nesting, jitted code


def orbit(state, n):
    """A pendulum, in steps that are small."""
    angle, speed = state["angle"], state["speed"]
    for _ in range(n):
        speed = speed - 0.01 * math.sin(angle)
        angle = angle + 0.01 * speed
    return {"angle": angle, "both": [speed, np.array([angle, speed])]}


def test_structures_and_arguments_that_are_held():
    start = {"angle": 0.5, "speed": 0.1}
    value, (first, second) = dualad.taylor(orbit, (start, 20), ({"angle": 1.0, "speed": -1.0}, None), 2)
    push = dualad.jvp(orbit, (start, 20), ({"angle": 1.0, "speed": -1.0}, None))
    assert value["angle"] == push[0]["angle"] and first["angle"] == pytest.approx(push[1]["angle"], rel=1e-14)
    np.testing.assert_allclose(first["both"][1], [first["angle"], first["both"][0]])
    h = 1e-4
    near = [orbit({"angle": 0.5 + t, "speed": 0.1 - t}, 20)["angle"] for t in (-h, 0.0, h)]
    assert second["angle"] == pytest.approx((near[0] - 2.0 * near[1] + near[2]) / (2.0 * h * h), rel=1e-5)


def test_differentiated_and_in_itself_and_in_a_batch():
    def third(x):
        return dualad.taylor(lambda y: math.exp(2.0 * y), (x,), (1.0,), 3)[1][2]

    assert dualad.grad(third)(0.3) == pytest.approx(16.0 / 6.0 * math.exp(0.6), rel=1e-13)
    assert dualad.jvp(third, (0.3,), (1.0,))[1] == pytest.approx(16.0 / 6.0 * math.exp(0.6), rel=1e-13)
    points = np.array([0.1, 0.2])
    np.testing.assert_allclose(dualad.vmap(third)(points), 8.0 / 6.0 * np.exp(2.0 * points))

    def twice(x):
        return dualad.taylor(third, (x,), (1.0,), 2)[1][1]

    assert twice_of(twice, 0.3) == pytest.approx(32.0 / 12.0 * math.exp(0.6), rel=1e-13)


def twice_of(f, x):
    return dualad.vmap(f)(np.array([x]))[0]


def test_of_a_batch_and_behind_stop_gradient():
    mapped = dualad.vmap(lambda x: x * x * dualad.stop_gradient(x))
    x = np.array([1.0, 2.0])
    value, (first, second) = dualad.taylor(mapped, (x,), (np.ones(2),), 2)
    np.testing.assert_array_equal(first, 2.0 * x * x)
    np.testing.assert_array_equal(second, x)
    np.testing.assert_array_equal(value, x**3)


@njit
def wave(x, s):
    return np.sin(x) * s


def test_in_jitted_code():
    @njit
    def f(x):
        return dualad.taylor(wave, (x, 2.0), (x, None), 3)

    x = np.array([0.5, 1.0])
    value, (first, second, last) = f(x)
    np.testing.assert_allclose(value, 2.0 * np.sin(x))
    np.testing.assert_allclose(first, 2.0 * np.cos(x) * x)
    np.testing.assert_allclose(second, -np.sin(x) * x**2)
    np.testing.assert_allclose(last, -2.0 * np.cos(x) * x**3 / 6.0)


def test_single_precision_and_zero_coefficients_at_edges():
    value, (first, second) = dualad.taylor(lambda x: x * x, (np.float32(3.0),), (np.float32(1.0),), 2)
    assert (value, first, second) == (9.0, 6.0, 1.0) and isinstance(first, float)
    found = dualad.taylor(lambda x, y: math.sqrt(x) + y * y, (0.0, 1.0), (0.0, 1.0), 2)
    assert found == (1.0, (2.0, 1.0))  # what is held at the edge adds nothing


# ---------------------------------------------------------------- refusals


def test_refusals():
    for order in (0, -1, 1.0, True):
        text = complaint(lambda order=order: dualad.taylor(math_exp, (1.0,), (1.0,), order), dualad.ArgumentError)
        assert "order must be a positive integer" in text
    text = complaint(lambda: dualad.taylor(math_exp, (1.0,), (np.ones(2),), 2), dualad.ArgumentError)
    assert "the direction of x" in text
    text = complaint(lambda: dualad.taylor(lambda a: np.linalg.inv(a), (np.eye(2),), (np.eye(2),), 2))
    assert "the Taylor series of inv is not supported" in text and "test_taylor.py, line" in text
    text = complaint(lambda: dualad.taylor(lambda x: dualad.grad(math_exp)(x), (1.0,), (1.0,), 2))
    assert "the Taylor series of a derivative inside" in text and "test_taylor.py, line" in text
    text = complaint(lambda: dualad.taylor(power, (1.0, 3), (1.0, None), 2))
    assert "the Taylor series of a recursive function" in text


def math_exp(x):
    return math.exp(x)


def power(x, n):
    return x * power(x, n - 1) if n > 0 else 1.0
