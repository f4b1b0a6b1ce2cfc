"""Arguments, tangents and cotangents as the user gives them: matched to parameters, checked against the primals."""

from __future__ import annotations

import numpy as np

from .compiler.source import innermost, read, signature_of, star_of
from .derivative_function import name_of
from .errors import ArgumentError


def bound(f: object, args: tuple) -> tuple:
    """Return one value for each parameter: defaults filled in, a starred parameter as a tuple."""
    try:
        bound = signature_of(read(innermost(f)).function).bind(*args)
    except TypeError as error:
        raise ArgumentError(f"{name_of(f)}: {error}") from None
    bound.apply_defaults()
    return tuple(bound.arguments.values())


def star_folded(f: object, values: tuple, full: tuple) -> tuple:
    star = star_of(f)
    return tuple(values) if star is None else (*values[:star], tuple(values[star:]))[: len(full)]


def snapshot(x: object) -> object:
    if isinstance(x, np.ndarray):
        return x.copy(order="K")
    if isinstance(x, tuple):
        return _rebuild(x, [snapshot(i) for i in x])
    return x


def _rebuild(model: tuple, items: list) -> tuple:
    return type(model)(*items) if hasattr(model, "_fields") else tuple(items)


def is_differentiable(x: object) -> bool:
    if isinstance(x, tuple):
        return any(is_differentiable(i) for i in x)
    if isinstance(x, np.ndarray):
        return x.dtype.kind == "f"
    return isinstance(x, float | np.floating)


def like(x: object, given: object, name: str, what: str) -> object:
    """Return a tangent or cotangent in the form of its primal; refuse another shape, dtype or structure."""
    if isinstance(x, tuple):
        if not isinstance(given, tuple | list) or len(given) != len(x):
            raise ArgumentError(f"the {what} of {name} must be a tuple of {len(x)}, like the primal, not {given!r}")
        items = [like(i, g, f"{name}[{k}]", what) for k, (i, g) in enumerate(zip(x, given, strict=True))]
        return _rebuild(x, items)
    if isinstance(x, np.ndarray):
        g = np.asarray(given)
        if g.shape != x.shape:
            raise ArgumentError(f"the {what} of {name} has shape {g.shape}, but the primal has shape {x.shape}")
        if x.dtype.kind != "f":
            return 0.0
        if g.dtype != x.dtype:
            raise ArgumentError(f"the {what} of {name} has dtype {g.dtype}, but the primal has dtype {x.dtype}")
        return g
    if not is_differentiable(x):
        return 0.0
    if isinstance(given, bool | np.bool_) or not isinstance(given, int | float | np.number) or np.iscomplexobj(given):
        shape = np.shape(given)
        kind = f"has shape {shape}" if shape else f"is {type(given).__name__} {given!r}"
        raise ArgumentError(f"the {what} of {name} {kind}, but the primal is a real number")
    return type(x)(given)
