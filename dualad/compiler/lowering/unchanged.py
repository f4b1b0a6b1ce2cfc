"""Whether all that a function depends on is what it was, told by identities in a fraction of a microsecond.

`dependencies` goes through everything anew and compares by content, which takes tens of microseconds. On its way it
notes here where each value stood that it has met: in which globals, in which cell, in which module. Where each of these
places still holds the very same object, and all of these objects are of a kind that cannot change (numbers, strings,
tuples of such, functions whose own code and defaults are looked at in their turn, what libraries have), another walk
would say the same::

    K = 2.0
    def f(x): return K * model.scale * math.exp(x)

    (globals of f, "K", 2.0), (globals of f, "model", model), (vars(model), "scale", 3.0), (globals of f, "math", math)

A function that reads anything else (an array, a list, a dict, an object, what has a rule of the user's) has no such
notes: of these the content counts, and there is no shorter way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CellType, EllipsisType, FunctionType, ModuleType, NoneType

import numpy as np

from ...rules import registry

_ABSENT = object()
_CONSTANT = frozenset({int, float, complex, bool, str, bytes, NoneType, EllipsisType})


class Seen:
    """Where the values stood that a walk through a function has met; `is_told` is False if that does not tell enough.

    `made` is for what has been made of the function as it is: whoever makes something may keep it there.
    """

    def __init__(self):
        self.is_told = True
        self.generation = registry.generation
        self.of: object = None
        self.root: FunctionType | None = None
        self.itself: FunctionType | None = None
        self.around: dict | None = None
        self.defaults: tuple | None = None
        self.closure: list[tuple[int, object]] = []
        self.names: list[tuple[dict, str, object]] = []
        self.cells: list[tuple[CellType, object]] = []
        self.functions: list[tuple] = []
        self.jitted: list[tuple] = []
        self.has_names_alone = False
        self.made: dict = {}

    # ---------------------------------------------------------------- what the walk notes

    def give_up(self) -> None:
        """Say that something has been met whose content counts."""
        self.is_told = False

    def begin(self, f: object) -> None:
        """Say where the walk begins. Of a function all that counts is what it has, of anything else what it is."""
        self.of = f
        if isinstance(f, FunctionType):
            self.of, self.root = f.__code__, f
            self.around, self.defaults = f.__globals__, f.__defaults__

    def function(self, f: FunctionType) -> None:
        if f.__kwdefaults__:
            self.give_up()
        if f is not self.root:
            self.functions.append((f, f.__code__, f.__defaults__))

    def again(self, f: object) -> None:
        """Note that something is met once more. The function of the beginning then counts as itself, as others do."""
        if f is self.root and isinstance(f, FunctionType):
            self.itself = f

    def value_of(self, f: FunctionType, name: str, cell: int, value: object) -> None:
        """Note the value of a free name of a function; `cell` is -1 for a global."""
        if cell < 0:
            self.names.append((f.__globals__, name, value))
        elif f is self.root:
            self.closure.append((cell, value))
        else:
            self.cells.append((f.__closure__[cell], value))

    def dispatcher(self, f: object, function: FunctionType) -> None:
        """Note what function a jitted one is made of."""
        self.jitted.append((f, function))

    def absent(self, f: FunctionType, name: str) -> None:
        """Note that a name is no global, but one of Python's own."""
        self.names.append((f.__globals__, name, _ABSENT))

    def member(self, module: ModuleType, name: str, value: object) -> None:
        self.names.append((module.__dict__, name, value))

    def constant(self, x: object) -> None:
        """Take a number or a string, if no one can write into it."""
        if type(x) not in _CONSTANT and not (isinstance(x, np.number | np.bool_) and type(x).__module__ == "numpy"):
            self.give_up()

    # ---------------------------------------------------------------- what they are for

    def others_hold(self, f: object) -> bool:
        """Whether what is no global, and no attribute of a module, is what it was."""
        if self.itself is not None and f is not self.itself:
            return False
        try:
            for k, value in self.closure:
                if f.__closure__[k].cell_contents is not value:
                    return False
            for cell, value in self.cells:
                if cell.cell_contents is not value:
                    return False
        except ValueError:  # it is empty now
            return False
        for function, code, defaults in self.functions:
            if function.__code__ is not code or function.__defaults__ is not defaults or function.__kwdefaults__:
                return False
        for dispatcher, function in self.jitted:
            if dispatcher.py_func is not function:
                return False
        return True


_MOST = 256
_seen: dict[int, Seen] = {}
"""By the identity of the code, or of what is no function; each keeps alive what it is known by."""


def keep(f: object, seen: Seen) -> dict | None:
    """Keep the notes of a walk through `f`; return the place for what is made of it, None if they tell too little."""
    if not seen.is_told:
        return None
    if len(_seen) >= _MOST:
        _seen.clear()
    seen.root = None
    seen.has_names_alone = not (seen.closure or seen.cells or seen.functions or seen.jitted or seen.itself)
    _seen[id(f.__code__) if type(f) is FunctionType else id(f)] = seen
    return seen.made


def made_of(f: Callable) -> dict | None:
    """Return what has been made of a function and is what would be made now; None where that cannot be told."""
    if type(f) is FunctionType:
        seen = _seen.get(id(f.__code__))
        if id(f) in registry.ruled:  # its code may be that of other functions, without a rule
            return None
        if seen is None or f.__globals__ is not seen.around or f.__defaults__ is not seen.defaults:
            return None
        if f.__kwdefaults__:
            return None
    else:
        seen = _seen.get(id(f))
        if seen is None:
            return None
    if seen.generation != registry.generation:
        return None
    for names, name, value in seen.names:
        if names.get(name, _ABSENT) is not value:
            return None
    return seen.made if seen.has_names_alone or seen.others_hold(f) else None
