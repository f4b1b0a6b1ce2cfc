"""Indices in one normal form, and what is picked by index arrays as loops over its elements.

In the normal form an index has integers, slices, new axes and arrays: an ellipsis is spelled out, a tuple of indices
is taken apart, and a mask of several dimensions is the arrays of where it is true. Numba compiles all of it but masks
beside other arrays. What is differentiated becomes loops over the elements::

    y = a[:, i]     rows = positions(i, n1)
                    y = np.empty((n0, n))
                    for j in range(n0):
                        for k in range(n): y[j, k] = a[j, rows[k]]

The axes of the index arrays, broadcast together, come where the arrays stand, or first if a slice or a new axis stands
between two of them or between one and an integer, as in NumPy.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules import broadcasting, gather
from .. import ir
from ..ir import Block, Carried, Const, For, Namer, Op, Slice, TupleOf, Var
from ..ir.kinds import is_array, is_integer, type_of

WHOLE = Slice(Const(None), Const(None), Const(None))
NEW_AXIS = Const(None)


def is_ellipsis(part: object) -> bool:
    """Whether a part of an index is an ellipsis."""
    return isinstance(part, ir.Global) and part.value is ...


def is_picking(part: object) -> bool:
    """Whether a part of an index is an integer or an array."""
    return is_integer(part) or is_array(part)


def is_mask(part: object) -> bool:
    """Whether a part of an index is an array of booleans."""
    return is_array(part) and isinstance(type_of(part).dtype, types.Boolean)


def axes_taken(part: object) -> int:
    """Return how many axes of an array a part of an index (no ellipsis) stands for."""
    if part == NEW_AXIS:
        return 0
    return type_of(part).ndim if is_mask(part) else 1


class Indexing:
    """Rewrites the indices of operations."""

    def __init__(self, namer: Namer):
        self.namer = namer

    def var(self, hint: str, ty: object) -> Var:
        return Var(self.namer.fresh(hint), ty)

    def integers(self, hint: str, ndim: int = 1) -> Var:
        return self.var(hint, types.Array(types.int64, ndim, "C"))

    def make(self, out: list, target: Var, fn: object, args: tuple, place: tuple, detail: object = None) -> Var:
        out.append(Op(target, fn, args, {}, detail, place))
        return target

    def item(self, out: list, base: object, k: int, ty: object, place: tuple, hint: str = "n") -> Var:
        return self.make(out, self.var(hint, ty), "getitem", (base, Const(k)), place)

    def shape(self, out: list, x: object, place: tuple) -> Var:
        ty = types.UniTuple(types.int64, type_of(x).ndim)
        return self.make(out, self.var("shape", ty), "attr", (x,), place, "shape")

    def normal_form(self, base: object, index: tuple, out: list, place: tuple) -> tuple:
        """Return an index of an array in its normal form; what it takes to compute it goes into `out`."""
        ndim = type_of(base).ndim
        if len(index) == 1 and isinstance(index[0], TupleOf):
            index = index[0].items
        elif len(index) == 1 and isinstance(type_of(index[0]), types.BaseTuple):
            found = type_of(index[0]).types
            index = tuple(self.item(out, index[0], k, ty, place, "i") for k, ty in enumerate(found))
        if not index:
            return (WHOLE,) * ndim
        arrays = [i for i in index if is_array(i)]
        taken = sum(axes_taken(i) for i in index if not is_ellipsis(i))
        parts: list = []
        axis = 0
        for k, part in enumerate(index):
            if is_ellipsis(part):
                if arrays and ndim == taken and all(map(is_picking, [*parts[-1:], *index[k + 1 : k + 2]])):
                    # NumPy takes it for something that stands between the two, Numba does not
                    message = "an ellipsis of no axes between index arrays is not supported: leave it out"
                    raise UnsupportedError(at(message, *place))
                parts += [WHOLE] * (ndim - taken)
                axis += ndim - taken
            elif is_mask(part) and (type_of(part).ndim > 1 or len(arrays) > 1):
                parts += self.true_places(part, base, axis, out, place)
                axis += type_of(part).ndim
            else:
                parts.append(part)
                axis += axes_taken(part)
        return tuple(parts)

    def true_places(self, mask: object, base: object, axis: int, out: list, place: tuple) -> list[Var]:
        """Return the index arrays that stand for a mask."""
        ndim = type_of(mask).ndim
        places = self.var("places", types.UniTuple(types.Array(types.int64, 1, "C"), ndim))
        self.make(out, places, gather.positions_of_mask, (mask, self.shape(out, base, place), Const(axis)), place)
        return [self.item(out, places, k, ty, place, "places") for k, ty in enumerate(places.type.types)]

    def index_of_count(self, base: object, index: tuple, out: list, place: tuple) -> tuple:
        """Return the index of the element of an array that comes k-th, `index` being (k,)."""
        (count,) = index
        if not is_integer(count):
            message = "a part of x.flat is not supported: take single elements of it, or use np.ravel"
            raise UnsupportedError(at(message, *place))
        shape = self.shape(out, base, place)
        sizes = [self.item(out, shape, k, types.int64, place) for k in range(type_of(base).ndim)]
        found: list = []
        for size in reversed(sizes[1:]):  # with // and % a negative count ends up as a negative first index
            rest = self.make(out, self.var("i", types.int64), operator.mod, (count, size), place)
            count = self.make(out, self.var("i", types.int64), operator.floordiv, (count, size), place)
            found.insert(0, rest)
        return (count, *found)

    def fitted(self, value: object, ndim: int, out: list, place: tuple) -> object:
        """Return a value that is stored into a part of `ndim` axes, without what axes it has before these.

        They must have length 1.
        """
        more = type_of(value).ndim - ndim if is_array(value) else 0
        if more <= 0:
            return value
        shape = self.shape(out, value, place)
        first = []
        for k in range(more):
            size = self.item(out, shape, k, types.int64, place)
            kept = self.make(out, self.var("n", types.int64), broadcasting.kept_size, (Const(1), size), place)
            first.append(self.make(out, self.var("i", types.int64), operator.sub, (kept, Const(1)), place))
        ty = types.Array(type_of(value).dtype, ndim, "A")
        return self.make(out, self.var("part", ty), "view", (value, *first, *(WHOLE,) * ndim), place)

    # ---------------------------------------------------------------- loops over what index arrays pick

    def gather(self, op: Op) -> list:
        """Return the statements that read by an index with arrays."""
        out: list = []
        picked = self.select(op.args[0], op.args[1:], out, op.place)
        dtype = ir.Global(getattr(np, str(type_of(op.target).dtype)))
        self.make(out, op.target, np.empty, (TupleOf(tuple(picked.sizes)), dtype), op.place)
        body, source = self.source(picked, op.place)
        item = self.make(body, self.var("item", type_of(op.target).dtype), "getitem", source, op.place)
        body.append(Op(None, "setitem", (op.target, *picked.indices, item), {}, None, op.place))
        return [*out, *self.nest(picked, body, op.place, independent=True)]

    def scatter(self, op: Op) -> list:
        """Return the statements that store by an index with arrays: one element after the other, the last one stays."""
        base, *index, value = op.args
        out: list = []
        picked = self.select(base, tuple(index), out, op.place)
        dtype = type_of(base).dtype
        if is_array(value):  # all of it is read first: it may share memory with the array, and it may be broadcast
            buffer = self.var("value", types.Array(dtype, len(picked.sizes), "C"))
            shape = TupleOf(tuple(picked.sizes))
            self.make(out, buffer, np.empty, (shape, ir.Global(getattr(np, str(dtype)))), op.place)
            value = self.fitted(value, len(picked.sizes), out, op.place)
            out.append(Op(None, "assign", (buffer, value), {}, None, op.place))
            value = buffer
        body, place = self.source(picked, op.place)
        if is_array(value):
            value = self.make(body, self.var("item", dtype), "getitem", (value, *picked.indices), op.place)
        body.append(Op(None, "setitem", (*place, value), {}, None, op.place))
        return [*out, *self.nest(picked, body, op.place)]

    def select(self, base: object, index: tuple, out: list, place: tuple) -> Selection:
        """Find out what an index picks."""
        view: list = []
        arrays: list[tuple[int, object]] = []  # the axis of the view, and the index array of it
        plain: list[int] = []  # the other axes of the view
        first, groups, inside = 0, 0, False
        missing = type_of(base).ndim - sum(map(axes_taken, index))
        for part in (*index, *(WHOLE,) * missing):
            axis = len(plain) + len(arrays)
            if is_picking(part):
                if not inside:
                    groups += 1
                    first = len(plain) if groups == 1 else 0
                inside = True
                if is_array(part):
                    arrays.append((axis, part))
                view.append(WHOLE if is_array(part) else part)
                continue
            inside = False
            view.append(part)
            plain.append(axis)
        if any(part is not WHOLE for part in view):
            ty = types.Array(type_of(base).dtype, len(plain) + len(arrays), "A")
            base = self.make(out, self.var("part", ty), "view", (base, *view), place)
        shape = self.shape(out, base, place)
        sizes = {k: self.item(out, shape, k, types.int64, place) for k in plain}
        places = self.together([self.positions(p, shape, k, out, place) for k, p in arrays], out, place)
        shape = self.shape(out, places[0], place)
        common = [self.item(out, shape, k, types.int64, place) for k in range(type_of(places[0]).ndim)]
        letters = iter([self.var(name, types.int64) for name in "ijklmnpqrs"])
        indices = {k: next(letters) for k in plain}
        inner = [next(letters) for _ in common]
        all_sizes, all_indices = ([v[k] for k in plain] for v in (sizes, indices))
        all_sizes[first:first] = common
        all_indices[first:first] = inner
        where = dict(zip((k for k, _ in arrays), places, strict=True))
        return Selection(base, all_sizes, all_indices, indices, where, inner)

    def positions(self, part: object, shape: Var, axis: int, out: list, place: tuple) -> Var:
        if is_mask(part):
            ty = types.UniTuple(types.Array(types.int64, 1, "C"), 1)
            found = self.make(out, self.var("places", ty), gather.positions_of_mask, (part, shape, Const(axis)), place)
            return self.item(out, found, 0, ty.dtype, place, "places")
        size = self.item(out, shape, axis, types.int64, place)
        return self.make(out, self.integers("places", type_of(part).ndim), gather.positions, (part, size), place)

    def together(self, places: list[Var], out: list, place: tuple) -> list[Var]:
        """Return arrays of positions, broadcast to their common shape."""
        if len(places) == 1:
            return places
        shape = self.shape(out, places[0], place)
        for other in places[1:]:
            ndim = max(shape.type.count, type_of(other).ndim)
            both = self.var("shape", types.UniTuple(types.int64, ndim))
            shape = self.make(out, both, gather.common_shape, (shape, self.shape(out, other, place)), place)
        return [
            self.make(out, self.integers("places", shape.type.count), gather.spread, (p, shape), place) for p in places
        ]

    def source(self, picked: Selection, place: tuple) -> tuple[list, tuple]:
        """Return the statements that compute where an element comes from, and where it is."""
        body: list = []
        index: list = []
        for k in range(type_of(picked.base).ndim):
            if k in picked.where:
                cell = (picked.where[k], *picked.inner)
                index.append(self.make(body, self.var("at", types.int64), "getitem", cell, place))
            else:
                index.append(picked.index_of[k])
        return body, (picked.base, *index)

    def nest(self, picked: Selection, body: list, place: tuple, independent: bool = False) -> list:
        for index, size in zip(reversed(picked.indices), reversed(picked.sizes), strict=True):
            trips = self.var("trips", types.int64)
            body = [For(index, Const(0), size, Const(1), [], Block(body), None, trips, place, independent)]
        return body


@dataclass(eq=False)
class Selection:
    """What an index with arrays picks.

    Attributes
    ----------
    base : Var
        The array, or the view of it that the integers, slices and new axes of the index give.
    sizes, indices : list
        The shape of what is picked, and a loop index for each of its axes.
    index_of : dict
        The index along those axes of `base` that are picked as wholes.
    where : dict
        The positions along the other axes, arrays of integers.
    inner : list of Var
        The indices into these arrays.
    """

    base: Var
    sizes: list
    indices: list
    index_of: dict[int, Var]
    where: dict[int, Var]
    inner: list[Var]


def take_grids_apart(block: Block, namer: Namer, renamed: dict) -> None:
    """Make a loop over the indices of an array (np.ndindex) a nest of loops, one for each axis (in place)."""
    new: list = []
    for stmt in block:
        for inner in ir.blocks_of(stmt):
            take_grids_apart(inner, namer, renamed)
        new += _nest_of(stmt, namer, renamed) if isinstance(stmt, For) and stmt.grid else [stmt]
    block.statements = new


def _nest_of(loop: For, namer: Namer, renamed: dict) -> list:
    """Return a nest of loops in the place of a loop over a grid.

    Carried values go in from loop to loop and come out again; so does the flag that ends the loop.
    """
    indexing = Indexing(namer)
    out: list = []
    if isinstance(loop.stop, TupleOf):
        sizes = loop.stop.items
    elif is_integer(loop.stop):
        sizes = (loop.stop,)
    else:
        sizes = [indexing.item(out, loop.stop, k, ty, loop.place) for k, ty in enumerate(type_of(loop.stop).types)]
    indices = tuple(indexing.var(loop.index.name, types.int64) for _ in sizes)
    renamed[loop.index] = TupleOf(indices)
    body, carried, exit_ = loop.body, loop.carried, loop.exit
    for depth in range(len(sizes) - 1, -1, -1):
        trips = indexing.var("trips", types.int64)
        around = carried
        if depth > 0:
            outside = [indexing.var(c.param.name, c.param.type) for c in carried]
            results = [indexing.var(c.param.name, c.param.type) for c in carried]
            around = [Carried(p, c.init, r, c.result) for p, r, c in zip(outside, results, carried, strict=True)]
            carried = [Carried(c.param, p, c.yielded, r) for p, r, c in zip(outside, results, carried, strict=True)]
            if exit_ is not None:
                flag, ended = (indexing.var("ended", types.boolean) for _ in range(2))
                carried.append(Carried(flag, Const(False), exit_, ended))
        inner = For(indices[depth], Const(0), sizes[depth], Const(1), carried, body, exit_, trips, loop.place)
        if depth > 0:
            body, carried = Block([inner]), around
            exit_ = ended if exit_ is not None else None
    return [*out, inner]
