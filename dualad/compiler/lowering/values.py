"""What a name can stand for while a function is lowered.

A value is an operand of the IR (`Var`, `Const`, `Global`), a `TupleOf` values, or one of the compile-time objects
below, which leave no trace in the IR: functions are inlined, iterators become loops, lists of fixed length become
their items.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..ir import Const, Global, TupleOf, Var
from ..ir.callees import BINARY
from ..runtime.numpy_here import there
from .reads import Fixed
from .source import Source


@dataclass(eq=False)
class Frame:
    """The names of one function activation; without a source, those of a call from outside.

    `cells` are the variables that functions inside assign to (`nonlocal`), with the names under which they are shared;
    `nonlocals` those that the function itself assigns to, of a function around it.
    """

    source: Source | None
    env: dict[str, object]
    local_names: frozenset[str]
    parent: Frame | None = None
    cells: dict[str, str] = field(default_factory=dict)
    nonlocals: frozenset[str] = frozenset()
    parallel: bool = False
    """Whether several threads share its loops over prange."""


@dataclass(eq=False)
class FunctionValue:
    """A function that will be inlined where it is called."""

    source: Source
    node: ast.FunctionDef | ast.Lambda
    frame: Frame | None = None
    defaults: dict[str, object] = field(default_factory=dict)
    stands_for: str = ""
    """The name of the library function that it is written for, if it is one of dualad's own."""
    parallel: bool = False
    """Whether it is compiled for several threads."""

    @property
    def name(self) -> str:
        return self.stands_for or getattr(self.node, "name", "lambda")

    @property
    def key(self) -> tuple:
        """What two values have in common if they are the same function: text, and what its free names stand for."""
        return self.node, self.source.function if self.frame is None else self.frame, self.parallel


class Axes(NamedTuple):
    """How `vmap` goes through a batch.

    Attributes
    ----------
    into : int, None or tuple of these
        The axis of each argument along which the examples lie; None for what all of them share.
    out : int or tuple of int
        The axis of each result.
    parallel : bool
        Whether several threads go through it.
    """

    into: int | tuple | None = 0
    out: int | tuple = 0
    parallel: bool = False


class ReverseMode(NamedTuple):
    """What is said of a gradient, a pullback or a Jacobian by reverse mode.

    Attributes
    ----------
    memory : int or None
        How many bytes its tapes may take.
    holomorphic : bool
        Whether it is the complex derivative of an analytic function.
    levels : int
        How deep loops are reversed chunk by chunk, if there is a limit of memory: 1 for outermost ones.
    """

    memory: int | None = None
    holomorphic: bool = False
    levels: int = 1


@dataclass(eq=False)
class Transformed:
    """A derivative of a function, not called yet: `grad(f)`; or a function of a batch, `vmap(f)`."""

    kind: str
    function: object
    argnums: tuple[int, ...]
    single: bool
    has_aux: bool = False
    how: Axes | ReverseMode | int | None = None

    @property
    def options(self) -> tuple:
        return self.argnums, self.single, self.has_aux, self.how

    @property
    def innermost(self) -> object:
        """The function that was differentiated first; the derivative has its parameters."""
        return self.function.innermost if isinstance(self.function, Transformed) else self.function


@dataclass(eq=False)
class Pullback:
    """The second result of `vjp(f, ...)`, not called yet."""

    lifted: object
    operands: list
    arguments: list
    out: object
    how: ReverseMode | None = None


@dataclass(eq=False)
class Static:
    """A module, class, dtype or callable known at compile time.

    `attributes` are those of an object of the user's, as they were when the derivative was asked for.
    """

    value: object
    attributes: dict[str, object] = field(default_factory=dict)


@dataclass(eq=False)
class ListOf:
    """A list of which the items are known; `node` is the expression that makes it."""

    items: list
    node: ast.AST | None = None


@dataclass(frozen=True)
class Keys:
    """The keys of what a dict or an instance holds, and its class; they take the place of the class of a tuple."""

    keys: tuple
    cls: object = dict


@dataclass(eq=False)
class Held:
    """What changes and may have several names; what it holds stands in the environment under `name`."""

    name: str
    cls: object


@dataclass(eq=False)
class DictOf(Held):
    """A dict; `node` is the expression that makes it."""

    cls: type = dict
    node: ast.AST | None = None


@dataclass(frozen=True)
class InstanceClass:
    """The class of an instance whose fields are known: its Numba type, and its methods and properties.

    `members` are these as they were when the derivative was asked for, None if they were not met then.
    """

    type: object
    members: object = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return self.type.classname


@dataclass(eq=False)
class InstanceOf(Held):
    """An instance of a jitclass."""

    cls: InstanceClass


@dataclass(frozen=True)
class Choice:
    """Stands in the place of the class of a tuple that is one of several instances, which its one item tells.

    Attributes
    ----------
    names : tuple of str
        Those of the instances (`Held.name`); the item is the number of one, as `number_of` gives it.
    cls : InstanceClass
    """

    names: tuple[str, ...]
    cls: InstanceClass

    @property
    def type(self) -> object:
        return self.cls.type

    @property
    def members(self) -> object:
        return self.cls.members

    @property
    def name(self) -> str:
        return self.cls.name


