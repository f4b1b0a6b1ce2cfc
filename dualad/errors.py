"""Everything dualad refuses, by name: the construct, where it stands, and what to do instead.

Every exception that dualad itself raises is a `DualadError`. Exceptions that the user's own function raises are
never wrapped.
"""


class DualadError(Exception):
    """Base class of all errors raised by dualad."""


class UnsupportedError(DualadError):
    """A construct or callee that the engine does not differentiate.

    The message names the construct, the file and line, and the remedy.
    """


class NoSourceError(DualadError):
    """The source text of a function cannot be found, so the compiler cannot read it."""


class NotDifferentiableError(DualadError, TypeError):
    """An argument or a result that has no derivative: an integer or boolean input, a non-scalar result of `grad`."""


class ArgumentError(DualadError, ValueError):
    """A bad argument to a transformation: `argnums` out of range, a tangent or cotangent of another shape or dtype."""


class RuleError(DualadError):
    """A primitive rule that is declared wrongly."""


def at(message: str, filename: str | None, line: int | None) -> str:
    """Return `message` with the place it speaks of."""
    return f"{message} ({filename}, line {line})" if filename else message
