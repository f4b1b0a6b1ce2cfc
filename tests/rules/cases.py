"""Where each primitive is checked: ordinary points, and the kinks and edges with the partials pinned there."""

from __future__ import annotations

import math
from dataclasses import dataclass

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Cases:
    """The points of one primitive. An integer in a point is an integer argument: it has no derivative.

    Attributes
    ----------
    points : list of tuple
        Ordinary points, where central differences hold.
    kinks : list of (tuple, tuple)
        Points with the partials expected there, exactly.
    """

    points: list[tuple]
    kinks: list[tuple[tuple, tuple]]


def _unary(*points: float, kinks: tuple[tuple[float, float], ...] = ()) -> Cases:
    return Cases([(x,) for x in points], [((x,), (partial,)) for x, partial in kinks])


_ANYWHERE = (-7.3, -2.5, -0.7, -1e-3, 0.0, 1e-3, 0.4, 1.0, 3.1, 9.7)
_PLANE = [(0.3, 0.8), (-0.3, 2.5), (1.7, -0.6), (-2.2, -3.1), (4.0, 1e-2)]

_OFF_THE_CUTS = [(0.3, 0.8), (-0.3, 2.5), (1.7, -0.6), (-2.2, -3.1), (0.4, 1e-2)]

CASES: dict[str, Cases] = {
    # complex arithmetic, in parts
    "fitted_rule": Cases(_PLANE, []),
    "quotient_rule": Cases([(0.3, 0.8, 2.0), (-1.5, 0.0, -0.7)], [((1.0, 2.0, 0.0), (INF, 0.0, -INF))]),
    "reciprocal_real_rule": Cases(_PLANE, [((0.0, 0.0), (NAN, NAN)), ((1e200, 1e200), (0.0, 0.0))]),
    "reciprocal_imag_rule": Cases(_PLANE, [((0.0, 0.0), (NAN, NAN)), ((0.0, 2.0), (0.0, 0.25))]),
    **{
        f"{name}_{part}_rule": Cases(_OFF_THE_CUTS, [])
        for name in ("tanh", "asinh", "acosh", "acos", "atanh")
        for part in ("real", "imag")
    },
    "sqrt_real_rule": Cases(_OFF_THE_CUTS, [((4.0, 0.0), (0.25, 0.0)), ((0.0, 0.0), (NAN, NAN))]),
    "sqrt_imag_rule": Cases(_OFF_THE_CUTS, [((4.0, 0.0), (0.0, 0.25)), ((0.0, 0.0), (NAN, NAN))]),
    # arithmetic
    "add": Cases(_PLANE, []),
    "sub": Cases(_PLANE, []),
    "neg": _unary(*_ANYWHERE),
    "pos": _unary(*_ANYWHERE),
    "mul": Cases([*_PLANE, (0.0, 2.0), (0.0, 0.0)], []),
    "truediv": Cases([*_PLANE, (0.0, 2.0), (5.0, 1e3)], [((1.0, 0.0), (INF, -INF)), ((0.0, 2.0), (0.5, 0.0))]),
    "reciprocal": _unary(-7.3, -0.2, 0.4, 1.0, 1e3, kinks=((0.0, -INF),)),
    "square": _unary(*_ANYWHERE),
    "pow": Cases(
        [(0.3, 0.8), (2.5, -1.5), (1.0, 3.0), (1.7, 0.0), (30.0, 2.2), (2.0, 3), (-2.0, 3), (-1.5, -2), (2.0, 0)],
        [
            ((0.0, 3.0), (0.0, 0.0)),
            ((0.0, 2.0), (0.0, 0.0)),
            ((0.0, 1.0), (1.0, 0.0)),
            ((0.0, 0.5), (INF, 0.0)),
            ((0.0, 0.0), (0.0, 0.0)),
            ((-0.0, 1.0), (1.0, 0.0)),
            ((-2.0, 2.0), (-4.0, NAN)),
            ((-2.0, 0.0), (0.0, NAN)),
            ((1.0, 0.0), (0.0, 0.0)),
            ((0.0, 2), (0.0, 0.0)),
            ((0.0, 1), (1.0, 0.0)),
            ((0.0, 0), (0.0, 0.0)),
            ((NAN, 1.0), (1.0, NAN)),
            ((0.0, NAN), (NAN, NAN)),
            ((0.0, -1.0), (-INF, NAN)),
        ],
    ),
    "mod": Cases(
        [(5.5, 2.0), (-5.5, 2.0), (5.5, -2.0), (-5.5, -2.0), (0.3, 0.8), (-0.3, 0.8)],
        [((4.0, 2.0), (1.0, -2.0)), ((0.0, 2.0), (1.0, 0.0))],
    ),
    "fmod": Cases(
        [(5.5, 2.0), (-5.5, 2.0), (5.5, -2.0), (-5.5, -2.0), (0.3, 0.8), (-0.3, 0.8)],
        [((4.0, 2.0), (1.0, -2.0)), ((-4.0, 2.0), (1.0, 2.0)), ((0.0, 2.0), (1.0, 0.0))],
    ),
    "abs": _unary(-7.3, -1e-2, 1e-2, 0.7, 9.0, kinks=((0.0, 0.0), (-0.0, 0.0), (-INF, -1.0), (NAN, NAN))),
    "copysign": Cases(
        [*_PLANE, (-1.0, 0.5)],
        [((2.0, -0.0), (-1.0, 0.0)), ((2.0, 0.0), (1.0, 0.0)), ((-0.0, 3.0), (-1.0, 0.0)), ((0.0, 3.0), (1.0, 0.0))],
    ),
    "max": Cases(_PLANE, [((1.5, 1.5), (0.5, 0.5)), ((0.0, -0.0), (0.5, 0.5)), ((NAN, 1.0), (1.0, 0.0))]),
    "min": Cases(_PLANE, [((1.5, 1.5), (0.5, 0.5)), ((0.0, -0.0), (0.5, 0.5)), ((1.0, NAN), (1.0, 0.0))]),
    "maximum": Cases(
        _PLANE,
        [
            ((1.5, 1.5), (0.5, 0.5)),
            ((0.0, -0.0), (0.5, 0.5)),
            ((INF, INF), (0.5, 0.5)),
            ((NAN, 1.0), (NAN, NAN)),
            ((1.0, NAN), (NAN, NAN)),
        ],
    ),
    "minimum": Cases(
        _PLANE,
        [((1.5, 1.5), (0.5, 0.5)), ((0.0, -0.0), (0.5, 0.5)), ((-INF, -INF), (0.5, 0.5)), ((NAN, 1.0), (NAN, NAN))],
    ),
    "fmax": Cases(_PLANE, [((1.5, 1.5), (0.5, 0.5)), ((NAN, 2.0), (0.0, 1.0)), ((2.0, NAN), (1.0, 0.0))]),
    "fmin": Cases(_PLANE, [((1.5, 1.5), (0.5, 0.5)), ((NAN, 2.0), (0.0, 1.0)), ((2.0, NAN), (1.0, 0.0))]),
    # trigonometric
    "sin": _unary(*_ANYWHERE, 100.3),
    "cos": _unary(*_ANYWHERE, 100.3),
    "tan": _unary(*_ANYWHERE, 1.5, -1.5, 100.3),
    "asin": _unary(-0.99, -0.5, 0.0, 0.3, 0.999, kinks=((-1.0, INF), (1.0, INF), (1.5, NAN))),
    "acos": _unary(-0.99, -0.5, 0.0, 0.3, 0.999, kinks=((-1.0, -INF), (1.0, -INF), (1.5, NAN))),
    "atan": _unary(*_ANYWHERE, kinks=((INF, 0.0), (-INF, 0.0))),
    "atan2": Cases(
        [*_PLANE, (1.0, 0.0), (-1.0, 0.0), (0.0, 2.0)],
        [
            ((0.0, 0.0), (NAN, NAN)),
            ((0.0, -2.0), (-0.5, 0.0)),
            ((-0.0, -2.0), (-0.5, 0.0)),
            ((0.0, 2e-200), (5e199, 0.0)),
            ((2e200, 0.0), (0.0, -5e-201)),
        ],
    ),
    "sinh": _unary(*_ANYWHERE),
    "cosh": _unary(*_ANYWHERE),
    "tanh": _unary(*_ANYWHERE, kinks=((INF, 0.0), (-INF, 0.0))),
    "asinh": _unary(*_ANYWHERE, 1e4, kinks=((INF, 0.0),)),
    "acosh": _unary(1.001, 1.5, 3.0, 1e4, kinks=((1.0, INF), (0.5, NAN), (-1.0, NAN), (-2.0, NAN), (INF, 0.0))),
    "atanh": _unary(-0.99, -0.5, 0.0, 0.3, 0.999, kinks=((-1.0, INF), (1.0, INF), (1.5, NAN))),
    "sinc": _unary(*_ANYWHERE, -0.0999, 0.0999, 0.1001, kinks=((0.0, 0.0), (-0.0, 0.0))),
    "degrees": _unary(*_ANYWHERE),
    "radians": _unary(*_ANYWHERE),
    "hypot": Cases(
        [*_PLANE, (3.0, 0.0), (0.0, -2.0)],
        [((0.0, 0.0), (0.0, 0.0)), ((-3.0, 0.0), (-1.0, 0.0)), ((0.0, 3e200), (0.0, 1.0)), ((INF, 1.0), (NAN, NAN))],
    ),
    # exponential
    "exp": _unary(*_ANYWHERE, kinks=((-INF, 0.0), (INF, INF))),
    "exp2": _unary(*_ANYWHERE, kinks=((-INF, 0.0),)),
    "expm1": _unary(*_ANYWHERE, kinks=((-INF, 0.0),)),
    "log": _unary(1e-3, 0.4, 1.0, 9.7, 1e6, kinks=((0.0, INF), (-0.0, INF), (-1.0, NAN), (INF, 0.0))),
    "log2": _unary(1e-3, 0.4, 1.0, 9.7, 1e6, kinks=((0.0, INF), (-0.0, INF), (-1.0, NAN), (INF, 0.0))),
    "log10": _unary(1e-3, 0.4, 1.0, 9.7, 1e6, kinks=((0.0, INF), (-0.0, INF), (-1.0, NAN), (INF, 0.0))),
    "log1p": _unary(-0.99, -0.3, 0.0, 1e-3, 9.7, 1e6, kinks=((-1.0, INF), (-2.0, NAN), (INF, 0.0))),
    "sqrt": _unary(1e-3, 0.4, 1.0, 9.7, 1e6, kinks=((0.0, INF), (-0.0, INF), (-1.0, NAN), (INF, 0.0))),
    "cbrt": _unary(-7.3, -1e-3, 1e-3, 0.4, 1.0, 1e6, kinks=((0.0, INF), (-0.0, INF), (INF, 0.0))),
    "logaddexp": Cases(
        [*_PLANE, (1.0, 1.0), (300.0, 301.0), (-5.0, 20.0)],
        [
            ((2.0, 2.0), (0.5, 0.5)),
            ((INF, INF), (0.5, 0.5)),
            ((-INF, -INF), (0.5, 0.5)),
            ((INF, 1.0), (1.0, 0.0)),
            ((-INF, 1.0), (0.0, 1.0)),
            ((2e3, 0.0), (1.0, 0.0)),
            ((NAN, 1.0), (NAN, NAN)),
        ],
    ),
    "logaddexp2": Cases(
        [*_PLANE, (1.0, 1.0), (300.0, 301.0), (-5.0, 20.0)],
        [
            ((2.0, 2.0), (0.5, 0.5)),
            ((INF, INF), (0.5, 0.5)),
            ((-INF, -INF), (0.5, 0.5)),
            ((INF, 1.0), (1.0, 0.0)),
            ((-INF, 1.0), (0.0, 1.0)),
            ((2e3, 0.0), (1.0, 0.0)),
        ],
    ),
    "ldexp": Cases([(0.3, 2), (-1.7, -3), (0.0, 5), (4.0, 0)], [((1.5, 3), (8.0, 0.0))]),
    # special
    "psi": _unary(-20.7, -3.2, -0.4, 0.01, 0.4, 1.0, 1.4616321449683622, 1.56, 3.1, 12.0, 1e4, kinks=((0.0, INF),)),
    "psi_n": Cases(
        [(1, 0.3), (1, 2.5), (1, -2.3), (2, 0.3), (2, 40.0), (2, -0.6), (3, -7.4), (4, 1.7)],
        [((1, 0.0), (0.0, -INF)), ((2, 0.0), (0.0, INF)), ((1, INF), (0.0, 0.0))],
    ),
    "erf": _unary(*_ANYWHERE, kinks=((INF, 0.0), (-INF, 0.0))),
    "erfc": _unary(*_ANYWHERE, kinks=((INF, 0.0), (-INF, 0.0))),
    "gamma": _unary(-4.3, -3.6, -0.4, 0.05, 0.4, 1.0, 1.4616321449683622, 3.1, 20.5, kinks=((0.0, -INF), (-2.0, NAN))),
    "lgamma": _unary(-20.7, -3.2, -0.4, 0.01, 0.4, 1.0, 3.1, 1e4, kinks=((0.0, -INF), (-0.0, INF), (-2.0, NAN))),
    # rounding
    "float64": _unary(*_ANYWHERE),
    "float32": _unary(-7.5, -0.25, 0.0, 3.125),
    "nextafter": Cases(_PLANE, []),
}

