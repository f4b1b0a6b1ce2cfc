"""From the syntax tree to the IR: statements, branches and loops. Functions that are called are inlined.

`Lowering` walks structured statements (`control.structure`) with an environment that maps names to values, and
appends operations to the current block. `branches` merges what the two sides of a branch leave behind, `loops` what one
trip hands to the next.
"""

from __future__ import annotations

import ast
import builtins
from typing import NoReturn

from numba import types

from ...errors import UnsupportedError, at
from ...rules import registry
from ...rules.custom import find_custom
from .. import ir
from ..ir import ITERATED, Block, Const, Namer, Op, TupleOf, Var
from ..ir.callees import BINARY, INPLACE, is_library
from ..ir.effects import may_change_memory
from ..ir.messages import find_messages
from ..runtime.numba_bridge import derivative_in
from ..runtime.numba_bridge.objects import runs_parallel
from .batches import Batches
from .branches import Branches, Unreachable
from .custom_calls import CustomCalls
from .entries import Entry
from .expressions import Expressions
from .known_types import KnownTypes
from .library import LibraryCalls
from .loops import Loops
from .nested_derivatives import Transformations
from .nonlocals import Nonlocals
from .parallel_arrays import ParallelArrays
from .parallel_loops import ParallelLoops
from .recursion import Calls, Units
from .results import as_tuples, refuse_poison
from .source import Differentiated, defaults_of, python_function, read
from .statements import Statements
from .stopping import Stopping
from .tuple_lists import is_rows
from .values import (
    BOOLEAN,
    OPERANDS,
    DictOf,
    Flat,
    Frame,
    FunctionValue,
    ListOf,
    Static,
    is_instance,
    is_record_at,
    is_records,
    is_table,
    static_value,
)

_STATEMENTS = {ast.ClassDef: "class", ast.AsyncFunctionDef: "async def"}


