"""Programs on whole arrays: elementwise chains, broadcasting, reductions, scans, order, joining and making arrays."""

import numpy as np

from .program import Program, case, data

# ------------------------------------------------------------------- elementwise and broadcasting


def chain_of_ufuncs(x, y):
    z = np.exp(-x) * np.sin(y) + np.cos(x * y)
    w = np.log1p(z * z) / np.sqrt(y) - np.tanh(z)
    return np.arctan(w) * np.expm1(0.1 * x) + np.square(w) - np.abs(z)


def inverse_and_hyperbolic_ufuncs(x):
    u = 0.5 * x
    return np.arcsin(u) + np.arccos(u) * np.sinh(x) + np.cosh(u) / np.arcsinh(x) + np.arctanh(u) * np.log2(x + 1.0)


def ufuncs_of_two_arrays(x, y):
    return np.hypot(x, y) * np.arctan2(y, x + 1.0) + np.power(x, y) + np.logaddexp(x, y) * np.copysign(y, -x)


def powers_and_remainders(x, y):
    return x**3 - y**-2 + 2.0**x + x**y + (5.0 * x) % 1.9 + np.negative(y) * np.reciprocal(x)


def broadcast_rows_columns_scalars(a, row, column, c):
    b = (a + row) * column - c / a
    return b * row[None, :] + c * column**2


def outer_by_newaxis(x, y):
    d = x[:, np.newaxis] - y[None, :]
    return np.exp(-d * d)


def broadcast_of_three_axes(c, a, x):
    return c * a + x - c[:, 0:1, :] * a[1]


def where_with_dead_branch(x):
    """The branch that is not taken would be a NaN: it must not reach the derivative."""
    safe = np.where(x > 0.8, x, 1.0)
    return np.where(x > 0.8, np.log(safe) * x, x * x) + np.where(x < 1.0, 2.0 * x, 0.5)


def clip_maximum_minimum(x, y, c):
    z = np.clip(x, 0.6, 1.2) * np.maximum(x, y)
    z += np.minimum(x * y, c) + np.clip(y, c - 0.4, 1.4)
    return z - np.maximum(z, 1.0) * np.fmin(x, y)


def piecewise_by_masks(x):
    low, high = x < 0.7, x >= 1.2
    return low * x**2 + ~(low | high) * np.sin(x) + (high & (x < 9.0)) * np.sqrt(x) + np.sign(x - 1.0) * x


def branches_between_chains(x, y):
    z = x
    for k in range(4):
        if k % 2 == 0:
            z = 0.5 * z * y + np.sin(z)
        else:
            z = np.where(z > 1.0, z / y, z)
    return z


def function_of_branch_shape(x, n):
    z = np.exp(x) if n > 1 else x[:3] * 1.0
    return np.sum(z * z) + z.size * x[0]


def integers_mixed_in(x, i):
    return x / (i + 1) + i * x**2 + np.where(i > 2, x, i) + np.maximum(x * 2, i) - i // 2 * x


def update_in_loop_of_chains(x, y):
    total = 0.0
    for k in range(3):
        total += np.sum(np.exp(-x * k) * y * (total + 1.0) + y)
    return total


# ------------------------------------------------------------------- reductions and scans


def reductions_of_all(a):
    return (np.sum(a) * np.mean(a) + np.prod(a[0]) + np.var(a) + np.std(a)) * a[1] + np.max(a) * np.min(a)


def reductions_as_methods(a):
    return (a.sum() * a.mean() + a[1].prod() - a.var() * a.std()) * a[1] + a.max() / a.min()


def sums_along_axes(a):
    return np.sum(a, axis=0) * np.sum(a[:2], axis=0), a.sum(axis=1) ** 2, np.sum(a * a, axis=-1)


def sums_of_three_axes(c):
    s = np.sum(c, axis=1)
    return s * c.sum(axis=1), np.sum(c, axis=-1) * c.sum(axis=2), np.sum(np.sum(c * c, 0), 0)


def standardise(x):
    z = (x - x.mean()) / x.std()
    for _ in range(2):
        z = 0.1 * z * np.sum(z * z) + z.max()
    return z


def order_statistics(a):
    total = 0.0
    for row in a:
        total += row.max() * np.median(row) + np.ptp(row) - np.min(row) ** 2
    return total + np.median(a) + np.median(a[0, :3])


def sums_that_skip_nan(x):
    z = np.where(x > 1.5, np.nan, x * x)
    return np.nansum(z) * x + np.nanmean(z)


def scans(x):
    return np.cumsum(x * x) * np.cumprod(x) + x.cumsum()[::-1]


def scans_of_matrix(a):
    return np.cumsum(a) * np.cumprod(a), a.cumsum()[3:] * a.cumprod()[3:]


