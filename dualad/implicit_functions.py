"""Derivatives of what an equation defines: roots, fixed points, minima, whatever finds them.

With F(y, x) = 0 at y = solver(x), the implicit function theorem gives

    F_y y_dot = -F_x x_dot              x_bar = -F_x.T w   with   F_y.T w = y_bar

(A. Griewank and A. Walther, "Evaluating Derivatives", 2nd edition, SIAM 2008, ch. 15). The solver is never
differentiated; F is, and again for higher orders.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterable
from itertools import count

import numpy as np
from numba import njit, objmode, types

from .compiler.build import Derivative, build
from .compiler.lowering.source import innermost, python_function
from .compiler.runtime.numba_bridge import NumbaError, call_type, is_jitted, lapack, specialising_dispatcher
from .errors import ArgumentError, DualadError
from .rules.custom import CustomRule, custom_rule
from .rules.factorised import as_square, as_vector, lu_factor, lu_solve_transposed, shaped_like
from .transforms import grad, jacfwd, jacrev, vjp

__all__ = ["implicit", "implicit_minimum"]

_serial = count(1)
_RESULTS = {
    "float64": (types.float64, 0),
    "float64[:]": (types.Array(types.float64, 1, "C"), 1),
    "float64[:, :]": (types.Array(types.float64, 2, "C"), 2),
}


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
        solver(*args) returns y, a float or a float array. Any Python function, jitted or not; what Numba cannot
        compile, such as SciPy's solvers, runs as Python, even from inside jitted code. It is never differentiated.
    residual : callable
        residual(y, *args) is zero at the solution, of the size of y. dualad differentiates it.
    linear_solver : str
        How systems with the Jacobian of the residual by y are solved. "lu": it is factorised once a point.
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
    return _of_root(
        solver, residual, linear_solver, tolerance, result, lambda given: _first_type(residual, given, _RESULTS)
    )


def _of_root(
    solver: Callable, residual: Callable, linear_solver: str, tolerance: float, result: str | None, like: Callable
) -> Callable:
    """Return what `implicit` does; `like` gives the type of y, from those of the arguments, for a solver in Python."""
    names = _names_after_first(residual, "residual")
    _check(linear_solver, result)
    solve = _opaque(solver, names, like, result)
    given = ", ".join(names)
    bars = ", ".join(f"{name}_bar" for name in names)
    text = f"""
def forward({given}):
    y_ = solve({given})
    value_ = as_vector(residual(y_, {given}))
    norm_ = np.sqrt(np.sum(value_ * value_))
    size_ = np.sqrt(np.sum(as_vector(y_) ** 2))
    if not norm_ <= tolerance * (1.0 + size_):
        raise ArgumentError(f"the residual has the norm {{norm_}} at what {{label}} returns: it must be zero there")
    jacobian_ = as_square(jacfwd(residual, 0)(y_, {given}))
    return y_, (y_, jacobian_, lu_factor(jacobian_), {given})

def cotangent(residuals_, y_bar_):
    y_, jacobian_, factors_, {given} = residuals_
    w_ = lu_solve_transposed(jacobian_, factors_, as_vector(y_bar_))
    value_, pullback_ = vjp(residual, y_, {given})
    _, {bars} = pullback_(shaped_like(-w_, value_))
    return ({bars},)
"""
    return _with_rule(solve, text, {"residual": residual, "tolerance": float(tolerance), "label": _label(solver)})


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
        solver(*args) returns y, a float or a float array (with constraints, of one dimension).
    objective : callable
        objective(y, *args) is a number; y is where its gradient by y is zero.
    constraints : callable, optional
        constraints(y, *args) is a float array of one dimension that is zero at y: equality constraints. The derivatives
        are those of the conditions of Karush, Kuhn and Tucker; the multipliers are found by least squares. The
        gradients of the constraints must be linearly independent.
    linear_solver, tolerance, result
        As in `implicit`.

    Returns
    -------
    callable
        Takes the arguments of `solver`, from Python and from jitted code.
    """
    names = _names_after_first(objective, "objective")
    given = ", ".join(names)
    if constraints is None:
        text = f"def gradient(y_, {given}):\n    return grad(objective)(y_, {given})\n"
        residual = _function_of(text, objective, objective=objective)["gradient"]
        order = ("float64[:]", "float64[:, :]", "float64")
        return _of_root(
            solver, residual, linear_solver, tolerance, result, lambda given: _first_type(objective, given, order, 0)
        )
    _check(linear_solver, result)
    solve = _opaque(solver, names, lambda _: _RESULTS["float64[:]"][0], result)
    bars = ", ".join(f"{name}_bar" for name in names)
    text = f"""
def lagrangian(y_, multipliers_, {given}):
    return objective(y_, {given}) + np.sum(multipliers_ * constraints(y_, {given}))

def conditions(z_, count_, {given}):
    y_, multipliers_ = z_[:count_], z_[count_:]
    return np.concatenate((grad(lagrangian)(y_, multipliers_, {given}), constraints(y_, {given})))

def forward({given}):
    y_ = solve({given})
    slopes_ = jacrev(constraints, 0)(y_, {given})
    multipliers_ = np.linalg.lstsq(slopes_.T, -grad(objective)(y_, {given}))[0]
    z_ = np.concatenate((y_, multipliers_))
    value_ = conditions(z_, y_.size, {given})
    norm_ = np.sqrt(np.sum(value_ * value_))
    if not norm_ <= tolerance * (1.0 + np.sqrt(np.sum(z_ * z_))):
        raise ArgumentError(f"the conditions of a minimum have the norm {{norm_}} at what {{label}} returns, not zero")
    jacobian_ = jacfwd(conditions, 0)(z_, y_.size, {given})
    return y_, (z_, jacobian_, lu_factor(jacobian_), y_.size, {given})

def cotangent(residuals_, y_bar_):
    z_, jacobian_, factors_, count_, {given} = residuals_
    w_ = lu_solve_transposed(jacobian_, factors_, np.concatenate((y_bar_, np.zeros(z_.size - count_))))
    value_, pullback_ = vjp(conditions, z_, count_, {given})
    _, _, {bars} = pullback_(-w_)
    return ({bars},)
"""
    around = {"objective": objective, "constraints": constraints, "tolerance": float(tolerance)}
    return _with_rule(solve, text, {**around, "label": _label(solver)})


