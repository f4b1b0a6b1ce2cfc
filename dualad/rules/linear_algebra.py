"""Matrix products and linear algebra: array-level rules, one BLAS or LAPACK call each.

The formulas are those of M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", Advances in Automatic Differentiation, Springer 2008. x_bar is the adjoint of x.
"""

import numpy as np
from numba import njit

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


@bilinear(np.outer)
def outer(x, y, value_bar):
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


@pair(np.linalg.det)
def det(x, value, x_dot):  # Giles 2.2.4
    return value * np.trace(np.linalg.solve(x, x_dot))


@det.reverse
def det_reverse(x, value, value_bar):
    return ((value_bar * value) * np.linalg.inv(x).T,)


@_jit
def log_abs_det(x: np.ndarray) -> float:
    """Return the logarithm of |det x|, the second part of np.linalg.slogdet."""
    return np.linalg.slogdet(x)[1]


@pair(log_abs_det)
def log_abs_det_rule(x, value, x_dot):
    return np.trace(np.linalg.solve(x, x_dot))


@log_abs_det_rule.reverse
def log_abs_det_reverse(x, value, value_bar):
    return (value_bar * np.linalg.inv(x).T,)


@_jit
def lower_half(x: np.ndarray) -> np.ndarray:
    """Return the lower triangle of a square matrix with its diagonal halved: Phi of Murray's paper."""
    out = np.tril(x)
    for k in range(out.shape[0]):
        out[k, k] *= 0.5
    return out


@_jit
def cholesky_tangent(value: np.ndarray, x_dot: np.ndarray) -> np.ndarray:
    """Return the tangent of the Cholesky factor of a symmetric matrix.

    I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, equation 8. NumPy reads the lower
    triangle alone, and so does the derivative: a tangent stands for that of the symmetric matrix with this triangle.
    """
    left = np.linalg.solve(value, _symmetric(x_dot))
    return np.dot(value, lower_half(np.linalg.solve(value, left.T).T.copy()))


@_jit
def cholesky_adjoint(value: np.ndarray, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its Cholesky factor (Murray, equation 10), in the lower triangle."""
    inner_part = lower_half(np.dot(value.T, np.tril(value_bar)))
    left = np.linalg.solve(value.T.copy(), inner_part)
    return _to_lower(np.linalg.solve(value.T.copy(), left.T.copy()).T)


@pair(np.linalg.cholesky)
def cholesky(x, value, x_dot):
    return cholesky_tangent(value, x_dot)


@cholesky.reverse
def cholesky_reverse(x, value, value_bar):
    return (cholesky_adjoint(value, value_bar),)


# -------------------------------------------------------------------- symmetric eigenvalues


@_jit
def sign_of_det(x: np.ndarray) -> float:
    """Return the sign of the determinant, the first part of np.linalg.slogdet."""
    return np.linalg.slogdet(x)[0]


constant(sign_of_det, cheap=False)


@_jit
def eigenvectors(x: np.ndarray) -> np.ndarray:
    """Return the eigenvectors of a symmetric matrix, the second part of np.linalg.eigh."""
    return np.linalg.eigh(x)[1].copy()


@_jit
def _symmetric(lower: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix with a given lower triangle."""
    return np.tril(lower) + np.tril(lower, -1).T


@_jit
def _to_lower(full: np.ndarray) -> np.ndarray:
    """Return the adjoint of a lower triangle from that of the symmetric matrix it stands for."""
    out = np.zeros(full.shape, full.dtype)
    for i in range(full.shape[0]):
        out[i, i] = full[i, i]
        for j in range(i):
            out[i, j] = full[i, j] + full[j, i]
    return out


@_jit
def eigenvalues_tangent(x: np.ndarray, x_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvalues: diag(V^T x_dot V) (Giles 2.3.1, symmetric case)."""
    v = np.linalg.eigh(x)[1].copy()
    return np.diag(np.dot(v.T, np.dot(_symmetric(x_dot), v))).copy()


@_jit
def eigenvalues_adjoint(x: np.ndarray, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a symmetric matrix, of which NumPy reads the lower triangle, from its eigenvalues'."""
    v = np.linalg.eigh(x)[1].copy()
    return _to_lower(np.dot(v * value_bar, v.T))


@_jit
def _gaps(w: np.ndarray) -> np.ndarray:
    """Return 1 / (w_j - w_i), 0 on the diagonal."""
    out = np.zeros((w.size, w.size))
    for i in range(w.size):
        for j in range(w.size):
            if i != j:
                out[i, j] = 1.0 / (w[j] - w[i])
    return out


@_jit
def eigenvectors_tangent(x: np.ndarray, value: np.ndarray, x_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvectors: V (F * V^T x_dot V); infinite where eigenvalues coincide."""
    inside = _gaps(np.linalg.eigvalsh(x)) * np.dot(value.T, np.dot(_symmetric(x_dot), value))
    return np.dot(value, inside)


@_jit
def eigenvectors_adjoint(x: np.ndarray, value: np.ndarray, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a symmetric matrix from that of its eigenvectors."""
    inside = _gaps(np.linalg.eigvalsh(x)) * np.dot(value.T, value_bar)
    return _to_lower(np.dot(value, np.dot(inside, value.T)))


@pair(np.linalg.eigvalsh)
def eigenvalues_rule(a, a_dot):
    return eigenvalues_tangent(a, a_dot)


@eigenvalues_rule.reverse
def eigenvalues_reverse(a, value_bar):
    return (eigenvalues_adjoint(a, value_bar),)


@pair(eigenvectors)
def eigenvectors_rule(x, value, x_dot):
    return eigenvectors_tangent(x, value, x_dot)


@eigenvectors_rule.reverse
def eigenvectors_reverse(x, value, value_bar):
    return (eigenvectors_adjoint(x, value, value_bar),)
