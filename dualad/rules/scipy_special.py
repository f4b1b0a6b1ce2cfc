"""scipy.special: its values by the pointers that SciPy gives to compiled code, with rules of our own.

SciPy's functions are ufuncs, which Numba does not know. Behind most stands one function of numbers, whose address
`scipy.special.cython_special` exports; jitted code calls it by a symbol of that name. This module is imported when a
function of scipy.special is met in a function that is differentiated, not before: it takes half a second.

Formulas are from the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov); the sections stand beside
the rules. `fixed` names the arguments by which there is no derivative here (the order of a Bessel function): where one
depends on what is differentiated, that is an error.
"""

import ctypes
import math

import numpy as np
import scipy.special as sc
from numba import njit
from scipy.special import cython_special

from .pointers import POINTERS
from .registry import pointwise
from .special import TWO_OVER_SQRT_PI, digamma, polygamma

SQRT_2_PI = math.sqrt(2.0 * math.pi)
SQRT_2 = math.sqrt(2.0)
SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)

NATIVE = {
    **{sc.psi: digamma, sc.polygamma: polygamma, sc.erf: math.erf, sc.erfc: math.erfc, sc.cbrt: np.cbrt},
    **{sc.expm1: math.expm1, sc.log1p: math.log1p, sc.exp2: np.exp2},
}
"""What is called in place of a function of scipy.special."""
BY_ADDRESS: dict[int, object] = {}
"""What is called in place of a pointer into `cython_special`."""
_PLAIN = {sc.psi: "psi", sc.erf: "erf", sc.erfc: "erfc", sc.cbrt: "cbrt", sc.expm1: "expm1", sc.log1p: "log1p"}


def _symbols(name: str) -> list[str]:
    """Return the names under which a function of real numbers may be exported."""
    return [s for s in (name, f"__pyx_fuse_1{name}", f"__pyx_fuse_0{name}") if s in cython_special.__pyx_capi__]


def _address(name: str) -> int:
    """Return the address of the variant of a function that takes and gives doubles."""
    text = ctypes.pythonapi.PyCapsule_GetName
    text.restype, text.argtypes = ctypes.c_char_p, [ctypes.py_object]
    for symbol in _symbols(name):
        if text(cython_special.__pyx_capi__[symbol]).startswith(b"double (double"):
            return POINTERS.address("scipy.special.cython_special", symbol)
    raise ImportError(f"scipy.special.cython_special has no {name} of real numbers")


def native(name: str, count: int) -> object:
    """Return the compiled function of numbers behind a ufunc of scipy.special."""
    address = _address(name)
    call = POINTERS.call(f"dualad_scipy_{name}", address, count)
    # the last argument is one that Cython adds to functions which Python can call as well
    params = [f"x{k}" for k in range(count)]
    namespace = {"call": call, "__name__": __name__}
    text = f"def {name}({', '.join(params)}):\n    return call({', '.join(f'float({p})' for p in params)}, 0)\n"
    exec(text, namespace)  # noqa: S102
    function = njit(error_model="numpy")(namespace[name])
    NATIVE[getattr(sc, name)] = BY_ADDRESS[address] = function
    return function


for _function, _name in _PLAIN.items():
    BY_ADDRESS[_address(_name)] = NATIVE[_function]

