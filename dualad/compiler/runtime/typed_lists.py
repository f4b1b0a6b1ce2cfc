"""Numba's typed lists in Python: of numbers to arrays and back, in native code."""

from __future__ import annotations

import numpy as np
from numba import njit, typeof, types
from numba.typed import List

__all__ = ["dtype_of", "from_array", "is_typed_list", "make_list", "to_array"]


def is_typed_list(x: object) -> bool:
    return isinstance(x, List)


def dtype_of(items: List) -> np.dtype | None:
    """Return the dtype of the numbers in a typed list; None for one of anything else."""
    found = typeof(items).item_type
    return np.dtype(found.name) if isinstance(found, types.Float | types.Integer | types.Complex) else None


@njit
def _filled(items, out):
    for k in range(len(items)):
        out[k] = items[k]
    return out


@njit
def _listed(a):
    items = List()
    for v in a:
        items.append(v)
    return items


def to_array(items: List) -> np.ndarray:
    """Return the numbers of a typed list as an array."""
    return _filled(items, np.empty(len(items), dtype_of(items)))


def from_array(items: list) -> List:
    """Return a typed list of the numbers in an array, which is the one item of a list."""
    return _listed(items[0])


def make_list(items: list) -> List:
    """Return a typed list of some items; a plain one if they are not all of one type."""
    kinds = {type(x) for x in items}
    return List(items) if len(kinds) == 1 and type(None) not in kinds else items
