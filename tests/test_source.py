"""The text that is differentiated is that of the function in hand, and its parameters are its own."""

import ast
import functools
import importlib
import inspect
import linecache
import os
import subprocess
import sys
import types

import numpy as np
import pytest

import dualad
from dualad import texts
from dualad.compiler.lowering.source import luggage, python_function, read, signature_of

HERE = os.path.basename(__file__)


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A module that is written, imported, and written again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "a_module_that_is_edited.py"
    modules = []

    def write(text):
        path.write_text(text)

    def load(text):
        write(text)
        modules.append(importlib.reload(modules[0]) if modules else importlib.import_module(path.stem))
        return modules[0]

    yield load, write
    sys.modules.pop(path.stem, None)


def text(f):
    return ast.unparse(read(f).node)


# ------------------------------------------------------------------- edited files


def test_a_module_is_edited_and_imported_again(edited):
    load, _ = edited
    module = load("def f(x):\n    return 3.0 * x\n")
    old = module.f
    assert dualad.grad(module.f)(1.0) == 3.0
    load("def f(x):\n    return 40.0 * x * x\n")
    assert dualad.value_and_grad(module.f)(1.0) == (40.0, 80.0)
    assert dualad.jacfwd(module.f)(1.0) == 80.0
    assert dualad.grad(old)(1.0) == 3.0  # its text is known from before


def test_a_file_is_edited_and_not_imported_again(edited):
    load, write = edited
    module = load("def f(x):\n    return 3.0 * x\n\ndef g(x):\n    return f(x)\n")
    linecache.clearcache()
    write("def f(x):\n    return 4.0 * x\n\ndef g(x):\n    return f(x)\n")
    for function in (module.f, module.g):
        with pytest.raises(dualad.NoSourceError, match=r"of f \(.*line 1\).*not what the function was compiled from"):
            dualad.grad(function)(1.0)
    load("def f(x):\n    return 4.0 * x\n\ndef g(x):\n    return f(x)\n")
    assert dualad.grad(module.g)(1.0) == 4.0


@pytest.mark.parametrize(
    "edit",
    ["2.0 * x", "3.0 + x", "3 * x", "-3.0 * x", "3.0 * y", "3.0 * x if x > 0 else x", "abs(3.0 * x)", "(lambda: x)()"],
)
def test_what_counts_as_another_text(edited, edit):
    load, write = edited
    module = load("y = 1.0\ndef f(x):\n    return 3.0 * x\n")
    linecache.clearcache()
    write(f"y = 1.0\ndef f(x):\n    return {edit}\n")
    with pytest.raises(dualad.NoSourceError, match="importlib.reload"):
        read(module.f)


def test_lines_that_move_do_not_matter(edited):
    load, write = edited
    module = load("def f(x):\n    return 3.0 * x\n")
    linecache.clearcache()
    write("# a comment\n\nimport math\n\n\ndef f(x):\n    # another one\n    return 3.0 * x\n")
    assert text(module.f) == "def f(x):\n    return 3.0 * x"
    assert read(module.f).node.lineno == 6


def test_the_code_of_a_function_is_exchanged():
    def f(x):
        return x

    def g(x):
        return x * x * x

    assert dualad.grad(f)(1.0) == 1.0
    f.__code__ = g.__code__
    assert dualad.grad(f)(1.0) == 3.0


# ------------------------------------------------------------------- texts and places


def test_lambdas_of_one_line():
    make = [lambda x: x * 2.0, lambda x: x * 3.0, lambda x: (lambda y: y * 4.0)(x), lambda x: x * 2.0]
    assert [text(f) for f in make] == [
        "lambda x: x * 2.0",
        "lambda x: x * 3.0",
        "lambda x: (lambda y: y * 4.0)(x)",
        "lambda x: x * 2.0",
    ]


