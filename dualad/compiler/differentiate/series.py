"""Arithmetic with truncated Taylor series, written down as text: one variable for each coefficient that is not zero.

The coefficients of u(t) = u_0 + u_1 t + u_2 t**2 + ... obey recurrences, each of which costs k products for the k-th
coefficient (Griewank and Walther, Evaluating Derivatives, chapter 13)::

    v = u w             v_k = sum_{j=0..k} u_j w_{k-j}
    v = u / w           v_k = (u_k - sum_{j=1..k} w_j v_{k-j}) / w_0
    v = f(u)            v_k = sum_{j=1..k} j u_j p_{k-j} / k,   where p = f'(u):  v' = f'(u) u'

The last one holds for every primitive, with the partials p of its rule, whose series are found from the expressions in
the rule by the same arithmetic. Where partials lead back to the function itself (exp; sin to cos to sin) they ask for a
lower coefficient, which is there by then: a coefficient is found when something asks for it, once.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

from ...errors import UnsupportedError, at
from ...rules import registry
from ...rules.registry import Rule
from ..ir import rule_text

_MOST_FACTORS = 64  # of a power that is a product
_OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Pow: "pow"}


class Series:
    """A series: the text of its first coefficient, and what finds the text of another one, or None where it is zero."""

    def __init__(self, first: str, find: Callable[[int], str | None] | None = None):
        self.first, self._find = first, find
        self._known: dict[int, str | None] = {}

    @property
    def is_constant(self) -> bool:
        return self._find is None

    def __getitem__(self, k: int) -> str | None:
        if k == 0:
            return self.first
        if self._find is None:
            return None
        if k not in self._known:
            self._known[k] = self._find(k)
        return self._known[k]


def number_in(text: str) -> float | None:
    """Return the number that a text is, or None."""
    try:
        return rule_text.number(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return None


def product(*factors: str) -> str:
    """Return the text of a product, without factors of 1."""
    kept = [f for f in factors if number_in(f) != 1]
    return " * ".join(kept) or "1.0"


class Arithmetic:
    """Series for the operations of a function; what they need beside is printed by an emitter as it is asked for."""

    def __init__(self, emitter: object, place: tuple):
        self.emitter, self.place = emitter, place
        self._called: dict[tuple, Series] = {}
        self._kept: list = []  # what the numbers in the keys belong to

    def named(self, text: str, hint: str = "p") -> str:
        """Return a variable for a text."""
        if text.isidentifier() or number_in(text) is not None:
            return text
        name = self.emitter.fresh(hint)
        self.emitter.line(f"{name} = {text}")
        return name

    def summed(self, terms: list[str], hint: str) -> str | None:
        return self.named(" + ".join(terms), hint) if terms else None

    def series(self, first: str, find: Callable[[int], str | None], *operands: Series) -> Series:
        """Return a series; a constant if those of its operands are."""
        return Series(first, None if all(x.is_constant for x in operands) else find)

    # ---------------------------------------------------------------- operations

    def apply(self, rule: Rule, args: list[Series], first: str, hint: str) -> Series:
        """Return the series of a pointwise primitive, of which `first` is the value."""
        of = getattr(self, f"of_{rule.name}", None)
        return self.of_any(rule, args, first, hint) if of is None else of(args, first, hint)

    def of_add(self, args: list[Series], first: str, hint: str) -> Series:
        return self.series(first, lambda k: self.summed([x[k] for x in args if x[k] is not None], hint), *args)

    def of_sub(self, args: list[Series], first: str, hint: str) -> Series:
        u, w = args

        def find(k: int) -> str | None:
            if w[k] is None:
                return u[k]
            return self.named(f"{u[k]} - {w[k]}" if u[k] is not None else f"-{w[k]}", hint)

        return self.series(first, find, u, w)

    def of_neg(self, args: list[Series], first: str, hint: str) -> Series:
        (u,) = args
        return self.series(first, lambda k: None if u[k] is None else self.named(f"-{u[k]}", hint), u)

    def of_pos(self, args: list[Series], first: str, hint: str) -> Series:
        return self.series(first, lambda k: args[0][k], *args)

    def of_mul(self, args: list[Series], first: str, hint: str) -> Series:
        u, w = args

        def find(k: int) -> str | None:
            pairs = [(u[j], w[k - j]) for j in range(k + 1)]
            return self.summed([product(a, b) for a, b in pairs if a is not None and b is not None], hint)

        return self.series(first, find, u, w)

    def of_square(self, args: list[Series], first: str, hint: str) -> Series:
        return self.of_mul([args[0], args[0]], first, hint)

    def of_truediv(self, args: list[Series], first: str, hint: str) -> Series:
        u, w = args

        def find(k: int) -> str | None:
            pairs = [(w[j], value[k - j]) for j in range(1, k + 1)]
            terms = [product(a, b) for a, b in pairs if a is not None and b is not None]
            if not terms:
                return None if u[k] is None else self.named(f"{u[k]} / {w.first}", hint)
            rest = " - ".join([u[k] or "0.0", *terms])
            return self.named(f"({rest}) / {w.first}", hint)

        value = self.series(first, find, u, w)
        return value

    def of_reciprocal(self, args: list[Series], first: str, hint: str) -> Series:
        return self.of_truediv([Series("1.0"), args[0]], first, hint)

    def of_pow(self, args: list[Series], first: str, hint: str) -> Series:
        """Return the series of a power: a product if the exponent is a whole number, known and not large.

        For another constant exponent a it is v_k = sum_{j=1..k} (a j - (k - j)) u_j v_{k-j} / (k u_0), from
        u v' = a v u'; for an exponent that varies w, v' = v (w log u)'.
        """
        u, w = args
        exponent = number_in(w.first) if w.is_constant else None
        if exponent is not None and exponent == int(exponent) and abs(exponent) <= _MOST_FACTORS:
            return self.whole_power(u, int(exponent), first, hint)
        if not w.is_constant:
            logarithm = self.call(math.log, [u], hint)
            w = self.of_mul([w, logarithm], self.named(f"{w.first} * {logarithm.first}"), "p")

            def find(k: int) -> str | None:
                return self.weighted([(w, value)], k, hint)

        else:

            def find(k: int) -> str | None:
                if k == 1:  # the partial of the rule, which knows about 0
                    p = self.partials(registry.get("pow"), args, value)(0)
                    return None if u[1] is None else self.named(f"vmath.scaled({p.first}, {u[1]})", hint)
                terms = [
                    f"({w.first} * {j} - {k - j}) * {u[j]} * {value[k - j]}"
                    for j in range(1, k + 1)
                    if u[j] is not None and value[k - j] is not None
                ]
                return self.named(f"({' + '.join(terms)}) / ({k} * {u.first})", hint) if terms else None

        value = self.series(first, find, u, w)
        return value

    def whole_power(self, u: Series, n: int, first: str, hint: str) -> Series:
        if n < 0:
            inverse = self.whole_power(u, -n, self.named(f"{u.first} ** {-n}"), "p")
            return self.of_reciprocal([inverse], first, hint)
        if n == 0:
            return Series(first)
        if n == 1:
            return Series(first, None if u.is_constant else u.__getitem__)
        half = self.whole_power(u, n // 2, self.named(f"{u.first} ** {n // 2}") if n > 3 else u.first, "p")
        if n % 2 == 0:
            return self.of_mul([half, half], first, hint)
        even = self.of_mul([half, half], self.named(f"{u.first} ** {n - 1}"), "p")
        return self.of_mul([even, u], first, hint)

    def of_any(self, rule: Rule, args: list[Series], first: str, hint: str) -> Series:
        """Return the series of a primitive by its partials."""
        is_guarded = rule.singular or rule.overflows

        def find(k: int) -> str | None:
            active = [(u, partial(i)) for i, u in enumerate(args) if not u.is_constant]
            return self.weighted(active, k, hint, is_guarded)

        value = self.series(first, find, *args)
        self._called.setdefault((rule, *map(id, args)), value)
        partial = self.partials(rule, args, value)
        return value

    def weighted(self, pairs: list[tuple[Series, Series]], k: int, hint: str, is_guarded: bool = False) -> str | None:
        """Return coefficient k of the integral of the sum of u' p over some pairs of u and p."""
        found = [(j, u[j], p[k - j]) for u, p in pairs for j in range(1, k + 1)]
        found = [(j, a, b) for j, a, b in found if a is not None and b is not None and number_in(b) != 0]

        def term(a: str, b: str, j: int) -> str:
            weight = f"{j}.0"
            if is_guarded and number_in(b) is None:  # a coefficient that is zero contributes zero, whatever the partial
                return product(weight, f"vmath.scaled({b}, {a})")
            return product(weight, a, b)

        if all(j == k for j, _, _ in found):
            return self.summed([term(a, b, 1) for _, a, b in found], hint)
        terms = " + ".join(term(a, b, j) for j, a, b in found)
        return self.named(f"({terms}) / {k}.0", hint)

    # ---------------------------------------------------------------- the expressions of rules

    def partials(self, rule: Rule, args: list[Series], value: Series) -> Callable[[int], Series]:
        """Return what gives the series of the partial by an argument."""
        body = rule.body
        names: dict[str, object] = dict(zip(body.params, args, strict=False))
        names[body.value.id if isinstance(body.value, ast.Name) else "value"] = value
        names = {**dict(body.temps), **names}
        found: dict[int, Series] = {}

        def partial(i: int) -> Series:
            if i not in found:
                found[i] = self.expression(body.outputs[i], names, body.namespace)
            return found[i]

        return partial

    def expression(self, node: ast.expr, names: dict[str, object], namespace: dict) -> Series:
        """Return the series of an expression; `names` has series, and expressions that are still to be found."""
        if isinstance(node, ast.Name):
            return self.name(node.id, names, namespace)
        if isinstance(node, ast.Constant | ast.Attribute):
            return Series(ast.unparse(node))
        if isinstance(node, ast.IfExp):
            return self.choice(node, names, namespace)
        if isinstance(node, ast.Compare | ast.BoolOp):
            return Series(self.named(self.test(node, names, namespace), "test"))
        if isinstance(node, ast.UnaryOp):
            (u,) = parts = [self.expression(node.operand, names, namespace)]
            if isinstance(node.op, ast.UAdd):
                return u
            return self.of_neg(parts, self.named(f"-{u.first}"), "p")
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            parts = [self.expression(x, names, namespace) for x in (node.left, node.right)]
            whole = ast.BinOp(_parsed(parts[0].first), node.op, _parsed(parts[1].first))
            first = self.named(ast.unparse(rule_text.simplify(whole)))
            return self.apply(registry.get(_OPERATORS[type(node.op)]), parts, first, "p")
        if isinstance(node, ast.Call) and not node.keywords:
            function = _found(node.func, namespace)
            return self.call(function, [self.expression(x, names, namespace) for x in node.args], "p")
        raise self.refusal(ast.unparse(node))

    def name(self, name: str, names: dict[str, object], namespace: dict) -> Series:
        found = names.get(name)
        if found is None:
            return Series(repr(namespace[name]))
        if isinstance(found, ast.expr):
            found = names[name] = self.expression(found, names, namespace)
        return found

    def call(self, function: object, args: list[Series], hint: str) -> Series:
        """Return the series of a function in a rule."""
        rule = registry.find(function)
        key = (rule, *map(id, args))
        if rule is not None and key in self._called:
            return self._called[key]
        if rule is None or rule.kind not in ("pointwise", "constant"):
            raise self.refusal(getattr(function, "__name__", str(function)))
        text = f"{self.emitter.function_name(function)}({', '.join(x.first for x in args)})"
        first = self.named(ast.unparse(self.emitter.vectorised(_parsed(text))))
        if rule.kind == "constant" or all(x.is_constant for x in args):
            return Series(first)
        made = self._called[key] = self.apply(rule, args, first, hint)
        self._kept.append(args)
        return made

    def choice(self, node: ast.IfExp, names: dict[str, object], namespace: dict) -> Series:
        """Return the series of what a test of the first coefficients chooses."""
        test = self.test(node.test, names, namespace)
        decided = rule_text.simplify(_parsed(test))
        if isinstance(decided, ast.Constant):
            return self.expression(node.body if decided.value else node.orelse, names, namespace)
        test = self.named(test, "test")
        sides = [self.expression(x, names, namespace) for x in (node.body, node.orelse)]

        def chosen(k: int) -> str | None:
            a, b = (x[k] for x in sides)
            return None if a is None and b is None else self.named(f"{a or '0.0'} if {test} else {b or '0.0'}")

        return self.series(chosen(0), chosen, *sides)

    def test(self, node: ast.expr, names: dict[str, object], namespace: dict) -> str:
        """Return the text of a test of the first coefficients."""
        table: dict[str, ast.expr] = {}
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and (n.id in names or isinstance(namespace.get(n.id), float)):
                table[n.id] = _parsed(self.name(n.id, names, namespace).first)
        return ast.unparse(rule_text.substitute(node, table))

    def refusal(self, what: str) -> UnsupportedError:
        message = f"the Taylor series of {what} is not supported: nest jvp, or write it with other functions"
        return UnsupportedError(at(message, *self.place))


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _found(node: ast.expr, namespace: dict) -> object:
    """Return the function that an expression names."""
    if isinstance(node, ast.Attribute):
        return getattr(_found(node.value, namespace), node.attr)
    return namespace[node.id] if node.id in namespace else getattr(operator, node.id)
