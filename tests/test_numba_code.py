"""What people write for Numba: types as casts, prange, ufuncs, stencils, overloads, lists where arrays are meant.

The functions are compared as Numba runs them, since some mean nothing in plain Python.
"""

import math

import numpy as np
import pytest
from numba import float64, guvectorize, njit, prange, stencil, types, vectorize
from numba.extending import overload, overload_attribute, overload_method

import dualad
from dualad.testing import check_grads

from .programs.program import data

# ------------------------------------------------------------------------------------------------ types and numbers


def type_as_cast(x, y):
    kind = y.dtype.type
    total = type(x)(0.5) * x
    for v in y:
        total += kind(2) * v**2 + np.float64(x) * float(v)
    return total + (type(x)(3) if isinstance(x, float) and not isinstance(y, (int, float)) else 0.0) * x


def chosen_by_class(x, n):
    if isinstance(x, np.ndarray):
        return np.sum(x * x) * n
    return x.undefined


def serial_prange(x):
    total = 0.0
    out = np.empty(x.size)
    for i in prange(x.size):
        total += x[i] ** 3
        out[i] = math.sin(x[i])
    return total * out


def lists_for_arrays(x, h):
    c = np.cross([0, 0, 1], h)
    d = np.dot([1.0, x, 2.0], h) + np.sum(np.outer((x, 2.0), h)) + np.max([x, 0.1])
    d += np.max((h, 2.0 * h)) + np.mean([h, h * x], axis=0)[1]
    return c[0] * c[1] + d * np.where(x > 0, 2.0, 3.0) * pow(x, 3) * np.array([h, h * x])[1, 2]


def without_dimensions(x):
    total = np.array(0.0)
    for v in x:
        total += v * v
    mean = np.asarray(total / x.size)
    out = np.zeros((*mean.shape, 2)) + mean
    return mean.item() + math.sqrt(mean[()]) * out[0] + mean.ndim


def written_into(x, y):
    out = np.empty(x.size)
    np.multiply(x, y, out)
    np.add(out, y, out=out)
    other = np.empty(x.size)
    np.dot(np.outer(x, y), y, out=other)
    return np.sum(np.sin(out)) + other[1]


# ---------------------------------------------------------------------------------------------- ufuncs and stencils


@vectorize
def arrhenius(barrier, temperature):
    if barrier > 1.0:
        return math.exp(-barrier / temperature)
    total, k = 0.0, 0
    while k < 3:
        total += barrier**k / temperature
        k += 1
    return total


@vectorize([float64(float64, float64)])
def saturated(a, b):
    return a * b / (1 + b)


@guvectorize([(float64[:], float64[:], float64[:])], "(n),()->(n)")
def moving_mean(a, window, out):
    width = int(window[0])
    total, count = 0.0, 0
    for i in range(a.size):
        total += a[i]
        count += 1
        if count > width:
            total -= a[i - width]
            count -= 1
        out[i] = total / count


@guvectorize([(float64[:], float64[:], float64, float64[:])], "(n),(n),()->()")
def weighted(a, b, s, out):
    out[0] = 0.0
    for i in range(a.size):
        out[0] += a[i] * b[i] * s


@stencil
def neighbours(a):
    return 0.25 * (a[-1, 0] + a[1, 0] + a[0, -1] + a[0, 1]) - a[0, 0]


@stencil(cval=1.5, standard_indexing=("w",), neighborhood=((-2, 0),))
def convolved(a, w, s):
    total = 0.0
    for k in range(-2, 1):
        total += a[k] * w[k + 2] * s
    return total


def by_elements(x, m):
    y = arrhenius(x, m) + saturated(m, 2) * saturated(x[0], 3)
    return np.sum(y * y) + arrhenius(x[1], 1.3)


def over_rows(m, b):
    out = np.zeros(m.shape[0])
    weighted(m, b, 2.0, out)
    return out


def relaxed(field, rate):
    for _ in range(3):
        field = field + rate * neighbours(field)
    return field


def smoothed_rows(a):
    return moving_mean(a * a, 3.0)


def broadcast_rows(m, b):
    return weighted(m, b, m[:, 0]) * weighted(b, b, 2.0) + weighted(m[0], b, 3)


# -------------------------------------------------------------------------------------------------------- overloads


def huber(x, limit):
    """Only a name."""


@overload(huber)
def _huber(x, limit):
    return lambda x, limit: 0.5 * x * x if abs(x) <= limit else limit * (abs(x) - 0.5 * limit)