# The constants, each with a point at which its functions compile; away from the jumps, where a float is given.
CONSTANTS: dict[str, tuple] = {
    "angle": (2.5,),
    "floordiv": (5.5, 2.2),
    "floor": (-2.5,),
    "ceil": (-2.5,),
    "trunc": (-2.5,),
    "round": (-2.3,),
    "rint": (-2.3,),
    "sign": (-2.3,),
    "spacing": (-2.3,),
    "isnan": (1.5,),
    "isinf": (1.5,),
    "isfinite": (1.5,),
    "isneginf": (1.5,),
    "isposinf": (1.5,),
    "signbit": (-1.5,),
    "isclose": (1.5, 2.5),
    "lt": (1.5, 2.5),
    "le": (1.5, 2.5),
    "gt": (1.5, 2.5),
    "ge": (1.5, 2.5),
    "eq": (1.5, 2.5),
    "ne": (1.5, 2.5),
    "is": (1, 1),
    "is_not": (1, 1),
    "contains": ((1, 2), 2),
    "not": (1.5,),
    "logical_and": (1.5, 0.5),
    "logical_or": (1.5, 0.5),
    "logical_xor": (1.5, 0.5),
    "and": (12, 10),
    "or": (12, 10),
    "xor": (12, 10),
    "invert": (12,),
    "lshift": (12, 2),
    "rshift": (12, 2),
    "gcd": (12, 18),
    "lcm": (12, 18),
    "int": (2.5,),
    "bool": (2.5,),
    "len": ((1, 2, 3),),
    "ord": ("a",),
    "chr": (97,),
}
