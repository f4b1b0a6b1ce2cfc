"""Instances of jitclasses that carry derivatives: made inside, as arguments, as results; what several names see of one.

Each program is compared with differences of itself, in both modes and in second order; the functions are run by Numba
for the value, so that what it does with an instance is what counts.
"""

import inspect

import numba
import numpy as np
import pytest
from numba import boolean, float32, float64, int64, njit, prange, types
from numba.experimental import jitclass

import dualad
from dualad.testing import check_grads

SCALE = 2.0


@jitclass([("k", float64), ("power", int64), ("total", float64), ("items", float64[:]), ("__hidden", float64)])
class Box:
    def __init__(self, k, items):
        self.k = k
        self.power = 2
        self.items = items
        self.__hidden = 3.0 * k

    def add(self, x):
        self.total += self.k * x
        return self

    def energy(self, x, weight=1.0):
        total = self.total
        for i in range(self.items.size):
            total += weight * self.items[i] ** self.power * x
        return total + self.__hidden * x

    def scaled(self, x):
        return SCALE * self.k * x

    @property
    def twice(self):
        return 2.0 * self.k

    @twice.setter
    def twice(self, value):
        self.k = 0.5 * value

    @staticmethod
    def square(x):
        return x * x

    def __add__(self, other):
        return Box(self.k + other.k, self.items)

    def __getitem__(self, i):
        return self.items[i]

    def __setitem__(self, i, value):
        self.items[i] = value

    def __len__(self):
        return self.items.size

    def __lt__(self, other):
        return self.k < other.k

    def __neg__(self):
        return Box(-self.k, self.items)

    def __contains__(self, x):
        return x > self.k


KIND = Box.class_type.instance_type


@jitclass([("left", KIND), ("right", KIND)])
class Pair:
    def __init__(self, left, right):
        self.left = left
        self.right = right

    def swap(self):
        self.left, self.right = self.right, self.left


@jitclass([("single", float32), ("count", int64), ("flag", boolean), ("two", types.UniTuple(float64, 2))])
class Casting:
    def __init__(self, x):
        self.single = x
        self.count = x
        self.flag = x > 1.0
        self.two = (1, x)


def items():
    return np.array([0.5, -1.0, 2.0])


def box(k=1.5):
    return Box(k, items())


# ------------------------------------------------------------------- made inside


def made(x, a):
    b = Box(x, a)
    c = b
    c.add(x).add(2.0 * x)
    b.twice = b.twice * x
    d = b + c
    return b.energy(x) + b.total * c.k + d.k + b.square(x) + d[1] + b.scaled(x)


def by_operators(x, a):
    b, c = Box(x, a), Box(x * x, 2.0 * a)
    b[0] = x
    b[1] += x * c.k
    total = (-b).k + b.energy(x, x)
    if b < c and 5.0 in c and len(b) == 3:
        total *= c.k
    return total + b[0] * a[0]  # the array is the caller's, of this function


def chosen_in_a_branch(x, a):
    b, c = Box(x, a), Box(x * x, 2.0 * a)
    d = b if x > 1.0 else c
    d.k *= x
    d.add(3.0)
    d.items[0] = x
    return b.k * c.total + b.total * c.k + d.energy(x) + a[0] * a[1]


def bound_anew_in_a_branch(x, a):
    b = Box(x, a)
    before = b
    if x > 1.0:
        b = Box(x * x, a)
    b.k *= 3.0
    return b.k * before.k + before.twice


def made_in_both_branches(x, a):
    if x > 1.0:
        b = Box(x * x, a)
    else:
        b = Box(2.0 * x, a)
        b.add(x)
    b.add(x)
    return b.total * b.k


def carried(x, a):
    b, c = Box(x, a), Box(x * x, 2.0 * a)
    now = b
    for i in range(5):
        now.add(x)
        now.k *= 1.1
        if i % 2 == 0:
            now = c
        elif i % 3 == 0:
            now = b
    return now.total + b.k * c.k + b.total


