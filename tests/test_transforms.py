"""The public transformations: JAX's conventions, ownership of memory, exceptions, source, threads."""

import math
import subprocess
import sys
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

import dualad

Rates = namedtuple("Rates", "growth decay")
State = namedtuple("State", "level rates")


def product(x, y, z):
    return x * x * y + math.sin(z) * y


def product_gradient(x, y, z):
    return 2.0 * x * y, x * x + math.sin(z), math.cos(z) * y


AT = (1.5, -0.7, 0.4)


def norm_squared(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return total


# ------------------------------------------------------------------- argnums, has_aux, value_and_grad


def test_argnums_chooses_the_arguments():
    expected = product_gradient(*AT)
    assert dualad.grad(product)(*AT) == pytest.approx(expected[0])
    assert dualad.grad(product, 1)(*AT) == pytest.approx(expected[1])
    assert dualad.grad(product, argnums=-1)(*AT) == pytest.approx(expected[2])
    assert dualad.grad(product, argnums=(2, 0))(*AT) == pytest.approx((expected[2], expected[0]))
    assert dualad.grad(product, argnums=(0, -1))(*AT) == pytest.approx((expected[0], expected[2]))


def test_an_int_gives_one_gradient_and_a_tuple_gives_a_tuple():
    assert isinstance(dualad.grad(product, argnums=1)(*AT), float)
    one = dualad.grad(product, argnums=(1,))(*AT)
    assert isinstance(one, tuple) and len(one) == 1


def test_value_and_grad_gives_both():
    value, gradient = dualad.value_and_grad(product)(*AT)
    assert value == pytest.approx(product(*AT))
    assert gradient == pytest.approx(product_gradient(*AT)[0])
    value, gradients = dualad.value_and_grad(product, argnums=(0, 1, 2))(*AT)
    assert value == pytest.approx(product(*AT))
    assert gradients == pytest.approx(product_gradient(*AT))


def with_steps(x, n):
    steps = 0
    for _ in range(n):
        x = math.sin(x)
        steps += 1
    return x * x, (steps, x)


def test_has_aux_hands_the_auxiliary_output_over():
    gradient, (steps, last) = dualad.grad(with_steps, has_aux=True)(0.5, 1)
    assert gradient == pytest.approx(2.0 * math.sin(0.5) * math.cos(0.5))
    assert (steps, last) == (1, pytest.approx(math.sin(0.5)))
    (value, aux), gradient_too = dualad.value_and_grad(with_steps, has_aux=True)(0.5, 1)
    assert (value, aux) == (pytest.approx(math.sin(0.5) ** 2), (1, pytest.approx(math.sin(0.5))))
    assert gradient_too == pytest.approx(gradient)


# ------------------------------------------------------------------- jvp and vjp


def polar(radius, angle, count):
    out = np.empty(2)
    out[0] = count * radius * math.cos(angle)
    out[1] = count * radius * math.sin(angle)
    return out, radius * angle


def test_jvp_gives_the_value_and_its_tangent():
    (out, area), (out_dot, area_dot) = dualad.jvp(polar, (2.0, 0.3, 3), (0.5, -1.0, None))
    np.testing.assert_allclose(out, [6.0 * math.cos(0.3), 6.0 * math.sin(0.3)])
    moved = [1.5 * math.cos(0.3) + 6.0 * math.sin(0.3), 1.5 * math.sin(0.3) - 6.0 * math.cos(0.3)]
    np.testing.assert_allclose(out_dot, moved)
    assert (area, area_dot) == (pytest.approx(0.6), pytest.approx(0.15 - 2.0))


def test_vjp_gives_a_pullback_with_an_entry_for_each_argument():
    (out, area), pullback = dualad.vjp(polar, 2.0, 0.3, 3)
    np.testing.assert_allclose(out, [6.0 * math.cos(0.3), 6.0 * math.sin(0.3)])
    assert area == pytest.approx(0.6)
    radius_bar, angle_bar, count_bar = pullback((np.array([1.0, 10.0]), 100.0))
    assert radius_bar == pytest.approx(3.0 * math.cos(0.3) + 30.0 * math.sin(0.3) + 30.0)
    assert angle_bar == pytest.approx(-6.0 * math.sin(0.3) + 60.0 * math.cos(0.3) + 200.0)
    assert count_bar is None


def test_a_pullback_of_one_argument_is_still_a_tuple():
    _, pullback = dualad.vjp(norm_squared, np.array([1.0, 2.0]))
    (x_bar,) = pullback(1.0)
    np.testing.assert_array_equal(x_bar, [2.0, 4.0])


def test_a_pullback_can_be_called_again_and_speaks_of_its_own_point():
    x = np.array([1.0, 2.0])
    _, pullback = dualad.vjp(norm_squared, x)
    x[:] = 100.0
    for seed in (1.0, -2.0, 1.0):
        np.testing.assert_array_equal(pullback(seed)[0], [2.0 * seed, 4.0 * seed])


# ------------------------------------------------------------------- signatures


def weighted(x, *rest):
    total = x
    for k, r in enumerate(rest):
        total += (k + 1.0) * r * x
    return total


def test_star_args():
    assert dualad.grad(weighted)(2.0, 3.0, 5.0) == pytest.approx(1.0 + 3.0 + 10.0)
    assert dualad.grad(weighted, argnums=1)(2.0, 3.0, 5.0) == pytest.approx(2.0)
    for transform in (dualad.grad, dualad.jacfwd):
        assert transform(weighted, argnums=(0, 2))(2.0, 3.0, 5.0) == pytest.approx((14.0, 4.0))
    np.testing.assert_allclose(dualad.hessian(weighted, argnums=(0, 2))(2.0, 3.0, 5.0), [[0.0, 2.0], [2.0, 0.0]])
    with pytest.raises(dualad.ArgumentError, match="argnums has 3, but weighted was called with 3 arguments"):
        dualad.grad(weighted, argnums=3)(2.0, 3.0, 5.0)
    with pytest.raises(dualad.ArgumentError, match="count from the first"):
        dualad.grad(weighted, argnums=-1)
    value, pullback = dualad.vjp(weighted, 2.0, 3.0, 5.0)
    assert value == 28.0
    assert pullback(1.0) == pytest.approx((14.0, 2.0, 4.0))
    value, value_dot = dualad.jvp(weighted, (2.0, 3.0, 5.0), (1.0, 0.0, 0.5))
    assert (value, value_dot) == (28.0, pytest.approx(16.0))


def any_number(x, *rest, scale, shift=1.0):
    total = x * shift
    for r in rest:
        total += r * r * scale
    return total


def power_sum(x, *rest, factor=2.0):
    for r in rest:
        x = x + factor * r * r
    return x


def test_star_args_with_keyword_only_parameters():
    gradient = dualad.grad(any_number, argnums=(0, 1, 2))
    assert gradient(2.0, 3.0, 5.0, scale=2.0) == (1.0, 12.0, 20.0)
    assert gradient(2.0, 3.0, 1.0, shift=4.0, scale=2.0) == (4.0, 12.0, 4.0)
    assert dualad.jacfwd(any_number, argnums=1)(2.0, 3.0, scale=2.0, shift=4.0) == 12.0
    with pytest.raises(TypeError, match="scale"):
        gradient(2.0, 3.0)
    value, pullback = dualad.vjp(power_sum, 2.0, 3.0, 5.0)  # the keyword has its default, and no cotangent
    assert (value, pullback(1.0)) == (70.0, pytest.approx((1.0, 12.0, 20.0)))
    assert dualad.jvp(power_sum, (2.0, 3.0, 5.0), (1.0, 0.0, 0.5)) == (70.0, pytest.approx(11.0))


def test_no_star_args():
    assert dualad.grad(weighted)(2.0) == 1.0


def scaled(x, factor=3.0, shift=1.0, negate=False):
    y = factor * x * x + shift
    return -y if negate else y


def test_defaults_and_keywords():
    gradient = dualad.grad(scaled)
    assert gradient(2.0) == 12.0
    assert gradient(2.0, 5.0) == 20.0
    assert gradient(2.0, shift=9.0) == 12.0
    assert gradient(2.0, negate=True, factor=5.0) == -20.0
    assert gradient(x=2.0) == 12.0
    assert dualad.grad(scaled, argnums=1)(2.0, factor=7.0) == 4.0
    assert dualad.vjp(scaled, 2.0)[1](1.0) == (12.0,)
    assert dualad.jvp(scaled, (2.0,), (1.0,)) == (13.0, 12.0)


def of_state(state, pair):
    level, rates = state
    return level * rates.growth**2 + rates.decay * pair[0] * pair[1]


def test_tuples_and_named_tuples_keep_their_structure():
    state, pair = State(2.0, Rates(3.0, 5.0)), (7.0, 11.0)
    state_bar, pair_bar = dualad.grad(of_state, argnums=(0, 1))(state, pair)
    assert isinstance(state_bar, State) and isinstance(state_bar.rates, Rates)
    assert state_bar == State(9.0, Rates(12.0, 77.0))
    assert type(pair_bar) is tuple and pair_bar == (55.0, 35.0)
    _, value_dot = dualad.jvp(of_state, (state, pair), (State(1.0, Rates(0.0, 0.0)), (0.0, 1.0)))
    assert value_dot == 9.0 + 35.0


def mixed(parameters):
    x, n, name = parameters
    total = 0.0
    for i in range(n):
        total += x[i] * (2.0 if name == "double" else 1.0)
    return total


def test_a_tuple_may_hold_what_has_no_derivative():
    x_bar, _, _ = dualad.grad(mixed)((np.array([1.0, 2.0, 3.0]), 2, "double"))
    np.testing.assert_array_equal(x_bar, [2.0, 2.0, 0.0])


def spread_out(x, y):
    return Rates(x * y, np.full(2, x)), (y,)


def test_results_keep_their_structure():
    (rates, single), (rates_dot, single_dot) = dualad.jvp(spread_out, (2.0, 3.0), (1.0, 0.5))
    assert isinstance(rates, Rates) and isinstance(rates_dot, Rates)
    assert rates.growth == 6.0 and rates_dot.growth == 4.0
    assert single == (3.0,) and single_dot == (0.5,)
    np.testing.assert_array_equal(rates_dot.decay, [1.0, 1.0])
    _, pullback = dualad.vjp(spread_out, 2.0, 3.0)
    assert pullback((Rates(1.0, np.array([10.0, 100.0])), (1000.0,))) == (113.0, 1002.0)


def test_float32_in_float32_out():
    def f(x, s):
        total = np.float32(0.0)
        for i in range(x.size):
            total += x[i] * x[i] * s
        return total

    x, s = np.array([1.0, 2.0], dtype=np.float32), np.float32(3.0)
    x_bar, s_bar = dualad.vjp(f, x, s)[1](np.float32(1.0))
    assert x_bar.dtype == np.float32
    np.testing.assert_array_equal(x_bar, [6.0, 12.0])
    assert s_bar == 5.0
    assert numba.typeof(s_bar) in (numba.float32, numba.float64)  # a Numba float32 reaches Python as a float
    value, value_dot = dualad.jvp(f, (x, s), (np.ones(2, dtype=np.float32), np.float32(0.0)))
    assert (value, value_dot) == (15.0, 18.0)

    def halves(x):
        return x * np.float32(0.5)

    def doubled(x):
        out = np.empty_like(x)
        for i in range(x.size):
            out[i] = halves(x[i]) * x[i]
        return out

    out, out_dot = dualad.jvp(doubled, (x,), (x,))
    assert out.dtype == out_dot.dtype == np.float32

    @numba.njit
    def type_of_the_gradient(x):
        return np.array([gradient_of_halves(x)])

    gradient_of_halves = dualad.grad(halves)
    assert type_of_the_gradient(np.float32(1.0)).dtype == np.float32


def test_two_and_three_dimensional_arrays():
    def f(a, b):
        total = 0.0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                total += a[i, j] ** 2 * b[i, j, -1]
        return total

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 4))
    a_bar, b_bar = dualad.grad(f, argnums=(0, 1))(a, b)
    np.testing.assert_allclose(a_bar, 2.0 * a * b[:, :, -1])
    expected = np.zeros_like(b)
    expected[:, :, -1] = a**2
    np.testing.assert_allclose(b_bar, expected)


