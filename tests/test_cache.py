"""The disk cache: another process loads what was compiled, unless anything that it depends on is another one."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dualad.__main__ import main
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
    if sys.argv[2:] and name not in sys.argv[2:]:
        return
    value = derivative(*args)
    hits = sum(derivative.dispatcher.stats.cache_hits.values())
    flat = [float(v) for part in (value if isinstance(value, tuple) else (value,)) for v in np.ravel(part)]
    found[name] = [flat, hits, list(derivative.kept.reasons.values())]

NAMES = "unchanged edited of_helper of_module of_global of_table of_array of_class"
for name in f"{NAMES} of_closure of_default of_rule of_kernel".split():
    note(name, dualad.grad(getattr(model, name)), 1.0)
note("applied", dualad.grad(model.applied, argnums=1), model.twice, 1.0)
note("recursive", dualad.grad(model.factorial), 2.0, 3)
note("pair", dualad.grad(model.of_pair), model.Pair(1.0, 2.0))
note("second", dualad.grad(dualad.grad(model.edited)), 1.0)
note("single", dualad.jacfwd(model.unchanged), np.float32(1.0))
note("total", dualad.hessian(model.total), np.arange(3.0))
if sys.argv[2:]:
    print(json.dumps(found))
    sys.exit()
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


def run(folder, cache, *names):
    (folder / "run.py").write_text(RUN)
    out = python(folder / "run.py", folder, *names, DUALAD_CACHE_DIR=str(cache))
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
    folder, cache, _ = project
    changed = folder / "rule"
    changed.mkdir()
    (changed / "helpers.py").write_text(HELPERS.replace("(20.0,)", "(40.0,)"))
    (changed / "model.py").write_text(MODEL)
    assert run(changed, cache, "of_rule")["of_rule"] == [[40.0], 0, []]


SMALL = """
import json, sys, warnings
import numba
import dualad

def f(x):
    return x * x * 3.0

slope = dualad.grad(f)

@numba.njit(cache=True)
def caller(x):
    return slope(x) + 1.0

if __name__ == "__main__":
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = caller(1.0) if sys.argv[1] == "caller" else slope(1.0)
        dualad.grad(f, argnums=(0,))(1.0) if sys.argv[1] == "twice" else None
    print(json.dumps([value, sum(slope.dispatcher.stats.cache_hits.values()), [str(w.message) for w in caught]]))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "small.py"
    path.write_text(SMALL)
    return path


def small(script, cache, word="slope"):
    return json.loads(python(script, word, DUALAD_CACHE_DIR=str(cache)).stdout)


def files(cache):
    return sorted(cache.rglob("*.derivative"))


def test_entries_that_are_damaged_are_made_anew(script, tmp_path, capsys, monkeypatch):
    cache = tmp_path / "cache"
    assert small(script, cache) == [6.0, 0, []] and small(script, cache) == [6.0, 1, []]
    (file,) = files(cache)
    good = file.read_bytes()
    monkeypatch.setenv("DUALAD_CACHE_DIR", str(cache))
    monkeypatch.setenv("DUALAD_CACHE", "1")
    entry = store.unpacked(good)
    unloadable = store.packed(entry.manifest, b"no pickle")
    for bad in (good[:-20], good[:5], b"", good[:300] + bytes([good[300] ^ 1]) + good[301:], unloadable):
        file.write_bytes(bad)
        if bad is unloadable:  # sound, as far as one can tell without loading it
            break
        assert main(["cache", "show"]) == 0 and "damaged" in capsys.readouterr().out
        assert main(["cache", "verify"]) == 0 and "1 entry damaged and removed" in capsys.readouterr().out
        assert not files(cache)
    assert small(script, cache) == [6.0, 0, []] and small(script, cache) == [6.0, 1, []]
    assert main(["cache"]) == 0 and "f_grad(float64)" in capsys.readouterr().out
    assert main(["cache", "folder"]) == 0 and capsys.readouterr().out.strip() == str(cache)
    assert main(["cache", "clear"]) == 0 and "1 entry removed" in capsys.readouterr().out and not files(cache)
    assert main(["cache", "burn"]) == 2 and "usage: python -m dualad cache" in capsys.readouterr().err
    monkeypatch.setenv("DUALAD_CACHE", "0")
    assert main(["cache"]) == 0 and "is off" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written(script, tmp_path):
    """It is said once, and everything works."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    value, hits, said = small(script, blocked / "cache", "twice")
    assert (value, hits, len(said)) == (6.0, 0, 1) and "dualad cannot keep compiled derivatives" in said[0]


def test_a_full_disk(tmp_path, monkeypatch):
    def full(file, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write", full)
    kept = store.Store(tmp_path)
    with pytest.warns(RuntimeWarning, match="No space left on device"):
        kept.save("ab12", {}, b"code")
    kept.save("ab34", {}, b"code")  # is silent
    assert kept.load("ab12") is None


def test_those_used_least_lately_go(tmp_path, monkeypatch):
    kept = store.Store(tmp_path)
    for k in range(6):
        kept.save(f"a{k}", {"n": k}, bytes(1000))
        os.utime(kept.file(f"a{k}"), (k, k))
    assert kept.load("a0").manifest == {"n": 0}  # is the last one used from now on
    (kept.file("a0").parent / "lost.part").write_bytes(bytes(10))
    os.utime(kept.file("a0").parent / "lost.part", (0, 0))
    monkeypatch.setenv("DUALAD_CACHE_MB", "0.005")
    kept.save("b0", {}, bytes(100))
    assert [p.stem for p in files(tmp_path)] == ["a0", "a3", "a4", "a5", "b0"]
    assert not list(tmp_path.rglob("*.part"))
    kept.save("b1", {}, bytes(10_000))  # is larger than all that there may be
    assert kept.load("b1") is None and kept.clear() == 5


def test_processes_at_the_same_time(script, tmp_path):
    cache = tmp_path / "cache"
    env = {**os.environ, "DUALAD_CACHE": "1", "DUALAD_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), "slope"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) for _ in range(3)]
    assert [json.loads(p.communicate()[0])[0] for p in running] == [6.0] * 3
    assert len(files(cache)) == 1 and not list(cache.rglob("*.part"))
    assert small(script, cache) == [6.0, 1, []]


def test_jitted_code_that_numba_caches(script, tmp_path):
    """Numba keeps no code that a derivative is a part of, since it does not look at what that depends on."""
    cache = tmp_path / "cache"
    for hits in (0, 1):
        value, found, said = small(script, cache, "caller")
        assert (value, found) == (7.0, hits) and 'Cannot cache compiled function "caller"' in said[0]
    assert not list(tmp_path.rglob("*.nbc"))
    script.write_text(SMALL.replace("3.0", "4.0"))
    assert small(script, cache, "caller")[:2] == [9.0, 0]


CLASSES = """
import collections
import numpy as np
import dualad

