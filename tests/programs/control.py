"""Programs about control flow: branches and loops."""

import math

from .program import Program, case, data


def if_elif_else(x, y):
    if x > 2.0:
        z = x * y
    elif y > 0.5:
        z = math.sin(x) + y * y
    else:
        z = x - y
    return z * x


def if_without_else(x):
    y = x * x
    if x > 0.5:
        y = y * math.exp(x)
    return y


def nested_ifs(x, y):
    result = 0.0
    if x > 0.0:
        if y > 1.0:
            result = x / y
        else:
            if x > 1.0:
                result = x * y
            result += math.cos(y)
    return result * y


def conditional_expression(x, y):
    a = x if x < y else y
    b = x * 2.0 if x > y else y * y if y > 1.0 else x
    return a * b


def conditional_dead_branch_is_nan(x):
    return math.sqrt(x - 1.0) if x > 1.0 else x * x


def boolean_conditions(x, y):
    total = x
    if x > 0.0 and y > 0.0 and x * y < 1.0:
        total += x * y
    if x > 5.0 or not y > 5.0:
        total *= 1.5
    positive = x > 0.0 or y > 0.0
    if positive:
        total += y**2
    return total


def and_or_as_values(x, y):
    a = x or y
    b = x and y
    return a * b * b


def chained_comparison(x, y):
    if 0.0 < x < y <= 2.0:
        return x * y * y
    return x + y


def comparison_as_number(x, y):
    return (x > 0.5) * x * x + (y > 0.5) * y + (x > y) * x


def while_data_dependent(x):
    trips = 0
    y = x
    while y < 40.0:
        y = y * y + 0.5
        trips += 1
    return y + trips * x


def while_true_break(x):
    total = 0.0
    term = 1.0
    k = 1
    while True:
        term = term * x / k
        total += term
        if abs(term) < 1e-13:
            break
        k += 1
    return total


def while_condition_with_walrus(x):
    y = x
    total = 0.0
    while (half := y * 0.5) > 0.1:
        total += half * half
        y = half * 1.1
    return total + y


def walrus_in_condition(x, y):
    if (product := x * y) > 0.2:
        return product * product + x
    return product


def while_zero_trips(x):
    y = x * 3.0
    while y < 0.0:
        y += x
    return y * x


def while_two_conditions(x, n):
    i = 0
    y = x
    while i < n and y < 10.0:
        y = y * (1.0 + x)
        i += 1
    return y / (1 + i)


def for_range(x, n):
    total = 0.0
    for i in range(n):
        total += math.sin(x * i)
    return total


def for_range_with_start_and_step(x, n):
    total = 1.0
    for i in range(1, n, 3):
        total = total * x + i
    return total


def for_range_backwards(x, n):
    total = 0.0
    for i in range(n, -2, -2):
        total = (total + i) * x
    return total


def for_range_with_step_from_argument(a, step):
    total = 0.0
    start = 0 if step > 0 else len(a) - 1
    stop = len(a) if step > 0 else -1
    for i in range(start, stop, step):
        total = total * 0.5 + a[i] * a[i]
    return total


def for_zero_trips(x, n):
    y = x * x
    for i in range(5, n):
        y = y * x + i
    return y


def for_range_bound_reassigned(x, n):
    y = x
    for i in range(n):
        n = n - 1
        y = y * x + n * i
    return y + n * x


def loop_variable_reassigned(x, n):
    total = 0.0
    for i in range(n):
        total = total * x + i
        i = i * 2 + 1
        total += i * x
    return total


def for_over_array(a):
    product = 1.0
    for value in a:
        product *= value + 0.5
    return product


def for_over_rows(matrix):
    total = 0.0
    for row in matrix:
        norm = 0.0
        for value in row:
            norm += value * value
        total += math.sqrt(norm)
    return total


def for_enumerate(a):
    total = 0.0
    for i, value in enumerate(a):
        total += value ** (i + 1)
    return total


def for_enumerate_from_one(a, x):
    total = x
    for i, value in enumerate(a, 1):
        total = total * value / i + x
    return total


def for_zip(a, b, c):
    total = 0.0
    for x, y, z in zip(a, b, c):  # noqa: B905
        total += x * y - z * total
    return total


def for_zip_of_unequal_lengths(a, b):
    total = 0.0
    for x, (i, y) in zip(a, enumerate(b)):  # noqa: B905
        total += x * y * (i + 1)
    return total


def nested_triangular_loops(a):
    total = 0.0
    for i in range(len(a)):
        for j in range(i):
            total += math.sin(a[i] - a[j]) * a[j]
    return total


def nested_loops_three_deep(x, y):
    total = 0.0
    for i in range(3):
        row = x
        for j in range(i, 3):
            for k in range(j - i):
                row = row * y + k
            row += x * j
        total += row * row
    return total


