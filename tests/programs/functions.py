"""Programs about functions: helpers, closures, functions as arguments, recursion, strings and flags.

Recursive helpers get their integers from arguments, not from literals. Numba 0.68 aborts with "unresolved symbol" when
a recursive function that was already called from Python is called with a literal by code compiled under another
error_model; that is no fault of the program, and dualad has no hand in it.
"""

import math

import numpy as np
from numba import njit

from .program import Program, case, data


@njit
def square_plus(x, y):
    return x * x + y


@njit
def weighted(x, weight=0.5, offset=0.1):
    return x * weight + offset * x * x


@njit
def sum_of_squares(*values):
    total = 0.0
    for value in values:
        total += value * value
    return total


@njit
def polar(x, y):
    return math.hypot(x, y), math.atan2(y, x)


@njit
def clipped(x, low, high):
    if x < low:
        return low
    if x > high:
        return high
    return x * (2.0 - x)


@njit
def first_above(a, limit):
    for i in range(len(a)):
        if a[i] > limit:
            return a[i] * limit
    return 0.0


@njit
def scale_in_place(a, factor):
    for i in range(len(a)):
        a[i] *= factor


@njit
def add_into(out, a):
    for i in range(len(out)):
        out[i] += a[i] * out[i - 1]


@njit
def cumulative(a):
    out = np.zeros(len(a))
    total = 0.0
    for i in range(len(a)):
        total += a[i] * a[i]
        out[i] = total
    return out


@njit
def apply_twice(f, x):
    return f(f(x))


@njit
def sine_of_double(x):
    return math.sin(2.0 * x)


@njit
def trapezoid(f, low, high, n):
    h = (high - low) / n
    total = 0.5 * (f(low) + f(high))
    for i in range(1, n):
        total += f(low + i * h)
    return total * h