def weighted_window(x):
    c = np.cumsum(x)
    return (c[3:] - c[:-3]) / 3.0 * np.diff(x)[1:-1]


def counts_that_steer(x):
    n = np.sum(x > 0.9)
    k = np.count_nonzero(x < 1.2)
    return np.sum(x[:n] ** 2) * k + np.any(x > 1.0) * x[0] + np.all(x > 0.0) * x[1]


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def softmax_of_rows(a):
    top = np.empty(a.shape[0])
    for i in range(a.shape[0]):
        top[i] = np.max(a[i])
    e = np.exp(a - top[:, None])
    return e / np.sum(e, axis=1).reshape(-1, 1)


# ------------------------------------------------------------------- order and interpolation


def sorted_values(a, x):
    s = np.sort(a[0])
    z = x.copy()
    z.sort()
    return s * np.argsort(a[0]), z * np.sort(x)[::-1]


def integers_that_steer(x):
    order = np.argsort(x)
    best = np.argmax(x)
    s = x[order]
    return s * x[np.argmin(x)] + x[best] * s[np.searchsorted(s, 1.0) - 1] + best


def convolutions(x, k):
    return np.convolve(x, k) * np.convolve(k, x), np.correlate(x, k)


def convolution_with_integers(x):
    return np.convolve(np.array([1, -2, 1]), x)


def interpolation(x, fp):
    xp = np.array([0.0, 0.5, 1.1, 2.0])
    return np.interp(x, xp, fp) * x + np.interp(0.7, xp, fp)


def interpolation_in_moving_table(x):
    return np.interp(np.array([1.1, 2.3, 4.2]), np.cumsum(x), x * x)


def trapezoids(x):
    return np.trapezoid(x, dx=0.5) + np.trapezoid(x * x, np.cumsum(x)) * np.trapezoid(x)


# ------------------------------------------------------------------- shapes, joining, making


def reshapes(x):
    z = x.reshape(2, 3)
    w = np.reshape(x * x, (3, 2)).T
    return z * w, np.ravel(z)[1:] * z.flatten()[:-1], z.reshape(-1, 2)[1]


def transposes(c):
    return np.transpose(c, (2, 0, 1)) * 2.0, np.swapaxes(c, 0, 2) * c.T, c.transpose()[1] * c.T[0]


def expand_dims_and_flips(x, a):
    return np.expand_dims(x, 1) * np.expand_dims(x, 0), np.flip(a) * a, np.flipud(a) * np.fliplr(a), np.roll(a, 2) * a


def rolls_and_flips(x):
    return np.roll(x, 2) * x + np.roll(x, -1) * np.flip(x) - x[::-1]


def concatenations(x, y):
    z = np.concatenate((x * x, y, x[1:3]))
    return z * np.append(np.append(x, y), 2.0 * x[:2]) + np.hstack((y, x, y[:2]))


def concatenations_of_matrices(a, b):
    return np.concatenate((a, b * a), axis=1), np.concatenate((a, b)) * 2.0, np.append(a, b)


def stacks(x, y):
    return np.stack((x, y * x)), np.vstack((x, x * y)) @ y, np.column_stack((x, 2.0 * y)), np.stack((x, y), axis=1)


def joins_with_integers(i, x):
    """Joining integers with floats gives floats, whichever is first."""
    return np.concatenate((i, x * x)), np.append(i, x), np.stack((i, 2.0 * x)), np.column_stack((i, x * 3.0))


def repeats(x):
    return np.repeat(x, 2) * np.repeat(x * x, 2) + np.arange(12)


def triangles_and_diagonals(a, x):
    return np.tril(a) + np.triu(a * a, 1) + np.diag(x) * 2.0, np.diag(a) * x + np.tril(a, -1)[2]


def arrays_from_scalars(x):
    m = np.array([[x[0], x[1]], [x[2], 1.0]])
    return m @ np.array([x[0], x[3] * x[1]]) + np.array([1, 2])


def made_arrays(x, c):
    z = np.linspace(c, x[0], 5) * x + np.arange(5) + np.ones(5) * c
    return z + np.eye(5)[2] * x - np.full(5, c) * np.zeros_like(x) + np.full_like(x, x[1]) + np.ones_like(x)


def linspace_of_one(a, b):
    return np.linspace(a, b, 1) * np.linspace(a, b, 3)


def matrix_of_constants(x):
    return np.eye(4) * x + np.full((4, 4), x[0]) + np.arange(4) * x + np.tri(4) * x[1]


def tuple_and_list_of_arrays(x):
    parts = (x, x * x, 3.0 * x)
    items = [x * 0.5, np.sin(x)]
    total = np.zeros(len(x))
    for k in range(3):
        total += parts[k] * parts[k]
    for item in items:
        total -= item
    return total * items[1]


