"""Where did the wave begin? Shallow water, seen by a few gauges, traced back to its initial shape.

The gradient by the whole initial surface goes back through all steps, in a tape of limited size.
"""

import numba
import numpy as np
import scipy.optimize

import dualad

GRAVITY, DEPTH, STEP, SPACING, FRICTION = 9.81, 1.0, 0.01, 0.1, 0.02


def gauges(surface, places, steps):
    """Return the height of the water at some places, after each step of a forward-backward scheme."""
    n, m = surface.shape
    h = surface.copy()
    u, v = np.zeros((n + 1, m)), np.zeros((n, m + 1))
    seen = np.empty((steps, places.shape[0]))
    for t in range(steps):
        for i in range(1, n):
            for j in range(m):
                u[i, j] -= STEP * (GRAVITY * (h[i, j] - h[i - 1, j]) / SPACING + FRICTION * u[i, j] * abs(u[i, j]))
        for i in range(n):
            for j in range(1, m):
                v[i, j] -= STEP * (GRAVITY * (h[i, j] - h[i, j - 1]) / SPACING + FRICTION * v[i, j] * abs(v[i, j]))
        for i in range(n):
            for j in range(m):
                out = u[i + 1, j] - u[i, j] + v[i, j + 1] - v[i, j]
                h[i, j] -= STEP * DEPTH * out / SPACING
        for k in range(places.shape[0]):
            seen[t, k] = h[places[k, 0], places[k, 1]]
    return seen


gauges_compiled = numba.njit(error_model="numpy")(gauges)


def misfit(surface, places, steps, observed):
    """Return how badly an initial surface explains what was observed; large and rough ones count as unlikely."""
    difference = gauges(surface, places, steps) - observed
    rough = np.sum(np.diff(surface, axis=0) ** 2) + np.sum(np.diff(surface, axis=1) ** 2)
    return np.sum(difference * difference) + 1e-3 * rough + 1e-4 * np.sum(surface * surface)


def bump(n):
    """Return a surface with a hill of water in it."""
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    return 0.1 * np.exp(-((i - 0.6 * n) ** 2 + (j - 0.35 * n) ** 2) / (0.1 * n) ** 2)


def trace_back(n=256, steps=2000, memory="500MB", iterations=40):
    """Return the surface that was, and the one found from what 25 gauges have seen of it."""
    edge = np.linspace(0.1 * n, 0.9 * n, 5).astype(np.int64)
    places = np.array([(i, j) for i in edge for j in edge])
    truth = bump(n)
    observed = gauges_compiled(truth, places, steps)
    value_and_gradient = dualad.value_and_grad(misfit, memory=memory)

    def objective(flat):
        value, gradient = value_and_gradient(flat.reshape(n, n), places, steps, observed)
        return value, gradient.ravel()

    options = {"maxiter": iterations}
    found = scipy.optimize.minimize(objective, np.zeros(n * n), jac=True, method="L-BFGS-B", options=options)
    return truth, found.x.reshape(n, n)


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4))
    for axis, surface, title in zip(axes, trace_back(), ("the water as it was", "as the gauges tell"), strict=True):
        axis.imshow(surface, vmin=-0.1, vmax=0.1, cmap="RdBu")
        axis.set_title(title)
    figure.savefig("shallow_water.png", dpi=120)