gammaln, loggamma, rgamma, gamma = (native(n, 1) for n in ("gammaln", "loggamma", "rgamma", "gamma"))
beta, betaln, binom, poch = (native(n, 2) for n in ("beta", "betaln", "binom", "poch"))
gammainc, gammaincc, gammaincinv = (native(n, 2) for n in ("gammainc", "gammaincc", "gammaincinv"))
betainc, betaincc, betaincinv = (native(n, 3) for n in ("betainc", "betaincc", "betaincinv"))
erfinv, erfcinv, erfcx, erfi, dawsn = (native(n, 1) for n in ("erfinv", "erfcinv", "erfcx", "erfi", "dawsn"))
ndtr, ndtri, log_ndtr, exp10 = (native(n, 1) for n in ("ndtr", "ndtri", "log_ndtr", "exp10"))
expit, logit, log_expit, entr = (native(n, 1) for n in ("expit", "logit", "log_expit", "entr"))
xlogy, xlog1py, rel_entr, kl_div = (native(n, 2) for n in ("xlogy", "xlog1py", "rel_entr", "kl_div"))
stdtr, owens_t, huber, pseudo_huber = (native(n, 2) for n in ("stdtr", "owens_t", "huber", "pseudo_huber"))
jv, yv, iv, kv, ive, kve = (native(n, 2) for n in ("jv", "yv", "iv", "kv", "ive", "kve"))
j0, j1, y0, y1, i0, i1, k0, k1 = (native(n, 1) for n in ("j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1"))
i0e, i1e, k0e, k1e, exp1, expi = (native(n, 1) for n in ("i0e", "i1e", "k0e", "k1e", "exp1", "expi"))
ellipk, ellipe, ellipkm1 = (native(n, 1) for n in ("ellipk", "ellipe", "ellipkm1"))
ellipkinc, ellipeinc = (native(n, 2) for n in ("ellipkinc", "ellipeinc"))
hyp2f1, hyp1f1, hyp0f1 = native("hyp2f1", 4), native("hyp1f1", 3), native("hyp0f1", 2)


# ----------------------------------------------------------------------------------------- gamma and beta (DLMF 5, 8)


@pointwise(gammaln, pole=True)
def gammaln_rule(x):
    return gammaln(x), (digamma(x),)


@pointwise(loggamma, pole=True)
def loggamma_rule(x):
    return loggamma(x), (digamma(x),)


@pointwise(gamma, pole=True)
def gamma_of_scipy(x):
    value = gamma(x)
    return value, (value * digamma(x),)


@pointwise(rgamma)
def rgamma_rule(x):
    value = rgamma(x)
    return value, (-value * digamma(x),)


@pointwise(beta, pole=True)
def beta_rule(a, b):
    value = beta(a, b)
    both = digamma(a + b)
    return value, (value * (digamma(a) - both), value * (digamma(b) - both))


@pointwise(betaln, pole=True)
def betaln_rule(a, b):
    both = digamma(a + b)
    return betaln(a, b), (digamma(a) - both, digamma(b) - both)


@pointwise(binom)
def binom_rule(n, k):
    value = binom(n, k)
    rest = digamma(n - k + 1.0)
    return value, (value * (digamma(n + 1.0) - rest), value * (rest - digamma(k + 1.0)))


@pointwise(poch)
def poch_rule(z, m):
    value = poch(z, m)
    end = digamma(z + m)
    return value, (value * (end - digamma(z)), value * end)


@pointwise(gammainc, singular=True, fixed=(0,))
def gammainc_rule(a, x):  # 8.8.13
    return gammainc(a, x), (0.0, math.exp((a - 1.0) * math.log(x) - x - gammaln(a)))


@pointwise(gammaincc, singular=True, fixed=(0,))
def gammaincc_rule(a, x):
    return gammaincc(a, x), (0.0, -math.exp((a - 1.0) * math.log(x) - x - gammaln(a)))


@pointwise(gammaincinv, pole=True, fixed=(0,))
def gammaincinv_rule(a, y):
    value = gammaincinv(a, y)
    return value, (0.0, math.exp(gammaln(a) + value - (a - 1.0) * math.log(value)))