@dataclass(eq=False)
class Iteration:
    """Something to loop over: `item(index)` gives the value of a trip, for an index from range(start, stop, step).

    On a grid the index is a tuple, from all indices into an array of shape `stop`.
    """

    start: object
    stop: object
    step: object
    item: Callable
    grid: bool = False
    is_range: bool = False

    def known(self) -> range | None:
        """Return the indices, if they are known at compile time."""
        bounds = [x.value if isinstance(x, Const) else None for x in (self.start, self.stop, self.step)]
        return None if None in bounds or bounds[2] == 0 or self.grid else range(*bounds)


@dataclass(eq=False)
class Flat:
    """The elements of an array in the order of its indices: `array.flat`."""

    array: object


@dataclass(eq=False)
class Relative:
    """An array in a stencil, indexed by the distance from a place; `seen` collects the distances."""

    array: object
    place: tuple
    seen: list | None


@dataclass(eq=False)
class Poison:
    """A name whose value cannot be told; an error only if it is used."""

    reason: str


@dataclass(frozen=True)
class Items:
    """Stands in the place of the class of a tuple that is a typed list of numbers: its one item is an array of them."""


def is_typed_list(value: object) -> bool:
    """Whether a value is a typed list of numbers that is an argument."""
    return isinstance(value, TupleOf) and isinstance(value.cls, Items)


@dataclass(frozen=True)
class Optional:
    """Stands in the place of the class of a tuple that is a value or None: a boolean, true for the value, and that."""


def is_optional(value: object) -> bool:
    return isinstance(value, TupleOf) and isinstance(value.cls, Optional)


@dataclass(frozen=True)
class Table:
    """Stands in the place of the class of a tuple that is a dict with keys known only at run time: see `tables`."""


def is_table(value: object) -> bool:
    return isinstance(value, TupleOf) and isinstance(value.cls, Table)


@dataclass(frozen=True)
class Records:
    """Stands in the place of the class of a tuple that is a record array: its items are the arrays of the fields."""

    dtype: np.dtype
    ndim: int


@dataclass(frozen=True)
class RecordAt:
    """Stands in the place of the class of a tuple that is a record: a record array, and the index of the record."""

    dtype: np.dtype


def is_records(value: object) -> bool:
    return isinstance(value, TupleOf) and isinstance(value.cls, Records)


def is_record_at(value: object) -> bool:
    return isinstance(value, TupleOf) and isinstance(value.cls, RecordAt)


def is_instance(value: object) -> bool:
    """Whether a value is an instance whose fields are known, or one of several."""
    return isinstance(value, InstanceOf) or (isinstance(value, TupleOf) and isinstance(value.cls, Choice))


_MOST_ITEMS = 64  # of a list that a function finds around it
OPERANDS = (Var, Const, Global)

UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_, ast.Invert: operator.invert}
COMPARE = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
BOOLEAN = {*COMPARE.values(), operator.not_, bool}


def static_value(obj: object, around: tuple[int, ...] = ()) -> object:
    """Return the value of an object found in globals, a closure or a default; `around` are the tuples around it."""
    obj = there(obj)
    if id(obj) in around:
        return Poison("it is found in itself")
    if isinstance(obj, Fixed):
        return Static(obj.value, obj.attributes)
    if isinstance(obj, np.generic):
        obj = obj.item()
    exact_of = ((bool, bool), (int, int.__int__), (float, float.__float__), (str, str.__str__))
    for base, exact in (*exact_of, (complex, complex.__complex__)):
        if isinstance(obj, base):  # also of a class derived from it, as the members of an IntEnum
            return Const(exact(obj))
    if obj is None:
        return Const(None)
    if isinstance(obj, tuple):
        cls = type(obj) if hasattr(obj, "_fields") else None
        return TupleOf(tuple(static_value(o, (*around, id(obj))) for o in obj), cls)
    if isinstance(obj, list) and len(obj) <= _MOST_ITEMS:
        return ListOf([static_value(o, (*around, id(obj))) for o in obj])
    if isinstance(obj, np.ndarray):
        return Global(obj)
    return Static(obj)


def fold(fn: object, args: tuple) -> Const | None:
    """Return the constant fn(*args) for constant scalar arguments, or None."""
    if not all(isinstance(a, Const) and isinstance(a.value, bool | int | float | complex) for a in args):
        return None
    if fn not in _FOLDABLE or (fn not in _OF_COMPLEX and any(isinstance(a.value, complex) for a in args)):
        return None
    try:
        value = fn(*(a.value for a in args))
    except (ArithmeticError, ValueError, TypeError):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return None  # Numba's integers would wrap around
    return Const(value) if isinstance(value, bool | int | float | complex) and not (value != value) else None


_FOLDABLE = {
    *(BINARY[k] for k in (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)),
    *UNARY.values(),
    *COMPARE.values(),
    math.sqrt,
    bool,
    float,
}
_FOLDABLE.discard(operator.invert)
_OF_COMPLEX = {operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos}
