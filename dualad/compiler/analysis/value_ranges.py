"""What is certain of integers before they have values: bounds, and which array elements are different ones.

An integer is seen as a linear form, a constant plus multiples of variables. To bound a form, the index of a loop is
replaced by the bound that its range sets, innermost loop first, until the rest cancels or has bounds of its own::

    for j in range(n):              a[i, j] and a[i, k] are different elements, since
        for k in range(j):          j - k >= j - (j - 1) = 1
            a[i, j] -= a[i, k]      and both are counted from the front, since j >= 0 and k >= 0

`is_overwritten` asks about the trips to come: is the a[i, k] that a statement reads written later? The same statement
runs in later trips with other values of j, k and i; those variables stand in the forms once more, as later ones. The
loop around both goes up, so that the later j is at least j + 1, and the difference is at least 2.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator

from numba import types

from .. import ir
from ..ir import Block, Const, For, Function, If, Op, Var, While
from ..ir.kinds import is_array, is_integer, type_of

_DEPTH = 12


class Form:
    """A linear form; a term is a variable and whether its value is that of a later trip."""

    def __init__(self, terms: dict[tuple[Var, bool], int], constant: int):
        self.terms = {t: c for t, c in terms.items() if c}
        self.constant = constant

    def plus(self, other: Form, factor: int = 1) -> Form:
        terms = dict(self.terms)
        for t, c in other.terms.items():
            terms[t] = terms.get(t, 0) + factor * c
        return Form(terms, self.constant + factor * other.constant)

    def times(self, factor: int) -> Form:
        return Form({}, 0).plus(self, factor)

    def put(self, term: tuple[Var, bool], value: Form) -> Form:
        """Return the form with a variable replaced."""
        rest = Form({t: c for t, c in self.terms.items() if t != term}, self.constant)
        return rest.plus(value, self.terms[term])

    def later(self, variables: set[Var]) -> Form:
        """Return the form with some variables as those of a later trip."""
        return Form({(v, late or v in variables): c for (v, late), c in self.terms.items()}, self.constant)


class Integers:
    """The integers of a function."""

    def __init__(self, function: Function):
        self.definer: dict[Var, object] = {}
        self.depth: dict[Var, int] = {}
        self.around: dict[int, tuple[For | While, ...]] = {}
        self.position: dict[int, int] = {}
        self._inside: dict[int, set[Var]] = {}
        self._assumed: dict[Var, float] = {}
        self._forms: dict[Var, Form] = {}
        self._bounds: dict[Var, tuple[float, float]] = {}
        self._index(function.body, ())

    def _index(self, block: Block, around: tuple) -> None:
        for stmt in block:
            self.position[id(stmt)] = len(self.position)
            self.around[id(stmt)] = around
            defined = [(v, stmt, around) for v in ir.defined_by(stmt)]
            if isinstance(stmt, For | While):
                self._inside[id(stmt)] = set()
                own = (*around, stmt)
                defined += [(c.param, stmt, own) for c in stmt.carried]
                if isinstance(stmt, For):
                    defined.append((stmt.index, stmt, own))
            for v, definer, loops in defined:
                self.definer[v] = definer
                self.depth[v] = len(loops)
                for loop in loops:
                    self._inside[id(loop)].add(v)
            for inner in ir.blocks_of(stmt):
                self._index(inner, (*around, stmt) if isinstance(stmt, For | While) else around)

    def is_inside(self, v: Var, loop: For | While) -> bool:
        """Whether a variable is defined in a loop, or in one inside it."""
        return v in self._inside[id(loop)]

    # ---------------------------------------------------------------- forms and bounds

    def form(self, x: object, depth: int = _DEPTH) -> Form:
        """Return an integer operand as a linear form."""
        if isinstance(x, Const):
            return Form({}, int(x.value))
        if x not in self._forms:
            self._forms[x] = self._form(x, depth - 1)
        return self._forms[x]

    def _form(self, x: Var, depth: int) -> Form:
        op = self.definer.get(x)
        if isinstance(op, Op) and depth > 0 and all(_is_signed(a) for a in (x, *op.args)):
            if op.fn in (operator.add, operator.sub):
                sign = 1 if op.fn is operator.add else -1
                return self.form(op.args[0], depth).plus(self.form(op.args[1], depth), sign)
            if op.fn in (operator.neg, operator.pos):
                return self.form(op.args[0], depth).times(-1 if op.fn is operator.neg else 1)
            if op.fn is operator.mul:
                a, b = (self.form(y, depth) for y in op.args)
                if not a.terms or not b.terms:
                    return b.times(a.constant) if not a.terms else a.times(b.constant)
        return Form({(x, False): 1}, 0)

    def is_nonnegative(self, x: object) -> bool:
        """Whether an integer operand is certainly not negative."""
        return _is_signed(x) and self.is_at_least(self.form(x), 0)

    def is_at_least(self, form: Form, bound: int) -> bool:
        """Whether a form certainly has at least some value."""
        for _ in range(_DEPTH):
            if form.constant + sum(_extreme(self.bounds(v), c) for (v, _), c in form.terms.items()) >= bound:
                return True
            ranged = [(v, late) for v, late in form.terms if self._range_of(v) is not None]
            if not ranged:
                return False
            v, late = max(ranged, key=lambda term: self.depth[term[0]])
            lowest, highest = self._range_of(v)
            value = lowest if form.terms[v, late] > 0 else highest
            form = form.put((v, late), value.later({u for u, _ in value.terms}) if late else value)
        return False

    def at_most(self, form: Form, loop: For) -> Form:
        """Return an upper bound of a form in which the indices of a loop, and of those inside it, are replaced."""
        return self._without(form.times(-1), lambda v: self.is_inside(v, loop), set()).times(-1)

    def _range_of(self, v: Var) -> tuple[Form, Form] | None:
        """Return the least and the greatest value of a loop index."""
        loop = self.definer.get(v)
        step = self.step(loop) if isinstance(loop, For) and loop.index is v else 0
        if not step:
            return None
        start, stop = self.form(loop.start), self.form(loop.stop)
        return (start, stop.plus(Form({}, -1))) if step > 0 else (stop.plus(Form({}, 1)), start)

    @staticmethod
    def step(loop: For) -> int:
        """Return the step of a loop if it is known, else 0."""
        return loop.step.value if isinstance(loop.step, Const) and isinstance(loop.step.value, int) else 0

    def bounds(self, x: object, depth: int = _DEPTH) -> tuple[float, float]:
        """Return an interval that holds an integer operand."""
        nothing = (-math.inf, math.inf)
        if isinstance(x, Const):
            return (x.value, x.value) if isinstance(x.value, int) else nothing
        if not isinstance(x, Var) or depth == 0:
            return nothing
        if x in self._assumed:
            return self._assumed[x], math.inf
        if self._assumed:
            return self._bounds_of(x, depth)
        if x not in self._bounds:
            self._bounds[x] = self._bounds_of(x, depth)
        return self._bounds[x]

    def _bounds_of(self, x: Var, depth: int) -> tuple[float, float]:
        nothing = (-math.inf, math.inf)
        if not _is_signed(x):
            return (0, 1) if x.type == types.boolean else nothing
        stmt = self.definer.get(x)
        if isinstance(stmt, Op):
            return self._op_bounds(stmt, depth - 1)
        if isinstance(stmt, If):
            sides = [self.bounds(y, depth - 1) for p in stmt.phis if p.target is x for y in (p.then, p.orelse)]
            return min(low for low, _ in sides), max(high for _, high in sides)
        if isinstance(stmt, For) and x is stmt.index:
            (low, _), (_, high) = self.bounds(stmt.start, depth - 1), self.bounds(stmt.stop, depth - 1)
            if self.step(stmt) > 0:
                return low, high - 1
            (low, _), (_, high) = self.bounds(stmt.stop, depth - 1), self.bounds(stmt.start, depth - 1)
            return (low + 1, high) if self.step(stmt) < 0 else nothing
        if isinstance(stmt, For | While):
            return self._counter_bounds(x, stmt, depth - 1)
        return nothing

    def _counter_bounds(self, x: Var, loop: For | While, depth: int) -> tuple[float, float]:
        """A counter that every trip hands on no smaller than it got it stays at or above its start."""
        if x is loop.trips:
            return 0, math.inf
        c = next(c for c in loop.carried if x in (c.param, c.result))
        if not is_integer(c.param):
            return -math.inf, math.inf
        low, _ = self.bounds(c.init, depth)
        self._assumed[c.param] = low
        holds = low > -math.inf and self.bounds(c.yielded, depth)[0] >= low
        del self._assumed[c.param]
        return low if holds else -math.inf, math.inf

    def _op_bounds(self, op: Op, depth: int) -> tuple[float, float]:
        nothing = (-math.inf, math.inf)
        if op.fn is len or op.fn == "trips" or self._is_size(op):
            return 0, math.inf
        if op.fn not in _INTERVALS or not all(_is_signed(a) for a in op.args):
            return nothing
        return _INTERVALS[op.fn](*(self.bounds(a, depth) for a in op.args))

    def _is_size(self, op: Op) -> bool:
        if op.fn == "getitem" and isinstance(op.args[0], Var) and not is_array(op.args[0]):
            base = self.definer.get(op.args[0])
            return isinstance(base, Op) and base.fn == "attr" and base.detail == "shape"
        return op.fn == "attr" and op.detail in ("size", "ndim")

    # ---------------------------------------------------------------- elements of one array

    def are_apart(self, index: Iterable[object], other: Iterable[object]) -> bool:
        """Whether two indices of one array certainly pick different elements.

        A variable that stands in both has one value; others may have any value of their ranges.
        """
        return any(self._differ(a, b, self.form(a).plus(self.form(b), -1)) for a, b in _pairs(index, other))

    def _differ(self, a: object, b: object, difference: Form) -> bool:
        """Whether two places on one axis are different; one counted from the end may be the same as any other."""
        common = math.gcd(*difference.terms.values())  # 2 * k - 1 is never 0
        apart = common > 1 and difference.constant % common != 0
        apart = apart or self.is_at_least(difference, 1) or self.is_at_least(difference.times(-1), 1)
        return apart and self.is_nonnegative(a) and self.is_nonnegative(b)

    def is_overwritten(self, load: Op, write: Op) -> bool:
        """Whether a write may change an element after a load has read it; both are of one array, under one name."""
        index, target = load.args[1:], write.args[1:-1]
        around, other = self.around[id(load)], self.around[id(write)]
        common = [a for a, b in zip(around, other, strict=False) if a is b]
        if common and self.is_inside(load.args[0], common[0]):
            return True  # the name may stand for another part of the memory in each trip
        if self.position[id(write)] > self.position[id(load)] and not self.are_apart(index, target):
            return True
        return any(not self._never_meet(loop, index, target) for loop in common)

    def is_elsewhere_each_trip(self, write: Op, loop: For) -> bool:
        """Whether a write goes to another element in each trip of a loop."""
        index = write.args[1:-1]
        return not self.is_inside(write.args[0], loop) and self._never_meet(loop, index, index)

    def _never_meet(self, loop: For | While, index: tuple, target: tuple) -> bool:
        """Whether what is written in a later trip of a loop is never what was read in this one.

        Those trips come later in this loop, at whatever place in the loops inside it.
        """
        step = self.step(loop) if isinstance(loop, For) else 0
        if not step:
            return all(not self.is_inside(v, loop) for x in (*index, *target) for v in ir.vars_in(x)) and (
                self.are_apart(index, target)
            )
        moved = (loop.index, True)
        next_trip = Form({(loop.index, False): 1}, step)
        for x, y in _pairs(index, target):
            if not (self.is_nonnegative(x) and self.is_nonnegative(y)):
                continue
            difference = self.form(y).later(self._inside[id(loop)]).plus(self.form(x), -1)
            for form in (difference, difference.times(-1)):
                # the next trip is the worst case if the form grows from trip to trip
                inside = self._inside[id(loop)]
                bounded = self._without(form, lambda v: v in inside and v is not loop.index, inside)
                if bounded.terms.get(moved, 0) * step >= 0:
                    if moved in bounded.terms:
                        bounded = bounded.put(moved, next_trip)
                    if self.is_at_least(bounded, 1):
                        return True
        return False

    def _without(self, form: Form, is_inner: Callable[[Var], bool], later: set[Var]) -> Form:
        """Replace loop indices by the bounds that make a form least; `later` are those that may be of later trips."""
        for _ in range(_DEPTH):
            inner = [(v, late) for v, late in form.terms if is_inner(v) and self._range_of(v) is not None]
            if not inner:
                break
            v, late = max(inner, key=lambda term: self.depth[term[0]])
            lowest, highest = self._range_of(v)
            value = lowest if form.terms[v, late] > 0 else highest
            form = form.put((v, late), value.later(later) if late else value)
        return form


def _is_signed(x: object) -> bool:
    """Whether an operand is a signed integer: unsigned ones wrap around."""
    return isinstance(type_of(x), types.Integer) and type_of(x).signed


def _pairs(index: Iterable, other: Iterable) -> Iterator[tuple]:
    """Yield the places on each axis that are plain integers in both indices."""
    for a, b in zip(index, other, strict=True):
        if _is_signed(a) and _is_signed(b):
            yield a, b


def _extreme(bounds: tuple[float, float], factor: int) -> float:
    """Return the least value of factor * x."""
    return factor * (bounds[0] if factor > 0 else bounds[1])


def _product(a: tuple, b: tuple) -> tuple[float, float]:
    if math.inf in map(abs, (*a, *b)):
        return (0, math.inf) if a[0] >= 0 and b[0] >= 0 else (-math.inf, math.inf)
    ends = [x * y for x in a for y in b]
    return min(ends), max(ends)


def _remainder(a: tuple, b: tuple) -> tuple[float, float]:
    if b[0] <= 0:
        return -math.inf, math.inf
    return 0, (min(a[1], b[1] - 1) if a[0] >= 0 else b[1] - 1)


def _quotient(a: tuple, b: tuple) -> tuple[float, float]:
    return (0, a[1]) if a[0] >= 0 and b[0] >= 1 else (-math.inf, math.inf)


_INTERVALS = {
    operator.add: lambda a, b: (a[0] + b[0], a[1] + b[1]),
    operator.sub: lambda a, b: (a[0] - b[1], a[1] - b[0]),
    operator.neg: lambda a: (-a[1], -a[0]),
    operator.pos: lambda a: a,
    operator.mul: _product,
    operator.mod: _remainder,
    operator.floordiv: _quotient,
    min: lambda *a: (min(x[0] for x in a), min(x[1] for x in a)),
    max: lambda *a: (max(x[0] for x in a), max(x[1] for x in a)),
    abs: lambda a: (0, max(abs(a[0]), abs(a[1]))),
}
