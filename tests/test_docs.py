"""The site: the code of each page runs and prints what the page says, and the whole is built without a warning."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dualad

from .markdown import Page

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {path.stem: Page(path) for path in sorted(DOCS.glob("*.md"))}
WITH_CODE = [name for name, page in PAGES.items() if page.blocks]


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_code_of_a_page_runs_and_prints_what_is_shown(name):
    page = PAGES[name]
    for block, printed in zip(page.blocks, page.printed, strict=True):
        assert printed == (block.shown or ""), f"line {block.line}; python -m tests.markdown {page.path} writes it anew"


def test_the_pages_that_should_have_code_have_some():
    assert set(PAGES) - set(WITH_CODE) == {"benchmarks", "examples", "limitations", "reference"}


def test_each_page_is_in_the_table_of_contents():
    trees = re.findall(r"^```{toctree}\n(?::[^\n]*\n)*\n(.*?)^```", PAGES["index"].text, re.DOTALL | re.MULTILINE)
    assert sorted("".join(trees).split()) == sorted(set(PAGES) - {"index"})


def test_each_public_name_is_in_the_reference():
    names = r"^\.\. auto(?:function|class|exception):: (\w+)(?:\(.*\))?$"
    listed = re.findall(names, PAGES["reference"].text, re.MULTILINE)
    assert sorted(listed) == sorted(dualad.__all__)


def test_the_table_shown_is_the_one_measured():
    table = PAGES["index"].generated("python -m bench.arrays")
    assert table.count("\n|") > 5
    assert table in (DOCS.parent / "bench" / "RESULTS.md").read_text(encoding="utf-8")


def test_the_picture_is_the_one_drawn():
    assert (DOCS / "trace.svg").read_text(encoding="utf-8") == PAGES["how_it_works"].namespace["picture"]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages(name):
    for target in re.findall(r"\]\(([\w./]+\.md)(?:#[\w-]+)?\)", PAGES[name].text):
        assert (DOCS / target).exists(), target


needed = ("sphinx", "myst_parser", "numpydoc", "furo")


@pytest.mark.skipif(not all(map(importlib.util.find_spec, needed)), reason="needs the packages of dualad[docs]")
def test_the_site_is_built_without_warnings(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "trees")]
    built = subprocess.run(
        [*command, str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent)},
    )
    assert built.returncode == 0, built.stderr
    assert {f"{name}.html" for name in PAGES} <= {path.name for path in (tmp_path / "html").iterdir()}
