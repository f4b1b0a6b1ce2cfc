"""Dicts with keys that are known at compile time: `{"a": x, "b": y}`, `d["a"] = v`, `for k, v in d.items()`.

Such a dict leaves no trace in the IR: what it holds is a tuple of values with the keys beside it. That tuple stands in
the environment under a hidden name, to which all names of the dict refer (`DictOf`), so that a change through one name
is seen through the others; at branches and in loops it is merged and carried like a variable.
"""

from __future__ import annotations

import ast

from ..ir import UNDEFINED, Const, If, TupleOf
from .values import Choice, DictOf, Frame, FunctionValue, Held, Keys, ListOf, Static, is_table, static_value

HIDDEN = ".dict"
CELL = "@"  # of variables that functions share: see `nonlocals`
TWICE = "that is given twice", "give it a copy"
APART = "that a loop or a branch may have put in the place of another one", "make a new one with the values of both"
OTHER_DICT = "with other keys, or while something else holds it: give it the same keys in the same order, and copy it \
where two names would stand for it (d.copy())"
READING = {"get": (1, 2), "copy": (0,), "keys": (0,), "values": (0,), "items": (0,)}
"""The methods of a dict that leave it as it is, with how many arguments they take."""


def held_by_dicts(env: dict[str, object]) -> dict[str, object]:
    """Return that part of an environment that says what dicts, and variables that functions share, hold."""
    return {name: value for name, value in env.items() if name.startswith((HIDDEN, CELL))}


def _holds(value: object, names: set[str], seen: tuple = ()) -> bool:
    """Whether a value is one of some dicts or instances, has one in it, or can reach it."""
    if isinstance(value, TupleOf | ListOf) and not isinstance(getattr(value, "cls", None), Choice):
        return any(_holds(v, names, seen) for v in value.items)
    if isinstance(value, FunctionValue) and value not in seen:
        around = {} if value.frame is None else value.frame.env
        return any(_holds(v, names, (*seen, value)) for v in (*value.defaults.values(), *around.values()))
    return not names.isdisjoint(names_held(value))


def names_held(value: object) -> list[str]:
    """Return the hidden names of the dicts and instances that a value is or has in it."""
    if isinstance(value, Held):
        return [value.name]
    if isinstance(value, TupleOf) and isinstance(value.cls, Choice):
        return list(value.cls.names)
    return [n for v in value.items for n in names_held(v)] if isinstance(value, TupleOf | ListOf) else []


def _holds_any(values: list, names: set[str]) -> bool:
    return any(_holds(v, names) for v in values)


def _paired(before: object, after: object, env: dict, left: dict, pairs: dict) -> bool:
    """Whether two values have dicts in the same places, with the same keys, new ones where they are not the same."""
    if isinstance(before, Held) and type(before) is type(after):
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
    return not isinstance(before, Held | TupleOf | ListOf) and not isinstance(after, Held | TupleOf | ListOf)


