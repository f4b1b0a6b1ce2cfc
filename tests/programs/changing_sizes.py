"""Programs whose loops hand on arrays that change their sizes, or keep them: adjoints have the sizes of the trip."""

import numpy as np

import dualad

from .program import case, data


def grows(x):
    z = x
    total = 0.0
    for k in range(4):
        total += np.sum(np.sin(z) * (k + 1))
        z = np.concatenate((z, z[:1] * 2.0))
    return total


def shrinks(x):
    z = x * 1.0
    while z.size > 1:
        z = z[1:] * z[:-1] + 0.1 * z[1:]
    return z[0]


def two_sizes_swapped(x, y):
    a, b = x * 1.0, y * 2.0
    total = 0.0
    for k in range(3):
        total += np.sum(a * a) * (k + 1) + np.sum(b) * a[0]
        a, b = b, a
    return total


def grows_in_one_branch(x, n):
    z = x * 1.0
    for k in range(n):
        z = np.concatenate((z, x)) if k == 1 else np.sin(z) * 1.5
    return np.sum(z * z)


def one_number_that_becomes_many(x):
    z = np.array([x[0]])
    for _ in range(3):
        z = z * x + np.sum(z)
    return np.sum(z)


def one_number_or_many(x, y):
    """Each of the two takes the other's size, by broadcasting, in the trip in the middle."""
    a, b = x * 1.0, x * 2.0
    for k in range(3):
        c = a + b
        a = b
        b = c[:1] * y if k == 1 else c
    return np.sum(a) * np.sum(b)


def appended(x, n):
    y = x
    total = 0.0
    for k in range(n):
        if k == 2:
            continue
        total += y[-1] * y[0]
        y = np.append(y[1:], y[0] * y[k])
    return total + np.sum(y * y)


def shrinks_in_an_inner_loop(x):
    a = x * 1.0
    for i in range(2):
        b = a * 2.0
        for j in range(2):
            b = b[1:] + a[j]
        a = np.concatenate((b, x[:i]))
    return np.sum(a * a)


def shrinks_or_is_replaced(x):
    z = x * 1.0
    for _ in range(3):
        z = z[:-1] * 1.2
        if z.size == 2:
            break
    else:
        z = x * 3.0
    return np.sum(z * z) + z.size * x[0]


def quartic(z):
    return np.sum(z**4) + z[0] * z[-1]


slope_of_quartic = dualad.grad(quartic)


def descent_by_gradients(x):
    """All arrays have one size, and follow from each other."""
    z, slope = x * 1.0, np.zeros(x.size)
    for _ in range(3):
        slope = slope_of_quartic(z)
        z = z - 0.1 * slope
    return np.sum(z * slope)


def fewer_and_fewer_by_gradients(x):
    z, slope = x * 1.0, x * 1.0
    total = 0.0
    for _ in range(3):
        total += np.sum(slope * slope)
        z = z[1:] * 1.1
        slope = slope_of_quartic(z)
    return total


VECTOR = data(601, 5)

PROGRAMS = [
    case(grows, VECTOR),
    case(shrinks, VECTOR),
    case(two_sizes_swapped, VECTOR, VECTOR[:3].copy()),
    case(grows_in_one_branch, VECTOR, 3),
    case(one_number_that_becomes_many, VECTOR),
    case(one_number_or_many, VECTOR, VECTOR[:1].copy()),
    case(one_number_or_many, VECTOR[:1].copy(), VECTOR, name="many_numbers_or_one"),
    case(appended, VECTOR, 4),
    case(shrinks_in_an_inner_loop, VECTOR),
    case(shrinks_or_is_replaced, VECTOR),
    case(shrinks_or_is_replaced, VECTOR[:4].copy(), name="shrinks_and_is_not_replaced"),
    case(descent_by_gradients, VECTOR),
    case(fewer_and_fewer_by_gradients, VECTOR),
]
