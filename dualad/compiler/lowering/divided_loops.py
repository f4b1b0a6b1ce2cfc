"""Loops over `prange` whose variable stands for two, the rows and the columns of an array.

An array that is written at the quotient and the remainder of the loop's variable is written at the place of the
variable in its rows put behind one another::

    for j in prange(a.size):            b, n = a.reshape(-1), a.shape[1]        (n is the divisor, or this is an error)
        r, c = j // n, j % n            for j in prange(b.size):
        a[r, c] = x[r] * y[c]               r, c = j // n, j % n
                                            b[j] = x[r] * y[c]
"""

from __future__ import annotations

import ast
import contextlib
import copy
import operator
from collections.abc import Iterator

import numpy as np
from numba import types

from ..ir import TupleOf, Var


class DividedLoops:
    """The part of `Lowering` that deals with loops over `prange` of two variables."""

    @contextlib.contextmanager
    def rows_in_line(self, loop: ast.For, assigned: set[str]) -> Iterator[ast.For]:
        """Yield a loop over prange in which arrays of rows are indexed by one variable; they are views meanwhile."""
        own = {name for name in ("divmod", "len") if self.is_pythons_own(ast.Name(name))}
        place, env = _Places(loop, assigned, own), self.frame.env
        names = [name for name in place.arrays() if self.has_rows(name, place)] if place.divisor is not None else []
        if not names:
            yield loop
            return
        known = loop.__dict__.setdefault("in_line", {})  # one tree, as what is made of it is known by the tree
        if tuple(names) not in known:
            known[tuple(names)] = _Rewritten(place, names, {*env, *assigned}).made()
        rewritten, lengths = known[tuple(names)]
        outer = {name: env[name] for name in names}
        divisor = self.operand(place.divisor)
        env.update([(name, self.operand(node)) for name, node in lengths.items()])
        for name in names:
            env[name] = self.in_line(name, divisor, place.divisor, loop)
        yield rewritten
        env.update(outer)
        for name in lengths:
            del env[name]

    def has_rows(self, name: str, place: _Places) -> bool:
        """Whether a name is of an array whose rows stand behind one another in memory, in this function alone."""
        x = self.frame.env.get(name)
        if not isinstance(x, Var) or name in self.frame.cells or name in self.frame.nonlocals:
            return False
        known = self.type_if_known(x, place.divisor)
        is_integer = isinstance(self.type_of(self.operand(place.divisor), place.divisor), types.Integer)
        return is_integer and isinstance(known, types.Array) and known.ndim > 1 and known.layout == "C"

    def in_line(self, name: str, divisor: object, node: ast.expr, loop: ast.For) -> Var:
        """Return a view of an array with its first two axes as one, where the second is as long as the divisor."""
        x = self.frame.env[name]
        rows, columns, *rest = self.sizes_of(x, self.type_of(x, loop).ndim, loop)
        message = f"a loop over prange divides by {ast.unparse(node)}, which is not {name}.shape[1]"
        self.must_be(self.operation(operator.eq, (columns, divisor), loop), message, loop)
        count = self.operation(operator.mul, (rows, columns), loop)
        return self.emit(np.reshape, (x, TupleOf((count, *rest))), loop, name)


