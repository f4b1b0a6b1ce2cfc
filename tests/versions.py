"""`make test-versions`: the core of the suite on each Python and with the two newest minor versions of Numba and NumPy.

For each of the interpreters there is an environment with the newest releases that pip finds for it, and one with those
of the minor versions before. In another, empty one the wheel and the source distribution are installed, and the
README's first example is run; mypy is asked whether it understands the public API. Interpreters that are not found are
rows of the table, and make the command fail unless ``--found`` says that they need not be there.

    python -m tests.versions [--python 3.12 ...] [--found] [--quick]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .markdown import Page

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".versions"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NEEDED = ("pytest", "pytest-xdist", "cloudpickle", "joblib")
CORE = (
    "test_readme.py",
    "test_source.py",
    "test_messages.py",
    "test_callables.py",
    "test_calls.py",
    "test_pickling.py",
    "test_c_pointers.py",
    "test_dual.py",
    "test_tape.py",
)
"""What depends on the versions of others: sources and syntax trees, Numba's types, pickles, messages."""

TYPED = """
import numpy as np
import dualad

def f(x: float, y: np.ndarray) -> float:
    return x * float(y.sum())

df = dualad.grad(f, argnums=(0, 1))
dx, dy = df(2.0, np.ones(3))
value, pullback = dualad.vjp(f, 2.0, np.ones(3))
out, out_dot = dualad.jvp(f, (2.0, np.ones(3)), (1.0, np.zeros(3)))
curvature: np.ndarray = dualad.hvp(f, (2.0, np.ones(3)), (1.0, np.zeros(3)))[1]
pointer: int = dualad.cfunc(dualad.grad(lambda x: x * x), "float64(float64)").address
text: str = dualad.derivative_source(f, 2.0, np.ones(3))
table: str = dualad.explain(f, 2.0, np.ones(3)).table(by_cost=True)
nonzero: int = dualad.sparse_jacobian(f)(2.0, np.ones(3)).nnz
"""
MISTAKEN = "import dualad\ndualad.grad(lambda x: x, argnums='first')\ndualad.explain(abs, 1.0).table(by_price=True)\n"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    python: str
    numba: str = ""
    numpy: str = ""
    result: str = ""
    seconds: float = 0.0

    @property
    def is_found(self) -> bool:
        return "not found" not in self.result

    @property
    def is_good(self) -> bool:
        counts = re.findall(r"(\d+) (\w+)", self.result)
        is_clean = bool(counts) and {word for _, word in counts} <= {
            "passed",
            "skipped",
            "deselected",
            "warnings",
            "warning",
        }
        return self.result == "works" or (is_clean and "passed" in self.result)

    def __str__(self) -> str:
        spent = f"{self.seconds:.0f} s" if self.seconds else ""
        return f"| {self.python} | {self.numba} | {self.numpy} | {self.result} | {spent} |"


def interpreter(version: str) -> str | None:
    """Return the path of a Python that runs: on the path, kept by pyenv, or known to uv."""
    candidates = [shutil.which(f"python{version}"), sys.executable]
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(map(str, kept.glob(f"{version}.*/bin/python")), reverse=True)
    if uv := shutil.which("uv"):
        candidates.append(run([uv, "python", "find", "--no-python-downloads", version]).stdout.strip())
    for path in filter(None, candidates):
        asked = run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return path
    return None


def run(command: list, **settings: object) -> subprocess.CompletedProcess:
    """Run a command that finds what is installed for it, and nothing else."""
    around = {name: x for name, x in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    env = {**around, "DUALAD_CACHE": "0"}
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env=env, **settings)


