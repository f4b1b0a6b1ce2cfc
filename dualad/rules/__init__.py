"""The primitives and their derivatives. Importing this package fills the registry.

registry.py
    What a rule is, and how one is declared. No rule stands there.
arithmetic.py
    Operators, powers, remainders, absolute value, minimum and maximum.
trigonometric.py
    Circular and hyperbolic functions, their inverses, degrees and radians, hypot.
exponential.py
    Exponentials, logarithms, roots.
special.py
    The error function, gamma and its logarithmic derivatives.
rounding.py
    What is constant by pieces: rounding, comparison, integer arithmetic. Type casts.
broadcasting.py
    Fitting arrays together.
linear_algebra.py
    Matrix products, solves, inverses, determinants.
decompositions.py
    Cholesky's and QR.
spectra.py
    Eigenvalues and singular values, with their vectors.
least_squares.py
    Norms, pseudo-inverses, least squares.
composites.py
    What a NumPy function is that is written in terms of others, and needs no rule. None stands there.
by_types.py
    What a NumPy function is that Numba lacks, or whose options it lacks, once dtypes and dimensions are known.
along_axes.py
    Reductions along axes.
contractions.py
    Sums of products: einsum and its kin.
delegated.py
    What is one expression of others.
joining.py
    Arrays put side by side.
stacks.py
    Linear algebra over leading axes.
moving.py
    What moves, repeats or picks elements axis by axis.
fourier.py
    Discrete Fourier transforms.
heaps.py
    heapq, on lists of numbers.
moments.py
    Statistics, scans and differences along axes.
selection.py
    Functions that choose, repeat or move elements of arrays.
ordering.py
    Sorting, medians, quantiles.
reductions.py
    Sums, means, extremes.
sequences.py
    Scans, differences, convolution, interpolation.
assembly.py
    Joining, repeating and making arrays.
matrices.py
    Diagonals, triangles, products of Kronecker, covariances.
complex_parts.py
    What functions of complex numbers do to real and imaginary parts: how it is declared. None stands there.
holomorphic.py
    Primitives of complex arithmetic, of real and imaginary parts.
complex_numbers.py
    Functions of complex numbers, by their parts.
complex_matrices.py
    Linear algebra of complex matrices.
stopping.py
    Where derivatives end on purpose.
gather.py
    Where the elements lie that index arrays and masks pick.
"""

from . import (
    along_axes,
    arithmetic,
    assembly,
    broadcasting,
    by_types,
    complex_matrices,
    complex_numbers,
    complex_parts,
    composites,
    contractions,
    decompositions,
    delegated,
    exponential,
    fourier,
    gather,
    holomorphic,
    joining,
    least_squares,
    linear_algebra,
    matrices,
    moments,
    moving,
    ordering,
    reductions,
    rounding,
    selection,
    sequences,
    special,
    spectra,
    stacks,
    stopping,
    trigonometric,
)

__all__ = [
    "along_axes",
    "arithmetic",
    "assembly",
    "broadcasting",
    "by_types",
    "complex_matrices",
    "complex_numbers",
    "complex_parts",
    "composites",
    "contractions",
    "decompositions",
    "delegated",
    "exponential",
    "fourier",
    "gather",
    "holomorphic",
    "joining",
    "least_squares",
    "linear_algebra",
    "matrices",
    "moments",
    "moving",
    "ordering",
    "reductions",
    "rounding",
    "selection",
    "sequences",
    "special",
    "spectra",
    "stacks",
    "stopping",
    "trigonometric",
]
