"""Statements beside assignments, branches and loops: match, with, try, del, import, keywords in dicts."""

import contextlib
import math

import numpy as np
import pytest
from numba import njit, objmode

import dualad
from dualad.testing import check_grads

X = np.array([0.3, 0.7, 1.2, 0.0, 2.5])


def scaled(x, *, by=2.0, **others):
    return by * x * x + others.get("shift", 0.5) * x


def by_keywords(x, y):
    options = {"by": y, "shift": x * y}
    return scaled(x, **options) + scaled(y, shift=2.0, other=1) + scaled(x)


def without_keywords(x, **options):
    for _ in options:
        x = x * x
    return x * x * options.get("scale", 2.0)


def with_fewer_keywords(x):
    return without_keywords(x) + without_keywords(x, scale=x)


def matched(x, kind, pair):
    match kind:
        case 0:
            return x * x
        case 1 | 2:
            y = x**3
        case k if k > 10:
            y = x * k
        case _:
            y = math.sin(x)
    match pair:
        case (0, v):
            y *= v
        case (u, v) if u > 0.0:
            y += u * v
    return y


def of_kind(kind, x):
    match kind:
        case "square":
            return x * x
        case "cube":
            return x**3
    return x


def matched_by_text(x):
    return of_kind("square", x) * of_kind("cube", x) + of_kind("other", x)


def with_contexts(x, y):
    with np.errstate(divide="ignore"), contextlib.nullcontext():
        z = x * y
        if z > 1.0:
            return z * z
    from math import cos

    unused = z + 1.0
    del unused
    return cos(z)


@njit
def caught_in_a_loop(x):
    total = 0.0
    for v in x:
        try:
            if v < 0.5:
                raise ValueError("too small")
            total += math.sqrt(v - 0.5)
        except Exception:
            total += v * v
    return total


@njit
def caught_division(x, y):
    total = 0.0
    for v in x:
        try:
            w = y / v
            total += w / (1.0 + w)
        except Exception:
            total -= y * y
        else:
            total *= 1.1
    return total


def ways_out(x):
    total = 1.0
    for v in x:
        try:
            if v > 2.0:
                break
            if v == 0.0:
                continue
            for w in x:
                if w > v:
                    raise ValueError
                total += w * v
            total *= v
        except ValueError:
            total += 2.0 * v
        total *= 1.5
    return total


def nested(x, y):
    try:
        try:
            if x > 1.0:
                raise ValueError("inner")
            z = x * y
        except ValueError:
            z = x + y
            if y > 1.0:
                raise RuntimeError("outer") from None
        z = z * z
    except Exception:
        z = x * y * y
    finally:
        u = x - y
    return z * u


def returned(x):
    try:
        if x < 1.0:
            return x * x
        y = 3.0 * x
    except Exception:
        return x
    return y


def lengths_unpacked(x):
    rows, *others = x.shape
    out = np.ones((2, *x.shape[1:])) + x[:2]
    turned = np.ones((*others, rows)) * x.T
    return np.sum(out * x[1:].reshape(*out.shape)) * np.sum(turned[0] ** 2)


