"""Products of a Jacobian with several vectors at a time, each a weighted sum of unit vectors: one for each colour.

    def f_coloured(x, colours, weights, count):
        x_dot = zeros_like(x)                               a pack of tangents for each element
        for first in range(0, max(count, 1), 16):
            paint(x_dot, 0, first, colours, weights)        weights[k] in element k, at the place of its colour
            _, out_dot = f_jvp(x, x_dot)
            if first == 0:
                products = np.empty((out_dot.size, count))
            store(products[0:out_dot.size], first, out_dot)
        return products

Where the elements of columns of one colour lie in different rows, the products hold the Jacobian (Curtis, Powell and
Reid 1974). A function that cannot be done in packs takes one colour at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from numba import types

from ..ir.printer import Scope
from ..runtime import coloured_seeds
from ..runtime.numba_bridge import inner_njit


def _leaves(ty: object, text: str) -> list[tuple[object, str]]:
    """Return the types of the numbers and arrays in something, and how they are reached."""
    if isinstance(ty, types.BaseTuple):
        return [leaf for k, t in enumerate(ty) for leaf in _leaves(t, f"{text}[{k}]")]
    return [(ty, text)]


def _is_float(ty: object) -> bool:
    return isinstance(getattr(ty, "dtype", ty), types.Float)


class ColouredText:
    """Prints the products for a function of given types, by the parameter called `x`."""

    def __init__(self, scope: Scope, params: list[str], x: int, given: object, out: object):
        self.scope, self.params, self.x = scope, params, params[x]
        self.inputs, self.given = _leaves(given, self.x), given
        self.out = out
        self.lines: list[str] = []

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def fresh(self, hint: str) -> str:
        return self.scope.namer.fresh(hint)

    def call(self, name: str, *args: str) -> str:
        return f"{self.scope.bind(getattr(coloured_seeds, name), name)}({', '.join(args)})"

    def emit(self, name: str, tangent: Callable, packs: SimpleNamespace | None) -> None:
        """Print the function; `tangent` is generated forward mode, in packs if these are given."""
        colours, weights, count, first, end = map(self.fresh, ("colours", "weights", "count", "first", "end"))
        products, out_dot, row = map(self.fresh, ("products", "out_dot", "row"))

        def pack(name: str, *args: str) -> str:
            return f"{self.scope.bind(getattr(packs, name), name)}({', '.join(args)})"

        self.line(0, f"def {name}({', '.join([*self.params, colours, weights, count])}):")
        dots = {}
        for ty, text in self.inputs:
            if isinstance(ty, types.Array) and _is_float(ty):
                dots[text] = self.fresh(f"{self.x}_dot")
                zeros = pack("zeros_like", text) if packs else f"np.zeros({text}.shape, np.{ty.dtype})"
                self.line(1, f"{dots[text]} = {zeros}")
        self.line(1, f"{products} = np.empty((0, 0))")
        self.line(1, f"for {first} in range(0, max({count}, 1), {packs.width if packs else 1}):")
        self.line(2, f"{end} = 0")
        for ty, text in self.inputs:
            if not _is_float(ty):
                dots[text] = "0.0"
            elif text in dots:
                how = pack if packs else self.call
                self.line(2, how("paint", dots[text], end, first, colours, weights))
                self.line(2, f"{end} += {text}.size")
            else:
                dots[text] = self.fresh(f"{self.x}_dot")
                place = f"{colours}[{end}] - {first}"
                one = pack("unit", place) if packs else self.call("unit", place)
                self.line(2, f"{dots[text]} = {one} * {weights}[{end}]")
                self.line(2, f"{end} += 1")
        call = self.scope.bind(inner_njit(tangent), tangent.__name__)
        self.line(2, f"_, {out_dot} = {call}({', '.join([*self.params, _tree(self.given, self.x, dots)])})")
        outs = [(ty, text) for ty, text in _leaves(self.out, out_dot) if _is_float(ty)]
        sizes = [f"{text}.size" if isinstance(ty, types.Array) else "1" for ty, text in outs]
        self.line(2, f"if {first} == 0:")
        self.line(3, f"{products} = np.empty(({' + '.join(sizes)}, {count}))")
        self.line(2, f"{row} = 0")
        for (ty, text), size in zip(outs, sizes, strict=True):
            part = f"{products}[{row}:{row} + {size}]" if isinstance(ty, types.Array) else f"{products}[{row}]"
            self.line(2, (pack if packs else self.call)("store", part, first, text))
            self.line(2, f"{row} += {size}")
        self.line(1, f"return {products}")


def _tree(ty: object, text: str, dots: dict[str, str]) -> str:
    """Return the text of the tangent of something, of those of the numbers and arrays in it."""
    if isinstance(ty, types.BaseTuple):
        return f"({''.join(_tree(t, f'{text}[{k}]', dots) + ', ' for k, t in enumerate(ty))})"
    return dots[text]
