"""One gradient by three ways, side by side, and what each of them costs.

`compare(f, *args)` differentiates a scalar function by every floating-point argument:

    reverse      one call of `dualad.value_and_grad`
    forward      one call of `dualad.jacfwd`; one `dualad.jvp` an input number, for the first of many
    differences  two evaluations of the compiled model an input number

and measures each whole gradient as a multiple of one evaluation of the model, compiled by Numba. All are called from
Python, so a function of a few nanoseconds shows mostly the price of the calls.
"""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np

import dualad

from .compiler.lowering.source import signature_of
from .errors import ArgumentError, NotDifferentiableError
from .measuring import duration, median_seconds

ROWS_SHOWN = 12
MOST_DIRECTIONS = 256


@dataclass(frozen=True)
class Comparison:
    """The result of `compare`; `table` makes it readable.

    Attributes
    ----------
    title : str
        Name of the function.
    inputs : tuple of str
        One name an input number: ``x``, ``x[0]``, ``x[1, 2]``.
    value : float
        The function at the arguments.
    reverse : ndarray of float, shape (n,)
        The gradient in reverse mode, by all n input numbers.
    forward, differences : ndarray of float, shape (m,)
        Its first m entries in forward mode and by central differences; m = min(n, 256).
    seconds : dict of str to float
        Median time of one evaluation (``model``) and of one whole gradient (``reverse``, ``forward``,
        ``differences``); the last two are scaled by n / m where m < n.
    first_seconds : dict of str to float
        Time of the first call (``model``, ``reverse``, ``forward``), in which they are compiled, or loaded from disk.
    """

    title: str
    inputs: tuple[str, ...]
    value: float
    reverse: np.ndarray
    forward: np.ndarray
    differences: np.ndarray
    seconds: dict[str, float]
    first_seconds: dict[str, float]

    def disagreement(self, other: np.ndarray) -> float:
        """Return the largest difference from the reverse gradient, relative to its largest entry (if not 0)."""
        checked = self.reverse[: other.size]
        scale = np.abs(checked).max()
        return float(np.abs(other - checked).max() / (scale if scale > 0.0 else 1.0))

    @property
    def largest_disagreement(self) -> float:
        """The larger disagreement of forward mode and of central differences with reverse mode."""
        return float(np.max([self.disagreement(self.forward), self.disagreement(self.differences)]))

    def table(self) -> str:
        """Return the comparison as text: the gradients, the disagreements, the costs."""
        count = len(self.inputs)
        shown = self.inputs[:ROWS_SHOWN]
        width = max(len("input"), *(len(name) for name in shown)) + 2
        lines = [f"{self.title} = {self.value:.10g}", ""]
        lines.append(f"{'input':{width}}{'reverse':>20}{'forward':>20}{'central differences':>22}")
        for name, reverse, forward, difference in zip(shown, self.reverse, self.forward, self.differences):
            lines.append(f"{name:{width}}{reverse:>20.12g}{forward:>20.12g}{difference:>22.12g}")
        if count > ROWS_SHOWN:
            lines.append(f"(the first {ROWS_SHOWN} of {count} inputs)")
        checked = self.forward.size
        scope = f" (over the first {checked} of {count} inputs)" if checked < count else ""
        model = self.seconds["model"]
        forward_cost, difference_cost = self.seconds["forward"] / model, self.seconds["differences"] / model
        label = 24
        lines += [
            "",
            f"{'':{label}}{'largest disagreement':>22}{'cost':>16}{'first call':>14}",
            f"{'reverse':{label}}{'':22}{_multiple(self.seconds['reverse'] / model):>16}{self._first('reverse')}",
            f"{'forward':{label}}{self.disagreement(self.forward):>22.1e}{_multiple(forward_cost):>16}"
            f"{self._first('forward')}",
            f"{'central differences':{label}}{self.disagreement(self.differences):>22.1e}"
            f"{_multiple(difference_cost):>16}",
            "",
            f"largest disagreement: {self.largest_disagreement:.1e} of the largest gradient entry{scope}",
            f"cost: the whole gradient, in evaluations of the compiled model; one takes {duration(model)}",
            "first call: with compiling, or loading what an earlier process has compiled; "
            f"that of the model takes {self.first_seconds['model']:.2g} s",
        ]
        if checked < count:
            lines.append(f"(forward and central differences: measured on {checked} inputs, scaled to {count})")
        return "\n".join(lines)

    def _first(self, what: str) -> str:
        return f"{f'{self.first_seconds[what]:.2g} s':>14}"


