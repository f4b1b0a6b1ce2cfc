"""dualad: derivatives of numeric Python, compiled to native code."""

import importlib
from typing import TYPE_CHECKING, Any

from .any_number import dual_jvp, for_any_number, tape_grad
from .batching import vmap
from .checkpointing import checkpoint
from .compiler.runtime.vector_math import use_vector_math, uses_vector_math
from .errors import (
    ArgumentError,
    DualadError,
    NoSourceError,
    NotDifferentiableError,
    RuleError,
    UnsupportedError,
)
from .functions import *  # noqa: F403
from .linearizing import linearize
from .rules.custom import custom_rule
from .rules.registry import bilinear, constant, linear, pair, pointwise
from .stopping import stop_gradient
from .structures import ravel, register_structure
from .trace import Trace, trace
from .transforms import (
    derivative_source,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    taylor,
    value_and_grad,
    vjp,
)

__version__ = "0.2.0"

# What is there when it is first asked for: a program that wants the compiler alone need not wait for it.
_LATER = {
    "Dual": "dual",
    "Tape": "tape",
    "Var": "tape",
    "Explanation": "explaining",
    "cfunc": "c_pointers",
    "explain": "explaining",
    "implicit": "equations",
    "implicit_minimum": "equations",
    "sparse_hessian": "sparse",
    "sparse_jacobian": "sparse",
}
if TYPE_CHECKING:
    from .c_pointers import cfunc as cfunc
    from .dual import Dual as Dual
    from .equations import implicit as implicit
    from .equations import implicit_minimum as implicit_minimum
    from .explaining import Explanation as Explanation
    from .explaining import explain as explain
    from .sparse import sparse_hessian as sparse_hessian
    from .sparse import sparse_jacobian as sparse_jacobian
    from .tape import Tape as Tape
    from .tape import Var as Var


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'dualad' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


__all__ = [
    "Dual",
    "Tape",
    "Var",
    "Explanation",
    "cfunc",
    "explain",
    "implicit",
    "implicit_minimum",
    "sparse_hessian",
    "sparse_jacobian",
    "ArgumentError",
    "DualadError",
    "NoSourceError",
    "NotDifferentiableError",
    "RuleError",
    "Trace",
    "UnsupportedError",
    "bilinear",
    "checkpoint",
    "constant",
    "custom_rule",
    "derivative_source",
    "dual_jvp",
    "for_any_number",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linear",
    "linearize",
    "pair",
    "pointwise",
    "ravel",
    "register_structure",
    "stop_gradient",
    "tape_grad",
    "taylor",
    "trace",
    "use_vector_math",
    "uses_vector_math",
    "value_and_grad",
    "vjp",
    "vmap",
]
