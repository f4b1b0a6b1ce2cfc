"""Eigenvalues and singular values: one LAPACK call each, shared by values and vectors (see `decompositions`).

In the comments, P is the projection on what is orthogonal to the columns of U, and A * B is the product element by
element.

Where eigenvalues or singular values coincide, the vectors that belong to them are one basis of many, and turn at an
infinite rate; what does not depend on the basis is smooth (V f(w) V^T, U S V^T, U V^T, the projector on a cluster). The
rate at which two vectors turn into each other is numerator / (w_j - w_i). Where the gap is zero (`COINCIDE`), this is

forward     left out. If the values are differentiated too, the basis is turned first, so that the tangent of the
            matrix is diagonal in it (`turned_eigh`, `turned_svd`): then the numerator is zero.
reverse     left out where the numerator is zero (`ZERO`): its terms cancel if the function is smooth.
            NaN where it is not. If the values are differentiated too, what a smooth function contributes within a
            cluster does not follow from the adjoints of values and vectors (those of V f(w) V^T and of V w_0 V^T can be
            the same) unless the symmetric part of the same terms is zero, too: NaN where it is not. A gradient that is
            called from Python is then found by forward mode, if the function is smooth (`dualad.coinciding`).

A second derivative by what is left out is NaN.
"""

import math

import numpy as np
from numba import njit

from ..errors import ArgumentError
from .arithmetic import vanishing
from .composites import composite, written_out
from .decompositions import symmetric, to_lower
from .linear_algebra import matrix_matrix
from .registry import constant, pair

_jit = njit(error_model="numpy")

COINCIDE = 8.0
"""Values coincide if they differ by less than so many roundings of the largest, times their number: LAPACK's error."""
ZERO = 64.0
"""A numerator is zero if it is less than so many roundings of the terms that cancel in it, times their number."""


@_jit
def smallest_gap(w: np.ndarray) -> float:
    """Return the largest difference of values that counts as zero."""
    largest = 0.0
    for x in w:
        largest = max(largest, abs(x))
    return COINCIDE * w.size * np.finfo(w.dtype).eps * largest


constant(smallest_gap, cheap=False)


@_jit
def lengths(x: np.ndarray) -> np.ndarray:
    """Return the lengths of the columns of a matrix."""
    out = np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[j] = math.hypot(out[j], x[i, j])
    return out


@_jit
def rates(w: np.ndarray, numerator: np.ndarray) -> np.ndarray:
    """Return numerator / (w_j - w_i), 0 on the diagonal and where the gap is zero."""
    out = np.zeros((w.size, w.size), w.dtype)
    least = smallest_gap(w)
    for i in range(w.size):
        for j in range(w.size):
            if i != j:
                gap = w[j] - w[i]
                out[i, j] = numerator[i, j] / gap if abs(gap) > least else vanishing(numerator[i, j])
    return out


@_jit
def turning_adjoints(w: np.ndarray, t: np.ndarray, sizes: np.ndarray, values_active: bool) -> np.ndarray:
    """Return (t - t^T)/2 / (w_j - w_i) for t = V^T V_bar, 0 on the diagonal; see above for gaps that are zero.

    `sizes` are the lengths of the columns of V_bar.
    """
    out = np.zeros((w.size, w.size), w.dtype)
    least, zero = smallest_gap(w), ZERO * w.size * np.finfo(w.dtype).eps
    for i in range(w.size):
        for j in range(w.size):
            gap = w[j] - w[i]
            if i != j and abs(gap) > least:
                out[i, j] = 0.5 * (t[i, j] - t[j, i]) / gap
            elif i != j:
                bound = zero * (sizes[i] + sizes[j])
                is_seen = abs(t[i, j] - t[j, i]) <= bound and not (values_active and abs(t[i, j] + t[j, i]) > bound)
                out[i, j] = 0.0 if is_seen else np.nan
    return out


