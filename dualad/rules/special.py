"""The error function, the gamma function and their relatives.

The derivatives of gamma need the polygamma functions, which neither `math` nor Numba has: `digamma` and `polygamma`
below are compiled functions of this module, and primitives themselves, so that derivatives of any order exist. Their
formulas are from the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov), chapter 5.
"""

import math

import numpy as np
from numba import njit

from .registry import pointwise

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)

# Bernoulli numbers B_2, B_4, ..., B_20 (DLMF 24.2.iv).
BERNOULLI = (
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
)

# The positive root of digamma, in two parts, and the Taylor coefficients of digamma about it, highest power first.
DIGAMMA_ROOT = 1.4616321449683622
DIGAMMA_ROOT_REST = 9.549995429965697e-17
DIGAMMA_TAYLOR = (
    0.002305126326734928,
    -0.003369801655439328,
    0.004926781395729853,
    -0.007204534386356869,
    0.010538791616612175,
    -0.01542476590494896,
    0.022597648232218104,
    -0.03316112647484736,
    0.04880428816414311,
    -0.07219956125645471,
    0.10782405069126237,
    -0.16394270544240652,
    0.258499760955651,
    -0.4427631689835921,
    0.9676722454476212,
)


@njit(error_model="numpy")
def digamma(x):
    """Return the logarithmic derivative of the gamma function, psi(x).

    Reflection to x > 0 (DLMF 5.5.4), recurrence to x >= 10 (5.5.2), then the asymptotic series (5.11.2). Around its
    positive root, where these cancel, the Taylor series (coefficients (-1)**k zeta(k, root), from 5.15.1). Infinite
    at 0, with the sign of the limit; NaN at the negative integers.
    """
    shift = 0.0
    if x <= 0.0:
        if x == 0.0:
            return math.copysign(math.inf, -x)
        fraction = x - math.floor(x + 0.5)
        if fraction == 0.0:
            return math.nan
        shift = -math.pi / math.tan(math.pi * fraction)
        x = 1.0 - x
    step = (x - DIGAMMA_ROOT) - DIGAMMA_ROOT_REST
    if math.fabs(step) < 0.1:
        total = 0.0
        for coefficient in DIGAMMA_TAYLOR:
            total = total * step + coefficient
        return shift + total * step
    while x < 10.0:
        shift -= 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    series = 1.0 / 240.0 - z * (1.0 / 132.0 - z * (691.0 / 32760.0 - z / 12.0))
    series = 1.0 / 12.0 - z * (1.0 / 120.0 - z * (1.0 / 252.0 - z * series))
    return shift + (math.log(x) - 0.5 / x - z * series)


@njit(error_model="numpy")
def polygamma(n, x):
    """Return the n-th derivative of digamma, n >= 1.

    Reflection to x > 0 (DLMF 5.15.6), recurrence to x >= 10 + n (5.15.5), then the asymptotic series (5.15.8 for
    n = 1, differentiated from 5.11.2 for the others). The n-th derivative of cot(pi x) is pi**n P_n(cot(pi x)), with
    P_0(c) = c and P_(n+1)(c) = -(1 + c*c) P_n'(c). At the poles infinite where both sides agree, and at 0; NaN else.
    """
    odd = n % 2 == 1
    reflected = 0.0
    sign = 1.0 if odd else -1.0
    if x < 0.0:
        fraction = x - math.floor(x + 0.5)
        if fraction == 0.0:
            return math.inf if odd else math.nan
        cotangent = 1.0 / math.tan(math.pi * fraction)
        polynomial = np.zeros(n + 2)
        polynomial[1] = 1.0
        for _ in range(n):
            derivative = np.zeros(n + 2)
            for k in range(1, n + 2):
                derivative[k - 1] -= k * polynomial[k]
                if k + 1 < n + 2:
                    derivative[k + 1] -= k * polynomial[k]
            polynomial = derivative
        for k in range(n + 1, -1, -1):
            reflected = reflected * cotangent + polynomial[k]
        reflected *= -(math.pi ** (n + 1))
        sign = -1.0
        x = 1.0 - x
    power = 0.0
    while x < 10.0 + n:
        power += 1.0 / x ** (n + 1)
        x += 1.0
    z = 1.0 / (x * x)
    term = 0.5 * n * (n + 1) * z
    series = 1.0 + 0.5 * n / x
    for k in range(len(BERNOULLI)):
        series += BERNOULLI[k] * term
        term *= (2 * k + 2 + n) * (2 * k + 3 + n) / ((2 * k + 3) * (2 * k + 4)) * z
    factorial = 1.0
    for k in range(2, n):
        factorial *= k
    return reflected + sign * factorial * (n * power + series / x**n)


@pointwise(digamma, pole=True)
def psi(x):  # +inf at 0, where digamma is infinite; and at the negative integers, where it is NaN
    return digamma(x), (polygamma(1, x),)


@pointwise(polygamma, pole=True)
def psi_n(n, x):  # n is an integer: no derivative by it
    return polygamma(n, x), (0.0, polygamma(n + 1, x))


@pointwise(math.erf)
def erf(x):
    return math.erf(x), (TWO_OVER_SQRT_PI * math.exp(-x * x),)


@pointwise(math.erfc)
def erfc(x):
    return math.erfc(x), (-TWO_OVER_SQRT_PI * math.exp(-x * x),)


@pointwise(math.gamma, pole=True)
def gamma(x):  # -inf at 0, NaN at the negative integers: the poles
    value = math.gamma(x)
    return value, (value * digamma(x),)


@pointwise(math.lgamma, pole=True)
def lgamma(x):  # -inf at 0 (+inf at -0.0), NaN at the negative integers: the poles
    return math.lgamma(x), (digamma(x),)
