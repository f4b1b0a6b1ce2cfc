"""From a function object to its syntax tree: defs, lambdas, closures and @njit dispatchers.

A text that is found for a function is believed only if it compiles to the code that the function has. A file that was
edited without being imported again, or whose older version is still in memory, has another text than the functions
that were made of it. Lines that have moved do not matter; another instruction does.
"""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import hashlib
import inspect
import linecache
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from ... import texts
from ...errors import NoSourceError
from ...rules.custom import CustomRule, find_custom
from ..runtime.numba_bridge import derivative_in
from ..runtime.numba_bridge.kernels import wrapper_of
from .callables import as_function, is_library, parts_of, signature_of_code

_REMEDY = "define it in a file or a notebook cell, or use dualad.Dual or dualad.Tape, which need no source"


@dataclass(frozen=True)
class Text:
    """Where a code object stands in source text.

    Attributes
    ----------
    node : ast.FunctionDef or ast.Lambda
    asserts : bool
        Whether the code has the asserts that stand in the text (Python's option -O leaves them out).
    filename : str
    around : tuple of (int, str)
        First line and text of what is enough to find it again.
    """

    node: ast.FunctionDef | ast.Lambda
    asserts: bool
    filename: str
    around: tuple[int, str]


@dataclass(frozen=True)
class Source:
    """The source of one Python function: its tree, and where names outside it are looked up."""

    function: types.FunctionType
    node: ast.FunctionDef | ast.Lambda
    filename: str
    asserts: bool = True

    def lookup(self, name: str) -> object:
        """Return the object that a free name stands for (closure, globals, builtins); KeyError if there is none."""
        code, names = self.function.__code__, self.function.__globals__
        if name == "__debug__":
            return self.asserts
        if name in code.co_freevars:
            try:
                return self.function.__closure__[code.co_freevars.index(name)].cell_contents
            except ValueError:
                raise KeyError(name) from None
        if name in names:
            return names[name]
        if isinstance(names, FixedGlobals) and name in names.live:
            names[name] = names.live[name]  # defined by now; from here on as fixed as the others
            return names[name]
        return self.function.__builtins__[name]


class FixedGlobals(dict):
    """The globals of a function as they were at some time; `live` are those of now."""

    live: dict


class Differentiated:
    """What a derivative is for the compiler; see `derivative_function.DerivativeFunction`.

    Attributes
    ----------
    what : build.Derivative
    differentiated : function or Differentiated
        What was differentiated, with what it finds around it as it was then.
    dependencies : tuple
        What it depends on, as in `dependencies`.
    """

    what: object
    differentiated: object
    dependencies: tuple


def python_function(f: object) -> types.FunctionType | None:
    """Return the Python function behind a callable, or None if there is none.

    A cache of results is none. A method, a partial or an object that can be called has a function that is made for it.
    """
    if isinstance(f, types.FunctionType):
        return f
    if isinstance(f, CustomRule):
        return f.parameters
    if isinstance(f, functools._lru_cache_wrapper):
        return python_function(f.__wrapped__)
    if isinstance(f, type):
        return None
    if isinstance(getattr(f, "py_func", None), types.FunctionType):
        return f.py_func
    wrapped = wrapper_of(f)
    if wrapped is not None:
        return wrapped
    rule = find_custom(f)
    if rule is not None:
        return rule.parameters
    parts = parts_of(f)
    if parts is None:
        return None
    name, callee, args, named = parts
    function = python_function(innermost(callee))
    if is_library(getattr(function or callee, "__module__", None)) and not isinstance(f, functools.partial):
        return None
    return as_function(name, callee, function, args, named, _register)


def _register(code: types.CodeType, filename: str, line: int, text: str) -> None:
    """Let a function that is made of a text be found in it."""
    known = _texts.setdefault(code, {})
    if filename not in known:
        node = parsed(filename, text, line).body[0]
        known[filename] = Text(node, True, filename, (line, text))


def innermost(f: object) -> object:
    """Return the function that a derivative, or a derivative of a derivative, was made of."""
    f = derivative_in(f)
    while isinstance(f, Differentiated):
        f = f.differentiated
    return f


def star_of(f: object) -> int | None:
    """Return the position of the starred parameter of a function, or of that which a derivative was made of."""
    code = read(innermost(f)).function.__code__
    return code.co_argcount if code.co_flags & inspect.CO_VARARGS else None


def parameter_names(a: ast.arguments) -> list[str]:
    """Return the names of all parameters, in the order in which Python's signatures have them."""
    starred = [p for p in (a.vararg,) if p is not None]
    return [p.arg for p in [*a.posonlyargs, *a.args, *starred, *a.kwonlyargs, *([a.kwarg] if a.kwarg else [])]]


def defaults_of(function: types.FunctionType) -> dict[str, object]:
    """Return the defaults of the parameters that have one."""
    code, given = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    return dict(zip(names[len(names) - len(given) :], given, strict=True)) | (function.__kwdefaults__ or {})


