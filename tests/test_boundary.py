"""What the compiler does not model: values that carry no derivative go there, others are refused, by name.

The functions here that are refused mark the refused line with the comment `# refused`.
"""

import array
import ctypes
import inspect
import os
from collections import namedtuple

import numba
import numpy as np
import pytest
from numba import float64, njit, types
from numba.experimental import jitclass
from numba.extending import overload, overload_attribute, overload_method, register_jitable
from numba.typed import Dict, List

import dualad

HERE = os.path.basename(__file__)
MODES = {"forward": dualad.jacfwd, "reverse": dualad.grad}
V = np.array([1.0, 2.0])
PAIR = np.dtype([("a", np.float64), ("b", np.float64)])


@jitclass([("k", float64), ("total", float64), ("size", float64), ("items", float64[:])])
class Box:
    def __init__(self, k):
        self.k = k
        self.total = 0.0
        self.size = -5.0
        self.items = np.full(3, k)

    def add(self, x):
        self.total += self.k * x

    def scaled(self, x):
        return self.k * x + self.items[1]

    def append(self, x):
        return self.k + x

    @property
    def twice(self):
        return 2.0 * self.k

    @staticmethod
    def square(x):
        return x * x


Weights = namedtuple("Weights", "w box")


def box():
    return Box(3.0)


def typed_list():
    items = List()
    for v in (1.0, 2.0, 3.0):
        items.append(v)
    return items


def list_of_arrays():
    items = List()
    items.append(np.array([1.0, 2.0]))
    items.append(np.array([3.0, 4.0]))
    return items


def list_of_boxes():
    items = List()
    items.append(Box(2.0))
    items.append(Box(3.0))
    return items


def typed_dict():
    table = Dict.empty(types.int64, types.float64)
    table[0], table[1] = 2.0, 7.0
    return table


def records():
    return np.array([(1.0, 5.0), (2.0, 3.0)], dtype=PAIR)


RECORDS = records()
LIST, SET, BUFFER = typed_list(), {1.0}, array.array("d", [1.0, 5.0])


# ------------------------------------------------------------------- what carries none goes there


def of_boxes(x, b, boxes, nt):
    y = b.k * x + b.items[0] * x * x + b.scaled(x) * b.twice + b.square(x) * nt.w * nt.box.k
    for i in range(2):
        y = y * boxes[i].k * x if b.size < 0.0 else y  # a field of that name is no array's size
    for c in boxes:
        y += c.k * x * x + c.items[1]
    return y


def of_containers(x, items, table, arrays):
    y = table[1] * x if 1 in table and 5 not in table else x
    for v in items:
        y += v * x * x
    for k in range(len(items)):
        y = y * items[k] * x
    i = 0
    while i < len(items):
        y += x * items[i] if items[i] > 1.5 else x
        i += 1
    for a in arrays:
        for k in range(2):
            y += a[k] * x * table.get(k, 0.0)
    return y + arrays[0].sum() * x


def of_records(x, r, buffer):
    y = 0.0
    for k in range(r.shape[0]):
        y += r[k]["a"] * x + r["b"][k] * x * x
    return y + RECORDS["a"][1] * x + buffer[1] * x + len(buffer)


def made_inside(x, n):
    counts = List()
    counts.append(0.0)
    table = Dict()
    table[1] = 3.0
    b = Box(1.0)
    y = 1.0
    for k in range(n):  # what they hold changes from trip to trip, and the reverse sweep needs it
        counts[0] += 1.0
        table[1] = counts[0] + k
        b.add(2.0)
        b.items[0] += 1.0
        fresh = Box(1.0 + k)
        y = y * x * b.total + table[1] * x * x + fresh.k * fresh.scaled(1.0) * x
        y += b.items[0] * x * counts[0]
    b.k += 4.0
    return y * b.k


READ = {
    of_boxes: (box, list_of_boxes, lambda: Weights(2.0, Box(0.5))),
    of_containers: (typed_list, typed_dict, list_of_arrays),
    of_records: (records, lambda: array.array("d", [1.0, 5.0])),
    made_inside: (lambda: 3,),
}


