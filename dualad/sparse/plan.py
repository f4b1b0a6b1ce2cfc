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
    colour : ndarray of int
        A colour for each column or, `by_rows`, for each row.
    places : ndarray of int
        The place of each element in the products as a flat array, in the order of the pattern.
    """

    pattern: scipy.sparse.csr_array
    colour: np.ndarray
    places: np.ndarray
    by_rows: bool = False
    is_checked: bool = False
    dtype: object = np.float64
    seeds: list[np.ndarray] = field(default_factory=list)
    """Where products are found one by one: the vector of each colour."""
    ones: np.ndarray = field(init=False)
    count: int = field(init=False)
    """How many colours there are."""

    def __post_init__(self):
        self.ones = np.ones(len(self.colour))
        self.count = int(self.colour.max(initial=-1)) + 1

    def matrix(self, products: np.ndarray) -> scipy.sparse.csr_array:
        """Return the matrix with elements out of the products."""
        p = self.pattern
        data = products.reshape(-1).take(self.places).astype(self.dtype, copy=False)
        return scipy.sparse.csr_array((data, p.indices.copy(), p.indptr.copy()), shape=p.shape)


def plan_of_jacobian(pattern: scipy.sparse.csr_array) -> Plan:
    """Return how a Jacobian is found: by columns, m products side by side, or by rows where that needs far fewer."""
    columns = colour_columns(pattern)
    turned = scipy.sparse.csr_array(pattern.T)
    is_worth_a_try = _COLUMNS_A_ROW < columns.max(initial=0)
    rows = colour_columns(turned) if is_worth_a_try else None
    row_of = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    if rows is not None and _COLUMNS_A_ROW * (rows.max(initial=-1) + 1) < columns.max(initial=-1) + 1:
        return Plan(pattern, rows, rows[row_of] * pattern.shape[1] + pattern.indices, by_rows=True)
    count = int(columns.max(initial=-1)) + 1
    return Plan(pattern, columns, row_of * count + columns[pattern.indices])


def plan_of_hessian(pattern: scipy.sparse.csr_array) -> Plan:
    """Return how a Hessian is found: by products with vectors, a row each."""
    colour = colour_symmetric(pattern)
    places = places_of_symmetric(pattern.indptr.astype(np.int64), pattern.indices.astype(np.int64), colour)
    return Plan(pattern, colour, places)
