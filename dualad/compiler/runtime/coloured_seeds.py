"""Seeds and results of one direction, for `differentiate.coloured`: what `packs` has for several at a time."""

from __future__ import annotations

import numpy as np
from numba import njit, types

from .numba_bridge import give_compiled_meaning

_jit = njit(error_model="numpy")


@_jit
def paint(x_dot: np.ndarray, offset: int, colour: int, colours: np.ndarray, weights: np.ndarray) -> None:
    """Write the weights of the elements of a colour into a contiguous array, and 0 for all others."""
    flat = x_dot.reshape(-1)
    for k in range(flat.size):
        flat[k] = weights[offset + k] if colours[offset + k] == colour else 0.0


@_jit
def unit(place: int) -> float:
    """Return 1 for the colour in question, 0 for others."""
    return 1.0 if place == 0 else 0.0


def store(products: np.ndarray, colour: int, x: object) -> None:
    """Write a number into its row, or each element of an array into its own."""


def _choose_store(products, colour, x):
    def store_number(products, colour, x):
        if colour < products.size:
            products[colour] = x

    def store_array(products, colour, x):
        if colour < products.shape[1]:
            k = 0
            for number in x.flat:
                products[k, colour] = number
                k += 1

    return store_array if isinstance(x, types.Array) else store_number


give_compiled_meaning(store, _choose_store)
