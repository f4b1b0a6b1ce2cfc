"""Calls of NumPy functions that are written out once their types are known (`rules.by_types`)."""

from __future__ import annotations

import numpy as np
from numba import from_dtype, types

from ...errors import UnsupportedError, at
from ...rules import by_types
from ...rules.by_types import Declared, Like
from .. import ir
from ..runtime.numba_bridge import as_dtype
from . import Const, Op, TupleOf
from .callees import library_name, methods_named

_METHODS = methods_named(
    "sum prod mean var std max min ptp any all argmax argmin cumsum cumprod squeeze swapaxes trace diagonal repeat "
    "take dot compress argsort partition"
)


def function_of(op: Op) -> object:
    """Return the NumPy function that an operation calls, perhaps as a method; None if there is none."""
    if op.fn == "pack":
        return np.array
    return _METHODS.get(op.detail) if op.fn == "method" else None if isinstance(op.fn, str) else op.fn


def declared_for(op: Op) -> Declared | None:
    """Return what is declared for the function that an operation calls, or None."""
    return by_types.find(function_of(op))


def like(x: object, ty: object) -> object:
    """Return what is known of an operand of some type: its value, or dtype and dimensions; None for neither."""
    if isinstance(x, Const):
        return x.value
    if isinstance(x, TupleOf) and ty is None:  # not all items have a type yet
        return Unknown
    if isinstance(x, TupleOf):
        return tuple(like(i, t) for i, t in zip(x.items, ty.types if hasattr(ty, "types") else ty, strict=True))
    if isinstance(x, ir.Global) and not isinstance(x.value, np.ndarray):
        return x.value
    if isinstance(ty, types.BaseTuple):
        return tuple(like(None, t) for t in ty)
    if isinstance(ty, types.Optional):
        ty = ty.type
    ndim, dtype = (ty.ndim, ty.dtype) if isinstance(ty, types.Array) else (0, ty)
    found = as_dtype(dtype)
    return Unknown if found is None else Like(ndim, found)


class Unknown:
    """In place of an argument of which nothing is known that would matter to NumPy."""


def _operands(op: Op) -> tuple:
    """Return the arguments of the function that an operation calls."""
    if op.fn != "pack":
        return op.args
    rows = op.args
    if len(op.detail) == 2:
        width = op.detail[1]
        rows = tuple(TupleOf(op.args[k : k + width]) for k in range(0, len(op.args), width))
    return (TupleOf(rows),)


def _likes(op: Op, given: tuple, named: dict) -> tuple[tuple, dict]:
    if op.fn == "pack":
        known = [like(a, t) for a, t in zip(op.args, given, strict=True)]
        width = op.detail[-1]
        rows = [tuple(known[k : k + width]) for k in range(0, len(known), width)]
        args = (tuple(rows) if len(op.detail) == 2 else tuple(known),)
    else:
        args = tuple(like(a, t) for a, t in zip(op.args, given, strict=True))
    return args, {k: like(v, named[k]) for k, v in op.kwargs.items()}


def _all(x: object):
    if isinstance(x, tuple):
        for i in x:
            yield from _all(i)
    else:
        yield x


def written_out(op: Op, given: tuple, named: dict) -> tuple[object, dict] | None:
    """Return what stands for an operation with arguments of the given types, and its arguments by name.

    None if the operation stays what it is.
    """
    declared = declared_for(op)
    if declared is None:
        return None
    args, kwargs = _likes(op, given, named)
    known = declared.bound(args, kwargs)
    if known is None or any(x is Unknown for x in _all((args, *kwargs.values()))):
        return None
    try:
        function = by_types.of_list(function_of(op), declared, known) or declared.written_for(*args, **kwargs)
    except (TypeError, ValueError) as error:
        what = f"{library_name(function_of(op))} of such arguments"
        raise UnsupportedError(at(f"{what} is not supported: {error}", *op.place)) from None
    if function is None:
        return None
    operands = declared.bound(_operands(op), op.kwargs)
    taken = function.__code__.co_varnames[: function.__code__.co_argcount]
    return function, {
        name: TupleOf(tuple(x)) if type(x) is tuple else x for name, x in operands.items() if name in taken
    }


def written_type(op: Op, given: tuple, named: dict) -> object | None:
    """Return the type of an operation that is written out, or that is typed here; None if it is neither."""
    declared = declared_for(op)
    if declared is None or (written_out(op, given, named) is None and not is_typed_here(op, given, named)):
        return None
    args, kwargs = _likes(op, given, named)
    try:
        found = by_types.result_like(declared.result, args, kwargs)
    except Exception as error:
        what = f"{library_name(function_of(op))} of such arguments"
        raise UnsupportedError(at(f"{what} is not supported: {error}", *op.place)) from None
    return _type_of_like(found, "A" if declared.views else "C")


def is_typed_here(op: Op, given: tuple, named: dict) -> bool:
    """Whether an operation that stays what it is gets its type here."""
    if op.fn == "pack":  # of numbers
        return True
    declared = declared_for(op)
    if not (declared.typed and len(op.args) + len(op.kwargs) > 1 and isinstance(given[0], types.Array)):
        return False
    args, kwargs = _likes(op, given, named)
    return not any(x is Unknown or isinstance(x, Like) for x in _all((args[1:], *kwargs.values())))


def _type_of_like(found: object, layout: str) -> object:
    if isinstance(found, tuple):
        return types.BaseTuple.from_types([_type_of_like(x, layout) for x in found])
    dtype = from_dtype(found.dtype)
    return types.Array(dtype, found.ndim, layout) if found.ndim else dtype
