"""What is compared of a value, and how the walk through what a function depends on goes through it."""

from __future__ import annotations

import enum
import functools
import types

import numpy as np

from ...rules import registry
from ..runtime.numba_bridge import is_jitted, is_jitted_ufunc
from ..runtime.numba_bridge.objects import has_type
from .callables import is_library
from .reads import Fixed
from .source import Differentiated

_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial, functools._lru_cache_wrapper)


class Itself:
    """An object as a fingerprint: equal to itself alone, and kept alive, so that no other can be taken for it."""

    __slots__ = ("object",)

    def __init__(self, x: object):
        self.object = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.object is other.object

    def __hash__(self) -> int:
        return id(self.object)

    def __repr__(self) -> str:  # the same in every process
        return getattr(self.object, "__qualname__", type(self.object).__qualname__)


@functools.lru_cache(maxsize=1024)
def kind_of(cls: type) -> str:
    """Return how the objects of a class are gone through: the name of the method of `_Walk` that does."""
    if issubclass(cls, int | float | complex | str | bytes | np.generic | types.NoneType | types.EllipsisType):
        return "value"
    if issubclass(cls, np.ndarray):
        return "array"
    if issubclass(cls, tuple | list) or cls is dict:
        return "container"
    if issubclass(cls, Differentiated):
        return "derivative"
    if issubclass(cls, _FUNCTIONS) or is_jitted(cls) or is_jitted_ufunc(cls):
        return "callable"
    if issubclass(cls, types.ModuleType | type):
        return "named"
    if issubclass(cls, types.BuiltinFunctionType) or (cls is not Fixed and is_library(cls.__module__)):
        return "library"
    return "object"


def has_rule(x: object) -> bool:
    """Whether a callable has a rule; objects that the user's own code compares have none."""
    is_own = type(x).__hash__ in (object.__hash__, type.__hash__) or type(x).__module__ in _OF_C
    return is_own and registry.find(x) is not None


def users_rule(x: object) -> registry.Rule | None:
    """Return the rule that the user has declared for a callable in the registry, or None."""
    rule = registry.find(x) if callable(x) and has_rule(x) else None
    return rule if rule is not None and rule.is_users else None


@functools.lru_cache(maxsize=1024)
def is_plain(cls: type) -> bool:
    """Whether nothing can be done with instances of a class but to read their attributes and to call them."""
    own = [c for c in cls.__mro__ if c is not object]
    in_python = all(c.__flags__ & _HEAP_TYPE and not issubclass(c, type | enum.Enum) for c in own)
    return in_python and not has_type(cls)


_OF_C = ("ctypes", "_ctypes", "_cffi_backend")

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement

_EXACT = {int: int.__int__, float: float.hex, str: str.__str__, bytes: bytes.__bytes__, complex: complex.__repr__}


def exact(x: object) -> tuple:
    """Return what tells a number, string or the like from all others."""
    cls = type(x)
    if cls is float:
        return "float", x.hex()
    if isinstance(x, np.generic):
        return str(x.dtype), x.tobytes()
    exact = _EXACT.get(cls) or next((e for base, e in _EXACT.items() if issubclass(cls, base)), repr)
    return cls.__qualname__, exact(x)
