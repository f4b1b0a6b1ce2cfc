"""Arrays made from numbers, from several arrays, or from an array by repeating it."""

import numpy as np
from numba import njit

from .broadcasting import stretch
from .composites import composite, written_out
from .registry import constant

_jit = njit(error_model="numpy")

# -------------------------------------------------------------------- joining


@_jit
def length_along(shape: tuple, like: tuple, axis: int) -> int:
    """Return the length along an axis of an array that is joined to others; along the other axes it must fit."""
    for k in range(len(shape)):
        if k != axis and shape[k] != like[k]:
            raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
    return shape[axis]


constant(length_along, cheap=False)


@composite(np.concatenate)
def concatenate(arrays, axis=0):
    first = arrays[0]
    if axis is None:
        raise ValueError("np.concatenate with axis=None is not supported by Numba")
    if axis < 0:
        axis = axis + first.ndim
    total = 0
    for a in arrays:
        total += length_along(a.shape, first.shape, axis)
    out = np.empty(first.shape[:axis] + (total,) + first.shape[axis + 1 :], first.dtype)
    at = 0
    for a in arrays:
        n = a.shape[axis]
        if axis == 0:
            out[at : at + n] = a
        elif axis == 1:
            out[:, at : at + n] = a
        elif axis == 2:
            out[:, :, at : at + n] = a
        else:
            out[:, :, :, at : at + n] = a
        at += n
    return out


@composite(np.append)
def append(arr, values, axis=None):
    if axis is not None:
        return np.concatenate((arr, values), axis)
    front = np.ravel(arr) if np.ndim(arr) > 0 else np.full(1, arr)
    return np.concatenate((front, np.ravel(values) if np.ndim(values) > 0 else np.full(1, values)))


@composite(np.stack)
def stack(arrays, axis=0):
    parts = ()
    for a in arrays:
        parts = (*parts, np.expand_dims(a, axis))
    return np.concatenate(parts, axis)


@composite(np.hstack)
def hstack(tup):
    return np.concatenate(tup, 0 if tup[0].ndim == 1 else 1)


@composite(np.vstack)
def vstack(tup):
    parts = ()
    for a in tup:
        parts = (*parts, np.expand_dims(a, 0) if a.ndim == 1 else a)
    return np.concatenate(parts, 0)


@composite(np.column_stack)
def column_stack(tup):
    parts = ()
    for a in tup:
        parts = (*parts, np.expand_dims(a, 1) if a.ndim == 1 else a)
    return np.concatenate(parts, 1)


@composite(np.dstack)
def dstack(tup):
    parts = ()
    for a in tup:
        parts = (*parts, np.atleast_3d(a))
    return np.concatenate(parts, 2)


# -------------------------------------------------------------------- repeating


@composite(np.broadcast_to)
def broadcast_to(array, shape):
    shape = (shape,) if np.ndim(shape) == 0 else shape
    return stretch(array, shape, array.shape) if np.ndim(array) > 0 else np.full(shape, array)


@written_out(np.broadcast_arrays)
def broadcast_arrays(*args):
    shapes = ()
    for a in args:
        shapes = (*shapes, np.shape(a))
    shape = np.broadcast_shapes(*shapes)
    parts = ()
    for a in args:
        parts = (*parts, np.broadcast_to(a, shape))
    return parts


# -------------------------------------------------------------------- making


@composite(np.linspace)
def linspace(start, stop, num=50):
    out = np.empty(num)
    for i in range(num):
        out[i] = start + (stop - start) * (i / max(num - 1, 1))
    return out


@composite(np.logspace)
def logspace(start, stop, num=50):
    return 10.0 ** np.linspace(start, stop, num)


@composite(np.geomspace)
def geomspace(start, stop, num=50):
    if start == 0.0 or stop == 0.0:
        raise ValueError("Geometric sequence cannot include zero")
    out = np.empty(num)
    for i in range(num):
        out[i] = start * (stop / start) ** (i / max(num - 1, 1))
    return out


@_jit
def steps_between(start: float, stop: float, step: float) -> int:
    """Return how many elements np.arange has."""
    return max(int(np.ceil((stop - start) / step)), 0)


constant(steps_between)


@composite(np.arange)
def arange(start, stop=None, step=None, dtype=None):
    first = 0.0 if stop is None else start
    width = 1.0 if step is None else step
    n = steps_between(first, start if stop is None else stop, width)
    out = np.empty(n)
    for i in range(n):
        out[i] = first + i * width
    return out


@composite(np.imag)
def imag(val):
    return np.zeros_like(val)


def astype(a, dtype):
    out = np.empty(a.shape, dtype)
    out[...] = a
    return out


# -------------------------------------------------------------------- np.add.at


def add_at(a, indices, b):
    for k in range(indices.size):
        a[indices[k]] += b[k]


def add_one_at(a, indices, b):
    for k in range(indices.size):
        a[indices[k]] += b
