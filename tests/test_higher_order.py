"""Jacobians, Hessians and derivatives inside differentiated functions, against differences of closed forms."""

import math
from collections import namedtuple

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

import dualad
import dualad.testing
from dualad import grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_and_grad, vjp

from .programs import PROGRAMS, indexing, iteration, lists, lists_memory

Pair = namedtuple("Pair", "a b")
X = np.array([0.3, -0.7, 1.1])
W = np.array([1.0, 2.0, 0.5])
START = np.array([0.5, 0.2])


def difference(f, x, h=1e-5):
    """Return the Jacobian of a function of one argument by central differences."""
    x = np.asarray(x, dtype=np.float64)
    columns = []
    for k in range(x.size):
        step = np.zeros(x.shape)
        step.flat[k] = h
        ends = [np.asarray(f(float(p) if p.ndim == 0 else p)) for p in (x + step, x - step)]
        columns.append((ends[0] - ends[1]) / (2 * h))
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


def second_difference(f, x):
    return difference(lambda y: difference(f, y, 1e-4), x, 1e-4)


def close(got, expected, tolerance=1e-6):
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


# -------------------------------------------------------------------- Jacobians


def curve(x):
    return np.array([x[0] * x[1], np.sin(x[2]), x[0] + x[2], x[1] ** 2])


def wave(t):
    return np.array([math.sin(t), t * t])


def square(a):
    return a @ a


def loop_with_writes(x):
    x[0] = x[1] * x[0]
    out = np.empty(2 * x.size)
    for i in range(x.size):
        out[2 * i] = x[i] * x[0]
        out[2 * i + 1] = math.exp(x[i])
    return out


@pytest.mark.one_in(2)
@pytest.mark.parametrize("transform", [jacfwd, jacrev, jacobian])
@pytest.mark.parametrize(
    ("f", "x"),
    [(curve, X), (wave, 0.4), (square, np.arange(4.0).reshape(2, 2)), (loop_with_writes, np.linspace(0.1, 0.9, 9))],
    ids=["curve", "wave", "square", "writes"],
)
def test_jacobians(transform, f, x):
    before = np.copy(x)
    got = transform(f)(x)
    assert got.shape == np.shape(f(np.copy(x) if np.ndim(x) else x)) + np.shape(x)
    close(got, difference(lambda y: f(np.copy(y) if np.ndim(y) else y), x))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("transform", [jacfwd, jacrev, jacobian])
def test_structure_of_arguments_and_results(transform):
    def f(p, n, z):
        return p.a * p.b * n, Pair(p.b[0] * z, (p.b * z).sum())

    p = Pair(2.0, X)
    (by_p, by_z), (first, second) = transform(f, argnums=(0, 2))(p, 3, 0.5)
    assert isinstance(by_p, Pair) and isinstance(transform(f)(p, 3, 0.5)[1], Pair)
    close(by_p.a, 3 * X)
    close(by_p.b, np.diag(6 * np.ones(3)))
    close(by_z, np.zeros(3))
    close(first[0].b, [0.5, 0, 0])
    close(second[1], X.sum())
    assert isinstance(first, tuple)


@pytest.mark.parametrize("transform", [jacfwd, jacrev, jacobian])
def test_empty_and_single_precision(transform):
    assert transform(lambda x: 2 * x)(np.zeros(0)).shape == (0, 0)
    got = transform(lambda x: x * x)(X.astype(np.float32))
    assert got.dtype == np.float32
    close(got, np.diag(2 * X))


def test_has_aux():
    jac, aux = jacfwd(lambda x: (x * x, x.sum()), has_aux=True)(X)
    close(jac, np.diag(2 * X))
    close(aux, X.sum())
    second, aux = hessian(lambda x: ((x * x).sum(), (x[0], 3)), has_aux=True)(X)
    close(second, 2 * np.eye(3))
    assert aux == (X[0], 3)


# -------------------------------------------------------------------- second derivatives


def rosenbrock(x):
    s = 0.0
    for i in range(x.size - 1):
        s += (1 - x[i]) ** 2 + 100 * (x[i + 1] - x[i] ** 2) ** 2
    return s


def log_det(x):
    a = np.outer(x, x) + np.eye(x.size) * 2.0
    return np.log(np.linalg.det(a))


def factor(x):
    return np.linalg.cholesky(np.array([[2.0, 1.0], [1.0, 3.0]]) * x[0] ** 2 + np.eye(2) * x[1] ** 2)[1, 1]


