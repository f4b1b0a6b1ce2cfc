"""Programs that are whole array algorithms written by loops: linear algebra, convolution, dynamic programming."""

import math

import numpy as np

from .program import Program, case, data


def matrix_product(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    total = 0.0
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            total += c[i, j] ** 2
    return total


def matrix_vector_by_rows(matrix, x):
    y = np.empty(matrix.shape[0])
    for i in range(matrix.shape[0]):
        row = matrix[i]
        y[i] = 0.0
        for j in range(row.size):
            y[i] += row[j] * x[j]
    return y


def lu_determinant(matrix):
    lu = matrix.copy()
    n = lu.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            lu[i, k] /= lu[k, k]
            for j in range(k + 1, n):
                lu[i, j] -= lu[i, k] * lu[k, j]
    determinant = 1.0
    for k in range(n):
        determinant *= lu[k, k]
    return determinant


def cholesky_log_determinant(matrix):
    n = len(matrix)
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = matrix[i, j]
            for k in range(j):
                s -= lower[i, k] * lower[j, k]
            if i == j:
                lower[i, i] = math.sqrt(s)
            else:
                lower[i, j] = s / lower[j, j]
    total = 0.0
    for i in range(n):
        total += 2.0 * math.log(lower[i, i])
    return total + lower[n - 1, 0]


def gaussian_elimination_with_pivoting(matrix, b):
    n = len(b)
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[pivot, k]):
                pivot = i
        if pivot != k:
            for j in range(n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
            b[k], b[pivot] = b[pivot], b[k]
        for i in range(k + 1, n):
            factor = matrix[i, k] / matrix[k, k]
            for j in range(k, n):
                matrix[i, j] -= factor * matrix[k, j]
            b[i] -= factor * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= matrix[i, j] * x[j]
        x[i] = s / matrix[i, i]
    return x[0] * x[1] + x[n - 1] ** 2


def forward_substitution(lower, b):
    x = np.zeros_like(b)
    for i in range(len(b)):
        x[i] = b[i]
        for j in range(i):
            x[i] -= lower[i, j] * x[j]
        x[i] /= lower[i, i]
    return x


def thomas_tridiagonal(lower, diagonal, upper, right):
    n = len(diagonal)
    for i in range(1, n):
        w = lower[i - 1] / diagonal[i - 1]
        diagonal[i] -= w * upper[i - 1]
        right[i] -= w * right[i - 1]
    right[n - 1] /= diagonal[n - 1]
    for i in range(n - 2, -1, -1):
        right[i] = (right[i] - upper[i] * right[i + 1]) / diagonal[i]
    return right[0] + right[n // 2] ** 2


def gram_schmidt(vectors):
    n, m = vectors.shape
    for i in range(n):
        v = vectors[i]
        for j in range(i):
            q = vectors[j]
            dot = 0.0
            for k in range(m):
                dot += q[k] * v[k]
            for k in range(m):
                v[k] -= dot * q[k]
        norm = 0.0
        for k in range(m):
            norm += v[k] * v[k]
        norm = math.sqrt(norm)
        for k in range(m):
            v[k] /= norm
    return vectors[0, 0] + 2.0 * vectors[1, 1] * vectors[-1, 0]


def convolution(signal, kernel):
    n, m = len(signal), len(kernel)
    out = np.zeros(n + m - 1)
    for i in range(n):
        for j in range(m):
            out[i + j] += signal[i] * kernel[j]
    total = 0.0
    for i in range(n + m - 1):
        total += math.tanh(out[i]) * out[i]
    return total


def convolution_two_dimensional(image, kernel):
    height = image.shape[0] - kernel.shape[0] + 1
    width = image.shape[1] - kernel.shape[1] + 1
    best = 0.0
    for i in range(height):
        for j in range(width):
            s = 0.0
            for k in range(kernel.shape[0]):
                for m in range(kernel.shape[1]):
                    s += image[i + k, j + m] * kernel[k, m]
            best += max(s - 0.5, 0.0) ** 2
    return best


def soft_dynamic_time_warping(a, b, gamma):
    n, m = len(a), len(b)
    table = np.full((n + 1, m + 1), 1e10)
    table[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            r0 = -table[i - 1, j - 1] / gamma
            r1 = -table[i - 1, j] / gamma
            r2 = -table[i, j - 1] / gamma
            top = max(r0, r1, r2)
            soft = -gamma * (math.log(math.exp(r0 - top) + math.exp(r1 - top) + math.exp(r2 - top)) + top)
            table[i, j] = (a[i - 1] - b[j - 1]) ** 2 + soft
    return table[n, m]


def hidden_markov_forward(log_start, log_move, log_emit, observed):
    n = len(log_start)
    alpha = np.empty(n)
    for i in range(n):
        alpha[i] = log_start[i] + log_emit[i, observed[0]]
    for t in range(1, len(observed)):
        following = np.empty(n)
        for j in range(n):
            top = alpha[0] + log_move[0, j]
            for i in range(1, n):
                top = max(top, alpha[i] + log_move[i, j])
            s = 0.0
            for i in range(n):
                s += math.exp(alpha[i] + log_move[i, j] - top)
            following[j] = top + math.log(s) + log_emit[j, observed[t]]
        alpha = following
    s = 0.0
    for i in range(n):
        s += math.exp(alpha[i])
    return math.log(s)


def shortest_path_on_grid(cost):
    n, m = cost.shape
    best = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            if i == 0 and j == 0:
                best[i, j] = cost[i, j]
            elif i == 0:
                best[i, j] = best[i, j - 1] + cost[i, j]
            elif j == 0:
                best[i, j] = best[i - 1, j] + cost[i, j]
            else:
                best[i, j] = min(best[i - 1, j], best[i, j - 1]) + cost[i, j] ** 2
    return best[n - 1, m - 1]


def maximum_subarray(a):
    best = a[0]
    current = a[0]
    for i in range(1, len(a)):
        current = max(a[i], current + a[i])
        if current > best:
            best = current
    return best * best


def exponential_moving_averages(a, x):
    fast = a[0]
    slow = a[0]
    total = 0.0
    for value in a:
        fast = x * value + (1.0 - x) * fast
        slow = 0.1 * value + 0.9 * slow
        total += (fast - slow) ** 2
    return total


def running_variance_by_welford(a):
    mean = 0.0
    spread = 0.0
    count = 0
    for value in a:
        count += 1
        step = value - mean
        mean += step / count
        spread += step * (value - mean)
    return spread / (count - 1)


def jacobi_iterations(matrix, b, n):
    x = np.zeros(len(b))
    for _ in range(n):
        new = np.zeros(len(b))
        for i in range(len(b)):
            s = 0.0
            for j in range(len(b)):
                if j == i:
                    continue
                s += matrix[i, j] * x[j]
            new[i] = (b[i] - s) / matrix[i, i]
        x = new
    return x[0] * x[-1]


def graph_message_passing(nodes, sources, targets, weights, n):
    state = nodes.copy()
    for _ in range(n):
        inbox = np.zeros_like(state)
        for edge in range(len(sources)):
            inbox[targets[edge]] += math.tanh(state[sources[edge]] * weights[edge])
        for i in range(len(state)):
            state[i] = 0.5 * state[i] + inbox[i]
    total = 0.0
    for i in range(len(state)):
        total += state[i] ** 2
    return total


def polynomial_products_in_place(roots):
    n = len(roots)
    coefficients = np.zeros(n + 1)
    coefficients[0] = 1.0
    for k in range(n):
        for i in range(k + 1, 0, -1):
            coefficients[i] -= roots[k] * coefficients[i - 1]
    return coefficients[1] * coefficients[2] + coefficients[n]


def butterfly_transform_in_place(a):
    n = len(a)
    half = 1
    while half < n:
        for start in range(0, n, 2 * half):
            for i in range(start, start + half):
                u = a[i]
                v = a[i + half]
                a[i] = u + v * u
                a[i + half] = u - v
        half *= 2
    return a[0] * a[1] + a[n - 1]


WELL = 4.0 * np.eye(3) + data(1, 3, 3)

PROGRAMS: list[Program] = [
    case(matrix_product, data(2, 2, 3), data(3, 3, 2)),
    case(matrix_vector_by_rows, data(4, 3, 2), data(5, 2), scalar=False),
    case(lu_determinant, WELL),
    case(cholesky_log_determinant, WELL),
    case(gaussian_elimination_with_pivoting, np.array([[0.2, 1.1, 0.4], [1.3, 0.3, 0.5], [0.6, 0.9, 1.7]]), data(6, 3)),
    case(forward_substitution, WELL, data(7, 3), scalar=False),
    case(thomas_tridiagonal, data(8, 3), 3.0 + data(9, 4), data(10, 3), data(11, 4)),
    case(gram_schmidt, data(12, 3, 3)),
    case(convolution, data(13, 5), data(14, 3)),
    case(convolution_two_dimensional, data(15, 4, 4), data(16, 2, 2)),
    case(soft_dynamic_time_warping, data(17, 4), data(18, 3), 0.6),
    case(hidden_markov_forward, -data(19, 2), -data(20, 2, 2), -data(21, 2, 3), np.array([0, 2, 1, 1])),
    case(shortest_path_on_grid, data(22, 3, 4)),
    case(maximum_subarray, np.array([0.4, -1.1, 0.9, 0.7, -0.3, 0.8, -2.0])),
    case(exponential_moving_averages, data(23, 6), 0.4),
    case(running_variance_by_welford, data(24, 6)),
    case(jacobi_iterations, WELL, data(25, 3), 4),
    case(graph_message_passing, data(26, 4), np.array([0, 1, 2, 3, 0]), np.array([1, 2, 3, 0, 2]), data(27, 5), 2),
    case(polynomial_products_in_place, data(28, 4)),
    case(butterfly_transform_in_place, data(29, 8)),
]