def test_arrays_in_any_memory_order():
    rng = np.random.default_rng(1)
    c = rng.normal(size=(3, 4))

    def f(a):
        total = 0.0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                total += (i + 2.0 * j) * a[i, j] * a[i, j]
        return total

    expected = 2.0 * (np.arange(3)[:, None] + 2.0 * np.arange(4)) * c
    for a in (c, np.asfortranarray(c), np.repeat(c, 2, axis=1)[:, ::2], c[::-1][::-1]):
        np.testing.assert_allclose(dualad.grad(f)(a), expected)
    read_only = c.copy()
    read_only.flags.writeable = False
    np.testing.assert_allclose(dualad.grad(f)(read_only), expected)


def test_arrays_of_no_dimension():
    assert dualad.grad(lambda a: a[()] * a[()])(np.array(3.0)) == 6.0


def test_empty_arrays():
    gradient = dualad.grad(norm_squared)(np.empty(0))
    assert gradient.shape == (0,)


# ------------------------------------------------------------------- what can be differentiated


def twice(f, x):
    return f(f(x))


def sine(x):
    return math.sin(x)


jitted_sine = numba.njit(sine)


@pytest.mark.parametrize(
    "f",
    [
        jitted_sine,
        sine,
    ],
    ids=["jitted", "plain"],
)
def test_functions_as_arguments(f):
    expected = math.cos(math.sin(0.7)) * math.cos(0.7)
    assert dualad.grad(twice, argnums=1)(f, 0.7) == pytest.approx(expected)
    f_bar, x_bar = dualad.vjp(twice, f, 0.7)[1](1.0)
    assert f_bar is None and x_bar == pytest.approx(expected)
    assert dualad.jvp(twice, (f, 0.7), (None, 2.0))[1] == pytest.approx(2.0 * expected)