@njit
def power_by_squaring(x, n):
    if n == 0:
        return 1.0
    half = power_by_squaring(x, n // 2)
    if n % 2 == 1:
        return half * half * x
    return half * half


@njit
def fibonacci_like(x, n):
    if n < 2:
        return x + n
    return fibonacci_like(x, n - 1) * x + 0.5 * fibonacci_like(x, n - 2)


@njit
def pairwise_product_sum(a, low, high):
    if high - low == 1:
        return a[low] * a[low]
    middle = (low + high) // 2
    left = pairwise_product_sum(a, low, middle)
    return left * 0.5 + pairwise_product_sum(a, middle, high) * left


def plain_cube(x):
    return x * x * x


def plain_descend(x, n):
    if n == 0:
        return x
    return plain_descend(math.sin(x) * n, n - 1)


def plain_increment(a, i, by):
    a[i] += by


def plain_average(f, x, y):
    return 0.5 * (f(x) + f(y))


def helper_called_once(x, y):
    return square_plus(x, y) * x


def helper_called_many_times(x, n):
    y = x
    for i in range(n):
        y = 0.1 * square_plus(y, x) + square_plus(x, i)
    return square_plus(square_plus(y, x), y)


def helper_with_default_and_keyword(x, y):
    return weighted(x) + weighted(y, 2.0) * weighted(x, weight=y) + weighted(x, offset=y, weight=x)


def helper_with_star_args(x, y):
    return sum_of_squares(x, y, x * y) + sum_of_squares(x) * 2.0


def helper_with_star_args_from_tuple(x, y):
    pair = (x * y, y)
    return sum_of_squares(*pair) * x


def helper_with_several_results(x, y):
    radius, angle = polar(x, y)
    both = polar(angle, radius)
    return radius * angle + both[0] * both[1]


def helper_with_early_returns(x, y):
    return clipped(x, 0.1, 0.9) * clipped(y, 0.1, 0.9) + clipped(x * y, 0.9 * x, 4.0)


def helper_with_early_return_in_loop(a, x):
    return first_above(a, x) + first_above(a, x * 0.5) * 2.0


def helper_that_writes_into_argument(a, x):
    scale_in_place(a, x)
    total = a[0] * a[1]
    scale_in_place(a, a[2])
    return total + a[0] * a[2]


def helper_given_the_same_array_twice(a):
    add_into(a, a)
    return a[0] * a[1] + a[2]


def helper_that_writes_a_row(matrix, x):
    for i in range(matrix.shape[0]):
        scale_in_place(matrix[i], x + i)
    return matrix[0, 0] * matrix[1, 1]


def helper_that_returns_an_array(a):
    first = cumulative(a)
    second = cumulative(first)
    return second[-1] * first[0] + second[1]


def plain_helper(x, y):
    return plain_cube(x) * y + plain_cube(plain_cube(y))


def plain_helper_that_writes(a, x):
    for i in range(len(a)):
        plain_increment(a, i, x * a[i - 1])
    return a[0] * a[-1]


def plain_recursion(x, n):
    return plain_descend(x, n) * x


def plain_function_as_argument(x, y):
    return plain_average(plain_cube, x, y) + plain_average(lambda t: t * x, x * y, y)


def inner_function(x, y):
    def mixed(u, v):
        return u * v + math.sin(u)

    return mixed(x, y) + mixed(y, x * y)


def inner_function_over_active_variable(x, y):
    z = x * y

    def scaled(t):
        return t * z + x

    return scaled(y) * scaled(x)


def inner_function_over_array(a, x):
    def at(i):
        return a[i] * x

    total = 0.0
    for i in range(len(a)):
        total += at(i) * at(0)
    return total


def inner_lambda(x, y):
    bump = lambda t: t * t / (1.0 + x)  # noqa: E731
    return bump(x) + bump(y) * bump(x * y)


def jitted_function_as_argument(f, x):
    return f(x) * apply_twice(f, x) + apply_twice(square_root_of_next, x)


@njit
def square_root_of_next(x):
    return math.sqrt(x + 1.0)


def quadrature_of_helper(x):
    return trapezoid(sine_of_double, 0.0, x, 6)


def lambda_as_argument_of_inner_function(x, y):
    def twice(f, t):
        return f(f(t))

    return twice(lambda t: t * math.exp(-t), x) + twice(lambda t: t * x, y)


def function_chosen_by_name(x, kind):
    if kind == "sine":
        return math.sin(x) * x
    elif kind == "square":
        return x * x
    return x


def flag_chooses_branch(x, y, flag):
    if flag:
        x = x * y
    if not flag or x > 0.1:
        y = y * y
    return x * y


def integer_chooses_branch(x, n):
    total = 0.0
    for k in range(n):
        if k & 1:
            total += x**k
        else:
            total -= x / (k + n)
    return total


def recursion_power(x, n):
    return power_by_squaring(x, n) + power_by_squaring(x * 0.5, n - 2)


def recursion_with_two_calls(x, n):
    return fibonacci_like(x, n)


def recursion_over_array(a, low):
    return pairwise_product_sum(a, low, len(a))


def recursion_in_loop(x, n):
    total = 0.0
    for k in range(n):
        total += power_by_squaring(x + total * 0.1, k)
    return total


def closure_over_number(factor):
    def scaled(x):
        return factor * x * x

    return scaled


def closure_over_array(table):
    def interpolated(x):
        total = 0.0
        for i in range(len(table)):
            total = total * x + table[i]
        return total

    return interpolated


def closure_over_function(f):
    def composed(x):
        return f(x) * f(x * 0.5)

    return composed


@njit
def jitted_program(a, x):
    total = 0.0
    for i in range(len(a)):
        total += clipped(a[i] * x, 0.0, 5.0)
    return total


PROGRAMS: list[Program] = [
    case(helper_called_once, 0.7, 1.2),
    case(helper_called_many_times, 0.7, 3),
    case(helper_with_default_and_keyword, 0.7, 1.2),
    case(helper_with_star_args, 0.7, 1.2),
    case(helper_with_star_args_from_tuple, 0.7, 1.2),
    case(helper_with_several_results, 0.7, 1.2),
    case(helper_with_early_returns, 0.7, 1.2),
    case(helper_with_early_return_in_loop, np.array([0.3, 0.5, 1.4]), 0.8),
    case(helper_that_writes_into_argument, data(1, 3), 0.7),
    case(helper_given_the_same_array_twice, data(2, 3)),
    case(helper_that_writes_a_row, data(3, 2, 2), 0.7),
    case(helper_that_returns_an_array, data(4, 3)),
    case(plain_helper, 0.7, 1.2, native=False),
    case(plain_helper_that_writes, data(5, 3), 0.7, native=False),
    case(plain_recursion, 0.7, 3, native=False),
    case(plain_function_as_argument, 0.7, 1.2, native=False),
    case(inner_function, 0.7, 1.2),
    case(inner_function_over_active_variable, 0.7, 1.2),
    case(inner_function_over_array, data(6, 3), 0.7),
    case(inner_lambda, 0.7, 1.2),
    case(jitted_function_as_argument, sine_of_double, 0.4),
    case(quadrature_of_helper, 1.3),
    case(lambda_as_argument_of_inner_function, 0.7, 1.2),
    case(function_chosen_by_name, 0.7, "sine"),
    case(function_chosen_by_name, 0.7, "square", name="function_chosen_by_another_name"),
    case(flag_chooses_branch, 0.7, 1.2, True),
    case(flag_chooses_branch, 0.7, 1.2, False, name="flag_chooses_the_other_branch"),
    case(integer_chooses_branch, 0.7, 5),
    case(recursion_power, 0.9, 11),
    case(recursion_with_two_calls, 0.7, 6),
    case(recursion_over_array, data(7, 5), 0),
    case(recursion_in_loop, 0.6, 5),
    case(closure_over_number(1.7), 0.6, name="closure_over_number"),
    case(closure_over_array(np.array([0.2, -0.4, 0.9])), 0.6, name="closure_over_array"),
    case(closure_over_function(sine_of_double), 0.6, name="closure_over_function"),
    case(lambda x, y: math.sin(x) * y if x > 0.0 else y, 0.7, 1.2, name="lambda_expression"),
    case(lambda a: a[0] * a[1] + math.exp(a[2]), data(14, 3), name="lambda_over_array"),
    case(jitted_program, data(15, 3), 0.7),
]
