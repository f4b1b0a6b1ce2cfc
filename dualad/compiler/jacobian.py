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

    def copy(self, depth: int, name: str, ty: object, cell: Callable) -> None:
        """Print the copy of a number or array into cells, as a loop: Numba takes a second over a slice assignment."""
        if not isinstance(ty, types.Array):
            self.line(depth, f"{cell('0')} = {name}")
            return
        flat = name
        if ty.ndim != 1:
            flat = self.fresh(f"{name}_flat")
            self.line(depth, f"{flat} = {name}.ravel()")
        r = self.fresh("r")
        self.line(depth, f"for {r} in range({flat}.size):")
        self.line(depth + 1, f"{cell(r)} = {flat}[{r}]")

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
        rows = f"{outs[0]}.size" if isinstance(self.out, types.Array) else "1"
        self.line(1, f"{size} = {self.name}.size")
        for dot in dots:
            self.line(1, f"{dot} = np.zeros({size}{self.dtype()})")
        self.line(1, f"{jac} = np.empty((0, 0){self.dtype()})")
        self.line(1, f"for {first} in range(0, max({size}, 1), {count}):")  # once, for the shape, if x is empty
        places = [f"{first} + {k}" if k else first for k in range(count)]
        for dot, place in zip(dots, places, strict=True):
            self.line(2, f"if {place} < {size}:")
            self.line(3, f"{dot}[{place}] = 1.0")
        seeds = ", ".join(dots if self.x.ndim == 1 else [f"{dot}.reshape({self.name}.shape)" for dot in dots])
        self.line(2, f"_, {', '.join(outs)} = {call}({given}, {seeds})")
        self.line(2, f"if {first} == 0:")
        self.line(3, f"{jac} = np.empty(({rows}, {size}){self.dtype()})")
        for dot, out, place in zip(dots, outs, places, strict=True):
            self.line(2, f"if {place} < {size}:")
            self.line(3, f"{dot}[{place}] = 0.0")
            self.copy(3, out, self.out, lambda r, place=place: f"{jac}[{r}, {place}]")
        self.line(1, f"return {_reshaped(jac, outs[0], self.out, self.name, self.x)}")

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
        seed = bar if self.out.ndim == 1 else f"{bar}.reshape({out}.shape)"
        self.line(2, f"{row} = {call}({given}, {seed})")
        self.copy(2, row, self.x, lambda r: f"{jac}[{k}, {r}]")
        self.line(2, f"{bar}[{k}] = 0.0")
        self.line(1, f"return {_reshaped(jac, out, self.out, self.name, self.x)}")

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


def _reshaped(jac: str, out: str, out_type: object, x: str, x_type: object) -> str:
    """Return the text of a matrix in the shape of a Jacobian."""
    arrays = [(n, t) for n, t in ((out, out_type), (x, x_type)) if isinstance(t, types.Array)]
    if [t.ndim for _, t in arrays] == [1, 1]:
        return jac
    return f"{jac}.reshape({' + '.join(f'{n}.shape' for n, _ in arrays)})"
