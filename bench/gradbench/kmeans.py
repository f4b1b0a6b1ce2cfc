"""kmeans: the sum of the squared distances of points to their nearest centroids, and Newton's direction."""

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


@njit
def direction(points, centroids):
    """Return Newton's direction, from the gradient and its derivative along a vector of ones.

    The Hessian is diagonal: the nearest centroid of a point stands alone in its term. So its product with ones is that
    diagonal.
    """
    slope, curvature = dualad.jvp(gradient, (points, centroids), (np.zeros_like(points), np.ones_like(centroids)))
    return slope / curvature


def example(k, n, d):
    points = np.random.default_rng(0).random((n, d))
    return {"points": points, "centroids": points[-k:]}  # so that no cluster is empty


EVAL = Eval(
    functions={"cost": cost, "dir": direction},
    arguments=lambda given: (np.array(given["points"], float), np.array(given["centroids"], float)),
    example=example,
    sizes=((10, 1000, 8), (100, 10_000, 8), (1000, 10_000, 16)),
    report={},
    operations=lambda k, n, d: 3 * k * n * d,
)
