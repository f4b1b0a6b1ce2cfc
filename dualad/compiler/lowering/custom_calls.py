"""Calls of functions that have a rule of the user's (`rules.custom`).

    y = f(x, n)     t = f_rule(x, n)    Op(t, Ruled(...), (x, n))   the leaves of the value and the residuals
                    y = t[0]            Op(y, "item", (t, 0))

Where the call is active, t comes from the rule's forward function; where it is not, from `f` itself, without residuals.
The derivatives of the operation are calls of the two halves, with the residuals out of t::

    t_dot = f_jvp(t[1], t[2], x_dot)            x_bar = f_vjp(t[1], t[2], y_bar)

The halves are entries like other functions. A half that is missing is the transpose of the other one, that is the
gradient of a sum of products with it. For higher derivatives the generated text is read again: the value is an
operation with a rule there, too, and the residuals are those of the forward function, whose body is inlined.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from numba import types

from ...errors import RuleError, at
from ...rules.custom import CustomRule
from ...rules.registry import OwnRule, Rule, RuleBody
from ..ir import Const, Foreign, TupleOf, Var
from ..runtime.helpers import shape_check
from ..runtime.numba_bridge import as_writable, register_callable, typing_stub
from ..runtime.numba_bridge.objects import type_of_value
from .entries import Contracted, Entry, Lifted, flat
from .nested_derivatives import each, places_in
from .nested_primitives import Derived
from .source import defaults_of, read
from .values import FunctionValue, ListOf, Static, static_value

_NONE = Const(None)


def leaves(value: object) -> list:
    """Return the numbers and arrays of a result, in order; None and text are none."""
    return [x for x in flat(value) if not (isinstance(x, Const) and isinstance(x.value, str | None))]


def _holds_floats(ty: object) -> bool:
    return isinstance(getattr(ty, "dtype", ty), types.Float)


@dataclass(eq=False)
class Forward(Entry):
    """The leaves of what the rule's forward function returns, in a tuple; without `residuals`, of what `f` returns."""

    rule: CustomRule
    lifted: Lifted
    residuals: bool

    @property
    def name(self) -> str:
        return f"{self.rule.__name__}_rule" if self.residuals else self.rule.__name__

    @property
    def place(self) -> tuple:
        return self.lifted.place

    @property
    def key(self) -> object:
        return "ruled", id(self.rule), self.residuals, self.lifted.key

    def names(self) -> list[str]:
        return self.lifted.names()

    def refuse_writes(self, names: list[str]) -> None:
        if names and not self.rule.is_opaque:
            part = self.rule.forward if self.residuals else self.rule.parameters
            what = f"is for a function that writes into its argument {names[0]}"
            raise wrong(self.rule, part, f"{what}: return the new array")

    def call(self, low: object, values: list, given: tuple) -> object:
        with low.ignoring(self.rule):
            result = self.lifted.call(low, values, given)
        if not self.residuals:
            return TupleOf(tuple(low.as_operand(x, None) for x in leaves(result)))
        value, residuals = pair_of(self.rule, result)
        kept = [low.as_operand(x, None) for x in leaves(residuals)]
        # what is written into the value later must not change what the sweeps need
        kept = [low.emit("snapshot", (x,), None, x.name) if isinstance(x, Var) else x for x in kept]
        return TupleOf((*(low.as_operand(x, None) for x in leaves(value)), *kept))


def pair_of(rule: CustomRule, result: object) -> tuple[object, object]:
    """Return the value and the residuals, of what the forward function of a rule returns."""
    if not isinstance(result, TupleOf) or len(result.items) != 2:
        raise wrong(rule, rule.forward, "returns no pair (value, residuals)")
    return result.items


def wrong(rule: CustomRule, part: object, what: str) -> RuleError:
    code = part.__code__
    return RuleError(at(f"the rule of {rule.__name__} {what}", code.co_filename, code.co_firstlineno))


