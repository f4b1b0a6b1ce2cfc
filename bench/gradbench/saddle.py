"""saddle: the saddle point of f(x, y) = |x|^2 - |y|^2 by a descent in x of the maximum over y, itself a descent.

The function that the outer descent differentiates contains the derivative that the inner one takes.
"""

from numba import njit

import dualad

from .descent import argmin, norm_in_plane, step_in_plane
from .evaluation import Eval


@njit
def height(x, y):
    return (x[0] ** 2 + x[1] ** 2) - (y[0] ** 2 + y[1] ** 2)


@njit
def depth(y, x):
    return -height(x, y)


def saddle(outer, inner):
    """Return the search by a transformation for each of the two derivatives."""
    slope = inner(depth)

    @njit
    def deepest(start, x):
        return argmin(depth, slope, step_in_plane, norm_in_plane, start, x)

    @njit
    def ridge(x, start):
        return height(x, deepest(start, x))

    slope_of_ridge = outer(ridge)

    @njit
    def search(start):
        x = argmin(ridge, slope_of_ridge, step_in_plane, norm_in_plane, start, start)
        return *x, *deepest(start, x)

    return search


EVAL = Eval(
    functions={
        "ff": saddle(dualad.jacfwd, dualad.jacfwd),
        "fr": saddle(dualad.jacfwd, dualad.grad),
        "rf": saddle(dualad.grad, dualad.jacfwd),
        "rr": saddle(dualad.grad, dualad.grad),
    },
    arguments=lambda given: (tuple(float(s) for s in given["start"]),),
    example=lambda *start: {"start": [float(s) for s in start]},
    sizes=((1, 1), (2, 2), (3, 3)),
    report={},
)
