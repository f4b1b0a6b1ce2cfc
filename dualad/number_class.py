"""What `Dual` and `Var` have in common: their methods and operators, made from the registry.

A number class is a jitclass. Numba keeps two faces of it, and each is filled from the same rules: the class that its
instances have in plain Python, where a method calls `apply_rule`, and the type that they have in jitted code, where
operators and functions get an implementation for that type.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator

import numpy as np
from numba import types

from .compiler.runtime.numba_bridge import give_compiled_meaning, let_jitclasses_meet_numbers
from .functions import OPERATORS, arity, is_of_numbers, of_any_number
from .rules.registry import Rule, all_rules

ORDINARY = (int, float, np.integer, np.floating)
"""The numbers that a Dual or a Var is combined with, as constants."""

COMPARISONS = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
LARGEST_INTEGER = 2**63 - 1


def number_rules() -> Iterator[Rule]:
    """Yield dualad's own rules that take one or two real numbers."""
    for rule in all_rules():
        if is_of_numbers(rule) and arity(rule) <= 2 and not rule.is_users:
            yield rule


def method_names(rule: Rule) -> list[str]:
    """Return the method names of a rule: its own name and those of its functions, where NumPy looks for them."""
    names = [rule.name, *(f.__name__ for f in rule.functions)]
    return [name for name in dict.fromkeys(names) if name.isidentifier() and not name.startswith("_")]


def add_methods(cls: type) -> None:
    """Give a class that is about to become a jitclass a method for every function of the registry."""
    for rule in number_rules():
        method = _method(of_any_number(rule), arity(rule))
        for name in method_names(rule):
            setattr(cls, name, method)


def _method(function: Callable, count: int) -> Callable:
    if count == 1:
        return lambda self: function(self)
    return lambda self, other: function(self, other)


# ----------------------------------------------------------------- plain Python


def ordinary(x: object) -> object:
    """Return a constant operand as compiled code takes it; raise TypeError if it is no real number."""
    if isinstance(x, int):
        return int(x) if -LARGEST_INTEGER <= x <= LARGEST_INTEGER else float(x)
    if isinstance(x, ORDINARY):
        return x
    raise TypeError(f"a number is needed here, not {type(x).__name__}")


def fill_python_face(face: type, primal: Callable) -> None:
    """Set methods, operators and conversions on the plain Python class of a jitclass.

    Parameters
    ----------
    face : type
        The class; it has `apply_rule` already.
    primal : callable
        Takes an instance to its number.
    """
    for rule in number_rules():
        method = _python_method(rule)
        for name in method_names(rule):
            setattr(face, name, method)
        if rule.name in OPERATORS:
            _set_operator(face, rule)
    face.__abs__ = face.abs
    face.__bool__ = lambda self: primal(self) != 0.0
    face.__int__ = lambda self: int(primal(self))
    face.__hash__ = lambda self: hash(primal(self))
    face.__floor__ = lambda self: math.floor(primal(self))
    face.__ceil__ = lambda self: math.ceil(primal(self))
    face.__trunc__ = lambda self: math.trunc(primal(self))
    face.__round__ = lambda self, digits=None: round(primal(self), digits)
    face.__divmod__ = lambda self, other: (self // other, self % other)
    face.__rdivmod__ = lambda self, other: (other // self, other % self)


def _python_method(rule: Rule) -> Callable:
    def method(self, *others):
        return self.apply_rule(rule, (self, *others))

    return method


def _set_operator(face: type, rule: Rule) -> None:
    name = OPERATORS[rule.name]
    operands = (face, *ORDINARY)

    def forward(self, other):
        return self.apply_rule(rule, (self, other)) if isinstance(other, operands) else NotImplemented

    def reflected(self, other):
        return self.apply_rule(rule, (other, self)) if isinstance(other, operands) else NotImplemented

    if arity(rule) == 1:
        setattr(face, f"__{name}__", _python_method(rule))
        return
    setattr(face, f"__{name}__", forward)
    if name not in COMPARISONS:
        setattr(face, f"__r{name}__", reflected)


# ------------------------------------------------------------------ jitted code


def fill_compiled_face(number: types.Type, unary: Callable, binary: Callable) -> None:
    """Give operators and functions a meaning for a number type in jitted code.

    Parameters
    ----------
    number : numba type
        The instance type of the jitclass.
    unary : callable
        Takes a rule of one argument; returns the implementation.
    binary : callable
        Takes a rule of two arguments and two booleans, which arguments are of the type; returns the implementation.
    """
    let_jitclasses_meet_numbers()
    for rule in number_rules():
        choose = _choose_unary(rule, number, unary) if arity(rule) == 1 else _choose_binary(rule, number, binary)
        in_place = getattr(operator, f"i{OPERATORS.get(rule.name)}", None)  # numbers are never changed: y += x is y + x
        for function in (of_any_number(rule), *rule.functions, *([in_place] if in_place else [])):
            if not isinstance(function, type) and not hasattr(function, "py_func"):  # no casts, nothing jitted already
                give_compiled_meaning(function, choose)


def _is_ordinary(kind: types.Type) -> bool:
    return isinstance(kind, types.Float | types.Integer | types.Boolean)


def _choose_unary(rule: Rule, number: types.Type, unary: Callable) -> Callable:
    def choose(x):
        return unary(rule) if x == number else None

    return choose


def _choose_binary(rule: Rule, number: types.Type, binary: Callable) -> Callable:
    def choose(x, y):
        first, second = x == number, y == number
        if not (first or second) or not (first or _is_ordinary(x)) or not (second or _is_ordinary(y)):
            return None
        return binary(rule, first, second)

    return choose
