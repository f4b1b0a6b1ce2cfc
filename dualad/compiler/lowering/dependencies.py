"""What a derivative depends on, in one place: what must be as it was for a derivative to be still that of its function.

`dependencies(f)` goes through a function as lowering does: its code, its defaults, the globals and captured values that
it reads, the attributes that it reads of modules, classes and other objects, what tuples, lists and dicts among these
hold, and so on for every function that it reaches. Each is an entry (kind, path, fingerprint); the path says how it is
reached from the function::

    K = 2.0
    def f(x): return K * model.scale * helper(x)

    ("setting", "vector math", True)
    ("code", "f", "9f2c...")                         digest of the compiled code
    ("place", "f", ("model.py", 12))
    ("value", "f.K", ("float", "0x1.0000000000000p+1"))
    ("code", "f.helper", "77ab...")
    ...

===========  =======================================================================================================
kind         fingerprint
===========  =======================================================================================================
setting      value of a setting
structure    class and keys of an argument that is a dict, an object or the like; leaf: a number or an array in it
code, place  digest of the code of a function; file and line, which error messages name
value        a number, a string, None: type and exact value (1, 1.0, True, 0.0 and -0.0 are different ones)
array        class, dtype, shape, order and digest of the content
container    class of a tuple, a list or a dict, and keys; the items follow as entries of their own
again        number of the entry at which something stands that has been met before
primitive    what has a rule of the user's in the registry: the rule, and what a def among them depends on
rule         of the user's for a function (`rules.custom`): the rule itself; its functions follow as entries
library      a function, class or module of a library (`LIBRARIES`), or what has a rule: the object itself
derivative   kind and options of a derivative, and its own dependencies
object       any other object, where more is done with it than that attributes are read: the object itself; its class,
             if nothing but attributes can be read of it
options      of a ufunc that Numba compiles, and of a function that runs on several threads: how it does
computed     an attribute that only the user's own code can tell, which lowering refuses; missing: one not there (yet)
function     the function itself, if something is missing: what it will be depends on more than what is known
===========  =======================================================================================================

Entries are compared in memory, where an object is itself. For other processes and disks there is `portable`.

`fixed(f)` makes the function anew with all this as it is now: the values are copies, and later changes do not reach it.
It is what is compiled, so that nothing that lowering reads can be missing in the list: it would not find it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
import types
from weakref import WeakValueDictionary

import numpy as np
from numba.typed import List

from ...rules import registry
from ...rules.custom import CustomRule, find_custom
from ..runtime.numba_bridge import derivative_in, inner_njit, is_jitted, is_jitted_ufunc
from ..runtime.numba_bridge.kernels import kernel_of
from ..runtime.numba_bridge.objects import (
    CLASSES_OF_FIELDS,
    Members,
    instance_type,
    members_of,
    runs_parallel,
)
from ..runtime.numba_bridge.stored import jit_options
from ..runtime.vector_math import uses_vector_math
from .callables import call_of, is_library
from .classes import INSTANCES, is_structured, jitclass_of, of_instance
from .fingerprints import Itself, exact, has_rule, is_plain, kind_of, users_rule
from .reads import COMPUTED, MISSING, WHOLE, Fixed, Instances, Method, Property, Use, attribute, reads_of
from .source import Differentiated, FixedGlobals, digest, python_function
from .structures import Constant, Form
from .unchanged import Seen

Dependency = tuple[str, str, object]

_LIVE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, np.ufunc, np.dtype)  # hashable as such


def dependencies(f: object, forms: tuple = ()) -> tuple[Dependency, ...]:
    """Return what the derivatives of a function, or of a derivative, depend on as things are now.

    Among it are the constants in arguments of some forms (position, `structures.Form`), and their classes.
    """
    return dependencies_and_seen(f, forms)[0]


def dependencies_and_seen(f: object, forms: tuple = ()) -> tuple[tuple[Dependency, ...], Seen]:
    """Return what `dependencies` does, and where it was met."""
    walk = _Walk(False)
    walk.go(f, forms)
    return tuple(walk.entries), walk.seen


def fixed(f: object, forms: tuple = ()) -> tuple[object, list[types.FunctionType], tuple]:
    """Return a function with all that it depends on as it is now, the functions that it reaches, and its forms."""
    walk = _Walk(True)
    function, forms = walk.go(f, forms)
    return function, walk.functions, forms


def portable(entries: tuple[Dependency, ...]) -> str:
    """Return a digest of entries that is the same in every process of the same Python version.

    It is without the places of functions and without objects that are known by their identity: entries of the kinds
    object and function are for this process alone.
    """
    kept: list = [sys.version_info[:2]]
    for kind, path, fingerprint in entries:
        if kind == "derivative":
            fingerprint = (fingerprint[0], portable(fingerprint[1]))
        elif kind == "library":
            fingerprint = getattr(fingerprint, "__name__", None) or repr(fingerprint)
        if kind not in ("place", "object", "function"):
            kept.append((kind, path, fingerprint))
    return hashlib.blake2b(repr(kept).encode(), digest_size=16).hexdigest()


@functools.lru_cache(maxsize=256)
def _jitted_primitive(rule: registry.Rule, function: Itself, around: tuple) -> object:
    """Return a jitted function with the rule of a def, or of a callable without a hash, as things are now."""
    made = function.object
    if not isinstance(made, types.FunctionType):
        names = ", ".join(f"a{k}" for k in range(rule.arity or 1))
        namespace = {"f": made, "__name__": rule.function.__module__ if rule.function else "user"}
        exec(f"def {rule.name}({names}): return f({names})", namespace)  # noqa: S102
        made = namespace[rule.name]
    made = inner_njit(made)
    registry.share(made, rule)
    return made


_copies: WeakValueDictionary[tuple, np.ndarray] = WeakValueDictionary()
"""Copies of arrays by their fingerprints: derivatives that depend on the same numbers share them."""


class _Walk:
    """One way through all that a function depends on; what it meets is copied if `copying`."""

    def __init__(self, copying: bool):
        self.copying = copying
        self.seen = Seen()
        self.entries: list[Dependency] = [("setting", "vector math", uses_vector_math())]
        self.functions: list[types.FunctionType] = []
        self.met: dict[int, tuple[int, object, object]] = {}  # id to (number of the entry, what it is, its copy)
        self.objects: dict[int, Fixed] = {}
        self.queue: list[tuple] = []
        self.attributes: set[str] = set()
        self.whole: list[tuple[Fixed, str, set]] = []  # the objects of which anything may be read
        self.late = False
        self.jitclasses: dict[object, tuple[int, Members]] = {}
        self.bound: dict[tuple, types.FunctionType] = {}  # the functions of methods and partials

    def go(self, f: object, forms: tuple = ()) -> tuple[object, tuple]:
        function = python_function(f)
        self.seen.begin(f)
        if forms or not (isinstance(f, types.FunctionType | Differentiated) or is_jitted(type(f))):
            self.seen.give_up()
        elif function is not None and f is not function:
            self.seen.dispatcher(f, function)
        name = getattr(f if function is None else function, "__name__", "f")
        is_whole = function is None or find_custom(f) is not None or users_rule(f) is not None
        out = self.visit(f, name, WHOLE) if is_whole else self.function(function, name)
        if self.copying and function is not None and f is not function and not isinstance(out, CustomRule):
            out.stands_for = f
        if function is not None and runs_parallel(f):
            self.seen.give_up()
            self.entries.append(("options", name, jit_options(f)))
        forms = tuple((k, self.form(form, f"{name}({k})")) for k, form in forms)
        self.drain()
        count = -1
        while self.whole and count != len(self.entries):  # what is found may be another function, with further reads
            count = len(self.entries)
            for copy, path, done in self.whole:
                for attr in sorted(self.attributes - done):
                    done.add(attr)
                    self.member(copy, attr, path, WHOLE, False)
            self.drain()
        if self.late:
            self.entries.append(("function", name, Itself(f)))
        return out, forms

    def form(self, form: Form | Constant | None, path: str) -> Form | Constant | None:
        """Add the entries of what is known of an argument beforehand."""
        if form is None:
            self.entries.append(("leaf", path, None))
            return None
        if isinstance(form, Constant):
            return Constant(self.visit(form.value, path, WHOLE))
        self.entries.append(("structure", path, (Itself(form.cls), form.keys, form.kinds)))
        if form.cls is List or form.cls is np.recarray:
            self.entries.append(("structure", path, form.aux))
            return form._replace(items=tuple(self.form(x, f"{path}[{k}]") for k, x in enumerate(form.items)))
        if form.cls in CLASSES_OF_FIELDS:
            self.entries.append(("structure", path, form.aux))
            items = tuple(self.form(x, f"{path}[{k}]") for k, x in enumerate(form.items))
            return form._replace(items=items, around=self.jitclass(CLASSES_OF_FIELDS[form.cls], path))
        items = tuple(self.form(x, f"{path}[{k}]") for k, x in enumerate(form.items))
        if form.make is None:
            return form._replace(items=items)
        aux = None
        if form.aux is not None:
            self.entries.append(("object", path, form.aux))
            aux = (*form.aux, tuple((n, self.visit(v, f"{path}.{n}", WHOLE)) for n, v in form.make.rest))
        around = self.object(Instances(form.cls), path, WHOLE)
        self.member(around, "__call__", path, WHOLE, False)
        return form._replace(items=items, aux=aux, around=around)

    def jitclass(self, ty: object, path: str, members: Members | None = None) -> Members:
        """Add the entries of the methods and properties of a jitclass, all of which may be called."""
        if ty in self.jitclasses:
            self.entries.append(("again", path, self.jitclasses[ty][0]))
            return self.jitclasses[ty][1]
        copy = Members({}, {}, {})
        self.jitclasses[ty] = (len(self.entries), copy)
        self.entries.append(("object", path, Itself(ty)))
        methods, static, properties = members_of(ty) if members is None else members
        for own, found in ((copy.methods, methods), (copy.static, static)):
            own.update((name, self.visit(f, f"{path}.{name}", WHOLE)) for name, f in found.items())
        for name, found in properties.items():
            copy.properties[name] = {k: self.visit(f, f"{path}.{name}", WHOLE) for k, f in found.items()}
        return copy

    def drain(self) -> None:
        for f, copy, path in self.queue:  # it grows meanwhile
            self.read(f, copy, path)
        self.queue = []

    # ---------------------------------------------------------------- functions

    def function(self, f: types.FunctionType, path: str) -> types.FunctionType | None:
        if id(f) in self.met:
            return self.again(f, path)
        copy = _without_surroundings(f) if self.copying else None
        self.meet(f, copy)
        self.seen.function(f)
        self.entries.append(("code", path, digest(f.__code__)))
        self.entries.append(("place", path, (f.__code__.co_filename, f.__code__.co_firstlineno)))
        self.functions.append(f)
        self.queue.append((f, copy, path))
        return copy

    def read(self, f: types.FunctionType, copy: types.FunctionType | None, path: str) -> None:
        """Add the entries of what a function reads."""
        reads = reads_of(f)
        self.attributes |= reads.attributes
        names, closure, builtins = f.__globals__, f.__closure__, f.__builtins__
        for name, k, use in reads.names:
            try:
                value = closure[k].cell_contents if k >= 0 else names[name]
            except (KeyError, ValueError):  # ValueError: the cell is empty
                if k >= 0 or name not in builtins:
                    self.miss(f"{path}.{name}")
                else:
                    self.seen.absent(f, name)
                continue
            self.seen.value_of(f, name, k, value)
            found = self.visit(value, f"{path}.{name}", use)
            if copy is not None and k < 0:
                copy.__globals__[name] = found
            elif copy is not None:
                copy.__closure__[k].cell_contents = found
        if f.__defaults__:
            found = [self.visit(d, f"{path}.defaults[{k}]", WHOLE) for k, d in enumerate(f.__defaults__)]
            if copy is not None:
                copy.__defaults__ = tuple(found)
        if f.__kwdefaults__:
            found = {k: self.visit(d, f"{path}.defaults[{k}]", WHOLE) for k, d in f.__kwdefaults__.items()}
            if copy is not None:
                copy.__kwdefaults__ = found

    def miss(self, path: str) -> None:
        self.entries.append(("missing", path, None))
        self.late = True
        self.seen.give_up()

    # ---------------------------------------------------------------- values

    def visit(self, x: object, path: str, use: Use) -> object:
        """Add the entries of a value; return its copy."""
        if jitclass_of(type(x.value if type(x) is Fixed else x)) is not None and type(x) not in CLASSES_OF_FIELDS:
            return self.instance(x, path)
        kind = kind_of(type(x))
        if kind == "value":
            self.seen.constant(x)
            self.entries.append(("value", path, exact(x)))
            return x
        rule = find_custom(x)
        if rule is not None:
            return self.rule(rule, path)
        primitive = users_rule(x)
        if primitive is not None:
            return self.primitive(x, primitive, path)
        if kind == "library":
            return self.library(x, path)
        if kind == "named":
            known = is_library(x.__name__ if isinstance(x, types.ModuleType) else x.__module__)
            return self.library(x, path) if known or has_rule(x) else self.object(x, path, use)
        if kind == "callable":
            return self.callable(x, path)
        if kind == "derivative":
            return self.derivative(x, path)
        if kind == "object":
            return self.library(x, path) if has_rule(x) else self.object(x, path, use)
        if id(x) in self.met:
            return self.again(x, path)
        return self.array(x, path) if kind == "array" else self.container(x, path)

    def instance(self, x: object, path: str) -> object:
        """Add the entries of an instance of a jitclass: what its fields hold, and its methods; return a `Fixed`."""
        self.seen.give_up()
        if id(x) in self.met:
            return self.again(x, path)
        is_fixed = isinstance(x, Fixed)
        fields = x.value if is_fixed else jitclass_of(type(x))[1]._make(of_instance(x)[0])
        copy = Fixed(None, {}, x)
        self.meet(x, copy)
        members = x.attributes[INSTANCES] if is_fixed else None
        copy.attributes[INSTANCES] = self.jitclass(CLASSES_OF_FIELDS[type(fields)], path, members)
        held = [self.visit(v, f"{path}[{k}]", WHOLE) for k, v in enumerate(fields)]
        copy.value = type(fields)._make(held) if self.copying else fields
        return copy

    def library(self, x: object, path: str) -> object:
        fingerprint: object = x if isinstance(x, _LIVE) else Itself(x)
        if isinstance(x, types.MethodType):  # another object each time that it is read
            fingerprint = Itself(x.__func__), Itself(x.__self__)
        self.entries.append(("library", path, fingerprint))
        return x

    def primitive(self, x: object, rule: registry.Rule, path: str) -> object:
        """Add the entry of what has a rule of the user's in the registry.

        A def, or what has no hash, is a jitted function from here on.
        """
        self.seen.give_up()
        around: object = Itself(x)
        if isinstance(x, types.FunctionType):
            walk = _Walk(False)
            walk.function(x, x.__name__)
            walk.drain()
            around = tuple(walk.entries)
        self.entries.append(("primitive", path, (Itself(rule), around)))
        is_as_it_is = registry.is_hashable(x) and not isinstance(x, types.FunctionType)
        return x if is_as_it_is or not self.copying else _jitted_primitive(rule, Itself(x), around)

    def rule(self, x: CustomRule, path: str) -> CustomRule | None:
        """Add the entries of a function that has a rule of the user's: what the rule is made of."""
        self.seen.give_up()
        if id(x) in self.met:
            return self.again(x, path)
        copy = dataclasses.replace(x) if self.copying else None
        self.meet(x, copy)
        self.entries.append(("rule", path, Itself(x)))
        for name, part in x.parts():
            found = self.function(part, f"{path}.{name}")
            if copy is not None:
                setattr(copy, name, found)
        return copy

    def derivative(self, x: Differentiated, path: str) -> Differentiated:
        self.entries.append(("derivative", path, ((x.what.kind, *x.what.options, x.extra), x.dependencies)))
        return x

    def callable(self, x: object, path: str) -> object:
        """Add the entries of what may be a function of the user's."""
        if is_jitted_ufunc(type(x)):  # lowering calls it by another way than a function
            self.seen.give_up()
            self.function(kernel_of(x).kernel, path)
            self.entries.append(("options", path, jit_options(x)))
            return x
        function = self.function_of(x)
        if function is None or is_library(function.__module__) or registry.find(x) is not None:
            return self.library(x, path)
        behind = derivative_in(x)
        if isinstance(behind, Differentiated):
            return self.derivative(behind, path)
        if runs_parallel(x):  # which its function alone is not
            self.seen.give_up()
            self.entries.append(("options", path, jit_options(x)))
        if is_jitted(type(x)):
            self.seen.dispatcher(x, function)
        elif x is not function:
            self.seen.give_up()
        copy = self.function(function, path)
        if copy is not None and x is not function:
            copy.stands_for = x
        return copy

    def function_of(self, x: object) -> types.FunctionType | None:
        """Return the function behind a callable, the same one for a method that is read twice."""
        if isinstance(x, types.MethodType):
            key = (id(x.__func__), id(x.__self__))
        elif isinstance(x, functools.partial):
            key = (id(x),)
        else:
            return python_function(x)
        if key not in self.bound:
            self.bound[key] = python_function(x)
        return self.bound[key]

    def meet(self, x: object, copy: object) -> None:
        self.met[id(x)] = (len(self.entries), x, copy)

    def again(self, x: object, path: str) -> object:
        self.seen.again(x)
        number, _, copy = self.met[id(x)]
        self.entries.append(("again", path, number))
        return copy

    def array(self, x: np.ndarray, path: str) -> np.ndarray | None:
        self.seen.give_up()
        if x.dtype.hasobject or type(x) is not np.ndarray:
            self.entries.append(("object", path, Itself(x)))
        order = "F" if x.flags.f_contiguous and not x.flags.c_contiguous else "C"
        content = np.asarray(x).ravel(order)
        data = content.tobytes() if x.dtype.hasobject or not x.dtype.itemsize else content.view(np.uint8)
        what = (type(x).__name__, str(x.dtype), x.shape, order, hashlib.blake2b(data, digest_size=16).hexdigest())
        copy = None
        if self.copying:
            copy = _copies.get(what)
            if copy is None:
                copy = _copies[what] = np.array(x, order=order, copy=True, subok=True)
        self.meet(x, copy)
        self.entries.append(("array", path, what))
        return copy

    def container(self, x: tuple | list | dict, path: str) -> object:
        """Add the entries of what a tuple, a list or a dict holds."""
        if type(x) is not tuple:
            self.seen.give_up()
        cls = type(x) if type(x) in (tuple, list, dict) else Itself(type(x))
        if isinstance(x, dict):
            keys = tuple(exact(k) if kind_of(type(k)) == "value" else Itself(k) for k in dict.keys(x))
            copy: object = {}
            self.meet(x, copy)
            self.entries.append(("container", path, (cls, keys)))
            for k, v in dict.items(x):
                copy[k] = self.visit(v, f"{path}[{k!r}]" if kind_of(type(k)) == "value" else f"{path}[...]", WHOLE)
            return copy
        copy = []
        self.meet(x, copy)
        self.entries.append(("container", path, (cls, len(x))))
        items = tuple.__iter__(x) if isinstance(x, tuple) else list.__iter__(x)
        copy += [self.visit(v, f"{path}[{k}]", WHOLE) for k, v in enumerate(items)]
        if isinstance(x, tuple) and self.copying:
            copy = tuple.__new__(type(x), copy)
            self.met[id(x)] = (*self.met[id(x)][:2], copy)
        return copy

    def object(self, x: object, path: str, use: Use) -> object:
        """Add the entries of what is read of an object, a class or a module."""
        if use.whole or not isinstance(x, types.ModuleType):
            self.seen.give_up()
        copy = self.objects.get(id(x))
        if copy is None:
            copy = self.objects[id(x)] = Fixed(x.value if isinstance(x, Fixed) else x, {}, x)
            if isinstance(x, dict):
                copy.value = self.container(x, path)
        if use.whole and not any(copy is other for other, _, _ in self.whole):
            self.whole.append((copy, path, set()))
        if use.whole:
            cls = type(copy.value)
            self.entries.append(("object", path, Itself(cls if is_plain(cls) else copy.value)))
        if use.whole and "__call__" not in copy.attributes:
            if isinstance(x, Fixed):
                self.member(copy, "__call__", path, WHOLE, False)
            elif call_of(x) is not None:
                copy.attributes["__call__"] = self.callable(x, f"{path}.__call__")
        ty = instance_type(copy.value)
        if ty is not None and INSTANCES not in copy.attributes:
            copy.attributes[INSTANCES] = self.jitclass(
                ty, path, x.attributes[INSTANCES] if copy.value is not x else None
            )
        if isinstance(x, type) and INSTANCES not in copy.attributes and is_structured(x):
            copy.attributes[INSTANCES] = self.object(Instances(x), path, WHOLE).attributes
        if isinstance(x, Fixed) and INSTANCES in x.attributes and INSTANCES not in copy.attributes:
            held = Fixed(Instances(x.value), {}, Fixed(x.value, x.attributes[INSTANCES], x))
            self.whole.append((held, path, set()))
            copy.attributes[INSTANCES] = held.attributes
        for attr, inner in use.attributes:
            self.member(copy, attr, path, inner, True)
        return copy

    def member(self, copy: Fixed, attr: str, path: str, use: Use, needed: bool) -> None:
        """Add the entries of an attribute of an object."""
        value = attribute(copy.original, attr)
        if value is MISSING and needed:
            self.miss(f"{path}.{attr}")
        if value is MISSING:
            return
        if isinstance(copy.original, types.ModuleType):
            self.seen.member(copy.original, attr, value)
        if value is COMPUTED:
            self.entries.append(("computed", f"{path}.{attr}", None))
        elif isinstance(value, Property):
            value = Property(self.visit(value.get, f"{path}.{attr}", WHOLE))
        elif isinstance(value, Method):
            value = Method(self.visit(value.function, f"{path}.{attr}", WHOLE))
        else:
            value = self.visit(value, f"{path}.{attr}", use)
        copy.attributes[attr] = value


def _without_surroundings(f: types.FunctionType) -> types.FunctionType:
    """Return a function with the code of another one, and nothing yet in its globals and cells.

    A name that is not known yet is looked for in the function's own surroundings when the copy is lowered.
    """
    names = FixedGlobals({"__name__": f.__globals__.get("__name__"), "__builtins__": f.__builtins__})
    names.live = getattr(f.__globals__, "live", f.__globals__)
    cells = tuple(cell if _is_empty(cell) else types.CellType() for cell in f.__closure__ or ())
    copy = types.FunctionType(f.__code__, names, f.__name__, None, cells)
    copy.__qualname__, copy.__doc__ = f.__qualname__, f.__doc__
    copy.stands_for = getattr(f, "stands_for", f)  # by which Numba may know something else than its body
    return copy


def _is_empty(cell: types.CellType) -> bool:
    try:
        cell.cell_contents
    except ValueError:
        return True
    return False
