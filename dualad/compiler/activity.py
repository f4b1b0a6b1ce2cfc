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
from .infer import is_complex, is_constant_type, is_float, is_list, is_memory, type_of
from .ir import UNDEFINED, Function, If, Op, Var
from .runtime import array_of, check_no_overlap
from .values import ITERATED, library_name

ALLOCATIONS = frozenset(
    {np.zeros, np.empty, np.ones, np.full, np.zeros_like, np.empty_like, np.ones_like, np.full_like}
)
COPIES = frozenset({np.copy, np.array, array_of})
_TURNED = {np.transpose, np.swapaxes, np.moveaxis, np.flip, np.flipud, np.fliplr, np.rot90}
_RAISED = {np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d}
_SHOWN = {np.broadcast_to, np.lib.stride_tricks.sliding_window_view}  # expanded into copies where they are active
VIEWS = frozenset({np.reshape, np.ravel, np.asarray, *_RAISED, *_TURNED, *_SHOWN})
PURE = frozenset(
    {len, np.argsort, np.argmax, np.argmin, np.searchsorted, np.nonzero, np.count_nonzero, np.any, np.all, np.unique}
    | {np.arange, np.eye, np.identity, np.shape, np.size, np.array_equal, np.allclose, np.where, np.isclose, sum}
    | {np.digitize, np.bincount, np.histogram, np.flatnonzero, np.argwhere, np.argpartition, np.isin, np.nanargmax}
    | {np.nanargmin, np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isscalar, np.ndim, np.tri, np.indices}
    | {np.tril_indices, np.triu_indices, np.tril_indices_from, np.triu_indices_from, np.broadcast_shapes, np.kaiser}
    | {np.hamming, np.hanning, np.blackman, np.bartlett, np.intersect1d, np.roots, np.ones}
    | {np.linalg.matrix_rank, np.linalg.solve, check_no_overlap}
)
"""Callables without a rule that neither write into their arguments nor return memory of theirs."""

WRITES = ("setitem", "augitem", "inplace", "assign", "append")
EFFECTS = ("raise", "pop", print, check_no_overlap)
"""What else does more than define a target."""
STRUCTURAL = frozenset({"getitem", "view", "unpack", "pack", "call", "item", "list", "pop", *WRITES})


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
    if op.fn in WRITES or op.fn in EFFECTS or (op.fn == "call" and op.detail.has_effect):
        return True
    if isinstance(getattr(op.fn, "__self__", None), np.random.RandomState | random.Random) or op.fn is np.random.seed:
        return True  # the random numbers drawn after it depend on it
    return not is_known(op) and not all(is_scalar_type(type_of(a)) for a in op.args)


def is_scalar_type(ty: object) -> bool:
    """Whether values of a type hold no memory that a call could change."""
    return ty is not None and isinstance(ty, types.Number | types.Boolean | types.NoneType | types.UnicodeType)


def written_by(op: Op) -> list[object]:
    """Return the arrays and lists that an operation writes into."""
    if op.fn == "call":
        return [op.args[k] for k in op.detail.writes]
    return [op.args[0]] if op.fn in WRITES or op.fn == "pop" else []


def may_be_written_by(op: Op) -> list[object]:
    """Return the arrays and lists that an operation writes into or, not being known, may write into."""
    return written_by(op) if is_known(op) else [v for v in ir.op_vars(op) if is_memory(v)]


class Aliases:
    """Which arrays may share memory, and which lists are one.

    `of` gives the class of an array: a partition, coarse, by which activity is decided; a list of arrays is in the
    class of its arrays. `roots` gives the arrays and lists that a variable may stand for or look into: parameters and
    the targets of operations that make new ones.
    """

    def __init__(self, function: Function):
        self._parent: dict[Var, Var] = {}
        self._roots: dict[Var, frozenset[Var]] = {leaf: frozenset({leaf}) for leaf, _, _ in function.leaves}
        self._inside: dict[Var, frozenset[Var]] = {}  # what may be in the lists
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
                if stmt.fn in ("list", "append"):
                    base, *items = stmt.args if stmt.fn == "append" else (stmt.target, *stmt.args)
                    changed |= any([self._put(base, x) for x in items])
                if stmt.target is not None and is_memory(stmt.target) and stmt.fn != "unpack":
                    if shares_memory(stmt):
                        changed |= self._flow(stmt.target, stmt.args[0], stmt.fn in ("getitem", "pop"))
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

    def _flow(self, target: Var, source: object, is_item: bool = False) -> bool:
        """Record that `target` may be `source`, or what is in that list; True if that was news."""
        if not isinstance(source, Var) or not is_memory(source) or not is_memory(target):
            return False
        self._unite(target, source)
        found = self.roots(source)
        if is_item:
            found = frozenset().union(*(self._inside.get(r, ()) for r in found))
        both = self.roots(target) | found
        news = both != self._roots.get(target)
        self._roots[target] = both
        return news

    def _put(self, items: Var, x: object) -> bool:
        """Record that `x` may be in a list; True if that was news."""
        if not isinstance(x, Var) or not is_memory(x):
            return False
        self._unite(items, x)
        news = False
        for r in self.roots(items):
            both = self._inside.get(r, frozenset()) | self.roots(x)
            news |= both != self._inside.get(r)
            self._inside[r] = both
        return news

    def _unite(self, v: Var, other: Var) -> None:
        a, b = self.of(v), self.of(other)
        if a is not b:
            self._parent[b] = a

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
    if op.fn in ("getitem", "pop"):  # of a list of arrays
        return is_list(op.args[0]) and is_memory(op.target)
    return op.fn == "view" or op.fn in VIEWS


