"""After inference: every construct in its one normal form.

x[i]                "getitem" if it is a number, "view" if it shares memory, "gather" if it copies (index arrays, masks)
x += y              on numbers a plain addition; on arrays "inplace", and the target is x itself
a[i] += v           "augitem" for += and -= on a number; otherwise read, operate, write
x.copy(), x.sum()   the NumPy function of that name

An "augitem" whose value is computed by something that may write comes with what Python reads of the place before,
`kwargs["old"]`. It is needed only if that does write.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules import registry
from .. import ir
from ..ir import Const, Function, Namer, Op, Slice, TupleOf, Var
from ..ir.boundary import normal_access, refuse_text
from ..ir.callees import PLAIN
from ..ir.effects import METHODS, may_change_memory
from ..ir.kinds import is_array, is_float, is_integer, is_list, is_memory, is_number, type_of
from ..ir.of_numbers import is_of_number, may_be_of_number, of_number
from ..ir.operations import ALLOCATIONS, WRITES
from ..ir.renaming import rename, rename_everywhere
from .in_place import in_place
from .indexing import WHOLE, Indexing, take_grids_apart
from .list_operations import changed_item, check_lists, on_list

_ACCESSES = ("getitem", "setitem", "augitem")


def normalise(function: Function, namer: Namer) -> None:
    """Bring a typed function into normal form (in place)."""
    renamed: dict[Var, object] = {}
    _drop_early_reads(function.body)
    take_grids_apart(function.body, namer, renamed)

    def change(op: Op) -> list:
        op.args = tuple(rename(a, renamed) for a in op.args)
        op.kwargs = {k: rename(v, renamed) for k, v in op.kwargs.items()}
        return _normal(op, namer, renamed)

    ir.rewrite(function.body, change)
    rename_everywhere(function, renamed)
    _drop_invariant(function)
    check_lists(function, namer)


def _drop_early_reads(block: ir.Block) -> None:
    """Let augmented stores read when they store, if nothing is written in between but what is made in between."""
    for k, stmt in enumerate(block):
        for inner in ir.blocks_of(stmt):
            _drop_early_reads(inner)
        if isinstance(stmt, Op) and stmt.fn == "augitem" and stmt.kwargs:
            first = next(j for j, s in enumerate(block) if isinstance(s, Op) and s.target is stmt.kwargs["old"])
            between = [s for s in ir.walk(ir.Block(block.statements[first + 1 : k])) if isinstance(s, Op)]
            new = {s.target for s in between if s.fn in ALLOCATIONS}
            own = (*WRITES, "method", *PLAIN)
            if not any(may_change_memory(s) and not (s.fn in own and s.args[0] in new) for s in between):
                stmt.kwargs = {}


def _is_of_elements(op: Op) -> bool:
    """Whether an operation takes a number from each of its arguments, of which it makes one."""
    rule = None if isinstance(op.fn, str) else registry.find(op.fn)
    if may_be_of_number(op):
        return True
    return rule is not None and rule.kind in ("pointwise", "constant") and rule.elementwise and not op.kwargs


def _elements_first(op: Op, namer: Namer) -> list:
    """Let an operation have the elements of arrays of no dimensions in their place; return what reads them."""
    before, args = [], []
    for x in op.args:
        if is_array(x):
            element = Var(namer.fresh(getattr(x, "name", "item")), type_of(x).dtype)
            before.append(Op(element, "getitem", (x,), {}, None, op.place))
            x = element
        args.append(x)
    op.args = tuple(args)
    return before


def _contiguous(x: object, target: Var, namer: Namer, place: tuple, dtype: object = None) -> list:
    """A copy in C order, perhaps of another dtype; Numba's np.copy keeps the order."""
    ty = type_of(x)
    shape = Var(namer.fresh("shape"), types.UniTuple(types.int64, ty.ndim))
    dtype = ir.Global(getattr(np, str(dtype or ty.dtype)))
    return [
        Op(shape, "attr", (x,), {}, "shape", place),
        Op(target, np.empty, (shape, dtype), {}, None, place),
        Op(None, "assign", (target, x), {}, None, place),
    ]


