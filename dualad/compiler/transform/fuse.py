"""Elementwise array operations become loops, and chains of them one loop.

After inference, y = np.exp(a * b) + c on arrays turns into ::

    y = np.empty((n,))
    for k in range(n): y[k] = np.exp(a[k] * b[k]) + c[k]

so that there are no temporary arrays, and the derivative of array code is the derivative of that loop. An operation
joins the loop of its consumers if all of them are in one loop, have as many dimensions, and nothing is written in
between. np.sum of such a chain is the same loop with an accumulator; along an axis, each element of the result is one.

Broadcasting: an operand with fewer dimensions has fewer indices; an axis made by np.newaxis has index 0; where an
operand is found at run time to have length 1 on a longer axis, it is stretched (copied) first.
"""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...rules import broadcasting, registry
from .. import ir
from ..analysis.activity import Activity
from ..ir import Block, Carried, Const, For, Function, If, Namer, Op, Phi, Slice, TupleOf, Var
from ..ir.effects import may_be_written_by
from ..ir.infer import converted
from ..ir.kinds import is_array, type_of
from ..runtime import vector_math
from ..runtime.numba_bridge.kernels import Elementwise

_SELECT = np.where


def fuse(function: Function, activity: Activity, namer: Namer) -> bool:
    """Turn active elementwise operations into loops (in place); True if there were any."""
    return _Fuser(function, activity, namer).block(function.body)


def is_elementwise(op: object) -> bool:
    """Whether a statement is an elementwise operation with an array result."""
    if not isinstance(op, Op) or isinstance(op.fn, str) or op.kwargs or op.target is None or not is_array(op.target):
        return False
    if op.fn is _SELECT:
        return len(op.args) == 3
    if isinstance(op.fn, Elementwise):
        return True
    rule = registry.find(op.fn)
    return rule is not None and rule.kind in ("pointwise", "constant") and rule.elementwise


def is_reduction(op: object) -> bool:
    """Whether a statement adds up all elements of an array, or those along a constant axis."""
    if not isinstance(op, Op) or op.fn is not np.sum or len(op.args) != 1 or not is_array(op.args[0]):
        return False
    return not op.kwargs or (set(op.kwargs) == {"axis"} and isinstance(op.kwargs["axis"], Const))


