"""Sums of products: einsum and what it expresses, in any number of dimensions. Plain matrix products stay with BLAS."""

import operator
import string
from collections.abc import Callable

import numpy as np

from .broadcasting import common_size
from .by_types import Like, Text, by_types, dtype_text, is_array, tuple_text


class Subscripts:
    """The labels of the axes of operands and result, with those of an ellipsis written out (upper case)."""

    def __init__(self, text: str, dims: list[int]):
        text = text.replace(" ", "")
        left, arrow, right = text.partition("->")
        terms = left.split(",")
        if len(terms) != len(dims):
            raise ValueError("np.einsum with another number of operands than of terms in its subscripts")
        if not arrow:
            right = self._implicit("".join(terms))
        self.inputs = [self._written_out(t, d) for t, d in zip(terms, dims, strict=True)]
        most = max((sum(c.isupper() for c in t) for t in self.inputs), default=0)
        self.output = right.replace("...", string.ascii_uppercase[:most][::-1])
        if any(c not in "".join(self.inputs) for c in self.output) or len(set(self.output)) < len(self.output):
            raise ValueError(f"np.einsum with the subscripts {text!r}")

    @staticmethod
    def _implicit(labels: str) -> str:
        letters = labels.replace("...", "")
        once = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
        return ("..." if "..." in labels else "") + once

    @staticmethod
    def _written_out(term: str, ndim: int) -> str:
        letters = term.replace("...", "")
        if not all(c.isascii() and c.islower() for c in letters):
            raise ValueError("np.einsum with subscripts other than lower-case letters")
        more = ndim - len(letters)
        if more < 0 or (more > 0 and "..." not in term):
            raise ValueError(f"np.einsum with the term {term!r} of an operand of {ndim} dimensions")
        return term.replace("...", string.ascii_uppercase[:more][::-1])

    @property
    def summed(self) -> list[str]:
        return [c for c in dict.fromkeys("".join(self.inputs)) if c not in self.output]


def einsum_text(name: str, found: Subscripts, params: list[str], likes: list[Like]) -> object:
    """Write the loops of a sum of products."""
    text = Text(name, ", ".join(params), common_size=common_size)
    seen: dict[str, str] = {}
    stretched: set[str] = set()
    for p, term in zip(params, found.inputs, strict=True):
        for axis, c in enumerate(term):
            if c not in seen:
                seen[c] = f"n_{c}"
                text.line(f"n_{c} = {p}.shape[{axis}]")
            elif c.isupper():
                stretched.add(c)
                text.line(f"n_{c} = common_size(n_{c}, {p}.shape[{axis}])")
            else:
                with text.under(f"if {p}.shape[{axis}] != n_{c}:"):
                    text.line("raise ValueError('operands could not be broadcast together')")
    dtype = np.result_type(*(x.dtype for x in likes))

    def item(p: str, term: str) -> str:
        index = [f"i_{c} % {p}.shape[{k}]" if c in stretched else f"i_{c}" for k, c in enumerate(term)]
        return f"{p}[{', '.join(index)}]" if index else p

    product = " * ".join(item(p, t) for p, t in zip(params, found.inputs, strict=True))
    out = [(f"i_{c}", f"n_{c}") for c in found.output]
    target = f"out[{', '.join(i for i, _ in out)}]" if out else "out"
    if out:
        text.line(f"out = np.empty({tuple_text([n for _, n in out])}, {dtype_text(dtype)})")
    with text.nest(out):
        if found.summed:
            text.line("total = 0.0" if dtype.kind == "f" else "total = 0")
            with text.nest([(f"i_{c}", f"n_{c}") for c in found.summed]):
                text.line(f"total += {product}")
            text.line(f"{target} = total")
        else:
            text.line(f"{target} = {product}")
    return text.line("return out").function()


def as_product(found: Subscripts, params: list[str], likes: list[Like]) -> str | None:
    """Return a sum of products as one product of matrices and vectors, or None if it is none."""
    if len(params) != 2 or len({x.dtype for x in likes}) > 1 or likes[0].dtype.kind != "f":
        return None
    x, y = found.inputs
    both = [c for c in x if c in y]
    if len(both) != 1 or both[0] in found.output or len(set(x)) < len(x) or len(set(y)) < len(y):
        return None
    left, right = x.replace(both[0], ""), y.replace(both[0], "")
    if len(left) > 1 or len(right) > 1 or sorted(left + right) != sorted(found.output):
        return None
    if any(c.isupper() for c in x + y):
        return None
    a = params[0] if not left or x[0] == left else f"{params[0]}.T"
    b = params[1] if not right or y[-1] == right else f"{params[1]}.T"
    return f"np.dot({a}, {b})" + (".T" if found.output != left + right else "")


