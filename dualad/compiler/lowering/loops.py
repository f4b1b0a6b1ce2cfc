"""Lowering of loops: every name that the body binds is a value carried from trip to trip.

A loop gives each such name a parameter, lowers its body with these, and sees afterwards what the body left in the
names. What structure a name has at the end of a trip (a tuple, a list, a number) may only be known then; if it is
another than was assumed, the body is lowered again (`Restructure`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from numba import types

from .. import ir
from ..ir import ITERATED, UNDEFINED, Block, Carried, Const, For, Op, Phi, TupleOf, Var, While
from ..ir.boundary import refuse_loop
from ..ir.effects import may_change_memory
from .branches import Restructure, Unreachable, alike, value_of, variables
from .control import assigned_names
from .dicts import OTHER_DICT, held_by_dicts, names_held
from .known_types import CarriedFrom
from .values import (
    OPERANDS,
    DictOf,
    Flat,
    Held,
    Iteration,
    Keys,
    ListOf,
    Optional,
    Poison,
    Static,
    is_instance,
    is_optional,
    is_records,
)

_MAX_UNROLL = 64


class _TestWithEffect(Exception):
    """The test of a loop changes a dict."""


class Loops:
    """The part of `Lowering` that deals with loops."""

    def stmt_For(self, s: ast.For) -> None:
        if self.is_parallel(s):
            self.parallel_for(s)
            return
        iterable = self.gone_through(self.as_dict(self.expr(s.iter)), s)
        if isinstance(iterable, DictOf):
            keys = self.keys_of(iterable, s)
            self.unrolled(s, list(keys.items))
            if len(self.held(iterable, s)) != len(keys.items):
                raise self.fail(s, "a loop over a dict that gets more keys in it", "store them before the loop")
            return
        if isinstance(iterable, TupleOf | ListOf):
            if len(iterable.items) > _MAX_UNROLL:
                raise self.fail(s, f"a loop over {len(iterable.items)} items of a tuple", "loop over an array")
            self.unrolled(s, list(iterable.items))
            return
        it = self.iteration(iterable, s)

        def start_trip(trip: Var) -> None:
            self.assign(s.target, it.item(trip))

        hint = s.target.id if isinstance(s.target, ast.Name) else "i"
        names = assigned_names([s.target, *s.body])
        with self.in_try(s):
            self.loop(s, names, s.body, s.exit, start_trip, hint, it)

    def unrolled(self, s: ast.For, items: list) -> None:
        if not items:
            return
        self.assign(s.target, items[0])
        self.statements(s.body)
        if s.exit is None:
            self.unrolled(s, items[1:])
        elif items[1:]:
            left = self.truth(self.expr(s.exit), s)
            self.branch(left, lambda: None, lambda: self.unrolled(s, items[1:]), s)

    def stmt_While(self, s: ast.While) -> None:
        names = assigned_names([s])
        if any(isinstance(n, ast.NamedExpr) for n in ast.walk(s.test)):
            self.test_inside(s)
            return
        if isinstance(s.test, ast.Constant):
            if s.test.value:
                self.loop(s, names, s.body, s.exit, None, "", None)
            return
        before = len(self.block.statements)
        env = dict(self.frame.env)
        never_runs = False
        try:
            self.loop(s, names, s.body, s.exit, None, "", None, s.test)
            loop = self.block.statements[-1]
            never_runs = loop.test == Const(False)
            if not never_runs and not any(isinstance(x, Op) and may_change_memory(x) for x in ir.walk(loop.header)):
                return
        except _TestWithEffect:
            pass
        del self.block.statements[before:]
        self.frame.env.clear()
        self.frame.env.update(env)
        if never_runs:
            self.expr(s.test)
        else:
            self.test_inside(s)

    def test_inside(self, s: ast.While) -> None:
        """A test with effects of its own: while True, with the test as the first statement of the body."""
        stop = f".stop{id(s)}"
        no = ast.Assign([ast.Name(stop, ast.Store())], ast.Constant(False))
        yes = ast.Assign([ast.Name(stop, ast.Store())], ast.Constant(True))
        guard = ast.If(s.test, s.body, [yes])
        new = ast.While(ast.Constant(True), [no, guard], [])
        flag = ast.Name(stop, ast.Load())
        new.exit = flag if s.exit is None else ast.BinOp(flag, ast.BitOr(), s.exit)
        for n in (no, yes, guard, new, new.exit):
            ast.fix_missing_locations(ast.copy_location(n, s))
        self.frame.env[stop] = Const(False)
        for name in assigned_names(s.body):
            if name.startswith("."):
                self.frame.env.setdefault(name, Const(False))
        self.statements([no])
        self.stmt_While(new)

    def loop(
        self,
        s: ast.stmt,
        names: list[str],
        body: list[ast.stmt],
        exit_: ast.expr | None,
        start_trip: Callable | None,
        hint: str,
        bounds: Iteration | None,
        test: ast.expr | None = None,
    ) -> None:
        """Lower a loop: every name that it binds becomes a value carried from trip to trip."""
        shapes: dict[str, object] = {}
        names = [name for name in names if name not in self.frame.cells and name not in self.frame.nonlocals]
        for _ in range(8):
            try:
                self.try_loop(s, names, body, exit_, start_trip, hint, bounds, test, shapes)
                return
            except Restructure:
                continue
        raise self.fail(s, "a loop in which a variable changes its structure", "use one variable for one thing")

    def try_loop(self, s, names, body, exit_, start_trip, hint, bounds, test, shapes) -> None:
        outer, env = self.block, self.frame.env
        inner_env = dict(env)
        params = {}
        self.loop_place = getattr(s, "lineno", 0), getattr(s, "col_offset", 0)
        for name in names:
            init = env.get(name, UNDEFINED)
            params[name] = inner_env[name] = self.loop_parameter(name, init, shapes.get(name))
            value = value_of(params[name])
            if init is UNDEFINED and isinstance(value, Var):
                self.open[value] = (name, shapes)
        index, trips = self.var(hint or "trip"), self.var("trips")
        self.made_by[index] = Phi(index, bounds.stop, bounds.stop) if bounds is not None and bounds.grid else None
        self.types[trips] = types.int64
        if bounds is not None and not bounds.grid:
            self.types[index] = types.int64
        known = bounds.known() if bounds is not None else None
        if known:
            self.ranges[index] = known
        header, condition = Block(), None
        try:
            self.frame.env = inner_env
            if test is not None:
                self.block = header
                condition = self.truth(self.expr(test), s)
                held = held_by_dicts(self.frame.env)
                if any(held[k] is not v for k, v in held_by_dicts(env).items() if k not in names):
                    raise _TestWithEffect
            self.block = loop_body = Block()
            if start_trip is not None:
                start_trip(index)
            self.statements(body)
            exit_value = self.truth(self.expr(exit_), s) if exit_ is not None else None
            left = self.frame.env
        except Unreachable:
            if self.block is header:
                raise
            left, exit_value = params, None
        finally:
            self.block, self.frame.env = outer, env
        for name in names:
            now = left.get(name, UNDEFINED)
            if left is not params and isinstance(now, Held | TupleOf | ListOf):
                is_held = self.rebound(name, env.get(name, UNDEFINED), now, env, left)
                if is_held and self.copies.isdisjoint(names_held(env[name])):
                    env[name] = self.apart(env[name])
                    raise Restructure
        changed = [k for k, v in held_by_dicts(env).items() if k not in names and left.get(k) is not v]
        if changed:
            names += changed
            raise Restructure
        if isinstance(exit_value, Const) and not exit_value.value:
            exit_value = None
        carried: list[Carried] = []
        after = {}
        entered = test is None and (bounds is None or bool(known))
        read = self.read(header, loop_body, [exit_value, condition], params, left)
        for name in names:
            init, param, last = env.get(name, UNDEFINED), params[name], left.get(name, UNDEFINED)
            if last is param and isinstance(value_of(param), Var) and read.isdisjoint(variables(param)):
                after[name] = init  # bound in the body only on paths that were folded away
            else:
                after[name] = self.after_loop(name, param, init, last, carried, shapes, entered)
        place = self.place(s)
        if bounds is not None:
            extent = (bounds.start, bounds.stop, bounds.step)
            loop = For(index, *extent, carried, loop_body, exit_value, trips, place, grid=bounds.grid)
            outer.statements.append(loop)
        else:
            if isinstance(condition, Const):
                condition = None if condition.value else condition
            outer.statements.append(While(header, condition, carried, loop_body, exit_value, trips, place))
        env.update(after)
        if entered and left is params:
            raise Unreachable

    def read(self, header: Block, body: Block, tests: list, params: dict, left: dict) -> set[Var]:
        """Return the variables that a loop reads, or leaves in a name that they did not stand for before."""
        read = {v for t in tests for v in ir.vars_in(t)}
        for stmt in (s for b in (header, body) for s in ir.walk(b)):
            read.update(v for x in ir.operands_of(stmt) for v in ir.vars_in(x))
        for name, param in params.items():
            if left.get(name) is not param:
                read.update(variables(left.get(name)))
        return read

    def parameter(self, name: str, init: object) -> object:
        if init == Const(None):  # the loop binds the name: it is there to hold something else after some trip
            init = self.as_optional(init)
        if isinstance(init, TupleOf):
            return TupleOf(tuple(self.parameter(name, i) for i in init.items), init.cls)
        if isinstance(init, ListOf):
            return ListOf([self.parameter(name, i) for i in init.items], init.node)
        if init is UNDEFINED or isinstance(init, OPERANDS):
            param = self.var(name)
            around = tuple(id(key[0]) for key in self.inlining)
            self.made_by[param] = CarriedFrom(init, (name, around, self.loop_place))
            for kind in (self.lists, self.zero_dim):
                if init in kind:
                    kind.add(param)
            return param
        return init

    def carry(self, name: str, param: object, init: object, left: object, carried: list, shapes: dict) -> object:
        """Record what a name carries; returns its value after the loop."""
        if isinstance(param, Held) and isinstance(left, Held) and param.name == left.name:
            return param
        wider = self.wider_choice(param, left)
        if wider is not None:
            shapes[name] = wider
            raise Restructure
        init, left = self.as_choice(init, param), self.as_choice(left, param)
        if is_optional(param):
            init, left = self.as_optional(init), self.as_optional(left)
        if isinstance(param, Poison) or (left is param and not isinstance(param, TupleOf | ListOf)):
            return self.slot(name, param, init, left, carried) if isinstance(param, Var) else param
        if isinstance(param, Var):
            if isinstance(left, OPERANDS):
                if (left == Const(None)) != (init == Const(None)) and init is not UNDEFINED:
                    shapes[name] = TupleOf((UNDEFINED, UNDEFINED), Optional())
                    raise Restructure
                if left == Const(None):
                    return Poison(f"{name} is None in one trip and a value in another")
                return self.slot(name, param, init, left, carried)
            if is_optional(left):
                shapes[name] = TupleOf((UNDEFINED, UNDEFINED), Optional())
                raise Restructure
            if init is UNDEFINED:
                if isinstance(left, TupleOf):
                    shapes[name] = left
                    raise Restructure
                return left
            reason = f"{name} changes from a number or array into something else inside a loop"
        elif isinstance(param, TupleOf | ListOf) and alike(param, left):
            inits = init.items if isinstance(init, type(param)) else [UNDEFINED] * len(param.items)
            parts = zip(param.items, inits, left.items, strict=True)
            inner: dict[str, object] = {}
            try:
                items = [self.carry(name, p, i, x, carried, inner) for p, i, x in parts]
            except Restructure:
                if isinstance(inner.get(name), Poison):
                    shapes[name] = inner[name]
                raise
            return TupleOf(tuple(items), param.cls) if isinstance(param, TupleOf) else ListOf(items, left.node)
        else:
            self.grow_if_different(param, left)
            keys = isinstance(getattr(param, "cls", None), Keys)
            reason = f"{name} {'gets other keys' if keys else 'changes its structure'} inside a loop"
            if isinstance(param, DictOf) and isinstance(left, DictOf):
                reason = f"{name} becomes another dict inside a loop, {OTHER_DICT}"
            if is_instance(param) and is_instance(left):
                reason = (
                    f"{name} becomes an instance that is made in the loop, while something else holds the one before:"
                )
                reason += " store what it holds in the fields of that one"
        shapes[name] = Poison(reason)  # the body must not take it for what it is in the first trip
        raise Restructure

    def slot(self, name: str, param: Var, init: object, left: object, carried: list) -> Var:
        result = self.var(name)
        carried.append(Carried(param, init, left, result, self.assumed_types.get(param)))
        self.made_by[result] = Phi(result, init, left)
        if self.is_boolean(init) and self.is_boolean(left):
            self.boolean |= {param, result}
        for kind in (self.lists, self.zero_dim):
            if left in kind:
                kind.add(result)
        return result

    def iteration(self, value: object, node: ast.AST) -> Iteration:
        """Return how to loop over a value."""
        value = self.unlisted(value)
        if is_records(value):
            return self.over_records(value, node)
        if isinstance(value, Iteration):
            return value
        if isinstance(value, Flat):
            return self.over_grid(value.array, lambda index: self.emit("getitem", (value.array, index), node), node)
        if isinstance(value, TupleOf | ListOf):
            return Iteration(Const(0), Const(len(value.items)), Const(1), lambda i: self.pick(value.items, i, node))
        if isinstance(value, Var | ir.Global):
            refuse_loop(value, self.place(node))
            stop = self.emit(len, (value,), node, "n", None, ITERATED)
            return Iteration(Const(0), stop, Const(1), lambda i: self.emit("getitem", (value, i), node, "item"))
        if isinstance(value, Static):
            raise self.outside(value.value, node)
        raise self.fail(node, "a loop over this value", "loop over range, enumerate, zip, an array or a tuple")
