"""Compiled functions of other libraries, by address: how jitted code comes to call them is for the compiler to say."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False)
class Pointers:
    """`call` takes (symbol, address, number of doubles); it returns what jitted code calls with these and an int."""

    call: Callable | None = None


POINTERS = Pointers()
