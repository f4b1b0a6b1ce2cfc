"""Random programs about the order of evaluation: `order_program` puts calls that write wherever Python evaluates.

Helpers write into the vector x, the matrix m, the list l and the dict d, in every way that Python has, and give back a
number, an index, or an array. They stand as receivers, arguments, keywords, targets, items of displays, bounds of
slices and loops, operands of comparisons, defaults, and beside plain reads of the same memory.
"""

import numpy as np

from .random_source import RandomProgram, Writer

HELPERS = """
def write(v):
    v[0] = 0.9 * v[0] + 0.1
    return v[1]

def scale(v):
    v *= 0.9
    return v[2]

def add(v, c=0.1):
    v[1:3] += c * v[0]
    return 0.5 * v[1]

def turn(v):
    v[:] = 0.9 * v[::-1]
    return v[0]

def order(v):
    v.sort()
    return 0.7 * v[-1]

def fill(v):
    v.fill(0.5 * (v[0] + v[1]))
    return v[2] + 0.3

def again(v, k):
    if k == 0:
        return v[k]
    v[k] = 0.8 * v[k] + 0.1 * v[0]
    return v[k] - 0.5 * again(v, k - 1)

def corner(a):
    np.fill_diagonal(a, 0.6 * a[0, 1])
    return a[1, 1]

def row(a):
    a[1] = 0.8 * a[0]
    return a[1, 2]

def place(v):
    v[3] = 0.7 * v[3] + 0.2 * v[2]
    return 1

def grown(l):
    l.append(0.5 * l[0])
    return 0.4 * l[-1]

def changed(l):
    l[0] = 0.6 * l[0] + 0.2
    return l[1]

def last(l):
    l.append(0.3)
    l[-1] *= l[0]
    return l.pop()

def stored(d):
    d["a"] = 0.7 * d["a"] + 0.1
    return d["b"]

def copied(v):
    v[0] *= 0.8
    return v * 0.9

def handed(v):
    v[2] += 0.1 * v[1]
    return v

def part(v):
    v[1] *= 0.7
    return v[::-1]

def product(p, q, *more, r=0.5):
    return 0.6 * p * q + r - 0.3 * sum(more)

def pair(p, q):
    return p, q
""".strip().replace("\n\ndef", "\n\n\ndef")


