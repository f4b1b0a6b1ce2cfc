"""Recursive functions: found while lowering, called where other functions are inlined.

Inlining that reaches a function already being inlined has found a recursion. It is abandoned, up to the outermost
inlining of that function, and a call is emitted there instead (and wherever the function is met from then on)::

    t = call(x, n)          Op(t, "call", (x, n), detail=unit)

A `Unit` is the function together with what is known of its arguments at compile time: functions, strings and None are
part of the unit; numbers and arrays are its parameters, tuples taken apart. `fact(x, 3)` and `fact(y, n)` call the same
unit; `descend(math.sin, x)` and `descend(math.cos, x)` call two.

A tuple of real numbers comes back in an array that the caller makes and passes along.

A function that is inlined again and again, and has made much of the text by then, is called from then on too: helpers
that each call the one before twice would otherwise double the text with each of them. Where a function cannot be called
like that (`sharing` is then off, see `build`), it is inlined after all.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

import numpy as np

from ...errors import UnsupportedError
from ..ir import UNDEFINED, Const, Op, TupleOf, Var, vars_in
from .control import RETURN_VALUE, assigned_names, own_nodes, structure
from .dicts import held_by_dicts
from .lists import GrowingList
from .nonlocals import declared
from .source import parameter_names
from .values import OPERANDS, Frame, FunctionValue, ListOf, Static

_MAX_UNITS = 32
_MAX_DEPTH = 100
_OFTEN, _LONG = 16, 1000  # inlinings of one function, and names handed out in them, before it is called instead


class Recursion(Exception):
    """Inlining has come back to a function that is being inlined."""

    def __init__(self, key: tuple):
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Leaf:
    """The place of a parameter in the template of a unit's arguments."""

    number: int


@dataclass(eq=False)
class Unit:
    """A recursive function with the static part of its arguments."""

    function: FunctionValue
    template: dict[str, object]
    hints: tuple[str, ...]
    gives_value: bool
    count: int | None
    units: Units
    place: tuple = (None, None)
    plainly: frozenset = frozenset()
    stub: object = None

    has_effect = True  # before its types are known: it may write, it may raise
    writes = ()

    @property
    def name(self) -> str:
        return self.function.name

    def stub_reference(self, scope: object) -> str:
        """Return the name by which printed code calls the unit while types are inferred."""
        if self.stub is None:
            self.stub = self.units.make_stub(self)
        return scope.bind(self.stub, f"{self.name}_unit")

    def environment(self, params: list[Var]) -> dict[str, object]:
        """Return what the names of the function's parameters stand for."""

        def fill(x: object) -> object:
            if isinstance(x, TupleOf):
                return TupleOf(tuple(fill(i) for i in x.items), x.cls)
            if isinstance(x, ListOf):
                return ListOf([fill(i) for i in x.items])
            return params[x.number] if isinstance(x, Leaf) else x

        return {name: fill(x) for name, x in self.template.items()}


@dataclass(eq=False)
class Units:
    """The recursive functions and the derivatives met in one build; `make_stub` is set by whoever infers types."""

    recursive: set[tuple] = field(default_factory=set)
    table: dict[tuple, Unit] = field(default_factory=dict)
    derived: dict[tuple, object] = field(default_factory=dict)
    make_stub: object = None
    sharing: bool = True
    inlined: dict[tuple, tuple[int, int]] = field(default_factory=dict)
    """How often each function has been inlined, and how many names were handed out for it."""
    shared: set[tuple] = field(default_factory=set)
    """What is called although it does not recur."""
    learnt: dict[tuple, object] = field(default_factory=dict)
    """Types of carried values that an earlier build of the same found to be others than it took them for."""
    for_threads: set[tuple] = field(default_factory=set)
    """The functions for several threads that were inlined, by file, first and last line."""
    on_one_thread: bool = False
    """Whether loops over `prange` are ordinary ones."""


