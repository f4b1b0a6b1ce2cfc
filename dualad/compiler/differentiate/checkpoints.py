"""Reverse mode in memory of a given size: outermost loops whose tape does not fit are reversed chunk by chunk.

Each outermost loop that has a tape is printed so, in both sweeps::

    forward sweep                                   reverse sweep
    states = [state]                                while True:
    first, hi, chunk = 0, trips, trips                  for i in range(hi - 1, first - 1, -1): (the reverse of a trip)
    while True:                                         hi = first
        stop = hi, or where the next state is kept      if hi == 0: break
        for i in range(at, stop):                       at, state = the last of the states before hi
            (a trip with its tape)                      (the same as in the forward sweep)
            if the tape is full: break
        if the tape holds all up to hi: break
        chunk, slots = schedule(...), the first time
        states.append(state), if at == stop
        first = at, with an empty tape

So the whole tape is kept while it fits. A loop without others in it has a tape whose size is known beforehand: if it
fits, the loop is printed as it would be without a limit. Where states are kept is told by `runtime.schedules`: for a
loop whose trips are counted, so that the fewest are run again; for others, whose end is not known, as they come. On the
way from a state to the chunk that is reversed the tape is filled too, and forgotten: the code is there, and a short
tape stays in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from numba import types

from ...errors import at
from .. import ir
from ..analysis.activity import Activity
from ..ir import Carried, Const, For, Function, Op, Var, While
from ..ir.printer import Emitter, Scope
from ..lowering.chunks import Chunked
from ..runtime import schedules
from .loop_order import may_run_forwards
from .loop_states import State, is_long, refused, state_of
from .plan import Plan
from .reverse import Reverse
from .tape_layout import Reservation, counting_place, is_counted, reservation
from .taping import _LoopNames

_NEVER = 2**62
"""The number of a trip that is never made."""


class WholePlan(Plan):
    """A plan in which no loop selects the trips that are on its tape."""

    def may_select(self, loop: For | While) -> bool:
        return False


@dataclass(eq=False)
class Limited:
    """A loop that is reversed chunk by chunk, with what its state is made of and the names that belong to it."""

    state: State
    names: dict[str, str] = field(default_factory=dict)
    lists: dict[tuple[str, Var], str] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    plain: _LoopNames | None = None
    """What belongs to its tape where it is not reversed chunk by chunk, if that can be told when it is entered."""

    @property
    def weight(self) -> int:
        """How much of the memory is its, beside other loops."""
        return 1 if self.plain is not None else 16

    def __getattr__(self, name: str) -> str:
        return self.names[name]


class LimitedReverse(Reverse):
    """Prints reverse mode whose tapes and states take at most `limit` bytes."""

    make_plan = WholePlan

    def __init__(self, function: Function, scope: Scope, activity: Activity, limit: int):
        super().__init__(function, scope, activity)
        self.limit = limit
        self.held: str | None = None
        self.sweeping_again = False
        self.limited: dict[int, Limited] = {}
        self.left = self.fresh("bytes_left")
        for stmt in ir.walk(function.body):
            if isinstance(stmt, Op) and isinstance(stmt.fn, Chunked) and activity.active(stmt.target):
                raise refused(stmt, "a loop over prange on several threads", "differentiate f.py_func")
            if id(stmt) in self.plan.loops and self.is_limited(stmt):
                self.limited[id(stmt)] = Limited(state_of(stmt, self.plan))

    def is_limited(self, loop: For | While) -> bool:
        """Whether a loop is reversed chunk by chunk: an outermost one."""
        return not self.plan.around[id(loop)] and is_long(loop, self.plan)

    # ---------------------------------------------------------------- tapes

    def is_counted(self, loop: For | While) -> bool:
        return id(loop) not in self.limited and super().is_counted(loop)

    def reservation(self, loop: For) -> Reservation:
        return reservation(loop, self.inner_around(loop), self.plan.integers)

    def counting_place(self, loop: For) -> For:
        return counting_place(loop, self.inner_around(loop), self.plan.integers)

    def inner_around(self, loop: For) -> tuple:
        """Return the loops around a loop that are not reversed chunk by chunk."""
        return tuple(s for s in self.plan.around[id(loop)] if id(s) not in self.limited)

    def _open_tapes(self) -> None:
        super()._open_tapes()
        if self.limited:
            self.line(f"{self.left} = {self.limit}")
        for f in self.limited.values():
            n = self._names[id(f.state.loop)]
            inner = [s for s in f.state.inside if id(s) in self.plan.loops]
            is_flat = not inner and not self.plan.around[id(f.state.loop)]
            if is_flat and is_counted(f.state.loop) and not n.plan.kept:
                f.plain = p = _LoopNames(n.plan, True, False, n.trips)
                p.forwards = may_run_forwards(f.state.loop, self.plan)
                p.reserved = Reservation(f.state.loop, [f.state.loop])
                p.tape, p.top, p.row = ((self.fresh(x) if x else "") for x in (n.tape, n.top, n.row))
                p.itape, p.itop, p.irow = ((self.fresh(x) if x else "") for x in (n.itape, n.itop, n.irow))
                self._reserved_at[id(f.state.loop)] = self._counted_at[id(f.state.loop)] = [f.state.loop]

    def own_statements(self, found: Limited) -> list:
        return [found.state.loop, *found.state.inside]

    def own_tapes(self, found: Limited) -> list[tuple[str, str]]:
        """Return the tapes of a loop and those inside it, each with the name of how much of it is in use."""
        names = (self._names.get(id(s)) for s in self.own_statements(found))
        return [(tape, top) for n in names if n is not None for tape, top, _, _ in self._tapes(n)]

    def own_lists(self, found: Limited) -> list[str]:
        loops = {id(s) for s in self.own_statements(found)}
        lists = [name for v, name in self._lists.items() if id(self.plan.loop_of[v]) in loops]
        return lists + [name for v, name in self._shadow_lists.items() if id(self.plan.loop_of[v]) in loops]

    def save(self, v: Var) -> None:
        super().save(v)
        loop = self.plan.loop_of.get(v)
        names = self._names.get(id(loop)) if loop is not None else None
        if self.held is not None and names is not None and v in names.plan.kept:
            self.line(f"{self.held} += {bytes_of(v.name, v.type)}")

    # ---------------------------------------------------------------- forward sweep

    def stmt_For(self, loop: For) -> None:
        found = self.limited.get(id(loop))
        if found is None:
            super().stmt_For(loop)
            return
        self.begin(found)
        if is_counted(loop):
            self.line(f"{loop.trips.name} = len({self.range(loop)})")
        if found.plain is None:
            self.forward_in_chunks(found)
            return
        names, size = self._names[id(loop)], 8 * (len(found.plain.plan.floats) + len(found.plain.plan.integers))
        self.line(f"{found.fits} = {size} * {loop.trips.name} <= {found.room}")
        with self.indented(f"if {found.fits}:"):
            self._names[id(loop)] = found.plain
            super().stmt_For(loop)
            self._names[id(loop)] = names
            self.line(f"{self.left} -= {size} * {loop.trips.name}")
        with self.indented("else:"):
            self.forward_in_chunks(found)

    def stmt_While(self, loop: While) -> None:
        found = self.limited.get(id(loop))
        if found is None:
            super().stmt_While(loop)
            return
        self.begin(found)
        self.forward_in_chunks(found)

    def begin(self, f: Limited) -> None:
        """Print how many bytes there are for a loop: a share of what is left for it and those behind it."""
        self.name(f)
        later = [g for g in self.limited.values() if not g.names and not self.plan.around[id(g.state.loop)]]
        whole = f.weight + sum(g.weight for g in later)
        self.line(f"{f.room} = {self.left}" + (f" // {whole} * {f.weight}" if later else ""))

    def name(self, f: Limited) -> None:
        if not f.names:
            hints = "fits first lo hi at stop chunk slots count room held used ended state_bytes kept_at levels chosen"
            f.names = {hint: self.fresh(hint) for hint in hints.split()}

    def forward_in_chunks(self, f: Limited) -> None:
        loop = f.state.loop
        if is_counted(loop):
            self.start_from_the_beginning(f, loop.trips.name)
            self.stretches(f)
        else:
            self.start_from_the_beginning(f, str(_NEVER))
            self.stretches_to_the_end(f)
        self.line(f"{self.left} -= 8 * ({self.sizes(f)}) + {f.held} + {f.slots} * {f.state_bytes}")
        self.leave(loop)

    def start_from_the_beginning(self, f: Limited, trips: str) -> None:
        """Print the state before the first trip, and that all of them are to come."""
        Emitter.enter(self, f.state.loop)
        self.first_state(f)
        self.line(f"{f.slots} = 0")  # as long as there is no schedule
        self.line(f"{f.count} = 1")
        self.line(f"{f.lo} = 0")
        self.line(f"{f.hi} = {trips}")
        self.line(f"{f.chunk} = {f.hi}")
        self.start(f)

    def start(self, f: Limited) -> None:
        """Print that the tape begins at the newest state."""
        self.line(f"{f.at} = {f.lo}")
        self.line(f"{f.first} = {f.lo}")
        self.line(f"{f.held} = 0")
        self.line(f"{f.used} = 0")

    def stretches(self, f: Limited) -> None:
        """Print the way to the last chunk of the trips before `hi`, and that chunk with its tape."""
        loop = f.state.loop
        with self.indented("while True:"):
            self.line(f"{f.stop} = {f.hi}")
            with self.indented(f"if {f.hi} - {f.lo} > {f.chunk}:"):
                stop = self.scope.bind(schedules.next_stop, "next_stop")
                self.line(f"{f.stop} = max({f.at}, {stop}({f.lo}, {f.hi}, {f.chunk}, {f.slots} - {f.count}))")
            with self.indented(f"for {self.number(loop)} in range({f.at}, {f.stop}):"):
                if isinstance(loop, For):
                    self.start_trip(loop)
                elif loop.test is not None:
                    Emitter.block(self, loop.header)
                self.taped_trip(f)
                self.moves([(c.param, c.yielded) for c in loop.carried])
                self.line(f"{f.at} = {self.number(loop)} + 1")
                self.stop_if_full(f)
                if not self.sweeping_again and is_counted(loop):  # the first trips tell how much all would take
                    sixteenth = f"{f.at} == 1 + {f.hi} // 16"
                    for when, most in ((f"{f.at} == 1", f"4 * {f.room}"), (sixteenth, f"{f.room} - {f.state_bytes}")):
                        with self.indented(f"if {f.slots} == 0 and {when}:"):
                            with self.indented(f"if {f.hi} // {f.at} * (8 * ({self.rows(f)}) + {f.held}) > {most}:"):
                                self.line("break")
            with self.indented(f"if {f.at} == {f.hi} and {self.fitting(f)}:"):
                self.line("break")
            with self.indented(f"if {f.slots} == 0:"):
                call = self.scope.bind(schedules.schedule, "schedule")
                self.line(f"{f.chunk}, {f.slots} = {call}({f.hi}, {f.state_bytes}, {self.bytes_a_trip(f)}, {f.room})")
                self.measure(f)
            with self.indented("else:"), self.indented(f"if {f.stop} == {f.hi}:"):
                self.line(f"{f.chunk} = min({f.chunk}, {f.hi} - {f.lo}) // 2")
                self.measure(f)
            with self.indented(f"if {f.hi} - {f.lo} > {f.chunk}:"):
                with self.indented(f"if {f.at} == {f.stop}:"):
                    with self.indented(f"if {f.at} < {f.hi}:"):
                        self.line(f"{f.lo} = {f.at}")
                        with self.indented(f"if {f.count} < {f.slots}:"):
                            self.keep_state(f)
                self.forget_tape(f)
            self.resize(f)

    def stretches_to_the_end(self, f: Limited) -> None:
        """Print the trips of a loop of which nobody knows how many there are, with states on the way."""
        loop = f.state.loop
        self.line(f"{f.ended} = False")
        self.line(f"{f.levels} = {self.scope.bind(schedules.levels_of_states, 'levels_of_states')}()")
        with self.indented("while True:"):
            with self.indented(f"while {f.at} - {f.lo} < {f.chunk}:"):
                self.trip_or_end(f)
                self.stop_if_full(f)
            with self.indented(f"if {f.ended} and {self.fitting(f)}:"):
                self.line("break")
            with self.indented(f"if {f.slots} == 0:"):
                call = self.scope.bind(schedules.schedule_without_end, "schedule_without_end")
                self.line(f"{f.chunk}, {f.slots} = {call}({f.state_bytes}, {self.bytes_a_trip(f)}, {f.room})")
                self.measure(f)
            self.forget_tape(f)
            self.resize(f)
            with self.indented(f"if {f.ended}:"):
                self.line("break")
            with self.indented(f"if {f.at} - {f.lo} >= {f.chunk}:"):
                self.line(f"{f.lo} = {f.at}")
                self.keep_state_online(f)
        self.line(f"{f.hi} = {f.at}")
        self.line(f"{loop.trips.name} = {f.at}")

    def trip_or_end(self, f: Limited) -> None:
        """Print a trip of a loop that says in each trip whether it ends: then `ended` is set."""
        loop = f.state.loop
        if isinstance(loop, For):
            self.end_if(f, f"{f.at} == {loop.trips.name if is_counted(loop) else f'len({self.range(loop)})'}")
            self.line(f"{self.number(loop)} = {f.at}")
            self.start_trip(loop)
        elif loop.test is not None:
            Emitter.block(self, loop.header)
            self.end_if(f, f"not {self.operand(loop.test)}")
        self.taped_trip(f)
        self.moves([(c.param, c.yielded) for c in loop.carried])
        self.line(f"{f.at} += 1")
        if loop.exit is not None:
            self.end_if(f, self.operand(loop.exit))

    def end_if(self, f: Limited, test: str) -> None:
        with self.indented(f"if {test}:"):
            self.line(f"{f.ended} = True")
            self.line("break")

    def taped_trip(self, f: Limited) -> None:
        around, self.held = self.held, f.held
        for tape, top, row, width in self._tapes(self._names[id(f.state.loop)]):
            self._append_row(tape, top, row, width)
        for c in f.state.loop.carried:
            self.save(c.param)
        self.block(f.state.loop.body)
        self.held = around
        self.place = f.state.loop.place

    def rows(self, f: Limited) -> str:
        """Return the text of how many numbers are on the tapes."""
        return " + ".join(top for _, top in self.own_tapes(f)) or "0"

    def bytes_a_trip(self, f: Limited) -> str:
        """Return the text of how many bytes the trips so far have taken, one by the other."""
        return f"(8 * ({self.rows(f)}) + {f.held} + {f.at} - 1) // {f.at}"

    def sizes(self, f: Limited) -> str:
        """Return the text of how many numbers the tapes have room for."""
        return " + ".join(f"{tape}.size" for tape, _ in self.own_tapes(f)) or "0"

    def fitting(self, f: Limited) -> str:
        return f"{f.used} <= {f.room} - {f.slots} * {f.state_bytes}"

    def stop_if_full(self, f: Limited) -> None:
        self.line(f"{f.used} = 8 * ({self.sizes(f)}) + {f.held}")
        with self.indented(f"if {f.used} > {f.room} - {f.slots} * {f.state_bytes}:"):
            self.line("break")

    def measure(self, f: Limited) -> None:
        """Print how long the tapes of a chunk are; an error if there is no room for one trip."""
        with self.indented(f"if {f.chunk} < 1:"):
            what = "memory= is too little for one state and one trip of a loop"
            self.line(f"raise MemoryError({at(what, *f.state.loop.place)!r})")
        done = f"max(1, {f.at} - {f.first})"
        for tape, top in self.own_tapes(f):
            f.sizes[tape] = f.sizes.get(tape) or self.fresh(f"{tape}_size")
            self.line(f"{f.sizes[tape]} = {f.chunk} * (({top} + {done} - 1) // {done})")

    def resize(self, f: Limited) -> None:
        """Print that the tapes have the lengths found before, or what is in use."""
        for tape, top in self.own_tapes(f):
            self.line(f"{tape} = {self.runtime('resize')}({tape}, max({top}, {f.sizes[tape]}, 1))")

    def forget_tape(self, f: Limited) -> None:
        for _, top in self.own_tapes(f):
            self.line(f"{top} = 0")
        for name in self.own_lists(f):
            self.line(f"{name}.clear()")
        self.line(f"{f.held} = 0")
        self.line(f"{f.used} = 0")
        self.line(f"{f.first} = {f.at}")

    def number(self, loop: For | While) -> str:
        """Return the name of the number of a trip."""
        n = self._names[id(loop)]
        if self._canonical(loop):
            return loop.index.name
        n.trip = n.trip or self.fresh("trip")
        return n.trip

    def start_trip(self, loop: For) -> None:
        if not self._canonical(loop):
            start, step = self.operand(loop.start), self.operand(loop.step)
            product = self.number(loop) if loop.step == Const(1) else f"{self.number(loop)} * {step}"
            self.line(f"{loop.index.name} = {product if loop.start == Const(0) else f'{start} + {product}'}")

    # ---------------------------------------------------------------- states

    def first_state(self, f: Limited) -> None:
        """Print the state before the first trip, and how many bytes a state has."""
        sizes = []
        for what, v, text in self.parts(f):
            f.lists[what, v] = self.fresh(f"{v.name}_states")
            self.line(f"{f.lists[what, v]} = [{text}]")
            if what == "number":
                sizes.append("8")
            elif what == "copy" or (what == "array" and self.aliases.roots(v) & f.state.made):  # each has its own
                sizes.append(bytes_of(v.name, v.type))
        for v in f.state.once:
            f.lists["once", v] = self.fresh(f"{v.name}_before")
            self.line(f"{f.lists['once', v]} = {v.name}.copy()")
        self.line(f"{f.state_bytes} = {' + '.join(['8', *sizes])}")
        self.line(f"{f.kept_at} = [0]")

    def parts(self, f: Limited) -> list[tuple[str, Var, str]]:
        """Return what a state is made of: (kind, variable, text of what is kept)."""
        found = [("number", v, v.name) for v in f.state.numbers]
        found += [("array", v, v.name) for v in f.state.arrays]
        found += [("shadow", v, self.bar(v)) for v in f.state.arrays if self.plan.is_mirrored(v)]
        return found + [("copy", v, f"{v.name}.copy()") for v in f.state.contents]

    def keep_state(self, f: Limited) -> None:
        for what, v, text in self.parts(f):
            self.line(f"{f.lists[what, v]}.append({text})")
        self.line(f"{f.kept_at}.append({f.at})")
        self.line(f"{f.count} += 1")

    def keep_state_online(self, f: Limited) -> None:
        """Print how a state takes the place of another one when all slots are taken."""
        with self.indented(f"if {f.count} == {f.slots}:"):
            call = self.scope.bind(schedules.give_way, "give_way")
            self.line(f"{f.chosen} = {call}({f.levels}, {f.count})")
            self.drop_state(f, f.chosen)
        with self.indented("else:"):
            self.line(f"{f.levels}[{f.count}] = 0")
        self.keep_state(f)

    def drop_state(self, f: Limited, which: str = "") -> None:
        for what, v, _ in self.parts(f):
            self.line(f"{f.lists[what, v]}.pop({which})")
        self.line(f"{f.kept_at}.pop({which})")
        self.line(f"{f.count} -= 1")

    def take_state(self, f: Limited) -> None:
        """Print the return to the newest state."""
        self.line(f"{f.lo} = {f.kept_at}[-1]")
        for what, v, _ in self.parts(f):
            name = f.lists[what, v]
            if what == "copy":
                self.line(f"{self.runtime('overwrite')}({v.name}, {name}[-1])")
            else:
                self.line(f"{self.bar(v) if what == 'shadow' else v.name} = {name}[-1]")

    # ---------------------------------------------------------------- reverse sweep

    def reverse_loop(self, loop: For | While) -> None:
        f = self.limited.get(id(loop))
        if f is None or f.plain is None:
            self.reverse_in_chunks(loop)
            return
        inside = {c.param for c in loop.carried}
        for v in self.touched([loop.body]):
            if v not in inside:
                self.ensure(v)
        names, before = self._names[id(loop)], (set(self.live), set(self.derived))
        with self.indented(f"if {f.fits}:"):
            self._names[id(loop)] = f.plain
            super().reverse_loop(loop)
            self._names[id(loop)] = names
            self._ascending.discard(loop.index)
        self.live, self.derived = before
        with self.indented("else:"):
            self.reverse_in_chunks(loop)

    def reverse_in_chunks(self, loop: For | While) -> None:
        f = self.limited.get(id(loop))
        if f is None:
            super().reverse_loop(loop)
            return
        for v in f.state.once:
            self.line(f"{self.runtime('overwrite')}({v.name}, {f.lists['once', v]})")
        super().reverse_loop(loop)
        for v in f.state.contents:  # what was before the loop
            array = f"{f.lists['array', v]}[0]" if v in f.state.arrays else v.name
            self.line(f"{self.runtime('overwrite')}({array}, {f.lists['copy', v]}[0])")

    def _reverse_head(self, loop: For | While, n: _LoopNames) -> str:
        f = self.limited.get(id(loop))
        if f is None or n is f.plain:
            return super()._reverse_head(loop, n)
        n.trip = n.trip or self.fresh("trip")
        return f"for {n.trip} in range({f.hi} - 1, {f.first} - 1, -1):"

    def reverse_trips(self, loop: For | While, n: _LoopNames, slots: list[Carried]) -> None:
        f = self.limited.get(id(loop))
        if f is None or n is f.plain:
            super().reverse_trips(loop, n, slots)
            return
        with self.indented("while True:"):
            super().reverse_trips(loop, n, slots)
            self.line(f"{f.hi} = {f.first}")
            with self.indented(f"if {f.hi} == 0:"):
                self.line("break")
            with self.indented(f"if {f.kept_at}[-1] == {f.hi}:"):
                self.drop_state(f)
            self.take_state(f)
            self.start(f)
            self.sweeping_back, self.sweeping_again = False, True
            self.stretches(f)
            self.sweeping_back, self.sweeping_again = True, False


def bytes_of(text: str, ty: object) -> str:
    """Return the text of how many bytes a value has on a list."""
    if isinstance(ty, types.BaseTuple):
        return " + ".join(bytes_of(f"{text}[{k}]", t) for k, t in enumerate(ty.types)) or "0"
    return f"{text}.size * {max(1, ty.dtype.bitwidth // 8)}" if isinstance(ty, types.Array) else "8"
