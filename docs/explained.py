"""What a notebook shows of `explain`, put into the page about it: its first program is run while the site is built."""

from __future__ import annotations

import re
import runpy
import tempfile
from pathlib import Path

PLACE = "<!-- what a notebook shows -->\n"


def with_explanation(text: str) -> str:
    """Return the page with the table of its `explanation`, as measured where the site is built."""
    code = re.search(r"^```python\n(.*?)^```\n", text, re.DOTALL | re.MULTILINE)[1]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "heat.py"
        script.write_text(code, encoding="utf-8")
        shown = runpy.run_path(str(script))["explanation"]._repr_html_().replace(f"{folder}/", "")
    return text.replace(PLACE, f"```{{raw}} html\n{shown}\n```\n")
