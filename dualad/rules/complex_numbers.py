"""Functions of complex numbers, in real and imaginary parts (`complex_parts` says how)."""

from __future__ import annotations

import builtins
import cmath
import math

import numpy as np

from .complex_parts import of_complex, on_parts
from .composites import written_out
from .holomorphic import reciprocal_imag, reciprocal_real
from .linear_algebra import matrix_power


@on_parts(np.exp, cmath.exp)
def exp(a, b):
    size = np.exp(a)
    return size * np.cos(b), size * np.sin(b)


@on_parts(np.log, cmath.log)
def log(a, b):
    return np.log(np.hypot(a, b)), np.arctan2(b, a)


@on_parts(np.log10, cmath.log10)
def log10(a, b):
    return np.log10(np.hypot(a, b)), np.arctan2(b, a) / math.log(10.0)


@on_parts(np.log2)
def log2(a, b):
    return np.log2(np.hypot(a, b)), np.arctan2(b, a) / math.log(2.0)


@on_parts(np.sin, cmath.sin)
def sin(a, b):
    return np.sin(a) * np.cosh(b), np.cos(a) * np.sinh(b)


@on_parts(np.cos, cmath.cos)
def cos(a, b):
    return np.cos(a) * np.cosh(b), -(np.sin(a) * np.sinh(b))


@on_parts(np.sinh, cmath.sinh)
def sinh(a, b):
    return np.sinh(a) * np.cos(b), np.cosh(a) * np.sin(b)


@on_parts(np.cosh, cmath.cosh)
def cosh(a, b):
    return np.cosh(a) * np.cos(b), np.sinh(a) * np.sin(b)


@on_parts(np.square)
def square(a, b):
    return a * a - b * b, a * b + b * a


@on_parts(np.reciprocal)
def reciprocal(a, b):
    return reciprocal_real(a, b), reciprocal_imag(a, b)


@on_parts(builtins.abs, np.abs)
def absolute(a, b):  # 0 at 0, in both modes
    return np.hypot(a, b)


@on_parts(np.angle, cmath.phase)
def angle(a, b):  # NaN at 0
    return np.arctan2(b, a)


def real_power(a, b, c):
    """Return the parts of (a + ib)**c for real c, in polar form."""
    size, turn = np.hypot(a, b) ** c, c * np.arctan2(b, a)
    return size * np.cos(turn), size * np.sin(turn)


def complex_power(a, b, c, d):
    """Return the parts of (a + ib)**(c + id), in polar form."""
    size, turn = np.hypot(a, b), np.arctan2(b, a)
    size, turn = size**c * np.exp(-d * turn), c * turn + d * np.log(size)
    return size * np.cos(turn), size * np.sin(turn)


# -------------------------------------------------------------------- functions in terms of others


@written_out(cmath.polar)
def polar(z):
    z = complex(z)
    return abs(z), np.angle(z)


@written_out(cmath.rect)
def rect(r, phi):
    return complex(r * math.cos(phi), r * math.sin(phi))


of_complex(np.linalg.matrix_power)(matrix_power)


@of_complex(np.prod)
def prod(a):
    out = complex(1.0, 0.0)
    for x in a.flat:
        out = out * x
    return out


@of_complex(np.var)
def var(a):
    away = a - np.mean(a)
    return np.mean(away.real * away.real + away.imag * away.imag)


@of_complex(np.std)
def std(a):
    return np.sqrt(np.var(a))


@of_complex(np.linalg.norm)
def norm(x):  # 0 at 0, in both modes, as that of real numbers
    return np.linalg.norm(np.abs(x))
