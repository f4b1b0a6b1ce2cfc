"""Lowering of derivatives: `grad(f)(x)`, `jvp(f, (x,), (x_dot,))` and the like inside a function.

The structure of the arguments and of the result is dealt with here. What remains is one operation for each number or
array of the result, a `derived.Derived` of an `entries.Entry`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from ...errors import UnsupportedError, at
from ..ir import Const, TupleOf, Var
from ..ir.kinds import is_float
from ..runtime.schedules import bytes_in
from . import entries
from .closures import Lifting
from .dicts import TWICE
from .entries import Contracted, Entry, Expanded, JacobianOf, Lifted, PushedForward, ResultsOf, TangentOf
from .nested_primitives import Derived, generate
from .recursion import Leaf
from .source import parameter_names
from .values import Axes, FunctionValue, ListOf, Pullback, ReverseMode, Static, Transformed

_JACOBIANS = ("jacfwd", "jacrev", "jacobian")
_PUSHED = ("f", "primals", "tangents", "argnums")
_PARAMETERS = {
    "jvp": (*_PUSHED, "has_aux"),
    "hvp": _PUSHED,
    "vjp": ("f",),
    "taylor": ("f", "primals", "directions", "order"),
    "vmap": ("f", "in_axes", "out_axes", "parallel"),
}
_OPTIONS = {
    "grad": ("holomorphic", "memory"),
    "value_and_grad": ("holomorphic", "memory"),
    "jacrev": ("memory",),
}
_NONE = Const(None)
_AXES = {"in_axes": 0, "out_axes": 0, "parallel": False}


def transformation_of(f: object) -> str | None:
    """Return the kind of transformation that a callable is (`dualad.grad`, ...), or None."""
    kind = getattr(f, "transformation", None)
    return kind if isinstance(kind, str) and getattr(f, "__module__", "").startswith("dualad.") else None


class Transformations:
    """The part of `Lowering` that deals with derivatives."""

    # ---------------------------------------------------------------- before the call

    def transform(self, kind: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Lower grad(f, ...), jvp(f, ...) and the like."""
        if kind == "stop_gradient":
            if len(args) + len(kwargs) != 1 or kwargs.keys() - {"x"}:
                raise self.fail(node, "these arguments of stop_gradient", "it takes one value")
            return self.stopped(*args, *kwargs.values(), node)
        names = _PARAMETERS.get(kind, ("f", "argnums", "has_aux"))
        names = (*names, *_OPTIONS.get(kind, ()))
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        rest = args[len(names) :]
        is_twice = len(given) < len(kwargs) + min(len(names), len(args))
        names = (*names, "has_aux", "memory") if kind == "vjp" else names  # by their names alone
        if "f" not in given or is_twice or set(given) - set(names) or (rest and kind != "vjp"):
            raise self.fail(node, f"these arguments of {kind}", f"it takes {', '.join(names)}")
        f = given["f"]
        function = self.function_value(f.value) if isinstance(f, Static) else f
        if not isinstance(function, FunctionValue | Transformed | Static):
            raise self.fail(node, f"{kind} of this value", "give it a function")
        has_aux = given.get("has_aux", Const(False))
        if not isinstance(has_aux, Const):
            raise self.fail(node, f"{kind} with has_aux unknown at compile time", "use literals")
        if given.get("holomorphic", Const(False)) != Const(False):
            raise self.fail(node, f"{kind} with holomorphic inside another function", "take real and imaginary parts")
        memory = given.get("memory", _NONE)
        if not isinstance(memory, Const):
            raise self.fail(node, f"{kind} with memory unknown at compile time", "use literals")
        mode = None if memory == _NONE else ReverseMode(bytes_in(memory.value))
        if kind == "vjp":
            return self.call_vjp(function, rest, node, bool(has_aux.value), mode)
        if kind == "vmap":
            return self.batched(function, given, node)
        if kind == "taylor":
            primals, directions = (self.items_of(given.get(k), node) for k in ("primals", "directions"))
            order = given.get("order")
            if not isinstance(order, Const) or not isinstance(order.value, int) or order.value < 1:
                raise self.fail(node, "taylor without a positive integer as its order", "write the number")
            if len(primals) != len(directions):
                what = f"taylor with {len(primals)} primals and {len(directions)} directions"
                raise self.fail(node, what, "match them")
            return self.call_taylor(function, primals, directions, order.value, node)
        if kind in ("jvp", "hvp"):
            primals, tangents = (self.items_of(given.get(k), node) for k in ("primals", "tangents"))
            argnums = given.get("argnums", _NONE)
            positions = range(len(primals)) if argnums == _NONE else self.positions(kind, function, argnums, node)
            if len(positions) != len(tangents):
                what = f"{kind} with {len(positions)} primals and {len(tangents)} tangents"
                raise self.fail(node, what if argnums == _NONE else f"{what} for argnums", "match them")
            dots = dict(zip(positions, tangents, strict=True))
            if kind == "jvp":
                dots = [dots.get(k, _NONE) for k in range(len(primals))]
                return self.call_jvp(function, primals, dots, node, bool(has_aux.value))
            products = self.call_hvp(function, primals, dots, node)
            if argnums == _NONE:
                return products[0] if len(products) == 1 else TupleOf(tuple(products))
            chosen = [products[k] for k in positions]
            return chosen[0] if isinstance(argnums, Const) else TupleOf(tuple(chosen))
        argnums = given.get("argnums", Const(0))
        positions = self.positions(kind, function, argnums, node)
        return self.transformed(kind, function, positions, isinstance(argnums, Const), bool(has_aux.value), mode)

    def positions(self, kind: str, function: object, argnums: object, node: ast.Call) -> tuple[int, ...]:
        """Return the positions that `argnums` names, counted from the first."""
        numbers = argnums.items if isinstance(argnums, TupleOf | ListOf) else [argnums]
        if not all(isinstance(k, Const) for k in numbers):
            raise self.fail(node, f"{kind} with argnums unknown at compile time", "use literals")
        count = len(self.parameter_names(function)) or len(numbers)
        if self.star_of(function) is not None:  # it takes any number
            positions = tuple(max(k.value, -1) for k in numbers)
        else:
            positions = tuple(k.value % count if -count <= k.value < count else -1 for k in numbers)
        if -1 in positions:
            raise self.fail(node, f"argnums {ast.unparse(node)} of a function of {count} arguments", "stay below that")
        return positions

    def transformed(
        self,
        kind: str,
        function: object,
        argnums: tuple,
        single: bool,
        has_aux: bool,
        how: Axes | ReverseMode | int | None = None,
    ) -> Transformed:
        if kind == "hessian":  # forward over reverse
            function, kind = Transformed("grad", function, argnums, single, has_aux), "jacfwd"
        return Transformed(kind, function, argnums, single, has_aux, how)

    def batched(self, function: object, given: dict, node: ast.Call) -> Transformed:
        """Lower vmap(f, in_axes, out_axes, parallel)."""

        def known(x: object) -> object:
            if isinstance(x, TupleOf | ListOf):
                return tuple(known(i) for i in x.items)
            if not isinstance(x, Const) or not isinstance(x.value, int | None):
                raise self.fail(node, "vmap with axes unknown at compile time", "use literals")
            return x.value

        asked = [known(given[k]) if k in given else default for k, default in _AXES.items()]
        return Transformed("vmap", function, (), False, False, Axes(*asked))

    def items_of(self, value: object, node: ast.AST) -> list:
        if not isinstance(value, TupleOf | ListOf):
            raise self.fail(node, "primals or tangents that are no tuple", "write (x, y)")
        return list(value.items)

    def star_of(self, function: object) -> int | None:
        """Return the position of the starred parameter."""
        f = function.innermost if isinstance(function, Transformed) else function
        if isinstance(f, Static) or f.node.args.vararg is None:
            return None
        return len([*f.node.args.posonlyargs, *f.node.args.args])

    def parameter_names(self, function: object) -> list[str]:
        f = function.innermost if isinstance(function, Transformed) else function
        if isinstance(f, Static):
            return []
        return parameter_names(f.node.args)

    # ---------------------------------------------------------------- calls

    def call_in_order(self, f: object, values: list, node: ast.AST | None) -> object:
        """Call a function with one value for each parameter, a tuple for a starred one."""
        if isinstance(f, Transformed):
            return self.call_transformed(f, values, node)
        if isinstance(f, Static):
            return self.call_static(f.value, values, {}, node, "t")
        a = f.node.args
        count = len([*a.posonlyargs, *a.args])
        positional, rest = list(values[:count]), list(values[count:])
        if a.vararg:
            starred = rest.pop(0)
            if not isinstance(starred, TupleOf):
                what = f"*{a.vararg.arg} together with keyword-only parameters is not supported in jitted code"
                raise UnsupportedError(at(f"{what}: name a tuple", f.source.filename, f.node.lineno))
            positional += starred.items
        more = self.known_dict(rest.pop(), node) if a.kwarg else {}
        named = {p.arg: v for p, v in zip(a.kwonlyargs, rest, strict=True)}
        return self.call_function(f, positional, {**named, **more}, node)

    def in_order(self, function: object, args: list, kwargs: dict, node: ast.AST) -> list:
        """Return one value for each parameter of a function, defaults filled in."""
        f = function.innermost if isinstance(function, Transformed) else function
        if isinstance(f, Static):
            return list(args)
        env = self.bind(f, args, kwargs, node)
        return [env[name] for name in self.parameter_names(f)]

    def tangents_in_order(self, function: object, tangents: list) -> list:
        """Return one tangent for each parameter of a function; None for those that are left at their defaults."""
        f = function.innermost if isinstance(function, Transformed) else function
        if isinstance(f, Static):
            return tangents
        a = f.node.args
        count = len([*a.posonlyargs, *a.args])
        dots = [*tangents[:count], *[_NONE] * (count - len(tangents))]
        named = [*a.kwonlyargs, *([a.kwarg] if a.kwarg else [])]
        return [*dots, *([TupleOf(tuple(tangents[count:]))] if a.vararg else []), *[_NONE] * len(named)]

    def as_given(self, function: object, entries: list, count: int) -> list:
        """Return the entries for the arguments that were given, of entries for all parameters of a function."""
        f = function.innermost if isinstance(function, Transformed) else function
        if isinstance(f, FunctionValue) and f.node.args.vararg:
            star = len([*f.node.args.posonlyargs, *f.node.args.args])
            entries = [*entries[:star], *entries[star].items]
        return entries[:count]

    def call_generated(self, function: object, values: list, place: tuple) -> object:
        """Call a generated function; what goes wrong in it is said of the place that it was generated for."""
        outer, self.origin = self.origin, self.origin or place
        try:
            return self.call_function(self.function_value(function), values, {}, None)
        finally:
            self.origin = outer

    def lift(self, f: object, values: list, by_value: set[int], node: ast.AST) -> tuple[Lifted, list]:
        """Return a function with its arguments as an entry, and the operands to call it with."""
        lifting = Lifting(self.frame.env)
        names = self.parameter_names(f) or [f"x{k}" for k in range(len(values))]
        given = [name for v in values for name in self.reachable(v)]
        values = [self.frozen(v, node) for v in values]
        arguments = [lifting.argument(v, names[k], k in by_value) for k, v in enumerate(values)]
        inner = f.innermost if isinstance(f, Transformed) else f
        label = getattr(inner, "name", None) or getattr(inner.value, "__name__", "function")
        if isinstance(f, Transformed):
            label = f"{label}_{f.kind}"
        function = lifting.captured(f, label)
        is_twice = len(set(given)) < len(given) or not lifting.held_names.isdisjoint(given)
        unchanging = next(
            (self.unchanging[name] for name in given if name in self.unchanging), TWICE if is_twice else None
        )
        entry = Lifted(function, arguments, lifting.hints, label, self.place(node), self.on_thread, unchanging)
        return entry, lifting.operands

    def derived(
        self,
        kind: str,
        entry: Entry,
        operands: list,
        node: ast.AST,
        count: int,
        wrt: tuple[int, ...] = (),
        lenient: tuple[int, ...] = (),
        how: ReverseMode | None = None,
    ) -> list:
        """Emit a derivative; return its `count` results. The same derivative is made once."""
        key = (kind, wrt, lenient, how, entry.key)
        table = self.units.derived
        if key not in table:
            table[key] = Derived(entry, kind, wrt, lenient, count, how)
        return self.results_of(table[key], operands, node)

    def results_of(self, derived: Derived, operands: list, node: ast.AST) -> list:
        """Emit the call of a derivative; return its results."""
        if derived.count == 0:
            return []
        name = derived.entry.name
        operands = tuple(self.as_operand(x, node) for x in operands)
        result = self.emit(derived, operands, node, name if derived.kind == "value" else f"{name}_{derived.kind}")
        if derived.count == 1:
            return [result]
        return [self.emit("item", (result, Const(k)), node, name) for k in range(derived.count)]

    def gradients(
        self,
        entry: Entry,
        operands: list,
        node: ast.AST,
        structures: list,
        strict: bool = True,
        how: ReverseMode | None = None,
    ) -> list:
        """Return structures of parameters with the gradients by them in their places.

        The derivative by an integer is 0 inside a structure, and refused for an argument as such if `strict`.
        """
        lenient = [p for x in structures if not (strict and isinstance(x, Leaf)) for p in places_in(x)]
        constant = {p for p in lenient if self.is_known_integer(operands[p])}
        places = tuple(dict.fromkeys(p for x in structures for p in places_in(x) if p not in constant))
        lenient = tuple(p for p in lenient if p not in constant)
        found = self.derived("grad", entry, operands, node, len(places), places, lenient, how)
        table = dict(zip(places, found, strict=True)) | dict.fromkeys(constant, Const(0.0))
        return [each(table.__getitem__, x) for x in structures]

    def values(self, entry: Entry, operands: list, node: ast.AST, structure: object) -> object:
        """Return a structure of results with the results of an entry in their places."""
        outs = places_in(structure)
        found = self.derived("value", ResultsOf(entry, tuple(outs)), operands, node, len(outs))
        return each(dict(zip(outs, found, strict=True)).__getitem__, structure, True)

    def result_structure(self, entry: Lifted, operands: list) -> object:
        """Return the result of an entry with numbered places in it (None stays None)."""
        low = type(self)(self.namer, self.units)
        low.inlining, low.origin, low.growing = list(self.inlining), self.origin, self.growing
        low.made_by, low.types = dict(self.made_by), dict(self.types)
        names = self.namer.snapshot()
        result = entry.call(low, operands, ())
        self.namer.restore(names)
        count = iter(range(len(entries.flat(result))))

        def numbered(x: object) -> object:
            if isinstance(x, ListOf):
                return ListOf([numbered(i) for i in x.items])
            if isinstance(x, TupleOf):
                return TupleOf(tuple(numbered(i) for i in x.items), x.cls)
            number = next(count)
            return x if isinstance(x, Const) and isinstance(x.value, str | None) else Leaf(number)

        return numbered(result)

    # ---------------------------------------------------------------- the derivatives

    def call_transformed(self, t: Transformed, values: list, node: ast.AST) -> object:
        if t.kind == "vmap":
            return self.call_batched(t, values, node)
        star = self.star_of(t)
        places = [(k,) if star is None or k < star else (star, k - star) for k in t.argnums]
        for _, *item in places:
            if item and item[0] >= len(values[star].items):
                what = f"{t.kind} by argument {star + item[0]} of a call with {star + len(values[star].items)}"
                raise self.fail(node, what, "stay below that")
        entry, operands = self.lift(t.function, values, {k for k, *_ in places}, node)
        wrt = [entry.arguments[k].items[item[0]] if item else entry.arguments[k] for k, *item in places]
        structure = aux = None
        if t.has_aux:
            structure, aux = self.with_aux(t.kind, entry, operands, node)
        if t.kind in _JACOBIANS:
            structure = structure or self.result_structure(entry, operands)
            derivative: object = self.jacobians(t, entry, operands, node, structure, wrt)
        else:
            scalar = ResultsOf(entry, (0,)) if t.has_aux else entry
            found = self.gradients(scalar, operands, node, wrt, how=t.how)
            derivative = found[0] if t.single else TupleOf(tuple(found))
        if t.kind == "value_and_grad":
            value = self.values(entry, operands, node, Leaf(0))
            return self.thawed(TupleOf((TupleOf((value, aux)) if t.has_aux else value, derivative)))
        return self.thawed(TupleOf((derivative, aux)) if t.has_aux else derivative)

    def with_aux(self, kind: str, entry: Lifted, operands: list, node: ast.AST) -> tuple[object, object]:
        """Return the structure of the first part of a result, with numbered places, and the value of the second."""
        structure = self.result_structure(entry, operands)
        if not isinstance(structure, TupleOf) or len(structure.items) != 2:
            raise self.fail(node, f"{kind} with has_aux=True of a function that returns no pair", "return two")
        return structure.items[0], self.values(entry, operands, node, structure.items[1])

    def jacobians(
        self, t: Transformed, entry: Entry, operands: list, node: ast.AST, structure: object, wrt: list
    ) -> object:
        outs = tuple(places_in(structure))
        strict = {x.number for x in wrt if isinstance(x, Leaf)}
        found_in = dict.fromkeys(p for x in wrt for p in places_in(x))
        places = tuple(p for p in found_in if p in strict or may_be_real(operands[p]))
        whole = JacobianOf(ResultsOf(entry, outs), places, generate, t.kind, how=t.how)
        found = self.derived("value", whole, operands, node, len(outs) * len(places))
        table = {(j, i): found[n * len(places) + m] for n, j in enumerate(outs) for m, i in enumerate(places)}

        def row(out: int) -> object:
            blocks = [each(lambda p: table.get((out, p), Const(0.0)), x) for x in wrt]
            return blocks[0] if t.single else TupleOf(tuple(blocks))

        return each(row, structure)

    def along(self, f: object, primals: list, tangents: list, node: ast.AST) -> tuple[Lifted, list, tuple, list]:
        """Return a function with its arguments as an entry, its operands, the places that have tangents, and these."""
        values = self.in_order(f, primals, {}, node)
        dots = self.tangents_in_order(f, tangents)
        entry, operands = self.lift(f, values, set(range(len(values))), node)
        return entry, operands, *self.pairs(entry.arguments, dots, "a tangent", node)

    def call_taylor(self, f: object, primals: list, directions: list, order: int, node: ast.AST) -> TupleOf:
        entry, operands, wrt, dots = self.along(f, primals, directions, node)
        structure = self.result_structure(entry, operands)
        outs = tuple(places_in(structure))
        if not wrt:
            out, rest = self.values(entry, operands, node, structure), [dict.fromkeys(outs, Const(0.0))] * order
        else:
            expanded = Expanded(ResultsOf(entry, outs), wrt, generate, how=order)
            count = len(outs)
            found = self.derived("value", expanded, [*operands, *dots], node, (order + 1) * count)
            first, *rest = (dict(zip(outs, found[k * count : (k + 1) * count], strict=True)) for k in range(order + 1))
            out = each(first.__getitem__, structure, True)
        return self.thawed(TupleOf((out, TupleOf(tuple(each(c.__getitem__, structure) for c in rest)))))

    def call_jvp(self, f: object, primals: list, tangents: list, node: ast.AST, has_aux: bool = False) -> TupleOf:
        entry, operands, wrt, dot_operands = self.along(f, primals, tangents, node)
        aux = ()
        if has_aux:
            structure, *aux = self.with_aux("jvp", entry, operands, node)
        else:
            structure = self.result_structure(entry, operands)
        outs = tuple(places_in(structure))
        if not wrt:
            out = self.values(entry, operands, node, structure)
            return self.thawed(TupleOf((out, each(lambda p: Const(0.0), structure), *aux)))
        pushed = PushedForward(ResultsOf(entry, outs), wrt, generate)
        found = self.derived("value", pushed, [*operands, *dot_operands], node, 2 * len(outs))
        out, out_dot = (dict(zip(outs, part, strict=True)) for part in (found[: len(outs)], found[len(outs) :]))
        both = each(out.__getitem__, structure, True), each(out_dot.__getitem__, structure)
        return self.thawed(TupleOf((*both, *aux)))

    def call_hvp(self, f: object, primals: list, tangents: dict[int, object], node: ast.AST) -> list:
        """Return the products of Hessian and tangents, one for each argument; None for those without a tangent."""
        values = self.in_order(f, primals, {}, node)
        dots = self.tangents_in_order(f, [tangents.get(k, _NONE) for k in range(len(primals))])
        asked = self.tangents_in_order(f, [Const(k in tangents) for k in range(len(primals))])
        products = self.hessian_products(f, values, dots, asked, node)
        return [self.thawed(x) for x in self.as_given(f, products, len(primals))]

    def hessian_products(self, f: object, values: list, dots: list, asked: list, node: ast.AST) -> list:
        """Return the products of Hessian and tangents, one for each parameter of a function.

        A tangent that is None is zero; there is a product all the same if the parameter, or an item of it, is `asked`
        for.
        """
        entry, operands = self.lift(f, values, {k for k, x in enumerate(asked) if x != _NONE}, node)
        given = zip(*self.pairs(entry.arguments, dots, "a tangent", node), strict=True)
        given = [(p, dot) for p, dot in given if not self.is_known_integer(operands[p])]
        wrt, dot_operands = tuple(p for p, _ in given), [dot for _, dot in given]
        if not wrt:
            raise self.fail(node, "hvp with None or 0 as all its tangents", "give it a tangent")
        along = TangentOf(entry, wrt, generate)
        places = [p for x, wanted in zip(entry.arguments, asked, strict=True) for p in _asked_in(x, wanted)]
        still = tuple(p for p in places if p not in wrt and may_be_real(operands[p]))  # their tangents are zero
        by = (*wrt, *still)
        found = self.derived("grad", along, [*operands, *dot_operands], node, len(by), by, still)
        table = dict.fromkeys(places, Const(0.0)) | dict(zip(by, found, strict=True))
        return [each(lambda p: table.get(p, _NONE), x) for x in entry.arguments]

    def pairs(self, structures: list, values: list, what: str, node: ast.AST) -> tuple[tuple[int, ...], list]:
        """Return the places in some structures for which there are values, and the values."""
        return pairs(structures, [self.matching(x, v, what, node) for x, v in zip(structures, values, strict=True)])

    def call_vjp(
        self, f: object, primals: list, node: ast.AST, has_aux: bool = False, how: ReverseMode | None = None
    ) -> TupleOf:
        values = self.in_order(f, primals, {}, node)
        entry, operands = self.lift(f, values, set(range(len(values))), node)
        # the pullback speaks of the arguments as they are now, whatever is written into them afterwards
        operands = [self.emit("snapshot", (x,), node, x.name) if isinstance(x, Var) else x for x in operands]
        aux = ()
        if has_aux:
            structure, *aux = self.with_aux("vjp", entry, operands, node)
        else:
            structure = self.result_structure(entry, operands)
        out = self.values(entry, operands, node, structure)
        given = self.as_given(f, entry.arguments, len(primals))
        return self.thawed(TupleOf((out, Pullback(entry, operands, given, structure, how), *aux)))

    def call_pullback(self, pullback: Pullback, args: list, kwargs: dict, node: ast.AST) -> TupleOf:
        if len(args) + len(kwargs) == 1 and kwargs.keys() <= {"cotangent"}:
            args = [*args, *kwargs.values()]
        else:
            raise self.fail(node, f"a pullback with {len(args)} arguments", "give it one cotangent, a tuple if need be")
        outs, weights = self.pairs([pullback.out], args, "a cotangent", node)
        operands = [*pullback.operands, *weights]
        entry = Contracted(pullback.lifted, outs)
        bars = self.gradients(entry, operands, node, pullback.arguments, strict=False, how=pullback.how)
        return self.thawed(TupleOf(tuple(bars)))


