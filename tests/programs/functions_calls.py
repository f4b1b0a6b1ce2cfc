"""Programs about what crosses a call: tuples, named tuples, arrays and views as arguments and as results."""

import functools
import math
from typing import NamedTuple

import numba
import numpy as np
from numba import njit

from .program import Program, case, data


class Point(NamedTuple):
    """A named tuple of two floats."""

    x: float
    y: float


class Layer(NamedTuple):
    """A named tuple of arrays."""

    weights: np.ndarray
    bias: np.ndarray


@njit
def norm_of(point):
    return math.sqrt(point.x * point.x + point.y * point.y)


@njit
def next_power(x, y):
    return x * y + 0.1


@njit
def chain_of_calls(x, y):
    return next_power(x, next_power(y, x)) * square_of(x)


@njit
def square_of(x):
    return x * x


@njit
def descend_evenly(x, n):
    if n <= 0:
        return x
    return descend_oddly(x * 1.3, n - 1)


@njit
def descend_oddly(x, n):
    if n <= 0:
        return x * x
    return descend_evenly(math.sin(x), n - 1)


@njit
def sort_between(a, low, high):
    if low >= high:
        return
    pivot = a[high]
    store = low
    for i in range(low, high):
        if a[i] < pivot:
            a[i], a[store] = a[store], a[i]
            store += 1
    a[store], a[high] = a[high], a[store]
    sort_between(a, low, store - 1)
    sort_between(a, store + 1, high)


@njit
def add_unless_empty(a, x):
    if len(a) == 0:
        return
    a[0] += x
    if x > 5.0:
        return
    a[-1] *= x


@njit
def same_array(a):
    return a


@njit
def row_of(matrix, i):
    return matrix[i]


@njit
def longer_of(a, b):
    if a[0] > b[0]:
        return a
    return b


@njit
def step_of_state(state, h):
    position, speed = state
    return position + h * speed, speed - h * math.sin(position)