def contraction(name: str, subscripts: str, params: list[str], likes: list[Like]) -> object:
    found = Subscripts(subscripts, [x.ndim for x in likes])
    product = as_product(found, params, likes)
    if product is None:
        return einsum_text(name, found, params, likes)
    text = Text(name, ", ".join(params), common_size=common_size)
    return text.line(f"return {product}").function()


def _from_lists(operands: tuple) -> tuple[str, tuple] | None:
    """Return subscripts and operands of np.einsum(x, (0, 1), y, (1, 2), (0, 2))."""
    names = {}

    def term(labels: tuple) -> str:
        parts = [x if x is Ellipsis else names.setdefault(x, string.ascii_lowercase[x]) for x in labels]
        return "".join("..." if x is Ellipsis else x for x in parts)

    pairs = len(operands) // 2
    terms = [term(operands[2 * k + 1]) for k in range(pairs)]
    subscripts = ",".join(terms)
    if len(operands) % 2:
        subscripts += "->" + term(operands[-1])
    return subscripts, tuple(operands[2 * k] for k in range(pairs))


@by_types(np.einsum)
def einsum(*operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    if dtype is not None or not operands:
        return None
    if isinstance(operands[0], str):
        subscripts, first, step, arrays = operands[0], 1, 1, operands[1:]
    else:
        (subscripts, arrays), first, step = _from_lists(operands), 0, 2
    if not all(isinstance(x, Like) for x in arrays):
        return None
    params = [f"x_{k}" for k in range(len(arrays))]
    picked = ", ".join(f"operands[{first + step * k}]" for k in range(len(arrays)))
    text = Text("einsum", "operands", written=contraction("product", subscripts, params, list(arrays)))
    return text.line(f"return written({picked})").function()


@by_types(np.tensordot)
def tensordot(a, b, axes=2):
    if not (is_array(a) and is_array(b)):
        return None
    if isinstance(axes, int):
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    elif isinstance(axes, tuple) and len(axes) == 2:
        left, right = (x if isinstance(x, tuple) else (x,) for x in axes)
    else:
        return None
    letters = string.ascii_lowercase
    x = list(letters[: a.ndim])
    y = list(letters[a.ndim : a.ndim + b.ndim])
    for p, q in zip(left, right, strict=True):
        y[q] = x[p]
    out = [c for c in x if c not in y] + [c for c in y if c not in x]
    return contraction("tensordot", f"{''.join(x)},{''.join(y)}->{''.join(out)}", ["a", "b"], [a, b])


@by_types(np.inner)
def inner(a, b):
    if not (is_array(a) and is_array(b)):
        return Text("inner", "a, b").line("return a * b").function()
    x, y = string.ascii_lowercase[: a.ndim - 1], string.ascii_lowercase[a.ndim : a.ndim + b.ndim - 1]
    return contraction("inner", f"{x}z,{y}z->{x}{y}", ["a", "b"], [a, b])


def of_one_kind(name: str, a: object, b: object) -> Callable | None:
    """Return a product of a complex and a real array, which Numba has not, as one of complex arrays; None of others."""
    if not (is_array(a) and is_array(b)) or (a.dtype.kind == "c") is (b.dtype.kind == "c"):
        return None
    x, y = (p if like.dtype.kind == "c" else f"{p}.astype(dtype)" for p, like in (("a", a), ("b", b)))
    dtype = np.result_type(a.dtype, b.dtype).type
    return Text(name, "a, b", product=getattr(np, name), dtype=dtype).line(f"return product({x}, {y})").function()


@by_types(np.dot)
def dot(a, b, out=None):
    mixed = of_one_kind("dot", a, b)
    if mixed is not None:
        return mixed
    if not (is_array(a) and is_array(b)) or max(a.ndim, b.ndim) < 3:
        return None
    x, y = string.ascii_lowercase[: a.ndim - 1], list(string.ascii_lowercase[a.ndim : a.ndim + b.ndim - 1])
    rest = "".join(y)
    y.insert(max(len(y) - 1, 0), "z")
    return contraction("dot", f"{x}z,{''.join(y)}->{x}{rest}", ["a", "b"], [a, b])


@by_types(np.vdot)
def vdot(a, b):
    if not (is_array(a) and is_array(b)):
        return None
    if a.dtype.kind == "c":
        return Text("vdot", "a, b").line("return np.dot(np.ravel(np.conj(a)), np.ravel(b))").function()
    if max(a.ndim, b.ndim) == 1 and b.dtype.kind != "c":
        return None
    return Text("vdot", "a, b").line("return np.dot(np.ravel(a), np.ravel(b))").function()


@by_types(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    if not is_array(a) or dtype is not None:
        return None
    written = Text("trace", "a, offset=0")
    if a.ndim == 2:
        return written.line(f"return np.sum(np.diagonal(a, offset, {axis1}, {axis2}))").function()
    return written.line(f"return np.sum(np.diagonal(a, offset, {axis1}, {axis2}), -1)").function()


@by_types(np.kron)
def kron(a, b):
    if not (is_array(a) and is_array(b)) or max(a.ndim, b.ndim) < 3:
        return None
    ndim = max(a.ndim, b.ndim)
    text = Text("kron", "a, b")
    text.shape("a", [f"n{k}" for k in range(ndim - a.ndim, ndim)])
    text.shape("b", [f"m{k}" for k in range(ndim - b.ndim, ndim)])
    n = [f"n{k}" if k >= ndim - a.ndim else "1" for k in range(ndim)]
    m = [f"m{k}" if k >= ndim - b.ndim else "1" for k in range(ndim)]
    dtype = dtype_text(np.result_type(a.dtype, b.dtype))
    text.line(f"out = np.empty({tuple_text([f'{p} * {q}' for p, q in zip(n, m, strict=True)])}, {dtype})")
    loops = [loop for k in range(ndim) for loop in ((f"i{k}", n[k]), (f"j{k}", m[k]))]
    with text.nest(loops):
        x = ", ".join(f"i{k}" for k in range(ndim - a.ndim, ndim))
        y = ", ".join(f"j{k}" for k in range(ndim - b.ndim, ndim))
        where = ", ".join(f"i{k} * {m[k]} + j{k}" for k in range(ndim))
        text.line(f"out[{where}] = a[{x}] * b[{y}]")
    return text.line("return out").function()


@by_types(np.matmul)
def matmul(a, b):
    mixed = of_one_kind("matmul", a, b)
    if mixed is not None:
        return mixed
    if is_array(a) and is_array(b) and max(a.ndim, b.ndim) < 3:
        return Text("matmul", "a, b").line("return np.dot(a, b)").function()
    return product_of_stacks(a, b)


@by_types(operator.matmul)
def product_of_stacks(a, b):
    """Products of matrices over leading axes, which are broadcast."""
    mixed = of_one_kind("matmul", a, b)
    if mixed is not None:
        return mixed
    if not (is_array(a) and is_array(b)) or max(a.ndim, b.ndim) < 3:
        return None
    lead = max(a.ndim, b.ndim) - 2
    text = Text("matmul", "a, b", common_size=common_size)
    sizes = []
    for k in range(lead):
        has = [(p, k - lead + x.ndim - 2) for p, x in (("a", a), ("b", b)) if x.ndim > 2 and k - lead + x.ndim - 2 >= 0]
        terms = [f"{p}.shape[{axis}]" for p, axis in has]
        text.line(f"n{k} = {terms[0]}" if len(terms) == 1 else f"n{k} = common_size({', '.join(terms)})")
        sizes.append((f"i{k}", f"n{k}", dict(has)))
    if a.ndim > 1:
        text.line("rows = a.shape[-2]")
    if b.ndim > 1:
        text.line("columns = b.shape[-1]")
    own = ["rows"] * (a.ndim > 1) + ["columns"] * (b.ndim > 1)
    dtype = dtype_text(np.result_type(a.dtype, b.dtype))
    text.line(f"out = np.empty({tuple_text([n for _, n, _ in sizes] + own)}, {dtype})")

    def part(p: str) -> str:
        index = [f"{i} % {p}.shape[{has[p]}]" if len(has) == 2 else i for i, _, has in sizes if p in has]
        return f"{p}[{', '.join(index)}]" if index else p

    with text.nest([(i, n) for i, n, _ in sizes]):
        text.line(f"part = np.dot({part('a')}, {part('b')})")
        text.store("out", [i for i, _, _ in sizes], "part", own)
    return text.line("return out").function()
