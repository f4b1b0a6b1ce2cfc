"""heapq on lists of numbers: places as Python's own, and derivatives in both modes."""

import heapq

import numpy as np
import pytest

import dualad
from dualad.rules import heaps
from dualad.testing import check_grads

X = np.array([0.7, 1.3, 0.2, 0.9])


def test_the_places_are_those_of_python():
    rng = np.random.default_rng(3)
    for _ in range(200):
        ours = [int(k) for k in rng.integers(0, 9, rng.integers(1, 12))]
        theirs = list(ours)
        heaps.heapify(ours)
        heapq.heapify(theirs)
        for name in rng.permutation(["heappush", "heappop", "heapreplace", "heappushpop"]):
            item = () if name == "heappop" else (int(rng.integers(0, 9)),)
            if theirs or item and name != "heapreplace":
                assert heaps.CHANGING[name](ours, *item) == getattr(heapq, name)(theirs, *item)
            assert ours == theirs


def merged(x):
    h = [x[0], x[1] * x[1]]
    heapq.heapify(h)
    for k in range(2, x.size):
        heapq.heappush(h, x[k] * x[0])
    a = heapq.heappop(h)
    b = heapq.heapreplace(h, a * x[3])
    return a * b + heapq.nlargest(2, h)[1] ** 3


def test_derivatives():
    assert dualad.value_and_grad(merged)(X)[0] == pytest.approx(merged(X), rel=1e-12)
    check_grads(merged, (X,))


def of_tuples(x):
    h = [(0.0, 0)]
    heapq.heappush(h, (x[0], 1))
    return heapq.heappop(h)[0]


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (of_tuples, "heapq.heappush of tuples is not supported: push numbers"),
        (lambda x: heapq.nsmallest(1, [x[0]], key=abs)[0], "heapq.nsmallest with these arguments"),
    ],
)
def test_refusals(f, what):
    with pytest.raises(dualad.UnsupportedError) as found:
        dualad.grad(f)(X)
    assert what in str(found.value) and "test_heaps.py" in str(found.value)
