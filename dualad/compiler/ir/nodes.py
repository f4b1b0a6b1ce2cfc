"""The intermediate representation: structured, in single-assignment form, one operation a statement.

A function is a `Function`: parameters, one `Block`, a result. A block is a list of statements:

`Op`       target = fn(args); `fn` is a Python callable or one of the structural names below
`If`       test, two blocks, and `Phi`s that merge what the branches leave behind
`For`      a counted loop over range(start, stop, step)
`While`    a header block that ends in a test, and a body

Every variable is assigned in one place. Loops hand values from trip to trip through `Carried` slots (param, init,
yielded, result), in the manner of block arguments, so that "the value of u at the start of the trip" has a name::

    u = u0                              Carried(param=u_1, init=u, yielded=u_2, result=u_3)
    for i in range(n):                  For(i, 0, n, 1)
        u = u + h * u                       t = h * u_1;  u_2 = u_1 + t
    return u                            return u_3

`exit`, where a loop has one, is a boolean of the body: after a trip in which it is true the loop ends. That is all
that is left of break and return inside loops.

Arrays are references, as in Python: `setitem` and `augitem` are statements without a target that change memory.

Lists that grow are such references, too: "list" (items; `detail` "empty": they only tell the type), "append" (list,
item; no target), "pop" (list).

Structural operations: "getitem" (x, *index), "setitem" (x, *index, value), "augitem" (x, *index, value; `detail` is
the in-place operator), "attr" (x; `detail` is the name), "method" (x, *args; `detail` is the name), "raise",
"setattr" (x, value; no target), "field", "entry", "count", "has" (reads of objects, see `boundary`),
"unpack" (a leaf of a parameter that is a tuple; `detail` is the path), "item" (one of several results of a derivative,
by a constant number), "cast" (x; to have the type `detail`), "part" (x, lower, upper; a slice along the axis `detail`),
"snapshot" (x; a copy of it if it is an array or a list, until types are known),
"call" (args of a recursive function; `detail` is its `units.Unit`, once types are known its `instances.Instance`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


class Place(tuple):
    """(file name, line): the user's line that an operation belongs to.

    Attributes
    ----------
    call : str
        The library function that the user calls there, if the operation is one of those that dualad puts in its place.
    depth : int
        How many times in a row an operation was replaced by others that led to this one.
    """

    call = ""
    depth = 0

    @classmethod
    def of(cls, place: tuple, call: str = "", depth: int | None = None) -> Place:
        """Return a place with these attributes; the name of the outermost call stays."""
        made = cls(place)
        made.call = getattr(place, "call", "") or call
        made.depth = getattr(place, "depth", 0) if depth is None else depth
        return made


class Retyped(Exception):
    """A carried value has another type than lowering took it to have."""

    def __init__(self, key: tuple, found: object):
        super().__init__(key, found)
        self.key, self.found = key, found


@dataclass(eq=False)
class Var:
    """A variable: assigned once. `type` is a Numba type, filled in by inference."""

    name: str
    type: object = None

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Const:
    """A literal number, string or None."""

    value: object

    def __eq__(self, other: object) -> bool:  # 1, 1.0 and True are different constants, and so are 0.0 and -0.0
        if not isinstance(other, Const) or type(self.value) is not type(other.value) or self.value != other.value:
            return False
        if isinstance(self.value, complex):
            return repr(self.value) == repr(other.value)
        return self.value != 0.0 or math.copysign(1.0, self.value) == math.copysign(1.0, other.value)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, eq=False)
class Global:
    """A compile-time object that the generated code refers to by name: an array, a dtype, an exception class."""

    value: object


@dataclass(frozen=True, eq=False)
class Foreign:
    """A callee of which nothing is known but that Numba can call it."""

    value: object
    __name__: str


class _Undefined:
    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = _Undefined()


@dataclass(frozen=True)
class TupleOf:
    """A tuple taken apart: the compiler sees its items, the generated code only where a tuple is really needed."""

    items: tuple
    cls: type | None = None


@dataclass(frozen=True)
class Slice:
    """A slice in an index; the parts are operands, `Const(None)` where absent."""

    lower: object
    upper: object
    step: object


@dataclass
class Op:
    """target = fn(*args, **kwargs)."""

    target: Var | None
    fn: object
    args: tuple
    kwargs: dict = field(default_factory=dict)
    detail: object = None
    place: tuple = (None, None)
    flat: bool = False
    """Whether an index counts all elements of an array, as in `x.flat[k]`; until types are known."""


@dataclass
class Phi:
    """target = then if test else orelse."""

    target: Var
    then: object
    orelse: object


@dataclass
class If:
    """A branch."""

    test: object
    then: Block
    orelse: Block
    phis: list[Phi] = field(default_factory=list)
    place: tuple = (None, None)


@dataclass
class Carried:
    """A value handed from trip to trip; `assumed` is the type that lowering took it to have, with its key."""

    param: Var
    init: object
    yielded: object
    result: Var
    assumed: tuple | None = None


@dataclass
class For:
    """for index in range(start, stop, step)."""

    index: Var
    start: object
    stop: object
    step: object
    carried: list[Carried]
    body: Block
    exit: object | None
    trips: Var
    place: tuple = (None, None)
    independent: bool = False
    """Whether the trips may run in any order (loops over the elements of arrays)."""
    grid: bool = False
    """Whether `index` is a tuple and runs over the indices of an array of shape `stop`; until types are known."""
    parallel: bool = False
    """Whether several threads share the trips; such loops have no derivatives."""


@dataclass
class While:
    """while header-test: body. `test` None means forever (until `exit`)."""

    header: Block
    test: object | None
    carried: list[Carried]
    body: Block
    exit: object | None
    trips: Var
    place: tuple = (None, None)


@dataclass
class Block:
    """A list of statements."""

    statements: list = field(default_factory=list)

    def __iter__(self) -> Iterator:
        return iter(self.statements)


@dataclass
class Function:
    """A function: `leaves` are the parameters with their tuples taken apart, in order, each with its path.

    `shapes` has what is known of the shapes of arrays without looking at them (`shapes.name_sizes`). `form` says what
    the tuples of the result (with `has_aux`, of its auxiliary part) are to the user: a `lowering.structures.Form`, or
    None for tuples.
    """

    name: str
    params: list[Var]
    leaves: list[tuple[Var, int, tuple[int, ...]]]
    body: Block
    result: object
    star: int | None = None
    place: tuple = (None, None)
    shapes: dict[Var, tuple] = field(default_factory=dict)
    form: tuple | None = None
    has_aux: bool = False

    def inputs(self, argnums: tuple[int, ...]) -> list[Var]:
        """Return the leaves of some parameters."""
        return [leaf for leaf, position, _ in self.leaves if position in argnums]


LOOPS = (For, While)


def vars_in(operand: object) -> Iterator[Var]:
    """Yield the variables in an operand, looking into tuples and slices."""
    if isinstance(operand, Var):
        yield operand
    elif isinstance(operand, TupleOf):
        for item in operand.items:
            yield from vars_in(item)
    elif isinstance(operand, Slice):
        for item in (operand.lower, operand.upper, operand.step):
            yield from vars_in(item)


def op_vars(op: Op) -> Iterator[Var]:
    """Yield the variables that an operation reads."""
    for a in op.args:
        yield from vars_in(a)
    for a in op.kwargs.values():
        yield from vars_in(a)


def operands_of(stmt: object) -> list:
    """Return the operands that a statement itself reads."""
    if isinstance(stmt, Op):
        return [*stmt.args, *stmt.kwargs.values()]
    if isinstance(stmt, If):
        return [stmt.test, *(x for p in stmt.phis for x in (p.then, p.orelse))]
    reads = [x for c in stmt.carried for x in (c.init, c.yielded)]
    reads += [stmt.start, stmt.stop, stmt.step] if isinstance(stmt, For) else [stmt.test]
    return [x for x in [*reads, stmt.exit] if x is not None]


def blocks_of(stmt: object) -> tuple[Block, ...]:
    """Return the blocks inside a statement."""
    if isinstance(stmt, If):
        return stmt.then, stmt.orelse
    if isinstance(stmt, For):
        return (stmt.body,)
    if isinstance(stmt, While):
        return stmt.header, stmt.body
    return ()


def walk(block: Block) -> Iterator:
    """Yield every statement of a block and of the blocks inside it, in program order."""
    todo = [iter(block)]
    while todo:
        for stmt in todo[-1]:
            yield stmt
            inner = blocks_of(stmt)
            if inner:
                todo.extend(iter(b) for b in reversed(inner))
                break
        else:
            todo.pop()


def defined_by(stmt: object) -> Iterator[Var]:
    """Yield the variables that a statement leaves behind in its own block."""
    if isinstance(stmt, Op):
        if stmt.target is not None:
            yield stmt.target
    elif isinstance(stmt, If):
        for phi in stmt.phis:
            yield phi.target
    else:
        yield stmt.trips
        for c in stmt.carried:
            yield c.result


def at_hand(loop: For | While) -> set[Var]:
    """Return the variables of a loop that have a value at the end of each trip."""
    found = {v for stmt in loop.body for v in defined_by(stmt)} | {c.param for c in loop.carried}
    if isinstance(loop, While):
        return found | {v for stmt in loop.header for v in defined_by(stmt)}
    return found | {loop.index}


def raises(block: Block) -> bool:
    """Whether every way through a block ends in an exception."""
    for stmt in block:
        if isinstance(stmt, Op) and stmt.fn == "raise":
            return True
        if isinstance(stmt, If) and raises(stmt.then) and raises(stmt.orelse):
            return True
    return False


def rewrite(block: Block, change: Callable[[Op], list]) -> None:
    """Replace every operation by the statements that `change` returns for it."""
    new: list = []
    for stmt in block:
        if isinstance(stmt, Op):
            new.extend(change(stmt))
        else:
            for inner in blocks_of(stmt):
                rewrite(inner, change)
            new.append(stmt)
    block.statements = new


def copied(loop: For, fresh: Callable[[Var], Var]) -> For:
    """Return a loop once more, with `fresh` variables for what it defines."""
    new: dict[Var, Var] = {}

    def var(v: Var) -> Var:
        return new.setdefault(v, fresh(v))

    def operand(x: object) -> object:
        if isinstance(x, TupleOf):
            return TupleOf(tuple(operand(i) for i in x.items), x.cls)
        if isinstance(x, Slice):
            return Slice(operand(x.lower), operand(x.upper), operand(x.step))
        return new.get(x, x) if isinstance(x, Var) else x

    def carried(slots: list[Carried]) -> list[tuple[Carried, Carried]]:
        return [(c, Carried(var(c.param), operand(c.init), None, var(c.result))) for c in slots]

    def block(old: Block) -> Block:
        return Block([statement(s) for s in old])

    def statement(s: object) -> object:
        if isinstance(s, Op):
            kwargs = {k: operand(x) for k, x in s.kwargs.items()}
            args = tuple(operand(a) for a in s.args)
            return Op(s.target and var(s.target), s.fn, args, kwargs, s.detail, s.place)
        if isinstance(s, If):
            test, then, orelse = operand(s.test), block(s.then), block(s.orelse)
            phis = [Phi(var(p.target), operand(p.then), operand(p.orelse)) for p in s.phis]
            return If(test, then, orelse, phis, s.place)
        slots = carried(s.carried)
        if isinstance(s, For):
            bounds = (operand(s.start), operand(s.stop), operand(s.step))
            copy = For(var(s.index), *bounds, [], block(s.body), None, var(s.trips), s.place, s.independent)
        else:
            header = block(s.header)
            copy = While(header, operand(s.test), [], block(s.body), None, var(s.trips), s.place)
        copy.carried = [c for _, c in slots]
        for old, c in slots:
            c.yielded = operand(old.yielded)
        copy.exit = operand(s.exit)
        return copy

    return statement(loop)


def prune(function: Function, has_effect: Callable[[Op], bool]) -> None:
    """Remove what neither the result nor an effect depends on, merged and carried values included."""
    used: set[Var] = set()

    def need(operand: object) -> bool:
        new = [v for v in vars_in(operand) if v not in used]
        used.update(new)
        return bool(new)

    def mark(block: Block) -> bool:
        """Mark what the live statements read; True when something new was marked."""
        changed = False
        for stmt in reversed(block.statements):
            if isinstance(stmt, Op):
                if stmt.target in used or has_effect(stmt):
                    for v in op_vars(stmt):
                        changed |= need(v)
                continue
            live = [v for v in defined_by(stmt) if v in used]
            if not live and not any(isinstance(s, Op) and has_effect(s) for b in blocks_of(stmt) for s in walk(b)):
                continue
            if isinstance(stmt, If):
                changed |= need(stmt.test)
                for phi in stmt.phis:
                    if phi.target in used:
                        changed |= need(phi.then) | need(phi.orelse)
            else:
                for c in stmt.carried:
                    if c.result in used or c.param in used:
                        changed |= need(c.init) | need(c.yielded)
                if stmt.exit is not None:
                    changed |= need(stmt.exit)
                if isinstance(stmt, For):
                    changed |= need(stmt.start) | need(stmt.stop) | need(stmt.step)
                elif stmt.test is not None:
                    changed |= need(stmt.test)
            for inner in reversed(blocks_of(stmt)):
                changed |= mark(inner)
        return changed

    need(function.result)
    while mark(function.body):
        pass

    def sweep(block: Block) -> bool:
        """Drop dead statements; True when something is left."""
        kept = []
        for stmt in block:
            if isinstance(stmt, Op):
                if stmt.target in used or has_effect(stmt):
                    kept.append(stmt)
                continue
            alive = [sweep(inner) for inner in blocks_of(stmt)]
            if isinstance(stmt, If):
                stmt.phis = [p for p in stmt.phis if p.target in used]
                if stmt.phis or any(alive):
                    kept.append(stmt)
            else:
                stmt.carried = [c for c in stmt.carried if c.result in used or c.param in used]
                if any(v in used for v in defined_by(stmt)) or any(
                    isinstance(s, Op) and has_effect(s) for b in blocks_of(stmt) for s in walk(b)
                ):
                    kept.append(stmt)
        block.statements = kept
        return bool(kept)

    sweep(function.body)


class Namer:
    """Hands out names that are unique in one generated function and close to the user's own."""

    def __init__(self, reserved: set[str] | frozenset[str] = frozenset()):
        self._taken = set(reserved)
        self._last: dict[str, int] = {}  # the number of the last name that was made of a base
        self._given: list[tuple[str, str, int]] = []  # names in order, their bases and what `_last` had been

    def fresh(self, base: str) -> str:
        """Return `base`, or `base_1`, `base_2`, ... when it is taken."""
        base = "".join(ch if ch.isalnum() or ch == "_" else "_" for ch in base).strip("_") or "t"
        if base[0].isdigit():
            base = "t" + base
        last = k = self._last.get(base, -1)
        while True:
            k += 1
            name = f"{base}_{k}" if k else base
            if name not in self._taken:
                break
        self._last[base] = k
        self._taken.add(name)
        self._given.append((name, base, last))
        return name

    def snapshot(self) -> int:
        """Return how many names have been handed out so far."""
        return len(self._given)

    def restore(self, count: int) -> None:
        """Forget the names handed out since a snapshot."""
        while len(self._given) > count:
            name, base, last = self._given.pop()
            self._taken.discard(name)
            if base:
                self._last[base] = last

    def reserve(self, name: str) -> None:
        """Never hand out a name."""
        if name not in self._taken:
            self._taken.add(name)
            self._given.append((name, "", 0))

    def is_taken(self, name: str) -> bool:
        return name in self._taken


ITERATED = "iterated"
"""The `detail` of a len() that says how often a loop over an array or a list goes round."""
