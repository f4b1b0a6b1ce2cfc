"""Programs about element access: reading, filling, indexing in 1 to 3 dimensions, scatter, rows, shapes."""

import math

import numpy as np

from .program import Program, case, data


def read_elements(a):
    return a[0] * a[1] + math.sin(a[2]) * a[0]


def negative_indices(a):
    total = 0.0
    for i in range(1, len(a) + 1):
        total = total * 0.5 + a[-i] * a[-1]
    return total + a[-2]


def read_matrix(matrix, x):
    total = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total += matrix[i, j] * x**j * (i + 1)
    return total


def read_matrix_by_chained_index(matrix):
    total = 0.0
    for i in range(len(matrix)):
        for j in range(len(matrix[i])):
            total += matrix[i][j] * matrix[i][-1]
    return total


def read_three_dimensions(cube):
    depth, height, width = cube.shape
    total = 0.0
    for i in range(depth):
        for j in range(height):
            for k in range(width):
                total += cube[i, j, k] * cube[i, -1, k]
    return total


def write_three_dimensions(cube, x):
    out = np.zeros(cube.shape)
    for i in range(cube.shape[0]):
        for j in range(cube.shape[1]):
            for k in range(cube.shape[2]):
                out[i, j, k] = cube[i, j, k] * x + i * j
                out[i, j, 0] += cube[i, j, k] * out[i, j, k]
    total = 0.0
    for i in range(cube.shape[0]):
        total += out[i, 0, 0] * out[i, -1, 0] + out[i, 1, 1]
    return total


def zeros_then_fill(a, x):
    out = np.zeros(len(a))
    for i in range(len(a)):
        out[i] = math.exp(-a[i] * x)
    total = 0.0
    for i in range(len(a)):
        total += out[i] * out[len(a) - 1 - i]
    return total


def empty_then_fill(x, n):
    out = np.empty(n)
    out[0] = x
    for i in range(1, n):
        out[i] = out[i - 1] * x + 0.1
    return out[n - 1]


def ones_then_multiply(a):
    out = np.ones(a.shape[0])
    for i in range(a.shape[0]):
        for j in range(i + 1):
            out[i] *= a[j]
    return out[-1] + out[0] * out[1]


def full_of_active_value(x, n):
    out = np.full(n, x)
    for i in range(1, n):
        out[i] += out[i - 1] * out[i]
    return out[n - 1]


def full_matrix_of_constant(x):
    out = np.full((2, 3), 0.5)
    out[1, 2] = x
    out[0, 1] -= x * x
    total = 0.0
    for row in out:
        for value in row:
            total += value * value
    return total


def zeros_like_and_empty_like(a):
    first = np.zeros_like(a)
    second = np.empty_like(a)
    for i in range(a.size):
        first[i] += a[i] * a[i]
        second[i] = first[i] * a[i]
    total = 0.0
    for i in range(a.size):
        total += first[i] * second[-1 - i]
    return total


def copies_of_active_array(a):
    first = a.copy()
    second = np.copy(first)
    for i in range(1, a.size):
        first[i] += first[i - 1] * a[i]
        second[i] = second[i] * first[i]
    return first[-1] * second[-1] + second[0]


def ones_like_and_full_like(a, x):
    weights = np.ones_like(a)
    offsets = np.full_like(a, x)
    total = 0.0
    for i in range(len(a)):
        weights[i] -= a[i] * 0.1
        total += weights[i] * a[i] * offsets[i]
    return total


def subtract_multiply_divide_in_place(a, x):
    out = a.copy()
    for i in range(len(a)):
        out[i] -= x
        out[i] *= a[i] + out[i]
        out[i] /= 1.0 + x * x
        out[i] **= 2
    return out[0] + out[1] * out[2]


def recurrence(a, x):
    out = np.zeros(len(a) + 1)
    out[0] = x
    for i in range(len(a)):
        out[i + 1] = math.sin(out[i]) * a[i] + out[i] * x
    return out[-1]


