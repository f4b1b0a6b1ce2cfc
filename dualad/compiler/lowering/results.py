"""What a function may return: numbers, arrays and tuples of them; beside a value also lists, which are tuples here."""

from __future__ import annotations

from ...errors import UnsupportedError, at
from ..ir import TupleOf
from .control import RETURN_VALUE
from .entries import Entry, Whole
from .values import OPERANDS, DictOf, ListOf, Poison


def with_tuples(result: object, entry: Entry, has_aux: bool) -> tuple[object, tuple | None]:
    """Return a result with tuples in place of the lists of its auxiliary part, and which these are.

    The lists in a derivative with the structure that the user sees are those of its function.
    """

    def without(x: object) -> tuple[object, tuple | None]:
        if not isinstance(x, TupleOf | ListOf):
            return x, None
        parts = [without(i) for i in x.items]
        marks = tuple(mark for _, mark in parts)
        is_list = isinstance(x, ListOf)
        made = TupleOf(tuple(value for value, _ in parts), None if is_list else x.cls)
        return made, (is_list, marks) if is_list or any(marks) else None

    if isinstance(entry, Whole):
        return without(result)
    if has_aux and isinstance(result, TupleOf) and len(result.items) == 2:
        aux, lists = without(result.items[1])
        return TupleOf((result.items[0], aux), result.cls), lists
    return result, None


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