def replaced_in_a_loop(x, a):
    b = Box(x, a)
    n = 0
    while b.k < 50.0 and n < 20:
        if n % 2 == 0:
            b = Box(b.k * 1.5, b.items)
        b.k += 0.1 * x
        n += 1
    return b.k * b.energy(x)


def swapped(x, a):
    b, c = Box(x, a), Box(2.0 * x, a)
    for _ in range(3):
        b, c = c, b
        b.k += x
    return b.k * b.k * c.k


def in_a_tuple(x, a):
    boxes = (Box(x, a), Box(2.0 * x, a), Box(3.0 * x, a))
    for i in range(3):
        boxes[i].k += x * i
        boxes[(i + 1) % 3].add(boxes[i].k)
    total = 0.0
    for i in range(7):
        total += boxes[i % 3].total * boxes[(i + 1) % 3].k
    for b in boxes:
        b.k *= 2.0
        total += b.k * b.total
    return total + boxes[1].k


def in_a_list(x, a):
    boxes = [Box(x, a), Box(2.0 * x, a)]
    alias = boxes[0]
    for _ in range(3):
        boxes[0].k *= 1.0 + 0.1 * x
        boxes[1].k += alias.k
    return boxes[0].k * boxes[1].k + alias.k


def in_fields(x, a):
    p = Pair(Box(x, a), Box(2.0 * x, a))
    p.left.k += x * x
    q = p.left
    p.swap()
    p.left.k *= q.k
    p.left = p.right
    p.left.add(x)
    return p.left.k + p.right.k * q.k + p.right.total


def fields_replaced_in_a_loop(x, a):
    p = Pair(Box(x, a), Box(2.0 * x, a))
    for _ in range(3):
        p.left = Box(p.left.k * p.right.k, p.right.items)
        p.right.k += 0.1
    return p.left.k * p.right.k


def arrays_in_fields(x, a):
    b = Box(x, np.zeros(3))
    v = b.items
    b.items[0] = x * x
    v[1] = 2.0 * x
    c = Box(x, b.items)
    c.items[2] = x
    b.items = b.items * 2.0
    v[0] += a[0]
    b.items += v
    return v.sum() * b.items.sum() + c.items[0]


def through_functions(x, a):
    def change(b, y):
        b.k *= y
        return b

    def other(b, y):
        b = Box(y, b.items)
        b.k += 1.0
        return b

    b = Box(x, a)
    c = change(b, x)
    d = other(c, 3.0)
    return b.k * c.k + d.k * b.twice


def cast(x, a):
    c = Casting(x)
    return c.count * x + c.two[1] * c.two[0] + (x if c.flag else 2.0 * x) + a[0] * x


MADE = [
    made,
    by_operators,
    chosen_in_a_branch,
    bound_anew_in_a_branch,
    made_in_both_branches,
    carried,
    replaced_in_a_loop,
    swapped,
    in_a_tuple,
    in_a_list,
    in_fields,
    fields_replaced_in_a_loop,
    arrays_in_fields,
    through_functions,
    cast,
]


@pytest.mark.parametrize("f", MADE, ids=lambda f: f.__name__)
def test_made_inside(f):
    native = njit(f)
    for x in (1.3, 0.6) if "branch" in f.__name__ else (1.3,):
        assert dualad.value_and_grad(f)(x, items())[0] == pytest.approx(native(x, items()), rel=1e-12)
        check_grads(f, (x, items()), (0, 1))


def test_a_float_of_32_bits():
    def f(x):
        c = Casting(x)
        c.single *= c.single
        return c.single * x

    assert dualad.grad(f)(3.0) == pytest.approx(27.0) and dualad.jvp(f, (3.0,), (1.0,))[1] == pytest.approx(27.0)


# ------------------------------------------------------------------- arguments and results


@njit
def energy_of(b, x):
    b.add(x)
    b.items[0] *= 2.0
    return b.energy(x) * b.k + b.twice * x


