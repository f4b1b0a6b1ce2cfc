"""Programs whose own names are those that generated code would like to use, or that hide a global or a builtin."""

import math

import numpy as np
from numba import njit

from .program import Program, case, data

x_bar = 1.3


@njit
def pullback(value, partial):
    tape = value * partial
    return tape * tape


def adjoint_names(x, x_bar, x_dot):
    x_bar_0 = x * x_bar
    x_0 = x_bar_0 * x_dot
    x_bar = x_0 + x_bar
    x_bar_bar = x_bar * x
    return x_bar_bar + x_dot


def tape_names(tape, top, trips):
    value = tape[0]
    block = tape[1] * value
    for trip in range(trips):
        value = value * top + block
        tape[0] += value * trip
    partials = value * tape[0]
    return partials


def names_of_modules(x, y):
    np = x * y
    numba = np * x
    dualad = numba + y
    return dualad * np


def name_of_math_used_for_a_number(math):
    return math * math + np.sin(math)


def names_of_functions(value, pullback):
    grad = value * pullback
    vjp, jvp = grad * value, grad + pullback
    return vjp * jvp


def helper_whose_locals_clash(value, tape):
    partial = pullback(value, tape)
    tape = pullback(tape, partial)
    return value * tape + partial


def global_of_the_name_of_an_adjoint(x):
    return x * x_bar + x * x


def names_of_builtins(max, len):
    abs = max * len
    sum = abs + max
    float = sum * abs
    return float * len


def names_with_underscores(_, __, _x):
    _x_ = _ * __
    __ = _x_ * _x
    return __ + _


def numbered_names(x, x1, x_1):
    x2 = x * x1
    x_2 = x2 * x_1
    x1 = x_2 + x
    x_1_1 = x1 * x2
    return x_1_1 * x1


def loop_index_of_the_name_of_an_argument(i, n):
    total = i
    for j in range(n):
        total += i * j
    for i in range(n):
        total = total * 0.9 + i
    return total


def inner_function_hides_outer_names(x, y):
    def inner(y, z):
        x_inner = y * z
        y = x_inner * y
        return y + z

    return inner(x, y) * inner(y, x)


def names_in_greek(α, β):
    γ = α * β
    return math.sin(γ) * α


def result_names(x, out):
    result = x * out[0]
    out[0] = result
    seed = out[0] * x
    shadow = np.zeros(2)
    shadow[0] = seed * result
    shadow[1] = shadow[0] * out[1]
    return shadow[1] + seed


def sweep_names(forward, reverse, n):
    count = n
    index = 0
    step = forward
    while index < count:
        step = step * reverse + index
        index += 1
    return step


def keywords_of_the_generator(ret, done, broke):
    returned = ret * done
    for k in range(3):
        returned += broke * k
        if returned > 1.7:
            done = returned * ret
            break
    return returned * done


PROGRAMS: list[Program] = [
    case(adjoint_names, 0.7, 1.2, 0.9),
    case(tape_names, data(1, 2), 0.7, 4),
    case(names_of_modules, 0.7, 1.2),
    case(name_of_math_used_for_a_number, 0.7),
    case(names_of_functions, 0.7, 1.2),
    case(helper_whose_locals_clash, 0.7, 1.2),
    case(global_of_the_name_of_an_adjoint, 0.7),
    case(names_of_builtins, 0.7, 1.2),
    case(names_with_underscores, 0.7, 1.2, 0.9),
    case(numbered_names, 0.7, 1.2, 0.9),
    case(loop_index_of_the_name_of_an_argument, 0.7, 4),
    case(inner_function_hides_outer_names, 0.7, 1.2),
    case(names_in_greek, 0.7, 1.2),
    case(result_names, 0.7, data(2, 2)),
    case(sweep_names, 0.7, 1.2, 4),
    case(keywords_of_the_generator, 0.7, 1.2, 0.6),
]
