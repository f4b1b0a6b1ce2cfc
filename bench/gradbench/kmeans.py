"""kmeans: the sum of the squared distances of points to their nearest centroids."""

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval


@njit
def cost(points, centroids):
    total = 0.0
    for i in range(points.shape[0]):
        nearest = np.inf
        for c in range(centroids.shape[0]):
            square = 0.0
            for j in range(points.shape[1]):
                difference = points[i, j] - centroids[c, j]
                square += difference * difference
            nearest = min(nearest, square)
        total += nearest
    return total


gradient = dualad.grad(cost, argnums=1)


def example(k, n, d):
    points = np.random.default_rng(0).random((n, d))
    return {"points": points, "centroids": points[-k:]}  # so that no cluster is empty


EVAL = Eval(
    functions={"cost": cost, "dir": gradient},
    arguments=lambda given: (np.array(given["points"]), np.array(given["centroids"])),
    example=example,
    sizes=((10, 1000, 8), (100, 10_000, 8), (1000, 10_000, 16)),
    report={},
)
