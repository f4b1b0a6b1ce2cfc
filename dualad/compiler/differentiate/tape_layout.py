"""Where the trips of a loop are counted, and where its block of the tape is reserved: as far outside as possible.

The rows of a loop inside others are reserved for all of its runs at once, if the number of its trips is the same in
each. Then the tape stays where it is while the loops run. If the number of trips is not the same but has a bound, rows
are reserved for one run of the loop around it::

    tape = np.empty(trips * trips_1)        for i in range(n):          # n = trips
    for i in range(trips):                      if top + trips * (n - 1) > tape.size: ...
        for j in range(trips_1):                for j in range(i + 1, n):
            tape[...] = ...                         tape[...] = ...
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import ir
from ..analysis.value_ranges import Form, Integers
from ..ir import For


@dataclass(eq=False)
class Reservation:
    """What is reserved for a loop, and before which loop: the product of some loops' trips, or of bounds of them."""

    place: For
    factors: list[For | Form]


def reservation(loop: For, around: tuple, integers: Integers) -> Reservation:
    """Return what to reserve for a counted loop in the loops `around` it."""
    chain = [loop]
    for outer in reversed(around):
        if not (is_counted(outer) and any(s is chain[0] for s in outer.body)):
            break
        bounds = {id(s): _most_trips(s, outer, integers) for s in chain if _changes_in(s, outer, integers)}
        if bounds:
            if None in bounds.values():
                break
            return Reservation(outer, [outer, *(bounds.get(id(s), s) for s in chain)])
        chain.insert(0, outer)
    return Reservation(chain[0], list(chain))


def counting_place(loop: For, around: tuple, integers: Integers) -> For:
    """Return the outermost loop before which the trips of a counted loop are known."""
    place = loop
    for outer in reversed(around):
        if not is_counted(outer) or _changes_in(loop, outer, integers):
            break
        place = outer
    return place


def is_counted(loop: object) -> bool:
    """Whether the trips of a loop are known when it is entered."""
    return isinstance(loop, For) and loop.exit is None


def _changes_in(loop: For, outer: For, integers: Integers) -> bool:
    return any(integers.is_inside(v, outer) for x in (loop.start, loop.stop, loop.step) for v in ir.vars_in(x))


def _most_trips(loop: For, outer: For, integers: Integers) -> Form | None:
    """Return a bound of a loop's trips that does not change in a loop around it."""
    step = integers.step(loop)
    if not step:
        return None
    length = integers.form(loop.stop).plus(integers.form(loop.start), -1).times(1 if step > 0 else -1)
    most = integers.at_most(length, outer)
    return None if any(integers.is_inside(v, outer) for v, _ in most.terms) else most
