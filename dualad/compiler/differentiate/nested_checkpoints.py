"""Reverse mode in memory of a given size where not even one trip of an outermost loop fits: level by level.

Then the loops inside it are reversed chunk by chunk, too. In the forward sweep such a loop leaves no tape::

    forward sweep                                   reverse sweep
    for k in range(n):          (as before)             h = h_before.pop()      what it began with
        h_before.append(h.copy())                       (all that an outermost loop does in both sweeps)
        for i in range(m):
            (a trip with its tape)
            if the tape is full: forget it

What it began with is kept for each trip of the loop around it: the numbers on the tape of that, arrays that it
overwrites as copies. Its trips are run once more than those of an outermost loop are. A loop and those inside it have
halves of the memory.
"""

from __future__ import annotations

from .. import ir
from ..analysis.activity import Activity
from ..ir import For, Function, Var, While
from ..ir.printer import Emitter, Scope
from .checkpoints import Limited, LimitedReverse, WholePlan, bytes_of
from .loop_states import is_long, read_from_outside
from .plan import Plan
from .tape_layout import is_counted


class LevelsPlan(WholePlan):
    """A plan in which loops inside others are run again from their beginnings, to a depth of `levels`."""

    def __init__(self, function: Function, activity: Activity, levels: int):
        self.levels = levels
        super().__init__(function, activity)

    def is_nested(self, loop: For | While) -> bool:
        """Whether a loop inside others is run again, by what is planned for it."""
        return 0 < len(self.around[id(loop)]) < self.levels and is_long(loop, self)

    def uses_shadow(self, v: Var) -> bool:
        begins = [stmt for how, stmt in self.uses.get(v, ()) if how == "init"]
        return super().uses_shadow(v) or any(id(s) in self.loops and self.is_nested(s) for s in begins)

    def plan_loop(self, loop: For | While) -> set[Var]:
        super().plan_loop(loop)
        plan = self.loops[id(loop)]
        if self.is_nested(loop):
            plan.external.update(read_from_outside(loop))
        return set(plan.external)


class LeveledReverse(LimitedReverse):
    """Prints reverse mode in which loops inside others are reversed chunk by chunk, too."""

    def __init__(self, function: Function, scope: Scope, activity: Activity, limit: int, levels: int):
        self.levels = levels
        self.before: dict[tuple[int, Var], str] = {}
        super().__init__(function, scope, activity, limit)

    def make_plan(self, function: Function, activity: Activity) -> Plan:
        return LevelsPlan(function, activity, self.levels)

    def is_limited(self, loop: For | While) -> bool:
        around = self.plan.around[id(loop)]
        return super().is_limited(loop) or (id_of_last(around) in self.limited and self.plan.is_nested(loop))

    def is_nested(self, f: Limited) -> bool:
        return bool(self.plan.around[id(f.state.loop)])

    def nested_in(self, f: Limited) -> list[Limited]:
        """Return the loops directly inside a loop that are reversed chunk by chunk."""
        return [g for g in self.limited.values() if id_of_last(self.plan.around[id(g.state.loop)]) == id(f.state.loop)]

    def own_statements(self, f: Limited) -> list:
        """Return a loop and the statements inside it, apart from loops that are reversed chunk by chunk themselves."""
        own: list = [f.state.loop]
        todo = [f.state.loop.body]
        while todo:
            for stmt in todo.pop():
                if id(stmt) not in self.limited:
                    own.append(stmt)
                    todo += ir.blocks_of(stmt)
        return own

    def own_lists(self, f: Limited) -> list[str]:
        inner = {id(g.state.loop) for g in self.nested_in(f)}
        return super().own_lists(f) + [name for (loop, _), name in self.before.items() if loop in inner]

    def _open_tapes(self) -> None:
        super()._open_tapes()
        for f in self.limited.values():
            if self.is_nested(f):
                for v in self.overwritten(f):
                    self.before[id(f.state.loop), v] = self.fresh(f"{v.name}_before")
                    self.line(f"{self.before[id(f.state.loop), v]} = []")

    @staticmethod
    def overwritten(f: Limited) -> list[Var]:
        """Return the arrays of which a loop inside another keeps a copy when it begins, under names from outside."""
        handed = {c.param: c.init for c in f.state.loop.carried}
        return list(dict.fromkeys(handed.get(v, v) for v in (*f.state.contents, *f.state.once)))

    def begin(self, f: Limited) -> None:
        around = self.plan.around[id(f.state.loop)]
        if not around:
            super().begin(f)
        else:
            self.name(f)
            outer = self.limited[id(around[-1])]
            self.line(f"{f.room} = {outer.room} // {len(self.nested_in(outer))}")
        if self.nested_in(f):
            self.line(f"{f.room} = {f.room} // 2")

    # ---------------------------------------------------------------- forward sweep

    def forward_in_chunks(self, f: Limited) -> None:
        if not self.is_nested(f):
            super().forward_in_chunks(f)
            return
        loop = f.state.loop
        for v in self.overwritten(f):
            name = self.before[id(loop), v]
            self.line(f"{name}.append({v.name}.copy())")
            if self.held is not None:
                self.line(f"{self.held} += {bytes_of(v.name, v.type)}")
        Emitter.enter(self, loop)
        self.line(f"{f.lo} = 0")
        self.start(f)
        with self.indented("while True:"):
            self.trip_or_end(f)
            self.line(f"{f.used} = 8 * ({self.sizes(f)}) + {f.held}")
            with self.indented(f"if {f.used} > {f.room}:"):
                self.forget_tape(f)
        self.forget_tape(f)
        if not is_counted(loop):
            self.line(f"{loop.trips.name} = {f.at}")
        self.leave(loop)

    # ---------------------------------------------------------------- reverse sweep

    def reverse_in_chunks(self, loop: For | While) -> None:
        f = self.limited.get(id(loop))
        if f is not None and self.is_nested(f):
            for v in reversed(self.overwritten(f)):
                self.line(f"{self.runtime('overwrite')}({v.name}, {self.before[id(loop), v]}.pop())")
            self.sweeping_back = False
            if is_counted(loop):
                self.line(f"{loop.trips.name} = len({self.range(loop)})")
            self.start_from_the_beginning(f, loop.trips.name)
            self.stretches(f)
            self.sweeping_back = True
        super().reverse_in_chunks(loop)


def id_of_last(around: tuple) -> int:
    """Return the identity of the innermost of some loops; 0 if there is none."""
    return id(around[-1]) if around else 0
