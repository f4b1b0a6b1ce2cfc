"""What depends on the order of elements: sorting, partitions, medians, quantiles, distinct values.

The order itself is piecewise constant. Each function finds the places of the elements that make up its result, and
picks them (`selection`).
"""

import numpy as np
from numba import njit

from .composites import composite
from .registry import constant
from .selection import pick

_jit = njit(error_model="numpy")


@_jit
def sorted_places(a: np.ndarray) -> np.ndarray:
    """Return the places of the elements of an array, those of each row (along the last axis) in ascending order."""
    out = np.empty(a.shape, np.int64)
    if a.size > 0:
        n = a.shape[-1]
        rows, found = a.copy().reshape((-1, n)), out.reshape((-1, n))
        for i in range(rows.shape[0]):
            found[i] = i * n + np.argsort(rows[i])
    return out


@_jit
def partitioned_places(a: np.ndarray, kth: int) -> np.ndarray:
    """Return the places of the elements of an array in the order that np.partition gives them."""
    out = np.argpartition(a, kth).astype(np.int64)
    if a.size > 0:
        n = a.shape[-1]
        found = out.reshape((-1, n))
        for i in range(found.shape[0]):
            found[i] += i * n
    return out


@_jit
def distinct_places(flat: np.ndarray) -> np.ndarray:
    """Return the places of the distinct values of a vector, in ascending order; NaNs count as one value."""
    order = np.argsort(flat)
    kept = np.ones(order.size, np.bool_)
    for k in range(1, order.size):
        here, before = flat[order[k]], flat[order[k - 1]]
        kept[k] = here != before and not (np.isnan(here) and np.isnan(before))
    return order[kept]


@_jit
def quantile_place(n: int, q: float) -> tuple[int, int]:
    """Return the places of the two of n sorted elements between which a quantile lies."""
    if not 0.0 <= q <= 1.0:
        raise ValueError("Quantiles must be in the range [0, 1]")
    low = int(np.floor((n - 1) * q))
    return low, min(low + 1, n - 1)


constant(sorted_places, cheap=False)
constant(partitioned_places, cheap=False)
constant(distinct_places, cheap=False)
constant(quantile_place)


@composite(np.sort)
def sort(a):
    return pick(a, sorted_places(a))


@composite(np.partition)
def partition(a, kth):
    return pick(a, partitioned_places(a, kth))


@composite(np.unique)
def unique(ar):
    flat = np.ravel(ar)
    return pick(flat, distinct_places(flat))


@composite(np.union1d)
def union1d(ar1, ar2):
    return np.unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


@composite(np.setdiff1d)
def setdiff1d(ar1, ar2, assume_unique=False):
    values = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return values[~np.isin(values, ar2)]


@composite(np.setxor1d)
def setxor1d(ar1, ar2, assume_unique=False):
    return np.sort(np.concatenate((np.setdiff1d(ar1, ar2, assume_unique), np.setdiff1d(ar2, ar1, assume_unique))))


# -------------------------------------------------------------------- medians and quantiles


@composite(np.median)
def median(a):
    return np.quantile(a, 0.5)


@composite(np.quantile)
def quantile(a, q):
    flat = np.ravel(a)
    order = sorted_places(flat)
    n = flat.size
    if np.ndim(q) == 0:
        if n == 0:
            return np.nan
        if np.isnan(flat[order[n - 1]]):
            return flat[order[n - 1]]  # a NaN is chosen like any number
        low, high = quantile_place(n, q)
        w = (n - 1) * q - low
        return flat[order[low]] * (1.0 - w) + flat[order[high]] * w
    out = np.full(q.size, flat[order[n - 1]] if n > 0 else np.nan)
    several = np.ravel(q)
    if n > 0 and not np.isnan(flat[order[n - 1]]):
        for i in range(several.size):
            low, high = quantile_place(n, several[i])
            w = (n - 1) * several[i] - low
            out[i] = flat[order[low]] * (1.0 - w) + flat[order[high]] * w
    return out


@composite(np.percentile)
def percentile(a, q):
    return np.quantile(a, q / 100.0)


@composite(np.nanmedian)
def nanmedian(a):
    flat = np.ravel(a)
    return np.quantile(flat[~np.isnan(flat)], 0.5)


@composite(np.nanquantile)
def nanquantile(a, q):
    flat = np.ravel(a)
    return np.quantile(flat[~np.isnan(flat)], q)


@composite(np.nanpercentile)
def nanpercentile(a, q):
    return np.nanquantile(a, q / 100.0)
