"""Dicts, lists, dataclasses and the like as arguments and results: what stands around numbers and arrays.

Native code takes and gives tuples. A `Form` says what such a tuple is to the user, and is part of what is compiled::

    {"w": w, "act": np.tanh}        (w, 0)        Form(dict, ("w", "act"), (None, Constant(np.tanh)))

Inside the function it becomes a value again: a dict whose keys are known (`DictOf`), a list of known items, a tuple
with the names of its fields (`Record`). What is handed to a derivative inside the function, and what a function
returns, has no dicts that change in it: they are `frozen`, tuples with `Keys`, and `thawed` on the other side.
"""

from __future__ import annotations

import ast
import collections
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba.typed import List

from ...errors import UnsupportedError, at
from ..ir import Const, TupleOf
from ..runtime.numba_bridge.objects import CLASSES_OF_FIELDS, fields_of_type, fields_tuple
from ..runtime.typed_lists import from_array
from .classes import INSTANCES, of_instance
from .tuple_lists import is_rows
from .values import (
    DictOf,
    InstanceClass,
    Items,
    Keys,
    ListOf,
    RecordAt,
    Records,
    Static,
    is_instance,
    is_optional,
    is_record_at,
    is_records,
    is_table,
    is_typed_list,
    static_value,
)

DICTS = (dict, collections.OrderedDict)


class Constant(NamedTuple):
    """Part of a structure that is known when it is compiled: a string, None, a function."""

    value: object


class Form(NamedTuple):
    """What a structure is, without the numbers and arrays in it.

    Attributes
    ----------
    cls : type
        dict, OrderedDict, list, tuple or a class derived from it, a dataclass, a registered class.
    keys : tuple
        Of a dict; of an object the names of its items, None for those without.
    items : tuple of Form, Constant or None
        None stands for a number or an array.
    aux : object
        What a registered class needs beside its items, in a tuple; behind it, for the compiler, the attributes that
        hold no items, with their values.
    kinds : tuple of type
        Those of the keys, if they are not all strings: 1, 1.0 and True are equal.
    make : callable, optional
        Makes an object of its items.
    around : object, optional
        The class with the attributes that the function reads of it, as `dependencies` found them.
    """

    cls: type
    keys: tuple
    items: tuple
    aux: object = None
    kinds: tuple = ()
    make: Callable | None = None
    around: object = None

    def made(self, items: list) -> object:
        """Return the structure with some items in it."""
        if self.make is not None:
            return self.make(items)
        if self.keys or issubclass(self.cls, dict):
            return self.cls(zip(self.keys, items, strict=True))
        if self.cls is list or self.cls is tuple:
            return self.cls(items)
        return tuple.__new__(self.cls, items)


@dataclass(frozen=True)
class RecordMaker:
    """Makes a record array of the arrays of its fields, or the one record that is in them."""

    dtype: np.dtype
    is_one: bool = False

    def __call__(self, items: list) -> np.ndarray:
        sizes = np.shape(items[0])
        extra = self.dtype[0].shape
        made = np.zeros(sizes[: len(sizes) - len(extra)], self.dtype)
        for name, x in zip(self.dtype.names, items, strict=True):
            if x is not None:
                made[name] = x
        return made[0] if self.is_one else made


@dataclass(frozen=True)
class Record:
    """Stands in the place of the class of a tuple that is an object with attributes."""

    cls: type
    _fields: tuple
    make: Callable | None = None
    attributes: dict = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return self.cls.__name__


def is_record(value: object) -> bool:
    return isinstance(value, TupleOf) and isinstance(value.cls, Record)


def rebuilt(form: Form | Constant | None, native: object, is_derivative: bool) -> object:
    """Return what a tuple of native code is to the user; what has no derivative has None for one."""
    if form is None:
        return native
    if isinstance(form, Constant):
        return None if is_derivative else form.value
    return form.made([rebuilt(f, x, is_derivative) for f, x in zip(form.items, native, strict=True)])


def taken_apart(result: object) -> tuple[object, Form | None]:
    """Return a frozen result as a tuple of tuples, and its form; None if it is one by itself."""
    if not isinstance(result, TupleOf | ListOf):
        return result, None
    parts = [taken_apart(i) for i in result.items]
    items, forms = tuple(x for x, _ in parts), tuple(f for _, f in parts)
    cls = getattr(result, "cls", None)
    if isinstance(result, ListOf):
        return TupleOf(items), Form(list, (), forms)
    if isinstance(cls, Records):
        return TupleOf(items), Form(np.recarray, (), forms, None, (), RecordMaker(cls.dtype))
    if isinstance(cls, RecordAt):
        made, form = taken_apart(result.items[0])
        return made, form._replace(make=RecordMaker(cls.dtype, True))
    if isinstance(cls, Items):
        return TupleOf(items), Form(List, (), forms, True, (), from_array)
    if isinstance(cls, Keys) and isinstance(cls.cls, InstanceClass):
        made = fields_tuple(cls.cls.type)
        return TupleOf(items, made), Form(made, (), forms) if any(f is not None for f in forms) else None
    if isinstance(cls, Keys):
        return TupleOf(items), Form(cls.cls, cls.keys, forms, kinds=tuple(map(type, cls.keys)))
    if isinstance(cls, Record):
        return TupleOf(items), Form(cls.cls, cls._fields, forms, make=cls.make)
    if any(f is not None for f in forms):
        return TupleOf(items), Form(cls or tuple, (), forms)
    return TupleOf(items, cls), None


