"""Neural networks: the layered one that textbook backpropagation is derived for, and those that it does not cover."""

import math

import numpy as np
from numba import njit

from .program import Program, case, data


@njit
def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def layered(first, b_first, second, b_second, third, b_third, x, target):
    """z = W h + b, h = phi(z), three times, in different widths."""
    h = np.tanh(first @ x + b_first)
    h = np.tanh(second @ h + b_second)
    h = sigmoid(third @ h + b_third)
    return 0.5 * np.sum((h - target) ** 2)


def skip_connections(weights, biases, x):
    """Every layer adds to what passes it by, and the last one sees the input again."""
    h = x
    for layer in range(weights.shape[0] - 1):
        h = h + np.tanh(weights[layer] @ h + biases[layer])
    return np.sum(np.tanh(weights[-1] @ (h * x) + biases[-1]))


def layer_used_twice(weights, bias, x):
    h = np.tanh(weights @ x + bias)
    return np.sum(np.tanh(weights @ h + bias) ** 2)


def max_pooling(weights, image):
    """The largest of each 2 x 2 block, which says where the derivative goes."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    pooled = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            pooled[i, j] = np.max(image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return np.sum(np.tanh(weights * pooled))


def dropout_with_mask(first, second, x, mask, kept):
    h = np.where(mask, np.tanh(first @ x) / kept, 0.0)
    return np.sum(np.tanh(second @ h))


def batch_normalisation(batch, weights, scale, shift):
    """Every row of a batch depends on every other one, by the mean and the variance of the columns."""
    z = batch @ weights
    mean = np.sum(z, axis=0) / z.shape[0]
    variance = np.sum((z - mean) ** 2, axis=0) / z.shape[0]
    h = np.tanh(scale * (z - mean) / np.sqrt(variance + 1e-5) + shift)
    return np.sum(h**3)


def convolutional(image, kernels, weights):
    """Two kernels over an image, leaky rectified, averaged: each kernel entry is used at every place."""
    count, size = kernels.shape[0], kernels.shape[1]
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    features = np.zeros(count)
    for k in range(count):
        for i in range(rows):
            for j in range(columns):
                z = 0.0
                for p in range(size):
                    for q in range(size):
                        z += kernels[k, p, q] * image[i + p, j + q]
                features[k] += max(z, 0.1 * z) / (rows * columns)
    return math.tanh(np.dot(weights, features))


def sigmoid_chain(weights, biases, x):
    """One neuron a layer: the derivative by each is a product of the slopes behind it."""
    h = x
    for layer in range(len(weights)):
        h = 1.0 / (1.0 + math.exp(-(weights[layer] * h + biases[layer])))
    return h


def rectified(weights, bias, inputs, targets, leak):
    """Half the squared error of one rectified neuron; `leak` is the slope on the dead side."""
    total = 0.0
    for k in range(inputs.shape[0]):
        z = np.dot(weights, inputs[k]) + bias
        a = z if z > 0.0 else leak * z
        total += 0.5 * (a - targets[k]) ** 2
    return total


def recurrent(inputs, into, within):
    """An unrolled recurrent network; what it remembers at the end."""
    h = np.zeros(within.shape[0])
    for t in range(inputs.shape[0]):
        h = np.tanh(into @ inputs[t] + within @ h)
    return np.sum(h**2)


def long_short_term_memory(inputs, weights, biases):
    """The gates forget, enter and leave and the candidate, as four matrices on the input and the hidden state."""
    units = weights.shape[1]
    h, c = np.zeros(units), np.zeros(units)
    for t in range(inputs.shape[0]):
        seen = np.concatenate((inputs[t], h))
        forget = sigmoid(weights[0] @ seen + biases[0])
        enter = sigmoid(weights[1] @ seen + biases[1])
        leave = sigmoid(weights[2] @ seen + biases[2])
        c = forget * c + enter * np.tanh(weights[3] @ seen + biases[3])
        h = leave * np.tanh(c)
    return np.sum(h)


def _of(seed: int, *shape: int) -> np.ndarray:
    return data(seed, *shape, low=-1.0, high=1.0)


PROGRAMS: list[Program] = [
    case(layered, _of(1, 4, 3), _of(2, 4), _of(3, 3, 4), _of(4, 3), _of(5, 2, 3), _of(6, 2), _of(7, 3), _of(8, 2)),
    case(skip_connections, _of(9, 3, 3, 3), _of(10, 3, 3), _of(11, 3)),
    case(layer_used_twice, _of(12, 3, 3), _of(13, 3), _of(14, 3)),
    case(max_pooling, _of(15, 2, 3), _of(16, 4, 6)),
    case(dropout_with_mask, _of(17, 4, 3), _of(18, 2, 4), _of(19, 3), np.array([True, False, True, True]), 0.75),
    case(batch_normalisation, _of(20, 5, 3), _of(21, 3, 2), data(22, 2), _of(23, 2)),
    case(convolutional, _of(24, 4, 5), _of(25, 2, 2, 2), _of(26, 2)),
    case(sigmoid_chain, _of(27, 6), _of(28, 6), 0.7),
    case(rectified, _of(29, 3), 0.2, _of(30, 5, 3), _of(31, 5), 0.0, argnums=(0, 1), name="rectified_neuron"),
    case(rectified, _of(29, 3), 0.2, _of(30, 5, 3), _of(31, 5), 0.1, name="leaky_rectified_neuron"),
    case(recurrent, _of(32, 4, 2), _of(33, 3, 2), _of(34, 3, 3)),
    case(long_short_term_memory, _of(35, 4, 2), _of(36, 4, 3, 5), _of(37, 4, 3)),
]