def power_or_pair(x, p=2):
    """Only a name."""


@overload(power_or_pair)
def _power(x, p=2):
    if isinstance(x, types.Array) and isinstance(p, int | types.Integer):

        def of_array(x, p=2):
            total = 0.0
            for v in x:
                total += v**p
            return total

        return of_array


@overload(power_or_pair)
def _pair(x, p=2):
    if isinstance(x, types.Float):
        return lambda x, p=2: (x * x, x + 1.0)


def by_literal(k, x):
    """Only a name."""


@overload(by_literal, prefer_literal=True)
def _by_literal(k, x):
    if isinstance(k, types.IntegerLiteral):
        return (lambda k, x: x * x) if k.literal_value == 2 else (lambda k, x: x * x * x)


@overload_method(types.Array, "scaled")
def _scaled(a, k=1.0):
    return lambda a, k=1.0: a * k


@overload_attribute(types.Array, "ends")
def _ends(a):
    return lambda a: a[0] * a[-1]


def through_overloads(x, y):
    total = 0  # becomes a float in the loop, for which alone there is an overload
    for v in x:
        total += huber(v - 1.0, 0.4)
        total = huber(total, 3.0)
    a, b = power_or_pair(y)
    total += power_or_pair(x) + power_or_pair(x, 3) * a + power_or_pair(x, p=4) * b
    z = x * x
    return (z.scaled(k=3.0) * z.ends + x.scaled()) * total * by_literal(2, y) * by_literal(3, y)


def drawn(m, s, k):
    np.random.seed(3)
    total = np.random.normal() + np.random.gamma(2.0, s) + np.random.lognormal(m, 0.1 * s)
    for _ in range(3):
        total += np.random.normal(m, s) + np.random.uniform(m, s) * np.random.exponential(s)
        total += np.random.laplace(m, s) * np.random.gumbel(m, s) + np.random.rayleigh(s) * np.random.logistic(m, s)
    return total * np.sum(np.random.normal(m, s, size=k))


def drawn_with_a_shape(a):
    return np.random.gamma(a, 1.0)


X, M, POSITIVE = data(901, 6), data(902, 3, 4), data(903, 4) ** 2 + 0.1
PROGRAMS = [
    (type_as_cast, (1.3, X)),
    (chosen_by_class, (X, 3)),
    (serial_prange, (X,)),
    (lists_for_arrays, (0.7, data(904, 3))),
    (without_dimensions, (X,)),
    (written_into, (X, data(905, 6))),
    (by_elements, (POSITIVE, M**2 + 0.1)),
    (arrhenius, (POSITIVE, 1.3)),
    (saturated, (1.2, 0.3)),
    (over_rows, (M, M[1])),
    (relaxed, (data(906, 5, 6), 0.3)),
    (neighbours, (data(907, 4, 5),)),
    (convolved, (X, data(908, 3), 1.4)),
    (smoothed_rows, (M,)),
    (broadcast_rows, (M, M[1])),
    (through_overloads, (X, 1.3)),
    (drawn, (0.4, 0.7, 4)),
]
PLAIN = (
    *(chosen_by_class, written_into, lists_for_arrays, smoothed_rows, broadcast_rows, without_dimensions),
    *(arrhenius, saturated, neighbours, convolved),
)
"""Those that Numba does not compile, or that are no functions."""


def name_of(f):
    return getattr(f, "__name__", "stencil")


@pytest.mark.parametrize(("f", "args"), PROGRAMS, ids=lambda x: name_of(x) if callable(x) else "")
def test_numba_code(f, args):
    f = f if f in PLAIN else njit(f)
    wrt = [k for k, a in enumerate(args) if not isinstance(a, int)]
    rng = np.random.default_rng(900)
    dots = [rng.normal(size=np.shape(a))[()] if k in wrt else None for k, a in enumerate(args)]

    def at(step):
        return np.asarray(f(*(a if d is None else a + step * d for a, d in zip(args, dots, strict=True))))

    value, weights = at(0.0), rng.normal(size=np.shape(at(0.0)))[()]
    expected = np.sum(weights * (at(1e-5) - at(-1e-5)) / 2e-5)
    found, tangent = dualad.jvp(f, args, tuple(dots))
    np.testing.assert_allclose(found, value)
    np.testing.assert_allclose(np.sum(weights * tangent), expected, rtol=1e-6)
    found, pullback = dualad.vjp(f, *args)
    bars = pullback(weights)
    np.testing.assert_allclose(found, value)
    np.testing.assert_allclose(sum(np.sum(bars[k] * dots[k]) for k in wrt), expected, rtol=1e-6)


