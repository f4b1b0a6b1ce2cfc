"""What Numba knows and the compiler does not model: the types of objects, and callees that it resolves in its own way.

Numbers, arrays and lists of them, tuples, text, and whatever has no content of its own (modules, functions, dtypes) are
modelled. All other types are those of objects: typed containers, instances of jitclasses and StructRefs, records and
arrays of them, sets, buffers, generators of random numbers.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import typeof, types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.types import StructRef
from numba.experimental.jitclass import _box
from numba.extending import intrinsic, typeof_impl
from numba.np.numpy_support import as_dtype

__all__ = [
    "CLASSES_OF_FIELDS",
    "Members",
    "accessor",
    "address_of_instance",
    "checks_apart",
    "describe",
    "fields_of_type",
    "fields_text",
    "fields_tuple",
    "fields_type",
    "has_instance",
    "has_items_by_number",
    "has_overload",
    "has_type",
    "instance_type",
    "is_dispatcher",
    "is_field",
    "is_instance",
    "is_meant_to_change",
    "is_modelled",
    "is_query",
    "members_of",
    "method",
    "name_of_object",
    "record_dtype",
    "runs_parallel",
    "type_of_instances",
    "type_of_value",
]

_NUMBERS = (types.Number, types.Boolean)
_IN_ARRAYS = (*_NUMBERS, types.NPDatetime, types.NPTimedelta, types.CharSeq, types.UnicodeCharSeq, types.EnumMember)
_PLAIN = (*_IN_ARRAYS, types.Dummy, types.UnicodeType, types.Bytes, types.RangeType, types.SliceType, types.Literal)
_INDEXABLE = (types.ListType, types.List, types.Array)
_QUERIES = {
    types.ListType: ("copy", "count", "index"),
    types.DictType: ("copy", "get", "items", "keys", "values"),
    types.Set: ("copy", "isdisjoint", "issubset", "issuperset"),
}
"""The methods that leave their object as it is."""


@functools.lru_cache(maxsize=4096)
def is_modelled(ty: object) -> bool:
    """Whether the compiler knows all that can be done with values of a type."""
    if isinstance(ty, types.Array):
        return isinstance(ty.dtype, _IN_ARRAYS)
    if isinstance(ty, types.List):
        return is_modelled(ty.dtype)
    if isinstance(ty, types.BaseTuple):
        return all(is_modelled(t) for t in ty.types)
    if isinstance(ty, types.Optional):
        return is_modelled(ty.type)
    return ty is None or isinstance(ty, (*_PLAIN, types.misc.Undefined))


def describe(ty: object) -> tuple[str, str]:
    """Return what users call an object of a type, and what to take in its place where it carries a derivative."""
    if isinstance(ty, types.Optional):
        return describe(ty.type)
    if isinstance(ty, types.ListType):
        return "a typed.List", "use a list, [...], or an array"
    if isinstance(ty, types.DictType):
        return "a typed.Dict", "use a dict, {...}, with keys known at compile time, or an array"
    if isinstance(ty, types.ClassInstanceType):
        return f"a jitclass instance {ty.classname}", "use variables, tuples or arrays"
    if isinstance(ty, StructRef):
        return f"a StructRef {type(ty).__name__}", "use variables, tuples or arrays"
    if isinstance(ty, types.Record) or (isinstance(ty, types.Array) and isinstance(ty.dtype, types.Record)):
        return "a record" if isinstance(ty, types.Record) else "a record array", "use one array for each field"
    if isinstance(ty, types.Set):
        return "a set", "use a list, [...], or an array"
    if isinstance(ty, types.List | types.BaseTuple):
        items = [ty.dtype] if isinstance(ty, types.List) else ty.types
        held, remedy = describe(next(t for t in items if not is_modelled(t)))
        return f"a {'list' if isinstance(ty, types.List) else 'tuple'} that holds {held}", remedy
    if isinstance(ty, types.NumPyRandomGeneratorType):
        return "a generator of random numbers", "pass it numbers that are not differentiated"
    return f"an object of type {ty}", "use numbers, arrays, lists and tuples"


def name_of_object(value: object) -> str:
    """Return what users call an object."""
    with contextlib.suppress(ValueError, TypeError, NotImplementedError):
        ty = typeof(value)
        if not is_modelled(ty):
            return describe(ty)[0]
    return f"an object of the class {type(value).__name__}"


def has_items_by_number(ty: object) -> bool:
    """Whether a loop over an object of a type goes through its items number 0, 1, ..."""
    return isinstance(ty, _INDEXABLE)


def is_query(ty: object, method: str) -> bool:
    """Whether a method of objects of a type certainly leaves them as they are."""
    return any(isinstance(ty, kind) and method in names for kind, names in _QUERIES.items())


def is_field(ty: object, name: str) -> bool:
    """Whether reading an attribute of an object runs no code of the user's."""
    return not isinstance(ty, types.ClassInstanceType) or name in ty.struct


