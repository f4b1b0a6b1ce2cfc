"""From a function and argument types to derivative code: the whole way in one place.

source -> lower -> infer -> normalise -> activity -> forward | reverse -> text -> function
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from numba import types

from ..errors import DualadError, UnsupportedError, at
from . import ir, passes
from .analysis.activity import Activity
from .analysis.aliases import Aliases
from .analysis.shapes import formulas
from .analysis.verify import verify
from .checks import (
    check_arrays,
    check_inputs,
    check_objects,
    check_real_results,
    check_scalar,
    check_threads,
)
from .differentiate.checkpoints import LimitedReverse
from .differentiate.coloured import ColouredText
from .differentiate.dependence import Dependence
from .differentiate.forward import Forward
from .differentiate.instrumented import Instrumented
from .differentiate.jacobian import JacobianText
from .differentiate.loop_states import has_tape
from .differentiate.nested_checkpoints import LeveledReverse
from .differentiate.packed import Packed, may_be_packed
from .differentiate.packed_reverse import NotPackableError, PackedReverse
from .differentiate.plan import Plan
from .differentiate.reverse import Reverse
from .differentiate.rows import NotRepeatableError, half
from .differentiate.rows import rows as repeated
from .differentiate.taylor import Taylor
from .ir.effects import has_effect, written_by
from .ir.infer import define
from .ir.kinds import is_array, is_float, type_of
from .ir.printer import Emitter, Scope, leaf_text
from .ir.tidy import tidy
from .lowering.chunks import Chunked
from .lowering.entries import Contracted, Entry, JacobianOf, Lifted, Plain, ResultsOf, TangentOf, Whole, WithAux, flat
from .lowering.lower import lower
from .lowering.nested_primitives import BUILDER, Derived, Outcome, generate
from .lowering.recursion import Units
from .lowering.source import star_of
from .lowering.values import Axes, ReverseMode
from .runtime import progress
from .runtime.index_sets import DensePattern
from .runtime.numba_bridge import as_writable, derivative_in, inner_njit
from .specialisation import Instances

_serial = itertools.count(1)


PATTERNS = ("jacobian_pattern", "hessian_pattern")
"""What finds out which inputs the elements of a result depend on, and which pairs of them."""

WHOLE = ("jacfwd", "jacrev", "jacobian", "hessian", "hvp", "vmap")
"""What is made of the function, its gradients and tangents, with the user's structure around them."""

HALVES = ("vjp_forward", "vjp_reverse")
"""The two functions that a pullback is cut into; see `differentiate.rows.half`."""

_JACOBIANS = ("jacfwd", "jacrev", "jacobian")

OF_ARGUMENTS = ("grad", "value_and_grad", *_JACOBIANS, "hessian")
"""The derivatives by arguments as they are passed, of which a starred parameter takes any number."""

_MOST_RETYPED = 16
"""How many carried values of a function may turn out to have other types than they have before their loops."""

PACKS = 16
"""Tangents side by side in forward mode: two registers of AVX-512. The Jacobian of GradBench's ht by 28 parameters took
28 times the function one direction at a time, 6.4 times with 8 side by side, 4.3 with 16."""


