"""Functions of NumPy with code of their own in derivatives: they do what NumPy's do, errors included."""

import numba
import numpy as np
import pytest

from dualad.compiler.runtime.numpy_here import np_here

RNG = np.random.default_rng(5)
A = RNG.normal(size=(3, 4))
SQUARE = RNG.normal(size=(4, 4)) + 4.0 * np.eye(4)

CASES = {
    "eye": (np.eye, [(3,), (2, 5), (5, 2), (0,), (np.int32(2), 3)]),
    "outer": (
        np.outer,
        [(A[0], A[1]), (A[:, 1], A[0, ::-1]), (A[0], A[0, :0]), (A[0].astype("f4"), A[1].astype("f4"))],
    ),
    "dot": (np.dot, [(A, A.T), (A.T.copy().T, A[0]), (A[:, 0].copy(), A), (A[0], A[1]), (A[:, :0], A[:0])]),
    "solve": (
        np.linalg.solve,
        [
            (SQUARE, A[0]),
            (SQUARE.T, A.T),
            (SQUARE[:, ::-1], A.T[:, 1]),
            (SQUARE[:0, :0], A[0, :0]),
            (SQUARE.astype("f4"), A[0].astype("f4")),
            (SQUARE + 1j * SQUARE.T, A.T + 2j),
        ],
    ),
}
REFUSED = [
    (np.eye, (-1,), ValueError),
    (np.dot, (A, A), ValueError),
    (np.linalg.solve, (np.zeros((3, 3)), A[:, 0]), np.linalg.LinAlgError),
    (np.linalg.solve, (A, A[:, 0]), np.linalg.LinAlgError),
    (np.linalg.solve, (SQUARE, A[:, 0]), np.linalg.LinAlgError),
    (np.linalg.solve, (np.full((2, 2), np.nan), np.ones(2)), np.linalg.LinAlgError),
    (np.linalg.solve, (np.eye(2), np.array([np.inf, 1.0])), np.linalg.LinAlgError),
]


def compiled(function):
    """Return a jitted call of what stands for a function of NumPy in generated code."""
    ours = np_here.linalg.solve if function is np.linalg.solve else getattr(np_here, function.__name__)
    assert ours is not function
    return numba.njit(error_model="numpy")(lambda *args: ours(*args))


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    function, calls = CASES[name]
    f = compiled(function)
    for args in calls:
        found, expected = f(*args), function(*args)
        tolerance = 1e-5 if np.asarray(expected).dtype == np.float32 else 1e-13
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        assert np.shape(found) == np.shape(expected)


def test_errors():
    for function, args, kind in REFUSED:
        with pytest.raises(kind):
            compiled(function)(*args)
