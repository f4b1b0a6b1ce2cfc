"""Every program of the shared list, in both modes: against finite differences and against each other."""

import numba
import pytest

import dualad
from dualad.testing import check_grads

from .programs import PROGRAMS


@pytest.mark.one_in(4)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_program(program):
    check_grads(program.function, program.fresh_args(), program.argnums)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("program", PROGRAMS[::4], ids=lambda p: p.name)
def test_a_jitted_program_gives_the_same_code(program):
    plain = getattr(program.function, "py_func", program.function)
    jitted = numba.njit(plain)
    for mode in ("forward", "reverse"):
        sources = [dualad.derivative_source(f, *program.fresh_args(), mode=mode) for f in (plain, jitted)]
        assert sources[0] == sources[1]
