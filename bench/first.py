"""``python -m bench.first``: the time to the first derivative, each in a new process.

Warm: an earlier process has asked for the same; nothing was compiled in this one, so that Numba's start is in it. The
function itself, compiled by Numba with `cache=True`, is the measure. Cold: nothing is on disk, and one trivial jitted
function was compiled before, so that Numba's start is not in it. What is measured is the first call, from Python,
with the making of the derivative; imports are not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable

import numba
import numpy as np

import dualad

from .table import processor, write_section

MARK = "python -m bench.first"
KINDS = ("primal", "reverse", "forward")
ARRAYS = ("3-layer tanh network, batch 256, width 256", "Kalman filter, 4 states, 100 steps")
COLD_RATIOS = {"reverse": 2.5, "forward": 2.0}
MORE_WARM = 0.10


def programs() -> dict[str, tuple[Callable, tuple, tuple[int, ...]]]:
    """Return (function, arguments, argnums) of each program, by name."""
    from .arrays.programs import DATA
    from .programs import programs as of_table

    found = {name: (f, args, argnums) for name, f, args, argnums in of_table()}
    for f, data, count, name in DATA.values():
        if name in ARRAYS:
            found[name] = f, data(np.random.default_rng(0)), tuple(range(count))
    return found


def cached(f: Callable, done: dict) -> Callable:
    """Return a function compiled by Numba with its cache, and with it those that it calls by name (in place)."""
    if not isinstance(f, types.FunctionType) or f in done:
        return done.get(f, f)
    for name in f.__code__.co_names:
        value = f.__globals__.get(name)
        if isinstance(value, types.FunctionType) and not value.__module__.startswith(("numpy", "numba")):
            f.__globals__[name] = cached(value, done)
    done[f] = numba.njit(cache=True, error_model="numpy")(f)
    return done[f]


def measure(name: str, kind: str, is_cold: bool) -> float:
    """Return the CPU seconds of the first call, in this process."""
    f, args, argnums = programs()[name]
    rng = np.random.default_rng(1)
    tangents = [None] * len(args)
    for k in argnums:
        tangents[k] = rng.normal(size=args[k].shape) if isinstance(args[k], np.ndarray) else 1.0
    if is_cold:
        numba.njit(lambda x: x + 1.0)(1.0)
    _ = dualad.grad  # with which the compiler is imported
    start = time.process_time()
    if kind == "primal":
        cached(f, {})(*args)
    elif kind == "reverse":
        dualad.value_and_grad(f, argnums)(*args)
    else:
        dualad.jvp(f, args, tuple(tangents))
    return time.process_time() - start


def in_a_new_process(name: str, kind: str, is_cold: bool, folder: str) -> float | None:
    """Return what `measure` finds in a new process with its caches in a folder; None if it fails."""
    command = [sys.executable, "-m", "bench.first", "--one", name, kind, str(int(is_cold))]
    env = {
        **os.environ,
        "DUALAD_CACHE": "1",
        "DUALAD_CACHE_DIR": f"{folder}/dualad",
        "NUMBA_CACHE_DIR": f"{folder}/numba",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        print(done.stderr[-1500:], file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def medians(name: str, is_cold: bool, runs: int) -> dict[str, float | None]:
    """Return the median seconds of each kind, of processes that take turns."""
    samples: dict[str, list] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as kept:
        if not is_cold:
            for kind in KINDS:
                in_a_new_process(name, kind, False, kept)
        for _ in range(runs):
            for kind in KINDS:
                with tempfile.TemporaryDirectory() as empty:
                    samples[kind].append(in_a_new_process(name, kind, is_cold, empty if is_cold else kept))
    return {kind: None if None in found else statistics.median(found) for kind, found in samples.items()}


def row(name: str, is_cold: bool, runs: int) -> str:
    """Measure a program; return its row, with the aims that it misses."""
    found = medians(name, is_cold, runs)
    primal = found["primal"]
    cells, missed = [name], []
    for kind in KINDS:
        seconds = found[kind]
        cells.append("" if seconds is None else f"{seconds:.3f}")
        if kind == "primal":
            continue
        if seconds is None or primal is None:
            cells.append("")
            continue
        aim = COLD_RATIOS[kind] * primal if is_cold else primal + MORE_WARM
        cells.append(f"{seconds / primal:.1f}" if is_cold else f"{seconds - primal:+.3f}")
        if seconds > aim:
            missed.append(kind)
    return f"| {' | '.join([*cells, ' and '.join(missed)])} |"


def table(is_cold: bool, names: list[str], runs: int) -> list[str]:
    """Measure programs; return the table, and print each row as soon as it is there."""
    by = " / primal" if is_cold else " - primal"
    head = [
        "cold, s" if is_cold else "warm, s",
        "Numba, primal",
        "reverse",
        f"reverse{by}",
        "forward",
        f"forward{by}",
        "missed",
    ]
    lines = [f"| {' | '.join(head)} |", "|---|--:|--:|--:|--:|--:|---|"]
    print("\n".join(lines), flush=True)
    for name in names:
        lines.append(row(name, is_cold, runs))
        print(lines[-1], flush=True)
    return lines


def main(argv: list[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog=MARK, description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="processes for each number")
    parser.add_argument("--only", choices=("warm", "cold"), help="one of the two tables")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.one:
        name, kind, is_cold = given.one
        print(json.dumps(measure(name, kind, is_cold == "1")))
        return
    names = list(programs())
    for word in ("warm", "cold"):
        if given.only in (None, word):
            text = "\n".join([*table(word == "cold", names, given.runs), "", *note(word == "cold")])
            write_section(f"{MARK} --only {word}", text)


def note(is_cold: bool) -> list[str]:
    """Return what stands under a table."""
    what = "CPU seconds of the first call in a new process, imports excluded; medians."
    if is_cold:
        ratios = f"{COLD_RATIOS['reverse']} (reverse) or {COLD_RATIOS['forward']} (forward) times the primal"
        lines = [
            "Nothing is on disk, and one trivial jitted function was compiled before.",
            f"Missed: more than {ratios}.",
        ]
    else:
        lines = ["An earlier process has asked for the same (Numba: `cache=True`), and Numba's start is in it."]
        lines.append(f"Missed: more than {MORE_WARM} s above the primal.")
    return [what, *lines, f"{processor()}, Numba {numba.__version__}."]


if __name__ == "__main__":
    main()
