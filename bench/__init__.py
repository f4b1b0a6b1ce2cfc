"""Benchmarks: what a derivative costs, as a multiple of its function. Run ``python -m bench``."""

import os

for _name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # every figure is one thread's

# OpenBLAS takes what the processor has, as the other libraries do, although the environment may hold it to an older one
os.environ.pop("OPENBLAS_CORETYPE", None)

# What compiling takes is measured as well; bench.first says itself what is on disk
os.environ.setdefault("DUALAD_CACHE", "0")
