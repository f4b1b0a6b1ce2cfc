"""The rules of scipy.special: partials against mpmath, values against SciPy, in functions as people write them."""

import ctypes
import math
import types

import mpmath
import numpy as np
import pytest
import scipy.special as sc
from numba import float64, njit
from numba.extending import get_cython_function_address
from numba.types import WrapperAddressProtocol

import dualad
from dualad.testing import check_grads

from ..programs.program import data

mp = mpmath
HALF = mp.mpf(1) / 2


def ndtr(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def inverse(f, start):
    return lambda y: mp.findroot(lambda x: f(x) - y, start(y))


def owens_t(h, a):
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def stdtr(df, t):
    scale = mp.gamma((df + 1) / 2) / (mp.gamma(df / 2) * mp.sqrt(df * mp.pi))
    return HALF + mp.quad(lambda u: scale * (1 + u * u / df) ** (-(df + 1) / 2), [0, t])


def huber(d, r):
    return r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)


POINTS = {
    "gammaln": (mp.loggamma, [(0.3,), (1.46,), (7.7,), (150.0,)]),
    "loggamma": (mp.loggamma, [(0.3,), (4.2,)]),
    "gamma": (mp.gamma, [(0.3,), (-1.5,), (7.7,)]),
    "rgamma": (mp.rgamma, [(0.3,), (-1.5,), (7.7,)]),
    "beta": (mp.beta, [(0.4, 2.5), (3.0, 5.5)]),
    "betaln": (lambda a, b: mp.log(mp.beta(a, b)), [(0.4, 2.5), (30.0, 55.0)]),
    "binom": (mp.binomial, [(7.5, 2.2), (4.0, 1.5)]),
    "poch": (lambda z, m: mp.gamma(z + m) / mp.gamma(z), [(1.5, 2.2), (4.0, 0.5)]),
    "gammainc": (lambda a, x: mp.gammainc(a, 0, x, regularized=True), [(0.7, 0.2), (3.5, 5.0)]),
    "gammaincc": (lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), [(0.7, 0.2), (3.5, 5.0)]),
    "betainc": (lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True), [(0.7, 2.0, 0.2), (3.5, 5.0, 0.8)]),
    "betaincc": (lambda a, b, x: mp.betainc(a, b, x, 1, regularized=True), [(0.7, 2.0, 0.2), (3.5, 5.0, 0.8)]),
    "stdtr": (stdtr, [(3.0, 0.7), (12.5, -2.0)]),
    "erfinv": (mp.erfinv, [(-0.8,), (1e-3,), (0.999,)]),
    "erfcinv": (lambda x: mp.erfinv(1 - x), [(0.2,), (1.8,)]),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), [(-1.0,), (0.5,), (6.0,)]),
    "erfi": (mp.erfi, [(-1.0,), (0.5,)]),
    "dawsn": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), [(-1.0,), (0.5,), (3.0,)]),
    "ndtr": (ndtr, [(-3.0,), (0.4,)]),
    "ndtri": (lambda y: mp.sqrt(2) * mp.erfinv(2 * y - 1), [(0.01,), (0.6,)]),
    "log_ndtr": (lambda x: mp.log(ndtr(x)), [(-30.0,), (-1.0,), (2.5,)]),
    "exp10": (lambda x: mp.mpf(10) ** x, [(-1.3,), (2.0,)]),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)), [(-40.0,), (0.3,), (40.0,)]),
    "logit": (lambda x: mp.log(x / (1 - x)), [(0.01,), (0.7,)]),
    "log_expit": (lambda x: -mp.log1p(mp.exp(-x)), [(-5.0,), (30.0,)]),
    "entr": (lambda x: -x * mp.log(x), [(0.2,), (3.0,)]),
    "xlogy": (lambda x, y: x * mp.log(y), [(0.2, 3.0), (-1.0, 0.5), (0.0, 2.0)]),
    "xlog1py": (lambda x, y: x * mp.log1p(y), [(0.2, 3.0), (-1.0, -0.5)]),
    "rel_entr": (lambda x, y: x * mp.log(x / y), [(0.2, 3.0), (1.5, 0.5)]),
    "kl_div": (lambda x, y: x * mp.log(x / y) - x + y, [(0.2, 3.0), (1.5, 0.5)]),
    "huber": (huber, [(1.0, 0.4), (1.0, -2.0)]),
    "pseudo_huber": (lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1), [(1.0, 0.4), (0.7, -2.0)]),
    "owens_t": (owens_t, [(0.3, 0.8), (-1.2, 2.0)]),
    "exp1": (mp.e1, [(0.2,), (4.0,)]),
    "expi": (mp.ei, [(0.2,), (-4.0,)]),
    "jv": (mp.besselj, [(0.5, 2.0), (3.0, 7.5)]),
    "yv": (mp.bessely, [(0.5, 2.0), (3.0, 7.5)]),
    "iv": (mp.besseli, [(0.5, 2.0), (3.0, 7.5)]),
    "kv": (mp.besselk, [(0.5, 2.0), (3.0, 7.5)]),
    "ive": (lambda v, x: mp.besseli(v, x) * mp.exp(-abs(x)), [(0.5, 2.0), (3.0, 7.5), (3.0, -2.0), (2.0, -2.0)]),
    "kve": (lambda v, x: mp.besselk(v, x) * mp.exp(x), [(0.5, 2.0), (3.0, 7.5)]),
    "j0": (lambda x: mp.besselj(0, x), [(0.0,), (2.0,)]),
    "j1": (lambda x: mp.besselj(1, x), [(0.0,), (2.0,)]),
    "y0": (lambda x: mp.bessely(0, x), [(0.3,), (2.0,)]),
    "y1": (lambda x: mp.bessely(1, x), [(0.3,), (2.0,)]),
    "i0": (lambda x: mp.besseli(0, x), [(0.0,), (-2.0,)]),
    "i1": (lambda x: mp.besseli(1, x), [(0.0,), (-2.0,)]),
    "k0": (lambda x: mp.besselk(0, x), [(0.3,), (2.0,)]),
    "k1": (lambda x: mp.besselk(1, x), [(0.3,), (2.0,)]),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [(0.4,), (-2.0,)]),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), [(0.4,), (-2.0,)]),
    "k0e": (lambda x: mp.besselk(0, x) * mp.exp(x), [(0.3,), (20.0,)]),
    "k1e": (lambda x: mp.besselk(1, x) * mp.exp(x), [(0.3,), (20.0,)]),
    "hyp2f1": (mp.hyp2f1, [(0.5, 1.2, 2.5, 0.3), (1.0, 2.0, 3.5, -1.7)]),
    "hyp1f1": (mp.hyp1f1, [(0.5, 1.2, 0.3), (1.0, 2.5, -3.0)]),
    "hyp0f1": (mp.hyp0f1, [(0.5, 0.3), (2.5, -3.0)]),
    "ellipk": (mp.ellipk, [(0.0,), (0.05,), (0.9,), (-3.0,)]),
    "ellipkm1": (lambda p: mp.ellipk(1 - p), [(1e-6,), (0.3,), (0.95,), (2.0,)]),
    "ellipe": (mp.ellipe, [(0.0,), (0.05,), (0.9,), (-3.0,)]),
    "ellipkinc": (mp.ellipf, [(0.7, 0.5), (1.2, -2.0), (0.7, 0.0), (0.9, 5e-5), (0.9, 2e-4)]),
    "ellipeinc": (mp.ellipe, [(0.7, 0.5), (1.2, -2.0), (0.7, 0.0), (0.9, 5e-5), (0.9, 2e-4)]),
}
INVERSES = {"gammaincinv": (sc.gammainc, [(0.7, 0.2), (3.5, 0.9)]), "betaincinv": (sc.betainc, [(0.7, 2.0, 0.3)])}
ROUNDING = {"ellipkinc": 2e-11, "ellipeinc": 2e-11, "owens_t": 1e-12, "erfcx": 1e-13}


