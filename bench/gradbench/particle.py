"""particle: the strength w of a control at which a charged particle, thrown past two fixed charges, hits the origin.

The path follows the force, which is a derivative; the descent differentiates where the path crosses the axis by w.
"""

import math

from numba import njit

import dualad

from .descent import argmin, step
from .evaluation import Eval


@njit
def potential(x, y, w):
    left = math.sqrt((x - 10.0) ** 2 + (y - (10.0 - w)) ** 2)
    right = math.sqrt((x - 10.0) ** 2 + y**2)
    return 1.0 / left + 1.0 / right


def particle(outer, inner):
    """Return the search by a transformation for each of the two derivatives."""
    slope = inner(potential, argnums=(0, 1))

    @njit
    def miss(w, dt):
        """Return the square of where the path crosses the axis, in steps of Euler's."""
        x, y = 0.0, 8.0
        vx, vy = 0.75, 0.0
        while True:
            px, py = slope(x, y, w)
            x += dt * vx
            y += dt * vy
            if y <= 0.0:
                break
            vx -= dt * px
            vy -= dt * py
        return (x - y / vy * vx) ** 2

    slope_of_miss = outer(miss)

    @njit
    def search(w):
        return argmin(miss, slope_of_miss, step, abs, w, 0.1)

    return search


EVAL = Eval(
    functions={
        "ff": particle(dualad.jacfwd, dualad.jacfwd),
        "fr": particle(dualad.jacfwd, dualad.grad),
        "rf": particle(dualad.grad, dualad.jacfwd),
        "rr": particle(dualad.grad, dualad.grad),
    },
    arguments=lambda given: (float(given["w"]),),
    example=lambda w: {"w": float(w)},
    sizes=((0,), (1,), (2,)),
    report={},
)
