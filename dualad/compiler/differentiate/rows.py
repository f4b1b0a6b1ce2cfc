"""Reverse sweeps that are run again and again behind one forward sweep: the rows of a Jacobian, a pullback.

    def f_rows(x):
        (forward sweep)
        for k in range(out.size):
            top, h_kept = top_end, h_kept_end.copy()     what the reverse sweep uses up, as the forward sweep left it
            out_bar[k] = 1.0
            (reverse sweep)
            jacobian[k] = x_bar
            out_bar[k] = 0.0

A pullback is cut in two: the forward sweep returns what it leaves to the reverse sweep, which takes it in each call.

What a reverse sweep uses up is found in its text. Numbers are set again, lists of kept arrays and arrays that are
restored on the way back (`undo_log`) are copied. Where an array has a second name, where adjoints are made by the
forward sweep, and where memory is given back (tapes that grow, recursion), there is no such function: each row, and
each call of a pullback, then has a forward sweep of its own. So it is with pullbacks that need lists of arrays.
"""

from __future__ import annotations

import ast

from numba import types

from ...errors import DualadError
from ...rules import accumulation
from .. import ir
from ..ir import Var
from ..ir.kinds import is_array, is_number, is_reference, type_of
from ..runtime.numba_bridge import as_dtype
from .jacobian import copied, dtype_text
from .reverse import Reverse

_MARK = "    # reverse sweep"
_CHANGING = frozenset({"append", "extend", "insert", "fill", "sort", "at", "copyto", "fill_diagonal", "put", "place"})
"""Methods and functions of NumPy that change what they are given."""


class NotRepeatableError(DualadError):
    """The reverse sweep cannot be run twice."""

    def __init__(self) -> None:
        super().__init__("internal: this reverse sweep needs a forward sweep of its own")


def rows(reverse: Reverse, name: str, wrt: tuple[int, ...]) -> tuple[list[str], list[tuple]] | None:
    """Return the lines of the function, and the user's place for each; None if there is none.

    Parameters
    ----------
    reverse : Reverse
        Has not printed anything yet; its function has one array as its result.
    name : str
    wrt : tuple of int
        The parameters by which the Jacobians are.
    """
    reverse.emit(name, list(wrt), "vjp", False, False)
    try:
        return _Cut(reverse, name).rows(wrt)
    except NotRepeatableError:
        return None


def half(reverse: Reverse, name: str, wrt: tuple[int, ...], has_aux: bool, is_forward: bool) -> tuple[list, list]:
    """Return the lines of one of the two functions that a pullback is cut into, and the user's place for each.

    The first takes the parameters and returns (result, state). The second takes the parameters, the state and the
    cotangent, and returns the cotangents of the parameters in `wrt`.

    Raises
    ------
    NotRepeatableError
        If it cannot be cut.
    """
    reverse.emit(name, list(wrt), "vjp", has_aux, False)
    cut = _Cut(reverse, name)
    return cut.forward_half() if is_forward else cut.reverse_half()


