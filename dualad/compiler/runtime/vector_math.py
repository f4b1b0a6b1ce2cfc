"""Elementary functions that LLVM can vectorise, where the platform has them (glibc's libmvec).

Numba calls exp, log, sin and the like one number at a time. The functions here are the same scalar functions, declared
along with their vector variants: where LLVM vectorises a loop it takes four or eight numbers at once. A scalar call is
unchanged to the last bit; a vector variant is within 4 ulp (glibc's own bound; measured in bench/).

Generated code calls them as `vmath.exp(x)`. Without libmvec, and for float32, they are the functions of `math`.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable

import numpy as np

from ...rules import registry
from .numba_bridge import give_vector_variants, guarded_product, let_adjoint_loops_be_vectorised, reassociated_add

_UNDER_NUMPY_NAMES = {
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "erf": "",
    "erfc": "",
}


def _function(name: str) -> Callable:
    original = getattr(math, name)

    def function(x):
        return original(x)

    function.__name__ = function.__qualname__ = name
    return function


FUNCTIONS: dict[str, Callable] = {}
"""The functions that have vector variants here, by their names in `math`."""

NAME_OF: dict[Callable, str] = {}
"""The name in `math` of a function of `math` or NumPy that has vector variants here."""

for _name, _numpy_name in _UNDER_NUMPY_NAMES.items():
    _made = _function(_name)
    if give_vector_variants(_made, _name, getattr(math, _name)):
        FUNCTIONS[_name] = _made
        registry.share(_made, registry.find(getattr(math, _name)))
        for _f in (_made, getattr(math, _name), *([getattr(np, _numpy_name)] if _numpy_name else [])):
            NAME_OF[_f] = _name
globals().update(FUNCTIONS)  # generated code says vmath.exp


def add(x, y):
    """Return x + y, of which LLVM may change the order in a sum, so that it can add up several at once.

    Only for sums whose order is dualad's to choose: np.sum, and adjoints.
    """
    return x + y


reassociated_add(add)
registry.share(add, registry.find(operator.add))


def times(x, y):
    """Return x * y, and 0 where one of them is 0 although the other is infinite or NaN.

    As a function, and not as a branch, it keeps its derivative: that of the product, at 0 too.
    """
    return x * y if x != 0.0 and y != 0.0 else 0.0


def scaled(x, y):
    """Return x * y, and 0 where y is 0 although x is infinite or NaN; its derivative is as that of `times`."""
    return x * y if y != 0.0 else 0.0


guarded_product(times, both=True)
guarded_product(scaled, both=False)
GUARDED = (times, scaled)
"""Products that keep zeros."""

for _f in GUARDED:
    registry.share(_f, registry.find(operator.mul))

_enabled = os.environ.get("DUALAD_VECTOR_MATH", "1") != "0"
if _enabled and FUNCTIONS:
    let_adjoint_loops_be_vectorised()


def use_vector_math(enabled: bool) -> None:
    """Say whether derivatives that are compiled from now on use vector variants of exp, log, sin and the like.

    They do from the start, where the platform has them, unless the environment variable DUALAD_VECTOR_MATH is 0.

    Parameters
    ----------
    enabled : bool
        False for none.
    """
    global _enabled
    _enabled = bool(enabled)
    registry.changed()


def uses_vector_math() -> bool:
    """Return whether derivatives that are compiled now use vector variants.

    Returns
    -------
    bool
        False, too, where the platform has none.
    """
    return _enabled and bool(FUNCTIONS)
