"""What a chunk of a loop's iterations is given of arrays: its own part, where each iteration uses its own elements.

A loop is lowered as it stands, and its uses of an array are looked at. If all of them are at the place of the loop's
variable, along one axis, they become uses of a part: y[i] of the whole is y[k] of the part, for the k-th iteration of
the chunk.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numba import types

from ...errors import DualadError, at
from .. import ir
from ..ir import Block, Const, For, Global, Op, Slice, TupleOf, Var
from ..runtime.numba_bridge import as_dtype
from .chunks import PART, SHARED, SUM, Result, Role
from .entries import Entry, Lifted, flat

_ELEMENTS = ("getitem", "setitem", "augitem")


class Axis(int):
    """The axis of an array along which a loop's variable goes, plus a constant `shift`."""

    shift = 0

    @classmethod
    def of(cls, axis: int, shift: int) -> Axis:
        made = cls(axis)
        made.shift = shift
        return made


@dataclass(eq=False)
class Use:
    """A use of an array in a loop.

    `axis` is where the loop's variable stands in an index; None where the array is used otherwise. `counter` counts the
    iterations of the chunk. For a length of an array, `of_axis` is its axis.
    """

    array: Var
    stmt: object
    axis: Axis | None = None
    counter: Var | None = None
    of_axis: int | None = None
    harmless: bool = False
    """Whether it tells neither lengths nor elements."""

    @property
    def is_whole(self) -> bool:
        """Whether more than an iteration's own elements may be meant."""
        return self.axis is None and self.of_axis is None and not self.harmless

    def give_own(self, own: Axis, size: Var) -> None:
        """Let the use be one of a chunk's own part; `size` is the length of the whole array along its axis."""
        if self.axis is not None:
            args = list(self.stmt.args)
            args[1 + self.axis] = self.counter
            self.stmt.args = tuple(args)
        elif self.of_axis == own:
            self.stmt.fn, self.stmt.args, self.stmt.detail = operator.add, (size, Const(0)), None

    def is_store_of_all(self, loop: For) -> bool:
        """Whether each iteration writes all that is its own there."""
        if not isinstance(self.stmt, Op) or self.stmt.fn != "setitem" or self.stmt not in loop.body.statements:
            return False
        rest = [x for j, x in enumerate(self.stmt.args[1:-1]) if j != self.axis]
        return all(isinstance(x, Slice) and {x.lower, x.upper, x.step} == {Const(None)} for x in rest)


def loop_of(inside: ir.Block, count: Var) -> For | None:
    """Return the loop over a chunk."""
    return next((s for s in ir.walk(inside) if isinstance(s, For) and s.stop is count), None)


def uses(low: object, inside: ir.Block, bounds: list[Var], arrays: dict) -> list[Use]:
    """Return all uses of some arrays in a lowered chunk, in order; `bounds` are its first index and its length."""
    start, count = bounds
    loop = loop_of(inside, count)
    shifts: dict[Var, int] = {}
    shapes: dict[Var, Var] = {}
    statements = list(ir.walk(inside))
    for s in statements:
        if isinstance(s, Op) and s.fn in (operator.add, operator.sub) and loop is not None:
            _note_shift(s, start, loop, shifts)
        if isinstance(s, Op) and s.fn == "attr" and s.detail == "shape" and s.args[0] in arrays:
            shapes[s.target] = s.args[0]
    taken = {v for s in statements if not _takes_length(s, shapes) for x in ir.operands_of(s) for v in ir.vars_in(x)}
    found: list[Use] = []
    for s in statements:
        read = [v for x in ir.operands_of(s) for v in ir.vars_in(x) if v in arrays]
        for array in dict.fromkeys(read):
            found.append(_use(low, s, array, read.count(array), loop, shifts, taken))
        if _takes_length(s, shapes):
            found.append(Use(shapes[s.args[0]], s, of_axis=s.args[1].value))
    return found


def _note_shift(op: Op, start: Var, loop: For, shifts: dict[Var, int]) -> None:
    """Take note of what is the loop's variable plus a constant."""
    a, b = op.args
    if op.fn is operator.add and a is start and b is loop.index:
        shifts[op.target] = 0
    elif isinstance(a, Var) and a in shifts and isinstance(b, Const) and type(b.value) is int:
        shifts[op.target] = shifts[a] + (b.value if op.fn is operator.add else -b.value)
    elif isinstance(b, Var) and b in shifts and op.fn is operator.add and isinstance(a, Const) and type(a.value) is int:
        shifts[op.target] = shifts[b] + a.value


def _takes_length(s: object, shapes: dict) -> bool:
    is_item = isinstance(s, Op) and s.fn == "getitem" and len(s.args) == 2 and isinstance(s.args[1], Const)
    return is_item and s.args[0] in shapes and type(s.args[1].value) is int and s.args[1].value >= 0


