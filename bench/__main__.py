"""``python -m bench``: every table."""

from . import calls, directions, dual_tape, first, memory, sparse, table, vector_math
from .arrays import __main__ as arrays
from .gradbench import beside

table.main()
dual_tape.main()
directions.main()
calls.main()
vector_math.main()
sparse.main()
memory.main()
arrays.main()
beside.main([])
first.main([])
