"""Lowering of `stop_gradient`: one operation, a constant to the derivative, for each number and array in a value."""

from __future__ import annotations

import ast

from numba import types

from ...rules.stopping import stopped
from ..ir import Global, TupleOf, Var
from ..runtime.numba_bridge import give_compiled_meaning
from .values import ListOf


class Stopping:
    """The part of `Lowering` that deals with it."""

    def stopped(self, value: object, node: ast.AST) -> object:
        """Return a value with the numbers and arrays in it cut off from what they were computed from."""
        value = self.frozen(value, node)
        if isinstance(value, TupleOf):
            return self.thawed(TupleOf(tuple(self.stopped(x, node) for x in value.items), value.cls))
        if isinstance(value, ListOf):
            return ListOf([self.stopped(x, node) for x in value.items])
        if not isinstance(value, Var | Global):
            return value  # known at compile time
        if value in self.lists or isinstance(self.type_if_known(value, node), types.List):
            raise self.fail(node, "stop_gradient of a list whose length is not known", "make it an array")
        return self.emit(stopped, (value,), node, getattr(value, "name", "t"))


def code_for(x):
    """Return what `stopped` and `stop_gradient` are in jitted code for an argument of some type."""
    if isinstance(x, types.Array):
        return lambda x: x.copy()
    if isinstance(x, types.Number | types.Boolean | types.NoneType | types.UnicodeType):
        return lambda x: x
    if isinstance(x, types.BaseTuple):
        items = "".join(f"stopped(x[{k}]), " for k in range(len(x)))
        made = f"cls({items})" if isinstance(x, types.BaseNamedTuple) else f"({items})"
        namespace = {"stopped": stopped, "cls": getattr(x, "instance_class", None)}
        exec(f"def stopped_tuple(x): return {made}", namespace)  # noqa: S102
        return namespace["stopped_tuple"]
    return None


give_compiled_meaning(stopped, code_for)
