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
    "split": ("return np.split(x, 2)[1] * 1.0", (X,), "split"),
    "split at indices": ("p = np.split(x, (2, 4))\n    return p[0] * p[1]", (X,), "split"),
    "array_split": ("return np.array_split(x, 3)[0] * 1.0", (X,), "array_split"),
    "vsplit": ("return np.vsplit(x, 2)[1] * 1.0", (A,), "vsplit"),
    "hsplit": ("return np.hsplit(x, 2)[1] * 1.0", (X,), "hsplit"),
    "broadcast_arrays": ("return np.broadcast_arrays(x, x[0])[1] * 1.0", (A,), "broadcast_arrays"),
    "meshgrid": ("return np.meshgrid(x, x)[0] * 1.0", (X,), "meshgrid"),
    "broadcast_to": ("return np.broadcast_to(x, (2, 6)) * 1.0", (X,), "broadcast_to"),
    "real": ("return np.real(x) * 1.0", (X,), "real"),
    "flat": ("z = x.flat\n    return z[3] * 2.0", (A,), "flat"),
    "view": ("return x.view(np.float64) * 2.0", (X,), "view"),
    "partition": ("return np.partition(x, 1) * 1.0", (X,), "partition"),
    "unique": ("return np.unique(x) * 1.0", (X,), "unique"),
    "delete": ("return np.delete(x, 1) * 1.0", (X,), "delete"),
    "extract": ("return np.extract(x > 1.0, x) * 1.0", (X,), "extract"),
    "select": ("return np.select([x > 1.0], [x * 2.0], 0.0)", (X,), "select"),
    "take": ("return np.take(x, np.array([1, 3, 3])) * 1.0", (X,), "take"),
    "quantile": ("return np.quantile(x, 0.3)", (X,), "quantile"),
    "percentile": ("return np.percentile(x, 30.0)", (X,), "percentile"),
    "average": ("return np.average(x)", (X,), "average"),
    "cov": ("return np.cov(x)", (A,), "cov"),
    "cross": ("return np.cross(x[0], x[1])", (S,), "cross"),
    "vander": ("return np.vander(x, 3)", (X,), "vander"),
    "rot90": ("return np.rot90(x) * 1.0", (A,), "rot90"),
    "dstack": ("return np.dstack((x, x)) * 1.0", (A,), "dstack"),
    "nanvar": ("return np.nanvar(x)", (X,), "nanvar"),
    "nanprod": ("return np.nanprod(x)", (X,), "nanprod"),
    "geomspace": ("return np.geomspace(x[0], x[1], 3)", (X,), "geomspace"),
    # ------------------------------------------------------------------- options of supported functions
    "diff of order two": ("return np.diff(x, 2)", (X,), "diff"),
    "convolve with a mode": ("return np.convolve(x, x[:3], 'same')", (X,), "convolve"),
    "diag beside the main one": ("return np.diag(x, 1)", (X,), "diag"),
    # ------------------------------------------------------------------- indices
    "two index arrays": ("return x[i, i] * 2.0", (A, INDICES), "index arrays"),
    "index array in the second axis": ("return x[:, i] * 2.0", (A, INDICES), "index arrays"),
    "mask of rows": ("return x[x[:, 0] > 0.9] * 1.0", (A,), "index arrays"),
    "store rows by an index array": ("z = x.copy(); z[i] = x[1] * 2.0\n    return z", (A, INDICES), "index array"),
    "store an array by a mask": ("z = x * 1.0; z[x > 0.9] *= x[x > 0.9]\n    return z", (A,), "mask"),
    # ------------------------------------------------------------------- np.linalg
    "norm of order 2": ("return np.linalg.norm(x, 2)", (A,), "order 2"),
    "norm of order -2": ("return np.linalg.norm(x, -2)", (A,), "order -2"),
    "norm of order fro": ("return np.linalg.norm(x, 'fro')", (A,), "'fro'"),
    "norm of order nuc": ("return np.linalg.norm(x, 'nuc')", (A,), "'nuc'"),
    "norm of order 0": ("return np.linalg.norm(x, 0) * x", (X,), "order 0"),
    "norm of an order not known": ("return np.linalg.norm(x, i) * x", (A, 1), "order"),
    "svd": ("return np.linalg.svd(x, False)[1]", (A,), "svd"),
    "qr": ("q, r = np.linalg.qr(x)\n    return q @ r.T", (S,), "qr"),
    "lstsq": ("return np.linalg.lstsq(x, x[:, 0])[0]", (S,), "lstsq"),
    "pinv": ("return np.linalg.pinv(x)", (A,), "pinv"),
    "eigvals": ("return np.linalg.eigvals(x)", (S,), "eigvals"),
    "eig": ("return np.linalg.eig(x)[0]", (S,), "eig"),
    "cond": ("return np.linalg.cond(x)", (S,), "cond"),
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
