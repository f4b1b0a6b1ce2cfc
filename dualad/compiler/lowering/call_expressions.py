"""Lowering of calls: what the callee is, the arguments, and who deals with it."""

from __future__ import annotations

import ast
import dataclasses
import functools
import types

import numpy as np

from ...rules import by_types, composites, registry
from ...rules.custom import find_custom
from .. import ir
from ..ir import Const, Op, TupleOf, Var
from ..ir.callees import is_library
from ..ir.kinds import is_object
from ..runtime.helpers import check_no_overlap
from ..runtime.numba_bridge.choices import is_overloaded_by_user
from ..runtime.numba_bridge.objects import instance_type
from .array_likes import MAKERS
from .builtin_calls import SPECIAL
from .chunks import Chunked
from .classes import INSTANCES, is_structured
from .custom_calls import Plainly, Ruled
from .dicts import READING
from .known_values import dimensions
from .library import AXES
from .nested_derivatives import transformation_of
from .nested_primitives import Derived
from .source import innermost, python_function
from .structures import DICTS, is_record
from .tuple_lists import is_rows
from .values import (
    OPERANDS,
    DictOf,
    FunctionValue,
    ListOf,
    Pullback,
    Static,
    Transformed,
    is_instance,
    is_record_at,
    is_records,
    is_table,
    is_typed_list,
    static_value,
)

_CONSUMERS = ("sum", "min", "max", "list", "tuple")  # go through an iterator once, and all of it


