"""Packs: several tangents of one number in a vector register, as a Numba type.

A pack has the arithmetic that tangents need: sums, and products with numbers. Arrays have packs as their elements; a
view of them is the view of all tangents.
"""

from __future__ import annotations

import functools
import operator
from types import SimpleNamespace

import llvmlite.ir as lir
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model
from numba.np.arrayobj import populate_array

from ...rules.broadcasting import stretch
from .. import vector_math

_DOUBLE = lir.DoubleType()
_NUMBERS = (types.Number, types.Boolean)


class PackType(types.Type):
    """The type of `width` tangents."""

    def __init__(self, width: int):
        self.width = width
        super().__init__(name=f"pack({width})")

    @property
    def vector(self) -> lir.VectorType:
        return lir.VectorType(_DOUBLE, self.width)


@register_model(PackType)
class _PackModel(models.PrimitiveModel):
    """A vector in registers; in memory the same in a struct that asks for no alignment."""

    def __init__(self, dmm: object, fe_type: PackType):
        super().__init__(dmm, fe_type, fe_type.vector)
        self._stored = lir.LiteralStructType([fe_type.vector], packed=True)

    def get_data_type(self) -> lir.Type:
        return self._stored

    def as_data(self, builder: object, value: object) -> object:
        return builder.insert_value(lir.Constant(self._stored, lir.Undefined), value, 0)

    def from_data(self, builder: object, value: object) -> object:
        return builder.extract_value(value, 0)


# ---------------------------------------------------------------- arithmetic


def _spread(context: object, builder: object, x: object, ty: object, pack: PackType) -> object:
    """Return a vector of one number."""
    number = context.cast(builder, x, ty, types.float64)
    one = builder.insert_element(lir.Constant(pack.vector, lir.Undefined), number, lir.IntType(32)(0))
    mask = lir.Constant(lir.VectorType(lir.IntType(32), pack.width), [lir.IntType(32)(0)] * pack.width)
    return builder.shuffle_vector(one, lir.Constant(pack.vector, lir.Undefined), mask)


def _lanewise(instruction: str, flags: tuple[str, ...] = ()) -> object:
    """Return an intrinsic that applies an LLVM instruction to packs, or to a pack and a number."""

    @intrinsic
    def operation(typing_context, x, y):
        pack = x if isinstance(x, PackType) else y

        def codegen(context, builder, signature, args):
            vectors = [
                a if isinstance(t, PackType) else _spread(context, builder, a, t, pack)
                for a, t in zip(args, signature.args, strict=True)
            ]
            return getattr(builder, instruction)(*vectors, flags=flags)

        return pack(x, y), codegen

    return operation


@intrinsic
def _times(typing_context, x, pack):
    """A product with a number that may be infinite: a tangent that is 0 stays 0."""

    def codegen(context, builder, signature, args):
        zero = lir.Constant(pack.vector, None)
        product = builder.fmul(_spread(context, builder, args[0], signature.args[0], pack), args[1])
        return builder.select(builder.fcmp_unordered("!=", args[1], zero), product, zero)

    return pack(x, pack), codegen


def _give_meaning(function: object, code: object, kinds: tuple[str, ...]) -> None:
    """Compile a function of two operands that are packs ("p") and numbers ("n")."""

    def choose(x, y):
        found = "".join("p" if isinstance(t, PackType) else "n" if isinstance(t, _NUMBERS) else "-" for t in (x, y))
        return (lambda x, y: code(x, y)) if found in kinds else None

    overload(function)(choose)


for _add, _subtract in ((operator.add, operator.sub), (operator.iadd, operator.isub)):
    _give_meaning(_add, _lanewise("fadd"), ("pp",))
    _give_meaning(_subtract, _lanewise("fsub"), ("pp",))
_give_meaning(operator.mul, _lanewise("fmul"), ("pn", "np"))
_give_meaning(operator.truediv, _lanewise("fdiv"), ("pn",))
_give_meaning(vector_math.add, _lanewise("fadd", ("reassoc", "contract")), ("pp",))
_give_meaning(vector_math.times, _times, ("np",))


@overload(operator.neg)
def _negated(x):
    return (lambda x: -1.0 * x) if isinstance(x, PackType) else None


# ---------------------------------------------------------------- arrays


