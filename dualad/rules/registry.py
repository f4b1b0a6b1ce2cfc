"""The registry of primitive rules: one declaration, from which forward, reverse, Dual and Tape all follow.

A rule is an ordinary Python function without control flow: assignments, then one return. The compiler reads its
source and pastes the expressions it needs into the derivative code; Dual and Tape call it. There are four kinds, and
the weakest that fits is the right one.

pointwise
    Numbers in, one number out; arrays go through it element by element. Returns the value and the partials::

        @pointwise(math.tanh, np.tanh)
        def tanh(x):
            value = math.tanh(x)
            return value, (1.0 - value * value,)

    A partial that is built from `value` is free in the reverse sweep: the result is at hand. In the example the
    compiler sees that only `value` is needed, never `x`. Conditional expressions are allowed; they say what happens
    at a kink.
linear, bilinear
    Returns the cotangents of the arguments, given the cotangent `value_bar` of the result. The tangent is the
    primal itself, applied to the tangents (all at once, or one argument at a time)::

        @linear(np.transpose)
        def transpose(x, value_bar):
            return (value_bar.T,)
pair
    A JVP and a VJP side by side, each complete::

        @pair(np.linalg.inv)
        def inv(x, value, x_dot):
            return -value @ x_dot @ value

        @inv.reverse
        def inv_reverse(x, value, value_bar):
            return (-value.T @ value_bar @ value.T,)
constant
    Piecewise constant or integer valued: the derivative is zero by definition::

        constant(math.floor, np.floor, name="floor")

`cheap=True` says that computing the primal again costs about as much as a load, so that the reverse sweep does so
rather than storing the value. Three flags say where infinities come from, so that a tangent, cotangent or partial that
is exactly zero can contribute zero there (0 * inf would be NaN; see `zero_guards`): `singular=True`, a partial
can be infinite or undefined at a finite point where the value is finite (sqrt at 0); `pole=True`, where the value is
infinite, too (log at 0); `overflows=True`, value and partial can be too large to be represented (exp at 1000). `fixed`
are the positions of arguments by which no derivative is known: where one carries a derivative, that is an error.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .. import texts
from ..errors import RuleError

KINDS = ("pointwise", "linear", "bilinear", "pair", "constant")


@dataclass(frozen=True)
class RuleBody:
    """The source of a rule function, taken apart.

    Attributes
    ----------
    params : tuple of str
        Parameter names of the rule function.
    temps : tuple of (str, ast.expr)
        The assignments before the return, in order.
    value : ast.expr or None
        The expression of the primal value (pointwise rules only).
    outputs : tuple of ast.expr
        Partials, cotangents or the tangent.
    namespace : dict
        The module globals that the expressions refer to.
    """

    params: tuple[str, ...]
    temps: tuple[tuple[str, ast.expr], ...]
    value: ast.expr | None
    outputs: tuple[ast.expr, ...]
    namespace: dict = field(repr=False)


@dataclass(eq=False)
class Rule:
    """One primitive: the functions it stands for, and how it is differentiated."""

    name: str
    kind: str
    functions: tuple[Callable, ...]
    function: Callable | None = None
    arity: int | None = None
    cheap: bool = False
    singular: bool = False
    pole: bool = False
    overflows: bool = False
    fixed: tuple[int, ...] = ()
    reverse_function: Callable | None = None
    is_users: bool = False
    """Whether the rule is declared outside dualad."""

    @functools.cached_property
    def body(self) -> RuleBody | None:
        """The rule, taken apart: of dualad's own when somebody asks, as reading takes a fifth of their import."""
        if self.function is None:
            return None
        body = _read(self.function, self.name, self.kind)
        if self.kind != "pair" and len(body.outputs) != self.arity:
            raise RuleError(f"rule {self.name}: {self.arity} arguments but {len(body.outputs)} derivatives")
        return body

    @functools.cached_property
    def vjp(self) -> RuleBody | None:
        """The reverse rule of a pair, taken apart."""
        return None if self.reverse_function is None else _read(self.reverse_function, self.name, "pair")

    @property
    def elementwise(self) -> bool:
        """Whether the primitive goes through arrays element by element."""
        if self.kind == "pointwise":
            return True
        return self.kind == "constant" and any(isinstance(f, np.ufunc) for f in self.functions)

    def tangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        """Return how an array-level rule computes the tangent when some arguments (by position) have tangents.

        `given` are the types of all arguments.
        """
        return self.body

    def cotangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        """Return how an array-level rule computes the cotangents of some arguments."""
        return self.vjp if self.kind == "pair" else self.body

    def reverse(self, function: Callable) -> Callable:
        """Declare the VJP of a pair (decorator)."""
        if self.kind != "pair":
            raise RuleError(f"rule {self.name}: only a pair takes a reverse rule, this one is {self.kind}")
        self.reverse_function = function
        if self.is_users:
            _ = self.vjp  # an error comes where the rule is
        return function

    def __repr__(self) -> str:
        return f"<{self.kind} rule {self.name}>"