class Dicts:
    """The part of `Lowering` that deals with dicts."""

    def expr_Dict(self, node: ast.Dict, hint: str) -> object:
        if node in self.growing and None not in node.keys:
            return self.new_table(
                [(self.expr(k), self.expr(v)) for k, v in zip(node.keys, node.values, strict=True)], node
            )
        pairs: list = []
        for k, v in zip(node.keys, node.values, strict=True):
            if k is None:
                pairs += self.known_dict(self.expr(v), v).items()
            else:
                key = self.expr(k)
                if not self.is_known_key(key) and None not in node.keys:
                    self.grow(DictOf("", dict, node), node)
                pairs.append((self.key(key, k), self.expr(v)))
        return self.new_dict(pairs, node=None if None in node.keys else node)

    def known_dict(self, value: object, node: ast.AST) -> dict:
        """Return what a dict of the function, or one that it finds around it, holds."""
        if isinstance(value, DictOf):
            return self.held(value, node)
        if isinstance(value, Static) and isinstance(value.value, dict):
            return {k: static_value(v) for k, v in value.value.items()}
        raise self.fail(node, f"** of {ast.unparse(node)}", "it takes a dict with keys known at compile time")

    def new_dict(self, pairs: list, cls: type = dict, node: ast.AST | None = None) -> DictOf:
        items = dict(pairs)
        made = self.new_held(DictOf, TupleOf(tuple(items.values()), Keys(tuple(items), cls)))
        made.node = node
        return made

    def new_held(self, kind: type, state: TupleOf) -> Held:
        """Return a new dict or instance, which holds some values."""
        self.dicts += 1
        ref = kind(f"{HIDDEN}{self.dicts}", state.cls.cls)
        self.frame.env[ref.name] = state
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

        `a` and `b` are the values of the sides; returned as they are then. Where something else holds one of two dicts
        as well, names stand for a third one behind the branch: a copy, and none of the three may change any more.
        Instances stay apart (`Choice`).
        """
        met = [(a, b), *((x, orelse[name]) for name, x in then.items() if name in orelse)]
        met = [(x, y) for x, y in met if isinstance(x, Held) and type(x) is type(y) and x.name != y.name]
        pairs = list(dict.fromkeys(met))
        for x, y in pairs:
            is_new = x.name in then and y.name in orelse and not {x.name, y.name} & self.frame.env.keys()
            values = [v for v in (*then.values(), *orelse.values(), a, b) if v is not x and v is not y]
            if not is_new or sum(x in p or y in p for p in pairs) > 1 or _holds_any(values, {x.name, y.name}):
                one = self.joined_copy(stmt, then, orelse, x, y)
                names = [k for k, v in then.items() if v is x and orelse.get(k) is y] if one is not None else []
                for env in (then, orelse):
                    env.update(dict.fromkeys(names, one))
                if one is not None and (a, b) == (x, y):
                    a = b = one
                continue
            state = self.merge(stmt, then.pop(x.name), orelse.pop(y.name), "the dict")
            one = self.new_held(type(x), state)
            for env in (then, orelse):
                env.update((name, one) for name, v in env.items() if v in (x, y))
            a, b = (one if v in (x, y) else v for v in (a, b))
        return a, b

    def joined_copy(self, stmt: If, then: dict, orelse: dict, x: Held, y: Held) -> Held | None:
        """Return a copy of one of two dicts, of that which a branch leaves; None if they are not alike."""
        p, q = then.get(x.name), orelse.get(y.name)
        is_flat = isinstance(p, TupleOf) and isinstance(q, TupleOf) and p.cls == q.cls
        if not is_flat or not isinstance(x, DictOf) or any(map(names_held, (*p.items, *q.items))):
            return None
        one = self.new_held(DictOf, self.merge(stmt, p, q, "the dict"))
        self.unchanging.update(dict.fromkeys((x.name, y.name, one.name), APART))
        return one

    def apart(self, value: object) -> object:
        """Return a copy of a value with copies of the dicts and instances in it; neither these nor they may change."""
        if isinstance(value, Held):
            state = self.frame.env.get(value.name)
            if not isinstance(state, TupleOf):
                return value
            one = self.new_held(type(value), TupleOf(tuple(self.apart(v) for v in state.items), state.cls))
            self.copies.add(one.name)
            self.unchanging.update(dict.fromkeys((value.name, one.name), APART))
            return one
        if isinstance(value, TupleOf) and not isinstance(value.cls, Choice):
            return TupleOf(tuple(self.apart(v) for v in value.items), value.cls)
        return value

    def rebound(self, name: str, before: object, after: object, env: dict, left: dict) -> bool:
        """Let the dicts that a name stands for after a trip or a branch be those that it stood for before.

        They are new ones, with the same keys; nothing else holds those of before. What they hold takes the place of
        what these held. Returns True if that is so but for something else that holds those of before.
        """
        pairs: dict[Held, Held] = {}
        if not _paired(before, after, env, left, pairs) or not pairs:
            return False
        states = {old.name for old in pairs}
        others = [v for k, v in left.items() if k not in states and not (k == name and v is before)]
        others += [v for scope in self.frames_around() for k, v in scope.env.items() if k not in states]
        if _holds_any(others, states):
            return True
        for old, new in pairs.items():
            left[old.name] = left.pop(new.name)
            new.name = old.name
        return False

    def frames_around(self) -> list[Frame]:
        """Return the frames of all functions that are being inlined, and those that these look names up in."""
        frames: list[Frame] = []
        for scope in (self.frame.parent, *reversed(self.callers)):
            while scope is not None and scope not in frames:
                frames.append(scope)
                scope = scope.parent
        return frames

    def held(self, ref: Held, node: ast.AST) -> dict:
        """Return what a dict or an instance holds; what a differentiated function captures stands in its frame."""
        states = (scope.env.get(ref.name, UNDEFINED) for scope in (self.frame, *self.frames_around()))
        state = next((s for s in states if s is not UNDEFINED), UNDEFINED)
        if not isinstance(state, TupleOf):
            reason = getattr(state, "reason", "it was made in a loop, or passed to a derivative; pass what it holds")
            what = "this dict" if isinstance(ref, DictOf) else f"this instance of {ref.cls.name}"
            raise self.fail(node, what, reason.replace(ref.name, "it"))
        return dict(zip(state.cls.keys, state.items, strict=True))

    def dict_item(self, ref: DictOf, key: object, node: ast.AST) -> object:
        if self.grow_dict(ref, key, node):
            return self.item_by_comparison(ref, key, node)
        items, key = self.held(ref, node), self.key(key, node)
        if key not in items:
            raise self.fail(node, f"the key {key!r}, which the dict does not have,", "store it first")
        return items[key]

    def store_in_dict(self, ref: DictOf, key: object, value: object, node: ast.AST) -> None:
        self.grow_dict(ref, key, node)
        items = self.held(ref, node)
        self.check_change(ref, node)
        items[self.key(key, node)] = value
        self.frame.env[ref.name] = TupleOf(tuple(items.values()), Keys(tuple(items), ref.cls))

    def taken_from_dict(self, ref: DictOf, key: object, node: ast.AST, default: object = None) -> object:
        """Return the value of a key that is known, and take it out."""
        items, key = self.held(ref, node), self.key(key, node)
        if key not in items:
            if default is None:
                raise self.fail(node, f"the key {key!r}, which the dict does not have,", "store it first")
            return default
        self.check_change(ref, node)
        value = items.pop(key)
        self.frame.env[ref.name] = TupleOf(tuple(items.values()), Keys(tuple(items), ref.cls))
        return value

    def reachable(self, value: object) -> list[str]:
        """Return the hidden names of the dicts and instances in a value, and in what these hold."""
        found: list[str] = []
        for name in names_held(value):
            state = next((s.env[name] for s in (self.frame, *self.frames_around()) if name in s.env), UNDEFINED)
            found += [name, *self.reachable(state)]
        return found

    def keep_unchanged(self, values: list, reason: tuple[str, str]) -> None:
        """Let the dicts and instances in some values stay as they are from now on."""
        self.unchanging.update((name, reason) for v in values for name in self.reachable(v))

    def check_change(self, ref: Held, node: ast.AST) -> None:
        """Refuse to change a dict or an instance that must stay as it is."""
        what = "changing a dict" if isinstance(ref, DictOf) else f"changing an instance of {ref.cls.name}"
        if ref.name not in self.frame.env:
            raise self.fail(node, f"{what} in a function that is differentiated", "return the new value")
        if ref.name in self.unchanging:
            reason, remedy = self.unchanging[ref.name]
            raise self.fail(node, f"{what} {reason}", remedy)

    def keys_of(self, ref: DictOf, node: ast.AST) -> TupleOf:
        def constant(key: object) -> object:
            return TupleOf(tuple(map(constant, key))) if isinstance(key, tuple) else Const(key)

        return TupleOf(tuple(map(constant, self.held(ref, node))))

    def dict_method(self, ref: DictOf, name: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call a method on a dict."""
        if args and name in ("get", "pop", "setdefault"):
            self.grow_dict(ref, args[0], node)
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
        if name == "setdefault" and len(args) == 2:
            if self.key(args[0], node) not in items:
                self.store_in_dict(ref, args[0], args[1], node)
            return self.held(ref, node)[self.key(args[0], node)]
        if name == "pop" and len(args) in (1, 2):
            return self.taken_from_dict(ref, args[0], node, args[1] if len(args) > 1 else None)
        if name == "update" and len(args) == 1 and is_table(args[0]) and ref.node is not None:
            self.grow(ref, node)
        if name == "update" and len(args) < 2:
            for key, value in [*(self.known_dict(args[0], node).items() if args else ()), *kwargs.items()]:
                self.store_in_dict(ref, Const(key), value, node)
            return Const(None)
        raise self.fail(node, f"dict.{name}", "use stores, get, pop, setdefault, keys, values, items, copy and update")

    def expr_DictComp(self, node: ast.DictComp, hint: str) -> DictOf:
        pair = ast.Tuple([node.key, node.value], ast.Load())
        pairs = ast.fix_missing_locations(ast.copy_location(ast.ListComp(pair, node.generators), node))
        items = self.known_comprehension(pairs, self.expr(node.generators[0].iter))
        if items is None:
            what = "a dict comprehension that goes through what is known only at run time"
            raise self.fail(node, what, "use arrays, or keys known at compile time")
        return self.new_dict([(self.key(k, node), v) for k, v in (pair.items for pair in items)])