def _asked_in(structure: object, wanted: object) -> list[int]:
    """Return the places in a structure of which `wanted`, a structure of flags, says that they are asked for."""
    if isinstance(structure, TupleOf) and isinstance(wanted, TupleOf):
        parts = zip(structure.items, wanted.items, strict=True)
        return [p for x, flag in parts for p in _asked_in(x, flag)]
    return places_in(structure) if wanted == Const(True) else []


def may_be_real(operand: object) -> bool:
    """Whether an operand may hold real numbers; before inference little is known of types."""
    if isinstance(operand, Const):
        return isinstance(operand.value, float)
    return operand.type is None or is_float(operand)


def places_in(structure: object) -> list[int]:
    """Return the numbers of the places in a structure, in order."""
    if isinstance(structure, TupleOf | ListOf):
        return [p for x in structure.items for p in places_in(x)]
    return [structure.number] if isinstance(structure, Leaf) else []


def each(make: Callable, structure: object, keep: bool = False) -> object:
    """Return a structure with `make(number)` in its places.

    What is no number or array is itself if told to `keep` it, and has None for a derivative.
    """
    if isinstance(structure, ListOf):
        return ListOf([each(make, x, keep) for x in structure.items])
    if isinstance(structure, TupleOf):
        return TupleOf(tuple(each(make, x, keep) for x in structure.items), structure.cls)
    if isinstance(structure, Leaf):
        return make(structure.number)
    return structure if keep else _NONE


def pairs(structures: list, values: list) -> tuple[tuple[int, ...], list]:
    """Return the places in some structures for which there are values, and the values; 0 and None are none."""
    places: list[int] = []
    found: list = []

    def visit(x: object, value: object) -> None:
        if value == _NONE or value == Const(0):
            return
        if isinstance(x, TupleOf | ListOf):
            for i, v in zip(x.items, value.items, strict=True):
                visit(i, v)
        elif isinstance(x, Leaf):
            places.append(x.number)
            found.append(value)

    for x, value in zip(structures, values, strict=True):
        visit(x, value)
    return tuple(places), found
