"""The public transformations, with JAX's names and conventions.

Each takes a function and returns one. What it returns is compiled for the argument types of the first call, can be
called from Python and from inside `@njit`, and never changes the caller's arrays.
"""

from __future__ import annotations

import contextlib
import functools
import types as pytypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import typeof, types

from .ahead import holds_floats, tangent_type, type_of
from .arguments import bound, has_reals, is_differentiable, like, snapshot, star_folded
from .calls import Pull, Pullback, Push, are_simple, as_given, dtypes_of, remember
from .compiler.build import Derivative, build
from .compiler.differentiate.rows import NotRepeatableError
from .compiler.lowering.dependencies import fixed
from .compiler.lowering.source import star_of
from .compiler.lowering.unchanged import made_of
from .compiler.lowering.values import ReverseMode
from .compiler.runtime.numba_bridge import result_type
from .compiler.runtime.numba_bridge.jitted import (
    let_jitted_code_call,
    let_jitted_code_expand,
    let_jitted_code_pull_back,
    let_jitted_code_push_forward,
)
from .compiler.runtime.schedules import bytes_in
from .derivative_function import DerivativeFunction, derivative_of
from .errors import ArgumentError, NotDifferentiableError
from .inputs import Parameter, native
from .signatures import jitted, name_of, parameters_of, positions

__all__ = [
    "derivative_source",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "taylor",
    "value_and_grad",
    "vjp",
]


def grad(
    f: Callable,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    memory: int | str | None = None,
) -> DerivativeFunction:
    """Return the gradient of a scalar function, by reverse mode.

    Parameters
    ----------
    f : callable
        A def, lambda, closure, `@njit` function, method, `functools.partial` or object that can be called; its result
        is one real number (with `has_aux`, a pair of it and anything).
    argnums : int or tuple of int
        Which arguments to differentiate by, by their positions in a call (each one that goes into ``*args`` has its
        own; a partial or a method has those that are left); each is a float, a float array, or a structure of such: a
        dict, list, tuple, dataclass or registered class (`register_structure`).
    has_aux : bool
        Whether `f` returns (value, auxiliary output).
    holomorphic : bool
        Whether `f` is an analytic function of complex arguments, with one complex number as its result: its gradient
        is the complex derivative. (That it is analytic is not checked.)
    memory : int or str, optional
        How many bytes the tape may take, as a number or as "200MB" or "1.5GiB". While the tape fits it is kept as a
        whole; a loop whose tape does not is reversed in chunks, whose trips are run again from states that were kept
        (binomial checkpointing: Griewank and Walther 2000). The results are the same; to the bit, but for loops
        that are vectorised when they are run as a whole. Default: no limit.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the gradient by one argument, in its shape, dtype and structure, or a
        tuple of gradients if `argnums` is a tuple. With `has_aux`: (gradient, auxiliary output). The gradient of a real
        result by a complex argument x + iy is df/dx - i df/dy, as in JAX: the conjugate points uphill.

    Raises
    ------
    ArgumentError
        If `argnums` is out of range, or `memory` is no size.
    NoSourceError
        If the source of `f` cannot be found.
    NotDifferentiableError
        When called: an argument is an integer or boolean, or the result is not one real number.
    UnsupportedError
        When called: `f` does something that dualad does not differentiate; the message says what and where. With
        `memory`, a loop that cannot be run again: one that prints, draws random numbers, or holds lists.
    MemoryError
        When called: `memory` does not hold one state and the tape of one trip of a loop.
    """
    return _of(f, "grad", argnums, has_aux, holomorphic, memory)


def value_and_grad(
    f: Callable,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    memory: int | str | None = None,
) -> DerivativeFunction:
    """Return a function that gives the value and the gradient of a scalar function, computed together.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic, memory
        As in `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns (value, gradient), and with `has_aux` ((value, auxiliary output), gradient).

    Raises
    ------
    ArgumentError, NoSourceError, NotDifferentiableError, UnsupportedError, MemoryError
        As `grad` does.
    """
    return _of(f, "value_and_grad", argnums, has_aux, holomorphic, memory)


