"""Statements beside assignments and control flow: del, import, with, and what `rewriting` puts in the place of try."""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import operator
import warnings
from collections.abc import Iterator

import numba
import numpy as np

from ..ir import UNDEFINED, Const
from .rewriting import IS_ZERO, ONCE
from .tuple_lists import is_rows
from .values import DictOf, ListOf, Static, is_table

_WITHOUT_EFFECT = (np.errstate, contextlib.nullcontext, warnings.catch_warnings, numba.parallel_chunksize)
"""Contexts that change nothing about what is computed."""
_OWN_NAMES = {".range": builtins.range, ".len": builtins.len}


class Statements:
    """The part of `Lowering` that deals with them."""

    trying = 0

    def stmt_Delete(self, s: ast.Delete) -> None:
        for target in s.targets:
            if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                base = self.expr(target.value)
                if isinstance(base, ListOf) or base in self.lists or is_rows(base):
                    pop = ast.copy_location(ast.Call(ast.Attribute(target.value, "pop", ast.Load()), [], []), target)
                    self.list_method(base, "pop", [self.expr(target.slice)], {}, pop)
                    continue
                if isinstance(base, DictOf) or is_table(base):
                    key = self.expr(target.slice)
                    self.grow_dict(base, key, target)
                    (self.removed_from_table if is_table(base) else self.taken_from_dict)(base, key, target)
                    continue
            if not isinstance(target, ast.Name):
                raise self.fail(target, f"del {ast.unparse(target)}", "make a new list or array without it")
            self.expr(ast.copy_location(ast.Name(target.id, ast.Load()), target))
            self.frame.env[target.id] = UNDEFINED

    def stmt_Import(self, s: ast.Import) -> None:
        for alias in s.names:
            module = self.imported(alias.name, s)
            top = module if alias.asname else importlib.import_module(alias.name.partition(".")[0])
            self.frame.env[alias.asname or alias.name.partition(".")[0]] = Static(top)

    def stmt_ImportFrom(self, s: ast.ImportFrom) -> None:
        if s.level or any(alias.name == "*" for alias in s.names):
            raise self.fail(s, ast.unparse(s), "import at the top of the file")
        module = self.imported(s.module, s)
        for alias in s.names:
            node = ast.copy_location(ast.Attribute(ast.Name(s.module, ast.Load()), alias.name, ast.Load()), s)
            self.frame.env[alias.asname or alias.name] = self.attribute(Static(module), node)

    def imported(self, name: str, node: ast.stmt) -> object:
        try:
            return importlib.import_module(name)
        except ImportError:
            raise self.fail(node, f"importing {name}, which fails,", "import at the top of the file") from None

    def stmt_With(self, s: ast.With) -> None:
        for item in s.items:
            call = item.context_expr
            made_by = self.expr(call.func) if isinstance(call, ast.Call) else None
            known = isinstance(made_by, Static) and any(made_by.value is c for c in _WITHOUT_EFFECT)
            if not known or item.optional_vars is not None:
                remedy = "write what it does outside the function"
                raise self.fail(call, f"with {ast.unparse(item)}", remedy)

    # ---------------------------------------------------------------- names and calls that `rewriting` makes

    def own_name(self, node: ast.Name) -> Static | None:
        return Static(_OWN_NAMES[node.id]) if node.id in _OWN_NAMES else None

    def own_call(self, node: ast.Call) -> object:
        """Return the value of a call of a name that no user can write; None for other calls."""
        if not (isinstance(node.func, ast.Name) and node.func.id == IS_ZERO):
            return None
        value = self.operand(node.args[0])
        if self.dimensions_of(value, node) > 0:  # arrays are divided as NumPy divides them
            return Const(False)
        return self.operation(operator.eq, (value, Const(0)), node, "test")

    @contextlib.contextmanager
    def in_try(self, s: ast.For) -> Iterator[None]:
        """Where a loop is the block of a try statement, nothing that is called in it may raise."""
        is_try = isinstance(s.target, ast.Name) and s.target.id.startswith(ONCE)
        outer, self.trying = self.trying, self.trying or is_try
        try:
            yield
        finally:
            self.trying = outer
