"""Programs with lists under several names, lists of arrays that are written later, lists that grow on some paths."""

import math

import numpy as np

from .indexing import quantised
from .program import Program, case


def appended_in_branches_and_read_backwards(x):
    found = []
    for k in range(6):
        if x[k] > 1.0:
            found.append(x[k] * x[0])
        elif x[k] > 0.8:
            found.append(x[k] ** 2)
            found.append(1.0)
    s = 0.0
    for k in range(len(found) - 1, -1, -1):
        s = s * 0.5 + found[k] * (k + 1)
    for v in reversed(found):
        s = s * 0.9 + v
    return s


def arrays_written_while_in_a_list(x):
    kept = []
    z = x * 1.0
    for k in range(3):
        kept.append(z)
        z[k] = z[k] * x[k + 1]
        if k == 1:
            z = z * 2.0
    kept[0][5] = x[0] * kept[2][0]
    s = 0.0
    for a in kept:
        s += (a * a).sum()
    return s


def rows_in_a_list(a):
    rows = []
    for k in range(4):
        rows.append(a[k])
    a[1] = a[2] * a[0, 0]
    rows[3][:] = rows[1] * 2.0
    s = 0.0
    for r in rows:
        s += r @ r
    return s * a[3, 1]


def arrays_taken_off_a_stack(x):
    stack = [x * 1.0, x * x]
    s = 0.0
    while len(stack) > 0:
        z = stack.pop()
        s += z[0] * z[-1]
        if len(z) > 2 and len(stack) < 4:
            stack.append(z[1:] * x[0])
            z[1] = 3.0 * x[2]
            if len(z) > 4:
                stack.append(z[:3])
    return s


def one_row_twice(x):
    row = [x[0]]
    rows = []
    rows.append(row)
    rows.append(row)
    rows[0].append(x[1])
    row[0] *= x[2]
    return rows[1][1] * rows[1][0] * len(row)


def alias_handed_from_trip_to_trip(x):
    a = [x * 1.0]
    b = a
    for k in range(3):
        b.append(x * (k + 1.0))
        b = b if x[k] > 0.0 else [x]
    z = a[-1]
    z[0] = 5.0 * x[1]
    return (b[3] * b[3]).sum() * a[1][0]


def lists_empty_on_one_path(x):
    few = [x[1]] if x[0] > 0.1 else []
    few.append(x[2])
    front: list = []
    for k in range(3):
        new = []
        for v in front:
            new.append(v * x[k])
        new.append(x[k])
        front = new
    none = []
    for v in x:
        if v > 99.0:
            none.append(v)
    s = x[3]
    for v in none:
        s *= v
    return s * sum(few) * front[0] * (1 + len(none))


def list_read_before_it_is_filled(x):
    totals = []
    for t in range(4):
        current = []
        for k in range(t + 1):
            current.append(x[k] * (1.0 if t == 0 else totals[-1]))
        totals.append(sum(current))
    return totals[-1] * totals[0]


def constants_that_change_in_a_list(x):
    weights = [0.0, 1.0]
    s = 0.0
    for k in range(6):
        s += weights[0] * x[k] ** 2 + weights[-1] * x[k]
        weights[0] = k + 0.5
        weights.append(weights[0] * 2.0)
        if len(weights) > 4:
            weights.pop()
    order = []
    for k in range(6):
        order.append((k * k) % 6)
    for k in range(6):
        s = s * 0.9 + x[order[k]] * x[order[-1 - k]]
        order[k] = 0
    return s


def inner_function_appends(x):
    items = [x[0]]

    def push(v):
        items.append(v * items[0])
        return len(items)

    n = 0
    for k in range(4):
        n = push(x[k])
    return sum(items) * n


def swapped_lists(x):
    a, b = [x[0]], [x[1]]
    for k in range(4):
        a, b = b, a
        a.append(b[-1] * x[k])
        b[0] += a[-1]
    return sum(a) * sum(b) + len(a)


def list_extended_by_itself(x):
    items = [x[0], x[1]]
    items.extend([v * x[2] for v in items])
    items += [items[3] * x[3]]
    items.extend(x[4:])
    return sum(items) * items[2]


def parts_and_sums_of_lists(x):
    items = [v for v in x if v > 0.0]
    ends = items[-2:]
    ends.append(items[1:3][0])
    most, few = items[:-1], items[-100:2] + items[10:] + [x[3]]
    items[0] *= x[1]
    both = [x[2]] + items * 2
    both += ends[:1]
    both += (x[4], x[5])
    history = []
    s = 0.0
    for v in x:
        history.append(v * v)
        window = history[-3:]
        s = s * 0.7 + sum(window) / len(window)
    arrays = [x * 1.0, x * 2.0]
    arrays.append(x * s)
    later = arrays[1:]
    later[0][0] = x[5]
    return sum(both) * sum(most) * few[0] * ends[2] + arrays[1].sum() * (arrays + later)[4][2]


WEIGHTS = [0.5, 2.0]
SETTINGS = {"rate": 3.0, "pair": (1.0, 2.0)}


def lists_and_dicts_around_a_function(x):
    return x[0] * WEIGHTS[1] * SETTINGS["rate"] + SETTINGS["pair"][1] * x[1] * x[2] * sum(WEIGHTS)


def smoother(x):
    """A Kalman filter, then its smoother backwards through the lists of the filter."""
    means, variances = [], []
    mean, variance = 0.0, 1.0
    for t in range(6):
        variance = variance + x[1]
        gain = variance / (variance + x[2])
        mean = mean + gain * (x[t] - mean)
        variance = (1 - gain) * variance
        means.append(mean)
        variances.append(variance)
    for t in range(4, -1, -1):
        means[t] += variances[t] / (variances[t] + x[1]) * (means[t + 1] - means[t])
    return np.array(means) @ np.array(variances)


def dicts_of_layers(x):
    layers = {"first": {"w": x[0], "b": x[1]}, "second": {"w": x[2], "b": x[3]}}
    h = x[4]
    for name in ("first", "second"):
        h = math.tanh(layers[name]["w"] * h + layers[name]["b"])
    layers["first"]["w"] = h * 2.0
    pairs = {}
    for i in (0, 1):
        for j in (0, 1):
            pairs[i, j] = x[i] * x[j + 2]
    return h * layers["first"]["w"] * pairs[0, 1] * pairs.get((5, 5), x[5])


X, A = quantised(531, 6), quantised(532, 4, 5)

PROGRAMS: list[Program] = [
    case(appended_in_branches_and_read_backwards, X, native=False),
    case(arrays_written_while_in_a_list, X),
    case(rows_in_a_list, A),
    case(arrays_taken_off_a_stack, X, native=False),
    case(one_row_twice, X, native=False),
    case(alias_handed_from_trip_to_trip, X, native=False),
    case(lists_empty_on_one_path, X, native=False),
    case(list_read_before_it_is_filled, X),
    case(constants_that_change_in_a_list, X),
    case(inner_function_appends, X, native=False),
    case(swapped_lists, X),
    case(list_extended_by_itself, X),
    case(parts_and_sums_of_lists, X, native=False),
    case(lists_and_dicts_around_a_function, X, native=False),
    case(smoother, X),
    case(dicts_of_layers, X, native=False),
]
