"""``python -m bench.arrays``: value and gradient of array programs by dualad, JAX, PyTorch and autograd.

One core, float64: the process is bound to it, since JAX runs parts of a program on all that it finds, whatever it is
told about threads. All contestants of a row are measured in turns; each number is a median. Results are compared before
they are timed. NumPy: the program as it stands in plain Python; Numba: compiled, primal alone.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
from numba import njit

import dualad

from ..table import installed, write_section
from .programs import DATA

PEERS = ("jax", "torch", "autograd")
MARK = "python -m bench.arrays"
ROUNDS, LEAST = 11, 0.02


def medians(calls: dict[str, Callable]) -> dict[str, float]:
    """Return the median seconds of each call, measured in turns."""
    repeats, times = {}, {name: [] for name in calls}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, int(LEAST / (time.perf_counter() - start + 1e-9)))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            times[name].append((time.perf_counter() - start) / repeats[name])
    return {name: statistics.median(t) for name, t in times.items()}


def agree(ours: tuple, theirs: tuple) -> bool:
    """Whether two values and gradients are equal to rounding."""
    pairs = zip((ours[0], *ours[1]), (theirs[0], *theirs[1]), strict=True)
    return all(np.allclose(np.asarray(a), np.asarray(b), rtol=1e-8, atol=1e-10) for a, b in pairs)


def row(name: str, peers: dict[str, object]) -> tuple[str, dict[str, float]]:
    """Return the title of a program and the seconds of every contestant."""
    function, make, count, title = DATA[name]
    args = make(np.random.default_rng(0))
    fresh = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    primal = njit(function)
    ours = dualad.value_and_grad(function, tuple(range(count)))
    expected = ours(*args)
    # the programs that write into their argument get a copy each time
    writes = name == "heat"
    calls: dict[str, Callable] = {
        "numba": (lambda: primal(args[0].copy(), *args[1:])) if writes else (lambda: primal(*args)),
        "dualad": lambda: ours(*args),
    }
    if not _is_slow_in_python(name):
        calls["numpy"] = lambda: function(*args)
    for peer, module in peers.items():
        call = module.contestant(name, fresh, count)
        if not agree(expected, call()):
            raise AssertionError(f"{peer} and dualad disagree on {name}")
        calls[peer] = call
    return title, medians(calls)


def _is_slow_in_python(name: str) -> bool:
    return name in ("convolution", "heat")  # element by element


def table(rows: list[tuple[str, dict[str, float]]], peers: dict[str, object]) -> str:
    """Return the rows in Markdown."""
    names = ["numpy", "numba", "dualad", *peers]
    heads = {"numpy": "NumPy, primal", "numba": "Numba, primal", "dualad": "dualad", "jax": "JAX", "torch": "PyTorch"}
    lines = [
        "| value and gradient, ms | " + " | ".join(heads.get(n, n) for n in names) + " | dualad / Numba primal |",
        "|---|" + "--:|" * (len(names) + 1),
    ]
    for title, seconds in rows:
        cells = [f"{seconds[n] * 1e3:.3g}" if n in seconds else "" for n in names]
        lines.append(f"| {title} | {' | '.join(cells)} | {seconds['dualad'] / seconds['numba']:.2f} |")
    return "\n".join(lines)


def use_one_core() -> None:
    """Bind the process to one of its cores, where the platform can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main() -> None:
    use_one_core()
    peers = installed(PEERS, __package__)
    rows = [row(name, peers) for name in DATA]
    text = table(rows, peers)
    print(text)
    write_section(MARK, text + "\n\nOne core, float64, medians of one run, measured in turns.")


if __name__ == "__main__":
    main()
