"""Taylor mode: the function printed with its Taylor coefficients along a line beside every active variable.

What forward mode does to a tangent is done to each coefficient where it is linear: views, stores, loops, sums. So
coefficient k stands where the tangent in direction k - 1 would, and what is not linear has recurrences (`series`).
"""

from __future__ import annotations

from ...errors import UnsupportedError, at
from ...rules.registry import Rule
from .. import ir
from ..analysis.activity import Activity
from ..ir import Function, Op, Var
from ..ir.kinds import is_array, is_float
from ..ir.printer import Scope, leaf_text
from ..lowering.nested_primitives import Derived
from .forward import Forward
from .series import Arithmetic, Series, number_in


class Taylor(Forward):
    """Emits a function and the coefficients 1 to `order` of its Taylor series along a line."""

    def __init__(self, function: Function, scope: Scope, activity: Activity, order: int):
        for op in ir.walk(function.body):
            is_op = isinstance(op, Op) and activity.active(op.target)
            if isinstance(op, Op) and activity.is_active_call(op):
                raise _refusal("a recursive function", op)
            if is_op and isinstance(op.fn, Derived):
                raise _refusal(f"a derivative inside ({op.fn.entry.name})", op)
        super().__init__(function, scope, activity, order)
        self.directions = order

    def dot(self, v: Var) -> str:
        key = (v, self._direction)
        if key not in self._dots:
            self._dots[key] = self.fresh(f"{v.name}_c{self._direction + 1}")
        return self._dots[key]

    def given_tangents(self, wrt: list[int]) -> dict[int, dict[int, str]]:
        """Return the names of the first coefficients; a line has no others."""
        return {0: {k: self.fresh(f"{self.function.params[k].name}_dot") for k in wrt}}

    def given_tangent(self, leaf: Var, given: dict, position: int, path: tuple) -> str:
        if self._direction == 0:
            return leaf_text(given[0][position], path, leaf)
        return f"np.zeros_like({leaf.name})" if is_array(leaf) else "0.0"

    # ---------------------------------------------------------------- operations

    def series_of(self, x: object) -> Series:
        """Return the series of an operand."""
        if not self.active(x):
            return Series(self.operand(x))

        def find(k: int) -> str | None:
            outer, self._direction = self._direction, k - 1
            text = self.dot(x)
            self._direction = outer
            return None if number_in(text) == 0 else text

        return Series(self.operand(x), find)

    def differentiate_pointwise(self, op: Op, rule: Rule) -> None:
        self.refuse_array(op)
        if op.kwargs or len(op.args) > rule.arity:
            raise UnsupportedError(at(f"{rule.name} with extra arguments is not supported: leave them out", *op.place))
        alike: dict[object, Series] = {}
        args = [alike.setdefault(a if isinstance(a, Var) else k, self.series_of(a)) for k, a in enumerate(op.args)]
        value = Arithmetic(self, op.place).apply(rule, args, op.target.name, f"{op.target.name}_c")
        for k in range(1, self.directions + 1):
            self._dots[op.target, k - 1] = value[k] or "0.0"

    def array_rule(self, op: Op, rule: Rule, dot: str) -> None:
        k = self._direction + 1
        if rule.kind == "linear":
            super().array_rule(op, rule, dot)
        elif rule.kind == "bilinear":
            texts = [self.coefficients(a) for a in op.args]
            floats = [i for i, a in enumerate(op.args) if is_float(a)]
            if len(floats) != 2:
                raise _refusal(rule.name, op)
            i, j = floats
            terms = []
            for n in range(k + 1):
                a, b = texts[i].get(n), texts[j].get(k - n)
                if a is not None and b is not None:
                    args = tuple(Var(a) if m == i else Var(b) if m == j else x for m, x in enumerate(op.args))
                    terms.append(self.expression(Op(op.target, op.fn, args, op.kwargs, op.detail, op.place)))
            self.line(f"{dot} = {' + '.join(terms)}")
        else:
            raise _refusal(rule.name, op)

    def coefficients(self, x: object) -> dict[int, str]:
        """Return the texts of an operand's coefficients by their numbers."""
        found = {0: self.operand(x)}
        if self.active(x):
            series = self.series_of(x)
            found.update((k, series[k]) for k in range(1, self.directions + 1))
        return found


def _refusal(what: str, op: Op) -> UnsupportedError:
    return UnsupportedError(at(f"the Taylor series of {what} is not supported: nest jvp instead", *op.place))
