"""A pendulum swings up with the least effort: direct collocation, with exact sparse derivatives in trust-constr."""

import numpy as np
import scipy.optimize

import dualad

STEPS, DURATION, STRONGEST = 40, 4.0, 5.0


def defects(z, n, duration):
    """Return by how much the states, (angle, speed, torque) at n + 1 times, fail to follow the equations of motion."""
    h = duration / n
    out = np.empty(2 * n + 4)
    for k in range(n):
        a, w, u = z[3 * k], z[3 * k + 1], z[3 * k + 2]
        a2, w2, u2 = z[3 * k + 3], z[3 * k + 4], z[3 * k + 5]
        force = u - np.sin(a) * 9.81 - 0.1 * w
        force2 = u2 - np.sin(a2) * 9.81 - 0.1 * w2
        out[2 * k] = a2 - a - 0.5 * h * (w + w2)  # the trapezoidal rule
        out[2 * k + 1] = w2 - w - 0.5 * h * (force + force2)
    out[2 * n], out[2 * n + 1] = z[0], z[1]  # it hangs at first, and stands at the end
    out[2 * n + 2], out[2 * n + 3] = z[3 * n] - np.pi, z[3 * n + 1]
    return out


def effort(z, n, duration):
    """Return the integral of the squared torque."""
    total = 0.0
    for k in range(n + 1):
        total += z[3 * k + 2] ** 2
    return total * duration / n


def weighted(z, weights, n, duration):
    """Return the part of the Lagrangian that the constraints make."""
    return np.dot(weights, defects(z, n, duration))


def plan(n=STEPS, duration=DURATION, iterations=300):
    """Return the states and torques of the best motion, shape (n + 1, 3), and SciPy's result."""
    jacobian, curvature = dualad.sparse_jacobian(defects), dualad.sparse_hessian(weighted)
    slope, own_curvature = dualad.grad(effort), dualad.sparse_hessian(effort)
    constraint = scipy.optimize.NonlinearConstraint(
        lambda z: defects(z, n, duration),
        0.0,
        0.0,
        jac=lambda z: jacobian(z, n, duration),
        hess=lambda z, weights: curvature(z, weights, n, duration),
    )
    start = np.zeros((n + 1, 3))
    start[:, 0], start[:, 1] = np.linspace(0.0, np.pi, n + 1), np.pi / duration
    found = scipy.optimize.minimize(
        effort,
        start.ravel(),
        (n, duration),
        method="trust-constr",
        jac=slope,
        hess=own_curvature,
        constraints=constraint,
        options={"maxiter": iterations, "gtol": 1e-7},
    )
    return found.x.reshape(n + 1, 3), found


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    motion, _ = plan()
    figure, axis = plt.subplots(figsize=(7, 4))
    for column, label in zip(motion.T, ("angle", "speed", "torque"), strict=True):
        axis.plot(np.linspace(0.0, DURATION, STEPS + 1), column, label=label)
    axis.set(xlabel="time")
    axis.legend()
    figure.savefig("swing_up.png", dpi=120)
