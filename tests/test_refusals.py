"""Constructs on arrays that are not differentiated yet: each is one error that names it and where it stands.

Each case is the source of a function `f`, its arguments, and words that the message has.
A construct that comes to be supported leaves this list for `tests/programs`.
"""

import numpy as np
import pytest

import dualad

from .programs.program import copy_of, data

X = data(601, 6)
A = data(602, 4, 6)
S = data(603, 3, 3) + 3.0 * np.eye(3)
INDICES = np.array([2, 0, 1])

CASES = {
    # ------------------------------------------------------------------- lists, dicts and sets
    "sorted": ("return sorted(x)[0] * 2.0", (X,), "sorted"),
    "list of an array": ("return list(x)[1] * x[0]", (X,), "list"),
    "list append": ("items = [x]; items.append(x * 2.0)\n    return items[1] * 1.0", (X,), "append"),
    "store into a list": ("items = [x * 1.0, x * x]; items[1] = x\n    return items[1] * 1.0", (X,), "item of a list"),
    "list comprehension": ("return np.array([v * v for v in x])", (X,), "[v * v for v in x]"),
    "comprehension of indices": ("return sum([x[i] * x[i + 1] for i in range(5)])", (X,), "for i in range(5)]"),
    "dict": ("d = {'a': x[0], 'b': x[1]}\n    return d['a'] * d['b']", (X,), "{'a': x[0]"),
    "empty dict": ("d = {}\n    d[1] = x[0]\n    return d[1] * 2.0", (X,), "{}"),
    "set": ("return max({x[0], x[1]}) * 1.0", (X,), "{x[0], x[1]}"),
    "tolist": ("return x.tolist()[0] * 2.0", (X,), "tolist"),
    "optional": ("y = None if x[0] > 9.0 else x * 2.0\n    return x if y is None else y", (X,), "None"),
    # ------------------------------------------------------------------- functions that return lists or views
    "meshgrid": ("return np.meshgrid(x, x)[0] * 1.0", (X,), "meshgrid"),
    "view": ("return x.view(np.float64) * 2.0", (X,), "view"),
    # ------------------------------------------------------------------- indices and iterators
    "np.nditer": ("s = 0.0\n    for v in np.nditer(x): s += v.item()\n    return s", (X,), "np.nditer"),
    "grid inside enumerate": (
        "s = 0.0\n    for k, j in enumerate(np.ndindex(2, 2)): s += x[k]\n    return s * x",
        (X,),
        "np.ndindex",
    ),
    "part of flat": ("return x.flat[1:3] * 2.0", (A,), "x.flat[1:3]"),
    "store into all of flat": ("z = x * 1.0; z.flat = 2.0\n    return z", (A,), "z.flat"),
    "empty ellipsis between index arrays": ("return x[i, ..., i] * 2.0", (A, INDICES), "an ellipsis of no axes"),
    "np.ix_": ("return x[np.ix_(i, i)] * 2.0", (A, INDICES), "np.ix_"),
    "np.add.at": ("z = x * 1.0; np.add.at(z, i, 2.0)\n    return z", (X, INDICES), "at(z, i, 2.0)"),
    "star of an array": ("a, *b = x\n    return b[0] * x", (X,), "without a star"),
}


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("name", CASES)
def test_refusal_names_the_construct_and_its_place(name, mode, tmp_path):
    body, args, word = CASES[name]
    parameters = ", ".join("xi"[: len(args)])
    path = tmp_path / "refused.py"
    path.write_text(f"def f({parameters}):\n    {body}\n")
    scope = {"np": np}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    with pytest.raises(dualad.UnsupportedError) as caught:
        dualad.derivative_source(scope["f"], *map(copy_of, args), mode=mode)
    message = str(caught.value)
    assert word in message
    assert "refused.py, line " in message and "\n" not in message
