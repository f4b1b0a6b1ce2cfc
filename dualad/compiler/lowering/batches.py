"""Lowering of `vmap(f, in_axes, out_axes)(...)`: a loop over a batch that calls `f` with views, one example a trip.

    vmap(loss, in_axes=(None, 0, 0))(w, x, y)       n = x.shape[0];  if y.shape[0] != n: raise ...
                                                    out = np.empty(n)
                                                    for i in range(n): out[i] = loss(w, x[i], y[i])

The results get their arrays before the loop. Their types, and their sizes in terms of those of the arguments, are read
from the function itself (`nested_primitives.Outcome`); a size that the arguments do not tell is that of the result for
the first example, which is computed once more for it. An array that all trips share and the function writes into is
copied in each: no example sees what another leaves behind.

What comes of it is an ordinary loop, so that there is nothing in it that a derivative has to know.
"""

from __future__ import annotations

import ast
import contextlib
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules.registry import OwnRule
from ..ir import Const, Global, Slice, TupleOf, Var
from ..runtime.numba_bridge import as_dtype, inner_njit, register_callable, typing_stub
from .closures import fill
from .entries import ResultsOf, flat
from .nested_derivatives import each, places_in
from .nested_primitives import Derived, outcome
from .recursion import Leaf
from .values import FunctionValue, ListOf, Transformed

_RETURN = "return numbers, arrays, or structures of these"
_ALL = Slice(Const(None), Const(None), Const(None))


@dataclass(eq=False)
class Mapped:
    """An array with an example at each place of an axis."""

    array: object
    axis: int
    name: str

    def row(self, low: object, index: object, node: ast.AST | None) -> Var:
        return low.emit("getitem", (self.array, *[_ALL] * self.axis, index), node, self.name.partition("[")[0])


class Batches:
    """The part of `Lowering` that deals with them."""

    def call_batched(self, t: Transformed, values: list, node: ast.AST | None, outermost: bool = False) -> object:
        """Lower the call of a batched function, with one value for each parameter."""
        if t.how.parallel and not outermost:
            what = "vmap with parallel=True inside another function or a derivative"
            raise self.fail(node, what, "leave parallel=True out there, or call it from Python")
        batch = _Batch(self, t, node)
        batch.take(values)
        return self.thawed(batch.run())


