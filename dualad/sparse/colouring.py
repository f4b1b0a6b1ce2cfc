"""Colours for the columns and rows of sparse matrices: those of one colour are found in one product.

Columns of a Jacobian may have one colour if no row has elements in two of them (Curtis, Powell and Reid 1974): SciPy
has the greedy colouring. A Hessian needs fewer, since each element stands in it twice: a star colouring, in which no
path of four vertices has two colours only (Coleman and More 1984; the greedy algorithm is that of Gebremedhin, Manne
and Pothen, "What color is your Jacobian?", SIAM Review 47, 2005, section 4). No Python package that has one is kept.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numba import njit
from scipy.optimize._numdiff import group_columns


def colour_columns(pattern: scipy.sparse.csr_array) -> np.ndarray:
    """Return a colour for each column, counted from 0."""
    if pattern.nnz == 0:
        return np.zeros(pattern.shape[1], np.int64)
    matrix = scipy.sparse.csr_matrix(pattern, dtype=np.int32)
    degrees = np.diff(scipy.sparse.csc_array(pattern).indptr)
    orders = (np.arange(pattern.shape[1]), np.argsort(-degrees, kind="stable"))
    found = [np.asarray(group_columns(matrix, order), np.int64) for order in orders]
    return min(found, key=np.max)


def colour_symmetric(pattern: scipy.sparse.csr_array) -> np.ndarray:
    """Return a star colouring of the vertices of a symmetric pattern, counted from 0."""
    indptr, indices = pattern.indptr.astype(np.int64), pattern.indices.astype(np.int64)
    orders = (np.arange(pattern.shape[0]), np.argsort(-np.diff(indptr), kind="stable"))
    most = max(64, int(4 * len(indices) ** 0.5))  # neighbours; all pairs of these are looked at
    return min((_star(indptr, indices, order, most) for order in orders), key=lambda c: c.max(initial=0))


@njit(error_model="numpy", cache=True)
def _star(indptr: np.ndarray, indices: np.ndarray, order: np.ndarray, most: int) -> np.ndarray:
    """Give each vertex in turn the first colour that closes no path of four vertices in two colours.

    A vertex with more than `most` neighbours has a colour of its own, so that no such path leads through it.
    """
    n = len(indptr) - 1
    colour = np.full(n, -1)
    own = 0
    for v in range(n):
        if indptr[v + 1] - indptr[v] > most:
            colour[v] = own
            own += 1
    forbidden = np.full(n + 1, -1)  # the vertex that may not have a colour
    for v in order:
        if 0 <= colour[v]:
            continue
        for a in range(indptr[v], indptr[v + 1]):
            w = indices[a]
            if w == v or 0 <= colour[w] < own:
                continue
            if colour[w] >= 0:
                forbidden[colour[w]] = v
            for b in range(indptr[w], indptr[w + 1]):
                x = indices[b]
                if x == v or x == w or colour[x] < own or forbidden[colour[x]] == v:
                    continue
                if colour[w] < 0:  # w would be between two vertices of one colour, and its own is not known
                    forbidden[colour[x]] = v
                    continue
                for c in range(indptr[x], indptr[x + 1]):
                    y = indices[c]
                    if y != w and y != x and colour[y] == colour[w]:
                        forbidden[colour[x]] = v
                        break
        c = own
        while forbidden[c] == v:
            c += 1
        colour[v] = c
    return colour


@njit(error_model="numpy", cache=True)
def places_of_symmetric(indptr: np.ndarray, indices: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Return where each element of a symmetric matrix stands in its products (a row a colour), as in a flat array.

    Element (i, j) is in row colour[j] at i if no other neighbour of i has the colour of j, else in row colour[i] at j.
    """
    n = len(indptr) - 1
    count = np.zeros(n + 1, np.int64)
    places = np.empty(len(indices), np.int64)
    for i in range(n):
        for a in range(indptr[i], indptr[i + 1]):
            count[colour[indices[a]]] += 1
        for a in range(indptr[i], indptr[i + 1]):
            j = indices[a]
            places[a] = colour[j] * n + i if count[colour[j]] == 1 else colour[i] * n + j
        for a in range(indptr[i], indptr[i + 1]):
            count[colour[indices[a]]] = 0
    return places
