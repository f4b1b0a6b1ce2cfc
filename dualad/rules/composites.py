"""NumPy functions written as the loops they are: no rule is needed, the compiler differentiates the loop.

Each function here has the parameters of its NumPy namesake, as far as Numba supports them, and is inlined in its
place when it is active. `a.ndim`, `axis` and the like are known at compile time, so that only one of the branches on
them is left. What numpy functions do with integers or with what is not differentiated stays with Numba.
"""

from collections.abc import Callable

import numpy as np

from . import linear_algebra

_by_function: dict[Callable, Callable] = {}


def find(function: object) -> Callable | None:
    """Return the composite that stands for a NumPy function, or None."""
    try:
        return _by_function.get(function)  # type: ignore[call-overload]
    except TypeError:
        return None


def several_results(function: object) -> tuple[Callable, ...] | None:
    """Return one function for each result of a NumPy function that has several, or None."""
    return _SEVERAL.get(function) if isinstance(function, Callable) else None


def all_composites() -> dict[Callable, Callable]:
    """Return every NumPy function with a composite."""
    return dict(_by_function)


def composite(*functions: Callable) -> Callable:
    """Declare a composite for NumPy functions (decorator)."""

    def register(written: Callable) -> Callable:
        _by_function.update(dict.fromkeys(functions, written))
        return written

    return register


_SEVERAL = {
    np.linalg.slogdet: (linear_algebra.sign_of_det, linear_algebra.log_abs_det),
    np.linalg.eigh: (np.linalg.eigvalsh, linear_algebra.eigenvectors),
}

# -------------------------------------------------------------------- sums


@composite(np.sum)
def sum_(a, axis=None):
    if axis is None:
        return np.sum(a)
    if a.ndim == 1:
        return np.sum(a)
    if a.ndim == 2:
        if axis == 0 or axis == -2:
            out = np.zeros(a.shape[1], a.dtype)
            for i in range(a.shape[0]):
                for j in range(a.shape[1]):
                    out[j] += a[i, j]
        else:
            out = np.zeros(a.shape[0], a.dtype)
            for i in range(a.shape[0]):
                s = 0.0
                for j in range(a.shape[1]):
                    s += a[i, j]
                out[i] = s
        return out
    n0, n1, n2 = a.shape
    if axis == 0 or axis == -3:
        out = np.zeros((n1, n2), a.dtype)
        for i in range(n0):
            for j in range(n1):
                for k in range(n2):
                    out[j, k] += a[i, j, k]
    elif axis == 1 or axis == -2:
        out = np.zeros((n0, n2), a.dtype)
        for i in range(n0):
            for j in range(n1):
                for k in range(n2):
                    out[i, k] += a[i, j, k]
    else:
        out = np.zeros((n0, n1), a.dtype)
        for i in range(n0):
            for j in range(n1):
                for k in range(n2):
                    out[i, j] += a[i, j, k]
    return out


@composite(np.mean)
def mean(a, axis=None):
    if axis is None:
        return np.sum(a) / a.size
    return np.sum(a, axis) / a.shape[axis]


@composite(np.var)
def var(a):
    d = a - np.sum(a) / a.size
    return np.sum(d * d) / a.size


@composite(np.std)
def std(a):
    d = a - np.sum(a) / a.size
    return np.sqrt(np.sum(d * d) / a.size)


@composite(np.prod)
def prod(a):
    p = 1.0
    for x in np.ravel(a):
        p *= x
    return p


@composite(np.nansum)
def nansum(a):
    s = 0.0
    for x in np.ravel(a):
        if not np.isnan(x):
            s += x
    return s


@composite(np.nanmean)
def nanmean(a):
    s = 0.0
    n = 0
    for x in np.ravel(a):
        if not np.isnan(x):
            s += x
            n += 1
    return s / n


@composite(np.trace)
def trace(a):
    s = 0.0
    for i in range(min(a.shape[0], a.shape[1])):
        s += a[i, i]
    return s


# -------------------------------------------------------------------- extremes: the first of several equal ones counts


@composite(np.max, np.amax)
def max_(a):
    flat = np.ravel(a)
    return flat[np.argmax(flat)]


@composite(np.min, np.amin)
def min_(a):
    flat = np.ravel(a)
    return flat[np.argmin(flat)]


@composite(np.ptp)
def ptp(a):
    flat = np.ravel(a)
    return flat[np.argmax(flat)] - flat[np.argmin(flat)]


