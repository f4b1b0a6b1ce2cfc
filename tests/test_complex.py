"""Complex numbers: arithmetic, functions and arrays between real ends, and complex ends in JAX's conventions."""

from __future__ import annotations

import cmath

import numpy as np
import pytest

import dualad
from dualad.rules.complex_parts import _on_parts
from dualad.testing import check_grads

POINTS = (0.3 + 0.4j, -1.2 + 0.5j, 0.7 - 2.0j)
STEP = 1e-5


def slope(f, x, direction):
    """Return the derivative of f along a direction, by central differences of two steps."""

    def quotient(h):
        return (np.asarray(f(x + h * direction)) - np.asarray(f(x - h * direction))) / (2.0 * h)

    return (4.0 * quotient(STEP / 2.0) - quotient(STEP)) / 3.0


def gradient(f, x):
    """Return df/dx - i df/dy for each element, or df/dx if x is real."""
    out = np.zeros(np.shape(x), complex if np.iscomplexobj(x) else float)
    for k in np.ndindex(np.shape(x)):
        unit = np.zeros(np.shape(x))
        unit[k] = 1.0
        unit = unit if np.ndim(x) else 1.0
        out[k] = slope(f, x, unit) - (1j * slope(f, x, 1j * unit) if np.iscomplexobj(x) else 0.0)
    return out


def random_like(rng, x):
    found = rng.standard_normal(np.shape(x))
    return found + 1j * rng.standard_normal(np.shape(x)) if np.iscomplexobj(x) else found


