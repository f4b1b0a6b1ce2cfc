"""Functions that move, repeat or pick elements, axis by axis: each is a loop over the result.

An element of the result comes from the place in the array that is computed, for each axis, of its own index.
"""

import numpy as np

from .by_types import Like, Text, axes_of, by_types, dtype_text, is_array, is_number, tuple_text


def moved(text: Text, a: Like, sizes: list[str], places: list[str]) -> object:
    """Write the loop: `sizes` are the lengths of the result, `places` what is read, by i0, i1, ... and n0, n1, ..."""
    text.line(f"out = np.empty({tuple_text(sizes)}, {dtype_text(a.dtype)})")
    with text.nest([(f"i{k}", n) for k, n in enumerate(sizes)]):
        text.line(f"out[{', '.join(f'i{k}' for k in range(len(sizes)))}] = a[{', '.join(places)}]")
    return text.line("return out").function()


def lengths(a: Like) -> list[str]:
    return [f"n{k}" for k in range(a.ndim)]


def indices(a: Like) -> list[str]:
    return [f"i{k}" for k in range(a.ndim)]


def started(name: str, params: str, a: Like, **names: object) -> Text:
    return Text(name, params, **names).shape("a", lengths(a))


def is_known(x: object) -> bool:
    """Whether an argument is a constant integer, or a tuple of such."""
    return isinstance(x, int) or (isinstance(x, tuple) and all(map(is_known, x)))


# -------------------------------------------------------------------- views


def view(name: str, a: Like, parts: list[str]) -> object:
    return Text(name, "a").line(f"return a[{', '.join(parts)}]").function()


@by_types(np.squeeze, views=True)
def squeeze(a, axis=None):
    if not is_array(a):
        return None
    if axis is None:
        raise TypeError("which axes have length 1 is known only at run time: name them, np.squeeze(x, axis=0)")
    gone = axes_of(axis, a.ndim)
    if gone is None:
        return None
    text = Text("squeeze", "a")
    for k in gone:
        with text.under(f"if a.shape[{k}] != 1:"):
            text.line("raise ValueError('cannot select an axis to squeeze out which has size not equal to one')")
    return text.line(f"return a[{', '.join('0' if k in gone else ':' for k in range(a.ndim))}]").function()


@by_types(np.expand_dims, views=True)
def expand_dims(a, axis):
    if not (is_array(a) and isinstance(axis, tuple)):
        return None
    new = axes_of(axis, a.ndim + len(axis))
    return new and view("expand_dims", a, ["None" if k in new else ":" for k in range(a.ndim + len(axis))])


@by_types(np.flip, views=True)
def flip(m, axis=None):
    back = axes_of(axis, m.ndim) if is_array(m) and axis is not None else None
    if back is None:
        return None
    return (
        Text("flip", "m").line(f"return m[{', '.join('::-1' if k in back else ':' for k in range(m.ndim))}]").function()
    )


@by_types(np.rot90, views=True)
def rot90(m, k=1, axes=(0, 1)):
    if not (is_array(m) and isinstance(k, int) and is_known(axes)):
        return None
    p, q = (x % m.ndim for x in axes)
    turns = k % 4
    order = list(range(m.ndim))
    back = {1: (q,), 2: (p, q), 3: (p,)}.get(turns, ())
    index = ", ".join("::-1" if x in back else ":" for x in range(m.ndim))
    if turns % 2:
        order[p], order[q] = order[q], order[p]
        return Text("rot90", "m").line(f"return np.transpose(m[{index}], {tuple(order)})").function()
    return Text("rot90", "m").line(f"return m[{index}]").function()


@by_types(np.moveaxis, views=True)
def moveaxis(a, source, destination):
    if not (is_array(a) and isinstance(source, tuple) and is_known(source) and is_known(destination)):
        return None
    pairs = sorted(zip((d % a.ndim for d in destination), (s % a.ndim for s in source), strict=True))
    order = [k for k in range(a.ndim) if k not in [s for _, s in pairs]]
    for d, s in pairs:
        order.insert(d, s)
    return Text("moveaxis", "a").line(f"return np.transpose(a, {tuple(order)})").function()


