"""Evaluation traces: the worked examples line by line, the tables, the names and the graph."""

import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numba
import numpy as np
import pytest

import dualad


def exponential_of_sine(x, y):
    return 1 + x + math.exp(math.sin(x * y))


def product_and_sine(x1, x2):
    return x1 * x2 + math.exp(x1 * x2) - math.sin(x2)


def neuron_cost(weights, b, x, y):
    z = weights[0] * x[0] + weights[1] * x[1] + b
    a = 1.0 / (1.0 + math.exp(-z))
    return (y - a) ** 2 / 2.0


def close(actual, wanted):
    return np.allclose(actual, wanted, rtol=1e-14, atol=1e-16)


def test_first_example_graph_and_partials():
    x, y = 2.0, 0.5
    t = dualad.trace(exponential_of_sine, x, y)
    assert t.names == ["x", "y", "v2", "v3", "v4", "v5", "exponential_of_sine"]
    assert [t.expression(k) for k in range(2, 7)] == ["1 + x", "x * y", "sin(v3)", "exp(v4)", "v2 + v5"]
    inner = math.exp(math.sin(x * y)) * math.cos(x * y)
    assert close(t.adjoint[:2], (1.0 + y * inner, x * inner))
    assert close(dualad.grad(exponential_of_sine, (0, 1))(x, y), (1.0 + y * inner, x * inner))
    assert {(a, b) for a, b, _, _ in t.edges()} == {(0, 2), (0, 3), (1, 3), (3, 4), (4, 5), (2, 6), (5, 6)}
    assert t.result == t.value[6] and close(t.result, exponential_of_sine(x, y))
    for k in range(len(t)):
        if k != t.output:
            assert close(t.adjoint[k], sum(back for source, _, _, back in t.edges() if source == k))


def test_second_example_line_by_line():
    x1, x2 = 2.0, 0.5
    t = dualad.trace(product_and_sine, x1, x2)
    e = math.exp(x1 * x2)
    assert len(t) == 7
    assert [t.expression(k) for k in range(7)] == ["", "", "x1 * x2", "exp(v2)", "v2 + v3", "sin(x2)", "v4 - v5"]
    primal = [x1, x2, x1 * x2, e, x1 * x2 + e, math.sin(x2), x1 * x2 + e - math.sin(x2)]
    assert close(t.value, primal)
    # forward along x1: each line from the lines before it
    tangent = [1.0, 0.0, x2, x2 * e, x2 + x2 * e, 0.0, x2 + x2 * e]
    assert close(t.tangent, tangent)
    # reverse from the last line: each line from the lines after it
    adjoint = [(1.0 + e) * x2, (1.0 + e) * x1 - math.cos(x2), 1.0 + e, 1.0, 1.0, -1.0, 1.0]
    assert close(t.adjoint, adjoint)
    along_second = dualad.trace(product_and_sine, x1, x2, direction=(0.0, 1.0))
    assert close(along_second.tangent[-1], adjoint[1])
    assert along_second.adjoint.tolist() == t.adjoint.tolist()


def test_without_merging_the_product_stands_twice():
    t = dualad.trace(product_and_sine, 2.0, 0.5, merge=False)
    merged = dualad.trace(product_and_sine, 2.0, 0.5)
    assert len(t) == 8 and t.rules.count("mul") == 2
    assert close(t.adjoint[:2], merged.adjoint[:2]) and close(t.tangent[-1], merged.tangent[-1])


