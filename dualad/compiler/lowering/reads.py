"""What functions read of the world around them, and how attributes are read without running anybody's code."""

from __future__ import annotations

import ast
import dis
import enum
import functools
import types
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ...errors import NoSourceError
from .source import text_of

MISSING, COMPUTED = object(), object()
"""An attribute that there is not; one that only code of the user's can tell, which is not read: `__getattr__`."""


@dataclass(frozen=True)
class Property:
    """An attribute that is the result of a method without arguments."""

    get: object


@dataclass(frozen=True)
class Method:
    """A function that is called with the object first that it is an attribute of."""

    function: object


@dataclass(frozen=True)
class Instances:
    """Stands for all instances of a class, of which nothing is known but the class."""

    cls: type


@dataclass(frozen=True)
class Use:
    """What is done with a value: `attributes` of it are read, each with a use of its own; `whole` if anything else."""

    whole: bool
    attributes: tuple[tuple[str, Use], ...] = ()


WHOLE = Use(True)
_METHODS = (types.FunctionType, functools._lru_cache_wrapper)
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclass(frozen=True)
class Reads:
    """What a code object reads.

    Attributes
    ----------
    names : tuple of (str, int, Use)
        Its free names, those of the functions inside it too; the index of the closure's cell, -1 for a global.
    attributes : frozenset of str
        The attributes that it reads of anything.
    """

    names: tuple[tuple[str, int, Use], ...]
    attributes: frozenset[str]


_reads: WeakKeyDictionary[types.CodeType, Reads] = WeakKeyDictionary()


def reads_of(function: types.FunctionType) -> Reads:
    """Return what a function reads; where there is no text, anything that its names may stand for."""
    code = function.__code__
    found = _reads.get(code)
    if found is None:
        try:
            found = _of_tree(text_of(function).node, code)
        except NoSourceError:  # said when the function is lowered, if it is
            names = sorted(_global_names(code))
            free = [(name, k, WHOLE) for k, name in enumerate(code.co_freevars)]
            return Reads((*free, *((name, -1, WHOLE) for name in names)), frozenset(names))
        _reads[code] = found
    return found


def _global_names(code: types.CodeType) -> set[str]:
    """Return the names of globals in a code object and those inside it."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname in _LOADS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def _of_tree(tree: ast.AST, code: types.CodeType) -> Reads:
    cells = {name: k for k, name in enumerate(code.co_freevars)}
    free = _global_names(code) | cells.keys()
    found: dict[str, dict] = {}
    attributes = set()
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        path: list[str] = []
        base = node
        while isinstance(base, ast.Attribute):
            path.append(base.attr)
            base = base.value
        attributes.update(path)
        if isinstance(base, ast.Name) and base.id in free:
            branch = found.setdefault(base.id, {})
            for name in reversed(path):
                branch = branch.setdefault(name, {})
            branch[None] = True  # its end is a value by itself
        else:
            todo += ast.iter_child_nodes(base)
    names = tuple((name, cells.get(name, -1), _use(found[name])) for name in sorted(found))
    return Reads(names, frozenset(attributes))


def _use(tree: dict) -> Use:
    return Use(None in tree, tuple((name, _use(branch)) for name, branch in tree.items() if name is not None))


@dataclass(eq=False)
class Fixed:
    """What stands for an object in a fixed function: `attributes` have the values that they had at some time.

    `value` is the object (of a dict the items that it had), `original` what the attributes were read from.
    """

    value: object
    attributes: dict[str, object]
    original: object


def attribute(x: object, name: str) -> object:
    """Return an attribute of a module, a class or an object as it is stored; MISSING or COMPUTED if it is not."""
    if isinstance(x, Fixed):
        return x.attributes.get(name, MISSING)
    if isinstance(x, Instances):
        return _of_instances(x.cls, name)
    if isinstance(x, types.ModuleType):  # its __getattr__, if it has one, imports what is not there yet
        return x.__dict__.get(name, MISSING)
    if isinstance(x, type):
        found = _in_classes(type.__dict__["__mro__"].__get__(x), name)
        if found is MISSING:
            return MISSING if _in_classes(type(x).__mro__, name) is MISSING else COMPUTED
        return _of_class(found, x)
    cls = type(x)
    found = _in_classes(cls.__mro__, name)
    if isinstance(found, property) and isinstance(found.fget, types.FunctionType) and not _has_reader(cls):
        return Property(types.MethodType(found.fget, x))
    if isinstance(found, types.MemberDescriptorType | types.GetSetDescriptorType):
        try:
            return found.__get__(x, cls)
        except AttributeError:
            return MISSING
    if isinstance(x, enum.Enum) and name in ("name", "value"):
        return attribute(x, f"_{name}_")
    if hasattr(type(found), "__set__") or _has_reader(cls):
        return COMPUTED
    own = getattr(x, "__dict__", {})
    if name in own:
        return own[name]
    if found is MISSING:
        return COMPUTED if hasattr(cls, "__getattr__") else MISSING
    if isinstance(found, _METHODS) or hasattr(found, "py_func"):
        return types.MethodType(found, x)
    if isinstance(found, functools.partialmethod) and isinstance(found.func, types.FunctionType):
        return functools.partial(types.MethodType(found.func, x), *found.args, **found.keywords)
    if isinstance(found, functools.cached_property):
        return Property(types.MethodType(found.func, x))
    return _of_class(found, cls)


def _of_instances(cls: type, name: str) -> object:
    """Return what an attribute is that all instances of a class have from their class."""
    found = _in_classes(cls.__mro__, name)
    if isinstance(found, property) and isinstance(found.fget, types.FunctionType):
        return Property(found.fget)
    if isinstance(found, functools.cached_property):
        return Property(found.func)
    if isinstance(found, _METHODS) or hasattr(found, "py_func"):
        return Method(found)
    is_of_instance = isinstance(found, types.MemberDescriptorType | types.GetSetDescriptorType)
    return MISSING if is_of_instance or found is MISSING else _of_class(found, cls)


def _has_reader(cls: type) -> bool:
    """Whether the attributes of the instances of a class are read by code of the user's."""
    return isinstance(cls.__getattribute__, types.FunctionType)


def _in_classes(classes: tuple, name: str) -> object:
    return next((c.__dict__[name] for c in classes if name in c.__dict__), MISSING)


def _of_class(found: object, cls: type) -> object:
    """Return what the attribute of a class gives that is stored as `found`."""
    if isinstance(found, staticmethod):
        return found.__func__
    if isinstance(found, classmethod):
        return types.MethodType(found.__func__, cls)
    is_plain = isinstance(found, _METHODS) or hasattr(found, "py_func") or not hasattr(type(found), "__get__")
    return found if is_plain else COMPUTED
