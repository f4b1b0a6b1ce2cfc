"""What an eval's file hands to the tool and to the benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def plain(out: object) -> object:
    """Return a result as JSON knows it: arrays as lists, NumPy's numbers as Python's."""
    if isinstance(out, dict):
        return {name: plain(item) for name, item in out.items()}
    if isinstance(out, tuple | list):
        return [plain(item) for item in out]
    return out.tolist() if isinstance(out, np.ndarray | np.generic) else out


@dataclass(frozen=True)
class Eval:
    """An eval of GradBench.

    Attributes
    ----------
    functions : dict
        The functions by the protocol's names, the one to differentiate first. Each takes the same arguments.
    arguments : callable
        Takes the input of a message; returns the arguments. Not timed.
    example : callable
        Takes one of the sizes, as arguments; returns the input of a message, drawn as GradBench draws it.
    sizes : tuple
        Three of them, from small to large: what the benchmark runs. The first is also what the functions are compiled
        with, so it takes little time.
    report : dict
        By function: takes its result to what the eval wants to see, where that is not the result itself. Not timed.
    operations : callable, optional
        Takes a size; returns about how many floating-point operations the function to differentiate has, to compare the
        memory of its derivative with.
    """

    functions: dict[str, Callable]
    arguments: Callable[[object], tuple]
    example: Callable[..., object]
    sizes: tuple[tuple[int, ...], ...]
    report: dict[str, Callable]
    operations: Callable[..., int] | None = None

    def output(self, function: str, result: object) -> object:
        """Return the result of a function as JSON."""
        return plain(self.report.get(function, plain)(result))
