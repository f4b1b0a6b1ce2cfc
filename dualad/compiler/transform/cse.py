"""Numbers that are at hand are not computed or loaded again.

Expressions are recognised by their operation and operands, loads by array and index as well::

    a = x[i] * x[i]             t = x[i];  a = t * t
    x[i] = a                    x[i] = a
    b = 2.0 * x[i]              b = 2.0 * a

A load lasts until something may be written into its place. Fewer loads are fewer values to store and fewer adjoints to
add up in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ...rules import registry
from .. import ir
from ..analysis.aliases import Aliases
from ..analysis.value_ranges import Integers
from ..ir import Block, Const, Function, If, Op, Var
from ..ir.effects import is_scalar_type, may_be_written_by
from ..ir.kinds import is_array, is_list, is_memory, is_number, type_of
from ..ir.operations import facts
from ..ir.renaming import rename_everywhere, rename_in


def reuse(function: Function) -> None:
    """Replace computations and loads of values that are at hand (in place)."""
    found = _Reuse(function)
    found.block(function.body)
    rename_everywhere(function, found.renamed)


def is_pure_number(op: object) -> bool:
    """Whether a statement does nothing but compute a number, or a shape, from its operands and the memory they see."""
    if not isinstance(op, Op) or op.target is None or op.kwargs:
        return False
    if op.fn == "attr":
        return op.detail in ("shape", "size", "ndim") and is_array(op.args[0])
    if not is_scalar_type(op.target.type):
        return False
    if op.fn == "getitem":
        return all(is_number(i) for i in op.args[1:])
    if not all(is_scalar_type(type_of(a)) or op.fn is len for a in op.args):
        return False
    rule = None if isinstance(op.fn, str) else registry.find(op.fn)
    return facts(op.fn).is_repeatable or (rule is not None and rule.kind in ("pointwise", "constant"))


def key(op: Op) -> tuple:
    """Return what operations with the same value have in common; 0.0 and -0.0 are different constants."""
    args = tuple((type_of(a), repr(a.value)) if isinstance(a, Const) else a for a in op.args)
    return op.fn, op.detail, op.target.type, args


def is_load(op: Op) -> bool:
    """Whether an operation reads an element of an array or a list, or the length of a list."""
    return (op.fn == "getitem" and is_memory(op.args[0])) or (op.fn is len and is_list(op.args[0]))


def writes_in(block: Block) -> list[Op]:
    """Return the operations that may write into memory, in a block and in the blocks inside it."""
    return [s for s in ir.walk(block) if isinstance(s, Op) and may_be_written_by(s)]


def may_write(op: Op, load: Op, aliases: Aliases, integers: Integers) -> bool:
    """Whether an operation may write into the place that a load reads, if their common variables have one value."""
    if aliases.roots(load.args[0]).isdisjoint(r for x in may_be_written_by(op) for r in aliases.roots(x)):
        return False
    index, target = load.args[1:], op.args[1:-1]
    is_element = op.fn in ("setitem", "augitem") and op.args[0] is load.args[0] and len(index) == len(target)
    return not (is_element and integers.are_apart(index, target))


class _Known:
    """What has the value of an expression, by the expression; loads apart, since writes make them unknown."""

    def __init__(self) -> None:
        self._values: dict[tuple, object] = {}
        self._loads: dict[tuple, tuple[object, Op]] = {}
        self._changes: list[tuple[dict, tuple, object]] = []  # with what had been there before

    def get(self, name: tuple) -> object:
        """Return what has the value of an expression, or None."""
        return self._loads[name][0] if name in self._loads else self._values.get(name)

    def add(self, name: tuple, value: object, op: Op) -> None:
        """Record that an expression, computed as by `op`, has a value."""
        if is_load(op):
            self._set(self._loads, name, (value, op))
        else:
            self._set(self._values, name, value)

    def forget(self, is_gone: Callable[[Op], bool]) -> None:
        """Drop some loads."""
        for name in [name for name, (_, op) in self._loads.items() if is_gone(op)]:
            self._set(self._loads, name, None)

    @contextlib.contextmanager
    def within(self) -> Iterator[None]:
        """Forget, in the end, what has been learnt meanwhile, and know again what has been forgotten."""
        count = len(self._changes)
        yield
        while len(self._changes) > count:
            table, name, before = self._changes.pop()
            self._put(table, name, before)

    def _set(self, table: dict, name: tuple, value: object) -> None:
        self._changes.append((table, name, table.get(name)))
        self._put(table, name, value)

    @staticmethod
    def _put(table: dict, name: tuple, value: object) -> None:
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value


class _Reuse:
    def __init__(self, function: Function):
        self.aliases = Aliases(function)
        self.integers = Integers(function)
        self.renamed: dict[Var, object] = {}
        self.known = _Known()

    def block(self, block: Block) -> None:
        """Go through a block."""
        kept = []
        for stmt in block:
            if isinstance(stmt, Op):
                rename_in(stmt, self.renamed)
                if self.is_at_hand(stmt):
                    continue
            else:
                for inner in ir.blocks_of(stmt):
                    with self.known.within():
                        if not isinstance(stmt, If):
                            for body in ir.blocks_of(stmt):
                                self.forget(writes_in(body))
                        self.block(inner)
                for inner in ir.blocks_of(stmt):
                    self.forget(writes_in(inner))
            kept.append(stmt)
        block.statements = kept

    def is_at_hand(self, op: Op) -> bool:
        """Note what an operation computes; True if that is known already."""
        if is_pure_number(op):
            name = key(op)
            same = self.known.get(name)
            if same is not None:
                self.renamed[op.target] = same
                return True
            self.known.add(name, op.target, op)
            return False
        if may_be_written_by(op):
            self.forget([op])
            if op.fn == "setitem" and is_array(op.args[0]) and all(is_number(i) for i in op.args[1:]):
                base, *index, value = op.args
                if type_of(value) == type_of(base).dtype and len(index) == type_of(base).ndim:
                    load = Op(Var("", type_of(value)), "getitem", (base, *index))
                    self.known.add(key(load), value, load)
        return False

    def forget(self, writes: list[Op]) -> None:
        """Drop the loads whose places may have been written into."""
        if writes:
            self.known.forget(lambda load: any(may_write(w, load, self.aliases, self.integers) for w in writes))
