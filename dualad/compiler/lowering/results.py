"""What a function may return: numbers, arrays and structures of them, which are tuples in native code."""

from __future__ import annotations

from ...errors import UnsupportedError, at
from ..ir import TupleOf
from .control import RETURN_VALUE
from .entries import Entry, Whole
from .structures import Form, taken_apart
from .values import OPERANDS, DictOf, ListOf, Poison


def as_tuples(result: object, entry: Entry, has_aux: bool) -> tuple[object, Form | None]:
    """Return a result as tuples of tuples, and what it is to the user; with `has_aux`, what its auxiliary part is.

    A derivative with the structure that the user sees is taken for a whole.
    """
    if has_aux and not isinstance(entry, Whole):
        if not isinstance(result, TupleOf) or len(result.items) != 2:
            return taken_apart(result)[0], None
        aux, form = taken_apart(result.items[1])
        return TupleOf((taken_apart(result.items[0])[0], aux), result.cls), form
    return taken_apart(result)


def refuse_poison(value: object, entry: Entry) -> None:
    """The result must be numbers, arrays and tuples of them on every path."""
    if isinstance(value, TupleOf):
        for item in value.items:
            refuse_poison(item, entry)
    elif not isinstance(value, OPERANDS):
        reason = value.reason.replace(RETURN_VALUE, "the result") if isinstance(value, Poison) else "it has no value"
        if isinstance(value, ListOf | DictOf):
            reason = f"it is a {type(value).__name__[:4].lower()}: return an array or a tuple"
        raise UnsupportedError(at(f"the result of {entry.name} is not supported: {reason}", *entry.place))
