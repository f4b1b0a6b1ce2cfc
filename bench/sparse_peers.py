"""The sparse programs of `bench.sparse` in asdex (JAX) and in CasADi, as their users would write them.

Each is (prepare, evaluate): `prepare` finds the pattern and colours it, `evaluate` takes the vector to the values of
the matrix. CasADi's functions are called with outputs in memory of their own, by their buffers, and are not compiled
by a C compiler: `just-in-time` would need one.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType

import numpy as np

PEERS = ("asdex", "casadi")


def installed() -> list[str]:
    """Return the peers that can be imported."""
    return [name for name in PEERS if find_spec(name) is not None]


def matrix_of(peer: str, name: str, x: np.ndarray, rest: tuple) -> tuple[Callable, Callable] | None:
    """Return what prepares a program of `bench.sparse` in another tool, and what evaluates it; None if it is not there.

    The first word of `name` is the program, the last whether its Jacobian or Hessian is asked for.
    """
    program, wants_hessian = name.split(",")[0].split(" ")[0], name.endswith("Hessian")
    return (_asdex if peer == "asdex" else _casadi)(program, wants_hessian, x, rest)


def _brusselator(w, n: int, rolled: Callable):  # noqa: ANN001
    a, b = w
    la = rolled(a, -1, 0) + rolled(a, 1, 0) + rolled(a, -1, 1) + rolled(a, 1, 1) - 4.0 * a
    lb = rolled(b, -1, 0) + rolled(b, 1, 0) + rolled(b, -1, 1) + rolled(b, 1, 1) - 4.0 * b
    return 1.0 + a * a * b - 4.4 * a + 10.0 * la, 3.4 * a - a * a * b + 10.0 * lb


def _in_jax(program: str, rest: tuple, jnp: ModuleType) -> Callable | None:
    if program == "Brusselator":
        (n,) = rest
        return lambda u: jnp.stack(_brusselator(u.reshape(2, n, n), n, jnp.roll)).ravel()
    if program == "Bratu":
        n, strength = rest

        def bratu(u):
            w = jnp.pad(u.reshape(n, n), 1)
            inner = w[1:-1, 1:-1]
            out = (w[:-2, 1:-1] + w[2:, 1:-1] + w[1:-1, :-2] + w[1:-1, 2:] - 4.0 * inner) * (n + 1) ** 2
            return (out + strength * jnp.exp(inner)).ravel()

        return bratu
    if program == "Rosenbrock":
        return lambda x: jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    return None


def _asdex(program: str, wants_hessian: bool, x: np.ndarray, rest: tuple) -> tuple[Callable, Callable] | None:
    import asdex
    import jax

    jax.config.update("jax_enable_x64", True)
    f = _in_jax(program, rest, jax.numpy)
    if f is None:
        return None
    colour = asdex.hessian_coloring if wants_hessian else asdex.jacobian_coloring
    values = asdex.hessian_from_coloring if wants_hessian else asdex.jacobian_from_coloring
    compiled = jax.jit(values(f, colour(f, x)))
    given = jax.numpy.asarray(x)
    return (lambda: colour(f, x)), (lambda: compiled(given).data.block_until_ready())


def _casadi(program: str, wants_hessian: bool, x: np.ndarray, rest: tuple) -> tuple[Callable, Callable] | None:
    import casadi

    def prepare():
        u = casadi.SX.sym("u", x.size)
        if program == "Brusselator":
            (n,) = rest
            w = [casadi.reshape(u[k * n * n : (k + 1) * n * n], n, n).T for k in range(2)]

            def rolled(a, shift: int, axis: int):
                order = [int(k) for k in np.roll(np.arange(n), shift)]
                return a[order, :] if axis == 0 else a[:, order]

            out = casadi.vertcat(*(casadi.vec(part.T) for part in _brusselator(w, n, rolled)))
        elif program == "Bratu":
            n, strength = rest
            inner = casadi.reshape(u, n, n).T
            row, column = casadi.SX.zeros(1, n), casadi.SX.zeros(n, 1)
            around = casadi.vertcat(row, inner[:-1, :]) + casadi.vertcat(inner[1:, :], row)
            around += casadi.horzcat(column, inner[:, :-1]) + casadi.horzcat(inner[:, 1:], column)
            out = casadi.vec(((around - 4.0 * inner) * (n + 1) ** 2 + strength * casadi.exp(inner)).T)
        elif program == "Rosenbrock":
            out = casadi.sum1(100.0 * (u[1:] - u[:-1] ** 2) ** 2 + (1.0 - u[:-1]) ** 2)
        else:
            return None
        matrix = casadi.hessian(out, u)[0] if wants_hessian else casadi.jacobian(out, u)
        return casadi.Function("f", [u], [matrix])

    function = prepare()
    if function is None:
        return None
    buffer, call = function.buffer()
    found = np.zeros(function.nnz_out(0))
    given = np.ascontiguousarray(x)
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(found))

    def evaluate(used: tuple = (function, buffer, given)) -> np.ndarray:  # which the call does not keep alive
        call()
        return found

    return prepare, evaluate
