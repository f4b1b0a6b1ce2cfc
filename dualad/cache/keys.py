"""What compiled code depends on, as a digest that is the same in every process, and as a list that people can read.

`dependencies` compares objects by their identity, which no other process has. Here each is named: by its value, by the
module and name under which it is found, by its code. What has no such name makes the derivative one of this process
alone, which is not put on disk; the reason is kept. It may be compiled too often, never taken for another one.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import types as pytypes
from pathlib import Path

import numpy as np
from numba import types

from ..compiler.lowering.callables import LIBRARIES
from ..compiler.lowering.dependencies import Dependency, dependencies
from ..compiler.lowering.fingerprints import Itself
from ..compiler.runtime import vector_math
from ..compiler.runtime.numba_bridge import derivative_in
from ..compiler.runtime.numba_bridge.objects import CLASSES_OF_FIELDS
from ..compiler.runtime.numba_bridge.stored import (
    NotKept,
    code_generation,
    code_settings,
    extensions,
    has_name,
    is_nameable,
    jit_options,
    kernel_of,
    token_of,
)
from ..rules import registry
from ..rules.custom import CustomRule

_ROOT = Path(__file__).resolve().parent.parent
_FILES = {path: path.stat().st_mtime_ns for path in sorted(_ROOT.rglob("*.py"))}
"""The files of dualad, and when each was changed last: as they were when they were imported."""
_EXTENDERS = LIBRARIES - {"scipy"}
_HOMES = ("builtins", "math", "operator", "numpy", "numpy.linalg", "numpy.random", "scipy.special", "functools")
_ENTRIES = ("value", "code", "again", "setting", "computed", "options")
_PLAIN = (types.Number, types.Boolean, types.NoneType, types.UnicodeType, types.SliceType, types.EllipsisType)
_ITEMS = (types.Number, types.Boolean, types.UnicodeCharSeq, types.CharSeq, types.NPDatetime, types.NPTimedelta)


def key_of(what: tuple, entries: tuple[Dependency, ...], given: tuple) -> tuple[str, dict]:
    """Return the key of a derivative, and what it depends on, of which the key is a digest.

    Parameters
    ----------
    what : tuple
        Kind and options.
    entries : tuple
        As `dependencies` returns them.
    given : tuple of Numba types
        Those of the arguments.

    Raises
    ------
    NotKept
        If it depends on something that no other process can name.
    """
    parts = {
        "derivative": what,
        "dependencies": stable(entries),
        "types": [type_name(ty) for ty in given],
        "extensions": [_extension(f) for f in extensions(_EXTENDERS)],
        "settings": (vector_math.uses_vector_math(), code_settings()),
        "made by": maker(),
    }
    return digest_of(parts), parts


def digest_of(parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=24).hexdigest()


def plain(part: object) -> object:
    """Return something as JSON has it."""
    if isinstance(part, dict):
        return {name: plain(p) for name, p in part.items()}
    if isinstance(part, tuple | list):
        return [plain(p) for p in part]
    return part if isinstance(part, str | int | float | None) else repr(part)


@functools.cache
def maker() -> tuple:
    """Return what makes native code here: Python, NumPy, Numba, LLVM, the processor, and dualad itself."""
    python = (sys.implementation.cache_tag, tuple(sys.version_info), sys.maxsize)
    return python, np.__version__, code_generation(), sorted(vector_math.FUNCTIONS), sources()


@functools.cache
def sources() -> str:
    """Return a digest of the text of dualad."""
    if not _FILES:
        raise NotKept("dualad itself is not in files")
    total = hashlib.blake2b(digest_size=16)
    for path, changed in _FILES.items():
        total.update(f"{path.relative_to(_ROOT).as_posix()}\0".encode())
        total.update(path.read_bytes())
        if path.stat().st_mtime_ns != changed:
            raise NotKept("the files of dualad have changed since it was imported")
    return total.hexdigest()


# ---------------------------------------------------------------- what a function depends on


def stable(entries: tuple[Dependency, ...], within: tuple = ()) -> list[tuple]:
    """Return entries without the places of functions, and with names instead of objects.

    `within` are the rules that are being described: each calls what it is the rule of.
    """
    found = []
    for kind, path, fingerprint in entries:
        if kind == "place":
            continue
        if kind == "value" and isinstance(fingerprint[1], bytes) and "O" in fingerprint[0]:
            raise NotKept(f"{path} holds objects")
        if kind == "container":
            fingerprint = (_container(fingerprint[0], path), _keys(fingerprint[1], path))
        elif kind == "library":
            fingerprint = _library(fingerprint.object if isinstance(fingerprint, Itself) else fingerprint, path)
        elif kind == "primitive":
            rule, around = fingerprint
            own = stable(around, within) if isinstance(around, tuple) else _ruled(around.object, (*within, rule.object))
            fingerprint = (_of_rule(rule.object, within), own)
        elif kind == "rule":
            fingerprint = _of_custom(fingerprint.object)
        elif kind == "derivative":
            fingerprint = (fingerprint[0], stable(fingerprint[1]))
        elif kind == "object":
            fingerprint = _class(fingerprint, path)
        elif kind == "array":
            pass
        elif kind not in _ENTRIES:
            raise NotKept(f"{path} is not defined yet when the derivative is taken")
        found.append((kind, path, fingerprint))
    return found


def _container(cls: object, path: str) -> object:
    return cls.__qualname__ if isinstance(cls, type) else _class(cls, path)


def _keys(keys: object, path: str) -> object:
    if isinstance(keys, tuple) and any(isinstance(k, Itself) for k in keys):
        raise NotKept(f"the keys of {path} are objects")
    return keys


def _class(fingerprint: object, path: str) -> tuple:
    """Return the name of a class of which nothing matters but which one it is: an exception, a named tuple."""
    x = fingerprint.object if isinstance(fingerprint, Itself) else None
    if not isinstance(x, type) or not is_nameable(x):
        raise NotKept(f"{path} is an object, or a class, that other processes do not have")
    return named_class(x)


def named_class(cls: type) -> tuple:
    """Return the name of an exception or of a class of named tuples, and the fields of the latter."""
    if not has_name(cls) and token_of(cls)[-1]:
        raise NotKept(f"the class {cls.__qualname__} has taken the place of another one of that name")
    code = cls.__new__.__code__.co_code if isinstance(cls.__new__, pytypes.FunctionType) else b""
    fields = (getattr(cls, "_fields", ()), repr(getattr(cls, "_field_defaults", "")))
    return "class", has_name(cls), cls.__module__, cls.__qualname__, fields, code


def _library(x: object, path: str) -> tuple:
    """Return the name of what belongs to a library, or has a rule."""
    if isinstance(x, pytypes.ModuleType):
        return "module", x.__name__
    if isinstance(x, np.dtype):
        return "dtype", str(x), repr(x.descr if x.names else "")
    if isinstance(x, types.Type):
        return "type", type_name(x)
    kernel = kernel_of(x)
    if kernel is not None:
        return "ufunc", jit_options(x), closed(kernel, path)
    name = getattr(x, "__qualname__", None) or getattr(x, "__name__", "")
    for home in (getattr(x, "__module__", None), *_HOMES):
        module = sys.modules.get(home or "")
        if module is None or home.partition(".")[0] not in LIBRARIES:
            continue
        found: object = module
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is x:
            return "library", home, name
    raise NotKept(f"{path} is an object of a library that has no name")


# ---------------------------------------------------------------- arguments


def type_name(ty: object) -> object:
    """Return what tells the type of an argument from all others."""
    if isinstance(ty, types.Omitted):
        return "omitted"  # its value is a default of the function, which is among its dependencies
    if isinstance(ty, types.Dispatcher):
        f = derivative_in(getattr(ty.dispatcher, "fixed", ty.dispatcher))
        return "function", stable(dependencies(f)), jit_options(ty.dispatcher)
    if isinstance(ty, types.BaseNamedTuple) and ty.instance_class in CLASSES_OF_FIELDS:
        raise NotKept(f"an argument is an instance of {ty.instance_class.__name__}, whose methods are none of its type")
    if isinstance(ty, types.BaseTuple):
        cls = named_class(ty.instance_class) if isinstance(ty, types.BaseNamedTuple) else type(ty).__name__
        return cls, [type_name(t) for t in ty]
    if isinstance(ty, types.Array) and isinstance(ty.dtype, _ITEMS):
        return str(ty)
    if isinstance(ty, types.List):
        return "list", ty.reflected, type_name(ty.dtype)
    if isinstance(ty, types.Optional):
        return "optional", type_name(ty.type)
    if isinstance(ty, _PLAIN) or (isinstance(ty, types.Literal) and isinstance(ty.literal_value, int | str)):
        return str(ty)
    raise NotKept(f"an argument is {ty}")


# ---------------------------------------------------------------- rules and types of the user's


def closed(f: object, path: str, within: tuple = ()) -> list[tuple]:
    """Return the entries of a function that Numba compiles at a time of its own, and that finds no values around it.

    What Numba has compiled before knows the values of that time, which nothing tells.
    """
    found = stable(dependencies(f), within)
    if any(kind in ("value", "array", "container", "object") for kind, _, _ in found):
        raise NotKept(f"{path} may have been compiled with other values of what it finds around it")
    return found


def _of_rule(rule: registry.Rule, within: tuple) -> tuple:
    """Return what a rule of the user's is made of."""
    if rule in within:
        return (rule.name,)
    flags = (rule.kind, rule.arity, rule.cheap, rule.singular, rule.pole, rule.overflows, rule.fixed)
    bodies = []
    for f, body in ((rule.function, rule.body), (rule.reverse_function, rule.vjp)):
        if f is not None:
            if any(f.__globals__.get(name, value) is not value for name, value in body.namespace.items()):
                raise NotKept(f"what the rule {rule.name} finds around it has changed")
            bodies.append(stable(dependencies(f), (*within, rule)))
    return rule.name, flags, bodies


