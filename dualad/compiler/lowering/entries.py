"""What a build can start from: the user's function, and functions that are made of it.

An `Entry` says what its parameters are called and how it is called while a function is lowered. The engine sees no
difference between a function that somebody wrote and the derivative of one:

`Plain`         a function of the user's, or a derivative of it as he holds it (`grad(f)`)
`WithAux`       one that returns a pair of which the second part has no derivative
`Lifted`        a function met while another is lowered: what it finds around itself has become parameters
`PushedForward` x, x_dot -> f(x), f'(x) x_dot, read from the generated forward mode; `TangentOf`: the second alone
`Expanded`      x, x_dot -> the Taylor coefficients of f(x + t x_dot), likewise
`JacobianOf`    x -> f'(x), likewise
`Contracted`    x, w -> <w, f(x)>, whose gradient is the vector-Jacobian product

All but `Plain` have numbers and arrays as parameters, no tuples.
"""

from __future__ import annotations

import contextlib
import keyword
import operator
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numba import types

from ...errors import NotDifferentiableError, UnsupportedError, at
from ..ir import Const, TupleOf, Var
from .closures import fill, signature
from .source import defaults_of, innermost, parameter_names, read
from .values import Axes, DictOf, ListOf


class Entry:
    """Something with parameters that can be lowered."""

    star: int | None = None
    place: tuple = (None, None)

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def identifier(self) -> str:
        """A name for generated functions."""
        return self.name if self.name.isidentifier() and not keyword.iskeyword(self.name) else "function"

    def names(self) -> list[str]:
        """Return the names of the parameters."""
        raise NotImplementedError

    def default(self, name: str, value: object) -> object:
        """Return the default of a parameter that is left out, of which the generated function says that it is `value`.

        Numba has no type for some objects; they are known to the function alone.
        """
        return value

    @property
    def key(self) -> object:
        """What two entries have in common if they stand for the same code."""
        return self

    def call(self, low: object, values: list, given: tuple) -> object:
        """Lower a call, with one value for each parameter; `given` are their types."""
        raise NotImplementedError

    def refuse_writes(self, names: list[str]) -> None:
        """Refuse a function that writes into some of its parameters, where it must not."""


class Plain(Entry):
    """A function of the user's; `forms` says of parameters that take tuples what these are to the user."""

    def __init__(self, function: object, forms: tuple = ()):
        self.function, self.forms = function, dict(forms)
        self.source = read(innermost(function))
        a = self.source.node.args
        # Numba knows no parameters behind a star: there it is given as a tuple
        if a.vararg and not (a.kwonlyargs or a.kwarg):
            self.star = len([*a.posonlyargs, *a.args])
        self.place = (self.source.filename, self.source.node.lineno)

    @property
    def name(self) -> str:
        return self.source.function.__name__

    def default(self, name: str, value: object) -> object:
        return defaults_of(self.source.function).get(name, value)

    def names(self) -> list[str]:
        return parameter_names(self.source.node.args)

    def formed(self, low: object, values: list) -> list:
        """Return the arguments as they are to the function."""
        values = [low.formed(v, self.forms.get(k)) for k, v in enumerate(values)]
        named = self.source.node.args.kwarg
        if named is not None:
            place = self.names().index(named.arg)
            if not isinstance(values[place], DictOf):
                values[place] = self.keywords(low, values[place])
        return values

    def keywords(self, low: object, value: object) -> object:
        """Return what is given to **kwargs where nothing but the types of tuples is known: in jitted code."""
        if value != Const(None) and getattr(value, "items", ()):
            raise UnsupportedError(at(f"keyword arguments of {self.name} in jitted code", *self.place))
        return low.new_dict([])

    def call(self, low: object, values: list, given: tuple) -> object:
        values = self.formed(low, values)
        result = low.call_in_order(low.function_value(self.function), values, self.source.node)
        return low.frozen(result, None, self.place)


