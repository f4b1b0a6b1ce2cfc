"""Which arrays have their shadows from the forward sweep on.

Usually shadows are made on the way back: the shadow of a view is a view of the shadow, and where a branch or a loop
hands an array on under another name, the shadow of that name is handed back. In between the memory has two shadows, one
a name. That goes well unless one of the two names is written while the other one lives on::

    v = x[:2] if c else x[2:]           # the reverse of the write takes its adjoint from the shadow of v,
    v[0] = 3.0 * v[0]                   # and has to find there what the reading of x has added
    return x[0] * x[2]

Then all arrays of the class have their shadows from the forward sweep, where every view, choice and hand-over of arrays
is done to the shadows too. So it is with lists, and with the arrays in them.

Names share a shadow if one is a view of the other, or if one is chosen by a branch from the others and is only read and
written: its shadow is chosen again in the same way. `_Names` tells which names may look at one memory and do not share
a shadow of it, `_Lives` which of them live on.
"""

from __future__ import annotations

from .. import ir
from ..ir import Block, For, Function, If, Op, Var, While
from ..ir.effects import shares_memory, written_by
from ..ir.kinds import is_array, is_list


def find_mirrored(function: Function, plan: object) -> set[Var]:
    """Return the classes of arrays and lists that are mirrored, by what a `Plan` knows of their uses."""
    aliases = plan.activity.aliases
    mirrored = {aliases.of(s.target) for s in ir.walk(function.body) if isinstance(s, Op) and is_list(s.target)}
    names = _Names(function, plan)
    if names.joined:
        mirrored |= _Lives(function, plan, names).find()
    return mirrored


def is_chosen_again(stmt: If, target: Var, plan: object) -> bool:
    """Whether the shadow of an array that a branch chooses is chosen again in the reverse sweep.

    Each side must be there before the branch, or be made in it for this one name; and the array may not be handed on.
    """
    if not all(how == "read" and isinstance(s, Op) for how, s in plan.uses.get(target, ())):
        return False
    for block, side in ((stmt.then, "then"), (stmt.orelse, "orelse")):
        inside = {v for s in block for v in ir.defined_by(s)}
        handed = [(p.target, x, plan.root(x)) for p in stmt.phis if isinstance(x := getattr(p, side), Var)]
        own = next((root for v, x, root in handed if v is target and x in inside), None)
        if own is not None:
            made = plan.definer.get(own)
            others = [v for v, _, root in handed if root is own]
            if own not in inside or not isinstance(made, Op) or shares_memory(made) or len(others) > 1:
                return False
    return True


class _Names:
    """The arrays of classes in which some are chosen by branches or handed from trip to trip.

    `held` has for each the arrays that it may be or look into, by the operations that make them, and for each of these
    whether it was made in an earlier trip of a loop than the present one: that is another array than the one made now.
    """

    def __init__(self, function: Function, plan: object):
        self.plan = plan
        self.joined: set[Var] = set()
        self.held: dict[Var, set[tuple[Var, bool]]] = {}
        self._chosen: dict[Var, frozenset[Var]] = {}
        self._edges: dict[Var, list[tuple[Var, object]]] = {}
        self._inside: dict[Var, set[int]] = {}
        statements = list(ir.walk(function.body))
        for stmt in statements:
            for target, _ in _handed(stmt):
                if plan.active(target):
                    self.joined.add(plan.activity.aliases.of(target))
        if not self.joined:
            return
        for leaf, _, _ in function.leaves:
            self._hold(leaf, (leaf, False))
        for stmt in statements:
            self._add(stmt)

    def counts(self, x: object) -> bool:
        """Whether an operand is an array of these classes."""
        return is_array(x) and self.plan.activity.aliases.of(x) in self.joined and self.plan.active(x)

    def shadows(self, v: Var) -> frozenset[Var]:
        """Return the arrays of which one has the shadow that a name has, or of which its shadow is a view."""
        root = self.plan.root(v)
        return self._chosen.get(root, frozenset({root}))

    def are_apart(self, x: Var, y: Var) -> bool:
        """Whether two names may look at one memory and have two shadows of it."""
        held = self.held
        pairs = ((a, b) for a in self.shadows(x) for b in self.shadows(y) if a is not b)
        return any(not held.get(a, set()).isdisjoint(held.get(b, ())) for a, b in pairs)

    def _add(self, stmt: object) -> None:
        if isinstance(stmt, Op):
            if self.counts(stmt.target):
                if shares_memory(stmt):
                    self._flow(stmt.args[0], stmt.target, None)
                else:
                    self._inside[stmt.target] = {id(loop) for loop in self.plan.around[id(stmt)]}
                    self._hold(stmt.target, (stmt.target, False))
            return
        for target, source in _handed(stmt):
            self._flow(source, target, None if isinstance(stmt, If) else stmt)
        for p in stmt.phis if isinstance(stmt, If) else ():
            if self.counts(p.target) and is_chosen_again(stmt, p.target, self.plan):
                self._chosen[p.target] = frozenset().union(
                    *(self.shadows(x) for x in (p.then, p.orelse) if self.counts(x))
                )

    def _flow(self, source: object, target: Var, loop: object) -> None:
        if isinstance(source, Var) and self.counts(target):
            self._edges.setdefault(source, []).append((target, loop))
            for item in tuple(self.held.get(source, ())):
                self._hold(target, self._through(loop, item))

    def _through(self, loop: object, item: tuple[Var, bool]) -> tuple[Var, bool]:
        """Return what is held behind a loop, or in its next trip."""
        made, is_old = item
        return made, is_old or id(loop) in self._inside.get(made, ())

    def _hold(self, v: Var, item: tuple[Var, bool]) -> None:
        todo = [(v, item)]
        while todo:
            v, item = todo.pop()
            held = self.held.setdefault(v, set())
            if item not in held:
                held.add(item)
                todo += [(target, self._through(loop, item)) for target, loop in self._edges.get(v, ())]


