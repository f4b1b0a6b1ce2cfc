"""Array programs beside JAX, PyTorch, autograd and NumPy: `python -m bench.arrays`."""
