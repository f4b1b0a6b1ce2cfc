"""Methods, partials, callable objects and caches of results: differentiated, called, passed on, and what they find."""

import functools
import math
import pickle

import numba
import numpy as np
import pytest

import dualad
from dualad.testing import check_grads

from .test_errors import complaint


class Model:
    """What a model often is: weights, helpers, something computed."""

    order = 2.0

    def __init__(self, weight, bias=0.5):
        self.weight = np.array([weight, 2.0 * weight])
        self.bias = bias

    @property
    def scale(self):
        return 2.0 * self.bias

    @functools.cached_property
    def norm(self):
        return self.bias + 1.0

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def power(cls, x):
        return x**cls.order

    @functools.lru_cache  # noqa: B019
    def cached(self, x):
        return self.bias * x

    @numba.njit
    def jitted(self, x):
        return x + 1.0

    def twice(self, x):
        return 2.0 * self.cached(x)

    partial = functools.partialmethod(twice)

    def __call__(self, x, y=2.0, *, shift=0.0):
        inner = self.square(x) * self.scale + self.power(y) / self.norm
        return self.weight[0] * math.sin(x) * y + self.weight[1] * inner + self.partial(x) + shift * x

    def loss(self, x, y=2.0):
        """A method that calls the object itself."""
        return self(x, y, shift=3.0) * self(x)


def by_hand(x, y=2.0, weight=1.5, bias=0.5, shift=0.0):
    inner = x * x * 2.0 * bias + y**2.0 / (bias + 1.0)
    return weight * math.sin(x) * y + 2.0 * weight * inner + 2.0 * bias * x + shift * x


def of_three(x, y, z=1.0):
    return x * y + z * x**2


def many(first, *others, scale=1.0, **more):
    total = first
    for k, x in enumerate(others):
        total = total + (k + 2.0) * x * x
    return total * scale


def slope(f, x):
    return (f(x + 1e-6) - f(x - 1e-6)) / 2e-6


@functools.lru_cache
def remembered(x):
    return x * x


MODEL = Model(1.5)
CALLABLES = {
    "method": (MODEL.loss, lambda x: by_hand(x, shift=3.0) * by_hand(x)),
    "object": (MODEL, by_hand),
    "classmethod": (Model.power, lambda x: x**2),
    "classmethod of an instance": (MODEL.power, lambda x: x**2),
    "staticmethod": (MODEL.square, lambda x: x**2),
    "partialmethod": (MODEL.partial, lambda x: x),
    "cached method": (MODEL.cached, lambda x: 0.5 * x),
    "cache": (remembered, lambda x: x * x),
    "cache of a method": (functools.lru_cache(MODEL.loss), lambda x: by_hand(x, shift=3.0) * by_hand(x)),
    "partial": (functools.partial(of_three, 2.0), lambda y: 2.0 * y + 4.0),
    "partial by name": (functools.partial(of_three, z=5.0, y=3.0), lambda x: 3.0 * x + 5.0 * x**2),
    "partial of a partial": (functools.partial(functools.partial(of_three, 2.0), z=3.0), lambda y: 2.0 * y + 12.0),
    "partial of a method": (functools.partial(MODEL, y=3.0, shift=2.0), lambda x: by_hand(x, 3.0, shift=2.0)),
    "partial of a jitted one": (functools.partial(numba.njit(of_three), 2.0), lambda y: 2.0 * y + 4.0),
    "partial of a cache": (functools.partial(remembered), lambda x: x * x),
    "partial of a derivative": (functools.partial(dualad.grad(of_three), y=2.0), lambda x: 2.0 + 2.0 * x),
    "partial of NumPy": (functools.partial(np.multiply, 3.0), lambda x: 3.0 * x),
    "partial of math": (functools.partial(math.pow, 2.0), lambda x: 2.0**x),
    "partial with a star": (functools.partial(many, 1.0, 2.0), lambda x: 9.0 + 3.0 * x * x),
}


@pytest.mark.parametrize("name", CALLABLES)
def test_callables_are_functions(name):
    f, wanted = CALLABLES[name]
    value, derivative = dualad.value_and_grad(f)(0.7)
    assert value == pytest.approx(wanted(0.7)) and derivative == pytest.approx(slope(wanted, 0.7))
    assert dualad.jvp(f, (0.7,), (1.0,))[1] == pytest.approx(derivative)


def apply(f, x):
    return f(x) * x