class _Cut:
    """The text of a pullback, cut where the reverse sweep begins."""

    def __init__(self, reverse: Reverse, name: str):
        self.reverse, self.name = reverse, name
        self.lines, self.places = reverse.lines, reverse.places
        if self.lines.count(_MARK) != 1:
            raise NotRepeatableError
        self.mark = self.lines.index(_MARK)
        (self.tree,) = ast.parse("\n".join(self.lines)).body
        self.forward = [s for s in self.tree.body if s.lineno <= self.mark]
        self.back = [s for s in self.tree.body if s.lineno > self.mark]
        self.variables = _variables(reverse.function)
        self.new: list[tuple[str, tuple]] = []
        self.parameters, self.seed = reverse.parameters(), self.tree.args.args[-1].arg
        self.last = self.back[-1]
        if not isinstance(self.last, ast.Return) or not isinstance(self.last.value, ast.Tuple):
            raise NotRepeatableError
        self.assigned = {n for s in self.forward for n in _assigned(s)}
        self.left = _read_first(self.back, {self.seed}) & (self.assigned | {a.arg for a in self.arguments()[:-1]})
        self.reset = self.used_up()

    def arguments(self) -> list[ast.arg]:
        a = self.tree.args
        return [*a.args[:-1], *([a.vararg] if a.vararg else []), *a.kwonlyargs, *a.args[-1:]]

    def line(self, depth: int, text: str) -> None:
        self.new.append(("    " * depth + text, self.reverse.function.place))

    def copy(self, start: int, stop: int, indent: str = "") -> None:
        """Print lines as they are."""
        lines = zip(self.lines[start:stop], self.places[start:stop], strict=True)
        self.new += [(indent + text, place) for text, place in lines]

    def done(self) -> tuple[list[str], list[tuple]]:
        return [text for text, _ in self.new], [place for _, place in self.new]

    # ---------------------------------------------------------------- what is made of it

    def forward_half(self) -> tuple[list[str], list[tuple]]:
        state = self.state()
        self.line(0, f"def {self.name}({', '.join(self.parameters)}):")
        self.begin_with(state)
        self.copy(1, self.mark)
        result = self.reverse.result_text(self.reverse.function.result, self.own_result)
        self.line(1, f"return {result}, ({''.join(f'{n}, ' for n in state)})")
        return self.done()

    def own_result(self, value: object) -> str:
        """Return the text of a result; of an array that is part of the state the caller gets a copy."""
        text = self.reverse.primal_result(value)
        if text == self.reverse.operand(value) and is_array(value):
            of = self.reverse.aliases.of
            others = (self.variables[n] for n in self.left if n in self.variables)
            if any(is_reference(x) and of(x) is of(value) for x in others):
                return f"{text}.copy()"
        return text

    def reverse_half(self) -> tuple[list[str], list[tuple]]:
        names = self.state()
        state = self.reverse.fresh("state")
        self.line(0, f"def {self.name}({', '.join([*self.parameters, state, self.seed])}):")
        for k, name in enumerate(names):
            self.line(1, f"{name} = {state}[{k}]")
        for own, _, text in self.reset:
            if text:
                self.line(1, f"{own} = {own}{text}")
        self.copy(self.mark + 1, len(self.lines))
        return self.done()

    def state(self) -> list[str]:
        """Return the names of what the forward sweep leaves, apart from arguments as they are."""
        found = sorted(self.left & self.assigned)
        popped, _ = self.changed()
        if not popped.isdisjoint(found) or any(not is_plain(self.variables[n]) for n in found if n in self.variables):
            raise NotRepeatableError
        return found

    def begin_with(self, names: list[str]) -> None:
        """Print a value for each name that the forward sweep may leave without one, in a branch that is not taken."""
        assigned = {a.arg for a in self.arguments()}
        _read_first(self.forward, assigned)
        for name in names:
            if name in assigned:
                continue
            if name not in self.variables or not is_plain(self.variables[name]):
                raise NotRepeatableError
            self.line(1, f"{name} = {_nothing(type_of(self.variables[name]))}")

    def rows(self, wrt: tuple[int, ...]) -> tuple[list[str], list[tuple]]:
        fresh, reset, seed, last = self.reverse.fresh, self.reset, self.seed, self.last
        value = self.reverse.operand(self.reverse.function.result)
        xs = [self.reverse.function.params[k] for k in wrt]
        self.line(0, f"def {self.name}({', '.join(self.parameters)}):")
        self.begin_with([own for own, _, _ in reset])
        self.copy(1, self.mark)
        flat, k, count = fresh(f"{seed}_flat"), fresh("k"), fresh("count")
        self.line(1, f"{count} = {value}.size")
        self.line(1, f"{flat} = np.zeros({count}{dtype_text(type_of(self.reverse.function.result))})")
        self.line(1, f"{seed} = {flat}.reshape({value}.shape)")
        blocks = [fresh("jacobian") for _ in xs]
        for block, x in zip(blocks, xs, strict=True):
            shape = f"({count}, {x.name}.size)" if is_array(x) else count
            self.line(1, f"{block} = np.empty({shape}{dtype_text(x.type)})")
        for own, kept, _ in reset:
            self.line(1, f"{kept} = {own}")
        self.line(1, f"for {k} in range({count}):")
        for own, kept, text in reset:
            self.line(2, f"{own} = {kept}{text}")
        self.line(2, f"{flat}[{k}] = 1.0")
        self.copy(self.mark + 1, last.lineno - 1, "    ")
        self.line(2, f"{flat}[{k}] = 0.0")
        for block, x, bar in zip(blocks, xs, last.value.elts, strict=True):
            own = fresh(f"{x.name}_bar")
            self.line(2, f"{own} = {ast.unparse(bar)}")
            for depth, text in copied(own, x.type, lambda c, b=block: f"{b}[{k}, {c}]" if c else f"{b}[{k}]", fresh):
                self.line(2 + depth, text)
        self.line(1, f"return {blocks[0] if len(blocks) == 1 else '(' + ', '.join(blocks) + ')'}")
        return self.done()

    # ---------------------------------------------------------------- what the reverse sweep changes

    def used_up(self) -> list[tuple[str, str, str]]:
        """Return (name, name for the original, what copies it) of what the reverse sweep changes and begins with."""
        left = self.left
        if not left.isdisjoint(self.reverse._bars.values()):
            raise NotRepeatableError
        assigned = {n for s in self.back for n in _assigned(s)} & left
        popped, written = self.changed()
        found = []
        for name in sorted((assigned | popped | written) & left):
            v = self.variables.get(name)
            text = ""
            if name in popped:
                text = ".copy()"
            elif v is not None and is_array(v):
                self.check_alone(v)
                text = ".copy()"
            elif (v is not None and not is_number(v)) or (v is None and name in written):
                raise NotRepeatableError
            found.append((name, self.reverse.fresh(f"{name}_end"), text))
        return found

    def check_alone(self, v: Var) -> None:
        """Refuse an array that something else that is left may share memory with."""
        aliases = self.reverse.aliases
        others = (self.variables[n] for n in self.left if n != v.name and n in self.variables)
        if any(is_reference(x) and aliases.of(x) is aliases.of(v) for x in others):
            raise NotRepeatableError

    def changed(self) -> tuple[set[str], set[str]]:
        """Return the names of lists that the reverse sweep takes from, and those of arrays that it writes into."""
        popped: set[str] = set()
        written: set[str] = set()
        for node in (n for s in self.back for n in ast.walk(s)):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                base = node.value
                while isinstance(base, ast.Attribute | ast.Subscript):
                    base = base.value
                if not isinstance(base, ast.Name):
                    raise NotRepeatableError
                written.add(base.id)
            elif isinstance(node, ast.Call):
                self.called(node, popped, written)
        return popped, written

    def called(self, node: ast.Call, popped: set[str], written: set[str]) -> None:
        f = node.func
        if isinstance(f, ast.Attribute):
            if isinstance(f.value, ast.Name) and f.attr == "pop":
                popped.add(f.value.id)
            elif f.attr in _CHANGING:
                raise NotRepeatableError
            return
        function = self.reverse.scope.namespace.get(f.id)
        module = getattr(function, "__module__", None) or ""
        if module == accumulation.__name__:
            written.update(n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name))
        elif f.id in self.reverse.scope.namespace and not self.is_pure(function, module):
            raise NotRepeatableError

    @staticmethod
    def is_pure(function: object, module: str) -> bool:
        return module.startswith(("dualad.rules.", "numpy", "math")) or getattr(function, "__name__", "") == "opaque"