@by_types(np.rollaxis, views=True)
def rollaxis(a, axis, start=0):
    if not (is_array(a) and is_known(axis) and is_known(start)):
        return None
    order = list(np.rollaxis(np.empty(range(2, 2 + a.ndim)), axis, start).shape)
    return Text("rollaxis", "a").line(f"return np.transpose(a, {tuple(n - 2 for n in order)})").function()


@by_types(np.swapaxes, views=True)
def swapaxes(a, axis1, axis2):
    if not (is_array(a) and is_known(axis1) and is_known(axis2)):
        return None
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return Text("swapaxes", "a").line(f"return np.transpose(a, {tuple(order)})").function()


# -------------------------------------------------------------------- repeating


@by_types(np.repeat)
def repeat(a, repeats, axis=None):
    if not is_array(a) or axis is None:
        return None
    (k,) = axes_of(axis, a.ndim) or (None,)
    if k is None:
        return None
    sizes, places = lengths(a), indices(a)
    if is_number(repeats):
        text = started("repeat", "a, repeats", a)
        sizes[k], places[k] = f"n{k} * repeats", f"i{k} // repeats"
    else:
        text = started("repeat", "a, repeats", a).line(f"places = np.repeat(np.arange(n{k}), np.asarray(repeats))")
        sizes[k], places[k] = "places.size", f"places[i{k}]"
    return moved(text, a, sizes, places)


@by_types(np.tile)
def tile(A, reps):
    if not is_array(A):
        return None
    counts = reps if isinstance(reps, tuple) else (reps,)
    if not all(map(is_number, counts)):
        return None
    ndim = max(A.ndim, len(counts))
    text = Text("tile", "A, reps").line("a = A").shape("a", [f"n{k}" for k in range(ndim - A.ndim, ndim)])
    given = [f"reps[{k}]" for k in range(len(counts))] if isinstance(reps, tuple) else ["reps"]
    times = ["1"] * (ndim - len(counts)) + given
    own = ["1"] * (ndim - A.ndim) + [f"n{k}" for k in range(ndim - A.ndim, ndim)]
    sizes = [f"{n} * {c}" for n, c in zip(own, times, strict=True)]
    return moved(text, A, sizes, [f"i{k} % n{k}" for k in range(ndim - A.ndim, ndim)])


_PLACES = {
    "edge": "min(max(i{k} - before_{k}, 0), n{k} - 1)",
    "wrap": "(i{k} - before_{k}) % n{k}",
    "reflect": "(n{k} - 1 - abs((i{k} - before_{k}) % max(2 * n{k} - 2, 1) - (n{k} - 1)) if n{k} > 1 else 0)",
    "symmetric": "min((i{k} - before_{k}) % (2 * n{k}), 2 * n{k} - 1 - (i{k} - before_{k}) % (2 * n{k}))",
}


def _pairs(widths: object, ndim: int, name: str) -> list[tuple[str, str]] | None:
    """Return the text of what stands before and after each axis, as np.pad broadcasts it."""
    if is_number(widths):
        return [(name, name)] * ndim
    if not isinstance(widths, tuple):
        return None
    if all(map(is_number, widths)):
        if len(widths) == 1:
            return [(f"{name}[0]", f"{name}[0]")] * ndim
        return [(f"{name}[0]", f"{name}[1]")] * ndim if len(widths) == 2 else None
    if len(widths) not in (1, ndim):
        return None
    rows = [0] * ndim if len(widths) == 1 else range(ndim)
    return [(f"{name}[{k}][0]", f"{name}[{k}][{len(widths[k]) - 1}]") for k in rows]