def test_an_argument_comes_back_as_its_fields():
    b = box()
    b_bar, x_bar = dualad.grad(energy_of, (0, 1))(b, 2.0)
    value, b_bar_alone = dualad.value_and_grad(energy_of)(b, 2.0)
    assert b.total == 0.0 and b.items[0] == 0.5  # the caller's is as it was
    assert type(b_bar).__name__ == "Box" and b_bar._fields == ("k", "power", "total", "items", "Box__hidden")

    def by_fields(k, power, total, a, hidden, x):
        a = a.copy()
        total += k * x
        a[0] *= 2.0
        for v in a:
            total += v**power * x
        return (total + hidden * x) * k + 2.0 * k * x

    fields = (b.k, b.power, b.total, b.items, 3.0 * b.k)
    expected = dualad.grad(by_fields, (0, 2, 3, 4, 5))(*fields, 2.0)
    found = (b_bar.k, b_bar.total, b_bar.items, b_bar.Box__hidden, x_bar)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y)
    assert b_bar.power == 0.0 and b_bar_alone.k == b_bar.k
    assert value == pytest.approx(by_fields(*fields, 2.0))


def test_every_transformation_takes_one():
    b = box()
    b_dot = Box(1.0, np.array([1.0, 0.0, 2.0]))
    b_bar, x_bar = dualad.grad(energy_of, (0, 1))(b, 2.0)
    slope = b_bar.k + b_bar.items @ b_dot.items + 3.0 * b_bar.Box__hidden + 0.5 * x_bar
    assert dualad.jvp(energy_of, (b, 2.0), (b_dot, 0.5))[1] == pytest.approx(slope)
    value, pullback = dualad.vjp(energy_of, b, 2.0)
    assert pullback(1.0)[0].k == pytest.approx(b_bar.k)
    assert dualad.jacobian(energy_of)(b, 2.0).k == pytest.approx(b_bar.k)
    rows = dualad.jacfwd(lambda b, x: b.items * b.k * x)(b, 2.0)
    np.testing.assert_allclose(rows.items, 2.0 * b.k * np.eye(3))
    h = 1e-5
    bent = dualad.hessian(energy_of)(b, 2.0).k.items
    ends = [dualad.grad(energy_of)(Box(1.5 + s * h, items()), 2.0) for s in (1, -1)]
    along = dualad.hvp(energy_of, (b, 2.0), (Box(1.0, np.zeros(3)), None))[0]
    np.testing.assert_allclose(along.items, (ends[0].items - ends[1].items) / (2.0 * h), rtol=1e-6)
    assert bent.shape == (3,)
    vector, unravel = dualad.ravel(b)
    assert vector.tolist() == [1.5, 0.0, 0.5, -1.0, 2.0, 4.5]
    assert dualad.grad(energy_of)(unravel(vector), 2.0).k == b_bar.k
    mapped = dualad.vmap(energy_of, in_axes=(None, 0))(b, np.array([1.0, 2.0]))
    assert mapped[1] == pytest.approx(value)


def test_in_other_structures():
    def f(p):
        first, second = p["boxes"]
        first.k *= second.k
        return first.energy(p["x"]) * p["boxes"][0].k

    found = dualad.grad(f)({"boxes": (box(), Box(3.0, np.ones(1))), "x": 2.0})
    assert found["boxes"][1].k == pytest.approx(22.5 / 3.0 * 2.0 * 1.5 / 1.5 * 1.5 / 2.0, rel=5.0)
    check = dualad.jvp(f, ({"boxes": (box(), Box(3.0, np.ones(1))), "x": 2.0},), ({"boxes": (None, None), "x": 1.0},))
    assert check[1] == pytest.approx(found["x"])