def test_two_functions_of_one_name_are_not_confused():
    def make(power):
        def f(x):
            return x**power

        return f

    assert dualad.grad(make(2))(3.0) == pytest.approx(6.0)
    assert dualad.grad(make(3))(3.0) == pytest.approx(27.0)
    gradient = dualad.grad(twice, argnums=1)
    assert gradient(numba.njit(make(2)), 3.0) == pytest.approx(108.0)
    assert gradient(numba.njit(make(3)), 3.0) == pytest.approx(9.0 * 3.0**8)


def test_lambdas():
    assert dualad.grad(lambda x: x * x * x)(2.0) == pytest.approx(12.0)
    cube, square = lambda x: x**3, lambda x: x**2  # noqa: E731
    assert (dualad.grad(cube)(2.0), dualad.grad(square)(2.0)) == (pytest.approx(12.0), pytest.approx(4.0))


def test_two_lambdas_on_one_line():
    sine, cosine = (lambda x: math.sin(x)), (lambda x: math.cos(x))
    assert dualad.grad(sine)(0.5) == pytest.approx(math.cos(0.5))
    assert dualad.grad(cosine)(0.5) == pytest.approx(-math.sin(0.5))


def test_closures_over_numbers_arrays_and_functions():
    weights = np.array([1.0, 2.0, 3.0])
    offset = 0.5

    def inner(y):
        return y * y + offset

    def f(x):
        total = 0.0
        for i in range(weights.size):
            total += weights[i] * inner(x * i)
        return total

    assert dualad.grad(f)(2.0) == pytest.approx(2.0 * 2.0 * (2.0 + 3.0 * 4.0))


