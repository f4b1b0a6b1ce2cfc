"""From the IR back to readable Python.

`Emitter` prints a function as it stands. The derivative emitters extend it: they print the same statements with
tangents beside them (forward) or with stores to the tape and a sweep back (reverse). All names derive from the user's.
"""

from __future__ import annotations

import builtins
import contextlib
import keyword
import math
import operator
from collections.abc import Iterator

import numpy as np
from numba import prange, types

from ...errors import DualadError
from .. import ir
from ..runtime import vector_math
from ..runtime.numba_bridge.kernels import Elementwise
from ..runtime.numpy_here import here, np_here
from . import UNDEFINED, Block, Const, For, If, Namer, Op, Slice, TupleOf, Var, While
from .messages import VALUE, Late, is_single, template

RESERVED = frozenset({*keyword.kwlist, *dir(builtins), "np", "math", "vmath", "operator", "dualad"})

INFIX = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.floordiv: "//",
    operator.mod: "%",
    operator.pow: "**",
    operator.and_: "&",
    operator.or_: "|",
    operator.xor: "^",
    operator.lshift: "<<",
    operator.rshift: ">>",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
INPLACE = {
    operator.iadd: "+",
    operator.isub: "-",
    operator.imul: "*",
    operator.itruediv: "/",
    operator.ifloordiv: "//",
    operator.imod: "%",
    operator.ipow: "**",
    operator.imatmul: "@",
    operator.iand: "&",
    operator.ior: "|",
    operator.ixor: "^",
    operator.ilshift: "<<",
    operator.irshift: ">>",
}
PREFIX = {operator.neg: "-", operator.pos: "+", operator.not_: "not ", operator.invert: "~"}


def leaf_text(root: str, path: tuple, leaf: Var) -> str:
    """Return the text of a leaf of a parameter: an item of tuples, or a part of a complex value.

    The parts of contiguous arrays are made contiguous.
    """
    text = root + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path)
    is_part = path and isinstance(path[-1], str)
    layout = getattr(leaf.type, "layout", "A")
    if not is_part or layout == "A":
        return text
    return f"np.{'ascontiguousarray' if layout == 'C' else 'asfortranarray'}({text})"


class Scope:
    """The names of one generated module: variables on one side, global objects on the other."""

    def __init__(self, namespace: dict[str, object] | None = None) -> None:
        self.namer = Namer(RESERVED)
        self.namespace = {"np": np_here, "math": math, "vmath": vector_math} if namespace is None else namespace
        self._bound: dict[int, str] = {}
        self._kept: list[object] = []  # ids stay valid while the objects live

    def bind(self, obj: object, hint: str) -> str:
        """Return the global name of an object."""
        obj = here(obj)
        if id(obj) not in self._bound:
            name = self.namer.fresh(hint)
            while self.namespace.get(name, obj) is not obj:  # another function of the module has the name
                name = self.namer.fresh(hint)
            self._bound[id(obj)] = name
            self.namespace[name] = obj
            self._kept.append(obj)
        return self._bound[id(obj)]

    def reserve_bound(self) -> None:
        """Keep the names of global objects from variables, after the namer has been set back."""
        for name in self._bound.values():
            self.namer.reserve(name)

    def callable_name(self, fn: object) -> str:
        """Return how generated code refers to a callable."""
        name = getattr(fn, "__name__", "")
        if getattr(fn, "__module__", None) == vector_math.__name__:
            return f"vmath.{name}"
        for module, prefix in ((builtins, ""), (math, "math."), (np, "np."), (np.linalg, "np.linalg.")):
            if getattr(module, name, None) is fn:
                return prefix + name
        return self.bind(fn, name or "function")


