"""Rates of a stiff reaction from what was measured: an implicit integrator, differentiated as a whole.

Robertson's reaction, whose rates differ by nine orders of magnitude. Each step solves its equation with Newton's
method, and the gradient of the misfit goes through all of it. SciPy's Radau, its Jacobian by dualad, makes the data.
"""

import numpy as np
import scipy.optimize

import dualad
import dualad.scipy

TRUE = np.log(np.array([0.04, 3e7, 1e4]))


def reaction(t, y, log_rates):
    """Return how fast the three concentrations change."""
    k1, k2, k3 = np.exp(log_rates[0]), np.exp(log_rates[1]), np.exp(log_rates[2])
    slow, fast, back = k1 * y[0], k2 * y[1] * y[1], k3 * y[1] * y[2]
    return np.array([back - slow, slow - back - fast, fast])


def integrate(log_rates, times):
    """Return the concentrations at some times, by implicit Euler steps with Newton's method in each."""
    k1, k2, k3 = np.exp(log_rates[0]), np.exp(log_rates[1]), np.exp(log_rates[2])
    found = np.empty((times.size, 3))
    a, b, c = 1.0, 0.0, 0.0
    now = 0.0
    for n in range(times.size):
        for _ in range(40):  # steps to the next time
            h = (times[n] - now) / 40
            x, y, z = a, b, c
            for _ in range(6):
                matrix = np.array(
                    [
                        [1.0 + h * k1, -h * k3 * z, -h * k3 * y],
                        [-h * k1, 1.0 + h * (k3 * z + 2.0 * k2 * y), h * k3 * y],
                        [0.0, -2.0 * h * k2 * y, 1.0],
                    ]
                )
                slow, fast, back = k1 * x, k2 * y * y, k3 * y * z
                missing = np.array([x - a - h * (back - slow), y - b - h * (slow - back - fast), z - c - h * fast])
                move = np.linalg.solve(matrix, missing)
                x, y, z = x - move[0], y - move[1], z - move[2]
            a, b, c = x, y, z
        now = times[n]
        found[n, 0], found[n, 1], found[n, 2] = a, b, c
    return found


def misfit(log_rates, times, measured):
    """Return the sum of squares, of the second concentration in units of its size."""
    difference = integrate(log_rates, times) - measured
    return np.sum(difference[:, 0] ** 2 + (3e4 * difference[:, 1]) ** 2 + difference[:, 2] ** 2)


def measurements(times):
    """Return the concentrations that Radau finds, its Jacobian by dualad."""
    span, start = (0.0, float(times[-1])), np.array([1.0, 0.0, 0.0])
    options = {"method": "Radau", "t_eval": times, "rtol": 1e-8, "atol": 1e-10}
    return dualad.scipy.solve_ivp(reaction, span, start, args=(TRUE,), **options).y.T


def estimate(count=25):
    """Return the rates, as logarithms, that fit best, and SciPy's result."""
    times = np.geomspace(0.1, 400.0, count)
    measured = measurements(times)
    slope = dualad.value_and_grad(misfit)
    found = scipy.optimize.minimize(slope, TRUE + 0.3, (times, measured), jac=True, method="BFGS")
    return found.x, found


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    rates, _ = estimate()
    times = np.geomspace(0.1, 400.0, 60)
    measured, fitted = measurements(times), integrate(rates, times)
    figure, axis = plt.subplots(figsize=(7, 4))
    for k, factor in enumerate((1.0, 1e4, 1.0)):
        axis.semilogx(times, factor * measured[:, k], ".", times, factor * fitted[:, k], "-")
    axis.set(xlabel="time", ylabel="concentration (the second times 10,000)")
    figure.savefig("stiff_kinetics.png", dpi=120)
