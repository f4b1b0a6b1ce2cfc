"""Checking derivatives: against finite differences, and the two modes against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from . import transforms
from .compiler.lowering.source import python_function
from .errors import DualadError
from .structures import leaves, mapped

__all__ = ["check_grads"]

STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
"""The ladder of relative steps of the central differences; one of them must agree."""


def check_grads(
    f: Callable,
    args: tuple,
    argnums: int | Sequence[int] | None = None,
    modes: Sequence[str] = ("forward", "reverse"),
    rtol: float = 1e-6,
    adjoint_rtol: float = 1e-11,
    seed: int = 0,
) -> None:
    """Check the derivatives of a function at a point, along a random direction.

    Four things are checked: the primal that comes with a derivative equals `f`; the Jacobian-vector product agrees
    with central differences of `f` in plain Python for one of a ladder of steps; <y_bar, J x_dot> equals
    <J^T y_bar, x_dot> to rounding; and the caller's arrays are unchanged.

    Parameters
    ----------
    f : callable
        With any result: floats, float arrays, structures of these.
    args : tuple
        The primals.
    argnums : int or sequence of int, optional
        Which arguments to vary. Default: all that are floats, float arrays, or structures with such.
    modes : sequence of {"forward", "reverse"}
    rtol : float
        Allowed error against central differences, relative to the derivative; at least 1e-2 where anything is float32.
    adjoint_rtol : float
        Allowed error of the adjoint identity, relative to the terms in it; at least 1e-4 where anything is float32.
    seed : int
        Seed of the random direction and weights.

    Raises
    ------
    AssertionError
        If a check fails; the message has the numbers.
    """
    rng = np.random.default_rng(seed)
    python = python_function(f) or f
    before = _copy(args)
    wrt = _positions(args, argnums)
    x_dot = tuple(mapped(lambda x: _random(x, rng), a) if k in wrt else mapped(_zero, a) for k, a in enumerate(args))
    out = python(*_copy(args))
    y_bar = mapped(lambda y: _random(y, rng), out)
    primal_rtol = 1e-10
    if any(np.asarray(x).dtype == np.float32 for x in leaves((args, out)) if _is_float(x)):
        primal_rtol, adjoint_rtol, rtol = 1e-5, max(adjoint_rtol, 1e-4), max(rtol, 1e-2)

    jvp = None
    if "forward" in modes:
        value, y_dot = transforms.jvp(f, args, x_dot)
        _assert_close(value, out, primal_rtol, "the primal of the forward mode")
        jvp = _dot(y_dot, y_bar)
    vjp = None
    if "reverse" in modes:
        value, pullback = transforms.vjp(f, *args)
        _assert_close(value, out, primal_rtol, "the primal of the reverse mode")
        x_bar = pullback(y_bar)
        for k in wrt:
            _assert_like(x_bar[k], args[k], k)
        vjp = _dot(tuple(x_bar), x_dot)
    _assert_close(args, before, 0.0, "the caller's arguments after the derivative, which")

    derivative = vjp if jvp is None else jvp
    if jvp is not None and vjp is not None:
        scale = max(abs(jvp), abs(vjp), 1e-3 * _norm(x_dot) * _norm(y_bar), 1e-300)
        if not abs(jvp - vjp) <= adjoint_rtol * scale:
            raise AssertionError(f"forward mode gives {jvp!r} along the direction, reverse mode {vjp!r}")
    estimates = []
    scale = max(abs(derivative), 1e-8 * abs(_dot(out, y_bar)), 1e-8)
    for step in STEPS:
        with np.errstate(all="ignore"):
            high, low = python(*_moved(args, x_dot, step)), python(*_moved(args, x_dot, -step))
        estimate = (_dot(high, y_bar) - _dot(low, y_bar)) / (2.0 * step)
        if abs(estimate - derivative) <= rtol * scale:
            return
        estimates.append(estimate)
    raise AssertionError(f"the derivative along the direction is {derivative!r}; central differences give {estimates}")


def _positions(args: tuple, argnums: int | Sequence[int] | None) -> tuple[int, ...]:
    if argnums is None:
        found = tuple(k for k, a in enumerate(args) if any(_is_float(x) for x in leaves(a)))
        if not found:
            raise DualadError("no argument is a float, a float array or a structure with such")
        return found
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _copy(x: object) -> object:
    return mapped(lambda a: a.copy(order="K") if isinstance(a, np.ndarray) else a, x)


def _is_float(x: object) -> bool:
    return isinstance(x, float | np.floating) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def _random(x: object, rng: np.random.Generator) -> object:
    if isinstance(x, np.ndarray):
        return rng.standard_normal(x.shape).astype(x.dtype) if _is_float(x) else np.zeros_like(x)
    return type(x)(rng.standard_normal()) if _is_float(x) else None


def _zero(x: object) -> object:
    if isinstance(x, np.ndarray):
        return np.zeros_like(x)
    return type(x)(0.0) if _is_float(x) else None


def _moved(args: tuple, x_dot: tuple, step: float) -> tuple:
    def move(x: object, d: object) -> object:
        return x + x.dtype.type(step) * d if isinstance(x, np.ndarray) else type(x)(x + step * d)

    return mapped(lambda x, d: move(x, d) if _is_float(x) else _copy(x), args, x_dot)


def _dot(a: object, b: object) -> float:
    total = 0.0
    for x, y in zip(leaves(a), leaves(b), strict=True):
        if _is_float(x) and _is_float(y):
            total += float(np.sum(np.asarray(x, float) * np.asarray(y, float)))
    return total


def _norm(x: object) -> float:
    return _dot(x, x) ** 0.5


def _assert_close(got: object, wanted: object, rtol: float, what: str) -> None:
    for x, y in zip(leaves(got), leaves(wanted), strict=True):
        if isinstance(y, np.ndarray | float | int) and not isinstance(y, bool):
            if not np.allclose(x, y, rtol=rtol, atol=rtol, equal_nan=True):
                raise AssertionError(f"{what} is {x!r}, not {y!r}")


def _assert_like(got: object, primal: object, position: int) -> None:
    for x, y in zip(leaves(got), leaves(primal), strict=True):
        if isinstance(y, np.ndarray) and _is_float(y) and (np.shape(x) != y.shape or np.asarray(x).dtype != y.dtype):
            raise AssertionError(f"the adjoint of argument {position} is {x!r}, which is not like {y!r}")
