"""What generated code calls; and, in `numba_bridge`, all that touches Numba's internals.

helpers         memory and tapes, checks, arrays lent to recursive functions
vector_math     exp, log, sin and the like, for many numbers at once
index_sets      sets of inputs, for sparsity patterns; coloured_seeds: seeds and results of sparse Jacobians
opaque          a workaround for LLVM's overlap tests in loops that come down
generated       the module that generated functions belong to
progress        what is said while compiling takes long
numba_bridge    packs; jitted: what jitted code may call; objects: types that the compiler does not model; dispatchers:
                how generated functions are compiled; stored: how native code goes to disk and comes back
"""
