"""What operations on whole arrays do to the sets of a sparsity pattern: they place them, or mix them all.

A product of matrices mixes rows and columns; a matrix that is the same everywhere counts with its zeros. Any other
primitive, such as a solve, gives an array of which each element depends on all. What its shape is, it says itself, of
numbers in the place of those that are not known.
"""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...rules import gather, linear_algebra, matrices, ordering, registry, selection, sequences
from ...rules.broadcasting import stretch
from .. import ir
from ..ir import Const, Op, Var
from ..ir.boundary import touches_object
from ..ir.callees import library_name
from ..ir.kinds import is_array, is_memory, is_number, type_of
from ..ir.operations import ALLOCATIONS, COPIES, LIKE, OF_SIZES, VIEWS
from ..lowering.nested_primitives import Derived
from .derivative_text import fill_value

_MOVES = frozenset({stretch, matrices.matrix_with_diagonal, matrices.lower_triangle, matrices.upper_triangle})
"""Linear rules that place elements of their first argument, and zeros."""

_SHAPED_LIKE_THE_FIRST = frozenset({np.argsort, ordering.sorted_places, ordering.partitioned_places, gather.positions})
"""What gives integers and booleans in a number that depends on sizes alone."""
_PRODUCTS = frozenset(
    {
        linear_algebra.matrix_vector,
        linear_algebra.vector_matrix,
        linear_algebra.matrix_matrix,
        linear_algebra.outer_product,
    }
)