class Lowering(
    Batches,
    Branches,
    Nonlocals,
    Loops,
    Calls,
    CustomCalls,
    KnownTypes,
    LibraryCalls,
    ParallelArrays,
    ParallelLoops,
    Statements,
    Stopping,
    Transformations,
    Expressions,
):
    """State of one lowering: the current block, the current frame, the chain of inlined functions."""

    def __init__(self, namer: Namer, units: Units | None = None):
        self.namer = namer
        self.units = units or Units(sharing=False)
        self.block = Block()
        self.frame = Frame(None, {}, frozenset())  # of the call that begins it all
        self.inlining: list[tuple] = []
        self.callers: list[Frame | None] = []
        self.boolean: set[Var] = set()
        self.lists: set[Var] = set()  # what is known to be a list in memory
        self.dicts = 0
        self.copies: set[str] = set()  # the dicts and instances that loops begin with in the place of others
        self.unchanging: dict[str, tuple[str, str]] = {}  # dicts and instances that must not change: why, and a remedy
        self.defaults: dict[int, tuple[object, str, str]] = {}  # the defaults that have been used
        self.ranges: dict[Var, range] = {}  # of loop variables, where they are known and not empty
        self.growing: dict[ast.AST, object] = {}  # what makes lists that change; the forms of tuples
        self.displays: dict[Var, ast.AST] = {}  # where lists in memory are made
        self.open: dict[object, tuple[str, dict]] = {}  # carried values whose structure is not known yet
        self.zero_dim: set[Var] = set()  # numbers that are arrays without dimensions to the user
        self.made_by: dict[Var, object] = {}  # what defines a variable, for `known_types`
        self.types: dict[Var, object] = {}  # found by now
        self.assumed_types: dict[Var, tuple] = {}  # of carried values; the type and the key of the value
        self.plainly: frozenset = frozenset()  # the rules of the user's that do not count here
        self.on_thread = self.units.on_one_thread  # whether this is code for one of several threads
        self.origin: tuple | None = None  # the user's line, when a function of dualad's own is lowered

    # ---------------------------------------------------------------- errors and small helpers

    def place(self, node: ast.AST | None) -> tuple:
        if self.origin is not None:
            return self.origin
        source = self.frame.source
        return (source.filename if source is not None else None, getattr(node, "lineno", None))

    def fail(self, node: ast.AST | None, what: str, remedy: str) -> UnsupportedError:
        return UnsupportedError(at(f"{what} is not supported: {remedy}", *self.place(node)))

    def var(self, hint: str) -> Var:
        return Var(self.namer.fresh(hint))

    def emit(
        self,
        fn: object,
        args: tuple,
        node: ast.AST | None,
        hint: str = "t",
        kwargs: dict | None = None,
        detail: object = None,
    ) -> Var:
        target = self.var(hint)
        self.made_by[target] = Op(target, fn, args, kwargs or {}, detail, self.place(node))
        self.block.statements.append(self.made_by[target])
        if fn in BOOLEAN:
            self.boolean.add(target)
        return target

    def effect(self, fn: str, args: tuple, node: ast.AST, detail: object = None, flat: bool = False) -> None:
        self.block.statements.append(Op(None, fn, args, {}, detail, self.place(node), flat))

    # ---------------------------------------------------------------- functions

    def function_value(self, f: object, node: ast.AST | None = None) -> FunctionValue:
        """Return the function behind a callable of the user's; NoSourceError if there is no text."""
        f = derivative_in(f)
        if isinstance(f, Differentiated):
            return self.transformed(f.what.kind, self.function_value(f.differentiated), *f.what.options)
        rule = find_custom(f)
        if rule is not None:
            return Static(rule)
        if registry.find(f) is not None or is_library(f):
            return Static(f)
        source = read(python_function(f))
        self.check_overload(f, source, node)
        parallel = runs_parallel(getattr(f, "stands_for", f))
        defaults = {name: static_value(v) for name, v in defaults_of(source.function).items()}
        return FunctionValue(source, source.node, None, defaults, parallel=parallel)

    def bind(self, f: FunctionValue, args: list, kwargs: dict, node: ast.AST | None) -> dict[str, object]:
        """Match arguments to parameters, as Python does."""
        a = f.node.args
        rest: dict[str, object] = {}
        positional = [p.arg for p in [*a.posonlyargs, *a.args]]
        env: dict[str, object] = dict(zip(positional, args, strict=False))
        extra = args[len(positional) :]
        if a.vararg is not None:
            env[a.vararg.arg] = TupleOf(tuple(extra))
        elif extra:
            raise self.fail(node, f"calling {f.name} with {len(args)} arguments", f"it takes {len(positional)}")
        keyword = {*positional, *(p.arg for p in a.kwonlyargs)} - {p.arg for p in a.posonlyargs}
        for name, value in kwargs.items():
            if a.kwarg is not None and name not in keyword:
                rest[name] = value
                continue
            if name not in keyword or name in env:
                raise self.fail(node, f"calling {f.name} with argument {name!r}", "it is unknown or given twice")
            env[name] = value
        for name in [*positional, *(p.arg for p in a.kwonlyargs)]:
            if name not in env:
                if name not in f.defaults:
                    raise self.fail(node, f"calling {f.name} without argument {name!r}", "it has no default")
                env[name] = f.defaults[name]
                self.defaults[id(env[name])] = (env[name], name, f.name)
        if a.kwarg is not None:
            env[a.kwarg.arg] = self.new_dict(list(rest.items()))
        return env

    # ---------------------------------------------------------------- statements

    def statements(self, stmts: list[ast.stmt]) -> None:
        for s in stmts:
            method = getattr(self, f"stmt_{type(s).__name__}", None)
            if method is None:
                kind = _STATEMENTS.get(type(s), type(s).__name__.lower())
                raise self.fail(s, f"the statement {kind}", "use assignments, if, loops, raise")
            method(s)

    def stmt_Pass(self, s: ast.Pass) -> None:
        pass

    def stmt_Expr(self, s: ast.Expr) -> None:
        if not isinstance(s.value, ast.Constant):
            self.expr(s.value)

    def stmt_Assign(self, s: ast.Assign) -> None:
        hint = s.targets[0].id if isinstance(s.targets[0], ast.Name) else "t"
        value = self.expr(s.value, hint)
        for target in s.targets:
            self.assign(target, value)

    def stmt_AnnAssign(self, s: ast.AnnAssign) -> None:
        if s.value is not None:
            self.assign(s.target, self.expr(s.value, getattr(s.target, "id", "t")))

    def stmt_AugAssign(self, s: ast.AugAssign) -> None:
        if isinstance(s.target, ast.Name):
            now = self.expr(ast.copy_location(ast.Name(s.target.id, ast.Load()), s))
            if self.shares_arrays and self.augmented_array(now, (), s):
                return
            value = self.expr(s.value)
            self.refuse_shared_number(now, s)
            self.store(s.target.id, self.augmented(now, value, s, s.target.id), s)
        elif isinstance(s.target, ast.Subscript):
            base = self.expr(s.target.value)
            if is_instance(base):
                now = self.item_of_instance(base, s.target.slice, s)
                self.item_of_instance(base, s.target.slice, s, self.augmented(now, self.expr(s.value), s, "item"))
                return
            base = self.unlisted(base)
            if is_table(base):
                self.augment_table(base, self.expr(s.target.slice), self.expr(s.value), s)
                return
            if is_rows(base):
                self.refuse_record(base, "an augmented assignment to an item", s)
            if is_record_at(base):
                key = self.expr(s.target.slice)
                self.augmented_field(base, getattr(key, "value", None), self.expr(s.value), s)
                return
            if isinstance(base, DictOf):
                key = self.expr(s.target.slice)
                now = self.dict_item(base, key, s)
                self.store_in_dict(base, key, self.augmented(now, self.expr(s.value), s, "item"), s)
                return
            if isinstance(base, ListOf):
                self.grow(base, s.target)
            if isinstance(base, Static):
                self.refuse_default(base, s.target)
                raise self.outside(base.value, s.target)
            flat = isinstance(base, Flat)
            base = base.array if flat else self.as_operand(base, s.target)
            self.refuse_frozen(base, s)
            index = self.index(s.target.slice)
            if self.shares_arrays and not flat and self.augmented_array(base, index, s):
                return
            before = len(self.block.statements)
            value = self.operand(s.value)
            kwargs = {}
            if any(isinstance(x, Op) and may_change_memory(x) for x in ir.walk(Block(self.block.statements[before:]))):
                kwargs["old"] = self.var("t")  # Python reads the item before it computes the value
                read = Op(kwargs["old"], "getitem", (base, *index), {}, None, self.place(s), flat)
                self.block.statements.insert(before, read)
            place = self.place(s)
            self.block.statements.append(
                Op(None, "augitem", (base, *index, value), kwargs, INPLACE[type(s.op)], place, flat)
            )
        elif isinstance(s.target, ast.Attribute):
            base = self.expr(s.target.value)
            if is_record_at(base) and s.target.attr in base.cls.dtype.names:
                self.augmented_field(base, s.target.attr, self.expr(s.value), s)
                return
            now = self.attribute(base, s.target)
            self.store_attribute(s.target, base, self.augmented(now, self.expr(s.value), s, s.target.attr))

    def augmented(self, now: object, value: object, s: ast.AugAssign, hint: str) -> object:
        """Return what an augmented assignment leaves in a name."""
        own = self.binary_of_instances(BINARY[type(s.op)], now, value, s, in_place=True)
        if own is not None:
            return own
        if isinstance(now, ListOf):  # in place: all names of the list see it
            self.grow(now, s)
        is_sequence = value in self.lists or isinstance(value, TupleOf | ListOf)
        if (now in self.lists or is_rows(now)) and isinstance(s.op, ast.Add) and is_sequence:
            self.extend(now, value, s)
            return now
        if not (isinstance(now, OPERANDS) and isinstance(value, OPERANDS)):
            return self.binary(BINARY[type(s.op)], now, value, s, hint)
        fn = INPLACE[type(s.op)] if isinstance(now, Var) else BINARY[type(s.op)]
        new = self.operation(fn, (now, value), s, hint)
        if now in self.zero_dim:
            self.zero_dim.add(new)
        return new

    def assign(self, target: ast.expr, value: object) -> None:
        """Bind a target: a name, a pattern of names, an element of an array."""
        if isinstance(target, ast.Name):
            self.store(target.id, value, target)
        elif isinstance(target, ast.Tuple | ast.List):
            self.unpack(target, value)
        elif isinstance(target, ast.Subscript):
            base = self.present(self.expr(target.value), target)
            flat = isinstance(base, Flat)
            base = base.array if flat else base
            if isinstance(base, ListOf):
                self.grow(base, target)
            if is_instance(base):
                self.item_of_instance(base, target.slice, target, value)
                return
            if is_table(base):
                self.store_in_table(base, self.expr(target.slice), value, target)
                return
            if is_records(base) or is_record_at(base):
                self.store_in_records(base, target.slice, value, target)
                return
            base = self.unlisted(base)
            if is_rows(base):
                self.store_in_rows(base, target.slice, value, target)
                return
            if isinstance(base, DictOf):
                self.store_in_dict(base, self.expr(target.slice), value, target)
                return
            if isinstance(base, Static):
                self.refuse_default(base, target)
                raise self.outside(base.value, target)
            if not isinstance(base, OPERANDS):
                raise self.fail(target, "assigning to an item of a tuple", "use a NumPy array")
            self.refuse_frozen(base, target)
            index = self.index(target.slice)
            if isinstance(value, TupleOf | ListOf):
                value = self.pack(value, [], {}, target, "t")
            self.effect("setitem", (base, *index, self.as_operand(value, target)), target, flat=flat)
        else:
            self.store_attribute(target, self.expr(target.value), value)

    def refuse_default(self, base: object, node: ast.AST) -> None:
        """Refuse to change the default of a parameter: it is the same object in the next call."""
        _, name, function = self.defaults.get(id(base), (None, None, None))
        if name is not None:
            what = f"changing the default of {name}, which {function} finds changed at its next call,"
            raise self.fail(node, what, f"make {name} in the function, and None its default")

    def refuse_frozen(self, base: object, node: ast.AST) -> None:
        self.refuse_default(base, node)
        if isinstance(base, ir.Global):
            what = "writing into a global or captured array, which Numba takes as a constant,"
            raise self.fail(node, what, "pass the array as an argument")

    def unpack(self, target: ast.Tuple | ast.List, value: object) -> None:
        stars = [k for k, t in enumerate(target.elts) if isinstance(t, ast.Starred)]
        count = len(target.elts)
        if isinstance(value, Var) and not stars:
            items = [self.emit("getitem", (value, Const(k)), target, "t", None, ITERATED) for k in range(count)]
        elif isinstance(value, DictOf):
            items = list(self.keys_of(value, target).items)
        else:
            self.refuse_record(value, "items", target)
            items = self.items_of_tuple(value, target)
        if items is None:
            raise self.fail(target, "unpacking this value", "unpack tuples and arrays, without a star for arrays")
        if stars:
            k = stars[0]
            after = count - k - 1
            items = [*items[:k], ListOf(items[k : len(items) - after]), *items[len(items) - after :]]
        if len(items) != count:
            raise self.fail(target, f"unpacking {len(items)} values into {count} names", "match the numbers")
        for t, item in zip(target.elts, items, strict=True):
            self.assign(t.value if isinstance(t, ast.Starred) else t, item)

    def stmt_FunctionDef(self, s: ast.FunctionDef) -> None:
        self.store(s.name, self.decorated(s), s)

    def stmt_Assert(self, s: ast.Assert) -> None:
        if not self.frame.source.asserts:  # compiled by Python with -O
            return
        test = self.truth(self.expr(s.test), s)
        message = [s.msg] if s.msg is not None else []

        def otherwise() -> None:
            self.raise_(AssertionError, message, s)

        self.branch(test, lambda: None, otherwise, s)

    def stmt_Raise(self, s: ast.Raise) -> None:
        if s.exc is None:
            raise self.fail(s, "a bare raise", "name the exception")
        call = s.exc if isinstance(s.exc, ast.Call) else ast.Call(s.exc, [], [])
        if isinstance(call.func, ast.Name) and call.func.id.startswith("."):
            cls = getattr(builtins, call.func.id[1:])
        else:
            value = self.expr(call.func)
            cls = value.value if isinstance(value, Static) else None
        if not (isinstance(cls, type) and issubclass(cls, BaseException)) or call.keywords:
            raise self.fail(s, f"raise {ast.unparse(s.exc)}", "raise an exception class with positional arguments")
        self.raise_(cls, call.args, s)

    def raise_(self, cls: type, args: list[ast.expr], node: ast.AST) -> NoReturn:
        if self.trying and not issubclass(cls, NameError):
            what = f"{cls.__name__} from what a try block calls"
            raise self.fail(node, what, "test for it in the block, and raise there")
        self.effect("raise", (ir.Global(cls), *(self.operand(a) for a in args)), node)
        raise Unreachable

    def stmt_If(self, s: ast.If) -> None:
        test = self.truth(self.expr(s.test), s)
        sides = self.sides_of(s.test, lambda: self.statements(s.body), lambda: self.statements(s.orelse))
        self.branch(test, *sides, s)


