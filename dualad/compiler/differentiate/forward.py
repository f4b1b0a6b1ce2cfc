"""Forward mode: the function printed with a tangent beside every active variable.

A tangent is called `x_dot`. Arrays have tangent arrays, and whatever is done to an array (a view, a store, a swap of
names) is done to its tangent array as well, so that aliasing is mirrored by construction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules.registry import Rule, is_constant
from ...rules.spectra import TURNED
from .. import ir
from ..analysis.activity import Activity
from ..ir import UNDEFINED, Function, Op, Var, rule_text
from ..ir.kinds import is_array, is_float, is_memory, type_of
from ..ir.operations import ALLOCATIONS, COPIES, VIEWS, WRITES
from ..ir.printer import INPLACE, Scope, leaf_text
from ..lowering.nested_primitives import Derived, GradientRule
from ..runtime import vector_math
from .derivative_text import DerivativeEmitter, fill_value
from .recursive_calls import ForwardCalls
from .zero_guards import Guards


class Forward(ForwardCalls, DerivativeEmitter):
    """Emits the Jacobian-vector product of a function, for one direction or for several at a time."""

    def __init__(
        self, function: Function, scope: Scope, activity: Activity, directions: int = 1, tangents_only: bool = False
    ):
        super().__init__(function, scope, activity)
        self._read = _read_in(function, tangents_only)
        self.guards = Guards(function, activity)
        # a call, or the tangent of a gradient, computes the primal anew: several directions would share nothing
        ops = [s for s in ir.walk(function.body) if isinstance(s, Op)]
        alone = any(
            activity.is_active_call(s)
            or (isinstance(s.fn, Derived) and activity.active(s.target))
            or self.turned(s) is not None
            for s in ops
        )
        self.directions = 1 if alone else directions
        self._dots: dict[tuple[Var, int], str] = {}
        self._direction = 0

    def turned(self, op: Op) -> object:
        """Return what turns the vectors of a decomposition to suit the tangent of its matrix, if that is needed."""
        is_needed = self.values_active and not isinstance(op.fn, str) and op.args and self.active(op.args[0])
        return TURNED.get(op.fn) if is_needed else None

    def dot(self, v: Var) -> str:
        """Return the name of a variable's tangent, in the direction that is being printed."""
        key = (v, self._direction)
        if key not in self._dots:
            self._dots[key] = self.fresh(f"{v.name}_dot")
        return self._dots[key]

    def tangent(self, x: object) -> str:
        """Return the text of an operand's tangent, zero where it has none."""
        if self.active(x):
            return self.dot(x)
        return self.zeros_like(self.operand(x)) if is_array(x) else self.zero()

    def zero(self) -> str:
        """Return the text of the tangent of a number that has none."""
        return "0.0"

    def zeros_like(self, text: str) -> str:
        """Return the text of the tangent of an array that has none."""
        return f"np.zeros_like({text})"

    def each_direction(self) -> Iterator[int]:
        """Go through the directions: what is printed meanwhile is printed for each of them."""
        for self._direction in range(self.directions):
            yield self._direction
        self._direction = 0

    # ---------------------------------------------------------------- the function

    def emit(self, name: str, wrt: list[int]) -> None:
        """Print the function: parameters, then the tangents of those in `wrt`, for one direction after the other.

        It returns (result, tangent), or (result, tangent, tangent, ...).
        """
        f = self.function
        given = self.given_tangents(wrt)
        dots = [name for d in given for name in given[d].values()]
        with self.indented(f"def {name}({', '.join(self.parameters() + dots)}):"):
            names = []
            for leaf, position, path in f.leaves:
                if path:
                    self.line(f"{leaf.name} = {leaf_text(f.params[position].name, path, leaf)}")
                names.append((leaf, leaf.name))
            tangents = []
            for d in self.each_direction():
                for leaf, position, path in f.leaves:
                    if position in wrt and self.active(leaf):
                        text = self.given_tangent(leaf, given, position, path)
                        if text.isidentifier() or text == "0.0":
                            self._dots[leaf, d] = text
                        else:
                            self.line(f"{self.dot(leaf)} = {text}")
                        tangents.append((leaf, self.dot(leaf)))
                    elif self.active(leaf):
                        self.line(f"{self.dot(leaf)} = {self.tangent_zero(leaf)}")
            self.guard_parameters(names)
            for leaf, dot in tangents:
                if self.is_written_leaf(leaf):
                    self.line(f"{dot} = {dot}.copy()")
            self.block(f.body)
            self.place = f.place
            results = [self.result_text(f.result, self.primal_result)]
            results += [self.result_text(f.result, self.result_tangent) for _ in self.each_direction()]
            self.line(f"return {', '.join(results)}")

    def given_tangents(self, wrt: list[int]) -> dict[int, dict[int, str]]:
        """Return the names of the parameters for tangents, by direction and position."""
        return {d: {k: self.fresh(f"{self.function.params[k].name}_dot") for k in wrt} for d in self.each_direction()}

    def given_tangent(self, leaf: Var, given: dict, position: int, path: tuple) -> str:
        """Return the text of the tangent of a leaf, in the direction that is being printed."""
        return leaf_text(given[self._direction][position], path, leaf)

    def tangent_zero(self, v: Var) -> str:
        return self.zeros_like(v.name) if is_array(v) else self.zero()

    def result_tangent(self, value: object) -> str:
        if self.active(value):
            dot = self.dot(value)
            if is_array(value):
                return f"{dot}.copy()" if self.is_callers_array(value) else dot
            return f"np.float32({dot})" if type_of(value) == types.float32 else dot
        if is_array(value):
            return f"np.zeros_like({self.operand(value)})"
        if not is_float(value):
            return "0.0" if not isinstance(type_of(value), types.NoneType) else "None"
        return "np.float32(0.0)" if type_of(value) == types.float32 else "0.0"

    # ---------------------------------------------------------------- statements

    def moves(self, pairs: list[tuple[Var, object]]) -> None:
        pairs = [(target, x) for target, x in pairs if x is not UNDEFINED]
        both = [(target.name, self.operand(x)) for target, x in pairs]
        for _ in self.each_direction():
            both += [(self.dot(target), self.tangent(x)) for target, x in pairs if self.active(target)]
        self.assign_together(both)

    def stmt_Op(self, op: Op) -> None:
        if op.fn == "unpack":
            return  # printed at the head
        if op.fn == "call":
            self.call(op)
        elif op.target is None:
            self.effect(op)
        elif not self.active(op.target):
            self.primal(op)
            turned = self.turned(op)
            if turned is not None:
                call = f"{self.scope.bind(turned, turned.__name__)}({op.target.name}, {self.dot(op.args[0])})"
                self.line(f"{op.target.name} = {call}")
            if op.fn == "pop" and self.active(op.args[0]):
                for _ in self.each_direction():
                    self.line(f"{self.dot(op.args[0])}.pop()")
        elif not self.gradient_and_tangent(op):
            self.primal(op)
            rule = self.rule_of(op)
            if rule is not None and rule.kind == "pointwise" and any(self.active(v) for v in ir.op_vars(op)):
                self.differentiate_pointwise(op, rule)
            else:
                for _ in self.each_direction():
                    self.differentiate(op, rule, self.dot(op.target))

    def differentiate_pointwise(self, op: Op, rule: Rule) -> None:
        """Print the tangents of a pointwise operation."""
        self.refuse_array(op)
        partials = self.partials(op, rule)
        for _ in self.each_direction():
            if op.fn is vector_math.add and len(partials) == 2:
                self.line(f"{self.dot(op.target)} = {self.tangents_of(op)}")
            else:
                self.pointwise(op, rule, partials)

    def gradient_and_tangent(self, op: Op) -> bool:
        """Print a gradient and its tangent as one sweep, if it is one and has one; see `GradientRule.with_tangent`."""
        rule = self.rule_of(op)
        active = tuple(k for k, a in enumerate(op.args) if self.active(a))
        both = rule.with_tangent(active) if isinstance(rule, GradientRule) and active else None
        if both is None or op.target not in self._read:
            return False
        given = ", ".join([*map(self.operand, op.args), *(self.dot(op.args[k]) for k in active)])
        call = f"{self.scope.bind(both, both.__name__)}({given})"
        count = op.fn.count
        if count == 1:
            self.line(f"{self.dot(op.target)}, {op.target.name} = {call}")
        else:
            parts = [self.fresh(op.target.name) for _ in range(2 * count)]
            self.line(f"{', '.join(parts)} = {call}")
            self.line(f"{self.dot(op.target)} = ({', '.join(parts[:count])})")
            self.line(f"{op.target.name} = ({', '.join(parts[count:])})")
        return True

    def differentiate(self, op: Op, rule: Rule | None, dot: str) -> None:
        """Print the tangent of an operation other than a pointwise one."""
        if op.fn in ("getitem", "view", "item"):
            self.line(f"{dot} = {self.tangent(op.args[0])}[{self.index(op.args[1:])}]")
        elif op.fn in ("pack", "list", "pop"):
            self.line(f"{dot} = {self.tangents_of(op)}")
        elif is_constant(rule) or not any(self.active(v) for v in ir.op_vars(op)):
            # new memory, to be written or merged later
            self.line(f"{dot} = {self.tangent_zero(op.target)}")
        elif op.fn in ALLOCATIONS:
            self.line(f"{dot} = {self.zeros_like(op.target.name)}")
            if op.fn in (np.full, np.full_like) and self.active(fill_value(op)):
                self.line(f"{dot}[...] = {self.dot(fill_value(op))}")
        elif op.fn in COPIES | VIEWS:
            self.line(f"{dot} = {self.with_tangents(op, [op.args[0]])}")
        elif rule is not None and rule.kind != "pointwise":
            self.array_rule(op, rule, dot)
        else:
            name = getattr(op.fn, "__name__", op.fn)
            raise UnsupportedError(at(f"the forward derivative of {name} is not supported", *op.place))

    def with_tangents(self, op: Op, replaced: list, position: int | None = None) -> str:
        """Return the text of an operation with tangents in the place of some arguments, or of the one at `position`."""
        args = tuple(
            Var(self.tangent(a)) if a in replaced and position in (None, k) else a for k, a in enumerate(op.args)
        )
        return self.expression(Op(op.target, op.fn, args, op.kwargs, op.detail, op.place))

    def tangents_of(self, op: Op) -> str:
        args = tuple(Var(self.tangent(a)) for a in op.args)
        return self.expression(Op(op.target, op.fn, args, op.kwargs, op.detail, op.place))

    def array_rule(self, op: Op, rule: Rule, dot: str) -> None:
        if rule.kind == "linear":
            self.line(f"{dot} = {self.with_tangents(op, [a for a in op.args if is_float(a)])}")
        elif rule.kind == "bilinear":
            terms = [self.with_tangents(op, [a], k) for k, a in enumerate(op.args) if self.active(a)]
            self.line(f"{dot} = {' + '.join(terms)}")
        else:
            tangents = {}
            active = tuple(k for k, a in enumerate(op.args) if self.active(a))
            body = rule.tangent_body(active, tuple(map(type_of, op.args)))
            for p, a in zip(body.params, op.args, strict=False):
                tangents[p] = self.operand(a)
                tangents[f"{p}_dot"] = self.tangent(a)
            texts = [tangents.get(p, op.target.name) for p in body.params]
            (tangent,) = self.paste(body, [0], texts, op.target.name)
            self.line(f"{dot} = {ast.unparse(tangent)}")

    def pointwise(self, op: Op, rule: Rule, partials: list) -> None:
        """Print the tangent of a pointwise operation; see `zero_guards` for the zeros."""
        terms = []
        for arg, partial in partials:
            number, x_dot = rule_text.number(partial), self.dot(arg)
            if number == 0:
                continue
            if isinstance(partial, ast.IfExp):
                terms.append(("+", rule_text.chosen(partial, x_dot, self.zero())))
                continue
            of_dot, of_partial = self.guards.of_tangent(op, rule, partial)
            if number is None and (of_dot or of_partial):
                terms.append(("+", rule_text.guarded(partial, x_dot, either=of_partial)))
            else:
                terms.append(rule_text.times(partial, x_dot))
        text = ""
        for sign, term in terms:
            if not text:
                text = f"-({term})" if sign == "-" and not term.isidentifier() else ("-" if sign == "-" else "") + term
            else:
                text += f" {sign} {term}"
        self.line(f"{self.dot(op.target)} = {text or self.zero()}")

    def effect(self, op: Op) -> None:
        if not (op.fn in WRITES and self.active(op.args[0])):
            self.primal(op)
            return
        value = op.args[-1]
        if op.fn in ("inplace", "assign") or (is_memory(value) and op.fn != "append"):
            raise UnsupportedError(at("an operation on a whole array is not supported: write the loop", *op.place))
        self.primal(op)
        for _ in self.each_direction():
            if op.fn == "append":
                self.line(f"{self.dot(op.args[0])}.append({self.tangent(value)})")
                continue
            target = f"{self.dot(op.args[0])}[{self.index(op.args[1:-1])}]"
            if op.fn == "setitem":
                self.line(f"{target} = {self.tangent(value)}")
            elif self.active(value):
                self.line(f"{target} {INPLACE[op.detail]}= {self.dot(value)}")


def _read_in(function: Function, tangents_only: bool) -> set[Var]:
    """Return the variables whose values something reads; the result reads none if tangents alone count."""
    read = set() if tangents_only else set(ir.vars_in(function.result))
    items = []
    for stmt in ir.walk(function.body):
        if isinstance(stmt, Op) and stmt.fn == "item":
            items.append(stmt)
        else:
            read.update(v for x in ir.operands_of(stmt) for v in ir.vars_in(x))
    return read | {i.args[0] for i in items if i.target in read}
