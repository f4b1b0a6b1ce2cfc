"""Programs about variables: which value a name holds after a loop, a branch, a swap or a change of type."""

import math

import numpy as np

from .program import Program, case, data


def loop_variable_after_its_loop(x, n):
    y = x
    for i in range(n):
        y = y * x + i
    return y * i


def array_loop_variable_after_its_loop(a, x):
    total = 0.0
    for value in a:
        total += value * x
    return total * value


def loop_variable_after_break(a, x):
    for i in range(a.size):
        if a[i] * x > 1.0:
            break
    return a[i] * a[i] * x * (i + 1)


def loop_variable_with_earlier_value_and_zero_trips(x, n):
    i = 7
    for i in range(n):
        x = x * 2.0 + i
    return x * x * i


def float_loop_variable_with_earlier_value_and_zero_trips(a, x):
    value = x * x
    for value in a:
        x = x + value
    return value * x


def float_loop_variable_with_earlier_value(a, x):
    value = x * x
    total = value
    for value in a:
        total = total * 0.5 + value
    return value * total


def variable_set_in_dynamic_loop(x, n):
    last = x
    for i in range(n):
        last = math.sin(x * (i + 1))
    return last * x


def variable_set_in_nested_dynamic_loops(a, n):
    best = 0.0
    for i in range(n):
        for j in range(i):
            best = a[i] * a[j] + 0.1 * best
    return best


def variable_defined_in_one_branch(x, n):
    total = x
    if n > 2:
        extra = x * x
    total *= 2.0
    if n > 2:
        total += extra * total
    return total


def variable_defined_in_the_first_trip(x, n):
    total = 0.0
    for i in range(n):
        if i == 0:
            first = x * x
        total += first * (i + 1)
    return total


def value_of_previous_trip(a):
    previous = 0.0
    total = 0.0
    for value in a:
        total += (value - previous) ** 2 * value
        previous = value
    return total


def values_of_two_trips_ago(x, y, n):
    for _ in range(n):
        x, y = y, x * 0.5 + math.sin(y)
    return x * y


def unpacking(x, y):
    a, b = x * y, x + y
    (c, d), e = (a * b, b), a
    return c * d + e


def swap(x, y):
    x, y = y, x
    return x * x + y


def rotation_of_three(x, y, z):
    for _ in range(4):
        x, y, z = y, z * 0.9, x * y
    return x + 2.0 * y + 3.0 * z


def overwritten_while_needed(x, y):
    z = x * y
    x = z * z
    y = x * y
    z = z * y
    return z + x


def augmented_assignments(x, y):
    z = x
    z += y
    z *= x
    z -= y * y
    z /= x + 2.0
    z **= 3
    return z


def powers(x, y):
    return x**2 + x**-1 + x**0.5 + x**y + 2.0**y + x**0 + (-x) ** 3


