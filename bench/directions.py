"""``python -m bench.directions``: a Jacobian by forward mode with 1 and 4 directions at a time, one after the other in
the text, and with 4, 8 and 16 side by side in registers."""

from __future__ import annotations

import time

import numpy as np
from numba import typeof

from dualad.compiler import build as build_module
from dualad.compiler.differentiate import jacobian as jacobian_module
from dualad.derivative_function import DerivativeFunction, Surrounded
from dualad.measuring import duration

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


PROGRAMS = ((pendulums, np.linspace(0.1, 1.6, 16)), (small_network, np.linspace(-1.0, 1.0, 12)))


def with_directions(f, count: int, packs: int) -> DerivativeFunction:
    """Return the Jacobian of a function with so many directions at a time, compiled."""
    derivative = DerivativeFunction(Surrounded(f), "jacfwd", ((0,), True, False), f"jacfwd_{count}_{packs}")
    usual = jacobian_module.DIRECTIONS, build_module.PACKS
    jacobian_module.DIRECTIONS, build_module.PACKS = count, packs
    try:
        derivative(dict((g.__name__, x) for g, x in PROGRAMS)[f.__name__])
    finally:
        jacobian_module.DIRECTIONS, build_module.PACKS = usual
    return derivative


def table() -> str:
    """Measure; return the table as Markdown."""
    lines = [
        "| Jacobian by forward mode | "
        + " | ".join(f"{side_by_side} side by side" if side_by_side else f"{k} at a time" for k, side_by_side in WIDTHS)
        + " | compiled in, s |",
        "|---|" + "--:|" * (len(WIDTHS) + 1),
    ]
    for f, x in PROGRAMS:
        seconds, found = [], []
        for count, packs in WIDTHS:
            start = time.perf_counter()
            found.append(with_directions(f, count, packs))
            seconds.append(time.perf_counter() - start)
        times = interleaved_medians([repeated(d, (x,)) for d in found])
        cells = [duration(t) for t in times] + [", ".join(f"{s:.1f}" for s in seconds)]
        lines.append(f"| {f.__name__}, {x.size} inputs, {typeof(x).dtype} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    publish(MARK, table())


if __name__ == "__main__":
    main()
