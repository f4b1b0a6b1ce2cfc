"""Functions as derivatives take them: their names, parameters and positions, and what stands for them in Numba."""

from __future__ import annotations

import functools
import inspect
import types as pytypes
from collections.abc import Callable

import numpy as np
from numba import njit, typeof

from .compiler.lowering.dependencies import dependencies_and_seen, fixed
from .compiler.lowering.source import innermost, python_function, read, signature_of, star_of
from .errors import ArgumentError


class Surrounded:
    """A function with what it depends on: equal to all that have the same code and find the same around them.

    `forms` are those of arguments that are structures.
    """

    __slots__ = ("dependencies", "forms", "function", "seen")

    def __init__(self, function: object, forms: tuple = ()):
        self.function, self.forms = function, forms
        self.dependencies, self.seen = dependencies_and_seen(function, forms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surrounded) and self.dependencies == other.dependencies

    def __hash__(self) -> int:
        return hash(self.dependencies)


def name_of(f: object) -> str:
    found = getattr(f, "__name__", None)
    if found is None:
        found = getattr(python_function(f), "__name__", None)
    return repr(f) if found is None else found


def jitted(f: Callable) -> object:
    """Return a dispatcher for a plain function; the same one as long as the function depends on the same."""
    return _jitted(Surrounded(f))


@functools.lru_cache(maxsize=512)
def _jitted(given: Surrounded) -> object:
    dispatcher = njit(error_model="numpy")(given.function)
    dispatcher.fixed, *_ = fixed(given.function)  # what a derivative that takes it as an argument is made of
    return dispatcher


def with_jitted_functions(args: tuple, kwargs: dict) -> tuple | None:
    """Return the arguments with plain functions made acceptable to Numba; None if there are none."""
    if not any(isinstance(a, pytypes.FunctionType) for a in (*args, *kwargs.values())):
        return None

    def convert(a: object) -> object:
        return jitted(a) if isinstance(a, pytypes.FunctionType) else a

    return tuple(convert(a) for a in args), {k: convert(v) for k, v in kwargs.items()}


def parameter_names(f: object) -> list[str]:
    """Return the names of the parameters of a function, or of that which a derivative was made of."""
    code = read(innermost(f)).function.__code__
    count, star = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames
    starred = names[star : star + 1] if code.co_flags & inspect.CO_VARARGS else ()
    return [*names[:count], *starred, *names[count:star]]


def parameters_of(f: object) -> list[inspect.Parameter]:
    return list(signature_of(read(innermost(f)).function).parameters.values())


def beyond_numba(f: object) -> inspect.Signature | None:
    """Return the signature of a function if Numba has no calls for it: keywords behind a star, or **kwargs."""
    kinds = {p.kind for p in parameters_of(f)}
    both = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY}
    return signature_of(f) if both <= kinds or inspect.Parameter.VAR_KEYWORD in kinds else None


def stub_of(f: object, name: str, extra: tuple[str, ...], is_plain: bool) -> Callable:
    """Return an empty function with the signature of `f`, and further parameters behind it.

    If it is to be plain it has neither defaults nor a star: what is given to the starred parameter is given as a tuple.
    So it is if there are parameters behind that. Jitted code can give nothing to **kwargs.
    """
    parts, namespace = [], {}
    kinds = [p.kind for p in parameters_of(f)]
    has_no_star = is_plain or inspect.Parameter.VAR_POSITIONAL in kinds[:-1]
    for p in parameters_of(f):
        star = "*" if p.kind is p.VAR_POSITIONAL and not has_no_star else ""
        if p.default is not p.empty and not has_no_star:
            namespace[f"default_{p.name}"] = _as_default(p.default)
            parts.append(f"{p.name}=default_{p.name}")
        elif p.kind is p.VAR_KEYWORD and not is_plain:
            parts.append(f"{p.name}=()")
        else:
            parts.append(star + p.name)
    names = {p.name for p in parameters_of(f)}
    parts += [_unlike(e, names) for e in extra]
    return function_of_text(name if name.isidentifier() else "derivative", parts, namespace)


def _as_default(default: object) -> object:
    """Return a default that Numba knows a type of; None for others, which the compiler takes from the function."""
    if isinstance(default, pytypes.FunctionType):
        return jitted(default)
    try:
        return None if isinstance(default, list | dict | set) or typeof(default) is None else default
    except ValueError:
        return None


def function_of_text(name: str, parameters: list[str], namespace: dict) -> Callable:
    """Return a function with some parameters that nobody is to run: a dispatcher has others for the types it meets."""
    lines = [f"def {name}({', '.join(parameters)}):", f"    raise RuntimeError('the stub of {name} was run')"]
    exec("\n".join(lines), namespace)  # noqa: S102
    return namespace[name]


def _unlike(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def positions(f: object, argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return argument positions as non-negative ones; a starred parameter takes all from its own position on."""
    given = (argnums,) if isinstance(argnums, int | np.integer) else argnums
    whole = int | np.integer
    if not isinstance(given, tuple | list) or not all(isinstance(k, whole) and not isinstance(k, bool) for k in given):
        raise ArgumentError(f"argnums must be an int or a tuple of ints, not {argnums!r}")
    if not given:
        raise ArgumentError("argnums is empty: name at least one argument")
    count, star = len(parameter_names(f)), star_of(f)
    for k in given:
        if star is not None and k < 0:
            what = f"argnums has {k}, but {name_of(f)} takes any number of arguments"
            raise ArgumentError(f"{what}: count from the first")
        if star is None and not -count <= k < count:
            raise ArgumentError(f"argnums has {k}, but {name_of(f)} takes {count} argument{'s' if count != 1 else ''}")
    positions = tuple(int(k) if star is not None else int(k) % count for k in given)
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"argnums {argnums!r} names an argument twice")
    return positions
