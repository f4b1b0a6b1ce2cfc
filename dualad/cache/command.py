"""``python -m dualad cache``: what is in the disk cache, whether it is sound, and how to be rid of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from . import store
from .keys import maker, plain

USAGE = "python -m dualad cache [show | clear | verify | folder]"


def main(words: list[str]) -> str:
    """Return what there is to say after one of the words of the command.

    Parameters
    ----------
    words : list of str
        show (the entries, those used last first), clear (remove them all), verify (read them all, and remove those that
        are damaged), folder (its path alone). Default: show.

    Raises
    ------
    ValueError
        For any other words.
    """
    word = words[0] if words else "show"
    if len(words) > 1 or word not in ("show", "clear", "verify", "folder"):
        raise ValueError(f"usage: {USAGE}")
    folder = store.current()
    if folder is None:
        return "the disk cache is off (DUALAD_CACHE=0)"
    if word == "folder":
        return str(folder.path)
    if word == "clear":
        count = folder.clear()
        return f"{folder.path}: {_entries(count)} removed"
    return verify(folder) if word == "verify" else show(folder)


def show(folder: store.Store) -> str:
    """Return a table of the entries, those used last first."""
    files = sorted(folder.files(), reverse=True)
    total = sum(size for _, size, _ in files)
    head = f"{folder.path}: {_entries(len(files))}, {_megabytes(total)} of at most {_megabytes(store.limit())}"
    lines = [head]
    for used, size, path in files:
        manifest = _manifest(path)
        if manifest is None:
            lines.append(f"  {path.name}: damaged")
            continue
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(used))
        types = ", ".join(map(_text, manifest["types"]))
        seconds = f"{manifest['seconds']:.2f} s to compile"
        note = "" if _is_current(manifest) else ", of other versions"
        lines.append(f"  {when}  {size / 1000:6.0f} kB  {manifest['name']}({types}), {seconds}{note}")
    return "\n".join(lines)


def verify(folder: store.Store) -> str:
    """Read all entries and remove those that are not as they were written; return what was found."""
    files = list(folder.files())
    damaged = [path for _, _, path in files if _manifest(path) is None]
    for path in damaged:
        folder.drop(path.stem)
    text = f"{folder.path}: {_entries(len(files) - len(damaged))} sound"
    return text + (f", {_entries(len(damaged))} damaged and removed" if damaged else "")


def _manifest(path: Path) -> dict | None:
    try:
        entry = store.unpacked(path.read_bytes())
    except OSError:
        return None
    return None if entry is None else entry.manifest


def _is_current(manifest: dict) -> bool:
    """Whether an entry was made by what is installed now."""
    return manifest["made by"] == json.loads(json.dumps(plain(maker())))


def _text(name: object) -> str:
    if isinstance(name, str):
        return name
    return "function" if name and name[0] == "function" else f"{'tuple' if isinstance(name[0], list) else name[0]}"


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def _megabytes(size: float) -> str:
    return f"{size / store.MEGABYTE:.3g} MB"
