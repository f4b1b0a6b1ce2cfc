"""NumPy functions written in terms of others: they need no rule, the compiler differentiates what they are made of.

Each function that is declared here has the parameters of its NumPy namesake, as far as Numba supports them, and is
inlined in its place::

    @composite(np.std)                      where its result is active: what NumPy functions do with integers, or with
    def std(a):                             what is not differentiated, stays with Numba
        return np.sqrt(np.var(a))

    @written_out(np.divmod)                 wherever it is called: functions with several results, or whose result is
    def divmod_(x, y):                      a part of their argument
        return np.floor_divide(x, y), np.remainder(x, y)

The calls inside are expanded in their turn. `a.ndim`, `axis` and the like are known at compile time, so that only one
of the branches on them is left (the dimensions of arguments, in a `composite`; nothing is known of the dimensions of
what is computed inside). Results are given the dtype that Numba's own function gives them. A function raises what its
namesake raises: sizes that do not fit must not be read or written beyond the end of an array.
"""

from collections.abc import Callable

_composites: dict[Callable, Callable] = {}
_written_out: dict[Callable, Callable] = {}
_along_axes: dict[Callable, Callable] = {}
_early: set[Callable] = set()


def find(function: object) -> Callable | None:
    """Return the composite that stands for a NumPy function where its result is active, or None."""
    return _look_up(_composites, function)


def find_written_out(function: object) -> Callable | None:
    """Return what stands for a NumPy function wherever it is called, or None."""
    return _look_up(_written_out, function)


def _look_up(table: dict[Callable, Callable], function: object) -> Callable | None:
    try:
        return table.get(function)  # type: ignore[call-overload]
    except TypeError:  # unhashable
        return None


def all_composites() -> dict[Callable, Callable]:
    """Return every NumPy function that is written in terms of others."""
    return _composites | _written_out


def composite(*functions: Callable, early: bool = False) -> Callable:
    """Declare what stands for NumPy functions where their result is active (decorator).

    With `early` it stands there wherever the arguments are known to be arrays: Numba's own takes long to compile.
    """
    _early.update(functions if early else ())
    return _register(_composites, functions)


def is_early(function: object) -> bool:
    """Whether what stands for a function is put in its place as soon as the types of the arguments are known."""
    return _look_up(_composites, function) is not None and function in _early


def written_out(*functions: Callable) -> Callable:
    """Declare what stands for NumPy functions wherever they are called (decorator)."""
    return _register(_written_out, functions)


def _register(table: dict[Callable, Callable], functions: tuple[Callable, ...]) -> Callable:
    def register(written: Callable) -> Callable:
        table.update(dict.fromkeys(functions, written))
        return written

    return register