def test_sigmoid_neuron():
    weights, b, x, y = np.array([2.0, -3.0]), -3.0, np.array([-1.0, -2.0]), 1.0
    t = dualad.trace(neuron_cost, weights, b, x, y)
    at = {name: k for k, name in enumerate(t.names)}
    a = 1.0 / (1.0 + math.exp(-1.0))
    assert t.value[at["z"]] == 1.0 and close(t.value[at["a"]], a) and round(a, 2) == 0.73
    # local gradients: dC/da = -(y - a), da/dz = a (1 - a), dz/dw = x, dz/db = 1
    by_a, by_z = -(y - a), -(y - a) * a * (1.0 - a)
    assert close(t.adjoint[at["a"]], by_a) and close(t.adjoint[at["z"]], by_z)
    exact = (by_z * x[0], by_z * x[1], by_z)
    assert close([t.adjoint[at[name]] for name in ("weights[0]", "weights[1]", "b")], exact)
    by_weights, by_bias = dualad.grad(neuron_cost, (0, 1))(weights, b, x, y)
    assert close([*by_weights, by_bias], exact)
    assert [round(g, 2) for g in exact] == [0.05, 0.11, -0.05]

    def activation(w, bias):
        return 1.0 / (1.0 + math.exp(-(w[0] * x[0] + w[1] * x[1] + bias)))

    # one step of descent with rate 1, exactly; and by the hand computation, which rounds the gradient: 0.79 both times
    new = activation(weights - by_weights, b - by_bias)
    by_hand = activation((2.0 - 0.05, -3.0 - 0.11), -3.0 + 0.05)
    assert (round(new, 2), round(by_hand, 2)) == (0.79, 0.79)


def test_names_are_those_of_the_users_variables():
    def f(a, scale):
        total = 0.0
        out = np.zeros(2)
        for i in range(2):
            total = total + a[i] * scale
            out[i] = total
        squared, root = total**2, math.sqrt(total)
        return squared - root

    t = dualad.trace(f, np.array([1.0, 2.0]), 3.0)
    assert t.names == ["a[0]", "a[1]", "scale", "v3", "total", "v5", "total.2", "squared", "root", "f"]
    assert dualad.trace(lambda x: x * x, 3.0).names == ["x", "v1"]
    assert dualad.trace(lambda *x: x[0] * x[1], 3.0, 2.0).names[:2] == ["x[0]", "x[1]"]
    assert dualad.trace(numba.njit(product_and_sine), 2.0, 0.5).names[:2] == ["x1", "x2"]


def test_the_tables():
    def f(x, y):
        return x * y + math.sin(x)

    t = dualad.trace(f, 2.0, 3.0)
    assert str(t).splitlines() == [
        "line  name  operation  of       value     tangent    adjoint",
        "0     x     input               2         1          2.58385",
        "1     y     input               3         0          2",
        "2     v2    multiply   x * y    6         3          1",
        "3     v3    sin        sin(x)   0.909297  -0.416147  1",
        "4     f     add        v2 + v3  6.9093    2.58385    1",
    ]
    assert t.markdown().splitlines()[4] == r"| 2 | v2 | multiply | x \* y | 6 | 3 | 1 |"
    rows = ET.fromstring(t._repr_html_()).findall(".//tr")
    assert len(rows) == 6 and [cell.text for cell in rows[3]] == ["2", "v2", "multiply", "x * y", "6", "3", "1"]
    table = t.to_dict()
    assert table["name"] == t.names and table["operands"].tolist()[4] == [2, 3]
    assert all(len(column) == len(t) for column in table.values())
    assert repr(t) == "<Trace of f: 5 lines, value 6.9093>"


def test_the_graph():
    def f(x, y):
        return 2.0 * x * x < 1e9 and x * x / y + 2.0

    t = dualad.trace(f, 2.0, 4.0)
    source = t.graphviz()
    assert source.startswith('digraph "f" {') and source.endswith("}")
    assert "n0 [label=" in source and "-> n" in source and 'label="f = ' in source
    assert 'c0 [label="2"' in source  # a constant operand is a node of its own
    assert source.count("->") == len(t.edges()) + int((t.operands == -1).sum())
    drawing = ET.fromstring(t.svg())
    space = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f"{space}rect")) == len(t)
    assert len(drawing.findall(f"{space}path")) == len(t.edges())
    written = [text.text for text in drawing.findall(f"{space}text")]
    assert f"{t.result:.6g}" in written and f"{t.edges()[-1][3]:.4g}" in written


def powers(x):
    y = x * x
    for _ in range(4):
        y = y * x + x
    return y


def quotient(a):
    return (a[0] * a[1] + a[2] * a[3]) / (a[0] + a[3]) + math.sin(a[4]) * a[0]


