"""Both sides of a branch become one, and what a name stands for that only one of them binds.

A branch lowers both sides on copies of the names and merges what they stand for. A name that only one side binds, or
that a loop binds whose body may never run, stands for a `Maybe` afterwards: a value and a flag, a boolean that is true
where the name has the value. The flag is merged and carried along like any other boolean, and tested where the name is
read; behind the test the name has a value::

    if x > 0.0:                     test = x > 0.0
        y = x * x                   y = x * x if test                   the flag of y is `test` itself
    return y                        if not test: raise UnboundLocalError

What is bound on every path has no flag, and a flag that nothing tests is dead code. Names that begin with a dot are
the compiler's own; their values are never read where they have none. Python raises UnboundLocalError where the test
fails, and so does the derivative.

What follows a `raise` is not lowered: `Unreachable` ends the lowering of the block, and the side of a branch that ends
so leaves no names behind.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass

from ..ir import UNDEFINED, Block, Const, If, Phi, TupleOf, Var, vars_in
from .dicts import OTHER_DICT
from .tuple_lists import is_rows
from .values import (
    OPERANDS,
    DictOf,
    Frame,
    FunctionValue,
    Held,
    InstanceOf,
    Keys,
    ListOf,
    Poison,
    Static,
    is_instance,
    is_optional,
    is_table,
    is_typed_list,
    static_value,
)

_YES = Const(True)


class Restructure(Exception):
    """A loop body leaves another shape in a name than was assumed; try again with that shape."""


class Unreachable(Exception):
    """What follows in the block that is being lowered is never reached: an exception has been raised."""


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


class Branches:
    """The part of `Lowering` that deals with branches and with names that may have no value."""

    def truth(self, value: object, node: ast.AST) -> object:
        """Return a value as an operand fit for a test."""
        if isinstance(value, Const):
            return Const(bool(value.value))
        if is_optional(value):
            flag, found = value.items
            return self.branch(flag, lambda: self.truth(found, node), lambda: Const(False), node)
        if is_table(value) or is_rows(value):
            return self.emit(operator.ne, (self.emit(len, value.items[:1], node, "n"), Const(0)), node)
        if is_typed_list(value):
            return self.emit(operator.ne, (self.emit(len, value.items, node, "n"), Const(0)), node)
        if isinstance(value, TupleOf | ListOf):
            return Const(bool(value.items))
        if is_instance(value):
            return self.truth_of_instance(value, node)
        if isinstance(value, DictOf):
            return Const(bool(self.held(value, node)))
        if isinstance(value, FunctionValue | Static):
            return Const(True)
        if value in self.lists:
            return self.emit(operator.ne, (self.emit(len, (value,), node, "n"), Const(0)), node)
        return self.as_operand(value, node)

    def branch(self, test: object, then: Callable, orelse: Callable, node: ast.AST) -> object:
        """Lower both sides and merge the environments; returns the merged values of the two callables."""
        if isinstance(test, Const):
            return then() if test.value else orelse()
        outer, env = self.block, self.frame.env
        sides = []
        for side in (then, orelse):
            self.block, self.frame.env = Block(), dict(env)
            try:
                value = side()
            except Unreachable:
                value, self.frame.env = UNDEFINED, None
            sides.append((self.block, self.frame.env, value))
        (then_block, then_env, a), (else_block, else_env, b) = sides
        self.block, self.frame.env = outer, env
        stmt = If(test, then_block, else_block, [], self.place(node))
        before = len(outer.statements)
        outer.statements.append(stmt)
        if then_env is None and else_env is None:
            raise Unreachable
        if then_env is not None and else_env is not None:
            for name in set(then_env) & set(else_env):
                for side in (then_env, else_env):
                    if side[name] is not env.get(name) and isinstance(side[name], Held | TupleOf | ListOf):
                        self.rebound(name, env.get(name, UNDEFINED), side[name], env, side)
            a, b = self.unite_dicts(stmt, then_env, else_env, a, b)
        for name in {**(then_env or {}), **(else_env or {})}:
            env[name] = self.join(stmt, then_env, else_env, name)
        result = a if a is b else self.merge(stmt, a, b, "t")
        if not (then_block.statements or else_block.statements or stmt.phis):
            del outer.statements[before]
        return result

    def join(self, stmt: If, then: dict | None, orelse: dict | None, name: str) -> object:
        """Return what a name stands for after a branch, from the names on both sides; None for one that has no end."""
        x, y = (UNDEFINED if env is None else env.get(name, UNDEFINED) for env in (then, orelse))
        now = self.frame.env.get(name)
        if x is y or (then is None and y is now) or (orelse is None and x is now):
            return y if then is None else x
        p, q = value_of(x), value_of(y)
        value = p if p is q else self.merge(stmt, p, q, name)
        if name.startswith("."):
            return value
        flag = UNDEFINED if then is None else flag_of(x)
        other = UNDEFINED if orelse is None else flag_of(y)
        return _with_flag(value, flag if flag is other else self.merge(stmt, flag, other, f"{name}_defined"))

    def merge(self, stmt: If, x: object, y: object, name: str) -> object:
        """Return the value of a name after a branch that left x or y in it."""
        if isinstance(x, Held) and isinstance(y, Held) and x.name == y.name:
            return x
        for one, other in ((x, y), (y, x)):
            if isinstance(one, Const) and (one == other or other is UNDEFINED):
                return one
        for one, other in ((x, y), (y, x)):
            if isinstance(one, Poison):
                return one
            if isinstance(one, TupleOf) and other in self.open:
                name, shapes = self.open[other]
                shapes[name] = one
                raise Restructure
        optional = self.optional_of(stmt, x, y, name)
        if optional is not None:
            return optional
        chosen = self.choice_of(stmt, x, y, name)
        if chosen is not None:
            return chosen
        self.grow_if_different(x, y)
        for one, other in ((x, y), (y, x)):
            if is_rows(one) and isinstance(other, Var):  # a list that was empty so far
                self.become_rows(other, one.cls.form)
        if isinstance(x, TupleOf | ListOf) or isinstance(y, TupleOf | ListOf):
            model = y if x is UNDEFINED else x
            if UNDEFINED not in (x, y) and not alike(x, y):
                if any(isinstance(getattr(v, "cls", None), Keys) for v in (x, y)):
                    return Poison(f"{name} has other keys in the other branch")
                return Poison(f"{name} is a tuple of another length or kind, or no tuple, in the other branch")
            sides = [[UNDEFINED] * len(model.items) if v is UNDEFINED else v.items for v in (x, y)]
            items = tuple(p if p is q else self.merge(stmt, p, q, name) for p, q in zip(*sides, strict=True))
            return TupleOf(items, model.cls) if isinstance(model, TupleOf) else ListOf(list(items), model.node)
        plain = (*OPERANDS, type(UNDEFINED))
        if not (isinstance(x, plain) and isinstance(y, plain)):
            if x is UNDEFINED or y is UNDEFINED:
                return y if x is UNDEFINED else x
            if isinstance(x, DictOf) and isinstance(y, DictOf):
                return Poison(f"{name} is another dict in the other branch, {OTHER_DICT}")
            if isinstance(x, InstanceOf) and isinstance(y, InstanceOf):
                return Poison(f"{name} is an instance of another class in the other branch")
            return Poison(f"{name} stands for different functions or dicts in the branches")
        none = Const(None)
        if (x == none or y == none) and x is not UNDEFINED and y is not UNDEFINED:
            return Poison(f"{name} is None in one branch and a value in the other")
        if isinstance(x, Const) and isinstance(y, Const) and {x.value, y.value} == {True, False}:
            if isinstance(x.value, bool) and isinstance(y.value, bool):
                return self.flag(stmt, x.value)
        phi = Phi(self.var(name), x, y)
        if self.is_boolean(x) and self.is_boolean(y):
            self.boolean.add(phi.target)
        for kind in (self.lists, self.zero_dim):
            if x in kind or y in kind:
                kind.add(phi.target)
        stmt.phis.append(phi)
        self.made_by[phi.target] = phi
        return phi.target

    def grow_if_different(self, x: object, y: object) -> None:
        """A list that is another one elsewhere, of another length or in memory, is an object in memory itself."""
        for one, other in ((x, y), (y, x)):
            if isinstance(one, ListOf) and one.node is not None:
                is_longer = isinstance(other, ListOf) and len(one.items) != len(other.items)
                if isinstance(other, Var) or is_rows(other) or is_longer:
                    self.grow(one, one.node)

    def is_boolean(self, x: object) -> bool:
        return x in self.boolean or (isinstance(x, Const) and isinstance(x.value, bool))

    def flag(self, stmt: If, straight: bool) -> Var:
        """Return the test of a branch (or its opposite) as a boolean: what a flag set in it amounts to."""
        if straight and stmt.test in self.boolean:
            return stmt.test
        return self.emit(bool if straight else operator.not_, (stmt.test,), None, "flag")

    # ---------------------------------------------------------------- names that may have no value

    def look_up(self, name: str, frame: Frame, node: ast.AST) -> object:
        """Return what a name stands for: own scope, enclosing inlined scopes, closure, globals, builtins.

        UNDEFINED if it has no value on any path; where it has none on some, a check is emitted.
        """
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.cells:
                return self.shared_value(name, scope.cells[name], scope, node)
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
        self.check_bound(name, maybe, own, node)
        if own:
            scope.env[name] = maybe.value
        return maybe.value

    def check_bound(self, name: str, maybe: Maybe, own: bool, node: ast.AST) -> None:
        """Raise the error that Python raises where a name has no value."""
        what, where = ("local", "") if own else ("free", " in enclosing scope")
        message = ast.Constant(f"cannot access {what} variable '{name}' where it is not associated with a value{where}")
        error = UnboundLocalError if own else NameError
        self.branch(maybe.flag, lambda: None, lambda: self.raise_(error, [message], node), node)

    def may_be_unbound(self, node: ast.expr) -> bool:
        """Whether reading the names in an expression may raise an exception."""
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        found = [self.frame.env.get(n) for n in names]
        return any(isinstance(x, Maybe) or is_optional(x) for x in found)

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


def alike(x: object, y: object) -> bool:
    """Whether two values are tuples or lists of one length and kind."""
    if not isinstance(x, TupleOf | ListOf) or type(x) is not type(y) or len(x.items) != len(y.items):
        return False
    return getattr(x, "cls", None) == getattr(y, "cls", None)


def variables(x: object) -> list[Var]:
    """Return the variables that a name stands for, its flag included."""
    return [*vars_in(value_of(x)), *vars_in(flag_of(x))]
