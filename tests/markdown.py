"""Markdown whose Python runs: the blocks of a page, in order, in one namespace, as a reader would run them.

A ``text`` block right behind a ``python`` block is what that one prints, unless a test says otherwise. To write what
the blocks print now into the pages: ``python -m tests.markdown PAGE ...``
"""

import contextlib
import io
import linecache
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of Python, the line above its first, and where in the text is what it is said to print, and that."""

    code: str
    line: int
    place: tuple[int, int]
    shown: str | None


class Page:
    """A file of Markdown."""

    def __init__(self, path: Path):
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.blocks = [
            Block(found[1], self.text.count("\n", 0, found.start(1)), found.span(2), found[2])
            for found in BLOCK.finditer(self.text)
        ]

    @property
    def filename(self) -> str:
        """What messages call the page: its name alone, so that they are the same everywhere."""
        return self.path.name

    @cached_property
    def ran(self) -> tuple[dict, list[str]]:
        """The names after all blocks have run, and what each has printed, without empty lines at its end."""
        names = {"__name__": self.path.stem.lower()}
        printed = []
        source = ["\n"] * (self.text.count("\n") + 1)  # the Markdown around the blocks reads as empty lines
        for block in self.blocks:
            source[block.line : block.line + block.code.count("\n")] = block.code.splitlines(keepends=True)
            linecache.cache[self.filename] = (len(self.text), None, list(source), self.filename)
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile("\n" * block.line + block.code, self.filename, "exec"), names)
            text = out.getvalue().rstrip("\n")
            printed.append(f"{text}\n" if text else "")
        return names, printed

    @property
    def namespace(self) -> dict:
        return self.ran[0]

    @property
    def printed(self) -> list[str]:
        return self.ran[1]

    def generated(self, name: str) -> str:
        """Return what stands between the comments that say what generates it."""
        begin, end = (re.escape(f"<!-- {what}: {name} -->") for what in ("begin", "end"))
        return re.search(rf"{begin}\n(.*?)\n{end}", self.text, re.DOTALL)[1]

    def filled_in(self) -> str:
        """Return the text with what its blocks print in the place of what they are said to print."""
        text = self.text
        for block, printed in reversed(list(zip(self.blocks, self.printed, strict=True))):
            if block.shown is not None:
                text = text[: block.place[0]] + printed + text[block.place[1] :]
        return text


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:]):
        given.write_text(Page(given).filled_in(), encoding="utf-8")
