"""``python -m bench.gradbench.beside``: GradBench's evals at three sizes, beside other tools and adjoints by hand in C.

Prints a Markdown table and writes it between its markers. Each eval has a process of its own (`... beside EVAL` is
one, and prints what it measured as JSON), which first takes the time to dualad's first result, then loads the other
tools. All contestants of a row are measured in turns, by calls from Python on one thread; their results are compared
before they are timed. Memory is what the peak of the process grows by during one derivative.
"""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from dualad.measuring import duration

from ..table import installed, processor, write_section
from .protocol import EVALS, load

PEERS = {"c": "C by hand", "jax": "JAX", "torch": "PyTorch", "autograd": "autograd", "casadi": "CasADi"}
MARK = "python -m bench.gradbench.beside"
ROUNDS = 11
SAMPLE_SECONDS = 0.02
BUDGET = 3.0  # seconds for one contestant in one row; beyond three rounds, those that need more take part in fewer
AIMS = {"lstm": 1.6, "gmm": 2.1, "llsq": 1.5, "lse": 1.5, "kmeans": 2.0, "det": 2.8, "ode": 2.5, "ht": 4.7, "ba": 6.0}
NESTED = ("particle", "saddle")  # searches, in four modes; what is measured is the whole, and there is no primal


# --------------------------------------------------------------- one eval's process


def medians(calls: dict[str, Callable]) -> dict[str, float]:
    """Return the median seconds of each call, measured in turns."""
    repeats, rounds, times = {}, {}, {name: [] for name in calls}
    for name, call in calls.items():
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        repeats[name] = max(1, int(SAMPLE_SECONDS / (once + 1e-9)))
        rounds[name] = min(ROUNDS, max(3, int(BUDGET / (repeats[name] * once + 1e-9))))
    for k in range(ROUNDS):
        for name, call in calls.items():
            if k < rounds[name]:
                start = time.perf_counter()
                for _ in range(repeats[name]):
                    call()
                times[name].append((time.perf_counter() - start) / repeats[name])
    return {name: statistics.median(t) for name, t in times.items()}


def memory(field: str) -> int:
    """Return a memory figure of this process in bytes, as Linux states it."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(f"{field}:"))


def peak_growth(call: Callable) -> int | None:
    """Return by how many bytes the peak of the process's memory grows during a call; None where this is not told."""
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what is free goes back, so that it is counted when it is taken again
        with open("/proc/self/clear_refs", "w", encoding="utf-8") as file:
            file.write("5")  # sets the peak to what is in use now
        before = memory("VmRSS")
        call()
        return max(0, memory("VmHWM") - before)
    except (OSError, AttributeError, StopIteration):
        return None


def parts(out: object) -> tuple:
    return tuple(out) if isinstance(out, tuple | list) else (out,)


def agree(ours: object, theirs: object) -> bool:
    """Whether two derivatives are equal to rounding, each relative to its largest entry."""
    pairs = zip(parts(ours), parts(theirs), strict=True)
    return all(np.max(np.abs(np.asarray(b) - a)) <= 1e-6 * np.max(np.abs(a)) + 1e-300 for a, b in pairs)


def compared(name: str, out: object) -> object:
    """Return the part of a derivative that the peers compute too: of ba, the values without their places."""
    return out[2] if name == "ba" else out


def measure(name: str) -> list[dict]:
    """Return what an eval costs, a dictionary a row."""
    chosen = load(name)
    args = [chosen.arguments(chosen.example(*size)) for size in chosen.sizes]
    if name in NESTED:
        return [nested_row(name, mode, f, args[0]) for mode, f in chosen.functions.items()]
    primal, derivative = chosen.functions.values()
    start = time.perf_counter()
    derivative(*args[0])
    first = time.perf_counter() - start
    grown = [peak_growth(lambda given=given: derivative(*given)) for given in args]
    rows = []
    for size, given, peak in zip(chosen.sizes, args, grown, strict=True):
        calls = {
            "primal": lambda given=given: primal(*given),
            "dualad": lambda given=given: derivative(*given),
        }
        row = {"eval": name, "size": size, "first": {"dualad": first}, "peak": peak}
        row["operations"] = chosen.operations(*size)
        race(row, calls, given, compared(name, derivative(*given)))
        rows.append(row)
    return rows


