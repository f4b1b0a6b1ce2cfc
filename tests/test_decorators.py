"""Decorators of inner functions that are not applied: an error that names the decorator and its line."""

import functools

import numba
import numpy as np
import pytest

import dualad


class Held:
    def __init__(self, f):
        self.f = f


def by_class(x):
    @Held  # refused
    def g(q):
        return q * q

    return g(x)


def by_numba(x):
    @numba.vectorize  # refused
    def g(q):
        return q * q

    return g(x)


def cached_with_a_variable(x):
    k = 3.0

    @functools.cache  # refused
    def g(q):
        return q * k

    y = g(x)
    k = 5.0
    return y + g(x)


def cached_with_a_store(x):
    @functools.lru_cache  # refused
    def g(q):
        a = np.zeros(2)
        a[0] = q
        return a[0]

    return g(x)


def with_any_keywords(f):
    def g(q, **options):  # noqa: ARG001
        return f(q)

    return g


def by_keywords(x):
    @with_any_keywords
    def g(q):
        return q * q

    return g(x)


def test_a_decorator_with_any_keywords():
    assert dualad.grad(by_keywords)(2.0) == 4.0


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (by_class, "the decorator @Held"),
        (by_numba, "the decorator @numba.vectorize"),
        (cached_with_a_variable, "@functools.cache on g, which uses k,"),
        (cached_with_a_store, "@functools.lru_cache on g, which uses a[0],"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_a_decorator_that_is_not_applied_is_named(f, words):
    with pytest.raises(dualad.UnsupportedError) as caught:
        dualad.grad(f)(2.0)
    lines = open(__file__, encoding="utf-8").read().splitlines()
    first = f.__code__.co_firstlineno
    line = next(k for k in range(first, len(lines)) if "# refused" in lines[k - 1])
    assert words in str(caught.value) and f"({__file__}, line {line})" in str(caught.value)


@functools.lru_cache
def squared(x):
    return x * x


def with_gradient(x):
    @dualad.grad
    @functools.cache
    def g(q):
        return q * squared(q)

    return g(x)


def test_a_cache_of_results_is_looked_through():
    assert dualad.grad(squared)(3.0) == dualad.grad(by_keywords)(3.0) == 6.0
    assert dualad.value_and_grad(with_gradient)(2.0) == (12.0, 12.0)
