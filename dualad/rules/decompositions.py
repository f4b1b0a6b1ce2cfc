"""The decompositions into triangular factors, Cholesky's and QR: one LAPACK call each.

A decomposition with several factors is computed once, as a constant to the compiler; each factor is a function of the
matrix and the decomposition, shared by all of them and by their derivatives::

    q, r = np.linalg.qr(a)          factors = qr_of(a)                              LAPACK; a constant
                                    q = orthonormal_factor(a, factors)              a copy; its rule reads the factors
                                    r = triangular_factor(a, factors)

A tangent rule reads the factors as these functions, since tangents are differentiated in their turn; the decomposition
itself is constant to the compiler. An adjoint rule reads them as they are.

In the comments, P is the projection on what is orthogonal to the columns of Q.
"""

import numpy as np
from numba import njit

from .composites import written_out
from .registry import constant, pair

_jit = njit(error_model="numpy")

# -------------------------------------------------------------------- triangles and symmetric matrices


@_jit
def lower_half(x: np.ndarray) -> np.ndarray:
    """Return the lower triangle of a square matrix with its diagonal halved: Phi of Murray's paper."""
    out = np.tril(x)
    for k in range(out.shape[0]):
        out[k, k] *= 0.5
    return out


@_jit
def symmetric(lower: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix with a given lower triangle."""
    return np.tril(lower) + np.tril(lower, -1).T


@_jit
def to_lower(full: np.ndarray) -> np.ndarray:
    """Return the adjoint of a lower triangle from that of the symmetric matrix it stands for."""
    out = np.zeros(full.shape, full.dtype)
    for i in range(full.shape[0]):
        out[i, i] = full[i, i]
        for j in range(i):
            out[i, j] = full[i, j] + full[j, i]
    return out


@_jit
def beside(q: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the part of the columns of `x` that is orthogonal to the orthonormal columns of `q`."""
    if q.shape[0] == q.shape[1]:
        return np.zeros(x.shape, x.dtype)
    return x - np.dot(q, np.dot(q.T, x))


# -------------------------------------------------------------------- Cholesky


@_jit
def cholesky_tangent(value: np.ndarray, x_dot: np.ndarray) -> np.ndarray:
    """Return the tangent of the Cholesky factor of a symmetric matrix.

    I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, equation 8. NumPy reads the lower
    triangle alone, and so does the derivative: a tangent stands for that of the symmetric matrix with this triangle.
    """
    left = np.linalg.solve(value, symmetric(x_dot))
    return np.dot(value, lower_half(np.linalg.solve(value, left.T).T.copy()))


@_jit
def cholesky_adjoint(value: np.ndarray, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its Cholesky factor (Murray, equation 10), in the lower triangle."""
    inner_part = lower_half(np.dot(value.T, np.tril(value_bar)))
    left = np.linalg.solve(value.T.copy(), inner_part)
    return to_lower(np.linalg.solve(value.T.copy(), left.T.copy()).T)


@pair(np.linalg.cholesky)
def cholesky(x, value, x_dot):
    return cholesky_tangent(value, x_dot)


@cholesky.reverse
def cholesky_reverse(x, value, value_bar):
    return (cholesky_adjoint(value, value_bar),)


# -------------------------------------------------------------------- QR


@_jit
def qr_of(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the reduced QR decomposition of a matrix."""
    q, r = np.linalg.qr(a)
    return q.copy(), r.copy()


constant(qr_of, cheap=False)


@_jit
def orthonormal_factor(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return Q of a matrix."""
    return factors[0].copy()


@_jit
def triangular_factor(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return R of a matrix."""
    return factors[1].copy()


@written_out(np.linalg.qr)
def qr(a):
    factors = qr_of(a)
    return orthonormal_factor(a, factors), triangular_factor(a, factors)


@_jit
def over_triangle(x: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return x R^-1."""
    return np.linalg.solve(r.T.copy(), x.T.copy()).T.copy()


@_jit
def from_strict_lower(x: np.ndarray) -> np.ndarray:
    """Return the antisymmetric matrix with the strictly lower triangle of a given one."""
    low = np.tril(x, -1)
    return low - low.T


@_jit
def orthonormal_tangent(q: np.ndarray, r: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangent of Q: Q (L - L^T) + P a_dot R^-1, with L the strictly lower triangle of Q^T a_dot R^-1.

    S. F. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
    experimental design", arXiv:1001.1654, section 3.2. Of a matrix that is wider than high, the first columns, as many
    as it has rows, make up Q.
    """
    k = q.shape[1]
    x = over_triangle(a_dot[:, :k].copy(), r[:, :k].copy())
    return np.dot(q, from_strict_lower(np.dot(q.T, x))) + beside(q, x)


@_jit
def triangular_tangent(q: np.ndarray, r: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangent of R = Q^T A: Q^T a_dot - (L - L^T) R."""
    k = q.shape[1]
    x = np.dot(q.T, over_triangle(a_dot[:, :k].copy(), r[:, :k].copy()))
    return np.triu(np.dot(q.T, a_dot) - np.dot(from_strict_lower(x), r))


@_jit
def orthonormal_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of Q.

    M. Seeger et al., "Auto-differentiating linear algebra", arXiv:1710.08717, table 1 (for its transpose, LQ).
    """
    q, r = factors
    k = q.shape[1]
    p = np.dot(q.T, value_bar)
    turned = np.dot(q, np.tril(p - p.T, -1)) + beside(q, value_bar)
    out = np.zeros((q.shape[0], r.shape[1]), q.dtype)
    out[:, :k] = over_triangle(turned, r[:, :k].T.copy())
    return out


@_jit
def triangular_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of R = Q^T A: what comes by A itself, and what comes by Q."""
    q, r = factors
    upper = np.triu(value_bar)
    k = q.shape[1]
    m = np.dot(upper, r.T)
    out = np.dot(q, upper)
    out[:, :k] += over_triangle(np.dot(q, np.tril(m.T - m, -1)), r[:, :k].T.copy())
    return out


@pair(orthonormal_factor)
def orthonormal_rule(a, factors, value, a_dot):
    return orthonormal_tangent(value, triangular_factor(a, factors), a_dot)


@orthonormal_rule.reverse
def orthonormal_reverse(a, factors, value_bar):
    return (orthonormal_adjoint(factors, value_bar),)


@pair(triangular_factor)
def triangular_rule(a, factors, value, a_dot):
    return triangular_tangent(orthonormal_factor(a, factors), value, a_dot)


@triangular_rule.reverse
def triangular_reverse(a, factors, value_bar):
    return (triangular_adjoint(factors, value_bar),)
