"""Lowering of expressions: arithmetic, subscripts, attributes, calls."""

from __future__ import annotations

import ast
import dataclasses
import functools
import operator
import types
from collections.abc import Callable

import numpy as np

from ...rules import by_types, composites, registry
from ...rules.custom import find_custom
from .. import ir
from ..ir import Const, Op, Slice, TupleOf, Var
from ..ir.callees import BINARY, is_library
from ..ir.kinds import is_object
from ..ir.messages import Field, formatted
from ..runtime.helpers import check_no_overlap
from ..runtime.numba_bridge.choices import is_overloaded_by_user
from .array_likes import ArrayLikes
from .bound import Bounds
from .builtin_calls import SPECIAL, Builtins
from .classes import is_structured
from .control import DEEPEST
from .custom_calls import Plainly, Ruled
from .decorators import Decorators
from .dicts import READING, Dicts
from .kernels import Kernels
from .known_values import dimensions, is_beyond, is_text
from .library import AXES
from .lists import Lists
from .nested_derivatives import transformation_of
from .nested_primitives import Derived
from .nonlocals import cell_of
from .objects import Objects
from .signatures import Signatures
from .source import innermost, python_function
from .structures import DICTS, Structures, is_record
from .values import (
    COMPARE,
    OPERANDS,
    UNARY,
    DictOf,
    Flat,
    FunctionValue,
    ListOf,
    Poison,
    Pullback,
    Relative,
    Static,
    Transformed,
    fold,
    static_value,
)

_CONSUMERS = ("sum", "min", "max", "list", "tuple")  # go through an iterator once, and all of it
_SMALL_CALLS = (ast.Call, ast.Subscript, ast.BinOp, ast.IfExp, ast.NamedExpr)


