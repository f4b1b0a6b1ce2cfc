"""A clock that jitted code can look at."""

from __future__ import annotations

import ctypes
import time

import numpy as np
from numba import njit

_C = ctypes.CDLL(None)

if hasattr(time, "CLOCK_MONOTONIC"):
    _time_of, _MONOTONIC = _C.clock_gettime, time.CLOCK_MONOTONIC
    _time_of.restype, _time_of.argtypes = ctypes.c_int, [ctypes.c_int, ctypes.c_void_p]

    @njit
    def seconds_now() -> float:
        """Return the seconds since some moment."""
        found = np.empty(2, np.int64)
        _time_of(_MONOTONIC, found.ctypes)
        return found[0] + 1e-9 * found[1]

else:
    _microseconds = _C.clock
    _microseconds.restype, _microseconds.argtypes = ctypes.c_long, []

    @njit
    def seconds_now() -> float:
        """Return the seconds since some moment."""
        return 1e-6 * _microseconds()


@njit
def seconds_to_look() -> float:
    """Return how long it takes to look at the clock."""
    start = seconds_now()
    for _ in range(1000):
        seconds_now()
    return (seconds_now() - start) / 1001
