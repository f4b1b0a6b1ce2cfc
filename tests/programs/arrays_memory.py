"""Programs about memory: overwriting, swapping, aliasing, views, buffers used again, arrays allocated within loops."""

import math

import numpy as np

from .program import Program, case, data


def element_plus_one(a):
    a[0] = a[0] + 1
    a[0] = a[0] * a[1]
    a[1] = a[1] + 1
    return a[0] * a[1] * a[0]


def element_squared_repeatedly(a, n):
    for _ in range(n):
        for i in range(len(a)):
            a[i] = a[i] * a[i] - 0.4 * a[i - 1]
    return a[0] + a[-1]


def overwrite_after_reading(a, x):
    y = a[0] * a[1]
    a[0] = x * y
    z = a[0] * a[1]
    a[1] = 3.0
    return y * z + a[1] * x


def read_overwrite_read_in_loop(a, x):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * a[i]
        a[i] = math.sin(a[i]) * x
        total *= a[i]
        a[i] = total
    return total + a[0] * a[1]


def overwrite_with_constant(a, x):
    total = a[0] * x
    a[0] = 0.0
    total += a[0] * x
    a[0] = x
    return total * a[0] + a[1]


def overwrite_with_itself(a):
    a[0] = a[0]
    b = a
    b[1] = a[1]
    return a[0] * b[1]


def swap_elements(a):
    a[0], a[1] = a[1], a[0]
    a[1], a[2] = a[2] * a[1], a[0]
    return a[0] + 2.0 * a[1] + 3.0 * a[2] * a[0]