class Calls:
    """The part of `Lowering` that decides whether a call is inlined."""

    def call_function(self, f: FunctionValue, args: list, kwargs: dict, node: ast.AST | None) -> object:
        """Inline a call; call a recursive function as a unit."""
        env = self.bind(f, args, kwargs, node)
        if f.key in self.units.recursive:
            return self.call_unit(f, env, node)
        if f.key in self.inlining:
            raise Recursion(f.key)
        if len(self.inlining) > _MAX_DEPTH:
            raise self.fail(node, f"calls nested {_MAX_DEPTH} deep (in {f.name})", "name the functions that recur")
        block, count, frame, names = self.block, len(self.block.statements), self.frame, self.namer.snapshot()
        if self.is_shared(f):
            try:
                return self.call_unit(f, env, node)
            except UnsupportedError:
                self.units.shared.discard(f.key)
                self.units.inlined[f.key] = (0, 0)
        try:
            result = self.inline(f, env)
            times, size = self.units.inlined.get(f.key, (0, 0))
            self.units.inlined[f.key] = (times + 1, size + self.namer.snapshot() - names)
            return result
        except Recursion as found:
            if found.key != f.key:
                raise
        self.block, self.frame = block, frame
        del block.statements[count:]
        self.namer.restore(names)
        self.units.recursive.add(f.key)
        return self.call_unit(f, env, node)

    def is_shared(self, f: FunctionValue) -> bool:
        """Whether a function that does not recur is to be called all the same."""
        times, size = self.units.inlined.get(f.key, (0, 0))
        if self.units.sharing and f.frame is None and times >= _OFTEN and size >= _LONG and not f.stands_for:
            self.units.shared.add(f.key)
        return f.key in self.units.shared

    def inline(self, f: FunctionValue, env: dict[str, object]) -> object:
        """Lower the body of a function; returns its result.

        The outermost function is lowered again with every list that turns out to change.
        """
        block, count, taken, depth = self.block, len(self.block.statements), self.namer.snapshot(), len(self.inlining)
        while True:
            try:
                return self.lower_body(f, dict(env))
            except GrowingList as found:
                if depth > 0:
                    raise
                self.growing[found.value.node] = found.form
            self.block = block
            del block.statements[count:]
            self.namer.restore(taken)

    def lower_body(self, f: FunctionValue, env: dict[str, object]) -> object:
        """Lower the body of a function with its parameters in `env`; what dicts hold is seen in it, and comes back."""
        body = structure(f.node, f.source.filename)
        outer = self.frame
        own = declared(f.node)
        names = (frozenset(assigned_names(body)) | frozenset(env)) - own
        cells = self.share(f, env)
        self.frame = Frame(f.source, {**held_by_dicts(outer.env), **env}, names, f.frame, cells, own, f.parallel)
        self.inlining.append(f.key)
        if f.parallel and not self.on_thread:
            self.units.for_threads.add((f.source.filename, f.node.lineno, f.node.end_lineno))
        self.callers.append(outer)
        try:
            self.statements(body)
            outer.env.update(held_by_dicts(self.frame.env))
            return self.frame.env.get(RETURN_VALUE, Const(None))
        finally:
            self.frame = outer
            self.inlining.pop()
            self.callers.pop()

    def call_unit(self, f: FunctionValue, env: dict[str, object], node: ast.AST | None) -> object:
        """Emit the call of a recursive function."""
        if self.trying:
            what = f"calling the recursive function {f.name} in a try block"
            raise self.fail(node, what, "call it before, and test what may go wrong")
        if f.frame is not None:
            raise self.fail(node, f"recursion of the inner function {f.name}", "define it at module level")
        params = parameter_names(f.node.args)
        operands: list = []
        hints: list[str] = []
        template = {p: self._template(env[p], p, operands, hints, f, node) for p in params}
        key = (f.key, tuple(_signature(template[p]) for p in params), self.plainly)
        table = self.units.table
        if key not in table:
            if len(table) >= _MAX_UNITS:
                remedy = "pass an array where the length of a tuple changes"
                raise self.fail(node, f"recursion of {f.name} with ever new structures of arguments", remedy)
            place = self.origin or (f.source.filename, f.node.lineno)
            count = _count_returned(f.node)
            if count is not None:
                hints.append("results")
            gives_value = count is None and _gives_value(f.node)
            table[key] = Unit(f, template, tuple(hints), gives_value, count, self.units, place, self.plainly)
        unit = table[key]
        if unit.count is not None:
            results = self.emit(np.empty, (Const(unit.count),), node, "results")
            self.effect("call", (*operands, results), node, unit)
            return TupleOf(tuple(self.emit("getitem", (results, Const(k)), node) for k in range(unit.count)))
        if unit.gives_value:
            return self.emit("call", tuple(operands), node, "t", None, unit)
        self.effect("call", tuple(operands), node, unit)
        return Const(None)

    def _template(
        self, value: object, name: str, operands: list, hints: list[str], f: FunctionValue, node: ast.AST | None
    ) -> object:
        """Take an argument apart into what is static and what becomes a parameter."""
        value = self.frozen(value, node)
        if isinstance(value, ListOf) and value.node is not None:  # it may change there
            self.as_operand(value, node)
        if isinstance(value, TupleOf | ListOf):
            items = [self._template(x, f"{name}_{k}", operands, hints, f, node) for k, x in enumerate(value.items)]
            return TupleOf(tuple(items), value.cls) if isinstance(value, TupleOf) else ListOf(items)
        if isinstance(value, Static) or (isinstance(value, Const) and isinstance(value.value, str | None)):
            return value
        if isinstance(value, FunctionValue):
            if value.frame is not None and _captures(value):
                what = f"passing {value.name}, which uses variables from around it, to the recursive function {f.name}"
                raise self.fail(node, what, "pass the variables as arguments")
            return value
        if not isinstance(value, OPERANDS) or value is UNDEFINED:
            self.as_operand(value, node)  # refuses it, and says why
        operands.append(value)
        hints.append(name)
        return Leaf(len(operands) - 1)


