"""Running an ordinary Python function on Duals and Vars: `for_any_number`, `dual_jvp` and `tape_grad`.

`math.sin(x)` takes floats alone, and `np.zeros(n)` holds floats alone, so a function that was written for floats does
not run on other numbers as it stands. `for_any_number(f)` is `f` with the same code and other globals, in which

    a function with a rule              is that function for numbers of every kind (`math.sin`: `dualad.sin`)
    math, numpy                         are the same modules, with such functions in them
    np.zeros, np.empty, np.array, ...   make object arrays, unless asked for integers or booleans
    float, max, min                     follow their rules
    a Python or jitted function         is itself treated in this way

The function is run, not compiled: whatever Python can run can be differentiated, if the numbers pass through operators
and functions of the registry. What NumPy does not have for object arrays (`np.linalg.solve`) it refuses.
"""

from __future__ import annotations

import builtins
import functools
import math
import types as pytypes
from collections.abc import Callable

import numpy as np

from .errors import NotDifferentiableError
from .functions import is_of_numbers, of_any_number, own_class
from .rules import registry

__all__ = ["dual_jvp", "for_any_number", "tape_grad"]

ARRAY_MAKERS = ("zeros", "empty", "ones", "full", "zeros_like", "empty_like", "ones_like", "full_like", "array") + (
    "asarray",
    "ascontiguousarray",
)


def for_any_number(f: Callable) -> Callable:
    """Return a function that does what `f` does, to numbers of every kind.

    Parameters
    ----------
    f : callable
        A Python function, a lambda, a closure, a method, a partial, or a jitted function; anything else is returned
        as it is.

    Returns
    -------
    callable
        Takes floats, Duals, Vars, and arrays of these.
    """
    return _replace(f, {})


def _replace(value: object, done: dict) -> object:
    """Return what stands for a global, a captured variable or a default in the rebuilt function."""
    if value is math or value is np:
        return _Module(value, done)
    if isinstance(value, type) or not callable(value):
        return BUILTINS["float"] if value is float or value is np.float64 else value
    rule = registry.find(value)
    if rule is not None and is_of_numbers(rule):
        return BUILTINS.get(getattr(value, "__name__", ""), of_any_number(rule))
    if isinstance(value, pytypes.MethodType):
        return pytypes.MethodType(_replace(value.__func__, done), value.__self__)
    if isinstance(value, functools.partial):
        return functools.partial(_replace(value.func, done), *value.args, **value.keywords)
    value = getattr(value, "py_func", value)
    module = getattr(value, "__module__", None) or ""
    if isinstance(value, pytypes.FunctionType) and not module.startswith(("numpy", "dualad.functions")):
        return done[value] if value in done else _rebuild(value, done)
    return value


def _rebuild(f: pytypes.FunctionType, done: dict) -> pytypes.FunctionType:
    names = _names_used(f.__code__)
    namespace: dict = {"__builtins__": {**vars(builtins), **BUILTINS}, "__name__": f.__module__}
    cells = tuple(pytypes.CellType() for _ in f.__closure__ or ())
    new = pytypes.FunctionType(f.__code__, namespace, f.__name__, None, cells)
    done[f] = new  # before what it refers to: a recursive function refers to itself
    for name in names & f.__globals__.keys():
        namespace[name] = _replace(f.__globals__[name], done)
    for cell, old in zip(cells, f.__closure__ or (), strict=True):
        try:
            cell.cell_contents = _replace(old.cell_contents, done)
        except ValueError:  # not assigned yet
            pass
    new.__defaults__ = tuple(_replace(d, done) for d in f.__defaults__) if f.__defaults__ else None
    new.__kwdefaults__ = {k: _replace(d, done) for k, d in (f.__kwdefaults__ or {}).items()}
    return new


