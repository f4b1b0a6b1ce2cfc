"""Generated code without the copies that its making leaves behind.

Where branches meet and trips begin, a value gets another name::

    d_3 = d_2 + t_7            d_2 = d_2 + t_7
    d_2 = d_3
    e_2_bar = e_1_bar          t_14_bar = -e_1_bar
    e_1_bar = e_2_bar
    t_14_bar = -e_2_bar

Each statement costs Numba some milliseconds, and a reader some patience. The text is that of functions whose statements
are of one line each, as `printer` prints them, and a plain assignment between names is a copy: the same number, or the
same array under another name. Lines are not parsed, only looked through for names, which is ten times faster.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...errors import DualadError

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*\b(?!=[^=])")  # neither an attribute nor the name of an argument
_PLAIN = re.compile(r"([A-Za-z_]\w*) = (.*)")
_SEVERAL = re.compile(r"((?:[A-Za-z_]\w*, )+[A-Za-z_]\w*) = (.*)")
_AUGMENTED = re.compile(r"([A-Za-z_]\w*) [^\s=!<>(]+= (.*)")
_FOR = re.compile(r"for ([A-Za-z_]\w*) in (.*):")
_COPIED = re.compile(r"[A-Za-z_]\w*|-?[0-9.]+(?:e-?[0-9]+)?")
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\(")
_KEYWORDS = frozenset(keyword.kwlist)
_ROUNDS = 2


def tidy(lines: list[str], places: list[tuple], pure: frozenset[str] = frozenset()) -> tuple[list[str], list[tuple]]:
    """Return the lines of generated functions without needless copies, and the places that belong to them.

    Calls of the functions in `pure` that nobody needs are left out, too: LLVM does not see that they have no effect.
    """
    functions = _parsed(lines, places)
    for function in functions if pure else ():
        _drop(function.body, set(), set(), pure)
    for function in functions:
        for _ in range(_ROUNDS):
            _drop(function.body, set(), set())  # first, since it keeps the names of the user's
            _propagate(function.body, {})
        _drop(function.body, set(), set())
    printed = list(_printed(functions))
    return [line for line, _ in printed], [place for _, place in printed]


@dataclass(eq=False)
class _Line:
    """A statement, or the head of one with blocks."""

    kind: str
    """The word that it begins with, "=", "+=", "," for one with several targets, "#", or "" for all others."""
    depth: int
    text: str
    place: tuple
    target: str = ""
    value: str = ""
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    body: list[_Line] = field(default_factory=list)
    orelse: list[_Line] = field(default_factory=list)

    @property
    def is_opaque(self) -> bool:
        """Whether there are texts in it, where a name is none."""
        return '"' in self.text or "'" in self.text

    @property
    def is_copy(self) -> bool:
        return self.kind == "=" and _COPIED.fullmatch(self.value) is not None

    def is_pure(self, pure: frozenset[str]) -> bool:
        """Whether the value has no effect: it calls these functions at most."""
        return not self.is_opaque and pure.issuperset(_CALLED.findall(self.value))

    @property
    def copied(self) -> str:
        """The name that is copied, if it is one."""
        return self.value if self.is_copy and self.value.isidentifier() and self.value not in _KEYWORDS else ""

    def read_instead(self, names: dict[str, str]) -> None:
        """Read other names in the place of some."""
        if self.is_opaque or self.reads.isdisjoint(names):
            return

        def other(match: re.Match) -> str:
            return names.get(match.group(), match.group())

        if self.kind in ("=", "+=", ",", "for"):
            self.value = _NAME.sub(other, self.value)
        else:
            self.text = _NAME.sub(other, self.text)
        own = {self.target} if self.kind == "+=" else set()
        self.reads = {names.get(n, n) for n in self.reads - own} | own

    def rename(self, old: str, new: str) -> None:
        """Give a name another one, wherever it is."""
        self.read_instead({old: new})
        if old in self.writes:
            self.writes = (self.writes - {old}) | {new}
            self.reads = {new if n == old else n for n in self.reads}
            self.target = _NAME.sub(lambda m: new if m.group() == old else m.group(), self.target)
        for line in (*self.body, *self.orelse):
            line.rename(old, new)


def _parsed(lines: list[str], places: list[tuple]) -> list[_Line]:
    """Return lines as statements with their blocks."""
    top: list[_Line] = []
    open_blocks = [top]
    for line, place in zip(lines, places, strict=True):
        text = line.lstrip(" ")
        depth = (len(line) - len(text)) // 4
        if not text:
            continue
        del open_blocks[depth + 1 :]
        if text == "else:":
            open_blocks.append(open_blocks[-1][-1].orelse)
            continue
        made = _statement(text, depth, place)
        open_blocks[-1].append(made)
        open_blocks.append(made.body)
    return top


def _statement(text: str, depth: int, place: tuple) -> _Line:
    first = text.split(" ", 1)[0].rstrip(":")
    if text.startswith("#"):
        return _Line("#", depth, text, place)
    if first in ("if", "while", "def", "return", "raise", "break"):
        return _Line(first, depth, text, place, reads=_names(text))
    for kind, pattern in (("=", _PLAIN), ("+=", _AUGMENTED), ("for", _FOR)):
        found = pattern.fullmatch(text)
        if found:
            target, value = found.groups()
            own = {target} if kind == "+=" else set()
            return _Line(kind, depth, text, place, target, value, _names(value) | own, {target})
    if text.endswith(":"):
        raise DualadError(f"internal: {text} is no statement that generated code has")
    found = _SEVERAL.fullmatch(text)
    if found:
        targets, value = found.groups()
        return _Line(",", depth, text, place, targets, value, _names(value), _names(targets))
    return _Line("", depth, text, place, reads=_names(text))


def _names(text: str) -> set[str]:
    return set(_NAME.findall(text)) - _KEYWORDS


def _written(lines: list[_Line]) -> set[str]:
    """Return the names that statements and those inside them assign."""
    found: set[str] = set()
    for line in lines:
        found |= line.writes
        found |= _written(line.body) | _written(line.orelse)
    return found


def _mentions(lines: list[_Line], names: set[str], texts: bool = False) -> bool:
    """Whether statements, or those inside them, have one of some names; or have one beside `texts`."""
    for line in lines:
        has_one = not line.reads.isdisjoint(names) or not line.writes.isdisjoint(names)
        if has_one and (not texts or line.is_opaque):
            return True
        if _mentions(line.body, names, texts) or _mentions(line.orelse, names, texts):
            return True
    return False


# ------------------------------------------------------------------------------------------------------------ forward


def _propagate(block: list[_Line], known: dict[str, str]) -> None:
    """Read what was copied in the place of its copies (in place); `known` has the copies, by their names."""
    for line in block:
        if line.kind in ("for", "while"):
            _forget(known, _written([line]))
        if known and line.kind != "def":
            line.read_instead(known)
        if line.kind == "if":
            sides = [dict(known), dict(known)]
            _propagate(line.body, sides[0])
            _propagate(line.orelse, sides[1])
            known.clear()
            known.update(sides[0].items() & sides[1].items())
        elif line.kind in ("for", "while"):
            _propagate(line.body, dict(known))
        elif line.writes and not (line.copied and line.copied == line.target):
            _forget(known, line.writes)
            if line.copied:
                known[line.target] = line.copied


def _forget(known: dict[str, str], written: set[str]) -> None:
    for name in [n for n, source in known.items() if n in written or source in written]:
        del known[name]


# ----------------------------------------------------------------------------------------------------------- backward


def _drop(block: list[_Line], live: set[str], after_loop: set[str], pure: frozenset[str] = frozenset()) -> set[str]:
    """Drop copies that nothing reads, and let what a name is copied from be computed under that name (in place).

    `live` are the names that are read after the block, `after_loop` those that are read where `break` leads; returned
    are those that are read from its beginning on.
    """
    k = len(block)
    while k:
        k -= 1
        line = block[k]
        if line.kind == "if":
            sides = [_drop(side, live, after_loop, pure) for side in (line.body, line.orelse)]
            live = set().union(*sides) | line.reads
            if not line.body and not line.orelse:
                del block[k]
        elif line.kind in ("for", "while"):
            at_end = _live_at_end(line, live)
            live = (_drop(line.body, at_end, live, pure) - line.writes) | live | line.reads
        elif pure and line.kind == "=" and line.target not in live and line.is_pure(pure):
            del block[k]
        elif line.is_copy and (
            line.target not in live or line.copied == line.target or _unite(block, k, live, after_loop)
        ):
            del block[k]
        else:
            live = _live_before(line, live, after_loop)
    return live


def _live_before(line: _Line, live: set[str], after_loop: set[str]) -> set[str]:
    """Return the names that are read from a simple statement on."""
    if line.kind in ("return", "raise"):
        return line.reads
    return after_loop if line.kind == "break" else (live - line.writes) | line.reads


def _live_at_end(loop: _Line, after: set[str]) -> set[str]:
    """Return the names that are read after a trip of a loop: in the next one, or after the loop."""
    at_end = after | loop.reads
    while True:
        begin = _live_from(loop.body, at_end, after)
        if begin <= at_end:
            return at_end
        at_end = at_end | begin


def _live_from(block: list[_Line], live: set[str], after_loop: set[str]) -> set[str]:
    """Return the names that are read from the beginning of a block on."""
    for line in reversed(block):
        if line.kind == "if":
            live = _live_from(line.body, live, after_loop) | _live_from(line.orelse, live, after_loop) | line.reads
        elif line.kind in ("for", "while"):
            inner = _live_from(line.body, _live_at_end(line, live), live)
            live = (inner - line.writes) | live | line.reads
        else:
            live = _live_before(line, live, after_loop)
    return live


def _unite(block: list[_Line], k: int, live: set[str], after_loop: set[str]) -> bool:
    """Give what a copy copies the name of the copy from its computation on, if both are then one; True if so."""
    new, old = block[k].target, block[k].copied
    if old in live:
        return False
    start = next((j for j in range(k - 1, -1, -1) if block[j].kind == "=" and block[j].target == old), None)
    if start is None or block[start].is_opaque:
        return False
    between = block[start + 1 : k]
    if _mentions(between, {new}) or _mentions(between, {old}, texts=True):
        return False
    if not after_loop.isdisjoint((old, new)) and _may_break(between):
        return False
    block[start].target, block[start].writes = new, {new}
    for line in between:
        line.rename(old, new)
    return True


def _may_break(lines: list[_Line]) -> bool:
    return any(s.kind == "break" or (s.kind == "if" and (_may_break(s.body) or _may_break(s.orelse))) for s in lines)


# ----------------------------------------------------------------------------------------------------------- printing


def _printed(block: list[_Line]) -> Iterator[tuple[str, tuple]]:
    for line in block:
        indent = "    " * line.depth
        text = line.text
        if line.kind in ("=", ","):
            text = f"{line.target} = {line.value}"
        elif line.kind == "+=":
            text = f"{line.target} {text.split(' ', 2)[1]} {line.value}"
        elif line.kind == "for":
            text = f"for {line.target} in {line.value}:"
        elif line.kind == "if" and not line.body:
            text = f"if not {text[3:-1]}:" if text[3:-1].isidentifier() else f"if not ({text[3:-1]}):"
        yield indent + text, line.place
        if line.kind == "if" and not line.body:
            yield from _printed(line.orelse)
            continue
        yield from _printed(line.body)
        if not line.body and line.kind in ("for", "while"):
            yield f"{indent}    pass", line.place
        if line.orelse:
            yield f"{indent}else:", line.place
            yield from _printed(line.orelse)
