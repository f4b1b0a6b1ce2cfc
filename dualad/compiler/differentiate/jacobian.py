"""Jacobians, as loops over directions (forward) or over the elements of the result (reverse).

    def f_jacfwd(x):                                       def f_jacrev(x):
        x_dot, x_dot_1 = zeros, zeros                          out, out_bar = f(x), zeros
        for first in range(0, x.size, 2):                      for k in range(out.size):
            x_dot[first] = x_dot_1[first + 1] = 1                  out_bar[k] = 1
            out_dot, out_dot_1 = f_jvp(x, x_dot, x_dot_1)          jacobian[k] = f_grad(x, out_bar)
            jacobian[:, first], ... = out_dot, ...                 out_bar[k] = 0
            x_dot[first] = x_dot_1[first + 1] = 0

Forward mode takes `DIRECTIONS` directions at a time, and computes the primal once for all of them; where it can be done
in packs, `x_dot` holds one for each of many directions. The directions go through all parameters, one after the other;
the rows of reverse mode hold all of them. The text is plain Python for the
types at hand; a Jacobian within a differentiated function is read from it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

from numba import types

from ..ir.printer import Scope
from ..runtime.numba_bridge import inner_njit

DIRECTIONS = 4
"""More directions save more of the primal, and take longer to compile; the gain is measured in bench/."""


def _is_array(ty: object) -> bool:
    return isinstance(ty, types.Array)


def _one(ty: object) -> str:
    return "np.float32(1.0)" if ty == types.float32 else "1.0"


def _zero(ty: object) -> str:
    return "np.float32(0.0)" if ty == types.float32 else "0.0"


def dtype_text(ty: object) -> str:
    return ", np.float32" if (ty.dtype if _is_array(ty) else ty) == types.float32 else ""


class JacobianText:
    """Prints the Jacobians of numbers and arrays by numbers and arrays, of given types."""

    def __init__(self, scope: Scope, params: list[str], wrt: tuple[int, ...], xs: list, outs: list):
        self.scope = scope
        self.params, self.xs, self.outs = params, xs, outs
        self.names = [params[k] for k in wrt]
        self.given = ", ".join(params)
        self.lines: list[str] = []

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def fresh(self, hint: str) -> str:
        return self.scope.namer.fresh(hint)

    def bind(self, derived: object) -> str:
        return self.scope.bind(derived, derived.__name__)

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def head(self, name: str) -> None:
        self.line(0, f"def {name}({self.given}):")

    # ---------------------------------------------------------------- blocks: one for each result and parameter

    def open_blocks(self, sizes: list[str] | None = None) -> dict[tuple[int, int], str]:
        """Print the blocks as variables, and return their names.

        A block gets its memory later, when the size of the result is known; given the sizes of the parameters, the
        blocks of numbers have it already.
        """
        blocks = {}
        for j, out in enumerate(self.outs):
            for i, x in enumerate(self.xs):
                axes = _is_array(out) + _is_array(x)
                blocks[j, i] = self.fresh("jacobian")
                shape = "(0, 0)" if axes == 2 else sizes[i] if sizes and not _is_array(out) else "0"
                self.line(1, f"{blocks[j, i]} = {f'np.empty({shape}{dtype_text(x)})' if axes else _zero(x)}")
        return blocks

    def allocate(self, depth: int, block: str, rows: str, columns: str, x: object) -> None:
        sizes = [n for n in (rows, columns) if n]
        if sizes:
            shape = f"({', '.join(sizes)})" if len(sizes) == 2 else sizes[0]
            self.line(depth, f"{block} = np.empty({shape}{dtype_text(x)})")

    def copy(self, depth: int, name: str, ty: object, cell: Callable) -> None:
        """Print the copy of a number or array into cells, as a loop: Numba takes a second over a slice assignment."""
        for more, text in copied(name, ty, cell, self.fresh):
            self.line(depth + more, text)

    def result(self, blocks: dict, outs: list[str]) -> None:
        """Print the return of all blocks, each in its shape."""
        texts = []
        for j, out in enumerate(self.outs):
            for i, x in enumerate(self.xs):
                arrays = [(n, t) for n, t in ((outs[j], out), (self.names[i], x)) if _is_array(t)]
                shape = " + ".join(f"{n}.shape" for n, _ in arrays)
                is_flat = all(t.ndim == 1 for _, t in arrays)
                texts.append(blocks[j, i] if is_flat else f"{blocks[j, i]}.reshape({shape})")
        self.line(1, f"return {texts[0]}" if len(texts) == 1 else f"return ({', '.join(texts)})")

    def result_type(self) -> object:
        """Return the type of what the function returns."""
        found = [_block_type(out, x) for out in self.outs for x in self.xs]
        return found[0] if len(found) == 1 else types.BaseTuple.from_types(found)

    # ---------------------------------------------------------------- forward

    def directions(self) -> int:
        """Return how many directions to take at a time."""
        return DIRECTIONS if any(_is_array(x) for x in self.xs) else min(self.most_directions(), 2 * DIRECTIONS)

    def most_directions(self) -> float:
        """Return how many directions there are; infinitely many if that is not known before the arguments are."""
        return math.inf if any(_is_array(x) for x in self.xs) else len(self.xs)

    def forward(self, name: str, tangent: Callable, count: int) -> None:
        """Print the Jacobians by forward mode; `tangent` is the generated function of `count` directions."""
        self.head(name)
        call = self.scope.bind(inner_njit(tangent), tangent.__name__)
        if all(x == types.float64 for x in self.xs):
            self.forward_by_numbers(call, count)
            return
        sizes, offsets = self.places()
        total = offsets[-1]
        dots = [[self.fresh(f"{n}_dot") for n in self.names] for _ in range(count)]
        outs = [[self.fresh("out_dot") for _ in self.outs] for _ in range(count)]
        for dot, x, size in ((d, x, s) for row in dots for d, x, s in zip(row, self.xs, sizes, strict=True)):
            if _is_array(x):
                self.line(1, f"{dot} = np.zeros({size}{dtype_text(x)})")
        blocks = self.open_blocks()
        first = self.fresh("first")
        self.line(1, f"for {first} in range(0, max({total}, 1), {count}):")  # once, for the shape, if x is empty
        places = [f"{first} + {k}" if k else first for k in range(count)]
        for row, place in zip(dots, places, strict=True):
            for i, dot in enumerate(row):
                if _is_array(self.xs[i]):
                    self.line(2, f"if {self.within(place, i, offsets)}:")
                    self.line(3, f"{dot}[{self.place_in(place, i, offsets)}] = 1.0")
                else:
                    test = f"{place} == {offsets[i]}"
                    self.line(2, f"{dot} = {_one(self.xs[i])} if {test} else {_zero(self.xs[i])}")
        seeds = [self.shaped(dot, i) for row in dots for i, dot in enumerate(row)]
        results = ", ".join(self.packed(row) for row in outs)
        self.line(2, f"_, {results} = {call}({', '.join([self.given, *seeds])})")
        if any(_is_array(t) for t in (*self.xs, *self.outs)):
            self.line(2, f"if {first} == 0:")
            for (j, i), block in blocks.items():
                rows = f"{outs[0][j]}.size" if _is_array(self.outs[j]) else ""
                self.allocate(3, block, rows, sizes[i] if _is_array(self.xs[i]) else "", self.xs[i])
        for row, row_out, place in zip(dots, outs, places, strict=True):
            for i, dot in enumerate(row):
                self.line(2, f"if {self.within(place, i, offsets)}:")
                column = self.place_in(place, i, offsets) if _is_array(self.xs[i]) else ""
                if column:
                    self.line(3, f"{dot}[{column}] = 0.0")
                for j, out in enumerate(self.outs):
                    self.copy(3, row_out[j], out, lambda r, b=blocks[j, i], c=column: _cell(b, r, c))
        self.result(blocks, outs[0])

    def forward_by_numbers(self, call: str, count: int) -> None:
        """Print the rest of the Jacobians by numbers: no loop, since it is known how many there are."""
        blocks = {}
        for first in range(0, len(self.xs), count):
            outs = [[self.fresh("out_dot") for _ in self.outs] for _ in range(count)]
            seeds = [_one(x) if i == first + k else _zero(x) for k in range(count) for i, x in enumerate(self.xs)]
            results = ", ".join(self.packed(row) for row in outs)
            self.line(1, f"_, {results} = {call}({', '.join([self.given, *seeds])})")
            for i, row in enumerate(outs[: len(self.xs) - first], first):
                for j, out in enumerate(self.outs):
                    blocks[j, i] = f"{row[j]}.astype(np.float64)" if _is_array(out) else row[j]
        self.result_by_numbers(blocks)

    def result_by_numbers(self, blocks: dict) -> None:
        ordered = [blocks[j, i] for j in range(len(self.outs)) for i in range(len(self.xs))]
        self.line(1, f"return {self.packed(ordered)}")

    def forward_side_by_side(
        self, name: str, tangent: Callable, packs: SimpleNamespace, gives_value: bool = True
    ) -> None:
        """Print the Jacobians by forward mode; `tangent` is the generated function of packs of directions.

        It returns the tangents of the results, behind the results themselves if it `gives_value`.
        """
        self.value = "_, " if gives_value else ""
        self.head(name)
        call = self.scope.bind(inner_njit(tangent), tangent.__name__)
        self.packs = packs
        if not any(_is_array(x) for x in self.xs):
            self.side_by_side_by_numbers(call)
            return
        sizes, offsets = self.places()
        dots = [self.fresh(f"{n}_dot") for n in self.names]
        outs = [self.fresh("out_dot") for _ in self.outs]
        for dot, n, x in zip(dots, self.names, self.xs, strict=True):
            if _is_array(x):
                self.line(1, f"{dot} = {self.call_pack('zeros_like', n)}")
        blocks = self.open_blocks(sizes)
        first = self.fresh("first")
        total = offsets[-1]
        self.line(1, f"for {first} in range(0, max({total}, 1), {packs.width}):")  # once, for the shape, if x is empty
        starts = [first if offset == "0" else f"{first} - {offset}" for offset in offsets]
        for dot, x, start in zip(dots, self.xs, starts, strict=False):
            if _is_array(x):
                self.line(2, self.call_pack("seed", dot, start, "1.0"))
            else:
                self.line(2, f"{dot} = {self.call_pack('unit', f'-({start})')}")
        self.line(2, f"{self.value}{self.packed(outs)} = {call}({', '.join([self.given, *dots])})")
        if any(_is_array(out) for out in self.outs):
            self.line(2, f"if {first} == 0:")
        for (j, i), block in blocks.items():
            if _is_array(self.outs[j]):
                self.allocate(3, block, f"{outs[j]}.size", sizes[i] if _is_array(self.xs[i]) else "", self.xs[i])
        for dot, x, start in zip(dots, self.xs, starts, strict=False):
            if _is_array(x):
                self.line(2, self.call_pack("seed", dot, start, "0.0"))
        for (j, i), block in blocks.items():
            if _is_array(self.xs[i]) or _is_array(self.outs[j]):
                self.line(2, self.call_pack("store", block, starts[i], outs[j]))
            else:
                self.line(2, f"if {first} <= {offsets[i]} < {first} + {packs.width}:")
                self.line(3, f"{block} = {self.call_pack('lane', outs[j], f'-({starts[i]})')}")
        self.result(blocks, outs)

    def side_by_side_by_numbers(self, call: str) -> None:
        """Print the rest of the Jacobians by numbers: no loop, since it is known how many there are."""
        blocks = {}
        for first in range(0, len(self.xs), self.packs.width):
            outs = [self.fresh("out_dot") for _ in self.outs]
            seeds = [self.call_pack("unit", str(i - first)) for i in range(len(self.xs))]
            self.line(1, f"{self.value}{self.packed(outs)} = {call}({', '.join([self.given, *seeds])})")
            for i in range(first, min(first + self.packs.width, len(self.xs))):
                for j, out in enumerate(self.outs):
                    lane = self.call_pack("lane", outs[j], str(i - first))
                    blocks[j, i] = f"{lane}.copy()" if _is_array(out) else lane
        self.result_by_numbers(blocks)

    def call_pack(self, name: str, *args: str) -> str:
        return f"{self.scope.bind(getattr(self.packs, name), name)}({', '.join(args)})"

    def packed(self, names: list[str]) -> str:
        return names[0] if len(names) == 1 else f"({', '.join(names)})"

    def shaped(self, flat: str, i: int) -> str:
        x = self.xs[i]
        return f"{flat}.reshape({self.names[i]}.shape)" if _is_array(x) and x.ndim != 1 else flat

    def within(self, place: str, i: int, offsets: list[str]) -> str:
        """Return the test whether a place among all directions belongs to a parameter."""
        if not _is_array(self.xs[i]):
            return f"{place} == {offsets[i]}"
        return f"{place} < {offsets[i + 1]}" if i == 0 else f"{offsets[i]} <= {place} < {offsets[i + 1]}"

    def place_in(self, place: str, i: int, offsets: list[str]) -> str:
        return place if i == 0 else f"{place} - {offsets[i]}"

    def places(self) -> tuple[list[str], list[str]]:
        """Print and return the sizes of the parameters, and their places in the row of all directions, with its end."""
        sizes, offsets = [], ["0"]
        for n, x in zip(self.names, self.xs, strict=True):
            size = "1"
            if _is_array(x):
                size = self.fresh("size")
                self.line(1, f"{size} = {n}.size")
            sizes.append(size)
            end = size if offsets[-1] == "0" else self.fresh("end")
            if end != size:
                self.line(1, f"{end} = {offsets[-1]} + {size}")
            offsets.append(end)
        return sizes, offsets

    # ---------------------------------------------------------------- reverse

    def reverse(self, name: str, value: object, pullbacks: list, rows: list) -> None:
        """Print the Jacobians by reverse mode.

        `value` gives the results; each of `pullbacks` the vector-Jacobian product of one of them, by all parameters.
        Of `rows`, each gives all the rows for one of them, if it is not None.
        """
        self.head(name)
        outs = [self.fresh("out") for _ in self.outs]
        if any(_is_array(out) for out in self.outs):
            self.line(1, f"{self.packed(outs)} = {self.bind(value)}({self.given})")
        blocks = self.open_blocks()
        for j, out in enumerate(self.outs):
            if rows[j] is not None:
                own = ", ".join(blocks[j, i] for i in range(len(self.xs)))
                self.line(1, f"{own} = {self.bind(rows[j])}({self.given})")
                continue
            bars = [self.fresh(f"{n}_bar") for n in self.names]
            call = f"{self.packed(bars)} = {self.bind(pullbacks[j])}({self.given}"
            row, depth = "", 1
            if not _is_array(out):
                self.line(1, f"{call}, {_one(out)})")
            for i, x in enumerate(self.xs):
                columns = f"{self.names[i]}.size" if _is_array(x) else ""
                self.allocate(1, blocks[j, i], f"{outs[j]}.size" if _is_array(out) else "", columns, x)
            if _is_array(out):
                bar, row, depth = self.fresh("out_bar"), self.fresh("k"), 2
                self.line(1, f"{bar} = np.zeros({outs[j]}.size{dtype_text(out)})")
                self.line(1, f"for {row} in range({outs[j]}.size):")
                self.line(2, f"{bar}[{row}] = 1.0")
                self.line(2, f"{call}, {bar if out.ndim == 1 else f'{bar}.reshape({outs[j]}.shape)'})")
                self.line(2, f"{bar}[{row}] = 0.0")
            for i, x in enumerate(self.xs):
                self.copy(depth, bars[i], x, lambda c, b=blocks[j, i], r=row: _cell(b, r, c))
        self.result(blocks, outs)

    def either(self, name: str, value: object, forward: object, reverse: object) -> None:
        """Print the choice between the two, by the sizes of arguments and results."""
        self.head(name)
        fwd, rev = self.bind(forward), self.bind(reverse)
        if not any(_is_array(t) for t in (*self.xs, *self.outs)):
            self.line(1, f"return {fwd if len(self.xs) <= 2 * len(self.outs) else rev}({self.given})")
            return
        outs = [self.fresh("out") for _ in self.outs]
        self.line(1, f"{self.packed(outs)} = {self.bind(value)}({self.given})")
        columns, rows = (
            " + ".join(f"{n}.size" if _is_array(t) else "1" for n, t in zip(names, types_, strict=True))
            for names, types_ in ((self.names, self.xs), (outs, self.outs))
        )
        self.line(1, f"if {columns} <= 2 * ({rows}):")
        self.line(2, f"return {fwd}({self.given})")
        self.line(1, f"return {rev}({self.given})")


def copied(name: str, ty: object, cell: Callable, fresh: Callable) -> list[tuple[int, str]]:
    """Return the lines, each with its depth, that copy a number or array into cells, in a loop."""
    if not _is_array(ty):
        return [(0, f"{cell('')} = {name}")]
    lines = []
    flat = name
    if ty.ndim != 1:
        flat = fresh(f"{name}_flat")
        lines.append((0, f"{flat} = {name}.ravel()"))
    r = fresh("r")
    return [*lines, (0, f"for {r} in range({flat}.size):"), (1, f"{cell(r)} = {flat}[{r}]")]


def _block_type(out: object, x: object) -> object:
    ndim = sum(t.ndim for t in (out, x) if _is_array(t))
    dtype = types.float32 if dtype_text(x) else types.float64
    return types.Array(dtype, ndim, "C") if ndim else dtype


def _cell(block: str, row: str, column: str) -> str:
    """Return the text of an element of a block, which has the axes that its result and parameter have."""
    index = ", ".join(i for i in (row, column) if i)
    return f"{block}[{index}]" if index else block
