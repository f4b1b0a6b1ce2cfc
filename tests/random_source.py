"""Random programs as source text: `loop_program` writes scalar loops over arrays, `array_program` whole-array NumPy.

A seed determines a program. Both kinds keep every value bounded by passing it through sin and tanh and by scaling
products, take indices modulo a length, and bound the trips of every loop, so a program runs wherever it is evaluated:

    program = loop_program(7)
    program.function(*program.fresh_args())
    print(program.text)

Where a comparison ties or a branch is near, a program is not smooth; `tests/test_random_programs.py` allows for that.
"""

import linecache
import math
import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TRIPS = 3  # of the argument n
FUNCTIONS = ("math.sin", "math.tanh", "math.cos", "math.atan")
ARRAY_FUNCTIONS = ("np.sin", "np.tanh", "np.cos", "np.arctan")


@dataclass(frozen=True)
class RandomProgram:
    """A program with its text, which defines `program`, and the point to evaluate it at."""

    name: str
    text: str
    args: tuple[Any, ...]

    @property
    def function(self):
        """The function, defined anew; its text is found by way of linecache."""
        return function_of(self.text, self.name)

    def fresh_args(self) -> tuple[Any, ...]:
        """The primals, with arrays copied."""
        return tuple(arg.copy() if isinstance(arg, np.ndarray) else arg for arg in self.args)


