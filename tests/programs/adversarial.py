"""Programs that put many difficulties together, found by looking for mistakes: exits of nested loops, views of views,
aliases that branches choose, arrays rebound in loops, what inner functions see."""

import math

import numpy as np
from numba import njit

from .program import Program, case, data


def exits_of_three_nested_loops(a, x):
    total = x
    for i in range(len(a)):
        k = 0
        while True:
            k += 1
            if k > 5:
                total *= 0.9
                break
            if a[i] * k < 0.8:
                total += a[i] * x
                continue
            for j in range(k):
                if j == 3:
                    total += 0.1 * x * x
                    break
                if (i + j) % 2:
                    continue
                total = math.sin(total) + a[j] * x
            else:
                if total > 2.0:
                    return total * x
                continue
            total += 0.01 * total * total
        else:
            total = 1e9
        if i == 4:
            return total * a[i]
    return total - x


def four_loops_deep(x, y):
    s = x
    for i in range(2):
        for j in range(i + 2):
            k = 0
            while k <= j:
                m = 3
                while m > 0:
                    m -= 1
                    if (i + j + k + m) % 4 == 3:
                        continue
                    s = math.sin(s * y + 0.1 * m) + x * 0.2
                    if s > 1.1:
                        s -= y * 0.5
                        break
                k += 1
                s *= 0.95
            y = y * 0.9 + s * 0.05
    return s * y


def twenty_states(x, n):
    a, b, c, d, e = x, x * 2, x + 1, 0.1, 0.2
    f, g, h, i, j = x, 1.0, x * x, 0.3, x
    k, w, m, o, p = 0.0, x, 1, 0.5, x
    q, r, s, t, u = 0.1, x, 2.0, 0.9, x
    for _ in range(n):
        a, b, c, d, e = b * 0.9, c * 0.8, d + x, e * a, math.sin(a)
        f, g, h, i, j = g, h, i, j, f * 0.99
        k += a * f
        w = k * 0.1 + w * 0.5
        m = m + 1
        o = o * m * 0.1
        p, q = q, p
        r = math.tanh(r + s)
        s = s * 0.5 + t
        t, u = u, t * 0.9
    return a + b * c + d * e + f * g + h * i + j * k + w * m + o * p + q * r + s * t * u


def nested_tuple_carried(x, n):
    st = ((x, 0.5), (x * x, 1.0))
    for _ in range(n):
        (a, b), (c, e) = st
        st = ((b + c * 0.3, a), (math.sin(e), a * b))
    return st[0][0] + st[1][1] * st[0][1] - st[1][0]


def for_else_within_for_else(a, x):
    r = 0.0
    for i in range(len(a)):
        for j in range(2, i):
            if i % j == 0:
                r += a[j] * x
                break
        else:
            for k in range(i):
                if a[k] > 1.5:
                    r *= x
                    break
                r += 0.1 * a[i]
            else:
                r += a[i] * a[i]
                continue
            r -= 0.3 * x
        if r > 20:
            break
    else:
        r *= 1.1 * x
    return r


def many_return_paths(a, x, n):
    if n == 0:
        return x
    s = x
    for v in a:
        if v > 1.6:
            if n > 3:
                return s * v
            s += v
            continue
        elif v < 0.4:
            return s - v
        k = n
        while k > 0:
            k -= 1
            s = s * 0.7 + v
            if s > 2.8:
                return s * s * (k + 1)
    if n == 1:
        return s + 1
    return math.exp(-s)


def views_of_views_of_views(A, x):
    v = A[1:, ::2]
    w = v[::-1]
    u = w.T
    u[0, 0] = x * A[0, 0]
    z = u[1]
    z[0] *= A[-1, 0]
    w[1, 1] += z[0] * v[0, 0]
    return A[1, 0] * A[2, 2] * A[-1, -2] + A[1, 2] * A[3, 0]


def rows_swapped_in_loop(A, n):
    u = A[0]
    v = A[1]
    for k in range(n):
        for i in range(1, len(u) - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1]) * u[i]
        u, v = v, u
        if k == 2:
            u = A[2]
    return u[1] * v[2] + A[0, 1] * A[1, 2]


def alias_by_branch_in_loop(a, b, x):
    c = a
    for i in range(len(a)):
        if a[i] > b[i]:
            c = a
        elif i % 3 == 1:
            c = b
        c[i] = c[i] * x + a[0] * b[-1]
        c[(i + 1) % len(a)] *= 0.9
    return a[0] * b[1] + c[2] * a[2] * b[-1]


