"""Calls that the lowering carries out itself: iterators, and builtins on tuples and lists known at compile time."""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable

import numpy as np

from .ir import Const, TupleOf, Var
from .values import DictOf, Flat, Iteration, ListOf


class Builtins:
    """The part of `Lowering` that deals with iterators and with builtins."""

    def builtin_range(self, args: list, kwargs: dict, node: ast.Call) -> Iteration:
        operands = [self.as_operand(a, node) for a in args]
        start, stop, step = {1: (Const(0), *operands, Const(1)), 2: (*operands, Const(1))}.get(
            len(operands), tuple(operands)
        )
        return Iteration(start, stop, step, lambda i: i, is_range=True)

    def counted(self, value: object, node: ast.AST) -> tuple[object, object]:
        """Return (number of trips, item of trip k), k counted from 0."""
        if isinstance(value, Flat):
            return self.emit("attr", (value.array,), node, "n", None, "size"), lambda k: self.flat_item(value, k, node)
        it = self.iteration(value, node)
        if it.grid:
            raise self.fail(node, "np.ndindex or np.ndenumerate inside another iterator", "loop over it by itself")
        if it.start == Const(0) and it.step == Const(1):
            return it.stop, it.item
        trips = self.emit("trips", (it.start, it.stop, it.step), node, "n")

        def item(k: object) -> object:
            offset = self.operation(operator.mul, (k, it.step), node)
            return it.item(self.operation(operator.add, (it.start, offset), node))

        return trips, item

    def builtin_enumerate(self, args: list, kwargs: dict, node: ast.Call) -> object:
        if isinstance(args[0], TupleOf | ListOf):
            first = args[1] if len(args) > 1 else kwargs.get("start", Const(0))
            if isinstance(first, Const):
                return TupleOf(tuple(TupleOf((Const(first.value + k), x)) for k, x in enumerate(args[0].items)))
        n, item = self.counted(args[0], node)
        start = self.as_operand(args[1] if len(args) > 1 else kwargs.get("start", Const(0)), node)

        def numbered(k: object) -> TupleOf:
            count = k if start == Const(0) else self.operation(operator.add, (k, start), node)
            return TupleOf((count, item(k)))

        return Iteration(Const(0), n, Const(1), numbered)

    def builtin_zip(self, args: list, kwargs: dict, node: ast.Call) -> object:
        if args and all(isinstance(a, TupleOf | ListOf) for a in args):
            return TupleOf(tuple(TupleOf(t) for t in zip(*(a.items for a in args), strict=False)))
        parts = [self.counted(a, node) for a in args]
        n = parts[0][0]
        for other, _ in parts[1:]:
            n = other if n is other else self.emit(min, (n, other), node, "n")
        return Iteration(Const(0), n, Const(1), lambda k: TupleOf(tuple(item(k) for _, item in parts)))

    def builtin_reversed(self, args: list, kwargs: dict, node: ast.Call) -> object:
        if isinstance(args[0], TupleOf | ListOf):
            return TupleOf(tuple(reversed(args[0].items)))
        n, item = self.counted(args[0], node)
        last = self.operation(operator.sub, (n, Const(1)), node)
        return Iteration(Const(0), n, Const(1), lambda k: item(self.operation(operator.sub, (last, k), node)))

    def builtin_len(self, args: list, kwargs: dict, node: ast.Call) -> object:
        if isinstance(args[0], DictOf):
            return Const(len(self.held(args[0], node)))
        if isinstance(args[0], TupleOf | ListOf):
            return Const(len(args[0].items))
        return self.counted(args[0], node)[0] if isinstance(args[0], Iteration | Flat) else None

    def builtin_extreme(self, fn: object, args: list, node: ast.Call) -> object:
        items = args[0].items if len(args) == 1 and isinstance(args[0], TupleOf | ListOf) else args
        if len(items) < 2:
            return items[0] if len(args) == 1 and isinstance(args[0], TupleOf | ListOf) else None
        value = items[0]
        for other in items[1:]:
            value = self.operation(fn, (self.as_operand(value, node), self.as_operand(other, node)), node)
        return value

    def builtin_sum(self, args: list, kwargs: dict, node: ast.Call) -> object:
        if not isinstance(args[0], TupleOf | ListOf):
            return None
        value: object = args[1] if len(args) > 1 else Const(0)
        for item in args[0].items:
            value = item if value == Const(0) else self.binary(operator.add, value, item, node, "t")
        return value

    def builtin_divmod(self, args: list, kwargs: dict, node: ast.Call) -> object:
        x, y = (self.as_operand(a, node) for a in args)
        return TupleOf((self.operation(operator.floordiv, (x, y), node), self.operation(operator.mod, (x, y), node)))

    def builtin_list(self, args: list, kwargs: dict, node: ast.Call) -> object:
        return self.listed(args[0] if args else TupleOf(()), node)

    def builtin_dict(self, args: list, kwargs: dict, node: ast.Call) -> DictOf:
        if args and not isinstance(args[0], DictOf):
            raise self.fail(node, "dict() of this value", "write {...}, or name the keys")
        return self.new_dict([*(self.held(args[0], node).items() if args else ()), *kwargs.items()])

    def over_grid(self, array: object, item: Callable, node: ast.AST) -> Iteration:
        """A loop over all indices into an array."""
        shape = self.emit("attr", (array,), node, "shape", None, "shape")
        return Iteration(Const(0), shape, Const(1), item, grid=True)

    def spelled_out(self, index: Var, count: int | None, node: ast.AST) -> object:
        """Return an index into a grid as a tuple of numbers, if their count is known by now."""
        if count is None:
            return index
        return TupleOf(tuple(self.emit("getitem", (index, Const(k)), node, "i") for k in range(count)))

    def builtin_ndindex(self, args: list, kwargs: dict, node: ast.Call) -> Iteration:
        shape = self.as_operand(args[0] if len(args) == 1 else TupleOf(tuple(args)), node)
        count = len(shape.items) if isinstance(shape, TupleOf) else None
        return Iteration(Const(0), shape, Const(1), lambda index: self.spelled_out(index, count, node), grid=True)

    def builtin_ndenumerate(self, args: list, kwargs: dict, node: ast.Call) -> Iteration:
        array = self.as_operand(args[0], node)
        count = getattr(getattr(array, "type", None), "ndim", None)

        def numbered(index: Var) -> TupleOf:
            item = self.emit("getitem", (array, index), node)
            return TupleOf((self.spelled_out(index, count, node), item))

        return self.over_grid(array, numbered, node)

    def builtin_nditer(self, args: list, kwargs: dict, node: ast.Call) -> object:
        raise self.fail(node, "np.nditer", "use np.ndenumerate, .flat or loops over indices")

    def builtin_tuple(self, args: list, kwargs: dict, node: ast.Call) -> object:
        return TupleOf(tuple(args[0].items)) if args and isinstance(args[0], TupleOf | ListOf) else None


SPECIAL = {
    builtins.range: Builtins.builtin_range,
    builtins.enumerate: Builtins.builtin_enumerate,
    builtins.zip: Builtins.builtin_zip,
    builtins.reversed: Builtins.builtin_reversed,
    builtins.len: Builtins.builtin_len,
    builtins.min: lambda self, args, kwargs, node: self.builtin_extreme(min, args, node),
    builtins.max: lambda self, args, kwargs, node: self.builtin_extreme(max, args, node),
    builtins.sum: Builtins.builtin_sum,
    builtins.divmod: Builtins.builtin_divmod,
    builtins.tuple: Builtins.builtin_tuple,
    builtins.list: Builtins.builtin_list,
    builtins.dict: Builtins.builtin_dict,
    np.nditer: Builtins.builtin_nditer,
    np.ndindex: Builtins.builtin_ndindex,
    np.ndenumerate: Builtins.builtin_ndenumerate,
}
