"""Programs with lists that grow or change, comprehensions, dicts with known keys, and tuples of arrays."""

import numpy as np
from numba import njit

from .indexing import quantised
from .program import Program, case

# ------------------------------------------------------------------- lists of numbers


def appended_in_loop(x):
    items = []
    for v in x:
        items.append(v * v)
    return np.array(items) * x, items[0] * items[-1] * len(items)


def read_while_it_grows(x):
    items = [x[0]]
    while len(items) < 5:
        items.append(items[-1] * x[len(items)] + items[0])
    s = 0.0
    for k, v in enumerate(items):
        s = s * v + k * v
    return s * sum(items) * max(items) / min(items)


def stored_into(x):
    items = [0.0] * len(x)
    for k in range(len(x)):
        items[k] = x[k] * 2
    items[1] += x[0]
    items[2] *= items[1]
    items[-1] -= x[3]
    alias = items
    alias.append(items[2] * items[0])
    items[0] = alias[-1]
    return np.array(items), len(alias) * x[0]


def work_list(x):
    todo = [x[0], x[1]]
    s = 0.0
    while len(todo) > 0:
        v = todo.pop()
        s = s * 0.9 + v * v
        if v > 0.32:
            todo.append(v * 0.5)
            todo.append(v * x[2] * 0.2)
    return s


def lists_inside_loops(x):
    s = 0.0
    for k in range(3):
        found = []
        for j in range(k + 2):
            if x[j] > 0.7:
                found.append(x[j] * (k + 1))
        for v in found:
            s = s * v * 0.1 + v
        found.extend(x[:k])
        s += found[-1]
    return s


def list_handed_from_trip_to_trip(x):
    front = [x[0], x[1]]
    for k in range(4):
        new = []
        for v in front:
            new.append(v * x[k])
        new.append(x[k] * len(front))
        front = new
    return np.array(front)


def list_chosen_at_run_time(x, n):
    a = [x[0]]
    b = [x[1], x[2]]
    chosen = a if n > 2 else b
    chosen.append(x[3] * a[0])
    chosen[0] *= x[4]
    return sum(a) * sum(b) * chosen[-1]


def copies_of_lists(x):
    a = list(x)
    b = a.copy()
    c = b
    b[0] = x[3]
    c.append(a[0] * b[0])
    a += [x[1]]
    a.extend(c)
    return np.array(a) * x[0], c[-1]


@njit
def push(items, v):
    items.append(v)
    return len(items)


def helper_appends(x):
    items = [x[1]]
    for k in range(3):
        n = push(items, x[k] * items[0])
        if n > 2:
            push(items, items[-1] * items[-2])
    return np.array(items)


# ------------------------------------------------------------------- lists of arrays and of lists


def states_kept(x):
    states = [x * 1.0]
    z = x * 1.0
    for k in range(3):
        z = z * x + 0.5 * states[-1]
        states.append(z)
    s = 0.0
    for z in states:
        s += z[1] * z[2]
    states[1][2:] *= states[0][1]
    states[2] *= states[1]
    return states[2] * s, states[-1]


def rows_of_lists(x):
    rows = []
    for j in range(3):
        row = []
        for k in range(2):
            row.append(x[k] * x[j])
        row[0] *= x[2]
        rows.append(row)
    rows[1].append(x[5])
    rows[0][1] *= rows[1].pop()
    return np.array(rows)


# ------------------------------------------------------------------- comprehensions


def comprehensions(x, n):
    squares = [v * v for v in x if v > 0.9]
    products = [x[i] * x[j] for i in range(n) for j in range(i) if i != 2]
    return np.array(squares) * x[0], sum(products) * len(products), np.array([x[k] * k for k in range(4)])


def matrices_of_comprehensions(x, n):
    known = np.array([[x[i] * j for j in range(2)] for i in range(3)])
    grown = np.array([[x[i] * x[j] * j for j in range(n)] for i in range(n - 1)])
    return known @ grown[:2], np.array([(v, v * x[0]) for v in (x[1], x[2])])


def names_of_comprehensions(x):
    v = x[0] * x[1]
    doubled = [v * 2.0 for v in x]
    return v * doubled[2] * sum([k * v for k, v in enumerate(x)])


# ------------------------------------------------------------------- tuples and short lists


def tuple_of_arrays_indexed_in_loop(x, n):
    parts = (x * 1.0, x * 2.0, x * x)
    for k in range(5):
        part = parts[(k * n) % 3]
        part[1:] += parts[(k + 1) % 3][:-1] * x[k]
        parts[k % 2][0] *= 1.1
    return parts[0] * parts[2], parts[1][1:]


def list_of_arrays_indexed_in_loop(x, n):
    parts = [x * 1.0, x * 2.0]
    s = 0.0
    for k in range(4):
        parts[k % 2][k] += parts[(k + n) % 2][k + 1] * s
        s += parts[k % 2].sum() * 0.1
    a, b = parts
    return a * b * s


