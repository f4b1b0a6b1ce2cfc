"""Cameras and points from pictures: bundle adjustment by SciPy's least squares, with a sparse Jacobian."""

import numba
import numpy as np
import scipy.optimize

import dualad


def residuals(parameters, cameras, points, pixels, count):
    """Return how far each point is from where it was seen, in the order of the observations.

    Parameters
    ----------
    parameters : ndarray, shape (7 * count + 3 * number of points,)
        Of each camera a rotation vector, a translation and a focal length; then the points.
    cameras, points : ndarray of int, shape (n,)
        Which camera has seen which point.
    pixels : ndarray, shape (n, 2)
    count : int
        How many cameras there are.
    """
    out = np.empty(2 * cameras.size)
    for k in range(cameras.size):
        c, p = 7 * cameras[k], 7 * count + 3 * points[k]
        rx, ry, rz = parameters[c], parameters[c + 1], parameters[c + 2]
        x, y, z = parameters[p], parameters[p + 1], parameters[p + 2]
        angle = np.sqrt(rx * rx + ry * ry + rz * rz + 1e-20)
        ax, ay, az = rx / angle, ry / angle, rz / angle
        cos, sin = np.cos(angle), np.sin(angle)
        along = (ax * x + ay * y + az * z) * (1.0 - cos)  # Rodrigues' formula
        u = x * cos + (ay * z - az * y) * sin + ax * along + parameters[c + 3]
        v = y * cos + (az * x - ax * z) * sin + ay * along + parameters[c + 4]
        w = z * cos + (ax * y - ay * x) * sin + az * along + parameters[c + 5]
        out[2 * k] = parameters[c + 6] * u / w - pixels[k, 0]
        out[2 * k + 1] = parameters[c + 6] * v / w - pixels[k, 1]
    return out


residuals_compiled = numba.njit(error_model="numpy")(residuals)


def scene(count=20, number=600, seen_by=6, seed=0):
    """Return true parameters, a guess at them, and what the cameras have seen."""
    rng = np.random.default_rng(seed)
    poses = np.concatenate([rng.normal(0.0, 0.1, (count, 3)), rng.normal(0.0, 0.3, (count, 3))], axis=1)
    poses[:, 5] += 6.0
    truth = np.concatenate([np.c_[poses, np.full(count, 500.0)].ravel(), rng.uniform(-1.0, 1.0, 3 * number)])
    points = np.repeat(np.arange(number), seen_by)
    cameras = np.concatenate([rng.choice(count, seen_by, replace=False) for _ in range(number)])
    pixels = residuals(truth, cameras, points, np.zeros((points.size, 2)), count).reshape(-1, 2)
    guess = truth + rng.normal(0.0, 0.01, truth.size)
    return truth, guess, (cameras, points, pixels + rng.normal(0.0, 0.3, pixels.shape), count)


def adjust(guess, observations):
    """Return the parameters that explain the observations best, as SciPy's result."""
    jacobian = dualad.sparse_jacobian(residuals)
    options = {"method": "trf", "x_scale": "jac", "tr_solver": "lsmr", "max_nfev": 30}
    return scipy.optimize.least_squares(residuals_compiled, guess, jacobian, args=observations, **options)


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    truth, guess, observations = scene()
    found = adjust(guess, observations)
    figure, axis = plt.subplots(figsize=(7, 4))
    for parameters, label in ((guess, "guess"), (found.x, "adjusted")):
        axis.hist(residuals(parameters, *observations), bins=np.linspace(-10, 10, 81), alpha=0.6, label=label)
    axis.set(xlabel="pixels", ylabel="residuals")
    axis.legend()
    figure.savefig("bundle_adjustment.png", dpi=120)
