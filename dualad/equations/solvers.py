"""Any Python function as one that jitted code can call: compiled by Numba if that can be, run as Python if not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

import numpy as np
from numba import njit, objmode, types

from ..compiler.build import Derivative, build
from ..compiler.runtime.numba_bridge import call_type, is_jitted, specialising_dispatcher
from ..errors import ArgumentError, DualadError
from ..written import function_of

RESULTS = {
    "float64": types.float64,
    "float64[:]": types.Array(types.float64, 1, "C"),
    "float64[:, :]": types.Array(types.float64, 2, "C"),
}
"""What a function that runs as Python may return."""

_REMEDY = "say which by result='float64', 'float64[:]' or 'float64[:, :]'"


def label_of(f: object) -> str:
    """Return what a callable is called in messages."""
    return getattr(f, "__name__", type(f).__name__)


def as_jitted(f: Callable, names: list[str], result_of: Callable[[tuple], object], is_python: bool = False) -> object:
    """Return a function as one that jitted code can call.

    Parameters
    ----------
    f : callable
    names : list of str
        Those of its parameters.
    result_of : callable
        Takes the Numba types of the arguments; returns the type of the result, for a function that runs as Python.
    is_python : bool
        Whether it is to run as Python in any case.
    """
    given = ", ".join(names)
    name = label_of(f) if label_of(f).isidentifier() else "solution"
    call = f"def {name}({given}):\n    return inner_({given})\n"

    def specialise(argument_types: tuple) -> Callable:
        inner = None if is_python else _compiled(f, argument_types)
        inner = inner or _in_python(f, given, result_of(argument_types))
        return function_of(call, f, inner_=inner)[name]

    stub = function_of(f"def {name}({given}):\n    raise RuntimeError('a stub was run')\n", f)[name]
    return specialising_dispatcher(stub, specialise)


def _compiled(f: Callable, argument_types: tuple) -> object | None:
    """Return a function as Numba compiles it, or None if it does not."""
    if is_jitted(type(f)):
        return f
    if not inspect.isfunction(f):
        return None
    made = njit(f)
    try:
        call_type(made, argument_types, {})
    except Exception:  # whatever the function does when Numba tries it out
        return None
    return made


def _in_python(f: Callable, given: str, ty: object) -> object:
    """Return a jitted function that runs one as Python."""
    ndim = getattr(ty, "ndim", 0)

    def as_result(y: object) -> object:
        if np.ndim(y) != ndim:
            what = f"{label_of(f)} returns {np.ndim(y)} dimensions where {ndim} are expected"
            raise ArgumentError(f"{what}: {_REMEDY}")
        return np.ascontiguousarray(y, np.float64) if ndim else float(y)

    text = f"""
def in_python({given}):
    with objmode(y_=result_):
        y_ = as_result_(f_({given}))
    return y_
"""
    made = function_of(text, f, result_=ty, as_result_=as_result, f_=f, objmode=objmode)["in_python"]
    made.__module__ = None  # else Numba looks its names up in the module of that name
    return njit(made)


def first_type(
    f: Callable, solver: Callable, given: tuple, candidates: Iterable[str], dimensions: int | None = None
) -> object:
    """Return the first type of y for which f(y, *args) has so many dimensions, by default those of y.

    Parameters
    ----------
    f, solver : callable
        The residual or the objective; what returns y.
    given : tuple of Numba types
        Those of the arguments.
    candidates : iterable of str
        Keys of `RESULTS`.
    """
    for ty in map(RESULTS.__getitem__, candidates):
        try:
            found = build(Derivative(f, "primal", ()), (ty, *given)).result_type
        except DualadError:
            continue
        expected = getattr(ty, "ndim", 0) if dimensions is None else dimensions
        if getattr(found, "ndim", 0) == expected and not isinstance(found, types.BaseTuple):
            return ty
    raise ArgumentError(
        f"the dimensions of what {label_of(solver)} returns cannot be told from {label_of(f)}: {_REMEDY}"
    )
