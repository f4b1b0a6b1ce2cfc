"""Active array operations, brought down to loops over numbers and to array-level primitives."""

from __future__ import annotations

from collections.abc import Callable

from .. import ir
from ..analysis.verify import verify
from ..ir.effects import has_effect
from ..ir.infer import infer
from ..ir.printer import Scope
from ..runtime.numba_bridge.kernels import Elementwise
from .copy_before_overwrite import protect
from .fuse import fuse
from .legalise import expand
from .normalise import normalise


def reduce_arrays(function: ir.Function, analyse: Callable, scope: Scope) -> None:
    """Reduce the array operations of a function (in place); `analyse` gives its activity as it stands."""
    while True:
        while expand(function, analyse(), scope.namer):
            verify(function, "expand", typed=False)
            ir.prune(function, has_effect)
            infer(function, scope)
            normalise(function, scope.namer)
            ir.prune(function, has_effect)
            verify(function, "normalise")
        if not fuse(function, analyse(), scope.namer):
            break
        ir.prune(function, has_effect)
        verify(function, "fuse")
        if not any(isinstance(s, ir.Op) and isinstance(s.fn, Elementwise) for s in ir.walk(function.body)):
            break
    protect(function, analyse(), scope.namer)
    verify(function, "protect")
