"""The programs as a NumPy user writes them; Numba compiles them and dualad differentiates them as they stand.

Each takes the parameters to differentiate by first. `DATA` makes the arguments of each, the same for every contestant.
"""

from __future__ import annotations

import numpy as np


def network(w1, w2, w3, b1, b2, b3, x, y):
    """Three tanh layers, mean squared error."""
    h1 = np.tanh(np.dot(x, w1) + b1)
    h2 = np.tanh(np.dot(h1, w2) + b2)
    h3 = np.tanh(np.dot(h2, w3) + b3)
    return np.sum((h3 - y) ** 2) / y.size


def softmax_regression(w, b, x, labels):
    """Mean cross-entropy of a linear classifier."""
    logits = np.dot(x, w) + b
    loss = 0.0
    for i in range(x.shape[0]):
        largest = np.max(logits[i])
        loss += largest + np.log(np.sum(np.exp(logits[i] - largest))) - logits[i, labels[i]]
    return loss / x.shape[0]


def logsumexp(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def convolution(image, kernel):
    """Sum of squares of a two-dimensional convolution, written as loops."""
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    total = 0.0
    for i in range(rows):
        for j in range(columns):
            out = 0.0
            for p in range(kernel.shape[0]):
                for q in range(kernel.shape[1]):
                    out += image[i + p, j + q] * kernel[p, q]
            total += out * out
    return total


def heat(u, conductivity, steps):
    """Heat on a rod, the array updated in place; sum of squares at the end."""
    for _ in range(steps):
        left = u[0]
        for i in range(1, u.size - 1):
            here = u[i]
            u[i] = here + conductivity * (left - 2.0 * here + u[i + 1])
            left = here
    return np.sum(u * u)


def kalman(a, q, r, observations):
    """Negative log-likelihood of a linear Gaussian state space model whose first states are observed."""
    n, m = a.shape[0], observations.shape[1]
    mean, cov = np.zeros(n), np.eye(n)
    h = np.eye(m, n)
    loss = 0.0
    for t in range(observations.shape[0]):
        mean = np.dot(a, mean)
        cov = np.dot(np.dot(a, cov), a.T) + q
        residual = observations[t] - np.dot(h, mean)
        s = np.dot(np.dot(h, cov), h.T) + r
        gain = np.linalg.solve(s, np.dot(h, cov)).T
        loss += 0.5 * (np.dot(residual, np.linalg.solve(s, residual)) + np.log(np.linalg.det(s)))
        mean = mean + np.dot(gain, residual)
        cov = cov - np.dot(np.dot(gain, h), cov)
    return loss


def lstm(wx, wh, b, x):
    """An LSTM over a sequence; sum of squares of its outputs."""
    units = wh.shape[0]
    h, c = np.zeros(units), np.zeros(units)
    loss = 0.0
    for t in range(x.shape[0]):
        z = np.dot(x[t], wx) + np.dot(h, wh) + b
        forget = 1.0 / (1.0 + np.exp(-z[:units]))
        take = 1.0 / (1.0 + np.exp(-z[units : 2 * units]))
        out = 1.0 / (1.0 + np.exp(-z[2 * units : 3 * units]))
        c = forget * c + take * np.tanh(z[3 * units :])
        h = out * np.tanh(c)
        loss += np.sum(h * h)
    return loss


def _network_data(rng):
    weights = [rng.standard_normal((256, 256)) / 16 for _ in range(3)]
    biases = [rng.standard_normal(256) * 0.1 for _ in range(3)]
    return (*weights, *biases, rng.standard_normal((256, 256)), rng.standard_normal((256, 256)))


def _softmax_data(rng):
    x = rng.standard_normal((1000, 64))
    return rng.standard_normal((64, 10)) * 0.1, np.zeros(10), x, rng.integers(0, 10, 1000)


def _kalman_data(rng):
    a = np.eye(4) * 0.9 + rng.standard_normal((4, 4)) * 0.05
    return a, np.eye(4) * 0.1, np.eye(2) * 0.2, rng.standard_normal((100, 2))


def _lstm_data(rng):
    return (
        rng.standard_normal((32, 256)) * 0.2,
        rng.standard_normal((64, 256)) * 0.1,
        np.zeros(256),
        rng.standard_normal((200, 32)),
    )


DATA = {
    "network": (network, _network_data, 6, "3-layer tanh network, batch 256, width 256"),
    "softmax_regression": (softmax_regression, _softmax_data, 2, "softmax regression, 1000 x 64 in 10 classes"),
    "logsumexp": (logsumexp, lambda rng: (rng.standard_normal(1_000_000),), 1, "logsumexp of a million"),
    "convolution": (
        convolution,
        lambda rng: (rng.standard_normal((128, 128)), rng.standard_normal((5, 5))),
        2,
        "2-D convolution as loops, 128 x 128 by 5 x 5",
    ),
    "heat": (heat, lambda rng: (rng.standard_normal(1000), 0.1, 200), 2, "1-D heat stencil in place, 1000, 200 steps"),
    "kalman": (kalman, _kalman_data, 3, "Kalman filter, 4 states, 100 steps"),
    "lstm": (lstm, _lstm_data, 3, "LSTM, 64 units, 200 steps"),
}
"""Name to (function, maker of its arguments, how many of them are differentiated by, what the table says)."""
