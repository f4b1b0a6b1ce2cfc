"""Exponentials, logarithms and roots."""

import math

import numpy as np

from .arithmetic import vanishing
from .registry import pointwise

LN2 = math.log(2.0)
INVERSE_LN2 = 1.0 / math.log(2.0)
INVERSE_LN10 = 1.0 / math.log(10.0)


@pointwise(math.exp, np.exp, overflows=True)
def exp(x):
    value = math.exp(x)
    return value, (value,)


@pointwise(math.exp2, np.exp2, overflows=True)
def exp2(x):
    value = math.exp2(x)
    return value, (value * LN2,)


@pointwise(math.expm1, np.expm1, overflows=True)
def expm1(x):
    value = math.expm1(x)
    return value, (value + 1.0,)


@pointwise(math.log, np.log, pole=True)
def log(x):  # +inf at 0, and at -0.0 too; NaN below, as the value
    return math.log(x), (1.0 / (x + 0.0) if x >= 0.0 else math.nan + vanishing(x),)


@pointwise(math.log2, np.log2, pole=True)
def log2(x):  # +inf at 0, and at -0.0 too; NaN below, as the value
    return math.log2(x), (INVERSE_LN2 / (x + 0.0) if x >= 0.0 else math.nan + vanishing(x),)


@pointwise(math.log10, np.log10, pole=True)
def log10(x):  # +inf at 0, and at -0.0 too; NaN below, as the value
    return math.log10(x), (INVERSE_LN10 / (x + 0.0) if x >= 0.0 else math.nan + vanishing(x),)


@pointwise(math.log1p, np.log1p, pole=True)
def log1p(x):  # +inf at -1; NaN below, as the value
    return math.log1p(x), (1.0 / (1.0 + x) if x >= -1.0 else math.nan + vanishing(x),)


@pointwise(math.sqrt, np.sqrt, singular=True)
def sqrt(x):  # +inf at 0, and at -0.0 too: adding 0.0 takes the sign off that zero
    value = math.sqrt(x)
    return value, (0.5 / (value + 0.0),)


@pointwise(np.cbrt, singular=True)
def cbrt(x):  # +inf at 0
    value = np.cbrt(x)
    return value, (1.0 / (3.0 * value * value),)


@pointwise(np.logaddexp)
def logaddexp(x, y):  # half each where both are the same infinity, as for every x = y
    difference = x - y if math.isfinite(x) or x != y else 0.0
    return np.logaddexp(x, y), (1.0 / (1.0 + math.exp(-difference)), 1.0 / (1.0 + math.exp(difference)))


@pointwise(np.logaddexp2)
def logaddexp2(x, y):  # half each where both are the same infinity, as for every x = y
    difference = x - y if math.isfinite(x) or x != y else 0.0
    return np.logaddexp2(x, y), (1.0 / (1.0 + math.exp2(-difference)), 1.0 / (1.0 + math.exp2(difference)))


@pointwise(math.ldexp, np.ldexp)
def ldexp(x, n):  # n is an integer: no derivative by it
    return math.ldexp(x, n), (math.ldexp(1.0, n), 0.0)
