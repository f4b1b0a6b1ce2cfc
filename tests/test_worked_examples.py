"""The worked examples of the notebooks, each against what a hand computes; those of traces are in test_trace.

That the networks are differentiated correctly at all is tested with the other programs; here it is what they show.
"""

import math

import numpy as np
import pytest
import sympy

import dualad

from .programs.networks import (
    PROGRAMS,
    batch_normalisation,
    convolutional,
    dropout_with_mask,
    layer_used_twice,
    layered,
    long_short_term_memory,
    max_pooling,
    rectified,
    recurrent,
    sigmoid_chain,
    skip_connections,
)

ARGS = {program.function: program.args for program in PROGRAMS}


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def close(actual, wanted, rtol=1e-12):
    return np.allclose(actual, wanted, rtol=rtol, atol=rtol * np.abs(wanted).max())


# ------------------------------------------------------- networks and recursions


def test_the_recursion_of_layers_in_a_row():
    first, b_first, second, b_second, third, b_third, x, target = ARGS[layered]
    h1 = np.tanh(first @ x + b_first)
    h2 = np.tanh(second @ h1 + b_second)
    h3 = sigmoid(third @ h2 + b_third)
    delta3 = h3 * (1 - h3) * (h3 - target)
    delta2 = (1 - h2**2) * (third.T @ delta3)
    delta1 = (1 - h1**2) * (second.T @ delta2)
    by_hand = [np.outer(delta1, x), delta1, np.outer(delta2, h1), delta2, np.outer(delta3, h2), delta3]
    positions = tuple(range(6))
    for gradient in (dualad.grad(layered, positions), dualad.tape_grad(layered, positions)):
        assert all(close(ours, hand) for ours, hand in zip(gradient(*ARGS[layered]), by_hand, strict=True))


def test_a_skip_connection_adds_the_adjoint_that_passes_by():
    weights, biases, x = ARGS[skip_connections]
    h = [x]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        h.append(h[-1] + np.tanh(W @ h[-1] + b))
    out = np.tanh(weights[-1] @ (h[-1] * x) + biases[-1])
    into_last = weights[-1].T @ (1 - out**2)
    h_bar, x_bar = into_last * x, into_last * h[-1]
    for k in reversed(range(len(weights) - 1)):
        slope = 1 - np.tanh(weights[k] @ h[k] + biases[k]) ** 2
        h_bar = h_bar + weights[k].T @ (slope * h_bar)
    assert close(dualad.grad(skip_connections, 2)(weights, biases, x), x_bar + h_bar)


def test_a_layer_used_twice_gets_the_sum_over_its_uses():
    def two_layers(first, second, bias, x):
        return np.sum(np.tanh(second @ np.tanh(first @ x + bias) + bias) ** 2)

    weights, bias, x = ARGS[layer_used_twice]
    uses = dualad.grad(two_layers, (0, 1))(weights, weights, bias, x)
    assert close(dualad.grad(layer_used_twice)(weights, bias, x), uses[0] + uses[1])
    assert not close(uses[0], uses[1])


def test_max_pooling_passes_the_adjoint_to_the_winners():
    weights, image = ARGS[max_pooling]
    blocks = image.reshape(2, 2, 3, 2).transpose(0, 2, 1, 3).reshape(2, 3, 4)
    back = weights * (1 - np.tanh(weights * blocks.max(axis=2)) ** 2)
    wanted = np.where(blocks == blocks.max(axis=2, keepdims=True), back[:, :, None], 0.0)
    wanted = wanted.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3).reshape(4, 6)
    assert np.count_nonzero(wanted) == 6
    assert close(dualad.grad(max_pooling, 1)(weights, image), wanted)


def test_a_neuron_that_is_switched_off_has_no_gradient():
    first, second, x, mask, kept = ARGS[dropout_with_mask]
    by_first, by_second = dualad.grad(dropout_with_mask, (0, 1))(*ARGS[dropout_with_mask])
    assert np.array_equal(np.any(by_first != 0, axis=1), mask) and np.array_equal(np.any(by_second != 0, axis=0), mask)
    h = np.where(mask, np.tanh(first @ x) / kept, 0.0)
    back = second.T @ (1 - np.tanh(second @ h) ** 2) * mask / kept
    assert close(by_first, np.outer(back * (1 - np.tanh(first @ x) ** 2), x))


