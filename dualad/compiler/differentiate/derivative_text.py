"""What the two derivative emitters share: the head and foot of the generated function, rules in place, shadows.

Generated functions copy every parameter array that the user's function writes into, so that the caller's arrays come
out unchanged, and every result array that would share memory with a parameter.
"""

from __future__ import annotations

import ast

from numba import types

from ...errors import UnsupportedError, at
from ...rules import registry
from ...rules.registry import Rule, RuleBody
from ...rules.spectra import VALUES
from .. import ir
from ..analysis.activity import Activity
from ..ir import Const, Function, Op, TupleOf, Var, rule_text
from ..ir.boundary import touches_object
from ..ir.kinds import is_array, is_object, is_real_number, is_reference, type_of
from ..ir.printer import Emitter, Scope
from ..lowering.custom_calls import Ruled
from ..runtime import helpers as runtime
from ..runtime import vector_math
from .recursive_calls import Calls


class DerivativeEmitter(Calls, Emitter):
    """Prints a function and its derivative."""

    def __init__(self, function: Function, scope: Scope, activity: Activity):
        super().__init__(scope)
        self.function = function
        self.activity = activity
        self.active = activity.active
        self.aliases = activity.aliases
        self._given: list[str] = []  # the caller's arrays of which copies are written into
        ops = (s for s in ir.walk(function.body) if isinstance(s, Op))
        self.values_active = any(op.fn in VALUES and activity.active(op.target) for op in ops)

    # ---------------------------------------------------------------- parameters and results

    def parameters(self) -> list[str]:
        """Return the parameter list, a starred parameter with its star."""
        return [("*" if k == self.function.star else "") + p.name for k, p in enumerate(self.function.params)]

    def is_written_leaf(self, leaf: Var) -> bool:
        return is_array(leaf) and self.aliases.is_written(leaf)

    def guard_parameters(self, names: list[tuple[Var, str]]) -> None:
        """Copy the parameter arrays that the function writes into; they must not overlap with others.

        That holds for arrays out of objects, too (`primal`).
        """
        written = [(leaf, name) for leaf, name in names if self.is_written_leaf(leaf)]
        arrays = [(leaf, name) for leaf, name in names if isinstance(type_of(leaf), types.Array)]
        for k, (leaf, name) in enumerate(arrays):
            for other, other_name in arrays[k + 1 :]:
                if (leaf, name) in written or (other, other_name) in written:
                    check = self.runtime("check_no_overlap")
                    self.line(f"{check}({name}, {other_name})")
        for _, name in written:
            if any(is_object(leaf) for leaf, _ in names):
                self._given.append(self.fresh(f"{name}_given"))
                self.line(f"{self._given[-1]} = {name}")
            self.line(f"{name} = {name}.copy()")

    def runtime(self, name: str) -> str:
        """Return the name of a function of the runtime."""
        return self.scope.bind(getattr(runtime, name), name)

    def result_text(self, value: object, leaf_text) -> str:
        """Return the text of a result structure, with `leaf_text(operand)` for each leaf."""
        if isinstance(value, TupleOf):
            items = ", ".join(self.result_text(i, leaf_text) for i in value.items)
            if value.cls is not None:
                return f"{self.scope.bind(value.cls, value.cls.__name__)}({items})"
            return f"({items},)" if len(value.items) == 1 else f"({items})"
        return leaf_text(value)

    def primal_result(self, value: object) -> str:
        """Return the text of a result leaf; an array that belongs to the caller is copied."""
        text = self.operand(value)
        if isinstance(value, ir.Global) or (isinstance(value, Var) and self.is_callers_array(value)):
            return f"{text}.copy()"
        return text

    def is_callers_array(self, v: Var) -> bool:
        if not is_array(v):
            return False
        cls = self.aliases.of(v)
        return any(is_reference(leaf) and self.aliases.of(leaf) is cls for leaf, _, _ in self.function.leaves)

    def stmt_Op(self, op: Op) -> None:
        if op.fn != "unpack":  # printed at the head
            self.primal(op)

    def primal(self, op: Op) -> None:
        if op.fn == "call":
            self.primal_call(op)
        else:
            super().primal(op)
        if self._given and op.target is not None and is_array(op.target) and touches_object(op):
            for name in self._given:
                self.line(f"{self.runtime('check_no_overlap')}({name}, {op.target.name})")

    def expression(self, op: Op) -> str:
        """Return the right-hand side of an operation; in a loop, by a function with vector variants if there is one."""
        name = vector_math.NAME_OF.get(op.fn) if self.may_vectorise() and is_real_number(op.target) else None
        if name is not None and not op.kwargs:
            op = Op(op.target, vector_math.FUNCTIONS[name], op.args, {}, op.detail, op.place)
        if isinstance(op.fn, Ruled) and not self.active(op.target):
            op = Op(op.target, op.fn.plain, op.args, {}, op.detail, op.place)
        return super().expression(op)

    # ---------------------------------------------------------------- rules

    def rule_of(self, op: Op) -> Rule | None:
        return None if isinstance(op.fn, str) else registry.find(op.fn)

    def paste(self, body: RuleBody, outputs: list[int], texts: list[str], value: str) -> list[ast.expr]:
        """Print the assignments that some outputs of a rule need; return the outputs as expressions."""
        names = {p: ast.parse(t, mode="eval").body for p, t in zip(body.params, texts, strict=False)}
        bound = body.value.id if isinstance(body.value, ast.Name) else "value"
        names[bound] = ast.Name(value, ast.Load())
        temps, free = rule_text.slice_body(body, outputs)
        local = {*body.params, bound, *(name for name, _ in temps)}
        for name in sorted(free - local):
            if name in body.namespace and name not in ("np", "math"):
                bind = self.scope.bind(body.namespace[name], name)
                names[name] = ast.Name(bind, ast.Load())
        for name, expr in temps:
            text = ast.unparse(self.vectorised(rule_text.substitute(expr, names)))
            fresh = self.fresh(name)
            self.line(f"{fresh} = {text}")
            names[name] = ast.Name(fresh, ast.Load())
        return [self.vectorised(rule_text.substitute(body.outputs[k], names)) for k in outputs]

    def may_vectorise(self) -> bool:
        return self.loops > 0 and vector_math.uses_vector_math()

    def vectorised(self, expr: ast.expr) -> ast.expr:
        """Return an expression with vmath.exp for math.exp, if it stands in a loop."""
        if self.may_vectorise():
            for node in ast.walk(expr):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
                    if node.attr in vector_math.FUNCTIONS:
                        node.value.id = "vmath"
        return expr

    def partials(self, op: Op, rule: Rule) -> list[tuple[Var, ast.expr]]:
        """Return the active arguments of a pointwise operation with their partials."""
        if op.kwargs or len(op.args) > rule.arity:
            raise UnsupportedError(at(f"{rule.name} with extra arguments is not supported: leave them out", *op.place))
        outputs = [k for k, a in enumerate(op.args) if self.active(a)]
        texts = [self.operand(a) for a in op.args]
        exprs = self.paste(rule.body, outputs, texts, op.target.name)
        return [(op.args[k], e) for k, e in zip(outputs, exprs, strict=True)]

    def cotangents(self, op: Op, rule: Rule, bars: list[str]) -> list[tuple[Var, ast.expr]]:
        """Return the active arguments of an array-level operation with their cotangents.

        `bars` are the adjoints of its results; a rule names them behind the arguments.
        """
        outputs = [k for k, a in enumerate(op.args) if self.active(a)]
        body = rule.cotangent_body(tuple(outputs), tuple(map(type_of, op.args)))
        texts = {p: self.operand(a) for p, a in zip(body.params, op.args, strict=False)}
        texts["values_active"] = str(self.values_active)
        texts.update(zip(body.params[len(body.params) - len(bars) :], bars, strict=True))
        exprs = self.paste(body, outputs, [texts.get(p, op.target.name) for p in body.params], op.target.name)
        return [(op.args[k], e) for k, e in zip(outputs, exprs, strict=True)]

    def refuse_array(self, op: Op) -> None:
        if is_array(op.target):
            name = getattr(op.fn, "__name__", op.fn)
            raise UnsupportedError(at(f"{name} of whole arrays is not supported: write the loop", *op.place))


def fill_value(op: Op) -> object:
    """Return the fill value of np.full and np.full_like."""
    return op.args[1] if len(op.args) > 1 else op.kwargs.get("fill_value", Const(0.0))
