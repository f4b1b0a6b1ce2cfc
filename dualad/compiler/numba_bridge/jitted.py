"""What jitted code may call: grad(f), jvp(f, primals, tangents), vjp(f, *primals) and the like, for a jitted `f`."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit, types
from numba.core import cgutils, errors
from numba.core.typing.templates import signature
from numba.extending import intrinsic, lower_builtin, models, overload, register_model

from . import derivative_in

__all__ = ["let_jitted_code_call", "let_jitted_code_pull_back", "let_jitted_code_push_forward"]


def let_jitted_code_call(transformation: Callable) -> None:
    """Let jitted code call grad(f, argnums, has_aux) itself, for a jitted `f` and constant `argnums`, `has_aux`."""

    def constant(x: object) -> object:
        if isinstance(x, types.Omitted):
            return x.value
        if isinstance(x, types.BaseTuple):
            return tuple(constant(t) for t in x.types)
        if isinstance(x, types.Literal):
            return x.literal_value
        if isinstance(x, int):
            return x
        raise errors.RequireLiteralValue(f"{transformation.__name__} in jitted code: argnums must be a constant")

    @overload(transformation, prefer_literal=True)
    def typed(f, argnums=0, has_aux=False):
        if not isinstance(f, types.Dispatcher):
            return None
        derivative = transformation(_function(f), constant(argnums), bool(constant(has_aux))).dispatcher
        return lambda f, argnums=0, has_aux=False: derivative


def let_jitted_code_push_forward(transformation: Callable, derivative_of: Callable) -> None:
    """Let jitted code call jvp(f, primals, tangents) or hvp(f, primals, tangents)."""

    @overload(transformation)
    def typed(f, primals, tangents):
        if not (isinstance(f, types.Dispatcher) and isinstance(primals, types.BaseTuple)):
            return None
        if not isinstance(tangents, types.BaseTuple) or len(primals) != len(tangents):
            raise errors.TypingError(f"{transformation.__name__} needs as many tangents as primals")
        wrt = tuple(k for k, t in enumerate(primals) if _holds_floats(t))
        extra = tuple(f"x{k}_dot_" for k in wrt)
        derivative = derivative_of(_function(f), transformation.__name__, wrt, extra=extra).dispatcher
        checks = [
            c for k in wrt for c in _checks(f"primals[{k}]", primals[k], f"tangents[{k}]", tangents[k], "tangent")
        ]
        picked = ", ".join([f"primals[{k}]" for k in range(len(primals))] + [f"tangents[{k}]" for k in wrt])
        return _defined("f, primals, tangents", [*checks, f"return derivative({picked})"], derivative=derivative)


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
        kept = ", ".join(_copied(f"primals[{k}]", t) for k, t in enumerate(primals))
        lines = ["out = value(*primals)", f"return out, pullback(({kept},), out)"]
        return _defined("f, *primals", lines, value=value, pullback=pullback)


def _function(f: types.Dispatcher) -> object:
    return derivative_in(f.dispatcher)


def _defined(params: str, lines: list[str], **names: object) -> Callable:
    """Return a function of some lines of text."""
    namespace = dict(names)
    exec("\n    ".join([f"def call({params}):", *lines]), namespace)  # noqa: S102
    return namespace["call"]


def _checks(x: str, ty: object, y: str, given: object, what: str) -> list[str]:
    """Return lines that raise an exception if a tangent or cotangent has another shape than what it belongs to."""
    if isinstance(ty, types.BaseTuple):
        if not isinstance(given, types.BaseTuple) or len(given) != len(ty):
            raise errors.TypingError(f"the {what} of a tuple of {len(ty)} must be such a tuple, not {given}")
        parts = [_checks(f"{x}[{k}]", t, f"{y}[{k}]", g, what) for k, (t, g) in enumerate(zip(ty, given, strict=True))]
        return [line for lines in parts for line in lines]
    if not isinstance(ty, types.Array) or not isinstance(ty.dtype, types.Float):
        return []
    if not isinstance(given, types.Array) or given.dtype != ty.dtype or given.ndim != ty.ndim:
        raise errors.TypingError(f"the {what} of {ty} must be like it, not {given}")
    return [f"if {x}.shape != {y}.shape: raise ValueError('a {what} has another shape than what it belongs to')"]


def _copied(x: str, ty: object) -> str:
    """Return the text of a value with the arrays in it copied."""
    if isinstance(ty, types.Array):
        return f"{x}.copy()"
    if isinstance(ty, types.BaseTuple) and not isinstance(ty, types.BaseNamedTuple):
        return f"({', '.join(_copied(f'{x}[{k}]', t) for k, t in enumerate(ty))},)"
    return x


def _holds_floats(ty: object) -> bool:
    if isinstance(ty, types.BaseTuple):
        return any(_holds_floats(t) for t in ty)
    return isinstance(ty.dtype if isinstance(ty, types.Array) else ty, types.Float)
