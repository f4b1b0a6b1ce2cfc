"""Programs a numerical user would bring: integrators, iterations, likelihoods, finance, filters, small networks."""

import math

import numpy as np
from numba import njit

from .program import Program, case, data


@njit
def predator_prey(state, rates, out):
    out[0] = rates[0] * state[0] - rates[1] * state[0] * state[1]
    out[1] = rates[2] * state[0] * state[1] - rates[3] * state[1]


def lotka_volterra_runge_kutta(start, rates, h, n):
    state = start.copy()
    work = np.empty(2)
    k1 = np.empty(2)
    k2 = np.empty(2)
    k3 = np.empty(2)
    k4 = np.empty(2)
    for _ in range(n):
        predator_prey(state, rates, k1)
        for i in range(2):
            work[i] = state[i] + 0.5 * h * k1[i]
        predator_prey(work, rates, k2)
        for i in range(2):
            work[i] = state[i] + 0.5 * h * k2[i]
        predator_prey(work, rates, k3)
        for i in range(2):
            work[i] = state[i] + h * k3[i]
        predator_prey(work, rates, k4)
        for i in range(2):
            state[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
    return state[0] * state[1]


def lotka_volterra_likelihood(theta, observed, h, steps):
    u = math.exp(theta[4])
    v = math.exp(theta[5])
    a, b, c, d = math.exp(theta[0]), math.exp(theta[1]), math.exp(theta[2]), math.exp(theta[3])
    total = 0.0
    for t in range(observed.shape[0]):
        if t > 0:
            for _ in range(steps):
                du = a * u - b * u * v
                dv = d * u * v - c * v
                um = u + 0.5 * h * du
                vm = v + 0.5 * h * dv
                u += h * (a * um - b * um * vm)
                v += h * (d * um * vm - c * vm)
        total += 0.5 * ((math.log(observed[t, 0]) - math.log(u)) / 0.3) ** 2
        total += 0.5 * ((math.log(observed[t, 1]) - math.log(v)) / 0.3) ** 2
    return total


def newton_root(a, b):
    x = 1.0
    for _ in range(50):
        residual = x * x * x + a * x - b
        if abs(residual) < 1e-14:
            break
        x -= residual / (3.0 * x * x + a)
    return x


def heron_square_root(a):
    x = a
    step = 1.0
    while abs(step) > 1e-7:
        following = 0.5 * (x + a / x)
        step = following - x
        x = following
    return x


def kepler_eccentric_anomaly(mean, eccentricity):
    angle = mean
    trips = 0
    while trips < 100:
        step = (angle - eccentricity * math.sin(angle) - mean) / (1.0 - eccentricity * math.cos(angle))
        angle -= step
        if abs(step) < 1e-9:
            break
        trips += 1
    else:
        raise ValueError("no convergence")
    return angle


def gaussian_log_likelihood(a, mean, log_deviation):
    deviation = math.exp(log_deviation)
    total = 0.0
    for value in a:
        z = (value - mean) / deviation
        total -= 0.5 * z * z + log_deviation + 0.5 * math.log(2.0 * math.pi)
    return total


def logistic_regression(weights, features, labels):
    loss = 0.0
    for i in range(features.shape[0]):
        row = features[i]
        z = weights[-1]
        for j in range(len(row)):
            z += weights[j] * row[j]
        if labels[i]:
            loss += math.log1p(math.exp(-z))
        else:
            loss += math.log1p(math.exp(z))
    return loss / features.shape[0]


def poisson_log_likelihood(counts, x, y):
    total = 0.0
    for i in range(len(counts)):
        rate = math.exp(x + y * i)
        total += counts[i] * math.log(rate) - rate - math.lgamma(counts[i] + 1.0)
    return total


def student_log_density(x, degrees):
    constant = math.lgamma(0.5 * (degrees + 1.0)) - math.lgamma(0.5 * degrees) - 0.5 * np.log(degrees * np.pi)
    return constant - 0.5 * (degrees + 1.0) * np.log1p(x * x / degrees)


def log_sum_exp(a):
    top = a[0]
    for i in range(1, len(a)):
        if a[i] > top:
            top = a[i]
    total = 0.0
    for i in range(len(a)):
        total += math.exp(a[i] - top)
    return top + math.log(total)


def softmax_cross_entropy(a, label):
    p = np.empty_like(a)
    total = 0.0
    for i in range(a.size):
        p[i] = np.exp(a[i])
        total += p[i]
    for i in range(a.size):
        p[i] /= total
    return -np.log(p[label])


def gaussian_mixture(points, logits, means, log_scales):
    k = len(logits)
    terms = np.zeros(k)
    norm = 0.0
    for j in range(k):
        norm += math.exp(logits[j])
    total = 0.0
    for i in range(len(points)):
        top = -1e300
        for j in range(k):
            z = (points[i] - means[j]) * math.exp(-log_scales[j])
            terms[j] = logits[j] - math.log(norm) - 0.5 * z * z - log_scales[j]
            top = max(top, terms[j])
        s = 0.0
        for j in range(k):
            s += math.exp(terms[j] - top)
        total += top + math.log(s)
    return total


def kalman_filter(observed, drift, noise, error):
    mean, variance = 0.0, 1.0
    total = 0.0
    for y in observed:
        mean = drift * mean
        variance = drift * drift * variance + noise
        innovation = y - mean
        s = variance + error
        gain = variance / s
        mean += gain * innovation
        variance *= 1.0 - gain
        total -= 0.5 * (math.log(s) + innovation * innovation / s)
    return total


def lstm_cell(inputs, weights, n):
    hidden = np.zeros(n)
    cell = np.zeros(n)
    gates = np.zeros(4)
    for t in range(len(inputs)):
        for i in range(n):
            for g in range(4):
                gates[g] = weights[g, i, 0] * inputs[t] + weights[g, i, 1] * hidden[i]
            forget = 1.0 / (1.0 + math.exp(-gates[0]))
            enter = 1.0 / (1.0 + math.exp(-gates[1]))
            leave = 1.0 / (1.0 + math.exp(-gates[2]))
            cell[i] = forget * cell[i] + enter * math.tanh(gates[3])
            hidden[i] = leave * math.tanh(cell[i])
    return hidden[0] * hidden[1] + cell[0]


def small_network(x, first, second):
    hidden = np.zeros(first.shape[0])
    for i in range(first.shape[0]):
        for j in range(len(x)):
            hidden[i] += first[i, j] * x[j]
        hidden[i] = max(hidden[i] - 1.0, 0.1 * (hidden[i] - 1.0))
    out = 0.0
    for i in range(len(hidden)):
        out += second[i] * hidden[i]
    return math.tanh(out)


def n_body_energy(positions, masses):
    energy = 0.0
    for i in range(len(masses)):
        for j in range(i + 1, len(masses)):
            r2 = 0.0
            for k in range(positions.shape[1]):
                d = positions[i, k] - positions[j, k]
                r2 += d * d
            energy -= masses[i] * masses[j] / math.sqrt(r2)
    return energy


def symplectic_steps(positions, velocities, h, n):
    count = len(positions)
    for _ in range(n):
        for i in range(count):
            force = 0.0
            for j in range(count):
                if i != j:
                    d = positions[j] - positions[i]
                    force += d / (d * d + 0.3) ** 1.5
            velocities[i] += h * force
        for i in range(count):
            positions[i] += h * velocities[i]
    return positions[0] * velocities[1] + positions[-1]


def heat_equation(u, conductivity, n):
    new = np.zeros_like(u)
    for _ in range(n):
        for i in range(len(u)):
            left = u[i - 1] if i > 0 else 0.0
            right = u[i + 1] if i < len(u) - 1 else 1.0
            new[i] = u[i] + conductivity * (left - 2.0 * u[i] + right)
        for i in range(len(u)):
            u[i] = new[i]
    return u[1] * u[2]


def burgers_upwind(u, h, n):
    for _ in range(n):
        previous = u[-1]
        for i in range(len(u)):
            here = u[i]
            u[i] = here - h * here * (here - previous)
            previous = here
    total = 0.0
    for value in u:
        total += value * value
    return total


def black_scholes(spot, strike, rate, volatility, time):
    root = volatility * math.sqrt(time)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / root
    d2 = d1 - root
    n1 = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
    n2 = 0.5 * math.erfc(-d2 / math.sqrt(2.0))
    return spot * n1 - strike * math.exp(-rate * time) * n2


def binomial_tree_american_put(spot, strike, rate, volatility, n):
    h = 1.0 / n
    up = math.exp(volatility * math.sqrt(h))
    p = (math.exp(rate * h) - 1.0 / up) / (up - 1.0 / up)
    discount = math.exp(-rate * h)
    value = np.zeros(n + 1)
    for i in range(n + 1):
        value[i] = max(strike - spot * up ** (2 * i - n), 0.0)
    for step in range(n - 1, -1, -1):
        for i in range(step + 1):
            hold = discount * (p * value[i + 1] + (1.0 - p) * value[i])
            exercise = strike - spot * up ** (2 * i - step)
            value[i] = exercise if exercise > hold else hold
    return value[0]


def power_iteration(matrix, n):
    v = np.ones(len(matrix))
    w = np.zeros(len(matrix))
    norm = 0.0
    for _ in range(n):
        norm = 0.0
        for i in range(len(v)):
            w[i] = 0.0
            for j in range(len(v)):
                w[i] += matrix[i, j] * v[j]
            norm += w[i] ** 2
        norm = math.sqrt(norm)
        for i in range(len(v)):
            v[i] = w[i] / norm
    return norm


def continued_fraction(a):
    value = 0.0
    for i in range(len(a) - 1, 0, -1):
        value = 1.0 / (a[i] + value)
    return a[0] + value


def horner(coefficients, x):
    value = 0.0
    for c in coefficients:
        value = value * x + c
    return value


def chebyshev_clenshaw(coefficients, x):
    b1 = b2 = 0.0
    for k in range(len(coefficients) - 1, 0, -1):
        b1, b2 = 2.0 * x * b1 - b2 + coefficients[k], b1
    return x * b1 - b2 + coefficients[0]


def adaptive_step_integrator(x, rate):
    t = 0.0
    h = 0.2
    while t < 1.0:
        if t + h > 1.0:
            h = 1.0 - t
        full = x + h * math.cos(rate * x)
        half = x + 0.5 * h * math.cos(rate * x)
        half += 0.5 * h * math.cos(rate * half)
        t += h
        x = 2.0 * half - full
        if abs(full - half) < 0.004:
            h *= 1.25
        else:
            h *= 0.8
    return x


def mandelbrot_like(a, b, n):
    x = y = 0.0
    for k in range(n):
        x, y = x * x - y * y + a, 2.0 * x * y + b
        if x * x + y * y > 4.0:
            return k + math.log(x * x + y * y)
    return x * y


def k_means_loss(points, centers):
    loss = 0.0
    for i in range(points.shape[0]):
        best = np.inf
        for k in range(centers.shape[0]):
            distance = 0.0
            for j in range(points.shape[1]):
                distance += (points[i, j] - centers[k, j]) ** 2
            if distance < best:
                best = distance
        loss += best
    return loss


def hermite_spline(knots, heights, slopes, x):
    k = 0
    while k < len(knots) - 2 and x > knots[k + 1]:
        k += 1
    h = knots[k + 1] - knots[k]
    t = (x - knots[k]) / h
    left = (1.0 + 2.0 * t) * (1.0 - t) ** 2 * heights[k] + t * (1.0 - t) ** 2 * h * slopes[k]
    return left + t * t * (3.0 - 2.0 * t) * heights[k + 1] + t * t * (t - 1.0) * h * slopes[k + 1]


def soft_threshold(a, limit):
    total = 0.0
    for value in a:
        shrunk = math.copysign(max(abs(value) - limit, 0.0), value)
        total += shrunk * shrunk * shrunk + 0.5 * shrunk
    return total


def rosenbrock(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def numpy_scalar_functions(x, y):
    return np.sin(x) * np.arctan2(y, x) + np.sqrt(x) * np.tanh(y) + np.maximum(x, y) * np.expm1(x) - np.abs(-y)


def geometric_mean_of_squares(a):
    total = 0.0
    for i in range(a.shape[0]):
        total += np.log(a[i] ** 2)
    return np.exp(total / a.shape[0])


PROGRAMS: list[Program] = [
    case(lotka_volterra_runge_kutta, np.array([1.3, 0.8]), np.array([0.9, 0.7, 0.5, 0.8]), 0.1, 8),
    case(lotka_volterra_likelihood, data(1, 6, low=-0.5, high=0.3), data(2, 5, 2), 0.1, 4, argnums=(0,)),
    case(newton_root, 0.7, 2.3),
    case(heron_square_root, 2.7),
    case(kepler_eccentric_anomaly, 0.9, 0.4),
    case(gaussian_log_likelihood, data(3, 5), 0.7, -0.3),
    case(logistic_regression, data(4, 3), data(5, 4, 2), np.array([True, False, True, True]), argnums=(0,)),
    case(poisson_log_likelihood, np.array([1, 3, 2, 5]), 0.4, 0.2),
    case(student_log_density, 0.9, 3.7),
    case(log_sum_exp, data(6, 5)),
    case(softmax_cross_entropy, data(7, 4), 2),
    case(gaussian_mixture, data(8, 4), data(9, 2), data(10, 2), data(11, 2)),
    case(kalman_filter, data(12, 5), 0.8, 0.3, 0.5),
    case(lstm_cell, data(13, 4), data(14, 4, 2, 2), 2),
    case(small_network, data(15, 3), data(16, 4, 3), data(17, 4, low=-0.5, high=0.5)),
    case(n_body_energy, data(18, 3, 3), data(19, 3)),
    case(symplectic_steps, data(20, 3), data(21, 3), 0.1, 4),
    case(heat_equation, data(22, 5), 0.2, 4),
    case(burgers_upwind, data(23, 5), 0.1, 4),
    case(black_scholes, 1.1, 1.0, 0.03, 0.25, 1.5),
    case(binomial_tree_american_put, 1.03, 1.1, 0.06, 0.3, 6),
    case(power_iteration, data(24, 3, 3), 5),
    case(continued_fraction, data(25, 6)),
    case(horner, data(26, 5), 0.7),
    case(chebyshev_clenshaw, data(27, 5), 0.6),
    case(adaptive_step_integrator, 0.3, 1.7),
    case(mandelbrot_like, 0.62, 0.55, 30),
    case(k_means_loss, data(28, 5, 2), data(29, 3, 2)),
    case(hermite_spline, np.array([0.0, 0.7, 1.5, 2.1]), data(30, 4), data(31, 4), 1.1),
    case(soft_threshold, np.array([0.9, -1.3, 0.2, -0.1, 1.7]), 0.5),
    case(rosenbrock, data(32, 4)),
    case(numpy_scalar_functions, 0.7, 1.2),
    case(geometric_mean_of_squares, data(33, 4)),
]
