"""Predator and prey: the Lotka-Volterra equations fitted to the Hudson's Bay Company pelt record, 1900 to 1920.

The populations of hares u and lynxes v, in thousands of pelts, follow

    du/dt = (alpha - beta v) u
    dv/dt = (delta u - gamma) v

and the record scatters about them with log-normal errors, sigma_u and sigma_v. Each of the eight unknowns is
positive, so the vector that the optimiser sees holds their logarithms, in this order::

    unknowns = log([alpha, beta, gamma, delta, u(1900), v(1900), sigma_u, sigma_v])

The model, its priors and the published posterior means are those of B. Carpenter, "Predator-Prey Population Dynamics:
the Lotka-Volterra model in Stan", 2018. What is minimised here is the negative log-likelihood, so the estimates are
those of maximum likelihood and stand near the posterior means, not on them. `negative_log_posterior` adds the weak
priors and takes the same arguments: ``fit(negative_log_posterior)``.

Everything here is an ordinary Python function: loops, array elements, helper functions. dualad compiles it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

import dualad

FIRST_YEAR = 1900

# Pelts in thousands, one entry a year, as in the case study.
HARE = np.array(
    [30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4, 27.1]
    + [40.3, 57.0, 76.6, 52.3, 19.5, 11.2, 7.6, 14.6, 16.2, 24.7]
)
LYNX = np.array(
    [4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1, 7.4]
    + [8.0, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6]
)

STEPS_PER_YEAR = 20

NAMES = ("alpha", "beta", "gamma", "delta", "u(1900)", "v(1900)", "sigma_u", "sigma_v")

PUBLISHED_MEANS = {"alpha": 0.55, "beta": 0.028, "gamma": 0.80, "delta": 0.024}


def hare_growth(alpha, beta, hare, lynx):
    return (alpha - beta * lynx) * hare


def lynx_growth(gamma, delta, hare, lynx):
    return (delta * hare - gamma) * lynx


def populations(unknowns, years, steps_per_year):
    """Integrate the Lotka-Volterra equations by the classical Runge-Kutta method of order 4.

    Parameters
    ----------
    unknowns : ndarray of float, shape (8,)
        Logarithms, in the order of `NAMES`; the last two are not used here.
    years : int
        Number of years in the result, the first one included.
    steps_per_year : int
        Steps of the integrator in one year.

    Returns
    -------
    ndarray of float, shape (years, 2)
        Hares and lynxes, in thousands, at the start of each year.
    """
    alpha = math.exp(unknowns[0])
    beta = math.exp(unknowns[1])
    gamma = math.exp(unknowns[2])
    delta = math.exp(unknowns[3])
    hare = math.exp(unknowns[4])
    lynx = math.exp(unknowns[5])
    step = 1.0 / steps_per_year
    record = np.empty((years, 2))
    record[0, 0] = hare
    record[0, 1] = lynx
    for year in range(1, years):
        for _ in range(steps_per_year):
            hare_1 = hare_growth(alpha, beta, hare, lynx)
            lynx_1 = lynx_growth(gamma, delta, hare, lynx)
            hare_mid = hare + 0.5 * step * hare_1
            lynx_mid = lynx + 0.5 * step * lynx_1
            hare_2 = hare_growth(alpha, beta, hare_mid, lynx_mid)
            lynx_2 = lynx_growth(gamma, delta, hare_mid, lynx_mid)
            hare_mid = hare + 0.5 * step * hare_2
            lynx_mid = lynx + 0.5 * step * lynx_2
            hare_3 = hare_growth(alpha, beta, hare_mid, lynx_mid)
            lynx_3 = lynx_growth(gamma, delta, hare_mid, lynx_mid)
            hare_end = hare + step * hare_3
            lynx_end = lynx + step * lynx_3
            hare_4 = hare_growth(alpha, beta, hare_end, lynx_end)
            lynx_4 = lynx_growth(gamma, delta, hare_end, lynx_end)
            hare += step / 6.0 * (hare_1 + 2.0 * hare_2 + 2.0 * hare_3 + hare_4)
            lynx += step / 6.0 * (lynx_1 + 2.0 * lynx_2 + 2.0 * lynx_3 + lynx_4)
        record[year, 0] = hare
        record[year, 1] = lynx
    return record


def negative_log_likelihood(unknowns, hare_record, lynx_record, steps_per_year):
    """Negative log-likelihood of the record under log-normal errors, without its constant terms.

    Parameters
    ----------
    unknowns : ndarray of float, shape (8,)
        Logarithms, in the order of `NAMES`.
    hare_record, lynx_record : ndarray of float, shape (years,)
        Pelts in thousands, one entry a year.
    steps_per_year : int
        Steps of the integrator in one year.

    Returns
    -------
    float
    """
    years = hare_record.shape[0]
    model = populations(unknowns, years, steps_per_year)
    sigma_u = math.exp(unknowns[6])
    sigma_v = math.exp(unknowns[7])
    total = 0.0
    for year in range(years):
        hare_error = (math.log(hare_record[year]) - math.log(model[year, 0])) / sigma_u
        lynx_error = (math.log(lynx_record[year]) - math.log(model[year, 1])) / sigma_v
        total += 0.5 * (hare_error * hare_error + lynx_error * lynx_error) + unknowns[6] + unknowns[7]
    return total


def negative_log_prior(unknowns):
    """Negative log density of the priors of the Stan case study, on the log scale, without its constant terms.

    alpha and gamma are normal(1, 0.5), beta and delta normal(0.05, 0.05), the initial populations
    lognormal(log 10, 1), the errors lognormal(-1, 1). A density of x is one of log x once it is multiplied by x:
    the term ``- unknowns[i]`` of the four rates.

    Parameters
    ----------
    unknowns : ndarray of float, shape (8,)
        Logarithms, in the order of `NAMES`.

    Returns
    -------
    float
    """
    total = 0.0
    for i in range(4):
        centre = 1.0 if i % 2 == 0 else 0.05
        spread = 0.5 if i % 2 == 0 else 0.05
        distance = (math.exp(unknowns[i]) - centre) / spread
        total += 0.5 * distance * distance - unknowns[i]
    for i in range(4, 8):
        distance = unknowns[i] - (math.log(10.0) if i < 6 else -1.0)
        total += 0.5 * distance * distance
    return total


def negative_log_posterior(unknowns, hare_record, lynx_record, steps_per_year):
    """Negative log-likelihood plus the weak priors: parameters and result as in `negative_log_likelihood`."""
    likelihood = negative_log_likelihood(unknowns, hare_record, lynx_record, steps_per_year)
    return likelihood + negative_log_prior(unknowns)


def starting_point() -> np.ndarray:
    """Read a rough guess off the record.

    The cycles last about ten years, so alpha = gamma = 2 pi / 10 (small cycles have the angular frequency
    sqrt(alpha gamma)); their centre (gamma / delta, alpha / beta) is taken for the mean of the record.

    Returns
    -------
    ndarray of float, shape (8,)
        Logarithms, in the order of `NAMES`.
    """
    rate = 2.0 * math.pi / 10.0
    guess = [rate, rate / LYNX.mean(), rate, rate / HARE.mean(), HARE[0], LYNX[0], 0.5, 0.5]
    return np.log(np.array(guess))


@dataclass(frozen=True)
class Fit:
    """What the optimiser found.

    Attributes
    ----------
    estimates : dict of str to float
        The eight unknowns, no longer logarithms, by name.
    unknowns : ndarray of float, shape (8,)
        Their logarithms.
    value : float
        The objective there.
    gradient : ndarray of float, shape (8,)
        Its gradient there.
    iterations, evaluations : int
        Steps of the optimiser, and evaluations of value and gradient.
    converged : bool
        Whether the optimiser met its tolerance.
    """

    estimates: dict[str, float]
    unknowns: np.ndarray
    value: float
    gradient: np.ndarray
    iterations: int
    evaluations: int
    converged: bool

    def table(self) -> str:
        """Return the estimates beside the published posterior means, one unknown a line."""
        lines = [f"{'':10}{'estimate':>10}{'published mean':>18}"]
        for name, estimate in self.estimates.items():
            mean = PUBLISHED_MEANS.get(name)
            lines.append(f"{name:10}{estimate:>10.4g}{'' if mean is None else format(mean, '.3f'):>18}".rstrip())
        end = "converged" if self.converged else "stopped without converging"
        lines.append(
            f"L-BFGS-B {end} after {self.iterations} iterations, {self.evaluations} gradients; "
            f"largest gradient entry left: {np.abs(self.gradient).max():.1e}"
        )
        return "\n".join(lines)


def fit(objective: Callable = negative_log_likelihood) -> Fit:
    """Fit the model to the pelt record: L-BFGS-B, driven by the gradient in reverse mode.

    Parameters
    ----------
    objective : callable
        `negative_log_likelihood` or `negative_log_posterior`.

    Returns
    -------
    Fit
    """
    value_and_gradient = dualad.value_and_grad(objective)
    found = minimize(
        value_and_gradient,
        starting_point(),
        args=(HARE, LYNX, STEPS_PER_YEAR),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-14, "gtol": 1e-7},
    )
    return Fit(
        estimates=dict(zip(NAMES, np.exp(found.x).tolist(), strict=True)),
        unknowns=found.x,
        value=float(found.fun),
        gradient=np.asarray(found.jac),
        iterations=int(found.nit),
        evaluations=int(found.nfev),
        converged=bool(found.success),
    )
