"""Types of all variables: the IR is printed as plain Python and Numba's own inference runs on it."""

from __future__ import annotations

import linecache
from dataclasses import replace

import numpy as np
from numba import types

from ..errors import UnsupportedError, at
from ..rules.registry import OwnRule
from . import generated, ir
from .emit import Emitter, Scope
from .ir import UNDEFINED, Const, Function, TupleOf, Var
from .numba_bridge import NumbaError, error_line, infer_types, type_of_item, typing_stub
from .numba_bridge.objects import is_modelled, type_of_value
from .runtime import array_of

_ITEM = typing_stub(lambda given: type_of_item(given[0], given[1:]))


def define(name: str, text: str, namespace: dict, filename: str) -> object:
    """Execute generated source under a name that debuggers and tracebacks can read; return the function."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    env = {"__name__": generated.__name__, **namespace}
    exec(compile(text, filename, "exec"), env)  # noqa: S102
    return env[name]


def infer(function: Function, scope: Scope) -> None:
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
        _define_undefined(function.body, scope.namer)
        for v in open_now:  # found without all that goes into them: an integer may be a float as well
            v.type = None
        before, found = found, _open_values(function)
        if len(found) == len(before):
            break
    _infer(function, _Printer, scope)
    _define_undefined(function.body, scope.namer)


def _infer(function: Function, printer: type, scope: Scope) -> None:
    """Fill in the types that are not known yet."""
    accesses = [s for s in ir.walk(function.body) if isinstance(s, ir.Op) and _may_have_mask(s)]
    found, failed = None, None
    try:
        found = _types_found(function, printer(scope, function), scope)
    except UnsupportedError as error:
        failed = error
    if accesses and (failed or any(_has_wide_mask(op, found) for op in accesses)):
        try:
            found, failed = _types_found(function, printer(scope, function, accesses), scope), None  # slower
        except UnsupportedError as error:
            failed = failed or error
    if failed:
        raise failed
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.LOOPS):
            stmt.trips.type = types.int64  # counted by the derivative code alone
    for v in all_vars(function):
        if v.type is None:
            v.type = found.get(v.name)


def _may_have_mask(op: ir.Op) -> bool:
    return op.fn == "getitem" and not op.flat and any(isinstance(i, Var | ir.Global) for i in op.args[1:])


def _has_wide_mask(op: ir.Op, found: dict) -> bool:
    """Whether an index has a mask of several dimensions, of which Numba's types are wrong."""
    known = [found.get(i.name, i.type) if isinstance(i, Var) else type_of(i) for i in op.args[1:]]
    return any(isinstance(t, types.Array) and t.ndim > 1 and isinstance(t.dtype, types.Boolean) for t in known)


def _types_found(function: Function, printer: _Printer, scope: Scope) -> dict[str, object]:
    """Return the types that Numba infers on what a printer prints, by the names of the variables."""
    name = scope.namer.fresh(function.name)
    with printer.indented(f"def {name}({', '.join([*(p.name for p in function.params), printer.perhaps])}):"):
        printer.block(function.body)
        leaves = [v for v in ir.vars_in(function.result) if not printer.is_open(v)]
        printer.line(f"return ({''.join(v.name + ', ' for v in leaves)})" if leaves else "return 0")
    text = printer.text()
    pyfunc = define(name, text, scope.namespace, f"<dualad: {function.name}, types>")
    try:
        found, _ = infer_types(pyfunc, (*(p.type for p in function.params), types.boolean))
    except NumbaError as error:
        line = error_line(error)
        place = printer.places[line - 1] if line and line <= len(printer.places) else function.place
        where = printer.lines[line - 1].strip() if line and line <= len(printer.lines) else function.name
        reason = next((r for r in str(error).splitlines() if r.strip() and "nopython" not in r), "")
        message = f"Numba cannot compile `{where}`: {reason.strip()}"
        raise UnsupportedError(at(message, *place)) from None
    return found


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

    That is calls of recursive functions and of derivatives and, where `accesses` names them, what masks pick.

    A loop without an end would make what follows it unreachable, and Numba would not type that. `perhaps`, a further
    argument of the printed function, is a boolean of which nothing is known.
    """

    def __init__(self, scope: Scope, function: Function, accesses: list[ir.Op] | tuple = ()):
        super().__init__(scope)
        self.perhaps = scope.namer.fresh("perhaps")
        self._accesses = {id(op) for op in accesses}

    def expression(self, op: ir.Op) -> str:
        if id(op) in self._accesses:
            stub = self.scope.bind(_ITEM, "item_of")
            return f"{stub}({', '.join(self.part(i) for i in op.args)})"
        if op.fn is np.array and not op.kwargs:
            return f"{self.scope.callable_name(array_of)}({', '.join(self.operand(a) for a in op.args)})"
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

    def __init__(self, scope: Scope, function: Function, accesses: list[ir.Op] | tuple = ()):
        super().__init__(scope, function, accesses)
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


def _define_undefined(block: ir.Block, namer: ir.Namer) -> None:
    """Give what has no value on some path one of its type, so that it has a definition on every way to its uses."""
    new: list = []
    for stmt in block:
        for inner in ir.blocks_of(stmt):
            _define_undefined(inner, namer)
        if isinstance(stmt, ir.Op) and stmt.fn == "list" and stmt.detail == "empty" and not stmt.args:
            stmt.args = (_blank_of(stmt.target.type.dtype, stmt.target.name, new, stmt.place, namer),)
        if isinstance(stmt, ir.LOOPS):
            for c in stmt.carried:
                if c.init is UNDEFINED:
                    c.init = _blank(c.param, new, stmt.place, namer)
        elif isinstance(stmt, ir.If):
            for p in stmt.phis:
                if p.then is UNDEFINED and not ir.raises(stmt.then):
                    p.then = _blank(p.target, stmt.then.statements, stmt.place, namer)
                if p.orelse is UNDEFINED and not ir.raises(stmt.orelse):
                    p.orelse = _blank(p.target, stmt.orelse.statements, stmt.place, namer)
        new.append(stmt)
    block.statements = new


def _blank(v: Var, new: list, place: tuple, namer: ir.Namer) -> object:
    """Return an operand of a variable's type; what makes it goes to the end of a list of statements."""
    return _blank_of(v.type, v.name, new, place, namer)


