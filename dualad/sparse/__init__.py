"""Sparse Jacobians and Hessians: patterns, colours, and products that hold many columns each.

functions   what the user calls: `sparse_jacobian`, `sparse_hessian`
plan        the pattern, the colours and the places of the elements for arguments of certain sizes
calls       which calls have one pattern
colouring   which columns or rows are found in one product
expansion   from the sets that native code finds to sparse matrices

What finds the pattern is compiled as a derivative is: `compiler.differentiate.dependence`.
"""

from .functions import SparseDerivative, sparse_hessian, sparse_jacobian  # noqa: F401
