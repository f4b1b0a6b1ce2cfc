"""Memory of tapes, which grows, and arrays that are not counted as references: their code goes into the caller."""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.np.arrayobj import populate_array


def type_of_memory(dtype: object) -> object:
    """Return the type of new memory for numbers of a type."""
    return types.Array(dtype.dtype, 1, "C")


def owned_memory(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of an array whose memory `borrowed_array` shows and `enlarged_array` extends."""
    array, size = sig.return_type, context.get_constant(types.intp, 64)
    meminfo = context.nrt.meminfo_new_varsize(builder, builder.mul(size, _itemsize(context, array)))
    return _array_of(context, builder, array, meminfo, size, meminfo, None)


def borrowed_array(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of an array that shows an owner's memory, and is valid as long as the owner lives.

    Numba counts the references to an array that a loop may exchange for another one, in each trip and atomically,
    which takes longer than filling the array. This array takes no part in that: it has no `meminfo`; that of the owner
    stands in its field `parent`, which nopython code does not look at.
    """
    array = context.make_array(sig.args[0])(context, builder, args[0])
    size = builder.extract_value(array.shape, 0)
    return _array_of(context, builder, sig.return_type, array.meminfo, size, None, array.meminfo)


def enlarged_array(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of a larger array in the place of a borrowed one, which must not be used again.

    It has room for as many elements as are asked for, and half as many again as there were.
    """
    ty = sig.return_type
    array = context.make_array(ty)(context, builder, args[0])
    needed = context.cast(builder, args[1], sig.args[1], types.intp)
    old = builder.extract_value(array.shape, 0)
    more = builder.add(old, builder.ashr(old, old.type(1)))
    size = builder.select(builder.icmp_signed(">", needed, more), needed, more)
    return _reallocated(context, builder, ty, array, size)


def resized_array(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of an array of another size in the place of a borrowed one, which must not be used again."""
    array = context.make_array(sig.return_type)(context, builder, args[0])
    size = context.cast(builder, args[1], sig.args[1], types.intp)
    return _reallocated(context, builder, sig.return_type, array, size)


def _reallocated(context: object, builder: object, ty: types.Array, array: object, size: object) -> object:
    meminfo = builder.bitcast(array.parent, cgutils.voidptr_t)
    context.nrt.meminfo_varsize_realloc(builder, meminfo, builder.mul(size, _itemsize(context, ty)))
    return _array_of(context, builder, ty, meminfo, size, None, meminfo)


def lent_array(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of an array that is no counted reference to its memory, valid as long as that it is made of."""
    made = context.make_array(sig.args[0])(context, builder, args[0])
    made.meminfo = cgutils.get_null_value(made.meminfo.type)
    return made._getvalue()


def still_needed(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write no code: the argument lives up to here."""
    return context.get_dummy_value()


def _array_of(
    context: object,
    builder: object,
    array: types.Array,
    memory: object,
    size: object,
    meminfo: object | None,
    parent: object | None,
) -> object:
    """Return the Numba array over the memory of a `memory` information, of `size` elements."""
    made = context.make_array(array)(context, builder)
    data = builder.bitcast(context.nrt.meminfo_data(builder, memory), made.data.type)
    itemsize = _itemsize(context, array)
    parent = None if parent is None else builder.bitcast(parent, made.parent.type)
    populate_array(made, data, [size], [itemsize], itemsize, meminfo, parent)
    return made._getvalue()


def _itemsize(context: object, array: types.Array) -> object:
    return context.get_constant(types.intp, array.dtype.bitwidth // 8)
