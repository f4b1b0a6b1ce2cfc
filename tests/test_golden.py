"""The IR after each pass, and the source of both modes, are what the files in `golden` say."""

import pytest

from .golden import FOLDER, path_of, text_of
from .golden.programs import PROGRAMS


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_as_in_the_file(f):
    assert text_of(f) == path_of(f).read_text(encoding="utf-8"), "if that is intended: python -m tests.golden"


def test_no_file_is_left_over():
    assert {p.name for p in FOLDER.glob("*.txt")} == {path_of(f).name for f in PROGRAMS}
