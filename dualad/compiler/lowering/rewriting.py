"""Statements that are written with others, before control flow is made structured: match, with, try.

match       a chain of branches on the subject
with        the context by itself (`Statements` says which have no effect here), then its body
try         a loop of one trip that a raise breaks out of, then the handler under a flag::

    try:                                .raised1 = False
        if v < 0.5:                     for .once1 in range(1):
            raise ValueError                if v < 0.5: .raised1 = True; break
        y = 1.0 / v                         if .is_zero(v): .raised1 = True; break
    except Exception:                       y = 1.0 / v
        y = 0.0                         if .raised1: y = 0.0

An exception is caught where the try block itself raises it, or divides by zero. What is called in the block must not
raise: that is refused when it is lowered (`Lowering.raise_`).
"""

from __future__ import annotations

import ast
import copy
import itertools

from ...errors import UnsupportedError, at

ONCE, IS_ZERO = ".once", ".is_zero"
_ANY = ("Exception", "BaseException", "ArithmeticError")
_DOMAIN = ("ValueError", "OverflowError")
_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)
_SOMETIMES = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.ListComp, ast.GeneratorExp)


class Rewriter:
    """Rewrites the statements of one function."""

    def __init__(self, filename: str | None):
        self.filename = filename
        self.serial = itertools.count(1)

    def fail(self, node: ast.AST, what: str, remedy: str) -> UnsupportedError:
        return UnsupportedError(at(f"{what} is not supported: {remedy}", self.filename, getattr(node, "lineno", None)))

    def block(self, stmts: list[ast.stmt]) -> list[ast.stmt]:
        return [new for s in stmts for new in self.statement(s)]

    def statement(self, s: ast.stmt) -> list[ast.stmt]:
        if isinstance(s, ast.Match):
            return self.match(s)
        if isinstance(s, ast.With):
            return [ast.copy_location(ast.With(s.items, [ast.copy_location(ast.Pass(), s)]), s), *self.block(s.body)]
        if isinstance(s, ast.Try):
            return self.try_(s)
        if isinstance(s, ast.If | ast.For | ast.While):
            new = copy.copy(s)
            new.body, new.orelse = self.block(s.body), self.block(s.orelse)
            return [new]
        return [s]

    # ---------------------------------------------------------------- match

    def match(self, s: ast.Match) -> list[ast.stmt]:
        name = f".subject{next(self.serial)}"

        def subject() -> ast.expr:
            return ast.copy_location(ast.Name(name, ast.Load()), s)

        first = ast.Assign([ast.Name(name, ast.Store())], s.subject)
        orelse: list[ast.stmt] = []
        for case in reversed(s.cases):
            captured: dict[str, ast.expr] = {}
            test = self.pattern(case.pattern, subject(), captured)
            if case.guard is not None:
                guard = _Substituted(captured).visit(copy.deepcopy(case.guard)) if captured else case.guard
                test = guard if test is None else ast.BoolOp(ast.And(), [test, guard])
            body = [ast.Assign([ast.Name(k, ast.Store())], v) for k, v in captured.items()]
            body = [*(ast.copy_location(b, case.body[0]) for b in body), *self.block(case.body)]
            orelse = body if test is None else [ast.copy_location(ast.If(test, body, orelse), case.body[0])]
        return [ast.fix_missing_locations(ast.copy_location(x, s)) for x in (first, *orelse)]

    def pattern(self, p: ast.pattern, subject: ast.expr, captured: dict[str, ast.expr]) -> ast.expr | None:
        """Return the test that a value matches a pattern, None if it always does; the names that it binds are added."""
        if isinstance(p, ast.MatchValue):
            return ast.Compare(subject, [ast.Eq()], [p.value])
        if isinstance(p, ast.MatchSingleton):
            return ast.Compare(subject, [ast.Is()], [ast.Constant(p.value)])
        if isinstance(p, ast.MatchAs):
            test = None if p.pattern is None else self.pattern(p.pattern, subject, captured)
            if p.name is not None:
                captured[p.name] = subject
            return test
        if isinstance(p, ast.MatchOr):
            tests = [self.pattern(q, subject, captured) for q in p.patterns]
            return None if None in tests else ast.BoolOp(ast.Or(), tests)
        if isinstance(p, ast.MatchSequence) and not any(isinstance(q, ast.MatchStar) for q in p.patterns):
            length = _call(".len", subject)
            tests: list = [ast.Compare(length, [ast.Eq()], [ast.Constant(len(p.patterns))])]
            for k, q in enumerate(p.patterns):
                tests.append(self.pattern(q, ast.Subscript(subject, ast.Constant(k), ast.Load()), captured))
            tests = [t for t in tests if t is not None]
            return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
        raise self.fail(p, f"the pattern {ast.unparse(p)!r}", "match values, names and tuples, or write if and elif")

    # ---------------------------------------------------------------- try

    def try_(self, s: ast.Try) -> list[ast.stmt]:
        ways_out = [n for n in _own(s) if isinstance(n, ast.Return | ast.Break | ast.Continue)]
        if s.finalbody and ways_out:
            raise self.fail(ways_out[0], "leaving a try block that has a finally", "leave the function behind it")
        if not s.handlers:
            if any(isinstance(n, ast.Raise) for n in _own(s)):
                raise self.fail(s, "raise in a try block with finally alone", "test before, or leave out the finally")
            return [*self.block(s.body), *self.block(s.finalbody)]
        if len(s.handlers) > 1:
            raise self.fail(s.handlers[1], "a second except", "write one `except Exception`, as Numba wants it")
        handler = s.handlers[0]
        self.check_handler(handler, s)
        k = next(self.serial)
        flag, broke, continued = f".raised{k}", f".left{k}", f".went{k}"
        body = self.jumps(self.block(s.body), (flag, broke, continued), 0)
        once = ast.For(ast.Name(f"{ONCE}{k}", ast.Store()), _call(".range", ast.Constant(1)), body, [])
        after = ast.If(ast.Name(flag, ast.Load()), self.block(handler.body), self.block(s.orelse))
        out: list[ast.stmt] = [_set(name, False) for name in (flag, broke, continued)]
        out += [once, after]
        kinds = {type(n) for n in ways_out}
        if ast.Break in kinds:
            out.append(ast.If(ast.Name(broke, ast.Load()), [ast.Break()], []))
        if ast.Continue in kinds:
            out.append(ast.If(ast.Name(continued, ast.Load()), [ast.Continue()], []))
        out += self.block(s.finalbody)
        return [ast.fix_missing_locations(ast.copy_location(x, s)) for x in out]

    def check_handler(self, handler: ast.ExceptHandler, s: ast.Try) -> None:
        """Refuse to catch what only part of the exceptions of a block are, unless that is seen in the text."""
        named = "" if handler.type is None else ast.unparse(handler.type)
        if named in ("", *_ANY):
            return
        raised = {ast.unparse(n.exc.func if isinstance(n.exc, ast.Call) else n.exc) for n in _own(s) if _raises(n)}
        divides = any(isinstance(n, ast.BinOp | ast.AugAssign) and isinstance(n.op, _DIVISIONS) for n in _own(s))
        if raised - {named} or (divides and named != "ZeroDivisionError"):
            raise self.fail(handler, f"except {named} around other exceptions", "catch Exception")
        calls = [n for n in _own(s) if isinstance(n, ast.Call)]
        if named not in ("ZeroDivisionError", *raised) or (named in _DOMAIN and any(map(_is_mathematical, calls))):
            remedy = "test before: native code raises nothing there"
            raise self.fail(handler, f"except {named} around what the block does not raise itself", remedy)

    def jumps(self, stmts: list[ast.stmt], flags: tuple[str, str, str], depth: int) -> list[ast.stmt]:
        """Return statements whose raises leave the loop around them; at depth 0 break and continue do so, too."""
        out: list[ast.stmt] = []
        for s in stmts:
            checks = self.zero_checks(s, flags[0])
            out += checks
            if isinstance(s, ast.Raise):
                return [*out, _like(_set(flags[0], True), s), _like(ast.Break(), s)]
            if isinstance(s, ast.Break | ast.Continue) and depth == 0:
                flag = flags[1 + isinstance(s, ast.Continue)]
                return [*out, _like(_set(flag, True), s), _like(ast.Break(), s)]
            if isinstance(s, ast.If | ast.For | ast.While):
                is_loop = not isinstance(s, ast.If)
                new = copy.copy(s)
                new.body = self.jumps(s.body, flags, depth + is_loop)
                new.orelse = self.jumps(s.orelse, flags, depth)
                out.append(new)
                if is_loop:
                    out.append(_like(ast.If(ast.Name(flags[0], ast.Load()), [_like(ast.Break(), s)], []), s))
            else:
                out.append(s)
        return out

    def zero_checks(self, s: ast.stmt, flag: str) -> list[ast.stmt]:
        """Return statements that leave the block where the statement would divide by zero."""
        if isinstance(s, ast.For):
            around: list[ast.AST] = [s.iter]
        elif isinstance(s, ast.If | ast.While):
            around = [s.test]
        else:
            around = [s]
        found = []
        for n in (n for a in around for n in ast.walk(a)):
            if isinstance(n, ast.BinOp | ast.AugAssign) and isinstance(n.op, _DIVISIONS):
                by = n.right if isinstance(n, ast.BinOp) else n.value
                if not (isinstance(by, ast.Constant) and by.value):
                    found.append(by)
        unsure = isinstance(s, ast.While) or any(isinstance(n, _SOMETIMES) for a in around for n in ast.walk(a))
        for by in found:
            if unsure or any(isinstance(n, ast.Call | ast.NamedExpr) for n in ast.walk(by)):
                what = f"division by {ast.unparse(by)} in a try block"
                raise self.fail(s, what, "compute what is divided by in a statement before")
        leave = [_like(_set(flag, True), s), _like(ast.Break(), s)]
        return [_like(ast.If(_call(IS_ZERO, by), copy.copy(leave), []), s) for by in found]


class _Substituted(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, values: dict[str, ast.expr]):
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def _own(s: ast.Try) -> list[ast.AST]:
    """Return the nodes of the block of a try statement, without those of functions defined inside."""
    todo, out = list(s.body), []
    while todo:
        node = todo.pop()
        out.append(node)
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))
    return out


def _raises(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and node.exc is not None


def _is_mathematical(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute | ast.Name) and ast.unparse(call.func).startswith("math.")


def _set(name: str, value: bool) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], ast.Constant(value))


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def _like(new: ast.stmt, s: ast.stmt) -> ast.stmt:
    return ast.fix_missing_locations(ast.copy_location(new, s))
