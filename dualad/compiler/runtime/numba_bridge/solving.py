"""Linear systems in generated code: one call of LAPACK, with the copies and checks around it in one function.

Numba's np.linalg.solve is eight functions, and the text of an error that cannot occur there another twenty: two of the
seconds that the gradient of a function with one solve takes to be compiled.
"""

from __future__ import annotations

import functools

import numpy as np
from numba import types
from numba.np.linalg import _LAPACK, F_INT_nptype, ensure_lapack, get_blas_kind

from . import as_dtype, inner_njit

_DTYPES = (types.float64, types.float32, types.complex128, types.complex64)


@functools.cache
def _parts(dtype: object) -> tuple:
    """Return what takes the left-hand side apart, and what calls LAPACK, for numbers of a type."""
    ensure_lapack()
    gesv, kind, number = _LAPACK().numba_xgesv(dtype), ord(get_blas_kind(dtype)), as_dtype(dtype).type

    @inner_njit
    def columns_of(a, b):
        n = a.shape[0]
        if a.shape[1] != n:
            raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
        if b.shape[0] != n:
            raise np.linalg.LinAlgError("Incompatible array sizes, system is not dimensionally valid.")
        left = np.empty((n, n), number)
        is_finite = True
        for i in range(n):
            for j in range(n):
                left[j, i] = a[i, j]
                is_finite &= a[i, j] - a[i, j] == 0.0
        return left, is_finite

    @inner_njit
    def solve_in_place(left, right, count, is_finite):
        n = left.shape[0]
        if not is_finite:
            raise np.linalg.LinAlgError("Array must not contain infs or NaNs.")
        pivots = np.empty(n, F_INT_nptype)
        if n > 0 and gesv(kind, n, count, left.ctypes, n, pivots.ctypes, right.ctypes, n) != 0:
            raise np.linalg.LinAlgError("Matrix is singular to machine precision.")

    return columns_of, solve_in_place


def solve_of(a, b):  # Numba compares the signature with that of what it returns
    """Return np.linalg.solve for types of its arguments."""
    are_alike = all(isinstance(x, types.Array) and x.dtype == a.dtype and x.dtype in _DTYPES for x in (a, b))
    if not are_alike or a.ndim != 2 or b.ndim not in (1, 2):
        return lambda a, b: np.linalg.solve(a, b)
    columns_of, solve_in_place = _parts(a.dtype)
    number = as_dtype(a.dtype).type

    def vector(a, b):
        left, is_finite = columns_of(a, b)
        n = b.size
        right = np.empty(n, number)
        for i in range(n):
            right[i] = b[i]
            is_finite &= b[i] - b[i] == 0.0
        solve_in_place(left, right, 1, is_finite)
        return right

    def matrix(a, b):
        left, is_finite = columns_of(a, b)
        n, count = b.shape
        right = np.empty((count, n), number)
        for i in range(n):
            for j in range(count):
                right[j, i] = b[i, j]
                is_finite &= b[i, j] - b[i, j] == 0.0
        solve_in_place(left, right, count, is_finite)
        return right.T

    return vector if b.ndim == 1 else matrix