class _Fuser:
    def __init__(self, function: Function, activity: Activity, namer: Namer):
        self.activity = activity
        self.namer = namer
        self.function = function
        self.definer: dict[Var, Op] = {}
        self.uses: dict[Var, list[object]] = {}
        for stmt in ir.walk(function.body):
            if isinstance(stmt, Op):
                if stmt.target is not None:
                    self.definer[stmt.target] = stmt
                for v in set(ir.op_vars(stmt)):
                    self.uses.setdefault(v, []).append(stmt)
            else:
                for x in ir.operands_of(stmt):
                    for v in ir.vars_in(x):
                        self.uses.setdefault(v, []).append(stmt)
        for v in ir.vars_in(function.result):
            self.uses.setdefault(v, []).append(function)

    def block(self, block: Block) -> bool:
        changed = False
        for stmt in block:
            for inner in ir.blocks_of(stmt):
                changed |= self.block(inner)
        groups = self.groups(block)
        if not groups:
            return changed
        new: list = []
        for stmt in block:
            root = groups.get(id(stmt)) if isinstance(stmt, Op) else None
            if root is None:
                new.append(stmt)
            elif root[-1] is stmt:
                new.extend(self.loop(root))
        block.statements = new
        return True

    def groups(self, block: Block) -> dict[int, list[Op]]:
        """Return, for every operation to fuse, the operations of its loop in order; the last is the root."""
        of: dict[int, list[Op]] = {}
        writes = [k for k, s in enumerate(block) if _writes(s)]
        where = {id(s): k for k, s in enumerate(block)}
        for op in reversed(block.statements):
            is_store = isinstance(op, Op) and op.fn == "assign"
            if not (is_elementwise(op) or is_reduction(op) or is_store):
                continue
            home = self.home(op, of, where, writes) if is_elementwise(op) else None
            if home is not None:
                home.insert(0, op)
                of[id(op)] = home
            elif self.activity.active(op.args[0] if is_store else op.target):
                of[id(op)] = [op]
        return of

    def home(self, op: Op, of: dict, where: dict, writes: list[int]) -> list[Op] | None:
        """Return the group that all consumers of an operation belong to, if it may join them."""
        uses = self.uses.get(op.target, [])
        found = {id(of[id(u)]) for u in uses if id(u) in of}
        if not uses or len(found) != 1 or not all(isinstance(u, Op) and id(u) in of for u in uses):
            return None
        group = of[id(uses[0])]
        ndim = type_of(op.target).ndim
        root = group[-1]
        loop_ndim = type_of(_looped(root)).ndim
        here, there = where[id(op)], where[id(root)]
        if ndim != loop_ndim or any(here < w < there for w in writes):
            return None
        return group

    # ---------------------------------------------------------------- the loop

    def var(self, hint: str, ty: object) -> Var:
        return Var(self.namer.fresh(hint), ty)

    def loop(self, group: list[Op]) -> list:
        """Return the statements that compute a group of operations."""
        root = group[-1]
        place = root.place
        ndim = type_of(_looped(root)).ndim
        inside = {op.target for op in group if op.target is not None}
        leaves = list(
            dict.fromkeys(
                a for op in group for a in op.args if is_array(a) and not (isinstance(a, Var) and a in inside)
            )
        )
        out: list = []
        renamed = self.apart(root, leaves, out) if root.fn == "assign" else {}
        stored_into = root.args[0] if root.fn == "assign" else None
        dims, elements = self.shape([renamed.get(x, x) for x in leaves], ndim, out, place, stored_into)
        makes = root.fn != "assign" and not is_reduction(root)
        target = root.args[0] if root.fn == "assign" else root.target
        axis = root.kwargs["axis"].value if is_reduction(root) and root.kwargs else None
        if makes or axis is not None:
            dtype = ir.Global(getattr(np, str(type_of(target).dtype)))
            shape = TupleOf(tuple(d for k, d in enumerate(dims) if k != axis))
            out.append(Op(target, np.empty if makes else np.zeros, (shape, dtype), {}, None, place))
        indices = [self.var("ijklm"[k], types.int64) for k in range(ndim)]
        body: list = []
        value: dict[object, object] = {}
        reads = {a for op in group for a in op.args[op.fn == "assign" :]}
        read = [x for x in leaves if x is not target or target in reads]
        for leaf in read:
            stretched, fixed = elements[renamed.get(leaf, leaf)]
            offset = ndim - type_of(leaf).ndim
            index = tuple(Const(0) if k in fixed else indices[offset + k] for k in range(type_of(leaf).ndim))
            item = self.var(getattr(leaf, "name", "item"), type_of(leaf).dtype)
            body.append(Op(item, "getitem", (stretched, *index), {}, None, place))
            value[leaf] = item
        for op in group if makes else group[:-1]:
            scalar = self.var(op.target.name, type_of(op.target).dtype)
            args = tuple(value.get(a, a) for a in op.args)
            value[op.target] = scalar
            if op.fn is _SELECT:
                chosen = [converted(a, scalar, body, op.place, self.namer) for a in args[1:]]
                body.append(If(args[0], Block(), Block(), [Phi(scalar, *chosen)], op.place))
            else:
                body.append(Op(scalar, op.fn, args, {}, None, op.place))
        if not is_reduction(root):
            stored = root.args[1] if root.fn == "assign" else target
            body.append(Op(None, "setitem", (target, *indices, value.get(stored, stored)), {}, None, place))
            nest = self.nest(body, indices, dims, place)
            return [*out, *nest]
        element = value[root.args[0]]
        if axis is None:
            return [*out, *self.accumulate(body, element, target, indices, dims, place)]
        others = [i for k, i in enumerate(indices) if k != axis]
        if axis == ndim - 1:
            total = self.var(target.name, type_of(target).dtype)
            body = self.accumulate(body, element, total, indices[-1:], dims[-1:], place)
            body.append(Op(None, "setitem", (target, *others, total), {}, None, place))
            return [*out, *self.nest(body, others, dims[:-1], place)]
        body.append(Op(None, "augitem", (target, *others, element), {}, operator.iadd, place))
        return [*out, *self.nest(body, indices, dims, place)]

    def apart(self, root: Op, leaves: list, out: list) -> dict:
        """Copy what shares memory with the array that is stored into, other than that array itself."""
        target, aliases = root.args[0], self.activity.aliases
        renamed = {}
        for leaf in leaves:
            if leaf is not target and aliases.roots(leaf) & aliases.roots(target):
                ty = type_of(leaf)
                renamed[leaf] = self.var(leaf.name, types.Array(ty.dtype, ty.ndim, "C"))
                out.append(Op(renamed[leaf], np.copy, (leaf,), {}, None, root.place))
        return renamed

    def nest(self, body: list, indices: list[Var], dims: list, place: tuple) -> list:
        for index, dim in zip(reversed(indices), reversed(dims), strict=True):
            trips = self.var("trips", types.int64)
            body = [For(index, Const(0), dim, Const(1), [], Block(body), None, trips, place, independent=True)]
        return body

    def accumulate(self, body: list, element: object, target: Var, indices: list, dims: list, place: tuple) -> list:
        """A loop nest that adds `element` to an accumulator; its value after it is `target`."""
        ty = target.type
        start: object = Const(0.0)
        before = []
        if ty == types.float32:  # a number of Python's would make it float64
            start = self.var("zero", ty)
            before = [Op(start, np.float32, (Const(0.0),), {}, None, place)]
        depth = len(indices)
        params = [self.var("total", ty) for _ in range(depth)]
        last = self.var("total", ty)
        body.append(Op(last, vector_math.add, (params[-1], element), {}, None, place))
        result: object = last
        for k in range(depth - 1, -1, -1):
            init = start if k == 0 else params[k - 1]
            after = target if k == 0 else self.var("total", ty)
            carried = [Carried(params[k], init, result, after)]
            trips = self.var("trips", types.int64)
            body = [
                For(indices[k], Const(0), dims[k], Const(1), carried, Block(body), None, trips, place, independent=True)
            ]
            result = after
        return [*before, *body]

    def shape(self, leaves: list, ndim: int, out: list, place: tuple, stored_into: object = None) -> tuple[list, dict]:
        """Print what finds the common shape; return the sizes, and each operand as it is to be read.

        An array that is stored into keeps its shape, and the others have to fit it. The second result maps an operand
        to (array, axes on which its index is 0).
        """
        leaves = sorted(leaves, key=lambda x: x is not stored_into)
        fixed = {leaf: self.fixed_axes(leaf) if leaf is not stored_into else set() for leaf in leaves}
        common = broadcasting.common_size if stored_into is None else broadcasting.kept_size
        sizes: dict[tuple, Var] = {}
        candidates: list[list[Var]] = [[] for _ in range(ndim)]
        for leaf in leaves:
            n = type_of(leaf).ndim
            shape = None
            for k in range(n):
                if k in fixed[leaf]:
                    continue
                if shape is None:
                    shape = self.var("shape", types.UniTuple(types.int64, n))
                    out.append(Op(shape, "attr", (leaf,), {}, "shape", place))
                size = self.var("n", types.int64)
                out.append(Op(size, "getitem", (shape, Const(k)), {}, None, place))
                sizes[leaf, k] = size
                candidates[ndim - n + k].append(size)
        dims: list = []
        for found in candidates:
            if not found:
                dims.append(Const(1))
                continue
            size = found[0]
            for other in found[1:]:
                both = self.var("n", types.int64)
                out.append(Op(both, common, (size, other), {}, None, place))
                size = both
            dims.append(size)
        read = {}
        for leaf in leaves:
            n = type_of(leaf).ndim
            alone = all(len(candidates[ndim - n + k]) < 2 for k in range(n) if k not in fixed[leaf])
            read[leaf] = (leaf, fixed[leaf])
            if not alone:
                own = [dims[ndim - n + k] if k not in fixed[leaf] else Const(1) for k in range(n)]
                read[leaf] = (self.stretched(leaf, own, sizes, out, place), fixed[leaf])
        return dims, read

    def fixed_axes(self, leaf: object) -> set[int]:
        """Return the axes of an operand that np.newaxis made."""
        op = self.definer.get(leaf) if isinstance(leaf, Var) else None
        if op is None or op.fn != "view":
            return set()
        axes, k = set(), 0
        for i in op.args[1:]:
            if i == Const(None):
                axes.add(k)
                k += 1
            elif isinstance(i, Slice):
                k += 1
            elif isinstance(i, ir.Global):
                return set()
        return axes

    def stretched(self, leaf: object, own: list, sizes: dict, out: list, place: tuple) -> object:
        """Return an operand that fits: itself, or a copy in which axes of length 1 are repeated."""
        fits: object = None
        for k, size in enumerate(own):
            if (leaf, k) not in sizes or sizes[leaf, k] is size:
                continue
            same = self.var("fits", types.boolean)
            out.append(Op(same, operator.eq, (sizes[leaf, k], size), {}, None, place))
            if fits is not None:
                both = self.var("fits", types.boolean)
                out.append(Op(both, operator.and_, (fits, same), {}, None, place))
                same = both
            fits = same
        if fits is None:
            return leaf
        ty = type_of(leaf)
        name = getattr(leaf, "name", "item")
        copied = self.var(name, types.Array(ty.dtype, ty.ndim, "C"))
        merged = self.var(name, types.Array(ty.dtype, ty.ndim, "C" if ty.layout == "C" else "A"))
        before = tuple(sizes.get((leaf, k), Const(1)) for k in range(ty.ndim))
        args = (leaf, TupleOf(tuple(own)), TupleOf(before))
        stretch = Op(copied, broadcasting.stretch, args, {}, None, place)
        out.append(If(fits, Block(), Block([stretch]), [Phi(merged, leaf, copied)], place))
        return merged


def _looped(root: Op) -> object:
    """Return the array over whose elements a group runs."""
    return root.target if is_elementwise(root) else root.args[0]


def _writes(stmt: object) -> bool:
    """Whether a statement may write into an array."""
    return any(may_be_written_by(s) for s in ir.walk(Block([stmt])) if isinstance(s, Op))