def nested_row(name: str, mode: str, search: Callable, args: tuple) -> dict:
    start = time.perf_counter()
    search(*args)
    row = {"eval": f"{name} {mode}", "size": (), "first": {"dualad": time.perf_counter() - start}}
    row["peak"] = peak_growth(lambda: search(*args))
    race(row, {"dualad": lambda: search(*args)}, args, search(*args))
    return row


def race(row: dict, calls: dict[str, Callable], args: tuple, expected: object) -> None:
    """Add the peers to the calls, and to the row the time of each first result and the medians of all."""
    for peer, module in installed(PEERS, __package__).items():
        start = time.perf_counter()
        call = module.contestant(row["eval"].split()[0], args)
        if call is None:
            continue
        if not agree(expected, call()):
            raise AssertionError(f"{peer} and dualad disagree on {row['eval']} {row['size']}")
        row["first"][peer] = time.perf_counter() - start
        calls[peer] = call
    row["seconds"] = medians(calls)


# ------------------------------------------------------------------------ the table


def size_text(size: tuple) -> str:
    return " ".join(f"{n:,}" for n in size)


def bytes_text(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e6:.3g} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def line(row: dict) -> str:
    """Return a row in Markdown."""
    seconds, name = row["seconds"], row["eval"]
    primal, ours = seconds.get("primal"), seconds["dualad"]
    cells = [f"{name} {size_text(row['size'])}".strip(), duration(primal) if primal else "", duration(ours)]
    cells.append(f"{ours / primal:.2f}" if primal else "")
    cells.append(f"{AIMS[name]}" if name in AIMS else "")
    cells += [f"{seconds[peer] / ours:.2f}" if peer in seconds else "" for peer in PEERS]
    cells.append(", ".join(f"{t:.3g}" for p, t in row["first"].items() if p in ("dualad", "jax")))
    cells.append(bytes_text(row["peak"]))
    per_operation = row["peak"] / row["operations"] if row.get("operations") and row["peak"] is not None else None
    cells.append("" if per_operation is None else f"{per_operation:.2g}")
    return f"| {' | '.join(cells)} |"


def table(rows: list[dict]) -> str:
    """Return all rows in Markdown, and what the columns mean."""
    peers = " | ".join(f"{title} / dualad" for title in PEERS.values())
    head = f"| eval and size | Numba primal | derivative | ratio | aim | {peers} | first result, s | peak | bytes/op |"
    note = """
Medians of one run, measured in turns, one thread, called from Python. Derivative: what GradBench asks for (the
gradient; of kmeans Newton's direction; of ba the sparse and of ht the whole Jacobian). Ratio: derivative to the primal
of the same function, and what it is to be at most. The other tools' columns: their time as a multiple of dualad's,
above 1 where dualad is faster; empty where there is no program or none installed. First result: dualad (in a new
process, at the smallest size) and JAX, compilation included. Peak: what the derivative adds to the memory in use;
bytes/op: that divided by the number of floating-point operations of the primal."""
    return "\n".join([head, "|---|" + "--:|" * (head.count("|") - 2), *map(line, rows), note, f"{processor()}."])


def in_own_process(name: str) -> list[dict]:
    done = subprocess.run([sys.executable, "-m", __spec__.name, name], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(names: list[str]) -> None:
    """Measure all evals, print and write; or, given names, measure those here and print them as JSON."""
    if names:
        print(json.dumps([row for name in names for row in measure(name)]))
        return
    rows = [row for name in EVALS if name != "hello" for row in in_own_process(name)]
    text = table(rows)
    print(text)
    write_section(MARK, text)


if __name__ == "__main__":
    main(sys.argv[1:])
