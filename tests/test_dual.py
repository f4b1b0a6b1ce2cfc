"""Dual: every operator and function of the registry, in plain Python, object arrays and jitted code."""

import builtins
import copy
import math
import operator
import pickle

import numba
import numpy as np
import pytest

import dualad
from dualad import Dual
from dualad.functions import OPERATORS, arity, compiled, is_of_numbers, of_any_number
from dualad.number_class import method_names
from dualad.rules.registry import all_rules, get

from .rules.cases import CASES, CONSTANTS

NAMES = [r.name for r in all_rules() if r.name in CASES and is_of_numbers(r)]
CONSTANT_NAMES = [r.name for r in all_rules() if r.name in CONSTANTS and is_of_numbers(r)]


def expected(rule, args, directions):
    """Return value and tangent from the rule itself; a zero tangent contributes nothing."""
    value, partials = compiled(rule)(*args)
    return value, sum(p * d for p, d in zip(partials, directions, strict=True) if d != 0.0)


def same(actual, wanted):
    return np.allclose(actual, wanted, rtol=1e-15, atol=0.0, equal_nan=True)


def points(name):
    """Return the ordinary points and the kinks of a rule, with the positions that can be Duals."""
    case = CASES[name]
    for args in [*case.points, *(args for args, _ in case.kinks)]:
        yield args, [k for k, x in enumerate(args) if isinstance(x, float)]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_in_plain_python(name):
    rule = get(name)
    function = of_any_number(rule)
    for args, free in points(name):
        for chosen in [free, *([k] for k in free)]:
            directions = [0.75 + k if k in chosen else 0.0 for k in range(len(args))]
            duals = [Dual(x, d) if d else x for x, d in zip(args, directions, strict=True)]
            value, tangent = expected(rule, args, directions)
            results = [function(*duals)]
            if isinstance(duals[0], Dual):
                results += [getattr(duals[0], method)(*duals[1:]) for method in method_names(rule)]
            if name in OPERATORS:
                results.append(getattr(operator, OPERATORS[name])(*duals))
            for result in results:
                assert isinstance(result, Dual)
                assert same((result.primal, result.tangent), (value, tangent)), (args, chosen, result)


@pytest.mark.parametrize("name", CONSTANT_NAMES)
def test_what_is_constant_by_pieces_is_an_ordinary_number(name):
    rule, args = get(name), CONSTANTS[name]
    result = of_any_number(rule)(Dual(args[0], 1.0), *args[1:])
    assert not isinstance(result, Dual)
    assert result == rule.functions[0](*args)
    if name in OPERATORS:
        assert getattr(operator, OPERATORS[name])(args[0], Dual(args[-1], 1.0)) == rule.functions[0](args[0], args[-1])


def jitted_calls(count):
    """Return the source of a function that calls all rules of so many arguments on x (and y), each way round."""
    names = [name for name in NAMES if arity(get(name)) == count and name not in ("ldexp", "psi_n")]
    namespace = {name: of_any_number(get(name)) for name in names}
    lines = []
    for name in names:
        arguments = ["x"] if count == 1 else ["x, y", "x, 1.5", "0.625, x"]
        lines += [f"    out.append({name}({a}))\n" for a in arguments]
    exec(f"def f(x, y):\n    out = [x]\n{''.join(lines)}    return out[1:]\n", namespace)
    return numba.njit(error_model="numpy")(namespace["f"]), names


@pytest.mark.parametrize("count", [1, 2])
def test_every_rule_in_jitted_code(count):
    function, names = jitted_calls(count)
    x, y = Dual(0.625, 1.0), Dual(1.5, -2.0)
    results = iter(function(x, y))
    for name in names:
        rule = get(name)
        for args, directions in (
            [((0.625,), (1.0,))]
            if count == 1
            else [((0.625, 1.5), (1.0, -2.0)), ((0.625, 1.5), (1.0, 0.0)), ((0.625, 0.625), (0.0, 1.0))]
        ):
            result = next(results)
            assert same((result.primal, result.tangent), expected(rule, args, directions)), (name, args)


def test_functions_and_operators_of_python_math_and_numpy_in_jitted_code():
    def f(x):
        y = x + math.sin(x) + 1.0 + (2.0 + x) + np.exp(-x) + x**2 + 2.0**x - 3 / x
        y += x
        y *= 2
        if 1.0 < y and y > x and not y == 3.0 and y >= 0 and y != x:
            y = y - (x % 0.3)
        return max(y, x) + abs(x) + x // 1.0 + np.maximum(x, 2.0) + min(x, 0.0) + math.floor(x) + round(x) + np.sign(x)

    jitted = numba.njit(f)
    value = jitted(1.25)
    result, plain = jitted(Dual(1.25, 1.0)), dualad.for_any_number(f)(Dual(1.25, 1.0))
    h = 2.0**-17
    assert same(result.primal, value) and result.tangent == pytest.approx((f(1.25 + h) - f(1.25 - h)) / (2 * h), 1e-8)
    assert plain.primal == pytest.approx(value, 1e-14) and plain.tangent == pytest.approx(result.tangent, 1e-14)


