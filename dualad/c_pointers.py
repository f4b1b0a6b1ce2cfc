"""Derivatives as C functions, for libraries that call back by pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import carray, types

from .compiler.lowering.source import innermost
from .errors import ArgumentError
from .signatures import name_of, parameter_names
from .written import function_of

__all__ = ["cfunc"]

_DOUBLES = types.CPointer(types.float64)

_KINDS: dict[str, tuple[object, str]] = {
    "quad": (types.float64(types.intc, _DOUBLES), "def callback(n, x):\n    return f({values})\n"),
    "ndimage": (
        types.intc(_DOUBLES, types.intp, _DOUBLES, types.voidptr),
        "def callback(x, n, out, data):\n    out[0] = f(carray(x, (n,)))\n    return 1\n",
    ),
    "nutpie": (
        types.int64(types.uint64, _DOUBLES, _DOUBLES, _DOUBLES, types.voidptr),
        """
def callback(n, x, slope, value, data):
    try:
        found, gradient = f(carray(x, (n,)))
        value[0] = found
        is_finite = True
        for k in range(gradient.size):
            slope[k] = gradient[k]
            is_finite = is_finite and np.isfinite(gradient[k])
        if not np.isfinite(found):
            return 3
    except Exception:
        return 1
    return 0 if is_finite else 2
""",
    ),
    "nutpie_expand": (
        types.int64(types.uint64, types.uint64, _DOUBLES, _DOUBLES, types.voidptr),
        """
def callback(n, size, x, out, data):
    try:
        found = f(carray(x, (n,)))
        if found.size != size:
            return 2
        for k in range(size):
            out[k] = found[k]
    except Exception:
        return 1
    return 0
""",
    ),
    "ipopt_f": (
        types.intc(types.intc, _DOUBLES, types.intc, _DOUBLES, types.voidptr),
        """
def callback(n, x, is_new, value, data):
    try:
        value[0] = f(carray(x, (n,)))
    except Exception:
        return 0
    return 1
""",
    ),
    "ipopt_grad_f": (
        types.intc(types.intc, _DOUBLES, types.intc, _DOUBLES, types.voidptr),
        """
def callback(n, x, is_new, slope, data):
    try:
        gradient = f(carray(x, (n,)))
        for k in range(gradient.size):
            slope[k] = gradient[k]
    except Exception:
        return 0
    return 1
""",
    ),
}
"""Signatures of C, and what is called with them."""


def cfunc(derivative: Callable, signature: object) -> Any:
    """Return a derivative, or a function, as a C function.

    Parameters
    ----------
    derivative : callable
        What dualad returns (`grad(f)`, `value_and_grad(f)`, ...), or any `@njit` function.
    signature : str or numba signature
        How it is called:

        ``"quad"``
            double (int, double \\*), a number from one argument each, for `scipy.integrate.quad` and `nquad`: a
            `scipy.LowLevelCallable`.
        ``"ndimage"``
            int (double \\*, npy_intp, double \\*, void \\*), a number from an array, for `generic_filter` of
            `scipy.ndimage`: a `scipy.LowLevelCallable`.
        ``"nutpie"``
            int64 (uint64, double \\*, double \\*, double \\*, void \\*), of `value_and_grad` of a log-density: what
            nutpie takes. It returns 0, 1 if an exception was raised, 2 if the gradient is not finite, 3 if the value
            is not.
        ``"nutpie_expand"``
            int64 (uint64, uint64, double \\*, double \\*, void \\*), of a jitted function from a draw to an
            array of what is kept of it. It returns 0, 1 if an exception was raised, 2 if the array has another size.
        ``"ipopt_f"``, ``"ipopt_grad_f"``
            Eval_F_CB and Eval_Grad_F_CB of Ipopt's C interface, of a function and of its gradient.

        Anything else is a Numba signature, such as ``"float64(float64, float64)"``.

    Returns
    -------
    object
        A Numba CFunc (with `address` and `ctypes`), or a `scipy.LowLevelCallable`. It is compiled here and now.

    Raises
    ------
    ArgumentError
        If there is no such signature.
    UnsupportedError, NotDifferentiableError
        If the function cannot be differentiated for these types.
    """
    name = name_of(derivative)
    names = parameter_names(derivative)
    if isinstance(signature, str) and signature in _KINDS:
        given, text = _KINDS[signature]
        text = text.format(values=", ".join(f"x[{k}]" for k in range(len(names)))) if signature == "quad" else text
    else:
        given, values = signature, ", ".join(f"a{k}" for k in range(len(names)))
        text = f"def callback({values}):\n    return f({values})\n"
        if isinstance(signature, str) and "(" not in signature:
            kinds = ", ".join(map(repr, _KINDS))
            raise ArgumentError(f"signature={signature!r}: it is one of {kinds}, or one of Numba's")
    made = function_of(text, innermost(derivative), f=derivative, carray=carray)["callback"]
    made.__name__ = made.__qualname__ = name if name.isidentifier() else "callback"
    compiled = numba.cfunc(given)(made)
    if signature in ("quad", "ndimage"):
        import scipy

        return scipy.LowLevelCallable(compiled.ctypes)
    return compiled
