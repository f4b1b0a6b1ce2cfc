"""The array programs in autograd."""

from __future__ import annotations

import autograd.numpy as np
import autograd.scipy.signal as signal
from autograd import value_and_grad
from autograd.scipy.special import logsumexp as log_sum_exp


def network(w1, w2, w3, b1, b2, b3, x, y):
    h = x
    for w, b in ((w1, b1), (w2, b2), (w3, b3)):
        h = np.tanh(np.dot(h, w) + b)
    return np.mean((h - y) ** 2)


def softmax_regression(w, b, x, labels):
    logits = np.dot(x, w) + b
    return np.mean(log_sum_exp(logits, axis=1) - logits[np.arange(len(labels)), labels])


def logsumexp(x):
    return log_sum_exp(x)


def convolution(image, kernel):
    out = signal.convolve(image, kernel[::-1, ::-1], mode="valid")
    return np.sum(out * out)


def heat(u, conductivity, steps):
    for _ in range(steps):
        inner = u[1:-1] + conductivity * (u[:-2] - 2.0 * u[1:-1] + u[2:])
        u = np.concatenate((u[:1], inner, u[-1:]))
    return np.sum(u * u)


def kalman(a, q, r, observations):
    n, m = a.shape[0], observations.shape[1]
    mean, cov, h = np.zeros(n), np.eye(n), np.eye(m, n)
    loss = 0.0
    for y in observations:
        mean, cov = np.dot(a, mean), np.dot(np.dot(a, cov), a.T) + q
        residual = y - np.dot(h, mean)
        s = np.dot(np.dot(h, cov), h.T) + r
        gain = np.linalg.solve(s, np.dot(h, cov)).T
        loss = loss + 0.5 * (np.dot(residual, np.linalg.solve(s, residual)) + np.log(np.linalg.det(s)))
        mean, cov = mean + np.dot(gain, residual), cov - np.dot(np.dot(gain, h), cov)
    return loss


def lstm(wx, wh, b, x):
    units = wh.shape[0]
    h = c = np.zeros(units)
    loss = 0.0
    for x_t in x:
        z = np.dot(x_t, wx) + np.dot(h, wh) + b
        forget, take, out = (0.5 * (np.tanh(0.5 * z[k * units : (k + 1) * units]) + 1.0) for k in range(3))
        c = forget * c + take * np.tanh(z[3 * units :])
        h = out * np.tanh(c)
        loss = loss + np.sum(h * h)
    return loss


def contestant(name, args, count):
    """Return a call that computes value and gradient."""
    f = value_and_grad(globals()[name], argnum=tuple(range(count)))
    return lambda: f(*args)
