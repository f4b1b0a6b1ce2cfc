"""Ordinary functions on Duals and Vars; and the engine, Dual and Tape against each other on the shared programs."""

import functools
import math
from math import exp as natural

import numba
import numpy as np
import pytest

import dualad
from dualad import Dual

from .programs import PROGRAMS

SINGLE = "in_single_precision"  # an array of float32 made by the program holds no Duals
COMPILED = (
    "by_gradients",
    "derivatives_of_functions",
    "array_in_a_while_loop",
)  # the program takes derivatives itself, by the engine


def flat(x):
    return np.concatenate([flat(item) for item in x]) if isinstance(x, tuple) else np.ravel(x).astype(float)


def random_like(x, rng):
    if isinstance(x, tuple):
        items = [random_like(item, rng) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    return rng.standard_normal(np.shape(x)) if isinstance(x, np.ndarray) else float(rng.standard_normal())


SHARED = [p for p in PROGRAMS if p.scalar and SINGLE not in p.name and not any(c in p.name for c in COMPILED)]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("program", SHARED, ids=lambda p: p.name)
def test_engine_dual_and_tape_agree(program):
    rng = np.random.default_rng(3)
    args = program.fresh_args()
    direction = tuple(random_like(x, rng) if k in program.argnums else None for k, x in enumerate(args))
    along = np.concatenate([flat(direction[k]) for k in program.argnums])
    by_tape = flat(dualad.tape_grad(program.function, program.argnums)(*program.fresh_args()))
    value, by_dual = dualad.dual_jvp(program.function, program.fresh_args(), direction)
    assert value == pytest.approx(getattr(program.function, "py_func", program.function)(*args), rel=1e-12)
    assert abs(by_dual - by_tape @ along) <= 1e-13 * np.abs(by_tape * along).sum()
    by_engine = flat(dualad.grad(program.function, program.argnums)(*program.fresh_args()))
    assert np.abs(by_engine - by_tape).max() <= 1e-13 * np.abs(by_tape).max()


def derivative(f, x):
    return dualad.dual_jvp(f, (x,), (1.0,))[1]


def test_what_a_function_reaches_is_replaced():
    rate = 3.0

    @numba.njit
    def helper(x):
        return math.sin(x)

    def f(x, g=math.tanh):
        return helper(x) * natural(rate * x) + sum(math.cos(x) for _ in range(2)) + g(x)

    x = 0.3
    wanted = math.exp(3 * x) * (math.cos(x) + 3 * math.sin(x)) - 2 * math.sin(x) + 1 - math.tanh(x) ** 2
    assert derivative(f, x) == pytest.approx(wanted, rel=1e-14)
    assert f(0.3) == dualad.for_any_number(f)(0.3)


def test_methods_and_partial_functions():
    class Layer:
        def __init__(self, weight):
            self.weight = weight

        def output(self, x):
            return math.tanh(self.weight * x)

    wanted = 2.0 * (1.0 - math.tanh(1.0) ** 2)
    assert derivative(Layer(2.0).output, 0.5) == pytest.approx(wanted, rel=1e-15)
    assert dualad.tape_grad(functools.partial(Layer.output, Layer(2.0)))(0.5) == pytest.approx(wanted, rel=1e-15)
    assert dualad.trace(Layer(2.0).output, 0.5).names == ["x", "v1", "output"]


def test_recursion_and_builtins():
    def power(x, n):
        return 1.0 if n == 0 else float(x) * power(x, n - 1)

    def extremes(x):
        assert not isinstance(x, float) and isinstance(x.primal, float)
        return max(x, 1.0, 0.5) * min([x, 3.0]) + max(1, 2) + min(4.0, 5.0) + abs(-x)

    assert derivative(lambda x: power(x, 5), 2.0) == 80.0
    assert derivative(extremes, 2.0) == 5.0
    tie = dualad.for_any_number(lambda x: max(x, 2.0))(Dual(2.0, 1.0))
    assert tie.tangent == 0.5  # as the engine has it


def test_arrays_are_object_arrays_and_integers_stay():
    def f(x):
        where = np.zeros(2, dtype=np.int64)
        where[1] = 1
        out = np.empty(2)
        out[where[1]] = x * x
        out[0] = np.array([x, 1.0])[0]
        return np.sum(np.sqrt(out)) + np.full_like(out, x)[0]

    assert derivative(f, 4.0) == pytest.approx(1.0 + 0.25 + 1.0)


def test_a_function_that_numba_cannot_compile():
    def f(x):
        table = {"a": x, "b": [x, x * 2.0]}
        return eval("a * b[1]", None, table)

    assert dualad.tape_grad(f)(3.0) == 12.0 and derivative(f, 3.0) == 12.0


def test_an_argument_without_floats_is_refused():
    for use in (lambda: dualad.tape_grad(abs)(3), lambda: dualad.dual_jvp(abs, (3,), (1.0,))):
        with pytest.raises(dualad.NotDifferentiableError, match="argument 0 is int"):
            use()


def test_writing_into_an_argument_leaves_the_callers_array():
    def f(a):
        a[0] = a[0] * a[1]
        return a[0] * a[1]

    a = np.array([2.0, 3.0])
    assert dualad.tape_grad(f)(a).tolist() == [9.0, 12.0] and a.tolist() == [2.0, 3.0]
