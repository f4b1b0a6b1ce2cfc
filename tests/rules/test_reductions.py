"""Reductions of single numbers, and along axes: what NumPy makes of them, in both modes."""

import numpy as np
import pytest

import dualad
from dualad.compiler.transform import legalise as expand
from dualad.rules import composites


def of_a_number(x):
    s = np.sum(x) + 2.0 * np.prod(x) + 3.0 * np.mean(x) + 4.0 * np.max(x) + 5.0 * np.min(x) + np.sum(x, axis=0)
    s += np.ptp(x) + np.std(x) + np.var(x) + 6.0 * np.median(x) + 7.0 * np.average(x)
    s += np.cumsum(x)[0] + 8.0 * np.cumprod(x)[0] + np.any(x) + np.all(x) + np.argmax(x) + np.count_nonzero(x)
    s += np.nansum(x) + np.nanprod(x) + np.nanmean(x) + np.nanmax(x) + np.nanmin(x) + np.nanstd(x) + np.nanvar(x)
    s += np.nanmedian(x) + np.percentile(x, 30) + np.quantile(x, 0.5) + np.size(x) + np.ndim(x) + np.linalg.norm(x)
    s += np.ravel(x)[0] + np.atleast_2d(x)[0, 0] + np.unique(x)[0] + np.expand_dims(x, 0)[0] + np.nancumsum(x)[0]
    s += np.where(x > 1.0, x * x, 0) + np.dot(x, x) + np.vdot(x, 2.0) + np.kron(x, 3.0) + np.outer(x, x)[0, 0]
    s += np.dot(x, np.ones(2) * x).sum() + np.kron(np.ones(2) * x, x)[1] + np.outer(x, np.ones(2) * x)[0, 1]
    return s + np.mean(np.sin(x) * 2.0) + np.mean(3) + np.sum(True)


def test_of_a_number():
    for x in (2.5, -1.5):
        wanted, slope = of_a_number(x), (of_a_number(x + 1e-6) - of_a_number(x - 1e-6)) / 2e-6
        for value, derivative in (
            dualad.value_and_grad(of_a_number)(x),
            dualad.jvp(of_a_number, (x,), (1.0,)),
        ):
            assert value == pytest.approx(wanted) and derivative == pytest.approx(slope, rel=1e-8)
    assert np.isnan(dualad.value_and_grad(of_a_number)(np.nan)).all()


def test_a_number_without_a_sum():
    """NaN is left out, and so is its derivative; what varies around nothing does not vary."""

    def f(x):
        return np.nansum(x), np.nanprod(x), np.nanmax(x)

    value, forward = dualad.jvp(f, (np.nan,), (1.0,))
    np.testing.assert_array_equal(value, (0.0, 1.0, np.nan))
    np.testing.assert_array_equal((forward, dualad.jacrev(f)(np.nan)), [(0.0, 0.0, 1.0)] * 2)


def means(x):
    return np.mean(x, axis=0), x.mean(1), np.mean(x, axis=(-3, -1)), x / x.sum(axis=(0, 2), keepdims=True)


def spreads(x):
    return np.std(x, axis=(0, 2)), x.var(axis=0, ddof=1), np.var(x, ddof=1)


def extremes(x):
    return np.max(x, axis=(0, 2)), x.min(-1), x - np.amax(x, axis=1, keepdims=True)


def products(x):
    y = x[0, 0]
    return np.prod(x, axis=(0, 2)), np.mean(y, axis=0) * np.max(y, axis=0) * np.sum(x, (0, 1, 2), keepdims=True)


@pytest.mark.parametrize("f", [means, spreads, extremes, products])
def test_along_axes(f):
    def of_squares(x):
        total = 0.0
        for y in f(x):
            total += np.sum(y * y)
        return total

    rng = np.random.default_rng(1)
    x, v = rng.standard_normal((2, 3, 2)), rng.standard_normal((2, 3, 2))
    out, out_dot = dualad.jvp(f, (x,), (v,))
    for y, y_dot, wanted, above, below in zip(out, out_dot, f(x), f(x + 1e-6 * v), f(x - 1e-6 * v), strict=True):
        assert np.shape(y) == np.shape(wanted)
        np.testing.assert_allclose(y, wanted, rtol=1e-12)
        np.testing.assert_allclose(y_dot, (above - below) / 2e-6, rtol=1e-6, atol=1e-8)
    slope = sum(np.sum(2.0 * y * y_dot) for y, y_dot in zip(out, out_dot, strict=True))
    assert np.sum(dualad.grad(of_squares)(x) * v) == pytest.approx(slope, rel=1e-10)


def test_extremes_along_axes_at_ties_and_nans():
    def f(x):
        return np.max(x, axis=0) + np.min(x, axis=0)

    x = np.array([[1.0, 2.0, np.nan], [1.0, 5.0, 3.0]])
    value, slope = dualad.jvp(f, (x,), (np.array([[1.0, 1.0, 1.0], [9.0, 1.0, 9.0]]),))
    np.testing.assert_array_equal(value, [2.0, 7.0, np.nan])
    np.testing.assert_array_equal(slope, [2.0, 2.0, 2.0])
    gradient = dualad.grad(lambda x: np.sum(f(x)))
    np.testing.assert_array_equal(gradient(x), [[2.0, 1.0, 2.0], [0.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match="zero-size array"):
        gradient(np.zeros((0, 3)))


def test_dtypes_are_those_of_numpy():
    def f(x, n):
        return np.mean(x, axis=0), np.std(x, axis=1), np.max(x, axis=0), np.mean(n, axis=0), np.prod(x, axis=0)

    x, n = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3), np.arange(6).reshape(2, 3)
    out, _ = dualad.jvp(f, (x, n), (x, None))
    for found, wanted in zip(out, f(x, n), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_an_expansion_that_leads_back_to_itself_ends(monkeypatch):
    def mean(a):
        return np.median(a) * 1.0

    def median(a):
        return np.mean(a) * 1.0

    monkeypatch.setitem(composites._composites, np.mean, mean)
    monkeypatch.setitem(composites._composites, np.median, median)
    monkeypatch.setattr(expand, "_MOST_EXPANSIONS", 3)
    with pytest.raises(dualad.DualadError, match=r"what stands for np.mean leads back to .*test_reductions.py, line"):
        dualad.grad(lambda x: np.mean(x) * 2.0)(np.ones(3))
