"""Functions as operands: what users call them, and to whom they belong."""

from __future__ import annotations

import ast
import cmath
import math
import operator
import types
from collections.abc import Callable

import numpy as np


def library_name(f: object) -> str:
    """Return the name by which users know a function of math, NumPy or Python: np.linalg.norm, math.sin, divmod."""
    name = getattr(f, "__name__", str(f))
    for module, prefix in (
        (np, "np."),
        (np.linalg, "np.linalg."),
        (np.fft, "np.fft."),
        (math, "math."),
        (cmath, "cmath."),
    ):
        if vars(module).get(name) is f:  # NumPy warns when it is asked for names such as str
            return prefix + name
    return name


def is_library(f: object) -> bool:
    """Whether a callable belongs to Python, math or NumPy, and so is called rather than inlined."""
    if isinstance(f, np.ufunc | type | types.BuiltinFunctionType):
        return True
    module = getattr(f, "__module__", None) or ""
    return module.split(".")[0] in ("numpy", "math", "cmath", "builtins", "operator", "_operator")


BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
INPLACE = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.Mult: operator.imul,
    ast.Div: operator.itruediv,
    ast.FloorDiv: operator.ifloordiv,
    ast.Mod: operator.imod,
    ast.Pow: operator.ipow,
    ast.MatMult: operator.imatmul,
    ast.BitAnd: operator.iand,
    ast.BitOr: operator.ior,
    ast.BitXor: operator.ixor,
    ast.LShift: operator.ilshift,
    ast.RShift: operator.irshift,
}
PLAIN = {INPLACE[k]: BINARY[k] for k in BINARY}


def methods_named(names: str) -> dict[str, Callable]:
    """Return the functions of NumPy behind methods of arrays, by the names, of which NumPy may have left some out."""
    return {name: getattr(np, name) for name in names.split() if hasattr(np, name)}
