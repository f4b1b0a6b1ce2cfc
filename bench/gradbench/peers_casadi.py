"""The evals in CasADi, for those whose graphs of scalars or small matrices fit in memory; evaluated by its own machine.

The functions are built once, outside of the measured call, as compilation is for the others.
"""

from __future__ import annotations

from collections.abc import Callable

import casadi as ca
import numpy as np

MOST_NUMBERS = 200_000  # of a graph's largest vector, times its steps: larger ones take minutes to build


def lse(x):
    largest = ca.mmax(x)
    return largest + ca.log(ca.sum1(ca.exp(x - largest)))


def llsq(x, n):
    t = -1.0 + np.arange(n) * 2.0 / (n - 1.0)
    residual = np.sign(t) - ca.mtimes(ca.DM(np.vander(t, x.numel(), increasing=True)), x)
    return 0.5 * ca.sumsqr(residual)


def ode(x, s):
    h = 2.0 / s
    y = ca.DM.zeros(x.numel())

    def slope(y):
        return x * ca.vertcat(1.0, y[:-1])

    for _ in range(s):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y[-1]


SIZES = {"lse": lambda x: x.size, "llsq": lambda x, n: n * x.size, "ode": lambda x, s: x.size * s}


def contestant(name: str, args: tuple) -> Callable | None:
    """Return a call that computes an eval's derivative; None where there is no program of it."""
    if name not in SIZES or SIZES[name](*args) > MOST_NUMBERS:
        return None
    x = ca.MX.sym("x", args[0].size)
    gradient = ca.Function("gradient", [x], [ca.gradient(globals()[name](x, *args[1:]), x)])
    return lambda: (np.asarray(gradient(args[0])).ravel(),)
