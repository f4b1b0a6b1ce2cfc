"""A gated recurrent network learns to add: parameters in a dict, all of the training in machine code.

The network reads pairs (number, mark) and says the sum of the two numbers that were marked.
"""

from collections import namedtuple

import numba
import numpy as np

import dualad

Layer = namedtuple("Layer", "inputs states biases")  # of one gate
Gru = namedtuple("Gru", "update reset candidate readout")


def initial(width, seed=0):
    """Return the parameters of a network with so many hidden units."""
    rng = np.random.default_rng(seed)

    def layer():
        return Layer(rng.normal(0.0, 0.5, (width, 2)), rng.normal(0.0, width**-0.5, (width, width)), np.zeros(width))

    return {"update": layer(), "reset": layer(), "candidate": layer(), "readout": rng.normal(0.0, 0.1, width)}


def gate(layer, x, h):
    """Return W x + U h + b, as a loop over numbers."""
    out = layer.biases.copy()
    for i in range(out.size):
        for j in range(x.size):
            out[i] += layer.inputs[i, j] * x[j]
        for j in range(h.size):
            out[i] += layer.states[i, j] * h[j]
    return out


def answer(gru, sequence):
    """Return what the network says about a sequence of shape (steps, 2)."""
    h = np.zeros(gru.readout.size)
    for t in range(sequence.shape[0]):
        z = 1.0 / (1.0 + np.exp(-gate(gru.update, sequence[t], h)))
        r = 1.0 / (1.0 + np.exp(-gate(gru.reset, sequence[t], h)))
        h = z * h + (1.0 - z) * np.tanh(gate(gru.candidate, sequence[t], r * h))
    return np.dot(gru.readout, h)


def loss(gru, sequences, sums):
    """Return the mean square error over a batch."""
    total = 0.0
    for k in range(sums.size):
        total += (answer(gru, sequences[k]) - sums[k]) ** 2
    return total / sums.size


def batch(count, steps, seed):
    """Return sequences and the sums that they should give."""
    rng = np.random.default_rng(seed)
    sequences = np.zeros((count, steps, 2))
    sequences[:, :, 0] = rng.random((count, steps))
    for k in range(count):
        sequences[k, rng.choice(steps, 2, replace=False), 1] = 1.0
    return sequences, np.sum(sequences[:, :, 0] * sequences[:, :, 1], axis=1)


def unpacked(flat, width):
    """Return the network whose parameters a vector holds, in the order of the dict: views, no copies."""
    own = 2 * width + width * width + width
    return Gru(layer_in(flat[:own], width), layer_in(flat[own : 2 * own], width),
               layer_in(flat[2 * own : 3 * own], width), flat[3 * own :])  # fmt: skip


def layer_in(flat, width):
    """Return the parameters of a gate."""
    a, b = 2 * width, 2 * width + width * width
    return Layer(flat[:a].reshape((width, 2)), flat[a:b].reshape((width, width)), flat[b:])


def loss_of_vector(flat, width, sequences, sums):
    """Return the same of the parameters as one vector."""
    return loss(unpacked(flat, width), sequences, sums)


slope = dualad.value_and_grad(loss_of_vector)


@numba.njit
def adam(flat, width, sequences, sums, epochs, rate):
    """Return trained parameters and the loss of each epoch: all of the training is machine code."""
    m, v, losses = np.zeros_like(flat), np.zeros_like(flat), np.empty(epochs)
    for k in range(epochs):
        losses[k], g = slope(flat, width, sequences, sums)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        flat = flat - rate * (m / (1.0 - 0.9 ** (k + 1))) / (np.sqrt(v / (1.0 - 0.999 ** (k + 1))) + 1e-8)
    return flat, losses


def train(width=12, steps=10, count=128, epochs=400, rate=0.02):
    """Return trained parameters, a dict like those it began with, and the losses."""
    flat, unravel = dualad.ravel(initial(width))
    flat, losses = adam(flat, width, *batch(count, steps, 1), epochs, rate)
    return unravel(flat), losses


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    parameters, losses = train()
    figure, axis = plt.subplots(figsize=(6, 4))
    axis.semilogy(losses)
    axis.set(xlabel="epoch", ylabel="mean square error")
    figure.savefig("gru.png", dpi=120)
