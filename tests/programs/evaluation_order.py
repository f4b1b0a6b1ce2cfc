"""Programs in which something is read before a call that writes into it, or after: Python's order of evaluation.

Also what builtins do with their keywords, since they decide what is called, and when.
"""

import numpy as np

import dualad

from .program import Program, case, data


def double_first(v):
    v[0] = 2.0 * v[0]
    return v[1]


def double_and_copy(v):
    v[0] = 2.0 * v[0]
    return v * 1.0


def shrink(v):
    v *= 0.9
    return v


def second(v):
    v[2] = 0.5 * v[2]
    return 1


def down(v, k):
    if k == 0:
        return v[0]
    v[k] = 0.8 * v[k] + v[0]
    return v[k] - down(v, k - 1)


def grow(items):
    items.append(0.5 * items[0])
    items[0] = 0.7 * items[0]
    return items[-1]


def store(table):
    table["a"] = 0.7 * table["a"] + 0.1
    return table["b"]


def product(p, q, *more, r=0.5):
    return p * q + r - sum(more)


def receivers_before_arguments_before_keywords(x):
    s = (2.0 * x).dot(double_and_copy(x)) + x[0]
    s += np.dot(shrink(x), double_and_copy(x)) - (x @ shrink(x)) * x[1]
    s -= product(double_first(x), q=x[0]) + product(q=x[0], p=double_first(x))
    s += product(r=x[0], *(double_first(x), x[0])) + product(x[2], *(second(x), x[2]), x[0], r=down(x, 2))
    return s * shrink(x)[second(x)] + x[second(x) :].sum()


def items_before_what_is_added_to_them(x, m):
    items, table = [x[0], x[1]], {"a": x[2], "b": x[3]}
    x[0] += double_first(x)
    x[second(x)] *= double_first(x)
    m[1] -= shrink(m[1]) * down(x, 2)
    m.flat[second(x)] += shrink(m[0])[1]
    x[np.array([2, 0])] += shrink(x)[:2]
    shrink(x)[second(x)] = x[3] * double_first(x)
    items[0] += grow(items)
    table["a"] += store(table) * double_first(x)
    x[0], x[second(x)] = x[second(x)], double_first(x)
    x[3] = s = x[second(x)] = double_first(x) * x[2]
    return np.sum(x) + np.sum(m * m) + items[0] * items[1] + items[-1] + table["a"] + s


def displays_comparisons_and_defaults(x):
    pair = (x[0], double_first(x), x[0])
    table = {"a": x[0], "b": double_first(x), "c": x[0]}
    packed = np.array([x[0], down(x, 2), x[0], x[2]])
    inner = lambda p, q=double_first(x): p * q + x[0]  # noqa: B008, E731
    s = 1.0 if x[0] < double_first(x) + 2.0 * x[0] < x[0] * 2.5 else x[2]
    s += x[2] and double_first(x) and x[0]
    s += x[0] if double_first(x) < 0.0 else down(x, 1) * x[1]
    s += sum((v * x[0] for v in shrink(x)), double_first(x)) + sum([x[0], double_first(x)], start=x[0])
    s += (y := double_first(x)) * x[0] - y + inner(x[0]) * max(x[0], double_first(x), key=lambda p: p * p)
    return s + pair[0] * pair[2] + table["a"] * table["c"] + np.sum(packed * packed)


def tests_of_loops_that_write(x):
    table = {"a": x[0], "b": x[1]}
    trips = 0
    s = 0.0
    while trips < 2 and store(table) < 5.0:
        trips += 1
        s += table["a"]
    while store(table) < 5.0 and table["a"] > 0.42:
        s += x[0]
    while shrink(x)[0] > 0.5:
        s += x[1]
    while np.sum(x) > 0.2:
        x.sort()
        x.fill(0.4 * x[0])
    return s + table["a"] + x[2]


def keywords_of_builtins(x, s):
    total = sum([x, x], start=x)[0] + sum(x) * sum(x[1:], start=s) + sum(k * s for k in range(4))
    total += max(x[0], -3.0 * s, key=abs) + min(x[0], x[1], s, key=lambda p: -p) + max([], default=s)
    total += max(x) * min(x) + max(x, key=lambda p: (p - s) ** 2) + min([p * s for p in x], default=0.0)
    total += max((x[0], s), (s, x[1]), key=lambda p: p[1])[0]
    for k, (p, q) in enumerate(zip(x, x[::-1], strict=True), start=2):
        total += k * p * q + pow(p, 2) * round(q, ndigits=1) + pow(base=q, exp=s)
    return total + np.concatenate((x, x * x), axis=None)[5] + np.dot(a=x, b=x)


def derivatives_of_functions_that_write(x):
    def scaled(v):
        v[0] = 2.0 * v[0]
        return v[0] * v[1]

    value, slope = dualad.value_and_grad(scaled)(x)
    squared, pullback = dualad.vjp(lambda v: np.sum(v * v), x)
    same, dot = dualad.jvp(lambda v: v[1:], (x,), (x * x,))
    same[0] = value * x[0]
    x[0] = squared
    return np.sum(pullback(value)[0] * slope) + np.sum(same * dot) + x[0] * x[1]


def derivatives_of_functions_with_defaults(x):
    pushed = dualad.jvp(lambda p, k=2.0, *, c=x[1]: (p * p * k, (p * c,)), (x[0],), (1.0,))[1]
    more = dualad.jvp(lambda p, *q: p * q[0] * q[1], (x[0], x[1], 2.0), (1.0, x[2], 0.0))[1]
    bars = dualad.vjp(lambda p, k=x[1]: p * p * k, x[0])[1](x[2])
    curved = dualad.hvp(lambda p, k=3.0, *, c=2.0: p**3 * k * c, (x[0],), (x[1],))
    slope = dualad.grad(lambda p, k=x[2]: p * p * k)(x[0])
    return pushed[0] * pushed[1][0] + more + bars[0] * len(bars) + curved + slope


X = data(811, 4)

PROGRAMS: list[Program] = [
    case(receivers_before_arguments_before_keywords, X, native=False),
    case(items_before_what_is_added_to_them, X, data(812, 2, 4), native=False),
    case(displays_comparisons_and_defaults, X, native=False),
    case(tests_of_loops_that_write, X, native=False),
    case(keywords_of_builtins, X, 0.7, native=False),
    case(derivatives_of_functions_that_write, X, native=False),
    case(derivatives_of_functions_with_defaults, X, native=False),
]
