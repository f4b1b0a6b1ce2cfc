"""Norms, pseudo-inverses and least squares."""

import numpy as np
from numba import njit

from .composites import composite, written_out
from .linear_algebra import matrix_matrix
from .registry import constant, pair
from .spectra import (
    left_vectors,
    right_vectors,
    singular_values,
    singular_values_adjoint,
    singular_values_tangent,
    svd_of,
    thin,
    transposed,
)

_jit = njit(error_model="numpy")

# -------------------------------------------------------------------- norms


@_jit
def euclidean_norm(x: np.ndarray) -> float:
    """Return the root of the sum of the squares of all elements."""
    return np.linalg.norm(x)


@_jit
def direction(x: np.ndarray, value: float) -> np.ndarray:
    """Return x / |x|; 0 at the origin, the middle of the subdifferential."""
    return np.zeros(x.shape, x.dtype) if value == 0.0 else (x / value).astype(x.dtype)


@pair(euclidean_norm)
def euclidean_norm_rule(x, value, x_dot):
    return np.sum(direction(x, value) * x_dot)


@euclidean_norm_rule.reverse
def euclidean_norm_reverse(x, value, value_bar):
    return (value_bar * direction(x, value),)


@composite(np.linalg.norm)
def norm(x, ord=None):
    if ord is None or ord == "fro":
        return euclidean_norm(x)
    return vector_norm(x, ord) if x.ndim == 1 else matrix_norm(x, ord)


def vector_norm(x, ord):
    if x.size == 0:
        return 0.0
    if ord == 2:
        return euclidean_norm(x)
    if ord == np.inf:
        return np.max(np.abs(x))
    if ord == -np.inf:
        return np.min(np.abs(x))
    if ord == 0:
        return 1.0 * np.count_nonzero(x)
    if ord == 1:
        return np.sum(np.abs(x))
    s = np.sum(np.abs(x) ** ord)
    return 0.0 if s == 0.0 else s ** (1.0 / ord)  # at the origin as above


def matrix_norm(x, ord):
    if x.size == 0:
        return 0.0
    if ord == "nuc":
        return np.sum(np.linalg.svd(x, False)[1])
    if ord == 2:
        return np.linalg.svd(x, False)[1][0]
    if ord == -2:
        return np.linalg.svd(x, False)[1][-1]
    if ord == np.inf:
        return np.max(np.sum(np.abs(x), 1))
    if ord == -np.inf:
        return np.min(np.sum(np.abs(x), 1))
    if ord == 1:
        return np.max(np.sum(np.abs(x), 0))
    if ord == -1:
        return np.min(np.sum(np.abs(x), 0))
    raise ValueError("Invalid norm order for matrices.")


@composite(np.linalg.cond)
def cond(x, p=None):
    if p is None or p == 2:
        s = np.linalg.svd(x, False)[1]
        return s[0] / s[-1]
    if p == -2:
        s = np.linalg.svd(x, False)[1]
        return s[-1] / s[0]
    return np.linalg.norm(x, p) * np.linalg.norm(np.linalg.inv(x), p)


# -------------------------------------------------------------------- pseudo-inverses


@_jit
def pinv_tangent(a: np.ndarray, value: np.ndarray, a_dot: np.ndarray) -> np.ndarray:
    """Return the tangent of the pseudo-inverse P of a matrix whose rank does not change.

    -P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P

    G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
    variables separate", SIAM J. Numer. Anal. 10 (1973), equation 4.12.
    """
    p, pt, dt = value, value.T.copy(), a_dot.T.copy()
    left = np.dot(p, np.dot(pt, dt))
    right = np.dot(np.dot(dt, pt), p)
    both = left - np.dot(np.dot(left, a), p) + right - np.dot(p, np.dot(a, right))
    return both - np.dot(np.dot(p, a_dot), p)


@_jit
def pinv_adjoint(a: np.ndarray, value: np.ndarray, value_bar: np.ndarray) -> np.ndarray:
    """Return the adjoint of a matrix from that of its pseudo-inverse: the transpose of `pinv_tangent`."""
    p, pt, bt = value, value.T.copy(), value_bar.T.copy()
    right = np.dot(np.dot(bt, p), pt)
    left = np.dot(pt, np.dot(p, bt))
    both = right - np.dot(a, np.dot(p, right)) + left - np.dot(np.dot(left, p), a)
    return both - np.dot(np.dot(pt, value_bar), pt)


