"""Array operations that are active, brought down to loops and to array-level primitives.

Composites (`rules.composites`) are lowered like any function of the user's and inlined in place. Accesses by index
arrays become loops (`indexing`). Matrix products and solves become the primitive for their numbers of dimensions.
What is not active stays as it is. Types are inferred anew afterwards.
"""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...errors import DualadError, UnsupportedError, at
from ...rules import along_axes, assembly, composites, linear_algebra, matrices, reductions
from .. import ir
from ..analysis.activity import Activity
from ..ir import Const, Function, Namer, Op, Place, Var
from ..ir.callees import PLAIN, library_name
from ..ir.effects import may_change_memory
from ..ir.kinds import is_array, is_complex, type_of
from ..ir.of_types import like
from ..ir.operations import VIEWS
from ..ir.renaming import rename, rename_everywhere, rename_in
from ..lowering.entries import Generated, flat
from ..lowering.lower import Lowering
from ..lowering.nested_primitives import Derived
from ..runtime.numba_bridge.kernels import Elementwise
from .fuse import is_reduction
from .indexing import Indexing

_PRODUCTS = {
    (1, 1): linear_algebra.inner,
    (2, 1): linear_algebra.matrix_vector,
    (1, 2): linear_algebra.vector_matrix,
    (2, 2): linear_algebra.matrix_matrix,
}
_MOST_EXPANSIONS = 50
"""How often in a row an operation may be replaced by others; np.corrcoef, the longest, takes 12 steps."""
_SOLVES = {1: linear_algebra.solve_vector, 2: linear_algebra.solve_matrix}


def expand(function: Function, activity: Activity, namer: Namer) -> bool:
    """Expand active array operations once (in place); True if there were any."""
    expander = _Expander(activity, namer)
    ir.rewrite(function.body, expander.change)
    rename_everywhere(function, expander.renamed)
    return expander.changed


