"""Functions that are defined by texts of dualad's own, and can be read again."""

from __future__ import annotations

import linecache

TEXT = "__text__"
"""The global that has file name and text: linecache may forget them, as it does when memory is short."""


def define(text: str, filename: str, namespace: dict) -> dict:
    """Execute a text under a name that debuggers and tracebacks can read; return the namespace, now with its names."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace[TEXT] = filename, text
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102
    return namespace
