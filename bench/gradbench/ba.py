"""ba: what is left between points seen by cameras and where they should be seen, and its sparse Jacobian."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

import dualad

from .evaluation import Eval

CAMERA, POINT = 11, 3
COLUMNS = CAMERA + POINT + 1  # of a row of the Jacobian that are not zero: those of its camera, its point, its weight


class Camera(NamedTuple):
    """The axis of the rotation, of the length of its angle; the centre; focal length, image centre and distortion."""

    a1: float
    a2: float
    a3: float
    x: float
    y: float
    z: float
    focal: float
    u: float
    v: float
    k1: float
    k2: float


class Point(NamedTuple):
    """A point in space."""

    x: float
    y: float
    z: float


@njit
def rotate(a1, a2, a3, x, y, z):
    """Return a point rotated about an axis by the length of it."""
    cross_x = a2 * z - a3 * y
    cross_y = a3 * x - a1 * z
    cross_z = a1 * y - a2 * x
    square = a1 * a1 + a2 * a2 + a3 * a3
    if square == 0.0:
        return x + cross_x, y + cross_y, z + cross_z
    angle = math.sqrt(square)
    c = math.cos(angle)
    s = math.sin(angle) / angle
    along = (a1 * x + a2 * y + a3 * z) * (1.0 - c) / square
    return x * c + cross_x * s + a1 * along, y * c + cross_y * s + a2 * along, z * c + cross_z * s + a3 * along


@njit
def project(camera, point, weight, u, v):
    """Return the weighted difference between where a camera sees a point and (u, v)."""
    away = (point.x - camera.x, point.y - camera.y, point.z - camera.z)
    x, y, z = rotate(camera.a1, camera.a2, camera.a3, *away)
    x /= z
    y /= z
    square = x * x + y * y
    scale = camera.focal * (1.0 + camera.k1 * square + camera.k2 * square * square)
    return weight * (x * scale + camera.u - u), weight * (y * scale + camera.v - v)


@njit
def weight_error(weight):
    return 1.0 - weight * weight


@njit
def camera_of(c):
    return Camera(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10])


@njit
def point_of(p):
    return Point(p[0], p[1], p[2])


@njit
def objective(cameras, points, weights, seen, features, room):
    """Return the errors of projection, two an observation, and those of the weights; `room` is for the Jacobian."""
    projection, weight = np.empty(2 * weights.size), np.empty(weights.size)
    for i in range(weights.size):
        camera, point = camera_of(cameras[seen[i, 0]]), point_of(points[seen[i, 1]])
        across, down = project(camera, point, weights[i], features[i, 0], features[i, 1])
        projection[2 * i], projection[2 * i + 1] = across, down
        weight[i] = weight_error(weights[i])
    return projection, weight


projection_rows = dualad.jacfwd(project, argnums=(0, 1, 2))
weight_row = dualad.grad(weight_error)


@njit
def jacobian(cameras, points, weights, seen, features, room):
    """Return the Jacobian by rows: row r has the values `starts[r]` to `starts[r + 1]`, and these columns.

    It is written into `room`: as in the C++ tools, the memory of a large sparse matrix serves one call after the other.
    """
    observations = weights.size
    first_point = CAMERA * cameras.shape[0]
    first_weight = first_point + POINT * points.shape[0]
    starts, columns, values = room
    starts[0] = 0
    p = 0
    for i in range(observations):
        c, q = seen[i, 0], seen[i, 1]
        camera, point = camera_of(cameras[c]), point_of(points[q])
        for row in projection_rows(camera, point, weights[i], features[i, 0], features[i, 1]):
            for j in range(CAMERA):
                columns[p + j] = CAMERA * c + j
                values[p + j] = row[0][j]
            for j in range(POINT):
                columns[p + CAMERA + j] = first_point + POINT * q + j
                values[p + CAMERA + j] = row[1][j]
            columns[p + COLUMNS - 1] = first_weight + i
            values[p + COLUMNS - 1] = row[2]
            p += COLUMNS
        starts[2 * i + 1] = p - COLUMNS
        starts[2 * i + 2] = p
    for i in range(observations):
        columns[p] = first_weight + i
        values[p] = weight_row(weights[i])
        p += 1
        starts[2 * observations + i + 1] = p
    return starts, columns, values


def arguments(given):
    """Return the cameras, points, weights and features, each as often as the input says, and room for the Jacobian."""
    n, m, p = given["n"], given["m"], given["p"]
    camera, point, feature = (np.array(given[name], float) for name in ("cam", "x", "feat"))
    seen = np.stack((np.arange(p) % n, np.arange(p) % m), axis=1)
    entries = (2 * COLUMNS + 1) * p
    room = np.empty(3 * p + 1, np.int32), np.empty(entries, np.int32), np.empty(entries)
    return np.tile(camera, (n, 1)), np.tile(point, (m, 1)), np.full(p, given["w"]), seen, np.tile(feature, (p, 1)), room


def example(n, m, p):
    rng = np.random.default_rng(0)
    camera = [*rng.uniform(-1, 1, 3), *rng.uniform(30, 50, 3), 400.0, *rng.uniform(-9, 9, 2), 0.09, 0.003]
    return {"n": n, "m": m, "p": p, "cam": camera, "x": [7.2, 0.001, 3.0], "w": 0.417, "feat": [270.0, 834.0]}


def first_errors(errors):
    projection, weight = errors
    return {
        "reproj_error": {"elements": projection[:2], "repeated": projection.size // 2},
        "w_err": {"element": weight[0], "repeated": weight.size},
    }


def first_entries(rows):
    """Return what GradBench compares: the first entries of each array and the last one."""
    kept = [np.append(a[: 2 * COLUMNS], a[-1]) for a in rows]
    return dict(zip(("rows", "cols", "vals"), kept, strict=True))


EVAL = Eval(
    functions={"objective": objective, "jacobian": jacobian},
    arguments=arguments,
    example=example,
    sizes=((49, 7776, 31_843), (372, 47_423, 204_472), (810, 88_814, 393_775)),
    report={"objective": first_errors, "jacobian": first_entries},
    operations=lambda n, m, p: 80 * p,
)
