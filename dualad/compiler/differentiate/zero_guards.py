"""Zeros that must stay zero: which products of a derivative need care where infinities and NaNs meet zeros.

One rule holds in both modes: a tangent, cotangent or partial that is exactly 0 contributes exactly 0, whatever it is
multiplied with. A plain product does so unless the other factor is infinite or NaN; so a guard is printed where facts
do not exclude that:

partials that call, divide, or are the result of such an operation
    They are infinite or NaN at the singular points of their rules. What such operations cost hides what the guard
    costs: both factors are looked at.
conditional partials
    say what a kink or a choice contributes. They select the product and do not multiply by 0 or 1 (`rule_text.chosen`).
other partials, of sums and products mostly
    are guarded where a number nearby can make them, or what they are multiplied with, infinite:

    `steep`     numbers that come from a root or the like: finite, but their tangents can be infinite (x * sqrt(x) at 0)
    `before`    operations that lead to a singular one: their adjoints can be infinite (sqrt(x * y) at 0)
    `tamed`     operations on numbers that can be infinite, on the way to an operation that does not mind: their
                adjoints are 0 then (by c of 1 / (1 + c * exp(-x)) at -800)
    `unchosen`  operations whose results may be left aside by a branch, a choice, an index or a later write: their
                adjoints are 0 then, and the partials may be anything (jax#5798)

The first three follow numbers, also from trip to trip, and arrays where a loop is made of array operations; not arrays
that the program reads and writes element by element, whose loops keep their form. `unchosen` follows both. Tangents of
0 beside arguments that are infinite or NaN are guarded in products of two active numbers, again not in such loops.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from numba import types

from ...rules import registry
from ...rules.registry import Rule
from ...rules.selection import pick
from .. import ir
from ..ir import Block, Const, For, Function, If, Op, Var, While, rule_text
from ..ir.kinds import is_array, is_float, is_memory, type_of
from ..ir.operations import WRITES
from ..runtime import vector_math

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
        self._depth: dict[object, int] = {}
        """How many branches that look at data are around an operation, or around what defines a variable."""
        self._in_loop: set[int] = set()
        self._index(function.body, None, 0)
        self.steep: set[Var] = set()
        self.infinite: set[Var] = set()
        self.before: set[int] = set()
        self.tamed: set[int] = set()
        self.unchosen: set[int] = set()
        statements = list(ir.walk(function.body))
        while self._follow(statements, self.steep, _is_steep) | self._follow(statements, self.infinite, _is_infinite):
            pass
        for stmt in statements:
            self._start(stmt)
        for v in self._find_partly_read(function):
            self._guard(v, self.unchosen)

    # ---------------------------------------------------------------- what emitters ask

    def of_tangent(self, op: Op, rule: Rule, partial: ast.expr) -> tuple[bool, bool]:
        """Whether partial * tangent is guarded against a tangent that is 0, and against a partial that is 0."""
        if op.fn in vector_math.GUARDED:
            return True, True
        if self._is_plain(op, partial):
            is_steep = not self.steep.isdisjoint(ir.op_vars(op))
            is_seeded = self._is_followed(op) and sum(map(self.active, op.args)) > 1
            return is_steep or is_seeded, is_steep
        after = not (self.steep | self.infinite).isdisjoint(ir.op_vars(op))
        return after or self._is_singular(op, rule, partial), after

    def of_adjoint(self, op: Op, rule: Rule, partial: ast.expr) -> tuple[bool, bool]:
        """Whether partial * adjoint is guarded against an adjoint that is 0, and against a partial that is 0."""
        if op.fn in vector_math.GUARDED:
            return True, True
        is_unchosen = id(op) in self.unchosen and not self._is_fixed(op, partial)
        is_singular = not self._is_plain(op, partial) and self._is_singular(op, rule, partial)
        return is_singular or is_unchosen or id(op) in self.tamed, id(op) in self.before

    def _is_singular(self, op: Op, rule: Rule, partial: ast.expr) -> bool:
        return (rule.singular or rule.overflows) and not self._is_fixed(op, partial)

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

    def _index(self, block: Block, loop: For | While | None, depth: int) -> None:
        for stmt in block:
            for v in ir.defined_by(stmt):
                self.definer[v] = stmt
                self._depth[self._key(v)] = min(depth, self._depth.get(self._key(v), depth))
            if isinstance(stmt, Op):
                self._depth[id(stmt)] = depth
                if isinstance(loop, For) and loop.independent:
                    self._inner[id(stmt)] = loop
                if loop is not None:
                    self._in_loop.add(id(stmt))
                if stmt.fn in ("setitem", "augitem") and self.active(stmt.args[0]):
                    self._stores.setdefault(self.aliases.of(stmt.args[0]), []).append(stmt)
            elif isinstance(stmt, For | While):
                for c in stmt.carried:
                    self.definer[c.param], self._depth[self._key(c.param)] = stmt, depth
            for inner in ir.blocks_of(stmt):
                if isinstance(stmt, If):
                    self._index(inner, loop, depth + self._is_data(stmt.test))
                else:
                    self._index(inner, stmt, depth)

    def _is_data(self, test: object) -> bool:
        """Whether a test looks at numbers or elements, and not just at indices and sizes."""
        stmt = self.definer.get(test)
        if isinstance(stmt, If):
            return any(self._is_data(x) for p in stmt.phis if p.target is test for x in (stmt.test, p.then, p.orelse))
        if not isinstance(stmt, Op):
            return False
        if stmt.fn == "getitem":
            return True
        looked_at = [a for a in stmt.args if isinstance(a, Var) and stmt.fn != "attr"]
        return any(is_float(a) or (type_of(a) == types.boolean and self._is_data(a)) for a in looked_at)

    def _is_followed(self, op: Op) -> bool:
        """Whether infinities are followed from and to the elements of arrays here."""
        return id(op) in self._inner or id(op) not in self._in_loop

    def _rule(self, op: Op) -> Rule | None:
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        return rule if rule is not None and rule.kind == "pointwise" and not is_array(op.target) else None

    def _partials(self, op: Op, rule: Rule) -> Iterator[tuple[Var, ast.expr, bool]]:
        """Yield the active arguments of an operation with the partials, and whether these read the argument itself."""
        body = rule.body
        names = {p: _expression(a) for p, a in zip(body.params, op.args, strict=False)}
        for a, p, output in zip(op.args, body.params, body.outputs, strict=False):
            if self.active(a):
                temps, read = rule_text.slice_body(body, [body.outputs.index(output)])
                names.update((name, ast.Name(f"{rule.name}.{name}")) for name, _ in temps)
                yield a, rule_text.substitute(output, names), not read.isdisjoint((p, "value"))

    def _singular_by(self, op: Op, rule: Rule) -> list[Var]:
        """Return the arguments of which the partial can go to infinity or zero, where the rule has such points."""
        names = {v.name for v in ir.op_vars(op)}
        return [
            a
            for a, partial, reads_itself in self._partials(op, rule)
            if reads_itself and (rule_text.can_be_infinite(partial) or not rule_text.names_in(partial) <= names)
        ]

    def _follow(self, statements: list, found: set[Var], starts: Callable) -> bool:
        """Go over the function once with what is found to lead to more; True if it did."""
        count = len(found)
        for stmt in statements:
            if isinstance(stmt, Op):
                self._follow_op(stmt, found, starts)
            elif isinstance(stmt, If):
                found.update(p.target for p in stmt.phis if {p.then, p.orelse} & found)
            else:
                for c in stmt.carried:
                    if {c.init, c.yielded} & found:
                        found.update((c.param, c.result))
        return len(found) > count

    def _follow_op(self, op: Op, found: set[Var], starts: Callable) -> None:
        if op.fn in ("setitem", "augitem"):
            if op.args[-1] in found:
                found.add(self.aliases.of(op.args[0]))
        elif op.target is None or op.target in found or not self.active(op.target):
            return
        elif op.fn == "getitem":
            if self._is_followed(op) and self.aliases.of(op.args[0]) in found:
                found.add(op.target)
        else:
            rule = self._rule(op)
            if rule is None:
                return
            if starts(rule) and self._singular_by(op, rule):
                found.add(op.target)
            for a, _, reads_itself in self._partials(op, rule):
                if a in found and not (found is self.steep and rule.pole and reads_itself):
                    found.add(op.target)  # at a pole the value is infinite, and a product with 0 is NaN itself

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
        elif stmt.fn == "setitem":
            if self.active(stmt.args[0]) and (self._depth[id(stmt)] or self._is_found(stmt.args[1:-1])):
                self._guard(stmt.args[0], self.unchosen)  # it may overwrite
        elif stmt.target is not None and self.active(stmt.target):
            rule = self._rule(stmt)
            if rule is not None:
                for a in stmt.args if rule.name in CHOICES else ():
                    self._guard(a, self.unchosen)
                for a in stmt.args if stmt.fn in vector_math.GUARDED else ():
                    if a in self.infinite:
                        self._guard(a, self.tamed)
                for a in self._singular_by(stmt, rule):
                    if rule.singular:
                        self._guard(a, self.before)
                    if a in self.infinite:
                        self._guard(a, self.tamed)

    def _find_partly_read(self, function: Function) -> Iterator[Var]:
        """Yield the numbers and arrays of which no use is sure to read all: uses in branches, or of single elements.

        An element at the index of a loop is taken to be one of all.
        """
        key = self._key
        partly: dict[Var, Var] = {}
        wholly = {key(v) for v in ir.vars_in(function.result)}
        for stmt in ir.walk(function.body):
            if isinstance(stmt, Op):
                if not self.active(stmt.args[0] if stmt.target is None and stmt.args else stmt.target):
                    continue
                is_partial = stmt.fn is pick or stmt.fn in ("getitem", "view") and self._is_somewhere(stmt)
                for v in filter(self.active, ir.op_vars(stmt)):
                    if is_partial or self._depth[id(stmt)] > self._depth.get(key(v), 0):
                        partly[key(v)] = v
                    elif not (stmt.fn in WRITES and v is stmt.args[0]):
                        wholly.add(key(v))
            elif not isinstance(stmt, If):
                wholly.update(key(v) for c in stmt.carried for x in (c.init, c.yielded) for v in ir.vars_in(x))
        return (v for k, v in partly.items() if k not in wholly)

    def _key(self, v: Var) -> Var:
        return self.aliases.of(v) if is_memory(v) else v

    def _is_somewhere(self, op: Op) -> bool:
        """Whether a load or a view looks at a place that is found by the program, or at one once and for all."""
        return id(op) not in self._in_loop or self._is_found(op.args[1:])

    def _is_found(self, indices: tuple) -> bool:
        ops = [self.definer.get(i) for i in indices if isinstance(i, Var)]
        return any(isinstance(i, Op) and i.fn == "getitem" for i in ops)

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
            if found is self.unchosen or self._is_followed(stmt):
                self._guard_array(stmt.args[0], found)
            return ()
        rule = None if isinstance(stmt.fn, str) else registry.find(stmt.fn)
        return stmt.args if rule is not None and (rule.kind == "pointwise" or found is self.unchosen) else ()

    def _guard_array(self, x: Var, found: set[int]) -> None:
        """Add the operations that the elements of an array come from."""
        if not self.active(x):
            return
        cls = self.aliases.of(x)
        if id(cls) not in found:
            found.add(id(cls))
            for op in self._stores.get(cls, ()):
                if found is self.unchosen or self._is_followed(op):
                    self._guard(op.args[-1], found)
        for root in (
            self.aliases.roots(x) if found is self.unchosen else ()
        ):  # arrays of one class have roots of their own
            stmt = self.definer.get(root)
            if isinstance(stmt, Op) and not isinstance(stmt.fn, str) and id(stmt) not in found:
                found.add(id(stmt))
                for a in stmt.args:
                    self._guard(a, found)


def _is_steep(rule: Rule) -> bool:
    return rule.singular and not rule.pole


def _is_infinite(rule: Rule) -> bool:
    return rule.pole or rule.overflows


def _expression(x: object) -> ast.expr:
    if isinstance(x, Const) and isinstance(x.value, int | float):
        return ast.parse(repr(x.value), mode="eval").body
    return ast.Name(x.name if isinstance(x, Var) else "_", ast.Load())
