"""The code of new arrays, copies, products and sums, which goes straight into the caller; see `inline`."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir as lir
from numba import types
from numba.core import cgutils
from numba.core.typing.npydecl import parse_dtype
from numba.np import linalg
from numba.np.arrayobj import make_array, populate_array

_INT = lir.IntType(64)
_NUMBERS = (types.Float, types.Integer, types.Boolean, types.Complex)
_BLAS = (types.float64, types.float32)


# --------------------------------------------------------------------------------------------------------- new arrays


def type_of_new(shape: object, dtype: object = types.float64) -> object:
    """Return the type of np.empty(shape, dtype) and its kin; None if it is not one of those that are made here."""
    dims = shape.types if isinstance(shape, types.BaseTuple) else (shape,)
    if not dims or not all(isinstance(n, types.Integer) and n.signed for n in dims):
        return None
    kind = dtype if isinstance(dtype, types.Float) else _dtype(dtype)
    return None if kind is None else types.Array(kind, len(dims), "C")


def type_of_like(x: object, dtype: object = None) -> object:
    """Return the type of np.empty_like(x, dtype) and its kin; None if it is not one of those that are made here."""
    if type(x) is not types.Array or not x.ndim or not isinstance(x.dtype, _NUMBERS):
        return None
    kind = x.dtype if dtype is None else _dtype(dtype)
    return None if kind is None else types.Array(kind, x.ndim, "F" if x.layout == "F" else "C")


def _dtype(ty: object) -> object:
    if not isinstance(ty, types.NumberClass | types.DType):
        return None
    found = parse_dtype(ty)
    return found if isinstance(found, _NUMBERS) else None


def new_of_shape(filled: bool) -> Callable:
    """Return what writes the code of np.empty(shape), or of np.zeros(shape) if `filled`."""

    def code(context: object, builder: object, sig: object, args: tuple) -> object:
        given = sig.args[0]
        if isinstance(given, types.BaseTuple):
            parts = list(zip(cgutils.unpack_tuple(builder, args[0], given.count), given.types, strict=True))
        else:
            parts = [(args[0], given)]
        sizes = [context.cast(builder, n, ty, types.intp) for n, ty in parts]
        _check_sizes(context, builder, sizes)
        return _new(context, builder, sig.return_type, sizes, filled)._getvalue()

    return code


def new_like(filled: bool) -> Callable:
    """Return what writes the code of np.empty_like(x), or of np.zeros_like(x) if `filled`."""

    def code(context: object, builder: object, sig: object, args: tuple) -> object:
        x = make_array(sig.args[0])(context, builder, args[0])
        sizes = cgutils.unpack_tuple(builder, x.shape, sig.args[0].ndim)
        return _new(context, builder, sig.return_type, sizes, filled)._getvalue()

    return code


def copy(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of np.copy(x)."""
    ty, made = sig.args[0], sig.return_type
    x = make_array(ty)(context, builder, args[0])
    sizes = cgutils.unpack_tuple(builder, x.shape, ty.ndim)
    out = _new(context, builder, made, sizes, False)
    if ty.layout == made.layout:
        cgutils.raw_memcpy(builder, out.data, x.data, x.nitems, x.itemsize, align=1)
    else:
        strides = [cgutils.unpack_tuple(builder, a.strides, ty.ndim) for a in (x, out)]
        with cgutils.loop_nest(builder, sizes, _INT) as index:
            places = [
                cgutils.get_item_pointer2(context, builder, a.data, sizes, s, t.layout, index)
                for a, s, t in zip((x, out), strides, (ty, made), strict=True)
            ]
            builder.store(builder.load(places[0]), places[1])
    return out._getvalue()


def type_of_eye(n: object, m: object = None) -> object:
    """Return the type of np.eye(n, m); None if it is not one of those that are made here."""
    sizes = (n,) if m is None else (n, m)
    return types.Array(types.float64, 2, "C") if all(isinstance(k, types.Integer) and k.signed for k in sizes) else None


