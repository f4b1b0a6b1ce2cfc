"""What other tools get silently wrong, each by the report it comes from. Here it is right, or refused with a message.

Left out until whole arrays can be differentiated: np.where with a NaN in the branch not taken (jax#5798) as one
expression on arrays; its form with a conditional, and with np.where on numbers, is here.
"""

import math

import numba
import numpy as np
import pytest

import dualad
from dualad.testing import check_grads


def both_modes(f, *args, argnums=0):
    """Return the derivative of a number by a number in forward and in reverse mode."""
    tangents = tuple(1.0 if k == argnums else (0.0 if isinstance(a, float) else None) for k, a in enumerate(args))
    return dualad.jvp(f, args, tangents)[1], dualad.grad(f, argnums)(*args)


def test_a_variable_used_after_a_loop_of_unknown_length():
    """NVIDIA/warp#1694."""

    def f(x, n):
        last = 0.0
        for i in range(n):
            last = x * (i + 1.0)
            x = last * 0.5
        return last * x

    for n in (0, 1, 4):
        check_grads(f, (1.3, n))
    assert dualad.grad(f)(1.3, 0) == 0.0


def test_the_loop_variable_after_its_loop():
    """NVIDIA/warp#1694; the loop variable keeps its last value."""

    def f(x, n):
        for i in range(n):
            x = math.sin(x)
        return x * i

    check_grads(f, (0.7, 3))


def test_nested_loops_of_unknown_length():
    """NVIDIA/warp#1293."""

    def f(x, counts):
        total = 0.0
        for i in range(counts.size):
            y = x
            for j in range(counts[i]):
                y = y * x + j
                for _ in range(j):
                    y = math.sin(y)
            total += y
        return total

    check_grads(f, (0.8, np.array([2, 0, 3, 1])))


def test_continue():
    """NVIDIA/warp#1552."""

    def f(x):
        total = 0.0
        for i in range(x.size):
            if x[i] < 0.0:
                continue
            if i % 2 == 0:
                total = total * x[i] + 1.0
                continue
            total += math.exp(x[i])
        return total

    check_grads(f, (np.array([0.3, -0.7, 1.1, 0.5, -0.2, 0.9]),))


def test_an_element_that_depends_on_itself():
    """NVIDIA/warp#1294: a[i] = a[i] + 1, a[i] = a[i] * a[i]."""

    def f(x):
        a = np.ones(3)
        for i in range(3):
            a[i] = a[i] + 1.0
            a[i] = a[i] * x
            a[i] = a[i] * a[i]
            a[0] += a[i]
        return a[0] + a[2]

    check_grads(f, (0.6,))


def test_a_buffer_that_is_used_again():
    """NVIDIA/warp#1294: the same memory holds another value each time."""

    def f(x, n):
        buffer = np.empty(2)
        total = 0.0
        for i in range(n):
            buffer[0] = x * i
            buffer[1] = math.sin(buffer[0])
            total += buffer[0] * buffer[1]
            buffer[0] = total
            x = x + 0.1 * buffer[0]
        return total

    check_grads(f, (0.4, 5))


def test_read_then_overwritten():
    """NVIDIA/warp#947."""

    def f(x):
        y = x[0] * x[1]
        x[0] = 5.0
        z = y * x[0]
        x[1] = z * z
        x[0] = y
        return x[0] * x[1]

    x = np.array([0.7, 1.2])
    check_grads(f, (x,))
    np.testing.assert_array_equal(x, [0.7, 1.2])


def test_the_branch_that_is_not_taken_does_not_count():
    """jax#5798: the dead branch is not a number."""

    def branch(x):
        return math.sqrt(x) if x > 0.0 else 0.0

    def statement(x):
        y = 2.0 * x
        if x > 0.0:
            y = math.log(x)
        return y

    for f, expected in ((branch, 0.0), (statement, 2.0)):
        for at in (-1.0, 0.0):
            assert both_modes(f, at) == (expected, expected)


def test_a_masked_operation_does_not_count():
    """jax#5798: a value that is multiplied by zero afterwards, or never used, where its derivative is infinite."""

    def unused(x):
        y = math.sqrt(x)
        return x if x < 1.0 else y

    assert both_modes(unused, 0.0) == (1.0, 1.0)


def test_square_root_at_zero():
    """jax#3058: infinite where the result depends on it, and no NaN from what is multiplied by zero afterwards."""
    assert both_modes(lambda x: math.sqrt(x), 0.0) == (math.inf, math.inf)
    assert both_modes(lambda x: 0.0 * math.sqrt(x) + x, 0.0) == (1.0, 1.0)
    assert both_modes(lambda x: math.hypot(x, 0.0), 0.0) == (0.0, 0.0)


