"""Jitted helpers that generated code calls."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..errors import ArgumentError
from . import references  # noqa: F401 - for all that is compiled from now on

# A derivative takes memory for its tape and gives it back, call after call. glibc's malloc hands large blocks back to
# the system, and new pages cost more than what is computed on them (measured: 35 ms against 10 ms for a gradient of a
# million numbers); by its documented rule it keeps blocks up to the largest that was freed, 32 MB at most.
np.empty(2**25 - 2**13, np.uint8)  # never touched, so that it takes no memory


@njit(error_model="numpy")
def grow(tape: np.ndarray, top: int, needed: int) -> np.ndarray:
    """Return a tape with room for at least `needed` numbers and the first `top` numbers of `tape`."""
    # by less than the golden ratio, so that what was freed before is room enough some time later
    larger = np.empty(max(needed, tape.size + tape.size // 2, 64), tape.dtype)
    larger[:top] = tape[:top]
    return larger


@njit(error_model="numpy")
def check_no_overlap(a: np.ndarray, b: np.ndarray) -> None:
    """Refuse two arguments that share memory when the function writes into one of them.

    What is written through one name would be seen through the other, so the two have no separate derivatives.
    """
    if a.size > 0 and b.size > 0:
        a_low, a_high = _extent(a)
        b_low, b_high = _extent(b)
        if a_low < b_high and b_low < a_high:
            raise ArgumentError("two array arguments share memory and the function writes into one: pass a copy")


@njit(error_model="numpy")
def _extent(a: np.ndarray) -> tuple[int, int]:
    """Return the first address of an array's memory and the one behind its last."""
    low = a.ctypes.data
    high = low + a.itemsize
    for k in range(a.ndim):
        reach = (a.shape[k] - 1) * a.strides[k]
        if reach < 0:
            low += reach
        else:
            high += reach
    return low, high