def is_plain(v: Var) -> bool:
    """Whether Python can hold a value between two calls without changing it: numbers, arrays, tuples of integers."""
    ty = type_of(v)
    if isinstance(ty, types.BaseTuple):
        return all(isinstance(t, types.Integer) for t in ty)
    return isinstance(ty, types.Array | types.Float | types.Integer | types.Boolean)


def _nothing(ty: object) -> str:
    """Return the text of a value of some type that `is_plain`, an empty array among them."""
    if isinstance(ty, types.BaseTuple):
        return f"({'0, ' * len(ty)})"
    if isinstance(ty, types.Array):
        empty = f"np.empty(({'0, ' * ty.ndim}), {_dtype(ty.dtype)})"
        return f"{empty}.T" if ty.layout == "F" else empty
    return f"{_dtype(ty)}(0)"


def _dtype(ty: object) -> str:
    return "np.bool_" if ty == types.boolean else f"np.{as_dtype(ty)}"


def _variables(function: ir.Function) -> dict[str, Var]:
    found = {leaf.name: leaf for leaf, _, _ in function.leaves}
    for stmt in ir.walk(function.body):
        found.update((v.name, v) for v in ir.defined_by(stmt))
        if isinstance(stmt, ir.LOOPS):
            found.update((c.param.name, c.param) for c in stmt.carried)
        if isinstance(stmt, ir.For):
            found[stmt.index.name] = stmt.index
    return found


def _assigned(stmt: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(stmt) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _loaded(node: ast.AST | None) -> set[str]:
    if node is None:
        return set()
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _read_first(stmts: list[ast.stmt], known: set[str]) -> set[str]:
    """Return the names that statements may read before they assign to them; `known`, which grows, are assigned."""
    found: set[str] = set()
    for s in stmts:
        if isinstance(s, ast.If):
            found |= _loaded(s.test) - known
            sides = [set(known), set(known)]
            found |= _read_first(s.body, sides[0]) | _read_first(s.orelse, sides[1])
            known |= sides[0] & sides[1]
        elif isinstance(s, ast.For):
            found |= _loaded(s.iter) - known
            found |= _read_first(s.body, known | _assigned(s.target))
        elif isinstance(s, ast.While):
            found |= _loaded(s.test) - known
            found |= _read_first(s.body, set(known))
        else:
            own = {s.target.id} if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name) else set()
            found |= (_loaded(s) | own) - known
            known |= _assigned(s)
    return found
