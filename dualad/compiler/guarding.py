"""Zeros that must stay zero: operations whose adjoints need care where infinities meet zeros.

`unchosen`: what a branch or np.where may leave aside. Its cotangent is then exactly 0, and stays 0 whatever the partial
(jax#5798). `before_singular`: what feeds a root, logarithm or power. Its cotangent may be infinite, and a partial that
is exactly 0 gives 0, as it does in forward mode.
"""

from __future__ import annotations

from collections.abc import Callable

from ..rules import registry
from . import ir
from .ir import For, Function, If, Op, Var, While


def find_guarded(function: Function, definer: dict[Var, object], active: Callable) -> tuple[set[int], set[int]]:
    """Return what is `unchosen` and what is `before_singular`: the ids of operations, and of variables met."""
    guards = _Guards(definer, active)
    for stmt in ir.walk(function.body):
        if isinstance(stmt, If):
            inside = {v for b in (stmt.then, stmt.orelse) for s in ir.walk(b) for v in ir.defined_by(s)}
            for p in stmt.phis:
                for x in (p.then, p.orelse):
                    if x not in inside:
                        guards.guard(x, guards.unchosen)
        elif isinstance(stmt, Op) and not isinstance(stmt.fn, str):
            rule = registry.find(stmt.fn)
            if rule is not None and rule.singular and active(stmt.target):
                for a in stmt.args:
                    guards.guard(a, guards.before_singular)
    return guards.unchosen, guards.before_singular


class _Guards:
    def __init__(self, definer: dict[Var, object], active: Callable):
        self.definer, self.active = definer, active
        self.unchosen: set[int] = set()
        self.before_singular: set[int] = set()

    def guard(self, x: object, found: set[int]) -> None:
        """Add the operations that a value comes from."""
        op = self.definer.get(x) if isinstance(x, Var) and self.active(x) else None
        if isinstance(op, For | While | If) and found is self.before_singular:
            if id(x) in found:
                return
            found.add(id(x))
            if isinstance(op, If):
                sources = [(p.then, p.orelse) for p in op.phis if p.target is x]
            else:
                sources = [(c.init, c.yielded) for c in op.carried if x in (c.param, c.result)]
            for pair in sources:
                for y in pair:
                    self.guard(y, found)
            return
        rule = registry.find(op.fn) if isinstance(op, Op) and not isinstance(op.fn, str) else None
        if rule is not None and rule.kind == "pointwise" and id(op) not in found:
            found.add(id(op))
            for a in op.args:
                self.guard(a, found)