PROGRAMS = [
    (lengths_unpacked, (np.arange(1.0, 7.0).reshape(3, 2),)),
    (by_keywords, (1.3, 0.7)),
    (with_fewer_keywords, (1.3,)),
    *((matched, (1.3, kind, (0, 1.5))) for kind in (0, 2, 11, 5)),
    (matched, (1.3, 5, (0.5, 1.5))),
    (matched_by_text, (1.3,)),
    (with_contexts, (1.3, 0.6)),
    (with_contexts, (1.3, 1.6)),
    (caught_in_a_loop, (X,)),
    (ways_out, (X + 0.05,)),
    (ways_out, (X[::-1].copy(),)),
    *((nested, args) for args in ((0.5, 0.7), (1.5, 0.7), (1.5, 1.7))),
    (returned, (0.5,)),
    (returned, (1.5,)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_statements(f, args):
    check_grads(f, args, [k for k, a in enumerate(args) if isinstance(a, float | np.ndarray)])


def test_division_by_zero_in_a_try_block():
    x, y = np.array([0.5, 0.0, 2.0]), 1.3
    expected = 0.0
    derivative = 0.0
    for v in x:  # as Numba runs it
        if v == 0.0:
            expected, derivative = expected - y * y, derivative - 2.0 * y
        else:
            w = y / v
            expected, derivative = (expected + w / (1.0 + w)) * 1.1, (derivative + 1.0 / v / (1.0 + w) ** 2) * 1.1
    assert math.isclose(caught_division(x, y), expected, rel_tol=1e-14)
    value, (_, y_bar) = dualad.value_and_grad(caught_division, argnums=(0, 1))(x, y)
    np.testing.assert_allclose([value, y_bar], [expected, derivative], rtol=1e-13)
    np.testing.assert_allclose(dualad.jvp(caught_division, (x, y), (np.zeros(3), 1.0))[1], derivative, rtol=1e-13)


# --------------------------------------------------------------------------------------------------------- refusals


def raising(x):
    if x > 1.0:
        raise ValueError("large")
    return x * x


def callee_that_raises(x):
    try:
        y = raising(x)  # refused
    except Exception:
        y = x
    return y


def callee_remedied(x):
    try:
        if x > 1.0:
            raise ValueError("large")
        y = x * x
    except Exception:
        y = x
    return y


def logarithm(x):
    try:
        y = math.log(x)
    except ValueError:  # refused
        y = x
    return y


def inversion(x):
    try:
        y = np.linalg.inv(x)  # refused
    except Exception:
        y = x
    return y


def conditional_division(x):
    try:
        y = 1.0 / x if x > 0.0 else x  # refused
    except Exception:
        y = x
    return y


def two_handlers(x):
    try:
        y = x * x
    except ValueError:
        y = x
    except TypeError:  # refused
        y = 2.0 * x
    return y


def opened(x):
    with open("nothing"):  # refused
        return x


@njit
def in_python(x):
    with objmode(y="float64"):  # refused
        y = x * x
    return y


def class_pattern(x):
    match x:
        case float(y):  # refused
            return y
    return x


def keywords_unknown(x, o):
    return scaled(x, **o)  # refused


REFUSED = [
    (callee_that_raises, (1.3,), "ValueError from what a try block calls"),
    (logarithm, (1.3,), "except ValueError around what the block does not raise itself"),
    (inversion, (np.eye(2),), "np.linalg.inv in a try block"),
    (conditional_division, (1.3,), "division by x in a try block"),
    (two_handlers, (1.3,), "a second except"),
    (opened, (1.3,), "with open('nothing')"),
    (in_python, (1.3,), "with objmode"),
    (class_pattern, (1.3,), "the pattern 'float(y)'"),
    (keywords_unknown, (1.3, (1.0, 2.0)), "** of o"),
]


@pytest.mark.parametrize(("f", "args", "words"), REFUSED)
def test_what_is_refused(f, args, words):
    python = getattr(f, "py_func", f)
    lines, first = open(__file__, encoding="utf-8").read().splitlines(), python.__code__.co_firstlineno
    line = next(k for k, text in enumerate(lines, 1) if k >= first and text.endswith("# refused"))
    with pytest.raises(dualad.UnsupportedError) as caught:
        dualad.vjp(f, *args)
    assert words in str(caught.value)
    if f is callee_that_raises:
        line = next(k for k, text in enumerate(lines, 1) if 'raise ValueError("large")' in text)
    assert f"line {line})" in str(caught.value)


def test_the_remedy_of_a_callee_that_raises():
    check_grads(callee_remedied, (0.7,))
    assert dualad.grad(callee_remedied)(1.3) == 1.0