class OwnRule:
    """A callable that carries its rule with it, and a stub for type inference."""

    rule: Rule | None = None
    stub: object = None


_by_function: dict[Callable, Rule] = {}
_by_name: dict[str, Rule] = {}
ruled: set[int] = set()
"""The identities of what the user has declared rules for; the rules keep it alive."""
generation = 0
"""How often rules were declared, and settings made."""


def find(function: object) -> Rule | None:
    """Return the rule of a callable, or None."""
    if isinstance(function, OwnRule):
        return function.rule
    return _by_function.get(_key(function))


def is_hashable(function: object) -> bool:
    """Whether a callable has a hash; functions of ctypes have none."""
    try:
        hash(function)
    except TypeError:
        return False
    return True


def _key(function: object) -> object:
    """Return what a callable is known by."""
    return function if is_hashable(function) else ("unhashable", id(function))


def changed() -> None:
    """Say that derivatives that are taken from now on may be others: a rule was declared, a setting was made."""
    global generation
    generation += 1


def is_constant(rule: Rule | None) -> bool:
    return rule is not None and rule.kind == "constant"


def share(function: Callable, rule: Rule) -> None:
    """Let a further callable have a rule that is declared already; a rule of its own stays."""
    if _key(function) not in _by_function:
        _by_function[_key(function)] = rule
        changed()


def get(name: str) -> Rule:
    """Return the rule of that name."""
    return _by_name[name]


def all_rules() -> tuple[Rule, ...]:
    """Return every registered rule, in the order of declaration."""
    return tuple(_by_name.values())


def _read(function: Callable, name: str, kind: str) -> RuleBody:
    try:
        tree = ast.parse(textwrap.dedent(texts.source_of(function))).body[0]
    except (OSError, TypeError):
        raise RuleError(f"rule {name}: its source cannot be found: write it as a def in a file or a cell") from None
    if not isinstance(tree, ast.FunctionDef):
        raise RuleError(f"rule {name}: a rule is written as a def")
    *assigns, last = [s for s in tree.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    temps = []
    for s in assigns:
        if not (isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name)):
            raise RuleError(f"rule {name}: only assignments to plain names may stand before the return")
        temps.append((s.targets[0].id, s.value))
    if not (isinstance(last, ast.Return) and last.value is not None):
        raise RuleError(f"rule {name}: the last statement must be a return")
    result, value = last.value, None
    if kind == "pointwise":
        if not (isinstance(result, ast.Tuple) and len(result.elts) == 2 and isinstance(result.elts[1], ast.Tuple)):
            raise RuleError(f"rule {name}: a pointwise rule returns value, (partials...)")
        value, result = result.elts
    outputs = tuple(result.elts) if isinstance(result, ast.Tuple) else (result,)
    params = tuple(a.arg for a in tree.args.args)
    around = inspect.getclosurevars(function)
    return RuleBody(params, tuple(temps), value, outputs, {**around.globals, **around.nonlocals})


def _is_own() -> bool:
    """Whether it is dualad that declares a rule: the nearest caller outside this module is one of its own."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") == __name__ and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_globals.get("__name__", "").startswith("dualad.")


def _register(rule: Rule) -> Rule:
    rule.is_users = not _is_own()
    if rule.is_users:
        _make_room(rule)
    if rule.name in _by_name:
        raise RuleError(f"rule {rule.name} is declared twice")
    taken = [f for f in rule.functions if _key(f) in _by_function]
    if taken:
        raise RuleError(f"rule {rule.name}: {taken[0]} already has rule {_by_function[_key(taken[0])].name}")
    _by_name[rule.name] = rule
    for function in rule.functions:
        _by_function[_key(function)] = rule
    if rule.is_users:
        ruled.update(map(id, rule.functions))
    changed()
    return rule


def _make_room(rule: Rule) -> None:
    """Let a rule of the user's take the place of his own for the same functions, under a free name."""
    for f in rule.functions:
        old = _by_function.get(_key(f))
        if old is not None and old.is_users:
            del _by_function[_key(f)]
            if not any(other is old for other in _by_function.values()):
                _by_name.pop(old.name, None)
    while rule.name in _by_name:
        rule.name += "_"