def recurrence_of_second_order(x, y, n):
    out = np.empty(n)
    out[0] = x
    out[1] = y
    for i in range(2, n):
        out[i] = 0.6 * out[i - 1] - 0.3 * out[i - 2] * out[i - 1]
    return out[n - 1] + out[n // 2]


def recurrence_backwards(a):
    out = np.zeros_like(a)
    out[-1] = a[-1]
    for i in range(len(a) - 2, -1, -1):
        out[i] = a[i] * out[i + 1] + 0.3
    return out[0]


def read_by_index_array(a, index):
    total = 0.0
    for i in range(len(index)):
        total = total * 0.7 + a[index[i]] ** 2
    return total


def scatter_by_index_array(a, index, n):
    out = np.zeros(n)
    for i in range(len(index)):
        out[index[i]] += a[i] * a[i]
    total = 0.0
    for i in range(n):
        total += out[i] * out[i] * (i + 1)
    return total


def scatter_overwrites(a, index):
    out = np.ones(4)
    for i, target in enumerate(index):
        out[target] = a[i] + 0.5 * out[target - 1]
    return out[0] * out[1] + out[2] * out[3]


def histogram_weighted(positions, weights, n):
    bins = np.zeros(n)
    for i in range(len(positions)):
        k = int(positions[i] * n)
        fraction = positions[i] * n - k
        bins[k] += weights[i] * (1.0 - fraction)
        bins[(k + 1) % n] += weights[i] * fraction
    total = 0.0
    for value in bins:
        total += value**2
    return total


def integer_array_built_inside(a, n):
    counts = np.zeros(n, dtype=np.int64)
    total = 0.0
    for i in range(len(a)):
        counts[i % n] += 1
        total += a[i] * counts[i % n]
    return total * counts[0]


def index_computed_from_values(a):
    best = 0
    for i in range(1, len(a)):
        if a[i] > a[best]:
            best = i
    return a[best] * a[best] + a[best - 1]


def array_written_in_one_branch(a, n):
    out = a.copy()
    if n > 3:
        out[1] = out[0] * out[1]
    elif n > 1:
        out[0] = 0.0
    return out[0] + out[1] * out[2]


def array_written_in_alternating_branches(a):
    out = np.zeros_like(a)
    for i in range(1, len(a)):
        if a[i] > 1.0:
            out[i] = out[i - 1] * a[i]
        else:
            out[i - 1] += a[i] * a[i]
    total = 0.0
    for i in range(len(a)):
        total += out[i] * a[i]
    return total


def array_allocated_in_one_branch(a, flag):
    if flag:
        work = np.zeros(len(a))
        for i in range(len(a)):
            work[i] = a[i] * a[i]
    else:
        work = a
    return work[0] * work[1] + work[2]


def zero_size_array(a, x):
    total = x
    for i in range(len(a)):
        total += a[i] * x
    out = np.zeros(len(a))
    for i in range(a.size):
        out[i] = a[i]
    return total * x + len(out)


def global_table_of_constants(x):
    total = 0.0
    for i in range(len(TABLE)):
        total = total * x + TABLE[i]
    return total * SCALE


def writes_into_argument(a, x):
    for i in range(1, len(a)):
        a[i] = a[i] * a[i - 1] + x
    a[0] += a[-1]
    return a[0] * a[1]


def writes_into_inactive_argument(x, work):
    for i in range(len(work)):
        work[i] = x * (i + 1)
    total = 0.0
    for i in range(len(work)):
        total += work[i] * work[i]
    return total


def returns_argument_array(a, x):
    a[0] = a[1] * x
    a[2] *= a[0]
    return a


def returns_fresh_array(a):
    out = np.zeros(len(a))
    for i in range(len(a)):
        out[i] = a[i] * a[-i]
    return out


def returns_matrix(a, x):
    out = np.empty((len(a), 2))
    for i in range(len(a)):
        out[i, 0] = math.cos(a[i] * x)
        out[i, 1] = out[i, 0] * a[0]
    return out


def returns_array_and_scalar(a):
    out = np.zeros_like(a)
    total = 0.0
    for i in range(len(a)):
        total += a[i] * a[i]
        out[i] = total
    return out, total


def chained_index_write(matrix, x):
    matrix[0][1] = matrix[1][0] * x
    matrix[1][1] += matrix[0][1] * matrix[0][0]
    return matrix[1, 1] * matrix[0][1]


def index_held_in_a_tuple(matrix, x):
    place = (1, 0)
    matrix[place] *= x
    total = 0.0
    for i in range(2):
        where = (i, 1 - i)
        total += matrix[where] * matrix[place]
    return total


def empty_partly_filled(a):
    work = np.empty(len(a) + 3)
    for i in range(len(a)):
        work[i + 1] = a[i] * a[i]
    return work[1] * work[2] + work[len(a)]


def sieve_of_booleans(a):
    skip = np.zeros(len(a), dtype=np.bool_)
    total = 0.0
    for i in range(2, len(a)):
        if skip[i]:
            continue
        total += a[i] * a[i]
        for j in range(i * i, len(a), i):
            skip[j] = True
    return total


def fortran_ordered_matrix(matrix, x):
    out = np.zeros_like(matrix)
    for j in range(matrix.shape[1]):
        for i in range(matrix.shape[0]):
            out[i, j] = matrix[i, j] * matrix[i, 0] + x * out[i, j - 1]
    return out[0, -1] * out[1, -1]


def element_assigned_in_chain(a, x):
    a[0] = a[1] = x * a[2]
    a[2] = b = a[0] * a[1]
    return a[0] * a[2] + b


def array_of_one_row(matrix):
    total = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total = total * matrix[i, j] + matrix[-1, j]
    return total


TABLE = np.array([0.3, -0.2, 0.9, 0.4])
SCALE = 1.7

PROGRAMS: list[Program] = [
    case(read_elements, data(1, 3)),
    case(negative_indices, data(2, 4)),
    case(read_matrix, data(3, 2, 3), 0.8),
    case(read_matrix_by_chained_index, data(4, 2, 3)),
    case(read_three_dimensions, data(5, 2, 3, 2)),
    case(write_three_dimensions, data(6, 2, 2, 3), 0.6),
    case(zeros_then_fill, data(7, 4), 0.6),
    case(empty_then_fill, 0.8, 5),
    case(ones_then_multiply, data(8, 4)),
    case(full_of_active_value, 0.7, 4),
    case(full_matrix_of_constant, 0.7),
    case(zeros_like_and_empty_like, data(9, 4)),
    case(copies_of_active_array, data(10, 4)),
    case(ones_like_and_full_like, data(11, 3), 0.6),
    case(subtract_multiply_divide_in_place, data(12, 3), 0.6),
    case(recurrence, data(13, 5), 0.6),
    case(recurrence_of_second_order, 0.7, 1.2, 8),
    case(recurrence_backwards, data(14, 5)),
    case(read_by_index_array, data(15, 4), np.array([2, 0, 2, 3, -1])),
    case(scatter_by_index_array, data(16, 6), np.array([0, 2, 1, 2, 2, 0]), 3),
    case(scatter_overwrites, data(17, 5), np.array([1, 3, 1, 0, 2])),
    case(histogram_weighted, np.array([0.13, 0.57, 0.61, 0.93]), data(18, 4), 4),
    case(integer_array_built_inside, data(19, 5), 2),
    case(index_computed_from_values, np.array([0.4, 1.1, 1.6, 0.8])),
    case(array_written_in_one_branch, data(20, 3), 5),
    case(array_written_in_alternating_branches, np.array([0.6, 1.3, 0.7, 1.4, 1.2])),
    case(array_allocated_in_one_branch, data(21, 3), True),
    case(array_allocated_in_one_branch, data(21, 3), False, name="array_allocated_in_the_other_branch"),
    case(zero_size_array, np.zeros(0), 0.7),
    case(global_table_of_constants, 0.7),
    case(chained_index_write, data(30, 2, 2), 0.7),
    case(index_held_in_a_tuple, data(31, 2, 2), 0.7),
    case(empty_partly_filled, data(32, 3)),
    case(sieve_of_booleans, data(33, 10)),
    case(fortran_ordered_matrix, np.asfortranarray(data(34, 2, 3)), 0.7),
    case(element_assigned_in_chain, data(35, 3), 0.7),
    case(array_of_one_row, data(36, 1, 3)),
    case(writes_into_argument, data(22, 4), 0.6),
    case(writes_into_inactive_argument, 0.6, np.ones(3), argnums=(0,)),
    case(returns_argument_array, data(23, 3), 0.6, scalar=False),
    case(returns_fresh_array, data(24, 4), scalar=False),
    case(returns_matrix, data(25, 3), 0.6, scalar=False),
    case(returns_array_and_scalar, data(26, 3), scalar=False),
]