class Ruled(OwnRule):
    """A call of a function with a rule; `structure` is that of (value, residuals), with numbered leaves."""

    def __init__(self, rule: CustomRule, lifted: Lifted, plain: Lifted, structure: TupleOf):
        self.custom, self.lifted, self.structure = rule, lifted, structure
        self.count = len(places_in(structure.items[0]))
        self.__name__ = f"{rule.__name__}_rule"
        self.full = Derived(Forward(rule, lifted, True), "value", count=len(places_in(structure)))
        self.plain = Plainly(self, Derived(Forward(rule, plain, False), "value", count=self.count))
        self.stub = typing_stub(self.result_type)
        self.rule = RuledRule(self)

    @property
    def residuals(self) -> list[int]:
        """The numbers of the leaves of the residuals."""
        return places_in(self.structure.items[1])

    def result_type(self, given: tuple) -> object:
        found = self.full.result_type(given)
        for ty in found.types[: self.count]:
            if isinstance(ty, types.BaseTuple):
                what = f"is for a function whose tuple comes from Numba ({ty})"
                raise wrong(
                    self.custom, self.custom.forward, f"{what}: take it apart, y, z = f(...), and return (y, z)"
                )
        return found

    def taken_apart(self, values: list) -> tuple[object, list]:
        """Return the residuals in their structure, and what stands behind their leaves."""
        found = dict(zip(self.residuals, values, strict=False))
        return each(found.__getitem__, self.structure.items[1], True), values[len(found) :]

    def arguments(self) -> Iterator[tuple[object, list[int]]]:
        """Yield the arguments, with the numbers of the leaves in each."""
        for x in self.lifted.arguments:
            yield x, places_in(x)


class Plainly(OwnRule):
    """A call of the function itself, in the place of a `Ruled` one, where it carries no derivative."""

    def __init__(self, ruled: Ruled, value: Derived):
        self.ruled, self.value = ruled, value
        self.__name__ = ruled.custom.__name__
        self.stub = typing_stub(value.result_type)


register_callable(Ruled, lambda r: r.full.dispatcher)
register_callable(Plainly, lambda p: p.value.dispatcher)


@dataclass(eq=False)
class TangentHalf(Entry):
    """residuals, tangents of all leaves that are floats -> tangents of the value."""

    ruled: Ruled
    given: tuple

    @property
    def name(self) -> str:
        return f"{self.ruled.custom.__name__}_jvp"

    @property
    def dots(self) -> list[int]:
        """The leaves of the arguments that have tangents."""
        return [k for k, ty in enumerate(self.given) if _holds_floats(ty)]

    def names(self) -> list[str]:
        hints = self.ruled.lifted.hints
        return [*(f"residual_{k}" for k in range(len(self.ruled.residuals))), *(f"{hints[k]}_dot" for k in self.dots)]

    def call(self, low: object, values: list, given: tuple) -> object:
        ruled, rule = self.ruled, self.ruled.custom
        residuals, rest = ruled.taken_apart(values)
        dots = dict(zip(self.dots, rest, strict=True))
        tangents = [
            each(lambda k: dots.get(k, _NONE), x)
            for x, places in ruled.arguments()
            if rule.takes_all or not dots.keys().isdisjoint(places)
        ]
        half = low.function_value_of(rule.tangent)
        expected = len(half.node.args.args)
        if expected != 1 + len(tangents):
            what = f"has a jvp of {expected} parameters: it is given the residuals and {len(tangents)} tangent"
            raise wrong(rule, rule.tangent, what + "s" * (len(tangents) != 1))
        found = leaves(low.frozen(low.call_function(half, [low.thawed(x) for x in (residuals, *tangents)], {}, None)))
        if len(found) != ruled.count:
            what = f"has a jvp that returns {len(found)} numbers or arrays for a value of {ruled.count}"
            raise wrong(rule, rule.tangent, what)
        return _together([low.as_operand(x, None) for x in found])


