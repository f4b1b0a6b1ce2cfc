"""Functions that choose, repeat or move elements of arrays.

A function that only moves elements does to an array of their places what it does to the array itself. So the places
that its result is made of are found by the function itself, with whatever options it has, and picked::

    np.repeat(a, counts)    =    pick(a, np.repeat(places(a), counts))
"""

import numpy as np
from numba import njit

from .composites import composite, written_out
from .registry import constant, linear

_jit = njit(error_model="numpy")


@_jit
def places(a: np.ndarray) -> np.ndarray:
    """Return an array of the shape of `a` that holds 0, 1, 2, ... in C order."""
    return np.arange(a.size).reshape(a.shape)


@_jit
def pick(a: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the elements of an array at some places, in an array of the shape of `index`."""
    flat, where = np.ravel(a), np.ravel(index)
    out = np.empty(index.shape, a.dtype)
    flat_out = out.reshape(-1)
    for k in range(where.size):
        flat_out[k] = flat[where[k]]
    return out


@_jit
def put_back(y: np.ndarray, index: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return zeros like an array, with the elements of `y` added at their places: the transpose of `pick`."""
    flat, where = np.ravel(y), np.ravel(index)
    out = np.zeros(like.shape, like.dtype)
    flat_out = out.reshape(-1)
    for k in range(where.size):
        flat_out[where[k]] += flat[k]
    return out


constant(places, cheap=False)


@linear(pick)
def pick_rule(a, index, value_bar):
    return put_back(value_bar, index, a), 0.0


# -------------------------------------------------------------------- moving


@composite(np.repeat)
def repeat(a, repeats):
    if np.ndim(a) == 0:
        return np.full(repeats, a)
    return pick(a, np.repeat(places(a), repeats))


@composite(np.roll)
def roll(a, shift):
    return pick(a, np.roll(places(a), shift))


@composite(np.resize)
def resize(a, new_shape):
    if a.size == 0:
        return np.zeros(new_shape)
    return pick(a, np.resize(places(a), new_shape))


# -------------------------------------------------------------------- choosing


@composite(np.take)
def take(a, indices, axis=None):
    if axis is None:
        if np.ndim(indices) == 0:
            return np.ravel(a)[np.take(places(a), indices)]
        return pick(a, np.take(places(a), indices))
    if np.ndim(indices) == 0 and a.ndim == 1:
        return a[np.take(places(a), indices)]
    return pick(a, np.take(places(a), indices, axis))


@composite(np.take_along_axis)
def take_along_axis(arr, indices, axis):
    return pick(arr, np.take_along_axis(places(arr), indices, axis))


@composite(np.extract)
def extract(condition, arr):
    return pick(arr, np.extract(condition, places(arr)))


@composite(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(x, window_shape, axis=None):
    if axis is None:
        return pick(x, np.lib.stride_tricks.sliding_window_view(places(x), window_shape))
    return pick(x, np.lib.stride_tricks.sliding_window_view(places(x), window_shape, axis))


@composite(np.delete)
def delete(arr, obj):
    return pick(arr, np.delete(places(arr), obj))


@composite(np.insert)
def insert(arr, obj, values, axis=None):
    more = np.ravel(values) if np.ndim(values) > 0 else np.full(1, values)
    both = np.concatenate((np.ravel(arr), more))
    return pick(both, np.insert(places(arr), obj, arr.size + places(more)))


@written_out(np.select)
def select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    out = default
    for condition, choice in reversed(tuple(zip(condlist, choicelist))):
        out = np.where(condition, choice, out)
    return out


@_jit
def zeros_in_front(filt: np.ndarray, trim: str) -> int:
    """Return where np.trim_zeros begins."""
    first = 0
    if "f" in trim.lower():
        while first < filt.size and filt[first] == 0.0:
            first += 1
    return first


@_jit
def zeros_behind(filt: np.ndarray, trim: str, first: int) -> int:
    """Return where np.trim_zeros ends."""
    last = filt.size
    if "b" in trim.lower():
        while last > first and filt[last - 1] == 0.0:
            last -= 1
    return last


constant(zeros_in_front)
constant(zeros_behind)


@written_out(np.trim_zeros)
def trim_zeros(filt, trim="fb"):
    first = zeros_in_front(filt, trim)
    return filt[first : zeros_behind(filt, trim, first)]


@_jit
def start_of_part(shape: tuple, axis: int, k: int, count: int, exact: bool) -> int:
    """Return where part k begins when an axis is split into equal parts, the first of them perhaps longer by one."""
    n = shape[min(axis, len(shape) - 1)]
    if exact and n % count != 0:
        raise ValueError("array split does not result in an equal division")
    return k * (n // count) + min(k, n % count)


constant(start_of_part)


@written_out(np.asarray_chkfinite)
def asarray_chkfinite(a):
    if not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    return a


@written_out(np.divmod)
def divmod_(x, y):
    return np.floor_divide(x, y), np.remainder(x, y)


# -------------------------------------------------------------------- replacing


@composite(np.clip)
def clip(a, a_min=None, a_max=None):
    if a_min is None and a_max is None:
        raise ValueError("array_clip: must set either max or min")
    low = a if a_min is None else np.maximum(a, a_min)
    return low if a_max is None else np.minimum(low, a_max)


@_jit
def largest_number(x: np.ndarray) -> float:
    """Return the largest finite number of an array's dtype."""
    return np.finfo(x.dtype).max


constant(largest_number)


@composite(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    if np.ndim(x) == 0:
        if np.isnan(x):
            return nan
        if np.isfinite(x):
            return x
        if x > 0.0:
            return largest_number(np.full(1, x)) if posinf is None else posinf
        return -largest_number(np.full(1, x)) if neginf is None else neginf
    high = largest_number(x) if posinf is None else posinf
    low = -largest_number(x) if neginf is None else neginf
    finite = np.where(np.isinf(x), np.where(x > 0.0, high, low), x)
    return np.where(np.isnan(x), nan, finite)