class _Places:
    """Where a loop's variable stands for a row and a column: what it is divided by, and the arrays indexed by both."""

    def __init__(self, loop: ast.For, assigned: set[str], own: set[str]):
        self.loop, self.assigned, self.own = loop, assigned, own
        nodes = [n for s in loop.body for n in ast.walk(s)]
        stored = [n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
        once = {name for name in stored if stored.count(name) == 1}
        self.meanings = {name: x for s in loop.body for name, x in self.assignments(s) if name in once}
        self.subscripts = [n for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)]
        self.divisor = None
        if loop.target.id in stored:
            return
        for n in self.subscripts:
            divisor = self.divided_by(n)
            if isinstance(n.ctx, ast.Store) and divisor is not None:
                self.divisor = divisor
                return

    def assignments(self, s: ast.stmt) -> list[tuple[str, ast.expr]]:
        """Return the names that a statement assigns, with the values."""
        if not isinstance(s, ast.Assign) or len(s.targets) != 1:
            return []
        target, value = s.targets[0], s.value
        if isinstance(target, ast.Name):
            return [(target.id, value)]
        if not isinstance(target, ast.Tuple) or not all(isinstance(t, ast.Name) for t in target.elts):
            return []
        values = value.elts if isinstance(value, ast.Tuple) else []
        if "divmod" in self.own and _calls(value, "divmod", 2):
            values = [ast.BinOp(value.args[0], op, value.args[1]) for op in (ast.FloorDiv(), ast.Mod())]
        return [(t.id, x) for t, x in zip(target.elts, values, strict=True)] if len(values) == len(target.elts) else []

    def divided_by(self, n: ast.Subscript) -> ast.expr | None:
        """Return n of x[j // n, j % n]."""
        if not isinstance(n.slice, ast.Tuple) or len(n.slice.elts) < 2:
            return None
        row, column = (self.meanings.get(x.id, x) if isinstance(x, ast.Name) else x for x in n.slice.elts[:2])
        divisors = [self.divisor_of(row, ast.FloorDiv), self.divisor_of(column, ast.Mod)]
        if None in divisors or ast.dump(divisors[0]) != ast.dump(divisors[1]):
            return None
        return divisors[0]

    def divisor_of(self, x: ast.expr, kind: type) -> ast.expr | None:
        is_one = isinstance(x, ast.BinOp) and isinstance(x.op, kind) and isinstance(x.left, ast.Name)
        if not is_one or x.left.id != self.loop.target.id or not self.is_unchanging(x.right):
            return None
        return x.right

    def is_unchanging(self, x: ast.expr) -> bool:
        """Whether an expression is a number that the loop cannot change."""
        if isinstance(x, ast.Constant):
            return type(x.value) is int and x.value > 0
        return (isinstance(x, ast.Name) and x.id not in self.assigned) or self.is_length(x)

    def is_length(self, x: ast.AST) -> bool:
        """Whether an expression is x.size, x.shape[1] or len(x) of an array that has one meaning in the loop."""
        if isinstance(x, ast.Subscript) and isinstance(x.slice, ast.Constant) and isinstance(x.value, ast.Attribute):
            x = x.value if x.value.attr == "shape" else x
        elif not (isinstance(x, ast.Attribute) and x.attr == "size"):
            is_len = "len" in self.own and _calls(x, "len", 1)
            return is_len and isinstance(x.args[0], ast.Name) and x.args[0].id not in self.assigned
        return isinstance(x, ast.Attribute) and isinstance(x.value, ast.Name) and x.value.id not in self.assigned

    def is_place(self, n: ast.AST) -> bool:
        if not isinstance(n, ast.Subscript):
            return False
        found = self.divided_by(n)
        return found is not None and ast.dump(found) == ast.dump(self.divisor)

    def arrays(self) -> list[str]:
        """Return the names of arrays that are written there, and used nowhere else."""
        written = {n.value.id for n in self.subscripts if isinstance(n.ctx, ast.Store) and self.is_place(n)}
        uses = {name: 0 for name in sorted(written - self.assigned)}
        stack = list(self.loop.body)
        while stack:
            n = stack.pop()
            if self.is_length(n):
                continue
            if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and self.is_place(n):
                stack.append(n.slice)
                continue
            if isinstance(n, ast.Name) and n.id in uses:
                uses[n.id] += 1
            stack += ast.iter_child_nodes(n)
        return [name for name, count in uses.items() if not count]


def _calls(x: ast.AST, name: str, count: int) -> bool:
    is_call = isinstance(x, ast.Call) and isinstance(x.func, ast.Name) and x.func.id == name
    return is_call and len(x.args) == count and not x.keywords


class _Rewritten(ast.NodeTransformer):
    """Make a loop with a[j] for a[j // n, j % n], and with names for the lengths of these arrays."""

    def __init__(self, place: _Places, names: list[str], taken: set[str]):
        self.place, self.names, self.taken = place, names, taken
        self.lengths: dict[str, ast.expr] = {}

    def made(self) -> tuple[ast.For, dict[str, ast.expr]]:
        """Return the loop, and the lengths by name."""
        self.taken |= {n.id for n in ast.walk(self.place.loop) if isinstance(n, ast.Name)}
        loop = copy.copy(self.place.loop)
        loop.__dict__ = {k: v for k, v in loop.__dict__.items() if k not in ("chunks", "in_line")}
        loop.body = [self.visit(copy.deepcopy(s)) for s in loop.body]
        return loop, self.lengths

    def visit(self, node: ast.AST) -> ast.AST:
        if self.place.is_length(node) and any(n.id in self.names for n in ast.walk(node) if isinstance(n, ast.Name)):
            name = f"length{len(self.lengths)}"
            while name in self.taken:
                name += "_"
            self.taken.add(name)
            self.lengths[name] = node
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in self.names:
            rest = [self.visit(x) for x in node.slice.elts[2:]]
            j = ast.copy_location(ast.Name(self.place.loop.target.id, ast.Load()), node)
            node.slice = ast.copy_location(ast.Tuple([j, *rest], ast.Load()), node) if rest else j
            return node
        return self.generic_visit(node)
