"""How a sparse matrix is put together of products: colours, and where its elements stand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse

from .colouring import colour_columns, colour_symmetric, places_of_symmetric

_COLUMNS_A_ROW = 4
"""How many columns, side by side in forward mode, cost as much as one row in reverse mode."""


@dataclass(eq=False)
class Plan:
    """The pattern of a matrix, and where its elements stand in the products.

    Attributes
    ----------
    pattern : csr_array of bool
    columns : ndarray of int
        A colour for each column.
    rows : ndarray of int
        A colour for each row, -1 for those that are found by columns.
    places : ndarray of int
        The place of each element, in the order of the pattern: in the products by columns (m times a number for each
        colour), and behind them those by rows (a row for each colour), as a flat array.
    """

    pattern: scipy.sparse.csr_array
    columns: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    is_checked: bool = False
    dtype: object = np.float64
    ones: np.ndarray = field(init=False)
    column_count: int = field(init=False)
    row_seeds: list[np.ndarray] = field(init=False)
    """The vector of each colour of rows."""

    def __post_init__(self):
        self.ones = np.ones(len(self.columns))
        self.column_count = _count(self.columns)
        self.row_seeds = [(self.rows == c).astype(np.float64) for c in range(_count(self.rows))]

    @property
    def count(self) -> int:
        """How many products there are."""
        return self.column_count + len(self.row_seeds)

    def matrix(self, products: np.ndarray) -> scipy.sparse.csr_array:
        """Return the matrix with elements out of the products."""
        p = self.pattern
        data = products.take(self.places).astype(self.dtype, copy=False)
        return scipy.sparse.csr_array((data, p.indices.copy(), p.indptr.copy()), shape=p.shape)


def _count(colours: np.ndarray) -> int:
    return int(colours.max(initial=-1)) + 1


def plan_of_jacobian(pattern: scipy.sparse.csr_array) -> Plan:
    """Return how a Jacobian is found: by columns, by rows, or long rows by themselves and the others by columns."""
    m, n = pattern.shape
    by_rows = _long_rows(pattern)
    row_of = np.repeat(np.arange(m), np.diff(pattern.indptr))
    columns, rows = np.full(n, -1), np.full(m, -1)
    is_by_row = by_rows[row_of]
    if not is_by_row.all():
        columns = colour_columns(pattern[~by_rows])
    if is_by_row.any():
        rows[by_rows] = colour_columns(scipy.sparse.csr_array(pattern[by_rows].T))
    count = _count(columns)
    of_columns = row_of * count + columns[pattern.indices]
    of_rows = m * count + rows[row_of] * n + pattern.indices
    return Plan(pattern, columns, rows, np.where(is_by_row, of_rows, of_columns))


def _long_rows(pattern: scipy.sparse.csr_array) -> np.ndarray:
    """Return which rows are worth a product of their own; a row has as many colours of columns as it has elements."""
    lengths = np.diff(pattern.indptr)
    if pattern.nnz == 0:
        return np.zeros(len(lengths), bool)
    order = np.argsort(-lengths, kind="stable")
    cost = lengths[order] + _COLUMNS_A_ROW * np.arange(len(lengths))
    k = int(np.argmin(cost))
    if _COLUMNS_A_ROW * np.bincount(pattern.indices).max() < cost[k]:
        k = len(lengths)
    found = np.zeros(len(lengths), bool)
    found[order[:k]] = True
    return found


def plan_of_hessian(pattern: scipy.sparse.csr_array) -> Plan:
    """Return how a Hessian is found: by products with vectors, a row each."""
    colour = colour_symmetric(pattern)
    places = places_of_symmetric(pattern.indptr.astype(np.int64), pattern.indices.astype(np.int64), colour)
    return Plan(pattern, np.full(pattern.shape[1], -1), colour, places)
