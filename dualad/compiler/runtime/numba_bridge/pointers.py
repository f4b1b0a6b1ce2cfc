"""Functions at an address, called from jitted code by a symbol: the code does not depend on where they lie."""

from __future__ import annotations

import llvmlite.binding as llvm
from numba import types
from numba.extending import get_cython_function_address

from ....rules.pointers import POINTERS


def external(symbol: str, address: int, count: int) -> object:
    """Return a function of `count` doubles and an int that gives a double; it lies at an address."""
    llvm.add_symbol(symbol, address)
    return types.ExternalFunction(symbol, types.float64(*[types.float64] * count, types.int32))


POINTERS.address = get_cython_function_address
POINTERS.call = external
