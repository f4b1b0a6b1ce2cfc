"""Linear systems with the Jacobian of a residual by its first argument, where it is not factorised in jitted code.

inverse(b, y, *args) is x with F_y(y, args) x = b, and inverse_transposed that with F_y.T x = b; both run SciPy. They
have rules of their own: with w = F_y^-T x_bar, the cotangents of y and args are those of -<w, F_y(y, args) x>, in which
x and w are constants.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse.linalg

from ..rules.factorised import as_vector, shaped_like
from ..transforms import jvp, vjp
from ..written import function_of, with_rule
from .solvers import RESULTS, as_jitted, label_of


def gmres(residual: Callable, transposed: bool) -> Callable:
    """Return what solves without a matrix, by products with it."""

    def solve(b: np.ndarray, y: object, *args: object) -> np.ndarray:
        size, none = b.size, (None,) * len(args)
        if transposed:
            _, pullback = vjp(residual, y, *args)

            def product(v: np.ndarray) -> np.ndarray:
                return np.ravel(pullback(_as(v, y))[0])
        else:

            def product(v: np.ndarray) -> np.ndarray:
                return np.ravel(jvp(residual, (y, *args), (_as(v, y), *none))[1])

        operator = scipy.sparse.linalg.LinearOperator((size, size), product, dtype=np.float64)
        x, info = scipy.sparse.linalg.gmres(operator, b, rtol=1e-12, atol=0.0, restart=min(size, 50), maxiter=1000)
        if info != 0 or not np.all(np.isfinite(x)):
            message = f"GMRES does not converge for the Jacobian of {label_of(residual)}: it may be singular"
            raise np.linalg.LinAlgError(message)
        return x

    return solve


def sparse(residual: Callable, transposed: bool, kept: dict) -> Callable:
    """Return what solves with a sparse matrix; `kept` holds its factors at a point, for the transposed one, too."""
    from ..sparse import sparse_jacobian

    jacobian = sparse_jacobian(residual, 0)

    def solve(b: np.ndarray, y: object, *args: object) -> np.ndarray:
        point = tuple(np.asarray(x).tobytes() for x in (y, *args))
        if kept.get("point") != point:
            try:
                kept["factors"] = scipy.sparse.linalg.splu(scipy.sparse.csc_array(jacobian(y, *args)))
            except RuntimeError:
                raise np.linalg.LinAlgError(f"the Jacobian of {label_of(residual)} is singular") from None
            kept["point"] = point
        return kept["factors"].solve(b, "T" if transposed else "N")

    return solve


def _as(v: np.ndarray, y: object) -> object:
    return np.reshape(v, np.shape(y)) if np.ndim(y) else float(v[0])


def inverses(residual: Callable, names: list[str], kind: str) -> tuple[object, object]:
    """Return inverse and inverse_transposed for the Jacobian of a residual; `kind` is "gmres" or "sparse"."""
    kept: dict = {}
    pair = []
    for transposed in (False, True):
        solve = gmres(residual, transposed) if kind == "gmres" else sparse(residual, transposed, kept)
        solve.__name__ = "inverse_transposed" if transposed else "inverse"
        pair.append(as_jitted(solve, ["b_", "y_", *names], lambda _: RESULTS["float64[:]"], True))
    inverse, inverse_transposed = pair
    given = ", ".join(names)
    bars, dots = (", ".join(f"{name}_{suffix}" for name in names) for suffix in ("bar", "dot"))
    helpers = {"residual": residual, "as_vector": as_vector, "shaped_like": shaped_like, "jvp": jvp, "vjp": vjp}
    products = f"""
def applied(y_, {given}, x_):
    return as_vector(jvp(residual, (y_, {given}), (shaped_like(x_, y_), {"None, " * len(names)}))[1])

def applied_transposed(y_, {given}, x_):
    _, pullback_ = vjp(residual, y_, {given})
    return as_vector(pullback_(shaped_like(x_, y_))[0])
"""
    # of w.T F_y x, the scalar whose derivatives by y and args both share, each has one vector and the other's weights
    for own, other, product, (vector, weights) in (
        (inverse, inverse_transposed, "applied", ("x_", "w_")),
        (inverse_transposed, inverse, "applied_transposed", ("w_", "x_")),
    ):
        text = f"""{products}
def forward(b_, y_, {given}):
    x_ = own(b_, y_, {given})
    return x_, (x_, y_, {given})

def tangent(residuals_, b_dot_, y_dot_, {dots}):
    x_, y_, {given} = residuals_
    _, product_dot_ = jvp({product}, (y_, {given}, x_), (y_dot_, {dots}, None))
    return own(b_dot_ - product_dot_, y_, {given})

def cotangent(residuals_, x_bar_):
    x_, y_, {given} = residuals_
    w_ = other(x_bar_, y_, {given})
    _, pullback_ = vjp(applied, y_, {given}, {vector})
    y_bar_, {bars}, _ = pullback_(-{weights})
    return w_, y_bar_, {bars}
"""
        made = function_of(text, residual, own=own, other=other, **helpers)
        with_rule(own, made["forward"], made["tangent"], made["cotangent"])
    return inverse, inverse_transposed
