"""The example model: its data, its integrator, its likelihood, and the fit against the published posterior means."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import lognorm, norm

from dualad.compare import central_differences, compiled
from dualad.examples import lotka_volterra as predator_prey

UNKNOWNS = np.log([0.55, 0.028, 0.80, 0.024, 34.0, 5.9, 0.25, 0.3])


@pytest.fixture(scope="module")
def fitted():
    return predator_prey.fit()


def arguments(unknowns):
    return unknowns, predator_prey.HARE, predator_prey.LYNX, predator_prey.STEPS_PER_YEAR


def reference_populations(unknowns):
    alpha, beta, gamma, delta, hare, lynx = np.exp(unknowns[:6])

    def growth(_, state):
        return (alpha - beta * state[1]) * state[0], (delta * state[0] - gamma) * state[1]

    years = np.arange(predator_prey.HARE.size)
    return solve_ivp(growth, (0, years[-1]), (hare, lynx), t_eval=years, method="DOP853", rtol=1e-12, atol=1e-12).y.T


def test_the_record_covers_21_years():
    assert predator_prey.HARE.shape == predator_prey.LYNX.shape == (21,)
    assert predator_prey.HARE.sum() == pytest.approx(715.7)
    assert predator_prey.LYNX.sum() == pytest.approx(423.5)


def test_the_integrator_agrees_with_another_one():
    populations = predator_prey.populations(UNKNOWNS, 21, predator_prey.STEPS_PER_YEAR)
    np.testing.assert_allclose(populations, reference_populations(UNKNOWNS), rtol=2e-5)


def test_the_integrator_is_of_fourth_order():
    exact = reference_populations(UNKNOWNS)
    coarse, fine = (np.abs(predator_prey.populations(UNKNOWNS, 21, steps) - exact).max() for steps in (20, 40))
    assert 13.0 < coarse / fine < 19.0


def test_the_likelihood_is_log_normal():
    def reference(unknowns):
        populations = reference_populations(unknowns)
        record = np.column_stack([predator_prey.HARE, predator_prey.LYNX])
        return -lognorm.logpdf(record, np.exp(unknowns[6:]), scale=populations).sum()

    moved = UNKNOWNS + np.random.default_rng(1).normal(scale=0.02, size=8)
    here, there = (predator_prey.negative_log_likelihood(*arguments(at)) for at in (UNKNOWNS, moved))
    assert there - here == pytest.approx(reference(moved) - reference(UNKNOWNS), abs=1e-4)


def test_the_priors_are_those_of_the_case_study():
    def reference(unknowns):
        x = np.exp(unknowns)
        rates = norm.logpdf(x[[0, 2]], 1.0, 0.5).sum() + norm.logpdf(x[[1, 3]], 0.05, 0.05).sum()
        states = lognorm.logpdf(x[4:6], 1.0, scale=10.0).sum()
        errors = lognorm.logpdf(x[6:], 1.0, scale=np.exp(-1.0)).sum()
        return -(rates + states + errors + unknowns.sum())

    moved = UNKNOWNS + np.random.default_rng(2).normal(scale=0.3, size=8)
    change = predator_prey.negative_log_prior(moved) - predator_prey.negative_log_prior(UNKNOWNS)
    assert change == pytest.approx(reference(moved) - reference(UNKNOWNS))


def test_the_fit_finds_the_published_rates(fitted):
    assert fitted.converged
    for name, mean in predator_prey.PUBLISHED_MEANS.items():
        assert fitted.estimates[name] == pytest.approx(mean, rel=0.04)  # a mode beside means


def test_with_the_priors_too_the_fit_finds_the_published_rates():
    with_priors = predator_prey.fit(predator_prey.negative_log_posterior)
    assert with_priors.converged
    for name, mean in predator_prey.PUBLISHED_MEANS.items():
        assert with_priors.estimates[name] == pytest.approx(mean, rel=0.03)


def test_the_fit_stands_at_a_minimum(fitted):
    model = compiled(predator_prey.negative_log_likelihood)
    assert np.abs(fitted.gradient).max() < 1e-3
    assert np.abs(central_differences(model, arguments(fitted.unknowns), (0,))).max() < 1e-3
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert model(*arguments(fitted.unknowns + rng.normal(scale=0.05, size=8))) > fitted.value


def test_the_table_shows_every_unknown_beside_the_published_means(fitted):
    lines = fitted.table().splitlines()
    shown = {line.split()[0]: line.split()[1:] for line in lines[1:9]}
    assert tuple(shown) == predator_prey.NAMES
    assert [shown[name][1] for name in ("alpha", "beta", "gamma", "delta")] == ["0.550", "0.028", "0.800", "0.024"]
