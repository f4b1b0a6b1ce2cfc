"""Which float32 arrays have float64 shadows.

Contributions to an adjoint can cancel: those of a particle's force on itself are equal and opposite, and large. The
adjoints of numbers are float64 in float32 programs as well; so are shadows, where only loops read and write them, at no
measurable cost. What a rule for whole arrays takes (BLAS wants operands of one type), what a recursive function is
handed, and what has its shadow from the forward sweep on keeps the type of the array.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ...rules import registry
from .. import ir
from ..analysis.activity import Activity
from ..ir import Function, Op, Var
from ..ir.kinds import is_array, type_of
from ..ir.operations import ALLOCATIONS, COPIES, VIEWS

_BY_ELEMENT = frozenset({"getitem", "setitem", "augitem", "view", "unpack", "attr", "pack"})


def find_widened(function: Function, activity: Activity, mirrored: set[Var]) -> set[Var]:
    """Return the classes of the active float32 arrays that are treated element by element throughout."""
    aliases = activity.aliases
    found: set[Var] = set()
    lost: set[Var] = set(mirrored)
    seen = [leaf for leaf, _, _ in function.leaves]
    for stmt in ir.walk(function.body):
        seen += ir.defined_by(stmt)
        if isinstance(stmt, Op) and not _is_by_element(stmt, activity):
            lost.update(aliases.of(v) for v in (stmt.target, *ir.op_vars(stmt)) if isinstance(v, Var) and is_array(v))
    for v in seen:
        if is_array(v) and activity.active(v) and type_of(v).dtype == types.float32:
            found.add(aliases.of(v))
    return found - lost


def _is_by_element(op: Op, activity: Activity) -> bool:
    if op.fn in _BY_ELEMENT or op.fn in ALLOCATIONS or op.fn in VIEWS or op.fn in (np.copy, np.array):
        return op.fn not in COPIES or is_array(op.args[0])
    rule = None if isinstance(op.fn, str) else registry.find(op.fn)
    return op.fn != "call" and (rule is None or registry.is_constant(rule)) and not activity.active(op.target)
