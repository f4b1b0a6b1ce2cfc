"""What two calls have in common if a function has one sparsity pattern in both."""

from __future__ import annotations

import types

import numpy as np

from ..structures import items_of, named_items


def call_key(args: tuple) -> object:
    """Return a key that is equal for arguments of the same sizes and integers; None if nobody can tell."""
    found = tuple(map(_key, args))
    return None if None in found else found


def _key(x: object) -> object:
    if isinstance(x, np.ndarray):
        of_floats = x.dtype.kind == "f"
        return x.dtype.str, x.shape, b"" if of_floats else x.tobytes()
    if isinstance(x, float | np.floating):
        return (type(x),)
    if x is None or isinstance(x, bool | int | str | np.integer | np.bool_ | types.FunctionType):
        return type(x), x
    items = items_of(x)
    if items is None:
        return None
    inner = call_key(tuple(items[0]))
    names = tuple(name for name, _ in named_items(x))
    return None if inner is None else (type(x), names, inner)
