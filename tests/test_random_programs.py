"""Random programs: the value and both modes against plain Python, central differences and each other (see `fuzz`).

Compiling a random program takes seconds, so most of them run their derivative as the Python that dualad generates, and
a few natively. DUALAD_RANDOM_PROGRAMS=N tests the first N seeds of each kind instead of a handful; `make fuzz` judges
thousands of them.
"""

import os

import numpy as np
import pytest

from .fuzz import KINDS, Verdict, judge, leaves, shrink
from .random_joins import join_program
from .random_source import RandomProgram

SEEDS = range(int(os.environ.get("DUALAD_RANDOM_PROGRAMS", "5")))
JOINS = 100  # programs of joins, at once: that arrays are chosen at run time touches every pass


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_seed_determines_a_program(make):
    assert make(5).text == make(5).text
    assert make(5).text != make(6).text


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_random_programs_run(make):
    results = [program.function(*program.fresh_args()) for program in map(make, range(40))]
    assert all(np.isfinite(leaf).all() for leaf in leaves(tuple(results)))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", [make for kind, make in KINDS.items() if kind != "joins"])
def test_as_python(make, seed):
    check(make(seed))


@pytest.mark.one_in(5)
@pytest.mark.parametrize("first", range(0, JOINS, 10))
def test_joins_as_python(first):
    verdicts = {seed: judge(join_program(seed)) for seed in range(first, first + 10)}
    assert {seed: v for seed, v in verdicts.items() if v.outcome not in ("agreed", "rough")} == {}


@pytest.mark.parametrize(("kind", "seed"), [("loops", 37), ("arrays", 13), ("joins", 3)])  # short ones
def test_natively(kind, seed):
    check(KINDS[kind](seed), native=True)


def check(program: RandomProgram, native: bool = False) -> None:
    """Check a program; one that is not smooth at its point is skipped, once its modes agree."""
    verdict = judge(program, native)
    if verdict.outcome == "rough":
        pytest.skip("the program has a kink, a tie or a jump at its point")
    assert verdict.outcome == "agreed", f"{verdict.detail}\n{program.text}"


REFUSED = """
def helper(p):
    return p * 2.0


def program(a, x):
    s = x * 0.5
    for k in range(3):
        s = s + a[k]
        if s > 100.0:
            s = helper(s)
    t = eval("0.5") * s
    return t * 2.0
"""


def test_what_fails_is_judged_and_made_short():
    program = RandomProgram("refused program", REFUSED.lstrip(), (np.array([0.3, 0.5, 0.7, 0.2]), 0.7))
    verdict = judge(program)
    assert verdict.outcome == "refused"
    small = shrink(program, verdict)
    assert "eval" in small.text
    assert len(small.text.splitlines()) < 6
    assert judge(small).way == verdict.way


def test_the_way_of_a_verdict_is_without_numbers():
    ways = [Verdict("wrong", f"forward mode gives {x}, reverse mode 0.5").way for x in (0.25, -1e-3)]
    assert ways[0] == ways[1]
