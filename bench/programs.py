"""What the table measures: ordinary functions, each with the arguments of one evaluation and what to differentiate."""

from __future__ import annotations

import math

import numpy as np

from dualad.examples import lotka_volterra as predator_prey


def three_lines(x, y):
    a = math.sin(x) * y
    b = a * a + x
    return b / (1.0 + y * y)


def euler(p, u0, v0, n, h):
    a, b, c, d = p[0], p[1], p[2], p[3]
    u = u0
    v = v0
    s = 0.0
    for _ in range(n):
        du = a * u - b * u * v
        dv = c * u * v - d * v
        u = u + h * du
        v = v + h * dv
        s = s + u * u
    return s


def gaussian_mixture(weights, means, scales, points):
    """Negative log-likelihood of points under a mixture of isotropic Gaussians."""
    total = 0.0
    terms = np.empty(weights.size)
    for i in range(points.shape[0]):
        largest = -np.inf
        for k in range(weights.size):
            square = 0.0
            for j in range(points.shape[1]):
                distance = (points[i, j] - means[k, j]) * math.exp(-scales[k])
                square += distance * distance
            terms[k] = weights[k] - points.shape[1] * scales[k] - 0.5 * square
            largest = max(largest, terms[k])
        mass = 0.0
        for k in range(weights.size):
            mass += math.exp(terms[k] - largest)
        total -= largest + math.log(mass)
    return total


def logsumexp(x):
    largest = x[0]
    for i in range(1, x.size):
        if x[i] > largest:
            largest = x[i]
    total = 0.0
    for i in range(x.size):
        total += math.exp(x[i] - largest)
    return largest + math.log(total)


def matrix_product(a, b):
    """Sum of the squares of a matrix product."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            entry = 0.0
            for k in range(a.shape[1]):
                entry += a[i, k] * b[k, j]
            total += entry * entry
    return total


def cholesky(a):
    """Logarithm of the determinant, by a Cholesky factor in place."""
    n = a.shape[0]
    total = 0.0
    for j in range(n):
        for k in range(j):
            for i in range(j, n):
                a[i, j] -= a[i, k] * a[j, k]
        root = math.sqrt(a[j, j])
        for i in range(j, n):
            a[i, j] /= root
        total += 2.0 * math.log(root)
    return total


def heat(u, conductivity, steps):
    """Diffusion on a rod, old and new values in two rows; half the squared temperature at the end."""
    n = u.size
    rows = np.empty((2, n))
    for i in range(n):
        rows[0, i] = u[i]
        rows[1, i] = u[i]
    for t in range(steps):
        old, new = t % 2, 1 - t % 2
        for i in range(1, n - 1):
            rows[new, i] = rows[old, i] + conductivity * (rows[old, i - 1] - 2.0 * rows[old, i] + rows[old, i + 1])
    total = 0.0
    for i in range(n):
        total += 0.5 * rows[steps % 2, i] ** 2
    return total


def heat_in_place(u, conductivity, steps):
    """Gauss-Seidel sweeps over a rod, in the caller's array."""
    for _ in range(steps):
        for i in range(1, u.size - 1):
            u[i] += conductivity * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    total = 0.0
    for i in range(u.size):
        total += 0.5 * u[i] * u[i]
    return total


