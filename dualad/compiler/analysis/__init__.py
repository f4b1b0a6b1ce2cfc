"""Facts about a function.

aliases         which arrays may share memory
activity        what carries derivatives
certainty       what is the same at every point
order           what stands where, and what is written after what
value_ranges    bounds of integers, and which array elements are different ones
shapes          one name for one size
verify          the invariants of the IR, checked after each pass in the tests (DUALAD_VERIFY=1)
"""
