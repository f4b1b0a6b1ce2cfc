"""Which variables carry derivatives: what depends on the differentiated inputs and reaches the outputs.

Memory is seen through classes of arrays that may share it (a view and its base, the two sides of a merge, what a loop
carries). A class is varied, or useful, as a whole; numbers are followed one by one.
"""

from __future__ import annotations

import operator
import random

import numpy as np
from numba import types

from ..errors import UnsupportedError, at
from ..rules import composites, registry
from . import ir
from .infer import is_array, is_complex, is_constant_type, is_float, type_of
from .ir import UNDEFINED, Function, If, Op, Var

ALLOCATIONS = frozenset(
    {np.zeros, np.empty, np.ones, np.full, np.zeros_like, np.empty_like, np.ones_like, np.full_like}
)
COPIES = frozenset({np.copy, np.array})
_TURNED = {np.transpose, np.swapaxes, np.flip, np.flipud, np.fliplr}
VIEWS = frozenset({np.reshape, np.ravel, np.asarray, np.expand_dims, *_TURNED})
PURE = frozenset(
    {len, np.argsort, np.argmax, np.argmin, np.searchsorted, np.nonzero, np.count_nonzero, np.any, np.all, np.unique}
    | {np.arange, np.eye, np.identity, np.shape, np.size, np.array_equal, np.allclose, np.where, np.isclose, sum}
    | {np.digitize, np.bincount, np.histogram, np.flatnonzero, np.argwhere}
    | {np.linalg.eigh, np.linalg.svd, np.linalg.qr, np.linalg.slogdet, np.linalg.lstsq, np.linalg.pinv}
    | {np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals, np.linalg.cond, np.linalg.matrix_rank}
    | {np.linalg.norm, np.linalg.matrix_power, np.linalg.solve, np.linalg.inv, np.linalg.det, np.linalg.cholesky}
)
"""Callables without a rule that neither write into their arguments nor return memory of theirs."""

WRITES = ("setitem", "augitem", "inplace", "assign")
STRUCTURAL = frozenset({"getitem", "view", "unpack", "pack", "call", "item", *WRITES})


def is_known(op: Op) -> bool:
    """Whether the compiler knows what an operation does to the memory of its arguments."""
    if isinstance(op.fn, str):
        return op.fn != "method"
    if isinstance(op.fn, registry.OwnRule):
        return True
    if op.fn in ALLOCATIONS or op.fn in COPIES or op.fn in VIEWS or op.fn in PURE or op.fn in (operator.matmul, np.dot):
        return True
    if op.fn is np.fill_diagonal:
        return False  # it writes, and is expanded first of all
    return registry.find(op.fn) is not None or composites.find(op.fn) is not None


def has_effect(op: Op) -> bool:
    """Whether an operation does more than define its target."""
    if op.fn in WRITES or op.fn == "raise" or op.fn is print or (op.fn == "call" and op.detail.has_effect):
        return True
    if isinstance(getattr(op.fn, "__self__", None), np.random.RandomState | random.Random) or op.fn is np.random.seed:
        return True  # the random numbers drawn after it depend on it
    return not is_known(op) and not all(is_scalar_type(type_of(a)) for a in op.args)


def is_scalar_type(ty: object) -> bool:
    """Whether values of a type hold no memory that a call could change."""
    return ty is not None and isinstance(ty, types.Number | types.Boolean | types.NoneType | types.UnicodeType)


def written_by(op: Op) -> list[object]:
    """Return the arrays that an operation writes into."""
    if op.fn == "call":
        return [op.args[k] for k in op.detail.writes]
    return [op.args[0]] if op.fn in WRITES else []


def may_be_written_by(op: Op) -> list[object]:
    """Return the arrays that an operation writes into or, not being known, may write into."""
    return written_by(op) if is_known(op) else [v for v in ir.op_vars(op) if is_array(v)]


class Aliases:
    """Which arrays may share memory.

    `of` gives the class of an array: a partition, coarse, by which activity is decided. `roots` gives the arrays that
    a variable may stand for or look into: parameters and the targets of operations that make new arrays.
    """

    def __init__(self, function: Function):
        self._parent: dict[Var, Var] = {}
        self._roots: dict[Var, frozenset[Var]] = {leaf: frozenset({leaf}) for leaf, _, _ in function.leaves}
        while self._pass(function):
            pass
        self.borrowed: frozenset[Var] = frozenset()  # what others may write into at any time
        self.written: set[Var] = set()
        for stmt in ir.walk(function.body):
            if isinstance(stmt, Op):
                for x in may_be_written_by(stmt):
                    self.written |= self.roots(x)

    def _pass(self, function: Function) -> bool:
        changed = False
        for stmt in ir.walk(function.body):
            if isinstance(stmt, Op):
                if stmt.target is not None and is_array(stmt.target) and stmt.fn != "unpack":
                    if shares_memory(stmt):
                        changed |= self._flow(stmt.target, stmt.args[0])
                    elif stmt.target not in self._roots:
                        self._roots[stmt.target] = frozenset({stmt.target})
                        changed = True
            elif isinstance(stmt, If):
                for phi in stmt.phis:
                    changed |= self._flow(phi.target, phi.then) | self._flow(phi.target, phi.orelse)
            else:
                for c in stmt.carried:
                    changed |= self._flow(c.param, c.init) | self._flow(c.param, c.yielded)
                    changed |= self._flow(c.result, c.param)
        return changed

    def _flow(self, target: Var, source: object) -> bool:
        """Record that `target` may be `source`; True if that was news."""
        if not isinstance(source, Var) or not is_array(source) or not is_array(target):
            return False
        a, b = self.of(target), self.of(source)
        if a is not b:
            self._parent[b] = a
        both = self.roots(target) | self.roots(source)
        news = both != self._roots.get(target)
        self._roots[target] = both
        return news

    def of(self, v: Var) -> Var:
        """Return the representative of a variable's class."""
        while v in self._parent:
            v = self._parent[v]
        return v

    def roots(self, v: object) -> frozenset[Var]:
        """Return the arrays that a variable may stand for or look into."""
        return self._roots.get(v, frozenset())

    def is_written(self, v: object) -> bool:
        """Whether anything writes into memory that a variable may look at."""
        return not self.written.isdisjoint(self.roots(v))


