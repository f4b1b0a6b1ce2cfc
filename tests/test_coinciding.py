"""Gradients by matrices whose eigenvalues or singular values coincide."""

import numpy as np
import pytest

import dualad

A = np.diag([1.0, 1.0, 2.0])
C = np.arange(9.0).reshape(3, 3) + np.arange(9.0).reshape(3, 3).T


def square(a, c):
    w, v = np.linalg.eigh(a)
    return ((v * (w * w)) @ v.T * c).sum()


def part_of_a_vector_and_a_value(a):
    w, v = np.linalg.eigh(a)
    return v[0, 0] * v[1, 0] + w[0]


def test_smooth_functions_have_a_gradient():
    both = dualad.value_and_grad(square, (0, 1))
    for a in (A, np.diag([1.0, 1.001, 2.0])):
        value, (by_a, by_c) = both(a, C)
        np.testing.assert_allclose((by_a + by_a.T) / 2.0, C @ a + a @ C, rtol=1e-8)  # of the trace of C a^2
        np.testing.assert_allclose(by_c, a @ a, rtol=1e-12)
        assert np.isclose(value, np.sum(a @ a * C))


@pytest.mark.one_in(3)
def test_where_there_is_no_gradient_nan_stays():
    gradient = dualad.grad(part_of_a_vector_and_a_value)
    assert np.isfinite(gradient(np.diag([1.0, 1.5, 2.0]))).all()
    assert np.isnan(gradient(A)).any()
