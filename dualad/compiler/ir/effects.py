"""What statements do: which write, which give memory of their arguments, which may be left out."""

from __future__ import annotations

import operator
import random

import numpy as np
from numba import types

from ...rules import composites, registry
from .. import ir
from ..runtime.numba_bridge.kernels import Elementwise
from . import Op, Var, boundary
from .boundary import leaves_objects_alone, touches_object
from .callees import PLAIN, methods_named
from .kinds import is_list, is_memory, is_object, is_reference, type_of
from .operations import facts


def is_known(op: Op) -> bool:
    """Whether the compiler knows what an operation does to the memory of its arguments."""
    if isinstance(op.fn, registry.OwnRule | Elementwise) or op.fn == "call":
        return True
    if touches_object(op):
        return leaves_objects_alone(op)
    if isinstance(op.fn, str):
        return op.fn != "method" and (op.fn != "attr" or boundary.is_modelled_attribute(op.detail))
    known = facts(op.fn)
    if known.gives or known.is_pure or op.fn in (operator.matmul, np.dot):
        return True
    if op.fn is np.fill_diagonal:
        return False  # it writes, and is expanded first of all
    return registry.find(op.fn) is not None or composites.find(op.fn) is not None


def has_effect(op: Op) -> bool:
    """Whether an operation does more than define its target."""
    if facts(op.fn).writes or facts(op.fn).has_effect or (op.fn == "call" and op.detail.has_effect):
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
    return [op.args[0]] if facts(op.fn).writes or op.fn == "pop" else []


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
    return op.fn == "view" or facts(op.fn).gives == "view"


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
    writes = facts(op.fn).writes or op.fn in ("call", "pop", "setattr") or boundary.is_foreign(op) or not is_known(op)
    return writes and any(map(may_be_memory, ir.op_vars(op)))
