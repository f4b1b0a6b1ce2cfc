"""The boundary of what the compiler models: objects and callees that it does not, and what may happen there.

A value that carries a derivative may go only where the compiler models it. Objects (typed containers, instances of
jitclasses, records, sets: see `numba_bridge.objects`) and callees without a rule are left to Numba, with values that
carry none. What goes into an object may come out of it again under any name, so an object, the arrays that are put into
it and those that come out of it are one class of memory (`activity.Aliases`), which carries a derivative or not as a
whole. Reading an object is an operation without effects::

    "field"   x.name        "entry"   x[index]        "count"   len(x)        "has"   index in x

Everything else may change it, and any other object that it is given. The caller's objects stay as they are: they cannot
be restored, as arrays are, and a derivative may run the function several times.
"""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from .. import ir
from ..runtime.helpers import array_of
from ..runtime.numba_bridge.objects import (
    describe,
    has_items_by_number,
    is_field,
    is_instance,
    is_meant_to_change,
    is_query,
)
from . import ITERATED, Op
from .kinds import is_array, is_object, type_of

READS = ("field", "entry", "count", "has")
_READ_BY = frozenset({print, sum, operator.contains, np.array, np.asarray, array_of})
_ATTRIBUTES = ("T", "shape", "size", "ndim", "dtype", "itemsize", "nbytes", "strides")
"""Those of arrays that the compiler models."""


def is_modelled_attribute(name: str) -> bool:
    """Whether the compiler knows what an attribute of an array is."""
    return name in _ATTRIBUTES


def is_foreign(op: Op) -> bool:
    """Whether an operation calls what is none of Python's and NumPy's, so that nothing is known of what it does."""
    return isinstance(op.fn, ir.Foreign) or (op.fn == "method" and not hasattr(np.ndarray, op.detail))


def touches_object(op: Op) -> bool:
    """Whether an operation takes an object or gives one."""
    return is_object(op.target) or any(map(is_object, _read_by(op)))


def _read_by(op: Op) -> list[object]:
    """Return what an operation reads, with tuples taken apart."""
    return [*ir.op_vars(op), *(a for a in op.args if isinstance(a, ir.Global))]


def leaves_objects_alone(op: Op) -> bool:
    """Whether an operation on objects does nothing but read them, or says itself what it writes into."""
    if op.fn == "method":
        return is_query(type_of(op.args[0]), op.detail)
    return op.fn in READS or op.fn in ("setitem", "augitem", "setattr", "unpack", "list") or op.fn in _READ_BY


def normal_access(op: Op) -> bool:
    """Give reading an object the form of its own, in place; True if the operation was such."""
    if op.fn == "attr" and not is_array(op.args[0]):
        if is_object(op.args[0]) and not is_field(type_of(op.args[0]), op.detail):
            return True  # code of the user's
        op.fn = "field"
        return True
    if op.fn == "setattr" and not is_object(op.args[0]):
        what = f"assigning to {op.args[0]!r}.{op.detail}"
        raise UnsupportedError(at(f"{what} is not supported: use a local variable, or a slice of an array", *op.place))
    if op.fn == "method" and op.detail == "append" and is_instance(type_of(op.args[0])):
        # it was taken for that of a list, which gives nothing back
        what, _ = describe(type_of(op.args[0]))
        remedy = "call it on the name that it was made or passed under"
        raise UnsupportedError(at(f"the method .append() of {what} here is not supported: {remedy}", *op.place))
    if op.fn is operator.contains and is_object(op.args[0]):
        op.fn = "has"
        return True
    if op.fn not in (len, "getitem") or not is_object(op.args[0]):
        return False
    if op.detail == ITERATED:
        refuse_loop(op.args[0], op.place)
    op.fn = "count" if op.fn is len else "entry"
    return True


def refuse_loop(x: object, place: tuple) -> None:
    """Refuse to go through an object whose items are not those with the numbers 0, 1, ..."""
    if is_object(x) and not has_items_by_number(type_of(x)):
        what, _ = describe(type_of(x))
        raise UnsupportedError(at(f"going through {what} is not supported: loop over an array or a list", *place))


def objects_in(op: Op) -> list[object]:
    """Return the objects that an operation touches."""
    return [x for x in (op.target, *_read_by(op)) if is_object(x)]


def refuse_value(op: Op, name: str, held_by: object) -> UnsupportedError:
    """Return the error of an operation by which what is to be differentiated goes into an object, or out of it."""
    what, remedy = describe(type_of(held_by))
    message = f"{what} with values that depend on the arguments to be differentiated ({name}) is not supported"
    return UnsupportedError(at(f"{message}: {remedy}", *op.place))


def refuse_change(op: Op, name: str, changed: object) -> UnsupportedError:
    """Return the error of an operation that may change an object of the caller's."""
    what, _ = describe(type_of(changed))
    message = f"changing {what} that is an argument ({name}) is not supported in a function that is differentiated"
    return UnsupportedError(at(f"{message}: change it outside, or make one inside", *op.place))


def may_be_changed(x: object) -> bool:
    """Whether an object of the caller's is there to be changed."""
    return is_meant_to_change(type_of(x))


def refuse_result(function: ir.Function, x: object) -> UnsupportedError:
    """Return the error of an object that a function returns beside what is differentiated."""
    what, _ = describe(type_of(x))
    return UnsupportedError(
        at(f"{what} as a result of {function.name} is not supported: return numbers and arrays", *function.place)
    )


def refuse_text(op: Op) -> None:
    """Refuse the text of a value of which Numba makes none; what goes into messages is gone by now."""
    if op.fn in (str, repr) and op.args:
        ty = type_of(op.args[0])
        if not isinstance(ty, types.Integer | types.Boolean | types.UnicodeType | types.StringLiteral):
            what, remedy = f"{op.fn.__name__}() of {_named(ty)}", "use it in the message of an exception alone"
            raise UnsupportedError(at(f"{what} is not supported: {remedy}", *op.place))


def _named(ty: object) -> str:
    named = ((types.Float, "a real number"), (types.Complex, "a complex number"), (types.Array, "an array"))
    return next((name for cls, name in named if isinstance(ty, cls)), f"a value of type {ty}")
