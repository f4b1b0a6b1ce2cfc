"""Reductions along axes, with `keepdims`, `dtype` and `ddof`, as loops."""

from dataclasses import dataclass

import numpy as np

from .by_types import Like, Text, axes_of, by_types, dtype_text, is_array, tuple_text


@dataclass
class Axes:
    """The loops of a reduction: the axes that are kept, and those that go.

    i0, i1, ... are the indices of an array and n0, n1, ... its lengths; `out` indexes the result.
    """

    ndim: int
    gone: tuple[int, ...]
    keepdims: bool

    @property
    def kept(self) -> list[int]:
        return [k for k in range(self.ndim) if k not in self.gone]

    @property
    def lengths(self) -> list[str]:
        return [f"n{k}" for k in range(self.ndim)]

    @property
    def item(self) -> str:
        return ", ".join(f"i{k}" for k in range(self.ndim))

    @property
    def is_number(self) -> bool:
        """Whether the result is a single number."""
        return not self.kept and not self.keepdims

    def of_result(self, kept: str, gone: str) -> list[str]:
        return [
            gone if k in self.gone else f"{kept}{k}" for k in range(self.ndim) if self.keepdims or k not in self.gone
        ]

    @property
    def out(self) -> str:
        return ", ".join(self.of_result("i", "0"))

    @property
    def shape(self) -> str:
        return tuple_text(self.of_result("n", "1"))

    @property
    def count(self) -> str:
        return " * ".join(f"n{k}" for k in self.gone) or "1"

    def loops(self, axes: object) -> list[tuple[str, str]]:
        return [(f"i{k}", f"n{k}") for k in axes]

    @property
    def is_inner(self) -> bool:
        """Whether the axes that go are the last ones, so that elements are read as they lie in memory."""
        return self.gone == tuple(range(self.ndim - len(self.gone), self.ndim))


def axes_for(a: object, axis: object, keepdims: object) -> Axes | None:
    """Return the loops for an array's reduction, or None if they are not known."""
    if not is_array(a) or not isinstance(keepdims, bool | int):
        return None
    gone = axes_of(axis, a.ndim)
    return None if gone is None else Axes(a.ndim, gone, bool(keepdims))


def accumulated(text: Text, axes: Axes, start: str, change: str, result: str, dtype: np.dtype) -> None:
    """Write a reduction, `out`: what `change` does to each `total`, element by element, then what `result` says."""
    if axes.is_number or axes.is_inner:
        text.line("" if axes.is_number else f"out = np.empty({axes.shape}, {dtype_text(dtype)})")
        with text.nest(axes.loops(axes.kept)):
            text.line(f"total = {start}")
            with text.nest(axes.loops(axes.gone)):
                text.line(change.format(total="total"))
            text.line(f"out{'' if axes.is_number else f'[{axes.out}]'} = {result.format(total='total')}")
        return
    sums = "out" if result == "{total}" else "sums"
    text.line(f"{sums} = np.{'ones' if start in ('1.0', '1', 'True') else 'zeros'}({axes.shape}, {dtype_text(dtype)})")
    with text.nest(axes.loops(range(axes.ndim))):
        text.line(change.format(total=f"{sums}[{axes.out}]"))
    if sums == "sums":
        text.line(f"out = np.empty({axes.shape}, {dtype_text(dtype)})")
        with text.nest(axes.loops(axes.kept)):
            text.line(f"out[{axes.out}] = {result.format(total=f'sums[{axes.out}]')}")


def _of(function: object, a: Like, *args: object) -> np.dtype:
    """Return the dtype of a function of an array."""
    return np.asarray(function(np.ones(1, a.dtype), *args)).dtype


def _started(name: str, a: Like, dtype: object, axes: Axes) -> Text:
    text = Text(name, "a")
    if dtype is not None:
        text.line(f"a = a.astype({dtype_text(np.dtype(dtype))})")
    return text.shape("a", axes.lengths)


def _is_plain(axis: object, dtype: object, keepdims: object) -> bool:
    return axis is None and dtype is None and keepdims is False


