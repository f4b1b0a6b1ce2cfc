"""A derivative as the user holds it: a Python callable, and a Numba dispatcher."""

from __future__ import annotations

import contextlib
import functools
import inspect
import pickle
import sys
import types as pytypes
from collections.abc import Callable

import numpy as np
from numba import njit, typeof

from .ahead import is_example_of_structure, types_of
from .cache.kept import KeptDerivative
from .coinciding import by_forward_mode
from .compiler.build import Built, Derivative, build, loops_with_tapes
from .compiler.checks import NotScalarError, check_types
from .compiler.ir.infer import refusal
from .compiler.lowering.dependencies import dependencies, fixed, portable
from .compiler.lowering.entries import Whole
from .compiler.lowering.source import (
    Differentiated,
    innermost,
    luggage,
    python_function,
    read,
    signature_of,
    star_of,
    unpack,
)
from .compiler.lowering.structures import Form, rebuilt
from .compiler.lowering.values import Axes, ReverseMode
from .compiler.runtime.numba_bridge import (
    NumbaError,
    compiles_nothing,
    derivative_in,
    register_callable,
    specialising_dispatcher,
)
from .compiler.runtime.numba_bridge.dispatchers import RecordsGiven
from .compiler.runtime.numba_bridge.objects import checks_apart, fields_text, has_instance
from .errors import ArgumentError, DualadError, NoSourceError, NotDifferentiableError, UnsupportedError, at
from .inputs import ORDINARY, Parameter, native, not_taken, remedy
from .structures import NotTaken, addresses, as_plain, count_of_instances, from_plain, has_fields, kept_unchanged

_OF_PARAMETERS = ("grad", "value_and_grad", "vjp", "vjp_reverse")
"""The derivatives that native code returns as tuples, where the arguments that they are taken by are structures."""

_MOST_LEVELS = 3
_MOST_FORMS = 256  # of the arguments of one derivative that are remembered


class Surrounded:
    """A function with what it depends on: equal to all that have the same code and find the same around them.

    `forms` are those of arguments that are structures.
    """

    __slots__ = ("dependencies", "forms", "function")

    def __init__(self, function: object, forms: tuple = ()):
        self.function, self.forms = function, forms
        self.dependencies = dependencies(function, forms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surrounded) and self.dependencies == other.dependencies

    def __hash__(self) -> int:
        return hash(self.dependencies)


