"""dualad: derivatives of numeric Python, compiled to native code."""

import importlib.util
from typing import TYPE_CHECKING, Any

from .errors import (
    ArgumentError,
    DualadError,
    NoSourceError,
    NotDifferentiableError,
    RuleError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from .c_pointers import cfunc as cfunc
    from .dual import Dual as Dual
    from .equations import implicit as implicit
    from .equations import implicit_minimum as implicit_minimum
    from .explaining import Explanation as Explanation
    from .explaining import explain as explain
    from .public import *  # noqa: F403
    from .sparse import sparse_hessian as sparse_hessian
    from .sparse import sparse_jacobian as sparse_jacobian
    from .tape import Tape as Tape
    from .tape import Var as Var

__version__ = "0.2.0"

# What the compiler can do without is there when it is asked for; the rest (`public`) comes with the first of its names.
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


def __getattr__(name: str) -> Any:
    if name in _LATER:
        globals()[name] = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    elif not name.startswith("_") and importlib.util.find_spec(f"dualad.{name}") is None:  # modules wait for an import
        public = vars(importlib.import_module(".public", __name__))
        globals().update((key, value) for key, value in public.items() if not key.startswith("_"))
    if name not in globals():
        raise AttributeError(f"module 'dualad' has no attribute {name!r}")
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
