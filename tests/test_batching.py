"""`vmap`: axes, structures, every other transformation in either order, threads, and what is refused."""

import functools
import math
import pickle

import numpy as np
import pytest
from numba import njit

import dualad
from dualad.testing import check_grads

from .test_errors import complaint

RNG = np.random.default_rng(7)
W, B, X, Y = RNG.normal(size=(3, 4)), RNG.normal(size=3), RNG.normal(size=(5, 4)), RNG.normal(size=(5, 3))


def layer(w, b, x):
    return np.tanh(w @ x + b)


def loss(w, b, x, y):
    return np.sum((layer(w, b, x) - y) ** 2)


def batch_loss(w, b, xs, ys):
    return np.sum(dualad.vmap(loss, in_axes=(None, None, 0, 0))(w, b, xs, ys))


def loop_loss(w, b, xs, ys):
    total = 0.0
    for i in range(xs.shape[0]):
        total += loss(w, b, xs[i], ys[i])
    return total


def stacked(f, *args, axes, out=0):
    """What vmap means: the results for one example after the other."""
    count = next(np.shape(a)[axis] for a, axis in zip(args, axes, strict=True) if axis is not None)
    rows = [
        [a if axis is None else np.take(a, i, axis) for a, axis in zip(args, axes, strict=True)] for i in range(count)
    ]
    return np.stack([f(*row) for row in rows], out)


# ---------------------------------------------------------------- axes


@pytest.mark.filterwarnings("ignore::numba.NumbaPerformanceWarning")
@pytest.mark.parametrize(("axis", "out"), [(0, 0), (1, -1), (-1, 0)])
def test_any_axis_in_and_out(axis, out):
    xs = np.ascontiguousarray(np.moveaxis(X, 0, axis))
    mapped = dualad.vmap(layer, in_axes=(None, None, axis), out_axes=out)
    expected = stacked(layer, W, B, xs, axes=(None, None, axis), out=out)
    np.testing.assert_allclose(mapped(W, B, xs), expected, rtol=1e-13)


def test_numbers_one_axis_for_all_arguments_and_results_of_several_kinds():
    def f(x, y):
        return x * y, x > y, 7, np.array([x, y])

    product, greater, seven, both = dualad.vmap(f, out_axes=(0, 0, 0, 1))(X[:, 0], X[:, 1])
    np.testing.assert_array_equal(product, X[:, 0] * X[:, 1])
    np.testing.assert_array_equal(greater, X[:, 0] > X[:, 1])
    assert greater.dtype == bool and seven.dtype == np.int64 and list(seven) == [7] * 5
    np.testing.assert_array_equal(both, X[:, :2].T)


def test_single_precision_stays():
    assert dualad.vmap(layer, in_axes=(None, None, 0))(*(a.astype(np.float32) for a in (W, B, X))).dtype == np.float32


def test_structures_and_what_stands_in_them():
    def f(params, x, power=2, *, scale=1.0):
        return {"y": params["act"](params["w"] @ x), "norms": [np.sum(x**power), scale]}

    found = dualad.vmap(f, in_axes=(None, 0))({"w": W, "act": np.tanh}, X)
    np.testing.assert_allclose(found["y"], np.tanh(X @ W.T))
    np.testing.assert_allclose(found["norms"][0], np.sum(X**2, 1))
    np.testing.assert_array_equal(found["norms"][1], np.ones(5))
    rows = dualad.vmap(lambda d: d["x"].sum() * d["y"][0])({"x": X, "y": Y})
    np.testing.assert_allclose(rows, X.sum(1) * Y[:, 0])


def test_any_number_of_arguments():
    def f(a, *rest):
        return a * rest[0] + rest[1]

    np.testing.assert_allclose(dualad.vmap(f)(X[:, 0], X[:, 1], X[:, 2]), X[:, 0] * X[:, 1] + X[:, 2])
    np.testing.assert_allclose(dualad.vmap(f, in_axes=(0, None, 0))(X[:, 0], 2.0, X[:, 2]), X[:, 0] * 2.0 + X[:, 2])


