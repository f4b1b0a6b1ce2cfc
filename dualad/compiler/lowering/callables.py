"""Methods, partials and objects that can be called, as functions.

Each becomes a function of its own, of one line, that calls what is behind it; what is bound stands among its globals,
where all that is read of it is found like any other value around a function::

    model.loss                  def loss(x, y): return loss_(self, x, y)
    partial(f, 2.0, z=5.0)      def f(y, *, z=5.0): return f_(x, y, z=z)
    model                       def Model(x): return __call__(self, x)

It has the parameters that are left, those that a partial names last, and the place of the function that it calls.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import keyword
import types
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..runtime.numba_bridge.objects import has_type, members_of, type_of_instances

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

LIBRARIES = frozenset(
    "builtins math cmath operator _operator dataclasses functools _functools itertools contextlib typing random time "
    "numpy scipy numba llvmlite dualad".split()
)
"""Packages that do not change while a program runs."""


def is_library(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in LIBRARIES


def call_of(x: object) -> object | None:
    """Return the function that calls of an object are calls of; None if it is no object of a class of the user's."""
    cls = type(x)
    if isinstance(x, type) or is_library(cls.__module__):
        return None
    found = next((c.__dict__["__call__"] for c in cls.__mro__ if "__call__" in c.__dict__), None)
    function = getattr(found, "__func__", found)
    return found if isinstance(getattr(function, "py_func", function), types.FunctionType) else None


def parts_of(f: object) -> tuple[str | None, object, tuple, dict] | None:
    """Return what a callable is made of: a name, what it calls, with which arguments and keywords before others."""
    if isinstance(f, types.MethodType):
        ty = type_of_instances(type(f.__self__))
        if ty is not None and f.__name__ in members_of(ty).methods:
            return None, members_of(ty).methods[f.__name__], (f.__self__,), {}
        is_of_numba = not isinstance(f.__self__, type) and has_type(type(f.__self__))
        return None if is_of_numba else (None, f.__func__, (f.__self__,), {})
    if isinstance(f, functools.partial):
        return None, f.func, f.args, f.keywords
    found = call_of(f)
    if found is None:
        return None
    own = () if isinstance(found, staticmethod) else (type(f) if isinstance(found, classmethod) else f,)
    return type(f).__name__, getattr(found, "__func__", found), own, {}


