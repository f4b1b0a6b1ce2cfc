"""Linear algebra over leading axes: each matrix of a stack by itself, with the rules of its own."""

import numpy as np

from . import decompositions, linear_algebra, spectra
from .broadcasting import common_size
from .by_types import Text, by_types, dtype_text, is_array, tuple_text


def _stacked(
    name: str, a: object, call: str, *shapes: list[str], more: str = "", one: object = None, one_call: str = ""
) -> object:
    """Write a function of matrices over leading axes; `shapes` are those of its results for one matrix of m by n.

    A function with several results is written out for a single matrix as well: `one` is what stands for it.
    """
    if not is_array(a) or a.ndim < 2:
        return None
    if a.ndim == 2:
        return one and Text(name, f"a{more}", one=one).line(f"return {one_call or 'one(a)'}").function()
    lead = a.ndim - 2
    loops = [(f"i{k}", f"n{k}") for k in range(lead)]
    text = Text(name, f"a{more}").shape("a", [*(n for _, n in loops), "m", "n"])
    index = ", ".join(i for i, _ in loops)
    for j, shape in enumerate(shapes):
        text.line(f"out{j} = np.empty({tuple_text([*(n for _, n in loops), *shape])}, {dtype_text(a.dtype)})")
    with text.nest(loops):
        parts = [f"part{j}" for j in range(len(shapes))]
        text.line(f"{', '.join(parts)} = {call.format(f'a[{index}]')}")
        for j, (part, shape) in enumerate(zip(parts, shapes, strict=True)):
            text.store(f"out{j}", [i for i, _ in loops], part, shape)
    return text.line(f"return {', '.join(f'out{j}' for j in range(len(shapes)))}").function()


@by_types(np.linalg.inv)
def inv(a):
    return _stacked("inv", a, "np.linalg.inv({})", ["n", "n"])


@by_types(np.linalg.det)
def det(a):
    return _stacked("det", a, "np.linalg.det({})", [])


@by_types(np.linalg.slogdet)
def slogdet(a):
    return _stacked("slogdet", a, "np.linalg.slogdet({})", [], [], one=linear_algebra.slogdet)


@by_types(np.linalg.cholesky)
def cholesky(a, *, upper=False):
    if upper is True and is_array(a):
        return Text("cholesky", "a").line("return np.swapaxes(np.linalg.cholesky(a), -1, -2)").function()
    return _stacked("cholesky", a, "np.linalg.cholesky({})", ["n", "n"])


@by_types(np.linalg.pinv)
def pinv(a, rcond=1e-15):
    return _stacked("pinv", a, "np.linalg.pinv({}, rcond)", ["n", "m"], more=", rcond=1e-15")


@by_types(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    if UPLO == "U" and is_array(a):
        return Text("eigvalsh", "a").line("return np.linalg.eigvalsh(np.swapaxes(a, -1, -2))").function()
    return _stacked("eigvalsh", a, "np.linalg.eigvalsh({})", ["n"])


@by_types(np.linalg.eigh)
def eigh(a, UPLO="L"):
    if UPLO == "U" and is_array(a):  # LAPACK's other half: the same vectors, of which it may turn others round
        return Text("eigh", "a").line("return np.linalg.eigh(np.swapaxes(a, -1, -2))").function()
    return _stacked("eigh", a, "np.linalg.eigh({})", ["n"], ["n", "n"], one=spectra.eigh)


@by_types(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    if not is_array(a) or hermitian:
        return None
    if not compute_uv:
        if a.ndim == 2:
            return Text("svd", "a").line("return np.linalg.svd(a, False)[1]").function()
        return _stacked("svd", a, "np.linalg.svd({}, False)[1]", ["min(m, n)"])
    if full_matrices:
        shapes, call = (["m", "m"], ["min(m, n)"], ["n", "n"]), "np.linalg.svd({})"
    else:
        shapes, call = (["m", "min(m, n)"], ["min(m, n)"], ["min(m, n)", "n"]), "np.linalg.svd({}, False)"
    return _stacked("svd", a, call, *shapes, one=spectra.svd, one_call=f"one(a, {bool(full_matrices)})")


@by_types(np.linalg.qr)
def qr(a, mode="reduced"):
    if mode != "reduced":
        return None
    shapes = ["m", "min(m, n)"], ["min(m, n)", "n"]
    return _stacked("qr", a, "np.linalg.qr({})", *shapes, one=decompositions.qr)


@by_types(np.linalg.matrix_power)
def matrix_power(a, n):
    if not is_array(a) or a.ndim < 3:
        return None
    index = ", ".join(f"i{k}" for k in range(a.ndim - 2))
    text = Text("matrix_power", "a, n").line("out = np.empty(a.shape, a.dtype)")
    with text.nest([(f"i{k}", f"a.shape[{k}]") for k in range(a.ndim - 2)]):
        text.line(f"out[{index}] = np.linalg.matrix_power(a[{index}], n)")
    return text.line("return out").function()


@by_types(np.linalg.solve)
def solve(a, b):
    """A vector stands for itself where b has one dimension; otherwise b is a stack of matrices."""
    if not (is_array(a) and is_array(b)) or (a.ndim == 2 and b.ndim <= 2):
        return None
    lead = max(a.ndim - 2, b.ndim - 2, 0)
    text = Text("solve", "a, b", common_size=common_size)
    loops, parts = [], {"a": [], "b": []}
    for k in range(lead):
        has = [(p, x.ndim - 2 - lead + k) for p, x in (("a", a), ("b", b)) if x.ndim - 2 - lead + k >= 0]
        terms = [f"{p}.shape[{axis}]" for p, axis in has]
        text.line(f"n{k} = {terms[0]}" if len(terms) == 1 else f"n{k} = common_size({', '.join(terms)})")
        loops.append((f"i{k}", f"n{k}"))
        for p, axis in has:
            parts[p].append(f"i{k}" if len(has) == 1 else f"i{k} % {p}.shape[{axis}]")
    item = {p: f"{p}[{', '.join(index)}]" if index else p for p, index in parts.items()}
    sizes = ["rows", "columns"] if b.ndim > 1 else ["columns"]
    for name, axis in zip(sizes[::-1], (-1, -2), strict=False):
        text.line(f"{name} = b.shape[{axis}]")
    shape = tuple_text([*(n for _, n in loops), *sizes])
    text.line(f"out = np.empty({shape}, {dtype_text(np.result_type(a.dtype, b.dtype))})")
    with text.nest(loops):
        text.line(f"part = np.linalg.solve({item['a']}, {item['b']})")
        text.store("out", [i for i, _ in loops], "part", sizes)
    return text.line("return out").function()
