"""Generated code without needless copies does what it did: random programs of the form that the printer gives them."""

import random

import pytest

from dualad.compiler.ir.tidy import tidy

NAMES = "abcdefg"


def program(rng, lines, depth, budget, in_loop):
    """Append random statements: copies, above all, and what reads and changes what was copied."""
    indent = "    " * depth
    for _ in range(rng.randint(1, 6)):
        x, y, z = rng.choice(NAMES), rng.choice(NAMES), rng.choice(NAMES)
        kind = rng.randrange(15)
        if kind < 7:
            lines.append(f"{indent}{x} = {y}")
        elif kind < 9:
            lines.append(f"{indent}{x} = {y} + 3 * {z}")
        elif kind == 9:
            lines.append(f"{indent}{x} {rng.choice('+-')}= {y}")
        elif kind == 10:
            lines.append(f"{indent}{x} = {rng.randint(0, 5)}")
        elif kind == 11 and x != y:
            lines.append(f"{indent}{x}, {y} = {y}, {z}")
        elif kind == 12:
            lines.append(f"{indent}seen.append({x})")
        elif budget and kind == 13:
            lines.append(f"{indent}if {x} % 3 == {rng.randint(0, 2)}:")
            program(rng, lines, depth + 1, budget - 1, in_loop)
            if in_loop and rng.random() < 0.4:
                lines.append(f"{indent}    break")
            if rng.random() < 0.6:
                lines.append(f"{indent}else:")
                program(rng, lines, depth + 1, budget - 1, in_loop)
        elif budget:
            lines.append(f"{indent}for i{depth} in range(3):")
            program(rng, lines, depth + 1, budget - 1, True)
    lines.append(f"{indent}{x} = {y}")


def outcome(lines):
    scope = {}
    exec("\n".join(lines), scope)
    seen = []
    return scope["f"](*range(1, len(NAMES) + 1), seen), seen


@pytest.mark.parametrize("seed", range(20))
def test_random_programs(seed):
    fewer = 0
    for k in range(100):
        rng = random.Random(1000 * seed + k)
        lines = [f"def f({', '.join(NAMES)}, seen):"]
        program(rng, lines, 1, 3, False)
        lines.append(f"    return {', '.join(rng.sample(NAMES, 3))}")
        new, places = tidy(lines, [(None, k) for k in range(len(lines))])
        assert outcome(new) == outcome(lines), "\n".join([*lines, "", *new])
        assert len(new) == len(places)
        fewer += len(lines) - len(new)
    assert fewer > 300


def test_what_is_left():
    lines = [
        "def f(x, n):",
        "    total = 0.0",
        "    for i in range(n):",
        "        total_1 = total",
        "        t = x[i] * total_1",
        "        total_2 = total_1 + t",
        "        total = total_2",
        "        # a comment",
        "        t_1 = math.sin(t)",
        "        seen_1 = t_1",
        "    if n > 3:",
        "        out_1 = total",
        "        out = out_1",
        "    else:",
        "        out = total",
        '    raise ValueError("total", total)',
    ]
    new, places = tidy(lines, [("f.py", k) for k in range(len(lines))])
    assert new == [
        "def f(x, n):",
        "    total = 0.0",
        "    for i in range(n):",
        "        t = x[i] * total",
        "        total = total + t",
        "        # a comment",
        "        t_1 = math.sin(t)",
        '    raise ValueError("total", total)',
    ]
    assert [k for _, k in places] == [0, 1, 2, 4, 5, 7, 8, 15]


def test_names_in_texts_are_none():
    lines = ["def f(a, b):", "    c = a", "    d = g(c, 'c')", "    a = b", "    e = d", "    return e"]
    assert tidy(lines, [()] * 6)[0] == ["def f(a, b):", "    c = a", "    d = g(c, 'c')", "    return d"]


def test_arguments_by_name_and_attributes_keep_theirs():
    lines = ["def f(a, shape):", "    n = shape", "    x = np.full(n, a.n, shape=n)", "    return x"]
    assert tidy(lines, [()] * 4)[0] == ["def f(a, shape):", "    x = np.full(shape, a.n, shape=shape)", "    return x"]