Pair = collections.namedtuple("Pair", "a b")

class Negative(Exception):
    pass

BIG = np.ones(200_000)

def raising(x):
    if x < 0.0:
        raise Negative(f"x = {x}")
    return x * x

def of_pair(p):
    return Pair(p.b * p.b, p.a)

def of_big(x):
    return BIG[1] * x

first, second, big = dualad.grad(raising), dualad.jacrev(of_pair), dualad.grad(of_big)
assert first(1.0) == 2.0
try:
    first(-1.0)
except Negative as error:
    assert type(error) is Negative and str(error) == "x = -1.0"
found = second(Pair(1.0, 2.0))
assert type(found) is Pair and type(found.a) is Pair and found.a.b == 4.0
big(1.0)
Old = Negative

class Negative(Exception):
    pass

again = dualad.grad(raising)
try:
    again(-1.0)
except Negative as error:
    pass
try:
    first(-1.0)
except Old as error:
    pass
print(*(sum(d.dispatcher.stats.cache_hits.values()) for d in (first, second, again, big)), *big.kept.reasons.values())
"""


def test_classes_of_a_script(tmp_path):
    """They are others in every process: it must be the one of this process which is raised, or made."""
    (tmp_path / "script.py").write_text(CLASSES)
    for hits in (0, 1):
        out = python(tmp_path / "script.py", DUALAD_CACHE_DIR=str(tmp_path)).stdout
        assert out.startswith(f"{hits} {hits} 0 0 it holds addresses")


SENDER = """
import pathlib, sys
import cloudpickle
import dualad
from dualad.compiler.lowering import unchanged
from dualad.derivative_function import _made

c = 5.0

def f(x):
    return c * x * x * x

d = dualad.grad(f)
assert d(2.0) == 60.0
pathlib.Path(sys.argv[1]).write_bytes(cloudpickle.dumps(d))
_made.cache_clear()
unchanged._seen.clear()
again = dualad.grad(f)  # another object with the same code, which this process has already
assert again is not d and again(2.0) == d(3.0) * 4.0 / 9.0 == 60.0
"""


def test_workers(tmp_path):
    """A derivative that is sent to another process is compiled here or there, once."""
    (tmp_path / "sender.py").write_text(SENDER)
    (tmp_path / "worker.py").write_text(
        "import sys, pickle\nd = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(d(2.0), sum(d.dispatcher.stats.cache_hits.values()))\n"
    )
    place = {"DUALAD_CACHE_DIR": str(tmp_path / "kept")}
    python(tmp_path / "sender.py", tmp_path / "sent", **place)
    assert len(files(tmp_path / "kept")) == 1
    assert python(tmp_path / "worker.py", tmp_path / "sent", **place).stdout == "60.0 1\n"


CELLS = """
import linecache, sys
import dualad

def cell(number, text):
    name = f"/ipykernel_{sys.argv[1]}/{number}.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), globals())

cell(1, "K = 2.0\\ndef helper(x):\\n    return K * x\\n")
cell(2, "def f(x):\\n    return helper(x) * x\\n")
d = dualad.grad(f)
print(d(1.0), sum(d.dispatcher.stats.cache_hits.values()))
"""


def test_notebooks(tmp_path):
    """The files that a notebook's cells are said to be in have other names in every process."""
    (tmp_path / "cells.py").write_text(CELLS)
    found = [python(tmp_path / "cells.py", n, DUALAD_CACHE_DIR=str(tmp_path)).stdout for n in (1, 2)]
    assert found == ["4.0 0\n", "4.0 1\n"]
