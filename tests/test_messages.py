"""Exceptions that a function raises reach the caller with the type, text and arguments that Python gives them."""

import numba
import numpy as np
import pytest

import dualad


class OwnError(Exception):
    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def check(y, name):
    if y > 50.0:
        raise ValueError(f"{name} is {y!r}")


def complains(x, n, b, a, s):
    if n == 0:
        raise ValueError(f"negative: {x}")
    if n == 1:
        raise ValueError(f"{x:.3f} {x:>10.2e} {n:05d} {b} {s} {s!r:>8} {x!r} {{}} {x=} {3.0:{4}.1f}")
    if n == 2:
        raise OwnError("x is " + str(x) + " and " + repr(n), n)
    if n == 3:
        raise IndexError("value %g of %s, %d%% %r" % (x, s, n, b))  # noqa: UP031
    if n == 4:
        raise KeyError("only %.2f" % x, x, n)  # noqa: UP031
    if n == 5:
        raise RuntimeError("a {} b {:.1f} {name!r} {{}}".format(n, x, name=s))  # noqa: UP032
    if n == 6:
        raise ValueError(x, n, b, s)
    if n == 7:
        text = f"value {x} at {n}"
        raise ValueError(text + "!")
    if n == 8:
        raise ValueError(f"array {a} {a.shape} {a[0]}")
    if n == 9:
        check(-100.0 * x, "y")
    if n == 10:
        raise ValueError(f"{x}", "plain {}", f"{n}")
    if n == 11:
        raise ZeroDivisionError
    if n == 12:
        raise ValueError(format(x, ".1f") + format(n))
    assert n < 14, f"too large: {n} for {x}"
    assert x > 0.0, x
    return x * x + a[0]


def recursive(x, n):
    if x < 0:
        raise ValueError(f"got {x}, {n}")
    return 1.0 if n == 0 else x * recursive(x - 1.0, n - 1)


def caught(f, *args):
    with pytest.raises(Exception) as found:
        f(*args)
    error = found.value
    return type(error), str(error), error.args, vars(error), error.__cause__


def of_jitted_code():
    gradient = dualad.grad(complains)

    @numba.njit
    def f(x, n, b, a, s):
        return gradient(x, n, b, a, s) + 1.0

    return f


A = np.array([1.0, 2.5])


@pytest.mark.parametrize(
    "derivative",
    [dualad.grad(complains), dualad.jacfwd(complains), dualad.hessian(complains), of_jitted_code()],
    ids=["grad", "jacfwd", "hessian", "njit"],
)
def test_every_message(derivative):
    for n in range(13):
        args = (-2.5, n, True, A, "abc")
        assert caught(derivative, *args) == caught(complains, *args), n
    # pytest gives the assert statements of this file messages of its own
    assert caught(derivative, -2.5, 14, True, A, "abc")[:2] == (AssertionError, "too large: 14 for -2.5")
    assert caught(derivative, -2.5, 13, True, A, "abc")[:3] == (AssertionError, "-2.5", (-2.5,))


def test_numbers_of_dtype_float32():
    derivative = dualad.grad(complains)
    for n in (0, 1, 2, 4, 6, 8):
        args = (np.float32(0.1), n, True, A, "abc")
        assert caught(derivative, *args) == caught(complains, *args), n


def test_in_a_recursion():
    for derivative in (dualad.grad(recursive), dualad.jacfwd(recursive)):
        assert caught(derivative, 2.5, 7) == caught(recursive, 2.5, 7)


def test_a_text_that_native_code_cannot_make():
    def f(x):
        print(f"x is {x}")
        return x * x

    with pytest.raises(dualad.UnsupportedError, match=r"the text of a float64.*test_messages.py, line \d+\)$"):
        dualad.grad(f)(2.0)


def test_a_format_of_the_run():
    def f(x, n):
        if x < 0.0:
            raise ValueError(f"{x:.{n}f}")
        return x

    with pytest.raises(dualad.UnsupportedError, match="a format that is known only at run time"):
        dualad.grad(f)(2.0, 3)


def text_of_a_number(x):
    return x * len(repr(x))


def text_of_an_integer(x, n):
    return x * len(str(n))


def test_text_elsewhere():
    """Numba's text of a float is that of its type, and would give a wrong value."""
    with pytest.raises(dualad.UnsupportedError, match=r"repr\(\) of a real number is not supported.*line \d+"):
        dualad.grad(text_of_a_number)(2.0)
    assert dualad.grad(text_of_an_integer)(2.0, 123) == 3.0
