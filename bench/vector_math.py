"""``python -m bench.vector_math``: what vector variants of elementary functions save, and how exact they are.

Errors in units in the last place, against 80-bit arithmetic where NumPy has the function in it.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numba import njit

from dualad.compiler.runtime.vector_math import FUNCTIONS

from .table import interleaved_medians, write_section

MARK = "python -m bench.vector_math"
SIZE = 4096
LIMITS = {"asin": (-1, 1), "acos": (-1, 1), "atanh": (-1, 1), "acosh": (1, 50), "log": (1e-9, 50), "log1p": (-0.9, 50)}
LIMITS.update({"log2": LIMITS["log"], "log10": LIMITS["log"]})


def filled(function):
    """Return a call that fills an array with a function of another, so many times."""

    @njit(error_model="numpy")
    def fill(count, x, out):
        for _ in range(count):
            for i in range(x.size):
                out[i] = function(x[i])

    return fill


def row(name: str) -> str:
    """Return a row of the table."""
    low, high = LIMITS.get(name, (-10, 10))
    x = np.random.default_rng(0).uniform(low, high, SIZE)
    out = [np.empty(SIZE), np.empty(SIZE)]
    calls = [filled(f) for f in (getattr(math, name), FUNCTIONS[name])]
    plain, vector = (t / SIZE for t in interleaved_medians([lambda n, k=k: calls[k](n, x, out[k]) for k in range(2)]))
    exact = getattr(np, f"arc{name[1:]}" if name[0] == "a" else name, None)
    errors = ["", ""]
    if exact is not None:
        reference = exact(x.astype(np.longdouble))
        spacing = np.spacing(np.abs(reference.astype(float)))
        errors = [f"{float(np.max(np.abs(o - reference) / spacing)):.2f}" for o in out]
    return f"| {name} | {plain * 1e9:.2f} | {vector * 1e9:.2f} | {plain / vector:.1f} | {errors[0]} | {errors[1]} |"


def main() -> None:
    """Measure, print and write."""
    start = time.perf_counter()
    lines = [
        "| function | one by one, ns | in vectorised loops, ns | gain | largest error, ulp | with vectors, ulp |",
        "|---|--:|--:|--:|--:|--:|",
        *(row(name) for name in FUNCTIONS),
    ]
    text = "\n".join(lines)
    print(f"{text}\n({time.perf_counter() - start:.0f} s)")
    write_section(MARK, text)


if __name__ == "__main__":
    main()