def _blank_of(ty: object, name: str, new: list, place: tuple, namer: ir.Namer) -> object:
    if isinstance(ty, types.BaseTuple):
        return TupleOf(tuple(_blank_of(t, name, new, place, namer) for t in ty.types))
    if isinstance(ty, types.Float):
        return Const(0.0)
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


def all_vars(function: Function):
    """Yield every variable that the function defines."""
    yield from function.params
    for stmt in ir.walk(function.body):
        yield from ir.defined_by(stmt)
        if isinstance(stmt, ir.LOOPS):
            if isinstance(stmt, ir.For):
                yield stmt.index
            for c in stmt.carried:
                yield c.param


def type_of(x: object) -> object:
    """Return the Numba type of an operand."""
    if isinstance(x, Var):
        return x.type
    if isinstance(x, Const):
        kinds = ((bool, types.boolean), (int, types.int64), (float, types.float64), (str, types.unicode_type))
        return next((t for k, t in kinds if isinstance(x.value, k)), types.none)
    if isinstance(x, TupleOf):
        return types.BaseTuple.from_types([type_of(i) for i in x.items])
    if isinstance(x, ir.Global):
        return type_of_value(x.value) if not isinstance(x.value, type) else None
    return None


def is_array(x: object) -> bool:
    """Whether an operand is an array, of numbers."""
    ty = type_of(x)
    return isinstance(ty, types.Array) and is_modelled(ty)


def is_list(x: object) -> bool:
    """Whether an operand is a list in memory."""
    ty = type_of(x)
    return isinstance(ty, types.List) and is_modelled(ty)


def is_memory(x: object) -> bool:
    """Whether an operand is a reference to something that can be written into: an array or a list."""
    return is_array(x) or is_list(x)


def is_object(x: object) -> bool:
    """Whether an operand is something that the compiler does not model (see `boundary`)."""
    if isinstance(x, Var):
        return not (x.type is types.float64 or x.type is types.int64 or is_modelled(x.type))  # most are these
    return isinstance(x, ir.Global) and not is_modelled(type_of(x))


def is_reference(x: object) -> bool:
    """Whether what an operand refers to may be seen by way of others, too."""
    return is_memory(x) or is_object(x)


def _number_in(ty: object) -> object:
    """Return the type of the numbers in an array or a list."""
    while isinstance(ty, types.Array | types.List):
        ty = ty.dtype
    return ty


def is_float(x: object) -> bool:
    """Whether an operand is a real floating-point number, or an array or list of them."""
    ty = type_of(x)
    if isinstance(ty, types.Optional):
        ty = ty.type
    if isinstance(ty, types.BaseTuple):  # of a library function; the user's own tuples are taken apart
        return any(isinstance(getattr(t, "dtype", t), types.Float) for t in ty.types)
    return isinstance(_number_in(ty), types.Float)


def is_constant_type(ty: object) -> bool:
    """Whether nothing of a type can carry a derivative: integers, booleans, text, shapes, dtypes."""
    if isinstance(ty, types.BaseTuple):
        return all(is_constant_type(t) for t in ty.types)
    ty = _number_in(ty)
    plain = types.Integer | types.Boolean | types.NoneType | types.UnicodeType | types.DType | types.RangeType
    return isinstance(ty, plain | types.NumberClass)


def is_complex(x: object) -> bool:
    """Whether an operand is complex."""
    return isinstance(_number_in(type_of(x)), types.Complex)


def is_number(x: object) -> bool:
    """Whether an operand is a single number or boolean."""
    return isinstance(type_of(x), types.Number | types.Boolean)


def is_integer(x: object) -> bool:
    """Whether an operand is a single integer or boolean."""
    return isinstance(type_of(x), types.Integer | types.Boolean)