@pytest.mark.parametrize("f", READ, ids=lambda f: f.__name__)
def test_what_carries_no_derivative_is_read(f):
    args = [make() for make in READ[f]]
    native = njit(f)
    x, h = 0.7, 1e-3
    values = [native(x + k * h, *args) for k in (-2, -1, 0, 1, 2)]
    slope = (values[0] - 8.0 * values[1] + 8.0 * values[3] - values[4]) / (12.0 * h)
    bend = (-values[0] + 16.0 * values[1] - 30.0 * values[2] + 16.0 * values[3] - values[4]) / (12.0 * h * h)
    value, gradient = dualad.value_and_grad(f)(x, *args)
    assert value == pytest.approx(values[2])
    assert gradient == pytest.approx(slope, rel=1e-6)
    assert dualad.jacfwd(f)(x, *args) == pytest.approx(slope, rel=1e-6)
    assert dualad.hessian(f)(x, *args) == pytest.approx(bend, rel=1e-4)
    assert native(x, *args) == pytest.approx(values[2])  # the objects are as they were


def test_in_jitted_code_and_in_nested_derivatives():
    gradient = dualad.grad(lambda x, b: b.k * x * x * x)

    @njit
    def caller(x, b):
        return gradient(x, b) + 1.0

    def nested(x, b):
        return gradient(x, b) * b.k + dualad.grad(lambda y: b.k * y * y * x)(x)

    assert caller(2.0, box()) == pytest.approx(37.0)
    assert dualad.grad(nested)(2.0, box()) == pytest.approx(27.0 * 4.0 + 6.0 * 4.0)
    assert dualad.jvp(lambda b, x: b.k * x, (box(), 2.0), (None, 1.0)) == (6.0, 3.0)


def test_an_array_of_the_callers_object_comes_back_as_a_copy():
    b = box()
    (value, items), gradient = dualad.value_and_grad(lambda x, b: (x * b.k, b.items), has_aux=True)(2.0, b)
    assert (value, gradient) == (6.0, 3.0)
    items[0] = 99.0
    assert b.items[0] == 3.0


def test_random_numbers_are_drawn_once():
    def f(x, rng):
        total = 0.0
        for _ in range(3):
            total += x * rng.normal()
        return total

    drawn = np.random.default_rng(0).normal(size=3).sum()
    assert dualad.grad(f)(2.0, np.random.default_rng(0)) == pytest.approx(drawn)


# ------------------------------------------------------------------- what carries one does not


def stored_in_the_callers_list(x, items):
    items[0] = x  # refused
    return items[0] * x


def stored_in_an_array_in_a_list(x, arrays):
    arrays[0][0] = x  # refused
    return arrays[0][0]


GOES_IN = [
    (stored_in_the_callers_list, (typed_list,), "a typed.List"),
    (stored_in_an_array_in_a_list, (list_of_arrays,), "a typed.List"),
]


def refused_line(f):
    lines, first = inspect.getsourcelines(getattr(f, "py_func", f))
    (line,) = [first + k for k, text in enumerate(lines) if "# refused" in text]
    return line


def refusal(f, args, line=None):
    """Return what reverse mode says of a function that is refused in both modes, on its marked line."""
    messages = []
    for transform in MODES.values():
        with pytest.raises(dualad.UnsupportedError) as caught:
            transform(f)(*args)
        messages.append(str(caught.value))
        assert f"({__file__}, line {line or refused_line(f)})" in messages[-1] and "\n" not in messages[-1]
    return messages[-1]


@pytest.mark.parametrize(("f", "makers", "name"), GOES_IN, ids=lambda x: getattr(x, "__name__", None))
def test_a_value_with_a_derivative_does_not_go_into_an_object(f, makers, name):
    message = refusal(f, (2.0, *(make() for make in makers)))
    assert f"{name} with values that depend on the arguments to be differentiated" in message
    assert ": use " in message


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        (BUFFER, "an object of type pyarray"),
        ((2.0, BUFFER), "an object of type pyarray"),
        (Weights(2.0, BUFFER), "an object of type pyarray"),
        ([BUFFER], "an object of type pyarray"),
    ],
    ids=["buffer", "tuple", "named tuple", "list"],
)
def test_an_object_has_no_derivative(argument, name):
    with pytest.raises(dualad.NotDifferentiableError) as caught:
        dualad.grad(lambda held: 2.0)(argument)
    assert name in str(caught.value) and "(held)" in str(caught.value) and HERE in str(caught.value)


