"""Execute the notebooks from scratch, and store their outputs: `python -m notebooks [NAME ...]`."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_A_CELL = 900

os.environ["DUALAD_PROGRESS"] = "0"  # whether a compilation takes two seconds is the machine's affair


def executed(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a fresh run; the first cell that fails raises its error."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=40"],
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main() -> None:
    """Execute the notebooks that are named, or all, and write them back."""
    parser = argparse.ArgumentParser(prog="python -m notebooks", description=main.__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 1")
    names = tuple(parser.parse_args().names)
    for path in NOTEBOOKS:
        if not names or path.name.startswith(names):
            start = time.perf_counter()
            nbformat.write(executed(path), path)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
