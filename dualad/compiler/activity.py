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
from . import boundary, ir
from .boundary import leaves_objects_alone, touches_object
from .infer import is_complex, is_constant_type, is_float, is_list, is_memory, is_object, is_reference, type_of
from .ir import Function, If, Op, Var
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

WRITES = ("setitem", "augitem", "setattr", "inplace", "assign", "append")
EFFECTS = ("raise", "pop", print, check_no_overlap)
"""What else does more than define a target."""
STRUCTURAL = frozenset({"getitem", "view", "unpack", "pack", "call", "item", "list", "pop", *WRITES})


def is_known(op: Op) -> bool:
    """Whether the compiler knows what an operation does to the memory of its arguments."""
    if isinstance(op.fn, registry.OwnRule) or op.fn == "call":
        return True
    if touches_object(op):
        return leaves_objects_alone(op)
    if isinstance(op.fn, str):
        return op.fn != "method" and (op.fn != "attr" or boundary.is_modelled_attribute(op.detail))
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
    if is_known(op):
        return False
    if op.target is None or op.target.type is None or boundary.is_foreign(op):
        return True  # Numba has not been asked yet whether there is such a thing, or nothing is known of it
    return not all(is_scalar_type(type_of(a)) for a in op.args)


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
    return written_by(op) if is_known(op) else [v for v in ir.op_vars(op) if is_reference(v)]


def mixes(op: Op) -> bool:
    """Whether what an operation refers to may be handed on in ways that nobody knows."""
    if isinstance(op.fn, registry.OwnRule) or op.fn == "call":
        return False
    return touches_object(op) or not is_known(op)


class Aliases:
    """Which arrays may share memory, and which lists are one.

    `of` gives the class of an array: a partition, coarse, by which activity is decided; a list of arrays is in the
    class of its arrays. `roots` gives the arrays and lists that a variable may stand for or look into: parameters and
    the targets of operations that make new ones. Objects that the compiler does not model count as memory, too.
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
                if mixes(stmt):
                    changed |= self._mix(stmt)
                elif stmt.target is not None and is_memory(stmt.target) and stmt.fn != "unpack":
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

    def _mix(self, op: Op) -> bool:
        """Record that the references of an operation may be handed on among each other; True if that was news."""
        inside = [v for v in ir.op_vars(op) if is_reference(v)]
        outside = [op.target] if is_reference(op.target) else []
        both = frozenset(outside).union(*(self.roots(v) for v in inside))
        taking = outside if op.fn in boundary.READS else [*outside, *inside]
        for v in (*inside, *outside):
            self._unite((*inside, *outside)[0], v)
        news = any(not both <= self.roots(v) for v in taking)
        self._roots.update((v, both | self.roots(v)) for v in taking)
        return news

    def _flow(self, target: Var, source: object, is_item: bool = False) -> bool:
        """Record that `target` may be `source`, or what is in that list; True if that was news."""
        if not isinstance(source, Var) or not is_reference(source) or not is_reference(target):
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
}


def _name(op: Op) -> str:
    """Return what an operation is called in an error message."""
    if op.fn == "method":
        return f".{op.detail}()"
    if op.fn in _NAMES:
        return _NAMES[op.fn].format(op.detail)
    return op.fn if isinstance(op.fn, str) else library_name(op.fn)


def _without_derivative(op: Op) -> UnsupportedError:
    remedy = "rewrite it with supported operations, or register a rule for it"
    return UnsupportedError(at(f"the derivative of {_name(op)} is not supported: {remedy}", *op.place))


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
                    what = f"{_name(op) if op.fn == 'method' else f'list.{op.fn}'} in a loop over the list"
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
                raise boundary.refuse_value(op, _name(op), x)
        for op, x in touching:
            if self.is_varied(x):
                raise boundary.refuse_value(op, _name(op), x)
            for leaf in given:
                if any(leaf in self.aliases.roots(v) for v in may_be_written_by(op)):
                    raise boundary.refuse_change(op, _name(op), leaf)

    def _check(self, op: Op) -> None:
        """Refuse an active operation that has no derivative here."""
        if not is_known(op):
            for v in ir.op_vars(op):
                if is_memory(v) and (self.active(v) or (self.is_varied(v) and is_memory(op.target))):
                    kind = "a list" if is_list(v) else "an array"
                    remedy = "it may write into it or return a part of it; rewrite it"
                    raise UnsupportedError(at(f"{_name(op)} on {kind} is not supported: {remedy}", *op.place))
            if boundary.is_foreign(op) and any(map(self.is_varied, ir.op_vars(op))):
                raise _without_derivative(op)
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
        if is_complex(target):
            raise UnsupportedError(at(f"{name} with complex numbers is not supported: use real numbers", *op.place))
        if isinstance(op.fn, str):
            known = op.fn in STRUCTURAL and not isinstance(type_of(target), types.BaseTuple)
        else:
            known = registry.find(op.fn) is not None or op.fn in ALLOCATIONS | COPIES | VIEWS
        if not known:
            raise _without_derivative(op)
