"""Arguments of library functions and of methods of arrays, matched to parameters as Python matches them.

What a function does not take is refused here, by name. Keywords of parameters that have to be given become positional,
so that what comes after finds its operands in one place: ``np.dot(a=x, b=y)`` is ``np.dot(x, y)``.
"""

from __future__ import annotations

import ast
import inspect
import math

import numpy as np

from ..ir import Const
from ..ir.callees import library_name

_OF_BUILTINS = {int: lambda x=0, /: None, float: lambda x=0.0, /: None, bool: lambda x=False, /: None}
_OF_METHODS = {
    "astype": lambda dtype: None,
    "copy": lambda order="C": None,
    "dot": lambda b, out=None: None,
    "fill": lambda value: None,
    "flatten": lambda order="C": None,
    "ravel": lambda order="C": None,
    "repeat": lambda repeats, axis=None: None,
    "reshape": lambda *shape, order="C": None,
    "take": lambda indices, axis=None: None,
}
"""The methods of arrays that Numba takes without keywords."""
_OTHER_ORDER = (np.ravel, np.reshape, "flatten", "ravel", "reshape")  # their elements come in the order asked for
_OTHER_LAYOUT = (
    *(np.copy, np.array, np.asarray, np.zeros, np.ones, np.empty, np.full, "copy"),
    *(np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.eye),
)
"""What `order` does to these is a matter of memory alone."""


class Signatures:
    """The part of `Lowering` that matches arguments of library functions."""

    def matched(self, f: object, args: list, kwargs: dict, node: ast.AST) -> tuple[list, dict]:
        """Return the arguments of a call of a library function, or of the method of an array that has a name."""
        name = f".{f}" if isinstance(f, str) else library_name(f)
        if isinstance(f, np.ufunc):
            for k, value in kwargs.items():
                if k != "out":
                    raise self.fail(node, f"{name} with the argument {k!r}", "use its operands alone")
            return args, kwargs
        signature = _signature_of(f)
        if signature is None:
            if kwargs and getattr(math, getattr(f, "__name__", ""), None) is f:
                raise self.fail(node, f"{name} with the argument {next(iter(kwargs))!r}", "it takes no keywords")
            return args, kwargs
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise self.fail(node, f"calling {name} with these arguments", str(error)) from None
        by_position = len(args)
        if f in _OTHER_ORDER + _OTHER_LAYOUT and "order" in given:
            if f in _OTHER_ORDER and given["order"] != Const("C"):
                remedy = "transpose the array first: np.ravel(x.T), np.reshape(x.T, shape[::-1]).T"
                raise self.fail(node, f"{name} in another order than 'C'", remedy)
            by_position = min(by_position, [*signature.parameters].index("order"))
            del given["order"]
        args, kwargs = [], {}
        for k, (key, value) in enumerate(given.items()):
            p = signature.parameters[key]
            if p.kind is p.VAR_POSITIONAL:
                args += value
            elif p.kind is p.VAR_KEYWORD:
                kwargs |= value
            elif p.kind is not p.KEYWORD_ONLY and (k < by_position or p.default is p.empty):
                args.append(value)
            else:
                kwargs[key] = value
        return args, kwargs


def _signature_of(f: object) -> inspect.Signature | None:
    """Return the signature of a function, or None if nobody knows it."""
    try:
        return inspect.signature(_OF_METHODS[f] if isinstance(f, str) else _OF_BUILTINS.get(f, f))
    except (KeyError, TypeError, ValueError):
        return None
