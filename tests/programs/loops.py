"""Programs that tempt a compiler: what looks like the same in every trip, or like an element that nobody writes.

Each has a twin in which the temptation is right, so that both the gain and its limits are exercised.
"""

import math

import numpy as np

from .program import Program, case, data

# ---------------------------------------------------------------- what does not change in a loop


def scaled_rows(a, scales):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += math.exp(-scales[i]) * a[i, j] ** 2 + scales[0] * scales[i]
    return total


def no_trips_no_load(a, x, n):
    """The load before the inner loop does not exist where that loop has no trips."""
    total = x
    for i in range(3):
        for j in range(n[i]):
            total = total * 0.5 + a[n[i] - 1] * math.sqrt(a[j + n[i]]) * x
    return total


def guarded_division(a, x, n):
    total = 0.0
    for i in range(len(n)):
        for j in range(n[i]):
            total += x / (n[i] * 1.0) * a[j] + a[j] % (1.0 / n[i])
    return total


def check_before_load(a, x, where):
    total = 0.0
    for i in range(2):
        for j in range(len(a)):
            if where >= len(a):
                raise ValueError("no such place")
            total += a[where] * x * a[j]
    return total


def written_in_loop(a, x):
    """a[1] changes in one trip of the loop."""
    total = 0.0
    for i in range(len(a)):
        total += a[1] * x
        a[i] = total * 0.5
    return total + a[1]


def written_through_view(a, x):
    row = a[1]
    total = 0.0
    for i in range(a.shape[1]):
        total += a[1, 0] * a[0, i] * x
        row[i] = math.sin(total)
    return total * row[0]


def written_in_inner_loop(a, x):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[0, 0] * x
        for j in range(a.shape[1]):
            a[j % 2, i] = a[i, j] * 0.7 + total
    return total * a[0, 0]


def constant_branch_in_loop(x, y, n):
    total = 0.0
    for i in range(n):
        step = math.log(x) if y > 0.5 else x * y
        total += step * step * math.sin(total + i)
    return total + x * y


def invariant_of_three_loops(a, p):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(2):
                total += p[0] * math.sin(p[1]) * a[i, j] * (k + 1) + math.cos(p[i] * a[i, 0]) * total * 0.1
    return total


def invariant_in_while(a, p, x):
    while x < p[0]:
        x = x * p[1] + a[0] * math.exp(-a[1])
    return x


def handed_on_invariant(a, x):
    last = x
    total = 0.0
    for i in range(len(a)):
        total += last * a[i]
        last = a[1] * x
    return total + last


# ---------------------------------------------------------------- values that are at hand


def loaded_again(a, b, x):
    a[0] = x * b[0]
    s = a[0] * a[0]
    b[0] = 3.0 * s
    t = a[0] * b[0]
    a[-len(a)] = 2.0 * x
    return s * t * a[0] + b[0]


def both_ends(a, x):
    """With two elements, one before the first is one behind it."""
    total = 0.0
    for i in range(len(a)):
        a[i - 1] = a[i] * x
        total += a[i] * a[i - 1]
        a[i] = a[i - 1] + total
    return total


def two_names(a, x):
    b = a
    t = a[0] * x
    b[0] = 2.0 * t
    return t * a[0] * a[1]


def same_in_branches(a, x, flag):
    if flag:
        y = math.sin(x) * a[0]
        a[0] = y
    else:
        y = math.cos(x) * a[0]
    return y * math.sin(x) * a[0] + math.cos(x)


def signed_zeros(x):
    return math.copysign(x, 0.0) * x + math.copysign(x, -0.0) * 3.0


# ---------------------------------------------------------------- elements that are never overwritten


def triangular(a, n):
    """A Cholesky factor in place: column k is final when column j > k is made."""
    for j in range(n):
        for k in range(j):
            for i in range(j, n):
                a[i, j] -= a[i, k] * a[j, k]
        root = math.sqrt(a[j, j])
        for i in range(j, n):
            a[i, j] = a[i, j] / root
    total = 0.0
    for j in range(n):
        total += a[j, j] * a[n - 1, j]
    return total


