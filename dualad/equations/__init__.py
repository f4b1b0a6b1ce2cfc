"""Derivatives of what an equation defines: roots, fixed points, minima, whatever finds them.

solvers.py    what finds them: any function, as one that jitted code can call
systems.py    linear systems with the Jacobian of an equation
implicit.py   `implicit` and `implicit_minimum`
"""

from .implicit import implicit, implicit_minimum

__all__ = ["implicit", "implicit_minimum"]
