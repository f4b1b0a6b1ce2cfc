"""Matrix products, solves, inverses and determinants: array-level rules, one BLAS or LAPACK call each.

The formulas are those of M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", Advances in Automatic Differentiation, Springer 2008. x_bar is the adjoint of x.
"""

import numpy as np
from numba import njit

from .composites import composite, written_out
from .registry import bilinear, constant, pair

_jit = njit(error_model="numpy")


@_jit
def inner(x: np.ndarray, y: np.ndarray) -> float:
    """Return the product of two vectors."""
    return np.dot(x, y)


@_jit
def matrix_vector(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the product of a matrix and a vector."""
    return np.dot(a, x)


@_jit
def vector_matrix(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return the product of a vector and a matrix."""
    return np.dot(x, a)


@_jit
def matrix_matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of two matrices."""
    return np.dot(a, b)


@bilinear(inner)
def inner_rule(x, y, value_bar):
    return value_bar * y, value_bar * x


@bilinear(matrix_vector)
def matrix_vector_rule(a, x, value_bar):
    return np.outer(value_bar, x), np.dot(a.T, value_bar)


@bilinear(vector_matrix)
def vector_matrix_rule(x, a, value_bar):
    return np.dot(a, value_bar), np.outer(x, value_bar)


@bilinear(matrix_matrix)
def matrix_matrix_rule(a, b, value_bar):
    return np.dot(value_bar, b.T), np.dot(a.T, value_bar)


@_jit
def outer_product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the matrix of the products of the elements of two vectors."""
    return np.outer(x, y)


@bilinear(outer_product)
def outer_product_rule(x, y, value_bar):
    return np.dot(value_bar, y), np.dot(value_bar.T, x)


# -------------------------------------------------------------------- solves and decompositions


@_jit
def solve_vector(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the solution of a x = b for one right-hand side."""
    return np.linalg.solve(a, b)


@_jit
def solve_matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the solution of a x = b for a matrix of right-hand sides."""
    return np.linalg.solve(a, b)


@pair(solve_vector)
def solve_vector_rule(a, b, value, a_dot, b_dot):  # Giles 2.3.1
    return np.linalg.solve(a, b_dot - np.dot(a_dot, value))


@solve_vector_rule.reverse
def solve_vector_reverse(a, b, value, value_bar):
    b_bar = np.linalg.solve(a.T, value_bar)
    return -np.outer(b_bar, value), b_bar


@pair(solve_matrix)
def solve_matrix_rule(a, b, value, a_dot, b_dot):
    return np.linalg.solve(a, b_dot - np.dot(a_dot, value))


@solve_matrix_rule.reverse
def solve_matrix_reverse(a, b, value, value_bar):
    b_bar = np.linalg.solve(a.T, value_bar)
    return -np.dot(b_bar, value.T), b_bar


@pair(np.linalg.inv)
def inv(x, value, x_dot):  # Giles 2.2.3
    return -np.dot(np.dot(value, x_dot), value)


@inv.reverse
def inv_reverse(x, value, value_bar):
    return (-np.dot(np.dot(value.T, value_bar), value.T),)


@composite(np.linalg.matrix_power)
def matrix_power(a, n):
    if a.shape[0] != a.shape[1]:
        raise ValueError("input must be a square array")
    base = np.linalg.inv(a) if n < 0 else a
    left = abs(n)
    if left == 0:
        return np.eye(a.shape[0], a.shape[0], 0, a.dtype)
    if left == 1:
        return base.copy()
    if left == 2:
        return np.dot(base, base)
    power = np.dot(base, base)
    out = base.copy() if left % 2 == 1 else power.copy()
    left = (left - 1) // 2  # how often the square is still to be multiplied in
    while left > 0:
        if left % 2 == 1:
            out = np.dot(out, power)
        left = left // 2
        if left > 0:
            power = np.dot(power, power)
    return out


# -------------------------------------------------------------------- determinants


@_jit
def cofactors(x: np.ndarray, det: float) -> np.ndarray:
    """Return the derivative of the determinant, det(x) x^-T (Giles 2.2.4), of singular matrices as well.

    For those the product is that of the singular value decomposition: U diag(p) V^T det(U) det(V), where p_i is the
    product of the singular values but the i-th.
    """
    bound = 1.0  # Hadamard's: |det| is at most the product of the lengths of the rows
    for i in range(x.shape[0]):
        bound *= np.sqrt(np.sum(x[i] * x[i]))
    if abs(det) > 1e-6 * bound:
        return (det * np.linalg.inv(x).T).astype(x.dtype)
    u, s, vh = np.linalg.svd(x)
    n = s.size
    others = np.ones(n, x.dtype)
    for i in range(n):
        for j in range(n):
            if j != i:
                others[i] *= s[j]
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (sign * np.dot(u * others, vh)).astype(x.dtype)


@pair(np.linalg.det)
def det(x, value, x_dot):
    return np.sum(cofactors(x, value) * x_dot)


@det.reverse
def det_reverse(x, value, value_bar):
    return (value_bar * cofactors(x, value),)


@_jit
def slogdet_of(x: np.ndarray) -> tuple[float, float]:
    """Return the sign of a determinant and the logarithm of its absolute value."""
    return np.linalg.slogdet(x)


constant(slogdet_of, cheap=False)


@_jit
def log_abs_det(x: np.ndarray, parts: tuple) -> float:
    """Return the logarithm of |det x|."""
    return parts[1]


@pair(log_abs_det)
def log_abs_det_rule(x, parts, x_dot):
    return np.trace(np.linalg.solve(x, x_dot))


@log_abs_det_rule.reverse
def log_abs_det_reverse(x, parts, value_bar):
    return (value_bar * np.linalg.inv(x).T,)


@written_out(np.linalg.slogdet)
def slogdet(a):
    parts = slogdet_of(a)
    return parts[0], log_abs_det(a, parts)
