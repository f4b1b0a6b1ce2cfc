"""Calls of jvp, hvp and vjp from Python: what an earlier call has found serves again only where it is still right."""

import math
import time
import types

import numba
import numpy as np
import pytest

import dualad
from dualad.compiler.lowering.unchanged import made_of

K = 2.0
LIST, ARRAY = [2.0], np.array([2.0])
MODULE = types.ModuleType("a_module")
MODULE.k = 2.0


def helper(x):
    return K * x


def reading_a_global(x):
    return K * x


def reading_a_module(x):
    return MODULE.k * x


def calling(x):
    return helper(x)


def with_a_default(x, by=2.0):
    return by * x


def reading_a_builtin(x):
    return abs(x) * 2.0


def by_a_list(x):
    return LIST[0] * x


def by_an_array(x):
    return ARRAY[0] * x


def opaque(x):
    return 2.0 * x


def calling_opaque(x):
    return opaque(x)


def three(x, y, z):
    return x * math.sin(y) + z * z


def times(k):
    return lambda x: k * x


def counting():
    k = 2.0

    def f(x):
        return k * x

    def change(value):
        nonlocal k
        k = value

    return f, change


def slopes(f, *args):
    """Return the derivative of a function at one number by every way that remembers."""
    pulled = dualad.vjp(f, *args)[1](1.0)[0]
    pushed = dualad.jvp(f, args, (1.0,) + (None,) * (len(args) - 1))[1]
    return {pulled, pushed, dualad.grad(f)(*args)}


def undeclare(monkeypatch):
    @dualad.custom_rule(opaque)
    def rule(x):
        return 2.0 * x, None

    @rule.jvp
    def _(residuals, x_dot):
        return 7.0 * x_dot


