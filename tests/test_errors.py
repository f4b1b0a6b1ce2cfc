"""Bad input gives one clear error, which names the construct, where it stands and what to do, and loses nothing.

The functions here that the engine refuses mark the refused line with the comment `# refused`.
"""

import contextlib
import inspect
import math
import os

import numba
import numpy as np
import pytest

import dualad

HERE = os.path.basename(__file__)


def complaint(call, kind=dualad.UnsupportedError):
    """Return the message of the error that a call raises; it is one line, and no other error hangs on it."""
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert isinstance(error, dualad.DualadError)
    assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    message = str(error)
    assert message and "\n" not in message
    return message


# ------------------------------------------------------------------- syntax and callees


def with_try(x):
    try:
        return math.sqrt(x)  # refused
    finally:
        print("done")


def with_with(x):
    with contextlib.suppress(ValueError):  # refused
        x = math.sqrt(x)
    return x


def with_generator(x):
    products = (i * x for i in range(3))  # refused
    return sum(products)


def with_comprehension(x):
    items = {i: i * x for i in range(int(x))}  # refused
    return items[1]


def with_dict(x):
    table = {"a": x}
    return table.popitem()[1]  # refused


def with_set(x):
    return len({x}) * x  # refused


def with_global(x):
    global somewhere  # refused
    somewhere = x
    return x


def made_with_nonlocal():
    y = 0.0

    def with_nonlocal(x):
        nonlocal y  # refused
        y = x
        return y

    return with_nonlocal


def with_class(x):
    class Inner:  # refused
        pass

    return x


def with_del(x):
    items = np.full(3, x)
    del items[1]  # refused
    return items[0]


def with_yield(x):
    yield x  # refused


def with_match(x):
    match x:
        case float():  # refused
            return x
    return 2.0 * x


def with_complex(x):
    return np.sign(x * 1j).imag  # refused


def with_sort(x):
    items = [x, 2.0 * x]
    items.sort(key=abs)  # refused
    return items[0]


def with_attribute(x):
    return x.nothing  # refused


def with_missing_name_of_numpy(x):
    return np.frobnicate(x)  # refused


def with_untyped_callee(x):
    return open(x)  # refused


def with_callee_without_rule(x):
    return np.kaiser(5, x)[1]  # refused


def with_callee_of_numpy_unknown_to_numba(x):
    return np.i0(np.full(2, x))[0]  # refused


SYNTAX = {
    "try": with_try,
    "with": with_with,
    "for i in range(3)": with_generator,
    "a dict comprehension": with_comprehension,
    "dict.popitem": with_dict,
    "{x}": with_set,
    "the global variable somewhere": with_global,
    "assigning to y": made_with_nonlocal(),
    "class": with_class,
    "del": with_del,
    "yield": with_yield,
    "the pattern 'float()'": with_match,
    "np.sign": with_complex,
    "sort": with_sort,
    "nothing": with_attribute,
    "frobnicate": with_missing_name_of_numpy,
    "open": with_untyped_callee,
    "kaiser": with_callee_without_rule,
    "np.i0": with_callee_of_numpy_unknown_to_numba,
}


def refused_line(f):
    lines, first = inspect.getsourcelines(f)
    (line,) = [first + k for k, text in enumerate(lines) if "# refused" in text]
    return line


CALLS = {
    "grad": lambda f, x: dualad.grad(f)(x),
    "jvp": lambda f, x: dualad.jvp(f, (x,), (x,)),
    "vjp": lambda f, x: dualad.vjp(f, x)[1](x),
    "source": lambda f, x: dualad.derivative_source(f, x),
}


@pytest.mark.parametrize("construct", SYNTAX)
def test_what_is_not_supported_is_named_with_its_place(construct):
    f = SYNTAX[construct]
    messages = {name: complaint(lambda call=call: call(f, 2.0)) for name, call in CALLS.items()}
    for message in messages.values():
        assert construct in message
        assert HERE in message
        assert f"line {refused_line(f)})" in message
        assert ":" in message  # behind the colon stands the remedy, or the reason that Numba gives


def calls_helper(x):
    return with_try(x) * 2.0


def test_the_place_is_the_one_in_the_helper():
    message = complaint(lambda: dualad.grad(calls_helper)(2.0))
    assert f"line {refused_line(with_try)})" in message


def with_unknown_name(x):
    return frobnicate(x)  # noqa: F821  # refused


def test_a_name_that_does_not_exist_is_named():
    message = complaint(lambda: dualad.grad(with_unknown_name)(2.0))
    assert "frobnicate" in message and f"line {refused_line(with_unknown_name)})" in message


