"""Types of all variables: the IR is printed as plain Python and Numba's own inference runs on it."""

from __future__ import annotations

import linecache
from dataclasses import replace

import numpy as np
from numba import types

from ... import texts
from ...errors import UnsupportedError, at
from ...rules.registry import OwnRule
from .. import ir
from ..runtime import generated
from ..runtime.helpers import array_of
from ..runtime.numba_bridge import (
    NumbaError,
    call_type,
    error_place,
    error_reason,
    infer_types,
    type_of_item,
    typing_stub,
)
from ..runtime.numba_bridge.objects import type_of_value
from . import UNDEFINED, Block, Const, Function, TupleOf, Var
from .callees import PLAIN
from .kinds import all_vars, type_of
from .of_numbers import is_of_number, may_be_of_number, result_type
from .of_types import declared_for, written_out
from .printer import Emitter, Scope

_ITEM = typing_stub(lambda given: type_of_item(given[0], given[1:]))


def _type_in_place(fn: object) -> object:
    """Return a stub for x *= y and the like: an array stays as it is, which Numba takes for the new one of x * y."""

    def result_of(given: tuple) -> object:
        found = call_type(PLAIN[fn], given, {})
        return given[0] if isinstance(given[0], types.Array) else found

    return typing_stub(result_of)


_IN_PLACE = {fn: _type_in_place(fn) for fn in PLAIN}


_places: dict[str, list[tuple]] = {}
"""The user's line behind each line of generated text, by the name of its file."""


def define(name: str, text: str, namespace: dict, filename: str, places: list[tuple]) -> object:
    """Execute generated source under a name that debuggers and tracebacks can read; return the function.

    `places` has the user's line behind each of its lines.
    """
    _places[filename] = places
    return texts.define(text, filename, {"__name__": generated.__name__, **namespace})[name]


def infer(function: Function, scope: Scope) -> None:
    """Fill in `Var.type` everywhere, and give what meets one type (see `find_types`, `settle_merges`)."""
    find_types(function, scope)
    settle_merges(function.body, scope.namer)


def find_types(function: Function, scope: Scope) -> None:
    """Fill in `Var.type` everywhere.

    Raises
    ------
    UnsupportedError
        If Numba cannot type the function; the message has Numba's reason and the user's line.
    """
    found = _open_values(function)
    while found:  # first without what they feed, for their types; then all of it
        open_now = [v for v in all_vars(function) if v.type is None]
        _infer(function, _TypePrinter, scope)
        _hand_types_out(function)
        settle_merges(function.body, scope.namer, known=False)
        for v in open_now:  # found without all that goes into them: an integer may be a float as well
            v.type = None
        before, found = found, _open_values(function)
        if len(found) == len(before):
            break
    _infer(function, _Printer, scope)
    check_assumed(function)


def check_assumed(function: Function) -> None:
    """See that carried values have the types that lowering took them to have; `Retyped` if one has not."""
    for loop in (s for s in ir.walk(function.body) if isinstance(s, ir.LOOPS)):
        for c in loop.carried:
            if c.assumed is not None and c.param.type is not None and c.param.type != c.assumed[0]:
                raise ir.Retyped(c.assumed[1], c.param.type)


def _infer(function: Function, printer: type, scope: Scope) -> None:
    """Fill in the types that are not known yet."""
    ours = [s for s in ir.walk(function.body) if isinstance(s, ir.Op) and _may_be_typed_here(s)]
    found, failed = None, None
    sure = [op for op in ours if _has_no_types_in_numba(op)]
    try:
        found = _types_found(function, printer(scope, function, sure), scope)
    except UnsupportedError as error:
        failed = error
    if len(ours) > len(sure) and (failed or any(_is_typed_here(op, found) for op in ours)):
        try:
            found, failed = _types_found(function, printer(scope, function, ours), scope), None  # slower
        except UnsupportedError as error:
            failed = error
    if failed:
        raise failed
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.LOOPS):
            stmt.trips.type = types.int64  # counted by the derivative code alone
    for v in all_vars(function):
        if v.type is None:
            v.type = found.get(v.name)


def _may_be_typed_here(op: ir.Op) -> bool:
    """Whether an operation is one that Numba may have no type for, or a wrong one."""
    has_mask = op.fn == "getitem" and not op.flat and any(isinstance(i, Var | ir.Global) for i in op.args[1:])
    return has_mask or _is_reshape(op) or may_be_of_number(op) or declared_for(op) is not None


