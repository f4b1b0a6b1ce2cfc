"""Calls of library functions that are written out while a function is lowered.

Functions with several results, or whose result is a part of their argument, stand in `rules` as compositions of others
(`composites.written_out`). np.split and its relatives give lists of views, as many as are known at compile time:
np.split(x, 3, axis=1) becomes ``[x[:, a:b], x[:, b:c], x[:, c:d]]``. These are made when the number of dimensions is
known (`normalise`); until then each is an operation "part".
"""

from __future__ import annotations

import ast
import operator

import numpy as np

from ...rules import assembly, by_types, moving, selection
from ...rules.random_numbers import REPARAMETERISED
from ..ir import Const, Place, TupleOf, Var
from ..ir.callees import library_name
from .values import OPERANDS, ListOf, Static

_MAX_PARTS = 64
AXES = {np.split: 0, np.array_split: 0, np.vsplit: 0, np.hsplit: None, np.dsplit: 2}
"""The functions that split, with their axis; that of np.hsplit is 0 or 1, as the array has one or more dimensions."""


class LibraryCalls:
    """The part of `Lowering` that writes library functions out."""

    def refuse_in_place(self, f: object, args: list, kwargs: dict, node: ast.AST) -> None:
        """Refuse the option by which np.nan_to_num writes into its argument."""
        copies = kwargs.get("copy", args[1] if len(args) > 1 else Const(True)) if f is np.nan_to_num else Const(True)
        if copies != Const(True):
            raise self.fail(node, "np.nan_to_num with copy=False", "assign the result: x[...] = np.nan_to_num(x)")

    def library_call(self, written: object, f: object, args: list, kwargs: dict, node: ast.AST | None) -> object:
        """Inline what dualad has written for a library function; its place is that of the user's call."""
        value = self.function_value(written)
        value.stands_for = library_name(f)
        outer = self.origin
        self.origin = Place.of(self.place(node), value.name)
        try:
            return self.call_function(value, args, kwargs, node)
        finally:
            self.origin = outer

    def drawn(self, f: object, args: list, kwargs: dict, node: ast.Call) -> object:
        """Return a random number whose parameters may carry derivatives; None for other functions, and constants."""
        if not isinstance(getattr(f, "__self__", None), np.random.RandomState) or f not in REPARAMETERISED:
            return None
        parameters = [v for v in (*args[:2], *(v for k, v in kwargs.items() if k != "size"))]
        if all(isinstance(v, Const) for v in parameters):
            return None
        if any(not isinstance(v, Const) and self.dimensions_of(v, node) > 0 for v in parameters):
            remedy = "draw standard numbers of that shape, and scale and shift them"
            raise self.fail(node, f"{ast.unparse(node.func)} with arrays as parameters", remedy)
        return self.library_call(REPARAMETERISED[f], f, [Static(f), *args], kwargs, node)

    def flattened(self, arrays: object, node: ast.AST) -> TupleOf:
        """Return the arrays of a display, flat: what np.concatenate joins along no axis."""
        if not isinstance(arrays, TupleOf | ListOf):
            raise self.fail(node, "np.concatenate of this value", "list the arrays: np.concatenate((x, y), None)")
        return TupleOf(tuple(self.emit(np.ravel, (self.as_operand(a, node),), node) for a in arrays.items))

    def at_places(self, f: object, args: list, node: ast.AST) -> object:
        """Lower np.add.at and np.subtract.at; None for other functions."""
        ufunc = getattr(f, "__self__", None)
        if not isinstance(ufunc, np.ufunc) or f.__name__ != "at":
            return None
        known = [self.dimensions_of(self.as_operand(a, node), node) for a in args]
        if ufunc not in (np.add, np.subtract) or len(args) != 3 or known[1] != 1:
            what = f"np.{ufunc.__name__}.at of such arguments"
            raise self.fail(node, what, "write the loop, or use np.add.at(a, indices, b) with one array of integers")
        values = args[2] if ufunc is np.add else self.operation(operator.neg, (self.as_operand(args[2], node),), node)
        return self.library_call(assembly.add_at if known[2] else assembly.add_one_at, f, [*args[:2], values], {}, node)

    def piecewise(self, args: list, kwargs: dict, node: ast.AST) -> Var:
        """Lower np.piecewise: each function is called with the elements that its condition picks."""
        x, conditions, functions, *rest = args
        x = self.as_operand(x, node)
        if not isinstance(conditions, TupleOf | ListOf) or not isinstance(functions, TupleOf | ListOf):
            raise self.fail(node, "np.piecewise of these arguments", "list the conditions and the functions")
        if not self.dimensions_of(x, node):
            raise self.fail(node, "np.piecewise of a number", "use `if`")
        masks = [self.as_operand(c, node) for c in conditions.items]
        if len(functions.items) == len(masks) + 1:
            found = masks[0]
            for mask in masks[1:]:
                found = self.operation(operator.or_, (found, mask), node, "mask")
            masks.append(self.operation(np.logical_not, (found,), node, "mask"))
        if len(functions.items) != len(masks) or not masks:
            raise self.fail(
                node, "np.piecewise of these arguments", "give a function for each condition, and perhaps one"
            )
        out = self.emit(np.zeros_like, (x,), node, "out")
        for mask, function in zip(masks, functions.items, strict=True):
            if isinstance(function, OPERANDS):
                value = function
            else:
                value = self.call_value(function, [self.emit("getitem", (x, mask), node, "x"), *rest], kwargs, node)
            self.effect("setitem", (out, mask, self.as_operand(value, node)), node)
        return out

    @staticmethod
    def without_defaults(f: object, kwargs: dict) -> dict:
        """Return keyword arguments without those that say what goes without saying, which Numba may not know."""
        declared = by_types.find(f)
        defaults = {} if declared is None else declared.defaults()
        return {
            k: v
            for k, v in kwargs.items()
            if not (
                isinstance(v, Const) and k in defaults and type(v.value) is type(defaults[k]) and v.value == defaults[k]
            )
        }

    def joined(self, joiner: object, node: ast.Subscript) -> Var:
        """Return np.r_[...] or np.c_[...]: a call of what does the same; slices are ranges of numbers."""
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        items = []
        for p in parts:
            if not isinstance(p, ast.Slice):
                items.append(self.sequence(self.expr(p), node))
                continue
            bounds = [Const(default) if x is None else self.operand(x) for x, default in
                      ((p.lower, 0), (p.upper, None), (p.step, 1))]  # fmt: skip
            if bounds[1] == Const(None):
                raise self.fail(p, "a slice without an end here", "say where it ends, or use np.arange")
            items.append(self.emit(np.arange, tuple(bounds), node))
        function = moving.as_rows if joiner is np.r_ else moving.as_columns
        return self.emit(function, tuple(items), node)

    def split(self, f: object, args: list, kwargs: dict, node: ast.AST) -> ListOf:
        """Return the parts of an array."""
        given = dict(zip(("ary", "indices_or_sections", "axis"), args, strict=False)) | kwargs
        name, sections = library_name(f), given.get("indices_or_sections")
        axis = given.get("axis", Const(AXES[f]))
        if not isinstance(axis, Const):
            raise self.fail(node, f"{name} along an axis known only at run time", "write a constant axis")
        x = self.as_operand(given.get("ary"), node)
        if isinstance(sections, Const) and isinstance(sections.value, int):
            if not 0 < sections.value <= _MAX_PARTS:
                raise self.fail(node, f"{name} into {sections.value} parts", f"make it 1 to {_MAX_PARTS}")
            bounds = self.equal_parts(f, x, sections.value, axis, node)
        elif isinstance(sections, TupleOf | ListOf):
            bounds = [Const(None), *(self.as_operand(i, node) for i in sections.items), Const(None)]
        else:
            what = f"{name} into a number of parts that is known only at run time"
            raise self.fail(node, what, "give a constant number or a tuple of indices, or use slices in a loop")
        pairs = zip(bounds[:-1], bounds[1:], strict=True)
        return ListOf([self.emit("part", (x, low, high), node, "part", None, axis.value) for low, high in pairs])

    def equal_parts(self, f: object, x: Var, count: int, axis: Const, node: ast.AST) -> list:
        """Return the bounds of parts of equal length, or nearly so."""
        shape = self.emit("attr", (x,), node, "shape", None, "shape")
        own = Const(1 if axis.value is None else axis.value)
        exact = Const(f is not np.array_split)
        return [
            self.emit(selection.start_of_part, (shape, own, Const(k), Const(count), exact), node, "at")
            for k in range(count + 1)
        ]
