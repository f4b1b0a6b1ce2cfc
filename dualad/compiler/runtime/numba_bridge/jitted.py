"""What jitted code may call: grad(f), jvp(f, primals, tangents), vjp(f, *primals) and the like, for a jitted `f`."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numba.core import cgutils, errors
from numba.core.typing.templates import signature
from numba.extending import intrinsic, lower_builtin, models, overload, register_model

from . import derivative_in
from .objects import checks_apart, fields_text, fields_type, has_instance

__all__ = [
    "let_jitted_code_batch",
    "let_jitted_code_call",
    "let_jitted_code_expand",
    "let_jitted_code_pull_back",
    "let_jitted_code_push_forward",
]


def let_jitted_code_call(transformation: Callable) -> None:
    """Let jitted code call grad(f, argnums, has_aux, ...) itself, for a jitted `f` and constants."""
    options = [p for p in inspect.signature(transformation).parameters.values() if p.name != "f"]
    params = ", ".join(["f", *(f"{p.name}={p.default!r}" for p in options)])

    def typed(f, *given):
        if not isinstance(f, types.Dispatcher):
            return None
        named = {p.name: _constant(transformation, x, p.name) for p, x in zip(options, given, strict=True)}
        return _defined(params, ["return derivative"], derivative=transformation(_function(f), **named).dispatcher)

    given = ", ".join(p.name for p in options)
    overload(transformation, prefer_literal=True)(_defined(params, [f"return typed(f, {given})"], typed=typed))


def let_jitted_code_batch(transformation: Callable) -> None:
    """Let jitted code call vmap(f, in_axes, out_axes, parallel), for a jitted `f` and constants."""

    @overload(transformation, prefer_literal=True)
    def typed(f, in_axes=0, out_axes=0, parallel=False):
        if not isinstance(f, types.Dispatcher):
            return None
        options = (_constant(transformation, x, "what it is told") for x in (in_axes, out_axes, parallel))
        batched = transformation(_function(f), *options).dispatcher
        return lambda f, in_axes=0, out_axes=0, parallel=False: batched


def let_jitted_code_push_forward(transformation: Callable, derivative_of: Callable) -> None:
    """Let jitted code call jvp(f, primals, tangents, argnums, has_aux), or hvp(...), with constants as the last two."""
    name = transformation.__name__

    def code(f, primals, tangents, argnums, has_aux):
        if not (isinstance(f, types.Dispatcher) and isinstance(primals, types.BaseTuple)):
            return None
        names: dict = {}
        apart, primals = _apart("primals", primals, names) + _apart("tangents", tangents, names), fields_type(primals)
        tangents = fields_type(tangents)
        named = _constant(transformation, argnums)
        has_aux = bool(_constant(transformation, has_aux))
        count = len(primals)
        places = tuple(range(count)) if named is None else (named,) if isinstance(named, int) else named
        places = tuple(k + count if k < 0 else k for k in places)
        if not isinstance(tangents, types.BaseTuple) or len(places) != len(tangents):
            raise errors.TypingError(f"{name} needs as many tangents as " + ("primals" if named is None else "argnums"))
        if not all(0 <= k < count for k in places):
            raise errors.TypingError(f"{name}: argnums {named} of {count} primals")
        wrt = tuple(k for k in places if _holds_floats(primals[k]))
        extra = tuple(f"x{k}_dot_" for k in wrt)
        derivative = derivative_of(_function(f), name, wrt, has_aux=has_aux, extra=extra).dispatcher
        checks, dots = [], []
        for k in wrt:
            given = types.unliteral(tangents[places.index(k)])
            x, y = f"primals[{k}]", f"tangents[{places.index(k)}]"
            if isinstance(given, types.NoneType):
                dots.append(_zeros(x, primals[k]))
            else:
                checks += _checks(x, primals[k], y, given, "tangent")
                dots.append(y)
        found = f"derivative({', '.join([f'primals[{k}]' for k in range(count)] + dots)})"
        if name == "hvp" and named is not None and count > 1:
            picked = "".join(f"found[{k}], " for k in places)
            lines = [f"found = {found}", f"return found[{named}]" if isinstance(named, int) else f"return ({picked})"]
        else:
            lines = [f"return {found}" if name == "jvp" or not isinstance(named, tuple) else f"return ({found},)"]
        if has_aux:
            lines = [f"out, out_dot = {found}", "return out[0], out_dot[0], out[1]"]
        params = "f, primals, tangents, argnums=None" + (", has_aux=False" if name == "jvp" else "")
        return _defined(params, [*apart, *checks, *lines], derivative=derivative, np=np, **names)

    if name == "jvp":

        @overload(transformation, prefer_literal=True)
        def typed(f, primals, tangents, argnums=None, has_aux=False):
            return code(f, primals, tangents, argnums, has_aux)

    else:

        @overload(transformation, prefer_literal=True)
        def typed(f, primals, tangents, argnums=None):
            return code(f, primals, tangents, argnums, False)


def let_jitted_code_expand(transformation: Callable, derivative_of: Callable) -> None:
    """Let jitted code call taylor(f, primals, directions, order), with a constant `order`."""

    @overload(transformation, prefer_literal=True)
    def typed(f, primals, directions, order):
        if not (isinstance(f, types.Dispatcher) and isinstance(primals, types.BaseTuple)):
            return None
        if not isinstance(directions, types.BaseTuple) or len(primals) != len(directions):
            raise errors.TypingError("taylor needs as many directions as primals")
        names: dict = {}
        apart = _apart("primals", primals, names) + _apart("directions", directions, names)
        primals, directions = fields_type(primals), fields_type(directions)
        order = _constant(transformation, order, "the order")
        is_none = [isinstance(types.unliteral(t), types.NoneType) for t in directions]
        wrt = tuple(k for k, t in enumerate(primals) if _holds_floats(t) and not is_none[k])
        derivative = derivative_of(
            _function(f), "taylor", wrt, how=order, extra=tuple(f"x{k}_dot_" for k in wrt)
        ).dispatcher
        pairs = [(f"primals[{k}]", primals[k], f"directions[{k}]", directions[k]) for k in wrt]
        checks = [line for x, ty, y, given in pairs for line in _checks(x, ty, y, types.unliteral(given), "direction")]
        given = [f"primals[{k}]" for k in range(len(primals))] + [y for _, _, y, _ in pairs]
        lines = [*apart, *checks, f"found = derivative({', '.join(given)})", "return found[0], found[1:]"]
        return _defined("f, primals, directions, order", lines, derivative=derivative, **names)


def _constant(transformation: Callable, x: object, what: str = "argnums") -> object:
    """Return the value of an argument that must be a constant."""
    if isinstance(x, types.Omitted):
        return x.value
    if isinstance(x, types.NoneType):
        return None
    if isinstance(x, types.BaseTuple):
        return tuple(_constant(transformation, t, what) for t in x.types)
    if isinstance(x, types.Literal):
        return x.literal_value
    if isinstance(x, int) or x is None:
        return x
    raise errors.RequireLiteralValue(f"{transformation.__name__} in jitted code: {what} must be a constant")


def _zeros(x: str, ty: object) -> str:
    """Return the text of the zero tangent of a primal."""
    if isinstance(ty, types.BaseTuple):
        return f"({''.join(_zeros(f'{x}[{k}]', t) + ', ' for k, t in enumerate(ty))})"
    return f"np.zeros_like({x})" if isinstance(ty, types.Array) else "0.0"


class PullbackType(types.Callable):
    """The type of what vjp returns beside the result: the primals and the result, waiting for a cotangent.

    `derivative` is the dispatcher of the vector-Jacobian product, by the primals in `wrt`.
    """

    def __init__(self, derivative: object, wrt: tuple[int, ...], primals: types.BaseTuple, out: object):
        self.derivative, self.wrt, self.primals, self.out = derivative, wrt, primals, out
        super().__init__(name=f"pullback({id(derivative)}, {wrt}, {primals}, {out})")

    def get_call_type(self, context: object, args: tuple, kws: dict) -> object:
        if len(args) != 1 or kws:
            raise errors.TypingError("a pullback takes one cotangent, a tuple if need be")
        if (self, args[0]) not in _CODE:
            checks = _checks("pullback_result(p)", self.out, "c", args[0], "cotangent")
            given = [f"pullback_primals(p)[{k}]" for k in range(len(self.primals))]
            bars = [f"bars[{self.wrt.index(k)}]" if k in self.wrt else "None" for k in range(len(self.primals))]
            lines = [*checks, f"bars = derivative({', '.join([*given, 'c'])})", f"return ({', '.join(bars)},)"]
            names = {"derivative": self.derivative, "pullback_primals": _primals, "pullback_result": _result}
            _CODE[self, args[0]] = njit(error_model="numpy")(_defined("p, c", lines, **names))
        found = types.Dispatcher(_CODE[self, args[0]]).get_call_type(context, (self, args[0]), {})
        return signature(found.return_type, *found.args[1:], recvr=self)

    def get_call_signatures(self) -> tuple:
        return (), False

    def get_impl_key(self, sig: object) -> type:
        return type(self)


_CODE: dict[tuple, object] = {}
"""What a call of a pullback is compiled to, by the types of the pullback and of the cotangent."""


@register_model(PullbackType)
class _PullbackModel(models.StructModel):
    def __init__(self, dmm: object, fe_type: PullbackType):
        super().__init__(dmm, fe_type, [("primals", fe_type.primals), ("out", fe_type.out)])


def _getter(field: str) -> object:
    @intrinsic
    def get(typing_context, pullback):
        ty = getattr(pullback, field)

        def codegen(context, builder, sig, args):
            value = getattr(cgutils.create_struct_proxy(pullback)(context, builder, args[0]), field)
            context.nrt.incref(builder, ty, value)
            return value

        return ty(pullback), codegen

    return get


_primals, _result = _getter("primals"), _getter("out")


@lower_builtin(PullbackType, types.VarArg(types.Any))
def _call_pullback(context, builder, sig, args):
    return context.get_function(types.Dispatcher(_CODE[sig.args]), sig)(builder, args)


def let_jitted_code_pull_back(transformation: Callable, derivative_of: Callable) -> None:
    """Let jitted code call vjp(f, *primals) and the pullback that it returns."""

    @overload(transformation)
    def typed(f, *primals):
        primals = primals[0] if primals and isinstance(primals[0], types.StarArgTuple) else types.Tuple(primals)
        if not isinstance(f, types.Dispatcher):
            return None
        names: dict = {}
        apart, primals = _apart("primals", primals, names), fields_type(primals)
        wrt = tuple(k for k, t in enumerate(primals) if _holds_floats(t))
        if not wrt:
            raise errors.TypingError(
                f"{transformation.__name__} needs a primal that is a real number or an array of them"
            )
        value = derivative_of(_function(f), "primal", ()).dispatcher
        derivative = derivative_of(_function(f), "vjp", wrt, extra=("out_bar_",)).dispatcher

        @intrinsic
        def pullback(typing_context, kept, out):
            made = PullbackType(derivative, wrt, kept, out)

            def codegen(context, builder, sig, args):
                proxy = cgutils.create_struct_proxy(made)(context, builder)
                proxy.primals, proxy.out = args
                for ty, value in zip(sig.args, args, strict=True):
                    context.nrt.incref(builder, ty, value)
                return proxy._getvalue()

            return made(kept, out), codegen

        # the pullback speaks of the arguments as they are now, whatever is written into the arrays afterwards
        kept = ", ".join(_copied(f"primals[{k}]", t, names) for k, t in enumerate(primals))
        lines = [*apart, "out = value(*primals)", f"return out, pullback(({kept},), out)"]
        return _defined("f, *primals", lines, value=value, pullback=pullback, **names)


def _apart(x: str, ty: object, names: dict) -> list[str]:
    """Return a line, if one is needed, that takes the instances of jitclasses in a value apart."""
    if not has_instance(ty):
        return []
    return [*checks_apart([(x, ty)], names), f"{x} = {fields_text(x, ty, names)}"]


def _function(f: types.Dispatcher) -> object:
    return derivative_in(f.dispatcher)


def _defined(params: str, lines: list[str], **names: object) -> Callable:
    """Return a function of some lines of text."""
    namespace = {"__name__": __name__, **names}  # those whose module nobody knows would keep code off the disk
    exec("\n    ".join([f"def call({params}):", *lines]), namespace)  # noqa: S102
    return namespace["call"]


def _checks(x: str, ty: object, y: str, given: object, what: str) -> list[str]:
    """Return lines that raise an exception if a tangent or cotangent has another shape than what it belongs to."""
    if isinstance(ty, types.BaseTuple):
        if not isinstance(given, types.BaseTuple) or len(given) != len(ty):
            raise errors.TypingError(f"the {what} of a tuple of {len(ty)} must be such a tuple, not {given}")
        parts = [_checks(f"{x}[{k}]", t, f"{y}[{k}]", g, what) for k, (t, g) in enumerate(zip(ty, given, strict=True))]
        return [line for lines in parts for line in lines]
    if not isinstance(ty, types.Array) or not isinstance(ty.dtype, types.Float | types.Complex):
        return []
    if not isinstance(given, types.Array) or given.dtype != ty.dtype or given.ndim != ty.ndim:
        raise errors.TypingError(f"the {what} of {ty} must be like it, not {given}")
    return [f"if {x}.shape != {y}.shape: raise ValueError('a {what} has another shape than what it belongs to')"]


def _copied(x: str, ty: object, names: dict) -> str:
    """Return the text of a value with the arrays in it copied."""
    if isinstance(ty, types.Array):
        return f"{x}.copy()"
    if isinstance(ty, types.BaseTuple) and not isinstance(ty, types.BaseNamedTuple):
        return f"({', '.join(_copied(f'{x}[{k}]', t, names) for k, t in enumerate(ty))},)"
    if isinstance(ty, types.BaseTuple) and ty.instance_class in names.values():  # the fields of an instance
        cls = next(n for n, c in names.items() if c is ty.instance_class)
        return f"{cls}({', '.join(_copied(f'{x}[{k}]', t, names) for k, t in enumerate(ty))})"
    return x


def _holds_floats(ty: object) -> bool:
    if isinstance(ty, types.BaseTuple):
        return any(_holds_floats(t) for t in ty)
    return isinstance(ty.dtype if isinstance(ty, types.Array) else ty, types.Float | types.Complex)
