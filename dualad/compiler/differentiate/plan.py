"""What the reverse sweep needs, and where it gets it: kept, stored on the tape, or computed again.

Outside loops every value of the forward sweep is still at hand, since every variable is assigned once. Inside a loop
it is not, and each value that the reverse sweep of the body reads is either

stored      loop-carried values, results of expensive operations, elements of arrays that are overwritten later;
            not on the tape but where they are, if the function itself stores them in an array (`left_in`);
recomputed  adds, products, comparisons, views, index arithmetic, elements of arrays that stay as they are;
kept        a reference, for arrays and decompositions (on a list).

`Plan` decides this loop by loop, from the inside out. What a loop needs from outside becomes a need of the loop
around it.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from numba import types

from ...errors import UnsupportedError, at
from ...rules import registry
from .. import ir
from ..analysis.activity import Activity
from ..analysis.order import Order
from ..analysis.shapes import Size
from ..analysis.value_ranges import Integers
from ..ir import Block, Const, For, Function, If, Op, Var, While, rule_text
from ..ir.boundary import READS
from ..ir.effects import shares_memory, written_by
from ..ir.kinds import is_array, is_float, is_integer, is_list, is_memory, is_number, type_of
from ..ir.operations import ALLOCATIONS, COPIES, LIKE, VIEWS, WRITES, facts
from ..runtime.numba_bridge.objects import describe, is_modelled
from ..transform.copy_before_overwrite import needed_operands
from ..transform.cse import is_load, may_write, writes_in
from .shadows import find_mirrored
from .sparse_loops import leaves_no_trace, selects
from .zero_guards import Guards

_DECIDED = ("recomputed", "chosen_again", "relied_on", "loops", "left_in")
"""What a plan has decided so far."""


def is_shared(v: Var) -> bool:
    """Whether a variable holds what several rules share: a decomposition, or a value and its residuals."""
    return isinstance(v.type, types.BaseTuple)


@dataclass(eq=False)
class LoopPlan:
    """What one loop stores and recomputes; `floats` and `integers` are the columns of its two tapes.

    `packs` are those of a third one, which takes a part of the floats (see `packed_reverse`).

    If it `selects`, only some of the trips are on them (see `selecting`)."""

    floats: list[Var] = field(default_factory=list)
    integers: list[Var] = field(default_factory=list)
    packs: list[Var] = field(default_factory=list)
    kept: list[Var] = field(default_factory=list)
    external: set[Var] = field(default_factory=set)
    decided: set[Var] = field(default_factory=set)
    selects: bool = False


class Plan:
    """The decisions for one function."""

    def __init__(self, function: Function, activity: Activity):
        self.function = function
        self.activity = activity
        self.active = activity.active
        self.definer: dict[Var, object] = {}
        self.loop_of: dict[Var, object] = {}
        self.order = Order(function)
        self.integers = Integers(function)
        self.position, self.around, self.end = self.order.position, self.order.around, self.order.end
        self.restored: set[Var] = set()
        self.saves: dict[int, Var] = {}
        self.handed_on: dict[Var, Var] = {}
        self._block_of: dict[int, tuple[Block, int]] = {}
        self._owner: dict[int, object] = {}
        self._untouched: dict[int, bool] = {}
        self._loads: dict[Var, Op | None] = {}
        self._made_loads: list[Op] = []  # kept, since they are known by identity
        self.uses: dict[Var, list[object]] = {}
        self._index(function.body, ())
        self.guards = Guards(function, activity)
        self.mirrored = find_mirrored(function, self)
        for stmt in ir.walk(function.body):
            if isinstance(stmt, If):
                self._find_handed_on(stmt)
        self.make()

    def make(self) -> None:
        """Decide about all loops, for the arrays that are to be `restored`."""
        self.recomputed: set[int] = set()
        self.chosen_again: set[Var] = set()
        self.is_rare = False
        self.relied_on: list[Op] = []
        self.loops: dict[int, LoopPlan] = {}
        self.left_in: dict[Var, Op] = {}
        self.block_needs(self.function.body, None)

    # ---------------------------------------------------------------- where things are

    def _index(self, block: Block, around: tuple) -> None:
        loop = around[-1] if around else None
        for k, stmt in enumerate(block):
            self._block_of[id(stmt)] = (block, k)
            for v in ir.defined_by(stmt):
                self.definer[v], self.loop_of[v] = stmt, loop
            reads: list = []
            if isinstance(stmt, Op):
                reads = list(ir.op_vars(stmt))
            elif isinstance(stmt, If):
                reads = [v for p in stmt.phis for x in (p.then, p.orelse) for v in ir.vars_in(x)]
            if isinstance(stmt, For | While):
                for c in stmt.carried:
                    self.definer[c.param], self.loop_of[c.param] = stmt, stmt
                    for v in ir.vars_in(c.yielded):
                        self.uses.setdefault(v, []).append(("yield", stmt))
                    for v in ir.vars_in(c.init):
                        self.uses.setdefault(v, []).append(("init", stmt))
                if isinstance(stmt, For):
                    self.definer[stmt.index], self.loop_of[stmt.index] = stmt, stmt
            for v in reads:
                self.uses.setdefault(v, []).append(("read", stmt))
            for inner in ir.blocks_of(stmt):
                self._owner[id(inner)] = stmt
                self._index(inner, (*around, stmt) if isinstance(stmt, For | While) else around)

    def root(self, v: Var) -> Var:
        """Follow views to the array that they look at."""
        while True:
            stmt = self.definer.get(v)
            if isinstance(stmt, Op) and (stmt.fn == "view" or stmt.fn in VIEWS) and isinstance(stmt.args[0], Var):
                v = stmt.args[0]
            else:
                return v

    def items_of(self, v: Var) -> list[Op]:
        """Return the operations that take the results of a derivative apart."""
        return [stmt for _, stmt in self.uses.get(v, ()) if isinstance(stmt, Op) and stmt.fn == "item"]

    def last_use(self, v: Var) -> int:
        """Return the position of the last statement that touches an array or a view of it; -1 if none does."""
        last = -1
        for how, stmt in self.uses.get(v, ()):
            if how == "read":
                last = max(last, self.position[id(stmt)])
                if isinstance(stmt, Op) and stmt.target is not None and self.root(stmt.target) is self.root(v):
                    last = max(last, self.last_use(stmt.target))
        if any(x is v for x in ir.vars_in(self.function.result)):
            last = len(self.position)
        return last

    # ---------------------------------------------------------------- values under several names

    def is_mirrored(self, v: object) -> bool:
        """Whether an array's shadow is made in the forward sweep, along with the array (see `mirroring`)."""
        return isinstance(v, Var) and is_memory(v) and self.activity.aliases.of(v) in self.mirrored and self.active(v)

    def uses_shadow(self, v: Var) -> bool:
        """Whether the reverse sweep looks at a mirrored shadow itself, and not only at views of it."""
        touched = [self.definer.get(v), *(stmt for how, stmt in self.uses.get(v, ()) if how == "read")]
        return any(isinstance(s, Op) and (s.fn == "pop" or not shares_memory(s)) for s in touched)

    def _find_handed_on(self, stmt: If) -> None:
        """What a branch hands on has the value of the phi, in that branch: one place on the tape does for both."""
        for block, side in ((stmt.then, "then"), (stmt.orelse, "orelse")):
            local = {x for s in block for x in ir.defined_by(s)}
            for p in stmt.phis:
                x = getattr(p, side)
                if x in local and is_number(x) and x.type == p.target.type:
                    self.handed_on.setdefault(x, p.target)

    # ---------------------------------------------------------------- needs

    def has_work(self, block: Block) -> bool:
        """Whether a block has anything to do in the reverse sweep."""
        return any(self.is_work(s) for s in ir.walk(block))

    def is_work(self, stmt: object) -> bool:
        if isinstance(stmt, Op):
            return self.active(stmt.target) or any(self.active(x) for x in written_by(stmt)) or id(stmt) in self.saves
        return any(self.active(v) for v in ir.defined_by(stmt))

    def block_needs(self, block: Block, loop: object) -> set[Var]:
        """Return the variables that the reverse sweep of a block reads, wherever they are defined."""
        needs: set[Var] = set()
        for stmt in block:
            if isinstance(stmt, Op):
                needs |= self.op_needs(stmt)
            elif isinstance(stmt, If):
                if self.is_work(stmt) or any(self.has_work(b) for b in (stmt.then, stmt.orelse)):
                    needs.update(ir.vars_in(stmt.test))
                    needs |= self.block_needs(stmt.then, loop) | self.block_needs(stmt.orelse, loop)
                    for p in stmt.phis:
                        if is_array(p.target) and self.active(p.target) and not self.is_mirrored(p.target):
                            needs |= self.shadow_needs(p.target)
            elif self.is_work(stmt) or self.has_work(stmt.body):
                needs |= self.loop_needs(stmt)
        return needs

    def op_needs(self, op: Op) -> set[Var]:
        """Return what the reverse of one operation reads."""
        if id(op) in self.saves:
            return {self.saves[id(op)], *(v for x in op.args[:-1] for v in ir.vars_in(x))}
        if op.fn in WRITES and self.active(op.args[0]):
            return {v for i in op.args[1:-1] for v in ir.vars_in(i)}
        if op.fn == "call" and self.is_work(op):
            return {v for a in op.args if not is_number(a) for v in ir.vars_in(a)}
        if not self.active(op.target):
            return set()
        if op.fn == "getitem" or (op.fn == "view" and not self.is_mirrored(op.target)):
            return {v for i in op.args[1:] for v in ir.vars_in(i)}
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        needs: set[Var] = set()
        if rule is not None and rule.kind != "constant":
            if rule.kind == "pointwise":
                outputs = [k for k, a in enumerate(op.args) if self.active(a)]
                params, value = rule_text.needed(rule.body, outputs)
            else:
                params, value = needed_operands(op, self.activity)
            needs = {v for k in params if k < len(op.args) for v in ir.vars_in(op.args[k])}
            if value:
                needs.add(op.target)
        if is_array(op.target) and not self.is_mirrored(op.target):
            needs |= self.shadow_needs(op.target)
        return needs

    def shadow_needs(self, v: Var) -> set[Var]:
        """Return what it takes to make the zero adjoint array of a variable."""
        shape = self.shape(v)
        if shape is not None:
            return {n for n in shape if isinstance(n, Var)}
        stmt = self.definer.get(v)
        if isinstance(stmt, Op) and stmt.fn in ALLOCATIONS | COPIES:
            if any(map(is_list, stmt.args)):
                return {v}
            if stmt.fn in LIKE:
                return self.shadow_needs(stmt.args[0]) if isinstance(stmt.args[0], Var) else set()
            shape = stmt.args[0] if stmt.args else stmt.kwargs["shape"]
            return set(ir.vars_in(shape))
        if isinstance(stmt, Op) and stmt.fn == "pack":
            return set()
        return {v}

    def shape(self, v: Var) -> tuple[Var | Const | Size, ...] | None:
        """Return the shape of an array of a loop's, if it can be told without the array."""
        shape = self.function.shapes.get(v)
        if shape is None or self.loop_of.get(v) is None:
            return None
        return shape if all(map(self._is_at_hand, shape)) else None

    def _is_at_hand(self, n: Var | Const | Size) -> bool:
        v = n.array if isinstance(n, Size) else n
        if isinstance(n, Size) and self.loop_of.get(v) is not None:
            return False
        return isinstance(v, Const) or v in self.definer or any(v is leaf for leaf, _, _ in self.function.leaves)

    def loop_needs(self, loop: For | While) -> set[Var]:
        """Plan one loop; return what it needs from outside.

        In a loop that selects, few trips are reversed: there everything is computed again rather than stored.
        """
        if not self.is_rare and self.may_select(loop):
            before = {name: copy.copy(getattr(self, name)) for name in _DECIDED}
            self.is_rare = True
            needs = self.plan_loop(loop)
            self.is_rare = False
            if self.loops[id(loop)].selects:
                return needs
            vars(self).update(before)
        return self.plan_loop(loop)

    def plan_loop(self, loop: For | While) -> set[Var]:
        plan = self.loops[id(loop)] = LoopPlan()
        todo = self.block_needs(loop.body, loop)
        for c in loop.carried:
            if is_array(c.param) and self.active(c.param) and not self.is_mirrored(c.param):
                todo |= self.shadow_needs(c.param)
                plan.external |= self.shadow_needs(c.result)
        at = self._place
        forced = [v for v in todo if not self._can_recompute(v, loop)]
        for v in [*sorted(forced, key=at), *sorted(todo - set(forced), key=at)]:
            self.decide(v, plan, loop)
        if self.is_rare and (plan.floats or plan.integers) and not plan.kept and self.may_select(loop):
            at_the_end = ir.at_hand(loop).issuperset((*plan.floats, *plan.integers))
            plan.selects = at_the_end and leaves_no_trace(loop, self)
        if plan.selects and isinstance(loop, For) and loop.index in plan.decided:
            plan.integers.append(loop.index)
        order = self.position
        plan.floats.sort(key=lambda v: (order[id(self.definer[v])], v.name))
        plan.integers.sort(key=lambda v: (order[id(self.definer[v])], v.name))
        if isinstance(loop, For) and loop.exit is None and not plan.selects:
            for x in (loop.start, loop.stop, loop.step):
                plan.external.update(ir.vars_in(x))
        else:
            plan.external.add(loop.trips)
            for x in (loop.start, loop.step) if isinstance(loop, For) and not plan.selects else ():
                plan.external.update(ir.vars_in(x))
        return set(plan.external)

    def may_select(self, loop: For | While) -> bool:
        """Whether only some of a loop's trips have to go on its tape, unless they leave other traces."""
        return not self.mirrored and selects(loop, self)

    def is_inside(self, v: Var, loop: object) -> bool:
        """Whether a variable is defined in the body of a loop, outside inner loops."""
        return self.loop_of.get(v) is loop

    def _place(self, v: Var) -> tuple:
        stmt = self.definer.get(v)
        return (self.position.get(id(stmt), -1), v.name)

    def _can_recompute(self, v: Var, loop: object, block: Block | None = None) -> bool:
        """Whether a variable is cheap to find again when the reverse sweep of a block begins, by default its own."""
        stmt = self.definer.get(v)
        if not self.is_inside(v, loop):
            return False
        if isinstance(stmt, If):
            return self._can_choose_again(v, stmt, loop, block or self._block_of[id(stmt)][0])
        return isinstance(stmt, Op) and self.is_recomputable(stmt, block)

    def _can_choose_again(self, v: Var, stmt: If, loop: object, block: Block) -> bool:
        """Whether what a branch leaves behind is cheap to find again: numbers, from numbers and from arrays around."""
        if not is_number(v):
            return False
        local = {x for b in (stmt.then, stmt.orelse) for s in ir.walk(b) for x in ir.defined_by(s)}
        todo = [x for p in stmt.phis if p.target is v for x in (p.then, p.orelse)]
        seen: set[Var] = set()
        while todo:
            x = todo.pop()
            if x is ir.UNDEFINED or not (is_number(x) or (isinstance(x, Var) and x not in local)):
                return False
            if x in local and x not in seen:
                seen.add(x)
                if not self._can_recompute(x, loop, block):
                    return False
                todo += self._sources(x)
        return True

    def decide(self, v: Var, plan: LoopPlan, loop: object) -> None:
        """Decide about one variable that the reverse sweep of a loop body reads."""
        if v in plan.decided:
            return
        plan.decided.add(v)
        if not self.is_inside(v, loop):
            plan.external.add(v)
        elif isinstance(loop, For) and v is loop.index:
            pass
        elif self._can_recompute(v, loop) and not (is_float(v) and not is_array(v) and self.stores(v, plan, loop) > 1):
            stmt = self.definer[v]
            self.recomputed.add(id(stmt))
            self.chosen_again.add(v)
            if isinstance(stmt, Op) and is_load(stmt) and not self.is_untouched(stmt):
                self.relied_on.append(stmt)
            for x in self._sources(v):
                self.decide(x, plan, loop)
        elif v in self.handed_on:
            self.decide(self.handed_on[v], plan, loop)
        elif (load := self.load_of(v, loop)) is not None:
            self.left_in[v] = load
            for x in ir.op_vars(load):
                self.decide(x, plan, loop)
        else:
            self.store(v, plan)

    def load_of(self, v: Var, loop: object) -> Op | None:
        """Return what loads a number from where the function stores it for good, as soon as it has it.

        The array and the other indices must be those of loops around, so that they are at hand when a trip begins.
        """
        if v not in self._loads:
            self._loads[v] = self._find_load(v, loop)
        load = self._loads[v]
        return None if load is None or self.activity.aliases.of(load.args[0]) in self.restored else load

    def _find_load(self, v: Var, loop: object) -> Op | None:
        for _, write in self.uses.get(v, ()) if is_float(v) and is_number(v) else ():
            if not isinstance(write, Op) or write.fn != "setitem" or write.args[-1] is not v:
                continue
            base, *index, _ = write.args
            here = self._block_of[id(write)][0] is self._block_of[id(self.definer[v])][0]
            others = [x for x in (base, *index) if self.is_inside(x, loop) and x is not getattr(loop, "index", None)]
            if not here or others or not all(map(is_number, index)) or type_of(base).dtype != v.type:
                continue
            load = Op(v, "getitem", (base, *index), {}, None, write.place)
            self._made_loads.append(load)
            for places in (self.order.position, self.order.around, self.integers.position, self.integers.around):
                places[id(load)] = places[id(write)]
            if self.is_untouched(load):
                return load
        return None

    def _sources(self, v: Var) -> Iterator[Var]:
        """Yield what a variable is computed again from."""
        stmt = self.definer[v]
        if isinstance(stmt, Op):
            yield from ir.op_vars(stmt)
        else:
            yield from ir.vars_in(stmt.test)
            yield from (y for p in stmt.phis if p.target is v for x in (p.then, p.orelse) for y in ir.vars_in(x))

    def leading_to(self, values: Iterable[Var]) -> set[Var]:
        """Return some variables that are computed again, and what they are computed from, as far as that is too."""
        found: set[Var] = set()
        todo = list(values)
        while todo:
            v = todo.pop()
            if v not in found:
                found.add(v)
                if id(self.definer.get(v)) in self.recomputed:
                    todo += self._sources(v)
        return found

    def stores(self, v: Var, plan: LoopPlan, loop: object) -> int:
        """Return how many values that are not stored yet would have to be, to compute a variable again."""
        new: set[Var] = set()
        seen: set[Var] = set()

        def visit(x: Var) -> None:
            if x in seen or (x in plan.decided and x is not v) or not self.is_inside(x, loop):
                return
            seen.add(x)
            if isinstance(loop, For) and x is loop.index:
                return
            if self._can_recompute(x, loop):
                for y in self._sources(x):
                    visit(y)
            elif x in self.handed_on:
                visit(self.handed_on[x])
            else:
                new.add(x)

        visit(v)
        return len(new)

    def store(self, v: Var, plan: LoopPlan) -> None:
        if is_integer(v):
            plan.integers.append(v)
        elif is_memory(v) or is_shared(v):
            plan.kept.append(v)
        elif is_float(v):
            plan.floats.append(v)
        else:
            stmt = self.definer[v]
            what = f"the value {v.name} ({v.type})" if is_modelled(v.type) else describe(v.type)[0]
            what += ", which the reverse sweep needs in every trip of a loop,"
            raise UnsupportedError(at(f"{what} cannot be stored: compute it before the loop", *stmt.place))

    def is_recomputable(self, op: Op, block: Block | None = None) -> bool:
        """Whether computing a value again is cheaper than storing it, and gives the same value."""
        fn = op.fn
        if fn == "view" or fn in VIEWS:
            return True
        if fn in READS:
            made = self.definer.get(op.args[0])
            is_here = self.loop_of.get(op.args[0]) is self.loop_of.get(op.target) is not None
            at_hand = not is_here or (isinstance(made, Op) and self.is_recomputable(made, block))
            return at_hand and not self.activity.aliases.is_written(op.args[0])
        if fn == "getitem":
            return not is_memory(op.args[0]) or self.is_stable(op, block)
        if fn is len and is_list(op.args[0]):
            return self.is_stable(op, block)
        if facts(fn).is_cheap:
            return True
        if is_array(op.target):
            return False
        if isinstance(fn, str):
            return False
        rule = registry.find(fn)
        if rule is not None and (rule.cheap or (self.is_rare and is_number(op.target))):
            return True
        if fn is operator.pow:
            return op.args[1] in (Const(2), Const(3), Const(2.0))
        return fn in (min, max, operator.floordiv, operator.mod, math.floor) and not is_float(op.target)

    def is_stable(self, load: Op, block: Block | None = None) -> bool:
        """Whether an array element has the value that a load saw when the reverse sweep of a block begins."""
        if self.is_untouched(load):
            return True
        return self.activity.aliases.of(load.args[0]) in self.restored and self._is_quiet_after(load, block)

    def is_untouched(self, load: Op) -> bool:
        """Whether the array element that a load saw is never written after it."""
        if id(load) not in self._untouched:
            self._untouched[id(load)] = self._find_untouched(load)
        return self._untouched[id(load)]

    def _find_untouched(self, load: Op) -> bool:
        x = load.args[0]
        if not isinstance(x, Var) or not (self.activity.aliases.is_written(x) or is_list(x)):
            return True
        if self.loop_of.get(self.root(x)) is not None:
            return False
        aliases = self.activity.aliases
        if not aliases.roots(x).isdisjoint(aliases.borrowed):
            return False
        return not any(self.may_overwrite(w, load) for w in self.order.writes_after(load, x, aliases))

    def _is_quiet_after(self, load: Op, last: Block | None) -> bool:
        """Whether a load's element is not written between it and the end of a block around it, by default its own."""
        block, k = self._block_of[id(load)]
        while True:
            writes = writes_in(Block(block.statements[k + 1 :]))
            if any(may_write(w, load, self.activity.aliases, self.integers) for w in writes):
                return False
            if last is None or block is last:
                return True
            block, k = self._block_of[id(self._owner[id(block)])]

    def save_before(self, write: Op) -> None:
        """Save an element before it is overwritten; nothing is new if its old value has been loaded just before."""
        block, k = self._block_of[id(write)]
        for stmt in reversed(block.statements[:k]):
            if isinstance(stmt, Op) and is_load(stmt) and stmt.args == write.args[:-1]:
                self.saves[id(write)] = stmt.target
                return
            load = Op(None, "getitem", write.args[:-1])
            if any(may_write(w, load, self.activity.aliases, self.integers) for w in writes_in(Block([stmt]))):
                break
        old = Var("", type_of(write.args[0]).dtype)
        self.definer[old], self.loop_of[old] = write, next(reversed(self.around[id(write)]), None)
        self.saves[id(write)] = old

    def may_overwrite(self, write: Op, load: Op) -> bool:
        """Whether a later write may be to the element that a load has read."""
        is_element = write.fn in ("setitem", "augitem") and write.args[0] is load.args[0]
        if not is_element or len(write.args) != len(load.args) + 1:
            return True
        return self.integers.is_overwritten(load, write)

    def is_stored(self, v: Var) -> bool:
        loop = self.loop_of.get(v)
        plan = self.loops.get(id(loop)) if loop is not None else None
        return plan is not None and (v in plan.floats or v in plan.integers or v in plan.kept)
