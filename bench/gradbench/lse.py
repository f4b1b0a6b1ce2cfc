"""lse: the logarithm of a sum of exponentials, with the largest number taken out so that nothing overflows."""

import math

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def primal(x):
    largest = x[0]
    for i in range(1, x.size):
        largest = max(largest, x[i])
    total = 0.0
    for i in range(x.size):
        total += math.exp(x[i] - largest)
    return largest + math.log(total)


gradient = dualad.grad(primal)


def example(n):
    return {"x": np.random.default_rng(0).random(n)}


EVAL = Eval(
    functions={"primal": primal, "gradient": gradient},
    arguments=lambda given: (np.array(given["x"], float),),
    example=example,
    sizes=((2500,), (80_000,), (1_280_000,)),
    report={},
    operations=lambda n: 4 * n,
)
