"""Arguments and results that are dicts, lists, dataclasses, named tuples and registered classes."""

import collections
import copy
import dataclasses
from typing import NamedTuple

import numba
import numpy as np
import pytest
import scipy.optimize

import dualad
from dualad.testing import check_grads

from .test_errors import complaint as complaint_of


def complaint(call, kind=dualad.DualadError):
    return complaint_of(call, kind)


class Pair(NamedTuple):
    first: float
    second: object


@dataclasses.dataclass(frozen=True)
class Layer:
    weights: np.ndarray
    bias: float
    activation: str = "tanh"
    power: int = 2

    scale = 0.5

    def __call__(self, x):
        return self.act(self.weights @ x + self.bias) * self.scale

    def act(self, z):
        return np.tanh(z) if self.activation == "tanh" else z**self.power

    @property
    def size(self):
        return np.sum(self.weights**2)


class Registered:
    """Its items are two attributes; the third is what the class is besides."""

    def __init__(self, low, high, label):
        self.low, self.high, self.label = low, high, label

    def moved(self, by):
        return Registered(self.low + by, high=self.high * by, label=self.label)

    def width(self):
        return (self.high - self.low) * self.factor()

    def factor(self):
        return 2.0 if self.label == "double" else 1.0

    def __eq__(self, other):
        return type(other) is Registered and vars(self) == vars(other)

    __hash__ = None


class Items:
    """Registered by functions of the items alone."""

    def __init__(self, a, b):
        self.a, self.b = a, b


dualad.register_structure(
    Registered, lambda r: ((r.low, r.high), r.label), lambda label, items: Registered(*items, label)
)
dualad.register_structure(Items, lambda x: [x.a, x.b], lambda items: Items(*items))

X = np.array([0.3, -0.2])
PARAMETERS = {
    "layers": [
        Layer(np.array([[0.1, 0.4], [0.3, -0.2]]), 0.1),
        Layer(np.array([[0.7, 0.2]]), 0.3, activation="power"),
    ],
    "pair": Pair(0.5, (1.5, {"x": 2.0, 3: np.array([1.0, 2.0])})),
    "range": Registered(0.2, 0.9, "double"),
    "n": 2,
    "none": None,
    "function": np.exp,
}


def network(p, x):
    for layer in p["layers"]:
        x = layer(x)
    size = sum(layer.size for layer in p["layers"])
    second, inner = p["pair"].second
    total = np.sum(x) + size * p["pair"].first * second + inner["x"] * np.sum(inner[3])
    if p["none"] is None:
        total = total * p["function"](p["range"].width()) * p["n"]
    return total


def in_tuple(pair, x):
    (low, high), p = pair
    total = p["r"].width() * p["pair"].first * low / high * x[0]
    for items in p["lists"]:
        total = total + sum(items) * high
    return total if p["none"] is None else total * x[1]


SMALL = {"r": Registered(0.2, 0.9, "double"), "pair": Pair(2.0, "s"), "lists": [[1.0], [2.0, 3.0]], "none": None, 1: 2}


def results(p):
    a, b = p["a"], p["b"]
    layer = Layer(a * b, bias=a[0] * a[1])
    registered = Registered(a[0], b, "double").moved(b)
    return {
        "registered": registered,
        "width": registered.width(),
        "squares": [a**2, (b, Pair(a * b, b))],
        "layer": dataclasses.replace(layer, bias=b * b),
        "same": p,
        "ordered": dict(x=b, **{"y": a}),
    }


def train(p, x, rate, steps):
    moments = {k: 0.0 for k in p}
    for _ in range(steps):
        slope = dualad.grad(loss)(p, x)
        moments = {k: 0.9 * v + slope[k] for k, v in moments.items()}
        p = {k: v - rate * moments[k] for k, v in p.items()}
    return loss(p, x)


def with_derivatives(p):
    value, slope = dualad.value_and_grad(polynomial)(p)
    (_, tangent), (_, pullback) = dualad.jvp(polynomial, (p,), (slope,)), dualad.vjp(polynomial, p)
    return value + tangent * pullback(1.0)[0]["b"] + dualad.hessian(polynomial)(p)["a"]["b"]


def polynomial(p):
    return p["a"] ** 3 * p["b"] ** 2