def check(f, *args, modes=("forward", "reverse")):
    """Compare jvp and vjp with differences: Re(ct * tangent) = sum of Re(bar * tangent of the argument)."""
    rng = np.random.default_rng(3)
    dots = tuple(random_like(rng, a) for a in args)
    dots = tuple(d if np.ndim(d) else type(a)(d) for d, a in zip(dots, args, strict=True))
    along = slope(lambda t: f(*(a + t * d for a, d in zip(args, dots, strict=True))), 0.0, 1.0)
    if "forward" in modes:
        value, tangent = dualad.jvp(f, args, dots)
        np.testing.assert_allclose(value, f(*args), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(tangent, along, rtol=1e-7, atol=1e-8)
    if "reverse" in modes:
        out, pullback = dualad.vjp(f, *args)
        np.testing.assert_allclose(out, f(*args), rtol=1e-12, atol=1e-13)
        cotangent = random_like(rng, out)
        bars = pullback(cotangent if np.ndim(cotangent) else type(out)(cotangent))
        got = sum(np.sum((bar * dot).real) for bar, dot in zip(bars, dots, strict=True))
        np.testing.assert_allclose(got, np.sum((cotangent * along).real), rtol=1e-7)
        for bar, a in zip(bars, args, strict=True):
            assert np.shape(bar) == np.shape(a) and np.iscomplexobj(bar) == np.iscomplexobj(a)


# -------------------------------------------------------------------- functions


def called(function):
    def f(z):
        return function(z) * 1.0

    return f


OF_NUMBERS = [f for f in _on_parts if not getattr(f, "__module__", "").startswith("numpy.linalg")]


@pytest.mark.parametrize("function", OF_NUMBERS, ids=lambda f: f"{f.__class__.__name__}-{f.__name__}")
def test_functions_of_a_complex_number(function):
    f = called(function)
    for z in POINTS:
        for direction in (1.0 + 0j, 1j):
            value, tangent = dualad.jvp(f, (z,), (direction,))
            np.testing.assert_allclose(value, f(z), rtol=1e-13)
            np.testing.assert_allclose(tangent, slope(f, z, direction), rtol=1e-7, atol=1e-9)


def all_at_once(z, x):
    total = (
        np.exp(z) + np.log(z) * np.sin(z) - np.sqrt(z) / np.tanh(z) + np.arctanh(z) * np.arcsinh(z) + 1.0 / (2.0 - z)
    )
    return (total * np.arccos(z) + z**3 - z**-2 + z ** (0.3 - 0.2j) + x * np.conj(z) + z / x + np.arccosh(z)).imag


def test_gradients_of_functions():
    for z in POINTS:
        by_z, by_x = dualad.grad(all_at_once, argnums=(0, 1))(z, 0.7)
        np.testing.assert_allclose(by_z, gradient(lambda w: all_at_once(w, 0.7), z), rtol=1e-7)
        np.testing.assert_allclose(by_x, gradient(lambda u, z=z: all_at_once(z, u), 0.7), rtol=1e-7)


def of_parts(p):
    z = complex(p[0], p[1])
    return (np.sqrt(z) * np.tanh(z) + np.arcsinh(z) - np.arctanh(z) / np.arccos(z) + z**2.5).real


def test_second_derivatives():
    for z in POINTS:
        p = np.array([z.real, z.imag])
        rows = [slope(lambda q: dualad.grad(of_parts)(q), p, e) for e in np.eye(2)]
        np.testing.assert_allclose(dualad.hessian(of_parts)(p), rows, rtol=1e-6, atol=1e-7)


def on_the_cuts(x):
    z = np.sqrt(1.0 - (x + 0j) ** 2) + np.log(-(x + 0j) / 2.0) + np.sqrt(-x * (1.0 + 0j)) + np.conj(x + 0j) ** 0.5
    return z.imag + 2.0 * z.real


def test_signs_of_zeros_are_those_of_the_function():
    for x in (2.0, -2.0, 0.5):
        value, _ = dualad.value_and_grad(on_the_cuts)(x)
        np.testing.assert_allclose(value, dualad.jvp(on_the_cuts, (x,), (1.0,))[0], rtol=1e-14)
        np.testing.assert_allclose(value, native(on_the_cuts)(x), rtol=1e-13)


def native(f):
    import numba

    return numba.njit(f)


# -------------------------------------------------------------------- JAX's conventions


def test_conventions():
    z, ct = 0.3 + 0.4j, 0.7 - 0.2j
    assert dualad.vjp(lambda z: z.real, z)[1](2.0) == (2.0 + 0j,)
    assert dualad.vjp(lambda z: z.imag, z)[1](2.0) == (-2.0j,)
    assert dualad.vjp(lambda z: np.conj(z), z)[1](ct) == (ct.conjugate(),)
    assert dualad.vjp(lambda z: 2j * z, z)[1](ct) == (2j * ct,)  # the transpose, without a conjugate
    assert dualad.vjp(lambda x, y: complex(x, y), 1.0, 2.0)[1](ct) == (ct.real, -ct.imag)
    assert dualad.vjp(lambda x: x * (1.0 + 2.0j), 1.0)[1](ct) == ((ct * (1.0 + 2.0j)).real,)
    np.testing.assert_allclose(dualad.grad(lambda z: abs(z) ** 2)(z), 2.0 * z.conjugate())
    np.testing.assert_allclose(dualad.grad(lambda z: z**3, holomorphic=True)(z), 3.0 * z**2)
    value, derivative = dualad.value_and_grad(lambda z: 1.0 / z, holomorphic=True)(z)
    np.testing.assert_allclose((value, derivative), (1.0 / z, -1.0 / z**2))


def test_modulus_at_zero():
    assert dualad.grad(lambda z: abs(z))(0j) == 0.0
    assert dualad.jvp(lambda z: abs(z), (0j,), (1.0 + 1j,)) == (0.0, 0.0)


# -------------------------------------------------------------------- programs


def impedance(w, r, inductance, c):
    z = r + 1j * w * inductance + 1.0 / (1j * w * c)
    return abs(1.0 / z) ** 2 + cmath.phase(z)


def transmission(d, n, wavelength):
    """The transmission of a stack of films between air and glass, by transfer matrices."""
    m00, m01, m10, m11 = 1.0 + 0j, 0j, 0j, 1.0 + 0j
    for k in range(d.size):
        delta = 2.0 * np.pi * n[k] * d[k] / wavelength
        c, s = np.cos(delta), np.sin(delta)
        a, b = 1j * s / n[k], 1j * s * n[k]
        m00, m01, m10, m11 = m00 * c + m01 * b, m00 * a + m01 * c, m10 * c + m11 * b, m10 * a + m11 * c
    t = 2.0 / (m00 + m01 * 1.5 + m10 + m11 * 1.5)
    return 1.5 * abs(t) ** 2


def fourier_loss(x):
    n = x.size
    z = np.zeros(n, dtype=complex)
    for k in range(n):
        for j in range(n):
            z[k] += x[j] * np.exp(-2j * np.pi * j * k / n)
    return np.sum(np.abs(z) * np.arange(n))


def split_step(psi, v):
    """A Schroedinger equation: phases of the potential, and Crank-Nicolson's hops between neighbours."""
    for step in range(3):
        psi = psi * np.exp(-0.05j * v)
        new = psi.copy()
        for k in range(1, psi.size - 1):
            new[k] = psi[k] + 0.02j * (psi[k - 1] - 2.0 * psi[k] + psi[k + 1])
        psi = new / np.sqrt(np.sum(np.abs(new) ** 2))
    return np.sum(np.abs(psi) ** 2 * np.arange(psi.size))


def moebius(z, a):
    out = z.copy()
    for k in range(out.size):
        if out[k].real > 0.0:
            out[k] = (a * out[k] + 1j) / (out[k] - 2.0)
        else:
            out[k] *= a
    out[1:] += out[:-1].conj()
    out[0] -= 1j
    return out


def phase_retrieval(angles, measured):
    z = np.exp(1j * angles)
    total = 0.0
    for k in range(measured.size):
        amplitude = 0j
        for j in range(z.size):
            amplitude += z[j] * cmath.rect(1.0, 0.3 * j * k)
        total += (abs(amplitude) - measured[k]) ** 2
    return total


def damped(c, k):
    root = cmath.sqrt(c * c - 4.0 * k + 0j)
    r, phi = cmath.polar((-c + root) / 2.0)
    return r * phi


def test_programs_between_real_ends():
    rng = np.random.default_rng(0)
    check(impedance, 2.0, 1.0, 0.5, 0.3)
    check(fourier_loss, rng.standard_normal(4))
    check(phase_retrieval, rng.standard_normal(3), rng.uniform(size=2))
    check(damped, 0.3, 2.0)
    np.testing.assert_allclose(
        dualad.hessian(impedance)(2.0, 1.0, 0.5, 0.3),
        slope(lambda w: dualad.grad(impedance)(w, 1.0, 0.5, 0.3), 2.0, 1.0),
        rtol=1e-6,
    )


def test_programs_with_complex_ends():
    rng = np.random.default_rng(1)
    check(transmission, rng.uniform(50.0, 90.0, 3), 1.5 + 0.01j * rng.uniform(size=3), 550.0)
    check(split_step, rng.standard_normal(5) + 1j * rng.standard_normal(5), rng.uniform(size=5), modes=("reverse",))
    check(moebius, np.array([1 + 2j, -0.5 - 1j, 0.3 + 0.2j]), 0.4 - 0.3j)


def test_arguments_stay_as_they_are():
    z = np.array([1 + 2j, 0.5 - 1j])

    def overwritten(z):
        z[0] *= z[1]
        z.real[1] = 3.0
        return np.sum(z.real * z.imag)

    before = z.copy()
    found = dualad.grad(overwritten)(z)
    np.testing.assert_array_equal(z, before)
    np.testing.assert_allclose(found, gradient(lambda w: overwritten(w.copy()), z), rtol=1e-7)


def test_single_precision():
    z = np.array([1 + 2j, 0.5 - 1j], np.complex64)
    out, pullback = dualad.vjp(lambda z: z * z, z)
    (bar,) = pullback(np.ones(2, np.complex64))
    assert out.dtype == bar.dtype == np.complex64
    np.testing.assert_allclose(bar, 2.0 * z, rtol=1e-6)


# -------------------------------------------------------------------- arrays and matrices


def elementwise(z, x):
    w = 1j * x + z / x - np.where(x > 0.0, z, z * z)
    return np.conj(w[::-1]) * np.abs(z) + np.append(z[:1], x[1:]) * np.exp(-1j * x)


def stored(z):
    parts = [z[0] * 2.0]
    for k in range(1, z.size):
        parts.append(parts[-1] * z[k])
    out = np.zeros((2, z.size), np.complex128)
    out[0] = z
    out[1, ::2] = 1.0
    out[1] += np.array(parts)
    out[:, 0] *= 1j
    return out.ravel()


def products(a, b):
    return np.sum(np.abs(a @ b) ** 2) + np.vdot(a[0], b[0]).imag


def inverse_and_determinant(a):
    return np.linalg.det(a) * np.linalg.inv(a)


def test_arrays():
    rng = np.random.default_rng(2)
    z = rng.standard_normal(3) + 1j * rng.standard_normal(3)
    check(elementwise, z, rng.standard_normal(3), modes=("reverse",))
    check(stored, z, modes=("forward",))


def test_matrices():
    rng = np.random.default_rng(4)
    a, b = (rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3)) for _ in range(2))
    check(products, a, b, modes=("reverse",))
    check(inverse_and_determinant, a, modes=("forward",))


