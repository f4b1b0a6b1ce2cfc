"""Constructs on arrays that are not differentiated yet: each is one error that names it and where it stands.

Each case is the source of a function `f`, its arguments, and words that the message has.
A construct that comes to be supported leaves this list for `tests/programs`.
"""

import math

import numpy as np
import pytest

import dualad

from .programs.program import copy_of, data

X = data(601, 6)
A = data(602, 4, 6)
S = data(603, 3, 3) + 3.0 * np.eye(3)
INDICES = np.array([2, 0, 1])

CASES = {
    # ------------------------------------------------------------------- arguments of functions
    "sum with an unknown keyword": ("return sum([x[0]], stop=x[1]) * x", (X,), "calling sum"),
    "sum of nothing": ("return sum() * x", (X,), "calling sum"),
    "sum of a matrix": ("return sum(x) * 2.0", (A,), "sum"),
    "max of a matrix": ("return max(x) * 2.0", (A,), "max of an array of 2 dimensions"),
    "max of tuples": ("return max((x[0], 1.0), (x[1], 2.0))[0] * x", (X,), "max of tuples"),
    "default beside numbers": ("return max(x[0], x[1], default=x[2]) * x", (X,), "calling max"),
    "keywords of range": ("return sum([x[k] for k in range(stop=3)]) * x", (X,), "calling range"),
    "unknown keyword of zip": ("return sum([v for v, w in zip(x, x, longest=1)]) * x", (X,), "calling zip"),
    "third argument of enumerate": ("return sum([v for k, v in enumerate(x, 1, 2)]) * x", (X,), "calling enumerate"),
    "pow with a modulus": ("return x * pow(i, 2, 5)", (X, 3), "pow with a modulus"),
    "print with a keyword": ("print(x[0], sep='')\n    return x * 2.0", (X,), "print with the argument 'sep'"),
    "base of int": ("return x * int(x[0], base=2)", (X,), "calling int"),
    "keyword of a math function": ("return x * math.sqrt(x=x[0])", (X,), "math.sqrt"),
    "where of a ufunc": ("return np.exp(x, where=x > 0.0)", (X,), "np.exp with the argument 'where'"),
    "sum without an array": ("return x * np.sum(axis=0)", (X,), "calling np.sum"),
    "another order": ("return np.ravel(x, order='F') * 2.0", (A,), "np.ravel in another order"),
    "method in another order": ("return x.reshape((6, 4), order='F') * 2.0", (A,), ".reshape in another order"),
    "copy with two arguments": ("return x.copy('C', 1)", (X,), "calling .copy"),
    "dict.get with a keyword": ("return x * {'a': 1.0}.get('b', default=2.0)", (X,), "of a dict"),
    "append with a keyword": ("o = []; o.append(object=x[0])\n    return x * o[0]", (X,), "list.append"),
    "pullback of two": ("return dualad.vjp(np.sum, x)[1](1.0, 2.0)[0]", (X,), "a pullback"),
    # ------------------------------------------------------------------- lists, dicts and sets
    "sorted with a key": ("return sorted(x, key=abs)[0] * 2.0", (X,), "sorted with a key"),
    "step in a slice of a list": ("o = [v for v in x]\n    return o[1:3:2][0] * 2.0", (X,), "a step in a slice"),
    "store into a slice of a list": ("o = [v for v in x]\n    o[1:3] = o\n    return x", (X,), "a part of a list"),
    "array added to a list": ("o = [v for v in x]\n    o += x\n    return o[0] * x", (X,), "Numba cannot compile"),
    "product of lists": ("o = list(x); o *= 2\n    return o[0] * x", (X,), "of a list"),
    "sorted tuples": (
        "o = []; o.append((x[0], 1)); o.sort()\n    return o[0][0] * 2.0",
        (X,),
        "list.sort, of",
    ),
    "tuples of two kinds": ("o = []; o.append((x[0], 1)); o.append(1)\n    return o[0][0]", (X,), "of several kinds"),
    "in a list of tuples": ("o = []; o.append((x[0], 1))\n    return x[0] * ((1, 1) in o)", (X,), "`in` of a list of"),
    "sum of tuples": (
        "o = []; o.append((x[0], 1)); o[0] += (1.0, 1)\n    return o[0][0]",
        (X,),
        "an augmented assignm",
    ),
    "largest of tuples": ("o = []; o.append((x[0], 1))\n    return max(o)[0]", (X,), "the value of a list of tuples"),
    "list of tuples that grows": (
        "o = []; o.append((x[0], 1))\n    for v, k in o:\n        if k < 3: o.append((v, k + 1))\n    return o[0][0]",
        (X,),
        "list.append in a loop over the list",
    ),
    "array of nested tuples": (
        "o = []; o.append((x[0], (1, 2)))\n    return np.array(o)[0]",
        (X,),
        "nested",
    ),
    "list as the result": ("return [v * v for v in x]", (X,), "a list as the result"),
    "list in a NumPy function": ("o = [v * v for v in x]\n    return np.sum(o) * 2.0", (X,), "np.sum"),
    "number stored into integers": ("o = [1]; o[0] = x[1]\n    return o[0] * x", (X,), "a list of int64"),
    "array stored into a list": ("o = [x]; o[0] = x * 2.0\n    return o[0] * 1.0", (X,), "into a list of array"),
    "list that grows in its loop": (
        "o = [x[0]]\n    for v in o:\n        if len(o) < 4: o.append(v * x[1])\n    return o[0] * x",
        (X,),
        "list.append in a loop over the list",
    ),
    "generator": ("g = (v * v for v in x)\n    return sum(g) * x", (X,), "for v in x)"),
    "dict with keys of the run": (
        "d = {**{'a': x[0]}}\n    for k in range(i): d[k] = x[k]\n    return d[1] * x",
        (X, 3),
        "a dict with a key that is not known",
    ),
    "dict that gets a key in a loop": (
        "s = 0.0; d = {'a': x[0]}\n    for v in x:\n        if 'b' in d: s += v\n        d['b'] = 1\n    return s",
        (X,),
        "other keys inside a loop",
    ),
    "another function in each trip": (
        "s = 0.0; g = np.sin\n    for k in range(3):\n        s += g(x[k]); g = np.cos\n    return s",
        (X,),
        "changes its structure inside a loop",
    ),
    "key that is not there": ("d = {'a': x[0]}\n    return d['b'] * x", (X,), "the key 'b'"),
    "key of one branch": (
        "d = {'a': x[0]}\n    if x[0] > 0.1: d['b'] = x[1]\n    return d['b'] * x",
        (X,),
        "other keys in the other branch",
    ),
    "dict of one trip": ("for k in range(3): d = {'a': x[k]}\n    return d['a'] * x", (X,), "this dict"),
    "dicts with two names, of which one is the same": (
        "if x[0] > 0.1: d = {'a': x[0]}; e = d\n    else: d = {'a': x[1]}; e = {'a': x[2]}\n    e['a'] = 1\n"
        "    return d['a'] * e['a']",
        (X,),
        "changing a dict that a loop or a branch",
    ),
    "dict in a tuple chosen": (
        "if x[0] > 0.1: d = {'a': x[0]}; t = (d, 1)\n    else: d = {'a': x[1]}; t = (d, 2)\n    return t[0]['a']",
        (X,),
        "another dict in the other branch",
    ),
    "dict chosen and changed": (
        "d = {'a': x[0]}; e = {'a': x[1]}; f = d if x[0] > 0.1 else e\n    d['a'] = x[2]\n    return f['a']",
        (X,),
        "changing a dict that a loop or a branch",
    ),
    "dict.popitem": ("d = {'a': x[0]}\n    return d.popitem()[1] * x", (X,), "dict.popitem"),
    "set": ("return max({x[0], x[1]}) * 1.0", (X,), "{x[0], x[1]}"),
    "tolist": ("return x.tolist()[0] * 2.0", (X,), "tolist"),
    "optional": ("y = None if x[0] > 9.0 else x * 2.0\n    return y", (X,), "None"),
    # ------------------------------------------------------------------- functions that return lists or views
    "view": ("return x.view(np.float64) * 2.0", (X,), "view"),
    # ------------------------------------------------------------------- indices and iterators
    "np.nditer": ("s = 0.0\n    for v, w in np.nditer((x, x)): s += v * w\n    return s", (X,), "np.nditer"),
    "grid inside enumerate": (
        "s = 0.0\n    for k, j in enumerate(np.ndindex(2, 2)): s += x[k]\n    return s * x",
        (X,),
        "np.ndindex",
    ),
    "part of flat": ("return x.flat[1:3] * 2.0", (A,), "x.flat[1:3]"),
    "store into all of flat": ("z = x * 1.0; z.flat = 2.0\n    return z", (A,), "z.flat"),
    "empty ellipsis between index arrays": ("return x[i, ..., i] * 2.0", (A, INDICES), "an ellipsis of no axes"),
    "np.ix_": ("return x[np.ix_(i, i)] * 2.0", (A, INDICES), "np.ix_"),
    "np.multiply.at": ("z = x * 1.0; np.multiply.at(z, i, 2.0)\n    return z", (X, INDICES), "np.multiply.at"),
    "star of an array": ("a, *b = x\n    return b[0] * x", (X,), "without a star"),
}


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("name", CASES)
def test_refusal_names_the_construct_and_its_place(name, mode, tmp_path):
    body, args, word = CASES[name]
    parameters = ", ".join("xi"[: len(args)])
    path = tmp_path / "refused.py"
    path.write_text(f"def f({parameters}):\n    {body}\n")
    scope = {"dualad": dualad, "math": math, "np": np}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    with pytest.raises(dualad.UnsupportedError) as caught:
        dualad.derivative_source(scope["f"], *map(copy_of, args), mode=mode)
    message = str(caught.value)
    assert word in message
    assert "refused.py, line " in message and "\n" not in message


