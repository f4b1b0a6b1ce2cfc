"""Rounding, classification, comparison and integer arithmetic, which are constant by pieces; and the type casts."""

import builtins
import math
import operator

import numpy as np

from .registry import constant, pointwise


@pointwise(builtins.float, np.float64, cheap=True)
def float64(x):
    return float(x), (1.0,)


@pointwise(np.float32, cheap=True)
def float32(x):  # the derivative of the number that is rounded, not of the rounding
    return np.float32(x), (1.0,)


@pointwise(math.nextafter, np.nextafter, cheap=True)
def nextafter(x, y):  # the neighbour of x moves with x
    return math.nextafter(x, y), (1.0, 0.0)


# Zero at the jumps as well: the derivative of what is chosen, not of the choice.
constant(math.floor, np.floor, name="floor")
constant(math.ceil, np.ceil, name="ceil")
constant(math.trunc, np.trunc, name="trunc")
constant(builtins.round, np.round, np.around, name="round")
constant(np.rint)
constant(np.sign)
constant(np.spacing)

constant(math.isnan, np.isnan, name="isnan")
constant(math.isinf, np.isinf, name="isinf")
constant(math.isfinite, np.isfinite, name="isfinite")
constant(np.isneginf)
constant(np.isposinf)
constant(np.signbit)
constant(np.isclose)
constant(np.angle)  # of real numbers: 0 or pi

constant(operator.lt, np.less, name="lt")
constant(operator.le, np.less_equal, name="le")
constant(operator.gt, np.greater, name="gt")
constant(operator.ge, np.greater_equal, name="ge")
constant(operator.eq, np.equal, name="eq")
constant(operator.ne, np.not_equal, name="ne")
constant(operator.is_, name="is")
constant(operator.is_not)
constant(operator.contains)
constant(operator.not_, np.logical_not, name="not")
constant(np.logical_and)
constant(np.logical_or)
constant(np.logical_xor)

constant(operator.and_, np.bitwise_and, name="and")
constant(operator.or_, np.bitwise_or, name="or")
constant(operator.xor, np.bitwise_xor, name="xor")
constant(operator.invert, np.bitwise_not, name="invert")
constant(operator.lshift, np.left_shift, name="lshift")
constant(operator.rshift, np.right_shift, name="rshift")
constant(math.gcd, np.gcd, name="gcd")
constant(np.lcm)

constant(builtins.int, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, name="int")
constant(builtins.bool, np.bool_, name="bool")
constant(builtins.len)
constant(builtins.ord)
constant(builtins.chr)
