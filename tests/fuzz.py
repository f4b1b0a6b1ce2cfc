"""Random programs by the thousand: `python -m tests.fuzz --kind joins --seed 0 --count 1000 --jobs 2`.

Each program's value and derivatives are checked (`judge`), by the Python that dualad generates or, one in so many,
natively. What comes out is counted; of each way to fail, the first programs are printed, made short by `shrink`::

    joins 0 to 999: 951 agreed, 40 rough, 9 refused, 0 wrong
      refused 9: storing array(float64, #d, A) into a list is not supported ...

A program is rough where it has a kink, a tie or a jump at its point: there the modes are compared with each other only.
Programs are judged in worker processes, which end after a while, so that what they compiled does not pile up.
"""

from __future__ import annotations

import argparse
import ast
import copy
import multiprocessing
import re
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from unittest import mock

import numpy as np
from numba import typeof

import dualad
from dualad.derivative_function import DerivativeFunction

from .random_joins import join_program
from .random_mixed import mixed_program
from .random_order import order_program
from .random_source import RandomProgram, array_program, loop_program

KINDS = {
    "loops": loop_program,
    "arrays": array_program,
    "mixed": mixed_program,
    "joins": join_program,
    "order": order_program,
}
STEPS = (1e-4, 1e-5, 1e-6)
TASKS_OF_A_WORKER = 100
SECONDS = 120  # for one program
TRIALS = 400  # to make one program shorter


@dataclass(frozen=True)
class Verdict:
    """What came of a program: "agreed", "rough", "refused" or "wrong", and why."""

    outcome: str
    detail: str = ""

    @property
    def way(self) -> str:
        """The verdict without the numbers and names of the program: two programs that fail in one way have one."""
        if self.outcome in ("agreed", "rough"):
            return self.outcome
        first = next(iter(self.detail.strip().splitlines()), "")
        first = re.sub(r" \(<.*?>, line \d+\)", "", first)
        first = re.sub(r"`[^`]*`|'[^']*'", "`...`", first)
        first = re.sub(r"(?<=is ).*|(?<=gives ).*|array\(\[.*", "...", first) if self.outcome == "wrong" else first
        return f"{self.outcome}: {re.sub(r'[-+.]?[0-9][0-9.e+-]*', '#', first)[:160]}"


def judge(program: RandomProgram, native: bool = False) -> Verdict:
    """Check the value and both derivatives of a program, against plain Python, differences and each other."""
    try:
        with nullcontext() if native else generated_python():
            return check(program)
    except AssertionError as error:
        return Verdict("wrong", str(error))
    except dualad.DualadError as error:
        return Verdict("wrong" if "internal" in str(error) else "refused", str(error))
    except TooLong:
        raise
    except Exception as error:  # whatever it is, it is not an answer
        return Verdict("wrong", f"{type(error).__name__}: {error}")


def generated_python():
    """Return a context in which derivatives run as the Python that dualad generates."""
    return mock.patch.object(DerivativeFunction, "__call__", without_compiling)


def without_compiling(derivative: DerivativeFunction, *args):
    """Call the generated Python function as it is."""
    return derivative._specialise(tuple(typeof(arg) for arg in args))(*args)


