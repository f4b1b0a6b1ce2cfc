"""The sizes of arrays, from how the arrays are made: one name for one size.

Fused loops ask each operand for its sizes, and whether they agree. Where the sizes of two arrays are the same number by
construction, one stands for both, and what is asked of them is known::

    t = np.dot(a, b);  n = t.shape[0]               n = a.shape[0]
    fits = n == a.shape[0]                          (true: no test, no branch)

So sizes do not change in loops in which arrays are made anew, and the reverse sweep makes an adjoint array without
keeping another one for its shape.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import types

from ...rules import broadcasting, linear_algebra
from .. import ir
from ..ir import UNDEFINED, Block, Const, For, Function, If, Namer, Op, Slice, TupleOf, Var, While
from ..ir.kinds import is_array, is_integer, type_of
from ..ir.operations import LIKE, OF_SIZES
from ..ir.renaming import rename_everywhere
from ..lowering.chunks import Chunked
from ..lowering.nested_primitives import Derived

_DEEPEST = 16  # of the formulas for sizes
_ALL = Slice(Const(None), Const(None), Const(None))
_PRODUCTS = {
    linear_algebra.matrix_matrix: ((0, 0), (1, 1)),  # for each axis, which argument has it, and where
    linear_algebra.matrix_vector: ((0, 0),),
    linear_algebra.vector_matrix: ((1, 1),),
    linear_algebra.outer_product: ((0, 0), (1, 0)),
    linear_algebra.solve_vector: ((1, 0),),
    linear_algebra.solve_matrix: ((1, 0), (1, 1)),
}


@dataclass(frozen=True)
class Size:
    """The length of an axis of an array, of which nothing else is known."""

    array: Var
    axis: int


class Sizes:
    """What is known of the sizes of a function's arrays: variables, constants, and sizes of other arrays."""

    def __init__(self, function: Function):
        self.definer: dict[Var, object] = {}
        self._found: dict[tuple[Var, int], object] = {}
        self._kept: dict[tuple[Var, int], ir.Carried] = {}
        for stmt in ir.walk(function.body):
            for v in ir.defined_by(stmt):
                self.definer[v] = stmt
            if isinstance(stmt, For | While):
                self.definer.update((c.param, stmt) for c in stmt.carried)
                arrays = [c for c in stmt.carried if _is_variable(c.init) and _is_variable(c.yielded)]
                self._kept.update(((c.param, k), c) for c in arrays for k in range(type_of(c.param).ndim))
        self._settle()

    def _settle(self) -> None:
        """Find the loops that hand on arrays of one size: all of them, until one is found not to."""
        while True:
            wrong = [(x, k) for (x, k), c in self._kept.items() if self.of(c.init, k) != self.of(c.yielded, k)]
            if not wrong:
                return
            for key in wrong:
                del self._kept[key]
            self._found.clear()

    def of(self, x: Var, axis: int) -> Var | Const | Size:
        """Return the length of an axis of an array, by the first name that it has."""
        if (x, axis) not in self._found:
            self._found[x, axis] = self._size(x, axis)
        return self._found[x, axis]

    def value(self, n: object) -> Var | Const | Size:
        """Return an integer by the first name that it has as a size."""
        op = self.definer.get(n) if isinstance(n, Var) else None
        if not isinstance(op, Op) or op.kwargs:
            return n
        if op.fn is len or (op.fn == "attr" and op.detail == "size"):
            x = op.args[0]
            return self.of(x, 0) if _is_variable(x) and (op.fn is len or type_of(x).ndim == 1) else n
        if op.fn == "getitem" and isinstance(op.args[1], Const):
            x = self.shaped(op.args[0])
            return n if x is None else self.of(x, op.args[1].value % type_of(x).ndim)
        return self._common(n, *map(self.value, op.args)) if op.fn is broadcasting.common_size else n

    def _common(self, n: Var, a: object, b: object) -> object:
        """Return the common size `n` of two axes by its first name."""
        if a == b or b == Const(1):
            return a
        if a == Const(1):
            return b
        for one, other in ((a, b), (b, a)):  # of a and what a and c have in common
            op = self.definer.get(one) if isinstance(one, Var) else None
            if isinstance(op, Op) and op.fn is broadcasting.common_size and other in map(self.value, op.args):
                return one
        return n

    def shaped(self, shape: object) -> Var | None:
        """Return the array whose shape a tuple is."""
        op = self.definer.get(shape) if isinstance(shape, Var) else None
        is_shape = isinstance(op, Op) and op.fn == "attr" and op.detail == "shape"
        return op.args[0] if is_shape and _is_variable(op.args[0]) else None

    def _size(self, x: Var, axis: int) -> Var | Const | Size:
        stmt = self.definer.get(x)
        found: object = None
        if isinstance(stmt, Op):
            found = self._made(stmt, axis)
        elif isinstance(stmt, If):
            found = self._merged(stmt, next(p for p in stmt.phis if p.target is x), axis)
        elif stmt is not None:
            c = next(c for c in stmt.carried if x in (c.param, c.result))
            found = self.of(c.init, axis) if (c.param, axis) in self._kept else None
        is_size = isinstance(found, Size | Var) or (isinstance(found, Const) and type(found.value) is int)
        return found if is_size and (isinstance(found, Size) or is_integer(found)) else Size(x, axis)

    def _made(self, op: Op, axis: int) -> object:
        ndim = type_of(op.target).ndim
        if op.fn in LIKE and is_array(op.args[0]):
            return self.of(op.args[0], axis) if type_of(op.args[0]).ndim == ndim else None
        if op.fn in OF_SIZES or op.fn is broadcasting.stretch:
            shape = op.kwargs.get("shape") if not op.args else op.args[1 if op.fn is broadcasting.stretch else 0]
            return self._item(shape, axis)
        if op.fn is np.eye and not op.kwargs:
            given = op.args[axis] if axis < len(op.args) and op.args[axis] != Const(None) else op.args[0]
            return self._int64(given)
        if op.fn in _PRODUCTS:
            k, own = _PRODUCTS[op.fn][axis]
            return self.of(op.args[k], own) if _is_variable(op.args[k]) else None
        if (
            op.fn == "item"
            and (size := self._of_chunks(self.definer.get(op.args[0]), op.args[1].value, axis)) is not None
        ):
            return size
        x = self._differentiated(op)
        if x is not None:
            return self.of(x, axis) if _is_variable(x) else None
        if op.fn is np.transpose and len(op.args) == 1 and not op.kwargs and _is_variable(op.args[0]):
            return self.of(op.args[0], ndim - 1 - axis)
        if op.fn == "view" and _is_variable(op.args[0]):
            axes = shown_axes(op)
            if axes is not None and axes[axis] is not None:
                return self.of(op.args[0], axes[axis])
        return None

    def _of_chunks(self, op: object, number: int, axis: int) -> object:
        """Return the length of an axis of a result of what several threads share."""
        if not isinstance(op, Op) or not isinstance(op.fn, Chunked):
            return None
        r = op.fn.results[number]
        if r.role.kind == "own" and r.role.axis == axis:
            return self._int64(op.args[1])
        if r.role.kind == "own" and r.like is None:
            return self._int64(op.args[r.sizes[axis - (axis > r.role.axis)]])
        is_like = r.role.kind in ("own", "sum") and r.like is not None and op.fn.roles[r.like].kind != "part"
        return self.of(op.args[r.like], axis) if is_like and _is_variable(op.args[r.like]) else None

    def _differentiated(self, op: Op) -> object:
        """Return the argument that a gradient is taken by."""
        which = 0
        if op.fn == "item":
            op, which = self.definer.get(op.args[0]), op.args[1].value
        is_gradient = isinstance(op, Op) and isinstance(op.fn, Derived) and op.fn.kind == "grad"
        return op.args[op.fn.wrt[which]] if is_gradient else None

    def _item(self, shape: object, axis: int) -> object:
        if isinstance(shape, TupleOf):
            return self._int64(shape.items[axis])
        x = self.shaped(shape)
        return self.of(x, axis) if x is not None else self._int64(shape)

    def _int64(self, n: object) -> object:
        return self.value(n) if isinstance(n, Const) or (isinstance(n, Var) and n.type == types.int64) else None

    def _merged(self, stmt: If, phi: ir.Phi, axis: int) -> object:
        """The size that both sides have; a test that two sizes are equal makes one of both."""
        if not (_is_variable(phi.then) and _is_variable(phi.orelse)):
            return None
        a, b = self.of(phi.then, axis), self.of(phi.orelse, axis)
        return b if a == b or {a, b} in self._equal_if(stmt.test) else None

    def _equal_if(self, test: object) -> list[set]:
        """Return the pairs of sizes that are equal if a test holds."""
        op = self.definer.get(test) if isinstance(test, Var) else None
        if isinstance(op, Op) and op.fn is operator.and_:
            return [pair for x in op.args for pair in self._equal_if(x)]
        return [set(map(self.value, op.args))] if isinstance(op, Op) and op.fn is operator.eq else []


