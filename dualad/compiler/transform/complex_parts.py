"""Complex values that carry derivatives, taken apart into their real and imaginary parts.

After this pass such a value is two real ones, an array two real arrays: nothing behind it knows of complex numbers::

    z = z * z + c                           z_re_1 = z_re * z_re - z_im * z_im + c_re
                                            z_im_1 = z_re * z_im + z_im * z_re + c_im

What a function does to the parts stands in `rules.complex_numbers`. Functions that are linear with real coefficients
act on each part by itself, bilinear ones are four products. Values that carry no derivative stay complex, and are asked
for their parts where they meet others. Arithmetic is that of Numba to the signs of zeros, which tell the sides of
branch cuts; of a factor that is known to be imaginary (1j * x) it is known besides that its real part is zero.

A parameter is taken apart at the head of the derivative, a result put together at its end (`TupleOf` with one of
`WHOLES` as its class). How derivatives by complex numbers are handed over is decided there alone.
"""

from __future__ import annotations

from numba import types

from ...rules import complex_parts
from .. import ir
from ..analysis.activity import Activity
from ..ir import Block, Carried, Function, If, Namer, Op, Phi, TupleOf, Var
from ..ir.kinds import all_vars, is_complex, type_of
from ..ir.renaming import rename_everywhere
from ..lowering.lower import Lowering
from .complex_operations import Operations, part_type


def carried(function: Function, activity: Activity) -> set[Var]:
    """Return the complex variables that carry derivatives."""
    found = (v for v in all_vars(function) if is_complex(v))
    return {v for v in found if activity.is_varied(v) and activity.is_useful(v)}


def has_complex(function: Function) -> bool:
    """Whether there is anything complex in a function."""
    return any(map(is_complex, all_vars(function)))


def write_out_complex(function: Function, activity: object, namer: Namer) -> bool:
    """Replace functions of complex values by what they are in terms of others (in place); True if there were any."""
    if not has_complex(function):
        return False
    apart = carried(function, activity())
    renamed: dict[Var, object] = {}
    changed = False

    def change(op: Op) -> list:
        nonlocal changed
        written = None if apart.isdisjoint(ir.op_vars(op)) else complex_parts.find_composite(op.fn)
        if written is None:
            return [op]
        changed = True
        low = Lowering(namer)
        low.origin = op.place
        renamed[op.target] = low.library_call(written, op.fn, list(op.args), op.kwargs, None)
        return low.block.statements

    ir.rewrite(function.body, change)
    rename_everywhere(function, renamed)
    return changed


def take_apart(function: Function, activity: object, namer: Namer) -> bool:
    """Take complex values that carry derivatives apart (in place); True if there were any."""
    if not has_complex(function):
        return False
    found = activity()
    if not carried(function, found):
        return False
    apart = {v for v in all_vars(function) if is_complex(v) and found.is_varied(v)}  # for tests and the like, too
    _Apart(function, found, apart, namer).run()
    return True


class _Apart(Operations):
    """The parts of the variables of a function, and the statements that work on them."""

    def run(self) -> None:
        head = self.leaves()
        self.block(self.function.body)
        self.function.body.statements[:0] = head
        self.function.result = self.whole(self.function.result)
        rename_everywhere(self.function, self.renamed)

    # ---------------------------------------------------------------- parameters and results

    def leaves(self) -> list:
        """Take the parameters apart; return what defines their parts."""
        head, leaves = [], []
        unpacked = {s.target for s in self.function.body if isinstance(s, Op) and s.fn == "unpack"}
        for leaf, position, path in self.function.leaves:
            if leaf not in self.apart:
                leaves.append((leaf, position, path))
                continue
            root = self.function.params[position]
            if isinstance(type_of(leaf), types.List):
                self.refuse("a list of complex numbers as an argument", "pass an array", self.function.place)
            for k, name in enumerate(("real", "imag")):
                part = Var(self.namer.fresh(f"{leaf.name}_{name[:2]}"), part_type(type_of(leaf)))
                self.parts[leaf] = (*self.parts.get(leaf, ()), part)
                head.append(Op(part, "unpack", (root,), {}, (*path, name), self.function.place))
                leaves.append((part, position, (*path, name)))
        gone = unpacked & self.apart
        self.function.body.statements = [
            s for s in self.function.body if not (isinstance(s, Op) and s.fn == "unpack" and s.target in gone)
        ]
        self.function.leaves = leaves
        return head

    def whole(self, result: object) -> object:
        """Return a result with its complex values put together of their parts."""
        if isinstance(result, TupleOf):
            return TupleOf(tuple(map(self.whole, result.items)), result.cls)
        if result not in self.apart:
            return result
        ty = type_of(result)
        if isinstance(ty, types.List):
            self.refuse("a list of complex numbers as the result", "return an array", self.function.place)
        small = getattr(ty, "dtype", ty) == types.complex64
        numbers = (complex_parts.complex_number, complex_parts.complex64_number)
        arrays = (complex_parts.complex_array, complex_parts.complex64_array)
        return TupleOf(self.parts_of(result), (arrays if isinstance(ty, types.Array) else numbers)[small])

    # ---------------------------------------------------------------- statements

    def block(self, block: Block, ends: tuple[list, ...] = ()) -> None:
        """Rewrite a block; `ends` are lists of operands whose parts are asked for at its end, which they become."""
        new: list = []
        for stmt in block:
            self.place = stmt.place
            if isinstance(stmt, Op):
                new += self.operation(stmt)
            elif isinstance(stmt, If):
                self.branch(stmt)
                new.append(stmt)
            else:
                new += self.loop(stmt)
                new.append(stmt)
        for end in ends:
            self.low.block = Block()
            self.low.origin = self.place
            end[:] = [self.parts_of(x) for x in end]
            new += self.low.block.statements
        block.statements = new

    def new_parts(self, v: Var) -> tuple[Var, Var]:
        self.parts[v] = tuple(Var(self.namer.fresh(f"{v.name}_{name}")) for name in ("re", "im"))
        return self.parts[v]

    def branch(self, stmt: If) -> None:
        of_parts = [p for p in stmt.phis if p.target in self.apart]
        sides = [[p.then for p in of_parts], [p.orelse for p in of_parts]]
        self.block(stmt.then, (sides[0],))
        self.block(stmt.orelse, (sides[1],))
        stmt.phis = [p for p in stmt.phis if p.target not in self.apart]
        for p, then, orelse in zip(of_parts, *sides, strict=True):
            stmt.phis += map(Phi, self.new_parts(p.target), then, orelse)

    def loop(self, loop: ir.For | ir.While) -> list:
        """Rewrite a loop; return what is to be known before it."""
        of_parts = [c for c in loop.carried if c.param in self.apart]
        before = Block()
        first = [c.init for c in of_parts]
        self.place = loop.place
        self.block(before, (first,))
        params = [self.new_parts(c.param) for c in of_parts]
        if isinstance(loop, ir.While):
            self.block(loop.header)
        last = [c.yielded for c in of_parts]
        self.block(loop.body, (last,))
        loop.carried = [c for c in loop.carried if c.param not in self.apart]
        for c, param, init, yielded in zip(of_parts, params, first, last, strict=True):
            loop.carried += map(Carried, param, init, yielded, self.new_parts(c.result))
        return before.statements