def n_body(position, velocity, masses, steps, h):
    """Kinetic energy after some steps of the symplectic Euler method, in place."""
    n = masses.size
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                dx = position[i, 0] - position[j, 0]
                dy = position[i, 1] - position[j, 1]
                dz = position[i, 2] - position[j, 2]
                square = dx * dx + dy * dy + dz * dz + 0.01
                pull = h / (square * math.sqrt(square))
                velocity[i, 0] -= dx * masses[j] * pull
                velocity[i, 1] -= dy * masses[j] * pull
                velocity[i, 2] -= dz * masses[j] * pull
                velocity[j, 0] += dx * masses[i] * pull
                velocity[j, 1] += dy * masses[i] * pull
                velocity[j, 2] += dz * masses[i] * pull
        for i in range(n):
            for k in range(3):
                position[i, k] += h * velocity[i, k]
    energy = 0.0
    for i in range(n):
        for k in range(3):
            energy += 0.5 * masses[i] * velocity[i, k] * velocity[i, k]
    return energy


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def lstm(inputs, weights, bias):
    """A long short-term memory over a sequence; weights have shape (4, hidden, inputs + hidden)."""
    hidden = weights.shape[1]
    width = inputs.shape[1]
    h = np.zeros(hidden)
    c = np.zeros(hidden)
    gates = np.empty((4, hidden))
    for t in range(inputs.shape[0]):
        for g in range(4):
            for k in range(hidden):
                z = bias[g, k]
                for j in range(width):
                    z += weights[g, k, j] * inputs[t, j]
                for j in range(hidden):
                    z += weights[g, k, width + j] * h[j]
                gates[g, k] = math.tanh(z) if g == 3 else sigmoid(z)
        for k in range(hidden):
            c[k] = gates[0, k] * c[k] + gates[1, k] * gates[3, k]
            h[k] = gates[2, k] * math.tanh(c[k])
    total = 0.0
    for k in range(hidden):
        total += h[k] * h[k]
    return total


def newton(targets):
    """Sum of the roots of x + exp(x) = target, by Newton's method."""
    total = 0.0
    for i in range(targets.size):
        x = 1.0
        while True:
            growth = math.exp(x)
            step = (x + growth - targets[i]) / (1.0 + growth)
            x -= step
            if abs(step) < 1e-10:
                break
        total += x
    return total


def convolution(signal, kernel):
    """Energy of a signal behind a filter."""
    total = 0.0
    for i in range(signal.size - kernel.size + 1):
        value = 0.0
        for k in range(kernel.size):
            value += signal[i + k] * kernel[k]
        total += value * value
    return total


def programs() -> list[tuple]:
    """Return (name, function, arguments, argnums), one a program."""
    rng = np.random.default_rng(0)
    draw = rng.normal
    half = draw(size=(60, 60))
    unknowns = predator_prey.starting_point()
    record = (predator_prey.HARE, predator_prey.LYNX, predator_prey.STEPS_PER_YEAR)
    mixture = (draw(size=5), draw(size=(5, 3)), 0.1 * draw(size=5), draw(size=(2000, 3)))
    bodies = (draw(size=(8, 3)), draw(size=(8, 3)), rng.uniform(0.5, 1.5, 8), 200, 1e-3)
    memory = (draw(size=(50, 8)), 0.3 * draw(size=(4, 16, 24)), 0.1 * draw(size=(4, 16)))
    return [
        ("three lines, no loop", three_lines, (0.7, 1.3), (0, 1)),
        ("Euler steps of predator and prey", euler, (np.array([1.1, 0.4, 0.1, 0.4]), 10.0, 5.0, 100_000, 1e-4), (0,)),
        ("Runge-Kutta 4 and likelihood", predator_prey.negative_log_likelihood, (unknowns, *record), (0,)),
        ("Gaussian mixture, 2000 points", gaussian_mixture, mixture, (0, 1, 2)),
        ("logsumexp of 10,000", logsumexp, (draw(size=10_000),), (0,)),
        ("matrix product 60 x 60", matrix_product, (draw(size=(60, 60)), draw(size=(60, 60))), (0, 1)),
        ("Cholesky factor 60 x 60, in place", cholesky, (half @ half.T + 60.0 * np.eye(60),), (0,)),
        ("heat on a rod, two rows", heat, (draw(size=200), 0.2, 500), (0, 1)),
        ("heat on a rod, in place", heat_in_place, (draw(size=200), 0.2, 500), (0, 1)),
        ("8 bodies, 200 steps, in place", n_body, bodies, (0, 1, 2)),
        ("LSTM, 50 steps of 16 units", lstm, memory, (0, 1, 2)),
        ("Newton's method in a while loop", newton, (rng.uniform(2.0, 9.0, 2000),), (0,)),
        ("convolution, 10,000 by 16", convolution, (draw(size=10_000), draw(size=16)), (0, 1)),
    ]
