"""Random programs of everything at once: `mixed_program` adds to the loops of `random_source` what the others lack.

Tuples and named views carried through loops, loop variables read after their loops, integers that steer, arrays
operated on as a whole inside of loops, index arrays, helpers with several returns, helpers whose arguments alias each
other, recursion, inner functions that see what is rebound around them, results that are tuples of numbers and arrays.
"""

import numpy as np

from .random_source import FUNCTIONS, TRIPS, LoopWriter, RandomProgram, Scope

WHOLE = ("np.sin", "np.tanh", "np.cos")


class MixedWriter(LoopWriter):
    """Writes programs of a matrix view w, a pair of floats t, a pair (vector, float) z and an index array idx as well.

    w has at least 2 rows and 2 columns; the items of idx are 0, 1 or 2.
    """

    def __init__(self, seed: int):
        super().__init__(seed)
        self.in_helper = False
        self.kind = self.pick(("number", "number", "pair", "array"))

    # ------------------------------------------------------------------ expressions

    def index(self, scope: Scope, size: str) -> str:
        if self.in_helper or self.chance(0.8):
            return super().index(scope, size)
        return self.pick((f"idx[{super().index(scope, '3')}]", f"-1 - {self.pick(scope.ints)} % 3"))

    def element(self, scope: Scope) -> str:
        if self.in_helper:
            name = self.pick(scope.vectors)
            return f"{name}[{self.index(scope, f'len({name})')}]"
        if self.chance(0.15):
            if self.chance(0.3):
                return f"z[0][{self.index(scope, 'len(z[0])')}]"
            rows, columns = (super(MixedWriter, self).index(scope, f"w.shape[{axis}]") for axis in (0, 1))
            rows, columns = ((i if not i.lstrip("-").isdigit() else str(int(i) % 2)) for i in (rows, columns))
            return f"w[{rows}, {columns}]"
        return super().element(scope)

    def atom(self, scope: Scope) -> str:
        if not self.in_helper and self.chance(0.12):
            return self.pick(("t[0]", "t[1]", "z[1]"))
        return super().atom(scope)

    def expression(self, scope: Scope) -> str:
        if self.in_helper or self.chance(0.7):
            return super().expression(scope)
        u, v, c = self.atom(scope), self.atom(scope), self.constant()
        vector = self.pick(scope.vectors)
        return self.pick(
            (
                f"({u} if {self.test(scope)} else {v} if {self.test(scope)} else {c} * s)",
                f"0.2 * np.sum({vector}) + {c} * {u}",
                f"{c} * np.tanh(np.dot({vector}, {vector}))",
                f"math.tanh(np.max({vector})) * {v}",
                f"{c} * {vector}.mean() - 0.3 * {u}",
                f"inner({u}) * {c}",
                f"(lambda r: r * {c} + 0.3 * {v})({u})",
                f"0.5 * again({u}, {self.pick(scope.ints)} % 3)",
                f"math.sin(sum(({u}, {v}, {c})))",
                f"0.1 * {u} / (0.5 + abs({v})) ** 1.5",
            )
        )

    def test(self, scope: Scope) -> str:
        if self.in_helper or self.chance(0.7):
            return super().test(scope)
        u, v, k = self.atom(scope), self.atom(scope), self.pick(scope.ints)
        return self.pick(
            (
                f"{self.constant(-0.9, 0.1)} < {u} < {v}",
                f"{k} % 2 and {u} > {self.constant(-0.5, 0.5)}",
                f"({k} > 1 or {u} < {v} and {k} != 0)",
                f"not {k} % 3",
                f"(k > 2) == ({u} > {v})",
                f"k in (0, 2, {self.random.randrange(3, 6)})",
                f"({u} > {v} if {k} % 2 else {u} < {self.constant(-0.3, 0.6)})",
            )
        )

    # ------------------------------------------------------------------ statements

    def statement(self, scope: Scope) -> None:
        if self.chance(0.55):
            super().statement(scope)
            return
        kinds = [self.tuples] * 3 + [self.whole] * 4 + [self.steer] * 2 + [self.views, self.several, self.numbered]
        kinds += [self.rotate, self.inner_function]
        if scope.loops < 3 and scope.depth < 4:
            kinds += [self.over_items] * 2 + [self.search] * 2 + [self.count_down]
        self.pick(kinds)(scope)

    def tuples(self, scope: Scope) -> None:
        e = self.expression
        self.write(
            self.pick(
                (
                    f"t = (t[1], {e(scope)})",
                    f"t = ({e(scope)}, t[0])",
                    f"t = t[::-1] if {self.test(scope)} else (s, t[0])",
                    "x, y = t",
                    "t = (x, y)",
                    f"z = ({self.pick(scope.vectors)}, {e(scope)})",
                    f"z = (z[0][::-1], z[1] * {self.constant()})",
                    "u, s = z",
                    f"(t, z) = ((z[1], t[0]), ({self.pick(scope.vectors)}, t[1]))",
                )
            )
        )

    def whole(self, scope: Scope) -> None:
        u, v = self.pick(scope.vectors), self.pick(scope.vectors)
        c, e = self.constant(), self.constant(0.1, 0.4)
        own = self.pick([v for v in scope.vectors if v not in "ab"])
        row, other = self.random.randrange(3), self.index(scope, "3")
        self.write(
            self.pick(
                (
                    f"{u}[1:] {self.pick(('=', '+=', '-='))} {e} * {u}[:-1]",
                    f"{u}[:2] = {c} * {v}[1:3]",
                    f"{u} *= {c}",
                    f"{u} += {e} * {self.atom(scope)}",
                    f"{u}[:] = {self.pick(WHOLE)}({u}[::-1])",
                    f"{own} = {c} * {u} - {e} * {u}[::-1]",
                    f"{own} = np.where({u} > {self.constant(-0.3, 0.5)}, {u}, {e} * {u})",
                    f"{own} = {self.pick(WHOLE)}({v} + {self.atom(scope)})",
                    f"m[{row}] {self.pick(('=', '+=', '*='))} {c} * np.cos(m[{other}])",
                    f"m[:, {self.index(scope, '4')}] = {e} * m[:, {self.index(scope, '4')}] + {self.atom(scope)}",
                    f"w *= {c}",
                    f"w[0] = {c} * w[-1] + {e}",
                    f"{own} = np.dot(m, m[{self.index(scope, '3')}]) * 0.3",
                    f"s = {e} * np.sum(m * m[{self.index(scope, '3')}])",
                    f"{u}[idx] = {e} * np.sin({v}[idx])",
                    f"{own} = {v}[idx]",
                )
            )
        )

    def steer(self, scope: Scope) -> None:
        k = self.pick(scope.ints)
        self.write(
            self.pick(
                (
                    f"k = ({k} * k + 1) % 5",
                    f"k = abs({k} - 2)",
                    "k //= 2",
                    f"k = int(abs({self.atom(scope)}) * 3.0) % 4",
                    f"k = {k} + 1 if {self.test(scope)} else 0",
                    f"idx[{self.pick(scope.ints)} % 3] = k % 3",
                    f"k = idx[{k} % 3] - k % 2",
                    "idx[0], idx[2] = idx[2], idx[0]",
                )
            )
        )

    def views(self, scope: Scope) -> None:
        self.write(
            "w = "
            + self.pick(
                ("m", "m[1:]", "m[:, ::-1]", "m.T", "m[::2, 1:]", "m.copy()", "w.T", "w[::-1]", "0.5 * w", "m[:2, :2]")
            )
        )

    def several(self, scope: Scope) -> None:
        u, v = self.pick(scope.vectors), self.pick(scope.vectors)
        target = self.pick(scope.floats)
        k = self.pick(scope.ints)
        self.write(
            self.pick(
                (
                    f"{target} = choose({u}, {v}, {self.atom(scope)}, {k})",
                    f"u, {target} = both({u}, {self.atom(scope)})",
                    f"{target} = choose({u}, {u}, {target}, {k} + 1)",
                    f"{target} = helper(m[2], {v}, {self.atom(scope)}, {k})",
                )
            )
        )

    def numbered(self, scope: Scope) -> None:
        u, v = self.pick(scope.vectors), self.pick(scope.vectors)
        name = self.fresh("g")
        self.write(f"for {name}, (p, q) in enumerate(zip({u}, {v})):")
        inside = scope.inner(loop=True)
        inside.floats += ["p", "q"]
        inside.ints.append(name)
        self.indent += 1
        self.assign(inside)
        self.store(inside)
        self.indent -= 1

    def rotate(self, scope: Scope) -> None:
        self.write(self.pick(("x, y, s = y, s, x", "u, v = v, a", "s, x = x, s", "v, u = u[::-1], b")))

    def inner_function(self, scope: Scope) -> None:
        own = self.fresh("f")
        name = own if scope.depth else self.pick(("inner", own))  # one name is one function in branches and loops
        self.write(f"def {name}(r):")
        self.indent += 1
        if self.chance(0.4):
            self.write(f"if r > {self.constant(-0.3, 0.4)}:")
            self.write(f"    return r * {self.pick(('x', 's', 'y', 'u[0]', 't[1]'))}")
        self.write(f"return {self.pick(FUNCTIONS)}(r + {self.pick(('x', 's', 'v[1]', 'y', 'm[0, 1]'))})")
        self.indent -= 1
        if name != "inner":
            self.write(f"{self.pick(scope.floats)} = {name}({self.atom(scope)})")

    def over_items(self, scope: Scope) -> None:
        inside = scope.inner(loop=True)
        name = self.fresh("e")
        self.write(f"for {name} in {self.pick(scope.vectors)}{self.pick(('', '[1:]', '[::-1]', '.copy()'))}:")
        inside.floats.append(name)
        self.body(inside, 1, 3)
        if not inside.left and self.chance(0.5):
            scope.floats.append(name)

    def search(self, scope: Scope) -> None:
        """A loop that finds something and breaks, with what it found read behind it."""
        name, found = self.fresh("i"), self.fresh("q")
        if self.chance(0.7):
            self.write(f"{found} = {self.atom(scope)}")
        default = self.lines[-1].lstrip().startswith(f"{found} =")
        self.write(f"for {name} in range({self.pick(('n', '3', '2, -1, -1', '0, n, 2', 'k % 3'))}):")
        inside = scope.inner(loop=True)
        inside.ints.append(name)
        self.indent += 1
        if self.chance(0.4):
            self.statement(inside)
        self.write(f"if {self.test(inside)}:")
        self.write(f"    {found} = {self.expression(inside)}")
        self.write(f"    {self.pick(('break', 'break', 'continue', 'break', f'return {self.result(inside)}'))}")
        if self.chance(0.5):
            self.statement(inside)
        self.indent -= 1
        if not default or self.chance(0.3):
            self.write("else:")
            self.write(f"    {found} = {self.expression(scope)}")
        if default or self.chance(0.1):  # elsewhere some paths would leave it without a value
            scope.floats.append(found)

    def count_down(self, scope: Scope) -> None:
        name = self.fresh("h")
        self.write(f"{name} = {self.pick(('3', 'n', 'k % 4', '2'))}")
        self.write(f"while {name}:")
        inside = scope.inner(loop=True)
        inside.ints.append(name)
        scope.ints.append(name)
        self.indent += 1
        self.write(f"{name} -= 1")
        self.indent -= 1
        self.body(inside, 1, 3)
        if self.chance(0.3):
            self.write("else:")
            self.body(scope.inner(), 1, 1)

    def result(self, scope: Scope) -> str:
        number = super().result(scope)
        if self.kind == "number":
            return number
        vector = self.pick(scope.vectors)
        return f"({number}), {vector}" if self.kind == "pair" else f"{vector} * ({number})"

    # ------------------------------------------------------------------ whole programs

    def helpers(self) -> None:
        self.in_helper = True
        self.helper()
        scope = Scope(["s", "e"], ["p", "q"], ["j", "i"], depth=3)
        test, expression = self.test, self.expression
        lines = f"""

def choose(p, q, s, j):
    if j % 4 == 3:
        return s
    for i in range(len(p)):
        e = p[i]
        k = 0
        while k < j % 3:
            k += 1
            if {test(scope)}:
                return {expression(scope)}
            q[(i + k) % len(q)] = {expression(scope)}
        if {test(scope)}:
            p[i] *= {self.constant()}
            continue
        if {test(scope)}:
            break
        s = {expression(scope)}
    else:
        return s * {self.constant()}
    q[0] += {self.constant(0.1, 0.4)} * s
    return e * s


def both(p, s):
    if s > {self.constant(-0.3, 0.4)}:
        return p[::-1], s * p[1]
    r = p.copy()
    r[0] = s
    p[1] = r[2] * {self.constant()}
    return {self.pick(("r", "p", "r[1:]", "p * s" if self.chance(0.5) else "p"))}, r[0] * p[-1]


def again(s, j):
    if j <= 0:
        return {self.pick(FUNCTIONS)}(s)
    if s > {self.constant(0.0, 0.6)}:
        return {self.constant()} * again(s * {self.constant()}, j - 1)
    return again(s + {self.constant(0.1, 0.4)}, j - 1) * s - {self.constant()}
"""
        self.lines += lines.splitlines()
        self.in_helper = False

    def program(self) -> str:
        self.indent = 0
        self.helpers()
        self.lines += ["", "", "def program(a, b, m, x, y, n):"]
        self.indent = 1
        scope = Scope(["x", "y", "s"], ["a", "b", "u", "v"], ["n", "k"])
        self.write(f"s = {self.constant()} * x")
        self.write(f"k = {self.random.randrange(3)}")
        self.write(f"u = {self.pick(('a', 'm[1]', 'a[1:]', 'np.zeros(4)', 'b[::-1]', 'm[:, 2]'))}")
        self.write(f"v = {self.pick(('b', 'u', 'm[:, 1]', 'b.copy()', 'b[:-1]'))}")
        self.write("t = (y, s)")
        self.write("z = (v, x)")
        self.write(f"w = {self.pick(('m', 'm[1:]', 'm.T', '0.5 * m', 'm[:, ::-1]'))}")
        self.write("idx = np.array([2, 0, 1])")
        self.write(f"inner = lambda r: r * {self.pick(('x', 's', '0.5', 'y'))}")
        self.indent = 0
        self.for_loop_at_top(scope)
        self.body(scope, 2, 5)
        self.indent = 1
        self.write(f"return {self.result(scope)}")
        return "\n".join(self.lines) + "\n"


def mixed_program(seed: int) -> RandomProgram:
    """Return a program of everything."""
    rng = np.random.default_rng(seed)
    args = rng.uniform(-0.9, 1.2, 4), rng.uniform(-0.9, 1.2, 5), rng.uniform(-0.9, 1.2, (3, 4))
    return RandomProgram(f"mixed program {seed}", MixedWriter(seed).program(), (*args, 0.7, -0.4, TRIPS))