def test_a_norm_at_zero():
    """jax#3058: the root of a sum of squares, where all are zero."""

    def norm(x):
        total = 0.0
        for i in range(x.size):
            total += x[i] * x[i]
        return math.sqrt(total)

    zero = np.zeros(2)
    forward = dualad.jvp(norm, (zero,), (np.array([1.0, 0.0]),))[1]
    assert forward == dualad.grad(norm)(zero)[0] == 0.0


def test_powers_at_base_zero():
    """Both modes, both arguments: no NaN from the logarithm of the base."""

    def power(x, y):
        return x**y

    for y, expected in ((2.0, 0.0), (1.0, 1.0), (3.0, 0.0), (0.0, 0.0), (0.5, math.inf)):
        assert both_modes(power, 0.0, y) == (expected, expected)
    for y in (1.0, 2.0, 0.5):
        assert both_modes(power, 0.0, y, argnums=1) == (0.0, 0.0)
    for n in (0, 1, 2):
        expected = (0.0, 1.0, 0.0)[n]
        assert both_modes(power, 0.0, n) == (expected, expected)
    assert both_modes(power, -2.0, 3.0) == (12.0, 12.0)


def test_absolute_value_at_zero():
    """Both modes agree there."""
    functions = (
        lambda x: abs(x),
        lambda x: math.fabs(x),
        lambda x: np.abs(x),
    )
    for f in functions:
        forward, reverse = both_modes(f, 0.0)
        assert forward == reverse == 0.0


def test_ties_of_max_and_min_agree():
    """Both modes agree, and a tie of a value with itself has the whole derivative."""
    for f in (lambda x: max(x, 1.0), lambda x: min(x, 1.0), lambda x: max(x, x), lambda x: max(1.0, x, x * x)):
        forward, reverse = both_modes(f, 1.0)
        assert forward == reverse
    assert both_modes(lambda x: max(x, x), 1.0) == (1.0, 1.0)


def test_perturbations_are_not_confused():
    """ForwardDiff.jl#83: d/dx x (d/dy (x + y)) is 1, not 2. Right, or refused for now."""

    def outer(x):
        def inner(y):
            return x + y

        return x * dualad.grad(inner)(2.0)

    try:
        assert dualad.grad(outer)(1.0) == 1.0
    except dualad.UnsupportedError as error:
        assert "test_pitfalls.py" in str(error)


def test_integers_are_refused_rather_than_zero():
    """google/tangent#66."""
    for call in (
        lambda: dualad.grad(lambda x: x * x)(3),
        lambda: dualad.jvp(lambda x: x * x, (3,), (1,)),
        lambda: dualad.grad(lambda x: x[0] * x[0])(np.array([3])),
    ):
        with pytest.raises(dualad.NotDifferentiableError, match="float|tangent"):
            call()


def test_integers_become_floats_without_loss():
    """google/tangent#66: an integer that a float is mixed into later."""

    def f(x, n):
        total = 0
        for i in range(n):
            total = total + i * x
        return total / 2

    check_grads(f, (1.5, 4))


def test_what_the_loop_variable_held_before():
    """Data from before the loop, where it makes no trip, and where it makes some."""

    def f(x, n):
        i = x * x
        y = i
        for i in range(n):
            y = y * x
        return y + i

    for n in (0, 3):
        check_grads(f, (1.4, n))


def test_a_target_that_exists_before_the_loop_over_an_array():
    def f(x, values):
        v = math.sin(x)
        for v in values:
            x = x * v
        return x + v

    check_grads(f, (1.4, np.array([0.5, 2.0, 1.5])))
    check_grads(f, (1.4, np.empty(0)), argnums=0)


def test_a_view_and_its_array_are_one():
    def f(x):
        a = np.zeros(4)
        middle = a[1:3]
        a[1] = x
        middle[1] = a[1] * x
        middle[0] *= 2.0
        return a[1] * a[2] + middle[0]

    check_grads(f, (0.9,))


def test_two_names_for_one_array_in_a_branch():
    def f(x, flag):
        a = np.full(2, x)
        b = np.full(2, 2.0 * x)
        c = a if flag else b
        c[0] = c[0] * x
        return a[0] * b[0] + c[0]

    for flag in (True, False):
        check_grads(f, (0.9, flag))


