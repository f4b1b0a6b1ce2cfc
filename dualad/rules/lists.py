"""Methods of lists in memory, on those that the compiler has: items read and stored, append and pop."""

from __future__ import annotations

import numpy as np


def insert(items, index, value):
    n = len(items)
    place = min(index if index >= 0 else max(index + n, 0), n)
    items.append(value)
    for k in range(n, place, -1):
        items[k] = items[k - 1]
    items[place] = value


def pop(items, index):
    n = len(items)
    place = index if index >= 0 else index + n
    if place < 0 or place >= n:
        raise IndexError("pop index out of range")
    value = items[place]
    for k in range(place, n - 1):
        items[k] = items[k + 1]
    items.pop()
    return value


def index(items, value):
    for k in range(len(items)):
        if items[k] == value:
            return k
    raise ValueError("item not in list")


def remove(items, value):
    pop(items, index(items, value))


def count(items, value):
    found = 0
    for k in range(len(items)):
        if items[k] == value:
            found += 1
    return found


def contains(items, value):
    for k in range(len(items)):
        if items[k] == value:
            return True
    return False


def reverse(items):
    n = len(items)
    for k in range(n // 2):
        first = items[k]
        items[k] = items[n - 1 - k]
        items[n - 1 - k] = first


def clear(items):
    for _ in range(len(items)):
        items.pop()


def sort(items, reverse=False):
    if len(items) > 0:
        ordered = np.sort(np.array(items))
        n = len(items)
        for k in range(n):
            items[k] = ordered[n - 1 - k] if reverse else ordered[k]


METHODS = {
    "insert": insert,
    "pop": pop,
    "index": index,
    "remove": remove,
    "count": count,
    "reverse": reverse,
    "clear": clear,
    "sort": sort,
}
"""Those that `Lists.list_method` does not write out itself."""