class DerivativeFunction(Differentiated):
    """A compiled derivative. Call it like the function it came from, from Python or from `@njit` code.

    It is pickled as that function and what is done with it. The texts of the functions that it needs come along: the
    process that it is sent to may not have their files, and it compiles them anew.
    """

    def __init__(self, given: Surrounded, kind: str, options: tuple, name: str, extra: tuple[str, ...] = ()):
        self.given, self.dependencies, self.extra = given.function, given.dependencies, extra
        self.differentiated, self._reached, forms = fixed(given.function, given.forms)
        self.what = what = Derivative(self.differentiated, kind, *options, forms=forms)
        self.built: dict[tuple, Built] = {}
        self._by_forms: dict[tuple, DerivativeFunction] = {}
        self._form_of: dict[tuple, Form | None] = {}
        """What the result is to the user, by the types of the arguments."""
        self._has_form = False
        self._has_values = False
        self._takes_records = False
        self._of_fields: object = None
        """What jitted code calls with the fields of instances of jitclasses."""
        self._deeper: DerivativeFunction | None = None
        """The same with more levels of loops that are reversed chunk by chunk, once it is needed."""
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"{what.kind} of {name_of(what.function)}, by arguments {what.argnums}."
        self._extra = len(extra)
        self._is_plain = bool(extra) or kind == "vjp_forward"  # it takes one value for each parameter
        self._signature = None if self._is_plain else _beyond_numba(what.function)
        self.kept = KeptDerivative(name, (kind, options, extra), self.dependencies, self._about, self._restored)
        stub = _stub(what.function, name, extra, self._is_plain)
        is_parallel = what.kind == "vmap" and what.how.parallel
        self.dispatcher = specialising_dispatcher(stub, self._specialise, keeper=self.kept, is_parallel=is_parallel)
        self.dispatcher.derivative = self  # found there by the compiler, when the dispatcher is an argument

    def _specialise(self, argument_types: tuple) -> Callable:
        if any(map(has_instance, argument_types)):
            return self._of_instances(argument_types)
        if argument_types not in self.built:
            check_types(self.what, argument_types)
            own = argument_types if self.what.kind == "hvp" else argument_types[: len(argument_types) - self._extra]
            self.built[argument_types] = made = build(self.what, own)
            self._take(argument_types, made.form, made.has_values)
        return self.built[argument_types].function

    def _of_instances(self, argument_types: tuple) -> Callable:
        """Return what takes instances of jitclasses apart, which jitted code hands over as they are."""
        names = [f"x{k}" for k in range(len(argument_types))]
        if self._of_fields is None:
            self._of_fields = specialising_dispatcher(self.dispatcher.py_func, self._specialise, is_inner=True)
        namespace = {"derivative": self._of_fields}
        given = [fields_text(x, ty, namespace) for x, ty in zip(names, argument_types, strict=True)]
        given = f"return derivative({', '.join(given)})"
        checks = checks_apart(list(zip(names, argument_types, strict=True)), namespace)
        exec("\n    ".join([f"def {self.__name__}({', '.join(names)}):", *checks, given]), namespace)  # noqa: S102
        return namespace[self.__name__]

    def _about(self, argument_types: tuple) -> object:
        """Return what is to be known of the code for some types beside the code."""
        return [as_plain(self._form_of[argument_types]), self._has_values]

    def _restored(self, argument_types: tuple, about: object) -> None:
        """Take what `_about` has said in the process that compiled the code."""
        form, has_values = about
        self._take(argument_types, from_plain(form), has_values)

    def _take(self, argument_types: tuple, form: Form | None, has_values: bool) -> None:
        self._form_of[argument_types] = form
        self._has_values = self._has_values or (has_values and self.what.kind in ("grad", "value_and_grad"))
        self._has_form = self._has_form or form is not None  # asked in each call

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self._signature is not None:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = tuple(bound.arguments.values()), {}
        for x in (*args, *kwargs.values()):
            if type(x) not in ORDINARY or (self._takes_records and has_fields(x)):
                return self._call_with_structures(args, kwargs)
        return self._run(args, kwargs, args, kwargs)

    def _run(self, args: tuple, kwargs: dict, given: tuple, named: dict) -> object:
        """Call native code with arguments as it takes them, which are `given` and `named` as the user gives them."""
        if self._deeper is not None:
            return self._deeper._run(args, kwargs, given, named)
        try:
            result = self.dispatcher(*args, **kwargs)
        except RecordsGiven:
            self._takes_records = True
            return self._call_with_structures(given, named)
        except NotScalarError as error:
            if self.what.kind not in ("grad", "value_and_grad"):
                raise
            out = derivative_of(self.what.function, "primal", ())(*given, **named)
            if isinstance(out, np.ndarray):
                raise NotDifferentiableError(error.message(f"an array of shape {out.shape}")) from None
            raise
        except MemoryError as error:
            self._deeper = self._with_more_levels(error)
            if self._deeper is not None:
                return self._deeper._run(args, kwargs, given, named)
            raise self._out_of_memory(error, args) from None
        except (NumbaError, TypeError, NotImplementedError, DualadError) as error:
            retry = with_jitted_functions(args, kwargs)
            if retry is None:
                self._explain(error, given, named)
                raise
            try:
                result = self.dispatcher(*retry[0], **retry[1])
            except NumbaError as error:
                self._explain(error, given, named)
                raise
        if self._has_values and not self.what.has_aux:
            if self.what.kind == "grad":
                result = by_forward_mode(self.what, result, args, derivative_of)
            else:
                result = result[0], by_forward_mode(self.what, result[1], args, derivative_of)
        return self._with_form(result, args) if self._has_form else result

    def compile(self, *args: object, **kwargs: object) -> DerivativeFunction:
        """Compile for some types of arguments, ahead of the first call; return the derivative.

        Parameters
        ----------
        *args, **kwargs : object
            In place of each argument of a call its type: a Numba type, the name of one ("float64[:]", "f8"), a class
            (float, np.float32), a tuple of such; or an example. An array type without a layout means contiguous arrays.

        Returns
        -------
        DerivativeFunction
            The derivative itself.

        Raises
        ------
        ArgumentError
            If they are no arguments of the function, or no types.
        NotDifferentiableError, UnsupportedError
            As a call would.
        """
        keeps_defaults = self._signature is None  # else a call fills them in
        signature = inspect.signature(self.dispatcher.py_func) if keeps_defaults else self._signature
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{name_of(self.what.function)}: {error}") from None
        names, _ = self._parameters
        forms: dict[int, object] = {}
        for name, x in bound.arguments.items():
            if name in names and is_example_of_structure(x):
                bound.arguments[name], form = native(x, names.index(name) in self.what.argnums)
                if form is not None:
                    forms[names.index(name)] = form
        if forms:
            self._specialised(tuple(sorted(forms.items()))).compile(*bound.args, **bound.kwargs)
            return self
        found = types_of(signature, bound.arguments, self._parameter, jitted, keeps_defaults)
        try:
            self.dispatcher.compile(found)
        except NumbaError as error:
            raise self._refusal(error) from None
        return self

    # ---------------------------------------------------------------- arguments from Python

    @functools.cached_property
    def _parameters(self) -> tuple[list[str], int]:
        """The names of the parameters, and which is the starred one."""
        parameters = parameters_of(self.what.function)
        star = next((k for k, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL), len(parameters))
        return [p.name for p in parameters], star

    def _parameter(self, position: int) -> tuple[Parameter, bool]:
        """Return what an argument is called, and whether it is differentiated."""
        names, star = self._parameters
        own = min(position, star)
        name = names[own] if own < len(names) else f"{position}"
        return Parameter(position, name, name_of(self.what.function)), position in self.what.argnums

    def _placed(self, args: tuple, kwargs: dict) -> list[tuple[object, Parameter, bool]]:
        """Return (argument, what it is called, whether it is differentiated) for each argument."""
        names, _ = self._parameters
        places = [*range(len(args)), *(names.index(k) if k in names else len(names) for k in kwargs)]
        return [(x, *self._parameter(k)) for x, k in zip((*args, *kwargs.values()), places, strict=True)]

    def _call_with_structures(self, args: tuple, kwargs: dict) -> object:
        """Call with arguments of which some are structures, methods, or what cannot be taken."""
        names, star = self._parameters
        wrt = self.what.argnums
        is_starred = self._signature is None and not self._is_plain
        values: list = []
        forms: dict[int, object] = {}
        rest: list = []  # the forms of what goes into the starred parameter
        try:
            for k, x in enumerate(args):
                value, form = native(x, k in wrt or k >= len(names))
                values.append(value)
                if is_starred and k >= star:
                    rest.append(form)
                elif form is not None:
                    forms[k] = form
            named = {}
            for name, x in kwargs.items():
                k = names.index(name) if name in names else -1
                named[name], form = native(x, k in wrt)
                if form is not None:
                    forms[k] = form
        except NotTaken as error:
            found = (not_taken(x, error.value, parameter) for x, parameter, _ in self._placed(args, kwargs))
            raise ArgumentError(next(text for text in found if text is not None)) from None
        if any(form is not None for form in rest):
            forms[star] = Form(tuple, (), tuple(rest))
        own = {k: form for k, form in forms.items() if k < len(names)}  # of the function, not of tangents
        if not own:
            return self._run(tuple(values), named, args, kwargs)
        if sum(map(count_of_instances, own.values())) > 1:
            found = [a for x, p, _ in self._placed(args, kwargs) if p.position in own for a in addresses(x)]
            if len(set(found)) < len(found):
                own = {k: kept_unchanged(form) for k, form in own.items()}
        inner = self._specialised(tuple(sorted(own.items())))
        result = inner._run(tuple(values), named, args, kwargs)
        if self.what.kind in _OF_PARAMETERS and not inner._is_whole:
            return self._in_form(result, forms)
        return result

    def _specialised(self, forms: tuple) -> DerivativeFunction:
        """Return the derivative for arguments of some forms."""
        found = self._by_forms.get(forms)
        if found is None:
            what = self.what
            found = derivative_of(what.function, what.kind, *what.options, extra=self.extra, forms=forms)
            if len(self._by_forms) >= _MOST_FORMS:
                self._by_forms.clear()
            self._by_forms[forms] = found
        return found

    def take_anew(self) -> None:
        """Let the classes of arguments count as they are when they are next met."""
        if self._by_forms:
            self._by_forms = {}

    def _in_form(self, result: object, forms: dict[int, object]) -> object:
        """Return a result with derivatives in the form of the arguments that they are taken by."""
        kind, wrt = self.what.kind, self.what.argnums
        value, derivative = result if kind == "value_and_grad" else (None, result)
        aux = None
        if kind == "grad" and self.what.has_aux:
            derivative, aux = result
        if self.what.single and not kind.startswith("vjp"):
            derivative = rebuilt(forms.get(wrt[0]), derivative, True)
        else:
            derivative = tuple(rebuilt(forms.get(k), x, True) for k, x in zip(wrt, derivative, strict=True))
        if kind == "value_and_grad":
            return value, derivative
        return (derivative, aux) if kind == "grad" and self.what.has_aux else derivative

    @functools.cached_property
    def _is_whole(self) -> bool:
        """Whether a result has its structure from the compiler."""
        return isinstance(self.what.entry, Whole)

    def _with_form(self, result: object, args: tuple) -> object:
        """Return a result with the structure that the function gives it, of which native code returns tuples."""
        found = set(self._form_of.values())
        form = found.pop() if len(found) == 1 else self._form_of[tuple(map(typeof, args))]
        kind = self.what.kind
        if kind in ("jvp", "taylor"):
            return rebuilt(form, result[0], False), *(rebuilt(form, x, True) for x in result[1:])
        if kind == "vjp_forward":
            return rebuilt(form, result[0], False), result[1]
        if kind in ("vjp", "vjp_reverse"):  # that of the result, which is not returned
            return result
        if self._is_whole or kind == "primal":
            return rebuilt(form, result, False)
        if kind == "grad":
            return result[0], rebuilt(form, result[1], False)
        return (result[0][0], rebuilt(form, result[0][1], False)), result[1]

    def _explain(self, error: Exception, args: tuple, kwargs: dict) -> None:
        """Raise an error that says what is wrong with an argument, or with the user's line that Numba refuses."""
        for x, parameter, is_differentiated in self._placed(args, kwargs):
            message = remedy(x, parameter)
            if message is not None:
                kind = NotDifferentiableError if is_differentiated else ArgumentError
                raise kind(message) from None
        if isinstance(error, NumbaError):
            raise self._refusal(error) from None

    def _with_more_levels(self, error: MemoryError) -> DerivativeFunction | None:
        """Return the same with one level of loops more that are reversed chunk by chunk; None if that is no help."""
        argnums, single, has_aux, how = self.what.options
        if "memory=" not in str(error) or not isinstance(how, ReverseMode) or how.levels == _MOST_LEVELS:
            return None
        how, what = how._replace(levels=how.levels + 1), self.what
        return derivative_of(what.function, what.kind, argnums, single, has_aux, how, self.extra, what.forms)

    def _out_of_memory(self, error: MemoryError, args: tuple) -> MemoryError:
        """Return an error that names the loops whose tapes may have been too large."""
        if self.what.kind not in ("grad", "value_and_grad", "vjp", "jacrev") or "memory=" in str(error):
            return error
        places = []
        with contextlib.suppress(DualadError, NumbaError):
            places = list(dict.fromkeys(loops_with_tapes(self.what, tuple(map(typeof, args)))))
        if not places:
            return error
        where = " and ".join(at("the loop", *place) for place in places[:3])
        remedy = f"say how much it may take, {self.what.kind}({name_of(self.what.function)}, memory='2GB')"
        return MemoryError(f"the tape of {where} does not fit into memory: {remedy}")

    def _refusal(self, error: NumbaError) -> UnsupportedError:
        source = read(innermost(self.what.function))
        return refusal(error, self.__name__, (source.filename, source.node.lineno))

    def __repr__(self) -> str:
        return f"<dualad {self.what.kind} of {name_of(self.what.function)} by {self.what.argnums}>"

    def __copy__(self) -> DerivativeFunction:
        return self

    def __deepcopy__(self, memo: dict) -> DerivativeFunction:
        return self

    def __reduce__(self) -> tuple:
        expected = None
        if all(kind != "missing" for kind, _, _ in self.dependencies):
            if dependencies(self.given) != self.dependencies:
                what = f"{self!r}: what {name_of(self.given)} depends on has changed since it was taken"
                raise pickle.PicklingError(f"{what}: take it again before it is sent to another process")
            expected = (sys.version_info[:2], portable(self.dependencies))
        texts = []
        for f in self._reached:
            try:
                texts.append(luggage(f))
            except NoSourceError:  # it was not needed so far
                pass
        made = (self.given, self.what.kind, self.what.options, self.extra)
        return _revived, (*made, tuple(dict.fromkeys(texts)), expected)


