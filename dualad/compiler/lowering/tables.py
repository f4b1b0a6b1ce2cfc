"""Dicts whose keys are known only at run time: a dict of Numba's from keys to numbers, and lists of keys and values.

    d = {}                  places, keys, values = Dict(), [], []
    d[k] = v                if k in places: values[places[k]] = v
                            else: places[k] = len(values); keys.append(k); values.append(v)
    d[k]                    values[places[k]]
    for k, v in d.items()   for k in keys: v = values[places[k]]

What carries derivatives is in the list; keys carry none. Which of the two kinds a dict is (see `dicts`) shows when a
key is met that is not known: then the lowering of the whole function starts again, as it does for lists that grow.
"""

from __future__ import annotations

import ast
import operator

from numba import types
from numba.typed import Dict

from ...rules import lists
from .. import ir
from ..ir import Const, Op, TupleOf, Var
from ..ir.callees import INPLACE
from .tuple_lists import form_of, is_rows
from .values import DictOf, Iteration, Table, is_table


class Tables:
    """The part of `Lowering` that deals with such dicts."""

    def new_table(self, pairs: list, node: ast.AST) -> TupleOf:
        places = self.emit(ir.Foreign(Dict, "dict"), (), node, "places")
        lists = self.list_in_memory([], node, "keys"), self.list_to_fill(node, "values")
        table = TupleOf((places, *lists), Table())
        for key, value in pairs:
            self.store_in_table(table, key, value, node)
        return table

    def is_known_key(self, value: object) -> bool:
        """Whether a key is known at compile time."""
        if isinstance(value, TupleOf):
            return all(map(self.is_known_key, value.items))
        return isinstance(value, Const)

    def grow_dict(self, ref: object, key: object, node: ast.AST) -> bool:
        """Start again, with a dict as a table, where a key of it is not known; False if it is."""
        if not isinstance(ref, DictOf) or self.is_known_key(key):
            return False
        if ref.node is None:
            return True
        self.grow(ref, node)
        return True

    def place_in(self, table: TupleOf, key: object, node: ast.AST) -> Var:
        return self.emit("getitem", (table.items[0], self.as_operand(key, node)), node, "place")

    def is_in_table(self, table: TupleOf, key: object, node: ast.AST) -> Var:
        found = self.emit(operator.contains, (table.items[0], self.as_operand(key, node)), node, "test")
        self.boolean.add(found)
        return found

    def item_of_table(self, table: TupleOf, key: object, node: ast.AST) -> object:
        values, place = table.items[2], self.place_in(table, key, node)
        if is_rows(values):
            return self.row_at(values, place, node)
        return self.emit("getitem", (values, place), node, "item")

    def store_in_table(self, table: TupleOf, key: object, value: object, node: ast.AST) -> None:
        places, keys, values = table.items
        key = self.as_operand(key, node)
        self.become_rows(values, form_of(value))
        value = value if is_rows(values) else self.list_item(value, node)
        counted = values.items[0] if is_rows(values) else values

        def enter() -> None:
            self.effect("setitem", (places, key, self.emit(len, (counted,), node, "n")), node)
            self.append(values, value, node)

        def change() -> None:
            if isinstance(value, TupleOf):
                enter()
            elif value not in self.lists and isinstance(self.type_if_known(value, node), types.Number | types.Boolean):
                self.effect("setitem", (values, self.place_in(table, key, node), value), node)
            else:  # it may be an array, and the one before have other names
                enter()

        def add() -> None:
            enter()
            if not isinstance(key, TupleOf):  # of tuples there are no lists
                self.append(keys, key, node)

        self.branch(self.is_in_table(table, key, node), change, add, node)

    def augment_table(self, table: TupleOf, key: object, value: object, s: ast.AugAssign) -> None:
        """Lower table[key] += value."""
        self.refuse_record(table.items[2], "an augmented assignment to an item", s)
        place = self.place_in(table, key, s)
        args = (table.items[2], place, self.as_operand(value, s))
        self.block.statements.append(Op(None, "augitem", args, {}, INPLACE[type(s.op)], self.place(s)))

    def over_table(self, table: TupleOf, node: ast.AST, what: str = "keys") -> Iteration:
        """Return how to go through the keys, the values or the items of a table."""
        keys = table.items[1]
        stop = self.emit(len, (keys,), node, "n")

        def item(i: object) -> object:
            key = self.emit("getitem", (keys, i), node, "key")
            if what == "keys":
                return key
            value = self.item_of_table(table, key, node)
            return value if what == "values" else TupleOf((key, value))

        return Iteration(Const(0), stop, Const(1), item)

    def table_method(self, table: TupleOf, name: str, args: list, node: ast.Call) -> object:
        if name in ("keys", "values", "items") and not args:
            return self.over_table(table, node, name)
        if name == "get" and len(args) == 2:
            is_in = self.is_in_table(table, args[0], node)
            return self.branch(is_in, lambda: self.item_of_table(table, args[0], node), lambda: args[1], node)
        if name == "pop" and len(args) in (1, 2):
            if len(args) == 1:
                return self.removed_from_table(table, args[0], node)
            is_in = self.is_in_table(table, args[0], node)
            return self.branch(is_in, lambda: self.removed_from_table(table, args[0], node), lambda: args[1], node)
        if name == "setdefault" and len(args) == 2:
            is_in = self.is_in_table(table, args[0], node)
            self.branch(is_in, lambda: None, lambda: self.store_in_table(table, *args, node), node)
            return self.item_of_table(table, args[0], node)
        if name == "update" and len(args) == 1:
            self.update_table(table, args[0], node)
            return Const(None)
        what = f"dict.{name}" if name != "get" else "dict.get without a value for missing keys"
        remedy = "use stores, get, pop and setdefault with two arguments, update, del, keys, values and items"
        raise self.fail(node, f"{what}, of a dict with keys known only at run time,", remedy)

    def removed_from_table(self, table: TupleOf, key: object, node: ast.AST) -> Var:
        """Return the value of a key, which is no longer there; nothing looks for the value any more."""
        places, keys, _ = table.items
        value = self.item_of_table(table, key, node)
        self.emit("method", (places, self.as_operand(key, node)), node, "place", None, "pop")
        if not isinstance(key, TupleOf):
            self.library_call(lists.METHODS["remove"], list.remove, [keys, key], {}, node)
        return value

    def update_table(self, table: TupleOf, other: object, node: ast.AST) -> None:
        """Store all items of another dict."""
        other = self.as_dict(other)
        if isinstance(other, DictOf):
            for key, value in self.known_dict(other, node).items():
                self.store_in_table(table, Const(key), value, node)
            return
        if not is_table(other):
            raise self.fail(node, "dict.update with this value", "give it a dict")
        over = self.over_table(other, node, "items")
        self.loop(node, [], [], None, lambda i: self.store_in_table(table, *over.item(i).items, node), "i", over)

    def item_by_comparison(self, ref: DictOf, key: object, node: ast.AST) -> object:
        """Return ref[key], where the dict has known keys, and the key is not known."""
        items = [(k, v) for k, v in self.held(ref, node).items() if isinstance(k, int | float | str)]
        if isinstance(key, TupleOf) or not items:
            return self.key(key, node)

        def choose(rest: list) -> object:
            if not rest:
                self.raise_(
                    KeyError, [ast.copy_location(ast.Constant("a key that the dict does not have"), node)], node
                )
            test = self.compare(ast.Eq(), key, Const(rest[0][0]), node)
            return self.branch(test, lambda: rest[0][1], lambda: choose(rest[1:]), node)

        return choose(items)

    def typed_dict(self, f: object, args: list, node: ast.AST) -> object:
        """Return what typed.Dict() or typed.Dict.empty(...) makes; None if it is neither."""
        is_empty = getattr(f, "__func__", None) is Dict.empty.__func__
        if not is_empty and (f is not Dict or args):
            return None
        return self.new_table([], node) if node in self.growing else self.new_dict([], node=node)
