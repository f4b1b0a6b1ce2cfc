"""What a program of the list is: an ordinary Numba function, a point to evaluate it at, and what to differentiate.

The functions are written as a user would write them. Each runs in plain Python and, unless `native` says otherwise,
under `numba.njit(error_model="numpy")`, with the same result. At `args` it is smooth in the arguments `argnums`.

`case` makes a `Program` named after its function:

    case(horner, data(1, 5), 0.7)        # Program("horner", horner, (array, 0.7), (0, 1))

A program may write into its arguments, so callers pass `program.fresh_args()`, never `program.args`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes
    ----------
    name : str
        Unique in the list.
    function : callable
        A `def`, a lambda, a closure or an `@njit` dispatcher.
    args : tuple
        The primals. Floats, ints, bools, strings, arrays, functions, tuples and named tuples of these.
    argnums : tuple of int
        The arguments to differentiate: floats, float arrays, and tuples of these.
    scalar : bool
        Whether the result is one float; otherwise it is an array or a tuple of floats and arrays.
    native : bool
        Whether Numba compiles the function as it stands; False where it calls helpers that are not jitted, lets an
        inner function escape with what it captures, or has a walrus (Numba 0.68 cannot type one on Python 3.11).
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: tuple[int, ...]
    scalar: bool = True
    native: bool = True

    def fresh_args(self) -> tuple[Any, ...]:
        """The primals, with arrays copied; a strided array stays strided."""
        return tuple(copy_of(arg) for arg in self.args)


def copy_of(arg: Any) -> Any:
    """The argument with every array in it copied."""
    if isinstance(arg, np.ndarray):
        return strided_copy(arg)
    if isinstance(arg, tuple):
        return rebuilt(arg, [copy_of(item) for item in arg])
    return arg


def strided_copy(array: np.ndarray) -> np.ndarray:
    """A copy that lies in memory as the array does, with the same gaps and the same negative strides."""
    if array.size == 0 or array.flags.forc:
        return array.copy(order="K")
    reach = [(count - 1) * stride // array.itemsize for count, stride in zip(array.shape, array.strides, strict=True)]
    start = -sum(step for step in reach if step < 0)
    buffer = np.full(start + sum(step for step in reach if step > 0) + 1, np.nan).astype(array.dtype)
    copy = np.lib.stride_tricks.as_strided(buffer[start:], array.shape, array.strides)
    copy[...] = array
    return copy


def rebuilt(like: tuple[Any, ...], items: list[Any]) -> tuple[Any, ...]:
    """A tuple, or a named tuple of the type of `like`, of the items."""
    return type(like)(*items) if hasattr(like, "_fields") else tuple(items)


def is_differentiable(arg: Any) -> bool:
    """Whether the argument is a float, an array of floats, or a tuple of only such."""
    if isinstance(arg, tuple):
        return len(arg) > 0 and all(is_differentiable(item) for item in arg)
    if isinstance(arg, np.ndarray):
        return arg.dtype.kind == "f"
    return isinstance(arg, float)


def case(
    function: Callable[..., Any],
    *args: Any,
    argnums: tuple[int, ...] | None = None,
    name: str | None = None,
    scalar: bool = True,
    native: bool = True,
) -> Program:
    """A program named after its function, by default differentiated in every argument that can be."""
    if argnums is None:
        argnums = tuple(position for position, arg in enumerate(args) if is_differentiable(arg))
    return Program(name or function.__name__, function, args, argnums, scalar, native)


def data(seed: int, *shape: int, low: float = 0.3, high: float = 1.7) -> np.ndarray:
    """Seeded float64 numbers between low and high."""
    return np.random.default_rng(seed).uniform(low, high, shape)