def rules():
    from dualad.rules import scipy_special

    return {r.functions[0].__name__: r for r in vars(scipy_special).values() if hasattr(r, "fixed")}


def in_python(rule):
    """Return the function of a rule with SciPy's own functions in the place of the compiled ones."""
    names = dict(rule.function.__globals__)
    names.update((k, getattr(sc, k)) for k in names if k in POINTS or k in INVERSES or k in ("digamma", "polygamma"))
    return types.FunctionType(rule.function.__code__, names)


def test_every_function_has_points():
    assert rules().keys() == POINTS.keys() | INVERSES.keys()


@pytest.mark.parametrize("name", POINTS)
def test_partials(name):
    rule, (reference, points) = rules()[name], POINTS[name]
    for point in points:
        value, partials = in_python(rule)(*point)
        np.testing.assert_allclose(value, float(mp.re(reference(*point))), rtol=1e-11, atol=1e-300)
        for k in range(len(point)):
            order = tuple(int(j == k) for j in range(len(point)))
            if k in rule.fixed:
                assert partials[k] == 0.0
            else:
                with mp.workdps(30):
                    exact = mp.re(mp.diff(reference, tuple(map(mp.mpf, point)), order))
                np.testing.assert_allclose(partials[k], float(exact), rtol=ROUNDING.get(name, 5e-12), atol=1e-14)


