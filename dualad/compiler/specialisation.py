"""Units with the types of their arguments: what is printed beside the function that calls them.

The type of the result of a recursive function is a fixpoint. It is first taken to be boolean, the least type; the body
is typed with that, which gives a better guess, and so on until nothing changes. A body that cannot be typed with a
guess (an index that is boolean) gets the next one.

What a unit writes into, and whether it has an effect, are fixpoints as well, over all units that call each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numba import types

from ..errors import DualadError, UnsupportedError, at
from . import ir, passes
from .analysis.activity import Activity
from .analysis.aliases import Aliases
from .analysis.verify import verify
from .ir import Const, Function, TupleOf, Var
from .ir.effects import has_effect, is_known
from .ir.infer import find_types, infer, settle_merges
from .ir.kinds import is_array, is_float, type_of
from .ir.messages import find_messages
from .ir.printer import Scope
from .lowering.branches import Unreachable
from .lowering.dicts import held_by_dicts
from .lowering.lower import Lowering
from .lowering.recursion import Unit, Units, is_call
from .runtime.numba_bridge import typing_stub, unit_njit
from .runtime.numba_bridge.objects import describe, is_modelled

_GUESSES = (types.boolean, types.int64, types.float64)
_MAX_ROUNDS = 60
_PASS_ALONG = "return one number, and write the rest into an array that is passed along"


class UnitActivity(Activity):
    """In a unit everything is active that can be; others may write into its arrays."""

    def __init__(self, function: Function, check: bool = True):
        floats = [p for p in function.params if is_float(p)]
        arrays = tuple(p for p in function.params if is_array(p))
        super().__init__(function, floats, check, tuple(p for p in arrays if is_float(p)))
        self.aliases.borrowed = frozenset(arrays)


@dataclass(eq=False)
class Instance:
    """A unit for arguments of certain types."""

    unit: Unit
    given: tuple
    family: Instances
    scope: Scope
    function: Function | None = None
    names: int | None = None
    seen: int = -1
    result: object = _GUESSES[0]
    bumps: int = 0
    error: DualadError | None = None
    unlike: object = None
    """The type of a result in a tuple that is no float64."""
    refused: bool = False
    typed: bool = False
    writes: tuple[int, ...] = ()
    has_effect: bool = False
    activity: Activity | None = None
    reverse: object = None
    stub: object = None

    @property
    def name(self) -> str:
        return self.unit.name

    @property
    def params(self) -> list[Var]:
        return self.function.params

    def make_ready(self) -> None:
        """Reduce what the derivatives of the unit are made of, once."""
        if self.activity is None:
            context = passes.Context(self.scope, lambda: UnitActivity(self.function, check=False))
            passes.run((*passes.ARRAYS, *passes.OPTIMISE), self.function, context)
            self.activity = UnitActivity(self.function)

    def stub_reference(self, scope: Scope) -> str:
        if self.stub is None:
            self.stub = typing_stub(lambda given: self.result)
        return scope.bind(self.stub, f"{self.name}_unit")

    def calls(self) -> list[ir.Op]:
        """Return the calls of units in the body."""
        return [s for s in ir.walk(self.function.body) if is_call(s)]

    def reference(self, scope: Scope, variant: str = "") -> str:
        """Return the name of the function that is printed for a variant: "", "jvp", "forward" or "reverse"."""
        return self.family.request(self, variant)


class Instances:
    """All units of one build, with types."""

    def __init__(self, units: Units, scope: Scope):
        self.units = units
        self.table: dict[tuple, Instance] = {}
        self.scopes = [scope]
        self.requests: dict[tuple[Instance, str], str] = {}
        self._namespace = scope.namespace
        self._version = 0
        self._names: list[str] = []
        units.make_stub = lambda unit: typing_stub(lambda given: self.instance(unit, given).result)

    def instance(self, unit: Unit, given: tuple) -> Instance:
        """Return the instance of a unit for some types, with what is known of its result by now."""
        if (unit, given) not in self.table:
            scope = Scope(self._namespace)
            for name in self._names:
                scope.namer.reserve(name)
            self.scopes.append(scope)
            self.table[unit, given] = Instance(unit, given, self, scope)
            self._version += 1
        return self.table[unit, given]

    # ---------------------------------------------------------------- types

    def infer(self, make: Callable[[], Function], scope: Scope) -> Function:
        """Return the function that `make` lowers, typed; made anew as long as the units that it calls change."""
        names = scope.namer.snapshot()
        while True:
            before = self._version
            error = None
            function = make()
            verify(function, "lower", typed=False)
            ir.prune(function, has_effect)
            passes.dump(function, "lower")
            try:
                infer(function, scope)
            except UnsupportedError as e:
                if self._version == before and not self.table:
                    raise
                error = e
            self._settle()
            for instance in self.table.values():
                if instance.refused:
                    raise instance.error
            if self._version == before:
                if error is not None:
                    raise next((i.error for i in self.table.values() if i.error is not None), error)
                passes.dump(function, "infer")
                return function
            scope.namer.restore(names)
            scope.reserve_bound()

    def _settle(self) -> None:
        """Find the types of the results of all units."""
        for _ in range(_MAX_ROUNDS):
            before = self._version
            for instance in list(self.table.values()):
                self._improve(instance)
            if self._version == before:
                stuck = [i for i in self.table.values() if i.error is not None and i.bumps + 1 < len(_GUESSES)]
                stuck = [i for i in stuck if not i.refused]
                if not stuck:
                    return
                for i in stuck:
                    i.bumps += 1
                    i.result = _GUESSES[i.bumps]
                    self._version += 1
        names = ", ".join(dict.fromkeys(i.name for i in self.table.values()))
        raise UnsupportedError(f"the type of the result of {names} cannot be found: return one type on every path")

    def _improve(self, instance: Instance) -> None:
        """Type the body with what is known of all results by now."""
        if instance.refused or instance.typed or instance.seen == self._version:
            return
        instance.seen = self._version
        scope = instance.scope
        if instance.names is None:
            instance.names = scope.namer.snapshot()
        scope.namer.restore(instance.names)
        scope.reserve_bound()
        instance.error = None
        try:
            function = instance.function = lower_unit(instance.unit, instance.given, scope, self.units)
        except DualadError as error:
            instance.error, instance.refused = error, True
            return
        try:
            find_types(function, scope)
            instance.unlike = unlike_result(instance)
            settle_merges(function.body, scope.namer)
        except UnsupportedError as error:
            instance.error = error
            if "Cannot unify" in str(error) and "array(" in str(error):
                what = f"an array as the result of recursion ({instance.name}) is not supported"
                instance.error = UnsupportedError(at(f"{what}: {_PASS_ALONG}", *instance.unit.place))
            return
        result = type_of(function.result)
        if result != instance.result:
            instance.result = result
            self._version += 1

    def resolve(self, function: Function) -> None:
        """Replace the units in a typed function's calls by instances, and make these ready."""
        todo = [function]
        ready: list[Instance] = []
        while todo:
            for op in ir.walk(todo.pop().body):
                if not is_call(op) or isinstance(op.detail, Instance):
                    continue
                op.detail = self._typed(op.detail, tuple(type_of(a) for a in op.args))
                if op.detail not in ready:
                    ready.append(op.detail)
                    todo.append(op.detail.function)
        while any([self._find_effects(i) for i in ready]):
            pass
        for i in ready:
            ir.prune(i.function, has_effect)

    def _typed(self, unit: Unit, given: tuple) -> Instance:
        known = (unit, given) in self.table
        instance = self.instance(unit, given)
        if not known:
            self._settle()
        if instance.error is not None:
            raise instance.error
        if not instance.typed:
            if isinstance(instance.result, types.Array | types.Complex):
                what = f"a recursive function with the result {instance.result} ({unit.name})"
                remedy = _PASS_ALONG if isinstance(instance.result, types.Array) else "use real numbers"
                raise UnsupportedError(at(f"{what} is not supported: {remedy}", *unit.place))
            if instance.unlike is not None:
                what = f"{instance.unlike} in a tuple as the result of recursion ({unit.name})"
                remedy = "return real numbers (float64) in the tuple"
                raise UnsupportedError(at(f"{what} is not supported: {remedy}", *unit.place))
            steps = (passes.WRITE_OUT, passes.NORMALISE)
            passes.run(steps, instance.function, passes.Context(instance.scope))
            instance.typed = True
        return instance

    @staticmethod
    def _find_effects(instance: Instance) -> bool:
        """Update what is known of an instance's effects; True if that was news."""
        aliases = Aliases(instance.function)
        writes = tuple(k for k, p in enumerate(instance.params) if is_array(p) and aliases.is_written(p))
        effect = bool(writes) or any(isinstance(s, ir.Op) and _is_felt(s) for s in ir.walk(instance.function.body))
        news = writes != instance.writes or effect != instance.has_effect
        instance.writes, instance.has_effect = writes, effect
        return news

    # ---------------------------------------------------------------- names and text

    def function_name(self, hint: str) -> str:
        """Return a name for a function of the module that no variable of any function has."""
        namer = self.scopes[0].namer
        name = namer.fresh(hint)
        while name in self._namespace or any(s.namer.is_taken(name) for s in self.scopes[1:]):
            name = namer.fresh(hint)
        for s in self.scopes[1:]:
            s.namer.reserve(name)
        self._names.append(name)
        return name

    def request(self, instance: Instance, variant: str) -> str:
        """Ask for a function of an instance to be printed; returns its name."""
        key = (instance, variant)
        if key not in self.requests:
            self.requests[key] = self.function_name(f"{instance.name}_{variant}" if variant else instance.name)
        return self.requests[key]

    def kept_types(self, calls: list[ir.Op]) -> list[object]:
        """Return the types of the arrays that the units behind some calls keep for the reverse sweep."""
        from .differentiate.recursion_reverse import UnitReverse

        todo = [op.detail for op in calls]
        seen: dict[Instance, None] = {}
        while todo:
            instance = todo.pop(0)
            if instance in seen:
                continue
            seen[instance] = None
            instance.make_ready()
            instance.reverse = UnitReverse(instance)
            todo += [op.detail for op in instance.calls() if instance.activity.is_active_call(op)]
        kept = list(dict.fromkeys(ty for i in seen for ty in i.reverse.kept_types()))
        for i in seen:
            i.reverse.name_state(kept)
        return kept

    def text(self) -> str:
        """Return the text of all functions that were asked for."""
        from .differentiate.recursion_forward import UnitForward, emit_primal_unit

        parts: list[str] = []
        done = 0
        while done < len(self.requests):  # printing a unit asks for those that it calls
            (instance, variant), name = list(self.requests.items())[done]
            done += 1
            if variant == "":
                lines = emit_primal_unit(instance, name)
            elif variant == "jvp":
                instance.make_ready()
                lines = UnitForward(instance).emit_unit(name)
            elif variant == "forward":
                lines = instance.reverse.emit_forward(name)
            else:
                lines = instance.reverse.emit_reverse(name)
            if "njit" not in self._namespace:
                self._namespace["njit"] = unit_njit
            parts.append("\n".join(['@njit(error_model="numpy")', *lines]) + "\n\n\n")
        return "".join(parts)


