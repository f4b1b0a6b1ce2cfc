"""Linear algebra of complex matrices, by real matrices of twice the size."""

from __future__ import annotations

import numpy as np
from numba import njit

from .complex_parts import complex_array, on_parts
from .registry import linear, pair

_jit = njit(error_model="numpy")


@_jit
def embedded(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the real matrix of twice the size that does to parts what a + ib does."""
    n, m = a.shape
    out = np.empty((2 * n, 2 * m), a.dtype)
    for i in range(n):
        for j in range(m):
            out[i, j] = out[n + i, m + j] = a[i, j]
            out[i, m + j] = -b[i, j]
            out[n + i, j] = b[i, j]
    return out


@_jit
def stacked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a vector or a matrix above another one of its shape."""
    out = np.empty((2 * a.shape[0], *a.shape[1:]), a.dtype)
    for k in range(a.size):
        out.flat[k] = a.flat[k]
        out.flat[a.size + k] = b.flat[k]
    return out


@_jit
def diagonal_blocks(x: np.ndarray) -> np.ndarray:
    """Return the sum of the first and the last of the four blocks of a matrix."""
    n, m = x.shape[0] // 2, x.shape[1] // 2
    out = np.empty((n, m), x.dtype)
    for i in range(n):
        for j in range(m):
            out[i, j] = x[i, j] + x[n + i, m + j]
    return out


@_jit
def other_blocks(x: np.ndarray) -> np.ndarray:
    """Return the difference of the other two blocks."""
    n, m = x.shape[0] // 2, x.shape[1] // 2
    out = np.empty((n, m), x.dtype)
    for i in range(n):
        for j in range(m):
            out[i, j] = x[n + i, j] - x[i, m + j]
    return out


@linear(embedded)
def embedded_rule(a, b, value_bar):
    return diagonal_blocks(value_bar), other_blocks(value_bar)


@_jit
def upper_half(x: np.ndarray) -> np.ndarray:
    """Return the first half of the rows."""
    out = np.empty((x.shape[0] // 2, *x.shape[1:]), x.dtype)
    for k in range(out.size):
        out.flat[k] = x.flat[k]
    return out


@_jit
def lower_half(x: np.ndarray) -> np.ndarray:
    """Return the second half of the rows."""
    out = np.empty((x.shape[0] // 2, *x.shape[1:]), x.dtype)
    for k in range(out.size):
        out.flat[k] = x.flat[out.size + k]
    return out


@linear(stacked)
def stacked_rule(a, b, value_bar):
    return upper_half(value_bar), lower_half(value_bar)


@linear(diagonal_blocks)
def diagonal_blocks_rule(x, value_bar):
    return (embedded(value_bar, np.zeros_like(value_bar)),)


@linear(other_blocks)
def other_blocks_rule(x, value_bar):
    return (embedded(np.zeros_like(value_bar), value_bar),)


@linear(upper_half)
def upper_half_rule(x, value_bar):
    return (stacked(value_bar, np.zeros_like(value_bar)),)


@linear(lower_half)
def lower_half_rule(x, value_bar):
    return (stacked(np.zeros_like(value_bar), value_bar),)


@on_parts(np.linalg.inv)
def inv(a, b):
    x = np.linalg.inv(embedded(a, b))  # each block stands there twice
    return 0.5 * diagonal_blocks(x), 0.5 * other_blocks(x)


@on_parts(np.linalg.solve)
def solve(a, b, c, d):
    x = np.linalg.solve(embedded(a, b), stacked(c, d))
    return upper_half(x), lower_half(x)


@_jit
def det_real(a: np.ndarray, b: np.ndarray) -> float:
    """Return the real part of the determinant of a + ib."""
    return np.linalg.det(complex_array(a, b)).real


@_jit
def det_imag(a: np.ndarray, b: np.ndarray) -> float:
    """Return the imaginary part of the determinant of a + ib."""
    return np.linalg.det(complex_array(a, b)).imag


@_jit
def cofactors_real(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the real part of the derivative of a determinant, det(z) z^-T (Giles 2.2.4)."""
    inverse = np.linalg.inv(complex_array(a, b)).T
    return det_real(a, b) * inverse.real - det_imag(a, b) * inverse.imag


@_jit
def cofactors_imag(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the imaginary part of it."""
    inverse = np.linalg.inv(complex_array(a, b)).T
    return det_real(a, b) * inverse.imag + det_imag(a, b) * inverse.real


@pair(det_real)
def det_real_rule(a, b, value, a_dot, b_dot):
    return np.sum(cofactors_real(a, b) * a_dot) - np.sum(cofactors_imag(a, b) * b_dot)


@det_real_rule.reverse
def det_real_reverse(a, b, value, value_bar):
    return value_bar * cofactors_real(a, b), -value_bar * cofactors_imag(a, b)


@pair(det_imag)
def det_imag_rule(a, b, value, a_dot, b_dot):
    return np.sum(cofactors_imag(a, b) * a_dot) + np.sum(cofactors_real(a, b) * b_dot)


@det_imag_rule.reverse
def det_imag_reverse(a, b, value, value_bar):
    return value_bar * cofactors_imag(a, b), value_bar * cofactors_real(a, b)


@on_parts(np.linalg.det)
def det(a, b):
    return det_real(a, b), det_imag(a, b)
