"""``python -m bench.gradbench``: the GradBench tool, JSON lines on standard input and output."""

import sys

from .protocol import respond_to

respond_to(sys.stdin, sys.stdout)