def cells_of_a_notebook(source, name):
    """Execute statements one by one, as notebooks do, with the whole cell as their text."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = {"__name__": "__main__"}
    for statement in ast.parse(source).body:
        exec(compile(ast.Module([statement], []), name, "exec"), namespace)  # noqa: S102
    return namespace


def test_a_cell_that_imports_what_its_functions_call():
    made = cells_of_a_notebook("import math\n\ndef f(x):\n    return math.sin(x) * math.pi\n", "<cell of a test>")
    assert text(made["f"]) == "def f(x):\n    return math.sin(x) * math.pi"


def test_a_cell_that_is_not_all_python():
    name, code = "<cell with a magic>", "\ndef around(c):\n    def f(x):\n        return c * x\n    return f\n"
    namespace: dict = {}
    exec(compile(code, name, "exec"), namespace)  # noqa: S102
    source = f"%matplotlib inline{code}"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    assert text(namespace["around"](2.0)) == "def f(x):\n    return c * x"
    assert dualad.grad(namespace["around"](2.0))(1.0) == 2.0


def test_asserts_that_pytest_rewrites_are_found():
    def f(x):
        assert x < 5.0, "too large"
        return x * x

    assert any("@py_assert" in name for name in f.__code__.co_varnames)
    assert dualad.grad(f)(3.0) == 6.0
    with pytest.raises(AssertionError, match="too large"):
        dualad.grad(f)(6.0)


def test_what_another_process_needs_is_the_statement_and_the_imports():
    _, (filename, first, carried) = luggage(test_lambdas_of_one_line)
    lines = carried.split("\n")
    assert os.path.basename(filename) == HERE and first == 1
    assert "import functools" in lines and "def test_lambdas_of_one_line():" in lines
    assert "def test_the_code_of_a_function_is_exchanged():" not in lines
    at = test_lambdas_of_one_line.__code__.co_firstlineno
    assert lines[at - 1] == "def test_lambdas_of_one_line():"


@pytest.mark.parametrize("option, expected", [((), "AssertionError 9.0"), (("-O",), "8.0 8.0 4.0")])
def test_asserts_under_the_option_o(tmp_path, option, expected):
    path = tmp_path / "with_asserts.py"
    path.write_text(
        "import dualad\n"
        "def f(x):\n"
        "    def g(t):\n"
        "        assert t < 0.0\n"
        "        return t * 2.0\n"
        "    return g(x * x)\n"
        "def h(x):\n"
        "    k = 3.0 if __debug__ else 1.0\n"
        "    if not __debug__:\n"
        "        k = k + 0.0\n"
        "    return k * x * x * 0.75 if __debug__ else k * x * x\n"
        "try:\n"
        "    print(dualad.grad(f)(2.0), dualad.jacfwd(f)(2.0), end=' ')\n"
        "except AssertionError:\n"
        "    print('AssertionError', end=' ')\n"
        "print(dualad.grad(h)(2.0))\n"
    )
    command = [sys.executable, *option, str(path)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert out.stdout.strip() == expected


# ------------------------------------------------------------------- parameters


def two(x, y):
    return x * x * y


def swapped(f):
    @functools.wraps(f)
    def wrapper(y, x):
        return f(x, y)

    return wrapper


def scaled(f):
    @functools.wraps(f)
    def wrapper(x, y, scale=3.0):
        return scale * f(x, y)

    return wrapper


def fewer(f):
    @functools.wraps(f)
    def wrapper(x):
        return f(x, 5.0)

    return wrapper


def any_number(f):
    @functools.wraps(f)
    def wrapper(*args):
        return 2.0 * f(*args)

    return wrapper


@pytest.mark.parametrize("transform", [dualad.grad, dualad.jacfwd])
def test_a_wrapper_has_parameters_of_its_own(transform):
    assert transform(swapped(two))(2.0, 3.0) == 9.0
    assert transform(swapped(two))(x=3.0, y=2.0) == 9.0
    assert transform(swapped(two), argnums=1)(2.0, 3.0) == 12.0
    assert transform(scaled(two))(2.0, 3.0) == 36.0
    assert transform(scaled(two), argnums=2)(2.0, 3.0, 4.0) == 12.0
    assert transform(fewer(two))(3.0) == 30.0
    assert transform(any_number(two))(2.0, 3.0) == 24.0
    assert transform(any_number(two), argnums=(0, 1))(2.0, 3.0) == (24.0, 8.0)


def test_values_and_tangents_of_wrappers():
    assert dualad.value_and_grad(swapped(two))(2.0, 3.0) == (18.0, 9.0)
    assert dualad.jvp(swapped(two), (2.0, 3.0), (1.0, 0.0)) == (18.0, 9.0)
    assert dualad.vjp(any_number(two), 2.0, 3.0)[1](1.0) == (24.0, 8.0)


def test_a_signature_is_that_of_the_code():
    f = swapped(two)
    f.__signature__ = inspect.signature(lambda a, b, c: None)
    assert str(signature_of(f)) == "(y, x)"
    assert str(signature_of(dualad.grad(f))) == "(y, x)"
    assert str(signature_of(np.matmul)) == str(inspect.signature(np.matmul))


class Model:
    def method(self, x):
        return x


@functools.lru_cache
def cached(x):
    return x * x


def test_python_function():
    assert python_function(two) is two
    assert python_function(Model().method).__name__ == "method" and python_function(Model()) is None


_CUBE = "def f(x):\n    return x * x * x\n"


def test_a_text_of_dualads_own_is_found_although_linecache_has_forgotten_it():
    f = texts.define("def f(x):\n    return x * x\n", "<dualad: a test>", {"__name__": __name__})["f"]
    linecache.clearcache()
    assert dualad.grad(f)(3.0) == 6.0
    copy = types.FunctionType(texts.define(_CUBE, "<dualad: another>", {})["f"].__code__, {"__name__": __name__})
    linecache.clearcache()
    assert dualad.grad(copy)(3.0) == 27.0
