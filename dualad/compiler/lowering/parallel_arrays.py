"""Code of whole arrays in functions for several threads: each has a part of the arrays, along their first axis.

Numba shares such code among the threads as it does loops over prange. An expression that goes through arrays element by
element, with the reduction around it, is a function of a part of these arrays, which is called for all parts at once
(`chunks`)::

    total = np.sum(w * x**2)        def sum_part(start, count, w, x):      w is w[start : start + count], and so is x
                                        return np.sum(w * x**2)

    total = part + part + ...       on all threads

What an expression has for operands (calls of other functions, slices) is computed before, once. Operands with fewer
axes are shared by all parts. What is written into arrays is computed on all threads; one thread stores it, and copies
and fills.
"""

from __future__ import annotations

import ast
import copy
import math
import operator
from dataclasses import dataclass

import numpy as np
from numba import types

from ...rules import registry
from ..ir import Const, Global, Place, Slice, TupleOf, Var
from ..ir.callees import methods_named
from ..runtime.numba_bridge.kernels import Elementwise, kernel_of
from .chunks import PART, SHARED, SUM, Chunked, Result, Role
from .entries import Entry, flat
from .nested_primitives import Derived
from .own_parts import OfLifted
from .reads import attribute
from .values import OPERANDS, Frame, FunctionValue, Static

PRANGE = "prange"
"""What operations that belong to what several threads share have as the call at their place."""

REDUCTIONS = methods_named("sum prod min max argmin argmax mean var std") | {"amin": np.amin, "amax": np.amax}
"""What Numba computes on several threads, beside operations on each element: of one array, over all elements."""

ARRAY_CODE = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)
"""The expressions that may go through arrays."""

_NAMES = {f: name for name, f in REDUCTIONS.items() if not name.startswith("a") or name.startswith("arg")}
_FULL = Slice(Const(None), Const(None), Const(None))
_ARITHMETIC = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


@dataclass(eq=False)
class Part(OfLifted):
    """An expression of a part of some arrays: (first index, length, operands, lengths of the other axes) -> results."""

    sizes: int = 0

    @property
    def key(self) -> object:
        return "part", self.lifted.key, self.sizes

    def names(self) -> list[str]:
        return [*self.lifted.hints, *("n" for _ in range(self.sizes))]

    def call(self, low: object, values: list, given: tuple) -> object:
        with low.on_one_thread():
            results = flat(self.lifted.call(low, values[: len(self.lifted.hints)], ()))
        found = tuple(low.as_operand(x, None) for x in results)
        return found[0] if len(found) == 1 else TupleOf(found)


class _Tree:
    """An expression with names in the place of its operands."""

    def __init__(self, low: object, node: ast.expr):
        self.low, self.node = low, node
        self.values: dict[str, object] = {}
        """The operands, by the names that stand for them."""
        self.rows: set[object] = set()
        """Those that have a first axis of length 1 for certain."""
        self._taken = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}

    def apart(self, node: ast.expr) -> ast.expr:
        """Return an expression with names for operands, which are computed in their order."""
        parts = self.low.elementwise_parts(node)
        if parts is None:
            return self.operand(node)
        new = copy.copy(node)
        for field, items in parts.items():
            setattr(new, field, [self.apart(n) for n in items] if isinstance(items, list) else self.apart(items))
        return new

    def operand(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Constant):
            return node
        value = self.low.expr(node)
        if isinstance(node, ast.Name) and self.values.get(node.id, value) is value:
            name = node.id
        else:
            name = self.unused("part")
        self.values[name] = value
        if isinstance(node, ast.Subscript) and isinstance(value, Var) and _has_new_axis_first(node.slice):
            self.rows.add(value)
        return ast.copy_location(ast.Name(name, ast.Load()), node)

    def unused(self, name: str) -> str:
        name = _unlike(self._taken, name)
        self._taken.add(name)
        return name


