"""`vmap`: a function of one example becomes one of a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .compiler.lowering.source import star_of
from .compiler.lowering.values import Axes
from .compiler.runtime.numba_bridge.jitted import let_jitted_code_batch
from .derivative_function import DerivativeFunction, derivative_of
from .errors import ArgumentError
from .signatures import name_of, parameter_names

__all__ = ["vmap"]


def vmap(
    f: Callable,
    in_axes: int | tuple[int | None, ...] | None = 0,
    out_axes: int | tuple[int, ...] = 0,
    parallel: bool = False,
) -> DerivativeFunction:
    """Return a function that calls `f` for each example of a batch, in one compiled loop.

    Parameters
    ----------
    f : callable
        A function of one example, or a derivative of one: ``vmap(grad(loss), in_axes=(None, 0, 0))`` gives per-example
        gradients. It is handed views of the arrays of the batch, no copies.
    in_axes : int, None or tuple of these
        The axis of each argument along which the examples lie (negative ones count from the last), or None for an
        argument that all examples share. One for all arguments, or a tuple with an entry for each. Of a structure (a
        dict, a list, a tuple, ...) it is the axis of every array in it.
    out_axes : int or tuple of int
        The axis of the results along which the examples are to lie: one for all, or an entry for each item of a tuple.
    parallel : bool
        Whether several threads share the batch (as many as `numba.set_num_threads` says). Such a function is called
        from Python or from jitted code, by one thread at a time unless Numba's threading layer allows more; it has no
        derivatives itself. An exception is that of the first example that fails.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns its results, each with one more axis. It can be differentiated, mapped again
        and called like any other function. Arguments that are left at their defaults are shared.

    Raises
    ------
    ArgumentError
        If `in_axes` or `out_axes` are no axes, or too many.
    UnsupportedError
        When called: an axis that an array does not have, an axis for a number, no array to map over, results that are
        neither numbers nor arrays, a derivative of a function with ``parallel=True``.
    ValueError
        When called: arrays of different batch sizes; an empty batch, if the arguments do not tell the shape of the
        results.
    """
    into = _axes(in_axes, "in_axes", "int, None or a tuple of these", True)
    out = _axes(out_axes, "out_axes", "int or a tuple of ints", False)
    if isinstance(into, tuple) and star_of(f) is None and len(into) > len(parameter_names(f)):
        what = f"in_axes has {len(into)} entries, but {name_of(f)} takes {len(parameter_names(f))} arguments"
        raise ArgumentError(what)
    if into is None or (isinstance(into, tuple) and all(axis is None for axis in into)):
        raise ArgumentError(f"in_axes {in_axes!r} names no axis: give at least one argument an axis")
    return derivative_of(f, "vmap", (), how=Axes(into, out, bool(parallel)))


def _axes(given: object, name: str, kinds: str, takes_none: bool) -> int | tuple | None:
    """Return axes as plain integers; refuse what is none."""

    def one(axis: object) -> int | None:
        if axis is None and takes_none:
            return None
        if isinstance(axis, bool | np.bool_) or not isinstance(axis, int | np.integer):
            raise ArgumentError(f"{name} must be {kinds}, not {given!r}")
        return int(axis)

    return tuple(one(axis) for axis in given) if isinstance(given, tuple | list) else one(given)


let_jitted_code_batch(vmap)
vmap.transformation = "vmap"  # what the compiler knows it by
