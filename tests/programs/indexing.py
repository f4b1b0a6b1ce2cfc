"""Programs that read and write by index arrays, masks, ellipses and new axes, in all combinations with slices."""

import numpy as np

from .program import Program, case

# ------------------------------------------------------------------- index arrays


def index_arrays_on_one_axis(x, a, i, j):
    return x[i], a[i], a[:, j], a[i, 1], a[1, j], a[i, 1:3], a[::-2, i] * x[0]


def index_arrays_on_two_axes(x, a, i, j, square):
    """`j` counts from the end, `square` is a matrix of indices."""
    return a[i, j], x[square], a[square, j[:2]], a[i, None], a[None, j] * x[0], a[i[:, None], j]


def index_arrays_beside_slices(c, i, j):
    """The axes of index arrays come first if a slice or a new axis stands between them."""
    return c[i, :, j], c[0, :, i], c[1:, i, ::2], c[:, i, j], c[i, j, :], c[None, :, i], c[1, i, None, j] * c[0, 0, 0]


def index_arrays_of_three_axes(c, i, j):
    return c[i[:, None, None], j[:, None], i] * c[0, 0, j]


def stores_by_index(x, a, i, j):
    x = x * 1.0
    b = a * a
    x[i] = x[3:] * x[:3]
    x[j] += x[i]
    x[i] *= x[0]
    b[i] = x[:5]
    b[:, j] = b[:, i] * x[:4, None]
    b[i, j] -= x[:3]
    b[1, i] = 2.0 * x[0]
    b[i, 1:3] *= b[:3, :2]
    b[j, 4] = x[1]
    return x, b


def stores_of_all_shapes(a, c, i, square):
    """A value is broadcast to what it is stored into, and read before anything is written."""
    b, d = a * 1.0, c * 1.0
    b[square] = a[0]
    b[i] = a[1:4, :1]
    b[square, i[:2]] = a[:2, 1:3]
    b[:, i] = b[:, i[::-1]] * 2.0
    d[:, i] = b[:3, :3][:, :, None]
    d[i, :, 1] = c[:3, :4, 0] * b[0, 0]
    d[:, i, i] *= a[:1, :3]
    d[0, ..., i] = a[1, 2]
    b[i] = a[:1, None, :][0]
    return b, d


def stores_at_repeated_indices(a, w):
    """NumPy reads all first; of the values for one place the last one stays, and alone has a derivative."""
    b = a * 1.0
    rows = np.array([1, 0, 1, -3])
    b[rows] += w[:, None]
    b[rows, rows] *= w * b[rows, 0]
    b[:, rows] = b[:, :4] * w
    for k in range(4):
        b[rows[k], k] += w[k] * b[0, k]
    return b * b[rows]


def gather_in_loop(x, i):
    """The index array changes from trip to trip, and after its last use."""
    index = i.copy()
    s = 0.0
    z = x * 1.0
    for k in range(4):
        picked = z[index] * x[k]
        z[index[::-1]] = picked
        s += picked[0] * picked[-1]
        index[:] = (index + k) % 5
    index[:] = 0
    return z * s


def permutations(a, x):
    order = np.argsort(x)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    ranked = a[:, order] * np.cumsum(x[order])
    swapped = ranked.copy()
    swapped[np.array([0, 1])] = swapped[np.array([1, 0])]
    swapped[2], swapped[3] = swapped[3] * 1.0, swapped[2] * 1.0
    swapped[0], swapped[2] = swapped[2], swapped[0]
    return ranked[:, back] * swapped


def rows_swapped_by_lists(a):
    b = a * 1.0
    b[[0, 1]] = b[[1, 0]] * a[2]
    b[(0, 1), 1] = a[(1, 0), (2, 2)] * a[0, 0]
    return b[:, [2, -1]] * b[0, 1] * b[(2, 3, 1, 0), :2]


# ------------------------------------------------------------------- masks


def masks_of_one_dimension(x, a, low):
    z = x * 1.0
    m = x < low
    z[m] = z[m] ** 2
    z[~m] *= x[0]
    b = a * 1.0
    rows = a[:, 0] < low
    b[rows] = a[~rows][0] * z[:5]
    b[:, m[:5]] *= z[1]
    b[rows, 1] += z[:2]
    b[rows, 1:3] = 0.5 * a[rows, 2:4]
    return z, b, a[rows] * b[rows], np.sum(a[:, m[:5]]) * x, np.sum(x[m]) * a[0]


def masks_of_all_axes(a, c, low):
    """Masks of two and three dimensions, which Numba itself does not compile."""
    b, d = a * 1.0, c * c
    b[b > low] = b[0, 0]
    b[a <= low] *= 2.0 * b[a <= low]
    m = c < low
    d[m] = d[m] * c[m] - 1.0
    d[~m] += b[1, 1]
    d[c[:, :, 0] < low] *= b[2]
    d[1, m[1]] = 0.5
    s = 0.0
    for v in a[a < low]:
        s = s * 0.5 + v * v
    return b, d, c[m] * s, c[:, m[0]] * b[0, 0], np.sum(a[a > low]) * a[a > low][-1]


def masks_as_index_arrays(x, a, i, low):
    rows, columns = np.nonzero(a < low)
    b = a * 1.0
    b[np.nonzero(a > low)] *= x[0]
    b[rows, columns] += x[1]
    b[np.where(b > 2.5)] = x[2]
    m = a[:, 0] < low
    return b, x[np.nonzero(x < low)] * x[0], x[np.nonzero(x < low)[0]], a[m, i[:2]] * x[3]