def _revived(f: object, kind: str, options: tuple, extra: tuple, texts: tuple, expected: tuple | None) -> object:
    """Return a derivative that comes from another process, or from another time."""
    if isinstance(f, Unusable):
        return f
    for text in texts:
        unpack(text)
    try:
        made = derivative_of(f, kind, *options, extra=extra)
        version, digest = expected or (None, None)
        if version == sys.version_info[:2] and portable(made.dependencies) != digest:
            what = f"the {kind} of {name_of(f)} was taken where the function, or a value that it finds, is another one"
            raise ArgumentError(f"{what}: set globals alike in both processes, or pass the values as arguments")
    except DualadError as error:  # a pool of workers waits for ever if one fails to read what it is sent
        return Unusable(error)
    return made


class Unusable:
    """What arrives of a derivative that cannot be made in another process: whoever calls it is told why."""

    def __init__(self, error: DualadError):
        self.error = error
        self.dispatcher = specialising_dispatcher(_function_of_text("unusable", ["*args"], {}), self._specialise)
        self.dispatcher.derivative = self

    def _specialise(self, argument_types: tuple) -> Callable:
        raise self.error

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise self.error

    def __reduce__(self) -> tuple:
        return Unusable, (self.error,)


register_callable(DerivativeFunction, lambda d: d.dispatcher)
register_callable(Unusable, lambda d: d.dispatcher)


