"""Loops that select: of many trips only a few leave a trace in what they hand on.

In a search for the least of many values, the reverse of a trip whose value was not taken hands the adjoints on as they
are, and everything that led to the value has the adjoint 0. Only the trips that took something are put on the tape,
with their index::

    forward sweep                                       reverse sweep
    for c in range(n):                                  for trip in range(trips - 1, -1, -1):
        d = ...                                             top -= 1
        least_1 = min(least, d)                             c = itape[top]
        if not least < d:                                   ...
            itape[top] = c
            top += 1; trips += 1
        least = least_1
"""

from __future__ import annotations

import operator

import numpy as np

from .. import ir
from ..ir import Carried, Const, For, If, Op, Var, While
from ..ir.effects import written_by
from ..ir.kinds import is_memory, is_number
from ..runtime import vector_math

_KEEPS = {min: "<", np.minimum: "<", np.fmin: "<", max: ">", np.maximum: ">", np.fmax: ">"}
"""min(x, y) is x, and x alone, if x < y."""

_ADDS = (operator.add, vector_math.add)
_TIMES = (operator.mul, vector_math.times)


def selects(loop: For | While, plan: object) -> bool:
    """Whether a trip may leave all adjoints as they are: what it hands on is taken or left."""
    slots = [c for c in loop.carried if plan.active(c.param)]
    return bool(slots) and not any(is_memory(c.param) or kept_if(c, loop, plan) is None for c in slots)


def leaves_no_trace(loop: For | While, plan: object) -> bool:
    """Whether a trip that takes nothing has nothing to reverse, and has left nothing on tapes of the loops inside."""
    for stmt in ir.walk(loop.body):
        inner = plan.loops.get(id(stmt))
        if inner is not None and (inner.floats or inner.integers or inner.kept):
            return False
        if isinstance(stmt, Op):
            if id(stmt) in plan.saves or plan.activity.is_active_call(stmt):
                return False
            if any(plan.active(x) for x in written_by(stmt)):
                return False
    return True


def kept_if(c: Carried, loop: For | While, plan: object) -> list[tuple[object, str, object]] | None:
    """Return comparisons that all hold only if a trip hands on what it was given; None if there is no telling."""
    x = c.yielded
    if x is c.param:
        return []
    stmt = plan.definer.get(x) if isinstance(x, Var) else None
    if not any(stmt is s for s in loop.body):
        return None
    if isinstance(stmt, If):
        phi = next(p for p in stmt.phis if p.target is x)
        if phi.then is c.param:
            return [(stmt.test, "==", Const(True))]
        return [(stmt.test, "==", Const(False))] if phi.orelse is c.param else None
    if not isinstance(stmt, Op) or len(stmt.args) != 2 or stmt.kwargs or not all(map(is_number, stmt.args)):
        return None
    if stmt.fn in _KEEPS and c.param in stmt.args:
        other = stmt.args[0] if stmt.args[1] is c.param else stmt.args[1]
        return None if other is c.param else [(c.param, _KEEPS[stmt.fn], other)]
    return _kept_by_sum(c.param, stmt, loop, plan) if stmt.fn in _ADDS else None


def _kept_by_sum(param: Var, stmt: Op, loop: For | While, plan: object) -> list[tuple[object, str, object]] | None:
    """Of p * param + q * y, where p and q are constant: the derivative of a choice."""
    found = []
    for x in stmt.args:
        product = plan.definer.get(x) if isinstance(x, Var) else None
        if not any(product is s for s in loop.body) or not isinstance(product, Op) or product.fn not in _TIMES:
            return None
        factors = [a for a in product.args if not plan.active(a)]
        if len(factors) != 1 or not any(plan.definer.get(factors[0]) is s for s in loop.body):
            return None
        found.append((factors[0], "==", Const(1.0 if param in product.args else 0.0)))
    return found if sorted(value.value for _, _, value in found) == [0.0, 1.0] else None
