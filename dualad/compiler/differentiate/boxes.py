"""Where the sets of a sparsity pattern meet that come along different ways: loops of uncertain length, merged arrays.

A `for` loop that floats may end early makes all its trips, and what it leaves behind is united over them. Any other
loop of uncertain length is a box: what goes in (all that it reads of outside) is in all that it leaves behind and in
every element of the arrays that it writes into.

Two arrays of which either may be meant become a new one, with the sets of both. That is sound as long as nothing is
written later into one of the three: `check_apart`.
"""

from __future__ import annotations

from .. import ir
from ..analysis.shapes import Sizes
from ..ir import UNDEFINED, For, Function, Op, Var, While
from ..ir.effects import may_be_written_by
from ..ir.kinds import is_array, is_float, is_memory, is_number, is_reference, type_of


class _Survey:
    """Where the statements of a function stand: in their order, and inside which loops."""

    def __init__(self, function: Function, roots: object):
        self.start: dict[int, int] = {}
        self.end: dict[int, int] = {}
        self.loops: dict[int, tuple] = {}
        self.made: dict[Var, tuple] = {}
        """The loops inside which an array is made."""
        self.writes: list[tuple[int, frozenset]] = []
        self._roots = roots
        self._count = 0
        self._block(function.body, ())

    def _block(self, block: ir.Block, loops: tuple) -> None:
        for stmt in block:
            self._count += 1
            self.start[id(stmt)], self.loops[id(stmt)] = self._count, loops
            if isinstance(stmt, Op):
                if stmt.target is not None:
                    self.made[stmt.target] = loops
                self.writes += [(self._count, self._roots(x)) for x in may_be_written_by(stmt)]
            for inner in ir.blocks_of(stmt):
                self._block(inner, (*loops, stmt) if isinstance(stmt, ir.LOOPS) else loops)
            self.end[id(stmt)] = self._count


