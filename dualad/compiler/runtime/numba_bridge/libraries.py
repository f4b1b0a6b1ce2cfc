"""Libraries of compiled code of which native code is made when somebody asks for an address in them.

Numba optimises each function to the end and makes native code of it, also of those that only become parts of others:
a gradient with a solver in it has some thirty of them, np.dot and what that calls among them. Here such a part is
linked into what calls it, and the whole is optimised and made native once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import llvmlite.binding as llvm
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

__all__ = ["native_on_demand"]

_ENVIRONMENT = "_ZN08NumbaEnv"
"""How the names of those globals begin through which a compiled function finds its constants."""


class _OnDemand(JITCodeLibrary):
    """A library that is linked as it is after Numba's first, cheap passes, until native code of it is needed."""

    _is_native = False

    def finalize(self) -> None:
        """Link what this library calls, so that it can be linked itself."""
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        codegen = self._codegen
        passes, builder = codegen._module_pass_manager(
            loop_vectorize=codegen._loopvect, slp_vectorize=False, opt=codegen._opt_level, cost="cheap"
        )
        passes.run(self._final_module, builder)
        self._final_module.verify()
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

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
            if not any(f.name == name for f in self.get_defined_functions()):
                self._define_environments()
                return 0
            self._make_native()
        return super().get_pointer_to_function(name)

    def serialize_using_object_code(self) -> tuple:
        self._ensure_finalized()
        self._make_native()
        return super().serialize_using_object_code()

    def _make_native(self) -> None:
        if not self._is_native:
            self._is_native = True
            passes, builder = self._codegen._module_pass_manager()
            passes.run(self._final_module, builder)
            self._dynamic_globals.clear()
            self._finalize_final_module()


@contextlib.contextmanager
def native_on_demand() -> Iterator[None]:
    """Let what is compiled meanwhile be made native on demand; Numba's own runtime is native before."""
    target = cpu_target.target_context
    rtsys.initialize(target)
    codegen = target.codegen()
    before = codegen._library_class
    codegen._library_class = _OnDemand
    try:
        yield
    finally:
        codegen._library_class = before
