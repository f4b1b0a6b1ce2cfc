"""The README: its Python runs, its commands exist, its generated parts are what the code gives."""

import linecache
import re
from pathlib import Path

import pytest

import dualad

README = Path(__file__).resolve().parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def namespace():
    """Run all blocks in order, as a reader would, each at its own lines of the README."""
    names = {"__name__": "readme"}
    lines = TEXT.splitlines()
    for block in BLOCKS:
        line = TEXT[: TEXT.index(block)].count("\n")
        code = compile("\n" * line + block, str(README), "exec")
        with_source(lines, block, line)
        exec(code, names)
    return names


def with_source(lines, block, line):
    """Let the source of what a block defines be found: the Markdown around the blocks reads as empty lines."""
    entry = linecache.cache.get(str(README))
    text = list(entry[2]) if entry else ["\n"] * len(lines)
    text[line : line + block.count("\n")] = block.splitlines(keepends=True)
    linecache.cache[str(README)] = (len(TEXT), None, text, str(README))


def test_there_are_blocks():
    assert len(BLOCKS) >= 4


def test_the_blocks_run(namespace):
    assert namespace["df_dx"] == pytest.approx(4.14112, abs=1e-5)


def test_the_first_gradient_takes_five_lines():
    assert BLOCKS[0].count("\n") == 5


def test_the_commands_are_in_the_makefile():
    targets = (README.parent / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make (\w+)", TEXT):
        assert re.search(rf"^{target}:", targets, flags=re.MULTILINE)


def generated(name):
    return re.search(rf"<!-- begin: {re.escape(name)} -->\n(.*?)\n<!-- end: {re.escape(name)} -->", TEXT, re.DOTALL)[1]


def test_the_derivative_shown_is_the_one_generated(namespace):
    source = dualad.derivative_source(namespace["f"], 2.0, 3.0)
    assert generated("derivative_source of f") == f"```\n{source.rstrip()}\n```"


def test_the_table_shown_is_the_one_measured():
    table = generated("python -m bench.table")
    assert table.count("\n|") > 10
    assert table in (README.parent / "bench" / "RESULTS.md").read_text(encoding="utf-8")
