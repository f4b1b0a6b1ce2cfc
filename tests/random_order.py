"""Random programs about the order of evaluation: `order_program` puts calls that write wherever Python evaluates.

Helpers write into the vector x, the matrix m, the list l and the dict d, in every way that Python has, and give back a
number, an index, or an array. They stand as receivers, arguments, keywords, targets, items of displays, bounds of
slices and loops, operands of comparisons, defaults, and beside plain reads of the same memory.
"""

import re

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
    return p, q""".strip().replace("\n\ndef", "\n\n\ndef")


READS = ("x[{K}]", "x[{K}]", "x[-1]", "w[{K}]", "m[{K} % 3, 1]", "m[1][{K} % 3]", "l[0]", "l[1]", 'd["a"]', "s")

WRITERS = (
    *("write({V})", "write({V})", "scale({V})", "add({V})", "add({V}, c={R})", "turn({V})", "order({V})", "fill({V})"),
    *("again({V}, 2)", "again({V}, place({V}))", "corner(m)", "row(m)", "grown(l)", "changed(l)", "last(l)"),
    *("stored(d)", "write(m[0])", "turn(m[:, 1])", "copied({V})[0]"),
)

INDICES = ("place(x)", "place(w)", "0", "2", "int(place(x) > 0)")

SHORT_VECTORS = ("{V}", "{V}", "copied({V})", "handed({V})", "part({V})", "{V}[::-1]", "({C} * {V})")

VECTORS = (
    *("{U} * {N}", "({N} + {U})", "({U} - {U})", "np.sin({U})", "{V}.copy()", "np.array([{N}, {N}, {N}, {R}])"),
    *("np.where({u} > {N}, {U}, {u})", "({U} if {T} else {U})", "np.maximum({U}, {U})", "pair({U}, {N})[0]"),
    *("np.array([{C} * e + {n} for e in {U}])", "({U})[np.array([3, 0, {I}, 2])]", "(-{U})", "({U})[::-1]"),
)

NUMBERS = (
    *("({N} + {N})", "({N} - {N})", "({N} * {N})", "({C} - {N})", "abs({N})", "np.sin({N})", "float({N})"),
    *("product({N}, {N})", "product({N}, q={N})", "product(q={N}, p={N})", "product({N}, r={N}, q={N})"),
    *("product(*({N}, {N}), {N}, r={N})", "product({N}, *pair({N}, {N}), {N})", "product(r={N}, *({N}, {N}))"),
    *("({U}).dot({U})", "np.dot({U}, {U})", "({U} @ {U})", "np.sum({U})", "({U}).sum()", "({U})[{I}]"),
    *("({u})[{I}:].sum()", "({u})[{I}:{I} + 2].sum()", "({N} if {T} else {N})", "max({N}, {N})", "min({N}, {N}, {n})"),
    *("sum(({N}, {N}, {N}))", "sum([{N}, {N}], {N})", "sum([{N}, {N}], start={N})", "max({N}, {N}, key=abs)"),
    *("({N}, {N}, {N})[1]", "[{N}, {N}, {N}][{I}]", '{"p": {N}, "q": {N}, "r": {N}}["q"]', 'dict(p={N}, q={N})["p"]'),
    *("(lambda p, q={N}: p * q - x[0])({N})", "((z := {N}) * {N} - z)", "(1.0 if {N} < {N} < {N} else {N})"),
    *("sum({C} * e * {n} for e in {U})", "sum([e * {n} for e in {u}])", "sum((e * {n} for e in {u}), {N})"),
    *("inner({N}, {N})", "inner({N})", "({N} and {N})", "({N} or {N})", "pair({N}, {N})[0]", "np.array([{N}, {N}])[1]"),
)

TESTS = (
    *("{N} < {N}", "{N} < {n} < {N}", "{N} > 0.4 or {n} > 0.3", "{N} > 0.2 and {n} < 0.6", "not {N} > {C}"),
    "{N} in ({n}, {R}, {n})",
)

STATEMENTS = (
    *("{V}[{K}] = {N}", "{V}[{K}] {O} {N}", "{V}[{K}] {O} {N}", "{V}[{I}] = {N}", "{V}[{I}] {O} {N}"),
    *("handed({V})[{I}] {O} {N}", "handed({V})[{I}] = {N}", "{V}[:] {O} {U}", "{V} {O} {U}", "{V}[:] = {U}"),
    *("{V}[1:] {O} ({U})[1:]", "{V}[idx] {O} ({U})[:3]", "{V}[idx] = ({U})[:3]", "a, s = {N}, {N}"),
    *("{V}[{I}], {V}[{K}] = {N}, {N}", "{V}[{K}] = s = {N}", "s = {V}[{I}] = {N}", "l.append({N})", "l[0] {O} {N}"),
    *("l[{I}] = {N}", "l[{I}] {O} {N}", 'd["a"] {O} {N}', 'd["b"] = {N}', "m[1, {I}] {O} {N}", "m[{I}] {O} {N}"),
    *("m[0] = ({U})[1:]", "m[{I}, :] {O} ({U})[:3]", "s {O} {N}", "s = {N}", "w = {U}", "w, s = {U}, {N}"),
    *("(s, a), w[{K}] = pair({N}, {N}), {N}", "l += [{N}, {n}]", "m.flat[{I}] {O} {N}"),
    *("a, *b = {N}, {n}, {n}; s = b[0]", "r[0][{K}] {O} {N}", "r[{I}][{K}] = {N}", "r[1] {O} {U}"),
)

BLOCKS = (
    *("if {T}:", "for e in {u}:", "for j in range(place(x), 2 + int({n} > 0.5)):", "t = 0; while t < 2 and {N} < 0.9:"),
    *("for e, g in zip({u}, {u}):", "for j, e in enumerate({u}):"),
)


class OrderWriter(Writer):
    """Writes a program of x (4 numbers), m (3 by 3), l, d and s."""

    def filled(self, templates: tuple[str, ...], depth: int) -> str:
        """One of some templates, with expressions in its places; capital letters stand for nested ones."""
        place = {
            "N": lambda: self.filled(NUMBERS, depth - 1) if depth > 0 else self.number(),
            "n": self.number,
            "U": lambda: self.filled(VECTORS if depth > 0 else SHORT_VECTORS, depth - 1),
            "u": lambda: self.filled(SHORT_VECTORS, 0),
            "T": lambda: self.filled(TESTS, depth - 1),
            "I": lambda: self.pick(INDICES),
            "R": lambda: self.filled(READS, 0),
            "V": lambda: self.pick(("x", "x", "x", "w")),
            "K": lambda: str(self.random.randrange(4)),
            "O": lambda: self.pick(("+=", "-=", "*=")),
            "C": self.constant,
        }
        return re.sub(r"\{(\w)\}", lambda found: place[found[1]](), self.pick(templates))

    def number(self) -> str:
        return self.filled(READS if self.chance(0.45) else WRITERS, 0)

    def statement(self, depth: int = 0) -> None:
        nested = self.random.randrange(3)
        if depth == 2 or self.chance(0.6):
            self.write(self.filled(STATEMENTS, nested))
            return
        head = self.filled(BLOCKS, nested).rpartition("; ")
        if head[0]:
            self.write(head[0])
        self.write(head[2])
        self.indent += 1
        if head[0]:
            self.write("t += 1")
        self.statement(depth + 1)
        self.write(f"s = 0.5 * s + {'e' if head[2].startswith(('for e', 'for j, e')) else self.number()}")
        self.indent -= 1

    def program(self) -> str:
        self.indent = 0
        self.lines += [*HELPERS.splitlines(), "", "", "def program(x, m, s):"]
        self.indent = 1
        for line in ("a = 0.5 * s", "w = 0.8 * x", "l = [s, x[1]]", "l.append(0.4)", 'd = {"a": s, "b": x[2]}'):
            self.write(line)
        for line in ("idx = np.array([2, 0, 3])", "r = [x, w]", "r.append(0.5 * x)"):
            self.write(line)
        self.write(f"def inner(p, q={self.number()}):")
        self.write(f"    return 0.4 * p * q - {self.number()}")
        for _ in range(self.random.randrange(2, 5)):
            self.statement()
        self.write(f"s = {self.filled(NUMBERS, 2)}")
        self.write("return np.sin(s + a + np.sum(x * w) + m.sum() * 0.3 + l[0] - l[-1] + d['a'] * r[0][1] + w[0])")
        return "\n".join(self.lines) + "\n"


def order_program(seed: int) -> RandomProgram:
    """Return a program about the order of evaluation."""
    rng = np.random.default_rng(seed)
    args = rng.uniform(0.1, 0.9, 4), rng.uniform(0.1, 0.9, (3, 3)), 0.6
    return RandomProgram(f"order program {seed}", OrderWriter(seed).program(), args)
