"""What the generated code does once, and what it leaves off the tape. The programs in programs/loops.py check that it
is right; here it is checked that it is done."""

import numpy as np
import pytest

import dualad

from .programs import PROGRAMS, loops
from .programs.program import data


def source_of(name, mode="reverse"):
    program = next(p for p in PROGRAMS if p.name == name)
    return dualad.derivative_source(program.function, *program.fresh_args(), mode=mode)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_an_exponential_leaves_the_inner_loop(mode):
    source = source_of("scaled_rows", mode)
    inner = source[source.index("for j_") :]
    assert source.count("math.exp(") == 1
    assert "math.exp(" not in inner


def test_adjoints_of_invariant_loads_are_added_up_in_variables():
    lines = source_of("scaled_rows").partition("# reverse sweep")[2].splitlines()
    head = next(k for k, line in enumerate(lines) if line.strip().startswith("for j_"))
    indent = lines[head].index("for") + 1
    inside = [line for line in lines[head + 1 :] if line[:indent].isspace()]
    assert any(" a_bar[" in line for line in inside)
    assert not any("scales_bar[" in line for line in inside)


def test_a_load_stays_under_the_test_that_the_loop_runs():
    lines = source_of("no_trips_no_load").splitlines()
    load = next(k for k, line in enumerate(lines) if "= a[" in line)
    assert lines[load - 1].strip().startswith("if runs") or lines[load - 2].strip().startswith("if runs")


def test_what_an_exception_forbids_is_not_loaded():
    with pytest.raises(ValueError, match="no such place"):
        dualad.grad(loops.check_before_load)(np.ones(2), 0.7, 10**12)


@pytest.mark.parametrize("name", ["state_by_time", "triangular_solve", "state_in_pairs_of_sums"])
def test_elements_that_are_never_overwritten_need_no_tape(name):
    assert "tape" not in source_of(name)


@pytest.mark.parametrize("name", ["state_in_circle", "state_with_overlap", "moving_view", "from_the_end"])
def test_elements_that_are_overwritten_are_on_the_tape(name):
    assert "tape[" in source_of(name)


def test_single_precision_stays_single():
    def rows(a, x):
        total = x
        for i in range(a.shape[0]):
            for j in range(i):
                total += np.sqrt(a[i]) * a[j] * x
        return total

    a, x = data(313, 4).astype(np.float32), np.float32(0.7)
    value, (a_bar, x_bar) = dualad.value_and_grad(rows, argnums=(0, 1))(a, x)
    reference, (expected, _) = dualad.value_and_grad(rows, argnums=(0, 1))(a.astype(np.float64), 0.7)
    assert a_bar.dtype == np.float32
    np.testing.assert_allclose(a_bar, expected, rtol=1e-5)
    assert abs(value - reference) < 1e-5
