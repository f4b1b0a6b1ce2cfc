"""Operations on lists in memory, in their normal form: "list", "append", "pop", elements read and stored, `len`."""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from .. import ir
from ..ir import Const, Function, Namer, Op, Slice, Var
from ..ir.callees import PLAIN
from ..ir.kinds import is_integer, is_list, type_of
from ..runtime.helpers import array_of
from .in_place import in_place

_KNOWN = (len, array_of, sum, min, max, "list", "append", "pop", "getitem", "setitem", "augitem", "call")


def on_list(op: Op, namer: Namer) -> list:
    """Return the normal form of an operation on a list in memory."""
    base, name = op.args[0] if op.args else None, op.detail if op.fn == "method" else getattr(op.fn, "__name__", op.fn)
    if op.fn == "method" and is_list(base):
        if name == "copy":
            return _copied(op, namer)
        if name == "pop" and len(op.args) > 1:
            name = "pop of a place"
        op.fn, op.detail = name, None
        if name == "append":
            op.target = None
    if op.fn in (np.array, np.asarray) and len(op.args) == 1 and not op.kwargs:
        op.fn = array_of
    if op.fn == "pack" and all(map(is_list, op.args)) and not op.kwargs:  # of rows that grew
        rows = Var(namer.fresh("rows"), types.List(type_of(base)))
        return [
            Op(rows, "list", op.args, {}, None, op.place),
            Op(op.target, array_of, (rows,), {}, None, op.place),
        ]
    is_part = any(isinstance(i, Slice) for i in op.args)
    if op.fn not in _KNOWN or is_part:
        what = f"{op.fn} of a part of a list" if is_part else f"list.{name}" if op.fn == name else f"{name} of a list"
        remedy = "write the loop, or make it an array with np.array"
        raise UnsupportedError(at(f"{what} is not supported: {remedy}", *op.place))
    kept = type_of(base).dtype if op.fn in ("setitem", "augitem") else None
    if op.fn == "augitem" and isinstance(kept, types.Array):
        item = op.kwargs.get("old") or Var(namer.fresh("item"), kept)
        read = [] if op.kwargs else [Op(item, "getitem", op.args[:2], {}, None, op.place)]
        return [*read, in_place(op.detail, item, op.args[2], op.place)]
    if isinstance(kept, types.Array | types.List) or (isinstance(kept, types.Integer) and not is_integer(op.args[-1])):
        what = f"storing {type_of(op.args[-1])} into a list of {kept}"
        raise UnsupportedError(at(f"{what} is not supported: append to a new list", *op.place))
    return changed_item(op, namer) if op.fn == "augitem" else [op]


def changed_item(op: Op, namer: Namer) -> list:
    """An augmented operation on one item: += and -= as they are, others read, operate, write.

    What was read before the value was computed is operated on, if it had to be.
    """
    base, *index, value = op.args
    if op.detail in (operator.iadd, operator.isub) and not op.kwargs:
        return [op]
    dtype = type_of(base).dtype
    old = op.kwargs.get("old") or Var(namer.fresh("t"), dtype)
    new = Var(namer.fresh("t"), dtype)
    return [
        *([] if op.kwargs else [Op(old, "getitem", (base, *index), {}, None, op.place)]),
        Op(new, PLAIN[op.detail], (old, value), {}, None, op.place),
        Op(None, "setitem", (base, *index, new), {}, None, op.place),
    ]


def _copied(op: Op, namer: Namer) -> list:
    """list.copy, as the loop that it is."""
    (base,) = op.args
    size, trips, k = (Var(namer.fresh(hint), types.int64) for hint in ("n", "trips", "k"))
    item = Var(namer.fresh("item"), type_of(base).dtype)
    body = [
        Op(item, "getitem", (base, k), {}, None, op.place),
        Op(None, "append", (op.target, item), {}, None, op.place),
    ]
    return [
        Op(size, len, (base,), {}, None, op.place),
        Op(op.target, "list", (), {}, None, op.place),
        ir.For(k, Const(0), size, Const(1), [], ir.Block(body), None, trips, op.place),
    ]


def check_lists(function: Function, namer: Namer) -> None:
    """Refuse lists as results; a list as a test is the test of its length (in place)."""
    result = function.result
    if function.has_aux and isinstance(result, ir.TupleOf):
        result = result.items[0]
    if any(is_list(v) for v in ir.vars_in(result)):
        what = f"a list as the result of {function.name} is not supported: return an array, np.array(...)"
        raise UnsupportedError(at(what, *function.place))
    _test_lengths(function.body, namer)


def _test_lengths(block: ir.Block, namer: Namer) -> None:
    new: list = []
    for stmt in block:
        for inner in ir.blocks_of(stmt):
            _test_lengths(inner, namer)
        if isinstance(stmt, ir.If | ir.While) and is_list(stmt.test):
            size = Var(namer.fresh("n"), types.int64)
            op = Op(size, len, (stmt.test,), {}, None, stmt.place)
            stmt.test = size
            (new if isinstance(stmt, ir.If) else stmt.header.statements).append(op)
        new.append(stmt)
    block.statements = new
