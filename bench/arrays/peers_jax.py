"""The array programs in JAX, each in the form that suits it best: scan for loops, convolution as a primitive."""

from __future__ import annotations

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def network(w1, w2, w3, b1, b2, b3, x, y):
    h = x
    for w, b in ((w1, b1), (w2, b2), (w3, b3)):
        h = jnp.tanh(h @ w + b)
    return jnp.mean((h - y) ** 2)


def softmax_regression(w, b, x, labels):
    logits = x @ w + b
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.scipy.special.logsumexp(logits, axis=1) - chosen)


def logsumexp(x):
    return jax.scipy.special.logsumexp(x)


def convolution(image, kernel):
    out = lax.conv_general_dilated(image[None, None], kernel[None, None], (1, 1), "VALID")
    return jnp.sum(out * out)


def heat(u, conductivity, steps):
    def step(u, _):
        return u.at[1:-1].add(conductivity * (u[:-2] - 2.0 * u[1:-1] + u[2:])), None

    u, _ = lax.scan(step, u, None, length=steps)
    return jnp.sum(u * u)


def kalman(a, q, r, observations):
    n, m = a.shape[0], observations.shape[1]
    h = jnp.eye(m, n)

    def step(state, y):
        mean, cov, loss = state
        mean, cov = a @ mean, a @ cov @ a.T + q
        residual = y - h @ mean
        s = h @ cov @ h.T + r
        gain = jnp.linalg.solve(s, h @ cov).T
        loss += 0.5 * (residual @ jnp.linalg.solve(s, residual) + jnp.log(jnp.linalg.det(s)))
        return (mean + gain @ residual, cov - gain @ h @ cov, loss), None

    (_, _, loss), _ = lax.scan(step, (jnp.zeros(n), jnp.eye(n), 0.0), observations)
    return loss


def lstm(wx, wh, b, x):
    units = wh.shape[0]

    def step(state, x_t):
        h, c, loss = state
        z = x_t @ wx + h @ wh + b
        forget, take, out = (jax.nn.sigmoid(z[k * units : (k + 1) * units]) for k in range(3))
        c = forget * c + take * jnp.tanh(z[3 * units :])
        h = out * jnp.tanh(c)
        return (h, c, loss + jnp.sum(h * h)), None

    (_, _, loss), _ = lax.scan(step, (jnp.zeros(units), jnp.zeros(units), 0.0), x)
    return loss


def contestant(name, args, count):
    """Return a call that computes value and gradient, ready when it returns."""
    statics = tuple(k for k, a in enumerate(args) if isinstance(a, int))
    f = jax.jit(jax.value_and_grad(globals()[name], argnums=tuple(range(count))), static_argnums=statics)
    given = [jnp.asarray(a) if isinstance(a, np.ndarray) else a for a in args]
    return lambda: jax.block_until_ready(f(*given))
