"""The passes from the typed IR of a function to what its derivatives are made of, in their order.

After each of them the IR is checked if DUALAD_VERIFY is set (`analysis.verify`), and printed to standard error if
DUALAD_DUMP says so: 1 for all passes, or the name of one; `NAME:FUNCTION` or `1:FUNCTION` for one function.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from . import ir
from .analysis.shapes import name_sizes
from .analysis.verify import verify
from .ir.effects import has_effect
from .ir.infer import infer
from .ir.listing import listing
from .ir.printer import Scope
from .runtime.numba_bridge.kernels import Elementwise
from .transform.complex_parts import take_apart, write_out_complex
from .transform.copy_before_overwrite import protect
from .transform.cse import reuse
from .transform.fuse import fuse
from .transform.interchange import interchange
from .transform.legalise import expand
from .transform.licm import hoist
from .transform.normalise import normalise
from .transform.views import look_through
from .transform.write_out import write_out


@dataclass(frozen=True)
class Context:
    """What passes are given beside the function: its names, and how to find its activity as it stands."""

    scope: Scope
    analyse: Callable[[], object] | None = None


@dataclass(frozen=True)
class Pass:
    """A pass.

    Attributes
    ----------
    name : str
    run : callable
        Takes the function, which it changes, and the context; returns whether it changed anything, if it can tell.
    normal : bool
        Whether all variables have types afterwards, and operations their normal form.
    prunes : bool
        Whether what nothing reads any more is removed afterwards.
    """

    name: str
    run: Callable[[ir.Function, Context], object]
    normal: bool = True
    prunes: bool = False


@dataclass(frozen=True)
class WhileChanging:
    """Passes that are run as long as the first of them changes something."""

    passes: tuple[Pass | WhileChanging, ...]


@dataclass(frozen=True)
class IfChanged:
    """Passes of which the others follow where the first changes something."""

    passes: tuple[Pass, ...]


INFER = Pass("infer", lambda function, context: infer(function, context.scope), normal=False)
NORMALISE = Pass("normalise", lambda function, context: normalise(function, context.scope.namer), prunes=True)
WRITE_OUT = Pass("write out", lambda function, context: write_out(function, context.scope), normal=False)
_LEGALISE = Pass(
    "legalise", lambda function, context: expand(function, context.analyse(), context.scope.namer), False, True
)


def _fuse(function: ir.Function, context: Context) -> bool:
    """Fuse elementwise operations; True if there are calls of the user's kernels in the loops then."""
    changed = fuse(function, context.analyse(), context.scope.namer)
    return changed and any(isinstance(s, ir.Op) and isinstance(s.fn, Elementwise) for s in ir.walk(function.body))


_FUSE = Pass("fuse", _fuse, prunes=True)
_COPY = Pass(
    "copy before overwrite", lambda function, context: protect(function, context.analyse(), context.scope.namer)
)
_SIZES = Pass("shapes", lambda function, context: name_sizes(function, context.scope.namer))
_VIEWS = Pass("views", lambda function, context: look_through(function), prunes=True)
_CSE = Pass("cse", lambda function, context: reuse(function))
_LICM = Pass("licm", lambda function, context: hoist(function, context.scope.namer))
_INTERCHANGE = Pass("interchange", lambda function, context: interchange(function, context.scope.namer))
_LAST_CSE = Pass("cse", _CSE.run, prunes=True)

_WRITE_OUT_COMPLEX = Pass(
    "write out complex",
    lambda function, context: write_out_complex(function, context.analyse, context.scope.namer),
    normal=False,
)
_TAKE_APART = Pass(
    "complex parts",
    lambda function, context: take_apart(function, context.analyse, context.scope.namer),
    normal=False,
    prunes=True,
)

_COMPLEX = tuple(WhileChanging((step, INFER, WRITE_OUT, NORMALISE)) for step in (_WRITE_OUT_COMPLEX, _TAKE_APART))
"""Complex values that carry derivatives become two real ones each."""

_LEGAL = WhileChanging((_LEGALISE, INFER, WRITE_OUT, NORMALISE, *_COMPLEX))
"""What is written out, a derivative inside the function among it, may have complex numbers in it."""

ARRAYS = (*_COMPLEX, _LEGAL, WhileChanging((_FUSE, _LEGAL)), _COPY)
"""Array operations that carry derivatives come down to loops over numbers and to array-level primitives."""

OPTIMISE = (WhileChanging((_SIZES, _CSE)), _VIEWS, _CSE, _LICM, IfChanged((_INTERCHANGE, _LICM)), _LAST_CSE)
"""Nothing is computed more often than necessary: what is computed once is differentiated once."""


def run(passes: tuple, function: ir.Function, context: Context) -> None:
    """Send a function through passes (it is changed in place)."""
    for step in passes:
        if isinstance(step, Pass):
            run_one(step, function, context)
        elif isinstance(step, WhileChanging):
            while run_one(step.passes[0], function, context):
                run(step.passes[1:], function, context)
        elif run_one(step.passes[0], function, context):
            run(step.passes[1:], function, context)


def run_one(step: Pass, function: ir.Function, context: Context) -> object:
    """Run one pass, with the checks after it; return whether it changed anything."""
    changed = step.run(function, context)
    if step.prunes:
        ir.prune(function, has_effect)
    verify(function, step.name, step.normal)
    dump(function, step.name)
    return changed


def dump(function: ir.Function, stage: str) -> None:
    """Print the IR if that is asked for."""
    asked, _, name = os.environ.get("DUALAD_DUMP", "").partition(":")
    if asked in ("1", stage) and name in ("", function.name):
        print(f"# {function.name} after {stage}\n{listing(function)}\n", file=sys.stderr)
