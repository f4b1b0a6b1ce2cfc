"""Compiled functions of other libraries, by address: how jitted code comes to call them is for the compiler to say."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False)
class Pointers:
    """How they are found and called.

    `address` takes (module, symbol) of a Cython module and returns an address; `call` takes (symbol, address, number of
    doubles) and returns what jitted code calls with these and an int.
    """

    address: Callable | None = None
    call: Callable | None = None


POINTERS = Pointers()
