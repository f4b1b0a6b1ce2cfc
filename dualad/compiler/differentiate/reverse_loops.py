"""The reverse sweep of loops: the trips in reverse order, with the adjoints of what they hand on.

What a loop hands from trip to trip has one adjoint, which goes the other way: at the start of a reversed trip it
belongs to what the trip has handed on, at its end to what the trip was given.
"""

from __future__ import annotations

import contextlib

from ...errors import UnsupportedError, at
from .. import ir
from ..ir import UNDEFINED, Carried, Const, For, Op, Var, While
from ..ir.effects import shares_memory, written_by
from ..ir.kinds import is_array, is_memory, type_of
from ..runtime.opaque import opaque
from .gather_form import Facts, in_gather_form
from .loop_order import is_around_rows
from .taping import Taping, _LoopNames


class ReverseLoops(Taping):
    """The part of `Reverse` that prints loops."""

    def reverse_loop(self, loop: For | While) -> None:
        n = self._names.get(id(loop))
        if n is not None and n.forwards and isinstance(loop, For):
            self._ascending.add(loop.index)
        slots = [c for c in loop.carried if self.active(c.param) and not self.plan.is_mirrored(c.param)]
        if n is None:
            for c in slots:
                if c.result in self.live:
                    self.pass_on(c.init, self.bar(c.result))
            return
        params = {c.param for c in loop.carried}
        for v in self.touched([loop.body]):
            if v not in params:
                self.ensure(v)
        local = {v for s in loop.body for v in ir.defined_by(s)} | params
        for c in slots:
            if isinstance(c.yielded, Var) and c.yielded not in local:
                self.ensure(c.yielded)
        for c in slots:
            if c.result in self.live:
                text = self.bar(c.result)
            else:
                text = self.zero_array(c.result) if is_array(c.result) else self.zero_bar(c.result)
            self.line(f"{self.bar(c.param)} = {text}")
            self.live.discard(c.result)
        outside = set(self.live)
        before, self._summed = self._summed, self.sums_of(loop, n)
        self.reverse_trips(loop, n, slots)
        self.live, self._summed = outside, before
        for c in slots:
            if c.init is not UNDEFINED:
                self.pass_on(c.init, self.bar(c.param))

    def reverse_trips(self, loop: For | While, n: _LoopNames, slots: list[Carried]) -> None:
        """Print the trips of a loop in reverse order."""
        head = self._reverse_head(loop, n)
        with self.skipping(loop, n, slots):
            first = len(self.lines)
            with self.indented(head):
                self._trip_start(loop, n)
                start = len(self.lines)
                for c in loop.carried:
                    self.restore(c.param)
                self.prologue(loop.body)
                self._hand_back(slots, {c.param for c in loop.carried})
                self.reverse_block(loop.body)
                for c in slots:
                    if c.param not in self.live:
                        zero = self.zero_array(c.param) if is_array(c.param) else self.zero_bar(c.param)
                        self.line(f"{self.bar(c.param)} = {zero}")
            if self.may_gather(loop, n, head):
                self.gather(loop, n, slots, first, start)

    def may_gather(self, loop: For | While, n: _LoopNames, head: str) -> bool:
        """Whether a loop that has been printed is an innermost one over numbered trips."""
        if not isinstance(loop, For) or loop.exit is not None or not n.counted or loop.step != Const(1):
            return False
        if loop.parallel or loop.grid or n.plan.selects or n.plan.kept:
            return False
        for s in ir.walk(loop.body):
            if isinstance(s, For | While | ir.If) or any(map(is_memory, ir.defined_by(s))):
                return False
        return head in (
            f"for {loop.index.name} in {self.range(loop)}:",
            f"for {loop.index.name} in range({self.operand(loop.stop)} - 1, -1, -1):",
            f"for {n.trip} in range({n.trips} - 1, -1, -1):",
        )

    def gather(self, loop: For, n: _LoopNames, slots: list[Carried], first: int, start: int) -> None:
        """Put a reverse loop that has been printed into gather form (`gather_form`), if it can be.

        Its lines begin at `first`, and the trip behind its head and what it starts with at `start`.
        """
        shadows = {self.bar(v): v for v in self.touched([loop.body]) if is_array(v)}
        arrays = (v for s in ir.walk(loop.body) if isinstance(s, Op) for v in ir.op_vars(s) if is_array(v))
        known = {v.name: v for v in arrays} | shadows
        integers = {v.name: v for v in self.plan.integers.definer}

        def place(text: str) -> Var | Const:
            return integers.get(text) or Const(int(text)) if text.isdigit() or text in integers else Var(text)

        def may_share(a: str, b: str) -> bool:
            if (a in shadows) != (b in shadows):
                return False
            return not self.aliases.roots(known[a]).isdisjoint(self.aliases.roots(known[b]))

        facts = Facts(
            index=loop.index.name,
            start=self.operand(loop.start),
            trips=self.fresh("count"),
            rows=[(row, top) for _, top, row, _ in self._tapes(n)],
            results={self.bar(c.param) for c in slots},
            shadows=set(shadows),
            arrays=set(known),
            fresh=self.fresh,
            is_row=lambda name, axes: name in shadows and _is_in_rows(type_of(shadows[name]), axes),
            is_nonnegative=lambda name: name in integers and self.plan.integers.is_nonnegative(integers[name]),
            are_apart=lambda a, b: self.plan.integers.are_apart([place(a)], [place(b)]),
            may_share=may_share,
            disjoint=lambda a, b: f"{self.runtime('are_disjoint')}({a}, {b})",
            hidden=self.hidden,
        )
        found = in_gather_form([line.strip() for line in self.lines[start:]], facts)
        if found is None:
            return
        before, places = (self.lines[first:], self.places[first:]), self.places[start:]
        self.place = loop.place
        del self.lines[first:], self.places[first:]
        with self.indented(f"if {' and '.join(found.tests)}:") if found.tests else contextlib.nullcontext():
            # hidden, since LLVM would make two of loops far around it, for few trips and for many, and neither fast
            self.line(f"{facts.trips} = {self.hidden(f'len({self.range(loop)})')}")
            for depth, line, number in found.lines:
                self.place = places[number - 1] if number else loop.place
                self.line("    " * depth + line)
        if found.tests:
            self.line("else:")
            self.lines += [f"    {line}" for line in before[0]]
            self.places += before[1]

    def skipping(self, loop: For | While, n: _LoopNames, slots: list[Carried]) -> contextlib.AbstractContextManager:
        """Print a test that leaves a loop out if the adjoints of all its results are 0: then it adds nothing.

        So the reverse of a minimum over sums goes through the one sum that is chosen. What the loop left on tapes must
        be given back outside of it.
        """
        inside = list(ir.walk(loop.body))
        plans = [n.plan, *(self.plan.loops[id(s)] for s in inside if id(s) in self.plan.loops)]
        is_simple = (
            bool(self.plan.around[id(loop)])
            and (n.counted or not self._tapes(n))
            and not any(p.kept for p in plans)
            and not any(p.floats or p.integers for p in plans[1:])
            and not self.plan.mirrored
            and not any(self.active(x) for s in inside if isinstance(s, Op) for x in written_by(s))
            and not any(isinstance(s, Op) and self.activity.is_active_call(s) for s in inside)
        )
        if not is_simple or not slots or any(is_array(c.param) for c in slots):
            return contextlib.nullcontext()
        return self.indented(f"if {' or '.join(f'{self.bar(c.param)} != 0.0' for c in slots)}:")

    def sums_of(self, loop: For | While, n: _LoopNames) -> set[Var]:
        """Return the adjoints from outside that an innermost, ascending loop only adds to, in whatever order."""
        if not n.forwards or any(isinstance(s, For | While) for s in ir.walk(loop.body)):
            return set()
        return {v for v in self.touched([loop.body]) if not is_array(v)} - {c.param for c in loop.carried}

    def _reverse_head(self, loop: For | While, n: _LoopNames) -> str:
        """Print what precedes the reverse loop; return its head line."""
        if n.counted:
            outer = next(reversed(self.plan.around[id(loop)]), None)
            if n.nested:
                self.count_trips(loop)
            for _, top, row, width in self._tapes(n):
                if n.nested:
                    below = f"{top} - {f'{width} * ' if width > 1 else ''}{n.trips}"
                    self.line(f"{top} = {self.hidden(below) if is_around_rows(outer, self.plan) else below}")
                if not self._canonical(loop):
                    self.line(f"{row} = {top} - 1" if n.forwards else f"{row} = {top} + {n.trips}")
            if n.forwards:
                return f"for {loop.index.name} in {self.range(loop)}:"
            if self._canonical(loop):
                return f"for {loop.index.name} in range({self.operand(loop.stop)} - 1, -1, -1):"
        n.trip = self.fresh("trip")
        return f"for {n.trip} in range({n.trips} - 1, -1, -1):"

    def _trip_start(self, loop: For | While, n: _LoopNames) -> None:
        if n.counted and not n.forwards and is_around_rows(loop, self.plan):
            i = n.trip or loop.index.name
            self.line(f"{i} = {self.hidden(i)}")
        if n.counted:
            for _, top, row, _ in self._tapes(n):
                step = "+" if n.forwards else "-"
                self.line(f"{row} = {top} + {loop.index.name}" if self._canonical(loop) else f"{row} {step}= 1")
        else:
            for _, top, row, width in self._tapes(n):
                self.line(f"{top} -= {width}")
                self.line(f"{row} = {top}")
        if isinstance(loop, For) and n.plan.selects:
            self.restore(loop.index)
        elif isinstance(loop, For) and not n.forwards and not (n.counted and self._canonical(loop)):
            start, step = self.operand(loop.start), self.operand(loop.step)
            product = n.trip if loop.step == Const(1) else f"{n.trip} * {step}"
            self.line(f"{loop.index.name} = {product if loop.start == Const(0) else f'{start} + {product}'}")

    def hidden(self, text: str) -> str:
        """Return the text of an integer that LLVM is not to know."""
        return f"{self.scope.bind(opaque, 'opaque')}({text})"

    def _hand_back(self, slots: list[Carried], params: set[Var]) -> None:
        """At the end of a trip its yields became the next trip's params: their adjoints go back together.

        An array that was handed on as a view has the view of a shadow for its adjoint. That shadow is new, and may
        belong to what was handed in under the same name; so the adjoints that come back get other names first.
        """
        definer = self.plan.definer
        views = [c for c in slots if isinstance(op := definer.get(c.yielded), Op) and shares_memory(op)]
        texts = {c.param: self.bar(c.param) for c in slots}
        if views:
            texts.update((c.param, self.fresh(f"{c.result.name}_bar")) for c in slots if is_array(c.param))
            self.assign_together([(text, self.bar(v)) for v, text in texts.items() if text != self.bar(v)])
        back: dict[Var, list[str]] = {}
        for c in slots:
            if isinstance(c.yielded, Var) and c.yielded in params and self.active(c.yielded):
                back.setdefault(c.yielded, []).append(texts[c.param])
        others = [c for c in slots if isinstance(c.yielded, Var) and c.yielded not in params]
        for c in others:
            if c not in views:
                self.pass_on(c.yielded, texts[c.param])
        if not self.live.isdisjoint(back):
            raise UnsupportedError(at("internal: a loop parameter has an adjoint too early", *self.place))
        self.live.update(back)
        self.assign_together([(self.bar(v), " + ".join(terms)) for v, terms in back.items()])
        for c in views:
            self.pass_on(c.yielded, texts[c.param])


def _is_in_rows(ty: object, axes: int) -> bool:
    """Whether an array has so many axes, and its last one is contiguous."""
    return ty.ndim == axes and ty.layout == "C"