def test_an_object_as_the_result():
    with pytest.raises(dualad.UnsupportedError, match="a typed.Dict as a result of"):
        dualad.jvp(lambda x, b: (x, b), (2.0, typed_dict()), (1.0, None))
    with pytest.raises(dualad.UnsupportedError, match="a typed.Dict as a result of"):
        dualad.grad(lambda x, b: b)(2.0, typed_dict())


def by_recursion(x, b, n):
    return b[0] if n == 0 else x * by_recursion(x, b, n - 1)


def test_an_object_in_a_recursion():
    with pytest.raises(dualad.UnsupportedError, match="a typed.Dict as an argument of the recursive"):
        dualad.grad(by_recursion)(2.0, typed_dict(), 3)


# ------------------------------------------------------------------- the caller's objects stay as they are


def appended_to(x, items):
    items.append(1.0)  # refused
    return items[0] * x


def popped(x, items):
    return items.pop() * x  # refused


def filled(x, arrays):
    arrays[0][0] = 3.0  # refused
    return arrays[0][0] * x


def changed_in_a_loop(x, boxes):
    for b in boxes:
        b.k = 3.0  # refused
    return x


def set_by_key(x, table):
    table[9] = 3.0  # refused
    return x


CHANGED = [
    (appended_to, typed_list, "a typed.List"),
    (popped, typed_list, "a typed.List"),
    (filled, list_of_arrays, "a typed.List"),
    (changed_in_a_loop, list_of_boxes, "a typed.List"),
    (set_by_key, typed_dict, "a typed.Dict"),
]


@pytest.mark.parametrize(("f", "make", "name"), CHANGED, ids=lambda x: getattr(x, "__name__", None))
def test_the_callers_object_is_not_changed(f, make, name):
    assert f"changing {name} that is an argument" in refusal(f, (2.0, make()))


def with_a_list_that_grows_in_its_loop(x):
    items = List()
    items.append(1.0)
    for v in items:
        items.append(v)  # refused
    return x


def through_a_dict(x, table):
    total = 0.0
    for k in table:  # refused
        total += k * x
    return total


def unpacked_keys(x, table):
    a, b = table  # refused
    return a * x + b


def of_a_list_from_outside(x):
    LIST.append(x)  # refused
    return LIST[3] * x


def of_an_item_from_outside(x):
    return LIST[0] * x  # refused


def of_a_set_from_outside(x):
    SET.add(x)  # refused
    return len(SET) * x


