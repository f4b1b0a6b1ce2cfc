"""``python -m bench``: every table."""

from . import table
from .arrays import __main__ as arrays
from .gradbench import beside

table.main()
arrays.main()
beside.main([])
