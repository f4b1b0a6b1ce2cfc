"""Rules for whole functions of the user's: what runs in the forward sweep, and the two linear halves of the derivative.

::

    @dualad.custom_rule(f)
    def rule(x, n):                 # runs in place of f where a derivative is taken
        y = f(x, n)
        return y, (x, y)            # the value, and the residuals: what the sweeps need

    @rule.jvp
    def _(residuals, x_dot): ...    # returns the tangent of y

    @rule.vjp
    def _(residuals, y_bar): ...    # returns one cotangent an argument, None for those without

The rules of the registry (`registry`) are expressions for primitives; these are functions, with loops, branches and
residuals of any structure. One half is enough: each is linear in its last arguments, so the other is its transpose.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import RuleError
from . import registry

PARTS = ("forward", "tangent", "cotangent", "signature")
"""The Python functions of a rule, by attribute."""

_rules: dict[int, CustomRule] = {}
"""Rules by the identity of their functions, which they keep alive."""


@dataclass(eq=False)
class CustomRule:
    """The rule of a function, made by `custom_rule`.

    Attributes
    ----------
    function : callable
        What it is the rule of.
    forward : function
        Returns the value and the residuals.
    tangent, cotangent : function or None
        Return the tangent of the value, and the cotangents of the arguments.
    signature : function or None
        The Python function that is the body of `function`; None for what has none.
    takes_all : bool
        Whether the JVP is given a tangent of each argument, None for those that hold no floats.
    is_opaque : bool
        Whether the function is left to Numba as it is: it is jitted, or no Python.
    """

    function: Callable
    forward: types.FunctionType
    tangent: types.FunctionType | None = None
    cotangent: types.FunctionType | None = None
    signature: types.FunctionType | None = None
    takes_all: bool = False
    is_opaque: bool = False

    def __post_init__(self) -> None:
        kind = type(self.function)
        self.__name__ = getattr(self.function, "__name__", f"{kind.__name__} object")
        self.__qualname__ = getattr(self.function, "__qualname__", self.__name__)

    def jvp(self, function: Callable) -> Callable:
        """Declare how the tangent of the value follows from the residuals and the tangents (decorator).

        The function takes the residuals and one tangent for each argument that holds floats, in order.
        """
        self.tangent = self._half(function)
        return function

    def vjp(self, function: Callable) -> Callable:
        """Declare how the cotangents follow from the residuals and the cotangent of the value (decorator).

        The function returns one cotangent an argument, None for those that hold no floats.
        """
        self.cotangent = self._half(function)
        return function

    def _half(self, function: Callable) -> types.FunctionType:
        half = plain_function(function)
        if half is None:
            raise RuleError(f"the rule of {self.__name__}: {function!r} is not a Python function")
        return half

    def parts(self) -> list[tuple[str, types.FunctionType]]:
        """Return the Python functions that it is made of, each with its name."""
        return [(name, part) for name in PARTS if (part := getattr(self, name)) is not None]

    @property
    def parameters(self) -> types.FunctionType:
        """A Python function that has the parameters of what the rule is for."""
        return self.signature or self.forward

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.forward(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<rule of {self.__name__}>"


def plain_function(f: object) -> types.FunctionType | None:
    """Return the Python function that a def or a dispatcher is made of."""
    f = getattr(f, "py_func", f)
    return f if isinstance(f, types.FunctionType) else None


def custom_rule(function: Callable) -> Callable[[Callable], CustomRule]:
    """Declare a derivative for a function that dualad cannot see into, or should not (decorator).

    Parameters
    ----------
    function : callable
        A def, an `@njit` function, a function of a C library (ctypes, cffi), a `@cfunc`, an `@intrinsic`, a ufunc. It
        must not write into its arguments. A def is read, like any other function; all else is left to Numba as it is.

    Returns
    -------
    callable
        Takes the function that runs in place of `function` where a derivative is taken: with its parameters, it returns
        (value, residuals). Numbers, arrays, tuples, dicts and lists of such may be values; residuals may be None, too.
        What comes back has two decorators, `.jvp` and `.vjp`, for the linear halves of the derivative. One of the two
        is enough, the other is then its transpose. Only arguments that hold floats have tangents and cotangents. All
        three functions are in Python that dualad differentiates, so that there are higher derivatives.

    Raises
    ------
    RuleError
        If the parameters of the two functions differ; when a derivative is compiled, if what the rule returns does not
        fit the function.

    Notes
    -----
    A rule that is declared anew takes the place of the one before, for derivatives that are taken from then on.
    """
    if not callable(function):
        raise RuleError(f"custom_rule({function!r}): name the function that the rule is for")

    def declare(forward: Callable) -> CustomRule:
        found, signature = plain_function(forward), plain_function(function)
        if found is None:
            raise RuleError(f"the rule of {function!r}: {forward!r} is not a Python function")
        rule = CustomRule(function, found, None, None, signature, False, not isinstance(function, types.FunctionType))
        if signature is not None:
            counts = [len(inspect.signature(f).parameters) for f in (signature, found)]
            if counts[0] != counts[1]:
                message = f"the rule of {rule.__name__} takes {counts[1]} arguments, and {rule.__name__} {counts[0]}"
                raise RuleError(f"{message}: give both the same parameters")
        _rules[id(function)] = rule
        registry.ruled.add(id(function))
        registry.changed()
        return rule

    return declare


def find_custom(f: object) -> CustomRule | None:
    """Return the rule that the user has declared for a function, or None."""
    if isinstance(f, CustomRule):
        return f
    if not _rules:
        return None
    found = _rules.get(id(f))
    if found is None:
        found = _rules.get(id(getattr(f, "__dict__", {}).get("py_func")))
    return found