def unlike_result(instance: Instance) -> object:
    """Return the type of a result in a tuple that the array of float64 for the results would change; None if none."""
    if instance.unit.count is None:
        return None
    statements = list(ir.walk(instance.function.body))
    merged: dict[Var, list] = {}
    for s in statements:
        if isinstance(s, ir.If):
            merged.update((p.target, [p.then, p.orelse]) for p in s.phis)
        elif isinstance(s, ir.LOOPS):
            merged.update((v, [c.init, c.yielded]) for c in s.carried for v in (c.param, c.result))
    writes = [s for s in statements if isinstance(s, ir.Op) and s.fn == "setitem"]
    todo = [s.args[2] for s in writes if s.args[0] is instance.params[-1]]
    seen: set[int] = set()
    while todo:
        x = todo.pop()
        if id(x) in seen or x is ir.UNDEFINED:
            continue
        seen.add(id(x))
        if x in merged:
            todo += merged[x]
        elif type_of(x) != types.float64:
            return type_of(x)
    return None


def _is_felt(op: ir.Op) -> bool:
    """Whether an operation of a unit is felt outside, apart from writes into its parameters."""
    if op.fn == "call":
        return op.detail.has_effect and not op.detail.writes
    return op.fn == "raise" or op.fn is print or (not is_known(op) and has_effect(op))


