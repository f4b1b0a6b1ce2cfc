"""Lowering of expressions: arithmetic, subscripts, attributes."""

from __future__ import annotations

import ast
import enum
import operator
from collections.abc import Callable

import numpy as np
from numba import types

from ...rules import lists
from .. import ir
from ..ir import Const, Slice, TupleOf, Var
from ..ir.callees import BINARY
from ..ir.kinds import is_object
from ..ir.messages import Field, formatted
from .array_likes import ArrayLikes
from .bound import Bounds
from .builtin_calls import Builtins
from .call_expressions import CallExpressions
from .control import DEEPEST
from .decorators import Decorators
from .dicts import Dicts
from .instances import Instances
from .kernels import Kernels
from .known_values import is_beyond, is_text
from .lists import Lists
from .nonlocals import cell_of
from .objects import Objects
from .optionals import Optionals
from .parallel_arrays import ARRAY_CODE
from .records import RecordArrays
from .signatures import Signatures
from .structures import Structures
from .tables import Tables
from .tuple_lists import is_rows
from .values import (
    COMPARE,
    OPERANDS,
    UNARY,
    DictOf,
    Flat,
    FunctionValue,
    ListOf,
    Poison,
    Relative,
    Static,
    fold,
    is_instance,
    is_optional,
    is_record_at,
    is_records,
    is_table,
    is_typed_list,
    static_value,
)

_SMALL_CALLS = (ast.Call, ast.Subscript, ast.BinOp, ast.IfExp, ast.NamedExpr)


