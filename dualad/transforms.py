"""The public transformations, with JAX's names and conventions.

Each takes a function and returns one. What it returns is compiled for the argument types of the first call, can be
called from Python and from inside `@njit`, and never changes the caller's arrays.
"""

from __future__ import annotations

import functools
import inspect
import types as pytypes
from collections.abc import Callable

import numpy as np
from numba import njit

from .compiler.build import Built, Derivative, NotScalarError, build, check_type
from .compiler.numba_bridge import NumbaError, let_jitted_code_call, register_callable, specialising_dispatcher
from .compiler.source import captured, python_function, read
from .errors import ArgumentError, DualadError, NotDifferentiableError, UnsupportedError, at

__all__ = ["derivative_source", "grad", "jvp", "value_and_grad", "vjp"]


class DerivativeFunction:
    """A compiled derivative. Call it like the function it came from, from Python or from `@njit` code."""

    def __init__(self, what: Derivative, name: str, extra: tuple[str, ...] = ()):
        self.what = what
        self.built: dict[tuple, Built] = {}
        self.__wrapped__ = what.function
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"{what.kind} of {_name(what.function)}, by arguments {what.argnums}."
        self._extra = len(extra)
        self.dispatcher = specialising_dispatcher(_stub(what.function, name, extra), self._specialise)

    def _specialise(self, argument_types: tuple) -> Callable:
        if argument_types not in self.built:
            for k in self.what.argnums:
                check_type(argument_types[k], k, self.what.function)
            own = argument_types[: len(argument_types) - self._extra] if self._extra else argument_types
            self.built[argument_types] = build(self.what, own)
        return self.built[argument_types].function

    def __call__(self, *args: object, **kwargs: object) -> object:
        try:
            return self.dispatcher(*args, **kwargs)
        except NotScalarError as error:
            out = _derivative(self.what.function, "primal", (), False, False, ())(*args, **kwargs)
            if isinstance(out, np.ndarray):
                raise NotDifferentiableError(error.message(f"an array of shape {out.shape}")) from None
            raise
        except (NumbaError, TypeError, DualadError):
            retry = _with_jitted_functions(args, kwargs)
            if retry is None:
                raise
        return self.dispatcher(*retry[0], **retry[1])

    def __repr__(self) -> str:
        return f"<dualad {self.what.kind} of {_name(self.what.function)} by {self.what.argnums}>"


register_callable(DerivativeFunction, lambda d: d.dispatcher)


def _name(f: object) -> str:
    return getattr(f, "__name__", repr(f))


@functools.lru_cache(maxsize=512)
def _jitted(f: Callable) -> object:
    return njit(error_model="numpy")(f)


def _with_jitted_functions(args: tuple, kwargs: dict) -> tuple | None:
    """Return the arguments with plain functions made acceptable to Numba; None if there are none."""
    if not any(isinstance(a, pytypes.FunctionType) for a in (*args, *kwargs.values())):
        return None

    def convert(a: object) -> object:
        return _jitted(a) if isinstance(a, pytypes.FunctionType) else a

    return tuple(convert(a) for a in args), {k: convert(v) for k, v in kwargs.items()}


def _parameters(f: object) -> list[inspect.Parameter]:
    source = read(python_function(f) or f)
    found = list(inspect.signature(source.function).parameters.values())
    for p in found:
        if p.kind is p.VAR_KEYWORD:
            message = f"**{p.name} of {_name(f)} is not supported: name the keyword arguments"
            raise UnsupportedError(at(message, source.filename, source.node.lineno))
    return found


def _stub(f: object, name: str, extra: tuple[str, ...]) -> Callable:
    """Return an empty function with the signature of `f`, and further parameters behind it."""
    parts, namespace = [], {}
    for p in _parameters(f):
        star = "*" if p.kind is p.VAR_POSITIONAL and not extra else ""
        if p.default is not p.empty and not extra:
            default = _jitted(p.default) if isinstance(p.default, pytypes.FunctionType) else p.default
            namespace[f"default_{p.name}"] = default
            parts.append(f"{p.name}=default_{p.name}")
        else:
            parts.append(star + p.name)
    names = {p.name for p in _parameters(f)}
    parts += [_unlike(e, names) for e in extra]
    safe = name if name.isidentifier() else "derivative"
    exec(f"def {safe}({', '.join(parts)}): pass", namespace)  # noqa: S102
    return namespace[safe]


