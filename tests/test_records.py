"""Record arrays and records with what carries derivatives in them: an array for each field, and views of these."""

import numpy as np
import pytest
from numba import njit

import dualad

BODY = np.dtype([("mass", np.float64), ("speed", np.float64), ("place", np.float64, (3,)), ("number", np.int64)])
INNER = np.dtype([("low", np.float64), ("high", np.float64)])
OUTER = np.dtype([("range", INNER), ("weight", np.float32)])
M, S = np.array([1.0, 2.0, 0.5]), np.array([0.3, -1.0, 2.0])


@njit
def made(m, s):
    p = np.zeros(m.size, dtype=BODY)
    for i in range(m.size):
        p[i].mass = m[i]
        p[i]["speed"] = s[i]
        p[i].place[0] = s[i] * 2.0
        p[i].number = i
    q = p[1:]
    q[0].mass *= 3.0  # seen in p
    r = p[0]
    r.speed += m[1]  # seen in p
    p["speed"][2] += s[0]
    t = p.copy()
    t[0] = t[1]
    p[1].speed = 100.0  # not seen in t
    total = 0.0
    for r in p:
        total += r.mass * r.speed * r.number
    for i, r in enumerate(t):
        total += r.mass * i
    u = np.zeros(p.shape, BODY)
    u[:] = t
    w = u[u.mass > 0.1]
    total += t[0].speed * t[1].mass + u[2]["speed"] * len(u) * u.size * u.ndim + p.place[1, 0]
    return 0.5 * np.sum(p.mass * p.speed**2) + total + w.mass.sum() * w[0].place[0]


@njit
def chosen(m, s):
    p, q = np.zeros(3, BODY), np.zeros(3, BODY)
    p.mass[:] = m
    q["mass"][:] = s
    one = p[0] if m[0] > 0.5 else q[1]
    both = p if s[0] > 5.0 else q
    last = q[0]
    for i in range(3):
        one.mass += both[i].mass * m[i]
        if m[i] > 0.7:
            one = q[i]
        last = p[i]
    last.mass *= 2.0
    grid = np.empty((2, 3), dtype=INNER)
    for i in range(2):
        for j in range(3):
            grid[i, j].low = m[i] * s[j]
            grid[i, j].high = grid[i, j].low ** 2
    return np.sum(p.mass * q.mass) + one.mass + last.mass + grid.high.sum() + grid[1].low[2]


@njit
def nested(m, s):
    p = np.zeros(2, OUTER)
    p[0].range.low = m[0]
    p[1].range.high = s[1]
    p["weight"][1] = 2.0
    p[1].range.low = p[0].range.low * 3.0
    inner = p.range
    inner.high[0] = m[2]
    return p[0].range.high * p[1].range.low + p[1].range.high * p[1].weight


def differences(f, args, k):
    found = np.zeros_like(args[k])
    for j in range(args[k].size):
        ends = []
        for h in (1e-6, -1e-6):
            moved = [a.copy() for a in args]
            moved[k].flat[j] += h
            ends.append(f(*moved))
        found.flat[j] = (ends[0] - ends[1]) / 2e-6
    return found