def loss(p, x):
    return np.sum((p["w"] * x + p["b"]) ** 2 * p["w"])


def keywords(x, *rest, scale=1.0, **more):
    total = x * scale
    for name, value in more.items():
        total = total + (value * x if name == "a" else value)
    return total * len(more) + sum(rest) + helper(x, **more, k=x)


def helper(x, *, a=1.0, b=2.0, **others):
    return x * a * b + others["k"] * len(others)


PROGRAMS = {
    "network": (network, (PARAMETERS, X), (0, 1)),
    "structures in a tuple": (in_tuple, (((0.5, 2.0), SMALL), X), (0,)),
    "results": (results, ({"a": np.array([1.0, 2.0]), "b": 3.0},), (0,)),
    "training": (train, ({"w": 1.5, "b": 0.2}, X, 0.1, 3), (0, 1, 2)),
    "derivatives inside": (with_derivatives, ({"a": 1.5, "b": 0.2},), (0,)),
    "items alone": (lambda x: x.a * x.b, (Items(2.0, 3.0),), (0,)),
    "ordered": (lambda x: {"z": x["a"]}, (collections.OrderedDict(a=2.0, b=3.0),), (0,)),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    f, args, argnums = PROGRAMS[name]
    before = repr(args)
    check_grads(f, args, argnums)
    assert repr(args) == before


def same(x, y):
    """Whether two structures are alike, to rounding."""
    assert type(x) is type(y) or (np.isscalar(x) and np.isscalar(y)), (x, y)
    if isinstance(x, dict):
        assert list(x) == list(y)
        return all(same(x[k], y[k]) for k in x)
    if isinstance(x, tuple | list):
        return len(x) == len(y) and all(map(same, x, y))
    if isinstance(x, Layer | Registered):
        return same(vars(x), vars(y))
    return x == y if x is None or isinstance(x, str) else np.allclose(x, y, rtol=1e-9)


def test_gradients_have_the_structure_of_their_arguments():
    gradient = dualad.grad(network)(PARAMETERS, X)
    assert gradient["none"] is None and gradient["function"] is None and gradient["n"] == 0.0
    assert gradient["range"] == Registered(gradient["range"].low, -gradient["range"].low, "double")
    assert gradient["layers"][0].activation is None and gradient["layers"][1].weights.shape == (1, 2)
    assert isinstance(gradient["pair"], Pair) and list(gradient["pair"].second[1]) == ["x", 3]
    gradient, of_x = dualad.grad(in_tuple, (0, 1))(((0.5, 2.0), SMALL), X)
    assert gradient[1]["pair"].second == 0.0 and gradient[1][1] == 0.0
    assert same(dualad.jacfwd(in_tuple)(((0.5, 2.0), SMALL), X), gradient)
    assert same(dualad.jacrev(in_tuple, (0,))(pair=((0.5, 2.0), SMALL), x=X), (gradient,))
    value, also = dualad.value_and_grad(in_tuple, (0, 1))(((0.5, 2.0), SMALL), X)
    assert same(also, (gradient, of_x)) and value == pytest.approx(in_tuple(((0.5, 2.0), SMALL), X))
    assert same(dualad.vjp(in_tuple, ((0.5, 2.0), SMALL), X)[1](1.0)[0], gradient)
    aux = dualad.grad(lambda p: (p["a"] ** 2, {"p": p, "n": [1, None]}), has_aux=True)({"a": 2.0})
    assert aux == ({"a": 4.0}, {"p": {"a": 2.0}, "n": [1, None]})


def test_results_have_the_structure_that_the_function_gives_them():
    p = {"a": np.array([1.0, 2.0]), "b": 3.0}
    out, pullback = dualad.vjp(results, p)
    assert same(out, results(p)) and isinstance(out["squares"][1][1], Pair)
    dots = {"b": 1.0, "a": np.array([0.5, 0.25])}
    value, out_dot = dualad.jvp(results, (p,), (dots,))
    assert same(value, out)
    assert out_dot["layer"].bias == pytest.approx(6.0) and out_dot["same"]["b"] == 1.0
    assert pullback(out)[0]["b"] == pytest.approx(pullback(copy.deepcopy(out))[0]["b"])
    for jacobian in (dualad.jacfwd, dualad.jacrev):
        found = jacobian(results)(p)
        assert same(found["layer"].bias, {"a": np.zeros(2), "b": 6.0})
        np.testing.assert_allclose(found["squares"][0]["a"], np.diag([2.0, 4.0]))
        assert same(found["squares"][1][1].second, {"a": np.zeros(2), "b": 1.0})


def test_second_derivatives():
    p = {"w": 1.5, "b": 0.2}
    second = dualad.hessian(loss)(p, X)
    assert second["w"]["b"] == pytest.approx(second["b"]["w"])
    product = dualad.hvp(loss, (p, X), ({"b": 2.0, "w": 1.0}, None))[0]
    assert product["w"] == pytest.approx(second["w"]["w"] + 2.0 * second["w"]["b"])
    assert same(dualad.jacfwd(dualad.grad(loss))(p, X), second)
    assert dualad.hvp(loss, (p, X), (p,), argnums=0)["b"] == pytest.approx(
        p["w"] * second["b"]["w"] + p["b"] * second["b"]["b"]
    )


def test_keyword_arguments():
    def slope(**more):
        step = 1e-6
        return (keywords(2.0 + step, 3.0, **more) - keywords(2.0 - step, 3.0, **more)) / (2.0 * step)

    for more in ({"a": 2.0}, {"a": 2.0, "b": 3.0}, {"scale": 3.0, "a": 0.5}):
        assert dualad.grad(keywords)(2.0, 3.0, **more) == pytest.approx(slope(**more))
    assert dualad.grad(keywords, 1)(2.0, 3.0, b=1.0) == pytest.approx(1.0)
    assert dualad.jvp(keywords, (2.0, 3.0), (1.0, None))[1] == pytest.approx(slope())
    assert "keyword" in complaint(lambda: dualad.grad(lambda x: helper(x, **{"a": x}, a=x))(2.0))


def test_other_structures_are_other_specialisations():
    derivative = dualad.grad(lambda p: sum(p.values()) if isinstance_of_two(p) else p["a"] ** 2)
    assert derivative({"a": 2.0, "b": 3.0}) == {"a": 1.0, "b": 1.0}
    assert derivative({"a": 2.0}) == {"a": 4.0}
    assert derivative({"b": 2.0, "a": 3.0}) == {"b": 1.0, "a": 1.0}
    assert dualad.grad(lambda p: p[1])({1: 2.0}) == {1: 1.0}
    assert dualad.grad(lambda p: p[0][True])(({True: 2.0},)) == ({True: 1.0},)


@dataclasses.dataclass
class Initialised:
    a: float
    b: object = None
    c: list = dataclasses.field(default_factory=lambda: [1.0, 2.0])

    def __post_init__(self):
        if self.b is None:
            self.b = self.a


@dataclasses.dataclass
class Checked:
    a: float

    def __post_init__(self):
        if self.a < 0.0:
            raise ValueError("negative")


class Unregistered:
    def __init__(self, a):
        self.a = a


def test_instances_made_in_the_function():
    def f(p, n):
        for _ in range(n):
            p = p.moved(0.5)
        if p.low > 100.0:
            p = Registered(1.0, 2.0, "double")
        x = Initialised(p.low)
        return p.width() * x.b + x.c[1] * Initialised(x.a, b=p.high).b

    check_grads(f, (Registered(1.0, 2.0, "double"), 3))
    message = complaint(lambda: dualad.grad(lambda x: Checked(x).a)(2.0))
    assert "Checked(x), where a Checked cannot be made before its arguments are known" in message
    assert dualad.grad(lambda p: p.a**2)(Checked(2.0)) == Checked(4.0)
    assert "takes from 2 to 4" in complaint(lambda: dualad.grad(lambda x: Initialised(x, 1.0, 2.0, 3.0).a)(2.0))
    assert "a dataclass" in complaint(lambda: dualad.grad(lambda x: Unregistered(x).a)(2.0))
    assert "register its class" in complaint(lambda: dualad.grad(lambda x: x.a)(Unregistered(2.0)))


def recursive(p, n):
    if n == 0:
        return p["a"] + p["l"][1]
    return p["a"] * recursive({"a": p["a"] * 0.5, "l": p["l"]}, n - 1)


def recursive_with_change(p, n):
    if n == 0:
        return p["a"]
    p["a"] = 2.0 * p["a"]
    return recursive_with_change(p, n - 1)


def test_recursion_with_structures():
    check_grads(recursive, ({"a": 2.0, "l": [1.0, 3.0]}, 3))
    message = complaint(lambda: dualad.grad(recursive_with_change)({"a": 2.0}, 3))
    assert "changing a dict that is an argument of the recursive function" in message


def isinstance_of_two(p):
    return len(p) == 2


def test_classes_count_as_they_are():
    x = np.ones(1)
    layer = Layer(np.ones((1, 1)), 0.5)

    def f(layer):
        return np.sum(layer(x))

    before = dualad.grad(f)(layer).bias
    Layer.scale = 1.0
    try:
        assert dualad.grad(f)(layer).bias == pytest.approx(2.0 * before)
    finally:
        Layer.scale = 0.5


def test_inside_jitted_code_they_are_tuples():
    derivative = dualad.grad(lambda p: p[0] * p[1][0])

    @numba.njit
    def jitted(x):
        return derivative((x, (2.0, x)))

    assert jitted(3.0) == (2.0, (3.0, 0.0))


def test_ravel():
    p = {"w": np.array([[1.0, 2.0]]), "n": 3, "pair": Pair(4.0, [Registered(5.0, np.float32(6.0), "a")]), "x": None}
    vector, unravel = dualad.ravel(p)
    np.testing.assert_array_equal(vector, [1.0, 2.0, 4.0, 5.0, 6.0])
    again = unravel(2.0 * vector)
    assert same(again["w"], np.array([[2.0, 4.0]])) and again["n"] == 3 and again["x"] is None
    assert again["pair"].second[0] == Registered(10.0, 12.0, "a")
    assert type(again["pair"].second[0].high) is np.float32
    again["w"][0, 0] = 7.0
    assert p["w"][0, 0] == 1.0 and unravel(vector)["w"][0, 0] == 1.0
    assert "5 real numbers" in complaint(lambda: unravel(np.ones(4)), dualad.ArgumentError)
    complaint(lambda: dualad.ravel({"n": 1}), dualad.NotDifferentiableError)

    def well(p):
        return (p["a"] - 1.0) ** 2 + np.sum((p["b"] - p["a"]) ** 2)

    start, unravel = dualad.ravel({"a": 3.0, "b": np.zeros(2)})
    slope = dualad.grad(well)
    found = scipy.optimize.minimize(
        lambda v: well(unravel(v)), start, jac=lambda v: dualad.ravel(slope(unravel(v)))[0], method="BFGS"
    )
    assert unravel(found.x)["b"] == pytest.approx([1.0, 1.0], abs=1e-5)


BAD = {
    "another key": (lambda p: p["z"], {"a": 2.0}, "the key 'z'"),
    "another attribute": (lambda p: p.weight, Layer(np.ones(1), 1.0), "it has weights, bias"),
    "an index": (lambda p: p[0], Layer(np.ones(1), 1.0), "use its attributes: .weights"),
    "a loop": (lambda p: sum(x for x in p), Layer(np.ones(1), 1.0), "use its attributes"),
    "arithmetic": (lambda p: p * 2.0, Layer(np.ones(1), 1.0), "class Layer"),
    "no floats": (lambda p: p["a"], {"a": 2}, "argument 0 (p) of <lambda> is a dict without floats"),
    "an object": (lambda p: p["a"], {"a": [1.0, object()]}, "argument 0 (p['a'][1]) of <lambda> is a builtins.object"),
    "objects": (lambda p: p["a"], {"a": np.array([None])}, "(p['a']) of <lambda> is an array of Python objects"),
    "an attribute": (lambda p: setattr_of(p), Layer(np.ones(1), 1.0), "p.bias"),
}


def setattr_of(p):
    p.bias = 2.0
    return p.bias


@pytest.mark.parametrize("name", BAD)
def test_what_stays_an_error(name):
    f, x, words = BAD[name]
    assert words in complaint(lambda: dualad.grad(f)(x))


def test_structures_that_do_not_fit():
    p = {"w": 1.5, "b": 0.2}
    for bad in ({"w": 1.0}, {"w": 1.0, "b": 1.0, "c": 1.0}, (1.0, 1.0)):
        message = complaint(lambda bad=bad: dualad.jvp(loss, (p, X), (bad, None)), dualad.ArgumentError)
        assert "the tangent of p must be a dict with the keys ['w', 'b']" in message
    message = complaint(lambda: dualad.vjp(lambda x: {"y": x}, 2.0)[1]({"z": 1.0}), dualad.ArgumentError)
    assert "the cotangent of the result must be a dict with the keys ['y']" in message
    message = complaint(lambda: dualad.jvp(loss, (p, X), ({"w": 1, "b": np.ones(2)}, None)), dualad.ArgumentError)
    assert "the tangent of p['b'] has shape (2,)" in message

    def inside(x):
        return dualad.jvp(loss, ({"w": x, "b": x}, X), ({"w": 1.0, "c": x}, None))[1]

    assert "other keys" in complaint(lambda: dualad.grad(inside)(2.0))
    for cls in (dict, float, 3, np.ndarray):
        complaint(lambda cls=cls: dualad.register_structure(cls, list, list), dualad.ArgumentError)
    dualad.register_structure(Registered2, lambda x: 3.0, lambda aux, items: None)
    assert "Registered2" in complaint(lambda: dualad.grad(lambda p: 1.0)(Registered2()), dualad.ArgumentError)


class Registered2:
    pass


def test_dicts_that_are_bound_anew():
    def aliased(p, n):
        old = p
        for _ in range(n):
            p = {"w": p["w"] * 2.0, "b": old["b"]}
        return p["w"] * old["w"]

    check_grads(aliased, ({"w": 1.0, "b": 2.0}, 2), (0,))

    def changed_under_the_other_name(p, n):
        old = p
        for _ in range(n):
            p = {"w": p["w"] * 2.0, "b": old["b"]}
        old["w"] = 3.0
        return p["w"] * old["w"]

    message = complaint(lambda: dualad.grad(changed_under_the_other_name)({"w": 1.0, "b": 2.0}, 2))
    assert "make a new one with the values of both" in message

    def kept_from_a_trip(p, n):
        for _ in range(n):
            old = p
            p = {"w": p["w"] * 2.0, "b": old["b"]}
        return p["w"] * old["w"]

    assert "copy it" in complaint(lambda: dualad.grad(kept_from_a_trip)({"w": 1.0, "b": 2.0}, 2))

    def other(p, x):
        if x > 0.0:
            p = {"w": 5.0, "b": x}
        return p["w"] * p["b"]

    def others(p, n):
        for _ in range(n):
            p = {"w": p["w"] * 2.0, "b": p["b"] * p["w"]}
        return p["w"] + p["b"]

    def of_a_caller(x):
        p = {"w": x, "b": 2.0 * x}
        return other(p, x) + others(p, 3) + p["w"] * p["b"]

    check_grads(of_a_caller, (1.5,))

    def chosen(x):
        d, e = {"a": x}, {"a": x * x}
        f = d if x > 1.0 else e
        if x > 1.2:
            g = h = {"a": f["a"] * 2.0}
        else:
            g, h = {"a": x}, {"a": 3.0 * x}
        return f["a"] * e["a"] + g["a"] * h["a"]

    for x in (1.5, 0.5):
        check_grads(chosen, (x,))

    def in_branch(p, n):
        q = {"a": p.copy(), "b": [p.copy(), {**p, "w": p["w"] ** 2}]}
        if p["w"] > 0.0:
            q = {"a": {k: v * 2.0 for k, v in p.items()}, "b": [p.copy(), p.copy()]}
        q["b"][1]["w"] *= q["a"]["w"]
        p.update(b=q["b"][1]["w"], w=p["b"])
        while q["b"][0]["w"] < 100.0:
            q = {"a": q["a"], "b": [{k: 2.0 * v for k, v in q["b"][0].items()}, q["b"][1]]}
        return q["b"][0]["w"] * p["b"] + p["w"] + q["b"][1]["w"]

    check_grads(in_branch, ({"w": 1.5, "b": 2.0}, 2), (0,))
