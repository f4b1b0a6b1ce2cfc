"""What a derivative takes as arguments from Python, and what is refused with a remedy.

Of the subclasses of NumPy's arrays only those are taken that give arithmetic no other meaning (masks, units, matrix
products). A list is in native code what Numba makes of it, a list of equal items; one that is differentiated, an empty
one or one of unlike items is a structure, as dicts and objects are.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, replace

import numba
import numpy as np
from numba.typed import Dict

from .compiler.lowering.source import python_function
from .compiler.runtime.typed_lists import is_typed_list
from .structures import LEAVES, flatten, is_constant, items_of, named_items

ORDINARY = LEAVES | {str, type(None), types.FunctionType}
"""Types of arguments that are taken or refused by their types alone."""


@dataclass(frozen=True)
class Parameter:
    """What messages call an argument."""

    position: int
    name: str
    function: str

    def __str__(self) -> str:
        return f"argument {self.position} ({self.name}) of {self.function}"


def native(x: object, is_differentiated: bool) -> tuple[object, object]:
    """Return an argument in the form in which it goes to native code, and what this is to the user.

    Raises
    ------
    NotTaken
        If the class of an array gives arithmetic another meaning than arrays have; if a list is too long.
    """
    if type(x) is list and not is_differentiated and _is_uniform(x):
        return x, None
    if (is_typed_list(x) or isinstance(x, Dict)) and not is_differentiated:
        return x, None
    value, form = flatten(x)
    if form is None and value is x and callable(x) and not isinstance(x, type) and type(x) not in ORDINARY:
        found = python_function(x)
        return x if found is None or hasattr(x, "py_func") else found, None
    return value, form


def _is_uniform(x: list) -> bool:
    """Whether all items of a list have one type in native code, so that it can be a list there."""
    kinds = set(map(type, x))
    if len(kinds) != 1 or not (kinds <= LEAVES or kinds == {str}):
        return False
    if issubclass(*kinds, np.ndarray):
        kinds = {(i.dtype, i.ndim, i.flags.c_contiguous, i.flags.f_contiguous, i.flags.writeable) for i in x}
    return len(kinds) == 1


def not_taken(x: object, value: object, parameter: Parameter) -> str | None:
    """Return what is wrong with part of an argument that cannot be handed over, and what to pass in its place."""
    if x is value and isinstance(x, list):
        what = f"{parameter} is a list of {len(x)} items, too many for a structure of its own"
        return f"{what}: pass np.array({parameter.name}), or a list of arrays"
    if x is value:
        return f"{parameter} is a {_class_name(x)}: pass {_plain(x, parameter)}"
    if items_of(x) is None:
        return None
    parts = (not_taken(i, value, replace(parameter, name=parameter.name + name)) for name, i in named_items(x))
    return next((found for found in parts if found is not None), None)


def remedy(x: object, parameter: Parameter) -> str | None:
    """Return what is wrong with an argument and what to pass in its place; None if nothing is known."""
    if items_of(x) is not None:
        items = [(name, i) for name, i in named_items(x) if isinstance(x, tuple) or not is_constant(i)]
        parts = (remedy(i, replace(parameter, name=parameter.name + name)) for name, i in items)
        return next((found for found in parts if found is not None), None)
    name = parameter.name
    if isinstance(x, dict):
        return f"{parameter} is a {_class_name(x)}: pass dict({name})"
    if isinstance(x, set | frozenset):
        return f"{parameter} is a {type(x).__name__}: pass what it holds, as arguments or in a tuple"
    if not isinstance(x, np.ndarray | np.generic):
        if hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
            return f"{parameter} is a {_class_name(x)}, no NumPy array: pass {_plain(x, parameter)}"
        try:
            numba.typeof(x)
        except (ValueError, TypeError):
            if isinstance(x, types.FunctionType):  # is handed over as a jitted one
                return None
            instead = "the numbers and arrays in it, or register its class (dualad.register_structure)"
            instead = "a def or lambda that calls it" if callable(x) else instead
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
