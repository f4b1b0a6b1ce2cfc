"""The invariants of the IR, checked between any two passes when DUALAD_VERIFY is set (the test suite sets it).

Names       every variable is defined in one place, and no two variables have one name.
Scope       a variable is read only where its definition has been passed: in its own block or in one inside it. A phi
            reads what its branches define, a loop's slots and exit what its body defines.
Operations  "setitem" and its kin have no target, what computes has one; operands are operands, slices stand in indices.
Types       after inference every variable has one. What a phi or a slot is given has its type, and arrays the layout,
            unless that is not known.
Memory      every array and list comes from somewhere: a parameter, or an operation that makes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from numba import types

from ...errors import DualadError, at
from .. import ir
from ..ir import UNDEFINED, Block, Const, For, Function, Global, If, Op, Slice, TupleOf, Var, While
from ..ir.kinds import is_memory, type_of
from ..ir.operations import WRITES
from .aliases import Aliases

_INDEXED = ("getitem", "view", "gather", "setitem", "augitem")
_WITHOUT_TARGET = (*WRITES, "raise")


class VerificationError(DualadError):
    """A pass has left an IR that breaks an invariant: an error of dualad's own."""


def is_verifying() -> bool:
    """Whether the IR is checked after each pass."""
    return bool(os.environ.get("DUALAD_VERIFY"))


def verify(function: Function, stage: str, typed: bool = True) -> None:
    """Check the invariants if that is asked for; `stage` is the pass that has run.

    Raises
    ------
    VerificationError
        If an invariant does not hold; the message names the pass, the variable and the user's line.
    """
    if is_verifying():
        _Verifier(function, stage, typed).run()


class _Verifier:
    def __init__(self, function: Function, stage: str, typed: bool):
        self.function = function
        self.stage = stage
        self.typed = typed
        self.defined: set[Var] = set()
        self.names: dict[str, Var] = {}
        self.place: tuple = function.place

    def run(self) -> None:
        scope: set[Var] = set()
        for v in self.function.params:
            self.define(v, scope)
        self.block(self.function.body, scope)
        self.reads([self.function.result], scope)
        if self.typed:
            aliases = Aliases(self.function)
            for v in self.defined - set(self.function.params):
                if is_memory(v) and not aliases.roots(v):
                    self.fail(f"{v.name} is memory that comes from nowhere")

    def fail(self, what: str) -> None:
        message = f"internal: after {self.stage} of {self.function.name}: {what}"
        raise VerificationError(at(message, *self.place))

    # ---------------------------------------------------------------- definitions and uses

    def define(self, v: Var, scope: set[Var]) -> None:
        if not isinstance(v, Var):
            self.fail(f"{v!r} is defined, but is no variable")
        if v in self.defined:
            self.fail(f"{v.name} is defined twice")
        if self.names.setdefault(v.name, v) is not v:
            self.fail(f"two variables are called {v.name}")
        if self.typed and v.type is None:
            self.fail(f"{v.name} has no type")
        self.defined.add(v)
        scope.add(v)

    def reads(self, operands: Iterable, scope: set[Var], slices: bool = False) -> None:
        for x in operands:
            if isinstance(x, Slice) and slices:
                self.reads((x.lower, x.upper, x.step), scope)
            elif isinstance(x, TupleOf):
                self.reads(x.items, scope, slices)
            elif isinstance(x, Var):
                if x not in scope:
                    self.fail(f"{x.name} is read where it has no value")
            elif not isinstance(x, Const | Global):
                self.fail(f"{x!r} is no operand")

    # ---------------------------------------------------------------- statements

    def block(self, block: Block, scope: set[Var]) -> None:
        """Check a block; what it defines is added to `scope`."""
        for stmt in block:
            self.place = stmt.place
            if isinstance(stmt, Op):
                self.op(stmt, scope)
            elif isinstance(stmt, If):
                self.branch(stmt, scope)
            elif isinstance(stmt, For | While):
                self.loop(stmt, scope)
            else:
                self.fail(f"{stmt!r} is no statement")

    def op(self, op: Op, scope: set[Var]) -> None:
        self.reads((*op.args, *op.kwargs.values()), scope, op.fn in _INDEXED)
        if op.fn in _WITHOUT_TARGET and op.target is not None:
            self.fail(f"{op.fn} has a target, {op.target.name}")
        if op.target is not None:
            self.define(op.target, scope)

    def branch(self, stmt: If, scope: set[Var]) -> None:
        self.reads([stmt.test], scope)
        for block, side in ((stmt.then, "then"), (stmt.orelse, "orelse")):
            inside = set(scope)
            self.block(block, inside)
            given = [(p.target, getattr(p, side)) for p in stmt.phis]
            self.place = stmt.place
            self.reads([x for _, x in given if x is not UNDEFINED], inside)
            self.match(given, ir.raises(block))
        for p in stmt.phis:
            self.define(p.target, scope)

    def loop(self, loop: For | While, scope: set[Var]) -> None:
        bounds = (loop.start, loop.stop, loop.step) if isinstance(loop, For) else ()
        self.reads((*bounds, *(c.init for c in loop.carried if c.init is not UNDEFINED)), scope)
        self.match([(c.param, c.init) for c in loop.carried], False)
        inside = set(scope)
        for c in loop.carried:
            self.define(c.param, inside)
        if isinstance(loop, For):
            self.define(loop.index, inside)
        else:
            self.block(loop.header, inside)
            self.reads([loop.test] if loop.test is not None else [], inside)
        self.block(loop.body, inside)
        self.place = loop.place
        if loop.exit is not None:
            self.reads([loop.exit], inside)
        self.reads((c.yielded for c in loop.carried if c.yielded is not UNDEFINED), inside)
        self.match([(c.param, c.yielded) for c in loop.carried], ir.raises(loop.body))
        self.match([(c.result, c.param) for c in loop.carried], False)
        self.define(loop.trips, scope)
        for c in loop.carried:
            self.define(c.result, scope)

    # ---------------------------------------------------------------- types

    def match(self, given: list[tuple[Var, object]], unreachable: bool) -> None:
        """Check that what is handed over has the type of what receives it; nothing is, where control never comes."""
        for target, x in given if self.typed else ():
            if x is UNDEFINED:
                if not unreachable:
                    self.fail(f"{target.name} is given no value")
            elif not _fits(type_of(x), target.type):
                self.fail(f"{target.name} ({target.type}) is given {x!r} ({type_of(x)})")


def _fits(ty: object, expected: object) -> bool:
    if isinstance(ty, types.Array) and isinstance(expected, types.Array):
        is_laid_out = expected.layout in ("A", ty.layout)
        return (ty.dtype, ty.ndim) == (expected.dtype, expected.ndim) and is_laid_out and ty.mutable >= expected.mutable
    return ty == expected