@pytest.mark.parametrize(
    ("f", "args", "words"),
    [
        (with_a_list_that_grows_in_its_loop, (), "list.append in a loop over the list"),
        (through_a_dict, (typed_dict(),), "going through a typed.Dict"),
        (unpacked_keys, (typed_dict(),), "going through a typed.Dict"),
        (of_a_list_from_outside, (), "a typed.List from outside the function"),
        (of_an_item_from_outside, (), "a typed.List from outside the function"),
        (of_a_set_from_outside, (), "SET.add"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_what_objects_are_not_for(f, args, words):
    assert words in refusal(f, (2.0, *args))


def test_an_argument_that_is_written_is_no_part_of_an_object():
    def with_array(x, b):
        x[0] = x[1] * 2.0
        return x[0] * b.items[0] + x[1]

    def with_records(x, r):
        x[0] = x[1] * 2.0
        return x[0] * r["b"][0] + r[0]["a"]

    b, r = box(), records()
    for transform in MODES.values():
        np.testing.assert_array_equal(transform(with_array)(np.ones(3), b), [0.0, 7.0, 0.0])
        np.testing.assert_array_equal(transform(with_records)(np.ones(2), r), [0.0, 10.0])
        with pytest.raises(dualad.ArgumentError, match="share memory"):
            transform(with_array)(b.items, b)
        with pytest.raises(dualad.ArgumentError, match="share memory"):
            transform(with_records)(r["a"], r)


# ------------------------------------------------------------------- callees


def stub(x):
    return np.zeros_like(x)


@overload(stub)
def _stub(x):
    return lambda x: x * x


jitted_stub = njit(stub)


@register_jitable(fastmath=True)
def itself(x):
    return x * x


@overload_method(types.Array, "doubled")
def _doubled(a):
    return lambda a: a * 2.0


@overload_attribute(types.Array, "same")
def _same(a):
    return lambda a: a


libm = ctypes.CDLL(None)
cos = libm.cos
cos.restype, cos.argtypes = ctypes.c_double, [ctypes.c_double]


@numba.vectorize
def vectorized(x):
    return x * x if x > 0.0 else x


def through_overload(x):
    return stub(x).sum()


def through_helper(x):
    return through_overload(x) * 2.0


def through_name(x):
    def apply(f):
        return f(x).sum()

    return apply(stub)


def by_method(x):
    return x.doubled().sum()


def by_attribute(x):
    y = np.zeros(2)
    z = y.same
    z[0] = x[0]
    return y.sum()


def through_pointer(x):
    return x.ctypes.data * x[0]  # refused


def by_c_function(x):
    return cos(x[0])  # refused


def dropped_c_function(x):
    cos(x[0])  # refused
    return x[0]


def by_ufunc(x):
    return vectorized(x).sum()


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (through_pointer, "ArrayCTypes"),
        (by_c_function, "the derivative of cos"),
        (dropped_c_function, "the derivative of cos"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_a_callee_that_the_compiler_does_not_know(f, words):
    assert words in refusal(f, (V.copy(),))


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (njit(through_overload), 2.0 * V),
        (through_helper, 4.0 * V),
        (through_name, 2.0 * V),
        (by_method, np.array([2.0, 2.0])),
        (by_attribute, np.array([1.0, 0.0])),
        (by_ufunc, 2.0 * V),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_what_numba_calls_is_what_is_differentiated(f, expected):
    for transform in MODES.values():
        np.testing.assert_allclose(transform(f)(V.copy()), expected)


def test_an_overloaded_function_by_itself():
    with pytest.raises(dualad.UnsupportedError, match="stub, in whose place Numba calls .* in a def"):
        dualad.grad(stub)(V.copy())


def test_what_numba_takes_for_itself():
    def f(x, a):
        y = (jitted_stub(x) + itself(x)).sum()
        return y + (a.doubled() * x).sum() + cos(0.0) * x[0] + (vectorized(a) * x).sum()

    np.testing.assert_allclose(dualad.grad(f)(V.copy(), V.copy()), 2.0 * V + 2.0 * V + [1.0, 0.0] + V * V)
    np.testing.assert_allclose(dualad.jacfwd(f)(V.copy(), V.copy()), 2.0 * V + 2.0 * V + [1.0, 0.0] + V * V)


def opened(x):
    open("nothing")  # refused
    return x


def loaded(x):
    np.load("nothing")  # refused
    return x


def transformed(x):
    np.i0(V)  # refused
    return x


def evaluated_under_another_name(x):
    f = eval
    f("1")  # refused
    return x


def frobnicated(x):
    x.frobnicate()  # refused
    return x


def constructed(x):
    Plain(x)  # refused
    return x


class Plain:
    def __init__(self, x):
        self.x = x


@pytest.mark.parametrize(
    ("f", "word"),
    [
        (opened, "open"),
        (loaded, "np.load"),
        (transformed, "np.i0"),
        (evaluated_under_another_name, "calling f"),
        (frobnicated, "frobnicate"),
        (constructed, "Plain"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_a_call_that_nobody_knows_is_refused_though_its_result_is_unused(f, word):
    assert word in refusal(f, (2.0,))


def test_a_call_that_is_never_reached_is_not_looked_at():
    def f(x, flag=None):
        if flag is not None:
            open("nothing")
        hash("nothing")  # known, and without effects: dropped
        return x * x

    assert dualad.grad(f)(2.0) == 4.0
