"""Where the elements lie that index arrays and masks pick; integers, and so without a derivative."""

import numpy as np
from numba import njit

from .registry import constant


@njit(error_model="numpy")
def positions(index: np.ndarray, size: int) -> np.ndarray:
    """Return an array of indices into an axis, counted from the front, in memory of its own."""
    out = np.empty(index.shape, np.int64)
    for place, given in np.ndenumerate(index):
        k = np.int64(given)
        if k < -size or k >= size:
            raise IndexError("an index in an index array is out of bounds")
        out[place] = k + size if k < 0 else k
    return out


@njit(error_model="numpy")
def positions_of_mask(mask: np.ndarray, shape: tuple, axis: int) -> tuple:
    """Return the indices at which a mask is true, one array for each of its axes; its first one is `axis` of `shape`.

    Numba compiles masks of one dimension alone; NumPy defines the others by these arrays.
    """
    for k in range(mask.ndim):
        if mask.shape[k] != shape[axis + k]:
            raise IndexError("boolean index did not match indexed array")
    return np.nonzero(mask)


@njit(error_model="numpy")
def common_shape(first: tuple, second: tuple) -> tuple:
    """Return the shape to which two shapes broadcast."""
    return np.broadcast_shapes(first, second)


@njit(error_model="numpy")
def spread(x: np.ndarray, shape: tuple) -> np.ndarray:
    """Return an array of indices, repeated to a shape."""
    out = np.empty(shape, np.int64)
    out[...] = x
    return out


for function in (positions, positions_of_mask, common_shape, spread):
    constant(function, cheap=False)
