"""gmm: the log posterior of a mixture of Gaussians with a Wishart prior on the precision matrices."""

import math

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def logsumexp(v):
    largest = v[0]
    for i in range(1, v.size):
        largest = max(largest, v[i])
    total = 0.0
    for i in range(v.size):
        total += math.exp(v[i] - largest)
    return largest + math.log(total)


@njit
def log_gamma(a, d):
    """Return the logarithm of the multivariate gamma function."""
    total = 0.25 * d * (d - 1) * math.log(math.pi)
    for j in range(d):
        total += math.lgamma(a - 0.5 * j)
    return total


@njit
def objective(alpha, mu, q, l, x, m, gamma):  # noqa: E741 (the eval's own name for it)
    n, d = x.shape
    k = alpha.size
    columns = np.zeros((k, d, d))  # column by column, the lower triangular matrices
    log_det = np.zeros(k)
    prior = 0.0
    for c in range(k):
        p = 0
        square = 0.0
        for j in range(d):
            log_det[c] += q[c, j]
            columns[c, j, j] = math.exp(q[c, j])
            square += columns[c, j, j] ** 2
            for row in range(j + 1, d):
                columns[c, j, row] = l[c, p]
                square += l[c, p] ** 2
                p += 1
        prior += m * log_det[c] - 0.5 * gamma * gamma * square

    scaled = np.empty(d)
    beta = np.empty(k)
    likelihood = 0.0
    for i in range(n):
        for c in range(k):
            scaled[:] = 0.0
            for j in range(d):
                difference = x[i, j] - mu[c, j]
                for row in range(j, d):
                    scaled[row] += columns[c, j, row] * difference
            square = 0.0
            for j in range(d):
                square += scaled[j] ** 2
            beta[c] = alpha[c] + log_det[c] - 0.5 * square
        likelihood += logsumexp(beta)

    likelihood -= n * (0.5 * d * math.log(2.0 * math.pi) + logsumexp(alpha))
    freedom = d + m + 1
    prior += k * (freedom * d * math.log(gamma / math.sqrt(2.0)) - log_gamma(0.5 * freedom, d))
    return likelihood + prior


jacobian = dualad.grad(objective, argnums=(0, 1, 2, 3))


def arguments(given):
    k, d = given["k"], given["d"]
    l = np.array(given["l"], float).reshape(k, d * (d - 1) // 2)  # noqa: E741
    arrays = [np.array(given[name], float) for name in ("alpha", "mu", "q")]
    return (*arrays, l, np.array(given["x"], float), given["m"], float(given["gamma"]))


def example(d, k, n):
    rng = np.random.default_rng(0)
    return {
        "d": d,
        "k": k,
        "n": n,
        "x": rng.normal(size=(n, d)),
        "m": 0,
        "gamma": 1.0,
        "alpha": rng.normal(size=k),
        "mu": rng.uniform(size=(k, d)),
        "q": rng.normal(size=(k, d)),
        "l": rng.normal(size=(k, d * (d - 1) // 2)),
    }


EVAL = Eval(
    functions={"objective": objective, "jacobian": jacobian},
    arguments=arguments,
    example=example,
    sizes=((2, 5, 1000), (10, 25, 1000), (32, 50, 1000)),
    report={"jacobian": lambda gradient: dict(zip(("alpha", "mu", "q", "l"), gradient, strict=True))},
    operations=lambda d, k, n: n * k * (d * (d + 1) + 4 * d + 5),
)
