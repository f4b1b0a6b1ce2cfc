"""Programs of linear algebra, and what people write with it: networks, filters, stencils, least squares."""

import numpy as np
from numba import njit

from .program import Program, case, data

# ------------------------------------------------------------------- products


def products(a, b, x, y):
    return a @ b, np.dot(a, x) * (a @ x), x @ b, y @ a @ x + np.dot(y, a).sum()


def products_of_vectors(x, y):
    return np.vdot(x, y) * np.outer(x, y[:3]) + np.dot(x, x), x.dot(y) * y


def products_of_transposes(a):
    return a.T @ a + np.sum(a), a.dot(a.T), np.dot(a[:, ::2], a[:3, 1:].T[:3, :])


def kronecker_trace_diagonal(a, b):
    return np.kron(a, b[:2]) * np.trace(b), np.trace(a @ a.T) * np.diag(b)


def product_into_factors(a, b):
    """What a product has read may be overwritten afterwards."""
    c = a * 1.0
    p = c @ b
    c[1, 2] = p[0, 0]
    c *= 2.0
    q = c @ b
    p[:] = q * p
    return p * np.sum(c * a), q


def bilinear_form_in_loop(a, x):
    total = 0.0
    z = x.copy()
    for k in range(3):
        z = 0.3 * (a @ z) + x
        total += z @ a @ x * (k + 1)
    return total * z


# ------------------------------------------------------------------- np.linalg


def solves(a, x, b):
    return np.linalg.solve(a, x), np.linalg.solve(a.T, b * 2.0) @ x[:2], np.linalg.solve(a @ a.T, a[0])


def solve_in_loop(a, x):
    m = a.copy()
    total = 0.0
    for k in range(3):
        v = np.linalg.solve(m, x)
        m[k, :] += v * v
        total += v[k] * np.sum(v)
    return total * v


def inverse_and_determinant(a):
    return np.linalg.inv(a) * np.linalg.det(a), np.linalg.inv(a[:2, :2]) @ a[:2]


def sign_and_log_of_determinant(a):
    sign, logarithm = np.linalg.slogdet(a)
    return sign * logarithm * a[0], np.linalg.slogdet(-a[:3, :3])[1] * a[1]


def cholesky(a):
    factor = np.linalg.cholesky(a @ a.T)
    return factor * np.log(np.diag(factor)), factor @ a[0]


def norms_of_vectors(x):
    n = np.linalg.norm(x) * np.linalg.norm(x, 2) + np.linalg.norm(x, 3) - np.linalg.norm(x, np.inf)
    return (n + np.linalg.norm(x, 1) * np.linalg.norm(x, -np.inf) + np.linalg.norm(x, 0.5)) * x


def norms_of_matrices(a):
    n = np.linalg.norm(a) + np.linalg.norm(a, 1) * np.linalg.norm(a, -1)
    return (n + np.linalg.norm(a, np.inf) - np.linalg.norm(a, -np.inf) * np.linalg.norm(a[:, 1])) * a


def symmetric_eigenvalues(a):
    return np.linalg.eigvalsh(a + a.T) * np.linalg.eigvalsh(a @ a.T)


def symmetric_eigenvectors(a):
    """Their signs are arbitrary, so the result is a function of the matrix: its square root."""
    w, v = np.linalg.eigh(a @ a.T)
    return (v * np.sqrt(w)) @ v.T, w * w


def matrix_powers(a):
    return np.linalg.matrix_power(a, 3) * 0.1 + np.linalg.matrix_power(a, -2), np.linalg.matrix_power(a, 1) @ a


def decompositions_on_strides(a, x):
    return np.linalg.solve(a, x), np.linalg.inv(a), np.linalg.det(a) * x, np.linalg.cholesky(a @ a.T + np.eye(3))


# ------------------------------------------------------------------- fits and networks


def normal_equations(a, y, ridge):
    gram = a.T @ a + ridge * np.eye(a.shape[1])
    weights = np.linalg.solve(gram, a.T @ y)
    residual = y - a @ weights
    return weights, residual @ residual / len(y)


def gaussian_log_density(x, mean, a):
    factor = np.linalg.cholesky(a @ a.T)
    z = np.linalg.solve(factor, x - mean)
    return (-0.5 * (z @ z) - np.sum(np.log(np.diag(factor))) - 0.5 * len(x) * np.log(2.0 * np.pi)) * z


