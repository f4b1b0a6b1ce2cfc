"""What type a value has, where what is to be lowered depends on it: `type(x)`, what Numba would call for an overload.

Types are inferred when the whole function is lowered (`ir.infer`). Asked for one before that, the lowering hands the
operations that lead to the value to the same inference, as a function of their own, with the values whose types are
known as its parameters.

What a loop carries may get another type by what its trips do, which is not lowered yet. The value is taken to have the
type that it has before the loop, and the loop says so (`Carried.assumed`). Inference checks it (`infer.check_assumed`);
where it finds another type, the whole function is lowered again with that (`ir.Retyped`, `Units.learnt`).
"""

from __future__ import annotations

import ast

from numba import types

from ...errors import UnsupportedError
from .. import ir
from ..ir import UNDEFINED, Block, Const, Function, If, Op, Phi, TupleOf, Var
from ..ir.infer import find_types
from ..ir.kinds import type_of
from ..ir.printer import Scope
from ..ir.renaming import rename
from ..runtime.numba_bridge.choices import class_of, literal_type
from ..runtime.numba_bridge.objects import name_of_object
from .tuple_lists import is_rows
from .values import OPERANDS, FunctionValue, ListOf, Static


class UnknownType(Exception):
    """Nothing tells the type of a value yet."""