_ARITHMETIC = frozenset(
    {operator.add, operator.sub, operator.mul, operator.floordiv, broadcasting.common_size, max, min}
)


def formulas(function: Function, results: list) -> list:
    """Return formulas for the sizes of results in terms of the parameters, as `nested_primitives.Outcome` has them."""
    sizes = Sizes(function)
    params = {p: k for k, p in enumerate(function.params)}

    def formula(n: object, depth: int = 0) -> object:
        n = sizes.value(n)
        if isinstance(n, Const):
            return n.value if type(n.value) is int else None
        if isinstance(n, Size):
            return ("size", params[n.array], n.axis) if n.array in params else None
        if n in params:
            return "value", params[n]
        op = sizes.definer.get(n)
        if not isinstance(op, Op) or op.fn not in _ARITHMETIC or op.kwargs or depth > _DEEPEST:
            return None
        parts = [formula(x, depth + 1) for x in op.args]
        return None if None in parts else (op.fn, *parts)

    def of(x: object) -> tuple:
        if _is_variable(x):
            return tuple(formula(sizes.of(x, k)) for k in range(type_of(x).ndim))
        return x.value.shape if isinstance(x, ir.Global) else ()

    return [of(x) for x in results]


def shown_axes(view: Op) -> list[int | None] | None:
    """Return which axis of the array each axis of a view runs along as a whole.

    None in the list for a part of an axis or a new axis; None for views by other indices than numbers and slices.
    """
    base, *index = view.args
    if not is_array(base):  # an array out of a tuple
        return None
    axes: list[int | None] = []
    own = 0
    for i in index:
        if i == Const(None):
            axes.append(None)
            continue
        if isinstance(i, Slice):
            axes.append(own if i == _ALL else None)
        elif not is_integer(i):
            return None
        own += 1
    return axes + list(range(own, type_of(base).ndim))


