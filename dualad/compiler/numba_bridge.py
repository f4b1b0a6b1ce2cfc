"""The one module that touches Numba's internals.

Type inference alone (no code generation), the types that generated code works with, and the conversion of Numba's
errors. Written against Numba 0.67 and 0.68.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from llvmlite import ir
from numba import njit, types
from numba.core import errors
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import PassManager
from numba.core.dispatcher import _FunctionCompiler
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typing.templates import AbstractTemplate, signature
from numba.experimental.jitclass.boxing import _specialize_box
from numba.extending import intrinsic, overload, typeof_impl

__all__ = [
    "NumbaError",
    "error_line",
    "give_compiled_meaning",
    "hide_from_llvm",
    "infer_types",
    "let_jitclasses_meet_numbers",
    "python_class",
    "register_callable",
    "specialising_dispatcher",
    "typing_stub",
]


class _TypesOnly(CompilerBase):
    """Numba's nopython pipeline, cut after type inference (5 ms for a small function)."""

    def define_pipelines(self) -> list:
        full = DefaultPassBuilder.define_nopython_pipeline(self.state)
        short = PassManager("types_only")
        for p, description in full.passes:
            short.add_pass(p, description)
            if p is NopythonTypeInference:
                break
        short.finalize()
        return [short]


def infer_types(function: Callable, argument_types: tuple) -> tuple[dict[str, object], object]:
    """Return the type of every variable of a Python function, and of its result.

    Parameters
    ----------
    function : function
        Plain Python that Numba can type.
    argument_types : tuple of numba types

    Returns
    -------
    dict
        Variable name to type. A variable that Numba splits into several versions has their unified type.
    numba type
        The type of the result.
    """
    typing, target = cpu_target.typing_context, cpu_target.target_context
    typing.refresh()
    target.refresh()
    flags = Flags()
    flags.nrt = True
    flags.error_model = "numpy"
    pipeline = _TypesOnly(typing, target, None, argument_types, None, flags, {})
    try:
        pipeline.compile_extra(function)
    except errors.NumbaError:
        raise
    except Exception:
        if pipeline.state.typemap is None:  # the cut pipeline has no result to hand over, and says so
            raise
    versions: dict[str, list] = {}
    for name, ty in pipeline.state.typemap.items():
        if not name.startswith(("$", "arg.")):
            versions.setdefault(name.split(".")[0], []).append(ty)
    unified = {}
    for name, found in versions.items():
        found = [t for t in found if not isinstance(t, types.misc.Undefined)]
        plain = list(dict.fromkeys(types.unliteral(t) for t in found))
        unified[name] = plain[0] if len(plain) == 1 else typing.unify_types(*plain)
    return unified, types.unliteral(pipeline.state.return_type)


def error_line(error: Exception) -> int | None:
    """Return the line of the generated text that a Numba error complains about."""
    found = re.findall(r'File "<dualad[^"]*>", line (\d+)', str(error))
    return int(found[-1]) if found else None


class _SpecialisingCompiler(_FunctionCompiler):
    """Compiles, for each tuple of argument types, the function that `specialise` makes for them."""

    specialise: Callable

    def _get_implementation(self, args: tuple, kws: dict) -> Callable:
        return self.specialise(args)


def specialising_dispatcher(stub: Callable, specialise: Callable) -> object:
    """Return a Numba dispatcher that makes its own implementation for each tuple of argument types.

    It is called like any jitted function, from Python and from other jitted functions.

    Parameters
    ----------
    stub : function
        Gives the signature: parameter names, defaults, star.
    specialise : callable
        Takes a tuple of Numba types and returns a Python function with the stub's signature.
    """
    dispatcher = njit(error_model="numpy")(stub)
    old = dispatcher._compiler
    new = _SpecialisingCompiler(old.py_func, old.targetdescr, old.targetoptions, old.locals, old.pipeline_class)
    new.specialise = specialise
    dispatcher._compiler = new
    return dispatcher


