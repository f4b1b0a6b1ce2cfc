"""Derivatives as primitives: what a program computes by `grad(f)(x)` is one operation, with a derivative of its own.

A gradient is not differentiated through its reverse sweep. With g(x) = grad f(x), and f'' symmetric,

    forward     g_dot = f''(x) x_dot = grad [x -> f'(x) x_dot]
    reverse     x_bar = f''(x) g_bar = grad [x -> f'(x) g_bar]

and f'(x) v, the tangent of f, is an ordinary function, read from the generated forward mode. So both sweeps of an
operation grad f are again operations grad, of another function, and any nesting comes out as forward mode inside and
one reverse sweep outermost. Where f has further parameters y, the same holds for the mixed derivatives. Every operation
differentiates a function of its own: no tag tells one nesting from another, so none can be confused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from numba import types

from ...rules.registry import OwnRule, Rule, RuleBody
from ..runtime.numba_bridge import register_callable, specialising_dispatcher, typing_stub
from .entries import Entry, TangentOf
from .values import ReverseMode


@dataclass(eq=False)
class Builder:
    """How derived functions come to be built; `build` puts itself in here."""

    build: Callable | None = None
    """Takes (entry, kind, wrt, argument types[, lenient, how]), returns a `build.Built`."""
    outcome: Callable | None = None
    """Takes (entry, argument types), returns an `Outcome`."""


BUILDER = Builder()


def generate(entry: Entry, kind: str, wrt: tuple[int, ...], given: tuple, how: object = None) -> object:
    """Return the generated Python function of a derivative of an entry."""
    return BUILDER.build(entry, kind, wrt, given, how=how).function


@dataclass(frozen=True)
class Outcome:
    """What is known of the results of an entry without running it.

    Attributes
    ----------
    types : list
        Those of all numbers and arrays of the result.
    sizes : list of list
        Of each array, formulas for the lengths of its axes: an int, ("size", k, axis) of parameter k, ("value", k) of
        an integer, (function, formula, ...); None for what is not known.
    written : list of int
        The parameters into which the function writes.
    """

    types: list
    sizes: list
    written: list


def outcome(entry: Entry, given: tuple) -> Outcome:
    return BUILDER.outcome(entry, given)


class Derived(OwnRule):
    """A primitive that is called with the parameters of an entry and compiled for their types.

    `kind` is "value" (the results of the entry; it is inlined where it is active) or "grad" (the gradients of its one
    result by the parameters in `wrt`, of which those in `lenient` may be integers, with the derivative 0). Several
    results (`count` of them) are a tuple, which "item" operations take apart. `how` is what is said of a
    gradient, if anything is.
    """

    def __init__(
        self,
        entry: Entry,
        kind: str,
        wrt: tuple[int, ...] = (),
        lenient: tuple[int, ...] = (),
        count: int | None = None,
        how: ReverseMode | None = None,
    ):
        self.entry, self.kind, self.wrt, self.lenient = entry, kind, wrt, lenient
        self.count = len(wrt) if count is None else count
        self.how = how
        self.__name__ = entry.identifier if kind == "value" else f"{entry.identifier}_{kind}"
        params = ", ".join(f"a{k}" for k in range(len(entry.names())))
        namespace: dict = {}
        exec(f"def {self.__name__}({params}): raise RuntimeError('a stub was run')", namespace)  # noqa: S102
        self.dispatcher = specialising_dispatcher(namespace[self.__name__], self._function, is_inner=True)
        self.stub = typing_stub(self.result_type)
        self.rule = GradientRule(self) if kind == "grad" else None
        self._built: dict[tuple, object] = {}

    def built(self, given: tuple) -> object:
        """Return what is generated for arguments of some types."""
        if given not in self._built:
            kind = "primal" if self.kind == "value" else "grad"
            self._built[given] = BUILDER.build(self.entry, kind, self.wrt, given, self.lenient, self.how)
        return self._built[given]

    def _function(self, given: tuple) -> Callable:
        return self.built(tuple(types.unliteral(t) for t in given)).function

    def result_type(self, given: tuple) -> object:
        """Return the type of the result for arguments of some types."""
        if self.kind == "value":
            return self.built(given).result_type
        found = [_type_of_adjoint(given[k]) for k in self.wrt]
        return found[0] if len(found) == 1 else types.BaseTuple.from_types(found)


def _type_of_adjoint(ty: object) -> object:
    if isinstance(ty, types.Array):
        return types.Array(ty.dtype, ty.ndim, "F" if ty.layout == "F" else "C")
    return ty if isinstance(ty, types.Float | types.Complex) else types.float64


register_callable(Derived, lambda d: d.dispatcher)


class GradientRule(Rule):
    """The derivatives of a gradient, in both modes gradients of a tangent.

    The cotangents of several gradients are called value_bar_0, value_bar_1, ...
    """

    def __init__(self, derived: Derived):
        super().__init__(derived.__name__, "pair", ())
        self.derived = derived
        self._bodies: dict[tuple, object] = {}

    def with_tangent(self, active: tuple[int, ...]) -> Derived | None:
        """Return a gradient that gives the tangents of this one's results and then the results, in one sweep.

        The tangent of f is linear in x_dot, and its gradient by x_dot is that of f. None if some x has no tangent.
        """
        entry, wrt = self.derived.entry, self.derived.wrt
        if not set(wrt) <= set(active):
            return None
        if ("both", active) not in self._bodies:
            dots = tuple(len(entry.names()) + active.index(k) for k in wrt)
            self._bodies["both", active] = Derived(TangentOf(entry, active, generate), "grad", (*wrt, *dots))
        return self._bodies["both", active]

    def tangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        entry, wrt = self.derived.entry, self.derived.wrt
        return self._body("tangent", active, lambda: Derived(TangentOf(entry, active, generate), "grad", wrt))

    def cotangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        entry, wrt = self.derived.entry, self.derived.wrt
        return self._body("cotangent", active, lambda: Derived(TangentOf(entry, wrt, generate), "grad", active))

    def _body(self, direction: str, active: tuple, make: Callable) -> RuleBody:
        if (direction, active) not in self._bodies:
            callee = make()
            params = [f"a{k}" for k in range(len(self.derived.entry.names()))]
            bars = [f"value_bar_{k}" for k in range(len(self.derived.wrt))]
            dots = [f"{params[k]}_dot" for k in active] if direction == "tangent" else bars
            call = _expression(f"{callee.__name__}({', '.join([*params, *dots])})")
            temps, outputs = (), [call]
            if direction == "cotangent":
                outputs = [call if k in active else _expression("0.0") for k in range(len(params))]
                if len(active) > 1:
                    temps = (("bars", call),)
                    for j, k in enumerate(active):
                        outputs[k] = _expression(f"bars[{j}]")
            namespace = {callee.__name__: callee}
            self._bodies[direction, active] = RuleBody((*params, *dots), temps, None, tuple(outputs), namespace)
        return self._bodies[direction, active]


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
