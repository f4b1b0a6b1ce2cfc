"""What the dispatcher of a derivative asks before it compiles, and tells when it has."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..compiler.lowering.dependencies import Dependency
from ..compiler.runtime.numba_bridge.stored import Keeper
from . import store
from .keys import key_of, plain

MOST_SHOWN = 300
"""Dependencies that a manifest lists; a long list among them has one for each item. The key is made of all."""


class KeptDerivative(Keeper):
    """The entries of one derivative, by the types of the arguments.

    Attributes
    ----------
    about, restored : callable
        The one takes the types of the arguments and returns what else is to be known of the code compiled for them, for
        JSON; the other takes both when that code is loaded.
    reasons : dict
        Why there is none, by types.
    """

    def __init__(self, name: str, what: tuple, entries: tuple[Dependency, ...], about: Callable, restored: Callable):
        self.name, self.what, self.entries, self.about, self.restored = name, what, entries, about, restored
        self.keys: dict[tuple, str] = {}
        self._open: dict[
            tuple, tuple[dict, float]
        ] = {}  # what is being compiled: what goes into its key, and since when
        self.reasons: dict[tuple, str] = {}

    def load(self, given: tuple) -> tuple[str | None, bytes | None]:
        """Return the key for some types, and the code of the entry; None where there is none."""
        folder = store.current()
        if folder is None:
            return None, None
        try:
            key, parts = key_of(self.what, self.entries, given)
        except Exception as reason:  # NotKept; whatever else it is, it must not be in the way
            self.reasons[given] = str(reason)
            return None, None
        self.keys[given] = key
        entry = folder.load(key)
        if entry is None:
            self._open[given] = parts, time.perf_counter()
            return key, None
        self.restored(given, entry.manifest["about"])
        return key, entry.code

    def save(self, given: tuple, freeze: Callable) -> str | None:
        """Write what has been compiled for some types; return its key."""
        folder = store.current()
        parts, start = self._open.pop(given, (None, 0.0))
        if folder is None or parts is None:
            return None
        try:
            code, own = freeze(), self.about(given)
        except Exception as reason:
            self.reasons[given] = str(reason)
            return None
        seconds = round(time.perf_counter() - start, 3)
        about = {"name": self.name, "seconds": seconds, "about": own}
        shown = parts | {"dependencies": parts["dependencies"][:MOST_SHOWN]}
        folder.save(self.keys[given], {**about, **plain(shown)}, code)
        return self.keys[given]

    def drop(self, given: tuple) -> None:
        folder = store.current()
        if folder is not None and given in self.keys:
            folder.drop(self.keys[given])
            self._open[given] = key_of(self.what, self.entries, given)[1], time.perf_counter()