class Expressions(
    CallExpressions,
    ArrayLikes,
    Builtins,
    Kernels,
    Lists,
    Dicts,
    Bounds,
    Decorators,
    Instances,
    Objects,
    Optionals,
    RecordArrays,
    Signatures,
    Structures,
    Tables,
):
    """The half of `Lowering` that deals with expressions."""

    def expr(self, node: ast.expr, hint: str = "t") -> object:
        """Return the value of an expression; operations go into the current block."""
        if isinstance(node, ARRAY_CODE) and self.shares_arrays:
            return self.array_code(node, hint)
        method = getattr(self, f"expr_{type(node).__name__}", None)
        if isinstance(node, ast.Yield | ast.YieldFrom):
            remedy = "return an array or a list, or write the loop where the items are used"
            raise self.fail(node, "a generator (yield)", remedy)
        if method is None:
            raise self.fail(node, f"the expression {ast.unparse(node)!r}", "use scalars, arrays, tuples and calls")
        return method(node, hint)

    def operand(self, node: ast.expr, hint: str = "t") -> object:
        """Return the value of an expression that must be a number, an array or a tuple of them."""
        return self.as_operand(self.expr(node, hint), node)

    def as_operand(self, value: object, node: ast.AST) -> object:
        value = self.present(value, node)
        if isinstance(value, OPERANDS):
            return value
        if is_instance(value) or is_typed_list(value) or is_records(value) or is_record_at(value):
            self.refuse_record(value, "the value", node)
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
        if not isinstance(node.value, bool | int | float | complex | str | None):
            if node.value is ...:
                return Static(...)
            raise self.fail(node, f"the literal {node.value!r}", "use numbers")
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
        return self.instance_from_outside(value)

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
                items = self.items_of_tuple(value, n)
                if items is None:
                    raise self.fail(n, f"*{ast.unparse(n.value)}", "a star takes a tuple")
                out.extend(items)
            else:
                out.append(self.expr(n))
        return out

    def items_of_tuple(self, value: object, node: ast.AST) -> list | None:
        """Return the items of a tuple or a list, which may be that of an array's lengths; None of another value."""
        if isinstance(value, TupleOf | ListOf):
            return list(value.items)
        known = self.type_if_known(value, node) if isinstance(value, Var) else None
        if not isinstance(known, types.BaseTuple):
            return None
        return [self.emit("getitem", (value, Const(k)), node, "n") for k in range(len(known))]

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
        return FunctionValue(self.frame.source, node, self.frame, defaults, parallel=self.frame.parallel)

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
        x, y = self.present(x, node), self.present(y, node)
        own = self.binary_of_instances(fn, x, y, node)
        if own is not None:
            return own
        are_lists = all(is_rows(v) or isinstance(v, ListOf) for v in (x, y))
        if fn is operator.add and are_lists and (is_rows(x) or is_rows(y)):
            return self.joined_lists(x, y, node)
        for value in (x, y):
            self.refuse_record(value, "this operation", node)
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
        value, fn = self.expr(node.operand), UNARY[type(node.op)]
        own = self.unary_of_instance(fn, value, node)
        return self.operation(fn, (self.as_operand(value, node),), node, hint) if own is None else own

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
            if none in (x, y) and (is_optional(x) or is_optional(y)):
                flag = (x if is_optional(x) else y).items[0]
                return self.operation(operator.not_, (flag,), node, "test") if same else flag
            if none in (x, y):  # an operand that is not the constant None is never None
                return Const(not same)
            if not any(isinstance(v, Static) and isinstance(v.value, enum.Enum) for v in (x, y)):
                raise self.fail(node, "`is` between values", "compare with ==, or with None")
            op = ast.Eq() if same else ast.NotEq()
        x, y = self.present(x, node), self.present(y, node)
        if isinstance(op, ast.In | ast.NotIn) and is_instance(y):
            f = self.special(y, "contains")
            if f is None:
                self.refuse_record(y, "`in`", node)
            found = self.truth(self.call_member(f, y, [x], {}, node), node)
            return found if isinstance(op, ast.In) else self.operation(operator.not_, (found,), node)
        if isinstance(op, ast.In | ast.NotIn) and is_rows(y):
            self.refuse_record(y, "`in`", node)
        if isinstance(op, ast.In | ast.NotIn) and is_table(y):
            found = self.is_in_table(y, x, node)
            return found if isinstance(op, ast.In) else self.operation(operator.not_, (found,), node)
        if isinstance(op, ast.In | ast.NotIn) and (is_typed_list(y) or y in self.lists):
            found = self.library_call(lists.contains, operator.contains, [self.unlisted(y), x], {}, node)
            return found if isinstance(op, ast.In) else self.operation(operator.not_, (found,), node)
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
            made = self.made_by.get(y) if isinstance(y, Var) else None
            if is_object(y) or (isinstance(made, ir.Op) and made.fn in (set, frozenset)):
                found = self.emit(operator.contains, (y, self.as_operand(x, node)), node, "test")
                self.boolean.add(found)
                return found if isinstance(op, ast.In) else self.operation(operator.not_, (found,), node)
            if isinstance(y, DictOf):
                self.grow_dict(y, x, node)
                return Const((self.key(x, node) in self.held(y, node)) is isinstance(op, ast.In))
            raise self.fail(node, "`in` on this value", "loop over the items")
        fn = COMPARE[type(op)]
        own = self.binary_of_instances(fn, x, y, node)
        if own is not None:
            return own
        for value in (x, y):
            self.refuse_record(value, "this comparison", node)
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
        sides = self.sides_of(first.test, lambda: flagged(self.expr(first.body, hint), 0), orelse)
        return self.branch(test, *sides, first)

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
        base = self.present(self.expr(node.value), node)
        if is_instance(base):
            return self.item_of_instance(base, node.slice, node)
        if is_table(base):
            return self.item_of_table(base, self.expr(node.slice), node)
        if is_rows(base):
            return self.subscript_of_rows(base, node.slice, node)
        if is_records(base) or is_record_at(base):
            return self.subscript_of_records(base, node.slice, node)
        if is_typed_list(base) and isinstance(node.slice, ast.Slice):
            return self.part_of_list(base.items[0], node.slice, node)
        base = self.unlisted(base)
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

        Of items that are constants it reads a table. If the index may lie outside, `kind` says what it is then outside
        of.
        """
        n = len(items)
        if isinstance(index, Const):
            if not isinstance(index.value, int) or not -n <= index.value < n:
                raise self.fail(node, f"index {index.value!r} into a tuple of {n}", "stay inside it")
            return items[index.value]
        if n == 0:
            raise self.fail(node, "an index into an empty tuple", "give it items")
        index = shifted = self.as_operand(index, node)
        is_table = n > 2 and _are_numbers(items)
        known = self.ranges.get(index, (-1,))
        if kind is not None and not all(0 <= k < n for k in (known[0], known[-1])):
            if not is_table:  # an array counts from its end by itself, also where the index is unsigned
                negative = self.emit(operator.lt, (index, Const(0)), node)
                shifted = self.branch(
                    negative, lambda: self.emit(operator.add, (index, Const(n)), node, "k"), lambda: index, node
                )
            message = ast.Constant(f"{kind} index out of range")
            bounds = (operator.lt, -n if is_table else 0), (operator.ge, n)
            ends = [self.emit(fn, (shifted, Const(k)), node) for fn, k in bounds]
            outside = self.emit(operator.or_, tuple(ends), node)
            self.branch(outside, lambda: self.raise_(IndexError, [message], node), lambda: None, node)
        if is_table:
            if index not in self.ranges:  # it may be a truth value, which is a number nowhere but to Python
                shifted = self.emit(operator.pos, (index,), node, "k")
            return self.emit("getitem", (ir.Global(np.array([x.value for x in items])), shifted), node)

        def choose(k: int) -> object:
            if k == n - 1:
                return items[k]
            test = self.emit(operator.eq, (shifted, Const(k)), node)
            return self.branch(test, lambda: items[k], lambda: choose(k + 1), node)

        return choose(0)


def _are_numbers(items: list | tuple) -> bool:
    """Whether items are constants that an array of float64 or int64 can hold."""
    if not all(isinstance(x, Const) for x in items):
        return False
    values = [x.value for x in items]
    kinds = {type(v) for v in values}
    return kinds == {float} or (kinds == {int} and all(-(2**63) <= v < 2**63 for v in values))
