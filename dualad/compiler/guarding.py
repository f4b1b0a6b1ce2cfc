"""Zeros that must stay zero: which products of a derivative need care where infinities and NaNs meet zeros.

One rule holds in both modes: a tangent, cotangent or partial that is exactly 0 contributes exactly 0, whatever it is
multiplied with. A plain product does so unless the other factor is infinite or NaN; so a guard is printed where facts
do not exclude that:

partials that call, divide, or are the result of such an operation
    They can be infinite or NaN. What they cost hides what the guard costs: both factors are looked at.
conditional partials
    say what a kink or a choice contributes. They select the product and do not multiply by 0 or 1 (`rule_text.chosen`).
other partials, of sums and products mostly
    are guarded where a number nearby can make them, or what they are multiplied with, infinite:

    `after`     numbers that come from a singular operation: their values or tangents can be infinite
    `before`    operations that lead to a singular one: their adjoints can be infinite
    `unchosen`  operations whose results may be left aside by a branch, a choice, an index or a later write. Their
                adjoints are then exactly 0, and the partials may be anything (jax#5798)

`after` and `before` follow numbers, also from trip to trip, and arrays where a loop is made of array operations; not
through arrays that the program reads and writes element by element, whose loops keep their form. `unchosen` follows
both. A number that is infinite because the user's arguments are, or because sums overflow, is not foreseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..rules import registry
from ..rules.registry import Rule
from ..rules.selection import pick
from . import ir, rule_text
from .infer import is_array, is_memory
from .ir import Block, Const, For, Function, If, Op, Var, While

CHOICES = frozenset({"maximum", "minimum", "max", "min", "fmax", "fmin"})
"""Rules that choose one of their arguments."""


class Guards:
    """Which products of a function's derivative are guarded."""

    def __init__(self, function: Function, activity: object):
        self.active, self.aliases = activity.active, activity.aliases
        self.definer: dict[Var, object] = {}
        self._stores: dict[Var, list[Op]] = {}
        self._inner: dict[int, object] = {}
        """The innermost loop around an operation, if it is made of array operations."""
        self._under_branch: set[int] = set()
        self._in_loop: set[int] = set()
        self._index(function.body, None, False)
        self.after: set[Var] = set()
        self.before: set[int] = set()
        self.unchosen: set[int] = set()
        statements = list(ir.walk(function.body))
        while self._find_after(statements):
            pass
        for stmt in statements:
            self._start(stmt)

    # ---------------------------------------------------------------- what emitters ask

    def guards_tangent(self, op: Op, rule: Rule, partial: ast.expr) -> bool:
        """Whether partial * tangent is guarded."""
        if self._is_plain(op, partial):
            return any(isinstance(a, Var) and a in self.after for a in op.args)
        return not self._is_fixed(op, partial) or id(op) in self.unchosen

    def guards_adjoint(self, op: Op, rule: Rule, partial: ast.expr) -> tuple[bool, bool]:
        """Whether partial * adjoint is guarded against an adjoint that is 0, and against a partial that is 0."""
        if self._is_plain(op, partial) or self._is_fixed(op, partial):
            wild = any(isinstance(a, Var) and a in self.after for a in op.args)
            return wild or id(op) in self.unchosen, id(op) in self.before
        return True, True

    def _is_plain(self, op: Op, partial: ast.expr) -> bool:
        """Whether a partial is a sum or product of arguments."""
        return not rule_text.can_be_infinite(partial) and op.target.name not in rule_text.names_in(partial)

    def _is_fixed(self, op: Op, partial: ast.expr) -> bool:
        """Whether a partial depends on no active number and no element of an array: x / c."""
        fixed = {a.name for a in op.args if isinstance(a, Var) and not self.active(a) and not self._is_element(a)}
        return rule_text.names_in(partial) <= fixed

    def _is_element(self, v: Var) -> bool:
        op = self.definer.get(v)
        return isinstance(op, Op) and op.fn == "getitem"

    # ---------------------------------------------------------------- facts

    def _index(self, block: Block, loop: For | While | None, under: bool) -> None:
        for stmt in block:
            for v in ir.defined_by(stmt):
                self.definer[v] = stmt
            if isinstance(stmt, Op):
                if isinstance(loop, For) and loop.independent:
                    self._inner[id(stmt)] = loop
                if loop is not None:
                    self._in_loop.add(id(stmt))
                if under:
                    self._under_branch.add(id(stmt))
                if stmt.fn in ("setitem", "augitem") and self.active(stmt.args[0]):
                    self._stores.setdefault(self.aliases.of(stmt.args[0]), []).append(stmt)
            elif isinstance(stmt, For | While):
                for c in stmt.carried:
                    self.definer[c.param] = stmt
            for inner in ir.blocks_of(stmt):
                is_loop = isinstance(stmt, For | While)
                self._index(inner, stmt if is_loop else loop, (under and not is_loop) or isinstance(stmt, If))

    def _rule(self, op: Op) -> Rule | None:
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        return rule if rule is not None and rule.kind == "pointwise" and not is_array(op.target) else None

    def _is_singular(self, op: Op, rule: Rule) -> bool:
        """Whether an operation has an active argument by which the partial can be infinite."""
        names = {p: _expression(a) for p, a in zip(rule.body.params, op.args, strict=False)}
        for k, a in enumerate(op.args[: len(rule.body.outputs)]):
            if self.active(a):
                partial = rule_text.substitute(rule.body.outputs[k], names)
                if rule_text.number(partial) is None and not self._is_fixed(op, partial):
                    if rule_text.can_be_infinite(partial) or "value" in rule_text.names_in(partial):
                        return True
        return False

    def _find_after(self, statements: list) -> bool:
        """Go over the function once; True if something was found."""
        count = len(self.after)
        for stmt in statements:
            if isinstance(stmt, Op):
                self._find_after_op(stmt)
            elif isinstance(stmt, If):
                self.after.update(p.target for p in stmt.phis if not self.after.isdisjoint((p.then, p.orelse)))
            else:
                for c in stmt.carried:
                    if c.init in self.after or c.yielded in self.after:
                        self.after.update((c.param, c.result))
        return len(self.after) > count

    def _find_after_op(self, op: Op) -> None:
        if op.fn in ("setitem", "augitem"):
            if id(op) in self._inner and op.args[-1] in self.after:
                self.after.add(self.aliases.of(op.args[0]))
        elif op.fn == "getitem":
            if id(op) in self._inner and self.active(op.target) and self.aliases.of(op.args[0]) in self.after:
                self.after.add(op.target)
        elif op.target is not None and self.active(op.target):
            rule = self._rule(op)
            if rule is not None and (
                any(isinstance(a, Var) and a in self.after for a in op.args)
                or ((rule.singular or rule.overflows) and self._is_singular(op, rule))
            ):
                self.after.add(op.target)

    def _start(self, stmt: object) -> None:
        """Find what leads to singular operations, and what a statement may leave aside."""
        if isinstance(stmt, If):
            inside = {v for b in (stmt.then, stmt.orelse) for s in ir.walk(b) for v in ir.defined_by(s)}
            for p in stmt.phis:
                for x in (p.then, p.orelse):
                    if x not in inside:
                        self._guard(x, self.unchosen)
        elif not isinstance(stmt, Op):
            return
        elif stmt.fn in ("setitem", "augitem"):
            if stmt.fn == "setitem" and self._is_partial_write(stmt):
                self._guard_array(stmt.args[0], self.unchosen)
        elif stmt.fn in ("getitem", "view") or stmt.fn is pick:
            if self._is_partial_read(stmt):
                self._guard_array(stmt.args[0], self.unchosen)
        elif stmt.target is not None and self.active(stmt.target):
            rule = self._rule(stmt)
            if rule is not None:
                for a in stmt.args if rule.name in CHOICES else ():
                    self._guard(a, self.unchosen)
                for a in stmt.args if rule.singular and self._is_singular(stmt, rule) else ():
                    self._guard(a, self.before)

    def _is_partial_read(self, op: Op) -> bool:
        """Whether a load or a view lets elements aside: under a branch, at places found by a program, once and for all.

        An element at the index of a loop is taken to be one of all.
        """
        if not self.active(op.args[0]):
            return False
        if op.fn not in ("getitem", "view") or id(op) in self._under_branch:
            return True
        indices = [self.definer.get(i) for i in op.args[1:] if isinstance(i, Var)]
        return id(op) not in self._in_loop or any(isinstance(i, Op) and i.fn == "getitem" for i in indices)

    def _is_partial_write(self, op: Op) -> bool:
        """Whether a store may overwrite what a part of an array had: under a branch, at places found by a program."""
        indices = [self.definer.get(i) for i in op.args[1:-1] if isinstance(i, Var)]
        found = any(isinstance(i, Op) and i.fn == "getitem" for i in indices)
        return self.active(op.args[0]) and (id(op) in self._under_branch or found)

    # ---------------------------------------------------------------- upstream

    def _guard(self, x: object, found: set[int]) -> None:
        """Add the operations that a number comes from."""
        todo = [x]
        while todo:
            x = todo.pop()
            if isinstance(x, Var) and self.active(x):
                if is_memory(x):
                    self._guard_array(x, found)
                    continue
                todo += self._sources(x, found)

    def _sources(self, x: Var, found: set[int]) -> Iterator[object]:
        stmt = self.definer.get(x)
        if isinstance(stmt, For | While | If):
            if id(x) in found:
                return ()
            found.add(id(x))
            if isinstance(stmt, If):
                return [y for p in stmt.phis if p.target is x for y in (p.then, p.orelse)]
            return [y for c in stmt.carried if x in (c.param, c.result) for y in (c.init, c.yielded)]
        if not isinstance(stmt, Op) or id(stmt) in found:
            return ()
        found.add(id(stmt))
        if stmt.fn == "getitem":
            if found is self.unchosen or id(stmt) in self._inner:
                self._guard_array(stmt.args[0], found)
            return ()
        rule = None if isinstance(stmt.fn, str) else registry.find(stmt.fn)
        return stmt.args if rule is not None and (rule.kind == "pointwise" or found is self.unchosen) else ()

    def _guard_array(self, x: Var, found: set[int]) -> None:
        """Add the operations that the elements of an array come from."""
        cls = self.aliases.of(x)
        if id(cls) in found or not self.active(x):
            return
        found.add(id(cls))
        for op in self._stores.get(cls, ()):
            if found is self.unchosen or id(op) in self._inner:
                self._guard(op.args[-1], found)
        stmt = self.definer.get(x)
        if isinstance(stmt, Op) and found is self.unchosen and not isinstance(stmt.fn, str):
            found.add(id(stmt))
            for a in stmt.args:
                self._guard(a, found)


def _expression(x: object) -> ast.expr:
    if isinstance(x, Const) and isinstance(x.value, int | float):
        return ast.parse(repr(x.value), mode="eval").body
    return ast.Name(x.name if isinstance(x, Var) else "_", ast.Load())
