"""What a gradient costs, line by line."""

import math
import subprocess
import sys

import numba
import numpy as np
import pytest

import dualad
from dualad.compiler.differentiate.instrumented import Instrumented
from dualad.measuring import bytes_text, duration


def flux(a, b):
    return math.exp(-a * a) * (b - a)


def heat(u, c, steps):
    u = u.copy()
    v = np.empty_like(u)
    for _ in range(steps):
        for i in range(1, u.size - 1):
            v[i] = u[i] + c[i] * (flux(u[i], u[i + 1]) - flux(u[i - 1], u[i]))
        for i in range(1, u.size - 1):
            u[i] = v[i]
    return np.sum(u)


def powers(x, n):
    total = 0
    for k in range(n):
        total += k
    y = np.empty(n)
    for k in range(n):
        x = math.sin(x)
        y[k] = x
    return y


def overwritten(a, x):
    y = a @ x
    a[0, 0] = 2.0
    return y[0] * y[1]


@numba.njit(parallel=True)
def shares(x, w):
    total = 0.0
    for i in numba.prange(x.size):
        pull = math.sin(x[i] * w[0])
        total += pull * pull
    return total


def logistic(x, n):
    for _ in range(n):
        x = 3.5 * x * (1.0 - x)
    return x


def with_aux(x, n):
    for _ in range(n):
        x = math.sin(x)
    return x * x, n


def with_a_file(x):
    y = x * x
    open("nothing")
    return y


SIZE, STEPS = 12, 5


@pytest.fixture(scope="module")
def explained():
    rng = np.random.default_rng(0)
    return dualad.explain(heat, rng.random(SIZE), 0.1 * rng.random(SIZE), STEPS)


def line_with(explanation, text):
    (found,) = (line for line in explanation.lines if text in line.text)
    return found


def test_lines_say_what_they_store_and_cost(explained):
    inner = (SIZE - 2) * STEPS
    assert line_with(explained, "u[i] = v[i]").stored == 8 * inner  # what is overwritten
    assert line_with(explained, "math.exp").stored == 2 * 8 * inner
    assert explained.stored == sum(line.stored for line in explained.lines) == 3 * 8 * inner
    assert "active" in line_with(explained, "v[i] = ").notes
    assert "computed again" in line_with(explained, "math.exp").notes
    spent = sum(line.forward + line.reverse for line in explained.lines)
    assert 0.0 < spent < 10.0 and all(line.forward >= 0.0 <= line.reverse for line in explained.lines)
    assert line_with(explained, "math.exp").forward > 0.0 < line_with(explained, "v[i] = ").reverse
    assert explained.seconds["gradient"] > 0.0 < explained.seconds["function"]


def test_what_is_computed_again_costs_its_own_line_and_not_the_loop(explained):
    heads = [line.reverse for line in explained.lines if "for i in range" in line.text]
    assert len(heads) == 2 and max(heads) < line_with(explained, "v[i] = ").reverse


def test_looks_at_the_clock_are_taken_out_of_what_was_timed():
    lines = ["def f():", "    for i in range(3):", "        a()", "        b()", "    return"]
    text = Instrumented(lines, [("", 1)] * 5, lambda name: name)
    counts, look = [1, 3], 1.0
    assert text.run_rarely(counts, 1.0) == set() and text.run_rarely(counts, 13.0) == {0}
    assert text.run_rarely(counts, 14.0) == {0, 1}
    times = [3 * (5 + 7 + 4) + 1, 3 * (5 + 1), 3 * (7 + 1), 0]  # the loop takes no time itself
    assert text.seconds(counts, times, {0, 1}, look, 36.0) == [0.0, 15.0, 21.0, 0.0]
    whole = text.seconds(counts, [0, 0, 0, 0], set(), look, 36.0)
    assert sum(whole) == pytest.approx(36.0) and whole[1] == whole[2] > whole[0]


def test_what_is_shown(explained):
    table = str(explained)
    assert "gradient of heat:" in table and "def heat(u, c, steps):" in table and "def flux(a, b):" in table
    assert table.index("def heat") < table.index("def flux")
    rows = explained.table(by_cost=True).splitlines()[2:]
    costs = [line.forward + line.reverse for line in sorted(explained.lines, key=lambda x: -x.forward - x.reverse)]
    assert len(rows) == sum(c > 0.0 for c in costs)
    assert "<table" in explained._repr_html_() and "u[i - 1]" in explained._repr_html_()
    assert repr(explained) == "<explanation of the gradient of heat: print it>"