def until_large(x):
    s = x[0]
    while s < 5:
        s = s * 1.5 + x[1] ** 2
    return s * s * x[2]


@pytest.mark.parametrize("f", [rosenbrock, until_large], ids=lambda f: f.__name__)
def test_hessian(f):
    expected = second_difference(f, X)
    close(hessian(f)(X), expected, 1e-4)
    close(hessian(njit(f))(X), hessian(f)(X), 1e-12)
    close(jacrev(grad(f))(X), hessian(f)(X), 1e-10)
    close(jacfwd(jacfwd(f))(X), hessian(f)(X), 1e-10)


@pytest.mark.parametrize("f", [rosenbrock, until_large, log_det, factor], ids=lambda f: f.__name__)
def test_hessian_vector_product(f):
    v = np.array([1.0, -1.0, 0.5])
    close(hvp(f, (X,), (v,)), second_difference(f, X) @ v, 1e-4)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "f",
    [
        indexing.histogram_of_moving_bins,
        iteration.left_early,
        lists.read_while_it_grows,
        lists.work_list,
        lists_memory.arrays_written_while_in_a_list,
        lists_memory.smoother,
        lists_memory.dicts_of_layers,
    ],
    ids=lambda f: f.__name__,
)
def test_second_derivatives_through_indices_lists_and_dicts(f):
    (program,) = [p for p in PROGRAMS if p.function is f]
    x, *rest = program.fresh_args()
    rest = tuple(rest)
    v = np.random.default_rng(5).normal(size=x.shape)
    ends = [grad(f)(y, *rest) for y in (x + 1e-5 * v, x - 1e-5 * v)]
    expected = (ends[0] - ends[1]) / 2e-5
    close(jvp(lambda y: grad(f)(y, *rest), (x,), (v,))[1], expected)
    close(grad(lambda y: (grad(f)(y, *rest) * v).sum())(x), expected)


def test_hessian_of_several_arguments():
    def f(a, b):
        return a**2 * np.sum(b**3)

    (aa, ab), (ba, bb) = hessian(f, argnums=(0, 1))(2.0, X)
    close(aa, 2 * np.sum(X**3))
    close(ab, 12 * X**2)
    close(ba, 12 * X**2)
    close(bb, np.diag(24 * X))
    h_a, h_b = hvp(f, (2.0, X), (1.0, W))
    close(h_a, 2 * np.sum(X**3) + 12 * X**2 @ W)
    close(h_b, 12 * X**2 + 24 * X * W)


def test_product_with_arguments_that_have_no_derivative():
    def f(x, n, name):
        return np.sum(x**n) if name == "power" else 0.0

    out = hvp(f, (X, 3, "power"), (W, None, None))
    close(out[0], 6 * X * W)
    assert out[1:] == (None, None)


def test_product_checks_its_tangents():
    with pytest.raises(dualad.ArgumentError, match="tangent of x has shape"):
        hvp(rosenbrock, (X,), (np.ones(2),))
    with pytest.raises(dualad.NotDifferentiableError, match="one real number"):
        hvp(curve, (X,), (X,))


def test_high_orders():
    assert grad(grad(grad(grad(lambda t: math.exp(2 * t)))))(0.1) == pytest.approx(16 * math.exp(0.2))
    assert jacfwd(jacfwd(jacfwd(lambda t: math.exp(2 * t))))(0.1) == pytest.approx(8 * math.exp(0.2))
    third = jacfwd(hessian(lambda x: np.sum(x**3) * x[0]))(X)
    assert third.shape == (3, 3, 3)
    close(third, jacrev(hessian(lambda x: np.sum(x**3) * x[0]))(X))
    close(third, difference(hessian(lambda x: np.sum(x**3) * x[0]), X))


# -------------------------------------------------------------------- derivatives inside differentiated functions


def test_perturbations_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x + y)(2.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,)) == (9.0, 6.0)
    assert jvp(lambda x: x * grad(lambda y: x * y)(2.0), (3.0,), (1.0,)) == (9.0, 6.0)
    assert grad(lambda x: x * jacfwd(lambda x: x * x)(x))(3.0) == 12.0
    # the same variable in the inner and the outer role
    assert grad(lambda x: grad(lambda y: y * y * x)(x))(3.0) == 12.0


