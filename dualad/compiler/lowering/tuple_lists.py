"""Lists of tuples that change: a list for each item of the tuples.

    points = []                     xs, ys = [], []
    points.append((x, y))           xs.append(x); ys.append(y)
    for x, y in points              for i in range(len(xs)): x, y = xs[i], ys[i]

That a list holds tuples shows when one is stored in it: then the lowering of the whole function starts again, as it
does for lists that change (see `lists`), with the form of the tuples remembered.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np
from numba import types

from ...rules import lists
from ..ir import ITERATED, Const, TupleOf, Var
from .values import Iteration, is_instance, is_optional, is_record_at, is_records, is_table, is_typed_list


@dataclass(frozen=True)
class Form:
    """The form of a tuple: its class, and the forms of its items, None of what is no tuple."""

    cls: object
    items: tuple


@dataclass(frozen=True)
class Rows:
    """Stands in the place of the class of a tuple that is a list of tuples: its items are the lists."""

    form: Form


def is_rows(value: object) -> bool:
    return isinstance(value, TupleOf) and isinstance(value.cls, Rows)


def form_of(value: object) -> Form | None:
    """Return the form of a tuple, None of what is none to the user."""
    others = (is_rows, is_table, is_records, is_record_at, is_instance, is_optional, is_typed_list)
    if not isinstance(value, TupleOf) or not value.items or any(is_other(value) for is_other in others):
        return None
    return Form(value.cls, tuple(map(form_of, value.items)))


class TupleLists:
    """The part of `Lowering` that deals with such lists."""

    def rows_in_memory(self, form: Form, rows: list, node: ast.AST, hint: str = "t") -> TupleOf:
        """Return a list of tuples."""
        stored = [self.columns_of(row, form, node) for row in rows]
        columns = zip(*stored, strict=True) if rows else [()] * _width(form)
        return TupleOf(tuple(self.list_in_memory(list(column), node, hint) for column in columns), Rows(form))

    def columns_of(self, value: object, form: Form | None, node: ast.AST) -> list:
        """Return what is stored of a tuple."""
        if form is None:
            return [value]
        if form_of(value) is None or len(value.items) != len(form.items) or value.cls != form.cls:
            raise self.fail(
                node, "tuples of several kinds in a list that changes", "store tuples of one kind in a list"
            )
        return [x for item, f in zip(value.items, form.items, strict=True) for x in self.columns_of(item, f, node)]

    def row_of(self, columns: object, form: Form | None) -> object:
        """Return a tuple of that form of the next values of an iterator."""
        return next(columns) if form is None else TupleOf(tuple(self.row_of(columns, f) for f in form.items), form.cls)

    def row_at(self, rows: TupleOf, index: object, node: ast.AST) -> object:
        """Return rows[index]."""
        index = self.as_operand(index, node)
        return self.row_of(iter([self.emit("getitem", (x, index), node, "item") for x in rows.items]), rows.cls.form)

    def over_rows(self, rows: TupleOf, node: ast.AST) -> Iteration:
        stop = self.emit(len, rows.items[:1], node, "n", None, ITERATED)
        return Iteration(Const(0), stop, Const(1), lambda i: self.row_at(rows, i, node))

    def subscript_of_rows(self, rows: TupleOf, index: ast.expr, node: ast.AST) -> object:
        if isinstance(index, ast.Slice):
            return TupleOf(tuple(self.part_of_list(x, index, node) for x in rows.items), rows.cls)
        return self.row_at(rows, self.expr(index), node)

    def store_in_rows(self, rows: TupleOf, index: ast.expr, value: object, node: ast.AST) -> None:
        if isinstance(index, ast.Slice):
            raise self.fail(node, "a store in a slice of a list of tuples", "write the loop")
        at = self.operand(index)
        for x, item in zip(rows.items, self.columns_of(value, rows.cls.form, node), strict=True):
            if not isinstance(self.type_of(item, node), types.Number | types.Boolean):
                what = "a store in a list of tuples with other items than numbers"
                raise self.fail(node, what, "append the tuple to another list")
            self.effect("setitem", (x, at, self.as_operand(item, node)), node)

    def method_of_rows(self, rows: TupleOf, name: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call a method on a list of tuples."""
        form = rows.cls.form
        if name == "append" and len(args) == 1:
            for x, item in zip(rows.items, self.columns_of(args[0], form, node), strict=True):
                self.append(x, item, node)
            return Const(None)
        if name == "extend" and len(args) == 1:
            self.extend(rows, args[0], node)
            return Const(None)
        if name == "insert" and len(args) == 2:
            for x, item in zip(rows.items, self.columns_of(args[1], form, node), strict=True):
                self.library_call(lists.METHODS[name], list.insert, [x, args[0], item], {}, node)
            return Const(None)
        if (name in ("clear", "reverse") and not args) or (name == "pop" and len(args) < 2):
            found = [self.list_method(x, name, args, kwargs, node) for x in rows.items]
            return self.row_of(iter(found), form) if name == "pop" else Const(None)
        if name == "copy" and not args:
            return self.listed(rows, node)
        remedy = "use append, extend, insert, pop, clear, reverse, copy and stores, or a list for each of their items"
        raise self.fail(node, f"list.{name}, of a list of tuples that changes,", remedy)

    def array_of_rows(self, rows: TupleOf, dtype: object, node: ast.AST) -> Var:
        """Return np.array(rows, dtype) of tuples of numbers."""
        if any(rows.cls.form.items):
            raise self.fail(node, "an array of a list of nested tuples", "store tuples of numbers in the list")
        columns = [self.call_static(np.array, [x], {}, node, "column") for x in rows.items]
        made = self.call_static(np.stack, [TupleOf(tuple(columns))], {"axis": Const(1)}, node, "rows")
        if dtype in (None, Const(None)):
            return made
        return self.emit("method", (made, self.as_operand(dtype, node)), node, "rows", None, "astype")


def _width(form: Form | None) -> int:
    return 1 if form is None else sum(map(_width, form.items))
