"""Memory: calls leave nothing behind, and the tape takes what a step needs and no more.

Each measurement runs in a process of its own, where nothing else allocates.
"""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import dualad

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self")

STEPS = 1_000_000


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def smoothed(x, n):
    a = x.copy()
    for _ in range(n):
        for i in range(1, a.size - 1):
            a[i] = 0.5 * a[i] + 0.25 * (a[i - 1] + a[i + 1]) * x[0]
    if a[2] > 1e6:
        raise ValueError("too large")
    return a[2]


def growth_over_calls():
    """Bytes by which the process grows in 100,000 calls of a gradient, some of them in forward mode, some failing."""
    x = np.random.default_rng(4).normal(size=40)
    large = np.full(40, 1e9)
    gradient = dualad.grad(smoothed)

    def calls(count):
        for k in range(count):
            gradient(x, 3)
            if k % 50 == 0:
                dualad.jvp(smoothed, (x, 3), (x, None))
                dualad.vjp(smoothed, x, 3)[1](1.0)
                with pytest.raises(ValueError):
                    gradient(large, 3)

    calls(2_000)
    before = resident()
    calls(100_000)
    return resident() - before


def recurrence(x, n):
    s = 0.0
    for _ in range(n):
        x = x - 1e-6 * math.sin(x) * x
        s += x * x
    return s


def recurrence_in_while(x, n):
    s = 0.0
    while n > 0:
        x = x - 1e-6 * math.sin(x) * x
        s += x * x
        n -= 1
    return s


def recurrence_in_array(x, n):
    a = np.empty(2)
    a[0] = x
    a[1] = 1.0
    for _ in range(n):
        a[0] = a[0] - 1e-6 * a[0] * a[1]
    return a[0]


def recurrence_nested(x, n):
    for _ in range(n // 10):
        for _ in range(10):
            x = x - 1e-6 * x * x
    return x


def bytes_a_step(f):
    """Peak memory of one reverse sweep over a million steps, by step."""
    gradient = dualad.grad(f)
    gradient(0.5, 20)
    before = peak()
    gradient(0.5, STEPS)
    return (peak() - before) / STEPS


def measured(expression):
    program = f"from tests import test_memory as t\nprint(t.{expression})"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return float(finished.stdout)


def test_a_hundred_thousand_calls_do_not_grow_memory():
    assert measured("growth_over_calls()") < 1_000_000  # ten bytes a call


@pytest.mark.parametrize(
    "f", [recurrence, recurrence_in_while, recurrence_in_array, recurrence_nested], ids=lambda f: f.__name__
)
def test_a_step_of_a_recurrence_takes_at_most_32_bytes(f):
    assert measured(f"bytes_a_step(t.{f.__name__})") <= 32.0