# -------------------------------------------------------------------- what is refused


def sorted_values(z):
    return np.sum(np.abs(np.sort(z)))


def signs(z):
    return np.sign(z).real


def recursive(z, n):
    return abs(z) if n == 0 else recursive(z * z, n - 1)


def as_real_view(z):
    return np.sum(z.view(np.float64))


def gradient_inside(z):
    return abs(dualad.grad(lambda w: abs(w) ** 3)(z))


@pytest.mark.parametrize("f", [sorted_values, as_real_view], ids=lambda f: f.__name__)
def test_refused_for_arrays(f):
    with pytest.raises(dualad.UnsupportedError, match=r"test_complex\.py, line \d+"):
        dualad.grad(f)(np.array([1 + 2j, 0.5 - 1j]))


@pytest.mark.parametrize("f", [signs, gradient_inside], ids=lambda f: f.__name__)
def test_refused_for_numbers(f):
    with pytest.raises(dualad.UnsupportedError, match=r"complex.*test_complex\.py, line \d+"):
        dualad.grad(f)(0.3 + 0.4j)


def test_refused_in_recursion():
    with pytest.raises(dualad.UnsupportedError, match=r"recursive function.*complex.*test_complex\.py, line \d+"):
        dualad.grad(recursive)(0.3 + 0.4j, 2)


