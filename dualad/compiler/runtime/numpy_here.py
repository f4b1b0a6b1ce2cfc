"""What `np` is in generated code: NumPy, with functions of our own in place of those that derivatives call most.

They do what NumPy's do, and compile to a few instructions in the caller (see `numba_bridge.inline`). What generated
code calls of the rules' own functions sees the same `np` (`here`).
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType

import numpy as np
from numba import njit

from .numba_bridge import give_compiled_meaning, is_jitted
from .numba_bridge import inline_arrays as code
from .numba_bridge.inline import inline_code, once_a_module
from .numba_bridge.solving import solve_of

np_here = ModuleType("np")
"""What generated code calls `np`."""
np_here.__getattr__ = functools.partial(getattr, np)

_meant: dict[int, tuple[object, object]] = {id(np_here): (np_here, np)}  # ids stay valid while the objects live


def there(x: object) -> object:
    """Return what generated code means by an object, where it is one that stands for it here."""
    return _meant[id(x)][1] if id(x) in _meant else x


def _stands_for(x: object, meant: object) -> None:
    _meant[id(x)] = x, meant


def _replace(original: Callable, typer: Callable, write: Callable, otherwise: Callable | None = None) -> None:
    """Let a function of NumPy have code of its own where it is called with arguments that `typer` knows.

    Other calls are for Numba, which may know the function only as another one, `otherwise`.
    """

    def function(*args: object, **kwargs: object) -> object:
        return original(*args, **kwargs)

    function.__name__ = function.__qualname__ = original.__name__
    inline_code(function, typer, write, otherwise or original)
    setattr(np_here, original.__name__, function)
    _stands_for(function, original)


def _type_of_copy(x: object) -> object:
    return code.type_of_like(x)


_replace(np.empty, code.type_of_new, code.new_of_shape(filled=False))
_replace(np.zeros, code.type_of_new, code.new_of_shape(filled=True))
_replace(np.empty_like, code.type_of_like, code.new_like(filled=False))
_replace(np.zeros_like, code.type_of_like, code.new_like(filled=True))
_replace(np.copy, _type_of_copy, code.copy)
_product = once_a_module("product", code.product)
_replace(np.dot, code.type_of_product, _product)
_replace(np.matmul, code.type_of_product, _product, operator.matmul)
_replace(np.outer, code.type_of_outer, once_a_module("outer", code.outer))
_replace(np.eye, code.type_of_eye, once_a_module("eye", code.eye))
_replace(np.sum, code.type_of_sum, code.total)


def _solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.solve(a, b)


give_compiled_meaning(_solve, solve_of)
_stands_for(_solve, np.linalg.solve)
np_here.linalg = ModuleType("np.linalg")
np_here.linalg.__getattr__ = functools.partial(getattr, np.linalg)
np_here.linalg.solve = _solve
_stands_for(np_here.linalg, np.linalg)

_RULES = "dualad.rules."
_copies: dict[object, object] = {}


def here(f: object) -> object:
    """Return a jitted function of the rules as generated code calls it; anything else as it is."""
    if not is_jitted(type(f)) or not f.py_func.__module__.startswith(_RULES):
        return f
    if f not in _copies:
        old = f.py_func
        names = {**old.__globals__, "np": np_here}
        copy = FunctionType(old.__code__, names, old.__name__, old.__defaults__, old.__closure__)
        _copies[f] = njit(error_model="numpy", no_cfunc_wrapper=True)(copy)  # generated code runs in plain Python, too
        _stands_for(_copies[f], f)
        for name in _names_in(old.__code__) & names.keys():
            names[name] = here(names[name])
    return _copies[f]


def _names_in(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*map(_names_in, inner))
