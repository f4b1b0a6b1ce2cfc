"""The command line: the comparison of a user's function, the source, and one clear line for what is wrong."""

import subprocess
import sys

import numpy as np
import pytest

from dualad.__main__ import load_function, main, parse_argument
from dualad.compare import Comparison, compare, compiled
from dualad.errors import ArgumentError

MODEL = """
import math


def square(x):
    return x * x


def weighted(x, y, n):
    total = 0.0
    for i in range(n):
        total += square(x[i]) * math.sin(y)
    return total


def overwriting(x):
    x[0] = x[0] * x[1]
    return x[0] * x[0]


def sum_of_squares(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return total


def doubled(x):
    return x * 2.0


def identity(x):
    if x > 0.0:
        raise ValueError("x is positive")
    return x


def halted(x):
    try:
        return math.sqrt(x)
    finally:
        print(x)


constant = 3
"""


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "small_models.py"
    path.write_text(MODEL)
    return path


def complaint(capsys, *argv):
    """Run the command line, see it refuse, and return its one line."""
    status = main([str(word) for word in argv])
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert err.startswith("dualad: ") and err.count("\n") == 1
    return err


def test_numbers_lists_and_files_are_read_for_what_they_are(tmp_path):
    assert type(parse_argument("3")) is int
    assert type(parse_argument("3.0")) is float
    assert parse_argument("-1e-3") == -1e-3
    np.testing.assert_array_equal(parse_argument("-1,2.5,3"), [-1.0, 2.5, 3.0])
    assert parse_argument("4,").shape == (1,)
    saved = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "x.npy", saved)
    read = parse_argument(str(tmp_path / "x.npy"))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, saved)


def test_own_function_is_compared(capsys, model_file):
    assert main([f"{model_file}:weighted", "--at", "-1,2,3", "--at", "0.5", "--at", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("first call: ") for line in lines)
    rows = {line.split()[0]: [float(number) for number in line.split()[1:]] for line in lines[3:7]}
    expected = {f"x[{i}]": 2.0 * x * np.sin(0.5) for i, x in enumerate((-1.0, 2.0, 3.0))} | {"y": 14.0 * np.cos(0.5)}
    assert rows.keys() == expected.keys()
    for name, derivative in expected.items():
        assert rows[name] == pytest.approx([derivative] * 3, rel=1e-8)


def test_long_tables_are_cut_and_say_so(capsys, model_file, tmp_path):
    np.save(tmp_path / "x.npy", np.linspace(0.0, 1.0, 300))
    assert main([f"{model_file}:sum_of_squares", "--at", str(tmp_path / "x.npy")]) == 0
    out = capsys.readouterr().out
    assert "x[11]" in out and "x[12]" not in out
    assert "the first 12 of 300 inputs" in out
    assert "over the first 256 of 300 inputs" in out


def test_function_that_writes_into_its_argument(model_file):
    x = np.array([3.0, 2.0])
    found = compare(load_function(f"{model_file}:overwriting"), x)
    np.testing.assert_array_equal(x, [3.0, 2.0])
    assert found.value == 36.0
    for gradient in (found.reverse, found.forward, found.differences):
        np.testing.assert_allclose(gradient, [24.0, 36.0], rtol=1e-8)


def test_some_arguments_are_held_fixed(model_file):
    weighted = load_function(f"{model_file}:weighted")
    found = compare(weighted, np.array([1.0, 2.0]), 0.5, 2, argnums=(1,), inputs=("angle",))
    assert found.inputs == ("angle",)
    for gradient in (found.reverse, found.forward, found.differences):
        np.testing.assert_allclose(gradient, [5.0 * np.cos(0.5)], rtol=1e-8)
    with pytest.raises(ArgumentError, match="1 names for 3 input numbers"):
        compare(weighted, np.array([1.0, 2.0]), 0.5, 2, inputs=("angle",))


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_source_is_python(capsys, model_file, mode):
    assert main([f"{model_file}:weighted", "--at", "1,2", "--at", "0.5", "--at", "2", "--source", mode]) == 0
    source = capsys.readouterr().out
    compile(source, "derivative", "exec")
    assert "def " in source


def test_what_a_gradient_costs_within_a_limit_of_memory(capsys, model_file):
    at = ["--at", "1,2,3,4", "--at", "0.5", "--at", "4"]
    assert main(["explain", f"{model_file}:weighted", *at, "--memory", "1MB"]) == 0
    assert "at most 1 MB at a time" in capsys.readouterr().out
    assert main([f"{model_file}:weighted", *at, "--memory", "1MB"]) == 2
    assert "--memory goes with explain" in capsys.readouterr().err
    assert main(["explain", f"{model_file}:weighted", *at, "--memory", "much"]) == 2


def test_helpers_are_compiled_without_touching_the_module(model_file):
    weighted = load_function(f"{model_file}:weighted")
    assert compiled(weighted)(np.array([1.0, 2.0]), 0.5, 2) == pytest.approx(5.0 * np.sin(0.5))
    assert type(weighted.__globals__["square"]) is type(weighted)


def test_a_gradient_that_is_not_a_number_is_not_hidden():
    ones = np.ones(2)
    found = Comparison("f", ("x", "y"), 1.0, ones, np.array([1.0, np.nan]), ones, {}, {})
    assert np.isnan(found.largest_disagreement)


def test_wrong_paths_and_names(capsys, model_file):
    assert "no such file" in complaint(capsys, "absent.py:f", "--at", "1.0")
    assert "no function named absent" in complaint(capsys, f"{model_file}:absent")
    assert "constant is not a function" in complaint(capsys, f"{model_file}:constant")
    assert "FILE.py:FUNCTION" in complaint(capsys, model_file)
    assert "FILE.py:FUNCTION" in complaint(capsys, "--at", "1.0")
    assert "--bogus" in complaint(capsys, "--bogus")


def test_file_that_cannot_be_imported(capsys, tmp_path):
    (tmp_path / "broken.py").write_text("def f(x)\n    return x\n")
    assert "cannot be imported: SyntaxError" in complaint(capsys, f"{tmp_path}/broken.py:f", "--at", "1.0")


def test_wrong_arguments(capsys, model_file, tmp_path):
    np.save(tmp_path / "z.npy", np.ones(2, dtype=complex))
    weighted = f"{model_file}:weighted"
    assert "not a number" in complaint(capsys, weighted, "--at", "1,a")
    assert "no such file" in complaint(capsys, weighted, "--at", tmp_path / "absent.npy")
    assert "complex128" in complaint(capsys, weighted, "--at", tmp_path / "z.npy")
    assert "missing" in complaint(capsys, weighted, "--at", "1.0")
    assert "give a float" in complaint(capsys, f"{model_file}:identity", "--at", "2")
    assert "reverse" in complaint(capsys, weighted, "--source", "sideways")


def test_result_that_is_not_one_number(capsys, model_file):
    assert "(2,)" in complaint(capsys, f"{model_file}:doubled", "--at", "1,2")


def test_exception_of_the_function_itself(capsys, model_file):
    assert "ValueError: x is positive" in complaint(capsys, f"{model_file}:identity", "--at", "1.0")


def test_function_that_the_engine_refuses(capsys, model_file):
    assert "small_models.py" in complaint(capsys, f"{model_file}:halted", "--at", "4.0")


def test_exit_status_of_the_process():
    finished = subprocess.run(
        [sys.executable, "-m", "dualad", "absent.py:f", "--at", "1.0"], capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr == "dualad: absent.py: no such file\n"
