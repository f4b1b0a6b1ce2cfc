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
from ..ir.effects import has_effect
from ..ir.infer import infer
from ..ir.kinds import type_of
from ..ir.of_types import declared_for, function_of, written_out
from ..ir.printer import Scope
from ..ir.renaming import rename, rename_everywhere
from ..lowering.branches import Unreachable
from ..lowering.lower import Lowering

_DEEPEST = 20
"""How often in a row a call may be replaced by others."""


def write_out(function: Function, scope: Scope) -> None:
    """Replace the calls in a typed function (in place); its types are complete afterwards."""
    writer = _Writer(scope)
    ir.rewrite(function.body, writer.change)
    rename_everywhere(function, writer.renamed)


class _Writer:
    def __init__(self, scope: Scope):
        self.scope = scope
        self.renamed: dict = {}

    def change(self, op: Op) -> list:
        if declared_for(op) is None or op.target is None:
            return [op]
        op.args = tuple(rename(a, self.renamed) for a in op.args)
        op.kwargs = {k: rename(v, self.renamed) for k, v in op.kwargs.items()}
        given = tuple(type_of(a) for a in op.args)
        found = written_out(op, given, {k: type_of(v) for k, v in op.kwargs.items()})
        return [op] if found is None else self.inline(*found, op)

    def inline(self, written: object, operands: dict, op: Op) -> list:
        """Return the statements of what stands for a call: the types of its variables are found by themselves."""
        name = library_name(function_of(op))
        if getattr(op.place, "depth", 0) > _DEEPEST:
            raise DualadError(at(f"internal: what stands for {name} leads back to it", *op.place))
        low = Lowering(self.scope.namer)
        low.origin = Place.of(op.place, depth=getattr(op.place, "depth", 0) + 1)
        try:
            result = low.library_call(written, function_of(op), [], operands, None)
        except Unreachable:
            what = f"{name} of such arguments"
            raise UnsupportedError(at(f"{what} is not supported: it raises an exception", *op.place)) from None
        part = Function(name.replace(".", "_"), list(dict.fromkeys(ir.op_vars(op))), [], low.block, result)
        part.place = op.place
        ir.prune(part, has_effect)
        infer(part, self.scope)
        write_out(part, self.scope)
        if isinstance(op.target.type, types.BaseTuple):
            items = zip(part.result.items, op.target.type, strict=True)
            self.renamed[op.target] = TupleOf(tuple(self.cast(low, x, ty, op.place) for x, ty in items))
        else:
            low.block.statements.append(Op(op.target, "cast", (part.result,), {}, op.target.type, op.place))
        return low.block.statements

    @staticmethod
    def cast(low: Lowering, x: object, ty: object, place: Place) -> object:
        if isinstance(x, Const | TupleOf):
            return x
        new = low.emit("cast", (x,), None, getattr(x, "name", "t"), None, ty)
        new.type = ty
        return new