@by_types(np.sum, typed=True)
def sum_(a, axis=None, dtype=None, out=None, keepdims=False):
    if dtype is None and keepdims is False and not isinstance(axis, tuple):
        return None  # the compiler makes loops of it itself, together with what is summed, if it is active
    return sum_along(a, axis, dtype, keepdims)


def sum_along(a, axis=None, dtype=None, keepdims=False):
    axes = axes_for(a, axis, keepdims)
    if axes is None:
        return None
    text = _started("sum", a, dtype, axes)
    dtype = np.dtype(dtype) if dtype is not None else _of(np.sum, a)
    accumulated(text, axes, "0.0" if dtype.kind == "f" else "0", f"{{total}} += a[{axes.item}]", "{total}", dtype)
    return text.line("return out").function()


@by_types(np.prod)
def prod(a, axis=None, dtype=None, out=None, keepdims=False):
    axes = axes_for(a, axis, keepdims)
    if axes is None or _is_plain(axis, dtype, keepdims):
        return None
    text = _started("prod", a, dtype, axes)
    dtype = np.dtype(dtype) if dtype is not None else _of(np.prod, a)
    accumulated(text, axes, "1.0" if dtype.kind == "f" else "1", f"{{total}} *= a[{axes.item}]", "{total}", dtype)
    return text.line("return out").function()


@by_types(np.mean)
def mean(a, axis=None, dtype=None, out=None, keepdims=False):
    axes = axes_for(a, axis, keepdims)
    if axes is None or _is_plain(axis, dtype, keepdims):
        return None
    text = _started("mean", a, dtype, axes).line(f"count = {axes.count}")
    dtype = np.dtype(dtype) if dtype is not None else _of(np.mean, a)
    accumulated(text, axes, "0.0", f"{{total}} += a[{axes.item}]", "{total} / count", dtype)
    return text.line("return out").function()


def _squares(a: Like, axes: Axes, dtype: object, ddof: object, result: str) -> object:
    """Write the mean square about the mean, of which `result` is what is asked for."""
    text = Text("var", "a, ddof=0")
    if dtype is not None:
        text.line(f"a = a.astype({dtype_text(np.dtype(dtype))})")
    text.shape("a", axes.lengths).line(f"count = {axes.count}")
    dtype = np.dtype(dtype) if dtype is not None else _of(np.var, a)
    accumulated(text, axes, "0.0", f"{{total}} += a[{axes.item}]", "{total} / count", dtype)
    text.line("middle = out").line("freedom = max(count - ddof, 0)")
    difference = f"a[{axes.item}] - middle{'' if axes.is_number else f'[{axes.out}]'}"
    accumulated(text, axes, "0.0", f"{{total}} += ({difference}) ** 2", result, dtype)
    return text.line("return out").function()


@by_types(np.var)
def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    axes = axes_for(a, axis, keepdims)
    if axes is None or (_is_plain(axis, dtype, keepdims) and ddof == 0):
        return None
    return _squares(a, axes, dtype, ddof, "{total} / freedom")


@by_types(np.std)
def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    axes = axes_for(a, axis, keepdims)
    if axes is None or (_is_plain(axis, dtype, keepdims) and ddof == 0):
        return None
    return _squares(a, axes, dtype, ddof, "np.sqrt({total} / freedom)")


# -------------------------------------------------------------------- extremes: the first of several equal ones counts


def _places(text: Text, axes: Axes, beyond: str) -> None:
    """Write what finds the places of elements that no other goes beyond, of those along the axes that go: `found`."""
    text.line(f"count = {axes.count}")
    with text.under("if count == 0:"):
        text.line("raise ValueError('zero-size array to reduction operation which has no identity')")
    text.line("" if not axes.kept else f"found = np.zeros({tuple_text([f'n{k}' for k in axes.kept])}, np.int64)")
    kept = ", ".join(f"i{k}" for k in axes.kept)
    with text.nest(axes.loops(axes.kept)):
        text.line("at = 0")
        with text.under("for k in range(1, count):"):
            now = element(axes, "k")
            best = element(axes, "at")
            x, y = f"a[{now}]", f"a[{best}]"
            with text.under(f"if ({x} {beyond} {y} or {x} != {x}) and {y} == {y}:"):
                text.line("at = k")
        text.line(f"found[{kept}] = at" if axes.kept else "found = at")


