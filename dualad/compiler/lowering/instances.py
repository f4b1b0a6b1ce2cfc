"""Instances of jitclasses whose fields are known: made in the function, or arguments of it.

What such an instance holds is a tuple of values with the names of its fields beside it, which stands in the environment
under a hidden name, as that of a dict does (`dicts`): all names of the instance see a change, branches and loops merge
and carry it, and the IR has nothing but the values of fields. Methods and properties are inlined.

    b = Body(m, x)          .dict1 = (m, x)  of the keys "mass", "place";  b stands for .dict1
    b.place += b.speed(t)   .dict1 = (m, x + ...)

A name that is one of several instances, as a branch or an index leaves it, is the number of one (`Choice`). What is
done with it is done in a branch for each::

    b = p if x > 0.0 else q             b = 1 if x > 0.0 else 2
    b.mass *= 2.0                       if b == 1: .dict1 = ...
                                        else: .dict2 = ...
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from numba import types

from ...errors import NoSourceError
from ..ir import UNDEFINED, Const, If, TupleOf, Var
from ..runtime.numba_bridge.objects import CLASSES_OF_FIELDS, Members, fields_of_type, instance_type, members_of
from .classes import INSTANCES, jitclass_of, of_instance
from .dicts import HIDDEN
from .values import Choice, InstanceClass, InstanceOf, Keys, ListOf, Static, is_instance, static_value

_CASTS = {types.float64: float, types.int64: int, types.boolean: bool, types.complex128: complex}
_BINARY = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.truediv: "truediv",
    operator.floordiv: "floordiv",
    operator.mod: "mod",
    operator.pow: "pow",
    operator.matmul: "matmul",
    operator.and_: "and",
    operator.or_: "or",
    operator.xor: "xor",
    operator.lshift: "lshift",
    operator.rshift: "rshift",
}
_UNARY = {operator.neg: "neg", operator.pos: "pos", operator.invert: "invert", abs: "abs"}
_COMPARED = {
    operator.eq: ("eq", "eq"),
    operator.ne: ("ne", "ne"),
    operator.lt: ("lt", "gt"),
    operator.le: ("le", "ge"),
    operator.gt: ("gt", "lt"),
    operator.ge: ("ge", "le"),
}


def number_of(name: str) -> int:
    """Return the number by which a choice knows an instance."""
    return int(name[len(HIDDEN) :])


class Instances:
    """The part of `Lowering` that deals with instances whose fields are known."""

    def make_instance(self, cls: type, members: Members | None, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call a jitclass; None if the source of its __init__ cannot be found."""
        known = InstanceClass(instance_type(cls), members)
        try:
            init = self.function_value(self.members_of(known).methods["__init__"], node)
        except NoSourceError:
            return None
        made = self.new_instance(known, [self.null(ty, node) for ty in fields_of_type(known.type).values()])
        self.call_function(init, [made, *args], kwargs, node)
        return made

    def new_instance(self, cls: InstanceClass, items: list) -> InstanceOf:
        return self.new_held(InstanceOf, TupleOf(tuple(items), Keys(tuple(fields_of_type(cls.type)), cls)))

    def instance_from_outside(self, value: object) -> object:
        """Return an instance that a function finds around it as one of its own, which stays as it is."""
        found = jitclass_of(type(value.value)) if isinstance(value, Static) else None
        if found is None:
            return value
        known = InstanceClass(CLASSES_OF_FIELDS[found[1]], value.attributes.get(INSTANCES))
        items = [self.instance_from_outside(static_value(v)) for v in of_instance(value.value)[0]]
        made = self.new_instance(known, items)
        self.unchanging[made.name] = "that the function finds around it", "pass it as an argument"
        return made

    def null(self, ty: object, node: ast.AST) -> object:
        """Return what a field of some type holds before anything is stored: Numba sets its bytes to zero."""
        is_number = isinstance(ty, types.Number | types.Boolean)
        return self.coerced(Const(0), ty, "", node) if is_number else UNDEFINED

    @staticmethod
    def members_of(cls: InstanceClass) -> Members:
        return members_of(cls.type) if cls.members is None else cls.members

    def coerced(self, value: object, ty: object, name: str, node: ast.AST) -> object:
        """Return a value as a field of some type holds it."""
        if isinstance(ty, types.Number | types.Boolean):
            value = self.as_operand(value, node)
            if isinstance(value, Const) and ty in _CASTS and isinstance(value.value, int | float | complex):
                if not isinstance(value.value, complex) or ty == types.complex128:
                    return Const(_CASTS[ty](value.value))
            if isinstance(ty, types.Boolean):
                return value if value in self.boolean else self.emit(bool, (value,), node, name or "t")
            made = self.emit("cast", (value,), node, name or getattr(value, "name", "t"), None, ty)
            self.types[made] = ty
            return made
        if isinstance(ty, types.BaseTuple):
            is_like = isinstance(value, TupleOf) and len(value.items) == len(ty.types)
            if not is_like or isinstance(value.cls, Choice):
                raise self.fail(node, f"storing this in the field {name}", f"it holds tuples of {len(ty.types)}")
            pairs = zip(value.items, ty.types, strict=True)
            return TupleOf(tuple(self.coerced(v, t, name, node) for v, t in pairs), value.cls)
        if isinstance(ty, types.ClassInstanceType) and is_instance(value) and value.cls.type != ty:
            raise self.fail(node, f"storing an instance of {value.cls.name} in the field {name}", f"it holds {ty}")
        if isinstance(ty, types.Array) and isinstance(value, ListOf | TupleOf):
            raise self.fail(node, f"storing this in the field {name}", "it holds arrays")
        return value

    # ---------------------------------------------------------------- one of several

    def choice_of(self, stmt: If, x: object, y: object, name: str) -> object:
        """Return the value of a name that is one instance or the other behind a branch; None if they are none."""
        if not (is_instance(x) and is_instance(y)) or x.cls.type != y.cls.type:
            return None
        names, cls = _names(x) | _names(y), InstanceClass(x.cls.type, x.cls.members)
        number = self.merge(stmt, _number(x), _number(y), f"{name}_number")
        return TupleOf((number,), Choice(tuple(sorted(names, key=number_of)), cls))

    def wider_choice(self, param: object, left: object) -> TupleOf | None:
        """Return the shape of a name that is another instance, made before the loop, after a trip; None if it fits."""
        if not (is_instance(param) and is_instance(left)) or param.cls.type != left.cls.type:
            return None
        names = _names(param) | _names(left)
        if _names(left) <= _names(param) or not names <= self.frame.env.keys():
            return None
        return TupleOf((UNDEFINED,), Choice(tuple(sorted(names, key=number_of)), param.cls))

    @staticmethod
    def as_choice(value: object, param: object) -> object:
        """Return an instance in the form of the choice among several that a loop carries; anything else as it is."""
        is_choice = isinstance(param, TupleOf) and isinstance(param.cls, Choice)
        if is_choice and is_instance(value) and _names(value) <= _names(param):
            return TupleOf((_number(value),), param.cls)
        return value

    def for_each(self, value: object, act: Callable, node: ast.AST) -> object:
        """Do something with an instance, or in a branch for each of those that a value may be."""
        if isinstance(value, InstanceOf):
            return act(value)
        first, *rest = (InstanceOf(name, value.cls.cls) for name in value.cls.names)

        def choose(ref: InstanceOf, rest: list) -> object:
            if not rest:
                return act(ref)
            test = self.operation(operator.eq, (value.items[0], Const(number_of(ref.name))), node, "test")
            return self.branch(test, lambda: act(ref), lambda: choose(rest[0], rest[1:]), node)

        return choose(first, rest)

    def state_of(self, value: object, node: ast.AST) -> TupleOf:
        """Return what an instance holds, as a tuple."""
        keys = tuple(fields_of_type(value.cls.type))

        def held(ref: InstanceOf) -> TupleOf:
            return TupleOf(
                tuple(self.held(ref, node).values()), Keys(keys, InstanceClass(ref.cls.type, ref.cls.members))
            )

        return self.for_each(value, held, node)

    # ---------------------------------------------------------------- attributes and methods

    def instance_attribute(self, value: object, node: ast.Attribute) -> object:
        """Return a field, a property or a bound method of an instance."""
        cls, name = value.cls, _own(value.cls, node.attr)
        members = self.members_of(cls)
        if name in fields_of_type(cls.type):
            return self.for_each(value, lambda ref: self.field(ref, name, node), node)
        if "get" in members.properties.get(name, {}):
            return self.call_member(members.properties[name]["get"], value, [], {}, node)
        if name in members.static:
            return self.function_value(members.static[name], node)
        if name in members.methods:
            return self.bound(self.function_value(members.methods[name], node), [value], {}, node)
        what = f"{ast.unparse(node)}, which an instance of {cls.name} does not have,"
        raise self.fail(node, what, f"it has {', '.join(fields_of_type(cls.type))}")

    def field(self, ref: InstanceOf, name: str, node: ast.AST) -> object:
        value = self.held(ref, node)[name]
        if value is UNDEFINED:
            what = f"the field {name} of an instance of {ref.cls.name}, which has no value here,"
            raise self.fail(node, what, "store one in __init__")
        return value

    def store_in_instance(self, value: object, target: ast.Attribute, new: object) -> None:
        """Lower value.name = new."""
        cls, name = value.cls, _own(value.cls, target.attr)
        members = self.members_of(cls)
        if "set" in members.properties.get(name, {}):
            self.call_member(members.properties[name]["set"], value, [new], {}, target)
            return
        if name not in fields_of_type(cls.type):
            what = f"assigning to {ast.unparse(target)}, which is no field of {cls.name},"
            raise self.fail(target, what, "name it in the spec of the class")
        new = self.coerced(new, fields_of_type(cls.type)[name], name, target)

        def store(ref: InstanceOf) -> None:
            items = self.held(ref, target)
            self.check_change(ref, target)
            items[name] = new
            self.frame.env[ref.name] = TupleOf(tuple(items.values()), self.frame.env[ref.name].cls)

        self.for_each(value, store, target)

    def call_member(self, function: object, value: object, args: list, kwargs: dict, node: ast.AST) -> object:
        """Call a method, of each of those that an instance may be."""
        f = self.function_value(function, node)
        return self.for_each(value, lambda ref: self.call_function(f, [ref, *args], kwargs, node), node)

    def call_of_instance(self, value: object, args: list, kwargs: dict, node: ast.Call, hint: str) -> object:
        """Call an attribute of an instance."""
        members, name = self.members_of(value.cls), _own(value.cls, node.func.attr)
        if name in members.methods:
            return self.call_member(members.methods[name], value, args, kwargs, node)
        return self.call_value(self.instance_attribute(value, node.func), args, kwargs, node, hint)

    # ---------------------------------------------------------------- operators

    def special(self, value: object, name: str) -> object | None:
        """Return the function behind a special method, __name__, of an instance; None if there is none."""
        return self.members_of(value.cls).methods.get(f"__{name}__") if is_instance(value) else None

    def binary_of_instances(self, fn: object, x: object, y: object, node: ast.AST, in_place: bool = False) -> object:
        """Return x + y and the like, where one is an instance whose class says what that is; None where none does."""
        if not (is_instance(x) or is_instance(y)):
            return None
        name = _BINARY.get(fn)
        own, other = _COMPARED.get(fn, (name, f"r{name}"))
        for kind in (f"i{name}",) * in_place + (own,):
            f = self.special(x, kind)
            if f is not None:
                return self.call_member(f, x, [y], {}, node)
        f = self.special(y, other)
        if f is not None:
            return self.call_member(f, y, [x], {}, node)
        f = self.special(x, "eq") if fn is operator.ne else None
        if f is not None:
            return self.operation(operator.not_, (self.call_member(f, x, [y], {}, node),), node)
        self.refuse_record(x if is_instance(x) else y, "this operation", node)
        return None

    def unary_of_instance(self, fn: object, x: object, node: ast.AST) -> object:
        """Return -x and the like of an instance; None of anything else."""
        f = self.special(x, _UNARY[fn]) if fn in _UNARY else None
        return None if f is None else self.call_member(f, x, [], {}, node)

    def truth_of_instance(self, value: object, node: ast.AST) -> object:
        for name in ("bool", "len"):
            f = self.special(value, name)
            if f is not None:
                return self.truth(self.call_member(f, value, [], {}, node), node)
        return Const(True)

    def item_of_instance(self, value: object, index: ast.expr, node: ast.AST, *new: object) -> object:
        """Return value[index], or lower value[index] = new."""
        f = self.special(value, "setitem" if new else "getitem")
        if f is None:
            self.refuse_record(value, "items", node)
        return self.call_member(f, value, [self.expr(index), *new], {}, node)


def _names(value: object) -> set[str]:
    return {value.name} if isinstance(value, InstanceOf) else set(value.cls.names)


def _number(value: object) -> Var | Const:
    return Const(number_of(value.name)) if isinstance(value, InstanceOf) else value.items[0]


def _own(cls: InstanceClass, name: str) -> str:
    """Return the name of an attribute as Python has it inside a class."""
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.name.lstrip('_')}{name}" if is_private else name