def index_array_written(a, idx, x):
    out = np.zeros(len(a))
    for k in range(len(idx)):
        i = idx[k]
        out[i] += a[idx[-k - 1]] * x
        idx[k] = (i + k) % len(a)
    for k in range(len(idx)):
        out[idx[k]] *= a[idx[k]]
    return out[0] + out[1] * out[2]


def views_of_a_cube(C, x):
    for k in range(C.shape[0]):
        P = C[k]
        Q = C[:, k]
        R = C[:, :, k]
        for i in range(2):
            P[i, 0] = Q[i, 1] * R[0, i] + x
            R[i, i] *= P[0, i]
            Q[1, i] -= C[k, i, -1]
    return C[0, 0, 0] * C[1, 1, 1] + C[0, 1, 0] * C[1, 0, 1]


def stack_in_array(a, x):
    stack = np.zeros(20)
    top = 0
    for i in range(len(a)):
        stack[top] = a[i]
        top += 1
        while top >= 2 and stack[top - 1] > stack[top - 2]:
            v = stack[top - 1]
            top -= 1
            stack[top - 1] = stack[top - 1] * x + v * 0.3
    s = 0.0
    while top > 0:
        top -= 1
        s = s * 0.5 + stack[top] * stack[top]
    return s


def array_and_views_returned(a, x):
    b = a[1:]
    b[0] = x
    a[2] = b[0] * a[0]
    return a, b, a[::-1]


def overlapping_views_in_loops(a, n):
    u = a[:-1]
    v = a[1:]
    for k in range(n):
        for i in range(len(u)):
            v[i] = u[i] * 0.9 + v[i] * u[-1] * 0.1
        for i in range(len(u) - 1, -1, -1):
            u[i] += v[i] * v[0] * 0.2
    return a[0] + a[-1] * a[2]


def row_or_column_rebound(A, x):
    n = A.shape[0]
    for i in range(n):
        row = A[i]
        if row[0] < row[1]:
            row = A[i - 1]
        else:
            row[0], row[1] = row[1], row[0]
            if i == 1:
                continue
        row[-1] = row[0] * x
        if A[0, 0] * x > 5:
            break
        for j in range(n):
            t = row
            row = A[:, j]
            row[i] = row[i] * 0.9 + t[j] * 0.2
    return A[0, 0] + A[1, 1] * A[2, 2] * A[0, 2]


def temporary_grows_in_while(a, x):
    k = 0
    s = x
    last = a
    while s < 4:
        t = np.zeros(k + 1)
        for i in range(k + 1):
            t[i] = s * 0.1 + (last[i - 1] if i > 0 else a[0])
        s += t[k] * 0.3
        last = t
        k += 1
    return s * last[0] * last[-1]


def tuple_of_arrays_carried(a, n):
    st = (a, a.copy(), 0)
    for k in range(n):
        u, v, c = st
        for i in range(len(u)):
            v[i] = u[i] * 0.9 + v[i] * u[i - 1] * 0.2
        st = (v, u, c + 1)
    return st[0][0] * st[1][1] * st[2]


def written_until_exit(a, x):
    while True:
        for i in range(len(a)):
            a[i] = a[i] * 1.2
            if a[i] > 3.0:
                a[i] = x * a[i - 1]
                return a[i] * a[0]
            if a[i] > 2.0:
                a[i] -= 0.1 * x
                break
        x = x + a[0] * 0.1


@njit
def first_above(a, x):
    for i in range(len(a)):
        if a[i] > x:
            return i, a[i], a[i:]
    return -1, 0.0, a[:1]


def helper_returns_view(a, x):
    i, v, w = first_above(a, x)
    w[0] = v * x
    j, v2, w2 = first_above(w[1:], x * 0.9)
    return v2 * a[i] + w2[0] + j


def inner_sees_rebinding(x, n):
    k = x

    def g(y):
        return y * k

    a = g(x)
    k = x * x
    b = g(x)
    for i in range(n):
        k = k * 0.5 + a
        b += g(b) * 0.1
    return a * b


def inner_default_of_its_time(x):
    def g(y, k=x, *, q=2.0):
        return y * k * q

    x = x * x
    return g(x) + g(x, x) + g(1.0, q=x)


def tuples_taken_apart(t, x):
    (a, (b, c)), e = t
    u = ((b, a), (c * x, e))
    (p, q), (r, s) = u
    return p * q + r * s + u[0][1] * t[0][1][0]