def name_sizes(function: Function, namer: Namer) -> bool:
    """Give each size one name, and leave out what asks whether it is equal to itself (in place); True if any were."""
    return _Naming(function, namer).run()


class _Naming:
    def __init__(self, function: Function, namer: Namer):
        self.function = function
        self.namer = namer
        self.sizes = Sizes(function)
        self.names: dict[Size, Var] = {}
        self.renamed: dict[Var, object] = {}

    def run(self) -> bool:
        for stmt in ir.walk(self.function.body):
            if isinstance(stmt, Op) and stmt.target is not None and is_integer(stmt.target):
                self.name(stmt.target)
        self.block(self.function.body)
        arrays = [v for v in self.sizes.definer if is_array(v)]
        self.function.shapes = {v: tuple(self.sizes.of(v, k) for k in range(type_of(v).ndim)) for v in arrays}
        leaves = [leaf for leaf, _, _ in self.function.leaves if leaf not in self.sizes.definer]  # but unpacked ones
        front = [op for leaf in leaves for op in self.naming(leaf)]
        self.function.body.statements[:0] = front
        rename_everywhere(self.function, self.renamed)
        return bool(self.renamed)

    def name(self, n: Var) -> None:
        """Decide about an integer: it has another name as a size, gives one its name, or is none."""
        found = self.sizes.value(n)
        if n.type == types.boolean:
            self.simplify(n)
        elif not isinstance(found, Size):
            if found is not n:
                self.renamed[n] = found
        elif isinstance(self.sizes.definer.get(found.array), While):
            pass  # its name would be needed in the header and in the body of the loop
        elif found in self.names:
            self.renamed[n] = self.names[found]
        elif n.type == types.int64:
            self.names[found] = n

    def simplify(self, test: Var) -> None:
        """Leave out of a test what holds."""
        op = self.sizes.definer[test]
        if self.holds(test):
            self.renamed[test] = Const(True)
        elif op.fn is operator.and_:
            for one, other in (op.args, op.args[::-1]):
                if one == Const(True) or self.holds(one):
                    self.renamed[test] = other

    def naming(self, x: Var) -> Iterator[Op]:
        """Yield what finds the sizes of an array that have names."""
        sizes = [Size(x, k) for k in range(type_of(x).ndim)] if is_array(x) else []
        sizes = [s for s in sizes if s in self.names]
        if sizes:
            shape = Var(self.namer.fresh("shape"), types.UniTuple(types.int64, type_of(x).ndim))
            place = getattr(self.sizes.definer.get(x), "place", self.function.place)
            yield Op(shape, "attr", (x,), {}, "shape", place)
            for s in sizes:
                yield Op(self.names[s], "getitem", (shape, Const(s.axis)), {}, None, place)

    def block(self, block: Block) -> None:
        new: list = []
        moved = set(self.names.values())  # to where the array is made
        for stmt in block:
            if isinstance(stmt, Op) and (stmt.target in self.renamed or stmt.target in moved):
                continue
            for inner in ir.blocks_of(stmt):
                self.block(inner)
            if isinstance(stmt, For):
                stmt.body.statements[:0] = [op for c in stmt.carried for op in self.naming(c.param)]
            chosen = self.chosen(stmt)
            if chosen is None:
                new.append(stmt)
                new += [op for v in ir.defined_by(stmt) for op in self.naming(v)]
            else:
                new += chosen
        block.statements = new

    def chosen(self, stmt: object) -> list | None:
        """Return the statements of the branch that is taken in any case, if the sizes tell."""
        if not isinstance(stmt, If) or not self.holds(stmt.test):
            return None
        self.renamed.update((p.target, p.then) for p in stmt.phis)
        return stmt.then.statements

    def holds(self, test: object) -> bool:
        """Whether a test asks for nothing but that sizes are equal which are."""
        op = self.sizes.definer.get(test) if isinstance(test, Var) else None
        if not isinstance(op, Op):
            return test == Const(True)
        if op.fn is operator.and_:
            return all(map(self.holds, op.args))
        return op.fn is operator.eq and all(map(is_integer, op.args)) and len(set(map(self.sizes.value, op.args))) == 1


def _is_variable(x: object) -> bool:
    return x is not UNDEFINED and isinstance(x, Var) and is_array(x)
