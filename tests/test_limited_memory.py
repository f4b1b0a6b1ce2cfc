"""Gradients in memory of a given size: the same to the bit as without a limit, by the schedules that are optimal."""

import functools
import math

import numba
import numpy as np
import pytest

import dualad
from dualad.compiler.lowering.values import ReverseMode
from dualad.compiler.runtime import schedules
from dualad.derivative_function import derivative_of

from .fuzz import generated_python

RNG = np.random.default_rng(7)
U, C = RNG.random(9), 0.1 * RNG.random(9)


# ---------------------------------------------------------------- programs


def recurrence(x, a, n):
    for _ in range(n):
        x = a * x * (1.0 - x)
    return x


def backwards(x, a, n):
    for i in range(3 * n, 0, -3):
        x = a * x * (1.0 - x) + 1e-6 * i
    return x


def heat(u, c, n):
    u = u.copy()
    v = np.empty_like(u)
    for _ in range(n):
        for i in range(u.size):
            left = u[i - 1] if i > 0 else 0.0
            right = u[i + 1] if i < u.size - 1 else 0.0
            v[i] = u[i] + c[i] * (left - 2.0 * u[i] + right) * u[i]
        for i in range(u.size):
            u[i] = v[i]
    return np.sum(u * u)


def buffers_exchanged(u, c, n):
    p, q = u.copy(), u * 1.5
    for t in range(2, n, 3):
        for i in range(1, u.size - 1):
            p[i] = 1.6 * q[i] - 0.8 * p[i] + c[i] * (q[i + 1] - 2.0 * q[i] + q[i - 1]) * q[i] * math.cos(t * 0.1)
        p, q = q, p
    return np.sum(q * q * p)


def arrays_made_anew(u, c, n):
    p, q = u.copy(), u.copy()
    for _ in range(n):
        r = np.zeros_like(q)
        r[1:-1] = 2.0 * q[1:-1] - p[1:-1] + c[1:-1] ** 2 * (q[2:] - 2.0 * q[1:-1] + q[:-2]) * np.cos(q[1:-1])
        p, q = q, r
    return np.sum(q * q * q)


def trajectory(u, c, n):
    h = np.empty((n + 1, u.size))
    h[0] = u
    for t in range(n):
        for k in range(u.size):
            h[t + 1, k] = h[t, k] + 0.01 * math.sin(c[k] * h[t, (k + 1) % u.size])
    loss = 0.0
    for t in range(n + 1):
        for k in range(u.size):
            loss += h[t, k] ** 2
    return loss


def overwritten_later(u, c, n):
    w = c * 2.0
    s = 0.1
    for t in range(n):
        s = math.sin(s * w[t % w.size]) + u[t % u.size]
    w[:] = u * u
    return s * w[0] * w[1]


def longer_and_longer(u, c, n):
    s, total = u[0], 0.0
    for t in range(n):
        for k in range(t):
            s = math.sin(s + c[k % c.size]) * u[k % u.size]
        total += s * s
    return total


def shorter_and_shorter(u, c, n):
    s, total = u[0], 0.0
    for t in range(n, 0, -1):
        for k in range(t):
            s = math.sin(s + c[k % c.size]) * u[k % u.size]
        total += s * s
    return total


def two_after_another(u, c, n):
    s = u[0]
    for t in range(n):
        s = math.sin(s + c[t % c.size])
    u = u * s
    for t in range(2 * n):
        s = math.cos(s * u[t % u.size]) + c[0] * s
    return s


def in_a_branch(u, c, n):
    s = u[1]
    if s > 0.0:
        for t in range(n):
            s = math.sin(s + c[t % c.size])
    else:
        s = s * 2.0
    return s


def until_small(u, c, n):
    s, t = 3.0 + u[0], 0
    while s > 0.02 and t < n:
        s = s * (0.97 + 0.2 * c[t % c.size] * math.sin(s))
        t += 1
    return s * s


def with_break(u, c, n):
    s = 3.0 + u[0]
    for t in range(5, 10 * n, 2):
        s = s * (0.97 + 0.2 * c[t % c.size] * math.sin(s))
        if t > 1.5 * n:
            break
    return s * s


