"""A derivative is that of its function, and of what the function found around it, when it was taken.

What changes a value that a function reads changes its derivative when that is taken again, and not before; what does
not leaves it the same object, which has nothing to compile anew.
"""

import enum
import inspect
import math
import types
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import pytest

import dualad
from dualad.compiler.lowering.dependencies import dependencies, portable
from dualad.compiler.lowering.source import signature_of
from dualad.derivative_function import derivative_of


class Config:
    k = 2.0

    class Inner:
        j = 3.0

    @staticmethod
    def helper(x):
        return 2.0 * x


class Point(NamedTuple):
    x: float
    y: float


@dataclass(slots=True)
class Slots:
    w: float


class Plain:
    def __init__(self):
        self.w = 2.0

    @property
    def twice(self):
        return 2.0 * self.w


class Answering:
    def __getattr__(self, name):
        return 3.0


def scaled(x, by=3.0, *, shift=0.5):
    return by * x + shift


@numba.njit
def jitted(x, by=3.0):
    return by * x * K


def read_weight(o, x):
    return o.w * x


def with_defaults(x, k=2.0, *, j=3.0):
    return x * k * j


K = SIGN = INNER = IN_DEF = IN_COMPREHENSION = IN_DEFAULT = LATE = 2.0
ONE = 1
ARRAY, INTEGERS = np.array([1.0, 2.0]), np.array([1, 2])
LIST, NESTED, DICT = [2.0, 3.0], [[1.0], [2.0]], {"a": 2.0, "b": [1.0], 3: 4.0}
TUPLE, POINT = (np.array([1.0, 2.0]), 3.0), Point(2.0, 3.0)
SPACE = types.SimpleNamespace(a=2.0, deep=types.SimpleNamespace(b=3.0), v=[1.0, 2.0], f=scaled)
SPACE.me = SPACE
SLOTS, PLAIN, OBJECTS, FUNCTIONS = Slots(2.0), Plain(), (Config, SPACE), [scaled]
CYCLE = [1.0]
CYCLE.append(CYCLE)
MODULE = types.ModuleType("a_module")
MODULE.k, MODULE.f = 2.0, scaled


def aliased(x):
    c = Config
    return c.k * x


def within(x):
    h = lambda y: y * INNER  # noqa: E731

    def g(y, by=IN_DEFAULT):
        return h(y) * IN_DEF * by

    return sum([g(x) * IN_COMPREHENSION for _ in range(2)])


def closing_over(c):
    return lambda x: c[0] * x


CAPTURED = [3.0]


def set_item(container, key, value):
    return lambda: container.__setitem__(key, value)


def set_attribute(thing, name, value):
    return lambda: setattr(thing, name, value)


def set_global(name, value):
    return lambda: globals().__setitem__(name, value)


