"""`explain(f, *args)`: the function's own lines, with what reverse mode does on behalf of each and what that costs.

    gradient of heat: 3.1 times the function; 160 kB of tape
      share  stored   line
                      12  def heat(u, c, steps):
         1%           13      u, v = u.copy(), u.copy()           active
                      14      for _ in range(steps):
        12%           15          for i in range(1, u.size - 1):
        55%  80 kB    16              v[i] = u[i] + c[i] * u[i]   active, computed again

The derivative is run three times at the arguments: to count, to time what is run rarely, and as it is.
"""

from __future__ import annotations

import ast
import html
import linecache
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit, typeof

from .compiler.build import Derivative, instrumented
from .compiler.lowering.source import innermost, read
from .compiler.lowering.values import ReverseMode
from .compiler.runtime.clock import seconds_now, seconds_to_look
from .compiler.runtime.schedules import bytes_in
from .derivative_function import MOST_LEVELS, DerivativeFunction, derivative_of
from .errors import ArgumentError, NotDifferentiableError, UnsupportedError
from .measuring import bytes_text, duration, median_seconds
from .signatures import name_of
from .transforms import at_arguments

__all__ = ["Explanation", "explain"]

_LOOKING = 0.2
"""The share of its own time that a derivative may look at the clock for, where its statements are timed one by one."""
_NUMBER = "text-align:right;white-space:nowrap;padding:1px 8px"
_NOTES = "text-align:left;min-width:12em;padding:1px 8px"
_PLACE = re.compile(r"\((.*), line (\d+)\)")
_COPIES = re.compile(r"np\.copy\(|\.copy\(\)")


@dataclass(eq=False)
class LineOfSource:
    """A line of the user's, with what it costs.

    Attributes
    ----------
    number : int
    text : str
    forward, reverse : float
        The seconds of the two sweeps that are spent on its behalf.
    stored : int
        The bytes that it puts on the tape.
    notes : list of str
        "active": its values carry derivatives; "computed again" in the reverse sweep; "copied": an array, by dualad,
        since it is overwritten and needed; "refused: ..." with the reason.
    """

    number: int
    text: str
    forward: float = 0.0
    reverse: float = 0.0
    stored: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Explanation:
    """The result of `explain`: `print` shows it as a table, a notebook as HTML.

    Attributes
    ----------
    function : str
        The name of the function.
    functions : dict of str to list of LineOfSource
        The lines of the function, and of those that it calls, by "name (file)".
    seconds : dict of str to float
        Of one evaluation ("function"), and of the two sweeps together ("gradient"); empty if it is refused.
    stored : int
        The bytes of the tape, and of the arrays that are kept for the reverse sweep; with `memory`, of all that the
        forward sweep puts there, which is not there at the same time.
    memory : int or None
        The bytes that the tape may take.
    has_threads : bool
        Whether loops run on several threads. `seconds` are measured so; those of the lines, on one thread.
    """

    function: str
    functions: dict[str, list[LineOfSource]]
    seconds: dict[str, float]
    stored: int
    memory: int | None = None
    has_threads: bool = False

    @property
    def lines(self) -> list[LineOfSource]:
        """All lines, of all functions."""
        return [line for lines in self.functions.values() for line in lines]

    def table(self, by_cost: bool = False) -> str:
        """Return the table as text; lines in their order, or with `by_cost` the most expensive ones first."""
        out = [self.title()]
        for name, lines in self.functions.items():
            if len(self.functions) > 1 and not by_cost:
                out += ["", name]
            out += [] if by_cost else [self._row(line) for line in lines]
        if by_cost:
            costly = [x for x in self.lines if x.forward + x.reverse > 0.0]
            costly.sort(key=lambda x: -x.forward - x.reverse)
            out += [self._row(line) for line in costly]
        return "\n".join(out)

    def title(self) -> str:
        """Return the first line: what the whole gradient costs."""
        head = "forward reverse   stored  line"
        if not self.seconds:
            return f"the gradient of {self.function} is refused\n{head}"
        ratio = self.seconds["gradient"] / max(self.seconds["function"], 1e-9)
        spent = f"{duration(self.seconds['gradient'])}, {ratio:.1f} times the function"
        stored = f"stored: {bytes_text(self.stored) or 'nothing'}"
        if self.memory is not None:
            stored += f", at most {bytes_text(self.memory)} at a time"
        threads = "; its lines on one thread" if self.has_threads else ""
        return f"gradient of {self.function}: {spent}; {stored}{threads}\n{head}"

    def shares(self, line: LineOfSource) -> tuple[str, str]:
        """Return the shares of the time that the two sweeps spend on behalf of a line, as text."""
        total = sum(x.forward + x.reverse for x in self.lines)
        return tuple(_percent(s / total if total else 0.0) for s in (line.forward, line.reverse))

    def _row(self, line: LineOfSource) -> str:
        forward, reverse = self.shares(line)
        notes = f"    # {', '.join(line.notes)}" if line.notes else ""
        return f"{forward:>7} {reverse:>7} {bytes_text(line.stored):>8}  {line.number:>4}  {line.text}{notes}"

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return f"<explanation of the gradient of {self.function}: print it>"

    def _repr_html_(self) -> str:
        title, _ = self.title().splitlines()
        rows = []
        total = max((x.forward + x.reverse for x in self.lines), default=0.0)
        for name, lines in self.functions.items():
            if len(self.functions) > 1:
                rows.append(f'<tr><td colspan="5" style="text-align:left"><i>{html.escape(name)}</i></td></tr>')
            for line in lines:
                heat = 0.6 * (line.forward + line.reverse) / total if total else 0.0
                shown = (*self.shares(line), bytes_text(line.stored))
                cells = "".join(f'<td style="{_NUMBER}">{x}</td>' for x in shown)
                notes = html.escape(", ".join(line.notes))
                code = f'<pre style="margin:0;font-size:inherit">{html.escape(f"{line.number:>4}  {line.text}")}</pre>'
                style = f"text-align:left;padding:1px 8px;background:rgba(220,80,40,{heat:.2f})"
                rows.append(f'<tr>{cells}<td style="{_NOTES}">{notes}</td><td style="{style}">{code}</td></tr>')
        heads = "".join(f'<th style="{_NUMBER}">{h}</th>' for h in ("forward", "reverse", "stored"))
        heads += "".join(f'<th style="{_NOTES}">{h}</th>' for h in ("notes", "line"))
        table = f'<table style="font-size:0.85em;border-collapse:collapse"><tr>{heads}</tr>{"".join(rows)}</table>'
        return f'<div style="overflow-x:auto"><b>{html.escape(title)}</b>{table}</div>'


