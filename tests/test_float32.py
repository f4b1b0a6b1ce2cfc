"""Programs on float32 and mixed dtypes: results have the dtype that NumPy gives, cotangents that of their argument."""

import numpy as np
import pytest

import dualad
from dualad.testing import check_grads

from .programs.program import copy_of, data


def elementwise(a, b):
    return a * a + np.float32(2.0) * np.sin(b) / a - np.exp(-b)


def reductions(a):
    return np.sum(a, axis=0) * np.mean(a) + np.max(a) * np.cumsum(a[:, 0])[-1]


def joined(a, b):
    return np.concatenate((a * a, b)), np.append(b, a), np.stack((a, b))


def products(a, x):
    return a @ x, a.T @ a, np.outer(x, x) - a[0]


def solved(s, x):
    return np.linalg.solve(s, x) * x, np.linalg.inv(s)


def stored(a, b):
    """What is stored takes the dtype of the array it goes to."""
    z = np.zeros(len(a), np.float32)
    z[:] = b
    z[1:] += a[:-1] * z[1:]
    z[0] *= a[2]
    return z


def chosen(a, b):
    return np.where(a > 1.0, a, b) * np.maximum(a, b)


def loop(a):
    total = a[0]
    for i in range(1, len(a)):
        a[i] += a[i - 1] * a[i]
        total += a[i] * total
    return total * a


def with_integers(a, i):
    return a + 1, 2 * a**2, a[i] / 3


def widened(a):
    return a.astype(np.float64) * 2.0, np.zeros(len(a)) + a


def single(*shape, seed=1):
    """Multiples of an eighth: their sums are exact, in whatever order they are taken."""
    return (np.round(data(seed, *shape) * 8.0) / 8.0).astype(np.float32)


EIGHTHS = np.random.default_rng(6).permutation(16).reshape(4, 4).astype(np.float32) / np.float32(8.0)
MATRIX, VECTOR, DOUBLE = single(4, 5), data(2, 5).astype(np.float32), data(3, 5)
REGULAR = (data(4, 5, 5) + 4.0 * np.eye(5)).astype(np.float32)
INTEGERS = np.array([1, 0, 2, 3, 1])

CASES = [
    (elementwise, (VECTOR, single(5, seed=5))),
    (elementwise, (VECTOR, DOUBLE)),
    (elementwise, (single(8, 5)[::2, ::-1], DOUBLE)),
    (elementwise, (single(0), single(0))),
    (reductions, (EIGHTHS,)),
    (reductions, (np.asfortranarray(EIGHTHS),)),
    (joined, (VECTOR, DOUBLE)),
    (joined, (DOUBLE, VECTOR)),
    (joined, (VECTOR, VECTOR[::-1])),
    (products, (MATRIX, VECTOR)),
    (stored, (VECTOR, DOUBLE)),
    (chosen, (VECTOR, DOUBLE)),
    (loop, (VECTOR,)),
    (with_integers, (VECTOR, INTEGERS)),
    (widened, (VECTOR,)),
]


ROUNDED = [(solved, (REGULAR, VECTOR))]
"""Programs whose float32 result depends on the order of the operations in LAPACK."""


def leaves(x):
    return x if isinstance(x, tuple) else (x,)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("f", "args"), CASES, ids=[f"{f.__name__}{k}" for k, (f, _) in enumerate(CASES)])
def test_float32(f, args):
    check_grads(f, copy_of(args))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("f", "args"), [*CASES, *ROUNDED], ids=lambda x: getattr(x, "__name__", ""))
def test_dtypes(f, args):
    expected = [np.asarray(y).dtype for y in leaves(f(*copy_of(args)))]
    tangents = tuple(np.ones_like(x) if x.dtype.kind == "f" else np.zeros_like(x) for x in args)
    value, value_dot = dualad.jvp(f, copy_of(args), tangents)
    assert [y.dtype for y in leaves(value)] == expected
    assert [y.dtype for y in leaves(value_dot)] == expected
    value, pullback = dualad.vjp(f, *copy_of(args))
    assert [y.dtype for y in leaves(value)] == expected
    ones = [np.ones_like(y) for y in leaves(value)]
    for x, x_bar in zip(args, pullback(tuple(ones) if isinstance(value, tuple) else ones[0]), strict=True):
        assert x.dtype.kind != "f" or (x_bar.dtype == x.dtype and x_bar.shape == x.shape)


@pytest.mark.parametrize(("f", "args"), ROUNDED)
def test_as_in_float64(f, args):
    wide = tuple(x.astype(np.float64) for x in args)
    results = []
    for primals in (args, wide):
        value, pullback = dualad.vjp(f, *primals)
        tangents = dualad.jvp(f, primals, tuple(np.ones_like(x) for x in primals))[1]
        results.append([*value, *tangents, *pullback(tuple(np.ones_like(y) for y in value))])
    for narrow, exact in zip(*results, strict=True):
        np.testing.assert_allclose(narrow, exact, rtol=1e-4, atol=1e-5)
