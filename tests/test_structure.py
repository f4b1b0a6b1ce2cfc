"""The shape of the repository: imports run one way, Numba's internals stay behind one module, files stay readable."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import dualad

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dualad"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up. A module imports from its own layer or from the layers before it; "dualad" is the public names.
LAYERS = (
    ("errors", "measuring", "texts"),
    ("rules",),
    ("compiler",),
    ("cache",),
    ("structures", "inputs", "ahead", "coinciding", "signatures", "derivative_function", "arguments", "calls"),
    ("transforms", "batching", "stopping", "written"),
    ("checkpointing", "c_pointers", "linearizing"),
    ("sparse",),
    ("equations", "scipy"),
    ("functions", "number_class", "any_number", "dual", "tape", "tracing", "graph", "explaining", "testing"),
    ("public",),
    ("dualad",),
    ("compare", "examples"),
    ("__main__",),
)
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# The rooms of the compiler, in the same way; what stands beside them is the driver.
ROOMS = ("runtime", "ir", "lowering", "analysis", "transform", "differentiate")

NUMBA_BRIDGE = PACKAGE / "compiler" / "runtime" / "numba_bridge"
NUMBA_INTERNALS = ("llvmlite.", "numba.core.", "numba.extending.", "numba.np.", "numba.cpython.", "numba.misc.")
MOST_LINES = 600


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def layer(module):
    return (module.split(".") + ["dualad"])[1]


def imported(path):
    """Return the full names of all that a file imports, wherever in the file; of a submodule, the submodule."""
    names = set()
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                base = ".".join(above[: len(above) - node.level + 1] + ([node.module] if node.module else []))
            for alias in node.names:
                within = f"{base}.{alias.name}"
                names.add(within if within in MODULES or not base.startswith("dualad") else base)
    return names


def test_the_reader_of_imports_finds_them():
    assert "dualad.errors" in imported(PACKAGE / "compare.py")
    assert "dualad.examples.lotka_volterra" in imported(PACKAGE / "__main__.py")
    assert layer("dualad") == "dualad" and layer("dualad.rules.registry") == "rules"


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module):
    assert layer(module) in RANKS, f"{module} belongs to no layer"
    upward = [
        name
        for name in imported(MODULES[module])
        if name.split(".")[0] == "dualad" and RANKS[layer(name)] > RANKS[layer(module)]
    ]
    assert not upward, f"{module} imports from a layer above its own: {upward}"


def room(module):
    """Return the number of the room that a module of the compiler is in; the driver comes behind them all."""
    name = (module.split(".") + [""])[2]
    return ROOMS.index(name) if name in ROOMS else len(ROOMS)


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("dualad.compiler.")])
def test_rooms_look_back_only(module):
    later = [n for n in imported(MODULES[module]) if n.startswith("dualad.compiler.") and room(n) > room(module)]
    assert not later, f"{module} imports from a later room: {later}"


def test_the_compiler_is_made_of_rooms():
    beside = {m.split(".")[2] for m in MODULES if m.startswith("dualad.compiler.")} - set(ROOMS)
    assert beside == {"build", "checks", "passes", "specialisation"}


def test_no_import_cycles():
    graph = {module: {name for name in imported(path) if name in MODULES} for module, path in MODULES.items()}
    assert set(TopologicalSorter(graph).static_order()) == set(MODULES)


def internals_used(path):
    """Return the names inside Numba's internals, or llvmlite, that a file imports or reaches as attributes."""
    reached = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if is_dotted(node)}
    return sorted(name for name in imported(path) | reached if f"{name}.".startswith(NUMBA_INTERNALS))


def is_dotted(node):
    while isinstance(node, ast.Attribute):
        node = node.value
        if isinstance(node, ast.Name):
            return True
    return False


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_numba_internals_stay_behind_the_bridge(path):
    if path.parent != NUMBA_BRIDGE:
        assert not internals_used(path), "only runtime/numba_bridge may use Numba's internals"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def texts():
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml", ".ci/run")
    kept = [ROOT / name for name in names if (ROOT / name).is_file()]
    for folder in ("dualad", "tests", "bench", "notebooks"):
        kept += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".ipynb", ".toml")]
    return sorted(kept)


def test_no_paths_of_one_machine():
    pattern = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users|mnt|opt)/\w|\b[A-Z]:\\Users\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"a path of one machine: {found}"


def test_to_import_dualad_imports_no_more_than_its_errors():
    """The compiler is loaded with the first name of it; so `import dualad` costs nothing beside Numba."""
    code = "import sys, dualad; print({m.split('.')[0] for m in sys.modules}, 'dualad.transforms' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "'dualad'" in out and "'numba'" not in out and "'numpy'" not in out and out.endswith("False\n")


@pytest.mark.parametrize("module", ["derivative_function", "texts", "scipy", "compiler.build"])
def test_a_module_may_be_imported_before_all_others(module):
    """As pickle does."""
    code = f"import dualad.{module}, dualad; dualad.grad; dualad.sin; dualad.Dual; dualad.{module}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names():
    assert set(dualad.__all__) <= set(dir(dualad)) and all(hasattr(dualad, name) for name in dualad.__all__)
    exec("from dualad import *", names := {})
    assert set(dualad.__all__) <= set(names)
    assert not set(dir(dualad.public)) & {path.stem for path in PACKAGE.glob("*.py")} - {"public"}
    with pytest.raises(AttributeError, match="module 'dualad' has no attribute 'gradient'"):
        _ = dualad.gradient