def test_callables_inside_and_as_arguments():
    def f(x):
        total = 0.0
        for call in (MODEL.loss, MODEL, Model.power, remembered):
            total = total + call(x)
        inner = functools.partial(of_three, x, z=x)
        return total + inner(2.0) + dualad.grad(MODEL.loss)(x) + dualad.grad(inner)(x)

    check_grads(f, (0.7,))
    assert dualad.grad(apply, 1)(MODEL.loss, 0.7) == pytest.approx(slope(lambda x: MODEL.loss(x) * x, 0.7))
    assert dualad.grad(apply, 1)(functools.partial(of_three, 2.0), 0.7) == pytest.approx(2.0 * 1.4 + 4.0)
    assert dualad.grad(apply, 1)(MODEL, 0.7) == pytest.approx(slope(lambda x: MODEL(x) * x, 0.7))
    assert dualad.hessian(MODEL)(0.7) == pytest.approx(slope(dualad.grad(MODEL), 0.7), rel=1e-6)

    derivative = dualad.grad(MODEL.loss)

    @numba.njit
    def jitted(x):
        return derivative(x)

    assert jitted(0.7) == derivative(0.7)


def test_argnums_count_the_parameters_that_are_left():
    f = functools.partial(of_three, y=3.0)
    assert dualad.grad(f, (0, 1))(2.0, z=4.0) == (3.0 + 16.0, 4.0)
    assert dualad.grad(f, (0, 1, 2))(2.0, z=4.0, y=5.0) == (5.0 + 16.0, 4.0, 2.0)
    assert dualad.grad(MODEL, (0, 1))(0.7, 2.0) == pytest.approx(
        (slope(by_hand, 0.7), slope(lambda y: by_hand(0.7, y), 2.0))
    )
    assert dualad.grad(MODEL, -1)(0.7, 2.0, shift=1.0) == pytest.approx(0.7)
    assert dualad.grad(functools.partial(many, 1.0, scale=2.0), (0, 1))(2.0, 3.0) == pytest.approx((16.0, 36.0))


def test_attributes_count_as_they_are_when_the_derivative_is_taken():
    model = Model(1.5)
    before = dualad.grad(model.loss)
    assert dualad.grad(model.loss) is before
    model.bias = 0.25
    assert before(0.7) == pytest.approx(slope(MODEL.loss, 0.7))
    after = dualad.grad(model.loss)
    assert after is not before and after(0.7) == pytest.approx(slope(model.loss, 0.7))
    model.weight[0] = 3.0
    assert dualad.grad(model)(0.7) == pytest.approx(slope(model, 0.7))
    bound = functools.partial(apply, model)
    assert dualad.grad(bound)(0.7) == pytest.approx(slope(bound, 0.7))
    model.weight[1] = 4.0
    assert dualad.grad(bound)(0.7) == pytest.approx(slope(bound, 0.7))


def test_equal_objects_share_a_derivative():
    assert dualad.grad(Model(1.5).loss) is dualad.grad(Model(1.5).loss)
    assert dualad.grad(Model(1.5)) is not dualad.grad(Model(1.0))
    assert dualad.grad(functools.partial(of_three, 2.0)) is dualad.grad(functools.partial(of_three, 2.0))


@pytest.mark.parametrize("f", [MODEL.loss, MODEL, functools.partial(MODEL.loss, y=3.0)])
def test_pickling(f):
    derivative = dualad.grad(f)
    assert pickle.loads(pickle.dumps(derivative))(0.7) == derivative(0.7)


class Refused:
    """What stays an error, in the words of the user."""

    def __init__(self):
        self.count = 0

    def counting(self, x):
        self.count += 1
        return x * x

    def missing(self, x):
        return x * self.nothing

    def unsupported(self, x):
        with open("f"):
            return x

    def above(self, x):
        return super().above(x)

    def __getattr__(self, name):
        raise AttributeError(name)


@pytest.mark.parametrize(
    "name, words",
    {
        "counting": ("self.count", "Refused", "return"),
        "missing": ("self.nothing",),
        "unsupported": ("with",),
        "above": ("super()",),
    }.items(),
)
def test_refusals_name_the_line(name, words):
    f = getattr(Refused(), name)
    message = complaint(lambda: dualad.grad(f)(2.0), dualad.DualadError)
    assert __file__ in message and all(w in message for w in words), message
    assert f"line {f.__func__.__code__.co_firstlineno + 1}" in message or name == "above"
    assert "takes 1 argument" in complaint(lambda: dualad.grad(f, 1), dualad.ArgumentError)
