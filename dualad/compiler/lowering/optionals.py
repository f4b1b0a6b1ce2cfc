"""Values that may be None: `best = None`, and a number or an array on another path or after some trips.

Such a value is a boolean, true where there is one, and the value::

    y = x * x if x > 0.0 else None      test = x > 0.0;  y stands for (test, x * x)
    if y is None:                       if not test:
    z = 2.0 * y                         if not test: raise TypeError

A value on its own, and None, are what they are: only where both meet is there anything to test.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from ..ir import UNDEFINED, Const, If, TupleOf
from .values import OPERANDS, Optional, is_optional

_NONE = Const(None)


class Optionals:
    """The part of `Lowering` that deals with such values."""

    @staticmethod
    def as_optional(value: object) -> object:
        """Return None, a number or an array as one that may be None; anything else as it is."""
        if value == _NONE:
            return TupleOf((Const(False), UNDEFINED), Optional())
        return TupleOf((Const(True), value), Optional()) if isinstance(value, OPERANDS) else value

    def optional_of(self, stmt: If, x: object, y: object, name: str) -> object:
        """Return the value of a name that is None on one side of a branch; None if it is not so."""
        if UNDEFINED in (x, y) or not (x == _NONE or y == _NONE or is_optional(x) != is_optional(y)):
            return None
        p, q = self.as_optional(x), self.as_optional(y)
        if not (is_optional(p) and is_optional(q)):
            return None
        flag = self.merge(stmt, p.items[0], q.items[0], f"{name}_is_there")
        return TupleOf((flag, self.merge(stmt, p.items[1], q.items[1], name)), Optional())

    def sides_of(self, test: ast.expr, then: Callable, orelse: Callable) -> tuple[Callable, Callable]:
        """Return the sides of a branch, where a test `name is None` tells one of them that there is a value."""
        is_test = isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Is | ast.IsNot)
        if not is_test or not isinstance(test.left, ast.Name) or ast.unparse(test.comparators[0]) != "None":
            return then, orelse
        name = test.left.id

        def knowing(side: Callable) -> Callable:
            def lower() -> object:
                known = self.frame.env.get(name)
                if not is_optional(known):
                    return side()
                self.frame.env[name] = known.items[1]
                result = side()
                if self.frame.env.get(name) is known.items[1]:
                    self.frame.env[name] = known
                return result

            return lower

        return (then, knowing(orelse)) if isinstance(test.ops[0], ast.Is) else (knowing(then), orelse)

    def present(self, value: object, node: ast.AST) -> object:
        """Return a value that may be None where it must not be, with the check that it is none."""
        if not is_optional(value):
            return value
        flag, found = value.items
        message = ast.copy_location(ast.Constant("None where a value is needed"), node)
        self.branch(flag, lambda: None, lambda: self.raise_(TypeError, [message], node), node)
        return found