def empty_selections(x, a):
    none = x > 100.0
    z = x * x
    z[none] = x[:0]
    z[none] += 5.0
    z[np.nonzero(none)[0]] *= x[0]
    b = a * 2.0
    b[a > 100.0] = 0.0
    return z, b[:, x[:5] > 100.0].sum() * x, b[np.zeros(0, np.int64)].sum() + b


# ------------------------------------------------------------------- ellipsis, new axis, slices, flat


def views_of_every_kind(x, a, c):
    d, z = c * 1.0, x * 1.0
    d[...] *= c[..., ::-1]
    d[..., 1] = a[:3, :4] * x[0]
    d[0, ..., 2] = a[:4, 0]
    d[None, :, 1] = x[:5]
    d[:, None, ::2, -1] += a[0, 1]
    d.T[1:3] = d.T[3:] * x[1]
    d.reshape(12, 5)[::5] -= x[:5]
    d[1].ravel()[3] *= x[2]
    d.flatten()[0] = 100.0
    z[...] = z[::-1] * 1.0
    z[()] = x * z
    return d, z[None, :, None] * x[:2], d[1:, ::-2, None, 1:4], a[-1, ...] * a[np.newaxis, 1]


def stores_of_sequences(x, a):
    z, b = x * 1.0, a * a
    z[:3] = (1.0, 2.0 * x[1], x[5])
    z[3:5] = [x[1], z[0] * x[0]]
    b[1, :2] = x[0], z[1]
    b[2:, :] = a[:1]
    b[:] = b[::-1]
    b[:, 1:2] = x[:4, None]
    z[2:2] = x[0]
    return z, b


def stores_convert_the_dtype(x, n):
    z = np.zeros((2, 3))
    z[0] = np.arange(3)
    z[:, 1] = n
    single = np.zeros(3, np.float32)
    single[:] = z[0] + 1.0
    z[1] = single
    z[1, 0] = x[0]
    z[0, :2] *= x[1]
    return z * x[:3]


def flat_read_and_written(x, a):
    b = a * 1.0
    s = 0.0
    for v in a.flat:
        s = s * 0.9 + v * v
    for v in b.T.flat:
        s = s * 0.9 - v
    for k, v in enumerate(a[:, ::-1].flat):
        s += 0.01 * k * v
    for k in range(a.size):
        b.flat[k] *= 0.1 * s + k
    b.T.flat[5] = x[1]
    b[:, ::-2].flat[3] += x[2] * b.flat[7]
    return b, x.flat[2] * len(b.flat)


def views_picked_and_written(a, x):
    turned = a.T
    rows = np.array([2, 1])
    turned[rows] *= 2.0
    a[rows] *= a[0]
    picked = turned[1:4][rows]
    turned[0] = 5.0 * x[0]
    none = x > 99.0
    x[none] = 1.0
    x[none] *= x[none]
    few = np.array([1, 3], dtype=np.uint8)
    x[few] = x[few] * x[0]
    return np.sum(picked * picked) + np.sum(a) * np.sum(x[np.array([-1, 3], dtype=np.int32)]) + np.sum(x[none]) * x[0]


def histogram_of_moving_bins(x, n):
    h = np.zeros(3)
    for t in range(n):
        bins = (np.arange(6) * t) % 3
        for i in range(6):
            h[bins[i]] += x[i] * (t + 1)
        h[bins] = h[bins] * x
    y = x[x > 0.8][x[x > 0.8] < 1.3]
    return np.sum(h * h) + np.sum(x[bins][x[bins] > 0.9] * x[0]) + np.sum(y * y)


def quantised(seed: int, *shape: int) -> np.ndarray:
    """Numbers half-way between tenths, so that no comparison with a tenth is close."""
    return np.random.default_rng(seed).integers(0, 10, shape) / 10 + 0.55


X, A, C = quantised(501, 6), quantised(502, 4, 5), quantised(503, 3, 4, 5)
ROWS, COLUMNS = np.array([2, 0, 1]), np.array([1, -1, 3])
SQUARE = np.array([[0, 1], [2, 3]])

PROGRAMS: list[Program] = [
    case(index_arrays_on_one_axis, X, A, ROWS, COLUMNS, scalar=False),
    case(index_arrays_on_two_axes, X, A, ROWS, COLUMNS, SQUARE, scalar=False),
    case(index_arrays_beside_slices, C, ROWS, COLUMNS % 3, scalar=False),
    case(index_arrays_of_three_axes, C, ROWS, COLUMNS % 3, scalar=False),
    case(stores_by_index, X, A, ROWS, COLUMNS, scalar=False),
    case(stores_of_all_shapes, A, C, ROWS, SQUARE, scalar=False),
    case(stores_at_repeated_indices, A, quantised(504, 4), scalar=False),
    case(gather_in_loop, X, ROWS, scalar=False),
    case(permutations, A, np.array([0.9, 0.4, 1.3, 0.7, 1.1]), scalar=False),
    case(rows_swapped_by_lists, A, scalar=False, native=False),
    case(masks_of_one_dimension, X, A, 0.9, argnums=(0, 1), scalar=False),
    case(masks_of_all_axes, A, C, 0.9, argnums=(0, 1), scalar=False, native=False),
    case(masks_as_index_arrays, X, A, ROWS, 0.9, argnums=(0, 1), scalar=False, native=False),
    case(empty_selections, X, A, scalar=False, native=False),
    case(views_of_every_kind, X, A, C, scalar=False, native=False),
    case(stores_of_sequences, X, A, scalar=False),
    case(stores_convert_the_dtype, X, 3, scalar=False),
    case(flat_read_and_written, X, A, scalar=False),
    case(views_picked_and_written, A, X),
    case(histogram_of_moving_bins, X, 4),
]
