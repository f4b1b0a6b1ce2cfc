"""The same function with fewer computations, for both modes: what is computed once is differentiated once."""

from __future__ import annotations

from . import ir
from .activity import has_effect
from .hoisting import hoist
from .interchange import interchange
from .reuse import reuse
from .shapes import name_sizes
from .verify import verify
from .views import look_through


def improve(function: ir.Function, namer: ir.Namer) -> None:
    """Compute nothing more often than necessary (in place)."""
    while name_sizes(function, namer):
        reuse(function)
    verify(function, "name_sizes")
    look_through(function)
    ir.prune(function, has_effect)
    verify(function, "look_through")
    reuse(function)
    verify(function, "reuse")
    hoist(function, namer)
    verify(function, "hoist")
    if interchange(function, namer):
        verify(function, "interchange")
        hoist(function, namer)
    reuse(function)
    ir.prune(function, has_effect)
    verify(function, "improve")