def _has_no_types_in_numba(op: ir.Op) -> bool:
    """Whether Numba need not be asked for the types of an operation first: it does not know what is called so."""
    declared = declared_for(op)
    if declared is None:
        return False
    has_options = bool(op.kwargs) or (declared.typed and len(op.args) > 1)
    return op.fn != "pack" and (has_options or (op.fn != "method" and type_of_value(op.fn) is None))


def _is_reshape(op: ir.Op) -> bool:
    """Whether an operation is one that Numba has for contiguous arrays only."""
    return (op.fn is np.reshape or op.fn == "method" and op.detail == "reshape") and not op.kwargs


def _is_typed_here(op: ir.Op, found: dict) -> bool:
    """Whether Numba's types of an operation are wrong: of an index with a mask of several dimensions, or of numbers."""

    def known_type(x: object) -> object:
        if isinstance(x, TupleOf):
            items = [known_type(i) for i in x.items]
            return None if None in items else types.BaseTuple.from_types(items)
        return found.get(x.name, x.type) if isinstance(x, Var) else type_of(x)

    known = tuple(map(known_type, op.args))
    if op.fn == "getitem":
        return any(isinstance(t, types.Array) and t.ndim > 1 and isinstance(t.dtype, types.Boolean) for t in known[1:])
    if may_be_of_number(op) and is_of_number(op, known):
        return True
    named = {k: known_type(v) for k, v in op.kwargs.items()}
    return declared_for(op) is not None and written_out(op, known, named) is not None


def _types_found(function: Function, printer: _Printer, scope: Scope) -> dict[str, object]:
    """Return the types that Numba infers on what a printer prints, by the names of the variables."""
    name = scope.namer.fresh(function.name)
    with printer.indented(f"def {name}({', '.join([*(p.name for p in function.params), printer.perhaps])}):"):
        printer.block(function.body)
        leaves = [v for v in ir.vars_in(function.result) if not printer.is_open(v)]
        printer.line(f"return ({''.join(v.name + ', ' for v in leaves)})" if leaves else "return 0")
    text = printer.text()
    pyfunc = define(name, text, scope.namespace, f"<dualad: {function.name}, types>", printer.places)
    try:
        found, _ = infer_types(pyfunc, (*(p.type for p in function.params), types.boolean))
    except NumbaError as error:
        raise refusal(error, function.name, function.place) from None
    except AssertionError as error:  # Numba's word for some arguments that it does not know
        message = f"Numba cannot compile {function.name}: {error or 'a method or function is called with keywords'}"
        raise UnsupportedError(at(message, *function.place)) from None
    return found


def refusal(error: Exception, name: str, otherwise: tuple) -> UnsupportedError:
    """Return an error about the user's line behind the generated text that Numba complains about.

    Of what dualad has put in place of a call, nothing is said but the call.
    """
    found = error_place(error)
    lines = _places.get(found[0], []) if found else []
    place = lines[found[1] - 1] if found and found[1] <= len(lines) and lines[found[1] - 1][1] else otherwise
    call = getattr(place, "call", "")
    if call:
        message = f"{call} of such arguments is not supported: look at their types and dimensions"
    else:
        text = linecache.getline(*place).strip() if place[0] and place[1] else ""
        message = f"Numba cannot compile `{text or name}`: {error_reason(error)}"
    return UnsupportedError(at(message, *place))


def _open_values(function: Function) -> set[object]:
    """Return the values that only others tell the types of.

    These are carried values that have none before their loop, and empty lists that meet other lists.
    """
    statements = list(ir.walk(function.body))
    found: set[object] = {UNDEFINED, *(op.target for op in _empty_lists(statements))}
    for loop in (s for s in statements if isinstance(s, ir.LOOPS)):
        found.update(c.param for c in loop.carried if c.init in found)
    return found - {UNDEFINED}


def _empty_lists(statements: list) -> list[ir.Op]:
    """Return the operations that make empty lists to which nothing is appended under their own names."""
    ops = [s for s in statements if isinstance(s, ir.Op)]
    filled = {op.args[0] for op in ops if op.fn == "method" and op.detail == "append"}
    return [op for op in ops if op.fn == "list" and not op.args and op.target.type is None and op.target not in filled]


