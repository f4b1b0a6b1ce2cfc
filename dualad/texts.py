"""Functions that are defined by texts of dualad's own, and can be read again."""

from __future__ import annotations

import linecache

known: dict[str, str] = {}
"""Texts by file name: linecache may forget them, as it does when memory is short, and copies have other globals."""


def define(text: str, filename: str, namespace: dict) -> dict:
    """Execute a text under a name that debuggers and tracebacks can read; return the namespace, now with its names."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    known[filename] = text
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102
    return namespace
