"""``python -m bench.growth``: what compiling costs as programs grow.

Programs of one kind and of growing size, each in a new process: CPU seconds of Numba for the function itself and of
dualad for its gradient and for its Jacobian forward, compilation included. Every pass is to be nearly linear in the
size of the program; what grows faster shows in the last rows of a kind.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba

import dualad

from .table import processor, write_section

MARK = "python -m bench.growth"


def straight(n: int) -> str:
    lines = "".join(f"    y = y * 0.999 + {k} * 1e-6 * x\n" for k in range(n))
    return f"def f(x):\n    y = x\n{lines}    return y\n"


def terms(n: int) -> str:
    return "def f(x):\n    return " + " + ".join(f"math.sin({k}.0 * x)" for k in range(n)) + "\n"


def elements(n: int) -> str:
    lines = "".join(f"    a[{k % 7}] = a[{(k + 3) % 7}] * x + a[{(k + 1) % 7}]\n" for k in range(n))
    return f"def f(x):\n    a = np.ones(7)\n{lines}    return a[0]\n"


def elifs(n: int) -> str:
    arms = "".join(f"    elif x < {k}.5:\n        y = x * {k}.0\n" for k in range(n))
    return f"def f(x):\n    if x < 0.0:\n        y = x\n{arms}    else:\n        y = x * x\n    return y\n"


def returns(n: int) -> str:
    lines = "".join(f"    if x < {k}.5:\n        return x * {k}.0\n" for k in range(n))
    return f"def f(x):\n{lines}    return x * x\n"


def nested_ifs(n: int) -> str:
    arms = "".join("    " * (k + 1) + f"if x > {k}.0:\n" + "    " * (k + 2) + "x = x * 1.1\n" for k in range(n))
    return f"def f(x):\n{arms}    return x\n"


def conditionals(n: int) -> str:
    return "def f(x):\n    return " + "".join(f"x * {k}.0 if x < {k}.5 else " for k in range(n)) + "x * x\n"


def guards(n: int) -> str:
    lines = "".join(f"    if x > {k}.5:\n        y = y * x\n" for k in range(n))
    return f"def f(x):\n    y = x\n{lines}    return y\n"


def nested_loops(n: int) -> str:
    heads = "".join("    " * (k + 1) + f"for i{k} in range(2):\n" for k in range(n))
    return f"def f(x):\n    y = x\n{heads}{'    ' * (n + 1)}y = y * 0.9 + math.sin(x)\n    return y\n"


def loops(n: int) -> str:
    one = "    for i in range(3):\n        y = y * 0.9 + a[i] * math.sin(y)\n"
    return f"def f(x):\n    a = np.ones(3)\n    y = x\n{one * n}    return y\n"


def helpers(n: int) -> str:
    defs = "".join(f"def h{k}(x):\n    return math.sin(x) * {k + 1}.0 + x\n" for k in range(n))
    return f"{defs}def f(x):\n    y = x\n" + "".join(f"    y = h{k}(y) * 0.1\n" for k in range(n)) + "    return y\n"


def twice(n: int) -> str:
    first = "def h0(x):\n    return math.sin(x)\n"
    defs = "".join(f"def h{k}(x):\n    return 0.5 * (h{k - 1}(x) + h{k - 1}(0.9 * x))\n" for k in range(1, n))
    return f"{first}{defs}def f(x):\n    return h{n - 1}(x)\n"


def arguments(n: int) -> str:
    names = [f"a{k}" for k in range(n)]
    total = " + ".join(f"a{k} * a{(k + 1) % n}" for k in range(n))
    return f"def f({', '.join(names)}):\n    return {total}\n"


def arrays(n: int) -> str:
    lines = "".join(f"    v = v * 0.9 + np.sin(u * {k}.0)\n" for k in range(n))
    return f"def f(x):\n    u = np.full(5, x)\n    v = u.copy()\n{lines}    return v.sum()\n"


KINDS: dict[str, tuple[Callable[[int], str], tuple[int, ...], str]] = {
    "straight line": (straight, (10, 100, 1000, 2000), "statements"),
    "one expression": (terms, (10, 100, 400), "terms"),
    "array elements": (elements, (10, 100, 1000), "statements"),
    "array statements": (arrays, (3, 10, 30), "statements"),
    "elif chain": (elifs, (10, 100, 300), "arms"),
    "early returns": (returns, (10, 100, 300), "returns"),
    "nested ifs": (nested_ifs, (5, 10, 16), "levels"),
    "conditional expressions": (conditionals, (10, 30, 90), "arms"),
    "ifs in a row": (guards, (10, 100), "ifs"),
    "nested loops": (nested_loops, (2, 4, 6), "levels"),
    "loops in a row": (loops, (5, 50), "loops"),
    "helper calls": (helpers, (5, 50), "helpers"),
    "helpers that call twice": (twice, (4, 8, 11, 16), "levels"),
    "arguments": (arguments, (5, 30), "arguments"),
}


def measure(path: str, name: str, size: int) -> dict[str, float]:
    """Return the CPU seconds of Numba, reverse and forward mode for one program, in this process."""
    spec = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    args = tuple(0.7 + 0.01 * k for k in range(size)) if name == "arguments" else (0.7,)
    numba.njit(lambda x: x + 1.0)(1.0)
    wrt = tuple(range(len(args)))

    def primal() -> object:
        for h in [h for h in vars(module) if h[0] == "h" and h[1:].isdigit()]:
            setattr(module, h, numba.njit(getattr(module, h)))
        return numba.njit(error_model="numpy")(module.f)(*args)

    calls = {
        "reverse": lambda: dualad.grad(module.f, wrt)(*args),
        "forward": lambda: dualad.jacfwd(module.f, wrt)(*args),
        "primal": primal,  # last, since it compiles the helpers
    }
    found = {}
    for kind, call in calls.items():
        start = time.process_time()
        call()
        found[kind] = time.process_time() - start
        print(json.dumps(found), flush=True)
    return found


def rows(kinds: list[str], limit: float) -> list[str]:
    """Measure programs of some kinds; return the rows of the table, and print each as soon as it is there."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            make, sizes, unit = KINDS[kind]
            for size in sizes:
                path = Path(folder) / f"{make.__name__}_{size}.py"
                path.write_text(f"import math\n\nimport numpy as np\n\n\n{make(size)}")
                found = in_a_new_process(str(path), kind, size, limit)
                cells = [f"{found[k]:.2f}" if k in found else "" for k in ("primal", "reverse", "forward")]
                out.append(f"| {' | '.join([kind, f'{size} {unit}', *cells])} |")
                print(out[-1], flush=True)
    return out


def in_a_new_process(path: str, kind: str, size: int, limit: float) -> dict[str, float]:
    """Return what `measure` finds within a time limit, or what it has found by then."""
    command = [sys.executable, "-m", "bench.growth", "--one", path, kind, str(size)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        text = done.stdout
        if done.returncode:
            print(done.stderr[-1500:], file=sys.stderr)
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode()
    lines = text.splitlines()
    return json.loads(lines[-1]) if lines else {}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS), metavar="KIND")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one program")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.one:
        measure(given.one[0], given.one[1], int(given.one[2]))
        return
    head = ["| kind | size | Numba, primal | reverse | forward |", "|---|---|--:|--:|--:|"]
    print("\n".join(head), flush=True)
    body = rows(given.kinds, given.limit)
    note = ["", "CPU seconds of the first call, compilation included, each program in a new process; empty where the"]
    note += [f"time limit of {given.limit:g} s came first. {processor()}, Numba {numba.__version__}."]
    if given.kinds == list(KINDS):
        write_section(MARK, "\n".join([*head, *body, *note]))


if __name__ == "__main__":
    main()
