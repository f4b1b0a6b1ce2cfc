"""Sparsity patterns: the function printed with sets of inputs in the place of its floating-point numbers.

    def f(x, n):                                def f_pattern(x, n, sets):
        y = np.zeros(n)                             x = inputs_of(x, 1)
        for i in range(1, n):                       y = np.zeros(n, np.int64)
            if x[i] > 0.0:                          for i in range(1, n):
                y[i] = x[i] * x[i - 1]                  t, t_1 = x[i], x[i - 1]
            else:                                       y[i] = unite(sets, y[i], unite(sets, t, t_1))
                y[i] = 1.0                          return (y.ravel(),)
        return y

A float is the number of a set (`runtime.index_sets`), an array of floats an array of them, and what is done with an
array (a view, a swap of names) is done with its sets. What is certain (`analysis.certainty`) is computed as it stands:
sizes, counters, indices. What is uncertain has no value here: of a branch on it both sides are run, and the sets of
both united; what is stored there is added to the sets that are there; an index that is uncertain is any. So the pattern
holds at every point, for the same sizes and integers. Primitives of whole arrays mix all their inputs, but for products
and what moves elements. A loop that makes an uncertain number of trips is a box (`boxes`): all that goes in is in all
that comes out.

What this cannot follow, such as an array whose size depends on values, raises `DensePattern`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ...errors import at
from ...rules import linear_algebra, registry
from .. import ir
from ..analysis.activity import Activity
from ..analysis.certainty import Certainty
from ..ir import UNDEFINED, Const, Function, If, Op, Slice, Var
from ..ir.callees import library_name
from ..ir.effects import is_known, written_by
from ..ir.kinds import is_array, is_float, is_list, is_memory, is_number, type_of
from ..ir.operations import facts
from ..ir.printer import Scope, leaf_text
from ..lowering.chunks import Chunked
from ..lowering.nested_primitives import Derived
from ..runtime import index_sets
from ..runtime.index_sets import DensePattern
from .array_dependence import ArrayDependence
from .boxes import Boxes
from .derivative_text import DerivativeEmitter
from .interactions import interactions, is_nowhere


class Dependence(Boxes, ArrayDependence, DerivativeEmitter):
    """Emits what finds the sparsity pattern of a function, of its Jacobian or with `second` of its Hessian."""

    def __init__(self, function: Function, scope: Scope, activity: Activity, second: bool):
        super().__init__(function, scope, activity)
        self.certainty = Certainty(function, activity.aliases)
        self.uncertain = self.certainty.is_uncertain
        self.second = second
        self.in_doubt = 0
        """Inside how many branches that may not be taken in fact the text stands."""
        self.sets = ""

    def emit(self, name: str, wrt: list[int]) -> None:
        """Print the function: its parameters, then the memory for sets.

        It returns the sets of all results, as a tuple of flat arrays.
        """
        f = self.function
        self.sets = self.fresh("sets")
        with self.indented(f"def {name}({', '.join([*self.parameters(), self.sets])}):"):
            first = "1"
            for leaf, position, path in f.leaves:
                given = leaf_text(f.params[position].name, path, leaf)
                if position in wrt and is_float(leaf):
                    first = self.input(leaf, given, first)
                else:
                    self.given(leaf, given, bool(path))
            self.line(f"{self.sets}[{index_sets.INPUTS}] = {first} - 1")
            self.block(f.body)
            self.place = f.place
            results = [x for x in self.leaves_of(f.result) if is_float(x)]
            self.line(f"return ({''.join(f'{self.flat(x)}, ' for x in results)})")

    @staticmethod
    def leaves_of(result: object) -> list:
        if isinstance(result, ir.TupleOf):
            return [leaf for item in result.items for leaf in Dependence.leaves_of(item)]
        return [result]

    def flat(self, x: object) -> str:
        text = self.set_of(x)
        if is_array(x):
            return f"{text}.copy().reshape(-1)"
        return f"np.array({text})" if is_list(x) else f"np.array([{text}])"

    def input(self, leaf: Var, given: str, first: str) -> str:
        """Print the sets of an input, whose first element has the number `first`; return that of the next input."""
        after = self.fresh("after")
        size = f"{given}.size" if is_array(leaf) else "1"
        self.line(f"{after} = {first} + {size}")
        self.line(f"{leaf.name} = {self.call('inputs_of', given, first) if is_array(leaf) else first}")
        return after

    def given(self, leaf: Var, given: str, is_part: bool) -> None:
        """Print what stands for a parameter that is held fixed."""
        if is_array(leaf) and is_float(leaf):
            self.line(f"{leaf.name} = {self.call('no_sets', given)}")
        elif is_list(leaf) and is_float(leaf):
            is_flat = isinstance(leaf.type.dtype, types.Float)
            self.line(f"{leaf.name} = [{'0' if is_flat else self.call('no_sets', 'i')} for i in {given}]")
        elif self.is_written_leaf(leaf):
            self.line(f"{leaf.name} = {given}.copy()")
        elif is_part:
            self.line(f"{leaf.name} = {given}")

    # ---------------------------------------------------------------- text

    def call(self, name: str, *args: str) -> str:
        """Return the text of a call of a function of `runtime.index_sets`."""
        return f"{self.scope.bind(getattr(index_sets, name), name)}({', '.join(args)})"

    def united(self, texts: list[str]) -> str:
        """Return the text of the union of some sets."""
        texts = [t for t in dict.fromkeys(texts) if t != "0"]
        found = texts[0] if texts else "0"
        for t in texts[1:]:
            found = self.call("unite", self.sets, found, t)
        return found

    def has_sets(self, x: object) -> bool:
        """Whether what stands for an operand is its set, or an array of sets."""
        return isinstance(x, Var) and is_float(x) and self.uncertain(x)

    def set_of(self, x: object) -> str:
        """Return the text of the set of a float, or of the sets of an array or a list."""
        if is_memory(x):
            return self.operand(x) if self.has_sets(x) else self.call("no_sets", self.operand(x))
        return x.name if self.has_sets(x) and self.active(x) else "0"

    def all_of(self, x: object) -> str:
        """Return the text of the union of all that is in an operand."""
        if not self.active(x):
            return "0"
        if is_list(x):
            raise self.dense("a list of which all items matter", self.place)
        return self.call("unite_all", self.sets, x.name) if is_array(x) else x.name

    def stand_in(self, x: object) -> str:
        """Return the text of something of the kind and shape of an operand, whatever its value."""
        if isinstance(x, ir.TupleOf):
            return f"({''.join(self.stand_in(i) + ', ' for i in x.items)})"
        if not self.uncertain(x) or isinstance(type_of(x), types.BaseTuple):
            return self.operand(x)
        if is_array(x):
            return self.call("stand_in", x.name) if is_float(x) else x.name
        return "1.0" if is_float(x) else "1"

    def dense(self, what: str, place: tuple) -> DensePattern:
        return DensePattern(at(f"the sparsity pattern is taken as dense, since it depends on {what}", *place))

    def interact(self, a: str, b: str) -> None:
        if self.second and a != "0" and b != "0":
            self.line(self.call("interact", self.sets, a, b))

    # ---------------------------------------------------------------- operations

    def stmt_Op(self, op: Op) -> None:
        if op.fn == "unpack" or (facts(op.fn).has_effect and op.fn != "pop" and self.is_dropped(op)):
            return
        if op.fn in ("append", "pop") and self.in_doubt:
            raise self.dense("the length of a list", op.place)
        if op.fn == "call":
            self.unit_call(op)
        elif not is_known(op) and (self.in_doubt or any(map(self.uncertain, ir.op_vars(op)))):
            self.foreign(op)
        elif op.target is None:
            self.effect(op)
        elif op.fn == "attr" and op.detail == "dtype" and is_array(op.args[0]):
            self.line(f"{op.target.name} = np.{type_of(op.args[0]).dtype}")
        elif not self.uncertain(op.target):
            self.certain(op)
        elif not is_float(op.target):
            self.uncertain_integers(op)
        elif isinstance(op.fn, Chunked):
            raise self.dense("a loop over prange on several threads", op.place)
        elif isinstance(op.target.type, types.BaseTuple) and not isinstance(op.fn, Derived):
            self.decomposition(op)
        elif is_number(op.target):
            self.number(op)
        else:
            self.memory(op)

    def is_dropped(self, op: Op) -> bool:
        """Whether an operation is left out that is there for its effect, and that may not happen."""
        return op.fn != "raise" or self.in_doubt > 0 or any(map(self.uncertain, ir.op_vars(op)))

    def certain(self, op: Op) -> None:
        if op.fn in (np.zeros_like, np.empty_like, np.ones_like) and self.has_sets(op.args[0]):
            made = {np.zeros_like: "zeros", np.empty_like: "empty", np.ones_like: "ones"}[op.fn]
            self.line(f"{op.target.name} = np.{made}({op.args[0].name}.shape, np.{op.target.type.dtype})")
        elif op.fn in ("view", "getitem") and self.in_doubt and is_memory(op.target):
            self.view(op)
        elif op.fn == "getitem" and self.in_doubt and is_array(op.args[0]) and is_number(op.target):
            x, index = op.args[0], op.args[1:]
            zero = "False" if op.target.type == types.boolean else f"np.{op.target.type}(0)"
            shape = f"{self.operand(x)}.shape"
            test = self.call("is_within", shape, f"({self.index(index)},)")
            self.line(f"{op.target.name} = {self.expression(op)} if {test} else {zero}")
        else:
            self.primal(op)

    def foreign(self, op: Op) -> None:
        """Something that Numba alone knows: it gives numbers, or nobody knows what."""
        if op.target is not None and is_memory(op.target):
            raise self.dense(f"what {library_name(op.fn)} gives", op.place)

    def has_certain_index(self, index: tuple) -> bool:
        return not any(self.uncertain(i) for i in index)

    def number(self, op: Op) -> None:
        """Print the set of a number."""
        if not self.active(op.target):
            if op.fn == "pop":
                self.effect(op)
            return
        rule = None if isinstance(op.fn, str) else registry.find(op.fn)
        if op.fn == "getitem":
            text = self.element(op)
        elif op.fn == "pop":
            text = f"{op.args[0].name}.pop()"
        elif op.fn == "item":
            text = f"{op.args[0].name}[{op.args[1].value}]"
        elif rule is not None and rule.kind == "pointwise":
            text = self.pointwise(op, rule)
        else:
            text = self.mixed(op, rule)
        self.line(f"{op.target.name} = {text}")

    def element(self, op: Op) -> str:
        x, index = op.args[0], op.args[1:]
        if not self.has_certain_index(index):
            if is_list(x):
                raise self.dense("which item of a list is taken", op.place)
            return self.call("unite_all", self.sets, f"{x.name}[{self.any_of(index)}]")
        text = f"{x.name}[{self.index(index)}]"
        return f"{text} if {self.is_within(x, index)} else 0" if self.in_doubt else text

    def is_within(self, x: Var, index: tuple) -> str:
        shape = f"(len({x.name}),)" if is_list(x) else f"{x.name}.shape"
        return self.call("is_within", shape, f"({self.index(index)},)")

    def any_of(self, index: tuple) -> str:
        """Return the text of an index with all of an axis where it is uncertain."""
        parts = (Slice(*(Const(None),) * 3) if self.uncertain(i) else i for i in index)
        return self.index(tuple(parts))

    def pointwise(self, op: Op, rule: registry.Rule) -> str:
        args = {
            k: self.set_of(a)
            for k, a in enumerate(op.args)
            if self.active(a) and (k >= len(rule.body.outputs) or not is_nowhere(rule.body.outputs[k]))
        }
        for j, k in sorted(interactions(rule)) if self.second else ():
            if j in args and k in args:
                self.interact(args[j], args[k])
        return self.united(list(args.values()))

    def mixed(self, op: Op, rule: object) -> str:
        """Return the text of the set of a number that depends on all arguments; print how they interact."""
        active = [a for a in op.args if self.active(a)]
        if op.fn is linear_algebra.inner and self.second and len(active) == 2:
            self.line(self.call("interact_in_turn", self.sets, *(a.name for a in op.args)))
            return self.united([self.all_of(a) for a in active])
        texts = [self.all_of(a) for a in active]
        if self.second and len(texts) == 1 and rule is not None and rule.kind in ("linear", "bilinear"):
            return texts[0]
        if not self.second or (rule is not None and rule.kind == "linear"):
            return self.united(texts)
        mixed = self.fresh("mixed")
        self.line(f"{mixed} = {self.united(texts)}")
        self.interact(mixed, mixed)
        return mixed

    # ---------------------------------------------------------------- effects

    def effect(self, op: Op) -> None:
        if op.fn not in ("setitem", "augitem", "append", "pop"):
            if op.fn in ("inplace", "assign") and self.uncertain(op.args[0]) and self.active(op.args[0]):
                raise self.dense("an operation on a whole array", op.place)
            if not any(map(self.uncertain, ir.op_vars(op))):
                self.primal(op)
            return
        x = op.args[0]
        if op.fn in ("append", "pop") and self.uncertain(x):
            item = self.set_of(op.args[1]) if op.fn == "append" and is_float(op.args[1]) else "0"
            self.line(f"{x.name}.append({item})" if op.fn == "append" else f"{x.name}.pop()")
        elif not self.uncertain(x):
            self.primal(op)
        elif self.active(x):
            self.store(op)

    def store(self, op: Op) -> None:
        x, *index, value = op.args
        if is_memory(value):
            raise self.dense("an operation on a whole array", op.place)
        new, index = self.set_of(value), tuple(index)
        if not self.has_certain_index(index):
            if is_list(x):
                raise self.dense("which item of a list is changed", op.place)
            if new != "0":
                self.line(self.call("add_to_all", self.sets, f"{x.name}[{self.any_of(index)}]", new))
            return
        cell = f"{x.name}[{self.index(index)}]"
        adds = op.fn == "augitem" or self.in_doubt > 0
        if adds and new == "0":
            return
        if self.in_doubt:
            with self.indented(f"if {self.is_within(x, index)}:"):
                self.line(f"{cell} = {self.united([cell, new])}")
        else:
            self.line(f"{cell} = {self.united([cell, new]) if adds else new}")

    def unit_call(self, op: Op) -> None:
        """A call of a recursive function: all that goes in is in all that comes out."""
        if not self.in_doubt and not any(map(self.uncertain, (*op.args, op.target, *written_by(op)))):
            self.primal(op)
            return
        if op.target is not None and is_memory(op.target):
            raise self.dense("what a recursive function gives", op.place)
        mixed = self.fresh("mixed")
        self.line(f"{mixed} = {self.mixed(op, None)}")
        for x in written_by(op):
            if self.active(x):
                self.line(self.call("add_to_all", self.sets, x.name, mixed))
        if op.target is not None and self.active(op.target):
            self.line(f"{op.target.name} = {mixed}")

    # ---------------------------------------------------------------- branches

    def moves(self, pairs: list[tuple[Var, object]]) -> None:
        pairs = [(target, x) for target, x in pairs if x is not UNDEFINED and self.has_text(target)]
        self.assign_together([(target.name, self.moved(target, x)) for target, x in pairs])

    def has_text(self, v: Var) -> bool:
        """Whether anything is printed for a variable."""
        if not self.uncertain(v) or is_memory(v):
            return True
        return is_float(v) and self.active(v)

    def moved(self, target: Var, x: object) -> str:
        """Return the text of an operand where it is handed on to a variable."""
        return self.set_of(x) if self.uncertain(target) and is_float(target) else self.operand(x)

    def stmt_If(self, stmt: If) -> None:
        if not self.uncertain(stmt.test):
            super().stmt_If(stmt)
            return
        self.in_doubt += 1
        self.block(stmt.then)
        self.block(stmt.orelse)
        self.in_doubt -= 1
        self.place = stmt.place
        for p in stmt.phis:
            sides = [(p.then, ir.raises(stmt.then)), (p.orelse, ir.raises(stmt.orelse))]
            sides = [x for x, is_left_out in sides if x is not UNDEFINED and not is_left_out]
            if not sides or not self.has_text(p.target):
                continue
            if is_memory(p.target) and len(sides) == 2 and sides[0] is not sides[1]:
                self.join(p.target, sides, stmt)
            elif is_float(p.target) and is_number(p.target):
                self.line(f"{p.target.name} = {self.united([self.set_of(x) for x in sides])}")
            else:
                self.line(f"{p.target.name} = {self.moved(p.target, sides[0])}")
