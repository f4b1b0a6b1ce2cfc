"""Derivatives that are sent to other processes are there what they are here."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import types

import cloudpickle
import numba
import numpy as np
import pytest

import dualad

K = 2.0
BOX = types.SimpleNamespace(k=2.0)


def cubed(x):
    return K * x * x * x


def of_box(x):
    return BOX.k * x * x


@numba.njit
def jitted(x):
    return K * x * x


slope = dualad.grad(cubed)
slope_of_jitted = dualad.grad(jitted)


@numba.njit
def calling(x):
    return slope(x) + slope_of_jitted(x)


def made_here(c):
    """Return a derivative of a closure, and a jitted function that calls one."""
    inner = dualad.grad(lambda x: c * x * x)

    @numba.njit
    def calls(x):
        return inner(x) + 1.0

    return inner, calls


CHILD = """
import sys, pickle
loaded = pickle.loads(sys.stdin.buffer.read())
sys.stdout.buffer.write(pickle.dumps([f(2.0) for f in loaded]))
"""


def in_a_new_process(functions):
    """Return what functions give for 2.0 in a process that has nothing but them."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command, sent = [sys.executable, "-c", CHILD], cloudpickle.dumps(functions)
    return pickle.loads(subprocess.run(command, input=sent, capture_output=True, check=True, env=env).stdout)


def test_pickle_and_copy():
    hessian = dualad.hessian(cubed)
    for f in (slope, dualad.grad(slope), hessian, calling, slope.dispatcher, slope_of_jitted):
        expected = f(2.0)
        for twin in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):  # after the first call
            assert twin(2.0) == expected
    new = dualad.jacfwd(cubed)
    assert pickle.loads(pickle.dumps(new)) is new  # before it, too
    assert pickle.loads(pickle.dumps(new.dispatcher)) is new.dispatcher
    assert copy.copy(new) is copy.deepcopy(new) is new


def test_a_process_that_has_nothing(tmp_path):
    """The file of the functions is gone, and no module of theirs can be imported."""
    path = tmp_path / "a_script.py"
    path.write_text(
        "import collections, math\n"
        "Pair = collections.namedtuple('Pair', 'a b')\n"
        "PAIR, TABLE, KINDS = Pair(3.0, 1.0), {'a': 1.0, Pair: 2.0}, (Pair, dict)\n"
        "def helper(x):\n"
        "    return PAIR.a * math.sin(x) * TABLE['a'] * len(KINDS)\n"
        "\n"
        "def make(c):\n"
        "    def inner(x):\n"
        "        assert x > 0.0\n"
        "        return c * helper(x) * x\n"
        "    return inner\n"
        "square = lambda x: x * x\n"
    )
    script = {"__name__": "__main__"}
    exec(compile(path.read_text(), str(path), "exec"), script)  # noqa: S102
    f = script["make"](2.0)
    gradient = dualad.grad(f)
    functions = [gradient, gradient.dispatcher, dualad.hessian(f), dualad.grad(gradient), dualad.vjp(f, 2.0)[1]]
    functions += [dualad.jacfwd(script["square"]), *made_here(5.0), calling]
    functions += [dualad.grad(lambda x: made_here(2.0)[0](x) * x)]
    expected = [np.sum(g(2.0)) for g in functions]
    path.unlink()
    assert [np.sum(y) for y in in_a_new_process(functions)] == pytest.approx(expected, rel=1e-13)


def test_values_that_have_changed_are_not_sent(monkeypatch):
    d, unchanged = dualad.grad(of_box), dualad.grad(cubed)
    monkeypatch.setattr(BOX, "k", 3.0)
    with pytest.raises(pickle.PicklingError, match="of_box depends on has changed"):
        pickle.dumps(d)
    assert pickle.loads(pickle.dumps(unchanged)) is unchanged
    sent = pickle.dumps(dualad.grad(of_box))
    monkeypatch.setattr(BOX, "k", 2.0)
    arrived = pickle.loads(sent)  # by name, into a process where BOX is another one; to fail here would stop a pool
    for call in (arrived, numba.njit(lambda x: arrived(x)), pickle.loads(pickle.dumps(arrived))):
        with pytest.raises(dualad.ArgumentError, match="grad of of_box was taken where .* is another one"):
            call(2.0)


def test_a_pool_of_spawned_processes():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(slope, [1.0, 2.0]) == [6.0, 24.0]
        assert pool.apply(calling, (1.0,)) == 10.0


def test_joblib():
    joblib = pytest.importorskip("joblib")
    closure = made_here(5.0)[0]
    jobs = [joblib.delayed(f)(2.0) for f in (slope, closure, calling)]
    assert joblib.Parallel(n_jobs=2)(jobs) == [24.0, 20.0, 32.0]


def test_dask():
    distributed = pytest.importorskip("distributed")
    closure, calls = made_here(5.0)
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        futures = [client.submit(f, 2.0) for f in (slope, closure, calls)]
        assert client.gather(futures) == [24.0, 20.0, 21.0]


def test_a_stub_is_not_run():
    with pytest.raises(RuntimeError, match="the stub of cubed_grad was run"):
        slope.dispatcher.py_func(1.0)


def test_numba_is_told_to_compile_nothing():
    program = "from dualad.examples import lotka_volterra as m\nimport dualad\ndualad.grad(m.hare_growth)"
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env)
    assert "UnsupportedError: NUMBA_DISABLE_JIT is set" in out.stderr


def test_arrays_among_what_is_captured():
    weights = np.arange(6.0).reshape(2, 3).T[::2]  # of no simple layout: it arrives as another one

    def f(x):
        return weights[1, 1] * x

    assert pickle.loads(cloudpickle.dumps(dualad.grad(f)))(1.0) == 5.0
    assert dualad.grad(pickle.loads(cloudpickle.dumps(f))) is dualad.grad(pickle.loads(cloudpickle.dumps(f)))