@pytest.mark.parametrize("f", [made, chosen, nested], ids=lambda f: f.py_func.__name__)
def test_made_inside(f):
    value, gradient = dualad.value_and_grad(f, (0, 1))(M, S)
    assert value == pytest.approx(f(M, S))
    for k, bar in enumerate(gradient):
        np.testing.assert_allclose(bar, differences(f, (M, S), k), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(dualad.jacfwd(f, k)(M, S), bar, rtol=1e-10, atol=1e-12)
    bent = dualad.hessian(f)(M, S)
    h = 1e-6 * np.eye(3)[0]
    slopes = [dualad.grad(f)(M + h, S), dualad.grad(f)(M - h, S)]
    np.testing.assert_allclose(bent[:, 0], (slopes[0] - slopes[1]) / 2e-6, rtol=1e-5, atol=1e-5)

    @njit
    def caller(m, s):
        return dualad.grad(f)(m, s)

    np.testing.assert_allclose(caller(M, S), gradient[0])


@njit
def of_an_argument(p, x):
    p[0].mass += x
    q = p[1]
    q.speed *= x
    total = 0.0
    for r in p:
        total += r.mass * r.speed * r.place[1]
    return total + p.mass.sum() * x


def bodies():
    p = np.zeros(3, BODY)
    p["mass"], p["speed"], p["place"], p["number"] = M, S, np.arange(9.0).reshape(3, 3), [1, 2, 3]
    return p


def test_an_argument_comes_back_as_records():
    p = bodies()
    value, (p_bar, x_bar) = dualad.value_and_grad(of_an_argument, (0, 1))(p, 2.0)
    assert value == pytest.approx(of_an_argument(bodies(), 2.0)) and p["mass"].tolist() == M.tolist()
    assert p_bar.dtype == BODY and p_bar["number"].tolist() == [0, 0, 0]
    np.testing.assert_allclose(p_bar["mass"], S * [1.0, 2.0, 1.0] * [1.0, 4.0, 7.0] + 2.0)
    assert dualad.grad(of_an_argument)(p.view(np.recarray), 2.0)["mass"].tolist() == p_bar["mass"].tolist()
    y_dot = dualad.jvp(of_an_argument, (p, 2.0), (bodies(), 0.5))[1]
    slope = sum(np.sum(p_bar[name] * p[name]) for name in ("mass", "speed", "place")) + 0.5 * x_bar
    assert y_dot == pytest.approx(slope)
    vector, unravel = dualad.ravel(p)
    assert vector.size == 15 and unravel(2.0 * vector)["speed"].tolist() == (2.0 * S).tolist()
    constant = dualad.grad(of_an_argument, 1)(p, 2.0)
    assert constant == pytest.approx(x_bar)


def test_a_record_as_an_argument():
    def f(r, x):
        return r["mass"] * r["speed"] * x

    found = dualad.grad(f)(bodies()[1], 2.0)
    assert (found["mass"], found["speed"], found["number"]) == (-2.0, 4.0, 0)


def test_records_as_results():
    def f(x):
        p = np.zeros(2, INNER)
        p["low"][1] = x * x
        return p, p[1]

    (p, r), (p_dot, r_dot) = dualad.jvp(f, (3.0,), (1.0,))
    assert p["low"].tolist() == [0.0, 9.0] and p_dot["low"].tolist() == [0.0, 6.0]
    assert (r["low"], r_dot["low"]) == (9.0, 6.0)


def test_in_derivatives_inside():
    def f(x):
        p = np.zeros(2, INNER)
        p["low"][:] = x
        found = dualad.grad(lambda q: np.sum(q["low"] ** 3) * q["high"][0])(p)
        return found["high"][0] + found["low"][1]

    assert dualad.grad(f)(2.0) == pytest.approx(2.0 * 3.0 * 4.0)


def test_records_that_share_memory():
    def f(p, x):
        p["mass"][0] = x[0]  # x may be a field of p
        return x[0] * p["mass"].sum()

    p = bodies()
    assert dualad.grad(f, 1)(p, np.ones(3))[0] == pytest.approx(4.5)
    with pytest.raises(dualad.ArgumentError, match="share memory"):
        dualad.grad(f, 1)(p, p["mass"])
    assert dualad.grad(f, 1)(p, p["speed"])[0] == pytest.approx(3.1)


REFUSED = {
    "an unknown field": "p = np.zeros(2, INNER); p[0].wide = x; return x",
    "records added": "p = np.zeros(2, INNER); q = p + p; return x",
    "records compared": "p = np.zeros(2, INNER); return x if p == p else 2.0 * x",
    "records in a list": "p = np.zeros(2, INNER); l = [p[0]]; l.append(p[1]); return x",
    "the sum of records": "p = np.zeros(2, INNER); return np.sum(p) * x",
    "a tuple as a record": "p = np.zeros(2, INNER); p[0] = (x, x); return p[0].low",
    "another dtype": "p = np.zeros(2, INNER); q = np.zeros(2, BODY); p[0] = q[0]; return x",
}


def _written(name, text, folder):
    lines = [f"from {__name__} import *", "def f(x):", *(f"    {s.strip()}" for s in text.split(";"))]
    path = folder / f"{name.replace(' ', '_')}.py"
    path.write_text("\n".join(lines))
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)  # noqa: S102
    return namespace["f"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name, tmp_path):
    f = _written(name, REFUSED[name], tmp_path)
    for transform in (dualad.grad, dualad.jacfwd):
        with pytest.raises(dualad.UnsupportedError) as caught:
            transform(f)(2.0)
        assert str(tmp_path) in str(caught.value) and "record" in str(caught.value)