def eye(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of np.eye(n, m)."""
    sizes = [context.cast(builder, n, ty, types.intp) for n, ty in zip(args, sig.args, strict=True)]
    _check_sizes(context, builder, sizes)
    rows, columns = sizes[0], sizes[-1]
    out = _new(context, builder, sig.return_type, [rows, columns], True)
    shorter = builder.select(builder.icmp_signed("<", rows, columns), rows, columns)
    with cgutils.for_range(builder, shorter) as loop:
        place = builder.gep(out.data, [builder.add(builder.mul(loop.index, columns), loop.index)])
        builder.store(context.get_constant(types.float64, 1.0), place)
    return out._getvalue()


def _check_sizes(context: object, builder: object, sizes: list) -> None:
    """Write what raises an exception if a size is negative."""
    negative = [builder.icmp_signed("<", n, _INT(0)) for n in sizes]
    with builder.if_then(_any(builder, negative), likely=False):
        context.call_conv.return_user_exc(builder, ValueError, ("negative dimensions not allowed",))


def _new(context: object, builder: object, ty: types.Array, sizes: list, filled: bool) -> object:
    """Write the code of a new array, of zeros if `filled`; return it."""
    itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(ty.dtype)))
    strides, nbytes, too_large = [], itemsize, []
    for n in sizes if ty.layout == "F" else reversed(sizes):
        strides.append(nbytes)
        product = builder.smul_with_overflow(nbytes, n)
        nbytes = builder.extract_value(product, 0)
        too_large.append(builder.extract_value(product, 1))
    strides = strides if ty.layout == "F" else strides[::-1]
    if too_large:
        with builder.if_then(_any(builder, too_large), likely=False):
            context.call_conv.return_user_exc(builder, ValueError, ("array is too big",))
    meminfo = context.nrt.meminfo_alloc_aligned(builder, nbytes, context.get_preferred_array_alignment(ty.dtype))
    out = make_array(ty)(context, builder)
    data = builder.bitcast(context.nrt.meminfo_data(builder, meminfo), out.data.type)
    populate_array(out, data, sizes, strides, itemsize, meminfo)
    if filled:
        cgutils.memset(builder, out.data, nbytes, 0)
    return out


def _any(builder: object, tests: list) -> object:
    found = tests[0]
    for test in tests[1:]:
        found = builder.or_(found, test)
    return found


# ----------------------------------------------------------------------------------------------------------- products


def type_of_product(a: object, b: object) -> object:
    """Return the type of np.dot(a, b); None if it is not one of those that are made here."""
    if type(a) is not types.Array or type(b) is not types.Array or a.dtype != b.dtype or a.dtype not in _BLAS:
        return None
    if not {a.layout, b.layout} <= {"C", "F"} or not {a.ndim, b.ndim} <= {1, 2}:
        return None
    if a.ndim == b.ndim == 1:
        return a.dtype
    return types.Array(a.dtype, a.ndim + b.ndim - 2, "C")


_WORDS = {1: "vector", 2: "matrix"}


def product(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of np.dot(a, b): a call of BLAS."""
    linalg.ensure_blas()
    left, right = sig.args
    a, b = (make_array(ty)(context, builder, x) for ty, x in zip(sig.args, args, strict=True))
    a_sizes, b_sizes = (cgutils.unpack_tuple(builder, x.shape, ty.ndim) for x, ty in ((a, left), (b, right)))
    inner = a_sizes[-1]
    with builder.if_then(builder.icmp_signed("!=", inner, b_sizes[0]), likely=False):
        message = f"incompatible array sizes for np.dot(a, b) ({_WORDS[left.ndim]} * {_WORDS[right.ndim]})"
        context.call_conv.return_user_exc(builder, ValueError, (message,))
    sizes = [*a_sizes[:-1], *b_sizes[1:]]
    largest = context.get_constant(types.intp, 2**31 - 1)
    with builder.if_then(_any(builder, [builder.icmp_signed(">", n, largest) for n in (inner, *sizes)]), likely=False):
        context.call_conv.return_user_exc(builder, OverflowError, ("array size too large to fit in C int",))
    if not sizes:
        found = cgutils.alloca_once_value(builder, context.get_constant(left.dtype, 0.0))
        linalg.call_xxdot(context, builder, False, left.dtype, inner, a.data, b.data, found)
        return builder.load(found)
    out = _new(context, builder, sig.return_type, sizes, False)
    is_empty = _any(builder, [builder.icmp_signed("==", n, _INT(0)) for n in (inner, *sizes)])
    with builder.if_else(is_empty, likely=False) as (empty, full):
        with empty:
            cgutils.memset(builder, out.data, builder.mul(out.itemsize, out.nitems), 0)
        with full:
            if left.ndim == right.ndim:
                _matrix_product(context, builder, (left, a_sizes, a), (right, b_sizes, b), sig.return_type, out)
            elif left.ndim == 2:
                transposed = left.layout == "C"
                linalg.call_xxgemv(context, builder, transposed, left, a_sizes, a.data, b.data, out.data)
            else:
                transposed = right.layout == "F"
                linalg.call_xxgemv(context, builder, transposed, right, b_sizes, b.data, a.data, out.data)
    return out._getvalue()


def _matrix_product(context: object, builder: object, a: tuple, b: tuple, ty: types.Array, out: object) -> None:
    """Write the call of BLAS for two matrices; one that is a column or a row is a vector to BLAS, which is faster."""
    (left, a_sizes, a), (right, b_sizes, b) = a, b
    one = _INT(1)
    is_row, is_column = builder.icmp_signed("==", a_sizes[0], one), builder.icmp_signed("==", b_sizes[1], one)
    with builder.if_else(is_column) as (column, matrix):
        with column:
            linalg.call_xxgemv(context, builder, left.layout == "C", left, a_sizes, a.data, b.data, out.data)
        with matrix, builder.if_else(is_row) as (row, general):
            with row:
                linalg.call_xxgemv(context, builder, right.layout == "F", right, b_sizes, b.data, a.data, out.data)
            with general:
                given = (left, a_sizes, a.data, right, b_sizes, b.data)
                linalg.call_xxgemm(context, builder, *given, ty, [a_sizes[0], b_sizes[1]], out.data)


def type_of_outer(x: object, y: object) -> object:
    """Return the type of np.outer(x, y); None if it is not one of those that are made here."""
    are_vectors = all(type(v) is types.Array and v.ndim == 1 and v.dtype == x.dtype for v in (x, y))
    return types.Array(x.dtype, 2, "C") if are_vectors and x.dtype in _BLAS else None


def outer(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of np.outer(x, y)."""
    x, y = (make_array(ty)(context, builder, v) for ty, v in zip(sig.args, args, strict=True))
    sizes = [cgutils.unpack_tuple(builder, v.shape, 1)[0] for v in (x, y)]
    strides = [cgutils.unpack_tuple(builder, v.strides, 1)[0] for v in (x, y)]
    out = _new(context, builder, sig.return_type, sizes, False)
    with cgutils.loop_nest(builder, sizes, _INT) as index:
        factors = [
            builder.load(cgutils.get_item_pointer2(context, builder, v.data, [n], [s], ty.layout, [i]))
            for v, n, s, ty, i in zip((x, y), sizes, strides, sig.args, index, strict=True)
        ]
        place = builder.gep(out.data, [builder.add(builder.mul(index[0], sizes[1]), index[1])])
        builder.store(builder.fmul(*factors), place)
    return out._getvalue()


# --------------------------------------------------------------------------------------------------------------- sums


def type_of_sum(x: object) -> object:
    """Return the type of np.sum(x); None if it is not one of those that are made here."""
    is_plain = type(x) is types.Array and x.ndim and (x.layout == "C" or x.ndim == 1)
    return x.dtype if is_plain and isinstance(x.dtype, types.Float) else None


def total(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the code of np.sum(x): one element after the other, as Numba does it."""
    ty = sig.args[0]
    x = make_array(ty)(context, builder, args[0])
    found = cgutils.alloca_once_value(builder, context.get_constant(ty.dtype, 0.0))
    with cgutils.for_range(builder, x.nitems) as loop:
        if ty.layout == "C":
            place = builder.gep(x.data, [loop.index])
        else:
            (stride,) = cgutils.unpack_tuple(builder, x.strides, 1)
            place = cgutils.pointer_add(builder, x.data, builder.mul(loop.index, stride), x.data.type)
        element = context.unpack_value(builder, ty.dtype, place)
        builder.store(builder.fadd(builder.load(found), element), found)
    return builder.load(found)
