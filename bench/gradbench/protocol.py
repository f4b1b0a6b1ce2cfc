"""GradBench's protocol, the tool's side: one JSON object a line, a response for each message.

    {"id": 0, "kind": "start", "eval": "lse"}
    {"id": 1, "kind": "define", "module": "lse"}
    {"id": 2, "kind": "evaluate", "module": "lse", "function": "gradient",
     "input": {"x": [0.1, 0.2], "min_runs": 1, "min_seconds": 1}}
    {"id": 3, "kind": "analysis", "of": 2, "valid": true}

`define` compiles the functions, and reports how long that took; an evaluation's timings are those of the function.
"""

from __future__ import annotations

import importlib
import json
import time
import traceback
from typing import TextIO

from .evaluation import Eval

EVALS = ("hello", "ba", "det", "gmm", "ht", "kmeans", "llsq", "lse", "lstm", "ode", "particle", "saddle")


def load(name: str) -> Eval:
    """Return an eval by its name."""
    if name not in EVALS:
        raise ValueError(f"no eval is called {name!r}; there are {', '.join(EVALS)}")
    return importlib.import_module(f"{__package__}.{name}").EVAL


def timing(name: str, start: int) -> dict:
    return {"name": name, "nanoseconds": time.perf_counter_ns() - start}


def define(module: str) -> dict:
    """Compile an eval's functions, on its smallest example: their types are the same for every input."""
    start = time.perf_counter_ns()
    chosen = load(module)
    args = chosen.arguments(chosen.example(*chosen.sizes[0]))
    for function in chosen.functions.values():
        function(*args)
    return {"success": True, "timings": [timing("compile", start)]}


def evaluate(module: str, function: str, input: object) -> dict:
    """Run a function at least `min_runs` times and `min_seconds` long; return its output and the time of each run."""
    chosen = load(module)
    run = chosen.functions[function]
    args = chosen.arguments(input)
    wanted = input if isinstance(input, dict) else {}
    min_runs, min_seconds = max(1, wanted.get("min_runs", 1)), wanted.get("min_seconds", 0.0)
    timings: list[dict] = []
    elapsed = 0
    while len(timings) < min_runs or elapsed < 1e9 * min_seconds:
        start = time.perf_counter_ns()
        result = run(*args)
        timings.append(timing("evaluate", start))
        elapsed += timings[-1]["nanoseconds"]
    return {"success": True, "output": chosen.output(function, result), "timings": timings}


def response(message: dict) -> dict:
    """Return what the tool says to a message."""
    try:
        match message["kind"]:
            case "start":
                return {"tool": "dualad"}
            case "define":
                return define(message["module"])
            case "evaluate":
                return evaluate(message["module"], message["function"], message["input"])
            case _:
                return {}
    except Exception:  # whatever it is: the eval is told, and the session goes on
        return {"success": False, "error": traceback.format_exc()}


def respond_to(messages: TextIO, responses: TextIO) -> None:
    """Answer messages, one a line, until there are no more."""
    for line in messages:
        message = json.loads(line)
        print(json.dumps({"id": message["id"]} | response(message)), file=responses, flush=True)
