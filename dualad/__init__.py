"""dualad: derivatives of numeric Python, compiled to native code."""

from .errors import (
    ArgumentError,
    DualadError,
    NoSourceError,
    NotDifferentiableError,
    RuleError,
    UnsupportedError,
)
from .transforms import derivative_source, grad, jvp, value_and_grad, vjp

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "DualadError",
    "NoSourceError",
    "NotDifferentiableError",
    "RuleError",
    "UnsupportedError",
    "derivative_source",
    "grad",
    "jvp",
    "value_and_grad",
    "vjp",
]
