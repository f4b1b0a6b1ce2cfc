"""`Tape` and `Var`: reverse mode as a list of operations that can be printed, drawn and swept.

A tape is a Wengert list: one flat array, one entry an operation, in each entry

    operation        uint16   what was done: 0 for an input, otherwise the rule's number (see `operation_name`)
    first, second    int32    the entries it was done to; -1 where the operand is a constant, -2 where there is none
    value            float64  the result
    first_partial, second_partial
                     float64  the partial derivative by each operand; for a constant operand, the constant

That is 34 bytes an operation (`BYTES_PER_OPERATION`), and 8 more while a sweep runs. For f = x*y + sin(x) at (2, 3):

    entry  operation  first second  value   partials
    0      input      -2    -2      2.0     0.0     0.0
    1      input      -2    -2      3.0     0.0     0.0
    2      mul         0     1      6.0     3.0     2.0
    3      sin         0    -2      0.909  -0.416   0.0
    4      add         2     3      6.909   1.0     1.0

The forward sweep goes down the list, x_dot[k] = sum of partial * x_dot[operand]; the reverse sweep goes up it, adding
partial * x_bar[k] to x_bar[operand]. Both are compiled; in both a zero stays zero, whatever it is multiplied with. The
array doubles when it is full; `reset` forgets the entries and keeps the memory.

A `Var` is an index on the tape together with the value there. What is done to it, in plain Python or in jitted code,
is recorded; operators and functions are generated from the registry. Comparisons look at the value, and what is
piecewise constant returns an ordinary number, which is not on the tape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import float64, from_dtype, int64, njit
from numba.experimental import jitclass

from .compiler.runtime.numba_bridge import python_class
from .errors import ArgumentError, UnsupportedError
from .functions import compiled, of_any_number
from .number_class import add_methods, fill_compiled_face, fill_python_face, ordinary
from .rules.registry import Rule, all_rules

__all__ = ["BYTES_PER_OPERATION", "ENTRY", "Tape", "Var", "forward_sweep", "operation_name", "reverse_sweep"]

ENTRY = np.dtype(
    [
        ("operation", np.uint16),
        ("first", np.int32),
        ("second", np.int32),
        ("value", np.float64),
        ("first_partial", np.float64),
        ("second_partial", np.float64),
    ]
)
BYTES_PER_OPERATION = ENTRY.itemsize
INPUT = 0
CONSTANT = -1
NONE = -2


def operation_code(rule: Rule) -> int:
    """Return the number of a rule on tapes."""
    if rule.name not in _codes:
        for number, known in enumerate(all_rules(), 1):
            _codes.setdefault(known.name, number)
    return _codes[rule.name]


def operation_name(code: int) -> str:
    """Return the rule name of an operation code; "input" for 0."""
    return "input" if code == INPUT else all_rules()[code - 1].name


_codes: dict[str, int] = {}


@njit(cache=True)
def forward_sweep(entries, x_dot):
    """Fill in the tangents of all operations, given those of the inputs.

    Parameters
    ----------
    entries : array of ENTRY, shape (n,)
    x_dot : float64 array, shape (n,)
        Tangents of the inputs; overwritten in the places of the operations.
    """
    for k in range(len(entries)):
        e = entries[k]
        if e.operation != INPUT:
            total = 0.0
            if e.first >= 0 and x_dot[e.first] != 0.0 and e.first_partial != 0.0:
                total += e.first_partial * x_dot[e.first]
            if e.second >= 0 and x_dot[e.second] != 0.0 and e.second_partial != 0.0:
                total += e.second_partial * x_dot[e.second]
            x_dot[k] = total


@njit(cache=True)
def reverse_sweep(entries, x_bar):
    """Add to the adjoints of all entries, given those of the outputs.

    Parameters
    ----------
    entries : array of ENTRY, shape (n,)
    x_bar : float64 array, shape (n,)
        Zero but for the adjoints of the outputs; the others are filled in.
    """
    for k in range(len(entries) - 1, -1, -1):
        if x_bar[k] != 0.0:
            e = entries[k]
            if e.first >= 0 and e.first_partial != 0.0:
                x_bar[e.first] += e.first_partial * x_bar[k]
            if e.second >= 0 and e.second_partial != 0.0:
                x_bar[e.second] += e.second_partial * x_bar[k]


@njit(cache=True)
def _doubled(entries):
    if len(entries) > 2**30:
        raise ArgumentError("the tape is full: its indices have 32 bits")
    more = np.empty(2 * len(entries), dtype=ENTRY)
    for k in range(len(entries)):
        more[k] = entries[k]
    return more


class Tape:
    """A list of recorded operations.

    Parameters
    ----------
    capacity : int
        Operations to make room for at the start, 64 by default; doubled whenever it is not enough. In jitted code it
        must be given (Numba fills in no defaults of a jitclass there).

    Attributes
    ----------
    length : int
        The number of entries.
    entries : array of ENTRY
        The entries and the room behind them.

    Examples
    --------
    >>> tape = Tape()
    >>> x, y = tape.var(2.0), tape.var(3.0)
    >>> z = x * y + dualad.sin(x)
    >>> tape.gradient(z, (x, y))
    (2.5838531634528574, 2.0)
    """

    def __init__(self, capacity=64):
        if capacity < 1:
            raise ArgumentError("the capacity of a tape is at least 1")
        self.length = 0
        self.mark = np.zeros(1, dtype=np.int64)
        self.entries = np.empty(capacity, dtype=ENTRY)

    def var(self, value):
        """Put an input on the tape and return its Var."""
        index = self.push(INPUT, NONE, NONE, value, 0.0, 0.0)
        return Var(self, index, value, self.mark[0])

    def push(self, code, first, second, value, first_partial, second_partial):
        """Append an entry and return its index."""
        k = self.length
        if k == len(self.entries):
            self.entries = _doubled(self.entries)
        e = self.entries[k]
        e.operation = code
        e.first = first
        e.second = second
        e.value = value
        e.first_partial = first_partial
        e.second_partial = second_partial
        self.length = k + 1
        return k

    def reset(self):
        """Forget all entries and keep the memory. The Vars of before are refused from now on."""
        self.length = 0
        self.mark[0] += 1

    def nbytes(self):
        """Return the memory of the entries in bytes: the capacity times BYTES_PER_OPERATION."""
        return self.entries.nbytes

    def adjoints(self, y):
        """Return the derivative of the Var `y` by every entry: the reverse sweep. Shape (length,)."""
        self.check(y)
        x_bar = np.zeros(self.length)
        x_bar[y.index] = 1.0
        reverse_sweep(self.entries[: self.length], x_bar)
        return x_bar

    def tangents(self, x):
        """Return the derivative of every entry by the input `x`: the forward sweep. Shape (length,)."""
        self.check(x)
        if self.entries[x.index].operation != INPUT:
            raise ArgumentError("tangents are along an input of the tape, made by var; this Var is the result of one")
        x_dot = np.zeros(self.length)
        x_dot[x.index] = 1.0
        forward_sweep(self.entries[: self.length], x_dot)
        return x_dot

    def check(self, x):
        """Raise ArgumentError unless the Var is on this tape as it is now."""
        if x.tape.mark.ctypes.data != self.mark.ctypes.data:
            raise ArgumentError("this Var is on another tape")
        if x.generation != self.mark[0]:
            raise ArgumentError("this Var was recorded before the tape was reset")


Tape = jitclass(
    [
        ("length", int64),
        ("mark", int64[::1]),
        ("entries", from_dtype(ENTRY)[::1]),
    ]
)(Tape)


class Var:
    """A number on a tape. `tape.var(x)` makes one; what is done to it is recorded.

    Attributes
    ----------
    tape : Tape
    index : int
        Its place on the tape.
    value : float
    generation : int
        How often the tape had been reset when this was recorded.
    """

    def __init__(self, tape, index, value, generation):
        self.tape = tape
        self.index = index
        self.value = value
        self.generation = generation

    def record(self, code, first, second, value, first_partial, second_partial):
        """Append an operation to the tape and return its Var."""
        if self.generation != self.tape.mark[0]:
            raise ArgumentError("this Var was recorded before the tape was reset")
        index = self.tape.push(code, first, second, value, first_partial, second_partial)
        return Var(self.tape, index, value, self.generation)

    def record_pair(self, other, code, value, first_partial, second_partial):
        """Append an operation on two Vars."""
        self.tape.check(other)
        return self.record(code, self.index, other.index, value, first_partial, second_partial)

    def __bool__(self):
        return self.value != 0.0

    def __int__(self):
        return int(self.value)


add_methods(Var)
TAPE_TYPE = Tape.class_type.instance_type
Var = jitclass([("tape", TAPE_TYPE), ("index", int64), ("value", float64), ("generation", int64)])(Var)
TYPE = Var.class_type.instance_type


# ----------------------------------------------------------------- plain Python


@njit
def _record(x, code, first, second, value, first_partial, second_partial):
    return x.record(code, first, second, value, first_partial, second_partial)


@njit
def _record_pair(x, y, code, value, first_partial, second_partial):
    return x.record_pair(y, code, value, first_partial, second_partial)


def apply_rule(rule: Rule, args: tuple) -> object:
    """Record a pointwise rule and return its Var; for a constant one return an ordinary number."""
    values = [x.value if type(x) is VAR else ordinary(x) for x in args]
    if rule.kind == "constant":
        return rule.functions[0](*values)
    value, partials = compiled(rule)(*values)
    code, value = operation_code(rule), float(value)
    if len(args) == 1:
        return _record(args[0], code, args[0].index, NONE, value, partials[0], 0.0)
    if len(args) > 2:
        raise UnsupportedError(f"the tape has room for two operands; {rule.name} has {len(args)}")
    x, y = args
    if type(x) is not VAR:
        return _record(y, code, CONSTANT, y.index, value, float(x), partials[1])
    if type(y) is not VAR:
        return _record(x, code, x.index, CONSTANT, value, partials[0], float(y))
    return _record_pair(x, y, code, value, partials[0], partials[1])


VAR = python_class(Var)
VAR.apply_rule = staticmethod(apply_rule)
VAR.__repr__ = lambda self: f"Var({self.value!r}, index={self.index})"
VAR.__format__ = lambda self, spec: f"{self.value:{spec}}" if spec else repr(self)
fill_python_face(VAR, lambda v: v.value)


def _gradient(self: object, y: object, x: object) -> object:
    """Return the derivatives of the Var `y` by a Var, or by a tuple, list or array of Vars, in the same form."""
    if type(y) is not VAR:  # it does not depend on anything
        x_bar = np.zeros(self.length)
    else:
        x_bar = self.adjoints(y)

    def pick(v: object) -> object:
        if isinstance(v, tuple | list):
            return type(v)(*map(pick, v)) if hasattr(v, "_fields") else type(v)(map(pick, v))
        if isinstance(v, np.ndarray):
            return np.array([pick(item) for item in v.ravel()], dtype=float).reshape(v.shape)
        self.check(v)
        return float(x_bar[v.index])

    return pick(x)


TAPE = python_class(Tape)
TAPE.__len__ = lambda self: self.length
TAPE.__repr__ = lambda self: f"<Tape of {self.length} operations, {self.nbytes()} bytes>"
TAPE.gradient = _gradient


# ------------------------------------------------------------------ jitted code


def _unary(rule: Rule) -> Callable:
    if rule.kind == "constant":
        constant = of_any_number(rule)
        return lambda x: constant(x.value)
    both, code = compiled(rule), operation_code(rule)

    def var_unary(x):
        value, partials = both(x.value)
        return x.record(code, x.index, NONE, float(value), partials[0], 0.0)

    return var_unary


def _binary(rule: Rule, first: bool, second: bool) -> Callable:
    """Return the implementation for a Var as the first, the second, or both arguments."""
    if rule.kind == "constant":
        constant = of_any_number(rule)
        if first and second:
            return lambda x, y: constant(x.value, y.value)
        return (lambda x, y: constant(x.value, y)) if first else (lambda x, y: constant(x, y.value))
    both, code = compiled(rule), operation_code(rule)

    def var_var(x, y):
        value, partials = both(x.value, y.value)
        return x.record_pair(y, code, float(value), partials[0], partials[1])

    def var_number(x, y):
        value, partials = both(x.value, y)
        return x.record(code, x.index, CONSTANT, float(value), partials[0], float(y))

    def number_var(x, y):
        value, partials = both(x, y.value)
        return y.record(code, CONSTANT, y.index, float(value), float(x), partials[1])

    return (var_var if second else var_number) if first else number_var


fill_compiled_face(TYPE, _unary, _binary)
