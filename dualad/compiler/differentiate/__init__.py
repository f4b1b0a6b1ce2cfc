"""From the IR of a function to the code of its derivatives.

derivative_text what both modes share
zero_guards     which zeros must stay zero
forward         tangents beside everything; packed: several of them side by side
plan            what the reverse sweep stores, computes again or keeps
shadows         arrays with shadows from the forward sweep on; widening: float32 arrays with float64 shadows
undo_log        arrays that are restored on the way back
sparse_loops    loops of which only the trips that take something are stored
tape_layout     where the tape of a loop is reserved
taping          the forward sweep with its tape
loop_order      which reverse loops may ascend
reverse         the reverse sweep; reverse_loops: that of loops; gather_form: of stencils, which gather;
                packed_reverse: of tangents side by side, for Hessians
checkpoints     the same in memory of a given size; nested_checkpoints: loops inside others, too; loop_states: what it
                takes to run a loop again
instrumented    derivatives that count and time themselves
rows            reverse sweeps that are run again behind one forward sweep
series, taylor  Taylor series
jacobian        Jacobians, as loops over tangents or cotangents
coloured        products with a Jacobian from which a sparse one is read
dependence      sparsity patterns: sets in the place of numbers; array_dependence: of whole arrays; boxes: loops of
                uncertain length; interactions: what has second derivatives
recursion_forward, recursion_reverse    the same for recursive functions; recursive_calls: their calls
"""
