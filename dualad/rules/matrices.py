"""Matrices put together and taken apart: diagonals, triangles, products of Kronecker, moments."""

import numpy as np
from numba import njit

from .broadcasting import stretch
from .composites import composite
from .registry import linear
from .selection import pick, places

_jit = njit(error_model="numpy")


@_jit
def matrix_with_diagonal(v: np.ndarray, k: int) -> np.ndarray:
    """Return the square matrix with a given k-th diagonal, and zeros beside it."""
    return np.diag(v, k)


@linear(matrix_with_diagonal)
def matrix_with_diagonal_rule(v, k, value_bar):
    return np.diag(value_bar, k), 0.0


@_jit
def lower_triangle(m: np.ndarray, k: int) -> np.ndarray:
    """Return an array of matrices with zeros above the k-th diagonal."""
    return np.tril(m, k)


@linear(lower_triangle)
def lower_triangle_rule(m, k, value_bar):
    return lower_triangle(value_bar, k), 0.0


@_jit
def upper_triangle(m: np.ndarray, k: int) -> np.ndarray:
    """Return an array of matrices with zeros below the k-th diagonal."""
    return np.triu(m, k)


@linear(upper_triangle)
def upper_triangle_rule(m, k, value_bar):
    return upper_triangle(value_bar, k), 0.0


@composite(np.diag)
def diag(v, k=0):
    return matrix_with_diagonal(v, k) if v.ndim == 1 else pick(v, np.diag(places(v), k))


@composite(np.diagflat)
def diagflat(v, k=0):
    return matrix_with_diagonal(np.ravel(v) if np.ndim(v) > 0 else np.full(1, v), k)


@composite(np.trace)
def trace(a, offset=0):
    return np.sum(np.diag(a, offset))


@composite(np.tril)
def tril(m, k=0):
    return lower_triangle(m if m.ndim > 1 else stretch(m, (m.size, m.size), m.shape), k)


@composite(np.triu)
def triu(m, k=0):
    return upper_triangle(m if m.ndim > 1 else stretch(m, (m.size, m.size), m.shape), k)


def fill_diagonal(a, val, wrap=False):
    values = val if np.ndim(val) == 0 else np.ravel(val)
    if a.ndim == 2:
        n = a.shape[1]
        end = a.size if wrap else min(a.size, n * n)
        for i in range((end + n) // (n + 1)):
            p = i * (n + 1)
            a[p // n, p % n] = val if np.ndim(val) == 0 else values[i % values.size]
    else:
        n = a.shape[0]
        if n != a.shape[1] or n != a.shape[2]:
            raise ValueError("All dimensions of input must be of equal length")
        for i in range(n):
            a[i, i, i] = val if np.ndim(val) == 0 else values[i % values.size]


# -------------------------------------------------------------------- products


@composite(np.vdot)
def vdot(a, b):
    return np.dot(a, b)


@composite(np.outer)
def outer(a, b):
    return np.expand_dims(np.ravel(a), 1) * np.expand_dims(np.ravel(b), 0)


@composite(np.kron)
def kron(a, b):
    if a.ndim == 1 and b.ndim == 1:
        return np.ravel(np.expand_dims(a, 1) * np.expand_dims(b, 0))
    p = np.expand_dims(a, 0) if a.ndim == 1 else a
    q = np.expand_dims(b, 0) if b.ndim == 1 else b
    out = p[:, None, :, None] * q[None, :, None, :]
    return out.reshape(p.shape[0] * q.shape[0], p.shape[1] * q.shape[1])


@composite(np.vander)
def vander(x, N=None, increasing=False):
    n = x.size if N is None else N
    powers = np.arange(n)
    return np.expand_dims(x, 1) ** np.expand_dims(powers if increasing else n - 1 - powers, 0)


@composite(np.cross, early=True)
def cross(a, b):
    if a.shape[-1] < 2 or a.shape[-1] > 3 or b.shape[-1] < 2 or b.shape[-1] > 3:
        raise ValueError("Incompatible dimensions for cross product (dimension must be 2 or 3)")
    if a.shape[-1] == 2 and b.shape[-1] == 2:
        raise ValueError("Dimensions for both inputs is 2: use cross2d of numba.np.extensions")
    if a.ndim == 1:
        a0, a1, a2 = a[0], a[1], a[2] if a.size == 3 else 0.0
    else:
        a0, a1 = a[..., 0], a[..., 1]
        a2 = a[..., 2] * 1.0 if a.shape[-1] == 3 else np.zeros(a0.shape)
    if b.ndim == 1:
        b0, b1, b2 = b[0], b[1], b[2] if b.size == 3 else 0.0
    else:
        b0, b1 = b[..., 0], b[..., 1]
        b2 = b[..., 2] * 1.0 if b.shape[-1] == 3 else np.zeros(b0.shape)
    c0, c1, c2 = a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0
    if a.ndim == 1 and b.ndim == 1:
        return np.array([c0, c1, c2])
    return np.stack((c0, c1, c2), -1)


# -------------------------------------------------------------------- moments


@composite(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None):
    if m.ndim == 1:
        x = np.expand_dims(m, 0)
    else:
        if m.shape[0] == 1:
            raise RuntimeError("np.cov of a single row of a 2-D array is not supported by Numba: pass the row")
        x = m if rowvar else m.T
    if y is not None:
        if y.ndim == 1:
            z = np.expand_dims(y, 0)
        else:
            if y.shape[0] == 1 and not rowvar:
                raise ValueError("np.cov with a single row as y and rowvar=False is not supported: pass the row")
            z = y if rowvar else y.T
        x = np.concatenate((x, z))
    lost = (0 if bias else 1) if ddof is None else ddof
    d = x - np.expand_dims(np.sum(x, 1), 1) / x.shape[1]
    return np.dot(d, d.T) / max(x.shape[1] - lost, 0)


@composite(np.corrcoef)
def corrcoef(x, y=None, rowvar=True):
    c = np.cov(x, y, rowvar)
    deviation = np.sqrt(np.diag(c))
    return np.clip(c / np.expand_dims(deviation, 1) / np.expand_dims(deviation, 0), -1.0, 1.0)
