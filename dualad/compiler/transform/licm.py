"""What does not change in a loop is computed once, before it.

That is more than a saving in the forward sweep: what is outside a loop need not be stored in each of its trips, and its
adjoint is added up in a local variable, and goes into memory once, after the reverse loop::

    for j in range(n):                          if 0 < n:
        s += x[j] * math.exp(p[k])                  t = math.exp(p[k])
                                                for j in range(n):
                                                    s += x[j] * t

Where a loop may have no trips, loads and calls stand under a test that it has some: without trips, p[k] may not exist.
Additions, products and comparisons do no harm and are computed in any case.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np
from numba import types

from .. import ir
from ..analysis.aliases import Aliases
from ..analysis.value_ranges import Form, Integers
from ..ir import UNDEFINED, Block, Const, For, Function, If, Namer, Op, Phi, Var, While
from ..ir.effects import is_known
from ..ir.kinds import is_number
from ..ir.operations import facts
from ..ir.renaming import rename_in
from .cse import is_load, is_pure_number, key, may_write, writes_in


def hoist(function: Function, namer: Namer) -> None:
    """Move what does not change in a loop before it (in place): first what needs no test, sizes for example, of which
    the tests are made."""
    for with_tests in (False, True):
        _Hoisting(function, namer, with_tests).block(function.body)


class _Inside:
    """What a loop defines and writes, and whether it may end by an exception."""

    def __init__(self, loop: For | While):
        blocks = ir.blocks_of(loop)
        self.defined = {v for b in blocks for s in ir.walk(b) for v in ir.defined_by(s)}
        for s in ir.walk(Block([loop])):
            if isinstance(s, For | While):
                self.defined.update(c.param for c in s.carried)
            if isinstance(s, For):
                self.defined.add(s.index)
        self.writes = [w for b in blocks for w in writes_in(b)]
        self.may_stop = any(_may_stop(b) for b in blocks)


class _Hoisting:
    def __init__(self, function: Function, namer: Namer, with_tests: bool):
        self.namer = namer
        self.with_tests = with_tests
        self.aliases = Aliases(function)
        self.integers = Integers(function)
        self.levels: dict[Var, int] = {}  # in how many loops what was moved has to stay, as far as we know

    def block(self, block: Block) -> None:
        """Move what can be moved out of the loops of a block, from the inside out."""
        new: list = []
        sure = set() if _may_stop(block) else {key(s) for s in block if is_pure_number(s)}
        for stmt in block:
            for inner in ir.blocks_of(stmt):
                self.block(inner)
            if isinstance(stmt, For | While):
                new += self.before(stmt, sure)
            new.append(stmt)
        block.statements = new

    def before(self, loop: For | While, sure: set) -> list:
        """Return what is to stand before a loop, taken out of its body.

        `sure` has the expressions that are computed around the loop in any case. What needs a test is divided by how
        far it can go, so that each part can go as far as it can.
        """
        *outer, inside = (_Inside(s) for s in (*self.integers.around[id(loop)], loop))
        runs = self.runs(loop)
        test = self.test(loop) if self.with_tests and not runs and not inside.may_stop else None
        free: list = []
        kept: list = []
        tested: dict[int, list] = {}
        waiting: set[Var] = set()
        for stmt in loop.body:
            here = list(ir.defined_by(stmt))
            if not self.is_same(stmt, inside):
                kept.append(stmt)
                continue
            level = self.level(stmt, outer)
            if waiting.isdisjoint(_reads(stmt)) and (_is_harmless(stmt, sure) or (runs and not inside.may_stop)):
                free.append(stmt)
            elif test is not None and all(map(is_number, here)):
                tested.setdefault(max(level, self.level(test, outer)), []).append(stmt)
                waiting.update(here)
            else:
                kept.append(stmt)
                continue
            inside.defined.difference_update(here)
            self.levels.update(dict.fromkeys(here, level))
        loop.body.statements = kept
        under = [s for level in sorted(tested) for s in self.under(test.target, tested[level], loop.place)]
        return [*free, test, *under] if under else free

    def level(self, stmt: object, around: list[_Inside]) -> int:
        """Return in how many of the loops around it a statement has to stay."""
        for k in range(len(around), 0, -1):
            fixed = {v for v in _reads(stmt) if self.levels.get(v, k) < k}
            if not self.is_same(stmt, around[k - 1], fixed):
                return k
        return 0

    def is_same(self, stmt: object, loop: _Inside, fixed: set[Var] | frozenset[Var] = frozenset()) -> bool:
        """Whether a statement computes the same numbers in each trip of a loop; `fixed` are known not to change."""
        if isinstance(stmt, If):
            if not all(is_number(p.target) and UNDEFINED not in (p.then, p.orelse) for p in stmt.phis):
                return False
            if not all(isinstance(s, If) or is_pure_number(s) for b in ir.blocks_of(stmt) for s in ir.walk(b)):
                return False
        elif not is_pure_number(stmt):
            return False
        loads = [s for s in ir.walk(Block([stmt])) if isinstance(s, Op) and is_load(s)]
        if any(may_write(w, load, self.aliases, self.integers) for load in loads for w in loop.writes):
            return False
        return all(v in fixed for v in _reads(stmt) if v in loop.defined)

    def runs(self, loop: For | While) -> bool:
        """Whether a loop certainly has a trip."""
        if isinstance(loop, While):
            return loop.test is None
        trips = self.trips(loop)
        if trips is None:
            return False
        around = self.integers.around[id(loop)]
        known = [n for n in map(self.trips, around) if n is not None]  # they have a trip: this one
        one = Form({}, 1)
        return any(self.integers.is_at_least(trips.plus(n, -1).plus(one), 1) for n in (one, *known))

    def trips(self, loop: For | While) -> Form | None:
        """Return the length of the range of a loop whose step is 1 or -1."""
        step = self.integers.step(loop) if isinstance(loop, For) else 0
        if abs(step) != 1:
            return None
        return self.integers.form(loop.stop).plus(self.integers.form(loop.start), -1).times(step)

    def test(self, loop: For | While) -> Op | None:
        """Return what tests that a loop has a trip, or None if that is not known beforehand."""
        step = self.integers.step(loop) if isinstance(loop, For) else 0
        if not step:
            return None
        target = Var(self.namer.fresh("runs"), types.boolean)
        return Op(target, operator.lt if step > 0 else operator.gt, (loop.start, loop.stop), {}, None, loop.place)

    def under(self, test: Var, statements: list, place: tuple) -> list:
        """Return statements that compute what they compute if a test holds, and zeros otherwise."""
        renamed = {v: Var(self.namer.fresh(v.name), v.type) for s in statements for v in ir.defined_by(s)}
        phis, zeros = [], []
        for stmt in ir.walk(Block(statements)):
            rename_in(stmt, renamed)
        for stmt in statements:
            _define(stmt, renamed)
        for v, computed in renamed.items():
            zero = _ZEROS.get(v.type)
            if zero is None:
                zero = Var(self.namer.fresh(v.name), v.type)
                zeros.append(Op(zero, getattr(np, str(v.type)), (Const(0),), {}, None, place))
            phis.append(Phi(v, computed, zero))
        return [If(test, Block(statements), Block(zeros), phis, place)]


_ZEROS = {types.float64: Const(0.0), types.int64: Const(0), types.boolean: Const(False)}


def _define(stmt: Op | If, renamed: dict[Var, Var]) -> None:
    """Rename what a statement defines."""
    if isinstance(stmt, Op):
        stmt.target = renamed[stmt.target]
    else:
        for p in stmt.phis:
            p.target = renamed[p.target]


def _reads(stmt: object) -> Iterator[Var]:
    """Yield the variables that a statement and the blocks inside it read, other than those that they define."""
    statements = list(ir.walk(Block([stmt])))
    own = {v for s in statements for v in ir.defined_by(s)}
    yield from (v for s in statements for x in ir.operands_of(s) for v in ir.vars_in(x) if v not in own)


def _is_harmless(stmt: object, sure: set) -> bool:
    if not isinstance(stmt, Op):
        return False
    of_tuple = stmt.fn == "getitem" and not is_load(stmt) and isinstance(stmt.args[1], Const)
    return facts(stmt.fn).is_harmless or of_tuple or key(stmt) in sure


def _may_stop(block: Block) -> bool:
    """Whether something in a block may raise an exception, so that what follows is not computed."""
    return any(isinstance(s, Op) and (s.fn in ("raise", "call") or not is_known(s)) for s in ir.walk(block))
