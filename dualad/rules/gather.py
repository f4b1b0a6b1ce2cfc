"""Reading and writing with index arrays and masks, as loops; see `composites`."""

import numpy as np


def take_1d(a, index):
    out = np.empty(index.size, a.dtype)
    for i in range(index.size):
        out[i] = a[index[i]]
    return out


def take_rows(a, index):
    out = np.empty((index.size, a.shape[1]), a.dtype)
    for i in range(index.size):
        for j in range(a.shape[1]):
            out[i, j] = a[index[i], j]
    return out


def positions(mask):
    return np.nonzero(mask)[0]


def mask_2d(a, mask):
    rows, columns = np.nonzero(mask)
    out = np.empty(rows.size, a.dtype)
    for i in range(rows.size):
        out[i] = a[rows[i], columns[i]]
    return out


def put_array(a, index, value):
    for i in range(index.size):
        a[index[i]] = value[i]


def put_number(a, index, value):
    for i in range(index.size):
        a[index[i]] = value


def put_number_2d(a, mask, value):
    rows, columns = np.nonzero(mask)
    for i in range(rows.size):
        a[rows[i], columns[i]] = value
