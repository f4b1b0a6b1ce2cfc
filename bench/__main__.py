"""``python -m bench``: every table."""

from . import directions, dual_tape, first, sparse, table, vector_math
from .arrays import __main__ as arrays
from .gradbench import beside

table.main()
dual_tape.main()
directions.main()
vector_math.main()
sparse.main()
arrays.main()
beside.main([])
first.main([])
