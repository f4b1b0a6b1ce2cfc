"""The disk cache: another process loads what was compiled, unless anything that it depends on is another one."""

import json
import os
import pickle
import subprocess
import sys
import warnings

import cloudpickle
import numpy as np
import pytest

import dualad
from dualad.cache import store

HELPERS = """
import math
import numpy as np
import numba
from dualad.rules.registry import pointwise

SCALE = 2.0

class Refused(Exception):
    pass

def h(x):
    return x * 2.0 #1

@numba.njit
def stepped(x):
    return 2.0 * x

@pointwise(stepped)
def stepped_rule(x):
    value = stepped(x)
    return value, (20.0,)

@numba.vectorize
def kernel(x):
    return x * 2.0 #4
"""

MODEL = """
import collections
import math
import numba
import numpy as np
import dualad
import helpers
from helpers import Refused, h, kernel, stepped

K = 2.0 #5
TABLE = {"a": (1.0, 2.0)} #6
WEIGHTS = np.array([1.0, 2.0]) #7
Pair = collections.namedtuple("Pair", "a b")

class Config:
    k = 2.0 #8

def unchanged(x):
    if x < 0.0:
        raise Refused(f"negative: {x:.1f}")
    return math.exp(x) * math.sin(x)

def edited(x):
    return 2.0 * x * x #9

def of_helper(x):
    return h(x) * x

def of_module(x):
    return helpers.SCALE * x * h(x)

def of_global(x):
    return K * x * x

def of_table(x):
    return TABLE["a"][1] * x * x

def of_array(x):
    return WEIGHTS[1] * x * x

def of_class(x):
    return Config.k * x * x

def made(c):
    def inner(x):
        return c * x * x
    return inner

of_closure = made(2.0) #10

def of_default(x, k=2.0): #11
    return k * x * x

def of_rule(x):
    return stepped(x)

def of_kernel(x):
    return kernel(1.5) * x

def applied(f, x):
    return f(x) * x

def twice(x):
    return 2.0 * x #12

def factorial(x, n):
    return 1.0 if n == 0 else x * factorial(x, n - 1)

def of_pair(p):
    return p.a * p.b * 2.0 #13

def with_list(x):
    return x * x, [x, 2.0 * x]

def total(x):
    s = 0.0
    for i in range(x.size):
        s += math.exp(x[i]) * x[i]
    return s

inside = dualad.grad(edited)
"""

RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import dualad, model

found = {}

def note(name, derivative, *args):
    value = derivative(*args)
    hits = sum(derivative.dispatcher.stats.cache_hits.values())
    flat = [float(v) for part in (value if isinstance(value, tuple) else (value,)) for v in np.ravel(part)]
    found[name] = [flat, hits, list(derivative.kept.reasons.values())]

for name in "unchanged edited of_helper of_module of_global of_table of_array of_class of_closure of_default of_rule of_kernel".split():
    note(name, dualad.grad(getattr(model, name)), 1.0)
note("applied", dualad.grad(model.applied, argnums=1), model.twice, 1.0)
note("recursive", dualad.grad(model.factorial), 2.0, 3)
note("pair", dualad.grad(model.of_pair), model.Pair(1.0, 2.0))
note("second", dualad.grad(dualad.grad(model.edited)), 1.0)
note("single", dualad.jacfwd(model.unchanged), np.float32(1.0))
note("total", dualad.hessian(model.total), np.arange(3.0))
value, (aux_1, aux_2) = dualad.grad(model.with_list, has_aux=True)(3.0)
found["list"] = [[value, aux_1, aux_2], 0, []]
try:
    dualad.grad(model.unchanged)(-1.0)
except model.Refused as error:
    found["exception"] = [str(error), 0, []]
print(json.dumps(found))
"""

def python(path, *args, check=True, **env):
    """Run a program in a new process with the cache on."""
    env = {**os.environ, "DUALAD_CACHE": "1", "PYTHONPATH": os.pathsep.join(sys.path), **env}
    out = subprocess.run([sys.executable, str(path), *map(str, args)], capture_output=True, text=True, env=env)
    assert out.returncode == 0 or not check, out.stderr
    return out


def run(folder, cache, **env):
    (folder / "run.py").write_text(RUN)
    out = python(folder / "run.py", folder, DUALAD_CACHE_DIR=str(cache), **env)
    assert not out.stderr, out.stderr
    return json.loads(out.stdout)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of two modules, and a cache that has its derivatives."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "helpers.py").write_text(HELPERS)
    (folder / "model.py").write_text(MODEL)
    cache = tmp_path_factory.mktemp("cache")
    return folder, cache, run(folder, cache)


def test_a_second_process_compiles_nothing(project):
    folder, cache, first = project
    watch = "import dualad.derivative_function as d\nreal = d.build\n"
    watch += "def build(*args):\n    made = real(*args)\n    raise AssertionError(made.name)\nd.build = build\n"
    (folder / "watched.py").write_text(watch + RUN)
    out = python(folder / "watched.py", folder, DUALAD_CACHE_DIR=str(cache))
    second = json.loads(out.stdout)
    assert {k: v[0] for k, v in second.items()} == {k: v[0] for k, v in first.items()}
    assert {k: v[1] for k, v in first.items()} == dict.fromkeys(first, 0)
    expected = {k: 0 if k in ("list", "exception") else 1 for k in first}
    assert {k: v[1] for k, v in second.items()} == expected, [v[2] for v in second.values()]
    assert second["exception"][0] == "negative: -1.0" and second["list"][0] == [6.0, 3.0, 6.0]


def test_what_has_changed_is_compiled_again(project):
    """Everything at once that has a number after its line; the rest is loaded."""
    folder, cache, first = project
    changed = folder / "changed"
    changed.mkdir()
    for name, text in (("helpers.py", HELPERS), ("model.py", MODEL)):
        lines = [line.replace("2.0", "3.0") if "#" in line else line for line in text.split("\n")]
        (changed / name).write_text("\n".join(lines))
    second = run(changed, cache)
    same = {"unchanged", "of_rule", "recursive", "single", "total"}
    assert {k for k, v in second.items() if v[1]} == same
    for name, (flat, _, _) in second.items():
        if name in same or name in ("list", "exception"):
            assert flat == first[name][0]
        else:
            assert np.allclose(flat, 1.5 * np.array(first[name][0])), name


def test_a_rule_alone(project):
    folder, cache, first = project
    changed = folder / "rule"
    changed.mkdir()
    (changed / "helpers.py").write_text(HELPERS.replace("(20.0,)", "(40.0,)"))
    (changed / "model.py").write_text(MODEL)
    found = run(changed, cache)
    assert found["of_rule"][0] == [40.0] and found["of_rule"][1] == 0
