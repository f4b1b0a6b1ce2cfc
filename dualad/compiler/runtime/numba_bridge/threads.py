"""How many threads share a loop."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils
from numba.np.ufunc.parallel import _launch_threads


def number_of_threads(context: object, builder: object, sig: object, args: tuple) -> object:
    """Write the call of Numba's `get_num_threads` by its name.

    What Numba compiles for that function calls it by its address, and code with addresses is not kept on disk.
    """
    _launch_threads()  # which makes the name known
    kind = ir.FunctionType(cgutils.intp_t, [])  # as Numba declares it
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "get_num_threads"), [])
