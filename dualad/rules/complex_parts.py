"""What functions of complex numbers do to real and imaginary parts: how it is declared.

The compiler takes complex values that carry derivatives apart into two real ones (`transform.complex_parts`), so that
nothing behind it knows of complex numbers. Rules say how a function acts on the parts::

    @on_parts(np.exp, cmath.exp)
    def exp(a, b):                          # exp(a + ib)
        size = np.exp(a)
        return size * np.cos(b), size * np.sin(b)

The parameters are the parts of the arguments, in order; the result is a pair of parts, or one real value. The functions
are inlined like the user's: their derivatives follow from the rules of what they call, analytic or not. They are of
numbers and arrays alike, so that they have no branches; values are those of Numba, signs of zeros included, since these
tell the sides of branch cuts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from .registry import constant

_jit = njit(error_model="numpy")

_on_parts: dict[Callable, Callable] = {}
_composites: dict[Callable, Callable] = {}


def on_parts(*functions: Callable) -> Callable:
    """Declare what functions do to real and imaginary parts (decorator)."""

    def register(written: Callable) -> Callable:
        _on_parts.update(dict.fromkeys(functions, written))
        return written

    return register


def of_complex(*functions: Callable) -> Callable:
    """Declare what functions are in terms of others, of complex arguments (decorator)."""

    def register(written: Callable) -> Callable:
        _composites.update(dict.fromkeys(functions, written))
        return written

    return register


def find_on_parts(function: object) -> Callable | None:
    """Return what a function does to parts, or None."""
    return _on_parts.get(function) if callable(function) else None


def find_composite(function: object) -> Callable | None:
    """Return what a function of complex arguments is in terms of others, or None."""
    return _composites.get(function) if callable(function) else None


@_jit
def real_part(z: complex) -> float:
    """Return the real part of a complex number that carries no derivative."""
    return z.real


@_jit
def imag_part(z: complex) -> float:
    """Return the imaginary part of a complex number that carries no derivative."""
    return z.imag


constant(real_part, imag_part, name="parts", cheap=False)


@_jit
def complex_number(real: float, imag: float) -> complex:
    """Return a complex number with the given parts."""
    return complex(real, imag)


@_jit
def complex64_number(real: float, imag: float) -> complex:
    """Return a complex64 with the given parts."""
    return np.complex64(complex(real, imag))


@_jit
def complex_array(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    """Return a new complex array with the given parts."""
    out = np.empty(real.shape, np.complex128)
    for k in range(out.size):
        out.flat[k] = complex(real.flat[k], imag.flat[k])
    return out


@_jit
def complex64_array(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    """Return a new complex64 array with the given parts."""
    out = np.empty(real.shape, np.complex64)
    for k in range(out.size):
        out.flat[k] = complex(real.flat[k], imag.flat[k])
    return out


WHOLES = {complex_number: 128, complex64_number: 64, complex_array: 128, complex64_array: 64}
"""What makes complex values of their parts, with the number of bits."""