NEURON = (neuron_cost, np.array([2.0, -3.0]), -3.0, np.array([-1.0, -2.0]), 1.0)
DRAWN = [(exponential_of_sine, 2.0, 0.5), (product_and_sine, 2.0, 0.5), (powers, 2.0), (quotient, np.ones(5)), NEURON]


@pytest.mark.parametrize("f, args", [(f, args) for f, *args in DRAWN], ids=lambda x: getattr(x, "__name__", ""))
def test_the_drawing_shows_everything(f, args):
    """It fits its frame, boxes do not overlap, and no edge runs behind a box; numbers on edges do not overlap."""
    drawing, space = ET.fromstring(dualad.trace(f, *args).svg()), "{http://www.w3.org/2000/svg}"
    left, top, width, height = map(float, drawing.get("viewBox").split())
    boxes = [[float(r.get(key)) for key in ("x", "y", "width", "height")] for r in drawing.findall(f"{space}rect")]
    for k, (x, y, w, h) in enumerate(boxes):
        assert left <= x and top <= y and x + w <= left + width and y + h <= top + height
        for x2, y2, w2, h2 in boxes[:k]:
            assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    for path in drawing.findall(f"{space}path"):
        assert re.fullmatch(r"[MCL \d.,-]*", path.get("d"))
        for px, py in points(path.get("d")):
            assert not any(x + 1 < px < x + w - 1 and y + 1 < py < y + h - 1 for x, y, w, h in boxes)
            assert left <= px <= left + width and top <= py <= top + height
    notes = [t for t in drawing.findall(f"{space}text") if t.get("class") == "note"]
    notes = [(float(t.get("x")), float(t.get("y"))) for t in notes]
    assert len(notes) == len(drawing.findall(f"{space}path"))
    assert all(left <= x - 24 and x + 24 <= left + width for x, _ in notes)
    assert all(abs(x - x2) > 30 or abs(y - y2) > 10 for k, (x, y) in enumerate(notes) for x2, y2 in notes[:k])


def points(path):
    """Return points along a path of M, C and L commands."""
    found = []
    for command, numbers in re.findall(r"([MCL])([^MCL]*)", path):
        corners = [np.array(list(map(float, pair.split(",")))) for pair in numbers.split()]
        if command == "M":
            found += corners
        else:
            corners = [found[-1], *(corners if command == "C" else [found[-1], *corners, *corners])]
            for t in np.linspace(0.0, 1.0, 20):
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
                found.append(sum(w * corner for w, corner in zip(weights, corners, strict=True)))
    return found


def test_what_does_not_reach_the_result_has_no_adjoint():
    def f(x):
        unused = math.exp(x)
        return x * 2.0 if unused > 0 else x

    t = dualad.trace(f, 1.0)
    assert t.adjoint[t.names.index("unused")] == 0.0 and t.adjoint[0] == 2.0
    constant = dualad.trace(lambda x: 3.0, 1.0)
    assert constant.output == -1 and constant.result == 3.0 and constant.adjoint.tolist() == [0.0]


def test_what_is_refused():
    with pytest.raises(dualad.NotDifferentiableError, match="no argument"):
        dualad.trace(lambda n: n, 3)
    with pytest.raises(dualad.NotDifferentiableError, match="one real result, not tuple"):
        dualad.trace(lambda x: (x, x), 3.0)
    for direction in ((1.0,), (1.0, np.ones(3))):
        with pytest.raises(dualad.ArgumentError, match="direction"):
            dualad.trace(lambda x, a: x * a[0], 3.0, np.ones(2), direction=direction)


def test_a_debugger_keeps_its_hook():
    before = sys.gettrace()
    with pytest.raises(ZeroDivisionError):
        dualad.trace(lambda x: x / (1 // 0), 1.0)
    assert sys.gettrace() is before


def test_numbers_are_not_made_before_they_are_asked_for():
    code = (
        "import sys, dualad; assert 'dualad.tape' not in sys.modules and 'dualad.dual' not in sys.modules;"
        "dualad.Dual; assert 'dualad.dual' in sys.modules; assert callable(dualad.trace)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
