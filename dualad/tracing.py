"""`trace(f, *args)`: what a function computes, line by line, with the tangent and the adjoint of every line.

For f(x, y) = x*y + sin(x) at (2, 3), along x:

    line  name  operation  of      value     tangent   adjoint
    0     x     input              2         1         2.58385
    1     y     input              3         0         2
    2     v2    multiply   x * y   6         3         1
    3     v3    sin        sin(x)  0.909297  -0.416147 1
    4     f     add        v2 + v3 6.9093    2.58385   1

The tangent of a line is its derivative along the direction of the inputs, the adjoint is the derivative of the result
by it. The function is run, by `for_any_number`, on a Tape; names are those of the variables in its frame.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import graph
from .any_number import copied, for_any_number, lifted_args
from .compiler.lowering.source import signature_of
from .errors import ArgumentError, NotDifferentiableError

__all__ = ["Trace", "trace"]

WORDS = {
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "power",
    "mod": "remainder",
    "neg": "negate",
    "abs": "absolute value",
    "float64": "float",
}
INFIX = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "mod": "%"}
PREFIX = {"neg": "-", "pos": "+"}
COLUMNS = ("line", "name", "operation", "of", "value", "tangent", "adjoint")
ALIGNED = ("right", "left", "left", "left", "right", "right", "right")
LARGEST_NAMED = 64
"""Elements of arrays, tuples and lists up to this size get the name of the variable with their index."""


@dataclass(frozen=True, eq=False)
class Trace:
    """The evaluation trace of a function at a point. `print` shows it as a table, a notebook as HTML.

    Attributes
    ----------
    function : str
        The name of the function.
    names : list of str
        The name of each line: of the variable that held it, or v and its number.
    rules : list of str
        The rule of each line; "input" for an input.
    operands : int array, shape (n, 2)
        The lines it was computed from; -1 for a constant, -2 for none.
    constants : float array, shape (n, 2)
        The constant operands; NaN where there is none.
    value, tangent, adjoint : float array, shape (n,)
    partials : float array, shape (n, 2)
        By each operand; 0 where that is no line.
    output : int
        The line of the result; -1 if it depends on no input.
    result : float
    """

    function: str
    names: list[str]
    rules: list[str]
    operands: np.ndarray
    constants: np.ndarray
    value: np.ndarray
    tangent: np.ndarray
    adjoint: np.ndarray
    partials: np.ndarray
    output: int
    result: float

    def __len__(self) -> int:
        return len(self.names)

    def operand(self, line: int, side: int) -> str | None:
        """Return an operand of a line as it is printed: a name or a number; None if there is none."""
        source = self.operands[line, side]
        if source >= 0:
            return self.names[source]
        return f"{self.constants[line, side]:.6g}" if source == -1 else None

    def expression(self, line: int) -> str:
        """Return what a line computes, as it would be written: `x * y`, `sin(x)`; empty for an input."""
        rule, first, second = self.rules[line], self.operand(line, 0), self.operand(line, 1)
        if rule == "input":
            return ""
        if rule in INFIX:
            return f"{first} {INFIX[rule]} {second}"
        if rule in PREFIX:
            return f"{PREFIX[rule]}{first}"
        return f"{WORDS.get(rule, rule)}({first})" if second is None else f"{WORDS.get(rule, rule)}({first}, {second})"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table as text, a tuple a line, with the columns of `COLUMNS`."""
        return [
            (
                str(k),
                self.names[k],
                WORDS.get(self.rules[k], self.rules[k]),
                self.expression(k),
                *(f"{column[k]:.6g}" for column in (self.value, self.tangent, self.adjoint)),
            )
            for k in range(len(self))
        ]

    def text(self) -> str:
        """Return the table in plain text."""
        rows = [COLUMNS, *self.rows()]
        widths = [max(len(row[c]) for row in rows) for c in range(len(COLUMNS))]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def markdown(self) -> str:
        """Return the table in Markdown."""
        head = [" | ".join(COLUMNS), " | ".join(["---"] * 4 + ["---:"] * 3)]
        body = [" | ".join(cell.replace("*", r"\*").replace("|", r"\|") for cell in row) for row in self.rows()]
        return "\n".join(f"| {line} |" for line in head + body)

    def to_html(self) -> str:
        """Return the table in HTML."""

        def line(cells: tuple[str, ...], tag: str) -> str:
            aligned = zip(cells, ALIGNED, strict=True)
            shown = [f'<{tag} style="text-align:{side}">{html.escape(cell)}</{tag}>' for cell, side in aligned]
            return f"<tr>{''.join(shown)}</tr>"

        body = "".join(line(row, "td") for row in self.rows())
        return f"<table><thead>{line(COLUMNS, 'th')}</thead><tbody>{body}</tbody></table>"

    def to_dict(self) -> dict[str, object]:
        """Return the trace as a plain dict: lists of names and rules, and arrays."""
        return {
            "name": list(self.names),
            "operation": list(self.rules),
            "operands": self.operands.copy(),
            "constants": self.constants.copy(),
            "value": self.value.copy(),
            "tangent": self.tangent.copy(),
            "adjoint": self.adjoint.copy(),
            "partials": self.partials.copy(),
        }

    def edges(self) -> list[tuple[int, int, float, float]]:
        """Return (from line, to line, partial, adjoint along the edge) for every use of a line.

        The adjoint along an edge is what the line `to` hands back to the line `from`: its own adjoint times the
        partial. The adjoint of a line is the sum over the edges that leave it.
        """
        found = []
        for k in range(len(self)):
            for side in range(2):
                if self.operands[k, side] >= 0:
                    partial = float(self.partials[k, side])
                    back = partial * float(self.adjoint[k]) if self.adjoint[k] != 0.0 else 0.0
                    found.append((int(self.operands[k, side]), k, partial, back))
        return found

    def graphviz(self) -> str:
        """Return the graph as Graphviz source: values on the nodes, adjoints on the edges."""
        return graph.graphviz(self)

    def svg(self) -> str:
        """Return a drawing of the graph as SVG: values on the nodes, adjoints on the edges."""
        return graph.svg(self)

    __str__ = text
    _repr_html_ = to_html

    def __repr__(self) -> str:
        return f"<Trace of {self.function}: {len(self)} lines, value {self.result:.6g}>"