def test_refused_results_and_arguments():
    z = 0.3 + 0.4j
    with pytest.raises(dualad.NotDifferentiableError, match="holomorphic=True if it is analytic"):
        dualad.grad(lambda z: z * z)(z)
    with pytest.raises(dualad.NotDifferentiableError, match="needs a function with one complex number"):
        dualad.grad(lambda z: abs(z), holomorphic=True)(z)
    with pytest.raises(dualad.NotDifferentiableError, match="needs complex arguments"):
        dualad.grad(lambda x: x * 1j, holomorphic=True)(0.3)
    for transformation in (dualad.hessian, dualad.jacfwd, dualad.jacrev):
        with pytest.raises(dualad.UnsupportedError, match="by a complex argument"):
            transformation(lambda z: abs(z))(z)
    with pytest.raises(dualad.UnsupportedError, match="whose result is complex"):
        dualad.jacfwd(lambda x: x * 1j)(0.3)
    with pytest.raises(dualad.ArgumentError, match="the primal is a real number"):
        dualad.jvp(lambda x: x * 1j, (0.3,), (1j,))


def resonance(x, y):
    z = complex(x, y)
    return abs(np.sqrt(1.0 - z * z) + z.conjugate() / (1.0 + 1j * x)).real + (z**2).imag


def slope_inside(x, y):
    return dualad.grad(resonance)(x, y) * dualad.jvp(resonance, (x, y), (1.0, 0.5))[1]


def imaginary_parts(x):
    return np.sum((x * (1.0 + 2.0j)).imag * np.imag(np.exp(1j * x)))


def sum_of_slopes(x):
    return np.sum(dualad.grad(imaginary_parts)(x) ** 2)


def test_derivatives_inside_of_functions_with_complex_numbers():
    """What a derivative inside brings along is written out late; its complex numbers are then taken apart."""
    check_grads(slope_inside, (0.3, 0.4))
    check_grads(sum_of_slopes, (np.array([0.3, 0.8]),))
