"""A derivative as the user holds it: a Python callable, and a Numba dispatcher."""

from __future__ import annotations

import contextlib
import functools
import inspect
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import typeof

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
    read,
    unpack,
)
from .compiler.lowering.structures import Form, rebuilt
from .compiler.lowering.unchanged import keep, made_of
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
from .signatures import (
    Surrounded,
    beyond_numba,
    function_of_text,
    jitted,
    name_of,
    parameters_of,
    stub_of,
    with_jitted_functions,
)
from .structures import NotTaken, addresses, as_plain, count_of_instances, from_plain, has_fields, kept_unchanged

_OF_PARAMETERS = ("grad", "value_and_grad", "vjp", "vjp_reverse")
"""The derivatives that native code returns as tuples, where the arguments that they are taken by are structures."""

_UNDERSTOOD = (NumbaError, TypeError, NotImplementedError, DualadError, MemoryError)
"""What native code, or its compilation, may fail with that more can be said about."""

MOST_LEVELS = 3
_MOST_FORMS = 256  # of the arguments of one derivative that are remembered


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
        self._signature = None if self._is_plain else beyond_numba(what.function)
        self.kept = KeptDerivative(name, (kind, options, extra), self.dependencies, self._about, self._restored)
        stub = stub_of(what.function, name, extra, self._is_plain)
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

    def __call__(self, *args: object, **kwargs: object) -> Any:
        if self._signature is not None:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = tuple(bound.arguments.values()), {}
        for x in (*args, *kwargs.values()):
            if type(x) not in ORDINARY or (self._takes_records and has_fields(x)):
                return self._call_with_structures(args, kwargs)
        return self._run(args, kwargs, args, kwargs)

    def of_native(self, *args: object) -> object:
        """Call native code with arguments that it takes as they are: numbers, arrays, and tuples of such."""
        if self._deeper is not None:
            return self._deeper.of_native(*args)
        try:
            result = self.dispatcher(*args)
        except _UNDERSTOOD as error:
            return self._another_try(error, args, {}, args, {})
        return self._to_the_user(result, args) if self._has_form or self._has_values else result

    def _run(self, args: tuple, kwargs: dict, given: tuple, named: dict) -> object:
        """Call native code with arguments as it takes them, which are `given` and `named` as the user gives them."""
        if self._deeper is not None:
            return self._deeper._run(args, kwargs, given, named)
        try:
            result = self.dispatcher(*args, **kwargs)
        except RecordsGiven:
            self._takes_records = True
            return self._call_with_structures(given, named)
        except _UNDERSTOOD as error:
            return self._another_try(error, args, kwargs, given, named)
        return self._to_the_user(result, args) if self._has_form or self._has_values else result

    def _another_try(self, error: Exception, args: tuple, kwargs: dict, given: tuple, named: dict) -> object:
        """Return the result of a call that has failed, if there is another way; else say why."""
        if isinstance(error, MemoryError):
            self._deeper = self._with_more_levels(error)
            if self._deeper is not None:
                return self._deeper._run(args, kwargs, given, named)
            raise self._out_of_memory(error, args) from None
        if isinstance(error, NotScalarError) and self.what.kind in ("grad", "value_and_grad"):
            out = derivative_of(self.what.function, "primal", ())(*given, **named)
            if isinstance(out, np.ndarray):
                raise NotDifferentiableError(error.message(f"an array of shape {out.shape}")) from None
        if isinstance(error, NotScalarError):
            raise error
        retry = with_jitted_functions(args, kwargs)
        if retry is None:
            self._explain(error, given, named)
            raise error
        try:
            result = self.dispatcher(*retry[0], **retry[1])
        except NumbaError as error:
            self._explain(error, given, named)
            raise
        return self._to_the_user(result, args)

    def _to_the_user(self, result: object, args: tuple) -> object:
        """Return what native code returns as the user expects it."""
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

    def as_now(self) -> DerivativeFunction:
        """Return the derivative itself, for which the classes of arguments count as they are when next met."""
        if self._by_forms:
            self._by_forms = {}
        return self

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
        if "memory=" not in str(error) or not isinstance(how, ReverseMode) or how.levels == MOST_LEVELS:
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
        self.dispatcher = specialising_dispatcher(function_of_text("unusable", ["*args"], {}), self._specialise)
        self.dispatcher.derivative = self

    def _specialise(self, argument_types: tuple) -> Callable:
        raise self.error

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise self.error

    def __reduce__(self) -> tuple:
        return Unusable, (self.error,)


register_callable(DerivativeFunction, lambda d: d.dispatcher)
register_callable(Unusable, lambda d: d.dispatcher)


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
    what = kind, (argnums, single, has_aux, how), extra
    made = None if forms else made_of(f)
    found = None if made is None else made.get(what)
    if found is None:
        given = Surrounded(derivative_in(f), forms)
        found = _made(given, *what)
        if made is None and not forms:
            made = keep(given.function, given.seen)
        if made is not None:
            made[what] = found
    return found.as_now()