@_jit
def over_sums(s: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return x / (s_i + s_j), 0 where both are."""
    out = np.zeros((s.size, s.size), s.dtype)
    for i in range(s.size):
        for j in range(s.size):
            if x[i, j] != 0.0:
                out[i, j] = x[i, j] / (s[i] + s[j])
    return out


@_jit
def over_values(x: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Return x with its columns divided by the values, 0 where both are."""
    out = np.zeros(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(s.size):
            if x[i, j] != 0.0:
                out[i, j] = x[i, j] / s[j]
    return out


@_jit
def turn_of_clusters(w: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the rotation of each cluster of equal values (in order) that makes a symmetric matrix diagonal there."""
    q = np.eye(w.size).astype(w.dtype)
    least = smallest_gap(w)
    start = 0
    for k in range(1, w.size + 1):
        if k == w.size or abs(w[k] - w[k - 1]) > least:
            if k - start > 1 and np.all(np.isfinite(p)):
                q[start:k, start:k] = np.linalg.eigh(p[start:k, start:k].copy())[1]
            start = k
    return q


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
def eigenvalues_tangent(v: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvalues: diag(V^T a_dot V) (Giles 2008, section 3.1, symmetric case)."""
    return np.diag(np.dot(v.T, np.dot(symmetric(a_dot), v)))


@_jit
def eigenvalues_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a symmetric matrix from its eigenvalues': V diag(w_bar) V^T."""
    v = factors[1]
    return to_lower(np.dot(v * value_bar, v.T))


@_jit
def eigenvectors_tangent(w: np.ndarray, v: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvectors: V (F * V^T a_dot V), F_ij = 1 / (w_j - w_i) (Giles 2008, 3.1)."""
    return np.dot(v, rates(w, np.dot(v.T, np.dot(symmetric(a_dot), v))))


@_jit
def eigenvectors_adjoint(factors: tuple, values_active: bool, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a symmetric matrix from its eigenvectors': V (F * V^T v_bar) V^T."""
    w, v = factors
    turning = turning_adjoints(w, np.dot(v.T, value_bar), lengths(value_bar), values_active)
    return to_lower(np.dot(v, np.dot(turning, v.T)))


@_jit
def turned_eigh(factors: tuple, a_dot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an eigendecomposition in whose clusters the tangent of the matrix is diagonal."""
    w, v = factors
    q = turn_of_clusters(w, np.dot(v.T, np.dot(symmetric(a_dot), v)))
    return w, np.dot(v, q)


@pair(eigenvalues)
def eigenvalues_rule(a, factors, a_dot):
    return eigenvalues_tangent(eigenvectors(a, factors), a_dot)


@eigenvalues_rule.reverse
def eigenvalues_reverse(a, factors, value_bar):
    return (eigenvalues_adjoint(factors, value_bar),)


@pair(eigenvectors)
def eigenvectors_rule(a, factors, value, a_dot):
    return eigenvectors_tangent(eigenvalues(a, factors), value, a_dot)


@eigenvectors_rule.reverse
def eigenvectors_reverse(a, factors, values_active, value_bar):
    return (eigenvectors_adjoint(factors, values_active, value_bar),)


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
def general_eigenvalues_tangent(v: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvalues: diag(V^-1 a_dot V) (Giles 2008, section 3.1)."""
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
def general_eigenvectors_tangent(w: np.ndarray, v: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the eigenvectors: V (F * V^-1 a_dot V) (Giles 2008, 3.1), of constant length."""
    return without_growth(v, np.dot(v, gaps(w) * np.linalg.solve(v, np.dot(a_dot, v))))


@_jit
def general_eigenvectors_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from its eigenvectors': V^-T (F * V^T v_bar) V^T."""
    w, v = factors
    inside = gaps(w) * np.dot(v.T, without_growth(v, value_bar))
    return np.linalg.solve(v.T.copy(), np.dot(inside, v.T))


@pair(general_eigenvalues)
def general_eigenvalues_rule(a, factors, a_dot):
    return general_eigenvalues_tangent(general_eigenvectors(a, factors), a_dot)


@general_eigenvalues_rule.reverse
def general_eigenvalues_reverse(a, factors, value_bar):
    return (general_eigenvalues_adjoint(factors, value_bar),)


@pair(general_eigenvectors)
def general_eigenvectors_rule(a, factors, value, a_dot):
    return general_eigenvectors_tangent(general_eigenvalues(a, factors), value, a_dot)


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
def right_vectors(a: np.ndarray, u: np.ndarray, factors: tuple) -> np.ndarray:
    """Return the right singular vectors of a matrix, as columns; they turn with the left ones."""
    return factors[2].copy()


@written_out(np.linalg.svd)
def svd(a, full_matrices=1):
    factors = full_svd_of(a) if full_matrices else svd_of(a)
    u = left_vectors(a, factors)
    return u, singular_values(a, factors), right_vectors(a, u, factors).T


# J. Townsend, "Differentiating the singular value decomposition", 2016: with dP = U^T a_dot V, the left vectors turn by
# K = (dP_ij s_j + s_i dP_ji) / (s_j^2 - s_i^2), the right ones by (s_i dP_ij + dP_ji s_j) / (s_j^2 - s_i^2) (equations
# 16, 17). In terms of the symmetric and antisymmetric parts A and B of dP these are A / (s_j - s_i) + B / (s_i + s_j),
# and A / (s_j - s_i) - B / (s_i + s_j): both turn alike, but for 2 B / (s_i + s_j), whatever the gap.


@_jit
def thin(x: np.ndarray, k: int) -> np.ndarray:
    """Return the first columns of a matrix."""
    out = np.empty((x.shape[0], k), x.dtype)
    for i in range(x.shape[0]):
        for j in range(k):
            out[i, j] = x[i, j]
    return out


@_jit
def transposed(x: np.ndarray) -> np.ndarray:
    """Return the transpose of a matrix in memory of its own: all products here are of such matrices."""
    out = np.empty((x.shape[1], x.shape[0]), x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[j, i] = x[i, j]
    return out


@_jit
def refuse_null_space(x: np.ndarray, k: int) -> None:
    """Refuse adjoints of vectors of the null space: they are one basis of many, and have no derivative."""
    used = False
    for i in range(x.shape[0]):
        for j in range(k, x.shape[1]):
            used |= x[i, j] != 0.0
    if used:
        raise ArgumentError("singular vectors of a null space have no derivative: use svd(a, full_matrices=False)")


@_jit
def with_null_space(x: np.ndarray, count: int, fill: float) -> np.ndarray:
    """Return a matrix with columns added: NaN for the tangents of vectors of the null space, which have none."""
    out = np.empty((x.shape[0], count), x.dtype)
    for i in range(x.shape[0]):
        for j in range(count):
            out[i, j] = x[i, j] if j < x.shape[1] else fill
    return out


@_jit
def half_sum(x: np.ndarray, sign: float) -> np.ndarray:
    """Return (x + sign x^T) / 2: the symmetric or the antisymmetric part of a matrix."""
    out = np.empty(x.shape, x.dtype)
    for i in range(x.shape[0]):
        for j in range(x.shape[0]):
            out[i, j] = 0.5 * (x[i, j] + sign * x[j, i])
    return out


@_jit
def outside(u: np.ndarray, product: np.ndarray, x: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Return P x S^-1, given U^T x."""
    if u.shape[0] == u.shape[1]:
        return np.zeros(x.shape, x.dtype)
    return over_values(x - matrix_matrix(u, product), s)


@_jit
def left_vectors_tangent(left: np.ndarray, s: np.ndarray, right: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the left singular vectors: U K + P a_dot V S^-1 (Townsend, equations 16 and 20)."""
    u, v = thin(left, s.size), thin(right, s.size)
    moved = matrix_matrix(a_dot, v)
    p = matrix_matrix(transposed(u), moved)
    turning = rates(s, half_sum(p, 1.0)) + over_sums(s, half_sum(p, -1.0))
    return with_null_space(matrix_matrix(u, turning) + outside(u, p, moved, s), left.shape[1], np.nan)


@_jit
def left_vectors_adjoint(factors: tuple, values_active: bool, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its left singular vectors: the transpose of the tangent."""
    s = factors[1]
    refuse_null_space(value_bar, s.size)
    u, v, u_bar = thin(factors[0], s.size), thin(factors[2], s.size), thin(value_bar, s.size)
    t = matrix_matrix(transposed(u), u_bar)
    p_bar = turning_adjoints(s, t, lengths(u_bar), values_active) + over_sums(s, half_sum(t, -1.0))
    return matrix_matrix(matrix_matrix(u, p_bar) + outside(u, t, u_bar, s), transposed(v))


@_jit
def right_vectors_tangent(
    left: np.ndarray, s: np.ndarray, right: np.ndarray, a_dot: np.ndarray, left_dot: np.ndarray
) -> np.ndarray:
    """Return the tangents of the right singular vectors: V (U^T u_dot - 2 B / (s_i + s_j)) + P a_dot^T U S^-1."""
    u, v = thin(left, s.size), thin(right, s.size)
    moved = matrix_matrix(transposed(a_dot), u)
    p = matrix_matrix(transposed(v), moved)  # the transpose of U^T a_dot V
    turning = matrix_matrix(transposed(u), thin(left_dot, s.size)) + over_sums(s, p - transposed(p))
    return with_null_space(matrix_matrix(v, turning) + outside(v, p, moved, s), right.shape[1], np.nan)


@_jit
def right_vectors_adjoint(factors: tuple, value_bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the adjoints of a matrix and of its left singular vectors from that of the right ones."""
    s = factors[1]
    refuse_null_space(value_bar, s.size)
    u, v, v_bar = thin(factors[0], s.size), thin(factors[2], s.size), thin(value_bar, s.size)
    t = matrix_matrix(transposed(v), v_bar)
    inner = transposed(outside(v, t, v_bar, s)) + matrix_matrix(over_sums(s, transposed(t) - t), transposed(v))
    return matrix_matrix(u, inner), with_null_space(matrix_matrix(u, t), factors[0].shape[1], 0.0)


@_jit
def turned_svd(factors: tuple, a_dot: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a decomposition in whose clusters of singular values the symmetric part of U^T a_dot V is diagonal."""
    u, s, v = factors[0].copy(), factors[1], factors[2].copy()
    left, right = thin(u, s.size), thin(v, s.size)
    q = turn_of_clusters(s, half_sum(matrix_matrix(transposed(left), matrix_matrix(a_dot, right)), 1.0))
    u[:, : s.size], v[:, : s.size] = matrix_matrix(left, q), matrix_matrix(right, q)
    return u, s, v


@_jit
def singular_values_tangent(left: np.ndarray, right: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangents of the singular values: diag(U^T a_dot V) (Townsend 2016, equation 18)."""
    k = min(a_dot.shape)
    return np.sum(thin(left, k) * matrix_matrix(a_dot, thin(right, k)), 0)


@_jit
def singular_values_adjoint(factors: tuple, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its singular values: U diag(s_bar) V^T."""
    u, s, v = factors
    k = s.size
    return np.dot(u[:, :k] * value_bar, v[:, :k].copy().T)


@pair(singular_values)
def singular_values_rule(a, factors, a_dot):
    u = left_vectors(a, factors)
    return singular_values_tangent(u, right_vectors(a, u, factors), a_dot)


@singular_values_rule.reverse
def singular_values_reverse(a, factors, value_bar):
    return (singular_values_adjoint(factors, value_bar),)


@pair(left_vectors)
def left_vectors_rule(a, factors, value, a_dot):
    return left_vectors_tangent(value, singular_values(a, factors), right_vectors(a, value, factors), a_dot)


@left_vectors_rule.reverse
def left_vectors_reverse(a, factors, values_active, value_bar):
    return (left_vectors_adjoint(factors, values_active, value_bar),)


@pair(right_vectors)
def right_vectors_rule(a, u, factors, value, a_dot, u_dot):
    return right_vectors_tangent(u, singular_values(a, factors), value, a_dot, u_dot)


@right_vectors_rule.reverse
def right_vectors_reverse(a, u, factors, value_bar):
    both = right_vectors_adjoint(factors, value_bar)
    return both[0], both[1]


for function in (turned_eigh, turned_svd):
    constant(function, cheap=False)

VALUES = frozenset({eigenvalues, singular_values})
"""What the rules of vectors mean by the values."""
TURNED = {eigh_of: turned_eigh, svd_of: turned_svd, full_svd_of: turned_svd}
"""What forward mode does to a decomposition whose values are differentiated: it turns clusters as the tangent asks."""
