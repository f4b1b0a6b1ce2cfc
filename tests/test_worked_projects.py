"""The programs of docs/examples, with small sizes; each is short, and has a page of the site with its picture."""

import ctypes
import functools
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import dualad
from docs.draw import is_current

FOLDER = Path(__file__).parent.parent / "docs" / "examples"
MOST_LINES = 80


def example(name):
    """Import a program by its path."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_shallow_water():
    truth, found = example("shallow_water").trace_back(24, 60, "100KB", 30)
    assert np.corrcoef(truth.ravel(), found.ravel())[0, 1] > 0.95


def test_bundle_adjustment():
    module = example("bundle_adjustment")
    truth, guess, observations = module.scene(8, 120, 4)
    found = module.adjust(guess, observations)
    before = module.residuals_compiled(guess, *observations)
    assert found.success and np.std(found.fun) < 0.3 < 1.0 < np.std(before)


@pytest.mark.long
def test_stiff_kinetics():
    module = example("stiff_kinetics")
    rates, found = module.estimate(12)
    assert np.allclose(rates, module.TRUE, atol=0.02) and found.fun < 1e-5  # implicit Euler is of first order


@pytest.mark.long
def test_swing_up():
    module = example("swing_up")
    motion, found = module.plan(20, 4.0, 100)
    assert found.constr_violation < 1e-9 and abs(motion[-1, 0] - np.pi) < 1e-9
    assert found.optimality < 1e-4 and 10.0 < found.fun < 100.0


def test_heston():
    module = example("heston")
    arguments = 100.0, 1.0, module.normals_for(400, 8)
    value, gradient = module.greeks(module.MARKET, *arguments)
    assert np.isclose(value, module.price.py_func(module.MARKET, *arguments), rtol=1e-12)
    for k, step in enumerate(1e-6 * module.MARKET):
        moved = [module.price.py_func(module.MARKET + sign * step * np.eye(7)[k], *arguments) for sign in (1.0, -1.0)]
        assert np.isclose(gradient[k], (moved[0] - moved[1]) / (2.0 * step), rtol=1e-4, atol=1e-4)


@pytest.mark.long
def test_gru():
    parameters, losses = example("gru").train(4, 6, 32, 60, 0.03)
    assert list(parameters) == ["update", "reset", "candidate", "readout"] and parameters["readout"].shape == (4,)
    assert losses[-1] < 0.3 * losses[0]


@pytest.fixture(scope="module")
def of_groups():
    """Return the example, the density of few groups, the number of its parameters, and its C function."""
    module = example("hierarchical")
    (features, labels, groups), _ = module.data(5, 12)
    density = functools.partial(module.log_density, features=features, labels=labels, groups=groups, count=5)
    size = 2 + 5 + features.shape[1]
    return module, density, size, dualad.cfunc(dualad.value_and_grad(density), "nutpie")


def test_the_c_function_of_the_hierarchical_model(of_groups):
    module, density, size, callback = of_groups
    pointer = ctypes.POINTER(ctypes.c_double)
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_size_t, *[pointer] * 3, ctypes.c_void_p)(callback.address)
    x, slope, value = np.random.default_rng(0).normal(size=size), np.empty(size), np.empty(1)
    assert function(size, *(a.ctypes.data_as(pointer) for a in (x, slope, value)), None) == 0
    assert np.isclose(value[0], density(x), rtol=1e-12)
    for k, e in enumerate(1e-6 * np.eye(size)):
        assert np.isclose(slope[k], (density(x + e) - density(x - e)) / 2e-6, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", ["by_pointer", "by_python"])
def test_nutpie_samples_the_hierarchical_model(of_groups, make):
    pytest.importorskip("nutpie")
    module, *_ = of_groups
    draws, truth, trace = module.sample(getattr(module, make), count=12, each=40, draws=200, chains=2)
    assert draws.shape == (2, 200, 12) and int(trace.sample_stats.diverging.sum()) < 20
    assert np.corrcoef(draws.mean(axis=(0, 1)), truth)[0, 1] > 0.8


def test_sharded_gradient():
    module = example("sharded_gradient")
    features, labels, _ = module.data(400, 3)
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with module.LocalCluster(**settings) as cluster, module.Client(cluster) as client:
        client.upload_file(str(FOLDER / "sharded_gradient.py"))
        weights, values = module.fit(client, features, labels, 3, 5)
        shards = [(features[k], labels[k]) for k in np.array_split(np.arange(labels.size), 3)]
        value, gradient = module.sum_of_shards(client, shards, weights)
    whole = module.slope(weights, features, labels)
    assert np.isclose(value, whole[0], rtol=1e-13) and np.allclose(gradient, whole[1], rtol=1e-10, atol=1e-10)
    assert values[-1] < values[0]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_programs_are_short_and_on_a_page(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= MOST_LINES
    page = path.with_suffix(".md").read_text(encoding="utf-8")
    assert f"literalinclude}} {path.name}\n" in page and f"../pictures/{path.stem}.svg" in page
    assert f"\nexamples/{path.stem}\n" in (FOLDER.parent / "examples.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_pictures_show_what_the_programs_draw_now(path):
    assert is_current(path.stem), f"python -m docs.draw {path.stem} draws it anew"
