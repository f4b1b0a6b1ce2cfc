"""``python -m bench.calls``: what derivatives cost that are called from Python, beside the compiled code alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import dualad
from dualad.measuring import duration

from .table import interleaved_medians, publish

MARK = "python -m bench.calls"


def three(x, y, z):
    return x * math.sin(y) + z * z


def squares(x):
    return np.sum(x * x)


def calls(f: Callable, args: tuple, dots: tuple) -> list[tuple[str, Callable, Callable]]:
    """Return (what it is, the call from Python, the same call of compiled code) for each kind of derivative."""
    wrt = tuple(range(len(args)))
    gradient, both = dualad.grad(f, wrt), dualad.value_and_grad(f, wrt)
    out, pullback = dualad.vjp(f, *args)
    _, along = dualad.linearize(f, *args)
    dualad.jvp(f, args, dots), dualad.hvp(f, args, dots), pullback(1.0), dualad.vjp(f, *args)
    forward, back = pullback.how.forward.dispatcher, pullback.how.reverse.dispatcher
    push, second = (dualad.jvp.compile(f, *args).dispatcher, dualad.hvp.compile(f, *args).dispatcher)
    return [
        ("`grad(f)`, called", lambda: gradient(*args), lambda: gradient.dispatcher(*args)),
        ("`value_and_grad(f)`, called", lambda: both(*args), lambda: both.dispatcher(*args)),
        ("`grad(f)(...)`", lambda: dualad.grad(f)(*args), lambda: gradient.dispatcher(*args)),
        ("`jvp(f, ...)`", lambda: dualad.jvp(f, args, dots), lambda: push(*args, *dots)),
        ("`hvp(f, ...)`", lambda: dualad.hvp(f, args, dots), lambda: second(*args, *dots)),
        ("`vjp(f, ...)`", lambda: dualad.vjp(f, *args), lambda: forward(*args)),
        ("its pullback", lambda: pullback(1.0), lambda: back(*pullback.primals, *pullback.left, 1.0)),
        ("what `linearize` returns", lambda: along(*dots), lambda: push(*args, *dots)),
    ]


def often(call: Callable) -> Callable[[int], object]:
    def repeated(count: int) -> None:
        for _ in range(count):
            call()

    return repeated


def table() -> str:
    """Measure; return the table as Markdown."""
    x = np.linspace(0.0, 1.0, 1000)
    rows = [
        calls(three, (1.0, 2.0, 3.0), (1.0, 0.0, 0.0)),
        calls(squares, (x,), (np.ones_like(x),)),
    ]
    lines = [
        "| called from Python | three numbers | its compiled code | an array of 1000 | its compiled code |",
        "|---|--:|--:|--:|--:|",
    ]
    for found in zip(*rows, strict=True):
        times = interleaved_medians([often(call) for _, *pair in found for call in pair])
        lines.append(f"| {found[0][0]} | {' | '.join(map(duration, times))} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    publish(MARK, table())


if __name__ == "__main__":
    main()
