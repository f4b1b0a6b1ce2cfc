"""The README: its Python runs, its commands exist, its generated parts are what the code gives."""

import re
from pathlib import Path

import pytest

import dualad

from .markdown import Page

README = Page(Path(__file__).resolve().parent.parent / "README.md")


def test_there_are_blocks():
    assert len(README.blocks) >= 4


def test_the_blocks_run():
    assert README.namespace["df_dx"] == pytest.approx(4.14112, abs=1e-5)


def test_the_first_gradient_takes_five_lines():
    assert README.blocks[0].code.count("\n") == 5


def test_the_commands_are_in_the_makefile():
    targets = (README.path.parent / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make (\w+)", README.text):
        assert re.search(rf"^{target}:", targets, flags=re.MULTILINE)


def test_the_derivative_shown_is_the_one_generated():
    source = dualad.derivative_source(README.namespace["f"], 2.0, 3.0)
    assert README.generated("derivative_source of f") == f"```\n{source.rstrip()}\n```"


def test_the_table_shown_is_the_one_measured():
    table = README.generated("python -m bench.table")
    assert table.count("\n|") > 10
    assert table in (README.path.parent / "bench" / "RESULTS.md").read_text(encoding="utf-8")
