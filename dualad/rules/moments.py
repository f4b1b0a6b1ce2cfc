"""Statistics and sequences along axes, differences, and what else is written in terms of other functions."""

import numpy as np

from .along_axes import Axes, axes_for
from .by_types import Like, Text, axes_of, by_types, dtype_text, is_array, is_number, tuple_text

# -------------------------------------------------------------------- what is done to each row


def rowwise(
    name: str, a: Like, axes: Axes, call: str, params: str, dtype: np.dtype, front: str = "", **names: object
) -> object:
    """Write what applies a function of a row to the rows along some axes, with a number as its result.

    With `front`, it is a vector of that length, of which the axis comes first.
    """
    text = Text(name, params, **names).shape("a", axes.lengths)
    row = f"a[{', '.join(':' if k in axes.gone else f'i{k}' for k in range(a.ndim))}]"
    if len(axes.gone) > 1:
        row = f"np.ravel({row})"
    if axes.is_number:
        return text.line(f"return {call.format(row)}").function()
    lead = [front] if front else []
    text.line(f"out = np.empty({tuple_text([*lead, *axes.of_result('n', '1')])}, {dtype_text(dtype)})")
    with text.nest(axes.loops(axes.kept)):
        index = [*([":"] if front else []), *axes.of_result("i", "0")]
        text.line(f"out[{', '.join(index)}] = {call.format(row)}")
    return text.line("return out").function()


def along(name: str, a: object, axis: object, call: str, params: str = "a", dtype: object = None) -> object:
    """Write what replaces each row along an axis by a function of it, of the same length."""
    (k,) = (axes_of(axis, a.ndim) if isinstance(axis, int) else None) or (None,)
    if k is None:
        return None
    text = Text(name, params).shape("a", [f"n{j}" for j in range(a.ndim)])
    row = ", ".join(":" if j == k else f"i{j}" for j in range(a.ndim))
    text.line(f"out = np.empty(a.shape, {dtype_text(np.dtype(dtype or a.dtype))})")
    with text.nest([(f"i{j}", f"n{j}") for j in range(a.ndim) if j != k]):
        text.line(f"part = {call.format(f'a[{row}]')}")
        with text.nest([(f"i{k}", f"n{k}")]):
            text.line(f"out[{', '.join(f'i{j}' for j in range(a.ndim))}] = part[i{k}]")
    return text.line("return out").function()


def _float_of(a: Like) -> np.dtype:
    return a.dtype if a.dtype.kind == "f" else np.dtype(np.float64)


def _plain_rows(name: str, a: object, axis: object, keepdims: object, more: str = "", params: str = "a") -> object:
    axes = axes_for(a, axis, keepdims)
    if axes is None or (axis is None and not keepdims):
        return None
    return rowwise(name, a, axes, f"np.{name}({{}}{more})", params, _float_of(a))


@by_types(np.median)
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return _plain_rows("median", a, axis, keepdims)


@by_types(np.nanmedian)
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return _plain_rows("nanmedian", a, axis, keepdims)


@by_types(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=False):
    return _plain_rows("nansum", a, axis, keepdims) if dtype is None else None


@by_types(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=False):
    return _plain_rows("nanprod", a, axis, keepdims) if dtype is None else None


@by_types(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=False):
    return _plain_rows("nanmean", a, axis, keepdims) if dtype is None else None


@by_types(np.nanmax)
def nanmax(a, axis=None, out=None, keepdims=False):
    return _plain_rows("nanmax", a, axis, keepdims)


@by_types(np.nanmin)
def nanmin(a, axis=None, out=None, keepdims=False):
    return _plain_rows("nanmin", a, axis, keepdims)


def _nan_spread(name: str, a: object, axis: object, ddof: object, keepdims: object) -> object:
    if axis is None and not keepdims and ddof == 0:
        return None
    axes = axes_for(a, axis, keepdims)
    if axes is None:
        return None
    of_row = variance_without_nans if name == "nanvar" else deviation_without_nans
    return rowwise(name, a, axes, "of_row({}, ddof)", "a, ddof=0", _float_of(a), of_row=of_row)


def variance_without_nans(row, ddof):
    count, total = 0, 0.0
    flat = np.ravel(row)
    for x in flat:
        if x == x:
            count += 1
            total += x
    middle, squares = total / count, 0.0
    for x in flat:
        if x == x:
            squares += (x - middle) ** 2
    return squares / (count - ddof) if count > ddof else np.nan


def deviation_without_nans(row, ddof):
    return np.sqrt(variance_without_nans(row, ddof))


@by_types(np.nanvar)
def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return _nan_spread("nanvar", a, axis, ddof, keepdims) if dtype is None else None


@by_types(np.nanstd)
def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return _nan_spread("nanstd", a, axis, ddof, keepdims) if dtype is None else None


