"""Linear systems whose matrix is factorised once and solved with many right-hand sides.

`lu_factor(a)` gives the factors, and the solves take the matrix beside them: the derivative goes by way of the matrix,
and solves with the factors in its turn. As in `linear_algebra`, the formulas are those of Giles (2008).
"""

import numpy as np
import scipy.linalg

from .by_types import Text, by_types, is_array
from .registry import constant, pair


def lu_factor(a: np.ndarray) -> np.ndarray:
    """Return the factors of a square matrix with partial pivoting: below them, the rows that change places."""
    factors, pivots = scipy.linalg.lu_factor(a)
    if not np.all(np.diag(factors)):
        raise np.linalg.LinAlgError("the matrix is singular")
    return np.vstack((factors, pivots[np.newaxis].astype(np.float64)))


def lu_solve(a: np.ndarray, factors: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return x with a x = b, given the factors of a."""
    return scipy.linalg.lu_solve((factors[:-1], factors[-1].astype(np.int64)), b)


def lu_solve_transposed(a: np.ndarray, factors: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return x with a.T x = b, given the factors of a."""
    return scipy.linalg.lu_solve((factors[:-1], factors[-1].astype(np.int64)), b, trans=1)


constant(lu_factor, cheap=False)


@pair(lu_solve)
def lu_solve_rule(a, factors, b, value, a_dot, b_dot):
    return lu_solve(a, factors, b_dot - np.dot(a_dot, value))


@lu_solve_rule.reverse
def lu_solve_reverse(a, factors, b, value, value_bar):
    w = lu_solve_transposed(a, factors, value_bar)
    return -np.outer(w, value), 0.0, w


@pair(lu_solve_transposed)
def lu_solve_transposed_rule(a, factors, b, value, a_dot, b_dot):
    return lu_solve_transposed(a, factors, b_dot - np.dot(a_dot.T, value))


@lu_solve_transposed_rule.reverse
def lu_solve_transposed_reverse(a, factors, b, value, value_bar):
    w = lu_solve(a, factors, value_bar)
    return -np.outer(value, w), 0.0, w


# ---------------------------------------------------------------- unknowns as vectors, and back


def as_vector(x: object) -> np.ndarray:
    """Return a number or an array as a vector."""
    return np.ravel(x)


def as_square(jacobian: object) -> np.ndarray:
    """Return a Jacobian of as many results as inputs, whatever their shapes, as a matrix."""
    size = int(np.sqrt(np.size(jacobian)))
    return np.reshape(jacobian, (size, size))


def shaped_like(x: np.ndarray, like: object) -> object:
    """Return a vector in the form of a number or an array."""
    return np.reshape(x, np.shape(like)) if np.ndim(like) else x[0]


@by_types(as_vector, views=True)
def _as_vector(x):
    if is_array(x):
        return Text("as_vector", "x").line("return x" if x.ndim == 1 else "return np.ravel(x)").function()
    return Text("as_vector", "x").line("return np.array([x])").function()


@by_types(as_square, views=True)
def _as_square(jacobian):
    text = Text("as_square", "jacobian")
    if not is_array(jacobian):
        return text.line("return np.array([[jacobian]])").function()
    if jacobian.ndim == 2:
        return text.line("return jacobian").function()
    size = " * ".join(f"jacobian.shape[{k}]" for k in range(jacobian.ndim // 2))
    return text.line(f"size = {size}").line("return jacobian.reshape((size, size))").function()


@by_types(shaped_like, views=True)
def _shaped_like(x, like):
    if not is_array(like):
        return Text("shaped_like", "x").line("return x[0]").function()
    if like.ndim == 1:
        return Text("shaped_like", "x").line("return x").function()
    return Text("shaped_like", "x, like").line("return x.reshape(like.shape)").function()
