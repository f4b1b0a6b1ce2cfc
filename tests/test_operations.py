"""What is said of operations holds of the functions themselves."""

import numpy as np
import pytest

from dualad.compiler.ir.operations import ALLOCATIONS, COPIES, LIKE, OF_SIZES, VIEWS, WRITES, facts, those_with
from dualad.compiler.runtime.helpers import array_of


def test_what_is_new_shares_no_memory_and_has_the_length_that_is_said():
    x = np.arange(6.0).reshape(2, 3)
    for fn in OF_SIZES:
        assert (fn((4, 5), 1.0) if fn is np.full else fn((4, 5))).shape == (4, 5)
    for fn in LIKE - {array_of}:  # which is for lists
        made = fn(x, 1.0) if fn is np.full_like else fn(x)
        assert made.shape == x.shape and not np.shares_memory(made, x)
    assert ALLOCATIONS | COPIES == OF_SIZES | LIKE and not ALLOCATIONS & COPIES


@pytest.mark.parametrize("fn", sorted(VIEWS, key=lambda fn: fn.__name__), ids=lambda fn: fn.__name__)
def test_a_view_is_one(fn):
    more = {
        np.reshape: (6,),
        np.swapaxes: (0, 1),
        np.moveaxis: (0, 1),
        np.expand_dims: (0,),
        np.broadcast_to: ((2, 2, 3),),
        np.lib.stride_tricks.sliding_window_view: ((1, 2),),
    }
    x = np.arange(6.0).reshape(2, 3)
    x = x + 1j if fn in (np.real, np.imag) else x
    assert np.shares_memory(fn(x, *more.get(fn, ())), x)


def test_what_is_pure_changes_no_argument_and_gives_none_of_its_memory():
    x = np.array([0.5, -1.0, 2.0, 2.0])
    for fn in those_with(is_pure=True) & {np.argsort, np.unique, np.any, np.nonzero, np.where, np.isclose, np.eye}:
        given = x.copy()
        args = {np.isclose: (given, 2.0), np.where: (given > 0.0,), np.eye: (3,)}.get(fn, (given,))
        made = fn(*args)
        assert np.array_equal(given, x)
        assert not any(np.shares_memory(part, given) for part in (made if isinstance(made, tuple) else (made,)))


def test_what_is_not_declared():
    class Unhashable:
        __hash__ = None

    assert facts(np.sin) == facts(Unhashable()) == facts("nothing")
    assert not facts(np.sin).gives and all(facts(fn).is_structural for fn in WRITES)
    with pytest.raises(AssertionError):
        those_with(is_quick=True)
