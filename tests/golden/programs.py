"""Small programs, one for each thing that a pass or a sweep does to the IR."""

import math

import numpy as np

VECTOR = np.array([0.3, 0.8, 1.2])
MATRIX = np.array([[2.0, 0.5], [0.1, 1.5]])


def straight_line(x, y):
    s = x * y
    t = math.sin(s)
    return t * x + s * t


def branch(x, y):
    if x > y:
        t = x * y
    else:
        t = math.exp(y)
    return t * t


def loop_on_the_tape(x, n):
    for _ in range(n):
        x = math.sin(x) * x
    return x


def loop_that_ascends(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] * x[i]
    return s


def while_loop(x):
    while x < 10.0:
        x = x * x + 1.0
    return x


def written_in_place(x):
    x = x.copy()
    for i in range(1, x.size):
        x[i] = x[i] * x[i - 1]
    return x[x.size - 1]


def chosen_view(x, c):
    v = x[:2] if c > 0.0 else x[1:]
    v *= 2.0
    return v[0] * x[1]


def fused_arrays(x, y):
    return np.sum(np.sin(x) * y + 2.0 * x)


def product_with_a_matrix(a, x):
    return a @ x


def solution(a, x):
    return np.linalg.solve(a, x)[0]


def invariant_in_a_loop(x, a):
    s = 0.0
    for i in range(x.size):
        s += x[i] * math.exp(a) * math.exp(a)
    return s


def recursive(x, n):
    return x if n == 0 else x * recursive(math.sin(x), n - 1)


PROGRAMS = {
    straight_line: (0.5, 1.5),
    branch: (0.5, 1.5),
    loop_on_the_tape: (0.5, 3),
    loop_that_ascends: (VECTOR,),
    while_loop: (0.5,),
    written_in_place: (VECTOR,),
    chosen_view: (VECTOR, 1.0),
    fused_arrays: (VECTOR, VECTOR),
    product_with_a_matrix: (MATRIX, VECTOR[:2]),
    solution: (MATRIX, VECTOR[:2]),
    invariant_in_a_loop: (VECTOR, 0.5),
    recursive: (0.5, 3),
}
