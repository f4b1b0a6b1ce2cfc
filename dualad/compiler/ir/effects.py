"""What operations do: which write, which give memory of their arguments, which may be left out."""

from __future__ import annotations

import operator
import random

import numpy as np
from numba import types

from ...rules import composites, registry
from ...rules.complex_parts import WHOLES
from .. import ir
from ..runtime.helpers import array_of, check_no_overlap
from ..runtime.numba_bridge.kernels import Elementwise
from . import Op, Var, boundary
from .boundary import leaves_objects_alone, touches_object
from .callees import PLAIN, methods_named
from .kinds import is_list, is_memory, is_object, is_reference, type_of

ALLOCATIONS = frozenset(
    {np.zeros, np.empty, np.ones, np.full, np.zeros_like, np.empty_like, np.ones_like, np.full_like}
)
COPIES = frozenset({np.copy, np.array, array_of})
_TURNED = {np.transpose, np.swapaxes, np.moveaxis, np.flip, np.flipud, np.fliplr, np.rot90}
_RAISED = {np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d}
_SHOWN = {np.broadcast_to, np.lib.stride_tricks.sliding_window_view}  # expanded into copies where they are active
_PARTS = {np.real, np.imag}  # of complex arrays
VIEWS = frozenset({np.reshape, np.ravel, np.asarray, *_RAISED, *_TURNED, *_SHOWN, *_PARTS})
PURE = frozenset(
    {len, np.argsort, np.argmax, np.argmin, np.searchsorted, np.nonzero, np.count_nonzero, np.any, np.all, np.unique}
    | {np.arange, np.eye, np.identity, np.shape, np.size, np.array_equal, np.allclose, np.where, np.isclose, sum}
    | {np.digitize, np.bincount, np.histogram, np.flatnonzero, np.argwhere, np.argpartition, np.isin, np.nanargmax}
    | {np.nanargmin, np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isscalar, np.ndim, np.tri, np.indices}
    | {np.tril_indices, np.triu_indices, np.tril_indices_from, np.triu_indices_from, np.broadcast_shapes, np.kaiser}
    | {np.hamming, np.hanning, np.blackman, np.bartlett, np.intersect1d, np.roots, np.ones}
    | {np.linalg.matrix_rank, np.linalg.solve, check_no_overlap, complex, np.complex128, np.complex64, *WHOLES}
)
"""Callables without a rule that neither write into their arguments nor return memory of theirs."""
WRITES = ("setitem", "augitem", "setattr", "inplace", "assign", "append")
EFFECTS = ("raise", "pop", print, check_no_overlap)
"""What else does more than define a target."""
STRUCTURAL = frozenset({"getitem", "view", "unpack", "pack", "call", "item", "list", "pop", *WRITES})


def is_known(op: Op) -> bool:
    """Whether the compiler knows what an operation does to the memory of its arguments."""
    if isinstance(op.fn, registry.OwnRule | Elementwise) or op.fn == "call":
        return True
    if touches_object(op):
        return leaves_objects_alone(op)
    if isinstance(op.fn, str):
        return op.fn != "method" and (op.fn != "attr" or boundary.is_modelled_attribute(op.detail))
    if op.fn in ALLOCATIONS or op.fn in COPIES or op.fn in VIEWS or op.fn in PURE or op.fn in (operator.matmul, np.dot):
        return True
    if op.fn is np.fill_diagonal:
        return False  # it writes, and is expanded first of all
    return registry.find(op.fn) is not None or composites.find(op.fn) is not None


def has_effect(op: Op) -> bool:
    """Whether an operation does more than define its target."""
    if op.fn in WRITES or op.fn in EFFECTS or (op.fn == "call" and op.detail.has_effect):
        return True
    if isinstance(getattr(op.fn, "__self__", None), np.random.RandomState | random.Random) or op.fn is np.random.seed:
        return True  # the random numbers drawn after it depend on it
    if is_known(op):
        return False
    if op.target is None or op.target.type is None or boundary.is_foreign(op):
        return True  # Numba has not been asked yet whether there is such a thing, or nothing is known of it
    return not all(is_scalar_type(type_of(a)) for a in op.args)


def is_scalar_type(ty: object) -> bool:
    """Whether values of a type hold no memory that a call could change."""
    return ty is not None and isinstance(ty, types.Number | types.Boolean | types.NoneType | types.UnicodeType)


def written_by(op: Op) -> list[object]:
    """Return the arrays and lists that an operation writes into."""
    if op.fn == "call":
        return [op.args[k] for k in op.detail.writes]
    return [op.args[0]] if op.fn in WRITES or op.fn == "pop" else []


def may_be_written_by(op: Op) -> list[object]:
    """Return the arrays and lists that an operation writes into or, not being known, may write into."""
    return written_by(op) if is_known(op) else [v for v in ir.op_vars(op) if is_reference(v)]


def mixes(op: Op) -> bool:
    """Whether what an operation refers to may be handed on in ways that nobody knows."""
    if isinstance(op.fn, registry.OwnRule) or op.fn == "call":
        return False
    return touches_object(op) or not is_known(op)


def shares_memory(op: Op) -> bool:
    """Whether the target of an operation shares memory with its first argument."""
    if op.fn in ("getitem", "pop"):  # of a list of arrays
        return is_list(op.args[0]) and is_memory(op.target)
    return op.fn == "view" or op.fn in VIEWS


METHODS = methods_named(
    "copy sum prod mean var std max min argmax argmin cumsum cumprod dot ravel flatten reshape transpose "
    "argsort repeat take all any trace diagonal ptp clip nonzero round conj conjugate"
)


def may_change_memory(op: Op) -> bool:
    """Whether an operation that is not in normal form may write into memory; its types may not be known yet."""

    def may_be_memory(x: object) -> bool:
        return isinstance(x, Var) and (x.type is None or is_reference(x))

    if op.fn in PLAIN:
        return may_be_memory(op.args[0])
    if op.fn == "method":
        return op.detail not in METHODS or is_object(op.args[0])
    writes = op.fn in WRITES or op.fn in ("call", "pop", "setattr") or boundary.is_foreign(op) or not is_known(op)
    return writes and any(map(may_be_memory, ir.op_vars(op)))
