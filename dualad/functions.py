"""The functions of the registry for numbers of every kind: floats, NumPy arrays, `Dual` and `Var`.

They have the names that `math` and `numpy` give them, and are generated: one function a rule, under all its names.

    dualad.sin(0.5)                  # math.sin
    dualad.sin(np.array([0.5, 1]))   # np.sin; an object array is gone through element by element
    dualad.sin(Dual(0.5, 1.0))       # the rule: value and partial
    dualad.arcsin is dualad.asin

They can be called in jitted code too. Operators are left to Python's own spelling, and so is what is a builtin: `abs`,
`pow`, `round`.

The contract of a number class: it has an attribute `apply_rule(rule, args)`, which takes a rule and its arguments, of
which at least one is of the class, and returns the result.
"""

from __future__ import annotations

import builtins
import functools
import inspect
from collections.abc import Callable

import numpy as np
from numba import njit, types

from .compiler.runtime.numba_bridge import give_compiled_meaning
from .rules import holomorphic, registry
from .rules.registry import Rule, all_rules

OPERATORS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "truediv",
    "mod": "mod",
    "pow": "pow",
    "floordiv": "floordiv",
    "neg": "neg",
    "pos": "pos",
    "lt": "lt",
    "le": "le",
    "gt": "gt",
    "ge": "ge",
    "eq": "eq",
    "ne": "ne",
}
"""Rule name to the name of the operator: of `operator.add`, and of the method `__add__`."""

INTEGER_OR_LOGICAL = {"and", "or", "xor", "invert", "lshift", "rshift", "gcd", "lcm", "not"} | {
    f"logical_{name}" for name in ("and", "or", "xor")
}
NO_UFUNC = {"round", "isneginf", "isposinf"}
"""Constant rules that take real numbers to a number although NumPy has no ufunc for them."""


@functools.cache
def compiled(rule: Rule) -> Callable:
    """Return the rule of a pointwise primitive as a jitted function: arguments to (value, partials)."""
    if rule.function.__module__.startswith("dualad.rules."):
        try:
            return njit(error_model="numpy", cache=True)(rule.function)
        except RuntimeError:  # no folder to keep the machine code in
            pass
    return njit(error_model="numpy")(rule.function)


def is_of_numbers(rule: Rule) -> bool:
    """Whether a rule takes real numbers to a number: every pointwise one, and constants such as floor and less."""
    if rule.kind == "constant" and rule.name not in INTEGER_OR_LOGICAL:
        return rule.name in NO_UFUNC or any(isinstance(f, np.ufunc) for f in rule.functions)
    of_parts = getattr(rule.function, "__module__", "") == holomorphic.__name__  # of complex numbers, for the compiler
    return rule.kind == "pointwise" and not of_parts


def arity(rule: Rule) -> int:
    """Return how many numbers a rule takes."""
    if rule.arity is not None:
        return rule.arity
    counts = [f.nin for f in rule.functions if isinstance(f, np.ufunc)]
    return counts[0] if counts else 1


def own_class(args: tuple) -> type | None:
    """Return the class of the first argument that applies rules itself; None if all are ordinary numbers."""
    for x in args:
        if hasattr(type(x), "apply_rule"):
            return type(x)
    return None


@functools.cache
def of_any_number(rule: Rule) -> Callable:
    """Return the function of a rule that takes numbers of every kind, in plain Python and in jitted code."""
    original = rule.functions[0]
    ufunc = next((f for f in rule.functions if isinstance(f, np.ufunc)), None)

    def function(*args):
        cls = own_class(args)
        if cls is not None:
            return cls.apply_rule(rule, args)
        arrays = [x for x in args if isinstance(x, np.ndarray)]
        if not arrays:
            return original(*args)
        if ufunc is not None and all(x.dtype != object for x in arrays):
            return ufunc(*args)
        return np.frompyfunc(function, len(args), 1)(*args)

    names = _names(rule)
    function.__name__ = function.__qualname__ = names[0] if names else rule.name
    function.__module__ = __name__
    function.__doc__ = f"Return {function.__name__} of numbers of any kind: float, array, Dual or Var."
    if rule.function is not None:
        function.__signature__ = inspect.signature(rule.function)
    _compile_for_floats(function, rule)
    return function


def _compile_for_floats(function: Callable, rule: Rule) -> None:
    """Give the function its meaning in jitted code for floats and integers, where it is the value of the rule."""

    def is_plain(*kinds: object) -> bool:
        return all(isinstance(k, types.Float | types.Integer | types.Boolean) for k in kinds)

    def choose_unary(x):
        return _value_unary(rule) if is_plain(x) else None

    def choose_binary(x, y):
        return _value_binary(rule) if is_plain(x, y) else None

    if arity(rule) <= 2:
        give_compiled_meaning(function, choose_unary if arity(rule) == 1 else choose_binary)


def _value_unary(rule: Rule) -> Callable:
    original = rule.functions[0]
    if rule.kind == "constant":
        return lambda x: original(x)
    both = compiled(rule)
    return lambda x: both(x)[0]


def _value_binary(rule: Rule) -> Callable:
    original = rule.functions[0]
    if rule.kind == "constant":
        return lambda x, y: original(x, y)
    both = compiled(rule)
    return lambda x, y: both(x, y)[0]


def _names(rule: Rule) -> list[str]:
    """Return the names under which the function of a rule is exported, the rule's own first."""
    if rule.name in OPERATORS or any(isinstance(f, type) for f in rule.functions):
        return []
    found = [rule.name, *(f.__name__ for f in rule.functions)]
    return [name for name in dict.fromkeys(found) if not hasattr(builtins, name)]


BY_NAME: dict[str, Callable] = {
    name: of_any_number(rule) for rule in all_rules() if is_of_numbers(rule) for name in _names(rule)
}
"""The exported functions by name; a rule that is registered later is reached through `of_any_number`."""

for _rule in all_rules():
    if is_of_numbers(_rule):  # so that a derivative of a program that calls dualad.sin finds the rule of sin
        registry.share(of_any_number(_rule), _rule)

globals().update(BY_NAME)
__all__ = sorted(BY_NAME)
