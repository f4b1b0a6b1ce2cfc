"""What cannot be differentiated, said before anything is printed: arguments, results, objects."""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ..errors import ArgumentError, NotDifferentiableError, UnsupportedError, at
from ..rules import registry
from . import ir
from .ir.boundary import refuse_result
from .ir.callees import PLAIN, library_name
from .ir.kinds import is_array, is_complex, is_float, is_object, is_whole, type_of
from .lowering.entries import Plain
from .lowering.parallel_arrays import PRANGE, REDUCTIONS
from .lowering.source import star_of
from .runtime.numba_bridge.kernels import Elementwise
from .runtime.numba_bridge.objects import describe, is_modelled


def check_types(what: object, argument_types: tuple) -> None:
    """Refuse to differentiate a function of the user's by arguments of types that cannot hold real numbers."""
    star = star_of(what.function)
    for k, form in what.forms:
        ty = argument_types[k]
        if k in what.argnums and not what.is_starred(k) and is_modelled(ty) and not holds_floats(ty):
            name, place = Plain(what.function).names()[k], Plain(what.function).place
            message = f"argument {k} ({name}) of {Plain(what.function).name} is a {form.cls.__name__} without floats"
            raise NotDifferentiableError(at(f"{message}: pass floats (3.0, not 3), or leave it out of argnums", *place))
    for k in what.argnums:
        if not what.is_starred(k):
            check_type(argument_types[k], k, what)
            continue
        given = argument_types[star]
        if k - star >= len(given):
            name = Plain(what.function).name
            raise ArgumentError(f"argnums has {k}, but {name} was called with {star + len(given)} arguments")
        check_type(given[k - star], k, what)


def holds_floats(ty: object) -> bool:
    """Whether there are floats, or arrays of floats, in a tuple."""
    if isinstance(ty, types.BaseTuple):
        return any(map(holds_floats, ty))
    return isinstance(ty.dtype if isinstance(ty, types.Array) else ty, types.Float | types.Complex)


OF_COMPLEX = ("grad", "value_and_grad", "jvp", "vjp", "vjp_forward", "vjp_reverse")
"""The derivatives by complex arguments."""


def check_type(ty: object, position: int, what: object) -> None:
    """Refuse to differentiate by an argument of a type that cannot hold real or complex numbers."""
    function, kind = what.function, what.kind
    if isinstance(ty, types.Omitted | types.BaseTuple | types.StarArgTuple):
        return
    scalar = ty.dtype if isinstance(ty, types.Array) else ty
    if isinstance(scalar, types.Complex) and kind in OF_COMPLEX:
        return
    if isinstance(scalar, types.Float) and what.holomorphic:
        name, place = Plain(function).name, Plain(function).place
        message = f"{kind} with holomorphic=True needs complex arguments; argument {position} of {name} is real"
        raise NotDifferentiableError(at(f"{message}: pass complex numbers, or leave holomorphic out", *place))
    if not isinstance(scalar, types.Float) or scalar not in (types.float64, types.float32):
        entry = Plain(function)
        names = entry.names()
        star = star_of(function)
        is_starred = star is not None and position >= star
        name = f"{names[star]}[{position - star}]" if is_starred else names[position]
        what = f"argument {position} ({name}) of {entry.name} has type {ty}"
        remedy = _to_pass(ty)
        if isinstance(scalar, types.Complex):
            message = f"{kind} by a complex argument ({name} of {entry.name}) is not supported"
            remedy = "use grad, jvp or vjp, or take real and imaginary parts as arguments"
            raise UnsupportedError(at(f"{message}: {remedy}", *entry.place))
        if not is_modelled(ty):
            held, remedy = describe(ty)
            what = f"argument {position} ({name}) of {entry.name} is {held}"
            remedy += ", or leave it out of argnums"
        raise NotDifferentiableError(at(f"{what}, which has no derivative: {remedy}", *entry.place))


def _to_pass(ty: object) -> str:
    """Return what to do about an argument of a type that has no derivative."""
    scalar = ty.dtype if isinstance(ty, types.Array) else ty
    if isinstance(scalar, types.Integer | types.Boolean | types.BaseTuple):
        return "pass floats (3.0, not 3), or leave it out of argnums"
    return "pass a float, an array of floats or a tuple of such, or leave it out of argnums"


def check_inputs(function: ir.Function, argnums: tuple[int, ...]) -> None:
    """Refuse to differentiate by arguments that are no real numbers."""
    for k in argnums:
        param = function.params[k]
        leaves = [leaf for leaf, position, _ in function.leaves if position == k]
        if isinstance(param.type, types.Omitted):
            message = f"argument {k} ({param.name}) of {function.name} is left at its default: pass it to differentiate"
            raise NotDifferentiableError(message)
        if not any(is_float(leaf) or is_complex(leaf) for leaf in leaves):
            what = f"argument {k} ({param.name}) of {function.name} has type {param.type}"
            message = f"{what}, which has no derivative: {_to_pass(param.type)}"
            raise NotDifferentiableError(at(message, *function.place))


def check_objects(function: ir.Function, what: object) -> None:
    """Refuse to differentiate by objects, or to return them but as auxiliary output."""
    for leaf, position, _ in function.leaves:
        if position in what.argnums and is_object(leaf):
            held, remedy = describe(leaf.type)
            message = f"argument {position} ({function.params[position].name}) of {function.name} is or holds {held}"
            message += f", which has no derivative: {remedy}, or leave it out of argnums"
            raise NotDifferentiableError(at(message, *function.place))
    results = function.result
    if what.has_aux and isinstance(results, ir.TupleOf):
        results = results.items[0]
    for x in ir.vars_in(results):
        if is_object(x):
            raise refuse_result(function, x)


