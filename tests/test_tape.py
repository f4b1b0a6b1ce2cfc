"""Tape and Var: every operator and function of the registry, both sweeps, memory; and a network by its recursion."""

import math
import operator

import numba
import numpy as np
import pytest

import dualad
from dualad import Dual, Tape, Var
from dualad.functions import OPERATORS, arity, compiled, is_of_numbers, of_any_number
from dualad.number_class import method_names
from dualad.rules.registry import all_rules, get
from dualad.tape import BYTES_PER_OPERATION, ENTRY, operation_name

from .rules.cases import CASES, CONSTANTS

NAMES = [r.name for r in all_rules() if r.name in CASES and is_of_numbers(r)]
CONSTANT_NAMES = [r.name for r in all_rules() if r.name in CONSTANTS and is_of_numbers(r)]


def same(actual, wanted):
    return np.allclose(actual, wanted, rtol=1e-15, atol=0.0, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_in_plain_python(name):
    rule, tape = get(name), Tape()
    function = of_any_number(rule)
    for args in [*CASES[name].points, *(args for args, _ in CASES[name].kinks)]:
        free = [k for k, x in enumerate(args) if isinstance(x, float)]
        value, partials = compiled(rule)(*args)
        for chosen in [free, *([k] for k in free)]:
            tape.reset()
            numbers = [tape.var(x) if k in chosen else x for k, x in enumerate(args)]
            results = [function(*numbers)]
            if isinstance(numbers[0], Var):
                results += [getattr(numbers[0], method)(*numbers[1:]) for method in method_names(rule)]
            if name in OPERATORS:
                results.append(getattr(operator, OPERATORS[name])(*numbers))
            for result in results:
                assert same(result.value, value)
                assert same(tape.gradient(result, [numbers[k] for k in chosen]), [partials[k] for k in chosen])
                for k in chosen:
                    assert same(tape.tangents(numbers[k])[result.index], partials[k])
                entry = tape.entries[result.index]
                assert operation_name(entry["operation"]) == name
                for k, number in enumerate(("first_partial", "second_partial")[: len(args)]):
                    assert k in chosen or entry[number] == args[k] or math.isnan(args[k])


@pytest.mark.parametrize("name", CONSTANT_NAMES)
def test_what_is_constant_by_pieces_is_an_ordinary_number(name):
    rule, args = get(name), CONSTANTS[name]
    tape = Tape()
    result = of_any_number(rule)(tape.var(args[0]), *args[1:])
    assert not isinstance(result, Var) and len(tape) == 1
    assert result == rule.functions[0](*args)


@pytest.mark.parametrize("count", [1, 2])
def test_every_rule_in_jitted_code(count):
    names = [name for name in NAMES if arity(get(name)) == count and name not in ("ldexp", "psi_n")]
    namespace = {name: of_any_number(get(name)) for name in names} | {"Tape": Tape}
    calls = [f"{name}({a})" for name in names for a in (["x"] if count == 1 else ["x, y", "x, 1.5", "0.625, y"])]
    lines = "".join(f"    out.append({call})\n" for call in calls)
    source = f"def f():\n    tape = Tape(1)\n    x, y = tape.var(0.625), tape.var(1.5)\n    out = [x]\n{lines}"
    exec(source + "    return tape, out\n", namespace)
    tape, (x, *results) = numba.njit(error_model="numpy")(namespace["f"])()
    assert tape.length == 2 + len(calls)
    results = iter(results)
    for name in names:
        value, partials = compiled(get(name))(*(0.625, 1.5)[:count])
        for kept in [(1.0, 1.0)] if count == 1 else [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]:
            result = next(results)
            bars = tape.adjoints(result)[:2]
            wanted = [partials[k] if kept[k] else 0.0 for k in range(count)]
            assert same(result.value, value) and same(bars[:count], wanted), name


def deep(x, n):
    y = x
    for _ in range(n):
        y = math.sin(y) * x + 1.0
    return y


def test_recording_and_both_sweeps_in_jitted_code():
    jitted = numba.njit(deep)

    @numba.njit
    def both(x, n):
        tape = Tape(64)
        v = tape.var(x)
        y = jitted(v, n)
        return y.value, tape.adjoints(y)[v.index], tape.tangents(v)[y.index], tape.length

    value, x_bar, y_dot, length = both(0.7, 500)
    assert value == pytest.approx(deep(0.7, 500), rel=1e-13) and length == 1 + 3 * 500
    assert x_bar == pytest.approx(y_dot, rel=1e-13)
    assert x_bar == pytest.approx(dualad.grad(deep)(0.7, 500), rel=1e-13)
    assert jitted(Dual(0.7, 1.0), 500).tangent == pytest.approx(x_bar, rel=1e-13)


def test_memory_an_operation():
    assert BYTES_PER_OPERATION == ENTRY.itemsize == 34
    tape = Tape(4)
    y = tape.var(1.0)
    for k in range(1, 100):
        assert len(tape) == k and tape.nbytes() == 34 * max(4, 1 << (k - 1).bit_length())
        y = y * 1.01
    assert repr(tape) == f"<Tape of 100 operations, {128 * 34} bytes>"
    assert tape.entries["value"][99] == y.value  # what was recorded survives the doubling
    assert tape.adjoints(y)[0] == pytest.approx(1.01**99, rel=1e-14)
    with pytest.raises(ValueError, match="at least 1"):
        Tape(0)


def test_reset_keeps_the_memory_and_refuses_old_vars():
    tape = Tape()
    x = tape.var(2.0)
    y = x
    for _ in range(1000):
        y = y + x
    size = tape.nbytes()
    tape.reset()
    assert len(tape) == 0 and tape.nbytes() == size
    again = tape.var(3.0)
    assert again.index == 0 and tape.gradient(again * again, again) == 6.0
    for use in (lambda: x + 1.0, lambda: again + x, lambda: tape.adjoints(y), lambda: tape.gradient(again, x)):
        with pytest.raises(dualad.ArgumentError, match="before the tape was reset"):
            use()
    other = Tape()
    for use in (lambda: other.var(1.0) * again, lambda: other.adjoints(again)):
        with pytest.raises(dualad.ArgumentError, match="another tape"):
            use()
    with pytest.raises(dualad.ArgumentError, match="input"):
        tape.tangents(again * again)


def test_gradients_in_the_form_of_the_inputs():
    tape = Tape()
    a = np.array([[tape.var(1.0), tape.var(2.0)], [tape.var(3.0), tape.var(4.0)]], dtype=object)
    b = (tape.var(5.0), [tape.var(6.0)])
    y = np.sum(a * a) + b[0] * b[1][0]
    assert np.array_equal(tape.gradient(y, a), [[2.0, 4.0], [6.0, 8.0]])
    assert tape.gradient(y, b) == (6.0, [5.0])
    assert tape.gradient(1.0, b) == (0.0, [0.0])  # a result that is no Var depends on nothing


def test_var_is_a_number():
    tape = Tape()
    v = tape.var(2.5)
    assert repr(v) == "Var(2.5, index=0)" and f"{v:.2f}" == "2.50"
    assert (int(v), round(v), math.floor(v), v // 1) == (2, 2, 2, 2.0) and v and v < 3 and 2 < v
    for lossy in (float, math.sin, lambda x: x + "one", lambda x: x + Dual(1.0, 1.0)):
        with pytest.raises(TypeError):
            lossy(v)
    assert len(tape) == 1
    assert np.sin(np.array([v]))[0].value == pytest.approx(math.sin(2.5))


def test_a_zero_adjoint_stays_zero_where_the_partial_is_infinite():
    tape = Tape()
    x = tape.var(0.0)
    assert tape.gradient(x * 2.0 + 0.0 * dualad.sqrt(x), x) == 2.0


# ------------------------------------------------------- networks by recursion


def layered_loss(weights, biases, x, y):
    """The loss of a network with layers of one width: z = W h + b, h = tanh(z), E = |h - y|^2 / 2, by loops."""
    depth, width = biases.shape
    h = x.copy()
    for layer in range(depth):
        z = np.zeros(width)
        for i in range(width):
            z[i] = biases[layer, i]
            for j in range(width):
                z[i] += weights[layer, i, j] * h[j]
        for i in range(width):
            h[i] = math.tanh(z[i])
    loss = 0.0
    for i in range(width):
        loss += 0.5 * (h[i] - y[i]) ** 2
    return loss


def test_a_layered_network_follows_the_recursion_of_backpropagation():
    rng = np.random.default_rng(5)
    depth, width = 4, 3
    weights, biases = rng.standard_normal((depth, width, width)), rng.standard_normal((depth, width))
    x, y = rng.standard_normal(width), rng.standard_normal(width)

    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(np.tanh(w @ activations[-1] + b))
    by_weights, by_biases = np.empty_like(weights), np.empty_like(biases)
    delta = (activations[-1] - y) * (1.0 - activations[-1] ** 2)
    for layer in reversed(range(depth)):
        by_weights[layer] = np.outer(delta, activations[layer])
        by_biases[layer] = delta
        delta = (1.0 - activations[layer] ** 2) * (weights[layer].T @ delta)

    for gradient in (dualad.grad(layered_loss, argnums=(0, 1)), dualad.tape_grad(layered_loss, argnums=(0, 1))):
        got_weights, got_biases = gradient(weights, biases, x, y)
        np.testing.assert_allclose(got_weights, by_weights, rtol=1e-13, atol=1e-16)
        np.testing.assert_allclose(got_biases, by_biases, rtol=1e-13, atol=1e-16)
