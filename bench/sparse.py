"""``python -m bench.sparse``: sparse Jacobians and Hessians, as multiples of the function itself.

Of each program: how many numbers go in, how many colours its matrix takes, the seconds for its pattern, and those for
the matrix, also as a multiple of one evaluation. Called from Python, as solvers of SciPy do. Beside them asdex, which
does the same in JAX, and CasADi, where they are installed (`bench.sparse_peers`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numba
import numpy as np

import dualad
from dualad.measuring import duration

from .sparse_peers import PEERS, installed, matrix_of
from .table import interleaved_medians, made_on, publish

MARK = "python -m bench.sparse"


def brusselator(u, n):
    """Two species that react and diffuse, on a periodic grid."""
    w = u.reshape(2, n, n)
    out = np.empty_like(w)
    for i in range(n):
        for j in range(n):
            a, b = w[0, i, j], w[1, i, j]
            la = w[0, (i + 1) % n, j] + w[0, i - 1, j] + w[0, i, (j + 1) % n] + w[0, i, j - 1] - 4.0 * a
            lb = w[1, (i + 1) % n, j] + w[1, i - 1, j] + w[1, i, (j + 1) % n] + w[1, i, j - 1] - 4.0 * b
            out[0, i, j] = 1.0 + a * a * b - 4.4 * a + 10.0 * la
            out[1, i, j] = 3.4 * a - a * a * b + 10.0 * lb
    return out.ravel()


def bratu(u, n, strength):
    """Poisson's equation with an exponential source, on a square."""
    w = np.zeros((n + 2, n + 2))
    w[1:-1, 1:-1] = u.reshape(n, n)
    inner = w[1:-1, 1:-1]
    out = (w[:-2, 1:-1] + w[2:, 1:-1] + w[1:-1, :-2] + w[1:-1, 2:] - 4.0 * inner) * (n + 1) ** 2
    return (out + strength * np.exp(inner)).ravel()


def rosenbrock(x):
    """A chain of curved valleys."""
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def power_flow(state, ends, conductance, susceptance, injected):
    """What active and reactive power is missing at each node of a grid: angles, then voltages, in `state`."""
    n = state.size // 2
    out = injected.copy()
    for k in range(ends.shape[0]):
        for side in range(2):
            i, j = ends[k, side], ends[k, 1 - side]
            vi, vj, angle = state[n + i], state[n + j], state[i] - state[j]
            g, b = conductance[k], susceptance[k]
            out[i] += g * vi * vi - vi * vj * (g * np.cos(angle) + b * np.sin(angle))
            out[n + i] += -b * vi * vi - vi * vj * (g * np.sin(angle) - b * np.cos(angle))
    return out


def grid(n: int, lines: int) -> tuple:
    """Return a connected grid of n nodes with so many further lines, and its state."""
    rng = np.random.default_rng(7)
    chain = np.stack([np.arange(1, n), rng.integers(np.maximum(np.arange(1, n) - 6, 0), np.arange(1, n))], axis=1)
    first = rng.integers(0, n, lines)
    more = np.stack([first, (first + rng.integers(1, 12, lines)) % n], axis=1)
    ends = np.concatenate([chain, more])
    state = np.concatenate([rng.normal(0.0, 0.1, n), rng.uniform(0.95, 1.05, n)])
    return state, ends, rng.uniform(1.0, 4.0, len(ends)), rng.uniform(-12.0, -4.0, len(ends)), rng.normal(size=2 * n)


def programs() -> list[tuple[str, Callable, tuple, Callable]]:
    """Return the programs: name, function, arguments, and what makes the matrix."""
    rng = np.random.default_rng(1)
    jacobian, hessian = dualad.sparse_jacobian, dualad.sparse_hessian
    return [
        ("Brusselator, 32 x 32, Jacobian", brusselator, (rng.uniform(0.5, 1.5, 2048), 32), jacobian),
        ("Bratu, 100 x 100, Jacobian", bratu, (rng.uniform(0.0, 1.0, 10000), 100, 1.0), jacobian),
        ("power flow, 2000 nodes, Jacobian", power_flow, grid(2000, 1000), jacobian),
        ("Rosenbrock, 100,000, Hessian", rosenbrock, (rng.normal(size=100000),), hessian),
    ]


def table() -> str:
    """Measure; return the table as Markdown."""
    lines = [
        "| sparse matrix | unknowns | elements | colours | pattern and colours | function | matrix | ratio "
        "| asdex, pattern | asdex, matrix | CasADi, all before | CasADi, matrix |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, f, args, transform in programs():
        derivative, compiled = transform(f), numba.njit(error_model="numpy")(f)
        derivative(*args)
        found = derivative.pattern(*args)
        once = min(_seconds(lambda f=f, args=args, t=transform: t(f).pattern(*args)) for _ in range(5))
        others = {peer: matrix_of(peer, name, args[0], args[1:]) for peer in installed()}
        others = {peer: pair for peer, pair in others.items() if pair is not None}
        calls = [_repeated(g, args) for g in (compiled, derivative)] + [_repeated(e, ()) for _, e in others.values()]
        primal, matrix, *theirs = interleaved_medians(calls)
        cells = [f"{found.shape[1]:,}", f"{found.nnz:,}", str(derivative.colors), duration(once), duration(primal)]
        cells += [duration(matrix), f"{matrix / primal:.1f}"]
        for peer in PEERS:
            if peer in others:
                before = min(_seconds(others[peer][0]) for _ in range(3))
                taken = theirs[list(others).index(peer)]
                cells += [duration(before), f"{duration(taken)} ({taken / matrix:.1f})"]
            else:
                cells += ["", ""]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "Called from Python on one thread; medians, of the pattern the best of five. Compiled before. In brackets, the",
        "other tool's time as a multiple of dualad's. asdex gives a BCOO array of JAX's, CasADi the values alone; both",
        "find the pattern from the program, once: CasADi's time before is that for the pattern, the colours and the",
        "expressions of the matrix.",
        made_on(),
    ]
    return "\n".join(lines)


def _seconds(call: Callable) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _repeated(f: Callable, args: tuple) -> Callable[[int], None]:
    def repeat(count: int) -> None:
        for _ in range(count):
            f(*args)

    return repeat


def main() -> None:
    """Measure, print and write."""
    publish(MARK, table())


if __name__ == "__main__":
    main()
