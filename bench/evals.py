"""``python -m bench.evals``: the evals of GradBench in one process, three sizes each, beside adjoints by hand in C.

The primal is the same function compiled by Numba. All contestants of a row are measured in turns on one thread; each
number is a median. The time to the first result of the smallest size holds compilation.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable

from .arrays.__main__ import medians
from .table import duration, write_section

MARK = "python -m bench.evals"
NAMES = ("hello", "llsq", "lse", "ode", "gmm", "lstm", "kmeans", "det", "ht", "ba", "particle", "saddle")


def by_hand() -> Callable | None:
    """Return what makes the adjoints in C, or None without a C compiler."""
    try:
        return importlib.import_module(".gradbench.peers_c", __package__).contestant
    except ImportError:
        return None


def rows(name: str) -> list[str]:
    """Return the rows of an eval, one for each size."""
    case = importlib.import_module(f".gradbench.{name}", __package__).EVAL
    (_, primal), (_, derivative), *_ = case.functions.items()
    in_c = by_hand()
    lines, first = [], ""
    for size in case.sizes:
        args = case.arguments(case.example(*size))
        if not lines:
            start = time.perf_counter()
            derivative(*args)
            first = f"{time.perf_counter() - start:.1f}"
        calls = {"primal": lambda: primal(*args), "derivative": lambda: derivative(*args)}
        if in_c is not None:
            try:
                calls["c"] = in_c(name, args)
            except KeyError:
                pass  # not written by hand
        seconds = medians(calls)
        ratio = seconds["derivative"] / seconds["primal"]
        hand = (duration(seconds["c"]), f"{seconds['derivative'] / seconds['c']:.2f}") if "c" in seconds else ("", "")
        title = f"{name} {', '.join(map(str, size))}" if size else name
        times = f"{duration(seconds['primal'])} | {duration(seconds['derivative'])}"
        lines.append(f"| {title} | {times} | {ratio:.2f} | {' | '.join(hand)} | {first} |")
        first = ""
    return lines


def table(names: tuple[str, ...] = NAMES) -> str:
    """Measure; return the table as Markdown."""
    lines = [
        "| eval, size | Numba primal | dualad | dualad / primal | C by hand | dualad / C | first result, s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name in names:
        lines += rows(name)
        print(lines[-1], flush=True)  # some take a minute
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    text = table()
    print(text)
    write_section(MARK, text)


if __name__ == "__main__":
    main()
