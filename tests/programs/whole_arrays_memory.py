"""Programs that write into whole arrays: slices, views, masks, index arrays, aliases, buffers, strided inputs."""

import numpy as np
from numba import njit

from .program import Program, case, data

# ------------------------------------------------------------------- slices and steps


def slices_and_steps(x):
    return x[1:-1] * x[:-2] + x[::-1][2:] * x[5:1:-1] - x[-4:], x[::2] * x[1::2] + x[-1::-2], x[4:0:-2] ** 2


def slices_of_matrix(a):
    z = a[::2, 1:-1] * a[1::2, ::-1][:, 2:] + a[-1, 1:4]
    return z[:, None, :] * a[:2, :3].T[:, :, None].sum(axis=0), a[2] * a[:, 0].sum() + a[-1, ::-1]


def ellipsis_and_newaxis(c):
    z = c.copy()
    z[..., 1] *= z[..., 0]
    z[0, ...] += z[1, ...]
    return z[:, None, 0, :] * z[..., 2][:, :, None]


def overlapping_update(x):
    z = x.copy()
    z[1:] += z[:-1]
    z[:-1] *= z[1:]
    z[::-1][1:] -= 0.5 * z[:-1]
    return z


def overlapping_store(x):
    z = x * 1.0
    z[1:] = z[:-1] * z[1:]
    z[:-1] -= z[1:] * x[0]
    z[2:] = z[:-2]
    z[:] = z[::-1] * 2.0 * z
    return z


def update_of_itself_by_its_reverse(x):
    z = x * x
    z += z[::-1]
    z *= z[::-1]
    z[:] = z[::-1]
    return z * x


def negative_steps_written(a):
    z = a.copy()
    z[::-2, ::-1] += a[:2]
    v = z[::-1]
    v[0] = v[1] * 2.0
    z[1:, 2] /= z[:-1, 3]
    return z


def broadcast_stores(a):
    z = np.zeros((4, 5))
    z[:] = a[0]
    z[1:3] += a[:2]
    z[:, 1] = a[:, 0] * a[:, 4]
    z[:, 0] = 1.5
    z[3] = a[0, 0]
    z[2:, 2:] -= a[2, 1]
    return z * a


def augmented_operators(x, y, c):
    z = x.copy()
    z += y
    z -= c
    z *= y[::-1]
    z /= c + y
    z **= 2
    z[1:4] += z[2]
    return z


def stored_values_overwritten(x, y):
    z = x * y
    w = z * x
    z[2] = 5.0 * y[0]
    z *= w
    w[:3] = z[3:]
    return w * z


def zeroed_then_filled(x):
    z = x * 2.0
    total = np.sum(z * x)
    z[:] = 0.0
    total += np.sum(z * x)
    z[1::2] = x[::2] * total
    z.fill(x[1])
    z[0] += total
    return z


# ------------------------------------------------------------------- views


def row_and_column_views(a):
    z = a.copy()
    row, column = z[1], z[:, 2]
    row *= z[0]
    column[:] = z[:, 1] * row[0]
    row[2] += column[3]
    return z


def transposed_view_written(x):
    z = np.outer(x, x)
    v = z[1:3].T
    v[0] = x[:2]
    v.T[1] *= 3.0
    return z, v * 2.0, np.sum(v)


def matrix_plus_its_transpose_in_place(a):
    z = a[:, :4] * 1.0
    z += z.T
    z[0] += z.T[1]
    return z * z


def reshaped_view_written(x):
    z = x.copy()
    grid = z.reshape(2, 3)
    grid *= 2.0
    z[0] = grid[1, 0] * z[2]
    flat = grid.ravel()
    flat[4] += z[1]
    return grid * z[3], flat * z


def views_in_loop(a):
    z = a.copy()
    total = 0.0
    for i in range(1, z.shape[0]):
        above, here = z[i - 1], z[i]
        here += 0.3 * above * here
        total += here @ above
        z[:, i] *= total
    return total + z.sum()


def rows_of_loop(a):
    z = a.copy()
    for row in z:
        row /= row.sum()
        row[1:] -= row[0]
    return z * a


def order_of_copies(a):
    """`flatten` and `ravel` go along the rows of what they see, whichever way its memory lies."""
    t = a.T
    return t.flatten() * a.ravel(), t.copy().flatten()[::-1] * t.ravel(), np.ravel(a[:, ::-1])


def swapped_names(x):
    a, b = x * 1.0, x * 2.0
    for _ in range(3):
        a, b = b, a
        a[1:] += b[:-1] * x[0]
    return a * b


# ------------------------------------------------------------------- masks and index arrays


