"""Derivatives as C functions: `dualad.cfunc`."""

import ctypes
import math

import numba
import numpy as np
import pytest
import scipy.integrate
import scipy.ndimage

import dualad
from dualad import ArgumentError, NotDifferentiableError


def wave(x, k):
    return math.sin(k * x)


def log_density(x):
    if x[0] > 100.0:
        raise ValueError("too far")
    return -0.5 * np.sum(x * x) / (x[1] - x[1] + 1.0)


def test_a_signature_of_numba():
    slope = dualad.cfunc(dualad.grad(wave), "float64(float64, float64)")
    assert slope.ctypes(0.3, 2.0) == pytest.approx(2.0 * math.cos(0.6))


def test_an_integrand():
    slope = dualad.cfunc(dualad.grad(wave), "quad")
    value, _ = scipy.integrate.quad(slope, 0.0, 1.0, args=(2.0,))
    assert value == pytest.approx(math.sin(2.0))


def test_a_filter():
    def spread(x):
        return np.sum((x - np.mean(x)) ** 2)

    filtered = scipy.ndimage.generic_filter(np.arange(6.0), dualad.cfunc(numba.njit(spread), "ndimage"), size=3)
    assert filtered[2] == pytest.approx(2.0)


def test_what_nutpie_takes():
    callback = dualad.cfunc(dualad.value_and_grad(log_density), "nutpie")
    pointer = ctypes.POINTER(ctypes.c_double)
    c_function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, pointer, pointer, pointer, ctypes.c_void_p)
    function = c_function(callback.address)

    def call(*x):
        x, slope, value = (np.array(a) for a in (x, [0.0] * len(x), [0.0]))
        code = function(len(x), *(a.ctypes.data_as(pointer) for a in (x, slope, value)), None)
        return code, value[0], slope

    code, value, slope = call(1.0, 2.0)
    assert code == 0 and value == -2.5 and np.array_equal(slope, [-1.0, -2.0])
    assert call(200.0, 0.0)[0] == 1
    assert call(1.0, math.inf)[0] == 3


def test_what_nutpie_keeps_of_a_draw():
    def kept(x):
        if x[0] > 100.0:
            raise ValueError("too far")
        return np.exp(x[:2])

    pointer = ctypes.POINTER(ctypes.c_double)
    c_function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t, pointer, pointer, ctypes.c_void_p)
    function = c_function(dualad.cfunc(numba.njit(kept), "nutpie_expand").address)

    def call(x, size):
        out = np.zeros(size)
        return function(x.size, size, x.ctypes.data_as(pointer), out.ctypes.data_as(pointer), None), out

    code, out = call(np.array([0.0, 1.0, 2.0]), 2)
    assert code == 0 and np.allclose(out, [1.0, math.e])
    assert call(np.array([0.0, 1.0, 2.0]), 3)[0] == 2
    assert call(np.array([200.0, 1.0, 2.0]), 2)[0] == 1


def test_what_ipopt_takes():
    pointer = ctypes.POINTER(ctypes.c_double)
    c_function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int, pointer, ctypes.c_void_p)
    slope = c_function(dualad.cfunc(dualad.grad(log_density), "ipopt_grad_f").address)
    x, found = np.array([1.0, 2.0]), np.zeros(2)
    assert slope(2, x.ctypes.data_as(pointer), 1, found.ctypes.data_as(pointer), None) == 1
    assert np.array_equal(found, [-1.0, -2.0])


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"signature='scipy': it is one of 'quad', .*, or one of Numba's"):
        dualad.cfunc(dualad.grad(wave), "scipy")
    with pytest.raises(NotDifferentiableError, match="which has no derivative"):
        dualad.cfunc(dualad.grad(wave), "float64(int64, float64)")
