"""Plots of the tables of measurements, drawn while the site is built: a row of dots for each row of a table.

A table stands between comments that say which command writes it. Its plot goes behind it, as SVG in the page, in the
page's own colours. The axis is logarithmic, since what is shown are times and ratios.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass

TABLE = re.compile(r"<!-- begin: (python -m [^>]*?) -->\n(.*?)<!-- end: \1 -->\n", re.DOTALL)
NUMBER = re.compile(r"(-?[\d.,]+(?:e[+-]?\d+)?)(?: (ns|us|ms|s|kB|MB|GB))?(?: \(.*\))?")
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
COLOURS = ("#d9541e", "#3b8fd4", "#2aa876", "#b86fc6", "#c9a018", "#8a8f98", "#5d6bd0", "#d06a8c")
WIDTH, LABELS, ROW, AXIS = 760, 270, 17, 40


@dataclass(frozen=True)
class Plot:
    """What is shown of a table: the columns by their heads, how many of the first make the label, what the axis says.

    A line goes through `mark`.
    """

    columns: tuple[str, ...]
    axis: str
    labels: int = 1
    mark: float | None = None


PLOTS = {
    "bench.table": Plot(("reverse / function", "forward / function"), "times the function", mark=1.0),
    "bench.gradbench.beside": Plot(
        ("JAX / dualad", "PyTorch / dualad", "autograd / dualad", "CasADi / dualad", "C by hand / dualad"),
        "times what dualad takes",
        mark=1.0,
    ),
    "bench.arrays": Plot(("dualad", "JAX", "PyTorch", "autograd", "Numba, primal"), "ms"),
    "bench.sparse": Plot(("matrix", "function"), ""),
    "bench.memory": Plot(("memory it took",), "", labels=2),
    "bench.directions": Plot(
        ("1 at a time", "4 at a time", "4 side by side", "8 side by side", "16 side by side"), "all columns"
    ),
    "bench.calls": Plot(("three numbers", "its compiled code", "an array of 1000"), "a call"),
    "bench.vector_math": Plot(("in vectorised loops, ns", "one by one, ns"), "ns an element"),
    "bench.dual_tape": Plot(
        ("engine reverse", "engine forward", "Dual in njit", "Tape in njit", "Dual, Python", "Tape, Python"),
        "us a call",
    ),
    "bench.first --only warm": Plot(("reverse", "forward", "Numba, primal"), "seconds"),
    "bench.first --only cold": Plot(("reverse", "forward", "Numba, primal"), "seconds"),
    "bench.growth": Plot(("reverse", "forward", "Numba, primal"), "seconds", labels=2),
}
"""By the command that writes the table, without `python -m`."""


def number(cell: str) -> tuple[float | None, str]:
    """Return what a cell says, in seconds, bytes or as it is, and its unit."""
    found = NUMBER.fullmatch(cell.strip())
    if found is None:
        return None, ""
    return float(found[1].replace(",", "")) * UNITS.get(found[2], 1.0), found[2] or ""


def rows_of(table: str) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the cells of a Markdown table."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return (cells[0], cells[2:]) if len(cells) > 2 else ([], [])


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers from below the one to above the other: decades, or 1, 2, 5 between few of them."""
    steps = (1.0, 2.0, 5.0) if high / low < 50.0 else (1.0,)
    all_of_them = [
        s * 10.0**k for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for s in steps
    ]
    first = max((t for t in all_of_them if t <= low * 1.0001), default=all_of_them[0])
    last = min((t for t in all_of_them if t >= high * 0.9999), default=all_of_them[-1])
    return [t for t in all_of_them if first <= t <= last]


def said(value: float, unit: str) -> str:
    """Return a number of the axis, with the unit that suits it if the cells have one."""
    kinds = ("GB", "MB", "kB") if unit.endswith("B") else ("s", "ms", "us", "ns") if unit else ()
    for kind in kinds:
        if value >= UNITS[kind] * 0.999:
            return f"{value / UNITS[kind]:.3g} {kind}"
    return f"{value:,.0f}" if value >= 1.0 else f"{value:.3g}"


def svg(heads: list[str], rows: list[list[str]], plot: Plot) -> str:
    """Return the drawing."""
    places = [heads.index(column) for column in plot.columns]
    found = [[number(row[p]) for p in places] for row in rows]
    kept = [k for k, row in enumerate(found) if any(value and value > 0.0 for value, _ in row)]
    values = [value for k in kept for value, _ in found[k] if value and value > 0.0]
    unit = next((u for k in kept for _, u in found[k] if u), "")
    marks = ticks(min([*values, plot.mark or math.inf]), max([*values, plot.mark or 0.0]))
    scale = (WIDTH - LABELS - 30) / math.log(max(marks[-1] / marks[0], 1.001))
    bottom = AXIS + ROW * len(kept)

    def x(value: float) -> float:
        return LABELS + 10 + scale * math.log(value / marks[0])

    out = []
    names = [column.removesuffix(" / dualad").removesuffix(", ns") for column in plot.columns]
    at = max(10.0, min(LABELS + 10.0, WIDTH - sum(22 + 6.2 * len(name) for name in names)))
    for colour, name in zip(COLOURS, names, strict=False):
        out.append(f'<circle cx="{at:.0f}" cy="9" r="4.5" fill="{colour}"/><text x="{at + 8:.0f}" y="13">{name}</text>')
        at += 22 + 6.2 * len(name)
    for t in marks:
        strong = ' class="mark"' if t == plot.mark else ""
        out.append(f'<line{strong} x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{AXIS - 4}" y2="{bottom}"/>')
        out.append(f'<text class="tick" x="{x(t):.1f}" y="{AXIS - 9}">{said(t, unit)}</text>')
    for line, k in enumerate(kept):
        y = AXIS + ROW * (line + 0.5)
        label = html.escape(", ".join(rows[k][: plot.labels]).replace("`", ""))
        out.append(f'<text class="label" x="{LABELS}" y="{y + 4:.1f}">{label}</text>')
        for (value, _), colour, p in reversed(list(zip(found[k], COLOURS, places, strict=False))):
            if value and value > 0.0:
                title = html.escape(f"{heads[p]}: {rows[k][p]}")
                out.append(
                    f'<circle cx="{x(value):.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"><title>{title}</title></circle>'
                )
    out.append(f'<text class="tick" x="{(LABELS + WIDTH) / 2:.0f}" y="{bottom + 15}">{plot.axis}</text>')
    size = f'viewBox="0 0 {WIDTH} {bottom + 20}"'
    return f'<svg class="plot" role="img" aria-label="The table above as a plot" {size}>{"".join(out)}</svg>'


def with_plots(text: str) -> str:
    """Return a page with its commands to be seen, and a plot behind each of its tables that has rows."""

    def plotted(found: re.Match) -> str:
        heads, rows = rows_of(found[2])
        if not rows:
            return f"`{found[1]}` writes this table; it has not been run here.\n"
        drawing = svg(heads, rows, PLOTS[found[1].removeprefix("python -m ")])
        return f"`{found[1]}`\n\n{found[2]}\n```{{raw}} html\n{drawing}\n```\n"

    return TABLE.sub(plotted, text)
