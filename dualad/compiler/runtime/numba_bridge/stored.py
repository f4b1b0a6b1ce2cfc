"""Native code that goes to disk and comes back: how a compiled derivative is taken apart and put together again.

Numba does the same for `@njit(cache=True)`; what it hands over there is pickled here: object code, descriptions and
environments. Of the types of the arguments the live ones are put back in, since a function among them is another object
in every process. Exceptions and named tuples of a script, which other processes cannot import, have tokens
(`token_of`); what else cannot be found again by its name is not pickled at all.

Symbols of compiled functions carry a number. Numba counts from 1 in every process, so code that comes from two of them
may have one symbol for two functions, of which LLVM takes either. Here the count begins at a random place.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import pickle
import random
import sys
import types as pytypes
import weakref
from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol

import llvmlite
import llvmlite.binding as llvm
import numba
from numba import types
from numba.core import config, serialize
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.environment import Environment, lookup_environment
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys
from numba.core.serialize import NumbaPickler
from numba.core.typing.templates import builtin_registry
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc
from numba.np.ufunc.parallel import _launch_threads

__all__ = [
    "Keeper",
    "Kept",
    "NotKept",
    "classes_by_token",
    "code_generation",
    "code_settings",
    "extensions",
    "freeze",
    "has_name",
    "is_nameable",
    "jit_options",
    "keep_out_of_numbas_cache",
    "kernel_of",
    "thaw",
    "token_of",
]

_OF_THE_RUN = ("NUM_THREADS", "CACHE_DIR", "CACHE_LOCATOR_CLASSES", "DISABLE_JIT", "DEVELOPER_MODE", "WARNINGS")
"""Settings of Numba that do not change what it compiles."""


def _number_symbols_apart() -> None:
    """Let the numbers in the names of compiled functions be those of no other process."""
    FunctionIdentity._unique_ids = itertools.count(random.SystemRandom().getrandbits(48) << 14)


_number_symbols_apart()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_number_symbols_apart)


_ON_THREADS = "numba_parallel_for"
"""What code for several threads calls, which is there when the threads are."""


class NotKept(Exception):
    """Why something cannot be put on disk."""


_classes: weakref.WeakValueDictionary[tuple, type] = weakref.WeakValueDictionary()
_tokens: weakref.WeakKeyDictionary[type, tuple] = weakref.WeakKeyDictionary()


def token_of(cls: type) -> tuple[str, str, int]:
    """Return what compiled code calls a class that has no name for other processes, such as one of a script.

    It is the same in every process, with a 0 at its end, for the first class of that name.
    """
    if cls not in _tokens:
        count = 0
        while (cls.__module__, cls.__qualname__, count) in _classes:
            count += 1
        _tokens[cls] = token = (cls.__module__, cls.__qualname__, count)
        _classes[token] = cls
    return _tokens[cls]


def class_of(token: tuple) -> type:
    """Return the class of this process that a token means."""
    return _classes[token]


class _InCode(NumbaPickler):
    """Pickles what stands in compiled code: classes without a name by their tokens, and takes note of what has none."""

    tokens: ClassVar[dict] = {}
    """The tokens in the code that is being compiled; None for what is pickled by what it is made of."""

    def reducer_override(self, x: object) -> object:
        if isinstance(x, type | pytypes.FunctionType) and not has_name(x):
            if isinstance(x, type) and is_nameable(x):
                self.tokens[token_of(x)] = True
                return class_of, (token_of(x),)
            self.tokens[None] = True
        return super().reducer_override(x)


def is_nameable(cls: type) -> bool:
    """Whether nothing matters of a class but which one it is: an exception, a named tuple."""
    return issubclass(cls, BaseException) or (issubclass(cls, tuple) and hasattr(cls, "_fields"))


def _dumps(x: object) -> bytes:
    file = io.BytesIO()
    _InCode(file, protocol=4).dump(x)
    return file.getvalue()


@contextlib.contextmanager
def classes_by_token() -> Iterator[dict]:
    """Let compiled code name the classes that it raises and makes as other processes can; gives the tokens in it.

    Numba pickles them into the code, those of a script by what they are made of: another process would make new ones.
    """
    before, old = dict(_InCode.tokens), serialize.dumps
    _InCode.tokens.clear()
    serialize.dumps = _dumps
    try:
        yield _InCode.tokens
    finally:
        serialize.dumps = old
        _InCode.tokens.update(before)


class _Pickler(NumbaPickler):
    """Pickles the types of the arguments by their places, and nothing by what it is made of."""

    def __init__(self, file: io.BytesIO, given: tuple):
        super().__init__(file, protocol=5)
        self.places = {id(ty): place for place, ty in _places(given)}

    def persistent_id(self, x: object) -> object:
        return self.places.get(id(x)) if isinstance(x, types.Type) else None

    def reducer_override(self, x: object) -> object:
        if isinstance(x, type | pytypes.FunctionType) and not has_name(x):
            if isinstance(x, type) and is_nameable(x):
                return class_of, (token_of(x),)
            raise NotKept(f"{x.__qualname__} cannot be found by its name in another process")
        if isinstance(x, Environment):
            return _environment, (x.globals.get("__name__"), x.consts, x.env_name)
        return super().reducer_override(x)


def _environment(module: str, constants: list, name: str) -> Environment:
    """Return the environment of a compiled function; its module, which only object mode looks at, is not imported.

    Numba's own way imports it, for np.sum and the like half of Numba, and SciPy's BLAS: half a second.
    """
    found = lookup_environment(name)
    if found is None:
        known = sys.modules.get(module)
        found = Environment({"__name__": module} if known is None else known.__dict__)
        found.consts[:] = constants
        found.env_name = name
        Environment._memo[name] = found
    return found


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, given: tuple):
        super().__init__(file)
        self.types = dict(_places(given))

    def persistent_load(self, place: object) -> object:
        return self.types[place]


def _places(given: tuple, above: tuple = ()) -> Iterator[tuple[tuple, object]]:
    """Yield (place, type) of the types of arguments, and of those in tuples."""
    for k, ty in enumerate(given):
        yield (*above, k), ty
        if isinstance(ty, types.BaseTuple):
            yield from _places(tuple(ty), (*above, k))


def has_name(x: object) -> bool:
    """Whether a class or a function is what other processes find, too, by its module and its name."""
    module = sys.modules.get(getattr(x, "__module__", None) or "")
    if module is None or module.__name__ in ("__main__", "__mp_main__"):
        return False
    found: object = module
    for part in x.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is x


def freeze(result: object, given: tuple) -> bytes:
    """Return what a compiled function is made of.

    Parameters
    ----------
    result : CompileResult
    given : tuple of Numba types
        Those of the arguments.

    Raises
    ------
    NotKept
        If it holds addresses of this process, or objects that another one cannot find.
    """
    names = [g.name for g in result.library._final_module.global_variables]
    if any(name.startswith(".numba.unresolved$") for name in names):
        raise NotKept("functions that call each other are linked when they are loaded")
    if any(name.startswith("numba.dynamic.globals") and name != _MARK for name in names):
        raise NotKept("it holds addresses, such as that of an array of more than a megabyte or a C function")
    if any(not x.can_cache for x in result.lifted):
        raise NotKept("it has parts that run in Python")
    module = result.library._final_module
    tokens = _tokens_in(result.library)
    if None in tokens or any(token[-1] for token in tokens):
        raise NotKept("it makes objects of classes that other processes do not have")
    declared = [x.name for found in (module.functions, module.global_variables) for x in found if x.is_declaration]
    outside = sorted(name for name in declared if not name.startswith("llvm."))
    file = io.BytesIO()
    try:
        _Pickler(file, given).dump((outside, tuple(tokens), result._reduce()))
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise NotKept(str(error)) from None
    return file.getvalue()


def _tokens_in(library: object) -> set:
    """Return the tokens of the classes in a library and in those that it is made of."""
    todo, seen, found = [library], set(), set()
    while todo:
        part = todo.pop()
        if id(part) not in seen:
            seen.add(id(part))
            found.update(getattr(part, "tokens_of_dualad", ()))
            todo += part._linking_libraries
    return found


def thaw(frozen: bytes, given: tuple) -> object:
    """Return a compiled function from what `freeze` has made of it.

    Raises
    ------
    NotKept
        If it calls a function that this process does not have (yet): LLVM ends the process over one. If it needs a
        class without a name that this process has not met.
    """
    outside, tokens, parts = _Unpickler(io.BytesIO(frozen), given).load()
    if not all(token in _classes for token in tokens):
        raise NotKept("it makes objects of classes that this process does not have")
    target = cpu_target.target_context
    rtsys.initialize(target)
    missing = [name for name in outside if not llvm.address_of_symbol(name)]
    if missing:
        target.refresh()  # what Numba and its extensions bring for compiling takes longer than all the rest
        if _ON_THREADS in missing:
            _launch_threads()
        missing = [name for name in missing if not llvm.address_of_symbol(name)]
    if missing:
        raise NotKept(f"it calls {', '.join(missing)}, which this process does not have")
    return CompileResult._rebuild(target, *parts)


class Keeper(Protocol):
    """What knows, for a function, the code that was compiled before for some types of arguments."""

    def load(self, given: tuple) -> tuple[str | None, bytes | None]:
        """Return the key of the code, None if none is to be kept, and the frozen code, None if there is none."""

    def save(self, given: tuple, freeze: Callable[[], bytes]) -> str | None:
        """Take what was compiled; return its key, None if it is not kept."""

    def drop(self, given: tuple) -> None:
        """Forget code that could not be loaded."""


class Kept(NullCache):
    """What a dispatcher asks before it compiles, and tells when it has."""

    _results: weakref.WeakValueDictionary = weakref.WeakValueDictionary()
    """Libraries of this process by their keys: the symbols of one must not be loaded twice."""

    def __init__(self, keeper: Keeper):
        self.keeper = keeper

    def load_overload(self, sig: tuple, target_context: object) -> object:
        given = tuple(sig)
        key, frozen = self.keeper.load(given)
        if frozen is None:
            return None
        library = self._results.get(key)
        if library is not None:
            known = library.result_of_dualad
            alike = tuple(known.signature.args) == given
            return known._replace(metadata=None) if alike else None  # Numba times each compilation once
        try:
            result = thaw(frozen, given)
        except Exception:  # whatever is wrong with an entry, it can be made anew
            self.keeper.drop(given)
            return None
        self.remember(key, result)
        return result

    def save_overload(self, sig: tuple, result: object) -> None:
        given = tuple(sig)
        key = self.keeper.save(given, lambda: freeze(result, given))
        if key is not None and key not in self._results:
            self.remember(key, result)

    def remember(self, key: str, result: object) -> None:
        result.library.result_of_dualad = result
        self._results[key] = result.library


_MARK = "numba.dynamic.globals.dualad"


def keep_out_of_numbas_cache(library: object) -> None:
    """Let Numba not cache what a library becomes a part of.

    Numba looks at the file of the function that has `cache=True`, and not at what it calls. This is how Numba itself
    marks code that holds addresses; it warns of it.
    """
    library.add_llvm_module(llvm.parse_assembly(f"@{_MARK} = weak global i8 0"))


def code_generation() -> tuple:
    """Return what native code depends on, whatever is compiled, as long as the process lives: versions, processor."""
    versions = (numba.__version__, llvmlite.__version__, llvm.llvm_version_info)
    return versions, cpu_target.target_context.codegen().magic_tuple()


def code_settings() -> tuple:
    """Return the settings of Numba that change what it compiles."""
    return tuple(
        (name, value)
        for name, value in sorted(vars(config).items())
        if name.isupper() and name not in _OF_THE_RUN and isinstance(value, bool | int | float | str | None)
    )


def jit_options(f: object) -> tuple | None:
    """Return what a function was told when it was jitted, as texts; None for what is not jitted."""
    if isinstance(f, Dispatcher):
        options = sorted((name, repr(value)) for name, value in f.targetoptions.items() if name != "cache")
        declared = [] if f._can_compile else sorted(map(str, f.overloads))
        return tuple(options), tuple(declared), tuple(sorted((k, str(v)) for k, v in (f.locals or {}).items()))
    if isinstance(f, DUFunc):
        declared = [] if not f._frozen else sorted(map(str, f.types))
        options = sorted((name, repr(value)) for name, value in f.targetoptions.items() if name != "cache")
        return tuple(options), tuple(declared), (str(f.identity),)
    return (repr(type(f)), str(getattr(f, "signature", ""))) if isinstance(f, GUFunc) else None


def kernel_of(f: object) -> object | None:
    """Return the function that a ufunc goes through arrays with, if it was jitted; None for all else."""
    return f._dispatcher.py_func if isinstance(f, DUFunc) else None


def extensions(libraries: frozenset[str]) -> list[object]:
    """Return what has been added to Numba by others than some libraries: functions, or classes of templates."""
    found = []
    templates = [*builtin_registry.functions, *builtin_registry.attributes]
    templates += [t for _, ty in builtin_registry.globals for t in getattr(ty, "templates", ())]
    for template in templates:
        maker = _maker(template)
        module = maker.__globals__["__name__"] if isinstance(maker, pytypes.FunctionType) else maker.__module__
        if module.partition(".")[0] not in libraries:
            found.append(maker)
    return list(dict.fromkeys(found))


def _maker(template: type) -> object:
    """Return the function that somebody has written for a template, or the template if that is what is written."""
    maker = getattr(template, "_overload_func", None) or getattr(template, "_definition_func", None)
    if maker is None and template.__module__ == "abc":  # made by `type_callable` of a function that it holds
        cells = getattr(template.generic, "__closure__", None) or ()
        maker = next((c.cell_contents for c in cells if isinstance(c.cell_contents, pytypes.FunctionType)), None)
    maker = getattr(maker, "py_func", maker)
    return maker if isinstance(maker, pytypes.FunctionType) else template
