"""Arrays that are restored on the way back, so that what was read from them need not be stored.

Before an element is overwritten its old value goes on the tape, and the reverse sweep puts it back::

    forward sweep                                   reverse sweep
    for t in range(n):                              for t in range(n - 1, -1, -1):
        for i in range(m):                              for k in range(m):
            for k in range(m):                              h_bar[k] = ...; h[k] = tape[top + k]
                s += w[i, k] * h[k]                     for i in range(m):
        for k in range(m):                                  for k in range(m):
            tape[top + k] = h[k]; h[k] = ...                    w_bar[i, k] += s_bar * h[k]

The alternative is to store each h[k] where it is read, m * m values a step instead of m. Which is cheaper is decided
array by array: a plan is made with and without, and the cheaper one is taken. Only arrays that are made outside loops,
have one name and views of it, and are written element by element can be restored; those that the function returns
cannot, since the caller gets them after the reverse sweep.
"""

from __future__ import annotations

from .. import ir
from ..ir import Const, For, Op, Var, While
from ..ir.effects import shares_memory
from ..ir.kinds import is_array, is_list, is_number
from .plan import Plan

_TRIPS = 10  # of a loop whose trips are not known
_COLUMN, _REPAIR, _LOAD = 3, 2, 1  # memory operations in both sweeps together, by and large
_MOST_CANDIDATES = 8


def choose_restored(plan: Plan) -> None:
    """Make a plan, and decide which arrays it restores."""
    plan.make()
    least = cost(plan)
    for array in candidates(plan)[:_MOST_CANDIDATES]:
        saved = dict(plan.saves)
        plan.restored.add(array)
        settle(plan)
        if cost(plan) < least:
            least = cost(plan)
        else:
            plan.restored.discard(array)
            plan.saves = saved
    settle(plan)


def settle(plan: Plan) -> None:
    """Make a plan, with all elements saved that it relies on."""
    aliases = plan.activity.aliases
    while True:
        plan.make()
        needed = [
            write
            for load in plan.relied_on
            for write in plan.order.writes_after(load, load.args[0], aliases)
            if id(write) not in plan.saves and plan.may_overwrite(write, load)
        ]
        if not needed:
            return
        for write in needed:
            plan.save_before(write)


def candidates(plan: Plan) -> list[Var]:
    """Return the arrays, by their classes, that can be restored and are read and overwritten in loops."""
    aliases = plan.activity.aliases
    unfit = {aliases.of(v) for v in ir.vars_in(plan.function.result)}
    read: dict[Var, None] = {}
    for stmt in ir.walk(plan.function.body):
        for v in ir.defined_by(stmt):
            if is_list(v):  # its items are not in memory that stays where it is
                unfit.add(aliases.of(v))
            if is_array(v) and not (isinstance(stmt, Op) and (shares_memory(stmt) or plan.loop_of.get(v) is None)):
                unfit.add(aliases.of(v))
        if isinstance(stmt, Op):
            if stmt.fn == "getitem" and is_array(stmt.args[0]) and plan.loop_of.get(stmt.target) is not None:
                if isinstance(stmt.args[0], Var) and aliases.is_written(stmt.args[0]):
                    read[aliases.of(stmt.args[0])] = None
    for write in plan.order.writes:
        for x in ir.op_vars(write):
            if is_array(x) and not is_element_write(write):
                unfit.add(aliases.of(x))
    return [x for x in read if x not in unfit]


def is_element_write(op: Op) -> bool:
    """Whether an operation writes one element."""
    return op.fn in ("setitem", "augitem") and all(map(is_number, op.args[1:]))


def cost(plan: Plan) -> float:
    """Return about how many memory operations a plan costs."""
    total = 0.0
    for stmt in ir.walk(plan.function.body):
        own = plan.loops.get(id(stmt))
        if own is not None:
            columns = len(own.floats) + len(own.integers)
            total += _COLUMN * columns * weight((*plan.around[id(stmt)], stmt))
        if id(stmt) in plan.saves:
            total += _REPAIR * weight(plan.around[id(stmt)])
    return total + sum(_LOAD * weight(plan.around[id(load)]) for load in plan.relied_on)


def weight(loops: tuple[For | While, ...]) -> float:
    """Return about how often something in some loops is done."""
    product = 1.0
    for loop in loops:
        bounds = (loop.start, loop.stop, loop.step) if isinstance(loop, For) else ()
        known = bounds and all(isinstance(x, Const) for x in bounds)
        product *= len(range(*(x.value for x in bounds))) if known else _TRIPS
    return product
