"""The programs themselves, without dualad: each compiles, agrees with plain Python, repeats, is smooth at its point.

Smoothness matters because every test of a derivative compares with finite differences: at a kink, a tie or a jump the
comparison would say nothing. One random direction is enough here; the derivative tests go through all of them.
"""

import math
from collections import Counter

import numba
import numpy as np
import pytest

from . import PROGRAMS, Program
from .program import is_differentiable, rebuilt

STEP = 1e-4


def python_function(program: Program):
    return getattr(program.function, "py_func", program.function)


def numbers(result) -> np.ndarray:
    """Every number of a float, an array or a nested tuple, in one flat array."""
    if isinstance(result, tuple):
        return np.concatenate([numbers(item) for item in result])
    return np.array(result, dtype=np.float64, ndmin=1).reshape(-1)


def moved(arg, rng: np.random.Generator, step: float):
    """The argument moved by step along a random direction."""
    if isinstance(arg, tuple):
        return rebuilt(arg, [moved(item, rng, step) for item in arg])
    if isinstance(arg, np.ndarray):
        return arg + step * rng.choice([-1.0, 1.0], arg.shape) * rng.uniform(0.5, 1.5, arg.shape)
    return arg + step * float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.5))


def along_a_direction(program: Program, step: float) -> np.ndarray:
    rng = np.random.default_rng(2024)
    args = list(program.fresh_args())
    for position in program.argnums:
        args[position] = moved(args[position], rng, step)
    return numbers(python_function(program)(*args))


def test_names_are_unique():
    assert [name for name, count in Counter(program.name for program in PROGRAMS).items() if count > 1] == []


def test_there_are_enough_programs():
    assert len(PROGRAMS) >= 120
    assert sum(not program.scalar for program in PROGRAMS) >= 12


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
class TestProgram:
    def test_arguments(self, program: Program):
        assert program.argnums
        assert all(is_differentiable(program.args[position]) for position in program.argnums)

    def test_result(self, program: Program):
        result = python_function(program)(*program.fresh_args())
        assert isinstance(result, float) == program.scalar
        assert np.isfinite(numbers(result)).all()

    def test_smooth_at_its_point(self, program: Program):
        here = along_a_direction(program, 0.0)
        ahead, behind = along_a_direction(program, STEP), along_a_direction(program, -STEP)
        central = (ahead - behind) / (2.0 * STEP)
        nearer = (along_a_direction(program, STEP / 4) - along_a_direction(program, -STEP / 4)) / (STEP / 2)
        size = max(1.0, float(np.abs(central).max()))
        np.testing.assert_allclose(central, nearer, rtol=0.0, atol=2e-6 * size)
        np.testing.assert_allclose((ahead - here) / STEP, (here - behind) / STEP, rtol=0.0, atol=100 * STEP * size)
        assert math.isfinite(size)
        assert np.abs(central).max() > 1e-3, "a program without a derivative tests nothing"


# every fourth: the derivatives' tests compile all of them
@pytest.mark.one_in(3)
@pytest.mark.parametrize("program", PROGRAMS[::4], ids=lambda program: program.name)
def test_native_agrees_with_python_and_repeats(program: Program):
    if not program.native:
        pytest.skip("Numba does not compile it as it stands")
    native = numba.njit(error_model="numpy")(python_function(program))
    plain_args, native_args, second_args = (program.fresh_args() for _ in range(3))
    expected = python_function(program)(*plain_args)
    result = native(*native_args)
    again = native(*second_args)
    assert isinstance(result, float) == program.scalar
    np.testing.assert_allclose(numbers(result), numbers(expected), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(numbers(result), numbers(again))
    for plain_arg, native_arg in zip(plain_args, native_args, strict=True):
        if isinstance(plain_arg, (np.ndarray, tuple)):
            np.testing.assert_allclose(numbers(native_arg), numbers(plain_arg), rtol=1e-12, atol=1e-14)