def is_meant_to_change(ty: object) -> bool:
    """Whether an object is there to be changed by those who use it: it has a state that says nothing to its owner."""
    return isinstance(ty, types.NumPyRandomGeneratorType)


def instance_type(cls: object) -> object | None:
    """Return the type of the instances of a jitclass; None for what is none."""
    found = getattr(cls, "class_type", None) if isinstance(cls, type) else None
    return found.instance_type if isinstance(found, types.ClassType) else None


class Members(NamedTuple):
    """What a jitclass has beside fields: functions by name, and those that get and set properties."""

    methods: dict[str, Callable]
    static: dict[str, Callable]
    properties: dict[str, dict[str, Callable]]


def members_of(ty: types.ClassInstanceType) -> Members:
    """Return the methods and properties of the instances of a jitclass."""
    return Members(ty.jit_methods, ty.jit_static_methods, ty.jit_props)


def fields_of_type(ty: types.ClassInstanceType) -> dict[str, object]:
    """Return the fields of the instances of a jitclass, with their types."""
    return ty.struct


CLASSES_OF_FIELDS: dict[type, object] = {}
"""The types of jitclasses, by the classes of named tuples that hold the fields of an instance."""


@functools.cache
def fields_tuple(ty: types.ClassInstanceType) -> type:
    """Return the class of named tuples of the fields of a jitclass: what a derivative by an instance is."""
    names = [n.lstrip("_") or n for n in ty.struct]
    made = collections.namedtuple(ty.classname, names, rename=True)  # noqa: PYI024
    CLASSES_OF_FIELDS[made] = ty
    return made


def has_instance(ty: object) -> bool:
    """Whether a type is that of instances of a jitclass, or of a tuple with such in it."""
    return isinstance(ty, types.ClassInstanceType) or (isinstance(ty, types.BaseTuple) and any(map(has_instance, ty)))


def fields_type(ty: object) -> object:
    """Return a type with named tuples of fields in the place of the instances of jitclasses."""
    if not has_instance(ty):
        return ty
    cls = fields_tuple(ty) if isinstance(ty, types.ClassInstanceType) else getattr(ty, "instance_class", None)
    items = ty.struct.values() if isinstance(ty, types.ClassInstanceType) else ty.types
    return types.BaseTuple.from_types([fields_type(t) for t in items], cls)


def fields_text(x: str, ty: object, namespace: dict) -> str:
    """Return the text of a value with named tuples of fields in the place of instances; `namespace` gets the names."""
    if not has_instance(ty):
        return x
    if isinstance(ty, types.ClassInstanceType):
        cls, parts = fields_tuple(ty), [(f"{x}.{name}", t) for name, t in ty.struct.items()]
    else:
        cls, parts = getattr(ty, "instance_class", None), [(f"{x}[{k}]", t) for k, t in enumerate(ty.types)]
    items = "".join(f"{fields_text(part, t, namespace)}, " for part, t in parts)
    if cls is None:
        return f"({items})"
    name = next((n for n, c in namespace.items() if c is cls), f"fields_{len(namespace)}")
    namespace[name] = cls
    return f"{name}({items})"


def address_of_instance(x: object) -> int:
    """Return where an instance of a jitclass is, of which Python may have several objects."""
    return ctypes.c_void_p.from_address(id(x) + _box.box_dataptr_offset).value


@intrinsic
def are_one(typing_context, x, y):
    """Whether two instances of jitclasses are one, in jitted code."""

    def codegen(context, builder, sig, args):
        places = [cgutils.create_struct_proxy(t)(context, builder, value=v).data for t, v in zip(sig.args, args)]
        p, q = (builder.ptrtoint(place, cgutils.intp_t) for place in places)
        return builder.icmp_unsigned("==", p, q)

    return types.boolean(x, y), codegen