def _names_used(code: pytypes.CodeType) -> set[str]:
    """Return the global and attribute names in a code object and the functions within it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            names |= _names_used(constant)
    return names


class _Module:
    """`math` or `numpy`, with the functions of the registry for numbers of every kind."""

    def __init__(self, module: pytypes.ModuleType, done: dict):
        self._module, self._done = module, done

    def __getattr__(self, name: str) -> object:
        value = getattr(self._module, name)
        if self._module is np and name in ARRAY_MAKERS:
            return _array_maker(getattr(np, name.replace("empty", "zeros")))
        return _replace(value, self._done)


def _array_maker(make: Callable) -> Callable:
    def of_objects(*args: object, **kwargs: object) -> np.ndarray:
        made = make(*args, **kwargs)
        return made.astype(object) if made.dtype.kind == "f" else made

    return of_objects


class _FloatKind(type):
    """`float` as a conversion that keeps the derivative, and in `isinstance`."""

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, builtins.float)

    def __call__(cls, x: object = 0.0) -> object:
        number = own_class((x,))
        return number.apply_rule(registry.get("float64"), (x,)) if number else builtins.float(x)


class _Float(metaclass=_FloatKind):
    pass


def _extreme(name: str, original: Callable) -> Callable:
    of_two = of_any_number(registry.get(name))

    def extreme(*args: object, **kwargs: object) -> object:
        items = tuple(args[0]) if len(args) == 1 else args
        if kwargs or not items or own_class(items) is None:
            return original(*args, **kwargs)
        result = items[0]
        for item in items[1:]:
            result = of_two(result, item) if own_class((result, item)) else original(result, item)
        return result

    return extreme


BUILTINS = {
    "float": _Float,
    "max": _extreme("max", builtins.max),
    "min": _extreme("min", builtins.min),
}


# ------------------------------------------------------------------ derivatives


def lift(x: object, make: Callable) -> object:
    """Return an argument with `make(number)` for each of its floats; a float array becomes an object array."""
    if isinstance(x, tuple):
        items = [lift(item, make) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        lifted = np.empty(x.shape, dtype=object)
        for where in np.ndindex(x.shape):
            lifted[where] = make(float(x[where]))
        return lifted
    return make(float(x)) if isinstance(x, float | np.floating) else x


def lifted_args(args: tuple, argnums: tuple[int, ...], make: Callable) -> tuple:
    """Return arguments for a function of any number: lifted where differentiated, other float arrays as objects."""

    def plain(x: object) -> object:
        return lift(x, lambda v: v) if isinstance(x, tuple | np.ndarray) else for_any_number(x) if callable(x) else x

    for k in argnums:
        if not _has_float(args[k]):
            raise NotDifferentiableError(f"argument {k} is {type(args[k]).__name__}, and holds no float")
    return tuple(lift(x, make) if k in argnums else plain(x) for k, x in enumerate(args))


def copied(x: object) -> object:
    if isinstance(x, tuple):
        return type(x)(*map(copied, x)) if hasattr(x, "_fields") else tuple(map(copied, x))
    return x.copy() if isinstance(x, np.ndarray) else x


def _has_float(x: object) -> bool:
    if isinstance(x, tuple):
        return any(_has_float(item) for item in x)
    return isinstance(x, float | np.floating) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def dual_jvp(f: Callable, primals: tuple, tangents: tuple) -> tuple[object, object]:
    """Return `f(*primals)` and the derivative along the tangents, by running `f` on Duals: the counterpart of `jvp`.

    Parameters
    ----------
    f : callable
        Any Python function with one real result.
    primals, tangents : tuple
        One entry an argument: floats, float arrays, tuples of these; a tangent None for an argument to hold fixed.

    Returns
    -------
    value, tangent : float
        The result, and its derivative along the tangents.
    """
    from .dual import Dual

    def numbers(x: object) -> list:
        return [v for item in x for v in numbers(item)] if isinstance(x, tuple) else np.ravel(x).astype(float).tolist()

    moving = tuple(k for k, x_dot in enumerate(tangents) if x_dot is not None)
    directions = iter([v for k in moving for v in numbers(tangents[k])])
    out = for_any_number(f)(*lifted_args(primals, moving, lambda v: Dual(v, next(directions))))
    return (out.primal, out.tangent) if isinstance(out, Dual) else (out, 0.0)


def tape_grad(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """Return the gradient of a scalar function by recording it on a Tape. The counterpart of `grad`.

    Parameters
    ----------
    f : callable
        Any Python function with one real result, also one whose source cannot be found, or that Numba cannot compile.
    argnums : int or tuple of int
        Which arguments to differentiate by: floats, float arrays, tuples of these.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the gradient in the form of the argument, or a tuple of gradients.
    """
    from .tape import Tape

    run = for_any_number(f)
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def gradient(*args: object) -> object:
        tape = Tape()
        where = tuple(k % len(args) for k in positions)
        lifted = lifted_args(args, where, tape.var)
        out = run(*copied(lifted))  # the function may write into its arguments
        bars = tuple(tape.gradient(out, lifted[k]) for k in where)
        return bars[0] if isinstance(argnums, int) else bars

    return gradient
