"""Trigonometric and hyperbolic functions, their inverses, angles in degrees, and lengths in the plane."""

import math

import numpy as np

from .arithmetic import vanishing
from .registry import pointwise

DEGREES_PER_RADIAN = 180.0 / math.pi
RADIANS_PER_DEGREE = math.pi / 180.0


@pointwise(math.sin, np.sin)
def sin(x):
    return math.sin(x), (math.cos(x),)


@pointwise(math.cos, np.cos)
def cos(x):
    return math.cos(x), (-math.sin(x),)


@pointwise(math.tan, np.tan)
def tan(x):  # no double is an odd multiple of pi/2: the partial is large there, never infinite
    value = math.tan(x)
    return value, (1.0 + value * value,)


@pointwise(math.asin, np.arcsin, singular=True)
def asin(x):  # +inf at -1 and 1; NaN outside, as the value
    return math.asin(x), (1.0 / math.sqrt((1.0 - x) * (1.0 + x)),)


@pointwise(math.acos, np.arccos, singular=True)
def acos(x):  # -inf at -1 and 1; NaN outside, as the value
    return math.acos(x), (-1.0 / math.sqrt((1.0 - x) * (1.0 + x)),)


@pointwise(math.atan, np.arctan)
def atan(x):
    return math.atan(x), (1.0 / (1.0 + x * x),)


@pointwise(math.atan2, np.arctan2, singular=True)
def atan2(y, x):  # NaN at the origin, where no limit exists; across the cut the value jumps, the partials do not
    # x / (x**2 + y**2) without the squares, which may overflow or underflow
    flat = math.fabs(x) >= math.fabs(y)
    ratio = y / x if flat else x / y
    inverse = 1.0 / (x + y * ratio) if flat else 1.0 / (y + x * ratio)
    return math.atan2(y, x), (inverse if flat else ratio * inverse, -ratio * inverse if flat else -inverse)


@pointwise(math.sinh, np.sinh, overflows=True)
def sinh(x):
    return math.sinh(x), (math.cosh(x),)


@pointwise(math.cosh, np.cosh, overflows=True)
def cosh(x):
    return math.cosh(x), (math.sinh(x),)


@pointwise(math.tanh, np.tanh)
def tanh(x):
    value = math.tanh(x)
    return value, (1.0 - value * value,)


@pointwise(math.asinh, np.arcsinh)
def asinh(x):
    return math.asinh(x), (1.0 / math.hypot(x, 1.0) if math.isfinite(x) else 1.0 / x,)


@pointwise(math.acosh, np.arccosh, singular=True)
def acosh(x):  # +inf at 1; NaN below, as the value (one root of the product would be finite for x < -1)
    return math.acosh(x), (1.0 / (math.sqrt(x - 1.0) * math.sqrt(x + 1.0)),)


@pointwise(math.atanh, np.arctanh, pole=True)
def atanh(x):  # +inf at -1 and 1, where the value is infinite; NaN outside, as the value
    return math.atanh(x), (1.0 / ((1.0 - x) * (1.0 + x)) if math.fabs(x) <= 1.0 else math.nan + vanishing(x),)


@pointwise(np.sinc)
def sinc(x):
    # sin(pi x) / (pi x), with value 1 and partial 0 at 0. Near 0 the quotient cancels: there the Taylor series of the
    # partial, to x**13. Both branches carry all higher derivatives.
    value = np.sinc(x)
    angle = math.pi * x
    s = angle * angle
    tail = 1.0 / 15120.0 - s * (1.0 / 1330560.0 - s * (1.0 / 172972800.0 - s * (1.0 / 31135104000.0)))
    return value, (
        -math.pi / 3.0 * angle * (1.0 - s * (0.1 - s * (1.0 / 280.0 - s * tail)))
        if math.fabs(x) < 0.1
        else (math.cos(angle) - value) / x,
    )


@pointwise(math.degrees, np.degrees, np.rad2deg, cheap=True)
def degrees(x):
    return math.degrees(x), (DEGREES_PER_RADIAN,)


@pointwise(math.radians, np.radians, np.deg2rad, cheap=True)
def radians(x):
    return math.radians(x), (RADIANS_PER_DEGREE,)


@pointwise(math.hypot, np.hypot)
def hypot(x, y):
    # 0 at the origin, the middle of the subdifferential, in both modes, with second derivatives that are NaN; NaN where
    # the value is infinite
    value = math.hypot(x, y)
    edge = (0.0 if value == 0.0 else math.nan) + vanishing(x) + vanishing(y)
    return value, (x / value if 0.0 < value < math.inf else edge, y / value if 0.0 < value < math.inf else edge)