def test_results_that_are_arrays_and_lines_without_derivatives():
    explained = dualad.explain(powers, 0.5, 20)
    assert line_with(explained, "total += k").notes == []
    assert explained.stored == 8 * 20  # the x of each trip
    assert "active" in line_with(explained, "math.sin").notes


def test_copies():
    explained = dualad.explain(overwritten, np.eye(2), np.ones(2))
    assert "copied" in line_with(explained, "a @ x").notes


def test_a_gradient_within_a_limit_of_memory():
    steps = 500
    limited = dualad.explain(dualad.grad(logistic, memory="1kB"), 0.3, steps)
    assert limited.function == "logistic" and limited.memory == 1000 and limited.stored == 8 * steps
    assert limited.title().splitlines()[0].endswith("stored: 4 kB, at most 1 kB at a time")
    line = line_with(limited, "3.5 * x")
    assert line.reverse > line.forward > 0.0  # it runs again what it did not keep


@pytest.mark.long
def test_a_limit_of_memory_that_is_too_small():
    with pytest.raises(MemoryError, match="too little for one state"):
        dualad.explain(logistic, 0.3, 500, memory=10)


def test_a_gradient_that_has_more_to_say():
    explained = dualad.explain(dualad.value_and_grad(with_aux, has_aux=True), 0.5, 20)
    assert explained.function == "with_aux" and explained.stored == 8 * 20
    with pytest.raises(dualad.ArgumentError, match="give them to grad, not to explain"):
        dualad.explain(dualad.grad(heat), np.ones(3), np.ones(3), 2, memory="1MB")


def test_the_lines_of_a_loop_on_several_threads():
    explained = dualad.explain(shares, np.linspace(0.0, 1.0, 50), np.array([2.0]))
    assert explained.has_threads and explained.title().splitlines()[0].endswith("its lines on one thread")
    assert line_with(explained, "math.sin").reverse > 0.0 and "active" in line_with(explained, "math.sin").notes
    (refused,) = line_with(dualad.explain(shares, np.ones(5), np.ones(1), memory="1MB"), "prange").notes
    assert refused.startswith("refused: memory= with a loop over prange") and "f.py_func" in refused


def test_branches_that_leave_a_loop_are_not_timed():
    lines = [
        "def f():",
        "    while True:",
        "        if a:",
        "            b()",
        "        else:",
        "            break",
        "        if c:",
    ]
    lines += ["            d()", "            if e:", "                break", "        g()", "    return"]
    text = Instrumented(lines, [("", 1)] * len(lines), lambda name: name)
    assert [line.text for line in text.lines if line.may_leave] == ["if a:", "if c:", "if e:"]
    timed = {line.suite for line in text.lines}
    made = text.text(timed)
    for k, line in enumerate(made):
        if line.strip() in ("if a:", "if c:", "if e:"):
            assert "-= clock()" not in made[k - 1]
    assert sum("-= clock()" in line for line in made) == sum("+= clock()" in line for line in made) == 4


def test_what_is_refused_stands_at_its_line():
    explained = dualad.explain(with_a_file, 2.0)
    (note,) = line_with(explained, "open(").notes
    assert note.startswith("refused: ") and "open" in note
    assert "is refused" in str(explained) and explained.seconds == {} and explained.stored == 0


def test_arguments():
    with pytest.raises(dualad.NotDifferentiableError, match="no floating-point argument"):
        dualad.explain(powers, 1, 2)
    with pytest.raises(dualad.ArgumentError):
        dualad.explain(powers, 1.0, 2, argnums=5)


def test_the_command_line():
    words = ["explain", f"{__file__}:heat", "--at", "1,2,3,4", "--at", "0.1,0.1,0.1,0.1", "--at", "3"]
    run = subprocess.run([sys.executable, "-m", "dualad", *words], capture_output=True, text=True, check=True)
    assert "gradient of heat:" in run.stdout and "math.exp" in run.stdout
    run = subprocess.run([sys.executable, "-m", "dualad", "explain"], capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "explain needs a function" in run.stderr


def test_units():
    assert [bytes_text(n) for n in (0, 12, 1500, 2 * 10**6, 3 * 10**9)] == ["", "12 B", "1.5 kB", "2 MB", "3 GB"]
    assert [duration(s) for s in (2e-9, 3.5e-6, 0.25, 2.0)] == ["2 ns", "3.5 us", "250 ms", "2 s"]
