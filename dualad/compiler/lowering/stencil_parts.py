"""The part of a stencil that one of several threads does: some places along the first axis, all along the others."""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass

import numpy as np

from ..ir import Const, Global, TupleOf, Var
from .chunks import SHARED, Result, Role
from .entries import Entry
from .values import FunctionValue


@dataclass(eq=False)
class StencilPart(Entry):
    """The results at the places of a part: (first place, their number, operands, lengths of the other axes) -> array.

    Attributes
    ----------
    kernel : FunctionValue
    arguments : list
        What the kernel is called with: constants, and for operands their types.
    near : list of int
        The arguments that are indexed by the distance from a place.
    lows : list
        The first places along the axes.
    dtype : numpy type
        That of the results.
    node : ast.AST
        The call.
    """

    kernel: FunctionValue
    arguments: list
    near: list[int]
    lows: list
    dtype: type
    node: ast.AST
    place: tuple

    @property
    def name(self) -> str:
        return self.kernel.name

    @property
    def key(self) -> object:
        fixed = tuple(
            x if isinstance(x, Const) else id(x.value) if isinstance(x, Global) else None for x in self.arguments
        )
        return "stencil", self.kernel.key, fixed, tuple(self.near), tuple(self.lows), self.dtype

    def operands(self) -> list[Var]:
        return [x for x in self.arguments if isinstance(x, Var)]

    def names(self) -> list[str]:
        return ["start", "count", *(x.name for x in self.operands()), *("n" for _ in self.lows[1:])]

    def roles(self) -> list[Role]:
        return [SHARED] * len(self.names())

    def results(self) -> list[Result]:
        first = 2 + len(self.operands())
        return [Result(Role("own"), None, tuple(range(first, first + len(self.lows) - 1)))]

    def call(self, low: object, values: list, given: tuple) -> object:
        start, count, *rest = values
        operands = iter(rest)
        args = [next(operands) if isinstance(x, Var) else x for x in self.arguments]
        lengths = [count, *operands]
        lows = [start, *self.lows[1:]]
        outer, low.origin = low.origin, self.place
        try:
            with low.on_one_thread():
                out = low.emit(np.empty, (TupleOf(tuple(lengths)), Global(self.dtype)), self.node, "out")

                def one(indices: list) -> None:
                    where = [
                        i if k == Const(0) else low.operation(operator.add, (i, k), self.node, "i")
                        for i, k in zip(indices, lows, strict=True)
                    ]
                    value = low.at_place(self.kernel, args, self.near, where, self.node)
                    low.effect("setitem", (out, *indices, value), self.node)

                low.looped(self.node, [(Const(0), n) for n in lengths], one)
        finally:
            low.origin = outer
        return out
