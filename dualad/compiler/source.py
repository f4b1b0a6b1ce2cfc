"""From a function object to its syntax tree: defs, lambdas, closures and @njit dispatchers."""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import linecache
import types
from dataclasses import dataclass

import numpy as np

from ..errors import NoSourceError


@dataclass(frozen=True)
class Source:
    """The source of one Python function: its tree, and where names outside it are looked up."""

    function: types.FunctionType
    node: ast.FunctionDef | ast.Lambda
    filename: str

    def lookup(self, name: str) -> object:
        """Return the object that a free name stands for (closure, globals, builtins); KeyError if there is none."""
        code = self.function.__code__
        if name in code.co_freevars:
            try:
                return self.function.__closure__[code.co_freevars.index(name)].cell_contents
            except ValueError:
                raise KeyError(name) from None
        if name in self.function.__globals__:
            return self.function.__globals__[name]
        builtins = self.function.__globals__.get("__builtins__", {})
        return (vars(builtins) if isinstance(builtins, types.ModuleType) else builtins)[name]


def python_function(f: object) -> types.FunctionType | None:
    """Return the Python function behind a callable, or None if there is none; a cache of its results is none."""
    if isinstance(f, functools._lru_cache_wrapper):
        f = f.__wrapped__
    f = getattr(f, "py_func", f)
    if isinstance(f, types.MethodType):
        return None
    return f if isinstance(f, types.FunctionType) else None


def innermost(f: object) -> object:
    """Return the function that a derivative, or a derivative of a derivative, was made of."""
    while getattr(f, "differentiated", None) is not None:
        f = f.differentiated
    return f


@functools.lru_cache(maxsize=256)
def _parse(filename: str, text: str) -> ast.Module:
    return ast.parse(text, filename)


def _around(candidates: list[ast.Lambda], function: types.FunctionType) -> list[ast.Lambda]:
    """Return the innermost lambdas whose text the instructions of a function come from."""
    spans = [i.positions for i in dis.get_instructions(function)]
    spans = [p for p in spans if p is not None and p.col_offset is not None and p.end_col_offset]
    points = [(p.lineno, p.col_offset) for p in spans] + [(p.end_lineno, p.end_col_offset) for p in spans]

    def encloses(node: ast.Lambda) -> bool:
        start = (node.body.lineno, node.body.col_offset)
        return all(start <= p <= (node.body.end_lineno, node.body.end_col_offset) for p in points)

    found = [n for n in candidates if encloses(n)] if points else candidates
    inner = [n for n in found if not any(m is not n and m in ast.walk(n) for m in found)]
    return inner or found


def captured(f: object, seen: frozenset[int] = frozenset()) -> tuple:
    """Return the numbers and arrays that a function finds in its closure and globals, also by way of other functions.

    Generated code holds them as constants, as Numba's does; where they have changed, it must be made anew.
    """
    function = python_function(innermost(f))
    if function is None or id(function) in seen:
        return ()
    seen = seen | {id(function)}
    values: list = []
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            values.append(None)
    names = function.__code__.co_names
    values += [function.__globals__[n] for n in names if n in function.__globals__]
    found: list = []
    for v in values:
        if isinstance(v, bool | int | float | str | np.generic):
            found.append((type(v), v))
        elif isinstance(v, np.ndarray):
            found.append((v.shape, str(v.dtype), hash(v.tobytes())))
        elif isinstance(v, tuple):
            found.append(repr(v))
        else:
            found.append((id(v), *captured(v, seen)))
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def read(f: object) -> Source:
    """Return the source of a function, a lambda or a dispatcher.

    Raises
    ------
    NoSourceError
        If there is no Python function behind `f`, or its text cannot be found.
    """
    function = python_function(f)
    if function is None:
        raise NoSourceError(f"{f!r} is not a Python function, so it has no source: wrap it in a def or a lambda")
    code = function.__code__
    remedy = "define it in a file or a notebook cell, or use dualad.Dual or dualad.Tape, which need no source"
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise NoSourceError(f"the source of {function.__name__} ({code.co_filename}) cannot be found: {remedy}")
    try:
        tree = _parse(code.co_filename, "".join(lines))
    except SyntaxError:
        try:  # notebook cells may hold magics: read the function alone
            text = inspect.getsource(function)
            tree = ast.parse(inspect.cleandoc(text) if text[:1].isspace() else text)
            ast.increment_lineno(tree, code.co_firstlineno - 1)
        except (SyntaxError, OSError):
            raise NoSourceError(f"the source of {function.__name__} cannot be read: {remedy}") from None
    first = code.co_firstlineno
    if code.co_name == "<lambda>":
        found = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == first]
        if len(found) > 1:
            found = _around(found, function)
    else:
        found = [
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.FunctionDef)
            and n.name == code.co_name
            and min([n.lineno, *(d.lineno for d in n.decorator_list)]) <= first <= n.lineno
        ]
    if len(found) != 1:
        what = "several look alike on its line" if found else f"line {first} of {code.co_filename} does not define it"
        raise NoSourceError(f"the source of {function.__name__} cannot be found ({what}): {remedy}")
    return Source(function, found[0], code.co_filename)
