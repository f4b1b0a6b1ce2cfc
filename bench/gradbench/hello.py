"""hello: the square of a number, and its derivative."""

from numba import njit

import dualad

from .evaluation import Eval


@njit
def square(x):
    return x * x


double = dualad.grad(square)

EVAL = Eval(
    functions={"square": square, "double": double},
    arguments=lambda x: (float(x),),
    example=float,
    sizes=((1,), (2,), (3,)),
    report={},
)
