"""Libraries of compiled code of which native code is made when somebody asks for an address in them.

Numba optimises each function to the end and makes native code of it, also of those that only become parts of others:
a gradient with a solver in it has some thirty of them, np.dot and what that calls among them. Here such a part is
linked into what calls it, and the whole is optimised and made native once. What lets Python call a part is not made
either, until Python calls it.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator

import llvmlite.binding as llvm
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.cpu import CPUContext
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from .. import generated
from .hooks import hooked

__all__ = ["native_on_demand"]

_ENVIRONMENT = "_ZN08NumbaEnv"
"""How the names of those globals begin through which a compiled function finds its constants."""

_OWN = ("dualad.", "numba.")
"""Whose functions Python calls seldom. Recursive ones of the user's find each other by the addresses of native code."""


def _preferred_width() -> str | None:
    """Return the attribute for vectors of 512 bits where LLVM takes half of a register by itself; None elsewhere.

    It does so for every processor of Intel's that has AVX-512, as the first of them ran slower with all of it. From
    Ice Lake on, which VBMI2 tells, they do not.
    """
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:
        return None
    return '"prefer-vector-width"="512"' if features.get("avx512f") and features.get("avx512vbmi2") else None


_WIDTH = _preferred_width()

_wrapped = CPUContext.create_cpython_wrapper
_executable = CPUContext.get_executable
_added = Dispatcher.add_overload


class _OnDemand(JITCodeLibrary):
    """A library that is linked as it is after Numba's first, cheap passes, until native code of it is needed."""

    _is_native = False

    def __init__(self, codegen: object, name: str):
        super().__init__(codegen, name)
        self._wrappers: dict[str, Callable] = {}
        """What makes those functions that let Python call others, by their names."""

    def add_ir_module(self, ir_module: object) -> None:
        if _WIDTH is not None:
            for function in ir_module.functions:
                if not function.is_declaration:
                    set.add(function.attributes, _WIDTH)  # past llvmlite's list of the attributes that it knows
        super().add_ir_module(ir_module)

    def finalize(self) -> None:
        """Link what this library calls, so that it can be linked itself."""
        self._link(self._linking_libraries)
        codegen = self._codegen
        passes, builder = codegen._module_pass_manager(
            loop_vectorize=codegen._loopvect, slp_vectorize=False, opt=codegen._opt_level, cost="cheap"
        )
        passes.run(self._final_module, builder)
        self._final_module.verify()
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def _link(self, libraries: list) -> None:
        for library in dict.fromkeys(libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)

    def _optimize_functions(self, ll_module: object) -> None:
        """Put the values of each function into registers, without more: the passes over the whole do the rest.

        At Numba's level, that of the whole, it takes a tenth of the time to a gradient, and changes no row of
        `bench.table` or `bench.arrays` by more than a measurement does.
        """
        ll_module.data_layout = self._codegen._data_layout
        passes, builder = self._codegen._function_pass_manager(opt=min(config.OPT, 1))
        for function in ll_module.functions:
            passes.run(function, builder)

    def _define_environments(self) -> None:
        """Give the process the globals of environments, which Numba fills when it has compiled a function."""
        engine = self._codegen._engine
        names = [g.name for g in self._final_module.global_variables if g.name.startswith(_ENVIRONMENT)]
        new = [name for name in names if not engine.is_symbol_defined(name)]
        if new:
            module = llvm.parse_assembly("\n".join(f'@"{name}" = common global i8* null' for name in new))
            engine.add_module(module)

    def get_pointer_to_function(self, name: str) -> int:
        """Return the address of a function, 0 if there is none of that name."""
        self._ensure_finalized()
        if not self._is_native:
            if name not in self._wrappers and not any(f.name == name for f in self.get_defined_functions()):
                self._define_environments()
                return 0
            self._make_native()
        return super().get_pointer_to_function(name)

    def serialize_using_object_code(self) -> tuple:
        self._ensure_finalized()
        self._make_native()
        return super().serialize_using_object_code()

    def _make_native(self) -> None:
        if self._is_native:
            return
        self._is_native = True
        for make in self._wrappers.values():
            wrapper = _OnDemand(self._codegen, self.name)
            make(wrapper)
            self._final_module.link_in(wrapper._final_module)
            self._link(wrapper._linking_libraries)  # LLVM takes of it what is called
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)
        self._dynamic_globals.clear()
        self._finalize_final_module()


class _Later:
    """Stands for what Python calls a compiled function by, until Python does, and keeps it alive afterwards.

    The dispatcher that the function is inserted into does not.
    """

    def __init__(self, make: Callable):
        self.make = make
        self.insert: Callable | None = None
        self.function: Callable | None = None

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self.function is None:
            self.function = self.make()
            if self.insert is not None:
                self.insert(self.function)
        return self.function(*args, **kwargs)


def _add_overload(dispatcher: object, compiled: object) -> None:
    """Let a dispatcher call what was compiled for it, be it that Python will never do so."""
    if not isinstance(compiled.entry_point, _Later):
        _added(dispatcher, compiled)
        return
    given = tuple(compiled.signature.args)
    dispatcher.overloads[given] = compiled
    owner, codes = weakref.ref(dispatcher), [ty._code for ty in given]
    compiled.entry_point.insert = lambda function: owner()._insert(codes, function)


@contextlib.contextmanager
def native_on_demand() -> Iterator[None]:
    """Let what is compiled meanwhile be made native on demand; Numba's own runtime is native before."""

    def create_cpython_wrapper(context, library, fndesc, env, call_helper, release_gil=False):
        def make(wrapper: object) -> None:
            with context.push_code_library(wrapper):
                _wrapped(context, wrapper, fndesc, env, call_helper, release_gil)

        if isinstance(library, _OnDemand) and fndesc.native:
            library._wrappers[fndesc.llvm_cpython_wrapper_name] = make
        else:
            _wrapped(context, library, fndesc, env, call_helper, release_gil)

    def get_executable(context, library, fndesc, env):
        has_wrapper = fndesc.llvm_cpython_wrapper_name in getattr(library, "_wrappers", ())
        is_own = str(fndesc.modname).startswith(_OWN) and fndesc.modname != generated.__name__
        if not (has_wrapper and is_own):
            return _executable(context, library, fndesc, env)
        library._ensure_finalized()
        library._define_environments()
        library.codegen.set_env(context.get_env_name(fndesc), env)
        return _Later(lambda: _executable(context, library, fndesc, env))

    target = cpu_target.target_context
    rtsys.initialize(target)
    codegen = target.codegen()
    with hooked(
        (codegen, "_library_class", _OnDemand),
        (CPUContext, "create_cpython_wrapper", create_cpython_wrapper),
        (CPUContext, "get_executable", get_executable),
        (Dispatcher, "add_overload", _add_overload),
    ):
        yield
