"""Record arrays, an array for each field: what the IR has are the arrays of fields, and elements of these.

    p = np.zeros(n, dtype=particle)     mass, speed = np.zeros(n), np.zeros(n);  p stands for both
    p.mass, p["mass"]                   mass
    r = p[i]                            stands for the arrays and i: a record is a place in them
    r.mass += x                         mass[i] += x
    p[1:], p.copy()                     (mass[1:], speed[1:]), (mass.copy(), speed.copy())

The arrays are memory like others, so that what is changed in a record or a view is seen in all others. As an argument a
record array is taken apart by Python, into views of its fields.
"""

from __future__ import annotations

import ast
import operator

import numpy as np

from .. import ir
from ..ir import Const, Op, Slice, TupleOf, Var
from ..ir.callees import INPLACE
from ..runtime.numba_bridge.objects import record_dtype
from .values import Iteration, ListOf, RecordAt, Records, Static, is_record_at, is_records

_MAKERS = (np.zeros, np.empty)
_LIKE = (np.zeros_like, np.empty_like, np.copy)


class RecordArrays:
    """The part of `Lowering` that deals with record arrays, and with records in them."""

    def made_records(self, f: object, args: list, kwargs: dict, node: ast.AST) -> object:
        """Return the record array that np.zeros or the like makes; None where it makes another one."""
        if f in _LIKE and len(args) == 1 and not kwargs and is_records(args[0]):
            return self.on_fields(args[0], lambda x: self.emit(f, (x,), node, x.name))
        if f not in _MAKERS or not args or len(args) + len(kwargs) != 2:
            return None
        given = args[1] if len(args) > 1 else kwargs.get("dtype")
        dtype = record_dtype(given.value) if isinstance(given, Static) else None
        if dtype is None:
            return None
        shape = args[0]
        if isinstance(shape, Var) and self.dimensions_of(shape, node) > 0:
            count = len(self.type_of(shape, node).types)
            shape = TupleOf(tuple(self.emit("getitem", (shape, Const(k)), node, "n") for k in range(count)))
        sizes = shape.items if isinstance(shape, TupleOf | ListOf) else (shape,)
        return self.new_records(f, dtype, tuple(self.as_operand(n, node) for n in sizes), node)

    def new_records(self, f: object, dtype: np.dtype, sizes: tuple, node: ast.AST) -> TupleOf:
        fields = []
        for name in dtype.names:
            base, extra = dtype[name].subdtype or (dtype[name], ())
            whole = (*sizes, *map(Const, extra))
            if base.names:
                fields.append(self.new_records(f, base, whole, node))
                continue
            shape = whole[0] if len(whole) == 1 else TupleOf(whole)
            kwargs = {} if base == np.float64 else {"dtype": ir.Global(base.type)}
            fields.append(self.emit(f, (shape,), node, name, kwargs))
        return TupleOf(tuple(fields), Records(dtype, len(sizes)))

    def on_fields(self, records: TupleOf, change: object, ndim: int | None = None) -> TupleOf:
        """Return a record array with other arrays for its fields."""
        lost = 0 if ndim is None else records.cls.ndim - ndim
        items = [self.on_fields(x, change, x.cls.ndim - lost) if is_records(x) else change(x) for x in records.items]
        return TupleOf(tuple(items), Records(records.cls.dtype, records.cls.ndim - lost))

    def field_of(self, value: TupleOf, name: object, node: ast.AST) -> object:
        """Return a field of a record array, an array, or of a record, a number."""
        records, *index = (value, ()) if is_records(value) else value.items
        dtype = records.cls.dtype
        if name not in dtype.names:
            what = f"{ast.unparse(node)}, which a record with the fields {', '.join(dtype.names)} does not have,"
            raise self.fail(node, what, "check the name")
        found = records.items[dtype.names.index(name)]
        if is_records(value):
            return found
        (at,) = index
        return (
            self.item_of_records(found, at.items, node) if is_records(found) else self.item(found, at.items, node, name)
        )

    def item(self, array: Var, index: tuple, node: ast.AST, hint: str) -> Var:
        return self.emit("getitem", (array, *index), node, hint)

    def item_of_records(self, records: TupleOf, index: tuple, node: ast.AST) -> TupleOf:
        """Return records[index], a record or a view."""
        ndim = records.cls.ndim
        is_part = [isinstance(i, Slice) or self.dimensions_of(i, node) > 0 for i in index]
        is_array = [p and not isinstance(i, Slice) for p, i in zip(is_part, index, strict=True)]
        if len(index) > ndim or (len(index) > 1 and any(is_array)):
            raise self.fail(node, f"the index {ast.unparse(node)} into a record array", "index its fields")
        if len(index) == ndim and not any(is_part):
            return TupleOf((records, TupleOf(tuple(index))), RecordAt(records.cls.dtype))
        left = ndim - sum(not p for p in is_part)
        return self.on_fields(records, lambda x: self.item(x, index, node, x.name), left)

    def subscript_of_records(self, value: TupleOf, index: ast.expr, node: ast.AST) -> object:
        """Return value[index] of a record array or a record."""
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            return self.field_of(value, index.value, node)
        if is_record_at(value):
            key = self.expr(index)
            if isinstance(key, Const) and isinstance(key.value, str):
                return self.field_of(value, key.value, node)
            raise self.fail(node, f"{ast.unparse(node)} of a record", "name the field")
        parts = self.index(index)
        if len(parts) == 1 and isinstance(parts[0], Const) and isinstance(parts[0].value, str):
            return self.field_of(value, parts[0].value, node)
        return self.item_of_records(value, parts, node)

    def attribute_of_records(self, value: TupleOf, node: ast.Attribute) -> object:
        """Return an attribute of a record array or a record."""
        if node.attr in value.cls.dtype.names or is_record_at(value):
            return self.field_of(value, node.attr, node)
        if node.attr == "dtype":
            return Static(value.cls.dtype)
        if node.attr == "ndim":
            return Const(value.cls.ndim)
        sizes = [self.size_along(value, k, node) for k in range(value.cls.ndim)]
        if node.attr == "shape":
            return TupleOf(tuple(sizes))
        if node.attr == "size":
            total = sizes[0]
            for n in sizes[1:]:
                total = self.emit(operator.mul, (total, n), node, "size")
            return total
        raise self.fail(node, f"the attribute .{node.attr} of a record array", "use its fields")

    def size_along(self, records: TupleOf, axis: int, node: ast.AST) -> Var:
        first = records.items[0]
        if is_records(first):
            return self.size_along(first, axis, node)
        shape = self.emit("attr", (first,), node, "shape", None, "shape")
        return self.emit("getitem", (shape, Const(axis)), node, "n")

    def method_of_records(self, value: TupleOf, name: str, args: list, node: ast.Call) -> TupleOf:
        if name != "copy" or args or is_record_at(value):
            raise self.fail(node, f"the method .{name}() of a record array", "use copy, or its fields")
        return self.on_fields(value, lambda x: self.emit(np.copy, (x,), node, x.name))

    def over_records(self, value: TupleOf, node: ast.AST) -> Iteration:
        if value.cls.ndim != 1:
            raise self.fail(node, "going through a record array of several dimensions", "loop over indices")
        stop = self.size_along(value, 0, node)
        return Iteration(Const(0), stop, Const(1), lambda i: self.item_of_records(value, (i,), node))

    def store_in_records(self, base: TupleOf, index: ast.expr, value: object, node: ast.AST) -> None:
        """Lower base[index] = value."""
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            self.store_field(base, index.value, value, node)
            return
        if is_record_at(base):
            raise self.fail(node, f"a store into {ast.unparse(node)}", "name the field")
        self.assign_records(self.item_of_records(base, self.index(index), node), value, node)

    def assign_records(self, target: TupleOf, value: object, node: ast.AST) -> None:
        """Give the fields of records the values of those of others."""
        if not (is_record_at(value) or is_records(value)) or value.cls.dtype != target.cls.dtype:
            raise self.fail(node, "storing this into a record array", "store a record of the same dtype, or fields")
        names = target.cls.dtype.names
        read = [self.field_of(value, name, node) for name in names]  # before anything is stored
        read = [self.emit(np.copy, (x,), node, x.name) if is_records(value) and isinstance(x, Var) else x for x in read]
        for name, x in zip(names, read, strict=True):
            self.store_field(target, name, x, node)

    def store_field(self, target: TupleOf, name: str, value: object, node: ast.AST) -> None:
        """Store into a field of a record, or of all records of an array."""
        if is_records(target):
            found, index = self.field_of(target, name, node), ()
        else:
            records, at = target.items
            if name not in records.cls.dtype.names:
                self.field_of(target, name, node)  # says so
            found, index = records.items[records.cls.dtype.names.index(name)], at.items
        if is_records(found):
            self.assign_records(self.item_of_records(found, index, node) if index else found, value, node)
            return
        if not index:
            index = (Slice(Const(None), Const(None), Const(None)),)
        if isinstance(value, TupleOf | ListOf):
            value = self.pack(value, [], {}, node, "t")
        self.effect("setitem", (found, *index, self.as_operand(value, node)), node)

    def augmented_field(self, base: TupleOf, name: str, value: object, s: ast.AugAssign) -> None:
        """Lower record.name += value."""
        records, at = base.items
        found = self.field_of(records, name, s)
        op = Op(None, "augitem", (found, *at.items, self.as_operand(value, s)), {}, INPLACE[type(s.op)], self.place(s))
        self.block.statements.append(op)

    def frozen_record(self, value: TupleOf, node: ast.AST) -> TupleOf:
        """Return a record by itself: the values that its fields have now, as an array of one record."""
        one = TupleOf((Const(0),))
        made = self.new_records(np.empty, value.cls.dtype, (Const(1),), node)
        target = TupleOf((made, one), RecordAt(value.cls.dtype))
        self.assign_records(target, value, node)
        return target
