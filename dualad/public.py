"""The public names for which the compiler is needed; `dualad` has them when the first of them is asked for."""

from .any_number import dual_jvp as dual_jvp
from .any_number import for_any_number as for_any_number
from .any_number import tape_grad as tape_grad
from .batching import vmap as vmap
from .checkpointing import checkpoint as checkpoint
from .compiler.runtime.vector_math import use_vector_math as use_vector_math
from .compiler.runtime.vector_math import uses_vector_math as uses_vector_math
from .functions import *  # noqa: F403
from .linearizing import linearize as linearize
from .rules.custom import custom_rule as custom_rule
from .rules.registry import bilinear as bilinear
from .rules.registry import constant as constant
from .rules.registry import linear as linear
from .rules.registry import pair as pair
from .rules.registry import pointwise as pointwise
from .stopping import stop_gradient as stop_gradient
from .structures import ravel as ravel
from .structures import register_structure as register_structure
from .tracing import Trace as Trace
from .tracing import trace as trace
from .transforms import derivative_source as derivative_source
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hvp as hvp
from .transforms import jacfwd as jacfwd
from .transforms import jacobian as jacobian
from .transforms import jacrev as jacrev
from .transforms import jvp as jvp
from .transforms import taylor as taylor
from .transforms import value_and_grad as value_and_grad
from .transforms import vjp as vjp