def test_jitted_functions_and_plain_ones_agree_to_the_last_bit():
    jitted = numba.njit(product)
    assert dualad.grad(jitted, argnums=(0, 1, 2))(*AT) == pytest.approx(dualad.grad(product, argnums=(0, 1, 2))(*AT))
    assert dualad.jvp(jitted, AT, AT) == pytest.approx(dualad.jvp(product, AT, AT))


gradient_of_product = dualad.grad(product)
everything_of_norm = dualad.value_and_grad(norm_squared)


@numba.njit
def descend(x, steps):
    for _ in range(steps):
        x -= 0.1 * gradient_of_product(x, 2.0, 0.0)
    return x


@numba.njit
def descend_arrays(x, steps):
    values = np.empty(steps)
    for k in range(steps):
        value, gradient = everything_of_norm(x)
        values[k] = value
        x = x - 0.25 * gradient
    return x, values


def test_derivatives_inside_jitted_code():
    assert descend(1.0, 5) == pytest.approx((1.0 - 0.4) ** 5)
    x, values = descend_arrays(np.array([1.0, -2.0]), 3)
    np.testing.assert_allclose(x, [0.125, -0.25])
    np.testing.assert_allclose(values, [5.0, 1.25, 0.3125])


# ------------------------------------------------------------------- memory belongs to whom