def _as_tuples(x: object) -> object:
    return tuple(_as_tuples(i) for i in x) if isinstance(x, list) else x


def name_of(f: object) -> str:
    found = getattr(f, "__name__", None)
    if found is None:
        found = getattr(python_function(f), "__name__", None)
    return repr(f) if found is None else found


def jitted(f: Callable) -> object:
    """Return a dispatcher for a plain function; the same one as long as the function depends on the same."""
    return _jitted(Surrounded(f))


@functools.lru_cache(maxsize=512)
def _jitted(given: Surrounded) -> object:
    dispatcher = njit(error_model="numpy")(given.function)
    dispatcher.fixed, *_ = fixed(given.function)  # what a derivative that takes it as an argument is made of
    return dispatcher


def with_jitted_functions(args: tuple, kwargs: dict) -> tuple | None:
    """Return the arguments with plain functions made acceptable to Numba; None if there are none."""
    if not any(isinstance(a, pytypes.FunctionType) for a in (*args, *kwargs.values())):
        return None

    def convert(a: object) -> object:
        return jitted(a) if isinstance(a, pytypes.FunctionType) else a

    return tuple(convert(a) for a in args), {k: convert(v) for k, v in kwargs.items()}


def parameter_names(f: object) -> list[str]:
    """Return the names of the parameters of a function, or of that which a derivative was made of."""
    code = read(innermost(f)).function.__code__
    count, star = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames
    starred = names[star : star + 1] if code.co_flags & inspect.CO_VARARGS else ()
    return [*names[:count], *starred, *names[count:star]]