class _Batch:
    """One call."""

    def __init__(self, low: object, t: Transformed, node: ast.AST | None):
        self.low, self.t, self.node = low, t, node
        self.name = f"vmap of {getattr(t.innermost, 'name', 'this function')}"
        self.sources: list = []  # by the number of the place: Mapped, or what all examples share

    def fail(self, what: str, remedy: str) -> UnsupportedError:
        """Return an error that names the call, or the function if it is called from Python."""
        place, f = self.low.place(self.node), self.t.innermost
        if place[0] is None and isinstance(f, FunctionValue):
            place = f.source.filename, f.node.lineno
        return UnsupportedError(at(f"{what} is not supported: {remedy}", *place))

    # ---------------------------------------------------------------- what goes in

    def take(self, values: list) -> None:
        """Sort the arguments into those that have an axis for the batch and those that all examples share."""
        low = self.low
        names = low.parameter_names(self.t.function) or [f"x{k}" for k in range(len(values))]
        star = low.star_of(self.t)
        axes = self.axes([low.defaults.get(id(v)) is not None for v in values], star, values)
        values = [low.frozen(v, self.node) for v in values]
        self.template = [self.placed(v, a, name) for v, a, name in zip(values, axes, names, strict=True)]
        self.mapped = [s for s in self.sources if isinstance(s, Mapped)]
        if not self.mapped:
            raise self.fail(f"{self.name} without an array to map over", "give in_axes an axis of an array")

    def axes(self, is_default: list[bool], star: int | None, values: list) -> list:
        """Return one axis or None for each parameter, a list of them for a starred one."""
        given = self.t.how.into
        count = len(values) if star is None else star
        rest = 0 if star is None else len(values[star].items)
        if not isinstance(given, tuple):
            found = [None if default else given for default in is_default]
            return found if star is None else [*found[:star], [given] * rest, *found[star + 1 :]]
        needed = next((k for k in range(count, 0, -1) if not is_default[k - 1]), 0) + rest
        if len(given) < needed or len(given) > count + rest:
            what = f"{self.name} with {len(given)} entries in in_axes and {needed} arguments"
            raise self.fail(what, "give one entry an argument")
        found = [*given, *[None] * (len(values) - len(given))][: len(values)]
        return found if star is None else [*given[:star], list(given[star:]), *[None] * (len(values) - star - 1)]

    def placed(self, value: object, axis: object, name: str) -> object:
        """Return an argument with numbered places for numbers and arrays."""
        if isinstance(value, TupleOf | ListOf):
            axes = axis if isinstance(axis, list) else [axis] * len(value.items)
            items = [self.placed(v, a, f"{name}[{k}]") for k, (v, a) in enumerate(zip(value.items, axes, strict=True))]
            return TupleOf(tuple(items), value.cls) if isinstance(value, TupleOf) else ListOf(items)
        if axis is not None and isinstance(value, Var | Global | Const) and not _is_constant(value):
            value = self.mapped_array(value, axis, name)
        elif not isinstance(value, Var):
            return value
        self.sources.append(value)
        return Leaf(len(self.sources) - 1)

    def mapped_array(self, value: object, axis: int, name: str) -> Mapped:
        ty = self.low.type_of(value, self.node)
        if not isinstance(ty, types.Array):
            kind = "a number" if isinstance(ty, types.Number | types.Boolean) else str(ty)
            what = f"{self.name}: {name} has the axis {axis} in in_axes, but is {kind}, which"
            raise self.fail(what, "pass an array, or None as its entry in in_axes")
        if not -ty.ndim <= axis < ty.ndim:
            what = f"{self.name}: axis {axis} in in_axes of {name}, which has {ty.ndim} axes,"
            raise self.fail(what, "stay inside them")
        return Mapped(value, axis % ty.ndim, name)

    # ---------------------------------------------------------------- the loop

    def run(self) -> object:
        low, node = self.low, self.node
        size = self.common_size()
        typed = [Var(low.namer.fresh(getattr(s, "name", "x").partition("[")[0]), self.type_of(s)) for s in self.sources]
        with low.on_one_thread() if self.t.how.parallel else contextlib.nullcontext():
            entry, operands = low.lift(self.t.function, self.filled(typed), set(), node)
        numbers = {x: k for k, x in enumerate(typed)}
        sources = [self.sources[numbers[x]] if x in numbers else x for x in operands]
        given = [x.type if x in numbers else low.type_of(x, node) for x in operands]
        known = [x if x in numbers else Var(low.namer.fresh(x.name), ty) for x, ty in zip(operands, given, strict=True)]
        structure = low.result_structure(entry, known)
        places = places_in(structure)
        if not places or any(_is_text(x) for x in flat(structure)):
            raise self.fail(f"{self.name}, which returns {'text' if places else 'nothing'},", _RETURN)
        found = outcome(entry, tuple(given))
        for k in found.written:
            if operands[k] not in numbers:
                what = f"{self.name}, which writes into the array {operands[k].name} that it finds around it,"
                raise self.fail(what, "pass the array as an argument")
        copied = {numbers[operands[k]] for k in found.written}
        axes = self.out_axes(structure, found.types)
        first: list = []

        def rows(index: object, own: list) -> list:
            return [s.row(low, index, node) if isinstance(s, Mapped) else s for s in own]

        def value_at(index: object) -> list:
            return low.derived("value", ResultsOf(entry, tuple(places)), rows(index, sources), node, len(places))

        def first_shape(place: int) -> Var:
            if not first:
                some = low.operation(operator.gt, (size, Const(0)), node)
                low.must_be(some, f"{self.name}: the batch is empty, and nothing tells the shape of the result", node)
                first.extend(value_at(Const(0)))
            return low.emit("attr", (first[places.index(place)],), node, "shape", None, "shape")

        outs = {p: self.made(found, p, axes[p], size, sources, first_shape) for p in places}

        def body(index: Var) -> None:
            own = rows(index, self.sources)
            own = [low.emit("snapshot", (x,), node, x.name) if k in copied else x for k, x in enumerate(own)]
            arguments = [low.thawed(x) for x in self.filled(own)]
            results = flat(low.frozen(low.call_in_order(self.t.function, arguments, node), node))
            for p in places:
                self.store(outs[p], axes[p], index, results[p], found.types[p], None in found.sizes[p])

        if self.t.how.parallel:
            value = Derived(ResultsOf(entry, tuple(places)), "value", count=len(places))
            trip = Trip(value, list(axes.values()), [found.types[p] for p in places])
            self.on_threads(size, trip, list(outs.values()), lambda index: rows(index, sources))
        else:
            low.looped(node, [(Const(0), size)], lambda indices: body(indices[0]))
        return each(outs.__getitem__, structure, True)

    def store(self, out: Var, axis: int, index: Var, value: object, ty: object, is_checked: bool) -> None:
        """Store what one example gives, number by number: Numba takes a second to compile a store of an array."""
        low, node = self.low, self.node
        if not isinstance(ty, types.Array):
            low.effect("setitem", (out, index, value), node)
            return
        sizes = low.sizes_of(out, ty.ndim + 1, node)
        del sizes[axis]
        if is_checked:
            for n, m in zip(sizes, low.sizes_of(value, ty.ndim, node), strict=True):
                same = low.operation(operator.eq, (n, m), node)
                low.must_be(same, f"{self.name}: results of different shapes", node)

        def one(indices: list) -> None:
            number = low.emit("getitem", (value, *indices), node, "t")
            low.effect("setitem", (out, *indices[:axis], index, *indices[axis:], number), node)

        low.looped(node, [(Const(0), n) for n in sizes], one)

    def on_threads(self, size: Var, trip: Trip, outs: list, operands: Callable) -> None:
        """Let several threads go through the batch, and one of them again through what failed, so that it says why."""
        low, node = self.low, self.node
        failed = low.emit(np.zeros, (size, Global(np.bool_)), node, "failed")

        def run(indices: list) -> None:
            result = low.emit(trip, (*indices, *outs, *operands(*indices)), node, "has_failed")
            low.effect("setitem", (failed, *indices, result), node)

        def again(indices: list) -> None:
            result = low.emit(trip.unguarded, (*indices, *outs, *operands(*indices)), node, "has_failed")
            low.effect("setitem", (failed, *indices, result), node)

        def say(indices: list) -> None:
            test = low.emit("getitem", (failed, *indices), node, "has_failed")
            low.branch(test, lambda: again(indices), lambda: None, node)

        low.looped(node, [(Const(0), size)], run)
        low.block.statements[-1].parallel = True
        low.looped(node, [(Const(0), size)], say)

    def filled(self, values: list) -> list:
        return [fill(x, values, {}) for x in self.template]

    def common_size(self) -> Var:
        """Return the size of the batch, which must be one for all."""
        low, node = self.low, self.node
        sizes = [low.sizes_of(m.array, m.axis + 1, node)[m.axis] for m in self.mapped]
        for m, size in zip(self.mapped[1:], sizes[1:], strict=True):
            same = low.operation(operator.eq, (sizes[0], size), node)
            both = f"{self.mapped[0].name} and {m.name}"
            low.must_be(same, f"{self.name}: {both} have batches of different sizes", node)
        return sizes[0]

    def type_of(self, source: object) -> object:
        """Return the type of what one example sees of an argument."""
        if not isinstance(source, Mapped):
            return self.low.type_of(source, self.node)
        ty = self.low.type_of(source.array, self.node)
        if ty.ndim == 1:
            return ty.dtype
        stays = (ty.layout == "C" and source.axis == 0) or (ty.layout == "F" and source.axis == ty.ndim - 1)
        return ty.copy(ndim=ty.ndim - 1, layout=ty.layout if stays else "A")

    # ---------------------------------------------------------------- what comes out

    def out_axes(self, structure: object, kinds: list) -> dict[int, int]:
        """Return where the axis of the batch is in each number or array of the result."""
        asked = self.t.how.out
        if isinstance(asked, tuple):
            items = structure.items if isinstance(structure, TupleOf | ListOf) else [structure]
            if len(items) != len(asked) or items == [structure]:
                what = f"{self.name} with {len(asked)} entries in out_axes, and {len(items)} results"
                raise self.fail(what, "give one entry a result, or one number")
            table = {p: axis for x, axis in zip(items, asked, strict=True) for p in places_in(x)}
        else:
            table = dict.fromkeys(places_in(structure), asked)
        for p, axis in table.items():
            ndim = getattr(kinds[p], "ndim", 0) + 1
            if not isinstance(axis, int) or not -ndim <= axis < ndim:
                what = f"{self.name}: axis {axis} in out_axes of a result with {ndim} axes"
                raise self.fail(what, "stay inside them")
            table[p] = axis % ndim
        return table

    def made(self, found: object, place: int, axis: int, size: object, sources: list, first_shape: object) -> Var:
        """Return a new array for the results of all examples."""
        low, node = self.low, self.node
        ty = found.types[place]
        dtype = as_dtype(getattr(ty, "dtype", ty))
        if dtype is None or not isinstance(ty, types.Array | types.Number | types.Boolean):
            raise self.fail(f"{self.name}, which returns {ty},", _RETURN)
        shape = []
        if isinstance(ty, types.Array):
            if None in found.sizes[place]:
                whole = first_shape(place)
                shape = [low.emit("getitem", (whole, Const(k)), node, "n") for k in range(ty.ndim)]
            else:
                shape = [self.size(n, sources) for n in found.sizes[place]]
        shape.insert(axis, size)
        return low.emit(np.empty, (TupleOf(tuple(shape)), Global(dtype.type)), node, "out")

    def size(self, formula: object, sources: list) -> object:
        """Return the size of a result, from the formula for it; see `nested_primitives.Outcome`."""
        low, node = self.low, self.node
        if isinstance(formula, int):
            return Const(formula)
        what, *rest = formula
        if what == "size":
            k, axis = rest
            source = sources[k]
            array = source
            if isinstance(source, Mapped):
                array, axis = source.array, axis + (axis >= source.axis)
            return low.sizes_of(array, axis + 1, node)[axis]
        if what == "value":
            return sources[rest[0]]
        return low.operation(what, tuple(self.size(x, sources) for x in rest), node, "n")


