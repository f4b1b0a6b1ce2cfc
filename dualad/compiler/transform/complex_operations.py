"""Operations on complex values that are taken apart (`complex_parts`): what becomes of each."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules import complex_numbers, complex_parts, holomorphic, registry
from .. import ir
from ..analysis.activity import Activity, operation_name
from ..ir import UNDEFINED, Block, Const, Function, Namer, Op, TupleOf, Var
from ..ir.callees import PLAIN
from ..ir.effects import is_known, may_be_written_by
from ..ir.kinds import is_array, is_complex, is_float, is_memory, type_of
from ..ir.operations import ALLOCATIONS, COPIES, VIEWS
from ..ir.renaming import rename
from ..lowering.lower import Lowering

_ZERO, _ONE = Const(0.0), Const(1.0)

_BY_PARTS = frozenset(
    {np.sum, sum, np.mean, np.cumsum, np.diff, np.ediff1d, np.trace, np.trapezoid, np.broadcast_to, np.concatenate}
    | {np.stack, np.hstack, np.vstack, np.column_stack, np.dstack, np.roll, np.repeat, np.take, np.tril}
    | {np.triu, np.diag, np.diagflat, np.resize, np.delete, np.squeeze, np.tile, np.extract, np.nansum}
    | {"getitem", "view", "gather", "list", "pop"}
) - {np.nansum}
"""What acts on each part by itself: with real coefficients, and without any."""

_BILINEAR = frozenset({np.dot, operator.matmul, np.matmul, np.outer, np.kron, np.convolve, np.inner, np.cross})

_SUMS = {operator.add: operator.add, np.add: operator.add, operator.sub: operator.sub, np.subtract: operator.sub}
_POWERS = (operator.pow, np.power)
_SAME = (operator.pos, np.positive)
_COMPARISONS = {operator.eq: operator.and_, operator.ne: operator.or_}
_MAKERS = (complex, np.complex128, np.complex64)
_MOST_FACTORS = 64
"""The largest exponent up to which a power is a chain of products."""


class Operations:
    """The parts of variables, and the statements that work on them."""

    def __init__(self, function: Function, activity: Activity, apart: set[Var], namer: Namer):
        self.function, self.activity, self.apart, self.namer = function, activity, apart, namer
        self.parts: dict[Var, tuple] = {}
        self.zeros: set[object] = {_ZERO}
        """What is zero if nothing is infinite, whatever its sign."""
        self.renamed: dict[Var, object] = {}
        self.definer = {s.target: s for s in ir.walk(function.body) if isinstance(s, Op) and s.target is not None}
        self.low = Lowering(namer)
        self.op: Op | None = None

    # ---------------------------------------------------------------- operands

    def emit(self, fn: object, args: tuple, hint: str = "t", kwargs: dict | None = None, detail: object = None) -> Var:
        return self.low.emit(fn, args, None, hint, kwargs, detail)

    def both(self, emit: Callable) -> tuple:
        """Return what `emit` gives for each part, by the name of the target."""
        return tuple(emit(k, f"{self.op.target.name}_{name}") for k, name in enumerate(("re", "im")))

    def parts_of(self, x: object) -> tuple[object, object]:
        """Return the parts of an operand, real ones included."""
        if x is UNDEFINED:
            return UNDEFINED, UNDEFINED
        x = rename(x, self.renamed)
        if x in self.apart:
            return self.parts[x]
        if isinstance(x, Const) and isinstance(x.value, complex):
            return Const(x.value.real), Const(x.value.imag)
        if not is_complex(x):
            return x, _ZERO
        hint = getattr(x, "name", "c")
        of_number = (complex_parts.real_part, complex_parts.imag_part)
        real_of, imag_of = (np.real, np.imag) if is_array(x) else of_number
        real = self.emit(real_of, (x,), f"{hint}_re")
        if self.is_imaginary(x):
            self.zeros.add(real)
        return real, self.emit(imag_of, (x,), f"{hint}_im")

    def is_imaginary(self, x: object) -> bool:
        """Whether an operand is known to be a real number times 1j."""
        if isinstance(x, Const):
            return isinstance(x.value, complex) and x.value.real == 0.0
        made = self.definer.get(x)
        if made is None or isinstance(made.fn, str) or not is_complex(x):
            return False
        if made.fn in (operator.mul, np.multiply, operator.truediv, np.true_divide):
            a, b = made.args
            by_b = made.fn in (operator.mul, np.multiply) and not is_complex(a) and self.is_imaginary(b)
            return by_b or (not is_complex(b) and self.is_imaginary(a))
        return made.fn is operator.neg and self.is_imaginary(made.args[0])

    def part(self, x: object, k: int) -> object:
        """Return a part of an argument of what acts on each part by itself; numbers that say how stay as they are."""
        if isinstance(x, TupleOf) and any(map(is_complex, x.items)):
            return TupleOf(tuple(self.part_like(i, k) for i in x.items), x.cls)
        return self.parts_of(x)[k] if is_complex(x) else x

    def part_like(self, x: object, k: int) -> object:
        """Return a part of a value; that of a real array is an array."""
        if is_array(x) and not is_complex(x):
            return x if k == 0 else self.emit(np.zeros_like, (x,))
        return self.parts_of(x)[k]

    # ---------------------------------------------------------------- operations

    def operation(self, op: Op) -> list:
        """Return the statements for an operation."""
        if op.target not in self.apart and self.apart.isdisjoint(rename(v, self.renamed) for v in ir.op_vars(op)):
            return [op]
        self.op, self.low.block, self.low.origin = op, Block(), op.place
        op.args = tuple(rename(a, self.renamed) for a in op.args)
        if op.target is None:
            self.effect(op)
        else:
            self.define(op)
        return self.low.block.statements

    def refuse(self, what: str, remedy: str, place: tuple | None = None) -> None:
        raise UnsupportedError(at(f"{what} is not supported: {remedy}", *(place or self.op.place)))

    def refuse_operation(self, op: Op) -> None:
        if op.fn == "call":
            what = f"calling the recursive function {op.detail.name} with complex numbers"
            self.refuse(what, "pass their real and imaginary parts", op.detail.unit.place)
        what = f"{getattr(op.place, 'call', '') or operation_name(op)} with complex numbers"
        self.refuse(what, "write it with the operations of complex numbers that are, or with .real and .imag")

    def effect(self, op: Op) -> None:
        """Rewrite an operation that has no target."""
        if op.fn in ("raise", print):
            self.low.block.statements.append(self.with_wholes(op))
            return
        if op.fn not in ("setitem", "augitem", "inplace", "assign", "append"):
            self.refuse_operation(op)
        base, *index, value = op.args
        if base not in self.apart and is_complex(base):  # of use to nobody
            self.low.block.statements.append(self.with_wholes(op))
            return
        if base not in self.apart or (
            op.fn == "augitem" and (op.detail not in (operator.iadd, operator.isub) or op.kwargs)
        ):
            self.refuse_operation(op)
        targets = self.parts_of(base)
        fn, detail = op.fn, op.detail
        if fn == "inplace":
            fn, detail = "assign", None
            value = self.arithmetic(PLAIN[op.detail], (base, value), base)
            if value is None:
                self.refuse_operation(op)
        else:
            value = self.parts_of(value)
        for target, x in zip(targets, value, strict=True):
            if not (fn == "augitem" and x is _ZERO):
                self.low.block.statements.append(Op(None, fn, (target, *index, x), {}, detail, op.place))

    def define(self, op: Op) -> None:
        """Rewrite an operation with a target."""
        fn, target = op.fn, op.target
        if fn in (np.real, np.imag) and op.args[0] in self.apart:
            self.renamed[target] = self.parts_of(op.args[0])[fn is np.imag]
            return
        if fn in (len, "attr") and op.args[0] in self.apart:
            if op.detail == "dtype":
                self.renamed[target] = ir.Global(getattr(np, str(type_of(op.args[0]).dtype)))
            elif fn is len or op.detail in ("shape", "size", "ndim"):
                self.low.block.statements.append(
                    Op(target, fn, (self.parts_of(op.args[0])[0],), {}, op.detail, op.place)
                )
            else:
                self.refuse_operation(op)
            return
        found = self.value(op)
        if found is None:
            is_fixed = not any(map(self.activity.is_varied, ir.op_vars(op)))  # but goes into memory that is not
            if not is_fixed and not self.may_stay(op):
                self.refuse_operation(op)
            if target in self.apart:
                self.parts[target] = self.parts_of_new(self.with_wholes(op))
            else:
                self.low.block.statements.append(self.with_wholes(op))
        elif isinstance(found, TupleOf | tuple):
            self.parts[target] = tuple(found.items if isinstance(found, TupleOf) else found)
        else:
            self.renamed[target] = found

    def parts_of_new(self, op: Op) -> tuple:
        """Return the parts of what an operation on other things than complex values that are taken apart makes."""
        made = Var(self.namer.fresh(op.target.name), type_of(op.target))
        self.low.block.statements.append(Op(made, op.fn, op.args, op.kwargs, op.detail, op.place))
        parts = self.parts_of(made)
        return tuple(self.emit(np.copy, (x,)) for x in parts) if is_array(made) else parts

    def value(self, op: Op) -> object:
        """Return the parts of the result of an operation, or a real result; None if they are not known."""
        fn, args, target = op.fn, op.args, op.target
        if fn in ALLOCATIONS:
            return self.allocated(op)
        if fn == "pack":
            kwargs = {k: v for k, v in op.kwargs.items() if k != "dtype"}
            items = [self.parts_of(a) for a in args]
            return self.both(lambda k, hint: self.emit("pack", tuple(i[k] for i in items), hint, kwargs, op.detail))
        if fn in _MAKERS:
            return self.made(args)
        if fn in _COMPARISONS:
            x, y = (self.parts_of(a) for a in args)
            return self.emit(
                _COMPARISONS[fn], tuple(self.emit(fn, pair, "test") for pair in zip(x, y, strict=True)), "test"
            )
        if fn is np.where and len(args) == 3:
            return self.chosen(args)
        if fn is np.append:
            return self.both(lambda k, hint: self.emit(fn, tuple(self.part_like(a, k) for a in args[:2]), hint))
        if fn == "method" and op.detail == "astype" and is_complex(target):
            dtype = ir.Global(getattr(np, str(part_type(type_of(target)).dtype)))
            parts = [self.part_like(args[0], k) for k in (0, 1)]
            return self.both(lambda k, hint: self.emit(fn, (parts[k], dtype), hint, None, "astype"))
        is_by_parts = fn in _BY_PARTS or fn in COPIES or fn in VIEWS or self.is_linear(fn)
        if is_complex(target) and is_by_parts and not any(map(self.is_real_operand, args[1:])):
            kwargs = {k: self.part(v, 0) for k, v in op.kwargs.items() if k != "dtype"}
            if fn == "list":
                items = [self.parts_of(a) for a in args]
                return self.both(lambda k, hint: self.emit(fn, tuple(i[k] for i in items), hint, None, op.detail))
            return self.both(
                lambda k, hint: self.emit(fn, tuple(self.part(a, k) for a in args), hint, kwargs, op.detail)
            )
        if op.kwargs:
            return None
        if fn in _BILINEAR and len(args) == 2:
            return self.products(fn, args)
        found = self.arithmetic(fn, args, target) if len(args) <= 2 else None
        return found if found is not None else self.applied(fn, args)

    def is_real_operand(self, x: object) -> bool:
        """Whether an argument is one of real numbers."""
        return is_float(x) and self.op.fn is not np.trapezoid

    @staticmethod
    def is_linear(fn: object) -> bool:
        """Whether a function has a rule of dualad's that says that it is linear, with real coefficients."""
        rule = None if isinstance(fn, str | registry.OwnRule) else registry.find(fn)
        return rule is not None and rule.kind == "linear" and not rule.is_users

    def may_stay(self, op: Op) -> bool:
        """Whether an operation whose result carries no derivative may be done on the complex values themselves."""
        if self.activity.is_varied(op.target) and self.activity.is_useful(op.target):
            return False
        if op.fn == "fstring":
            return True
        if not is_known(op) or op.fn == "call" or may_be_written_by(op):
            return False
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        if rule is not None and rule.kind == "constant" and (is_complex(op.target) or is_float(op.target)):
            return False  # constant by pieces for real numbers: the sign of a complex one is not
        return not is_memory(op.target) or rule is not None

    def with_wholes(self, op: Op) -> Op:
        """Return an operation on complex values that are put together of their parts."""

        def whole(x: object) -> object:
            if isinstance(x, TupleOf):
                return TupleOf(tuple(map(whole, x.items)), x.cls)
            if x not in self.apart:
                return x
            joined = Var(self.namer.fresh(x.name))
            self.low.block.statements.append(self.joined(self.parts_of(x), type_of(x), joined))
            return joined

        return Op(op.target, op.fn, tuple(map(whole, op.args)), op.kwargs, op.detail, op.place)

    def joined(self, parts: tuple, ty: object, target: Var) -> Op:
        small = getattr(ty, "dtype", ty) == types.complex64
        if isinstance(ty, types.Array):
            fn = complex_parts.complex64_array if small else complex_parts.complex_array
        else:
            fn = complex_parts.complex64_number if small else complex
        return Op(target, fn, parts, {}, None, self.op.place)

    # ---------------------------------------------------------------- memory

    def allocated(self, op: Op) -> tuple:
        """Return two arrays in place of a complex one."""
        dtype = ir.Global(np.float32 if type_of(op.target).dtype == types.complex64 else np.float64)
        shape = op.args[0] if op.args else op.kwargs.get("shape", op.kwargs.get("a"))
        if is_complex(shape):
            shape = self.parts_of(shape)[0]
        if op.fn in (np.full, np.full_like):
            fill = op.args[1] if len(op.args) > 1 else op.kwargs["fill_value"]
            fills = self.parts_of(fill)
            return self.both(lambda k, hint: self.emit(op.fn, (shape, fills[k], dtype), hint))
        made = (op.fn, {np.ones: np.zeros, np.ones_like: np.zeros_like}.get(op.fn, op.fn))
        return self.both(lambda k, hint: self.emit(made[k], (shape, dtype), hint))

    def made(self, args: tuple) -> tuple | None:
        """Return the parts of complex(x) or complex(x, y)."""
        if len(args) == 1:
            real, imag = self.parts_of(args[0])
            return None if is_array(args[0]) else (real, imag)
        if len(args) != 2 or any(map(is_complex, args)):
            return None
        return tuple(a if is_float(a) else self.emit(np.float64, (a,)) for a in args)

    def chosen(self, args: tuple) -> tuple:
        x, y = (self.parts_of(a) for a in args[1:])
        return self.both(lambda k, hint: self.emit(np.where, (args[0], x[k], y[k]), hint))

    # ---------------------------------------------------------------- arithmetic

    def arithmetic(self, fn: object, args: tuple, target: Var) -> tuple | None:
        """Return the parts of a sum, a product, a quotient or a power."""
        if fn in _SAME or fn in (np.conj, operator.neg, np.negative):
            real, imag = self.parts_of(args[0])
            same = (lambda x: self.emit(np.copy, (x,))) if is_array(args[0]) else (lambda x: x)
            of_imag = same if fn in _SAME else self.negative
            return (same if fn is np.conj else of_imag)(real), of_imag(imag)
        if len(args) != 2:
            return None
        if fn in _SUMS:
            x, y = (self.parts_of(a) for a in args)
            return self.shaped(tuple(self.sum(_SUMS[fn], x[k], y[k]) for k in (0, 1)), target)
        if fn in (operator.mul, np.multiply):
            return self.shaped(self.product(*(self.parts_of(a) for a in args)), target)
        if fn in (operator.truediv, np.true_divide):
            return self.shaped(self.quotient(args), target)
        if fn in _POWERS:
            return self.power(*args)
        return None

    def negative(self, x: object) -> object:
        if isinstance(x, Const):
            return Const(-x.value)
        new = self.emit(operator.neg, (x,))
        if x in self.zeros:
            self.zeros.add(new)
        return new

    def sum(self, fn: object, x: object, y: object) -> object:
        """Return x + y or x - y; what is left out would not change the sign of a zero."""
        if isinstance(x, Const) and isinstance(y, Const):
            return Const(fn(float(x.value), float(y.value)))
        if y is _ZERO and fn is operator.sub:
            return x
        new = self.emit(fn, (x, y))
        if x in self.zeros and y in self.zeros:
            self.zeros.add(new)
        return new

    def times(self, x: object, y: object) -> object:
        if isinstance(x, Const) and isinstance(y, Const):
            return Const(float(x.value) * float(y.value))
        for a, b in ((x, y), (y, x)):
            if a == _ONE and not is_array(b):
                return b
        new = self.emit(operator.mul, (x, y))
        if x in self.zeros or y in self.zeros:
            self.zeros.add(new)
        return new

    def product(self, x: tuple, y: tuple) -> tuple:
        """Return the parts of a product."""
        (a, b), (c, d) = x, y
        real = self.sum(operator.sub, self.times(a, c), self.times(b, d))
        return real, self.sum(operator.add, self.times(a, d), self.times(b, c))

    def quotient(self, args: tuple) -> tuple:
        """Return the parts of a quotient: of one by a real number, or of a product with a reciprocal."""
        a, b = self.parts_of(args[0])
        if not is_complex(args[1]):
            r = args[1]
            return (
                self.emit(holomorphic.quotient, (a, b, r)),
                self.emit(holomorphic.quotient, (b, self.negative(a), r)),
            )
        c, d = self.parts_of(args[1])
        inverse = (holomorphic.reciprocal_real, holomorphic.reciprocal_imag)
        return self.product((a, b), tuple(self.emit(fn, (c, d)) for fn in inverse))

    def power(self, base: object, exponent: object) -> tuple | None:
        """Return the parts of a power: a chain of products if the exponent is a small whole number, else polar."""
        x = self.parts_of(base)
        known = exponent.value if isinstance(exponent, Const) else None
        if isinstance(known, complex) and known.imag == 0.0:
            known = known.real
        if isinstance(known, int | float) and known == round(known) and 1 <= abs(known) <= _MOST_FACTORS:
            return self.whole_power(x, int(known), is_array(base))
        real, imag = self.parts_of(exponent)
        if is_complex(exponent):
            return self.inlined(complex_numbers.complex_power, [*x, real, imag])
        return self.inlined(complex_numbers.real_power, [*x, real])

    def whole_power(self, x: tuple, n: int, is_of_array: bool) -> tuple:
        """Return the parts of x**n."""
        left, square, found = abs(n), x, None
        while True:
            if left % 2:
                found = square if found is None else self.product(found, square)
            left //= 2
            if not left:
                break
            square = self.product(square, square)
        if found is x and is_of_array:
            found = tuple(self.emit(np.copy, (p,)) for p in x)
        if n > 0:
            return found
        inverse = (holomorphic.reciprocal_real, holomorphic.reciprocal_imag)
        return tuple(self.emit(fn, found) for fn in inverse)

    def shaped(self, parts: tuple, target: Var) -> tuple:
        """Return the parts of an array, each in memory of its own and of the whole shape."""
        if not is_array(target):
            return parts
        return tuple(
            self.emit(holomorphic.fitted, (parts[k], parts[1 - k]), f"{target.name}_{name}")
            for k, name in enumerate(("re", "im"))
        )

    # ---------------------------------------------------------------- functions

    def products(self, fn: object, args: tuple) -> tuple:
        """Return the parts of a bilinear function."""
        (a, b), (c, d) = (self.parts_of(x) for x in args)

        def term(x: object, y: object) -> object:
            return _ZERO if x is _ZERO or y is _ZERO else self.emit(fn, (x, y))

        real = self.difference(term(a, c), term(b, d), operator.sub)
        return real, self.difference(term(a, d), term(b, c), operator.add)

    def difference(self, x: object, y: object, fn: object) -> object:
        if y is _ZERO:
            return x
        return (y if fn is operator.add else self.emit(operator.neg, (y,))) if x is _ZERO else self.emit(fn, (x, y))

    def applied(self, fn: object, args: tuple) -> object:
        """Return what a function gives: a pair of parts, or a real value; None if that is not known."""
        written = complex_parts.find_on_parts(fn)
        if written is None:
            return None
        if fn in (complex_numbers.cmath.log,) and len(args) == 2:
            return None
        parts = [p for a in args for p in self.parts_of(a)]
        if written is complex_numbers.exp and parts[0] in self.zeros and not is_array(args[0]):
            return self.emit(np.cos, (parts[1],)), self.emit(np.sin, (parts[1],))
        return self.inlined(written, parts)

    def inlined(self, written: object, parts: list) -> object:
        return self.low.library_call(written, self.op.fn, parts, {}, None)


def part_type(ty: object) -> object:
    """Return the type of the parts of a complex number or array."""
    dtype = types.float32 if getattr(ty, "dtype", ty) == types.complex64 else types.float64
    return types.Array(dtype, ty.ndim, ty.layout) if isinstance(ty, types.Array) else dtype