def trace(f: Callable, *args: object, direction: tuple | None = None, merge: bool = True) -> Trace:
    """Return the evaluation trace of a function with one real result.

    Parameters
    ----------
    f : callable
        Any Python or jitted function; it is run, once, in plain Python.
    *args : object
        Floats, float arrays and tuples of these are inputs of the trace; anything else is held fixed.
    direction : tuple, optional
        One entry an argument, in its form: the direction of the tangents. Default: the first input.
    merge : bool
        Whether an operation that is done twice to the same operands is one line, as one would write it on paper.

    Raises
    ------
    NotDifferentiableError
        If no argument is a float, or the result is not one real number.
    """
    from .tape import Tape, Var

    tape = Tape()
    names: dict[int, str] = {}
    lines: list = []
    inputs = tuple(k for k, x in enumerate(args) if any(True for _ in _floats(x)))
    if not inputs:
        raise NotDifferentiableError("no argument is a float, a float array or a tuple with such")
    lifted = lifted_args(args, inputs, tape.var)
    for k, parameter in zip(inputs, _parameter_names(f, len(args), inputs), strict=True):
        _name_numbers(parameter, lifted[k], Var, names)
    result = _run_with_names(for_any_number(f), copied(lifted), lambda name, v: _name_numbers(name, v, Var, names))
    if isinstance(result, np.ndarray) and result.shape == ():
        result = result.item()
    if not isinstance(result, Var | float | int | np.number):
        raise NotDifferentiableError(f"a trace is of a function with one real result, not {type(result).__name__}")

    entries = tape.entries[: tape.length].copy()
    place = _merged(entries) if merge else np.arange(len(entries))
    kept = np.flatnonzero(np.r_[True, np.diff(np.maximum.accumulate(place)) > 0]) if len(place) else place
    entries = entries[kept]
    for side in ("first", "second"):
        uses = entries[side] >= 0
        entries[side][uses] = place[entries[side][uses]]
    output = int(place[result.index]) if isinstance(result, Var) else -1
    for index in sorted(names):
        while len(lines) <= place[index]:
            lines.append(None)
        lines[place[index]] = lines[place[index]] or names[index]
    lines += [None] * (len(entries) - len(lines))
    function = getattr(f, "__name__", repr(f))
    if output >= 0 and lines[output] is None and function.isidentifier():
        lines[output] = function
    seeds = _direction(args, inputs, direction)
    value = float(result.value if isinstance(result, Var) else result)
    return _finished(function, _distinct(lines), entries, output, value, seeds)


