"""Modules with the names of autograd's, in which NumPy is NumPy and `check_grads` checks derivatives of dualad's."""

import itertools
import linecache
import sys
import types
from collections.abc import Callable

import numpy as np
import scipy

import dualad
from dualad.testing import check_grads as check

_serial = itertools.count()
_wrapped: dict[tuple, Callable] = {}


class NotOfRealNumbers(Exception):
    """A case that concerns complex numbers, or what only autograd has."""


def install() -> None:
    """Put the modules where `import autograd` finds them."""
    ours = types.ModuleType("autograd")
    ours.numpy = np
    ours.grad, ours.jacobian, ours.value_and_grad = dualad.grad, dualad.jacobian, dualad.value_and_grad
    ours.elementwise_grad = ours.deriv = ours.egrad = _elementwise
    ours.make_hvp = lambda f, argnum=0: lambda *args: lambda v: dualad.hvp(f, args, (v,), argnums=argnum)
    ours.make_vjp = lambda f, argnum=0: lambda *args: dualad.vjp(f, *args)[::-1]
    ours.hessian = dualad.hessian
    ours.isinstance, ours.tuple, ours.list, ours.dict = isinstance, tuple, list, dict
    for name in ("multigrad_dict", "elementwise_grad", "holomorphic_grad", "checkpoint", "grad_and_aux", "make_ggnvp",
                 "make_jvp", "hessian_tensor_product", "hessian_vector_product", "tensor_jacobian_product",
                 "vector_jacobian_product", "jacobian"):  # fmt: skip
        if not hasattr(ours, name):
            setattr(ours, name, _only_autograd(name))
    util = types.ModuleType("autograd.test_util")
    util.check_grads, util.combo_check, util.scalar_close = check_grads, combo_check, scalar_close
    util.check_equivalent = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)
    modules = {"autograd": ours, "autograd.test_util": util, "autograd.numpy": np, "autograd.numpy.random": np.random}
    modules |= {"autograd.numpy.linalg": np.linalg, "autograd.numpy.fft": np.fft, "autograd.scipy": scipy}
    for name in ("extend", "tracer", "core", "builtins", "wrap_util", "util", "misc", "numpy.numpy_boxes"):
        modules[f"autograd.{name}"] = _Missing(f"autograd.{name}")
    modules["autograd.builtins"].__dict__.update(isinstance=isinstance, tuple=tuple, list=list, dict=dict)
    sys.modules.update(modules)


class _Missing(types.ModuleType):
    """A module in which every name stands for something that only autograd has."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return _only_autograd(name)


def _only_autograd(name: str) -> Callable:
    def used(*args: object, **kwargs: object) -> object:
        raise NotOfRealNumbers(f"autograd's {name}")

    return used


def _elementwise(f: Callable, argnum: int = 0) -> Callable:
    def derivative(*args: object) -> object:
        dots = tuple(np.ones_like(a) if k == argnum else None for k, a in enumerate(args))
        return dualad.jvp(f, args, tuple(1.0 if np.ndim(d) == 0 and d is not None else d for d in dots))[1]

    return derivative


def scalar_close(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6 or abs(a - b) / abs(a + b) < 1e-6


def _has_complex(x: object) -> bool:
    if isinstance(x, dict):
        return any(map(_has_complex, x.values()))
    if isinstance(x, tuple | list):
        return any(map(_has_complex, x))
    return np.iscomplexobj(x)


def with_keywords(f: Callable, kwargs: dict, count: int) -> Callable:
    """Return a function with text of its own: of NumPy's functions, and of calls with keywords."""
    library = (getattr(f, "__module__", "") or "").split(".")[0]
    if not kwargs and isinstance(f, types.FunctionType) and library not in ("numpy", "scipy"):
        return f
    key = (f, repr(sorted(kwargs.items())), count)
    if key not in _wrapped:
        name, filename = "called", f"<autograd suite {next(_serial)}>"
        path = getattr(f, "__name__", "")
        names = {"np": np, "f": f}
        where = next((m for m in ("np.linalg", "np") if _at(names, m, path) is f), None)
        called = f"{where}.{path}" if where else "f"
        params = ", ".join(f"x{k}" for k in range(count))
        more = "".join(f", {k}={v!r}" for k, v in kwargs.items())
        text = f"def {name}({params}):\n    return {called}({params}{more})\n"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), names)  # noqa: S102
        _wrapped[key] = names[name]
    return _wrapped[key]


def _at(names: dict, module: str, path: str) -> object:
    found = np.linalg if module == "np.linalg" else names["np"]
    return getattr(found, path, None)


def check_grads(f: Callable, argnum: object = 0, modes: object = None, order: int = 2) -> Callable:
    """Return what checks the derivatives of a function at the arguments that it is given."""

    def checked(*args: object, **kwargs: object) -> None:
        if _has_complex(args) or _has_complex(kwargs):
            raise NotOfRealNumbers("complex numbers")
        args = tuple(float(a) if isinstance(a, np.floating) else a for a in args)
        wrt = tuple(argnum) if isinstance(argnum, tuple | list) else (argnum,)
        check(with_keywords(f, kwargs, len(args)), args, argnums=wrt, rtol=1e-5)

    return checked


def combo_check(f: Callable, argnum: object = 0, **options: object) -> Callable:
    """Return what checks all combinations of arguments and keywords of real numbers."""

    def checked(*args: object, **kwargs: object) -> None:
        done = 0
        keywords = [[(k, x) for x in xs] for k, xs in kwargs.items()]
        for some in itertools.product(*args):
            for named in itertools.product(*keywords):
                if not _has_complex(some) and not _has_complex(dict(named)):
                    check_grads(f, argnum, **options)(*some, **dict(named))
                    done += 1
        if not done:
            raise NotOfRealNumbers("complex numbers")

    return checked
