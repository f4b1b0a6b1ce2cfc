"""`has_aux` for `jvp` and `vjp`: a result beside the value that derivatives leave alone."""

import numpy as np
import pytest
from numba import njit

import dualad

from .test_errors import complaint

X = np.array([1.0, 2.0, -3.0])


def with_parts(x, y):
    z = np.sin(x) * y
    return {"z": z, "total": np.sum(z)}, {"n": x.size, "largest": np.argmax(z), "z": z, "name": "parts"}


def value_of(x, y):
    return with_parts(x, y)[0]


def test_pushed_forward():
    x_dot = np.array([0.5, 0.0, 1.0])
    out, out_dot, aux = dualad.jvp(with_parts, (X, 2.0), (x_dot, 1.0), has_aux=True)
    expected = dualad.jvp(value_of, (X, 2.0), (x_dot, 1.0))
    for found, wanted in zip((out, out_dot), expected, strict=True):
        np.testing.assert_array_equal(found["z"], wanted["z"])
        assert found["total"] == wanted["total"]
    assert aux["n"] == 3 and aux["largest"] == 1 and aux["name"] == "parts"
    np.testing.assert_array_equal(aux["z"], out["z"])
    assert dualad.jvp(lambda x: (x * x, x), (3.0,), (1.0,), argnums=0, has_aux=True) == (9.0, 6.0, 3.0)


def test_pulled_back():
    out, pullback, aux = dualad.vjp(with_parts, X, 2.0, has_aux=True)
    seed = {"z": np.ones(3), "total": 2.0}
    bars = pullback(seed)
    wanted = dualad.vjp(value_of, X, 2.0)[1](seed)
    np.testing.assert_array_equal(bars[0], wanted[0])
    assert bars[1] == wanted[1] and aux["largest"] == 1 and out["total"] == np.sum(out["z"])


def test_inside_differentiated_functions():
    def pair(x):
        return np.sum(x**3), x[0]

    def f(x):
        out, out_dot, first = dualad.jvp(pair, (x,), (x,), has_aux=True)
        value, pullback, second = dualad.vjp(pair, x, has_aux=True)
        return out + out_dot + first + value + np.sum(pullback(1.0)[0]) + second

    np.testing.assert_allclose(dualad.grad(f)(X), 15.0 * X**2 + 6.0 * X + np.array([2.0, 0.0, 0.0]))


@njit
def square_with_size(x):
    return x * x, x.size


def test_in_jitted_code():
    @njit
    def f(x):
        return dualad.jvp(square_with_size, (x,), (x,), has_aux=True)

    out, out_dot, size = f(X)
    np.testing.assert_array_equal(out, X * X)
    np.testing.assert_array_equal(out_dot, 2.0 * X * X)
    assert size == 3


def test_what_is_no_pair():
    for call in (
        lambda: dualad.jvp(lambda x: x * x, (1.0,), (1.0,), has_aux=True),
        lambda: dualad.vjp(lambda x: x * x, 1.0, has_aux=True),
    ):
        assert "does not return a pair (value, auxiliary output)" in complaint(call, dualad.NotDifferentiableError)
    with pytest.raises(dualad.UnsupportedError, match="has_aux=True of a function that returns no pair"):
        dualad.grad(lambda x: dualad.jvp(lambda y: y * y, (x,), (x,), has_aux=True)[0])(1.0)
