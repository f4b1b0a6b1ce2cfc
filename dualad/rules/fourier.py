"""np.fft: discrete Fourier transforms, for which Numba has no code.

One primitive is behind all of them: `dft` transforms the last axis of arrays given by their real and imaginary parts.
It is linear, and its adjoint is the transform with the other sign. What comes before and after it (other axes, lengths,
norms, spectra of real signals) is written in terms of ordinary array code.

The transform is Stockham's, by factors of 4, 2, 3, 5 and so on; lengths with a large prime factor go through a
convolution (Bluestein). Values agree with NumPy's to rounding.
"""

import numpy as np
from numba import njit

from .by_types import Like, Text, by_types, is_array
from .composites import written_out
from .registry import linear

_jit = njit(error_model="numpy")
_LARGE = 64  # from this prime factor on a convolution takes less time


@_jit
def roots_of_unity(n: int, sign: int) -> np.ndarray:
    """Return exp(sign * 2 pi i k / n) for k from 0 to n - 1."""
    roots = np.empty(n, np.complex128)
    for k in range(n):
        angle = 2.0 * np.pi * k / n
        roots[k] = complex(np.cos(angle), sign * np.sin(angle))
    return roots


@_jit
def next_factor(n: int, least: int) -> int:
    """Return 4 or the smallest prime factor of n, given that there is none smaller than `least`."""
    if n % 4 == 0:
        return 4
    p = least
    while n % p:
        p += 1
        if p * p > n:
            return n
    return p


@_jit
def largest_factor(n: int) -> int:
    found, p = 1, 2
    while n > 1:
        p = next_factor(n, 2)
        found = max(found, p)
        n //= p
    return found


