"""GradBench: its evals as a Numba user would write them, their derivatives by dualad.

https://github.com/gradbench/gradbench specifies the evals and the protocol. One file an eval: the function, its
derivative, how an input is read and drawn. `python -m bench.gradbench` is the tool that GradBench runs; `python -m
bench` times the same functions beside other tools.
"""
