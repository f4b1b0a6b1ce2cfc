"""What the dispatcher of a derivative asks before it compiles, and tells when it has."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..compiler.lowering.dependencies import Dependency
from ..compiler.runtime.numba_bridge.stored import Keeper, NotKept
from . import store
from .keys import key_of


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
        self.keys: dict[tuple, tuple[str, dict, float]] = {}
        self.reasons: dict[tuple, str] = {}

    def load(self, given: tuple) -> tuple[str | None, bytes | None]:
        """Return the key for some types, and the code of the entry; None where there is none."""
        folder = store.current()
        if folder is None:
            return None, None
        try:
            key, manifest = key_of(self.what, self.entries, given)
        except NotKept as reason:
            self.reasons[given] = str(reason)
            return None, None
        self.keys[given] = key, manifest, time.perf_counter()
        entry = folder.load(key)
        if entry is None:
            return key, None
        self.restored(given, entry.manifest["about"])
        return key, entry.code

    def save(self, given: tuple, freeze: Callable) -> str | None:
        """Write what has been compiled for some types; return its key."""
        folder = store.current()
        if folder is None or given not in self.keys:
            return None
        key, manifest, start = self.keys[given]
        try:
            code = freeze()
        except NotKept as reason:
            self.reasons[given] = str(reason)
            return None
        seconds = round(time.perf_counter() - start, 3)
        about = {"name": self.name, "seconds": seconds, "about": self.about(given)}
        folder.save(key, {**about, **manifest}, code)
        return key

    def drop(self, given: tuple) -> None:
        folder = store.current()
        if folder is not None and given in self.keys:
            folder.drop(self.keys[given][0])