def parameters_of(f: object) -> list[inspect.Parameter]:
    return list(signature_of(read(innermost(f)).function).parameters.values())


def _beyond_numba(f: object) -> inspect.Signature | None:
    """Return the signature of a function if Numba has no calls for it: keywords behind a star, or **kwargs."""
    kinds = {p.kind for p in parameters_of(f)}
    both = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY}
    return signature_of(f) if both <= kinds or inspect.Parameter.VAR_KEYWORD in kinds else None


def _stub(f: object, name: str, extra: tuple[str, ...], is_plain: bool) -> Callable:
    """Return an empty function with the signature of `f`, and further parameters behind it.

    If it is to be plain it has neither defaults nor a star: what is given to the starred parameter is given as a tuple.
    So it is if there are parameters behind that. Jitted code can give nothing to **kwargs.
    """
    parts, namespace = [], {}
    kinds = [p.kind for p in parameters_of(f)]
    has_no_star = is_plain or inspect.Parameter.VAR_POSITIONAL in kinds[:-1]
    for p in parameters_of(f):
        star = "*" if p.kind is p.VAR_POSITIONAL and not has_no_star else ""
        if p.default is not p.empty and not has_no_star:
            namespace[f"default_{p.name}"] = _as_default(p.default)
            parts.append(f"{p.name}=default_{p.name}")
        elif p.kind is p.VAR_KEYWORD and not is_plain:
            parts.append(f"{p.name}=()")
        else:
            parts.append(star + p.name)
    names = {p.name for p in parameters_of(f)}
    parts += [_unlike(e, names) for e in extra]
    return _function_of_text(name if name.isidentifier() else "derivative", parts, namespace)