class CallExpressions:
    """The part of `Expressions` that deals with calls."""

    # ---------------------------------------------------------------- calls

    def expr_Call(self, node: ast.Call, hint: str) -> object:
        """A call: first what is called, or the object whose method it is, then the arguments, then the keywords."""
        own = self.own_call(node)
        if own is not None:
            return own
        if isinstance(node.func, ast.Attribute):
            base = self.present(self.expr(node.func.value), node)
            is_format = isinstance(base, Const) and isinstance(base.value, str) and node.func.attr == "format"
            if isinstance(base, Const) and isinstance(base.value, complex) and node.func.attr == "conjugate":
                return Const(base.value.conjugate())
            if isinstance(base, DictOf | ListOf | Var | ir.Global) or is_format or is_typed_list(base):
                return self.call_method(base, node.func.attr, *self.call_arguments(node), node, hint)
            if is_rows(base):
                return self.list_method(base, node.func.attr, *self.call_arguments(node), node)
            if is_table(base):
                return self.table_method(base, node.func.attr, self.call_arguments(node)[0], node)
            if is_records(base) or is_record_at(base):
                return self.method_of_records(base, node.func.attr, self.call_arguments(node)[0], node)
            if is_instance(base):
                return self.call_of_instance(base, *self.call_arguments(node), node, hint)
            if isinstance(base, TupleOf) and hasattr(base.cls, "_fields") and node.func.attr == "_replace":
                args, kwargs = self.call_arguments(node)
                return self.replaced([base, *args], kwargs, node)
            if isinstance(base, Static) and type(base.value) in DICTS and node.func.attr in READING:
                return self.dict_method(self.as_dict(base), node.func.attr, *self.call_arguments(node), node)
            callee = self.attribute(base, node.func, "t")
        else:
            callee = self.expr(node.func)
        return self.call_value(callee, *self.call_arguments(node), node, hint)

    def call_value(self, callee: object, args: list, kwargs: dict, node: ast.Call, hint: str = "t") -> object:
        """Call what a name or an expression stands for."""
        if isinstance(callee, FunctionValue):
            return self.call_function(callee, args, kwargs, node)
        if isinstance(callee, Static):
            called = callee.attributes.get("__call__", callee.value)  # of an object of the user's
            if instance_type(called) is not None:
                made = self.make_instance(called, callee.attributes.get(INSTANCES), args, kwargs, node)
                if made is not None:
                    return made
            if isinstance(called, type) and is_structured(called):
                return self.new_record(called, callee.attributes, args, kwargs, node)
            return self.call_static(called, args, kwargs, node, hint)
        if isinstance(callee, Transformed):
            return self.call_transformed(callee, self.in_order(callee, args, kwargs, node), node)
        if is_record(callee):
            own = ast.copy_location(ast.Attribute(node.func, "__call__", ast.Load()), node)
            callee = self.record_attribute(callee, own)
            return self.call_value(callee, args, kwargs, node, hint)
        if isinstance(callee, Pullback):
            return self.call_pullback(callee, args, kwargs, node)
        raise self.fail(node, f"calling {ast.unparse(node.func)}", "call functions")

    def call_method(self, base: object, name: str, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call a method of a dict, a list or an array."""
        if isinstance(base, DictOf):
            return self.dict_method(base, name, args, kwargs, node)
        is_list = isinstance(base, Var) and (name in ("append", "extend") or base in self.lists) and not is_object(base)
        if isinstance(base, ListOf) or is_list or is_typed_list(base):
            return self.list_method(base, name, args, kwargs, node)
        if isinstance(base, Const):  # a text
            return self.emit("method", (base, *self.operands(args, node)), node, hint, kwargs, name)
        return self.object_method(base, name, args, kwargs, node, hint)

    def call_arguments(self, node: ast.Call) -> tuple[list, dict]:
        """Return the arguments of a call; all positional ones, starred ones too, come before the keywords."""
        generator = None
        if isinstance(node.func, ast.Name) and node.func.id in _CONSUMERS and node.args:
            generator = node.args[0] if isinstance(node.args[0], ast.GeneratorExp) else None
        if generator is None:
            args = self.items(node.args)
        else:  # it goes through its iterator when the call begins
            args = [self.expr(generator.generators[0].iter), *self.items(node.args[1:])]
        kwargs = {}
        for k in node.keywords:
            value = self.expr(k.value)
            given = {k.arg: value} if k.arg is not None else self.known_dict(value, k.value)
            for name, item in given.items():
                if not isinstance(name, str) or name in kwargs:
                    what = f"calling {ast.unparse(node.func)} with the keyword {name!r}"
                    raise self.fail(node, what, "keywords are strings, each given once")
                kwargs[name] = item
        if generator is not None:
            args[0] = self.comprehension(generator, args[0], "t")
        return args, kwargs

    def call_static(self, f: object, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call something known at compile time: a primitive, a builtin, a class, or a function of the user's."""
        if f is functools.partial:
            return self.call_partial(args, kwargs, node)
        if f is dataclasses.replace:
            return self.replaced(args, kwargs, node)
        made = self.typed_list(f, args, kwargs, node)
        if made is not None:
            return made
        kind = transformation_of(f)
        if kind is not None:
            return self.transform(kind, args, kwargs, node)
        if f is check_no_overlap:  # in generated code, which is read for further derivatives
            self.effect(f, tuple(args), node)
            return Const(None)
        rule = find_custom(f)
        if rule is not None:
            return self.call_ruled(rule, args, kwargs, node)
        if isinstance(f, Ruled | Plainly):
            return self.ruled_again(f, args, node)
        if isinstance(f, Chunked):
            return TupleOf(tuple(self.items_of_chunks(f, args, node)))
        if isinstance(f, Derived):
            results = self.results_of(f, args, node)
            return results[0] if len(results) == 1 else TupleOf(tuple(results))
        found = self.call_other(f, args, kwargs, node, hint)
        if found is not None:
            return found
        if innermost(f) is not f:
            value = self.function_value(f)
            return self.call_transformed(value, self.in_order(value, args, kwargs, node), node)
        if isinstance(f, types.BuiltinFunctionType | type) and f in SPECIAL:
            return self.builtin(f, args, kwargs, node)
        if isinstance(f, type) and issubclass(f, tuple) and hasattr(f, "_fields"):
            unknown = [*f._fields[: len(args)], *(set(kwargs) - set(f._fields))]
            if len(args) > len(f._fields) or not kwargs.keys().isdisjoint(unknown):
                raise self.fail(node, ast.unparse(node), f"{f.__name__} takes {', '.join(f._fields)}, each once")
            for name in f._fields[len(args) :]:
                if name not in kwargs and name not in f._field_defaults:
                    raise self.fail(node, f"{f.__name__} without {name}", "give every field")
                args.append(kwargs[name] if name in kwargs else static_value(f._field_defaults[name]))
            return TupleOf(tuple(args), f)
        if registry.find(f) is None and by_types.find(f) is None and not is_library(f):
            implementation = self.overloaded(f, args, kwargs, node)
            if implementation is not None:
                return self.call_function(implementation, args, kwargs, node)
            if python_function(f) is not None:
                return self.call_function(self.function_value(f, node), args, kwargs, node)
            return self.call_foreign(f, args, kwargs, node, hint)
        if isinstance(f, type) and f.__module__.split(".")[0] not in ("numpy", "builtins"):
            return self.call_foreign(f, args, kwargs, node, hint)
        args, kwargs = self.matched(f, args, kwargs, node)
        records = self.made_records(f, args, kwargs, node)
        if records is not None:
            return records
        if args and is_rows(args[0]) and f in MAKERS:
            return self.array_of_rows(args[0], kwargs.get("dtype", args[1] if len(args) > 1 else None), node)
        args = [self.argument(x, node) for x in args]
        kwargs = {k: self.argument(x, node) for k, x in kwargs.items()}
        args, kwargs, out = self.split_out(f, args, kwargs, node)
        made = self.call_library(f, *self.as_arrays(f, args, kwargs, node), node, hint)
        return made if out is None else self.written_into(out, made, node)

    def argument(self, value: object, node: ast.AST) -> object:
        """Return an argument of a library function: a typed list of numbers as an array, by itself."""
        value = self.present(value, node)
        if is_typed_list(value):
            return self.emit(np.copy, value.items, node)
        self.refuse_record(value, "the value", node)
        return value

    def call_library(self, f: object, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call a function of Python, math or NumPy."""
        if self.trying and (getattr(f, "__module__", "") or "").startswith("numpy.linalg"):
            raise self.fail(
                node, f"{ast.unparse(node.func)} in a try block", "test the matrix before, and call it outside"
            )
        if f is np.ndim and len(args) == 1 and dimensions(args[0]) is not None:
            return Const(dimensions(args[0]))
        written = composites.find_written_out(f)
        if written is not None and by_types.find(f) is None:
            return self.library_call(written, f, args, kwargs, node)
        if composites.is_early(f) and self.are_float_arrays([*args, *kwargs.values()], node):
            return self.library_call(composites.find(f), f, args, kwargs, node)
        if f is np.fill_diagonal:
            named = {k: self.as_operand(v, node) for k, v in kwargs.items()}
            self.block.statements.append(Op(None, f, tuple(self.operands(args, node)), named, None, self.place(node)))
            return Const(None)
        if f is np.concatenate and kwargs.get("axis", args[1] if len(args) > 1 else None) == Const(None):
            args, kwargs = [self.flattened(args[0], node)], {}
        if f in AXES:
            return self.split(f, args, kwargs, node)
        if is_overloaded_by_user(f) and registry.find(f) is None and composites.find(f) is None:
            if isinstance(f, np.ufunc):
                return self.call_foreign(f, args, kwargs, node, hint)
            return self.call_function(self.overloaded(f, args, kwargs, node), args, kwargs, node)
        made = self.made_of(f, args, kwargs, node, hint)
        if made is not None:
            return made
        self.refuse_in_place(f, args, kwargs, node)
        self.check_known(f, node)
        kwargs = self.without_defaults(f, kwargs)
        operands = tuple(self.sequence(a, node) for a in args)
        return self.operation(f, operands, node, hint, {k: self.sequence(v, node) for k, v in kwargs.items()})

    def operands(self, values: list, node: ast.AST) -> list:
        return [self.as_operand(v, node) for v in values]

    def sequence(self, value: object, node: ast.AST) -> object:
        """An argument of a library call; a list is as good as a tuple there."""
        value = self.present(value, node)
        self.refuse_record(value, "the value", node)
        if isinstance(value, ListOf | TupleOf):
            return TupleOf(tuple(self.sequence(i, node) for i in value.items), getattr(value, "cls", None))
        return self.as_operand(value, node)

    def pack(self, value: object, args: list, kwargs: dict, node: ast.AST, hint: str) -> Var:
        """np.array of a list of numbers (or of lists of numbers)."""
        shape, items = (len(value.items),), list(value.items)
        if items and all(isinstance(i, ListOf | TupleOf) for i in items):
            widths = {len(i.items) for i in items}
            if len(widths) != 1:
                raise self.fail(node, "np.array of rows of different lengths", "make them equal")
            shape = (*shape, widths.pop())
            items = [j for i in items for j in i.items]
        if not items or not all(isinstance(i, OPERANDS) for i in items):
            raise self.fail(node, "np.array of this list", "list numbers, or lists of numbers, at least one")
        extra = {k: self.as_operand(v, node) for k, v in kwargs.items()}
        if args:
            extra["dtype"] = self.as_operand(args[0], node)
        return self.emit("pack", tuple(items), node, hint, extra, shape)