def test_pairs_of_instances_as_arguments():
    def f(p, x):
        p.left.k += x
        p.swap()
        return p.right.k * p.left.k

    p = Pair(box(2.0), box(3.0))
    found = dualad.grad(f, (0, 1))(p, 1.0)
    assert (found[0].left.k, found[0].right.k, found[1]) == (3.0, 3.0, 3.0)
    assert p.left.k == 2.0


def test_results():
    def f(x):
        b = Box(x, np.ones(2) * x)
        return b, (b.k * x, Pair(b, b).left)

    (b, (_, again)), (b_dot, (product_dot, _)) = dualad.jvp(f, (2.0,), (1.0,))
    assert (b.k, b.power, b_dot.k, product_dot, again.k) == (2.0, 2, 1.0, 4.0, 2.0)
    assert b_dot.items.tolist() == [1.0, 1.0]
    value, pullback = dualad.vjp(lambda x: Box(x, np.ones(2) * x), 2.0)
    assert pullback(value)[0] == pytest.approx(2.0 + 2.0 * 2.0 + 9.0 * 2.0)
    gradient, aux = dualad.grad(lambda x: (x * x, Box(x, np.ones(1))), has_aux=True)(3.0)
    assert (gradient, aux.k) == (6.0, 3.0)


def test_methods_are_functions():
    b = box()
    assert dualad.grad(b.energy)(2.0) == pytest.approx(0.25 + 1.0 + 4.0 + 4.5)
    assert dualad.grad(Box.energy)(b, 2.0).items.tolist() == [2.0, -4.0, 8.0]
    assert dualad.grad(lambda x: b.k * b.scaled(x) * x)(1.0) == pytest.approx(9.0)
    taken = dualad.grad(b.energy)
    b.items[0] = 10.0
    assert taken(2.0) == pytest.approx(9.75)  # as it was when the derivative was taken
    assert dualad.grad(b.energy)(2.0) == pytest.approx(109.5)


def test_in_jitted_code():
    gradient, both = dualad.grad(energy_of, (0, 1)), dualad.value_and_grad(energy_of)

    @njit
    def caller(x):
        b = Box(1.5, np.array([0.5, -1.0, 2.0]))
        b_bar, x_bar = gradient(b, x)
        value, again = both(b, x)
        y, y_dot = dualad.jvp(energy_of, (b, x), (Box(1.0, np.zeros(3)), 0.0))
        z, pullback = dualad.vjp(energy_of, b, x)
        b.k -= 0.1 * again.k
        return b_bar.k, x_bar, b_bar.items[2], value, y_dot, pullback(1.0)[0].k, y - z, b.k

    b_bar, x_bar = gradient(box(), 2.0)
    value = energy_of(box(), 2.0)
    expected = (b_bar.k, x_bar, b_bar.items[2], value, b_bar.k + 3.0 * b_bar.Box__hidden, b_bar.k, 0.0)
    np.testing.assert_allclose(caller(2.0), (*expected, 1.5 - 0.1 * b_bar.k))


def test_derivatives_inside():
    def captured(x):
        b = Box(x, np.ones(2))

        def g(y):
            return y * b.k + b.energy(y)

        slope = dualad.grad(g)(x) + g(x)
        b.k += 1.0
        return slope * b.k + g(x)

    def by_an_instance(x):
        b = Box(x, np.ones(2))
        found = dualad.grad(lambda q, y: q.energy(y) * q.k * q.k)(b, x)
        return found.k * b.k + found.items[0] + found.total

    for f in (captured, by_an_instance):
        check_grads(f, (1.5,))


def by_recursion(x, b, n):
    return b.k if n == 0 else x * by_recursion(x, b, n - 1)


def test_where_it_is_read_alone():
    assert dualad.grad(by_recursion)(2.0, box(), 3) == pytest.approx(1.5 * 12.0)

    @njit(parallel=True)
    def on_threads(b, x):
        total = 0.0
        for i in prange(x.size):
            total += b.energy(x[i]) * b.k
        return total

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(dualad.grad(on_threads, 1)(box(), x), np.full(2, 9.75 * 1.5))
    assert dualad.grad(on_threads)(box(), x).k == pytest.approx(9.75 * 3.0)