class WithAux(Plain):
    """A function of the user's that returns (value, auxiliary output), the second of which has no derivative."""

    def call(self, low: object, values: list, given: tuple) -> object:
        result = super().call(low, values, given)
        if not isinstance(result, TupleOf) or len(result.items) != 2:
            message = f"has_aux=True, but {self.name} does not return a pair (value, auxiliary output)"
            raise NotDifferentiableError(at(message, *self.place))
        return TupleOf((result.items[0], low.frozen(low.stopped(result.items[1], self.source.node))))


class Whole(Plain):
    """A derivative with the structure that the user sees: of kind "jacfwd", "jacrev", "jacobian", "hessian", "hvp".

    So is a function of a batch, of kind "vmap".

    A gradient by some of the arguments of a starred parameter is one, too.
    """

    def __init__(
        self,
        function: object,
        kind: str,
        argnums: tuple[int, ...],
        single: bool,
        has_aux: bool,
        how: Axes | int | None = None,
        forms: tuple = (),
    ):
        super().__init__(function, forms)
        self.kind, self.argnums, self.single, self.has_aux, self.how = kind, argnums, single, has_aux, how
        if kind == "hvp":
            self.star = None

    @property
    def name(self) -> str:
        return f"{super().name}_{self.kind}"

    def names(self) -> list[str]:
        names = super().names()
        return names + [f"{names[k]}_dot" for k in self.argnums] if self.kind == "hvp" else names

    def call(self, low: object, values: list, given: tuple) -> object:
        function = low.function_value(self.function)
        count = len(super().names())
        dots = [low.formed(x, self.forms.get(k)) for x, k in zip(values[count:], self.argnums, strict=False)]
        values = [*self.formed(low, values[:count]), *dots]
        if self.kind == "hvp":
            dots = dict(zip(self.argnums, values[count:], strict=True))
            in_order = [dots.get(k, Const(None)) for k in range(count)]
            asked = [Const(k in dots) for k in range(count)]
            products = low.hessian_products(function, values[:count], in_order, asked, self.source.node)
            return products[0] if count == 1 else TupleOf(tuple(products))
        whole = low.transformed(self.kind, function, self.argnums, self.single, self.has_aux, self.how)
        if self.kind == "vmap":
            return low.frozen(low.call_batched(whole, values, self.source.node, True))
        return low.frozen(low.call_in_order(whole, values, self.source.node))


@dataclass(eq=False)
class Lifted(Entry):
    """A function with the static part of its arguments and of what it captures, as in `units`."""

    function: object
    arguments: list
    hints: list[str]
    label: str
    place: tuple = (None, None)
    on_thread: bool = False
    """Whether it is called on one of several threads, where no loop is shared any more."""
    unchanging: tuple[str, str] | None = None
    """Why the dicts and instances in its arguments must not change, if that is so, and a remedy."""

    @property
    def name(self) -> str:
        return self.label

    def names(self) -> list[str]:
        return self.hints

    @property
    def key(self) -> object:
        return signature(self.function), tuple(signature(a) for a in self.arguments), self.on_thread, self.unchanging

    def call(self, low: object, values: list, given: tuple) -> object:
        memo: dict = {}
        function = fill(self.function, values, memo)
        arguments = [low.thawed(fill(a, values, memo)) for a in self.arguments]
        if self.unchanging is not None:
            low.keep_unchanged(arguments, self.unchanging)
        with low.on_one_thread() if self.on_thread else contextlib.nullcontext():
            return low.frozen(low.call_in_order(function, arguments, None), None, self.place)


@dataclass(eq=False)
class ResultsOf(Entry):
    """Some of the results of an entry, by their places among all numbers and arrays of the result."""

    entry: Entry
    outs: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def place(self) -> tuple:
        return self.entry.place

    @property
    def key(self) -> object:
        return "results", self.entry.key, self.outs

    def names(self) -> list[str]:
        return self.entry.names()

    def call(self, low: object, values: list, given: tuple) -> object:
        results = flat(self.entry.call(low, values, given))
        chosen = tuple(results[k] for k in self.outs)
        return chosen[0] if len(chosen) == 1 else TupleOf(chosen)


