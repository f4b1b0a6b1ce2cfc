"""Every pointwise rule at tiny and huge numbers, zeros, infinities and NaN: the modes agree, NaN included.

Reverse and forward mode, second derivatives by either mode over forward mode, Dual and Tape; each is compiled once a
rule and called at all points.
"""

import itertools
import linecache
import math

import numpy as np
import pytest

import dualad
from dualad.functions import of_any_number

from .cases import CASES
from .test_rules import NOT_IN_NUMBA, RULES

VALUES = (1e-200, -1e-200, 1e200, -1e200, 0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, 2.0)
INTEGER_ARGUMENTS = {"psi_n": (0,), "ldexp": (1,)}
NOT_TWICE = {"pow", "gamma"}
"""Rules with second derivatives by one mode that are infinite and by the other NaN where an argument is infinite."""


def called(rule):
    """Return a function, with source, that calls the rule's first function."""
    params = ", ".join(f"x{i}" for i in range(rule.arity))
    text = f"def call({params}):\n    return function({params})\n"
    name = f"<{rule.name} at its extremes>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace = {"function": next(f for f in rule.functions if f not in NOT_IN_NUMBA)}
    exec(compile(text, name, "exec"), namespace)
    return namespace["call"]


def has_second_order(rule, args):
    """Whether second derivatives can be told: products of the tiny and the huge are lost to rounding."""
    if rule.arity > 1 and any(0.0 < abs(x) < 1e-100 or 1e100 < abs(x) < math.inf for x in args):
        return False
    return rule.name not in NOT_TWICE or all(map(math.isfinite, args))


def by_tape(function, args, wrt):
    tape = dualad.Tape()
    inputs = [tape.var(x) if i in wrt else x for i, x in enumerate(args)]
    return tape.gradient(function(*inputs), tuple(inputs[i] for i in wrt))


def by_dual(function, args, wrt):
    seeded = (function(*(dualad.Dual(x, float(i == k)) if i in wrt else x for i, x in enumerate(args))) for k in wrt)
    return [y.tangent for y in seeded]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", sorted(RULES))
def test_modes_agree(name):
    rule = RULES[name]
    call, number = called(rule), of_any_number(rule)
    wrt = tuple(i for i in range(rule.arity) if i not in INTEGER_ARGUMENTS.get(name, ()))
    reverse, forward = dualad.grad(call, wrt), dualad.jacfwd(call, wrt)
    twice = dualad.hessian(call, wrt), dualad.jacfwd(dualad.jacfwd(call, wrt), wrt)
    candidates = [VALUES if i in wrt else (1, 2) for i in range(rule.arity)]
    kinks = [args for args, _ in CASES[name].kinks if all(isinstance(args[i], float) for i in wrt)]
    for args in (*kinks, *itertools.product(*candidates)):
        expected = np.ravel(reverse(*args))
        others = [forward(*args), by_dual(number, args, wrt)]
        others += [by_tape(number, args, wrt)] if rule.arity <= 2 else []  # a Tape has room for two operands
        for other in others:
            np.testing.assert_allclose(np.ravel(other), expected, rtol=1e-12, err_msg=str(args))
        if has_second_order(rule, args):
            by_reverse, by_forward = (np.ravel(f(*args)) for f in twice)
            largest = np.max(np.abs(by_reverse[np.isfinite(by_reverse)]), initial=0.0)  # of what cancels
            np.testing.assert_allclose(by_forward, by_reverse, rtol=1e-10, atol=1e-15 * largest, err_msg=str(args))