# Where singular values are cut, P is V f(S) U^T with f = 1/s of those that are kept, and 0 of the others. Its tangent
# is that of a matrix of the lower rank, above, which takes the others for 0, and a part between kept and cut vectors:
# of M = U^T dA V the pair of kept i and cut j gives c (M_ij + M_ji s_j / s_i), c = s_j / (s_i (s_i^2 - s_j^2)).


@_jit
def rank_of(factors: tuple, rcond: float) -> int:
    """Return how many singular values are more than rcond times the largest."""
    return np.count_nonzero(factors[1] > rcond * factors[1][0]) if factors[1].size > 0 else 0


constant(rank_of)


@_jit
def between(s: np.ndarray, rank: int, m: np.ndarray) -> np.ndarray:
    """Return what pairs of kept and cut vectors add to V^T dP U; the map is its own transpose."""
    out = np.zeros((s.size, s.size), s.dtype)
    for i in range(rank):
        for j in range(rank, s.size):
            ratio = s[j] / s[i]
            c = ratio / ((s[i] - s[j]) * (s[i] + s[j]))
            out[i, j] = c * (m[i, j] + m[j, i] * ratio)
            out[j, i] = c * (m[j, i] + m[i, j] * ratio)
    return out


@_jit
def cut_tangent(left: np.ndarray, s: np.ndarray, right: np.ndarray, rank: int, a_dot: np.ndarray) -> np.ndarray:
    """Return the part of the tangent of a pseudo-inverse that comes from singular values that are cut."""
    m = matrix_matrix(transposed(left), matrix_matrix(a_dot, right))
    return matrix_matrix(right, matrix_matrix(between(s, rank, m), transposed(left)))


@_jit
def cut_adjoint(factors: tuple, rank: int, value_bar: np.ndarray) -> np.ndarray:
    """Return the part of the adjoint of a matrix that comes from singular values that are cut."""
    u, s, v = factors
    m = matrix_matrix(transposed(v), matrix_matrix(value_bar, u))
    return matrix_matrix(u, matrix_matrix(between(s, rank, m), transposed(v)))


@_jit
def pseudo_inverse(a: np.ndarray, factors: tuple, rank: int) -> np.ndarray:
    """Return the pseudo-inverse of a matrix, made from its largest singular values."""
    u, s, v = factors
    kept = thin(v, rank)
    for j in range(rank):
        for i in range(kept.shape[0]):
            kept[i, j] /= s[j]
    return matrix_matrix(kept, transposed(thin(u, rank)))


@pair(pseudo_inverse)
def pseudo_inverse_rule(a, factors, rank, value, a_dot):
    u = left_vectors(a, factors)
    cut = cut_tangent(u, singular_values(a, factors), right_vectors(a, u, factors), rank, a_dot)
    return pinv_tangent(a, value, a_dot) + cut


@pseudo_inverse_rule.reverse
def pseudo_inverse_reverse(a, factors, rank, value, value_bar):
    return (pinv_adjoint(a, value, value_bar) + cut_adjoint(factors, rank, value_bar),)


@composite(np.linalg.pinv)
def pinv(a, rcond=1e-15):
    factors = svd_of(a)
    return pseudo_inverse(a, factors, rank_of(factors, rcond))


# -------------------------------------------------------------------- least squares


@_jit
def lstsq_of(a: np.ndarray, b: np.ndarray, rcond: float) -> tuple:
    """Return solution, residuals, rank and singular values of a least squares problem."""
    return np.linalg.lstsq(a, b, rcond)


constant(lstsq_of, cheap=False)


@_jit
def least_squares(a: np.ndarray, b: np.ndarray, parts: tuple) -> np.ndarray:
    """Return the solution x of a least squares problem."""
    return parts[0].copy()


@_jit
def residuals(a: np.ndarray, b: np.ndarray, parts: tuple) -> np.ndarray:
    """Return |b - a x|^2 of each column of b; nothing if the rank is not full, or no residual is left."""
    return parts[1].copy()


@_jit
def lstsq_singular_values(a: np.ndarray, parts: tuple) -> np.ndarray:
    """Return the singular values of the matrix of a least squares problem."""
    return parts[3].copy()


@_jit
def columns(x: np.ndarray) -> np.ndarray:
    """Return a vector, or a matrix, as a matrix in C order."""
    return x.copy().reshape((x.shape[0], -1 if x.size > 0 else 0))


