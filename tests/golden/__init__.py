"""What the compiler makes of small programs, to the letter: a file for each has the IR after each pass that changed it,
and the source of both modes. ``python -m tests.golden`` makes the files anew; what has changed is read in review.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import dualad
from dualad.compiler import passes
from dualad.compiler.ir.listing import listing
from dualad.compiler.runtime import vector_math

from .programs import PROGRAMS

FOLDER = Path(__file__).parent


def path_of(f: Callable) -> Path:
    """Return the file of a program."""
    return FOLDER / f"{f.__name__}.txt"


def text_of(f: Callable) -> str:
    """Return what the compiler makes of a program now."""
    stages: list[tuple[str, str]] = []
    last: dict[str, str] = {}

    def noted(function: object, stage: str) -> None:
        text = listing(function)
        if last.get(function.name) != text:
            last[function.name] = text
            stages.append((f"after {stage}", text))

    with mock.patch.object(vector_math, "uses_vector_math", lambda: False):  # which not every machine has
        forward = dualad.derivative_source(f, *PROGRAMS[f], mode="forward")
        with mock.patch.object(passes, "dump", noted):
            reverse = dualad.derivative_source(f, *PROGRAMS[f])
    parts = [("source", inspect.getsource(f)), *stages, ("reverse mode", reverse), ("forward mode", forward)]
    return "\n\n".join(f"# ---- {title}\n\n{text.rstrip()}" for title, text in parts) + "\n"
