"""Random programs: both modes against each other, and against central differences in plain Python.

Compiling a random program takes seconds, so most of them run their derivative as the Python that dualad generates, and
a few natively. DUALAD_RANDOM_PROGRAMS=N tests the first N seeds of each kind instead of a handful.
"""

import os

import numpy as np
import pytest
from numba import typeof

import dualad
from dualad.derivative_function import DerivativeFunction
from dualad.testing import check_grads

from .random_mixed import mixed_program
from .random_order import order_program
from .random_source import RandomProgram, array_program, loop_program

SEEDS = range(int(os.environ.get("DUALAD_RANDOM_PROGRAMS", "5")))
STEPS = (1e-4, 1e-5, 1e-6)
KINDS = [loop_program, array_program, mixed_program, order_program]


def test_a_seed_determines_a_program():
    for make in KINDS:
        assert make(5).text == make(5).text
        assert make(5).text != make(6).text


@pytest.mark.parametrize("make", KINDS)
def test_random_programs_run(make):
    results = [program.function(*program.fresh_args()) for program in map(make, range(40))]
    assert all(np.isfinite(leaf).all() for leaf in leaves(tuple(results)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", KINDS)
def test_as_python(make, seed, monkeypatch):
    monkeypatch.setattr(DerivativeFunction, "__call__", without_compiling)
    check(make(seed))


@pytest.mark.parametrize(("make", "seed"), [(loop_program, 37), (array_program, 13)])  # short ones
def test_natively(make, seed):
    check(make(seed))


def without_compiling(derivative: DerivativeFunction, *args):
    """Call the generated Python function as it is."""
    return derivative._specialise(tuple(typeof(arg) for arg in args))(*args)


def check(program: RandomProgram) -> None:
    """Check a program's derivatives, by the modes alone where the program is not smooth at its point."""
    function = program.function
    try:
        check_memory(program)
        check_grads(function, program.args, adjoint_rtol=1e-9)
    except AssertionError as error:
        message = str(error)
        if not message.startswith("the derivative along") or is_smooth(program):
            raise AssertionError(f"{message}\n{program.text}") from error
        pytest.skip("the program has a kink, a tie or a jump at its point")
    except dualad.DualadError as error:
        raise AssertionError(f"{error}\n{program.text}") from error


def check_memory(program: RandomProgram) -> None:
    """Check that nothing that a derivative returns shares memory with what it was given."""
    args = program.fresh_args()
    ones = {np.ndarray: np.ones_like, float: lambda x: 1.0}
    tangents = tuple(ones[type(x)](x) if type(x) in ones else None for x in args)
    out, pullback = dualad.vjp(program.function, *args)
    weights = [np.ones_like(y) if isinstance(y, np.ndarray) else 1.0 for y in leaves(out)]
    bars = pullback(tuple(weights) if isinstance(out, tuple) else weights[0])
    returned = leaves((out, bars, dualad.jvp(program.function, args, tangents)))
    given = leaves((args, tangents))
    assert not any(np.shares_memory(x, y) for x in returned for y in given if isinstance(y, np.ndarray)), (
        "shared memory"
    )


def leaves(x: object) -> list:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, tuple) else [x]


def is_smooth(program: RandomProgram) -> bool:
    """Whether central differences along a random direction agree between steps."""
    rng = np.random.default_rng(0)
    directions = [rng.standard_normal(np.shape(arg)) * isinstance(arg, float | np.ndarray) for arg in program.args]

    def at(step: float) -> float:
        moved = [
            x + step * x_dot if isinstance(x, float | np.ndarray) else x
            for x, x_dot in zip(program.fresh_args(), directions, strict=True)
        ]
        return sum(float(np.sum(leaf)) for leaf in leaves(program.function(*moved)))

    slopes = [(at(step) - at(-step)) / (2.0 * step) for step in STEPS]
    return max(slopes) - min(slopes) <= 1e-4 * max(1.0, max(abs(slope) for slope in slopes))