def test_a_plain_statement_reads_as_the_user_wrote_it():
    message = complaint(lambda: dualad.grad(with_class)(2.0))
    assert "classdef" not in message and "the statement class" in message


def test_inside_jitted_code_the_message_is_kept():
    derivative = dualad.grad(with_try)

    @numba.njit
    def caller(x):
        return derivative(x) + 1.0

    with pytest.raises((dualad.UnsupportedError, numba.core.errors.NumbaError)) as caught:
        caller(2.0)
    assert "try" in str(caught.value) and f"line {refused_line(with_try)}" in str(caught.value)


# ------------------------------------------------------------------- what has no derivative


def square(x):
    return x * x


@pytest.mark.parametrize("x", [2, True, np.int32(2), np.arange(3), np.array([True]), (1, 2)], ids=repr)
def test_arguments_without_a_derivative(x):
    f = square if not isinstance(x, tuple) else (lambda pair: pair[0] * 2.0)
    kind = dualad.NotDifferentiableError
    message = complaint(lambda: dualad.grad(f)(x), kind)
    assert ("(x)" in message or "(pair)" in message) and "float" in message
    complaint(lambda: dualad.value_and_grad(f)(x), kind)
    complaint(lambda: dualad.jvp(f, (x,), (x,)), kind)
    complaint(lambda: dualad.vjp(f, x), kind)
    complaint(lambda: dualad.derivative_source(f, x), kind)


@pytest.mark.parametrize(
    "x",
    [
        pytest.param("a", id="str"),
        pytest.param(None, id="None"),
        pytest.param({}, id="dict"),
        pytest.param(np.array([1.0], dtype=object), id="object array"),
        pytest.param(np.float16(1.0), id="float16"),
    ],
)
def test_arguments_of_no_numeric_type(x):
    message = complaint(lambda: dualad.grad(square)(x), dualad.NotDifferentiableError)
    assert "(x)" in message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("np.kron(x, 'a')", ("np.kron(x, 'a')", "kron(array(float64, 1d, C), unicode_type)")),
        ("np.mean(x, axis=4)", ("np.mean", "axis 4 is out of bounds")),
        ("np.squeeze(x[None])", ("np.squeeze", "name them")),
        ("np.einsum('ij->i', x)", ("np.einsum", "the term 'ij' of an operand of 1 dimensions")),
        ("np.median(x, overwrite_input=True)", ("median",)),
        ("x.T.nothing(2)", ("x.T.nothing(2)",)),
        ("np.max(x, axis=(0, -1))", ("np.max", "an axis is named twice")),
        ("np.sum(x, axis=(0, 0))", ("np.sum", "an axis is named twice")),
        ("np.cov(x, aweights=x)", ("np.cov",)),
        ("np.std(x[0], ddof=2, axis=3) + x", ("np.std",)),
        ("np.sum(x[0], dtype=np.float32)", ("np.sum of a number with dtype",)),
    ],
)
def test_a_message_speaks_of_what_the_user_wrote(body, words, tmp_path):
    path = tmp_path / "refused.py"
    path.write_text(f"import numpy as np\ndef f(x):\n    return {body}\n")
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    for transform in (dualad.grad, dualad.jacfwd):
        message = complaint(lambda transform=transform: transform(scope["f"])(np.ones(3)))
        assert "refused.py, line 3)" in message and " at 0x" not in message and "flat" not in message
        for word in words:
            assert word in message


def scaled(x, n):
    return x * n


def test_an_integer_beside_is_fine_and_by_it_is_not():
    assert dualad.grad(scaled)(2.0, 3) == 3.0
    assert "(n)" in complaint(lambda: dualad.grad(scaled, argnums=(0, 1))(2.0, 3), dualad.NotDifferentiableError)
    assert "n is int" in complaint(lambda: dualad.jvp(scaled, (2.0, 3), (1.0, 1)), dualad.NotDifferentiableError)


