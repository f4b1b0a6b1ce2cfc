"""What Numba knows and the compiler does not model: the types of objects, and callees that it resolves in its own way.

Numbers, arrays and lists of them, tuples, text, and whatever has no content of its own (modules, functions, dtypes) are
modelled. All other types are those of objects: typed containers, instances of jitclasses and StructRefs, records and
arrays of them, sets, buffers, generators of random numbers.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

from numba import typeof, types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.types import StructRef
from numba.extending import typeof_impl

__all__ = [
    "accessor",
    "describe",
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
    "method",
    "name_of_object",
    "runs_parallel",
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