def test_no_example_sees_what_another_leaves_behind():
    def f(w, x):
        w[0] += x[0]
        x[0] = 0.0
        return w[0] + np.sum(x)

    w, xs = np.ones(2), X.copy()
    np.testing.assert_allclose(dualad.vmap(f, in_axes=(None, 0))(w, xs), 1.0 + np.sum(X, 1))
    slope = dualad.grad(lambda w, xs: np.sum(dualad.vmap(f, in_axes=(None, 0))(w, xs)), argnums=(0, 1))(w, xs)
    np.testing.assert_array_equal(slope[0], [5.0, 0.0])
    np.testing.assert_array_equal(slope[1], np.ones((5, 4)))
    np.testing.assert_array_equal(xs, X)
    np.testing.assert_array_equal(w, np.ones(2))


def test_an_empty_batch():
    mapped = dualad.vmap(layer, in_axes=(None, None, 0))
    assert mapped(W, B, X[:0]).shape == (0, 3)
    assert dualad.vmap(dualad.grad(loss), in_axes=(None, None, 0, 0))(W, B, X[:0], Y[:0]).shape == (0, 3, 4)
    assert dualad.vmap(lambda x: np.sin(x))(X[:0, 0]).shape == (0,)


def test_the_shape_of_the_result_may_be_known_from_the_first_example_alone():
    mapped = dualad.vmap(lambda x: x[x > 0.0] * 2.0)
    same = np.array([[1.0, -1.0, 2.0], [-1.0, 3.0, 4.0]])
    np.testing.assert_array_equal(mapped(same), [[2.0, 4.0], [6.0, 8.0]])
    with pytest.raises(ValueError, match="the batch is empty, and nothing tells the shape"):
        mapped(same[:0])
    with pytest.raises(ValueError, match="results of different shapes"):
        mapped(np.array([[1.0, 2.0], [-1.0, 3.0]]))


# ---------------------------------------------------------------- with the other transformations


def test_the_gradient_of_a_batch_is_that_of_a_loop():
    found = dualad.value_and_grad(batch_loss, argnums=(0, 1, 2, 3))(W, B, X, Y)
    expected = dualad.value_and_grad(loop_loss, argnums=(0, 1, 2, 3))(W, B, X, Y)
    assert found[0] == pytest.approx(expected[0], rel=1e-14)
    for a, b in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_per_example_gradients():
    slope = dualad.grad(loss, argnums=(0, 1))
    found = dualad.vmap(slope, in_axes=(None, None, 0, 0))(W, B, X, Y)
    for k in range(2):
        np.testing.assert_allclose(found[k], [slope(W, B, x, y)[k] for x, y in zip(X, Y, strict=True)], rtol=1e-13)


def test_both_modes_and_both_orders_agree_with_differences():
    mapped = dualad.vmap(layer, in_axes=(None, None, 0))
    check_grads(mapped, (W, B, X))


def test_pushed_forward_and_pulled_back():
    mapped = dualad.vmap(layer, in_axes=(None, None, 0))
    dots = tuple(RNG.normal(size=a.shape) for a in (W, B, X))
    out, out_dot = dualad.jvp(mapped, (W, B, X), dots)
    each = [dualad.jvp(layer, (W, B, x), (dots[0], dots[1], x_dot)) for x, x_dot in zip(X, dots[2], strict=True)]
    np.testing.assert_allclose(out, [y for y, _ in each], rtol=1e-13)
    np.testing.assert_allclose(out_dot, [y_dot for _, y_dot in each], rtol=1e-12)
    bars = dualad.vjp(mapped, W, B, X)[1](Y)
    assert sum(np.sum(a * b) for a, b in zip(bars, dots, strict=True)) == pytest.approx(np.sum(out_dot * Y), rel=1e-12)