def instances_text(x: str, ty: object) -> list[tuple[str, object]]:
    """Return the texts of the instances of jitclasses in a value of some type, with their types."""
    own = [(x, ty)] if isinstance(ty, types.ClassInstanceType) else []
    parts = [(f"{x}.{name}", t) for name, t in ty.struct.items()] if own else []
    if isinstance(ty, types.BaseTuple):
        parts = [(f"{x}[{k}]", t) for k, t in enumerate(ty.types)]
    return [*own, *(found for part, t in parts for found in instances_text(part, t))]


def checks_apart(given: list[tuple[str, object]], namespace: dict) -> list[str]:
    """Return lines that raise an exception if one instance is given twice, of texts of values and their types."""
    found = [part for x, ty in given for part in instances_text(x, ty)]
    pairs = [(x, y) for (x, s), (y, t) in itertools.combinations(found, 2) if s == t]
    if pairs:
        namespace["are_one"] = are_one
    message = "a derivative in jitted code is given one instance of a jitclass twice: give it a copy"
    return [f"if are_one({x}, {y}): raise ValueError({message!r})" for x, y in pairs]


def record_dtype(x: object) -> np.dtype | None:
    """Return the dtype of records that an object is, NumPy's or Numba's; None for what is none."""
    if isinstance(x, types.DType):
        x = x.dtype
    found = as_dtype(x) if isinstance(x, types.Record) else x
    return found if isinstance(found, np.dtype) and found.names else None


def type_of_instances(cls: type) -> object | None:
    """Return the type of Python's instances of a jitclass, by their class; None for other classes."""
    found = getattr(cls, "_numba_type_", None)
    return found if isinstance(found, types.ClassInstanceType) else None


def is_instance(ty: object) -> bool:
    """Whether a type is that of the instances of a class, which has methods of the user's."""
    return isinstance(ty, types.ClassInstanceType | StructRef)


def method(ty: object, name: str) -> tuple[Callable, bool] | None:
    """Return the function behind a method of the instances of a jitclass, and whether it takes the instance first."""
    if not isinstance(ty, types.ClassInstanceType):
        return None
    static = ty.jit_static_methods.get(name)
    if static is not None:
        return static, False
    return (ty.jit_methods[name], True) if name in ty.jit_methods else None


def accessor(ty: object, name: str, kind: str) -> Callable | None:
    """Return the function behind a property of a jitclass, of kind "get" or "set"."""
    return ty.jit_props.get(name, {}).get(kind) if isinstance(ty, types.ClassInstanceType) else None


def type_of_value(value: object) -> object | None:
    """Return the type of an object that jitted code finds around it; None if Numba has none for it."""
    context = cpu_target.typing_context
    for prepare in (lambda: None, context.refresh):  # what has been registered of late
        prepare()
        with contextlib.suppress(ValueError, TypeError, NotImplementedError):
            return context.resolve_value_type(value)
    return None


def has_type(cls: type) -> bool:
    """Whether there is a type in native code for instances of a class."""
    return typeof_impl.dispatch(cls) is not typeof_impl.dispatch(object) or hasattr(cls, "_numba_type_")


def is_dispatcher(f: object) -> bool:
    """Whether a callable is a function compiled by njit."""
    return isinstance(f, Dispatcher)


def runs_parallel(f: object) -> bool:
    """Whether a callable is a function that Numba compiles for several threads."""
    return isinstance(f, Dispatcher) and bool(f.targetoptions.get("parallel"))


def has_overload(function: Callable) -> bool:
    """Whether jitted code that calls a plain Python function gets something else than its body.

    That is what numba.extending.overload is for; register_jitable uses it, too, with the function itself.
    """
    context = cpu_target.typing_context
    context.refresh()
    found = context._lookup_global(function)
    templates = getattr(found, "templates", ())
    return any(not _stands_for_itself(t, function) for t in templates)


def _stands_for_itself(template: type, function: Callable) -> bool:
    chooses = getattr(template, "_overload_func", None)
    cells = getattr(chooses, "__closure__", None) or ()
    is_of_numba = getattr(chooses, "__module__", "") == "numba.core.extending"
    return is_of_numba and any(cell.cell_contents is function for cell in cells)
