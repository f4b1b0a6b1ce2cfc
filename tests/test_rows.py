"""Reverse sweeps that run again behind one forward sweep: `jacrev` and the pullbacks of `vjp`."""

import numpy as np
import pytest

import dualad
from dualad.compiler import build
from dualad.compiler.differentiate.rows import NotRepeatableError
from dualad.transforms import Pullback

X = np.linspace(0.2, 1.1, 6)


def restored(x):
    """Its reverse sweep puts back what was overwritten, and pops kept arrays."""
    h = x.copy()
    w = np.zeros((6, 6))
    for _ in range(3):
        for i in range(h.size):
            s = 0.0
            for k in range(h.size):
                s += h[k] * w[i, k] * h[k]
                w[i, k] = np.cos(h[k])
            x[i] = np.sin(s) + h[i]
        for k in range(h.size):
            h[k] = np.sin(x[k])
    out = np.empty(3)
    for i in range(3):
        out[i] = h[i] * h[i + 1]
    return out


def kept_arrays(x):
    y = x * 1.0
    while np.sum(y) < 20.0:
        y = y * 1.3 + np.sin(x) * y
    return y


def views(x):
    m = np.zeros((3, 3))
    for i in range(3):
        for k in range(3):
            m[i, k] = x[i] * x[k]
    r = m[1]
    r[0] = x[1] ** 3
    return m[:, 0] * np.sum(r)


def grown(x):
    total = np.zeros(2)
    t = x[0]
    while t < 5.0:
        t = t * (1.0 + x[1] * x[1])
        total[0] += np.sin(t)
    total[1] = t
    return total


def chosen(x):
    if np.sum(x) > 0.0:
        y = np.exp(x) * x[0]
    else:
        y = x
    return y


def constant(x):
    return np.ones(3) + 0.0 * np.floor(x[:3])


PROGRAMS = [restored, kept_arrays, views, grown, chosen, constant]


@pytest.mark.parametrize("f", PROGRAMS)
def test_rows_and_pullbacks_agree_with_forward_mode(f):
    expected = dualad.jacfwd(f)(X)
    np.testing.assert_allclose(dualad.jacrev(f)(X), expected, rtol=1e-11, atol=1e-14)
    out, pullback = dualad.vjp(f, X)
    rng = np.random.default_rng(1)
    for _ in range(3):  # each call finds what the first one found
        seed = rng.normal(size=out.shape)
        np.testing.assert_allclose(pullback(seed)[0], seed @ expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(X, np.linspace(0.2, 1.1, 6))


def by_several(w, x, scale):
    return np.tanh(w @ x) * scale


def test_several_arguments():
    w = np.random.default_rng(0).normal(size=(4, 6))
    for got, expected in zip(
        dualad.jacrev(by_several, (0, 1, 2))(w, X, 2.0), dualad.jacfwd(by_several, (0, 1, 2))(w, X, 2.0), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_single_precision():
    x = X.astype(np.float32)
    found = dualad.jacrev(lambda x: np.sin(x) * x[0])(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, dualad.jacfwd(lambda x: np.sin(x) * x[0])(x), rtol=1e-5)
    assert dualad.vjp(lambda x: np.sin(x), x)[1](x)[0].dtype == np.float32


def test_the_forward_sweep_runs_once(monkeypatch):
    cut = []
    original = build.build_rows
    monkeypatch.setattr(build, "build_rows", lambda *args: cut.append(original(*args)) or cut[-1])
    dualad.jacrev(lambda x: np.sin(x) * x)(X)
    assert len(cut) == 1 and cut[0] is not None
    _, pullback = dualad.vjp(lambda x: np.sin(x) * x, X)
    assert isinstance(pullback, Pullback) and pullback.left


def test_what_cannot_be_cut_has_a_forward_sweep_a_call():
    def recursive(x, n):
        return recursive(x * x, n - 1) if n > 0 else x

    out, pullback = dualad.vjp(recursive, 1.1, 2)
    assert not pullback.left
    assert pullback(1.0)[0] == pytest.approx(4.0 * 1.1**3) and out == pytest.approx(1.1**4)
    assert str(NotRepeatableError()).startswith("internal")


def test_nobody_can_change_what_a_pullback_knows():
    def f(x):
        y = np.exp(x)
        return y, x[1:]

    x = X.copy()
    (y, part), pullback = dualad.vjp(f, x)
    x[:], y[:], part[:] = 7.0, 0.0, 0.0
    (bar,) = pullback((np.ones(6), np.zeros(5)))
    np.testing.assert_allclose(bar, np.exp(X))
    np.testing.assert_allclose(pullback((np.ones(6), np.zeros(5)))[0], np.exp(X))


def test_structures_and_any_number_of_arguments():
    def f(params, *rest):
        return {"y": np.sin(params["w"]) * rest[0], "z": rest[1] ** 2}

    out, pullback = dualad.vjp(f, {"w": X, "n": 3}, 2.0, 3.0)
    params, first, second = pullback({"y": np.ones(6), "z": 1.0})
    np.testing.assert_allclose(params["w"], 2.0 * np.cos(X))
    assert first == pytest.approx(np.sum(np.sin(X))) and second == 6.0 and out["z"] == 9.0
