"""Calls that the lowering carries out itself: iterators, and builtins on tuples and lists known at compile time."""

from __future__ import annotations

import ast
import builtins
import inspect
import operator
from collections.abc import Callable

import numba
import numpy as np

from ...rules import lists, reductions
from ..ir import Const, TupleOf, Var
from ..ir.callees import library_name
from ..runtime.numba_bridge.choices import is_instance_of
from .tuple_lists import is_rows
from .values import DictOf, Flat, FunctionValue, Iteration, ListOf, Static, is_records, is_table

_ZERO, _ONE, _NO, _NONE = Const(0), Const(1), Const(False), Const(None)


class Builtins:
    """The part of `Lowering` that deals with iterators and with builtins."""

    def builtin(self, f: object, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call what stands for a builtin in `SPECIAL`; the signature that it has there is that of the builtin."""
        try:
            given = inspect.signature(SPECIAL[f]).bind(self, node, *args, **kwargs)
        except TypeError as error:
            raise self.fail(node, f"calling {library_name(f)} with these arguments", str(error)) from None
        if f not in (len, type, isinstance):
            positional = [self.gone_through(x, node) for x in given.args[2:]]
            return SPECIAL[f](self, node, *positional, **given.kwargs)
        return SPECIAL[f](*given.args, **given.kwargs)

    def gone_through(self, value: object, node: ast.AST) -> object:
        """Return a value in the form in which it is gone through; refuse what is no container to the user."""
        value = self.unlisted(self.present(value, node))
        if is_table(value):
            return self.over_table(value, node)
        if is_rows(value):
            return self.over_rows(value, node)
        if is_records(value):
            return self.over_records(value, node)
        self.refuse_record(value, "going through it, or the value,", node)
        return value

    def builtin_range(self, node: ast.Call, first: object, second: object = None, step: object = _ONE, /) -> Iteration:
        start, stop = (Const(0), first) if second is None else (first, second)
        start, stop, step = (self.as_operand(x, node) for x in (start, stop, step))
        return Iteration(start, stop, step, lambda i: i, is_range=True)

    def builtin_prange(self, node: ast.Call, first: object, second: object = None, step: object = _ONE, /) -> Iteration:
        self.refuse_on_one_thread("prange other than in `for i in prange(n)`", node)
        return self.builtin_range(node, first, second, step)

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

    def builtin_enumerate(self, node: ast.Call, iterable: object, start: object = _ZERO) -> object:
        if isinstance(iterable, TupleOf | ListOf) and isinstance(start, Const):
            return TupleOf(tuple(TupleOf((Const(start.value + k), x)) for k, x in enumerate(iterable.items)))
        n, item = self.counted(iterable, node)
        start = self.as_operand(start, node)

        def numbered(k: object) -> TupleOf:
            count = k if start == Const(0) else self.operation(operator.add, (k, start), node)
            return TupleOf((count, item(k)))

        return Iteration(Const(0), n, Const(1), numbered)

    def builtin_zip(self, node: ast.Call, /, *iterables: object, strict: object = _NO) -> object:
        if not isinstance(strict, Const):
            raise self.fail(node, "zip with `strict` known only at run time", "write strict=True or leave it out")
        is_known = all(isinstance(a, TupleOf | ListOf) for a in iterables)
        if is_known and (not strict.value or len({len(a.items) for a in iterables}) < 2):
            return TupleOf(tuple(TupleOf(t) for t in zip(*(a.items for a in iterables), strict=False)))
        parts = [self.counted(a, node) for a in iterables]

        def over(fn: object) -> object:
            n = parts[0][0]
            for other, _ in parts[1:]:
                n = other if n is other else self.emit(fn, (n, other), node, "n")
            return n

        if not strict.value:
            return Iteration(Const(0), over(min), _ONE, lambda k: TupleOf(tuple(item(k) for _, item in parts)))
        shortest = over(min)

        def item_of_all(k: object) -> TupleOf:
            """The items of a trip; the trip after the last item of the shortest raises, as in Python."""
            is_there = self.operation(operator.lt, (k, shortest), node, "test")
            message = [ast.copy_location(ast.Constant("zip() arguments have different lengths"), node)]
            self.branch(is_there, lambda: None, lambda: self.raise_(ValueError, message, node), node)
            return TupleOf(tuple(item(k) for _, item in parts))

        return Iteration(Const(0), over(max), _ONE, item_of_all)

    def builtin_reversed(self, node: ast.Call, sequence: object, /) -> object:
        if isinstance(sequence, TupleOf | ListOf):
            return TupleOf(tuple(reversed(sequence.items)))
        n, item = self.counted(sequence, node)
        last = self.operation(operator.sub, (n, Const(1)), node)
        return Iteration(Const(0), n, Const(1), lambda k: item(self.operation(operator.sub, (last, k), node)))

    def builtin_len(self, node: ast.Call, obj: object, /) -> object:
        obj = self.unlisted(self.as_dict(self.present(obj, node)))
        if is_records(obj):
            return self.size_along(obj, 0, node)
        if is_table(obj) or is_rows(obj):
            return self.plain(len, node, obj.items[0])
        own = self.special(obj, "len")
        if own is not None:
            return self.call_member(own, obj, [], {}, node)
        self.refuse_record(obj, "the length", node)
        if isinstance(obj, DictOf):
            return Const(len(self.held(obj, node)))
        if isinstance(obj, TupleOf | ListOf):
            return Const(len(obj.items))
        return self.counted(obj, node)[0] if isinstance(obj, Iteration | Flat) else self.plain(len, node, obj)

    def plain(self, f: object, node: ast.Call, *args: object) -> object:
        """Call a builtin as any other function."""
        return self.operation(f, tuple(self.as_operand(a, node) for a in args), node)

    def builtin_max(self, node: ast.Call, /, *args: object, key: object = _NONE, default: object = None) -> object:
        return self.extreme(max, node, args, key, default)

    def builtin_min(self, node: ast.Call, /, *args: object, key: object = _NONE, default: object = None) -> object:
        return self.extreme(min, node, args, key, default)

    def extreme(self, fn: object, node: ast.Call, args: tuple, key: object, default: object) -> object:
        """Return the first of the items beyond which no other goes."""
        name = fn.__name__
        if not args or (len(args) > 1 and default is not None):
            what = f"calling {name} with these arguments"
            raise self.fail(node, what, "it takes numbers, or something to go through and perhaps a default")
        source = self.keys_of(args[0], node) if isinstance(args[0], DictOf) else self.unlisted(args[0])
        if len(args) == 1 and not isinstance(source, TupleOf | ListOf):
            if isinstance(source, Iteration | Flat):
                source = self.listed(source, node)
            if key == _NONE and default is None:
                return self.plain(fn, node, source)
            default = _NONE if default is None else default
            return self.library_call(reductions.FIRST_OF[fn], fn, [source, key, default], {}, node)
        items = source.items if len(args) == 1 else args
        if not items and default is None:
            message = ast.copy_location(ast.Constant(f"{name}() arg is an empty sequence"), node)
            self.raise_(ValueError, [message], node)
        if not items:
            return default
        if key == _NONE and not any(isinstance(x, TupleOf | ListOf) for x in items):
            value = items[0]
            for other in items[1:]:
                value = self.plain(fn, node, value, other)
            return value
        if key == _NONE:
            raise self.fail(node, f"{name} of tuples or lists", f"give {name} a key that tells which is first")
        pairs = [(x, self.call_value(key, [x], {}, node)) for x in items]
        value, height = pairs[0]
        for x, other in pairs[1:]:
            is_beyond = self.compare(ast.Gt() if fn is max else ast.Lt(), other, height, node)
            both = TupleOf((value, height))
            value, height = self.branch(is_beyond, lambda x=x, y=other: TupleOf((x, y)), lambda b=both: b, node).items
        return value

    def builtin_sum(self, node: ast.Call, iterable: object, /, start: object = _ZERO) -> object:
        if isinstance(iterable, DictOf):
            iterable = self.keys_of(iterable, node)
        iterable = self.unlisted(iterable)
        if not isinstance(iterable, TupleOf | ListOf):
            if isinstance(iterable, Iteration | Flat):
                iterable = self.listed(iterable, node)
            total = self.plain(sum, node, iterable)
            return total if start == _ZERO else self.binary(operator.add, start, total, node, "t")
        value = start
        for item in iterable.items:
            value = self.binary(operator.add, value, item, node, "t")
        return value

    def builtin_sorted(self, node: ast.Call, iterable: object, /, *, key: object = _NONE, reverse: object = _NO):
        if key != _NONE:
            raise self.fail(node, "sorted with a key", "make it an array and use np.argsort of the keys")
        items = self.listed(iterable, node)
        if isinstance(items, ListOf):
            self.grow(items, node)
        self.library_call(lists.sort, sorted, [items, reverse], {}, node)
        return items

    def builtin_print(self, node: ast.Call, /, *args: object, **kwargs: object) -> object:
        if kwargs:
            raise self.fail(node, f"print with the argument {next(iter(kwargs))!r}", "print the values alone")
        return self.plain(print, node, *args)

    def builtin_pow(self, node: ast.Call, base: object, exp: object, mod: object = _NONE) -> object:
        if mod == _NONE:
            return self.binary(operator.pow, base, exp, node, "t")
        if not all(isinstance(x, Const) and isinstance(x.value, int) for x in (base, exp, mod)):
            raise self.fail(node, "pow with a modulus", "write (base ** exp) % mod")
        return Const(pow(base.value, exp.value, mod.value))

    def builtin_round(self, node: ast.Call, number: object, ndigits: object = _NONE) -> object:
        return self.plain(round, node, number, *([] if ndigits == _NONE else [ndigits]))

    def builtin_divmod(self, node: ast.Call, x: object, y: object, /) -> object:
        x, y = (self.as_operand(a, node) for a in (x, y))
        return TupleOf((self.operation(operator.floordiv, (x, y), node), self.operation(operator.mod, (x, y), node)))

    def builtin_list(self, node: ast.Call, iterable: object = TupleOf(()), /) -> object:
        return self.listed(iterable, node)

    def builtin_tuple(self, node: ast.Call, iterable: object = TupleOf(()), /) -> object:
        if isinstance(iterable, TupleOf | ListOf):
            return TupleOf(tuple(iterable.items))
        return self.plain(tuple, node, iterable)

    def builtin_dict(self, node: ast.Call, given: object = None, /, **kwargs: object) -> DictOf:
        if given is not None and not isinstance(given, DictOf):
            raise self.fail(node, "dict() of this value", "write {...}, or name the keys")
        if node in self.growing:
            return self.new_table([], node)
        grows = node if given is None and not kwargs else None
        return self.new_dict(
            [*(self.held(given, node).items() if given is not None else ()), *kwargs.items()], node=grows
        )

    def builtin_type(self, node: ast.Call, obj: object, /) -> Static:
        found = self.class_of(obj, node)
        if found is None:
            raise self.fail(node, f"{ast.unparse(node)} of this value", "take the type of numbers and arrays")
        return Static(found)

    def builtin_isinstance(self, node: ast.Call, obj: object, classes: object, /) -> Const:
        kinds = classes.items if isinstance(classes, TupleOf) else (classes,)
        if not all(isinstance(k, Static) and isinstance(k.value, type) for k in kinds):
            raise self.fail(node, f"{ast.unparse(node)} with these classes", "name classes known at compile time")
        names = [k.value for k in kinds]
        if isinstance(obj, DictOf):
            return Const(dict in names or object in names)
        if isinstance(obj, Const | TupleOf | ListOf):
            return Const(issubclass(self.class_of(obj, node), tuple(names)))
        if isinstance(obj, FunctionValue | Static):
            raise self.fail(node, f"{ast.unparse(node)} of this value", "ask for the class of numbers and arrays")
        self.refuse_changing(obj, node)
        found = [is_instance_of(self.type_of(obj, node), name) for name in names]
        if None in found and True not in found:
            raise self.fail(node, ast.unparse(node), "compare with float, int, bool, tuple, list or np.ndarray")
        return Const(True in found)

    def over_grid(self, array: object, item: Callable, node: ast.AST) -> Iteration:
        """A loop over all indices into an array."""
        shape = self.emit("attr", (array,), node, "shape", None, "shape")
        return Iteration(Const(0), shape, Const(1), item, grid=True)

    def spelled_out(self, index: Var, count: int | None, node: ast.AST) -> object:
        """Return an index into a grid as a tuple of numbers, if their count is known by now."""
        if count is None:
            return index
        return TupleOf(tuple(self.emit("getitem", (index, Const(k)), node, "i") for k in range(count)))

    def builtin_ndindex(self, node: ast.Call, /, *shape: object) -> Iteration:
        shape = self.as_operand(shape[0] if len(shape) == 1 else TupleOf(shape), node)
        count = len(shape.items) if isinstance(shape, TupleOf) else None
        return Iteration(Const(0), shape, Const(1), lambda index: self.spelled_out(index, count, node), grid=True)

    def builtin_ndenumerate(self, node: ast.Call, arr: object) -> Iteration:
        array = self.as_operand(arr, node)
        count = getattr(getattr(array, "type", None), "ndim", None)

        def numbered(index: Var) -> TupleOf:
            item = self.emit("getitem", (array, index), node)
            return TupleOf((self.spelled_out(index, count, node), item))

        return self.over_grid(array, numbered, node)

    def builtin_nditer(self, node: ast.Call, /, *args: object, **kwargs: object) -> object:
        if kwargs or len(args) != 1 or isinstance(args[0], TupleOf | ListOf):
            raise self.fail(node, "np.nditer of such arguments", "use np.ndenumerate, .flat or loops over indices")
        return Flat(self.as_operand(args[0], node))


SPECIAL = {
    builtins.range: Builtins.builtin_range,
    numba.prange: Builtins.builtin_prange,
    builtins.type: Builtins.builtin_type,
    builtins.isinstance: Builtins.builtin_isinstance,
    builtins.enumerate: Builtins.builtin_enumerate,
    builtins.zip: Builtins.builtin_zip,
    builtins.reversed: Builtins.builtin_reversed,
    builtins.len: Builtins.builtin_len,
    builtins.min: Builtins.builtin_min,
    builtins.max: Builtins.builtin_max,
    builtins.sum: Builtins.builtin_sum,
    builtins.sorted: Builtins.builtin_sorted,
    builtins.print: Builtins.builtin_print,
    builtins.pow: Builtins.builtin_pow,
    builtins.round: Builtins.builtin_round,
    builtins.divmod: Builtins.builtin_divmod,
    builtins.tuple: Builtins.builtin_tuple,
    builtins.list: Builtins.builtin_list,
    builtins.dict: Builtins.builtin_dict,
    np.nditer: Builtins.builtin_nditer,
    np.ndindex: Builtins.builtin_ndindex,
    np.ndenumerate: Builtins.builtin_ndenumerate,
}
