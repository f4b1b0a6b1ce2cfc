"""The module that generated functions say they belong to; it is empty.

Numba (0.68) names a function by `__module__` when it compiles it, but by `inspect.getmodule` when it compiles a
recursive call of it. For a module that is not in `sys.modules` the two differ, and the call aborts with "unresolved
symbol". This module can go when generated functions live in modules of their own.
"""
