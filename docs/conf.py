"""The site: `make docs` writes it to docs/_build/html. Nothing is fetched, and a warning is an error."""

import dualad

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
html_title = "dualad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