def check_scalar(function: ir.Function, what: object) -> None:
    """Refuse the gradient of something that is not one real number."""
    result = function.result
    if what.has_aux:
        if not isinstance(result, ir.TupleOf) or len(result.items) != 2 or is_whole(result):
            message = f"has_aux=True, but {function.name} does not return a pair (value, auxiliary output)"
            raise NotDifferentiableError(at(message, *function.place))
        result = result.items[0]
    if is_whole(result) and not isinstance(type_of(result), types.Array):
        if what.holomorphic:
            return
        raise NotScalarError(function, "a complex number", "use holomorphic=True if it is analytic, vjp or jvp if not")
    if isinstance(result, ir.TupleOf) and not is_whole(result):
        form = None if what.has_aux else function.form
        shape = f"a {'tuple' if form is None else form.cls.__name__} of {len(result.items)}"
    elif isinstance(type_of(result), types.Array):
        ty = type_of(result)
        shape = f"an array of {ty.ndim} dimension{'s' if ty.ndim != 1 else ''} of {ty.dtype}"
    elif what.holomorphic:
        message = f"grad with holomorphic=True needs a function with one complex number as its result; {function.name}"
        raise NotDifferentiableError(at(f"{message} returns {type_of(result)}: leave it out", *function.place))
    elif not is_float(result):
        shape = f"a value of type {type_of(result)}"
    else:
        return
    raise NotScalarError(function, shape)


def check_real_results(entry: object, kinds: list) -> None:
    """Refuse derivatives of complex results other than gradients, tangents and pullbacks."""
    if any(isinstance(getattr(ty, "dtype", ty), types.Complex) for ty in kinds):
        what = f"a derivative of {entry.name}, whose result is complex, other than grad, jvp and vjp"
        raise UnsupportedError(at(f"{what}, is not supported: return the real and imaginary parts", *entry.place))


def check_arrays(name: str, place: tuple, result: object) -> None:
    """Refuse the sparse Jacobian of numbers."""

    def has_array(ty: object) -> bool:
        return any(map(has_array, ty)) if isinstance(ty, types.BaseTuple) else isinstance(ty, types.Array | types.List)

    if not has_array(result):
        what = f"sparse_jacobian needs a function whose result is an array; {name} returns {result}"
        raise NotDifferentiableError(at(f"{what}: use grad or jacobian", *place))


def check_threads(function: ir.Function, regions: set[tuple]) -> None:
    """Refuse array code that Numba shares among the threads, and that the derivative would run on one.

    `regions` are the functions compiled for several threads: the file, the first line and the last.
    """
    for op in ir.walk(function.body) if regions else ():
        called = getattr(op.place, "call", "") if isinstance(op, ir.Op) else PRANGE
        if called and called.removeprefix("np.") not in REDUCTIONS:  # Numba calls other functions as they are
            continue
        file, line = op.place
        if line is not None and any(file == f and a <= line <= b for f, a, b in regions) and _is_shared_by_numba(op):
            name = called or (op.detail if op.fn == "method" else library_name(op.fn))
            what = f"{name} of whole arrays of this kind under parallel=True, which would run on one thread here,"
            remedy = "write it as a loop over prange, or call a function without parallel=True for it"
            raise UnsupportedError(at(f"{what} is not supported: {remedy}", file, line))


def _is_shared_by_numba(op: ir.Op) -> bool:
    """Whether Numba would run an operation on several threads."""
    arrays = [x for x in (*op.args, *op.kwargs.values()) if isinstance(x, ir.Var | ir.Global) and is_array(x)]
    if not arrays or op.fn == "setitem":  # copies and fills are for one thread
        return False
    if op.fn == "augitem":
        return any(isinstance(x, ir.Slice) or x in arrays for x in op.args[1:-1])
    if op.fn == "inplace" or op.fn in PLAIN or isinstance(op.fn, Elementwise):
        return True
    is_over_all = len(op.args) == 1 and not op.kwargs
    if op.fn == "method":
        return op.detail in REDUCTIONS and is_over_all
    if isinstance(op.fn, str):
        return False
    if op.fn in (np.dot, operator.matmul):
        return all(type_of(x).ndim == 1 for x in arrays)
    rule = registry.find(op.fn)
    is_elementwise = isinstance(op.fn, np.ufunc) or op.fn in PLAIN.values() or (rule is not None and rule.elementwise)
    return (op.fn in REDUCTIONS.values() and is_over_all) or (
        is_elementwise and op.target is not None and is_array(op.target)
    )


class NotScalarError(NotDifferentiableError):
    """The result of a function given to `grad` is not one real number."""

    def __init__(self, function: ir.Function, shape: str, remedy: str = "use vjp or jvp"):
        self.shape = shape
        self._parts, self._remedy = (function.name, function.place), remedy
        super().__init__(self.message(shape))

    def message(self, shape: str) -> str:
        """Return the message for a shape that is known better by now."""
        name, place = self._parts
        what = f"grad needs a function with one real number as its result; {name} returns {shape}"
        return at(f"{what}: {self._remedy}", *place)
