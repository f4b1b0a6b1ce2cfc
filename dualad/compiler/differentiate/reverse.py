"""Reverse mode: a forward sweep that fills the tape, and a reverse sweep that accumulates adjoints.

The tape is described in `taping`.

An adjoint is called `x_bar`. Adjoints of numbers are local variables. An array has a shadow array; the shadow of a
view is the same view of the shadow. A load adds to the shadow; a store takes the shadow's element and zeroes it. Where
a loop hands an array from trip to trip, its shadow is handed back.
"""

from __future__ import annotations

import ast
import contextlib

import numpy as np
from numba import types

from ...errors import UnsupportedError, at
from ...rules import accumulation, complex_parts
from ...rules.registry import Rule, is_constant
from .. import ir
from ..analysis.shapes import Size
from ..ir import UNDEFINED, Block, If, Op, TupleOf, Var, rule_text
from ..ir.effects import shares_memory
from ..ir.kinds import is_array, is_list, is_memory, is_whole, type_of
from ..ir.operations import ALLOCATIONS, COPIES, LIKE, WRITES
from ..ir.printer import leaf_text
from ..lowering.chunks import Chunked
from ..lowering.custom_calls import Ruled
from ..runtime import helpers as runtime
from .derivative_text import fill_value
from .reverse_loops import ReverseLoops
from .shadows import is_chosen_again


