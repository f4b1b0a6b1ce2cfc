"""How calls of recursive functions are printed, in the function that is differentiated and in the units themselves.

forward mode    t, t_dot = f_jvp(x, n, x_dot)                       the tangents of the float parameters follow them all

reverse mode    t, state = f_forward(x, a, n, state)                forward sweep
                x_bar, state = f_reverse(a, a_bar, t_bar, state)    reverse sweep

`state` is the tape that all units share (`unit_reverse` says what is on it): a call takes it and gives it back. The
reverse sweep of a call finds its numbers on top of the tape. It takes the arrays (and strings) once more, and the
shadows of the arrays, which it updates in place; of the real numbers it gives back adjoints.

Arrays are lent (`runtime.lend`): whoever calls keeps them alive, and no unit hands one back.
"""

from __future__ import annotations

from collections.abc import Iterable

from numba import types

from .. import ir
from ..ir import Op
from ..ir.kinds import is_array, is_float, is_number


def returns_float(op: Op) -> bool:
    """Whether a call has a real number as its result."""
    return op.target is not None and is_float(op.target)


class Calls:
    """What is common to calls in all modes; `lent` are the arrays that a unit was given itself."""

    lent: frozenset[str] = frozenset()

    def print_call(self, targets: list[str], unit: str, given: list[str], arrays: Iterable[str]) -> None:
        """Print a call, in which some of what is given are arrays."""
        own = [a for a in dict.fromkeys(arrays) if a not in self.lent]
        texts = [f"{self.runtime('lend')}({x})" if x in own else x for x in given]
        call = f"{unit}({', '.join(texts)})"
        self.line(f"{', '.join(targets)} = {call}" if targets else call)
        for a in own:
            self.line(f"{self.runtime('release')}({a})")

    def arrays_in(self, op: Op) -> list[str]:
        """Return the arrays among the arguments of a call."""
        return [self.operand(a) for a in op.args if is_array(a)]

    def primal_call(self, op: Op) -> None:
        """Print a call as it stands."""
        targets = [op.target.name] if op.target is not None else []
        given = [self.operand(a) for a in op.args]
        self.print_call(targets, op.detail.reference(self.scope), given, self.arrays_in(op))


class ForwardCalls:
    """The part of `Forward` that prints calls."""

    def call(self, op: Op) -> None:
        if not self.activity.is_active_call(op):
            self.primal(op)
            return
        unit = op.detail
        dots = [(a, self.tangent(a)) for a, p in zip(op.args, unit.params, strict=True) if is_float(p)]
        arrays = self.arrays_in(op) + [dot for a, dot in dots if is_array(a) and self.active(a)]
        targets = [] if op.target is None else [op.target.name]
        targets += [self.dot(op.target)] if returns_float(op) else []
        given = [*map(self.operand, op.args), *(dot for _, dot in dots)]
        self.print_call(targets, unit.reference(self.scope, "jvp"), given, arrays)


class ReverseCalls:
    """The part of `Reverse` that prints calls; `state` and `kept` name the tape and the lists of kept arrays."""

    state: str = ""
    kept: dict[object, str] = {}

    def open_state(self) -> None:
        """Print the empty tape of the units, if any is called."""
        calls = [s for s in ir.walk(self.function.body) if isinstance(s, Op) and self.activity.is_active_call(s)]
        if not calls:
            return
        self.state = self.fresh("state")
        tapes = {self.fresh("tape"): "float64", self.fresh("itape"): "int64"}
        for tape, dtype in tapes.items():
            self.open_tape(tape, dtype)
        nothing = "np.int64(0)"  # a literal would be of a type of its own, and the units compiled for that as well
        self.line(f"{self.state} = ({f', {nothing}, '.join(tapes)}, {nothing})")
        self.kept = {ty: self.fresh("kept") for ty in calls[0].detail.family.kept_types(calls)}
        for ty, name in self.kept.items():
            self.line(f"{name} = [{_empty(ty)}]")

    def forward_call(self, op: Op) -> None:
        given = [*map(self.operand, op.args), self.state, *self.kept.values()]
        targets = [self.state] if op.target is None else [op.target.name, self.state]
        self.print_call(targets, op.detail.reference(self.scope, "forward"), given, self.arrays_in(op))

    def reverse_call(self, op: Op) -> None:
        unit = op.detail
        arrays = [a for a in op.args if is_array(a)]
        for a in arrays:
            self.ensure(a)
        lent = self.arrays_in(op) + [self.bar(a) for a in arrays if self.active(a)]
        given = [self.operand(a) for a in op.args if not is_number(a)]
        given += [self.bar(a) if self.active(a) else f"np.zeros_like({self.operand(a)})" for a in arrays if is_float(a)]
        if returns_float(op):
            given.append(self.bar(op.target) if op.target in self.live else "0.0")
        back, terms = [], []
        for a, p in zip(op.args, unit.params, strict=True):
            if is_float(p) and not is_array(p):
                if self.active(a) and a not in self.live:
                    back.append(self.bar(a))
                    self.live.add(a)
                else:
                    back.append(self.fresh("bar"))
                    terms.append((a, back[-1]))
        given += [self.state, *self.kept.values()]
        self.print_call([*back, self.state], unit.reference(self.scope, "reverse"), given, lent)
        for a, bar in terms:
            self.contribute(a, "+", bar)
        self.live.discard(op.target)


def _empty(ty: object) -> str:
    """Return the text of an array without elements, or of a tuple with such, of a type."""
    if isinstance(ty, types.BaseTuple):
        return f"({''.join(_empty(t) + ', ' for t in ty.types)})"
    if not isinstance(ty, types.Array):
        return f"np.{ty}(0)"
    dtype = "" if ty.dtype == types.float64 else f", np.{ty.dtype}"
    text = f"np.empty(({'0, ' * ty.ndim}){dtype})"
    if ty.layout == "C" or ty.ndim == 0:
        return text
    return f"{text}.T" if ty.layout == "F" else f"{text}[{', '.join(['::2'] * ty.ndim)}]"