def masks_read_and_written(x):
    z = x * 1.0
    high = z > 1.0
    z[high] = z[high] * x[high]
    z[~high] *= 3.0
    z[z > 3.0] = 0.5
    return z * np.sum(x[high] ** 2)


def gather_and_scatter(x, i):
    z = np.zeros(5)
    for k in range(len(i)):
        z[i[k]] += x[k] * x[k]
    z[i[:3]] = z[i[1:4]] * x[:3]
    return z * x[i[:5]] + x[np.array([0, -1, 2, 2, 3])]


def gather_of_rows(a, i):
    return a[i] * a[1], a[i[::-1]][:, 2] * 3.0


def update_at_repeated_indices(x):
    """NumPy reads all first and keeps the last of the values for an index that is there twice."""
    z = x * 1.0
    i = np.array([0, 2, 2, 1])
    z[i] += x[:4] * z[:4]
    z[i] *= 2.0
    return z


def overlapping_store_by_index(x):
    z = x * 1.0
    z[np.array([1, 2, 3])] = z[:3]
    z[np.array([False, True, True, True, False, False])] = z[:3] * 2.0
    return z * x


def histogram_of_weights(x, w):
    bins = np.zeros(4)
    for value, weight in zip(x, w):
        bins[int(value * 2.0)] += weight * value
    return bins


# ------------------------------------------------------------------- aliases, copies, helpers, buffers


@njit
def jitted_shift(a, b):
    a[1:] += b[:-1]
    return np.sum(a * b)


@njit
def jitted_scale_row(row, c):
    row *= c
    row[0] = row[1] * row[2]


@njit
def jitted_head(x):
    return x[:3]


def shift(a, b):
    a[1:] += b[:-1]
    return np.sum(a * b)


def helper_on_one_array_twice(x):
    z = x * x
    return shift(z, z) + z[2] * z[3]


def helper_on_two_views(x):
    z = x * x
    total = jitted_shift(z[:4], z[2:])
    return total * z


def helper_writes_rows(a):
    z = a.copy()
    for i in range(len(z)):
        jitted_scale_row(z[i], z[0, 1])
    jitted_scale_row(z[:, 1], 2.0)
    return z


def helper_returns_part_of_buffer(x):
    z = x.copy()
    head = jitted_head(z)
    head *= 2.0
    z[1] *= head[0]
    return z + np.sum(head)


def alias_chosen_at_run_time(x, y, n):
    u, v = x * 1.0, y * 1.0
    w = u if n > 0 else v
    w[1:] = u[:-1] * v[1:]
    other = v if n > 0 else u
    other += w
    return u * v + w


def copy_that_breaks_alias(x):
    z = x * 1.0
    window, kept = z[1:4], z[1:4].copy()
    z[1:4] = 7.0 * x[0]
    z[2] *= window[0]
    return kept * window, z


def argument_written(a, x):
    a[1] *= x
    a[:, 0] = a[:, 1] + x[0]
    x[1:] = a[0, 1:]
    return np.sum(a * a) * x


def buffer_reused(x):
    buffer = np.empty(6)
    total = 0.0
    for k in range(3):
        buffer[:] = x * (k + 1)
        buffer += 0.1 * buffer * buffer
        total += np.sum(buffer * buffer)
    return total


def matrix_buffer_reused(a):
    buffer = np.empty((5, 5))
    total = 0.0
    for k in range(3):
        buffer[:] = np.dot(a.T, a) / (4 + k)
        buffer += buffer.T * 0.1
        total += np.sum(np.tanh(buffer) @ buffer)
    return total


def two_buffers_in_turn(x):
    a, b = x * 1.0, np.empty_like(x)
    for _ in range(3):
        b[1:-1] = a[:-2] + a[1:-1] * a[2:]
        b[0], b[-1] = a[0], a[-1]
        a[:] = b
    return a.sum() * b[2]


# ------------------------------------------------------------------- the layout and the size of inputs


def elementwise_on_strides(a, x):
    z = a * a[0] + np.sum(a, axis=1)[:, None] - x
    return z, a[1:, ::-2] * 2.0, x[::-1] * x


def products_on_strides(a, x):
    return a @ x * np.sum(a.T @ a), np.dot(x, a.T)


def flattened_strides(a):
    return a.flatten()[3:] * a[0, 0], a.ravel() * 2.0, a.copy() * a, np.ascontiguousarray(a).reshape(-1)[::2] * 3.0


def strided_argument_written(x, y):
    x[1:] += x[:-1] * y[1:]
    y *= x
    return np.sum(x * y) * y


