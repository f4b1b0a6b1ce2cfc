"""Helpers whose inside the reverse sweep computes again, rather than keeping what it needs of it."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit

from .compiler.runtime.numba_bridge import is_jitted
from .errors import ArgumentError
from .transforms import jvp, vjp
from .written import function_of, with_names, with_rule

__all__ = ["checkpoint"]


def checkpoint(helper: Callable) -> Callable:
    """Return a function that does the same as a helper, and whose inside the reverse sweep computes again.

    Of a call, the arguments are kept, and nothing of what happens inside; when its turn comes in the reverse sweep, the
    call is repeated and reversed. A loop of n steps, each a call with m values on its tape, then keeps n states and m
    values rather than n m, for one more evaluation of each step. Values are the same; so are derivatives, but for the
    order in which contributions to what is shared by several calls are added.

    Parameters
    ----------
    helper : callable
        A def or an `@njit` function with named parameters. It must not write into its arguments.

    Returns
    -------
    callable
        To be called in place of the helper; jitted if the helper is.

    Raises
    ------
    ArgumentError
        If the helper is no Python function with named parameters.
    RuleError
        When a derivative is compiled: if the helper writes into its arguments.
    """
    function, names = with_names(helper)
    if not names:
        raise ArgumentError(f"checkpoint({helper!r}): name a Python function with named parameters")
    given, dots = ", ".join(names), ", ".join(f"{name}_dot" for name in names)
    name = function.__name__ if function.__name__.isidentifier() else "helper"
    text = f"""
def {name}({given}):
    return helper_({given})

def forward({given}):
    return helper_({given}), ({given},)

def tangent(arguments_, {dots}):
    {given}, = arguments_
    return jvp_(helper_, ({given},), ({dots},))[1]

def cotangent(arguments_, value_bar_):
    {given}, = arguments_
    _, pullback_ = vjp_(helper_, {given})
    return pullback_(value_bar_)
"""
    made = function_of(text, function, helper_=helper, jvp_=jvp, vjp_=vjp)
    found = made[name]
    found.__defaults__ = function.__defaults__
    found = njit(found) if is_jitted(type(helper)) else found
    with_rule(found, made["forward"], made["tangent"], made["cotangent"], is_opaque=False)
    return found