@dataclass(frozen=True)
class Derivative:
    """What to build.

    Attributes
    ----------
    function : callable or Entry
        The user's function, or what a build can start from instead.
    kind : str
        "primal", "grad", "value_and_grad", "vjp", "jvp" or "taylor", or, for a function of the user's, one of `WHOLE`
        or `PATTERNS`, or "coloured"; for an entry, a Jacobian of one result by one parameter.
    argnums : tuple of int
        Positions of the parameters to differentiate; of the arguments, for a function of the user's and a kind in
        `OF_ARGUMENTS`.
    single : bool
        Whether one derivative is returned as it is rather than as a tuple of one.
    has_aux : bool
        Whether the function returns (value, auxiliary output).
    how : Axes, ReverseMode or int, optional
        Of kind "vmap", how it goes through a batch; of kind "taylor", the order of the series; of reverse mode, how
        much memory there is, and whether it is of an analytic function.
    lenient : tuple of int
        Positions in `argnums` that may be integers; the derivative by them is 0.
    directions : int
        How many tangents forward mode takes at a time.
    tangents_only : bool
        Whether nobody looks at the result of forward mode but its tangents (it is returned all the same).
    packs : int
        Take that many directions at a time in forward mode, in packs, if the function can be done so.
    forms : tuple of (int, Form)
        What the tuples are to the user that some parameters of a function of his have for arguments.
    """

    function: object
    kind: str
    argnums: tuple[int, ...]
    single: bool = False
    has_aux: bool = False
    how: Axes | ReverseMode | int | None = None
    lenient: tuple[int, ...] = ()
    directions: int = 1
    tangents_only: bool = False
    packs: int = 0
    forms: tuple = ()

    @property
    def options(self) -> tuple:
        return self.argnums, self.single, self.has_aux, self.how

    @property
    def holomorphic(self) -> bool:
        return isinstance(self.how, ReverseMode) and self.how.holomorphic

    @property
    def memory(self) -> int | None:
        return self.how.memory if isinstance(self.how, ReverseMode) else None

    @property
    def entry(self) -> Entry:
        if isinstance(self.function, Entry):
            return self.function
        whole = self.kind in WHOLE or any(self.is_starred(k) for k in self.argnums)
        if whole:
            return Whole(self.function, self.kind, *self.options, self.forms)
        stops = self.has_aux and self.kind in ("jvp", "vjp", *HALVES)
        return WithAux(self.function, self.forms) if stops else Plain(self.function, self.forms)

    def is_starred(self, argnum: int) -> bool:
        """Whether an argument of a gradient or a Jacobian is one of those that a starred parameter takes."""
        star = star_of(self.function) if self.kind in OF_ARGUMENTS else None
        return star is not None and argnum >= star


@dataclass(frozen=True)
class Built:
    """Generated source, the function it defines, the type of its result, the number of tangents or their packs."""

    name: str
    text: str
    function: object
    result_type: object = None
    directions: int = 1
    packs: SimpleNamespace | None = None
    form: tuple | None = None
    """What the tuples of the result (with `has_aux`, of its auxiliary part) are to the user; see `ir.Function`."""
    has_values: bool = False
    """Whether eigenvalues or singular values carry derivatives."""


def build(what: Derivative, argument_types: tuple) -> Built:
    """Generate derivative code for arguments of the given Numba types (those of the entry's parameters)."""
    return learning(lambda learnt: build_sharing(what, argument_types, learnt), what.entry.place)


def learning(make: Callable, place: tuple) -> object:
    """Return what `make` returns, given the types of carried values that turned out to be others than it took."""
    learnt: dict[tuple, object] = {}
    while True:
        try:
            return make(learnt)
        except ir.Retyped as other:
            if len(learnt) == _MOST_RETYPED or other.key in learnt:
                message = f"a variable whose type a choice depends on ({other.key[0]}) changes its type in a loop"
                remedy = "give it a value of the type that it gets, before the loop"
                raise UnsupportedError(at(f"{message}, which is not supported: {remedy}", *place)) from None
            learnt[other.key] = other.found


def build_sharing(what: Derivative, argument_types: tuple, learnt: dict) -> Built:
    """Generate derivative code with calls of what is long and called often, or, if that fails, without."""
    units = Units(learnt=learnt)
    try:
        return build_with(units, what, argument_types)
    except DualadError:
        if not units.shared:
            raise
    return build_with(Units(sharing=False, learnt=learnt), what, argument_types)