def lower_unit(unit: Unit, given: tuple, scope: Scope, units: Units) -> Function:
    """Lower the body of a unit, with parameters of the given types."""
    if any(isinstance(ty, types.List) or not is_modelled(ty) for ty in given):
        held = next((describe(ty)[0] for ty in given if not is_modelled(ty)), "a list")
        what = f"{held} as an argument of the recursive function {unit.name}"
        raise UnsupportedError(at(f"{what} is not supported: pass an array", *unit.place))
    low = Lowering(scope.namer, units)
    low.plainly = unit.plainly
    params = [Var(scope.namer.fresh(hint), ty) for hint, ty in zip(unit.hints, given, strict=True)]
    try:
        env = {name: low.thawed(x) for name, x in unit.environment(params).items()}
        held = held_by_dicts(low.frame.env)
        result = low.inline(unit.function, env)
        changed = next((x for name, x in held.items() if low.frame.env[name] is not x), None)
        if changed is not None:
            kind = "a dict" if isinstance(changed.cls.cls, type) else f"an instance of {changed.cls.cls.name}"
            what = f"changing {kind} that is an argument of the recursive function {unit.name}"
            raise UnsupportedError(at(f"{what} is not supported: return the new value", *unit.place))
    except Unreachable:
        result = Const(0.0)
    if unit.count is not None and result != Const(0.0):
        result = write_results(low, unit, params[-1], result)
    if isinstance(result, TupleOf) or not isinstance(result, Var | Const):
        what = f"a tuple as the result of recursion ({unit.name}) is not supported"
        raise UnsupportedError(at(f"{what}: {_PASS_ALONG}", *unit.place))
    function = Function(unit.name, params, [(p, k, ()) for k, p in enumerate(params)], low.block, result)
    function.place = unit.place
    find_messages(function)
    ir.prune(function, has_effect)
    return function


def write_results(low: Lowering, unit: Unit, results: Var, found: object) -> Const:
    """Write the tuple that a unit returns into the array that the caller has made for it."""
    items = found.items if isinstance(found, TupleOf) else ()
    if len(items) != unit.count or not all(isinstance(x, Var | Const) for x in items):
        what = f"a recursive function ({unit.name}) whose results are not always {unit.count} numbers"
        raise UnsupportedError(at(f"{what} is not supported: {_PASS_ALONG}", *unit.place))
    for k, x in enumerate(items):
        low.block.statements.append(ir.Op(None, "setitem", (results, Const(k), x), {}, None, unit.place))
    return Const(None)
