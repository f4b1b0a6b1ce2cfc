"""Forward mode along several directions at a time, with the tangents of a number side by side in a register.

The text is that of one direction: `x_dot` is a pack of tangents, or an array of packs (`numba_bridge.packs`), from the
parameters to the result. What is linear in the tangents reads the same for packs, so it takes loops over numbers and
what rearranges arrays. A function with other operations on whole arrays (a matrix product, a decomposition) is printed
for one direction after the other by `Forward`.
"""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...rules import registry
from ...rules.broadcasting import stretch
from ...rules.registry import Rule
from .. import ir
from ..analysis.activity import Activity
from ..ir import Function, Op, Var
from ..ir.kinds import is_array
from ..ir.operations import ALLOCATIONS, COPIES
from ..ir.printer import Scope
from ..lowering.nested_primitives import Derived
from ..runtime.helpers import check_no_overlap
from ..runtime.numba_bridge.packs import packs_of
from .forward import Forward

_MOVES = frozenset({*COPIES, np.reshape, np.ravel, np.transpose, np.swapaxes, np.expand_dims, stretch})
"""What rearranges an array, whatever its elements are."""

_SUMS = (operator.iadd, operator.isub)


def may_be_packed(function: Function, activity: Activity) -> bool:
    """Whether everything that a function does with tangents can be done with packs of them."""
    active = [leaf for leaf, _, _ in function.leaves if activity.active(leaf)]
    if any(isinstance(step, str) for _, _, path in function.leaves for step in path):  # parts of complex arguments
        return False
    ops = [s for s in ir.walk(function.body) if isinstance(s, Op) and s.fn != "unpack"]
    floats = [v for v in (*active, *(s.target for s in ops)) if isinstance(v, Var) and activity.active(v)]
    if any(getattr(v.type, "dtype", v.type) != types.float64 for v in floats):
        return False
    return not any(activity.is_active_call(op) for op in ops) and all(_may_be_packed(op, activity) for op in ops)


def _may_be_packed(op: Op, activity: Activity) -> bool:
    if op.target is None:
        if op.fn in ("setitem", "augitem") and activity.active(op.args[0]):
            return not is_array(op.args[-1]) and (op.fn == "setitem" or op.detail in _SUMS)
        return not any(activity.active(v) for v in ir.op_vars(op)) or op.fn in ("raise", check_no_overlap)
    if not activity.active(op.target):
        return True
    if isinstance(op.fn, Derived):
        return False
    if op.fn in ALLOCATIONS or not any(activity.active(v) for v in ir.op_vars(op)):
        return op.fn not in (np.full, np.full_like)
    if op.fn in ("getitem", "view", "pack") or op.fn in _MOVES:
        return True
    rule = None if isinstance(op.fn, str) else registry.find(op.fn)
    return rule is not None and rule.kind == "pointwise" and not is_array(op.target)


class Packed(Forward):
    """Emits the Jacobian-vector products of a function along `directions` directions; see `may_be_packed`."""

    def __init__(self, function: Function, scope: Scope, activity: Activity, directions: int, tangents_only: bool):
        super().__init__(function, scope, activity, 1, tangents_only)
        self.packs = packs_of(directions)

    def call_pack(self, name: str, *args: str) -> str:
        return f"{self.scope.bind(getattr(self.packs, name), name)}({', '.join(args)})"

    def zero(self) -> str:
        return self.call_pack("zero")

    def zeros_like(self, text: str) -> str:
        return self.call_pack("zeros_like", text)

    def result_tangent(self, value: object) -> str:
        if self.active(value):
            return super().result_tangent(value)
        return self.zeros_like(self.operand(value)) if is_array(value) else self.zero()

    def differentiate(self, op: Op, rule: Rule | None, dot: str) -> None:
        if op.fn == "pack" and any(self.active(v) for v in ir.op_vars(op)):
            self.line(f"{dot} = {self.zeros_like(op.target.name)}")
            for k, a in enumerate(op.args):
                where = str(k) if len(op.detail) == 1 else f"{k // op.detail[1]}, {k % op.detail[1]}"
                self.line(f"{dot}[{where}] = {self.tangent(a)}")
        elif op.fn is stretch:
            sizes = map(self.operand, op.args[1:])
            self.line(f"{dot} = {self.call_pack('stretched', self.tangent(op.args[0]), *sizes)}")
        else:
            super().differentiate(op, rule, dot)
