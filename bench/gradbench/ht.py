"""ht: the distances between measured points and the skin of a hand, and their Jacobian by the pose of the hand."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval

FINGERS, BONES = 5, 22


class Hand(NamedTuple):
    """A hand of bones, the wrist first and each after its parent, and a skin of vertices that follow the bones."""

    parents: np.ndarray  # (bones,); -1 for the wrist
    relatives: np.ndarray  # (bones, 4, 4) a bone's coordinates in those of its parent, at rest
    inverses: np.ndarray  # (bones, 4, 4) the hand's coordinates in those of a bone, at rest
    positions: np.ndarray  # (vertices, 4) at rest, homogeneous
    weights: np.ndarray  # (vertices, bones) how much a vertex follows a bone
    triangles: np.ndarray  # (triangles, 3) vertices
    mirrored: bool


@njit
def product(a, b, out):
    for i in range(4):
        for j in range(4):
            entry = 0.0
            for k in range(4):
                entry += a[i, k] * b[k, j]
            out[i, j] = entry


@njit
def turn(x, z, out):
    """Set the rotation of a bone: about its x-axis, then about its z-axis."""
    sin_x, cos_x, sin_z, cos_z = math.sin(x), math.cos(x), math.sin(z), math.cos(z)
    out[0, 0], out[0, 1], out[0, 2] = cos_z, -sin_z * cos_x, sin_z * sin_x
    out[1, 0], out[1, 1], out[1, 2] = sin_z, cos_z * cos_x, -cos_z * sin_x
    out[2, 1], out[2, 2] = sin_x, cos_x


@njit
def place(theta, out):
    """Set the rotation of the hand, about theta[:3] by the length of it, and its translation theta[3:6]."""
    angle = math.sqrt(theta[0] ** 2 + theta[1] ** 2 + theta[2] ** 2)
    if angle >= 1e-4:
        x, y, z = theta[0] / angle, theta[1] / angle, theta[2] / angle
        s, c = math.sin(angle), math.cos(angle)
        out[0, 0], out[0, 1], out[0, 2] = x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s
        out[1, 0], out[1, 1], out[1, 2] = x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s
        out[2, 0], out[2, 1], out[2, 2] = x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c
    for i in range(3):
        out[i, 3] = theta[3 + i]


@njit
def pose(theta, hand):
    """Return what each bone does to the coordinates of the hand at rest."""
    bones = hand.parents.size
    angles = np.zeros((bones, 2))
    k = 6
    for finger in range(FINGERS):  # of the four bones of a finger the first is still, the second turns about two axes
        for bone in range(4 * finger + 2, 4 * finger + 5):
            angles[bone, 0] = theta[k]
            k += 1
            if bone == 4 * finger + 2:
                angles[bone, 1] = theta[k]
                k += 1
    turned, relative = np.eye(4), np.empty((4, 4))
    absolutes, transforms = np.empty((bones, 4, 4)), np.empty((bones, 4, 4))
    for bone in range(bones):
        turn(angles[bone, 0], angles[bone, 1], turned)
        product(hand.relatives[bone], turned, relative)
        parent = hand.parents[bone]
        product(absolutes[parent] if parent >= 0 else np.eye(4), relative, absolutes[bone])
        product(absolutes[bone], hand.inverses[bone], transforms[bone])
    return transforms


@njit
def skin(theta, hand):
    """Return the positions of the vertices."""
    transforms = pose(theta, hand)
    placed = np.eye(4)
    place(theta, placed)
    followed = np.empty(3)
    positions = np.empty((hand.positions.shape[0], 3))
    for v in range(hand.positions.shape[0]):
        for i in range(3):
            total = 0.0
            for bone in range(hand.parents.size):
                moved = 0.0
                for k in range(4):
                    moved += transforms[bone, i, k] * hand.positions[v, k]
                total += hand.weights[v, bone] * moved
            followed[i] = total
        if hand.mirrored:
            followed[0] = -followed[0]
        for i in range(3):
            total = placed[i, 3]
            for k in range(3):
                total += placed[i, k] * followed[k]
            positions[v, i] = total
    return positions


@njit
def objective(theta, us, hand, correspondences, points):
    """Return the differences between the points and their places on the hand, three numbers a point.

    A place is a vertex, or, if there are `us`, a point of a triangle: they say where in it.
    """
    positions = skin(theta, hand)
    out = np.empty(3 * correspondences.size)
    for i in range(correspondences.size):
        for j in range(3):
            if us.size == 0:
                out[3 * i + j] = points[i, j] - positions[correspondences[i], j]
            else:
                a, b, c = hand.triangles[correspondences[i]]
                u, v = us[i, 0], us[i, 1]
                out[3 * i + j] = points[i, j] - (
                    u * positions[a, j] + v * positions[b, j] + (1.0 - u - v) * positions[c, j]
                )
    return out


@njit
def moved(parameters, us, hand, correspondences, points):
    """Return the objective with all of `us` moved by the first two parameters.

    A point depends on its own `us` alone, so that two columns hold the derivatives by all of them.
    """
    return objective(parameters[2:], us + parameters[:2], hand, correspondences, points)


rows = dualad.jacfwd(moved)


@njit
def jacobian(theta, us, hand, correspondences, points):
    columns = rows(np.concatenate((np.zeros(2), theta)), us, hand, correspondences, points)
    return columns if us.size else columns[:, 2:].copy()


def arguments(given):
    data, model = given["data"], given["data"]["model"]
    hand = Hand(
        parents=np.array(model["parents"]),
        relatives=np.array(model["base_relatives"], float),
        inverses=np.array(model["inverse_base_absolutes"], float),
        positions=np.array(model["base_positions"], float),
        weights=np.array(model["weights"], float),
        triangles=np.array(model["triangles"]),
        mirrored=model["is_mirrored"],
    )
    us = np.array(given["us"], float).reshape(-1, 2)
    return np.array(given["theta"], float), us, hand, np.array(data["correspondences"]), np.array(data["points"], float)


def example(vertices, correspondences):
    rng = np.random.default_rng(0)
    parents = [-1] + [0 if bone % 4 == 1 else bone - 1 for bone in range(1, BONES - 1)] + [0]
    relatives, inverses = np.empty((BONES, 4, 4)), np.empty((BONES, 4, 4))
    absolutes = np.empty((BONES, 4, 4))
    for bone, parent in enumerate(parents):
        relatives[bone] = np.eye(4)
        relatives[bone, :3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        relatives[bone, :3, 3] = rng.normal(size=3)
        absolutes[bone] = relatives[bone] if parent < 0 else absolutes[parent] @ relatives[bone]
        inverses[bone] = np.linalg.inv(absolutes[bone])
    weights = np.zeros((vertices, BONES))
    for v in range(vertices):
        weights[v, rng.choice(BONES, 4, replace=False)] = rng.dirichlet(np.ones(4))
    model = {
        "bone_count": BONES,
        "bone_names": [f"bone {bone}" for bone in range(BONES)],
        "parents": parents,
        "base_relatives": relatives,
        "inverse_base_absolutes": inverses,
        "base_positions": np.hstack((rng.normal(size=(vertices, 3)), np.ones((vertices, 1)))),
        "weights": weights,
        "triangles": rng.integers(0, vertices, (1084, 3)),
        "is_mirrored": False,
    }
    data = {
        "model": model,
        "correspondences": rng.integers(0, 1084, correspondences),
        "points": rng.normal(size=(correspondences, 3)),
    }
    return {"theta": 0.5 * rng.normal(size=26), "data": data, "us": rng.uniform(size=(correspondences, 2))}


EVAL = Eval(
    functions={"objective": objective, "jacobian": jacobian},
    arguments=arguments,
    example=example,
    sizes=((544, 100), (10_000, 100), (10_000, 1600)),
    report={},
    operations=lambda vertices, correspondences: vertices * 3 * BONES * 10 + 18 * correspondences,
)
