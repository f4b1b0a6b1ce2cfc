"""Variables that functions inside a function assign to (`nonlocal`).

Such a variable does not stand in the environment of its own function alone: it has a name there that no user can write,
under which all functions that are called meanwhile hand it on, as they do what dicts hold (`held_by_dicts`). Branches
and loops in any of them then see it change.

    def f(x):                   env of f: "@total@1" for total
        total = 0.0
        def add(v):             env of add: "@total@1" as well, taken over and handed back
            nonlocal total
            total += v
"""

from __future__ import annotations

import ast

from ...errors import UnsupportedError
from ..ir import UNDEFINED
from .branches import Maybe
from .control import assigned_names, own_nodes
from .dicts import CELL
from .values import Frame, FunctionValue


def assigned_inside(node: ast.FunctionDef | ast.Lambda) -> set[str]:
    """Return the names that functions defined inside a function declare as nonlocal."""
    return {name for n in ast.walk(node) if isinstance(n, ast.Nonlocal) for name in n.names}


def declared(node: ast.FunctionDef | ast.Lambda) -> frozenset[str]:
    """Return the names that a function itself declares as nonlocal."""
    body = node.body if isinstance(node, ast.FunctionDef) else []
    return frozenset(name for n in own_nodes(body) if isinstance(n, ast.Nonlocal) for name in n.names)


def cell_of(name: str, frame: Frame | None) -> str | None:
    """Return the name under which a variable is shared; None if it is an ordinary one."""
    while frame is not None:
        if name in frame.cells:
            return frame.cells[name]
        if name in frame.env or name in frame.local_names:
            return None
        frame = frame.parent
    return None


class Nonlocals:
    """The part of `Lowering` that deals with variables that functions share."""

    def share(self, f: FunctionValue, env: dict[str, object]) -> dict[str, str]:
        """Return names for the variables of a call that functions inside it assign to; parameters move there."""
        inside = assigned_inside(f.node) - declared(f.node)
        if not inside or isinstance(f.node, ast.Lambda):
            return {}
        shared = sorted(inside & {*assigned_names(f.node.body), *env})
        for n in own_nodes(f.node.body):
            if isinstance(n, ast.comprehension):
                twice = {t.id for t in ast.walk(n.target) if isinstance(t, ast.Name)} & set(shared)
                if twice:
                    what = f"{twice.pop()}, the name of a nonlocal variable, in a comprehension"
                    raise self.fail(n.target, what, "rename it there")
        self.dicts += 1
        cells = {name: f"{CELL}{name}{CELL}{self.dicts}" for name in shared}
        for name, hidden in cells.items():
            env[hidden] = env.pop(name, UNDEFINED)
        return cells

    def store(self, name: str, value: object, node: ast.AST) -> None:
        """Bind a name in the function that is being lowered."""
        frame = self.frame
        if name not in frame.cells and name not in frame.nonlocals:
            frame.env[name] = value
            return
        hidden = cell_of(name, frame)
        if hidden is None or hidden not in frame.env:
            raise self.not_its_own(name, node)
        frame.env[hidden] = value

    def not_its_own(self, name: str, node: ast.AST) -> UnsupportedError:
        what = f"assigning to {name}, a variable of a function around one that is differentiated,"
        return self.fail(node, what, "return the new value, and assign it there")

    def shared_value(self, name: str, hidden: str, frame: Frame, node: ast.AST) -> object:
        """Return what a shared variable stands for."""
        value = self.frame.env.get(hidden, UNDEFINED)
        if not isinstance(value, Maybe):
            return value
        own = frame is self.frame and name in frame.cells
        self.check_bound(name, value, own, node)
        self.frame.env[hidden] = value.value
        return value.value

    def stmt_Nonlocal(self, s: ast.Nonlocal) -> None:
        for name in s.names:
            if cell_of(name, self.frame.parent) is None:
                raise self.not_its_own(name, s)

    def stmt_Global(self, s: ast.Global) -> None:
        for name in s.names:
            if name in self.frame.local_names:
                what = f"assigning to the global variable {name}"
                raise self.fail(s, what, "return the new value, and assign it outside the function")
