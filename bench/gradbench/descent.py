"""The gradient descent that particle and saddle prescribe."""

import math

import numpy as np
from numba import njit


@njit
def distance(u, v):
    total = 0.0
    for i in range(u.size):
        total += (u[i] - v[i]) ** 2
    return math.sqrt(total)


@njit
def argmin(f, gradient, start, fixed):
    """Return where f(x, fixed) is least, from a start: the step grows after ten that went down, and shrinks after one
    that did not."""
    x = start.copy()
    fx = f(x, fixed)
    slope = gradient(x, fixed)
    rate = 1e-5
    successes = 0
    while distance(slope, np.zeros(x.size)) > 1e-5:
        if successes == 10:
            rate *= 2.0
            successes = 0
        further = x - rate * slope
        if distance(x, further) <= 1e-5:
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
