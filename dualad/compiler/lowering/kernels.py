"""Calls of what @vectorize, @guvectorize and @stencil make: the loops that Numba writes around a Python function.

A ufunc stays one operation on arrays, of which the function of numbers is inlined when the array operations that carry
derivatives become loops (`transform.legalise`). A generalised ufunc and a stencil become loops here: over the axes that
are not the core's, and over the places that have all their neighbours::

    @guvectorize(..., "(n),()->(n)")            for i in range(m): kernel(a[i], w, out[i])

    @stencil                                    out = np.full(a.shape, 0.0)
    def mean(a):                                for i in range(1, n - 1):
        return 0.5 * (a[-1] + a[1])                 out[i] = 0.5 * (a[i - 1] + a[i + 1])
"""

from __future__ import annotations

import ast
import ctypes
import operator
import sys
from types import FunctionType

import numpy as np
from numba import types

from ...rules import broadcasting, registry
from ..ir import Block, Const, Global, Place, Slice, TupleOf, Var
from ..runtime.numba_bridge.choices import class_of
from ..runtime.numba_bridge.kernels import Elementwise, Generalised, Stencil, elementwise, is_of_numbers, kernel_of
from .parallel_arrays import PRANGE
from .stencil_parts import StencilPart
from .values import Iteration, Relative


def native_of(f: object) -> object:
    """Return the function of numbers that stands for one of scipy.special, or for a pointer to one; None for others."""
    module = sys.modules.get("scipy.special")
    if isinstance(f, np.ufunc | FunctionType) and module is not None and getattr(module, f.__name__, None) is f:
        from ...rules.scipy_special import NATIVE

        return NATIVE.get(f)
    is_pointer = isinstance(f, ctypes._CFuncPtr | types.WrapperAddressProtocol)
    if is_pointer and "scipy.special.cython_special" in sys.modules:
        from ...rules.scipy_special import BY_ADDRESS

        if isinstance(f, ctypes._CFuncPtr):
            return BY_ADDRESS.get(ctypes.cast(f, ctypes.c_void_p).value)
        return BY_ADDRESS.get(f.__wrapper_address__())
    return None


