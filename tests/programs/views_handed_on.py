"""Programs whose loops hand on views of what they were handed: the adjoints go back through the views, trip by trip."""

import numpy as np

from .program import case, data


def turned_round(x, n):
    y = x
    for _ in range(n):
        y = y[::-1]
    return y[0]


def both_ends_cut_off(x):
    y = x
    total = 0.0
    while y.size > 2:
        total += y[0]
        y = y[1:-1]
    return total


def argument_cut_off(x):
    total = 0.0
    while x.size > 2:
        total += x[0] * x[1]
        x = x[1:]
    return total


def product_cut_off(x, n):
    y = x * x
    for _ in range(n):
        y = y[1:]
    return y[0]


def transposed(x, n):
    a = x
    for _ in range(n):
        a = a.T
    return np.sum(a[0])


def flattened_again_and_again(x, n):
    y = x
    total = 0.0
    for k in range(n):
        y = y.reshape(-1)
        total += y[k] ** 2
    return total


def transposed_changed_and_turned_round(x, n):
    a = x.reshape(4, 3)
    for _ in range(n):
        b = np.ascontiguousarray(a.T) * a[0, 0] + 1.0
        a = b[::-1]
    return np.sum(a[0] * a[-1])


def one_is_a_view_of_the_other(x):
    a, b = x, x * 2.0
    total = 0.0
    for _ in range(3):
        total += a[0] * b[0]
        a, b = b, a[1:]
    return total + a[0] * b[0]


def both_and_a_view(x):
    a = x * 1.0
    b = x * 1.0
    total = 0.0
    for k in range(3):
        total += a[1] * b[-1] ** 2
        b = a[: 3 + k % 2]
        if k == 1:
            a = a * 1.5
    return total


def views_crossed(x, y):
    a, b = x * 1.0, y * 1.0
    total = 0.0
    for _ in range(3):
        total += a[0] * b[-1] ** 2 + a[-1]
        a, b = b[::-1], a[::-1]
    return total


def row_cut_off_in_an_inner_loop(x):
    a = x.reshape(2, 6)
    total = 0.0
    for k in range(3):
        row = a[k % 2]
        while row.size > 1:
            total += row[0] * row[-1]
            row = row[1:-1]
        a = a[:, ::-1]
        a = a[::-1]
    return total


def cut_off_until_it_breaks(x):
    y = x
    total = 0.0
    for k in range(5):
        if y.size < 3:
            break
        total += y[0] ** 2 * y[-1]
        y = y[1:]
        if k == 1:
            continue
        total += y[1]
    else:
        total *= 2.0
    return total * y[0]


def view_of_a_view(x):
    y = x.reshape(3, 4)
    total = 0.0
    for _ in range(2):
        z = y.T
        w = z[1:]
        total += w[0, 0] * z[0, 0]
        y = w.T
    return total + np.sum(y * y)


def one_view_under_two_names(x):
    y, z = x, x
    total = 0.0
    for _ in range(3):
        z = y[1:]
        total += z[0] * y[0]
        y = z
    return total + z[0] + y[0]


def swapped_where_it_does_not_break(x, n):
    """Whether a branch has left the loop is found again, in a branch that hands on arrays as well."""
    y = x * 1.0
    z = x * 2.0
    for k in range(n):
        z = y[y.size // 2 :]
        if z.size > 2:
            if y.size > 40 or k == 3:
                break
            y, z = z, y
        y = z + z[::-1]
    return np.sum(y**2) + np.sum(z**2)


def broken_off_beside_arrays_that_grow(x, n):
    """What one side of a branch computes is not computed again on the way to what the other side has chosen."""
    total = 0.0
    y = x * 1.0
    z, w = y, y
    for k in range(n):
        w = y[::1]
        if y[0] > w[-1]:
            y = np.append(w, w[-1])
        else:
            if w.size > 40 or k == 3:
                break
            z = np.sin(w) + w[0]
        w, y = y, w
        y = np.append(y, y[-1])
        if k % 2 == 0:
            z = y[::2]
        else:
            total += np.sum(w) * 0.1 + z[0] * w[-1] ** 2
    return total + np.sum(y**2) + np.sum(z**2) + np.sum(w**2)


def broken_off_by_a_size_of_the_branch(x, n):
    """The size that decides about the end of the loop is that of an array of the same branch."""
    total = 0.0
    y = x * 1.0
    z = y[1:]
    w = z
    for k in range(n):
        z = np.append(y, z[-1])
        w = np.cumsum(y)
        if y[0] > z[-1]:
            if w[0] > z[-1]:
                w = z[::2]
                z = np.sin(w) + w[0]
            else:
                total += w[0]
            if k % 2 == 0:
                if w.size > 40 or k == 3:
                    break
                total += z[0]
        w = y[: max(1, y.size - 1)]
        z = np.cumsum(w)
    return total + np.sum(y**2) + np.sum(z**2) + np.sum(w**2)


VECTOR, TWELVE, MATRIX = data(611, 6), data(612, 12), data(613, 2, 3)

PROGRAMS = [
    case(turned_round, VECTOR, 3),
    case(both_ends_cut_off, VECTOR),
    case(argument_cut_off, VECTOR),
    case(product_cut_off, VECTOR, 2),
    case(transposed, MATRIX, 1, native=False),  # of arrays of two layouts
    case(flattened_again_and_again, VECTOR, 2),
    case(transposed_changed_and_turned_round, TWELVE, 3),
    case(one_is_a_view_of_the_other, VECTOR),
    case(both_and_a_view, VECTOR),
    case(views_crossed, VECTOR, VECTOR[::-1].copy()),
    case(row_cut_off_in_an_inner_loop, TWELVE),
    case(cut_off_until_it_breaks, VECTOR),
    case(view_of_a_view, TWELVE),
    case(one_view_under_two_names, VECTOR),
    case(swapped_where_it_does_not_break, VECTOR, 4),
    case(broken_off_beside_arrays_that_grow, VECTOR[:5].copy(), 4),
    case(broken_off_beside_arrays_that_grow, VECTOR[4::-1].copy(), 4, name="broken_off_beside_arrays_that_shrink"),
    case(broken_off_by_a_size_of_the_branch, VECTOR, 4),
]
