"""Random numbers whose parameters carry derivatives, as functions of these and of numbers that do not depend on them.

np.random.normal(m, s) is m + s * np.random.normal(0.0, 1.0), drawn from the same stream. Where the parameters are
constants, Numba's own function is called. What has no such form (the shape of a gamma distribution) is drawn as it is,
and its derivative is an error.
"""

import numpy as np


def location_and_scale(draw, loc=0.0, scale=1.0, size=None):
    if size is None:
        return loc + scale * draw(0.0, 1.0)
    return loc + scale * draw(0.0, 1.0, size)


def lognormal(draw, mean=0.0, sigma=1.0, size=None):
    return np.exp(location_and_scale(np.random.normal, mean, sigma, size))


def uniform(draw, low=0.0, high=1.0, size=None):
    if size is None:
        return low + (high - low) * draw(0.0, 1.0)
    return low + (high - low) * draw(0.0, 1.0, size)


def scaled(draw, scale=1.0, size=None):
    if size is None:
        return scale * draw(1.0)
    return scale * draw(1.0, size)


def gamma(draw, shape, scale=1.0, size=None):
    if size is None:
        return scale * np.random.standard_gamma(shape)
    return scale * np.random.standard_gamma(shape, size)


REPARAMETERISED = {
    **dict.fromkeys((np.random.normal, np.random.laplace, np.random.logistic, np.random.gumbel), location_and_scale),
    **dict.fromkeys((np.random.exponential, np.random.rayleigh), scaled),
    np.random.lognormal: lognormal,
    np.random.uniform: uniform,
    np.random.gamma: gamma,
}
"""What stands for a function of np.random; its first argument is that function."""
