"""The forward sweep of reverse mode: the function printed with stores to the tape.

The structure of the tape is compiled: at run time it holds only numbers. Each loop that has something to store owns
one flat array. A counted loop has a block of `trips * columns` numbers, one column after the other; column c of trip i
lies at `top + i + c * trips`. The block is reserved when the loop is entered, or before (`reserve`). A loop whose trips
are not known beforehand appends `columns` numbers a trip and grows the array by half. The reverse sweep reads by
index and gives the block back::

    forward sweep                                   reverse sweep
    if top + 2 * trips > tape.size: tape = grow(..)   top -= 2 * trips
    for i in range(trips):                          for i in range(trips - 1, -1, -1):
        tape[top + i] = u                               u = tape[top + i]
        tape[top + i + trips] = v                       v = tape[top + i + trips]
        u, v = ...                                      ... recompute, then the adjoints
    top += 2 * trips

`_names` holds what belongs to the tape of a loop, `_cell` says where on it a value lies. Arrays that are needed are
kept by reference, on lists; so are the shadows of mirrored arrays (`Plan.is_mirrored`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import types

from .. import ir
from ..analysis.activity import Activity
from ..analysis.value_ranges import Form
from ..ir import UNDEFINED, Const, For, Function, If, Op, Var, While
from ..ir.effects import shares_memory
from ..ir.kinds import is_array
from ..ir.printer import Emitter, Scope
from .derivative_text import DerivativeEmitter
from .loop_order import may_run_forwards
from .plan import LoopPlan, Plan
from .recursive_calls import ReverseCalls
from .sparse_loops import kept_if
from .tape_layout import Reservation, counting_place, is_counted, reservation
from .undo_log import choose_restored
from .widening import find_widened


@dataclass(eq=False)
class _LoopNames:
    """The names that belong to the tape of one loop."""

    plan: LoopPlan
    counted: bool
    nested: bool
    trips: str
    tape: str = ""
    top: str = ""
    itape: str = ""
    itop: str = ""
    row: str = ""
    irow: str = ""
    ptape: str = ""
    ptop: str = ""
    prow: str = ""
    trip: str = ""
    forwards: bool = False
    reserved: Reservation | None = None


class Taping(ReverseCalls, DerivativeEmitter):
    """Prints the forward sweep, and reads back from the tape what it stored."""

    make_plan = Plan

    def __init__(self, function: Function, scope: Scope, activity: Activity):
        super().__init__(function, scope, activity)
        self.plan = self.make_plan(function, activity)
        choose_restored(self.plan)
        self.widened = self.find_widened()
        self._bars: dict[Var, str] = {}
        self._names: dict[int, _LoopNames] = {}
        self._lists: dict[Var, str] = {}
        self._memories: list[str] = []
        self._shadow_lists: dict[Var, str] = {}
        self.live: set[Var] = set()
        self.derived: set[Var] = set()
        self.sweeping_back = False
        self._ascending: set[Var] = set()
        self._summed: set[Var] = set()
        self._counted_at: dict[int, list[For]] = {}
        self._reserved_at: dict[int, list[For]] = {}

    def find_widened(self) -> set[Var]:
        """Return the classes of float32 arrays with float64 shadows."""
        return find_widened(self.function, self.activity, self.plan.mirrored)

    def is_widened(self, v: Var) -> bool:
        return bool(self.widened) and self.aliases.of(v) in self.widened

    def bar(self, v: Var) -> str:
        """Return the name of a variable's adjoint."""
        if v not in self._bars:
            self._bars[v] = self.fresh(f"{v.name}_bar")
        return self._bars[v]

    def _open_tapes(self) -> None:
        """Print the tapes of nested loops and the lists of kept arrays, empty."""
        self.open_state()
        for stmt in ir.walk(self.function.body):
            plan = self.plan.loops.get(id(stmt))
            if plan is None:
                continue
            nested = bool(self.plan.around[id(stmt)])
            counted = self.is_counted(stmt) and not plan.selects
            n = self._names[id(stmt)] = _LoopNames(plan, counted, nested, stmt.trips.name)
            n.forwards = n.counted and may_run_forwards(stmt, self.plan)
            if plan.floats:
                n.tape, n.top, n.row = self.fresh("tape"), self.fresh("top"), self.fresh("row")
            if plan.integers:
                n.itape, n.itop, n.irow = self.fresh("itape"), self.fresh("itop"), self.fresh("irow")
            if plan.packs:
                n.ptape, n.ptop, n.prow = self.fresh("ptape"), self.fresh("ptop"), self.fresh("prow")
        self.place_blocks()
        for stmt in ir.walk(self.function.body):
            plan = self.plan.loops.get(id(stmt))
            if plan is None:
                continue
            n = self._names[id(stmt)]
            for tape, top, _, _ in self._tapes(n):
                if not n.counted or self.plan.around[id(n.reserved.place)]:
                    self.open_tape(tape, "int64" if tape == n.itape else "float64")
                    self.line(f"{top} = 0")
            for v in plan.kept:
                self._lists[v] = self.fresh(f"{v.name}_kept")
                self.line(f"{self._lists[v]} = []")
        for v, loop in self.plan.loop_of.items():
            if self.plan.is_mirrored(v) and id(loop) in self._names and self.plan.uses_shadow(v):
                self._shadow_lists[v] = self.fresh(f"{self.bar(v)}_kept")
                self.line(f"{self._shadow_lists[v]} = []")

    def is_counted(self, loop: For | While) -> bool:
        """Whether the block of a loop is reserved when it is entered."""
        return is_counted(loop)

    def place_blocks(self) -> None:
        """Find where the trips of counted loops are counted, and where their blocks are reserved."""
        loops = [s for s in ir.walk(self.function.body) if id(s) in self._names and self._names[id(s)].counted]
        used: set[int] = set()
        for loop in loops:
            n = self._names[id(loop)]
            n.reserved = self.reservation(loop)
            if self._tapes(n):
                self._reserved_at.setdefault(id(n.reserved.place), []).append(loop)
                used.update(id(f) for f in (loop, *n.reserved.factors))
            elif not n.forwards and not self._canonical(loop):
                used.add(id(loop))
        for loop in loops:
            if id(loop) in used:
                self._counted_at.setdefault(id(self.counting_place(loop)), []).append(loop)

    def reservation(self, loop: For) -> Reservation:
        return reservation(loop, self.plan.around[id(loop)], self.plan.integers)

    def counting_place(self, loop: For) -> For:
        return counting_place(loop, self.plan.around[id(loop)], self.plan.integers)

    def count_trips(self, place: For) -> None:
        """Print how many trips the loops have that are counted before a loop."""
        for loop in self._counted_at.get(id(place), ()):
            self.line(f"{self._names[id(loop)].trips} = len({self.range(loop)})")

    def reserve(self, place: For) -> None:
        """Print the reservations before a loop."""
        for loop in self._reserved_at.get(id(place), ()):
            n = self._names[id(loop)]
            for tape, top, _, width in self._tapes(n):
                factors = ([str(width)] if width > 1 else []) + [self._trips_text(f) for f in n.reserved.factors]
                if self.plan.around[id(place)]:
                    self._grow(tape, f"{top} + {' * '.join(factors)}")
                else:
                    self.line(f"{tape} = {self.new_tape(tape, n, ' * '.join(factors))}")
                    self.line(f"{top} = 0")

    def new_tape(self, tape: str, n: _LoopNames, size: str) -> str:
        """Return the text of memory for a tape of a loop."""
        return f"np.empty({size}{', np.int64' if tape == n.itape else ''})"

    def _trips_text(self, factor: For | Form) -> str:
        if isinstance(factor, For):
            return self._names[id(factor)].trips
        terms = [v.name if c == 1 else f"{c} * {v.name}" for (v, _), c in factor.terms.items()]
        terms += [str(factor.constant)] if factor.constant or not terms else []
        return f"max(0, {' + '.join(terms).replace('+ -', '- ')})"

    def mirror(self, v: Var, text: str) -> None:
        """Make the shadow of a mirrored array in the forward sweep."""
        if self.plan.is_mirrored(v):
            self.line(f"{self.bar(v)} = {text}")
            if self.plan.loop_of.get(v) is None:
                self.live.add(v)

    def mirror_op(self, op: Op) -> None:
        """Do to the shadows what an operation has done to mirrored arrays and lists."""
        if self.plan.is_mirrored(op.target):
            if shares_memory(op):
                self.mirror(op.target, self.expression(self.shadow_of(op)))
            elif op.fn == "list":
                items = Op(op.target, "list", tuple(Var(self.shadow(a)) for a in op.args), {}, op.detail)
                self.mirror(op.target, self.expression(items))
            else:
                self.mirror(op.target, f"np.zeros_like({op.target.name})")
        elif op.fn == "append" and self.active(op.args[0]):
            self.line(f"{self.bar(op.args[0])}.append({self.shadow(op.args[1])})")
        elif op.fn == "pop" and self.active(op.args[0]):
            self.line(f"{self.bar(op.args[0])}.pop()")

    def shadow(self, x: object) -> str:
        """Return the shadow of what is put into a list."""
        if self.plan.is_mirrored(x):
            return self.bar(x)
        return f"np.zeros_like({self.operand(x)})" if is_array(x) else "0.0"

    def shadow_of(self, op: Op) -> Op:
        """Return the view of a shadow that belongs to a view.

        np.ravel would copy where the shadow is not in C order, and lose what is added to it; .reshape refuses.
        """
        if op.fn is np.ravel:
            base = Var(self.bar(op.args[0]))
            return Op(op.target, "method", (base, Const(-1)), {}, "reshape")
        return Op(op.target, op.fn, (Var(self.bar(op.args[0])), *op.args[1:]), op.kwargs, op.detail)

    def moves(self, pairs: list[tuple[Var, object]]) -> None:
        both = []
        for target, x in pairs:
            if x is not UNDEFINED:
                both.append((target.name, self.operand(x)))
                if self.plan.is_mirrored(target):
                    if not self.plan.is_mirrored(x):
                        both.append((self.bar(target), f"np.zeros_like({self.operand(x)})"))
                    else:
                        both.append((self.bar(target), self.bar(x)))
                    if self.plan.loop_of.get(target) is None:
                        self.live.add(target)
        self.assign_together(both)

    def save(self, v: Var) -> None:
        """Store a variable that has just got its value, if the plan says so."""
        if v in self._shadow_lists:
            self.line(f"{self._shadow_lists[v]}.append({self.bar(v)})")
        loop = self.plan.loop_of.get(v)
        names = self._names.get(id(loop)) if loop is not None else None
        if names is None:
            return
        cell = self._cell(v, names)
        if cell and not names.plan.selects:  # where it selects, the row is written when the trip ends
            self.line(f"{cell} = {v.name}")
        elif v in names.plan.kept:
            self.line(f"{self._lists[v]}.append({v.name})")

    def save_old(self, write: Op) -> None:
        """Store the element that a write is about to change, if it is put back in the reverse sweep."""
        old = self.plan.saves.get(id(write))
        if old is not None and self.plan.definer[old] is write:
            if self.plan.loop_of[old] is None:
                old.name = self.fresh(f"{self.operand(write.args[0])}_old")
            self.line(f"{self.old_element(write)} = {self.operand(write.args[0])}[{self.index(write.args[1:-1])}]")

    def old_element(self, write: Op) -> str:
        """Return where the old value of an overwritten element is."""
        old = self.plan.saves[id(write)]
        names = self._names.get(id(self.plan.loop_of[old]))
        return (self._cell(old, names) if names is not None else "") or old.name

    def _cell(self, v: Var, n: _LoopNames) -> str:
        """Return the place of a variable on the tape of its loop, or ''."""
        tapes = (n.tape, n.row, n.plan.floats), (n.itape, n.irow, n.plan.integers), (n.ptape, n.prow, n.plan.packs)
        for tape, row, columns in tapes:
            if v in columns:
                c = columns.index(v)
                step = f"{n.trips}" if c == 1 else f"{c} * {n.trips}"
                offset = f" + {step if n.counted else c}" if c else ""
                return f"{tape}[np.uintp({row}{offset})]"
        return ""

    def stmt_Op(self, op: Op) -> None:
        if op.fn == "unpack":
            return
        if self.activity.is_active_call(op):
            self.forward_call(op)
        else:
            self.save_old(op)
            self.primal(op)
        self.mirror_op(op)
        if op.target is not None:
            self.save(op.target)

    def stmt_If(self, stmt: If) -> None:
        Emitter.stmt_If(self, stmt)
        for phi in stmt.phis:
            self.save(phi.target)

    def enter(self, loop: For | While) -> None:
        Emitter.enter(self, loop)
        n = self._names.get(id(loop))
        if n is None:
            return
        if n.counted:
            self.count_trips(loop)
            self.reserve(loop)
            for _, top, row, _ in self._tapes(n):
                if not self._canonical(loop):
                    self.line(f"{row} = {top} - 1")
        else:
            self.line(f"{n.trips} = 0")

    def open_tape(self, tape: str, dtype: str) -> None:
        """Print the beginning of a tape that grows."""
        memory = self.fresh(f"{tape}_memory")
        self._memories.append(memory)
        self.line(f"{memory} = {self.runtime('new_memory')}(np.{dtype})")
        self.line(f"{tape} = {self.runtime('tape_in')}({memory})")

    def release_tapes(self) -> None:
        """Print the end of the tapes that grow."""
        for memory in self._memories:
            self.line(f"{self.runtime('release')}({memory})")

    def _grow(self, tape: str, need: str) -> None:
        with self.indented(f"if {need} > {tape}.size:"):
            self.line(f"{tape} = {self.runtime('grow')}({tape}, {need})")

    @staticmethod
    def _canonical(loop: For | While) -> bool:
        """Whether the index of a loop is the number of the trip."""
        return isinstance(loop, For) and loop.start == Const(0) and loop.step == Const(1)

    def _tapes(self, n: _LoopNames) -> list[tuple[str, str, str, int]]:
        rows = (
            (n.tape, n.top, n.row, len(n.plan.floats)),
            (n.itape, n.itop, n.irow, len(n.plan.integers)),
            (n.ptape, n.ptop, n.prow, len(n.plan.packs)),
        )
        return [r for r in rows if r[0]]

    def trip(self, loop: For | While) -> None:
        n = self._names.get(id(loop))
        if n is not None and not n.plan.selects:
            for tape, top, row, width in self._tapes(n):
                if n.counted:
                    self.line(f"{row} = {top} + {loop.index.name}" if self._canonical(loop) else f"{row} += 1")
                else:
                    self._append_row(tape, top, row, width)
            if not n.counted:
                self.line(f"{n.trips} += 1")
            for c in loop.carried:
                self.save(c.param)
        self.block(loop.body)
        if n is not None and n.plan.selects:
            with self.indented(f"if not ({self._kept_if(loop)}):"):
                for tape, top, row, width in self._tapes(n):
                    self._append_row(tape, top, row, width)
                for v in (*n.plan.floats, *n.plan.integers):
                    self.line(f"{self._cell(v, n)} = {v.name}")
                self.line(f"{n.trips} += 1")
        self.next_trip(loop)

    def _append_row(self, tape: str, top: str, row: str, width: int) -> None:
        self._grow(tape, f"{top} + {width}")
        self.line(f"{row} = {top}")
        self.line(f"{top} += {width}")

    def _kept_if(self, loop: For | While) -> str:
        slots = [c for c in loop.carried if self.active(c.param)]
        tests = [test for c in slots for test in kept_if(c, loop, self.plan)]
        return " and ".join(f"{self.operand(x)} {sign} {self.operand(y)}" for x, sign, y in dict.fromkeys(tests))

    def leave(self, loop: For | While) -> None:
        n = self._names.get(id(loop))
        if n is not None and n.counted and n.nested:
            for _, top, _, width in self._tapes(n):
                self.line(f"{top} += {f'{width} * ' if width > 1 else ''}{n.trips}")
        Emitter.leave(self, loop)
        for c in loop.carried:
            self.save(c.result)
        self.save(loop.trips)

    def restore(self, v: Var) -> None:
        if v in self._shadow_lists:
            self.line(f"{self.bar(v)} = {self._shadow_lists[v]}.pop()")
            self.live.add(v)
        loop = self.plan.loop_of.get(v)
        n = self._names.get(id(loop)) if loop is not None else None
        if n is None:
            return
        cell = self._cell(v, n)
        if cell:
            self.line(f"{v.name} = {cell}{' != 0' if v.type == types.boolean else ''}")
        elif v in self.plan.handed_on and v in n.plan.decided and v not in self.plan.chosen_again:
            self.line(f"{v.name} = {self.plan.handed_on[v].name}")
        elif v in n.plan.kept:
            self.line(f"{v.name} = {self._lists[v]}.pop()")
        elif v in self.plan.left_in:
            self.primal(self.plan.left_in[v])
