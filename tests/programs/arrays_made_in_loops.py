"""Programs whose loops make arrays and hand them on: what the reverse sweep reads of them must be as it was read."""

import numpy as np

from .program import case, data


def made_and_handed_on(a, x):
    state = x * 1.0
    for _ in range(4):
        state = np.tanh(np.dot(a, state))
    return np.sum(state * state)


def written_after_it_was_read(a, x):
    """The product sees the array as it was before the write that follows."""
    total = 0.0
    for k in range(3):
        u = np.empty(3)
        u[:] = x * (k + 1.0)
        total += np.sum(np.dot(a, u))
        u[1] = total
        total += np.sum(np.dot(u, a))
    return total


def handed_on_and_written(a, x):
    """Each trip writes into what the trip before it has made, after a product has read it."""
    u = np.empty(3)
    u[:] = x
    total = 0.0
    for k in range(3):
        v = np.empty(3)
        v[:] = np.dot(a, u)
        u[k] = 2.0 * total
        total += np.sum(np.dot(a, u) * v)
        u = v
    return total


def written_in_an_inner_loop(a, x):
    """What a trip makes is read and written in turns by a loop inside it."""
    total = 0.0
    for k in range(2):
        u = np.zeros(3)
        for i in range(3):
            u[i] = x[i] + total
            total += np.sum(np.dot(a, u)) * (k + 1.0)
    return total


def written_through_a_view_of_what_is_handed_on(a, x):
    u = x * 1.0
    total = 0.0
    for _ in range(3):
        v = np.zeros(3)
        head, old = v[:2], u[1:]
        head[:] = np.dot(a[:2], u)
        old[0] = total + 1.0
        total += np.sum(np.dot(a, u)) + np.sum(np.dot(a, v))
        u = v
    return total


def one_of_two_is_written(a, x):
    """The array that is written was made in this trip or in an earlier one."""
    u = x * 1.0
    total = 0.0
    for k in range(4):
        v = np.zeros(3)
        v[:] = np.dot(a, u)
        w = u if k % 2 == 0 else v
        total += np.sum(np.dot(a, w))
        w[k % 3] = total * 0.1
        total += np.sum(np.dot(w, a))
        u = v
    return total


def made_around_an_inner_loop_that_hands_on(a, x):
    total = 0.0
    u = x * 1.0
    for _ in range(2):
        v = np.zeros(3)
        for i in range(2):
            total += np.sum(np.dot(a, v))
            v[i] = total + u[i]
            u = np.dot(a, v)
        v[2] = total
        total += np.sum(np.dot(a, v) * u)
    return total


MATRIX, VECTOR = data(501, 3, 3), data(502, 3)

PROGRAMS = [
    case(made_and_handed_on, MATRIX, VECTOR),
    case(written_after_it_was_read, MATRIX, VECTOR),
    case(handed_on_and_written, MATRIX, VECTOR),
    case(written_in_an_inner_loop, MATRIX, VECTOR),
    case(written_through_a_view_of_what_is_handed_on, MATRIX, VECTOR),
    case(one_of_two_is_written, MATRIX, VECTOR),
    case(made_around_an_inner_loop_that_hands_on, MATRIX, VECTOR),
]
