"""What is said while compiling takes long: on standard error, and only to people."""

import io
import sys
import time

import pytest

import dualad
from dualad.compiler.runtime import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def slow(seconds):
    """Stand for a compilation that asks for another one."""
    with progress.compiling("f_grad"):
        progress.stage("first")
        time.sleep(seconds)
        with progress.compiling("inner"):
            progress.stage("second")
            time.sleep(3 * seconds)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    monkeypatch.setattr(progress, "_EVERY", 0.02)
    monkeypatch.delenv("DUALAD_PROGRESS", raising=False)


def test_a_terminal_is_told(impatient, monkeypatch):
    before = progress.seconds_spent()
    monkeypatch.setattr(sys, "stderr", Terminal())
    slow(0.15)
    lines = sys.stderr.getvalue().split("\r")
    assert lines[1].startswith("dualad: compiling f_grad: first, 0 s")
    assert any(line.startswith("dualad: compiling f_grad > inner: second") for line in lines)
    assert lines[-1].startswith("dualad: compiled f_grad in 0.") and lines[-1].endswith("\n")
    assert progress.seconds_spent() - before > 0.5


@pytest.mark.parametrize("wish", [None, "0", "1"])
def test_files_are_told_on_demand(impatient, monkeypatch, wish):
    monkeypatch.setattr(sys, "stderr", io.StringIO() if wish != "0" else Terminal())
    if wish is not None:
        monkeypatch.setenv("DUALAD_PROGRESS", wish)
    slow(0.1)
    said = sys.stderr.getvalue()
    if wish != "1":
        assert said == ""
        return
    *lines, last = said.splitlines()
    assert lines == ["dualad: compiling f_grad: first", "dualad: compiling f_grad > inner: second"]
    assert last.startswith("dualad: compiled f_grad in 0.")


def test_short_compilations_say_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.delenv("DUALAD_PROGRESS", raising=False)
    slow(0.01)
    assert sys.stderr.getvalue() == ""


def test_without_standard_error(impatient, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    slow(0.05)


def test_the_compiler_says_where_it_is(impatient, monkeypatch):
    stages = []
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_say", stages.append)
    monkeypatch.setenv("DUALAD_PROGRESS", "1")

    def f(x):
        total = 0.0
        for k in range(5):
            total += x[k] * x[k]
        return total

    dualad.grad(f).compile("f8[:]")
    said = "".join(stages)
    assert "dualad: compiling f_grad" in said and "by Numba" in said and "compiled f_grad" in said
