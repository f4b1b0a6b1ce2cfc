"""The types of arguments that are not there yet, for `compile`: from Numba's types, from their names, from examples."""

from __future__ import annotations

import inspect
import types as pytypes
from collections.abc import Callable

import numba
import numpy as np
from numba import types

from .errors import ArgumentError
from .inputs import Parameter, native
from .structures import items_of

_OF_PYTHON = {float: types.float64, int: types.int64, bool: types.boolean, complex: types.complex128}
_OF_PYTHON |= {str: types.unicode_type, type(None): types.none}


def type_of(given: object, parameter: Parameter, is_differentiated: bool, jitted: Callable) -> object:
    """Return the Numba type that an argument will have when the derivative is called with the like of `given`.

    Parameters
    ----------
    given : object
        A Numba type, the name of one ("float64[:]", "f8", "(float64, int64)"), a class (float, np.float32), a tuple of
        such, or an example.
    parameter : Parameter
        What messages call it.
    is_differentiated : bool
    jitted : callable
        Makes a dispatcher of a plain function.

    Raises
    ------
    ArgumentError
        If it is none of these.

    Notes
    -----
    An array whose layout is not said (float64[:]) is one as NumPy makes it, contiguous in C's order: code for any
    layout would not be taken for it.
    """
    if isinstance(given, types.Type):
        return _as_made(given)
    if isinstance(given, str):
        named = _named(given)
        return types.unicode_type if named is None else _as_made(named)
    if isinstance(given, np.dtype) or (isinstance(given, type) and issubclass(given, np.generic)):
        return numba.from_dtype(np.dtype(given))
    if isinstance(given, type) and given in _OF_PYTHON:
        return _OF_PYTHON[given]
    if isinstance(given, pytypes.FunctionType):
        return numba.typeof(jitted(given))
    if isinstance(given, tuple) and _has_types(given):
        items = [type_of(x, parameter, is_differentiated, jitted) for x in given]
        return types.BaseTuple.from_types(items, type(given) if hasattr(given, "_fields") else None)
    if isinstance(given, tuple):
        given = tuple(jitted(x) if isinstance(x, pytypes.FunctionType) else x for x in given)
    try:
        return numba.typeof(native(given, is_differentiated)[0])
    except (ValueError, TypeError):
        what = f"{parameter}: {given!r} is no type and no argument that native code knows"
        raise ArgumentError(f'{what}: give a type ("float64[:]", "f8", float) or an example') from None


def types_of(
    signature: inspect.Signature, given: dict, parameter_of: Callable, jitted: Callable, keeps_defaults: bool
) -> tuple:
    """Return the types of all parameters of a function.

    Parameters
    ----------
    signature : inspect.Signature
    given : dict
        What is given for the parameters, as `type_of` takes it, by their names; for a starred one, a tuple of such.
    parameter_of : callable
        Takes a position; returns what the parameter is called, and whether it is differentiated.
    jitted : callable
    keeps_defaults : bool
        Whether Numba is to know which parameters were left at their defaults.
    """
    found: list = []
    for k, p in enumerate(signature.parameters.values()):
        if p.kind is p.VAR_POSITIONAL:
            items = [type_of(x, *parameter_of(k + j), jitted) for j, x in enumerate(given.get(p.name, ()))]
            found.append(types.BaseTuple.from_types(items))
        elif p.name not in given and keeps_defaults:
            found.append(types.Omitted(p.default))
        else:
            found.append(type_of(given.get(p.name, p.default), *parameter_of(k), jitted))
    return tuple(found)


def _named(text: str) -> object | None:
    """Return the type of a name; None if it is none, but an example of a string."""
    try:
        found = eval(text, {"__builtins__": {}}, vars(types))  # noqa: S307
    except Exception:  # any text may be an example
        return None
    if isinstance(found, tuple):
        return types.BaseTuple.from_types(found) if all(isinstance(t, types.Type) for t in found) else None
    return found if isinstance(found, types.Type) else None


def _has_types(given: tuple) -> bool:
    for x in given:
        if isinstance(x, types.Type | type | np.dtype) or (isinstance(x, str) and _named(x) is not None):
            return True
        if isinstance(x, tuple) and _has_types(x):
            return True
    return False


def is_example_of_structure(given: object) -> bool:
    """Whether something that stands for an argument is a dict, a list, an object or a tuple with such in it."""
    return items_of(given) is not None and not (isinstance(given, tuple) and _has_types(given))


def _as_made(ty: object) -> object:
    """Return a type with the arrays in it contiguous if their layout is not said."""
    if isinstance(ty, types.Array) and ty.layout == "A":
        return ty.copy(layout="C")
    if isinstance(ty, types.BaseTuple):
        cls = ty.instance_class if isinstance(ty, types.BaseNamedTuple) else None
        return types.BaseTuple.from_types([_as_made(t) for t in ty], cls)
    return ty


def holds_floats(ty: object) -> bool:
    """Whether there are real or complex numbers in an argument of a type, by which it has a derivative."""
    if isinstance(ty, types.BaseTuple):
        return any(map(holds_floats, ty))
    return isinstance(ty.dtype if isinstance(ty, types.Array) else ty, types.Float | types.Complex)


def tangent_type(ty: object) -> object:
    """Return the type of a tangent or a cotangent of what has a type, as `jvp` and `vjp` hand it over."""
    if isinstance(ty, types.Array):
        return (
            types.Array(ty.dtype, ty.ndim, "C") if isinstance(ty.dtype, types.Float | types.Complex) else types.float64
        )
    if isinstance(ty, types.BaseTuple):
        cls = ty.instance_class if isinstance(ty, types.BaseNamedTuple) else None
        return types.BaseTuple.from_types([tangent_type(t) for t in ty], cls)
    return ty if isinstance(ty, types.Float | types.Complex) else types.float64
