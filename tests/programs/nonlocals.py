"""Programs in which inner functions assign to variables of the functions around them."""

import numpy as np

import dualad

from .program import Program, case, data


def sum_of_calls(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v * x

    add(1.0)
    add(x)
    return total


def changed_in_branches_and_loops(x, n):
    total, count = 0.0, 0

    def step(v):
        nonlocal total, count
        if v > 0.5:
            total = total + v * v
            count += 1
        else:
            total -= v

    for i in range(n):
        step(np.sin(x * i))
        if total > 3.0:
            total = total * 0.5
    return total * count


def two_levels(x):
    a = x

    def outer(k):
        b = k

        def inner(v):
            nonlocal a, b
            a = a * v
            b = b + a

        inner(x)
        inner(2.0)
        return b

    return outer(1.0) * a


def counters_of_their_own(x):
    def make(start):
        n = start

        def increase(by):
            nonlocal n
            n = n + by
            return n

        return increase

    one, other = make(x), make(2.0 * x)
    return one(1.0) * other(x) * one(x) * other(3.0)


def parameter_that_is_assigned_inside(x, y):
    def bump():
        nonlocal x
        x = x * y

    bump()
    bump()
    return x


def array_in_a_while_loop(v):
    w = v * 1.0

    def scale(k):
        nonlocal w
        w = w * k

    while np.sum(w) < 100.0:
        scale(1.5)

    def energy(y):
        return np.sum(w * y)

    return np.sum(w) + dualad.grad(energy)(v[0])


def bound_on_one_path(x):
    def put(v):
        nonlocal t
        t = v

    if x > 0.0:
        put(x * x)
    else:
        t = x
    return t


def in_comprehension_and_walrus(x):
    s = 0.0

    def add(v):
        nonlocal s
        if (s := s + v) > 1.0:
            return s * s
        return s

    ys = [add(x * k) for k in range(3)]
    return ys[0] + ys[2] * s


def tuple_that_is_replaced(x):
    pair = (x, 1.0)

    def step():
        nonlocal pair
        pair = (pair[0] * pair[1], pair[1] + x)

    for _ in range(3):
        step()
    return pair[0] + pair[1]


PROGRAMS: list[Program] = [
    case(sum_of_calls, 3.0, native=False),
    case(changed_in_branches_and_loops, 0.7, 9, native=False),
    case(two_levels, 1.3, native=False),
    case(counters_of_their_own, 1.3, native=False),
    case(parameter_that_is_assigned_inside, 1.3, 0.7, native=False),
    case(array_in_a_while_loop, data(1, 3), native=False),
    case(bound_on_one_path, 2.0, native=False),
    case(in_comprehension_and_walrus, 1.3, native=False),
    case(tuple_that_is_replaced, 0.7, native=False),
]
