"""The engine: what happens to a function on its way to native derivative code, file by file.

source          the function's text, as a syntax tree
  reads           what a function reads of the world around it
  dependencies    all that a derivative depends on; the function with all of it as it is now
control         break, continue and early return become flags and branches
lower           the tree becomes the IR; calls are inlined    (expressions, values: its helpers)
  builtin_calls, library      calls that are carried out or written out meanwhile
  signatures      arguments matched to the parameters of builtins and library functions
  objects         attributes, methods and calls, also of what the compiler does not model; decorators of inner functions
  lists, dicts    with items known at compile time; lists in memory
  results         what a function may return; lists in it
messages        the text of exceptions, which Python makes of the values that native code hands over
loops           what trips hand on
branches        both sides of a branch become one; names that may have no value are checked where they are read
entries         what a build can start from: a function, a tangent, a Jacobian
transformed     derivatives met in a function (lifting: what they capture); derived: as primitives with derivatives
jacobian        Jacobians, as loops over tangents or cotangents
units           functions that call themselves, which cannot be inlined; instances, calls: their types and call sites
ir              the intermediate representation, structured and single-assignment
verify          the invariants of the IR, checked after each pass in the tests (DUALAD_VERIFY=1)
infer           types, by Numba's own inference on the printed IR
  of_numbers      what functions of arrays are of single numbers
normalise       one normal form for each construct, now that the types are known
  indexing        indices; what index arrays pick, as loops
  list_operations lists in memory
boundary        what is left to Numba, and where nothing that carries a derivative may go
activity        what carries derivatives; which arrays share memory
arrays          array operations come down to loops and array-level primitives:
  expand          NumPy functions that are loops become them; products by dimension
  fuse            elementwise chains become one loop
  protect         operands that change before the reverse sweep are copied
improve         fewer computations: values that are at hand are used again, what does not change in a loop leaves it
  integers      what is certain of integers: bounds, and which array elements are different ones
  shapes        one name for one size; views: elements of a view are elements of the array
  interchange   loops around sums of products are turned inside out
  reuse, hoisting
order, plan     what stands where; what the reverse sweep stores, computes again or keeps
guarding        which zeros must stay zero; mirroring: arrays with shadows from the forward sweep on
selecting       loops of which only the trips that take something are stored
reserve         where the tape of a loop is reserved
ranges          which reverse loops may ascend
emit            the IR as readable Python
derivative      what both modes share; rule_text pastes the rules in
forward         tangents beside everything; packed: several of them side by side
taping          the forward sweep with its tape
widening        float32 arrays with float64 shadows
reverse         the reverse sweep; reverse_loops: that of loops      (unit_forward, unit_reverse: those of units)
build           the whole way in one place
generated       the module that generated functions belong to
opaque          a workaround for LLVM's overlap tests in loops that come down
vector_math     exp, log, sin and the like, for many numbers at once
runtime         jitted helpers that generated code calls
numba_bridge    the one module that touches Numba's internals (packs; jitted: what jitted code may call; objects: types)
"""
