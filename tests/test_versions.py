"""What `make test-versions` is made of; the command itself is run by hand."""

import sys
from pathlib import Path

import dualad

from . import versions


def test_interpreters_that_are_not_there_are_said_not_to_be():
    own = "{}.{}".format(*sys.version_info)
    assert versions.interpreter(own) is not None and versions.interpreter("3.99") is None
    (row,) = versions.of_a_python("3.99", ())
    assert str(row) == "| 3.99 |  |  | interpreter not found |  |" and not row.is_found and not row.is_good


def test_rows_are_good_only_if_nothing_failed():
    assert versions.Row("3.13", result="140 passed").is_good and versions.Row("3.13, wheel", result="works").is_good
    for result in ("1 failed, 139 passed", "139 passed, 1 error", "no tests ran", "ERROR: no matching distribution"):
        assert not versions.Row("3.13", result=result).is_good
    assert versions.Row("3.13", result="139 passed, 1 skipped").is_good


def test_the_minor_version_before():
    assert versions.before("2.5.5") == "<2.5.0.dev0" and versions.before("0.68.1") == "<0.68.0.dev0"


def test_the_core_is_there_and_the_package_says_that_it_has_types():
    assert all((Path(__file__).parent / name).exists() for name in versions.CORE)
    assert (Path(dualad.__file__).parent / "py.typed").exists()
