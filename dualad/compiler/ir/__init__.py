"""The intermediate representation, and what is true of it.

nodes       statements, operands, blocks and functions; walks over them
kinds       what kind of value an operand is, once its type is known
callees     functions as operands: what users call them, and to whom they belong
effects     what operations do: which write, which give memory of their arguments, which may be left out
boundary    what is left to Numba, and where nothing that carries a derivative may go
renaming    variables replaced by operands
infer       types, by Numba's own inference on the printed IR; of_numbers: functions of arrays, of single numbers
of_types    what is written out once its types are known, as rules.by_types says
messages    the text of exceptions, which Python makes of the values that native code hands over
printer     the IR as readable Python; rule_text pastes the rules in
"""

from .nodes import (  # noqa: F401
    ITERATED,
    LOOPS,
    UNDEFINED,
    Block,
    Carried,
    Const,
    For,
    Foreign,
    Function,
    Global,
    If,
    Namer,
    Op,
    Phi,
    Place,
    Retyped,
    Slice,
    TupleOf,
    Var,
    While,
    at_hand,
    blocks_of,
    copied,
    defined_by,
    op_vars,
    operands_of,
    prune,
    raises,
    rewrite,
    vars_in,
    walk,
)
