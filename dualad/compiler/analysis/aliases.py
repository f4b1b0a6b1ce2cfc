"""Which arrays may share memory."""

from __future__ import annotations

from .. import ir
from ..ir import Function, If, Op, Var, boundary
from ..ir.effects import may_be_written_by, mixes, shares_memory
from ..ir.kinds import is_memory, is_reference


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
                    if shares_memory(stmt) and isinstance(stmt.args[0], Var):  # not a view of a captured array
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
