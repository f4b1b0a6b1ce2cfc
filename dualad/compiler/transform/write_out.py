"""Calls of NumPy functions that Numba has no code for become what stands for them (`rules.by_types`).

This comes before anything else, and wherever such a call stands: what it becomes is lowered and inlined like a function
of the user's, and may call such functions in its turn.
"""

from __future__ import annotations

from numba import types

from ...errors import DualadError, UnsupportedError, at
from .. import ir
from ..ir import Const, Function, Op, Place, TupleOf
from ..ir.callees import library_name
from ..ir.infer import infer
from ..ir.kinds import type_of
from ..ir.of_types import declared_for, function_of, written_out
from ..ir.printer import Scope
from ..ir.renaming import rename, rename_everywhere
from ..lowering.branches import Unreachable
from ..lowering.lower import Lowering

_MOST_TIMES = 20
"""How often in a row a call may be replaced by others."""


def write_out(function: Function, scope: Scope) -> None:
    """Replace the calls in a typed function (in place); its types are complete afterwards."""
    for _ in range(_MOST_TIMES):
        writer = _Writer(scope)
        ir.rewrite(function.body, writer.change)
        if not writer.changed:
            return
        rename_everywhere(function, writer.renamed)
        infer(function, scope)
    raise DualadError(at("internal: what stands for a call leads back to it", *function.place))


class _Writer:
    def __init__(self, scope: Scope):
        self.scope = scope
        self.renamed: dict = {}
        self.changed = False

    def change(self, op: Op) -> list:
        if declared_for(op) is None or op.target is None:
            return [op]
        op.args = tuple(rename(a, self.renamed) for a in op.args)
        op.kwargs = {k: rename(v, self.renamed) for k, v in op.kwargs.items()}
        given = tuple(type_of(a) for a in op.args)
        found = written_out(op, given, {k: type_of(v) for k, v in op.kwargs.items()})
        if found is None:
            return [op]
        self.changed = True
        return self.inline(*found, op)

    def inline(self, written: object, operands: dict, op: Op) -> list:
        low = Lowering(self.scope.namer)
        low.origin = op.place
        try:
            result = low.library_call(written, function_of(op), [], operands, None)
        except Unreachable:
            what = f"{library_name(function_of(op))} of such arguments"
            raise UnsupportedError(at(f"{what} is not supported: it raises an exception", *op.place)) from None
        new = low.block.statements
        if isinstance(op.target.type, types.BaseTuple):
            items = zip(result.items, op.target.type, strict=True)
            self.renamed[op.target] = TupleOf(tuple(self.cast(low, x, ty, op.place) for x, ty in items))
        else:
            new.append(Op(op.target, "cast", (result,), {}, op.target.type, op.place))
        return new

    @staticmethod
    def cast(low: Lowering, x: object, ty: object, place: Place) -> object:
        if isinstance(x, Const | TupleOf):
            return x
        new = low.emit("cast", (x,), None, getattr(x, "name", "t"), None, ty)
        new.type = ty
        return new
