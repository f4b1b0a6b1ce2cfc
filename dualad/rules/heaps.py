"""heapq, on lists of numbers: the lists change in memory, so that the places decide, and the numbers carry derivatives.

The places are those of Python's own heapq, ties included.
"""


def sift(heap, k):
    """Let an item sink to its place."""
    n = len(heap)
    while 2 * k + 1 < n:
        child = 2 * k + 1
        if child + 1 < n and not heap[child] < heap[child + 1]:
            child += 1
        if heap[k] < heap[child]:
            break
        item = heap[k]
        heap[k] = heap[child]
        heap[child] = item
        k = child


def heapify(heap):
    for k in range(len(heap) // 2 - 1, -1, -1):
        sift(heap, k)


def heappush(heap, item):
    heap.append(item)
    k = len(heap) - 1
    while k > 0 and heap[k] < heap[(k - 1) // 2]:
        parent = (k - 1) // 2
        other = heap[parent]
        heap[parent] = heap[k]
        heap[k] = other
        k = parent


def heappop(heap):
    last = heap.pop()
    if len(heap) == 0:
        return last
    first = heap[0]
    heap[0] = last
    sift(heap, 0)
    return first


def heapreplace(heap, item):
    first = heap[0]
    heap[0] = item
    sift(heap, 0)
    return first


def heappushpop(heap, item):
    if len(heap) > 0 and heap[0] < item:
        return heapreplace(heap, item)
    return item


def nsmallest(n, iterable):
    return sorted(iterable)[:n]


def nlargest(n, iterable):
    return sorted(iterable, reverse=True)[:n]


CHANGING = {f.__name__: f for f in (heapify, heappush, heappop, heapreplace, heappushpop)}
"""What changes the list that is its first argument, by the names in heapq."""

CHOOSING = {f.__name__: f for f in (nsmallest, nlargest)}
