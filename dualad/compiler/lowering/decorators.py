"""Decorators of functions that are defined inside a function.

A decorator is called with the function, as in Python, and what it returns is inlined where the name is called. Some
change nothing: that of Numba, since all is compiled; `functools.wraps`, which copies a name and a docstring; a cache of
results, where a function gives the same result for the same arguments.
"""

from __future__ import annotations

import ast
import functools

import numba

from ...errors import DualadError
from ..ir import UNDEFINED
from .control import own_nodes
from .source import parameter_names, python_function
from .values import FunctionValue, Static, Transformed

_CACHES = (functools.cache, functools.lru_cache)
_UNCHANGING = (numba.njit, numba.jit, functools.wraps, *_CACHES)
_FUNCTIONS = (FunctionValue, Static, Transformed)


class Decorators:
    """The part of `Lowering` that deals with decorators."""

    def decorated(self, node: ast.FunctionDef) -> object:
        """Return what a def inside the function binds: the function, as its decorators hand it on."""
        decorators = [self.decorator(d) for d in node.decorator_list]
        value: object = self.inner_function(node)
        for d, decorator in zip(reversed(node.decorator_list), reversed(decorators), strict=True):
            value = self.apply_decorator(decorator, value, d)
        return value

    def decorator(self, node: ast.expr) -> object:
        """Return the value of a decorator; the arguments of those that change nothing do not matter."""
        if isinstance(node, ast.Call):
            made_by = self.expr(node.func)
            if isinstance(made_by, Static) and made_by.value in _UNCHANGING:
                return made_by
        return self.expr(node)

    def apply_decorator(self, decorator: object, value: object, node: ast.expr) -> object:
        if isinstance(decorator, Static) and decorator.value in _UNCHANGING and isinstance(value, _FUNCTIONS):
            if decorator.value in _CACHES and isinstance(value, FunctionValue):
                self.check_cached(value, node)
            return value
        call = ast.copy_location(ast.Call(node, [], []), node)
        try:
            return self.call_value(decorator, [value], {}, call, "t")
        except DualadError:
            if isinstance(decorator, Static) and not is_of_the_users(decorator.value):
                remedy = "write what it does as an ordinary function, and call that"
                raise self.fail(node, f"the decorator @{ast.unparse(node)}", remedy) from None
            raise

    def check_cached(self, f: FunctionValue, node: ast.expr) -> None:
        """Refuse to cache the results of what may give another one for the same arguments, or do something else."""
        for n in own_nodes(f.node.body if isinstance(f.node, ast.FunctionDef) else [f.node.body]):
            changes = isinstance(n, ast.Subscript | ast.Attribute) and isinstance(n.ctx, ast.Store)
            draws = isinstance(n, ast.Attribute) and n.attr == "random"
            changes = changes or isinstance(n, ast.Nonlocal)
            if changes or draws or (isinstance(n, ast.Name) and self.is_captured_value(n.id, f)):
                what = f"@{ast.unparse(node)} on {f.name}, which uses {ast.unparse(n)},"
                raise self.fail(node, what, "leave the decorator out, or pass what it uses as arguments")

    def is_captured_value(self, name: str, f: FunctionValue) -> bool:
        """Whether a name in an inner function is one of the functions around it, and stands for no function."""
        scope = f.frame
        if name in parameter_names(f.node.args):
            return False
        while scope is not None:
            if name in scope.env or name in scope.local_names:
                return not isinstance(scope.env.get(name, UNDEFINED), _FUNCTIONS)
            scope = scope.parent
        return False


def is_of_the_users(decorator: object) -> bool:
    """Whether a decorator is a Python function, and none of Numba or the standard library."""
    function = python_function(decorator)
    return function is not None and function.__module__.split(".")[0] not in ("numba", "functools", "contextlib")
