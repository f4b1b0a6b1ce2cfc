"""Arguments, tangents and cotangents as the user gives them: matched to parameters, checked against the primals."""

from __future__ import annotations

import numpy as np

from .compiler.lowering.classes import jitclass_of
from .compiler.lowering.source import innermost, read, signature_of, star_of
from .errors import ArgumentError, NotDifferentiableError
from .signatures import name_of
from .structures import (
    MOST_ITEMS,
    Unlike,
    has_fields,
    is_complex,
    is_real,
    is_structure,
    items_like,
    items_of,
    mapped,
    named_items,
)


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
    return mapped(lambda leaf: leaf.copy(order="K") if isinstance(leaf, np.ndarray) else leaf, x)


def is_differentiable(x: object) -> bool:
    if is_structure(x):
        return not (type(x) is list and len(x) > MOST_ITEMS) and any(map(is_differentiable, items_of(x)[0]))
    return is_real(x) or is_complex(x)


def has_reals(x: object) -> bool:
    """Whether there are real numbers in something by which second derivatives are taken."""
    return any(map(has_reals, items_of(x)[0])) if is_structure(x) else is_real(x)


def like(x: object, given: object, name: str, what: str) -> object:
    """Return a tangent or cotangent in the form of its primal; refuse another shape, dtype or structure.

    None is the zero tangent. Integers are converted, and so are single numbers of which no digit is lost, and floats of
    Python's, which have no dtype of their own.
    """
    cls = type(x)
    if cls is float and type(given) is float:
        return given
    if cls is np.ndarray and type(given) is cls and given.dtype == x.dtype and given.shape == x.shape:
        if x.dtype.kind in "fc":
            return given
    if given is None and what != "cotangent":
        return zeros_like(x)
    if is_structure(x):
        items, make = items_of(x)
        try:
            others = items_like(x, items, given)
        except Unlike:
            raise ArgumentError(f"the {what} of {name} must be {_form(x)}, like the primal, not {given!r}") from None
        if jitclass_of(type(x)) is not None or has_fields(x):  # the integers of such a tangent say nothing
            others = [g if is_differentiable(i) else None for i, g in zip(items, others, strict=True)]
        parts = zip(named_items(x), others, strict=True)
        return make([like(i, g, name + inner, what) for (inner, i), g in parts])
    if not is_differentiable(x):
        if what != "cotangent" and not is_zero(given):
            raise NotDifferentiableError(f"argument {name} is {type(x).__name__}, which has no {what}: pass None")
        return 0.0
    if not isinstance(x, np.ndarray):
        return _like_number(x, given, name, what)
    if isinstance(given, np.ma.MaskedArray | np.matrix):
        raise ArgumentError(f"the {what} of {name} is a {type(given).__name__}: pass an ordinary array")
    g = np.asarray(given)
    if g.shape != x.shape:
        raise ArgumentError(f"the {what} of {name} has shape {g.shape}, but the primal has shape {x.shape}")
    if g.dtype != x.dtype and g.dtype.kind not in "iu":
        raise ArgumentError(f"the {what} of {name} has dtype {g.dtype}, but the primal has dtype {x.dtype}")
    return _converted(g, x.dtype, name, what)


def _form(x: object) -> str:
    """Return what a structure is called."""
    if isinstance(x, tuple | list):
        return f"a {'tuple' if isinstance(x, tuple) else 'list'} of {len(x)}"
    return f"a dict with the keys {list(x)}" if isinstance(x, dict) else f"a {type(x).__name__}"


def is_zero(tangent: object) -> bool:
    """Whether a tangent says nothing, as that of an argument without a derivative must."""
    return tangent is None or bool(np.all(np.asarray(tangent) == 0))


def zeros_like(x: object) -> object:
    """Return the zero tangent of a primal."""
    if is_structure(x):
        return mapped(zeros_like, x)
    if not is_differentiable(x):
        return 0.0
    return np.zeros_like(x, subok=False) if isinstance(x, np.ndarray) else type(x)(0.0)


def _like_number(x: object, given: object, name: str, what: str) -> object:
    g = given[()] if isinstance(given, np.ndarray) and given.shape == () else given
    is_number = isinstance(g, int | float | complex | np.number) and not isinstance(g, bool | np.bool_)
    if not is_number or (np.iscomplexobj(g) and not is_complex(x)):
        shape = np.shape(g)
        kind = f"has shape {shape}" if shape else f"is {type(g).__name__} {g!r}"
        raise ArgumentError(
            f"the {what} of {name} {kind}, but the primal is a {'complex' if is_complex(x) else 'real'} number"
        )
    dtype = np.dtype(type(x))
    if isinstance(g, np.inexact) and not np.can_cast(g.dtype, dtype):
        raise ArgumentError(f"the {what} of {name} has dtype {g.dtype}, but the primal has dtype {dtype}")
    return type(x)(_converted(np.asarray(g), dtype, name, what) if isinstance(g, np.integer) else g)


def _converted(g: np.ndarray, dtype: np.dtype, name: str, what: str) -> np.ndarray:
    """Return numbers in the dtype of their primal, which must have room for all digits of integers."""
    converted = g.astype(dtype, copy=False)
    if g.dtype.kind in "iu" and not np.array_equal(converted.astype(g.dtype), g):
        raise ArgumentError(f"the {what} of {name} has integers that are no numbers of dtype {dtype}: convert them")
    return converted
