"""Recursive functions: calls that share the tape."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from numba.core.runtime import _nrt_python, rtsys

import dualad
from dualad.testing import check_grads

from .recursive import (
    CASES,
    MATRIX,
    VECTOR,
    both_of_a_pair,
    descend,
    det,
    det_by_minors,
    fact,
    first_of_nested_pair,
    mutual_pairs,
    overwritten,
    pairs_in_a_loop,
    raising,
    sum_between,
    sum_of_array_result,
    sum_of_growing_tuple,
    sum_of_two_or_three,
    tree,
    with_captured_variable,
    with_count,
    with_inner_recursion,
)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("f, args", [(f, args) for f, *args in CASES], ids=lambda x: getattr(x, "__name__", ""))
def test_derivatives(f, args):
    check_grads(f, tuple(a.copy() if isinstance(a, np.ndarray) else a for a in args))


def test_the_cost_grows_with_the_depth():
    """Linear recursion: a cost that doubled with every level would never end."""
    for n in (100, 1000, 5000):
        x = 1.0 + 1.0 / n
        assert dualad.grad(fact)(x, n) == pytest.approx(n * x ** (n - 1), rel=1e-10)
        assert dualad.jvp(fact, (x, n), (1.0, None))[1] == pytest.approx(n * x ** (n - 1), rel=1e-10)


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_det_by_minors(n):
    a = np.random.default_rng(n).uniform(0.3, 1.7, (n, n))
    wanted = np.linalg.det(a) * np.linalg.inv(a).T
    np.testing.assert_allclose(dualad.grad(det_by_minors)(a), wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dualad.grad(det)(a), wanted, rtol=1e-9, atol=1e-12)


def test_memory_is_given_back():
    a = MATRIX.copy()
    derivative = dualad.grad(det)
    derivative(a)
    _nrt_python.memsys_enable_stats()
    try:
        before = rtsys.get_allocation_stats()
        for _ in range(50):
            derivative(a)
        after = rtsys.get_allocation_stats()
    finally:
        _nrt_python.memsys_disable_stats()
    assert after.alloc > before.alloc
    assert after.alloc - before.alloc == after.free - before.free
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free


def fills_and_adds(x, k, room):
    """Each call makes an array of its own and hands on two that it was given."""
    if k == x.size:
        return 0.0
    own = np.zeros(2)
    own[0] = x[k] * room[0]
    room[0] += x[k]
    return own[0] * fills_and_adds(x, k + 1, room) + np.sin(fills_and_adds(x[: k + 1], k + 1, own)) + x[k]


def adds_in_a_loop(x):
    total = 0.0
    for k in range(3):
        total += fills_and_adds(x, k, np.ones(1) + x[k]) * x[k]
    return total


def test_arrays_are_lent():
    """Whoever made an array counts it; a unit hands on what it was given as it is."""
    x = np.array([0.3, -0.7, 0.5, 1.1])
    check_grads(adds_in_a_loop, (x,))
    source = dualad.derivative_source(adds_in_a_loop, x)
    units, whole = source.split("def adds_in_a_loop_value_and_grad")
    assert "lend(own)" in units and "lend(x)" not in units and "lend(room)" not in units
    assert "lend(x)" in whole


def test_arguments_stay_as_they_are():
    a = VECTOR.copy()
    dualad.grad(overwritten)(a, 0)
    np.testing.assert_array_equal(a, VECTOR)


def test_single_precision():
    a = VECTOR.astype(np.float32)
    got = dualad.grad(sum_between)(a, 0, len(a))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, dualad.grad(sum_between)(VECTOR, 0, len(a)), rtol=1e-5)
    x = np.float32(0.7)
    assert dualad.grad(descend)(x, np.float32(1.2), 3) == pytest.approx(dualad.grad(descend)(0.7, 1.2, 3), rel=1e-5)


def test_called_from_jitted_code():
    derivative = dualad.grad(both_of_a_pair)

    @njit
    def total(x):
        out = 0.0
        for n in range(4):
            out += derivative(x, n)
        return out

    assert total(0.7) == pytest.approx(sum(derivative(0.7, n) for n in range(4)))


def test_threads_have_tapes_of_their_own():
    derivative = dualad.grad(tree)
    wanted = [derivative(0.1 * k, 4, 3) for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda k: derivative(0.1 * k, 4, 3), range(8))) == wanted


def test_the_source_shows_the_units():
    text = dualad.derivative_source(descend, 0.7, 1.2, 3)
    forward, reverse, main = (text.index(f"def descend_{name}(") for name in ("forward", "reverse", "value_and_grad"))
    assert max(forward, reverse) < main
    assert text == dualad.derivative_source(descend, 0.7, 1.2, 3)
    assert "def descend_jvp(" in dualad.derivative_source(descend, 0.7, 1.2, 3, mode="forward")


def test_an_error_in_a_unit_is_raised():
    for derivative in (dualad.grad(raising), dualad.value_and_grad(raising)):
        with pytest.raises(ValueError, match="negative"):
            derivative(0.9, -1)


# -------------------------------------------------------------------- second derivatives


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "f, args",
    [
        (fact, (0.9, 4)),
        (descend, (0.7, 1.2, 3)),
        (det, (MATRIX[:3, :3].copy(),)),
        (pairs_in_a_loop, (VECTOR[:4].copy(), 0.7)),
        (mutual_pairs, (0.7, 4)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_hessians(f, args):
    """A Hessian times a direction, against differences of gradients."""
    x = args[0]
    direction = np.random.default_rng(5).standard_normal(np.shape(x))[()]
    step = 1e-5
    gradient = dualad.grad(f)
    wanted = (gradient(x + step * direction, *args[1:]) - gradient(x - step * direction, *args[1:])) / (2.0 * step)
    _, found = dualad.jvp(gradient, args, (direction, *(0.0 if isinstance(a, float) else None for a in args[1:])))
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)
    hessian = np.reshape(dualad.hessian(f)(*args), (np.size(x), np.size(x)))
    np.testing.assert_allclose(hessian @ np.ravel(direction), np.ravel(wanted), rtol=1e-7, atol=1e-8)


def test_third_derivative():
    n, x = 4, 1.3
    assert dualad.jacfwd(dualad.hessian(fact))(x, n) == pytest.approx(n * (n - 1) * (n - 2) * x ** (n - 3), rel=1e-12)


def times_its_slope(x, n):
    return dualad.grad(fact)(x, n) * x


def test_gradient_inside_a_differentiated_function():
    n, x = 4, 1.3
    assert dualad.grad(times_its_slope)(x, n) == pytest.approx(n * n * x ** (n - 1), rel=1e-12)


def with_jacobian_inside(x, n):
    return dualad.jacfwd(fact)(x, n) * x


# -------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "f, args, message",
    [
        (with_count, (0.7, 3), "int64 in a tuple as the result of recursion"),
        (first_of_nested_pair, (0.7, 3), "whose results are not always 2 numbers"),
        (sum_of_two_or_three, (0.7, 3), "whose results are not always 3 numbers"),
        (sum_of_array_result, (VECTOR, 3), "an array as the result"),
        (with_inner_recursion, (0.7, 3), "define it at module level"),
        (with_captured_variable, (0.7, 3), "pass the variables as arguments"),
        (sum_of_growing_tuple, (0.7, 3), "ever new structures"),
        (with_jacobian_inside, (0.7, 3), "a derivative other than grad of a recursive function"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_refused(f, args, message):
    for mode in ("forward", "reverse"):
        with pytest.raises(dualad.UnsupportedError, match=message):
            dualad.derivative_source(f, *args, mode=mode)


def test_a_unit_is_compiled_once():
    derivative = dualad.grad(fact)
    derivative(1.5, 4)
    (built,) = derivative.built.values()
    units = [x for name, x in built.function.__globals__.items() if name.endswith(("_forward", "_reverse"))]
    assert len(units) == 2
    assert [len(unit.signatures) for unit in units] == [1, 1]
