"""NumPy functions that are written out once the types of their arguments are known, as loops or in terms of others.

Numba has code for a part of NumPy, and for that only some of the options. What it lacks is written here as ordinary
Python, for the dtypes and numbers of dimensions of a call, and inlined there: values, both modes and higher orders
follow, and calls that carry no derivative are compiled as well::

    @by_types(np.flip)
    def flip(m, axis=None):                          # told what is known of the arguments
        if not is_array(m) or axis is None:
            return None                              # as it is: Numba has it
        back = ["::-1" if k in axes_of(axis, m.ndim) else ":" for k in range(m.ndim)]
        return Text("flip", "m").line(f"return m[{', '.join(back)}]").function()

The function that is declared has the parameters of its NumPy namesake. An argument is a `Like`, where only dtype and
number of dimensions are known, or the value itself of a constant (an axis, a subscript, a keyword), or a tuple of
such. What it returns has some of the parameters, by name; or it returns None, where the call is to stay what it is.

The type of the result is that which NumPy gives for small arrays of the dtypes and dimensions in question.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..texts import define


@dataclass(frozen=True)
class Like:
    """What is known of an array or, with no dimensions, of a number."""

    ndim: int
    dtype: np.dtype

    def small(self, size: int) -> object:
        """Return an array or a number of the kind."""
        return np.ones((size,) * self.ndim, self.dtype) if self.ndim else self.dtype.type(1)


@dataclass(frozen=True)
class Declared:
    """What stands for a NumPy function."""

    written_for: Callable
    result: Callable
    views: bool
    typed: bool

    def bound(self, args: tuple, kwargs: dict) -> dict | None:
        """Return arguments by the names of the parameters; None if the function does not take them."""
        try:
            return inspect.signature(self.written_for).bind(*args, **kwargs).arguments
        except TypeError:
            return None

    def defaults(self) -> dict[str, object]:
        """Return the defaults of the parameters that have one."""
        parameters = inspect.signature(self.written_for).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}


_declared: dict[Callable, Declared] = {}


def find(function: object) -> Declared | None:
    """Return what is declared for a NumPy function, or None."""
    try:
        return _declared.get(function)  # type: ignore[call-overload]
    except TypeError:  # unhashable
        return None


def all_by_types() -> tuple[Callable, ...]:
    """Return every function that is written out by types."""
    return tuple(_declared)


def by_types(
    *functions: Callable, result: Callable | None = None, views: bool = False, typed: bool = False
) -> Callable:
    """Declare what stands for NumPy functions (decorator).

    Parameters
    ----------
    result : callable, optional
        What gives the type of the result when it is called with small arrays. Default: the function itself.
    views : bool
        Whether the result may be a part of an argument.
    typed : bool
        Whether calls with several arguments that stay what they are get their types here as well: Numba compiles what
        it calls for them to find out, and that may take seconds.
    """

    def register(written_for: Callable) -> Callable:
        for function in functions:
            _declared[function] = Declared(written_for, result or function, views, typed)
        return written_for

    return register


OF_ARRAYS = ("a", "x", "arr", "m", "y", "f", "array", "A")
"""What NumPy calls the first parameter of functions of one array, for which a list of its rows or numbers will do."""


def of_list(function: Callable, declared: Declared, known: dict) -> Callable | None:
    """Return what calls a function with an array made of the list that is its first argument; None if it is none."""
    first = next(iter(inspect.signature(declared.written_for).parameters))
    if first not in OF_ARRAYS or not isinstance(known[first], tuple) or not known[first]:
        return None
    rest = "".join(f", {k}={k}" for k in known if k != first)
    params = ", ".join([first, *(f"{k}=None" for k in known if k != first)])
    return Text(function.__name__, params, called=function).line(f"return called(np.array({first}){rest})").function()


def result_like(function: Callable, args: tuple, kwargs: dict) -> object:
    """Return what is known of function(*args, **kwargs): a `Like`, a tuple of such; raises what NumPy raises."""
    for size in (1, 2, 3):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = function(*_small(args, size), **{k: _small(v, size) for k, v in kwargs.items()})
        except Exception as error:  # noqa: PERF203
            failed = error
        else:
            return _kind(found)
    raise failed


def _small(x: object, size: int) -> object:
    if isinstance(x, tuple):
        return tuple(_small(i, size) for i in x)
    return x.small(size) if isinstance(x, Like) else x


def _kind(found: object) -> object:
    if isinstance(found, tuple | list):
        return tuple(_kind(x) for x in found)
    found = np.asarray(found)
    return Like(found.ndim, found.dtype)


# -------------------------------------------------------------------- of arguments


def is_array(x: object) -> bool:
    """Whether an argument is an array of at least one dimension."""
    return isinstance(x, Like) and x.ndim > 0


def is_number(x: object) -> bool:
    """Whether an argument is a single number, known or not."""
    return isinstance(x, int | float) or (isinstance(x, Like) and x.ndim == 0)


def ndim_of(x: object) -> int:
    return x.ndim if isinstance(x, Like) else np.ndim(x)


def axes_of(axis: object, ndim: int) -> tuple[int, ...] | None:
    """Return axes, counted from the first, in ascending order: all of them for None; None if they are not known.

    Raises
    ------
    TypeError
        If there is no such axis, or one is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(k, int) for k in given):
        return None
    for k in given:
        if not -ndim <= k < ndim:
            raise TypeError(f"axis {k} is out of bounds: the array has {ndim} dimension{'s' if ndim != 1 else ''}")
    found = sorted({k % ndim for k in given})
    if len(found) < len(given):
        raise TypeError("an axis is named twice")
    return tuple(found)