class _Lives:
    """Goes through a function from its end to its beginning, with the names that are used later on.

    A loop is gone through again with what its body uses in the next trip, until nothing is new.
    """

    def __init__(self, function: Function, plan: object, names: _Names):
        self.function = function
        self.plan = plan
        self.names = names
        self.mirrored: set[Var] = set()
        self._next_trip: dict[int, set[Var]] = {}
        self._is_new = False

    def find(self) -> set[Var]:
        """Return the classes in which a name is written while another name of the memory lives on."""
        end = [*ir.vars_in(self.function.result), *self.plan.activity.aliases.borrowed]
        while True:
            self._is_new = False
            self._before(self.function.body, self._used(end))
            if not self._is_new:
                return self.mirrored

    def _used(self, operands: object) -> set[Var]:
        return {self.plan.root(x) for x in operands if self.names.counts(x)}

    def _before(self, block: Block, live: set[Var]) -> set[Var]:
        """Return the arrays that live before a block, where some live behind it; views are named for their arrays."""
        for stmt in reversed(block.statements):
            if isinstance(stmt, Op):
                live = self._before_op(stmt, live)
            elif isinstance(stmt, If):
                then, orelse = (
                    self._before(b, live - {p.target for p in stmt.phis} | self._handed_in(stmt, live, side))
                    for b, side in ((stmt.then, "then"), (stmt.orelse, "orelse"))
                )
                live = then | orelse
            else:
                live = self._before_loop(stmt, live)
        return live

    def _handed_in(self, stmt: If, live: set[Var], side: str) -> set[Var]:
        return self._used(getattr(p, side) for p in stmt.phis if p.target in live)

    def _before_op(self, op: Op, live: set[Var]) -> set[Var]:
        if op.target is not None:
            live = live - {op.target}
        if not self.plan.is_work(op) or shares_memory(op):
            return live
        used = self._used(ir.op_vars(op))
        for x in written_by(op):
            if self.names.counts(x):
                self._write(x, live | used if op.fn == "call" else live)
        return live | used

    def _write(self, x: Var, live: set[Var]) -> None:
        if any(self.names.are_apart(x, y) for y in live):
            self.mirrored.add(self.plan.activity.aliases.of(x))

    def _before_loop(self, loop: For | While, live: set[Var]) -> set[Var]:
        results, params = {c.result for c in loop.carried}, {c.param for c in loop.carried}
        again = self._next_trip.setdefault(id(loop), set())
        wanted = [c for c in loop.carried if c.result in live or c.param in again]
        outside = live - results
        body = self._before(loop.body, outside | (again - params) | self._used(c.yielded for c in wanted))
        body |= {c.param for c in loop.carried if c.result in live and self.names.counts(c.param)}
        if isinstance(loop, While):
            body = self._before(loop.header, outside | body)
        if not body <= again:
            again |= body
            self._is_new = True
        handed_in = self._used(c.init for c in loop.carried if c.result in live or c.param in body)
        return outside | (body - params) | handed_in


def _handed(stmt: object) -> list[tuple[Var, object]]:
    """Return (target, source) of the arrays that a branch or a loop hands on."""
    if isinstance(stmt, Op):
        return []
    if isinstance(stmt, If):
        return [(p.target, x) for p in stmt.phis if is_array(p.target) for x in (p.then, p.orelse)]
    slots = [c for c in stmt.carried if is_array(c.param)]
    return [pair for c in slots for pair in ((c.param, c.init), (c.param, c.yielded), (c.result, c.param))]