def stars(x):
    t = (x[0], x[1] * 2.0, x[2], x * 1.0)
    a, *b = t
    *c, d = t
    p, (q, *r) = x[3], t
    return a * b[0] * len(c) + d[1] * r[1] + q * p * sum(b[:2])


def short_list_rotated(x):
    a = [x[0], x[1], x[2]]
    for k in range(3):
        a = [a[2], a[0] * x[k], a[1]]
    b = [a[0], a[1]] if x[0] > 0.1 else [a[1], a[2]]
    return a[0] * a[1] * a[2] * b[1]


# ------------------------------------------------------------------- dicts


def dict_with_known_keys(x):
    d = {"a": x[0], "b": x[1]}
    alias = d
    alias["a"] = d["b"] * x[2]
    d["b"] += alias["a"]
    s = 0.0
    for key, v in d.items():
        s += v * v if key == "a" else v * x[3]
    for key in d:
        s += d[key]
    for v in d.values():
        s *= v
    return s * len(d) + ("a" in d) * d.get("c", x[4])


def dict_changed_in_loop(x, n):
    d = {"a": x[0], "power": 2}
    d["z"] = x * 1.0
    for k in range(n):
        d["a"] = d["a"] * x[k] + d["a"] ** d["power"]
        if d["a"] > 0.5:
            d["z"][k] *= d["a"]
            d["z"] *= 1.1
        else:
            d["a"] += x[3]
    return d["z"] * d["a"]


def advance(state, v):
    state["s"] = state["s"] * v + state["t"]
    return state["s"]


def dict_changed_by_helpers(x):
    d = dict(s=x[0], t=x[1])
    r = 0.0

    def scale(v):
        d["t"] = v * d["t"]

    for k in range(4):
        if x[k] > 0.8:
            r += advance(d, x[k])
    scale(x[3])
    r += advance(d, d["t"])
    other = d.copy()
    other["s"] = x[5]
    return r * d["s"] * other["s"]


def dicts_made_in_branches(x):
    d = {"a": x[0], "b": x[1]} if x[0] > 0.5 else {"a": x[1], "b": x[0]}
    s = 0.0
    for k in range(4):
        if x[k] > 0.8:
            p = {"m": x[k], "q": 1.0}
            alias = p
        else:
            p = {"m": x[k] ** 2, "q": x[0]}
            alias = p
        alias["q"] *= 2.0
        s += p["m"] * p["q"]
        d["a"] += d["b"] * p["m"]
    return s * sum([d[key] for key in d]) * sum(v for v in d.values())


def lists_as_tests(x):
    items = list(x)
    s = 0.0
    while items and items[-1] > 0.2 and s < 4.0:
        s += items.pop() ** 2
        if len(items) == 3:
            continue
        if s > 3.9 and items:
            break
    some = []
    for v in x:
        if not some:
            some.append(v * s)
        elif v > 1.0 and some:
            s += some.pop() * v
    return s * (1.0 + len(items)) + (sum(items) if items else x[0])


NUMERATOR = [3.2093, 377.485, 113.864, 3.1611]
ORDERS = (2, 0, 1, 3)


def tables_of_constants(x, n):
    s = 0.0
    for k in range(n):
        s = (s + NUMERATOR[k] * x[ORDERS[k]]) * x[0]
        if x[k] > 1.0:
            s = s + NUMERATOR[-k - 1] * x[k] ** ORDERS[k % 4]
    return s


X = quantised(521, 6)

PROGRAMS: list[Program] = [
    case(appended_in_loop, X, scalar=False),
    case(read_while_it_grows, X),
    case(stored_into, X, scalar=False),
    case(work_list, X),
    case(lists_inside_loops, X),
    case(list_handed_from_trip_to_trip, X, scalar=False, native=False),
    case(list_chosen_at_run_time, X, 1),
    case(copies_of_lists, X, scalar=False),
    case(helper_appends, X, scalar=False),
    case(states_kept, X, scalar=False),
    case(rows_of_lists, X, scalar=False),
    case(comprehensions, X, 4, scalar=False),
    case(matrices_of_comprehensions, X, 4, scalar=False, native=False),
    case(names_of_comprehensions, X),
    case(tuple_of_arrays_indexed_in_loop, X, 2, scalar=False),
    case(list_of_arrays_indexed_in_loop, X, 1, scalar=False),
    case(stars, X, native=False),
    case(short_list_rotated, X),
    case(dict_with_known_keys, X),
    case(dict_changed_in_loop, X, 3, scalar=False, native=False),
    case(dict_changed_by_helpers, X, native=False),
    case(dicts_made_in_branches, X, native=False),
    case(lists_as_tests, X, native=False),
    case(tables_of_constants, X, 4),
]
