"""Parts of Numba that are others for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def hooked(*hooks: tuple[object, str, object]) -> Iterator[None]:
    """Let attributes of objects be others meanwhile, each given as (object, name, value)."""
    before = [getattr(where, name) for where, name, _ in hooks]
    for where, name, hook in hooks:
        setattr(where, name, hook)
    try:
        yield
    finally:
        for (where, name, _), old in zip(hooks, before, strict=True):
            setattr(where, name, old)
