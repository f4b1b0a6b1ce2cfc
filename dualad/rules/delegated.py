"""NumPy functions that are one expression of others, whatever the types: function, parameters, expression."""

from collections.abc import Callable

import numpy as np

from .by_types import Text, by_types, is_array

_EXPRESSIONS = (
    (np.matrix_transpose, "x", "np.swapaxes(x, -1, -2)"),
    (np.linalg.matrix_transpose, "x", "np.swapaxes(x, -1, -2)"),
    (np.linalg.matmul, "x1, x2", "np.matmul(x1, x2)"),
    (np.linalg.tensordot, "x1, x2, axes=2", "np.tensordot(x1, x2, axes)"),
    (np.linalg.outer, "x1, x2", "np.outer(x1, x2)"),
    (np.linalg.cross, "x1, x2", "np.cross(x1, x2)"),
    (np.linalg.diagonal, "x, offset=0", "np.diagonal(x, offset, -2, -1)"),
    (np.linalg.trace, "x, offset=0", "np.trace(x, offset, -2, -1)"),
    (np.linalg.svdvals, "x", "np.linalg.svd(x, compute_uv=False)"),
    (np.linalg.vecdot, "x1, x2, axis=-1", "np.sum(np.conj(x1) * x2, axis)"),
    (np.linalg.matrix_norm, "x, keepdims=False, ord='fro'", "np.linalg.norm(x, ord, (-2, -1), keepdims)"),
    (np.vecdot, "x1, x2", "np.sum(np.conj(x1) * x2, -1)"),
    (np.matvec, "x1, x2", "np.matmul(x1, x2[..., None])[..., 0]"),
    (np.vecmat, "x1, x2", "np.matmul(np.conj(x1)[..., None, :], x2)[..., 0, :]"),
    (np.cumulative_sum, "x, axis=None", "np.cumsum(x, axis)"),
    (np.cumulative_prod, "x, axis=None", "np.cumprod(x, axis)"),
    (np.polymul, "a1, a2", "np.convolve(a1, a2)"),
    (np.polyder, "p", "p[:-1] * np.arange(p.size - 1, 0, -1)"),
    (np.polyint, "p", "np.concatenate((p / np.arange(p.size, 0, -1), np.zeros(1, p.dtype)))"),
    (np.fix, "x", "np.trunc(x)"),
    (np.astype, "x, dtype", "x.astype(dtype)"),
)
_VIEWS = (np.matrix_transpose, np.linalg.matrix_transpose)


def _delegated(function: Callable, params: str, expression: str) -> None:
    """Declare a function that is an expression of others where its first argument is an array."""
    made = Text(function.__name__, params).line(f"return {expression}").function()
    first, *_ = made.__code__.co_varnames
    chooser = Text("written_for", params, made=made, is_array=is_array)
    by_types(function, views=function in _VIEWS)(chooser.line(f"return made if is_array({first}) else None").function())


for _function, _params, _expression in _EXPRESSIONS:
    _delegated(_function, _params, _expression)


@by_types(np.linalg.vector_norm)
def vector_norm(x, axis=None, keepdims=False, ord=2):
    if not is_array(x) or (axis is None and keepdims):
        return None
    call = "np.linalg.norm(np.ravel(x), ord)" if axis is None else f"np.linalg.norm(x, ord, {axis}, {keepdims})"
    return Text("vector_norm", "x, ord=2").line(f"return {call}").function()


@by_types(np.linalg.multi_dot)
def multi_dot(arrays):
    if not isinstance(arrays, tuple):
        return None
    text = Text("multi_dot", "arrays").line("out = arrays[0]")
    for k in range(1, len(arrays)):
        text.line(f"out = np.dot(out, arrays[{k}])")
    return text.line("return out").function()


@by_types(np.compress)
def compress(condition, a, axis=None):
    if not is_array(a) or not is_array(condition):
        return None
    text = Text("compress", "condition, a").line("places = np.nonzero(condition)[0]")
    return text.line("return np.ravel(a)[places]" if axis is None else f"return np.take(a, places, {axis})").function()


def _longer(name: str, operator: str) -> Callable:
    """Write the sum or difference of polynomials, with zeros before the shorter one."""
    text = Text(name, "a1, a2").line("n = max(a1.size, a2.size)").line("out = np.zeros(n)")
    text.line("out[n - a1.size :] += a1").line(f"out[n - a2.size :] {operator}= a2")
    return text.line("return out").function()


@by_types(np.polyadd)
def polyadd(a1, a2):
    return _longer("polyadd", "+") if is_array(a1) and is_array(a2) else None


@by_types(np.polysub)
def polysub(a1, a2):
    return _longer("polysub", "-") if is_array(a1) and is_array(a2) else None