def _check(linear_solver: str, result: str | None) -> None:
    if linear_solver != "lu":
        raise ArgumentError(f"linear_solver={linear_solver!r}: it is 'lu'")
    if result is not None and result not in _RESULTS:
        raise ArgumentError(f"result={result!r}: it is one of {', '.join(map(repr, _RESULTS))}")


def _label(f: object) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _names_after_first(f: Callable, what: str) -> list[str]:
    """Return the names of the parameters of a residual or an objective behind y."""
    function = python_function(innermost(f))
    if function is None:
        raise ArgumentError(f"{what} {f!r} is not a Python function")
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) < 2 or any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise ArgumentError(f"{what} {_label(f)} must have named parameters: the solution, and one or more behind it")
    return [p.name for p in parameters[1:]]


def _opaque(solver: Callable, names: list[str], like: Callable, result: str | None) -> object:
    """Return the solver as a jitted function that runs as Python if Numba cannot compile it."""
    given = ", ".join(names)

    def specialise(argument_types: tuple) -> Callable:
        inner = solver if is_jitted(type(solver)) else njit(solver) if inspect.isfunction(solver) else None
        if inner is not None:
            try:
                call_type(inner, argument_types, {})
                return _function_of(f"def solve({given}):\n    return inner({given})\n", solver, inner=inner)["solve"]
            except (NumbaError, DualadError):
                if inner is solver:
                    raise
        ty, ndim = _RESULTS[result] if result is not None else _kind_of(like(argument_types), solver)

        def as_result(y: object) -> object:
            found = np.ascontiguousarray(y, np.float64)
            if np.ndim(y) != ndim:
                what = f"{_label(solver)} returns {np.ndim(y)} dimensions where {ndim} are expected"
                raise ArgumentError(f"{what}: say which by result='float64', 'float64[:]' or 'float64[:, :]'")
            return found if ndim else float(y)

        text = f"""
def in_python({given}):
    with objmode(y_=result):
        y_ = as_result(solver({given}))
    return y_
"""
        made = _function_of(text, solver, result=ty, as_result=as_result, solver=solver, objmode=objmode)
        made["in_python"].__module__ = None  # else Numba looks its names up in the module of that name
        inner = njit(made["in_python"])
        return _function_of(f"def solve({given}):\n    return inner({given})\n", solver, inner=inner)["solve"]

    stub = _function_of(f"def {_identifier(solver)}({given}):\n    raise RuntimeError('a stub was run')\n", solver)
    return specialising_dispatcher(stub[_identifier(solver)], specialise)


def _identifier(f: object) -> str:
    name = _label(f)
    return name if name.isidentifier() else "solution"


def _first_type(f: Callable, argument_types: tuple, candidates: Iterable[str], dimensions: int | None = None) -> object:
    """Return the first type of y for which f(y, *args) has so many dimensions, by default those of y; None if none."""
    for name in candidates:
        ty, ndim = _RESULTS[name]
        try:
            found = build(Derivative(f, "primal", ()), (ty, *argument_types)).result_type
        except DualadError:
            continue
        expected = ndim if dimensions is None else dimensions
        if getattr(found, "ndim", 0) == expected and not isinstance(found, types.BaseTuple):
            return ty
    return None


def _kind_of(ty: object, solver: Callable) -> tuple:
    if ty is None:
        message = f"what {_label(solver)} returns cannot be told "
        raise ArgumentError(f"{message}: say it by result='float64', 'float64[:]' or 'float64[:, :]'")
    return ty, getattr(ty, "ndim", 0)


def _with_rule(solve: object, text: str, around: dict) -> object:
    made = _function_of(text, solve.py_func, solve=solve, **around)
    rule: CustomRule = custom_rule(solve)(made["forward"])
    rule.vjp(made["cotangent"])
    return solve


def _function_of(text: str, like: Callable, **around: object) -> dict:
    """Return the functions of a text, which belong to the module of another function."""
    filename = f"<dualad: implicit functions {next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {
        "__name__": getattr(like, "__module__", None) or "__main__",
        "np": np,
        "ArgumentError": ArgumentError,
        "as_square": as_square,
        "as_vector": as_vector,
        "grad": grad,
        "jacfwd": jacfwd,
        "jacrev": jacrev,
        "lu_factor": lu_factor,
        "lu_solve_transposed": lu_solve_transposed,
        "shaped_like": shaped_like,
        "vjp": vjp,
        **around,
    }
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102
    return namespace


lapack.load()
