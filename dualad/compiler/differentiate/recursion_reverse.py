"""Recursive functions in reverse mode: two functions a unit, and one tape for all of them.

The tape is a flat array of floats and one of integers, with the number of entries in use: together they are the
`state`, which every call takes and gives back. A unit leaves its frame on the tape (what its reverse sweep needs of
its values) when it ends, so that the frame is on top when the reverse sweep comes back to it, and the frames of the
units that it has called lie below::

    forward sweep                                    reverse sweep
    def f_forward(x, n, state):                      def f_reverse(out_bar, state):
        t, state = f_forward(x * x, n - 1, state)        top -= 2; x, t = tape[top], tape[top + 1]
        ...                                              ...
        tape[top], tape[top + 1] = x, t; top += 2        x_bar, state = f_reverse(t_bar, state)

Trips of a loop in which something else lands on the tape leave their rows in the same way, when they end; a loop that
is alone with its numbers reserves a block for them, as in `taping`. Arrays made in a unit are kept on lists, one a
type, and their positions on the tape.

Whatever a unit loads from an array that it was given is stored: others may have written there since.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from .. import ir
from ..analysis.activity import Activity
from ..ir import Block, Const, For, Function, Op, Var, While
from ..ir.kinds import is_array, is_float, is_list, is_number
from ..ir.printer import Emitter
from .loop_order import may_run_forwards
from .plan import LoopPlan, Plan
from .reverse import Reverse
from .tape_layout import Reservation, is_counted
from .taping import _LoopNames


class UnitPlan(Plan):
    """The decisions for a unit: its body is treated as a loop of one trip, whose row is the frame."""

    def __init__(self, function: Function, activity: Activity):
        index, trips = Var("frame", types.int64), Var("frames", types.int64)
        one = Const(1)
        self.frame = For(index, Const(0), one, one, [], function.body, None, trips, function.place)
        self._leaves = [leaf for leaf, _, _ in function.leaves]
        super().__init__(replace(function, body=Block([self.frame])), activity)
        for stmt in ir.walk(function.body):
            if isinstance(stmt, ir.Op) and is_list(stmt.target) and self.active(stmt.target):
                what = f"a list that changes in a recursive function ({function.name})"
                raise UnsupportedError(at(f"{what} is not supported: use an array", *stmt.place))
        if self.mirrored:
            what = f"a recursive function ({function.name}) that hands an array on under another name after writing it"
            raise UnsupportedError(at(f"{what} is not supported: use one name for one array", *function.place))

    def _index(self, block: Block, around: tuple) -> None:
        super()._index(block, around)
        if not around:
            for leaf in self._leaves:
                if is_number(leaf):
                    self.definer[leaf] = self.loop_of[leaf] = self.frame

    def is_stable(self, load: Op, loop: object) -> bool:
        if not self.activity.aliases.roots(load.args[0]).isdisjoint(self._leaves):
            return False
        return super().is_stable(load, loop)

    def may_select(self, loop: For | While) -> bool:
        """Never: all trips of all loops share one tape."""
        return False

    def load_of(self, v: Var, loop: object) -> None:
        """Whoever calls may write into the arrays before the reverse sweep."""


class UnitReverse(Reverse):
    """Prints the forward and the reverse sweep of a unit."""

    make_plan = UnitPlan

    def find_widened(self) -> set[Var]:
        return set()  # shadows are handed in and out

    def __init__(self, instance: object):
        super().__init__(instance.function, instance.scope, instance.activity)
        self.at: dict[Var, Var] = {}
        for plan in self.plan.loops.values():
            for v in plan.kept:
                self.at[v] = Var(self.fresh(f"{v.name}_at"), types.int64)
                plan.integers.append(self.at[v])

    def kept_types(self) -> list[object]:
        """Return the types of the arrays that are kept."""
        return [v.type for v in self.at]

    def name_state(self, kept: list[object]) -> None:
        """Choose the names of the tape and of the lists of kept arrays of the given types."""
        self.state = self.fresh("state")
        self.tape, self.top, self.itape, self.itop = (self.fresh(n) for n in ("tape", "top", "itape", "itop"))
        self.kept = {ty: self.fresh("kept") for ty in kept}
        frame = self.plan.frame
        for stmt in (frame, *ir.walk(self.function.body)):
            plan = self.plan.loops.get(id(stmt))
            if plan is not None:
                alone = stmt is not frame and not plan.kept and self._is_alone(stmt)
                n = _LoopNames(plan, alone, True, stmt.trips.name)
                n.forwards = alone and may_run_forwards(stmt, self.plan)
                if plan.floats:
                    n.tape, n.top, n.row = self.tape, self.top, self.fresh("row")
                if plan.integers:
                    n.itape, n.itop, n.irow = self.itape, self.itop, self.fresh("irow")
                self._names[id(stmt)] = n
        self.place_blocks()

    def reservation(self, loop: For) -> Reservation:
        return Reservation(loop, [loop])  # other things land on the tape between its runs

    def counting_place(self, loop: For) -> For:
        return loop

    def _is_alone(self, loop: For | While) -> bool:
        """Whether nothing but the rows of a counted loop lands on the tape while it runs."""
        if isinstance(loop, While) or loop.exit is not None:
            return False
        inside = list(ir.walk(loop.body))
        calls = any(isinstance(s, Op) and self.activity.is_active_call(s) for s in inside)
        return not calls and not any(id(s) in self.plan.loops for s in inside)

    # ---------------------------------------------------------------- the two functions

    def emit_forward(self, name: str) -> list[str]:
        """Return the lines of the forward sweep: arguments and state in, result and state out."""
        f = self.function
        self.sweeping_back = False
        self.lent = frozenset(self.parameters())
        with self.indented(f"def {name}({', '.join([*self.parameters(), self.state, *self.kept.values()])}):"):
            self._blank(self.plan.frame)
            self.block(f.body)
            self.place = f.place
            self._push(self.plan.frame)
            self.line(f"return {self.state if f.result == Const(None) else f'{self.operand(f.result)}, {self.state}'}")
        lines, self.lines, self.places = self.lines, [], []
        return lines

    def emit_reverse(self, name: str) -> list[str]:
        """Return the lines of the reverse sweep.

        In: what is no number, shadows of the arrays, the adjoint of a real result, state. Out: adjoints of the real
        numbers, state.
        """
        f = self.function
        arrays = [p for p in f.params if is_array(p)]
        shadows = [self.bar(p) for p in arrays if is_float(p)]
        seed = [self.fresh("out_bar")] if f.result != Const(None) and is_float(f.result) else []
        self.live = {p for p in arrays if is_float(p)}
        self.sweeping_back = True
        self.lent = frozenset((*self.parameters(), *shadows))
        given = [*(p.name for p in f.params if not is_number(p)), *shadows, *seed, self.state, *self.kept.values()]
        with self.indented(f"def {name}({', '.join(given)}):"):
            self._pop(self.plan.frame)
            for p in f.params:
                self.restore(p)
            self.prologue(f.body)
            if seed:
                self.contribute(f.result, "+", seed[0])
            self.reverse_block(f.body)
            self.place = f.place
            numbers = [p for p in f.params if is_float(p) and not is_array(p)]
            bars = [self.bar(p) if p in self.live else "0.0" for p in numbers]
            self.line(f"return {', '.join([*bars, self.state])}")
        return self.lines

    # ---------------------------------------------------------------- the tape

    def _unpack(self) -> None:
        self.line(f"{self.tape}, {self.top}, {self.itape}, {self.itop} = {self.state}")

    def _pack(self) -> None:
        self.line(f"{self.state} = ({self.tape}, {self.top}, {self.itape}, {self.itop})")

    def _blank(self, loop: For | While) -> None:
        """Give a value to what is stored when a trip ends and may have got none in it."""
        n = self._names.get(id(loop))
        if n is None:
            return
        at_hand = {*ir.at_hand(loop), loop.trips, *self.function.params}
        at_hand.update(self.at[v] for v in n.plan.kept if v in at_hand)
        for v in (*n.plan.floats, *n.plan.integers):
            if v not in at_hand:
                self.line(f"{v.name} = {_zero(v)}")

    def _push(self, loop: For | While) -> None:
        """Leave the row of a trip, or the frame, on the tape."""
        n = self._names.get(id(loop))
        if n is None or not self._tapes(n):
            return
        self._unpack()
        for tape, top, _, width in self._tapes(n):
            self._grow(tape, f"{top} + {width}")
            columns = n.plan.floats if tape == n.tape else n.plan.integers
            for c, v in enumerate(columns):
                self.line(f"{tape}[np.uintp({top}{f' + {c}' if c else ''})] = {v.name}")
            self.line(f"{top} += {width}")
        self._pack()

    def _pop(self, loop: For | While) -> None:
        """Find the row of a trip, or the frame, on top of the tape."""
        n = self._names.get(id(loop))
        if n is None or not self._tapes(n):
            return
        self._unpack()
        for _, top, row, width in self._tapes(n):
            self.line(f"{top} -= {width}")
            self.line(f"{row} = {top}")
        self._pack()

    def open_state(self) -> None:
        """A unit is given its tape."""

    def save(self, v: Var) -> None:
        n = self._names.get(id(self.plan.loop_of.get(v)))
        if v in self.at:
            self.line(f"{self.at[v].name} = len({self.kept[v.type]})")
            self.line(f"{self.kept[v.type]}.append({v.name})")
        elif n is not None and n.counted:
            super().save(v)

    def restore(self, v: Var) -> None:
        if v in self.at:
            cell = self._cell(self.at[v], self._names[id(self.plan.loop_of[v])])
            self.line(f"{v.name} = {self.kept[v.type]}[{cell}]")
        else:
            super().restore(v)

    # ---------------------------------------------------------------- loops

    def enter(self, loop: For | While) -> None:
        n = self._names.get(id(loop))
        if n is not None and n.counted:
            if self._tapes(n):
                self._unpack()
            super().enter(loop)
            return
        Emitter.enter(self, loop)
        if n is not None and not is_counted(loop):
            self.line(f"{n.trips} = 0")

    def trip(self, loop: For | While) -> None:
        n = self._names.get(id(loop))
        if n is None or n.counted:
            super().trip(loop)
            return
        if not is_counted(loop):
            self.line(f"{n.trips} += 1")
        self._blank(loop)
        for c in loop.carried:
            self.save(c.param)
        self.block(loop.body)
        self._push(loop)
        self.next_trip(loop)

    def leave(self, loop: For | While) -> None:
        super().leave(loop)
        n = self._names.get(id(loop))
        if n is not None and n.counted and self._tapes(n):
            self._pack()

    def _reverse_head(self, loop: For | While, n: _LoopNames) -> str:
        if n.counted and self._tapes(n):
            self._unpack()
        elif not n.counted and is_counted(loop):
            self.line(f"{n.trips} = len({self.range(loop)})")
        head = super()._reverse_head(loop, n)
        if n.counted and self._tapes(n):
            self._pack()
        return head

    def _trip_start(self, loop: For | While, n: _LoopNames) -> None:
        if n.counted or not self._tapes(n):
            super()._trip_start(loop, n)
            return
        self._pop(loop)
        super()._trip_start(loop, replace(n, plan=LoopPlan(), tape="", itape=""))


def _zero(v: Var) -> str:
    """Return the text of a zero of a number's type."""
    if v.type == types.boolean:
        return "False"
    if v.type in (types.int64, types.float64):
        return "0" if v.type == types.int64 else "0.0"
    return f"np.{v.type}(0)" if hasattr(np, str(v.type)) else "0"
