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