def _unlike(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _argnums(f: object, argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return argument positions as non-negative parameter positions."""
    given = (argnums,) if isinstance(argnums, int | np.integer) else argnums
    whole = int | np.integer
    if not isinstance(given, tuple | list) or not all(isinstance(k, whole) and not isinstance(k, bool) for k in given):
        raise ArgumentError(f"argnums must be an int or a tuple of ints, not {argnums!r}")
    if not given:
        raise ArgumentError("argnums is empty: name at least one argument")
    count = len(_parameters(f))
    for k in given:
        if not -count <= k < count:
            raise ArgumentError(f"argnums has {k}, but {_name(f)} takes {count} argument{'s' if count != 1 else ''}")
    positions = tuple(int(k) % count for k in given)
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"argnums {argnums!r} names an argument twice")
    return positions


@functools.lru_cache(maxsize=512)
def _made(
    f: object, kind: str, argnums: tuple, single: bool, has_aux: bool, extra: tuple, values: tuple
) -> DerivativeFunction:
    base = _name(f)
    name = f"{base}_{kind}" if base.isidentifier() else kind
    return DerivativeFunction(Derivative(f, kind, argnums, single, has_aux), name, extra)


def _derivative(f: object, kind: str, argnums: tuple, single: bool, has_aux: bool, extra: tuple) -> DerivativeFunction:
    """Return the derivative of a function with the global and captured values that it has now."""
    return _made(f, kind, argnums, single, has_aux, extra, captured(f))


def grad(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> DerivativeFunction:
    """Return the gradient of a scalar function, by reverse mode.

    Parameters
    ----------
    f : callable
        A def, lambda, closure or `@njit` function; its result is one real number (with `has_aux`, a pair of it and
        anything).
    argnums : int or tuple of int
        Which arguments to differentiate by; each is a float, a float array, or a tuple of such.
    has_aux : bool
        Whether `f` returns (value, auxiliary output).

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the gradient by one argument, in its shape, dtype and structure, or a
        tuple of gradients if `argnums` is a tuple. With `has_aux`: (gradient, auxiliary output).

    Raises
    ------
    ArgumentError
        If `argnums` is out of range.
    NoSourceError
        If the source of `f` cannot be found.
    NotDifferentiableError
        When called: an argument is an integer or boolean, or the result is not one real number.
    UnsupportedError
        When called: `f` does something that dualad does not differentiate; the message says what and where.
    """
    return _derivative(f, "grad", _argnums(f, argnums), isinstance(argnums, int | np.integer), has_aux, ())


def value_and_grad(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> DerivativeFunction:
    """Return a function that gives (f(...), gradient), computed together. See `grad`.

    With `has_aux` it gives ((value, auxiliary output), gradient).
    """
    return _derivative(f, "value_and_grad", _argnums(f, argnums), isinstance(argnums, int | np.integer), has_aux, ())


let_jitted_code_call(grad)
let_jitted_code_call(value_and_grad)


def jvp(f: Callable, primals: tuple, tangents: tuple) -> tuple[object, object]:
    """Return (f(*primals), the Jacobian of f times the tangents), by forward mode.

    Parameters
    ----------
    f : callable
    primals : tuple
        The arguments.
    tangents : tuple
        One for each argument, of its shape, dtype and structure. For an argument that has no derivative (an integer,
        a string, a function): None or zero.

    Raises
    ------
    ArgumentError
        If a tangent has another shape or dtype than its primal; the message names the argument.
    """
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise ArgumentError("primals and tangents must be tuples, one entry an argument")
    if len(primals) != len(tangents):
        raise ArgumentError(f"{len(primals)} primals but {len(tangents)} tangents")
    names = [p.name for p in _parameters(f)]
    full = _bound(f, primals)
    wrt, used = [], []
    pairs = list(zip(_star_folded(f, primals, full), _star_folded(f, tangents, full), strict=False))
    for k, (x, x_dot) in enumerate(pairs):
        if _is_differentiable(x):
            used.append(_like(x, x_dot, names[k], "tangent"))
            wrt.append(k)
        elif not (x_dot is None or np.all(np.asarray(x_dot) == 0)):
            raise NotDifferentiableError(f"argument {names[k]} is {type(x).__name__}, which has no tangent: pass None")
    if not wrt:
        raise NotDifferentiableError(f"{_name(f)} has no floating-point argument to differentiate")
    extra = tuple(f"{names[k]}_dot_" for k in wrt)
    return _derivative(f, "jvp", tuple(wrt), False, False, extra)(*full, *used)


def vjp(f: Callable, *primals: object) -> tuple[object, Callable]:
    """Return (f(*primals), pullback): the pullback takes a cotangent of the result to those of the arguments.

    Returns
    -------
    out : object
        The result of `f`.
    pullback : callable
        Takes a cotangent of the shape, dtype and structure of `out`; returns a tuple with one entry an argument
        (None for arguments that have no derivative).
    """
    full = _bound(f, primals)
    # the pullback speaks of the arguments as they are now, whatever the caller does to the arrays afterwards
    kept = tuple(_snapshot(x) for x in full)
    wrt = tuple(k for k, x in enumerate(full) if _is_differentiable(x))
    if not wrt:
        raise NotDifferentiableError(f"{_name(f)} has no floating-point argument to differentiate")
    out = _derivative(f, "primal", (), False, False, ())(*primals)
    star = _star(f)

    def pullback(cotangent: object) -> tuple:
        seed = _like(out, cotangent, "the result", "cotangent")
        bars = _derivative(f, "vjp", wrt, False, False, ("out_bar_",))(*kept, seed)
        entries: list = [None] * len(full)
        for k, bar in zip(wrt, bars, strict=True):
            entries[k] = bar
        if star is not None:
            rest = entries.pop(star)
            entries += list(rest) if rest is not None else [None] * len(full[star])
        return tuple(entries[: len(primals)])

    return out, pullback


def derivative_source(f: Callable, *args: object, mode: str = "reverse", argnums: object = None) -> str:
    """Return the Python source that dualad generates for the derivative of `f` at arguments of these types.

    Parameters
    ----------
    f : callable
    *args : object
        Arguments; only their types matter.
    mode : {"reverse", "forward"}
    argnums : int or tuple of int, optional
        Default: every floating-point argument.
    """
    from numba import typeof

    if mode not in ("reverse", "forward"):
        raise ArgumentError(f"mode must be 'reverse' or 'forward', not {mode!r}")
    full = _bound(f, args)
    if argnums is None:
        wrt = tuple(k for k, x in enumerate(full) if _is_differentiable(x))
        if not wrt:
            raise NotDifferentiableError(f"{_name(f)} has no floating-point argument to differentiate")
    else:
        wrt = _argnums(f, argnums)
    full = tuple(_jitted(x) if isinstance(x, pytypes.FunctionType) else x for x in full)
    argument_types = tuple(typeof(x) for x in full)
    if mode == "forward":
        return build(Derivative(f, "jvp", wrt), argument_types).text
    try:
        return build(Derivative(f, "value_and_grad", wrt), argument_types).text
    except NotDifferentiableError:
        return build(Derivative(f, "vjp", wrt), argument_types).text


# -------------------------------------------------------------------- arguments


def _star(f: object) -> int | None:
    kinds = [p.kind for p in _parameters(f)]
    star = inspect.Parameter.VAR_POSITIONAL
    return kinds.index(star) if star in kinds else None


def _bound(f: object, args: tuple) -> tuple:
    """Return one value for each parameter: defaults filled in, a starred parameter as a tuple."""
    try:
        bound = inspect.signature(read(python_function(f) or f).function).bind(*args)
    except TypeError as error:
        raise ArgumentError(f"{_name(f)}: {error}") from None
    bound.apply_defaults()
    return tuple(bound.arguments.values())


def _star_folded(f: object, values: tuple, full: tuple) -> tuple:
    star = _star(f)
    return tuple(values) if star is None else (*values[:star], tuple(values[star:]))[: len(full)]


def _snapshot(x: object) -> object:
    if isinstance(x, np.ndarray):
        return x.copy(order="K")
    if isinstance(x, tuple):
        return _rebuild(x, [_snapshot(i) for i in x])
    return x


def _rebuild(model: tuple, items: list) -> tuple:
    return type(model)(*items) if hasattr(model, "_fields") else tuple(items)


def _is_differentiable(x: object) -> bool:
    if isinstance(x, tuple):
        return any(_is_differentiable(i) for i in x)
    if isinstance(x, np.ndarray):
        return x.dtype.kind == "f"
    return isinstance(x, float | np.floating)


def _like(x: object, given: object, name: str, what: str) -> object:
    """Return a tangent or cotangent in the form of its primal; refuse another shape, dtype or structure."""
    if isinstance(x, tuple):
        if not isinstance(given, tuple | list) or len(given) != len(x):
            raise ArgumentError(f"the {what} of {name} must be a tuple of {len(x)}, like the primal, not {given!r}")
        items = [_like(i, g, f"{name}[{k}]", what) for k, (i, g) in enumerate(zip(x, given, strict=True))]
        return _rebuild(x, items)
    if isinstance(x, np.ndarray):
        g = np.asarray(given)
        if g.shape != x.shape:
            raise ArgumentError(f"the {what} of {name} has shape {g.shape}, but the primal has shape {x.shape}")
        if x.dtype.kind != "f":
            return 0.0
        if g.dtype != x.dtype:
            raise ArgumentError(f"the {what} of {name} has dtype {g.dtype}, but the primal has dtype {x.dtype}")
        return g
    if not _is_differentiable(x):
        return 0.0
    if isinstance(given, bool | np.bool_) or not isinstance(given, int | float | np.number) or np.iscomplexobj(given):
        shape = np.shape(given)
        kind = f"has shape {shape}" if shape else f"is {type(given).__name__} {given!r}"
        raise ArgumentError(f"the {what} of {name} {kind}, but the primal is a real number")
    return type(x)(given)