class _Printer(Emitter):
    """Prints a function for its types: what Numba has no types for is a call of a stub, which has no code.

    That is calls of recursive functions and of derivatives and, where `ours` names them, what masks pick and functions
    of arrays that may be called with numbers. What is reshaped counts as contiguous there: it is made so.

    A loop without an end would make what follows it unreachable, and Numba would not type that. `perhaps`, a further
    argument of the printed function, is a boolean of which nothing is known.
    """

    def __init__(self, scope: Scope, function: Function, ours: list[ir.Op] | tuple = ()):
        super().__init__(scope)
        self.perhaps = scope.namer.fresh("perhaps")
        self._ours = {id(op) for op in ours}

    def expression(self, op: ir.Op) -> str:
        if id(op) in self._ours and op.fn == "getitem":
            stub = self.scope.bind(_ITEM, "item_of")
            return f"{stub}({', '.join(self.part(i) for i in op.args)})"
        if id(op) in self._ours and _is_reshape(op):
            contiguous = f"np.ascontiguousarray({self.operand(op.args[0])})"
            return f"{contiguous}.reshape({', '.join(map(self.operand, op.args[1:]))})"
        if id(op) in self._ours:
            stub = self.scope.bind(typing_stub(lambda given, **named: result_type(op, given, named)), "of_number")
            named = [f"{k}={self.operand(v)}" for k, v in op.kwargs.items()]
            return f"{stub}({', '.join([*map(self.operand, op.args), *named])})"
        if op.fn is np.array and not op.kwargs:
            return f"{self.scope.callable_name(array_of)}({', '.join(self.operand(a) for a in op.args)})"
        if op.fn in PLAIN and op.target is not None:
            stub = self.scope.bind(_IN_PLACE[op.fn], "in_place")
            return f"{stub}({', '.join(map(self.operand, op.args))})"
        if op.fn is abs:  # which Numba has not of all arrays
            return f"np.abs({self.operand(op.args[0])})"
        if op.fn == "snapshot":  # of a number, perhaps
            return self.operand(op.args[0])
        return super().expression(op)

    def part(self, x: object) -> str:
        if isinstance(x, ir.Slice):
            return f"slice({', '.join(self.operand(p) for p in (x.lower, x.upper, x.step))})"
        return self.operand(x)

    def is_open(self, x: object) -> bool:
        return False

    def callee(self, op: ir.Op) -> str:
        return op.detail.stub_reference(self.scope)

    def function_name(self, fn: object) -> str:
        if isinstance(fn, OwnRule):
            return self.scope.bind(fn.stub, f"{fn.__name__}_type")
        return super().function_name(fn)

    def next_trip(self, loop: ir.For | ir.While) -> None:
        self.moves([(c.param, c.yielded) for c in loop.carried])
        with self.indented(f"if {self.perhaps}:"):
            self.line("break")


class _TypePrinter(_Printer):
    """Leaves out all that depends on carried values without an initial value: what assigns them tells their types.

    Of a test nothing is printed, since what is left of it may be a constant, and Numba types no branch that is dead.
    """

    def __init__(self, scope: Scope, function: Function, ours: list[ir.Op] | tuple = ()):
        super().__init__(scope, function, ours)
        self._open = _open_values(function)
        self._known: set[Var] = set()

    def is_open(self, x: object) -> bool:
        return any(v in self._open for v in ir.vars_in(x))

    def operand(self, x: object) -> str:
        return self.perhaps if self.is_open(x) else super().operand(x)

    def range(self, loop: ir.For) -> str:
        is_known = not any(self.is_open(x) for x in (loop.start, loop.stop, loop.step))
        return super().range(loop) if is_known else "range(1)"

    def stmt_Op(self, op: ir.Op) -> None:
        if op.target in self._open or any(v in self._open for v in ir.op_vars(op)):
            if op.target is not None:
                self._open.add(op.target)
        else:
            super().stmt_Op(op)

    def stmt_If(self, stmt: ir.If) -> None:
        super().stmt_If(replace(stmt, test=Var(self.perhaps)))
        self._open.update(p.target for p in stmt.phis if p.target not in self._known)

    def moves(self, pairs: list) -> None:
        pairs = [(t, x) for t, x in pairs if x is not UNDEFINED and not self.is_open(x)]
        self._known.update(t for t, _ in pairs)
        super().moves(pairs)

    def enter(self, loop: ir.For | ir.While) -> None:
        super().enter(loop)
        self._open.update(c.param for c in loop.carried if self.is_open(c.init))

    def header(self, loop: ir.While) -> None:
        if loop.test is not None:
            self.block(loop.header)
            with self.indented(f"if {self.perhaps}:"):
                self.line("break")

    def leave(self, loop: ir.For | ir.While) -> None:
        self._open.difference_update(c.param for c in loop.carried if c.param in self._known)
        super().leave(loop)
        self._open.update(c.result for c in loop.carried if c.result not in self._known)


