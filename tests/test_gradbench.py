"""GradBench: the tool speaks the protocol, and each eval's derivative is that of its function."""

import io
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.gradbench import ba, beside, det, gmm, ht, kmeans, llsq, lse, lstm, ode, particle, saddle
from bench.gradbench.evaluation import plain
from bench.gradbench.protocol import EVALS, evaluate, load, respond_to

ROOT = Path(__file__).resolve().parent.parent


# ------------------------------------------------------------------- the protocol


@pytest.fixture(scope="module")
def session():
    """Start the tool, send it a session's messages, and return those with the responses."""
    few = {"min_runs": 3, "min_seconds": 0}
    long = {"min_runs": 1, "min_seconds": 0.01}
    messages = [
        {"kind": "start", "eval": "lse", "config": {}},
        {"kind": "define", "module": "nothing"},
        {"kind": "define", "module": "hello"},
        {"kind": "evaluate", "module": "hello", "function": "square", "input": 3},
        {"kind": "evaluate", "module": "hello", "function": "double", "input": 9.0},
        {"kind": "define", "module": "lse"},
        {"kind": "evaluate", "module": "lse", "function": "primal", "input": {"x": [1.0, 2.0], **few}},
        {"kind": "evaluate", "module": "lse", "function": "gradient", "input": {"x": [1, 2], **long}},
        {"kind": "analysis", "of": 7, "valid": True},
        {"kind": "evaluate", "module": "lse", "function": "hessian", "input": {"x": [1.0], **few}},
        {"kind": "analysis", "of": 9, "valid": False, "error": "no output"},
    ]
    messages = [{"id": k, **message} for k, message in enumerate(messages)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.gradbench"],
        input="".join(json.dumps(message) + "\n" for message in messages),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_message_is_answered_in_order(session):
    assert [response["id"] for response in session] == list(range(11))


def test_messages_that_want_nothing_get_their_id(session):
    assert session[8] == {"id": 8} and session[10] == {"id": 10}


def test_the_tool_says_who_it_is(session):
    assert session[0]["tool"] == "dualad"


def test_definitions_succeed_for_what_there_is(session):
    assert session[1]["success"] is False and "nothing" in session[1]["error"]
    assert session[2]["success"] is True and session[5]["success"] is True
    assert [t["name"] for t in session[5]["timings"]] == ["compile"]


def test_outputs(session):
    assert session[3]["output"] == 9.0 and session[4]["output"] == 18.0
    assert session[6]["output"] == pytest.approx(math.log(math.exp(1.0) + math.exp(2.0)))
    parts = [1.0 / (1.0 + math.e), math.e / (1.0 + math.e)]
    assert session[7]["output"] == pytest.approx(parts)


def test_each_run_is_timed(session):
    assert len(session[3]["timings"]) == 1
    assert len(session[6]["timings"]) == 3
    assert all(t["name"] == "evaluate" and isinstance(t["nanoseconds"], int) for t in session[7]["timings"])


def test_runs_go_on_until_the_seconds_are_over(session):
    *before, last = [t["nanoseconds"] for t in session[7]["timings"]]
    assert sum(before) < 1e7 <= sum(before) + last


def test_compilation_is_not_in_the_timings(session):
    assert session[6]["timings"][0]["nanoseconds"] < 0.1 * session[5]["timings"][0]["nanoseconds"]


def test_a_failure_is_an_answer(session):
    assert session[9]["success"] is False and "hessian" in session[9]["error"]


def test_the_tool_ends_with_its_input():
    out = io.StringIO()
    respond_to(io.StringIO(""), out)
    assert out.getvalue() == ""


@pytest.mark.parametrize("name", EVALS)
def test_every_eval_can_be_asked_for(name):
    """The example of the smallest size is an input that JSON can carry, and three sizes grow."""
    chosen = load(name)
    json.dumps(plain(chosen.example(*chosen.sizes[0])))
    assert len(chosen.sizes) == 3 and sorted(chosen.sizes) == list(chosen.sizes)


# ---------------------------------------------------------------- the derivatives


def input_of(chosen, *size):
    return json.loads(json.dumps(plain(chosen.EVAL.example(*size))))


def flat(gradient):
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    return np.concatenate([np.ravel(part) for part in parts])


def difference(f, args, argnums, direction):
    """Return the central difference of f along a direction, to fourth order."""

    def at(h):
        moved, start = list(args), 0
        for k in argnums:
            size = np.size(args[k])
            moved[k] = args[k] + h * direction[start : start + size].reshape(np.shape(args[k]))
            start += size
        return f(*moved)

    h = 1e-3
    return (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)


GRADIENTS = {
    "llsq": (llsq, llsq.primal, llsq.gradient, (0,), (5, 7)),
    "lse": (lse, lse.primal, lse.gradient, (0,), (9,)),
    "ode": (ode, ode.last, ode.gradient, (0,), (4, 3)),
    "det": (det, det.primal, det.gradient, (0,), (4,)),
    "gmm": (gmm, gmm.objective, gmm.jacobian, (0, 1, 2, 3), (3, 2, 5)),
    "lstm": (lstm, lstm.objective, lstm.jacobian, (0, 1), (2, 5)),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_against_finite_differences(name):
    module, f, gradient, argnums, size = GRADIENTS[name]
    args = module.EVAL.arguments(input_of(module, *size))
    bar = flat(gradient(*args))
    direction = np.random.default_rng(3).normal(size=bar.size)
    assert bar @ direction == pytest.approx(difference(f, args, argnums, direction), rel=1e-8)


def test_llsq_is_least_squares():
    x, n = np.array([0.3, -0.2, 0.7]), 6
    t = np.linspace(-1.0, 1.0, n)
    residual = np.sign(t) - np.vander(t, 3, increasing=True) @ x
    assert llsq.primal(x, n) == pytest.approx(0.5 * residual @ residual)


def test_ode_at_a_size_at_which_it_is_exact():
    """Four steps of a method of order four give a polynomial of degree four without an error."""
    x = np.array([0.5, 1.5, -0.7, 2.0])
    exact = np.cumprod(x * 2.0 / np.arange(1, 5))
    assert ode.primal(x, 4) == pytest.approx(exact, rel=1e-13)
    assert ode.gradient(x, 4) == pytest.approx(exact[-1] / x, rel=1e-13)


def test_det_is_the_determinant():
    a = np.random.default_rng(0).normal(size=(5, 5))
    assert det.primal(a) == pytest.approx(np.linalg.det(a), rel=1e-12)
    assert det.gradient(a) == pytest.approx(np.linalg.det(a) * np.linalg.inv(a).T, rel=1e-10)


def test_gmm_is_the_density_of_its_definition():
    """The eval's specification, without its simplifications, and with a prior that counts."""
    alpha, mu, q, l, x, _, _ = gmm.EVAL.arguments(input_of(gmm, 2, 3, 4))  # noqa: E741
    m, gamma = 2, 1.3
    phi = np.exp(alpha) / np.exp(alpha).sum()
    total = 0.0
    factors = [np.array([[math.exp(q[k, 0]), 0.0], [l[k, 0], math.exp(q[k, 1])]]) for k in range(3)]
    for point in x:
        mass = 0.0
        for k, factor in enumerate(factors):
            y = factor @ (point - mu[k])
            mass += phi[k] * math.exp(-0.5 * y @ y) * np.linalg.det(factor) / (2.0 * math.pi)
        total += math.log(mass)
    freedom = 2 + m + 1
    log_gamma = 0.5 * math.log(math.pi) + math.lgamma(freedom / 2) + math.lgamma((freedom - 1) / 2)
    for factor in factors:
        precision = factor.T @ factor
        total += 0.5 * (freedom - 3) * math.log(np.linalg.det(precision)) - 0.5 * gamma**2 * np.trace(precision)
        total -= freedom * math.log(2.0) - 2.0 * freedom * math.log(gamma) + log_gamma
    assert gmm.objective(alpha, mu, q, l, x, m, gamma) == pytest.approx(total, rel=1e-12)


def test_lstm_reports_one_row_behind_the_other():
    output = evaluate("lstm", "jacobian", input_of(lstm, 2, 5))["output"]
    main, extra = lstm.jacobian(*lstm.EVAL.arguments(input_of(lstm, 2, 5)))
    assert output == [*main.ravel(), *extra.ravel()]


def test_kmeans_goes_to_the_middle_of_each_cluster():
    points, centroids = kmeans.EVAL.arguments(input_of(kmeans, 3, 20, 2))
    nearest = np.argmin(((points[:, None, :] - centroids[None]) ** 2).sum(axis=2), axis=1)
    middles = np.array([points[nearest == k].mean(axis=0) for k in range(3)])
    assert kmeans.direction(points, centroids) == pytest.approx(centroids - middles, rel=1e-12)


def test_ba_by_finite_differences():
    """Every entry of the sparse matrix, of cameras and points that are seen more than once."""
    rng = np.random.default_rng(1)
    cameras, points, weights, seen, features, room = ba.EVAL.arguments(input_of(ba, 2, 3, 5))
    cameras *= rng.uniform(0.9, 1.1, cameras.shape)
    points *= rng.uniform(0.9, 1.1, points.shape)
    weights *= rng.uniform(0.9, 1.1, weights.shape)
    args = (cameras, points, weights, seen, features, room)
    starts, columns, values = ba.jacobian(*args)
    dense = np.zeros((15, 36))
    for row in range(15):
        dense[row, columns[starts[row] : starts[row + 1]]] = values[starts[row] : starts[row + 1]]

    def errors(*moved):
        return np.concatenate(ba.objective(*moved))

    for column, unit in enumerate(np.eye(36)):
        wanted = difference(errors, args, (0, 1, 2), unit)
        assert dense[:, column] == pytest.approx(wanted, rel=1e-6, abs=1e-6 * np.abs(wanted).max())


def test_ba_reports_the_first_entries_and_the_last():
    report = evaluate("ba", "jacobian", input_of(ba, 2, 3, 12))["output"]
    assert {len(report[name]) for name in ("rows", "cols", "vals")} == {31}
    assert report["rows"][-1] == 12 * 31 and report["cols"][-1] == 42 and report["rows"][:3] == [0, 15, 30]
    assert evaluate("ba", "objective", input_of(ba, 2, 3, 12))["output"]["w_err"]["repeated"] == 12


def test_ht_by_finite_differences():
    """The pose and the places on the triangles; and a hand whose points are vertices."""
    theta, us, hand, correspondences, points = ht.EVAL.arguments(input_of(ht, 30, 4))
    hand = hand._replace(triangles=hand.triangles % 30)
    args = (theta, us, hand, correspondences, points)
    columns = ht.jacobian(*args)
    assert columns.shape == (12, 28)
    direction = np.random.default_rng(2).normal(size=26)
    assert columns[:, 2:] @ direction == pytest.approx(difference(ht.objective, args, (0,), direction), rel=1e-8)
    for k in range(2):
        ones = np.tile(np.eye(2)[k], 4)
        assert columns[:, k] == pytest.approx(difference(ht.objective, args, (1,), ones), rel=1e-8, abs=1e-10)
    simple = (theta, us[:0], hand, correspondences % 30, points)
    wanted = difference(ht.objective, simple, (0,), direction)
    assert ht.jacobian(*simple) @ direction == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("modes", ("fr", "rf"))
def test_particle_hits_the_origin(modes):
    assert particle.EVAL.functions[modes](0.0) == pytest.approx(0.2071918746486116, rel=1e-9)


@pytest.mark.parametrize("modes", ("fr", "rf"))
def test_saddle_is_found(modes):
    wanted = np.full(4, 8.246324826140356e-06)  # where the prescribed steps end
    assert saddle.EVAL.functions[modes]((1.0, 1.0)) == pytest.approx(wanted, rel=1e-9)


# ------------------------------------------------------------------ beside others


SMALL = {
    "llsq": (7, 5),
    "lse": (9,),
    "ode": (5, 4),
    "det": (4,),
    "gmm": (3, 4, 20),
    "lstm": (2, 8),
    "kmeans": (3, 30, 2),
}


@pytest.mark.parametrize("peer", beside.PEERS)
@pytest.mark.parametrize("name", SMALL)
def test_others_find_the_same(peer, name):
    """Before anything is timed: the programs of the other tools and the adjoints in C."""
    module = pytest.importorskip(f"bench.gradbench.peers_{peer}", exc_type=ImportError)
    chosen = load(name)
    args = chosen.arguments(chosen.example(*SMALL[name]))
    if name == "gmm":
        args = (*args[:5], 2, 1.7)  # a prior that counts
    derivative = list(chosen.functions.values())[1]
    call = module.contestant(name, args)
    if call is None:
        pytest.skip(f"{peer} has no program of {name}")
    assert beside.agree(derivative(*args), call())


def test_disagreement_is_found():
    a = np.array([1.0, 2.0])
    assert beside.agree(a, (a.copy(),))
    assert not beside.agree(a, a + np.array([0.0, 1e-4]))
    assert not beside.agree((a, a), (a, a + np.nan))


def test_medians_are_taken_in_turns(monkeypatch):
    monkeypatch.setattr(beside, "SAMPLE_SECONDS", 1e-9)
    order = []
    found = beside.medians({"a": lambda: order.append("a"), "b": lambda: order.append("b")})
    assert "".join(order) == "ab" * (beside.ROUNDS + 1)
    assert set(found) == {"a", "b"} and min(found.values()) > 0.0


def test_a_row_says_what_was_measured():
    row = {"eval": "lse", "size": [2500], "first": {"dualad": 0.5, "torch": 0.1, "jax": 0.25}, "peak": 20_000}
    row |= {"operations": 10_000, "seconds": {"primal": 2e-5, "dualad": 3e-5, "jax": 6e-5}}
    cells = [cell.strip() for cell in beside.line(row).split("|")[1:-1]]
    assert cells == ["lse 2,500", "20 us", "30 us", "1.50", "1.5", "", "2.00", "", "", "", "0.5, 0.25", "20 kB", "2"]
    nested = {"eval": "saddle rr", "size": [], "first": {"dualad": 1.0}, "peak": None, "seconds": {"dualad": 1e-3}}
    cells = [cell.strip() for cell in beside.line(nested).split("|")[1:-1]]
    assert cells == ["saddle rr", "", "1 ms", "", "", "", "", "", "", "", "1", "", ""]
    head, rule, *rows = beside.table([row, nested]).splitlines()[:4]
    assert head.count("|") == rule.count("|") == rows[0].count("|") == rows[1].count("|")
