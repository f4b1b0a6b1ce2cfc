"""The one module that touches Numba's internals.

Type inference alone (no code generation), the types that generated code works with, and the conversion of Numba's
errors. Written against Numba 0.67 and 0.68.
"""

from __future__ import annotations

import operator
import platform
import re
import sys
from collections.abc import Callable

import llvmlite.binding as llvm
import llvmlite.ir as lir
from numba import types
from numba.core import cgutils, config, errors
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import PassManager
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typing.templates import AbstractTemplate, signature
from numba.experimental.jitclass.boxing import _specialize_box
from numba.extending import overload, typeof_impl
from numba.np import numpy_support
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc

from ....errors import DualadError
from .dispatchers import derivative_in, inner_njit, result_type, specialising_dispatcher, unit_njit
from .inline import inline_code

__all__ = [
    "NumbaError",
    "as_dtype",
    "as_writable",
    "call_type",
    "compiles_nothing",
    "derivative_in",
    "error_place",
    "error_reason",
    "give_compiled_meaning",
    "give_vector_variants",
    "guarded_product",
    "hide_from_llvm",
    "infer_types",
    "inner_njit",
    "is_jitted",
    "is_jitted_ufunc",
    "let_adjoint_loops_be_vectorised",
    "let_jitclasses_meet_numbers",
    "python_class",
    "reassociated_add",
    "register_callable",
    "result_type",
    "specialising_dispatcher",
    "type_of_item",
    "typing_stub",
    "unit_njit",
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
    flags.enable_ssa = False  # each variable has one type as it is, and the pass goes through every block for each
    pipeline = _TypesOnly(typing, target, None, argument_types, None, flags, {})
    try:
        pipeline.compile_extra(function)
    except (errors.NumbaError, DualadError):
        raise
    except Exception as error:
        if pipeline.state.typemap is None:  # else it is the cut pipeline, which has no result to hand over
            raise errors.TypingError(f"{type(error).__name__}: {error}") from None  # as np.argmax(2.0) in Numba
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


def type_of_item(array: object, index: tuple) -> object:
    """Return the type of array[index]; masks of several dimensions have the meaning that NumPy gives them."""
    parts: list = []
    for ty in index:
        is_mask = isinstance(ty, types.Array) and isinstance(ty.dtype, types.Boolean)
        parts += [types.Array(types.int64, 1, "C")] * ty.ndim if is_mask else [ty]
    key = parts[0] if len(parts) == 1 else types.BaseTuple.from_types(parts)
    found = cpu_target.typing_context.resolve_function_type(operator.getitem, (array, key), {})
    if found is None:
        raise errors.TypingError(f"{array} has no items of the index {key}")
    return found.return_type


def call_type(function: object, given: tuple, named: dict) -> object:
    """Return the type of function(*given, **named); for the name of a method, of given[0].name(*given[1:], **named)."""
    typing = cpu_target.typing_context
    if isinstance(function, str):
        kind, given = typing.resolve_getattr(given[0], function), given[1:]
        what = function
    else:
        kind, what = typing.resolve_value_type(function), getattr(function, "__name__", function)
    try:
        found = kind and typing.resolve_function_type(kind, given, named)
    except errors.NumbaError as error:
        raise errors.TypingError(error_reason(error)) from None
    if found is None:
        raise errors.TypingError(f"it has no {what}({', '.join(map(str, given))})")
    return found.return_type


def as_dtype(ty: object) -> object:
    """Return the NumPy dtype of numbers of a type, or None if there is none."""
    try:
        return numpy_support.as_dtype(ty) if isinstance(ty, types.Number | types.Boolean) else None
    except errors.NumbaError:
        return None


def error_place(error: Exception) -> tuple[str, int] | None:
    """Return the file name and the line of the generated text that a Numba error complains about."""
    found = re.findall(r'File "(<dualad[^"]*>)", line (\d+)', str(error))
    return (found[-1][0], int(found[-1][1])) if found else None


def error_reason(error: Exception) -> str:
    """Return in one line what a Numba error complains about."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Failed in", "Resolution failure"))]
    first = lines[0] if lines else "no reason is given"
    called = next((line.removeprefix(">>> ") for line in lines if line.startswith(">>> ")), None)
    if not first.startswith("No implementation of function") or called is None:
        return first
    called = re.sub(r"Literal\[\w+\]\(([^()]*)\)", r"\1", called)
    specific = (re.match(r"(?:Numba)?(?:Type|Typing|Value)Error: (?!Failed in)(.+)", line) for line in lines)
    why = next((found.group(1) for found in specific if found), None)
    if why and called.startswith("<unknown function>"):  # a stub, which has the reason of what it stands for
        return why
    return f"it has no {called}" + (f" ({why})" if why else "")


def as_writable(ty: object) -> object:
    """Return a type with the arrays in it such as can be written into."""
    if isinstance(ty, types.Array):
        return ty if ty.mutable else ty.copy(readonly=False)
    if isinstance(ty, types.NamedTuple | types.NamedUniTuple):
        return types.BaseTuple.from_types([as_writable(t) for t in ty.types], ty.instance_class)
    if isinstance(ty, types.Tuple | types.UniTuple):
        return types.BaseTuple.from_types([as_writable(t) for t in ty.types])
    return ty


def is_jitted(cls: type) -> bool:
    """Whether a class is one of dispatchers, which functions become by @njit."""
    return issubclass(cls, Dispatcher)


def is_jitted_ufunc(cls: type) -> bool:
    """Whether a class is one of what functions become by @vectorize or @guvectorize."""
    return issubclass(cls, DUFunc | GUFunc)


def compiles_nothing() -> bool:
    """Whether Numba is told to leave functions as they are (NUMBA_DISABLE_JIT)."""
    return bool(config.DISABLE_JIT)


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

    def code(context, builder, sig, args):
        kind = context.get_value_type(sig.args[0])
        return builder.call(lir.InlineAsm(lir.FunctionType(kind, [kind]), "", "=r,0"), args)

    inline_code(identity, lambda i: i if isinstance(i, types.Integer) else None, code)


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


def typing_stub(result_of: Callable) -> object:
    """Return an object whose call has the type that `result_of` gives for the types of its arguments, in a tuple.

    Those of keyword arguments are handed over by keyword.
    """

    class Template(AbstractTemplate):
        key = object()

        def generic(self, args: tuple, kws: dict) -> object:
            given = tuple(types.unliteral(a) for a in args)
            return signature(result_of(given, **{k: types.unliteral(t) for k, t in kws.items()}), *given)

    return _TypingStub(Template)


def _vector_variants(name: str) -> list[tuple[str, int]]:
    """Return the (symbol, width) of the variants of a function that glibc's libmvec has for this processor."""
    if not (sys.platform == "linux" and platform.machine() == "x86_64"):
        return []
    try:
        llvm.load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return []
    features = llvm.get_host_cpu_features()
    widths = [("e", 8, "avx512f"), ("d", 4, "avx2")]
    symbols = [(f"_ZGV{isa}N{width}v_{name}", width) for isa, width, needed in widths if features.get(needed)]
    return [(symbol, width) for symbol, width in symbols if llvm.address_of_symbol(symbol)]


def give_vector_variants(function: Callable, name: str, original: Callable) -> bool:
    """Give a function of one number its meaning in jitted code, open to LLVM's loop vectoriser.

    For a double it is the function `name` of the C library, declared with its vector variants (the attribute
    "vector-function-abi-variant" of LLVM's vector function ABI); for other numbers it is `original`.

    Returns
    -------
    bool
        Whether there are any variants; if not, the function has no meaning in jitted code.
    """
    variants = _vector_variants(name)
    if not variants:
        return False

    def code(context, builder, sig, args):
        module, double = builder.module, lir.DoubleType()
        scalar = cgutils.get_or_insert_function(module, lir.FunctionType(double, [double]), name)
        names = ",".join(symbol for symbol, _ in variants)
        for attribute in ("nounwind", "memory(none)", f'"vector-function-abi-variant"="{names}"'):
            set.add(scalar.attributes, attribute)  # past llvmlite's list of the attributes that it knows
        declared = []
        for symbol, width in variants:
            vector = lir.VectorType(double, width)
            declared.append(cgutils.get_or_insert_function(module, lir.FunctionType(vector, [vector]), symbol))
        _keep(module, declared)
        return builder.call(scalar, args)

    inline_code(function, lambda x: x if x == types.float64 else None, code, original)
    return True


def let_adjoint_loops_be_vectorised() -> None:
    """Let LLVM vectorise loops that add up in the order of the program, and loops over many arrays.

    In an ordered sum the additions stay one after the other, and the sum the same to the last bit; what is added (an
    exp, say) is computed for several trips at once. LLVM does so by itself on some processors only. Before a loop over
    arrays that might overlap LLVM tests whether they do, but not if there are more than eight pairs of them, and an
    adjoint loop has its arrays twice. Options are of the process: they hold for all that is compiled from now on.
    """
    if 15 <= llvm.llvm_version_info[0] <= 22:  # those known to have the options; LLVM ends the process over others
        llvm.set_option("dualad", "-force-ordered-reductions=true")
        llvm.set_option("dualad", "-runtime-memory-check-threshold=100")


def reassociated_add(function: Callable) -> None:
    """Give a function of two numbers its meaning in jitted code: a sum that may be reassociated with others."""

    def code(context, builder, sig, args):
        return builder.fadd(*args, flags=("reassoc", "contract"))

    inline_code(function, lambda x, y: x if x == y and isinstance(x, types.Float) else None, code, operator.add)


def guarded_product(function: Callable, both: bool) -> None:
    """Give a function of two numbers its meaning in jitted code: their product, 0 where y, or one of `both`, is 0."""

    def typer(x, y):
        numbers = types.Float | types.Integer | types.Boolean
        return types.float64 if isinstance(x, numbers) and isinstance(y, numbers) else None

    def code(context, builder, sig, args):
        x, y = (context.cast(builder, a, ty, sig.return_type) for a, ty in zip(args, sig.args, strict=True))
        zero = context.get_constant(sig.return_type, 0.0)
        is_kept = builder.fcmp_unordered("!=", y, zero)
        if both:
            is_kept = builder.and_(builder.fcmp_unordered("!=", x, zero), is_kept)
        return builder.select(is_kept, builder.fmul(x, y), zero)

    inline_code(function, typer, code)


def _keep(module: object, functions: list) -> None:
    """Keep declarations that nothing calls yet until the vectoriser looks for them."""
    pointer = lir.IntType(8).as_pointer()
    if "llvm.compiler.used" in module.globals:
        found = module.globals["llvm.compiler.used"]
        kept = [*found.initializer.constant, *(f.bitcast(pointer) for f in functions)]
        kept = list({str(k): k for k in kept}.values())
        del module.globals["llvm.compiler.used"]
        module.scope._useset.discard("llvm.compiler.used")
    else:
        kept = [f.bitcast(pointer) for f in functions]
    array = lir.ArrayType(pointer, len(kept))
    used = lir.GlobalVariable(module, array, "llvm.compiler.used")
    used.linkage, used.section = "appending", "llvm.metadata"
    used.initializer = lir.Constant(array, kept)