class Structures:
    """The part of `Lowering` that deals with structures that come from outside or go there."""

    def formed(self, value: object, form: Form | Constant | None) -> object:
        """Return what an argument is to the function, of the tuple of numbers and arrays that it is in native code."""
        if form is None and isinstance(value, TupleOf):
            items = [self.formed(v, None) for v in value.items]
            if value.cls in CLASSES_OF_FIELDS:
                return self.new_instance(InstanceClass(CLASSES_OF_FIELDS[value.cls]), items)
            return value if all(map(_is, items, value.items)) else TupleOf(tuple(items), value.cls)
        if form is None:
            return value
        if isinstance(form, Constant):
            return static_value(form.value)
        if not isinstance(value, TupleOf):  # `inputs.remedy` finds it
            raise UnsupportedError(f"native code does not know all that is in the {form.cls.__name__} {value.name}")
        items = [self.formed(v, f) for v, f in zip(value.items, form.items, strict=True)]
        if form.cls is np.recarray:
            dtype, ndim = form.make.dtype, form.aux
            made = TupleOf(tuple(items), Records(dtype, ndim))
            return TupleOf((made, TupleOf((Const(0),))), RecordAt(dtype)) if form.make.is_one else made
        if form.cls is List:
            return TupleOf(tuple(items), Items()) if form.aux else ListOf(items)
        if form.cls in CLASSES_OF_FIELDS:
            made = self.new_instance(InstanceClass(CLASSES_OF_FIELDS[form.cls], form.around), items)
            if form.aux is not None:
                self.unchanging[made.name] = form.aux
            return made
        if issubclass(form.cls, dict):
            return self.new_dict(list(zip(form.keys, items, strict=True)), form.cls)
        if form.cls is list:
            return ListOf(items)
        if form.make is not None:
            attributes = {**getattr(form.around, "attributes", {}), **dict(form.aux[1] if form.aux else ())}
            return TupleOf(tuple(items), Record(form.cls, form.keys, form.make, attributes))
        return TupleOf(tuple(items), None if form.cls is tuple else form.cls)

    def frozen(self, value: object, node: ast.AST | None = None, place: tuple | None = None) -> object:
        """Return a value with tuples in place of the dicts in it, as they are now."""
        value = self.as_dict(value)
        if is_optional(value):
            what = "a value that may be None here is not supported: test for None before, and pass or return the value"
            raise UnsupportedError(at(what, *(place or self.place(node))))
        if is_instance(value):
            state = self.state_of(value, node)
            return TupleOf(tuple(self.frozen(v, node, place) for v in state.items), state.cls)
        if is_record_at(value):
            return self.frozen_record(value, node)
        if isinstance(value, DictOf):
            held = self.held(value, node)
            items = tuple(self.frozen(v, node, place) for v in held.values())
            return TupleOf(items, Keys(tuple(held), value.cls))
        if isinstance(value, TupleOf):
            items = [self.frozen(v, node, place) for v in value.items]
            return value if all(map(_is, items, value.items)) else TupleOf(tuple(items), value.cls)
        if isinstance(value, ListOf):
            items = [self.frozen(v, node, place) for v in value.items]
            return value if all(map(_is, items, value.items)) else ListOf(items, value.node)
        return value

    def as_dict(self, value: object) -> object:
        """Return a dict that the function finds around it as one of its own, to be read; anything else as it is."""
        if isinstance(value, Static) and type(value.value) in DICTS:
            return self.new_dict([(k, static_value(v)) for k, v in value.value.items()], type(value.value))
        return value

    def thawed(self, value: object) -> object:
        """Return a value with dicts of their own in place of tuples with keys."""
        if isinstance(value, TupleOf):
            items = [self.thawed(v) for v in value.items]
            if isinstance(value.cls, Keys) and isinstance(value.cls.cls, InstanceClass):
                return self.new_instance(value.cls.cls, items)
            if isinstance(value.cls, Keys):
                return self.new_dict(list(zip(value.cls.keys, items, strict=True)), value.cls.cls)
            return value if all(map(_is, items, value.items)) else TupleOf(tuple(items), value.cls)
        if isinstance(value, ListOf):
            items = [self.thawed(v) for v in value.items]
            return value if all(map(_is, items, value.items)) else ListOf(items, value.node)
        return value

    def matching(self, structure: object, value: object, what: str, node: ast.AST) -> object:
        """Return a tangent or a cotangent with its items in the order of the structure that it belongs to."""
        value = self.frozen(value, node)
        if value in (Const(None), Const(0)) or not isinstance(structure, TupleOf | ListOf):
            return value
        if not isinstance(value, TupleOf | ListOf) or len(value.items) != len(structure.items):
            raise self.fail(node, f"{what} that is not like what it belongs to", "give it the same structure")
        items = list(value.items)
        if isinstance(getattr(structure, "cls", None), Keys):
            keys = getattr(getattr(value, "cls", None), "keys", ())
            if set(keys) != set(structure.cls.keys):
                raise self.fail(node, f"{what} with other keys than what it belongs to", "give it the same keys")
            items = [items[keys.index(k)] for k in structure.cls.keys]
        items = [self.matching(s, v, what, node) for s, v in zip(structure.items, items, strict=True)]
        return TupleOf(tuple(items), getattr(structure, "cls", None))

    def new_record(self, cls: type, attributes: dict, args: list, kwargs: dict, node: ast.AST) -> TupleOf:
        """Make an instance of a class, of place holders for what is known at run time alone.

        `attributes` are those that the function reads of the class.
        """
        try:
            made = cls(*(_held(v) for v in args), **{k: _held(v) for k, v in kwargs.items()})
            items, names, rest, make = of_instance(made)
            if _has_holder(getattr(make, "aux", None)) or _has_holder([v for _, v in rest]):
                raise TypeError("what is not among its items depends on the arguments")
        except Exception as error:
            what = f"{ast.unparse(node)}, where a {cls.__name__} cannot be made before its arguments are known,"
            reason = f"return its items, and make it outside ({type(error).__name__}: {error})"
            raise self.fail(node, what, reason) from None
        values = tuple(self.taken_out(x) for x in items)
        return TupleOf(values, Record(cls, names, make, {**attributes.get(INSTANCES, {}), **dict(rest)}))

    def taken_out(self, x: object) -> object:
        """Return the value of something with place holders in it."""
        if isinstance(x, Holder):
            return x.value
        if type(x) is list:
            return ListOf([self.taken_out(i) for i in x])
        if isinstance(x, tuple):
            return TupleOf(tuple(self.taken_out(i) for i in x), type(x) if hasattr(x, "_fields") else None)
        if type(x) in DICTS:
            return self.new_dict([(k, self.taken_out(v)) for k, v in x.items()], type(x))
        return static_value(x)

    def replaced(self, args: list, kwargs: dict, node: ast.AST) -> TupleOf:
        """dataclasses.replace, or the method _replace of a named tuple."""
        base, fields = (args or [None])[0], getattr(getattr((args or [None])[0], "cls", None), "_fields", ())
        if len(args) != 1 or not isinstance(base, TupleOf) or not set(kwargs) <= set(fields):
            raise self.fail(node, ast.unparse(node), "replace fields of a dataclass or a named tuple by name")
        items = dict(zip(fields, base.items, strict=True)) | kwargs
        return TupleOf(tuple(items.values()), base.cls)

    def refuse_record(self, value: object, what: str, node: ast.AST) -> None:
        """An object with attributes is no tuple to the user."""
        if is_table(value):
            raise self.fail(node, f"{what} of a dict with keys known only at run time", "use what it holds")
        if is_rows(value):
            remedy = "use one list for each item of the tuples"
            raise self.fail(node, f"{what} of a list of tuples that changes", remedy)
        if is_typed_list(value):
            raise self.fail(
                node, f"{what} of a typed.List that is an argument here", "copy it first, typed.List(items)"
            )
        if is_records(value) or is_record_at(value):
            kind = "record array" if is_records(value) else "record"
            raise self.fail(node, f"{what} of a {kind} here", f"use its fields: {', '.join(value.cls.dtype.names)}")
        if is_record(value) or is_instance(value):
            names = value.cls._fields if is_record(value) else fields_of_type(value.cls.type)
            remedy = f"use its attributes: {', '.join(f'.{n}' for n in names if n)}"
            raise self.fail(node, f"{what} of an object of the class {value.cls.name}", remedy)


@dataclass(eq=False)
class Holder:
    """Stands for a value while an object is made of it."""

    value: object


def _held(value: object) -> object:
    """Return a value that is known, or what stands for one that is not."""
    if isinstance(value, Const):
        return value.value
    return value.value if isinstance(value, Static) and not value.attributes else Holder(value)


def _has_holder(x: object) -> bool:
    if isinstance(x, dict):
        return any(map(_has_holder, x.values()))
    return isinstance(x, Holder) or (isinstance(x, tuple | list) and any(map(_has_holder, x)))


def _is(x: object, y: object) -> bool:
    return x is y
