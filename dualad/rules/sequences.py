"""Scans, differences, convolutions and interpolation: what goes along an axis."""

import numpy as np
from numba import njit

from .composites import composite
from .registry import bilinear, constant, linear

_jit = njit(error_model="numpy")

# -------------------------------------------------------------------- scans and differences


@_jit
def running_sum(x: np.ndarray, axis: int) -> np.ndarray:
    """Return the sums of the elements so far along an axis."""
    return np.cumsum(x, axis)


@_jit
def remaining_sum(x: np.ndarray, axis: int) -> np.ndarray:
    """Return the sums of the elements from each one on along an axis: the transpose of `running_sum`."""
    return np.flip(np.cumsum(np.flip(x), axis)).copy()


@linear(running_sum)
def running_sum_rule(x, axis, value_bar):
    return remaining_sum(value_bar, axis), 0.0


@composite(np.cumsum)
def cumsum(a, axis=None, dtype=None):
    if dtype is not None:
        return np.cumsum(a.astype(dtype), axis)
    return running_sum(np.ravel(a), 0) if axis is None else running_sum(a, axis)


@composite(np.cumprod)
def cumprod(a):
    flat = np.ravel(a)
    out = np.empty(flat.size, a.dtype)
    p = 1.0
    for i in range(flat.size):
        p *= flat[i]
        out[i] = p
    return out


@composite(np.nancumsum)
def nancumsum(a):
    return np.cumsum(np.where(np.isnan(a), 0.0, a))


@composite(np.nancumprod)
def nancumprod(a):
    return np.cumprod(np.where(np.isnan(a), 1.0, a))


@composite(np.diff)
def diff(a, n=1):
    if n == 1:
        return a[..., 1:] - a[..., :-1]
    if n < 0:
        raise ValueError("diff(): order must be non-negative")
    out = a.copy()
    for _ in range(n):
        out = out[..., 1:] - out[..., :-1]
    return out


@composite(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    parts = (np.diff(np.ravel(ary)),)
    if to_end is not None:
        parts = (*parts, np.ravel(to_end) if np.ndim(to_end) > 0 else np.full(1, to_end))
    if to_begin is not None:
        parts = (np.ravel(to_begin) if np.ndim(to_begin) > 0 else np.full(1, to_begin), *parts)
    return np.concatenate(parts)


@composite(np.trapezoid)
def trapezoid(y, x=None, dx=1.0):
    width = dx if x is None else np.diff(x)
    return np.sum(0.5 * (y[..., 1:] + y[..., :-1]) * width, -1)


@_jit
def turns(p: np.ndarray, discont: float, period: float) -> np.ndarray:
    """Return how many periods np.unwrap adds to each element of an array, along its last axis."""
    out = np.zeros(p.shape)
    if p.size > 0:
        n = p.shape[-1]
        rows, found = p.copy().reshape((-1, n)), out.reshape((-1, n))
        for i in range(rows.shape[0]):
            for k in range(1, n):
                step = rows[i, k] - rows[i, k - 1]
                whole = 0.0
                if not abs(step) < discont:
                    whole = np.floor(step / period + 0.5)
                    if step > 0.0 and step - whole * period == -0.5 * period:  # half a period up stays so
                        whole -= 1.0
                found[i, k] = found[i, k - 1] - whole
    return out


constant(turns, cheap=False)


@composite(np.unwrap)
def unwrap(p, discont=None, axis=-1, period=6.283185307179586):
    if axis != -1:
        raise ValueError('Value for argument "axis" is not supported')
    return p + turns(p, 0.5 * period if discont is None else discont, period) * period


# -------------------------------------------------------------------- convolution


@_jit
def correlation(a: np.ndarray, v: np.ndarray, first: int, count: int) -> np.ndarray:
    """Return sum over j of a[k + first + j] v[j] for k = 0 ... count - 1, where `a` counts as 0 outside its range."""
    out = np.zeros(count, (a[:0] * v[:0]).dtype)
    for j in range(v.size):  # the inner loop has no sum, so that it is done in vectors
        start = first + j
        for k in range(max(0, -start), min(count, a.size - start)):
            out[k] += a[start + k] * v[j]
    return out


@bilinear(correlation)
def correlation_rule(a, v, first, count, value_bar):
    a_bar = correlation(value_bar, v[::-1], 1 - first - v.size, a.size)
    return a_bar, correlation(a, value_bar, first, v.size), 0.0, 0.0


@_jit
def window(n: int, m: int, mode: str) -> tuple[int, int]:
    """Return first and count of the correlation of n with m elements; where n < m it is turned round."""
    if n == 0:
        raise ValueError("'a' cannot be empty")
    if m == 0:
        raise ValueError("'v' cannot be empty")
    low, high = min(n, m), max(n, m)
    if mode == "valid":
        first, count = 0, high - low + 1
    elif mode == "full":
        first, count = 1 - low, high + low - 1
    elif mode == "same":
        first, count = -(low // 2), high
    else:
        raise ValueError("Invalid 'mode', valid are 'full', 'same', 'valid'")
    return first, count


constant(window)


@composite(np.correlate)
def correlate(a, v, mode="valid"):
    first, count = window(a.size, v.size, mode)
    return correlation(a, v, first if a.size >= v.size else 1 - count - first, count)


@composite(np.convolve)
def convolve(a, v, mode="full"):
    first, count = window(a.size, v.size, mode)
    return correlation(a, v[::-1], first if a.size >= v.size else first + a.size - v.size, count)


# -------------------------------------------------------------------- interpolation and counting


@_jit
def segment(x: float, xp: np.ndarray) -> int:
    """Return k if x lies in [xp[k], xp[k + 1]), -1 before all of xp, the last k from the last of xp on.

    A NaN lies in the first segment, so that what is interpolated there is a NaN.
    """
    if x < xp[0]:
        return -1
    if np.isnan(x):
        return 0
    return np.searchsorted(xp, x, side="right") - 1


@_jit
def check_table(xp: np.ndarray, fp: np.ndarray) -> int:
    """Return the length of a table to interpolate in."""
    if xp.size == 0:
        raise ValueError("array of sample points is empty")
    if xp.size != fp.size:
        raise ValueError("fp and xp are not of the same size.")
    return xp.size


constant(segment, cheap=False)
constant(check_table)


@composite(np.interp)
def interp(x, xp, fp):
    n = check_table(xp, fp)
    if np.ndim(x) == 0:
        k = segment(x, xp)
        if k < 0:
            return fp[0]
        if k >= n - 1:
            return fp[n - 1]
        return fp[k] + (x - xp[k]) / (xp[k + 1] - xp[k]) * (fp[k + 1] - fp[k])
    flat = np.ravel(x)
    out = np.empty(flat.size, np.float64)
    for i in range(flat.size):
        k = segment(flat[i], xp)
        if k < 0:
            out[i] = fp[0]
        elif k >= n - 1:
            out[i] = fp[n - 1]
        else:
            out[i] = fp[k] + (flat[i] - xp[k]) / (xp[k + 1] - xp[k]) * (fp[k + 1] - fp[k])
    return out.reshape(x.shape)


@composite(np.bincount)
def bincount(a, weights=None, minlength=0):
    if weights.size != a.size:
        raise ValueError("bincount(): weights and list don't have the same length")
    out = np.zeros(np.bincount(a, None, minlength).size)
    for i in range(a.size):
        out[a[i]] += weights[i]
    return out