@by_types(np.pad)
def pad(array, pad_width, mode="constant", *, constant_values=0):
    if not is_array(array):
        return None
    widths = _pairs(pad_width, array.ndim, "pad_width")
    values = _pairs(constant_values, array.ndim, "constant_values")
    if widths is None or values is None or (mode != "constant" and mode not in _PLACES):
        return None
    text = Text("pad", "array, pad_width, constant_values=0").line("a = array").shape("a", lengths(array))
    for k, (before, after) in enumerate(widths):
        text.line(f"before_{k} = {before}").line(f"after_{k} = {after}")
    sizes = [f"before_{k} + n{k} + after_{k}" for k in range(array.ndim)]
    if mode != "constant":
        return moved(text, array, sizes, [_PLACES[mode].format(k=k) for k in range(array.ndim)])
    text.line(f"out = np.zeros({tuple_text(sizes)}, {dtype_text(array.dtype)})")
    if constant_values != 0:
        for k, (low, high) in enumerate(values):  # later axes cover the corners
            for part, value in ((f":before_{k}", low), (f"before_{k} + n{k}:", high)):
                index = [":"] * array.ndim
                index[k] = part
                text.line(f"out[{', '.join(index)}] = {value}")
    inside = ", ".join(f"before_{k} : before_{k} + n{k}" for k in range(array.ndim))
    return text.line(f"out[{inside}] = a").line("return out").function()


@by_types(np.roll)
def roll(a, shift, axis=None):
    if not is_array(a) or (axis is None and not isinstance(shift, tuple)):
        return None
    axes = axis if isinstance(axis, tuple) else (axis,)
    if axis is None or axes_of(axis if len(set(axes)) == len(axes) else None, a.ndim) is None:
        return None
    text = started("roll", "a, shift", a)
    places = indices(a)
    for j, k in enumerate(x % a.ndim for x in axes):
        step = f"shift[{j}]" if isinstance(shift, tuple) else "shift"
        places[k] = f"(i{k} - {step}) % n{k}"
    return moved(text, a, lengths(a), places)


# -------------------------------------------------------------------- picking


@by_types(np.take)
def take(a, indices, axis=None, out=None, mode="raise"):
    if not is_array(a) or axis is None or mode != "raise":
        return None
    (k,) = axes_of(axis, a.ndim) or (None,)
    if k is None:
        return None
    front, back = [":"] * k, [":"] * (a.ndim - k - 1)
    if is_number(indices):
        return Text("take", "a, indices").line(f"return a[{', '.join([*front, 'indices', *back])}] * 1").function()
    text = Text("take", "a, indices").line("where = np.asarray(indices)")
    return text.line(f"return a[{', '.join([*front, 'where', *back])}]").function()


