"""What stands behind @vectorize, @guvectorize and @stencil: functions of numbers, of parts of arrays, of a place.

Each is called as a function of whole arrays, and Numba writes the loops around it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from numba import types, vectorize
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc
from numba.np.ufunc.sigparse import parse_signature
from numba.stencils.stencil import StencilFunc

from ....texts import define
from . import pointers  # noqa: F401  (what the functions of scipy.special are called by)

__all__ = ["Elementwise", "Generalised", "Stencil", "elementwise", "kernel_of", "wrapper_of"]


@dataclass(eq=False)
class Elementwise:
    """A ufunc of the user's: `kernel` is the function of numbers that it calls for each element."""

    value: object
    kernel: Callable
    count: int

    @property
    def __name__(self) -> str:
        return self.kernel.__name__

    def signature(self, given: tuple) -> tuple[tuple, object]:
        """Return the types that the kernel is compiled for where the elements have the given ones, and its result's."""
        found, _ = self.value.find_ewise_function(given)
        return (given, None) if found is None else (tuple(found.args), found.return_type)


@dataclass(eq=False)
class Generalised:
    """A generalised ufunc: the names of the core dimensions of its inputs and outputs, and its signatures."""

    value: object
    kernel: Callable
    inputs: tuple[tuple[str, ...], ...]
    outputs: tuple[tuple[str, ...], ...]
    signatures: tuple[tuple, ...]

    @property
    def __name__(self) -> str:
        return self.kernel.__name__

    def signature(self, dtypes: tuple) -> tuple | None:
        """Return the types of the parameters of the kernel for inputs of some dtypes; None if none are declared."""
        exact = (s for s in self.signatures if tuple(getattr(t, "dtype", t) for t in s[: len(dtypes)]) == dtypes)
        return next(exact, self.signatures[0] if self.signatures else None)


@dataclass(eq=False)
class Stencil:
    """A stencil: `kernel` is the function of arrays that are indexed by the distance from a place."""

    value: object
    kernel: Callable
    cval: object
    neighborhood: tuple | None
    standard_indexing: tuple[str, ...]
    has_cval: bool

    @property
    def __name__(self) -> str:
        return self.kernel.__name__


_known: dict[int, tuple[object, object]] = {}
"""What was found, by the id of what it was found for (which is kept)."""


def kernel_of(f: object) -> Elementwise | Generalised | Stencil | None:
    """Return what stands behind a ufunc, a generalised ufunc or a stencil of Numba's; None for anything else."""
    if not isinstance(f, DUFunc | GUFunc | StencilFunc):
        return None
    if id(f) not in _known:
        _known[id(f)] = f, _found(f)
    return _known[id(f)][1]


def _found(f: object) -> object:
    if isinstance(f, DUFunc):
        return Elementwise(f, f._dispatcher.py_func, f.nin)
    if isinstance(f, GUFunc):
        builder = f.gufunc_builder
        inputs, outputs = (tuple(map(tuple, part)) for part in parse_signature(builder.signature))
        signatures = tuple(tuple(s.args if hasattr(s, "args") else s) for s in builder._sigs)
        return Generalised(f, builder.py_func, inputs, outputs, signatures)
    options = f.options
    near = options.get("neighborhood")
    near = None if near is None else tuple((int(low), int(high)) for low, high in near)
    known = (options.get("cval", 0.0), near, tuple(options.get("standard_indexing", ())), "cval" in options)
    return Stencil(f, f.kernel_ir.func_id.func, *known)


def elementwise(function: object, name: str, count: int) -> Elementwise:
    """Return the ufunc of a function of numbers."""
    if id(function) not in _known:
        params = ", ".join(f"x{k}" for k in range(count))
        made = _written(name, params, f"called({params})", {"called": function, "__name__": __name__})
        _known[id(function)] = function, Elementwise(vectorize(made), made, count)
    return _known[id(function)][1]


def _written(name: str, params: str, result: str, namespace: dict) -> Callable:
    """Return a function that returns an expression; it has source text."""
    filename = f"<{name}, number {next(_serial)}>"
    name = name if name.isidentifier() else "ufunc"
    text = f"def {name}({params}):\n    return {result}\n"
    return define(text, filename, namespace)[name]


_serial = itertools.count(1)


def is_of_numbers(ty: object) -> bool:
    """Whether a parameter of a kernel takes a number."""
    return not isinstance(ty, types.Array)


_wrappers: dict[int, Callable] = {}


def wrapper_of(f: object) -> Callable | None:
    """Return a Python function that calls what `kernel_of` knows with the same arguments; it has source text."""
    kernel = kernel_of(f)
    if kernel is None:
        return None
    if id(f) not in _wrappers:
        names = list(kernel.kernel.__code__.co_varnames[: kernel.kernel.__code__.co_argcount])
        if isinstance(kernel, Generalised) and kernel.signatures:
            names = names[: len(kernel.inputs)]
        params = ", ".join(names)
        namespace = {"called": f, "__name__": kernel.kernel.__module__}
        _wrappers[id(f)] = _written(kernel.__name__, params, f"called({params})", namespace)
    return _wrappers[id(f)]