def function_of(text: str, name: str):
    """Define the function `program` of a text whose lines inspect and tracebacks find under a name."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {"math": math, "np": np}
    exec(compile(text, filename, "exec"), namespace)
    return namespace["program"]


@dataclass
class Scope:
    """The names that are defined where a statement is about to be written."""

    floats: list[str]
    vectors: list[str]
    ints: list[str]
    loops: int = 0  # how deep in loops, for break and continue and to bound the work
    depth: int = 0
    new: list[str] = field(default_factory=list)  # floats that a body defines before it can be left
    left: list[str] = field(default_factory=list)  # the jumps so far out of the innermost loop's body

    def inner(self, loop: bool = False) -> "Scope":
        left = [] if loop else self.left
        return Scope([*self.floats], [*self.vectors], [*self.ints], self.loops + loop, self.depth + 1, [], left)


class Writer:
    """Lines of a program, and seeded choices."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.indent = 1
        self.names = 0

    def write(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def constant(self, low: float = 0.2, high: float = 0.9) -> str:
        return f"{self.random.uniform(low, high):.2f}"

    def fresh(self, hint: str) -> str:
        self.names += 1
        return f"{hint}{self.names}"


class LoopWriter(Writer):
    """Writes nested loops and branches over floats, ints, vectors and the matrix m.

    The arguments a, b (vectors of 4 and 5) and m (3 by 4) are never rebound; other vector names are, to views of these,
    to each other and to new arrays, so that no vector is shorter than 3.
    """

    def index(self, scope: Scope, size: str) -> str:
        kind = self.random.randrange(5)
        if kind == 0 or not scope.ints:
            return str(self.random.randrange(3))
        if kind == 1:
            return str(-1 - self.random.randrange(3))
        name = self.pick(scope.ints)
        return f"({name} + {self.random.randrange(1, 4)}) % {size}" if kind == 2 else f"{name} % {size}"

    def element(self, scope: Scope) -> str:
        if self.chance(0.25):
            return f"m[{self.index(scope, '3')}, {self.index(scope, '4')}]"
        name = self.pick(scope.vectors)
        return f"{name}[{self.index(scope, f'len({name})')}]"

    def atom(self, scope: Scope) -> str:
        return self.element(scope) if self.chance(0.4) else self.pick(scope.floats)

    def expression(self, scope: Scope) -> str:
        u, v, w = (self.atom(scope) for _ in range(3))
        c, e = self.constant(), self.constant(0.1, 0.5)
        kind = self.random.randrange(9)
        if kind == 0:
            return f"{c} * {u}"
        if kind == 1:
            return f"{e} * {u} * math.sin({v}) + {c} * {w}"
        if kind == 2:
            return f"{self.pick(FUNCTIONS)}({u} + {v} * {w})"
        if kind == 3:
            return f"{self.pick(FUNCTIONS)}({u} * {c}) - {e} * {v}"
        if kind == 4 and scope.ints:
            return f"{e} * {u} * ({self.pick(scope.ints)} % 2) + 0.5 * {v}"
        if kind == 5:
            return f"{self.pick(('max', 'min'))}({u}, {v} * {c})"
        if kind == 6:
            return f"({c} * {u} if {self.test(scope)} else {e} * {v})"
        if kind == 7:
            return f"{e} * abs({u}) + {u} / (1.5 + {v} * {v})"
        return f"{self.pick(FUNCTIONS)}({u} ** 2) * {e} + {w} * {c}"

    def test(self, scope: Scope) -> str:
        u, v = self.atom(scope), self.atom(scope)
        kind = self.random.randrange(5)
        if kind == 0 and scope.ints:
            return f"{self.pick(scope.ints)} % {self.pick((2, 3))} == {self.pick((0, 1))}"
        if kind == 1:
            return f"{u} > {self.constant(-0.5, 0.8)} and {v} < {self.constant(-0.3, 1.0)}"
        if kind == 2:
            return f"not ({u} > {self.constant(-0.5, 0.8)} or {v} < {self.constant(-0.9, 0.3)})"
        return f"{u} {self.pick('<>')} {v if kind == 3 else self.constant(-0.5, 0.8)}"

    # ------------------------------------------------------------------ statements

    def body(self, scope: Scope, low: int, high: int) -> None:
        """Write statements one level in, and note which floats are defined before the first jump."""
        self.indent += 1
        for _ in range(self.random.randint(low, high)):
            self.statement(scope)
        self.indent -= 1

    def statement(self, scope: Scope) -> None:
        kinds = [self.assign] * 4 + [self.store] * 5 + [self.rebind] * 2 + [self.swap, self.count, self.call_helper]
        if scope.depth < 4:
            kinds += [self.branch] * 3
        if scope.loops < 3 and scope.depth < 4:
            kinds += [self.for_loop] * 3 + [self.while_loop] * 2
        if scope.loops:
            kinds += [self.leave]
        self.pick(kinds)(scope)

    def assign(self, scope: Scope) -> None:
        kind = self.random.randrange(5)
        target = self.pick(scope.floats)
        if kind == 0:
            value = self.expression(scope)
            target = self.fresh("t")
            self.write(f"{target} = {value}")
            self.define(scope, [target])
        elif kind == 1:
            self.write(f"{target} {self.pick('+-')}= {self.constant(0.05, 0.3)} * {self.atom(scope)}")
        elif kind == 2:
            self.write(f"{target} *= {self.constant(0.5, 0.8)} + 0.1 * math.sin({self.atom(scope)})")
        elif kind == 3:
            other = self.pick(scope.floats)
            if other == target:
                other = self.pick([name for name in "xys" if name in scope.floats and name != target] or ["s"])
            self.write(f"{target}, {other} = {other}, {self.expression(scope)}")
        else:
            self.write(f"{target} = {self.expression(scope)}")

    def store(self, scope: Scope) -> None:
        target = self.element(scope)
        kind = self.random.randrange(5)
        if kind == 0:
            self.write(f"{target} += {self.constant(0.05, 0.3)} * {self.atom(scope)}")
        elif kind == 1:
            self.write(f"{target} *= {self.constant(0.5, 0.8)} + 0.1 * math.sin({self.atom(scope)})")
        else:
            self.write(f"{target} = {self.expression(scope)}")

    def rebind(self, scope: Scope) -> None:
        target = self.pick([v for v in scope.vectors if v not in "ab"])
        base, other = self.pick("ab"), self.pick(scope.vectors)
        views = [
            f"{base}[1:]",
            f"{base}[::-1]",
            f"{base}[:-1]",
            f"m[{self.index(scope, '3')}]",
            other,
            f"{other}[::-1]",
        ]
        views += [
            f"m[:, {self.index(scope, '4')}]",
            f"{other}.copy()",
            "np.zeros(4)",
            f"np.full(3, {self.atom(scope)})",
        ]
        views += [f"{other} if {self.test(scope)} else {base}"]
        self.write(f"{target} = {self.pick(views)}")

    def swap(self, scope: Scope) -> None:
        if self.chance(0.5):
            p, q = self.element(scope), self.element(scope)
            self.write(f"{p}, {q} = {q}, {p}")
        else:
            self.write("u, v = v, u")

    def count(self, scope: Scope) -> None:
        self.write(
            self.pick(("k += 1", "k = (k * 3 + 1) % 7", "k = k + 2 if k < 9 else 0", f"k = {self.random.randrange(5)}"))
        )

    def call_helper(self, scope: Scope) -> None:
        vectors = self.pick(scope.vectors), self.pick(scope.vectors)
        index = self.pick(scope.ints)
        self.write(
            f"{self.pick(scope.floats)} = helper({vectors[0]}, {vectors[1]}, {self.pick(scope.floats)}, {index})"
        )

    def branch(self, scope: Scope) -> None:
        self.write(f"if {self.test(scope)}:")
        self.body(scope.inner(), 1, 3)
        if self.chance(0.3):
            self.write(f"elif {self.test(scope)}:")
            self.body(scope.inner(), 1, 2)
        if self.chance(0.5):
            self.write("else:")
            self.body(scope.inner(), 1, 3)

    def for_loop(self, scope: Scope) -> None:
        inside = scope.inner(loop=True)
        variable = self.fresh("i") if self.chance(0.8) else "i"
        ranges = ["2", "n", "1, 4", "3, -1, -1", "n, 0, -2", "k % 3"]
        outer = [i for i in scope.ints if i[0] == "i"]
        if outer:
            ranges += [f"{self.pick(outer)} % 4", f"{self.pick(outer)} % 3, 4"]
        bounds = self.pick(ranges)
        if self.chance(0.25):
            name = self.fresh("e")
            self.write(f"for {variable}, {name} in enumerate({self.pick(scope.vectors)}):")
            inside.floats.append(name)
        else:
            self.write(f"for {variable} in range({bounds}):")
        if variable not in inside.ints:
            inside.ints.append(variable)
        self.body(inside, 2, 4)
        if "%" not in bounds:
            self.keep(scope, inside)
        if self.chance(0.15):
            self.write("else:")
            self.body(scope.inner(), 1, 2)

    def while_loop(self, scope: Scope) -> None:
        inside = scope.inner(loop=True)
        counter = self.fresh("c")
        self.write(f"{counter} = 0")
        extra = f" and {self.test(scope)}" if self.chance(0.4) else ""
        self.write(f"while {counter} < {self.random.randrange(2, 5)}{extra}:")
        self.indent += 1
        self.write(f"{counter} += 1")
        self.indent -= 1
        inside.ints.append(counter)
        scope.ints.append(counter)
        self.body(inside, 2, 4)
        if not extra:
            self.keep(scope, inside)

    def keep(self, scope: Scope, inside: Scope) -> None:
        """After a loop that is entered, what its body defined before it could be left is defined."""
        self.define(scope, inside.new)

    def define(self, scope: Scope, names: list[str]) -> None:
        scope.floats += names
        if not scope.left:
            scope.new += names

    def leave(self, scope: Scope) -> None:
        self.write(f"if {self.test(scope)}:")
        self.indent += 1
        if self.chance(0.3):
            self.write(f"{self.pick(scope.floats)} = {self.expression(scope)}")
        kind = self.random.randrange(5)
        jump = "break" if kind < 2 else "continue" if kind < 4 else f"return {self.result(scope)}"
        self.write(jump)
        self.indent -= 1
        scope.left.append(jump)

    def result(self, scope: Scope) -> str:
        terms = [f"{self.constant()} * {self.atom(scope)}" for _ in range(3)]
        return " + ".join([*terms, f"{self.element(scope)} * {self.pick(scope.floats)}"])

    # ------------------------------------------------------------------ whole programs

    def helper(self) -> None:
        self.write("def helper(p, q, s, j):")
        scope = Scope(["s"], ["p", "q"], ["j"], depth=3)
        self.indent += 1
        if self.chance(0.5):
            self.write("for h in range(j % 3, 3):")
            self.indent += 1
            inside = scope.inner()
            inside.ints.append("h")
            self.helper_store(inside)
            if self.chance(0.4):
                self.write(f"if {self.plain_test(inside)}:")
                self.write(f"    return {self.pick(FUNCTIONS)}(s * p[h])")
            self.helper_store(inside)
            self.indent -= 1
        self.helper_store(scope)
        self.write(f"return {self.pick(FUNCTIONS)}(s + q[j % len(q)]) * p[{self.random.randrange(3)}]")
        self.indent -= 1

    def helper_store(self, scope: Scope) -> None:
        def element():
            name = self.pick(scope.vectors)
            return f"{name}[{self.index(scope, f'len({name})')}]"

        if self.chance(0.3):
            self.write(f"s = {self.constant()} * s + {self.constant(0.1, 0.4)} * {element()}")
        else:
            self.write(
                f"{element()} = {self.pick(FUNCTIONS)}({element()} * s) + {self.constant(0.1, 0.5)} * {element()}"
            )

    def plain_test(self, scope: Scope) -> str:
        return f"p[{self.index(scope, 'len(p)')}] > {self.constant(0.1, 0.8)}"

    def program(self) -> str:
        self.indent = 0
        self.helper()
        self.write("")
        self.write("")
        self.write("def program(a, b, m, x, y, n):")
        scope = Scope(["x", "y", "s"], ["a", "b", "u", "v"], ["n", "k"])
        self.indent = 1
        self.write(f"s = {self.constant()} * x")
        self.write("k = 0")
        self.write(f"u = {self.pick(('a', 'm[1]', 'a[1:]', 'np.zeros(4)', 'b[::-1]'))}")
        self.write(f"v = {self.pick(('b', 'u', 'm[:, 1]', 'b.copy()', 'b[:-1]'))}")
        self.indent = 0
        self.for_loop_at_top(scope)
        self.body(scope, 2, 4)
        self.indent = 1
        self.write(f"return {self.result(scope)}")
        return "\n".join(self.lines) + "\n"

    def for_loop_at_top(self, scope: Scope) -> None:
        self.indent = 1
        self.pick((self.for_loop, self.while_loop))(scope)
        self.indent = 0


class ArrayWriter(Writer):
    """Writes whole-array statements over matrices (3 by 4), vectors (4), columns (3 by 1) and floats."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self.named = {"matrix": ["p", "q", "w"], "vector": ["v", "r"], "column": ["c"], "float": ["x", "s"]}

    def any(self, *kinds: str) -> str:
        return self.pick(self.named[self.pick(kinds)])

    def expression(self, kind: str, deep: int = 2) -> str:
        """Write an expression that broadcasts to the shape of a kind, and has it if `deep` is 2."""
        smaller = {"matrix": ("vector", "column", "float", "matrix"), "vector": ("vector", "float")}.get(
            kind, (kind, "float")
        )
        whole = self.value(kind)
        if deep == 0:
            return whole if self.chance(0.6) else self.any(*smaller)
        c, e = self.constant(), self.constant(0.1, 0.5)
        option = self.random.randrange(8)
        other = self.expression(self.pick(smaller), deep - 1) if option in (1, 2, 3) else self.any(*smaller)
        if option == 0:
            return f"{c} * {whole}"
        if option == 1:
            return f"({e} * {whole} * ({other}) + {c} * {self.any(*smaller)})"
        if option == 2:
            return f"{self.pick(ARRAY_FUNCTIONS)}({whole} + {other})"
        if option == 3:
            return f"({whole} - {e} * ({other}))"
        if option == 4:
            third = self.any(*smaller)
            return f"np.where({whole} > {self.constant(-0.3, 0.6)}, {c} * {whole}, {third} * {e})"
        if option == 5:
            return f"{whole} / (1.5 + {other} ** 2)"
        if option == 6:
            return f"{self.pick(('np.maximum', 'np.minimum'))}({whole}, {c} * {other})"
        return f"({c} * {whole} + {e} * np.abs({other}))"

    def value(self, kind: str) -> str:
        """Write an expression of exactly the shape of a kind."""
        name, matrix = self.pick(self.named[kind]), self.pick(self.named["matrix"])
        vector = self.pick(self.named["vector"])
        options = {
            "matrix": [
                name,
                name,
                f"{name}[::-1]",
                f"{name}[:, ::-1]",
                f"{name}.copy()",
                f"np.outer(c[:, 0], {vector})",
            ],
            "vector": [
                name,
                name,
                f"{name}[::-1]",
                f"{matrix}[{self.random.randrange(3)}]",
                f"0.3 * {matrix}.sum(axis=0)",
                f"0.3 * np.dot(c[:, 0], {matrix})",
                f"{matrix}.sum(axis=0) / 3.0",
            ],
            "column": [name, f"{matrix}[:, 1:2]", f"0.3 * np.dot({matrix}, {vector}).reshape(3, 1)"],
            "float": [
                name,
                name,
                f"0.1 * np.sum({matrix})",
                f"{matrix}[{self.random.randrange(3)}, {self.random.randrange(4)}]",
                f"0.3 * np.dot({vector}, {self.pick(self.named['vector'])})",
                f"{vector}.mean()",
                f"0.2 * {matrix}.sum(axis=1)[{self.random.randrange(3)}]",
            ],
        }
        return self.pick(options[kind])

    def statement(self, deep: int) -> None:
        name, kind = self.pick(self.named["matrix"]), self.random.randrange(12 if deep else 10)
        if kind < 3:
            shape = self.pick(("matrix", "matrix", "vector", "column", "float"))
            target = self.pick([t for t in self.named[shape]])
            self.write(f"{target} = {self.bounded(shape)}")
        elif kind == 3:
            shape = self.pick(("matrix", "vector"))
            target = self.pick(self.named[shape])
            self.write(f"{target} {self.pick('+-')}= {self.constant(0.1, 0.4)} * {self.expression(shape)}")
        elif kind == 4:
            self.write(f"{name} *= {self.constant(0.5, 0.8)} + 0.1 * {self.expression('vector', 1)}")
        elif kind == 5:
            p, q = self.pick((("[1:]", "[:-1]"), ("[:-1]", "[1:]"), ("[:, 1:]", "[:, :-1]"), ("[:, :-1]", "[:, 1:]")))
            self.write(f"{name}{p} {self.pick(('=', '+='))} {self.constant(0.2, 0.6)} * {name}{q}")
        elif kind == 6:
            vector = self.pick(self.named["vector"])
            p, q = self.pick((("[1:]", "[:-1]"), ("[:-1]", "[1:]"), ("[::2]", "[1::2]"), ("[:]", "[::-1]")))
            self.write(
                f"{vector}{p} = np.tanh({vector}{q}) + {self.constant(0.1, 0.4)} * {self.any('float')} * {vector}{p}"
            )
        elif kind == 7:
            row = self.random.randrange(3)
            self.write(f"{name}[{row}] {self.pick(('=', '+=', '*='))} {self.bounded('vector')}")
        elif kind == 8:
            column = self.random.randrange(4)
            self.write(f"{name}[:, {column}] = {self.bounded('column')}[:, 0]")
        elif kind == 9:
            target, other = self.pick(
                (("r", "v"), ("r", f"{name}[1]"), ("w", "p"), ("w", f"{name}[::-1]"), ("r", "v[::-1]"))
            )
            self.write(f"{target} = {other}")
        elif kind == 10:
            variable = self.fresh("i")
            self.write(f"for {variable} in range({self.pick(('2', 'n', '1, 3'))}):")
            self.block(deep - 1)
        else:
            self.write(f"if {self.value('float')} > {self.constant(-0.2, 0.5)}:")
            self.block(deep - 1)
            if self.chance(0.5):
                self.write("else:")
                self.block(deep - 1)

    def bounded(self, kind: str) -> str:
        """Write an expression whose shape is the kind's, not smaller, with values in reach of one."""
        if kind == "float":
            return f"math.tanh({self.value('float')} + {self.constant()} * {self.value('float')})"
        return f"np.tanh({self.value(kind)} + {self.expression(kind, 1)})"

    def block(self, deep: int) -> None:
        self.indent += 1
        for _ in range(self.random.randint(1, 3)):
            self.statement(deep)
        self.indent -= 1

    def program(self) -> str:
        self.indent = 0
        self.write("def program(p, q, v, c, x, n):")
        self.indent = 1
        self.write("s = 0.5 * x")
        self.write(f"w = {self.pick(('p * 0.5', 'q', 'p', 'np.zeros((3, 4))', 'q[::-1]', 'np.ones_like(p)'))}")
        self.write(f"r = {self.pick(('v', 'q[0]', 'v[::-1]', 'v.copy()', 'np.full(4, x)'))}")
        for _ in range(self.random.randint(4, 7)):
            self.statement(2)
        self.write("total = 0.3 * np.sum(p) + np.sum(np.sin(q)) * 0.2 + np.dot(v, r) + s * x")
        self.write("return total + 0.4 * np.sum(w * p) + np.sum(c) * c[1, 0]")
        return "\n".join(self.lines) + "\n"


def loop_program(seed: int) -> RandomProgram:
    """Return a program of loops, branches and elements."""
    rng = np.random.default_rng(seed)
    args = rng.uniform(-0.9, 1.2, 4), rng.uniform(-0.9, 1.2, 5), rng.uniform(-0.9, 1.2, (3, 4))
    return RandomProgram(f"loop program {seed}", LoopWriter(seed).program(), (*args, 0.7, -0.4, TRIPS))


def array_program(seed: int) -> RandomProgram:
    """Return a program of whole-array statements."""
    rng = np.random.default_rng(seed)
    args = rng.uniform(-0.9, 1.2, (3, 4)), rng.uniform(-0.9, 1.2, (3, 4)), rng.uniform(-0.9, 1.2, 4)
    return RandomProgram(
        f"array program {seed}", ArrayWriter(seed).program(), (*args, rng.uniform(-0.9, 1.2, (3, 1)), 0.7, TRIPS)
    )
