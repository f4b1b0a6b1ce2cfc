"""Recursive functions in forward mode, and as they stand.

A unit takes its arguments and the tangents of those that are real numbers or arrays of them; it gives back its result
and the result's tangent, and calls itself in the same form::

    def power_jvp(x, n, x_dot):
        ...
        half, half_dot = power_jvp(x, n // 2, x_dot)
"""

from __future__ import annotations

from ..analysis.activity import Activity
from ..ir import Const
from ..ir.kinds import is_float
from .derivative_text import DerivativeEmitter
from .forward import Forward


class UnitForward(Forward):
    """Prints the Jacobian-vector product of a unit."""

    def __init__(self, instance: object):
        super().__init__(instance.function, instance.scope, instance.activity)

    def emit_unit(self, name: str) -> list[str]:
        """Return the lines of the function."""
        f = self.function
        dots = [self.dot(p) for p in f.params if is_float(p)]
        self.lent = frozenset((*self.parameters(), *dots))
        with self.indented(f"def {name}({', '.join(self.parameters() + dots)}):"):
            self.block(f.body)
            if f.result != Const(None):
                tangent = f", {self.result_tangent(f.result)}" if is_float(f.result) else ""
                self.line(f"return {self.operand(f.result)}{tangent}")
        return self.lines


def emit_primal_unit(instance: object, name: str) -> list[str]:
    """Return the lines of a unit itself, without derivatives."""
    f = instance.function
    plain = DerivativeEmitter(f, instance.scope, Activity(f, []))
    plain.lent = frozenset(plain.parameters())
    with plain.indented(f"def {name}({', '.join(plain.parameters())}):"):
        plain.block(f.body)
        if f.result != Const(None):
            plain.line(f"return {plain.operand(f.result)}")
    return plain.lines
