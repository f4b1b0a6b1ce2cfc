"""`compile`: what it compiles is what the call with such arguments takes."""

import collections

import numpy as np
import pytest
from numba import types

import dualad

Pair = collections.namedtuple("Pair", "a b")


def weighted(x, k=2.0):
    return k * np.sum(x * x)


def starred(x, *rest, scale=1.0):
    return x * rest[0] * scale


def of_tuple(p, n):
    return p[0] * p[1][0] * n


def applied(f, x):
    return f(x) * x


def square(x):
    return x * x


def compiles_nothing(derivative, call):
    """Call a derivative that is compiled, and see that it has no other code afterwards."""
    count = len(derivative.dispatcher.overloads)
    out = call()
    assert count == len(derivative.dispatcher.overloads) == 1, derivative.dispatcher.signatures
    return out


@pytest.mark.parametrize("given", ["float64[:]", "f8[::1]", types.float64[:], types.float64[::1], np.ones(3)], ids=str)
def test_names_types_and_examples(given):
    d = dualad.grad(weighted).compile(given)
    assert d is dualad.grad(weighted)
    assert compiles_nothing(d, lambda: d(np.ones(2))).tolist() == [4.0, 4.0]


x, one = np.ones(2), np.float32(1.0)
pair = Pair(1.0, 2.0)
CALLS = {
    "scalars": (dualad.jacfwd(square), (np.float32,), (one,), {}),
    "several": (dualad.value_and_grad(weighted, (0, 1)), ("f8[:]", float), (x, 3.0), {}),
    "star": (dualad.grad(starred), (float, "f8"), (2.0, 3.0), {"scale": 3.0}),
    "tuple": (dualad.grad(of_tuple), ((float, "f8[:]"), int), ((1.0, x), 3), {}),
    "name of a tuple": (dualad.grad(of_tuple), ("(float64, float64[:])", "i8"), ((1.0, x), 3), {}),
    "list": (dualad.grad(of_tuple), ([1.0, x], 3), ([1.0, x], 3), {}),
    "named tuple": (dualad.grad(lambda p: p.a * p.b), (Pair(float, "f8"),), (pair,), {}),
    "function": (dualad.grad(applied, 1), (square, float), (square, 3.0), {}),
    "nested": (dualad.hessian(weighted), ("f8[:]",), (x,), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments(name):
    derivative, given, args, kwargs = CALLS[name]
    if name in ("tuple", "name of a tuple", "list"):
        derivative = dualad.grad(lambda p, n, c=name: of_tuple(p, n) if c else 0.0)  # one of its own
    derivative.compile(*given, **{k: float for k in kwargs})
    if name == "list":  # a structure, of whose form there is a derivative
        (derivative,) = derivative._by_forms.values()
        args = (tuple(args[0]), *args[1:])
    compiles_nothing(derivative, lambda: derivative(*args, **kwargs))


def test_transformations_that_are_called_with_the_primals():
    d = dualad.jvp.compile(weighted, "f8[:]", "f8")
    assert compiles_nothing(d, lambda: dualad.jvp(weighted, (x, 1.0), (x, 1.0))) == (2.0, 6.0)
    d = dualad.hvp.compile(weighted, "f8[:]", argnums=0)
    assert compiles_nothing(d, lambda: dualad.hvp(weighted, (x,), (x,), argnums=0)).tolist() == [4.0, 4.0]
    d = dualad.vjp.compile(weighted, "f8[:]")
    assert compiles_nothing(d, lambda: dualad.vjp(weighted, x)[1](1.0))[0].tolist() == [4.0, 4.0]
    with pytest.raises(dualad.NotDifferentiableError, match="no floating-point argument"):
        dualad.jvp.compile(square, int)


def test_what_is_no_argument():
    d = dualad.grad(weighted)
    with pytest.raises(dualad.NotDifferentiableError, match="has type int64"):
        d.compile("int64")
    for given, said in (((), "missing a required argument: 'x'"), (("f8", "f8", "f8"), "too many")):
        with pytest.raises(dualad.ArgumentError, match=said):
            d.compile(*given)
    with pytest.raises(dualad.ArgumentError, match="argument 0 .x. of weighted: .* is no type and no argument"):
        d.compile(object())
    with pytest.raises(dualad.NotDifferentiableError, match="an array of 1 dimension"):
        dualad.grad(square).compile("f8[:]")
