"""The notebooks: each runs from scratch without an error, and what is stored in it is what such a run shows."""

import nbformat
import pytest

from notebooks.__main__ import NOTEBOOKS, executed

MOST_BYTES = 300_000
PICTURES = {"image/png", "image/svg+xml"}


def shown(cell):
    """Return the kinds of the outputs of a cell, in order; what they say is free to vary, as times do."""
    return [output.name if output.output_type == "stream" else sorted(output.data) for output in cell.outputs]


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_five():
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_", "4_", "5_"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_what_is_stored(path):
    stored, fresh = nbformat.read(path, as_version=4), executed(path)
    outputs = [shown(cell) for cell in code(fresh)]
    assert outputs == [shown(cell) for cell in code(stored)], "execute it again: python -m notebooks"
    assert sum(bool(PICTURES & set(kinds)) for cell in outputs for kinds in cell) >= 2
    assert not any("stderr" in cell for cell in outputs)  # a warning
    for cell in code(fresh):
        assert cell.execution_count is not None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_small(path):
    assert path.stat().st_size < MOST_BYTES