class ArrayDependence:
    """The part of `Dependence` that prints operations with arrays and lists as their results."""

    def memory(self, op: Op) -> None:
        """Print the sets of an array or a list."""
        target, fn = op.target.name, op.fn
        rule = None if isinstance(fn, str) else registry.find(fn)
        if fn in ALLOCATIONS:
            self.line(f"{target} = {self.allocation(op)}")
        elif fn == "list" and op.detail != "empty":
            self.line(f"{target} = [{', '.join(map(self.set_of, op.args))}]")
        elif fn == "list":
            self.line(f"{target} = [{', '.join(map(self.set_of, op.args))}][:0]")
        elif fn == "pack":
            sets = tuple(Var(self.set_of(a)) for a in op.args)
            self.line(f"{target} = {self.expression(Op(op.target, fn, sets, {}, op.detail))}")
        elif fn in COPIES:
            self.line(f"{target} = {self.expression(Op(op.target, fn, (Var(self.set_of(op.args[0])),)))}")
        elif fn in VIEWS or fn in ("view", "getitem", "part"):
            self.view(op)
        elif isinstance(fn, Derived):
            self.gradient(op)
        elif touches_object(op) or not any(map(self.uncertain, ir.op_vars(op))):  # arrays that nobody gave
            text = self.expression(op)
            self.line(f"{target} = {self.call('no_sets', text)}")
        elif fn in _MOVES and self.has_sets(op.args[0]) and self.has_certain_index(op.args[1:]):
            self.primal(op)
        elif fn is selection.pick:
            self.pick(op)
        elif fn is sequences.running_sum and type_of(op.args[0]).ndim == 1:
            self.line(f"{target} = {self.call('running_unions', self.sets, self.set_of(op.args[0]))}")
        elif fn in _PRODUCTS:
            self.product(op, rule)
        elif rule is not None or fn is operator.matmul or fn is np.dot:
            given = tuple(Var(self.stand_in(a)) for a in op.args)
            kwargs = {k: Var(self.stand_in(a)) for k, a in op.kwargs.items()}
            shown = self.expression(Op(op.target, fn, given, kwargs, op.detail))
            self.line(f"{target} = {self.call('each_with', shown, self.mixed(op, rule))}")
        else:
            raise self.dense(f"what {fn if isinstance(fn, str) else library_name(fn)} gives", op.place)

    def allocation(self, op: Op) -> str:
        if op.fn in OF_SIZES:
            shape = op.args[0] if op.args else op.kwargs["shape"]
            if self.uncertain(shape):
                raise self.dense("the size of an array", op.place)
            shape = self.operand(shape)
        else:
            shape = f"{self.operand(op.args[0])}.shape"
        if op.fn in (np.full, np.full_like) and self.active(fill_value(op)):
            return f"np.full({shape}, {self.set_of(fill_value(op))})"
        return f"np.zeros({shape}, np.int64)"

    def view(self, op: Op) -> None:
        index = op.args[1:] if op.fn != "part" else ()
        if any(map(self.uncertain, op.args[1:])):
            raise self.dense("which part of an array is looked at" if index else "the size of an array", op.place)
        if self.in_doubt and op.fn in ("view", "getitem") and any(is_number(i) for i in index):
            op = Op(op.target, op.fn, (op.args[0], *self.places_within(op.args[0], index, op)), {}, op.detail, op.place)
        self.primal(op)

    def places_within(self, x: Var, index: tuple, op: Op) -> list:
        """Return an index with numbers that are within the array, where those of a branch not taken may not be."""
        if not is_array(x) or any(isinstance(i, ir.Global) for i in index):
            raise self.dense("which part of a list or an array is looked at", op.place)
        parts, axis = [], 0
        for i in index:
            is_place = is_number(i)
            parts.append(Var(self.call("place_within", self.operand(i), f"{x.name}.shape[{axis}]")) if is_place else i)
            axis += i != Const(None)
        return parts

    def pick(self, op: Op) -> None:
        x, index = op.args
        if self.uncertain(index):
            self.line(f"{op.target.name} = {self.call('each_with', index.name, self.all_of(x))}")
        else:
            self.line(
                f"{op.target.name} = {self.operand(Var(self.scope.callable_name(op.fn)))}"
                f"({self.set_of(x)}, {self.operand(index)})"
            )

    def gradient(self, op: Op) -> None:
        """A gradient has the shape of what it is taken by, and depends on all."""
        found = self.fresh("mixed")
        self.line(f"{found} = {self.mixed(op, None)}")
        parts = [op.args[k] for k in op.fn.wrt]
        texts = [self.call("each_with", self.operand(x), found) if is_array(x) else found for x in parts]
        text = texts[0] if op.fn.count == 1 else f"({', '.join(texts)})"
        self.line(f"{op.target.name} = {text}")

    def product(self, op: Op, rule: registry.Rule) -> None:
        """A product of matrices and vectors: row by row, column by column; of constants, their zeros count."""
        a, b = op.args
        if self.second and self.active(a) and self.active(b):
            self.interact(self.all_of(a), self.all_of(b))
        matrix, vector = (a, b) if op.fn is linear_algebra.matrix_vector else (b, a)
        is_pair = op.fn in (linear_algebra.matrix_matrix, linear_algebra.outer_product)
        if not is_pair and not self.uncertain(matrix):
            turned = "" if matrix is a else ".T"
            text = self.call("times_constant", self.sets, self.operand(matrix) + turned, self.set_of(vector))
        elif op.fn is linear_algebra.outer_product:
            text = self.call("each_and_each", self.sets, self.set_of(a), self.set_of(b))
        else:
            rows = self.call("rows_of", self.sets, self.set_of(a)) if type_of(a).ndim == 2 else self.one(a)
            columns = self.call("rows_of", self.sets, f"{self.set_of(b)}.T") if type_of(b).ndim == 2 else self.one(b)
            text = self.call("each_and_each", self.sets, rows, columns) + ("" if is_pair else ".reshape(-1)")
        self.line(f"{op.target.name} = {text}")

    def one(self, x: Var) -> str:
        return f"np.array([{self.all_of(x)}])"

    def uncertain_integers(self, op: Op) -> None:
        """Integers and booleans that are not known have no value here, arrays of them a shape."""
        if isinstance(op.target.type, types.BaseTuple) and any(isinstance(t, types.Array) for t in op.target.type):
            raise self.dense(f"what {library_name(op.fn)} gives", op.place)
        if not is_memory(op.target):
            return
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        if op.fn in _SHAPED_LIKE_THE_FIRST:
            self.line(f"{op.target.name} = {self.call('no_sets', op.args[0].name)}")
        elif op.fn in OF_SIZES and not any(map(self.uncertain, op.args[:1])):
            self.primal(op)
        elif op.fn in LIKE or op.fn in VIEWS or (rule is not None and rule.elementwise):
            given = tuple(Var(self.stand_in(a)) if isinstance(a, Var) else a for a in op.args)
            self.line(f"{op.target.name} = {self.expression(Op(op.target, op.fn, given, op.kwargs, op.detail))}")
        elif op.fn in ("getitem", "view") and self.has_certain_index(op.args[1:]):
            self.primal(op)
        else:
            raise self.dense(f"what {library_name(op.fn)} gives" if not isinstance(op.fn, str) else "values", op.place)

    def decomposition(self, op: Op) -> None:
        """What other primitives share of an array-level one: a tuple, of which the shapes count."""
        if self.active(op.target) or op.kwargs:
            raise self.dense("a tuple of arrays", op.place)
        given = tuple(Var(self.stand_in(a)) for a in op.args)
        self.line(f"{op.target.name} = {self.expression(Op(op.target, op.fn, given, {}, op.detail))}")
