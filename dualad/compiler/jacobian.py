"""Jacobians, as loops over directions (forward) or over the elements of the result (reverse).

    def f_jacfwd(x):                                       def f_jacrev(x):
        x_dot, x_dot_1 = zeros, zeros                          out, out_bar = f(x), zeros
        for first in range(0, x.size, 2):                      for k in range(out.size):
            x_dot[first] = x_dot_1[first + 1] = 1                  out_bar[k] = 1
            out_dot, out_dot_1 = f_jvp(x, x_dot, x_dot_1)          jacobian[k] = f_grad(x, out_bar)
            jacobian[:, first], ... = out_dot, ...                 out_bar[k] = 0
            x_dot[first] = x_dot_1[first + 1] = 0

Forward mode takes `DIRECTIONS` directions at a time, and computes the primal once for all of them. The text is plain
Python for the types at hand; a Jacobian within a differentiated function is read from it again.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import njit, types

from .emit import Scope

DIRECTIONS = 4
"""More directions save more of the primal, and take longer to compile; the gain is measured in bench/."""


def directions(x: object) -> int:
    """Return how many directions an argument of a type is given at a time."""
    return DIRECTIONS if isinstance(x, types.Array) else 1


class JacobianText:
    """Prints one Jacobian: of a number or array `out` by a number or array `x`, given their types."""

    def __init__(self, scope: Scope, params: list[str], wrt: int, x: object, out: object):
        self.scope = scope
        self.params, self.x, self.out = params, x, out
        self.name = params[wrt]
        self.lines: list[str] = []

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def fresh(self, hint: str) -> str:
        return self.scope.namer.fresh(hint)

    def dtype(self) -> str:
        ty = self.x.dtype if isinstance(self.x, types.Array) else self.x
        return ", np.float32" if ty == types.float32 else ""

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def head(self, name: str) -> None:
        self.line(0, f"def {name}({', '.join(self.params)}):")

    def forward(self, name: str, tangent: Callable, count: int) -> None:
        """Print the Jacobian by forward mode; `tangent` is the generated function of `count` directions."""
        self.head(name)
        call = self.scope.bind(njit(error_model="numpy")(tangent), tangent.__name__)
        given = ", ".join(self.params)
        if not isinstance(self.x, types.Array):
            one = "np.float32(1.0)" if self.x == types.float32 else "1.0"
            self.line(1, f"return {call}({given}, {one})[1]")
            return
        dots = [self.fresh(f"{self.name}_dot") for _ in range(count)]
        outs = [self.fresh("out_dot") for _ in range(count)]
        size, first, jac = self.fresh("size"), self.fresh("first"), self.fresh("jacobian")
        rows = "1" if not isinstance(self.out, types.Array) else f"{outs[0]}.size"
        self.line(1, f"{size} = {self.name}.size")
        for dot in dots:
            self.line(1, f"{dot} = np.zeros({size}{self.dtype()})")
        self.line(1, f"{jac} = np.empty((0, 0){self.dtype()})")
        self.line(1, f"for {first} in range(0, max({size}, 1), {count}):")  # once, for the shape, if x is empty
        for k, dot in enumerate(dots):
            self.line(2, f"if {first} + {k} < {size}:")
            self.line(3, f"{dot}[{first} + {k}] = 1.0")
        seeds = ", ".join(f"{dot}.reshape({self.name}.shape)" for dot in dots)
        self.line(2, f"_, {', '.join(outs)} = {call}({given}, {seeds})")
        self.line(2, f"if {first} == 0:")
        self.line(3, f"{jac} = np.empty(({rows}, {size}){self.dtype()})")
        for k, (dot, out) in enumerate(zip(dots, outs, strict=True)):
            self.line(2, f"if {first} + {k} < {size}:")
            column = f"{out}.ravel()" if isinstance(self.out, types.Array) else out
            self.line(3, f"{jac}[:, {first} + {k}] = {column}")
            self.line(3, f"{dot}[{first} + {k}] = 0.0")
        shape = f"{outs[0]}.shape + {self.name}.shape" if isinstance(self.out, types.Array) else f"{self.name}.shape"
        self.line(1, f"return {jac}.reshape({shape})")

    def reverse(self, name: str, value: object, pullback: object) -> None:
        """Print the Jacobian by reverse mode; `value` gives the result, `pullback` its vector-Jacobian product."""
        self.head(name)
        given = ", ".join(self.params)
        call = self.scope.bind(pullback, pullback.__name__)
        if not isinstance(self.out, types.Array):
            one = "np.float32(1.0)" if self.out == types.float32 else "1.0"
            self.line(1, f"return {call}({given}, {one})")
            return
        out, bar, k, jac = self.fresh("out"), self.fresh("out_bar"), self.fresh("k"), self.fresh("jacobian")
        columns = f"{self.name}.size" if isinstance(self.x, types.Array) else "1"
        row = self.fresh(f"{self.name}_bar")
        single = ", np.float32" if self.out.dtype == types.float32 else ""
        self.line(1, f"{out} = {self.scope.bind(value, value.__name__)}({given})")
        self.line(1, f"{bar} = np.zeros({out}.size{single})")
        self.line(1, f"{jac} = np.empty(({out}.size, {columns}){self.dtype()})")
        self.line(1, f"for {k} in range({out}.size):")
        self.line(2, f"{bar}[{k}] = 1.0")
        self.line(2, f"{row} = {call}({given}, {bar}.reshape({out}.shape))")
        self.line(2, f"{jac}[{k}, :] = {row}{'.ravel()' if isinstance(self.x, types.Array) else ''}")
        self.line(2, f"{bar}[{k}] = 0.0")
        shape = f"{out}.shape + {self.name}.shape" if isinstance(self.x, types.Array) else f"{out}.shape"
        self.line(1, f"return {jac}.reshape({shape})")

    def either(self, name: str, value: object, forward: object, reverse: object) -> None:
        """Print the choice between the two, by the sizes of argument and result."""
        self.head(name)
        given = ", ".join(self.params)
        fwd, rev = (self.scope.bind(d, d.__name__) for d in (forward, reverse))
        if not (isinstance(self.x, types.Array) and isinstance(self.out, types.Array)):
            self.line(1, f"return {fwd if isinstance(self.out, types.Array) else rev}({given})")
            return
        out = self.fresh("out")
        self.line(1, f"{out} = {self.scope.bind(value, value.__name__)}({given})")
        self.line(1, f"if {self.name}.size <= 2 * {out}.size:")
        self.line(2, f"return {fwd}({given})")
        self.line(1, f"return {rev}({given})")