def jacfwd(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> DerivativeFunction:
    """Return the Jacobian of a function, by forward mode.

    Its cost grows with the number of inputs: several directions are taken at a time, and the primal is computed once
    for all of them.

    Parameters
    ----------
    f : callable
        Its result is a real number, a float array, or a structure of such (with `has_aux`, a pair of it and anything).
    argnums : int or tuple of int
        Which arguments to differentiate by; each is a float, a float array, or a structure of such.
    has_aux : bool
        Whether `f` returns (value, auxiliary output).

    Returns
    -------
    callable
        Takes the arguments of `f`; returns, for each array of the result, an array of shape result.shape +
        argument.shape. If `argnums` is a tuple there is a tuple of them; if the result is a structure there is one for
        each of its items, and if the argument is one, in its structure. With `has_aux`: (Jacobian, auxiliary output).

    Raises
    ------
    ArgumentError, NoSourceError, NotDifferentiableError, UnsupportedError
        As `grad` does.
    """
    return _of(f, "jacfwd", argnums, has_aux)


def jacrev(
    f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, memory: int | str | None = None
) -> DerivativeFunction:
    """Return the Jacobian of a function, by reverse mode; its cost grows with the number of outputs.

    Parameters
    ----------
    f, argnums, has_aux
        As in `jacfwd`.
    memory : int or str, optional
        How many bytes the tape may take, as in `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns what `jacfwd` does.
    """
    return _of(f, "jacrev", argnums, has_aux, memory=memory)


def jacobian(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> DerivativeFunction:
    """Return the Jacobian of a function, by the mode that fits its shape.

    Forward mode is taken for an argument with at most twice as many elements as the result, reverse mode for others.

    Parameters
    ----------
    f, argnums, has_aux
        As in `jacfwd`.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns what `jacfwd` does.
    """
    return _of(f, "jacobian", argnums, has_aux)


def hessian(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> DerivativeFunction:
    """Return the Hessian of a scalar function: the Jacobian of its gradient.

    Each column is the gradient, by reverse mode, of a tangent, by forward mode. Where the function is made of float64
    numbers, elements and loops, several columns share one sweep.

    Parameters
    ----------
    f, argnums, has_aux
        As in `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of shape argument.shape + argument.shape, or, if `argnums` is a
        tuple, a tuple of tuples of the mixed second derivatives.
    """
    return _of(f, "hessian", argnums, has_aux)


def _of(
    f: Callable,
    kind: str,
    argnums: int | tuple[int, ...],
    has_aux: bool,
    holomorphic: bool = False,
    memory: int | str | None = None,
) -> DerivativeFunction:
    asked = kind, bool(has_aux), bool(holomorphic), memory, argnums
    made = made_of(f) if type(argnums) is int and memory is None else None
    if made is not None and asked in made:
        return made[asked].as_now()
    mode = ReverseMode(bytes_in(memory), bool(holomorphic))
    how = None if mode == ReverseMode() else mode
    found = derivative_of(f, kind, positions(f, argnums), isinstance(argnums, int | np.integer), has_aux, how)
    if type(argnums) is int and memory is None:
        remember(made_of(f), asked, found)
    return found


def jvp(
    f: Callable,
    primals: tuple,
    tangents: tuple,
    argnums: int | tuple[int, ...] | None = None,
    has_aux: bool = False,
) -> tuple:
    """Return `f(*primals)` and the Jacobian of `f` times the tangents, by forward mode.

    Parameters
    ----------
    f : callable
        Its result is a real number, a float array, or a structure of such.
    primals : tuple
        The arguments.
    tangents : tuple
        One for each argument, of its shape, dtype and structure; Python's numbers and integers of any dtype are
        converted. None is zero, and the only tangent, with zero itself, of what has no derivative (an integer, a
        string, a function).
    argnums : int or tuple of int, optional
        The arguments that the tangents belong to, one each; the others are held fixed. Default: all.
    has_aux : bool
        Whether `f` returns (value, auxiliary output); then there are three results: value, tangent, auxiliary output.

    Returns
    -------
    value : object
        `f(*primals)`.
    tangent : object
        The Jacobian times the tangents, of the shape and in the structure of `value`.

    Raises
    ------
    ArgumentError
        If a tangent has another shape or dtype than its primal; the message names the argument.

    Notes
    -----
    ``jvp.compile(f, *types)`` compiles what it needs ahead of the first call, for primals of some types and tangents of
    all of them, or of those in `argnums`; see `DerivativeFunction.compile`.
    """
    found = _push_forward(f, "jvp", primals, tangents, argnums, bool(has_aux))
    return (found[0][0], found[1][0], found[0][1]) if has_aux else found


def hvp(f: Callable, primals: tuple, tangents: tuple, argnums: int | tuple[int, ...] | None = None) -> Any:
    """Return the product of the Hessian of a scalar function with a vector, by reverse over forward mode.

    Parameters
    ----------
    f : callable
        Its result is one real number.
    primals : tuple
        The arguments.
    tangents : tuple
        The vector: one entry for each argument, as in `jvp`.
    argnums : int or tuple of int, optional
        The arguments that the Hessian is taken by, and that the tangents belong to, one each; the others are held
        fixed. Default: all.

    Returns
    -------
    object
        The derivative along the tangents of the gradient: for one argument (or an int as `argnums`) in the form of that
        argument, for several a tuple with one entry each (None where there is no derivative).

    Raises
    ------
    ArgumentError
        If a tangent has another shape or dtype than its primal; the message names the argument.

    Notes
    -----
    ``hvp.compile(f, *types)`` compiles what it needs ahead of the first call, as `jvp.compile` does.
    """
    return _push_forward(f, "hvp", primals, tangents, argnums)


def taylor(f: Callable, primals: tuple, directions: tuple, order: int) -> tuple[object, tuple]:
    """Return `f(*primals)` and the coefficients of the Taylor series of `f` along a line, by Taylor mode.

    With g(t) = f(x + t d), for the primals x and the directions d, coefficient k is the k-th derivative of g at 0, over
    k!. Each product costs k multiplications for coefficient k, so that all of them cost O(order**2) (nested `jvp`:
    2**order).

    Parameters
    ----------
    f : callable
        Its result is a real number, a float array, or a structure of such.
    primals : tuple
        The arguments.
    directions : tuple
        One for each argument, as the tangents of `jvp`; None for an argument that is held fixed.
    order : int
        How many coefficients; at least 1.

    Returns
    -------
    value : object
        `f(*primals)`.
    coefficients : tuple
        Coefficients 1 to `order`, each of the shape and in the structure of `value`.

    Raises
    ------
    ArgumentError
        If `order` is no positive integer, or a direction has another shape or dtype than its primal.
    UnsupportedError
        If the function needs an operation whose series is not known: a recursive call, a derivative inside, a
        decomposition or an inverse of a matrix. Nested `jvp` takes these.

    Notes
    -----
    The recurrences are those of Griewank and Walther, Evaluating Derivatives (2008), chapter 13. At a kink the side of
    the primal is taken; where a derivative does not exist (sqrt at 0) coefficients are infinite or NaN.
    """
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        raise ArgumentError(f"order must be a positive integer, not {order!r}")
    value, *coefficients = _push_forward(f, "taylor", primals, directions, None, how=int(order))
    return value, tuple(coefficients)


def _push_forward(
    f: Callable,
    kind: str,
    primals: tuple,
    tangents: tuple,
    argnums: object,
    has_aux: bool = False,
    how: int | None = None,
) -> object:
    """Check primals against tangents and call the derivative with both."""
    can_be_known = argnums is None and type(primals) is tuple and type(tangents) is tuple
    if can_be_known:
        asked = kind, how, has_aux, len(primals), *map(type, primals), *map(type, tangents)
        made = made_of(f)
        found = None if made is None else made.get(asked)
        if found is not None and (found.dtypes is None or found.takes(primals, tangents)):
            return found(primals, tangents)
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise ArgumentError("primals and tangents must be tuples, one entry an argument")
    names = [p.name for p in parameters_of(f)]
    full = bound(f, tuple(primals))
    if argnums is None:
        if len(primals) != len(tangents):
            raise ArgumentError(f"{len(primals)} primals but {len(tangents)} tangents")
        dots = dict(enumerate(star_folded(f, tangents, full)[: len(star_folded(f, primals, full))]))
    else:
        if star_of(f) is not None:
            what = f"argnums for {kind} of {name_of(f)}, which takes any number of arguments"
            raise ArgumentError(f"{what}: leave it out, and give None as the tangent of what is held fixed")
        places = positions(f, argnums)
        if len(places) != len(tangents):
            raise ArgumentError(f"argnums {argnums!r} but {len(tangents)} tangents")
        dots = dict(zip(places, tangents, strict=True))
    what = "direction" if kind == "taylor" else "tangent"
    given = {k: like(full[k], x_dot, names[k], what) for k, x_dot in dots.items()}
    by = has_reals if kind == "hvp" else is_differentiable
    wrt = [k for k in given if by(full[k])]
    if not wrt or (argnums is not None and len(wrt) < len(given)):
        if argnums is None:
            raise NotDifferentiableError(f"{name_of(f)} has no floating-point argument to differentiate")
        raise NotDifferentiableError(f"argnums {argnums!r} names an argument of {name_of(f)} that has no floats in it")
    if kind != "hvp" and any(dots[k] is not None for k in wrt):
        wrt = [k for k in wrt if dots[k] is not None]  # zero is the tangent of what is held fixed
    extra = tuple(f"{names[k]}_dot_" for k in wrt)
    used = [given[k] for k in wrt]
    derivative = derivative_of(f, kind, tuple(wrt), has_aux=has_aux, how=how, extra=extra)
    result = derivative(*full, *used)
    if can_be_known and star_of(f) is None and are_simple((*full, *tangents)):
        is_as_given = all(given[k] is dots[k] if k in wrt else dots[k] is None for k in dots)
        if is_as_given and (kind != "hvp" or len(full) == len(primals)):
            remember(made_of(f), asked, Push(derivative, primals, full[len(primals) :], tuple(wrt)))
    if kind != "hvp":
        return result
    products = list(result) if len(full) > 1 else [result]
    if argnums is not None:
        chosen = tuple(products[k] for k in places)
        return chosen if isinstance(argnums, tuple | list) else chosen[0]
    if len(full) == 1 and star_of(f) is None:
        return products[0]
    entries = as_given(products, star_of(f), full, len(primals))
    return entries[0] if len(primals) == 1 else entries


def vjp(f: Callable, *primals: object, has_aux: bool = False, memory: int | str | None = None) -> tuple:
    """Return `f(*primals)` and its pullback, which takes a cotangent of the result to those of the arguments.

    Parameters
    ----------
    f : callable
        Its result is a real number, a float array, or a structure of such.
    *primals : object
        The arguments.
    has_aux : bool
        Whether `f` returns (value, auxiliary output); then there are three results: value, pullback of the value,
        auxiliary output. (Not in jitted code.)
    memory : int or str, optional
        How many bytes the tape may take, as in `grad`; each call of the pullback then has a forward sweep of its own.
        (Not in jitted code.)

    Returns
    -------
    out : object
        The result of `f`.
    pullback : callable
        Takes a cotangent of the shape, dtype and structure of `out`; returns a tuple with one entry an argument
        (None for arguments that have no derivative). It speaks of the arguments as they were: of arrays there is a
        copy, but other objects (a typed.List, a jitclass instance) must not change before it is called.

    Notes
    -----
    ``vjp.compile(f, *types)`` compiles what both need ahead of the first call; see `DerivativeFunction.compile`.
    """
    asked = "vjp", *map(type, primals)
    made = made_of(f) if memory is None and not has_aux else None
    known = None if made is None else made.get(asked)
    if known is not None and (known.dtypes is None or known.dtypes == dtypes_of(primals)):
        try:
            return known(primals)
        except NotRepeatableError:  # for arrays of so many dimensions
            pass
    # the pullback speaks of the arguments as they are now, whatever the caller does to the arrays afterwards
    given = tuple(snapshot(x) for x in primals)
    kept = bound(f, given)
    wrt = tuple(k for k, x in enumerate(kept) if is_differentiable(x))
    if not wrt:
        raise NotDifferentiableError(f"{name_of(f)} has no floating-point argument to differentiate")
    has_aux, how = bool(has_aux), None if memory is None else ReverseMode(bytes_in(memory))
    star, count, left = star_of(f), len(primals), None
    if how is None:
        with contextlib.suppress(NotRepeatableError):
            derivative = derivative_of(f, "vjp_reverse", wrt, has_aux=has_aux, extra=("state_", "out_bar_"))
            forward = derivative_of(f, "vjp_forward", wrt, has_aux=has_aux)
            out, *left = forward(*kept)
            call = Pull(derivative, wrt, star, count)
            if not has_aux and star is None and are_simple(kept):
                call = Pull(derivative, wrt, star, count, forward, kept[count:], dtypes_of(primals))
                remember(made_of(f), asked, call)
    if left is None:
        out, left = derivative_of(f, "primal", ())(*given), ()
        call = Pull(derivative_of(f, "vjp", wrt, has_aux=has_aux, how=how, extra=("out_bar_",)), wrt, star, count)
    if has_aux and not (isinstance(out, tuple | list) and len(out) == 2):
        raise NotDifferentiableError(f"has_aux=True, but {name_of(f)} does not return a pair (value, auxiliary output)")
    value, *aux = out if has_aux else (out,)
    return value, Pullback(call, kept, tuple(left), value), *aux


def _types_ahead(f: Callable, given: tuple) -> list:
    """Return the types of all parameters of a function, of arguments that are not there yet."""
    names = [p.name for p in parameters_of(f)]
    star = star_of(f)
    found = []
    for k, x in enumerate(bound(f, given)):
        parameter = Parameter(k, names[k], name_of(f))
        if k == star:
            found.append(types.BaseTuple.from_types([type_of(i, parameter, False, jitted) for i in x]))
        else:
            found.append(type_of(x, parameter, False, jitted))
    return found


def _compile_push_forward(kind: str, f: Callable, *given: object, argnums: object = None) -> DerivativeFunction:
    full = _types_ahead(f, given)
    wrt = [k for k, ty in enumerate(full) if holds_floats(ty)]
    if argnums is not None:
        wrt = list(positions(f, argnums))
    if not wrt:
        raise NotDifferentiableError(f"{name_of(f)} has no floating-point argument to differentiate")
    names = [p.name for p in parameters_of(f)]
    derivative = derivative_of(f, kind, tuple(wrt), extra=tuple(f"{names[k]}_dot_" for k in wrt))
    return derivative.compile(*full, *(tangent_type(full[k]) for k in wrt))


def _compile_pull_back(f: Callable, *given: object) -> DerivativeFunction:
    full = _types_ahead(f, given)
    wrt = tuple(k for k, ty in enumerate(full) if holds_floats(ty))
    if not wrt:
        raise NotDifferentiableError(f"{name_of(f)} has no floating-point argument to differentiate")
    try:
        forward = derivative_of(f, "vjp_forward", wrt).compile(*full)
        out, state = result_type(forward.dispatcher)
        back = derivative_of(f, "vjp_reverse", wrt, extra=("state_", "out_bar_"))
        return back.compile(*full, state, tangent_type(out))
    except NotRepeatableError:
        value = derivative_of(f, "primal", ()).compile(*given)
        out = result_type(value.dispatcher)
        return derivative_of(f, "vjp", wrt, extra=("out_bar_",)).compile(*full, tangent_type(out))


jvp.compile = functools.partial(_compile_push_forward, "jvp")
hvp.compile = functools.partial(_compile_push_forward, "hvp")
vjp.compile = _compile_pull_back


def at_arguments(f: Callable, args: tuple, argnums: object = None) -> tuple[Callable, tuple, tuple, tuple]:
    """Return what reverse mode is built of for a call: the function, positions, forms, and the arguments as native.

    Without `argnums` the positions are those of all floating-point arguments.
    """
    full = bound(f, args)
    if argnums is None:
        wrt = tuple(k for k, x in enumerate(full) if is_differentiable(x))
        if not wrt:
            raise NotDifferentiableError(f"{name_of(f)} has no floating-point argument to differentiate")
    else:
        star = star_of(f)
        wrt = tuple(dict.fromkeys(k if star is None else min(k, star) for k in positions(f, argnums)))
    taken = [native(x, k in wrt) for k, x in enumerate(full)]
    given = tuple(jitted(x) if isinstance(x, pytypes.FunctionType) else x for x, _ in taken)
    f, _, forms = fixed(f, tuple((k, form) for k, (_, form) in enumerate(taken) if form is not None))
    return f, wrt, forms, given


def derivative_source(f: Callable, *args: object, mode: str = "reverse", argnums: object = None) -> str:
    """Return the Python source that dualad generates for the derivative of `f` at arguments of these types.

    Parameters
    ----------
    f : callable
        Its result is a real number, a float array, or a structure of such.
    *args : object
        Arguments; only their types matter.
    mode : {"reverse", "forward"}
        Which sweep to show: that of `value_and_grad` (or `vjp`), or that of `jvp`.
    argnums : int or tuple of int, optional
        Default: every floating-point argument.

    Returns
    -------
    str
        The code, as it runs.
    """
    if mode not in ("reverse", "forward"):
        raise ArgumentError(f"mode must be 'reverse' or 'forward', not {mode!r}")
    f, wrt, forms, given = at_arguments(f, args, argnums)
    argument_types = tuple(map(typeof, given))
    if mode == "forward":
        return build(Derivative(f, "jvp", wrt, forms=forms), argument_types).text
    try:
        return build(Derivative(f, "value_and_grad", wrt, forms=forms), argument_types).text
    except NotDifferentiableError:
        return build(Derivative(f, "vjp", wrt, forms=forms), argument_types).text


for _transformation in (grad, value_and_grad, jacfwd, jacrev, jacobian, hessian):
    let_jitted_code_call(_transformation)
for _transformation in (jvp, hvp):
    let_jitted_code_push_forward(_transformation, derivative_of)
let_jitted_code_pull_back(vjp, derivative_of)
let_jitted_code_expand(taylor, derivative_of)
for _transformation in (grad, value_and_grad, jacfwd, jacrev, jacobian, hessian, jvp, hvp, vjp, taylor):
    _transformation.transformation = _transformation.__name__  # what the compiler knows it by