@pytest.mark.parametrize(
    "second", [hessian, lambda f: jacfwd(jacfwd(f)), lambda f: jacfwd(grad(f)), lambda f: jacrev(grad(f))]
)
def test_a_tangent_that_is_zero_has_a_derivative(second):
    """The tangent of x^2 is 0 at x = 0; behind a root, that must not be taken for a constant."""
    assert second(lambda x: math.sqrt(x * x + 1.0))(0.0) == pytest.approx(1.0)
    assert second(lambda x: math.log(x**2 + 1.0))(0.0) == pytest.approx(2.0)
    assert second(lambda x: (x * x + 1.0) ** 1.5)(0.0) == pytest.approx(3.0)
    assert second(lambda x: 1.0 / math.sqrt(x**4 + x * x + 4.0))(0.0) == pytest.approx(-0.125)


def test_hessian_vector_products_at_points_and_directions_with_zeros():
    def f(x):
        return math.sqrt((x[0] * x[1]) ** 2 + x[2] ** 2 + 1.0) + np.log(x[1] ** 2 + 2.0)

    x = np.array([0.0, 1.0, 0.0])
    expected = second_difference(f, x)
    close(hessian(f)(x), expected, 1e-5)
    for k in range(3):
        close(hvp(f, (x,), (np.eye(3)[k],)), expected[k], 1e-5)
    third = jacfwd(hessian(f))(x + 0.0)
    close(third, difference(hessian(f), x, 1e-5), 1e-4)


def energy_of_forces(w, x):
    def energy(y):
        s = 0.0
        for i in range(y.size):
            s += w[i] * math.sin(y[i]) ** 2
        return s

    g = grad(energy)(x)
    return np.sum(g * g)


def energy_by_hand(w, x):
    return np.sum((w * np.sin(2 * x)) ** 2)


def loss(p, q):
    return (p[0] * q - 1.0) ** 2 + 0.1 * p[1] ** 2 * q + p[0] * p[1]


def descent(q, p):
    p = p.copy()
    for _ in range(5):
        p = p - 0.1 * grad(loss)(p, q)
    return loss(p, q)


def descent_by_hand(q, p):
    for _ in range(5):
        p = p - 0.1 * np.array([2 * (p[0] * q - 1) * q + p[1], 0.2 * p[1] * q + p[0]])
    return loss(p, q)


@pytest.mark.parametrize("jit", [lambda f: f, njit], ids=["plain", "njit"])
@pytest.mark.parametrize(
    ("f", "by_hand", "args"),
    [(energy_of_forces, energy_by_hand, (W, X)), (descent, descent_by_hand, (1.3, START))],
    ids=["captured", "descent"],
)
@pytest.mark.parametrize("k", [0, 1])
def test_gradient_of_a_function_of_a_gradient(f, by_hand, args, k, jit):
    def slot(y):
        return by_hand(*args[:k], y, *args[k + 1 :])

    for transform in (grad, jacfwd):
        close(transform(jit(f), argnums=k)(*args), difference(slot, args[k]))


def test_second_derivative_through_a_descent():
    close(hessian(descent, 1)(1.3, START), second_difference(lambda p: descent_by_hand(1.3, p), START), 1e-5)


def structured(s):
    g = grad(lambda p, n: p.a**2 * np.sum(p.b**3) * n)(Pair(s, np.array([1.0, s])), 2)
    return g.a + g.b[1]


def value_too(x):
    v, g = value_and_grad(lambda y: np.sum(np.exp(y) * y))(x)
    return v * g[0] + g[1] ** 2


def pulled_back(x):
    out, pullback = vjp(lambda y, c: (np.sin(y) * c, c * c), x, x[0])
    y_bar, c_bar = pullback(out)
    return np.sum(y_bar) + c_bar


def pushed_forward(x):
    y, y_dot = jvp(lambda a, b, n: a * b**n, (x, x + 1, 2), (np.ones(3), 2 * x, 0))
    return np.sum(y * y_dot)


def determinant(x):
    jac = jacobian(lambda y: np.array([y[0] * y[1], y[1] * y[2], y[0] ** 3]))(x)
    return np.linalg.det(jac) + jac[0, 0]


def determinant_forward(x):
    jac = jacfwd(lambda y: np.array([y[0] * y[1], y[1] * y[2], y[0] ** 3]))(x)
    return np.linalg.det(jac) + jac[0, 0]


