"""The adjoint of a stencil as a stencil: reverse loops that gather, where they would scatter.

Where a trip of a loop reads neighbouring elements of an array, its reverse adds to neighbouring elements of the shadow.
What one trip has added the next one loads again, so that nothing can be done for several trips at once::

    for i in range(1, n - 1):                       for i in range(n - 2, 0, -1):
        y[i] = a * x[i - 1] + c * x[i + 1]              y_1_bar = y_bar[i]; y_bar[i] = 0.0
                                                        x_bar[i + 1] += c * y_1_bar
                                                        x_bar[i - 1] += a * y_1_bar

Seen from an element of the shadow, each of these terms comes from another trip, and there is one store::

    for i in range(2, n - 2):
        x_bar[i - 1] += a * y_bar[i] + c * y_bar[i - 2]

What leads to a term is computed again for each trip that it comes from, if that is not much. The trips at both ends
have terms for elements outside of this range; they are taken one by one, in a loop of their own, which has all trips if
there are few. Elements of shadows that the trips read are set to zero when all is done.

The text of the reverse loop, which is the adjoint of a body without branches and loops, is what is looked at
(`Facts` says what is known of its names). It is put into this form if

- all it adds to are elements of arrays with the loop's index plus a constant, not negative, as their last place, and
  the last axis is contiguous; several such constants for one row of one array make it a stencil;
- what it reads is certainly nothing that it adds to or that another trip overwrites, or can be told to be by a
  comparison at run time of arrays, or of the places before the last; then the loop as it was stands beside;
- it hands nothing from trip to trip, but adds to numbers.

The sums are those of the loop as it was, in another order.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_FAR, _MOST_TERMS, _SHORT = 8, 8, 8
"""How far apart the elements of one row may be, how many there may be, and how many trips are more than a few."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_PURE_MODULES = ("math", "np", "vmath")
_PURE = ("abs", "min", "max", "float", "int")


@dataclass
class Facts:
    """What is known of the names in a loop.

    Attributes
    ----------
    index, start, trips : str
        The loop's index, the text of its first value, and the name of the number of trips.
    rows : list of (str, str)
        Names that are to have the value of another name plus the number of the trip.
    results : set of str
        Names that are read after the loop.
    shadows, arrays : set of str
        The shadow arrays that are added to; these and all other arrays.
    fresh : callable
        Returns a new name.
    is_row : callable
        Whether a shadow has so many axes, and the last of them is contiguous.
    is_nonnegative : callable
        Whether a name is that of an integer that is certainly not negative.
    are_apart : callable
        Whether two names or constants are places that are certainly different.
    may_share : callable
        Whether two arrays of different names may share memory.
    disjoint : callable
        Returns the text of a test whether two arrays share none.
    hidden : callable
        Returns the text of an integer that LLVM is not to know.
    """

    index: str
    start: str
    trips: str
    rows: list[tuple[str, str]]
    results: set[str]
    shadows: set[str]
    arrays: set[str]
    fresh: Callable[[str], str]
    is_row: Callable[[str, int], bool]
    is_nonnegative: Callable[[str], bool]
    are_apart: Callable[[str, str], bool]
    may_share: Callable[[str, str], bool]
    disjoint: Callable[[str, str], str]
    hidden: Callable[[str], str]


@dataclass
class Gathered:
    """A loop in the other form: tests under which it may be used, and its lines.

    Each has its depth, and the number of the line of the trip that it comes from; 0 if it comes from none.
    """

    tests: list[str]
    lines: list[tuple[int, str, int]] = field(default_factory=list)


def in_gather_form(body: list[str], facts: Facts) -> Gathered | None:
    """Return a reverse loop, given by the lines of one trip, in gather form; None if it cannot be, or is no stencil."""
    if not any("+=" in line or "-=" in line for line in body):
        return None
    try:
        found = _Body(ast.parse("\n".join(body)).body, facts)
        return found.gathered()
    except _Unfit:
        return None


class _Unfit(Exception):
    """The loop stays as it is."""


