"""Code that becomes a part of other code is made native on demand: what else of Numba sees it works as before."""

import gc

import numba
import numpy as np
import pytest

import dualad
from dualad.testing import check_grads


def by_inverse(a):
    return np.sum(np.linalg.inv(a))


def by_solve(a, b):
    return np.sum(np.linalg.solve(a, b))


@numba.njit
def solved(a, b):
    return np.linalg.solve(a, b)


@numba.njit
def shown(x):
    print("kept", np.sum(x), len(x))
    return np.sum(x)


def test_what_a_derivative_has_compiled_serves_others():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    assert np.allclose(dualad.grad(by_inverse)(a), -np.linalg.inv(a).T @ np.ones((2, 2)) @ np.linalg.inv(a).T)
    inverse = numba.njit(lambda x: np.linalg.inv(x))
    assert np.allclose(inverse(a), np.linalg.inv(a))
    with pytest.raises(np.linalg.LinAlgError):
        inverse(np.zeros((2, 2)))


def test_parts_raise_and_print_with_their_own_constants(capfd):
    a, b = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0])
    gradient = dualad.grad(by_solve, (0, 1))
    gradient(a, b)
    assert np.allclose(solved(a, b), np.linalg.solve(a, b))
    for f in (gradient, solved):
        with pytest.raises(np.linalg.LinAlgError):
            f(np.zeros((2, 2)), b)
    assert np.array_equal(dualad.grad(shown)(b), np.ones(2))
    assert shown(b) == 3.0
    assert capfd.readouterr().out.count("kept 3.0 2") == 2


def test_a_function_met_inside_a_derivative_is_called_from_python_afterwards():
    @numba.njit
    def inside(x):
        return x * x

    @numba.njit
    def around(x):
        return inside(x) + 1.0

    assert dualad.grad(lambda x: around(x) * 2.0)(3.0) == 12.0
    for _ in range(3):  # the first call makes the native code, the others find it
        gc.collect()
        assert (around(3.0), inside(3.0)) == (10.0, 9.0)


def test_a_derivative_met_inside_jitted_code_is_called_from_python_afterwards():
    slope = dualad.grad(lambda x: x * x)

    @numba.njit
    def step(x):
        return x - 0.1 * slope(x)

    assert step(2.0) == pytest.approx(1.6)
    for _ in range(3):
        gc.collect()
        assert slope(3.0) == 6.0
    with pytest.raises(ZeroDivisionError):
        _refusing(1.0)


@numba.njit
def _inner(x):
    if x > 0.5:
        raise ZeroDivisionError("too much")
    return x


def _refusing(x):
    assert dualad.grad(lambda x: _inner(x) * x)(0.25) == 0.5
    return _inner(x)


def test_what_is_compiled_outside_is_numbas():
    from numba.core.registry import cpu_target

    from dualad.compiler.runtime.numba_bridge.libraries import native_on_demand

    codegen = cpu_target.target_context.codegen()
    before = codegen._library_class
    with native_on_demand():
        assert codegen._library_class is not before
    assert codegen._library_class is before


def solves_of_two_layouts(a, b):
    x = b * 2.0
    total = 0.0
    for k in range(3):
        x = np.linalg.solve(a + k * np.eye(a.shape[0]), x)[::-1]
        total += x[0] * x[-1]
        if k == 1:
            x = x * 1.5
    return total


def test_a_variable_that_is_contiguous_in_one_place_and_a_view_in_another():
    a = np.array([[4.0, 0.3, -0.2], [0.1, 5.0, 0.7], [-0.4, 0.2, 3.0]])
    check_grads(solves_of_two_layouts, (a, np.array([0.5, -1.0, 2.0])))
