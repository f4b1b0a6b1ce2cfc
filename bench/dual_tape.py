"""What a derivative costs by number and by compiler: float, Dual, Tape, engine forward, engine reverse.

    python -m bench.dual_tape

One run of every column a function; the median of the times in microseconds, and the ratio to the float column of the
same kind (plain Python or compiled). Compilation is not in it. Each column gives the whole gradient: `Dual` runs once
for each input, the engine (`dualad.jacfwd`) takes sixteen of them at a time. Every call comes from plain Python.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numba
import numpy as np

import dualad
from dualad import Dual, Tape

from .table import publish


def three_lines(x, y):
    p = x * y
    return p + math.exp(p) - math.sin(y)


def loop(x, y):
    z = x
    for _ in range(1000):
        z = math.sin(z) * y + x
    return z


def sum_of_squares_and_products(a):
    total = a[0] * a[0]  # not 0.0: in jitted code a variable has one type, and this one must be able to be a Dual
    for i in range(1, len(a)):
        total += a[i] * a[i] + math.sin(a[i] * a[i - 1])
    return total


FUNCTIONS: list[tuple[str, Callable, tuple]] = [
    ("3 lines, 2 inputs", three_lines, (2.0, 0.5)),
    ("loop of 1000, 2 inputs", loop, (0.3, 0.7)),
    ("sum, 100 inputs", sum_of_squares_and_products, (np.linspace(0.1, 1.0, 100),)),
]


def directions(args: tuple) -> list[tuple]:
    """Return the unit directions: one for every number in the arguments."""
    shapes = [np.shape(x) for x in args]
    found = []
    for k, shape in enumerate(shapes):
        for where in np.ndindex(shape):
            unit = [np.zeros(s) if s else 0.0 for s in shapes]
            if shape:
                unit[k][where] = 1.0
            else:
                unit[k] = 1.0
            found.append(tuple(unit))
    return found


def dual_arguments(args: tuple, direction: tuple, array: Callable) -> tuple:
    return tuple(
        array([Dual(v, d) for v, d in zip(x, x_dot, strict=True)]) if isinstance(x, np.ndarray) else Dual(x, x_dot)
        for x, x_dot in zip(args, direction, strict=True)
    )


def columns(f: Callable, args: tuple) -> dict[str, Callable]:
    """Return, by column, a function of no arguments that computes the value or the gradient."""
    jitted = numba.njit(error_model="numpy")(f)
    ways = directions(args)
    argnums = tuple(range(len(args)))
    run = dualad.for_any_number(f)
    gradient, jacobian = dualad.grad(f, argnums=argnums), dualad.jacfwd(f, argnums=argnums)
    inside = [dual_arguments(args, way, numba.typed.List) for way in ways]
    tape = Tape()

    def by_dual() -> list:
        return [run(*dual_arguments(args, way, lambda x: np.array(x, dtype=object))).tangent for way in ways]

    def by_tape() -> tuple:
        tape.reset()
        numbers = [[tape.var(v) for v in x] if isinstance(x, np.ndarray) else tape.var(x) for x in args]
        return tape.gradient(run(*numbers), tuple(numbers))

    def by_tape_in_jitted_code() -> tuple:
        tape.reset()
        vars_of = numba.typed.List
        numbers = [vars_of([tape.var(v) for v in x]) if isinstance(x, np.ndarray) else tape.var(x) for x in args]
        return tape.adjoints(jitted(*numbers))

    return {
        "float, Python": lambda: f(*args),
        "Dual, Python": by_dual,
        "Tape, Python": by_tape,
        "float, njit": lambda: jitted(*args),
        "Dual in njit": lambda: [jitted(*numbers).tangent for numbers in inside],
        "Tape in njit": by_tape_in_jitted_code,
        "engine forward": lambda: jacobian(*args),
        "engine reverse": lambda: gradient(*args),
    }


def median_time(f: Callable, budget: float = 0.5) -> float:
    """Return the median time of a call in seconds, of at least 5 samples, for about `budget` seconds."""
    f()
    start = time.perf_counter()
    f()
    once = time.perf_counter() - start
    number = max(1, int(2e-4 / max(once, 1e-7)))
    samples = []
    end = time.perf_counter() + budget
    while len(samples) < 5 or (time.perf_counter() < end and len(samples) < 200):
        start = time.perf_counter()
        for _ in range(number):
            f()
        samples.append((time.perf_counter() - start) / number)
    return statistics.median(samples)


def table() -> str:
    """Measure, and return the table in Markdown."""
    lines: list[str] = []
    for name, f, args in FUNCTIONS:
        timed = {column: median_time(call) * 1e6 for column, call in columns(f, args).items()}
        if not lines:
            lines = ["| µs (ratio) | " + " | ".join(timed) + " |", "| --- |" + " ---: |" * len(timed)]
        cells = []
        for column, t in timed.items():
            base = timed["float, Python" if column.endswith("Python") else "float, njit"]
            cells.append(f"{t:.3g} ({t / base:.3g})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    publish("python -m bench.dual_tape", table())


if __name__ == "__main__":
    main()
