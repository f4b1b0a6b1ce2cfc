"""det: a determinant by expansion by minors, recursively."""

import math

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def minor(a, m, rows, columns):
    """Return the determinant of the m rows and columns that are left of the matrix `a`.

    `rows[i]` is the row that follows row i among those that are left, and the last entry the first of them; `columns`
    likewise. A row is taken away by a link around it, and put back.
    """
    n = a.shape[0]
    row, column = rows[n], columns[n]
    if m == 1:
        return a[row, column]
    total = 0.0
    sign = 1.0
    before = n
    rows[n] = rows[row]
    for _ in range(m):
        columns[before] = columns[column]
        total += sign * a[row, column] * minor(a, m - 1, rows, columns)
        columns[before] = column
        before = column
        column = columns[column]
        sign = -sign
    rows[n] = row
    return total


@njit
def primal(a):
    n = a.shape[0]
    rows = np.arange(1, n + 2)
    columns = np.arange(1, n + 2)
    rows[n] = columns[n] = 0
    return minor(a, n, rows, columns)


gradient = dualad.grad(primal)


def example(ell):
    return {"A": np.random.default_rng(0).random(ell * ell), "ell": ell}


EVAL = Eval(
    functions={"primal": primal, "gradient": gradient},
    arguments=lambda given: (np.array(given["A"], float).reshape(given["ell"], given["ell"]),),
    example=example,
    sizes=((5,), (7,), (9,)),
    report={"gradient": np.ravel},
    operations=lambda ell: 3 * int(math.e * math.factorial(ell)),
)