def explain(f: Callable, *args: object, argnums: object = None, memory: int | str | None = None) -> Explanation:
    """Return the function's own source with what its gradient costs, line by line.

    Parameters
    ----------
    f : callable
        Its result is a real number, a float array, or a structure of such (then the pullback is explained). Of what
        `grad` or `value_and_grad` returns, that gradient is explained, with its `argnums` and its `memory`.
    *args : object
        The arguments: what is counted and timed is a call with them.
    argnums : int or tuple of int, optional
        The arguments to differentiate by. Default: every floating-point argument.
    memory : int or str, optional
        How many bytes the tape may take, as in `grad`. What the reverse sweep runs again counts as reverse.

    Returns
    -------
    Explanation
        `print` shows a table, a notebook HTML; ``.table(by_cost=True)`` has the most expensive lines first. Each line
        has its share of the time of both sweeps, the bytes that it stores for the reverse sweep, and notes: whether its
        values are active, whether they are computed again, copied or refused. Times in loops that are run often are
        those of the loop, divided among its lines by their operations. Loops over `prange` run on one thread while
        lines are counted and timed.

    Raises
    ------
    ArgumentError
        If `argnums` is out of range, `memory` is no size, or either is given with a gradient that has its own.
    MemoryError
        If `memory` does not hold one state and the tape of one trip of a loop.
    NotDifferentiableError
        If no argument is a floating-point number or array.
    NoSourceError
        If the source of `f` cannot be found.
    """
    how, has_aux = ReverseMode(bytes_in(memory)), False
    if isinstance(f, DerivativeFunction) and f.what.kind in ("grad", "value_and_grad"):
        if argnums is not None or memory is not None:
            raise ArgumentError(f"{name_of(f)} has its argnums and memory: give them to {f.what.kind}, not to explain")
        argnums, has_aux, how, f = f.what.argnums, f.what.has_aux, f.what.how or how, f.given
    name = name_of(f)
    function, wrt, forms, given = at_arguments(f, args, argnums)
    source = read(innermost(function))
    own = (source.filename, source.node.lineno)
    while True:
        try:
            made, given = _made(
                f, Derivative(function, "value_and_grad", wrt, False, has_aux, how, forms=forms), args, given
            )
            whole = njit(error_model="numpy")(made.plain)
            whole(*given)
            break
        except UnsupportedError as error:
            return _refused(name, own, error)
        except MemoryError as error:
            if "memory=" not in str(error) or how.levels == MOST_LEVELS:
                raise
            how = how._replace(levels=how.levels + 1)
    spent = median_seconds(lambda: whole(*given))
    counts, sizes, seconds = _measured(made, given, spent)
    lines: dict[tuple, LineOfSource] = {}
    for k, line in enumerate(made.text.lines):
        found = lines.setdefault(tuple(line.place), LineOfSource(0, ""))
        if line.is_reverse:
            found.reverse += seconds[k]
        else:
            found.forward += seconds[k]
            found.stored += 8 * counts[line.suite] * line.stores + sizes[k]
            if _COPIES.search(line.text):
                found.notes.append("copied")
    for place, notes in made.notes.items():
        lines.setdefault(tuple(place), LineOfSource(0, "")).notes.extend(notes)
    functions = _functions(own, lines)
    primal = derivative_of(f, "primal", ())
    both = {"function": median_seconds(lambda: primal(*args)), "gradient": spent}
    stored = sum(x.stored for x in lines.values())
    return Explanation(name, functions, both, stored, how.memory, made.has_threads)


