"""Arrays that an array-level rule reads in the reverse sweep must be as they were; those written later are copied.

Numbers are not affected: they are stored one by one (`plan`). For np.dot(a, b) the reverse sweep reads a and b as
wholes, and if the function writes into one of them, the product is taken of a copy.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ...rules import registry
from .. import ir
from ..analysis.activity import Activity
from ..analysis.order import Order
from ..ir import Function, Namer, Op, Var, rule_text
from ..ir.kinds import is_array, type_of


def needed_operands(op: Op, activity: Activity) -> tuple[set[int], bool]:
    """Return which operands the reverse of an array-level operation reads, and whether it reads the result."""
    rule = None if isinstance(op.fn, str) else registry.find(op.fn)
    if rule is None or rule.kind not in ("linear", "bilinear", "pair") or not activity.active(op.target):
        return set(), False
    outputs = tuple(k for k, a in enumerate(op.args) if activity.active(a))
    body = rule.cotangent_body(outputs, tuple(map(type_of, op.args)))
    return rule_text.needed(body, list(outputs))


def protect(function: Function, activity: Activity, namer: Namer) -> None:
    """Copy the operands and results that would change before the reverse sweep reads them (in place)."""
    order = Order(function)
    aliases = activity.aliases

    def copy_of(x: Var) -> Var:
        ty = type_of(x)
        return Var(namer.fresh(x.name), types.Array(ty.dtype, ty.ndim, "C"))

    def change(op: Op) -> list:
        params, value = needed_operands(op, activity)
        before, after = [], []
        for k in sorted(params):
            x = op.args[k] if k < len(op.args) else None
            if isinstance(x, Var) and is_array(x) and order.is_written_after(op, x, aliases):
                saved = copy_of(x)
                before.append(Op(saved, np.copy, (x,), {}, None, op.place))
                op.args = tuple(saved if a is x else a for a in op.args)
        if value and is_array(op.target) and order.is_written_after(op, op.target, aliases):
            result = copy_of(op.target)
            after.append(Op(op.target, np.copy, (result,), {}, None, op.place))
            op.target = result
        return [*before, op, *after]

    ir.rewrite(function.body, change)