class Trip(OwnRule):
    """A primitive that computes the results for one example and stores them; it returns whether it failed.

    An exception that leaves a loop on several threads is lost, with all that the thread had still to do.
    """

    def __init__(self, derived: Derived, axes: list[int], kinds: list, is_guarded: bool = True):
        self.derived, self.axes = derived, axes
        self.__name__ = f"{derived.__name__}_{'guarded' if is_guarded else 'again'}"
        self.unguarded = Trip(derived, axes, kinds, False) if is_guarded else self
        outs = [f"out{k}" for k in range(len(axes))]
        params = [f"a{k}" for k in range(len(derived.entry.names()))]
        results = ["result"] if len(axes) == 1 else [f"result[{k}]" for k in range(len(axes))]
        work = [f"result = derived({', '.join(params)})"]
        for o, axis, ty, r in zip(outs, axes, kinds, results, strict=True):
            work += _stored(o, axis, r, getattr(ty, "ndim", 0))
        if is_guarded:
            work = ["try:", *(f"    {line}" for line in work), "except Exception:", "    return True"]
        lines = [f"def {self.__name__}({', '.join(['i', *outs, *params])}):", *work, "return False"]
        namespace = {"derived": derived}
        exec("\n    ".join(lines), namespace)  # noqa: S102
        self.dispatcher = inner_njit(namespace[self.__name__])
        self.stub = typing_stub(lambda given: types.boolean)


register_callable(Trip, lambda t: t.dispatcher)


def _stored(out: str, axis: int, value: str, ndim: int) -> list[str]:
    """Return the lines that store an array, or a number, in a place of an axis."""
    indices = [f"j{k}" for k in range(ndim)]
    cell = ", ".join([*indices[:axis], "i", *indices[axis:]])
    if not ndim:
        return [f"{out}[i] = {value}"]
    lines = [f"part = {out}[{':, ' * axis}i]", f"value = {value}"]
    lines += ["if part.shape != value.shape:", "    raise ValueError('vmap: results of different shapes')"]
    lines += [f"{'    ' * k}for {j} in range(value.shape[{k}]):" for k, j in enumerate(indices)]
    return [*lines, f"{'    ' * ndim}{out}[{cell}] = value[{', '.join(indices)}]"]


def _is_text(x: object) -> bool:
    return isinstance(x, Const) and isinstance(x.value, str)


def _is_constant(value: object) -> bool:
    return isinstance(value, Const) and isinstance(value.value, str | None)