def tanh_network(x, w1, b1, w2, b2, y):
    hidden = np.tanh(x @ w1 + b1)
    out = hidden @ w2 + b2
    difference = out - y
    return np.sum(difference * difference) / len(x), hidden


def softmax_regression(x, w, labels):
    scores = x @ w
    losses = np.empty(len(labels))
    for i in range(len(labels)):
        row = scores[i] - np.max(scores[i])
        losses[i] = np.log(np.sum(np.exp(row))) - row[labels[i]]
    return np.array([losses.mean() + 0.1 * np.sum(w * w)])


@njit
def dense(x, w, b):
    return np.maximum(x @ w + b, 0.0)


def relu_network_of_helpers(x, w1, b1, w2, b2):
    return dense(dense(x, w1, b1), w2, b2) * np.sum(w2 * w2)


def network_of_list_of_layers(x, w, u):
    z = x
    for m in (w, u, w):
        z = np.tanh(z @ m) + 0.1 * z
    return z


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    weights = np.exp(scores)
    weights /= np.sum(weights, axis=1)[:, None]
    return weights @ v


def lstm_over_a_sequence(xs, w, u, b):
    n = u.shape[0]
    h, c = np.zeros(n), np.zeros(n)
    for t in range(len(xs)):
        gates = w @ xs[t] + h @ u + b
        forget = 1.0 / (1.0 + np.exp(-gates[:n]))
        admit = 1.0 / (1.0 + np.exp(-gates[n : 2 * n]))
        c = forget * c + admit * np.tanh(gates[2 * n : 3 * n])
        h = np.tanh(c) / (1.0 + np.exp(-gates[3 * n :]))
    return h * c


# ------------------------------------------------------------------- filters and stencils


def kalman_filter_of_matrices(ys, f, q, r):
    n = f.shape[0]
    x, p, h = np.zeros(n), np.eye(n), np.ones((1, n))
    loss = 0.0
    for y in ys:
        x = f @ x
        p = f @ p @ f.T + q * np.eye(n)
        s = (h @ p @ h.T)[0, 0] + r
        gain = (p @ h.T)[:, 0] / s
        innovation = y - x.sum()
        x = x + gain * innovation
        p = p - np.outer(gain, h[0]) @ p
        loss += np.log(s) + innovation**2 / s
    return x * loss, p


def heat_in_place(u, k):
    for _ in range(4):
        u[1:-1] += k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[0] = u[1]
    return u


def stencil_of_two_axes(a, k):
    z = a.copy()
    for _ in range(2):
        inner = z[1:-1, 1:-1]
        z[1:-1, 1:-1] = inner + k * (z[:-2, 1:-1] + z[2:, 1:-1] + z[1:-1, :-2] + z[1:-1, 2:] - 4.0 * inner)
        z[:, 0] = z[:, -2]
    return z * a


def convolution_as_loops(image, kernel):
    m, n = kernel.shape
    out = np.zeros((image.shape[0] - m + 1, image.shape[1] - n + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + m, j : j + n] * kernel)
    return np.tanh(out)


def power_iteration_in_place(a, x):
    for _ in range(4):
        x = a @ x
        x /= np.linalg.norm(x)
    return (x @ a @ x) * x