def _use(low: object, s: object, array: Var, times: int, loop: For | None, shifts: dict, taken: set[Var]) -> Use:
    if not isinstance(s, Op) or times > 1 or not s.args or s.args[0] is not array:
        return Use(array, s)
    if s.fn == "attr" and (s.detail in ("dtype", "ndim") or (s.detail == "shape" and s.target not in taken)):
        return Use(array, s, harmless=True)
    is_length = s.fn == "attr" and s.detail == "size" and getattr(low.type_if_known(array, None), "ndim", 0) == 1
    if s.fn is len or is_length:
        return Use(array, s, of_axis=0)
    if s.fn not in _ELEMENTS or s.flat:
        return Use(array, s)
    parts = s.args[1:] if s.fn == "getitem" else s.args[1:-1]
    for axis, part in enumerate(parts):
        if isinstance(part, Var) and part in shifts:
            return Use(array, s, Axis.of(axis, shifts[part]), loop.index)
        if isinstance(part, Slice) or (isinstance(part, Const) and type(part.value) is int):
            continue
        if not (isinstance(part, Var) and isinstance(low.type_if_known(part, None), types.Integer)):
            break  # an array, perhaps, or None: what stands behind it may be another axis
    return Use(array, s)


@dataclass(eq=False)
class OfLifted(Entry):
    """What one of several threads does: some code of the user's, as a function, with something around it."""

    lifted: Lifted

    @property
    def name(self) -> str:
        return self.lifted.name

    @property
    def place(self) -> tuple:
        return self.lifted.place


@dataclass(eq=False)
class Chunk(OfLifted):
    """A chunk of the iterations of a loop: (first index, their number, operands) -> (contributions, own parts).

    Attributes
    ----------
    lifted : Lifted
        The loop as a function of the first index, the number, and what it finds around it.
    own : dict
        The axis along which a chunk is given its own part, by the number of the operand.
    new : dict
        The type of those of them that the loop writes in any case, before it reads them. A chunk makes these itself;
        in their place stand the lengths of their other axes.
    written : tuple of int
        The operands that the loop writes into.
    """

    own: dict[int, Axis] = field(default_factory=dict)
    new: dict[int, types.Array] = field(default_factory=dict)
    written: tuple[int, ...] = ()

    @property
    def key(self) -> object:
        own = tuple((k, int(axis), axis.shift) for k, axis in self.own.items())
        return "chunk", self.lifted.key, own, tuple(self.new.items()), self.written

    def names(self) -> list[str]:
        found = []
        for k, hint in enumerate(self.lifted.hints):
            found += [f"{hint}_n"] * (self.new[k].ndim - 1) if k in self.new else [hint]
        return found + [f"{self.lifted.hints[k]}_n" for k in self.own]

    def roles(self) -> list[Role]:
        found = []
        for k in range(len(self.lifted.hints)):
            if k in self.new:
                found += [SHARED] * (self.new[k].ndim - 1)
            else:
                found.append(Role("own", int(self.own[k])) if k in self.own else SHARED)
        return found + [SHARED] * len(self.own)

    def results(self, kinds: list[str]) -> list[Result]:
        """Return what the results are to the whole loop, of which the first are contributions of some kinds."""
        found, places, place = [Result(SUM if kind == "sum" else PART) for kind in kinds], {}, 0
        for k in range(len(self.lifted.hints)):
            places[k] = place
            place += self.new[k].ndim - 1 if k in self.new else 1
        for k in self.written:
            role = Role("own", int(self.own[k]))
            if k in self.new:
                found.append(Result(role, None, tuple(range(places[k], places[k] + self.new[k].ndim - 1))))
            else:
                found.append(Result(role, places[k]))
        return found

    def call(self, low: object, values: list, given: tuple) -> object:
        rest, operands = iter(values), []
        for k, hint in enumerate(self.lifted.hints):
            operands.append(self.made(low, k, hint, operands[1], rest) if k in self.new else next(rest))
        sizes = dict(zip(self.own, rest, strict=True))
        before = len(low.block.statements)
        with low.on_one_thread():
            contributions = flat(self.lifted.call(low, operands, ()))
        if contributions == [Const(None)]:
            contributions = []
        inside = Block(low.block.statements[before:])
        arrays = {operands[k]: k for k in self.own}
        for use in uses(low, inside, operands[:2], arrays):
            if use.is_whole:
                raise DualadError(at("internal: a loop over prange is lowered in two ways", *self.place))
            use.give_own(self.own[arrays[use.array]], sizes[arrays[use.array]])
        found = [low.as_operand(x, None) for x in contributions] + [operands[k] for k in self.written]
        if not found:
            return Const(0.0)
        return found[0] if len(found) == 1 else TupleOf(tuple(found))

    def made(self, low: object, k: int, hint: str, count: Var, rest: Iterator) -> Var:
        """Emit the own part of an array that the loop writes before it reads it."""
        ty = self.new[k]
        shape = [next(rest) for _ in range(ty.ndim - 1)]
        shape.insert(self.own[k], count)
        return low.emit(np.empty, (TupleOf(tuple(shape)), Global(as_dtype(ty.dtype).type)), None, hint)
