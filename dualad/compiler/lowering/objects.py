"""Attributes, methods and constructors: of arrays and modules, and of objects that the compiler does not model.

What is done with an object is an operation that is left to Numba (see `boundary`). Only the methods and properties of
jitclasses are inlined, like other functions, where the class is known by then: of arguments, and of what is made by
calling the class.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable
from types import ModuleType

import numba
import numpy as np
from numba import types

from ...errors import NoSourceError, UnsupportedError, at
from ...rules import by_types, composites, registry
from .. import ir
from ..ir import Const, TupleOf, Var
from ..ir.kinds import is_object, type_of
from ..ir.messages import TEXTS
from ..runtime.numba_bridge.choices import chosen, chosen_attribute, chosen_method, class_of, is_declared
from ..runtime.numba_bridge.objects import (
    accessor,
    has_overload,
    instance_type,
    is_dispatcher,
    method,
    name_of_object,
    type_of_value,
)
from .reads import COMPUTED, MISSING, Method, Property, attribute
from .source import Source, python_function
from .structures import Record
from .values import Flat, FunctionValue, Static, is_instance, is_record_at, is_records, static_value


class Objects:
    """The part of `Lowering` that deals with attributes and with calls that are left to Numba."""

    def expr_Attribute(self, node: ast.Attribute, hint: str) -> object:
        return self.attribute(self.expr(node.value), node, hint)

    def attribute(self, base: object, node: ast.Attribute, hint: str = "t") -> object:
        """Return an attribute of a value."""
        base = self.present(base, node)
        if is_instance(base):
            return self.instance_attribute(base, node)
        if is_records(base) or is_record_at(base):
            return self.attribute_of_records(base, node)
        if isinstance(base, Static):
            found = base.attributes.get(node.attr, MISSING)
            if found is COMPUTED:
                what = f"{ast.unparse(node)}, which code of its own computes,"
                raise self.fail(node, what, "assign its value to a variable, and use that")
            if isinstance(found, Property):
                return self.call_function(self.function_value(found.get, node), [], {}, node)
            if found is not MISSING:
                return static_value(found)
            try:
                return static_value(getattr(base.value, node.attr))
            except AttributeError:
                raise self.fail(node, f"{ast.unparse(node)}, which does not exist,", "check the name") from None
        if isinstance(base, TupleOf) and base.cls is not None:
            if node.attr in base.cls._fields:
                return base.items[base.cls._fields.index(node.attr)]
            if isinstance(base.cls, Record):
                return self.record_attribute(base, node)
        if isinstance(base, Const) and isinstance(base.value, complex) and node.attr in ("real", "imag"):
            return Const(getattr(base.value, node.attr))
        if not isinstance(base, Var | ir.Global):
            raise self.fail(node, f"the attribute .{node.attr}", "use attributes of arrays, modules and named tuples")
        own = self.overloaded_attribute(base, node)
        if own is not None:
            return self.call_function(own, [base], {}, node)
        if is_object(base):
            getter = accessor(type_of(base), node.attr, "get")
            if getter is not None:
                return self.call_function(self.function_value(getter), [base], {}, node)
            return self.emit("attr", (base,), node, hint if hint != "t" else node.attr, None, node.attr)
        return self.array_attribute(base, node, hint)

    def record_attribute(self, base: TupleOf, node: ast.Attribute) -> object:
        """Return an attribute of an argument's object that holds no item: of the class, as it was at the first call."""
        found = base.cls.attributes.get(node.attr, MISSING)
        if found is MISSING or found is COMPUTED:
            what = f"{ast.unparse(node)}, which is no item of the {base.cls.name},"
            raise self.fail(node, what, f"it has {', '.join(n for n in base.cls._fields if n) or 'no attributes'}")
        if isinstance(found, Property):
            return self.call_function(self.function_value(found.get, node), [base], {}, node)
        if isinstance(found, Method):
            return self.bound(self.function_value(found.function, node), [base], {}, node)
        return static_value(found)

    def array_attribute(self, base: Var | ir.Global, node: ast.Attribute, hint: str) -> object:
        """Return an attribute of an array, or of what is not known yet to be one."""
        own = self.attribute_of_number(base, node)
        if own is not None:
            return own
        made = self.made_by.get(base)
        if node.attr == "type" and isinstance(made, ir.Op) and made.fn == "attr" and made.detail == "dtype":
            found = class_of(getattr(self.type_of(made.args[0], node), "dtype", None))
            if found is not None:
                return Static(found)
        if node.attr == "ndim":
            known = self.type_if_known(base, node)
            if isinstance(known, types.Array):
                return Const(known.ndim)
        if node.attr == "flat":
            return Flat(base)
        if node.attr in ("real", "imag"):
            return self.emit(getattr(np, node.attr), (base,), node, hint)
        if node.attr == "T":
            return self.emit(np.transpose, (base,), node, hint)
        return self.emit("attr", (base,), node, hint if hint != "t" else node.attr, None, node.attr)

    def store_attribute(self, target: ast.Attribute, base: object, value: object) -> None:
        """Lower base.name = value."""
        if is_instance(base):
            self.store_in_instance(base, target, value)
            return
        if is_record_at(base):
            self.store_field(base, target.attr, value, target)
            return
        if isinstance(base, Static) and type_of_value(base.value) is not None:
            raise self.outside(base.value, target)
        if isinstance(base, Static):
            what = f"assigning to {ast.unparse(target)}, an attribute of {name_of_object(base.value)},"
            raise self.fail(target, what, "return the new value, and assign it outside the function")
        if not isinstance(base, Var):
            raise self.fail(target, f"assigning to {ast.unparse(target)}", "use a local variable")
        setter = accessor(type_of(base), target.attr, "set")
        if setter is not None:
            self.call_function(self.function_value(setter), [base, value], {}, target)
        else:
            self.effect("setattr", (base, self.as_operand(value, target)), target, target.attr)

    def object_method(
        self, base: Var | ir.Global, name: str, args: list, kwargs: dict, node: ast.Call, hint: str
    ) -> object:
        """Call a method of an array or an object."""
        if name in ("conj", "conjugate") and not args and not kwargs and not is_object(base):
            return self.emit(np.conj, (base,), node, hint)  # Numba has one name for numbers, another one for arrays
        own = method(type_of(base), name)
        if own is not None:
            function, takes_instance = own
            f = None
            with contextlib.suppress(NoSourceError):  # and then it is left to Numba
                f = self.function_value(function)
            if f is not None:
                return self.call_function(f, [base] * takes_instance + args, kwargs, node)
        if own is None:
            found = self.overloaded_method(base, name, args, kwargs, node)
            if found is not None:
                return self.call_function(found, [base, *args], kwargs, node)
        if not is_object(base):
            args, kwargs = self.matched(name, args, kwargs, node)
            if base in self.zero_dim and name in ("item", "copy") and not args:
                return base
            given, kwargs, out = self.split_out(getattr(np, name, None), [base, *args], kwargs, node)
            value = self.array_method(name, given, kwargs, node, hint)
            return value if out is None else self.written_into(out, value, node)
        return self.array_method(name, [base, *args], kwargs, node, hint)

    def array_method(self, name: str, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call a method of an array, which is the first of the arguments, or of an object."""
        if not is_object(args[0]):
            self.refuse_in_place(getattr(np, name, None), args, kwargs, node)
            kwargs = self.without_defaults(getattr(np, name, None), kwargs)
            args = [args[0], *(self.sequence(a, node) for a in args[1:])]
            kwargs = {k: self.sequence(v, node) for k, v in kwargs.items()}
        operands = tuple(self.as_operand(a, node) for a in args)
        named = {k: self.as_operand(v, node) for k, v in kwargs.items()}
        return self.emit("method", operands, node, hint, named, name)

    def call_foreign(self, f: object, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Leave a call to Numba of what has neither a rule nor Python source, a jitclass for example."""
        owner = getattr(f, "__self__", None)
        if owner is not None and not isinstance(owner, ModuleType | type):
            raise self.outside(owner, node)
        if type_of_value(f) is None and isinstance(f, type):
            remedy = "make it a dataclass, or register it (dualad.register_structure)"
            raise self.fail(node, f"making a {f.__name__} in the function", remedy)
        if type_of_value(f) is None:
            raise self.fail(node, f"calling {getattr(f, '__name__', f)!r}", "it has no Python source and no rule")
        named = {k: self.as_operand(v, node) for k, v in kwargs.items()}
        made = self.emit(ir.Foreign(f, ast.unparse(node.func)), tuple(self.operands(args, node)), node, hint, named)
        made.type = instance_type(f)
        return made

    def outside(self, value: object, node: ast.AST) -> UnsupportedError:
        """Return the error of using an object that a function finds around it, by way of a closure or a global."""
        used = node.iter if isinstance(node, ast.For) else node
        what = f"{ast.unparse(used)}, which uses {name_of_object(value)} from outside the function,"
        return self.fail(node, what, "pass it as an argument")

    def overloaded(self, f: object, args: list, kwargs: dict, node: ast.Call) -> FunctionValue | None:
        """Return the function that Numba calls in place of another one for these arguments; None if it is that one."""
        behind = getattr(f, "stands_for", f)  # what is compiled may be a copy, with what it depends on as it was
        is_ours = (getattr(behind, "__module__", None) or "").startswith("dualad.")
        if is_ours or is_dispatcher(behind) or not has_overload(python_function(behind) or behind):
            return None
        given = tuple(self.type_of(a, node, True) for a in args)
        named = {k: self.type_of(v, node, True) for k, v in kwargs.items()}
        found = chosen(behind, given, named)
        name = getattr(behind, "__name__", "the function")
        if found is None:
            kinds = ", ".join([*map(str, given), *(f"{k}={t}" for k, t in named.items())])
            what = f"{name}({kinds}), for which no numba.extending.overload has a Python function,"
            raise self.fail(node, what, "declare one for these types, or write an ordinary function, and call that")
        return self.chosen_function(found, name, node)

    def chosen_function(self, found: Callable, name: str, node: ast.AST) -> FunctionValue:
        try:
            return self.function_value(found, node)
        except NoSourceError:
            what = f"{name}, in whose place Numba calls a function without source text,"
            raise self.fail(node, what, "write an ordinary function, and call that") from None

    def overloaded_method(self, base: Var | ir.Global, name: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Return the function behind a method that `overload_method` declares, or None."""
        if hasattr(np.ndarray, name) and not is_object(base):
            return None
        known = None if base in self.lists else self.type_if_known(base, node)
        if known is None or not is_declared(known, name):
            return None
        given = tuple(self.type_of(a, node, True) for a in args)
        named = {k: self.type_of(v, node, True) for k, v in kwargs.items()}
        found = chosen_method(known, name, given, named)
        return None if found is None else self.chosen_function(found, name, node)

    def overloaded_attribute(self, base: Var | ir.Global, node: ast.Attribute) -> FunctionValue | None:
        """Return the function behind an attribute that `overload_attribute` declares, or None."""
        if hasattr(np.ndarray, node.attr) and not is_object(base):
            return None
        known = self.type_if_known(base, node)
        found = None if known is None else chosen_attribute(known, node.attr)
        return None if found is None else self.chosen_function(found, node.attr, node)

    def check_overload(self, f: object, source: Source, node: ast.AST | None) -> None:
        """Refuse a function in whose place Numba calls something else than its body."""
        f = getattr(f, "stands_for", f)  # what is compiled may be a copy, with what it depends on as it was
        is_ours = (source.function.__module__ or "").startswith("dualad.")
        if is_ours or is_dispatcher(f) or not has_overload(python_function(f) or f):
            return
        what = f"{source.function.__name__}, in whose place Numba calls what numba.extending.overload declares,"
        place = (source.filename, source.node.lineno) if node is None else self.place(node)
        remedy = "call it in a def, and differentiate that"
        raise UnsupportedError(at(f"{what} is not supported: {remedy}", *place))

    @staticmethod
    def is_prange(node: ast.expr, source: Source) -> bool:
        """Whether an expression that is called is Numba's prange."""
        names = ast.unparse(node).split(".")
        try:
            found = source.lookup(names[0])
        except KeyError:
            return False
        for name in names[1:]:
            found = attribute(found, name)
        return found is numba.prange

    def check_known(self, f: object, node: ast.Call) -> None:
        """Refuse a function of Python or NumPy that neither dualad nor Numba knows."""
        if f is super:
            raise self.fail(node, "super()", "name the class: Base.method(self, ...)")
        known = any(f is t for t in TEXTS) or any(
            of(f) is not None for of in (registry.find, composites.find, by_types.find, type_of_value)
        )
        if not known and python_function(f) is None:
            remedy = "Numba does not know it; call it outside, and pass what it gives"
            raise self.fail(node, f"calling {ast.unparse(node.func)}", remedy)