@dataclass(eq=False)
class CotangentHalf(Entry):
    """residuals, cotangents of the value -> cotangents of some leaves of the arguments."""

    ruled: Ruled
    given: tuple
    wanted: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.ruled.custom.__name__}_vjp"

    def names(self) -> list[str]:
        count = len(self.ruled.residuals)
        return [*(f"residual_{k}" for k in range(count)), *(f"value_bar_{k}" for k in range(self.ruled.count))]

    def call(self, low: object, values: list, given: tuple) -> object:
        ruled, rule = self.ruled, self.ruled.custom
        residuals, rest = ruled.taken_apart(values)
        bar = each(dict(enumerate(rest)).__getitem__, ruled.structure.items[0])
        half = low.function_value_of(rule.cotangent)
        if len(half.node.args.args) != 2:
            raise wrong(
                rule, rule.cotangent, "has a vjp that does not take two arguments, the residuals and a cotangent"
            )
        result = low.frozen(low.call_function(half, [low.thawed(x) for x in (residuals, bar)], {}, None))
        arguments = list(ruled.arguments())
        own = [k for k, (_, places) in enumerate(arguments) if any(_holds_floats(self.given[p]) for p in places)]
        if isinstance(result, TupleOf) and len(arguments) > 1:
            parts = list(result.items)
        else:
            parts = list(result.items) if isinstance(result, TupleOf) and len(result.items) == 1 else [result]
        if len(parts) == len(arguments):
            parts = dict(enumerate(parts))
        elif len(parts) == len(own):
            parts = dict(zip(own, parts, strict=True))
        else:
            what = f"has a vjp that returns {len(parts)} cotangents for {len(arguments)} arguments"
            raise wrong(rule, rule.cotangent, what)
        found: dict[int, object] = {}
        for k, (x, _) in enumerate(arguments):
            _match(x, parts.get(k, _NONE), found)
        for p in self.wanted:
            if p not in found:
                what = f"has a vjp without a cotangent of {ruled.lifted.hints[p]}, which carries a derivative"
                raise wrong(rule, rule.cotangent, f"{what}: return it, zero if it has none")
        return _together([low.as_operand(found[p], None) for p in self.wanted])


def _match(structure: object, value: object, found: dict[int, object]) -> None:
    """Find the leaves of a cotangent, by the numbers of those of the argument."""
    if isinstance(structure, TupleOf | ListOf):
        if isinstance(value, TupleOf | ListOf) and len(value.items) == len(structure.items):
            for x, v in zip(structure.items, value.items, strict=True):
                _match(x, v, found)
    elif (places := places_in(structure)) and value != _NONE and not isinstance(value, TupleOf | ListOf):
        found[places[0]] = value


def _together(found: list) -> object:
    return found[0] if len(found) == 1 else TupleOf(tuple(found))