@by_types(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    if not (is_array(arr) and is_array(indices)) or axis is None:
        return None
    (k,) = axes_of(axis, arr.ndim) or (None,)
    if k is None:
        return None
    text = Text("take_along_axis", "arr, indices").line("a = arr").shape("a", lengths(arr))
    sizes = [f"indices.shape[{j}]" if j == k else f"max(n{j}, indices.shape[{j}])" for j in range(arr.ndim)]
    for j in range(arr.ndim):
        if j != k:
            with text.under(f"if n{j} != indices.shape[{j}] and n{j} != 1 and indices.shape[{j}] != 1:"):
                text.line("raise IndexError('shape mismatch: indexing arrays could not be broadcast together')")
    where = ", ".join(f"i{j}" if j == k else f"i{j} % indices.shape[{j}]" for j in range(arr.ndim))
    text.line(f"places = np.empty({tuple_text(sizes)}, np.int64)")
    with text.nest([(f"i{j}", n) for j, n in enumerate(sizes)]):
        text.line(f"at = indices[{where}]")
        with text.under(f"if at < -n{k} or at >= n{k}:"):
            text.line("raise IndexError('index is out of bounds for axis')")
        text.line(f"places[{', '.join(f'i{j}' for j in range(arr.ndim))}] = at % n{k}")
    at = [
        f"places[{', '.join(f'i{j}' for j in range(arr.ndim))}]" if j == k else f"i{j} % n{j}" for j in range(arr.ndim)
    ]
    return moved(text, arr, sizes, at)


@by_types(np.diagonal)
def diagonal(a, offset=0, axis1=0, axis2=1):
    if not (is_array(a) and a.ndim > 1 and is_known(axis1) and is_known(axis2)):
        return None
    p, q = axis1 % a.ndim, axis2 % a.ndim
    text = started("diagonal", "a, offset=0", a).line("down = max(-offset, 0)").line("right = max(offset, 0)")
    kept = [k for k in range(a.ndim) if k not in (p, q)]
    sizes = [f"n{k}" for k in kept] + [f"max(min(n{p} - down, n{q} - right), 0)"]
    places = [""] * a.ndim
    for j, k in enumerate(kept):
        places[k] = f"i{j}"
    places[p], places[q] = f"i{len(kept)} + down", f"i{len(kept)} + right"
    return moved(text, a, sizes, places)


# -------------------------------------------------------------------- putting together


@by_types(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if sparse or not all(is_array(x) and x.ndim == 1 for x in xi) or not xi:
        return None
    order = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        order[:2] = [1, 0]
    text = Text("meshgrid", "xi")
    for k in range(len(xi)):
        text.line(f"x_{k} = xi[{k}]")
    shape = tuple_text([f"x_{k}.size" for k in order])
    for k, x in enumerate(xi):
        text.line(f"out_{k} = np.empty({shape}, {dtype_text(x.dtype)})")
    with text.nest([(f"i{k}", f"x_{k}.size") for k in order]):
        for k in range(len(xi)):
            text.line(f"out_{k}[{', '.join(f'i{j}' for j in order)}] = x_{k}[i{k}]")
    return text.line(f"return {tuple_text([f'out_{k}' for k in range(len(xi))])}").function()


def _nested(arrays: object) -> object:
    """Return np.block of lists."""
    return np.block(_as_lists(arrays))


def _as_lists(x: object) -> object:
    return [_as_lists(i) for i in x] if isinstance(x, tuple) else x


@by_types(np.block, result=_nested)
def block(arrays):
    dims = max(_dims(arrays), _depth(arrays))
    if not isinstance(arrays, tuple) or dims == 0:
        return None
    text = Text("block", "arrays")

    def joined(part: object, name: str, axis: int) -> str:
        if not isinstance(part, tuple):
            made = f"np.full({(1,) * dims}, {name})" if is_number(part) else name
            missing = dims - (part.ndim if is_array(part) else dims)
            return f"{made}[{', '.join(['None'] * missing + ['...'])}]" if missing else made
        items = [joined(x, f"{name}[{k}]", axis + 1) for k, x in enumerate(part)]
        return f"np.concatenate({tuple_text(items)}, {axis})" if len(items) > 1 else items[0]

    return text.line(f"return {joined(arrays, 'arrays', dims - _depth(arrays))}").function()


def _depth(x: object) -> int:
    return 1 + max(map(_depth, x), default=0) if isinstance(x, tuple) else 0


def _dims(x: object) -> int:
    if isinstance(x, tuple):
        return max(map(_dims, x), default=0)
    return x.ndim if isinstance(x, Like) else 0


def as_rows(*items):
    """Return np.r_[items]."""
    return np.r_[items]


def as_columns(*items):
    """Return np.c_[items]."""
    return np.c_[items]


@by_types(as_rows)
def rows(*items):
    dims = [x.ndim if is_array(x) else 0 for x in items]
    parts = [f"items[{k}]" if d else f"np.full(1, items[{k}])" for k, d in enumerate(dims)]
    text = Text("as_rows", "items")
    return text.line(
        f"return {parts[0]} * 1" if len(parts) == 1 else f"return np.concatenate({tuple_text(parts)})"
    ).function()


@by_types(as_columns)
def columns(*items):
    dims = [x.ndim if is_array(x) else 0 for x in items]
    shown = {0: "np.full((1, 1), items[{}])", 1: "items[{}][:, None]"}
    parts = [shown.get(d, "items[{}]").format(k) for k, d in enumerate(dims)]
    text = Text("as_columns", "items")
    return text.line(
        f"return np.concatenate({tuple_text(parts)}, -1)" if len(parts) > 1 else f"return {parts[0]} * 1"
    ).function()
