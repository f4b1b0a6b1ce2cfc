"""Members of an enumeration: a variable that is one of several has a number, its place among the members.

    status = Status.OPTIMAL                 status = 0
    while not done:
        status = Status.UNBOUNDED           status = 2
    if status == Status.OPTIMAL:            if status == 0:

Members of an IntEnum are the integers that they are.
"""

from __future__ import annotations

import ast
import operator

from numba import types

from .. import ir
from ..ir import Const, TupleOf, Var
from .reads import attribute
from .values import OPERANDS, Static, is_member, static_value


class Enums:
    """The part of `Lowering` that deals with them."""

    def compared_members(self, op: ast.cmpop, x: object, y: object, node: ast.AST) -> object:
        """Return what a comparison gives of which one side is a member; None if neither is."""
        if not (is_member(x) or is_member(y)):
            return None
        is_equal = isinstance(op, ast.Eq | ast.Is)
        if not is_equal and not isinstance(op, ast.NotEq | ast.IsNot):
            raise self.fail(node, "this comparison of members of an Enum", "compare them with ==, or use an IntEnum")
        if is_member(x) and is_member(y):
            if x.cls != y.cls:
                return Const(not is_equal)
            return self.operation(operator.eq if is_equal else operator.ne, (x.items[0], y.items[0]), node, "test")
        other = y if is_member(x) else x
        if isinstance(other, Var) and isinstance(self.type_if_known(other, node), types.EnumMember):
            both = (self.as_operand(x, node), self.as_operand(y, node))
            return self.operation(operator.eq if is_equal else operator.ne, both, node, "test")
        return Const(not is_equal)

    def attribute_of_member(self, base: TupleOf, node: ast.Attribute) -> object:
        """Return an attribute of a member; of one of several, which have all of them a number there."""
        found = [attribute(m, node.attr) for m in base.cls.members]
        number = base.items[0]
        if isinstance(number, Const):
            return static_value(found[number.value])
        values = [static_value(x) for x in found]
        if not all(isinstance(v, OPERANDS) for v in values):
            what = f"{ast.unparse(node)} of one of several members of {base.cls.enum.__name__}"
            raise self.fail(node, what, "compare it with the members, and assign what each has")
        return self.pick(values, number, node)

    def member_as_operand(self, value: TupleOf, node: ast.AST) -> ir.Global:
        number = value.items[0]
        if not isinstance(number, Const):
            what = f"a variable that is one of several members of {value.cls.enum.__name__}, as a value,"
            raise self.fail(node, what, "compare it with the members, or use an IntEnum")
        return ir.Global(value.cls.of(number))

    @staticmethod
    def number_of_member(base: object, name: str) -> object:
        """Return `.value` of a member of an IntEnum, which is an integer by now; None for anything else."""
        is_integer = isinstance(base, Const) and type(base.value) is int
        return base if is_integer and name == "value" else None


def member_at(value: object) -> object:
    """Return the member that a value is known to be; None if it is none, or one of several."""
    if is_member(value) and isinstance(value.items[0], Const):
        return value.cls.of(value.items[0])
    return value.value if isinstance(value, Static) else None
