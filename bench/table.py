"""``python -m bench.table``: the cost of forward and reverse mode over a list of programs.

Prints a Markdown table, and writes it to bench/RESULTS.md and between the markers of README.md. All calls come from
`@njit` code, so that none of them pays for a call from Python; each row's three measurements are interleaved, and each
number is a median.
"""

from __future__ import annotations

import importlib
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numba
import numpy as np

import dualad
from dualad.compare import compiled
from dualad.derivative_function import derivative_of
from dualad.measuring import duration

from .programs import programs

ROOT = Path(__file__).resolve().parent.parent
MARK = "python -m bench.table"
ROUNDS = 15
SAMPLE_SECONDS = 0.004


def installed(peers: Iterable[str], package: str) -> dict[str, object]:
    """Return the modules `peers_...` of a package that can be imported, by peer."""
    found = {}
    for peer in peers:
        try:
            found[peer] = importlib.import_module(f".peers_{peer}", package)
        except ImportError:
            continue
    return found


def interleaved_medians(calls: list[Callable[[int], object]]) -> list[float]:
    """Return the median seconds a repetition of each call, measured in turns; a call takes how often to repeat."""
    repeats = []
    for call in calls:
        call(1)
        count = 1
        while seconds(call, count) < SAMPLE_SECONDS:
            count *= 2
        repeats.append(count)
    rounds = [[seconds(call, n) / n for call, n in zip(calls, repeats, strict=True)] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def seconds(call: Callable[[int], object], count: int) -> float:
    start = time.perf_counter()
    call(count)
    return time.perf_counter() - start


def repeated(f: Callable, args: tuple) -> Callable[[int], object]:
    """Return a function of a count that calls `f` so often from compiled code.

    Arrays are copied for each call if `f` writes into them. The first float moves a little and the results are added
    up, so that the compiler cannot take a short function out of the loop.
    """
    used = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in args)
    out = f(*used)
    writes = any(isinstance(a, np.ndarray) and not np.array_equal(a, b) for a, b in zip(args, used, strict=True))
    passed = [f"a{k}.copy()" if writes and isinstance(a, np.ndarray) else f"a{k}" for k, a in enumerate(args)]
    if isinstance(args[0], float):
        passed[0] = "a0 + 1e-9 * i"
    text = f"""
def repeat(count, {", ".join(f"a{k}" for k in range(len(args)))}):
    total = 0.0
    for i in range(count):
        out = f({", ".join(passed)})
        total += {" + ".join(numbers("out", out))}
    return total
"""
    namespace = {"f": f}
    exec(text, namespace)  # noqa: S102
    repeat = numba.njit(namespace["repeat"])
    return lambda count: repeat(count, *args)


def numbers(text: str, out: object) -> list[str]:
    """Return the text of one number of each array, and of each number, in a result."""
    if isinstance(out, tuple):
        return [t for k, item in enumerate(out) for t in numbers(f"{text}[{k}]", item)]
    return [f"{text}[{', '.join('0' * out.ndim)}]" if isinstance(out, np.ndarray) else text]


def measure(f: Callable, args: tuple, argnums: tuple[int, ...]) -> tuple[float, float, float]:
    """Return the seconds of one evaluation, of one Jacobian-vector product and of one value and gradient."""
    rng = np.random.default_rng(1)
    tangents = tuple(rng.normal(size=args[k].shape) if isinstance(args[k], np.ndarray) else 1.0 for k in argnums)
    forward = derivative_of(f, "jvp", argnums, extra=tuple(f"dot_{k}" for k in argnums))
    reverse = dualad.value_and_grad(f, argnums=argnums)
    return tuple(
        interleaved_medians([repeated(compiled(f), args), repeated(forward, args + tangents), repeated(reverse, args)])
    )


def processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table() -> str:
    """Measure all programs; return the table as Markdown."""
    lines = [
        "| program | function | forward | reverse | forward / function | reverse / function |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, f, args, argnums in programs():
        primal, forward, reverse = measure(f, args, argnums)
        times = " | ".join(duration(t) for t in (primal, forward, reverse))
        lines.append(f"| {name} | {times} | {forward / primal:.1f} | {reverse / primal:.1f} |")
    lines += [
        "",
        "Medians of one run, measured in turns on one thread, called from compiled code. Function: one evaluation by",
        "Numba. Forward: value and one Jacobian-vector product. Reverse: value and the whole gradient.",
        made_on(),
    ]
    return "\n".join(lines)


def made_on() -> str:
    """Return what a table was made on: the processor, and the versions."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}"
    return f"{processor()}, {versions}."


def write_section(mark: str, text: str) -> None:
    """Write a table into README.md and bench/RESULTS.md, between the markers that name the command that made it."""
    begin, end = f"<!-- begin: {mark} -->", f"<!-- end: {mark} -->"
    for file in (ROOT / "README.md", ROOT / "bench" / "RESULTS.md"):
        before, found, rest = file.read_text(encoding="utf-8").partition(begin)
        _, also_found, after = rest.partition(end)
        if found and also_found:
            file.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def publish(mark: str, text: str) -> None:
    """Print a table, and write it where it is shown."""
    print(text)
    write_section(mark, text)


def main() -> None:
    """Measure, print and write."""
    publish(MARK, table())


if __name__ == "__main__":
    main()
