"""What NumPy functions of arrays are of single numbers: np.sum(2.0) is 2.0, np.std(2.0) is 0.0.

NumPy takes a number for an array without dimensions. Numba has some of these functions for numbers, others not, and
some with other results (np.cumsum(2.0) is an array of one element). So the calls whose argument turns out to be a
number get their types here, and become operations on numbers.
"""

from __future__ import annotations

import operator

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from .. import ir
from ..runtime.numba_bridge import call_type
from . import Const, Namer, Op, Var
from .callees import library_name, methods_named
from .of_types import written_type

_NUMBER = types.Number | types.Boolean

# what the functions are of a number x:
_ITSELF = {np.sum, np.prod, np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin}
_AS_FLOAT = {np.mean, np.median, np.average, np.nanmean, np.nanmedian}
_QUANTILES = {np.quantile, np.percentile, np.nanquantile, np.nanpercentile}  # x, if asked for one of them
_SPREADS = {np.ptp, np.std, np.var, np.nanstd, np.nanvar}  # x - x: NaN of what is not finite
_NEUTRAL = {np.nansum: 0, np.nanprod: 1}  # in place of a NaN
_SCANS = {np.cumsum, np.cumprod, np.nancumsum, np.nancumprod}
_VECTORS = {*_SCANS, np.ravel, np.atleast_1d, np.atleast_2d, np.expand_dims, np.unique}
_TRUTHS = {np.any, np.all}
_WITH_AXIS = {*_ITSELF, *_TRUTHS, np.expand_dims}
_COUNTS = {np.size: 1, np.ndim: 0, np.argmax: 0, np.argmin: 0, np.nanargmax: 0, np.nanargmin: 0}
_OTHERS = {np.count_nonzero, np.linalg.norm, np.where}
_PRODUCTS = {np.dot, np.vdot, np.kron, np.outer}  # of a number and anything
_OF_ONE = {*_ITSELF, *_AS_FLOAT, *_QUANTILES, *_SPREADS, *_NEUTRAL, *_VECTORS, *_TRUTHS, *_COUNTS, *_OTHERS}
_METHODS = methods_named("sum prod mean std var max min argmax argmin cumsum cumprod any all ravel dot") | {
    "flatten": np.ravel
}


def may_be_of_number(op: Op) -> bool:
    """Whether an operation is one of these if its arguments turn out to be numbers."""
    fn = _function(op)
    return fn in _OF_ONE or fn in _PRODUCTS if fn is not None else False


def is_of_number(op: Op, given: tuple) -> bool:
    """Whether an operation is one of these on arguments of the given types."""
    fn = _function(op)
    if fn in _PRODUCTS:
        return any(isinstance(t, _NUMBER) for t in given[:2])
    if fn is np.where:
        return len(given) == 3 and all(isinstance(t, _NUMBER) for t in given)
    if fn in _QUANTILES and not (len(given) == 2 and isinstance(given[1], _NUMBER)):
        return False
    return fn in _OF_ONE and len(given) > 0 and isinstance(given[0], _NUMBER)


def _function(op: Op) -> object:
    if op.fn == "method":
        return _METHODS.get(op.detail)
    return op.fn if callable(op.fn) and getattr(op.fn, "__hash__", None) else None


def result_type(op: Op, given: tuple, named: dict) -> object:
    """Return the type of an operation with arguments of the given types."""
    fn = _function(op)
    if not is_of_number(op, given):
        written = written_type(op, given, named)
        return written or call_type(op.detail if op.fn == "method" else op.fn, given, named)
    if fn in _PRODUCTS:
        product = call_type(operator.mul, given[:2], {})
        if fn is not np.outer:
            return product
        return types.Array(getattr(product, "dtype", product), 2, "C")
    x = given[0]
    as_float = x if isinstance(x, types.Float) else types.float64
    wide = types.int64 if isinstance(x, types.Integer | types.Boolean) else x
    if fn is np.where:
        return call_type(operator.add, given[1:], {}) if given[1] != given[2] else given[1]
    if fn in _TRUTHS:
        return types.boolean
    if fn in _COUNTS or fn is np.count_nonzero:
        return types.int64
    if fn in _VECTORS:
        return types.Array(wide if fn in _SCANS else x, 2 if fn is np.atleast_2d else 1, "C")
    if fn in (np.sum, np.prod, *_NEUTRAL):
        return wide
    return x if fn in _ITSELF or fn is np.ptp else as_float