def _hand_types_out(function: Function) -> None:
    """Carried values have the type of what is handed into them, from inner loops to outer ones; so have empty lists."""
    statements = list(ir.walk(function.body))
    empty = {op.target: op for op in _empty_lists(statements)}
    for stmt in reversed(statements):
        if isinstance(stmt, ir.LOOPS):
            for c in stmt.carried:
                if c.result.type is None:
                    c.result.type = c.param.type
                if isinstance(c.init, Var) and c.init.type is None:
                    c.init.type = c.param.type
                if c.yielded in empty and c.yielded.type is None:
                    c.yielded.type = c.param.type
        elif isinstance(stmt, ir.If):
            for p in stmt.phis:
                for x in (p.then, p.orelse):
                    if x in empty and x.type is None:
                        x.type = p.target.type
    for v, op in empty.items():
        if isinstance(v.type, types.List):
            op.detail = "empty"  # and an item will be made for it that tells its type


def settle_merges(block: Block, namer: ir.Namer, known: bool = True) -> None:
    """Give each phi and each carried value operands of its own type.

    What has no value on some path is one of that type, so that it has a definition on every way to its uses; an integer
    that meets a float is made one, if the types are `known` by now.
    """

    def settled(x: object, target: Var, new: list, place: tuple) -> object:
        if x is UNDEFINED:
            return _blank_of(target.type, target.name, new, place, namer)
        return converted(x, target, new, place, namer) if known else x

    new: list = []
    for stmt in block:
        for inner in ir.blocks_of(stmt):
            settle_merges(inner, namer, known)
        if isinstance(stmt, ir.Op) and stmt.fn == "list" and stmt.detail == "empty" and not stmt.args:
            stmt.args = (_blank_of(stmt.target.type.dtype, stmt.target.name, new, stmt.place, namer),)
        if isinstance(stmt, ir.LOOPS):
            for c in stmt.carried:
                c.init = settled(c.init, c.param, new, stmt.place)
                if c.yielded is not UNDEFINED:
                    c.yielded = settled(c.yielded, c.param, stmt.body.statements, stmt.place)
        elif isinstance(stmt, ir.If):
            for p in stmt.phis:
                if not ir.raises(stmt.then):
                    p.then = settled(p.then, p.target, stmt.then.statements, stmt.place)
                if not ir.raises(stmt.orelse):
                    p.orelse = settled(p.orelse, p.target, stmt.orelse.statements, stmt.place)
        new.append(stmt)
    block.statements = new


def converted(x: object, target: Var, new: list, place: tuple, namer: ir.Namer) -> object:
    """Return a number as one of the type of what it is given to; what makes it goes to the end of a list."""
    ty = type_of(x)
    widens = isinstance(target.type, types.Float) and isinstance(ty, types.Integer | types.Boolean | types.Float)
    widens |= isinstance(target.type, types.Complex) and isinstance(ty, types.Number | types.Boolean)
    widens |= isinstance(target.type, types.Integer) and isinstance(ty, types.Integer | types.Boolean)
    if ty == target.type or not widens:
        return x
    if isinstance(x, Const) and target.type in _PLAIN_NUMBERS:
        return Const(_PLAIN_NUMBERS[target.type](x.value))
    made = Var(namer.fresh(target.name), target.type)
    new.append(ir.Op(made, getattr(np, str(target.type)), (x,), {}, None, place))
    return made


_PLAIN_NUMBERS = {types.float64: float, types.int64: int, types.complex128: complex}


def _blank_of(ty: object, name: str, new: list, place: tuple, namer: ir.Namer) -> object:
    """Return an operand of a type; what makes it goes to the end of a list of statements."""
    if isinstance(ty, types.BaseTuple):
        return TupleOf(tuple(_blank_of(t, name, new, place, namer) for t in ty.types))
    if isinstance(ty, types.Float):
        return Const(0.0)
    if isinstance(ty, types.Complex):
        return Const(0j)
    if isinstance(ty, types.Boolean):
        return Const(False)
    if isinstance(ty, types.Integer):
        return Const(0)
    if isinstance(ty, types.Array):
        empty = Var(namer.fresh(f"no_{name}"), types.Array(ty.dtype, ty.ndim, "C"))
        shape = TupleOf((Const(0),) * ty.ndim)
        dtype = ir.Global(getattr(np, str(ty.dtype)))
        new.append(ir.Op(empty, np.empty, (shape, dtype), {}, None, place))
        return empty
    if isinstance(ty, types.List):
        empty = Var(namer.fresh(f"no_{name}"), ty)
        new.append(ir.Op(empty, "list", (_blank_of(ty.dtype, name, new, place, namer),), {}, "empty", place))
        return empty
    return UNDEFINED
