"""Benchmarks: what a derivative costs, as a multiple of its function. Run ``python -m bench``."""
