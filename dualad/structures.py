"""Structures of numbers and arrays: dicts, lists, tuples, dataclasses and registered classes, taken apart and rebuilt.

What goes to native code is a tuple; `compiler.lowering.structures.Form` says what it was::

    flatten({"w": w, "b": [1.0, 2.0]})      (w, (1.0, 2.0)),  Form(dict, ("w", "b"), (None, Form(list, ...)))
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator

import numpy as np
from numba.typed import Dict, List

from .compiler.lowering.classes import (
    REGISTERED,
    Maker,
    dataclass_of,
    fields_of,
    is_structured,
    jitclass_of,
    of_instance,
)
from .compiler.lowering.dicts import TWICE
from .compiler.lowering.structures import DICTS, Constant, Form, RecordMaker
from .compiler.runtime.numba_bridge.objects import CLASSES_OF_FIELDS, address_of_instance, type_of_instances
from .compiler.runtime.typed_lists import dtype_of, from_array, is_typed_list, make_list, to_array
from .errors import ArgumentError, NotDifferentiableError

__all__ = ["ravel", "register_structure"]

LEAVES = frozenset({float, int, bool, complex, np.ndarray}) | frozenset(
    t for t in np.sctypeDict.values() if issubclass(t, np.number | np.bool_)
)
MOST_ITEMS = 64
"""Of a list that is handed over as a tuple: each length is compiled anew, and each item has code of its own."""

_WITHOUT_MEANING_OF_THEIR_OWN = (np.memmap, np.recarray)


class NotTaken(Exception):
    """A list that is too long, an array of a class that gives arithmetic another meaning."""

    def __init__(self, x: object):
        super().__init__(x)
        self.value = x


_PLAIN = {"dict": dict, "list": list, "tuple": tuple}


def as_plain(form: object) -> object:
    """Return the form of a structure for JSON.

    Raises
    ------
    ValueError
        If there is more in it than lists, tuples, dicts with strings as keys, and constants that JSON has.
    """
    if form is None:
        return None
    if isinstance(form, Constant):
        if form.value is None or type(form.value) in (bool, int, float, str):
            return ["constant", form.value]
    else:
        name = next((name for name, cls in _PLAIN.items() if cls is form.cls), None)
        if name and form == Form(form.cls, form.keys, form.items) and all(type(k) is str for k in form.keys):
            return [name, list(form.keys), [as_plain(i) for i in form.items]]
    raise ValueError("the result is a structure that only this process knows")


def from_plain(plain: object) -> object:
    """Return what `as_plain` was given."""
    if plain is None:
        return None
    if plain[0] == "constant":
        return Constant(plain[1])
    name, keys, items = plain
    return Form(_PLAIN[name], tuple(keys), tuple(from_plain(i) for i in items))


class Unlike(Exception):
    """Something has not the structure that it should have."""


def register_structure(cls: type, flatten: Callable, unflatten: Callable) -> type:
    """Let instances of a class be arguments and results: structures of numbers, arrays and further structures.

    Inside a differentiated function they have the attributes that hold the items, their other attributes as constants,
    and the methods and properties of the class.

    Parameters
    ----------
    cls : type
        Dataclasses and named tuples need no registration, but may have one.
    flatten : callable
        Takes an instance, returns (items, aux): an iterable of what is differentiated, or is a structure itself, and
        a hashable object with all the rest. As in JAX.
    unflatten : callable
        Takes (aux, items), returns an instance. It also makes instances of derivatives, and of place holders, so that
        it must not look at the items. If it has one parameter alone, `flatten` returns and it takes items alone.

    Returns
    -------
    type
        The class.

    Raises
    ------
    ArgumentError
        If `cls` is no class, or one that has a meaning of its own (float, dict, an array).
    """
    if not isinstance(cls, type) or cls in LEAVES or cls in (*DICTS, list, tuple, str, type(None)):
        raise ArgumentError(f"{cls!r} cannot be registered as a structure: give it a class of your own")
    try:
        count = len([p for p in inspect.signature(unflatten).parameters.values() if p.default is p.empty])
    except (ValueError, TypeError):
        count = 2
    if count == 1:
        REGISTERED[cls] = (lambda x: (flatten(x), None)), (lambda aux, items: unflatten(items))
    else:
        REGISTERED[cls] = flatten, unflatten
    fields_of.cache_clear()
    return cls


def is_structure(x: object) -> bool:
    """Whether something has items of its own."""
    return (
        isinstance(x, tuple | list | dict)
        or is_structured(type(x))
        or is_typed_list(x)
        or has_fields(x)
        or isinstance(x, Dict)
    )


def items_of(x: object) -> tuple[list, Callable] | None:
    """Return the items of a structure, and what makes one like it of others; None for what is none."""
    cls = type(x)
    if has_fields(x):
        arrays, form = _fields_of(x)
        return list(arrays), form.make
    if cls in LEAVES:
        return None
    if isinstance(x, tuple):
        return list(x), tuple if cls is tuple else functools.partial(tuple.__new__, cls)
    if cls is list:
        return list(x), list
    if is_typed_list(x):
        return list(x), make_list
    if isinstance(x, Dict):
        return items_of(dict(x))
    if cls in DICTS:
        keys = tuple(x)
        return list(x.values()), lambda items: cls(zip(keys, items, strict=True))
    if not is_structured(cls):
        return None
    items, _, _, make = of_instance(x)
    return items, make


def named_items(x: object) -> Iterator[tuple[str, object]]:
    """Yield the items of a structure, each with what is written behind its name: .a, [0], ['w']."""
    items, _ = items_of(x)
    found = dataclass_of(type(x)) or jitclass_of(type(x)) or ((x.dtype.names,) if has_fields(x) else None)
    if isinstance(x, dict | Dict):
        names = [f"[{k!r}]" for k in x]
    elif found is not None:
        names = [f".{name}" for name in found[0]]
    else:
        names = [f"[{k}]" for k in range(len(items))]
    yield from zip(names, items, strict=True)


def flatten(x: object) -> tuple[object, Form | Constant | None]:
    """Return a structure as a tuple of tuples, and its form; None for what is one already, or a number or an array."""
    cls = type(x)
    if has_fields(x):
        return _fields_of(x)
    if cls in LEAVES:
        return x, None
    if isinstance(x, tuple) and jitclass_of(cls) is None:
        native, forms = _flat(x, True)
        if not any(forms):
            return x, None
        return native, Form(cls, (), forms)
    if cls is list:
        if len(x) > MOST_ITEMS:
            raise NotTaken(x)
        native, forms = _flat(x)
        return native, Form(list, (), forms)
    if cls in DICTS:
        native, forms = _flat(x.values())
        keys = tuple(x)
        kinds = tuple(map(type, keys))
        if kinds.count(str) == len(kinds):
            return native, Form(cls, keys, forms)
        return native, Form(cls, keys, forms, None, kinds)
    if is_typed_list(x):
        if len(x) and dtype_of(x) is not None:
            return (to_array(x),), Form(List, (), (None,), True, (), from_array)
        if len(x) > MOST_ITEMS:
            return x, None
        native, forms = _flat(x)
        return native, Form(List, (), forms, None, (), make_list)
    if isinstance(x, Dict) and len(x) <= MOST_ITEMS:
        return flatten(dict(x))
    if is_structured(cls):
        items, names, _, make = of_instance(x)
        native, forms = _flat(items)
        found = jitclass_of(cls)
        if found is not None:
            return make(native), Form(found[1], names, forms, make=make)
        return native, Form(cls, names, forms, (make.aux,) if isinstance(make, Maker) else None, (), make)
    if isinstance(x, np.ndarray) and cls not in _WITHOUT_MEANING_OF_THEIR_OWN:
        raise NotTaken(x)
    return x, None


def addresses(x: object) -> list[int]:
    """Return where the instances of jitclasses in a structure are; one that is met twice twice."""
    found = items_of(x)
    if found is None:
        return []
    own = [address_of_instance(x)] if type_of_instances(type(x)) is not None else []
    return [*own, *(a for item in found[0] for a in addresses(item))]


def count_of_instances(form: Form | Constant | None) -> int:
    """Return how many instances of jitclasses are in a structure of some form."""
    own = isinstance(form, Form) and form.cls in CLASSES_OF_FIELDS
    return own + sum(map(count_of_instances, form.items)) if isinstance(form, Form) else 0


def kept_unchanged(form: Form | Constant | None) -> Form | Constant | None:
    """Return the form of a structure of which the instances must not be changed: one may be met twice."""
    if not count_of_instances(form):
        return form
    aux = TWICE if form.cls in CLASSES_OF_FIELDS else form.aux
    return form._replace(items=tuple(map(kept_unchanged, form.items)), aux=aux)


def has_fields(x: object) -> bool:
    """Whether something is a record array, or a record."""
    return isinstance(x, np.ndarray | np.void) and x.dtype.names is not None


def _fields_of(x: object) -> tuple[tuple, Form]:
    """Return the arrays of the fields of a record array, and its form; those of a record have one item."""
    is_one = isinstance(x, np.void)
    x = np.array([x], x.dtype) if is_one else np.asarray(x)
    native, forms = _flat([x[name] for name in x.dtype.names])
    return native, Form(np.recarray, (), forms, x.ndim, (), RecordMaker(x.dtype, is_one))


def _flat(items: object, is_tuple: bool = False) -> tuple[tuple, tuple]:
    native, forms = [], []
    for x in items:
        cls = type(x)
        if cls in LEAVES and not has_fields(x):
            native.append(x)
            forms.append(None)
        elif is_constant(x) and (not is_tuple or callable(x)):
            native.append(0)
            forms.append(Constant(x))
        else:
            value, form = flatten(x)
            native.append(value)
            forms.append(form)
    return tuple(native), tuple(forms)


def is_constant(x: object) -> bool:
    """Whether something that stands in a structure is known when it is compiled: a string, None, a function."""
    if x is None or type(x) is str:
        return True
    functions = types.FunctionType | types.BuiltinFunctionType | types.MethodType | np.ufunc | functools.partial
    return isinstance(x, functions) or hasattr(x, "py_func")


def mapped(function: Callable, x: object, *others: object) -> object:
    """Return a structure with `function(leaf, ...)` in place of its numbers and arrays, and those of others like it.

    Raises
    ------
    Unlike
        If another one has another structure.
    """
    found = items_of(x)
    if found is None:
        return function(x, *others)
    items, make = found
    rest = [items_like(x, items, other) for other in others]
    return make([mapped(function, *parts) for parts in zip(items, *rest, strict=True)])


def items_like(x: object, items: list, other: object) -> list:
    """Return the items of a structure, in the order of those of another one, which must be like it."""
    if isinstance(x, dict | Dict):
        if not isinstance(other, dict | Dict) or other.keys() != x.keys():
            raise Unlike(x, other)
        return [other[k] for k in x]
    sequence = tuple | list
    is_like = jitclass_of(type(x)) is not None and jitclass_of(type(x)) == jitclass_of(type(other))
    is_like = is_like or (has_fields(x) and has_fields(other) and x.dtype == other.dtype)
    if not (is_like or (isinstance(x, sequence) and isinstance(other, sequence)) or type(other) is type(x)):
        raise Unlike(x, other)
    found = items_of(other)
    if found is None or len(found[0]) != len(items):
        raise Unlike(x, other)
    return found[0]


def leaves(x: object) -> list:
    """Return the numbers and arrays of a structure, and what else stands in their places, in order."""
    found = items_of(x)
    return [x] if found is None else [leaf for item in found[0] for leaf in leaves(item)]


def ravel(structure: object) -> tuple[np.ndarray, Callable]:
    """Return all numbers of a structure as one vector, and what makes such a structure of a vector.

    For solvers that know flat vectors alone::

        start, unravel = dualad.ravel(params)
        slope = dualad.value_and_grad(loss)

        def fun(vector):
            value, gradient = slope(unravel(vector))
            return value, dualad.ravel(gradient)[0]

        best = unravel(scipy.optimize.minimize(fun, start, jac=True).x)

    Parameters
    ----------
    structure : object
        A float, an array of floats, or dicts, lists, tuples, dataclasses, registered classes and nestings of these.
        What has no derivative (an integer, a string, None) has no place in the vector.

    Returns
    -------
    vector : ndarray, shape (n,)
        The numbers in order, those of arrays row by row; float64, or float32 if all are.
    unravel : callable
        Takes a vector of n real numbers, returns a structure with these numbers in the places of the first ones, and
        in their dtypes; arrays are copies.

    Raises
    ------
    NotDifferentiableError
        If there is no float in the structure.
    """
    flat = [x for x in leaves(structure) if is_real(x)]
    if not flat:
        raise NotDifferentiableError("ravel of a structure without floats: there must be at least one")
    vector = np.concatenate([np.ravel(x) for x in flat]).astype(np.result_type(*flat), copy=False)

    def unravel(vector: np.ndarray) -> object:
        given = np.asarray(vector)
        if given.shape != (count,) or given.dtype.kind not in "iuf":
            what = f"unravel takes a vector of {count} real numbers"
            raise ArgumentError(f"{what}, not shape {given.shape} and dtype {given.dtype}")
        position = 0

        def taken(x: object) -> object:
            nonlocal position
            if not is_real(x):
                return x
            size = np.size(x)
            part = given[position : position + size]
            position += size
            return np.array(part, x.dtype).reshape(x.shape) if isinstance(x, np.ndarray) else type(x)(part[0])

        return mapped(taken, structure)

    count = vector.size
    structure = mapped(_room, structure)
    return vector, unravel


def _room(x: object) -> object:
    """Return an array of the same shape and dtype; anything else as it is."""
    return np.empty(x.shape, x.dtype) if isinstance(x, np.ndarray) and is_real(x) else x


def is_complex(x: object) -> bool:
    """Whether something is a complex number or an array of such."""
    return x.dtype.kind == "c" if isinstance(x, np.ndarray) else isinstance(x, complex | np.complexfloating)


def is_real(x: object) -> bool:
    """Whether something is a float or an array of floats."""
    return x.dtype.kind == "f" if isinstance(x, np.ndarray) else isinstance(x, float | np.floating)
