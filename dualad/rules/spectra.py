"""Eigenvalues and singular values: one LAPACK call each, shared by values and vectors (see `decompositions`).

The rules hold where eigenvalues or singular values are distinct. Where two coincide, the vectors that belong to them
have no derivative: it is infinite there, or NaN. In the comments, P is the projection on what is orthogonal to the
columns of U, and A * B is the product element by element.
"""

import numpy as np
from numba import njit

from ..errors import ArgumentError
from .composites import composite, written_out
from .decompositions import beside, symmetric, to_lower
from .registry import constant, pair

_jit = njit(error_model="numpy")


@_jit
def gaps(w: np.ndarray) -> np.ndarray:
    """Return 1 / (w_j - w_i), 0 on the diagonal."""
    out = np.zeros((w.size, w.size), w.dtype)
    for i in range(w.size):
        for j in range(w.size):
            if i != j:
                out[i, j] = 1.0 / (w[j] - w[i])
    return out


# -------------------------------------------------------------------- symmetric eigenvalues


@_jit
def eigh_of(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues and eigenvectors of a symmetric matrix, of which NumPy reads the lower triangle."""
    w, v = np.linalg.eigh(a)
    return w, v.copy()


constant(eigh_of, cheap=False)


@_jit
def eigenvalues(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the eigenvalues of a symmetric matrix."""
    return factors[0].copy()


@_jit
def eigenvectors(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the eigenvectors of a symmetric matrix."""
    return factors[1].copy()


@written_out(np.linalg.eigh)
def eigh(a):
    factors = eigh_of(a)
    return eigenvalues(a, factors), eigenvectors(a, factors)


@composite(np.linalg.eigvalsh)
def eigvalsh(a):
    return eigenvalues(a, eigh_of(a))


@_jit
def eigenvalues_tangent(factors: tuple, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvalues: diag(V^T a_dot V) (Giles 2008, section 3.1, symmetric case)."""
    v = factors[1]
    return np.diag(np.dot(v.T, np.dot(symmetric(a_dot), v)))


@_jit
def eigenvalues_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a symmetric matrix from its eigenvalues': V diag(w_bar) V^T."""
    v = factors[1]
    return to_lower(np.dot(v * value_bar, v.T))


@_jit
def eigenvectors_tangent(factors: tuple, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvectors: V (F * V^T a_dot V), F_ij = 1 / (w_j - w_i) (Giles 2008, 3.1)."""
    w, v = factors
    return np.dot(v, gaps(w) * np.dot(v.T, np.dot(symmetric(a_dot), v)))


@_jit
def eigenvectors_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a symmetric matrix from its eigenvectors': V (F * V^T v_bar) V^T."""
    w, v = factors
    return to_lower(np.dot(v, np.dot(gaps(w) * np.dot(v.T, value_bar), v.T)))


@pair(eigenvalues)
def eigenvalues_rule(a, factors, a_dot):
    return eigenvalues_tangent(factors, a_dot)


@eigenvalues_rule.reverse
def eigenvalues_reverse(a, factors, value_bar):
    return (eigenvalues_adjoint(factors, value_bar),)


@pair(eigenvectors)
def eigenvectors_rule(a, factors, a_dot):
    return eigenvectors_tangent(factors, a_dot)


@eigenvectors_rule.reverse
def eigenvectors_reverse(a, factors, value_bar):
    return (eigenvectors_adjoint(factors, value_bar),)


# -------------------------------------------------------------------- eigenvalues of other matrices that are real


@_jit
def eig_of(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues of a matrix, and its eigenvectors as columns of length 1."""
    w, v = np.linalg.eig(a)
    return w, v.copy()


constant(eig_of, cheap=False)


@_jit
def general_eigenvalues(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the eigenvalues of a matrix."""
    return factors[0].copy()


@_jit
def general_eigenvectors(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the eigenvectors of a matrix."""
    return factors[1].copy()


@written_out(np.linalg.eig)
def eig(a):
    factors = eig_of(a)
    return general_eigenvalues(a, factors), general_eigenvectors(a, factors)


@composite(np.linalg.eigvals)
def eigvals(a):
    return general_eigenvalues(a, eig_of(a))


@_jit
def general_eigenvalues_tangent(factors: tuple, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvalues: diag(V^-1 a_dot V) (Giles 2008, section 3.1)."""
    v = factors[1]
    return np.diag(np.linalg.solve(v, np.dot(a_dot, v)))


@_jit
def general_eigenvalues_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from its eigenvalues': V^-T diag(w_bar) V^T."""
    v = factors[1]
    return np.linalg.solve(v.T.copy(), np.expand_dims(value_bar, 1) * v.T)


@_jit
def without_growth(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the columns of `x` without their parts along the columns of `v`, which keep their length 1."""
    return x - v * np.sum(v * x, 0)


@_jit
def general_eigenvectors_tangent(factors: tuple, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvectors: V (F * V^-1 a_dot V) (Giles 2008, 3.1), of constant length."""
    w, v = factors
    return without_growth(v, np.dot(v, gaps(w) * np.linalg.solve(v, np.dot(a_dot, v))))


@_jit
def general_eigenvectors_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from its eigenvectors': V^-T (F * V^T v_bar) V^T."""
    w, v = factors
    inside = gaps(w) * np.dot(v.T, without_growth(v, value_bar))
    return np.linalg.solve(v.T.copy(), np.dot(inside, v.T))


@pair(general_eigenvalues)
def general_eigenvalues_rule(a, factors, a_dot):
    return general_eigenvalues_tangent(factors, a_dot)


@general_eigenvalues_rule.reverse
def general_eigenvalues_reverse(a, factors, value_bar):
    return (general_eigenvalues_adjoint(factors, value_bar),)


@pair(general_eigenvectors)
def general_eigenvectors_rule(a, factors, a_dot):
    return general_eigenvectors_tangent(factors, a_dot)


@general_eigenvectors_rule.reverse
def general_eigenvectors_reverse(a, factors, value_bar):
    return (general_eigenvectors_adjoint(factors, value_bar),)


# -------------------------------------------------------------------- singular values


@_jit
def svd_of(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the thin singular value decomposition of a matrix: U, the singular values, V (not its transpose)."""
    u, s, vh = np.linalg.svd(a, False)
    return u.copy(), s, vh.T.copy()


@_jit
def full_svd_of(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the full singular value decomposition of a matrix: U, the singular values, V (not its transpose)."""
    u, s, vh = np.linalg.svd(a, True)
    return u.copy(), s, vh.T.copy()


constant(svd_of, cheap=False)
constant(full_svd_of, cheap=False)


@_jit
def singular_values(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the singular values of a matrix."""
    return factors[1].copy()


@_jit
def left_vectors(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the left singular vectors of a matrix, as columns."""
    return factors[0].copy()


@_jit
def right_vectors(a: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the right singular vectors of a matrix, as columns."""
    return factors[2].copy()


@written_out(np.linalg.svd)
def svd(a, full_matrices=1):
    factors = full_svd_of(a) if full_matrices else svd_of(a)
    return left_vectors(a, factors), singular_values(a, factors), right_vectors(a, factors).T


@_jit
def inner_tangent(u: np.ndarray, s: np.ndarray, v: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return F * (dP S + S dP^T) with dP = U^T a_dot V: what the left vectors turn by among themselves."""
    p = np.dot(u.T, np.dot(a_dot, v))
    return gaps(s * s) * (p * s + (p * s).T)


@_jit
def check_thin(u: np.ndarray, s: np.ndarray) -> None:
    """Refuse vectors of the null space: they are one basis of many, and have no derivative."""
    if u.shape[1] > s.size:
        raise ArgumentError("singular vectors of a null space have no derivative: use svd(a, full_matrices=False)")


@_jit
def left_vectors_tangent(u: np.ndarray, s: np.ndarray, v: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the left singular vectors: U (F * (dP S + S dP^T)) + P a_dot V S^-1.

    J. Townsend, "Differentiating the singular value decomposition", 2016, equations 16 and 20, with dP = U^T a_dot V
    and F_ij = 1 / (s_j^2 - s_i^2). The right vectors are those of the transposed matrix.
    """
    check_thin(u, s)
    w = v[:, : s.size].copy()
    return np.dot(u, inner_tangent(u, s, w, a_dot)) + beside(u, np.dot(a_dot, w)) / s


@_jit
def left_vectors_adjoint(u: np.ndarray, s: np.ndarray, v: np.ndarray, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its left singular vectors (Townsend 2016, equation 25, first part).

    (U (F * (U^T u_bar - u_bar^T U)) S + P u_bar S^-1) V^T
    """
    check_thin(u, s)
    p = np.dot(u.T, value_bar)
    return np.dot(np.dot(u, gaps(s * s) * (p - p.T)) * s + beside(u, value_bar) / s, v[:, : s.size].copy().T)


@_jit
def singular_values_tangent(factors: tuple, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the singular values: diag(U^T a_dot V) (Townsend 2016, equation 18)."""
    u, s, v = factors
    k = s.size
    return np.sum(u[:, :k] * np.dot(a_dot, v[:, :k].copy()), 0)


@_jit
def singular_values_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its singular values: U diag(s_bar) V^T."""
    u, s, v = factors
    k = s.size
    return np.dot(u[:, :k] * value_bar, v[:, :k].copy().T)


@pair(singular_values)
def singular_values_rule(a, factors, a_dot):
    return singular_values_tangent(factors, a_dot)


@singular_values_rule.reverse
def singular_values_reverse(a, factors, value_bar):
    return (singular_values_adjoint(factors, value_bar),)


@pair(left_vectors)
def left_vectors_rule(a, factors, a_dot):
    return left_vectors_tangent(factors[0], factors[1], factors[2], a_dot)


@left_vectors_rule.reverse
def left_vectors_reverse(a, factors, value_bar):
    return (left_vectors_adjoint(factors[0], factors[1], factors[2], value_bar),)


@pair(right_vectors)
def right_vectors_rule(a, factors, a_dot):
    return left_vectors_tangent(factors[2], factors[1], factors[0], a_dot.T.copy())


@right_vectors_rule.reverse
def right_vectors_reverse(a, factors, value_bar):
    return (left_vectors_adjoint(factors[2], factors[1], factors[0], value_bar).T.copy(),)
