"""The gradient descent that particle and saddle prescribe, for numbers and for points of the plane.

A point is a pair of numbers rather than an array, so that a step allocates nothing.
"""

import math

from numba import njit


@njit
def step(x, slope, rate):
    return x - rate * slope


@njit
def step_in_plane(x, slope, rate):
    return x[0] - rate * slope[0], x[1] - rate * slope[1]


@njit
def norm_in_plane(x):
    return math.sqrt(x[0] ** 2 + x[1] ** 2)


@njit
def argmin(f, gradient, step, norm, start, fixed):
    """Return where f(x, fixed) is least, from a start: the step grows after ten that went down, and shrinks after one
    that did not."""
    x = start
    fx = f(x, fixed)
    slope = gradient(x, fixed)
    rate = 1e-5
    successes = 0
    while norm(slope) > 1e-5:
        if successes == 10:
            rate *= 2.0
            successes = 0
        further = step(x, slope, rate)
        if norm(step(x, further, 1.0)) <= 1e-5:
            break
        f_further = f(further, fixed)
        if f_further < fx:
            x = further
            fx = f_further
            slope = gradient(x, fixed)
            successes += 1
        else:
            rate /= 2.0
            successes = 0
    return x
