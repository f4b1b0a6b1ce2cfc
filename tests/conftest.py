"""The whole suite checks the IR after each pass, and keeps nothing on disk.

`make test` takes every so many cases of the long lists (`@pytest.mark.one_in(4)`) and leaves out what is marked `long`:
what a compiler takes minutes for. With `--all`, as `make test-all` runs it, and where tests are asked for by name,
everything runs.
"""

import collections
import os

import pytest

os.environ.setdefault("DUALAD_VERIFY", "1")
os.environ.setdefault("DUALAD_CACHE", "0")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run all cases of the long lists")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it is asked for."""
    if config.getoption("--all") or config.option.keyword or any("::" in arg for arg in config.args):
        return
    seen: collections.Counter = collections.Counter()
    kept, left = [], []
    for item in items:
        mark = item.get_closest_marker("one_in")
        test = item.nodeid.split("[")[0]
        is_left = item.get_closest_marker("long") or (mark is not None and seen[test] % mark.args[0])
        seen[test] += 1
        (left if is_left else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


@pytest.fixture
def two_threads():
    """Let parallel functions have two threads, or as many as there are."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    yield
    numba.set_num_threads(before)