class RuledRule(Rule):
    """The derivatives of a call with a rule; the cotangents of the value are called value_bar_0, value_bar_1, ..."""

    def __init__(self, ruled: Ruled):
        super().__init__(ruled.__name__, "pair", ())
        self.ruled = ruled
        self._bodies: dict[tuple, RuleBody] = {}

    def tangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        if ("jvp", given) not in self._bodies:
            self._bodies["jvp", given] = self._tangent(given)
        return self._bodies["jvp", given]

    def cotangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        if ("vjp", active, given) not in self._bodies:
            self._bodies["vjp", active, given] = self._cotangent(active, given)
        return self._bodies["vjp", active, given]

    def _tangent(self, given: tuple) -> RuleBody:
        ruled, params = self.ruled, self._params(given)
        floats = tuple(k for k, ty in enumerate(given) if _holds_floats(ty))
        dots = [f"a{k}_dot" for k in floats]
        if ruled.custom.tangent is not None:
            half = Derived(TangentHalf(ruled, given), "value", count=ruled.count)
            call = self._call(half, dots)
            self._check(half, [given[k] for k in floats], ruled.result_type(given).types[: ruled.count], "jvp", given)
        else:
            other = CotangentHalf(ruled, given, floats)
            half = self._transposed(other, "jvp", len(floats), len(other.names()) - ruled.count, ruled.count)
            zeros = [_zero(f"value[{k}]", ty) for k, ty in enumerate(ruled.result_type(given).types[: ruled.count])]
            call = self._call(half, [*zeros, *dots])
        found = ["dots"] if ruled.count == 1 else [f"dots[{k}]" for k in range(ruled.count)]
        checked = [
            f"of_shape({x}, value[{k}])" if isinstance(ty, types.Array) else x
            for k, (x, ty) in enumerate(zip(found, ruled.result_type(given).types, strict=False))
        ]
        names = {half.__name__: half, "of_shape": shape_check(ruled.custom.__name__)}
        result = _expression(f"({', '.join(checked)},)")
        return RuleBody((*params, *dots), (("dots", _expression(call)),), None, (result,), names)

    def _cotangent(self, active: tuple[int, ...], given: tuple) -> RuleBody:
        ruled, params = self.ruled, self._params(given)
        bars = [f"value_bar_{k}" for k in range(ruled.count)]
        if ruled.custom.cotangent is not None:
            half = Derived(CotangentHalf(ruled, given, active), "value", count=len(active))
            call = self._call(half, bars)
            self._check(half, ruled.result_type(given).types[: ruled.count], [given[k] for k in active], "vjp", given)
        else:
            other = TangentHalf(ruled, given)
            floats = other.dots
            first = len(ruled.residuals)
            half = self._transposed(other, "vjp", ruled.count, first, len(floats), [floats.index(k) for k in active])
            call = self._call(half, [*(_zero(f"a{k}", given[k]) for k in floats), *bars])
        outputs = [_expression("0.0")] * len(params)
        temps = ()
        if len(active) == 1:
            outputs[active[0]] = _expression(call)
        else:
            temps = (("bars", _expression(call)),)
            for j, k in enumerate(active):
                outputs[k] = _expression(f"bars[{j}]")
        return RuleBody((*params, *bars), temps, None, tuple(outputs), {half.__name__: half})

    def _check(self, half: Derived, taken: list, expected: list, kind: str, given: tuple) -> None:
        """Refuse a half that returns a number for an array, or the like."""
        residuals = self.ruled.result_type(given).types[self.ruled.count :]
        found = half.result_type((*residuals, *map(as_writable, taken)))
        for ty, like in zip([found] if half.count == 1 else found.types, expected, strict=True):
            if getattr(ty, "ndim", 0) != getattr(like, "ndim", 0):
                part = self.ruled.custom.tangent if kind == "jvp" else self.ruled.custom.cotangent
                what = f"has a {kind} that returns {_in_words(ty)} where {_in_words(like)} is expected"
                raise wrong(self.ruled.custom, part, what)

    def _transposed(
        self, half: Entry, missing: str, outs: int, first: int, count: int, wanted: list[int] | None = None
    ) -> Derived:
        """Return the transpose of a half that is linear in `count` parameters from `first` on, for some of them."""
        rule = self.ruled.custom
        if rule.tangent is None and rule.cotangent is None:
            raise wrong(rule, rule.forward, f"has neither a jvp nor a vjp: declare one of them, @rule.{missing}")
        wrt = tuple(first + k for k in (range(count) if wanted is None else wanted))
        return Derived(Contracted(half, tuple(range(outs))), "grad", wrt)

    def _params(self, given: tuple) -> list[str]:
        return [f"a{k}" for k in range(len(given))]

    def _call(self, half: Derived, rest: list[str]) -> str:
        kept = [f"value[{self.ruled.count + k}]" for k in range(len(self.ruled.residuals))]
        return f"{half.__name__}({', '.join([*kept, *rest])})"


def _in_words(ty: object) -> str:
    dimensions = getattr(ty, "ndim", 0)
    return f"an array of {dimensions} dimension{'s' * (dimensions != 1)}" if dimensions else "a number"


