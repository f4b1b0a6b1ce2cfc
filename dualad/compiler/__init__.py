"""The engine: what happens to a function on its way to native derivative code, room by room.

lowering        from Python to the IR
ir              the intermediate representation: its operations, their effects, types, the printer
analysis        facts: what carries derivatives, what shares memory, what stands where, bounds, sizes
transform       from IR to IR: one normal form, array operations as loops, fewer computations
differentiate   from the IR to derivative code, forward and reverse
runtime         what generated code calls; the one place that touches Numba's internals
build           the whole way in one place; passes: the list of those from IR to IR; checks: what is refused
specialisation  the same for recursive functions, by the types of their arguments

A room imports from itself and from earlier ones: runtime < ir < lowering < analysis < transform < differentiate.
"""