def check(program: RandomProgram) -> Verdict:
    """Judge a program whose derivatives can be built; AssertionError where something is wrong.

    If the result is a number its gradient is taken: that is one derivative less to build than the pullback.
    """
    function, args = program.function, program.fresh_args()  # one function object: what is built for it is kept
    rng = np.random.default_rng(0)
    x_dot = tuple(rng.standard_normal(np.shape(x)) if is_real(x) else None for x in args)
    x_dot = tuple(float(d) if isinstance(x, float) else d for x, d in zip(args, x_dot, strict=True))
    out = function(*program.fresh_args())
    if not all(np.isfinite(y).all() for y in leaves(out)):
        return Verdict("rough")  # the functions of math raise where those of NumPy give NaN
    if isinstance(out, float):
        y_bar = 1.0
        wrt = tuple(k for k, x in enumerate(args) if is_real(x))
        value, adjoints = dualad.value_and_grad(function, wrt)(*args)
    else:
        y_bar = tuple(rng.standard_normal(np.shape(y)) for y in leaves(out))
        y_bar = tuple(float(bar) if isinstance(y, float) else bar for y, bar in zip(leaves(out), y_bar, strict=True))
        value, pullback = dualad.vjp(function, *args)
        adjoints = pullback(y_bar if isinstance(out, tuple) else y_bar[0])
        adjoints = tuple(bar for x, bar in zip(args, adjoints, strict=True) if is_real(x))
    value_2, y_dot = dualad.jvp(function, args, x_dot)

    for mode, y in (("reverse", value), ("forward", value_2)):
        assert alike(y, out, 1e-10), f"the value of {mode} mode is {y!r}, not {out!r}"
    assert alike(args, program.args, 0.0), f"the caller's arguments have changed: it is {args!r}"
    given = [x for x in (*args, *x_dot) if isinstance(x, np.ndarray)]
    assert not any(np.shares_memory(x, y) for x in leaves((value, adjoints, value_2, y_dot)) for y in given), (
        "a result shares memory with an argument"
    )
    real = [x for x in args if is_real(x)]
    assert all(np.shape(bar) == np.shape(x) for bar, x in zip(adjoints, real, strict=True)), "an adjoint has no shape"
    directions = [d for d in x_dot if d is not None]
    forward, reverse = inner(y_dot, y_bar), inner(adjoints, directions)
    scale = max(abs(forward), abs(reverse), 1e-3 * inner(directions, directions) ** 0.5 * inner(y_bar, y_bar) ** 0.5)
    assert abs(forward - reverse) <= 1e-9 * scale, f"forward mode gives {forward!r}, reverse mode {reverse!r}"

    def at(step: float) -> float:
        moved = (x + step * d if d is not None else x for x, d in zip(program.fresh_args(), x_dot, strict=True))
        return inner(function(*moved), y_bar)

    slopes = [(at(step) - at(-step)) / (2.0 * step) for step in STEPS]
    if any(abs(slope - forward) <= 1e-6 * max(abs(forward), 1e-8 * abs(inner(out, y_bar)), 1e-8) for slope in slopes):
        return Verdict("agreed")
    if max(slopes) - min(slopes) > 1e-4 * max(1.0, *map(abs, slopes)):
        return Verdict("rough")
    raise AssertionError(f"the derivative is {forward!r}, not one of {slopes}")


def leaves(x: object) -> list:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, tuple | list) else [x]


def is_real(x: object) -> bool:
    return isinstance(x, float | np.ndarray)


def alike(x: object, y: object, rtol: float) -> bool:
    """Whether the numbers of two structures are the same, nearly."""
    pairs = list(zip(leaves(x), leaves(y), strict=True))
    return all(np.shape(p) == np.shape(q) and np.allclose(p, q, rtol=rtol, atol=rtol, equal_nan=True) for p, q in pairs)


def inner(x: object, y: object) -> float:
    """The inner product of two structures of numbers and arrays."""
    return sum(float(np.sum(p * q)) for p, q in zip(leaves(x), leaves(y), strict=True))


# ---------------------------------------------------------------------- shorter programs


def shrink(program: RandomProgram, verdict: Verdict, native: bool = False, trials: int = TRIALS) -> RandomProgram:
    """Return a shorter program that fails in the same way: statements left out, expressions replaced by their parts."""
    tree, left, k, before = ast.parse(program.text), trials, 0, None
    while left > 0:
        edits = list(_edits(tree))
        if k >= len(edits):
            if program is before:
                return program
            before, k = program, 0  # once more: what was needed may be so no longer
            continue
        smaller = copy.deepcopy(tree)
        _apply(smaller, *edits[k])
        text = ast.unparse(ast.fix_missing_locations(smaller)) + "\n"
        candidate = RandomProgram(f"{program.name}'", text, program.args)
        is_another = text.strip() != ast.unparse(tree)
        if is_another and len(text) < len(program.text) + 20 and _runs(candidate):
            left -= 1
            if judge_in_time(candidate, native).way == verdict.way:
                program, tree = candidate, smaller
                continue  # the next edit has this one's place
        k += 1
    return program


def _edits(tree: ast.AST) -> Iterator[tuple[int, str, int]]:
    """Yield what can be done to nodes, by their places in `ast.walk`: large parts go first."""
    nodes = list(enumerate(ast.walk(tree)))
    for k, node in nodes:
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield from ((k, f"drop {name}", i) for i in reversed(range(len(block))))
    for k, node in nodes:
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                compound = [i for i, s in enumerate(block) if isinstance(s, ast.If | ast.For | ast.While)]
                yield from ((k, f"unwrap {name}", i) for i in compound)
    for k, node in nodes:
        for name, value in ast.iter_fields(node):
            for i, part in enumerate(value if isinstance(value, list) else [value]):
                yield from ((k, f"{j} of {name}", i) for j in range(len(_parts(part))))


