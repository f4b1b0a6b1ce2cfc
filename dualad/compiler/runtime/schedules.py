"""Binomial checkpointing: at which trips of a loop a state is kept, so that the tape of all trips is never needed.

A loop of many trips is reversed chunk by chunk, from the last to the first. Each chunk is run once more with its tape,
from its first state; that state is come to by running the trips before it again, from the nearest one that is kept.
With s kept states and at most r runs of each trip, C(s + r, s) chunks can be reversed, and no schedule reverses more:
A. Griewank and A. Walther, "Algorithm 799: revolve", ACM TOMS 26 (2000), whose optimal schedules these are.
"""

from __future__ import annotations

import re

import numpy as np
from numba import njit

from ...errors import ArgumentError

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_MANY = 2**40  # chunks: more than any loop has
MOST_STATES = 256  # that are kept where nobody knows how many trips there will be


def bytes_in(memory: object) -> int | None:
    """Return how many bytes a limit of memory is, as users write it: "200MB", "1.5 GiB", 10_000_000; None is none."""
    if memory is None:
        return None
    found = re.fullmatch(r"\s*([0-9.]+)\s*([KMGT]?i?B)\s*", memory, re.IGNORECASE) if isinstance(memory, str) else None
    try:
        count = float(found[1]) * _UNITS[found[2].upper()] if found else None
    except (ValueError, KeyError):
        count = None
    if isinstance(memory, int | np.integer) and not isinstance(memory, bool):
        count = int(memory)
    if count is None or count < 1:
        raise ArgumentError(f"memory={memory!r} is no size: write a number of bytes, or one with a unit, as '200MB'")
    return int(count)


@njit(error_model="numpy")
def reach(slots: int, runs: int) -> int:
    """Return C(slots + runs, slots): how many chunks can be reversed with so many kept states, if each is run so often.

    That is at most 2**40; none if a number is negative.
    """
    if slots < 0 or runs < 0:
        return 0
    less, more = min(slots, runs), max(slots, runs)
    found = 1
    for k in range(1, less + 1):
        found = found * (more + k) // k
        if found > _MANY:
            return _MANY
    return found


@njit(error_model="numpy")
def runs_needed(chunks: int, slots: int) -> int:
    """Return the least number of runs with which so many chunks can be reversed; one kept state is the first."""
    if slots == 1:
        return chunks - 1
    runs = 0
    while reach(slots, runs) < chunks:
        runs += 1
    return runs


@njit(error_model="numpy")
def runs_in_all(chunks: int, slots: int) -> int:
    """Return how many runs of chunks, beside those with a tape, the best schedule takes."""
    runs = runs_needed(chunks, slots)
    return runs * chunks - reach(slots + 1, runs - 1)


@njit(error_model="numpy")
def next_stop(low: int, high: int, chunk: int, free: int) -> int:
    """Return the trip to go to from trip `low`, whose state is kept, in order to reverse the trips before `high`.

    There the next state is kept, if one of the slots is free; if none is, the last chunk begins there.
    """
    chunks = (high - low + chunk - 1) // chunk
    slots = free + 1
    if slots == 1:
        return low + (chunks - 1) * chunk
    runs = runs_needed(chunks, slots)
    return low + max(1, reach(slots, runs - 2), chunks - reach(slots - 1, runs)) * chunk


@njit(error_model="numpy")
def schedule(trips: int, state: int, trip: int, room: int) -> tuple[int, int]:
    """Return how many trips a chunk has and how many states are kept, so that few trips are run again.

    Parameters
    ----------
    trips : int
        How many there are.
    state, trip : int
        The bytes of a state, and of the tape of a trip.
    room : int
        The bytes that there are for all of them.

    Returns
    -------
    chunk, slots : int
        (0, 0) if there is no room for a state and a trip.
    """
    best = (0, 0)
    least = -1
    chunk = 1
    while chunk <= trips and chunk * trip + state <= room:
        chunks = (trips + chunk - 1) // chunk
        slots = min((room - chunk * trip) // max(state, 1), chunks)
        # the product may be larger than any integer where one state is kept of millions of trips
        cost = float(chunk) * runs_in_all(chunks, slots) if slots > 1 else 0.5 * chunk * chunks * (chunks - 1.0)
        if least < 0 or cost <= least:
            least, best = cost, (chunk, slots)
        chunk += max(1, chunk // 8)
    return best


@njit(error_model="numpy")
def schedule_without_end(state: int, trip: int, room: int) -> tuple[int, int]:
    """Return the same for a loop of which nobody knows how many trips it has: states take half of the room."""
    slots = min(room // (2 * max(state, 1)), MOST_STATES)
    slots = max(slots, 2)  # the first, and one that moves
    chunk = (room - slots * state) // trip
    return (chunk, slots) if chunk > 0 else (0, 0)


@njit(error_model="numpy")
def levels_of_states() -> np.ndarray:
    """Return room for the levels of all states that are kept; that of the first is the highest."""
    levels = np.zeros(MOST_STATES, np.int64)
    levels[0] = 2**62
    return levels


@njit(error_model="numpy")
def give_way(levels: np.ndarray, count: int) -> int:
    """Return which of `count` states gives way to a new one, and let the levels be those after it.

    It is one before another of a higher level, or else the newest; never the first. A state that comes when the newest
    gives way has its level and one more, others have level 0. So every chunk is run again as rarely as if the end had
    been known: Q. Wang, P. Moin and G. Iaccarino, "Minimal repetition dynamic checkpointing algorithm for unsteady
    adjoint calculation", SIAM J. Sci. Comput. 31 (2009).
    """
    highest, chosen, level = levels[count - 1], count - 1, levels[count - 1] + 1
    for k in range(count - 2, 0, -1):
        if levels[k] < highest:
            chosen, level = k, 0
            break
        highest = levels[k]
    for k in range(chosen, count - 1):
        levels[k] = levels[k + 1]
    levels[count - 1] = level
    return chosen
