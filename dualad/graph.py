"""The graph of a trace: Graphviz source, and a drawing as SVG that needs no other program.

A node is a line of the trace, with its name, what it computes and its value; an edge goes from an operand to the line
that uses it, and carries the adjoint that flows back along it. In the Graphviz source constant operands are nodes of
their own; in the drawing they stand in what a node computes.

The drawing puts each line in the layer behind those of its operands, inputs first. An edge that skips layers takes a
place in each of them, like a box without a height, so it passes beside the boxes and not behind them. Layers run from
left to right while that fits on a page, otherwise from top to bottom.
"""

from __future__ import annotations

import collections
import html
import itertools
import math

__all__ = ["graphviz", "svg"]

PAGE, MARGIN = 1000, 12
LEAST_WIDTH, HEIGHT = 84, 44
GAPS = {False: (76, 26), True: (44, 22)}  # between layers, and between neighbours: from left to right, or downwards
PASSAGE = {False: 0, True: 34}  # the room for the number on an edge that passes between boxes
APART = {False: 16, True: 40}  # two edges between the same boxes
STYLE = (  # under a class of its own: in a notebook a drawing shares its style sheet with the page
    ".trace{background:#fff}.trace text{font:12px sans-serif;text-anchor:middle}"
    ".trace .note{fill:#a33;font-size:11px;stroke:#fff;stroke-width:5px;paint-order:stroke}"
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


def _layers(trace: object) -> tuple[list[list], list[list]]:
    """Return the layers and the ways of the edges.

    A layer is a list of lines, and of pairs (edge, layer) for the edges that pass it; a way is the list of such items
    from the source of an edge to its target.
    """
    depth: list[int] = []
    for k in range(len(trace)):
        depth.append(max((depth[s] + 1 for s in trace.operands[k] if s >= 0), default=0))
    layers: list[list] = [[] for _ in range(max(depth) + 1)]
    for k, d in enumerate(depth):
        layers[d].append(k)
    ways = []
    for number, (source, target, _, _) in enumerate(trace.edges()):
        passages = [(number, d) for d in range(depth[source] + 1, depth[target])]
        for passage in passages:
            layers[passage[1]].append(passage)
        ways.append([source, *passages, target])
    return layers, ways


def _width(trace: object, line: int) -> float:
    return max(LEAST_WIDTH, 20 + 7 * len(_title(trace, line)))


def _layout(trace: object, layers: list[list], ways: list[list], down: bool) -> dict[object, tuple[float, ...]]:
    """Return where every item begins and ends along the direction of the drawing, and its place across it."""
    between_layers, beside = GAPS[down]
    before: dict[object, list] = {}
    for way in ways:
        for earlier, later in itertools.pairwise(way):
            before.setdefault(later, []).append(earlier)
    across: dict[object, float] = {}
    place: dict[object, tuple[float, ...]] = {}
    start = 0.0
    for layer in layers:
        boxes = [item for item in layer if isinstance(item, int)]
        widths = {k: _width(trace, k) for k in boxes}
        breadths = {item: PASSAGE[down] if item not in widths else widths[item] if down else HEIGHT for item in layer}
        # as near to the operands as the neighbours let it, then all of the layer moved by what they were pushed aside
        wanted = {i: sum(across[s] for s in before[i]) / len(before[i]) if i in before else 0.0 for i in layer}
        free = -math.inf
        for item in sorted(layer, key=wanted.__getitem__):
            across[item] = max(wanted[item], free + breadths[item] / 2)
            free = across[item] + breadths[item] / 2 + beside
        pushed = sum(across[item] - wanted[item] for item in layer) / len(layer)
        end = start + (HEIGHT if down else max(widths.values()))
        for item in layer:
            across[item] -= pushed
            place[item] = (start, end, across[item])
        start = end + between_layers
    return place


def _way(ends: list[tuple[float, ...]], aside: float) -> tuple[list[tuple], list[tuple[float, float]]]:
    """Return the curves of an edge through its items, and the places for its number in the order of preference.

    A curve is four points, a straight line two; points are (along, across).
    """
    curves: list[tuple] = []
    for (_, start, across), (end, passed, next_across) in itertools.pairwise(ends):
        middle, c0, c1 = (start + end) / 2, across + aside, next_across + aside
        curves += [((start, c0), (middle, c0), (middle, c1), (end, c1)), ((end, c1), (passed, c1))]
    first, second = curves[:2]
    places = []
    for t in (0.5, 0.35, 0.65, 0.25, 0.75):
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        places.append(tuple(sum(w * point[k] for w, point in zip(weights, first)) for k in range(2)))
    if len(ends) > 2:  # beside the first box that it passes it is alone
        places.insert(0, ((second[0][0] + second[1][0]) / 2, second[0][1]))
    return curves[:-1], places


def svg(trace: object) -> str:
    """Return a drawing of the graph of a Trace as SVG text."""
    layers, ways = _layers(trace)
    down = False
    place = _layout(trace, layers, ways, down)
    if max(end for _, end, _ in place.values()) > PAGE:
        down = True
        place = _layout(trace, layers, ways, down)
    shapes, words = [], []

    def point(along: float, across: float) -> tuple[float, float]:
        return (across, along) if down else (along, across)

    def write(x: float, y: float, text: str, kind: str = "") -> None:
        words.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{html.escape(text)}</text>')

    edges = trace.edges()
    count = collections.Counter(edge[:2] for edge in edges)
    drawn: collections.Counter = collections.Counter()
    numbers: list[tuple[float, float]] = []
    for (source, target, partial, adjoint), way in zip(edges, ways, strict=True):
        aside = APART[down] * (drawn[source, target] - (count[source, target] - 1) / 2)
        drawn[source, target] += 1
        curves, places = _way([place[item] for item in way], aside)
        path = "M{:.1f},{:.1f}".format(*point(*curves[0][0]))
        for _, *rest in curves:
            path += " C " if len(rest) == 3 else " L "
            path += " ".join("{:.1f},{:.1f}".format(*point(*p)) for p in rest)
        candidates = [point(*p) for p in places]
        free = [(x, y) for x, y in candidates if all(abs(x - u) >= 44 or abs(y - v) >= 13 for u, v in numbers)]
        x, y = (free or candidates)[0]
        numbers.append((x, y))
        write(x, y + 4, f"{adjoint:.4g}", "note")
        tip = html.escape(f"partial {partial:.6g}")
        shapes.append(f'<path d="{path}" fill="none" stroke="#678" marker-end="url(#tip)"><title>{tip}</title></path>')
    corners = [(x + side, y) for x, y in numbers for side in (-24, 24)]
    corners += [point(along, across) for start, end, across in place.values() for along in (start, end)]
    for k in range(len(trace)):
        start, end, across = place[k]
        (x, y), width = point((start + end) / 2, across), _width(trace, k) if down else end - start
        left, top = x - width / 2, y - HEIGHT / 2
        corners += [(left, top), (left + width, top + HEIGHT)]
        box = f'x="{left:.1f}" y="{top:.1f}" width="{width}" height="{HEIGHT}" rx="6"'
        shapes.append(f'<rect {box} class="{"node " + _kind(trace, k)}"/>')
        write(x, y - 5, _title(trace, k))
        write(x, y + 13, f"{trace.value[k]:.6g}")
    (left, right), (top, bottom) = ((min(side) - MARGIN, max(side) + MARGIN) for side in zip(*corners))
    marker = (
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#678"/></marker>'
    )
    size = f'viewBox="{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}" width="{right - left:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="trace" {size}>'
    return "".join([head, f"<style>{STYLE}</style><defs>{marker}</defs>", *shapes, *words, "</svg>"])