def compare(
    f: Callable, *args, argnums: Sequence[int] | None = None, inputs: Sequence[str] | None = None
) -> Comparison:
    """Differentiate `f` at `args` in reverse mode, in forward mode and by central differences, and time each.

    Parameters
    ----------
    f : callable
        Plain Python or ``@njit``, with one number for a result.
    *args : float, int, ndarray
        Where to differentiate. Floats and float arrays are differentiated; the rest is held fixed.
    argnums : sequence of int, optional
        Positions of the arguments to differentiate by, if not all that can be.
    inputs : sequence of str, optional
        Names of the input numbers, in order; made from the parameter names by default.

    Returns
    -------
    Comparison

    Raises
    ------
    NotDifferentiableError
        If there is no floating-point argument, or the result is not one number.
    DualadError
        If the engine refuses the function.
    ArgumentError
        If `inputs` has not one name for each input number.
    """
    argnums = differentiable(args) if argnums is None else tuple(argnums)
    if not argnums:
        raise NotDifferentiableError(
            f"{name_of(f)}: no argument to differentiate by; give a float (2.0 rather than 2) or an array of floats"
        )
    value_and_gradient = dualad.value_and_grad(f, argnums=argnums)
    first = {}
    first["reverse"], (value, gradients) = _timed(lambda: value_and_gradient(*_fresh(args)))
    inputs = input_names(f, args, argnums) if inputs is None else tuple(inputs)
    count = sum(np.size(args[k]) for k in argnums)
    if len(inputs) != count:
        raise ArgumentError(f"{name_of(f)}: {len(inputs)} names for {count} input numbers")

    model = compiled(f)
    used = _fresh(args)
    first["model"], _ = _timed(lambda: model(*used))
    mutates = any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(args, used) if isinstance(a, np.ndarray))
    directions = _directions(args, argnums)
    scale = count / len(directions)

    def at(call: Callable) -> Callable:
        """Make a call without arguments; the arguments are copied first if the model writes into them."""
        return (lambda: call(*_fresh(args))) if mutates else (lambda: call(*args))

    jacobian = dualad.jacfwd(f, argnums=argnums)

    def push_forward():
        given = _fresh(args) if mutates else args
        if scale == 1.0:
            return np.concatenate([np.ravel(block) for block in jacobian(*given)])
        return [dualad.jvp(f, given, tangents)[1] for tangents in directions]

    first["forward"], _ = _timed(push_forward)
    seconds = {
        "model": median_seconds(at(model)),
        "reverse": median_seconds(at(value_and_gradient)),
        "forward": scale * median_seconds(push_forward),
        "differences": scale * median_seconds(lambda: central_differences(model, args, argnums, mutates)),
    }
    return Comparison(
        title=name_of(f),
        inputs=inputs,
        value=float(value),
        reverse=np.concatenate([np.ravel(np.asarray(gradient, dtype=float)) for gradient in gradients]),
        forward=np.array(push_forward(), dtype=float),
        differences=central_differences(model, args, argnums, mutates),
        seconds=seconds,
        first_seconds=first,
    )


def _timed(call: Callable) -> tuple[float, object]:
    """Return the seconds of one call, and its result."""
    start = time.perf_counter()
    out = call()
    return time.perf_counter() - start, out


def differentiable(args: Sequence) -> tuple[int, ...]:
    """Return the positions of the floats and float arrays among `args`."""
    return tuple(k for k, arg in enumerate(args) if np.asarray(arg).dtype.kind == "f" and np.size(arg) > 0)


def name_of(f: Callable) -> str:
    """Return the name of a function or dispatcher, or its type's name if it has none."""
    return getattr(f, "__name__", type(f).__name__)


def input_names(f: Callable, args: Sequence, argnums: Sequence[int]) -> tuple[str, ...]:
    """Name every number that `f` is differentiated by: ``x``, ``x[0]``, ``x[1, 2]``.

    Parameters
    ----------
    f : callable
        The function; its parameters give the names.
    args : sequence
        Its positional arguments.
    argnums : sequence of int
        Which of them are differentiated.

    Returns
    -------
    tuple of str
    """
    names = []
    for parameter in signature_of(f).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{k}]" for k in range(len(args) - len(names))]
        else:
            names.append(parameter.name)
    found = []
    for k in argnums:
        if np.ndim(args[k]) == 0:
            found.append(names[k])
        else:
            found += [f"{names[k]}[{', '.join(map(str, index))}]" for index in np.ndindex(np.shape(args[k]))]
    return tuple(found)


