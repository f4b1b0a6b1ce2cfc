"""Lists, tuples and numbers where NumPy takes anything like an array, and the arrays that results are written into.

np.dot([1.0, x], y) is np.dot(np.array([1.0, x]), y). An array without dimensions, np.asarray(2.0), is a number here. It
is remembered which variables are such (`zero_dim`), since numbers have neither a shape nor an item(), and change under
one name alone.
"""

from __future__ import annotations

import ast
import inspect

import numpy as np
from numba import types

from ..ir import Const, Global, TupleOf, Var
from ..ir.callees import library_name
from .values import OPERANDS, ListOf, Static

_ARRAY_PARAMETERS = frozenset(
    "a b x y c m v p q u A X arr ary array x1 x2 xp fp ar1 ar2 left right weights bins test_elements xi yi".split()
)
"""What NumPy calls those of its parameters that take anything like an array."""
MAKERS = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray)
_OUT = {np.dot: 2, np.clip: 3, np.outer: 2, np.round: 2, np.around: 2, np.isneginf: 1, np.isposinf: 1}
"""Where functions other than ufuncs take the array that they write their result into."""
_NO_DIMENSIONS = {"shape": TupleOf(()), "strides": TupleOf(()), "ndim": Const(0), "size": Const(1)}


class ArrayLikes:
    """The part of `Lowering` that deals with what is as good as an array."""

    def as_arrays(self, f: object, args: list, kwargs: dict, node: ast.AST) -> tuple[list, dict]:
        """Return arguments of a library function with arrays in place of lists and tuples of numbers."""
        is_of_numpy = isinstance(f, np.ufunc) or (getattr(f, "__module__", "") or "").startswith("numpy")
        if f in (*MAKERS, np.ndim, np.shape, np.size) or not is_of_numpy:
            return args, kwargs
        names = _parameters(f, len(args))
        args = [self.as_array(x, node) if name in _ARRAY_PARAMETERS else x for name, x in zip(names, args, strict=True)]
        return args, {k: self.as_array(x, node) if k in _ARRAY_PARAMETERS else x for k, x in kwargs.items()}

    def as_array(self, value: object, node: ast.AST) -> object:
        """Return a list or a tuple as an array; anything else, and what is none of numbers, as it is."""
        if isinstance(value, TupleOf | ListOf) and value.items:
            if self.are_arrays(value.items, node):
                return self.emit(np.stack, (TupleOf(tuple(value.items)),), node)
            rows = [i.items if isinstance(i, TupleOf | ListOf) else (i,) for i in value.items]
            if all(isinstance(x, OPERANDS) and not _is_text(x) for row in rows for x in row):
                return self.pack(value, [], {}, node, "t")
        return value

    def are_arrays(self, items: list, node: ast.AST) -> bool:
        """Whether the items of a list are known to be arrays, all of them."""
        known = [self.type_if_known(i, node) if isinstance(i, Var) else None for i in items]
        return bool(known) and all(isinstance(t, types.Array) and t.ndim > 0 for t in known)

    def made_of(self, f: object, args: list, kwargs: dict, node: ast.AST, hint: str) -> object:
        """Return np.array(x) or the like where x is a list or a number; None where it is an array."""
        if f not in MAKERS or not args:
            return None
        x = args[0]
        if isinstance(x, ListOf | TupleOf):
            if self.are_arrays(x.items, node):
                stacked = self.emit(np.stack, (TupleOf(tuple(x.items)),), node, hint)
                dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
                return stacked if dtype is None else self.emit("method", (stacked, self.as_operand(dtype, node)), node,
                                                               hint, None, "astype")  # fmt: skip
            return self.pack(x, args[1:], kwargs, node, hint)
        is_number = isinstance(x, Const) and isinstance(x.value, int | float)
        if isinstance(x, Var) and x not in self.lists:
            known = self.type_if_known(x, node)
            is_number = isinstance(known, types.Number | types.Boolean)
            if f is np.array and isinstance(known, types.Array) and known.ndim and not args[1:] and not kwargs:
                return self.emit(np.copy, (x,), node, hint)  # Numba has it of lists alone
        if not is_number:
            return None
        dtype = kwargs.get("dtype", args[1] if len(args) > 1 else Const(None))
        if isinstance(dtype, Static):
            x = self.call_static(dtype.value, [x], {}, node, hint)
        elif dtype != Const(None):
            return None
        if isinstance(x, Const):
            x = self.emit(np.float64 if isinstance(x.value, float) else np.int64, (x,), node, hint)
        elif x is args[0]:  # a name of its own, under which alone it is an array
            x = self.emit(self.class_of(x, node), (x,), node, hint)
        self.zero_dim.add(x)
        return x

    def attribute_of_number(self, base: object, node: ast.Attribute) -> object:
        """Return an attribute of an array without dimensions; None of another value."""
        if base not in self.zero_dim:
            return None
        return Static(np.dtype(self.class_of(base, node))) if node.attr == "dtype" else _NO_DIMENSIONS.get(node.attr)

    def refuse_shared_number(self, now: object, node: ast.AST) -> None:
        """Refuse to change an array without dimensions that is seen under several names."""
        if now not in self.zero_dim:
            return
        frames = [self.frame, *self.callers]
        for frame in frames:  # it grows meanwhile
            if frame is not None and frame.parent is not None and frame.parent not in frames:
                frames.append(frame.parent)
        if sum(x is now for frame in frames if frame is not None for x in frame.env.values()) > 1:
            what = "changing an array without dimensions that has two names"
            raise self.fail(node, what, "make it an array of one element: np.array([x])")

    # ---------------------------------------------------------------- out=

    def split_out(self, f: object, args: list, kwargs: dict, node: ast.AST) -> tuple[list, dict, object]:
        """Return the arguments without the array that the result is to be written into, and that array or None."""
        position = f.nin if isinstance(f, np.ufunc) else _OUT.get(f, len(args)) if callable(f) else len(args)
        kwargs = dict(kwargs)
        out = kwargs.pop("out", Const(None))
        if len(args) > position:
            args, out = [*args[:position], *args[position + 1 :]], args[position]
        if isinstance(out, TupleOf) and len(out.items) == 1:
            out = out.items[0]
        if out == Const(None):
            return args, kwargs, None
        if not isinstance(out, Var):
            raise self.fail(node, f"{library_name(f)} with this out argument", "assign the result: out[...] = ...")
        return args, kwargs, out

    def written_into(self, out: object, value: object, node: ast.AST) -> object:
        """Write a result into the array given for it."""
        self.refuse_frozen(out, node)
        self.effect("setitem", (out, Global(...), self.as_operand(value, node)), node)
        return out


def _parameters(f: object, count: int) -> list[str]:
    """Return the names of the parameters of the first arguments; those of ufuncs are called a."""
    if isinstance(f, np.ufunc):
        return ["a"] * count
    try:
        parameters = [*inspect.signature(f).parameters.values()]
    except (TypeError, ValueError):
        return [""] * count
    names = [p.name if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) else "" for p in parameters]
    return (names + [""] * count)[:count]


def _is_text(x: object) -> bool:
    return isinstance(x, Const) and isinstance(x.value, str | None)