def _drop_invariant(function: Function) -> None:
    """A carried value that every trip hands on unchanged is no carried value."""
    while True:
        same: dict[Var, object] = {}
        for stmt in ir.walk(function.body):
            if isinstance(stmt, ir.LOOPS):
                for c in [c for c in stmt.carried if c.yielded is c.param and c.init is not ir.UNDEFINED]:
                    if type_of(c.init) == c.param.type:
                        same[c.param] = same[c.result] = c.init
                        stmt.carried.remove(c)
        if not same:
            return
        rename_everywhere(function, same)


def _is_element(base: object, index: tuple) -> bool:
    """Whether an index picks a single number."""
    ty = type_of(base)
    return isinstance(ty, types.Array) and len(index) == ty.ndim and all(is_integer(i) for i in index)


def _is_basic(index: tuple) -> bool:
    return all(isinstance(i, Slice) or is_integer(i) or i == Const(None) for i in index)


def _normal(op: Op, namer: Namer, renamed: dict) -> list:
    if op.fn == "snapshot":
        if not is_memory(op.args[0]):
            renamed[op.target] = op.args[0]
            return []
        op.fn, op.detail = "method", "copy"
    fn = op.fn
    if fn == "getitem" and isinstance(op.args[0], TupleOf) and isinstance(op.args[1], Const):
        renamed[op.target] = op.args[0].items[op.args[1].value]
        return []
    refuse_text(op)
    if normal_access(op):
        return [op]
    if fn == "getitem":
        op.detail = None
    if fn in _ACCESSES and is_array(op.args[0]):
        base, *index = op.args
        value = () if fn == "getitem" else (index.pop(),)
        before: list = []
        find = Indexing(namer).index_of_count if op.flat else Indexing(namer).normal_form
        op.args, op.flat = (base, *find(base, tuple(index), before, op.place), *value), False
        return [*before, *_access(op, namer)]
    if any(is_list(x) for x in (*op.args, op.target) if x is not None):
        return on_list(op, namer)
    if is_number(op.target) and any(is_array(x) and type_of(x).ndim == 0 for x in op.args) and _is_of_elements(op):
        return [*_elements_first(op, namer), *_normal(op, namer, renamed)]
    if may_be_of_number(op):
        given = tuple(type_of(a) for a in op.args)
        if is_of_number(op, given):
            *before, last = of_number(op, given, namer)
            is_cast = isinstance(last, Op) and last.fn == "cast"
            return [*before, *(_cast(last, namer, renamed) if is_cast else [last])]
    if fn in PLAIN:
        if isinstance(op.target.type, types.Array) and is_array(op.args[0]):
            renamed[op.target] = op.args[0]
            return [in_place(fn, *op.args, op.place)]
        op.fn = PLAIN[fn]
        return [op]
    if fn == "method":
        return _method(op, namer, renamed)
    if fn == "cast":
        return _cast(op, namer, renamed)
    if fn == "part":
        return [_part(op)]
    if fn == "fstring":
        return [_text(op)]
    if fn is np.sum and is_array(op.args[0]):
        return [_sum(op)]
    if fn in (sum, min, max) and len(op.args) == 1 and is_array(op.args[0]) and type_of(op.args[0]).ndim > 1:
        name = fn.__name__
        what = f"{name} of an array of {type_of(op.args[0]).ndim} dimensions"
        raise UnsupportedError(at(f"{what} is not supported: use np.{name}", *op.place))
    if fn in (np.real, np.conj) and is_float(op.args[0]):
        if fn is np.conj and is_array(op.args[0]):
            return _normal(Op(op.target, np.copy, op.args, {}, None, op.place), namer, renamed)
        renamed[op.target] = op.args[0]
        return []
    if fn is abs and is_array(op.args[0]):
        op.fn = np.abs
    if fn is np.asfortranarray and is_array(op.args[0]):
        return _fortran(op, namer, renamed)
    if fn in (np.ascontiguousarray, np.asarray) and is_array(op.args[0]) and not op.kwargs and len(op.args) == 1:
        if fn is np.asarray or type_of(op.args[0]).layout == "C":
            renamed[op.target] = op.args[0]
            return []
        return _contiguous(op.args[0], op.target, namer, op.place)
    if fn is np.copy and is_array(op.args[0]) and type_of(op.args[0]).layout != "C":
        return _contiguous(op.args[0], op.target, namer, op.place)  # Numba's type says C, its strides do not
    if fn in (np.ravel, np.reshape) and type_of(op.args[0]).layout != "C":
        return _of_a_copy(op, namer)
    return [op]


