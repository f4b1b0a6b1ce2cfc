"""Which arrays have their shadows from the forward sweep on.

Usually shadows are made on the way back, and handed back where a loop or branch hands the array on. That takes one name
at a time: an array that is written, and lives on under its old name as well, needs one shadow under both. Then all
arrays of its class have their shadows from the forward sweep, where every view, choice and hand-over of arrays is done
to the shadows too. So it is with lists, and with the arrays in them.
"""

from __future__ import annotations

from . import ir
from .infer import is_array, is_list
from .ir import For, Function, If, Op, Var, While


def find_mirrored(function: Function, plan: object) -> set[Var]:
    """Return the classes of arrays and lists that are mirrored, by what a `Plan` knows of their uses."""
    mirrored: set[Var] = set()
    for stmt in ir.walk(function.body):
        if isinstance(stmt, For | While):
            found = _handed_on_by_loop(stmt, plan)
        elif isinstance(stmt, If):
            found = _handed_on_by_branch(stmt, plan)
        else:
            found = [stmt.target] if is_list(stmt.target) else []
        mirrored.update(plan.activity.aliases.of(v) for v in found)
    return mirrored


def _handed_on_by_loop(loop: For | While, plan: object) -> list[Var]:
    aliases = plan.activity.aliases
    seen: set[tuple[Var, bool]] = set()
    found = []
    for c in loop.carried:
        if not is_array(c.param) or not plan.active(c.param):
            continue
        for x, handed in ((c.init, False), (c.yielded, True)):
            for root in aliases.roots(x) & aliases.written:
                inside = plan.loop_of.get(root) is loop
                is_own = handed and isinstance(x, Var) and plan.loop_of.get(plan.root(x)) is loop
                if (root, handed) in seen or (handed and not inside and not is_own):
                    found.append(c.param)
                if not handed and plan.last_use(root) > plan.position[id(loop)]:
                    found.append(c.param)
                seen.add((root, handed))
    return found


def _handed_on_by_branch(stmt: If, plan: object) -> list[Var]:
    found = []
    for p in stmt.phis:
        if is_array(p.target) and plan.active(p.target):
            if all(how == "read" and isinstance(s, Op) for how, s in plan.uses.get(p.target, ())):
                continue  # never handed on: its shadow is chosen as it was
            for x in (p.then, p.orelse):
                if isinstance(x, Var) and plan.activity.aliases.is_written(x):
                    if plan.last_use(plan.root(x)) > plan.end[id(stmt)]:
                        found.append(p.target)
    return found