CHANGES = {
    "global": (lambda x: K * x, set_global("K", 5.0)),
    "attribute of a module": (lambda x: MODULE.k * x, set_attribute(MODULE, "k", 5.0)),
    "attribute of a class": (lambda x: Config.k * x, set_attribute(Config, "k", 5.0)),
    "attribute of a class in a class": (lambda x: Config.Inner.j * x, set_attribute(Config.Inner, "j", 5.0)),
    "attribute of a namespace": (lambda x: SPACE.a * x, set_attribute(SPACE, "a", 5.0)),
    "attribute of an attribute": (lambda x: SPACE.deep.b * x, set_attribute(SPACE.deep, "b", 5.0)),
    "attribute in a circle": (lambda x: SPACE.me.me.a * x, set_attribute(SPACE, "a", 6.0)),
    "attribute of an object": (lambda x: PLAIN.w * x, set_attribute(PLAIN, "w", 5.0)),
    "slot": (lambda x: SLOTS.w * x, set_attribute(SLOTS, "w", 5.0)),
    "object handed on": (lambda x: read_weight(PLAIN, x), set_attribute(PLAIN, "w", 7.0)),
    "class under another name": (aliased, set_attribute(Config, "k", 7.0)),
    "objects in a tuple": (lambda x: OBJECTS[0].k * OBJECTS[1].a * x, set_attribute(SPACE, "a", 8.0)),
    "static method": (
        lambda x: Config.helper(x),
        set_attribute(Config, "helper", staticmethod(lambda x: 5.0 * x)),
    ),
    "item of a list": (lambda x: LIST[1] * x, set_item(LIST, 1, 5.0)),
    "item of a list in a list": (lambda x: NESTED[1][0] * x, set_item(NESTED[1], 0, 5.0)),
    "item of a list in itself": (lambda x: CYCLE[0] * x, set_item(CYCLE, 0, 5.0)),
    "item of an attribute": (lambda x: SPACE.v[1] * x, set_item(SPACE.v, 1, 5.0)),
    "item of a dict": (lambda x: DICT["a"] * DICT[3] * x, set_item(DICT, "a", 5.0)),
    "item of a list in a dict": (lambda x: DICT["b"][0] * x, set_item(DICT["b"], 0, 5.0)),
    "element of an array": (lambda x: ARRAY[1] * x, set_item(ARRAY, 1, 5.0)),
    "element of an array of integers": (lambda x: INTEGERS[1] * x, set_item(INTEGERS, 1, 5)),
    "element of an array in a tuple": (lambda x: TUPLE[0][1] * x, set_item(TUPLE[0], 1, 5.0)),
    "field": (lambda x: POINT.y * x, set_global("POINT", Point(2.0, 5.0))),
    "default": (with_defaults, set_attribute(with_defaults, "__defaults__", (5.0,))),
    "keyword-only default": (with_defaults, set_attribute(with_defaults, "__kwdefaults__", {"j": 5.0})),
    "default of a helper": (lambda x: scaled(x), set_attribute(scaled, "__defaults__", (5.0,))),
    "keyword-only default of a helper": (
        lambda x: scaled(x) * x,
        set_attribute(scaled, "__kwdefaults__", {"shift": 5.0}),
    ),
    "global of a jitted helper": (lambda x: jitted(x), set_global("K", 7.0)),
    "helper in a module": (lambda x: MODULE.f(x), set_attribute(MODULE, "f", lambda x: 7.0 * x)),
    "helper in a list": (lambda x: FUNCTIONS[0](x), set_item(FUNCTIONS, 0, lambda x: 7.0 * x)),
    "global of an inner lambda": (within, set_global("INNER", 5.0)),
    "global of an inner def": (within, set_global("IN_DEF", 5.0)),
    "global of an inner default": (within, set_global("IN_DEFAULT", 5.0)),
    "global of a comprehension": (within, set_global("IN_COMPREHENSION", 5.0)),
    "captured list": (closing_over(CAPTURED), set_item(CAPTURED, 0, 5.0)),
    "sign of zero": (lambda x: math.copysign(x, SIGN), set_global("SIGN", -0.0)),
    "from one to True": (lambda x: x + x if ONE is True else x, set_global("ONE", True)),
}
SIGN = 0.0


def without_compiling(derivative, *args):
    """Run the generated code in plain Python."""
    defaults = [p.default for p in inspect.signature(derivative.dispatcher.py_func).parameters.values()]
    args = (*args, *defaults[len(args) :])
    return derivative._specialise(tuple(numba.typeof(a) for a in args))(*args)


def forward(f):
    """Return the derivative by forward mode, in plain Python."""
    given = signature_of(f).bind(1.3)
    given.apply_defaults()
    d = derivative_of(f, "jvp", (0,), extra=("x_dot_",))
    rest = tuple(given.arguments.values())[1:]
    return lambda x: without_compiling(d, x, *rest, 1.0)[1]


def slope(f, x):
    return (f(x + 1e-6) - f(x - 1e-6)) / 2e-6


@pytest.mark.parametrize("case", CHANGES)
def test_what_a_function_reads(case):
    f, change = CHANGES[case]
    f = getattr(f, "py_func", f)
    before, forward_before = dualad.grad(f), forward(f)
    old = slope(f, 1.3)
    assert dualad.grad(f) is before
    assert without_compiling(before, 1.3) == pytest.approx(old, rel=1e-7)
    change()
    new = slope(getattr(f, "py_func", f), 1.3) if case != "global of a jitted helper" else 3.0 * K
    assert new != pytest.approx(old, rel=1e-3)
    assert dualad.grad(f) is not before and dualad.grad(f) is dualad.grad(f)
    for derivative in (lambda x: without_compiling(dualad.grad(f), x), forward(f)):
        assert derivative(1.3) == pytest.approx(new, rel=1e-7)
    # the old one is as old as it was, also where it meets its first types, or others than before
    assert forward_before(1.3) == pytest.approx(old, rel=1e-7)
    assert without_compiling(before, np.float32(1.3)) == pytest.approx(old, rel=1e-5)


