"""From sets that are numbers (`compiler.runtime.index_sets`) to sparse matrices of what is in them."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numba import njit

from ..compiler.runtime.index_sets import parts_of

_FEW_STEPS = 10**6
_WORDS_A_STEP = 16
"""How many words `_in_order` unites in the time of one step of `_by_paths`, which jumps about in memory."""


def jacobian_pattern(sets: np.ndarray, outputs: np.ndarray) -> scipy.sparse.csr_array:
    """Return the pattern whose row k has the inputs in the k-th of some sets."""
    inputs, nodes, _ = parts_of(sets)
    return _members(outputs, inputs, nodes)


def hessian_pattern(sets: np.ndarray) -> scipy.sparse.csr_array:
    """Return the symmetric pattern of all pairs of inputs, one out of each of two sets that interact."""
    inputs, nodes, pairs = parts_of(sets)
    is_used = np.zeros(inputs + len(nodes) + 1, bool)
    is_used[pairs] = True
    ids, places = np.flatnonzero(is_used), (np.cumsum(is_used) - 1)[pairs]
    members = _members(ids, inputs, nodes).astype(np.float32)  # which counts without end
    keys = np.sort(places[:, 0] * len(ids) + places[:, 1])
    keys = keys[np.diff(keys, prepend=-1) != 0]  # each pair once
    product = members[keys // max(len(ids), 1)].T @ members[keys % max(len(ids), 1)]
    return as_pattern(product + product.T)


def as_pattern(matrix: object) -> scipy.sparse.csr_array:
    """Return where a sparse or dense matrix has elements that are not zero, as booleans in order."""
    found = scipy.sparse.csr_array(matrix, dtype=None, copy=True)
    found.sum_duplicates()
    found.eliminate_zeros()
    found.sort_indices()
    return scipy.sparse.csr_array((np.ones(found.nnz, bool), found.indices, found.indptr), shape=found.shape)


def _members(ids: np.ndarray, inputs: int, nodes: np.ndarray) -> scipy.sparse.csr_array:
    """Return the inputs that are in some sets, a row for each set."""
    most_steps = _FEW_STEPS + len(nodes) * inputs // (64 * _WORDS_A_STEP)
    is_done, indptr, indices = _by_paths(ids, inputs, nodes, most_steps)
    if not is_done:
        indptr, indices = _in_order(ids, inputs, nodes)
    found = scipy.sparse.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(len(ids), inputs))
    found.sort_indices()
    return found


@njit(error_model="numpy", cache=True)
def _by_paths(ids: np.ndarray, inputs: int, nodes: np.ndarray, most_steps: int) -> tuple:
    """Follow the nodes down to the inputs, for one set after the other; give up after `most_steps`."""
    seen = np.full(inputs + len(nodes) + 1, -1)
    stack = np.empty(len(nodes) + 2, np.int64)
    indptr = np.zeros(len(ids) + 1, np.int64)
    indices = np.empty(4 * len(ids) + 64, np.int64)
    count = steps = 0
    for r in range(len(ids)):
        stack[0], height = ids[r], 1
        while height > 0:
            height -= 1
            s = stack[height]
            if s == 0 or seen[s] == r:
                continue
            seen[s] = r
            steps += 1
            if s <= inputs:
                if count == len(indices):
                    larger = np.empty(2 * count, np.int64)
                    larger[:count] = indices
                    indices = larger
                indices[count] = s - 1
                count += 1
            else:
                for k in range(2):
                    part = nodes[s - inputs - 1, k]
                    if seen[part] != r:
                        stack[height] = part
                        height += 1
        if steps > most_steps:
            return False, indptr, indices[:0]
        indptr[r + 1] = count
    return True, indptr, indices[:count]


@njit(error_model="numpy", cache=True)
def _in_order(ids: np.ndarray, inputs: int, nodes: np.ndarray) -> tuple:
    """Take all nodes in their order, for 64 inputs at a time: what is in a set is in bits of one word."""
    words = np.zeros(inputs + len(nodes) + 1, np.uint64)
    one = np.uint64(1)
    for sweep in range(2):  # first to count
        if sweep == 0:
            counts = np.zeros(len(ids) + 1, np.int64)
        else:
            indptr = np.cumsum(counts)
            indices, place = np.empty(indptr[-1], np.int64), indptr.copy()
        for first in range(0, inputs, 64):
            words[: inputs + 1] = 0
            for k in range(first, min(first + 64, inputs)):
                words[k + 1] = one << np.uint64(k - first)
            for k in range(len(nodes)):
                words[inputs + 1 + k] = words[nodes[k, 0]] | words[nodes[k, 1]]
            for r in range(len(ids)):
                word = words[ids[r]]
                for k in range(first, min(first + 64, inputs)):
                    if (word >> np.uint64(k - first)) & one:
                        if sweep == 0:
                            counts[r + 1] += 1
                        else:
                            indices[place[r]] = k
                            place[r] += 1
    return indptr, indices