def nth_power_of_first(items, n):
    return 1.0 if n == 0 else nth_power_of_first(items, n - 1) * items[0]


def test_a_list_passed_along_in_a_recursion():
    def f(x):
        items = [x]
        items.append(x)
        return nth_power_of_first(items, 3)

    with pytest.raises(dualad.UnsupportedError, match="a list as an argument of the recursive function nth_power"):
        dualad.grad(f)(2.0)


def power_by_list(x, n):
    items = [x]
    items.append(x * x)
    return 1.0 if n == 0 else items[1] * power_by_list(x, n - 1)


def test_a_list_that_changes_in_a_recursion():
    value, value_dot = dualad.jvp(lambda x: power_by_list(x, 3), (1.5,), (1.0,))
    assert abs(value - 1.5**6) < 1e-12 and abs(value_dot - 6.0 * 1.5**5) < 1e-12
    with pytest.raises(dualad.UnsupportedError, match=r"a list that changes in a recursive function .*power_by_list"):
        dualad.grad(lambda x: power_by_list(x, 3))(1.5)


@pytest.mark.parametrize("change", ["items.append(x)", "items.pop()", "items[0] = x", "items[0] += x"])
def test_the_callers_list_is_not_changed(change, tmp_path):
    path = tmp_path / "refused.py"
    path.write_text(f"def f(x, items):\n    {change}\n    return x * items[0]\n")
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    items = [3.0, 4.0]
    with pytest.raises(dualad.UnsupportedError, match=r"changing a list that is an argument .*refused.py, line 2"):
        dualad.grad(scope["f"])(2.0, items)
    assert items == [3.0, 4.0]


def test_a_captured_dict_changed_in_a_function_that_is_differentiated():
    def f(x):
        d = {"a": x}

        def g(y):
            d["a"] = y
            return y * y

        return dualad.grad(g)(x)

    with pytest.raises(dualad.UnsupportedError, match="changing a dict in a function that is differentiated"):
        dualad.grad(f)(2.0)
