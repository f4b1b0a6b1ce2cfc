"""Arrays put side by side: as many as are known at compile time, each copied to its place by a loop of its own."""

import numpy as np

from .broadcasting import fitting_size
from .by_types import Like, Text, by_types, dtype_text, is_array, is_number, tuple_text


def _likes(arrays: object) -> list | None:
    """Return what is known of each of several arrays or numbers."""
    if not isinstance(arrays, tuple) or not arrays or not all(is_array(x) or is_number(x) for x in arrays):
        return None
    return list(arrays)


def _dims(x: object) -> int:
    return x.ndim if isinstance(x, Like) else 0


def joined(name: str, param: str, arrays: list, index: object, ndim: int, axis: int, dtype: np.dtype) -> object:
    """Write np.concatenate along an axis.

    `index(dims)` gives, for an array of so many dimensions, the index into it, in i0, i1, ...; None for an axis of the
    result that it does not have, along which it has length 1.
    """
    text = Text(name, param, fitting_size=fitting_size)
    lengths: list[list[str]] = []
    for j, x in enumerate(arrays):
        text.line(f"x_{j} = {param}[{j}]")
        own = index(_dims(x))
        lengths.append(["1" if k is None else f"x_{j}.shape[{k}]" for k in own])
    sizes = []
    for k in range(ndim):
        if k == axis:
            sizes.append(" + ".join(n[k] for n in lengths))
            continue
        text.line(f"n_{k} = {lengths[0][k]}")
        for n in lengths[1:]:
            text.line(f"n_{k} = fitting_size({n[k]}, n_{k})")
        sizes.append(f"n_{k}")
    text.line(f"out = np.empty({tuple_text(sizes)}, {dtype_text(dtype)})").line("at = 0")
    for j, (x, n) in enumerate(zip(arrays, lengths, strict=True)):
        own = index(_dims(x))
        present = [k for k in range(ndim) if own[k] is not None]
        with text.nest([(f"i{k}", n[k]) for k in present]):
            target = [(f"at + i{k}" if k == axis else f"i{k}") if k in present else ("at" if k == axis else "0")
                      for k in range(ndim)]  # fmt: skip
            source = ", ".join(f"i{k}" for k in sorted(present, key=lambda k: own[k]))
            text.line(f"out[{', '.join(target)}] = x_{j}{f'[{source}]' if source else ''}")
        if j + 1 < len(arrays):
            text.line(f"at += {n[axis]}")
    return text.line("return out").function()


def _common(arrays: list, dtype: object = None) -> np.dtype:
    if dtype is not None:
        return np.dtype(dtype)
    kinds = [x.dtype if isinstance(x, Like) else np.asarray(x).dtype for x in arrays]
    return np.result_type(*kinds)


@by_types(np.concatenate)
def concatenate(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    given = _likes(arrays)
    if given is None or len({_dims(x) for x in given}) != 1 or _dims(given[0]) == 0 or not isinstance(axis, int):
        return None
    ndim = _dims(given[0])
    if not -ndim <= axis < ndim:
        return None
    return joined("concatenate", "arrays", given, lambda d: list(range(d)), ndim, axis % ndim, _common(given, dtype))


@by_types(np.stack)
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    given = _likes(arrays)
    if given is None or len({_dims(x) for x in given}) != 1 or not isinstance(axis, int):
        return None
    ndim = _dims(given[0]) + 1
    if not -ndim <= axis < ndim:
        return None
    own = list(range(ndim - 1))
    own.insert(axis % ndim, None)
    return joined("stack", "arrays", given, lambda d: own, ndim, axis % ndim, _common(given, dtype))


@by_types(np.hstack)
def hstack(tup, *, dtype=None, casting="same_kind"):
    given = _likes(tup)
    if given is None:
        return None
    dims = {max(_dims(x), 1) for x in given}
    if len(dims) != 1:
        return None
    ndim = dims.pop()
    axis = 0 if ndim == 1 else 1
    return joined("hstack", "tup", given, lambda d: list(range(d)) or [None], ndim, axis, _common(given, dtype))


@by_types(np.vstack)
def vstack(tup, *, dtype=None, casting="same_kind"):
    given = _likes(tup)
    if given is None:
        return None
    ndim = max(2, *map(_dims, given), 0)
    if any(_dims(x) not in (0, 1, 2) for x in given) and len({_dims(x) for x in given}) > 1:
        return None

    def index(d: int) -> list:
        return list(range(d)) if d >= 2 else [None, 0 if d else None]

    return joined("vstack", "tup", given, index, ndim, 0, _common(given, dtype))


@by_types(np.dstack)
def dstack(tup):
    given = _likes(tup)
    if given is None or any(_dims(x) > 3 for x in given):
        return None
    places = {0: [None, None, None], 1: [None, 0, None], 2: [0, 1, None], 3: [0, 1, 2]}
    return joined("dstack", "tup", given, places.__getitem__, 3, 2, _common(given))


@by_types(np.column_stack)
def column_stack(tup):
    given = _likes(tup)
    if given is None or any(_dims(x) > 2 for x in given):
        return None
    places = {0: [None, None], 1: [0, None], 2: [0, 1]}
    return joined("column_stack", "tup", given, places.__getitem__, 2, 1, _common(given))


@by_types(np.array)
def array(object, dtype=None):
    """Arrays in the place of numbers: np.array([x, y]) stacks them."""
    if not isinstance(object, tuple) or not any(map(is_array, _leaves(object))):
        return None

    def stacked(part: object, name: str) -> str:
        if not isinstance(part, tuple):
            return name
        return f"np.stack({tuple_text([stacked(x, f'{name}[{k}]') for k, x in enumerate(part)])})"

    cast = "" if dtype is None else f".astype({dtype_text(np.dtype(dtype))})"
    return Text("array", "object").line(f"return {stacked(object, 'object')}{cast}").function()


def _leaves(x: object) -> list:
    return [leaf for i in x for leaf in _leaves(i)] if isinstance(x, tuple) else [x]


@by_types(np.append)
def append(arr, values, axis=None):
    if axis is None or not (is_array(arr) and is_array(values)):
        return None
    return Text("append", "arr, values").line(f"return np.concatenate((arr, values), {axis})").function()
