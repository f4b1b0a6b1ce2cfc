"""`stop_gradient`: identity in value, constant to every derivative."""

import numpy as np
import pytest
from numba import njit

import dualad
from dualad import stop_gradient

from .test_errors import complaint


def halves(x):
    return x * stop_gradient(x)


def squares(x):
    return np.sum(x * stop_gradient(x * x))


X = np.array([1.0, -2.0, 0.5])


def test_numbers():
    assert stop_gradient(3.0) == 3.0
    assert dualad.value_and_grad(halves)(3.0) == (9.0, 3.0)
    assert dualad.jvp(halves, (3.0,), (1.0,)) == (9.0, 3.0)
    assert dualad.grad(stop_gradient_alone)(3.0) == 0.0 and dualad.jvp(stop_gradient_alone, (3.0,), (1.0,))[1] == 0.0


def stop_gradient_alone(x):
    return stop_gradient(x)


def test_arrays_in_both_modes():
    np.testing.assert_array_equal(dualad.grad(squares)(X), X * X)
    np.testing.assert_array_equal(dualad.jacfwd(squares)(X), X * X)
    np.testing.assert_array_equal(dualad.jacrev(lambda x: x * stop_gradient(x))(X), np.diag(X))


def test_higher_orders_stop_there_too():
    def f(x):
        return x**3 * stop_gradient(x)

    assert dualad.grad(dualad.grad(f))(2.0) == 6.0 * 2.0 * 2.0
    hessian = dualad.hessian(lambda x: np.sum(x**2 * stop_gradient(x)))(X)
    np.testing.assert_array_equal(hessian, np.diag(2.0 * X))
    # the derivative of a derivative of which a factor is stopped
    assert dualad.grad(lambda x: stop_gradient(dualad.grad(np_cube)(x)) * x)(2.0) == 12.0


def np_cube(x):
    return x * x * x


def test_no_derivative_leaks_through_shared_memory():
    def written(x):
        kept = stop_gradient(x)
        kept[0] = x[0] * x[1]  # what is written there later carries a derivative of its own
        return np.sum(kept)

    np.testing.assert_array_equal(dualad.grad(written)(X), [X[1], X[0], 0.0])

    def overwritten(x):
        y = x * 1.0
        kept = stop_gradient(y)
        y[:] = 0.0
        return np.sum(kept * x) + np.sum(y)

    np.testing.assert_array_equal(dualad.grad(overwritten)(X), X)

    def of_a_view(x):
        part = stop_gradient(x[1:])
        part *= 2.0
        return np.sum(part * x[1:]) + x[0]

    np.testing.assert_array_equal(dualad.grad(of_a_view)(X), [1.0, 2.0 * X[1], 2.0 * X[2]])
    kept = stop_gradient(X)
    assert kept is not X and not np.shares_memory(kept, X)


def test_structures():
    def f(params):
        fixed = stop_gradient(params)
        return np.sum(params["w"] * fixed["w"]) + params["b"][0] * fixed["b"][1]

    found = dualad.grad(f)({"w": X, "b": [2.0, 3.0]})
    np.testing.assert_array_equal(found["w"], X)
    assert found["b"] == [3.0, 0.0]
    again = stop_gradient({"w": X, "n": 3, "name": "a", "t": (1.0, [2.0])})
    assert again["n"] == 3 and again["name"] == "a" and again["t"] == (1.0, [2.0])


def test_in_jitted_code():
    @njit
    def f(x, pair):
        a, b = stop_gradient(pair)
        return np.sum(x * stop_gradient(x)) * a * b * stop_gradient(2.0)

    @njit
    def slope(x, pair):
        return dualad.grad(f, argnums=(0, 1))(x, pair)

    assert f(X, (1.0, 2.0)) == 4.0 * np.sum(X * X)
    dx, dpair = slope(X, (1.0, 2.0))
    np.testing.assert_array_equal(dx, 4.0 * X)
    assert tuple(dpair) == (0.0, 0.0)


def test_in_a_batch_and_of_numbers_that_can_be_held():
    np.testing.assert_array_equal(dualad.vmap(dualad.grad(halves))(X), X)
    np.testing.assert_array_equal(dualad.grad(lambda x: np.sum(dualad.vmap(halves)(x)))(X), X)
    assert halves(dualad.Dual(3.0, 1.0)).tangent == 3.0
    tape = dualad.Tape()
    assert stop_gradient(tape.var(2.0)) == 2.0


def test_refusals():
    def f(x, n):
        items = [0.0]
        for k in range(n):
            items.append(x * k)
        return sum(stop_gradient(items))

    text = complaint(lambda: dualad.grad(f)(2.0, 3))
    assert "stop_gradient of a list" in text and "test_stopping.py, line" in text
    with pytest.raises(dualad.UnsupportedError, match="stop_gradient takes|these arguments of stop_gradient"):
        dualad.grad(lambda x: stop_gradient(x, x))(1.0)
