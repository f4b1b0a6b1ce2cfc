"""Sums, products, means and extremes of arrays, with and without NaNs."""

import operator
from collections.abc import Callable

import numpy as np
from numba import njit

from .composites import composite
from .registry import constant

# -------------------------------------------------------------------- sums: the compiler makes loops of np.sum itself


@composite(np.sum)
def sum_(a, axis=None, dtype=None):
    if dtype is not None:
        return np.sum(a.astype(dtype), axis)
    if axis is None:
        return np.sum(a)
    return np.sum(np.moveaxis(a, axis, 0), 0)


@composite(np.mean)
def mean(a):
    return np.sum(a) / a.size


@composite(np.var)
def var(a):
    d = a - np.mean(a)
    return np.sum(d * d) / a.size


@composite(np.std)
def std(a):
    return np.sqrt(np.var(a))


@composite(np.average)
def average(a, axis=None, weights=None):
    if axis is not None:
        raise TypeError("Numba does not support average with axis.")
    if weights is None:
        return np.mean(a)
    if a.shape != weights.shape and weights.ndim != 1:
        raise TypeError("1D weights expected when shapes of a and weights differ.")
    total = np.sum(weights)
    if total == 0.0:
        raise ZeroDivisionError("Weights sum to zero, can't be normalized.")
    return np.sum(a * weights) / total


@composite(np.prod)
def prod(a):
    p = 1.0
    for x in np.ravel(a):
        p *= x
    return p


# -------------------------------------------------------------------- extremes: the first of several equal ones counts


_BLOCK = 256


def _place_of_first(name: str, covers: Callable) -> Callable:
    """Return what finds the first element that no other goes beyond, or the first NaN; `covers(x, y)`: y is not beyond.

    As np.argmax, of which Numba makes one comparison after another. Here a block in which nothing goes beyond is passed
    by several comparisons at once: nine times as fast for a million numbers.
    """

    def place_of_first(flat: np.ndarray) -> int:
        if flat.size == 0:
            raise ValueError("zero-size array to reduction operation not possible")
        place, best = 0, flat[0]
        if best != best:
            return 0
        for block in range((flat.size + _BLOCK - 1) // _BLOCK):
            start = block * _BLOCK
            count = min(_BLOCK, flat.size - start)
            beyond = 0
            for k in range(count):
                beyond += 0 if covers(best, flat[start + k]) else 1  # a NaN counts
            if beyond > 0:
                for k in range(count):
                    if not covers(best, flat[start + k]):
                        place, best = start + k, flat[start + k]
                        if best != best:
                            return place
        return place

    place_of_first.__name__ = place_of_first.__qualname__ = name  # rules are told apart by it
    return njit(error_model="numpy")(place_of_first)


place_of_first_largest = _place_of_first("place_of_first_largest", operator.ge)
place_of_first_smallest = _place_of_first("place_of_first_smallest", operator.le)
constant(place_of_first_largest, cheap=False)
constant(place_of_first_smallest, cheap=False)


@composite(np.max, np.amax)
def max_(a):
    flat = np.ravel(a)
    return flat[place_of_first_largest(flat)]


@composite(np.min, np.amin)
def min_(a):
    flat = np.ravel(a)
    return flat[place_of_first_smallest(flat)]


@composite(np.ptp)
def ptp(a):
    return np.max(a) - np.min(a)


# -------------------------------------------------------------------- what is not NaN


@composite(np.nansum)
def nansum(a):
    return np.sum(np.where(np.isnan(a), 0.0, a))


@composite(np.nanprod)
def nanprod(a):
    return np.prod(np.where(np.isnan(a), 1.0, a))


@composite(np.nanmean)
def nanmean(a):
    return np.nansum(a) / np.count_nonzero(~np.isnan(a))


@composite(np.nanvar)
def nanvar(a, axis=None, dtype=None, out=None, ddof=0):
    freedom = np.count_nonzero(~np.isnan(a)) - ddof
    d = np.where(np.isnan(a), 0.0, a - np.nanmean(a))
    return np.sum(d * d) / freedom if freedom > 0 else np.nan


@composite(np.nanstd)
def nanstd(a, axis=None, dtype=None, out=None, ddof=0):
    return np.sqrt(np.nanvar(a, ddof=ddof))


@njit(error_model="numpy")
def place_of_largest(flat: np.ndarray) -> int:
    """Return where the largest element that is not NaN lies; 0 if all are NaN."""
    if flat.size == 0:
        raise ValueError("zero-size array to reduction operation not possible")
    best = 0
    for k in range(flat.size):
        if flat[k] > flat[best] or (np.isnan(flat[best]) and not np.isnan(flat[k])):
            best = k
    return best


constant(place_of_largest, cheap=False)


@composite(np.nanmax)
def nanmax(a):
    flat = np.ravel(a)
    return flat[place_of_largest(flat)]


@composite(np.nanmin)
def nanmin(a):
    flat = np.ravel(a)
    return flat[place_of_largest(-flat)]


# -------------------------------------------------------------------- lists


def part_of_list(items, lower, upper):
    n = len(items)
    first = lower if lower >= 0 else max(lower + n, 0)
    last = min(upper if upper >= 0 else upper + n, n)
    part = []
    for k in range(first, last):
        part.append(items[k])
    return part


def sum_of_items(items):
    s = 0.0
    for v in items:
        s += v
    return s


def max_of_items(items, key=None, default=None):
    if len(items) == 0:
        if default is None:
            raise ValueError("max() arg is an empty sequence")
        return default
    best = items[0]
    height = best if key is None else key(best)
    for k in range(1, len(items)):
        item = items[k]
        value = item if key is None else key(item)
        if value > height:
            best, height = item, value
    return best


def min_of_items(items, key=None, default=None):
    if len(items) == 0:
        if default is None:
            raise ValueError("min() arg is an empty sequence")
        return default
    best = items[0]
    height = best if key is None else key(best)
    for k in range(1, len(items)):
        item = items[k]
        value = item if key is None else key(item)
        if value < height:
            best, height = item, value
    return best


FIRST_OF = {max: max_of_items, min: min_of_items}
OF_ITEMS = {sum: sum_of_items, **FIRST_OF}
"""What stands for builtins where a vector or a list of numbers in memory is their argument, and active."""