class KnownTypes:
    """The part of `Lowering` that finds the types of values; `made_by` says what defines a variable."""

    def type_of(self, value: object, node: ast.AST, literal: bool = False) -> object:
        """Return the Numba type of a value; of constants, where `literal` asks for it, the type of that one value."""
        if isinstance(value, Const):
            return literal_type(value.value) if literal else type_of(value)
        if isinstance(value, TupleOf):
            parts = [self.type_of(i, node, literal) for i in value.items]
            return types.BaseTuple.from_types(parts, value.cls)
        if isinstance(value, ListOf):
            kinds = {self.type_of(i, node) for i in value.items}
            if len(kinds) != 1:
                raise self.fail(node, "a list of values of several types here", "use a tuple")
            return types.List(kinds.pop(), reflected=True)
        if isinstance(value, FunctionValue):
            value = Static(getattr(value.source.function, "stands_for", value.source.function))
        if isinstance(value, Static | ir.Global):
            found = type_of(ir.Global(value.value))
            if found is None:
                raise self.fail(node, f"{name_of_object(value.value)} here", "pass numbers, arrays or jitted functions")
            return found
        if isinstance(value, Var):
            try:
                return self.type_of_variable(value, node)
            except UnknownType:
                what = f"a choice by the type of {value.name}, which is not known here,"
                raise self.fail(node, what, "give the variable a value before the loop") from None
        self.as_operand(value, node)  # refuses it, and says why
        raise self.fail(node, "this value here", "pass numbers and arrays")

    def type_if_known(self, value: object, node: ast.AST) -> object:
        """Return the type of a value, or None if nothing tells it yet."""
        if not isinstance(value, Var):
            return self.type_of(value, node)
        try:
            return self.type_of_variable(value, node)
        except (UnknownType, UnsupportedError):  # what is wrong is said when the whole function is typed
            return None

    def are_float_arrays(self, values: list, node: ast.AST) -> bool:
        """Whether values are known to be arrays, and one of them of real numbers."""
        known = [self.type_if_known(v, node) for v in values if isinstance(v, Var | ir.Global)]
        is_known = len(known) == len(values) and all(isinstance(t, types.Array) for t in known)
        return is_known and any(isinstance(t.dtype, types.Float) for t in known)

    def dimensions_of(self, value: object, node: ast.AST) -> int:
        """Return the number of dimensions of a value: 0 of a number."""
        return getattr(self.type_of(value, node), "ndim", 0)

    def class_of(self, value: object, node: ast.AST) -> type | None:
        """Return the class that a value has in Python; None if that is not one of those of numbers and containers."""
        if isinstance(value, Const):
            return type(value.value)
        if is_rows(value):
            return list
        if isinstance(value, TupleOf):
            return value.cls or tuple
        if isinstance(value, ListOf):
            return list
        self.refuse_changing(value, node)
        return class_of(self.type_of(value, node))

    def refuse_changing(self, value: object, node: ast.AST) -> None:
        """Refuse to ask for the class of what has another one in other trips of a loop: Numba has one type for both."""
        todo, seen = list(ir.vars_in(value)) if self.units.learnt else [], set()
        while todo:
            v = todo.pop()
            made = None if v in seen else self.made_by.get(v)
            seen.add(v)
            if isinstance(made, CarriedFrom) and made.key in self.units.learnt:
                what = f"{ast.unparse(node)}, where {made.key[0]} changes its type in a loop,"
                raise self.fail(node, what, "give the variable a value of the type that it gets, before the loop")
            if isinstance(made, Op):
                todo += ir.op_vars(made)
            elif isinstance(made, Phi):
                todo += [x for side in (made.then, made.orelse) for x in ir.vars_in(side)]

    def type_of_variable(self, var: Var, node: ast.AST) -> object:
        """Return the type of a variable, by inference on what leads to it."""
        known = self.found_type(var)
        if known is None:
            self.infer_up_to(var, node)
            known = self.found_type(var)
        if known is None:
            raise UnknownType
        return known

    def found_type(self, var: Var) -> object:
        return var.type if var.type is not None else self.types.get(var)

    def is_known_integer(self, value: object) -> bool:
        """Whether a value is known by now to be an integer or a boolean."""
        if isinstance(value, Const):
            return isinstance(value.value, int)
        return isinstance(value, Var) and isinstance(self.found_type(value), types.Integer | types.Boolean)

    def infer_up_to(self, var: Var, node: ast.AST) -> None:
        """Find the types of a variable and of those that lead to it."""
        order = self.leading_to(var, node)
        new = {v: Var(f"v{k}", self.found_type(v)) for k, v in enumerate(order)}
        given = [v for v in order if new[v].type is not None]
        params = [new[v] for v in given]
        test = Var("test", types.boolean)
        statements = []
        for v in order:
            made = self.made_by.get(v)
            if v in given:
                continue
            if isinstance(made, Phi):
                phi = Phi(new[v], rename(made.then, new), rename(made.orelse, new))
                statements.append(If(test, Block(), Block(), [phi], self.place(node)))
                continue
            args = tuple(rename(a, new) for a in made.args)
            kwargs = {k: rename(a, new) for k, a in made.kwargs.items()}
            statements.append(Op(new[v], made.fn, args, kwargs, made.detail, made.place, made.flat))
        params.append(test)
        leaves = [(p, k, ()) for k, p in enumerate(params)]
        function = Function("types_of", params, leaves, Block(statements), new[var], place=self.place(node))
        find_types(function, Scope())
        self.types.update((v, new[v].type) for v in order)

    def leading_to(self, var: Var, node: ast.AST) -> list[Var]:
        """Return the variables that a variable depends on whose types are not known, in order, and those that are."""
        order: dict[Var, None] = {}
        todo: list[tuple[Var, bool]] = [(var, False)]
        while todo:
            v, done = todo.pop()
            if v in order:
                continue
            if done or self.found_type(v) is not None:
                order[v] = None
                continue
            made = self.made_by.get(v)
            todo.append((v, True))
            if isinstance(made, Op) and made.fn != "call":
                todo += [(x, False) for x in ir.op_vars(made)]
            elif isinstance(made, Phi):
                todo += [(x, False) for side in (made.then, made.orelse) for x in ir.vars_in(side)]
            elif isinstance(made, CarriedFrom):
                self.types[v] = self.assumed(v, made, node)
            else:
                raise UnknownType
        return list(order)

    def assumed(self, param: Var, made: CarriedFrom, node: ast.AST) -> object:
        """Return what type a carried value is taken to have, and have it checked."""
        found = self.units.learnt.get(made.key)
        if found is None:
            if not isinstance(made.init, OPERANDS) or made.init is UNDEFINED:
                raise UnknownType
            found = self.type_of(made.init, node)
        self.assumed_types[param] = (found, made.key)
        return found


class CarriedFrom:
    """What defines the parameter of a loop for a carried value: its value before; `key` is the same in every build."""

    def __init__(self, init: object, key: tuple):
        self.init, self.key = init, key