def _name(op: Op) -> str:
    """Return what an operation is called in an error message."""
    if op.fn == "method":
        return f".{op.detail}()"
    return op.fn if isinstance(op.fn, str) else library_name(op.fn)


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
        if check:
            self._check_lists(function)

    def active(self, x: object) -> bool:
        """Whether an operand has a tangent and an adjoint."""
        if not isinstance(x, Var):
            return False
        key = self.aliases.of(x) if is_memory(x) else x
        return key in self.varied and key in self.useful and is_float(x)

    def is_active_call(self, op: Op) -> bool:
        """Whether an operation is a call whose result, or an array that it writes into, is active."""
        return op.fn == "call" and any(self.active(v) for v in (op.target, *written_by(op)))

    def is_varied(self, x: object) -> bool:
        return isinstance(x, Var) and (self.aliases.of(x) if is_memory(x) else x) in self.varied

    def is_useful(self, x: object) -> bool:
        return isinstance(x, Var) and (self.aliases.of(x) if is_memory(x) else x) in self.useful

    def _add(self, group: set[Var], x: object) -> bool:
        if not isinstance(x, Var) or not (is_float(x) or is_complex(x)):
            return False
        key = self.aliases.of(x) if is_memory(x) else x
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
            return [x for a in op.args for x in lists_of(a)] if op.fn is min else [x for x in op.args if is_list(x)]

        def may_be_one(x: Var, changed: Var) -> bool:
            made = definer.get(changed)
            is_newer = made is not None and made.fn == "list" and place.get(x, -1) < place[changed]
            return not is_newer and not self.aliases.roots(x).isdisjoint(self.aliases.roots(changed))

        for loop in (s for s in statements if isinstance(s, ir.For)):
            lists = lists_of(loop.stop)
            for op in ir.walk(loop.body) if lists else ():
                if isinstance(op, Op) and op.fn in ("append", "pop") and any(may_be_one(x, op.args[0]) for x in lists):
                    what = f"list.{op.fn} in a loop over the list"
                    raise UnsupportedError(at(f"{what} is not supported: use `while` and an index", *op.place))

    def _check(self, op: Op) -> None:
        """Refuse an active operation that has no derivative here."""
        if not is_known(op):
            for v in ir.op_vars(op):
                if is_memory(v) and (self.active(v) or (self.is_varied(v) and is_memory(op.target))):
                    kind = "a list" if is_list(v) else "an array"
                    remedy = "it may write into it or return a part of it; rewrite it"
                    raise UnsupportedError(at(f"{_name(op)} on {kind} is not supported: {remedy}", *op.place))
        if op.target is not None and not is_float(op.target) and not is_complex(op.target):
            if any(self.is_varied(v) for v in ir.op_vars(op)) and not is_constant_type(type_of(op.target)):
                what = f"{_name(op)}, whose result is {type_of(op.target)}, is not supported: use arrays and numbers"
                raise UnsupportedError(at(what, *op.place))
        if op.target is not None and self.active(op.target) and getattr(op.target.type, "ndim", 1) == 0:
            what = f"{_name(op)} with a 0-dimensional array as its result is not supported"
            raise UnsupportedError(at(f"{what}: use numbers, or arrays of at least one dimension", *op.place))
        target = op.target if op.target is not None else (op.args[0] if op.fn in WRITES else None)
        if target is None or not self.is_useful(target):
            return
        if not any(self.is_varied(v) for v in ir.op_vars(op)):
            return
        name = _name(op)
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        if rule is not None and rule.kind == "pointwise" and (op.kwargs or len(op.args) != rule.arity):
            what = f"{name} with other arguments than its {rule.arity} operand{'s' if rule.arity > 1 else ''}"
            raise UnsupportedError(at(f"{what} is not supported: write what it does beside the call", *op.place))
        if is_complex(target):
            raise UnsupportedError(at(f"{name} with complex numbers is not supported: use real numbers", *op.place))
        if isinstance(op.fn, str):
            known = op.fn in STRUCTURAL and not isinstance(type_of(target), types.BaseTuple)
        else:
            known = registry.find(op.fn) is not None or op.fn in ALLOCATIONS | COPIES | VIEWS
        if not known:
            remedy = "rewrite it with supported operations, or register a rule for it"
            raise UnsupportedError(at(f"the derivative of {name} is not supported: {remedy}", *op.place))
