"""Functions that are written for functions of the user's: their texts, and their rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import count
from types import FunctionType

import numpy as np

from .compiler.lowering.source import innermost, python_function
from .rules.custom import custom_rule
from .texts import define

_serial = count(1)


def function_of(text: str, like: object, **around: object) -> dict:
    """Return the namespace of a text, whose functions belong to the module of another one."""
    namespace = {"__name__": getattr(like, "__module__", None) or "__main__", "np": np, **around}
    return define(text, f"<dualad: written {next(_serial)}>", namespace)


def with_names(f: Callable) -> tuple[FunctionType | None, list[str]]:
    """Return the Python function behind a callable, and the names of its parameters if it has no others than named."""
    function = python_function(innermost(f))
    parameters = [] if function is None else list(inspect.signature(function).parameters.values())
    is_named = all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    return function, [p.name for p in parameters] if is_named else []


def with_rule(
    function: object, forward: Callable, tangent: Callable, cotangent: Callable, is_opaque: bool = True
) -> None:
    """Give a function a rule whose JVP takes a tangent of each argument, None for those without."""
    rule = custom_rule(function)(forward)
    rule.jvp(tangent)
    rule.vjp(cotangent)
    rule.takes_all, rule.is_opaque = True, is_opaque
