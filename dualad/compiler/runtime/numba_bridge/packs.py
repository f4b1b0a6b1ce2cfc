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

from ....rules.broadcasting import stretch
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


def _guarded(either: bool) -> object:
    """Return the code of a product that is 0 where the pack is, or either factor is, whatever the other one."""

    @intrinsic
    def code(typing_context, x, pack):
        def codegen(context, builder, signature, args):
            zero = lir.Constant(pack.vector, None)
            x, y = _spread(context, builder, args[0], signature.args[0], pack), args[1]
            counts = builder.fcmp_unordered("!=", y, zero)
            if either:
                counts = builder.and_(counts, builder.fcmp_unordered("!=", x, zero))
            return builder.select(counts, builder.fmul(x, y), zero)

        return pack(x, pack), codegen

    return code


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
_give_meaning(vector_math.times, _guarded(either=True), ("np",))
_give_meaning(vector_math.scaled, _guarded(either=False), ("np",))


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

    `zero` is a pack of zeros, `zeros_like` an array of them, `unit` a pack of zeros with one 1, if the place is within;
    `lane` is one number of a pack, or the view of one in each pack of an array. `seed` and `store` look at a pack as a
    part of a longer row that begins at some place: `seed` writes a number in the row of each element of an array, at
    the element's own place, `paint` a weight at the place of its colour; `store` writes packs into the rows of a
    Jacobian, or into its single column. `add_to` adds up arrays of packs. `stretched`
    is an array of packs, broadcast to a shape.
    """
    if width & (width - 1):
        raise ValueError(f"the width of a pack must be a power of two, not {width}")  # LLVM's arrays would have gaps
    pack = PackType(width)

    @intrinsic
    def zero_of(typing_context):
        return pack(), lambda context, builder, signature, args: lir.Constant(pack.vector, None)

    @intrinsic
    def unit_of(typing_context, k):
        def codegen(context, builder, signature, args):
            one = lir.Constant(_DOUBLE, 1.0)
            return builder.insert_element(lir.Constant(pack.vector, None), one, builder.trunc(args[0], lir.IntType(32)))

        return pack(types.intp), codegen

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

    def unit(k):
        """A pack of zeros with a 1 at place k, if there is one."""

    def zeros_like(x):
        """An array of packs of zeros, of the shape of an array."""

    def lane(x, k):
        """One number of a pack, or one array of numbers out of an array of packs."""

    def seed(x, first, value):
        """Write a value into pack k of an array, for each k, at place k - first if there is one."""

    def paint(x, offset, first, colours, weights):
        """Write the weight of each element of an array, of a colour from `first` on, at the place of its colour."""

    def store(jacobian, first, x):
        """Write a pack into a row that it is a part of, or each pack of an array into a row, or one place of each."""

    def add_to(x, y):
        """Add an array of packs to another one."""

    def stretched(x, shape, own):
        """An array of packs, broadcast to a shape; `own` is its own."""

    @overload(zero)
    def zero_code():
        return lambda: zero_of()

    @overload(unit)
    def unit_code(k):
        return lambda k: unit_of(k) if 0 <= k < width else zero_of()

    @overload(zeros_like)
    def zeros_code(x):
        tail = (width,)
        return lambda x: as_packs(np.zeros(x.shape + tail))

    @overload(lane)
    def lane_code(x, k):
        return lambda x, k: lane_of(x, k)

    @overload(seed)
    def seed_code(x, first, value):
        def code(x, first, value):
            cells = as_cells(x).reshape(x.size, width)
            for k in range(max(first, 0), min(first + width, x.size)):
                cells[k, k - first] = value

        return code

    @overload(paint)
    def paint_code(x, offset, first, colours, weights):
        def code(x, offset, first, colours, weights):
            cells = as_cells(x).reshape(x.size, width)
            for k in range(x.size):
                cells[k] = 0.0
                place = colours[offset + k] - first
                if 0 <= place < width:
                    cells[k, place] = weights[offset + k]

        return code

    @overload(store)
    def store_code(jacobian, first, x):
        def store_row(jacobian, first, x):
            for k in range(max(first, 0), min(first + width, jacobian.size)):
                jacobian[k] = lane_of(x, k - first)

        def store_column(jacobian, first, x):
            if first <= 0 < first + width:
                r = 0
                for number in lane_of(x, -first).flat:
                    jacobian[r] = number
                    r += 1

        def store_rows(jacobian, first, x):
            for k in range(max(first, 0), min(first + width, jacobian.shape[1])):
                r = 0
                for number in lane_of(x, k - first).flat:
                    jacobian[r, k] = number
                    r += 1

        def store_contiguous(jacobian, first, x):
            cells = as_cells(x).reshape(x.size, width)
            for r in range(x.size):
                for k in range(max(first, 0), min(first + width, jacobian.shape[1])):
                    jacobian[r, k] = cells[r, k - first]

        if not isinstance(x, types.Array):
            return store_row
        if jacobian.ndim == 1:
            return store_column
        return store_contiguous if x.layout == "C" else store_rows

    @overload(add_to)
    def add_to_code(x, y):
        def code(x, y):
            cells = as_cells(x)
            cells += as_cells(y)

        return code

    @overload(stretched)
    def stretched_code(x, shape, own):
        tail = (width,)
        return lambda x, shape, own: as_packs(stretch(as_cells(x), shape + tail, own + tail))

    functions = (zero, unit, zeros_like, lane, seed, paint, store, add_to, stretched)
    return SimpleNamespace(width=width, **{f.__name__: f for f in functions})
