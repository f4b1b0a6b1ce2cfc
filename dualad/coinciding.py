"""Gradients of functions of eigenvalues and eigenvectors, where values coincide: by forward mode, if there are any.

What a smooth function of a symmetric matrix contributes within a cluster of equal eigenvalues does not follow from the
adjoints of values and vectors, so reverse mode says NaN there (`rules.spectra`). Forward mode turns the basis with each
direction, and is right in each of them. Whether the derivatives along all directions are those of one gradient is
tried along one more: that is so where the function is smooth, and where it is not NaN stays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .compiler.runtime.numba_bridge import NumbaError
from .errors import DualadError

_CLOSE = 1e-6
"""How well the derivative along one more direction is to agree."""


def by_forward_mode(what: object, gradient: object, args: tuple, derivative_of: Callable) -> object:
    """Return a gradient with NaN in it as forward mode finds it, or as it is.

    Parameters
    ----------
    what : Derivative
        The gradient: of kind "grad" or "value_and_grad".
    gradient : float, ndarray or tuple of these
    args : tuple
        As native code takes them.
    derivative_of : callable
        Returns other derivatives of the function.
    """
    parts = (gradient,) if what.single else gradient
    if not all(isinstance(p, float | np.ndarray) for p in parts) or not any(np.isnan(p).any() for p in parts):
        return gradient
    rng = np.random.default_rng(0)
    dots = [rng.standard_normal(np.shape(p)).astype(np.asarray(p).dtype) for p in parts]
    dots = [d if isinstance(p, np.ndarray) else float(d) for d, p in zip(dots, parts, strict=True)]
    extra = tuple(f"x{k}_dot_" for k in what.argnums)
    try:
        forward = derivative_of(what.function, "jacfwd", what.argnums)(*args)
        along = derivative_of(what.function, "jvp", what.argnums, extra=extra)(*args, *dots)[1]
    except (DualadError, NumbaError):
        return gradient
    expected = sum(np.sum(p * d) for p, d in zip(forward, dots, strict=True))
    size = sum(np.sum(np.abs(p * d)) for p, d in zip(forward, dots, strict=True))
    if not abs(along - expected) <= _CLOSE * size:  # NaN is not close
        return gradient
    return forward[0] if what.single else forward
