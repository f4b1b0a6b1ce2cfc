"""``python -m bench.memory``: gradients whose tape may take a part of the memory only.

Of each program: how many bytes its whole tape takes, and its gradient without a limit and with some, in seconds and as
multiples of the gradient without one. Each is a process of its own, of which the most memory that it had is measured.
"""

from __future__ import annotations

import multiprocessing
import resource
import time

import numba
import numpy as np

import dualad
from dualad.measuring import bytes_text, duration

from .table import made_on, publish

MARK = "python -m bench.memory"
_REPEATED = 3


def wave(u, c, steps):
    """The wave equation on a square, in two arrays that are exchanged."""
    n = u.shape[0]
    p, q = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                around = q[i + 1, j] + q[i - 1, j] + q[i, j + 1] + q[i, j - 1] - 4.0 * q[i, j]
                p[i, j] = 2.0 * q[i, j] - p[i, j] + c[i, j] * around
        p, q = q, p
    return np.sum(q * q)


def logistic(x, rate, steps):
    """A recurrence of one number."""
    for _ in range(steps):
        x = rate * x * (1.0 - x)
    return x


def programs() -> list[tuple]:
    """Return the programs: name, function, arguments, argnums, bytes of the whole tape, limits."""
    n, steps = 512, 2000
    rng = np.random.default_rng(1)
    args = rng.random((n, n)), 0.1 + 0.1 * rng.random((n, n)), steps
    tape = 8 * steps * (n - 2) ** 2
    long = 10**7
    return [
        ("wave equation, 512 x 512, 2,000 steps", wave, args, 1, tape, (tape // 2, tape // 20, tape // 100)),
        ("logistic map, 10,000,000 steps", logistic, (0.3, 3.6, long), 1, 8 * long, (10_000_000, 1_000_000, 10_000)),
    ]


def measured(number: int, memory: int | None) -> tuple[float, float, int]:
    """Return the seconds of the function and of its gradient, and the most bytes the process had for the latter."""
    _, f, args, argnums, _, _ = programs()[number]
    jitted, gradient = numba.njit(error_model="numpy")(f), dualad.grad(f, argnums, memory=memory)
    small = (*args[:-1], 3)
    gradient(*small), jitted(*small)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for g in (jitted, gradient):
        repeated = []
        for _ in range(_REPEATED):
            start = time.perf_counter()
            g(*args)
            repeated.append(time.perf_counter() - start)
        times.append(float(np.median(repeated)))
    return times[0], times[1], 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def table() -> str:
    """Measure; return the table as Markdown."""
    lines = [
        "| gradient | limit | memory it took | seconds | to no limit | to the function |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    context = multiprocessing.get_context("spawn")
    for number, (name, _, _, _, _, limits) in enumerate(programs()):
        unlimited = None
        for memory in (None, *limits):
            with context.Pool(1) as pool:
                primal, seconds, peak = pool.apply(measured, (number, memory))
            unlimited = unlimited or seconds
            shown = "none" if memory is None else bytes_text(memory)
            ratios = f"{seconds / unlimited:.2f} | {seconds / primal:.1f}"
            lines.append(f"| {name} | {shown} | {bytes_text(peak)} | {duration(seconds)} | {ratios} |")
    lines += ["", f"On one thread, medians of {_REPEATED}, compiled before, a process each.", made_on()]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    publish(MARK, table())


if __name__ == "__main__":
    main()