def signature_of(f: object) -> inspect.Signature:
    """Return the signature of a callable itself: that of a wrapper, not of what `functools.wraps` says it wraps."""
    function = python_function(innermost(f))
    return inspect.signature(f) if function is None else signature_of_code(function)


def read(f: object) -> Source:
    """Return the source of a function, a lambda or a dispatcher.

    Raises
    ------
    NoSourceError
        If there is no Python function behind `f`, or its text cannot be found, or has changed.
    """
    function = python_function(f)
    if function is None:
        raise NoSourceError(f"{_described(f)} is not a Python function, so it has no source: {_remedy_for(f)}")
    found = text_of(function)
    return Source(function, found.node, found.filename, found.asserts)


def _described(f: object) -> str:
    """Return how Python shows an object, without its address."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(f))


def _remedy_for(f: object) -> str:
    if isinstance(getattr(f, "__wrapped__", None), types.FunctionType):
        return "give its __wrapped__, the function without the cache or whatever is around it"
    return "write a def or a lambda that calls what it stands for with all arguments"


# ---------------------------------------------------------------------------------------------------------- the text

_texts: WeakKeyDictionary[types.CodeType, dict[str, Text]] = WeakKeyDictionary()
"""What was found, by code and file name: the same code may stand in several files."""
_carried: dict[str, tuple[str, int, str]] = {}
"""Texts that came along with functions of other processes, by the digest of the code: file name, first line, text."""


def text_of(function: types.FunctionType) -> Text:
    """Return where a function stands in source text; NoSourceError if that cannot be told."""
    code = function.__code__
    known = _texts.setdefault(code, {})
    found = known.get(code.co_filename)
    if found is None:
        found = known[code.co_filename] = _find(function)
    return found


def luggage(function: types.FunctionType) -> tuple[str, tuple[str, int, str]]:
    """Return what another process needs to find the text of a function, whose file it may not have; see `unpack`."""
    found = text_of(function)
    return digest(function.__code__), (found.filename, *found.around)


def unpack(carried: tuple[str, tuple[str, int, str]]) -> None:
    """Let a function that comes from another process be found in the text that came along."""
    _carried.setdefault(*carried)


def _find(function: types.FunctionType) -> Text:
    code, name, found_any = function.__code__, function.__name__, False
    place = f"{code.co_filename}, line {code.co_firstlineno}"
    for filename, first, text in _candidates(function):
        found_any = True
        try:
            found = _in_text(code, filename, first, text)
        except SyntaxError:  # notebook cells may hold magics: read the function alone
            found = _alone(function)
        if found is not None:
            return found
    if code.co_filename == "<dynamic-code>":  # as cloudpickle calls it
        what = f"the source of {name}, which comes from another process, cannot be found"
        raise NoSourceError(f"{what}: take the derivative there, and send that")
    if not found_any:
        raise NoSourceError(f"the source of {name} ({code.co_filename}) cannot be found: {_REMEDY}")
    reason = "the text there is not what the function was compiled from"
    remedy = "import the module again if its file was edited since (importlib.reload)"
    raise NoSourceError(f"the source of {name} ({place}) cannot be found, {reason}: {remedy}, or {_REMEDY}")


def _candidates(function: types.FunctionType) -> Iterator[tuple[str, int, str]]:
    """Yield (file name, first line, text) of what may hold a function: as read before, as it is now, as sent along."""
    filename = function.__code__.co_filename
    known = linecache.cache.get(filename)
    before = known[2] if known is not None and len(known) > 2 else None
    if before:
        yield filename, 1, "".join(before)
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, function.__globals__)
    if lines and lines != before:
        yield filename, 1, "".join(lines)
    if filename in texts.known:
        yield filename, 1, texts.known[filename]
    if digest(function.__code__) in _carried:
        yield _carried[digest(function.__code__)]


def _in_text(code: types.CodeType, filename: str, first: int, text: str) -> Text | None:
    """Return where a code object stands in a text, or None if the text does not compile to it."""
    flags = code.co_flags & _FUTURE
    levels = dict.fromkeys((sys.flags.optimize, 0, 1, 2))
    for optimize, together in ((level, together) for level in levels for together in (True, False)):
        tree, codes = _compiled(filename, text, flags, optimize, first, together)
        same = [c for c in codes if c.co_name == code.co_name and digest(c) == digest(code)]
        if not same and _is_rewritten(code):
            same = [c for c in codes if c.co_name == code.co_name and _is_part(c, code)] if optimize else []
        if same:
            nearest = min(same, key=lambda c: (abs(c.co_firstlineno - code.co_firstlineno), c != code))
            node = _node_of(nearest, tree)
            if node is not None:
                asserts = optimize == 0 or _is_rewritten(code)
                return Text(node, asserts, filename, _around(node, tree, first, text))
    return None


def _alone(function: types.FunctionType) -> Text | None:
    """Return where a function stands in its own lines, the rest of which Python cannot read."""
    code = function.__code__
    try:
        text = inspect.cleandoc("\n" + inspect.getsource(function))
        indented = "".join(f"    {line}\n" for line in text.splitlines())
        # what the function finds in the functions around it are the parameters of one more
        text = f"def around({', '.join(code.co_freevars)}):\n{indented}"
        return _in_text(code, code.co_filename, code.co_firstlineno - 1, text)
    except (SyntaxError, OSError):
        return None


@lru_cache(maxsize=64)
def _compiled(
    filename: str, text: str, flags: int, optimize: int, first: int, together: bool
) -> tuple[ast.Module, tuple[types.CodeType, ...]]:
    """Return the tree of a text and all code objects in it; its first line has the number `first`.

    Statements are compiled `together`, as of a module, or each by itself, as in notebooks. A call of an attribute of
    what the same text imports is another instruction than that of an attribute of anything else.
    """
    tree = parsed(filename, text, first)
    modules = [tree] if together else [ast.Module([statement], []) for statement in tree.body]
    compiled = [compile(m, filename, "exec", flags, dont_inherit=True, optimize=optimize) for m in modules]
    return tree, tuple(c for module in compiled for c in _nested(module))


@lru_cache(maxsize=256)
def parsed(filename: str, text: str, first: int) -> ast.Module:
    """Return the tree of a text whose first line has the number `first`; the same one each time."""
    return ast.increment_lineno(ast.parse(text, filename), first - 1)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)


def _node_of(code: types.CodeType, tree: ast.Module) -> ast.FunctionDef | ast.Lambda | None:
    """Return the node that a code object of a tree was compiled from; None if it is no plain function."""
    if code.co_name == "<lambda>":
        found: list = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
        return _innermost_around(found, code)[0] if found else None
    for n in ast.walk(tree):
        if isinstance(n, ast.FunctionDef) and n.name == code.co_name:
            if min([n.lineno, *(d.lineno for d in n.decorator_list)]) == code.co_firstlineno:
                return n
    return None


def _innermost_around(candidates: list[ast.Lambda], code: types.CodeType) -> list[ast.Lambda]:
    """Return the innermost lambdas whose text the instructions of a code object come from."""
    spans = [i.positions for i in dis.get_instructions(code)]
    spans = [p for p in spans if p is not None and p.col_offset is not None and p.end_col_offset]
    points = [(p.lineno, p.col_offset) for p in spans] + [(p.end_lineno, p.end_col_offset) for p in spans]

    def encloses(node: ast.Lambda) -> bool:
        start = (node.body.lineno, node.body.col_offset)
        return all(start <= p <= (node.body.end_lineno, node.body.end_col_offset) for p in points)

    found = [n for n in candidates if encloses(n)] if points else candidates
    inner = [n for n in found if not any(m is not n and m in ast.walk(n) for m in found)]
    return inner or found or candidates


def _around(node: ast.AST, tree: ast.Module, first: int, text: str) -> tuple[int, str]:
    """Return the first line and the text of what a node needs to be compiled: its statement at top level, and imports.

    All else is left out, line by line.
    """
    kept: set[int] = set()
    for statement in tree.body:
        start = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        is_definition = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        imports = not is_definition and any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(statement))
        if imports or start <= node.lineno <= statement.end_lineno:
            kept.update(range(start, statement.end_lineno + 1))
    lines = text.split("\n")
    last = min(max(kept, default=first) - first + 1, len(lines))
    return first, "\n".join(line if first + k in kept else "" for k, line in enumerate(lines[:last])) + "\n"


# ------------------------------------------------------------------------------------------- what code objects share

_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
_KIND = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE
_digests: WeakKeyDictionary[types.CodeType, str] = WeakKeyDictionary()


def digest(code: types.CodeType) -> str:
    """Return what code objects have in common that do the same, wherever they stand: in all processes of one Python."""
    found = _digests.get(code)
    if found is None:
        parts = (code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _KIND)
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        text = repr((parts, names, code.co_code, [_constant(c) for c in code.co_consts]))
        found = _digests[code] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return found


def _constant(x: object) -> object:
    if isinstance(x, types.CodeType):
        return digest(x)
    if isinstance(x, tuple):
        return tuple(_constant(i) for i in x)
    if isinstance(x, frozenset):
        return sorted(repr(_constant(i)) for i in x)
    return type(x).__name__, repr(x)


def _is_rewritten(code: types.CodeType) -> bool:
    """Whether pytest has put calls of its own in the place of the asserts."""
    return any(name.startswith("@py_assert") for name in (*code.co_varnames, *code.co_cellvars))


def _is_part(part: types.CodeType, whole: types.CodeType) -> bool:
    """Whether the computations of a code object stand, in their order, in one that does more."""
    rest = iter(_computations(whole))
    return part.co_varnames[: part.co_argcount] == whole.co_varnames[: whole.co_argcount] and all(
        any(x == y for y in rest) for x in _computations(part)
    )


def _computations(code: types.CodeType) -> list[tuple]:
    kinds = ("BINARY", "UNARY", "COMPARE", "LOAD_CONST", "LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD", "STORE_SUBSCR")
    found = []
    for i in dis.get_instructions(code):
        if i.opname.startswith(kinds):
            value = i.argval.co_name if isinstance(i.argval, types.CodeType) else i.argrepr
            found.append((i.opname, value))
    return found
