"""Greeks of an option under Heston's model: a Monte Carlo on all cores, and its gradient on all cores.

The random numbers are given, so that the price is a smooth function of the parameters; its gradient has all Greeks at
once, for a few evaluations of the price.
"""

import numba
import numpy as np

import dualad

NAMES = ("spot", "variance", "reversion", "long-run variance", "volatility of variance", "correlation", "rate")
MARKET = np.array([100.0, 0.04, 1.5, 0.04, 0.3, -0.7, 0.02])


@numba.njit(parallel=True)
def price(market, strike, maturity, normals):
    """Return the price of an average-price call, by full truncation (Lord, Koekkoek and van Dijk 2010).

    Parameters
    ----------
    market : ndarray, shape (7,)
        In the order of `NAMES`.
    strike, maturity : float
    normals : ndarray, shape (paths, steps, 2)
    """
    paths, steps = normals.shape[0], normals.shape[1]
    h = maturity / steps
    across = np.sqrt(1.0 - market[5] ** 2)
    total = 0.0
    for k in numba.prange(paths):
        logarithm, variance, mean = np.log(market[0]), market[1], 0.0
        for t in range(steps):
            now = max(variance, 0.0)
            root = np.sqrt(now * h)
            z = market[5] * normals[k, t, 0] + across * normals[k, t, 1]
            logarithm += (market[6] - 0.5 * now) * h + root * z
            variance += market[2] * (market[3] - now) * h + market[4] * root * normals[k, t, 0]
            mean += np.exp(logarithm) / steps
        total += max(mean - strike, 0.0)
    return np.exp(-market[6] * maturity) * total / paths


greeks = dualad.value_and_grad(price)


def normals_for(paths, steps, seed=0):
    """Return normal numbers, each with its opposite."""
    half = np.random.default_rng(seed).normal(size=(paths // 2, steps, 2))
    return np.concatenate([half, -half])


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    strikes = np.linspace(80.0, 120.0, 17)
    normals = normals_for(100_000, 50)
    found = np.array([greeks(MARKET, strike, 1.0, normals)[1] for strike in strikes])
    figure, axes = plt.subplots(2, 4, figsize=(12, 6), sharex=True)
    for axis, name, column in zip(axes.flat, NAMES, found.T, strict=False):
        axis.plot(strikes, column)
        axis.set_title(f"by the {name}", fontsize=9)
    axes.flat[-1].set_axis_off()
    figure.savefig("heston.png", dpi=120)