@pointwise(betainc, singular=True, fixed=(0, 1))
def betainc_rule(a, b, x):  # 8.17.20 and the definition
    density = math.exp((a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - betaln(a, b))
    return betainc(a, b, x), (0.0, 0.0, density)


@pointwise(betaincc, singular=True, fixed=(0, 1))
def betaincc_rule(a, b, x):
    density = math.exp((a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - betaln(a, b))
    return betaincc(a, b, x), (0.0, 0.0, -density)


@pointwise(betaincinv, singular=True, fixed=(0, 1))
def betaincinv_rule(a, b, y):
    value = betaincinv(a, b, y)
    return value, (0.0, 0.0, math.exp(betaln(a, b) - (a - 1.0) * math.log(value) - (b - 1.0) * math.log1p(-value)))


@pointwise(stdtr, fixed=(0,))
def stdtr_rule(df, t):
    scale = gammaln(0.5 * (df + 1.0)) - gammaln(0.5 * df) - 0.5 * math.log(df * math.pi)
    return stdtr(df, t), (0.0, math.exp(scale - 0.5 * (df + 1.0) * math.log1p(t * t / df)))


# ------------------------------------------------------------------------- errors, normal distribution, logs (DLMF 7)


@pointwise(erfinv, pole=True)
def erfinv_rule(x):
    value = erfinv(x)
    return value, (math.exp(value * value) / TWO_OVER_SQRT_PI,)


@pointwise(erfcinv, pole=True)
def erfcinv_rule(x):
    value = erfcinv(x)
    return value, (-math.exp(value * value) / TWO_OVER_SQRT_PI,)


@pointwise(erfcx, overflows=True)
def erfcx_rule(x):
    value = erfcx(x)
    return value, (2.0 * x * value - TWO_OVER_SQRT_PI,)


@pointwise(erfi, overflows=True)
def erfi_rule(x):
    return erfi(x), (TWO_OVER_SQRT_PI * math.exp(x * x),)


@pointwise(dawsn)
def dawsn_rule(x):
    value = dawsn(x)
    return value, (1.0 - 2.0 * x * value,)


@pointwise(ndtr)
def ndtr_rule(x):
    return ndtr(x), (math.exp(-0.5 * x * x) / SQRT_2_PI,)


@pointwise(ndtri, pole=True)
def ndtri_rule(y):
    value = ndtri(y)
    return value, (SQRT_2_PI * math.exp(0.5 * value * value),)


@pointwise(log_ndtr)
def log_ndtr_rule(x):  # the quotient of density and distribution, which both vanish far to the left
    return log_ndtr(x), (SQRT_2_OVER_PI / erfcx(-x / SQRT_2),)


@pointwise(exp10, overflows=True)
def exp10_rule(x):
    value = exp10(x)
    return value, (2.302585092994046 * value,)


@pointwise(expit)
def expit_rule(x):
    value = expit(x)
    return value, (value * expit(-x),)


@pointwise(logit, pole=True)
def logit_rule(x):
    return logit(x), (1.0 / (x * (1.0 - x)),)


@pointwise(log_expit)
def log_expit_rule(x):
    return log_expit(x), (expit(-x),)


@pointwise(entr, singular=True)
def entr_rule(x):
    return entr(x), (-math.log(x) - 1.0,)


@pointwise(xlogy, pole=True)
def xlogy_rule(x, y):
    return xlogy(x, y), (math.log(y), 0.0 if x == 0.0 else x / y)


@pointwise(xlog1py, pole=True)
def xlog1py_rule(x, y):
    return xlog1py(x, y), (math.log1p(y), 0.0 if x == 0.0 else x / (1.0 + y))


@pointwise(rel_entr, pole=True)
def rel_entr_rule(x, y):
    return rel_entr(x, y), (math.log(x / y) + 1.0, -x / y)


@pointwise(kl_div, pole=True)
def kl_div_rule(x, y):
    return kl_div(x, y), (math.log(x / y), 1.0 - x / y)


@pointwise(huber)
def huber_rule(delta, r):
    size = math.fabs(r)
    inside = size <= delta
    return huber(delta, r), (0.0 if inside else size - delta, r if inside else math.copysign(delta, r))


@pointwise(pseudo_huber)
def pseudo_huber_rule(delta, r):
    value = pseudo_huber(delta, r)
    root = math.sqrt(1.0 + (r / delta) * (r / delta))
    return value, (2.0 * delta * (root - 1.0) - r * r / (delta * root), r / root)


@pointwise(owens_t)
def owens_t_rule(h, a):
    square = 1.0 + a * a
    return owens_t(h, a), (
        -math.exp(-0.5 * h * h) / SQRT_2_PI * (ndtr(a * h) - 0.5),
        math.exp(-0.5 * h * h * square) / (2.0 * math.pi * square),
    )


@pointwise(exp1, pole=True)
def exp1_rule(x):  # 6.2.1
    return exp1(x), (-math.exp(-x) / x,)


@pointwise(expi, pole=True)
def expi_rule(x):
    return expi(x), (math.exp(x) / x,)


# ------------------------------------------------------------------------------- Bessel functions (DLMF 10.6, 10.29)


@pointwise(jv, fixed=(0,))
def jv_rule(v, x):
    return jv(v, x), (0.0, 0.5 * (jv(v - 1.0, x) - jv(v + 1.0, x)))


@pointwise(yv, pole=True, fixed=(0,))
def yv_rule(v, x):
    return yv(v, x), (0.0, 0.5 * (yv(v - 1.0, x) - yv(v + 1.0, x)))


@pointwise(iv, overflows=True, fixed=(0,))
def iv_rule(v, x):
    return iv(v, x), (0.0, 0.5 * (iv(v - 1.0, x) + iv(v + 1.0, x)))


@pointwise(kv, pole=True, fixed=(0,))
def kv_rule(v, x):
    return kv(v, x), (0.0, -0.5 * (kv(v - 1.0, x) + kv(v + 1.0, x)))


@pointwise(ive, fixed=(0,))
def ive_rule(v, x):
    value = ive(v, x)
    return value, (0.0, 0.5 * (ive(v - 1.0, x) + ive(v + 1.0, x)) - math.copysign(value, value * x))


@pointwise(kve, pole=True, fixed=(0,))
def kve_rule(v, x):
    value = kve(v, x)
    return value, (0.0, value - 0.5 * (kve(v - 1.0, x) + kve(v + 1.0, x)))


@pointwise(j0)
def j0_rule(x):
    return j0(x), (-j1(x),)


@pointwise(j1)
def j1_rule(x):
    return j1(x), (0.5 * (j0(x) - jv(2.0, x)),)


@pointwise(y0, pole=True)
def y0_rule(x):
    return y0(x), (-y1(x),)


@pointwise(y1, pole=True)
def y1_rule(x):
    value = y1(x)
    return value, (y0(x) - value / x,)


@pointwise(i0, overflows=True)
def i0_rule(x):
    return i0(x), (i1(x),)


@pointwise(i1, overflows=True)
def i1_rule(x):
    return i1(x), (0.5 * (i0(x) + iv(2.0, x)),)


@pointwise(k0, pole=True)
def k0_rule(x):
    return k0(x), (-k1(x),)


@pointwise(k1, pole=True)
def k1_rule(x):
    value = k1(x)
    return value, (-k0(x) - value / x,)


@pointwise(i0e)
def i0e_rule(x):
    value = i0e(x)
    return value, (i1e(x) - math.copysign(value, x) if x != 0.0 else 0.0,)


@pointwise(i1e)
def i1e_rule(x):  # i1e is odd: sign(x) i1e(x) is its size
    value = i1e(x)
    return value, (0.5 * (i0e(x) + ive(2.0, x)) - math.fabs(value),)


@pointwise(k0e, pole=True)
def k0e_rule(x):
    value = k0e(x)
    return value, (value - k1e(x),)


@pointwise(k1e, pole=True)
def k1e_rule(x):
    value = k1e(x)
    return value, (value - k0e(x) - value / x,)


# ------------------------------------------------------------- hypergeometric functions, elliptic integrals (15, 19)


@pointwise(hyp2f1, pole=True, fixed=(0, 1, 2))
def hyp2f1_rule(a, b, c, x):  # 15.5.1
    return hyp2f1(a, b, c, x), (0.0, 0.0, 0.0, a * b / c * hyp2f1(a + 1.0, b + 1.0, c + 1.0, x))


@pointwise(hyp1f1, overflows=True, fixed=(0, 1))
def hyp1f1_rule(a, b, x):  # 13.3.15
    return hyp1f1(a, b, x), (0.0, 0.0, a / b * hyp1f1(a + 1.0, b + 1.0, x))


@pointwise(hyp0f1, overflows=True, fixed=(0,))
def hyp0f1_rule(v, x):
    return hyp0f1(v, x), (0.0, hyp0f1(v + 1.0, x) / v)


@pointwise(ellipk, pole=True)
def ellipk_rule(m):  # 19.4.1, which cancels around 0; there by 19.5.1 and 15.5.1
    value = ellipk(m)
    far = (ellipe(m) / (1.0 - m) - value) / (2.0 * m) if math.fabs(m) > 0.1 else 0.0
    return value, (far if math.fabs(m) > 0.1 else math.pi / 8.0 * hyp2f1(1.5, 1.5, 2.0, m),)


@pointwise(ellipkm1, pole=True)
def ellipkm1_rule(p):  # K at 1 - p
    value = ellipkm1(p)
    far = (value - ellipe(1.0 - p) / p) / (2.0 * (1.0 - p)) if math.fabs(1.0 - p) > 0.1 else 0.0
    return value, (far if math.fabs(1.0 - p) > 0.1 else -math.pi / 8.0 * hyp2f1(1.5, 1.5, 2.0, 1.0 - p),)


@pointwise(ellipe, singular=True)
def ellipe_rule(m):  # 19.4.2
    value = ellipe(m)
    far = (value - ellipk(m)) / (2.0 * m) if math.fabs(m) > 0.1 else 0.0
    return value, (far if math.fabs(m) > 0.1 else -math.pi / 8.0 * hyp2f1(0.5, 1.5, 2.0, m),)


@pointwise(ellipkinc, pole=True)
def ellipkinc_rule(phi, m):  # 19.4.5; around m = 0 the series of the integrand
    value = ellipkinc(phi, m)
    s = math.sin(phi)
    root = math.sqrt(1.0 - m * s * s)
    two = math.sin(2.0 * phi)
    four = math.sin(4.0 * phi)
    second = 0.5 * phi - 0.25 * two
    fourth = 0.375 * phi - 0.25 * two + 0.03125 * four
    sixth = 0.3125 * phi - 0.234375 * two + 0.046875 * four - math.sin(6.0 * phi) / 192.0
    near = 0.5 * second + m * (0.75 * fourth + m * 0.9375 * sixth)
    rest = 1.0 - m
    far = (ellipeinc(phi, m) / rest - value) / (2.0 * m) - two / (4.0 * rest * root) if math.fabs(m) > 1e-4 else near
    return value, (1.0 / root, far)


@pointwise(ellipeinc)
def ellipeinc_rule(phi, m):  # 19.4.6
    value = ellipeinc(phi, m)
    s = math.sin(phi)
    two = math.sin(2.0 * phi)
    four = math.sin(4.0 * phi)
    second = 0.5 * phi - 0.25 * two
    fourth = 0.375 * phi - 0.25 * two + 0.03125 * four
    sixth = 0.3125 * phi - 0.234375 * two + 0.046875 * four - math.sin(6.0 * phi) / 192.0
    near = -0.5 * second - m * (0.25 * fourth + m * 0.1875 * sixth)
    far = (value - ellipkinc(phi, m)) / (2.0 * m) if math.fabs(m) > 1e-4 else near
    return value, (math.sqrt(1.0 - m * s * s), far)