class ParallelArrays:
    """The part of `Lowering` that deals with whole arrays in functions for several threads."""

    @property
    def shares_arrays(self) -> bool:
        return self.frame.parallel and not self.on_thread

    def array_code(self, node: ast.expr, hint: str) -> object:
        """Return the value of an expression in a function for several threads."""
        reduction = self.reduction_of(node)
        operand = node if reduction is None else reduction[1]
        product = self.vectors_of(node) if reduction is None else None
        if product is None and reduction is None and self.elementwise_parts(node) is None:
            return getattr(self, f"expr_{type(node).__name__}")(node, hint)
        tree = _Tree(self, node)
        if product is not None:
            left, right = map(tree.operand, product)
            if all(self.dimensions_if_known(tree, x, node) == 1 for x in (left, right)):
                both = ast.copy_location(ast.BinOp(left, ast.Mult(), right), node)
                found = self.shared_code(tree, both, "sum", node, hint)
                if found is not None:
                    return found
            new = copy.copy(node)
            new.__dict__.update(
                {"args": [left, right]} if isinstance(node, ast.Call) else {"left": left, "right": right}
            )
            return self.with_names(tree, new, hint)
        inner = tree.apart(operand)
        kind = None if reduction is None else reduction[0]
        found = self.shared_code(tree, inner, kind, node, hint)
        if found is not None:
            return found
        return self.with_names(tree, inner if reduction is None else _with_operand(node, inner), hint)

    def with_names(self, tree: _Tree, node: ast.expr, hint: str) -> object:
        """Lower an expression as it is on one thread, with its operands under their names."""
        env = self.frame.env
        before = {name: env[name] for name in tree.values if name in env}
        env.update({name: x for name, x in tree.values.items() if name not in before})
        try:
            return getattr(self, f"expr_{type(node).__name__}")(node, hint)
        finally:
            for name in tree.values.keys() - before.keys():
                self.frame.env.pop(name, None)

    # ---------------------------------------------------------------- what there is to share

    def known_callee(self, node: ast.expr) -> object:
        """Return what is called, if it is a name or an attribute that is known without computing anything."""
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        scope, source = self.frame, None
        while scope is not None:
            if node.id in scope.env:
                found = scope.env[node.id]
                break
            if node.id in scope.local_names or node.id in scope.cells:
                return None
            source, scope = scope.source, scope.parent
        else:
            try:
                found = Static(source.lookup(node.id))
            except KeyError:
                return None
        if not isinstance(found, Static) or found.attributes:
            return None
        value = found.value
        for name in reversed(names):
            value = attribute(value, name)
        return value

    def elementwise_parts(self, node: ast.expr) -> dict | None:
        """Return the operands of an expression that goes through arrays element by element; None for others."""
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
            return {"left": node.left, "right": node.right}
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            return {"operand": node.operand}
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _ARITHMETIC):
            return {"left": node.left, "comparators": node.comparators}
        if isinstance(node, ast.Call) and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args):
            f = self.known_callee(node.func)
            if f is not None and _is_elementwise(f, len(node.args)):
                return {"args": node.args}
        return None

    def reduction_of(self, node: ast.expr) -> tuple[str, ast.expr] | None:
        """Return the name of a reduction over all elements, and its operand; None for anything else."""
        if not isinstance(node, ast.Call) or node.keywords:
            return None
        f = self.known_callee(node.func)
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred) and isinstance(f, type(np.sum)):
            return (_NAMES[f], node.args[0]) if f in _NAMES else None
        is_method = f is None and isinstance(node.func, ast.Attribute) and node.func.attr in REDUCTIONS
        return (node.func.attr, node.func.value) if is_method and not node.args else None

    def vectors_of(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the operands of a product of arrays."""
        if isinstance(node, ast.BinOp):
            return [node.left, node.right] if isinstance(node.op, ast.MatMult) else None
        is_dot = isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords
        return node.args if is_dot and self.known_callee(node.func) is np.dot else None

    def dimensions_if_known(self, tree: _Tree, node: ast.expr, at: ast.AST) -> int:
        value = tree.values.get(node.id) if isinstance(node, ast.Name) else None
        ty = self.type_if_known(value, at) if isinstance(value, Var | Global) else None
        return getattr(ty, "ndim", 0)

    # ---------------------------------------------------------------- sharing it

    def shared_code(self, tree: _Tree, inner: ast.expr, kind: str | None, node: ast.expr, hint: str) -> object:
        """Emit the call of all parts; None if there are no arrays of real numbers among the operands."""
        arrays: dict[str, object] = {}
        for name, x in tree.values.items():
            ty = self.type_if_known(x, node) if isinstance(x, Var | Global) else None
            if not isinstance(x, OPERANDS) and not isinstance(x, Static | FunctionValue):
                return None
            if isinstance(ty, types.Array):
                if not isinstance(ty.dtype, types.Float | types.Integer | types.Boolean):
                    return None
                if ty.ndim:
                    arrays[name] = ty
            elif isinstance(x, Var | Global) and not isinstance(ty, types.Float | types.Integer | types.Boolean):
                return None
        ndim = max((ty.ndim for ty in arrays.values()), default=0)
        if not ndim or (kind in ("argmin", "argmax") and ndim > 1):
            return None
        if kind in ("var", "std"):
            return self.shared_variance(tree, inner, kind, node, hint)
        outer, self.origin = self.origin, Place.of(self.place(node), PRANGE)
        try:
            return self.call_parts(tree, inner, kind, (arrays, ndim), node, hint)
        finally:
            self.origin = outer

    def call_parts(
        self, tree: _Tree, inner: ast.expr, kind: str | None, among: tuple[dict, int], node: ast.expr, hint: str
    ) -> object:
        arrays, ndim = among
        values = {name: x for name, x in tree.values.items() if isinstance(x, Var) or name in arrays}
        own, lengths, count = set(), [], None
        is_spread = any(ty.ndim == ndim and values[name] not in tree.rows for name, ty in arrays.items())
        for name, ty in arrays.items():
            x = values[name]
            if ty.ndim < ndim or (is_spread and x in tree.rows):
                if ty.ndim == ndim:
                    values[name] = x = self.emit("getitem", (x, Const(0)), node, "row")
                if ndim > 1:
                    lengths.append(self.sizes_of(x, min(ty.ndim, ndim - 1), node))
                continue
            if isinstance(x, Global):
                values[name] = x = self.emit("getitem", (x, _FULL), node, name)
            sizes = self.sizes_of(x, ndim, node)
            if count is None:
                count = sizes[0]
            else:
                same = self.operation(operator.eq, (count, sizes[0]), node)
                self.must_be(same, "operands of different lengths along the first axis under parallel=True", node)
            own.add(name)
            lengths.append(sizes[1:])
        others = self.common_axes(lengths, ndim - 1, node)[0] if ndim > 1 else []
        function = self.function_of_part(inner, kind, list(values), node)
        lifted, operands = self.lift(function, [Const(0), count, *values.values()], {0, 1}, node)
        lifted.hints[:] = [name.rstrip("_") for name in lifted.hints]
        place = {id(values[name]): name for name in own}
        roles = [Role("own") if id(x) in place and k > 1 else SHARED for k, x in enumerate(operands)]
        sizes = others if kind is None else []
        first = len(operands)
        if kind is None:
            results = [Result(Role("own"), None, tuple(range(first, first + len(sizes))))]
        else:
            results = [Result(SUM if kind in ("sum", "mean") else PART)] * (2 if kind in ("argmin", "argmax") else 1)
        found = self.call_shared(
            Part(lifted, len(sizes)), [*operands, *sizes], [*roles, *(SHARED for _ in sizes)], results, node
        )
        if kind in (None, "sum"):
            return found[0]
        if kind == "mean":
            size = count
            for n in others:
                size = self.operation(operator.mul, (size, n), node)
            return self.emit(operator.truediv, (found[0], size), node, hint)
        return self.call_function(self.function_value(COMBINED[kind]), found, {}, node)

    def call_shared(self, part: Entry, operands: list, roles: list, results: list, node: ast.AST) -> list:
        """Emit the call of what each thread does with a part; return the results."""
        key = ("shared", tuple(roles), tuple(results), part.key)
        if key not in self.units.derived:
            callee = Derived(part, "value", count=len(results))
            name = f"{part.identifier}_on_threads"
            self.units.derived[key] = Chunked(callee, tuple(roles), tuple(results), name)
        return self.items_of_chunks(self.units.derived[key], operands, node)

    def function_of_part(self, inner: ast.expr, kind: str | None, names: list[str], node: ast.expr) -> FunctionValue:
        """Return the function (first index, length, operands) -> results of a part."""
        known = node.__dict__.setdefault("parts", {})  # one tree: what is made of it is known by the tree
        taken = {n.id for n in ast.walk(inner) if isinstance(n, ast.Name)} | self.visible_names()
        start, count, reduce, extreme = (_unlike(taken, x) for x in ("start", "count", "reduce", "extreme"))
        renamed: dict[str, str] = {}
        for name in names:
            renamed[name] = _unlike(taken | {*renamed.values()}, name)
        key = (kind, tuple(renamed.items()), ast.dump(inner))
        if key not in known:
            text = f"def {kind or 'array'}_part({', '.join([start, count, *renamed.values()])}):\n    return None"
            known[key] = made = ast.parse(text).body[0]
            value: ast.expr = _Renaming(renamed).visit(copy.deepcopy(inner))
            if kind is not None:
                value = ast.Call(ast.Name(reduce, ast.Load()), [value], [])
            if kind in ("argmin", "argmax"):
                best = ast.Call(ast.Name(extreme, ast.Load()), value.args, [])
                value = ast.Tuple([best, ast.BinOp(value, ast.Add(), ast.Name(start, ast.Load()))], ast.Load())
            made.body[0].value = value
            for n in ast.walk(made):
                ast.copy_location(n, node)
        env: dict[str, object] = {}
        if kind is not None:
            env = {reduce: Static(np.sum if kind == "mean" else REDUCTIONS[kind]), extreme: Static(_EXTREMES.get(kind))}
        frame = Frame(self.frame.source, env, frozenset(), self.frame)
        return FunctionValue(self.frame.source, known[key], frame, {})

    def visible_names(self) -> set[str]:
        found: set[str] = set()
        scope = self.frame
        while scope is not None:
            found |= scope.env.keys() | scope.local_names
            scope = scope.parent
        return found

    def shared_variance(self, tree: _Tree, inner: ast.expr, kind: str, node: ast.expr, hint: str) -> object:
        """Return np.var or np.std: the mean first, then the squares."""
        if not isinstance(inner, ast.Name):  # it is needed twice
            tree.values["values"] = self.shared_code(tree, inner, None, node, "values")
            inner = ast.copy_location(ast.Name("values", ast.Load()), node)
        tree.values = {inner.id: tree.values[inner.id]}
        tree.values["mean"] = self.shared_code(tree, inner, "mean", node, "mean")
        from_mean = ast.BinOp(inner, ast.Sub(), ast.Name("mean", ast.Load()))
        square = ast.fix_missing_locations(ast.copy_location(ast.BinOp(from_mean, ast.Mult(), from_mean), node))
        value = self.shared_code(tree, square, "mean", node, hint)
        return value if kind == "var" else self.emit(math.sqrt, (value,), node, hint)

    # ---------------------------------------------------------------- what is written

    def augmented_array(self, base: object, index: tuple, s: ast.AugAssign) -> bool:
        """Lower `x += ...` or `x[index] += ...`, if that is an array; False, and nothing lowered, if not."""
        before = len(self.block.statements)
        now = self.emit("getitem", (base, *index), s, "part") if index else base
        ty = self.type_if_known(now, s) if isinstance(now, Var) else None
        if getattr(ty, "ndim", 0) and not isinstance(s.op, ast.MatMult):
            tree = _Tree(self, s.value)
            name = tree.unused("part")
            tree.values[name] = now
            inner = ast.copy_location(ast.BinOp(ast.Name(name, ast.Load()), s.op, tree.apart(s.value)), s)
            new = self.shared_code(tree, inner, None, s, "part")
            if new is not None:
                self.effect("setitem", (base, *(index or (Global(...),)), new), s)
                return True
        del self.block.statements[before:]
        return False


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), ast.Load())


def _has_new_axis_first(index: ast.expr) -> bool:
    first = index.elts[0] if isinstance(index, ast.Tuple) and index.elts else index
    is_none = isinstance(first, ast.Constant) and first.value is None
    return is_none or (isinstance(first, ast.Attribute) and first.attr == "newaxis")


def _is_elementwise(f: object, count: int) -> bool:
    """Whether a call goes through arrays element by element."""
    if f is np.where:
        return count == 3
    kernel = kernel_of(f)
    if kernel is not None:
        return isinstance(kernel, Elementwise) and count == kernel.count
    if isinstance(f, np.ufunc):
        return f.signature is None and count == f.nin
    rule = registry.find(f) if callable(f) else None
    return rule is not None and rule.elementwise


def _with_operand(node: ast.Call, operand: ast.expr) -> ast.Call:
    new = copy.copy(node)
    if node.args:
        new.args = [operand]
    else:
        new.func = copy.copy(node.func)
        new.func.value = operand
    return new


def _unlike(taken: set[str], name: str) -> str:
    while name in taken:
        name += "_"
    return name


def _largest(parts):
    value = parts[0]
    for c in range(1, parts.shape[0]):
        value = max(value, parts[c])
    return value


def _smallest(parts):
    value = parts[0]
    for c in range(1, parts.shape[0]):
        value = min(value, parts[c])
    return value


def _product(parts):
    value = parts[0]
    for c in range(1, parts.shape[0]):
        value = value * parts[c]
    return value


def _place_of_largest(parts, places):
    best = 0
    for c in range(1, parts.shape[0]):
        if parts[c] > parts[best]:
            best = c
    return places[best]


def _place_of_smallest(parts, places):
    best = 0
    for c in range(1, parts.shape[0]):
        if parts[c] < parts[best]:
            best = c
    return places[best]


COMBINED = {
    "max": _largest,
    "min": _smallest,
    "prod": _product,
    "argmax": _place_of_largest,
    "argmin": _place_of_smallest,
}
_EXTREMES = {"argmin": np.min, "argmax": np.max}
