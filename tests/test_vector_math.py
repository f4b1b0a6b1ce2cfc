"""The vector variants of elementary functions: as exact as glibc says, with the same special values, and switchable."""

import math

import numpy as np
import pytest
from numba import njit, typeof

import dualad
from dualad.compiler.build import Derivative, build
from dualad.compiler.runtime import vector_math

HAS_VARIANTS = pytest.mark.skipif(not vector_math.FUNCTIONS, reason="no libmvec on this platform")
RANGES = {"asin": (-1, 1), "acos": (-1, 1), "atanh": (-1, 1), "acosh": (1, 1e6), "log1p": (-1, 1e6)}
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e308, -1e308, 750.0, -750.0])


@pytest.fixture
def plain_functions():
    dualad.use_vector_math(False)
    yield
    dualad.use_vector_math(True)


def elementwise(function):
    @njit(error_model="numpy")
    def run(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return run


def results(name, x):
    """Return the values of the function with vector variants, and those of `math` in Numba."""
    original, ours = getattr(math, name), vector_math.FUNCTIONS[name]
    vector, scalar = np.empty(x.size), np.empty(x.size)
    run = elementwise(ours)
    run(x, vector)
    elementwise(original)(x, scalar)
    assert "_ZGV" in "".join(run.inspect_asm().values())
    return vector, scalar


@HAS_VARIANTS
@pytest.mark.parametrize("name", sorted(vector_math.FUNCTIONS))
def test_accuracy_and_special_values(name):
    low, high = RANGES.get(name, (-40, 40))
    if name.startswith("log") and name != "log1p":
        low, high = 1e-300, 1e6
    x = np.random.default_rng(0).uniform(low, high, 10_000)
    x = np.concatenate([x, x * 1e-3 if low <= 0 else x])
    vector, scalar = results(name, x)
    ulp = np.abs(vector - scalar) / np.spacing(np.abs(scalar))
    assert ulp.max() <= 5  # 4 of the vector variant, 1 of the scalar function
    vector, scalar = results(name, np.tile(SPECIAL, 8))
    np.testing.assert_allclose(vector, scalar, rtol=1e-14, atol=0)
    zero = scalar == 0
    np.testing.assert_array_equal(np.signbit(vector[zero]), np.signbit(scalar[zero]))


def chain(x, a):
    return np.sum(np.tanh(a * x) * np.exp(-x * x))


@HAS_VARIANTS
def test_gradients_of_elementwise_chains_are_vectorised():
    x = np.linspace(-2, 2, 101)
    built = build(Derivative(chain, "value_and_grad", (0, 1)), (typeof(x), typeof(0.7)))
    gradient = njit(error_model="numpy")(built.function)
    gradient(x, 0.7)
    asm = "".join(gradient.inspect_asm().values())
    assert "tanh" in asm and asm.count("_ZGV") >= 2


def test_the_switch(plain_functions):
    x = np.linspace(-2, 2, 101)
    assert not dualad.uses_vector_math()
    assert "vmath.tanh" not in dualad.derivative_source(chain, x, 0.7)
    off = dualad.grad(chain, (0, 1))(x, 0.7)
    dualad.use_vector_math(True)
    if dualad.uses_vector_math():
        assert "vmath.tanh" in dualad.derivative_source(chain, x, 0.7)
    on = dualad.grad(chain, (0, 1))(x, 0.7)
    np.testing.assert_allclose(on[0], off[0], rtol=1e-13, atol=1e-15)
    assert on[1] == pytest.approx(off[1], rel=1e-13)


def test_user_sums_keep_their_order():
    def compensated(x):  # Kahan's sum would be lost if its additions were reassociated
        total, lost = 0.0, 0.0
        for v in x:
            y = v * 1.0 - lost
            t = total + y
            lost = (t - total) - y
            total = t
        return total

    x = np.array([1.0] + [1e-16] * 1_000)
    value, _ = dualad.value_and_grad(compensated)(x)
    assert value > 1.0 and value - 1.0 == pytest.approx(compensated(x) - 1.0, rel=1e-2)
