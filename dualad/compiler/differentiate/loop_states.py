"""What a loop needs to be run again from one of its trips: its state there, and that it does the same again.

A state is what the loop hands from trip to trip, and the contents of those arrays that a trip may find changed when it
is run again: the loop, or what follows it, overwrites elements that are read in it. What is run again must do the same
again. So it may not print, draw random numbers or call what is not known; and the arrays that it makes may have no
shadows from the forward sweep on (`shadows`), since they are others each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from numba import types

from ...errors import UnsupportedError, at
from .. import ir
from ..ir import Const, For, Op, Var, While
from ..ir.effects import is_known, shares_memory, written_by
from ..ir.kinds import is_array, is_list, is_number, is_reference, type_of
from ..ir.operations import ALLOCATIONS, COPIES, WRITES
from ..transform.cse import is_load
from .plan import Plan

_FEW = 64
"""Trips of a loop without others inside it whose tape is not worth limiting."""


@dataclass(eq=False)
class State:
    """What the state of a loop is made of.

    Attributes
    ----------
    loop : For or While
    inside : list
        All statements inside it.
    numbers, arrays : list of Var
        What it hands from trip to trip; arrays are kept by reference.
    contents : list of Var
        Arrays, from outside or handed from trip to trip, of which each state has a copy.
    once : list of Var
        Arrays from outside of which the first state has a copy, since only what follows the loop writes into them.
    made : set of Var
        The roots of the arrays that its trips make.
    """

    loop: For | While
    inside: list
    numbers: list[Var] = field(default_factory=list)
    arrays: list[Var] = field(default_factory=list)
    contents: list[Var] = field(default_factory=list)
    once: list[Var] = field(default_factory=list)
    made: set[Var] = field(default_factory=set)


def has_tape(loop: For | While, plan: Plan) -> bool:
    """Whether a loop, or one inside it, stores anything for the reverse sweep."""
    plans = (plan.loops.get(id(s)) for s in (loop, *_inside(loop)))
    return any(p is not None and (p.floats or p.integers or p.kept) for p in plans)


def is_long(loop: For | While, plan: Plan) -> bool:
    """Whether the tape of a loop, with those of the loops inside it, may be long."""
    if not has_tape(loop, plan):
        return False
    bounds = [loop.start, loop.stop, loop.step] if isinstance(loop, For) else [None]
    has_inner = any(isinstance(s, For | While) for s in ir.walk(loop.body))
    if has_inner or plan.loops[id(loop)].kept or not all(isinstance(x, Const) for x in bounds):
        return True
    return len(range(*(x.value for x in bounds))) > _FEW


def state_of(loop: For | While, plan: Plan) -> State:
    """Return what the state of a loop is made of; an error if it cannot be run again."""
    found = State(loop, _inside(loop))
    _check(found, plan)
    aliases = plan.activity.aliases
    handed = [c.param for c in loop.carried]
    found.numbers = [v for v in handed if is_number(v)]
    found.arrays = [v for v in handed if is_array(v)]
    made = (s.target for s in found.inside if isinstance(s, Op) and is_array(s.target) and not shares_memory(s))
    found.made = {r for v in made for r in aliases.roots(v)}
    here, after, read = _written_in(found, plan), _written_after(loop, plan), _read_changed(found, plan)
    named = {v for s in found.inside for x in ir.operands_of(s) for v in ir.vars_in(x)}  # not only handed in
    outside = [v for v in read_from_outside(loop) if is_array(v) and v in named]
    bases = [v for v in outside if plan.root(v) is v or plan.root(v) not in outside]
    for v in (*bases, *found.arrays):
        roots = aliases.roots(v)
        if not roots & read:
            continue
        if roots & here or (v in found.arrays and roots & after):
            found.contents.append(v)
        elif roots & after:
            found.once.append(v)
    return found


def read_from_outside(loop: For | While) -> dict[Var, None]:
    """Return the variables that a loop begins with or its trips read, apart from those that it defines itself."""
    inside = _inside(loop)
    own = {v for s in inside for v in ir.defined_by(s)}
    loops = [loop, *(s for s in inside if isinstance(s, For | While))]
    own |= {c.param for s in loops for c in s.carried} | {s.index for s in loops if isinstance(s, For)}
    operands = (x for s in (*inside, loop) for x in ir.operands_of(s))
    return dict.fromkeys(v for x in operands for v in ir.vars_in(x) if v not in own)


def _inside(loop: For | While) -> list:
    """Return all statements of a loop, those of its test among them."""
    return [s for block in ir.blocks_of(loop) for s in ir.walk(block)]


def _check(found: State, plan: Plan) -> None:
    """Refuse what cannot be run again."""
    for s in (s for s in found.inside if isinstance(s, Op)):
        name = s.detail if s.fn == "method" else getattr(s.fn, "__name__", s.fn)
        if is_list(s.target) or any(is_list(x) for x in s.args):
            raise refused(s, "a loop with a list in it", "use arrays")
        if s.fn == "call":
            raise refused(s, "a loop with a recursive function in it", "leave memory out")
        writes = s.fn in WRITES and s.fn not in ("append", "setattr")
        if s.fn is print or not (writes or s.fn == "raise" or is_known(s)):
            raise refused(s, f"a loop with {name} in it, which is run again,", "take it out of the loop")
        if s.fn in ALLOCATIONS | COPIES and plan.is_mirrored(s.target):
            what = f"a loop that makes an array ({s.target.name}) of several names"
            raise refused(s, what, "write into arrays made before it")
    for v in (c.param for c in found.loop.carried):
        if not (is_number(v) or is_array(v)) or isinstance(type_of(v), types.Complex):
            raise refused(found.loop, f"a loop that hands on {v.name} ({type_of(v)})", "use real numbers")


def refused(stmt: object, what: str, remedy: str) -> UnsupportedError:
    """Return the error of what memory= does not go with."""
    return UnsupportedError(at(f"memory= with {what} is not supported: {remedy}", *stmt.place))


def _written_in(found: State, plan: Plan) -> set[Var]:
    """Return the roots of what a loop writes into, apart from arrays that the same trip has made."""
    made = {s.target for s in found.inside if isinstance(s, Op) and s.fn in ALLOCATIONS | COPIES}
    writes = [x for s in found.inside if isinstance(s, Op) for x in written_by(s)]
    return {r for x in writes if plan.root(x) not in made for r in plan.activity.aliases.roots(x)}


def _written_after(loop: For | While, plan: Plan) -> set[Var]:
    """Return the roots of what is written into by what follows a loop, the next trip of one around it included."""
    around = plan.around[id(loop)]
    last = plan.position[id(around[0])] if around else plan.end[id(loop)]
    late = [w for w in plan.order.writes if plan.position[id(w)] > last]
    return {r for w in late for v in ir.op_vars(w) if is_reference(v) for r in plan.activity.aliases.roots(v)}


def _read_changed(found: State, plan: Plan) -> set[Var]:
    """Return the roots of the arrays of which a loop reads an element that may be overwritten later."""
    roots: set[Var] = set()
    for s in found.inside:
        if not isinstance(s, Op) or s.fn in ("view", "attr") or (is_load(s) and plan.is_untouched(s)):
            continue
        read = s.args[1:] if s.fn in ("setitem", "assign") else s.args
        for x in (*read, *s.kwargs.values()):
            roots.update(r for v in ir.vars_in(x) if is_array(v) for r in plan.activity.aliases.roots(v))
    return roots