@dataclass(eq=False)
class Generated(Entry):
    """An entry that is read from generated code of another one, once for the types of its arguments."""

    entry: Entry
    wrt: tuple[int, ...]
    generate: Callable
    known: dict[tuple, object] = field(default_factory=dict, init=False)

    how: object = field(default=None, kw_only=True)

    def generated(self, kind: str, given: tuple) -> object:
        if given not in self.known:
            self.known[given] = self.generate(self.entry, kind, self.wrt, given, how=self.how)
        return self.known[given]


@dataclass(eq=False)
class PushedForward(Generated):
    """The results of an entry and their tangents, along the parameters in `wrt`."""

    generated_kind = "jvp"

    @property
    def name(self) -> str:
        return f"{self.entry.name}_{self.generated_kind}"

    @property
    def place(self) -> tuple:
        return self.entry.place

    @property
    def key(self) -> object:
        return self.generated_kind, self.entry.key, self.wrt, self.how

    def names(self) -> list[str]:
        names = self.entry.names()
        return names + [f"{names[k]}_dot" for k in self.wrt]

    def call(self, low: object, values: list, given: tuple) -> object:
        generated = self.generated(self.generated_kind, given[: len(self.entry.names())])
        return TupleOf(tuple(flat(low.call_generated(generated, values, self.place))))


@dataclass(eq=False)
class Expanded(PushedForward):
    """The results of an entry and the coefficients of their Taylor series along a line; `how` is the order."""

    generated_kind = "taylor"


@dataclass(eq=False)
class TangentOf(PushedForward):
    """The tangent of the one result of an entry, along the parameters in `wrt`."""

    generated_kind = "tangent"

    @property
    def name(self) -> str:
        return f"{self.entry.name}_dot"

    @property
    def key(self) -> object:
        return "tangent", self.entry.key, self.wrt

    def call(self, low: object, values: list, given: tuple) -> object:
        return super().call(low, values, given).items[1]


@dataclass(eq=False)
class JacobianOf(Generated):
    """The Jacobians of all results of an entry by the parameters in `wrt`; `kind` is "jacfwd", "jacrev" or "jacobian".

    They come result by result, and for each result parameter by parameter.
    """

    kind: str = "jacobian"

    @property
    def name(self) -> str:
        return f"{self.entry.name}_{self.kind}"

    @property
    def place(self) -> tuple:
        return self.entry.place

    @property
    def key(self) -> object:
        return self.kind, self.entry.key, self.wrt, self.how

    def names(self) -> list[str]:
        return self.entry.names()

    def call(self, low: object, values: list, given: tuple) -> object:
        return low.call_generated(self.generated(self.kind, given), values, self.place)


@dataclass(eq=False)
class Contracted(Entry):
    """The sum of results of an entry, each weighted with a further parameter."""

    entry: Entry
    outs: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.entry.name}_contracted"

    @property
    def place(self) -> tuple:
        return self.entry.place

    @property
    def key(self) -> object:
        return "contracted", self.entry.key, self.outs

    def names(self) -> list[str]:
        return self.entry.names() + [f"w_{k}" for k in self.outs]

    def call(self, low: object, values: list, given: tuple) -> object:
        count = len(self.entry.names())
        results = flat(self.entry.call(low, values[:count], given[:count]))
        total: Var | None = None
        for k, w in zip(self.outs, values[count:], strict=True):
            term = low.emit(operator.mul, (w, results[k]), None)
            if isinstance(w.type, types.Array):
                term = low.emit(np.sum, (term,), None)
            total = term if total is None else low.emit(operator.add, (total, term), None)
        return total


def flat(value: object) -> list:
    """Return the leaves of a result, in order."""
    if isinstance(value, TupleOf | ListOf):
        return [leaf for item in value.items for leaf in flat(item)]
    return [value]
