"""The IR as text for those who work on the compiler: its statements as Python, with the types of what they define."""

from __future__ import annotations

from . import Function, If, Op, Var, defined_by, vars_in
from .printer import Emitter, Scope


class _Listing(Emitter):
    def callee(self, op: Op) -> str:
        return op.detail.name

    def statement(self, stmt: object) -> None:
        start = len(self.lines)
        super().statement(stmt)
        typed = [v for v in defined_by(stmt) if v.type is not None]
        if isinstance(stmt, Op) and typed and len(self.lines) > start:
            self.lines[-1] += f"  # {typed[0].type}"
        elif not isinstance(stmt, Op) and len(self.lines) > start:
            names = [p.target for p in stmt.phis] if isinstance(stmt, If) else [c.param for c in stmt.carried]
            if names:
                self.lines[start] += f"  # {', '.join(f'{v.name}: {v.type}' for v in names)}"


def listing(function: Function) -> str:
    """Return the text of a function, as it stands."""
    printer = _Listing(Scope())
    for v in {*function.params, *vars_in(function.result)}:
        printer.scope.namer.reserve(v.name)
    with printer.indented(f"def {function.name}({', '.join(_parameter(p) for p in function.params)}):"):
        printer.block(function.body)
        printer.line(f"return {printer.operand(function.result)}")
    return "\n".join(printer.lines)


def _parameter(v: Var) -> str:
    return v.name if v.type is None else f"{v.name}: {v.type}"