def reverse_in_place(a, x):
    n = len(a)
    for i in range(n // 2):
        a[i], a[n - 1 - i] = a[n - 1 - i], a[i]
    total = 0.0
    for i in range(n):
        total = total * x + a[i]
    return total


def rotate_in_place(a, n):
    for _ in range(n):
        first = a[0]
        for i in range(len(a) - 1):
            a[i] = a[i + 1]
        a[-1] = first * 0.9
    return a[0] + 2.0 * a[1] * a[2]


def bubble_sort(a):
    b = a.copy()
    n = len(b)
    for i in range(n):
        for j in range(n - 1 - i):
            if b[j] > b[j + 1]:
                b[j], b[j + 1] = b[j + 1], b[j]
    total = 0.0
    for i in range(n):
        total += b[i] * b[i] * (i + 1)
    return total


def insertion_sort_in_place(a):
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a[0] * a[1] + a[-1] ** 3


def buffer_used_again(a, n):
    buffer = np.zeros(len(a))
    total = 0.0
    for k in range(n):
        for i in range(len(a)):
            buffer[i] = a[i] ** (k + 1)
        for i in range(len(a)):
            total += buffer[i] * buffer[-1]
    return total


def buffer_accumulates_then_clears(matrix):
    buffer = np.zeros(2)
    total = 1.0
    for i in range(matrix.shape[0]):
        buffer[0] = 0.0
        buffer[1] = total
        for j in range(matrix.shape[1]):
            buffer[0] += matrix[i, j] * buffer[1]
            buffer[1] *= matrix[i, j]
        total = buffer[0] + 0.1 * buffer[1] * buffer[0]
    return total


def scratch_of_one_element(x, n):
    state = np.empty(1)
    state[0] = x
    for _ in range(n):
        state[0] = state[0] * state[0] * 0.5 + x
    return state[0]


def alias_by_assignment(a, x):
    b = a
    b[0] = x * a[1]
    a[1] += b[0]
    return a[0] * b[1]


def alias_chosen_by_branch(a, b, flag):
    if flag:
        chosen = a
    else:
        chosen = b
    chosen[0] = chosen[0] * chosen[1]
    return a[0] * b[0] + chosen[1]


def alias_chosen_by_conditional_expression(a, b):
    larger = a if a[0] > b[0] else b
    larger[1] *= a[1]
    return larger[0] * larger[1] + b[1]


def alias_changes_in_loop(a, b):
    current = a
    total = 0.0
    for i in range(len(a)):
        current[i] = current[i] * a[0] + b[i]
        total += current[i] * current[0]
        if i % 2 == 0:
            current = b
        else:
            current = a
    return total


def row_is_a_view(matrix, x):
    for i in range(matrix.shape[0]):
        row = matrix[i]
        row[0] = row[1] * x
        row[1] += row[0]
    return matrix[0, 0] * matrix[1, 1] + matrix[0, 1]


def row_of_row(cube):
    total = 0.0
    for i in range(cube.shape[0]):
        plane = cube[i]
        for j in range(plane.shape[0]):
            row = plane[j]
            row[-1] *= row[0]
            total += row[-1] * plane[0, 0]
    return total


def row_kept_while_matrix_changes(matrix):
    first = matrix[0]
    total = 0.0
    for i in range(1, matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[0, j] += matrix[i, j] * first[j]
            total += first[j] * matrix[i, 0]
    return total


def row_carried_between_trips(matrix):
    previous = matrix[0]
    for i in range(1, matrix.shape[0]):
        current = matrix[i]
        for j in range(len(current)):
            current[j] = current[j] * previous[j] + 0.1
        previous = current
    return previous[0] * previous[-1] + matrix[1, 0]


def column_by_row_swap(matrix):
    for j in range(matrix.shape[1]):
        matrix[0, j], matrix[1, j] = matrix[1, j], matrix[0, j]
    return matrix[0, 0] * matrix[1, 1] + matrix[0, 1]


def double_buffer_swap(a, n):
    u = a.copy()
    v = np.zeros_like(a)
    for _ in range(n):
        for i in range(1, len(a) - 1):
            v[i] = u[i] + 0.2 * u[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        v[0] = u[0]
        v[-1] = u[-1]
        u, v = v, u
    total = 0.0
    for i in range(len(a)):
        total += u[i] * u[i]
    return total


def double_buffer_swap_of_arguments(u, v, n):
    for k in range(n):
        for i in range(len(u)):
            v[i] = v[i] * 0.5 + u[i] * u[i - 1] + k
        u, v = v, u
    return u[0] * v[0] + u[-1]


def triple_buffer_rotation(a, n):
    old, now, new = a.copy(), a.copy(), np.zeros_like(a)
    for _ in range(n):
        for i in range(len(a)):
            new[i] = 1.6 * now[i] - old[i] + 0.2 * now[i - 1] * now[i]
        old, now, new = now, new, old
    return now[0] * old[1] + now[-1]


def name_bound_to_fresh_array_each_trip(a, n):
    u = a
    for k in range(n):
        fresh = np.empty_like(u)
        for i in range(len(u)):
            fresh[i] = u[i] * u[i - 1] + 0.1 * k
        u = fresh
    return u[0] + u[-1] * a[0]


def array_grows_each_trip(x, n):
    u = np.ones(1)
    for k in range(1, n):
        wider = np.zeros(k + 1)
        for i in range(k):
            wider[i] += u[i] * x
            wider[i + 1] += u[i] * (1.0 - x)
        u = wider
    return u[0] + u[n // 2] * x


def array_allocated_in_inner_loop(a):
    total = 0.0
    for i in range(len(a)):
        for j in range(2):
            work = np.zeros(i + 1)
            for k in range(i + 1):
                work[k] = a[k] * a[i] + j
            for k in range(i + 1):
                total += work[k] * work[0]
    return total


def array_allocated_in_while(x):
    y = x
    while y < 4.0:
        pair = np.zeros(2)
        pair[0] = y * 1.3
        pair[1] = pair[0] + x * y
        y = pair[1]
    return y * pair[0]


def array_allocated_in_some_trips(a, n):
    u = a
    for k in range(n):
        if k % 2 == 1:
            fresh = np.zeros(len(u))
            for i in range(len(u)):
                fresh[i] = u[i] * u[0]
            u = fresh
        else:
            for i in range(1, len(u)):
                u[i] *= u[i - 1]
    return u[0] * u[-1]


def stencil_in_place(a, n):
    for _ in range(n):
        for i in range(1, len(a) - 1):
            a[i] = 0.25 * (a[i - 1] + 2.0 * a[i] + a[i + 1]) * a[i]
    return a[1] + a[len(a) // 2] * a[-2]


def gauss_seidel_in_place(a, x, n):
    for _ in range(n):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                a[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1]) + 0.01 * x * a[i, j] ** 2
    return a[1, 1] * a[-2, -2]


def prefix_sum_in_place(a):
    for i in range(1, len(a)):
        a[i] += a[i - 1]
    total = 0.0
    for i in range(len(a)):
        total += a[i] * a[i]
    return total


def prefix_product_in_place(a):
    for i in range(1, len(a)):
        a[i] *= a[i - 1]
    total = 0.0
    for i in range(len(a)):
        total += a[i] * (i + 1)
    return total


def array_iterated_while_written(a):
    total = 0.0
    for i, value in enumerate(a):
        if i + 1 < len(a):
            a[i + 1] += value * 0.5
        total += value * value
        a[i] = 0.0
    return total + a[0]


def write_overwritten_before_read(a, x):
    out = np.zeros(2)
    for i in range(len(a)):
        out[0] = a[i] * x
        out[0] = a[i] * a[i]
        out[1] += out[0]
    return out[1] * x


def early_return_after_write(a, x):
    for i in range(len(a)):
        a[i] = a[i] * x
        if a[i] > 1.0:
            return a[i] * a[0]
        a[i] += 0.1
    return a[-1]


def break_after_write(a, x):
    for i in range(1, len(a)):
        a[i] += a[i - 1] * x
        if a[i] > 2.0:
            break
        a[i - 1] = a[i] * a[i]
    return a[0] * a[1] + a[i]


def returns_a_row(matrix, x):
    row = matrix[1]
    for j in range(len(row)):
        row[j] *= matrix[0, j] * x
    return row


def returns_swapped_buffers(u, v, n):
    for _ in range(n):
        v[0] = u[0] * u[1]
        u, v = v, u
    return u, v


def returns_the_same_array_twice(a, x):
    a[0] = a[1] * x
    return a, a, a[0] * x


PROGRAMS: list[Program] = [
    case(element_plus_one, data(1, 2)),
    case(element_squared_repeatedly, data(2, 3), 3),
    case(overwrite_after_reading, data(3, 2), 0.7),
    case(read_overwrite_read_in_loop, data(4, 3), 0.7),
    case(overwrite_with_constant, data(5, 2), 0.7),
    case(overwrite_with_itself, data(6, 2)),
    case(swap_elements, data(7, 3)),
    case(reverse_in_place, data(8, 5), 0.7),
    case(rotate_in_place, data(9, 4), 6),
    case(bubble_sort, data(10, 6)),
    case(insertion_sort_in_place, data(11, 6)),
    case(buffer_used_again, data(12, 3), 3),
    case(buffer_accumulates_then_clears, data(13, 3, 2)),
    case(scratch_of_one_element, 0.6, 5),
    case(alias_by_assignment, data(14, 2), 0.7),
    case(alias_chosen_by_branch, data(15, 2), data(16, 2), True),
    case(alias_chosen_by_branch, data(15, 2), data(16, 2), False, name="alias_chosen_by_the_other_branch"),
    case(alias_chosen_by_conditional_expression, np.array([1.3, 0.7]), np.array([0.6, 0.9])),
    case(alias_changes_in_loop, data(17, 4), data(18, 4)),
    case(row_is_a_view, data(19, 2, 2), 0.7),
    case(row_of_row, data(20, 2, 2, 3)),
    case(row_kept_while_matrix_changes, data(21, 3, 2)),
    case(row_carried_between_trips, data(22, 4, 2)),
    case(column_by_row_swap, data(23, 2, 2)),
    case(double_buffer_swap, data(24, 6), 3),
    case(double_buffer_swap, data(24, 6), 4, name="double_buffer_swap_even"),
    case(double_buffer_swap_of_arguments, data(25, 3), data(26, 3), 3),
    case(triple_buffer_rotation, data(27, 3), 4),
    case(name_bound_to_fresh_array_each_trip, data(28, 3), 3),
    case(array_grows_each_trip, 0.6, 5),
    case(array_allocated_in_inner_loop, data(29, 3)),
    case(array_allocated_in_while, 0.6),
    case(array_allocated_in_some_trips, data(30, 3), 4),
    case(stencil_in_place, data(31, 6), 3),
    case(gauss_seidel_in_place, data(32, 4, 4), 0.7, 3),
    case(prefix_sum_in_place, data(33, 5)),
    case(prefix_product_in_place, data(34, 5)),
    case(array_iterated_while_written, data(35, 4)),
    case(write_overwritten_before_read, data(36, 3), 0.7),
    case(early_return_after_write, np.array([0.7, 0.9, 1.9, 0.4]), 0.8),
    case(break_after_write, np.array([0.7, 0.9, 1.9, 0.4]), 0.8),
    case(returns_a_row, data(37, 2, 3), 0.7, scalar=False),
    case(returns_swapped_buffers, data(38, 2), data(39, 2), 3, scalar=False),
    case(returns_the_same_array_twice, data(40, 2), 0.7, scalar=False),
]