def _parts(node: object) -> list[ast.expr]:
    """Return what may stand for an expression."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.Call):
        return [a for a in node.args if not isinstance(a, ast.Starred)]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return [node.value]
    return []


def _apply(tree: ast.AST, k: int, what: str, i: int) -> None:
    node = next(node for j, node in enumerate(ast.walk(tree)) if j == k)
    verb, _, name = what.rpartition(" ")
    value = getattr(node, name)
    if verb == "drop":
        del value[i]
        if not value and name == "body":
            value.append(ast.Pass())
    elif verb == "unwrap":
        value[i : i + 1] = value[i].body
    elif isinstance(value, list):
        value[i] = _parts(value[i])[int(verb.split()[0])]
    else:
        setattr(node, name, _parts(value)[int(verb.split()[0])])


def _runs(program: RandomProgram) -> bool:
    """Whether a program has a result in plain Python; without a statement it may run for ever."""
    try:
        with within(5), np.errstate(all="ignore"):
            out = leaves(program.function(*program.fresh_args()))
        return all(isinstance(x, float | np.ndarray) and np.isfinite(x).all() for x in out)
    except Exception:
        return False


# ---------------------------------------------------------------------- many programs


class TooLong(Exception):
    """Something has not ended in time."""


def _stop(*_) -> None:
    raise TooLong


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TooLong in what takes longer."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def judge_in_time(program: RandomProgram, native: bool = False) -> Verdict:
    """Judge a program; one that takes too long is wrong."""
    try:
        with within(SECONDS):
            return judge(program, native)
    except TooLong:
        return Verdict("wrong", "it does not end")


def _judge_seed(task: tuple[str, int, bool]) -> tuple[int, bool, Verdict]:
    kind, seed, native = task
    warnings.simplefilter("ignore")
    return seed, native, judge_in_time(KINDS[kind](seed), native)


def run(kind: str, seeds: range, jobs: int, native_every: int, shown: int) -> bool:
    """Judge the programs of some seeds and print what came of them; False if any is wrong."""
    tasks = [(kind, seed, bool(native_every) and seed % native_every == 0) for seed in seeds]
    ways: dict[str, list[tuple[int, bool, Verdict]]] = {}
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=TASKS_OF_A_WORKER) as pool:
        for found in pool.imap_unordered(_judge_seed, tasks):
            ways.setdefault(found[2].way, []).append(found)
    counts = Counter({o: 0 for o in ("agreed", "rough", "refused", "wrong")})
    for found in ways.values():
        counts[found[0][2].outcome] += len(found)
    print(f"{kind} {seeds[0]} to {seeds[-1]}: {', '.join(f'{n} {o}' for o, n in counts.items())}")
    for way, found in sorted(ways.items(), key=lambda item: -len(item[1])):
        seed, native, verdict = min(found, key=lambda item: item[0])
        if verdict.outcome in ("refused", "wrong"):
            print(f"  {len(found)} {way}")
            print(f"    seeds {sorted(seed for seed, _, _ in found)[:10]}: {verdict.detail.splitlines()[0]}")
    sys.stdout.flush()
    warnings.simplefilter("ignore")
    failed = [(seed, n, v) for found in ways.values() for seed, n, v in sorted(found)[:1] if v.outcome == "wrong"]
    for seed, native, verdict in failed[:shown]:
        small = shrink(KINDS[kind](seed), verdict, native)
        print(f"\n# {kind} {seed}: {verdict.way}\n{small.text}", flush=True)
    return not failed


def main() -> None:
    """Judge programs as the command line says; the exit code is 1 if any is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Judge random programs.")
    parser.add_argument("--kind", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="how many programs of a kind")
    parser.add_argument("--jobs", type=int, default=2, help="how many worker processes")
    parser.add_argument("--native-every", type=int, default=0, help="one program in so many is compiled (0: none)")
    parser.add_argument("--shown", type=int, default=10, help="how many failures of a kind to make short and print")
    options = parser.parse_args()
    kinds = list(KINDS) if options.kind == "all" else [options.kind]
    seeds = range(options.seed, options.seed + options.count)
    fine = [run(kind, seeds, options.jobs, options.native_every, options.shown) for kind in kinds]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
