"""From Python to the IR.

source          the function's text, as a syntax tree
reads           what a function reads of the world around it
callables       methods, partials and callable objects as functions; bound: those made while a function is lowered
structures      dicts, dataclasses and the like as arguments and results; classes: whose instances are such
dependencies    all that a derivative depends on; the function with all of it as it is now
control         break, continue and early return become flags and branches
lower           statements; functions that are called are inlined
expressions     arithmetic, subscripts, attributes, calls
values          what a name can stand for meanwhile
loops           what trips hand on
branches        both sides of a branch become one; names that may have no value are checked where they are read
known_values    what is known of values meanwhile
builtin_calls, library      calls that are carried out or written out meanwhile
signatures      arguments matched to the parameters of builtins and library functions
objects         attributes, methods and calls, also of what the compiler does not model
decorators      of inner functions
nonlocals       variables that functions inside assign to
lists, dicts    with items known at compile time; lists in memory
results         what a function may return; lists in it
entries         what a build can start from: a function, a tangent, a Jacobian
recursion       functions that call themselves, which cannot be inlined
nested_derivatives      derivatives met in a function (closures: what they capture)
nested_primitives       the same as primitives with derivatives
"""
