"""From a function and argument types to derivative code: the whole way in one place.

source -> lower -> infer -> normalise -> activity -> forward | reverse -> text -> function
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from numba import types

from ..errors import NotDifferentiableError, at
from . import ir
from .activity import Activity, has_effect
from .arrays import reduce_arrays
from .emit import Emitter, Scope
from .forward import Forward
from .improve import improve
from .infer import define, is_float
from .instances import Instances
from .lower import lower
from .normalise import normalise
from .reverse import Reverse
from .source import read
from .units import Units

_serial = itertools.count(1)


@dataclass(frozen=True)
class Derivative:
    """What to build.

    Attributes
    ----------
    function : callable
        The user's function.
    kind : str
        "primal", "grad", "value_and_grad", "vjp" or "jvp".
    argnums : tuple of int
        Positions of the parameters to differentiate.
    single : bool
        Whether one derivative is returned as it is rather than as a tuple of one.
    has_aux : bool
        Whether the function returns (value, auxiliary output).
    """

    function: object
    kind: str
    argnums: tuple[int, ...]
    single: bool = False
    has_aux: bool = False


@dataclass(frozen=True)
class Built:
    """Generated source, and the function it defines."""

    name: str
    text: str
    function: object


def build(what: Derivative, argument_types: tuple) -> Built:
    """Generate derivative code for arguments of the given Numba types (those of the user's parameters)."""
    source = read(what.function)
    scope = Scope()
    functions = {}
    for k, ty in enumerate(argument_types):
        if isinstance(ty, types.Dispatcher):
            functions[k] = ty.dispatcher
    units = Units()
    instances = Instances(units, scope)
    function = instances.infer(lambda: lower(source, argument_types, scope.namer, functions, units), scope)
    if what.kind in ("jvp", "vjp"):
        function.star = None  # tangents and cotangents come behind it: the caller packs a tuple
    normalise(function, scope.namer)
    instances.resolve(function)
    ir.prune(function, has_effect)
    inputs = [leaf for leaf, position, _ in function.leaves if position in what.argnums]
    if what.kind != "primal":
        reduce_arrays(function, lambda: Activity(function, inputs, check=False), scope)
        improve(function, scope.namer)
    base = function.name if function.name.isidentifier() else "function"
    name = instances.function_name(f"{base}_{what.kind}")
    if what.kind == "primal":
        printer = Emitter(scope)
        emit_primal(printer, function, name)
    else:
        check_inputs(function, what.argnums)
        if what.kind in ("grad", "value_and_grad"):
            check_scalar(function, what)
        emitter = (Forward if what.kind == "jvp" else Reverse)(function, scope, Activity(function, inputs))
        if isinstance(emitter, Forward):
            emitter.emit(name, list(what.argnums))
        else:
            emitter.emit(name, list(what.argnums), what.kind, what.has_aux, what.single)
        printer = emitter
    text = instances.text() + printer.text()
    filename = f"<dualad: {name} {next(_serial)}>"
    return Built(name, text, define(name, text, scope.namespace, filename))


def emit_primal(printer: Emitter, function: ir.Function, name: str) -> None:
    """Print the user's function itself, with its calls inlined and its arguments left alone."""
    from .derivative import DerivativeEmitter

    plain = DerivativeEmitter(function, printer.scope, Activity(function, []))
    with plain.indented(f"def {name}({', '.join(plain.parameters())}):"):
        for leaf, position, path in function.leaves:
            if path:
                plain.line(f"{leaf.name} = {function.params[position].name}{''.join(f'[{k}]' for k in path)}")
        plain.guard_parameters([(leaf, leaf.name) for leaf, _, _ in function.leaves])
        plain.block(function.body)
        plain.line(f"return {plain.result_text(function.result, plain.primal_result)}")
    printer.lines, printer.places = plain.lines, plain.places


def check_type(ty: object, position: int, function: object) -> None:
    """Refuse to differentiate by an argument of a type that cannot hold real numbers."""
    if isinstance(ty, types.Omitted | types.BaseTuple | types.StarArgTuple):
        return
    scalar = ty.dtype if isinstance(ty, types.Array) else ty
    if not isinstance(scalar, types.Float) or scalar not in (types.float64, types.float32):
        source = read(function)
        names = [a.arg for a in source.node.args.args]
        name = names[position] if position < len(names) else str(position)
        what = f"argument {position} ({name}) of {source.function.__name__} has type {ty}"
        message = f"{what}, which has no derivative: pass floats (3.0, not 3), or leave it out of argnums"
        raise NotDifferentiableError(at(message, source.filename, source.node.lineno))


def check_inputs(function: ir.Function, argnums: tuple[int, ...]) -> None:
    """Refuse to differentiate by arguments that are no real numbers."""
    for k in argnums:
        param = function.params[k]
        leaves = [leaf for leaf, position, _ in function.leaves if position == k]
        if isinstance(param.type, types.Omitted):
            message = f"argument {k} ({param.name}) of {function.name} is left at its default: pass it to differentiate"
            raise NotDifferentiableError(message)
        if not any(is_float(leaf) for leaf in leaves):
            what = f"argument {k} ({param.name}) of {function.name} has type {param.type}"
            message = f"{what}, which has no derivative: pass floats (3.0, not 3), or leave it out of argnums"
            raise NotDifferentiableError(message)


def check_scalar(function: ir.Function, what: Derivative) -> None:
    """Refuse the gradient of something that is not one real number."""
    result = function.result
    if what.has_aux:
        if not isinstance(result, ir.TupleOf) or len(result.items) != 2:
            message = f"has_aux=True, but {function.name} does not return a pair (value, auxiliary output)"
            raise NotDifferentiableError(at(message, *function.place))
        result = result.items[0]
    if isinstance(result, ir.TupleOf):
        shape = f"a tuple of {len(result.items)}"
    elif isinstance(result, ir.Var | ir.Global) and isinstance(result_type(result), types.Array):
        ty = result_type(result)
        shape = f"an array of {ty.ndim} dimension{'s' if ty.ndim != 1 else ''} of {ty.dtype}"
    elif not is_float(result):
        shape = f"a value of type {result_type(result)}"
    else:
        return
    raise NotScalarError(function, shape)


class NotScalarError(NotDifferentiableError):
    """The result of a function given to `grad` is not one real number."""

    def __init__(self, function: ir.Function, shape: str):
        self.shape = shape
        self._parts = (function.name, function.place)
        super().__init__(self.message(shape))

    def message(self, shape: str) -> str:
        """Return the message for a shape that is known better by now."""
        name, place = self._parts
        what = f"grad needs a function with one real number as its result; {name} returns {shape}"
        return at(f"{what}: use vjp or jvp", *place)


def result_type(x: object) -> object:
    """Return the type of a result leaf."""
    from .infer import type_of

    return type_of(x)
