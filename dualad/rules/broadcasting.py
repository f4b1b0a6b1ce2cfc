"""Fitting arrays together: the common size of two axes, and repeating axes of length 1."""

import numpy as np
from numba import njit

from .registry import constant, linear


@njit(error_model="numpy")
def common_size(n: int, m: int) -> int:
    """Return the length of an axis that two operands share, as NumPy broadcasts them."""
    if n == m or m == 1:
        return n
    if n == 1:
        return m
    raise ValueError("operands could not be broadcast together")


@njit(error_model="numpy")
def stretch(x: np.ndarray, shape: tuple) -> np.ndarray:
    """Return a copy of an array in which axes of length 1 are repeated to the given shape."""
    return np.broadcast_to(x, shape).copy()


@njit(error_model="numpy")
def add_up(y: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return `y` summed over the axes on which `like` has length 1: the transpose of `stretch`."""
    out = np.zeros(like.size, like.dtype)
    flat = np.ascontiguousarray(y).ravel()
    for k in range(flat.size):
        rest, place, step = k, 0, 1
        for axis in range(y.ndim - 1, -1, -1):
            index = rest % y.shape[axis]
            rest //= y.shape[axis]
            if like.shape[axis] > 1:
                place += index * step
                step *= like.shape[axis]
        out[place] += flat[k]
    return out.reshape(like.shape)


constant(common_size)


@linear(stretch)
def stretch_rule(x, shape, value_bar):
    return add_up(value_bar, x), 0.0