class Boxes:
    """The part of `Dependence` that prints loops, and arrays that are one of two."""

    _known_survey: _Survey | None = None
    _known_sizes: Sizes | None = None

    def join(self, target: Var, sides: list, stmt: ir.If) -> None:
        """Print an array that is one of two."""
        self.check_apart(target, stmt, next(iter(reversed(self._survey.loops[id(stmt)])), None))
        if not (is_array(target) and is_float(target)):
            raise self.dense("which of two lists or arrays of integers is meant", stmt.place)
        self.line(f"{target.name} = {self.call('either', self.sets, *map(self.set_of, sides))}")

    @property
    def _survey(self) -> _Survey:
        if self._known_survey is None:
            self._known_survey = _Survey(self.function, self.aliases.roots)
        return self._known_survey

    def check_apart(self, merged: Var, stmt: object, scope: For | While | None) -> None:
        """Give up if something is written into an array after it has become part of a merged one, or into that.

        Within one trip of `scope`, the loop that the merge is in, all must have been written through the name of the
        array itself before the merge; arrays from outside of it, before the loop.
        """
        survey = self._survey
        begin = survey.end[id(stmt)] if scope is None else survey.start[id(scope)]
        for r in self.aliases.roots(merged):
            is_inside = scope is None or any(loop is scope for loop in survey.made.get(r, ()))
            for place, roots in survey.writes:
                is_before = place <= survey.end[id(stmt)] and len(roots) == 1 if is_inside else place < begin
                if r in roots and not is_before:
                    raise self.dense("which of two arrays is written into", stmt.place)

    # ---------------------------------------------------------------- loops

    def stmt_For(self, loop: For) -> None:
        if any(map(self.uncertain, (loop.start, loop.stop, loop.step))):
            self.box(loop)
        elif loop.exit is not None and self.uncertain(loop.exit):
            self.all_trips(loop)
        else:
            super().stmt_For(loop)

    def stmt_While(self, loop: While) -> None:
        if self.in_doubt or self.certainty.is_open(loop):
            self.box(loop)
        else:
            super().stmt_While(loop)

    def all_trips(self, loop: For) -> None:
        """Print a loop that may end after any of its trips: all of them, and what they leave behind united."""
        left: list[tuple[ir.Carried, str]] = []
        for c in loop.carried:
            if is_memory(c.param) and c.yielded is not c.param:
                if not (is_array(c.param) and is_float(c.param)):
                    raise self.dense("which list or array of integers a loop ends with", loop.place)
                self.check_apart(c.result, loop, loop)
                left.append((c, self.fresh(c.result.name)))
                self.line(f"{left[-1][1]} = {self.set_of(c.init)}.copy()")
            elif is_number(c.result) and is_float(c.result) and self.active(c.result):
                left.append((c, self.fresh(c.result.name)))
                self.line(f"{left[-1][1]} = {self.set_of(c.init)}")
        self.enter(loop)
        self.in_doubt += 1
        with self.indented(f"for {loop.index.name} in {self.range(loop)}:"):
            self.block(loop.body)
            for c, name in left:
                if c.yielded is not UNDEFINED:
                    how = "unite" if is_number(c.result) else "either"
                    self.line(f"{name} = {self.call(how, self.sets, name, self.set_of(c.yielded))}")
            self.moves([(c.param, c.yielded) for c in loop.carried])
        self.in_doubt -= 1
        names = {id(c): name for c, name in left}
        for c in loop.carried:
            if id(c) in names:
                self.line(f"{c.result.name} = {names[id(c)]}")
            elif c.yielded is c.param:
                self.moves([(c.result, c.param)])

    def box(self, loop: For | While) -> None:
        """Print what a loop leaves behind of which nothing is known but what it reads."""
        self.place = loop.place
        outside = _read_from_outside(loop)
        mixed = self.fresh("mixed")
        self.line(f"{mixed} = {self.united([self.all_of(v) for v in outside])}")
        self.interact(mixed, mixed)
        ops = [s for b in ir.blocks_of(loop) for s in ir.walk(b) if isinstance(s, Op)]
        for op in ops:
            if op.fn in ("append", "pop"):
                raise self.dense("the length of a list", op.place)
        written = frozenset().union(*(self.aliases.roots(x) for op in ops for x in may_be_written_by(op)))
        for v in outside:
            if is_reference(v) and self.active(v) and not written.isdisjoint(self.aliases.roots(v)):
                self.line(self.call("add_to_all", self.sets, v.name, mixed))
        for c in loop.carried:
            if is_memory(c.result) and c.yielded is c.param:
                self.moves([(c.result, c.init)])
            elif is_memory(c.result):
                self.box_array(c, loop, mixed)
            elif is_float(c.result) and self.active(c.result):
                self.line(f"{c.result.name} = {mixed}")

    def box_array(self, c: ir.Carried, loop: For | While, mixed: str) -> None:
        """Print the sets of an array that a loop leaves behind, if it has the size of the one before the loop."""
        if self._known_sizes is None:
            self._known_sizes = Sizes(self.function)
        sizes, axes = self._known_sizes, range(getattr(type_of(c.param), "ndim", 0))
        is_same = is_array(c.param) and isinstance(c.init, Var) and is_float(c.param)
        if not is_same or any(sizes.of(c.param, k) != sizes.of(c.init, k) for k in axes):
            raise self.dense("a list or an array that a loop of uncertain length makes", loop.place)
        self.check_apart(c.result, loop, loop)
        text = self.call("each_with", self.operand(c.init), mixed if self.active(c.result) else "0")
        self.line(f"{c.result.name} = {text}")


def _read_from_outside(loop: For | While) -> list[Var]:
    """Return the variables that a loop reads and does not define itself."""
    own = {c.param for c in loop.carried} | ({loop.index} if isinstance(loop, For) else set())
    read: dict[Var, None] = {}
    statements = [s for b in ir.blocks_of(loop) for s in ir.walk(b)]
    for s in (loop, *statements):
        read.update((v, None) for x in ir.operands_of(s) for v in ir.vars_in(x))
    for s in statements:
        own.update(ir.defined_by(s))
        if isinstance(s, ir.LOOPS):
            own.update(c.param for c in s.carried)
            own.update([s.index] if isinstance(s, For) else [])
    return [v for v in read if v not in own]
