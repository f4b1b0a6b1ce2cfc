"""Which variables carry derivatives: what depends on the differentiated inputs and reaches the outputs.

Memory is seen through classes of arrays that may share it (a view and its base, the two sides of a merge, what a loop
carries). A class is varied, or useful, as a whole; numbers are followed one by one.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules import registry
from .. import ir
from ..ir import ITERATED, Function, If, Op, Var, boundary
from ..ir.callees import library_name
from ..ir.effects import is_known, may_be_written_by, written_by
from ..ir.kinds import is_complex, is_constant_type, is_float, is_list, is_memory, is_object, is_reference, type_of
from ..ir.operations import ALLOCATIONS, COPIES, STRUCTURAL, VIEWS, WRITES
from .aliases import Aliases

_NAMES = {
    "field": ".{}",
    "attr": ".{}",
    "setattr": ".{} = ...",
    "entry": "[...]",
    "setitem": "[...] = ...",
    "augitem": "[...] += ...",
    "inplace": "an augmented assignment",
    "assign": "[...] = ...",
    "count": "len",
    "has": "in",
}


def operation_name(op: Op) -> str:
    """Return what an operation is called in an error message."""
    if op.fn == "method":
        return f".{op.detail}()"
    if op.fn in _NAMES:
        return _NAMES[op.fn].format(op.detail)
    return op.fn if isinstance(op.fn, str) else library_name(op.fn)


def _is_of_complex(op: Op) -> bool:
    """Whether an operation that is constant by pieces for real numbers is one of complex ones, and perhaps is not."""
    return (is_float(op.target) or is_complex(op.target)) and any(map(is_complex, ir.op_vars(op)))


def _without_derivative(op: Op) -> UnsupportedError:
    remedy = "rewrite it with supported operations, or register a rule for it"
    return UnsupportedError(at(f"the derivative of {operation_name(op)} is not supported: {remedy}", *op.place))


class Activity:
    """The active variables of a function, for some of its leaves."""

    def __init__(self, function: Function, inputs: list[Var], check: bool = True, outputs: tuple[Var, ...] = ()):
        self.aliases = Aliases(function)
        self.varied: set[Var] = set()
        self.useful: set[Var] = set()
        edges = [edge for stmt in ir.walk(function.body) for edge in self._edges(stmt)]
        self._spread(self.varied, inputs, [(s, [target]) for target, sources in edges for s in sources])
        self._spread(self.useful, [*ir.vars_in(function.result), *outputs], edges)
        if check:
            self._check_boundary(function)
            for stmt in ir.walk(function.body):
                if isinstance(stmt, Op):
                    self._check(stmt)
            self._check_lists(function)

    def active(self, x: object) -> bool:
        """Whether an operand has a tangent and an adjoint."""
        if not isinstance(x, Var):
            return False
        key = self._key(x)
        return key in self.varied and key in self.useful and is_float(x)

    def is_active_call(self, op: Op) -> bool:
        """Whether an operation is a call whose result, or an array that it writes into, is active."""
        return op.fn == "call" and any(self.active(v) for v in (op.target, *written_by(op)))

    def is_varied(self, x: object) -> bool:
        return isinstance(x, Var) and self._key(x) in self.varied

    def is_useful(self, x: object) -> bool:
        return isinstance(x, Var) and self._key(x) in self.useful

    def _key(self, v: Var) -> Var:
        """Return what stands for a variable: itself, or the class of the arrays that may share its memory."""
        return self.aliases.of(v) if is_reference(v) else v

    def _add(self, group: set[Var], x: object) -> bool:
        if not isinstance(x, Var) or not (is_float(x) or is_complex(x) or is_object(x)):
            return False
        key = self._key(x)
        if key in group:
            return False
        group.add(key)
        return True

    def _edges(self, stmt: object) -> list[tuple[object, list]]:
        """Return (target, sources) pairs of a statement."""
        if isinstance(stmt, Op):
            if stmt.fn in WRITES:
                return [(stmt.args[0], [stmt.args[-1]])]
            if stmt.fn == "call":
                return [(x, list(stmt.args)) for x in (stmt.target, *written_by(stmt))]
            if not is_known(stmt):
                return [(x, list(ir.op_vars(stmt))) for x in (stmt.target, *may_be_written_by(stmt))]
            rule = None if isinstance(stmt.fn, str) else registry.find(stmt.fn)
            if stmt.target is None or (registry.is_constant(rule) and not _is_of_complex(stmt)):
                return []
            if stmt.fn in ALLOCATIONS:
                fills = stmt.fn in (np.full, np.full_like)
                fill = stmt.args[1] if len(stmt.args) > 1 else stmt.kwargs.get("fill_value")
                return [(stmt.target, [fill])] if fills else []
            return [(stmt.target, list(ir.op_vars(stmt)))]
        if isinstance(stmt, If):
            return [(p.target, [p.then, p.orelse]) for p in stmt.phis]
        return [(c.param, [c.init, c.yielded]) for c in stmt.carried] + [
            (c.result, [c.param, c.init]) for c in stmt.carried
        ]

    def _spread(self, group: set[Var], start: list, edges: list[tuple[object, list]]) -> None:
        """Add to a group all that `edges` lead to, directly or by way of others."""
        leads_to: dict[Var, list] = {}
        for x, others in edges:
            if isinstance(x, Var):
                leads_to.setdefault(self._key(x), []).extend(others)
        todo = [v for v in start if self._add(group, v)]
        while todo:
            todo += [v for v in leads_to.get(self._key(todo.pop()), ()) if self._add(group, v)]

    def _check_lists(self, function: Function) -> None:
        """Refuse changes of the caller's lists, and of a list in a loop over it: Python goes on to what was appended.

        A list that was made when the other one had its name already is another one.
        """
        statements = list(ir.walk(function.body))
        given = {leaf for leaf, _, _ in function.leaves if is_list(leaf)}
        for op in statements if given else ():
            if isinstance(op, Op) and any(not given.isdisjoint(self.aliases.roots(x)) for x in written_by(op)):
                what = "changing a list that is an argument is not supported: copy it first"
                raise UnsupportedError(at(what, *op.place))
        definer = {s.target: s for s in statements if isinstance(s, Op) and s.target is not None}
        place = {v: k for k, s in enumerate(statements) for v in ir.defined_by(s)}
        place.update((c.param, k) for k, s in enumerate(statements) if isinstance(s, ir.LOOPS) for c in s.carried)

        def lists_of(count: object) -> list:
            op = definer.get(count)
            if op is None or (op.fn is not min and op.detail != ITERATED):
                return []
            if op.fn is min:
                return [x for a in op.args for x in lists_of(a)]
            return [x for x in op.args if is_list(x) or is_object(x)]

        def may_be_one(x: Var, changed: Var) -> bool:
            made = definer.get(changed)
            is_newer = made is not None and made.fn == "list" and place.get(x, -1) < place[changed]
            return not is_newer and not self.aliases.roots(x).isdisjoint(self.aliases.roots(changed))

        for loop in (s for s in statements if isinstance(s, ir.For)):
            lists = lists_of(loop.stop)
            for op in ir.walk(loop.body) if lists else ():
                may_change = isinstance(op, Op) and (op.fn in ("append", "pop") or not is_known(op))
                if may_change and any(may_be_one(x, y) for x in lists for y in may_be_written_by(op)):
                    what = f"{operation_name(op) if op.fn == 'method' else f'list.{op.fn}'} in a loop over the list"
                    raise UnsupportedError(at(f"{what} is not supported: use `while` and an index", *op.place))

    def _check_boundary(self, function: Function) -> None:
        """Refuse objects that hold what is to be differentiated, and changes of the caller's objects."""
        ops = [s for s in ir.walk(function.body) if isinstance(s, Op)]
        held = {self._key(x): x for op in ops for x in (*ir.op_vars(op), op.target) if is_object(x)}
        given = [leaf for leaf, _, _ in function.leaves if is_object(leaf) and not boundary.may_be_changed(leaf)]

        def holder(op: Op) -> object | None:
            """Return the object that an operation touches, perhaps by way of an array that belongs to it."""
            own = boundary.objects_in(op)
            return own[0] if own else next((held[k] for k in map(self._key, may_be_written_by(op)) if k in held), None)

        touching = [(op, holder(op)) for op in ops if not isinstance(op.fn, registry.OwnRule) and op.fn is not print]
        touching = [(op, x) for op, x in touching if x is not None]
        for op, x in touching:  # first what puts it there
            if any(self.is_varied(v) and not is_object(v) and self._key(v) not in held for v in ir.op_vars(op)):
                raise boundary.refuse_value(op, operation_name(op), x)
        for op, x in touching:
            if self.is_varied(x):
                raise boundary.refuse_value(op, operation_name(op), x)
            for leaf in given:
                if any(leaf in self.aliases.roots(v) for v in may_be_written_by(op)):
                    raise boundary.refuse_change(op, operation_name(op), leaf)

    def _check(self, op: Op) -> None:
        """Refuse an active operation that has no derivative here."""
        if not is_known(op):
            for v in ir.op_vars(op):
                if is_memory(v) and (self.active(v) or (self.is_varied(v) and is_memory(op.target))):
                    kind = "a list" if is_list(v) else "an array"
                    remedy = "it may write into it or return a part of it; rewrite it"
                    raise UnsupportedError(at(f"{operation_name(op)} on {kind} is not supported: {remedy}", *op.place))
            if boundary.is_foreign(op) and any(map(self.is_varied, ir.op_vars(op))):
                raise _without_derivative(op)
        if op.target is not None and not is_float(op.target) and not is_complex(op.target):
            if any(self.is_varied(v) for v in ir.op_vars(op)) and not is_constant_type(type_of(op.target)):
                what = f"{operation_name(op)}, whose result is {type_of(op.target)}, is not supported"
                raise UnsupportedError(at(f"{what}: use arrays and numbers", *op.place))
        if op.target is not None and self.active(op.target) and getattr(op.target.type, "ndim", 1) == 0:
            what = f"{operation_name(op)} with a 0-dimensional array as its result is not supported"
            raise UnsupportedError(at(f"{what}: use numbers, or arrays of at least one dimension", *op.place))
        target = op.target if op.target is not None else (op.args[0] if op.fn in WRITES else None)
        if target is None or not self.is_useful(target):
            return
        if not any(self.is_varied(v) for v in ir.op_vars(op)):
            return
        name = operation_name(op)
        if is_complex(target):
            raise UnsupportedError(at(f"{name} with complex numbers is not supported: use real numbers", *op.place))
        if isinstance(op.fn, str):
            known = op.fn in STRUCTURAL and not isinstance(type_of(target), types.BaseTuple)
        else:
            rule = registry.find(op.fn)
            for k in () if rule is None else rule.fixed:
                if self.is_varied(op.args[k]):
                    what = f"the derivative of {operation_name(op)} by argument {k} is not supported"
                    remedy = "pass a number there that does not depend on what is differentiated"
                    raise UnsupportedError(at(f"{what}: {remedy}", *op.place))
            known = rule is not None or op.fn in ALLOCATIONS | COPIES | VIEWS
        if not known:
            raise _without_derivative(op)
