"""Every pointwise and constant rule of dualad, driven by the registry: a primitive without a case fails."""

import math

import numpy as np
import pytest
import scipy.special
from numba import njit

from dualad.rules.registry import all_rules
from dualad.rules.special import digamma, polygamma

from .cases import CASES, CONSTANTS

RULES = {
    rule.name: rule
    for rule in all_rules()
    if rule.kind == "pointwise"
    and rule.function.__module__.startswith("dualad.rules.")
    and rule.name != "vanishing_rule"  # it says that there is no derivative
}
CONSTANT_RULES = {
    rule.name: rule
    for rule in all_rules()
    # the library's own helpers, some of which hold decompositions, are tested by the functions that are made of them
    if rule.kind == "constant"
    and not rule.is_users
    and not (getattr(rule.functions[0], "__module__", None) or "").startswith("dualad.")
}
NOT_IN_NUMBA = {math.fmod}  # kept for plain Python; Numba 0.68 has np.fmod alone

# Numba's mathematical functions are not those of Python to the last bit; the worst is lgamma of a negative number.
ULPS_TO_PYTHON = 16

# Powers of two: the arguments of the differences are then exact, and so are the differences of a cast to float32.
LADDER = [2.0**-k for k in range(2, 21, 2)]


def compiled(rule, arity):
    """Compile one function that gives the rule's result and those of the functions that the rule stands for."""
    functions = [f for f in rule.functions if f not in NOT_IN_NUMBA]
    namespace = {f"function_{i}": f for i, f in enumerate(functions)}
    params = ", ".join(f"x{i}" for i in range(arity))
    calls = "".join(f"{name}({params}), " for name in namespace)
    result = "0.0"
    if rule.function is not None:
        namespace["rule"] = njit(error_model="numpy")(rule.function)
        result = f"rule({params})"
    exec(f"def both({params}):\n    return {result}, ({calls})", namespace)
    return njit(error_model="numpy")(namespace["both"])


def same(actual, expected, ulps=0):
    return np.allclose(actual, expected, rtol=ulps * 2.0**-52, atol=0.0, equal_nan=True)


def central_difference(value, args, i, step):
    """Return the difference quotient of fourth order by argument i."""

    def at(k):
        return float(value(*args[:i], args[i] + k * step, *args[i + 1 :]))

    return (8.0 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12.0 * step)


def test_every_rule_has_a_case():
    assert set(RULES) == set(CASES)
    assert all(case.points for case in CASES.values())


def test_every_constant_is_listed():
    assert set(CONSTANTS) == set(CONSTANT_RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule(name):
    rule, case = RULES[name], CASES[name]
    both = compiled(rule, rule.arity)

    def value(*args):
        return both(*args)[0][0]

    for args in case.points:
        (primal, partials), originals = both(*args)
        assert len(partials) == rule.arity
        for original in originals:
            assert same(primal, original), (args, primal, original)
        for function in rule.functions:
            assert same(primal, function(*args), ULPS_TO_PYTHON), (function, args)
        python_primal, python_partials = rule.function(*args)
        assert same(primal, python_primal, ULPS_TO_PYTHON), args
        assert same(partials, python_partials, ULPS_TO_PYTHON), args
        for i, partial in enumerate(partials):
            if isinstance(args[i], int):
                continue
            quotients = [central_difference(value, args, i, step * max(1.0, abs(args[i]))) for step in LADDER]
            errors = [abs(q - partial) for q in quotients if math.isfinite(q)]
            assert min(errors) <= 1e-9 * max(abs(partial), 1e-2), (args, i, partial, quotients)

    for args, expected in case.kinks:
        (_, partials), _ = both(*args)
        assert same(partials, expected), (args, partials, expected)


@pytest.mark.parametrize("name", sorted(name for name in RULES if not RULES[name].singular))
def test_partials_are_finite_unless_singular(name):
    """What is not declared singular has no infinite partial at a finite point; division has, and is judged by use."""
    if name in ("truediv", "reciprocal"):
        pytest.skip("division by zero: its partials are infinite where the value is")
    for args, expected in CASES[name].kinks:
        if all(math.isfinite(x) for x in args):
            assert all(math.isfinite(p) for p in expected), args


@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_constant(name):
    rule, args = CONSTANT_RULES[name], CONSTANTS[name]
    both = compiled(rule, len(args))
    _, results = both(*args)
    for function, result in zip(rule.functions, results, strict=True):
        assert result == function(*args), function
    for i, x in enumerate(args):
        if isinstance(x, float):
            for nudged in (x - 2.0**-10, x + 2.0**-10):
                assert both(*args[:i], nudged, *args[i + 1 :])[1] == results


def _spread(rng, lowest):
    """Numbers over all magnitudes; negative ones keep 1e-3 from the poles, where the rounding of x itself decides."""
    positive = 10.0 ** rng.uniform(-8.0, 8.0, 2000)
    negative = rng.integers(lowest, 0, 2000) + rng.uniform(1e-3, 1.0 - 1e-3, 2000)
    return np.concatenate([positive, rng.uniform(0.0, 20.0, 2000), rng.uniform(1.4, 1.6, 200), negative])


def test_digamma_agrees_with_scipy():
    x = _spread(np.random.default_rng(1), -300)
    ours = np.array([digamma(t) for t in x])
    theirs = scipy.special.digamma(x)
    # At a root the rounding of x is all there is: its effect, |x psi'(x)| ulp, is allowed for.
    conditioning = np.abs(x * np.array([polygamma(1, t) for t in x])) * 2.0**-50
    np.testing.assert_array_less(np.abs(ours - theirs), 1e-13 * np.abs(theirs) + conditioning)
    assert digamma(0.0) == -math.inf and digamma(-0.0) == math.inf and math.isnan(digamma(-3.0))
    assert digamma(math.inf) == math.inf and math.isnan(digamma(-math.inf)) and math.isnan(digamma(math.nan))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_polygamma_agrees_with_scipy(n):
    x = _spread(np.random.default_rng(n), -50)
    ours = np.array([polygamma(n, t) for t in x])
    theirs = scipy.special.polygamma(n, x)
    conditioning = np.abs(x * np.array([polygamma(n + 1, t) for t in x])) * 2.0**-50
    both = np.isfinite(theirs) & np.isfinite(ours)
    assert both.mean() > 0.8
    np.testing.assert_array_less(np.abs(ours - theirs)[both], (1e-13 * np.abs(theirs) + conditioning)[both])
    assert polygamma(n, 0.0) == (math.inf if n % 2 else -math.inf) and polygamma(n, math.inf) == 0.0
    assert math.isnan(polygamma(n, math.nan)) and math.isinf(polygamma(n, -2.0)) == (n % 2 == 1)