def _declare(
    kind: str,
    functions: tuple,
    cheap: bool = False,
    singular: bool = False,
    pole: bool = False,
    overflows: bool = False,
    fixed: tuple[int, ...] = (),
) -> Callable[[Callable], Rule]:
    def decorate(function: Callable) -> Rule:
        name = function.__name__
        params = list(inspect.signature(function).parameters)
        extra = {"pointwise": 0, "linear": 1, "bilinear": 1, "pair": None}[kind]
        if extra is None:
            arity = sum(not p.endswith("_dot") and p not in ("value", "values_active") for p in params)
        else:
            arity = len(params) - extra - ("value" in params)
        flags = (cheap, singular or pole, pole, overflows, fixed)
        rule = Rule(name, kind, functions, function, arity, *flags)
        if not _is_own():
            _ = rule.body  # an error comes where the rule is
        return _register(rule)

    return decorate


def pointwise(
    *functions: Callable,
    cheap: bool = False,
    singular: bool = False,
    pole: bool = False,
    overflows: bool = False,
    fixed: tuple[int, ...] = (),
) -> Callable[[Callable], Rule]:
    """Declare the derivative of functions of numbers with a number as their result (decorator).

    The function that is decorated takes the same arguments and returns ``value, (partial, ...)``, one partial an
    argument: assignments, then one return. Arrays go through it element by element.

    Parameters
    ----------
    *functions : callable
        What the rule is for: ordinary, jitted and C functions, several if they do the same.
    cheap : bool
        Whether computing the value again costs about as much as loading it; the reverse sweep then does not store it.
    singular : bool
        Whether a partial can be infinite or undefined where the value is finite (sqrt at 0).
    pole : bool
        Whether that can be where the value is infinite, too (log at 0).
    overflows : bool
        Whether value and partials can be too large to be represented (exp at 1000).
    fixed : tuple of int
        Positions of arguments by which no derivative is known; where one carries a derivative, that is an error.

    Returns
    -------
    callable
        The decorator, which returns the rule.

    Raises
    ------
    RuleError
        If the source of the rule cannot be found, or it is not written as described.

    Examples
    --------
    ::

        @dualad.pointwise(cube_root)
        def cube_root_rule(x):
            value = cube_root(x)
            return value, (value / (3.0 * x),)
    """
    return _declare("pointwise", functions, cheap, singular, pole, overflows, fixed)


def linear(*functions: Callable, cheap: bool = False) -> Callable[[Callable], Rule]:
    """Declare functions that are linear in all their arguments together (decorator).

    The function that is decorated takes the arguments and `value_bar`, the cotangent of the result, and returns the
    cotangents of the arguments, in a tuple: the transpose. The tangent is the function itself, of the tangents.

    Parameters
    ----------
    *functions : callable
        What the rule is for.
    cheap : bool
        As in `pointwise`.

    Returns
    -------
    callable
        The decorator, which returns the rule.

    Examples
    --------
    ::

        @dualad.linear(flipped)
        def flipped_rule(x, value_bar):
            return (flipped(value_bar),)
    """
    return _declare("linear", functions, cheap)


def bilinear(*functions: Callable, cheap: bool = False) -> Callable[[Callable], Rule]:
    """Declare functions that are linear in each of their arguments, as products are (decorator).

    The function that is decorated returns the cotangents of the arguments, as for `linear`. The tangent is the function
    itself, of one tangent and the other arguments at a time.

    Parameters
    ----------
    *functions : callable
        What the rule is for.
    cheap : bool
        As in `pointwise`.

    Returns
    -------
    callable
        The decorator, which returns the rule.
    """
    return _declare("bilinear", functions, cheap)


def pair(*functions: Callable, singular: bool = False) -> Callable[[Callable], Rule]:
    """Declare functions of arrays by a tangent and a cotangent, each written out (decorator).

    The function that is decorated takes the arguments, `value`, and a tangent for each argument (`x_dot` for `x`), and
    returns the tangent of the value. What comes back has a decorator ``.reverse`` for a function that takes the
    arguments, `value` and `value_bar`, and returns the cotangents of the arguments, in a tuple.

    Parameters
    ----------
    *functions : callable
        What the rule is for.
    singular : bool
        As in `pointwise`.

    Returns
    -------
    callable
        The decorator, which returns the rule.

    Examples
    --------
    ::

        @dualad.pair(inverse)
        def inverse_rule(x, value, x_dot):
            return -value @ x_dot @ value

        @inverse_rule.reverse
        def _(x, value, value_bar):
            return (-value.T @ value_bar @ value.T,)
    """
    return _declare("pair", functions, singular=singular)


def constant(*functions: Callable, name: str | None = None, cheap: bool = True) -> Rule:
    """Declare functions whose derivative is zero wherever it exists.

    Parameters
    ----------
    *functions : callable
        What is piecewise constant, or has integers as its result.
    name : str, optional
        What the rule is called; by default as the first of the functions.
    cheap : bool
        As in `pointwise`.

    Returns
    -------
    Rule
        The rule; nothing more needs to be done with it.
    """
    return _register(Rule(name or functions[0].__name__, "constant", functions, cheap=cheap))
