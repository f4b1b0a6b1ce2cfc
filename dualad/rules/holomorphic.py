"""Primitives of complex arithmetic, each a real function of real and imaginary parts.

Where a formula in parts would lose digits, the two parts of a function are primitives of their own, made by
`holomorphic` of the function and its complex derivative.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable

import numpy as np
from numba import njit, vectorize

from ..texts import define
from .complex_parts import on_parts
from .registry import pointwise

_jit = njit(error_model="numpy")


@vectorize
def fitted(x, like):
    """Return x, as often as it takes to have the shape of `like`."""
    return x


@pointwise(fitted, cheap=True)
def fitted_rule(x, like):
    return x, (1.0, 0.0)


@vectorize
def quotient(x, y, r):
    """Return a part of (x + iy) / r, for real r: with the other part, Numba's Smith's algorithm, signs of zero too."""
    return (x + y * (0.0 * r)) / r


@pointwise(quotient, pole=True)
def quotient_rule(x, y, r):
    value = quotient(x, y, r)
    return value, (1.0 / r, 0.0, -value / r)


@vectorize
def reciprocal_real(a, b):
    """Return the real part of 1 / (a + ib), by Smith's algorithm: no square overflows."""
    flat = abs(a) >= abs(b)
    ratio = b / a if flat else a / b
    return 1.0 / (a + b * ratio) if flat else ratio / (a * ratio + b)


@vectorize
def reciprocal_imag(a, b):
    """Return the imaginary part of 1 / (a + ib)."""
    flat = abs(a) >= abs(b)
    ratio = b / a if flat else a / b
    return (0.0 - ratio) / (a + b * ratio) if flat else -1.0 / (a * ratio + b)


@pointwise(reciprocal_real, pole=True)
def reciprocal_real_rule(a, b):  # the derivative of 1 / z is -1 / z**2
    value = reciprocal_real(a, b)
    imag = reciprocal_imag(a, b)
    return value, (imag * imag - value * value, 2.0 * value * imag)


@pointwise(reciprocal_imag, pole=True)
def reciprocal_imag_rule(a, b):
    value = reciprocal_imag(a, b)
    real = reciprocal_real(a, b)
    return value, (-2.0 * real * value, value * value - real * real)


_PARTS = """
def {name}_parts(a, b):
    return {name}_real(a, b), {name}_imag(a, b)


def {name}_real_rule(a, b):
    slope = {name}_slope(a, b)
    return {name}_real(a, b), (slope.real, -slope.imag)


def {name}_imag_rule(a, b):
    slope = {name}_slope(a, b)
    return {name}_imag(a, b), (slope.imag, slope.real)
"""


def holomorphic(name: str, function: Callable, slope: Callable, **flags: bool) -> Callable:
    """Declare the parts of an analytic function as primitives, by its complex derivative; return the pair of them.

    With f' = p + iq the real part has the partials (p, -q), the imaginary part (q, p): the equations of Cauchy and
    Riemann. `slope` takes the parts of the argument and returns a complex number; it is differentiated in its turn.
    """
    text = _PARTS.format(name=name)
    namespace = {"__name__": __name__, f"{name}_slope": slope}
    f = _jit(function)
    for part, value in (("real", lambda a, b: f(complex(a, b)).real), ("imag", lambda a, b: f(complex(a, b)).imag)):
        value.__name__ = value.__qualname__ = f"{name}_{part}"
        value.__module__ = __name__
        namespace[value.__name__] = globals()[value.__name__] = vectorize(value)
    define(text, f"<dualad: parts of {name}>", namespace)
    for part in ("real", "imag"):
        pointwise(namespace[f"{name}_{part}"], **flags)(namespace[f"{name}_{part}_rule"])
    return namespace[f"{name}_parts"]


@_jit
def inverse(z: complex) -> complex:
    """Return 1 / z; NaN at 0, where Numba's division raises an exception."""
    return complex(reciprocal_real(z.real, z.imag), reciprocal_imag(z.real, z.imag))


@_jit
def sqrt_slope(a: float, b: float) -> complex:
    """Return the derivative of sqrt."""
    return 0.5 * inverse(np.sqrt(complex(a, b)))


@_jit
def tanh_slope(a: float, b: float) -> complex:
    """Return the derivative of tanh."""
    return 1.0 - np.tanh(complex(a, b)) ** 2


@_jit
def asinh_slope(a: float, b: float) -> complex:
    """Return the derivative of arcsinh: 1 / sqrt(z**2 + 1), with the cuts of arcsinh."""
    return inverse(np.sqrt(complex(1.0 - b, a)) * np.sqrt(complex(1.0 + b, -a)))


@_jit
def acosh_slope(a: float, b: float) -> complex:
    """Return the derivative of arccosh: 1 / (sqrt(z - 1) sqrt(z + 1))."""
    return inverse(np.sqrt(complex(a - 1.0, b)) * np.sqrt(complex(a + 1.0, b)))


@_jit
def acos_slope(a: float, b: float) -> complex:
    """Return the derivative of arccos: -1 / (sqrt(1 - z) sqrt(1 + z))."""
    return -inverse(np.sqrt(complex(1.0 - a, -b)) * np.sqrt(complex(1.0 + a, b)))


@_jit
def atanh_slope(a: float, b: float) -> complex:
    """Return the derivative of arctanh."""
    return inverse(complex(1.0 - a, -b) * complex(1.0 + a, b))


sqrt = holomorphic("sqrt", lambda z: cmath.sqrt(z), sqrt_slope, singular=True)
tanh = holomorphic("tanh", lambda z: cmath.tanh(z), tanh_slope)
asinh = holomorphic("asinh", lambda z: cmath.asinh(z), asinh_slope, singular=True)
acosh = holomorphic("acosh", lambda z: cmath.acosh(z), acosh_slope, singular=True)
acos = holomorphic("acos", lambda z: cmath.acos(z), acos_slope, singular=True)
atanh = holomorphic("atanh", lambda z: cmath.atanh(z), atanh_slope, pole=True)

on_parts(np.sqrt, cmath.sqrt)(sqrt)
on_parts(np.tanh, cmath.tanh)(tanh)
on_parts(np.arcsinh, cmath.asinh)(asinh)
on_parts(np.arccosh, cmath.acosh)(acosh)
on_parts(np.arccos, cmath.acos)(acos)
on_parts(np.arctanh, cmath.atanh)(atanh)


@on_parts(np.tan, cmath.tan)
def tan(a, b):  # -i tanh(iz)
    real, imag = tanh(-b, a)
    return imag, -real


@on_parts(np.arcsin, cmath.asin)
def asin(a, b):  # -i arcsinh(iz)
    real, imag = asinh(-b, a)
    return imag, -real


@on_parts(np.arctan, cmath.atan)
def atan(a, b):  # -i arctanh(iz)
    real, imag = atanh(-b, a)
    return imag, -real