class _Expander:
    def __init__(self, activity: Activity, namer: Namer):
        self.activity = activity
        self.namer = namer
        self.renamed: dict[Var, object] = {}
        self.several: dict[Var, object] = {}
        self.changed = False

    def change(self, op: Op) -> list:
        new = self.expansion(op)
        if new is None:
            return [op]
        self.changed = True
        depth = getattr(op.place, "depth", 0) + 1
        if depth > _MOST_EXPANSIONS:
            what = getattr(op.place, "call", "") or library_name(op.fn)
            raise DualadError(at(f"internal: what stands for {what} leads back to {library_name(op.fn)}", *op.place))
        for stmt in ir.walk(ir.Block(new)):
            stmt.place = Place.of(stmt.place, depth=depth)
        return new

    def expansion(self, op: Op) -> list | None:
        fn = op.fn
        if fn == "item" and op.args[0] in self.several:
            self.renamed[op.target] = self.several[op.args[0]][op.args[1].value]
            return []
        if not isinstance(fn, Derived) and any(is_complex(v) and self.activity.is_varied(v) for v in ir.op_vars(op)):
            return None  # what stands in its place is for real numbers
        if fn in ("setitem", "augitem") and is_array(op.args[0]) and any(is_array(i) for i in op.args[1:-1]):
            return self.store(op) if self.activity.active(op.args[0]) else None
        if fn is np.fill_diagonal:
            if type_of(op.args[0]).ndim > 3:
                raise UnsupportedError(at("np.fill_diagonal of more than 3 dimensions is not supported", *op.place))
            return self.inline(matrices.fill_diagonal, Op(None, fn, op.args, place=op.place), list(op.args), op.kwargs)
        if fn == "inplace" and self.activity.active(op.args[0]):
            result = Var(self.namer.fresh("t"))
            operation = Op(result, PLAIN[op.detail], op.args, {}, None, op.place)
            return [operation, Op(None, "assign", (op.args[0], result), {}, None, op.place)]
        if not self.activity.active(op.target):
            return self.inactive_sum(op) if fn is np.sum and "axis" in op.kwargs else None
        if fn is sum and is_array(op.args[0]):
            return [Op(op.target, np.sum, op.args, {}, None, op.place)]
        if fn in reductions.OF_ITEMS and len(op.args) == 1:
            return self.inline(reductions.OF_ITEMS[fn], op, list(op.args))
        if fn == "gather":
            return Indexing(self.namer).gather(op)
        if fn == "method" and op.detail == "astype" and is_array(op.args[0]):
            return self.inline(assembly.astype, op, list(op.args), op.kwargs)
        if isinstance(fn, str):
            return None
        if isinstance(fn, Elementwise):
            return None if is_array(op.target) else self.called_with_numbers(op)
        if isinstance(fn, Derived):
            return self.derived(op) if fn.kind == "value" else None
        if fn in (np.dot, operator.matmul):
            dims = tuple(type_of(a).ndim if is_array(a) else 0 for a in op.args)
            if dims in _PRODUCTS:
                return [Op(op.target, _PRODUCTS[dims], op.args, {}, None, op.place)]
        if fn is np.linalg.solve:
            return [Op(op.target, _SOLVES[type_of(op.args[1]).ndim], op.args, {}, None, op.place)]
        if fn is np.outer and self.is_plain_outer(op):
            return [Op(op.target, linear_algebra.outer_product, op.args, {}, None, op.place)]
        if is_reduction(op):
            return None  # the fuser's
        written = composites.find(fn)
        if written is None:
            return None
        if fn in VIEWS and self.activity.aliases.is_written(op.target):
            what = f"{library_name(fn)} of an array that is written into is not supported: copy the array first"
            raise UnsupportedError(at(what, *op.place))
        return self.inline(written, op, list(op.args), op.kwargs)

    def store(self, op: Op) -> list:
        """Store by an index with arrays; an augmented store reads all, computes, then stores all."""
        base, *index, value = op.args
        if op.fn == "setitem":
            return Indexing(self.namer).scatter(op)
        old, new = Var(self.namer.fresh("t")), Var(self.namer.fresh("t"))
        return [
            Op(old, "getitem", (base, *index), {}, None, op.place),
            Op(new, PLAIN[op.detail], (old, value), {}, None, op.place),
            Op(None, "setitem", (base, *index, new), {}, None, op.place),
        ]

    def inactive_sum(self, op: Op) -> list | None:
        """A sum along an axis that carries no derivative is a loop as well: Numba takes seconds to compile its own."""
        array, axis = op.args[0], op.kwargs["axis"]
        if len(op.args) > 1 or len(op.kwargs) > 1 or not (isinstance(axis, Const) and is_array(array)):
            return None
        written = along_axes.sum_along(like(array, type_of(array)), axis.value)
        return self.inline(written, op, [array])

    @staticmethod
    def is_plain_outer(op: Op) -> bool:
        """Whether np.outer is that of two vectors of one dtype, which the BLAS multiplies with others."""
        dtypes = {type_of(a).dtype for a in op.args if is_array(a) and type_of(a).ndim == 1}
        return all(map(is_array, op.args)) and len(dtypes) == 1 and all(type_of(a).ndim == 1 for a in op.args)

    def inline(self, written: object, op: Op, args: list, kwargs: dict | None = None) -> list:
        """Return the statements of a function called in place of an operation."""
        low = Lowering(self.namer)
        low.origin = op.place
        result = low.library_call(written, op.fn, args, kwargs or {}, None)
        statements = low.block.statements
        if op.target is None:
            return statements
        ty = op.target.type.type if isinstance(op.target.type, types.Optional) else op.target.type
        if getattr(ty, "ndim", 1) == 0:
            what = f"{library_name(op.fn)} with a 0-dimensional array as its result is not supported"
            raise UnsupportedError(at(f"{what}: use numbers, or arrays of at least one dimension", *op.place))
        own = {s.target for s in ir.walk(low.block) if isinstance(s, Op) and s.fn == "attr" and s.detail == "dtype"}
        dtype = getattr(ty, "dtype", ty)
        if isinstance(dtype, types.Float):  # the result has the dtype that Numba gives it
            for stmt in ir.walk(low.block):
                if isinstance(stmt, Op):
                    stmt.args = tuple(ir.Global(getattr(np, str(dtype))) if a in own else a for a in stmt.args)
            statements = [*statements, Op(op.target, "cast", (result,), {}, ty, op.place)]
        else:
            self.renamed[op.target] = result
        return statements

    def called_with_numbers(self, op: Op) -> list:
        """Return the statements of the function of numbers behind a ufunc, in place of its call."""
        low = Lowering(self.namer)
        expected, _ = op.fn.signature(tuple(type_of(a) for a in op.args))
        args = [
            a if type_of(a) == ty else low.emit("cast", (a,), None, "t", None, ty)
            for a, ty in zip(op.args, expected, strict=True)
        ]
        low.origin = op.place
        value = low.function_value(op.fn.kernel)
        low.origin = None
        result = low.as_operand(low.call_function(value, args, {}, None), None)
        return [*low.block.statements, Op(op.target, "cast", (result,), {}, op.target.type, op.place)]

    def derived(self, op: Op) -> list:
        """Return the statements of a derivative in place of its call.

        What derivatives return and what they are given are different arrays, and they leave the latter alone, whatever
        their functions do.
        """
        low = Lowering(self.namer)
        low.origin = op.place
        own = [] if isinstance(op.fn.entry, Generated) else [a for a in op.args if is_array(a)]
        copies = {a: Var(self.namer.fresh("own"), type_of(a)) for a in own}
        given = [copies.get(a, a) for a in op.args]
        result = flat(op.fn.entry.call(low, given, tuple(type_of(a) for a in op.args)))
        if any(isinstance(s, Op) and may_change_memory(s) for s in ir.walk(low.block)):
            before = [Op(new, "snapshot", (a,), {}, None, op.place) for a, new in copies.items()]
            low.block.statements[:0] = before
        else:
            same = {new: a for a, new in copies.items()}
            for stmt in ir.walk(low.block):
                rename_in(stmt, same)
            result = [rename(x, same) for x in result]
        if own:
            result = [low.emit("snapshot", (x,), None, x.name) if isinstance(x, Var) else x for x in result]
        if len(result) == 1:
            self.renamed[op.target] = result[0]
        self.several[op.target] = result
        if low.units.recursive:
            what = f"a derivative other than grad of a recursive function, inside another ({op.fn.entry.name})"
            remedy = "take its gradient, or write the recursion as a loop"
            raise UnsupportedError(at(f"{what}, is not supported: {remedy}", *op.place))
        return low.block.statements
