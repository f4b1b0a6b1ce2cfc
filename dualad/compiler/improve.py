"""The same function with fewer computations, for both modes: what is computed once is differentiated once."""

from __future__ import annotations

from . import ir
from .activity import has_effect
from .hoisting import hoist
from .interchange import interchange
from .reuse import reuse
from .shapes import name_sizes
from .views import look_through


def improve(function: ir.Function, namer: ir.Namer) -> None:
    """Compute nothing more often than necessary (in place)."""
    while name_sizes(function, namer):
        reuse(function)
    look_through(function)
    ir.prune(function, has_effect)
    reuse(function)
    hoist(function, namer)
    if interchange(function, namer):
        hoist(function, namer)
    reuse(function)
    ir.prune(function, has_effect)