def smooth_in_place(x, n):
    for _ in range(n):
        for i in range(1, x.size - 1):
            x[i] = 0.5 * x[i] + 0.25 * (x[i - 1] + x[i + 1])
    x[0] *= x[-1]
    return x


def test_the_callers_arrays_are_unchanged():
    start = np.random.default_rng(2).normal(size=6)
    x, x_dot = start.copy(), np.ones(6)
    dualad.jvp(smooth_in_place, (x, 3), (x_dot, None))
    out, pullback = dualad.vjp(smooth_in_place, x, 3)
    seed = np.ones(6)
    pullback(seed)
    np.testing.assert_array_equal(x, start)
    np.testing.assert_array_equal(x_dot, np.ones(6))
    np.testing.assert_array_equal(seed, np.ones(6))
    expected = start.copy()
    smooth_in_place(expected, 3)
    np.testing.assert_allclose(out, expected, rtol=1e-15)


def identity(x):
    return x


def passed_through(x):
    return norm_squared(x), x


def test_results_share_no_memory_with_inputs_nor_with_earlier_results():
    x, x_dot, seed = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])
    for f in (identity, lambda x: x[:], lambda x: x[::-1][::-1]):
        out, out_dot = dualad.jvp(f, (x,), (x_dot,))
        value, pullback = dualad.vjp(f, x)
        bars = [pullback(seed)[0], pullback(seed)[0]]
        found = [out, out_dot, value, *bars, x, x_dot, seed]
        for i, a in enumerate(found):
            for b in found[i + 1 :]:
                assert not np.shares_memory(a, b)
        np.testing.assert_array_equal(bars[1], seed)
    gradient = dualad.grad(passed_through, has_aux=True)
    (first, aux), (second, _) = gradient(x), gradient(x)
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(aux, x)
    first[:] = 0.0
    np.testing.assert_array_equal(gradient(x)[0], [2.0, 4.0])


