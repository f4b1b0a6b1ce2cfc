"""What the generated code of array programs does without. That it is right is checked with the programs."""

import contextlib
import re

import numba
import numpy as np
import pytest

import dualad
import dualad.testing
from dualad.compiler import passes
from dualad.rules.reductions import place_of_first_largest, place_of_first_smallest

from .programs.program import data
from .test_improve import source_of


def test_what_each_trip_makes_anew_is_not_copied():
    """No product reads a copy where only the arrays of other trips are written; where it is written later, it does."""
    assert "np.copy" not in source_of("made_and_handed_on")
    assert "np.copy" in source_of("written_after_it_was_read")


def products_of_rows(a, b):
    """The sizes of all products follow from those of the arguments."""
    total = 0.0
    state = np.zeros(a.shape[0])
    for k in range(b.shape[0]):
        state = np.tanh(np.dot(a, state) + b[k])
        total += np.sum(state * b[k])
    return total


def test_sizes_that_are_the_same_are_not_compared_in_loops():
    source = dualad.derivative_source(products_of_rows, data(1, 3, 3), data(2, 4, 3))
    before, loops = source.split("    for k_1 in range(t_1):", 1)
    asking = re.compile(r"= (\w+\.shape$|common_size|.* == )", re.MULTILINE)
    assert asking.search(before)
    assert not asking.search(loops)


def test_no_array_is_kept_for_its_shape():
    """The reverse sweep reads the states and rows; of the products it needs no more than the size."""
    source = dualad.derivative_source(products_of_rows, data(1, 3, 3), data(2, 4, 3))
    assert re.findall(r"(\w+)_kept = \[\]", source) == ["state_1", "t_5_2"]


def test_sizes_that_follow_from_each_other_are_not_compared():
    """The slope has the size of the point, which is made of the slope before it."""
    source = source_of("descent_by_gradients")
    assert "common_size" not in source
    assert re.findall(r"(\w+)_kept = \[\]", source) == ["z"]


def test_sizes_that_differ_are_still_an_error():
    with pytest.raises(ValueError, match="broadcast"):
        dualad.grad(products_of_rows)(data(1, 3, 3), data(2, 4, 5))


def sums_of_rows(a, scale):
    total = 0.0
    for i in range(a.shape[0]):
        row = a[i]
        for j in range(row.size):
            total += scale * row[j] ** 3
        row[0] = total
    return total + np.max(a[1])


def test_elements_of_a_view_are_those_of_the_array():
    source = dualad.derivative_source(sums_of_rows, data(3, 4, 5), 0.3, argnums=(0, 1))
    assert re.search(r"\ba_bar\[np.uintp\(i_1\), j_2\] \+=", source)
    assert not re.search(r"= a(_bar)?\[(np\.uintp\()?i_1\)?\]$", source, re.MULTILINE)
    dualad.testing.check_grads(sums_of_rows, (data(3, 4, 5), 0.3))


def smoothed(x, weights):
    total = 0.0
    for j in range(x.size - weights.size + 1):
        out = 0.0
        for q in range(weights.size):
            out += x[j + q] * weights[q]
        total += out * out
    return total


def multiplied(a, b, c):
    out = np.empty(c.shape)
    result = 0.0
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total = c[i, j]
            for k in range(a.shape[1]):
                total -= a[i, k] * b[k, j]
            out[i, j] = total
            result += total * total
    return result * out[2, 3]


def applied(a, x):
    total = 0.0
    for i in range(a.shape[0]):
        out = 0.0
        for j in range(a.shape[1]):
            out += a[i, j] * x[j]
        total += out * out
    return total


def largest(x, weights):
    best = 0.0
    for j in range(x.size - weights.size + 1):
        out = 0.0
        for q in range(weights.size):
            out += x[j + q] * weights[q]
        best = max(best, out)
    return best


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (smoothed, (data(4, 40), data(5, 5))),
        (smoothed, (data(4, 12), data(5, 5))),  # too few for an array of sums
        (smoothed, (data(4, 4), data(5, 5))),  # none
        (multiplied, (data(6, 3, 4), data(7, 4, 20), data(8, 3, 20))),
        (multiplied, (data(6, 3, 0), data(7, 0, 20), data(8, 3, 20))),
    ],
)
def test_loops_around_sums_of_products_are_turned(function, args):
    """The sums are the same, whichever way the loops run."""
    wrt = tuple(range(len(args)))
    source = dualad.derivative_source(function, *args, argnums=wrt)
    assert source.count("if enough:") == 2
    copies = tuple(a.copy() for a in args)
    value, bars = dualad.value_and_grad(function, wrt)(*args)
    assert value == pytest.approx(function(*copies), rel=1e-13)
    with dualad_as_written():
        reference, expected = dualad.value_and_grad(numba.njit(function), wrt)(*args)
    assert value == pytest.approx(reference, rel=1e-13)
    for bar, other in zip(bars, expected, strict=True):
        np.testing.assert_allclose(bar, other, rtol=1e-12, atol=1e-12)
    dualad.testing.check_grads(function, args)


