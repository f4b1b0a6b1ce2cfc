"""Messages of exceptions: the text that Python makes of values is made when the exception leaves native code.

Numba has no text of a float. So what makes up a message (f-strings, str(), repr(), format(), "...".format(), "...%")
is not computed in native code: a "raise" gets the values themselves and, in its `detail`, one `Message` for each
argument of the exception, and is printed as the raise of a `Late` exception, which puts them together::

    raise ValueError(f"negative: {x:.2f}", n)    raise Late(ValueError, 2, "negative: {:.2f}", "{!v}", x, n)

`{}` takes the next value; the conversions are those of f-strings and two more: `!v` the value itself, `!p` the old
format "%...". `{single}` is a value of dtype float32.
"""

from __future__ import annotations

import operator
import re
import string
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import types

from .. import ir
from . import Const, Function, Op, TupleOf, Var

_PERCENT = re.compile(r"%(?:%|[-#0 +]*\d*(?:\.\d+)?[hlL]?[diouxXeEfFgGcrsa])")


@dataclass(frozen=True)
class Field:
    """A place for a value in a text."""

    conversion: str = ""
    spec: str = ""

    def around(self, name: str) -> str:
        """Return the field of a format string that takes the value of this name."""
        conversion = f"!{self.conversion}" if self.conversion else ""
        return f"{{{name}{conversion}{f':{self.spec}' if self.spec else ''}}}"


VALUE = Field("v")
TEXTS = (str, repr, format)
"""Functions that make text of values."""


class _Percent:
    """A value that is formatted in the old way."""

    def __init__(self, value: object):
        self.value = value

    def __format__(self, spec: str) -> str:
        return spec % (self.value,)


class _Formatter(string.Formatter):
    """Formats text with the values of a sequence, one after the other."""

    def __init__(self, values: list):
        self.values = iter(values)

    def get_value(self, key: object, args: tuple, kwargs: dict) -> object:
        value = next(self.values)
        return np.float32(value) if key == "single" else value

    def convert_field(self, value: object, conversion: str | None) -> object:
        return _Percent(value) if conversion == "p" else super().convert_field(value, conversion)

    def argument(self, template: str) -> object:
        """Return the argument of an exception that a template stands for."""
        if template.endswith("!v}"):
            return self.get_value(template[1:-3], (), {})
        return self.vformat(template, (), {})


class Late(Exception):
    """Stands for an exception in native code; what is made of it, when Python sees it, is that exception."""

    def __new__(cls, exception: object, count: int = 0, *parts: object) -> BaseException:
        if isinstance(exception, BaseException):  # CPython hands on what was made, in place of the arguments
            return exception
        made = _Formatter(list(parts[count:]))
        return exception(*[made.argument(template) for template in parts[:count]])


def is_single(x: object) -> bool:
    """Whether an operand is a number of dtype float32, which leaves native code as a float."""
    return isinstance(x, Var) and x.type == types.float32


def template(message: tuple, singles: list[bool]) -> str:
    """Return the text of a message with places for values; of `singles`, whether they are float32, it takes its own."""
    text = ""
    for part in message:
        if isinstance(part, str):
            text += part.replace("{", "{{").replace("}", "}}")
        else:
            text += part.around("single" if singles.pop(0) else "")
    return text


def find_messages(function: Function) -> None:
    """Let every "raise" of a function hold the values that its messages are made of (in place)."""
    made: dict[Var, Op] = {s.target: s for s in ir.walk(function.body) if isinstance(s, Op) and s.target is not None}
    unused: set[Var] = set()
    for op in (s for s in ir.walk(function.body) if isinstance(s, Op) and s.fn == "raise" and s.detail is None):
        cls, *args = op.args
        messages = [_message(a, made, unused) for a in args]
        if all(m is None for m in messages):
            continue
        values: list = []
        detail = []
        for a, message in zip(args, messages, strict=True):
            parts = [a] if message is None else message
            values += [p[0] if isinstance(p, tuple) else p for p in parts if not isinstance(p, str)]
            detail.append(tuple(p if isinstance(p, str) else p[1] if isinstance(p, tuple) else VALUE for p in parts))
        op.args, op.detail = (cls, *values), tuple(detail)
    _drop(function, unused)