def _signature(x: object) -> object:
    """Return what two templates have in common if they make the same unit."""
    if isinstance(x, TupleOf | ListOf):
        return type(x).__name__, getattr(x, "cls", None), tuple(_signature(i) for i in x.items)
    if isinstance(x, Leaf):
        return "leaf"
    if isinstance(x, FunctionValue):  # it captures nothing, so that it does not matter where it was made
        return x.node, x.source.function, tuple((k, _signature(v)) for k, v in x.defaults.items())
    return ("static", id(x.value)) if isinstance(x, Static) else x


def _captures(f: FunctionValue) -> bool:
    """Whether an inner function reads names of the functions around it."""
    own = set(parameter_names(f.node.args))
    read = {n.id for n in ast.walk(f.node) if isinstance(n, ast.Name) and n.id not in own}
    scope = f.frame
    while scope is not None:
        if read & (scope.env.keys() | scope.local_names):
            return True
        scope = scope.parent
    return any(True for d in f.defaults.values() for _ in vars_in(d))


def _returned(node: ast.FunctionDef | ast.Lambda) -> list[ast.expr]:
    """Return the expressions that a function returns."""
    if isinstance(node, ast.Lambda):
        return [node.body]
    return [n.value for n in own_nodes(node.body) if isinstance(n, ast.Return) and n.value is not None]


def _gives_value(node: ast.FunctionDef | ast.Lambda) -> bool:
    """Whether a function returns something other than None."""
    return any(not (isinstance(v, ast.Constant) and v.value is None) for v in _returned(node))


def _count_returned(node: ast.FunctionDef | ast.Lambda) -> int | None:
    """Return how many values a function returns in a tuple; None if no tuple stands behind a return."""
    for value in _returned(node):
        while isinstance(value, ast.IfExp):
            value = value.body
        if isinstance(value, ast.Tuple) and not any(isinstance(x, ast.Starred) for x in value.elts):
            return len(value.elts)
    return None


def is_call(stmt: object) -> bool:
    """Whether a statement calls a unit."""
    return isinstance(stmt, Op) and stmt.fn == "call"
