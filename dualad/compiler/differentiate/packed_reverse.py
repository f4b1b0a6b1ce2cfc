"""Reverse mode over a tangent along several directions at a time: columns of a Hessian, side by side in registers.

A column of the Hessian of f is the gradient, by reverse mode, of the tangent of f (see `nested_primitives`), a function
that is linear in the direction. With a pack of directions for one, what stands for a tangent in it is a pack, and what
stands for a value is a number, as before. Of adjoints it is the other way round: that of a value is a pack, since the
tangent along each direction depends on the value in a way of its own; that of a tangent is a number, the same one for
all directions, namely the adjoint that f itself has there::

    y = x * x                           y_dot_bar = 1.0                      a number
    y_dot = 2.0 * x * x_dot             x_bar = 2.0 * x_dot * y_dot_bar      a pack

So nothing multiplies a pack by a pack, and the text is that of one direction. Only zeros say which of the two they are,
and packs have a tape of their own. It takes functions of numbers and loops, as `packed` does.
"""

from __future__ import annotations

import ast
import contextlib
import operator

import numpy as np
from numba import types

from ...rules.registry import Rule
from .. import ir
from ..analysis.activity import Activity
from ..ir import UNDEFINED, Carried, Const, For, Function, If, Op, Var, While, rule_text
from ..ir.kinds import is_array
from ..ir.operations import ALLOCATIONS, COPIES
from ..ir.printer import Scope
from ..runtime import vector_math
from ..runtime.numba_bridge.packs import packs_of
from .reverse import Reverse
from .taping import _LoopNames

_SUMS = frozenset({operator.add, operator.sub, vector_math.add})
_PRODUCTS = frozenset({operator.mul, vector_math.times, vector_math.scaled})
_ZERO = Const(0.0)


class NotPackableError(Exception):
    """The function does something with a tangent that cannot be done with a pack of them."""


class Tangents:
    """The numbers and arrays of a function that depend on the direction, each linearly."""

    def __init__(self, function: Function, activity: Activity, dots: list[Var]):
        self.aliases = activity.aliases
        self.numbers = {v for v in dots if not is_array(v)}
        self.classes = {self.aliases.of(v) for v in dots if is_array(v)}
        statements = list(ir.walk(function.body))
        while any([self._grows(s) for s in statements]):
            pass
        for s in statements:
            if not self._is_linear(s):
                raise NotPackableError
        if function.result not in self.numbers:
            raise NotPackableError

    def __contains__(self, v: object) -> bool:
        if not isinstance(v, Var):
            return False
        return self.aliases.of(v) in self.classes if is_array(v) else v in self.numbers

    def _grows(self, s: object) -> bool:
        """Take in what a statement makes of tangents; True if there is something new."""
        if isinstance(s, Op):
            if s.fn in ("setitem", "augitem"):
                return s.args[-1] in self and self._take(s.args[0])
            return s.target is not None and any(v in self for v in ir.op_vars(s)) and self._take(s.target)
        if isinstance(s, If):
            return any([(p.then in self or p.orelse in self) and self._take(p.target) for p in s.phis])
        found = [(c, any(x in self for x in (c.init, c.yielded, c.param, c.result))) for c in s.carried]
        return any([is_one and any([self._take(c.param), self._take(c.result)]) for c, is_one in found])

    def _take(self, v: Var) -> bool:
        if v in self:
            return False
        if is_array(v):
            self.classes.add(self.aliases.of(v))
        else:
            self.numbers.add(v)
        return True

    def _may_be(self, x: object) -> bool:
        """Whether an operand is a tangent, or zero."""
        return x in self or x is UNDEFINED or (isinstance(x, Const) and x == _ZERO)

    def _is_linear(self, s: object) -> bool:
        """Whether a statement does with tangents only what can be done with packs."""
        if isinstance(s, If):
            return s.test not in self and all(
                self._may_be(p.then) and self._may_be(p.orelse) for p in s.phis if p.target in self
            )
        if not isinstance(s, Op):
            return all(self._may_be(c.init) and self._may_be(c.yielded) for c in s.carried if c.param in self)
        involved = [v for v in (*ir.op_vars(s), *([s.target] if s.target is not None else [])) if v in self]
        if not involved:
            return True
        if any(getattr(v.type, "dtype", v.type) != types.float64 for v in involved) or s.kwargs:
            return False
        args = s.args
        if s.fn in ("getitem", "view"):
            return args[0] in self
        if s.fn == "setitem":
            return args[0] in self and self._may_be(args[-1])
        if s.fn == "augitem":
            return args[0] in self and args[-1] in self and s.detail in (operator.iadd, operator.isub)
        if s.fn in ALLOCATIONS:
            return s.fn in (np.zeros, np.empty, np.zeros_like, np.empty_like) and len(args) == 1
        if s.fn in COPIES or s.fn is operator.neg:
            return len(args) == 1
        if is_array(s.target) or isinstance(s.fn, str):
            return False
        if s.fn in _SUMS:
            return all(map(self._may_be, args))
        if s.fn is operator.mul:
            return (args[0] in self) != (args[1] in self)
        return s.fn in _PRODUCTS | {operator.truediv} and [x in self for x in args] == [
            s.fn is operator.truediv,
            s.fn is not operator.truediv,
        ]