def compiled(f: Callable) -> Callable:
    """Compile `f` by Numba, and with it the plain Python functions that it calls by name.

    Numba alone compiles no call of a function that is not compiled itself. Here each helper, global or enclosed, is
    compiled in its turn; `f` and its module stay as they are. A compiled function is returned as it is.

    Parameters
    ----------
    f : callable

    Returns
    -------
    callable
    """
    return _compiled(f, {})


def _compiled(f: Callable, done: dict[types.FunctionType, Callable]) -> Callable:
    if not isinstance(f, types.FunctionType):
        return f
    if f in done:
        return done[f]
    copied_globals = dict(f.__globals__)
    cells = tuple(types.CellType() for _ in f.__closure__ or ())
    copy = types.FunctionType(f.__code__, copied_globals, f.__name__, f.__defaults__, cells or None)
    copy.__kwdefaults__ = f.__kwdefaults__
    copy.__module__ = f.__module__
    copy.__qualname__ = f.__qualname__
    done[f] = numba.njit(copy, error_model="numpy")
    for name in _names_used(f.__code__):
        if name in copied_globals:
            copied_globals[name] = _compiled(copied_globals[name], done)
    for cell, original in zip(cells, f.__closure__ or ()):
        cell.cell_contents = _compiled(original.cell_contents, done)
    return done[f]


def _names_used(code: types.CodeType) -> set[str]:
    """Return the global names in `code` and in the functions defined inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_used(constant)
    return names


def central_differences(model: Callable, args: Sequence, argnums: Sequence[int], mutates: bool = True) -> np.ndarray:
    """Return the gradient by central differences, by the first 256 input numbers at most.

    Parameters
    ----------
    model : callable
        The function, with one number for a result.
    args : sequence
        Its arguments.
    argnums : sequence of int
        Which of them are differentiated.
    mutates : bool
        Whether the model writes into its arguments, so that each evaluation needs copies.

    Returns
    -------
    ndarray of float, shape (m,)

    Notes
    -----
    The step is cbrt(eps) max(1, abs(x)): it balances the truncation error, of order step**2, with the rounding error,
    of order eps / step.
    """
    found = []
    for k in argnums:
        epsilon = float(np.finfo(np.asarray(args[k]).dtype).eps)
        for index in list(np.ndindex(np.shape(args[k])))[: MOST_DIRECTIONS - len(found)]:
            ends = []
            for sign in (1.0, -1.0):
                moved = list(_fresh(args) if mutates else args)
                if index == ():
                    moved[k] = type(args[k])(args[k] + sign * _step(args[k], epsilon))
                    point = float(moved[k])
                else:
                    moved[k] = args[k].copy(order="K")
                    moved[k][index] += sign * _step(args[k][index], epsilon)
                    point = float(moved[k][index])
                ends.append((float(model(*moved)), point))
            (value_up, up), (value_down, down) = ends
            found.append((value_up - value_down) / (up - down))
    return np.array(found)


def _step(x: float, epsilon: float) -> float:
    return epsilon ** (1.0 / 3.0) * max(1.0, abs(float(x)))


def _fresh(args: Sequence) -> tuple:
    """Return the arguments with every array copied."""
    return tuple(arg.copy(order="K") if isinstance(arg, np.ndarray) else arg for arg in args)


def _zero_tangent(arg):
    return np.zeros_like(arg) if isinstance(arg, np.ndarray) else type(arg)(0)


def _directions(args: Sequence, argnums: Sequence[int]) -> list[tuple]:
    """Return the tangents of the coordinate directions, the first 256 at most."""
    found = []
    for k in argnums:
        for index in list(np.ndindex(np.shape(args[k])))[: MOST_DIRECTIONS - len(found)]:
            tangents = [_zero_tangent(arg) for arg in args]
            if index == ():
                tangents[k] = type(args[k])(1)
            else:
                tangents[k][index] = 1.0
            found.append(tuple(tangents))
    return found


def _multiple(ratio: float) -> str:
    return f"{ratio:.1f} x" if ratio < 100.0 else f"{ratio:.0f} x"
