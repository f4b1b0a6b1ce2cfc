"""Which reverse loops may take their trips in the order of the forward sweep.

An index that comes down is not known to LLVM to be at least 0, and Numba then checks whether it counts from the end; an
ascending loop is vectorised more often.
"""

from __future__ import annotations

import operator

from .. import ir
from ..ir import For, Op, Var, While
from ..ir.kinds import is_integer, is_memory
from ..ir.operations import WRITES
from ..runtime import vector_math
from ..transform.cse import is_load
from .plan import Plan

_ADDS = (operator.add, vector_math.add)


def may_run_forwards(loop: object, plan: Plan) -> bool:
    """Whether the reverse sweep of a loop may take the trips in their own order.

    True if nothing active is handed from trip to trip but sums, and no trip overwrites what another needs or stores.
    Then the reverse loop ascends, and can be vectorised. A loop with a tape in a loop inside it must take its trips
    backwards.
    """
    if not isinstance(loop, For) or loop.exit is not None:
        return False
    own = plan.loops.get(id(loop))
    if own is None or own.kept or own.selects or any(id(s) in plan.loops for s in ir.walk(loop.body)):
        return False
    if any(isinstance(s, Op) and plan.activity.is_active_call(s) for s in ir.walk(loop.body)):
        return False  # what the calls left on the tape of the units comes back in reverse order
    if any(plan.is_mirrored(v) for s in ir.walk(loop.body) for v in ir.defined_by(s)):
        return False  # and so do the shadows that the trips left behind
    if not loop.independent:
        for stmt in ir.walk(loop.body):
            if isinstance(stmt, Op) and stmt.fn == "pop":
                return False
            if isinstance(stmt, Op) and stmt.fn in WRITES:
                if id(stmt) in plan.saves:
                    return False
                if stmt.fn != "augitem" and plan.active(stmt.args[0]) and not _fills(stmt, loop, plan):
                    return False
                if stmt.fn == "augitem" and _is_read(stmt.args[0], loop, plan):
                    return False
    return all(_is_sum(c, loop, plan) for c in loop.carried if plan.active(c.param))


def _fills(write: Op, loop: For, plan: Plan) -> bool:
    """Whether a loop stores each element of an array at most once, and does nothing else with the array."""
    if write.fn != "setitem" or not plan.integers.is_elsewhere_each_trip(write, loop):
        return False
    roots = plan.activity.aliases.roots(write.args[0])
    others = (s for s in ir.walk(loop.body) if isinstance(s, Op) and s is not write)
    return not any(is_memory(v) and plan.activity.aliases.roots(v) & roots for s in others for v in ir.op_vars(s))


def is_around_rows(loop: For | While, plan: Plan) -> bool:
    """Whether a loop has one inside it that goes along contiguous memory, so that LLVM may vectorise that one."""
    return any(isinstance(s, For) and _goes_along_rows(s, plan) for s in ir.walk(loop.body))


def _goes_along_rows(loop: For, plan: Plan) -> bool:
    for stmt in loop.body:
        if isinstance(stmt, Op) and (stmt.fn in ("setitem", "augitem") or is_load(stmt)):
            last = stmt.args[-1] if is_load(stmt) else stmt.args[-2]
            if is_integer(last) and abs(plan.integers.form(last).terms.get((loop.index, False), 0)) == 1:
                return True
    return False


def _is_read(x: Var, loop: For, plan: Plan) -> bool:
    """Whether a loop reads memory that it adds to."""
    roots = plan.activity.aliases.roots(x)
    for stmt in ir.walk(loop.body):
        if isinstance(stmt, Op) and stmt.fn not in WRITES:
            if any(is_memory(v) and plan.activity.aliases.roots(v) & roots for v in ir.op_vars(stmt)):
                if stmt.fn != "view":
                    return True
    return False


def _is_sum(c: ir.Carried, loop: For, plan: Plan) -> bool:
    """Whether a carried number is only added to."""
    if is_memory(c.param):
        return False
    links, x = {c.param}, c.yielded
    chain: list[Op] = []
    while x is not c.param:
        stmt = plan.definer.get(x) if isinstance(x, Var) else None
        if not isinstance(stmt, Op) or stmt.fn not in (*_ADDS, operator.sub):
            return False
        chain.append(stmt)
        links.add(x)
        x = stmt.args[0]
        if stmt.fn in _ADDS and not _leads_to(x, c.param, plan):
            x = stmt.args[1]
        if len(chain) > 32:
            return False
    for stmt in ir.walk(loop.body):  # nobody else looks at the sum while it grows
        if isinstance(stmt, Op):
            if stmt not in chain and any(v in links for v in ir.op_vars(stmt)):
                return False
            if stmt in chain and sum(v in links for v in ir.op_vars(stmt)) != 1:
                return False
        elif isinstance(stmt, ir.If) and any(
            v in links for p in stmt.phis for x in (p.then, p.orelse) for v in ir.vars_in(x)
        ):
            return False
        elif isinstance(stmt, ir.LOOPS) and any(
            v in links for s in stmt.carried for x in (s.init, s.yielded) for v in ir.vars_in(x)
        ):
            return False
    return sum(v in links for s in loop.carried for v in ir.vars_in(s.yielded)) == 1


def _leads_to(x: object, param: Var, plan: Plan) -> bool:
    """Whether a chain of sums starting at x ends at a parameter."""
    for _ in range(32):
        if x is param:
            return True
        stmt = plan.definer.get(x) if isinstance(x, Var) else None
        if not isinstance(stmt, Op) or stmt.fn not in (*_ADDS, operator.sub):
            return False
        x = stmt.args[0]
    return False
