"""The site: the code of each page runs and prints what the page says, and the whole is built without a warning."""

import importlib.util
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import dualad
from docs import plots

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


def test_plots_show_the_numbers_of_tables():
    table = "| program | JAX | dualad |\n|---|--:|--:|\n| a | 2.5 us | 1e+03 (7) |\n| `b` |  | 20 ns |\n| c |  |  |\n"
    heads, rows = plots.rows_of(table)
    assert [plots.number(cell)[0] for cell in rows[0][1:]] == [pytest.approx(2.5e-6), 1000.0]
    assert plots.number("none") == (None, "")
    drawing = ET.fromstring(
        plots.svg(heads, [[*rows[0][:2], "1 us"], *rows[1:]], plots.Plot(("dualad", "JAX"), "a call"))
    )
    labels = [x.text for x in drawing.iter("text")]
    assert "b" in labels and "c" not in labels and "1 us" in labels
    titles = {x.text: x for x in drawing.iter("title")}
    assert set(titles) == {"dualad: 1 us", "dualad: 20 ns", "JAX: 2.5 us"}
    places = {dot[0].text: float(dot.get("cx")) for dot in drawing.iter("circle") if len(dot)}
    assert places["dualad: 20 ns"] < places["dualad: 1 us"] < places["JAX: 2.5 us"]


def test_each_table_of_measurements_has_a_plot():
    text = (DOCS.parent / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    tables = {found[1]: found[2] for found in plots.TABLE.finditer(text)}
    assert {f"python -m {name}" for name in plots.PLOTS} == set(tables) and len(tables) > 8
    assert plots.with_plots(text).count("<svg") == sum("|" in table for table in tables.values())


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
    shown = {name: (tmp_path / "html" / f"{name}.html").read_text(encoding="utf-8") for name in PAGES}
    assert '<svg class="plot"' in shown["benchmarks"] and '<svg class="plot"' in shown["index"]
    assert "gradient of heat: " in shown["explaining"] and "</pre></td>" in shown["explaining"]
    for path in (DOCS / "examples").glob("*.md"):
        assert f"{path.stem}.svg" in (tmp_path / "html" / "examples" / f"{path.stem}.html").read_text(encoding="utf-8")