@contextlib.contextmanager
def dualad_as_written():
    """Leave loops in the order in which they are written."""
    before = passes.interchange
    passes.interchange = lambda function, namer: False
    try:
        yield
    finally:
        passes.interchange = before


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (applied, (data(9, 20, 20), data(10, 20))),  # a column is not contiguous
        (largest, (data(4, 40), data(5, 5))),  # the reverse sweep goes through the largest sum alone
        (multiplied, (data(6, 3, 4), np.asfortranarray(data(7, 4, 20)), data(8, 3, 20))),
    ],
)
def test_other_loops_stay_as_they_are(function, args):
    assert "enough" not in dualad.derivative_source(function, *args, argnums=tuple(range(len(args))))
    dualad.testing.check_grads(function, args)


def overlapping(x, weights):
    """What is stored is read by later sums."""
    for j in range(x.size - weights.size):
        out = 0.0
        for q in range(weights.size):
            out += x[j + q] * weights[q]
        x[j + 1] = out
    return np.sum(x)


def test_sums_that_read_what_is_stored_between_them_stay_in_order():
    assert "enough" not in dualad.derivative_source(overlapping, data(4, 40), data(5, 5))
    dualad.testing.check_grads(overlapping, (data(4, 40), data(5, 5)))


# -------------------------------------------------------------------- extremes


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 1000])
def test_the_first_extreme_is_found_as_by_numpy(size):
    """Among equal elements the first, and the first NaN before all others, at the edges of blocks too."""
    x = np.round(np.random.default_rng(size).standard_normal(size), 1)
    places = {0, 1, 254, 255, 256, 257, 512, size - 1}
    for place in (p for p in places if p < size):
        for value in (9.0, -9.0, np.nan, np.inf, -np.inf):
            y = x.copy()
            y[place] = y[-1] = value
            assert place_of_first_largest(y) == np.argmax(y)
            assert place_of_first_smallest(y) == np.argmin(y)
            assert place_of_first_largest(y[::-1]) == np.argmax(y[::-1])


def test_there_is_no_largest_of_none():
    for extreme in (np.max, np.min):
        with pytest.raises(ValueError, match="zero-size"):
            dualad.grad(lambda x, extreme=extreme: extreme(x * 2.0), 0)(np.zeros(0))


# -------------------------------------------------------------------- values that the function stores itself


@pytest.mark.parametrize("name", ["stored_once", "stored_in_two_dimensions"])
def test_what_the_function_stores_for_good_is_not_on_the_tape(name):
    assert "tape" not in source_of(name)


@pytest.mark.parametrize("name", ["stored_again_in_each_step", "stored_in_turns", "stored_in_one_place"])
def test_what_is_overwritten_is_on_the_tape(name):
    assert "tape" in source_of(name)


def two_buffers(x, n):
    a, b = x * 1.0, x * 2.0
    for k in range(n):
        old, new = (a, b) if k % 2 == 0 else (b, a)
        for i in range(x.size):
            new[i] = 0.5 * old[i] + 0.1 * x[i]
    return a[0] * b[1]


def either_half(x, n):
    for k in range(n):
        half = x[:2] if k % 2 == 0 else x[2:4]
        half[0] *= half[1]
    return np.sum(x)


def test_shadows_of_arrays_chosen_from_others_are_kept_where_they_are_views():
    """What is chosen from arrays at hand is chosen again in the reverse sweep; a view made in a branch is not."""
    sources = [dualad.derivative_source(f, np.ones(5), 3) for f in (two_buffers, either_half)]
    kept = [re.findall(r"(\w+)_bar_kept = \[\]", source) for source in sources]
    assert kept[0] == []
    assert len(kept[1]) == 1