@njit
def split_sum(a):
    even = np.zeros(2)
    odd = np.zeros(2)
    for i in range(len(a)):
        if i % 2 == 0:
            even[i // 2 % 2] += a[i] * a[i]
        else:
            odd[i // 2 % 2] += a[i]
    return even, odd


@njit
def count_above(a, limit):
    count = 0
    for value in a:
        if value > limit:
            count += 1
    return count


def tuple_argument(pair, x):
    a, b = pair
    return a * b + pair[0] * x - pair[-1]


def tuple_argument_in_loop(values, x):
    total = 0.0
    for value in values:
        total = total * x + value
    for i in range(len(values)):
        total += values[i] * values[0]
    return total


def tuple_carried_through_loop(x, n):
    state = (x, x * x)
    for _ in range(n):
        state = (state[1], 0.5 * state[0] * state[1] + x)
    return state[0] + state[1]


def tuple_of_arrays(arrays, x):
    a, b = arrays
    total = 0.0
    for i in range(len(a)):
        b[i] += a[i] * x
        total += b[i] * arrays[1][0]
    return total


def named_tuple_argument(point):
    return norm_of(point) * point.x + point[1]


def named_tuple_built_inside(x, y):
    point = Point(x * y, y=x)
    return norm_of(point) * point.y


def named_tuple_of_arrays(layer, x):
    out = np.zeros(len(layer.bias))
    for i in range(len(out)):
        out[i] = layer.bias[i]
        for j in range(len(x)):
            out[i] += layer.weights[i, j] * x[j]
    total = 0.0
    for value in out:
        total += math.tanh(value)
    return total


def named_tuple_result(x, y):
    return Point(x * y, math.sin(x))


def array_and_tuple_result(a, x):
    a[0] *= x
    return a, (a[0] * a[1], x)


def helpers_that_call_helpers(x, y):
    return chain_of_calls(x, y) + chain_of_calls(y, 0.5)


def helper_called_with_integer_and_float(x, n):
    return square_of(x) * square_of(n) + square_of(n * x)


def mutual_recursion(x, n):
    return descend_evenly(x, n) * x


def recursion_that_writes(a, x, low):
    sort_between(a, low, len(a) - 1)
    total = x
    for value in a:
        total = total * x + value * value
    return total


def helper_that_returns_nothing_early(a, x):
    add_unless_empty(a, x)
    add_unless_empty(a, a[0])
    return a[0] * a[-1]


def helper_that_returns_its_argument(a, x):
    b = same_array(a)
    b[0] = b[1] * x
    return a[0] * a[0] + b[1]


def helper_that_returns_a_row(matrix, x):
    row = row_of(matrix, 1)
    row[0] *= x
    return matrix[1, 0] * row[1] + matrix[0, 0]


def helper_that_returns_one_of_its_arguments(a, b):
    chosen = longer_of(a, b)
    chosen[1] = chosen[0] * a[1]
    return a[1] * b[1] + chosen[0]


def helper_on_tuple_in_loop(x, y, n):
    state = (x, y)
    for _ in range(n):
        state = step_of_state(state, 0.1)
    return state[0] * state[1]


def helper_that_returns_arrays(a):
    even, odd = split_sum(a)
    again, _ = split_sum(odd)
    return even[0] * odd[1] + even[1] * again[0]


def helper_of_integer_result(a, x):
    n = count_above(a, x)
    return a[n] * n * x


def helper_called_in_condition(a, x):
    total = x
    while square_of(total) < 9.0:
        total = next_power(total, 1.5)
    if count_above(a, total * 0.1) > 1:
        total *= a[0]
    return total


def nested_tuple_argument(nested, x):
    (a, b), c = nested
    return a * b * c + nested[0][1] * x


def mixed_tuple_argument(mixed, x):
    n, y = mixed
    return x * n + x * x * y


def loop_over_tuple_of_arrays(arrays, x):
    total = x
    for a in arrays:
        for i in range(len(a)):
            total += a[i] * a[0]
        a[0] = total
    return total * arrays[0][0]


def doubled(f):
    def g(q):
        return 2.0 * f(q)

    return g


def times(factor):
    def decorate(f):
        @functools.wraps(f)
        def g(*args):
            return factor * f(*args)

        return g

    return decorate


def decorated_inner_functions(x, y):
    @times(x)
    @doubled
    @numba.njit(cache=True)
    def square(q):
        return q * q

    @functools.lru_cache(maxsize=8)
    def cube(q):
        return q * square(q)

    def shifted(f):
        @doubled
        def g(q, p=y):
            return f(q) + p * x

        return g

    @shifted
    @shifted
    def named(q):
        return q * cube(q)

    @(lambda f: lambda q: f(q) + y)
    def last(q):
        return named(q) * y

    return last(x) + cube(y) + cube(y)


def any_number_and_keywords(x, *rest, scale, shift=1.0):
    total = x * shift
    for r in rest:
        total += r * r * scale
    return total


def starred_with_keywords(x, y):
    return any_number_and_keywords(x, y, x * y, scale=y) + any_number_and_keywords(x, scale=x, shift=y)


PROGRAMS: list[Program] = [
    case(tuple_argument, (0.7, 1.2), 0.4),
    case(tuple_argument_in_loop, (0.7, 1.2, 0.9), 0.4),
    case(tuple_carried_through_loop, 0.7, 4),
    case(tuple_of_arrays, (data(8, 3), data(9, 3)), 0.7),
    case(named_tuple_argument, Point(0.7, 1.2)),
    case(named_tuple_built_inside, 0.7, 1.2),
    case(named_tuple_of_arrays, Layer(data(10, 2, 3), data(11, 2)), data(12, 3)),
    case(named_tuple_result, 0.7, 1.2, scalar=False),
    case(array_and_tuple_result, data(13, 2), 0.7, scalar=False),
    case(helpers_that_call_helpers, 0.7, 1.2),
    case(helper_called_with_integer_and_float, 0.7, 3),
    case(mutual_recursion, 0.7, 5),
    case(recursion_that_writes, data(20, 6), 0.7, 0),
    case(helper_that_returns_nothing_early, data(21, 3), 0.7),
    case(helper_that_returns_its_argument, data(22, 2), 0.7),
    case(helper_that_returns_a_row, data(23, 2, 2), 0.7),
    case(helper_that_returns_one_of_its_arguments, np.array([0.6, 0.8]), np.array([1.1, 0.7])),
    case(helper_on_tuple_in_loop, 0.7, 0.4, 5),
    case(helper_that_returns_arrays, data(24, 6)),
    case(helper_of_integer_result, np.array([0.4, 1.2, 0.9, 1.6, 0.3]), 0.7),
    case(helper_called_in_condition, np.array([0.8, 1.3, 0.6]), 0.7),
    case(nested_tuple_argument, ((0.7, 1.2), 0.9), 0.4),
    case(mixed_tuple_argument, (3, 1.2), 0.7),
    case(decorated_inner_functions, 0.7, 1.2, native=False),
    case(starred_with_keywords, 0.7, 1.2, native=False),
    case(loop_over_tuple_of_arrays, (data(25, 3), data(26, 3)), 0.7),
]
