"""autograd's own test suite, with dualad in the place of autograd; `python -m bench.autograd_suite DIRECTORY` runs it.

DIRECTORY is the folder `tests` of a copy of github.com/HIPS/autograd, which is not part of this repository.
"""
