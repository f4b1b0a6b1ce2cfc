"""``python -m bench.directions``: a Jacobian by forward mode with 1 and 4 directions at a time, one after the other in
the text, and with 4, 8 and 16 side by side in registers; Hessians, one column or so many at a time."""

from __future__ import annotations

import time

import numpy as np
from numba import typeof

from dualad.compiler import build as build_module
from dualad.compiler.differentiate import jacobian as jacobian_module
from dualad.derivative_function import DerivativeFunction
from dualad.measuring import duration
from dualad.signatures import Surrounded

from .table import interleaved_medians, publish, repeated

MARK = "python -m bench.directions"
WIDTHS = ((1, 0), (4, 0), (4, 4), (4, 8), (4, 16))  # one after the other, and side by side


def pendulums(x):
    """Coupled pendulums, a hundred steps: sines in every step, sixteen numbers in and out."""
    n = x.size // 2
    y = x.copy()
    for _ in range(100):
        for i in range(n):
            pull = -np.sin(y[i])
            if i > 0:
                pull += 0.1 * (y[i - 1] - y[i])
            if i < n - 1:
                pull += 0.1 * (y[i + 1] - y[i])
            y[n + i] += 0.05 * pull
        for i in range(n):
            y[i] += 0.05 * y[n + i]
    return y


def small_network(x):
    """Two layers written as loops, twelve numbers in and eight out."""
    hidden = np.zeros(32)
    for j in range(hidden.size):
        for i in range(x.size):
            hidden[j] += np.cos(1.0 + i * j) * x[i]
        hidden[j] = np.tanh(hidden[j])
    out = np.zeros(8)
    for k in range(out.size):
        for j in range(hidden.size):
            out[k] += np.sin(1.0 + j * k) * hidden[j]
    return out


def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def cart_pole(z):
    """Squared defects of a direct collocation, and the effort; a node has place, angle, their rates, and the force."""
    total, h = 0.0, 0.05
    for k in range(z.size // 5 - 1):
        effort = 0.0
        defects = np.zeros(4)
        for end in range(2):
            j = 5 * (k + end)
            c, s, rate, force = np.cos(z[j + 1]), np.sin(z[j + 1]), z[j + 3], z[j + 4]
            mass = 1.0 + 0.3 * s * s
            push = (force + 0.3 * s * (0.5 * rate * rate + 9.81 * c)) / mass
            turn = (-force * c - 0.15 * rate * rate * c * s - 1.3 * 9.81 * s) / (0.5 * mass)
            sign = 2.0 * end - 1.0
            defects[0] += sign * z[j] - 0.5 * h * z[j + 2]
            defects[1] += sign * z[j + 1] - 0.5 * h * rate
            defects[2] += sign * z[j + 2] - 0.5 * h * push
            defects[3] += sign * rate - 0.5 * h * turn
            effort += 0.5 * h * force * force
        for d in range(4):
            effort += 10.0 * defects[d] * defects[d]
        total += effort
    return total


PROGRAMS = (
    (pendulums, np.linspace(0.1, 1.6, 16), "jacfwd"),
    (small_network, np.linspace(-1.0, 1.0, 12), "jacfwd"),
    (rosenbrock, np.linspace(-1.0, 1.0, 50), "hessian"),
    (cart_pole, np.linspace(-1.0, 1.0, 305), "hessian"),
)


def with_directions(f, x: np.ndarray, kind: str, count: int, packs: int) -> DerivativeFunction:
    """Return the Jacobian or Hessian of a function with so many directions at a time, compiled."""
    derivative = DerivativeFunction(Surrounded(f), kind, ((0,), True, False), f"{kind}_{count}_{packs}")
    usual = jacobian_module.DIRECTIONS, build_module.PACKS
    jacobian_module.DIRECTIONS, build_module.PACKS = count, packs
    try:
        derivative(x)
    finally:
        jacobian_module.DIRECTIONS, build_module.PACKS = usual
    return derivative


def table() -> str:
    """Measure; return the table as Markdown."""
    lines = [
        "| Jacobian by forward mode, Hessian | "
        + " | ".join(f"{side_by_side} side by side" if side_by_side else f"{k} at a time" for k, side_by_side in WIDTHS)
        + " | compiled in, s |",
        "|---|" + "--:|" * (len(WIDTHS) + 1),
    ]
    for f, x, kind in PROGRAMS:
        seconds, found = [], []
        for count, packs in WIDTHS:
            start = time.perf_counter()
            found.append(with_directions(f, x, kind, count, packs))
            seconds.append(time.perf_counter() - start)
        times = interleaved_medians([repeated(d, (x,)) for d in found])
        cells = [duration(t) for t in times] + [", ".join(f"{s:.1f}" for s in seconds)]
        name = "Hessian of " * (kind == "hessian") + f.__name__
        lines.append(f"| {name}, {x.size} inputs, {typeof(x).dtype} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    publish(MARK, table())


if __name__ == "__main__":
    main()
