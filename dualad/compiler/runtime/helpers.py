"""Jitted helpers that generated code calls."""

from __future__ import annotations

import functools

import numpy as np
from numba import get_num_threads, njit, types

from ...errors import ArgumentError
from .numba_bridge import memory, threads
from .numba_bridge.inline import inline_code
from .numba_bridge.overlap import SHARED, both_arrays, check_code, disjoint_code

# A derivative takes memory for its tape and gives it back, call after call. glibc's malloc hands large blocks back to
# the system, and new pages cost more than what is computed on them (measured: 35 ms against 10 ms for a gradient of a
# million numbers); by its documented rule it keeps blocks up to the largest that was freed, 32 MB at most.
np.empty(2**25 - 2**13, np.uint8)  # never touched, so that it takes no memory


def new_memory(dtype: type) -> np.ndarray:
    """Return memory for a tape that can grow."""
    return np.empty(64, dtype)


def tape_in(memory: np.ndarray) -> np.ndarray:
    """Return the tape in its memory, which is not counted as a reference to it (see `borrowed_array`)."""
    return memory


def grow(tape: np.ndarray, needed: int) -> np.ndarray:
    """Return a tape with room for at least `needed` numbers that begins with those of `tape`, and takes its place.

    In compiled code the memory is reallocated: mostly it is extended where it is, and old and new do not stand side by
    side.
    """
    larger = np.empty(_larger(tape, needed), tape.dtype)
    larger[: tape.size] = tape
    return larger


def resize(tape: np.ndarray, size: int) -> np.ndarray:
    """Return a tape with room for `size` numbers, at least one, that takes the place of `tape`."""
    other = np.empty(size, tape.dtype)
    other[: min(size, tape.size)] = tape[: min(size, tape.size)]
    return other


def lend(array: np.ndarray) -> np.ndarray:
    """Return an array for a recursive function, which is not counted as a reference (see `lent_array`).

    Numba counts the references to the arrays of a recursive function in each call, atomically. Without that, the
    gradient of a determinant by minors took half the time.
    """
    return array


def release(array: np.ndarray) -> None:
    """End the use of what was lent, or of the memory of a tape."""


def number_of_threads() -> int:
    """Return how many threads share the loops over prange."""
    return get_num_threads()


def _larger(tape: np.ndarray, needed: int) -> int:
    return max(needed, tape.size + tape.size // 2)


inline_code(new_memory, memory.type_of_memory, memory.owned_memory)
inline_code(tape_in, lambda array: array, memory.borrowed_array)
inline_code(grow, lambda tape, needed: tape, memory.enlarged_array)
inline_code(resize, lambda tape, size: tape, memory.resized_array)
inline_code(lend, lambda array: array, memory.lent_array)
inline_code(release, lambda array: types.none, memory.still_needed)
inline_code(number_of_threads, lambda: types.intp, threads.number_of_threads)


def check_no_overlap(a: np.ndarray, b: np.ndarray) -> None:
    """Refuse two arguments that share memory when the function writes into one of them.

    What is written through one name would be seen through the other, so the two have no separate derivatives. Arrays
    that lie in the gaps of one another share none, as x[::2] and x[1::2], or m[:, :2] and m[:, 2:]: of each period, the
    stride of some axis, each takes a part of its own.
    """
    if np.shares_memory(a, b):
        raise ArgumentError(SHARED)


def are_disjoint(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether all memory of one array lies before that of another."""
    return not np.may_share_memory(a, b)


inline_code(check_no_overlap, lambda a, b: types.none if both_arrays(a, b) else None, check_code)
inline_code(are_disjoint, lambda a, b: types.boolean if both_arrays(a, b) else None, disjoint_code)


@njit(error_model="numpy")
def overwrite(array: np.ndarray, contents: np.ndarray) -> None:
    """Do array[...] = contents, of one shape; Numba takes a second and more to compile that."""
    k = 0
    for value in contents.flat:
        array.flat[k] = value
        k += 1


@njit(error_model="numpy")
def chunks_of(iterations: int) -> int:
    """Return into how many chunks the threads share some iterations."""
    return max(1, min(iterations, number_of_threads()))


@njit(error_model="numpy")
def array_of(items: list) -> np.ndarray:
    """Return np.array(items).

    Where Numba sees that a list is built by `append` and handed to np.array, it makes the list itself an array.
    """
    return np.array(items)


@njit(error_model="numpy")
def add_to_list(items: list, more: np.ndarray) -> None:
    """Add an array to a list of as many numbers."""
    for k in range(len(items)):
        items[k] += more[k]


@njit(error_model="numpy")
def add_to_rows(rows: list, more: np.ndarray) -> None:
    """Add a matrix to a list of lists of numbers."""
    for k in range(len(rows)):
        add_to_list(rows[k], more[k])


@functools.lru_cache(maxsize=256)
def shape_check(name: str) -> object:
    """Return a jitted function that gives back what the rule of a function returns, if it has the shape of an array."""
    message = f"the rule of {name} gives an array a tangent or a cotangent of another shape"

    @njit(error_model="numpy")
    def of_shape(derivative: np.ndarray, like: np.ndarray) -> np.ndarray:
        if derivative.shape != like.shape:
            raise ArgumentError(message)
        return derivative

    return of_shape