def _array_of(
    context: object, builder: object, ty: object, like: object, data: object, axes: list[int], size: int, last: int = 0
) -> object:
    """Return an array of type `ty` over the memory of another array, with its shape and strides along some axes.

    Its elements take `size` bytes; `last` is the length of a further, contiguous axis.
    """
    made = context.make_array(ty)(context, builder)
    shape = [builder.extract_value(like.shape, k) for k in axes]
    strides = [builder.extract_value(like.strides, k) for k in axes]
    itemsize = context.get_constant(types.intp, size)
    if last:
        shape.append(context.get_constant(types.intp, last))
        strides.append(itemsize)
    populate_array(made, builder.bitcast(data, made.data.type), shape, strides, itemsize, like.meminfo, like.parent)
    return made._getvalue()


@functools.cache
def packs_of(width: int) -> SimpleNamespace:
    """Return the functions that generated code needs of packs of a width, which is a power of two.

    `join` makes a pack of numbers, or an array of packs of arrays; `lane` takes one out of it; `zero` is a pack of
    zeros, `zeros_like` an array of them; `stretched` is an array of packs broadcast to a shape.
    """
    if width & (width - 1):
        raise ValueError(f"the width of a pack must be a power of two, not {width}")  # LLVM's arrays would have gaps
    pack = PackType(width)

    @intrinsic
    def joined(typing_context, xs):
        def codegen(context, builder, signature, args):
            vector = lir.Constant(pack.vector, None)
            for k in range(width):
                x = builder.extract_value(args[0], k)
                vector = builder.insert_element(vector, x, lir.IntType(32)(k))
            return vector

        return pack(xs), codegen

    @intrinsic
    def as_packs(typing_context, cells):
        array = types.Array(pack, cells.ndim - 1, "C")

        def codegen(context, builder, signature, args):
            like = context.make_array(cells)(context, builder, args[0])
            context.nrt.incref(builder, cells, args[0])
            return _array_of(context, builder, array, like, like.data, list(range(cells.ndim - 1)), 8 * width)

        return array(cells), codegen

    @intrinsic
    def as_cells(typing_context, x):
        array = types.Array(types.float64, x.ndim + 1, "C" if x.layout == "C" else "A")

        def codegen(context, builder, signature, args):
            like = context.make_array(x)(context, builder, args[0])
            context.nrt.incref(builder, x, args[0])
            return _array_of(context, builder, array, like, like.data, list(range(x.ndim)), 8, width)

        return array(x), codegen

    @intrinsic
    def lane_of(typing_context, x, k):
        if x is pack or isinstance(x, PackType):
            number = types.float64

            def codegen(context, builder, signature, args):
                return builder.extract_element(args[0], builder.trunc(args[1], lir.IntType(32)))

        else:
            number = types.Array(types.float64, x.ndim, "A")

            def codegen(context, builder, signature, args):
                like = context.make_array(x)(context, builder, args[0])
                context.nrt.incref(builder, x, args[0])
                first = builder.bitcast(like.data, _DOUBLE.as_pointer())
                data = cgutils.gep(builder, first, args[1])
                return _array_of(context, builder, number, like, data, list(range(x.ndim)), 8)

        return number(x, types.intp), codegen

    def zero():
        """A pack of zeros."""

    def zeros_like(x):
        """An array of packs of zeros, of the shape of an array."""

    def join(*xs):
        """The pack of some numbers, or the array of packs of some arrays of one shape."""

    def lane(x, k):
        """One number of a pack, or one array of numbers out of an array of packs."""

    def stretched(x, shape, own):
        """An array of packs, broadcast to a shape; `own` is its own."""

    @overload(stretched)
    def stretched_code(x, shape, own):
        tail = (width,)
        return lambda x, shape, own: as_packs(stretch(as_cells(x), shape + tail, own + tail))

    @overload(zero)
    def zero_code():
        zeros = (0.0,) * width
        return lambda: joined(zeros)

    @overload(zeros_like)
    def zeros_code(x):
        tail = (width,)
        return lambda x: as_packs(np.zeros(x.shape + tail))

    @overload(join)
    def join_code(*xs):
        xs = xs[0] if isinstance(xs[0], types.BaseTuple) else xs
        if not isinstance(xs[0], types.Array):
            return lambda *xs: joined(xs)
        tail = (width,)

        def code(*xs):
            cells = np.empty((xs[0].size, width))
            for k in range(width):
                flat = xs[k].ravel()
                for i in range(flat.size):
                    cells[i, k] = flat[i]
            return as_packs(cells.reshape(xs[0].shape + tail))

        return code

    @overload(lane)
    def lane_code(x, k):
        return lambda x, k: lane_of(x, k)

    return SimpleNamespace(width=width, zero=zero, zeros_like=zeros_like, stretched=stretched, join=join, lane=lane)
