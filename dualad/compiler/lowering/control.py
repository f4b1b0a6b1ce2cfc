"""Structured control flow: break, continue and early return become flags and nested branches.

Works on the syntax tree, before lowering. After it a statement list has no jump left::

    for i in range(n):                .broke = False
        if a[i] > 1:                  for i in range(n):        # loop.exit = .broke
            break                         if a[i] > 1: .broke = True
        s += a[i]                         else: s += a[i]

The flags have names that no user can write (they begin with a dot). What a guard does not need is removed later as
dead code, and a flag that merely repeats a test becomes that test.

A branch in the `else` of another is as deep as the chain is long, and Python reads no text of a hundred levels. So a
chain of more than `DEEPEST` branches goes on behind these, under a flag.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .rewriting import Rewriter

RETURNED = ".returned"
RETURN_VALUE = ".result"
DEEPEST = 16


@dataclass
class _Loop:
    broke: str
    continued: str


def _name(name: str, ctx: ast.expr_context | None = None) -> ast.Name:
    return ast.Name(name, ctx or ast.Load())


def _set(name: str, value: ast.expr, like: ast.AST) -> ast.Assign:
    return ast.copy_location(ast.Assign([ast.copy_location(_name(name, ast.Store()), like)], value), like)


def _escapes(stmts: list[ast.stmt]) -> set[str]:
    """Return which of return, break, continue can leave the statements."""
    found: set[str] = set()
    for s in stmts:
        if isinstance(s, ast.Return | ast.Break | ast.Continue):
            found.add(type(s).__name__)
        elif isinstance(s, ast.If):
            found |= _escapes(s.body) | _escapes(s.orelse)
        elif isinstance(s, ast.For | ast.While):
            found |= (_escapes(s.body) & {"Return"}) | _escapes(s.orelse)
    return found


def _always_leaves(stmts: list[ast.stmt]) -> bool:
    """Whether every way through the statements ends in a return, break or continue."""
    for s in stmts:
        if isinstance(s, ast.Return | ast.Break | ast.Continue):
            return True
        if isinstance(s, ast.If) and s.orelse and _always_leaves(s.body) and _always_leaves(s.orelse):
            return True
    return False


class _Structurer:
    def __init__(self) -> None:
        self.loops = 0
        self.chains = 0

    def block(self, stmts: list[ast.stmt], loop: _Loop | None) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        ways_out = [k for k, s in enumerate(stmts) if _escapes([s])]
        if len(ways_out) > DEEPEST:
            starts = [0, *(k + 1 for k in ways_out[DEEPEST - 1 : -1 : DEEPEST])]
            for k, end in zip(starts, [*starts[1:], len(stmts)], strict=True):
                part = self.block(stmts[k:end], loop)
                if k:
                    test = self.none_of(self.flags(_escapes(stmts[:k]), loop))
                    part = [ast.copy_location(ast.If(test, part, []), stmts[k])]
                out += part
            return out
        for k, s in enumerate(stmts):
            rest = stmts[k + 1 :]
            if isinstance(s, ast.Return):
                value = s.value or ast.copy_location(ast.Constant(None), s)
                return [*out, _set(RETURN_VALUE, value, s), _set(RETURNED, ast.Constant(True), s)]
            if isinstance(s, ast.Break):
                return [*out, _set(loop.broke, ast.Constant(True), s)]
            if isinstance(s, ast.Continue):
                return [*out, _set(loop.continued, ast.Constant(True), s)]
            leaves = _escapes([s])
            if isinstance(s, ast.If):
                if leaves and _always_leaves(s.body):
                    return [*out, self.branch(s, s.body, s.orelse + rest, loop)]
                if leaves and s.orelse and _always_leaves(s.orelse):
                    return [*out, self.branch(s, s.body + rest, s.orelse, loop)]
                out.extend(self.chain(s, loop))
            elif isinstance(s, ast.For | ast.While):
                out.extend(self.loop(s, loop))
            else:
                out.append(s)
            if leaves and rest:
                flags = self.flags(leaves, loop)
                guard = ast.If(self.none_of(flags), self.block(rest, loop), [])
                return [*out, ast.copy_location(guard, rest[0])]
        return out

    def branch(self, s: ast.If, then: list, orelse: list, loop: _Loop | None) -> ast.If:
        return ast.copy_location(ast.If(s.test, self.block(then, loop), self.block(orelse, loop)), s)

    def chain(self, s: ast.If, loop: _Loop | None) -> list[ast.stmt]:
        """Return a branch; where it is a chain that is too long, its end under a flag."""
        last, length = s, 1
        while length < DEEPEST and len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
            last, length = last.orelse[0], length + 1
        if length < DEEPEST or not last.orelse:
            return [self.branch(s, s.body, s.orelse, loop)]
        self.chains += 1
        open_ = f".open{self.chains}"
        after = last.orelse
        last.orelse = [_set(open_, ast.Constant(True), last)]
        try:
            first = self.branch(s, s.body, s.orelse, loop)
        finally:
            last.orelse = after
        rest = ast.copy_location(ast.If(_name(open_), self.block(after, loop), []), after[0])
        return [_set(open_, ast.Constant(False), s), first, rest]

    @staticmethod
    def flags(leaves: set[str], loop: _Loop | None) -> list[str]:
        names = []
        if "Break" in leaves:
            names.append(loop.broke)
        if "Continue" in leaves:
            names.append(loop.continued)
        if "Return" in leaves:
            names.append(RETURNED)
        return names

    @staticmethod
    def any_of(flags: list[str]) -> ast.expr:
        test: ast.expr = _name(flags[0])
        for f in flags[1:]:
            test = ast.BinOp(test, ast.BitOr(), _name(f))
        return test

    def none_of(self, flags: list[str]) -> ast.expr:
        return ast.UnaryOp(ast.Not(), self.any_of(flags))

    def loop(self, s: ast.For | ast.While, outer: _Loop | None) -> list[ast.stmt]:
        self.loops += 1
        inner = _Loop(f".broke{self.loops}", f".continued{self.loops}")
        leaves = _escapes(s.body)
        body = self.block(s.body, inner)
        before = []
        if "Continue" in leaves:
            body.insert(0, _set(inner.continued, ast.Constant(False), s))
        if "Break" in leaves:
            before.append(_set(inner.broke, ast.Constant(False), s))
        ways_out = self.flags(leaves - {"Continue"}, inner)
        if isinstance(s, ast.For):
            new: ast.For | ast.While = ast.For(s.target, s.iter, body, [])
        else:
            new = ast.While(s.test, body, [])
        new.exit = self.any_of(ways_out) if ways_out else None  # read by the lowering
        out = [*before, ast.copy_location(new, s)]
        if s.orelse:
            orelse = self.block(s.orelse, outer)
            if ways_out:
                out.append(ast.copy_location(ast.If(self.none_of(ways_out), orelse, []), s))
            else:
                out.extend(orelse)
        return out


def _falls_through(stmts: list[ast.stmt]) -> bool:
    """Whether control can reach the end of the statements."""
    if not stmts:
        return True
    last = stmts[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Break | ast.Continue):
        return False
    if isinstance(last, ast.If):
        return _falls_through(last.body) or _falls_through(last.orelse)
    if isinstance(last, ast.While) and isinstance(last.test, ast.Constant) and last.test.value:
        return "Break" in _escapes(last.body)
    if isinstance(last, ast.For | ast.While) and last.orelse:
        return "Break" in _escapes(last.body) or _falls_through(last.orelse)
    return True


def structure(node: ast.FunctionDef | ast.Lambda, filename: str | None = None) -> list[ast.stmt]:
    """Return the body of a function without jumps; the result is left in `RETURN_VALUE`."""
    if isinstance(node, ast.Lambda):
        return [_set(RETURN_VALUE, node.body, node.body)]
    given = node.body
    if any(isinstance(n, ast.Match | ast.With | ast.Try) for n in own_nodes(given)):
        given = Rewriter(filename).block(given)
    returns = [n for n in own_nodes(given) if isinstance(n, ast.Return) and n.value is not None]
    body = _Structurer().block(given, None)
    body.insert(0, _set(RETURNED, ast.Constant(False), node))
    if not returns:
        body.insert(0, _set(RETURN_VALUE, ast.Constant(None), node))
    elif _falls_through(given):
        message = f"{node.name} ended without a return value"
        call = ast.Call(ast.Name(".TypeError", ast.Load()), [ast.Constant(message)], [])
        guard = ast.If(ast.UnaryOp(ast.Not(), _name(RETURNED)), [ast.Raise(call)], [])
        body.append(ast.copy_location(guard, node.body[-1]))
    return [ast.fix_missing_locations(s) for s in body]


def own_nodes(stmts: list[ast.stmt]):
    """Yield the nodes of the statements, without those of functions defined inside."""
    todo: list[ast.AST] = list(stmts)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))


def assigned_names(nodes: list[ast.AST]) -> list[str]:
    """Return the names that the nodes bind in their own scope, in order of first appearance."""
    names: dict[str, None] = {}

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = None
            return
        if isinstance(node, ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.DictComp):
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names[node.id] = None
        for child in ast.iter_child_nodes(node):
            visit(child)

    for node in nodes:
        visit(node)
    return list(names)
