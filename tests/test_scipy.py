"""SciPy's solvers with the derivatives filled in: `dualad.scipy`."""

import numpy as np
import pytest

from dualad.scipy import least_squares, minimize, root, solve_ivp


def valley(x, scale):
    return scale * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


@pytest.mark.parametrize("method", [None, "trust-ncg", "trust-exact", "Nelder-Mead"])
def test_minimize(method):
    found = minimize(valley, np.zeros(2), args=(10.0,), method=method)
    np.testing.assert_allclose(found.x, 1.0, atol=1e-3)
    if method is None:
        assert found.njev == found.nfev  # value and gradient come together


def decay(p, t, y):
    return p[0] * np.exp(-p[1] * t) - y


@pytest.mark.parametrize("sparse", [False, True])
def test_least_squares(sparse):
    t = np.linspace(0.0, 2.0, 8)
    found = least_squares(decay, np.ones(2), args=(t, 3.0 * np.exp(-1.5 * t)), sparse=sparse)
    np.testing.assert_allclose(found.x, [3.0, 1.5], rtol=1e-6)


def circle(x, radius):
    return np.array([x[0] ** 2 + x[1] ** 2 - radius**2, x[0] - x[1]])


def test_root():
    found = root(circle, np.array([1.0, 0.5]), args=(2.0,))
    np.testing.assert_allclose(found.x, np.sqrt(2.0))
    assert found.nfev < 20


def stiff(t, y, k):
    return np.array([-k * (y[0] - np.cos(t)), y[0] - y[1]])


@pytest.mark.parametrize("method", ["Radau", "RK45"])
def test_solve_ivp(method):
    found = solve_ivp(stiff, (0.0, 1.0), np.array([0.0, 0.0]), method, args=(50.0,), rtol=1e-8, atol=1e-10)
    assert found.success and found.y[0, -1] == pytest.approx(np.cos(1.0), abs=0.03)
    assert (found.njev > 0) == (method == "Radau")