def _made(f: Callable, what: Derivative, args: tuple, given: tuple) -> tuple[object, tuple]:
    """Return the gradient that counts and times itself and its arguments; of a result with parts, the pullback."""
    types = tuple(map(typeof, given))
    try:
        return instrumented(what, types), given
    except NotDifferentiableError:
        made = instrumented(replace(what, kind="vjp"), types)
        return made, (*given, _ones(derivative_of(f, "primal", ())(*args)))


def _measured(made: object, given: tuple, spent: float) -> tuple[list, list, list]:
    """Run a derivative to count, then to time; return (counts of the suites, sizes and seconds of the lines)."""
    counts = np.zeros(made.text.suites, np.int64)
    sizes, times = np.zeros(len(made.text.lines), np.int64), np.zeros(len(made.text.lines))
    njit(error_model="numpy")(made.define(set()))(*given, counts, sizes, times, seconds_now)
    counts = counts.tolist()
    look = seconds_to_look()
    timed = made.text.run_rarely(counts, _LOOKING * spent / look)
    run = njit(error_model="numpy")(made.define(timed))
    runs = []
    for _ in range(6):  # the first of them compiles; of the others the least is what was disturbed least
        times[:] = 0.0
        run(*given, np.array(counts), sizes.copy(), times, seconds_now)
        runs.append(times.copy())
    times = np.min(runs[1:], axis=0).tolist()
    return counts, sizes.tolist(), made.text.seconds(counts, times, timed, look, spent)


def _functions(own: tuple, lines: dict[tuple, LineOfSource]) -> dict[str, list[LineOfSource]]:
    """Return the lines of all functions that have any, the user's own first."""
    places = [own, *(place for place in lines if place[0])]
    found: dict[str, list[LineOfSource]] = {}
    for file, number in places:
        first, last, name = _function_around(file, number)
        title = f"{name} ({file})"
        if title in found or not name:
            continue
        found[title] = []
        for k in range(first, last + 1):
            text = linecache.getline(file, k).rstrip("\n")
            line = lines.get((file, k)) or LineOfSource(k, text)
            line.number, line.text = k, text
            line.notes = [n for n in dict.fromkeys(line.notes) if n != "copied" or "copy" not in text]
            found[title].append(line)
    return found


def _function_around(file: str, number: int) -> tuple[int, int, str]:
    """Return the first and last line of the innermost function around a line, and its name, "" if there is none."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return 0, 0, ""
    kinds = (ast.FunctionDef, ast.Lambda)
    around = [n for n in ast.walk(tree) if isinstance(n, kinds) and n.lineno <= number <= n.end_lineno]
    if not around:
        return 0, 0, ""
    outer = [n for n in around if isinstance(n, ast.FunctionDef)] or around
    node = max(outer, key=lambda n: n.lineno)
    return node.lineno, node.end_lineno, getattr(node, "name", "lambda")


def _refused(name: str, own: tuple, error: UnsupportedError) -> Explanation:
    places = [(found[1], int(found[2])) for found in _PLACE.finditer(str(error))] or [own]
    message = _PLACE.sub("", str(error)).strip()
    lines = {places[0]: LineOfSource(0, "", notes=[f"refused: {message}"])}
    return Explanation(name, _functions(own, lines), {}, 0)


def _ones(out: object) -> object:
    if isinstance(out, tuple | list):
        return tuple(map(_ones, out))
    return np.ones_like(out) if isinstance(out, np.ndarray) else 1.0


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f}%" if share >= 0.005 else ""