class Emitter:
    """Prints statements; `lines` is the text so far, `places` the user's line behind each of them."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.lines: list[str] = []
        self.places: list[tuple] = []
        self.depth = 0
        self.loops = 0
        self.place: tuple = (None, None)

    # ---------------------------------------------------------------- text

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)
        self.places.append(self.place)

    @contextlib.contextmanager
    def indented(self, head: str) -> Iterator[None]:
        """A suite under a head line; `pass` if nothing is printed in it."""
        self.line(head)
        is_loop = head.startswith(("for ", "while "))
        self.depth += 1
        self.loops += is_loop
        count = len(self.lines)
        yield
        if len(self.lines) == count:
            self.line("pass")
        self.depth -= 1
        self.loops -= is_loop

    def fresh(self, hint: str) -> str:
        return self.scope.namer.fresh(hint)

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    # ---------------------------------------------------------------- operands and operations

    def operand(self, x: object) -> str:
        if isinstance(x, Var):
            return x.name
        if isinstance(x, Const):
            if isinstance(x.value, float):
                if math.isinf(x.value):
                    return "math.inf" if x.value > 0 else "(-math.inf)"
                if math.isnan(x.value):
                    return "math.nan"
            if isinstance(x.value, complex):  # the literal would lose the sign of a zero
                return f"complex({self.operand(Const(x.value.real))}, {self.operand(Const(x.value.imag))})"
            text = repr(x.value)
            return f"({text})" if text.startswith("-") else text
        if isinstance(x, TupleOf):
            items = ", ".join(self.operand(i) for i in x.items)
            if x.cls is not None:
                return f"{self.scope.bind(x.cls, x.cls.__name__)}({items})"
            return f"({items},)" if len(x.items) == 1 else f"({items})"
        if isinstance(x, Slice):
            parts = ["" if p == Const(None) else self.operand(p) for p in (x.lower, x.upper, x.step)]
            return ":".join(parts[:2] if not parts[2] else parts)
        if isinstance(x, ir.Global):
            if x.value is complex:  # a dtype
                return "np.complex128"
            if isinstance(x.value, type) or callable(x.value):
                return self.scope.callable_name(x.value)
            if x.value is ...:
                return "..."
            return self.scope.bind(x.value, "constant")
        raise DualadError(f"internal: {x!r} has no text")

    def cells(self, op: Op) -> str:
        """Return what an index of an operation goes into."""
        return self.operand(op.args[0]) + (".flat" if op.flat else "")

    def index(self, parts: tuple) -> str:
        return ", ".join(self.operand(p) for p in parts) or "()"

    def expression(self, op: Op) -> str:
        """Return the right-hand side of an operation."""
        fn, args = op.fn, op.args
        if fn is operator.matmul:  # which has code of its own (`numpy_here`), and for other types is that of @
            fn = np.matmul
        if fn in INFIX:
            return f"{self.operand(args[0])} {INFIX[fn]} {self.operand(args[1])}"
        if fn in INPLACE:
            return f"{self.operand(args[0])} {INPLACE[fn]} {self.operand(args[1])}"
        if fn in PREFIX:
            return f"{PREFIX[fn]}{self.operand(args[0])}"
        if fn in ("getitem", "view", "gather", "item"):
            return f"{self.cells(op)}[{self.index(args[1:])}]"
        if fn in ("attr", "field"):
            return f"{self.operand(args[0])}.{op.detail}"
        if fn == "entry":
            return f"{self.operand(args[0])}[{Emitter.index(self, args[1:])}]"
        if fn == "has":
            return f"{self.operand(args[1])} in {self.operand(args[0])}"
        if fn == "count":
            return f"len({self.operand(args[0])})"
        if fn == "unpack":
            return leaf_text(self.operand(args[0]), op.detail, op.target)
        if fn == "trips":
            return f"len(range({', '.join(self.operand(a) for a in args)}))"
        if fn == "pack":
            items = [self.operand(a) for a in args]
            if len(op.detail) == 2:
                width = op.detail[1]
                items = ["[" + ", ".join(items[k : k + width]) + "]" for k in range(0, len(items), width)]
            rest = "".join(f", {k}={self.operand(v)}" for k, v in op.kwargs.items())
            return f"np.array([{', '.join(items)}]{rest})"
        if fn == "list":
            items = f"[{', '.join(self.operand(a) for a in args)}]"
            return f"{items}[:0]" if op.detail == "empty" else items  # the type of [] is not known
        if fn == "pop":
            return f"{self.operand(args[0])}.pop()"
        if fn == "fstring":
            names = iter(args)
            parts = [p if isinstance(p, str) else p.around(self.operand(next(names))) for p in op.detail]
            return "f" + repr("".join(parts))
        if fn == "part":  # a view like it, for its type
            bounds = self.operand(Slice(*args[1:], Const(None)))
            return f"{self.operand(args[0])}[{'' if op.detail == 0 else '..., '}{bounds}]"
        if fn == "cast":
            dtype = f"np.{getattr(op.detail, 'dtype', op.detail)}"
            is_array = hasattr(op.detail, "ndim")
            return f"{self.operand(args[0])}.astype({dtype})" if is_array else f"{dtype}({self.operand(args[0])})"
        if fn == "call":
            return f"{self.callee(op)}({', '.join(self.operand(a) for a in args)})"
        given = [self.operand(a) for a in (args[1:] if fn == "method" else args)]
        given += [f"{k}={self.operand(v)}" for k, v in op.kwargs.items()]
        if fn == "method":
            return f"{self.operand(args[0])}.{op.detail}({', '.join(given)})"
        return f"{self.function_name(fn)}({', '.join(given)})"

    def function_name(self, fn: object) -> str:
        """Return how a callable is referred to."""
        if isinstance(fn, ir.Foreign | Elementwise):
            return self.scope.bind(fn.value, fn.__name__)
        return self.scope.callable_name(fn)

    def callee(self, op: Op) -> str:
        """Return the name of a recursive function that is called."""
        return op.detail.reference(self.scope)

    # ---------------------------------------------------------------- statements

    def block(self, block: Block) -> None:
        for stmt in block:
            self.statement(stmt)

    def statement(self, stmt: object) -> None:
        self.place = stmt.place
        getattr(self, f"stmt_{type(stmt).__name__}")(stmt)

    def stmt_Op(self, op: Op) -> None:
        self.primal(op)

    def primal(self, op: Op) -> None:
        """Print an operation as it stands."""
        if op.fn == "setitem":
            self.line(f"{self.cells(op)}[{self.index(op.args[1:-1])}] = {self.operand(op.args[-1])}")
        elif op.fn == "augitem":
            target = f"{self.cells(op)}[{self.index(op.args[1:-1])}]"
            self.line(f"{target} {INPLACE[op.detail]}= {self.operand(op.args[-1])}")
        elif op.fn == "setattr":
            self.line(f"{self.operand(op.args[0])}.{op.detail} = {self.operand(op.args[1])}")
        elif op.fn == "inplace":
            # Numba's own += does not look whether the operands overlap
            x = self.operand(op.args[0])
            self.line(f"{x}[:] = {x} {INPLACE[op.detail]} {self.operand(op.args[1])}")
        elif op.fn == "assign":
            self.line(f"{self.operand(op.args[0])}[:] = {self.operand(op.args[1])}")
        elif op.fn == "append":
            self.line(f"{self.operand(op.args[0])}.append({self.operand(op.args[1])})")
        elif op.fn == "raise" and (op.detail is not None or any(map(is_single, op.args[1:]))):
            self.late_raise(op)
        elif op.fn == "raise":
            self.line(f"raise {self.operand(op.args[0])}({', '.join(self.operand(a) for a in op.args[1:])})")
        elif op.target is None:
            self.line(self.expression(op))
        else:
            self.line(f"{op.target.name} = {self.expression(op)}")

    def late_raise(self, op: Op) -> None:
        """Print a raise whose messages are made when Python sees it (see `messages`)."""
        cls, *values = op.args
        singles = [is_single(v) for v in values]
        messages = op.detail or ((VALUE,),) * len(values)
        texts = [repr(template(m, singles)) for m in messages]
        parts = [self.operand(cls), str(len(texts)), *texts, *map(self.operand, values)]
        self.line(f"raise {self.scope.bind(Late, 'late')}({', '.join(parts)})")

    def moves(self, pairs: list[tuple[Var, object]]) -> None:
        """Print assignments that happen together."""
        self.assign_together([(t.name, self.operand(x)) for t, x in pairs if x is not UNDEFINED])

    def assign_together(self, pairs: list[tuple[str, str]]) -> None:
        """Print name = text for each pair, as if at one moment."""
        pairs = [(t, x) for t, x in pairs if t != x]
        targets = {t for t, _ in pairs}
        mixed = [(t, x) for t, x in pairs if x in targets]
        for t, x in pairs:
            if x not in targets and not any(t == y for _, y in mixed):
                self.line(f"{t} = {x}")
        tangled = [(t, x) for t, x in pairs if x in targets or any(t == y for _, y in mixed)]
        if tangled:
            self.line(f"{', '.join(t for t, _ in tangled)} = {', '.join(x for _, x in tangled)}")

    def stmt_If(self, stmt: If) -> None:
        sides = [
            (block.statements or any(x is not UNDEFINED for x in merged), block, merged)
            for block, merged in (
                (stmt.then, [p.then for p in stmt.phis]),
                (stmt.orelse, [p.orelse for p in stmt.phis]),
            )
        ]
        test = self.operand(stmt.test)
        heads = (f"if {test}:", "else:" if sides[0][0] else f"if not {test}:")
        for head, (is_needed, block, merged) in zip(heads, sides, strict=True):
            if is_needed:
                with self.indented(head):
                    self.block(block)
                    self.moves([(p.target, x) for p, x in zip(stmt.phis, merged, strict=True)])

    def range(self, loop: For) -> str:
        if loop.grid:
            return f"np.ndindex({self.operand(loop.stop)})"
        start, stop, step = map(self.bound, (loop.start, loop.stop, loop.step))
        if loop.parallel:
            return f"{self.scope.callable_name(prange)}({stop})"
        if loop.step == Const(1):
            return f"range({stop})" if loop.start == Const(0) else f"range({start}, {stop})"
        return f"range({start}, {stop}, {step})"

    def bound(self, x: object) -> str:
        """Return the text of a bound of a range; of a short integer, for Numba's range of these is one of its own.

        Where the reverse sweep computes the index anew, it is a long one, and Numba takes one name for both.
        """
        is_short = isinstance(x, Var) and isinstance(x.type, types.Integer) and x.type.bitwidth < 64
        return f"np.int64({self.operand(x)})" if is_short else self.operand(x)

    def stmt_For(self, loop: For) -> None:
        self.enter(loop)
        with self.indented(f"for {loop.index.name} in {self.range(loop)}:"):
            self.trip(loop)
        self.leave(loop)

    def stmt_While(self, loop: While) -> None:
        self.enter(loop)
        with self.indented("while True:"):
            self.header(loop)
            self.trip(loop)
        self.leave(loop)

    def header(self, loop: While) -> None:
        if loop.test is not None:
            Emitter.block(self, loop.header)
            with self.indented(f"if not {self.operand(loop.test)}:"):
                self.line("break")

    def enter(self, loop: For | While) -> None:
        self.moves([(c.param, c.init) for c in loop.carried])

    def trip(self, loop: For | While) -> None:
        self.block(loop.body)
        self.next_trip(loop)

    def next_trip(self, loop: For | While) -> None:
        self.moves([(c.param, c.yielded) for c in loop.carried])
        if loop.exit is not None:
            with self.indented(f"if {self.operand(loop.exit)}:"):
                self.line("break")

    def leave(self, loop: For | While) -> None:
        self.moves([(c.result, c.param) for c in loop.carried])