def doubled(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = 2.0 * x[i, j]
    return out


def test_a_result_that_is_no_number_is_named_with_its_shape():
    kind = dualad.NotDifferentiableError
    for transform in (dualad.grad, dualad.value_and_grad):
        message = complaint(lambda transform=transform: transform(doubled)(np.ones((2, 3))), kind)
        assert "(2, 3)" in message and "doubled" in message and "vjp" in message
    assert "tuple of 2" in complaint(lambda: dualad.grad(lambda x: (x, x))(2.0), kind)
    assert "int" in complaint(lambda: dualad.grad(lambda x: int(x))(2.0), kind)
    assert "bool" in complaint(lambda: dualad.grad(lambda x: x > 0.0)(2.0), kind)
    assert "none" in complaint(lambda: dualad.grad(lambda x: None)(2.0), kind).lower()


def test_has_aux_without_a_pair():
    assert "square" in complaint(lambda: dualad.grad(square, has_aux=True)(2.0), dualad.NotDifferentiableError)


# ------------------------------------------------------------------- tangents and cotangents


def dot(x, y):
    total = 0.0
    for i in range(x.size):
        total += x[i] * y
    return total


POINT = (np.ones(3), 2.0)


@pytest.mark.parametrize(
    ("tangents", "words"),
    [
        ((np.ones(2), 1.0), ("tangent of x", "(2,)", "(3,)")),
        ((np.ones((3, 1)), 1.0), ("tangent of x", "(3, 1)", "(3,)")),
        ((1.0, 1.0), ("tangent of x", "()", "(3,)")),
        ((np.ones(3, dtype=np.float32), 1.0), ("tangent of x", "float32", "float64")),
        ((np.ones(3, dtype=bool), 1.0), ("tangent of x", "bool", "float64")),
        ((np.array([1, 2, 2**60 + 1]), 1.0), ("tangent of x", "integers", "float64")),
        ((np.ma.array([1.0, 2.0, 3.0]), 1.0), ("tangent of x", "MaskedArray")),
        ((np.ones(3), np.ones(2)), ("tangent of y", "(2,)")),
        ((np.ones(3), np.longdouble(1.0)), ("tangent of y", "dtype", "float64")),
        ((np.ones(3), 1j), ("tangent of y", "complex")),
        ((np.ones(3), True), ("tangent of y", "bool")),
        ((np.ones(3),), ("2 primals", "1 tangents")),
        (np.ones(3), ("tuples",)),
    ],
    ids=str,
)
def test_a_wrong_tangent_names_its_argument(tangents, words):
    message = complaint(lambda: dualad.jvp(dot, POINT, tangents), dualad.ArgumentError)
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("f", "args", "cotangent", "words"),
    [
        (dot, POINT, np.ones(2), ("(2,)", "a real number")),
        (dot, POINT, None, ("None",)),
        (dot, POINT, True, ("bool",)),
        (doubled, (np.ones((2, 2)),), np.ones(2), ("(2,)", "(2, 2)")),
        (doubled, (np.ones((2, 2)),), 1.0, ("()", "(2, 2)")),
        (doubled, (np.ones((2, 2)),), np.ones((2, 2), dtype=np.float32), ("float32", "float64")),
        (lambda x: (x, x), (2.0,), 1.0, ("tuple of 2",)),
        (lambda x: (x, x), (2.0,), (1.0,), ("tuple of 2",)),
        (lambda x: (x, x), (2.0,), (1.0, np.ones(1)), ("[1]", "(1,)")),
    ],
)
def test_a_wrong_cotangent_names_the_result(f, args, cotangent, words):
    _, pullback = dualad.vjp(f, *args)
    message = complaint(lambda: pullback(cotangent), dualad.ArgumentError)
    assert "cotangent of the result" in message
    for word in words:
        assert word in message


# ------------------------------------------------------------------- calls


@pytest.mark.parametrize("argnums", [2, -3, (0, 2), (), (0, 0), (1, -1), 1.5, None, "x", True, (0, 0.5)], ids=repr)
def test_argnums_that_name_no_argument(argnums):
    for transform in (dualad.grad, dualad.value_and_grad):
        message = complaint(lambda transform=transform: transform(scaled, argnums=argnums), dualad.ArgumentError)
        assert "argnums" in message
    if argnums in (2, -3):
        assert str(argnums) in message and "scaled takes 2 arguments" in message


def test_the_wrong_number_of_arguments():
    for call in (
        lambda: dualad.vjp(scaled, 2.0),
        lambda: dualad.jvp(scaled, (2.0,), (1.0,)),
        lambda: dualad.derivative_source(scaled, 2.0),
    ):
        message = complaint(call, dualad.ArgumentError)
        assert "scaled" in message and "'n'" in message
    for call in (lambda: dualad.grad(scaled)(2.0), lambda: dualad.grad(scaled)(2.0, 3, 4)):
        with pytest.raises(TypeError, match="argument"):
            call()


def test_an_unknown_mode():
    message = complaint(lambda: dualad.derivative_source(square, 2.0, mode="backward"), dualad.ArgumentError)
    assert "backward" in message and "forward" in message and "reverse" in message


