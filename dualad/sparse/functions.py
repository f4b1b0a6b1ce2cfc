"""Sparse Jacobians and Hessians, as the user calls them."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable

import numpy as np
import scipy.sparse

from ..compiler.analysis.verify import is_verifying
from ..compiler.lowering.source import innermost, read, signature_of, star_of
from ..compiler.runtime.index_sets import MOST_NODES, MOST_PAIRS, NODES, PAIRS, DensePattern, room_for
from ..derivative_function import DerivativeFunction, derivative_of
from ..errors import ArgumentError, DualadError, NotDifferentiableError, UnsupportedError
from ..inputs import Parameter
from ..signatures import name_of, parameter_names, positions
from ..structures import is_real, leaves, ravel
from .calls import call_key
from .expansion import as_pattern, hessian_pattern, jacobian_pattern
from .plan import Plan, plan_of_hessian, plan_of_jacobian

__all__ = ["sparse_hessian", "sparse_jacobian"]

_MOST_PLANS = 64
_SEED = 20050207
_TOLERANCE = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 1e-3}
"""How far, relative to its terms, a product with the sparse matrix may be from that with the derivative."""


def sparse_jacobian(f: Callable, argnums: int = 0, sparsity: object = None) -> SparseDerivative:
    """Return the Jacobian of a function as a sparse matrix.

    Which elements are not zero is found out first: the function is run with sets of inputs in the place of its floats.
    That holds at every point for the same sizes and integers, since both sides of a branch on floats count. Columns
    that share no row are then found together, 16 groups of them in one sweep of forward mode; long rows, or all where
    these need far fewer products, by reverse mode (A. Gebremedhin, F. Manne and A. Pothen, "What color is your
    Jacobian?", SIAM Review 47, 2005).

    Parameters
    ----------
    f : callable
        Its result is an array of floats, or a structure with such.
    argnums : int
        Which argument to differentiate by: an array of floats, or a structure of floats and such arrays.
    sparsity : sparse matrix or array of shape (m, n), optional
        Where the Jacobian may have other elements than zero; then nothing is found out.

    Returns
    -------
    SparseDerivative
        Takes the arguments of `f`; returns a csr_array of shape (m, n): the elements of the result by those of the
        argument, as `ravel` orders them. ``pattern(*args)`` gives the pattern, ``colors`` the number of products.

    Raises
    ------
    ArgumentError
        If `argnums` is no single argument; when called: the sparsity has another shape, or lacks an element, which a
        product with a random vector shows. That is checked at the first call with arguments of some sizes, at each
        one with DUALAD_VERIFY=1 in the environment.
    NotDifferentiableError, UnsupportedError
        As `jacfwd` does; and where argument and result are single numbers.

    Warns
    -----
    UserWarning
        If the pattern cannot be found out: an array has a size that depends on values, say. It is taken as dense.
    """
    return SparseDerivative(f, "jacobian", argnums, sparsity)


def sparse_hessian(f: Callable, argnums: int = 0, sparsity: object = None) -> SparseDerivative:
    """Return the Hessian of a scalar function as a sparse matrix.

    As `sparse_jacobian` does, with the pairs of inputs that meet in anything that is not linear, a star colouring, and
    one Hessian-vector product for each colour.

    Parameters
    ----------
    f : callable
        Its result is one real number.
    argnums : int
        Which argument to differentiate by: an array of floats, or a structure of floats and such arrays.
    sparsity : sparse matrix or array of shape (n, n), optional
        Where the Hessian may have other elements than zero; either of two symmetric ones is enough.

    Returns
    -------
    SparseDerivative
        Takes the arguments of `f`; returns a csr_array of shape (n, n).
    """
    return SparseDerivative(f, "hessian", argnums, sparsity)


class SparseDerivative:
    """A sparse Jacobian or Hessian, called with the arguments of the function; see `sparse_jacobian`."""

    def __init__(self, f: Callable, kind: str, argnums: int, sparsity: object = None):
        try:
            operator.index(argnums)
        except TypeError:
            what = f"sparse_{kind} takes one argument as argnums, not {argnums!r}"
            raise ArgumentError(f"{what}: pass several arrays as one argument, a tuple or a dict") from None
        (self._x,) = positions(f, argnums)
        if star_of(f) is not None:
            what = f"sparse_{kind} of {name_of(f)}, which takes any number of arguments"
            raise ArgumentError(f"{what}, is not supported: name its arguments")
        self._f, self._kind, self._argnums, self._sparsity = f, kind, argnums, sparsity
        self._given = None if sparsity is None else _as_given(sparsity, kind, f)
        self._signature = signature_of(read(innermost(f)).function)
        self._plans: dict[object, Plan] = {}
        self._last: Plan | None = None
        of = (self._x,)
        inner = _whose_gradient(f, of)
        self._is_symmetric = kind == "hessian" or inner is not None
        what = "hessian_pattern" if self._is_symmetric else "jacobian_pattern"
        self._pattern = derivative_of(f if inner is None else inner, what, of, extra=("sets_",))
        self._primal = derivative_of(f, "primal", ())
        if kind == "hessian":
            self._product = derivative_of(f, "hvp", of, extra=(f"{parameter_names(f)[self._x]}_dot_",))
        else:
            self._products = derivative_of(f, "coloured", of, extra=("colours_", "weights_", "count_"))
            self._pullback = derivative_of(f, "vjp", of, extra=("out_bar_",))
        self.__name__ = self.__qualname__ = f"{name_of(f)}_sparse_{kind}"

    def __call__(self, *args: object, **kwargs: object) -> scipy.sparse.csr_array:
        """Return the matrix at a point."""
        full = self._bound(args, kwargs)
        plan = self._planned(full)
        found = plan.matrix(self._all_products(full, plan))
        if not plan.is_checked or is_verifying():
            self._check(full, plan, found)
            plan.is_checked = True
        return found

    def pattern(self, *args: object, **kwargs: object) -> scipy.sparse.csr_array:
        """Return where the matrix may have other elements than zero, for arguments like these, as booleans."""
        return self._planned(self._bound(args, kwargs)).pattern.copy()

    @property
    def colors(self) -> int:
        """How many products the matrix takes, for the arguments of the last call."""
        if self._last is None:
            raise ArgumentError(f"the colours of {self!r} depend on its arguments: call it first, or its pattern")
        return self._last.count

    def __repr__(self) -> str:
        return f"<dualad sparse_{self._kind} of {name_of(self._f)} by {self._argnums}>"

    def __reduce__(self) -> tuple:
        return SparseDerivative, (self._f, self._kind, self._argnums, self._sparsity)

    # ---------------------------------------------------------------- arguments

    def _bound(self, args: tuple, kwargs: dict) -> tuple:
        try:
            found = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{name_of(self._f)}: {error}") from None
        found.apply_defaults()
        full = tuple(found.arguments.values())
        x = full[self._x]
        if is_real(x) and not isinstance(x, np.ndarray):
            parameter = Parameter(self._x, parameter_names(self._f)[self._x], name_of(self._f))
            raise NotDifferentiableError(f"{parameter} is one number, not an array: use grad, jvp or hessian")
        return full

    def _planned(self, full: tuple) -> Plan:
        key = call_key(full)
        plan = self._plans.get(key) if key is not None else None
        if plan is None:
            pattern = self._found(full) if self._given is None else self._fitting(full)
            plan = plan_of_jacobian(pattern) if self._kind == "jacobian" else plan_of_hessian(pattern)
            plan.dtype = _flat(full[self._x]).dtype
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            if key is not None:
                self._plans[key] = plan
        self._last = plan
        return plan

    # ---------------------------------------------------------------- the pattern

    def _found(self, full: tuple) -> scipy.sparse.csr_array:
        """Return the pattern, by running the function with sets."""
        sets = room_for(2**14, 2**12 if self._is_symmetric else 0)
        while True:
            try:
                outputs = self._pattern(*full, sets)
            except Exception as error:
                if not isinstance(error, DensePattern):
                    self._product_with_ones(full)  # which raises as well, if the function itself is the reason
                    error = f"the sparsity pattern is taken as dense, since what finds it fails: {error!r}"
                warnings.warn(str(error), stacklevel=4)
                return as_pattern(np.ones(self._shape(full), bool))
            if sets[NODES] <= sets[MOST_NODES] and sets[PAIRS] <= sets[MOST_PAIRS]:
                break
            sets = room_for(int(sets[NODES]), int(sets[PAIRS]))
        return hessian_pattern(sets) if self._is_symmetric else jacobian_pattern(sets, np.concatenate(outputs))

    def _shape(self, full: tuple) -> tuple[int, int]:
        n = _size(full[self._x])
        out = self._primal(*full)
        return n if self._kind == "hessian" else _size(out), n

    def _fitting(self, full: tuple) -> scipy.sparse.csr_array:
        """Return the sparsity that the user gave."""
        shape = self._shape(full)
        if self._given.shape != shape:
            what = f"the sparsity given to sparse_{self._kind} of {name_of(self._f)} has shape {self._given.shape}"
            raise ArgumentError(f"{what}, but the matrix has shape {shape}")
        return self._given

    # ---------------------------------------------------------------- products

    def _all_products(self, full: tuple, plan: Plan) -> np.ndarray:
        """Return all products as one vector."""
        rows = [self._one_product(full, seed) for seed in plan.row_seeds]
        if plan.column_count > 0 or not rows and self._kind == "jacobian":
            products = self._products(*full, plan.columns, plan.ones, plan.column_count)
            if len(products) != plan.pattern.shape[0]:
                what = f"the result of {name_of(self._f)} has {len(products)} elements here, and"
                what = f"{what} {plan.pattern.shape[0]} elsewhere: a sparse Jacobian takes results of one size"
                raise UnsupportedError(what)
            rows.insert(0, products.reshape(-1))
        return rows[0] if len(rows) == 1 else np.concatenate(rows) if rows else np.empty(0)

    def _product_with_ones(self, full: tuple) -> np.ndarray:
        ones = np.ones(_size(full[self._x]))
        if self._kind == "hessian":
            return self._one_product(full, ones)
        return self._products(*full, np.zeros(ones.size, np.int64), ones, 1)

    def _one_product(self, full: tuple, seed: np.ndarray) -> np.ndarray:
        """Return the product of a vector with the Hessian, or with the Jacobian from the left."""
        if self._kind == "hessian":
            found = self._product(*full, _shaped(seed, full[self._x]))
            found = found[self._x] if len(full) > 1 else found
        else:
            found = self._pullback(*full, _shaped(seed, self._primal(*full)))[0]
        return _flat(found)

    def _check(self, full: tuple, plan: Plan, found: scipy.sparse.csr_array) -> None:
        """See that the matrix does to a random vector what the derivative does.

        An element that the pattern lacks is missing there, or stands in the place of another one.
        """
        rng = np.random.default_rng(_SEED)
        in_columns = self._kind == "jacobian" and plan.column_count == 0
        if in_columns:
            found = found.T.tocsr()
        v = rng.uniform(0.5, 1.5, found.shape[1])
        if self._kind == "jacobian" and not in_columns:
            expected = self._products(*full, np.zeros(len(v), np.int64), v, 1)[:, 0]
        else:
            expected = self._one_product(full, v)
        with np.errstate(all="ignore"):
            scale = abs(found) @ v
            tolerance = max(map(_tolerance, full))
            wrong = abs(found @ v - expected) > tolerance * (scale + abs(expected))
        wrong = np.flatnonzero(wrong & np.isfinite(scale) & np.isfinite(expected))
        if len(wrong) == 0:
            return
        where = f"{'column' if in_columns else 'row'} {wrong[0]}"
        if self._given is None:
            raise DualadError(f"internal: the sparsity pattern of {name_of(self._f)} lacks an element in {where}")
        what = f"the sparsity given to sparse_{self._kind} of {name_of(self._f)} lacks an element"
        raise ArgumentError(f"{what} that is not zero: look at {where}, or leave it out")


def _whose_gradient(f: object, argnums: tuple[int, ...]) -> object:
    """Return the function that `f` is the gradient of by some arguments, or None: the Jacobian is its Hessian."""
    if not isinstance(f, DerivativeFunction) or f.what.kind != "grad":
        return None
    is_one = f.what.argnums == argnums and f.what.single and not f.what.has_aux
    return f.given if is_one else None


def _size(x: object) -> int:
    return sum(np.size(leaf) for leaf in leaves(x) if is_real(leaf))


def _shaped(vector: np.ndarray, like: object) -> object:
    """Return a vector as a tangent or cotangent of something."""
    if isinstance(like, np.ndarray):
        return vector.reshape(like.shape).astype(like.dtype, copy=False)
    return ravel(like)[1](vector)


def _flat(x: object) -> np.ndarray:
    return x.reshape(-1) if isinstance(x, np.ndarray) else ravel(x)[0]


def _tolerance(x: object) -> float:
    """Return the tolerance for the dtypes in an argument."""
    dtypes = {np.asarray(leaf).dtype for leaf in leaves(x) if is_real(leaf)}
    return max((_TOLERANCE.get(d, 0.0) for d in dtypes), default=0.0)


def _as_given(sparsity: object, kind: str, f: Callable) -> scipy.sparse.csr_array:
    """Return the sparsity that the user gives as a pattern."""
    if not scipy.sparse.issparse(sparsity):
        sparsity = np.asarray(sparsity)
        if sparsity.ndim != 2 or sparsity.dtype.kind not in "biuf":
            what = f"the sparsity given to sparse_{kind} of {name_of(f)} is no matrix"
            raise ArgumentError(f"{what}: pass a sparse matrix or a boolean array of two dimensions")
    pattern = as_pattern(sparsity)
    if kind == "hessian" and pattern.shape[0] == pattern.shape[1]:
        pattern = as_pattern(pattern.astype(np.int8) + pattern.T.astype(np.int8))
    return pattern
