"""Programs that store what the reverse sweep needs in arrays of their own, for good or for a while."""

import math

import numpy as np

from .program import case, data


def stored_once(x):
    y = np.empty(x.size)
    for i in range(x.size):
        y[i] = math.tanh(x[i])
    return np.sum(y * x)


def stored_in_two_dimensions(a):
    y = np.empty(a.shape)
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            t = math.exp(a[i, j] * 0.3)
            y[i, j] = t
            total += t * t * a[i, j]
    return total + y[1, 2]


def stored_again_in_each_step(x):
    y = np.empty(x.size)
    total = 0.0
    for _ in range(3):
        for i in range(x.size):
            t = math.tanh(x[i] + total * 0.1)
            y[i] = t
            total += t * t
    return total


def stored_in_one_place(x):
    y = np.zeros(2)
    total = 1.0
    for i in range(x.size):
        t = math.tanh(x[i] * total)
        y[0] = t
        total += t * t
    return total + y[0]


def stored_in_turns(x):
    y = np.zeros(2)
    total = 1.0
    for i in range(x.size):
        t = math.sin(x[i] * total)
        y[i % 2] = t
        total += t * y[0]
    return total


def stored_and_changed_in_the_next_trip(x):
    y = np.zeros(x.size + 1)
    total = 1.0
    for i in range(x.size):
        t = math.tanh(x[i] * total)
        y[i] = t
        y[max(i - 1, 0)] = 0.5
        total += t * t
    return total + np.sum(y)


def stored_and_changed_after_the_loop(x):
    y = np.zeros(x.size)
    total = 1.0
    for i in range(x.size):
        t = math.tanh(x[i] * total)
        y[i] = t
        total += t * t
    y[1] = total
    for i in range(x.size):
        y[i] += 1.0
    return total * np.sum(y)


def stored_if(x):
    """In one branch what is needed is stored, in the other it is not."""
    y = np.zeros(x.size)
    total = 1.0
    for i in range(x.size):
        t = math.tanh(x[i] * total)
        if i % 2 == 0:
            u = math.exp(t)
            y[i] = u
            total += u * t
        else:
            total += t * t
    return total + np.sum(y)


def stored_through_a_view(a):
    y = np.zeros(a.shape)
    total = 1.0
    for i in range(a.shape[0]):
        row = y[i]
        for j in range(a.shape[1]):
            t = math.tanh(a[i, j] * total)
            row[j] = t
            total += t * t
    return total * y[1, 1]


def stored_backwards(x):
    y = np.zeros(x.size)
    total = 1.0
    for i in range(x.size - 1, -1, -1):
        t = math.tanh(x[i] * total)
        y[i] = t
        total += t * t
    return total * np.sum(y)


def stored_in_the_argument(x):
    total = 1.0
    for i in range(x.size):
        t = math.tanh(x[i] * total)
        x[i] = t
        total += t * t
    return total


def stored_in_single_precision(x):
    y = np.zeros(x.size, np.float32)
    total = 1.0
    for i in range(x.size):
        t = math.tanh(x[i] * total)
        y[i] = np.float32(t)
        total += t * t
    return total


SIX, FOUR_BY_FIVE = data(601, 6), data(602, 4, 5)

PROGRAMS = [
    case(stored_once, SIX),
    case(stored_in_two_dimensions, FOUR_BY_FIVE),
    case(stored_again_in_each_step, SIX),
    case(stored_in_one_place, SIX),
    case(stored_in_turns, SIX),
    case(stored_and_changed_in_the_next_trip, SIX),
    case(stored_and_changed_after_the_loop, SIX),
    case(stored_if, SIX),
    case(stored_through_a_view, FOUR_BY_FIVE),
    case(stored_backwards, SIX),
    case(stored_in_the_argument, SIX),
    case(stored_in_single_precision, SIX),
]
