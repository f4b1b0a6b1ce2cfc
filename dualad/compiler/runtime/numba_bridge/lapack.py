"""Factorised linear systems in jitted code (`rules.factorised`): LAPACK's getrf, and substitution."""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.np.linalg import _LAPACK, F_INT_nptype, ensure_lapack

from ....rules.factorised import lu_factor, lu_solve, lu_solve_transposed
from . import give_compiled_meaning

_REAL_DOUBLE = ord("d")


def _factor(a):  # Numba compares the signature with that of what it returns
    if not isinstance(a, types.Array) or a.ndim != 2:
        return None
    ensure_lapack()
    getrf = _LAPACK().numba_xxgetrf(types.float64)

    def lu_factor(a):
        n = a.shape[0]
        if a.shape[1] != n:
            raise np.linalg.LinAlgError("the matrix is not square")
        columns = np.empty((n, n))
        for i in range(n):
            for j in range(n):
                columns[j, i] = a[i, j]
        pivots = np.empty(n, F_INT_nptype)
        if n > 0 and getrf(_REAL_DOUBLE, n, n, columns.ctypes, n, pivots.ctypes) != 0:
            raise np.linalg.LinAlgError("the matrix is singular")
        factors = np.empty((n + 1, n))
        for i in range(n):
            for j in range(n):
                factors[i, j] = columns[j, i]
            factors[n, i] = pivots[i] - 1.0
        return factors

    return lu_factor


def _is_vector(b: object) -> bool:
    return isinstance(b, types.Array) and b.ndim == 1


@njit(error_model="numpy")
def _solved(factors: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = b.size
    x = b.astype(np.float64)
    for i in range(n):
        k = int(factors[n, i])
        x[i], x[k] = x[k], x[i]
    for i in range(n):
        s = x[i]
        for j in range(i):
            s -= factors[i, j] * x[j]
        x[i] = s
    for i in range(n - 1, -1, -1):
        s = x[i]
        for j in range(i + 1, n):
            s -= factors[i, j] * x[j]
        x[i] = s / factors[i, i]
    return x


@njit(error_model="numpy")
def _solved_transposed(factors: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = b.size
    x = b.astype(np.float64)
    for i in range(n):
        x[i] /= factors[i, i]
        for j in range(i + 1, n):
            x[j] -= factors[i, j] * x[i]
    for i in range(n - 1, -1, -1):
        for j in range(i):
            x[j] -= factors[i, j] * x[i]
    for i in range(n - 1, -1, -1):
        k = int(factors[n, i])
        x[i], x[k] = x[k], x[i]
    return x


def load() -> None:
    """Let jitted code call the functions; once is enough."""


give_compiled_meaning(lu_factor, _factor)
give_compiled_meaning(
    lu_solve, lambda a, factors, b: (lambda a, factors, b: _solved(factors, b)) if _is_vector(b) else None
)
give_compiled_meaning(
    lu_solve_transposed,
    lambda a, factors, b: (lambda a, factors, b: _solved_transposed(factors, b)) if _is_vector(b) else None,
)
