"""ode: y_0' = x_0 and y_i' = x_i y_(i-1) from y = 0 to time 2 in s steps of Runge and Kutta; gradient of the last y."""

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def slope(x, y, out):
    out[0] = x[0]
    for i in range(1, x.size):
        out[i] = x[i] * y[i - 1]


@njit
def primal(x, s):
    n = x.size
    h = 2.0 / s
    y = np.zeros(n)
    inner = np.empty(n)
    k1, k2, k3, k4 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for _ in range(s):
        slope(x, y, k1)
        for i in range(n):
            inner[i] = y[i] + h * k1[i] / 2.0
        slope(x, inner, k2)
        for i in range(n):
            inner[i] = y[i] + h * k2[i] / 2.0
        slope(x, inner, k3)
        for i in range(n):
            inner[i] = y[i] + h * k3[i]
        slope(x, inner, k4)
        for i in range(n):
            y[i] += h * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]) / 6.0
    return y


@njit
def last(x, s):
    return primal(x, s)[-1]


gradient = dualad.grad(last)


def example(n, s):
    return {"x": np.random.default_rng(0).random(n), "s": s}


EVAL = Eval(
    functions={"primal": primal, "gradient": gradient},
    arguments=lambda given: (np.array(given["x"], float), given["s"]),
    example=example,
    sizes=((1000, 10), (1000, 100), (100_000, 10)),
    report={},
    operations=lambda n, s: 25 * n * s,
)