def element(axes: Axes, place: str) -> str:
    """Return an index into an array, of which the part along the axes that go is counted as one."""
    parts, below = {}, []
    for k in reversed(axes.gone):
        step = " * ".join(below)
        part = f"({place} // ({step}))" if step else place
        parts[k] = part if k == axes.gone[0] else f"{part} % n{k}"
        below.append(f"n{k}")
    return ", ".join(parts.get(k, f"i{k}") for k in range(axes.ndim))


def _extreme(name: str, a: object, axis: object, keepdims: object, beyond: str) -> object:
    axes = axes_for(a, axis, keepdims)
    if axes is None or _is_plain(axis, None, keepdims):
        return None
    text = _started(name, a, None, axes)
    _places(text, axes, beyond)
    if axes.is_number:
        return text.line(f"return a[{element(axes, 'found')}]").function()
    text.line(f"out = np.empty({axes.shape}, a.dtype)")
    with text.nest(axes.loops(axes.kept)):
        text.line(f"at = found{_kept_index(axes)}")
        text.line(f"out[{axes.out}] = a[{element(axes, 'at')}]")
    return text.line("return out").function()


def _kept_index(axes: Axes) -> str:
    return f"[{', '.join(f'i{k}' for k in axes.kept)}]" if axes.kept else ""


@by_types(np.max, np.amax)
def max_(a, axis=None, out=None, keepdims=False):
    return _extreme("max", a, axis, keepdims, ">")


@by_types(np.min, np.amin)
def min_(a, axis=None, out=None, keepdims=False):
    return _extreme("min", a, axis, keepdims, "<")


@by_types(np.ptp)
def ptp(a, axis=None, out=None, keepdims=False):
    if not is_array(a) or _is_plain(axis, None, keepdims):
        return None
    return Text("ptp", "a").line(f"return np.max(a, {axis}, keepdims={keepdims}) - np.min(a, {axis}, "
                                 f"keepdims={keepdims})").function()  # fmt: skip


def _place(name: str, a: object, axis: object, keepdims: object, beyond: str) -> object:
    axes = axes_for(a, axis, keepdims)
    if axes is None or _is_plain(axis, None, keepdims) or (axis is not None and a.ndim == 1 and not keepdims):
        return None
    text = _started(name, a, None, axes)
    _places(text, axes, beyond)
    if axes.is_number:
        return text.line("return found").function()
    text.line(f"out = np.empty({axes.shape}, np.int64)")
    with text.nest(axes.loops(axes.kept)):
        text.line(f"out[{axes.out}] = found{_kept_index(axes)}")
    return text.line("return out").function()


@by_types(np.argmax)
def argmax(a, axis=None, out=None, keepdims=False):
    return _place("argmax", a, axis, keepdims, ">")


@by_types(np.argmin)
def argmin(a, axis=None, out=None, keepdims=False):
    return _place("argmin", a, axis, keepdims, "<")


def _truth(name: str, a: object, axis: object, keepdims: object, start: bool) -> object:
    axes = axes_for(a, axis, keepdims)
    if axes is None or _is_plain(axis, None, keepdims):
        return None
    text = _started(name, a, None, axes)
    change = f"if a[{axes.item}] {'==' if start else '!='} 0: {{total}} = {not start}"
    accumulated(text, axes, str(start), change, "{total}", np.dtype(bool))
    return text.line("return out").function()


@by_types(np.any)
def any_(a, axis=None, out=None, keepdims=False):
    return _truth("any", a, axis, keepdims, False)


@by_types(np.all)
def all_(a, axis=None, out=None, keepdims=False):
    return _truth("all", a, axis, keepdims, True)


@by_types(np.count_nonzero)
def count_nonzero(a, axis=None, keepdims=False):
    axes = axes_for(a, axis, keepdims)
    if axes is None or _is_plain(axis, None, keepdims):
        return None
    text = _started("count_nonzero", a, None, axes)
    accumulated(text, axes, "0", f"if a[{axes.item}] != 0: {{total}} += 1", "{total}", np.dtype(np.int64))
    return text.line("return out").function()
