"""Variables replaced by operands, in a statement or in a whole function."""

from __future__ import annotations

from .. import ir
from . import Function, Op, Slice, TupleOf, Var


def rename_everywhere(function: Function, renamed: dict) -> None:
    """Replace variables by operands in a whole function (in place)."""
    if renamed:
        for stmt in ir.walk(function.body):
            rename_in(stmt, renamed)
        function.result = rename(function.result, renamed)
        function.shapes = {v: tuple(rename(n, renamed) for n in shape) for v, shape in function.shapes.items()}


def rename(x: object, renamed: dict) -> object:
    if isinstance(x, Var):
        while x in renamed:
            x = renamed[x]
        return x
    if isinstance(x, TupleOf):
        return TupleOf(tuple(rename(i, renamed) for i in x.items), x.cls)
    if isinstance(x, Slice):
        return Slice(rename(x.lower, renamed), rename(x.upper, renamed), rename(x.step, renamed))
    return x


def rename_in(stmt: object, renamed: dict) -> None:
    if isinstance(stmt, Op):
        stmt.args = tuple(rename(a, renamed) for a in stmt.args)
        stmt.kwargs = {k: rename(v, renamed) for k, v in stmt.kwargs.items()}
    elif isinstance(stmt, ir.If):
        stmt.test = rename(stmt.test, renamed)
        for phi in stmt.phis:
            phi.then, phi.orelse = rename(phi.then, renamed), rename(phi.orelse, renamed)
    else:
        for c in stmt.carried:
            c.init, c.yielded = rename(c.init, renamed), rename(c.yielded, renamed)
        stmt.exit = rename(stmt.exit, renamed)
        if isinstance(stmt, ir.For):
            stmt.start, stmt.stop, stmt.step = (rename(x, renamed) for x in (stmt.start, stmt.stop, stmt.step))
        else:
            stmt.test = rename(stmt.test, renamed)
