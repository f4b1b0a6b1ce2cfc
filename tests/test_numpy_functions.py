"""NumPy functions beyond those in the programs: one line each, both modes against differences."""

import importlib.util

import numpy as np
import pytest

from dualad.testing import check_grads

from .programs.program import copy_of, data

X = data(601, 6)
A = data(602, 4, 6)
S = data(603, 3, 3) + 3.0 * np.eye(3)

CASES = {
    "split": ("return np.split(x, 2)[1] * 1.0", (X,)),
    "split at indices": ("p = np.split(x, (2, 4))\n    return p[0] * p[1]", (X,)),
    "array_split": ("return np.array_split(x, 3)[0] * 1.0", (X,)),
    "vsplit": ("return np.vsplit(x, 2)[1] * 1.0", (A,)),
    "hsplit": ("return np.hsplit(x, 2)[1] * 1.0", (X,)),
    "broadcast_arrays": ("return np.broadcast_arrays(x, x[0])[1] * 1.0", (A,)),
    "broadcast_to": ("return np.broadcast_to(x, (2, 6)) * 1.0", (X,)),
    "real": ("return np.real(x) * 1.0", (X,)),
    "unique": ("return np.unique(x) * 1.0", (X,)),
    "delete": ("return np.delete(x, 1) * 1.0", (X,)),
    "extract": ("return np.extract(x > 1.0, x) * 1.0", (X,)),
    "select": ("return np.select([x > 1.0], [x * 2.0], 0.0)", (X,)),
    "select with arrays": ("return np.select((x > 1.0, x > 0.2), (x * 2.0, x**2), default=-x)", (X,)),
    "piecewise": (
        "return np.piecewise(x, [x < 0.5, x > 1.0], [lambda t, c: c * t, 2.0, lambda t, c: t**c], x[0])",
        (X,),
    ),
    "add.at": ("y = x * x\n    np.add.at(y, np.array([1, 1, 2]), x[:3])\n    return y", (X,)),
    "subtract.at": ("y = x * x\n    np.subtract.at(y, np.array([1, 1, 2]), x[0])\n    return y", (X,)),
    "nditer": ("s = 0.0\n    for v in np.nditer(x): s += v * v * s + v\n    return s", (A,)),
    "take": ("return np.take(x, np.array([1, 3, 3])) * 1.0", (X,)),
    "quantile": ("return np.quantile(x, 0.3)", (X,)),
    "percentile": ("return np.percentile(x, 30.0)", (X,)),
    "average": ("return np.average(x)", (X,)),
    "cov": ("return np.cov(x)", (A,)),
    "cross": ("return np.cross(x[0], x[1])", (S,)),
    "vander": ("return np.vander(x, 3)", (X,)),
    "rot90": ("return np.rot90(x) * 1.0", (A,)),
    "dstack": ("return np.dstack((x, x)) * 1.0", (A,)),
    "nanvar": ("return np.nanvar(x)", (X,)),
    "nanprod": ("return np.nanprod(x)", (X,)),
    "geomspace": ("return np.geomspace(x[0], x[1], 3)", (X,)),
    "diff of order two": ("return np.diff(x, 2)", (X,)),
    "convolve with a mode": ("return np.convolve(x, x[:3], 'same')", (X,)),
    "diag beside the main one": ("return np.diag(x, 1)", (X,)),
    "norm of order 2": ("return np.linalg.norm(x, 2)", (A,)),
    "norm of order -2": ("return np.linalg.norm(x, -2)", (A,)),
    "norm of order 0": ("return np.linalg.norm(x, 0) * x", (X,)),
    "norm of an order not known": ("return np.linalg.norm(x, i) * x", (A, 1)),
    "svd": ("return np.linalg.svd(x, False)[1]", (A,)),
    "qr": ("q, r = np.linalg.qr(x)\n    return q @ r.T", (S,)),
    "pinv": ("return np.linalg.pinv(x)", (A,)),
    "cond": ("return np.linalg.cond(x)", (S,)),
    "lstsq": ("return np.linalg.lstsq(x, x[:, 0] ** 2)[0]", (S,)),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_both_modes(name, tmp_path):
    body, args = CASES[name]
    path = tmp_path / "numpy_function.py"
    path.write_text(f"import numpy as np\ndef f({', '.join('xi'[: len(args)])}):\n    {body}\n")
    spec = importlib.util.spec_from_file_location("numpy_function", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check_grads(module.f, tuple(map(copy_of, args)))