def written_in_while(u, c, n):
    h = u.copy()
    t = 0
    while t < n:
        for k in range(h.size):
            h[k] = math.sin(h[k] + c[k] * h[k - 1])
        t += 1
    return np.sum(h * h)


def complex_packet(u, c, n):
    psi, new = np.exp(u + 0.0j), np.zeros(u.size, np.complex128)
    for _ in range(n):
        for k in range(1, u.size - 1):
            new[k] = psi[k] - 0.05j * (2.0 * psi[k] - psi[k - 1] - psi[k + 1] + c[k] * psi[k])
        norm = np.sqrt(np.sum(np.abs(new) ** 2))
        for k in range(u.size):
            psi[k] = new[k] / norm
    return np.sum(np.abs(psi) ** 2 * u)


def loop_in_a_loop(u, c, n):
    u, c = u.copy(), c.copy()
    w = np.empty_like(u)
    for k in range(5):
        growth = 1.0 + 0.1 * u[0]
        for _ in range(n // 3):
            for i in range(1, u.size - 1):
                w[i] = u[i] + c[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i] * growth
            for i in range(1, u.size - 1):
                u[i] = w[i]
        u[0] = u[0] * u[1] + 0.1 * k
        c *= 0.99
    return np.sum(u * u)


def exchanged_in_a_loop(u, c, n):
    p, q = u.copy(), u * 0.5
    for _ in range(5):
        for _ in range(n // 3 + 1):
            for i in range(1, u.size - 1):
                p[i] = 0.9 * q[i] + c[i] * math.sin(q[i - 1] * p[i])
            p, q = q, p
        q[0] = p[1] * q[1]
    return np.sum(p * q)


def while_in_a_while(u, c, n):
    x, k = u[0], 0
    while k < 6:
        y, t = x + 0.1 * k, 0
        while t < n and y < 50.0:
            y = y + c[t % c.size] * math.cos(y) * u[k]
            t += 1
        x = 0.5 * x + 0.1 * y
        k += 1
    return x


def while_on_an_element(u, c, n):
    h, k = u.copy(), 0
    while (a := h[0]) < 50.0 and k < n:
        h[0] = a + c[k % c.size] * math.sin(a) + 0.01 * a * u[1]
        k += 1
    return h[0] * h[1]


SIMPLE = (recurrence, backwards)
OTHERS = (
    heat,
    buffers_exchanged,
    arrays_made_anew,
    trajectory,
    overwritten_later,
    longer_and_longer,
    shorter_and_shorter,
    two_after_another,
    in_a_branch,
    until_small,
    with_break,
    written_in_while,
    while_on_an_element,
    complex_packet,
    loop_in_a_loop,
    exchanged_in_a_loop,
    while_in_a_while,
)
NESTED = (loop_in_a_loop, exchanged_in_a_loop, while_in_a_while)
LIMITS = ("1MB", 20_000, 8_000, 4_000, 2_500, 1_500)


def arguments(f):
    return (0.3, 3.7, 300) if f in SIMPLE else (U, C, 40 if f in (longer_and_longer, shorter_and_shorter) else 90)


@pytest.mark.parametrize("f", [*SIMPLE, *OTHERS], ids=lambda f: f.__name__)
def test_gradients_are_the_same_to_the_bit(f):
    with generated_python():
        expected = dualad.grad(f, (0, 1))(*arguments(f))
        done = 0
        for memory in LIMITS:
            try:
                found = dualad.grad(f, (0, 1), memory=memory)(*arguments(f))
            except MemoryError as error:
                assert f.__name__ in str(error) or "test_limited_memory.py" in str(error)
                continue
            assert all(np.array_equal(x, y) for x, y in zip(found, expected, strict=True)), memory
            done += 1
    assert done >= 3


@pytest.mark.parametrize("f", NESTED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("memory", [100_000, 4_000, 2_000, 1_200])
def test_loops_in_loops(f, memory):
    with generated_python():
        expected = dualad.grad(f, (0, 1))(*arguments(f))
        mode = ReverseMode(memory, levels=2)
        found = derivative_of(f, "grad", (0, 1), how=mode)(*arguments(f))
    assert all(np.array_equal(x, y) for x, y in zip(found, expected, strict=True))


def test_where_one_trip_does_not_fit_the_loops_inside_are_reversed_in_chunks():
    expected = dualad.grad(exchanged_in_a_loop)(*arguments(exchanged_in_a_loop))
    limited = dualad.grad(exchanged_in_a_loop, memory=2_000)
    for _ in range(2):
        assert np.array_equal(limited(*arguments(exchanged_in_a_loop)), expected)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("f", [recurrence, buffers_exchanged, until_small], ids=lambda f: f.__name__)
def test_compiled(f):
    expected = dualad.value_and_grad(f, (0, 1))(*arguments(f))
    value, found = dualad.value_and_grad(f, (0, 1), memory=4_000)(*arguments(f))
    assert value == expected[0]
    assert all(np.array_equal(x, y) for x, y in zip(found, expected[1], strict=True))


# ---------------------------------------------------------------- schedules


@functools.cache
def fewest(chunks, slots):
    """Return how many runs of chunks, beside those with a tape, no schedule can do without."""
    if chunks <= 1:
        return 0
    if slots == 1:
        return chunks * (chunks - 1) // 2
    return min(k + fewest(chunks - k, slots - 1) + fewest(k, slots) for k in range(1, chunks))


def runs(chunks, slots, kept=(0,)):
    """Return how often the schedule runs each chunk to reverse all, from the states `kept` on the way to the end."""
    kept, hi, count = list(kept), chunks, [0] * chunks
    while hi > 0:
        if kept[-1] == hi:
            kept.pop()
        lo = kept[-1]
        while hi - lo > 1:
            stop = schedules.next_stop(lo, hi, 1, slots - len(kept))
            count[lo:stop] = [n + 1 for n in count[lo:stop]]
            lo = stop
            if len(kept) < slots:
                kept.append(lo)
        hi = lo
    return count


@pytest.mark.parametrize("slots", range(1, 9))
def test_no_schedule_takes_fewer_runs(slots):
    for chunks in range(1, 41):
        assert sum(runs(chunks, slots)) == schedules.runs_in_all(chunks, slots) == fewest(chunks, slots)


def online(chunks, slots):
    """Return the states that are kept of a loop whose end nobody knows."""
    levels, kept = schedules.levels_of_states(), [0]
    for k in range(1, chunks):
        if len(kept) == slots:
            kept.pop(schedules.give_way(levels, slots))
        else:
            levels[len(kept)] = 0
        kept.append(k)
    return kept


@pytest.mark.parametrize("slots", range(2, 9))
def test_schedules_without_end_run_nothing_more_often(slots):
    for chunks in range(2, 41):
        kept = online(chunks, slots)
        assert len(kept) == min(slots, chunks) and kept[0] == 0
        # the way to the end is a run of all chunks; where the end is known the last one is not run on it
        assert 1 + max(runs(chunks, slots, kept)) <= schedules.runs_needed(chunks, slots) + 1


def test_schedules_fit():
    for trips, state, trip, room in (
        (2000, 4_000_000, 6_000_000, 200_000_000),
        (10**7, 24, 16, 10**7),
        (50, 8, 90, 99),
    ):
        chunk, slots = schedules.schedule(trips, state, trip, room)
        assert chunk * trip + slots * state <= room
    assert schedules.schedule(10, 100, 10, 100) == (0, 0)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [("200MB", 200_000_000), ("1.5 KiB", 1536), (1000, 1000), ("7b", 7), (np.int64(5), 5), (None, None)],
)
def test_sizes(memory, expected):
    assert schedules.bytes_in(memory) == expected


@pytest.mark.parametrize("memory", ["200", "200 potatoes", "", "-3MB", "1.2.3MB", 0, -1, 2.5, True, ()])
def test_what_is_no_size(memory):
    with pytest.raises(dualad.ArgumentError, match="is no size"):
        dualad.grad(recurrence, memory=memory)


# ---------------------------------------------------------------- other transformations


def with_aux(u, c, n):
    s = heat(u, c, n)
    return s, 2.0 * s


def of_dict(model, n):
    return heat(model["u"], model["c"], n)


def end_of_heat(u, c, n):
    u = u.copy()
    for _ in range(n):
        for i in range(1, u.size - 1):
            u[i] = u[i] + c[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
    return u[1:4] * 2.0


def test_other_transformations():
    arguments = (U, C, 30)
    with generated_python():
        expected = dualad.grad(heat)(*arguments)
        found, aux = dualad.grad(with_aux, has_aux=True, memory=2_500)(*arguments)
        assert np.array_equal(found, expected) and math.isclose(aux, 2.0 * heat(*arguments), rel_tol=1e-12)
        out, pullback = dualad.vjp(end_of_heat, *arguments, memory=2_500)
        bar = np.array([1.0, -2.0, 0.5])
        expected = dualad.vjp(end_of_heat, *arguments)[1](bar)
        assert np.allclose(out, end_of_heat(*arguments), rtol=1e-13)
        for _ in range(2):
            assert all(np.array_equal(x, y) for x, y in zip(pullback(bar)[:2], expected[:2], strict=True))
        assert dualad.grad(heat, memory=2_500) is dualad.grad(heat, memory="2.5KB") is not dualad.grad(heat)


@numba.njit
def in_jitted_code(u, c, n):
    return limited(u, c, n), dualad.grad(jitted_heat, 1, memory="2.5KB")(u, c, n)


limited = dualad.grad(heat, memory=2_500)
jitted_heat = numba.njit(heat)


def slope(u, c, n):
    return np.sum(dualad.grad(heat, memory=2_500)(u, c, n))


@pytest.mark.one_in(2)
def test_composed():
    arguments = (U, C, 30)
    expected = dualad.grad(heat, (0, 1))(*arguments)
    assert all(np.array_equal(x, y) for x, y in zip(in_jitted_code(*arguments), expected, strict=True))
    found = dualad.grad(of_dict, memory=2_500)({"u": U, "c": C}, 30)
    assert np.array_equal(found["u"], expected[0]) and np.array_equal(found["c"], expected[1])
    rows = dualad.jacrev(end_of_heat, memory=2_500)(*arguments)
    assert np.array_equal(rows, dualad.jacrev(end_of_heat)(*arguments))
    assert np.allclose(dualad.grad(slope)(*arguments), dualad.hessian(heat)(*arguments).sum(0), rtol=1e-12)


# ---------------------------------------------------------------- what is refused


def prints(u, n):
    s = u[0]
    for t in range(n):
        print(t)
        s = math.sin(s)
    return s


def random_numbers(u, n):
    s = u[0]
    for _ in range(n):
        s = math.sin(s) * np.random.random()
    return s


def growing(u, n):
    items = [u[0]]
    for _ in range(n):
        items.append(math.sin(items[-1]))
    return items[-1]


def many_names(u, n):
    v = u
    for _ in range(n):
        w = v.copy()
        for k in range(v.size):
            w[k] = math.sin(v[k]) * w[k - 1]
        v, u = (w, v) if w[0] > 0.1 else (v, w)
        u[1] = v[0] * v[2]
    return u[0] * v[1]


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (prints, "print in it"),
        (random_numbers, "random in it"),
        (growing, "a list in it"),
        (many_names, "of several names"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_what_cannot_be_run_again(f, message):
    with (
        generated_python(),
        pytest.raises(dualad.UnsupportedError, match=f"memory= with .*{message}.*test_limited_memory.py"),
    ):
        dualad.grad(f, memory="1MB")(U, 5)


def test_too_little_memory():
    with (
        generated_python(),
        pytest.raises(MemoryError, match=r"one state and one trip of a loop .*test_limited_memory.py"),
    ):
        dualad.grad(heat, memory=250)(U, C, 30)


def test_memory_that_runs_out_names_the_loop():
    message = r"the tape of the loop \(.*test_limited_memory.py, line 2\d\) .*: .*grad\(recurrence, memory='2GB'\)"
    with pytest.raises(MemoryError, match=message):
        dualad.grad(recurrence)(0.3, 3.7, 10**14)