class Reverse(ReverseLoops):
    """Emits the value and the vector-Jacobian product of a function."""

    # ---------------------------------------------------------------- the function

    def emit(
        self, name: str, wrt: list[int], kind: str, has_aux: bool, single: bool, lenient: tuple[int, ...] = ()
    ) -> None:
        """Print the function.

        Its parameters are those of the user's function and, for kind "vjp", the cotangent of the value. It returns
        the adjoints of the parameters in `wrt` ("grad", "vjp"), or the value and these ("value_and_grad").
        """
        f = self.function
        self.lenient = lenient
        seed = self.fresh("out_bar") if kind == "vjp" else None
        value = f.result.items[0] if has_aux else f.result
        aux = f.result.items[1] if has_aux else None
        with self.indented(f"def {name}({', '.join(self.parameters() + ([seed] if seed else []))}):"):
            for leaf, position, path in f.leaves:
                if path:
                    self.line(f"{leaf.name} = {leaf_text(f.params[position].name, path, leaf)}")
            self.guard_parameters([(leaf, leaf.name) for leaf, _, _ in f.leaves])
            for leaf, _, _ in f.leaves:
                self.mirror(leaf, f"np.zeros_like({leaf.name})")
            self._open_tapes()
            self.block(f.body)
            self.place = f.place
            self.line("# reverse sweep")
            self.sweeping_back = True
            self._seed(value, seed)
            self.reverse_block(f.body)
            self.place = f.place
            leaves = {(position, path): leaf for leaf, position, path in f.leaves}
            adjoints = [self._adjoint(f.params[k].type, k, (), leaves) for k in wrt]
            result = adjoints[0] if single else f"({', '.join(adjoints)},)"
            if kind == "value_and_grad" or (has_aux and kind == "grad"):
                out = self.result_text(f.result, self.primal_result)
                if kind == "grad":
                    out = self.result_text(aux, self.primal_result)
                result = f"{result}, {out}" if kind == "grad" else f"{out}, {result}"
            self.release_tapes()
            self.line(f"return {result}")

    def _seed(self, value: object, seed: str | None, sign: str = "+") -> None:
        """Begin with the cotangent of the result.

        That of a complex result is the w of <w, z_dot> = Re(w z_dot), in JAX's convention: Re(w) is the adjoint of the
        real part, -Im(w) that of the imaginary one. What is holomorphic has the derivative of its real part.
        """
        if is_whole(value):
            real, imag = value.items
            self._seed(real, f"{seed}.real" if seed else None)
            if seed:
                self._seed(imag, f"{seed}.imag", "-")
        elif isinstance(value, TupleOf):
            for k, item in enumerate(value.items):
                self._seed(item, f"{seed}[{k}]")
        elif self.active(value):
            if is_array(value):
                self.ensure(value)
                self.line(f"{self.bar(value)} {sign}= {seed}")
            else:
                self.contribute(value, sign, seed or "1.0")

    def _adjoint(self, ty: object, position: int, path: tuple, leaves: dict) -> str:
        """Return the text of a parameter's adjoint, in the structure of the parameter."""
        if isinstance(ty, types.BaseTuple):
            items = [self._adjoint(t, position, (*path, k), leaves) for k, t in enumerate(ty.types)]
            if isinstance(ty, types.BaseNamedTuple):
                return f"{self.scope.bind(ty.instance_class, ty.instance_class.__name__)}({', '.join(items)})"
            return f"({', '.join(items)},)"
        if (position, (*path, "real")) in leaves:
            return self._complex_adjoint(ty, *(leaves[position, (*path, part)] for part in ("real", "imag")))
        leaf = leaves[position, path]
        if is_array(leaf):
            bar = f"{self.bar(leaf)}.astype(np.float32)" if self.is_widened(leaf) else self.bar(leaf)
            return bar if leaf in self.live else self.zero_array(leaf, False)
        if isinstance(ty, types.Complex):
            return f"np.{ty}(0.0)"
        if not isinstance(ty, types.Float):
            return "0.0" if path or position in self.lenient else "None"
        text = self.bar(leaf) if leaf in self.live else self.zero_bar(leaf)
        return f"np.float32({text})" if ty == types.float32 else text

    def _complex_adjoint(self, ty: object, real: Var, imag: Var) -> str:
        """Return the text of a complex parameter's adjoint, of those of its parts; see `_seed`."""
        if isinstance(ty, types.Array):
            name = f"{ty.dtype}_array"
            bars = [self.bar(v) if v in self.live else f"np.zeros_like({v.name})" for v in (real, imag)]
        else:
            name = f"{ty}_number"
            bars = [self.bar(v) if v in self.live else "0.0" for v in (real, imag)]
        made = getattr(complex_parts, name.replace("complex128", "complex"))
        return f"{self.scope.bind(made, made.__name__)}({bars[0]}, -{bars[1]})"

    # ---------------------------------------------------------------- adjoints

    def contribute(self, v: object, sign: str, text: str) -> None:
        """Add a term to the adjoint of a number."""
        if not self.active(v):
            return
        if v in self.live:
            if v in self._summed:
                minus = text if sign == "+" else f"-({text})"
                self.line(f"{self.bar(v)} = vmath.add({self.bar(v)}, {minus})")
            else:
                self.line(f"{self.bar(v)} {sign}= {text}")
        else:
            minus = text if sign == "+" else (f"-{text}" if text.isidentifier() else f"-({text})")
            self.line(f"{self.bar(v)} = {minus}")
            self.live.add(v)

    def ensure(self, v: object) -> None:
        """See to it that an active variable has an adjoint to add to."""
        if not self.active(v) or v in self.live or self.plan.is_mirrored(v):
            return
        if not is_array(v):
            self.line(f"{self.bar(v)} = {self.zero_bar(v)}")
        else:
            stmt = self.plan.definer.get(v)
            if isinstance(stmt, Op) and shares_memory(stmt):
                self.ensure(stmt.args[0])
                self.line(f"{self.bar(v)} = {self.expression(self.shadow_of(stmt))}")
            elif isinstance(stmt, If):
                self._derive(v, stmt)
            else:
                self.line(f"{self.bar(v)} = {self.zero_array(v)}")
        self.live.add(v)

    def _derive(self, v: Var, stmt: If) -> None:
        """The shadow of an array chosen at run time is chosen in the same way."""
        phi = next(p for p in stmt.phis if p.target is v)
        inside = [{x for s in b for x in ir.defined_by(s)} for b in (stmt.then, stmt.orelse)]
        sides = []
        for x, local in zip((phi.then, phi.orelse), inside, strict=True):
            if isinstance(x, Var) and x not in local and self.active(x):
                self.ensure(x)
                sides.append(self.bar(x))
            else:
                sides.append(self.zero_array(v))
        with self.indented(f"if {self.operand(stmt.test)}:"):
            self.line(f"{self.bar(v)} = {sides[0]}")
        with self.indented("else:"):
            self.line(f"{self.bar(v)} = {sides[1]}")
        self.derived.add(v)

    def zero_bar(self, v: Var) -> str:
        """Return the text of the adjoint of a number, or of an element of an array, that is zero."""
        return "0.0"

    def zero_array(self, v: Var, wide: bool | None = None) -> str:
        """Return the text of a zero array like `v`, from what the plan keeps of it; `wide` of float64, if said so."""
        wide = self.is_widened(v) if wide is None else wide
        dtype = ", np.float32" if type_of(v).dtype == types.float32 and not wide else ""
        like = f"np.zeros_like({{}}{', np.float64' if wide else ''})"
        stmt = self.plan.definer.get(v)
        if self.plan.loop_of.get(v) is None:
            return like.format(v.name)
        shape = self.plan.shape(v)
        if shape is not None:
            sizes = [f"{n.array.name}.shape[{n.axis}]" if isinstance(n, Size) else self.operand(n) for n in shape]
            return f"np.zeros(({', '.join(sizes)},){dtype})"
        if isinstance(stmt, Op) and stmt.fn in ALLOCATIONS | COPIES and not any(map(is_list, stmt.args)):
            if stmt.fn in LIKE:
                if isinstance(stmt.args[0], Var):
                    return self.zero_array(stmt.args[0], wide)
                return like.format(self.operand(stmt.args[0]))
            shape = stmt.args[0] if stmt.args else stmt.kwargs["shape"]
            return f"np.zeros({self.operand(shape)}{dtype})"
        if isinstance(stmt, Op) and stmt.fn == "pack":
            return f"np.zeros({stmt.detail}{dtype})"
        return like.format(v.name)

    def give(self, v: object, text: str) -> None:
        """Hand an adjoint array over to a variable, which has none yet or adds it to its own."""
        if not self.active(v):
            return
        stmt = self.plan.definer.get(v)
        is_view = isinstance(stmt, Op) and shares_memory(stmt)
        if is_view or (isinstance(stmt, If) and is_chosen_again(stmt, v, self.plan)):
            self.ensure(v)
        if v in self.live:
            self.add_array(v, text)
        else:
            self.line(f"{self.bar(v)} = {text}")
            self.live.add(v)

    def add_array(self, v: Var, text: str) -> None:
        """Add an array to an adjoint array."""
        self.line(f"{self.bar(v)} += {text}")

    def pass_on(self, x: object, text: str) -> None:
        """Pass an adjoint through a merge or a loop boundary."""
        if self.plan.is_mirrored(x):
            return
        if is_array(x):
            self.give(x, text)
        else:
            self.contribute(x, "+", text)

    # ---------------------------------------------------------------- reverse sweep

    def reverse_block(self, block: Block) -> None:
        for stmt in reversed(block.statements):
            self.place = stmt.place
            if isinstance(stmt, Op):
                self.reverse_op(stmt)
            elif isinstance(stmt, If):
                self.reverse_if(stmt)
            else:
                self.reverse_loop(stmt)

    def prologue(self, block: Block) -> None:
        """Print the values of a block that the reverse sweep reads: from the tape, then computed again."""
        todo: list[Op | If] = []
        around = self.place
        for stmt in block:
            self.place = stmt.place
            for v in ir.defined_by(stmt):
                self.restore(v)
            if id(stmt) in self.plan.recomputed:
                todo.append(stmt)
        for stmt in todo:
            self.place = stmt.place
            self.compute_again(stmt)
        self.place = around

    def compute_again(self, stmt: Op | If, wanted: set[Var] | None = None) -> None:
        """Print an operation again, or what a branch leaves behind that is a number, with what leads to it there."""
        if isinstance(stmt, Op):
            self.primal(stmt)
            return
        phis = [p for p in stmt.phis if p.target in self.plan.chosen_again and (wanted is None or p.target in wanted)]
        wanted = wanted or self.plan.leading_to(p.target for p in phis)
        for head, block, side in (("if {}:", stmt.then, "then"), ("else:", stmt.orelse, "orelse")):
            with self.indented(head.format(self.operand(stmt.test))):
                again = [s for s in block if not wanted.isdisjoint(ir.defined_by(s))]
                for v in (v for s in again for v in ir.defined_by(s) if v in wanted):
                    self.restore(v)
                for s in again:
                    if id(s) in self.plan.recomputed:
                        self.compute_again(s, wanted)
                self.moves([(p.target, getattr(p, side)) for p in phis])

    def index(self, parts: tuple) -> str:
        """Return the text of an index; what cannot be negative is marked as such in the reverse sweep."""
        if not self.sweeping_back:
            return super().index(parts)
        texts = []
        for p in parts:
            plain = not isinstance(p, Var) or p in self._ascending or not self.plan.integers.is_nonnegative(p)
            texts.append(self.operand(p) if plain else f"np.uintp({self.operand(p)})")
        return ", ".join(texts) or "()"

    def touched(self, blocks: list[Block]) -> list[Var]:
        """Return the active variables from outside that the reverse sweep of some blocks adds to."""
        inside: set[Var] = set()
        found: dict[Var, None] = {}
        for block in blocks:
            for stmt in ir.walk(block):
                inside.update(ir.defined_by(stmt))
                if isinstance(stmt, Op):
                    if self.plan.is_work(stmt):
                        found.update(dict.fromkeys(ir.op_vars(stmt)))
                elif isinstance(stmt, If):
                    for p in stmt.phis:
                        if self.active(p.target):
                            found.update(dict.fromkeys(v for x in (p.then, p.orelse) for v in ir.vars_in(x)))
                else:
                    for c in stmt.carried:
                        inside.add(c.param)
                        if self.active(c.param):
                            found.update(dict.fromkeys(v for x in (c.init, c.yielded) for v in ir.vars_in(x)))
        return [v for v in found if v not in inside and self.active(v)]

    def reverse_if(self, stmt: If) -> None:
        phis = [p for p in stmt.phis if self.active(p.target) and p.target in self.live]
        phis = [p for p in phis if not self.plan.is_mirrored(p.target)]
        work = [self.plan.has_work(b) for b in (stmt.then, stmt.orelse)]
        if not phis and not any(work):
            return
        inside = [{v for s in b for v in ir.defined_by(s)} for b in (stmt.then, stmt.orelse)]
        for v in self.touched([stmt.then, stmt.orelse]):
            self.ensure(v)
        for p in phis:
            for x, local in zip((p.then, p.orelse), inside, strict=True):
                if isinstance(x, Var) and x not in local and p.target not in self.derived:
                    self.ensure(x)
        before = set(self.live)
        sides = []
        for k, block in enumerate((stmt.then, stmt.orelse)):
            start = len(self.lines)
            self.depth += 1
            self.prologue(block)
            for p in phis:
                x = (p.then, p.orelse)[k]
                if is_array(p.target) and p.target in self.derived and x not in inside[k]:
                    continue
                if x is not UNDEFINED:
                    self.pass_on(x, self.bar(p.target))
            self.reverse_block(block)
            self.depth -= 1
            sides.append((self.lines[start:], self.places[start:]))
            del self.lines[start:], self.places[start:]
            self.live = set(before)
        test = self.operand(stmt.test)
        heads = [f"if {test}:", "else:"] if sides[0][0] else ["", f"if not {test}:"]
        for head, (lines, places) in zip(heads, sides, strict=True):
            if lines:
                self.line(head)
                self.lines += lines
                self.places += places
        for p in stmt.phis:
            self.live.discard(p.target)
            self.derived.discard(p.target)

    def reverse_op(self, op: Op) -> None:
        if self.activity.is_active_call(op):
            self.reverse_call(op)
            return
        if op.fn in ("append", "pop"):
            if self.active(op.args[0]):
                self._reverse_list(op)
            return
        if op.fn in WRITES:
            if self.active(op.args[0]) and op.args[0] in self._reachable(op.args[0]):
                self._reverse_write(op)
            self._put_back(op)
            return
        if op.fn in ("unpack", "item"):  # the adjoints of items are taken up by the operation that they come from
            return
        if isinstance(type_of(op.target), types.BaseTuple):
            self.reverse_several(op)
            return
        if not self.active(op.target) or op.target not in self.live:
            return
        bar = self.bar(op.target)
        rule = self.rule_of(op)
        if shares_memory(op):
            pass  # the adjoint of a view is a view of the adjoint
        elif op.fn == "getitem":
            self.ensure(op.args[0])
            self.line(f"{self.bar(op.args[0])}[{self.index(op.args[1:])}] += {bar}")
        elif op.fn == "pack":
            for k, a in enumerate(op.args):
                where = str(k) if len(op.detail) == 1 else f"{k // op.detail[1]}, {k % op.detail[1]}"
                self.contribute(a, "+", f"{bar}[{where}]")
        elif op.fn == "list":
            for k, a in enumerate(op.args):
                if not is_memory(a):
                    self.contribute(a, "+", f"{bar}[{k}]")
        elif is_constant(rule) or not any(self.active(v) for v in ir.op_vars(op)):
            pass  # new memory, written or merged later
        elif op.fn in ALLOCATIONS:
            if op.fn in (np.full, np.full_like):
                self.contribute(fill_value(op), "+", f"{bar}.sum()")
        elif op.fn in COPIES and is_list(op.args[0]):
            helper = "add_to_rows" if is_list(Var("", type_of(op.args[0]).dtype)) else "add_to_list"
            self.line(f"{self.runtime(helper)}({self.bar(op.args[0])}, {bar})")
        elif op.fn in COPIES:
            self.give_copy(op.args[0], bar)
        elif rule is not None and rule.kind == "pointwise":
            self.refuse_array(op)
            for arg, partial in self.partials(op, rule):
                if rule_text.number(partial) == 0:
                    continue
                self.contribute(arg, *self.guarded(op, rule, partial, bar))
        elif rule is not None:
            with self.unless_unchosen(op, bar):
                for arg, cotangent in self.cotangents(op, rule, [bar]):
                    self.give_fresh(arg, ast.unparse(cotangent))
        else:
            name = getattr(op.fn, "__name__", op.fn)
            raise UnsupportedError(at(f"the reverse derivative of {name} is not supported", *op.place))
        self.live.discard(op.target)

    def reverse_several(self, op: Op) -> None:
        """Reverse a derivative with several results, or a call with a rule of the user's."""
        items = {i.args[1].value: i.target for i in self.plan.items_of(op.target)}
        if not any(v in self.live for v in items.values()):
            return
        zeros = self.zeros_of_several(op)
        bars = [self.bar(items[k]) if items.get(k) in self.live else zero for k, zero in enumerate(zeros)]
        for arg, cotangent in self.cotangents(op, self.rule_of(op), bars):
            text = ast.unparse(cotangent)
            if isinstance(op.fn, Ruled) and is_array(arg):
                self.ensure(arg)
                check = self.scope.bind(runtime.shape_check(op.fn.custom.__name__), "of_shape")
                text = f"{check}({text}, {self.bar(arg)})"
            self.give_fresh(arg, text)
        self.live.difference_update(items.values())

    def zeros_of_several(self, op: Op) -> list[str]:
        """Return the texts of cotangents, of several results, that are zero."""
        if isinstance(op.fn, Chunked):
            return op.fn.zeros(op.target.type, list(map(self.operand, op.args)), self.runtime("chunks_of"))
        if isinstance(op.fn, Ruled):
            name = op.target.name
            likes = [(f"{name}[{k}]", ty) for k, ty in enumerate(op.target.type.types[: op.fn.count])]
        else:
            likes = [(self.operand(op.args[k]), type_of(op.args[k])) for k in op.fn.wrt]
        return [f"np.zeros_like({text})" if isinstance(ty, types.Array) else "0.0" for text, ty in likes]

    def unless_unchosen(self, op: Op, bar: str) -> contextlib.AbstractContextManager:
        """Print a test that leaves an operation on whole arrays out if nothing of its result was used."""
        if id(op) not in self.plan.guards.unchosen:
            return contextlib.nullcontext()
        for x in op.args:
            self.ensure(x)
        return self.indented(f"if np.any({bar}):" if is_array(op.target) else f"if {bar} != 0.0:")

    def guarded(self, op: Op, rule: Rule, partial: ast.expr, bar: str) -> tuple[str, str]:
        """Return (sign, text) of partial * bar; see `zero_guards` for the zeros."""
        if isinstance(partial, ast.IfExp):
            return "+", rule_text.chosen(partial, bar)
        of_bar, of_partial = self.plan.guards.of_adjoint(op, rule, partial)
        if rule_text.number(partial) is None and of_bar and of_partial:
            return "+", rule_text.guarded(partial, bar)
        if rule_text.number(partial) is not None or not (of_bar or of_partial):
            return rule_text.times(partial, bar)
        if rule_text.can_be_infinite(partial):  # where it is run as Python, a division by 0 is an error
            sign, text = rule_text.times(partial, bar)
            return sign, f"({text} if {bar if of_bar else ast.unparse(partial)} != 0.0 else 0.0)"
        sign, partial = rule_text.signed(partial)
        factors = (ast.unparse(partial), bar) if of_bar else (bar, ast.unparse(partial))
        return sign, rule_text.scaled(*factors)

    def give_fresh(self, x: Var, text: str) -> None:
        """Pass a newly computed cotangent to an argument."""
        if not is_array(x):
            self.contribute(x, "+", text)
        elif text.isidentifier() or text.endswith(".T"):  # memory that belongs to another adjoint
            self.give_copy(x, text)
        elif type_of(x).dtype != types.float64:  # the rule may have computed it in float64
            self.give_copy(x, text)
        else:
            call = ast.parse(text, mode="eval").body
            adds = accumulation.ADDED.get(ast.unparse(call.func)) if isinstance(call, ast.Call) else None
            exists = x in self.live or self.plan.is_mirrored(x)
            if exists and adds is not None:
                given = ", ".join([self.bar(x), *map(ast.unparse, call.args)])
                self.line(f"{self.scope.bind(adds, adds.__name__)}({given})")
            elif self.plan.is_mirrored(x):
                self.line(f"{self.bar(x)} += {text}")
            else:
                self.give(x, text)

    def give_copy(self, x: object, text: str) -> None:
        """Add an adjoint array to another variable's."""
        if self.active(x):
            self.ensure(x)
            self.add_array(x, text)

    def _reachable(self, x: Var) -> set[Var]:
        """Return {x} if its shadow can hold anything by now; a shadow that was never made is zero."""
        root = self.plan.root(x)
        if x in self.live or root in self.live or self.plan.is_mirrored(x):
            return {x}
        stmt = self.plan.definer.get(root)
        if isinstance(stmt, If):  # a choice between arrays: any of them may have a shadow
            return {x}
        return set() if not self._has_live_relative(root) else {x}

    def _has_live_relative(self, root: Var) -> bool:
        cls = self.aliases.of(root)
        return any(is_array(v) and self.aliases.of(v) is cls for v in self.live)

    def _reverse_list(self, op: Op) -> None:
        """What was put at the end of a list is taken off it, and the other way round."""
        base, item = self.bar(op.args[0]), op.args[1] if op.fn == "append" else op.target
        if op.fn == "append" and not is_memory(item) and self.active(item):
            self.contribute(item, "+", f"{base}.pop()")
        elif op.fn == "append":
            self.line(f"{base}.pop()")
        else:
            self.line(f"{base}.append({self.bar(item) if item in self.live else '0.0'})")
            if not is_memory(item):
                self.live.discard(item)

    def _put_back(self, op: Op) -> None:
        """Give an overwritten element its old value again."""
        old = self.plan.saves.get(id(op))
        if old is not None:
            text = old.name if self.plan.definer[old] is not op else self.old_element(op)
            text += " != 0" if old.type == types.boolean and text != old.name else ""
            self.line(f"{self.operand(op.args[0])}[{self.index(op.args[1:-1])}] = {text}")

    def _reverse_write(self, op: Op) -> None:
        base, value = op.args[0], op.args[-1]
        if op.fn in ("inplace", "assign") or is_memory(value):
            raise UnsupportedError(at("an operation on a whole array is not supported: write the loop", *op.place))
        self.ensure(base)
        cell = f"{self.bar(base)}[{self.index(op.args[1:-1])}]"
        sign = "-" if op.fn == "augitem" and "sub" in op.detail.__name__ else "+"
        self.contribute(value, sign, cell)
        if op.fn == "setitem":
            self.line(f"{cell} = {self.zero_bar(base)}")
