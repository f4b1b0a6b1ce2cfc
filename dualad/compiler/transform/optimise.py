"""The same function with fewer computations, for both modes: what is computed once is differentiated once."""

from __future__ import annotations

from .. import ir
from ..analysis.shapes import name_sizes
from ..analysis.verify import verify
from ..ir.effects import has_effect
from .cse import reuse
from .interchange import interchange
from .licm import hoist
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
