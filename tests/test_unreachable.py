"""What follows an exception is never reached, and asks nothing of the rest of the program."""

import math

import pytest

import dualad


def activation(x, kind):
    if kind == "tanh":
        return math.tanh(x)
    if kind == "relu":
        return max(x, 0.0)
    raise ValueError(f"no activation {kind}")


def scale(x, kind):
    if kind == "half":
        factor = 0.5
    else:
        raise ValueError(f"no scale {kind}")
    return factor * x


def helper_always_raises(x):
    return activation(x, "tahn") * x


def name_is_bound_by_the_other_side(x):
    return scale(x, "third") + x


def one_branch_always_raises(x):
    if x > 1.0:
        return activation(x, "tahn") * x
    return x * x


def loop_always_raises(x):
    for k in range(3):
        if k == 1:
            x = activation(x, "tahn")
        x = x * 2.0
    return x


def first_trip_raises(x, n):
    for _ in range(n):
        if x > 1.0:
            raise ValueError("large")
        else:
            raise ValueError("small")
        x = math.sin(x)
    return x * x


def endless_loop_raises(x):
    while True:
        x = x * 2.0
        if x > 100.0:
            raise ValueError("large")


def statements_after_raise(x):
    if x > 1.0:
        raise ValueError("large")
        x = math.sin(x)
    return x * x


def assert_false(x, n):
    if n == 0:
        y = x
    elif n == 1:
        y = x * x
    else:
        assert False, "n"
    return y


CASES = [
    (helper_always_raises, (0.5,)),
    (name_is_bound_by_the_other_side, (0.5,)),
    (one_branch_always_raises, (0.5,)),
    (one_branch_always_raises, (1.5,)),
    (loop_always_raises, (0.5,)),
    (first_trip_raises, (0.5, 0)),
    (first_trip_raises, (0.5, 1)),
    (endless_loop_raises, (0.5,)),
    (statements_after_raise, (0.5,)),
    (statements_after_raise, (1.5,)),
    (assert_false, (0.5, 1)),
    (assert_false, (0.5, 2)),
]


@pytest.mark.parametrize(("function", "args"), CASES)
def test_what_follows_an_exception_is_not_looked_at(function, args):
    tangents = (1.0, *(None for _ in args[1:]))
    try:
        expected = function(*args)
    except (ValueError, AssertionError) as error:
        expected = error
    for derivative in (lambda: dualad.value_and_grad(function)(*args), lambda: dualad.jvp(function, args, tangents)):
        if isinstance(expected, Exception):
            with pytest.raises(type(expected)) as compiled:
                derivative()
            if isinstance(expected, ValueError):  # pytest adds to the message of an assertion
                assert str(compiled.value) == str(expected)
        else:
            value, slope = derivative()
            assert value == pytest.approx(expected, rel=1e-15)
            moved = (function(args[0] + 1e-6, *args[1:]) - function(args[0] - 1e-6, *args[1:])) / 2e-6
            assert slope == pytest.approx(moved, rel=1e-8)
