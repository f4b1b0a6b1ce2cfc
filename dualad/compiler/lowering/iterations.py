"""What the iterations of a `prange` loop do with variables: which are an iteration's own, and which all contribute to.

    for i in prange(n):
        d = x[i] - m            d is assigned before it is read: each iteration has its own
        s += d * d              s is read first, and only ever added to: a sum of contributions
        last = d if i else s    s would be read here, too: what it is would depend on the order of the iterations

Numba knows the same sums and products, max and min. Whatever else is handed from one iteration to the next has no
meaning on several threads.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

_WAYS_OUT = (ast.Continue, ast.Break, ast.Return, ast.Raise)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_COMBINING = {ast.Add: "sum", ast.Sub: "sum", ast.Mult: "product", ast.Div: "product"}


def read_first(loop: ast.For, assigned: set[str]) -> dict[str, ast.AST]:
    """Return which of the names that a loop assigns may be read in an iteration before it has assigned them.

    Each comes with the first node that reads it.
    """
    found = _Reads(assigned)
    found.block(loop.body, {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)})
    return found.first


def reduction(loop: ast.For, name: str, is_builtin: Callable[[ast.expr], bool]) -> str | None:
    """Return how the iterations contribute to a name: by "sum", "product", "max" or "min"; None if by none of these.

    `is_builtin` tells whether a callee is Python's own max or min.
    """
    kinds = {}
    uses = sum(isinstance(n, ast.Name) and n.id == name for s in loop.body for n in ast.walk(s))
    for node in (n for s in loop.body for n in ast.walk(s)):
        kind = _contribution(node, name, is_builtin)
        if kind is not None:
            kinds.setdefault(kind, []).append(2 if isinstance(node, ast.Assign) else 1)
    if len(kinds) != 1:
        return None
    ((kind, counts),) = kinds.items()
    return kind if sum(counts) == uses else None


def _contribution(node: ast.AST, name: str, is_builtin: Callable[[ast.expr], bool]) -> str | None:
    """Return what kind of contribution to a name a statement is."""

    def is_it(x: ast.expr) -> bool:
        return isinstance(x, ast.Name) and x.id == name

    if isinstance(node, ast.AugAssign) and is_it(node.target):
        return _COMBINING.get(type(node.op))
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and is_it(node.targets[0])):
        return None
    value = node.value
    if isinstance(value, ast.BinOp) and (
        is_it(value.left) or (is_it(value.right) and isinstance(value.op, ast.Add | ast.Mult))
    ):
        return _COMBINING.get(type(value.op))
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("max", "min"):
        if len(value.args) == 2 and not value.keywords and any(map(is_it, value.args)) and is_builtin(value.func):
            return value.func.id
    return None


class _Reads:
    """Goes through an iteration in order; `first` gets the names that are read where they may not be assigned yet."""

    def __init__(self, assigned: set[str]):
        self.assigned = assigned
        self.first: dict[str, ast.AST] = {}

    def block(self, stmts: list[ast.stmt], known: set[str]) -> set[str] | None:
        """Return the names that are assigned behind some statements; None if no way leads there."""
        for s in stmts:
            after = self.statement(s, known)
            if after is None:
                return None
            known = after
        return known

    def statement(self, s: ast.stmt, known: set[str]) -> set[str] | None:
        if isinstance(s, ast.If):
            self.read(s.test, known)
            sides = [self.block(side, set(known)) for side in (s.body, s.orelse)]
            sides = [side for side in sides if side is not None]
            return set.intersection(*sides) if sides else None
        if isinstance(s, ast.For | ast.While):
            self.read(s.iter if isinstance(s, ast.For) else s.test, known)
            inside = set(known) | (_bound(s.target) if isinstance(s, ast.For) else set())
            self.block(s.body, inside)
            self.block(s.orelse, set(known))
            return known
        if isinstance(s, ast.With):
            for item in s.items:
                self.read(item.context_expr, known)
            return self.block(s.body, known)
        if isinstance(s, ast.AugAssign):
            self.read(s.target, known)
            if isinstance(s.target, ast.Name):
                self.note(s.target, known)
        parts = [s] if not isinstance(s, ast.Assign) else [s.value, *s.targets]
        for part in parts:
            self.read(part, known)
        if isinstance(s, _WAYS_OUT):
            return None
        if isinstance(s, ast.FunctionDef):
            return known | {s.name}
        if isinstance(s, ast.Try | ast.Match):
            return known
        return known | _bound(s)

    def read(self, node: ast.AST, known: set[str]) -> None:
        for name in _names(node, set()):
            self.note(name, known)

    def note(self, name: ast.Name, known: set[str]) -> None:
        if name.id in self.assigned and name.id not in known:
            self.first.setdefault(name.id, name)


def _bound(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _names(node: ast.AST, hidden: set[str]) -> Iterator[ast.Name]:
    """Yield the names that a node reads, without those that belong to comprehensions and functions in it."""
    if isinstance(node, _COMPREHENSIONS):
        hidden = hidden | {n for g in node.generators for n in _bound(g.target)}
    if isinstance(node, ast.Lambda | ast.FunctionDef):
        hidden = hidden | {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in hidden:
            yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _names(child, hidden)