def nested_while_loops(x):
    outer = x
    total = 0.0
    while outer < 6.0:
        inner = outer
        while inner > 0.7:
            inner *= 0.5
            total += inner * outer
        outer *= 1.7
    return total


def while_inside_for(a):
    total = 0.0
    for value in a:
        y = value
        while y < 3.0:
            y = y * y + 1.0
        total += y * value
    return total


def loop_whose_bound_is_int_of_float(x):
    y = x
    for i in range(int(x * 4.0)):
        y = y * 0.9 + math.cos(x + i)
    return y


def branch_alternates_in_loop(x, n):
    y = x
    for i in range(n):
        if i % 3 == 0:
            y = y * x
        elif i % 3 == 1:
            y = math.sin(y) + x
        else:
            y = y / (1.0 + y * y)
    return y


def branch_on_active_value_in_loop(x):
    y = x
    for _ in range(12):
        if y > 1.0:
            y = 0.5 * y
        else:
            y = 1.9 * y + 0.1 * x
    return y


def pass_and_docstring(x):
    """A docstring, and statements that do nothing."""
    if x > 5.0:
        pass
    else:
        x = x * x
    for _ in range(3):
        pass
    return x + math.pi


def loop_in_branch_in_loop(a, x):
    total = x
    for i in range(len(a)):
        if i % 2 == 0:
            for j in range(i // 2):
                total = total * a[j] + 0.1 * j
        elif a[i] > 0.5:
            y = a[i]
            while y < 2.0:
                y *= 1.0 + x
                total += y
        total *= a[i]
    return total


def two_loops_after_each_other(a, x):
    for i in range(len(a)):
        x = x * a[i] + 0.2
    for i in range(2, len(a) + 2):
        x = math.sin(x) * i
    return x * i


def inner_loop_takes_the_outer_index_name(a, x):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * x
        for i in range(2):
            total = total * 0.9 + a[i] * i
        total += a[i]
    return total


def for_over_rows_and_array(matrix, weights):
    total = 0.0
    for row, weight in zip(matrix, weights):  # noqa: B905
        for i, value in enumerate(row):
            total += value * value * weight + i * total
    return total


def float_counter(x, h):
    t = 0.0
    y = x
    while t < 0.95:
        y += h * (math.cos(t) - y * x)
        t += h
    return y * t


PROGRAMS: list[Program] = [
    case(if_elif_else, 1.2, 0.8),
    case(if_without_else, 0.9),
    case(nested_ifs, 1.3, 0.6),
    case(conditional_expression, 0.7, 1.4),
    case(conditional_dead_branch_is_nan, 0.6),
    case(boolean_conditions, 0.7, 0.9),
    case(and_or_as_values, 0.7, 1.9),
    case(chained_comparison, 0.7, 1.4),
    case(comparison_as_number, 0.9, 0.3),
    case(while_data_dependent, 0.83),
    case(while_true_break, 1.37),
    case(while_condition_with_walrus, 2.3, native=False),
    case(walrus_in_condition, 0.9, 0.7, native=False),
    case(while_zero_trips, 1.4),
    case(while_two_conditions, 0.8, 20),
    case(for_range, 0.37, 9),
    case(for_range_with_start_and_step, 0.8, 15),
    case(for_range_backwards, 0.6, 9),
    case(for_range_with_step_from_argument, data(1, 7), -2),
    case(for_zero_trips, 1.7, 3),
    case(for_range_bound_reassigned, 0.9, 6),
    case(loop_variable_reassigned, 0.7, 5),
    case(for_over_array, data(2, 5)),
    case(for_over_rows, data(3, 3, 4)),
    case(for_enumerate, data(4, 4)),
    case(for_enumerate_from_one, data(5, 4), 0.6),
    case(for_zip, data(6, 5), data(7, 5), data(8, 5)),
    case(for_zip_of_unequal_lengths, data(9, 6), data(10, 4)),
    case(nested_triangular_loops, data(11, 5)),
    case(nested_loops_three_deep, 0.7, 0.9),
    case(nested_while_loops, 1.13),
    case(while_inside_for, data(12, 5)),
    case(loop_whose_bound_is_int_of_float, 1.4),
    case(branch_alternates_in_loop, 0.9, 8),
    case(branch_on_active_value_in_loop, 0.77),
    case(pass_and_docstring, 0.8),
    case(loop_in_branch_in_loop, data(20, 6), 0.6),
    case(two_loops_after_each_other, data(21, 3), 0.6),
    case(inner_loop_takes_the_outer_index_name, data(22, 4), 0.6),
    case(for_over_rows_and_array, data(23, 3, 2), data(24, 3)),
    case(float_counter, 0.7, 0.13),
]