def _as_default(default: object) -> object:
    """Return a default that Numba knows a type of; None for others, which the compiler takes from the function."""
    if isinstance(default, pytypes.FunctionType):
        return jitted(default)
    try:
        return None if isinstance(default, list | dict | set) or typeof(default) is None else default
    except ValueError:
        return None


def _function_of_text(name: str, parameters: list[str], namespace: dict) -> Callable:
    """Return a function with some parameters that nobody is to run: a dispatcher has others for the types it meets."""
    lines = [f"def {name}({', '.join(parameters)}):", f"    raise RuntimeError('the stub of {name} was run')"]
    exec("\n".join(lines), namespace)  # noqa: S102
    return namespace[name]


def _unlike(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def positions(f: object, argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return argument positions as non-negative ones; a starred parameter takes all from its own position on."""
    given = (argnums,) if isinstance(argnums, int | np.integer) else argnums
    whole = int | np.integer
    if not isinstance(given, tuple | list) or not all(isinstance(k, whole) and not isinstance(k, bool) for k in given):
        raise ArgumentError(f"argnums must be an int or a tuple of ints, not {argnums!r}")
    if not given:
        raise ArgumentError("argnums is empty: name at least one argument")
    count, star = len(parameter_names(f)), star_of(f)
    for k in given:
        if star is not None and k < 0:
            what = f"argnums has {k}, but {name_of(f)} takes any number of arguments"
            raise ArgumentError(f"{what}: count from the first")
        if star is None and not -count <= k < count:
            raise ArgumentError(f"argnums has {k}, but {name_of(f)} takes {count} argument{'s' if count != 1 else ''}")
    positions = tuple(int(k) if star is not None else int(k) % count for k in given)
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"argnums {argnums!r} names an argument twice")
    return positions


@functools.lru_cache(maxsize=512)
def _made(given: Surrounded, kind: str, options: tuple, extra: tuple) -> DerivativeFunction:
    if compiles_nothing():
        raise UnsupportedError("NUMBA_DISABLE_JIT is set, and derivatives are compiled by Numba: unset it")
    base = name_of(given.function)
    name = f"{base}_{kind}" if base.isidentifier() else kind
    return DerivativeFunction(given, kind, options, name, extra)


def derivative_of(
    f: object,
    kind: str,
    argnums: tuple,
    single: bool = False,
    has_aux: bool = False,
    how: Axes | int | None = None,
    extra: tuple = (),
    forms: tuple = (),
) -> DerivativeFunction:
    """Return the derivative of a function with the global and captured values, and the settings, of now.

    The same derivative is returned for all functions of which `dependencies` says the same.
    """
    found = _made(Surrounded(derivative_in(f), forms), kind, (argnums, single, has_aux, how), extra)
    found.take_anew()
    return found