def test_truth_and_conversion_in_jitted_code():
    @numba.njit
    def f(x):
        return (1 if x else 0), int(x), (1 if not x else 0)

    assert f(Dual(0.0, 1.0)) == (0, 0, 1) and f(Dual(2.5, 0.0)) == (1, 2, 0)


def test_construction_inside_jitted_code():
    @numba.njit
    def derivative(x):
        d = Dual(x, 1.0)
        y = d * d.sin()
        return y.primal, y.tangent

    assert same(derivative(0.7), (0.7 * math.sin(0.7), math.sin(0.7) + 0.7 * math.cos(0.7)))


def test_closed_form():
    x, y = 2.0, 0.5
    for direction, partial in (
        ((1.0, 0.0), 1.0 + y * math.cos(x * y) * math.exp(math.sin(x * y))),
        ((0.0, 1.0), x * math.cos(x * y) * math.exp(math.sin(x * y))),
    ):
        dx, dy = Dual(x, direction[0]), Dual(y, direction[1])
        f = 1 + dx + dualad.exp(dualad.sin(dx * dy))
        assert f.primal == pytest.approx(1.0 + x + math.exp(math.sin(x * y)), rel=1e-15)
        assert f.tangent == pytest.approx(partial, rel=1e-15)


def test_object_arrays():
    a = np.array([Dual(0.5, 1.0), Dual(2.0, -1.0)], dtype=object)
    for function in (np.sin, np.arctan, np.hypot, np.exp2, np.cbrt, np.degrees, np.absolute, np.arctan2, np.power):
        args = (a,) if function.nin == 1 else (a, 1.5)
        for d, result in zip(a, function(*args), strict=True):
            rule = next(r for r in all_rules() if function in r.functions)
            value, tangent = expected(rule, (d.primal, *args[1:]), (d.tangent, 0.0)[: len(args)])
            assert same((result.primal, result.tangent), (value, tangent)), function
    assert [d.primal for d in np.arange(2) * a[1]] == [0.0, 2.0]
    assert [d.tangent for d in a[1] + np.ones(2)] == [-1.0, -1.0]
    product = np.dot(a, a)
    assert (product.primal, product.tangent) == (4.25, -3.0)
    assert isinstance(np.float64(2.0) * a[0], Dual) and isinstance(dualad.sin(a)[0], Dual)
    mixed = np.array([0.5, Dual(0.5, 1.0)], dtype=object)
    assert dualad.cos(mixed)[0] == math.cos(0.5) and dualad.cos(mixed)[1].primal == pytest.approx(math.cos(0.5))


def test_comparisons_look_at_the_primal():
    a, b = Dual(1.0, 5.0), Dual(2.0, -5.0)
    assert a < b and a <= b and b > a and b >= 1 and a == 1.0 and a != b and 0 < a and a == Dual(1.0, 0.0)
    assert hash(a) == hash(1.0) and not Dual(0.0, 1.0) and a != "one"
    assert max(a, b) is b and sorted([b, a])[0] is a


def test_conversions():
    d = Dual(2.5, 1.0)
    assert (int(d), math.floor(d), math.ceil(d), math.trunc(d), round(d), d // 1) == (2, 2, 3, 2, 2, 2.0)
    quotient, remainder = divmod(d, 2)
    assert quotient == 1.0 and (remainder.primal, remainder.tangent) == (0.5, 1.0)
    for lossy in (float, math.sin):
        with pytest.raises(TypeError):
            lossy(d)
    with pytest.raises(TypeError):
        d + "one"
    with pytest.raises(TypeError):
        dualad.atan2(d, "one")
    assert (d * 10**30).primal == 2.5e30


def test_printing_and_copying():
    d = Dual(2.5, -1.0)
    assert repr(d) == "Dual(2.5, -1.0)" and f"{d:.2f}" == "2.50 + -1.00 ε" and repr(Dual(1.0)) == "Dual(1.0, 0.0)"
    for twin in (copy.copy(d), copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
        assert (twin.primal, twin.tangent) == (2.5, -1.0)


def test_a_zero_tangent_stays_zero_where_the_partial_is_infinite():
    assert dualad.sqrt(Dual(0.0, 0.0)).tangent == 0.0 and dualad.sqrt(Dual(0.0, 1.0)).tangent == math.inf
    assert (Dual(-2.0, 1.0) ** 3.0).tangent == 12.0  # the partial by the exponent is NaN, and not wanted


def test_the_functions_take_floats_and_arrays():
    assert dualad.sin(0.5) == math.sin(0.5) and dualad.arcsin is dualad.asin
    assert np.array_equal(dualad.exp(np.array([0.0, 1.0])), np.exp([0.0, 1.0]))
    assert numba.njit(lambda x: dualad.sin(x) + dualad.floor(x))(1.5) == pytest.approx(math.sin(1.5) + 1.0)
    assert not set(dualad.functions.__all__) & set(dir(builtins))


def function_of_dualad(x):
    return dualad.sin(x) * dualad.hypot(x, 2.0)


def test_a_program_that_calls_them_is_differentiated_by_the_engine():
    d = function_of_dualad(Dual(0.7, 1.0))
    assert dualad.grad(function_of_dualad)(0.7) == pytest.approx(d.tangent, rel=1e-15)
