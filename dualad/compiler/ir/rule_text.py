"""Pasting rules into derivative code: the expressions of a rule with the user's names in them, simplified.

`Pasted` takes a rule body and the texts of its arguments; it gives back only what the requested outputs depend on.
"""

from __future__ import annotations

import ast
import copy

from ...rules.registry import RuleBody

_ONE, _ZERO = (1, 1.0), (0, 0.0)


def names_in(node: ast.AST) -> set[str]:
    """Return the plain names that an expression reads."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def slice_body(body: RuleBody, outputs: list[int]) -> tuple[list[tuple[str, ast.expr]], set[str]]:
    """Return the assignments that some outputs depend on, and the free names of it all.

    The name that the value is bound to counts as free: it is the result, and the result is at hand.
    """
    value = body.value.id if isinstance(body.value, ast.Name) else None
    need = set().union(*(names_in(body.outputs[k]) for k in outputs)) if outputs else set()
    kept = []
    for name, expr in reversed(body.temps):
        if name in need and name != value:
            kept.append((name, expr))
            need |= names_in(expr)
    return kept[::-1], need


def needed(body: RuleBody, outputs: list[int]) -> tuple[set[int], bool]:
    """Return which parameters (by position) some outputs read, and whether they read the value."""
    _, need = slice_body(body, outputs)
    value = body.value.id if isinstance(body.value, ast.Name) else "value"
    return {k for k, p in enumerate(body.params) if p in need}, value in need


class _Substitute(ast.NodeTransformer):
    def __init__(self, names: dict[str, ast.expr]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.names[node.id]) if node.id in self.names else node


def substitute(expr: ast.expr, names: dict[str, ast.expr]) -> ast.expr:
    """Return an expression with names replaced, simplified."""
    return simplify(_Substitute(names).visit(copy.deepcopy(expr)))


def _value(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) and not isinstance(node.value, str) else None


def number(node: ast.expr) -> object:
    """Return the number that an expression is, or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        v = _value(node.operand)
        return None if v is None else -v
    return _value(node)


def constant(x: object) -> ast.expr:
    """Return a number as an expression."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-x)) if x < 0 else ast.Constant(x)


class _Simplify(ast.NodeTransformer):
    """Folds constants, and what 0, 1 and -1 do; never changes the value of a finite expression."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        a, b = number(node.left), number(node.right)
        op = node.op
        if a is not None and b is not None:
            try:
                folded = eval(compile(ast.Expression(ast.fix_missing_locations(node)), "", "eval"))  # noqa: S307
            except (ArithmeticError, ValueError):
                return node
            return constant(folded) if isinstance(folded, int | float) and folded == folded else node
        if isinstance(op, ast.Mult):
            if a in _ONE and a is not None:
                return node.right
            if b in _ONE and b is not None:
                return node.left
        if isinstance(op, ast.Pow) and b in _ONE and b is not None:
            return node.left
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.UnaryOp):
            if isinstance(node.operand.op, ast.USub):
                return node.operand.operand
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if all(number(n) is not None for n in [node.left, *node.comparators]):
            return ast.Constant(eval(compile(ast.Expression(ast.fix_missing_locations(node)), "", "eval")))  # noqa: S307
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        decides = isinstance(node.op, ast.Or)  # True decides an or, False an and
        kept = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                if bool(value.value) is decides:
                    return ast.Constant(decides)
            else:
                kept.append(value)
        if len(kept) < 2:
            return kept[0] if kept else ast.Constant(not decides)
        return ast.BoolOp(node.op, kept)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node


def simplify(expr: ast.expr) -> ast.expr:
    """Return a simpler expression of the same value."""
    return _Simplify().visit(expr)


def can_be_infinite(partial: ast.expr) -> bool:
    """Whether a partial divides, or raises to a power that may be negative, or calls anything, or is NaN."""
    for node in ast.walk(partial):
        if isinstance(node, ast.Call) or (isinstance(node, ast.Attribute) and node.attr in ("nan", "inf")):
            return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not number(node.right):
            return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            exponent = number(node.right)
            if exponent is None or exponent < 0:
                return True
    return False


def chosen(partial: ast.expr, factor: str, zero: str = "0.0") -> str:
    """Return the text of partial * factor where conditions say what the partial is: a choice between products."""
    if isinstance(partial, ast.IfExp):
        sides = [chosen(side, factor, zero) for side in (partial.body, partial.orelse)]
        return f"({sides[0]} if {ast.unparse(partial.test)} else {sides[1]})"
    n = number(partial)
    if n == 0:
        return zero
    sign, text = times(partial, factor)
    return guarded(partial, factor) if n is None else text if sign == "+" else f"-{text}"


def guarded(partial: ast.expr, factor: str, either: bool = True) -> str:
    """Return the text of partial * factor that is 0 where the factor is, or either is, whatever the other one."""
    return f"vmath.times({ast.unparse(partial)}, {factor})" if either else scaled(ast.unparse(partial), factor)


def scaled(x: str, y: str) -> str:
    """Return the text of x * y that is 0 where y is."""
    return f"vmath.scaled({x}, {y})"


def times(partial: ast.expr, bar: str) -> tuple[str, str]:
    """Return (sign, text) of partial * bar; the sign is "+" or "-"."""
    n = number(partial)
    if n is not None:
        if n == 1:
            return "+", bar
        if n == -1:
            return "-", bar
    sign, partial = signed(partial)
    return sign, ast.unparse(ast.BinOp(partial, ast.Mult(), ast.Name(bar, ast.Load())))


def signed(partial: ast.expr) -> tuple[str, ast.expr]:
    """Return the sign of a partial, "+" or "-", and what it is without."""
    if isinstance(partial, ast.UnaryOp) and isinstance(partial.op, ast.USub):
        return "-", partial.operand
    if (
        isinstance(partial, ast.BinOp)
        and isinstance(partial.op, ast.Mult | ast.Div)
        and isinstance(partial.left, ast.UnaryOp)
        and isinstance(partial.left.op, ast.USub)
    ):
        return "-", ast.BinOp(partial.left.operand, partial.op, partial.right)
    return "+", partial