def _message(x: object, made: dict, unused: set) -> list | None:
    """Return the parts of a text: strings and (value, Field) pairs; None if it is none that is put together here."""
    op = made.get(x) if isinstance(x, Var) else None
    if op is None:
        return None
    parts = _parts_of(op, made, unused)
    if parts is not None:
        unused.add(x)
    return parts


def _parts_of(op: Op, made: dict, unused: set) -> list | None:
    def text(x: object, field: Field) -> list:
        inner = _message(x, made, unused) if field in (Field(), Field("s")) else None
        if inner is not None:
            return inner
        return [formatted(x.value, field)] if isinstance(x, Const) else [(x, field)]

    if op.fn == "fstring":
        names = iter(op.args)
        return [q for p in op.detail for q in ([p] if isinstance(p, str) else text(next(names), p))]
    if op.fn in (str, repr) and len(op.args) == 1 and not op.kwargs:
        return text(op.args[0], Field("s" if op.fn is str else "r"))
    if op.fn is format and all(isinstance(a, Const) for a in op.args[1:]):
        return text(op.args[0], Field("", op.args[1].value if len(op.args) > 1 else ""))
    if op.fn is operator.add:
        sides = [[a.value] if isinstance(a, Const) else _message(a, made, unused) for a in op.args]
        return [p for side in sides for p in side] if all(_is_text(s) for s in sides) else None
    if op.fn == "method" and op.detail == "format" and isinstance(op.args[0], Const):
        return _dot_format(op, text)
    if op.fn is operator.mod and isinstance(op.args[0], Const) and isinstance(op.args[0].value, str):
        values = list(op.args[1].items) if isinstance(op.args[1], TupleOf) else [op.args[1]]
        return _percent(op.args[0].value, values, text)
    return None


def _is_text(side: list | None) -> bool:
    return side is not None and all(isinstance(p, str | tuple) for p in side)


def _percent(old: str, values: list, text: Callable) -> list | None:
    """Return the parts of an old format; None if it has what is not known here."""
    found = _PERCENT.findall(old)
    if len([f for f in found if f != "%%"]) != len(values) or "%" in "".join(_PERCENT.split(old)):
        return None
    parts: list = []
    left = iter(values)
    for literal, spec in zip(_PERCENT.split(old), [*found, ""], strict=True):
        parts.append(literal)
        if spec == "%%":
            parts.append("%")
        elif spec:
            parts += text(next(left), Field() if spec == "%s" else Field("p", spec))
    return parts


def formatted(value: object, field: Field) -> str:
    if field.conversion == "p":
        return field.spec % (value,)
    converted = {"s": str, "r": repr, "a": ascii}.get(field.conversion, lambda v: v)(value)
    return format(converted, field.spec)


def _dot_format(op: Op, text: Callable) -> list | None:
    """Return the parts of "...".format(...); None if a field asks for more than a value and how to print it."""
    parts: list = []
    for number, (literal, name, spec, conversion) in enumerate(string.Formatter().parse(op.args[0].value)):
        parts.append(literal)
        if name is None:
            continue
        if name.isidentifier():
            value = op.kwargs.get(name)
        else:
            place = int(name) if name.isdigit() else number if name == "" else len(op.args)
            value = op.args[1 + place] if 1 + place < len(op.args) else None
        if value is None or "{" in spec:
            return None
        parts += text(value, Field(conversion or "", spec))
    return parts


def _drop(function: Function, unused: set[Var]) -> None:
    """Remove the texts that nothing else reads."""
    while unused:
        used = {v for s in ir.walk(function.body) for x in ir.operands_of(s) for v in ir.vars_in(x)}
        used |= set(ir.vars_in(function.result))
        gone = unused - used
        if not gone:
            return
        unused = unused - gone
        ir.rewrite(function.body, lambda op, gone=gone: [] if op.target in gone else [op])
