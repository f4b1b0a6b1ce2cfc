"""What a derivative takes as arguments from Python: lists as structures, and what is refused with a remedy.

Of the subclasses of NumPy's arrays only those are taken that give arithmetic no other meaning (masks, units, matrix
products). A list is in native code what Numba makes of it, a list of equal items; one that is differentiated, an empty
one or one of unlike items is handed over as a tuple.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np

from .errors import ArgumentError

MOST_ITEMS = 64
"""Of a list that is handed over as a tuple: each length is compiled anew, and each item has code of its own."""

ORDINARY = frozenset({float, int, bool, complex, str, type(None), np.ndarray, types.FunctionType}) | frozenset(
    t for t in np.sctypeDict.values() if issubclass(t, np.number | np.bool_)
)
"""Types of arguments that are taken or refused by their types alone."""

_WITHOUT_MEANING_OF_THEIR_OWN = (np.memmap, np.recarray)


@dataclass(frozen=True)
class Parameter:
    """What messages call an argument."""

    position: int
    name: str
    function: str

    def __str__(self) -> str:
        return f"argument {self.position} ({self.name}) of {self.function}"


def native(x: object, parameter: Parameter, is_differentiated: bool) -> object:
    """Return an argument in the form in which it goes to native code.

    Raises
    ------
    ArgumentError
        If its class gives arithmetic another meaning than arrays have; if it is a list that is too long.
    """
    if isinstance(x, list) and (is_differentiated or not _is_uniform(x)):
        if len(x) > MOST_ITEMS:
            what = f"{parameter} is a list of {len(x)} items, too many for a structure of its own"
            raise ArgumentError(f"{what}: pass np.array({parameter.name}), or a list of arrays")
        return tuple(native(i, parameter, True) for i in x)
    if isinstance(x, tuple):
        items = [native(i, parameter, is_differentiated or isinstance(i, list)) for i in x]
        if all(i is j for i, j in zip(items, x, strict=True)):
            return x
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    if isinstance(x, np.ndarray) and type(x) is not np.ndarray and not isinstance(x, _WITHOUT_MEANING_OF_THEIR_OWN):
        raise ArgumentError(f"{parameter} is a {_class_name(x)}: pass {_plain(x, parameter)}")
    return x


def _is_uniform(x: list) -> bool:
    """Whether all items of a list have one type in native code, so that it can be a list there."""
    kinds = set(map(type, x))
    if len(kinds) != 1 or issubclass(*kinds, list | tuple):
        return False
    if issubclass(*kinds, np.ndarray):
        if kinds != {np.ndarray}:
            return False
        kinds = {(i.dtype, i.ndim, i.flags.c_contiguous, i.flags.f_contiguous, i.flags.writeable) for i in x}
    return len(kinds) == 1


def has_list(x: object) -> bool:
    """Whether there are lists in a structure."""
    return isinstance(x, list) or (isinstance(x, tuple) and any(map(has_list, x)))


def without_lists(x: object) -> object:
    """Return a structure with tuples in place of lists."""
    if not isinstance(x, tuple | list):
        return x
    items = [without_lists(i) for i in x]
    return type(x)(*items) if hasattr(x, "_fields") else tuple(items)


def with_lists(x: object, lists: tuple | None) -> object:
    """Return a structure of tuples with lists where `lists` says so (see `compiler.ir.nodes.Function`)."""
    if lists is None:
        return x
    is_list, inner = lists
    items = [with_lists(i, mark) for i, mark in zip(x, inner, strict=True)]
    if is_list:
        return items
    return type(x)(*items) if hasattr(x, "_fields") else tuple(items)


def in_form_of(result: object, model: object, inner: Callable = lambda x: x) -> object:
    """Return a structure of tuples with the lists and tuples of a model; `inner` is applied to what stands in it."""
    if not isinstance(model, list | tuple):
        return inner(result)
    items = [in_form_of(r, m, inner) for r, m in zip(result, model, strict=True)]
    if isinstance(model, list):
        return items
    return type(model)(*items) if hasattr(model, "_fields") else tuple(items)


def blocks_in_form_of(result: object, model: object) -> object:
    """Return Jacobians, for each item of a function's result a structure like the model."""
    if _matches(result, model):
        return in_form_of(result, model)
    items = [blocks_in_form_of(r, model) for r in result]
    return type(result)(*items) if hasattr(result, "_fields") else tuple(items)


def _matches(result: object, model: object) -> bool:
    if not isinstance(model, list | tuple) or not isinstance(result, tuple):
        return isinstance(model, list | tuple) == isinstance(result, tuple)
    return len(result) == len(model) and all(map(_matches, result, model))


def remedy(x: object, parameter: Parameter) -> str | None:
    """Return what is wrong with an argument and what to pass in its place; None if nothing is known."""
    if isinstance(x, tuple | list):
        return next((found for i in x if (found := remedy(i, parameter)) is not None), None)
    name = parameter.name
    if isinstance(x, dict | set | frozenset):
        return f"{parameter} is a {type(x).__name__}: pass what it holds, as arguments or in a tuple"
    if not isinstance(x, np.ndarray | np.generic):
        if hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
            return f"{parameter} is a {_class_name(x)}, no NumPy array: pass {_plain(x, parameter)}"
        try:
            numba.typeof(x)
        except (ValueError, TypeError):
            if isinstance(x, types.FunctionType):  # is handed over as a jitted one
                return None
            instead = "a def or lambda that calls it" if callable(x) else "the numbers and arrays in it"
            return f"{parameter} is a {_class_name(x)}, which native code does not know: pass {instead}"
        return None
    dtype = x.dtype
    if dtype.kind == "O":
        return f"{parameter} is an array of Python objects: pass {name}.astype(float)"
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        to = f"{name}.astype(np.float64)" if isinstance(x, np.ndarray) else f"np.float64({name})"
        return f"{parameter} has dtype {dtype}, of which native code has no arithmetic: pass {to}"
    if not dtype.isnative:
        return f"{parameter} has dtype {dtype.str}, the bytes in foreign order: pass {name}.astype(float)"
    return None


def _plain(x: object, parameter: Parameter) -> str:
    """Return how to get an ordinary array of something."""
    if isinstance(x, np.ma.MaskedArray):
        return f"{parameter.name}.data, or {parameter.name}.filled(0.0)"
    return f"np.asarray({parameter.name})"


def _class_name(x: object) -> str:
    return f"{type(x).__module__}.{type(x).__qualname__}"