def triangular_twice(a, n):
    """The second time, the columns of the first are overwritten."""
    total = 0.0
    for _ in range(2):
        for j in range(n):
            for k in range(j):
                for i in range(j, n):
                    a[i, j] -= 0.1 * a[i, k] * a[j, k]
            total += a[j, j] * a[n - 1, j]
        a[0, 0] = math.sin(total)
    return total


def state_by_time(x, p, n):
    u = np.empty(n + 1)
    u[0] = x
    for t in range(n):
        u[t + 1] = u[t] + 0.1 * u[t] * (p - u[t])
    return u[n] * u[n // 2]


def state_backwards(x, p, n):
    u = np.empty(n + 1)
    u[n] = x
    for t in range(n - 1, -1, -1):
        u[t] = u[t + 1] * p * math.sin(t + u[t + 1])
    return u[0] * u[1] + u[2]


def state_in_pairs_of_sums(x, p, n):
    u = np.full(2 * n + 2, x)
    for t in range(0, 2 * n, 2):
        u[t + 1] = u[t] * u[t] + p
        u[t + 2] = u[t + 1] * u[t]
    return u[2 * n]


def triangular_solve(a, b):
    """Back substitution: what is below has its value when it is read."""
    n = b.size
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        rest = b[i]
        for j in range(i + 1, n):
            rest -= a[i, j] * x[j]
        x[i] = rest
    return x[0] * x[1]


def state_then_overwritten(x, p, n):
    u = np.empty(n + 1)
    u[0] = x
    for t in range(n):
        u[t + 1] = u[t] * u[t] * p
    u[1] = 0.3
    return u[n] * u[1]


def state_in_circle(x, p, n):
    """Place 3 is place 0 of the next round."""
    u = np.full(3, x)
    for t in range(n):
        u[(t + 1) % 3] = u[t % 3] * u[(t + 2) % 3] * p
    return u[0] + u[1] * u[2]


def state_with_overlap(x, p, n):
    """Each trip overwrites what the one before read."""
    u = np.full(2 * n + 2, x)
    for t in range(n):
        u[t] = u[t + 1] * u[t + 1] * p
        u[t + 1] = u[t] * u[t + 2]
    return u[0] * u[n]


def state_in_pairs(x, p, n):
    u = np.full(2 * n + 2, x)
    for t in range(0, 2 * n, 2):
        u[t + 1] = math.sin(u[t]) * p
        u[t + 2] = u[t + 1] * u[t]
    return u[2 * n]


def moving_view(x, p):
    """The name `tail` stands for another part of the array in each trip, so that tail[1] is later tail[0]."""
    u = x.copy()
    tail = u
    for _ in range(len(x) - 2):
        tail[0] = tail[1] * tail[1] * p
        tail = tail[1:]
        tail[0] = tail[0] + 0.1
    return u[0] * u[1] + u[len(x) - 2]


def from_the_end(x, p, n):
    """u[t - n] counts from the end: it is the u[t + 1] of the next trip."""
    u = np.full(n + 1, x)
    for t in range(n - 1):
        u[t + 1] = u[t] * u[t] * p
        u[t - n + 1] = u[t + 1] * 0.5
    return u[0] * u[n]


def counter(a, p):
    """The packed lower triangle of a matrix, by a counter that only grows."""
    total = 0.0
    n = a.shape[0]
    place = 0
    for i in range(n):
        for j in range(i):
            total += p[place] * a[i, j] * total * 0.1 + p[place] * a[j, i]
            place += 1
    return total


def countdown(a, p):
    """The counter becomes negative, and counts from the end."""
    total = 1.0
    place = 2
    for i in range(a.shape[0]):
        total += p[place] * a[i, 0] * total
        p[place] = total * 0.1
        place -= 1
    return total * p[0]


# ---------------------------------------------------------------- elements that are read often and overwritten once


def state_through_matrix(w, h, n):
    """Each element is read m times before it is overwritten."""
    m = h.size
    new = np.empty(m)
    for _ in range(n):
        for i in range(m):
            s = 0.0
            for j in range(m):
                s += w[i, j] * h[j] * h[i]
            new[i] = math.tanh(s)
        for i in range(m):
            h[i] = new[i] * 0.9 + 0.1
    return h[0] * h[m - 1]


def state_through_views(w, h, n):
    for t in range(n):
        for i in range(2):
            s = 0.0
            for j in range(3):
                for k in range(2):
                    s += w[i, j] * math.sin(h[0, j] * h[1, k])
            row = h[t % 2]
            row[i] = s
            row[2] *= w[i, 0]
    return h[0, 0] * h[1, 1] + h[0, 2] * h[1, 2]


def state_overwritten_sometimes(w, h, n):
    total = 0.0
    for t in range(n):
        for i in range(h.size):
            for j in range(h.size):
                total += w[i, j] * h[i] * h[j] * h[j]
        for i in range(h.size):
            if total > 0.5 and i != 1:
                h[i] = h[i] * 0.5 + total * 0.01
            elif i == 1:
                for j in range(2):
                    h[j] += 0.1 * h[j + 1] * total
    return total * h[0] * h[1]


def overwritten_between_loops(w, h, x):
    """The writes at the top stand in no loop; h[1] is read again after each of them."""
    total = 0.0
    for i in range(3):
        for j in range(3):
            total += w[i, j] * h[i] * h[j]
    h[1] = x * total
    for i in range(3):
        for j in range(3):
            total += w[i, j] * h[i] * h[j] * h[1]
    h[1] += x
    h[1] = h[1] * x
    for i in range(3):
        for j in range(3):
            total += w[i, j] * h[i] * h[j]
    return total


def permuted_on_the_way(w, h, n):
    """The integers are overwritten as well, and the reverse sweep indexes by them."""
    order = np.arange(h.size)
    total = 0.0
    for t in range(n):
        for i in range(h.size):
            for j in range(h.size):
                total += 0.3 * w[i, order[j]] * h[order[i]] * h[order[j]] ** 2 + 0.02 * h[i] * total
        order[0], order[t % 3] = order[t % 3], order[0]
        order[1] = (order[1] + 1) % 3
        h[order[1]] = math.sin(total)
    return total


def switched_on_the_way(w, h, n):
    on = np.full(h.size, True)
    total = 0.0
    for t in range(n):
        for i in range(h.size):
            for j in range(h.size):
                if on[i] or on[j]:
                    total += w[i, j] * h[i] ** 2 * h[j]
        on[t % 2] = not on[t % 2]
        h[t % 3] *= total
    return total


def state_until(w, h, limit):
    total = 0.0
    while True:
        for i in range(h.size):
            for j in range(h.size):
                total += w[i, j] * h[i] ** 2 * h[j]
        if total > limit:
            break
        for i in range(h.size):
            h[i] = h[i] + 0.3 * math.sin(h[i])
            if i == 1:
                continue
            h[i] *= 1.1
    return total * h[0]


def state_returned(w, h, n):
    """What is returned must not be restored."""
    for _ in range(n):
        s = 0.0
        for i in range(h.size):
            for j in range(h.size):
                s += w[i, j] * h[i] ** 2 * h[j]
        for i in range(h.size):
            h[i] = math.sin(h[i] + 0.1 * s)
    return h, h[0] * w[0, 0]


def read_after_overwriting(w, h, n):
    """The second read in a trip sees the new value, the first the old one."""
    total = 0.0
    for _ in range(n):
        for i in range(h.size):
            before = h[i] * h[0]
            h[i] = math.sin(before) + w[i, i]
            for j in range(h.size):
                total += h[j] * h[i] * w[i, j] * before * h[j]
    return total


def read_before_inner_overwriting(w, h, n):
    """What the outer loop reads at its start is overwritten in the loop inside it."""
    total = 0.0
    for i in range(n):
        first = h[0] * h[1]
        for j in range(h.size):
            for k in range(h.size):
                total += first * h[j] * h[k] * h[k] * w[j, k]
        for j in range(h.size):
            h[j] = first * math.sin(h[j] + total)
        total += first * h[0]
    return total


def chosen_on_the_way(w, h, g, n):
    """The name `state` stands for one of two arrays."""
    total = 0.0
    for t in range(n):
        state = h if t % 2 == 0 else g
        for i in range(h.size):
            for j in range(h.size):
                total += w[i, j] * state[i] ** 2 * h[j]
        state[t % 3] = total * 0.1
    return total


def shifted_elements(x, n):
    """A window moves along: each element is overwritten by its neighbour."""
    window = np.full(4, 0.5)
    total = 0.0
    for t in range(n):
        for i in range(4):
            for j in range(4):
                total += window[i] * window[j] ** 2 * x[t]
        for i in range(3):
            window[i] = window[i + 1]
        window[3] = x[t] * math.sin(total)
    return total


PROGRAMS: list[Program] = [
    case(state_through_matrix, data(330, 3, 3), data(331, 3), 4),
    case(state_through_views, data(332, 2, 3, high=0.6), data(333, 2, 3, high=0.8), 4),
    case(state_overwritten_sometimes, data(334, 3, 3, high=0.5), data(335, 3, high=0.7), 3),
    case(overwritten_between_loops, data(336, 3, 3), data(337, 3), 0.7),
    case(permuted_on_the_way, data(338, 3, 3, high=0.6), data(339, 3, high=0.8), 3),
    case(switched_on_the_way, data(340, 3, 3, high=0.6), data(341, 3), 3),
    case(state_until, data(342, 3, 3), data(343, 3), 60.0),
    case(state_returned, data(344, 3, 3, high=0.5), data(345, 3, high=0.6), 3, scalar=False),
    case(read_after_overwriting, data(346, 3, 3), data(347, 3), 3),
    case(read_before_inner_overwriting, data(348, 2, 2, high=0.6), data(349, 2, high=0.6), 3),
    case(chosen_on_the_way, data(350, 3, 3), data(351, 3), data(352, 3), 4),
    case(shifted_elements, data(353, 5, low=0.05, high=0.3), 5),
    case(scaled_rows, data(301, 3, 4), data(302, 3)),
    case(no_trips_no_load, data(303, 4), 0.7, np.array([2, 0, 1])),
    case(guarded_division, data(305, 4), 0.7, np.array([2, 0, 3])),
    case(check_before_load, data(304, 4), 0.7, 2),
    case(written_in_loop, data(306, 4), 0.7),
    case(written_through_view, data(307, 2, 3), 0.7),
    case(written_in_inner_loop, data(308, 2, 2), 0.7),
    case(constant_branch_in_loop, 1.3, 0.7, 4),
    case(constant_branch_in_loop, 1.3, 0.7, 0, name="constant_branch_in_loop_without_trips", argnums=(0, 1)),
    case(invariant_of_three_loops, data(309, 2, 3), data(310, 2)),
    case(invariant_in_while, data(311, 2), np.array([9.0, 1.2]), 0.7),
    case(handed_on_invariant, data(312, 3), 0.7),
    case(loaded_again, data(314, 3), data(315, 3), 0.7),
    case(both_ends, data(316, 2), 0.7),
    case(both_ends, data(317, 4), 0.7, name="both_ends_of_more"),
    case(two_names, data(318, 2), 0.7),
    case(same_in_branches, data(319, 2), 0.7, True),
    case(same_in_branches, data(319, 2), 0.7, False, name="same_in_branches_not"),
    case(signed_zeros, 0.7),
    case(triangular, data(320, 4, 4) + 4.0 * np.eye(4), 4),
    case(triangular_twice, data(321, 3, 3) + 2.0 * np.eye(3), 3),
    case(state_by_time, 0.3, 1.2, 6),
    case(state_backwards, 0.3, 1.2, 4),
    case(state_in_pairs_of_sums, 0.4, 0.2, 3),
    case(triangular_solve, data(326, 4, 4), data(327, 4)),
    case(state_then_overwritten, 0.9, 1.2, 4),
    case(state_in_circle, 0.9, 1.2, 7),
    case(state_with_overlap, 0.9, 1.2, 4),
    case(state_in_pairs, 0.9, 1.2, 4),
    case(moving_view, data(322, 5), 0.8),
    case(from_the_end, 0.9, 1.2, 4),
    case(counter, data(323, 4, 4), data(324, 6)),
    case(countdown, data(325, 5, 2), data(326, 4)),
]
