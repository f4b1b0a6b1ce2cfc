"""Lowering of `for i in prange(n)` in functions for several threads: one operation, of all iterations.

The loop becomes a function of a chunk of its iterations, which is called for all chunks at once (`chunks`)::

    for i in prange(n):                         def loop(start, count, x, y):       y is y[start : start + count]
        y[i] = x[i] * x[i]                          s = 0.0
        s += y[i]                                   for k in range(count):
                                                        i = start + k
                                                        y[k] = x[k] * x[k]          so is x
                                                        s += y[k]
                                                    return s, y

    parts, new = loop on all threads;  s = s + parts[0] + parts[1] + ...;  y[0:n] = new

Of an array that is indexed by the loop's variable alone (`y[i]`, `m[j, i]`, `y[i + 1]`), a chunk is given its own part:
no other chunk sees it, so its adjoint needs no further care. An array that is written into must be of that kind, for
Numba would let the threads race. Other arrays are shared, and are only read. What is assigned in the loop belongs to an
iteration, or is a sum, product, maximum or minimum of what all contribute (`iterations`).
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import operator
import random
from collections.abc import Iterator

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from .. import ir
from ..ir import UNDEFINED, Block, Const, Op, Place, Slice, TupleOf, Var
from ..ir.operations import ALLOCATIONS, COPIES
from ..runtime.helpers import check_no_overlap
from .chunks import Chunked
from .control import assigned_names
from .divided_loops import DividedLoops
from .entries import Lifted
from .iterations import read_first, reduction
from .nested_primitives import Derived, outcome
from .own_parts import Axis, Chunk, Use, loop_of, uses
from .parallel_arrays import COMBINED, PRANGE
from .values import OPERANDS, DictOf, Frame, FunctionValue, ListOf, Poison, Static

_FULL = Slice(Const(None), Const(None), Const(None))
_IDENTITIES = {"sum": 0.0, "product": 1.0}
_DRAWING = (np.random.RandomState, random.Random)
_RACE = "it has no meaning on several threads"


class _Accesses:
    """What a loop does with the arrays that it finds around it."""

    def __init__(self, low: object, plain: Chunk, given: list, s: ast.For):
        self.low, self.plain, self.given, self.s = low, plain, given, s
        self.known = [Var(low.namer.fresh(hint), ty) for hint, ty in zip(plain.lifted.hints, given, strict=True)]
        self.arrays = {v: k for k, v in enumerate(self.known) if isinstance(v.type, types.Array)}
        inside = self.lowered()
        self.loop = loop_of(inside, self.known[1])
        self.refuse_effects(inside)
        self.uses: dict[int, list[Use]] = {k: [] for k in self.arrays.values()}
        for use in uses(self.inner, inside, self.known[:2], self.arrays):
            self.uses[self.arrays[use.array]].append(use)

    def lowered(self) -> Block:
        """Lower the loop for once, to look at it."""
        low = self.low
        self.inner = type(low)(low.namer, low.units)
        self.inner.inlining, self.inner.origin, self.inner.growing = list(low.inlining), low.origin, low.growing
        names = low.namer.snapshot()
        self.plain.call(self.inner, self.known, ())
        low.namer.restore(names)
        return self.inner.block

    def refuse_effects(self, inside: Block) -> None:
        for op in ir.walk(inside):
            if not isinstance(op, Op):
                continue
            if isinstance(getattr(op.fn, "__self__", None), _DRAWING):
                what = "a random number in a loop over prange, which the reverse sweep would draw anew,"
                raise self.fail(op, what, "draw them before the loop, in an array")
            if op.fn is print or isinstance(op.fn, ir.Foreign):
                name = getattr(op.fn, "__name__", "this call")
                raise self.fail(op, f"{name} in a loop over prange", "call it outside the loop")

    def fail(self, stmt: object, what: str, remedy: str) -> UnsupportedError:
        file, line = place = self.low.place(self.s)
        if stmt.place[0] == file and line <= (stmt.place[1] or 0) <= self.s.end_lineno:  # and not in what it calls
            place = stmt.place
        return UnsupportedError(at(f"{what} is not supported: {remedy}", *place))

    def chunk(self) -> Chunk:
        """Return the chunk with the own parts of arrays."""
        written = outcome(self.plain, tuple(self.given)).written
        own, new = {}, {}
        for k, used in self.uses.items():
            axes = {(int(u.axis), u.axis.shift) for u in used if u.axis is not None}
            is_own = len(axes) == 1 and not any(u.is_whole for u in used)
            if k in written and not is_own:
                raise self.race(k, used)
            # x[i - 1] may begin with the last element: x is shared, unless it is written into
            has_adjoint = isinstance(self.given[k].dtype, types.Float) and not any(shift for _, shift in axes)
            if is_own and (k in written or has_adjoint):
                own[k] = next(u.axis for u in used if u.axis is not None)
            if k in written and next(u for u in used if u.axis is not None).is_store_of_all(self.loop):
                new[k] = self.given[k]
        return Chunk(self.plain.lifted, own, new, tuple(k for k in written))

    def race(self, k: int, used: list[Use]) -> UnsupportedError:
        """Return the error of an array that iterations write into at each other's places."""
        name, i = self.plain.lifted.hints[k], self.s.target.id
        writes = [u for u in used if u.is_whole and isinstance(u.stmt, Op) and u.stmt.fn in ("setitem", "augitem")]
        others = writes or [u for u in used if u.is_whole] or [u for u in used if u.axis is not None][-1:]
        what = f"the array {name}, which a loop over prange writes into and uses at other places than {i}"
        remedy = f"index it by {i}, always along one axis, as in {name}[{i}], or use range, which is one thread"
        return self.fail(others[0].stmt, f"{what} ({_RACE}),", remedy)