def build_with(units: Units, what: Derivative, argument_types: tuple) -> Built:
    """Generate derivative code, with the functions that are called rather than inlined in `units`."""
    entry, kind = what.entry, what.kind
    argument_types = tuple(map(as_writable, argument_types))  # what is written into is copied
    if isinstance(entry, Whole):
        kind = "primal"
    elif kind == "coloured":
        return build_coloured(what, argument_types)
    elif kind in _JACOBIANS:
        return build_jacobian(what, argument_types)
    elif kind == "primal" and isinstance(entry, JacobianOf):  # one that is not differentiated itself
        what = Derivative(entry.entry, entry.kind, entry.wrt, how=entry.how, packs=PACKS)
        return build_jacobian(what, argument_types)
    scope, instances, function, inputs = lowered(units, what, kind, argument_types)
    base = entry.identifier
    name = instances.function_name(base if isinstance(entry, Whole) else f"{base}_{kind}")
    if kind == "primal":
        printer = Emitter(scope)
        emit_primal(printer, function, name, entry)
    else:
        check_objects(function, what)
        check_inputs(function, [k for k in what.argnums if k not in what.lenient])
        if kind in ("grad", "value_and_grad", "hessian_pattern"):
            check_scalar(function, what)
        if kind == "jacobian_pattern":
            check_arrays(function.name, function.place, type_of(function.result))
        activity = Activity(function, inputs)
        if kind in HALVES:
            if instances.table:
                raise NotRepeatableError
            printer = Reverse(function, scope, activity)
            is_forward = kind == "vjp_forward"
            printer.lines, printer.places = half(printer, name, what.argnums, what.has_aux, is_forward)
        elif kind == "taylor":
            printer = Taylor(function, scope, activity, what.how)
            printer.emit(name, list(what.argnums))
        elif kind == "jvp":
            if what.packs and may_be_packed(function, activity):
                printer = Packed(function, scope, activity, what.packs, what.tangents_only)
            else:
                printer = Forward(function, scope, activity, what.directions, what.tangents_only)
            printer.emit(name, list(what.argnums))
        elif kind in PATTERNS:
            printer = pattern_printer(function, scope, activity, what, name)
        else:
            printer = reverse_printer(function, scope, activity, what)
            printer.emit(name, list(what.argnums), kind, what.has_aux, what.single, what.lenient)
    before = instances.text()
    pure = frozenset(name for name, x in scope.namespace.items() if isinstance(x, Chunked))
    lines, places = tidy(printer.lines, printer.places, pure)
    text, places = before + "\n".join(lines) + "\n", [entry.place] * before.count("\n") + places
    made = define(name, text, scope.namespace, f"<dualad: {name} {next(_serial)}>", places)
    directions, packs = getattr(printer, "directions", 1), getattr(printer, "packs", None)
    form = None if kind in PATTERNS else function.form
    has_values = getattr(printer, "values_active", False)
    return Built(name, text, made, type_of(function.result), directions, packs, form, has_values)


def reverse_printer(function: ir.Function, scope: Scope, activity: Activity, what: Derivative) -> Reverse:
    """Return what prints reverse mode, within the memory that there is."""
    if what.memory is None:
        return Reverse(function, scope, activity)
    if what.how.levels > 1:
        return LeveledReverse(function, scope, activity, what.memory, what.how.levels)
    return LimitedReverse(function, scope, activity, what.memory)


def loops_with_tapes(what: Derivative, argument_types: tuple) -> list[tuple]:
    """Return the user's places of the outermost loops that store something for the reverse sweep."""
    argument_types = tuple(map(as_writable, argument_types))
    _, _, function, inputs = lowered(Units(sharing=False), what, "vjp", argument_types)
    plan = Plan(function, Activity(function, inputs))
    return [s.place for s in function.body if isinstance(s, ir.LOOPS) and has_tape(s, plan)]


@dataclass(frozen=True)
class Explained:
    """A derivative that counts and times itself, and what is known of the user's lines without running it.

    Attributes
    ----------
    text : Instrumented
    notes : dict
        Of each place "active" and "computed again", where they hold.
    define : callable
        Takes the suites whose statements are timed; returns the function, with four more parameters.
    plain : callable
        The function without them.
    has_threads : bool
        Whether the function runs loops on several threads, which the one that counts does not.
    """

    text: Instrumented
    notes: dict[tuple, list[str]]
    define: Callable
    plain: Callable
    has_threads: bool


def instrumented(what: Derivative, argument_types: tuple) -> Explained:
    """Generate a derivative in reverse mode that counts and times what it does.

    Its loops over `prange` are ordinary ones, so that their lines can be told apart.
    """
    argument_types = tuple(map(as_writable, argument_types))
    units = Units(sharing=False)
    whole = printed_in_reverse(units, what, argument_types)
    has_threads = bool(units.for_threads)
    lines = whole
    if has_threads:
        lines = printed_in_reverse(Units(sharing=False, on_one_thread=True), what, argument_types)
    text = Instrumented(lines.lines, lines.places, lines.scope.namer.fresh)
    return Explained(
        text, lines.notes, lambda timed: lines.define(text.text(timed)), whole.define(whole.lines), has_threads
    )


@dataclass(frozen=True)
class Printed:
    """A derivative in reverse mode as text, with the places of its lines, and what is known of the user's lines."""

    name: str
    before: str
    lines: list[str]
    places: list[tuple]
    scope: Scope
    notes: dict[tuple, list[str]]
    place: tuple

    def define(self, lines: list[str]) -> object:
        """Return the function of the text, or of what was made of it."""
        whole = self.before + "\n".join(lines) + "\n"
        places = [self.place] * whole.count("\n")
        return define(self.name, whole, self.scope.namespace, f"<dualad: {self.name} {next(_serial)}>", places)