def loop_over_strides(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(1, a.shape[1]):
            total += a[i, j] * a[i, j - 1]
            a[i, j] *= 0.5 + total * 0.01
    return total + a[0, 1] * a[1, 2]


def nothing_to_sum(e, x):
    z = np.concatenate((e, x * x, e * 2.0))
    return np.sum(z) + np.dot(e, e) + np.sum(np.cumsum(e)) + np.sum(x[3:3]) + len(e)


def matrices_without_rows(a, b, x):
    z = a @ b + x[0]
    return z.sum() * np.sum(a * 2.0) + np.sum(z * x[1]) + np.sum(a, axis=1)[0]


SIX, OTHER_SIX = data(401, 6), data(402, 6)
FOUR_BY_FIVE = data(403, 4, 5)
STRIDED = data(404, 8, 10)[::2, ::-2]
FORTRAN = np.asfortranarray(FOUR_BY_FIVE)
INDICES = np.array([3, 0, 2, 2, 1, 4])

PROGRAMS: list[Program] = [
    case(slices_and_steps, SIX, scalar=False),
    case(slices_of_matrix, FOUR_BY_FIVE, scalar=False),
    case(ellipsis_and_newaxis, data(405, 2, 3, 4), scalar=False),
    case(overlapping_update, SIX, scalar=False, native=False),
    case(overlapping_store, SIX, scalar=False, native=False),
    case(update_of_itself_by_its_reverse, SIX, scalar=False, native=False),
    case(negative_steps_written, FOUR_BY_FIVE, scalar=False),
    case(broadcast_stores, FOUR_BY_FIVE, scalar=False),
    case(augmented_operators, SIX, OTHER_SIX, 0.7, scalar=False),
    case(stored_values_overwritten, SIX, OTHER_SIX, scalar=False),
    case(zeroed_then_filled, SIX, scalar=False),
    case(row_and_column_views, FOUR_BY_FIVE, scalar=False),
    case(transposed_view_written, data(406, 4), scalar=False),
    case(matrix_plus_its_transpose_in_place, FOUR_BY_FIVE, scalar=False, native=False),
    case(reshaped_view_written, SIX, scalar=False),
    case(views_in_loop, FOUR_BY_FIVE),
    case(rows_of_loop, FOUR_BY_FIVE, scalar=False),
    case(order_of_copies, FOUR_BY_FIVE, scalar=False),
    case(swapped_names, SIX, scalar=False),
    case(masks_read_and_written, SIX, scalar=False),
    case(gather_and_scatter, SIX, INDICES, scalar=False),
    case(gather_of_rows, data(407, 5, 3), INDICES, scalar=False),
    case(update_at_repeated_indices, SIX, scalar=False, native=False),
    case(overlapping_store_by_index, SIX, scalar=False, native=False),
    case(histogram_of_weights, SIX, OTHER_SIX, scalar=False),
    case(helper_on_one_array_twice, SIX, native=False),
    case(helper_on_two_views, SIX, scalar=False),
    case(helper_writes_rows, FOUR_BY_FIVE, scalar=False),
    case(helper_returns_part_of_buffer, SIX, scalar=False),
    case(alias_chosen_at_run_time, SIX, OTHER_SIX, 1, scalar=False),
    case(alias_chosen_at_run_time, SIX, OTHER_SIX, 0, name="other_alias_chosen_at_run_time", scalar=False),
    case(copy_that_breaks_alias, SIX, scalar=False),
    case(argument_written, data(408, 3, 4), data(409, 4), scalar=False),
    case(buffer_reused, SIX),
    case(matrix_buffer_reused, FOUR_BY_FIVE),
    case(two_buffers_in_turn, SIX),
    case(elementwise_on_strides, STRIDED, data(410, 9)[::-2], scalar=False),
    case(products_on_strides, STRIDED, data(410, 9)[::-2], scalar=False),
    case(products_on_strides, FORTRAN, data(410, 9)[::2], name="products_in_fortran_order", scalar=False),
    case(flattened_strides, STRIDED, scalar=False),
    case(flattened_strides, FORTRAN, name="flattened_fortran_order", scalar=False),
    case(flattened_strides, data(411, 5, 4, 3)[:, 1].T, name="flattened_transposed_part", scalar=False),
    case(strided_argument_written, data(412, 12)[::2], data(413, 6)[::-1], scalar=False, native=False),
    case(loop_over_strides, data(414, 6, 3).T[:, ::2]),
    case(loop_over_strides, FORTRAN, name="loop_in_fortran_order"),
    case(nothing_to_sum, np.zeros(0), SIX),
    case(matrices_without_rows, np.zeros((3, 0)), np.zeros((0, 2)), SIX),
]