def nested_tuples_of_arrays(x):
    pair = ((x[0], x[1] * x[2]), (x * x, x[2]))
    return pair[0][1] * pair[1][0], (pair[1][1] * pair[0][0], pair[1][0][::2])


def list_of_numbers(x):
    items = [x[0], x[1] * x[2], 2.0]
    return items[0] * items[1] + sum([x[1], x[3] * x[0]]) + max([x[0], x[1]]) * items[2]


def neighbours_by_zip(x):
    total = 0.0
    for k, (a, b) in enumerate(zip(x, x[1:])):
        total += a * b * (k + 1)
    return total


SIX, OTHER_SIX = data(301, 6), data(302, 6)
FOUR_BY_FIVE, CUBE = data(303, 4, 5), data(304, 2, 3, 4)
INDICES = np.array([1, 2, 0, 3, 1, 4])

PROGRAMS: list[Program] = [
    case(chain_of_ufuncs, SIX, OTHER_SIX, scalar=False),
    case(inverse_and_hyperbolic_ufuncs, SIX, scalar=False),
    case(ufuncs_of_two_arrays, SIX, OTHER_SIX, scalar=False),
    case(powers_and_remainders, SIX, OTHER_SIX, scalar=False),
    case(broadcast_rows_columns_scalars, FOUR_BY_FIVE, data(305, 5), data(306, 4, 1), 0.7, scalar=False),
    case(outer_by_newaxis, SIX, data(307, 4), scalar=False),
    case(broadcast_of_three_axes, CUBE, data(308, 3, 4), data(309, 4), scalar=False),
    case(where_with_dead_branch, data(310, 6, low=-1.0), scalar=False),
    case(clip_maximum_minimum, SIX, OTHER_SIX, 0.9, scalar=False),
    case(piecewise_by_masks, SIX, scalar=False),
    case(branches_between_chains, SIX, OTHER_SIX, scalar=False),
    case(function_of_branch_shape, SIX, 2),
    case(integers_mixed_in, SIX, INDICES, scalar=False),
    case(update_in_loop_of_chains, SIX, OTHER_SIX),
    case(reductions_of_all, FOUR_BY_FIVE, scalar=False),
    case(reductions_as_methods, FOUR_BY_FIVE, scalar=False),
    case(sums_along_axes, FOUR_BY_FIVE, scalar=False),
    case(sums_of_three_axes, CUBE, scalar=False),
    case(standardise, SIX, scalar=False),
    case(order_statistics, FOUR_BY_FIVE),
    case(sums_that_skip_nan, np.array([0.5, 1.62, 0.8, 1.1, 1.7, 0.9]), scalar=False),
    case(scans, SIX, scalar=False),
    case(scans_of_matrix, FOUR_BY_FIVE, scalar=False),
    case(weighted_window, SIX, scalar=False),
    case(counts_that_steer, SIX),
    case(logsumexp, SIX),
    case(softmax_of_rows, FOUR_BY_FIVE, scalar=False),
    case(sorted_values, FOUR_BY_FIVE, SIX, scalar=False),
    case(integers_that_steer, SIX, scalar=False),
    case(convolutions, SIX, data(311, 3), scalar=False),
    case(convolution_with_integers, SIX, scalar=False),
    case(interpolation, SIX, data(312, 4), scalar=False),
    case(interpolation_in_moving_table, SIX, scalar=False),
    case(trapezoids, SIX),
    case(reshapes, SIX, scalar=False),
    case(transposes, CUBE, scalar=False),
    case(expand_dims_and_flips, SIX, FOUR_BY_FIVE, scalar=False),
    case(rolls_and_flips, SIX, scalar=False),
    case(concatenations, SIX, OTHER_SIX, scalar=False),
    case(concatenations_of_matrices, FOUR_BY_FIVE, data(313, 4, 5), scalar=False),
    case(stacks, SIX, OTHER_SIX, scalar=False),
    case(joins_with_integers, INDICES, SIX, scalar=False),
    case(repeats, SIX, scalar=False),
    case(triangles_and_diagonals, data(314, 4, 4), data(315, 4), scalar=False),
    case(arrays_from_scalars, SIX, scalar=False),
    case(made_arrays, data(316, 5), 0.7, scalar=False),
    case(linspace_of_one, 0.7, 1.9, scalar=False),
    case(matrix_of_constants, data(317, 4), scalar=False),
    case(tuple_and_list_of_arrays, SIX, scalar=False),
    case(nested_tuples_of_arrays, SIX, scalar=False),
    case(list_of_numbers, SIX),
    case(neighbours_by_zip, SIX),
]
