"""Workaround: LLVM gives up on inner loops that it could vectorise when the loop around them comes down.

Where arrays might overlap, LLVM tests before an inner loop whether they do, and takes the vectorised copy of the loop
if not. It makes one test for all trips of the loop around it, and a part of that test is that addresses grow from trip
to trip of the latter (its option `-hoist-runtime-checks`). In
a reverse sweep they fall, so that the test always fails and the loop runs one element at a time: the gradient of an
LSTM takes 1.3 times as long.

`opaque` gives back its argument, and LLVM does not see that it does. An index that goes through it is no longer known
to come down, and the test is made before each run of the inner loop. It costs no instruction. To delete when LLVM makes
its test for falling addresses too.
"""

from __future__ import annotations

from .numba_bridge import hide_from_llvm


def opaque(i: int) -> int:
    """Return an integer as it is."""
    return i


hide_from_llvm(opaque)
