"""``python -m bench``: every table."""

from .table import main

main()