def environment(python: str, name: str, packages: list[str]) -> Path | str:
    """Make an environment; return its Python, or what pip says."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    made = run([python, "-m", "venv", folder])
    own = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if made.returncode == 0:
        made = run([own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    return own if made.returncode == 0 else last_line(made.stderr or made.stdout)


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].replace("|", "/") if lines else "it says nothing"


def version_of(python: Path, package: str) -> str:
    return run([python, "-c", f"import {package}; print({package}.__version__)"]).stdout.strip()


def before(version: str) -> str:
    """Return what pip is told to take an earlier minor version."""
    major, minor = version.split(".")[:2]
    return f"<{major}.{minor}.0.dev0"


def core(python: Path, only: tuple[str, ...]) -> Row:
    """Run the core of the suite in an environment."""
    found = [version_of(python, package) for package in ("numba", "numpy")]
    version = run([python, "-c", "import platform; print(platform.python_version())"]).stdout.strip()
    start = time.monotonic()
    tests = [str(Path("tests") / name) for name in only]
    done = run([python, "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", *tests], cwd=ROOT)
    if done.returncode != 0:
        log = WORK / f"{version}-numpy{found[1]}.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        print(*(line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), log, sep="\n")
    result = last_line(done.stdout).split(" in ")[0] if done.returncode in (0, 1) else last_line(done.stderr)
    return Row(version, *found, result, time.monotonic() - start)


def of_a_python(version: str, only: tuple[str, ...]) -> list[Row]:
    """Return the rows of a minor version of Python."""
    path = interpreter(version)
    if path is None:
        return [Row(version, result="interpreter not found")]
    own = environment(path, f"{version}-newest", ["numba", "numpy", "scipy", *NEEDED])
    if isinstance(own, str):
        return [Row(version, result=own)]
    rows = [core(own, only)]
    older = [f"{name}{before(version_of(own, name))}" for name in ("numba", "numpy")]
    own = environment(path, f"{version}-before", [*older, "scipy", *NEEDED])
    return [*rows, Row(version, *older, own) if isinstance(own, str) else core(own, only)]


def installed(version: str) -> list[Row]:
    """Install the wheel and the source distribution where nothing is; run the README's first example, and mypy."""
    path = interpreter(version) or sys.executable
    builder = environment(path, "build", ["build", "mypy"])
    if isinstance(builder, str):
        return [Row("build", result=builder)]
    shutil.rmtree(WORK / "dist", ignore_errors=True)
    built = run([builder, "-m", "build", "--outdir", WORK / "dist", ROOT])  # the wheel from what is in the sdist
    if built.returncode != 0:
        return [Row("build", result=last_line(built.stderr or built.stdout))]
    example = WORK / "example.py"
    example.write_text(Page(ROOT / "README.md").blocks[0].code, encoding="utf-8")
    rows = []
    for kind, pattern in (("wheel", "*.whl"), ("sdist", "*.tar.gz")):
        start = time.monotonic()
        (archive,) = (WORK / "dist").glob(pattern)
        own = environment(path, kind, [str(archive)])
        if isinstance(own, str):
            rows.append(Row(f"{version}, {kind}", result=own))
            continue
        done = run([own, example], cwd=WORK)
        result = "works" if done.returncode == 0 else last_line(done.stderr)
        versions = [version_of(own, package) for package in ("numba", "numpy")]
        rows.append(Row(f"{version}, {kind}", *versions, result, time.monotonic() - start))
    if not isinstance(own, str):
        rows.append(Row(f"{version}, types by mypy", *versions, typed(builder, own)))
    return rows


def typed(builder: Path, python: Path) -> str:
    """Say whether mypy understands what is installed: a right program, and what is wrong about another one."""
    for name, text in (("typed", TYPED), ("mistaken", MISTAKEN)):
        (WORK / f"{name}.py").write_text(text, encoding="utf-8")
    command = [builder, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", WORK / "mypy"]
    good = run([*command, WORK / "typed.py"], cwd=WORK)
    bad = run([*command, WORK / "mistaken.py"], cwd=WORK)
    if good.returncode != 0:
        print(good.stdout)
        return last_line(good.stdout)
    return "works" if bad.stdout.count("error: ") == 2 else f"of two mistakes: {last_line(bad.stdout)}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--python", action="append", metavar="VERSION", help="only this one; may be given several times"
    )
    parser.add_argument("--found", action="store_true", help="be content with the interpreters that are found")
    parser.add_argument("--quick", action="store_true", help="of the tests only those of callables")
    options = parser.parse_args(argv)
    asked = options.python or PYTHONS
    print("| Python | Numba | NumPy | core of the suite | time |\n|---|---|---|---|--:|", flush=True)
    rows = []
    for version in asked:
        found = of_a_python(version, ("test_callables.py",) if options.quick else CORE)
        print(*found, sep="\n", flush=True)
        rows += found
    there = [version for version in asked if interpreter(version)]
    more = installed(there[-1]) if there else []
    print(*more, sep="\n", flush=True)
    missing = [row.python for row in rows if not row.is_found]
    if missing:
        print(
            f"not tested: {', '.join(missing)} (put python{missing[0]} on the path, or: uv python install {missing[0]})"
        )
    bad = [row for row in (*rows, *more) if not row.is_good and (row.is_found or not options.found)]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
