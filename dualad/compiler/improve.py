"""The same function with fewer computations, for both modes: what is computed once is differentiated once."""

from __future__ import annotations

from . import ir
from .activity import has_effect
from .hoisting import hoist
from .reuse import reuse


def improve(function: ir.Function, namer: ir.Namer) -> None:
    """Compute nothing more often than necessary (in place)."""
    reuse(function)
    hoist(function, namer)
    reuse(function)
    ir.prune(function, has_effect)