def test_a_derivative_is_of_the_time_when_it_was_taken():
    space = types.SimpleNamespace(k=1.0, v=np.array([1.0, 2.0]))

    def f(x):
        return space.k * x * space.v[1]

    first = dualad.grad(f)
    _, pullback = dualad.vjp(f, 3.0)
    space.k = 5.0
    space.v[1] = 3.0
    second = dualad.grad(f)
    space.k, space.v[1] = 1.0, 2.0
    assert [d(1.0) for d in (first, second, dualad.grad(f))] == [2.0, 15.0, 2.0]
    space.k = 7.0
    assert pullback(1.0) == (2.0,)
    assert dualad.vjp(f, 3.0)[1](1.0) == (14.0,)


def test_what_comes_later_is_found_when_it_is_there():
    def f(x):
        return helper(x) * LATER  # noqa: F821

    d = dualad.grad(f)
    with pytest.raises(dualad.UnsupportedError, match="no value here"):
        d(1.0)

    def helper(x):
        return 3.0 * x

    globals()["LATER"] = 2.0
    assert d(1.0) == 6.0
    globals()["LATER"] = 5.0
    assert (d(1.0), d(np.float32(1.0)), dualad.grad(f)(1.0)) == (6.0, 6.0, 15.0)


def test_two_that_wait_for_something_are_two():
    def make(c):
        d = dualad.grad(lambda x: helper(x))

        def helper(x):
            return c * x

        return d

    assert [without_compiling(make(c), 1.0) for c in (2.0, 3.0)] == [2.0, 3.0]


def test_functions_made_anew_share_their_derivative():
    def make(c, g, data, box):
        def inner(x):
            return g(x) * c

        return lambda x: inner(x) * data[0] * box.k

    def helper(x):
        return x * x

    def same():
        return make(2.0, lambda x: helper(x), np.ones(3), types.SimpleNamespace(k=1.5, unread=object()))

    d = dualad.grad(same())
    assert d is dualad.grad(same())
    assert d(1.0) == 6.0
    others = [
        make(-2.0, lambda x: helper(x), np.ones(3), types.SimpleNamespace(k=1.5)),
        make(2, lambda x: helper(x), np.ones(3), types.SimpleNamespace(k=1.5)),
        make(2.0, lambda x: x, np.ones(3), types.SimpleNamespace(k=1.5)),
        make(2.0, lambda x: helper(x), np.ones(4), types.SimpleNamespace(k=1.5)),
        make(2.0, lambda x: helper(x), np.ones(3, np.float32), types.SimpleNamespace(k=1.5)),
        make(2.0, lambda x: helper(x), np.ones(3), types.SimpleNamespace(k=2.5)),
    ]
    assert len({d, *(dualad.grad(f) for f in others)}) == 1 + len(others)


@pytest.mark.parametrize("values", [(0.0, -0.0), (1, 1.0, True, np.float32(1.0)), ("1", 1), (math.nan, 0.0)])
def test_numbers_that_are_equal_but_not_the_same(values):
    def make(c):
        return lambda x: x * c if c else x

    assert len({dualad.grad(make(c)) for c in values}) == len(values)
    assert dualad.grad(make(values[0])) is dualad.grad(make(values[0]))


def test_functions_as_arguments_are_what_they_are_now():
    box = types.SimpleNamespace(k=2.0)

    def apply(f, x):
        return f(x) * x

    def linear(x):
        return box.k * x

    gradient = dualad.grad(apply, argnums=1)
    assert gradient(linear, 1.0) == 4.0
    box.k = 5.0
    assert gradient(linear, 1.0) == 10.0


def test_a_derivative_among_what_a_function_reads():
    box = types.SimpleNamespace(k=2.0)

    def cube(x):
        return box.k * x * x * x

    slope_of_cube = dualad.grad(cube)

    def f(x):
        return slope_of_cube(x) * x

    before = dualad.grad(f)
    box.k = 3.0
    assert dualad.grad(f) is before  # as slope_of_cube is what it was
    slope_of_cube = dualad.grad(cube)
    assert dualad.grad(f) is not before
    assert (before(1.0), dualad.grad(f)(1.0)) == (18.0, 27.0)