def printed_in_reverse(units: Units, what: Derivative, argument_types: tuple) -> Printed:
    """Print a derivative in reverse mode."""
    scope, instances, function, inputs = lowered(units, what, what.kind, argument_types)
    name = instances.function_name(f"{what.entry.identifier}_{what.kind}")
    if what.kind == "value_and_grad":
        check_scalar(function, what)
    activity = Activity(function, inputs)
    printer = reverse_printer(function, scope, activity, what)
    printer.emit(name, list(what.argnums), what.kind, what.has_aux, False)
    before = instances.text()
    pure = frozenset(name for name, x in scope.namespace.items() if isinstance(x, Chunked))
    lines, places = tidy(printer.lines, printer.places, pure)
    notes: dict[tuple, list[str]] = {}
    for op in (s for s in ir.walk(function.body) if isinstance(s, ir.Op)):
        found = notes.setdefault(tuple(op.place), [])
        if activity.active(op.target) or any(activity.active(x) for x in written_by(op)):
            found.append("active")
        if id(op) in printer.plan.recomputed and printer.plan.is_work(op):
            found.append("computed again")
    return Printed(name, before, lines, places, scope, notes, what.entry.place)


def pattern_printer(function: ir.Function, scope: Scope, activity: Activity, what: Derivative, name: str) -> Emitter:
    """Print what finds a sparsity pattern, or says that it is dense."""
    names = scope.namer.snapshot()
    try:
        printer = Dependence(function, scope, activity, what.kind == "hessian_pattern")
        printer.emit(name, list(what.argnums))
    except DensePattern as error:
        scope.namer.restore(names)
        scope.reserve_bound()
        printer = Emitter(scope)
        params = [*(p.name for p in function.params), scope.namer.fresh("sets")]
        with printer.indented(f"def {name}({', '.join(params)}):"):
            printer.line(f"raise {scope.bind(DensePattern, 'DensePattern')}({str(error)!r})")
    return printer


def lowered(units: Units, what: Derivative, kind: str, argument_types: tuple) -> tuple:
    """Return what derivatives of a kind are printed from: scope, units, the function, what it is differentiated by."""
    entry = what.entry
    progress.stage("reading, and the types in it")
    scope = Scope()
    functions = {}
    for k, ty in enumerate(argument_types):
        if isinstance(ty, types.Dispatcher):
            functions[k] = derivative_in(getattr(ty.dispatcher, "fixed", ty.dispatcher))
    instances = Instances(units, scope)
    has_aux = what.has_aux and not isinstance(entry, Whole | WithAux)
    function = instances.infer(lambda: lower(entry, argument_types, scope.namer, functions, units, has_aux), scope)
    if kind in ("jvp", "vjp", "taylor", *HALVES, *PATTERNS):
        function.star = None  # tangents and cotangents come behind it: the caller packs a tuple
    check_threads(function, units.for_threads)
    progress.stage("the derivative")
    passes.run((passes.WRITE_OUT, passes.NORMALISE), function, passes.Context(scope))
    instances.resolve(function)
    ir.prune(function, has_effect)
    verify(function, "resolve")
    if kind != "primal":
        context = passes.Context(scope, lambda: Activity(function, function.inputs(what.argnums), check=False))
        passes.run((*passes.ARRAYS, *passes.OPTIMISE), function, context)
    return scope, instances, function, function.inputs(what.argnums)


def build_derived(
    entry: Entry, kind: str, wrt: tuple[int, ...], given: tuple, lenient: tuple[int, ...] = (), how: object = None
) -> Built:
    """Generate the derivative of an entry whose parameters are numbers and arrays, as `derived` asks for it.

    Kind "tangent" is "jvp" for those who look at the tangent alone.
    """
    only = kind == "tangent"
    kind = "jvp" if only else kind
    what = Derivative(entry, kind, wrt, single=len(wrt) == 1, how=how, lenient=lenient, tangents_only=only)
    return build(what, given)


BUILDER.build = build_derived
BUILDER.outcome = lambda entry, given: learning(lambda learnt: find_outcome(entry, given, learnt), entry.place)


