"""Seconds of calls, and how seconds and bytes are shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def median_seconds(call: Callable, budget: float = 0.3, samples: int = 9) -> float:
    """Return the median time of one call, over samples of several calls each.

    Parameters
    ----------
    call : callable
        Called without arguments; called before, so that nothing is left to compile.
    budget : float
        Seconds for all samples together; a slow call is sampled three times at least.
    samples : int
        Number of samples, if the budget allows them.

    Returns
    -------
    float
        Seconds a call.
    """
    call()
    repeats = 1
    while (elapsed := _seconds(call, repeats)) < 0.5 * budget / samples:
        repeats *= 2
    rounds = int(min(samples, max(3, budget // elapsed)))
    return statistics.median(_seconds(call, repeats) / repeats for _ in range(rounds))


def _seconds(call: Callable, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start


def duration(seconds: float) -> str:
    """Return a time as text, in the unit that fits."""
    for unit, size in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000.0 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def bytes_text(count: int) -> str:
    """Return a number of bytes as text, in the unit that fits; none are ''."""
    if count == 0:
        return ""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"
