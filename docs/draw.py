"""`python -m docs.draw [NAME ...]`: what the examples draw, as small SVG files in docs/pictures.

Each example is run as users run it. A file says which text of the example it shows, so that the tests know if it is out
of date. Without names, those that are out of date are drawn.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
EXAMPLES, PICTURES = FOLDER / "examples", FOLDER / "pictures"
MARK = re.compile(r"<!-- of (\w+)\.py (\w+) -->")
RUN = """
import runpy, sys
import matplotlib
matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "dualad", "font.family": "sans-serif"})
from matplotlib.figure import Figure
save = Figure.savefig
def as_svg(figure, path, **settings):
    figure.tight_layout()
    save(figure, "picture.svg", metadata={"Date": None, "Creator": None})
Figure.savefig = as_svg
if __name__ == "__main__":
    runpy.run_path(sys.argv[1], run_name="__main__")
"""


def drawn_of(name: str) -> str:
    """Return what identifies the text of an example."""
    return hashlib.sha256((EXAMPLES / f"{name}.py").read_bytes()).hexdigest()[:16]


def is_current(name: str) -> bool:
    """Say whether the picture of an example is there and shows what the example draws now."""
    path = PICTURES / f"{name}.svg"
    found = MARK.search(path.read_text(encoding="utf-8")) if path.exists() else None
    return found is not None and found.groups() == (name, drawn_of(name))


def draw(name: str) -> None:
    """Run an example, and keep its picture."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "run.py"
        script.write_text(RUN, encoding="utf-8")
        path = os.pathsep.join(filter(None, [str(FOLDER.parent), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, str(script), str(EXAMPLES / f"{name}.py")]
        subprocess.run(command, check=True, cwd=folder, env={**os.environ, "PYTHONPATH": path})
        text = (Path(folder) / "picture.svg").read_text(encoding="utf-8")
    text = re.sub(r"(\d+\.\d\d)\d+", r"\1", text)  # hundredths of a point are enough
    text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    (PICTURES / f"{name}.svg").write_text(f"{text}<!-- of {name}.py {drawn_of(name)} -->\n", encoding="utf-8")


if __name__ == "__main__":
    names = sys.argv[1:] or [p.stem for p in sorted(EXAMPLES.glob("*.py")) if not is_current(p.stem)]
    for name in names:
        print(f"drawing {name}")
        draw(name)