class PackedReverse(Reverse):
    """Emits the gradients of a tangent along `width` directions at a time; `dots` are the parameters for directions.

    Raises NotPackableError where that cannot be.
    """

    def __init__(self, function: Function, scope: Scope, activity: Activity, width: int, dots: list[Var]):
        super().__init__(function, scope, activity)
        self.packs = packs_of(width)
        self.tangents = Tangents(function, activity, dots)
        plan = self.plan
        inside = [s for s in ir.walk(function.body) if id(s) in plan.loops]
        saved = {old for write, old in self._saved() if write.args[0] in self.tangents}
        self.tangents.numbers |= saved
        for p in (plan.loops[id(s)] for s in inside):
            p.packs = [v for v in p.floats if v in self.tangents]
            p.floats = [v for v in p.floats if v not in self.tangents]
            if p.kept or p.selects:
                raise NotPackableError
        ops = [s for s in ir.walk(function.body) if isinstance(s, Op)]
        active = [v for s in ops for v in (s.target, *ir.op_vars(s)) if isinstance(v, Var) and activity.active(v)]
        if any(getattr(v.type, "dtype", v.type) != types.float64 for v in active):
            raise NotPackableError
        if plan.mirrored or any(activity.is_active_call(s) or not self._is_of_numbers(s) for s in ops):
            raise NotPackableError

    def _saved(self) -> list[tuple[Op, Var]]:
        ops = (s for s in ir.walk(self.function.body) if isinstance(s, Op))
        return [(s, self.plan.saves[id(s)]) for s in ops if id(s) in self.plan.saves]

    def _is_of_numbers(self, op: Op) -> bool:
        """Whether the reverse of an operation is made of numbers and elements."""
        if op.target is None:
            return op.fn in ("setitem", "augitem") or not any(self.active(v) for v in ir.op_vars(op))
        if not self.active(op.target) or op.fn in ("getitem", "view"):
            return True
        if op.fn in ALLOCATIONS or op.fn in COPIES:
            return op.fn not in (np.full, np.full_like)
        rule = self.rule_of(op)
        if rule is None or is_array(op.target):
            return rule is not None and rule.kind == "constant"
        return rule.kind in ("pointwise", "constant")

    def call_pack(self, name: str, *args: str) -> str:
        return f"{self.scope.bind(getattr(self.packs, name), name)}({', '.join(args)})"

    def has_packs(self, v: Var) -> bool:
        """Whether the adjoint of a variable is a pack, or an array of packs."""
        return v not in self.tangents

    # ---------------------------------------------------------------- zeros

    def zero_bar(self, v: Var) -> str:
        return self.call_pack("zero") if self.has_packs(v) else "0.0"

    def zero_array(self, v: Var, wide: bool | None = None) -> str:
        text = super().zero_array(v, wide)
        like = text.removeprefix("np.zeros_like(").removesuffix(")")
        if self.has_packs(v):
            return self.call_pack("zeros_like", like if like.isidentifier() else text)
        return f"np.zeros({like}.shape)" if like.isidentifier() else text

    def with_zeros(self, target: object, x: object) -> object:
        """Return an operand that becomes, or joins, a tangent: a zero as a pack of zeros."""
        return Var(self.call_pack("zero")) if target in self.tangents and isinstance(x, Const) else x

    def moves(self, pairs: list[tuple[Var, object]]) -> None:
        super().moves([(target, self.with_zeros(target, x)) for target, x in pairs])

    def primal(self, op: Op) -> None:
        if op.target in self.tangents and op.fn in ALLOCATIONS:
            x = self.operand(op.args[0])
            is_like = op.fn in (np.zeros_like, np.empty_like)
            self.line(f"{op.target.name} = {self.call_pack('zeros_like', x if is_like else f'np.empty({x})')}")
            return
        args = op.args
        if op.fn == "setitem" and args[0] in self.tangents:
            args = (*args[:-1], self.with_zeros(args[0], args[-1]))
        elif op.fn in _SUMS and op.target in self.tangents:
            args = tuple(self.with_zeros(op.target, x) for x in args)
        super().primal(op if args is op.args else Op(op.target, op.fn, args, op.kwargs, op.detail, op.place))

    # ---------------------------------------------------------------- the reverse sweep

    def add_array(self, v: Var, text: str) -> None:
        if self.has_packs(v):
            self.line(self.call_pack("add_to", self.bar(v), text))
        else:
            super().add_array(v, text)

    def guarded(self, op: Op, rule: Rule, partial: ast.expr, bar: str) -> tuple[str, str]:
        """Return (sign, text) of partial * bar, of which one is a pack, or none."""
        of_bar, of_partial = self.plan.guards.of_adjoint(op, rule, partial)
        read = {n.id for n in ast.walk(partial) if isinstance(n, ast.Name)}
        is_pack = any(v.name in read for v in (op.target, *ir.op_vars(op)) if v in self.tangents)
        if op.target in self.tangents and not is_pack:
            return super().guarded(op, rule, partial, bar)
        if isinstance(partial, ast.IfExp):
            if is_pack:
                raise NotPackableError
            return "+", rule_text.chosen(partial, bar, self.call_pack("zero"))
        if rule_text.number(partial) is None and (of_bar or of_partial):
            if not is_pack:
                return "+", rule_text.guarded(partial, bar, either=of_partial)
            number = ast.Name(bar, ast.Load())
            if not of_bar:
                return "+", rule_text.guarded(number, f"({ast.unparse(partial)})", either=False)
            return "+", rule_text.guarded(number, f"({ast.unparse(partial)})")
        return rule_text.times(partial, bar)

    def skipping(self, loop: For | While, n: _LoopNames, slots: list[Carried]) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext()

    def may_gather(self, loop: For | While, n: _LoopNames, head: str) -> bool:
        """No: what is side by side are the directions."""
        return False

    # ---------------------------------------------------------------- the tape of packs

    def new_tape(self, tape: str, n: _LoopNames, size: str) -> str:
        if tape == n.ptape:
            return self.call_pack("zeros_like", f"np.empty({size})")
        return super().new_tape(tape, n, size)

    def open_tape(self, tape: str, dtype: str) -> None:
        if any(tape == n.ptape for n in self._names.values()):
            raise NotPackableError  # it would have to grow
        super().open_tape(tape, dtype)
