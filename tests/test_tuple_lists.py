"""Lists of tuples that grow and change."""

import math
from collections import namedtuple

import numpy as np
import pytest
from numba.typed import List

from dualad.testing import check_grads

X = np.array([0.7, 0.21, 0.9, 1.1, 0.6])
Point = namedtuple("Point", "x y")


def put(items, a, b):
    items.append((a, b))


def events(x):
    found = []
    for i in range(x.size):
        if x[i] > 0.5:
            put(found, i, x[i] * x[i])
    total = 0.0
    for i, v in found:
        total += v * (i + 1)
    return total + found[0][1] * len(found) + found[-1][1]


def stack(x):
    todo = [(0, x.size - 1, x[0])]
    total = 0.0
    while todo:
        low, high, v = todo.pop()
        if high - low < 1:
            total += v * x[low]
            continue
        middle = (low + high) // 2
        todo.append((low, middle, v * 0.5))
        todo.append((middle + 1, high, v * x[middle]))
    return total


def of_classes(x):
    points = [Point(x[0], 1.0)]
    for i in range(1, x.size):
        points.append(Point(points[-1].x + x[i], math.sin(x[i])))
    points[0] = Point(x[1] * 2.0, x[2])
    return sum([p.x * p.y for p in points]) + sum(p.y for p in points[1:])


def nested(x):
    pairs = [(v, (v * v, k)) for k, v in enumerate(x) if v > 0.3]
    total = 0.0
    for k, (a, (b, j)) in enumerate(pairs):
        total += a * b * (j + k)
    return total


def with_methods(x):
    pairs = [(v, v * v) for v in x if v > 0.0]
    pairs.reverse()
    pairs.insert(1, (x[0] + 1.0, 2.0))
    pairs.extend([(x[1], 1.0), (x[2] * 2.0, 3.0)])
    del pairs[0]
    other = pairs.copy()
    other.clear()
    first, _ = pairs.pop(1)
    pairs[-2] = (x[3], x[4] * x[4])
    pairs += [(x[0], 2.0)]
    pairs += pairs[1:3]
    more = pairs + [(x[1], first)]
    a = np.array(more)
    return sum([a * b for a, b in more]) * (1.0 if isinstance(more, list) else 0.0) + len(other) + a[1, 0] * a[2, 1]


def of_arrays(x):
    pairs = List()
    for k in range(3):
        pairs.append((x * k, x[k]))
    a, b = pairs.pop()
    return sum([np.sum(a) * b for a, b in pairs]) + np.sum(a) * b


def made_in_branches(x):
    pairs = [] if x[0] > 0.5 else [(x[1], x[2])]
    for k in range(3):
        pairs.append((x[k], x[k + 1]))
    if x[1] < 0.5:
        pairs = [(x[2], x[3])]
        pairs.append((x[0], x[4]))
    for _ in range(2):
        new = []
        for a, b in pairs:
            new.append((a * b, b + x[0]))
        pairs = new
    return sum([a * b for a, b in pairs])


def in_a_dict(x):
    known = {}
    for k in range(x.size):
        if k % 2 not in known:
            known[k % 2] = x[k:] * x[k], x[k]
    a, b = known[x.size % 2]
    total = 0.0
    for k, (u, v) in known.items():
        total += np.sum(u) * v * (k + 1)
    return np.sum(a) * b + total


PROGRAMS = [events, stack, of_classes, nested, with_methods, of_arrays, made_in_branches, in_a_dict]


@pytest.mark.parametrize("f", PROGRAMS)
def test_lists_of_tuples(f):
    check_grads(f, (X,))


def copies(x):
    y, z = np.array(x), np.array(2.0 * x[1:])
    x[0] = 0.0
    return np.sum(y[1:] * z**2) * y[0]


def test_an_array_of_an_array_is_a_copy():
    check_grads(copies, (X,))
