"""`stop_gradient`: what a derivative does not look behind."""

from __future__ import annotations

from typing import Any

from .compiler.lowering.stopping import code_for
from .compiler.runtime.numba_bridge import give_compiled_meaning
from .rules.stopping import STOPPED, stopped
from .structures import mapped

__all__ = ["stop_gradient"]


def stop_gradient(x: Any) -> Any:
    """Return a value that derivatives take for a constant.

    Parameters
    ----------
    x : object
        A number, an array, or a structure of such (a dict, list, tuple, dataclass or registered class); in `@njit` code
        a number, an array or a tuple.

    Returns
    -------
    object
        The same numbers, in the same structure; of arrays a copy. Tangents of it are zero and cotangents end there, in
        both modes and in derivatives of any order.

    Examples
    --------
    The slope of the first factor alone::

        def f(x):
            return x * dualad.stop_gradient(x)    # x**2, with the derivative x
    """
    return mapped(_stopped, x)


def _stopped(leaf: object) -> object:
    number_class = type(leaf)
    return number_class.apply_rule(STOPPED, (leaf,)) if hasattr(number_class, "apply_rule") else stopped(leaf)


give_compiled_meaning(stop_gradient, code_for)
stop_gradient.transformation = "stop_gradient"  # what the compiler knows it by
