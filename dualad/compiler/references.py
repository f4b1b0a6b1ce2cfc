"""Workaround: Numba counts references that it could leave uncounted where a call in between may raise an exception.

A function that is given an array counts one more reference to its memory when it begins and one less when it ends, by
atomic operations that take as long as twenty additions. Numba removes such pairs if on each way out there is the
second one, or an exception is raised. But it knows the exceptions only that a function raises itself, not those that
come out of what it calls; so every np.dot costs eight pairs, which for small matrices is as much as the product. A
Kalman filter spent half of its time on them.

`let_references_be_pruned` marks the exceptions of calls as Numba marks the others. It is safe for the same reason:
where an exception leaves a function, Numba does not give back what the function has counted, so that without the pair
the count is right, and with it the memory was lost. Functions with `try` are left as they are, since there an exception
need not leave the function. To delete when `CPUCallConv.return_status_propagate` marks its store as
`set_static_user_exc` does.
"""

from __future__ import annotations

from .numba_bridge import let_references_be_pruned

let_references_be_pruned()
