"""The programs of docs/examples, with small sizes; each is short, and stands on a page of the site."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

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
    assert f"examples/{path.name}" in (FOLDER.parent / "examples.md").read_text(encoding="utf-8")
