"""Run autograd's test suite on dualad: `python -m bench.autograd_suite DIRECTORY [file ...]`; count what passes."""

import importlib.util
import inspect
import re
import signal
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from .shim import NotOfRealNumbers, install

SECONDS = 60
"""Of processor time, for one test."""
LEFT_OUT = ("test_fft", "test_complex", "test_graphs", "test_core", "test_vspaces", "test_tests", "test_performance",
            "test_ufunc_dispatch", "test_wrappers", "test_misc", "test_direct")  # fmt: skip
"""Files about complex numbers and about autograd's own machinery."""


def main(arguments: list[str]) -> None:
    """Run the files and print a line for each test, then the counts."""
    install()
    warnings.simplefilter("ignore")
    folder = Path(arguments[0])
    sys.path.insert(0, str(folder))
    signal.signal(signal.SIGPROF, _out_of_time)
    names = arguments[1:] or [p.stem for p in sorted(folder.glob("test_*.py")) if p.stem not in LEFT_OUT]
    counts: Counter = Counter()
    reasons: Counter = Counter()
    for name in names:
        name, _, only = name.partition(":")
        for test, function in tests_of(folder / f"{name}.py"):
            if only and only != test:
                continue
            start = time.process_time()
            outcome, reason = outcome_of(function)
            counts[outcome] += 1
            if outcome == "failed":
                reasons[kind_of(reason)] += 1
            print(f"{name}:{test} {outcome} {time.process_time() - start:.1f} s {reason}", flush=True)
    print(dict(counts))
    for reason, count in reasons.most_common():
        print(f"{count:4d}  {reason}")


def tests_of(path: Path) -> list:
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception as error:
        print(f"{path.stem} cannot be imported: {error!r}")
        return []
    return [(n, f) for n, f in vars(module).items() if n.startswith("test_") and inspect.isfunction(f)]


def outcome_of(function: object) -> tuple[str, str]:
    np.random.seed(42)
    if inspect.signature(function).parameters:
        return "other", "a fixture"
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        function()
    except NotOfRealNumbers as error:
        return "other", str(error)
    except Exception as error:
        return "failed", " ".join(f"{type(error).__name__}: {error}".split())[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "passed", ""


def kind_of(reason: str) -> str:
    return re.sub(r"\(/.*|<autograd.*|line \d+|[\d.e-]{3,}", "", reason)[:110]


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


if __name__ == "__main__":
    main(sys.argv[1:])
