"""Elements of a view are read from and written to the array that the view looks at::

    row = a[i]
    for j in range(n): s += row[j]              for j in range(n): s += a[i, j]

A view that nobody else looks at is then not made. Making one costs more than reading some elements: Numba counts
references to the memory by atomic operations, and the reverse sweep makes each view again, and that of the adjoint.
"""

from __future__ import annotations

import numpy as np

from .. import ir
from ..analysis.shapes import shown_axes
from ..ir import Function, Op, Slice, Var
from ..ir.kinds import is_array, is_number, type_of
from ..ir.renaming import rename_everywhere


def look_through(function: Function) -> None:
    """Access the elements of views in the arrays themselves (in place)."""
    same = {s.target: s.args[0] for s in ir.walk(function.body) if isinstance(s, Op) and _is_same(s)}
    ir.rewrite(function.body, lambda op: [] if op.target in same else [op])
    rename_everywhere(function, same)
    made: dict[Var, Op] = {}
    for stmt in ir.walk(function.body):
        if isinstance(stmt, Op):
            if stmt.fn == "view":
                made[stmt.target] = stmt
            elif stmt.fn in ("getitem", "setitem", "augitem") and is_array(stmt.args[0]):
                while stmt.args[0] in made and _look_through(stmt, made[stmt.args[0]]):
                    pass


def _is_same(op: Op) -> bool:
    """Whether an operation gives back the one-dimensional array that it is given."""
    is_flat = op.fn is np.ravel and len(op.args) == 1 and not op.kwargs
    return is_flat and type_of(op.args[0]).ndim == 1 and type_of(op.args[0]).layout == "C"


def _look_through(access: Op, view: Op) -> bool:
    """Turn an access to an element of a view into one to the array; False if the index is none that can be told."""
    base, *shown = view.args
    value = access.args[-1:] if access.fn != "getitem" else ()
    index = list(access.args[1 : len(access.args) - len(value)])
    if len(index) != type_of(view.target).ndim or not all(map(is_number, index)):
        return False
    axes = shown_axes(view)
    if axes is None or None in axes:
        return False
    taken = [None if isinstance(i, Slice) else i for i in shown]
    taken += [None] * (type_of(base).ndim - len(taken))
    rest = iter(index)
    access.args = (base, *(next(rest) if i is None else i for i in taken), *value)
    return True