@_jit
def least_squares_tangent(
    a: np.ndarray,
    b: np.ndarray,
    p: np.ndarray,
    cut: np.ndarray,
    value: np.ndarray,
    a_dot: np.ndarray,
    b_dot: np.ndarray,
) -> np.ndarray:
    """Return the tangent of x = P b, with P the pseudo-inverse of a (`pinv_tangent`, `cut_tangent`) and r = b - a x:

    P (b_dot - a_dot x) + P P^T a_dot^T r + (I - P a) a_dot^T P^T x + cut b
    """
    pt, dt, x, y = p.T.copy(), a_dot.T.copy(), columns(value), columns(b)
    r = y - np.dot(a, x)
    z = np.dot(dt, np.dot(pt, x))
    x_dot = np.dot(p, columns(b_dot) - np.dot(a_dot, x) + np.dot(pt, np.dot(dt, r))) + z - np.dot(p, np.dot(a, z))
    return (x_dot + np.dot(cut, y)).reshape(value.shape)


@_jit
def least_squares_adjoint(a: np.ndarray, b: np.ndarray, parts: tuple, value_bar: np.ndarray):
    """Return the adjoints of the matrix and the right-hand side from that of the solution."""
    factors = svd_of(a)
    p = pseudo_inverse(a, factors, parts[2])
    pt, x, x_bar = p.T.copy(), columns(parts[0]), columns(value_bar)
    r = columns(b) - np.dot(a, x)
    b_bar = np.dot(pt, x_bar)
    free = x_bar - np.dot(p, np.dot(a, x_bar))
    a_bar = np.dot(r, np.dot(p, b_bar).T) + np.dot(np.dot(pt, x), free.T) - np.dot(b_bar, x.T)
    a_bar += cut_adjoint(factors, parts[2], np.dot(x_bar, columns(b).T))
    return a_bar, b_bar.reshape(b.shape)


@_jit
def residuals_tangent(
    a: np.ndarray, b: np.ndarray, solution: np.ndarray, count: int, a_dot: np.ndarray, b_dot: np.ndarray
) -> np.ndarray:
    """Return the tangents of |b - a x|^2: 2 r^T (b_dot - a_dot x), since r is orthogonal to the columns of a."""
    x = columns(solution)
    twice = 2.0 * (columns(b) - np.dot(a, x))
    return np.sum(twice * (columns(b_dot) - np.dot(a_dot, x)), 0)[:count].astype(a.dtype)


@_jit
def residuals_adjoint(a: np.ndarray, b: np.ndarray, parts: tuple, value_bar: np.ndarray):
    """Return the adjoints of the matrix and the right-hand side from that of the residuals."""
    x = columns(parts[0])
    if value_bar.size == 0:
        return np.zeros(a.shape, a.dtype), np.zeros(b.shape, b.dtype)
    b_bar = ((columns(b) - np.dot(a, x)) * (value_bar + value_bar)).astype(a.dtype)
    return -np.dot(b_bar, x.T), b_bar.reshape(b.shape)


@pair(least_squares)
def least_squares_rule(a, b, parts, value, a_dot, b_dot):
    factors = svd_of(a)
    u = left_vectors(a, factors)
    cut = cut_tangent(u, singular_values(a, factors), right_vectors(a, u, factors), parts[2], a_dot)
    return least_squares_tangent(a, b, pseudo_inverse(a, factors, parts[2]), cut, value, a_dot, b_dot)


@least_squares_rule.reverse
def least_squares_reverse(a, b, parts, value_bar):
    both = least_squares_adjoint(a, b, parts, value_bar)
    return both[0], both[1]


@pair(residuals)
def residuals_rule(a, b, parts, a_dot, b_dot):
    return residuals_tangent(a, b, least_squares(a, b, parts), parts[1].size, a_dot, b_dot)


@residuals_rule.reverse
def residuals_reverse(a, b, parts, value_bar):
    both = residuals_adjoint(a, b, parts, value_bar)
    return both[0], both[1]


@pair(lstsq_singular_values)
def lstsq_singular_values_rule(a, parts, a_dot):
    factors = svd_of(a)
    u = left_vectors(a, factors)
    return singular_values_tangent(u, right_vectors(a, u, factors), a_dot)


@lstsq_singular_values_rule.reverse
def lstsq_singular_values_reverse(a, parts, value_bar):
    return (singular_values_adjoint(svd_of(a), value_bar),)


@written_out(np.linalg.lstsq)
def lstsq(a, b, rcond=-1.0):
    parts = lstsq_of(a, b, rcond)
    return least_squares(a, b, parts), residuals(a, b, parts), parts[2], lstsq_singular_values(a, parts)