def test_two_arguments_that_share_memory_which_is_written():
    def f(x, y):
        x[0] = y[1] * 2.0
        return x[0] + y[0]

    x = np.ones(4)
    for call in (lambda: dualad.grad(f)(x, x), lambda: dualad.grad(f)(x[:3], x[1:])):
        assert "share memory" in complaint(call, dualad.ArgumentError)
    np.testing.assert_array_equal(dualad.grad(f, argnums=1)(x[:2].copy(), x), [1.0, 2.0, 0.0, 0.0])


def test_two_arguments_that_lie_in_the_gaps_of_one_another():
    def f(x, y):
        x[0] = y[1] * 2.0
        return np.sum(x[:1] * y[:1])

    x, m = np.arange(12.0), np.arange(24.0).reshape(4, 6)
    vectors = (x[::2], x[1::2]), (x[1::4], x[::2]), (x[::-3], x[1::3])
    for a, b in (*vectors, (m[:, :2], m[:, 2:4]), (m[::2], m[1::2, ::-1])):
        np.testing.assert_allclose(dualad.grad(f, 1)(a, b)[:2], 2.0 * b[1::-1])
    for a, b in ((x[::2], x[2::4]), (x[::2], x[::-1]), (m[:, :3], m[:, 2:5]), (m[::2], m[:, 0:6:5][:, ::-1])):
        assert "share memory" in complaint(lambda a=a, b=b: dualad.grad(f, 1)(a, b), dualad.ArgumentError)


# ------------------------------------------------------------------- no source


class Model:
    def method(self, x):
        return x * x

    def __call__(self, x):
        return x * x


def test_functions_without_source():
    namespace = {}
    exec("def made(x): return x * x", namespace)
    made = namespace["made"]
    message = complaint(lambda: dualad.grad(made), dualad.NoSourceError)
    assert "made" in message and "file" in message
    complaint(lambda: dualad.grad(eval("lambda x: x * x")), dualad.NoSourceError)
    message = complaint(lambda: dualad.grad(lambda x: made(x) + 1.0)(2.0), dualad.NoSourceError)
    assert "made" in message


@pytest.mark.parametrize(
    "f",
    [len, "".join, object(), Model, 3, None],
    ids=["builtin", "builtin method", "instance", "class", "number", "None"],
)
def test_what_is_no_python_function(f):
    message = complaint(lambda: dualad.grad(f), dualad.NoSourceError)
    assert "not a Python function" in message
    complaint(lambda: dualad.vjp(f, 2.0), dualad.NoSourceError)
    complaint(lambda: dualad.jvp(f, (2.0,), (1.0,)), dualad.NoSourceError)


# ------------------------------------------------------------------- nothing is lost


def test_a_good_call_after_a_bad_one_works():
    gradient = dualad.grad(scaled)
    for _ in range(2):
        complaint(lambda: gradient(2, 3), dualad.NotDifferentiableError)
        assert gradient(2.0, 3) == 3.0
    with pytest.raises(TypeError):
        gradient(2.0)
    assert gradient(2.0, 4) == 4.0
    x = np.ones(3)
    _, pullback = dualad.vjp(dot, x, 2.0)
    complaint(lambda: pullback(np.ones(3)), dualad.ArgumentError)
    np.testing.assert_array_equal(pullback(1.0)[0], [2.0, 2.0, 2.0])
    complaint(lambda: dualad.jvp(dot, POINT, (np.ones(2), 1.0)), dualad.ArgumentError)
    assert dualad.jvp(dot, POINT, (np.ones(3), 1.0)) == (6.0, 9.0)
    np.testing.assert_array_equal(x, np.ones(3))


def test_a_failing_function_leaves_the_callers_array_alone():
    def f(x, limit):
        for i in range(x.size):
            x[i] = x[i] * x[i]
            if i == limit:
                raise ValueError("stop")
        return x[0]

    x = np.full(4, 3.0)
    gradient = dualad.grad(f)
    with pytest.raises(ValueError, match="^stop$"):
        gradient(x, 2)
    np.testing.assert_array_equal(x, np.full(4, 3.0))
    np.testing.assert_array_equal(gradient(x, 9), [6.0, 0.0, 0.0, 0.0])


def test_one_family_of_exceptions():
    for name in ("ArgumentError", "NoSourceError", "NotDifferentiableError", "RuleError", "UnsupportedError"):
        assert issubclass(getattr(dualad, name), dualad.DualadError)
    with pytest.raises(TypeError):
        dualad.grad(square)(2)
    with pytest.raises(ValueError):
        dualad.grad(square, argnums=5)
