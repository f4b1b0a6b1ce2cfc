"""By which pairs of its arguments a pointwise primitive has a second derivative, from the text of its rule.

A partial that mentions an argument may change with it. What only decides between two partials (the test of a
conditional expression, a sign) does not count: between its jumps it is constant.
"""

from __future__ import annotations

import ast
import functools
import operator

from ...rules import registry
from ...rules.registry import Rule, RuleBody


@functools.cache
def interactions(rule: Rule) -> frozenset[tuple[int, int]]:
    """Return the pairs of arguments (j <= k) of a pointwise rule whose mixed second derivative may not be zero."""
    body = rule.body
    place = {p: k for k, p in enumerate(body.params[: rule.arity])}
    pairs = set()
    for k, partial in enumerate(body.outputs):
        pairs |= {(min(j, k), max(j, k)) for j in (place[name] for name in _mentioned(partial, body) if name in place)}
    return frozenset(pairs)


def is_nowhere(partial: ast.expr) -> bool:
    """Whether a partial is the number 0."""
    return isinstance(partial, ast.Constant) and partial.value == 0


def _mentioned(expr: ast.expr, body: RuleBody) -> set[str]:
    """Return the parameters of a rule that an expression in it changes with."""
    found: set[str] = set()
    temps = dict(body.temps)
    todo: list[ast.AST] = [expr]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            if node.id in temps:
                todo.append(temps.pop(node.id))
            elif node.id in body.params:
                found.add(node.id)
        elif isinstance(node, ast.IfExp):
            todo += [node.body, node.orelse]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and is_nowhere(node.right):
            pass  # x * 0.0, which is NaN where x is
        elif isinstance(node, ast.Call):
            todo += [] if _is_constant(node.func, body) else node.args
        elif not isinstance(node, ast.Compare | ast.BoolOp):
            todo += ast.iter_child_nodes(node)
    return found


def _is_constant(func: ast.expr, body: RuleBody) -> bool:
    """Whether the function that is called in a rule is constant by pieces."""
    try:
        called = operator.attrgetter(*ast.unparse(func).split(".", 1)[1:])(
            body.namespace[ast.unparse(func).split(".")[0]]
        )
    except (KeyError, AttributeError, TypeError):
        return False
    rule = registry.find(called)
    return rule is not None and rule.kind == "constant"
