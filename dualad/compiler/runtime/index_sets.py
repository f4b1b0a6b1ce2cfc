"""Sets of input numbers, as the code of a sparsity pattern handles them: each set is a number.

0 is the empty set, 1 to n are the sets of one input each, and each greater number is a *node*, the union of two sets
before it. A node costs 16 bytes and a few instructions, whatever is in the set; what that is, is found out afterwards
(`dualad.sparse`). Generated code hands one array around, `sets`: the counts of inputs, nodes and pairs, how many nodes
and pairs there is room for, the nodes, and the pairs of sets of which the function has a second derivative. Where there
is no room, nodes and pairs are only counted, and the caller tries again with more.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ...errors import UnsupportedError

INPUTS, NODES, PAIRS, MOST_NODES, MOST_PAIRS, HEAD = range(6)
"""What stands where in `sets`, and where the nodes begin."""

_jit = njit(error_model="numpy")


class DensePattern(UnsupportedError):
    """Which elements of a result depend on which inputs is not the same at every point, or cannot be found out."""


def room_for(nodes: int, pairs: int) -> np.ndarray:
    """Return an array for so many nodes and pairs."""
    sets = np.zeros(HEAD + 2 * nodes + 2 * pairs, np.int64)
    sets[MOST_NODES], sets[MOST_PAIRS] = nodes, pairs
    return sets


def parts_of(sets: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the number of inputs, the nodes and the pairs."""
    begin = HEAD + 2 * sets[MOST_NODES]
    nodes = sets[HEAD : HEAD + 2 * sets[NODES]].reshape(-1, 2)
    return int(sets[INPUTS]), nodes, sets[begin : begin + 2 * sets[PAIRS]].reshape(-1, 2)


@_jit
def unite(sets: np.ndarray, a: int, b: int) -> int:
    """Return the union of two sets."""
    if a == b or b == 0:
        return a
    if a == 0:
        return b
    if a < b:
        a, b = b, a
    k = a - sets[INPUTS] - 1
    if 0 <= k < sets[MOST_NODES] and (sets[HEAD + 2 * k] == b or sets[HEAD + 2 * k + 1] == b):
        return a
    k = sets[NODES]
    if k < sets[MOST_NODES]:
        sets[HEAD + 2 * k], sets[HEAD + 2 * k + 1] = a, b
    sets[NODES] = k + 1
    return sets[INPUTS] + 1 + k


@_jit
def interact(sets: np.ndarray, a: int, b: int) -> None:
    """Record that there may be second derivatives by each input of one set and each of another."""
    if a != 0 and b != 0:
        k = sets[PAIRS]
        if k < sets[MOST_PAIRS]:
            place = HEAD + 2 * sets[MOST_NODES] + 2 * k
            sets[place], sets[place + 1] = a, b
        sets[PAIRS] = k + 1


@_jit
def unite_all(sets: np.ndarray, x: np.ndarray) -> int:
    """Return the union of the sets in an array."""
    found = 0
    for s in x.flat:
        found = unite(sets, found, s)
    return found


@_jit
def add_to_all(sets: np.ndarray, x: np.ndarray, s: int) -> None:
    """Add what is in a set to each set in an array."""
    if s != 0:
        for index in np.ndindex(x.shape):
            x[index] = unite(sets, x[index], s)


@_jit
def is_within(shape: tuple, index: tuple) -> bool:
    """Whether an element exists; in a branch that is never taken in fact it may not."""
    for axis in range(len(index)):
        if not -shape[axis] <= index[axis] < shape[axis]:
            return False
    return True


@_jit
def place_within(k: int, size: int) -> int:
    """Return an index that is within an axis: itself or, in a branch that is never taken in fact, the first."""
    if size == 0:
        raise DensePattern("the sparsity pattern is taken as dense, since it depends on a part of an empty array")
    return k if -size <= k < size else 0


@_jit
def either(sets: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the sets of an array that is one of two, nobody knows which."""
    if x.size == 0:
        return y.copy()
    if y.size == 0:
        return x.copy()
    if x.shape != y.shape:
        raise DensePattern("the sparsity pattern is taken as dense, since the shape of an array depends on values")
    out = np.empty(x.shape, np.int64)
    for index in np.ndindex(x.shape):
        out[index] = unite(sets, x[index], y[index])
    return out


@_jit
def inputs_of(x: np.ndarray, first: int) -> np.ndarray:
    """Return the sets of the elements of an input: each its own."""
    return np.arange(first, first + x.size).reshape(x.shape)


@_jit
def no_sets(x: np.ndarray) -> np.ndarray:
    """Return the sets of an array that depends on no input."""
    return np.zeros(x.shape, np.int64)


@_jit
def each_with(x: np.ndarray, s: int) -> np.ndarray:
    """Return the sets of an array of the shape of `x` of which all elements have the same."""
    return np.full(x.shape, s)


@_jit
def stand_in(x: np.ndarray) -> np.ndarray:
    """Return numbers in the place of those that have an array's sets: a function with them says what shape it gives.

    A matrix is that of the identity, of which there are an inverse, a Cholesky factor and all others.
    """
    out = np.ones(x.shape)
    if x.ndim >= 2:
        for index in np.ndindex(x.shape):
            out[index] = 1.0 if index[x.ndim - 1] == index[x.ndim - 2] else 0.0
    return out


@_jit
def running_unions(sets: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the unions of the first sets in an array: of one, of two, and so on."""
    out = x.copy()
    for k in range(1, x.size):
        out[k] = unite(sets, out[k - 1], out[k])
    return out


# ---------------------------------------------------------------- products


@_jit
def rows_of(sets: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return the union of each row of a matrix."""
    out = np.zeros(a.shape[0], np.int64)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i] = unite(sets, out[i], a[i, j])
    return out


@_jit
def each_and_each(sets: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the matrix of the unions of each of some sets with each of others."""
    out = np.empty((x.size, y.size), np.int64)
    for i in range(x.size):
        for j in range(y.size):
            out[i, j] = unite(sets, x[i], y[j])
    return out


@_jit
def times_constant(sets: np.ndarray, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the sets of the product of a matrix that is the same everywhere, zeros included, and a vector."""
    out = np.zeros(a.shape[0], np.int64)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] != 0:
                out[i] = unite(sets, out[i], x[j])
    return out


@_jit
def interact_in_turn(sets: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Record that the elements of two vectors are multiplied, one by one."""
    for k in range(x.size):
        interact(sets, x[k], y[k])
