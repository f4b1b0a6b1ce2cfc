"""Where statements stand: program order, enclosing loops, and what is written after what."""

from __future__ import annotations

from collections.abc import Iterator

from . import ir
from .activity import Aliases, may_be_written_by
from .ir import Block, For, Function, Op, Var, While


class Order:
    """Positions of the statements of a function (by identity)."""

    def __init__(self, function: Function):
        self.function = function
        self.position: dict[int, int] = {}
        self.end: dict[int, int] = {}
        self.around: dict[int, tuple] = {}
        self._number(function.body, ())
        self.writes = [s for s in ir.walk(function.body) if isinstance(s, Op) and may_be_written_by(s)]

    def _number(self, block: Block, around: tuple) -> None:
        for stmt in block:
            self.position[id(stmt)] = len(self.position)
            self.around[id(stmt)] = around
            for inner in ir.blocks_of(stmt):
                self._number(inner, (*around, stmt) if isinstance(stmt, For | While) else around)
            self.end[id(stmt)] = len(self.position) - 1

    def is_written_after(self, reader: Op, x: Var, aliases: Aliases) -> bool:
        """Whether memory that `x` looks at may be written after a statement has read it."""
        borrowed = not aliases.roots(x).isdisjoint(aliases.borrowed)
        return borrowed or next(self.writes_after(reader, x, aliases), None) is not None

    def writes_after(self, reader: Op, x: Var, aliases: Aliases) -> Iterator[Op]:
        """Yield the statements that may write into memory that `x` looks at after a statement has read it.

        A write in a loop around both counts: the next trip comes after this one.
        """
        roots = aliases.roots(x)
        if roots.isdisjoint(aliases.written):
            return
        here, around = self.position[id(reader)], {id(s) for s in self.around[id(reader)]}
        for stmt in self.writes:
            if any(roots & aliases.roots(x) for x in may_be_written_by(stmt)):
                shared = around & {id(s) for s in self.around[id(stmt)]}
                if self.position[id(stmt)] > here or shared:
                    yield stmt
