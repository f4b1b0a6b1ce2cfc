"""SciPy's solvers with the derivatives filled in.

Each function takes what its namesake takes, and hands it on; what SciPy would find by differences comes from dualad. A
derivative that is given is left alone.

    from dualad.scipy import minimize
    best = minimize(loss, x0, args=(data,), method="trust-ncg")       # gradient and Hessian-vector products
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.integrate
import scipy.optimize

from .sparse import sparse_jacobian
from .transforms import hessian, hvp, jacobian, value_and_grad

__all__ = ["least_squares", "minimize", "root", "solve_ivp"]

_WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
_WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")
_WITH_MATRIX = ("dogleg", "trust-exact")
_STIFF = ("Radau", "BDF", "LSODA")
_WITH_JACOBIAN = ("hybr", "lm")


def minimize(
    fun: Callable,
    x0: object,
    args: tuple = (),
    method: object = None,
    jac: object = None,
    hess: object = None,
    hessp: object = None,
    **kwargs: object,
) -> scipy.optimize.OptimizeResult:
    """Minimise as `scipy.optimize.minimize` does.

    Value and gradient are computed together, for all methods that take a gradient; Newton-CG, trust-ncg, trust-krylov
    and trust-constr get Hessian-vector products, dogleg and trust-exact Hessians.

    Parameters
    ----------
    fun : callable
        fun(x, *args) is a number; dualad differentiates it by `x`, an array of floats of one dimension.
    x0, args, method, jac, hess, hessp, **kwargs
        As in SciPy.
    """
    args = args if isinstance(args, tuple) else (args,)
    name = method.lower() if isinstance(method, str) else ""
    if jac is None and name not in _WITHOUT_GRADIENT:
        both, jac = value_and_grad(fun), True
        if hess is None and hessp is None and name in _WITH_PRODUCTS:
            function = fun

            def hessp(x: object, p: object, *args: object) -> object:
                return hvp(function, (x, *args), (p,), argnums=0)

        elif hess is None and hessp is None and name in _WITH_MATRIX:
            hess = hessian(fun)
        fun = both
    return scipy.optimize.minimize(fun, x0, args, method, jac, hess, hessp, **kwargs)


def least_squares(
    fun: Callable, x0: object, jac: object = None, *, args: tuple = (), sparse: bool = False, **kwargs: object
) -> scipy.optimize.OptimizeResult:
    """Fit as `scipy.optimize.least_squares` does, with exact Jacobians.

    Parameters
    ----------
    fun : callable
        fun(x, *args) is an array of floats of one dimension; so is `x`.
    x0, jac, args, **kwargs
        As in SciPy.
    sparse : bool
        Whether the Jacobian is to be sparse (`sparse_jacobian`), for problems with many unknowns.
    """
    if jac is None:
        jac = sparse_jacobian(fun) if sparse else jacobian(fun)
    return scipy.optimize.least_squares(fun, x0, jac, args=args, **kwargs)


def root(
    fun: Callable, x0: object, args: tuple = (), method: str = "hybr", jac: object = None, **kwargs: object
) -> scipy.optimize.OptimizeResult:
    """Find a root as `scipy.optimize.root` does; hybr and lm get exact Jacobians.

    Parameters
    ----------
    fun : callable
        fun(x, *args) is an array of floats as long as `x`.
    x0, args, method, jac, **kwargs
        As in SciPy.
    """
    if jac is None and method in _WITH_JACOBIAN:
        jac = jacobian(fun)
    return scipy.optimize.root(fun, x0, args, method, jac, **kwargs)


def solve_ivp(
    fun: Callable,
    t_span: tuple,
    y0: object,
    method: object = "RK45",
    *,
    args: tuple | None = None,
    jac: object = None,
    sparse: bool = False,
    **kwargs: object,
) -> Any:
    """Integrate as `scipy.integrate.solve_ivp` does; Radau, BDF and LSODA get exact Jacobians.

    Parameters
    ----------
    fun : callable
        fun(t, y, *args) is an array of floats as long as `y`.
    t_span, y0, method, args, jac, **kwargs
        As in SciPy.
    sparse : bool
        Whether the Jacobian is to be sparse (not for LSODA).
    """
    if method in _STIFF:
        if jac is None:
            jac = sparse_jacobian(fun, 1) if sparse else jacobian(fun, 1)
        kwargs["jac"] = jac
    return scipy.integrate.solve_ivp(fun, t_span, y0, method, args=args, **kwargs)