class OrderWriter(Writer):
    """Writes a program of x (4 numbers), m (3 by 3), l, d and s."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self.vectors = ["x", "x", "x", "w"]

    def vector_name(self) -> str:
        return self.pick(self.vectors)

    def read(self) -> str:
        """A number as it is in memory."""
        k, i = self.random.randrange(4), self.random.randrange(3)
        other = ("x[-1]", f"w[{k}]", f"m[{i}, 1]", f"m[1][{i}]", "l[0]", "l[1]", 'd["a"]', "s")
        return self.pick((f"x[{k}]", f"x[{k}]", *other))

    def writer(self) -> str:
        """A call that writes and gives back a number."""
        v = self.vector_name()
        return self.pick(
            (
                f"write({v})", f"write({v})", f"scale({v})", f"add({v})", f"add({v}, c={self.read()})", f"turn({v})",
                f"order({v})", f"fill({v})", f"again({v}, 2)", f"again({v}, place({v}))", "corner(m)", "row(m)",
                "grown(l)", "changed(l)", "last(l)", "stored(d)", "write(m[0])", "turn(m[:, 1])", f"copied({v})[0]",
            )
        )  # fmt: skip

    def index(self) -> str:
        return self.pick(("place(x)", "place(w)", "0", "2", "int(place(x) > 0)"))

    def vector(self, depth: int) -> str:
        v, c = self.vector_name(), self.constant()
        if depth <= 0:
            return self.pick((v, v, f"copied({v})", f"handed({v})", f"part({v})", f"{v}[::-1]", f"({c} * {v})"))
        n, u, u2 = self.number, self.vector, self.vector
        d = depth - 1
        return self.pick(
            (
                f"{u(d)} * {n(d)}", f"({n(d)} + {u(d)})", f"({u(d)} - {u2(d)})", f"np.sin({u(d)})", f"{v}.copy()",
                f"np.array([{n(d)}, {n(d)}, {n(d)}, {self.read()}])", f"np.where({u(0)} > {n(d)}, {u(d)}, {u2(0)})",
                f"({u(d)} if {self.test(d)} else {u2(d)})", f"np.maximum({u(d)}, {u2(d)})",
                f"np.array([{c} * e + {n(0)} for e in {u(d)}])", f"pair({u(d)}, {n(d)})[0]",
                f"{u(d)}[np.array([3, 0, {self.index()}, 2])]", f"(-{u(d)})",
            )
        )  # fmt: skip

    def number(self, depth: int) -> str:
        if depth <= 0:
            return self.read() if self.chance(0.45) else self.writer()
        d = depth - 1
        n, u, c = self.number, self.vector, self.constant()
        return self.pick(
            (
                f"({n(d)} {self.pick('+-*')} {n(d)})", f"({n(d)} {self.pick('+-*')} {n(d)})", f"({c} - {n(d)})",
                f"product({n(d)}, {n(d)})", f"product({n(d)}, q={n(d)})", f"product(q={n(d)}, p={n(d)})",
                f"product({n(d)}, r={n(d)}, q={n(d)})", f"product(*({n(d)}, {n(d)}), {n(d)}, r={n(d)})",
                f"product({n(d)}, *pair({n(d)}, {n(d)}), {n(d)})", f"product(r={n(d)}, *({n(d)}, {n(d)}))",
                f"{u(d)}.dot({u(d)})", f"np.dot({u(d)}, {u(d)})", f"({u(d)} @ {u(d)})", f"np.sum({u(d)})",
                f"{u(d)}.sum()", f"{u(d)}[{self.index()}]", f"{u(0)}[{self.index()}:].sum()",
                f"({n(d)} if {self.test(d)} else {n(d)})", f"max({n(d)}, {n(d)})", f"min({n(d)}, {n(d)}, {n(0)})",
                f"sum(({n(d)}, {n(d)}, {n(d)}))", f"sum([{n(d)}, {n(d)}], {n(d)})", f"({n(d)}, {n(d)}, {n(d)})[1]",
                f"[{n(d)}, {n(d)}, {n(d)}][{self.index()}]", f'{{"p": {n(d)}, "q": {n(d)}, "r": {n(d)}}}["q"]',
                f"(lambda p, q={n(d)}: p * q - x[0])({n(d)})", f"((z := {n(d)}) * {n(d)} - z)",
                f"(1.0 if {n(d)} < {n(d)} < {n(d)} else {n(d)})", f"sum({c} * e * {n(0)} for e in {u(d)})",
                f"sum([e * {n(0)} for e in {u(0)}])", f"inner({n(d)}, {n(d)})", f"inner({n(d)})",
                f"np.sin({n(d)})", f"({n(d)} and {n(d)})", f"dict(p={n(d)}, q={n(d)})['p']",
                f"pair({n(d)}, {n(d)})[0]", f"np.array([{n(d)}, {n(d)}])[1]", f"float({n(d)})", f"abs({n(d)})",
            )
        )  # fmt: skip

    def test(self, depth: int) -> str:
        n = self.number
        return self.pick(
            (
                f"{n(depth)} < {n(depth)}", f"{n(depth)} < {n(0)} < {n(depth)}", f"{n(depth)} > 0.4 or {n(0)} > 0.3",
                f"{n(depth)} > 0.2 and {n(0)} < 0.6", f"not {n(depth)} > {self.constant()}",
            )
        )  # fmt: skip

    def statement(self, depth: int = 0) -> None:
        n, u, i = self.number, self.vector, self.index
        v, op = self.vector_name(), self.pick(("+=", "-=", "*="))
        d = self.random.randrange(3)
        k = self.random.randrange(4)
        simple = (
            f"{v}[{k}] = {n(d)}", f"{v}[{k}] {op} {n(d)}", f"{v}[{k}] {op} {n(d)}", f"{v}[{i()}] = {n(d)}",
            f"{v}[{i()}] {op} {n(d)}", f"handed({v})[{i()}] {op} {n(d)}", f"handed({v})[{i()}] = {n(d)}",
            f"{v}[:] {op} {u(d)}", f"{v} {op} {u(d)}", f"{v}[1:] {op} {u(d)}[1:]", f"{v}[idx] {op} {u(d)}[:3]",
            f"{v}[idx] = {u(d)}[:3]", f"a, s = {n(d)}, {n(d)}", f"{v}[{i()}], {v}[{k}] = {n(d)}, {n(d)}",
            f"{v}[{k}] = s = {n(d)}", f"s = {v}[{i()}] = {n(d)}", f"{v}[:] = {u(d)}", f"l.append({n(d)})",
            f"l[0] {op} {n(d)}", f"l[{i()}] = {n(d)}", f"l[{i()}] {op} {n(d)}", f'd["a"] {op} {n(d)}',
            f'd["b"] = {n(d)}', f"m[1, {i()}] {op} {n(d)}", f"m[{i()}] {op} {n(d)}", f"m[0] = {u(d)}[1:]",
            f"m[{i()}, :] {op} {u(d)}[:3]", f"s {op} {n(d)}", f"s = {n(d)}", f"w = {u(d)}", f"w = {u(d)}",
            f"w, s = {u(d)}, {n(d)}", f"(s, a), w[{k}] = pair({n(d)}, {n(d)}), {n(d)}", f"l += [{n(d)}, {n(0)}]",
            f"m.flat[{i()}] {op} {n(d)}", f"a, *b = {n(d)}, {n(0)}, {n(0)}; s = b[0]",
            f"r[0][{k}] {op} {n(d)}", f"r[{i()}][{k}] = {n(d)}", f"r[1] {op} {u(d)}",
        )  # fmt: skip
        kind = self.random.randrange(8) if depth < 2 else 9
        if kind == 0:
            self.write(f"if {self.test(d)}:")
        elif kind == 1:
            self.write(f"for e in {u(min(d, 1))}:")
        elif kind == 2:
            self.write(f"for j in range(place(x), 2 + int({n(0)} > 0.5)):")
        elif kind == 3:
            self.write("t = 0")
            self.write(f"while t < 2 and {n(d)} < 0.9:")
        elif kind == 4:
            self.write(f"for e, g in zip({u(0)}, {u(0)}):")
        else:
            self.write(self.pick(simple))
            return
        self.indent += 1
        if kind == 3:
            self.write("t += 1")
        self.statement(depth + 1)
        self.write(f"s = 0.5 * s + {self.pick(('e', 'x[0]') if kind in (1, 4) else ('x[0]', n(0)))}")
        self.indent -= 1

    def program(self) -> str:
        self.indent = 0
        self.lines += [*HELPERS.splitlines(), "", "", "def program(x, m, s):"]
        self.indent = 1
        for line in ("a = 0.5 * s", "w = 0.8 * x", "l = [s, x[1]]", "l.append(0.4)", 'd = {"a": s, "b": x[2]}'):
            self.write(line)
        self.write("idx = np.array([2, 0, 3])")
        self.write("r = [x, w]")
        self.write("r.append(0.5 * x)")
        self.write(f"def inner(p, q={self.number(0)}):")
        self.write(f"    return 0.4 * p * q - {self.number(0)}")
        for _ in range(self.random.randrange(2, 5)):
            self.statement()
        self.write(f"s = {self.number(2)}")
        self.write("return np.sin(s + a + np.sum(x * w) + m.sum() * 0.3 + l[0] - l[-1] + d['a'] * r[0][1] + w[0])")
        return "\n".join(self.lines) + "\n"


def order_program(seed: int) -> RandomProgram:
    """Return a program about the order of evaluation."""
    rng = np.random.default_rng(seed)
    args = rng.uniform(0.1, 0.9, 4), rng.uniform(0.1, 0.9, (3, 3)), 0.6
    return RandomProgram(f"order program {seed}", OrderWriter(seed).program(), args)
