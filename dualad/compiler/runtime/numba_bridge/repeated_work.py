"""What Numba works out again and again while it compiles, done once or not at all."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from numba.core import analysis, transforms, types
from numba.core.ir import FunctionIR
from numba.core.postproc import PostProcessor, VariableLifetime
from numba.core.registry import cpu_target
from numba.core.types.functions import BaseFunction

from .hooks import hooked

__all__ = ["done_once"]


@contextlib.contextmanager
def done_once() -> Iterator[None]:
    """Spare Numba, meanwhile, what this module is about."""
    was_collecting = gc.isenabled()
    gc.disable()  # a tenth of the time: Python looks for cycles through all that Numba has loaded
    try:
        with hooked((BaseFunction, "get_call_type", _get_call_type), (PostProcessor, "run", _post_process)):
            yield
    finally:
        if was_collecting:
            gc.enable()


# ------------------------------------------------------------------------------------------- the types of operators

_MODULES = ("_operator", "builtins", "math")
"""Where the functions stand of which Numba's answers are kept."""

_ask = BaseFunction.get_call_type

_known: dict[tuple, tuple] = {}
"""The answer, and the function type that was asked, by its identity and the operands' types.

Numba makes another function type of an operator when someone adds an overload to it.
"""


def _get_call_type(self: BaseFunction, context: object, args: tuple, kws: dict) -> object:
    """Return the signature of a call; of an operator's, with numbers and arrays and tuples of them, what it was before.

    Numba asks anew for each statement, once or twice while it finds types and once more for its code, and tries some
    thirty overloads for a sum of two floats: a quarter of all calls of Python functions in a compilation.
    """
    is_kept = getattr(self.typing_key, "__module__", None) in _MODULES and context is cpu_target.typing_context
    if kws or not is_kept:
        return _ask(self, context, args, kws)
    key = id(self), args
    known = _known.get(key)
    if known is None:
        found = _ask(self, context, args, kws)
        if not all(map(_is_plain, args)):
            return found
        known = _known[key] = found, self
    return known[0]


def _is_plain(ty: object) -> bool:
    if isinstance(ty, types.Array):
        ty = ty.dtype
    if isinstance(ty, types.BaseTuple):
        return all(map(_is_plain, ty))
    return isinstance(ty, types.Number | types.Boolean | types.SliceType | types.NoneType)


# ------------------------------------------------------------------------------------------- the lives of variables

_process = PostProcessor.run


class _OnEntry(dict):
    """The variables that have a value on entry into a block, found when somebody asks, as object mode does."""

    def __init__(self, function: FunctionIR):
        super().__init__()
        self.function = function

    def __missing__(self, block: object) -> set:
        lives, blocks = self.function.variable_lifetime, self.function.blocks
        found = analysis.compute_live_variables(lives.cfg, blocks, lives.usedefs.defmap, lives.deadmaps.combined)
        self.update((b, found[offset]) for offset, b in blocks.items())
        return self[block]


def _post_process(self: PostProcessor, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
    """Do what Numba does after each of eight passes, and leave what it seldom uses until it is asked for."""
    function = self.func_ir
    if emit_dels or function.is_generator:
        _process(self, emit_dels, extend_lifetimes)
        return
    function.blocks = transforms.canonicalize_cfg(function.blocks)
    function.variable_lifetime = VariableLifetime(function.blocks)
    function.block_entry_vars = _OnEntry(function)
    function.generator_info = None
