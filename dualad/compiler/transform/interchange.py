"""Sums of products whose loops stand in the wrong order are added up side by side.

Where each element of a result is a sum, the loop over the sum is innermost as one writes it. Additions must keep their
order, so that it runs one addition after another; the next element waits. Turned around, the loop over the elements
is innermost, goes along contiguous memory, and takes several at once::

    for j in range(n):                              s = np.zeros(n)
        t = 0.0                                     for q in range(m):
        for q in range(m):                              for j in range(n):
            t += x[j + q] * k[q]                            s[j] += x[j + q] * k[q]
        y[j] = f(t)                                 for j in range(n):
                                                        y[j] = f(s[j])

Each sum has its terms in the order that it had, so the result is the same to the last bit. Both modes gain, and reverse
mode most: there the adjoint of k[q] is a sum over j in a variable, and that of x a row of contiguous memory, where the
loop over q would add to two places in memory at each step.

It is done where every load goes along contiguous memory as j grows, or does not move, where nothing but loads, products
and sums would be computed again or moved, and where the loop has trips enough to pay for an array. If these are counted
at run time, the loop stands there in both forms.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass, field

import numpy as np
from numba import types

from ...rules import registry
from .. import ir
from ..analysis.aliases import Aliases
from ..analysis.value_ranges import Integers
from ..ir import Block, Carried, Const, For, Function, If, Namer, Op, Var, While
from ..ir.effects import may_be_written_by
from ..ir.kinds import is_number, type_of
from ..ir.operations import facts
from ..ir.renaming import rename_in
from .cse import is_load, is_pure_number

_ENOUGH = 16


def interchange(function: Function, namer: Namer) -> bool:
    """Turn loops around sums of products inside out (in place); True if there were any."""
    return _Interchange(function, namer).block(function.body)


@dataclass
class _Sums:
    """A loop over elements, each of which is a sum: what precedes the sum, the loops of the sum, and what follows."""

    loop: For
    before: list[Op]
    nest: list[For]
    after: list
    moved: set[Var] = field(default_factory=set)  # what is not the same for all elements
    terms: list[Op] = field(default_factory=list)

    @property
    def operations(self) -> list[Op]:
        return [*self.before, *(s for level in self.nest for s in level.body if isinstance(s, Op))]


class _Interchange:
    def __init__(self, function: Function, namer: Namer):
        self.namer = namer
        self.aliases = Aliases(function)
        self.integers = Integers(function)

    def block(self, block: Block) -> bool:
        new: list = []
        changed = False
        for stmt in block:
            found = self.match(stmt)
            if found is not None:
                new += self.turned(found) if isinstance(stmt.stop, Const) else self.either(found)
                changed = True
                continue
            for inner in ir.blocks_of(stmt):
                changed |= self.block(inner)
            new.append(stmt)
        block.statements = new
        return changed

    # ---------------------------------------------------------------- what can be turned

    def match(self, loop: object) -> _Sums | None:
        """Return the parts of a loop that is to be turned, or None."""
        if not _counts_up(loop):
            return None
        body = loop.body.statements
        where = [k for k, s in enumerate(body) if isinstance(s, For)]
        if len(where) != 1 or any(isinstance(s, While) or _chooses(s) for s in body):
            return None
        found = _Sums(loop, body[: where[0]], self.nest(body[where[0]]), body[where[0] + 1 :])
        if not found.nest or not all(map(_is_light, found.before)):
            return None
        inside = {c.param for c in loop.carried}
        if any(v in inside for s in [*found.before, found.nest[0]] for v in _reads(s)):
            return None
        found.moved = {loop.index, *(op.target for op in found.before)}
        for op in found.operations:
            if not found.moved.isdisjoint(ir.op_vars(op)):
                found.moved.add(op.target)
        bounds = [x for level in found.nest for x in (level.start, level.stop)]
        if any(v in found.moved for x in bounds for v in ir.vars_in(x)):
            return None
        found.terms = self.terms(found.nest)
        return found if found.terms and self.is_apart(found) and self.goes_along_rows(found) else None

    def nest(self, loop: For) -> list[For]:
        """Return the loops of a sum, from the outside in; none if something else is done in them."""
        levels = [loop]
        while True:
            level = levels[-1]
            if not _has_step_one(level) or not all(_is_light(s) for s in level.body if not isinstance(s, For)):
                return []
            inner = [s for s in level.body if isinstance(s, For)]
            if not inner:
                return levels
            if len(inner) > 1 or len(inner[0].carried) != len(level.carried):
                return []
            if any(
                c.init is not o.param or o.yielded is not c.result
                for c, o in zip(inner[0].carried, level.carried, strict=True)
            ):
                return []
            levels.append(inner[0])

    def terms(self, nest: list[For]) -> list[Op]:
        """Return the additions of the innermost loop, one for each sum; none if something else is done with a sum."""
        body = [s for level in nest for s in level.body if isinstance(s, Op)]
        outer = {c.param for level in nest[:-1] for c in level.carried}
        if any(v in outer for op in body for v in ir.op_vars(op)):
            return []
        found = []
        for c in nest[-1].carried:
            uses = [op for op in body if c.param in op.args]
            if len(uses) != 1 or uses[0].target is not c.yielded or not isinstance(c.param.type, types.Float):
                return []
            add, total = uses[0], c.yielded
            is_sum = add.fn is operator.add or (add.fn is operator.sub and add.args[0] is c.param)
            if not is_sum or add.args[0] is add.args[1] or type_of(_term(add, c)) != c.param.type:
                return []
            if any(total in ir.op_vars(op) for op in body):
                return []
            found.append(add)
        return found

    def is_apart(self, found: _Sums) -> bool:
        """Whether what follows a sum writes nothing that the sums read."""
        read = {r for op in found.operations if is_load(op) for r in self.aliases.roots(op.args[0])}
        if not read.isdisjoint(self.aliases.borrowed):
            return False
        writes = [x for s in ir.walk(Block(found.after)) if isinstance(s, Op) for x in may_be_written_by(s)]
        return all(read.isdisjoint(self.aliases.roots(x)) for x in writes)

    def goes_along_rows(self, found: _Sums) -> bool:
        """Whether the loads go along contiguous memory with the loop that is to be innermost, or do not move."""
        along = False
        for op in found.operations:
            if not is_load(op):
                continue
            base, *index = op.args
            forms = [self.integers.form(i) for i in index]
            steps = [f.terms.get((found.loop.index, False), 0) for f in forms]
            if any(steps[:-1]) or steps[-1] not in (0, 1) or (steps[-1] and type_of(base).layout != "C"):
                return False
            if any(v in found.moved and v is not found.loop.index for f in forms for v, _ in f.terms):
                return False
            along |= steps[-1] == 1
        return along

    # ---------------------------------------------------------------- turning

    def either(self, found: _Sums) -> list:
        """Return a choice between the loop turned and the loop as it stands."""
        loop, place = found.loop, found.loop.place
        enough = Var(self.namer.fresh("enough"), types.boolean)
        plain = ir.copied(loop, lambda v: Var(self.namer.fresh(v.name), v.type))
        phis = []
        for c, other in zip(loop.carried, plain.carried, strict=True):
            result, c.result = c.result, Var(self.namer.fresh(c.result.name), c.result.type)
            phis.append(ir.Phi(result, c.result, other.result))
        return [
            Op(enough, operator.ge, (loop.stop, Const(_ENOUGH)), {}, None, place),
            If(enough, Block(self.turned(found)), Block([plain]), phis, place),
        ]

    def turned(self, found: _Sums) -> list:
        """Return what stands in place of the loop."""
        loop, place = found.loop, found.loop.place
        size = Var(self.namer.fresh("n"), types.int64)
        new: list = [Op(size, max, (Const(0), loop.stop), {}, None, place)]
        sums: list[Var] = []
        outer = found.nest[0]
        for c in outer.carried:
            sums.append(Var(self.namer.fresh(c.result.name), types.Array(c.result.type, 1, "C")))
            dtype = ir.Global(getattr(np, str(c.result.type)))
            is_zero = isinstance(c.init, Const) and repr(c.init.value) == "0.0"
            new.append(Op(sums[-1], np.zeros if is_zero else np.empty, (ir.TupleOf((size,)), dtype), {}, None, place))
            if not is_zero:
                new.append(self.filled(found, sums[-1], c.init))
        new += self.summed(found, sums)
        loads = [
            Op(c.result, "getitem", (s, loop.index), {}, None, place) for c, s in zip(outer.carried, sums, strict=True)
        ]
        loop.body.statements = [*found.before, *loads, *found.after]
        return [*new, loop]

    def filled(self, found: _Sums, target: Var, init: object) -> For:
        """Return a loop that begins each sum."""
        index, body, renamed = self.again(found.before, found.loop)
        body.append(Op(None, "setitem", (target, index, renamed.get(init, init)), {}, None, found.loop.place))
        return self.elements(found.loop, index, body)

    def summed(self, found: _Sums, sums: list[Var]) -> list:
        """Return the loops of the sum, with that over the elements innermost."""
        rest = [op for op in found.operations if not any(op is add for add in found.terms)]
        index, body, renamed = self.again(rest, found.loop)
        for c, add, total in zip(found.nest[-1].carried, found.terms, sums, strict=True):
            detail = operator.isub if add.fn is operator.sub else operator.iadd
            term = _term(add, c)
            body.append(Op(None, "augitem", (total, index, renamed.get(term, term)), {}, detail, add.place))
        inner = self.elements(found.loop, index, body)
        for level in reversed(found.nest):
            trips = Var(self.namer.fresh("trips"), types.int64)
            inner = For(level.index, level.start, level.stop, level.step, [], Block([inner]), None, trips, level.place)
        return [inner]

    def again(self, ops: list[Op], loop: For) -> tuple[Var, list, dict]:
        """Return an index of its own for one more loop over the elements, and operations once more."""
        index = Var(self.namer.fresh(loop.index.name), loop.index.type)
        renamed: dict[Var, object] = {loop.index: index}
        for op in ops:
            renamed[op.target] = Var(self.namer.fresh(op.target.name), op.target.type)
        body = [Op(renamed[op.target], op.fn, op.args, op.kwargs, op.detail, op.place) for op in ops]
        for op in body:
            rename_in(op, renamed)
        return index, body, renamed

    def elements(self, loop: For, index: Var, body: list) -> For:
        trips = Var(self.namer.fresh("trips"), types.int64)
        return For(index, Const(0), loop.stop, Const(1), [], Block(body), None, trips, loop.place, independent=True)


def _term(add: Op, c: Carried) -> object:
    """Return what is added to a sum."""
    return add.args[1] if add.args[0] is c.param else add.args[0]


def _has_step_one(loop: object) -> bool:
    return isinstance(loop, For) and loop.exit is None and loop.step == Const(1)


def _counts_up(loop: object) -> bool:
    if not _has_step_one(loop) or loop.start != Const(0) or not all(is_number(c.param) for c in loop.carried):
        return False
    return not isinstance(loop.stop, Const) or loop.stop.value >= _ENOUGH


def _is_light(stmt: object) -> bool:
    return is_pure_number(stmt) and facts(stmt.fn).is_light


def _chooses(stmt: object) -> bool:
    """Whether a statement chooses between values: of sums not chosen the reverse sweep leaves out the whole loop."""
    rule = registry.find(stmt.fn) if isinstance(stmt, Op) and not isinstance(stmt.fn, str) else None
    partials = rule.body.outputs if rule is not None and rule.kind == "pointwise" else ()
    return isinstance(stmt, If) or any(isinstance(n, ast.IfExp) for p in partials for n in ast.walk(p))


def _reads(stmt: object) -> list[Var]:
    statements = list(ir.walk(Block([stmt])))
    return [v for s in statements for x in ir.operands_of(s) for v in ir.vars_in(x)]
