"""What Numba is spared while dualad compiles, and what is as before afterwards."""

import gc
import operator

import numpy as np
import pytest
from numba import njit, objmode, types
from numba.core.postproc import PostProcessor
from numba.core.types.functions import BaseFunction
from numba.extending import overload

import dualad
from dualad.compiler.runtime.numba_bridge.repeated_work import done_once


def test_all_is_as_before_afterwards():
    hooked = [(BaseFunction, "get_call_type"), (PostProcessor, "run")]
    before = [getattr(where, name) for where, name in hooked]
    with pytest.raises(KeyError), done_once(), done_once():
        assert not gc.isenabled() and BaseFunction.get_call_type is not before[0]
        raise KeyError
    assert gc.isenabled() and [getattr(where, name) for where, name in hooked] == before


def test_collection_that_was_off_stays_off():
    gc.disable()
    try:
        with done_once():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def counted(x, n):
    """Number of the sums, by an operator that Numba knows for none of its own types yet."""
    return x * x + (n @ n)


def test_an_operator_that_is_given_another_meaning_later():
    with pytest.raises(dualad.UnsupportedError):
        dualad.grad(counted)(2.0, 3)

    @overload(operator.matmul)
    def matmul(a, b):
        return (lambda a, b: a + b) if isinstance(a, types.Integer) and isinstance(b, types.Integer) else None

    with done_once():
        assert njit(lambda n: n @ n)(3) == 6


def test_object_mode_finds_the_variables_of_a_block():
    @njit
    def through_python(n):
        found = 1.0
        for k in range(n):
            with objmode(found="float64"):
                found = float(np.sum(np.arange(k))) + found
        return found

    with done_once():
        assert through_python(3) == 2.0
