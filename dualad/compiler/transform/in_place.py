"""x += y on arrays, which keep their dtype: what NumPy refuses to put into them is refused."""

from __future__ import annotations

import operator

from numba import types

from ...errors import UnsupportedError, at
from ..ir import Op
from ..ir.kinds import type_of

_ORDER = (types.Boolean, types.Integer, types.Float, types.Complex)


def in_place(fn: object, x: object, value: object, place: tuple) -> Op:
    """Return the operation that changes an array by an in-place operator.

    Raises
    ------
    UnsupportedError
        If the result has numbers of another kind, to which NumPy's casting rule "same_kind" says no.
    """
    own, other = _kind(type_of(x)), _kind(type_of(value))
    if fn is operator.itruediv:
        other = max(other, _ORDER.index(types.Float))
    if 0 <= own < other:
        given, taken = type_of(value), type_of(x)
        what = f"putting {getattr(given, 'dtype', given)} into an array of {taken.dtype} in place"
        remedy = "NumPy refuses it as well: make the array one of floats, or write x = x + y"
        raise UnsupportedError(at(f"{what} is not supported: {remedy}", *place))
    return Op(None, "inplace", (x, value), {}, fn, place)


def _kind(ty: object) -> int:
    ty = getattr(ty, "dtype", ty)
    return next((k for k, kind in enumerate(_ORDER) if isinstance(ty, kind)), -1)