def _quantiles(name: str, a: object, q: object, axis: object, keepdims: object) -> object:
    axes = axes_for(a, axis, keepdims)
    several = not is_number(q)
    if axes is None or (axis is None and not keepdims and not isinstance(q, tuple)):
        return None
    dims = q.ndim if isinstance(q, Like) else 1
    if several and dims > 1:
        return None
    if not several:
        return rowwise(name, a, axes, f"np.{name}({{}}, q)", "a, q", _float_of(a))
    return rowwise(name, a, axes, f"np.{name}({{}}, np.asarray(q))", "a, q", _float_of(a), "len(q)")


def _declare_quantiles(function):
    @by_types(function)
    def quantiles(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
        return _quantiles(function.__name__, a, q, axis, keepdims) if method == "linear" else None


for _function in (np.quantile, np.percentile, np.nanquantile, np.nanpercentile):
    _declare_quantiles(_function)


@by_types(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    if not is_array(x):
        return None
    if axis is None and ord is None and not keepdims:
        return None if x.ndim < 3 else Text("norm", "x").line("return np.linalg.norm(np.ravel(x))").function()
    if axis is None and not keepdims and isinstance(ord, str) and x.ndim == 2:  # Numba knows no such orders
        norms = {"fro": "np.linalg.norm(np.ravel(x))", "nuc": "np.sum(np.linalg.svd(x, False)[1])"}
        return Text("norm", "x").line(f"return {norms[ord]}").function() if ord in norms else None
    axes = axes_for(x, axis, keepdims)
    if axes is None or (axis is None and not keepdims):
        return None
    params = "x, ord=None"
    if len(axes.gone) == 1 or ord is None or (ord == "fro" and len(axes.gone) == 2):
        call = "np.linalg.norm({}, ord)" if len(axes.gone) == 1 else "np.linalg.norm(np.ravel({}))"
    elif len(axes.gone) == 2:
        call = "np.linalg.norm({}, ord)"
    else:
        return None
    text = Text("norm", params).line("a = x").shape("a", axes.lengths)
    part = f"a[{', '.join(':' if k in axes.gone else f'i{k}' for k in range(x.ndim))}]"
    given = axis if isinstance(axis, tuple) else (0, 1)
    if len(axes.gone) == 2 and given[0] % x.ndim > given[1] % x.ndim:
        part += ".T"
    part = f"np.ascontiguousarray({part})" if axes.kept else part
    if axes.is_number:
        return text.line(f"return {call.format('a')}").function()
    text.line(f"out = np.empty({axes.shape}, {dtype_text(_float_of(x))})")
    with text.nest(axes.loops(axes.kept)):
        text.line(f"out[{axes.out}] = {call.format(part)}")
    return text.line("return out").function()


# -------------------------------------------------------------------- orders and scans


@by_types(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    if not is_array(a) or order is not None or axis == -1:
        return None
    if axis is None:
        return Text("sort", "a").line("return np.sort(np.ravel(a))").function()
    return along("sort", a, axis, "np.sort({})")


@by_types(np.argsort)
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    if not is_array(a) or order is not None or (a.ndim == 1 and axis == -1):
        return None
    if axis is None:
        return Text("argsort", "a").line("return np.argsort(np.ravel(a))").function()
    return along("argsort", a, axis, "np.argsort({})", dtype=np.int64)


@by_types(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    if not is_array(a) or not is_number(kth) or axis == -1:
        return None
    return along("partition", a, axis, "np.partition({}, kth)", "a, kth")


@by_types(np.cumprod)
def cumprod(a, axis=None, dtype=None, out=None):
    if not is_array(a) or axis is None or dtype is not None:
        return None
    (k,) = axes_of(axis, a.ndim) or (None,)
    if k is None:
        return None
    text = Text("cumprod", "a").shape("a", [f"n{j}" for j in range(a.ndim)])
    text.line(f"out = np.empty(a.shape, {dtype_text(np.cumprod(np.ones(1, a.dtype)).dtype)})")
    index = ", ".join(f"i{j}" for j in range(a.ndim))
    with text.nest([(f"i{j}", f"n{j}") for j in range(a.ndim) if j != k]):
        text.line("p = 1.0" if a.dtype.kind == "f" else "p = 1")
        with text.nest([(f"i{k}", f"n{k}")]):
            text.line(f"p *= a[{index}]").line(f"out[{index}] = p")
    return text.line("return out").function()


@by_types(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    if not is_array(a) or axis is None or dtype is not None:
        return None
    return Text("nancumsum", "a").line(f"return np.cumsum(np.where(np.isnan(a), 0.0, a), {axis})").function()


@by_types(np.diff)
def diff(a, n=1, axis=-1):
    if not is_array(a) or not isinstance(n, int) or n < 0:
        return None
    (k,) = axes_of(axis, a.ndim) or (None,)
    if k is None or axis == -1:
        return None
    text, front = Text("diff", "a"), ":, " * k
    for _ in range(n):
        text.line(f"a = a[{front}1:] - a[{front}:-1]")
    return text.line("return a" if n else "return a * 1").function()


@by_types(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    if not is_array(y) or axis == -1:
        return None
    (k,) = axes_of(axis, y.ndim) or (None,)
    if k is None:
        return None
    text, front = Text("trapezoid", "y, x=None, dx=1.0"), ":, " * k
    tail = ", ".join([":", *["None"] * (y.ndim - 1 - k)])
    width = "dx" if x is None else f"np.diff(x)[{tail}]" if x.ndim == 1 else f"np.diff(x, 1, {k})"
    return text.line(f"return np.sum(0.5 * (y[{front}1:] + y[{front}:-1]) * {width}, {k})").function()


@by_types(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    if not is_array(f) or edge_order != 1 or not all(map(is_number, varargs)):
        return None
    axes = axes_of(axis, f.ndim)
    if axes is None or len(varargs) not in (0, 1, len(axes)):
        return None
    ordered = [k % f.ndim for k in axis] if isinstance(axis, tuple) else axes
    text = Text("gradient", "f, varargs=()").shape("f", [f"n{k}" for k in range(f.ndim)])
    results = []
    for j, k in enumerate(ordered):
        step = "1.0" if not varargs else f"varargs[{0 if len(varargs) == 1 else j}]"
        with text.under(f"if n{k} < 2:"):
            text.line("raise ValueError('Shape of array too small to calculate a numerical gradient')")
        text.line(f"h_{k} = {step}").line(f"out_{k} = np.empty(f.shape, {dtype_text(_float_of(f))})")
        with text.nest([(f"i{m}", f"n{m}") for m in range(f.ndim)]):
            text.line(f"low = max(i{k} - 1, 0)").line(f"high = min(i{k} + 1, n{k} - 1)")
            here, before, after = (
                ", ".join(place if m == k else f"i{m}" for m in range(f.ndim)) for place in (f"i{k}", "low", "high")
            )
            text.line(f"out_{k}[{here}] = (f[{after}] - f[{before}]) / ((high - low) * h_{k})")
        results.append(f"out_{k}")
    return text.line(f"return {results[0] if len(results) == 1 else tuple_text(results)}").function()


@by_types(np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    if not is_array(a) or returned or (axis is None and not keepdims):
        return None
    if weights is None:
        return Text("average", "a").line(f"return np.mean(a, axis={axis}, keepdims={keepdims})").function()
    axes = axes_for(a, axis, keepdims)
    if axes is None or not is_array(weights):
        return None
    if weights.ndim == 1 and a.ndim > 1 and len(axes.gone) == 1:
        weight = f"w[i{axes.gone[0]}]"
    elif weights.ndim == a.ndim:
        weight = f"w[{axes.item}]"
    else:
        return None
    text = Text("average", "a, weights").line("w = weights").shape("a", axes.lengths)
    sizes = (
        [f"w.shape[0] != n{axes.gone[0]}"]
        if weights.ndim < a.ndim
        else [f"w.shape[{k}] != n{k}" for k in range(a.ndim)]
    )
    with text.under(f"if {' or '.join(sizes)}:"):
        text.line("raise ValueError('Shape of weights must be consistent with shape of a along specified axis.')")
    text.line("" if axes.is_number else f"out = np.empty({axes.shape}, {dtype_text(_float_of(a))})")
    with text.nest(axes.loops(axes.kept)):
        text.line("total = 0.0").line("both = 0.0")
        with text.nest(axes.loops(axes.gone)):
            text.line(f"total += {weight}").line(f"both += a[{axes.item}] * {weight}")
        with text.under("if total == 0.0:"):
            text.line('raise ZeroDivisionError("Weights sum to zero, can\'t be normalized")')
        text.line(f"out{'' if axes.is_number else f'[{axes.out}]'} = both / total")
    return text.line("return out").function()


# -------------------------------------------------------------------- elements


@by_types(np.heaviside)
def heaviside(x1, x2):
    if not (is_array(x1) or is_array(x2)):
        return None
    return (
        Text("heaviside", "x1, x2")
        .line("return np.where(x1 < 0, 0.0, np.where(x1 > 0, 1.0, x2 + 0.0 * x1))")
        .function()
    )


@by_types(np.polyval)
def polyval(p, x):
    if isinstance(p, tuple):
        terms = [f"p[{k}]" for k in range(len(p))]
    elif is_array(p) and p.ndim == 1:
        text = Text("polyval", "p, x").line("y = x * 0.0")
        with text.under("for k in range(p.size):"):
            text.line("y = y * x + p[k]")
        return text.line("return y").function()
    else:
        return None
    text = Text("polyval", "p, x").line("y = x * 0.0")
    for term in terms:
        text.line(f"y = y * x + {term}")
    return text.line("return y").function()