CHANGES = {
    "global": (reading_a_global, lambda m: m.setitem(globals(), "K", 7.0)),
    "global of a helper": (calling, lambda m: m.setitem(globals(), "K", 7.0)),
    "helper": (calling, lambda m: m.setitem(globals(), "helper", lambda x: 7.0 * x)),
    "code of a helper": (calling, lambda m: m.setattr(helper, "__code__", (lambda x: 7.0 * x).__code__)),
    "own code": (reading_a_builtin, lambda m: m.setattr(reading_a_builtin, "__code__", (lambda x: 7.0 * x).__code__)),
    "attribute of a module": (reading_a_module, lambda m: m.setattr(MODULE, "k", 7.0)),
    "default": (with_a_default, lambda m: m.setattr(with_a_default, "__defaults__", (7.0,))),
    "builtin covered": (reading_a_builtin, lambda m: m.setitem(globals(), "abs", lambda x: 3.5 * x)),
    "list": (by_a_list, lambda m: LIST.__setitem__(0, 7.0)),
    "array": (by_an_array, lambda m: ARRAY.__setitem__(0, 7.0)),
    "rule": (calling_opaque, undeclare),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_has_changed_counts(case, monkeypatch):
    f, change = CHANGES[case]
    assert slopes(f, 1.5) == slopes(f, 1.5) == {2.0}
    change(monkeypatch)
    assert slopes(f, 1.5) == slopes(f, 1.5) == {7.0}


def test_a_captured_value_that_changes():
    f, change = counting()
    assert slopes(f, 1.5) == slopes(f, 1.5) == {2.0} and made_of(f) is not None
    change(7.0)
    assert made_of(f) is None and slopes(f, 1.5) == {7.0}


def test_functions_of_one_text_in_turns():
    two, seven, two_again = times(2.0), times(7.0), times(2.0)
    for _ in range(2):
        assert slopes(two, 1.5) == {2.0} and slopes(seven, 1.5) == {7.0} and slopes(two_again, 1.5) == {2.0}


def test_a_rule_of_one_of_several_functions_of_one_text():
    def power(n):
        def f(x):
            return n * x

        return f

    with_rule, other = power(2.0), power(2.0)
    for _ in range(2):
        assert dualad.jvp(with_rule, (1.5,), (1.0,)) == (3.0, 2.0)

    @dualad.custom_rule(with_rule)
    def rule(x):
        return 10.0 * x, ()

    @rule.jvp
    def _(residuals, x_dot):
        return 7.0 * x_dot

    for _ in range(2):
        for f, value, slope in ((other, 3.0, 2.0), (with_rule, 15.0, 7.0), (power(2.0), 3.0, 2.0)):
            assert dualad.jvp(f, (1.5,), (1.0,)) == (value, slope)
            assert dualad.grad(f)(1.5) == dualad.vjp(f, 1.5)[1](1.0)[0] == slope


def test_a_function_that_is_replaced_in_place_and_calls_itself():
    def times(x, n):
        return x if n == 0 else x * power(x, n - 1)

    def power(x, n):
        return x if n == 0 else x * power(x, n - 1)

    def linear(x, n):
        return x * (n + 1.0) if power is None else x * (n + 2.0)

    copy = types.FunctionType(power.__code__, globals(), "copy", None, power.__closure__)
    for f in (power, copy, power, times):
        assert dualad.jvp(f, (2.0, 2), (1.0, None)) == (8.0, 12.0)
    power.__code__ = linear.__code__
    assert dualad.jvp(power, (2.0, 2), (1.0, None)) == (8.0, 4.0)
    for f in (copy, times):  # x * x * 3
        assert dualad.jvp(f, (2.0, 2), (1.0, None)) == (12.0, 12.0)


def test_a_jitted_function_and_its_python_function():
    jitted = numba.njit(three)
    for f in (three, jitted, three, jitted):
        _, pullback = dualad.vjp(f, 1.0, 2.0, 3.0)
        assert pullback(1.0) == pytest.approx((math.sin(2.0), math.cos(2.0), 6.0))


def test_only_what_cannot_change_unseen_is_remembered():
    for f in (by_a_list, by_an_array):
        slopes(f, 1.5)
        assert made_of(f) is None
    slopes(reading_a_global, 1.5)
    assert made_of(reading_a_global) is not None


def scaled_sum(x, y, n):
    return np.sum(x * y) * n


def test_arguments_are_checked_in_each_call():
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    for _ in range(2):
        assert dualad.jvp(scaled_sum, (x, y, 2), (y, x, None)) == (22.0, 60.0)
    with pytest.raises(dualad.ArgumentError, match="shape"):
        dualad.jvp(scaled_sum, (x, y, 2), (y, np.ones(3), None))
    with pytest.raises(dualad.ArgumentError, match="dtype"):
        dualad.jvp(scaled_sum, (x, y, 2), (y, np.ones(2, np.float32), None))
    with pytest.raises(dualad.ArgumentError):
        dualad.jvp(scaled_sum, (x, y, 2, y), (x, None))
    with pytest.raises(dualad.NotDifferentiableError):
        dualad.jvp(scaled_sum, (x, y, 2), (y, x, 1.0))
    assert dualad.jvp(scaled_sum, (x, y, 2), (np.array([3, 4]), None, None)) == (22.0, 50.0)
    assert dualad.jvp(scaled_sum, (x, y, 2), (None, x, 0)) == (22.0, 10.0)
    out, pullback = dualad.vjp(scaled_sum, x, y, 2)
    x[:] = 0.0
    with pytest.raises(dualad.ArgumentError, match="cotangent"):
        pullback(np.ones(2))
    x_bar, y_bar, n_bar = pullback(1.0)
    assert out == 22.0 and x_bar.tolist() == [6.0, 8.0] and y_bar.tolist() == [2.0, 4.0] and n_bar is None
    narrow = dualad.vjp(scaled_sum, y.astype(np.float32), y.astype(np.float32), 2)[1](np.float32(1.0))
    assert narrow[0].dtype == np.float32 and dualad.vjp(scaled_sum, y, y, 2)[1](1.0)[0].dtype == np.float64
    with pytest.raises(dualad.NotDifferentiableError):
        dualad.vjp(three, 1, 2, 3)


def test_defaults_and_cotangents_of_tuples():
    def pair(x, y=3.0):
        return x * y, [x, {"y": y}]

    for _ in range(2):
        _, pullback = dualad.vjp(pair, 2.0)
        assert pullback((1.0, [10.0, {"y": 100.0}])) == (13.0,)
    assert dualad.vjp(pair, 2.0, 4.0)[1]((1.0, [0.0, {"y": 1.0}])) == (4.0, 3.0)


def test_second_derivatives():
    for _ in range(2):
        assert dualad.hvp(three, (1.0, 2.0, 3.0), (0.0, 0.0, 1.0)) == (0.0, 0.0, 2.0)
        assert dualad.hvp(lambda x: x**3, (2.0,), (1.0,)) == 12.0
        assert dualad.vjp(dualad.grad(lambda x: x**3), 2.0)[1](1.0) == (12.0,)


def best(call):
    """Return the least seconds that a call takes."""
    found = []
    for _ in range(20):
        start = time.perf_counter()
        for _ in range(100):
            call()
        found.append(time.perf_counter() - start)
    return min(found) / 100


def test_what_a_call_costs():
    """Microseconds, where each look at what a function depends on took 30 to 60: a generous bound, against `grad`."""
    gradient, args, dots = dualad.grad(three), (1.0, 2.0, 3.0), (1.0, 0.0, 0.0)
    _, pullback = dualad.vjp(three, *args)
    _, along = dualad.linearize(three, *args)
    calls = (
        lambda: dualad.vjp(three, *args),
        lambda: pullback(1.0),
        lambda: dualad.jvp(three, args, dots),
        lambda: dualad.hvp(three, args, dots),
        lambda: along(*dots),
    )
    for call in calls:
        call()
        assert best(call) < 12.0 * best(lambda: gradient(*args))