def test_globals_of_methods_count_as_they_are():
    global SCALE
    f = dualad.grad(lambda b, x: b.scaled(x))
    before = f(box(), 2.0).k
    SCALE = 3.0
    try:
        assert (before, f(box(), 2.0).k) == (4.0, 4.0)
        assert dualad.grad(lambda b, x: b.scaled(x))(box(), 2.0).k == 6.0
    finally:
        SCALE = 2.0


# ------------------------------------------------------------------- refused


def changed_twice_given(x, b, c):
    b.k *= x  # refused
    return b.k * c.k


def changed_by_a_derivative(x, b):
    def f(y):
        b.k = y  # refused
        return b.k

    return dualad.grad(f)(x)


def given_twice_inside(x, b):
    def f(p, q):
        p.k *= 2.0  # refused
        return p.k * q.k

    return dualad.grad(f)(b, b).k * x


def argument_and_captured(x, b):
    def f(p):
        p.k *= 2.0  # refused
        return p.k * b.k

    return dualad.grad(f)(b).k * x


def kept_from_a_trip(x, b):
    old = b
    for _ in range(3):
        old = b  # refused
        b = Box(b.k * x, b.items)
    return old.k * b.k


def grows(x, b):
    boxes = [b]  # refused
    boxes.append(Box(x, b.items))
    return boxes[1].k


def no_such_field(x, b):
    b.colour = x  # refused
    return x


def changed_in_recursion(x, b, n=3):
    b.k += x
    return b.k if n <= 0 else changed_in_recursion(x, b, n - 1)


@njit(parallel=True)
def changed_on_threads(x, b):
    for i in prange(3):
        b.k += x * i  # refused
    return b.k


@njit
def made_of_it(b):
    return b.k


REFUSED = [
    (changed_twice_given, "given twice is not supported: give it a copy"),
    (changed_by_a_derivative, "in a function that is differentiated"),
    (given_twice_inside, "given twice"),
    (argument_and_captured, "given twice"),
    (kept_from_a_trip, "store what it holds in the fields"),
    (grows, "an instance of Box in a list that changes"),
    (no_such_field, "no field of Box"),
    (changed_on_threads, "an instance of Box"),
]


@pytest.mark.parametrize(("f", "words"), REFUSED, ids=lambda x: getattr(x, "__name__", None))
def test_what_is_refused(f, words):
    b = box()
    args = (1.5, b, b) if f is changed_twice_given else (1.5, b)
    lines, first = inspect.getsourcelines(getattr(f, "py_func", f))
    line = next(first + k for k, text in enumerate(lines) if "# refused" in text)
    for transform in (dualad.grad, dualad.jacfwd):
        with pytest.raises(dualad.UnsupportedError) as caught:
            transform(f)(*args)
        assert words in str(caught.value) and f"line {line})" in str(caught.value)


def test_a_change_in_a_recursion_is_refused():
    with pytest.raises(dualad.UnsupportedError, match="changing an instance of Box that is an argument of the recur"):
        dualad.grad(changed_in_recursion)(1.5, box())


def test_one_instance_twice():
    b = box()
    assert dualad.grad(lambda b, c, x: b.k * c.k * x)(b, b, 1.0).k == 1.5  # nothing changes
    assert dualad.grad(changed_twice_given)(2.0, box(), box()) == pytest.approx(2.25)
    gradient = dualad.grad(changed_twice_given)

    @njit
    def caller(x):
        b = Box(1.5, np.ones(1))
        return gradient(x, b, Box(1.5, np.ones(1))), gradient(x, b, b)

    with pytest.raises(ValueError, match="one instance of a jitclass twice"):
        caller(2.0)


def test_numba_knows_what_it_is():
    assert numba.typeof(box()) == KIND
    assert made_of_it(box()) == 1.5 and dualad.grad(made_of_it)(box()).k == 1.0
