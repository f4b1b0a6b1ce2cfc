"""llsq: the squared distance of a polynomial with coefficients x from the sign function, at n points of [-1, 1]."""

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def primal(x, n):
    total = 0.0
    for i in range(n):
        t = -1.0 + i * 2.0 / (n - 1.0)
        residual = np.sign(t)
        power = 1.0
        for j in range(x.size):
            residual -= x[j] * power
            power *= t
        total += residual * residual
    return 0.5 * total


gradient = dualad.grad(primal)


def example(n, m):
    return {"x": np.random.default_rng(0).random(m), "n": n}


EVAL = Eval(
    functions={"primal": primal, "gradient": gradient},
    arguments=lambda given: (np.array(given["x"], float), given["n"]),
    example=example,
    sizes=((64, 128), (1024, 128), (16392, 128)),
    report={},
    operations=lambda n, m: 3 * n * m,
)
