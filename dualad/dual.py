"""`Dual`: forward mode as a number that can be held, printed and put into arrays.

A dual number is a primal and a tangent; every operation computes both:

    x * y     primal  x * y,   tangent  x_dot * y + x * y_dot
    f(x)      primal  f(x),    tangent  f'(x) * x_dot

Start with the tangent 1.0 in the variable to differentiate by, and 0.0 in the others; the tangent of the result is
the partial derivative. Operators and functions are generated from the registry. In plain Python an operation is the
compiled rule between two boxes; in jitted code the operators and functions of Python, `math` and NumPy are given a
meaning for Dual, so a function compiled for floats is compiled for Duals as it stands, if no variable in it is a
float first and a Dual later (`total = 0.0` before the sum: start with the first term). In both, a tangent or a partial
that is exactly zero contributes zero, whatever the other is; comparisons look at the primal; and what is piecewise
constant (`//`, `floor`, `sign`) returns an ordinary number.

There is no silent way out: `float(d)` and `math.sin(d)` in plain Python are a TypeError. Write `d.primal`,
`dualad.sin(d)`, or let `dualad.for_any_number` replace the calls in a function.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import float64, njit
from numba.experimental import jitclass

from .compiler.runtime.numba_bridge import python_class
from .functions import compiled, of_any_number
from .number_class import add_methods, fill_compiled_face, fill_python_face, ordinary
from .rules.registry import Rule

__all__ = ["Dual"]


class Dual:
    """A number with a derivative.

    Every operator of Python works on it, mixed with floats and integers; every function of the registry is a method
    (`d.sin()`), which is what `np.sin` calls on an object array, and a function of dualad (`dualad.sin(d)`).

    Parameters
    ----------
    primal : float
        The number.
    tangent : float
        Its derivative along the direction of differentiation; 0.0, the default, for a constant. In jitted code it
        must be given (Numba fills in no defaults of a jitclass there).

    Examples
    --------
    >>> x = Dual(3.0, 1.0)
    >>> x * x + 2.0 * x
    Dual(15.0, 8.0)
    """

    def __init__(self, primal, tangent=0.0):
        self.primal = primal
        self.tangent = tangent

    def __bool__(self):
        return self.primal != 0.0

    def __int__(self):
        return int(self.primal)


add_methods(Dual)
Dual = jitclass([("primal", float64), ("tangent", float64)])(Dual)
TYPE = Dual.class_type.instance_type


@njit
def _make(primal, tangent):
    return Dual(primal, tangent)


@njit
def term(partial, tangent):
    """Return partial * tangent; zero where either is, also where the other one is infinite or NaN."""
    return partial * tangent if partial != 0.0 and tangent != 0.0 else 0.0


# ----------------------------------------------------------------- plain Python


def apply_rule(rule: Rule, args: tuple) -> object:
    """Return a Dual for a pointwise rule, an ordinary number for a constant one. At least one argument is a Dual."""
    primals = [x.primal if type(x) is BOX else ordinary(x) for x in args]
    if rule.kind == "constant":
        return rule.functions[0](*primals)
    value, partials = compiled(rule)(*primals)
    tangent = 0.0
    for x, partial in zip(args, partials, strict=True):
        if type(x) is BOX:
            x_dot = x.tangent
            if x_dot != 0.0 and partial != 0.0:
                tangent += partial * x_dot
    return _make(value, tangent)


BOX = python_class(Dual)
BOX.apply_rule = staticmethod(apply_rule)
BOX.__repr__ = lambda self: f"Dual({self.primal!r}, {self.tangent!r})"
BOX.__format__ = lambda self, spec: f"{self.primal:{spec}} + {self.tangent:{spec}} ε" if spec else repr(self)
BOX.__reduce__ = lambda self: (Dual, (self.primal, self.tangent))
fill_python_face(BOX, lambda d: d.primal)


# ------------------------------------------------------------------ jitted code


def _unary(rule: Rule) -> Callable:
    if rule.kind == "constant":
        constant = of_any_number(rule)
        return lambda x: constant(x.primal)
    both = compiled(rule)

    def dual_unary(x):
        value, partials = both(x.primal)
        return Dual(value, term(partials[0], x.tangent))

    return dual_unary


def _binary(rule: Rule, first: bool, second: bool) -> Callable:
    """Return the implementation for a Dual as the first, the second, or both arguments."""
    if rule.kind == "constant":
        constant = of_any_number(rule)
        if first and second:
            return lambda x, y: constant(x.primal, y.primal)
        return (lambda x, y: constant(x.primal, y)) if first else (lambda x, y: constant(x, y.primal))
    both = compiled(rule)

    def dual_dual(x, y):
        value, partials = both(x.primal, y.primal)
        return Dual(value, term(partials[0], x.tangent) + term(partials[1], y.tangent))

    def dual_number(x, y):
        value, partials = both(x.primal, y)
        return Dual(value, term(partials[0], x.tangent))

    def number_dual(x, y):
        value, partials = both(x, y.primal)
        return Dual(value, term(partials[1], y.tangent))

    return (dual_dual if second else dual_number) if first else number_dual


fill_compiled_face(TYPE, _unary, _binary)
