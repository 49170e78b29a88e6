"""Whether one value can pass several tests at once: the theory of a single column.

`value_for` looks for a value that makes every literal true. It answers with the value, with `NOTHING` where it is sure that there is
none, and with `UNKNOWN` where it cannot tell: for some `like` patterns, text tests of numbers, and text tests beside order. Other text
tests are decided, since a character that occurs in no needle can stand between the parts of a text.

A field holds what its type says: an enumeration with choices holds one of them, and null is always possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from enum import Enum
from operator import ge, gt, le, lt
from typing import Any, Final

from ..backends.predicate.patterns import like
from ..meaning.patterns import pieces
from ..meaning.symbolic import Symbolic
from ..meaning.tests import Between, Column, Equal, Null, OneOf, Order, Text
from ..values import NUMBER, exact, number_text

ValueTest = Null | Equal | OneOf | Order | Between | Text | Symbolic
Literal = tuple[ValueTest, bool, type]
"""A test, whether it is to hold, and the class of its constants: to Python `1` equals `True`, so tests alone are no keys."""


class Answerless(Enum):
    """What stands for a value where there is none to show."""

    NOTHING = "no value passes the tests"
    UNKNOWN = "the tests cannot be decided"


NOTHING: Final = Answerless.NOTHING
UNKNOWN: Final = Answerless.UNKNOWN

_ORDERS: Final = {"lt": lt, "lte": le, "gt": gt, "gte": ge}
_PLACES: Final = {"lt": "<", "lte": "<=", "gt": "+>", "gte": "=+>", "eq": "=+", "ne": "<>"}
"""Where a value lies for which a comparison with a special holds: before it, at it, within a day after its first instant, after it."""

_STEPS: Final[dict[type, timedelta]] = {date: timedelta(days=1), datetime: timedelta(microseconds=1)}
_ENDS: Final[dict[type, tuple[Any, Any, Any]]] = {
    date: (date.min, date(2024, 1, 1), date.max),
    datetime: (datetime.min.replace(tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
}
"""The first value, a value that reads well, and the last."""

_PARTS_OF_NUMBERS: Final = {
    "startswith": re.compile(r"(?:-?[0-9]+(?:\.[0-9]*)?(?:e-?[0-9]*)?|-)?"),
    "contains": re.compile(r"[-0-9.e]*"),
    "endswith": re.compile(r"[-0-9.e]*[0-9]|"),
}
"""What the text of a number can begin with, hold and end with."""

_FILLERS: Final = "x-z~0"


def value_for(column: Column, literals: Sequence[Literal]) -> Any:
    """A value of the column under which every literal is true, None for null; `NOTHING` or `UNKNOWN`."""
    if all((isinstance(test, Null) and not test.negated) is wanted for test, wanted, _ in literals):
        return None
    found: Any = NOTHING
    for kind in _classes(column):
        value = _Constraints(column, kind).value(literals)
        if value is not NOTHING and value is not UNKNOWN:
            return value
        if value is UNKNOWN:
            found = UNKNOWN
    return found


def _classes(column: Column) -> tuple[type, ...]:
    """The classes of values that the column may hold; numbers are those of `Decimal`."""
    match column.kind:
        case "number" | "currency":
            return (Decimal,)
        case "boolean":
            return (bool,)
        case "date":
            return (date,)
        case "datetime":
            return (datetime,)
        case "custom":
            return (str, Decimal, bool)
    return (str,)


def literal_of(test: ValueTest, wanted: bool) -> Literal:
    """The literal of a test that is to hold, or is not to."""
    match test:
        case Equal() | Order():
            return test, wanted, _class_of(test.constant)
        case OneOf():
            return test, wanted, _class_of(test.constants[0])
    return test, wanted, str


def _class_of(constant: object) -> type:
    return Decimal if constant.__class__ is int else constant.__class__


class _Constraints:
    """What a present value of one class has to satisfy."""

    def __init__(self, column: Column, kind: type) -> None:
        self.column = column
        self.kind = kind
        self.among: list[Any] | None = list(getattr(column.type, "choices", ())) or None
        if kind is bool:
            self.among = [True, False]
        self.apart: set[Any] = set()
        self.low: tuple[Any, bool] | None = None
        """The lower bound, and whether the bound itself is excluded."""
        self.high: tuple[Any, bool] | None = None
        self.holes: list[tuple[Any, Any]] = []
        self.texts: list[tuple[Text, bool]] = []
        self.symbolic: list[tuple[Symbolic, bool]] = []

    def value(self, literals: Iterable[Literal]) -> Any:
        if not all(self.add(test, wanted) for test, wanted, _ in literals):
            return NOTHING
        if self.symbolic:
            return UNKNOWN if self.has_places() else NOTHING
        if self.among is not None:
            return next(filter(self.admits, self.among), NOTHING)
        if self.texts and self.contradict():
            return NOTHING
        if self.kind in _ENDS:
            return next(filter(self.admits, self.moments()), NOTHING)
        is_text = self.kind is str
        found = next(filter(self.admits, self.strings() if is_text else self.numbers()), NOTHING)
        if found is not NOTHING or not self.texts:
            return found
        self.texts = []
        return NOTHING if not any(map(self.admits, self.ordered() if is_text else self.spread())) else UNKNOWN

    def add(self, test: ValueTest, wanted: bool) -> bool:
        """Take one literal in; False if no present value of this class makes it true."""
        match test:
            case Null():
                return test.negated is wanted
            case Equal() | OneOf():
                constants = test.constants if isinstance(test, OneOf) else (test.constant,)
                alike = [constant for constant in constants if _class_of(constant) is self.kind]
                if test.negated is wanted:
                    self.apart.update(alike)
                    return True
                return self.keep(alike)
            case Order(_, operator, constant):
                if _class_of(constant) is not self.kind:
                    return not wanted
                self.bound(operator if wanted else _OPPOSITES[operator], constant)
            case Between(_, low, high, negated):
                if negated is wanted:
                    self.holes.append((low, high))
                else:
                    self.bound("gte", low)
                    self.bound("lt", high)
            case Symbolic():
                self.symbolic.append((test, wanted))
            case Text():
                if self.kind is not str and self.column.kind != "currency":
                    return not wanted
                self.texts.append((test, wanted))
        return True

    def keep(self, constants: Iterable[Any]) -> bool:
        known = self.among
        self.among = [c for c in constants if known is None or c in known]
        return bool(self.among)

    def bound(self, operator: str, constant: Any) -> None:
        excluded = operator in ("lt", "gt")
        if operator in ("gt", "gte"):
            if self.low is None or (constant, excluded) > self.low:
                self.low = constant, excluded
        elif self.high is None or (constant, not excluded) < (self.high[0], not self.high[1]):
            self.high = constant, excluded

    def admits(self, value: Any) -> bool:
        """Whether a value of the class satisfies everything."""
        if value in self.apart or any(low <= value < high for low, high in self.holes):
            return False
        if self.low is not None and not (value > self.low[0] if self.low[1] else value >= self.low[0]):
            return False
        if self.high is not None and not (value < self.high[0] if self.high[1] else value <= self.high[0]):
            return False
        return all(_passes(test, value) is wanted for test, wanted in self.texts)

    def has_places(self) -> bool:
        """Whether for each special there is a place of the value relative to it at which all of its tests come out as wanted."""
        specials = dict.fromkeys([test.special for test, _ in self.symbolic])
        return all(
            any(
                all(
                    (place in _PLACES[test.operator]) is wanted
                    for test, wanted in self.symbolic
                    if test.special == special
                )
                for place in ("<=+>" if self.kind is datetime and special.name == "today" else "<=>")
            )
            for special in specials
        )

    # moments: one after the other, over the holes

    def moments(self) -> Iterator[Any]:
        first, usual, last = _ENDS[self.kind]
        step = _STEPS[self.kind]
        if self.low is not None:
            starts = [self.low[0]]
        elif self.high is not None and self.high[0] < usual:
            back = step * (len(self.apart) + 1)
            starts = [self.high[0] - back if self.high[0] - first > back else first, first]
        else:
            starts = [usual, first]
        for start in starts:
            value = start
            for _ in range(len(self.apart) + len(self.holes) + 3):
                ends = [high for low, high in self.holes if low <= value < high]
                if ends:
                    value = max(ends)
                    continue
                yield value
                if value == last:
                    break
                value += step

    # numbers, which lie close to each other

    def numbers(self) -> Iterator[Any]:
        for text in self.built() if self.texts else ():
            for signed in (text, f"-{text}"):
                if NUMBER.fullmatch(signed):
                    yield exact(Decimal(signed))
        yield from self.spread()

    def spread(self) -> Iterator[Any]:
        """More numbers between the bounds than are excluded one by one."""
        count = len(self.apart) + 2
        low = self.low and self.low[0]
        high = self.high and self.high[0]
        if low is None and high is None:
            yield from range(count)
        elif low is None:
            assert high is not None
            yield from (high - step for step in range(count + 1))
        elif high is None:
            yield from (low + step for step in range(count + 1))
        elif low <= high:
            yield from (low, high)
            with localcontext() as arithmetic:
                arithmetic.prec = 500
                part = (Decimal(high) - Decimal(low)) / 2 ** count.bit_length()
                points = [exact(Decimal(low) + part * step) for step in range(1, count + 1)]
            yield from points

    # texts

    def strings(self) -> Iterator[str]:
        yield from self.built()
        if self.low is not None or self.high is not None:
            yield from self.ordered()

    def ordered(self) -> Iterator[str]:
        """The texts from the lower bound on: the one after `t` is `t` and a NUL."""
        start = "" if self.low is None else self.low[0]
        yield from (start + "\0" * count for count in range(len(self.apart) + 3))

    def built(self) -> Iterator[str]:
        """Texts that are put together from what they are to begin with, to hold, to match and to end with."""
        needles = [needle for test, _ in self.texts for needle in test.needles]
        fill = next(filter(_unused("".join(needles)), _fillers()))
        tests = [test for test, wanted in self.texts if wanted]
        live = [(test, self.alive(test)) for test in tests]
        begin = max(_joint([needles for test, needles in live if test.operator == "startswith"], ends=False), key=len)
        end = max(_joint([needles for test, needles in live if test.operator == "endswith"], ends=True), key=len)
        middle = [needles[0] for test, needles in live if test.operator == "contains"]
        shown = [_instance(needles[0], fill) for test, needles in live if test.operator == "like"]
        whole = ([begin] if begin else []) + middle + shown + ([end] if end else [])
        if len(whole) == 1 and not any(not wanted for _, wanted in self.texts):
            yield whole[0]
        for text in ("".join(dict.fromkeys(whole)), *shown):
            yield from (text, text.upper())  # in the order of code points these lie far apart
        parts = [begin, *middle, *shown, end]
        if self.kind is Decimal:
            yield from (fill.join(parts) for fill in ("", "1", "7", ".", ".5"))
            near = [0, *[int(bound[0]) + side for bound in (self.low, self.high) if bound for side in (1, -1)]]
            yield from (f"{whole}.0{''.join(filter(str.isdigit, [*''.join(parts)]))}" for whole in near)
        for count in range(1, len(self.apart) + 3):
            yield (fill * count).join(parts)

    def contradict(self) -> bool:
        """Whether the text tests alone leave no text: a needle is wanted that holds what is not."""
        live = [(test, self.alive(test)) for test, wanted in self.texts if wanted]
        if not all(needles for _, needles in live):
            return True
        for operator in ("startswith", "endswith"):
            if not _joint(
                [needles for test, needles in live if test.operator == operator], ends=operator == "endswith"
            ):
                return True
        return any("" in test.needles and test.operator != "like" for test, wanted in self.texts if not wanted)

    def alive(self, test: Text) -> list[str]:
        """The needles of a wanted test that hold nothing unwanted."""
        if test.operator == "like":
            return list(test.needles)
        possible = _PARTS_OF_NUMBERS[test.operator].fullmatch if self.kind is Decimal else _anything
        unwanted = [other for other, wanted in self.texts if not wanted]
        return [
            needle
            for needle in test.needles
            if possible(needle) and not any(_settles(test.operator, needle, other) for other in unwanted)
        ]


_OPPOSITES: Final = {"lt": "gte", "lte": "gt", "gt": "lte", "gte": "lt"}


def _anything(needle: str) -> bool:
    return True


def _settles(operator: str, needle: str, other: Text) -> bool:
    """Whether every text that passes `operator` by this needle passes the other test too."""
    match other.operator:
        case "contains":
            return any(unwanted in needle for unwanted in other.needles)
        case "startswith":
            return operator == "startswith" and needle.startswith(other.needles)
        case "endswith":
            return operator == "endswith" and needle.endswith(other.needles)
    return False


def _joint(tests: Iterable[Sequence[str]], *, ends: bool) -> list[str]:
    """What a text can begin with (or end with) that begins with one needle of each test."""
    found = [""]
    for needles in tests:
        pairs = [sorted((known, needle), key=len) for known in found for needle in needles]
        found = list(
            dict.fromkeys([long for short, long in pairs if (long.endswith if ends else long.startswith)(short)])
        )
    return found


def _passes(test: Text, value: Any) -> bool:
    text = value if isinstance(value, str) else number_text(exact(value))
    if not test.column.case_sensitive:
        text = text.lower()
    match test.operator:
        case "contains":
            return any(needle in text for needle in test.needles)
        case "startswith":
            return text.startswith(test.needles)
        case "endswith":
            return text.endswith(test.needles)
    return any(like(needle)(text) for needle in test.needles)


def _instance(pattern: str, fill: str) -> str:
    """A text that matches the pattern."""
    return "".join(
        ["".join([fill if character is None else character for character in piece]) for piece in pieces(pattern)]
    )


def _fillers() -> Iterator[str]:
    yield from _FILLERS
    yield from map(chr, range(0xE000, 0xF8FF))


def _unused(text: str) -> Any:
    return lambda character: character not in text