def determinant_by_hand(x):
    return np.linalg.det(np.array([[x[1], x[0], 0], [0, x[2], x[1]], [3 * x[0] ** 2, 0, 0]])) + x[1]


def laplacian(x):
    return np.trace(hessian(lambda y: np.sum(y**4) + y[0] ** 2 * y[1] ** 3)(x))


def laplacian_by_hand(x):
    return np.sum(12 * x**2) + 2 * x[1] ** 3 + 6 * x[0] ** 2 * x[1]


def curvature(x):
    return np.sum(hvp(lambda y: np.sum(y**4), (x,), (x * x,)) * x)


@pytest.mark.parametrize(
    ("f", "by_hand", "x"),
    [
        (structured, lambda s: 4 * s * (1 + s**3) + 6 * s**4, 1.5),
        (
            value_too,
            lambda x: np.sum(np.exp(x) * x) * (np.exp(x[0]) * (1 + x[0])) + (np.exp(x[1]) * (1 + x[1])) ** 2,
            X,
        ),
        (
            pulled_back,
            lambda x: np.sum(np.cos(x) * np.sin(x)) * x[0] ** 2 + x[0] * np.sum(np.sin(x) ** 2) + 2 * x[0] ** 3,
            X,
        ),
        (pushed_forward, lambda x: np.sum(x * (x + 1) ** 2 * ((x + 1) ** 2 + x * 2 * (x + 1) * 2 * x)), X),
        (determinant, determinant_by_hand, X),
        (determinant_forward, determinant_by_hand, X),
        (laplacian, laplacian_by_hand, X),
        (curvature, lambda x: np.sum(12 * x**5), X),
    ],
    ids=lambda f: getattr(f, "__name__", None),
)
def test_every_derivative_inside(f, by_hand, x):
    close(f(x), by_hand(x))  # as it stands in Python
    close(grad(f)(x), difference(by_hand, x))
    close(jacfwd(f)(x), difference(by_hand, x))


of_sine = grad(lambda t: math.sin(t))


def test_derivatives_are_values():
    def applied(fn, t):
        return fn(t) ** 2

    def times(t):
        return of_sine(t) * t

    expected = -2 * math.cos(0.4) * math.sin(0.4)
    assert grad(times)(0.4) == pytest.approx(math.cos(0.4) - 0.4 * math.sin(0.4))
    assert grad(applied, argnums=1)(of_sine, 0.4) == pytest.approx(expected)
    assert grad(njit(applied), argnums=1)(of_sine, 0.4) == pytest.approx(expected)


# -------------------------------------------------------------------- inside jitted code


@njit
def system(x):
    return np.array([x[0] ** 2 + x[1] - 3.0, x[0] - x[1] + 1.0])


@njit
def newton(x):
    for _ in range(20):
        x = x - np.linalg.solve(jacobian(system)(x), system(x))
    return x


@njit
def everything(x, v):
    f = rosenbrock_jitted
    product = hvp(f, (x,), (v,))
    value, tangent = jvp(f, (x,), (v,))
    return hessian(f)(x) @ v - product, value, tangent - grad(f)(x) @ v, jacfwd(f)(x) - jacrev(f)(x)


rosenbrock_jitted = njit(rosenbrock)


def test_newton_in_jitted_code():
    close(newton(np.array([1.0, 1.0])), [1.0, 2.0], 1e-12)


def test_every_derivative_in_jitted_code():
    second, value, first, jac = everything(X, W)
    assert value == pytest.approx(rosenbrock(X))
    close(second, np.zeros(3), 1e-10)
    close(first, 0.0, 1e-10)
    close(jac, np.zeros(3), 1e-10)


def test_derivative_functions_in_jitted_code():
    h = hessian(rosenbrock)
    close(njit(lambda x: h(x)[0, 1])(X), h(X)[0, 1])


@njit
def fan(x, w, n):
    out = np.empty((n, 2))
    for i in range(n):
        out[i, 0] = math.sin(x[i]) * w
        out[i, 1] = x[i] * x[0]
    return out, w * x[0]


