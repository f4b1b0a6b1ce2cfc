"""The command line: ``python -m dualad``.

Without arguments it runs the main job: fit the Lotka-Volterra model to the Hudson's Bay pelt record and compare its
gradient by reverse mode, forward mode and central differences. With ``FILE.py:FUNCTION --at ARG ...`` it does the same
comparison for a function of the user's own; ``--source reverse`` prints the generated derivative code instead.
``explain FILE.py:FUNCTION --at ARG ...`` shows what its gradient costs, line by line, ``--memory SIZE`` within a limit.
``cache`` shows the disk cache, ``cache clear`` empties it, ``cache verify`` reads all of it.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import dualad

from .cache import command as cache_command
from .compare import compare, compiled, name_of
from .compiler.lowering.source import signature_of
from .compiler.runtime.progress import seconds_spent
from .errors import DualadError
from .examples import lotka_volterra as predator_prey


class UsageError(Exception):
    """A wrong path, name or argument; the message is the one line that the user sees."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(message)


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        Exit status: 0, or 2 after a wrong path, name or argument, or a function that the engine refuses.
    """
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv[:1] == ["cache"]:
            print(_of_cache(argv[1:]))
            return 0
        explains = argv[:1] == ["explain"]
        options = _parser().parse_args(_joined(argv[1:] if explains else argv))
        if explains and options.target is None:
            raise UsageError("explain needs a function: explain FILE.py:FUNCTION --at ARG")
        if options.memory is not None and not explains:
            raise UsageError("--memory goes with explain: explain FILE.py:FUNCTION --at ARG --memory 200MB")
        if options.target is None and options.at:
            raise UsageError("--at needs a function: FILE.py:FUNCTION")
        if options.target is None:
            f, args = predator_prey.negative_log_likelihood, _main_job_arguments()
        else:
            f, args = load_function(options.target), [parse_argument(text) for text in options.at]
            _check_call(f, args)
        if explains:
            print(_guarded(lambda: dualad.explain(f, *args, memory=options.memory).table(), f, args))
        elif options.source is not None:
            print(_guarded(lambda: dualad.derivative_source(f, *args, mode=options.source), f, args))
        elif options.target is None:
            main_job()
        else:
            print(_guarded(lambda: compare(f, *args).table(), f, args))
    except (UsageError, DualadError) as error:
        print(f"dualad: {_one_line(error)}", file=sys.stderr)
        return 2
    return 0


def _of_cache(words: list[str]) -> str:
    try:
        return cache_command.main(words)
    except ValueError as error:
        raise UsageError(str(error)) from None


def main_job() -> None:
    """Fit the predator-prey model, then print the estimates and the comparison of its gradients."""
    years = f"{predator_prey.FIRST_YEAR} to {predator_prey.FIRST_YEAR + predator_prey.HARE.size - 1}"
    print(f"Lotka-Volterra model, Hudson's Bay Company pelt record, {years}, in thousands of pelts")
    print("maximum likelihood, log-normal errors, Runge-Kutta 4; reverse-mode gradient driving L-BFGS-B")
    print()
    before, start = seconds_spent(), time.perf_counter()
    print(predator_prey.fit().table(), flush=True)
    compiling = seconds_spent() - before
    fitting = time.perf_counter() - start - compiling
    print(f"compiling took {compiling:.2g} s; starting Numba, loading what is on disk and fitting {fitting:.2g} s")
    print()
    print("The gradient at the starting point of the fit:")
    inputs = [f"log {name}" for name in predator_prey.NAMES]
    likelihood = predator_prey.negative_log_likelihood
    print(compare(likelihood, *_main_job_arguments(), argnums=(0,), inputs=inputs).table())


def _main_job_arguments() -> list:
    return [predator_prey.starting_point(), predator_prey.HARE, predator_prey.LYNX, predator_prey.STEPS_PER_YEAR]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m dualad",
        description="Fit the predator-prey model (no arguments), or compare the derivatives of a function of your own.",
        epilog="What a gradient costs, line by line: python -m dualad explain FILE.py:FUNCTION --at ARG. "
        f"The disk cache of compiled derivatives: {cache_command.USAGE}",
    )
    parser.add_argument("target", nargs="?", metavar="FILE.py:FUNCTION", help="the function to differentiate")
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="ARG",
        help="an argument, in order: a number (2 is an int, 2.0 a float), a comma list of floats, or a .npy file; "
        "floats are differentiated",
    )
    parser.add_argument("--source", choices=("reverse", "forward"), help="print the generated derivative code")
    parser.add_argument("--memory", metavar="SIZE", help="with explain: what the reverse sweep may store, as in 200MB")
    return parser


def _joined(argv: list[str]) -> list[str]:
    """Write ``--at X`` as ``--at=X``, so that argparse does not take ``-1,2`` or ``-1e-3`` for an option."""
    joined, words = [], iter(argv)
    for word in words:
        value = next(words, None) if word == "--at" else None
        joined.append(word if value is None else f"--at={value}")
    return joined


def load_function(target: str) -> Callable:
    """Import the function that ``FILE.py:FUNCTION`` names.

    Parameters
    ----------
    target : str
        Path and name, with a colon between them.

    Returns
    -------
    callable

    Raises
    ------
    UsageError
        If there is no such file or function, or the file cannot be imported.
    """
    path_text, colon, name = target.rpartition(":")
    if not colon or not path_text or not name:
        raise UsageError(f"{target}: expected FILE.py:FUNCTION")
    path = Path(path_text)
    if not path.is_file():
        raise UsageError(f"{path_text}: no such file")
    if path.suffix != ".py":
        raise UsageError(f"{path_text}: not a Python file (.py)")
    module_name = path.stem if path.stem not in sys.modules else f"dualad_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path.resolve())
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise UsageError(f"{path_text}: cannot be imported: {type(error).__name__}: {error}") from None
    finally:
        sys.path.pop(0)
    f = getattr(module, name, None)
    if f is None:
        raise UsageError(f"{path_text}: no function named {name}")
    if not callable(f) or isinstance(f, type):
        raise UsageError(f"{path_text}: {name} is not a function")
    return f


def parse_argument(text: str):
    """Read one ``--at``.

    Parameters
    ----------
    text : str
        A number, a comma list, or the path of a .npy file.

    Returns
    -------
    int, float or ndarray
        An int literal stays an int; a comma list becomes a float array.

    Raises
    ------
    UsageError
        If it is none of these, or the file cannot be read as real numbers.
    """
    if text.endswith(".npy"):
        try:
            loaded = np.load(text, allow_pickle=False)
        except FileNotFoundError:
            raise UsageError(f"--at {text}: no such file") from None
        except (OSError, ValueError, EOFError) as error:
            raise UsageError(f"--at {text}: cannot be read: {error}") from None
        if loaded.dtype.kind not in "biuf":
            raise UsageError(f"--at {text}: holds {loaded.dtype}, not real numbers")
        return loaded[()]
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            pass
    if "," in text:
        try:
            return np.array([float(item) for item in text.removesuffix(",").split(",")])
        except ValueError:
            pass
    raise UsageError(f"--at {text}: not a number, a comma list of numbers, or a .npy file")


def _check_call(f: Callable, args: list) -> None:
    try:
        signature_of(f).bind(*args)
    except TypeError as error:
        raise UsageError(f"{name_of(f)}: {error}; {len(args)} given with --at") from None
    except ValueError:
        raise UsageError(f"{name_of(f)} is not a Python function") from None


def _guarded(job: Callable, f: Callable, args: list):
    """Run `job`; if it fails because the user's function itself fails at `args`, say so in one line."""
    try:
        return job()
    except DualadError:
        raise
    except Exception:
        failure = _own_failure(f, args)
        if failure is None:
            raise
        shown = textwrap.shorten(_one_line(failure), 300)
        raise UsageError(f"{name_of(f)} fails at these arguments: {type(failure).__name__}: {shown}") from None


def _own_failure(f: Callable, args: list) -> Exception | None:
    try:
        compiled(f)(*[arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args])
    except Exception as failure:
        return failure
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
