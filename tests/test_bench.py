"""The benchmark programs: what is timed is right, and the command that makes the table works."""

import numpy as np
import pytest

import dualad
from bench import table
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
    assert value == value_too
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
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{table.BEGIN}\nold\n{table.END}\nbelow\n")
    monkeypatch.setattr(table, "ROOT", tmp_path)
    table.write("| new |")
    assert readme.read_text() == f"above\n{table.BEGIN}\n| new |\n{table.END}\nbelow\n"
    assert (tmp_path / "bench" / "RESULTS.md").read_text().endswith("\n\n| new |\n")
