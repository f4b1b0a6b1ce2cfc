"""The folder of the disk cache.

An entry is one file, named after its key::

    dualad 1\\n  digest of the rest (32 bytes)  length of the manifest (8 bytes)  manifest (JSON)  pickled code

It is written under another name first, so that no process ever sees a part of it. The time of its last use is that of
the file. Nothing here raises: a folder that cannot be read or written is said once, and compiling goes on without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"dualad 1\n"
ENDING = ".derivative"
MEGABYTE = 10**6
DEFAULT_MEGABYTES = 1000
_ABANDONED = 3600.0
"""Seconds after which a file that a process has begun to write, and has not finished, is taken for lost."""


def folder() -> Path | None:
    """Return the folder of the cache; None if there is to be none.

    DUALAD_CACHE_DIR names another one than that of the system; DUALAD_CACHE=0 switches the cache off.
    """
    if os.environ.get("DUALAD_CACHE", "1") == "0":
        return None
    named = os.environ.get("DUALAD_CACHE_DIR")
    if named:
        return Path(named).expanduser()
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
            return base / "dualad" / "Cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "dualad"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dualad"
    except RuntimeError:  # a user without a home
        return None


def limit() -> int:
    """Return how many bytes the entries may take together (DUALAD_CACHE_MB, in megabytes)."""
    try:
        return int(float(os.environ.get("DUALAD_CACHE_MB", DEFAULT_MEGABYTES)) * MEGABYTE)
    except ValueError:
        return DEFAULT_MEGABYTES * MEGABYTE


@dataclass(frozen=True)
class Entry:
    """What is in an entry: its manifest, and the pickled code."""

    manifest: dict
    code: bytes


def packed(manifest: dict, code: bytes) -> bytes:
    text = json.dumps(manifest).encode()
    body = len(text).to_bytes(8, "little") + text + code
    return MAGIC + hashlib.blake2b(body, digest_size=32).digest() + body


def unpacked(data: bytes) -> Entry | None:
    """Return what is in a file of the cache; None if the file is not as it was written."""
    start = len(MAGIC) + 32
    body = data[start:]
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : start] != hashlib.blake2b(body, digest_size=32).digest():
        return None
    end = 8 + int.from_bytes(body[:8], "little")
    return Entry(json.loads(body[8:end]), body[end:])


class Store:
    """The entries in a folder."""

    def __init__(self, path: Path):
        self.path = path
        self.is_closed = False
        """Whether a write has failed, after which there are no others."""

    def file(self, key: str) -> Path:
        return self.path / key[:2] / f"{key}{ENDING}"

    def load(self, key: str) -> Entry | None:
        """Return an entry, which is the one used last from now on; None if there is none, or only what is left of one.

        The latter is removed, so that it is made anew.
        """
        file = self.file(key)
        try:
            data = file.read_bytes()
        except OSError:
            return None
        entry = unpacked(data)
        if entry is None:
            self.drop(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        return entry

    def drop(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self.file(key).unlink()

    def save(self, key: str, manifest: dict, code: bytes) -> None:
        """Write an entry, and remove those that were not used for the longest time if there are too many."""
        if self.is_closed:
            return
        data = packed(manifest, code)
        if len(data) > limit():
            return
        file = self.file(key)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            _write(file, data)
        except OSError as error:
            self.is_closed = True
            what = f"dualad cannot keep compiled derivatives in {self.path} ({error.strerror or error})"
            remedy = "set DUALAD_CACHE_DIR to a folder that can be written, or DUALAD_CACHE=0"
            warnings.warn(f"{what}: they are compiled in every process; {remedy}", RuntimeWarning, stacklevel=2)
            return
        self.evict()

    def files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield (time of the last use, size, path) of every entry."""
        for path in self._all():
            if path.name.endswith(ENDING):
                with contextlib.suppress(OSError):  # removed by another process meanwhile
                    status = path.stat()
                    yield status.st_mtime, status.st_size, path

    def _all(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for part in sorted(self.path.iterdir()):
                with contextlib.suppress(OSError):
                    if len(part.name) == 2:
                        yield from sorted(part.iterdir())

    def evict(self) -> None:
        """Remove the entries that were used least lately, until the rest is within nine tenths of the limit."""
        found = sorted(self.files())
        total, most = sum(size for _, size, _ in found), limit()
        if total <= most:
            return
        for _, size, path in found:
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
            if total <= 0.9 * most:
                break
        for path in self._all():
            with contextlib.suppress(OSError):
                if not path.name.endswith(ENDING) and time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()

    def clear(self) -> int:
        """Remove all entries; return how many there were."""
        count = 0
        for path in list(self._all()):
            with contextlib.suppress(OSError):
                path.unlink()
                count += path.name.endswith(ENDING)
        return count


def _write(file: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f"{file.stem[:8]}-", suffix=".part", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


_stores: dict[Path, Store] = {}


def current() -> Store | None:
    """Return the store that the environment names; None if there is none."""
    path = folder()
    if path is None:
        return None
    if path not in _stores:
        _stores[path] = Store(path)
    return _stores[path]
