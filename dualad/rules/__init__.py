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
    Matrix products, solves and decompositions, as array-level rules.
composites.py
    NumPy functions that are loops over primitives, and need no rule.
"""

from . import arithmetic, broadcasting, composites, exponential, linear_algebra, rounding, special, trigonometric

__all__ = [
    "arithmetic",
    "broadcasting",
    "composites",
    "exponential",
    "linear_algebra",
    "rounding",
    "special",
    "trigonometric",
]
