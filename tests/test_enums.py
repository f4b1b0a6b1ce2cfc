"""Members of enumerations: as constants, as arguments, and variables that are one of several."""

import enum

import pytest
from numba import njit

import dualad
from dualad.testing import check_grads


class Kind(enum.Enum):
    A = 1
    B = 2
    C = 3


class Other(enum.Enum):
    A = 1


class Power(enum.IntEnum):
    ONE = 1
    THREE = 3


@njit
def of_an_argument(x, kind):
    if kind is Kind.A:
        return x * x
    return x * kind.value if kind is not Kind.A else x


@njit
def status_of(x, k):
    status = Kind.A
    for i in range(k):
        if x * i > 2.0:
            status = Kind.B
            break
    return status


@njit
def of_a_status(x, k):
    status = status_of(x, k)
    if status == Kind.A:
        return x
    return x * x if status in (Kind.B, Kind.C) and status is not Kind.C else 0.0


def of_what_they_have(x, k):
    power = Power.THREE if k > 2 else Power.ONE
    other = Kind.B if k > 2 else Kind.A
    if other == power or other == Other.A:
        return x
    return x**power * Power.THREE.value * {Kind.A: 2.0, Kind.B: x}[Kind.B]


def test_as_an_argument():
    assert (dualad.grad(of_an_argument)(3.0, Kind.A), dualad.grad(of_an_argument)(3.0, Kind.B)) == (6.0, 2.0)


@pytest.mark.parametrize("f", [of_a_status, of_what_they_have], ids=lambda f: f.__name__)
def test_one_of_several(f):
    for k in (0, 1, 4):
        assert dualad.value_and_grad(f)(1.3, k)[0] == pytest.approx(f(1.3, k), rel=1e-12)
        check_grads(f, (1.3, k), (0,))


def returned(x, k):
    return Kind.A if k else Kind.C


def as_text(x, k):
    kind = Kind.A if k else Kind.C
    print(kind)
    return x


REFUSED = [
    (returned, "the result of returned, a member of Kind, is not supported: return a number"),
    (as_text, "a variable that is one of several members of Kind, as a value"),
]


@pytest.mark.parametrize(("f", "what"), REFUSED, ids=lambda x: getattr(x, "__name__", ""))
def test_refusals(f, what):
    with pytest.raises(dualad.DualadError) as found:
        dualad.grad(f)(1.3, 1)
    assert what in str(found.value) and "test_enums.py" in str(found.value)
