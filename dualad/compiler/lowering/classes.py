"""Classes whose instances are structures: dataclasses, jitclasses, those that are registered with two functions."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable

from ...errors import ArgumentError
from ..runtime.numba_bridge.objects import CLASSES_OF_FIELDS, fields_of_type, fields_tuple, has_type, type_of_instances

INSTANCES = ".instances"
"""Under this name the attributes of a class have those that its instances get from it."""

REGISTERED: dict[type, tuple[Callable, Callable]] = {}
"""How the instances of registered classes are taken apart into (items, aux), and made of (aux, items)."""


@functools.lru_cache(maxsize=1024)
def dataclass_of(cls: type) -> tuple[tuple[str, ...], Callable, Callable] | None:
    """Return the fields of a dataclass, what reads them, and what makes an instance without running its code."""
    if not dataclasses.is_dataclass(cls) or has_type(cls):
        return None
    names = tuple(f.name for f in dataclasses.fields(cls))

    def read(x: object) -> tuple:
        return tuple(getattr(x, name) for name in names)

    def make(items: list) -> object:
        made = object.__new__(cls)
        for name, value in zip(names, items, strict=True):
            object.__setattr__(made, name, value)
        return made

    return names, operator.attrgetter(*names) if len(names) > 1 else read, make


@dataclasses.dataclass(frozen=True)
class Maker:
    """Makes instances of a registered class; equal to all that do the same."""

    unflatten: Callable
    aux: object
    rest: tuple = dataclasses.field(compare=False)  # the attributes of the class that hold no items

    def __call__(self, items: list) -> object:
        return self.unflatten(self.aux, items)


def taken_apart(x: object) -> tuple[list, object]:
    cls = type(x)
    try:
        items, aux = REGISTERED[cls][0](x)
        hash(aux)
    except (TypeError, ValueError) as error:
        what = f"the function that takes a {cls.__qualname__} apart must return (items, aux), aux hashable"
        raise ArgumentError(f"{what}: {error}") from None
    return list(items), aux


@functools.lru_cache(maxsize=1024)
def fields_of(cls: type, aux: object, count: int) -> tuple[tuple[str | None, ...], tuple[tuple[str, object], ...]]:
    """Return the attributes that hold the items of instances of a registered class, and all others with their values.

    They are found by making one of place holders.
    """
    holders = [object() for _ in range(count)]
    try:
        probe = REGISTERED[cls][1](aux, list(holders))
        attributes = dict(getattr(probe, "__dict__", {}))
        for c in cls.__mro__:
            for name in c.__dict__.get("__slots__", ()):
                if hasattr(probe, name):
                    attributes[name] = getattr(probe, name)
    except Exception:  # it looks at its items after all: they have no names then
        return (None,) * count, ()
    names = [next((n for n, v in attributes.items() if v is h), None) for h in holders]
    return tuple(names), tuple((n, v) for n, v in attributes.items() if not any(v is h for h in holders))


@functools.lru_cache(maxsize=1024)
def jitclass_of(cls: type) -> tuple[tuple[str, ...], type] | None:
    """Return the fields of a jitclass, and the class of their tuple, by the class of an instance or of such a tuple.

    A class of numbers (`Dual` and its like, see `number_class`) is none.
    """
    ty = CLASSES_OF_FIELDS.get(cls) or (None if hasattr(cls, "apply_rule") else type_of_instances(cls))
    return None if ty is None else (tuple(fields_of_type(ty)), fields_tuple(ty))


def is_structured(cls: type) -> bool:
    """Whether instances of a class are structures."""
    return cls in REGISTERED or dataclass_of(cls) is not None or jitclass_of(cls) is not None


def of_instance(x: object) -> tuple[list, tuple, tuple, Callable]:
    """Return the items of an instance, the attributes that hold them, all other attributes, and what makes another."""
    cls = type(x)
    found = jitclass_of(cls)
    if found is not None:
        names, made = found
        items = list(x) if cls is made else [getattr(x, name) for name in names]
        return items, names, (), made._make
    if cls in REGISTERED:
        items, aux = taken_apart(x)
        names, rest = fields_of(cls, aux, len(items))
        return items, names, rest, Maker(REGISTERED[cls][1], aux, rest)
    names, read, make = dataclass_of(cls)
    return list(read(x)), names, (), make
