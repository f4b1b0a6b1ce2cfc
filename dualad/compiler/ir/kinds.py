"""What kind of value an operand is, once its type is known."""

from __future__ import annotations

from numba import types

from ...rules.complex_parts import WHOLES
from .. import ir
from ..runtime.numba_bridge.objects import is_modelled, type_of_value
from . import Const, Function, TupleOf, Var


def all_vars(function: Function):
    """Yield every variable that the function defines."""
    yield from function.params
    for stmt in ir.walk(function.body):
        yield from ir.defined_by(stmt)
        if isinstance(stmt, ir.LOOPS):
            if isinstance(stmt, ir.For):
                yield stmt.index
            for c in stmt.carried:
                yield c.param


def type_of(x: object) -> object:
    """Return the Numba type of an operand."""
    if isinstance(x, Var):
        return x.type
    if isinstance(x, Const):
        kinds = ((bool, types.boolean), (int, types.int64), (float, types.float64), (str, types.unicode_type))
        kinds += ((complex, types.complex128),)
        return next((t for k, t in kinds if isinstance(x.value, k)), types.none)
    if is_whole(x):
        return _type_of_whole(x)
    if isinstance(x, TupleOf):
        return types.BaseTuple.from_types([type_of(i) for i in x.items])
    if isinstance(x, ir.Global):
        return type_of_value(x.value) if not isinstance(x.value, type) else None
    return None


def is_whole(x: object) -> bool:
    """Whether an operand is a complex value that is put together of its parts."""
    return isinstance(x, TupleOf) and x.cls in WHOLES


def _type_of_whole(x: TupleOf) -> object:
    dtype = types.complex64 if WHOLES[x.cls] == 64 else types.complex128
    real = type_of(x.items[0])
    return types.Array(dtype, real.ndim, "C") if isinstance(real, types.Array) else dtype


def is_array(x: object) -> bool:
    """Whether an operand is an array, of numbers."""
    ty = type_of(x)
    return isinstance(ty, types.Array) and is_modelled(ty)


def is_list(x: object) -> bool:
    """Whether an operand is a list in memory."""
    ty = type_of(x)
    return isinstance(ty, types.List) and is_modelled(ty)


def is_memory(x: object) -> bool:
    """Whether an operand is a reference to something that can be written into: an array or a list."""
    return is_array(x) or is_list(x)


def is_object(x: object) -> bool:
    """Whether an operand is something that the compiler does not model (see `boundary`)."""
    if isinstance(x, Var):
        return not (x.type is types.float64 or x.type is types.int64 or is_modelled(x.type))  # most are these
    return isinstance(x, ir.Global) and not is_modelled(type_of(x))


def is_reference(x: object) -> bool:
    """Whether what an operand refers to may be seen by way of others, too."""
    return is_memory(x) or is_object(x)


def _number_in(ty: object) -> object:
    """Return the type of the numbers in an array or a list."""
    while isinstance(ty, types.Array | types.List):
        ty = ty.dtype
    return ty


def is_float(x: object) -> bool:
    """Whether an operand is a real floating-point number, or an array or list of them."""
    ty = type_of(x)
    if isinstance(ty, types.Optional):
        ty = ty.type
    if isinstance(ty, types.BaseTuple):  # of a library function; the user's own tuples are taken apart
        return any(isinstance(getattr(t, "dtype", t), types.Float) for t in ty.types)
    return isinstance(_number_in(ty), types.Float)


def is_constant_type(ty: object) -> bool:
    """Whether nothing of a type can carry a derivative: integers, booleans, text, shapes, dtypes."""
    if isinstance(ty, types.BaseTuple):
        return all(is_constant_type(t) for t in ty.types)
    ty = _number_in(ty)
    plain = types.Integer | types.Boolean | types.NoneType | types.UnicodeType | types.DType | types.RangeType
    return isinstance(ty, plain | types.NumberClass)


def is_complex(x: object) -> bool:
    """Whether an operand is complex."""
    ty = type_of(x)
    return isinstance(_number_in(ty.type if isinstance(ty, types.Optional) else ty), types.Complex)


def is_number(x: object) -> bool:
    """Whether an operand is a single number or boolean."""
    return isinstance(type_of(x), types.Number | types.Boolean)


def is_real_number(x: object) -> bool:
    """Whether an operand is a single number that is not complex."""
    return is_number(x) and not is_complex(x)


def is_integer(x: object) -> bool:
    """Whether an operand is a single integer or boolean."""
    return isinstance(type_of(x), types.Integer | types.Boolean)
