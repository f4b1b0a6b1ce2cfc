"""np.fft: values against NumPy's, and derivatives in both modes against differences."""

import numpy as np
import pytest

import dualad
from dualad.rules.fourier import dft

RNG = np.random.default_rng(5)
X = RNG.normal(size=6)
M = RNG.normal(size=(3, 4))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 12, 30, 49, 64, 67, 101, 134, 1000, 4099])
def test_lengths(n):
    re, im = RNG.normal(size=(2, 2, n))
    for sign in (-1, 1):
        expected = np.fft.fft(re + 1j * im) if sign < 0 else np.fft.ifft(re + 1j * im) * n
        found = dft(re, im, sign)
        np.testing.assert_allclose(found[0] + 1j * found[1], expected, atol=3e-15 * np.abs(expected).max())


def weighted(z):
    """Return one number of what a transform gives."""
    w = np.arange(1.0, z.size + 1.0)
    return np.sum(np.cos(w) * np.real(np.ravel(z))) + np.sum(np.sin(w) * np.imag(np.ravel(z)) ** 2)


def there_and_back(x):
    return np.sum(np.real(np.fft.ifft(np.fft.fft(x) * np.exp(1j * x))) ** 3)


def cut_and_padded(x, n):
    return weighted(np.fft.rfft(x, n)) + weighted(np.fft.fft(x, 9, norm="ortho"))


def spectral_derivative(x):
    k = np.fft.rfftfreq(x.size, 1.0 / x.size)
    return np.sum(np.fft.irfft(1j * k * np.fft.rfft(x), x.size) ** 2)


def other_lengths(x):
    spectrum = np.fft.rfft(x, norm="forward")
    return np.sum(np.fft.irfft(spectrum) ** 3) + np.sum(np.fft.irfft(spectrum, 5, norm="ortho") ** 2)


def of_rows(m):
    return weighted(np.fft.fft(m, axis=0)) + weighted(np.fft.ifft(m, 3, 1, "forward"))


def in_two_dimensions(m):
    return np.sum(np.fft.irfft2(np.fft.rfft2(m)) ** 3)


def of_any_dimensions(m):
    return weighted(np.fft.ifftn(m, (2, 3)))


def shifted(m):
    centred = np.fft.fftshift(m) * np.fft.ifftshift(m, 1)
    return np.sum(centred**2 * np.abs(np.fft.fftfreq(3, 0.5))[:, None])


CASES = [
    (there_and_back, (X,)),
    (cut_and_padded, (X, 3)),
    (spectral_derivative, (X,)),
    (spectral_derivative, (X[:5],)),
    (other_lengths, (X,)),
    (of_rows, (M,)),
    (in_two_dimensions, (M,)),
    (of_any_dimensions, (M,)),
    (shifted, (M,)),
]


@pytest.mark.parametrize(("f", "args"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_derivatives(f, args):
    value, bar = dualad.value_and_grad(f)(*args)
    np.testing.assert_allclose(value, f(*args), rtol=1e-12)
    dot, h = np.cos(1.0 + np.arange(args[0].size)).reshape(args[0].shape), 1e-6
    slope = (f(args[0] + h * dot, *args[1:]) - f(args[0] - h * dot, *args[1:])) / (2.0 * h)
    np.testing.assert_allclose(np.sum(bar * dot), slope, rtol=1e-6)
    if f is there_and_back:
        np.testing.assert_allclose(dualad.jvp(f, args, (dot,))[1], slope, rtol=1e-6)


def test_complex_arguments_and_results():
    z = RNG.normal(size=4) + 1j * RNG.normal(size=4)
    out, pullback = dualad.vjp(lambda z: np.fft.fft(z) * 2.0, z)
    np.testing.assert_allclose(out, 2.0 * np.fft.fft(z))
    np.testing.assert_allclose(pullback(z)[0], 2.0 * np.fft.fft(z))
    _, tangent = dualad.jvp(lambda z: np.fft.ifft(z), (z,), (z,))
    np.testing.assert_allclose(tangent, np.fft.ifft(z))


def test_single_precision_and_integers():
    value, (bar,) = dualad.value_and_grad(lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), (0,))(X.astype(np.float32))
    assert bar.dtype == np.float32 and abs(value - 6.0 * np.sum(X * X)) < 1e-4

    def power(x):
        return x * np.sum(np.abs(np.fft.fft(np.arange(4))) ** 2)

    assert dualad.grad(power)(1.0) == pytest.approx(power(1.0))


REFUSED = [
    (lambda x: np.sum(np.fft.rfft(x * 1j).real), "of complex arrays there is np.fft.fft"),
    (lambda x: np.sum(np.fft.rfft(x, axis=int(x[0])).real), "give a constant axis"),
]


@pytest.mark.parametrize(("f", "what"), REFUSED)
def test_refusals(f, what):
    with pytest.raises(dualad.UnsupportedError, match="np.fft.rfft of such arguments") as found:
        dualad.grad(f)(X)
    assert what in str(found.value) and "test_fourier.py" in str(found.value)
