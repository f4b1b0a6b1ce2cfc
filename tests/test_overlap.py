"""Whether two arrays share memory, against NumPy's search, over views of one array."""

import numpy as np
import pytest
from numba import njit

import dualad
from dualad.compiler.runtime.helpers import are_disjoint, check_no_overlap


@njit
def checked(a, b):
    check_no_overlap(a, b)
    return are_disjoint(a, b)


def views(rng):
    """Yield views of sixty numbers of one and of two dimensions, some of them empty, some backwards."""
    base = np.zeros(60)
    while True:
        x = (base, base.reshape(6, 10), base.reshape(10, 6).T)[rng.integers(3)]
        for axis, n in enumerate(x.shape):
            start = rng.integers(0, n)
            part = slice(start, rng.integers(start, n + 1), rng.integers(1, 5))
            x = x[part] if axis == 0 else x[:, part]
        yield x[::-1] if rng.integers(2) else x


def test_views_of_one_array():
    found = views(np.random.default_rng(0))
    refused_apart = 0
    for a, b, _ in zip(found, found, range(400), strict=False):
        shares = np.shares_memory(a, b)
        try:
            is_disjoint = checked(a, b)
        except dualad.ArgumentError:
            refused_apart += not shares  # what lies apart in another way than in gaps of one stride
            continue
        assert not shares
        assert is_disjoint == (not np.may_share_memory(a, b)) or a.size * b.size == 0
    assert refused_apart < 20


def test_what_it_says():
    x = np.ones(4)
    with pytest.raises(dualad.ArgumentError, match="share memory and the function writes into one"):
        checked(x[:3], x[1:])
    assert not checked(x[::2], x[1::2]) and checked(x[:2], x[2:])


def test_in_plain_python():
    """Generated code runs there, too."""
    x = np.ones(4)
    with pytest.raises(dualad.ArgumentError, match="share memory and the function writes into one"):
        check_no_overlap(x[:3], x[1:])
    check_no_overlap(x[::2], x[1::2])
    assert are_disjoint(x[:2], x[2:]) and not are_disjoint(x[:3], x[1:])
