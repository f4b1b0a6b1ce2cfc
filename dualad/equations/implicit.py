"""Functions that an equation defines, with the derivatives that it gives them.

With F(y, x) = 0 at y = solver(x), the implicit function theorem gives

    F_y y_dot = -F_x x_dot              x_bar = -F_x.T w   with   F_y.T w = y_bar

(A. Griewank and A. Walther, "Evaluating Derivatives", 2nd edition, SIAM 2008, ch. 15). The solver is never
differentiated; F is, and again for higher orders. What is written here are rules of the user's kind (`rules.custom`),
with the names of the residual's parameters.
"""

from __future__ import annotations

from collections.abc import Callable

from ..compiler.runtime.numba_bridge import lapack
from ..errors import ArgumentError
from ..rules.factorised import as_square, as_vector, lu_factor, lu_solve, lu_solve_transposed, shaped_like
from ..transforms import grad, jacfwd, jacrev, jvp, vjp
from ..written import function_of, with_names, with_rule
from .solvers import RESULTS, as_jitted, first_type, label_of
from .systems import inverses

_ARRAYS = ("float64[:]", "float64[:, :]")
_SOLVERS = ("lu", "gmres", "sparse")
_DERIVATIVES = (grad, jacfwd, jacrev, jvp, vjp)
_ALGEBRA = (as_square, as_vector, lu_factor, lu_solve, lu_solve_transposed, shaped_like)
_HELPERS = {f.__name__: f for f in (ArgumentError, *_DERIVATIVES, *_ALGEBRA)}


def implicit(
    solver: Callable,
    residual: Callable,
    *,
    linear_solver: str = "lu",
    tolerance: float = 1e-6,
    result: str | None = None,
) -> Callable:
    """Return a function that solves an equation and has the derivatives that the equation gives it.

    Parameters
    ----------
    solver : callable
        `solver(*args)` returns y, a float or a float array. Any Python function, jitted or not; what Numba cannot
        compile, such as SciPy's solvers, runs as Python, even from inside jitted code. It is never differentiated.
    residual : callable
        `residual(y, *args)` is zero at the solution, of the size of y. dualad differentiates it.
    linear_solver : str
        How systems with the Jacobian of the residual by y are solved. "lu": it is factorised once a point. "gmres":
        SciPy's GMRES, with products by jvp and vjp alone. "sparse": SciPy's SuperLU, with `sparse_jacobian`,
        factorised once a point.
    tolerance : float
        The largest norm of the residual at what the solver returns, relative to 1 + the norm of y.
    result : str, optional
        What a solver that runs as Python returns: "float64", "float64[:]" or "float64[:, :]". Default: what the
        residual returns as well when it is given one.

    Returns
    -------
    callable
        Takes the arguments of `solver`, from Python and from jitted code.

    Raises
    ------
    ArgumentError
        If `linear_solver` or `result` is none of these, or the residual has no named parameters. When it is
        differentiated: if the residual is not zero at what the solver returns.
    numpy.linalg.LinAlgError
        When it is differentiated: if the Jacobian of the residual is singular.
    """
    _check(linear_solver, result)
    return _of_root(
        solver, residual, linear_solver, tolerance, _result_of(result, residual, solver, ("float64", *_ARRAYS), None)
    )


def _of_root(
    solver: Callable, residual: Callable, linear_solver: str, tolerance: float, result_of: Callable
) -> Callable:
    """Return what `implicit` does; `result_of` gives the type of y, from those of the arguments."""
    names = _names_after_first(residual, "residual")
    solve = as_jitted(solver, names, result_of)
    given = ", ".join(names)
    bars, dots = (", ".join(f"{name}_{suffix}" for name in names) for suffix in ("bar", "dot"))
    around: dict = {"residual": residual, "tolerance": float(tolerance), "label": label_of(solver)}
    if linear_solver == "lu":
        made = f"jacobian_ = as_square(jacfwd(residual, 0)(y_, {given}))"
        kept = "jacobian_, lu_factor(jacobian_), "
        read = "jacobian_, factors_, "
        forward = "lu_solve(jacobian_, factors_, as_vector(value_dot_))"
        solution = "lu_solve_transposed(jacobian_, factors_, as_vector(y_bar_))"
    else:
        made = kept = read = ""
        forward = f"inverse(as_vector(value_dot_), y_, {given})"
        solution = f"inverse_transposed(as_vector(y_bar_), y_, {given})"
        around["inverse"], around["inverse_transposed"] = inverses(residual, names, linear_solver)
    text = f"""
def forward({given}):
    y_ = solve({given})
    value_ = as_vector(residual(y_, {given}))
    norm_ = np.sqrt(np.sum(value_ * value_))
    size_ = np.sqrt(np.sum(as_vector(y_) ** 2))
    if not norm_ <= tolerance * (1.0 + size_):
        raise ArgumentError(f"the residual has the norm {{norm_}} at what {{label}} returns: it must be zero there")
    {made}
    return y_, (y_, {kept}{given})

def tangent(residuals_, {dots}):
    y_, {read}{given} = residuals_
    _, value_dot_ = jvp(residual, (y_, {given}), (None, {dots}))
    return shaped_like(-{forward}, y_)

def cotangent(residuals_, y_bar_):
    y_, {read}{given} = residuals_
    w_ = {solution}
    value_, pullback_ = vjp(residual, y_, {given})
    _, {bars} = pullback_(shaped_like(-w_, value_))
    return ({bars},)
"""
    return _with_rule(solve, text, around)