class ParallelLoops(DividedLoops):
    """The part of `Lowering` that deals with loops over `prange`."""

    def is_parallel(self, s: ast.For) -> bool:
        """Whether several threads share the iterations of a loop: in a function for that, and outermost."""
        is_call = isinstance(s.iter, ast.Call) and self.frame.parallel and not self.on_thread
        return is_call and self.is_prange(s.iter.func, self.frame.source)

    def refuse_on_one_thread(self, what: str, node: ast.AST) -> None:
        """Refuse what Numba runs on several threads in such functions, and what is an ordinary loop here."""
        if self.frame.parallel and not self.on_thread:
            remedy = "write it as a loop over prange, or call a function without parallel=True for it"
            raise self.fail(node, f"{what} under parallel=True, which would run on one thread here,", remedy)

    @contextlib.contextmanager
    def on_one_thread(self) -> Iterator[None]:
        """Take loops over prange for ordinary ones meanwhile, as Numba does inside another one."""
        outer, self.on_thread = self.on_thread, True
        try:
            yield
        finally:
            self.on_thread = outer

    def parallel_for(self, s: ast.For) -> None:
        """Lower a loop over prange."""
        loop = self.as_written(s)
        start, count = self.bounds_of_prange(s)
        assigned = set(assigned_names([loop]))
        with self.rows_in_line(loop, assigned) as loop:
            kinds = self.shared_among_threads(loop, start, count, assigned, s)
        for name in assigned - kinds.keys():
            self.frame.env[name] = Poison("each iteration of prange has its own: assign it after the loop")

    def shared_among_threads(
        self, loop: ast.For, start: object, count: object, assigned: set[str], s: ast.For
    ) -> dict[str, str]:
        """Emit a loop over prange; return the names to which all iterations contribute, and how."""
        kinds = self.contributions(loop, assigned)
        function = self.function_of_chunk(loop, assigned, kinds)
        lifted, operands = self.lift(function, [start, count], {0, 1}, s)
        given = self.types_in_loop(lifted, operands, s)
        chunk = _Accesses(self, Chunk(lifted), given, s).chunk()
        outer, self.origin = self.origin, Place.of(self.place(s), PRANGE)
        try:
            parts, written = self.call_chunks(chunk, operands, given, list(kinds.values()), s)
            for x, k, new in written:
                stop = self.operation(operator.add, (start, count), s)
                self.store_own(x, self.own_part(chunk, k, start, stop, s), new, given[k].ndim, s)
            for (name, kind), part in zip(kinds.items(), parts, strict=True):
                self.frame.env[name] = self.combined(kind, self.frame.env[name], part, s)
        finally:
            self.origin = outer
        return kinds

    def as_written(self, s: ast.For) -> ast.For:
        """Return a loop as it stands in the function's text; `s` has no jumps any more."""
        if s.exit is not None:
            raise self.fail(s, "break or return in a loop over prange", "use `continue`, or range")
        if self.trying:
            raise self.fail(s, "a loop over prange in a try block", "put it before or behind it")
        node, place = self.inlining[-1][0], (s.lineno, s.col_offset)
        found = [n for n in ast.walk(node) if isinstance(n, ast.For) and (n.lineno, n.col_offset) == place]
        if len(found) != 1 or found[0].orelse:
            raise self.fail(s, "a loop over prange with `else`", "put that behind the loop")
        if not isinstance(s.target, ast.Name):
            raise self.fail(s, "a loop over prange with several variables", "use one")
        return found[0]

    def bounds_of_prange(self, s: ast.For) -> tuple[object, object]:
        """Return the first index and the number of iterations."""
        values = [self.operand(x) for x in s.iter.args]
        if s.iter.keywords or not 1 <= len(values) <= 3 or values[2:] not in ([], [Const(1)]):
            raise self.fail(s, "a loop over prange with a step", "use steps of 1, and compute the index from them")
        for x in values:
            ty = self.type_of(x, s)
            if not isinstance(ty, types.Integer) or not ty.signed:
                raise self.fail(s, f"prange of {ty}", "use signed integers")
        start, stop = (Const(0), values[0]) if len(values) == 1 else values[:2]
        count = self.operation(operator.sub, (stop, start), s, "count")
        if isinstance(count, Const):
            return start, Const(max(count.value, 0))
        return start, self.operation(max, (count, Const(0)), s, "count")

    def contributions(self, loop: ast.For, assigned: set[str]) -> dict[str, str]:
        """Return the names to which all iterations contribute, and how."""
        shared = assigned & {*self.frame.cells, *self.frame.nonlocals}
        if shared:
            what = f"assigning to {min(shared)} in a loop over prange, a variable that inner functions share,"
            raise self.fail(loop, what, _RACE)
        kinds = {}
        for name, node in read_first(loop, assigned).items():
            kind = reduction(loop, name, self.is_pythons_own)
            if kind is None:
                what = f"{name}, which one iteration of prange hands to the next"
                raise self.fail(node, f"{what} ({_RACE}),", f"use range, or {name} += ..., and read it after the loop")
            now = self.frame.env.get(name, UNDEFINED)
            if not isinstance(now, OPERANDS):
                raise self.fail(node, f"{name}, which has no number before the loop over prange", "assign one")
            ty = self.type_of(now, node)
            if isinstance(ty, types.Array):
                what = f"{name}, an array to which all iterations of prange add ({_RACE}; numba#3681),"
                raise self.fail(node, what, f"store rows, {name}[i] = ..., and add them after the loop, or use range")
            if not isinstance(ty, types.Float | types.Integer):
                raise self.fail(node, f"the {kind} of {ty} in a loop over prange", "use real numbers")
            kinds[name] = kind
        return kinds

    def is_pythons_own(self, callee: ast.Name) -> bool:
        if callee.id in self.frame.env or callee.id in self.frame.local_names:
            return False
        try:
            return self.frame.source.lookup(callee.id) is getattr(builtins, callee.id)
        except KeyError:
            return False

    def function_of_chunk(self, loop: ast.For, assigned: set[str], kinds: dict[str, str]) -> FunctionValue:
        """Return the function (first index, number) -> (contributions) of a chunk of the iterations."""
        outer = self.frame
        taken = {n.id for x in (self.inlining[-1][0], loop) for n in ast.walk(x) if isinstance(n, ast.Name)}
        start, count, k, iterable = (_unused(name, taken) for name in ("start", "count", "k", "iterable"))
        env = {name: _fixed(outer.env[name]) for name in sorted(taken - assigned) if name in outer.env}
        for name, x in env.items():
            if isinstance(x, DictOf) and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(loop)):
                raise self.fail(loop, f"the dict {name} in a loop over prange", "assign what it holds to variables")
        env[iterable] = Static(range)
        begin = {}
        for name, kind in kinds.items():
            if kind in _IDENTITIES:
                is_integer = isinstance(self.type_of(outer.env[name], loop), types.Integer)
                begin[name] = repr(int(_IDENTITIES[kind]) if is_integer else _IDENTITIES[kind])
            else:
                begin[name] = _unused(f"{name}_before", taken)
                env[begin[name]] = outer.env[name]
        known = loop.__dict__.setdefault("chunks", {})  # one tree: what is made of it is known by the tree
        key = tuple(begin.items())
        if key not in known:
            label = getattr(self.inlining[-1][0], "name", "function")
            text = [f"def {label}_loop({start}, {count}):", *(f"    {name} = {text}" for name, text in begin.items())]
            text += [f"    for {k} in {iterable}({count}):", f"        {loop.target.id} = {start} + {k}"]
            text.append(f"    return ({''.join(f'{name}, ' for name in begin)})" if begin else "    return None")
            known[key] = made = ast.parse("\n".join(text)).body[0]
            for n in ast.walk(made):
                ast.copy_location(n, loop)
            made.body[-2].body += loop.body
        frame = Frame(outer.source, env, frozenset(assigned), outer.parent, outer.cells)
        return FunctionValue(outer.source, known[key], frame, {})

    def types_in_loop(self, lifted: Lifted, operands: list, s: ast.For) -> list:
        """Return the types of what a loop finds around it: numbers, and arrays of numbers."""
        given = [self.type_of(x, s) for x in operands]
        for ty, hint in zip(given, lifted.hints, strict=True):
            if not isinstance(getattr(ty, "dtype", ty), types.Number | types.Boolean) or not isinstance(
                ty, types.Number | types.Boolean | types.Array
            ):
                raise self.fail(s, f"{hint}, which is {ty}, in a loop over prange", "use numbers and arrays there")
        return [types.unliteral(ty) for ty in given]

    def call_chunks(self, chunk: Chunk, operands: list, given: list, kinds: list, s: ast.For) -> tuple[list, list]:
        """Emit the call of all chunks.

        Returns the contributions, sums or arrays with those of each chunk, and what is written: the array, its number
        among the operands, and its new part.
        """
        start, stop = operands[0], self.operation(operator.add, (operands[0], operands[1]), s)
        values, sizes = [], []
        for k, (x, ty) in enumerate(zip(operands, given, strict=True)):
            if k in chunk.own:
                lengths = self.sizes_of(x, ty.ndim, s)
                axis = chunk.own[k]
                self.check_reach(chunk.lifted.hints[k], lengths[axis], start, stop, axis, s)
                sizes.append(lengths[axis])
            if k in chunk.new:
                values += [n for j, n in enumerate(lengths) if j != axis]
            elif k in chunk.own:
                values.append(self.emit("getitem", (x, *self.own_part(chunk, k, start, stop, s)), s, "part"))
            else:
                values.append(x)
            if k in chunk.written:
                for j, other in enumerate(operands):
                    is_new = isinstance(given[j], types.Array) and (j > k or (j < k and j not in chunk.written))
                    if is_new and not self.share_nothing(x, other):
                        self.effect(check_no_overlap, (x, other), s)
        results = chunk.results(kinds)
        key = ("chunked", tuple(kinds), chunk.key)
        if key not in self.units.derived:
            callee = Derived(chunk, "value", count=len(results))
            name = f"{chunk.identifier}_on_threads"
            self.units.derived[key] = Chunked(callee, tuple(chunk.roles()), tuple(results), name)
        items = self.items_of_chunks(self.units.derived[key], [*values, *sizes], s)
        written = [(operands[k], k, new) for k, new in zip(chunk.written, items[len(kinds) :], strict=True)]
        return items[: len(kinds)], written

    def share_nothing(self, x: object, y: object) -> bool:
        """Whether one of two arrays is made in the function, and neither is a view."""
        made = [self.made_by.get(v) for v in (x, y)]
        fresh = [isinstance(m, Op) and (m.fn in ALLOCATIONS or m.fn in COPIES or m.detail == "copy") for m in made]
        return any(fresh) and all(f or m is None for f, m in zip(fresh, made, strict=True))

    def items_of_chunks(self, chunked: Chunked, operands: list, node: ast.AST | None) -> list:
        """Emit a call of what several threads share; return its results."""
        operands = tuple(self.as_operand(x, node) for x in operands)
        result = self.emit(chunked, operands, node, chunked.callee.entry.name)
        return [self.emit("item", (result, Const(j)), node, "parts") for j in range(chunked.count)]

    def own_part(self, chunk: Chunk, k: int, start: object, stop: object, s: ast.For) -> list:
        """Return the index of what all iterations have for their own in an array."""
        axis = chunk.own[k]
        low, high = (
            self.operation(operator.add, (x, Const(axis.shift)), s) if axis.shift else x for x in (start, stop)
        )
        return [*[_FULL] * axis, Slice(low, high, Const(None))]

    def store_own(self, x: Var, own: list, new: Var, ndim: int, s: ast.For) -> None:
        """Store what all iterations have written, number by number: a store of an array takes a second to compile."""
        part = self.emit("getitem", (x, *own), s, "part")

        def one(indices: list) -> None:
            number = self.emit("getitem", (new, *indices), s, "t")
            self.effect("setitem", (part, *indices, number), s)

        self.looped(s, [(Const(0), n) for n in self.sizes_of(new, ndim, s)], one)

    def check_reach(self, name: str, length: Var, start: object, stop: object, axis: Axis, s: ast.For) -> None:
        """Emit the check that a loop stays inside an array of which each iteration has its own part."""
        low, high = (self.operation(operator.add, (x, Const(axis.shift)), s) for x in (start, stop))
        message = f"a loop over prange goes beyond {name}"
        self.must_be(self.operation(operator.ge, (low, Const(0)), s), message, s)
        most = self.operation(max, (length, low), s)  # without any iteration, it may begin beyond the end
        self.must_be(self.operation(operator.le, (high, most), s), message, s)

    def combined(self, kind: str, now: object, parts: Var, s: ast.For) -> object:
        """Return what the contributions make of a number."""
        if kind == "sum":
            return self.operation(operator.add, (now, parts), s)
        if kind == "product":
            return self.operation(operator.mul, (now, self.emit(np.prod, (parts,), s)), s)
        return self.call_function(self.function_value(COMBINED[kind]), [parts], {}, s)


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _fixed(x: object) -> object:
    """Return a value that a loop finds around it; what it changes in a list would be lost."""
    return TupleOf(tuple(map(_fixed, x.items))) if isinstance(x, ListOf) else x
