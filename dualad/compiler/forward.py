"""Forward mode: the function printed with a tangent beside every active variable.

A tangent is called `x_dot`. Arrays have tangent arrays, and whatever is done to an array (a view, a store, a swap of
names) is done to its tangent array as well, so that aliasing is mirrored by construction.
"""

from __future__ import annotations

import ast

import numpy as np
from numba import types

from ..errors import UnsupportedError, at
from . import ir, rule_text
from .activity import ALLOCATIONS, COPIES, VIEWS
from .calls import ForwardCalls
from .derivative import DerivativeEmitter, fill_value
from .emit import INPLACE
from .infer import is_array, is_float, type_of
from .ir import UNDEFINED, Op, Var


class Forward(ForwardCalls, DerivativeEmitter):
    """Emits the Jacobian-vector product of a function."""

    def dot(self, v: Var) -> str:
        """Return the name of a variable's tangent."""
        if v not in self._dots:
            self._dots[v] = self.fresh(f"{v.name}_dot")
        return self._dots[v]

    def tangent(self, x: object) -> str:
        """Return the text of an operand's tangent, zero where it has none."""
        if self.active(x):
            return self.dot(x)
        return f"np.zeros_like({self.operand(x)})" if is_array(x) else "0.0"

    # ---------------------------------------------------------------- the function

    def emit(self, name: str, wrt: list[int]) -> None:
        """Print the function: parameters, then the tangents of those in `wrt`; returns (result, tangent)."""
        self._dots: dict[Var, str] = {}
        f = self.function
        tangent_params = {k: self.fresh(f"{f.params[k].name}_dot") for k in wrt}
        with self.indented(f"def {name}({', '.join(self.parameters() + list(tangent_params.values()))}):"):
            names = []
            for leaf, position, path in f.leaves:
                if path:
                    steps = "".join(f"[{k}]" for k in path)
                    self.line(f"{leaf.name} = {f.params[position].name}{steps}")
                names.append((leaf, leaf.name))
            tangents = []
            for leaf, position, path in f.leaves:
                if position in wrt and self.active(leaf):
                    if path:
                        steps = "".join(f"[{k}]" for k in path)
                        self.line(f"{self.dot(leaf)} = {tangent_params[position]}{steps}")
                    else:
                        self._dots[leaf] = tangent_params[position]
                    tangents.append((leaf, self.dot(leaf)))
                elif self.active(leaf):
                    self.line(f"{self.dot(leaf)} = {self.tangent_zero(leaf)}")
            self.guard_parameters(names)
            for leaf, dot in tangents:
                if self.is_written_leaf(leaf):
                    self.line(f"{dot} = {dot}.copy()")
            self.block(f.body)
            self.place = f.place
            primal = self.result_text(f.result, self.primal_result)
            self.line(f"return {primal}, {self.result_text(f.result, self.result_tangent)}")

    def tangent_zero(self, v: Var) -> str:
        return f"np.zeros_like({v.name})" if is_array(v) else "0.0"

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
        both = []
        for target, x in pairs:
            if x is UNDEFINED:
                continue
            both.append((target.name, self.operand(x)))
            if self.active(target):
                both.append((self.dot(target), self.tangent(x)))
        self.assign_together(both)

    def stmt_Op(self, op: Op) -> None:
        if op.fn == "unpack":
            return  # printed at the head
        if op.fn == "call":
            self.call(op)
            return
        if op.target is None:
            self.effect(op)
            return
        if not self.active(op.target):
            self.primal(op)
            return
        rule = self.rule_of(op)
        dot = self.dot(op.target)
        if op.fn in ("getitem", "view"):
            self.primal(op)
            self.line(f"{dot} = {self.tangent(op.args[0])}[{self.index(op.args[1:])}]")
        elif op.fn == "pack":
            self.primal(op)
            items = Op(op.target, "pack", op.args, op.kwargs, op.detail)
            self.line(f"{dot} = {self.tangents_of(items)}")
        elif not any(self.active(v) for v in ir.op_vars(op)):  # new memory, to be written or merged later
            self.primal(op)
            self.line(f"{dot} = {self.tangent_zero(op.target)}")
        elif op.fn in ALLOCATIONS:
            self.primal(op)
            self.line(f"{dot} = np.zeros_like({op.target.name})")
            if op.fn in (np.full, np.full_like) and self.active(fill_value(op)):
                self.line(f"{dot}[...] = {self.dot(fill_value(op))}")
        elif op.fn in COPIES | VIEWS:
            self.primal(op)
            self.line(f"{dot} = {self.with_tangents(op, [op.args[0]])}")
        elif rule is not None and rule.kind == "pointwise":
            self.refuse_array(op)
            self.primal(op)
            self.pointwise(op, rule, dot)
        elif rule is not None and rule.kind != "constant":
            self.primal(op)
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

    def array_rule(self, op: Op, rule, dot: str) -> None:
        if rule.kind == "linear":
            self.line(f"{dot} = {self.with_tangents(op, [a for a in op.args if is_float(a)])}")
        elif rule.kind == "bilinear":
            terms = [self.with_tangents(op, [a], k) for k, a in enumerate(op.args) if self.active(a)]
            self.line(f"{dot} = {' + '.join(terms)}")
        else:
            tangents = {}
            for p, a in zip(rule.body.params, op.args, strict=False):
                tangents[p] = self.operand(a)
                tangents[f"{p}_dot"] = self.tangent(a)
            texts = [tangents.get(p, op.target.name) for p in rule.body.params]
            (tangent,) = self.paste(rule.body, [0], texts, op.target.name)
            self.line(f"{dot} = {ast.unparse(tangent)}")

    def pointwise(self, op: Op, rule, dot: str) -> None:
        terms = []
        for arg, partial in self.partials(op, rule):
            if rule_text.number(partial) == 0:
                continue
            sign, text = rule_text.times(partial, self.dot(arg))
            if rule.singular and rule_text.can_be_infinite(partial):
                text = f"({text} if {self.dot(arg)} != 0.0 else 0.0)"
            terms.append((sign, text))
        text = ""
        for sign, term in terms:
            if not text:
                text = f"-({term})" if sign == "-" and not term.isidentifier() else ("-" if sign == "-" else "") + term
            else:
                text += f" {sign} {term}"
        self.line(f"{dot} = {text or '0.0'}")

    def effect(self, op: Op) -> None:
        if op.fn in ("setitem", "augitem") and self.active(op.args[0]):
            target = f"{self.dot(op.args[0])}[{self.index(op.args[1:-1])}]"
            value = op.args[-1]
            if is_array(value):
                raise UnsupportedError(at("storing an array into an array is not supported: write the loop", *op.place))
            self.primal(op)
            if op.fn == "setitem":
                self.line(f"{target} = {self.tangent(value)}")
            elif self.active(value):
                self.line(f"{target} {INPLACE[op.detail]}= {self.dot(value)}")
        elif op.fn in ("inplace", "assign") and self.active(op.args[0]):
            raise UnsupportedError(at("an operation on a whole array is not supported: write the loop", *op.place))
        else:
            self.primal(op)
