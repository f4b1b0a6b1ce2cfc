"""Functions whose code goes straight into the code that calls them.

What Numba calls for `np.zeros_like(x)` are five functions, which it compiles one by one in each process and for each
type: a third of the time that the gradient of a small loop takes to compile. Here the same is a type and a few
instructions in the caller. A call that is not foreseen here is left to the function that Numba knows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from numba import types
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

        def apply(self, args: tuple, kws: dict) -> object:
            try:
                bound = parameters.bind(*args, **kws)
            except TypeError:
                bound = None
            found = typer(*bound.args) if bound is not None and not bound.kwargs else None
            if found is None:
                return original and self.context.resolve_function_type(self._original(), args, kws)
            names = list(parameters.parameters.values())[: len(bound.args)]
            return signature(found, *bound.args).replace(pysig=inspect.Signature(names))

        def get_impl_key(self, sig: object) -> object:
            if original is None or typer(*sig.args) is not None:
                return function
            return self._original().get_impl_key(sig)

        def _original(self) -> object:
            return self.context.resolve_value_type(original)

    infer_global(function, types.Function(Template))
    lower_builtin(function, types.VarArg(types.Any))(code)