class Kernels:
    """The part of `Lowering` that deals with them."""

    def call_native(self, f: object, native: object, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call a function of scipy.special: with numbers, or element by element."""
        count = f.nin if isinstance(f, np.ufunc) else len(args)
        name = f"scipy.special.{f.__name__}" if isinstance(f, np.ufunc) else ast.unparse(node.func)
        out = None
        if isinstance(f, np.ufunc):
            args, kwargs, out = self.split_out(f, args, kwargs, node)
        if kwargs or len(args) != count:
            what = f"with the argument {next(iter(kwargs))!r}" if kwargs else f"with {len(args)} arguments"
            raise self.fail(node, f"{name} {what}", f"give it its {count} operands alone")
        args = [self.as_operand(self.as_array(a, node), node) for a in args]
        known = [self.type_if_known(a, node) for a in args]
        if all(isinstance(t, types.Number | types.Boolean) for t in known):
            value = self.emit(native, tuple(args), node, hint)
        else:
            value = self.emit(elementwise(native, name.rpartition(".")[2], count), tuple(args), node, hint)
        return value if out is None else self.written_into(out, value, node)

    def call_other(self, f: object, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call what is no function of Python's: a ufunc, a stencil, a pointer, a generator; None for others."""
        kernel = kernel_of(f) if registry.find(f) is None else None
        if kernel is not None:
            return self.call_kernel(kernel, args, kwargs, node, hint)
        native = native_of(f)
        if native is not None:
            return self.call_native(f, native, args, kwargs, node, hint)
        if f is np.piecewise and len(args) > 2:
            return self.piecewise(args, kwargs, node)
        made = self.at_places(f, args, node)
        return self.drawn(f, args, kwargs, node) if made is None else made

    def call_kernel(
        self, kernel: Elementwise | Generalised | Stencil, args: list, kwargs: dict, node: ast.AST, hint: str
    ) -> object:
        out = kwargs.pop("out", Const(None))
        if kwargs:
            raise self.fail(node, f"{kernel.__name__} with the argument {next(iter(kwargs))!r}", "leave it out")
        args = [self.as_operand(self.as_array(a, node), node) for a in args]
        if isinstance(kernel, Stencil):
            return self.call_stencil(kernel, args, out, node)
        if isinstance(kernel, Generalised):
            outs = list(out.items) if isinstance(out, TupleOf) else [] if out == Const(None) else [out]
            return self.call_generalised(kernel, [*args, *outs], node)
        if len(args) > kernel.count:
            out = args.pop()
        if len(args) != kernel.count:
            raise self.fail(node, f"{kernel.__name__} with {len(args)} arguments", f"it takes {kernel.count}")
        value = self.emit(kernel, tuple(args), node, hint)
        return value if out == Const(None) else self.written_into(out, value, node)

    def looped(self, node: ast.AST, bounds: list[tuple], body: object) -> None:
        """Lower nested loops; `body` gets the indices."""

        def nest(rest: list[tuple], indices: list) -> None:
            if not rest:
                body(indices)
                return
            over = Iteration(rest[0][0], rest[0][1], Const(1), lambda i: i)
            self.loop(node, [], [], None, lambda i: nest(rest[1:], [*indices, i]), "ijklm"[len(indices) % 5], over)

        nest(bounds, [])

    def sizes_of(self, x: object, count: int, node: ast.AST) -> list:
        """Return the lengths of the first axes of an array."""
        if not count:
            return []
        shape = self.emit("attr", (x,), node, "shape", None, "shape")
        return [self.emit("getitem", (shape, Const(k)), node, "n") for k in range(count)]

    def must_be(self, test: object, message: str, node: ast.AST) -> None:
        self.branch(test, lambda: None, lambda: self.raise_(ValueError, [ast.Constant(message)], node), node)

    # ---------------------------------------------------------------- generalised ufuncs

    def call_generalised(self, kernel: Generalised, args: list, node: ast.AST) -> object:
        count, all_ = len(kernel.inputs), len(kernel.inputs) + len(kernel.outputs)
        if len(args) not in ((count, all_) if kernel.signatures else (all_,)):
            remedy = f"it takes {count}, and perhaps {all_ - count} to write into" if kernel.signatures else (
                f"it has no signatures, so it takes {all_}, of which the last are written into"
            )  # fmt: skip
            raise self.fail(node, f"{kernel.__name__} with {len(args)} arguments", remedy)
        known = [self.type_of(a, node) for a in args]
        dtypes = tuple(getattr(t, "dtype", t) for t in known)
        declared = kernel.signature(dtypes[:count])
        inputs: list = []
        loops: list[list] = []  # the lengths of the axes of each input that are not the core's
        cores: dict[str, object] = {}
        for k, (x, ty, core) in enumerate(zip(args, known, kernel.inputs, strict=False)):
            ndim = getattr(ty, "ndim", 0)
            if ndim < len(core):
                raise self.fail(node, f"{kernel.__name__} of {ndim} dimensions", f"it needs {len(core)}")
            dtype = dtypes[k] if declared is None else getattr(declared[k], "dtype", declared[k])
            if dtype != dtypes[k]:
                wanted = Global(getattr(np, str(dtype)))
                x = self.emit("method", (x, wanted), node, "t", None, "astype") if ndim else self.emit(
                    class_of(dtype), (x,), node
                )  # fmt: skip
            sizes = self.sizes_of(x, ndim, node)
            loops.append(sizes[: ndim - len(core)])
            inputs.append(x)
            for name, size in zip(core, sizes[ndim - len(core) :], strict=True):
                if name in cores:
                    same = self.operation(operator.eq, (cores[name], size), node)
                    self.must_be(same, f"{kernel.__name__}: core dimension {name} has two lengths", node)
                cores.setdefault(name, size)
        depth = max(map(len, loops))
        common, axes = self.common_axes(loops, depth, node)
        outs = args[count:] or [
            self.new_output(core, common, cores, types.float64 if declared is None else declared[count + j].dtype, node)
            for j, core in enumerate(kernel.outputs)
        ]
        given = bool(args[count:])
        f = self.function_value(kernel.kernel)

        def body(indices: list) -> None:
            parts = []
            for k, (x, core) in enumerate(zip(inputs, kernel.inputs, strict=True)):
                part = self.emit("getitem", (x, *axes(k, indices)), node) if loops[k] else x
                if not core and declared is not None and not is_of_numbers(declared[k]):
                    part = self.emit("pack", (part,), node, "t", None, (1,))
                parts.append(part)
            results = []
            for out, core in zip(outs, kernel.outputs, strict=True):
                whole = given and not core
                results.append(
                    self.emit(np.zeros, (Const(1), self.dtype_of(out, node)), node)
                    if whole
                    else self.emit("getitem", (out, *indices), node) if indices else out
                )  # fmt: skip
            self.call_function(f, [*parts, *results], {}, node)
            for out, core, result in zip(outs, kernel.outputs, results, strict=True):
                if given and not core:
                    value = self.emit("getitem", (result, Const(0)), node)
                    self.effect("setitem", (out, *indices, value), node)

        self.looped(node, [(Const(0), n) for n in common], body)
        if given:
            return outs[0] if len(outs) == 1 else TupleOf(tuple(outs))
        found = [
            out if core else self.emit("getitem", (out, *([Global(...)] if depth else []), Const(0)), node)
            for out, core in zip(outs, kernel.outputs, strict=True)
        ]
        return found[0] if len(found) == 1 else TupleOf(tuple(found))

    def common_axes(self, loops: list[list], depth: int, node: ast.AST) -> tuple[list, object]:
        """Return the lengths of the axes to loop over, and a function that tells where an input is read."""
        common: list = []
        for axis in range(depth):
            sizes = [s[axis - depth] for s in loops if len(s) >= depth - axis]
            size = sizes[0]
            for other in sizes[1:]:
                size = self.operation(broadcasting.common_size, (size, other), node, "n")
            common.append(size)
        steps: dict[tuple, object] = {}
        for k, sizes in enumerate(loops):
            for j, size in enumerate(sizes):
                if size is not common[j + depth - len(sizes)]:
                    longer = self.emit(operator.ne, (size, Const(1)), node)
                    steps[k, j] = self.emit(int, (longer,), node, "step")

        def axes(k: int, indices: list) -> list:
            own = indices[depth - len(loops[k]) :]
            return [
                self.emit(operator.mul, (i, steps[k, j]), node) if (k, j) in steps else i for j, i in enumerate(own)
            ]

        return common, axes

    def new_output(self, core: tuple, common: list, cores: dict, dtype: object, node: ast.AST) -> Var:
        missing = [name for name in core if name not in cores]
        if missing:
            raise self.fail(node, f"an output of unknown length ({missing[0]})", "give the array to write into")
        shape = TupleOf((*common, *([cores[name] for name in core] or [Const(1)])))
        return self.emit(np.zeros, (shape, Global(getattr(np, str(dtype)))), node, "out")

    def dtype_of(self, x: object, node: ast.AST) -> Global:
        return Global(getattr(np, str(self.type_of(x, node).dtype)))

    # ---------------------------------------------------------------- stencils

    def call_stencil(self, kernel: Stencil, args: list, out: object, node: ast.AST) -> Var:
        f = self.function_value(kernel.kernel)
        names = [p.arg for p in [*f.node.args.posonlyargs, *f.node.args.args]]
        ndim = self.dimensions_of(args[0], node) if args else 0
        if not ndim or len(names) != len(args):
            raise self.fail(node, f"{kernel.__name__} of these arguments", f"it takes {', '.join(names)}")
        near = [
            k
            for k, (name, x) in enumerate(zip(names, args, strict=True))
            if name not in kernel.standard_indexing and self.dimensions_of(x, node) > 0
        ]
        lengths = self.sizes_of(args[0], ndim, node)
        for k in near[1:]:
            if self.dimensions_of(args[k], node) != ndim:
                raise self.fail(node, f"{kernel.__name__} of arrays of several dimensions", "give them as many")
            for n, m in zip(lengths, self.sizes_of(args[k], ndim, node), strict=True):
                fits = self.operation(operator.le, (n, m), node)
                self.must_be(fits, f"{kernel.__name__}: {names[k]} is smaller than {names[0]}", node)

        seen: list[tuple[int, ...]] = []
        outer, self.block = self.block, Block()
        try:  # once for the distances and the type of the result
            place = [Var(self.namer.fresh("i"), types.int64) for _ in range(ndim)]
            value = self.at_place(f, args, near, place, node, seen)
            dtype = self.type_of(value, node)
        finally:
            self.block = outer
        bounds = kernel.neighborhood
        if bounds is None:
            if not all(isinstance(d, int) for place in seen for d in place):
                what = f"{kernel.__name__}, whose distances are known only at run time,"
                raise self.fail(node, what, "give @stencil the option neighborhood")
            bounds = [(min(0, *column), max(0, *column)) for column in zip(*seen, strict=True)] or [(0, 0)] * ndim
        if out == Const(None):
            shape = self.emit("attr", (args[0],), node, "shape", None, "shape")
            fill = Const(type(kernel.cval)(kernel.cval) if isinstance(kernel.cval, int | float) else kernel.cval)
            made = self.emit(np.full, (shape, fill, Global(getattr(np, str(dtype)))), node, "out")
        else:
            made = out
            if kernel.has_cval:
                self.effect("setitem", (made, Global(...), Const(kernel.cval)), node)
        ranges = []
        for n, (low, high) in zip(lengths, bounds, strict=True):
            stop = self.operation(operator.sub, (n, Const(max(0, high))), node) if high > 0 else n
            ranges.append((Const(-min(0, low)), stop))
        if self.shares_arrays:
            lows = [low for low, _ in ranges]
            part = StencilPart(f, args, near, lows, getattr(np, str(dtype)), node, Place.of(self.place(node), PRANGE))
            self.stencil_on_threads(made, part, ranges)
            return made
        store = lambda i: self.effect("setitem", (made, *i, self.at_place(f, args, near, i, node)), node)  # noqa: E731
        self.looped(node, ranges, store)
        return made

    def at_place(
        self, f: object, args: list, near: list, place: list, node: ast.AST, seen: list | None = None
    ) -> object:
        """Return what the kernel of a stencil gives at a place."""
        given = [Relative(x, tuple(place), seen) if k in near else x for k, x in enumerate(args)]
        return self.as_operand(self.call_function(f, given, {}, node), node)

    def stencil_on_threads(self, made: Var, part: StencilPart, ranges: list) -> None:
        """Emit the call of what each thread does of a stencil, and the stores of the results."""
        node = part.node
        outer, self.origin = self.origin, part.place
        try:
            lengths = [self.operation(operator.sub, (high, low), node, "n") for low, high in ranges]
            lengths = [self.operation(max, (n, Const(0)), node, "n") for n in lengths]
            operands = [part.lows[0], lengths[0], *part.operands(), *lengths[1:]]
            found = self.call_shared(part, operands, part.roles(), part.results(), node)
            own = [Slice(low, high, Const(None)) for low, high in ranges]
            self.store_own(made, own, found[0], len(ranges), node)
        finally:
            self.origin = outer

    def at_distance(self, base: Relative, index: tuple, node: ast.Subscript) -> Var:
        """Return an element of an array that is indexed by the distance from a place."""
        if len(index) != len(base.place) or not all(isinstance(d, Const | Var) for d in index):
            remedy = f"give {len(base.place)} distances, one for each axis"
            raise self.fail(node, f"{ast.unparse(node)} in a stencil", remedy)
        if base.seen is not None:
            base.seen.append(tuple(d.value if isinstance(d, Const) else None for d in index))
        where = [i if d == Const(0) else self.operation(operator.add, (i, d), node) for i, d in zip(base.place, index)]
        return self.emit("getitem", (base.array, *where), node)
