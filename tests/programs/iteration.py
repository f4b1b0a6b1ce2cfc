"""Programs that go through arrays by their indices, their rows, their elements: ndenumerate, ndindex, zip, nested."""

import numpy as np

from .indexing import quantised
from .program import Program, case


def indices_and_values(a, c):
    s = 0.0
    z = np.zeros(a.shape)
    square = a * a
    for (i, j), v in np.ndenumerate(square):
        if v > 2.0:
            continue
        s += v * (i + 1) * a[i, -j]
        z[i, j] = s
    for index in np.ndindex(a.shape):
        z[index] *= a[index]
        z[index[0], index[1]] += s
    for i, j, k in np.ndindex(2, 3, 4):
        s += c[i, j, k] * z[i, j] * 0.1
    for index in np.ndindex((2, 3)):
        s += z[index] ** 2
    for index, v in np.ndenumerate(square):
        z[index] -= v * s
    return z * s


def left_early(c):
    s = 0.0
    for index, v in np.ndenumerate(c):
        s = s * v + c[index] * 0.1
        if v < 0.6:
            break
    for (i, j, k), v in np.ndenumerate(c):
        s += v * v
        if s > 9.0:
            return s * v * (i + 2 * j + 3 * k)
        s *= 1.01
    return s


def grids_inside_loops(a, n):
    t = 0.0
    for k in range(n):
        for (i, j), v in np.ndenumerate(a):
            if v * k > 1.9:
                break
            t += v * k
            a[i, j] = t * 0.1 + v
        for i in range(2):
            for index in np.ndindex(a.shape):
                t += a[index] * 0.01 * (i + k)
    return t


def place_of_the_largest(a, x):
    best, where = -1.0, (0, 0)
    for index, v in np.ndenumerate(a):
        if v > best:
            best, where = v, index
    square = x * x
    least, at = 1e9, 0
    for (k,), v in np.ndenumerate(square):
        if v < least:
            least, at = v, k
    return a[where] ** 2 * a[where[0], 0] * square[at] * x[at]


def rows_of_matrices(a, c):
    s = 0.0
    for row in a:
        row *= 1.1 + s * 0.01
        s += row[0] * row[-1]
    for matrix in c:
        for row, other in zip(matrix, a):
            s += row @ other
        matrix[1:] -= 0.1 * matrix[:-1]
    for k, (row, matrix) in enumerate(zip(a, c)):
        row[k] = matrix[k, k] * s
    for column in a.T:
        s += column[1] * column[2]
    return s + c[1, 2, 3] * a[0, 0]


def ranges_backwards(x, y):
    n = len(x)
    for k in reversed(range(1, n)):
        x[k] += x[k - 1] * y[k]
    for k, v in zip(range(n - 1, -1, -2), reversed(y)):
        x[k] *= v
    s = 0.0
    for row in range(n - 1, 0, -1):
        for k in reversed(range(0, row, 2)):
            s = s * y[row] + x[k]
    for v, (k, w) in zip(reversed(x), enumerate(y, 2)):
        s += v * w * k
    return s


A, C = quantised(511, 3, 4), quantised(512, 2, 3, 4)

PROGRAMS: list[Program] = [
    case(indices_and_values, A, C, scalar=False),
    case(left_early, C),
    case(grids_inside_loops, A, 3),
    case(place_of_the_largest, np.array([[0.5, 0.8], [1.4, 0.7], [0.3, 1.1]]), np.array([0.9, 0.6, 1.2])),
    case(rows_of_matrices, A, C),
    case(ranges_backwards, quantised(513, 6), quantised(514, 6), native=False),
]
