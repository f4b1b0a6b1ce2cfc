"""Dispatchers that make their own function for each tuple of argument types, and how that is compiled."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import CodeType

import numpy as np
from numba import njit, types
from numba.core import ir as numba_ir
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, PassManager, register_pass
from numba.core.dispatcher import _FunctionCompiler
from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering, NativeParforLowering, NopythonTypeInference

from .. import progress
from .libraries import native_on_demand
from .repeated_work import done_once
from .stored import Kept, classes_by_token, keep_out_of_numbas_cache

__all__ = ["derivative_in", "inner_njit", "result_type", "specialising_dispatcher", "unit_njit"]

_NOT_NEEDED = ("FindLiterallyCalls", "InlineClosureLikes", "InlineInlinables", "InlineOverloads", "LiteralUnroll")
"""Passes of Numba's for what generated functions do not have: closures, comprehensions, options `inline`."""


_PARALLEL = ("comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion", "prange")
"""Numba's options of what is to run on several threads."""


@register_pass(mutates_CFG=False, analysis_only=True)
class _Marking(AnalysisPass):
    _name = "marking_for_numbas_cache"

    def __init__(self):
        super().__init__()

    def run_pass(self, state: object) -> bool:
        keep_out_of_numbas_cache(state.library)
        progress.stage("native code, by LLVM")
        return False


class _NotOneType(NumbaError):
    """A variable is a contiguous array in one place and another one elsewhere."""


@register_pass(mutates_CFG=False, analysis_only=True)
class _OneLayout(AnalysisPass):
    """Refuses results of array expressions in variables that hold other views as well: Numba makes no such results."""

    _name = "one_layout"

    def __init__(self):
        super().__init__()

    def run_pass(self, state: object) -> bool:
        for block in state.func_ir.blocks.values():
            for assign in block.find_insts(numba_ir.Assign):
                target = state.typemap[assign.target.name]
                found = state.calltypes.get(assign.value) if isinstance(assign.value, numba_ir.Expr) else None
                if isinstance(target, types.Array) and target.layout == "A" and found is not None:
                    if getattr(found.return_type, "layout", "A") != "A":
                        raise _NotOneType(assign.target.name)
        return False


@register_pass(mutates_CFG=False, analysis_only=True)
class _WithSSA(AnalysisPass):
    _name = "with_ssa"

    def __init__(self):
        super().__init__()

    def run_pass(self, state: object) -> bool:
        state.flags.enable_ssa, state.status.fail_reason = True, None
        state.return_type = state.given_return_type  # not what types were found without
        return False


class _Generated(CompilerBase):
    """Numba's nopython pipeline for generated functions, without what they have no use for.

    Each variable has one type, so the SSA pass would only add copies; with Numba's types for what it adds it took a
    sixth of the time to a gradient. Where a variable is an array of two layouts, it is needed all the same.
    """

    def define_pipelines(self) -> list:
        self.state.given_return_type = self.state.return_type
        with_ssa, without = self._pipeline(True), self._pipeline(False)
        with_ssa.passes.insert(0, (_WithSSA, "SSA after all"))
        without.add_pass_after(_OneLayout, NopythonTypeInference)
        for passes in (without, with_ssa):
            passes.finalize()
        return [without, with_ssa]

    def _pipeline(self, has_ssa: bool) -> PassManager:
        flags, code = self.state.flags, self.state.func_id.code
        flags.enable_ssa = has_ssa
        keeps_all = flags.auto_parallel.enabled or any(isinstance(c, CodeType) for c in code.co_consts)
        passes = PassManager("generated")
        for step, description in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            if keeps_all or step.__name__ not in _NOT_NEEDED:
                passes.add_pass(step, description)
        passes.add_pass_after(_Marking, NativeParforLowering if flags.auto_parallel.enabled else NativeLowering)
        return passes


class _SpecialisingCompiler(_FunctionCompiler):
    """Compiles, for each tuple of argument types, the function that `specialise` makes for them."""

    specialise: Callable

    def _compile_core(self, args: tuple, return_type: object) -> object:
        with progress.compiling(self.py_func.__name__), native_on_demand(), done_once(), classes_by_token() as tokens:
            result = super()._compile_core(args, return_type)
            result.library.tokens_of_dualad = dict(tokens)
            return result

    def _get_implementation(self, args: tuple, kws: dict) -> Callable:
        made = self.specialise(args)
        progress.stage("types and code, by Numba")
        return made


class RecordsGiven(Exception):
    """Python has called a derivative with a record array, which is to be taken apart before."""


class _SpecialisingDispatcher(CPUDispatcher):
    """A dispatcher with such a compiler; it is pickled as the `derivative` that it belongs to."""

    derivative: object = None

    def __init__(self, stub: Callable, specialise: Callable, options: dict):
        super().__init__(stub, targetoptions=options)
        old = self._compiler
        self._compiler = _SpecialisingCompiler(stub, old.targetdescr, old.targetoptions, old.locals, _Generated)
        self._compiler.specialise = specialise

    def _compile_for_args(self, *args: object, **kwargs: object) -> object:
        if any(isinstance(x, np.ndarray) and x.dtype.names is not None for x in (*args, *kwargs.values())):
            raise RecordsGiven
        return super()._compile_for_args(*args, **kwargs)

    def __reduce__(self) -> tuple:
        if self.derivative is None:
            raise TypeError(f"{self.py_func.__name__} belongs to generated code and cannot be pickled")
        return operator.attrgetter("dispatcher"), (self.derivative,)

    def __copy__(self) -> _SpecialisingDispatcher:
        return self

    def __deepcopy__(self, memo: dict) -> _SpecialisingDispatcher:
        return self


def derivative_in(f: object) -> object:
    """Return the derivative that a dispatcher belongs to; anything else as it is."""
    return f.derivative if isinstance(f, _SpecialisingDispatcher) and f.derivative is not None else f


def unit_njit(error_model: str) -> Callable:
    """Return the decorator of generated functions that call each other; they are compiled for Python as well."""
    return njit(error_model=error_model, pipeline_class=_Generated)


def inner_njit(function: Callable) -> object:
    """Compile a function that only jitted code calls: what lets Python call it takes a tenth of the time."""
    return njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def specialising_dispatcher(
    stub: Callable, specialise: Callable, is_inner: bool = False, keeper: object = None, is_parallel: bool = False
) -> object:
    """Return a Numba dispatcher that makes its own implementation for each tuple of argument types.

    It is called like any jitted function, from Python (unless it is an inner one) and from other jitted functions.

    Parameters
    ----------
    stub : function
        Gives the signature: parameter names, defaults, star.
    specialise : callable
        Takes a tuple of Numba types and returns a Python function with the stub's signature.
    is_inner : bool
        Whether only jitted code calls it.
    keeper : stored.Keeper, optional
        Knows what was compiled before.
    is_parallel : bool
        Whether loops over `prange` run on several threads.
    """
    options = {"nopython": True, "error_model": "numpy"}
    if is_parallel:
        options |= {"parallel": {name: name == "prange" for name in _PARALLEL}}
    if is_inner:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher = _SpecialisingDispatcher(stub, specialise, options)
    if keeper is not None:
        dispatcher._cache = Kept(keeper)
    return dispatcher


def result_type(dispatcher: object) -> object:
    """Return the type of the result of what a dispatcher compiled last."""
    return list(dispatcher.overloads.values())[-1].signature.return_type