def test_code_of_the_users_is_not_run():
    calls = []

    class Watching:
        k = 2.0

        def __init__(self):
            self.w = 3.0

        @property
        def computed(self):
            calls.append("property")
            return 1.0

        def __eq__(self, other):
            calls.append("eq")
            return True

        def __hash__(self):
            calls.append("hash")
            return 1

        def __bool__(self):
            calls.append("bool")
            return True

    watching = Watching()

    def f(x):
        return watching.w * watching.k * x

    def g(x):
        return watching.computed * x

    def h(x):
        return read_weight(watching, x)

    for function in (f, g, h):
        assert dualad.grad(function) is dualad.grad(function)
    assert without_compiling(dualad.grad(f), 1.0) == 6.0
    with pytest.raises(dualad.UnsupportedError, match="changing this list"):  # it would be compiled
        without_compiling(dualad.grad(g), 1.0)
    assert calls == []
    answering = Answering()
    with pytest.raises(dualad.UnsupportedError, match="answering.k, which code of its own computes"):
        without_compiling(dualad.grad(lambda x: answering.k * x), 1.0)


def test_an_object_is_kept_alive_so_that_no_other_takes_its_place():
    def make(k):
        box = types.SimpleNamespace(w=k)
        return lambda x: read_weight(box, x)

    assert [without_compiling(dualad.grad(make(float(k))), 1.0) for k in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_list_that_holds_itself_is_refused_where_it_is_used():
    with pytest.raises(dualad.UnsupportedError, match="it is found in itself"):
        without_compiling(dualad.grad(lambda x: CYCLE[1] * x), 1.0)


def test_entries_and_what_they_are_for_other_processes():
    def f(x):
        return scale * x * ARRAY[0] * read_weight(PLAIN, x)

    scale = 2.0
    entries = dependencies(f)
    kinds = {kind for kind, _, _ in entries}
    assert kinds == {"setting", "code", "place", "value", "array", "object"}
    assert ("value", "f.scale", ("float", "0x1.0000000000000p+1")) in entries
    assert {hash(e) for e in entries} and dependencies(f) == entries
    before = portable(entries)
    assert portable(dependencies(f)) == before
    scale = 3.0
    assert portable(dependencies(f)) != before


def test_settings():
    def f(x):
        return x * x

    before = dualad.grad(f)
    enabled = dualad.uses_vector_math()
    try:
        dualad.use_vector_math(not enabled)
        assert (dualad.grad(f) is before) == (dualad.uses_vector_math() == enabled)
    finally:
        dualad.use_vector_math(enabled)
    assert dualad.grad(f) is before


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


LEVEL = Level.HIGH


def test_members_of_enumerations_are_numbers():
    assert without_compiling(dualad.grad(lambda x: LEVEL * x * Level.LOW), 1.0) == 2.0


def test_a_dispatcher_of_a_derivative_is_the_derivative():
    def cube(x):
        return x * x * x

    d = dualad.grad(cube)
    dispatcher = d.dispatcher
    assert dualad.grad(dispatcher) is dualad.grad(d)
    assert dualad.grad(lambda x: dispatcher(x) * d.dispatcher(x))(1.0) == 36.0


def test_names_of_builtins_are_looked_up_as_python_does(monkeypatch):
    def f(x):
        return abs(x) * x

    before = dualad.grad(f)
    monkeypatch.setitem(globals(), "abs", lambda x: 5.0 * x)
    assert without_compiling(dualad.grad(f), 1.0) == 10.0
    monkeypatch.delitem(globals(), "abs")
    assert dualad.grad(f) is before


def with_objects(x, w=[1.0, 2.0], c=Config, o=SPACE, d={"k": 2.0}, f=scaled, v=None):  # noqa: B006
    return f(x * w[1] * d["k"] * c.Inner.j * o.deep.b) if v is None else x


def test_defaults_that_numba_has_no_type_for():
    before = dualad.grad(with_objects)
    old = slope(with_objects, 1.0)
    assert (before(1.0), dualad.jacfwd(with_objects)(1.0)) == pytest.approx((old, old))
    with_objects.__defaults__[0][1] = 5.0
    assert dualad.grad(with_objects)(1.0) == pytest.approx(slope(with_objects, 1.0))
    assert before(1.0) == pytest.approx(old) and before(np.float32(1.0)) == pytest.approx(old)
    assert before(1.0, v=2.0) == 1.0