class Expressions(ArrayLikes, Builtins, Kernels, Lists, Dicts, Bounds, Decorators, Objects, Signatures, Structures):
    """The half of `Lowering` that deals with expressions."""

    def expr(self, node: ast.expr, hint: str = "t") -> object:
        """Return the value of an expression; operations go into the current block."""
        method = getattr(self, f"expr_{type(node).__name__}", None)
        if method is None:
            raise self.fail(node, f"the expression {ast.unparse(node)!r}", "use scalars, arrays, tuples and calls")
        return method(node, hint)

    def operand(self, node: ast.expr, hint: str = "t") -> object:
        """Return the value of an expression that must be a number, an array or a tuple of them."""
        return self.as_operand(self.expr(node, hint), node)

    def as_operand(self, value: object, node: ast.AST) -> object:
        if isinstance(value, OPERANDS):
            return value
        if isinstance(value, TupleOf):
            self.refuse_record(value, "the value", node)
            return TupleOf(tuple(self.as_operand(i, node) for i in value.items), value.cls)
        if isinstance(value, Static):
            return ir.Global(value.value)
        if isinstance(value, ListOf):
            raise self.fail(node, "a list as a value", "make it an array with np.array([...]), or a tuple")
        if isinstance(value, DictOf):
            raise self.fail(node, "a dict as a value", "pass what it holds")
        if isinstance(value, Relative):
            raise self.fail(node, "an array in a stencil by itself", "use its elements, a[-1], a[0], a[1]")
        if isinstance(value, Poison):
            raise self.fail(node, "this variable", value.reason)
        if value is ir.UNDEFINED:
            raise self.fail(node, "a variable that may have no value here", "give it a value before")
        raise self.fail(node, f"{type(value).__name__} as a value", "call the function, or loop over the iterator")

    def operation(self, fn: object, args: tuple, node: ast.AST | None, hint: str = "t", kwargs: dict | None = None):
        """Return fn(*args), folded when it is a constant."""
        return (None if kwargs else fold(fn, args)) or self.emit(fn, args, node, hint, kwargs)

    # ---------------------------------------------------------------- names and literals

    def expr_Constant(self, node: ast.Constant, hint: str) -> object:
        if not isinstance(node.value, bool | int | float | str | None):
            if node.value is ...:
                return Static(...)
            raise self.fail(node, f"the literal {node.value!r}", "use real numbers")
        return Const(node.value)

    def expr_Name(self, node: ast.Name, hint: str) -> object:
        own = self.own_name(node)
        if own is not None:
            return own
        value = self.look_up(node.id, self.frame, node)
        if value is ir.UNDEFINED:
            raise self.fail(node, f"the name {node.id!r}, which has no value here,", "assign it on every path before")
        if isinstance(value, Poison):
            reason = value.reason.replace(cell_of(node.id, self.frame) or node.id, node.id)
            raise self.fail(node, f"the variable {node.id!r}", reason)
        return value

    def expr_Tuple(self, node: ast.Tuple, hint: str) -> object:
        return TupleOf(tuple(self.items(node.elts)))

    def items(self, nodes: list[ast.expr]) -> list:
        out = []
        for n in nodes:
            if isinstance(n, ast.Starred):
                value = self.expr(n.value)
                value = self.as_dict(value)
                if isinstance(value, DictOf):
                    value = self.keys_of(value, n)
                self.refuse_record(value, "items", n)
                if not isinstance(value, TupleOf | ListOf):
                    raise self.fail(n, f"*{ast.unparse(n.value)}", "a star takes a tuple")
                out.extend(value.items)
            else:
                out.append(self.expr(n))
        return out

    def expr_Lambda(self, node: ast.Lambda, hint: str) -> object:
        return self.inner_function(node)

    def inner_function(self, node: ast.FunctionDef | ast.Lambda) -> FunctionValue:
        """A def or lambda inside the function: inlined where it is called, names looked up then, as in Python."""
        a = node.args
        names = [p.arg for p in [*a.posonlyargs, *a.args]]
        values = [self.expr(d) for d in a.defaults]
        defaults = dict(zip(names[len(names) - len(values) :], values, strict=True))
        for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True):
            if d is not None:
                defaults[p.arg] = self.expr(d)
        return FunctionValue(self.frame.source, node, self.frame, defaults)

    def expr_NamedExpr(self, node: ast.NamedExpr, hint: str) -> object:
        value = self.expr(node.value, node.target.id)
        self.store(node.target.id, value, node)
        return value

    def expr_JoinedStr(self, node: ast.JoinedStr, hint: str) -> object:
        parts: list = []
        args = []
        for v in node.values:
            if isinstance(v, ast.Constant):
                parts.append(v.value)
                continue
            spec = Const("") if v.format_spec is None else self.expr(v.format_spec)
            if not isinstance(spec, Const):
                raise self.fail(node, "a format that is known only at run time", "write it out")
            field = Field("" if v.conversion == -1 else chr(v.conversion), spec.value)
            value = self.operand(v.value)
            if isinstance(value, Const):
                parts.append(formatted(value.value, field))
            else:
                parts.append(field)
                args.append(value)
        if not args:
            return Const("".join(parts))
        return self.emit("fstring", tuple(args), node, "text", None, tuple(parts))

    # ---------------------------------------------------------------- operators

    def expr_BinOp(self, node: ast.BinOp, hint: str) -> object:
        return self.binary(BINARY[type(node.op)], self.expr(node.left), self.expr(node.right), node, hint)

    def binary(self, fn: object, x: object, y: object, node: ast.AST, hint: str) -> object:
        for kind in (TupleOf, ListOf):
            joined = None
            if isinstance(x, kind) and isinstance(y, kind) and fn is operator.add:
                joined = [*x.items, *y.items]
            if isinstance(x, kind) and isinstance(y, Const) and isinstance(y.value, int) and fn is operator.mul:
                joined = list(x.items) * y.value
            if joined is not None:
                return TupleOf(tuple(joined)) if kind is TupleOf else self.new_list(joined, node, hint)
        if fn is operator.mul and (x in self.lists or (isinstance(x, ListOf) and isinstance(y, Var))):
            return self.listed(x, node, y)
        if fn is operator.add and x in self.lists and (y in self.lists or isinstance(y, ListOf)):
            return self.joined_lists(x, y, node)
        if fn is operator.add and y in self.lists and isinstance(x, ListOf):
            return self.joined_lists(x, y, node)
        return self.operation(fn, (self.as_operand(x, node), self.as_operand(y, node)), node, hint)

    def expr_UnaryOp(self, node: ast.UnaryOp, hint: str) -> object:
        if isinstance(node.op, ast.Not):
            return self.operation(operator.not_, (self.truth(self.expr(node.operand), node),), node, hint)
        return self.operation(UNARY[type(node.op)], (self.operand(node.operand),), node, hint)

    def expr_BoolOp(self, node: ast.BoolOp, hint: str) -> object:
        first, *rest = node.values
        for n in rest:
            # the operands are evaluated one by one, each only if those before leave the question open
            value = self.expr(first) if isinstance(first, ast.expr) else first
            test = self.truth(value, node)
            take, keep = (lambda n=n: self.expr(n)), (lambda value=value: value)
            if isinstance(node.op, ast.And) and not isinstance(test, Const):  # lists only meet truth values here
                value = test if value in self.lists else value
                take, keep = (lambda n=n: self.list_as_test(self.expr(n), n)), (lambda value=value: value)
            if isinstance(node.op, ast.And):
                first = self.short_circuit(test, take, keep, n, node, operator.and_, value)
            else:
                first = self.short_circuit(test, keep, take, n, node, operator.or_, value)
        return first

    def list_as_test(self, value: object, node: ast.AST) -> object:
        """Return a value; a list in memory as whether it has items."""
        return self.truth(value, node) if value in self.lists else value

    def short_circuit(self, test, then, orelse, right: ast.expr, node, fn, value):
        simple = not any(isinstance(n, _SMALL_CALLS) for n in ast.walk(right)) and not self.may_be_unbound(right)
        if simple and not isinstance(test, Const) and test in self.boolean:
            other = self.expr(right)
            if fn is operator.and_:
                other = self.list_as_test(other, right)
            if isinstance(other, Var) and other in self.boolean:
                out = self.emit(fn, (test, other), node)
                self.boolean.add(out)
                return out
            then, orelse = ((lambda: other), orelse) if fn is operator.and_ else (then, lambda: other)
        if test in self.boolean and value is test:  # a boolean merges with a boolean
            if fn is operator.and_:
                return self.branch(test, then, lambda: Const(False), node)
            return self.branch(test, lambda: Const(True), orelse, node)
        return self.branch(test, then, orelse, node)

    def expr_Compare(self, node: ast.Compare, hint: str) -> object:
        return self.comparison(self.expr(node.left), list(zip(node.ops, node.comparators, strict=True)), node)

    def comparison(self, left: object, rest: list, node: ast.Compare) -> object:
        (op, right_node), *more = rest
        right = self.expr(right_node)
        test = self.compare(op, left, right, node)
        if not more:
            return test
        return self.branch(test, lambda: self.comparison(right, more, node), lambda: Const(False), node)

    def compare(self, op: ast.cmpop, x: object, y: object, node: ast.AST) -> object:
        if isinstance(op, ast.Is | ast.IsNot):
            same = isinstance(op, ast.Is)
            none = Const(None)
            if isinstance(x, Const) and isinstance(y, Const):
                return Const((x == y) is same)
            if none in (x, y):  # an operand that is not the constant None is never None
                return Const(not same)
            raise self.fail(node, "`is` between values", "compare with ==, or with None")
        if isinstance(op, ast.In | ast.NotIn):
            y = self.as_dict(y)
            if isinstance(y, TupleOf | ListOf):
                found: object = Const(False)
                for item in reversed(y.items):
                    equal = self.compare(ast.Eq(), x, item, node)
                    if isinstance(found, Const) and not found.value:
                        found = equal
                    else:
                        rest = found
                        found = self.branch(equal, lambda: Const(True), lambda rest=rest: rest, node)
                return found if isinstance(op, ast.In) else self.operation(operator.not_, (found,), node)
            if is_object(y):
                found = self.emit(operator.contains, (y, self.as_operand(x, node)), node, "test")
                self.boolean.add(found)
                return found if isinstance(op, ast.In) else self.operation(operator.not_, (found,), node)
            if isinstance(y, DictOf):
                return Const((self.key(x, node) in self.held(y, node)) is isinstance(op, ast.In))
            raise self.fail(node, "`in` on this value", "loop over the items")
        fn = COMPARE[type(op)]
        if isinstance(x, Const) and isinstance(y, Const) and isinstance(x.value, str) and isinstance(y.value, str):
            return Const(fn(x.value, y.value))
        if fn in (operator.eq, operator.ne) and {is_text(x), is_text(y)} == {True, False}:
            return Const(fn is operator.ne)
        if isinstance(x, TupleOf) and isinstance(y, TupleOf) and fn in (operator.eq, operator.ne):
            result: object = Const(len(x.items) == len(y.items))
            for p, q in zip(x.items, y.items, strict=False):
                test = result
                result = self.branch(
                    test, lambda p=p, q=q: self.compare(ast.Eq(), p, q, node), lambda: Const(False), node
                )
            return result if fn is operator.eq else self.operation(operator.not_, (result,), node)
        return self.operation(fn, (self.as_operand(x, node), self.as_operand(y, node)), node, "test")

    def expr_IfExp(self, node: ast.IfExp, hint: str) -> object:
        chain = [node]
        while isinstance(chain[-1].orelse, ast.IfExp):
            chain.append(chain[-1].orelse)
        if len(chain) <= DEEPEST:
            return self.conditional(chain, lambda: self.expr(chain[-1].orelse, hint), hint)
        found = self.conditional(chain[:DEEPEST], lambda: ir.UNDEFINED, hint, Const(True), Const(False))
        value, is_found = found.items
        return self.branch(is_found, lambda: value, lambda: self.expr(chain[DEEPEST], hint), node)

    def conditional(self, chain: list[ast.IfExp], otherwise: Callable, hint: str, *flags: Const) -> object:
        """Return the value of the first of some conditional expressions whose test holds, with a flag that says so."""
        first, *rest = chain

        def flagged(value: object, flag: int) -> object:
            return TupleOf((value, flags[flag])) if flags else value

        def orelse() -> object:
            return self.conditional(rest, otherwise, hint, *flags) if rest else flagged(otherwise(), -1)

        test = self.truth(self.expr(first.test), first)
        return self.branch(test, lambda: flagged(self.expr(first.body, hint), 0), orelse, first)

    # ---------------------------------------------------------------- subscripts

    def index(self, node: ast.expr) -> tuple:
        """Return the parts of an index."""
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        out: list = []
        for p in parts:
            if isinstance(p, ast.Slice):
                out.append(Slice(*(Const(None) if x is None else self.operand(x) for x in (p.lower, p.upper, p.step))))
                continue
            value = self.expr(p)
            if isinstance(value, ListOf) or (isinstance(value, TupleOf) and len(parts) > 1):  # as good as an array
                value = self.pack(value, [], {}, p, "t")
            if isinstance(value, TupleOf) and len(parts) == 1:
                out.extend(self.as_operand(v, p) for v in value.items)
            else:
                out.append(self.as_operand(value, p))
        return tuple(out)

    def expr_Slice(self, node: ast.Slice, hint: str) -> object:
        raise self.fail(node, "a slice here", "slice an array")

    def expr_Subscript(self, node: ast.Subscript, hint: str) -> object:
        base = self.expr(node.value)
        self.refuse_record(base, "items", node)
        if isinstance(base, TupleOf | ListOf):
            if isinstance(node.slice, ast.Slice):
                parts = [self.expr(x) if x is not None else Const(None) for x in
                         (node.slice.lower, node.slice.upper, node.slice.step)]  # fmt: skip
                if not all(isinstance(p, Const) for p in parts):
                    raise self.fail(node, "a slice of a tuple with bounds unknown at compile time", "use an array")
                picked = base.items[slice(*(p.value for p in parts))]
                return TupleOf(tuple(picked)) if isinstance(base, TupleOf) else self.new_list(list(picked), node)
            index = self.expr(node.slice)
            if isinstance(base, ListOf) and base.node is not None and is_beyond(index, len(base.items)):
                self.grow(base, node)  # it may get longer before this is reached, in a later trip of a loop
            return self.pick(base.items, index, node, "tuple" if isinstance(base, TupleOf) else "list")
        if isinstance(base, DictOf):
            return self.dict_item(base, self.expr(node.slice), node)
        if isinstance(base, Static) and isinstance(base.value, dict):  # of a closure or module, as it is by now
            key = self.key(self.expr(node.slice), node)
            if key in base.value:
                return static_value(base.value[key])
        if isinstance(base, Relative):
            return self.at_distance(base, self.index(node.slice), node)
        if isinstance(base, Flat) and isinstance(node.slice, ast.Slice):
            raise self.fail(node, ast.unparse(node), "take single elements of it, or a slice of np.ravel")
        if isinstance(base, Flat):
            return self.flat_item(base, self.operand(node.slice), node, hint)
        if isinstance(base, Poison):
            raise self.fail(node, ast.unparse(node.value), base.reason)
        if base in self.lists and isinstance(node.slice, ast.Slice):
            return self.part_of_list(base, node.slice, node)
        if isinstance(base, Static):
            if base.value is np.r_ or base.value is np.c_:
                return self.joined(base.value, node)
            raise self.outside(base.value, node)
        if not isinstance(base, Var | ir.Global):
            raise self.fail(node, f"the subscript {ast.unparse(node)!r}", "index arrays and tuples")
        index = self.index(node.slice)
        if base in self.zero_dim and all(isinstance(i, ir.Global) and i.value is ... for i in index):
            return base
        return self.emit("getitem", (base, *index), node, hint)

    def flat_item(self, flat: Flat, index: object, node: ast.AST, hint: str = "t") -> Var:
        item = self.emit("getitem", (flat.array, index), node, hint)
        self.block.statements[-1].flat = True
        return item

    def pick(self, items, index: object, node: ast.AST, kind: str | None = None) -> object:
        """Return an item of a tuple or list; an index known only at run time becomes a chain of branches.

        If it may lie outside, `kind` says what it is then outside of.
        """
        n = len(items)
        if isinstance(index, Const):
            if not isinstance(index.value, int) or not -n <= index.value < n:
                raise self.fail(node, f"index {index.value!r} into a tuple of {n}", "stay inside it")
            return items[index.value]
        if n == 0:
            raise self.fail(node, "an index into an empty tuple", "give it items")
        index = shifted = self.as_operand(index, node)
        known = self.ranges.get(index, (-1,))
        if kind is not None and not all(0 <= k < n for k in (known[0], known[-1])):
            negative = self.emit(operator.lt, (index, Const(0)), node)
            shifted = self.branch(
                negative, lambda: self.emit(operator.add, (index, Const(n)), node, "k"), lambda: index, node
            )
            message = ast.Constant(f"{kind} index out of range")
            ends = [self.emit(fn, (shifted, Const(k)), node) for fn, k in ((operator.lt, 0), (operator.ge, n))]
            outside = self.emit(operator.or_, tuple(ends), node)
            self.branch(outside, lambda: self.raise_(IndexError, [message], node), lambda: None, node)

        def choose(k: int) -> object:
            if k == n - 1:
                return items[k]
            test = self.emit(operator.eq, (shifted, Const(k)), node)
            return self.branch(test, lambda: items[k], lambda: choose(k + 1), node)

        return choose(0)

    # ---------------------------------------------------------------- calls

    def expr_Call(self, node: ast.Call, hint: str) -> object:
        """A call: first what is called, or the object whose method it is, then the arguments, then the keywords."""
        own = self.own_call(node)
        if own is not None:
            return own
        if isinstance(node.func, ast.Attribute):
            base = self.expr(node.func.value)
            is_format = isinstance(base, Const) and isinstance(base.value, str) and node.func.attr == "format"
            if isinstance(base, DictOf | ListOf | Var | ir.Global) or is_format:
                return self.call_method(base, node.func.attr, *self.call_arguments(node), node, hint)
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
        is_list = isinstance(base, Var) and name in ("append", "extend") and not is_object(base)
        if isinstance(base, ListOf) or is_list:
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
        if registry.find(f) is None and not is_library(f):
            implementation = self.overloaded(f, args, kwargs, node)
            if implementation is not None:
                return self.call_function(implementation, args, kwargs, node)
            if python_function(f) is not None:
                return self.call_function(self.function_value(f, node), args, kwargs, node)
            return self.call_foreign(f, args, kwargs, node, hint)
        if isinstance(f, type) and f.__module__.split(".")[0] not in ("numpy", "builtins"):
            return self.call_foreign(f, args, kwargs, node, hint)
        args, kwargs = self.matched(f, args, kwargs, node)
        args, kwargs, out = self.split_out(f, args, kwargs, node)
        made = self.call_library(f, *self.as_arrays(f, args, kwargs, node), node, hint)
        return made if out is None else self.written_into(out, made, node)

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