def find_outcome(entry: Entry, given: tuple, learnt: dict) -> Outcome:
    """Return what is known of the results of an entry without running it."""
    scope = Scope()
    instances = Instances(Units(sharing=False, learnt=learnt), scope)
    function = instances.infer(lambda: lower(entry, given, scope.namer, {}, instances.units), scope)
    passes.run((passes.WRITE_OUT, passes.NORMALISE), function, passes.Context(scope))
    instances.resolve(function)
    ir.prune(function, has_effect)
    aliases = Aliases(function)
    written = [k for leaf, k, _ in function.leaves if is_array(leaf) and aliases.is_written(leaf)]
    found = flat(function.result)
    kinds = [type_of(x) for x in found]
    check_real_results(entry, kinds)
    if not any(isinstance(x, ir.Var) and is_array(x) for x in found):
        return Outcome(kinds, formulas(function, found), written)
    floats = [leaf for leaf, _, _ in function.leaves if is_float(leaf)]
    context = passes.Context(scope, lambda: Activity(function, floats, check=False))
    passes.run(passes.ARRAYS, function, context)
    return Outcome(kinds, formulas(function, flat(function.result)), written)


def build_jacobian(what: Derivative, given: tuple) -> Built:
    """Generate the Jacobians of the results of an entry by some of its parameters."""
    entry, wrt = what.entry, what.argnums
    scope = Scope()
    value = Derived(entry, "value", count=1)
    found = value.result_type(given)
    outs = list(found) if isinstance(found, types.BaseTuple) else [found]
    check_real_results(entry, outs)
    value.count = len(outs)
    printer = JacobianText(scope, [scope.namer.fresh(n) for n in entry.names()], wrt, [given[k] for k in wrt], outs)
    name = scope.namer.fresh(f"{entry.identifier}_{what.kind}")
    if what.kind == "jacfwd":
        packs = what.packs
        while packs >= 2 * printer.most_directions():
            packs //= 2  # LLVM's arrays of vectors have no gaps if the width is a power of two
        several = Derivative(
            entry, "jvp", wrt, directions=printer.directions(), tangents_only=True, packs=packs if packs > 1 else 0
        )
        tangent = gradients_side_by_side(entry, wrt, given, packs) if packs > 1 else None
        gives_value = tangent is None
        tangent = tangent or build(several, given)
        if tangent.packs is None:
            printer.forward(name, tangent.function, tangent.directions)
        else:
            printer.forward_side_by_side(name, tangent.function, tangent.packs, gives_value)
    elif what.kind == "jacrev":
        parts = [entry if len(outs) == 1 else ResultsOf(entry, (j,)) for j in range(len(outs))]
        pullbacks = [Derived(Contracted(part, (0,)), "grad", wrt, how=what.how) for part in parts]
        is_alone = what.packs > 0 and what.how is None  # else it is read again, to be differentiated, or does not fit
        several = [is_alone and isinstance(out, types.Array) for out in outs]
        rows = [build_rows(part, wrt, given) if many else None for part, many in zip(parts, several, strict=True)]
        printer.reverse(name, value, pullbacks, rows)
    else:
        count = len(outs) * len(wrt)
        modes = [Derived(JacobianOf(entry, wrt, generate, k), "value", count=count) for k in ("jacfwd", "jacrev")]
        printer.either(name, value, *modes)
    places = [entry.place] * len(printer.lines)
    made = define(name, printer.text(), scope.namespace, f"<dualad: {name} {next(_serial)}>", places)
    return Built(name, printer.text(), made, printer.result_type())


def gradients_side_by_side(entry: Entry, wrt: tuple[int, ...], given: tuple, packs: int) -> Built | None:
    """Generate the tangents of a function that is a gradient, along packs of directions; None where that cannot be.

    The function takes the parameters of the entry, then the directions, and returns the tangents of the gradients.
    """
    gradient = gradient_in(entry, wrt, given)
    if gradient is None or any(getattr(ty, "dtype", ty) != types.float64 for ty in (given[k] for k in wrt)):
        return None
    tangent = TangentOf(gradient.entry, wrt, generate)
    what = Derivative(tangent, "grad", gradient.wrt, single=gradient.count == 1)
    try:
        all_types = (*map(as_writable, given), *(given[k] for k in wrt))
        scope, instances, function, inputs = lowered(Units(sharing=False), what, "grad", all_types)
        if instances.table:
            return None
        dots = [leaf for leaf, position, _ in function.leaves if position >= len(given)]
        printer = PackedReverse(function, scope, Activity(function, inputs), packs, dots)
        name = instances.function_name(f"{gradient.entry.identifier}_columns")
        printer.emit(name, list(gradient.wrt), "grad", False, what.single)
    except (NotPackableError, DualadError, ir.Retyped):  # an error is raised again where columns go one by one
        return None
    lines, places = tidy(printer.lines, printer.places)
    text = "\n".join(lines) + "\n"
    made = define(name, text, scope.namespace, f"<dualad: {name} {next(_serial)}>", places)
    return Built(name, text, made, packs=printer.packs)


