"""What the generated code does once, and what it leaves off the tape. The programs in programs/loops.py check that it
is right; here it is checked that it is done."""

import itertools
import re

import numba
import numpy as np
import pytest

import dualad
from dualad.compiler.runtime.opaque import opaque

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
    inside = list(itertools.takewhile(lambda line: line[:indent].isspace(), lines[head + 1 :]))
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


@pytest.mark.parametrize(
    "name", ["state_through_matrix", "state_overwritten_sometimes", "state_until", "shifted_elements"]
)
def test_what_is_read_often_is_saved_when_it_is_overwritten(name):
    forwards, backwards = source_of(name).split("# reverse sweep")
    array = "window" if name == "shifted_elements" else "h"
    assert re.search(rf"tape\w*\[.*\] = {array}\[", forwards)
    assert re.search(rf"{array}\[.*\] = tape", backwards)


@pytest.mark.parametrize("name", ["state_returned", "chosen_on_the_way"])
def test_what_is_returned_or_has_two_names_is_not_restored(name):
    _, backwards = source_of(name).split("# reverse sweep")
    assert not re.search(r"\b(h|g|state)\[.*\] = (?!0.0)", backwards)


def test_the_callers_arrays_are_not_restored_into():
    program = next(p for p in PROGRAMS if p.name == "state_through_matrix")
    w, h, n = program.fresh_args()
    dualad.grad(program.function, argnums=(0, 1))(w, h, n)
    np.testing.assert_array_equal(h, program.args[1])


def test_single_precision_is_restored():
    def step(w, h):
        for _ in range(3):
            s = np.float32(0.0)
            for i in range(h.size):
                for j in range(h.size):
                    s += w[i, j] * h[i] * h[j]
            for i in range(h.size):
                h[i] = h[i] + s * np.float32(0.1)
        return h[0] * h[1]

    w, h = data(1, 3, 3).astype(np.float32), data(2, 3).astype(np.float32)
    w_bar, h_bar = dualad.grad(step, argnums=(0, 1))(w, h)
    expected = dualad.grad(step, argnums=(0, 1))(w.astype(np.float64), h.astype(np.float64))
    assert w_bar.dtype == h_bar.dtype == np.float32
    np.testing.assert_allclose(w_bar, expected[0], rtol=1e-4)
    np.testing.assert_allclose(h_bar, expected[1], rtol=1e-4)


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


def shuffled(a, x):
    order = np.arange(4)
    total = x
    np.random.seed(3)
    for _ in range(3):
        np.random.shuffle(order)
        total = total * a[order[0]] + np.sin(a[order[1]] * x)
    return total


def test_random_numbers_are_drawn_as_in_the_function():
    """The seed counts although nothing uses its result, and what a library function writes into is read before."""
    a, x, step = data(7, 4), 0.4, 1e-6
    native = numba.njit(shuffled)
    value, (a_bar, x_bar) = dualad.value_and_grad(shuffled, argnums=(0, 1))(a, x)
    assert value == pytest.approx(native(a, x), rel=1e-13)
    differences = [(native(a + e, x) - native(a - e, x)) / (2.0 * step) for e in step * np.eye(4)]
    np.testing.assert_allclose(a_bar, differences, rtol=1e-6)
    assert abs(x_bar - (native(a, x + step) - native(a, x - step)) / (2.0 * step)) < 1e-6


def test_the_index_of_a_loop_that_comes_down_is_hidden_where_an_inner_loop_runs_along_rows():
    assert re.search(r"(\w+) = opaque\(\1\)", source_of("state_through_matrix"))
    assert "opaque" not in source_of("state_by_time")


def test_opaque_gives_back_its_argument():
    assert opaque(-3) == -3
    assert numba.njit(lambda n: opaque(n) + opaque(n - 1))(5) == 9


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("nearest", r"best\w* < square"),
        ("nearest_by_branch", "test == False"),
        ("lowest_and_highest", r"low\w* < y"),
        ("greatest_where", "== False"),
    ],
)
def test_a_loop_that_selects_tapes_the_trips_that_were_taken(name, kept):
    forwards, _, backwards = source_of(name).partition("# reverse sweep")
    branch = re.search(rf"( +)if not \(.*{kept}.*\):\n(\1 +.*\n)+", forwards)[0]
    assert all(text in branch for text in ("tape", "top", "trips"))
    assert re.search(r"for trip\w* in range\(trips\w* - 1, -1, -1\)", backwards)


@pytest.mark.parametrize("name", ["two_least", "greatest_of_sums", "greatest_of_products", "greatest_after_filling"])
def test_a_loop_whose_trips_leave_other_traces_tapes_all_of_them(name):
    assert not re.search(r"if not \(.*[<>=] .*\):\n +\w*top", source_of(name))


def test_loops_that_fill_an_array_are_reversed_in_their_order():
    assert ", -1, -1)" not in source_of("filled_and_read_elsewhere").partition("# reverse sweep")[2]


@pytest.mark.parametrize("name", ["filled_twice_in_a_trip", "filled_at_one_place"])
def test_loops_that_store_an_element_twice_are_reversed_backwards(name):
    assert ", -1, -1)" in source_of(name).partition("# reverse sweep")[2]
