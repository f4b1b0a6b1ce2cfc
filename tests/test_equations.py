"""Functions that an equation defines: `dualad.implicit` and `dualad.implicit_minimum`."""

import math

import numpy as np
import pytest
import scipy.optimize
from numba import njit

import dualad
from dualad import ArgumentError


def newton(a):
    y = 1.0
    for _ in range(60):
        y = y - (y**3 + y - a) / (3.0 * y * y + 1.0)
    return y


def cubic(y, a):
    return y**3 + y - a


root = dualad.implicit(newton, cubic)


def with_root(a):
    return math.sin(root(a * a)) + a


def with_newton(a):
    return math.sin(newton(a * a)) + a


def test_a_root_of_one_unknown_in_both_modes_and_beyond():
    slope = dualad.grad(with_newton)(1.3)
    assert root(2.0) == pytest.approx(1.0)
    assert dualad.value_and_grad(with_root)(1.3) == pytest.approx((with_newton(1.3), slope))
    assert dualad.jvp(with_root, (1.3,), (1.0,))[1] == pytest.approx(slope)
    assert dualad.hessian(with_root)(1.3) == pytest.approx(dualad.hessian(with_newton)(1.3))


def equations(y, p, b):
    return np.array([y[0] ** 2 + p * y[1] - b[0], y[1] ** 3 + y[2] * p - b[1], y[2] + 0.1 * y[0] * y[1] - b[2]])


def by_scipy(p, b):
    return scipy.optimize.root(equations, np.ones(3), args=(p, b), tol=1e-13).x


def cost_of(solve):
    def cost(p, b):
        y = solve(p, 2.0 * b)
        return np.sum(y * y)

    return cost


def differences(f, p, b, step=1e-5):
    along_b = [(f(p, b + step * e) - f(p, b - step * e)) / (2.0 * step) for e in np.eye(b.size)]
    return (f(p + step, b) - f(p - step, b)) / (2.0 * step), np.array(along_b)


@pytest.mark.parametrize("linear_solver", ["lu", "gmres", "sparse"])
def test_a_root_that_scipy_finds(linear_solver):
    cost = cost_of(dualad.implicit(by_scipy, equations, linear_solver=linear_solver))
    p, b = 0.5, np.array([1.0, 0.7, 0.3])
    expected = differences(cost_of(by_scipy), p, b)
    if linear_solver == "lu":
        slope = dualad.grad(cost, (0, 1))(p, b)
        assert slope[0] == pytest.approx(expected[0], rel=1e-7)
        np.testing.assert_allclose(slope[1], expected[1], rtol=1e-7)
        assert dualad.jvp(cost, (p, b), (1.0, None))[1] == pytest.approx(slope[0], rel=1e-10)
    elif linear_solver == "gmres":
        assert dualad.jvp(cost, (p, b), (1.0, None))[1] == pytest.approx(expected[0], rel=1e-7)
    else:
        assert dualad.grad(cost)(p, b) == pytest.approx(expected[0], rel=1e-7)


@njit
def halves(a):
    y = np.zeros((2, 2))
    for _ in range(200):
        y = 0.5 * np.cos(y) + a
    return y


matrix_root = dualad.implicit(halves, lambda y, a: y - 0.5 * np.cos(y) - a)


def test_an_unknown_matrix_of_a_jitted_solver_in_jitted_code():
    a = np.array([[0.1, 0.7], [-0.3, 1.2]])
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])

    def cost(a):
        return np.sum(weights * matrix_root(a))

    slope = dualad.grad(cost)

    @njit
    def two_steps(a):
        return a - slope(a) - slope(a)

    expected = weights / (1.0 + 0.5 * np.sin(halves(a)))
    np.testing.assert_allclose(slope(a), expected, rtol=1e-10)
    np.testing.assert_allclose(two_steps(a), a - 2.0 * expected, rtol=1e-9)


# ------------------------------------------------------------------------------------------- minima


def objective(y, p, q):
    return (y[0] - p) ** 4 + (y[0] - p) ** 2 + 2.0 * (y[1] - q) ** 2 + y[0] * y[1]


def on_a_parabola(y, p, q):
    return np.array([y[0] ** 2 + y[1] - p * q])


def free(p, q):
    return scipy.optimize.minimize(objective, np.ones(2), args=(p, q), tol=1e-12).x


def bound(p, q):
    conditions = {"type": "eq", "fun": on_a_parabola, "args": (p, q)}
    options = {"maxiter": 500}
    found = scipy.optimize.minimize(
        objective, np.ones(2), args=(p, q), constraints=conditions, method="SLSQP", tol=1e-14, options=options
    )
    return found.x


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("solver", "constraints"), [(free, None), (bound, on_a_parabola)])
def test_minima(solver, constraints):
    best = dualad.implicit_minimum(solver, objective, constraints, tolerance=1e-4)

    def cost(p, q):
        y = best(p, q)
        return 3.0 * y[0] + y[1] ** 2

    step = 1e-3
    slope = dualad.grad(cost, (0, 1))(0.7, 1.3)
    expected = (
        (cost(0.7 + step, 1.3) - cost(0.7 - step, 1.3)) / (2.0 * step),
        (cost(0.7, 1.3 + step) - cost(0.7, 1.3 - step)) / (2.0 * step),
    )
    assert slope == pytest.approx(expected, rel=1e-3)


# ------------------------------------------------------------------------------------------- bad input


def test_what_is_no_solution():
    wrong = dualad.implicit(lambda a: a, cubic)
    with pytest.raises(ArgumentError, match=r"the residual has the norm 8\.\d* at what <lambda> returns"):
        dualad.grad(wrong)(2.0)
    assert dualad.grad(dualad.implicit(lambda a: a, cubic, tolerance=10.0))(2.0) == pytest.approx(1.0 / 13.0)


def test_a_singular_system():
    double = dualad.implicit(lambda a: 0.0 * a, lambda y, a: (y - a) ** 2 - a * a)
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        dualad.grad(dualad.implicit(lambda a: a, lambda y, a: (y - a) ** 2))(2.0)
    assert dualad.grad(double)(2.0) == pytest.approx(0.0)


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="linear_solver='qr': it is one of 'lu', 'gmres', 'sparse'"):
        dualad.implicit(newton, cubic, linear_solver="qr")
    with pytest.raises(ArgumentError, match=r"result='float32': it is one of 'float64', 'float64\[:\]'"):
        dualad.implicit(newton, cubic, result="float32")
    with pytest.raises(ArgumentError, match="must have named parameters: the solution, and one or more"):
        dualad.implicit(newton, lambda *y: y[0])
    with pytest.raises(
        ArgumentError, match=r"returns 1 dimensions where 0 are expected: say which by result='float64'"
    ):
        dualad.implicit(lambda a: np.array([math.fsum([a])]), cubic)(2.0)
    with pytest.raises(ArgumentError, match="cannot be told from"):
        dualad.implicit(lambda a: math.fsum([a]), lambda y, a: (y, a))(2.0)
