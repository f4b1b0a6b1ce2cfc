"""The site: `make docs` writes it to docs/_build/html. Nothing is fetched, and a warning is an error."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import explained  # noqa: E402
import plots  # noqa: E402

import dualad  # noqa: E402

project = "dualad"
author = copyright = "dualad authors"
version = release = dualad.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3  # links to the headings of a page
numpydoc_show_class_members = False  # the reference says which members it shows
autodoc_typehints = "none"  # numpydoc's Parameters say it
autodoc_member_order = "bysource"
default_role = "code"  # `name` in a docstring is code, as in Markdown

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = "dualad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def setup(app: object) -> None:
    app.connect("source-read", _with_what_is_made)


def _with_what_is_made(app: object, page: str, source: list[str]) -> None:
    """Put plots behind the tables; the page of all benchmarks is made of the file that they are written to."""
    if page == "explaining":
        source[0] = explained.with_explanation(source[0])
    if page == "benchmarks":
        results = ROOT / "bench" / "RESULTS.md"
        app.env.note_dependency(str(results))
        source[0] = results.read_text(encoding="utf-8")
    if plots.TABLE.search(source[0]):
        app.env.note_dependency(plots.__file__)
        source[0] = plots.with_plots(source[0])
