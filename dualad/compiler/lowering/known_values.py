"""What is known of values while a function is lowered: whether an index can be right, dimensions, texts."""

from __future__ import annotations

import numba
import numpy as np

from .. import ir
from ..ir import Const, TupleOf, Var
from .values import ListOf


def is_beyond(index: object, count: int) -> bool:
    """Whether an index is known to lie outside a list of some length."""
    if isinstance(index, Const) and isinstance(index.value, int):
        return not -count <= index.value < count
    return count == 0


def dimensions(x: object) -> int | None:
    """Return how many dimensions a value has, or None where its type is not known yet."""
    if isinstance(x, Const):
        return 0
    if isinstance(x, TupleOf | ListOf):
        return 1 + (dimensions(x.items[0]) or 0 if x.items else 0)
    if isinstance(x, ir.Global):
        return np.ndim(x.value)
    if isinstance(x, Var) and x.type is not None:
        return 1 if isinstance(x.type, numba.types.BaseTuple) else getattr(x.type, "ndim", 0)
    return None


def is_text(x: object) -> bool | None:
    """Return whether a value is a string, or None where its type is not known yet."""
    if isinstance(x, Const):
        return isinstance(x.value, str)
    if isinstance(x, Var):
        return None if x.type is None else isinstance(x.type, numba.types.UnicodeType)
    return False