def _zero(text: str, ty: object) -> str:
    return f"np.zeros_like({text})" if isinstance(ty, types.Array) else "0.0"


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class CustomCalls:
    """The part of `Lowering` that deals with functions that have a rule of the user's."""

    def function_value_of(self, f: object) -> FunctionValue:
        """Return a Python function as what it is, whatever rule there is for it."""
        source = read(f)
        defaults = {name: static_value(v) for name, v in defaults_of(source.function).items()}
        return FunctionValue(source, source.node, None, defaults)

    def call_ruled(self, rule: CustomRule, args: list, kwargs: dict, node: ast.AST | None) -> object:
        """Call a function that has a rule."""
        own = None if rule.is_opaque else self.function_value_of(rule.signature)
        if rule in self.plainly:
            return self.call_opaque(rule, args, node) if own is None else self.call_function(own, args, kwargs, node)
        values = self.in_order(self.function_value_of(rule.parameters), args, kwargs, node)
        is_float = [not (isinstance(v, Const) and not isinstance(v.value, float)) for v in values]
        lifted, operands = self.lift(
            self.function_value_of(rule.forward), values, {k for k, x in enumerate(is_float) if x}, node
        )
        table, key = self.units.derived, ("ruled", id(rule), lifted.key)
        if key not in table:
            self_or_numba = own if own is not None else Static(rule)
            plain = Lifted(self_or_numba, lifted.arguments, lifted.hints, rule.__name__, lifted.place)
            structure = self.result_structure(_Pair(rule, lifted), operands)
            table[key] = Ruled(rule, lifted, plain, structure)
        ruled = table[key]
        found = self.items_of_ruled(ruled, operands, node)
        value = each(
            dict(zip(places_in(ruled.structure.items[0]), found, strict=True)).__getitem__,
            ruled.structure.items[0],
            True,
        )
        return self.thawed(value)

    @contextlib.contextmanager
    def ignoring(self, rule: CustomRule) -> Iterator[None]:
        """Call the function of a rule itself meanwhile; its forward function begins a chain of calls of its own."""
        outer = self.plainly, self.inlining
        self.plainly, self.inlining = self.plainly | {rule}, []
        yield
        self.plainly, self.inlining = outer

    def call_opaque(self, rule: CustomRule, args: list, node: ast.AST | None) -> Var:
        """Leave a call to Numba, whatever the function is."""
        if type_of_value(rule.function) is None:
            remedy = "decorate it with @numba.njit, or give the rule to a def that calls it"
            raise self.fail(node, f"calling {rule.__name__}, which Numba cannot call,", remedy)
        operands = tuple(self.as_operand(x, node) for x in args)
        return self.emit(Foreign(rule.function, rule.__name__), operands, node, rule.__name__)

    def items_of_ruled(self, ruled: Ruled, operands: list, node: ast.AST | None) -> list:
        """Emit a call with a rule; return the leaves of its value."""
        name = ruled.custom.__name__
        result = self.emit(ruled, tuple(self.as_operand(x, node) for x in operands), node, f"{name}_rule")
        return [self.emit("item", (result, Const(k)), node, name) for k in range(ruled.count)]

    def ruled_again(self, f: Ruled | Plainly, args: list, node: ast.AST | None) -> TupleOf:
        """Lower a call in generated code; the residuals, should anybody read them, come from the forward function."""
        if isinstance(f, Plainly):
            return TupleOf(tuple(self.items_of_ruled(f.ruled, args, node)))
        value = self.items_of_ruled(f, args, node)
        operands = [self.as_operand(x, node) for x in args]
        _, residuals = pair_of(f.custom, f.lifted.call(self, operands, ()))
        return TupleOf((*value, *(self.as_operand(x, node) for x in leaves(residuals))))


@dataclass(eq=False)
class _Pair(Entry):
    """What the forward function of a rule returns, as it is."""

    rule: CustomRule
    lifted: Lifted

    def call(self, low: object, values: list, given: tuple) -> object:
        with low.ignoring(self.rule):
            return TupleOf(tuple(pair_of(self.rule, self.lifted.call(low, values, given))))
