"""Arrays of no dimensions: operations take their elements, as NumPy's do, which return numbers."""

import numpy as np
import pytest

import dualad
from dualad.testing import check_grads


def square(x):
    return x * x


def functions(x):
    return np.sin(x) * x + 2.0**x - (x > 1.0)


def of_two(x, y):
    return np.maximum(x, y) / np.sqrt(y) if x < y else -x


def with_a_vector(x, y):
    return np.sum(x * y) + np.sum(x)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (square, (np.array(3.0),)),
        (functions, (np.array(0.7),)),
        (of_two, (np.array(0.7), np.array(2.0))),
        (with_a_vector, (np.array(2.0), np.array([1.0, 3.0]))),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_operations(f, args):
    check_grads(f, args)
    assert np.shape(dualad.grad(f)(*args)) == ()


def copied(x):
    y = x.copy()
    return y * x


def test_copies_are_refused():
    with pytest.raises(dualad.UnsupportedError, match="0-dimensional array as its result .*: use numbers"):
        dualad.grad(copied)(np.array(1.5))


def of_its_dtype(x, z):
    """The way to a result of the type of some numbers."""
    kind = np.asarray(z * x).dtype
    out = np.zeros(2, dtype=kind)
    out[0] = np.asarray(x).dtype.type(3) * z
    out[1] = z**2
    for i in range(2):
        y = np.asarray(x * out[i])
        if i == 0:
            rows = np.empty((2, 2), dtype=y.dtype)
        rows[i] = y
    return np.sum(np.ones(2).astype(kind) * rows * x)


def test_its_dtype():
    check_grads(of_its_dtype, (2.0, 1.5))
    assert np.isclose(dualad.grad(of_its_dtype, 1)(2.0, 1.5), 2.0 * 4.0 * (3.0 + 2.0 * 1.5))


def complex_of_its_dtype(x, z):
    out = np.zeros(2, dtype=np.array(z).dtype)
    out[1] = z**2 * x
    return np.sum(out.real + out.imag)


def test_its_dtype_is_complex():
    x_bar, z_bar = dualad.grad(complex_of_its_dtype, (0, 1))(3.0, 1.0 + 2.0j)
    assert (x_bar, z_bar) == (1.0, 18.0 + 6.0j)
