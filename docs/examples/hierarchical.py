"""Who passes? Hierarchical logistic regression, sampled by nutpie, which calls the gradient by a C pointer.

Each of many groups has an intercept of its own; how much these differ is found with them. nutpie is written in Rust: it
calls a pointer on all chains' threads at once, without Python. By `from_pyfunc` it calls the same gradient in Python.
"""

import dataclasses
import functools

import numba
import numpy as np

import dualad


def log_density(x, features, labels, groups, count):
    """Return that of (mean, log of the spread, intercepts in units of the spread, weights), up to a constant."""
    spread = np.exp(x[1])
    total = x[1] - 0.5 * spread * spread  # of the spread: half a normal number
    for k in range(x.size):
        total -= 0.5 * x[k] * x[k] if k != 1 else 0.0
    for k in range(labels.size):
        score = x[0] + spread * x[2 + groups[k]]
        for j in range(features.shape[1]):
            score += features[k, j] * x[2 + count + j]
        total += labels[k] * score - np.logaddexp(0.0, score)
    return total


@numba.njit
def expand(x):
    """Return what is kept of a draw; here all of it."""
    return x.copy()


def data(count=40, each=25, seed=0):
    """Return features, labels and groups, and the intercepts of the groups that made them."""
    rng = np.random.default_rng(seed)
    intercepts, features = 0.5 + rng.normal(size=count), rng.normal(size=(count * each, 3))
    groups = np.repeat(np.arange(count), each)
    scores = intercepts[groups] + features @ np.array([1.0, -0.5, 0.0])
    return (features, (rng.random(scores.size) < 1.0 / (1.0 + np.exp(-scores))).astype(float), groups), intercepts


def by_pointer(density, size):
    """Return a model for nutpie that calls back into machine code."""
    from nutpie.compile_pymc import CompiledPyMCModel

    names, slices, shapes = ["x"], [slice(0, size)], [(size,)]
    given = {
        "compiled_logp_func": dualad.cfunc(dualad.value_and_grad(density), "nutpie"),
        "compiled_expand_func": dualad.cfunc(expand, "nutpie_expand"),
        "initial_point_func": lambda seed: np.random.default_rng(seed).normal(0.0, 0.1, size),
        "user_data": np.zeros(1),
        "shape_info": (names, slices, shapes),
        "n_expanded": size,
        "dims": {},
        "_coords": {},
        "_n_dim": size,
        "_shapes": dict(zip(names, shapes, strict=True)),
    }
    return CompiledPyMCModel(**{field.name: given.get(field.name) for field in dataclasses.fields(CompiledPyMCModel)})


def by_python(density, size):
    """Return the same model, which calls Python."""
    from nutpie.compiled_pyfunc import from_pyfunc

    slope = dualad.value_and_grad(density)
    return from_pyfunc(size, lambda: slope, lambda *seeds: lambda x: {"x": x}, ["float64"], [(size,)], ["x"])


def sample(make=by_pointer, count=40, each=25, draws=1000, chains=4):
    """Return the draws of the intercepts, shape (chains, draws, count), the true ones, and nutpie's result."""
    import nutpie

    (features, labels, groups), intercepts = data(count, each)
    density = functools.partial(log_density, features=features, labels=labels, groups=groups, count=count)
    model = make(density, 2 + count + features.shape[1])
    trace = nutpie.sample(model, draws=draws, chains=chains, seed=1, progress_bar=False)
    x = trace.posterior["x"].values
    return x[..., :1] + np.exp(x[..., 1:2]) * x[..., 2 : 2 + count], intercepts, trace


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    draws, truth, _ = sample()
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95], axis=(0, 1))
    order = np.argsort(middle)
    figure, axis = plt.subplots(figsize=(7, 4))
    axis.vlines(np.arange(order.size), low[order], high[order])
    axis.plot(middle[order], "o", label="found, with nine tenths of the draws")
    axis.plot(truth[order], "x", label="true")
    axis.set(xlabel="group", ylabel="intercept")
    axis.legend(loc="lower right")
    figure.savefig("hierarchical.png", dpi=120)
