"""Which values are the same at every point: those that depend on sizes, integers and constants, and on no float given.

A loop over range(n) runs in the same way wherever a function is evaluated, an index that is computed from its counter
is the same, and so is a branch on either. What depends on the floating-point arguments is *uncertain*: a branch on it
may be taken or not, a loop that it ends may make any number of trips, an index may be any. Numbers are followed one by
one, arrays by the classes of those that may share memory; the sizes of an array do not depend on what is in it.
"""

from __future__ import annotations

import random

import numpy as np

from ...rules import selection
from .. import ir
from ..ir import For, Function, If, Op, Var, While
from ..ir.boundary import touches_object
from ..ir.effects import is_known, may_be_written_by, written_by
from ..ir.kinds import is_complex, is_float, is_reference
from ..ir.operations import ALLOCATIONS, WRITES
from .aliases import Aliases

SHAPE_QUERIES = frozenset(
    {len, np.shape, np.size, np.ndim, selection.places, np.zeros_like, np.empty_like, np.ones_like}
)
"""What looks at the sizes of an array alone."""

_ATTRIBUTES = frozenset({"shape", "size", "ndim", "dtype", "itemsize", "nbytes"})


def asks_for_shape(op: Op) -> bool:
    """Whether an operation looks at the type and the sizes of an array alone."""
    return op.fn in SHAPE_QUERIES if not isinstance(op.fn, str) else op.fn == "attr" and op.detail in _ATTRIBUTES


def is_drawn(op: Op) -> bool:
    """Whether an operation draws random numbers."""
    return isinstance(getattr(op.fn, "__self__", None), np.random.RandomState | random.Random)


class Certainty:
    """The uncertain variables of a function."""

    def __init__(self, function: Function, aliases: Aliases):
        self.aliases = aliases
        self._uncertain: set[Var] = set()
        for leaf, _, _ in function.leaves:
            if is_float(leaf) or is_complex(leaf):
                self._add(leaf)
        while self._block(function.body, False):
            pass

    def is_uncertain(self, x: object) -> bool:
        """Whether an operand, or anything in it, depends on floats that the function is given."""
        return any(self._key(v) in self._uncertain for v in ir.vars_in(x))

    def is_open(self, loop: For | While) -> bool:
        """Whether it is uncertain how many trips a loop makes."""
        return any(self.is_uncertain(x) for x in (*self.bounds(loop), loop.exit) if x is not None)

    @staticmethod
    def bounds(loop: For | While) -> tuple:
        """Return what says before a trip whether there is another one."""
        return (loop.start, loop.stop, loop.step) if isinstance(loop, For) else (loop.test,)

    def _key(self, v: Var) -> Var:
        return self.aliases.of(v) if is_reference(v) else v

    def _add(self, x: object) -> bool:
        """Take a variable for uncertain; True if that is news."""
        if not isinstance(x, Var) or self._key(x) in self._uncertain:
            return False
        self._uncertain.add(self._key(x))
        return True

    def _block(self, block: ir.Block, in_doubt: bool) -> bool:
        """Go through a block once; `in_doubt` says that it may not be run at all. True if anything was news."""
        return any([self._statement(s, in_doubt) for s in block])

    def _statement(self, stmt: object, in_doubt: bool) -> bool:
        if isinstance(stmt, Op):
            return any([self._add(x) for x in self._made_uncertain(stmt, in_doubt)])
        if isinstance(stmt, If):
            doubt = self.is_uncertain(stmt.test)
            news = any([self._block(b, in_doubt or doubt) for b in (stmt.then, stmt.orelse)])
            for p in stmt.phis:
                sides = (stmt.then, p.then), (stmt.orelse, p.orelse)
                sides = [x for block, x in sides if not ir.raises(block)]
                same = (
                    len(sides) < 2 or sides[0] is sides[1] or (isinstance(sides[0], ir.Const) and sides[0] == sides[1])
                )
                if (doubt and not same) or self.is_uncertain(p.then) or self.is_uncertain(p.orelse):
                    news |= self._add(p.target)
            return news
        return self._loop(stmt, in_doubt)

    def _loop(self, loop: For | While, in_doubt: bool) -> bool:
        is_open = self.is_open(loop)
        in_a_box = any(map(self.is_uncertain, self.bounds(loop))) or (isinstance(loop, While) and (is_open or in_doubt))
        news = any([self._block(b, in_doubt or is_open) for b in ir.blocks_of(loop)])
        if in_a_box and isinstance(loop, For):
            news |= self._add(loop.index)
        if is_open or in_a_box:
            news |= self._add(loop.trips)
        for c in loop.carried:
            if c.yielded is c.param and not is_reference(c.param):
                continue
            if in_a_box or self.is_uncertain(c.init) or self.is_uncertain(c.yielded):
                news |= self._add(c.param)
            if is_open or self.is_uncertain(c.param):
                news |= self._add(c.result)
        for c in loop.carried:  # what is handed on unchanged is as certain as it was
            if c.yielded is c.param and self.is_uncertain(c.init):
                news |= any([self._add(c.param), self._add(c.result)])
        return news

    def _made_uncertain(self, op: Op, in_doubt: bool) -> list:
        """Return what an operation makes uncertain."""
        depends = any(self.is_uncertain(v) for v in ir.op_vars(op))
        if op.fn in WRITES:
            return [op.args[0]] if in_doubt or any(map(self.is_uncertain, op.args[1:])) else []
        if op.fn == "call":
            return [op.target, *written_by(op)] if depends or in_doubt else []
        if not is_known(op):
            return [op.target, *may_be_written_by(op)] if depends or in_doubt or is_float(op.target) else []
        if op.target is None or asks_for_shape(op):
            return []
        if op.fn in ALLOCATIONS and op.fn in (np.zeros, np.empty, np.ones):
            return [op.target] if depends else []
        read_from_object = touches_object(op) and is_float(op.target)
        return [op.target] if depends or read_from_object or is_drawn(op) else []
