"""A derivative as the user holds it: a Python callable, and a Numba dispatcher."""

from __future__ import annotations

import functools
import inspect
import types as pytypes
from collections.abc import Callable

import numpy as np
from numba import njit

from .compiler.build import Built, Derivative, NotScalarError, build, check_type
from .compiler.numba_bridge import NumbaError, register_callable, specialising_dispatcher
from .compiler.source import captured, innermost, read
from .compiler.vector_math import uses_vector_math
from .errors import ArgumentError, DualadError, NotDifferentiableError, UnsupportedError, at


class DerivativeFunction:
    """A compiled derivative. Call it like the function it came from, from Python or from `@njit` code."""

    def __init__(self, what: Derivative, name: str, extra: tuple[str, ...] = ()):
        self.what = what
        self.built: dict[tuple, Built] = {}
        self.differentiated = what.function
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"{what.kind} of {name_of(what.function)}, by arguments {what.argnums}."
        self._extra = len(extra)
        self._signature = None if extra else _with_keywords_behind_star(what.function)
        self.dispatcher = specialising_dispatcher(_stub(what.function, name, extra), self._specialise)
        self.dispatcher.derivative = self  # found there by the compiler, when the dispatcher is an argument

    def _specialise(self, argument_types: tuple) -> Callable:
        if argument_types not in self.built:
            for k in self.what.argnums:
                check_type(argument_types[k], k, self.what.function)
            own = argument_types if self.what.kind == "hvp" else argument_types[: len(argument_types) - self._extra]
            self.built[argument_types] = build(self.what, own)
        return self.built[argument_types].function

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self._signature is not None:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = tuple(bound.arguments.values()), {}
        try:
            return self.dispatcher(*args, **kwargs)
        except NotScalarError as error:
            if self.what.kind not in ("grad", "value_and_grad"):
                raise
            out = derivative_of(self.what.function, "primal", (), False, False, ())(*args, **kwargs)
            if isinstance(out, np.ndarray):
                raise NotDifferentiableError(error.message(f"an array of shape {out.shape}")) from None
            raise
        except (NumbaError, TypeError, DualadError):
            retry = with_jitted_functions(args, kwargs)
            if retry is None:
                raise
        return self.dispatcher(*retry[0], **retry[1])

    def __repr__(self) -> str:
        return f"<dualad {self.what.kind} of {name_of(self.what.function)} by {self.what.argnums}>"


register_callable(DerivativeFunction, lambda d: d.dispatcher)


def name_of(f: object) -> str:
    return getattr(f, "__name__", repr(f))


@functools.lru_cache(maxsize=512)
def jitted(f: Callable) -> object:
    return njit(error_model="numpy")(f)


def with_jitted_functions(args: tuple, kwargs: dict) -> tuple | None:
    """Return the arguments with plain functions made acceptable to Numba; None if there are none."""
    if not any(isinstance(a, pytypes.FunctionType) for a in (*args, *kwargs.values())):
        return None

    def convert(a: object) -> object:
        return jitted(a) if isinstance(a, pytypes.FunctionType) else a

    return tuple(convert(a) for a in args), {k: convert(v) for k, v in kwargs.items()}


def parameters_of(f: object) -> list[inspect.Parameter]:
    source = read(innermost(f))
    found = list(inspect.signature(source.function).parameters.values())
    for p in found:
        if p.kind is p.VAR_KEYWORD:
            message = f"**{p.name} of {name_of(f)} is not supported: name the keyword arguments"
            raise UnsupportedError(at(message, source.filename, source.node.lineno))
    return found


def _with_keywords_behind_star(f: object) -> inspect.Signature | None:
    """Return the signature of a function with a starred and keyword-only parameters, which Numba has no calls for."""
    kinds = {p.kind for p in parameters_of(f)}
    both = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY}
    return inspect.signature(read(innermost(f)).function) if both <= kinds else None


def _stub(f: object, name: str, extra: tuple[str, ...]) -> Callable:
    """Return an empty function with the signature of `f`, and further parameters behind it.

    It has no star if there are parameters behind the starred one: what is given to that is given as a tuple.
    """
    parts, namespace = [], {}
    is_plain = bool(extra) or _with_keywords_behind_star(f) is not None
    for p in parameters_of(f):
        star = "*" if p.kind is p.VAR_POSITIONAL and not is_plain else ""
        if p.default is not p.empty and not is_plain:
            default = jitted(p.default) if isinstance(p.default, pytypes.FunctionType) else p.default
            namespace[f"default_{p.name}"] = default
            parts.append(f"{p.name}=default_{p.name}")
        else:
            parts.append(star + p.name)
    names = {p.name for p in parameters_of(f)}
    parts += [_unlike(e, names) for e in extra]
    safe = name if name.isidentifier() else "derivative"
    exec(f"def {safe}({', '.join(parts)}): pass", namespace)  # noqa: S102
    return namespace[safe]


def _unlike(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def positions(f: object, argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return argument positions as non-negative parameter positions."""
    given = (argnums,) if isinstance(argnums, int | np.integer) else argnums
    whole = int | np.integer
    if not isinstance(given, tuple | list) or not all(isinstance(k, whole) and not isinstance(k, bool) for k in given):
        raise ArgumentError(f"argnums must be an int or a tuple of ints, not {argnums!r}")
    if not given:
        raise ArgumentError("argnums is empty: name at least one argument")
    count = len(parameters_of(f))
    for k in given:
        if not -count <= k < count:
            raise ArgumentError(f"argnums has {k}, but {name_of(f)} takes {count} argument{'s' if count != 1 else ''}")
    positions = tuple(int(k) % count for k in given)
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"argnums {argnums!r} names an argument twice")
    return positions


@functools.lru_cache(maxsize=512)
def _made(
    f: object, kind: str, argnums: tuple, single: bool, has_aux: bool, extra: tuple, values: tuple
) -> DerivativeFunction:
    base = name_of(f)
    name = f"{base}_{kind}" if base.isidentifier() else kind
    return DerivativeFunction(Derivative(f, kind, argnums, single, has_aux), name, extra)


def derivative_of(
    f: object, kind: str, argnums: tuple, single: bool = False, has_aux: bool = False, extra: tuple = ()
) -> DerivativeFunction:
    """Return the derivative of a function with the global and captured values, and the settings, of now."""
    return _made(f, kind, argnums, single, has_aux, extra, (uses_vector_math(), *captured(f)))
