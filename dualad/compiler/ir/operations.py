"""What is true of each operation, said once; passes ask here.

What a function's derivative is, and with it that the compiler knows the function, stands in its rule (`dualad.rules`).
Here stands what else a pass may want to know of an operation `op.fn`: a callable of Python's or NumPy's, or the name of
one of the IR's own.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, fields, replace

import numpy as np

from ...rules.complex_parts import WHOLES
from ..runtime.helpers import array_of, check_no_overlap


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of an operation.

    Attributes
    ----------
    gives : str
        "new": an array of its own. "copy": one with the elements of its first argument. "view": one in the memory of
        its first argument, or the first argument itself. Else nothing is said of the result's memory.
    lengths : str
        Of a new array or a copy: "given", by the first argument or `shape=`, or "like", those of the first argument.
    writes : bool
        It writes into its first argument, and has no target.
    has_effect : bool
        It does more than define its target or write into its first argument.
    is_pure : bool
        It has no rule, neither writes into its arguments nor gives memory of theirs.
    is_structural : bool
        It is the IR's own, and moves numbers without computing any.
    is_cheap : bool
        It is sooner computed again than stored for the reverse sweep.
    is_repeatable : bool
        Without a rule, it gives the same number, or the same length, for the same operands.
    is_harmless : bool
        It takes no time to speak of and cannot fail: it may run where the program does not come.
    is_light : bool
        It takes less time than to store what it gives.
    """

    gives: str = ""
    lengths: str = ""
    writes: bool = False
    has_effect: bool = False
    is_pure: bool = False
    is_structural: bool = False
    is_cheap: bool = False
    is_repeatable: bool = False
    is_harmless: bool = False
    is_light: bool = False


_NOTHING = Facts()
_table: dict[object, Facts] = {}


def _declare(*functions: object, **facts: object) -> None:
    for fn in functions:
        _table[fn] = replace(_table.get(fn, _NOTHING), **facts)


def facts(fn: object) -> Facts:
    """Return what is true of an operation; of one that is not declared nothing is."""
    try:
        return _table.get(fn, _NOTHING)
    except TypeError:  # functions of ctypes have no hash
        return _NOTHING


def those_with(**wanted: object) -> frozenset:
    """Return the operations of which all that is given is true."""
    assert wanted.keys() <= {f.name for f in fields(Facts)}
    return frozenset(
        fn for fn, known in _table.items() if all(getattr(known, name) == value for name, value in wanted.items())
    )


# ----------------------------------------------------------------------------------------------------------- arrays

_declare(np.zeros, np.empty, np.ones, np.full, gives="new", lengths="given")
_declare(np.zeros_like, np.empty_like, np.ones_like, np.full_like, gives="new", lengths="like")
_declare(np.copy, np.array, array_of, gives="copy", lengths="like")
_declare(np.reshape, np.ravel, np.asarray, np.transpose, np.swapaxes, np.moveaxis, gives="view")
_declare(np.flip, np.flipud, np.fliplr, np.rot90, gives="view")
_declare(np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d, gives="view")
_declare(np.broadcast_to, np.lib.stride_tricks.sliding_window_view, gives="view")  # copies where they are active
_declare(np.real, np.imag, gives="view")  # of complex arrays

# ------------------------------------------------------------------------------------------- the IR's own operations

_declare("setitem", "augitem", "setattr", "inplace", "assign", "append", writes=True, is_structural=True)
_declare("getitem", "view", "unpack", "pack", "call", "item", "list", "pop", is_structural=True)
_declare("raise", "pop", print, check_no_overlap, has_effect=True)
_declare("attr", "unpack", "fstring", "trips", is_cheap=True)
_declare("attr", "trips", is_harmless=True)
_declare("attr", "getitem", is_light=True)
_declare("trips", is_repeatable=True)

# ---------------------------------------------------------------------------------------------- numbers and functions

_declare(len, int, float, bool, np.float64, np.float32, is_cheap=True, is_repeatable=True)
_declare(operator.add, operator.sub, operator.mul, operator.neg, operator.pos, is_harmless=True, is_light=True)
_declare(operator.not_, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, is_harmless=True)
_declare(len, is_harmless=True)
_declare(
    *(len, np.argsort, np.argmax, np.argmin, np.searchsorted, np.nonzero, np.count_nonzero, np.any, np.all, np.unique),
    *(np.arange, np.eye, np.identity, np.shape, np.size, np.array_equal, np.allclose, np.where, np.isclose, sum),
    *(np.digitize, np.bincount, np.histogram, np.flatnonzero, np.argwhere, np.argpartition, np.isin, np.nanargmax),
    *(np.nanargmin, np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isscalar, np.ndim, np.tri, np.indices),
    *(np.tril_indices, np.triu_indices, np.tril_indices_from, np.triu_indices_from, np.broadcast_shapes, np.kaiser),
    *(np.hamming, np.hanning, np.blackman, np.bartlett, np.intersect1d, np.roots, np.ones, np.linalg.matrix_rank),
    *(np.linalg.solve, check_no_overlap, complex, np.complex128, np.complex64, *WHOLES),
    is_pure=True,
)

ALLOCATIONS = those_with(gives="new")
COPIES = those_with(gives="copy")
VIEWS = those_with(gives="view")
WRITES = those_with(writes=True)
STRUCTURAL = those_with(is_structural=True)
LIKE = those_with(lengths="like")
OF_SIZES = those_with(lengths="given")
