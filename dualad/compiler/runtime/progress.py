"""What is being compiled, said on standard error when it takes long enough for people to wonder.

`compiling` is put around a compilation, and `stage` says how far it is; one compilation may ask for others. After two
seconds a line says so, where people read standard error: in a terminal or a notebook. The environment variable
DUALAD_PROGRESS is 0 to be silent, 1 to speak anywhere.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator

PATIENCE = 2.0
"""Seconds before the first word."""
_EVERY = 0.5
_WIDTH = 110


class _Watch(threading.local):
    """What one thread is compiling: the names from the outermost on, and the stage that the innermost is in."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.stage = ""


_watch = _Watch()
_lock = threading.Lock()
_spent = 0.0


def seconds_spent() -> float:
    """Return the seconds that this process has spent on compiling derivatives."""
    return _spent


def stage(text: str) -> None:
    """Say what the compilation that is going on does now."""
    _watch.stage = text


@contextlib.contextmanager
def compiling(name: str) -> Iterator[None]:
    """Watch a compilation."""
    global _spent
    watch = _watch.__dict__  # the reporter has another thread, and so another `_watch`
    _watch.names.append(name)
    if len(_watch.names) > 1:
        before = _watch.stage
        try:
            yield
        finally:
            _watch.names.pop()
            _watch.stage = before
        return
    start, done = time.perf_counter(), threading.Event()
    reporter = None
    if is_wanted():
        reporter = threading.Thread(target=_report, args=(watch, start, done), daemon=True)
        reporter.start()
    try:
        yield
    finally:
        done.set()
        if reporter is not None:
            reporter.join()
        _watch.names.clear()
        _watch.stage = ""
        with _lock:
            _spent += time.perf_counter() - start


def is_wanted() -> bool:
    """Whether somebody reads what is said."""
    wish = os.environ.get("DUALAD_PROGRESS")
    if wish is not None:
        return wish != "0"
    return _is_terminal() or type(sys.stderr).__module__.partition(".")[0] == "ipykernel"


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def _report(watch: dict, start: float, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    in_place = _is_terminal() or type(sys.stderr).__module__.startswith("ipykernel")
    said = None
    name = watch["names"][0]
    while True:
        names = list(watch["names"])
        inner = f" > {names[-1]}" if len(names) > 1 else ""
        text = f"dualad: compiling {name}{inner}: {watch['stage']}"
        if in_place:
            _say(f"\r{f'{text}, {time.perf_counter() - start:.0f} s'[:_WIDTH]:{_WIDTH}}")
        elif text != said:
            _say(f"{text}\n")
        said = text
        if done.wait(_EVERY):
            break
    text = f"dualad: compiled {name} in {time.perf_counter() - start:.1f} s"
    _say(f"\r{text:{_WIDTH}}\n" if in_place else f"{text}\n")


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()
