"""Programs about the ways out of a loop or a function: break, continue, else, return, assert, raise."""

import math

import numpy as np

from .program import Program, case, data


def continue_skips(a):
    total = 0.0
    for i in range(a.size):
        if a[i] < 0.9:
            continue
        total += a[i] * a[i]
        if i % 2 == 0:
            continue
        total *= 1.1
    return total


def continue_in_while(x):
    i = 0
    total = x
    while i < 8:
        i += 1
        if i % 3 == 0:
            total = total * 0.5
            continue
        total += math.sin(total) * x
    return total


def break_on_threshold(a):
    total = 0.0
    for value in a:
        total += value
        if total > 3.0:
            total = total * value
            break
        total = total + 0.01 * total * total
    return total


def break_in_nested_loops(x, y):
    total = x
    for i in range(5):
        for j in range(5):
            if i * j > 3:
                break
            total = total * y + i
            if total > 30.0:
                total *= 0.1
                break
        if i == 3:
            break
        total += j * x
    return total


def break_and_continue(a, x):
    total = 0.0
    for i in range(len(a)):
        for j in range(len(a)):
            if i == j:
                continue
            if j > i + 2:
                break
            total += a[i] * a[j] * x
        if total > 50.0:
            break
        total = total * 0.9
    return total


def for_else_taken(a, x):
    for value in a:
        if value < 0.0:
            y = x
            break
    else:
        y = x * x
    return y * a[0]


def for_else_not_taken(a, x):
    y = x
    for i in range(len(a)):
        y = y * a[i]
        if i == 2:
            y = y + a[i] * a[i]
            break
    else:
        y = 0.0
    return y


def while_else(x):
    y = x
    while y < 5.0:
        y = y * 2.0
        if y > 100.0:
            break
    else:
        y = y * x
    return y


def nested_loops_with_else(a, x):
    total = x
    for i in range(len(a)):
        for j in range(i):
            total += a[j] * x
            if total > 4.0:
                break
        else:
            total *= a[i]
            continue
        break
    return total


def early_return(x, y):
    if x > y:
        return x * x
    z = x * y
    if z > 0.1:
        return z * math.exp(-x)
    return z


def early_return_in_loop(a, x):
    y = x
    for value in a:
        y = y * x + value
        if y > 3.0:
            return y * value
    return y


def early_return_in_nested_loops(matrix, x):
    total = x
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total += matrix[i, j] * x
            if total > 5.0:
                return total * matrix[i, j]
        total *= 1.1
    return -total


def early_return_in_while_in_for(x, n):
    y = x
    for i in range(n):
        k = 0
        while k <= i:
            y = y * 1.3 + x
            if y > 8.0:
                return y * y + k * x
            k += 1
    return y


def early_return_of_tuple(x, y):
    if x < y:
        return x * y, x
    return x - y, y * y


def assert_that_holds(x):
    assert x > 0.0, "x must be positive"
    return math.log(x) * x


def raise_not_reached(x, a):
    total = 0.0
    for value in a:
        if value < 0.0:
            raise ValueError("negative value")
        total += math.sqrt(value) * x
    return total


def while_true_return(x):
    y = x
    k = 0
    while True:
        y = y * 1.5 + 0.1 * k
        if y > 7.0:
            return y * x
        k += 1


def return_in_else_of_loop(a, x):
    for i in range(len(a)):
        if a[i] > 100.0:
            x = a[i]
            break
        x = x * a[i]
    else:
        return x * x
    return x


def return_integer_or_float(x):
    if x < 0.0:
        return 0
    return x * x


def return_in_both_branches_in_loop(a, x):
    for value in a:
        if value > 1.0:
            if x > 0.5:
                return value * x
            else:
                return value + x
        x = x * value + 0.3
    return x


def break_out_of_while_in_while(x):
    total = x
    i = 0
    while i < 4:
        j = 0
        while True:
            total = total * 1.1 + 0.1 * j
            j += 1
            if j > i or total > 5.0:
                break
        if total > 5.0:
            break
        i += 1
    return total * total + i * x


def raise_in_helper_style_branch(x, kind):
    if kind == 0:
        y = x * x
    elif kind == 1:
        y = math.exp(x)
    else:
        raise ValueError("kind")
    return y * x


PROGRAMS: list[Program] = [
    case(continue_skips, np.array([0.4, 1.3, 1.6, 0.7, 1.1, 1.2])),
    case(continue_in_while, 0.4),
    case(break_on_threshold, np.array([0.8, 1.1, 0.9, 1.4, 2.0, 0.3])),
    case(break_in_nested_loops, 0.8, 1.3),
    case(break_and_continue, data(13, 6), 0.7),
    case(for_else_taken, data(14, 4), 0.9),
    case(for_else_not_taken, data(15, 5), 0.8),
    case(while_else, 0.7),
    case(nested_loops_with_else, data(16, 6), 0.9),
    case(early_return, 0.6, 1.1),
    case(early_return_in_loop, data(17, 6), 1.1),
    case(early_return_in_nested_loops, data(18, 3, 4), 0.8),
    case(early_return_in_while_in_for, 0.9, 6),
    case(early_return_of_tuple, 0.6, 1.3, scalar=False),
    case(assert_that_holds, 0.7),
    case(raise_not_reached, 0.8, data(19, 4)),
    case(while_true_return, 0.7),
    case(return_in_else_of_loop, data(20, 3), 0.7),
    case(return_integer_or_float, 0.7),
    case(return_in_both_branches_in_loop, np.array([0.6, 0.8, 1.4, 0.3]), 0.7),
    case(break_out_of_while_in_while, 0.7),
    case(raise_in_helper_style_branch, 0.7, 1),
]