def inner_loop_starts_where_the_outer_says(a, x):
    for i in range(3):
        for h in range(i % 3, 3):
            x = math.sin(x * a[h])
            break
    return x


def inner_loop_left_early_from_computed_start(a, x):
    for i in range(3):
        for h in range(int(a[i] * 2) % 3, 3):
            x = math.sin(x * a[h])
            if x > 0.45:
                break
    return x


def early_return_that_folds_away(x):
    s = 0.5 * x
    for i in range(4):
        k = 4
        if k % 2 == 1:
            return s
        for j in range(2):
            if False:
                return s * 2.0
            s = s * 1.1 + 0.01 * i * j
    return s * x


def tuple_returned_from_a_loop(x, n):
    for i in range(n):
        x = x * 1.3
        if x > 2.0:
            return x, x * i
    return x * x, 0.5 * x


def named_in_the_first_trip(x, n):
    w = 0.1
    for i in range(n):
        if i == 0:
            v = x * 2.0
        elif i % 2 == 1:
            v = v * x
        w = w + v
    return w * v


def loop_whose_test_is_known(x, y):
    k = 0
    c = 0
    while c < 2 and k % 3 == 1:
        c += 1
        d = 0
        while d < c:
            d += 1
            x = x * math.sin(y) + d
        y = x * d
    return x * y + c


PROGRAMS: list[Program] = [
    case(exits_of_three_nested_loops, data(1, 6), 0.7),
    case(four_loops_deep, 0.5, 1.2),
    case(twenty_states, 0.7, 6),
    case(nested_tuple_carried, 0.7, 5),
    case(for_else_within_for_else, data(3, 9), 0.7),
    case(many_return_paths, data(4, 6), 0.8, 0, name="many_return_paths_0"),
    case(many_return_paths, data(4, 6), 0.8, 1, name="many_return_paths_1"),
    case(many_return_paths, data(4, 6), 0.8, 2, name="many_return_paths_2"),
    case(many_return_paths, data(4, 6), 0.8, 3, name="many_return_paths_3"),
    case(many_return_paths, data(4, 6), 0.8, 4, name="many_return_paths_4"),
    case(views_of_views_of_views, data(5, 4, 4), 0.7),
    case(views_of_views_of_views, np.asfortranarray(data(5, 4, 4)), 0.7, name="views_of_views_of_views_fortran"),
    case(views_of_views_of_views, data(6, 8, 8)[::2, ::2], 0.7, name="views_of_views_of_views_strided"),
    case(views_of_views_of_views, data(5, 4, 4).T, 0.7, name="views_of_views_of_views_transposed"),
    case(views_of_views_of_views, data(5, 4, 4)[::-1, ::-1], 0.7, name="views_of_views_of_views_backwards"),
    case(rows_swapped_in_loop, data(7, 3, 5), 5),
    case(alias_by_branch_in_loop, data(8, 6), data(9, 6), 0.8),
    case(index_array_written, data(10, 4), np.array([0, 2, 2, 1, 3, 0]), 0.8),
    case(views_of_a_cube, data(11, 2, 2, 2), 0.8),
    case(views_of_a_cube, data(11, 2, 2, 2).T, 0.8, name="views_of_a_cube_transposed"),
    case(views_of_a_cube, data(12, 4, 2, 6)[::2, :, ::3], 0.8, name="views_of_a_cube_strided"),
    case(stack_in_array, data(13, 8), 0.8),
    case(array_and_views_returned, data(14, 4), 0.8, scalar=False),
    case(overlapping_views_in_loops, data(15, 5), 3),
    case(row_or_column_rebound, data(16, 3, 3), 0.6),
    case(temporary_grows_in_while, data(17, 3), 0.6),
    case(tuple_of_arrays_carried, data(18, 3), 3),
    case(written_until_exit, data(19, 4), 0.6),
    case(helper_returns_view, data(20, 6), 0.9),
    case(inner_sees_rebinding, 0.6, 3, native=False),
    case(inner_default_of_its_time, 0.6, native=False),
    case(inner_loop_starts_where_the_outer_says, np.array([0.9, 0.4, 1.3]), 0.7),
    case(inner_loop_left_early_from_computed_start, np.array([0.9, 0.4, 1.3]), 0.7),
    case(early_return_that_folds_away, 0.7),
    case(tuple_returned_from_a_loop, 0.9, 6, scalar=False),
    case(named_in_the_first_trip, 0.6, 4),
    case(loop_whose_test_is_known, 0.7, 0.4),
    case(tuples_taken_apart, ((0.5, (0.7, 0.9)), 1.2), 0.3),
]