def gradient_in(entry: Entry, wrt: tuple[int, ...], given: tuple) -> Derived | None:
    """Return the gradient that a function with numbers and arrays as parameters is, and nothing else."""
    inner = entry.entry if isinstance(entry, ResultsOf) else entry
    if not isinstance(inner, Lifted) or getattr(inner.function, "kind", "") != "grad":
        return None
    _, _, function, _ = lowered(Units(sharing=False), Derivative(entry, "jvp", wrt), "jvp", given)
    ops = list(ir.walk(function.body))
    gradients = [s for s in ops if isinstance(s, ir.Op) and isinstance(s.fn, Derived) and s.fn.kind == "grad"]
    if len(gradients) != 1 or gradients[0].args != tuple(leaf for leaf, _, _ in function.leaves):
        return None
    (op,) = gradients
    if op.fn.how is not None or op.fn.lenient or op.args != tuple(function.params):
        return None
    if op.fn.count == 1:
        return op.fn if len(ops) == 1 and function.result is op.target else None
    items = {s.args[1].value: s.target for s in ops if isinstance(s, ir.Op) and s.fn == "item"}
    results = flat(function.result)
    is_whole = len(ops) == 1 + len(items) and results == [items.get(k) for k in range(op.fn.count)]
    return op.fn if is_whole else None


def build_coloured(what: Derivative, given: tuple) -> Built:
    """Generate the products of the Jacobian of a function with vectors that colours tell."""
    entry, (x,) = what.entry, what.argnums
    scope = Scope()
    params = [scope.namer.fresh(n) for n in entry.names()]
    tangent = build(Derivative(what.function, "jvp", (x,), tangents_only=True, packs=PACKS, forms=what.forms), given)
    check_arrays(entry.name, entry.place, tangent.result_type)
    printer = ColouredText(scope, params, x, given[x], tangent.result_type)
    name = scope.namer.fresh(f"{entry.identifier}_coloured")
    printer.emit(name, tangent.function, tangent.packs)
    places = [entry.place] * len(printer.lines)
    made = define(name, printer.text(), scope.namespace, f"<dualad: {name} {next(_serial)}>", places)
    return Built(name, printer.text(), made)


def build_rows(entry: Entry, wrt: tuple[int, ...], given: tuple) -> object | None:
    """Generate the Jacobians of an entry's one array with a single forward sweep; None where that cannot be."""
    units = Units(sharing=False)
    try:
        scope, instances, function, inputs = lowered(units, Derivative(entry, "vjp", wrt), "vjp", given)
    except ir.Retyped:
        return None
    if instances.table:
        return None
    name = scope.namer.fresh(f"{entry.identifier}_rows")
    found = repeated(Reverse(function, scope, Activity(function, inputs)), name, wrt)
    if found is None:
        return None
    lines, places = tidy(*found)
    text = "\n".join(lines) + "\n"
    return inner_njit(define(name, text, scope.namespace, f"<dualad: {name} {next(_serial)}>", places))


def emit_primal(printer: Emitter, function: ir.Function, name: str, entry: Entry) -> None:
    """Print the user's function itself, with its calls inlined and its arguments left alone."""
    from .differentiate.derivative_text import DerivativeEmitter

    plain = DerivativeEmitter(function, printer.scope, Activity(function, []))
    entry.refuse_writes([leaf.name for leaf, _, _ in function.leaves if plain.is_written_leaf(leaf)])
    with plain.indented(f"def {name}({', '.join(plain.parameters())}):"):
        for leaf, position, path in function.leaves:
            if path:
                plain.line(f"{leaf.name} = {leaf_text(function.params[position].name, path, leaf)}")
        plain.guard_parameters([(leaf, leaf.name) for leaf, _, _ in function.leaves])
        plain.block(function.body)
        plain.line(f"return {plain.result_text(function.result, plain.primal_result)}")
    printer.lines, printer.places = plain.lines, plain.places
