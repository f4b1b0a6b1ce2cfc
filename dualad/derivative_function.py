"""A derivative as the user holds it: a Python callable, and a Numba dispatcher."""

from __future__ import annotations

import functools
import inspect
import types as pytypes
from collections.abc import Callable

import numpy as np
from numba import njit, typeof

from .compiler.build import Built, Derivative, NotScalarError, build, check_type
from .compiler.infer import refusal
from .compiler.numba_bridge import NumbaError, register_callable, specialising_dispatcher
from .compiler.source import captured, innermost, read
from .compiler.vector_math import uses_vector_math
from .errors import ArgumentError, DualadError, NotDifferentiableError, UnsupportedError, at
from .inputs import ORDINARY, Parameter, blocks_in_form_of, has_list, in_form_of, native, remedy, with_lists

_SHAPED = ("grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian")
"""The derivatives that have the structure of the arguments that they are taken by."""


class DerivativeFunction:
    """A compiled derivative. Call it like the function it came from, from Python or from `@njit` code."""

    def __init__(self, what: Derivative, name: str, extra: tuple[str, ...] = ()):
        self.what = what
        self.built: dict[tuple, Built] = {}
        self._has_lists = False
        self.differentiated = what.function
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"{what.kind} of {name_of(what.function)}, by arguments {what.argnums}."
        self._extra = len(extra)
        self.dispatcher = specialising_dispatcher(_stub(what.function, name, extra), self._specialise)
        self.dispatcher.derivative = self  # found there by the compiler, when the dispatcher is an argument

    def _specialise(self, argument_types: tuple) -> Callable:
        if argument_types not in self.built:
            for k in self.what.argnums:
                check_type(argument_types[k], k, self.what.function)
            own = argument_types if self.what.kind == "hvp" else argument_types[: len(argument_types) - self._extra]
            self.built[argument_types] = made = build(self.what, own)
            self._has_lists = self._has_lists or made.lists is not None
        return self.built[argument_types].function

    def __call__(self, *args: object, **kwargs: object) -> object:
        given = (args, kwargs)
        for x in (*args, *kwargs.values()):
            if type(x) not in ORDINARY:
                args, kwargs = self._native(args, kwargs)
                break
        try:
            result = self.dispatcher(*args, **kwargs)
        except NotScalarError as error:
            if self.what.kind not in ("grad", "value_and_grad"):
                raise
            out = derivative_of(self.what.function, "primal", (), False, False, ())(*args, **kwargs)
            if isinstance(out, np.ndarray):
                raise NotDifferentiableError(error.message(f"an array of shape {out.shape}")) from None
            raise
        except (NumbaError, TypeError, NotImplementedError, DualadError) as error:
            retry = with_jitted_functions(args, kwargs)
            if retry is None:
                self._explain(error, args, kwargs)
                raise
            try:
                result = self.dispatcher(*retry[0], **retry[1])
            except NumbaError as error:
                self._explain(error, args, kwargs)
                raise
        if self._has_lists:
            result = self._with_lists(result, args)
        return result if args is given[0] and kwargs is given[1] else self._in_form(result, *given)

    # ---------------------------------------------------------------- arguments from Python

    def _parameter(self, position: int) -> tuple[Parameter, bool]:
        """Return what an argument is called, and whether it is differentiated."""
        parameters = parameters_of(self.what.function)
        star = next((k for k, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL), len(parameters))
        own = min(position, star)
        name = parameters[own].name if own < len(parameters) else f"{position}"
        return Parameter(own, name, name_of(self.what.function)), own in self.what.argnums

    def _placed(self, args: tuple, kwargs: dict) -> list[tuple]:
        """Return (argument, Parameter, whether it is differentiated) for each argument."""
        names = [p.name for p in parameters_of(self.what.function)]
        places = [*range(len(args)), *(names.index(k) if k in names else len(names) for k in kwargs)]
        return [(x, *self._parameter(k)) for x, k in zip((*args, *kwargs.values()), places, strict=True)]

    def _native(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Return the arguments as they go to native code."""
        values = [native(*placed) for placed in self._placed(args, kwargs)]
        if all(x is y for x, y in zip(values, (*args, *kwargs.values()), strict=True)):
            return args, kwargs
        return tuple(values[: len(args)]), dict(zip(kwargs, values[len(args) :], strict=True))

    def _in_form(self, result: object, args: tuple, kwargs: dict) -> object:
        """Return a result with lists where the differentiated arguments have them."""
        names = [p.name for p in parameters_of(self.what.function)]
        given = {**dict(enumerate(args)), **{names.index(k): v for k, v in kwargs.items()}}
        star = [p.kind is p.VAR_POSITIONAL for p in parameters_of(self.what.function)]
        if True in star:
            given[star.index(True)] = args[star.index(True) :]
        kind, has_aux = self.what.kind, self.what.has_aux
        if kind not in _SHAPED or not any(has_list(given.get(k)) for k in self.what.argnums):
            return result
        models = tuple(given.get(k) for k in self.what.argnums)
        model = models[0] if self.what.single else models
        if kind == "value_and_grad":
            return result[0], in_form_of(result[1], model)
        derivative, aux = result if has_aux else (result, None)
        if kind == "grad":
            derivative = in_form_of(derivative, model)
        elif kind == "hessian":
            derivative = in_form_of(derivative, model, lambda row: in_form_of(row, model))
        else:
            derivative = blocks_in_form_of(derivative, model)
        return (derivative, aux) if has_aux else derivative

    def _with_lists(self, result: object, args: tuple) -> object:
        """Return a result with the lists in it that native code returns as tuples."""
        found = {made.lists for made in self.built.values()}
        lists = found.pop() if len(found) == 1 else self.built[tuple(map(typeof, args))].lists
        if self.what.kind == "grad":
            return result[0], with_lists(result[1], lists)
        if self.what.kind == "value_and_grad":
            return (result[0][0], with_lists(result[0][1], lists)), result[1]
        return with_lists(result, lists)

    def _explain(self, error: Exception, args: tuple, kwargs: dict) -> None:
        """Raise an error that says what is wrong with an argument, or with the user's line that Numba refuses."""
        for x, parameter, is_differentiated in self._placed(args, kwargs):
            message = remedy(x, parameter)
            if message is not None:
                kind = NotDifferentiableError if is_differentiated else ArgumentError
                raise kind(message) from None
        if isinstance(error, NumbaError):
            source = read(innermost(self.what.function))
            raise refusal(error, self.__name__, (source.filename, source.node.lineno)) from None

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


def _stub(f: object, name: str, extra: tuple[str, ...]) -> Callable:
    """Return an empty function with the signature of `f`, and further parameters behind it."""
    parts, namespace = [], {}
    for p in parameters_of(f):
        star = "*" if p.kind is p.VAR_POSITIONAL and not extra else ""
        if p.default is not p.empty and not extra:
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
