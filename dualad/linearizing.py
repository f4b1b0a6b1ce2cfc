"""The linear map that a function is close to at a point: `linearize`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arguments import bound, is_differentiable, like, snapshot
from .errors import ArgumentError
from .signatures import name_of, parameters_of
from .structures import ravel
from .transforms import jvp, vjp

__all__ = ["linearize"]

_MOST_SWEEPS, _MOST_ELEMENTS = 128, 10**7
"""How many sweeps the Jacobian may take to be computed beforehand, and how many elements it may have."""


def linearize(f: Callable, *primals: object, has_aux: bool = False) -> tuple:
    """Return ``(f(*primals), jvp_fn)``: jvp_fn takes tangents to that of the result, as often as you like.

    Parameters
    ----------
    f : callable
    *primals : object
        The arguments.
    has_aux : bool
        Whether `f` returns (value, auxiliary output); then there are three results: value, jvp_fn, auxiliary output.

    Returns
    -------
    out : object
        The result of `f`.
    jvp_fn : callable
        Takes one tangent for each argument, as `jvp` does (None is zero); returns the tangent of `out`. It speaks of
        the arguments as they were.

    Notes
    -----
    The work of the primal is done once: what is kept is the Jacobian, from as many sweeps as there are inputs or
    outputs, whichever is less. Where that would be more than 128, or more than ten million elements, nothing is kept,
    and each call of jvp_fn is one of `jvp`.
    """
    given = tuple(snapshot(x) for x in primals)
    out, pullback, *aux = vjp(f, *given, has_aux=has_aux)
    wrt = tuple(k for k, x in enumerate(given) if is_differentiable(x))
    names = [p.name for p in parameters_of(f)][: len(bound(f, given))]
    x, _ = ravel(tuple(given[k] for k in wrt))
    y, as_out = ravel(out)
    sweeps = min(x.size, y.size)

    def tangents_of(dots: tuple) -> list:
        if len(dots) != len(given):
            raise ArgumentError(f"{name_of(f)} was linearised at {len(given)} arguments, not {len(dots)}")
        return [
            like(p, x_dot, names[k] if k < len(names) else f"argument {k}", "tangent")
            for k, (p, x_dot) in enumerate(zip(given, dots, strict=True))
        ]

    if sweeps > _MOST_SWEEPS or x.size * y.size > _MOST_ELEMENTS:

        def jvp_fn(*dots: object) -> object:
            return jvp(f, given, tuple(dots), has_aux=has_aux)[1]
    else:
        matrix = _by_rows(pullback, y, as_out, wrt) if y.size <= x.size else _by_columns(f, given, wrt, has_aux)

        is_number = type(out) is float
        is_flat = len(wrt) == len(given) and all(type(p) is float for p in given)
        is_array = len(given) == 1 and type(given[0]) is np.ndarray

        def jvp_fn(*dots: object) -> object:
            found = tangents_of(dots)
            if is_flat or is_array:
                x_dot = np.array(found) if is_flat else found[0].ravel()
            else:
                x_dot, _ = ravel(tuple(found[k] for k in wrt))
            out_dot = matrix @ x_dot
            return out_dot.item() if is_number else as_out(out_dot)

    return out, jvp_fn, *aux


def _by_rows(pullback: Callable, y: np.ndarray, as_out: Callable, wrt: tuple[int, ...]) -> np.ndarray:
    rows = []
    for k in range(y.size):
        unit = np.zeros_like(y)
        unit[k] = 1.0
        bars = pullback(as_out(unit))
        rows.append(ravel(tuple(bars[j] for j in wrt))[0])
    return np.array(rows)


def _by_columns(f: Callable, given: tuple, wrt: tuple[int, ...], has_aux: bool) -> np.ndarray:
    x, as_given = ravel(tuple(given[k] for k in wrt))
    columns = []
    for k in range(x.size):
        unit = np.zeros_like(x)
        unit[k] = 1.0
        dots: list = [None] * len(given)
        for j, x_dot in zip(wrt, as_given(unit), strict=True):
            dots[j] = x_dot
        columns.append(ravel(jvp(f, given, tuple(dots), has_aux=has_aux)[1])[0])
    return np.array(columns).T
