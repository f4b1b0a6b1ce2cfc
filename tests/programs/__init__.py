"""The programs that every test of derivatives, nativeness and speed goes through: one list, in files by what varies."""

from . import (
    adversarial,
    arrays,
    arrays_algorithms,
    arrays_made_in_loops,
    arrays_memory,
    arrays_that_remember,
    control,
    control_exits,
    control_variables,
    functions,
    functions_calls,
    loops,
    names,
    networks,
    numerics,
    whole_arrays,
    whole_arrays_linalg,
    whole_arrays_memory,
)
from .program import Program

__all__ = ["PROGRAMS", "Program"]

PROGRAMS: list[Program] = [
    *control.PROGRAMS,
    *control_exits.PROGRAMS,
    *control_variables.PROGRAMS,
    *functions.PROGRAMS,
    *functions_calls.PROGRAMS,
    *arrays.PROGRAMS,
    *loops.PROGRAMS,
    *arrays_memory.PROGRAMS,
    *arrays_that_remember.PROGRAMS,
    *arrays_algorithms.PROGRAMS,
    *arrays_made_in_loops.PROGRAMS,
    *numerics.PROGRAMS,
    *networks.PROGRAMS,
    *names.PROGRAMS,
    *adversarial.PROGRAMS,
    *whole_arrays.PROGRAMS,
    *whole_arrays_memory.PROGRAMS,
    *whole_arrays_linalg.PROGRAMS,
]
