"""Functions that are defined by texts of dualad's own, and can be read again."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable

known: dict[str, str] = {}
"""Texts by file name: linecache may forget them, as it does when memory is short, and copies have other globals."""


def define(text: str, filename: str, namespace: dict) -> dict:
    """Execute a text under a name that debuggers and tracebacks can read; return the namespace, now with its names."""
    known[filename] = text
    _show(filename)
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102
    return namespace


def source_of(function: Callable) -> str:
    """Return the source of a function, as `inspect.getsource` does.

    Raises
    ------
    OSError, TypeError
        If there is none.
    """
    filename = getattr(getattr(function, "__code__", None), "co_filename", None)
    if filename in known:
        _show(filename)
    return inspect.getsource(function)


def _show(filename: str) -> None:
    text = known[filename]
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