def of_number(op: Op, given: tuple, namer: Namer) -> list:
    """Return the statements that such an operation consists of."""
    fn, target, place = _function(op), op.target, op.place
    _check_options(op, fn)
    x, kind = op.args[0], getattr(target.type, "dtype", target.type)
    before: list = []

    def made(fn: object, args: tuple, ty: object, detail: object = None) -> Var:
        v = Var(namer.fresh("t"), ty)
        before.append(Op(v, fn, args, {}, detail, place))
        return v

    def as_kind(y: object, ty: object) -> object:
        return y if ty == kind else made(getattr(np, str(kind)), (y,), kind)

    def result(fn: object, args: tuple, detail: object = None) -> list:
        return [*before, Op(target, fn, args, {}, detail, place)]

    if fn is np.outer:
        args = [
            made("pack", (a,), types.Array(t, 1, "C"), (1,)) if isinstance(t, _NUMBER) else a
            for a, t in zip(op.args, given, strict=True)
        ]
        return result(np.outer, tuple(args))
    if fn in _PRODUCTS:
        return result(operator.mul, op.args[:2])
    if fn in _VECTORS:
        return result("pack", (as_kind(x, given[0]),), (1, 1) if fn is np.atleast_2d else (1,))
    if fn in _TRUTHS:
        return result(operator.ne, (x, Const(0)))
    if fn in _COUNTS:
        return result(np.int64, (Const(_COUNTS[fn]),))
    if fn is np.count_nonzero:
        return result(np.int64, (made(operator.ne, (x, Const(0)), types.boolean),))
    if fn is np.where:
        return _chosen(target, *op.args, given[1:], place, namer)
    if fn in _NEUTRAL:
        test = made(np.isnan, (x,), types.boolean)
        return [*before, *_chosen(target, test, Const(_NEUTRAL[fn]), x, (types.int64, given[0]), place, namer)]
    y = as_kind(x, given[0])
    if fn in _SPREADS:
        return result(operator.sub, (y, y))
    if fn is np.linalg.norm:
        return result(abs, (y,))
    return result("cast", (y,), target.type)


def _chosen(target: Var, test: object, x: object, y: object, given: tuple, place: tuple, namer: Namer) -> list:
    """Return target = x if test else y, in the type of the target."""
    sides, phi = [], ir.Phi(target, x, y)
    for side, value, ty in (("then", x, given[0]), ("orelse", y, given[1])):
        block = ir.Block()
        if ty != target.type:
            cast = Var(namer.fresh("t"), target.type)
            block.statements.append(Op(cast, getattr(np, str(target.type)), (value,), {}, None, place))
            setattr(phi, side, cast)
        sides.append(block)
    return [ir.If(test, *sides, [phi], place)]


def _check_options(op: Op, fn: object) -> None:
    """NumPy lets a number have an axis in some functions; Numba knows no other options."""
    if fn is np.where or fn in _PRODUCTS or fn in _QUANTILES:
        rest, allowed = op.kwargs, 3
    else:
        rest, allowed = {k: v for k, v in op.kwargs.items() if k != "axis"}, 2
        axis = op.kwargs.get("axis", op.args[1] if len(op.args) > 1 else Const(None))
        if axis not in ((Const(None), Const(0), Const(-1)) if fn in _WITH_AXIS else (Const(None),)):
            rest = {"axis": axis}
    if rest or len(op.args) > allowed:
        options = f" with {', '.join(rest)}" if rest else ""
        what = f"{op.place.call if getattr(op.place, 'call', '') else library_name(fn)} of a number{options}"
        raise UnsupportedError(at(f"{what} is not supported: give it the number alone, or an array", *op.place))
