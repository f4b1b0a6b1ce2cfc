"""Taking a call apart into what is static and what is a parameter, so that it can be compiled by itself.

`lift` replaces the variables in compile-time values (tuples, lists, functions with what they capture) by numbered
places, `fill` puts variables back in. A function that captures variables of the functions around it thus becomes one
that captures nothing and takes them as further parameters.
"""

from __future__ import annotations

import ast

from ..ir import UNDEFINED, Const, TupleOf, Var
from .branches import Maybe
from .dicts import names_held
from .nonlocals import cell_of
from .recursion import Leaf
from .values import Frame, FunctionValue, ListOf, Static, Transformed


class Lifting:
    """Collects the parameters of one call."""

    def __init__(self, held: dict[str, object]) -> None:
        self.held = held  # what stands in the environment where the call is
        self.operands: list = []
        self.hints: list[str] = []
        self.held_names: set[str] = set()  # of the dicts and instances that functions capture
        self._captured: dict[Var, Leaf] = {}
        self._functions: dict[FunctionValue, FunctionValue] = {}

    def leaf(self, value: object, hint: str) -> Leaf:
        self.operands.append(value)
        self.hints.append(hint)
        return Leaf(len(self.operands) - 1)

    def argument(self, value: object, hint: str, by_value: bool) -> object:
        """Return the template of an argument; numbers known at compile time stay what they are unless `by_value`."""
        if isinstance(value, TupleOf):
            items = [self.argument(x, f"{hint}_{k}", by_value) for k, x in enumerate(value.items)]
            return TupleOf(tuple(items), value.cls)
        if isinstance(value, ListOf):
            return ListOf([self.argument(x, f"{hint}_{k}", by_value) for k, x in enumerate(value.items)])
        is_number = isinstance(value, Const) and isinstance(value.value, int | float)
        if isinstance(value, Var) or (is_number and by_value):
            return self.leaf(value, hint)
        return self.captured(value, hint)

    def captured(self, value: object, hint: str) -> object:
        """Return the template of something that a function finds around it."""
        if isinstance(value, TupleOf):
            return TupleOf(tuple(self.captured(x, f"{hint}_{k}") for k, x in enumerate(value.items)), value.cls)
        if isinstance(value, ListOf):
            return ListOf([self.captured(x, f"{hint}_{k}") for k, x in enumerate(value.items)])
        if isinstance(value, Var):
            if value not in self._captured:
                self._captured[value] = self.leaf(value, hint)
            return self._captured[value]
        if isinstance(value, Maybe):
            return Maybe(self.captured(value.value, hint), self.captured(value.flag, hint))
        if isinstance(value, FunctionValue):
            return self.function(value)
        if isinstance(value, Transformed):
            return Transformed(value.kind, self.captured(value.function, hint), *value.options)
        return value

    def function(self, f: FunctionValue) -> FunctionValue:
        if f.frame is None:
            return f
        if f not in self._functions:
            env: dict[str, object] = {}
            frame = Frame(f.frame.source, env, frozenset())
            self._functions[f] = FunctionValue(f.source, f.node, frame, {}, parallel=f.parallel)
            for name in sorted({n.id for n in ast.walk(f.node) if isinstance(n, ast.Name)}):
                hidden = cell_of(name, f.frame)
                found = _in_frames(name, f.frame) if hidden is None else self.held.get(hidden, UNDEFINED)
                if found is not UNDEFINED:
                    env[name] = self.captured(found, name)
                self.hold(found, name, f.frame, env)
            for name, value in f.defaults.items():
                self._functions[f].defaults[name] = self.captured(value, name)
                self.hold(value, name, f.frame, env)
        return self._functions[f]

    def hold(self, value: object, hint: str, frame: Frame, env: dict[str, object]) -> None:
        """Add to an environment what the dicts and instances in a value hold."""
        for name in names_held(value):
            self.held_names.add(name)
            if name not in env:
                found = self.held.get(name, UNDEFINED)
                found = _in_frames(name, frame) if found is UNDEFINED else found
                env[name] = self.captured(found, hint)
                self.hold(found, hint, frame, env)


def _in_frames(name: str, frame: Frame | None) -> object:
    while frame is not None:
        if name in frame.env:
            return frame.env[name]
        if name in frame.local_names:
            return UNDEFINED
        frame = frame.parent
    return UNDEFINED


def fill(x: object, values: list, memo: dict) -> object:
    """Return a template with values in its places; `memo` belongs to one call."""
    if isinstance(x, Leaf):
        return values[x.number]
    if isinstance(x, TupleOf):
        return TupleOf(tuple(fill(i, values, memo) for i in x.items), x.cls)
    if isinstance(x, ListOf):
        return ListOf([fill(i, values, memo) for i in x.items])
    if isinstance(x, Maybe):
        return Maybe(fill(x.value, values, memo), fill(x.flag, values, memo))
    if isinstance(x, Transformed):
        return Transformed(x.kind, fill(x.function, values, memo), *x.options)
    if isinstance(x, FunctionValue) and x.frame is not None:
        if x not in memo:
            env: dict[str, object] = {}
            frame = Frame(x.frame.source, env, frozenset())
            memo[x] = FunctionValue(x.source, x.node, frame, {}, parallel=x.parallel)
            env.update((k, fill(v, values, memo)) for k, v in x.frame.env.items())
            memo[x].defaults.update((k, fill(v, values, memo)) for k, v in x.defaults.items())
        return memo[x]
    return x


def signature(x: object, seen: tuple = ()) -> object:
    """Return what two templates have in common if they stand for the same code."""
    if isinstance(x, Leaf):
        return x
    if isinstance(x, TupleOf | ListOf):
        return type(x).__name__, getattr(x, "cls", None), tuple(signature(i, seen) for i in x.items)
    if isinstance(x, Maybe):
        return "maybe", signature(x.value, seen), signature(x.flag, seen)
    if isinstance(x, Transformed):
        return "transformed", x.kind, signature(x.function, seen), x.options
    if isinstance(x, FunctionValue):
        if x in seen:
            return "recursive", seen.index(x)
        seen = (*seen, x)
        around = x.frame.env if x.frame is not None else {}
        parts = [(k, signature(v, seen)) for d in (around, x.defaults) for k, v in d.items()]
        return x.node, x.source.function, x.parallel, tuple(parts)
    if isinstance(x, Static):
        return "static", id(x.value)
    return x if isinstance(x, Const) else id(x)
