"""Functions that several threads share: a function of a chunk of a loop's iterations becomes one of all of them.

    s, y = loop(0, n, x, y, c)      s0, y0 = chunk(0, n // 2, x[: n // 2], y[: n // 2], c)             thread 0
                                    s1, y1 = chunk(n // 2, n - n // 2, x[n // 2 :], y[n // 2 :], c)    thread 1
                                    s = s0 + s1;  y[: n // 2] = y0;  y[n // 2 :] = y1

What goes in is `shared` by all chunks, or they have each their `own` part along an axis, or each its item of an array
(`part`). What comes out is an `own` part, the `sum` of what all chunks give, or an array with a `part` of each. The
derivatives are of the same kind: the function of a chunk is differentiated, and what is done with the tangents and
cotangents follows from what is done with the values.

             of         tangent     cotangent
    in       shared     shared      sum
             own        own         own
             part       part        part
    out      own        own         own
             sum        sum         shared
             part       part        part

So each thread adds up what it contributes to a shared value in memory of its own, and has its own tape, that of a
chunk. As many chunks are made as there are threads, and sums are taken in their order: with as many threads, a
derivative is the same to the last bit.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

import numpy as np
from numba import prange, types

from ...rules.registry import OwnRule, Rule, RuleBody
from ..runtime.helpers import chunks_of
from ..runtime.numba_bridge import as_dtype, inner_njit, register_callable, specialising_dispatcher, typing_stub
from .entries import Contracted, Entry, PushedForward, ResultsOf, TangentOf
from .nested_primitives import Derived, generate


class Role(NamedTuple):
    """What a chunk sees of a value, or what its results are to the whole: "shared", "own", "part" or "sum".

    Own parts lie along an axis.
    """

    kind: str
    axis: int = 0


class Result(NamedTuple):
    """What becomes of the results of the chunks.

    Attributes
    ----------
    role : Role
    like : int, optional
        The operand that has the shape of a chunk's result, or of all of them if it is an own part; None for numbers.
    sizes : tuple of int
        Where there is no such operand for own parts, those with the lengths of the other axes.
    """

    role: Role
    like: int | None = None
    sizes: tuple[int, ...] = ()


_LONG = 2**16
"""From how many numbers on it pays that several threads add them up."""

SHARED, PART, SUM = Role("shared"), Role("part"), Role("sum")


class PulledBack(Derived):
    """The cotangents of an entry, given those of some of its results: the gradient of a weighted sum of these.

    To whoever differentiates it, it is that gradient. It is computed without the sum.
    """

    def __init__(self, entry: Entry, count: int, outs: tuple[int, ...], wrt: tuple[int, ...]):
        super().__init__(Contracted(entry, outs), "grad", wrt)
        self.primal = entry if count == 1 else ResultsOf(entry, outs)
        self.weights = len(outs)
        params = ", ".join(f"a{k}" for k in range(len(entry.names()) + 1))
        namespace: dict = {}
        exec(f"def {self.__name__}({params}): raise RuntimeError('a stub was run')", namespace)  # noqa: S102
        self.dispatcher = specialising_dispatcher(namespace[self.__name__], self._pullback, is_inner=True)

    def _pullback(self, given: tuple) -> object:
        return generate(self.primal, "vjp", self.wrt, tuple(types.unliteral(t) for t in given[:-1]))

    def arguments(self, texts: list[str]) -> list[str]:
        """Return the arguments of the function that is compiled, in which several weights are a tuple."""
        if self.weights == 1:
            return texts
        return [*texts[: -self.weights], f"({', '.join(texts[-self.weights :])})"]


class Chunked(OwnRule):
    """A primitive that calls another one for each chunk, on several threads; the results are a tuple.

    The operands are the first index, the number of iterations, and whatever else there is.
    """

    def __init__(self, callee: Derived, roles: tuple[Role, ...], results: tuple[Result, ...], name: str):
        self.callee, self.roles, self.results = callee, roles, results
        self.count = len(results)
        self.__name__ = name
        params = ", ".join(f"a{k}" for k in range(len(roles)))
        namespace: dict = {}
        exec(f"def {name}({params}): raise RuntimeError('a stub was run')", namespace)  # noqa: S102
        self.dispatcher = specialising_dispatcher(namespace[name], self._driver, is_inner=True, is_parallel=True)
        self.stub = typing_stub(self.result_type)
        self.rule = ChunkedRule(self)

    # ---------------------------------------------------------------- types

    def results_of_chunk(self, given: tuple) -> list:
        """Return the types of what a chunk gives, for operands of some types."""
        own = [_item(ty) if r == PART else ty for r, ty in zip(self.roles, given, strict=True)]
        found = self.callee.result_type(tuple(own))
        return [found] if self.callee.count == 1 else list(found.types)

    def result_type(self, given: tuple) -> object:
        found = []
        for r, ty in zip(self.results, self.results_of_chunk(given), strict=True):
            if r.role == PART:
                ty = types.Array(getattr(ty, "dtype", ty), getattr(ty, "ndim", 0) + 1, "C")
            found.append(types.Array(ty.dtype, ty.ndim, "C") if isinstance(ty, types.Array) else ty)
        return types.BaseTuple.from_types(found)

    # ---------------------------------------------------------------- the function

    def _driver(self, given: tuple) -> object:
        """Return the function that shares the iterations among the threads.

        An exception that leaves a loop on several threads is lost, with all that the thread had still to do. So it is
        taken note of, and the chunk is run again for it.
        """
        kinds = self.results_of_chunk(tuple(types.unliteral(t) for t in given))
        params = [f"a{k}" for k in range(len(self.roles))]
        outs = [f"out{j}" for j in range(self.count)]
        passed = ", ".join(["np.int64(c)", "count", *outs, *params])
        namespace = {"np": np, "prange": prange, "chunks_of": chunks_of}
        namespace |= {"trip": self._trip(kinds, True), "again": self._trip(kinds, False)}
        lines = [f"def {self.__name__}({', '.join(params)}):", "count = chunks_of(a1)"]
        sums, results = [], []
        for j, (r, ty) in enumerate(zip(self.results, kinds, strict=True)):
            namespace[f"dtype{j}"] = as_dtype(getattr(ty, "dtype", ty)).type
            shape = self.shape(r, getattr(ty, "ndim", 0), params)
            lines.append(f"out{j} = np.empty({shape if r.role.kind == 'own' else _for_each(shape)}, dtype{j})")
            if r.role == SUM and not isinstance(ty, types.Array):
                sums += [f"sum{j} = out{j}[0]", "for c in range(1, count):", f"    sum{j} += out{j}[c]"]
                results.append(f"sum{j}")
            else:
                results.append(f"out{j}[0]" if r.role == SUM else f"out{j}")
        added = [
            o
            for o, r, ty in zip(outs, self.results, kinds, strict=True)
            if r.role == SUM and isinstance(ty, types.Array)
        ]
        phases = "1"
        if added:
            lines.append(f"is_long = {' + '.join(f'{o}.size' for o in added)} > {_LONG}")
            phases = "min(2 if is_long else 1, count)"
        lines += [
            "failed = np.zeros(count, np.bool_)",
            f"for phase in range({phases}):",
            "    for c in prange(count):",
            f"        failed[c] = trip(phase, {passed}) or failed[c]",
            "for c in range(count):",
            "    if failed[c]:",
            f"        again(0, {passed})",
            *(["    if not is_long:", f"        trip(1, {passed})"] if added else []),
            *sums,
            f"return ({', '.join(results)},)",
        ]
        exec("\n    ".join(lines), namespace)  # noqa: S102
        return namespace[self.__name__]

    def shape(self, r: Result, ndim: int, a: list[str]) -> str:
        """Return the text of the shape of a result (of one chunk, but for own parts), given those of the operands."""
        if r.like is not None:
            return f"{a[r.like]}.shape{'[1:]' if self.roles[r.like] == PART else ''}" if ndim else "()"
        if r.role.kind != "own":
            return "()"
        sizes = [a[k] for k in r.sizes]
        sizes.insert(r.role.axis, a[1])
        return f"({', '.join(sizes)},)"

    def _trip(self, kinds: list, is_guarded: bool) -> object:
        """Return the function that does a chunk and returns whether it failed.

        In a second phase, the threads share the elements of arrays that are sums, to add them up; if there are few, one
        thread does all.
        """
        params = [f"a{k}" for k in range(len(self.roles))]
        outs = [f"out{j}" for j in range(self.count)]
        seen = ["a0 + low", "high - low", *map(_seen, params[2:], self.roles[2:])]
        if isinstance(self.callee, PulledBack):
            seen = self.callee.arguments(seen)
        work = [f"result = derived({', '.join(seen)})"]
        names = ["result"] if self.callee.count == 1 else [f"result[{j}]" for j in range(self.count)]
        added = []
        if is_guarded:
            for j, (r, ty, name) in enumerate(zip(self.results, kinds, names, strict=True)):
                work += _stored(j, r.role, name, getattr(ty, "ndim", 0))
                added += _added(j) if r.role == SUM and isinstance(ty, types.Array) else []
            work = ["try:", *(f"    {line}" for line in work), "except Exception:", "    return True"]
        name = f"{self.__name__}_{'trip' if is_guarded else 'again'}"
        lines = [
            f"def {name}({', '.join(['phase', 'c', 'count', *outs, *params])}):",
            *(["if phase == 1:", *(f"    {line}" for line in added), "    return False"] if added else []),
            "low, high = a1 * c // count, a1 * (c + 1) // count",
            *work,
            "return False",
        ]
        namespace = {"derived": self.callee}
        exec("\n    ".join(lines), namespace)  # noqa: S102
        return inner_njit(namespace[name])

    # ---------------------------------------------------------------- derivatives

    def zeros(self, result: object, texts: list[str], chunks_of: str) -> list[str]:
        """Return the texts of cotangents that are zero, given the type of the result and the texts of the operands."""
        found = []
        for r, ty in zip(self.results, result, strict=True):
            shape = self.shape(r, getattr(ty, "ndim", 0) - (r.role == PART), texts)
            if r.role == PART:
                shape = _for_each(shape, f"{chunks_of}({texts[1]})")
            found.append(f"np.zeros({shape})" if isinstance(ty, types.Array) else "0.0")
        return found

    def pushed(self, active: tuple[int, ...]) -> Chunked:
        """Return the primitive for the tangents of the results."""
        callee = self.callee
        if callee.kind == "grad":
            tangent = Derived(TangentOf(callee.entry, active, generate), "grad", callee.wrt)
        else:
            both = PushedForward(callee.entry, active, generate)
            places = tuple(range(self.count, 2 * self.count))
            tangent = Derived(ResultsOf(both, places), "value", count=self.count)
        roles = (*self.roles, *(self.roles[k] for k in active))
        return Chunked(tangent, roles, self.results, f"{self.__name__}_jvp")

    def pulled_back(self, active: tuple[int, ...], floats: tuple[int, ...]) -> tuple[Chunked, tuple[int, ...]]:
        """Return the primitive for the cotangents of some operands, and the results of which it takes cotangents.

        `floats` are the results that have derivatives.
        """
        callee = self.callee
        if callee.kind == "grad":
            taken = tuple(range(self.count))
            gradient = Derived(TangentOf(callee.entry, callee.wrt, generate), "grad", active)
        else:
            taken = floats
            gradient = PulledBack(callee.entry, self.count, floats, active)
        roles = (*self.roles, *(SHARED if self.results[j].role == SUM else self.results[j].role for j in taken))
        results = tuple(Result(SUM if self.roles[k] == SHARED else self.roles[k], k) for k in active)
        return Chunked(gradient, roles, results, f"{self.__name__}_vjp"), taken


register_callable(Chunked, lambda c: c.dispatcher)


class ChunkedRule(Rule):
    """The derivatives of what several threads share: such functions again."""

    def __init__(self, chunked: Chunked):
        super().__init__(f"a loop over prange ({chunked.__name__})", "pair", ())
        self.chunked = chunked
        self._bodies: dict[tuple, RuleBody] = {}

    def tangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        if ("jvp", active) not in self._bodies:
            params = [f"a{k}" for k in range(len(self.chunked.roles))]
            tangent = self.chunked.pushed(active)
            dots = [f"{params[k]}_dot" for k in active]
            call = _call(tangent, [*params, *dots])
            self._bodies["jvp", active] = RuleBody((*params, *dots), (), None, (call,), {tangent.__name__: tangent})
        return self._bodies["jvp", active]

    def cotangent_body(self, active: tuple[int, ...], given: tuple = ()) -> RuleBody:
        if ("vjp", active, given) not in self._bodies:
            self._bodies["vjp", active, given] = self._cotangent(active, given)
        return self._bodies["vjp", active, given]

    def _cotangent(self, active: tuple[int, ...], given: tuple) -> RuleBody:
        chunked = self.chunked
        params = [f"a{k}" for k in range(len(chunked.roles))]
        bars = [f"value_bar_{j}" for j in range(chunked.count)]
        floats = tuple(j for j, ty in enumerate(chunked.result_type(given)) if _holds_floats(ty))
        gradient, taken = chunked.pulled_back(active, floats)
        outputs = [ast.Constant(0.0)] * len(params)
        for j, k in enumerate(active):
            outputs[k] = ast.parse(f"bars[{j}]", mode="eval").body
        call = _call(gradient, [*params, *(bars[j] for j in taken)])
        return RuleBody((*params, *bars), (("bars", call),), None, tuple(outputs), {gradient.__name__: gradient})


def _call(chunked: Chunked, operands: list[str]) -> ast.expr:
    return ast.parse(f"{chunked.__name__}({', '.join(operands)})", mode="eval").body


def _holds_floats(ty: object) -> bool:
    return isinstance(getattr(ty, "dtype", ty), types.Float)


def _item(ty: types.Array) -> object:
    """Return the type of a part, given that of the array of all parts."""
    return ty.dtype if ty.ndim == 1 else types.Array(ty.dtype, ty.ndim - 1, "C")


def _for_each(shape: str, count: str = "count") -> str:
    return count if shape == "()" else f"({count},) + {shape}"


def _seen(name: str, role: Role) -> str:
    """Return the text of what a chunk sees of an operand."""
    if role.kind == "own":
        return f"{name}[{':, ' * role.axis}low:high]"
    return f"{name}[c]" if role.kind == "part" else name


def _stored(j: int, role: Role, value: str, ndim: int) -> list[str]:
    """Return the lines that put what a chunk gives in its place, number by number."""
    if not ndim:
        return [f"out{j}[c] = {value}"]
    indices = [f"i{k}" for k in range(ndim)]
    place = f"out{j}[{':, ' * role.axis}low:high]" if role.kind == "own" else f"out{j}[c]"
    lines = [f"place{j} = {place}", f"value{j} = {value}"]
    lines += [f"{'    ' * k}for {i} in range(value{j}.shape[{k}]):" for k, i in enumerate(indices)]
    cell = ", ".join(indices)
    return [*lines, f"{'    ' * ndim}place{j}[{cell}] = value{j}[{cell}]"]


def _added(j: int) -> list[str]:
    """Return the lines that add up the sums of a thread's share of the elements, in the place of the first chunk's."""
    return [
        f"flat{j} = out{j}.reshape((count, out{j}.size // count))",
        f"for i in range(flat{j}.shape[1] * c // count, flat{j}.shape[1] * (c + 1) // count):",
        f"    total{j} = flat{j}[0, i]",
        "    for k in range(1, count):",
        f"        total{j} += flat{j}[k, i]",
        f"    flat{j}[0, i] = total{j}",
    ]