@pytest.mark.parametrize("name", INVERSES)
def test_partials_of_inverses(name):
    forward, points = INVERSES[name]
    for *parameters, y in points:
        x, partials = in_python(rules()[name])(*parameters, y)
        slope = in_python(rules()[forward.__name__])(*parameters, x)[1][-1]
        np.testing.assert_allclose(partials[-1] * slope, 1.0, rtol=1e-12)


POINTER = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(
    get_cython_function_address("scipy.special.cython_special", "gammaln")
)


def of_numbers(x, y):
    total = sc.gammaln(x) * sc.beta(x, y) + sc.erf(x * y) + sc.polygamma(1, x) + sc.digamma(y)
    return total + sc.jv(2, x) + sc.hyp2f1(1.0, 2.0, 3.5, 0.1 * x) + sc.gammainc(2.0, y) * sc.ellipk(0.2 * y)


def of_arrays(x, y):
    p = sc.expit(y) * sc.xlogy(y, 2.0 * x[:, None])
    return np.sum(p) + sc.logit(np.array([0.2, 0.3])) @ sc.ndtri(0.1 + 0.2 * x[:2])


class Wrapped(WrapperAddressProtocol):
    def __wrapper_address__(self):
        return get_cython_function_address("scipy.special.cython_special", "__pyx_fuse_1xlogy")

    def signature(self):
        return float64(float64, float64)


WRAPPED = Wrapped()


def by_pointer(x):
    total = 0.0
    for v in x:
        total += POINTER(v) * WRAPPED(v, 2.0 * v)
    return total


def order_of_bessel(v, x):
    return sc.jv(v, x)


def unknown_function(x):
    return sc.zetac(x)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (of_numbers, (1.3, 0.7)),
        (of_arrays, (data(931, 3) ** 2 + 0.2, data(932, 2) ** 2 + 0.2)),
    ],
)
def test_in_functions(f, args):
    check_grads(f, args)


def test_pointers():
    x = data(933, 4) ** 2 + 0.3
    value, x_bar = dualad.value_and_grad(by_pointer)(x)
    np.testing.assert_allclose(value, njit(by_pointer)(x), rtol=1e-14)
    slope = sc.digamma(x) * sc.xlogy(x, 2.0 * x) + sc.gammaln(x) * (np.log(2.0 * x) + 1.0)
    np.testing.assert_allclose(x_bar, slope, rtol=1e-12)


def test_second_derivatives():
    second = dualad.grad(dualad.grad(lambda x: sc.ellipk(x) * sc.jv(1, x) + sc.log_ndtr(x)))(0.3)
    with mp.workdps(30):
        expected = mp.diff(lambda x: mp.ellipk(x) * mp.besselj(1, x) + mp.log(ndtr(x)), 0.3, 2)
    assert math.isclose(second, float(expected), rel_tol=1e-11)


def test_what_has_no_derivative_is_refused():
    np.testing.assert_allclose(dualad.grad(order_of_bessel, 1)(1.0, 2.0), sc.jvp(1, 2.0), rtol=1e-14)
    with pytest.raises(dualad.UnsupportedError, match="the derivative of jv by argument 0"):
        dualad.grad(order_of_bessel)(1.0, 2.0)
    with pytest.raises(dualad.UnsupportedError, match="zetac"):
        dualad.grad(unknown_function)(2.5)
