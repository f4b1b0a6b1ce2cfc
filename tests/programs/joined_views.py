"""Arrays that are one of several views, then written while the memory is known under another name as well.

Each program holds several cases, on arrays of their own: what joins all arrays would hide what goes wrong with one.
"""

from collections import namedtuple

import numpy as np

from .program import case, data

Ends = namedtuple("Ends", "first second")


def written_as_a_whole(x, y, m):
    v = x[:2] if x[0] > 1.0 else x[2:4]
    v *= 3.0
    if y[0] > 1.0:
        w = y[::2]
    else:
        w = y[1:4][::-1]
    w[:] = w * y[0]
    row = m[0] if m[0, 0] > 1.0 else m[:, 1]
    row += m[1]
    return (x * x).sum() + (y * y).sum() * v[1] + (m * m).sum() * w[0] + row[2]


def only_the_base_written(x, y, m):
    v = x[:2] if x[0] > 1.0 else x[2:]
    x[0] = 2.0 * x[1]
    x[3] *= v[1]
    w = y if y[0] > 1.0 else y[1:]
    y[1:3] *= 0.5 + y[0]
    turned = m.T if m[0, 0] > 1.0 else m
    m[1] = np.sin(m[0])
    return v[0] * v[1] + x[0] + w[0] * w[1] ** 2 + (turned[0] * m[2]).sum()


def one_or_the_other(p, q, s):
    if s > 1.0:
        return p
    if p[0] > q[0]:
        p[1] *= 0.5
        return q[::-1]
    return q


def given_back(p, s):
    p *= s
    return p


def chosen_by_helpers(x, y, m):
    v = one_or_the_other(x[:2], x[2:4], x[0])
    v *= x[1]
    w = given_back(y[1:3] if y[0] > 1.0 else y[:2], y[3])
    u = given_back(w, 0.7)
    w[0] += u[1]
    r = one_or_the_other(m[0], m[1:, 1:][0], m[1, 1])
    r[0] = m[2, 0] * r[1]
    return (x * x).sum() + (y * y).sum() * v[0] + (m * m).sum() * w[1] + r[1]


def view_or_copy(x, y, m):
    v = x[:2] if x[0] > 1.0 else x[2:].copy()
    v *= x[3]
    w = 2.0 * y if y[0] > 1.0 else y
    w[1] = y[2] * w[0]
    square = m.reshape(9)[:4].reshape(2, 2) if m[0, 0] > 1.0 else m[:2, :2] * 1.0
    square[1] *= square[0]
    m[0, 0] *= square[0, 1]
    return (x * x).sum() + v[0] + (y * y).sum() * w[1] + (m * m).sum() * square[1, 1]


def two_bases_and_a_choice_of_the_choice(x, y):
    v = x if x[0] > 1.0 else y
    v = v[1:] if x[1] > 1.0 else v[:-1]
    w = v[::-1] if y[1] > 1.0 else v
    w *= 1.5
    x[1] *= y[2]
    v[0] = w[1] * x[0]
    return (x * x).sum() + (y * w).sum() if y.size == 3 else (x * x).sum() + (y * w[0]).sum() + v[2]


def tuples_of_views(x, y, m):
    v, w = (x[:2], x[2:]) if x[0] > 1.0 else (x[2:], x[:2])
    v[0] *= w[1]
    w += v
    ends = Ends(y[:2], y[2:]) if y[0] > 1.0 else Ends(y[2:4], y[1:3])
    ends.first[0] *= 2.0
    ends.second[:] = ends.first * y[1]
    rows = {"a": m[0], "b": m[1]}
    if m[0, 0] > 1.0:
        rows["a"] = m[2]
    rows["a"][0] *= 2.0
    rows["b"] *= rows["a"][1]
    return (x * x).sum() * v[0] + (y * y).sum() + (m * m).sum() * rows["a"][0]


