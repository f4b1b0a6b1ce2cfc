"""Generated functions that count and time what they do, for `dualad.explain`.

The text of a function, as `tidy` leaves it, is cut into suites: the body of the function, of each loop and of each
branch. Counted, each suite says how often it was run, and each line that keeps an array how many bytes that was::

    def f_grad(x, n):                       def f_grad(x, n, counts, sizes, times):
        for i in range(n):                      counts[0] += 1
            ...                                 for i in range(n):
                                                    counts[1] += 1

Timed, the suites that are run rarely say how long each of their statements took. What happens in those that are run
often is shared out by the operations of their lines, since a clock in there would measure itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MARK = "# reverse sweep"
_KEPT = re.compile(r"\w+_kept(?:_\d+)?\.append\((\w+)\)")
_STORED = re.compile(r"i?tape(?:_\d+)?\[.*\] = ")
_CALL = re.compile(r"\b(?:v?math|np)\.\w+\(|\b\w+\(")
_OPERATOR = re.compile(r"[-+*/%]|\*\*|//|\[")
_OF_A_CALL, _OF_AN_OPERATOR = 16.0, 1.0


@dataclass(eq=False)
class Line:
    """A line of generated text: where it belongs, and in which suite it stands."""

    text: str
    place: tuple
    suite: int
    depth: int
    is_reverse: bool
    may_leave: bool = False
    """Whether it is a branch with a break in it, behind which no clock is looked at."""

    @property
    def is_head(self) -> bool:
        return self.text.endswith(":")

    @property
    def stores(self) -> bool:
        """Whether it puts a number on a tape."""
        return not self.is_reverse and _STORED.match(self.text) is not None

    @property
    def keeps(self) -> str:
        """The array that it keeps, if it keeps one."""
        found = _KEPT.match(self.text)
        return found[1] if found and not self.is_reverse else ""

    @property
    def can_be_timed(self) -> bool:
        return not self.may_leave and not self.text.startswith(("else:", "break", "#", "return", "raise"))

    @property
    def weight(self) -> float:
        """About how long it takes, beside others."""
        return 1.0 + _OF_A_CALL * len(_CALL.findall(self.text)) + _OF_AN_OPERATOR * len(_OPERATOR.findall(self.text))


class Instrumented:
    """The text of a derivative whose suites count and time themselves.

    Attributes
    ----------
    lines : list of Line
        Those of the function, without its head.
    suites : int
        How many suites there are.
    """

    def __init__(self, lines: list[str], places: list[tuple], fresh: Callable[[str], str]):
        self.counts, self.sizes, self.times, self.clock = (fresh(n) for n in ("counts", "sizes", "times", "clock"))
        self.head, self.lines, self.suites = lines[0], [], 0
        owners: list[int] = []
        is_reverse = False
        for text, place in zip(lines[1:], places[1:], strict=True):
            bare = text.lstrip(" ")
            depth = (len(text) - len(bare)) // 4
            is_reverse = is_reverse or bare == MARK
            while len(owners) > depth:
                owners.pop()
            if len(owners) < depth:
                owners.append(self.suites)
                self.suites += 1
            self.lines.append(Line(bare, place, owners[-1], depth, is_reverse))
        for k, line in enumerate(self.lines):
            if line.text == "break":
                self.mark_what_is_left(k)

    def mark_what_is_left(self, k: int) -> None:
        """Mark the branches that a break leaves on the way out of its loop."""
        depth = self.lines[k].depth
        for line in reversed(self.lines[:k]):
            if line.depth < depth:
                if line.text.startswith(("for ", "while ")):
                    return
                line.may_leave = line.text.startswith("if ")
                depth = line.depth + (line.text == "else:")  # the next one up is its if

    def text(self, timed: set[int]) -> list[str]:
        """Return the function with what counts; statements in the suites in `timed` are timed, one by one."""
        params = f"{self.counts}, {self.sizes}, {self.times}, {self.clock}"
        out = [self.head.replace("):", f", {params}):")]
        begun: set[int] = set()
        open_until: list[tuple[int, int]] = []  # (depth, line) of statements that are being timed
        for k, line in enumerate(self.lines):
            # an else belongs to the statement that is being timed
            while open_until and open_until[-1][0] >= line.depth + (line.text == "else:"):
                out.append(self.stamp(*open_until.pop(), "+="))
            indent = "    " * line.depth
            if line.suite not in begun:
                begun.add(line.suite)
                out.append(f"{indent}{self.counts}[{line.suite}] += 1")
            if line.suite in timed and line.can_be_timed:
                out.append(self.stamp(line.depth, k, "-="))
                open_until.append((line.depth, k))
            out.append(indent + line.text)
            if line.keeps:
                out.append(f"{indent}{self.sizes}[{k}] += {line.keeps}.nbytes")
        return out

    def stamp(self, depth: int, k: int, sign: str) -> str:
        return f"{'    ' * depth}{self.times}[{k}] {sign} {self.clock}()"

    def run_rarely(self, counts: list[int], looks: float) -> set[int]:
        """Return suites, the least often run ones, to time which takes so many looks at the clock at most.

        None if the body of the function is not among them: then only the whole can be timed.
        """
        needed = [0] * self.suites
        for line in self.lines:
            needed[line.suite] += 2 * counts[line.suite] * line.can_be_timed
        found: set[int] = set()
        for suite in sorted(range(self.suites), key=counts.__getitem__):
            looks -= needed[suite]
            if looks < 0:
                break
            found.add(suite)
        return found if 0 in found else set()

    def seconds(self, counts: list[int], times: list[float], timed: set[int], look: float, whole: float) -> list[float]:
        """Return the seconds of each line, of what was counted and timed, a look at the clock, and the whole function.

        The time of a statement with a suite inside is that of the lines in it; where these are not timed themselves it
        is shared out among them.
        """
        looked = [look * counts[line.suite] * (line.suite in timed and line.can_be_timed) for line in self.lines]
        within = [t + s for t, s in zip(times, looked, strict=True)]  # of the two looks, about one is measured
        times = [t - s for t, s in zip(times, looked, strict=True)]
        if not timed:
            weights = [line.weight * counts[line.suite] for line in self.lines]
            return [whole * w / sum(weights) for w in weights]
        found = [0.0] * len(self.lines)
        for k, line in enumerate(self.lines):
            if line.suite not in timed:
                continue
            inside = self.inside(k)
            own = times[k] - sum(
                within[j] for j in inside if self.lines[j].suite in timed and self.is_next(k, j, timed)
            )
            shared = [j for j in inside if self.lines[j].suite not in timed and self.timer_of(j, timed) == k]
            weights = {j: self.lines[j].weight * counts[self.lines[j].suite] for j in shared}
            weights[k] = line.weight * max(1, counts[line.suite])
            total = sum(weights.values())
            for j, w in weights.items():
                found[j] += max(own, 0.0) * w / total
        return found

    def inside(self, k: int) -> list[int]:
        """Return the lines inside a statement."""
        found = []
        for j in range(k + 1, len(self.lines)):
            if self.lines[j].depth <= self.lines[k].depth and self.lines[j].text != "else:":
                break
            found.append(j)
        return found

    def timer_of(self, j: int, timed: set[int]) -> int:
        """Return the timed statement that a line is in, the nearest one."""
        depth = self.lines[j].depth
        for k in range(j - 1, -1, -1):
            if self.lines[k].depth < depth and self.lines[k].text != "else:":
                if self.lines[k].suite in timed:
                    return k
                depth = self.lines[k].depth
        return -1

    def is_next(self, k: int, j: int, timed: set[int]) -> bool:
        """Whether a timed line is in a statement and in no other timed one inside that."""
        return self.timer_of(j, timed) == k