@_jit
def transformed(x: np.ndarray, y: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Return the transform of x; both x and y are written into, and one of them is returned."""
    n = x.size
    rest, stride = n, 1
    while rest > 1:
        p = next_factor(rest, 2)
        m = rest // p
        step = n // p
        for k in range(m):
            if p == 4:
                w1, w2, w3 = roots[k * stride], roots[2 * k * stride], roots[3 * k * stride]
                turn = roots[step]
                for j in range(stride):
                    a, b = x[j + stride * k], x[j + stride * (k + m)]
                    c, d = x[j + stride * (k + 2 * m)], x[j + stride * (k + 3 * m)]
                    even, odd, low, high = a + c, a - c, b + d, turn * (b - d)
                    at = j + stride * 4 * k
                    y[at] = even + low
                    y[at + stride] = (odd + high) * w1
                    y[at + 2 * stride] = (even - low) * w2
                    y[at + 3 * stride] = (odd - high) * w3
            elif p == 2:
                w1 = roots[k * stride]
                for j in range(stride):
                    a, b = x[j + stride * k], x[j + stride * (k + m)]
                    at = j + stride * 2 * k
                    y[at] = a + b
                    y[at + stride] = (a - b) * w1
            else:
                for t in range(p):
                    w1 = roots[k * t * stride]
                    for j in range(stride):
                        total = x[j + stride * k]
                        for r in range(1, p):
                            total += x[j + stride * (k + m * r)] * roots[(r * t) % p * step]
                        y[j + stride * (p * k + t)] = total * w1
        x, y = y, x
        rest, stride = m, stride * p
    return x


@_jit
def chirp(n: int, sign: int) -> np.ndarray:
    """Return exp(sign * pi i k**2 / n) for k from 0 to n - 1."""
    out = np.empty(n, np.complex128)
    square = 0
    for k in range(n):
        angle = np.pi * square / n
        out[k] = complex(np.cos(angle), sign * np.sin(angle))
        square = (square + 2 * k + 1) % (2 * n)
    return out


@_jit
def transform_rows(a: np.ndarray, b: np.ndarray, sign: int, out: np.ndarray) -> None:
    """Store the parts of the transforms of the rows of a + i b in `out`."""
    n = a.shape[1]
    is_smooth = largest_factor(n) < _LARGE
    size = n
    if not is_smooth:
        size = 1
        while size < 2 * n - 1:
            size *= 2
    roots = roots_of_unity(size, sign if is_smooth else -1)
    x, y = np.empty(size, np.complex128), np.empty(size, np.complex128)
    turns = chirp(0 if is_smooth else n, sign)
    kernel = np.zeros(0 if is_smooth else size, np.complex128)
    if not is_smooth:
        kernel[0] = turns[0].conjugate()
        for k in range(1, n):
            kernel[k] = kernel[size - k] = turns[k].conjugate()
        kernel = transformed(kernel, y, roots).copy()
    for row in range(a.shape[0]):
        if is_smooth:
            for k in range(n):
                x[k] = complex(a[row, k], b[row, k])
            found = transformed(x, y, roots)
            for k in range(n):
                out[0, row, k], out[1, row, k] = found[k].real, found[k].imag
        else:
            for k in range(size):
                x[k] = complex(a[row, k], b[row, k]) * turns[k] if k < n else 0.0
            found = transformed(x, y, roots)
            for k in range(size):  # the inverse is the conjugate of the transform of the conjugate
                x[k] = (found[k] * kernel[k]).conjugate()
            back = transformed(x, y, roots)
            for k in range(n):
                value = back[k].conjugate() * turns[k] / size
                out[0, row, k], out[1, row, k] = value.real, value.imag


@_jit
def as_rows(x: np.ndarray) -> np.ndarray:
    """Return the rows along the last axis, one under the other, in double precision."""
    out = np.empty(x.shape, np.float64)
    for k in np.ndindex(x.shape):
        out[k] = x[k]
    return out.reshape((-1, x.shape[-1]))


@_jit
def dft(re: np.ndarray, im: np.ndarray, sign: int) -> np.ndarray:
    """Return the real and the imaginary parts, one behind the other, of the transform of re + i im along the last axis.

    `sign` is that of the exponent.
    """
    out = np.zeros((2, *re.shape), np.float64)
    if re.size > 0:
        transform_rows(as_rows(re), as_rows(im), sign, out.reshape((2, re.size // re.shape[-1], re.shape[-1])))
    return out.astype(re.dtype)


@linear(dft)
def dft_rule(re, im, sign, value_bar):
    both = dft(value_bar[0], value_bar[1], -sign)
    return both[0], both[1], 0.0


# -------------------------------------------------------------------- NumPy's functions


class _Transform:
    """The text of a transform along one axis: of `a`, perhaps with its length `n`."""

    def __init__(self, name: str, a: Like, n: object, axis: object, norm: object):
        if not isinstance(axis, int) or not -a.ndim <= axis < a.ndim:
            raise TypeError("give a constant axis of the array")
        if norm not in (None, "backward", "ortho", "forward"):
            raise TypeError(f"norm is 'backward', 'ortho' or 'forward', not {norm!r}")
        self.a, self.axis, self.norm = a, axis % a.ndim, norm
        self.has_length = n is not None
        self.text = Text(name, "a, n" if self.has_length else "a", dft=dft)
        self.is_complex, self.bits = a.dtype.kind == "c", a.dtype.name
        is_single = a.dtype.name in ("float32", "complex64")
        self.real, self.whole = ("np.float32", "np.complex64") if is_single else ("np.float64", "np.complex128")

    def parts(self) -> None:
        """Write `re` and `im`, with the axis as the last one."""
        t = self.text
        if self.axis != self.a.ndim - 1:  # Numba takes seconds to compile its own np.moveaxis
            order = [k for k in range(self.a.ndim) if k != self.axis]
            t.line(f"a = np.transpose(a, {(*order, self.axis)})" if self.a.ndim > 2 else "a = a.T")
        if self.is_complex:
            t.line("re, im = np.real(a), np.imag(a)")
        else:
            t.line("re = a" if self.a.dtype.kind == "f" else "re = a.astype(np.float64)")

    def sized(self, names: list[str], kept: str) -> None:
        """Write parts of length n: the first `kept` of them, and zeros."""
        t, ndim = self.text, self.a.ndim
        first = ":, " * (ndim - 1)
        for name in names:
            shape = f"({', '.join([*(f'{name}.shape[{k}]' for k in range(ndim - 1)), 'n'])},)"
            t.line(f"{name}_n = np.zeros({shape}, {self.real})")
            t.line(f"{name}_n[{first}:{kept}] = {name}[{first}:{kept}]")
            t.line(f"{name} = {name}_n")

    def lengths(self) -> None:
        if self.has_length:
            self.text.line("if n < 1:")
            self.text.line("    raise ValueError('Invalid number of FFT data points (0) specified.')")
            self.text.line("kept = min(n, re.shape[-1])")
            self.sized(["re", "im"] if self.is_complex else ["re"], "kept")
        else:
            self.text.line("n = re.shape[-1]")

    def transform(self, sign: int) -> None:
        self.text.line(f"both = dft(re, {'im' if self.is_complex else 'np.zeros_like(re)'}, {sign})")

    def scale(self, is_inverse: bool) -> str:
        """Return the text of a factor."""
        if self.norm == "ortho":
            return " / np.sqrt(n)"
        return " / n" if is_inverse == (self.norm != "forward") else ""

    def result(self, text: str, dtype: str) -> object:
        if dtype.endswith(("32", "64")) and dtype != "np.float64":  # of single precision
            text = f"({text}).astype({dtype})"
        if self.axis != self.a.ndim - 1:
            order = list(range(self.a.ndim - 1))
            order.insert(self.axis, self.a.ndim - 1)
            text = f"np.transpose({text}, {tuple(order)})" if self.a.ndim > 2 else f"({text}).T"
        return self.text.line(f"return {text}").function()

    def whole_result(self, is_inverse: bool, part: str = "") -> object:
        scale = self.scale(is_inverse)
        return self.result(f"both[0{part}]{scale} + 1j * (both[1{part}]{scale})", self.whole)


def _complex_transform(name: str, sign: int, given: tuple) -> object:
    if not is_array(given[0]):
        return None
    t = _Transform(name, *given)
    t.parts()
    t.lengths()
    t.transform(sign)
    return t.whole_result(sign > 0)


@by_types(np.fft.fft)
def fft(a, n=None, axis=-1, norm=None):
    return _complex_transform("fft", -1, (a, n, axis, norm))


@by_types(np.fft.ifft)
def ifft(a, n=None, axis=-1, norm=None):
    return _complex_transform("ifft", 1, (a, n, axis, norm))


@by_types(np.fft.rfft)
def rfft(a, n=None, axis=-1, norm=None):
    if not is_array(a):
        return None
    if a.dtype.kind == "c":
        raise TypeError("of complex arrays there is np.fft.fft")
    t = _Transform("rfft", a, n, axis, norm)
    t.parts()
    t.lengths()
    t.transform(-1)
    return t.whole_result(False, ", " + ":, " * (a.ndim - 1) + ": n // 2 + 1")


@by_types(np.fft.irfft)
def irfft(a, n=None, axis=-1, norm=None):
    """Each frequency but the first and, of an even number, the last stands for its negative as well."""
    if not is_array(a):
        return None
    t = _Transform("irfft", a, n, axis, norm)
    t.parts()
    if not t.has_length:
        t.text.line("n = 2 * (re.shape[-1] - 1)")
    t.text.line("if n < 1:")
    t.text.line("    raise ValueError('Invalid number of FFT data points (0) specified.')")
    t.text.line("kept = min(n // 2 + 1, re.shape[-1])")
    t.sized(["re", "im"] if t.is_complex else ["re"], "kept")
    t.text.line(f"times = np.full(n, 2.0, {t.real})")
    t.text.line("times[0] = 1.0")
    t.text.line("if n % 2 == 0:")
    t.text.line("    times[n // 2] = 1.0")
    for name in ["re", "im"] if t.is_complex else ["re"]:
        t.text.line(f"{name} = {name} * times")
    t.transform(1)
    return t.result(f"both[0]{t.scale(True)}", t.real)


def _over_axes(name: str, given: tuple, steps: tuple[str, str], first_last: bool = False) -> object:
    """Return transforms along some axes: `steps` are those of the last axis and of the others."""
    a, s, axes, norm = given
    if not is_array(a):
        return None
    if axes is None:
        axes = tuple(range(a.ndim)) if s is None else tuple(range(-len(s), 0))
    is_known = isinstance(axes, tuple) and all(isinstance(k, int) for k in axes)
    if not is_known or not (s is None or (isinstance(s, tuple) and len(s) == len(axes))):
        raise TypeError("give constant axes, and lengths for all of them")
    text = Text(name, "a" if s is None else "a, s")
    order = list(range(len(axes)))
    order = order if first_last else order[::-1]
    for k in order:
        step = steps[0] if k == len(axes) - 1 else steps[1]
        length = "None" if s is None else f"s[{k}]"
        text.line(f"a = np.fft.{step}(a, {length}, {axes[k]}, {norm!r})")
    return text.line("return a").function()


@by_types(np.fft.fftn)
def fftn(a, s=None, axes=None, norm=None):
    return _over_axes("fftn", (a, s, axes, norm), ("fft", "fft"))


@by_types(np.fft.ifftn)
def ifftn(a, s=None, axes=None, norm=None):
    return _over_axes("ifftn", (a, s, axes, norm), ("ifft", "ifft"))


@by_types(np.fft.rfftn)
def rfftn(a, s=None, axes=None, norm=None):
    return _over_axes("rfftn", (a, s, axes, norm), ("rfft", "fft"))


@by_types(np.fft.irfftn)
def irfftn(a, s=None, axes=None, norm=None):
    return _over_axes("irfftn", (a, s, axes, norm), ("irfft", "ifft"), True)


@by_types(np.fft.fft2)
def fft2(a, s=None, axes=(-2, -1), norm=None):
    return _over_axes("fft2", (a, s, axes, norm), ("fft", "fft"))


@by_types(np.fft.ifft2)
def ifft2(a, s=None, axes=(-2, -1), norm=None):
    return _over_axes("ifft2", (a, s, axes, norm), ("ifft", "ifft"))


@by_types(np.fft.rfft2)
def rfft2(a, s=None, axes=(-2, -1), norm=None):
    return _over_axes("rfft2", (a, s, axes, norm), ("rfft", "fft"))


@by_types(np.fft.irfft2)
def irfft2(a, s=None, axes=(-2, -1), norm=None):
    return _over_axes("irfft2", (a, s, axes, norm), ("irfft", "ifft"), True)


def _shifted(name: str, x: object, axes: object, half: str) -> object:
    if not is_array(x):
        return None
    axes = tuple(range(x.ndim)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    if not all(isinstance(k, int) for k in axes):
        raise TypeError("give constant axes")
    text = Text(name, "x")
    for k in axes:
        text.line(f"x = np.roll(x, {half.format(n=f'x.shape[{k % x.ndim}]')}, {k % x.ndim})")
    return text.line("return x").function()


@by_types(np.fft.fftshift)
def fftshift(x, axes=None):
    return _shifted("fftshift", x, axes, "{n} // 2")


@by_types(np.fft.ifftshift)
def ifftshift(x, axes=None):
    return _shifted("ifftshift", x, axes, "-({n} // 2)")


@written_out(np.fft.fftfreq)
def fftfreq(n, d=1.0):
    return ((np.arange(n) + n // 2) % n - n // 2) / (n * d)


@written_out(np.fft.rfftfreq)
def rfftfreq(n, d=1.0):
    return np.arange(n // 2 + 1) / (n * d)