def lower(
    entry: Entry,
    argument_types: tuple,
    namer: Namer,
    functions: dict[int, object],
    units: Units,
    has_aux: bool = False,
) -> ir.Function:
    """Lower a function for arguments of the given Numba types.

    Parameters
    ----------
    entry : Entry
        The function.
    argument_types : tuple of numba types
        One for each parameter; a starred parameter has a tuple type.
    namer : Namer
        Gives out names; the caller has reserved those that the generated code needs.
    functions : dict
        The function behind each argument position that holds a function.
    units : Units
        The recursive functions of the build.
    has_aux : bool
        Whether the result is a pair of which the second part is not differentiated.
    """
    low = Lowering(namer, units)
    params, leaves, values = [], [], []
    for k, (name, ty) in enumerate(zip(entry.names(), argument_types, strict=True)):
        param = Var(namer.fresh(name), ty)
        params.append(param)
        if k in functions:
            values.append(low.function_value(functions[k]))
        elif isinstance(ty, types.NoneType):
            values.append(Const(None))
        elif isinstance(ty, types.Omitted):
            values.append(static_value(entry.default(name, ty.value)))
            low.defaults[id(values[-1])] = (values[-1], name, entry.name)
        else:
            values.append(_leaves(low, param, ty, k, (), leaves))
    try:
        result = entry.call(low, values, argument_types)
    except Unreachable:
        result = Const(0.0)
    result, form = as_tuples(result, entry, has_aux)
    refuse_poison(result, entry)
    function = ir.Function(entry.name, params, leaves, low.block, result, form=form, has_aux=has_aux)
    function.star, function.place = entry.star, entry.place
    find_messages(function)
    return function


def _leaves(low: Lowering, root: Var, ty: object, position: int, path: tuple, leaves: list) -> object:
    """Take a parameter apart."""
    if isinstance(ty, types.BaseTuple):
        cls = ty.instance_class if isinstance(ty, types.BaseNamedTuple) else None
        return TupleOf(tuple(_leaves(low, root, t, position, (*path, k), leaves) for k, t in enumerate(ty.types)), cls)
    if path:
        leaf = low.emit("unpack", (root,), None, root.name, None, path)
        leaf.type = ty
    else:
        leaf = root
    leaves.append((leaf, position, path))
    return Const(None) if isinstance(ty, types.NoneType) else leaf