def implicit_minimum(
    solver: Callable,
    objective: Callable,
    constraints: Callable | None = None,
    *,
    linear_solver: str = "lu",
    tolerance: float = 1e-6,
    result: str | None = None,
) -> Callable:
    """Return a function that minimises an objective and has the derivatives that the conditions of a minimum give it.

    Parameters
    ----------
    solver : callable
        `solver(*args)` returns y, a float or a float array (with constraints, of one dimension).
    objective : callable
        `objective(y, *args)` is a number; y is where its gradient by y is zero.
    constraints : callable, optional
        `constraints(y, *args)` is a float array of one dimension that is zero at y: equality constraints. The
        derivatives are those of the conditions of Karush, Kuhn and Tucker; the multipliers are found by least squares.
        The gradients of the constraints must be linearly independent.
    linear_solver, tolerance, result : str, float, str
        As in `implicit`.

    Returns
    -------
    callable
        Takes the arguments of `solver`, from Python and from jitted code.
    """
    _check(linear_solver, result)
    names = _names_after_first(objective, "objective")
    given = ", ".join(names)
    if constraints is None:
        text = f"def gradient(y_, {given}):\n    return grad(objective)(y_, {given})\n"
        residual = function_of(text, objective, objective=objective, grad=grad)["gradient"]
        result_of = _result_of(result, objective, solver, (*_ARRAYS, "float64"), 0)
        return _of_root(solver, residual, linear_solver, tolerance, result_of)
    if linear_solver != "lu":
        raise ArgumentError(f"linear_solver={linear_solver!r} with constraints: it is 'lu'")
    solve = as_jitted(solver, names, lambda _: RESULTS["float64[:]"])
    bars, dots = (", ".join(f"{name}_{suffix}" for name in names) for suffix in ("bar", "dot"))
    text = f"""
def lagrangian(y_, multipliers_, {given}):
    return objective(y_, {given}) + np.sum(multipliers_ * constraints(y_, {given}))

def conditions(z_, count_, {given}):
    y_, multipliers_ = z_[:count_], z_[count_:]
    return np.concatenate((grad(lagrangian)(y_, multipliers_, {given}), constraints(y_, {given})))

def forward({given}):
    y_ = solve({given})
    slopes_ = jacrev(constraints, 0)(y_, {given})
    multipliers_ = np.linalg.solve(slopes_ @ slopes_.T, -(slopes_ @ grad(objective)(y_, {given})))
    z_ = np.concatenate((y_, multipliers_))
    value_ = conditions(z_, y_.size, {given})
    norm_ = np.sqrt(np.sum(value_ * value_))
    if not norm_ <= tolerance * (1.0 + np.sqrt(np.sum(z_ * z_))):
        raise ArgumentError(f"the conditions of a minimum have the norm {{norm_}} at what {{label}} returns, not zero")
    jacobian_ = jacfwd(conditions, 0)(z_, y_.size, {given})
    return y_, (z_, jacobian_, lu_factor(jacobian_), y_.size, {given})

def tangent(residuals_, {dots}):
    z_, jacobian_, factors_, count_, {given} = residuals_
    _, value_dot_ = jvp(conditions, (z_, count_, {given}), (None, None, {dots}))
    return -lu_solve(jacobian_, factors_, value_dot_)[:count_]

def cotangent(residuals_, y_bar_):
    z_, jacobian_, factors_, count_, {given} = residuals_
    w_ = lu_solve_transposed(jacobian_, factors_, np.concatenate((y_bar_, np.zeros(z_.size - count_))))
    value_, pullback_ = vjp(conditions, z_, count_, {given})
    _, _, {bars} = pullback_(-w_)
    return ({bars},)
"""
    around = {"objective": objective, "constraints": constraints, "tolerance": float(tolerance)}
    return _with_rule(solve, text, {**around, "label": label_of(solver)})


def _check(linear_solver: str, result: str | None) -> None:
    if linear_solver not in _SOLVERS:
        raise ArgumentError(f"linear_solver={linear_solver!r}: it is one of {', '.join(map(repr, _SOLVERS))}")
    if result is not None and result not in RESULTS:
        raise ArgumentError(f"result={result!r}: it is one of {', '.join(map(repr, RESULTS))}")


def _result_of(
    result: str | None, f: Callable, solver: Callable, candidates: tuple[str, ...], dimensions: int | None
) -> Callable[[tuple], object]:
    """Return what gives the type of y: that which the user says, or what the residual or the objective takes."""
    if result is not None:
        return lambda given: RESULTS[result]
    return lambda given: first_type(f, solver, given, candidates, dimensions)


def _names_after_first(f: Callable, what: str) -> list[str]:
    """Return the names of the parameters of a residual or an objective behind y."""
    function, names = with_names(f)
    if function is None:
        raise ArgumentError(f"{what} {f!r} is not a Python function")
    if len(names) < 2:
        raise ArgumentError(f"{what} {label_of(f)} must have named parameters: the solution, and one or more behind it")
    return names[1:]


def _with_rule(solve: object, text: str, around: dict) -> object:
    made = function_of(text, solve.py_func, solve=solve, **_HELPERS, **around)
    with_rule(solve, made["forward"], made["tangent"], made["cotangent"])
    return solve


lapack.load()
