"""A variable without a value raises what Python raises, on the paths where it has none, and costs nothing elsewhere."""

import numpy as np
import pytest

import dualad
from dualad.testing import check_grads

# ------------------------------------------------------------------ some paths leave a variable unbound


def bound_by_one_branch(x):
    if x > 0.0:
        y = x * x
    return y


def bound_by_a_loop(x, n):
    for i in range(n):
        t = x * i
    return t + x


def loop_variable(x, n):
    for i in range(n):
        x *= 0.9
    return x * i


def read_before_the_first_trip_binds_it(a, x):
    s = 0.0
    if x > 2.0:
        previous = x
    for v in a:
        if v > x:
            s += previous * v
        previous = v
    return s


def read_in_the_test_of_a_while(x, n):
    k = 0
    if x > 0.0:
        y = x
    while k < n or y < 2.0:
        k += 1
        y = x * k
    return y * x


def bound_before_a_break(a, x):
    for v in a:
        if v > x:
            found = v * x
            break
    return found


def tuple_bound_in_a_loop(x, n):
    for k in range(n):
        if k == 0:
            pair = (x, x)
        else:
            pair = (x * k, pair[0])
    return pair[0] * pair[1]


def array_bound_in_a_loop(x, n):
    for k in range(n):
        w = np.full(2, x)
        w[0] *= k
    return w[0] + w[1]


def inner_function_bound_by_one_branch(x):
    if x > 0.0:

        def g(v):
            return v * x

    return g(x)


def free_variable(x):
    def g():
        return y * x

    if x > 0.0:
        y = x
    return g()


def last_operand_of_and(x):
    if x > 0.0:
        y = x * x
    if x > -1.0 and y > 0.5:
        return y
    return x


def augmented(x):
    if x > 0.0:
        y = x
    y += x
    return y


def unbound_in_a_helper(x):
    return bound_by_one_branch(x - 1.0) * x


def chain(x):
    if x > 0.0:
        y = x
    if x > -1.0:
        z = y
    return z


def recursive(x, n):
    if n > 0:
        y = recursive(x, n - 1) * x
    return y


DATA = np.array([0.5, 1.5, 0.9])
UNBOUND = [
    (bound_by_one_branch, (2.0,), (-2.0,)),
    (bound_by_a_loop, (2.0, 3), (2.0, 0)),
    (loop_variable, (2.0, 3), (2.0, 0)),
    (read_before_the_first_trip_binds_it, (DATA, 0.7), (DATA, 0.3)),
    (read_in_the_test_of_a_while, (0.7, 1), (-0.7, 0)),
    (bound_before_a_break, (DATA, 0.7), (DATA, 1.7)),
    (tuple_bound_in_a_loop, (0.7, 3), (0.7, 0)),
    (array_bound_in_a_loop, (0.7, 3), (0.7, 0)),
    (inner_function_bound_by_one_branch, (0.7,), (-0.7,)),
    (free_variable, (0.7,), (-0.7,)),
    (last_operand_of_and, (0.9,), (-0.7,)),
    (last_operand_of_and, (-1.5,), (-0.7,)),
    (augmented, (0.7,), (-0.7,)),
    (unbound_in_a_helper, (1.7,), (0.7,)),
    (chain, (0.7,), (-0.7,)),
    (chain, (0.7,), (-1.7,)),
]


@pytest.mark.parametrize(("function", "bound", "unbound"), UNBOUND)
def test_a_variable_without_a_value_raises_what_python_raises(function, bound, unbound):
    gradient = dualad.value_and_grad(function, argnums=len(bound) - 1 if isinstance(bound[-1], float) else 0)
    value, _ = gradient(*bound)
    assert value == pytest.approx(function(*bound), rel=1e-14)
    check_grads(function, bound)
    with pytest.raises(NameError) as in_python:
        function(*unbound)
    ones = {np.ndarray: np.ones_like, float: lambda x: 1.0, int: lambda x: None}
    tangents = tuple(ones[type(x)](x) for x in unbound)
    for derivative in (lambda: gradient(*unbound), lambda: dualad.jvp(function, unbound, tangents)):
        with pytest.raises(NameError) as compiled:
            derivative()
        assert type(compiled.value) is type(in_python.value)
        assert str(compiled.value) == str(in_python.value)


def test_a_recursive_function_raises_it_too():
    with pytest.raises(UnboundLocalError, match="'y'"):
        dualad.grad(recursive)(2.0, 3)


# ------------------------------------------------------------------ every path binds it


def both_branches(x):
    if x > 0.0:
        y = x
    else:
        y = x * x
    return y


def the_other_branch_raises(x):
    if x > 0.0:
        y = x
    elif x < -1.0:
        raise ValueError("too small")
    else:
        raise ValueError("not positive")
    return y


def the_other_branch_returns(x):
    if x > 0.0:
        y = x
    else:
        return x * x
    return y


def bound_in_its_own_trip(x, n):
    s = 0.0
    for i in range(n):
        t = x * i
        for j in range(i):
            u = t * j
            s += u * t
    return s


def loop_with_known_trips(x):
    for i in range(5, 0, -2):
        t = x * i
    return t * i


def endless_loop(x):
    while True:
        y = x * 0.5
        x = y
        if y < 1.0:
            break
    return x * y


def checked_once(x, n):
    for _ in range(n):
        y = x
    return y * y + (y if x > 0.0 else x)


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (both_branches, (0.7,)),
        (the_other_branch_raises, (0.7,)),
        (the_other_branch_returns, (0.7,)),
        (bound_in_its_own_trip, (0.7, 3)),
        (loop_with_known_trips, (0.7,)),
        (endless_loop, (5.0,)),
    ],
)
def test_what_every_path_binds_needs_no_check(function, args):
    for mode in ("forward", "reverse"):
        text = dualad.derivative_source(function, *args, mode=mode)
        assert "UnboundLocalError" not in text
        assert "_defined" not in text


def test_a_variable_is_checked_once():
    assert dualad.derivative_source(checked_once, 0.7, 3).count("UnboundLocalError") == 1


def test_the_reverse_sweep_has_no_checks():
    text = dualad.derivative_source(read_before_the_first_trip_binds_it, DATA, 0.7)
    forward, reverse = text.split("# reverse sweep")
    assert "_defined" in forward
    assert "_defined" not in reverse