def _access(op: Op, namer: Namer) -> list:
    """The normal form of an operation on elements or parts of an array, given that of its index."""
    if op.fn == "augitem":
        return _augmented(op, namer)
    if op.fn == "setitem":
        return [op] if _is_element(op.args[0], op.args[1:-1]) else _assign_part(op, namer)
    if isinstance(op.target.type, types.Array):
        op.fn = "view" if _is_basic(op.args[1:]) else "gather"
    return [op]


def _cast(op: Op, namer: Namer, renamed: dict) -> list:
    """A value that is to have a type: itself, where it has it already."""
    x, dtype = op.args[0], getattr(op.detail, "dtype", op.detail)
    is_laid_out = not is_array(x) or getattr(op.detail, "layout", "A") in ("A", type_of(x).layout)
    if getattr(type_of(x), "dtype", type_of(x)) == dtype and is_laid_out:
        renamed[op.target] = x
        return []
    if is_array(x):
        return _contiguous(x, op.target, namer, op.place, dtype)
    return [Op(op.target, getattr(np, str(dtype)), (x,), {}, None, op.place)]


def _text(op: Op) -> Op:
    """A text that is made in native code, where it must be: Numba knows those of strings and integers."""
    for x in op.args:
        if not isinstance(type_of(x), types.Integer | types.UnicodeType):
            what = f"the text of a {type_of(x)}, except in the message of an exception,"
            raise UnsupportedError(at(f"{what} is not supported: print the value itself", *op.place))
    return op


def _part(op: Op) -> Op:
    """A slice along an axis; np.hsplit's is the second one, if there are two."""
    x, lower, upper = op.args
    ndim = type_of(x).ndim
    axis = min(1, ndim - 1) if op.detail is None else op.detail
    if not -ndim <= axis < ndim:
        raise UnsupportedError(at(f"splitting an array of {ndim} dimensions along axis {axis} is an error", *op.place))
    return Op(op.target, "view", (x, *[WHOLE] * (axis % ndim), Slice(lower, upper, Const(None))), {}, None, op.place)


def _sum(op: Op) -> Op:
    """np.sum of all elements has one argument; a constant axis is counted from the front, and has its name."""
    axis = op.args[1] if len(op.args) == 2 else op.kwargs.get("axis", Const(None))
    rest = {k: v for k, v in op.kwargs.items() if k != "axis"}
    ndim = type_of(op.args[0]).ndim
    if len(op.args) > 2 or not isinstance(axis, Const):
        return op
    if axis != Const(None) and not -ndim <= axis.value < ndim:
        return op
    if axis == Const(None) or ndim == 1:
        return Op(op.target, np.sum, op.args[:1], rest, None, op.place)
    return Op(op.target, np.sum, op.args[:1], {"axis": Const(axis.value % ndim), **rest}, None, op.place)


def _fortran(op: Op, namer: Namer, renamed: dict) -> list:
    """A copy in Fortran order is the transpose of the transpose in C order."""
    ty = type_of(op.args[0])
    if ty.layout == "F" or ty.ndim == 1 and ty.layout == "C":
        renamed[op.target] = op.args[0]
        return []
    turned = Var(namer.fresh("t"), types.Array(ty.dtype, ty.ndim, "A"))
    copied = Var(namer.fresh("t"), types.Array(ty.dtype, ty.ndim, "C"))
    return [
        Op(turned, np.transpose, op.args, {}, None, op.place),
        *_contiguous(turned, copied, namer, op.place),
        Op(op.target, np.transpose, (copied,), {}, None, op.place),
    ]


