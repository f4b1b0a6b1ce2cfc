"""Calls of `jvp`, `hvp`, `taylor` and `vjp` from Python: what each comes to is found out once for a kind of arguments.

Such a call names a function, and asks for a derivative of it at a point: the derivative is looked for anew each time.
What a function depends on is looked at in each call (`compiler.lowering.unchanged`); where that is what it was, and all
arguments are numbers and arrays of the same classes and dtypes as in an earlier call, what that found serves again::

    jvp(f, (2.0, x), (1.0, None))     ("jvp", ..., (float, ndarray), (float, NoneType)): the tangent of argument 0
"""

from __future__ import annotations

from numpy import ndarray

from .arguments import like
from .derivative_function import DerivativeFunction
from .inputs import ORDINARY
from .structures import LEAVES

_SIMPLE = (LEAVES - {ndarray}) | {str, type(None)}
_MOST_KINDS = 64


def dtypes_of(args: tuple) -> tuple | None:
    """Return the dtypes of the arrays among some arguments; None if there are no arrays."""
    return tuple([x.dtype for x in args if type(x) is ndarray]) or None


def are_simple(args: tuple) -> bool:
    """Whether arguments are numbers, arrays of them and the like, of which class and dtype say all but the shape."""
    return all(type(x) in _SIMPLE or (type(x) is ndarray and x.dtype.names is None) for x in args)


def remember(made: dict | None, key: tuple, call: object) -> None:
    """Keep what a call has found, if there is a place for it (that of `unchanged.made_of`)."""
    if made is not None:
        if len(made) >= _MOST_KINDS:
            made.clear()
        made[key] = call


class Push:
    """A call of `jvp` and its kin: the derivative, defaults to fill in, and which tangents are handed over as given."""

    __slots__ = ("arrays", "derivative", "dtypes", "of", "rest")

    def __init__(self, derivative: DerivativeFunction, primals: tuple, rest: tuple, of: tuple[int, ...]):
        self.derivative, self.rest, self.of, self.dtypes = derivative, rest, of, dtypes_of(primals)
        self.arrays = [k for k in of if type(primals[k]) is ndarray]

    def takes(self, primals: tuple, tangents: tuple) -> bool:
        """Whether arguments of the same classes have the same dtypes, and tangents as their primals."""
        for k in self.arrays:
            x, x_dot = primals[k], tangents[k]
            if x.shape != x_dot.shape or x.dtype != x_dot.dtype:
                return False
        return dtypes_of(primals) == self.dtypes

    def __call__(self, primals: tuple, tangents: tuple) -> object:
        return self.derivative.of_native(*primals, *self.rest, *[tangents[k] for k in self.of])


class Pull:
    """A call of `vjp`: the derivative, and what is to be known of the arguments.

    Attributes
    ----------
    reverse : DerivativeFunction
        Takes the arguments, what the forward sweep has left, and a cotangent of the result.
    wrt : tuple of int
        The parameters that have derivatives.
    star : int or None
        The starred one.
    count : int
        How many arguments were given.
    forward : DerivativeFunction, optional
        The forward sweep, of a call that is to be made again with other arguments like these.
    rest : tuple
        The defaults behind these arguments.
    dtypes : tuple, optional
        The dtypes of the arrays among them.
    """

    __slots__ = ("count", "dtypes", "forward", "is_whole", "rest", "reverse", "star", "wrt")

    def __init__(
        self,
        reverse: DerivativeFunction,
        wrt: tuple[int, ...],
        star: int | None,
        count: int,
        forward: DerivativeFunction | None = None,
        rest: tuple = (),
        dtypes: tuple | None = None,
    ):
        self.reverse, self.wrt, self.star, self.count = reverse, wrt, star, count
        self.forward, self.rest, self.dtypes = forward, rest, dtypes
        self.is_whole = star is None and len(wrt) == count

    def __call__(self, primals: tuple) -> tuple[object, Pullback]:
        kept = primals
        if self.dtypes is not None:
            kept = tuple([x.copy("K") if type(x) is ndarray else x for x in primals])
        if self.rest:
            kept += self.rest
        out, left = self.forward.of_native(*kept)
        return out, Pullback(self, kept, (left,), out)


class Pullback:
    """The second result of `vjp`: takes a cotangent of the result to those of the arguments.

    `left` is what the forward sweep has left, in a tuple; empty where each call has a forward sweep of its own.
    """

    __slots__ = ("how", "left", "out", "primals")

    def __init__(self, how: Pull, primals: tuple, left: tuple, out: object):
        self.how, self.primals, self.left, self.out = how, primals, left, out

    def __call__(self, cotangent: object) -> tuple:
        how, seed = self.how, like(self.out, cotangent, "the result", "cotangent")
        call = how.reverse
        if how.forward is not None and (type(seed) in ORDINARY or (type(seed) is tuple and are_simple(seed))):
            call = call.of_native
        bars = call(*self.primals, *self.left, seed)
        if how.is_whole:
            return tuple(bars)
        entries: list = [None] * len(self.primals)
        for k, bar in zip(how.wrt, bars, strict=True):
            entries[k] = bar
        return as_given(entries, how.star, self.primals, how.count)


def as_given(entries: list, star: int | None, full: tuple, count: int) -> tuple:
    """Return the entries for the arguments that were given, of entries for all parameters (None: for none of them)."""
    if star is not None:
        rest = entries.pop(star)
        entries[star:star] = [None] * len(full[star]) if rest is None else list(rest)
    return tuple(entries[:count])