def float_modulo_and_floor_division(x, y):
    return (x % y) * x + (x // y) * y


def integers_mixed_with_floats(x, n):
    m = n // 2
    r = n % 3
    k = m * 2 - r
    y = x * k + n / 4
    return y * m - r / (1 + x)


def integer_that_becomes_float(x, n):
    total = 0
    for i in range(n):
        total = total + i * x
    return total * x


def integer_that_becomes_float_in_a_branch(x, n):
    y = 1
    if n > 2:
        y = x * x
    return y + x


def integer_that_stays_integer(x, n):
    count = 0
    total = 0.0
    for i in range(n):
        if i % 2:
            count += i
        total += count * x
    return total * count


def name_reused_as_integer_and_float(x):
    k = 3
    y = x * k
    k = y * y
    z = k + x
    k = 2
    return z * k


def three_roles_of_one_variable(a, x):
    t = 0.0
    for t in a:
        x += t * t
    x *= t
    t = math.exp(-x)
    for _ in range(2):
        t = t * x + 1.0
    return t


def constant_overwrites_active(x, n):
    y = x * x
    total = y
    for i in range(n):
        if i == 2:
            y = 0.0
        total += y * x
        y = y + x
    return total


def inactive_chain_beside_active(x, n):
    scale = 1.0
    y = x
    for i in range(n):
        scale = scale * 0.7 + i
        y = y * scale - x
        scale = math.sqrt(scale)
    return y


def result_unused(x, y):
    unused = math.exp(x) * y
    unused = unused * 2.0
    return x * y


def argument_unused(x, y):
    y = 2.0
    return x * x * y


def argument_returned(x, y):
    return x


def constant_through_integer(x):
    whole = int(x * 10.0)
    rounded = math.floor(x) + round(x)
    return x * whole + rounded * x * x


def no_derivative_through_integer_only(x, y):
    return float(int(x * 3.0)) * y


def conversions(x, n, flag):
    return float(n) * x + np.float64(x) * x + int(flag) * abs(-x) + float(x)


def min_max_abs(x, y, z):
    return min(x, y) * max(x, y, z) + abs(x - y) + max(x, 0.0)


def ternary_chain_of_alternatives(x, n):
    total = 0.0
    for i in range(n):
        weight = 1.0 if i == 0 or i == n - 1 else (4.0 if i % 2 == 1 else 2.0)
        total += weight * math.exp(-x * i * 0.1)
    return total


def argument_overwritten_in_loop(x, n):
    for i in range(n):
        x = x - 0.1 * (x * x - 2.0) / (i + 1)
    return x


def bool_variable_as_state(a):
    seen = False
    total = 0.0
    for value in a:
        if seen:
            total += value * total
        else:
            total = value
        seen = seen or value > 1.0
    return total


def chained_assignment(x, y):
    a = b = x * y
    b += a * a
    c = d = 0.0
    c += b
    return a * b + c * d + c


def annotated(x: float, n: int) -> float:
    y: float = x * x
    k: int = n + 1
    return y * k + x


def several_results(x, y):
    return x * y, x + y, x


def results_of_different_kinds(x, n):
    a = np.zeros(n)
    for i in range(n):
        a[i] = x**i
    return a, a[n - 1] * x


def nested_tuple_result(x, y):
    return (x * y, (x, y * y))


def loop_variables_read_in_parts_of_expressions(a, x, n):
    for i in range(3):
        pass
    for j in range(n):
        value = a[j]
    y = 2.0 * x if x > 0.1 and a[i] < 5.0 else x * a[i]
    y += value * x if x > 9.0 or j > 2 else x * a[j]
    kept = []
    kept.append(a[i] * x)
    kept.append(value * x)
    if x > 0.2:
        y += a[j] * kept[0]
    return y * kept[1]


def integer_or_float_first_bound_in_a_loop(x, n):
    for k in range(n):
        if k == 0:
            y = 1
        elif k < 3:
            y = y * x
        z = y + 1
    return y * x + z


PROGRAMS: list[Program] = [
    case(loop_variable_after_its_loop, 0.8, 5),
    case(array_loop_variable_after_its_loop, data(1, 4), 0.7),
    case(loop_variable_after_break, np.array([0.3, 0.6, 1.9, 1.2]), 0.8),
    case(loop_variable_with_earlier_value_and_zero_trips, 0.8, 0),
    case(float_loop_variable_with_earlier_value_and_zero_trips, np.zeros(0), 0.8, argnums=(1,)),
    case(float_loop_variable_with_earlier_value, data(2, 3), 0.8),
    case(variable_set_in_dynamic_loop, 0.3, 4),
    case(variable_set_in_nested_dynamic_loops, data(3, 5), 5),
    case(variable_defined_in_one_branch, 0.7, 3),
    case(variable_defined_in_the_first_trip, 0.7, 4),
    case(value_of_previous_trip, data(4, 6)),
    case(values_of_two_trips_ago, 0.4, 0.9, 7),
    case(unpacking, 0.7, 1.2),
    case(swap, 0.7, 1.2),
    case(rotation_of_three, 0.7, 1.2, 0.9),
    case(overwritten_while_needed, 0.7, 1.2),
    case(augmented_assignments, 0.7, 1.2),
    case(powers, 0.7, 1.2),
    case(float_modulo_and_floor_division, 2.9, 0.8),
    case(integers_mixed_with_floats, 0.7, 11),
    case(integer_that_becomes_float, 0.7, 5),
    case(integer_that_becomes_float_in_a_branch, 0.7, 4),
    case(integer_that_stays_integer, 0.7, 6),
    case(name_reused_as_integer_and_float, 0.7),
    case(three_roles_of_one_variable, data(5, 3), 0.4),
    case(constant_overwrites_active, 0.7, 5),
    case(inactive_chain_beside_active, 0.7, 4),
    case(result_unused, 0.7, 1.2),
    case(argument_unused, 0.7, 1.2),
    case(argument_returned, 0.7, 1.2),
    case(constant_through_integer, 1.73),
    case(no_derivative_through_integer_only, 1.73, 0.6),
    case(conversions, 0.7, 3, True),
    case(min_max_abs, 0.7, 1.2, 0.3),
    case(ternary_chain_of_alternatives, 0.7, 7),
    case(argument_overwritten_in_loop, 0.7, 6),
    case(bool_variable_as_state, np.array([0.4, 0.7, 1.3, 0.6, 1.1])),
    case(chained_assignment, 0.7, 1.2),
    case(annotated, 0.7, 3),
    case(loop_variables_read_in_parts_of_expressions, data(6, 4), 0.7, 4),
    case(integer_or_float_first_bound_in_a_loop, 0.7, 4),
    case(several_results, 0.7, 1.2, scalar=False),
    case(results_of_different_kinds, 0.7, 4, scalar=False),
    case(nested_tuple_result, 0.7, 1.2, scalar=False),
]