# -------------------------------------------------------------------- writing


class Text:
    """The text of a function that is written for some types."""

    def __init__(self, name: str, params: str, **names: object):
        self.name = name
        self.lines = [f"def {name}({params}):"]
        self.names = names
        self.depth = 1

    def line(self, text: str) -> Text:
        self.lines.append("    " * self.depth + text)
        return self

    @contextlib.contextmanager
    def under(self, head: str) -> Iterator[None]:
        """A suite under a head line."""
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1

    @contextlib.contextmanager
    def nest(self, loops: list[tuple[str, str]]) -> Iterator[None]:
        """Loops over (index, count), one in the other."""
        with contextlib.ExitStack() as stack:
            for index, count in loops:
                stack.enter_context(self.under(f"for {index} in range({count}):"))
            yield

    def shape(self, array: str, names: list[str]) -> Text:
        """Give the lengths of an array's axes names."""
        return self.line(f"{', '.join(names)}{',' if len(names) == 1 else ''} = {array}.shape") if names else self

    def store(self, target: str, index: list[str], part: str, sizes: list[str]) -> Text:
        """Store an array of known sizes as a part of another: nothing has to be fitted to it, as in a slice."""
        more = [f"j{k}" for k in range(len(sizes))]
        with self.nest(list(zip(more, sizes, strict=True))):
            self.line(f"{target}[{', '.join([*index, *more])}] = {part}" + (f"[{', '.join(more)}]" if more else ""))
        return self

    def function(self) -> Callable:
        return _made(self.name, "\n".join(self.lines) + "\n", tuple(self.names.items()))


@lru_cache(maxsize=1000)
def _made(name: str, text: str, names: tuple) -> Callable:
    filename = f"<dualad: {name}, written by types {_made.cache_info().misses}>"
    return define(text, filename, {"np": np, "__name__": __name__, **dict(names)})[name]


def tuple_text(items: list[str]) -> str:
    """Return the text of a tuple."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def dtype_text(dtype: np.dtype) -> str:
    """Return the text of a dtype."""
    return "np.bool_" if dtype == np.bool_ else f"np.{dtype.name}"
