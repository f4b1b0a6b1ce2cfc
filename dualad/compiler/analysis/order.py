"""Where statements stand: program order, enclosing loops, and what is written after what."""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir
from ..ir import Block, For, Function, Op, Var, While
from ..ir.effects import may_be_written_by, shares_memory
from ..ir.operations import ALLOCATIONS, COPIES
from .aliases import Aliases


class Order:
    """Positions of the statements of a function (by identity)."""

    def __init__(self, function: Function):
        self.function = function
        self.position: dict[int, int] = {}
        self.end: dict[int, int] = {}
        self.around: dict[int, tuple] = {}
        self.maker: dict[Var, object] = {}
        self._number(function.body, ())
        self.writes = [s for s in ir.walk(function.body) if isinstance(s, Op) and may_be_written_by(s)]

    def _number(self, block: Block, around: tuple) -> None:
        for stmt in block:
            self.position[id(stmt)] = len(self.position)
            self.around[id(stmt)] = around
            if isinstance(stmt, Op) and stmt.target is not None:
                self.maker[stmt.target] = stmt
            elif isinstance(stmt, For | While):
                self.maker.update((c.param, stmt) for c in stmt.carried)
            for inner in ir.blocks_of(stmt):
                self._number(inner, (*around, stmt) if isinstance(stmt, For | While) else around)
            self.end[id(stmt)] = len(self.position) - 1

    def is_written_after(self, reader: Op, x: Var, aliases: Aliases) -> bool:
        """Whether memory that `x` looks at may be written after a statement has read it."""
        borrowed = not aliases.roots(x).isdisjoint(aliases.borrowed)
        return borrowed or next(self.writes_after(reader, x, aliases), None) is not None

    def writes_after(self, reader: Op, x: Var, aliases: Aliases) -> Iterator[Op]:
        """Yield the statements that may write into memory that `x` looks at after a statement has read it.

        A write in a loop around both counts: the next trip comes after this one. But what the loop itself makes, in
        each trip anew, is another array in the next trip.
        """
        roots = aliases.roots(x)
        if roots.isdisjoint(aliases.written):
            return
        for stmt in self.writes:
            if any(roots & aliases.roots(y) and self._may_follow(stmt, y, reader, x) for y in may_be_written_by(stmt)):
                yield stmt

    def _may_follow(self, write: Op, y: Var, reader: Op, x: Var) -> bool:
        """Whether a write into `y` may come after a statement has read `x`, and find the same memory."""
        here, around = self.position[id(reader)], {id(s) for s in self.around[id(reader)]}
        again = around & {id(s) for s in self.around[id(write)]}
        made = self.maker.get(self.base(y))
        if isinstance(made, Op) and made.fn in ALLOCATIONS | COPIES:
            if self.position[id(made)] > here:  # what is written then is newer than what has been read
                return False
            own = {id(s) for s in self.around[id(made)]}
            handed_on = self.maker.get(self.base(x))
            if isinstance(handed_on, For | While) and id(handed_on) in own:  # read was what an earlier trip had made
                return False
            again -= own
        return self.position[id(write)] > here or bool(again)

    def base(self, v: object) -> object:
        """Follow views to the array that they look at."""
        while True:
            made = self.maker.get(v) if isinstance(v, Var) else None
            if not (isinstance(made, Op) and shares_memory(made)):
                return v
            v = made.args[0]
