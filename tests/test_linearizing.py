"""The linear map that a function is close to: `dualad.linearize`."""

import numpy as np
import pytest

import dualad
from dualad import ArgumentError, linearizing


def spread(x, scale, n):
    for _ in range(n):
        x = scale * np.sin(x) + np.roll(x, 1)
    return x


def total(p):
    return {"sum": np.sum(p["a"] * p["b"]), "part": p["a"][:1] * p["b"]}


X, SCALE, V = np.array([0.3, 1.2, -0.7]), 0.9, np.array([1.0, -2.0, 0.5])


def test_one_point_and_several_directions():
    out, jvp_fn = dualad.linearize(spread, X, SCALE, 3)
    value, along = dualad.jvp(spread, (X, SCALE, 3), (V, 2.0, None))
    np.testing.assert_allclose(out, value)
    np.testing.assert_allclose(jvp_fn(V, 2.0, None), along, rtol=1e-13)
    np.testing.assert_allclose(jvp_fn(3.0 * V, 6.0, None), 3.0 * along, rtol=1e-13)
    assert not np.any(jvp_fn(None, None, None))


def test_the_point_is_kept():
    x = X.copy()
    _, jvp_fn = dualad.linearize(spread, x, SCALE, 3)
    before = jvp_fn(V, 0.0, None)
    x[:] = 0.0
    assert np.array_equal(jvp_fn(V, 0.0, None), before)


def test_few_inputs_and_structures():
    p = {"a": np.array([2.0, 3.0]), "b": 0.5}
    p_dot = {"a": np.array([1.0, 0.0]), "b": 1.0}
    out, jvp_fn = dualad.linearize(total, p)
    expected = dualad.jvp(total, (p,), (p_dot,))[1]
    assert out["sum"] == 2.5
    found = jvp_fn(p_dot)
    assert found["sum"] == pytest.approx(expected["sum"])
    np.testing.assert_allclose(found["part"], expected["part"])


def test_auxiliary_output():
    out, jvp_fn, count = dualad.linearize(lambda x: (x * x, 7), 3.0, has_aux=True)
    assert (out, jvp_fn(1.0), count) == (9.0, 6.0, 7)


def test_large_functions_keep_nothing(monkeypatch):
    monkeypatch.setattr(linearizing, "_MOST_SWEEPS", 2)
    _, jvp_fn = dualad.linearize(spread, X, SCALE, 3)
    np.testing.assert_allclose(jvp_fn(V, 2.0, None), dualad.jvp(spread, (X, SCALE, 3), (V, 2.0, None))[1])


def test_bad_tangents():
    _, jvp_fn = dualad.linearize(spread, X, SCALE, 3)
    with pytest.raises(ArgumentError, match="was linearised at 3 arguments, not 1"):
        jvp_fn(V)
    with pytest.raises(ArgumentError, match=r"the tangent of x has shape \(2,\), but the primal has shape \(3,\)"):
        jvp_fn(V[:2], 1.0, None)
