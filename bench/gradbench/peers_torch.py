"""The evals in PyTorch: whole arrays, Python loops for the steps, vmap for many of a kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import func

from .ht import BONES, FINGERS

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def lse(x):
    largest = x.max()
    return largest + torch.log(torch.exp(x - largest).sum())


def llsq(x, n):
    t = -1.0 + torch.arange(n) * 2.0 / (n - 1.0)
    return 0.5 * torch.sum((torch.sign(t) - torch.vander(t, x.numel(), increasing=True) @ x) ** 2)


def ode(x, s):
    h = 2.0 / s
    y = torch.zeros_like(x)
    one = torch.ones(1)

    def slope(y):
        return x * torch.cat((one, y[:-1]))

    for _ in range(s):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y[-1]


def gmm(alpha, mu, q, l, x, m, gamma):  # noqa: E741
    k, d = mu.shape
    columns, rows = torch.triu_indices(d, d, 1)
    lower = torch.zeros(k, d, d).index_put((torch.arange(k)[:, None], rows[None], columns[None]), l)
    diagonal, log_det = torch.exp(q), q.sum(dim=1)
    centred = x[:, None, :] - mu
    scaled = diagonal * centred + torch.einsum("kij,nkj->nki", lower, centred)
    beta = alpha + log_det - 0.5 * torch.sum(scaled**2, dim=2)
    square = torch.sum(diagonal**2, dim=1) + torch.sum(l**2, dim=1)
    likelihood = torch.logsumexp(beta, dim=1).sum() - x.shape[0] * torch.logsumexp(alpha, dim=0)
    return likelihood + torch.sum(m * log_det - 0.5 * gamma**2 * square)


def lstm(main, extra, state, sequence):
    steps, width = sequence.shape
    main = main.reshape(-1, 2, 4, width)
    memory = list(state.reshape(-1, 2, width).unbind())
    memory = [tuple(pair.unbind()) for pair in memory]
    total = torch.zeros(())
    for t in range(steps - 1):
        signal = sequence[t] * extra[0]
        for i, (hidden, cell) in enumerate(memory):
            weight, bias = main[i, 0], main[i, 1]
            z = torch.stack((signal, hidden, signal, hidden)) * weight + bias
            forget, ingate, outgate = torch.sigmoid(z[:3]).unbind()
            cell = cell * forget + ingate * torch.tanh(z[3])
            signal = outgate * torch.tanh(cell)
            memory[i] = (signal, cell)
        predicted = signal * extra[1] + extra[2]
        total = total + torch.sum(sequence[t + 1] * (predicted - torch.log(torch.exp(predicted).sum() + 2.0)))
    return -total / ((steps - 1) * width)


def kmeans(points, centroids):
    centroids = centroids.detach().requires_grad_()
    square = (points**2).sum(dim=1)[:, None] - 2.0 * points @ centroids.T + (centroids**2).sum(dim=1)
    (gradient,) = torch.autograd.grad(square.min(dim=1).values.sum(), centroids, create_graph=True)
    (curvature,) = torch.autograd.grad(gradient.sum(), centroids)
    return gradient.detach() / curvature


def project(camera, point, weight, feature):
    axis, away = camera[:3], point - camera[3:6]
    square = axis @ axis
    angle = torch.sqrt(square)
    c, s = torch.cos(angle), torch.sin(angle) / angle
    at = away * c + torch.linalg.cross(axis, away) * s + axis * ((axis @ away) * (1.0 - c) / square)
    seen = at[:2] / at[2]
    square = seen @ seen
    scale = camera[6] * (1.0 + camera[9] * square + camera[10] * square * square)
    return weight * (seen * scale + camera[7:9] - feature)


def ba(cameras, points, weights, seen, features, _):
    """The values of the Jacobian without the pattern of its rows and columns."""
    rows = func.vmap(func.jacrev(project, (0, 1, 2)))
    blocks = rows(cameras[seen[:, 0]], points[seen[:, 1]], weights, features)
    values = torch.cat((blocks[0], blocks[1], blocks[2][:, :, None]), dim=2)
    return torch.cat((values.ravel(), -2.0 * weights))


def skin(theta, hand, parents):
    bones = [4 * finger + k for finger in range(FINGERS) for k in (2, 2, 3, 4)]
    which = (torch.tensor(bones), torch.tensor([0, 1, 0, 0] * FINGERS))
    angles = torch.zeros(BONES, 2).index_put(which, theta[6:])
    (sx, cx), (sz, cz) = ((torch.sin(angles[:, k]), torch.cos(angles[:, k])) for k in range(2))
    zero, one = torch.zeros_like(sx), torch.ones_like(sx)
    rows = [cz, -sz * cx, sz * sx, zero, sz, cz * cx, -cz * sx, zero, zero, sx, cx, zero, zero, zero, zero, one]
    relatives = hand["relatives"] @ torch.stack(rows, dim=1).reshape(-1, 4, 4)
    absolutes = []
    for bone, parent in enumerate(parents):
        absolutes.append(relatives[bone] if parent < 0 else absolutes[parent] @ relatives[bone])
    transforms = torch.stack(absolutes) @ hand["inverses"]
    followed = torch.einsum("bij,vj,vb->vi", transforms[:, :3], hand["positions"], hand["weights"])
    followed = followed * hand["mirror"]
    angle = torch.sqrt(theta[:3] @ theta[:3])
    x, y, z = (theta[:3] / angle).unbind()
    nil = torch.zeros_like(x)
    cross = torch.stack((nil, -z, y, z, nil, -x, -y, x, nil)).reshape(3, 3)
    rotation = torch.eye(3) + torch.sin(angle) * cross + (1.0 - torch.cos(angle)) * cross @ cross
    return followed @ rotation.T + theta[3:6]


def ht(theta, us, hand, correspondences, points):
    parents = [int(p) for p in hand["parents"]]
    corner = hand["triangles"][correspondences]

    def distances(parameters):
        corners = skin(parameters[2:], hand, parents)[corner]
        u, v = (us + parameters[:2]).T[:, :, None]
        return (points - u * corners[:, 0] - v * corners[:, 1] - (1.0 - u - v) * corners[:, 2]).ravel()

    return func.jacfwd(distances)(torch.cat((torch.zeros(2), theta)))


GRADIENTS = {"llsq": (0,), "lse": (0,), "ode": (0,), "gmm": (0, 1, 2, 3), "lstm": (0, 1)}
WHOLE = {"kmeans": kmeans, "ba": ba, "ht": ht}


def contestant(name: str, args: tuple) -> Callable | None:
    """Return a call that computes an eval's derivative; None where there is no program of it."""
    if name not in GRADIENTS and name not in WHOLE:
        return None
    if name == "ht":
        hand = args[2]._asdict()
        tensors = {key: torch.as_tensor(value) for key, value in hand.items() if isinstance(value, np.ndarray)}
        tensors["mirror"] = torch.tensor([-1.0 if hand["mirrored"] else 1.0, 1.0, 1.0])
        args = (*args[:2], tensors, *args[3:])
    given = [torch.as_tensor(a) if isinstance(a, np.ndarray) else a for a in args]
    if name in WHOLE:
        return lambda: (WHOLE[name](*given),)
    for k in GRADIENTS[name]:
        given[k] = given[k].requires_grad_()
    f = globals()[name]
    return lambda: torch.autograd.grad(f(*given), [given[k] for k in GRADIENTS[name]])