def register_callable(cls: type, dispatcher_of: Callable) -> None:
    """Let objects of a class be called in jitted code: they stand for the dispatcher that they hold."""

    @typeof_impl.register(cls)
    def typeof(obj, context):
        return types.Dispatcher(dispatcher_of(obj))


def give_compiled_meaning(function: Callable, choose: Callable) -> None:
    """Let jitted code call a function on further types.

    Parameters
    ----------
    function : callable
        Any function: a stub, an operator, a function of math or NumPy.
    choose : callable
        Takes the Numba types of the arguments; returns the implementation, a function with the same parameters, or
        None for types that are not its own.
    """
    overload(function, jit_options={"no_cpython_wrapper": True, "no_cfunc_wrapper": True})(choose)


def hide_from_llvm(identity: Callable) -> None:
    """Compile calls of a function that returns its one argument, an integer, to empty assembler code.

    LLVM knows nothing of its result, and it costs no instruction.
    """

    @intrinsic
    def hidden(context, i):
        def code(context, builder, sig, args):
            kind = context.get_value_type(sig.args[0])
            return builder.call(ir.InlineAsm(ir.FunctionType(kind, [kind]), "", "=r,0"), args)

        return i(i), code

    def compiled(i):
        if isinstance(i, types.Integer):
            return lambda i: hidden(i)

    overload(identity, inline="always")(compiled)


def python_class(jitclass: type) -> type:
    """Return the class that an instance of a jitclass has in plain Python.

    Numba makes it when the first instance comes back from compiled code, and lets it have only some of the special
    methods (no `__repr__`). What is set on it holds in plain Python alone.
    """
    return _specialize_box(jitclass.class_type.instance_type)


def let_jitclasses_meet_numbers() -> None:
    """Make comparisons between a jitclass and a number reach the overloads that exist for them.

    Numba 0.68 (experimental/jitclass/overloads.py, `register_reflected_overload`) asks the type on the right for
    `jit_methods` without looking whether it is a jitclass, and dies of an AttributeError at `instance < 1.0`. Here
    numbers get what they are asked for: no methods, upon which Numba goes on to the next overload. Nothing else in
    Numba reads the attribute of such a type. To be deleted when that function checks the type; reflected operators of
    jitclasses are numba#8934.
    """
    for kind in (types.Boolean, types.Integer, types.Float):
        kind.jit_methods = {}


class _TypingStub:
    """Something that can be called as far as type inference is concerned."""

    def __init__(self, template: type):
        self.type = types.Function(template)


@typeof_impl.register(_TypingStub)
def _typeof_stub(stub: _TypingStub, context: object) -> object:
    return stub.type


def typing_stub(result_of: Callable[[tuple], object]) -> object:
    """Return an object whose call has the type that `result_of` gives for the types of its arguments."""

    class Template(AbstractTemplate):
        key = object()

        def generic(self, args: tuple, kws: dict) -> object:
            given = tuple(types.unliteral(a) for a in args)
            return signature(result_of(given), *given)

    return _TypingStub(Template)


def let_jitted_code_call(transformation: Callable) -> None:
    """Let jitted code call grad(f, argnums, has_aux) itself, for a jitted `f` and constant `argnums`, `has_aux`."""

    def constant(x: object) -> object:
        if isinstance(x, types.Omitted):
            return x.value
        if isinstance(x, types.BaseTuple):
            return tuple(constant(t) for t in x.types)
        if isinstance(x, types.Literal):
            return x.literal_value
        if isinstance(x, int):
            return x
        raise errors.RequireLiteralValue(f"{transformation.__name__} in jitted code: argnums must be a constant")

    @overload(transformation, prefer_literal=True)
    def typed(f, argnums=0, has_aux=False):
        if not isinstance(f, types.Dispatcher):
            return None
        derivative = transformation(f.dispatcher, constant(argnums), bool(constant(has_aux))).dispatcher
        return lambda f, argnums=0, has_aux=False: derivative