@composite(np.sort)
def sort(a):
    order = np.argsort(a)
    out = np.empty(a.size, a.dtype)
    for i in range(a.size):
        out[i] = a[order[i]]
    return out


@composite(np.median)
def median(a):
    flat = np.ravel(a)
    order = np.argsort(flat)
    n = flat.size
    if n % 2 == 1:
        return flat[order[n // 2]]
    return 0.5 * (flat[order[n // 2 - 1]] + flat[order[n // 2]])


@composite(np.clip)
def clip(a, a_min, a_max):
    return np.minimum(np.maximum(a, a_min), a_max)


# -------------------------------------------------------------------- scans and stencils


@composite(np.cumsum)
def cumsum(a):
    flat = np.ravel(a)
    out = np.empty(flat.size, a.dtype)
    s = 0.0
    for i in range(flat.size):
        s += flat[i]
        out[i] = s
    return out


@composite(np.cumprod)
def cumprod(a):
    flat = np.ravel(a)
    out = np.empty(flat.size, a.dtype)
    p = 1.0
    for i in range(flat.size):
        p *= flat[i]
        out[i] = p
    return out


@composite(np.diff)
def diff(a):
    out = np.empty(a.size - 1, a.dtype)
    for i in range(a.size - 1):
        out[i] = a[i + 1] - a[i]
    return out


@composite(np.convolve)
def convolve(a, v):
    out = np.zeros(a.size + v.size - 1, a.dtype)
    for i in range(a.size):
        for j in range(v.size):
            out[i + j] += a[i] * v[j]
    return out


@composite(np.correlate)
def correlate(a, v):
    n = min(a.size, v.size)
    out = np.zeros(max(a.size, v.size) - n + 1, a.dtype)
    if a.size >= v.size:
        for i in range(out.size):
            for j in range(n):
                out[i] += a[i + j] * v[j]
    else:
        for i in range(out.size):
            for j in range(n):
                out[out.size - 1 - i] += v[i + j] * a[j]
    return out


@composite(np.trapezoid)
def trapezoid(y, x=None, dx=1.0):
    s = 0.0
    for i in range(y.size - 1):
        if x is None:
            s += 0.5 * dx * (y[i] + y[i + 1])
        else:
            s += 0.5 * (x[i + 1] - x[i]) * (y[i] + y[i + 1])
    return s


@composite(np.interp)
def interp(x, xp, fp):
    if np.ndim(x) == 0:
        if x <= xp[0]:
            return fp[0]
        if x >= xp[xp.size - 1]:
            return fp[xp.size - 1]
        p = np.searchsorted(xp, x, side="right") - 1
        return fp[p] + (x - xp[p]) / (xp[p + 1] - xp[p]) * (fp[p + 1] - fp[p])
    out = np.empty(x.size, fp.dtype)
    for i in range(x.size):
        if x[i] <= xp[0]:
            out[i] = fp[0]
        elif x[i] >= xp[xp.size - 1]:
            out[i] = fp[xp.size - 1]
        else:
            k = np.searchsorted(xp, x[i], side="right") - 1
            w = (x[i] - xp[k]) / (xp[k + 1] - xp[k])
            out[i] = fp[k] + w * (fp[k + 1] - fp[k])
    return out


# -------------------------------------------------------------------- putting together and taking apart


@composite(np.diag)
def diag(v):
    if v.ndim == 1:
        out = np.zeros((v.size, v.size), v.dtype)
        for i in range(v.size):
            out[i, i] = v[i]
    else:
        n = min(v.shape[0], v.shape[1])
        out = np.empty(n, v.dtype)
        for i in range(n):
            out[i] = v[i, i]
    return out


@composite(np.tril)
def tril(m, k=0):
    out = np.zeros((m.shape[0], m.shape[1]), m.dtype)
    for i in range(m.shape[0]):
        for j in range(min(i + k + 1, m.shape[1])):
            out[i, j] = m[i, j]
    return out


@composite(np.triu)
def triu(m, k=0):
    out = np.zeros((m.shape[0], m.shape[1]), m.dtype)
    for i in range(m.shape[0]):
        for j in range(max(i + k, 0), m.shape[1]):
            out[i, j] = m[i, j]
    return out


def fill_diagonal(a, val):
    for i in range(min(a.shape[0], a.shape[1])):
        if np.ndim(val) == 0:
            a[i, i] = val
        else:
            a[i, i] = val[i % val.shape[0]]


@composite(np.kron)
def kron(a, b):
    n, m = b.shape
    out = np.empty((a.shape[0] * n, a.shape[1] * m), a.dtype)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(n):
                for p in range(m):
                    out[i * n + k, j * m + p] = a[i, j] * b[k, p]
    return out


@composite(np.vdot)
def vdot(a, b):
    return np.dot(a, b)


@composite(np.repeat)
def repeat(a, repeats):
    flat = np.ravel(a)
    out = np.empty(flat.size * repeats, a.dtype)
    for i in range(flat.size):
        for j in range(repeats):
            out[i * repeats + j] = flat[i]
    return out


@composite(np.roll)
def roll(a, shift):
    flat = np.ravel(a)
    n = flat.size
    out = np.empty(n, a.dtype)
    for i in range(n):
        out[(i + shift) % n] = flat[i]
    return out.reshape(a.shape)


def astype(a, dtype):
    out = np.empty(a.shape, dtype)
    out[:] = a
    return out


@composite(np.append)
def append(arr, values):
    return np.concatenate((np.ravel(arr), np.ravel(values)))


@composite(np.concatenate)
def concatenate(arrays, axis=0):
    first = arrays[0]
    n = 0
    if first.ndim == 1:
        for a in arrays:
            n += a.shape[0]
        out = np.empty(n, first.dtype)
        at = 0
        for a in arrays:
            for i in range(a.shape[0]):
                out[at + i] = a[i]
            at += a.shape[0]
    elif axis == 0:
        for a in arrays:
            n += a.shape[0]
        out = np.empty((n, first.shape[1]), first.dtype)
        at = 0
        for a in arrays:
            for i in range(a.shape[0]):
                for j in range(a.shape[1]):
                    out[at + i, j] = a[i, j]
            at += a.shape[0]
    else:
        for a in arrays:
            n += a.shape[1]
        out = np.empty((first.shape[0], n), first.dtype)
        at = 0
        for a in arrays:
            for i in range(a.shape[0]):
                for j in range(a.shape[1]):
                    out[i, at + j] = a[i, j]
            at += a.shape[1]
    return out


@composite(np.hstack)
def hstack(arrays):
    first = arrays[0]
    if first.ndim == 1:
        return np.concatenate(arrays)
    return np.concatenate(arrays, 1)


@composite(np.vstack)
def vstack(arrays):
    first = arrays[0]
    if first.ndim == 2:
        return np.concatenate(arrays, 0)
    return np.stack(arrays, 0)


@composite(np.stack)
def stack(arrays, axis=0):
    first = arrays[0]
    m = len(arrays)
    n = first.shape[0]
    if axis == 0:
        out = np.empty((m, n), first.dtype)
    else:
        out = np.empty((n, m), first.dtype)
    k = 0
    for a in arrays:
        for j in range(n):
            if axis == 0:
                out[k, j] = a[j]
            else:
                out[j, k] = a[j]
        k += 1
    return out


@composite(np.column_stack)
def column_stack(arrays):
    return np.stack(arrays, 1)


@composite(np.linspace)
def linspace(start, stop, num=50):
    out = np.empty(num)
    for i in range(num):
        out[i] = start + (stop - start) * (i / max(num - 1, 1))
    return out


# -------------------------------------------------------------------- linear algebra


@composite(np.linalg.norm)
def norm(x, ord=None):
    # 0 at the origin, the middle of the subdifferential, in both modes: the root is taken of a positive number only
    if ord is None or (x.ndim == 1 and ord == 2):
        s = np.sum(x * x)
        return np.sqrt(s) if s > 0.0 else 0.0
    if ord == np.inf:
        return np.max(np.abs(x)) if x.ndim == 1 else np.max(np.sum(np.abs(x), 1))
    if ord == -np.inf:
        return np.min(np.abs(x)) if x.ndim == 1 else np.min(np.sum(np.abs(x), 1))
    if x.ndim == 1:
        if ord == 1:
            return np.sum(np.abs(x))
        s = np.sum(np.abs(x) ** ord)
        return s ** (1.0 / ord) if s > 0.0 else 0.0
    if ord == 1:
        return np.max(np.sum(np.abs(x), 0))
    return np.min(np.sum(np.abs(x), 0))


@composite(np.linalg.matrix_power)
def matrix_power(a, n):
    if n < 0:
        base = np.linalg.inv(a)
    else:
        base = a.copy()
    out = np.eye(a.shape[0])
    for _ in range(abs(n)):
        out = np.dot(out, base)
    return out