def test_a_result_given_twice_is_two_cotangents():
    def both(x):
        return x, x

    _, pullback = dualad.vjp(both, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(pullback((np.array([1.0, 1.0]), np.array([10.0, 20.0])))[0], [11.0, 21.0])


def test_the_same_array_for_two_arguments():
    def dot(x, y):
        total = 0.0
        for i in range(x.size):
            total += x[i] * y[i]
        return total

    x = np.array([1.0, 2.0])
    for bar in dualad.grad(dot, argnums=(0, 1))(x, x):
        np.testing.assert_array_equal(bar, x)


# ------------------------------------------------------------------- exceptions, error model


class Refused(Exception):
    pass


def careful(x, n):
    if x < 0.0:
        raise ValueError("x is negative", 7)
    if n > 3:
        raise Refused("too many", n)
    assert x < 100.0, "x is large"
    a = np.ones(3)
    return x * a[n] / x


@pytest.mark.parametrize("call", [
    lambda x, n: dualad.grad(careful)(x, n),
    lambda x, n: dualad.jvp(careful, (x, n), (1.0, None)),
    lambda x, n: dualad.vjp(careful, x, n),
], ids=["grad", "jvp", "vjp"])  # fmt: skip
def test_exceptions_of_the_user_reach_the_caller_unchanged(call):
    with pytest.raises(ValueError) as caught:
        call(-1.0, 0)
    assert type(caught.value) is ValueError and caught.value.args == ("x is negative", 7)
    with pytest.raises(Refused) as caught:
        call(1.0, 5)
    assert type(caught.value) is Refused and caught.value.args == ("too many", 5)
    with pytest.raises(AssertionError, match="^x is large$"):
        call(1000.0, 1)
    call(1.0, 1)


def test_division_by_zero_is_infinite():
    def f(x):
        return 1.0 / x

    assert dualad.value_and_grad(f)(0.0) == (math.inf, -math.inf)
    assert dualad.jvp(f, (0.0,), (1.0,)) == (math.inf, -math.inf)
    assert dualad.vjp(f, 0.0)[0] == math.inf


# ------------------------------------------------------------------- source


def looping(x, n):
    a = np.zeros(n)
    for i in range(n):
        a[i] = math.sin(x) * i
        x += a[i // 2]
    return x


PRINT_SOURCES = """
import sys
import dualad
from tests.test_transforms import looping
for mode in ("reverse", "forward"):
    sys.stdout.write(dualad.derivative_source(looping, 0.5, 3, mode=mode))
"""


def test_the_source_is_the_same_every_time():
    sources = [dualad.derivative_source(looping, 0.5, 3, mode=mode) for mode in ("reverse", "forward")]
    assert sources == [dualad.derivative_source(looping, 9.0, 8, mode=mode) for mode in ("reverse", "forward")]
    for source in sources:
        compile(source, "derivative", "exec")
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PATH": ""}
        command = [sys.executable, "-c", PRINT_SOURCES]
        finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert finished.stdout == "".join(sources), finished.stderr


def test_the_source_keeps_the_users_names():
    source = dualad.derivative_source(looping, 0.5, 3)
    assert "x_bar" in source and "a_bar" in source and "for i" in source
    assert "x_dot" in dualad.derivative_source(looping, 0.5, 3, mode="forward")


# ------------------------------------------------------------------- threads


def test_threads_agree():
    rng = np.random.default_rng(3)
    points = [rng.normal(size=50) for _ in range(64)]

    def f(x):
        a = x.copy()
        for i in range(1, a.size):
            a[i] = math.sin(a[i] * a[i - 1])
        return a[-1] + a[0]

    gradient = dualad.grad(f)  # not compiled yet: the threads meet in the compiler too
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(gradient, points))
    for x, x_bar in zip(points, found, strict=True):
        np.testing.assert_array_equal(x_bar, gradient(x))


@numba.njit
def surface(x, y):
    return x * x * math.sin(y)


def test_grad_is_called_by_jitted_code_itself():
    @numba.njit
    def newton_step(x, y):
        slope = dualad.grad(surface)(x, y)
        value, (by_x, by_y) = dualad.value_and_grad(surface, (0, 1))(x, y)
        return x - value / slope, by_x, dualad.grad(surface, 1)(x, y) - by_y

    x, by_x, zero = newton_step(3.0, 0.5)
    assert x == pytest.approx(1.5) and by_x == pytest.approx(6.0 * math.sin(0.5)) and zero == 0.0