def as_function(
    name: str | None, callee: object, function: types.FunctionType | None, args: tuple, named: dict, register: Callable
) -> types.FunctionType:
    """Return a function that calls `callee` with some arguments and keywords before others.

    Parameters
    ----------
    name : str or None
        What it is called; None for the name of what it calls.
    callee : callable
    function : function or None
        The Python function behind the callee, if there is one.
    args, named : tuple, dict
    register : callable
        Is told (code, file name, line, text) of what is made.
    """
    base = function.__name__ if function is not None else getattr(callee, "__name__", "function")
    found = written_out(name, base, parameters(callee, function), len(args), named)
    around: dict = {found.callee: callee, **dict(zip(found.bound, args, strict=True))}
    name, text = found.name, found.text
    place = ("<bound>", 1) if function is None else (function.__code__.co_filename, function.__code__.co_firstlineno)
    code = _code(text, name, *place)
    register(code, *place, text)
    kept = found.parameters
    # whatever module the callee is of, this is no function of a library
    around |= {"__name__": getattr(function, "__module__", None) or "bound", "__builtins__": builtins.__dict__}
    defaults = [p.default for p in kept if p.kind in _POSITIONAL and p.default is not p.empty]
    made = types.FunctionType(code, around, name, tuple(defaults))
    only = {p.name: p.default for p in kept if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
    made.__kwdefaults__ = only or None
    made.__doc__ = getattr(callee, "__doc__", None)
    return made


@functools.lru_cache(maxsize=1024)
def _code(text: str, name: str, filename: str, line: int) -> types.CodeType:
    module = compile("\n" * (line - 1) + text, filename, "exec", dont_inherit=True)
    return next(c for c in module.co_consts if isinstance(c, types.CodeType) and c.co_name == name)


@dataclass(frozen=True)
class WrittenOut:
    """The text of a function that calls another one with some arguments before others.

    Attributes
    ----------
    name, text : str
    callee : str
        The name that the text has for the other function.
    bound : list of str
        The names that it has for the arguments that are given.
    parameters : list of inspect.Parameter
        Those that are left, with their defaults, which do not stand in the text.
    """

    name: str
    text: str
    callee: str
    bound: list[str]
    parameters: list[inspect.Parameter]


def written_out(name: str | None, base: str, given: list[inspect.Parameter], count: int, named: dict) -> WrittenOut:
    """Return the text of a function that calls one called `base` with `count` arguments and some keywords."""
    kept, hints = _divided(given, count, named)
    base = base if base.isidentifier() and not keyword.iskeyword(base) else "function"
    taken = {p.name for p in kept}
    callee = _unlike(base, taken)
    bound: list[str] = []
    for hint in hints:
        bound.append(_unlike(hint, taken | {callee, *bound}))
    shown, passed = _texts(kept)
    text = f"def {name or base}({shown}): return {callee}({', '.join([*bound, *passed])})\n"
    return WrittenOut(name or base, text, callee, bound, kept)


def _divided(given: list[inspect.Parameter], count: int, named: dict) -> tuple[list[inspect.Parameter], list[str]]:
    """Return the parameters that are left, and names for the arguments that are given."""
    kept: list[inspect.Parameter] = []
    last: list[inspect.Parameter] = []
    bound: list[str] = []
    by_name = False
    for p in given:
        if p.kind in _POSITIONAL and len(bound) < count:
            bound.append(p.name)
        elif p.kind is p.VAR_POSITIONAL:
            bound += [f"{p.name}_{k}" for k in range(count - len(bound))]
            if not by_name:
                kept.append(p)
        elif p.name in named and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            last.append(p.replace(kind=p.KEYWORD_ONLY, default=named[p.name]))
            by_name = by_name or p.kind is p.POSITIONAL_OR_KEYWORD
        elif p.kind is p.VAR_KEYWORD:
            others = named.keys() - {q.name for q in last}
            last += [inspect.Parameter(k, p.KEYWORD_ONLY, default=v) for k, v in named.items() if k in others]
            last.append(p)
        elif by_name and p.kind in _POSITIONAL:
            kept.append(p.replace(kind=p.KEYWORD_ONLY))
        else:
            kept.append(p)
    bound += [f"argument_{k}" for k in range(len(bound), count)]  # too many: said when it is called
    return [*kept, *last], bound


def parameters(callee: object, function: types.FunctionType | None) -> list[inspect.Parameter]:
    """Return the parameters of a callable; `function` is the Python function behind it, if there is one."""
    if function is not None:
        return list(signature_of_code(function).parameters.values())
    if isinstance(callee, np.ufunc):
        return [inspect.Parameter(f"x{k}", inspect.Parameter.POSITIONAL_ONLY) for k in range(callee.nin)]
    try:
        return list(inspect.signature(callee).parameters.values())
    except (ValueError, TypeError):
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]


def signature_of_code(f: types.FunctionType) -> inspect.Signature:
    """Return the signature of a function itself, not of what `functools.wraps` says it wraps."""
    bare = types.FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, f.__closure__)
    bare.__kwdefaults__ = f.__kwdefaults__
    bare.__annotations__ = f.__annotations__
    return inspect.signature(bare)


def _texts(kept: list[inspect.Parameter]) -> tuple[str, list[str]]:
    """Return the text of parameters, and that of each as an argument; defaults do not stand in the text."""
    shown: list[str] = []
    passed: list[str] = []
    kinds = [p.kind for p in kept]
    for k, p in enumerate(kept):
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        is_first = p.kind is p.KEYWORD_ONLY and p.KEYWORD_ONLY not in kinds[:k] and p.VAR_POSITIONAL not in kinds
        shown += [*(["*"] if is_first else []), star + p.name]
        if p.kind is p.POSITIONAL_ONLY and kinds[k + 1 : k + 2] != [p.POSITIONAL_ONLY]:
            shown.append("/")
        passed.append(f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else star + p.name)
    return ", ".join(shown), passed


def _unlike(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