def shares_memory(op: Op) -> bool:
    """Whether the target of an operation shares memory with its first argument."""
    return op.fn == "view" or op.fn in VIEWS


class Activity:
    """The active variables of a function, for some of its leaves."""

    def __init__(self, function: Function, inputs: list[Var], check: bool = True, outputs: tuple[Var, ...] = ()):
        self.aliases = Aliases(function)
        self.varied: set[Var] = set()
        self.useful: set[Var] = set()
        for v in inputs:
            self._add(self.varied, v)
        while self._forward(function.body):
            pass
        for v in (*ir.vars_in(function.result), *outputs):
            self._add(self.useful, v)
        while self._backward(function.body):
            pass
        for stmt in ir.walk(function.body) if check else ():
            if isinstance(stmt, Op):
                self._check(stmt)

    def active(self, x: object) -> bool:
        """Whether an operand has a tangent and an adjoint."""
        if not isinstance(x, Var):
            return False
        key = self.aliases.of(x) if is_array(x) else x
        return key in self.varied and key in self.useful and is_float(x)

    def is_active_call(self, op: Op) -> bool:
        """Whether an operation is a call whose result, or an array that it writes into, is active."""
        return op.fn == "call" and any(self.active(v) for v in (op.target, *written_by(op)))

    def is_varied(self, x: object) -> bool:
        return isinstance(x, Var) and (self.aliases.of(x) if is_array(x) else x) in self.varied

    def is_useful(self, x: object) -> bool:
        return isinstance(x, Var) and (self.aliases.of(x) if is_array(x) else x) in self.useful

    def _add(self, group: set[Var], x: object) -> bool:
        if not isinstance(x, Var) or not (is_float(x) or is_complex(x)):
            return False
        key = self.aliases.of(x) if is_array(x) else x
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
            rule = None if isinstance(stmt.fn, str) else registry.find(stmt.fn)
            if stmt.target is None or (rule is not None and rule.kind == "constant"):
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

    def _forward(self, block: ir.Block) -> bool:
        changed = False
        for stmt in ir.walk(block):
            for target, sources in self._edges(stmt):
                if any(s is not UNDEFINED and self.is_varied(s) for s in sources):
                    changed |= self._add(self.varied, target)
        return changed

    def _backward(self, block: ir.Block) -> bool:
        changed = False
        for stmt in reversed(list(ir.walk(block))):
            for target, sources in self._edges(stmt):
                if self.is_useful(target):
                    for s in sources:
                        changed |= self._add(self.useful, s)
        return changed

    def _check(self, op: Op) -> None:
        """Refuse an active operation that has no derivative here."""
        if not is_known(op):
            for v in ir.op_vars(op):
                if is_array(v) and (self.active(v) or (self.is_varied(v) and is_array(op.target))):
                    name = op.detail if op.fn == "method" else getattr(op.fn, "__name__", op.fn)
                    remedy = "it may write into the array or return a part of it; rewrite it"
                    raise UnsupportedError(at(f"{name} on an array is not supported: {remedy}", *op.place))
        if op.target is not None and not is_float(op.target) and not is_complex(op.target):
            if any(self.is_varied(v) for v in ir.op_vars(op)) and not is_constant_type(type_of(op.target)):
                name = op.detail if op.fn == "method" else getattr(op.fn, "__name__", op.fn)
                what = f"{name}, whose result is {type_of(op.target)}, is not supported: use arrays and numbers"
                raise UnsupportedError(at(what, *op.place))
        target = op.target if op.target is not None else (op.args[0] if op.fn in WRITES else None)
        if target is None or not self.is_useful(target):
            return
        if not any(self.is_varied(v) for v in ir.op_vars(op)):
            return
        name = op.detail if op.fn == "method" else getattr(op.fn, "__name__", op.fn)
        if is_complex(target):
            raise UnsupportedError(at(f"{name} with complex numbers is not supported: use real numbers", *op.place))
        if isinstance(op.fn, str):
            known = op.fn in STRUCTURAL and not isinstance(type_of(target), types.BaseTuple)
        else:
            known = registry.find(op.fn) is not None or op.fn in ALLOCATIONS | COPIES | VIEWS
        if not known:
            what = f".{name}()" if op.fn == "method" else name
            remedy = "rewrite it with supported operations, or register a rule for it"
            raise UnsupportedError(at(f"the derivative of {what} is not supported: {remedy}", *op.place))