@dataclass(frozen=True)
class _Affine:
    """An integer: a multiple of the trip's number, a constant, and multiples of names that are the same in all."""

    factor: int
    constant: int
    terms: tuple[tuple[str, int], ...] = ()

    def plus(self, other: _Affine, sign: int) -> _Affine:
        terms = dict(self.terms)
        for name, c in other.terms:
            terms[name] = terms.get(name, 0) + sign * c
        kept = tuple(sorted((n, c) for n, c in terms.items() if c))
        return _Affine(self.factor + sign * other.factor, self.constant + sign * other.constant, kept)


@dataclass
class _Access:
    """An access to an element of a shadow, by the statement at some place in the body."""

    array: str
    index: list[ast.expr]
    forms: list[_Affine | None]
    at: int

    @property
    def row(self) -> tuple:
        """What tells the row: all but the constant of the last place."""
        last = self.forms[-1]
        return self.array, tuple(self.forms[:-1]), last.terms

    @property
    def offset(self) -> int:
        return self.forms[-1].constant


@dataclass
class _Add(_Access):
    value: ast.expr
    sign: str
    shift: int = 0
    """Where it adds, as the number of the trip whose own element that is minus the number of the trip."""


class _Body:
    """The statements of a trip, and what they do."""

    def __init__(self, statements: list[ast.stmt], facts: Facts):
        statements = _without_round_trips(statements)
        self.facts, self.statements = facts, statements
        self.stored = {_name(s.targets[0]) for s in statements if isinstance(s, ast.Assign)} & facts.arrays
        self.assigned = {facts.index, *(row for row, _ in facts.rows)}
        for s in statements:
            target = s.targets[0] if isinstance(s, ast.Assign) and len(s.targets) == 1 else getattr(s, "target", None)
            if not isinstance(s, ast.Assign | ast.AugAssign) or not isinstance(target, ast.Name | ast.Subscript):
                raise _Unfit
            if isinstance(target, ast.Name):
                self.assigned.add(target.id)
        self.affine: dict[str, _Affine | None] = {facts.index: _Affine(1, 0)}
        self.reads: list[_Access] = []
        self.stores: list[_Access] = []
        self.adds: list[_Add] = []
        self.sums: dict[int, tuple[str, str, ast.expr]] = {}
        """By the place of the statement: the name, the sign, and what is added."""
        self.defined = {facts.index, *(row for row, _ in facts.rows)}
        for k, s in enumerate(statements):
            self.look_at(k, s)
        summed = {name for name, _, _ in self.sums.values()}
        if summed & self.defined or self.defined & facts.results:
            raise _Unfit
        if any(n.id in summed for k, s in enumerate(statements) for n in self.names_read(k, s)):
            raise _Unfit
        if not self.assigned <= self.defined | summed:
            raise _Unfit

    # ---------------------------------------------------------------- what a trip does

    def look_at(self, k: int, s: ast.stmt) -> None:
        """Find out what a statement does, and whether it may be moved to another trip."""
        target = s.targets[0] if isinstance(s, ast.Assign) else s.target
        added = _sum_of(s)
        if isinstance(target, ast.Name) and target.id in self.facts.arrays:
            raise _Unfit
        if isinstance(target, ast.Name) and added is not None and target.id not in self.defined:
            self.sums[k] = (target.id, *added)
            self.check(k, added[1])
        elif isinstance(target, ast.Name):
            self.check(k, s.value)
            if isinstance(s, ast.AugAssign) and target.id not in self.defined:
                raise _Unfit
            self.defined.add(target.id)
            known = self.form(s.value) if isinstance(s, ast.Assign) else None
            self.affine[target.id] = known if self.affine.get(target.id, known) == known else None
        else:
            access = self.access(k, target)
            self.check(k, s.value)
            if added is not None:
                last = access.forms[-1]
                if last is None or last.factor != 1 or not self.facts.is_row(access.array, len(access.index)):
                    raise _Unfit
                if any(f is None or f.factor != 0 for f in access.forms[:-1]):
                    raise _Unfit
                sign, value = added
                self.adds.append(_Add(access.array, access.index, access.forms, k, value, sign))
            else:
                self.stores.append(access)

    def check(self, k: int, value: ast.expr) -> None:
        """See to it that an expression has no effect and reads nothing that trips before have left; note its loads."""
        loaded: set[int] = set()
        for node in ast.walk(value):
            if isinstance(node, ast.Call):
                f = node.func
                is_pure = isinstance(f, ast.Name) and f.id in _PURE
                if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name):
                    is_pure = f.value.id in _PURE_MODULES
                if not is_pure or node.keywords:
                    raise _Unfit
            elif isinstance(node, ast.Subscript):
                if not isinstance(node.value, ast.Name) or node.value.id in self.assigned:
                    raise _Unfit
                loaded.add(id(node.value))
                if self.is_changed(node.value.id):
                    self.reads.append(self.access(k, node))
            elif isinstance(node, ast.Name) and node.id in self.assigned and node.id not in self.defined:
                raise _Unfit
            elif isinstance(node, ast.NamedExpr | ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.Starred):
                raise _Unfit
        for node in ast.walk(value):
            if isinstance(node, ast.Name) and id(node) not in loaded and self.is_changed(node.id):
                raise _Unfit

    def is_changed(self, name: str) -> bool:
        """Whether a name is that of a shadow, or of an array that may share memory with one that is stored into."""
        facts = self.facts
        if name in facts.shadows:
            return True
        return name in facts.arrays and any(name == other or facts.may_share(name, other) for other in self.stored)

    def access(self, k: int, node: ast.Subscript) -> _Access:
        if not isinstance(node.value, ast.Name) or node.value.id not in self.facts.arrays:
            raise _Unfit
        if node.value.id in self.assigned:
            raise _Unfit
        index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not all(map(self.is_nonnegative, index)):
            raise _Unfit
        return _Access(node.value.id, list(index), [self.form(x) for x in index], k)

    def is_nonnegative(self, x: ast.expr) -> bool:
        """Whether a place is certainly counted from the front."""
        if isinstance(x, ast.Constant):
            return isinstance(x.value, int) and x.value >= 0
        return _is_unsigned(x) or (isinstance(x, ast.Name) and self.facts.is_nonnegative(x.id))

    def form(self, x: ast.expr) -> _Affine | None:
        if _is_unsigned(x):
            return self.form(x.args[0])
        if isinstance(x, ast.Constant):
            return _Affine(0, x.value) if type(x.value) is int else None
        if isinstance(x, ast.Name):
            return self.affine.get(x.id) if x.id in self.assigned else _Affine(0, 0, ((x.id, 1),))
        if isinstance(x, ast.BinOp) and isinstance(x.op, ast.Add | ast.Sub):
            a, b = self.form(x.left), self.form(x.right)
            return None if a is None or b is None else a.plus(b, 1 if isinstance(x.op, ast.Add) else -1)
        return None

    def names_read(self, k: int, s: ast.stmt) -> Iterator[ast.Name]:
        """Yield the names that a statement reads; of a sum, those in what is added."""
        parts = [self.sums[k][2]] if k in self.sums else [s.value]
        target = s.targets[0] if isinstance(s, ast.Assign) else s.target
        if isinstance(target, ast.Subscript):
            parts.append(target)
        for part in parts:
            yield from (n for n in ast.walk(part) if isinstance(n, ast.Name))
        if isinstance(s, ast.AugAssign) and isinstance(target, ast.Name) and k not in self.sums:
            yield target

    # ---------------------------------------------------------------- whether trips may be taken in another order

    def tests(self) -> list[str]:
        """Return tests under which what is read is nothing that is added to; _Unfit where it is, or cannot be told."""
        found: dict[str, None] = {}
        for a in (*self.reads, *self.stores):
            for b in self.adds:
                if a.array == b.array or self.facts.may_share(a.array, b.array):
                    self.tell_apart(a, b, found)
        for z in self.stores:
            if [f for f in z.forms if f is None or f.factor not in (0, 1)] or sum(f.factor for f in z.forms) != 1:
                raise _Unfit
            for r in self.reads:
                if r.array == z.array and r.forms == z.forms and r.at < z.at:
                    continue
                if r.array == z.array or self.facts.may_share(r.array, z.array):
                    self.tell_apart(r, z, found)
            for other in self.stores:
                if other is not z and (other.array == z.array or self.facts.may_share(other.array, z.array)):
                    self.tell_apart(other, z, found)
        return list(found)

    def tell_apart(self, a: _Access, b: _Access, found: dict[str, None]) -> None:
        """See to it that two accesses are to different elements in any two trips; add the test that says so to those.

        They are of one array, or of two that may share memory.
        """
        if a.array != b.array:
            found[self.facts.disjoint(*sorted((a.array, b.array)))] = None
            return
        if len(a.index) != len(b.index):
            raise _Unfit
        pairs = list(zip(a.index[:-1], b.index[:-1], strict=True))
        texts = [(_place(x), _place(y)) for x, y in pairs if _is_plain(_bare(x)) and _is_plain(_bare(y))]
        texts = [(x, y) for x, y in texts if x != y and not {x, y} & self.assigned]
        if any(self.facts.are_apart(x, y) for x, y in texts):
            return
        if not texts:
            raise _Unfit
        found[" or ".join(f"{x} != {y}" for x, y in sorted(texts))] = None

    def place_terms(self) -> None:
        """Choose for each row the element that is a trip's own, and say how far from it each term is added."""
        rows: dict[tuple, list[_Add]] = {}
        for a in self.adds:
            rows.setdefault(a.row, []).append(a)
        is_stencil = False
        for adds in rows.values():
            offsets = sorted({a.offset for a in adds})
            is_stencil |= len(offsets) > 1
            if offsets[-1] - offsets[0] > _FAR or len(offsets) > _MOST_TERMS:
                raise _Unfit
            own = offsets[len(offsets) // 2]
            for a in adds:
                a.shift = a.offset - own
        if not is_stencil:
            raise _Unfit

    # ---------------------------------------------------------------- the other form

    def gathered(self) -> Gathered:
        self.place_terms()
        out = Gathered(self.tests())
        shifts = sorted({a.shift for a in self.adds} - {0})
        slices = {d: self.leading_to([a.value for a in self.adds if a.shift == d]) for d in shifts}
        if sum(map(len, slices.values())) > 2 * len(self.statements) + 8:
            raise _Unfit
        low, high = max(0, *shifts), min(0, *shifts)
        names = self.facts
        lo, hi, ends = names.fresh("low"), names.fresh("high"), names.fresh("ends")
        width = low - high
        head = [
            (0, f"{lo} = {low}"),
            (0, f"{hi} = {names.trips}{f' - {-high}' if high else ''}"),
            (0, f"{ends} = {2 * width}"),
            (0, f"if {names.trips} < {max(_SHORT, 2 * width)}:"),
            (1, f"{lo} = {names.trips} + {width}"),
            (1, f"{hi} = {lo}"),
            (1, f"{ends} = {names.trips}"),
        ]
        out.lines += [(depth, text, 0) for depth, text in head]
        self.print_ends(out.lines, lo, hi, ends, width)
        self.print_middle(out.lines, lo, hi, slices)
        self.print_stores(out.lines)
        return out

    def leading_to(self, wanted: list[ast.expr]) -> list[int]:
        """Return the places of the statements that give values to what some expressions read."""
        needed = {n.id for x in wanted for n in ast.walk(x) if isinstance(n, ast.Name)}
        found: list[int] = []
        for k in reversed(self.plain()):
            s = self.statements[k]
            if _target(s).id in needed:
                found.append(k)
                if isinstance(s, ast.Assign):
                    needed.discard(_target(s).id)
                needed |= {n.id for n in self.names_read(k, s)}
        return found[::-1]

    def section(self, lines: list, trip: str, said: list, names: dict[str, str]) -> None:
        """Print what a trip begins with, as far as it is read, and then what is said in it."""
        facts = self.facts
        read = {name for _, text, _ in said for name in _NAME.findall(text)}
        for row, top in facts.rows:
            if names.get(row, row) in read:
                lines.append((1, f"{names.get(row, row)} = {top} + {trip}", 0))
        if names.get(facts.index, facts.index) in read:
            first = "" if facts.start == "0" else f"{facts.start} + "
            lines.append((1, f"{names.get(facts.index, facts.index)} = {first}{trip}", 0))
        lines += said

    def text(self, node: ast.AST, names: dict[str, str]) -> str:
        """Return the text of what a trip says, with other names; places that are not negative are marked as such."""
        return ast.unparse(_Renaming(names, self.facts).visit(copy.deepcopy(node)))

    def print_values(self, lines: list, places: list[int], adds: list, names: dict) -> dict[int, str]:
        """Print statements, and return the texts of what is added, as it is at its place."""
        values: dict[int, str] = {}
        later = {a.at: a for a in adds}
        for k in sorted({*places, *later}):
            if k in places:
                lines.append((1, self.text(self.statements[k], names), self.number(k)))
            if k in later:
                value = later[k].value
                text = self.text(value, names)
                if not isinstance(value, ast.Constant) and not self.is_final(value, k):
                    fresh = self.facts.fresh("term")
                    lines.append((1, f"{fresh} = {text}", self.number(k)))
                    text = fresh
                values[k] = text if text.isidentifier() else f"({text})"
        return values

    def is_final(self, value: ast.expr, at: int) -> bool:
        """Whether the names that an expression reads keep their values for the rest of the trip."""
        names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
        after = self.statements[at + 1 :]
        return names.isdisjoint(getattr(_target(s), "id", None) for s in after)

    def print_ends(self, lines: list, lo: str, hi: str, ends: str, width: int) -> None:
        """Print the loop over the trips at both ends: what they add to elements that the other loop leaves out."""
        facts = self.facts
        e, k = facts.fresh("end"), facts.fresh("trip")
        lines.append((0, f"for {e} in range({ends}):", 0))
        # hidden, since LLVM would take these few trips at once, with scattered stores
        lines.append((1, f"{k} = {facts.hidden(f'{e} if {e} < {width} else {facts.trips} - {ends} + {e}')}", 0))
        said: list[tuple[int, str, int]] = []
        values = self.print_values(said, self.plain(), self.adds, {})
        for shift in sorted({a.shift for a in self.adds} | {0}):
            at = k if shift == 0 else f"{k} {'+' if shift > 0 else '-'} {abs(shift)}"
            said.append((1, f"if {at} < {lo} or {at} >= {hi}:", 0))
            for a in self.adds:
                if a.shift == shift:
                    said.append((2, f"{self.cell(a)} {a.sign}= {values[a.at]}", self.number(a.at)))
            for at_sum, (name, sign, value) in self.sums.items() if shift == 0 else ():
                said.append((2, f"{name} {sign}= {self.text(value, {})}", self.number(at_sum)))
        self.section(lines, k, said, {})

    def plain(self) -> list[int]:
        """Return the places of the statements that give values to names of the trip's own."""
        return [k for k, s in enumerate(self.statements) if k not in self.sums and isinstance(_target(s), ast.Name)]

    def number(self, at: int) -> int:
        """Return the number of the line of a statement."""
        return self.statements[at].lineno

    def cell(self, a: _Access) -> str:
        return self.text(_target(self.statements[a.at]), {})

    def print_middle(self, lines: list, lo: str, hi: str, slices: dict[int, list[int]]) -> None:
        """Print the loop that gathers."""
        facts = self.facts
        k = facts.fresh("trip")
        lines.append((0, f"for {k} in range({lo}, {hi}):", 0))
        own = [a for a in self.adds if a.shift == 0]
        cells = [x for a in own for x in a.index]
        places = self.leading_to([*cells, *(a.value for a in own), *(value for _, _, value in self.sums.values())])
        said: list[tuple[int, str, int]] = []
        values = self.print_values(said, places, own, {})
        for at, (name, sign, value) in self.sums.items():
            text = self.text(value, {})
            text = text if sign == "+" else f"-({text})"
            said.append((1, f"{name} = vmath.add({name}, {text})", self.number(at)))
        for shift, leading in slices.items():
            names = {n: facts.fresh(n) for n in sorted(self.assigned_in(leading))}
            trip = facts.fresh("trip")
            said.append((1, f"{trip} = {k} {'-' if shift > 0 else '+'} {abs(shift)}", 0))
            there: list[tuple[int, str, int]] = []
            values |= self.print_values(there, leading, [a for a in self.adds if a.shift == shift], names)
            self.section(said, trip, there, names)
        rows: dict[tuple, list[_Add]] = {}
        for a in self.adds:
            rows.setdefault(a.row, []).append(a)
        for adds in rows.values():
            own = next(a for a in adds if a.shift == 0)
            text = "".join(f" {a.sign} {values[a.at]}" for a in adds).strip()
            said.append((1, f"{self.cell(own)} += {text.removeprefix('+ ')}", self.number(own.at)))
        self.section(lines, k, said, {})

    def assigned_in(self, places: list[int]) -> set[str]:
        """Return the names that statements assign, and those that a trip begins with."""
        own = {_target(self.statements[k]).id for k in places}
        return {self.facts.index, *(row for row, _ in self.facts.rows), *own}

    def print_stores(self, lines: list) -> None:
        """Print a loop for each store, when all that it overwrites has been read."""
        for z in self.stores:
            k = self.facts.fresh("trip")
            value = self.statements[z.at].value
            if any(self.is_changed(_name(n)) for n in ast.walk(value) if isinstance(n, ast.Subscript)):
                raise _Unfit
            lines.append((0, f"for {k} in range({self.facts.trips}):", 0))
            places = [*self.leading_to([*z.index, value]), z.at]
            said = [(1, self.text(self.statements[p], {}), self.number(p)) for p in places]
            if any(self.is_changed(name) for _, text, _ in said[:-1] for name in _NAME.findall(text)):
                raise _Unfit
            self.section(lines, k, said, {})


class _Renaming(ast.NodeTransformer):
    """Gives names other ones, and marks the loop's index as not negative where it is a place."""

    def __init__(self, names: dict[str, str], facts: Facts):
        self.names, self.facts = names, facts

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        parts = []
        for x in index:
            is_index = isinstance(x, ast.Name) and x.id == self.facts.index and self.facts.is_nonnegative(x.id)
            new = self.visit(x)
            parts.append(ast.parse(f"np.uintp({new.id})", mode="eval").body if is_index else new)
        place = parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())
        return ast.Subscript(self.visit(node.value), place, node.ctx)


