"""Lists. One that keeps its length is taken apart like a tuple; one that grows or changes is an object in memory.

    a = [x, y]                        only read: the compiler knows the items, and the list leaves no trace
    out = []                          "list", and then "append", "pop", "setitem", ... on the variable
    for v in x: out.append(v * v)

Which of the two a list is shows when something changes it: then the lowering of the whole function starts again, with
that display remembered (`GrowingList`). A comprehension whose length is not known is a loop that appends.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from numba.typed import List

from ...rules import heaps, lists, reductions
from ..ir import Const, TupleOf, Var
from .control import assigned_names
from .tuple_lists import Form, TupleLists, form_of, is_rows
from .values import DictOf, Iteration, ListOf, is_instance, is_typed_list

_MOST_LISTS = 256  # of a function that change
_MOST_ITEMS = 16  # of a comprehension over a range of constant length that is written out


class GrowingList(Exception):
    """A list, or a dict, of which the items, or the keys, were taken to be known is one that changes."""

    def __init__(self, value: ListOf | DictOf, form: Form | None = None):
        super().__init__(value)
        self.value, self.form = value, form


class _NotStatic(Exception):
    """The items of a comprehension are not known."""


class Lists(TupleLists):
    """The part of `Lowering` that deals with lists."""

    def expr_List(self, node: ast.List, hint: str) -> object:
        return self.new_list(self.items(node.elts), node, hint)

    def new_list(self, items: list, node: ast.AST, hint: str = "t") -> object:
        """Return the value of an expression that makes a list."""
        return self.list_to_fill(node, hint, items) if node in self.growing else ListOf(items, node)

    def list_to_fill(self, node: ast.AST, hint: str = "t", items: list | tuple = ()) -> Var | TupleOf:
        """Return a list as an object in memory, of tuples where it has been met with one."""
        form = self.growing.get(node) or (form_of(items[0]) if items else None)
        if form is not None:
            return self.rows_in_memory(form, list(items), node, hint)
        target = self.list_in_memory(list(items), node, hint)
        self.displays[target] = node
        return target

    def list_in_memory(self, items: list, node: ast.AST, hint: str = "t") -> Var:
        operands = tuple(self.list_item(i, node) for i in items)
        target = self.emit("list", operands, node, hint if hint != "t" else "items")
        self.lists.add(target)
        return target

    def list_item(self, value: object, node: ast.AST) -> object:
        """Return a value as an operand that a list in memory can hold."""
        if is_instance(value):
            remedy = "keep it in a tuple, or in a list that keeps its length"
            raise self.fail(node, f"an instance of {value.cls.name} in a list that changes", remedy)
        if isinstance(value, TupleOf):
            raise self.fail(node, "a tuple in a list that changes", "keep one list for each item of the tuples")
        if isinstance(value, ListOf):  # it may change under either name
            self.grow(value, node)
        return self.as_operand(value, node)

    def grow(self, value: ListOf | DictOf, node: ast.AST) -> None:
        """Start again, with a list that changes as an object in memory, or a dict as a table."""
        self.refuse_default(value, node)
        if value.node is None or value.node in self.growing or len(self.growing) == _MOST_LISTS:
            raise self.fail(node, "changing this list", "make one with [...] or list() in the function itself")
        raise GrowingList(value)

    def list_method(self, base: object, name: str, args: list, kwargs: dict, node: ast.Call) -> object:
        """Call a method on a list."""
        if is_rows(base):
            return self.method_of_rows(base, name, args, kwargs, node)
        if name in ("append", "insert") and args:
            self.become_rows(base, form_of(args[-1]))
        if is_typed_list(base) and name not in ("copy", "index", "count"):
            raise self.fail(node, f".{name}() of a typed.List that is an argument", "copy it first, typed.List(items)")
        if name in ("sort", "index", "count") or (name in lists.METHODS and isinstance(base, Var) and args):
            if isinstance(base, ListOf):
                self.grow(base, node)
            base = base.items[0] if is_typed_list(base) else base
            return self.library_call(lists.METHODS[name], getattr(list, name), [base, *args], kwargs, node)
        if kwargs:
            raise self.fail(node, f"list.{name} with the argument {next(iter(kwargs))!r}", "leave it out")
        if name == "copy" and not args:
            return self.listed(base, node)
        if isinstance(base, ListOf):
            self.grow(base, node)
        if name in ("clear", "reverse", "insert") or (name == "pop" and args):
            return self.library_call(lists.METHODS[name], getattr(list, name), [base, *args], {}, node)
        if name == "extend" and len(args) == 1:
            self.extend(base, args[0], node)
            return Const(None)
        if name == "append" and len(args) == 1:
            self.append(base, args[0], node)
            return Const(None)
        if name == "pop" and not args:
            return self.emit("method", (base,), node, "item", None, name)
        raise self.fail(node, f"list.{name}", "use append, extend, insert, pop and stores, or fill an array instead")

    def become_rows(self, base: object, form: Form | None) -> None:
        """Start again, with a list as one of tuples of that form, if there is one."""
        node = self.displays.get(base) if isinstance(base, Var) else None
        if form is not None and node is not None:
            raise GrowingList(ListOf([], node), form)

    def append(self, base: Var | TupleOf, item: object, node: ast.AST) -> None:
        if is_rows(base):
            self.method_of_rows(base, "append", [item], {}, node)
            return
        self.become_rows(base, form_of(item))
        self.emit("method", (base, self.list_item(item, node)), node, "t", None, "append")

    def extend(self, base: Var, source: object, node: ast.AST, times: object = None) -> None:
        """Append all items of a source, if `times` is given as often as it says."""
        source = self.gone_through(source, node)
        if times is not None:
            trips = Iteration(Const(0), times, Const(1), lambda i: i)
            self.loop(node, [], [], None, lambda i: self.extend(base, source, node), "i", trips)
        elif isinstance(source, TupleOf | ListOf):
            for item in source.items:
                self.append(base, item, node)
        else:
            over = self.iteration(source, node)
            self.loop(node, [], [], None, lambda i: self.append(base, over.item(i), node), "i", over)

    def listed(self, value: object, node: ast.AST, times: object = None) -> object:
        """Return list(value), or value * times."""
        value = self.gone_through(value, node)
        if isinstance(value, TupleOf | ListOf) and times is None:
            return self.new_list(list(value.items), node)
        target = self.list_to_fill(node)
        self.extend(target, value, node, times)
        return target

    def typed_list(self, f: object, args: list, kwargs: dict, node: ast.AST) -> object:
        """Return what typed.List(...) or typed.List.empty_list(type) makes; None if it is none of them."""
        if f is List:
            return self.listed(args[0] if args else TupleOf(()), node)
        heap = self.call_of_heapq(f, args, kwargs, node)
        if heap is not None:
            return heap
        found = self.typed_dict(f, args, node)
        if found is not None:
            return found
        if getattr(f, "__func__", None) is List.empty_list.__func__:
            return self.new_list([], node)
        return None

    def call_of_heapq(self, f: object, args: list, kwargs: dict, node: ast.AST) -> object:
        """Call a function of heapq; None if it is none."""
        if getattr(f, "__module__", None) not in ("heapq", "_heapq"):
            return None
        if any(is_rows(x) or form_of(x) is not None for x in args):
            what = f"heapq.{f.__name__} of tuples"
            raise self.fail(node, what, "push numbers, and keep what belongs to them in arrays of its own")
        if f.__name__ in heaps.CHANGING and args:
            if isinstance(args[0], ListOf):
                self.grow(args[0], node)
            return self.library_call(heaps.CHANGING[f.__name__], f, args, kwargs, node)
        if f.__name__ in heaps.CHOOSING and not kwargs:
            return self.library_call(heaps.CHOOSING[f.__name__], f, args, kwargs, node)
        remedy = f"use {', '.join(sorted([*heaps.CHANGING, *heaps.CHOOSING]))}"
        raise self.fail(node, f"heapq.{f.__name__} with these arguments", remedy)

    @staticmethod
    def unlisted(value: object) -> object:
        """Return a typed list of numbers that is an argument as the array that it is; anything else as it is."""
        return value.items[0] if is_typed_list(value) else value

    def joined_lists(self, x: object, y: object, node: ast.AST) -> Var:
        """Return x + y, one of them a list that changes."""
        target = self.list_to_fill(node)
        self.extend(target, x, node)
        self.extend(target, y, node)
        return target

    def part_of_list(self, items: Var, part: ast.Slice, node: ast.AST) -> object:
        """Return items[lower:upper]."""
        if part.step is not None:
            raise self.fail(node, "a step in a slice of a list that changes", "write the loop")
        lower = Const(0) if part.lower is None else self.operand(part.lower)
        upper = self.emit(len, (items,), node, "n") if part.upper is None else self.operand(part.upper)
        return self.library_call(reductions.part_of_list, list, [items, lower, upper], {}, node)

    # ---------------------------------------------------------------- comprehensions

    def expr_ListComp(self, node: ast.ListComp, hint: str) -> object:
        return self.comprehension(node, self.expr(node.generators[0].iter), hint)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp, outermost: object, hint: str) -> object:
        """Return the list that a comprehension makes; `outermost` is what its first clause goes through."""
        items = None if node in self.growing else self.known_comprehension(node, outermost)
        if items is not None:
            return self.new_list(items, node, hint)
        self.refuse_on_one_thread("a list comprehension", node)
        env = dict(self.frame.env)
        target = self.list_to_fill(node, hint)
        self.generate(node, 0, outermost, lambda item: self.append(target, item, node), False)
        self.without_names_of(node, env)
        return target

    def known_comprehension(self, node: ast.ListComp | ast.GeneratorExp, outermost: object) -> list | None:
        """Return the items that a comprehension yields; None if they are not known."""
        if any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)):
            raise self.fail(node, "an assignment inside a comprehension", "assign before it, or write the loop")
        count, env = len(self.block.statements), dict(self.frame.env)
        items: list = []
        try:
            self.generate(node, 0, outermost, items.append, True)
        except _NotStatic:
            del self.block.statements[count:]
            self.frame.env.clear()
            self.frame.env.update(env)
            return None
        self.without_names_of(node, env)
        return items

    def without_names_of(self, node: ast.ListComp | ast.GeneratorExp, env: dict) -> None:
        """The names of a comprehension are its own."""
        for name in assigned_names([g.target for g in node.generators]):
            self.frame.env.pop(name, None)
            if name in env:
                self.frame.env[name] = env[name]

    def generate(
        self, node: ast.ListComp | ast.GeneratorExp, depth: int, iterable: object, put: Callable, static: bool
    ) -> None:
        """Lower the `for` clauses of a comprehension from one on, going through `iterable`; `put` takes the items."""
        clause = node.generators[depth]
        iterable = self.gone_through(self.as_dict(iterable), node)
        if isinstance(iterable, DictOf):
            iterable = self.keys_of(iterable, node)

        def trip(item: object, tests: list[ast.expr]) -> None:
            self.assign(clause.target, item)
            choose(tests)

        def choose(tests: list[ast.expr]) -> None:
            if not tests and depth + 1 == len(node.generators):
                put(self.expr(node.elt))
                return
            if not tests:
                self.generate(node, depth + 1, self.expr(node.generators[depth + 1].iter), put, static)
                return
            test = self.truth(self.expr(tests[0]), node)
            if static and not isinstance(test, Const):
                raise _NotStatic
            self.branch(test, lambda: choose(tests[1:]), lambda: None, node)

        known = self.known_items(iterable)
        if static and known is None:
            raise _NotStatic
        if known is not None:
            for item in known:
                trip(item, clause.ifs)
            return
        over = self.iteration(iterable, node)
        names = assigned_names([g.target for g in node.generators[depth:]])
        hint = clause.target.id if isinstance(clause.target, ast.Name) else "i"
        self.loop(node, names, [], None, lambda i: trip(over.item(i), clause.ifs), hint, over)

    def known_items(self, iterable: object) -> list | None:
        """Return what a comprehension goes through, if that is known and not long."""
        if isinstance(iterable, TupleOf | ListOf):
            return list(iterable.items)
        if isinstance(iterable, Iteration) and iterable.is_range:
            bounds = (iterable.start, iterable.stop, iterable.step)
            if all(isinstance(b, Const) and isinstance(b.value, int) for b in bounds):
                numbers = range(*(b.value for b in bounds))
                return [Const(k) for k in numbers] if len(numbers) <= _MOST_ITEMS else None
        return None