def test_vjp_in_jitted_code():
    @njit
    def user(x, w, c, d):
        (y, z), pullback = vjp(fan, x, w, x.size)
        before = x[0]
        x[0] = 100.0  # the pullback speaks of the point where it was made
        bars, again = pullback((c, d)), pullback((2.0 * c, d))
        x[0] = before
        return y, z, bars[0], bars[1], again[0], bars[2]

    x, c = np.linspace(0.1, 1.0, 4), np.arange(8.0).reshape(4, 2)
    (out, value), pullback = vjp(fan, x, 0.7, 4)
    y, z, x_bar, w_bar, doubled, nothing = user(x, 0.7, c, 2.0)
    wanted = pullback((c, 2.0))
    close(y, out)
    assert z == pytest.approx(value) and w_bar == pytest.approx(wanted[1]) and nothing is None
    close(x_bar, wanted[0])
    close(doubled, pullback((2.0 * c, 2.0))[0])
    with pytest.raises(ValueError, match="shape"):
        user(x, 0.7, c[:3], 2.0)
    with pytest.raises(TypingError, match="cotangent of"):
        user(x, 0.7, c.astype(np.float32), 2.0)


def test_jvp_in_jitted_code_checks_its_tangents():
    @njit
    def user(x, x_dot):
        return jvp(fan, (x, 0.7, x.size), (x_dot, 0.0, 0))[1][1]

    assert user(X, np.ones(3)) == pytest.approx(0.7)
    with pytest.raises(ValueError, match="shape"):
        user(X, np.ones(2))
    with pytest.raises(TypingError, match="tangent of"):
        user(X, np.ones((3, 1)))


@njit
def residuals(x):
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


@njit
def steepest(x, steps):
    for _ in range(steps):
        r, pullback = vjp(residuals, x)
        g = pullback(r)[0]
        _, step = jvp(residuals, (x,), (g,))
        x = x - g * (g @ g) / (step @ step)
    return x


def test_descent_by_vjp_and_jvp_in_jitted_code_and_its_derivative():
    x = steepest(np.array([-1.2, 1.0]), 300)
    assert np.sum(residuals(x) ** 2) < 0.05
    slope = grad(lambda a: steepest(np.array([a, 1.0]), 3)[0])(-1.2)
    ends = [steepest(np.array([-1.2 + h, 1.0]), 3)[0] for h in (-1e-6, 1e-6)]
    assert slope == pytest.approx((ends[1] - ends[0]) / 2e-6, rel=1e-6)


def overwritten_by_another(x, y):
    """The first derivative asks whether the two share memory, and so does the second."""
    y[0] = x[0] * x[1]
    return y[0] ** 2 + y[1] * x[1]


def slopes_in_a_loop(x):
    total = 0.0
    for k in range(3):
        total += grad(overwritten_by_another)(x * (k + 1.0), x)[1] * x[k]
    return total


def slope_where_both_are_one(x):
    return grad(overwritten_by_another)(x, x)[1]


def test_arguments_that_are_written_into_beside_others():
    x, y = np.array([0.5, 0.7, 0.9]), np.array([0.3, 0.4, 0.5])
    wanted = np.zeros((3, 3))
    wanted[:2, :2] = [[2.0 * x[1] ** 2, 4.0 * x[0] * x[1]], [4.0 * x[0] * x[1], 2.0 * x[0] ** 2]]
    f = overwritten_by_another
    for derivative in (hessian(f), jacfwd(grad(f)), jacrev(grad(f)), jacfwd(jacfwd(f))):
        close(derivative(x, y), wanted, 1e-14)
    mixed = np.zeros((3, 3))
    mixed[1, 1] = 1.0
    close(hessian(f, argnums=(0, 1))(x, y)[0][1], mixed, 1e-14)
    dualad.testing.check_grads(slopes_in_a_loop, (x,))
    for derivative, args in (
        (hessian(f), (x, x)),
        (hessian(f), (x[:2], x[1:])),
        (grad(slope_where_both_are_one), (x,)),
    ):
        with pytest.raises(dualad.ArgumentError, match="share memory"):
            derivative(*args)


# -------------------------------------------------------------------- errors


def test_errors_name_what_is_wrong():
    with pytest.raises(dualad.UnsupportedError, match="unknown at compile time"):
        grad(lambda x, n: grad(lambda a, b: a * b, n)(x, x))(1.0, 1)
    with pytest.raises(dualad.NotDifferentiableError, match="one real number"):
        grad(lambda x: np.sum(grad(lambda y: y * y)(x)))(X)
    with pytest.raises(dualad.ArgumentError, match="argnums"):
        jacfwd(curve, argnums=1)
    with pytest.raises(dualad.NotDifferentiableError, match="no derivative"):
        jacrev(wave)(3)
