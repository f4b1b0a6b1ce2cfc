"""Programs that choose among many: the least, the greatest, the nearest, the first; and loops that fill arrays."""

import math

import numpy as np

from .program import case, data


def nearest(points, centres):
    total = 0.0
    for i in range(points.shape[0]):
        best = np.inf
        for k in range(centres.shape[0]):
            square = 0.0
            for j in range(points.shape[1]):
                square += (points[i, j] - centres[k, j]) ** 2
            best = min(best, square)
        total += best * best
    return total


def nearest_by_branch(points, centres):
    total = 0.0
    for i in range(points.shape[0]):
        best, place = 1e9, -1
        for k in range(centres.shape[0] - 1, -1, -1):
            distance = 0.0
            for j in range(points.shape[1]):
                distance += math.sin(points[i, j] * centres[k, j]) ** 2 + abs(points[i, j] - centres[k, j])
            if distance < best:
                best = distance
                place = k
        total += best * centres[place, 0]
    return total


def lowest_and_highest(x):
    low = high = x[0]
    for i in range(1, x.size, 2):
        y = math.exp(x[i]) * x[0]
        low = min(y, low)
        high = max(high, y * y)
    return high - 2.0 * low


def highest_until(x, limit):
    high = 0.0
    for i in range(x.size):
        high = max(high, x[i] * x[0])
        if high > limit:
            break
    return high * high


def highest_in_while(x):
    high, i = -10.0, 0
    while i < x.size:
        y = x[i] * x[i]
        if y > high:
            high = y * x[0]
        i += 1
    return high


def two_least(x):
    """The second is handed on from the first: no trip of that kind leaves both as they are."""
    first, second = 100.0, 200.0
    for i in range(x.size):
        y = x[i] * math.cos(x[i])
        if y < first:
            second = first
            first = y
        elif y < second:
            second = y
    return first * second


def greatest_of_sums(x):
    """Best sum of neighbours (Kadane): what is chosen from is handed on too."""
    best = here = x[0]
    for i in range(1, x.size):
        here = max(x[i], here + x[i])
        best = max(best, here)
    return best * best


def greatest_and_count(x):
    high, count = x[0], 0
    for i in range(1, x.size):
        if x[i] * x[i] > high:
            high = x[i] * x[i]
            count += 1
    return high * count


def greatest_of_products(x):
    """The loop inside hands on a product, which must be stored."""
    high = -1e9
    for i in range(x.size):
        product = 1.0
        for j in range(i + 1):
            product *= x[j] + 1.5
        high = max(high, product)
    return high


def greatest_where(x, y):
    high = x[0]
    for i in range(x.size):
        if y[i] > 0.0:
            high = max(high, x[i] * y[i])
    return high


def greatest_after_filling(x):
    a = np.empty(x.size)
    high = -1e9
    for i in range(x.size):
        a[i] = x[i] * x[i]
        high = max(high, a[i])
    return high + a[0]


def no_choice(x):
    high = 0.5
    for i in range(x.size):
        high = max(high, x[i] * x[i])
    return high + x[0]


def decoded(x, steps):
    """The best way through a lattice (Viterbi)."""
    n = x.size
    score, new = x.copy(), np.empty(n)
    for _ in range(steps):
        for i in range(n):
            best = -1e9
            for j in range(n):
                best = max(best, score[j] + math.sin(x[i] * x[j]))
            new[i] = best
        for i in range(n):
            score[i] = new[i]
    best = score[0]
    for i in range(1, n):
        best = max(best, score[i])
    return best


def filled_and_read_elsewhere(x):
    n = x.size
    a, b = np.empty(n), np.zeros(2 * n)
    for i in range(n):
        a[i] = x[i] * x[i]
    for i in range(1, n):
        b[2 * i] = a[i - 1] * x[i]
    for i in range(n):
        a[i] = b[i] * x[n - 1 - i]
    return a.sum() + b[2]


def filled_twice_in_a_trip(x):
    n = x.size
    a = np.zeros(n + 1)
    for i in range(n):
        a[i] = x[i] * x[i]
        a[i + 1] = 2.0 * x[i]
    return np.sum(a * a)


def filled_at_one_place(x):
    a = np.zeros(2)
    for i in range(x.size):
        a[i % 2] = x[i] * x[i]
    return a[0] * a[1]


def filled_by_rows(x, n):
    a = np.zeros((n, x.size))
    for i in range(n):
        for j in range(x.size):
            a[i, j] = x[j] ** (i + 1)
    for i in range(n):
        row = a[i]
        for j in range(x.size):
            row[j] = row[j] * x[j]
    return a.sum()


PROGRAMS = [
    case(nearest, data(401, 5, 3), data(402, 4, 3)),
    case(nearest_by_branch, data(403, 4, 3), data(404, 5, 3)),
    case(lowest_and_highest, data(405, 9)),
    case(highest_until, data(406, 8) + 0.5, 1.3, argnums=(0,)),
    case(highest_in_while, data(407, 8) + 0.7),
    case(two_least, data(408, 9)),
    case(greatest_of_sums, data(409, 9)),
    case(greatest_and_count, data(410, 9)),
    case(greatest_of_products, data(411, 6)),
    case(greatest_where, data(412, 7), data(413, 7)),
    case(greatest_after_filling, data(414, 7)),
    case(no_choice, 0.3 * data(420, 4)),
    case(decoded, data(415, 4), 3),
    case(filled_and_read_elsewhere, data(416, 5)),
    case(filled_twice_in_a_trip, data(417, 4)),
    case(filled_at_one_place, data(418, 5)),
    case(filled_by_rows, data(419, 3), 2),
]