def gauss_seidel_on_rows(a, b):
    x = np.zeros(len(b))
    for _ in range(3):
        for i in range(len(b)):
            x[i] = (b[i] - a[i, :i] @ x[:i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


def gram_schmidt_in_place(a):
    z = a.copy()
    for j in range(z.shape[1]):
        for i in range(j):
            z[:, j] -= (z[:, i] @ z[:, j]) * z[:, i]
        z[:, j] /= np.sqrt(np.sum(z[:, j] ** 2))
    return z * a


def adam_steps(a, x, rate):
    w, m, v = x.copy(), np.zeros_like(x), np.zeros_like(x)
    for k in range(1, 4):
        slope = 2.0 * (a @ w) - x
        m = 0.9 * m + 0.1 * slope
        v = 0.99 * v + 0.01 * slope * slope
        w -= rate * m / (1.0 - 0.9**k) / (np.sqrt(v / (1.0 - 0.99**k)) + 1e-3)
    return w


def distances_and_kernel_mean(x, y, values):
    z = np.empty((x.shape[0], y.shape[0]))
    for i in range(x.shape[0]):
        d = y - x[i]
        z[i] = np.exp(-0.5 * np.sum(d * d, axis=1))
    return z @ values / np.sum(z, axis=1)


def well_conditioned(seed: int, n: int) -> np.ndarray:
    return data(seed, n, n, low=-0.5, high=0.5) + np.diag(2.0 + 0.5 * np.arange(n))


REGULAR = well_conditioned(501, 4)
SIGNED = {"low": -1.0, "high": 1.0}

PROGRAMS: list[Program] = [
    case(products, data(502, 3, 5), data(503, 5, 2), data(504, 5), data(505, 3), scalar=False),
    case(products_of_vectors, data(506, 5), data(507, 5), scalar=False),
    case(products_of_transposes, data(508, 4, 5), scalar=False),
    case(kronecker_trace_diagonal, data(509, 2, 3), data(510, 3, 3), scalar=False),
    case(product_into_factors, data(511, 4, 5), data(512, 5, 3), scalar=False),
    case(bilinear_form_in_loop, REGULAR, data(513, 4), scalar=False),
    case(solves, REGULAR, data(514, 4), data(515, 4, 2), scalar=False),
    case(solve_in_loop, REGULAR, data(516, 4), scalar=False),
    case(inverse_and_determinant, REGULAR, scalar=False),
    case(sign_and_log_of_determinant, REGULAR, scalar=False),
    case(cholesky, REGULAR, scalar=False),
    case(norms_of_vectors, data(517, 5), scalar=False),
    case(norms_of_matrices, data(518, 3, 4), scalar=False),
    case(symmetric_eigenvalues, REGULAR, scalar=False),
    case(symmetric_eigenvectors, REGULAR, scalar=False),
    case(matrix_powers, REGULAR, scalar=False),
    case(decompositions_on_strides, well_conditioned(519, 7)[::3, ::3], data(520, 6)[::-2], scalar=False),
    case(normal_equations, data(521, 6, 3, **SIGNED), data(522, 6), 0.3, scalar=False),
    case(gaussian_log_density, data(523, 4), data(524, 4), REGULAR, scalar=False),
    case(
        tanh_network,
        data(525, 4, 3, **SIGNED),
        data(526, 3, 5, **SIGNED),
        data(527, 5),
        data(528, 5, 2, **SIGNED),
        data(529, 2),
        data(530, 4, 2),
        scalar=False,
    ),
    case(softmax_regression, data(531, 5, 3, **SIGNED), data(532, 3, 4), np.array([0, 3, 1, 1, 2]), scalar=False),
    case(
        relu_network_of_helpers,
        data(533, 3, 4, **SIGNED),
        data(534, 4, 5, **SIGNED),
        data(535, 5, **SIGNED),
        data(536, 5, 2, **SIGNED),
        data(537, 2),
        scalar=False,
    ),
    case(network_of_list_of_layers, data(538, 2, 3), data(539, 3, 3), data(540, 3, 3, **SIGNED), scalar=False),
    case(attention, data(541, 3, 2), data(542, 4, 2), data(543, 4, 3), scalar=False),
    case(
        lstm_over_a_sequence,
        data(544, 4, 2, **SIGNED),
        data(545, 12, 2, **SIGNED),
        data(546, 3, 12, **SIGNED),
        data(547, 12, **SIGNED),
        scalar=False,
    ),
    case(kalman_filter_of_matrices, data(548, 4), 0.3 * data(549, 3, 3), 0.4, 0.7, scalar=False),
    case(heat_in_place, data(550, 7), 0.2, scalar=False, native=False),
    case(stencil_of_two_axes, data(551, 5, 6), 0.1, scalar=False),
    case(convolution_as_loops, data(552, 5, 6), data(553, 3, 2, **SIGNED), scalar=False),
    case(power_iteration_in_place, REGULAR, data(554, 4), scalar=False),
    case(gauss_seidel_on_rows, REGULAR, data(555, 4), scalar=False),
    case(gram_schmidt_in_place, data(556, 4, 3), scalar=False),
    case(adam_steps, REGULAR, data(557, 4), 0.1, scalar=False),
    case(distances_and_kernel_mean, data(558, 3, 2), data(559, 4, 2), data(560, 4), scalar=False),
]
