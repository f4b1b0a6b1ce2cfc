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
def kept_size(n: int, m: int) -> int:
    """Return the length n of an axis that is stored into, if an axis of length m can be stored there."""
    if m == n or m == 1:
        return n
    raise ValueError("could not broadcast the value into the shape of what it is assigned to")


@njit(error_model="numpy")
def fitting_size(n: int, m: int) -> int:
    """Return the length of an axis that arrays have in common which are joined along another."""
    if n != m:
        raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
    return n


@njit(error_model="numpy")
def place(k: int, shape: tuple, like: tuple) -> int:
    """Return where element k of an array of one shape lies in an array that is broadcast to it.

    The other array has length 1 on some of the axes, and may lack the first ones.
    """
    rest, found, step = k, 0, 1
    for axis in range(len(shape) - 1, -1, -1):
        own = axis - len(shape) + len(like)
        if own >= 0 and like[own] > 1:
            found += (rest % shape[axis]) * step
            step *= like[own]
        rest //= shape[axis]
    return found


@njit(error_model="numpy")
def stretch(x: np.ndarray, shape: tuple, own: tuple) -> np.ndarray:
    """Return a copy of an array, broadcast to the given shape; `own` is the array's."""
    if x.ndim > len(shape):
        raise ValueError("input operand has more dimensions than allowed by the axis remapping")
    for axis in range(x.ndim):
        size = shape[axis + len(shape) - x.ndim]
        if x.shape[axis] != size and x.shape[axis] != 1:
            raise ValueError("operands could not be broadcast together with remapped shapes")
    flat = x.copy().reshape(-1)
    out = np.empty(shape, x.dtype)
    flat_out = out.reshape(-1)
    for k in range(out.size):
        flat_out[k] = flat[place(k, shape, x.shape)]
    return out


@njit(error_model="numpy")
def add_up(y: np.ndarray, own: tuple) -> np.ndarray:
    """Return `y` summed over the axes that a shape lacks or has length 1 on: the transpose of `stretch`."""
    out = np.zeros(own, y.dtype)
    flat_out = out.reshape(-1)
    flat = y.copy().reshape(-1)
    for k in range(y.size):
        flat_out[place(k, y.shape, own)] += flat[k]
    return out


constant(common_size)
constant(kept_size)
constant(fitting_size)


@linear(stretch)
def stretch_rule(x, shape, own, value_bar):
    return add_up(value_bar, own), 0.0, 0.0