def _of_custom(rule: CustomRule) -> tuple:
    """Return what tells a function with a rule of its own from others, beside what the rule is made of."""
    return _ruled(rule.function) if rule.is_opaque else ("function",)


def _ruled(f: object, within: tuple = ()) -> tuple:
    """Return what tells a callable that has a rule of the user's from others."""
    module, name = getattr(f, "__module__", None) or "", getattr(f, "__qualname__", None) or getattr(f, "__name__", "")
    is_of_library = module.partition(".")[0] in (*LIBRARIES, "")
    if not is_of_library and (hasattr(f, "py_func") or isinstance(f, pytypes.FunctionType)):
        return "function", closed(getattr(f, "py_func", f), name, within), jit_options(f)
    if is_of_library and not isinstance(f, registry.OwnRule):
        return "library", module, name
    raise NotKept(f"the rule of {name} is that of an object")


def _extension(f: object) -> tuple:
    """Return what somebody has added to Numba: the package, the function that chooses an overload, or its file."""
    name = f.__globals__["__name__"] if isinstance(f, pytypes.FunctionType) else f.__module__
    package = _package(name.partition(".")[0])
    if package is not None:
        return package
    if isinstance(f, pytypes.FunctionType):
        return "overload", closed(f, f.__qualname__)
    try:
        return "template", name, hashlib.blake2b(Path(sys.modules[name].__file__).read_bytes()).hexdigest()
    except (OSError, TypeError, KeyError, AttributeError):
        raise NotKept(f"{f} is an extension of Numba without a file") from None


@functools.cache
def _package(name: str) -> tuple | None:
    """Return what tells the state of an installed package from others; None for what is not installed."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or not {"site-packages", "dist-packages"} & set(Path(file).parts):
        return None
    files = sorted(Path(file).parent.rglob("*")) if file.endswith("__init__.py") else [Path(file)]
    states = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.suffix not in (".pyc", "")]
    return "package", name, digest_of(states)