def test_an_early_return_inside_a_loop():
    def f(x, n):
        for i in range(n):
            x = x * x
            if x > 10.0:
                return x + i
        return -x

    for at in (1.05, 1.5, 4.0):
        check_grads(f, (at, 5))


def test_a_swap():
    def f(x, y, n):
        for _ in range(n):
            x, y = y, x * y
        return x - 2.0 * y

    check_grads(f, (1.1, 0.8, 4))


def test_a_seed_is_not_kept_for_the_next_call():
    """Stale gradients: each call starts from zero."""

    def f(x):
        a = np.zeros(2)
        for i in range(2):
            a[i] += x[i] * x[i]
        return a[0] + a[1]

    gradient = dualad.grad(f)
    x = np.array([1.0, 2.0])
    first = gradient(x)
    for _ in range(3):
        np.testing.assert_array_equal(gradient(x), first)
    _, pullback = dualad.vjp(f, x)
    pullback(1e9)
    np.testing.assert_array_equal(pullback(1.0)[0], first)


def test_an_argument_without_influence_has_a_zero_of_its_own_shape():
    def f(x, y, z):
        return x * 2.0

    x_bar, y_bar, z_bar = dualad.grad(f, argnums=(0, 1, 2))(1.0, np.ones((2, 3), dtype=np.float32), (1.0, np.ones(2)))
    assert x_bar == 2.0
    assert y_bar.shape == (2, 3) and y_bar.dtype == np.float32 and not y_bar.any()
    assert z_bar[0] == 0.0 and z_bar[1].shape == (2,)


@pytest.mark.parametrize("mode", [dualad.grad, dualad.jacfwd])
def test_an_index_outside_of_a_tuple_or_list(mode):
    derivative = mode(lambda x, i, j: (x, x * x, 1.0)[i] * [x, x * x, 2.0][j])
    assert derivative(2.0, 1, -1) == 8.0
    assert derivative(2.0, -3, 0) == 4.0
    for k in (-4, 3):
        with pytest.raises(IndexError, match="^tuple index out of range$"):
            derivative(2.0, k, 0)
        with pytest.raises(IndexError, match="^list index out of range$"):
            derivative(2.0, 0, k)


def test_zeros_of_both_signs_are_two_constants():
    def f(x):
        sign = 0.0 if x > 2.0 else -0.0
        return math.copysign(x, sign)

    assert both_modes(f, 1.0) == (-1.0, -1.0)
    assert both_modes(f, 3.0) == (1.0, 1.0)


def test_unsigned_indices_into_tables_of_constants():
    weights, powers, large = (1.5, 2.5, 3.5), [3, 1, 2], (2**63, 1, 2)

    def f(x, i):
        return x[powers[i] % 2] ** powers[i] * weights[i] + large[i] * x[0]

    x, gradient = np.array([1.5, 0.5]), dualad.grad(f)
    jitted = numba.njit(lambda x, i: gradient(x, i))
    for i in (np.uint64(2), np.uint8(2), np.int8(-1), 2):
        check_grads(f, (x, i))
        assert np.allclose(dualad.hessian(f)(x, i), [[7.0, 0.0], [0.0, 0.0]])
        assert np.allclose(jitted(x, i), [12.5, 0.0])
    with pytest.raises(IndexError):
        dualad.grad(f)(x, np.uint64(3))
    with pytest.raises(IndexError):
        dualad.grad(f)(x, np.uint64(2**64 - 1))


def test_truth_values_as_indices_into_tables_of_constants():
    weights, powers = (1.5, 2.5, 3.5), [3, 1, 2]

    def f(x, flag):
        return x ** powers[flag] * weights[x > 1.0] + x * weights[-flag] + x * weights[not flag]

    for x, flag, slope in ((2.0, True, 7.5), (2.0, False, 34.0), (0.5, True, 6.5)):
        check_grads(f, (x, flag))
        assert dualad.grad(f)(x, flag) == slope
    with pytest.raises(dualad.DualadError):
        dualad.grad(f)(2.0, 1.0)


def test_an_index_outside_of_a_table_of_constants():
    derivative = dualad.grad(lambda x, i, j: x * (2.0, 3.0, 4.0)[i] ** [1, 2, 3][j])
    assert derivative(2.0, 1, -2) == 9.0
    assert derivative(2.0, -3, 0) == 2.0
    for k in (-4, 3):
        with pytest.raises(IndexError, match="^tuple index out of range$"):
            derivative(2.0, k, 0)
        with pytest.raises(IndexError, match="^list index out of range$"):
            derivative(2.0, 0, k)