def test_jacobians_and_hessians_outside_and_inside():
    mapped = dualad.vmap(lambda x: x[0] * np.sin(x[1]))
    row = dualad.grad(lambda x: x[0] * np.sin(x[1]))
    points = X[:3, :2].copy()
    slopes = np.array([row(x) for x in points])
    for jacobian in (dualad.jacfwd, dualad.jacrev):
        found = jacobian(mapped)(points)
        np.testing.assert_allclose(found, np.einsum("ij,ik->ijk", np.eye(3), slopes), rtol=1e-13)
    hessians = dualad.vmap(dualad.hessian(lambda x: x[0] * np.sin(x[1])))(points)
    np.testing.assert_allclose(hessians[:, 1, 1], -points[:, 0] * np.sin(points[:, 1]), rtol=1e-13)
    whole = dualad.hessian(lambda x: np.sum(mapped(x)))(points)
    np.testing.assert_allclose(np.einsum("ijik->ijk", whole), hessians, rtol=1e-13)
    assert np.count_nonzero(whole) == np.count_nonzero(hessians)


def test_in_itself():
    outer = dualad.vmap(dualad.vmap(lambda a, b: a * np.exp(b), in_axes=(None, 0)), in_axes=(0, None))
    a, b = X[:, 0].copy(), X[:3, 1].copy()
    np.testing.assert_allclose(outer(a, b), np.outer(a, np.exp(b)))
    slope = dualad.grad(lambda a, b: np.sum(outer(a, b) ** 2), argnums=(0, 1))(a, b)
    np.testing.assert_allclose(slope[0], 2.0 * a * np.sum(np.exp(2.0 * b)))
    np.testing.assert_allclose(slope[1], 2.0 * np.exp(2.0 * b) * np.sum(a**2))


def test_inside_functions_with_what_they_find_around_them():
    def f(scale, xs):
        def one(x):
            return np.sum(np.sin(x)) * scale

        values = dualad.vmap(one)(xs * 2.0)
        slopes = dualad.vmap(dualad.grad(one))(xs)
        return np.sum(values**2) + np.sum(slopes)

    def plain(scale, xs):
        values = np.sum(np.sin(xs * 2.0), 1) * scale
        return np.sum(values**2) + np.sum(np.cos(xs)) * scale

    assert dualad.vmap(f, in_axes=(0, None))(np.array([0.3]), X)[0] == pytest.approx(plain(0.3, X), rel=1e-13)
    found = dualad.grad(f, argnums=(0, 1))(0.3, X)
    expected = dualad.grad(plain, argnums=(0, 1))(0.3, X)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)


def test_over_arrays_that_are_found_around_a_function():
    points = np.array([[1.0, 2.0], [0.5, -1.0]])
    shifts = np.array([1.0, 3.0])

    both = dualad.vmap(lambda s: (s, points))(shifts)[1]
    np.testing.assert_array_equal(both, [points, points])

    def f(w):
        return np.sum(dualad.vmap(lambda x, s: np.dot(w, x) * s)(points, shifts)) + np.dot(w, points[1])

    np.testing.assert_allclose(dualad.grad(f)(np.ones(2)), shifts @ points + points[1])


def test_in_jitted_code():
    jitted = njit(layer)
    mapped = dualad.vmap(jitted, in_axes=(None, None, -2))

    @njit
    def f(w, b, xs):
        here = dualad.vmap(jitted, in_axes=(None, None, 0), out_axes=-1)(w, b, xs)
        return here, mapped(w, b, xs), dualad.vmap(dualad.grad(square))(xs[0])

    here, there, slopes = f(W, B, X)
    np.testing.assert_allclose(here, np.tanh(X @ W.T + B).T)
    np.testing.assert_allclose(there, here.T)
    np.testing.assert_allclose(slopes, 2.0 * X[0])


@njit
def square(x):
    return x * x


def test_of_methods_and_partials_and_through_pickle():
    mapped = dualad.vmap(functools.partial(layer, W, B))
    np.testing.assert_allclose(mapped(X), np.tanh(X @ W.T + B))
    again = pickle.loads(pickle.dumps(dualad.vmap(layer, in_axes=(None, None, 0))))
    np.testing.assert_allclose(again(W, B, X), np.tanh(X @ W.T + B))


