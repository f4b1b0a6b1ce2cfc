"""Arithmetic: operators, powers, remainders, and the functions that pick one of their arguments."""

import builtins
import math
import operator

import numpy as np
from numba import njit

from .registry import constant, pointwise


@njit(error_model="numpy")
def vanishing(x: float) -> float:
    """Return 0: a derivative at a point where x has none of the next order."""
    return 0.0


@pointwise(vanishing, singular=True)
def vanishing_rule(x):  # NaN
    return 0.0, (math.nan,)


@pointwise(operator.add, np.add, cheap=True)
def add(x, y):
    return x + y, (1.0, 1.0)


@pointwise(operator.sub, np.subtract, cheap=True)
def sub(x, y):
    return x - y, (1.0, -1.0)


@pointwise(operator.neg, np.negative, cheap=True)
def neg(x):
    return -x, (-1.0,)


@pointwise(operator.pos, np.positive, cheap=True)
def pos(x):
    return +x, (1.0,)


@pointwise(operator.mul, np.multiply, cheap=True)
def mul(x, y):
    return x * y, (y, x)


@pointwise(operator.truediv, np.true_divide, pole=True)
def truediv(x, y):
    value = x / y
    return value, (1.0 / y, -value / y)


@pointwise(np.reciprocal, pole=True)
def reciprocal(x):
    value = 1.0 / x
    return value, (-value * value,)


@pointwise(np.square, cheap=True)
def square(x):
    return x * x, (2.0 * x,)


@pointwise(operator.pow, math.pow, np.power, np.float_power, singular=True, overflows=True)
def pow(x, y):
    # At x = 0 the partial by x is y * 0**(y-1): 0 for y > 1, 1 for y = 1, infinite below, 0 for y = 0 (and only there
    # by decree: for other x, the product at y = 0 is what has the right mixed second derivative, 1 / x). The partial
    # by y is 0 at x = 0 (the limit for y > 0), and that by both infinite for y <= 1: NaN. For x < 0 the partial by y
    # does not exist, nor do further ones: NaN, and so where x is NaN.
    value = x**y
    nowhere = math.nan + vanishing(x) + vanishing(y)
    return value, (
        (0.0 if x == 0.0 and y == 0.0 else y * x ** (y - 1)) + vanishing(y)
        if x == 0.0 and y <= 1.0 or x < 0.0 and y == 0.0
        else y * x ** (y - 1),
        value * math.log(x)
        if x > 0.0
        else (0.0 if x == 0.0 and y > 1.0 else (vanishing(x) if x == 0.0 and y >= 0.0 else nowhere)),
    )


@pointwise(operator.mod, np.mod, singular=True)
def mod(x, y):  # between its jumps x - n*y with n = floor(x / y) constant, which the value itself tells
    value = x % y
    return value, (1.0, -np.rint((x - value) / y))


@pointwise(math.fmod, np.fmod, singular=True)
def fmod(x, y):  # as mod, with n truncated: the value has the sign of x
    value = np.fmod(x, y)
    return value, (1.0, -np.rint((x - value) / y))


@pointwise(builtins.abs, math.fabs, np.abs, np.fabs, cheap=True)
def abs(x):  # 0 at 0, the middle of the subdifferential, in both modes
    return math.fabs(x), (1.0 if x > 0.0 else (-1.0 if x < 0.0 else x * 0.0),)


@pointwise(math.copysign, np.copysign, cheap=True)
def copysign(x, y):  # a signed zero has a sign of its own: copysign(1, x) sees it
    return math.copysign(x, y), (math.copysign(1.0, x) * math.copysign(1.0, y), 0.0)


@pointwise(builtins.max, cheap=True)
def max(x, y):  # a tie goes to both halves, in both modes; where one is NaN, Python keeps the first
    return (y if y > x else x), (
        0.0 if y > x else (0.5 if x == y else 1.0),
        1.0 if y > x else (0.5 if x == y else 0.0),
    )


@pointwise(builtins.min, cheap=True)
def min(x, y):  # a tie goes to both halves, in both modes; where one is NaN, Python keeps the first
    return (y if y < x else x), (
        0.0 if y < x else (0.5 if x == y else 1.0),
        1.0 if y < x else (0.5 if x == y else 0.0),
    )


@pointwise(np.maximum, cheap=True)
def maximum(x, y):  # a tie goes to both halves, in both modes; where one is NaN so is the value, and the partials
    return np.maximum(x, y), (
        1.0 if x > y else (0.5 if x == y else (0.0 if x < y else math.nan)),
        1.0 if y > x else (0.5 if x == y else (0.0 if y < x else math.nan)),
    )


@pointwise(np.minimum, cheap=True)
def minimum(x, y):  # a tie goes to both halves, in both modes; where one is NaN so is the value, and the partials
    return np.minimum(x, y), (
        1.0 if x < y else (0.5 if x == y else (0.0 if x > y else math.nan)),
        1.0 if y < x else (0.5 if x == y else (0.0 if y > x else math.nan)),
    )


@pointwise(np.fmax, cheap=True)
def fmax(x, y):  # a tie goes to both halves, in both modes; a NaN loses, and has no derivative
    return np.fmax(x, y), (
        1.0 if x > y or y != y else (0.5 if x == y else 0.0),
        1.0 if y > x or x != x else (0.5 if x == y else 0.0),
    )


@pointwise(np.fmin, cheap=True)
def fmin(x, y):  # a tie goes to both halves, in both modes; a NaN loses, and has no derivative
    return np.fmin(x, y), (
        1.0 if x < y or y != y else (0.5 if x == y else 0.0),
        1.0 if y < x or x != x else (0.5 if x == y else 0.0),
    )


constant(operator.floordiv, np.floor_divide, name="floordiv")