def _without_round_trips(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements without those that give a name back what another one has from it, as y in x = y; y = x."""
    copies = {}
    for s in statements:
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Name) and isinstance(s.targets[0], ast.Name):
            copies[_name(s.targets[0])] = s
    count = [_name(_target(s)) for s in statements if isinstance(s, ast.Assign | ast.AugAssign)]
    left = []
    for s in statements:
        other = copies.get(_name(s.value)) if s in copies.values() else None
        is_back = other is not None and _name(other.value) == _name(s.targets[0]) and other in left
        if not (is_back and count.count(_name(s.targets[0])) == count.count(_name(s.value)) == 1):
            left.append(s)
    return left


def _name(x: ast.expr) -> str:
    """Return a name, or that of the array of an element; "" for anything else."""
    x = x.value if isinstance(x, ast.Subscript) else x
    return x.id if isinstance(x, ast.Name) else ""


def _target(s: ast.stmt) -> ast.expr:
    return s.targets[0] if isinstance(s, ast.Assign) else s.target


def _sum_of(s: ast.stmt) -> tuple[str, ast.expr] | None:
    """Return the sign and the value of what a statement adds to its target; None if it does something else."""
    if isinstance(s, ast.AugAssign):
        if not isinstance(s.op, ast.Add | ast.Sub):
            raise _Unfit
        return "+" if isinstance(s.op, ast.Add) else "-", s.value
    target, value = s.targets[0], s.value
    is_call = isinstance(value, ast.Call) and ast.unparse(value.func) == "vmath.add"
    if is_call and isinstance(target, ast.Name) and isinstance(value.args[0], ast.Name):
        if value.args[0].id == target.id:
            return "+", value.args[1]
    return None


def _is_unsigned(x: ast.expr) -> bool:
    return isinstance(x, ast.Call) and len(x.args) == 1 and ast.unparse(x.func) == "np.uintp"


def _bare(x: ast.expr) -> ast.expr:
    return x.args[0] if _is_unsigned(x) else x


def _place(x: ast.expr) -> str:
    return ast.unparse(_bare(x))


def _is_plain(x: ast.expr) -> bool:
    return isinstance(x, ast.Name | ast.Constant)
