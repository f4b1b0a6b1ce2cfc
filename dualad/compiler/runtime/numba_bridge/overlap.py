"""Whether two arrays share memory, asked at run time.

As jitted functions these were a fifth of the time that the gradient of a loop in place takes to be compiled, once for
each pair of array types; here they are some instructions a dimension.
"""

from __future__ import annotations

from llvmlite import ir as lir
from numba import types
from numba.core import cgutils
from numba.np.arrayobj import make_array

from ....errors import ArgumentError
from .inline import once_a_module

SHARED = "two array arguments share memory and the function writes into one: pass a copy"


class _Layout:
    """Lengths, strides (as absolute values) and ends of the memory of an array, as LLVM values."""

    def __init__(self, context: object, builder: lir.IRBuilder, ty: types.Array, value: object):
        array = make_array(ty)(context, builder, value)
        self.lengths, strides = cgutils.unpack_tuple(builder, array.shape), cgutils.unpack_tuple(builder, array.strides)
        self.item, zero = array.itemsize, lir.Constant(array.itemsize.type, 0)
        self.low = builder.ptrtoint(array.data, zero.type)
        self.high, self.strides, self.is_empty = builder.add(self.low, self.item), [], cgutils.false_bit
        for length, stride in zip(self.lengths, strides, strict=True):
            reach = builder.mul(builder.sub(length, lir.Constant(zero.type, 1)), stride)
            is_back = builder.icmp_signed("<", reach, zero)
            self.low = builder.add(self.low, builder.select(is_back, reach, zero))
            self.high = builder.add(self.high, builder.select(is_back, zero, reach))
            self.is_empty = builder.or_(self.is_empty, builder.icmp_signed("==", length, zero))
            self.strides.append(builder.select(builder.icmp_signed("<", stride, zero), builder.neg(stride), stride))

    def part_of(self, builder: lir.IRBuilder, period: object) -> object:
        """Return how many bytes of a period lie between the first and the last of the array's."""
        part, zero = self.item, lir.Constant(period.type, 0)
        for length, stride in zip(self.lengths, self.strides, strict=True):
            more = builder.mul(builder.sub(length, lir.Constant(zero.type, 1)), stride)
            is_within = builder.icmp_signed("!=", builder.srem(stride, period), zero)
            part = builder.add(part, builder.select(is_within, more, zero))
        return part


def both_arrays(a: object, b: object) -> bool:
    """Whether two types are those of arrays."""
    return isinstance(a, types.Array) and isinstance(b, types.Array)


def disjoint_code(context, builder, sig, args):
    """Write whether all memory of one array lies before that of another."""
    a, b = (_Layout(context, builder, ty, x) for ty, x in zip(sig.args, args, strict=True))
    return builder.or_(builder.icmp_signed("<=", a.high, b.low), builder.icmp_signed("<=", b.high, a.low))


def _check(context, builder, sig, args):
    """Write the refusal of arrays that share memory; see `helpers.check_no_overlap`."""
    a, b = (_Layout(context, builder, ty, x) for ty, x in zip(sig.args, args, strict=True))
    meet = builder.and_(builder.icmp_signed("<", a.low, b.high), builder.icmp_signed("<", b.low, a.high))
    meet = builder.and_(meet, builder.not_(builder.or_(a.is_empty, b.is_empty)))
    with cgutils.if_unlikely(builder, meet):
        lie_in_gaps = cgutils.false_bit
        for stride in (*a.strides, *b.strides):
            lie_in_gaps = builder.or_(lie_in_gaps, _lie_apart(builder, a, b, stride))
        with cgutils.if_unlikely(builder, builder.not_(lie_in_gaps)):
            context.call_conv.return_user_exc(builder, ArgumentError, (SHARED,))
    return context.get_dummy_value()


def _lie_apart(builder: lir.IRBuilder, a: _Layout, b: _Layout, stride: object) -> object:
    """Whether each of two arrays takes a part of its own of every period, the stride of an axis."""
    zero, one = lir.Constant(stride.type, 0), lir.Constant(stride.type, 1)
    is_period = builder.icmp_signed("!=", stride, zero)
    period = builder.select(is_period, stride, one)
    start = builder.srem(builder.sub(b.low, a.low), period)
    start = builder.select(builder.icmp_signed("<", start, zero), builder.add(start, period), start)
    is_behind = builder.icmp_signed(">=", start, a.part_of(builder, period))
    is_before_next = builder.icmp_signed("<=", builder.add(start, b.part_of(builder, period)), period)
    return builder.and_(is_period, builder.and_(is_behind, is_before_next))


check_code = once_a_module("check_no_overlap", _check)