# ---------------------------------------------------------------- several threads


def checked_root(x):
    if x < 0.0:
        raise ValueError("negative", x)
    return np.sqrt(x)


def test_threads_compute_the_same():
    slope = dualad.grad(lambda w, x, y: math.tanh(w[0] * x + w[1] * y), argnums=(0, 1))
    args, axes = (B, X[:, 0].copy(), X[:, 1].copy()), (None, 0, 0)
    alone, together = (dualad.vmap(slope, axes, out_axes=(1, 0), parallel=p)(*args) for p in (False, True))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_fails_on_a_thread_is_said():
    roots = dualad.vmap(checked_root, parallel=True)
    for place in range(4):
        x = np.ones(4)
        x[place] = -2.0
        with pytest.raises(ValueError, match=r"'negative', -2.0"):
            roots(x)
    np.testing.assert_array_equal(roots(np.full(4, 4.0)), np.full(4, 2.0))

    @njit
    def called(x):
        return roots(x) * 2.0

    np.testing.assert_array_equal(called(np.ones(3)), np.full(3, 2.0))
    text = complaint(lambda: dualad.grad(lambda x: np.sum(roots(x)))(np.ones(3)), dualad.UnsupportedError)
    assert "vmap with parallel=True inside another function or a derivative" in text and "leave parallel=True" in text


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "args", "kind", "parts"),
    [
        ({"in_axes": 1.0}, (), dualad.ArgumentError, ["in_axes must be int, None or a tuple of these, not 1.0"]),
        ({"in_axes": (0, True)}, (), dualad.ArgumentError, ["in_axes must be int"]),
        ({"in_axes": (None, None)}, (), dualad.ArgumentError, ["names no axis"]),
        ({"in_axes": (0, 0, 0)}, (), dualad.ArgumentError, ["in_axes has 3 entries, but product takes 2 arguments"]),
        ({"out_axes": None}, (), dualad.ArgumentError, ["out_axes must be int or a tuple of ints, not None"]),
        ({"in_axes": (0,)}, (B, B), dualad.UnsupportedError, ["1 entries in in_axes and 2 arguments"]),
        ({}, (B, 2.0), dualad.UnsupportedError, ["y has the axis 0 in in_axes, but is a number", "None as its entry"]),
        ({"in_axes": (1, 0)}, (B, B), dualad.UnsupportedError, ["axis 1 in in_axes of x, which has 1 axes"]),
        ({"in_axes": (-2, 0)}, (B, B), dualad.UnsupportedError, ["axis -2 in in_axes of x"]),
        ({"out_axes": 1}, (B, B), dualad.UnsupportedError, ["axis 1 in out_axes of a result with 1 axes"]),
        ({"out_axes": (0, 0)}, (B, B), dualad.UnsupportedError, ["2 entries in out_axes, and 1 results"]),
    ],
)
def test_axes_that_do_not_fit(options, args, kind, parts):
    text = complaint(lambda: dualad.vmap(product, **options)(*args), kind)
    assert all(part in text for part in parts), text
    if kind is dualad.UnsupportedError:
        assert "test_batching.py, line" in text


def product(x, y):
    return x * y


def test_other_refusals():
    with pytest.raises(ValueError, match="vmap of product: x and y have batches of different sizes"):
        dualad.vmap(product)(B, X[0])
    text = complaint(lambda: dualad.vmap(lambda x: "text")(B), dualad.UnsupportedError)
    assert "returns nothing" in text or "returns text" in text
    around = np.zeros(2)

    def writes(xs):
        cell = np.zeros(2)

        def one(x):
            cell[0] += x
            return cell[0]

        return dualad.vmap(one)(xs)

    text = complaint(lambda: dualad.jacfwd(writes)(B), dualad.UnsupportedError)
    assert "writes into the array cell that it finds around it" in text and "pass the array" in text
    assert not around.any()