def chosen_in_a_loop(x, y):
    s = 0.0
    for k in range(4):
        v = x[:2] if x[k] > 1.0 else x[2:4]
        s += x[1] * v[1]
        v[0] *= 1.3
    for k in range(3):
        w = y[1:] if k % 2 == 0 else y[:-1]
        y[k] = np.sin(y[k + 1])
        if y[0] < 0.2:
            continue
        s += w[0] * w[1]
    return s + (x * x).sum()


def handed_on_by_loops(x, y, m):
    s = 0.0
    v = x[:2]
    for k in range(4):
        v[0] *= 1.2
        s += x[k] * v[1]
        if x[k] > 1.0:
            v = x[k % 3 : k % 3 + 2]
        else:
            x[0] = v[1] * 0.5
    k = 0
    w = y[:2]
    while k < 3:
        k += 1
        u = w[::-1] if y[k] > 1.0 else y[k - 1 : k + 1]
        u[0] *= 1.3
        if k == 2:
            continue
        w = u
    for row in (m[0], m[:, 1], m[2]):
        row *= 1.2
        s += row[0] * m[1, 1]
    return s + (x * x).sum() + v[0] + (y * y).sum() * w[0] + (m * m).sum()


def returned_early(x, y):
    v = x[:2]
    for k in range(3):
        if x[k] > 1.4:
            v = x[k:] if y[0] > 1.0 else y
            v *= 2.0
            return (x * y).sum() + v[1]
        v[1] *= y[k]
    v = y[:2] if x[0] > 1.0 else v
    y[1] = v[0] * 2.0
    return (x * y).sum() + v[1] * y[1]


def both_views_overlap(x, y):
    """Two choices among the same arrays, written in turn."""
    v = x[:3] if x[0] > 1.0 else x[1:]
    w = x[1:] if x[1] > 1.0 else x[:3]
    v[1] *= w[0]
    w[1] *= v[2]
    old, new = (y[:2], y[2:]) if y[0] > 1.0 else (y[2:], y[:2])
    for _ in range(3):
        new[:] = np.sin(old) + new[::-1]
        old, new = new, old
    return (x * x).sum() + v[0] * w[2] + (y * y).sum() + old[0]


def a_choice_of_two_of_which_one_may_be_the_other(x):
    """That v is chosen from u and w does not make their shadows one."""
    u = x[1:3]
    w = x[:4:2] if x[0] > 1.0 else u
    u[::-1] = 0.5 * w * u
    v = w if x[3] > 1.0 else u[:]
    return w[1] + v[0] * x[0]


M = data(913, 3, 3)
HIGH, LOW = np.array([1.3, 0.8, 1.2, 0.7]), np.array([0.8, 1.2, 0.6, 1.5])
FIRST = M + np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])

PROGRAMS = [
    case(written_as_a_whole, HIGH, LOW, FIRST),
    case(written_as_a_whole, LOW, HIGH, M * 0.5, name="written_as_a_whole_the_other_way"),
    case(only_the_base_written, HIGH, LOW, FIRST, native=False),  # of arrays of two layouts
    case(chosen_by_helpers, LOW, HIGH, FIRST, native=False),
    case(view_or_copy, HIGH, LOW, FIRST),
    case(two_bases_and_a_choice_of_the_choice, HIGH, LOW),
    case(two_bases_and_a_choice_of_the_choice, LOW, HIGH, name="two_bases_and_a_choice_of_the_choice_again"),
    case(tuples_of_views, HIGH, LOW, FIRST, native=False),  # a dict of strings
    case(chosen_in_a_loop, HIGH, LOW),
    case(handed_on_by_loops, HIGH, LOW, M),
    case(returned_early, LOW, HIGH),
    case(both_views_overlap, HIGH, LOW),
    case(a_choice_of_two_of_which_one_may_be_the_other, HIGH, name="a_choice_of_two_that_overlap"),
    case(a_choice_of_two_of_which_one_may_be_the_other, LOW, name="a_choice_of_two_that_are_one"),
]
