"""The benchmark programs: what is timed is right, and the command that makes the table works."""

import numpy as np
import pytest

import dualad
from bench import first, sparse, sparse_peers, table
from bench.arrays import programs as array_programs
from bench.programs import programs

PROGRAMS = programs()


def test_there_are_at_least_ten():
    assert len({name for name, *_ in PROGRAMS}) == len(PROGRAMS) >= 10


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p[0])
def test_what_is_timed_is_right(program):
    _, f, args, argnums = program
    rng = np.random.default_rng(5)
    tangents = [None if isinstance(a, int) else np.zeros_like(a) if np.ndim(a) else 0.0 for a in args]
    for k in argnums:
        tangents[k] = rng.normal(size=np.shape(args[k])) if np.ndim(args[k]) else 1.0
    before = [np.copy(a) for a in args]
    value, gradient = dualad.value_and_grad(f, argnums=argnums)(*args)
    value_too, value_dot = dualad.jvp(f, args, tuple(tangents))
    assert value == pytest.approx(value_too, rel=1e-12)
    terms = [g * tangents[k] for k, g in zip(argnums, gradient, strict=True)]
    assert sum(np.sum(t) for t in terms) == pytest.approx(value_dot, rel=1e-9, abs=1e-12 * sum(map(np.size, terms)))
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_table_is_markdown(monkeypatch):
    monkeypatch.setattr(table, "programs", lambda: PROGRAMS[:1])
    monkeypatch.setattr(table, "SAMPLE_SECONDS", 1e-5)
    head, rule, row, *_ = table.table().splitlines()
    assert head.count("|") == rule.count("|") == row.count("|") == 7
    assert row.startswith("| three lines, no loop | ")


def test_the_table_goes_between_the_markers(monkeypatch, tmp_path):
    (tmp_path / "bench").mkdir()
    files = [tmp_path / "README.md", tmp_path / "bench" / "RESULTS.md"]
    for file in files:
        file.write_text("above\n<!-- begin: python -m some -->\nold\n<!-- end: python -m some -->\nbelow\n")
    monkeypatch.setattr(table, "ROOT", tmp_path)
    table.write_section("python -m some", "| new |")
    table.write_section("python -m other", "| lost |")
    for file in files:
        expected = "above\n<!-- begin: python -m some -->\n| new |\n<!-- end: python -m some -->\nbelow\n"
        assert file.read_text() == expected


@pytest.mark.parametrize("name", [n for n in array_programs.DATA if n != "network"])
def test_array_programs(name):
    """Gradients of the programs compared with other frameworks, along a random direction, on the data of the table."""
    f, make, count, _ = array_programs.DATA[name]
    args = make(np.random.default_rng(0))
    gradients = dualad.grad(f, tuple(range(count)))(*args)
    rng = np.random.default_rng(1)
    tangents = [rng.standard_normal(np.shape(a)) if np.ndim(a) else 1.0 for a in args[:count]]
    _, dot = dualad.jvp(f, args, (*tangents, *[None if isinstance(a, int) else 0 * a for a in args[count:]]))
    assert sum(np.sum(g * t) for g, t in zip(gradients, tangents, strict=True)) == pytest.approx(dot, rel=1e-9)


def test_the_first_derivative(monkeypatch):
    """One number is measured; of the others it is seen what the table says of them."""
    name = "three lines, no loop"
    assert 0.0 < first.measure(name, "reverse", True) < 60.0
    assert set(first.ARRAYS) < set(first.programs())
    seconds = {"primal": 0.3, "reverse": 0.38, "forward": 0.45}
    monkeypatch.setattr(first, "in_a_new_process", lambda name, kind, is_cold, folder: seconds[kind])
    assert first.row(name, False, 1) == f"| {name} | 0.300 | 0.380 | +0.080 | 0.450 | +0.150 | forward |"
    seconds = {"primal": 0.1, "reverse": 0.3, "forward": None}
    assert first.row(name, True, 1) == f"| {name} | 0.100 | 0.300 | 3.0 |  |  | reverse |"
    assert first.table(True, [name], 1)[0].startswith("| cold, s | Numba, primal | reverse | reverse / primal |")


@pytest.mark.parametrize("peer", sparse_peers.PEERS)
def test_sparse_matrices_of_other_tools_are_the_same(peer):
    if peer not in sparse_peers.installed():
        pytest.skip(f"{peer} is not installed")
    rng = np.random.default_rng(0)
    small = {"Brusselator": (rng.uniform(0.5, 1.5, 32), 4), "Bratu": (rng.uniform(size=25), 5, 1.0)}
    small["Rosenbrock"] = (rng.normal(size=7),)
    for name, f, _, transform in sparse.programs():
        program = name.split(",")[0].split(" ")[0]
        if program in small:
            x, *rest = small[program]
            _, evaluate = sparse_peers.matrix_of(peer, name, x, tuple(rest))
            expected = transform(f)(x, *rest).toarray()
            found = np.asarray(evaluate())
            np.testing.assert_allclose(np.sort(found[found != 0]), np.sort(expected[expected != 0]), rtol=1e-12)
