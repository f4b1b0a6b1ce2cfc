"""The disk cache: derivatives that were compiled before, in this process or in another one, are loaded.

keys        what native code depends on, as a digest that is the same in every process; or why there is none
store       the folder: entries that are written at once or not at all, the oldest of which go when it is full
kept        the two together, for one derivative: what its dispatcher asks before it compiles
command     ``python -m dualad cache``
"""
