"""lstm: the loss of a long short-term memory with diagonal weights that predicts the next character of a text."""

import math

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


@njit
def objective(main, extra, state, sequence):
    """Return the loss.

    Rows 2i and 2i + 1 of `main` hold the weights and the biases of layer i, each for the gates forget, in, out and
    change; those of `state` its hidden state and its cell; `extra` the weight in, the weight out and the bias out.
    """
    steps, width = sequence.shape
    memory = state.copy()
    signal = np.empty(width)
    total = 0.0
    for t in range(steps - 1):
        for j in range(width):
            signal[j] = sequence[t, j] * extra[0, j]
        for i in range(0, memory.shape[0], 2):
            for j in range(width):
                forget = sigmoid(signal[j] * main[i, j] + main[i + 1, j])
                ingate = sigmoid(memory[i, j] * main[i, width + j] + main[i + 1, width + j])
                outgate = sigmoid(signal[j] * main[i, 2 * width + j] + main[i + 1, 2 * width + j])
                change = math.tanh(memory[i, j] * main[i, 3 * width + j] + main[i + 1, 3 * width + j])
                memory[i + 1, j] = memory[i + 1, j] * forget + ingate * change
                memory[i, j] = outgate * math.tanh(memory[i + 1, j])
                signal[j] = memory[i, j]
        mass = 2.0
        for j in range(width):
            signal[j] = signal[j] * extra[1, j] + extra[2, j]
            mass += math.exp(signal[j])
        log_mass = math.log(mass)
        for j in range(width):
            total += sequence[t + 1, j] * (signal[j] - log_mass)
    return -total / ((steps - 1) * width)


jacobian = dualad.grad(objective, argnums=(0, 1))


def arguments(given):
    return tuple(np.array(given[name], float) for name in ("main_params", "extra_params", "state", "sequence"))


def example(layers, characters):
    rng = np.random.default_rng(0)
    width = 14
    return {
        "main_params": rng.random((2 * layers, 4 * width)),
        "extra_params": rng.random((3, width)),
        "state": rng.random((2 * layers, width)),
        "sequence": rng.integers(0, 2, (characters, width)).astype(float),
    }


EVAL = Eval(
    functions={"objective": objective, "jacobian": jacobian},
    arguments=arguments,
    example=example,
    sizes=((2, 64), (2, 1024), (4, 4096)),
    report={"jacobian": lambda gradient: np.concatenate([g.ravel() for g in gradient])},
    operations=lambda layers, characters: characters * 14 * (25 * layers + 8),
)
