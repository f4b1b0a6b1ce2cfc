"""Arguments from Python: lists as structures, and what is refused with a remedy."""

import collections

import numpy as np
import pytest

import dualad

from .test_errors import complaint as complaint_of


def complaint(call):
    return complaint_of(call, dualad.DualadError)


def square(x):
    return x * x


class ForeignArray:
    """An array as JAX and PyTorch have them."""

    def __array__(self, *args, **kwargs):
        return np.ones(2)


FOREIGN = {
    "foreign array": (ForeignArray(), "np.asarray({})"),
    "long double": (np.longdouble(1.0), "np.float64({})"),
    "long doubles": (np.ones(2, np.longdouble), "{}.astype(np.float64)"),
    "half": (np.ones(2, np.float16), "{}.astype(np.float64)"),
    "masked": (np.ma.array([1.0, 2.0]), "{}.filled"),
    "masked in a list": ([np.ma.array([1.0, 2.0])], "{}.filled"),
    "matrix": (np.ones((1, 2)).view(np.matrix), "np.asarray({})"),
    "matrix in a tuple": ((np.ones((1, 2)).view(np.matrix), 1.0), "np.asarray({})"),
    "foreign order": (np.array([1.0, 2.0], ">f8"), "{}.astype(float)"),
    "objects": (np.array([1.0, 2.0], dtype=object), "{}.astype(float)"),
    "dict": ({"a": collections.defaultdict(float)}, "dict({})"),
    "unknown": (object(), "numbers and arrays in it"),
    "long list": ([np.ones(2)] * 100, "np.array({})"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_arguments_that_native_code_does_not_take(name):
    x, remedy = FOREIGN[name]
    message = complaint(lambda: dualad.grad(square)(x))
    inside = {"masked in a list": "[0]", "matrix in a tuple": "[0]", "dict": "['a']"}.get(name, "")
    assert f"argument 0 (x{inside}) of square" in message
    assert remedy.format(f"x{inside}") in message or name == "unknown"
    if name != "long list":  # which may be held fixed
        for call in (lambda: dualad.grad(first)(2.0, x), lambda: dualad.grad(first)(2.0, other=x)):
            message = complaint(call)
            assert f"argument 1 (other{inside}) of first" in message and remedy.format(f"other{inside}") in message


def first(x, other):
    return x * x


def test_lists_are_structures():
    def f(items):
        return np.sum(np.sin(items[0])) * items[1][0]

    items = [np.array([0.5, 1.0]), [3.0]]
    wanted = [3.0 * np.cos(items[0]), [np.sin(items[0]).sum()]]

    def check(found):
        assert isinstance(found, list) and isinstance(found[1], list)
        np.testing.assert_allclose(found[0], wanted[0])
        assert found[1] == pytest.approx(wanted[1])

    for transform in (dualad.grad, dualad.jacfwd, dualad.jacrev):
        check(transform(f)(items))
        check(transform(f, (0,))(items=items)[0])
    check(dualad.value_and_grad(f)(items)[1])
    check(dualad.vjp(f, items)[1](1.0)[0])
    slope = dualad.jvp(f, (items,), ([np.ones(2), [0]],))[1]
    assert slope == pytest.approx(wanted[0].sum())
    assert dualad.hvp(f, (items,), ([np.zeros(2), [1.0]],))[0] == pytest.approx(np.cos(items[0]))
    second = dualad.hessian(f)(items)
    assert second[1][0][1] == [0.0] and second[1][0][0] == pytest.approx(np.cos(items[0]))
    for held in ([], [1.0, 2], [np.ones(2), np.ones((2, 2))], [[1.0], [2.0]], [np.ones(2)] * 100):
        assert dualad.grad(first)(2.0, held) == 4.0


def with_lists(x, n):
    return x**3, [x * x, n, (x, [1.0, "s"])]


def test_lists_in_auxiliary_output():
    aux = [9.0, 2, (3.0, [1.0, "s"])]
    assert dualad.grad(with_lists, has_aux=True)(3.0, 2) == (27.0, aux)
    assert dualad.value_and_grad(with_lists, has_aux=True)(3.0, 2) == ((27.0, aux), 27.0)
    for transform in (dualad.jacfwd, dualad.jacrev, dualad.hessian):
        derivative, found = transform(with_lists, has_aux=True)(3.0, 2)
        assert found == aux and isinstance(derivative, float)

    def growing(x, n):
        history = []
        for k in range(n):
            history.append(k * x)
        return x**3, history

    assert dualad.grad(growing, has_aux=True)(3.0, 2) == (27.0, [0.0, 3.0])


def overwriting(x):
    x[0] = x[0] * x[1]
    return (x * x).sum()


def test_arrays_that_are_read_only():
    x = np.array([2.0, 3.0])
    x.setflags(write=False)
    for transform in (dualad.grad, dualad.jacfwd):
        np.testing.assert_allclose(transform(overwriting)(x), [36.0, 30.0])
        np.testing.assert_allclose(transform(overwriting)(np.broadcast_to(np.array([2.0]), (2,))), [16.0, 20.0])
    np.testing.assert_array_equal(x, [2.0, 3.0])
