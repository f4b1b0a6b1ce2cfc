"""Compiling is linear, or nearly so, in the size of a program: the compiler's own calls are counted, not seconds."""

import importlib.util
import sys
from pathlib import Path

import pytest

import dualad
from bench.growth import KINDS

PACKAGE = str(Path(dualad.__file__).parent)
SIZES = {
    "straight line": 60,
    "one expression": 40,
    "array elements": 40,
    "array statements": 4,
    "elif chain": 12,
    "early returns": 12,
    "nested ifs": 8,
    "conditional expressions": 12,
    "ifs in a row": 20,
    "loops in a row": 8,
    "helper calls": 20,
    "arguments": 20,
}
"""Half the size of the larger of two programs of a kind."""


def program(folder, kind, size):
    path = folder / f"{kind.replace(' ', '_')}_{size}.py"
    path.write_text(f"import math\n\nimport numpy as np\n\n\n{KINDS[kind][0](size)}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def arguments(kind, size):
    return tuple(0.7 + 0.01 * k for k in range(size)) if kind == "arguments" else (0.7,)


def calls_of_the_compiler(f, args, mode):
    """Return how many functions of the package are entered, or resumed, while a derivative is generated."""
    count = 0

    def observe(frame, event, _):
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(PACKAGE)

    before = sys.getprofile()
    sys.setprofile(observe)
    try:
        dualad.derivative_source(f, *args, mode=mode)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("kind", SIZES)
def test_twice_the_program_takes_twice_the_work(kind, mode, tmp_path):
    size = SIZES[kind]
    small, large = (
        calls_of_the_compiler(program(tmp_path, kind, n), arguments(kind, n), mode) for n in (size, 2 * size)
    )
    assert large < 2.8 * small


@pytest.mark.parametrize("kind", ["elif chain", "early returns", "conditional expressions"])
def test_long_chains(kind, tmp_path):
    """Python reads no text of a hundred levels; long chains are cut into pieces."""
    f = program(tmp_path, kind, 40)
    gradient, forward = dualad.value_and_grad(f), dualad.jacfwd(f)
    for x in (-1.0, 0.2, 15.1, 16.3, 31.7, 32.7, 39.1, 50.0):
        value, slope = gradient(x)
        assert value == pytest.approx(f(x), rel=1e-14)
        assert slope == pytest.approx((f(x + 1e-4) - f(x - 1e-4)) / 2e-4, rel=1e-6)
        assert forward(x) == pytest.approx(slope, rel=1e-14)
    lines = dualad.derivative_source(program(tmp_path, kind, 130), 0.7).splitlines()
    assert max(len(line) - len(line.lstrip()) for line in lines) < 4 * 40


def test_helpers_that_call_each_other_twice(tmp_path):
    """Inlined they would be 2^11 sines: from some number on they are called instead."""
    f = program(tmp_path, "helpers that call twice", 12)
    assert dualad.derivative_source(f, 0.7).count("math.sin") < 1000
    slope = (f(0.7001) - f(0.6999)) / 2e-4
    assert dualad.grad(f)(0.7) == pytest.approx(slope, rel=1e-6)
    assert dualad.jacfwd(f)(0.7) == pytest.approx(slope, rel=1e-6)
