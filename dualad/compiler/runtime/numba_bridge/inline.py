"""Functions whose code goes straight into the code that calls them.

What Numba calls for `np.zeros_like(x)` are five functions, which it compiles one by one in each process and for each
type: a third of the time that the gradient of a small loop takes to compile. Here the same is a type and a few
instructions in the caller. A call that is not foreseen here is left to the function that Numba knows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from llvmlite import ir as lir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin


def inline_code(function: Callable, typer: Callable, code: Callable, original: Callable | None = None) -> None:
    """Give a function its meaning in jitted code.

    Parameters
    ----------
    function : function
        What jitted code calls; its parameters are those of `typer`.
    typer : function
        Takes the Numba types of the arguments; returns the type of the result, or None where the call is left to
        `original`.
    code : callable
        Takes (context, builder, signature, arguments) and writes the code; returns the result.
    original : callable, optional
        A function that Numba knows.
    """
    parameters = inspect.signature(typer)

    class Template(AbstractTemplate):
        key = function

        def generic(self, args: tuple, kws: dict) -> object:
            return self.apply(args, kws)

        def apply(self, args: tuple, kws: dict) -> object:
            given = _positional(parameters, args, kws)
            found = None if given is None else typer(*given)
            if found is None:
                return original and self.context.resolve_function_type(self._original(), args, kws)
            names = list(parameters.parameters.values())[: len(given)]
            return signature(found, *given).replace(pysig=inspect.Signature(names))

        def get_impl_key(self, sig: object) -> object:
            given = _positional(parameters, sig.args, {})
            if original is None or (given is not None and typer(*given) is not None):
                return function
            return self._original().get_impl_key(sig)

        def _original(self) -> object:
            return self.context.resolve_value_type(original)

    infer_global(function, types.Function(Template))
    lower_builtin(function, types.VarArg(types.Any))(code)


def once_a_module(name: str, code: Callable) -> Callable:
    """Return what writes a call of a function that holds some code, instead of the code itself; see `inline_code`.

    For code that is long beside what it saves: with the checks around a product of matrices in each place, half of a
    Kalman filter's gradient was such code.
    """

    def call(context: object, builder: object, sig: object, args: tuple) -> object:
        conventions = context.call_conv
        symbol = f"dualad.{name}({', '.join(map(str, sig.args))})"
        function = builder.module.globals.get(symbol)
        if function is None:
            kind = conventions.get_function_type(sig.return_type, sig.args)
            function = lir.Function(builder.module, kind, symbol)
            function.linkage = "linkonce_odr"
            function.attributes.add("noinline")
            conventions.decorate_function(function, [f"x{k}" for k in range(len(sig.args))], sig.args)
            inside = lir.IRBuilder(function.append_basic_block("entry"))
            given = context.get_arg_packer(sig.args).from_arguments(inside, conventions.get_arguments(function))
            found = context.get_return_value(inside, sig.return_type, code(context, inside, sig, given))
            conventions.return_value(inside, found)
        status, found = conventions.call_function(builder, function, sig.return_type, sig.args, args)
        with cgutils.if_unlikely(builder, status.is_error):
            conventions.return_status_propagate(builder, status)
        return found

    return call


def _positional(parameters: inspect.Signature, args: tuple, kws: dict) -> tuple | None:
    """Return arguments by their positions; None if they are not those of the parameters."""
    try:
        bound = parameters.bind(*args, **kws)
    except TypeError:
        return None
    return None if bound.kwargs else bound.args
