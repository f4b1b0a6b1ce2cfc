"""Names that may have no value: what Python raises UnboundLocalError for.

A name that only one side of a branch binds, or that a loop binds whose body may never run, stands for a `Maybe`
afterwards: a value and a flag, a boolean that is true where the name has the value. The flag is merged and carried
along like any other boolean, and tested where the name is read; behind the test the name has a value::

    if x > 0.0:                     test = x > 0.0
        y = x * x                   y = x * x if test                   the flag of y is `test` itself
    return y                        if not test: raise UnboundLocalError

What is bound on every path has no flag, and a flag that nothing tests is dead code. Names that begin with a dot are
the compiler's own; their values are never read where they have none.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .ir import UNDEFINED, Const, Global, If, Var, raises, vars_in
from .values import Frame, static_value

_YES = Const(True)


@dataclass(eq=False)
class Maybe:
    """What a name stands for that has its value only where the boolean `flag` is true."""

    value: object
    flag: object


def value_of(x: object) -> object:
    """Return what a name stands for where it has a value."""
    return x.value if isinstance(x, Maybe) else x


def flag_of(x: object) -> object:
    """Return the boolean that says whether a name has a value."""
    if isinstance(x, Maybe):
        return x.flag
    return Const(x is not UNDEFINED)


def _with_flag(value: object, flag: object) -> object:
    return value if flag == _YES or value is UNDEFINED else Maybe(value, flag)


class Definite:
    """The part of `Lowering` that keeps track of which names have values."""

    def look_up(self, name: str, frame: Frame, node: ast.AST) -> object:
        """Return what a name stands for: own scope, enclosing inlined scopes, closure, globals, builtins.

        UNDEFINED if it has no value on any path; where it has none on some, a check is emitted.
        """
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.env:
                value = scope.env[name]
                return self.required(name, value, scope, node) if isinstance(value, Maybe) else value
            if name in scope.local_names:
                return UNDEFINED
            source, scope = scope.source, scope.parent
        try:
            return static_value(source.lookup(name))
        except KeyError:
            return UNDEFINED

    def required(self, name: str, maybe: Maybe, scope: Frame, node: ast.AST) -> object:
        """Emit the check that a name has a value; return the value."""
        own = scope is self.frame
        what, where = ("local", "") if own else ("free", " in enclosing scope")
        message = Const(f"cannot access {what} variable '{name}' where it is not associated with a value{where}")
        error = Global(UnboundLocalError if own else NameError)
        self.branch(maybe.flag, lambda: None, lambda: self.effect("raise", (error, message), node), node)
        if own:
            scope.env[name] = maybe.value
        return maybe.value

    def may_be_unbound(self, node: ast.expr) -> bool:
        """Whether reading the names in an expression may raise an exception."""
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        return any(isinstance(self.frame.env.get(n), Maybe) for n in names)

    def join(self, stmt: If, x: object, y: object, name: str) -> object:
        """Return what a name stands for after a branch that left x and y in it."""
        if x is y:
            return x
        p, q = value_of(x), value_of(y)
        value = p if p is q else self.merge(stmt, p, q, name)
        if name.startswith("."):
            return value
        flag, other = flag_of(x), flag_of(y)
        if x is UNDEFINED and raises(stmt.then):
            flag = UNDEFINED
        if y is UNDEFINED and raises(stmt.orelse):
            other = UNDEFINED
        return _with_flag(value, flag if flag is other else self.merge(stmt, flag, other, f"{name}_defined"))

    def loop_parameter(self, name: str, init: object, shape: object | None) -> object:
        """Return what a name stands for at the start of a trip."""
        value = self.parameter(name, value_of(init) if shape is None else shape)
        if name.startswith(".") or flag_of(init) == _YES:
            return value
        flag = self.var(f"{name}_defined")
        self.boolean.add(flag)
        return Maybe(value, flag)

    def after_loop(
        self, name: str, param: object, init: object, left: object, carried: list, shapes: dict, entered: bool
    ) -> object:
        """Record what a name carries from trip to trip; returns what it stands for after the loop."""
        value = self.carry(name, value_of(param), value_of(init), value_of(left), carried, shapes)
        if not isinstance(param, Maybe):
            return value
        flag = self.slot(f"{name}_defined", param.flag, flag_of(init), flag_of(left), carried)
        return value if entered and flag_of(left) == _YES else _with_flag(value, flag)


def variables(x: object) -> list[Var]:
    """Return the variables that a name stands for, its flag included."""
    return [*vars_in(value_of(x)), *vars_in(flag_of(x))]


def always_entered(start: object, stop: object, step: object) -> bool:
    """Whether it is known that a loop over a range has a trip."""
    bounds = [x.value if isinstance(x, Const) else None for x in (start, stop, step)]
    return None not in bounds and bounds[2] != 0 and len(range(*bounds)) > 0
