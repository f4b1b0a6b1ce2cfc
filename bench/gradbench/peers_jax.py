"""The evals in JAX, each in the form that suits it best: whole arrays, scan for the steps, vmap for many of a kind."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .ht import BONES, FINGERS

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def lse(x):
    largest = jnp.max(x)
    return largest + jnp.log(jnp.sum(jnp.exp(x - largest)))


def llsq(x, n):
    t = -1.0 + jnp.arange(n) * 2.0 / (n - 1.0)
    powers = jnp.cumprod(jnp.tile(t[:, None], (1, x.size)).at[:, 0].set(1.0), axis=1)
    return 0.5 * jnp.sum((jnp.sign(t) - powers @ x) ** 2)


def ode(x, s):
    h = 2.0 / s

    def slope(y):
        return x * jnp.concatenate((jnp.ones(1), y[:-1]))

    def step(y, _):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

    y, _ = lax.scan(step, jnp.zeros_like(x), None, length=s)
    return y[-1]


def det(a):
    """Expansion by minors; each minor is traced, so that the program has as many operations as the sum has terms."""

    def minor(row, columns):
        if len(columns) == 1:
            return a[row, columns[0]]
        rest = [minor(row + 1, columns[:j] + columns[j + 1 :]) for j in range(len(columns))]
        return sum((-1) ** j * a[row, c] * m for j, (c, m) in enumerate(zip(columns, rest, strict=True)))

    return minor(0, tuple(range(a.shape[0])))


def gmm(alpha, mu, q, l, x, m, gamma):  # noqa: E741
    d = mu.shape[1]
    columns, rows = jnp.triu_indices(d, 1)
    lower = jnp.zeros((*mu.shape, d)).at[:, rows, columns].set(l)
    diagonal, log_det = jnp.exp(q), q.sum(axis=1)
    centred = x[:, None, :] - mu
    scaled = diagonal * centred + jnp.einsum("kij,nkj->nki", lower, centred)
    beta = alpha + log_det - 0.5 * jnp.sum(scaled**2, axis=2)
    square = jnp.sum(diagonal**2, axis=1) + jnp.sum(l**2, axis=1)
    likelihood = jax.scipy.special.logsumexp(beta, axis=1).sum() - x.shape[0] * jax.scipy.special.logsumexp(alpha)
    return likelihood + jnp.sum(m * log_det - 0.5 * gamma**2 * square)


def lstm(main, extra, state, sequence):
    width = sequence.shape[1]
    main = main.reshape(-1, 2, 4, width)

    def step(memory, pair):
        given, wanted = pair
        signal, after = given * extra[0], []
        for (weight, bias), (hidden, cell) in zip(main, memory, strict=True):
            forget = jax.nn.sigmoid(signal * weight[0] + bias[0])
            ingate = jax.nn.sigmoid(hidden * weight[1] + bias[1])
            outgate = jax.nn.sigmoid(signal * weight[2] + bias[2])
            change = jnp.tanh(hidden * weight[3] + bias[3])
            cell = cell * forget + ingate * change
            signal = outgate * jnp.tanh(cell)
            after.append(jnp.stack((signal, cell)))
        predicted = signal * extra[1] + extra[2]
        return jnp.stack(after), jnp.sum(wanted * (predicted - jnp.log(jnp.exp(predicted).sum() + 2.0)))

    _, terms = lax.scan(step, state.reshape(-1, 2, width), (sequence[:-1], sequence[1:]))
    return -terms.sum() / sequence[1:].size


def cost(centroids, points):
    square = (points**2).sum(axis=1)[:, None] - 2.0 * points @ centroids.T + (centroids**2).sum(axis=1)
    return square.min(axis=1).sum()


def kmeans(points, centroids):
    slope = jax.grad(lambda c: cost(c, points))
    gradient, curvature = jax.jvp(slope, (centroids,), (jnp.ones_like(centroids),))
    return gradient / curvature


def project(camera, point, weight, feature):
    axis, away = camera[:3], point - camera[3:6]
    square = axis @ axis
    angle = jnp.sqrt(square)
    c, s = jnp.cos(angle), jnp.sin(angle) / angle
    x, y, z = away * c + jnp.cross(axis, away) * s + axis * ((axis @ away) * (1.0 - c) / square)
    seen = jnp.stack((x / z, y / z))
    square = seen @ seen
    scale = camera[6] * (1.0 + camera[9] * square + camera[10] * square * square)
    return weight * (seen * scale + camera[7:9] - feature)


def ba(cameras, points, weights, seen, features, _):
    """The values of the Jacobian without the pattern of its rows and columns."""
    blocks = jax.vmap(jax.jacrev(project, (0, 1, 2)))(cameras[seen[:, 0]], points[seen[:, 1]], weights, features)
    rows = jnp.concatenate((blocks[0], blocks[1], blocks[2][:, :, None]), axis=2)
    return jnp.concatenate((rows.ravel(), -2.0 * weights))


def turned(angles):
    """Return the rotations of all bones about their x-axes, then about their z-axes."""
    (sx, cx), (sz, cz) = ((jnp.sin(angles[:, k]), jnp.cos(angles[:, k])) for k in range(2))
    zero, one = jnp.zeros_like(sx), jnp.ones_like(sx)
    rows = [cz, -sz * cx, sz * sx, zero, sz, cz * cx, -cz * sx, zero, zero, sx, cx, zero, zero, zero, zero, one]
    return jnp.stack(rows, axis=1).reshape(-1, 4, 4)


def skin(theta, hand, parents):
    bones = [4 * finger + k for finger in range(FINGERS) for k in (2, 2, 3, 4)]
    angles = jnp.zeros((BONES, 2)).at[jnp.array(bones), jnp.array([0, 1, 0, 0] * FINGERS)].set(theta[6:])
    relatives = hand.relatives @ turned(angles)
    absolutes = []
    for parent, relative in zip(parents, relatives, strict=True):
        absolutes.append(relative if parent < 0 else absolutes[parent] @ relative)
    transforms = jnp.stack(absolutes) @ hand.inverses
    followed = jnp.einsum("bij,vj,vb->vi", transforms[:, :3], hand.positions, hand.weights)
    followed = followed * jnp.where(hand.mirrored, jnp.array([-1.0, 1.0, 1.0]), 1.0)
    angle = jnp.sqrt(theta[:3] @ theta[:3])
    x, y, z = theta[:3] / angle
    cross = jnp.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation = jnp.eye(3) + jnp.sin(angle) * cross + (1.0 - jnp.cos(angle)) * cross @ cross
    return followed @ rotation.T + theta[3:6]


def ht(theta, us, hand, correspondences, points, parents):
    def distances(parameters):
        corners = skin(parameters[2:], hand, parents)[hand.triangles[correspondences]]
        u, v = (us + parameters[:2]).T[:, :, None]
        return (points - u * corners[:, 0] - v * corners[:, 1] - (1.0 - u - v) * corners[:, 2]).ravel()

    return jax.jacfwd(distances)(jnp.concatenate((jnp.zeros(2), theta)))


def descent(f, gradient, start):
    """The descent of `descent.argmin`, as a loop that JAX compiles; reverse mode does not go through it."""

    def going(state):
        return ~state[-1]

    def step(state):
        x, fx, slope, rate, successes, _ = state
        many = successes == 10
        further = x - rate * slope
        f_further = f(further)
        down = ~many & (f_further < fx)
        near = ~many & (jnp.linalg.norm(further - x) <= 1e-5)
        move = down & ~near
        x, fx = jnp.where(move, further, x), jnp.where(move, f_further, fx)
        slope = lax.cond(move, gradient, lambda _: slope, x)
        rate = jnp.where(many, 2.0 * rate, jnp.where(down, rate, 0.5 * rate))
        successes = jnp.where(move, successes + 1, 0)
        return x, fx, slope, rate, successes, near | (jnp.linalg.norm(slope) <= 1e-5)

    slope = gradient(start)
    state = (start, f(start), slope, jnp.asarray(1e-5), jnp.asarray(0), jnp.linalg.norm(slope) <= 1e-5)
    return lax.while_loop(going, step, state)[0]


def saddle(start):
    """Forward over forward mode."""
    start = jnp.stack(start)

    def lowest(x):
        def depth(y):
            return y @ y - x @ x

        y = descent(depth, jax.jacfwd(depth), start)
        return -depth(y), y

    def ridge(x):
        return lowest(x)[0]

    x = descent(ridge, jax.jacfwd(ridge), start)
    return (*x, *lowest(x)[1])


def particle(w):
    """Forward over forward mode."""

    def potential(place, w):
        left = jnp.array([10.0, 10.0 - w]) - place
        right = jnp.array([10.0, 0.0]) - place
        return 1.0 / jnp.sqrt(left @ left) + 1.0 / jnp.sqrt(right @ right)

    def miss(control):
        def step(state):
            place, speed, _ = state
            force = -jax.jacfwd(potential)(place, control[0])
            place = place + 0.1 * speed
            return place, jnp.where(place[1] <= 0.0, speed, speed + 0.1 * force), place[1] > 0.0

        start = (jnp.array([0.0, 8.0]), jnp.array([0.75, 0.0]), jnp.asarray(True))
        place, speed, _ = lax.while_loop(lambda state: state[2], step, start)
        return (place[0] - place[1] / speed[1] * speed[0]) ** 2

    return descent(miss, jax.jacfwd(miss), jnp.array([w]))[0]


GRADIENTS = {"llsq": (0,), "lse": (0,), "ode": (0,), "det": (0,), "gmm": (0, 1, 2, 3), "lstm": (0, 1)}
WHOLE = {"kmeans": kmeans, "ba": ba, "ht": ht, "saddle": saddle, "particle": particle}
LARGEST_DET = 6  # the trace has 6! leaves; larger ones take minutes to compile


def contestant(name: str, args: tuple) -> Callable | None:
    """Return a call that computes an eval's derivative; None if JAX has no fair form of it."""
    if name == "det" and args[0].shape[0] > LARGEST_DET:
        return None
    if name == "ht":
        args = (*args, tuple(int(p) for p in args[2].parents))
    statics = tuple(k for k, a in enumerate(args) if isinstance(a, int) or (name == "ht" and k == 5))
    f = WHOLE[name] if name in WHOLE else jax.grad(globals()[name], GRADIENTS[name])
    run = jax.jit(f, static_argnums=statics)
    given = [jax.tree.map(jnp.asarray, a) if k not in statics else a for k, a in enumerate(args)]

    def derivative() -> tuple[np.ndarray, ...]:
        out = jax.block_until_ready(run(*given))
        return out if isinstance(out, tuple) else (out,)

    return derivative
