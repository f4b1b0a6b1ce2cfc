"""What Numba chooses by the types of arguments: the implementation behind an overload, the class behind a type."""

from __future__ import annotations

import contextlib
import inspect
import numbers
from collections.abc import Callable

import numpy as np
from numba import types
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target
from numba.core.target_extension import get_local_target
from numba.core.utils import order_by_target_specificity

__all__ = [
    "chosen",
    "chosen_attribute",
    "chosen_method",
    "class_of",
    "is_declared",
    "is_instance_of",
    "is_overloaded_by_user",
    "literal_type",
]

_EXACT = {types.float64: float, types.int64: int, types.boolean: bool, types.complex128: complex}


def class_of(ty: object) -> type | None:
    """Return the class that values of a type have in Python; None if they are neither numbers nor containers."""
    ty = types.unliteral(ty)
    if ty in _EXACT:
        return _EXACT[ty]
    if isinstance(ty, types.Number):
        return getattr(np, str(ty))
    kinds = ((types.Array, np.ndarray), (types.UnicodeType, str), (types.List, list), (types.NoneType, type(None)))
    if isinstance(ty, types.BaseNamedTuple):
        return ty.instance_class
    return tuple if isinstance(ty, types.BaseTuple) else next((c for kind, c in kinds if isinstance(ty, kind)), None)


def literal_type(value: object) -> object:
    """Return the type of one value, where Numba has such, else the type of all like it."""
    try:
        return types.literal(value)
    except NumbaError:
        return types.float64 if isinstance(value, float) else types.none


_KINDS = {
    float: types.Float,
    int: types.Integer,
    bool: types.Boolean,
    complex: types.Complex,
    str: types.UnicodeType,
    tuple: types.BaseTuple,
    list: types.List,
    np.ndarray: types.Array,
    np.floating: types.Float,
    np.integer: types.Integer,
    np.number: types.Number,
    numbers.Number: types.Number,
    numbers.Real: types.Integer | types.Float,
    numbers.Integral: types.Integer,
    type(None): types.NoneType,
    dict: types.DictType,
    set: types.Set,
}


def is_instance_of(ty: object, cls: type) -> bool | None:
    """Whether values of a type are instances of a class, as Numba answers it; None if that is not known."""
    if cls in _KINDS:
        return isinstance(ty, _KINDS[cls])
    if cls is object:
        return True
    if issubclass(cls, np.generic | tuple):
        return class_of(ty) is cls
    return None


# ------------------------------------------------------------------------------------------------------- overloads


def chosen(function: object, given: tuple, named: dict) -> Callable | None:
    """Return the Python function that Numba calls in place of another one, for arguments of some types.

    Parameters
    ----------
    function : callable
        What `numba.extending.overload` was used on.
    given, named : tuple, dict
        The types of the arguments, of constants those of the one value.

    Returns
    -------
    function or None
        None if no overload takes such arguments, or one without Python source does.
    """
    context = cpu_target.typing_context
    context.refresh()
    found = context._lookup_global(function)
    return _first_of(getattr(found, "templates", ()), given, named, getattr(found, "key", (None,))[0])


def chosen_method(ty: object, name: str, given: tuple, named: dict) -> Callable | None:
    """Return the function of the user's behind a method that `overload_method` declares for a type, or None."""
    found = [t for t in _declared(ty, name) if t.is_method]
    return _first_of(found, (ty, *given), named, None)


def chosen_attribute(ty: object, name: str) -> Callable | None:
    """Return the function of the user's behind an attribute that `overload_attribute` declares for a type, or None."""
    found = [t for t in _declared(ty, name) if not t.is_method]
    return _first_of(found, (ty,), {}, None)


def is_overloaded_by_user(function: object) -> bool:
    """Whether somebody other than Numba has declared what Numba calls in place of a function."""
    context = cpu_target.typing_context
    context.refresh()
    try:
        found = context._lookup_global(function)
    except TypeError:  # it cannot be hashed
        return False
    return any(_is_of_user(t) for t in getattr(found, "templates", ()))


def is_declared(ty: object, name: str) -> bool:
    """Whether somebody other than Numba has declared a method or an attribute of a type."""
    return bool(_declared(ty, name))


def _declared(ty: object, name: str) -> list:
    context = cpu_target.typing_context
    context.refresh()
    found = context._get_attribute_templates(ty)
    return [t for t in found if getattr(t, "_attr", None) == name and _is_of_user(t)]


def _is_of_user(template: object) -> bool:
    chooses = getattr(template, "_overload_func", None)
    return chooses is not None and (chooses.__module__ or "numba").partition(".")[0] not in ("numba", "dualad")


def _first_of(templates: object, given: tuple, named: dict, key: object) -> Callable | None:
    """Return the implementation that Numba finds first, trying overloads in its order."""
    context = cpu_target.typing_context
    if key is not None and len(templates) > 1:
        templates = order_by_target_specificity(get_local_target(context), templates, fnkey=key)
    found = []
    for template in templates:
        chooses = getattr(template, "_overload_func", None)
        if chooses is None:
            continue
        for literal in (True, False) if template.prefer_literal else (False, True):
            args = given if literal else tuple(map(types.unliteral, given))
            kwargs = named if literal else {k: types.unliteral(t) for k, t in named.items()}
            try:
                inspect.signature(chooses).bind(*args, **kwargs)
                made = chooses(*args, **kwargs)
            except (NumbaError, TypeError):
                continue
            if made is not None:
                found.append((template, args, kwargs, made[1] if isinstance(made, tuple) else made))
                break
    if len(found) > 1:  # the first that Numba can compile
        for template, args, kwargs, made in found:
            with contextlib.suppress(NumbaError):
                if template(context).apply(args, kwargs) is not None:
                    return made
    return found[0][3] if found else None