def _finished(
    function: str, names: list[str], entries: np.ndarray, output: int, result: float, seeds: np.ndarray
) -> Trace:
    """Sweep over the entries in both directions and return the Trace."""
    from .tape import forward_sweep, operation_name, reverse_sweep

    x_dot, x_bar = np.zeros(len(entries)), np.zeros(len(entries))
    x_dot[: len(seeds)] = seeds
    forward_sweep(entries, x_dot)
    if output >= 0:
        x_bar[output] = 1.0
        reverse_sweep(entries, x_bar)
    operands = np.stack([entries["first"], entries["second"]], axis=1).astype(np.int64)
    numbers = np.stack([entries["first_partial"], entries["second_partial"]], axis=1)
    return Trace(
        function,
        names,
        [operation_name(code) for code in entries["operation"]],
        operands,
        np.where(operands == -1, numbers, np.nan),
        entries["value"].copy(),
        x_dot,
        x_bar,
        np.where(operands >= 0, numbers, 0.0),
        output,
        result,
    )


def _floats(x: object) -> list[float]:
    """Return the floats in an argument, in the order in which they become inputs."""
    if isinstance(x, tuple):
        return [v for item in x for v in _floats(item)]
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return x.astype(float).ravel().tolist()
    return [float(x)] if isinstance(x, float | np.floating) else []


def _direction(args: tuple, inputs: tuple[int, ...], direction: tuple | None) -> np.ndarray:
    """Return the tangents of the inputs."""
    if direction is None:
        return np.ones(1)
    if not isinstance(direction, tuple | list) or len(direction) != len(args):
        raise ArgumentError(f"direction must be a tuple with one entry for each of the {len(args)} arguments")
    seeds = []
    for k in inputs:
        given = _numbers(direction[k])
        if len(given) != len(_floats(args[k])):
            raise ArgumentError(f"the direction of argument {k} has {len(given)} numbers, not {len(_floats(args[k]))}")
        seeds += given
    return np.array(seeds)


def _numbers(x: object) -> list[float]:
    return [v for item in x for v in _numbers(item)] if isinstance(x, tuple) else np.ravel(x).astype(float).tolist()


def _parameter_names(f: Callable, count: int, inputs: tuple[int, ...]) -> list[str]:
    try:
        parameters = list(signature_of(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named: list[str] = []
    for k in range(count):
        star = next((n for n, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL), len(parameters))
        if k < star:
            named.append(parameters[k].name)
        else:
            named.append(f"{parameters[star].name}[{k - star}]" if star < len(parameters) else f"x{k}")
    return [named[k] for k in inputs]


def _name_numbers(name: str, x: object, number: type, names: dict[int, str]) -> None:
    """Name a Var, or the Vars in an array, tuple or list, unless they have a name already."""
    if isinstance(x, number):
        names.setdefault(x.index, name)
    elif isinstance(x, np.ndarray) and x.dtype == object and x.size <= LARGEST_NAMED:
        for where in np.ndindex(x.shape):
            _name_numbers(f"{name}[{', '.join(map(str, where))}]", x[where], number, names)
    elif isinstance(x, tuple | list) and len(x) <= LARGEST_NAMED:
        for k, item in enumerate(x):
            _name_numbers(f"{name}[{k}]", item, number, names)


def _run_with_names(run: Callable, args: tuple, note: Callable) -> object:
    """Return run(*args), and call `note(name, value)` for the variables in its frame after every line."""
    code = getattr(run, "__code__", None)

    def on_call(frame, event, argument):
        return on_line if frame.f_code is code else None

    def on_line(frame, event, argument):
        for name, value in frame.f_locals.items():
            note(name, value)
        return on_line

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        return run(*args)
    finally:
        sys.settrace(before)


def _merged(entries: np.ndarray) -> np.ndarray:
    """Return the place of each entry when an operation done again to the same operands shares the line of the first."""
    place = np.empty(len(entries), dtype=np.int64)
    seen: dict[tuple, int] = {}
    count = 0
    for k, e in enumerate(entries.tolist()):
        code, first, second, _, first_number, second_number = e
        key = (
            code,
            place[first] if first >= 0 else (first, first_number if first == -1 else 0.0),
            place[second] if second >= 0 else (second, second_number if second == -1 else 0.0),
        )
        if code != 0 and key in seen:
            place[k] = seen[key]
            continue
        place[k] = seen[key] = count
        count += 1
    return place


def _distinct(names: list[str | None]) -> list[str]:
    """Return a name for every line: the variable's, with a number from its second value on; or v and the line."""
    used: dict[str, int] = {}
    distinct = []
    for k, name in enumerate(names):
        name = name or f"v{k}"
        used[name] = used.get(name, 0) + 1
        distinct.append(name if used[name] == 1 else f"{name}.{used[name]}")
    return distinct