def _of_a_copy(op: Op, namer: Namer) -> list:
    """np.ravel and np.reshape look into contiguous arrays, and copy others."""
    ty = type_of(op.args[0])
    copied = Var(namer.fresh("t"), types.Array(ty.dtype, ty.ndim, "C"))
    return [
        *_contiguous(op.args[0], copied, namer, op.place),
        Op(op.target, op.fn, (copied, *op.args[1:]), op.kwargs, None, op.place),
    ]


def _augmented(op: Op, namer: Namer) -> list:
    base, *index, value = op.args
    if _is_element(base, tuple(index)):
        return changed_item(op, namer)
    if op.kwargs:
        old = op.kwargs["old"]
        change = in_place(op.detail, old, value, op.place)
        is_view = _is_basic(tuple(index))
        return [change] if is_view else [change, Op(None, "setitem", (base, *index, old), {}, None, op.place)]
    if _is_basic(tuple(index)):
        part = Var(namer.fresh("part"), _view_type(base, index))
        return [
            Op(part, "view", (base, *index), {}, None, op.place),
            in_place(op.detail, part, value, op.place),
        ]
    return [op]


def _assign_part(op: Op, namer: Namer) -> list:
    base, *index, value = op.args
    if not _is_basic(tuple(index)):
        return [op]
    part, out = base, []
    if any(i != WHOLE for i in index):
        part = Var(namer.fresh("part"), _view_type(base, index))
        out.append(Op(part, "view", (base, *index), {}, None, op.place))
    value = Indexing(namer).fitted(value, type_of(part).ndim, out, op.place)
    return [*out, Op(None, "assign", (part, value), {}, None, op.place)]


def _view_type(base: object, index: list) -> object:
    """The type of a view, as far as the compiler needs it: dtype and number of dimensions."""
    ty = type_of(base)
    ndim = ty.ndim - sum(is_integer(i) for i in index) + sum(i == Const(None) for i in index)
    return types.Array(ty.dtype, ndim, "A")


def _method(op: Op, namer: Namer, renamed: dict) -> list:
    name = op.detail
    if name in ("fill", "sort") and is_array(op.args[0]) and op.target is not None:
        renamed[op.target] = Const(None)
    if name == "fill" and is_array(op.args[0]):
        return [Op(None, "assign", op.args, {}, None, op.place)]
    if name == "sort" and len(op.args) == 1 and is_array(op.args[0]):
        ordered = Var(namer.fresh("t"), types.Array(type_of(op.args[0]).dtype, 1, "C"))
        return [
            Op(ordered, np.sort, op.args, {}, None, op.place),
            Op(None, "assign", (op.args[0], ordered), {}, None, op.place),
        ]
    if name == "flatten":
        return _of_a_copy(Op(op.target, np.ravel, op.args, {}, None, op.place), namer)
    if name in METHODS and is_array(op.args[0]):
        args = op.args
        if name in ("reshape", "transpose") and len(args) > 2:
            args = (args[0], TupleOf(args[1:]))
        if name == "clip" and len(args) + len(op.kwargs) < 3 and "a_max" not in op.kwargs:
            args = (*args, *[Const(None)] * (3 - len(args)))  # np.clip has no default for it
        return _normal(Op(op.target, METHODS[name], args, op.kwargs, None, op.place), namer, renamed)
    if name in ("conj", "conjugate") and is_number(op.args[0]):
        return _normal(Op(op.target, np.conj, op.args, op.kwargs, None, op.place), namer, renamed)
    if name == "item" and len(op.args) == 1 and not is_array(op.args[0]):
        raise UnsupportedError(at("x.item() is not supported: use the number itself", *op.place))
    return [op]