# --------------------------------------------------------------------------------------------------------- refusals


def changing_class(x, n):
    total = 0
    for _ in range(n):
        total = total + x if isinstance(total, float) else total + x * x
    return total


def two_names(x):
    total = np.array(0.0)
    other = total
    other += x
    return other * total


def added_to(total, x):
    total += x
    return total * 2.0


def changed_by_callee(x):
    total = np.array(0.0)
    y = added_to(total, x)
    return y * total


@stencil
def whole_array(a):
    return np.sum(a) + a[0]


def no_overload(x):
    return by_literal(x, x)


def out_of_order(x):
    return neighbours(x[:, 0])


@njit(parallel=True)
def whole_arrays_on_several_threads(x):
    return np.sum(x * x)


REFUSED = [
    (changing_class, (1.3, 4), "total changes its type in a loop"),
    (two_names, (1.3,), "an array without dimensions that has two names"),
    (changed_by_callee, (1.3,), "an array without dimensions that has two names"),
    (lambda x: whole_array(x), (X,), "an array in a stencil by itself"),
    (drawn_with_a_shape, (1.3,), "the derivative of standard_gamma"),
    (lambda m: np.random.normal(m, 1.0), (X,), "np.random.normal with arrays as parameters"),
    (no_overload, (1.3,), "by_literal(float64, float64), for which no numba.extending.overload"),
    (lambda m: moving_mean(m, 2.0, m, m), (M,), "moving_mean with 4 arguments"),
    (lambda m: saturated(m), (M,), "saturated with 1 arguments"),
    (lambda m: arrhenius.reduce(m), (M,), "reduce"),
]


@pytest.mark.parametrize(("f", "args", "words"), REFUSED, ids=lambda x: name_of(x) if callable(x) else "")
def test_what_is_refused(f, args, words):
    for transform in (dualad.jacfwd, dualad.jacrev):
        with pytest.raises(dualad.UnsupportedError) as caught:
            transform(f)(*args)
        assert words in str(caught.value)
        assert "test_numba_code.py" in str(caught.value)


def test_the_remedies():
    value = dualad.grad(lambda x: huber(x, 1.0) * np.array([x])[0])(0.3)  # a ufunc's and an overload's: in a def
    np.testing.assert_allclose(value, 1.5 * 0.3**2)


@njit
def warped(x, y, starts, ends):
    n = x.shape[1]
    before, now = np.full(n + 1, np.inf), np.full(n + 1, np.inf)
    before[0] = 0.0
    for i in range(n):
        start, end = starts[i], ends[i]
        now[start] = np.inf
        if x.shape[0] == 1:
            for j in range(start, end):
                now[j + 1] = (x[0, i] - y[0, j]) ** 2 + min(before[j], before[j + 1], now[j])
        else:
            for j in range(start, end):
                d = 0.0
                for k in range(x.shape[0]):
                    d += (x[k, i] - y[k, j]) ** 2
                now[j + 1] = d + min(before[j], before[j + 1], now[j])
        before, now = now, before
    return before[n]


@njit
def warped_in_one_of_two_ways(x, y, starts, ends):
    if x.shape[1] == y.shape[1]:
        n = x.shape[1]
        return warped(x, y, np.zeros(n, np.int64), np.full(n, n))
    return warped(x, y, starts, ends)


def test_ranges_of_short_integers():
    x, y = np.random.default_rng(2).normal(size=(2, 1, 5))
    starts, ends = np.zeros(5, np.int32), np.full(5, 5, np.int32)
    check_grads(warped_in_one_of_two_ways, (x, y, starts, ends), (0, 1))


class Model:
    def __getattr__(self, name):
        raise AttributeError(name)


def test_no_message_has_an_address():
    with pytest.raises((dualad.DualadError, TypeError)) as caught:
        dualad.grad(Model())(1.0)
    assert " at 0x" not in str(caught.value)


def test_what_runs_on_several_threads_is_not_its_function_on_one():
    for _ in range(2):  # neither is taken for the other, whichever comes first
        assert "on_threads" in dualad.derivative_source(whole_arrays_on_several_threads, X)
        assert "on_threads" not in dualad.derivative_source(whole_arrays_on_several_threads.py_func, X)
