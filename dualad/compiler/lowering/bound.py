"""Functions with arguments given before others: `functools.partial` in a function, methods of its arguments.

Each becomes a function of one line, as in `callables`, whose frame holds what is given.
"""

from __future__ import annotations

import ast
import inspect

from .callables import parameters, written_out
from .source import parsed, python_function
from .values import Frame, FunctionValue, Static, Transformed


class Bounds:
    """The part of `Lowering` that deals with functions of which some arguments are given."""

    def call_partial(self, args: list, kwargs: dict, node: ast.AST) -> FunctionValue:
        """functools.partial(f, *args, **kwargs)."""
        if not args or not isinstance(args[0], FunctionValue | Static | Transformed):
            raise self.fail(node, ast.unparse(node), "give partial a function")
        return self.bound(args[0], args[1:], kwargs, node)

    def bound(self, callee: object, args: list, kwargs: dict, node: ast.AST) -> FunctionValue:
        """Return a function that calls another one with some arguments and keywords before others."""
        behind = callee
        if isinstance(callee, Static) and python_function(callee.value) is not None:
            callee = behind = self.function_value(callee.value, node)
        if isinstance(behind, Transformed):
            behind = behind.innermost
        base = getattr(behind, "name", None) or getattr(behind.value, "__name__", "function")
        given = _parameters(behind) if isinstance(behind, FunctionValue) else parameters(behind.value, None)
        found = written_out(None, base, given, len(args), kwargs)
        around = {found.callee: callee, **dict(zip(found.bound, args, strict=True))}
        source, line = self.frame.source, getattr(node, "lineno", 1)
        made = parsed(source.filename, found.text, line).body[0]
        defaults = {p.name: p.default for p in found.parameters if p.default is not p.empty}
        return FunctionValue(source, made, Frame(source, around, frozenset()), defaults)


def _parameters(f: FunctionValue) -> list[inspect.Parameter]:
    kind, a = inspect.Parameter, f.node.args
    kinds = [
        *((p, kind.POSITIONAL_ONLY) for p in a.posonlyargs),
        *((p, kind.POSITIONAL_OR_KEYWORD) for p in a.args),
        *((p, kind.VAR_POSITIONAL) for p in (a.vararg,) if p is not None),
        *((p, kind.KEYWORD_ONLY) for p in a.kwonlyargs),
        *((p, kind.VAR_KEYWORD) for p in (a.kwarg,) if p is not None),
    ]
    return [inspect.Parameter(p.arg, k, default=f.defaults.get(p.arg, inspect.Parameter.empty)) for p, k in kinds]