def test_batch_normalisation_takes_out_what_shifts_or_scales_the_batch():
    batch, weights, scale, shift = ARGS[batch_normalisation]
    by_batch, by_weights = dualad.grad(batch_normalisation, (0, 1))(*ARGS[batch_normalisation])
    assert np.abs(by_batch.sum(axis=0)).max() < 1e-13  # the same number added to every sample of a column
    assert np.abs(np.sum(weights * by_weights, axis=0)).max() < 1e-3 * np.abs(by_weights).max()  # up to the 1e-5 in it
    z = batch @ weights
    n, centred, root = len(z), z - z.mean(axis=0), np.sqrt(z.var(axis=0) + 1e-5)
    h = np.tanh(scale * centred / root + shift)
    back = 3 * h**2 * (1 - h**2) * scale
    z_bar = (back - back.mean(axis=0) - centred / root**2 * np.sum(back * centred, axis=0) / n) / root
    assert close(by_batch, z_bar @ weights.T)


def test_a_kernel_gets_the_sum_over_all_places():
    image, kernels, weights = ARGS[convolutional]
    windows = np.lib.stride_tricks.sliding_window_view(image, kernels.shape[1:])
    z = np.einsum("ijpq,kpq->kij", windows, kernels)
    places = z[0].size
    out = math.tanh(weights @ np.maximum(z, 0.1 * z).sum(axis=(1, 2)) / places)
    back = (1 - out**2) * weights[:, None, None] * np.where(z > 0, 1.0, 0.1) / places
    assert close(dualad.grad(convolutional, 1)(image, kernels, weights), np.einsum("kij,ijpq->kpq", back, windows))


# ----------------------------------------------- gradients through many layers


def test_the_gradient_of_a_sigmoid_chain_vanishes():
    rng = np.random.default_rng(0)
    weights, biases = rng.uniform(-1.0, 1.0, 30), rng.uniform(-1.0, 1.0, 30)
    h = [0.7]
    for w, b in zip(weights, biases, strict=True):
        h.append(1.0 / (1.0 + math.exp(-(w * h[-1] + b))))
    slopes = np.array([a * (1 - a) for a in h[1:]])
    behind = np.array([np.prod(slopes[k:]) * np.prod(weights[k + 1 :]) for k in range(30)])
    by_weights = dualad.grad(sigmoid_chain)(weights, biases, 0.7)
    assert np.allclose(by_weights, behind * h[:-1], rtol=1e-12, atol=0.0)
    assert all(abs(by_weights[k]) <= 0.25 ** (30 - k) for k in range(30))  # every layer takes three quarters at least


def test_a_dead_neuron_stays_dead_and_a_leaky_one_comes_back():
    rng = np.random.default_rng(1)
    inputs = rng.uniform(size=(20, 2))
    targets = inputs @ np.array([1.0, 2.0]) + 0.5
    value_and_slopes = dualad.value_and_grad(rectified, argnums=(0, 1))
    for leak in (0.0, 0.1):
        weights, bias = np.array([0.5, 0.5]), -5.0
        first, slopes = value_and_slopes(weights, bias, inputs, targets, leak)
        if leak == 0.0:
            assert not slopes[0].any() and slopes[1] == 0.0
            continue
        for _ in range(1000):
            value, (by_weights, by_bias) = value_and_slopes(weights, bias, inputs, targets, leak)
            weights, bias = weights - 0.02 * by_weights, bias - 0.02 * by_bias
        assert value < 1e-3 * first


@pytest.mark.parametrize("size", [0.5, 0.9, 1.2])
def test_the_gradient_of_a_recurrent_network_is_a_power(size):
    """The matrix is that times a rotation; the inputs are tiny, so tanh is linear to rounding."""
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    inputs = 1e-9 * rng.normal(size=(30, 4))

    def last_state(inputs, into, within, along):
        h = np.zeros(within.shape[0])
        for k in range(inputs.shape[0]):
            h = np.tanh(into @ inputs[k] + within @ h)
        return np.dot(h, along)

    by_inputs = dualad.grad(last_state)(inputs, np.eye(4), size * rotation, rng.normal(size=4))
    norms = np.linalg.norm(by_inputs, axis=1)
    assert np.allclose(norms[:-1] / norms[1:], size, rtol=1e-9)


