"""Dicts with keys that are known at compile time: `{"a": x, "b": y}`, `d["a"] = v`, `for k, v in d.items()`.

Such a dict leaves no trace in the IR: what it holds is a tuple of values with the keys beside it. That tuple stands in
the environment under a hidden name, to which all names of the dict refer (`DictOf`), so that a change through one name
is seen through the others; at branches and in loops it is merged and carried like a variable.
"""

from __future__ import annotations

import ast

from ..ir import UNDEFINED, Const, If, TupleOf
from .values import DictOf, FunctionValue, Keys, ListOf

_HIDDEN = ".dict"
_METHODS = {"get": (1, 2), "copy": (0,), "keys": (0,), "values": (0,), "items": (0,)}
"""The methods of a dict that are known, with how many arguments they take."""


def held_by_dicts(env: dict[str, object]) -> dict[str, object]:
    """Return that part of an environment that says what dicts hold."""
    return {name: value for name, value in env.items() if name.startswith(_HIDDEN)}


def _holds(value: object, refs: set[DictOf]) -> bool:
    """Whether a value that is no dict has one of some dicts in it."""
    if isinstance(value, TupleOf | ListOf):
        return any(v in refs or _holds(v, refs) for v in value.items)
    if isinstance(value, FunctionValue):
        return any(v in refs or _holds(v, refs) for v in value.defaults.values())
    return False


class Dicts:
    """The part of `Lowering` that deals with dicts."""

    def expr_Dict(self, node: ast.Dict, hint: str) -> DictOf:
        if None in node.keys:
            raise self.fail(node, "** in a dict", "name the keys")
        return self.new_dict([(self.key(self.expr(k), k), self.expr(v)) for k, v in zip(node.keys, node.values)])

    def new_dict(self, pairs: list) -> DictOf:
        self.dicts += 1
        ref = DictOf(f"{_HIDDEN}{self.dicts}")
        items = dict(pairs)
        self.frame.env[ref.name] = TupleOf(tuple(items.values()), Keys(tuple(items)))
        return ref

    def add_dict(self, env: dict[str, object], name: str, items: dict) -> None:
        """Let a name of an environment stand for a new dict: the keyword arguments that have no parameters."""
        self.dicts += 1
        env[name] = DictOf(f"{_HIDDEN}{self.dicts}")
        env[env[name].name] = TupleOf(tuple(items.values()), Keys(tuple(items)))

    def key(self, value: object, node: ast.AST) -> object:
        """Return a key, which must be known at compile time."""
        if isinstance(value, Const):
            return value.value
        if isinstance(value, TupleOf):
            return tuple(self.key(v, node) for v in value.items)
        raise self.fail(node, "a dict with a key that is not known at compile time", "use constant keys, or arrays")

    def unite_dicts(self, stmt: If, then: dict, orelse: dict, a: object, b: object) -> tuple[object, object]:
        """Two dicts made on the two sides of a branch, where the same names stand for them, are one behind it.

        `a` and `b` are the values of the sides; returned as they are then. Dicts that have other names, or that
        something else holds as well, stay apart.
        """
        met = [(a, b), *((x, orelse[name]) for name, x in then.items() if name in orelse)]
        met = [(x, y) for x, y in met if isinstance(x, DictOf) and isinstance(y, DictOf) and x is not y]
        pairs = list(dict.fromkeys(met))
        for x, y in pairs:
            is_new = x.name in then and y.name in orelse and not {x.name, y.name} & self.frame.env.keys()
            values = (*then.values(), *orelse.values(), a, b)
            if not is_new or sum(x in p or y in p for p in pairs) > 1 or any(_holds(v, {x, y}) for v in values):
                continue
            state = self.merge(stmt, then.pop(x.name), orelse.pop(y.name), "the dict")
            one = self.new_dict([])
            self.frame.env[one.name] = state
            for env in (then, orelse):
                env.update((name, one) for name, v in env.items() if v in (x, y))
            a, b = (one if v in (x, y) else v for v in (a, b))
        return a, b

    def held(self, ref: DictOf, node: ast.AST) -> dict:
        """Return what a dict holds; one that a differentiated function captures stands in the frame around it."""
        scope, state = self.frame, UNDEFINED
        while scope is not None and state is UNDEFINED:
            scope, state = scope.parent, scope.env.get(ref.name, UNDEFINED)
        if not isinstance(state, TupleOf):
            reason = getattr(state, "reason", "it was made in a loop, or passed to a derivative; pass what it holds")
            raise self.fail(node, "this dict", reason.replace(ref.name, "it"))
        return dict(zip(state.cls.keys, state.items, strict=True))

    def dict_item(self, ref: DictOf, key: object, node: ast.AST) -> object:
        items, key = self.held(ref, node), self.key(key, node)
        if key not in items:
            raise self.fail(node, f"the key {key!r}, which the dict does not have,", "store it first")
        return items[key]

    def store_in_dict(self, ref: DictOf, key: object, value: object, node: ast.AST) -> None:
        items = self.held(ref, node)
        if ref.name not in self.frame.env:
            raise self.fail(node, "changing a dict in a function that is differentiated", "return the new value")
        items[self.key(key, node)] = value
        self.frame.env[ref.name] = TupleOf(tuple(items.values()), Keys(tuple(items)))

    def keys_of(self, ref: DictOf, node: ast.AST) -> TupleOf:
        def constant(key: object) -> object:
            return TupleOf(tuple(map(constant, key))) if isinstance(key, tuple) else Const(key)

        return TupleOf(tuple(map(constant, self.held(ref, node))))

    def dict_method(self, ref: DictOf, name: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call a method on a dict."""
        items = self.held(ref, node)
        if name in _METHODS and (kwargs or len(args) not in _METHODS[name]):
            raise self.fail(node, f"{ast.unparse(node)} of a dict", "Python does not take these arguments")
        if name == "get":
            found = items.get(self.key(args[0], node))
            return found if found is not None else args[1] if len(args) > 1 else Const(None)
        if name == "copy":
            return self.new_dict(list(items.items()))
        if name == "keys":
            return self.keys_of(ref, node)
        if name == "values":
            return TupleOf(tuple(items.values()))
        if name == "items":
            return TupleOf(tuple(map(TupleOf, zip(self.keys_of(ref, node).items, items.values(), strict=True))))
        raise self.fail(node, f"dict.{name}", "use stores, get, keys, values, items and copy")
