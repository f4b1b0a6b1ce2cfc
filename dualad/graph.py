"""The graph of a trace: Graphviz source, and a drawing as SVG that needs no other program.

A node is a line of the trace, with its name, what it computes and its value; an edge goes from an operand to the line
that uses it, and carries the adjoint that flows back along it. Constant operands are nodes of their own.
"""

from __future__ import annotations

import html

__all__ = ["graphviz", "svg"]

GAP, ROW, LEAST_WIDTH, HEIGHT, MARGIN = 82, 84, 108, 50, 24
STYLE = (  # under a class of its own: in a notebook a drawing shares its style sheet with the page
    ".trace text{font:12px sans-serif;text-anchor:middle}.trace .note{fill:#a33;font-size:11px}"
    ".trace .node{fill:#eef3fb;stroke:#456}.trace .input{fill:#e6f5e6}.trace .output{fill:#fdf0d8}"
)


def _title(trace: object, line: int) -> str:
    expression = trace.expression(line)
    return f"{trace.names[line]} = {expression}" if expression else trace.names[line]


def _constants(trace: object) -> list[tuple[int, float]]:
    """Return (line, number) for every constant operand."""
    sides = [(k, side) for k in range(len(trace)) for side in range(2) if trace.operands[k, side] == -1]
    return [(k, float(trace.constants[k, side])) for k, side in sides]


def _kind(trace: object, line: int) -> str:
    if trace.rules[line] == "input":
        return "input"
    return "output" if line == trace.output else "node"


def graphviz(trace: object) -> str:
    """Return the graph of a Trace as Graphviz source (dot language)."""
    colour = {"input": "#e6f5e6", "output": "#fdf0d8", "node": "#eef3fb"}

    def quoted(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    lines = [f"digraph {quoted(trace.function)} {{", "  rankdir=LR;", "  node [shape=box, style=filled];"]
    for k in range(len(trace)):
        label = quoted(f"{_title(trace, k)}\n{trace.value[k]:.6g}")
        lines.append(f'  n{k} [label={label}, fillcolor="{colour[_kind(trace, k)]}"];')
    for number, (line, constant) in enumerate(_constants(trace)):
        lines.append(f"  c{number} [label={quoted(f'{constant:.6g}')}, shape=plaintext, style=solid];")
        lines.append(f"  c{number} -> n{line};")
    for source, target, partial, adjoint in trace.edges():
        back, tip = quoted(f"{adjoint:.6g}"), quoted(f"{partial:.6g}")
        lines.append(f"  n{source} -> n{target} [label={back}, tooltip={tip}];")
    return "\n".join([*lines, "}"])


def _width(trace: object) -> int:
    """Return the width of the boxes: room for the longest title."""
    return max([LEAST_WIDTH, *(16 + 7 * len(_title(trace, k)) for k in range(len(trace)))])


def _layout(trace: object) -> dict[int, tuple[float, float]]:
    """Return the centre of every line: the column is the longest way from an input, rows follow the operands."""
    width = _width(trace)
    depth: list[int] = []
    for k in range(len(trace)):
        depth.append(max((depth[s] + 1 for s in trace.operands[k] if s >= 0), default=0))
    columns: dict[int, list[int]] = {}
    for k, d in enumerate(depth):
        columns.setdefault(d, []).append(k)
    row: dict[int, float] = {}
    for d in sorted(columns):

        def wanted(k: int) -> float:
            sources = [row[s] for s in trace.operands[k] if s >= 0]
            return sum(sources) / len(sources) if sources else float(k)

        free = 0.0
        for k in sorted(columns[d], key=wanted):
            row[k] = free = max(free, wanted(k))
            free += 1.0
    return {k: (MARGIN + width / 2 + (width + GAP) * depth[k], MARGIN + HEIGHT + ROW * row[k]) for k in row}


def svg(trace: object) -> str:
    """Return a drawing of the graph of a Trace as SVG text."""
    width, centre = _width(trace), _layout(trace)
    shapes, notes = [], []

    def text(x: float, y: float, words: str, kind: str = "") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{html.escape(words)}</text>'

    parallel: dict[tuple[int, int], int] = {}
    for source, target, partial, adjoint in trace.edges():
        nth = parallel[source, target] = parallel.get((source, target), -1) + 1
        (x0, y0), (x1, y1) = centre[source], centre[target]
        x0, x1, bend = x0 + width / 2, x1 - width / 2, (x1 - x0 - width) / 2
        y0, y1 = y0 + 12 * nth, y1 + 12 * nth
        path = f"M{x0:.1f},{y0:.1f} C{x0 + bend:.1f},{y0:.1f} {x1 - bend:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
        tip = html.escape(f"partial {partial:.6g}")
        shapes.append(f'<path d="{path}" fill="none" stroke="#678" marker-end="url(#tip)"><title>{tip}</title></path>')
        notes.append(text((x0 + x1) / 2, (y0 + y1) / 2 - 4, f"{adjoint:.4g}", "note"))
    beside: dict[int, int] = {}
    for line, constant in _constants(trace):
        nth = beside[line] = beside.get(line, -1) + 1
        x, y = centre[line]
        x = x - width / 2 + 22 + 44 * nth
        shapes.append(f'<line x1="{x}" y1="{y - HEIGHT / 2 - 12}" x2="{x}" y2="{y - HEIGHT / 2}" stroke="#999"/>')
        notes.append(text(x, y - HEIGHT / 2 - 14, f"{constant:.4g}"))
    for k, (x, y) in centre.items():
        box = f'x="{x - width / 2}" y="{y - HEIGHT / 2}" width="{width}" height="{HEIGHT}" rx="6"'
        shapes.append(f'<rect {box} class="{"node " + _kind(trace, k)}"/>')
        notes += [text(x, y - 4, _title(trace, k)), text(x, y + 14, f"{trace.value[k]:.6g}")]
    right = max(x for x, _ in centre.values()) + width / 2 + MARGIN
    height = max(y for _, y in centre.values()) + HEIGHT / 2 + MARGIN
    marker = (
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#678"/></marker>'
    )
    size = f'viewBox="0 0 {right:.0f} {height:.0f}" width="{right:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="trace" {size}>'
    return "".join([head, f"<style>{STYLE}</style><defs>{marker}</defs>", *shapes, *notes, "</svg>"])
