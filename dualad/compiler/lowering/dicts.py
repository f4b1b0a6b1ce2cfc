"""Dicts with keys that are known at compile time: `{"a": x, "b": y}`, `d["a"] = v`, `for k, v in d.items()`.

Such a dict leaves no trace in the IR: what it holds is a tuple of values with the keys beside it. That tuple stands in
the environment under a hidden name, to which all names of the dict refer (`DictOf`), so that a change through one name
is seen through the others; at branches and in loops it is merged and carried like a variable.
"""

from __future__ import annotations

import ast

from ..ir import UNDEFINED, Const, If, TupleOf
from .values import DictOf, FunctionValue, Keys, ListOf, Static, static_value

_HIDDEN = ".dict"
CELL = "@"  # of variables that functions share: see `nonlocals`
OTHER_DICT = "with other keys, or while something else holds it: give it the same keys in the same order, and copy it \
where two names would stand for it (d.copy())"
READING = {"get": (1, 2), "copy": (0,), "keys": (0,), "values": (0,), "items": (0,)}
"""The methods of a dict that leave it as it is, with how many arguments they take."""


def held_by_dicts(env: dict[str, object]) -> dict[str, object]:
    """Return that part of an environment that says what dicts, and variables that functions share, hold."""
    return {name: value for name, value in env.items() if name.startswith((_HIDDEN, CELL))}


def _holds(value: object, refs: set[DictOf]) -> bool:
    """Whether a value that is no dict has one of some dicts in it."""
    if isinstance(value, TupleOf | ListOf):
        return any(v in refs or _holds(v, refs) for v in value.items)
    if isinstance(value, FunctionValue):
        return any(v in refs or _holds(v, refs) for v in value.defaults.values())
    return False


def _paired(before: object, after: object, env: dict, left: dict, pairs: dict) -> bool:
    """Whether two values have dicts in the same places, with the same keys, new ones where they are not the same."""
    if isinstance(before, DictOf) and isinstance(after, DictOf):
        if before.name == after.name:
            return True
        old, new = env.get(before.name), left.get(after.name)
        if after.name in env or not isinstance(old, TupleOf) or not isinstance(new, TupleOf) or old.cls != new.cls:
            return False
        if before in pairs or after in pairs.values():
            return pairs.get(before) is after
        pairs[before] = after
        return all(_paired(x, y, env, left, pairs) for x, y in zip(old.items, new.items, strict=True))
    if isinstance(before, TupleOf | ListOf) and type(before) is type(after):
        if len(before.items) != len(after.items):
            return False
        return all(_paired(x, y, env, left, pairs) for x, y in zip(before.items, after.items, strict=True))
    return not isinstance(before, DictOf | TupleOf | ListOf) and not isinstance(after, DictOf | TupleOf | ListOf)


class Dicts:
    """The part of `Lowering` that deals with dicts."""

    def expr_Dict(self, node: ast.Dict, hint: str) -> DictOf:
        pairs: list = []
        for k, v in zip(node.keys, node.values, strict=True):
            if k is None:
                pairs += self.known_dict(self.expr(v), v).items()
            else:
                key = self.key(self.expr(k), k)
                pairs.append((key, self.expr(v)))
        return self.new_dict(pairs)

    def known_dict(self, value: object, node: ast.AST) -> dict:
        """Return what a dict of the function, or one that it finds around it, holds."""
        if isinstance(value, DictOf):
            return self.held(value, node)
        if isinstance(value, Static) and isinstance(value.value, dict):
            return {k: static_value(v) for k, v in value.value.items()}
        raise self.fail(node, f"** of {ast.unparse(node)}", "it takes a dict with keys known at compile time")

    def new_dict(self, pairs: list, cls: type = dict) -> DictOf:
        self.dicts += 1
        ref = DictOf(f"{_HIDDEN}{self.dicts}", cls)
        items = dict(pairs)
        self.frame.env[ref.name] = TupleOf(tuple(items.values()), Keys(tuple(items), cls))
        return ref

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

    def rebound(self, name: str, before: object, after: object, env: dict, left: dict) -> None:
        """Let the dicts that a name stands for after a trip or a branch be those that it stood for before.

        They are new ones, with the same keys; nothing else holds those of before. What they hold takes the place of
        what these held.
        """
        pairs: dict[DictOf, DictOf] = {}
        if not _paired(before, after, env, left, pairs) or not pairs:
            return
        states = {old.name for old in pairs}
        others = [v for k, v in left.items() if k not in states and not (k == name and v is before)]
        if any(x in pairs or _holds(x, set(pairs)) for x in others):
            return
        for old, new in pairs.items():
            left[old.name] = left.pop(new.name)
            new.name = old.name

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
        self.frame.env[ref.name] = TupleOf(tuple(items.values()), Keys(tuple(items), ref.cls))

    def keys_of(self, ref: DictOf, node: ast.AST) -> TupleOf:
        def constant(key: object) -> object:
            return TupleOf(tuple(map(constant, key))) if isinstance(key, tuple) else Const(key)

        return TupleOf(tuple(map(constant, self.held(ref, node))))

    def dict_method(self, ref: DictOf, name: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call a method on a dict."""
        items = self.held(ref, node)
        if name in READING and (kwargs or len(args) not in READING[name]):
            raise self.fail(node, f"{ast.unparse(node)} of a dict", "Python does not take these arguments")
        if name == "get":
            found = items.get(self.key(args[0], node))
            return found if found is not None else args[1] if len(args) > 1 else Const(None)
        if name == "copy":
            return self.new_dict(list(items.items()), ref.cls)
        if name == "keys":
            return self.keys_of(ref, node)
        if name == "values":
            return TupleOf(tuple(items.values()))
        if name == "items":
            return TupleOf(tuple(map(TupleOf, zip(self.keys_of(ref, node).items, items.values(), strict=True))))
        if name == "update" and len(args) < 2:
            for key, value in [*(self.known_dict(args[0], node).items() if args else ()), *kwargs.items()]:
                self.store_in_dict(ref, Const(key), value, node)
            return Const(None)
        raise self.fail(node, f"dict.{name}", "use stores, get, keys, values, items, copy and update")

    def expr_DictComp(self, node: ast.DictComp, hint: str) -> DictOf:
        pair = ast.Tuple([node.key, node.value], ast.Load())
        pairs = ast.fix_missing_locations(ast.copy_location(ast.ListComp(pair, node.generators), node))
        items = self.known_comprehension(pairs, self.expr(node.generators[0].iter))
        if items is None:
            what = "a dict comprehension that goes through what is known only at run time"
            raise self.fail(node, what, "use arrays, or keys known at compile time")
        return self.new_dict([(self.key(k, node), v) for k, v in (pair.items for pair in items)])
