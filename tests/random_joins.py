"""Random programs of joins: `join_program` chooses arrays at run time, then reads them, writes them, hands them on.

What branches, conditional expressions, loops, helpers with several returns and early returns choose are views of the
arguments and of each other, copies, tuples, named tuples, dict values and lists of them. All of them are read and
written under all of their names, element by element and as a whole.
"""

import numpy as np

from .random_source import TRIPS, LoopWriter, RandomProgram, Scope

ENDS = "from collections import namedtuple\n\nEnds = namedtuple('Ends', 'first second')\n"


class JoinWriter(LoopWriter):
    """Writes programs of the arguments a, b (5 numbers each) and m (3 by 4), which are never rebound.

    u, v, the items of the tuple t, of the named tuple z, of the dict d and of the list box have 2 numbers each, w is 2
    by 2, and what they look at is chosen anew all the time. Not every program has all of them.
    """

    OWN = ("u", "v")
    ITEMS = {
        "t": ("t[0]", "t[1]"),
        "d": ("d['left']", "d['right']"),
        "z": ("z.first", "z.second"),
        "box": ("box[0]", "box[1]"),
    }

    def __init__(self, seed: int):
        super().__init__(seed)
        self.kind = self.pick(("number", "number", "number", "number", "pair", "array"))
        self.containers = [name for name in self.ITEMS if self.chance(0.2)]
        self.items = [item for name in self.containers for item in self.ITEMS[name]]
        self.squares = self.chance(0.25)
        self.bases = self.random.sample("abm", self.pick((1, 1, 2, 3)))  # what joins all arrays hides what goes wrong

    # ------------------------------------------------------------------ expressions

    def index(self, scope: Scope, size: str) -> str:
        if not scope.ints or self.chance(0.6):
            return str(self.random.randrange(-2, 2))
        name = self.pick(scope.ints)
        return f"({name} + 1) % {size}" if self.chance(0.3) else f"{name} % {size}"

    def element(self, scope: Scope) -> str:
        kind = self.random.randrange(8)
        if kind == 0:
            return f"m[{self.index(scope, '3')}, {self.index(scope, '4')}]"
        if kind == 1 and self.squares:
            return f"w[{self.index(scope, '2')}, {self.index(scope, '2')}]"
        if kind == 2:
            return f"{self.pick('ab')}[{self.index(scope, '5')}]"
        return f"{self.vector(scope)}[{self.index(scope, '2')}]"

    def vector(self, scope: Scope) -> str:
        """Return what stands for one of the chosen arrays of 2 numbers."""
        return self.pick(self.items) if self.items and self.chance(0.35) else self.pick(scope.vectors)

    def view(self, scope: Scope) -> str:
        """Return a view of 2 numbers, or now and then a new array."""
        base, other, k = self.pick(self.bases), self.vector(scope), self.pick(scope.ints)
        if base == "m":
            row, column = self.index(scope, "3"), self.index(scope, "4")
            options = [
                *(f"m[{row}, :2]", f"m[{row}, 1:3]", f"m[{row}][::3]", f"m[1:, {column}]", f"m[::2, {column}]"),
                *(f"m.T[{column}, :2]", "m.reshape(12)[5:7]", "m.ravel()[2:4]", "m.reshape(4, 3)[1, :2]"),
            ]
        else:
            options = [
                *(f"{base}[:2]", f"{base}[1:3]", f"{base}[3:]", f"{base}[::3]", f"{base}[3:1:-1]"),
                *(f"{base}[::-1][1:3]", f"{base}[{k} % 4 : {k} % 4 + 2]", f"{base}[1:][:2]"),
            ]
        options += [other, other, f"{other}[::-1]", f"{self.vector(scope)}[:]"]
        if self.squares:
            options += ["w[0]", "w[:, 1]", "w.T[0]", "w[::-1][0]", f"w[{self.index(scope, '2')}]"]
        new = (f"{other}.copy()", f"{self.constant()} * {other}", "np.zeros(2)", f"np.array([{self.atom(scope)}, s])")
        return self.pick(new) if self.chance(0.15) else self.pick(options)

    def square(self, scope: Scope) -> str:
        options = {
            "m": ("m[:2, :2]", "m[1:, 2:]", "m[::2, ::3]", "m[:2, 1:3].T", "m[::-1, ::-1][1:, 1:3]"),
            "a": ("a[:4].reshape(2, 2)", "a[1:].reshape((2, 2)).T"),
            "b": ("b[1:].reshape((2, 2))", "b[:4].reshape(2, -1)[::-1]"),
        }[self.pick(self.bases)]
        new = ("w.copy()", f"{self.constant()} * w", "np.ones((2, 2))")
        return self.pick((*options, "w", "w.T", "w[::-1]", "w[:, ::-1]", "np.transpose(w)", *new))

    def chosen(self, scope: Scope) -> str:
        """Return an expression for an array of 2 numbers that is mostly chosen at run time."""
        p, q, r = (self.view(scope) for _ in range(3))
        kind = self.random.randrange(8)
        if kind < 3:
            return f"{p} if {self.test(scope)} else {q}"
        if kind == 3:
            return f"{p} if {self.test(scope)} else {q} if {self.test(scope)} else {r}"
        if kind == 4:
            return f"({p} if {self.test(scope)} else {q})[::-1]"
        if kind == 5:
            return f"choose({p}, {q}, {self.atom(scope)})"
        return f"scaled({p}, {self.atom(scope)})" if kind == 6 else p

    def whole(self, scope: Scope) -> str:
        """Return an expression that broadcasts to 2 numbers, bounded."""
        p, q, c, e = self.vector(scope), self.view(scope), self.constant(), self.constant(0.1, 0.4)
        return self.pick(
            (f"{c} * {p}", f"np.sin({p}) + {e} * {q}", f"np.tanh({q} * {p})", f"{e} * {p} - {c} * {q}", f"{c} * {q}")
        )

    def expression(self, scope: Scope) -> str:
        if self.chance(0.75):
            return super().expression(scope)
        p, q, c = self.vector(scope), self.view(scope), self.constant()
        return self.pick(
            (
                f"math.tanh(np.dot({p}, {q}))",
                f"{c} * np.sum({q})",
                f"{c} * math.sin(({p} if {self.test(scope)} else {q})[{self.index(scope, '2')}])",
                f"into({p}, {q}, {self.atom(scope)})",
                f"{c} * np.sum({p} * ({q})[::-1]) / (1.0 + s * s)",
                f"0.2 * np.sum({self.pick('abm')}) + {c} * {self.atom(scope)}",
            )
        )

    # ------------------------------------------------------------------ statements

    def statement(self, scope: Scope) -> None:
        if self.chance(0.3):
            kinds = [self.assign, self.store, self.store, self.swap, self.count]
            kinds += [self.leave] if scope.loops else []
        else:
            kinds = [self.rebind] * 3 + [self.write_whole] * 3 + [self.several, self.call_helper, self.call_helper]
            kinds += [getattr(self, f"rebind_{name}") for name in self.containers]
            kinds += [self.rebind_w, self.write_w] if self.squares else []
        if scope.depth < 3:
            kinds += [self.branch] * 2
        if scope.loops < 2 and scope.depth < 3:
            kinds += [self.over_arrays, self.for_loop, self.while_loop]
        self.pick(kinds)(scope)

    def body(self, scope: Scope, low: int, high: int) -> None:
        super().body(scope, 1, min(high, 2))  # most of what goes wrong takes few statements

    def rebind(self, scope: Scope) -> None:
        own = self.pick(self.OWN)
        if self.chance(0.6):
            self.write(f"{own} = {self.chosen(scope)}")
            return
        self.write(f"if {self.test(scope)}:")
        self.write(f"    {own} = {self.view(scope)}")
        if self.chance(0.5):
            self.write(f"    {self.pick(scope.vectors)}[{self.index(scope, '2')}] = {self.expression(scope)}")
        if self.chance(0.6):
            self.write("else:")
            self.write(f"    {self.pick((own, own, *self.OWN))} = {self.chosen(scope)}")

    def rebind_w(self, scope: Scope) -> None:
        p, q = self.square(scope), self.square(scope)
        self.write(f"w = {p} if {self.test(scope)} else {q}" if self.chance(0.7) else f"w = {p}")

    def several(self, scope: Scope) -> None:
        p, q, r, test = self.view(scope), self.view(scope), self.view(scope), self.test(scope)
        options = ["u, v = v, u", f"u, v = ({p}, {q}) if {test} else (v, {r})"]
        options += [f"u, v = both({p}, {q}, {self.atom(scope)})", f"u, (v, s) = {p}, ({q}, s)"]
        options += [f"u, v = {name}" for name in self.containers if name in ("t", "z")]
        self.write(self.pick(options))

    def rebind_t(self, scope: Scope) -> None:
        p, q, r, test = self.view(scope), self.view(scope), self.view(scope), self.test(scope)
        options = (f"t = ({p}, {q})", f"t = ({p}, u) if {test} else (t[1], {r})", f"t = t[::-1] if {test} else t")
        self.write(self.pick((*options, f"t = both({p}, {q}, {self.atom(scope)})")))

    def rebind_z(self, scope: Scope) -> None:
        p, q, r, test = self.view(scope), self.view(scope), self.view(scope), self.test(scope)
        options = (f"z = Ends({p}, v) if {test} else Ends(z.second, {r})", f"z = Ends(first=z.second, second={q})")
        self.write(self.pick((*options, f"z = Ends({p}, {q})")))

    def rebind_d(self, scope: Scope) -> None:
        key, kind = self.pick(("left", "right")), self.random.randrange(3 if scope.depth else 4)
        if kind == 0:
            self.write(f"d['{key}'] = {self.chosen(scope)}")
        elif kind == 1:
            self.write(f"if {self.test(scope)}:")
            self.write(f"    d['{key}'] = {self.view(scope)}")
        elif kind == 2:
            self.write(f"d['{key}'] *= {self.constant()}")
        else:
            self.write(f"d = {{'left': {self.view(scope)}, 'right': d['{key}']}}")

    def rebind_box(self, scope: Scope) -> None:
        p, q = self.vector(scope), self.view(scope)
        self.write(self.pick((f"box = [{q}, {p}]", f"box = [{p}, {q}] if {self.test(scope)} else [{q}, {p}]")))

    def write_whole(self, scope: Scope) -> None:
        own, target, c = self.pick(self.OWN), self.vector(scope), self.constant()
        row, column = self.index(scope, "3"), self.index(scope, "4")
        self.write(
            self.pick(
                (
                    f"{own} *= {c}",
                    f"{own} += {self.constant(0.05, 0.3)} * {self.view(scope)}",
                    f"{own} -= {self.constant(0.05, 0.3)} * {self.atom(scope)}",
                    f"{target}[:] = {self.whole(scope)}",
                    f"{target}[:] *= {c}",
                    f"{target}[::-1] = {self.whole(scope)}",
                    f"({self.view(scope)})[:] = {self.whole(scope)}",
                    f"{self.pick('ab')}[1:3] = {self.whole(scope)}",
                    f"{self.pick('abm')} *= {c}",
                    f"m[{row}, 1:3] += {self.constant(0.05, 0.3)} * {target}",
                    f"m[:, {column}] *= {c}",
                )
            )
        )

    def write_w(self, scope: Scope) -> None:
        target, row = self.vector(scope), self.index(scope, "2")
        options = (f"w *= {self.constant(0.5, 0.8)} + 0.1 * np.sin({target})", f"w[{row}] = {self.whole(scope)}")
        self.write(self.pick((*options, f"w += {self.constant(0.05, 0.2)} * w.T")))

    def call_helper(self, scope: Scope) -> None:
        p, q, s = self.view(scope), self.vector(scope), self.atom(scope)
        self.write(
            self.pick(
                (
                    f"scaled({p}, {s})",
                    f"{self.pick(self.OWN)} = touched({p}, {q}, {s})",
                    f"{self.pick(scope.floats)} = into({p}, {q}, {s})",
                    f"{self.pick(self.OWN)} = choose({q}, {p}, {s})",
                    f"touched({q}, {p}, {s})[0] *= {self.constant()}",
                )
            )
        )

    def over_arrays(self, scope: Scope) -> None:
        """A loop whose variable is one array after the other."""
        inside = scope.inner(loop=True)
        name = self.fresh("e")
        p, q = self.view(scope), self.view(scope)
        sources = [c for c in self.containers if c != "d"] + (["w"] if self.squares else [])
        self.write(f"for {name} in {self.pick((f'({p}, {q})', f'[{p}, {q}]', *sources))}:")
        inside.vectors.append(name)
        self.body(inside, 1, 3)

    def swap(self, scope: Scope) -> None:
        p, q = self.element(scope), self.element(scope)
        self.write(f"{p}, {q} = {q}, {p}")

    def result(self, scope: Scope) -> str:
        c, p, q = self.constant(), self.vector(scope), self.vector(scope)
        whole = self.pick(("np.dot(a, b)", "np.sum(np.sin(m))", "np.sum(a * a)", "np.sum(m[1:] * m[:-1])", "b[1]"))
        number = f"{super().result(scope)} + np.dot({p}, {q}) + {c} * {whole}"
        if self.kind == "number":
            return number
        vector = self.vector(scope)
        return f"({number}), {vector}" if self.kind == "pair" else f"{vector} * ({number})"

    # ------------------------------------------------------------------ whole programs

    def helpers(self) -> list[str]:
        c, e = self.constant, lambda: self.constant(0.1, 0.4)
        i, j = self.random.randrange(2), self.random.randrange(2)
        text = f"""
def choose(p, q, s):
    if s > {c(-0.3, 0.5)}:
        return {self.pick(("p", "p[::-1]", "q"))}
    if p[{i}] > q[{j}]:
        {self.pick(("p[0] = s", "q[1] *= 0.5", "pass", "r = p"))}
        return {self.pick(("q", "q.copy()", "p"))}
    return {self.pick(("q[::-1]", "q", "p[:]"))}


def scaled(p, s):
    p *= {c()} + {e()} * math.sin(s)
    return {self.pick(("p", "p", "p[::-1]", "p.copy()"))}


def touched(p, q, s):
    r = p if s > {c(-0.3, 0.5)} else q
    {self.pick(("r", "p", "q"))}[{i}] = math.sin(s + {self.pick("pqr")}[{j}])
    {self.pick(("r *= 0.7", "q += 0.2 * r", "p[1] = q[0] * r[1]", "pass"))}
    return {self.pick(("r", "p", "q", "r[::-1]"))}


def both(p, q, s):
    if s > {c(-0.3, 0.5)}:
        return p, {self.pick(("q", "q[::-1]"))}
    {self.pick(("q[0] = p[1] * s", "pass", "p, q = q, p"))}
    return {self.pick(("q, p", "p[::-1], q", "p, p"))}


def into(p, q, s):
    for k in range(2):
        if p[k] > {c(0.0, 0.8)}:
            return {self.pick(("p[0] * q[1]", "s * q[k]"))}
        q[k] = math.sin({self.pick("pq")}[{i}] * s) + {e()} * q[{j}]
    return {e()} * (p[0] + q[1])
"""
        return text.strip().splitlines()

    def program(self) -> str:
        self.lines = [*ENDS.splitlines(), "", *self.helpers(), "", "", "def program(a, b, m, x, y, n):"]
        self.indent = 1
        scope = Scope(["x", "y", "s"], ["u", "v"], ["n", "k"])
        self.write(f"s = {self.constant()} * x")
        self.write(f"k = {self.random.randrange(3)}")
        own = {"a": ("a[:2]", "a[2:4]"), "b": ("b[1:3]", "b[::-2][:2]"), "m": ("m[0, :2]", "m[1:, 1]", "m[2, 1:3]")}
        simple = [*(view for base in self.bases for view in own[base]), "np.zeros(2)"]
        self.write(f"u = {self.pick(simple)}")
        self.write(f"v = {self.pick((*simple, 'u'))}")
        p, q = self.pick(simple), self.pick((*simple, "u", "v"))
        if self.squares:
            squares = {"a": "a[:4].reshape(2, 2)", "b": "b[1:].reshape(2, 2)", "m": "m[:2, :2]"}
            self.write(f"w = {self.pick((squares[self.bases[0]], '0.5 * m[:2, :2]'))}")
        made = {"t": f"({p}, {q})", "d": f"{{'left': {p}, 'right': {q}}}", "z": f"Ends({p}, {q})", "box": f"[{p}, {q}]"}
        for name in self.containers:
            self.write(f"{name} = {made[name]}")
        own = [self.rebind_w, self.write_w] if self.squares and self.chance(0.5) else [self.rebind, self.write_whole]
        for certain in own:  # what is chosen is written, with other things around it
            for _ in range(self.random.randrange(3)):
                self.statement(scope)
            certain(scope)
        if self.chance(0.5):
            self.statement(scope)
        self.write(f"return {self.result(scope)}")
        return "\n".join(self.lines) + "\n"


def join_program(seed: int) -> RandomProgram:
    """Return a program of arrays that are chosen at run time."""
    rng = np.random.default_rng(seed)
    args = rng.uniform(-0.9, 1.2, 5), rng.uniform(-0.9, 1.2, 5), rng.uniform(-0.9, 1.2, (3, 4))
    return RandomProgram(f"join program {seed}", JoinWriter(seed).program(), (*args, 0.7, -0.4, TRIPS))