def test_an_lstm_keeps_what_its_forget_gate_keeps():
    """Without weights on the hidden state, what is left of an input is a power of the gate."""
    rng = np.random.default_rng(3)
    weights, biases = rng.normal(size=(4, 3, 5)), np.zeros((4, 3))
    weights[:3] = 0.0
    weights[3, :, 2:] = 0.0
    biases[0] = 4.0
    inputs = np.tile(rng.normal(size=2), (40, 1))
    norms = np.linalg.norm(dualad.grad(long_short_term_memory)(inputs, weights, biases), axis=1)
    assert np.allclose(norms[:-1] / norms[1:], sigmoid(4.0), rtol=1e-12)
    into = weights[3, :, :2].copy()
    through_state = np.linalg.norm(dualad.grad(recurrent)(inputs, into, 0.5 * np.eye(3)), axis=1)
    assert norms[0] / norms[-1] > 0.4 and through_state[0] / through_state[-1] < 0.5**39


def miss(w):
    h = 1.0
    for _ in range(50):
        h = w * h
    return (h - 0.5) ** 2


def test_clipping_an_exploding_gradient():
    slope = dualad.grad(miss)
    ends = []
    for limit in (math.inf, 5.0):
        w = 1.03
        for _ in range(60):
            w -= 0.001 * max(-limit, min(slope(w), limit))
        ends.append(w)
    assert slope(1.03) > 1000.0
    assert miss(ends[0]) > 0.24 and abs(slope(ends[0])) < 1e-6  # thrown to where the slope vanishes
    assert abs(ends[1] - 0.5 ** (1 / 50)) < 1e-12


# ------------------------------------------------------ four ways to a derivative


def logistic(x, n):
    for _ in range(n):
        x = 4.0 * x * (1.0 - x)
    return x


def by_hand(x, n):
    slope = 1.0
    for _ in range(n):
        slope *= 4.0 - 8.0 * x
        x = 4.0 * x * (1.0 - x)
    return slope


def closed_form(x, n):
    """With x = sin(a)**2 the result is sin(2**n a)**2."""
    angle = sympy.asin(sympy.sqrt(sympy.Rational(x)))
    return float(sympy.N(2**n * sympy.sin(2 ** (n + 1) * angle) / sympy.sin(2 * angle), 40))


def test_by_hand_by_symbols_and_automatically_agree():
    x, n = 0.2, 6
    symbol = sympy.Symbol("x")
    formula = sympy.diff(logistic(symbol, n), symbol)
    exact = closed_form(x, n)
    automatic = [
        dualad.grad(logistic)(x, n),
        dualad.jvp(logistic, (x, n), (1.0, None))[1],
        dualad.dual_jvp(logistic, (x, n), (1.0, None))[1],
        dualad.tape_grad(logistic)(x, n),
    ]
    for derivative in (by_hand(x, n), sympy.lambdify(symbol, formula)(x), *automatic):
        assert derivative == pytest.approx(exact, rel=1e-13)
    # the formula more than doubles from round to round, the trace of the program has three more lines
    sizes = [sympy.count_ops(sympy.diff(logistic(symbol, k), symbol)) for k in (4, 5, 6)]
    assert sizes[1] > 2 * sizes[0] and sizes[2] > 2 * sizes[1]
    assert [len(dualad.trace(logistic, x, k)) for k in (4, 5, 6)] == [13, 16, 19]


def test_the_error_of_differences_is_a_v():
    x, n = 0.2, 6
    exact = closed_form(x, n)

    def error(step):
        return abs((logistic(x + step, n) - logistic(x - step, n)) / (2 * step) - exact) / abs(exact)

    errors = [error(10.0**-k) for k in range(1, 16)]
    best = int(np.argmin(errors))
    assert 4 <= best <= 10
    assert errors[0] > 1e-1 and errors[-1] > 1e-4 and 1e-12 < errors[best] < 1e-7
    assert abs(dualad.grad(logistic)(x, n) - exact) / abs(exact) < 1e-3 * errors[best]


def test_the_operations_of_a_gradient_grow_with_the_inputs():
    """One reverse sweep is as long as the list: O(W). Forward mode goes through it once an input: O(W**2)."""

    def cost(weights):
        z = weights[0] * 2.0
        for k in range(1, weights.size):
            z = z + weights[k] * (k + 2.0)
        return math.tanh(z)

    lengths = [len(dualad.trace(cost, np.full(size, 0.1))) for size in (10, 20, 40)]
    assert lengths == [3 * size for size in (10, 20, 40)]
